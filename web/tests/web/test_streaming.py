"""Bodies that are taken as they come, and headers behind bodies."""

from __future__ import annotations

import io

import pytest

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionLost
from twisted.web._http._streaming import HIGH_WATER, KeptBody
from twisted.web.http_headers import Headers
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

HEAD = b"PUT /a HTTP/1.1\r\nHost: x\r\n"
WITH_LENGTH = HEAD + b"Content-Length: %d\r\n\r\n"
IN_CHUNKS = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
NEXT = b"PUT /next HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"


class Taker(Resource):
    """Takes bodies as they come; a test says what it does."""

    isLeaf = True
    streamsBody = True

    def __init__(self, work=None):
        super().__init__()
        self.work = work
        self.requests = []
        self.pieces = []
        self.failures = []

    def render_PUT(self, request):
        self.requests.append(request)
        if self.work is not None:
            return self.work(request)
        return self.take(request)

    async def take(self, request):
        try:
            async for piece in request.body:
                self.pieces.append(piece)
        except Exception as error:
            self.failures.append(error)
            raise
        return b"taken %d" % sum(map(len, self.pieces))


@pytest.mark.parametrize("size", range(1, 8))
@pytest.mark.parametrize(
    "wire", [WITH_LENGTH % 10 + b"0123456789", IN_CHUNKS + b"4\r\n0123\r\n6\r\n456789\r\n0\r\n\r\n"]
)
def test_as_it_comes(connect, wire, size):
    """However a body is cut up, all of it is given, and the next request is answered."""
    taker = Taker()
    connection = connect(taker)
    sent = wire + NEXT
    got = b"".join(connection.send(sent[at : at + size]) for at in range(0, len(sent), size))
    assert b"".join(taker.pieces) == b"0123456789"
    assert got.count(b"HTTP/1.1 200 OK") == 2
    assert b"taken 10" in got
    assert not connection.closed


def test_before_the_end(connect):
    """The resource is asked when the head is there, and sees each piece when that has come."""
    taker = Taker()
    connection = connect(taker)
    connection.send(WITH_LENGTH % 6)
    (request,) = taker.requests
    assert (request.method, request.path, request.content.read()) == (b"PUT", b"/a", b"")
    connection.send(b"abc")
    assert taker.pieces == [b"abc"]
    assert connection.send(b"def").body == b"taken 6"
    assert request.body.atEnd


def test_kept_bodies(connect):
    """Without a site that looks early, the body is the same, once it is there."""
    taker = Taker()
    connection = connect(taker)
    connection.site.streamsBodies = False
    connection.send(WITH_LENGTH % 6 + b"abc")
    assert taker.requests == []
    assert connection.send(b"def").body == b"taken 6"
    assert taker.pieces == [b"abcdef"]


def test_trees(connect):
    """A site may look early in a tree, in which some resources want whole bodies."""

    class Whole(Resource):
        def render_PUT(self, request):
            return request.content.read()

    root = Resource()
    root.putChild(b"a", Taker())
    root.putChild(b"b", Whole())
    connection = connect(root)
    assert not connection.site.streamsBodies
    connection.site.streamsBodies = True
    assert connection.send(WITH_LENGTH % 3 + b"abc").body == b"taken 3"
    other = (WITH_LENGTH % 3).replace(b"/a", b"/b")
    assert connection.send(other) == b""
    assert connection.send(b"xyz").body == b"xyz"
    star = b"OPTIONS * HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx"
    assert connection.send(star).status == 200
    lost = (WITH_LENGTH % 3).replace(b"/a", b"/c")
    assert connection.send(lost + b"abc").status == 404


