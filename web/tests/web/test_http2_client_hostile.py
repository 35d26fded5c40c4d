"""Tests of what hostile servers of HTTP/2 get: each limit, and each rule that one may break."""

from __future__ import annotations

from typing import Any

import pytest
from hpack import Encoder

from twisted.web._client._bodies import BytesBodyProducer
from twisted.web._h2._frames import Code
from twisted.web._h2._frames import frame as plain
from twisted.web.client import ResponseNeverReceived, StreamReset, WriteTimeout
from twisted.web.http import HTTP2Limits

CALM = Code.ENHANCE_YOUR_CALM


def block(*fields: tuple[Any, ...]) -> bytes:
    """A block of headers, without use of a table of former ones."""
    return Encoder().encode([(*field[:2], True) for field in fields])


def headers(stream: int, data: bytes, flags: int = 4) -> bytes:
    """A HEADERS frame; the answer goes on behind it, unless the flags say otherwise."""
    return plain(1, flags, stream, data)


OK = block((":status", "200"))
CONTINUE = block((":status", "103"))


@pytest.fixture
def world(http2_world):
    """A pool, and servers."""
    return http2_world


@pytest.fixture
def hostile(world):
    """A server that has got one request, of stream 1; ``failed`` gets what comes of it."""
    failed = world.ask()
    link = world.link
    link.failed = failed
    return link


def code_of_reset(hostile: Any, stream: int = 1) -> int | None:
    """The code with which the client has ended a stream, if the connection goes on."""
    hostile.flush()
    assert not hostile.closed
    code: int | None = hostile.resets.get(stream)
    return code


def goaway(hostile: Any) -> int | None:
    """The code with which the client has left."""
    sent = hostile.take()
    start, code = 0, None
    while start < len(sent):
        size = int.from_bytes(sent[start : start + 3], "big")
        if sent[start + 3] == 7:
            code = int.from_bytes(sent[start + 13 : start + 17], "big")
        start += 9 + size
    assert hostile.closed is (code is not None)
    return code


# What is malformed: the request fails, and the stream ends (RFC 9113, section 8.1.1)


@pytest.mark.parametrize(
    "fields",
    [
        [],
        [("x", "1")],
        [(":status", "20")],
        [(":status", "2000")],
        [(":status", "+20")],
        [(":status", "600")],
        [(":status", "101")],
        [(":status", "200"), (":status", "200")],
        [("x", "1"), (":status", "200")],
        [(":status", "200"), (":path", "/")],
        [(":status", "200"), (":unknown", "1")],
        [(":status", "200"), ("X-Upper", "1")],
        [(":status", "200"), ("x y", "1")],
        [(":status", "200"), ("", "1")],
        [(":status", "200"), ("x", "a\r\nb")],
        [(":status", "200"), ("x", "a\nb")],
        [(":status", "200"), ("x", "a\0b")],
        [(":status", "200"), ("x", " a")],
        [(":status", "200"), ("connection", "close")],
        [(":status", "200"), ("transfer-encoding", "chunked")],
        [(":status", "200"), ("upgrade", "h2c")],
        [(":status", "200"), ("content-length", "+1")],
        [(":status", "200"), ("content-length", "1,1")],
        [(":status", "200"), ("content-length", "1"), ("content-length", "1")],
    ],
)
def test_malformed_heads(hostile, fields):
    """A malformed head is no answer."""
    hostile.raw(headers(1, block(*fields)))
    assert code_of_reset(hostile) == Code.PROTOCOL_ERROR
    assert hostile.failed[0].check(ResponseNeverReceived)
    assert hostile.failed[0].value.reasons[0].check(StreamReset)


@pytest.mark.parametrize(
    ("length", "body"), [(b"3", b"abcd"), (b"5", b"abcd"), (b"0", b"a"), (b"3", b"")]
)
def test_content_length(world, hostile, length, body):
    """A body of another length than was said is not taken for complete."""
    hostile.raw(headers(1, block((":status", "200"), ("content-length", length))))
    bodies = world.read(hostile.failed)
    hostile.raw(plain(0, 1, 1, body))
    assert code_of_reset(hostile) == Code.PROTOCOL_ERROR
    assert bodies[0].value.reasons[0].check(StreamReset)


