"""Tests of HTTP/2 on the server, with the library h2 as the client."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.logger import capturedLogs
from twisted.web import http
from twisted.web._h2._frames import PREFACE, Code
from twisted.web.http import HTTP2Limits
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site
from twisted.web.static import Data

WIDE = HTTP2Limits()


class Paths(Resource):
    """Children that do what tests want."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[Any] = []

    def getChild(self, path: bytes, request: Any) -> Resource:
        return self

    def render(self, request: Any) -> Any:
        self.requests.append(request)
        name = request.path[1:].decode().replace("-", "_")
        return getattr(self, f"do_{name}")(request)

    def do_hello(self, request: Any) -> bytes:
        return b"hello"

    def do_silent(self, request: Any) -> int:
        return NOT_DONE_YET

    def do_large(self, request: Any) -> bytes:
        return b"0123456789" * 20_000

    def do_short(self, request: Any) -> int:
        request.setHeader(b"content-length", b"10")
        request.write(b"half")
        request.finish()
        return NOT_DONE_YET

    def do_fail_late(self, request: Any) -> int:
        request.write(b"half")
        raise ZeroDivisionError()

    def do_session(self, request: Any) -> bytes:
        return request.getSession().uid

    def do_headers(self, request: Any) -> bytes:
        request.setHeader(b"connection", b"close")
        request.setHeader(b"Keep-Alive", b"5")
        request.setHeader(b"X-Mixed", b" spaced ")
        request.setResponseCode(404)
        return b""


@pytest.fixture
def client(http2):
    """A client of the paths."""
    return http2(Paths())


def test_settings(client):
    """The server says what it allows: streams, windows, lists of headers, CONNECT to WebSocket."""
    assert client.settings[3] == WIDE.maxStreams
    assert client.settings[4] == WIDE.streamWindow
    assert client.settings[6] == WIDE.maxHeaderListSize
    assert client.settings[8] == 1


def test_request(http2, recorder):
    """A request is as that of HTTP/1.1: its method, path, fields, host, addresses."""
    client = http2(recorder)
    answer = client.get(b"/a/b?x=1&x=2", (b"cookie", b"a=b"), (b"cookie", b"c=d"), (b"x-a", b"1"))
    assert (answer.status, answer.body, answer.ended) == (200, b"hello", True)
    assert answer.headers[b"content-length"] == b"5"
    assert b"server" in answer.headers
    assert b"date" in answer.headers
    (request,) = recorder.requests
    assert (request.method, request.uri, request.path) == (b"GET", b"/a/b?x=1&x=2", b"/a/b")
    assert request.clientproto == b"HTTP/2"
    assert request.args == {b"x": [b"1", b"2"]}
    assert request.received_cookies == {b"a": b"b", b"c": b"d"}
    assert request.getRequestHostname() == b"example.org"
    assert request.getHeader("host") == "example.org"
    assert request.getClientIP() == "192.0.2.7"
    assert not request.isSecure()
    assert client.log == [request]


def test_many_at_once(client):
    """Requests are answered side by side, in whatever order their answers are ready."""
    resource = client.site.resource
    streams = [client.ask(b"/silent") for _ in range(50)]
    for request in reversed(resource.requests):
        request.write(request.path)
        request.finish()
        client.flush()
    assert all(client.answers[stream].ended for stream in streams)
    assert client.connection.streams == {}
    # The head of the next one is known by then, and takes no longer way than the others.
    assert client.get(b"/hello").body == b"hello"


def test_repeated_heads(http2, recorder):
    """Requests whose heads are the same on the wire do not share their headers."""
    client = http2(recorder)
    for _ in range(4):
        client.get(b"/", (b"x-list", b"1"))
        recorder.requests[-1].requestHeaders.addRawHeader(b"x-list", b"2")
    assert len(recorder.requests) == 4
    client.get(b"/", (b"x-list", b"1"))
    assert recorder.requests[-1].requestHeaders.getRawHeaders("x-list") == ["1"]


def test_body(http2, recorder):
    """A body comes in pieces, of known length or not; the client is allowed ever more of it."""
    client = http2(recorder)
    body = b"0123456789" * 200_000
    assert client.post(body, (b"content-length", b"%d" % len(body))).body == b"hello"
    assert client.post(body).body == b"hello"
    assert recorder.bodies == [body, body]


def test_form(http2, recorder):
    """Fields of forms are read."""
    client = http2(recorder)
    client.post(b"a=1&b=2", (b"content-type", b"application/x-www-form-urlencoded"))
    assert recorder.requests[0].args == {b"a": [b"1"], b"b": [b"2"]}


