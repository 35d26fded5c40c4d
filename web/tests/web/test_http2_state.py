"""Tests of the parts of HTTP/2 that know no transport: frames, headers, budgets, order, states."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hpack import Decoder, Encoder
from hypothesis import given
from hypothesis import strategies as st

from twisted.web._h2._budget import Budget
from twisted.web._h2._events import Failed, Headed, Received
from twisted.web._h2._frames import (
    DEFAULT_FRAME_SIZE,
    PREFACE,
    Code,
    ProtocolError,
    error_name,
    frame,
    header_frames,
    without_padding,
)
from twisted.web._h2._hpack import FieldDecoder, FieldEncoder
from twisted.web._h2._limits import HTTP2Limits
from twisted.web._h2._order import RoundRobin, Weighted
from twisted.web._h2._serverstate import ServerMachine
from twisted.web._h2._state import Stream, Window

NAMES = st.sampled_from(
    [b"x-a", b"x-b", b"date", b"content-type", b"set-cookie", b":status", b"cookie", b"etag"]
)
FIELDS = st.lists(st.tuples(NAMES, st.binary(max_size=40)), max_size=12)


def machine() -> ServerMachine:
    """A server's side, of which time stands still."""
    return ServerMachine(HTTP2Limits(), lambda: 0.0, Stream)


@given(
    st.lists(FIELDS, max_size=6), st.lists(st.lists(st.integers(0, 8192), max_size=3), max_size=3)
)
def test_encoder(blocks, sizes):
    """What is encoded decodes to the same, whatever was sent before, for tables of any size."""
    encoder, decoder = FieldEncoder(), Decoder()
    for number, fields in enumerate(blocks * 2):
        for size in sizes[number] if number < len(sizes) else ():
            encoder.resize(size)
            decoder.max_allowed_table_size = size
        decoded = decoder.decode(encoder.encode(fields), raw=True)
        assert [(name, value) for name, value in decoded] == fields


@given(st.lists(FIELDS, max_size=6))
def test_decoder(blocks):
    """What is decoded is what was encoded, met before or not."""
    encoder, decoder = Encoder(), FieldDecoder(65536)
    for fields in blocks * 3:
        assert decoder.decode(encoder.encode(fields), list) == fields


def test_decoder_forgets():
    """A block that meant something means something else when the table has changed."""
    encoder, decoder = Encoder(), FieldDecoder(65536)
    decoder.decode(encoder.encode([(b"x", b"1")]), list)
    block = encoder.encode([(b"x", b"1")])
    assert decoder.decode(block, list) == [(b"x", b"1")]
    assert decoder.decode(block, list) is decoder.decode(block, list)
    decoder.decode(encoder.encode([(b"x", b"2")]), list)
    assert decoder.decode(block, list) == [(b"x", b"2")]


def test_decoder_remembers_some():
    """Blocks that are remembered are few, and not long."""
    decoder = FieldDecoder(65536)
    for number in range(200):
        decoder.decode(Encoder().encode([(b"x", b"%d" % number, True)]), list)
    decoder.decode(Encoder().encode([(b"x", b"y" * 3000, True)]), list)
    assert len(decoder._known) <= 64
    assert all(len(block) <= 1024 for _, block in decoder._known)


@given(st.binary(max_size=400))
def test_garbage(data):
    """Whatever comes, it gives events or the end, and nothing raises."""
    ours = machine()
    events = ours.receive(PREFACE + data)
    assert (ours.failed is not None) == any(isinstance(event, Failed) for event in events)
    assert ours.failed is None or ours.receive(b"more") == []


FRAMES = st.lists(
    st.builds(
        frame,
        st.integers(0, 10),
        st.sampled_from([0, 1, 4, 5, 8, 9, 0x20, 0x25]),
        st.integers(0, 5),
        st.binary(max_size=12),
    ),
    max_size=8,
)


@given(FRAMES, st.lists(st.integers(0, 2000), max_size=8))
def test_every_split(frames, places):
    """The same happens in whatever pieces frames come."""
    wire = PREFACE + b"".join(frames)
    whole, pieces = machine(), machine()
    expected = whole.receive(wire)
    cuts = sorted({0, len(wire), *(place % (len(wire) + 1) for place in places)})
    events = [event for start, end in pairwise(cuts) for event in pieces.receive(wire[start:end])]
    assert [type(event) for event in events] == [type(event) for event in expected]
    assert b"".join(whole.out) == b"".join(pieces.out)
    assert whole.streams.keys() == pieces.streams.keys()