def test_length_of_nothing(hostile):
    """Nor is a head that ends at once and promises a body."""
    hostile.raw(headers(1, block((":status", "200"), ("content-length", "5")), 5))
    assert code_of_reset(hostile) == Code.PROTOCOL_ERROR


@pytest.mark.parametrize("method", [b"HEAD", b"GET"])
def test_body_where_there_is_none(world, method):
    """A body behind an answer that has none ends the stream."""
    answers = world.ask(method=method)
    code = "200" if method == b"HEAD" else "204"
    world.link.raw(headers(1, block((":status", code))) + plain(0, 1, 1, b"x"))
    assert code_of_reset(world.link) == Code.PROTOCOL_ERROR
    assert world.read(answers)[0].value.reasons[0].check(StreamReset)


@pytest.mark.parametrize(
    "octets",
    [
        headers(1, OK) + headers(1, OK),
        headers(1, OK) + headers(1, block((":status", "200")), 5),
        headers(1, OK) + headers(1, block(("x", "1"))),
        headers(1, OK) + headers(1, block(("connection", "close")), 5),
    ],
)
def test_trailers(world, hostile, octets):
    """Headers behind a body end it, and are no second answer."""
    hostile.raw(octets)
    assert code_of_reset(hostile) == Code.PROTOCOL_ERROR
    assert hostile.failed[0].code == 200
    assert world.read(hostile.failed)[0].value.reasons[0].check(StreamReset)


@pytest.mark.parametrize("data", [plain(0, 0, 1, b"x"), plain(0, 1, 1, b"x"), plain(0, 1, 1)])
def test_body_before_head(hostile, data):
    """A body without a head, be it empty, is no answer."""
    hostile.raw(data)
    assert code_of_reset(hostile) == Code.PROTOCOL_ERROR
    assert hostile.failed[0].check(ResponseNeverReceived)


def test_endless_informational(hostile):
    """A hundred heads before an answer are enough."""
    hostile.raw(*[headers(1, CONTINUE)] * 100)
    assert code_of_reset(hostile) is None
    hostile.raw(headers(1, CONTINUE))
    assert code_of_reset(hostile) == Code.PROTOCOL_ERROR
    assert hostile.failed[0].check(ResponseNeverReceived)


def test_informational_that_ends(hostile):
    """None of them is the end."""
    hostile.raw(headers(1, CONTINUE, 5))
    assert code_of_reset(hostile) == Code.PROTOCOL_ERROR


def test_too_many_headers(world):
    """An answer has so many headers at most."""
    world.pool.http2Limits = HTTP2Limits(maxHeaders=3)
    answers, failed = world.ask(), world.ask()
    world.link.raw(headers(1, block((":status", "200"), *[("x", "1")] * 3)))
    world.link.raw(headers(3, block((":status", "200"), *[("x", "1")] * 4)))
    assert answers[0].code == 200
    assert code_of_reset(world.link, 3) == Code.PROTOCOL_ERROR
    assert failed[0].check(ResponseNeverReceived)


def test_data_behind_the_end(world, hostile):
    """Data behind the end of an answer, whose request is not complete, end the stream."""
    world.asked.cancel()
    hostile.flush()
    hostile.raw(headers(1, OK) + plain(0, 0, 1, b"x" * 100))
    assert not hostile.closed