def test_trailers_of_request(http2, recorder):
    """Headers behind a body are read, and end it."""
    client = http2(recorder)
    stream = client.ask(method=b"POST", end=False)
    client.h2.send_data(stream, b"abc")
    client.h2.send_headers(stream, [(b"x-checksum", b"1")], end_stream=True)
    client.flush()
    assert recorder.bodies == [b"abc"]
    assert recorder.requests[0].requestTrailers.getRawHeaders(b"x-checksum") == [b"1"]
    assert client.answers[stream].ended


@pytest.mark.parametrize("wanted", [True, False])
def test_trailers_of_answer(http2, silent, wanted):
    """Headers follow the body of an answer, if the client wants them."""
    client = http2(silent)
    answer = client.get(b"/", *[(b"te", b"trailers")] * wanted)
    (request,) = silent.requests
    request.setHeader("content-length", "3")
    request.write(b"abc")
    request.addTrailer("X-Sum", "1")
    request.finish()
    client.flush()
    assert (answer.body, answer.ended) == (b"abc", True)
    assert answer.trailers == ({b"x-sum": b"1"} if wanted else {})


def test_body_as_it_comes(http2):
    """A resource may take a body as it comes, and holds its client back when it does not."""

    class Taker(Resource):
        isLeaf = streamsBody = True

        def render_POST(self, request: Any) -> int:
            self.request = request
            return NOT_DONE_YET

    taker = Taker()
    client = http2(taker, limits=HTTP2Limits(streamWindow=200_000))
    client.site.streamsBodies = True
    stream = client.ask(b"/", (b"expect", b"100-continue"), method=b"POST", end=False)
    assert stream not in client.answers
    got: list[bytes] = []
    taker.request.body.receive().addCallback(got.append)
    client.flush()
    assert client.answers[stream].informational == [b"100"]
    client.send(stream, b"a")
    assert got == [b"a"]
    client.send(stream, b"x" * 180_000, True)
    assert client.h2.local_flow_control_window(stream) < 100_000
    while not taker.request.body.atEnd:
        taker.request.body.receive().addCallback(got.append)
        client.flush()
    assert b"".join(got) == b"a" + b"x" * 180_000
    taker.request.write(b"taken")
    taker.request.finish()
    client.flush()
    assert client.answers[stream].body == b"taken"


def test_held_body_of_stream_that_ends(http2, silent):
    """What was held back of a stream that is reset makes room for others again."""
    client = http2(silent, limits=HTTP2Limits(streamWindow=60_000, connectionWindow=65_535))
    for _ in range(3):
        stream = client.ask(method=b"POST", end=False)
        client.connection.streams[stream].pauseProducing()
        client.send(stream, b"x" * 60_000)
        client.h2.reset_stream(stream)
        client.flush()
    assert client.h2.outbound_flow_control_window > 30_000


def test_head_and_no_content(client):
    """HEAD and 304 have no body."""
    answer = client.get(b"/hello", method=b"HEAD")
    assert (answer.status, answer.body, answer.ended) == (200, b"", True)
    assert answer.headers[b"content-length"] == b"5"


def test_headers_of_answer(client):
    """Names are in lower case, values without space; what is about a connection goes."""
    answer = client.get(b"/headers")
    assert answer.status == 404
    assert answer.headers[b"x-mixed"] == b"spaced"
    assert not {b"connection", b"keep-alive", b"transfer-encoding"} & set(answer.headers)


def test_injection(client):
    """A line break in a header raises before anything leaves."""
    client.ask(b"/silent")
    (request,) = client.site.resource.requests
    with pytest.raises(ValueError, match="line break"):
        request.setHeader(b"x", b"a\r\nb")
    with pytest.raises(ValueError, match="line break"):
        request.channel.writeHeaders(b"HTTP/2", 200, b"OK", [(b"x", b"a\nb")])


def test_expect_continue(client):
    """A client that waits for leave to send its body gets it; other expectations are refused."""
    stream = client.ask(b"/hello", (b"expect", b"100-continue"), method=b"POST", end=False)
    assert client.answers[stream].informational == [b"100"]
    client.send(stream, b"x", True)
    assert client.answers[stream].body == b"hello"
    assert client.get(b"/hello", (b"expect", b"miracles")).status == 417


def test_large_answer(client):
    """A large answer is sent as fast as the client makes room."""
    client.window = False
    answer = client.get(b"/large")
    assert len(answer.body) == 65535
    assert not answer.ended
    client.h2.increment_flow_control_window(50_000, None)
    client.h2.increment_flow_control_window(10_000, 1)
    client.flush()
    assert len(answer.body) == 75_535
    client.h2.increment_flow_control_window(1_000_000, 1)
    client.flush()
    assert len(answer.body) == 115_535
    client.h2.increment_flow_control_window(1_000_000, None)
    client.flush()
    assert answer.body == b"0123456789" * 20_000
    assert answer.ended