@given(st.binary(max_size=100), st.booleans(), st.integers(1, 30))
def test_header_frames(block, end, size):
    """A block in frames of some size is the same block."""
    wire = header_frames(3, block, end, size)
    pieces, kinds, start = [], [], 0
    while start < len(wire):
        length = int.from_bytes(wire[start : start + 3], "big")
        kinds.append((wire[start + 3], wire[start + 4]))
        pieces.append(wire[start + 9 : start + 9 + length])
        start += 9 + length
    assert b"".join(pieces) == block
    assert all(len(piece) <= size for piece in pieces)
    assert kinds[0][0] == 1
    assert bool(kinds[0][1] & 1) == end
    assert [bool(flags & 4) for _, flags in kinds] == [False] * (len(kinds) - 1) + [True]


@given(st.binary(max_size=50), st.integers(0, 80))
def test_padding(data, size):
    """Padding goes, and there is no more of it than frame."""
    assert without_padding(bytes([size]) + data + bytes(size), 8) == data
    if size > len(data):
        with pytest.raises(ProtocolError):
            without_padding(bytes([size]) + data, 8)


def test_budget():
    """Tokens are spent, come back with time and merit, and never become more than at first."""
    budget = Budget(3, 2, 10.0)
    assert [budget.spend(10.0) for _ in range(4)] == [True, True, True, False]
    assert budget.spend(11.0)
    budget.earn(100)
    assert [budget.spend(11.0) for _ in range(4)] == [True, True, True, False]
    budget.earn(2)
    # A clock that goes backward gives nothing, and takes nothing.
    assert budget.spend(5.0)
    assert not budget.spend(5.0)


@given(st.lists(st.integers(1, 200), min_size=1, max_size=200))
def test_window(sizes):
    """A peer whose data is taken never has to stop, and may never send more than the target."""
    window = Window(300, 1000)
    for size in sizes:
        size = min(size, window.size)
        assert size > 0
        window.size -= size
        window.held += size
        window.take(size)
        assert window.size <= 1000
    assert window.held == 0


def test_round_robin():
    """Streams take turns until they have nothing more to send."""
    order = RoundRobin()
    for stream in (1, 3, 5, 3):
        order.add(stream)
    assert [order.next() for _ in range(4)] == [1, 3, 5, 1]
    order.remove(3)
    assert [order.next() for _ in range(3)] == [5, 1, 5]
    order.forget(1)
    order.forget(5)
    assert order.next() is None
    order.add(3)
    assert [order.next() for _ in range(2)] == [3, 3]


def test_removed_and_added():
    """A stream that goes and comes again has one turn, not two."""
    order = RoundRobin()
    order.add(1)
    order.add(3)
    for _ in range(10):
        order.remove(1)
        order.add(1)
    assert len(order._turns) <= 3
    assert [order.next() for _ in range(4)].count(1) == 2


def test_weighted():
    """Streams get their turns by weight, and those on others wait for them."""
    order = Weighted({1}, 100)
    order.prioritize(1, 0, 32, False)
    order.prioritize(3, 0, 16, False)
    order.prioritize(5, 1, 16, False)
    for stream in (3, 5):
        order.add(stream)
    turns = [order.next() for _ in range(30)]
    assert turns.count(1) == 20
    assert turns.count(3) == 10
    order.forget(1)
    assert {order.next() for _ in range(4)} == {3, 5}
    order.remove(3)
    order.remove(5)
    assert order.next() is None
    order.prioritize(7, 7, 16, False)


@given(
    st.lists(
        st.tuples(st.integers(0, 20), st.integers(0, 20), st.integers(1, 256), st.booleans()),
        max_size=60,
    )
)
def test_any_tree(priorities):
    """Whatever a client says, all streams get their turns."""
    order = Weighted({1, 2}, 100)
    for stream, parent, weight, exclusive in priorities:
        if stream:
            order.prioritize(stream, parent, weight, exclusive)
    for stream in range(1, 21):
        order.add(stream)
    seen = set()
    for _ in range(20):
        number = order.next()
        assert number is not None
        seen.add(number)
        order.forget(number)
    assert seen == set(range(1, 21))
    assert order.next() is None


def test_error_names():
    """Codes have names, and those that have none a number."""
    assert error_name(Code.CANCEL) == "CANCEL"
    assert error_name(77) == "error 77"


def test_events():
    """A request and its body are events."""
    ours = machine()
    head = Encoder().encode(
        [(":method", "PUT"), (":scheme", "http"), (":authority", "h"), (":path", "/")]
    )
    events = ours.receive(PREFACE + frame(1, 4, 1, head) + frame(0, 9, 1, b"\2abc\0\0"))
    headed, received, ended = events
    assert isinstance(headed, Headed)
    assert not headed.ended
    assert headed.head.headers == {b"host": [b"h"]}
    assert isinstance(received, Received)
    assert (received.data, received.size) == (b"abc", 6)
    assert ended.stream is headed.stream
    assert ours.frame_size == DEFAULT_FRAME_SIZE
