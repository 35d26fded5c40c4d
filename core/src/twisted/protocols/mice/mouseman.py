"""
Mice of Logitech with three buttons at serial ports: 1,200 bits per second, 7 bits, no parity.

Source: mouse(4) of Linux, "Logitech protocol: an extended Microsoft protocol".
"""

from __future__ import annotations

from twisted.internet.protocol import Protocol

__all__ = ["MouseMan"]

#: The first octet of a packet has this bit, and no other one has.
_FIRST = 0x40
_LEFT, _RIGHT = 0x20, 0x10
#: The same in a fourth octet, which comes while the middle button is down, and once after it.
_MIDDLE = 0x20


class MouseMan(Protocol):
    """
    A mouse; what it does calls methods, to be overridden.

    A packet is an octet with two buttons and the high bits of the movement, and two with the low
    bits. A fourth octet belongs to the middle button.
    """

    def __init__(self) -> None:
        self._packet = b""
        self._pressed: set[str] = set()

    def dataReceived(self, data: bytes) -> None:
        """Take what the mouse sends; what does not belong to a packet is passed over."""
        for number in data:
            octet = number & 0x7F
            if octet & _FIRST:
                self._packet = bytes([octet])
            elif len(self._packet) in (1, 2):
                self._packet += bytes([octet])
                if len(self._packet) == 3:
                    self._moved(*self._packet)
            elif len(self._packet) == 3:
                self._packet = b""
                self._set("middle", bool(octet & _MIDDLE))

    def _moved(self, first: int, x: int, y: int) -> None:
        self._set("left", bool(first & _LEFT))
        self._set("right", bool(first & _RIGHT))
        x, y = _signed((first & 0x03) << 6 | x), _signed((first & 0x0C) << 4 | y)
        if x or y:
            self.move(x, y)

    def _set(self, button: str, pressed: bool) -> None:
        """Tell of a button, if that is new."""
        if pressed == (button in self._pressed):
            return
        if pressed:
            self._pressed.add(button)
        else:
            self._pressed.discard(button)
        getattr(self, f"{'down' if pressed else 'up'}_{button}")()

    def down_left(self) -> None:
        """The left button is pressed."""

    def up_left(self) -> None:
        """The left button is released."""

    def down_middle(self) -> None:
        """The middle button is pressed."""

    def up_middle(self) -> None:
        """The middle button is released."""

    def down_right(self) -> None:
        """The right button is pressed."""

    def up_right(self) -> None:
        """The right button is released."""

    def move(self, x: int, y: int) -> None:
        """
        The mouse was moved.

        @param x: to the right, in steps.
        @param y: towards the user, in steps.
        """


def _signed(octet: int) -> int:
    return octet - 256 if octet > 127 else octet
