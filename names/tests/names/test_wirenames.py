"""Names on the wire: compression that is safe to read and worth to write."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twisted.names._wire.errors import DNSDecodeError, EndOfData
from twisted.names._wire.names import (
    Memo,
    ends_in,
    joined,
    labels,
    normal,
    read_name,
    wire_name,
    write_name,
)

label = st.binary(min_size=1, max_size=63)
names = st.lists(label, max_size=6).filter(lambda ls: sum(map(len, ls)) + len(ls) < 255).map(joined)


@given(names)
def test_round_trip(name: bytes) -> None:
    """A name of any octets is read as it was written."""
    wire = wire_name(name)
    assert read_name(wire, 0, Memo()) == (name, len(wire))
    assert joined(labels(name)) == name


@given(st.lists(names, max_size=8), st.lists(names, max_size=3))
def test_compressed_round_trip(some: list[bytes], tails: list[bytes]) -> None:
    """Names of a message, many of which share endings, are read as they were written."""
    written: dict[bytes, int] = {}
    message = bytes(12)
    ends = []
    all_names = [*some]
    for name in some:
        all_names += [name + b"." + tail if name and tail else tail for tail in tails]
    all_names = [n for n in all_names if sum(len(x) + 1 for x in labels(n)) < 255]
    for name in all_names:
        message += write_name(name, len(message), written)
        ends.append(len(message))
    memo = Memo(chained=1 << 16)
    at = 12
    for name, end in zip(all_names, ends, strict=True):
        assert read_name(message, at, memo) == (name, end)
        at = end


@given(st.binary(max_size=600), st.integers(0, 600))
def test_any_octets(data: bytes, at: int) -> None:
    """From any octets a name is read that can be written, or they are refused."""
    try:
        name, end = read_name(data, at, Memo())
    except DNSDecodeError:
        return
    assert end <= len(data)
    assert len(wire_name(name)) <= 255


@pytest.mark.parametrize(
    ("data", "at"),
    [
        (b"", 0),
        (b"\x03", 0),
        (b"\x03ab", 0),
        (b"\x03abc", 0),
        (b"\xc0", 0),
        (b"\xc0\x00", 0),
        (b"\xc0\x02\x00", 0),
        (b"\x00\xc0\x03\xc0\x01", 3),
        (b"\x01a\xc0\x00", 0),
        (b"\x40" + b"a" * 64 + b"\x00", 0),
        (b"\x80\x00", 0),
        (b"\x3f" + b"a" * 63 + b"\xc0\x00", 0),
        ((b"\x3f" + b"a" * 63) * 4 + b"\x00", 0),
        ((b"\x01a") * 128 + b"\x00", 0),
        (b"\x01a" * 100 + b"\x00" + b"\x01b" * 60 + b"\xc0\x00", 201),
    ],
)
def test_refused(data: bytes, at: int) -> None:
    """Loops, pointers ahead, other kinds of labels, names over 255 octets, and ends are refused."""
    with pytest.raises(DNSDecodeError):
        read_name(data, at, Memo())


def test_an_end_is_told_apart() -> None:
    """What ends early is an EOFError besides."""
    with pytest.raises(EndOfData):
        read_name(b"\x03ab", 0, Memo())
    assert issubclass(EndOfData, EOFError)
    assert issubclass(EndOfData, ValueError)


def test_longest() -> None:
    """A name of 255 octets, and one of 127 labels, are read and written."""
    for name in (
        b".".join([b"a" * 63, b"b" * 63, b"c" * 63, b"d" * 61]),
        b".".join([b"x"] * 127),
    ):
        wire = wire_name(name)
        assert len(wire) == 255
        assert read_name(wire, 0, Memo()) == (name, 255)


def _chain(hops: int) -> bytes:
    """A name, and pointers each of which leads to the one before."""
    data = b"\x01a\x00\x00"
    for i in range(hops):
        target = 0 if not i else 4 + 2 * (i - 1)
        data += (0xC000 | target).to_bytes(2, "big")
    return data


def test_at_most_127_hops() -> None:
    """127 pointers are followed for one name, and no more, whatever was read before."""
    data = _chain(128)
    assert read_name(data, 4 + 2 * 126, Memo())[0] == b"a"
    with pytest.raises(DNSDecodeError):
        read_name(data, 4 + 2 * 127, Memo())
    memo = Memo(chained=1 << 16)
    for i in range(127):
        read_name(data, 4 + 2 * i, memo)
    with pytest.raises(DNSDecodeError):
        read_name(data, 4 + 2 * 127, memo)


def _seconds(data: bytes, starts: list[int]) -> float:
    """The least time that reading names takes, until one is refused."""
    best = 9.0
    for _ in range(5):
        memo = Memo()
        began = time.process_time()
        try:
            for start in starts:
                read_name(data, start, memo)
        except DNSDecodeError:
            pass
        best = min(best, time.process_time() - began)
    return best


def test_linear_time() -> None:
    """64 KiB of pointers to pointers, or into long names, take less than 10 ms."""
    chain = _chain(8190)
    chained = chain + b"".join(
        (0xC000 | 4 + 2 * (i % 126)).to_bytes(2, "big") for i in range((65535 - len(chain)) // 2)
    )
    starts = list(range(4, len(chained) - 1, 2))
    assert _seconds(chained, starts) < 0.01
    assert _seconds(chained, starts[::-1]) < 0.01

    # Each pointer leads to another label of names of 127 labels.
    long_names = (b"\x01a" * 126 + b"\x01b\x00") * 64
    into = b"".join(
        (0xC000 | (i * 2) % 16000).to_bytes(2, "big") for i in range((65535 - len(long_names)) // 2)
    )
    data = long_names + into
    starts = list(range(len(long_names), len(data) - 1, 12))
    assert _seconds(data, starts) < 0.01


@pytest.mark.parametrize("name", [b"a..b", b".a", b"a" * 64, b".".join([b"a" * 63] * 4)])
def test_no_wire_form(name: bytes) -> None:
    """Empty and long labels, and long names, are not written."""
    with pytest.raises(ValueError):
        wire_name(name)
    with pytest.raises(ValueError):
        write_name(name, 12, {})


def test_pointers_reach_only_so_far() -> None:
    """What stands beyond the first 16 KiB is written out, for no pointer reaches it."""
    written: dict[bytes, int] = {}
    assert write_name(b"a.example", 0x3FFF, written) == b"\x01a\x07example\x00"
    assert written == {b"a.example": 0x3FFF}
    assert write_name(b"a.example", 0x5000, written) == b"\xff\xff"
    assert write_name(b"b.example", 0x5000, written) == b"\x01b\x07example\x00"
    assert b"example" not in written


def test_case_is_kept() -> None:
    """Names that differ in case are not made alike."""
    written: dict[bytes, int] = {}
    write_name(b"a.EXAMPLE", 12, written)
    assert write_name(b"a.example", 23, written) == b"\x01a\x07example\x00"


def test_dots_within_labels() -> None:
    """A dot within a label is not one between labels."""
    name, _ = read_name(b"\x03a.b\x07example\x00", 0, Memo())
    assert name == b"a\\.b.example"
    assert wire_name(name) == b"\x03a.b\x07example\x00"
    assert not ends_in(b"evil\\.example", b"example")
    assert ends_in(b"a.b\\.example", b"b\\.example")
    assert normal(b"A\\..") == b"a\\."
    assert wire_name(b"a.") == b"\x01a\x00"
    assert wire_name(b".") == wire_name(b"") == b"\x00"
