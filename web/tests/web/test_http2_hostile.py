"""Tests of what hostile clients of HTTP/2 get: each limit, and each rule that one may break."""

from __future__ import annotations

from typing import Any

import pytest
from hpack import Encoder

from twisted.logger import capturedLogs
from twisted.web._h2._frames import Code
from twisted.web._h2._frames import frame as plain
from twisted.web.http import HTTP2Limits

CALM = Code.ENHANCE_YOUR_CALM

HEAD = [(":method", "GET"), (":scheme", "http"), (":authority", "h"), (":path", "/")]


def block(*fields: tuple[Any, ...], base: Any = HEAD) -> bytes:
    """A block of headers, without use of a table of former ones."""
    encoder = Encoder()
    return encoder.encode([(*field[:2], True) for field in [*base, *fields]])


def headers(stream: int, data: bytes, flags: int = 5) -> bytes:
    """A HEADERS frame."""
    return plain(1, flags, stream, data)


GET = block()


@pytest.fixture
def hostile(http2, silent):
    """A client of a site that answers nothing."""
    return http2(silent)


def is_refused(client: Any, stream: int, code: int = Code.PROTOCOL_ERROR) -> bool:
    """Whether a stream was reset, and the connection goes on."""
    return client.answers[stream].reset == code and not client.closed


# What is malformed: the stream ends (RFC 9113, section 8.1.1)


@pytest.mark.parametrize(
    "fields",
    [
        [("X-Upper", "1")],
        [("x y", "1")],
        [("", "1")],
        [("x", "a\r\nb")],
        [("x", "a\nb")],
        [("x", "a\0b")],
        [("x", " a")],
        [("x", "a\t")],
        [("connection", "close")],
        [("keep-alive", "5")],
        [("proxy-connection", "close")],
        [("transfer-encoding", "chunked")],
        [("upgrade", "h2c")],
        [("te", "gzip")],
        [(":path", "/")],
        [(":unknown", "1")],
        [("x", "1"), (":method", "GET")],
        [("host", "other")],
        [("content-length", "1")],
        [("content-length", "+0")],
        [("content-length", "0"), ("content-length", "0")],
        [(":protocol", "websocket")],
        [(":status", "200")],
    ],
)
def test_malformed(hostile, silent, fields):
    """A malformed request is reset, and never reaches the application."""
    hostile.channel.dataReceived(headers(1, block(*fields)))
    sent = hostile.transport.value()
    assert sent == plain(3, 0, 1, bytes([0, 0, 0, Code.PROTOCOL_ERROR]))
    assert silent.requests == []
    assert not hostile.closed


@pytest.mark.parametrize(
    "base",
    [
        HEAD[1:],
        [HEAD[0], *HEAD[2:]],
        HEAD[:3],
        [*HEAD[:2], HEAD[3]],
        [*HEAD[:3], (":path", "")],
        [*HEAD[:3], (":path", "x")],
        [*HEAD[:3], (":path", "/a b")],
        [*HEAD[:3], (":path", "/\u00e9\x7f")],
        [(":method", "G T"), *HEAD[1:]],
        [*HEAD[:2], (":authority", "a@b"), HEAD[3]],
        [*HEAD[:2], (":authority", "a/b"), HEAD[3]],
        [(":method", "CONNECT"), *HEAD[1:]],
        [(":method", "CONNECT")],
    ],
)
def test_malformed_pseudo_headers(hostile, silent, base):
    """So is one without method, scheme, path or authority, or with invalid ones."""
    hostile.channel.dataReceived(headers(1, block(base=base)))
    assert hostile.transport.value() == plain(3, 0, 1, bytes([0, 0, 0, Code.PROTOCOL_ERROR]))
    assert silent.requests == []


def test_connect(http2):
    """An ordinary CONNECT is for no resource."""
    from twisted.web.resource import Resource

    client = http2(Resource())
    client.channel.dataReceived(
        headers(1, block(base=[(":method", "CONNECT"), (":authority", "h:1")]))
    )
    assert b"\x01" in client.transport.value()
    assert not client.closed