def test_smaller_initial_window(client):
    """Windows follow the client's settings, below nothing, too."""
    client.window = False
    answer = client.get(b"/large")
    client.h2.update_settings({4: 1000})
    client.flush()
    client.h2.increment_flow_control_window(1_000_000, None)
    client.h2.increment_flow_control_window(60_000, 1)
    client.flush()
    assert len(answer.body) == 65535
    client.h2.update_settings({4: 1_000_000})
    client.flush()
    assert answer.ended


class Producer:
    """Writes when it is asked to, or notes what it is told."""

    def __init__(self, request: Any, count: int = 0) -> None:
        self.request = request
        self.count = count
        self.told: list[str] = []

    def resumeProducing(self) -> None:
        self.told.append("resume")
        if self.count:
            self.count -= 1
            self.request.write(b"x" * 30_000)
            if not self.count:
                self.request.unregisterProducer()
                self.request.finish()

    def pauseProducing(self) -> None:
        self.told.append("pause")

    def stopProducing(self) -> None:
        self.told.append("stop")


def test_push_producer(client):
    """A producer is paused while the client has no room, and stopped when it leaves."""
    client.window = False
    stream = client.ask(b"/silent")
    (request,) = client.site.resource.requests
    producer = Producer(request)
    request.registerProducer(producer, True)
    request.write(b"x" * 60_000)
    client.flush()
    assert producer.told == []
    request.write(b"x" * 10_000)
    assert producer.told == ["pause"]
    client.h2.increment_flow_control_window(100_000, None)
    client.h2.increment_flow_control_window(100_000, stream)
    client.flush()
    assert producer.told == ["pause", "resume"]
    client.h2.reset_stream(stream)
    client.flush()
    assert producer.told[-1] == "stop"


def test_producer_paused_by_queue(client):
    """However large the window is, no more than so much waits in memory."""
    client.h2.increment_flow_control_window(2**30, None)
    client.h2.update_settings({4: 2**30})
    client.ask(b"/silent")
    (request,) = client.site.resource.requests
    producer = Producer(request)
    request.registerProducer(producer, True)
    request.write(b"x" * 65_536)
    assert producer.told == ["pause"]


def test_pull_producer(client):
    """A producer that waits to be asked is asked whenever there is room."""
    stream = client.ask(b"/silent")
    (request,) = client.site.resource.requests
    request.registerProducer(Producer(request, 20), False)
    client.flush()
    assert client.answers[stream].body == b"x" * 600_000
    assert client.answers[stream].ended


def test_transport_full(client):
    """While the transport has enough, nothing is sent; then everything goes on."""
    client.connection.pauseProducing()
    answer = client.get(b"/large")
    assert answer.headers == {}
    client.connection.resumeProducing()
    client.flush()
    assert len(answer.body) == 200_000
    assert answer.ended


def test_failing_producer(client):
    """A producer that raises ends its own stream."""
    stream = client.ask(b"/silent")
    (request,) = client.site.resource.requests
    producer = Producer(request)
    producer.resumeProducing = lambda: 1 / 0
    with capturedLogs() as logged:
        request.registerProducer(producer, False)
        client.flush()
    assert client.answers[stream].reset == Code.INTERNAL_ERROR
    assert any(event.get("log_failure") for event in logged)
    assert client.get(b"/hello").body == b"hello"


def test_client_resets(client):
    """A client that resets a stream ends its request, and nothing else."""
    first = client.ask(b"/silent")
    client.ask(b"/silent")
    lost, kept = client.site.resource.requests
    outcome: list[Any] = []
    lost.notifyFinish().addErrback(outcome.append)
    kept.notifyFinish().addErrback(outcome.append)
    client.h2.reset_stream(first)
    client.flush()
    (failure,) = outcome
    assert failure.check(ConnectionLost)
    lost.write(b"nobody reads this")
    kept.write(b"fine")
    kept.finish()
    client.flush()
    assert client.answers[3].body == b"fine"


def test_reset_in_same_breath(client, frame):
    """A request that was reset in the same segment never begins."""
    client.h2.send_headers(
        1,
        [(b":method", b"GET"), (b":scheme", b"http"), (b":authority", b"h"), (b":path", b"/hello")],
        end_stream=True,
    )
    client.h2.reset_stream(1)
    client.flush()
    assert client.site.resource.requests == []


