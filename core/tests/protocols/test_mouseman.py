"""A mouse at a serial port."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twisted.protocols.mice.mouseman import MouseMan


class Mouse(MouseMan):
    def __init__(self) -> None:
        super().__init__()
        self.told: list[object] = []
        for direction in ("down", "up"):
            for button in ("left", "middle", "right"):
                name = f"{direction}_{button}"
                setattr(self, name, lambda name=name: self.told.append(name))

    def move(self, x: int, y: int) -> None:
        self.told.append((x, y))


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"\x40\x05\x00", [(5, 0)]),
        (b"\x4f\x3f\x3e", [(-1, -2)]),
        (b"\x44\x00\x3f", [(0, 127)]),
        (b"\x60\x00\x00\x40\x00\x00", ["down_left", "up_left"]),
        (b"\x70\x01\x00\x60\x00\x00", ["down_left", "down_right", (1, 0), "up_right"]),
        # The fourth octet is that of the middle button.
        (b"\x40\x00\x00\x20\x40\x01\x00\x20\x40\x00\x00\x00", ["down_middle", (1, 0), "up_middle"]),
        # What comes in the midst of a packet is passed over, and one that begins anew counts.
        (b"\x01\x02\x40\x01\x40\x02\x02", [(2, 2)]),
        # The eighth bit is none of it.
        (b"\xc0\x85\x80", [(5, 0)]),
    ],
)
def test_packets(data: bytes, told: list[object]) -> None:
    mouse = Mouse()
    for octet in data:
        mouse.dataReceived(bytes([octet]))
    assert mouse.told == told


@given(st.binary())
def test_anything(data: bytes) -> None:
    mouse = Mouse()
    mouse.dataReceived(data)
    assert len(mouse._packet) <= 3
    mouse.told.clear()
    mouse.dataReceived(b"\x40\x05\x00")
    assert mouse.told[-1] == (5, 0)