# What breaks the connection (RFC 9113, sections 4 to 6)


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (plain(0, 0, 0, b"x"), Code.PROTOCOL_ERROR),
        (plain(0, 0, 3, b"x"), Code.PROTOCOL_ERROR),
        (plain(0, 0, 2, b"x"), Code.PROTOCOL_ERROR),
        (plain(0, 8, 1, b"\x05abc"), Code.PROTOCOL_ERROR),
        (headers(0, OK), Code.PROTOCOL_ERROR),
        (headers(2, OK), Code.PROTOCOL_ERROR),
        (headers(3, OK), Code.PROTOCOL_ERROR),
        (headers(1, OK, 5) + headers(1, OK, 5), Code.STREAM_CLOSED),
        (headers(1, b"\xff" * 20), Code.COMPRESSION_ERROR),
        (headers(1, OK, 1) + plain(0, 0, 1, b""), Code.PROTOCOL_ERROR),
        (plain(9, 4, 1, OK), Code.PROTOCOL_ERROR),
        (plain(3, 0, 3, b"1234"), Code.PROTOCOL_ERROR),
        (plain(4, 0, 1, b""), Code.FRAME_SIZE_ERROR),
        (plain(4, 0, 0, b"12345"), Code.FRAME_SIZE_ERROR),
        (plain(4, 0, 0, b"\0\2\0\0\0\1"), Code.PROTOCOL_ERROR),
        (plain(4, 0, 0, b"\0\4\xff\0\0\0"), Code.FLOW_CONTROL_ERROR),
        (plain(4, 0, 0, b"\0\5\0\0\0\1"), Code.PROTOCOL_ERROR),
        (plain(4, 0, 0, b"\0\x99\0\0\0\1" * 65), CALM),
        (plain(5, 4, 1, b"\0\0\0\2" + OK), Code.PROTOCOL_ERROR),
        (plain(6, 0, 0, b"1234567"), Code.FRAME_SIZE_ERROR),
        (plain(7, 0, 0, b"1234567"), Code.FRAME_SIZE_ERROR),
        (plain(8, 0, 0, b"\0\0\0\0"), Code.PROTOCOL_ERROR),
        (plain(8, 0, 0, b"\x7f\xff\xff\xff"), Code.FLOW_CONTROL_ERROR),
        (plain(8, 0, 3, b"\0\0\0\1"), Code.PROTOCOL_ERROR),
        (b"\x00\x40\x01\x00\x00\x00\x00\x00\x01", Code.FRAME_SIZE_ERROR),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", Code.FRAME_SIZE_ERROR),
    ],
)
def test_rules(hostile, octets, code):
    """Frames that break a rule end the connection, and what waits fails; the server is told."""
    waiting = len(hostile.failed) == 0
    hostile.raw(octets)
    assert goaway(hostile) == code
    assert waiting
    assert len(hostile.failed) == 1


def test_window_of_stream(world):
    """More of a body than was allowed ends its stream."""
    world.pool.http2Limits = HTTP2Limits(streamWindow=20_000)
    answers = world.ask()
    world.link.raw(headers(1, OK), plain(0, 0, 1, b"x" * 16_000), plain(0, 0, 1, b"x" * 4_001))
    assert code_of_reset(world.link) == Code.FLOW_CONTROL_ERROR
    assert world.read(answers)[0].value.reasons[0].check(StreamReset)


def test_zero_window(world):
    """A server that never makes room for a body is not waited for, if there is a time-out."""
    world.pool.writeTimeout = 8
    world.ask()
    world.link.answer(1)
    world.link.window = False
    failed = world.ask(method=b"POST", body=BytesBodyProducer(b"x" * 70_000))
    for _ in range(12):
        world.flush()
        world.clock.advance(1)
    assert failed[0].value.reasons[0].check(WriteTimeout)
    assert code_of_reset(world.link, 3) == Code.CANCEL


# Floods: GOAWAY with ENHANCE_YOUR_CALM

FLOODS = {
    "ping": plain(6, 0, 0, b"12345678"),
    "pong": plain(6, 1, 0, b"12345678"),
    "settings": plain(4, 0, 0),
    "priority": plain(2, 0, 1, b"\0\0\0\0\5"),
    "window": plain(8, 0, 0, b"\0\0\0\1"),
    "empty data": plain(0, 0, 1),
    "only padding": plain(0, 8, 1, b"\3abc"),
    "unknown": plain(0x66, 0, 0, b"x"),
}