def test_back_pressure(connect):
    """What nobody reads is not taken from the connection, up to a limit."""
    taker = Taker(lambda request: NOT_DONE_YET)
    connection = connect(taker)
    connection.send(WITH_LENGTH % (3 * HIGH_WATER))
    transport = connection.transport
    for _ in range(4):
        connection.send(b"x" * (HIGH_WATER // 4))
    assert transport.producerState == "paused"
    (request,) = taker.requests
    # It is not the client that is waited for.
    connection.clock.advance(1000)
    assert not connection.closed
    assert not transport.disconnected
    got = []
    for _ in range(4):
        assert transport.producerState == "paused"
        request.body.receive().addCallback(got.append)
    assert len(b"".join(got)) == HIGH_WATER
    assert transport.producerState == "producing"
    waiting = request.body.receive()
    with pytest.raises(RuntimeError):
        request.body.receive()
    waiting.addErrback(lambda _: None)
    waiting.cancel()
    connection.send(b"y")
    got.clear()
    request.body.receive().addCallback(got.append)
    assert got == [b"y"]


def test_early_answers(connect):
    """The answer may come first: the rest of a small body is passed over, then all goes on."""
    connection = connect(Taker(lambda request: b"early"))
    assert connection.send(WITH_LENGTH % 10 + b"0123").body == b"early"
    answer = connection.send(b"456789" + NEXT)
    assert (answer.status, answer.body) == (200, b"early")
    assert connection.send(WITH_LENGTH % 4 + b"0123" + NEXT).count(b"early") == 2
    assert connection.send(IN_CHUNKS + b"1\r\nx\r\n0\r\n\r\n" + NEXT).count(b"early") == 2
    assert not connection.closed


@pytest.mark.parametrize("wire", [WITH_LENGTH % 10**6, IN_CHUNKS])
def test_early_answers_to_large_bodies(connect, wire):
    """Of a large body only so much is passed over; then the connection ends."""
    connection = connect(Taker(lambda request: b"early"))
    assert connection.send(wire).body == b"early"
    for _ in range(2):
        connection.send(b"10000\r\n" + b"x" * 65536 + b"\r\n")
    assert connection.transport.halfClosed
    assert connection.send(NEXT) == b""


def test_malformed_rest(connect):
    """What is malformed behind an answer ends the connection, without another answer."""
    connection = connect(Taker(lambda request: b"early"))
    connection.send(IN_CHUNKS)
    assert connection.send(b"nonsense\r\n") == b""
    assert connection.closed or connection.transport.disconnected


def test_refused_bodies(connect):
    """A body that is too large, or malformed, is refused, and whoever takes it told."""
    for data, status in ((b"zz\r\n", 400), (b"5\r\nabcde\r\n", 413)):
        taker = Taker()
        connection = connect(taker)
        connection.channel.maxBodySize = 4
        connection.send(IN_CHUNKS)
        assert connection.send(data).status == status
        assert len(taker.failures) == 1


def test_refused_bodies_amid_the_answer(connect):
    """If the answer has begun, the connection is cut instead."""

    def work(request):
        request.write(b"begun")
        return NOT_DONE_YET

    connection = connect(Taker(work))
    connection.send(IN_CHUNKS)
    assert connection.send(b"zz\r\n") == b""
    assert connection.transport.disconnected or connection.closed


def test_slow_bodies(connect):
    """A body that is waited for has to come at some rate."""
    taker = Taker()
    connection = connect(taker)
    connection.send(WITH_LENGTH % 100)
    connection.clock.advance(11)
    assert connection.take().status == 408
    assert len(taker.failures) == 1


def test_lost(connect, caplog):
    """When the connection ends, so does the body, with the reason."""
    taker = Taker(lambda request: NOT_DONE_YET)
    connection = connect(taker)
    connection.send(WITH_LENGTH % 100 + b"abc")
    (request,) = taker.requests
    ended = []
    request.notifyFinish().addErrback(ended.append)
    got = []
    request.body.receive().addCallback(got.append)
    waiting = request.body.receive()
    connection.lose()
    assert got == [b"abc"]
    for failing in (waiting, request.body.receive()):
        failing.addErrback(lambda reason: got.append(reason.check(ConnectionLost)))
    assert got[1:] == [ConnectionLost, ConnectionLost]
    assert len(ended) == 1


EXPECT = HEAD + b"Content-Length: 3\r\nExpect: 100-continue\r\n\r\n"


def test_leave_to_send(connect):
    """Leave to send the body is given when that is asked for."""
    asked = Deferred()

    async def work(request):
        await asked
        return await request.body.receive()

    connection = connect(Taker(work))
    assert connection.send(EXPECT) == b""
    connection.clock.advance(100)
    asked.callback(None)
    assert connection.take() == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert connection.send(b"abc").body == b"abc"


def test_no_leave_to_send(connect):
    """An answer without leave is the last on its connection: the body may come all the same."""
    connection = connect(Taker(lambda request: b"no"))
    answer = connection.send(EXPECT)
    assert (answer.status, answer.headers[b"connection"]) == (200, b"close")
    assert connection.transport.halfClosed


def test_failing_look_up(connect):
    """A tree that fails is 500, whatever comes of the body."""

    class Failing(Taker):
        isLeaf = False

        def getChild(self, name, request):
            raise ValueError(name)

    connection = connect(Failing())
    assert connection.send(WITH_LENGTH % 3).status == 500
    assert connection.send(b"abc" + NEXT).status == 500
    many = (WITH_LENGTH % 3).replace(b"/a", b"/a?" + b"x=1&" * 1001)
    assert connection.send(many).status == 400


def test_request_trailers(connect, recorder):
    """What came behind a body in chunks is there when the request is."""
    connection = connect(recorder)
    connection.send(IN_CHUNKS + b"1\r\nx\r\n0\r\nX-Sum: 1\r\nX-sum: 2\r\n\r\n")
    (request,) = recorder.requests
    assert request.requestTrailers == Headers({b"x-sum": [b"1", b"2"]})
    connection.get()
    assert recorder.requests[1].requestTrailers is None


def test_response_trailers(connect):
    """Trailers follow a body without a length, to clients that want them."""

    def work(request):
        request.write(b"x")
        request.addTrailer("X-Sum", "1")
        request.addTrailer(b"x-sum", b"2")
        for name, value in (("content-length", "1"), ("x", "a\r\nb"), ("x y", "1")):
            with pytest.raises(ValueError):
                request.addTrailer(name, value)
        request.finish()
        with pytest.raises(RuntimeError):
            request.addTrailer("x", "y")
        return NOT_DONE_YET

    connection = connect(Taker(work))
    put = NEXT.replace(b"Content", b"TE: gzip;q=1, trailers\r\nContent")
    assert connection.send(put).body == b"1\r\nx\r\n0\r\nX-Sum: 1\r\nX-Sum: 2\r\n\r\n"
    assert connection.send(NEXT).body == b"1\r\nx\r\n0\r\n\r\n"


def test_files():
    """A body in a file is given from its beginning; no body is at its end."""
    file = io.BytesIO(b"x" * (HIGH_WATER + 1))
    file.read()
    body = KeptBody(file)
    got = []
    while not body.atEnd:
        body.receive().addCallback(got.append)
    assert [len(piece) for piece in got] == [HIGH_WATER, 1]
    body = KeptBody(None)
    assert body.atEnd
    body.receive().addCallback(got.append)
    assert got[-1] == b""