def test_server_aborts(client):
    """An application may end its stream."""
    stream = client.ask(b"/silent")
    (request,) = client.site.resource.requests
    outcome: list[Any] = []
    request.notifyFinish().addErrback(outcome.append)
    request.channel.abortConnection()
    client.flush()
    assert client.answers[stream].reset == Code.CANCEL
    assert len(outcome) == 1


def test_lose_connection(client):
    """An application that closes its connection closes the stream behind what it wrote."""
    stream = client.ask(b"/silent")
    (request,) = client.site.resource.requests
    outcome: list[Any] = []
    request.notifyFinish().addErrback(outcome.append)
    request.write(b"bye")
    request.loseConnection()
    client.flush()
    assert (client.answers[stream].body, client.answers[stream].ended) == (b"bye", True)
    assert outcome[0].check(ConnectionDone)


@pytest.mark.parametrize("path", [b"/short", b"/fail-late"])
def test_incomplete_answers(client, path):
    """An answer that is not complete ends with a reset: nobody takes it for complete."""
    with capturedLogs():
        answer = client.get(path)
    assert answer.reset == Code.INTERNAL_ERROR
    assert not answer.ended
    assert not client.closed


def test_error_page(client):
    """An error before the answer has begun gives a page."""
    with capturedLogs():
        answer = client.get(b"/no-such-method")
    assert answer.status == 500


def test_session(client):
    """Sessions are kept by cookies."""
    answer = client.get(b"/session")
    cookie = answer.headers[b"set-cookie"].partition(b";")[0]
    again = client.get(b"/session", (b"cookie", cookie))
    assert again.body == answer.body


def test_connection_lost(client):
    """The end of the connection ends all requests."""
    client.ask(b"/silent")
    client.ask(b"/silent")
    outcome: list[Any] = []
    for request in client.site.resource.requests:
        request.notifyFinish().addErrback(outcome.append)
    client.lose()
    assert [failure.type for failure in outcome] == [ConnectionLost] * 2
    assert client.clock.getDelayedCalls() == []


def test_answer_before_body(client):
    """An answer that does not wait for the body ends the request's stream."""
    stream = client.ask(b"/hello", (b"content-length", b"200000000"), method=b"POST", end=False)
    assert client.answers[stream].status == 413
    assert client.answers[stream].ended
    assert client.answers[stream].reset == Code.NO_ERROR
    # What was under way is dropped, and given back to the connection's window.
    client.channel.dataReceived(b"\x00\x40\x00\x00\x00\x00\x00\x00\x01" + b"x" * 16384)
    assert client.get(b"/hello").body == b"hello"


def test_request_body_paused(http2):
    """A request that is not read holds its client back, and no other's."""

    class Reader(Site.requestFactory):
        def gotLength(self, length):
            super().gotLength(length)
            if length is None:
                self.stream = self.channel
                self.channel.pauseProducing()
                readers.append(self)

    readers: list[Any] = []
    client = http2(Paths(), requestFactory=Reader)
    slow = client.ask(b"/hello", method=b"POST", end=False)
    client.send(slow, b"x" * 60_000)
    (reader,) = readers
    assert reader.content.tell() == 0
    assert client.h2.local_flow_control_window(slow) < 10_000
    assert client.get(b"/hello").body == b"hello"
    client.h2.send_data(slow, b"y", end_stream=True)
    client.flush()
    reader.stream.resumeProducing()
    client.flush()
    assert client.answers[slow].body == b"hello"
    assert client.h2.outbound_flow_control_window > 60_000


def test_drain(client, frame):
    """A drained site finishes what has begun, refuses what comes, and says so."""
    client.ask(b"/silent")
    (request,) = client.site.resource.requests
    done: list[Any] = []
    client.site.drain(10).addCallback(done.append)
    client.receive(client.transport.value())
    client.transport.clear()
    assert client.goaway is not None
    assert client.goaway[0] == Code.NO_ERROR
    assert not client.closed
    late = client.h2.encoder.encode(
        [(":method", "GET"), (":scheme", "http"), (":authority", "h"), (":path", "/silent")]
    )
    headers = frame("Headers", 3, ("END_HEADERS", "END_STREAM"), data=late)
    client.channel.dataReceived(headers.serialize())
    refused = frame("RstStream", 3, error_code=Code.REFUSED_STREAM)
    assert client.transport.value() == refused.serialize()
    assert len(client.site.resource.requests) == 1
    request.write(b"last")
    request.finish()
    client.clock.advance(0)
    assert b"last" in client.transport.value()
    assert client.closed
    client.lose()
    assert done == [None]