@pytest.mark.parametrize("kind", FLOODS)
def test_floods(hostile, kind):
    """Frames that bring nothing are taken in some number, and no more."""
    machine = hostile.protocol._machine
    hostile.raw(headers(1, OK))
    machine.control.tokens = limit = hostile.protocol.limits.controlBurst
    hostile.raw(FLOODS[kind] * limit)
    assert goaway(hostile) is None
    hostile.raw(FLOODS[kind])
    assert goaway(hostile) == CALM


def test_goaway_flood(world, hostile):
    """So are repeated GOAWAYs, while a request is under way."""
    hostile.raw(plain(7, 0, 0, b"\0\0\0\1\0\0\0\0") * 900)
    assert goaway(hostile) is None
    hostile.raw(plain(7, 0, 0, b"\0\0\0\1\0\0\0\0") * 200)
    assert goaway(hostile) == CALM


def test_reset_flood(world):
    """A server that resets each stream is left."""
    limit = world.pool.http2Limits.resetBurst
    for number in range(limit):
        world.ask()
        world.link.raw(plain(3, 0, number * 2 + 1, b"\0\0\0\2"))
    assert not world.link.closed
    world.ask()
    world.link.take()
    world.link.raw(plain(3, 0, limit * 2 + 1, b"\0\0\0\2"))
    assert goaway(world.link) == CALM


def test_continuations(hostile):
    """A head comes in so many frames at most (CVE-2024-27316)."""
    hostile.raw(headers(1, OK, 0), *[plain(9, 0, 1, b"")] * 10)
    assert goaway(hostile) is None
    hostile.raw(plain(9, 0, 1, b""))
    assert goaway(hostile) == CALM


def test_large_block(hostile):
    """A head has so many octets on the wire at most."""
    hostile.raw(headers(1, b"\0" * 16384, 0) + plain(9, 0, 1, b"\0" * 16384) * 3)
    assert goaway(hostile) is None
    hostile.raw(plain(9, 0, 1, b"\0"))
    assert goaway(hostile) == CALM


def test_bomb(hostile):
    """A head has so many octets after decompression at most."""
    first = Encoder().encode([(":status", "200"), ("x", "y" * 3000)])
    hostile.raw(headers(1, first + b"\xbe" * 12_000))
    assert goaway(hostile) == CALM


def test_table_sizes(world, hostile):
    """However often a server changes its table, a request says only what counts."""
    hostile.raw(*[plain(4, 0, 0, b"\0\1\0\0\0\0\0\1\0\0\x10\0" * 32)] * 500)
    hostile.take()
    sizes = len(hostile.protocol._machine._encoder.encode([]))
    assert sizes <= 4


def test_control_backlog(hostile):
    """Answers to frames do not gather without end for a server that does not read."""
    hostile.protocol.pauseProducing()
    hostile.raw(FLOODS["ping"] * 900)
    assert not hostile.aborted
    hostile.protocol.limits = HTTP2Limits(maxControlBacklog=1700)
    hostile.raw(FLOODS["ping"])
    assert hostile.aborted


def test_answers_that_nobody_wants(world):
    """Late frames for streams that were cancelled are passed over, in some number."""
    for number in range(150):
        world.ask()
        world.asked.cancel()
        world.flush()
        world.link.raw(headers(number * 2 + 1, OK) + plain(0, 1, number * 2 + 1, b"x"))
    assert not world.link.closed


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_every_split(world, size):
    """However the octets come, the answer is the same."""
    answers = world.ask()
    world.link.flush()
    world.link.h2.send_headers(1, [(b":status", b"103")])
    world.link.h2.send_headers(1, [(b":status", b"200"), (b"x", b"1")])
    world.link.h2.send_data(1, b"hello", pad_length=3)
    world.link.h2.send_headers(1, [(b"t", b"1")], end_stream=True)
    data = world.link.h2.data_to_send()
    for start in range(0, len(data), size):
        world.link.raw(data[start : start + size])
    assert world.read(answers) == [b"hello"]
    assert answers[0].trailers.hasHeader(b"t")
