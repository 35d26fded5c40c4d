"""Tests of `twisted.web.client`."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable
from http.cookiejar import CookieJar
from typing import Any

import pytest
from zope.interface import implementer
from zope.interface.verify import verifyObject

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.error import ConnectionDone, ConnectionLost, ConnectionRefusedError
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.task import Clock, Cooperator
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.web import client, error
from twisted.web._client import _parser
from twisted.web._newclient import (
    BadHeaders,
    ConnectionAborted,
    HTTP11ClientProtocol,
    ParseError,
    Request,
    WrongBodyLength,
)
from twisted.web.client import (
    URI,
    Agent,
    BrowserLikePolicyForHTTPS,
    BrowserLikeRedirectAgent,
    ContentDecoderAgent,
    CookieAgent,
    FileBodyProducer,
    GzipDecoder,
    HostnameCachingHTTPSPolicy,
    HTTPConnectionPool,
    PartialDownloadError,
    PotentialDataLoss,
    ProxyAgent,
    RedirectAgent,
    RequestGenerationFailed,
    RequestNotSent,
    RequestTransmissionFailed,
    Response,
    ResponseDone,
    ResponseFailed,
    ResponseNeverReceived,
    readBody,
)
from twisted.web.http_headers import Headers
from twisted.web.iweb import UNKNOWN_LENGTH, IAgent, IBodyProducer, IResponse
from twisted.web.resource import Resource

HOST = Headers({b"host": [b"example.org"]})


class Transport(StringTransport):
    """A transport that can be cut, and paused and resumed at any time."""

    def __init__(self) -> None:
        super().__init__(lenient=True)


class Live:
    """A connection in memory."""

    def __init__(self) -> None:
        self.quiescent: list[Any] = []
        self.protocol = HTTP11ClientProtocol(self.quiescent.append)
        self.transport = Transport()
        self.protocol.makeConnection(self.transport)

    def ask(self, method: bytes = b"GET", body: Any = None, persistent: bool = True) -> list[Any]:
        """Send a request; gives a list that gets the answer."""
        results: list[Any] = []
        request = Request(method, b"/", HOST, body, persistent)
        self.asked = self.protocol.request(request)
        self.asked.addBoth(results.append)
        return results

    def send(self, *lines: bytes, body: bytes = b"") -> None:
        """Have the client receive the head and the body of an answer."""
        self.protocol.dataReceived(b"\r\n".join([*lines, b"", b""]) + body)

    def lose(self, reason: Exception | None = None) -> None:
        """Break the connection."""
        self.protocol.connectionLost(Failure(reason or ConnectionLost()))


@pytest.fixture
def live() -> Live:
    return Live()


class Body(Protocol):
    """Keeps a body."""

    data = b""
    reason: Any = None

    def dataReceived(self, data: bytes) -> None:
        self.data += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        assert self.reason is None
        self.reason = reason


def deliver(response: Any) -> Body:
    body = Body()
    response.deliverBody(body)
    return body


@implementer(IBodyProducer)
class Producer:
    """A body that the test writes."""

    stopped = False

    def __init__(self, length: Any) -> None:
        self.length = length

    def startProducing(self, consumer: Any) -> Deferred[None]:
        self.consumer = consumer
        self.done: Deferred[None] = Deferred()
        return self.done

    def stopProducing(self) -> None:
        self.stopped = True

    def pauseProducing(self) -> None:
        """Nothing."""

    def resumeProducing(self) -> None:
        """Nothing."""


OK = b"HTTP/1.1 200 OK"


class TestAnswers:
    """What is made of what servers send."""

    def test_length(self, live: Live) -> None:
        results = live.ask()
        live.send(OK, b"Content-Length: 3", b"X-Y: a", b"X-Y:  b ", body=b"ab")
        (response,) = results
        assert verifyObject(IResponse, response)
        assert (response.version, response.code, response.phrase) == ((b"HTTP", 1, 1), 200, b"OK")
        assert response.headers == Headers({b"x-y": [b"a", b"b"]})
        assert response.length == 3
        assert live.transport.producerState == "paused"
        body = deliver(response)
        assert live.transport.producerState == "producing"
        live.protocol.dataReceived(b"c")
        assert body.data == b"abc"
        assert body.reason.check(ResponseDone)
        assert live.quiescent == [live.protocol]
        with pytest.raises(RuntimeError):
            response.deliverBody(Body())

    def test_octet_by_octet(self, live: Live) -> None:
        results = live.ask()
        answer = (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
        )
        for octet in answer:
            live.protocol.dataReceived(bytes([octet]))
        body = deliver(results[0])
        assert body.data == b"abc"
        assert results[0].length is UNKNOWN_LENGTH
        assert live.protocol.state == "QUIESCENT"

    @pytest.mark.parametrize("end", [b"\r\n", b"\n"])
    @pytest.mark.parametrize("fold", [b"", b"%b\tand more"])
    def test_forms_of_heads(self, live: Live, end: bytes, fold: bytes) -> None:
        results = live.ask()
        more = fold % end if fold else b""
        head = [OK, b"Server: x" + more, b"A:  b \t", b"A:", b"Content-Length:0", b"", b""]
        live.protocol.dataReceived(end.join(head))
        assert results[0].headers == Headers(
            {b"server": [b"x" + (b"\tand more" if fold else b"")], b"a": [b"b", b""]}
        )
        assert live.quiescent == [live.protocol]

    def test_until_the_end(self, live: Live) -> None:
        results = live.ask()
        live.send(OK, body=b"all")
        body = deliver(results[0])
        live.lose(ConnectionDone())
        assert body.data == b"all"
        assert body.reason.check(PotentialDataLoss)

    @pytest.mark.parametrize("head", [b"Content-Length: 5", b"Transfer-Encoding: chunked"])
    def test_cut_short(self, live: Live, head: bytes) -> None:
        results = live.ask()
        live.send(OK, head, body=b"3\r\n")
        body = deliver(results[0])
        live.lose(ConnectionDone())
        assert body.reason.check(ResponseFailed)
        assert body.reason.value.response is results[0]

    def test_no_body(self, live: Live) -> None:
        results = live.ask(b"HEAD")
        live.send(OK, b"Content-Length: 10")
        assert results[0].headers.getRawHeaders(b"content-length") == [b"10"]
        assert deliver(results[0]).reason.check(ResponseDone)
        more = live.ask()
        live.send(b"HTTP/1.1 304 Not Modified", b"Content-Length: 10")
        assert more[0].length == 0

    def test_provisional(self, live: Live) -> None:
        results = live.ask()
        live.send(b"HTTP/1.1 103 Early Hints", b"Link: x")
        assert results == []
        live.send(OK, b"Content-Length: 0")
        assert results[0].headers == Headers()

    def test_provisional_without_end(self, live: Live) -> None:
        results = live.ask()
        for _ in range(_parser._MAX_PROVISIONAL + 1):
            live.send(b"HTTP/1.1 100 Continue")
        assert results[0].check(ResponseFailed)
        assert live.transport.disconnecting

    @pytest.mark.parametrize(
        "lines",
        [
            (b"HTTP/1.1",),
            (b"HTTP/1.1 2000 OK",),
            (b"HTTP/1.1 +20 OK",),
            (b"HTTP/x 200 OK",),
            (OK, b"no colon"),
            (OK, b" folded: first"),
            (OK, b"Content-Length: +5"),
            (OK, b"Content-Length: 5x"),
            (OK, b"Content-Length: 5", b"Content-Length: 6"),
            (OK, b"Content-Length: 5, 6"),
            (OK, b"Transfer-Encoding: gzip, chunked"),
            (OK, *(b"a: b" for _ in range(_parser._MAX_HEADERS + 1))),
            (OK, b"a: " + b"x" * _parser._MAX_LINE),
            (OK, *(b"a: " + b"x" * 16000 for _ in range(9))),
        ],
        ids=lambda lines: repr(lines[-1][:30]),
    )
    def test_bad_answer(self, live: Live, lines: tuple[bytes, ...]) -> None:
        results = live.ask()
        live.send(*lines)
        assert live.transport.disconnecting
        live.lose(ConnectionDone())
        assert results[0].check(ResponseFailed)

    def test_head_without_end(self, live: Live) -> None:
        live.ask()
        live.protocol.dataReceived(b"x" * (_parser._MAX_LINE + 1))
        assert live.transport.disconnecting

    def test_bad_chunks(self, live: Live) -> None:
        results = live.ask()
        live.send(OK, b"Transfer-Encoding: chunked", body=b"3\r\nabc\r\nno")
        body = deliver(results[0])
        live.protocol.dataReceived(b"pe\r\n")
        assert body.data == b"abc"
        assert body.reason.check(ResponseFailed)
        assert live.transport.disconnecting

    def test_length_beside_chunks_means_nothing(self, live: Live) -> None:
        results = live.ask()
        live.send(
            OK, b"Content-Length: 1", b"Transfer-Encoding: chunked", body=b"2\r\nab\r\n0\r\n\r\n"
        )
        assert deliver(results[0]).data == b"ab"
        # Who stands between may have believed the length.
        assert live.quiescent == []
        assert live.transport.disconnecting

    def test_nobody_asked(self, live: Live) -> None:
        live.protocol.dataReceived(b"HTTP/1.1 200 OK\r\n\r\n")
        assert live.transport.disconnecting

    def test_more_than_the_answer(self, live: Live) -> None:
        live.ask()
        live.send(OK, b"Content-Length: 1", body=b"aHTTP/1.1 200 OK\r\n\r\n")
        assert live.transport.disconnecting
        assert live.quiescent == []

    @pytest.mark.parametrize(
        ("persistent", "lines", "kept"),
        [
            (True, (OK,), True),
            (False, (OK,), False),
            (True, (OK, b"Connection: x, Close"), False),
            (True, (b"HTTP/1.0 200 OK",), False),
        ],
    )
    def test_kept(self, live: Live, persistent: bool, lines: tuple[bytes, ...], kept: bool) -> None:
        live.ask(persistent=persistent)
        live.send(*lines, b"Content-Length: 0")
        assert bool(live.quiescent) is kept
        assert live.transport.disconnecting is not kept

    def test_next_request_before_the_body_ends(self) -> None:
        live = Live()
        first = live.ask()
        order: list[str] = []

        class Last(Protocol):
            def connectionLost(self, reason: Failure = connectionDone) -> None:
                order.append("body")

        def again(protocol: Any) -> None:
            order.append("quiescent")
            live.second = live.ask()  # type: ignore[attr-defined]

        live.protocol._quiescentCallback = again
        live.send(OK, b"Content-Length: 1")
        first[0].deliverBody(Last())
        live.protocol.dataReceived(b"x")
        assert order == ["quiescent", "body"]
        live.protocol._quiescentCallback = lambda _: None
        live.send(b"HTTP/1.1 404 No", b"Content-Length: 0")
        assert live.second[0].code == 404  # type: ignore[attr-defined]


class TestRequests:
    """What is sent."""

    def test_simple(self, live: Live) -> None:
        live.ask()
        assert live.transport.value() == b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"

    @pytest.mark.parametrize("method", [b"POST", b"PUT"])
    def test_empty_body(self, live: Live, method: bytes) -> None:
        live.ask(method)
        assert b"Content-Length: 0\r\n" in live.transport.value()

    def test_body_of_known_length(self, live: Live) -> None:
        producer = Producer(3)
        live.ask(b"POST", producer)
        producer.consumer.write(b"abc")
        producer.done.callback(None)
        head, _, body = live.transport.value().partition(b"\r\n\r\n")
        assert b"Content-Length: 3" in head
        assert body == b"abc"
        assert live.transport.producer is None

    def test_body_of_unknown_length(self, live: Live) -> None:
        producer = Producer(UNKNOWN_LENGTH)
        live.ask(b"POST", producer)
        for piece in (b"abc", b"", b"x" * 16):
            producer.consumer.write(piece)
        producer.done.callback(None)
        head, _, body = live.transport.value().partition(b"\r\n\r\n")
        assert b"Transfer-Encoding: chunked" in head
        assert body == b"3\r\nabc\r\n10\r\n" + b"x" * 16 + b"\r\n0\r\n\r\n"

    @pytest.mark.parametrize("data", [b"ab", b"abcd"])
    def test_wrong_length(self, live: Live, data: bytes) -> None:
        producer = Producer(3)
        results = live.ask(b"POST", producer)
        producer.consumer.write(data)
        if len(data) < 3:
            producer.done.callback(None)
        else:
            assert producer.stopped
        assert results[0].check(RequestGenerationFailed)
        assert results[0].value.reasons[0].check(WrongBodyLength)
        assert live.transport.disconnecting
        assert data == b"ab" or not live.transport.value().endswith(data)

    def test_body_fails(self, live: Live) -> None:
        producer = Producer(UNKNOWN_LENGTH)
        results = live.ask(b"POST", producer)
        producer.done.errback(ZeroDivisionError())
        assert results[0].check(RequestGenerationFailed)
        assert not live.transport.value().endswith(b"0\r\n\r\n")
        assert live.transport.disconnecting

    def test_lost_while_sending(self, live: Live) -> None:
        producer = Producer(3)
        results = live.ask(b"POST", producer)
        live.lose()
        assert producer.stopped
        assert results[0].check(RequestTransmissionFailed)

    def test_answer_before_the_end_of_the_request(self, live: Live) -> None:
        producer = Producer(10)
        results = live.ask(b"POST", producer)
        live.send(b"HTTP/1.1 413 Too Large", b"Content-Length: 2", body=b"no")
        assert results[0].code == 413
        assert deliver(results[0]).data == b"no"
        assert live.transport.disconnecting
        producer.done.callback(None)
        live.lose(ConnectionDone())

    def test_one_at_a_time(self, live: Live) -> None:
        live.ask()
        (failure,) = live.ask()
        assert failure.check(RequestNotSent)

    def test_lost_before_the_answer(self, live: Live) -> None:
        results = live.ask()
        live.lose()
        assert results[0].check(ResponseNeverReceived)
        assert live.ask()[0].check(RequestNotSent)

    @pytest.mark.parametrize("host", [Headers(), Headers({b"host": [b"a", b"b"]})])
    def test_host(self, host: Headers) -> None:
        with pytest.raises(BadHeaders):
            Request(b"GET", b"/", host, None).writeTo(Transport())

    @pytest.mark.parametrize("bad", [b"", b"GET ", b"G\r\nT", b"G\0T", b"G\xe9T", b"G:T"])
    def test_bad_method(self, bad: bytes) -> None:
        request = Request(b"GET", b"/", HOST, None)
        with pytest.raises(ValueError, match="Invalid method"):
            Request(bad, b"/", HOST, None)
        request.method = bad
        with pytest.raises(ValueError, match="Invalid method"):
            request.writeTo(Transport())

    @pytest.mark.parametrize("bad", [b"", b"/a b", b"/\r\nX: y", b"/\0", b"/\x7f", b"/\xe9"])
    def test_bad_target(self, bad: bytes) -> None:
        request = Request(b"GET", b"/", HOST, None)
        with pytest.raises(ValueError, match="Invalid URI"):
            Request(b"GET", bad, HOST, None)
        request.uri = bad
        with pytest.raises(ValueError, match="Invalid URI"):
            request.writeTo(Transport())


class TestCancelling:
    """Whoever asked does not want the answer any more."""

    def test_before_the_answer(self, live: Live) -> None:
        results = live.ask()
        live.asked.cancel()
        assert results[0].check(ResponseNeverReceived)
        assert results[0].value.reasons[0].check(CancelledError)
        assert live.transport.disconnected
        live.send(OK, b"Content-Length: 0")

    def test_amid_the_answer(self, live: Live) -> None:
        results = live.ask()
        live.protocol.dataReceived(b"HTTP/1.1 ")
        live.asked.cancel()
        assert type(results[0].value) is ResponseFailed
        live.lose()

    @pytest.mark.parametrize("length", [3, UNKNOWN_LENGTH])
    def test_amid_the_request(self, live: Live, length: Any) -> None:
        results = live.ask(b"POST", Producer(length))
        live.asked.cancel()
        assert results[0].check(RequestGenerationFailed)
        assert results[0].value.reasons[0].check(CancelledError)
        live.lose()

    def test_file_that_is_being_sent(self, live: Live) -> None:
        file = io.BytesIO(b"x" * 100)
        calls: list[Callable[[], object]] = []
        cooperator = Cooperator(lambda: lambda: True, calls.append)  # type: ignore[arg-type,return-value]
        results = live.ask(b"POST", FileBodyProducer(file, cooperator, 10))
        calls.pop()()
        live.asked.cancel()
        assert results[0].check(RequestGenerationFailed)
        assert file.closed

    def test_abort(self, live: Live) -> None:
        results = live.ask()
        gone: list[object] = []
        live.protocol.abort().addCallback(gone.append)
        assert live.transport.disconnecting
        live.lose(ConnectionDone())
        assert gone == [None]
        assert results[0].value.reasons[0].check(ConnectionAborted)
        live.protocol.abort().addCallback(gone.append)
        assert len(gone) == 2

    def test_readBody(self, live: Live) -> None:
        results = live.ask()
        live.send(OK, b"Content-Length: 5")
        failures: list[Failure] = []
        body = readBody(results[0])
        body.addErrback(failures.append)
        body.cancel()
        assert live.transport.disconnected
        live.lose()
        assert failures[0].check(ResponseFailed, CancelledError)


class TestBodies:
    """Bodies in one piece, and of files."""

    def test_readBody(self, live: Live) -> None:
        results = live.ask()
        live.send(OK, b"Content-Length: 5", body=b"he")
        bodies: list[bytes] = []
        readBody(results[0]).addCallback(bodies.append)
        live.protocol.dataReceived(b"llo")
        assert bodies == [b"hello"]

    def test_nobody_knows_whether_that_was_all(self, live: Live) -> None:
        results = live.ask()
        live.send(OK, body=b"some")
        failures: list[Failure] = []
        readBody(results[0]).addErrback(failures.append)
        live.lose(ConnectionDone())
        assert failures[0].check(PartialDownloadError)
        assert failures[0].value.response == b"some"

    def test_too_large(self, live: Live) -> None:
        results = live.ask()
        live.send(OK, b"Content-Length: 10", body=b"abc")
        failures: list[Failure] = []
        readBody(results[0], 5).addErrback(failures.append)
        live.protocol.dataReceived(b"def")
        assert live.transport.disconnected
        live.lose()
        assert failures[0].check(client.BodyTooLarge)

    def test_file(self) -> None:
        file = io.BytesIO(b"0123456789")
        file.seek(2)
        calls: list[Callable[[], object]] = []
        cooperator = Cooperator(lambda: lambda: True, calls.append)  # type: ignore[arg-type,return-value]
        producer = FileBodyProducer(file, cooperator, 3)
        assert verifyObject(IBodyProducer, producer)
        assert producer.length == 8
        out, done = io.BytesIO(), []
        producer.startProducing(out).addCallback(done.append)
        calls.pop()()
        producer.pauseProducing()
        producer.resumeProducing()
        while calls:
            calls.pop()()
        assert out.getvalue() == b"23456789"
        assert done == [None]
        assert file.closed
        assert FileBodyProducer(object()).length is UNKNOWN_LENGTH


class Asked:
    """An agent that leaves answers to the test."""

    def __init__(self) -> None:
        self.requests: list[tuple[bytes, bytes, Headers | None, Any]] = []
        self.answers: list[Deferred[Any]] = []

    def request(
        self, method: bytes, uri: bytes, headers: Headers | None = None, bodyProducer: Any = None
    ) -> Deferred[Any]:
        self.requests.append((method, uri, headers, bodyProducer))
        self.answers.append(Deferred())
        return self.answers[-1]

    def answer(self, code: int, **headers: bytes) -> Response:
        """Answer the last request."""
        named = {name.replace("_", "-"): [value.decode()] for name, value in headers.items()}
        response = Response((b"HTTP", 1, 1), code, b"", Headers(named), Transport())
        self.answers.pop().callback(response)
        return response


@pytest.fixture
def asked() -> Asked:
    return Asked()


SECRETS = {
    b"Authorization": [b"me"],
    b"Cookie": [b"a=b"],
    b"Proxy-Authorization": [b"me"],
    b"Host": [b"other"],
    b"X-Token": [b"t"],
    b"Accept": [b"*/*"],
}


class TestRedirects:
    """Answers that say that something is elsewhere."""

    def follow(self, agent: Any, method: bytes = b"GET", headers: Any = None) -> list[Any]:
        results: list[Any] = []
        agent.request(method, b"http://example.org/a/b#f", headers).addBoth(results.append)
        return results

    @pytest.mark.parametrize(
        ("kind", "method", "code", "expected"),
        [
            *((RedirectAgent, b"GET", code, b"GET") for code in (301, 302, 303, 307, 308)),
            *((RedirectAgent, b"HEAD", code, b"HEAD") for code in (301, 302, 307, 308)),
            (RedirectAgent, b"POST", 303, b"GET"),
            *((BrowserLikeRedirectAgent, b"POST", code, b"GET") for code in (301, 302, 303)),
        ],
    )
    def test_followed(
        self, asked: Asked, kind: Any, method: bytes, code: int, expected: bytes
    ) -> None:
        agent = kind(asked)
        assert verifyObject(IAgent, agent)
        results = self.follow(agent, method, Headers({b"x": [b"y"], b"content-type": [b"t"]}))
        first = asked.answer(code, location=b"../c?d")
        assert asked.requests[1][:2] == (expected, b"http://example.org/c?d#f")
        assert asked.requests[1][2].hasHeader(b"content-type") is (expected == method)
        last = asked.answer(200)
        assert results == [last]
        assert last.previousResponse is first

    @pytest.mark.parametrize(
        ("kind", "code"),
        [(RedirectAgent, 301), (RedirectAgent, 307), (BrowserLikeRedirectAgent, 308)],
    )
    def test_not_followed(self, asked: Asked, kind: Any, code: int) -> None:
        results = self.follow(kind(asked), b"POST")
        response = asked.answer(code, location=b"/")
        assert results[0].value.reasons[0].check(error.PageRedirect)
        assert results[0].value.response is response

    def test_relative_to_where_it_was_sent(self, asked: Asked) -> None:
        self.follow(RedirectAgent(asked))
        asked.answer(302, location=b"http://example.com/x/")
        asked.answer(302, location=b"y")
        assert asked.requests[-1][1] == b"http://example.com/x/y#f"

    def test_nowhere(self, asked: Asked) -> None:
        results = self.follow(RedirectAgent(asked))
        asked.answer(302)
        assert results[0].value.reasons[0].check(error.RedirectWithNoLocation)

    def test_without_end(self, asked: Asked) -> None:
        results = self.follow(RedirectAgent(asked, 3))
        for _ in range(4):
            asked.answer(302, location=b"/again")
        assert results[0].value.reasons[0].check(error.InfiniteRedirection)
        assert len(asked.requests) == 4

    @pytest.mark.parametrize("place", [b"file:///etc/passwd", b"ftp://x/", b"javascript:x"])
    def test_other_schemes(self, asked: Asked, place: bytes) -> None:
        results = self.follow(RedirectAgent(asked))
        asked.answer(302, location=place)
        assert results[0].value.reasons[0].check(error.PageRedirect)
        assert len(asked.requests) == 1

    @pytest.mark.parametrize(
        "place",
        [b"http://example.com/", b"https://example.org/", b"http://example.org:81/", b"//evil"],
    )
    def test_credentials_stay(self, asked: Asked, place: bytes) -> None:
        self.follow(
            RedirectAgent(asked, sensitiveHeaderNames=[b"X-Token"]), headers=Headers(SECRETS)
        )
        asked.answer(302, location=place)
        headers = asked.requests[1][2]
        assert headers is not None
        assert headers == Headers({b"accept": [b"*/*"]})

    @pytest.mark.parametrize("place", [b"/x", b"http://EXAMPLE.org:80/x"])
    def test_credentials_go_along(self, asked: Asked, place: bytes) -> None:
        self.follow(RedirectAgent(asked), headers=Headers(SECRETS))
        asked.answer(302, location=place)
        assert asked.requests[1][2] == Headers(SECRETS)

    def test_policy(self, asked: Asked) -> None:
        class Careful(RedirectAgent):
            def mayFollow(self, uri: URI) -> bool:
                return super().mayFollow(uri) and uri.host != b"10.0.0.1"

        results = self.follow(Careful(asked))
        asked.answer(302, location=b"http://10.0.0.1/")
        assert results[0].value.reasons[0].check(error.PageRedirect)


class TestCookies:
    """Cookies that come and go."""

    def test_kept(self, asked: Asked) -> None:
        agent = CookieAgent(asked, CookieJar())
        agent.request(b"GET", b"http://example.org/x")
        assert asked.requests[0][2] == Headers()
        asked.answer(200, set_cookie=b"a=b; Path=/x")
        for uri in (b"http://example.org/x", b"http://example.org/y", b"http://example.com/x"):
            agent.request(b"GET", uri, Headers({b"k": [b"v"]}))
        cookies = [request[2].getRawHeaders(b"cookie") for request in asked.requests[1:]]  # type: ignore[union-attr]
        assert cookies == [[b"a=b"], None, None]

    def test_own_cookie(self, asked: Asked) -> None:
        agent = CookieAgent(asked, CookieJar())
        agent.request(b"GET", b"http://example.org/")
        asked.answer(200, set_cookie=b"a=b")
        own = Headers({b"cookie": [b"mine=1"]})
        agent.request(b"GET", b"http://example.org/", own)
        assert asked.requests[1][2] == own

    def test_secure(self, asked: Asked) -> None:
        agent = CookieAgent(asked, CookieJar())
        agent.request(b"GET", b"https://example.org/")
        asked.answer(200, set_cookie=b"a=b; Secure")
        agent.request(b"GET", b"http://example.org/")
        agent.request(b"GET", b"https://example.org/")
        has = [request[2].hasHeader(b"cookie") for request in asked.requests[1:]]  # type: ignore[union-attr]
        assert has == [False, True]

    def test_of_another_domain(self, asked: Asked) -> None:
        jar = CookieJar()
        CookieAgent(asked, jar).request(b"GET", b"http://example.org/")
        asked.answer(200, set_cookie=b"a=b; Domain=example.com")
        assert list(jar) == []


class TestDecoding:
    """Bodies that were compressed."""

    def response(self, asked: Asked, encoding: bytes) -> tuple[list[Any], Response]:
        agent = ContentDecoderAgent(asked, [(b"gzip", GzipDecoder)])
        results: list[Any] = []
        agent.request(b"GET", b"http://example.org/").addBoth(results.append)
        assert asked.requests[0][2].getRawHeaders(b"accept-encoding") == [b"gzip"]  # type: ignore[union-attr]
        return results, asked.answer(200, content_encoding=encoding)

    def test_gzip(self, asked: Asked) -> None:
        (decoded,), response = self.response(asked, b"gzip")
        assert decoded.length is UNKNOWN_LENGTH
        assert not decoded.headers.hasHeader(b"content-encoding")
        body = deliver(decoded)
        for octet in gzip.compress(b"hello" * 100):
            response._bodyDataReceived(bytes([octet]))
        response._bodyDataFinished()
        assert body.data == b"hello" * 100
        assert body.reason.check(ResponseDone)

    def test_unknown(self, asked: Asked) -> None:
        (decoded,), response = self.response(asked, b"odd, gzip")
        assert decoded is not response
        assert decoded.headers.getRawHeaders(b"content-encoding") == [b"odd"]

    def test_too_many(self, asked: Asked) -> None:
        results, _ = self.response(asked, b"gzip, gzip, gzip")
        assert results[0].check(ResponseFailed)

    def test_bomb(self, asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(GzipDecoder, "maxSize", 2**20)
        monkeypatch.setattr(GzipDecoder, "maxRatio", 10)
        (decoded,), response = self.response(asked, b"gzip")
        body = deliver(decoded)
        with pytest.raises(ResponseFailed):
            response._bodyDataReceived(gzip.compress(b"\0" * 2**24))
        assert len(body.data) <= 2**20

    def test_broken(self, asked: Asked) -> None:
        (decoded,), response = self.response(asked, b"gzip")
        deliver(decoded)
        with pytest.raises(ResponseFailed) as raised:
            response._bodyDataReceived(b"not gzip at all")
        assert raised.value.reasons[0].check(zlib.error)

    def test_broken_over_a_connection(self, live: Live) -> None:
        results = live.ask()
        live.send(OK, b"Content-Length: 100")
        body = deliver(GzipDecoder(results[0]))
        live.protocol.dataReceived(b"not gzip at all")
        assert body.reason.check(ResponseFailed)
        assert live.transport.disconnecting


class Endpoint:
    """Connects in memory."""

    def __init__(self) -> None:
        self.protocols: list[Any] = []

    def connect(self, factory: Any) -> Deferred[Any]:
        protocol = factory.buildProtocol(None)
        protocol.makeConnection(Transport())
        self.protocols.append(protocol)
        return succeed(protocol)


class TestPool:
    """Connections that are kept."""

    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    @pytest.fixture
    def pool(self, clock: Clock) -> HTTPConnectionPool:
        return HTTPConnectionPool(clock)

    def ask(self, pool: HTTPConnectionPool, endpoint: Endpoint) -> list[Any]:
        results: list[Any] = []
        request = Request(b"GET", b"/", HOST, None, True)
        connecting = pool.getConnection("key", endpoint)
        connecting.addCallback(lambda c: c.request(request)).addBoth(results.append)
        return results

    def answered(self, pool: HTTPConnectionPool, endpoint: Endpoint) -> Any:
        results = self.ask(pool, endpoint)
        protocol = endpoint.protocols[-1]
        protocol.dataReceived(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        assert results[0].code == 200
        return protocol

    def test_used_again(self, pool: HTTPConnectionPool) -> None:
        endpoint = Endpoint()
        assert self.answered(pool, endpoint) is self.answered(pool, endpoint)
        assert len(endpoint.protocols) == 1

    def test_closed_when_idle(self, pool: HTTPConnectionPool, clock: Clock) -> None:
        protocol = self.answered(pool, Endpoint())
        clock.advance(pool.cachedConnectionTimeout - 1)
        assert not protocol.transport.disconnecting
        clock.advance(1)
        assert protocol.transport.disconnecting

    def test_not_too_many(self, pool: HTTPConnectionPool) -> None:
        endpoint = Endpoint()
        for _ in range(3):
            self.ask(pool, endpoint)
        for protocol in endpoint.protocols:
            protocol.dataReceived(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        closed = [protocol.transport.disconnecting for protocol in endpoint.protocols]
        assert closed == [True, False, False]

    def test_asked_once_more(self, pool: HTTPConnectionPool) -> None:
        endpoint = Endpoint()
        stale = self.answered(pool, endpoint)
        results = self.ask(pool, endpoint)
        stale.connectionLost(Failure(ConnectionLost()))
        assert len(endpoint.protocols) == 2
        endpoint.protocols[1].dataReceived(b"HTTP/1.1 204 No\r\n\r\n")
        assert results[0].code == 204

    def test_not_asked_once_more(self, pool: HTTPConnectionPool) -> None:
        endpoint = Endpoint()
        stale = self.answered(pool, endpoint)
        results = self.ask(pool, endpoint)
        stale.dataReceived(b"HTTP/1.1 2")
        stale.connectionLost(Failure(ConnectionLost()))
        assert results[0].check(ResponseFailed)
        assert len(endpoint.protocols) == 1

    def test_ended_while_kept(self, pool: HTTPConnectionPool) -> None:
        endpoint = Endpoint()
        self.answered(pool, endpoint).connectionLost(Failure(ConnectionLost()))
        self.ask(pool, endpoint)
        assert len(endpoint.protocols) == 2

    def test_closed(self, pool: HTTPConnectionPool, clock: Clock) -> None:
        protocol = self.answered(pool, Endpoint())
        closed: list[object] = []
        pool.closeCachedConnections().addCallback(closed.append)
        assert closed == []
        protocol.connectionLost(Failure(ConnectionDone()))
        assert closed == [None]
        assert clock.getDelayedCalls() == []


class TestURI:
    """URLs in parts."""

    @pytest.mark.parametrize(
        ("uri", "host", "port", "form"),
        [
            (b"http://example.org", b"example.org", 80, b"/"),
            (b"https://example.org:8443/a;b?c=d#e", b"example.org", 8443, b"/a;b?c=d"),
            (b"https://example.org/", b"example.org", 443, b"/"),
            (b"http://[::1]:81/x", b"::1", 81, b"/x"),
            (b"http://[::1]/x", b"::1", 80, b"/x"),
            (b" http://h?q ", b"h", 80, b"/?q"),
        ],
    )
    def test_parts(self, uri: bytes, host: bytes, port: int, form: bytes) -> None:
        parts = URI.fromBytes(uri)
        assert (parts.host, parts.port, parts.originForm) == (host, port, form)
        assert parts.toBytes() == uri.strip()


class TestAgents:
    """Asking servers."""

    def test_no_text(self) -> None:
        agent = Agent(Clock())
        with pytest.raises(TypeError):
            agent.request("GET", b"http://example.org/")  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            agent.request(b"GET", "http://example.org/")  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="Invalid URI"):
            agent.request(b"GET", b"http://example.org/\r\nX: y")

    def test_schemes(self) -> None:
        failures: list[Failure] = []
        Agent(Clock()).request(b"GET", b"ftp://example.org/").addErrback(failures.append)
        assert failures[0].check(error.SchemeNotSupported)

    @pytest.mark.parametrize(
        ("uri", "host"),
        [
            (b"http://example.org/", b"example.org"),
            (b"http://example.org:81/", b"example.org:81"),
            (b"https://example.org:443/", b"example.org"),
            (b"http://[::1]:8080/", b"[::1]:8080"),
        ],
    )
    def test_host(self, uri: bytes, host: bytes) -> None:
        endpoint = Endpoint()

        class Always:
            def endpointForURI(self, uri: URI) -> Any:
                return endpoint

        headers = Headers()
        Agent.usingEndpointFactory(Clock(), Always()).request(b"GET", uri, headers)
        assert b"\r\nHost: " + host + b"\r\n" in endpoint.protocols[0].transport.value()
        assert headers == Headers()

    def test_proxy(self) -> None:
        endpoint = Endpoint()
        ProxyAgent(endpoint, Clock()).request(b"GET", b"http://example.org/x?y")
        sent = endpoint.protocols[0].transport.value()
        assert sent.startswith(b"GET http://example.org/x?y HTTP/1.1\r\n")
        assert b"Host: example.org\r\n" in sent

    def test_policies_are_kept(self) -> None:
        made: list[bytes] = []

        class Policy(BrowserLikePolicyForHTTPS):
            def creatorForNetloc(self, hostname: bytes, port: int) -> Any:
                made.append(hostname)
                return object()

        policy = HostnameCachingHTTPSPolicy(Policy(), 2)
        for host in (b"a", b"b", b"a", b"c", b"a", b"b"):
            policy.creatorForNetloc(host, 443)
        assert made == [b"a", b"b", b"c", b"b"]

    def test_deprecated_context_factory(self) -> None:
        with pytest.warns(DeprecationWarning, match="BrowserLikePolicyForHTTPS"):
            factory = client.WebClientContextFactory
        with pytest.warns(DeprecationWarning, match="IPolicyForHTTPS"):
            Agent(Clock(), factory())


def test_parser_takes_text_that_is_not_http() -> None:
    parser = _parser.HTTPClientParser(Request(b"GET", b"/", HOST, None), lambda _: None)
    parser.makeConnection(Transport())
    with pytest.raises(ParseError):
        parser.dataReceived(b"SSH-2.0-OpenSSH\r\n")


class TestOverTCP:
    """With a server of this package."""

    @pytest.fixture
    def serve(self, network: Any) -> Any:
        class Echo(Resource):
            isLeaf = True

            def render(self, request: Any) -> bytes:
                request.setHeader(b"x-method", request.method)
                return request.content.read() or b"x" * 1_000_000  # type: ignore[no-any-return]

        url = network.listen(Echo())
        return network.reactor, url, network.wait, network.port

    def test_get_and_post(self, serve: Any) -> None:
        reactor, url, wait, _ = serve
        pool = HTTPConnectionPool(reactor)
        agent = Agent(reactor, pool=pool)
        for _ in range(3):
            response = wait(agent.request(b"GET", url))
            assert len(wait(readBody(response))) == 1_000_000
            body = FileBodyProducer(
                io.BytesIO(b"y" * 300_000),
                Cooperator(scheduler=lambda call: reactor.callLater(0, call)),
            )
            response = wait(agent.request(b"POST", url, None, body))
            assert response.headers.getRawHeaders(b"x-method") == [b"POST"]
            assert wait(readBody(response)) == b"y" * 300_000
        assert reactor.metrics.connected == 1
        wait(pool.closeCachedConnections())

    def test_body_is_read_as_fast_as_it_is_wanted(self, serve: Any) -> None:
        reactor, url, wait, _ = serve
        response = wait(Agent(reactor).request(b"GET", url))
        before = reactor.metrics.bytesReceived
        for _ in range(20):
            reactor.iterate(0.001)
        assert reactor.metrics.bytesReceived == before
        assert len(wait(readBody(response))) == 1_000_000

    def test_refused(self, serve: Any) -> None:
        reactor, url, wait, port = serve
        wait(port.stopListening())
        assert isinstance(wait(Agent(reactor).request(b"GET", url)), ConnectionRefusedError)