@pytest.mark.parametrize(
    ("length", "body"), [(b"3", b"abcd"), (b"5", b"abcd"), (b"0", b"a"), (b"3", b"")]
)
def test_content_length(hostile, silent, length, body):
    """A body of another length than was said resets the stream."""
    stream = hostile.ask(b"/", (b"content-length", length), method=b"POST", end=False)
    hostile.raw(plain(0, 1, stream, body))
    assert is_refused(hostile, stream)
    assert silent.requests == []


def test_trailers_before_end(hostile):
    """Headers within a body reset the stream."""
    stream = hostile.ask(method=b"POST", end=False)
    hostile.raw(headers(stream, block(("x", "1"), base=[]), 4))
    assert is_refused(hostile, stream)


def test_trailers_with_pseudo_headers(hostile):
    """So do pseudo-headers behind a body."""
    stream = hostile.ask(method=b"POST", end=False)
    hostile.raw(headers(stream, block(("x", "1"), (":path", "/"), base=[]), 5))
    assert is_refused(hostile, stream)


def test_too_many_headers(http2, silent):
    """More headers than allowed are answered with 431."""
    client = http2(silent, HTTP2Limits(maxHeaders=20))
    assert client.get(b"/", *[(b"x-%d" % n, b"1") for n in range(16)]).headers == {}
    assert client.get(b"/", *[(b"x-%d" % n, b"1") for n in range(17)]).status == 431


# What breaks the connection (RFC 9113, sections 4 to 6)


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (plain(0, 0, 0, b"x"), Code.PROTOCOL_ERROR),
        (plain(0, 0, 1, b"x"), Code.PROTOCOL_ERROR),
        (plain(0, 8, 1, b""), Code.FRAME_SIZE_ERROR),
        (plain(0, 8, 1, b"\x05abc"), Code.PROTOCOL_ERROR),
        (headers(0, GET), Code.PROTOCOL_ERROR),
        (headers(2, GET), Code.PROTOCOL_ERROR),
        (headers(1, GET, 0x25)[:9] + b"", None),
        (headers(1, b"", 0x25), Code.FRAME_SIZE_ERROR),
        (headers(1, b"\xff" * 20), Code.COMPRESSION_ERROR),
        (headers(1, b"\x80"), Code.COMPRESSION_ERROR),
        (headers(1, GET, 1) + plain(0, 0, 1, b""), Code.PROTOCOL_ERROR),
        (headers(1, GET, 1) + plain(9, 4, 3, b""), Code.PROTOCOL_ERROR),
        (headers(1, GET, 1) + plain(0x77, 0, 0, b""), Code.PROTOCOL_ERROR),
        (plain(9, 4, 1, GET), Code.PROTOCOL_ERROR),
        (plain(2, 0, 1, b"1234"), Code.FRAME_SIZE_ERROR),
        (plain(2, 0, 0, b"12345"), Code.FRAME_SIZE_ERROR),
        (plain(3, 0, 1, b"1234"), Code.PROTOCOL_ERROR),
        (plain(3, 0, 1, b"123"), Code.FRAME_SIZE_ERROR),
        (plain(4, 0, 1, b""), Code.FRAME_SIZE_ERROR),
        (plain(4, 0, 0, b"12345"), Code.FRAME_SIZE_ERROR),
        (plain(4, 1, 0, b"123456"), Code.FRAME_SIZE_ERROR),
        (plain(4, 0, 0, b"\0\2\0\0\0\2"), Code.PROTOCOL_ERROR),
        (plain(4, 0, 0, b"\0\4\xff\0\0\0"), Code.FLOW_CONTROL_ERROR),
        (plain(4, 0, 0, b"\0\5\0\0\0\1"), Code.PROTOCOL_ERROR),
        (plain(5, 4, 1, b"\0\0\0\2"), Code.PROTOCOL_ERROR),
        (plain(6, 0, 0, b"1234567"), Code.FRAME_SIZE_ERROR),
        (plain(6, 0, 1, b"12345678"), Code.FRAME_SIZE_ERROR),
        (plain(7, 0, 0, b"1234567"), Code.FRAME_SIZE_ERROR),
        (plain(8, 0, 0, b"\0\0\0\0"), Code.PROTOCOL_ERROR),
        (plain(8, 0, 0, b"\x7f\xff\xff\xff"), Code.FLOW_CONTROL_ERROR),
        (plain(8, 0, 1, b"\0\0\0\1"), Code.PROTOCOL_ERROR),
        (plain(8, 0, 0, b"\0\0\1"), Code.FRAME_SIZE_ERROR),
        (b"\x00\x40\x01\x00\x00\x00\x00\x00\x01", Code.FRAME_SIZE_ERROR),
        (headers(5, GET) + headers(3, GET), Code.STREAM_CLOSED),
        (headers(1, GET) + plain(3, 0, 1, b"\0\0\0\0") + headers(1, GET), Code.STREAM_CLOSED),
    ],
)
def test_rules(hostile, octets, code):
    """Frames that break a rule end the connection, and the client is told why."""
    hostile.channel.dataReceived(octets)
    hostile.receive(hostile.transport.value())
    if code is None:
        assert hostile.goaway is None
    else:
        assert hostile.goaway is not None
        assert hostile.goaway[0] == code
        assert hostile.closed