def test_drain_idle(client):
    """A drained site closes idle connections at once."""
    client.site.drain(10)
    assert client.closed


def test_client_goes_away(client):
    """A client that goes away gets the answers that it has asked for."""
    client.ask(b"/silent")
    (request,) = client.site.resource.requests
    client.channel.dataReceived(b"\0\0\x08\x07\0\0\0\0\0" + bytes(8))
    assert not client.closed
    request.finish()
    client.clock.advance(0)
    assert client.closed


def test_client_complains(client):
    """A client that goes away because of an error is left."""
    client.ask(b"/silent")
    outcome: list[Any] = []
    client.site.resource.requests[0].notifyFinish().addErrback(outcome.append)
    client.channel.dataReceived(b"\0\0\x08\x07\0\0\0\0\0" + bytes(7) + b"\x02")
    assert client.closed
    assert outcome[0].check(ConnectionLost)


def test_priorities(client, frame):
    """A client's priorities decide which answer is sent first."""
    client.window = False
    client.h2.update_settings({4: 10_000_000})
    client.h2.increment_flow_control_window(10_000_000, None)
    client.flush()
    for _ in range(2):
        client.ask(b"/silent")
    client.raw(
        frame("Priority", 3, depends_on=0, stream_weight=255),
        frame("Priority", 1, depends_on=3, stream_weight=15),
    )
    first, second = client.site.resource.requests
    for request in (first, second):
        request.write(b"x" * 100_000)
        request.finish()
    client.clock.advance(0)
    sent = client.transport.value()
    order = []
    start = 0
    while start < len(sent):
        size = int.from_bytes(sent[start : start + 3], "big")
        if sent[start + 3] == 0:
            order.append(sent[start + 8])
        start += 9 + size
    assert order == sorted(order, reverse=True)
    assert set(order) == {1, 3}


def test_round_robin(client):
    """Without priorities, answers take turns."""
    client.h2.update_settings({4: 10_000_000})
    client.h2.increment_flow_control_window(10_000_000, None)
    for _ in range(2):
        client.ask(b"/silent")
    for request in client.site.resource.requests:
        request.write(b"x" * 40_000)
        request.finish()
    client.clock.advance(0)
    sent = client.transport.value()
    order = []
    start = 0
    while start < len(sent):
        order.append(sent[start + 8])
        start += 9 + int.from_bytes(sent[start : start + 3], "big")
    assert order[-8:] == [1, 3] * 4


def test_not_http2(http2, recorder, connect):
    """A site may speak none of it; then its preface is a bad request."""
    connection = connect(recorder)
    connection.site.http2Limits = None
    assert connection.site.acceptableProtocols() == [b"http/1.1"]
    assert connection.send(PREFACE).status == 505
    assert connection.closed


@pytest.mark.parametrize("size", [1, 100])
def test_preface_behind_empty_line(connect, recorder, size):
    """HTTP/2 begins with the first octet, or not at all."""
    connection = connect(recorder)
    data = b"\r\n" + PREFACE
    said = b"".join(connection.send(data[at : at + size]) for at in range(0, len(data), size))
    assert said.startswith(b"HTTP/1.1 ")
    assert recorder.requests == []


def test_preface_behind_request(connect, recorder):
    """HTTP/2 begins a connection, or nothing."""
    connection = connect(recorder)
    connection.get()
    assert connection.send(PREFACE).status == 505


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(1, 400), max_size=12))
def test_every_split(http2, sizes):
    """Requests are the same in whatever pieces they come."""
    client = http2(Paths())
    wire = b""
    client.channel.dataReceived = lambda data: None  # what the client sends is kept here
    taken = client.h2.data_to_send
    for path in (b"/hello", b"/hello?x=%s" % (b"y" * 300), b"/headers"):
        stream = client.h2.get_next_available_stream_id()
        head = [(b":method", b"POST"), (b":scheme", b"http"), (b":authority", b"h")]
        client.h2.send_headers(stream, [*head, (b":path", path)])
        client.h2.send_data(stream, b"body" * 40, end_stream=True)
    wire = taken()
    del client.channel.dataReceived
    for size in sizes:
        client.channel.dataReceived(wire[:size])
        wire = wire[size:]
    client.channel.dataReceived(wire)
    client.flush()
    assert [answer.status for answer in client.answers.values()] == [200, 200, 404]
    assert all(answer.ended for answer in client.answers.values())


def test_enabled():
    """Programs can ask whether HTTP/2 is spoken."""
    assert http.H2_ENABLED
    assert Site(Data(b"", "text/plain")).acceptableProtocols() == [b"h2", b"http/1.1"]
