"""Tests of `twisted.web.http.HTTPChannel`: order, limits, time, and what hostile peers get."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twisted.web._http._channel import _DISCARDED, _KEPT_AHEAD
from twisted.web.http import HTTPChannel
from twisted.web.resource import Resource

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n"


def test_keep_alive(connection):
    """A connection serves one request after the other."""
    for _ in range(3):
        assert connection.get().body == b"hello"
    assert len(connection.log) == 3
    assert not connection.closed


@pytest.mark.parametrize(
    ("request_", "header"),
    [
        (b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", b"close"),
        (b"GET / HTTP/1.1\r\nHost: h\r\nConnection: x, Close\r\n\r\n", b"close"),
        (b"GET / HTTP/1.0\r\n\r\n", None),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", None),
    ],
)
def test_close(connection, request_, header):
    """The connection is closed behind the answer where it has to be."""
    answer = connection.send(request_ + GET)
    assert (answer.status, answer.body) == (200, b"hello")
    assert answer.headers.get(b"connection") == header
    assert connection.closed
    assert len(connection.log) == 1


def test_application_closes(connect):
    """An application that answers with Connection: close closes the connection."""

    class Last(Resource):
        isLeaf = True

        def render_GET(self, request):
            request.setHeader(b"connection", b"close")
            return b"bye"

    connection = connect(Last())
    assert connection.send(GET + GET).count(b"bye") == 1
    assert connection.closed


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 10_000), max_size=8))
def test_every_split(connect, recorder, places):
    """Requests are the same in whatever pieces they come, and empty lines before them go."""
    wire = GET + POST + b"0123456789" + b"\r\n" + GET
    wire += b"PUT /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    cuts = sorted({0, len(wire), *(place % (len(wire) + 1) for place in places)})
    recorder.requests.clear()
    recorder.bodies.clear()
    connection = connect(recorder)
    for start, end in pairwise(cuts):
        connection.channel.dataReceived(wire[start:end])
    assert connection.take().count(b"hello") == 4
    assert recorder.bodies == [b"", b"0123456789", b"", b"abc"]
    assert [request.method for request in recorder.requests] == [b"GET", b"POST", b"GET", b"PUT"]


def test_pipelining_in_order(connect, silent):
    """The next request begins when the answer before is complete, and answers keep their order."""
    connection = connect(silent)
    connection.send(GET * 3)
    assert len(silent.requests) == 1
    for number in range(3):
        silent.requests[number].write(b"answer %d" % number)
        silent.requests[number].finish()
    answers = connection.take()
    assert [answers.index(b"answer %d" % n) for n in range(3)] == sorted(
        answers.index(b"answer %d" % n) for n in range(3)
    )
    assert len(silent.requests) == 3


def test_deep_pipelining(connection):
    """Thousands of requests in one piece need no deep stack."""
    assert connection.send(GET * 2000).count(b"hello") == 2000


def test_kept_ahead(connect, silent):
    """What comes while a request is being answered is kept up to a limit; then nothing is read."""
    connection = connect(silent)
    connection.send(GET)
    connection.send(b"x" * _KEPT_AHEAD)
    assert connection.transport.producerState == "producing"
    connection.send(b"x")
    assert connection.transport.producerState == "paused"


def test_reading_goes_on(connect, silent):
    """Reading goes on when what was kept is handled, and nothing of it is lost."""
    connection = connect(silent)
    connection.send(GET)
    count = _KEPT_AHEAD // len(GET) + 2
    connection.send(GET * count)
    assert connection.transport.producerState == "paused"
    for number in range(count + 1):
        silent.requests[number].finish()
    assert connection.transport.producerState == "producing"
    assert len(silent.requests) == count + 1


def test_output_full(connect, recorder):
    """No request begins while the transport has enough to send."""
    connection = connect(recorder)
    connection.channel.pauseProducing()
    assert connection.send(GET) == b""
    connection.channel.resumeProducing()
    assert connection.take().body == b"hello"


HOSTILE = [
    GET.replace(b"Host: h", b"Host: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked"),
    GET.replace(b"Host: h", b"Host: h\r\nTransfer-Encoding: chunked, chunked"),
    GET.replace(b"Host: h", b"Host: h\r\nTransfer-Encoding: chunked") + b"1\nx\r\n0\r\n\r\n",
    GET.replace(b"Host: h", b"Host: h\r\nTransfer-Encoding: chunked") + b"+1\r\nx\r\n0\r\n\r\n",
    GET.replace(b"Host: h", b"Host: h\r\nTransfer-Encoding: chunked") + b"1\r\nxy0\r\n\r\n",
    GET.replace(b"Host: h", b"Host: h\r\nContent-Length: +5"),
    GET.replace(b"Host: h", b"Host: h\r\nContent-Length: 5\r\nContent-Length: 6"),
    GET.replace(b"Host: h", b"Host: h\r\nContent-Length : 5"),
    GET.replace(b"Host: h", b"Host: h\r\n folded"),
    GET.replace(b"Host: h", b"Host: h\r\nHost: i"),
    GET.replace(b"Host: h", b"X: h"),
    GET.replace(b"HTTP/1.1", b"HTTP/1.1\n"),
    b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n\r\n",
]


@pytest.mark.parametrize("wire", HOSTILE)
def test_hostile(connection, recorder, wire):
    """A request that is not clear is answered with 400, and nothing behind it is looked at."""
    assert connection.send(wire + GET) == b"HTTP/1.1 400 Bad Request\r\n\r\n"
    assert connection.send(GET) == b""
    assert recorder.bodies == []
    assert connection.closed or connection.transport.halfClosed


def test_bare_line_feeds(connection):
    """Lines that end with a bare LF are no head; nobody waits for the end of one."""
    assert connection.send(GET.replace(b"\r\n", b"\n")).status == 400


def test_bare_line_feeds_in_pieces(connection):
    """A line break may come in two pieces, and a bare LF in one of its own."""
    assert connection.send(b"GET / HTTP/1.1\r") == b""
    assert connection.send(b"\nHost: h") == b""
    assert connection.send(b"\n").status == 400


def test_bare_line_feeds_of_another_version(connection):
    """Whether a head came in one piece or in several, the answer is the same."""
    assert connection.send(b"GET / HTTP/2.0\r\nHost: h\n\r\n\r\n").status == 400


def test_large_head(connection):
    """A head over the limit is answered with 431, whether its end has come or not."""
    answer = connection.send(b"GET /" + b"x" * connection.channel.totalHeadersSize)
    assert answer.status == 431


def test_many_headers(connection):
    """More headers than the limit are answered with 431."""
    connection.channel.maxHeaders = 5
    assert connection.get(b"/", *[b"A: b"] * 4).status == 200
    assert connection.get(b"/", *[b"A: b"] * 5).status == 431


@pytest.mark.parametrize(
    "wire",
    [
        POST,
        POST.replace(b"Content-Length: 10", b"Transfer-Encoding: chunked") + b"a\r\n0123456789\r\n",
    ],
)
def test_large_body(connection, recorder, wire):
    """A body over the limit is answered with 413, before or while it comes."""
    connection.channel.maxBodySize = 9
    assert connection.send(wire).status == 413
    assert recorder.bodies == []
    # The peer gets to read that: more is thrown away, up to a limit.
    assert connection.transport.halfClosed
    assert not connection.closed
    connection.send(b"x" * _DISCARDED)
    assert not connection.closed
    connection.send(b"x")
    assert connection.closed


def test_refused_peer_lingers(connection):
    """A refused peer that stays is cut off after some time."""
    connection.channel.maxBodySize = 9
    connection.send(POST)
    connection.clock.advance(HTTPChannel.abortTimeout)
    assert connection.transport.disconnected


def test_continue(connection):
    """A client that waits for leave gets it, unless its body has begun to come."""
    wire = POST.replace(b"Host: h", b"Host: h\r\nExpect: 100-continue")
    assert connection.send(wire) == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert connection.send(b"0123456789").status == 200
    assert connection.send(wire + b"0123456789").status == 200


def test_no_leave_for_too_much(connection):
    """A client that waits for leave to send too much gets 413 instead."""
    connection.channel.maxBodySize = 9
    assert (
        connection.send(POST.replace(b"Host: h", b"Host: h\r\nExpect: 100-continue")).status == 413
    )


# Time


def test_idle(connection):
    """A connection without a request is closed after a time, silently."""
    connection.clock.advance(59)
    assert not connection.closed
    connection.get()
    connection.clock.advance(59)
    assert not connection.closed
    connection.clock.advance(1)
    assert connection.closed
    assert connection.take() == b""


def test_slow_head(connection):
    """A head that is not complete some time after its first byte is answered with 408."""
    for _ in range(HTTPChannel.headTimeout - 1):
        connection.send(b"G")
        connection.clock.advance(1)
    assert connection.take() == b""
    connection.clock.advance(1)
    assert connection.take().status == 408
    assert connection.closed


def test_slow_body(connection):
    """A body under the minimum rate is answered with 408."""
    connection.send(POST.replace(b"10", b"100000"))
    enough = int(HTTPChannel.bodyGrace * HTTPChannel.minimumBodyRate)
    for _ in range(3):
        connection.send(b"x" * enough)
        connection.clock.advance(HTTPChannel.bodyGrace)
    assert connection.take() == b""
    connection.send(b"x" * (enough - 1))
    connection.clock.advance(HTTPChannel.bodyGrace)
    assert connection.take().status == 408


def test_slow_application(connect, silent):
    """An application may take any time to answer."""
    connection = connect(silent)
    connection.send(GET)
    for _ in range(100):
        connection.clock.advance(60)
    silent.requests[0].finish()
    assert connection.take().status == 200


def test_no_idle_time(connect, recorder):
    """Connections of a site without a time-out stay, but heads take their time-out all the same."""
    connection = connect(recorder, timeout=None)
    connection.clock.advance(1e6)
    assert not connection.closed
    connection.send(b"G")
    connection.clock.advance(HTTPChannel.headTimeout)
    assert connection.take().status == 408


def test_stalled_reader(connect, silent):
    """A peer that reads nothing of a large answer is cut off; one that reads slowly is not."""
    connection = connect(silent)
    connection.send(GET)
    silent.requests[0].write(b"x" * 100_000)
    connection.transport.unsentSize = 100_000
    connection.channel.pauseProducing()
    for unsent in (90_000, 80_000, 70_000):
        connection.transport.unsentSize = unsent
        connection.clock.advance(60)
        assert not connection.transport.disconnected
    connection.clock.advance(60)
    assert connection.transport.disconnected


def test_stalled_reader_of_pulled_answer(connect, silent):
    """A peer that stops reading what a pull producer writes is cut off, too."""
    connection = connect(silent)
    connection.send(GET)
    silent.requests[0].registerProducer(Producer(silent.requests[0]), False)
    silent.requests[0].write(b"x" * 100_000)
    for unsent in (90_000, 80_000):
        connection.transport.unsentSize = unsent
        connection.clock.advance(60)
        assert not connection.transport.disconnected
    connection.clock.advance(60)
    assert connection.transport.disconnected


def test_stalled_reader_of_the_rest(connection):
    """A peer that does not read the end of an answer is cut off, too."""
    connection.transport.unsentSize = 100
    connection.get()
    connection.clock.advance(60)
    assert not connection.transport.disconnected
    connection.clock.advance(60)
    assert connection.transport.disconnected


def test_stalled_at_close(connection):
    """A peer that does not read before the connection is closed is cut off."""
    connection.transport.unsentSize = 100
    connection.get(b"/", b"Connection: close")
    assert connection.closed
    connection.clock.advance(HTTPChannel.abortTimeout)
    assert connection.transport.disconnected


def test_nothing_left(connection):
    """A connection that is over leaves no timer."""
    connection.get()
    connection.lose()
    assert connection.clock.getDelayedCalls() == []


# The end


def test_lost_while_busy(connect, silent):
    """An application is told that its client is gone; what it writes then goes nowhere."""
    connection = connect(silent)
    connection.send(GET)
    request = silent.requests[0]
    gone = []
    request.notifyFinish().addErrback(gone.append)
    connection.lose()
    assert len(gone) == 1
    request.write(b"nobody reads this")
    with pytest.raises(RuntimeError, match="connection was lost"):
        request.finish()
    assert connection.take() == b""


def test_lost_in_body(connection, recorder):
    """A request whose body never came completely is not handed on."""
    connection.send(POST + b"0123")
    connection.lose()
    assert recorder.bodies == []


def test_application_loses_connection(connect, silent):
    """`Request.loseConnection` closes the connection behind what was written."""
    connection = connect(silent)
    connection.send(GET + GET)
    silent.requests[0].write(b"x")
    silent.requests[0].loseConnection()
    assert connection.closed
    assert len(silent.requests) == 1


def test_wrong_request_done(connection):
    """Only what is being answered can be done."""
    with pytest.raises(TypeError, match="not what is being answered"):
        connection.channel.requestDone(object())


# Producers


class Producer:
    """Counts what it is asked."""

    def __init__(self, consumer):
        self.consumer = consumer
        self.calls = []

    def resumeProducing(self):
        self.calls.append("resume")
        self.consumer.write(b"more ")

    def pauseProducing(self):
        self.calls.append("pause")

    def stopProducing(self):
        self.calls.append("stop")


def test_push_producer(connect, silent):
    """A streaming producer is paused and resumed with the transport."""
    connection = connect(silent)
    connection.send(GET)
    request = silent.requests[0]
    producer = Producer(request)
    request.registerProducer(producer, True)
    connection.channel.pauseProducing()
    connection.channel.resumeProducing()
    assert producer.calls == ["pause", "resume"]
    request.unregisterProducer()
    request.finish()
    assert b"more" in connection.take()
    assert connection.transport.producer is connection.channel


def test_late_push_producer(connect, silent):
    """A streaming producer that comes while the transport has enough is paused at once."""
    connection = connect(silent)
    connection.send(GET)
    connection.channel.pauseProducing()
    producer = Producer(silent.requests[0])
    silent.requests[0].registerProducer(producer, True)
    assert producer.calls == ["pause"]


def test_pull_producer(connect, silent):
    """A pull producer is asked by the transport itself, and the channel takes its place back."""
    connection = connect(silent)
    connection.send(GET)
    request = silent.requests[0]
    producer = Producer(request)
    request.registerProducer(producer, False)
    assert connection.transport.producer is producer
    assert connection.transport.streaming is False
    with pytest.raises(RuntimeError, match="cannot be registered"):
        connection.channel.registerProducer(producer, False)
    request.unregisterProducer()
    assert connection.transport.producer is connection.channel
    request.finish()


def test_producer_of_lost_connection(connect, silent):
    """A producer is stopped when the transport is gone."""
    connection = connect(silent)
    connection.send(GET)
    producer = Producer(silent.requests[0])
    silent.requests[0].registerProducer(producer, True)
    connection.channel.stopProducing()
    assert producer.calls == ["stop"]


def test_transport_taken_away(connect, silent):
    """A resource may take the transport and give it to another protocol."""
    connection = connect(silent)
    connection.send(GET)
    connection.channel.transport = None
    connection.clock.advance(60)
    assert not connection.closed


def test_headers_in_pairs(connection):
    """Heads may be given as pairs, in which line breaks raise before a byte leaves."""
    channel = connection.channel
    channel.writeHeaders(b"HTTP/1.1", b"200", b"OK", [(b"a", b"1"), (b"a", b"2")])
    assert connection.take() == b"HTTP/1.1 200 OK\r\nA: 1\r\nA: 2\r\n\r\n"
    for headers, reason in (([(b"a", b"1\r\n")], b"OK"), ([], b"OK\r\nA: b"), ([], b"O\0K")):
        with pytest.raises(ValueError, match=r"line break|control"):
            channel.writeHeaders(b"HTTP/1.1", 200, reason, headers)
    assert connection.take() == b""