def test_not_a_preface(http2, silent):
    """What begins like HTTP/2 and goes on otherwise ends the connection."""
    client = http2(silent)
    client.channel.dataReceived(b"")
    fresh = client.site.buildProtocol(None)
    client.transport.clear()
    client.transport.disconnecting = False
    client.transport.producer = None
    fresh.makeConnection(client.transport)
    fresh.dataReceived(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r")
    assert not client.closed
    fresh.dataReceived(b"x")
    assert client.closed


def test_stream_errors(hostile):
    """Frames that break a rule about a stream end that alone."""
    first, second, third = (hostile.ask() for _ in range(3))
    hostile.raw(plain(8, 0, first, b"\0\0\0\0"), plain(8, 0, second, b"\x7f\xff\xff\xff"))
    assert is_refused(hostile, first)
    assert is_refused(hostile, second, Code.FLOW_CONTROL_ERROR)
    hostile.raw(plain(0, 0, third, b"behind the end"))
    assert is_refused(hostile, third, Code.STREAM_CLOSED)


def test_window_of_stream(http2, silent):
    """More data on a stream than was allowed resets it."""
    client = http2(silent, HTTP2Limits(streamWindow=20_000))
    stream = client.ask(method=b"POST", end=False)
    client.connection.streams[stream].pauseProducing()
    client.raw(plain(0, 0, stream, b"x" * 16_000), plain(0, 0, stream, b"x" * 4_001))
    assert is_refused(client, stream, Code.FLOW_CONTROL_ERROR)


def test_window_of_connection(hostile):
    """More data in all than was allowed ends the connection."""
    stream = hostile.ask(method=b"POST", end=False)
    hostile.connection.streams[stream].pauseProducing()
    for _ in range(4):
        hostile.channel.dataReceived(plain(0, 0, stream, b"x" * 16_384))
    hostile.receive(hostile.transport.value())
    assert hostile.goaway[0] == Code.FLOW_CONTROL_ERROR


def test_window_overflows_by_settings(hostile):
    """A setting that makes a window too large ends the connection."""
    stream = hostile.ask()
    hostile.raw(plain(8, 0, stream, b"\x7f\xff\x00\x00"))
    hostile.channel.dataReceived(plain(4, 0, 0, b"\0\4\x7f\xff\xff\xff"))
    hostile.receive(hostile.transport.value())
    assert hostile.goaway[0] == Code.FLOW_CONTROL_ERROR


def test_too_many_streams(http2, silent):
    """More requests at once than allowed are refused."""
    client = http2(silent, HTTP2Limits(maxStreams=2))
    client.ask()
    client.ask()
    client.channel.dataReceived(headers(5, GET))
    assert client.transport.value() == plain(3, 0, 5, bytes([0, 0, 0, Code.REFUSED_STREAM]))
    assert len(silent.requests) == 2
    assert not client.closed


# Floods: GOAWAY with ENHANCE_YOUR_CALM


def is_calmed(client: Any) -> bool:
    """Whether the connection was ended, and the client told to calm down."""
    sent, start, last = client.transport.value(), 0, b""
    while start < len(sent):
        size = int.from_bytes(sent[start : start + 3], "big")
        last, start = sent[start : start + 9 + size], start + 9 + size
    return last[3] == 7 and last[13:17] == bytes([0, 0, 0, CALM]) and client.closed


FLOODS = {
    "ping": plain(6, 0, 0, b"12345678"),
    "pong": plain(6, 1, 0, b"12345678"),
    "settings": plain(4, 0, 0),
    "priority": plain(2, 0, 1, b"\0\0\0\0\5"),
    "window": plain(8, 0, 0, b"\0\0\0\1"),
    "empty data": plain(0, 0, 1),
    "only padding": plain(0, 8, 1, b"\3abc"),
    "unknown": plain(0x66, 0, 0, b"x"),
    "goaway": plain(7, 0, 0, bytes(8)),
}


@pytest.mark.parametrize("kind", FLOODS)
def test_floods(http2, silent, kind):
    """Frames that bring nothing are taken in some number, and no more."""
    client = http2(silent)
    client.ask(method=b"POST", end=False)
    client.connection._machine.control.tokens = limit = client.site.http2Limits.controlBurst
    client.channel.dataReceived(FLOODS[kind] * limit)
    assert not client.connection._over
    client.transport.clear()
    client.channel.dataReceived(FLOODS[kind])
    assert is_calmed(client)


def test_flood_over_time(hostile):
    """The number grows back with time."""
    limits = hostile.site.http2Limits
    for _ in range(5):
        hostile.channel.dataReceived(FLOODS["ping"] * (limits.controlBurst - 50))
        hostile.transport.clear()
        hostile.clock.advance(limits.controlBurst / limits.controlRate)
    assert not hostile.closed


def test_rapid_reset(hostile):
    """Streams that are begun and reset (CVE-2023-44487)."""
    limit = hostile.site.http2Limits.resetBurst
    for number in range(limit):
        stream = number * 2 + 1
        hostile.channel.dataReceived(headers(stream, GET) + plain(3, 0, stream, b"\0\0\0\x08"))
    assert not hostile.closed
    stream = limit * 2 + 1
    hostile.channel.dataReceived(headers(stream, GET) + plain(3, 0, stream, b"\0\0\0\x08"))
    assert is_calmed(hostile)


@pytest.mark.parametrize(
    "provocation",
    [plain(8, 0, 1, b"\0\0\0\0"), plain(0, 0, 1, b"x"), plain(8, 0, 1, b"\x7f\xff\xff\xff")],
)
def test_made_you_reset(hostile, provocation):
    """Streams that the server resets because of the client count as well (CVE-2025-8671)."""
    limits = hostile.site.http2Limits
    for number in range(limits.resetBurst + 1):
        stream = number * 2 + 1
        numbered = provocation[:5] + stream.to_bytes(4, "big") + provocation[9:]
        assert not hostile.closed
        hostile.channel.dataReceived(headers(stream, GET) + numbered)
    assert is_calmed(hostile)


def test_malformed_flood(hostile):
    """Malformed requests count as well."""
    bad = block(("connection", "close"))
    for number in range(hostile.site.http2Limits.resetBurst + 1):
        assert not hostile.closed
        hostile.channel.dataReceived(headers(number * 2 + 1, bad))
    assert is_calmed(hostile)


def test_refused_flood(http2, silent):
    """So do requests beyond those that may be under way."""
    client = http2(silent, HTTP2Limits(maxStreams=1))
    for number in range(client.site.http2Limits.resetBurst + 2):
        assert not client.closed
        client.channel.dataReceived(headers(number * 2 + 1, GET))
    assert is_calmed(client)


def test_continuations(hostile):
    """A head comes in so many frames at most (CVE-2024-27316)."""
    hostile.channel.dataReceived(headers(1, GET[:1], 1))
    for _ in range(10):
        hostile.channel.dataReceived(plain(9, 0, 1, b""))
    assert not hostile.closed
    hostile.channel.dataReceived(plain(9, 0, 1, b""))
    assert is_calmed(hostile)


def test_continuations_within_limits(hostile, silent):
    """A head that comes in some frames is fine."""
    hostile.channel.dataReceived(headers(1, GET[:1], 1))
    for octet in GET[1:6]:
        hostile.channel.dataReceived(plain(9, 0, 1, bytes([octet])))
    hostile.channel.dataReceived(plain(9, 4, 1, GET[6:]))
    assert len(silent.requests) == 1


def test_large_block(hostile):
    """A head has so many octets on the wire at most."""
    hostile.channel.dataReceived(headers(1, b"\0" * 16384, 1) + plain(9, 0, 1, b"\0" * 16384) * 3)
    assert not hostile.closed
    hostile.channel.dataReceived(plain(9, 0, 1, b"\0"))
    assert is_calmed(hostile)


def test_bomb(hostile):
    """A head has so many octets after decompression at most."""
    encoder = Encoder()
    first = encoder.encode([*HEAD, ("x", "y" * 3000)])
    bomb = first + b"\xbe" * 12_000
    hostile.channel.dataReceived(headers(1, bomb))
    assert is_calmed(hostile)


def test_bomb_of_empty_headers(hostile):
    """Headers without content count with 32 octets each."""
    hostile.channel.dataReceived(headers(1, GET + b"\x10\x01a\x00" * 2100))
    assert is_calmed(hostile)


def test_control_backlog(http2, silent):
    """Answers to frames do not gather without end for a client that does not read."""
    client = http2(silent, HTTP2Limits(maxControlBacklog=1700))
    client.connection.pauseProducing()
    client.channel.dataReceived(FLOODS["ping"] * 100)
    assert not client.aborted
    client.channel.dataReceived(FLOODS["ping"])
    assert client.aborted


def test_heads_are_no_backlog(http2, recorder):
    """Heads of answers wait with their bodies, and do not count: they are as many as streams."""
    client = http2(recorder, HTTP2Limits(maxControlBacklog=100))
    client.connection.pauseProducing()
    for _ in range(50):
        client.ask(b"/", (b"x-more", b"y" * 100))
    assert not client.aborted
    client.connection.resumeProducing()
    client.flush()
    assert all(answer.body == b"hello" for answer in client.answers.values())
    assert len(client.answers) == 50


def test_priorities_bounded(hostile):
    """Priorities of streams that never begin do not gather without end, nor nest too deep."""
    chain = b"".join(
        plain(2, 0, number, (number - 2).to_bytes(4, "big") + b"\5") for number in range(3, 1500, 2)
    )
    hostile.channel.dataReceived(chain)
    order = hostile.connection._order
    assert len(order._placed) <= 300
    for stream in (2001, 2003):
        hostile.channel.dataReceived(headers(stream, GET))
    for request in hostile.site.resource.requests:
        request.write(b"x")
        request.finish()
    hostile.clock.advance(0)
    assert hostile.transport.value().count(b"x") >= 2
    hostile.channel.dataReceived(plain(2, 0, 5001, (5001).to_bytes(4, "big") + b"\5"))
    assert not hostile.closed


def test_late_frames(hostile):
    """What was under way when the server reset a stream is dropped, not held against the client."""
    stream = hostile.ask(method=b"POST", end=False)
    hostile.connection.streams[stream].abortConnection()
    hostile.channel.dataReceived(
        plain(0, 0, stream, b"late") + headers(stream, block(("x", "1"), base=[]))
    )
    hostile.channel.dataReceived(plain(8, 0, stream, b"\0\0\0\1"))
    assert not hostile.closed


# Time


def test_idle(hostile):
    """A connection without requests is closed after some time."""
    hostile.clock.advance(59)
    assert not hostile.closed
    hostile.clock.advance(2)
    hostile.receive(hostile.transport.value())
    assert hostile.goaway[0] == Code.NO_ERROR
    assert hostile.closed
    assert not hostile.aborted
    hostile.clock.advance(15)
    assert hostile.aborted


def test_slow_application(hostile, silent):
    """While the application takes its time, the client is asked whether it is still there."""
    hostile.ask()
    for _ in range(10):
        hostile.clock.advance(40)
        hostile.flush()
    assert not hostile.closed
    silent.requests[0].finish()
    hostile.flush()
    assert hostile.answers[1].ended


def test_silent_client(hostile, silent):
    """A client that does not say so is cut off."""
    hostile.ask()
    outcome: list[Any] = []
    silent.requests[0].notifyFinish().addErrback(outcome.append)
    hostile.clock.advance(60)
    assert not hostile.aborted
    hostile.clock.advance(15)
    assert hostile.aborted
    assert len(outcome) == 1


def test_slow_body(hostile, silent):
    """A body that comes too slowly is answered with 408."""
    stream = hostile.ask(method=b"POST", end=False)
    for _ in range(25):
        hostile.clock.advance(1)
        if not hostile.answers.get(stream):
            hostile.raw(plain(0, 0, stream, b"x"))
    assert hostile.answers[stream].status == 408
    assert hostile.answers[stream].reset == Code.NO_ERROR
    assert silent.requests == []
    assert not hostile.closed


def test_quick_enough_body(hostile, silent):
    """One that comes quickly enough is not."""
    stream = hostile.ask(method=b"POST", end=False)
    for _ in range(60):
        hostile.clock.advance(1)
        hostile.raw(plain(0, 0, stream, b"x" * 300))
    hostile.raw(plain(0, 1, stream, b""))
    assert len(silent.requests) == 1


def test_large_body(http2, silent):
    """A body that is too large is answered with 413."""
    client = http2(silent)
    client.connection.maxBodySize = 1000
    assert client.post(b"x" * 1001).status == 413
    assert client.get(b"/", (b"content-length", b"1001"), method=b"PUT", end=False).status == 413
    client.post(b"x" * 1000)
    assert len(silent.requests) == 1


@pytest.mark.parametrize("partial", [headers(1, GET, 1), headers(1, GET)[:12], b"\0"])
def test_slow_frame(hostile, partial):
    """A head, or any frame, that is begun and not completed ends the connection."""
    hostile.channel.dataReceived(partial)
    hostile.clock.advance(5)
    assert not hostile.closed
    hostile.clock.advance(6)
    assert hostile.closed


def test_zero_window(http2, recorder):
    """A client that takes nothing of an answer loses it after some time."""
    recorder.answer = b"x" * 200_000
    client = http2(recorder)
    client.window = False
    client.get()
    request = recorder.requests[0]
    for _ in range(6):
        client.clock.advance(10)
        client.raw(FLOODS["ping"])
        assert client.answers[1].reset is None
    for _ in range(2):
        client.clock.advance(10)
        client.raw(FLOODS["ping"])
    assert client.answers[1].reset == Code.CANCEL
    assert request.finished


def test_zero_window_of_producer(hostile, silent):
    """So does one that keeps a producer waiting, which is stopped."""
    hostile.window = False
    stream = hostile.ask()
    (request,) = silent.requests

    class Pulled:
        stopped = False

        def resumeProducing(self) -> None:
            request.write(b"x" * 21_845)

        def stopProducing(self) -> None:
            self.stopped = True

    producer = Pulled()
    request.registerProducer(producer, False)
    for _ in range(9):
        hostile.clock.advance(10)
        hostile.raw(FLOODS["ping"])
    assert hostile.answers[stream].reset == Code.CANCEL
    assert producer.stopped


def test_slow_reader_goes_on(http2, recorder):
    """A client that takes a little at a time is served."""
    recorder.answer = b"x" * 70_000
    client = http2(recorder)
    client.window = False
    answer = client.get()
    while not answer.ended:
        client.clock.advance(20)
        client.h2.increment_flow_control_window(300, None)
        client.h2.increment_flow_control_window(300, 1)
        client.flush()
    assert len(answer.body) == 70_000


def test_raising_request(http2):
    """What goes wrong in a request ends its stream, is logged, and harms no other."""
    from twisted.web.http import Request

    class Broken(Request):
        def process(self) -> None:
            raise ZeroDivisionError()

    client = http2(None, requestFactory=Broken)
    with capturedLogs() as logged:
        answer = client.get()
    assert answer.reset == Code.INTERNAL_ERROR
    assert any(event.get("log_failure") for event in logged)
    assert not client.closed
