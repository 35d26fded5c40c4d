"""Tests of `twisted.web.proxy`."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.protocol import ClientFactory, Factory, Protocol, connectionDone
from twisted.internet.task import Clock, Cooperator
from twisted.python.failure import Failure
from twisted.web import http
from twisted.web.client import Agent, FileBodyProducer, ProxyAgent, readBody
from twisted.web.http_headers import Headers
from twisted.web.proxy import Proxy, ProxyClientFactory, ReverseProxy, ReverseProxyResource
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site


class Tell(Resource):
    """Tells what it was asked."""

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[Any] = []

    def render(self, request: Any) -> Any:
        if request.path.endswith(b"/endless"):
            self.requests.append(request)
            request.write(b"x" * 100)
            return NOT_DONE_YET
        request.setResponseCode(203, b"Told")
        request.setHeader(b"content-type", b"application/json")
        request.responseHeaders.setRawHeaders(b"x-many", [b"1", b"2"])
        request.setHeader(b"keep-alive", b"between us")
        headers = {
            name.decode().lower(): [value.decode() for value in values]
            for name, values in request.requestHeaders.getAllRawHeaders()
        }
        body = request.content.read().decode()
        return json.dumps([request.method.decode(), request.uri.decode(), headers, body]).encode()


class Ways:
    """A server, and ways to it."""

    def __init__(self, network: Any) -> None:
        self.network = network
        self.tell = Tell()
        self.url = network.listen(self.tell)
        self.port = network.port.getHost().port

    def listen(self, factory: Any) -> int:
        """Listen with a factory; gives the port."""
        listening = self.network.reactor.listenTCP(0, factory, interface="127.0.0.1")
        return int(listening.getHost().port)

    def ask(self, agent: Any, url: bytes, body: bytes | None = None, **kw: bytes) -> Any:
        """Make a request; gives the answer and its body."""
        reactor = self.network.reactor
        cooperator = Cooperator(scheduler=lambda call: reactor.callLater(0, call))
        producer = None if body is None else FileBodyProducer(io.BytesIO(body), cooperator)
        headers = Headers({name.replace("_", "-"): [v.decode()] for name, v in kw.items()})
        method = b"GET" if body is None else b"POST"
        response = self.network.wait(agent.request(method, url, headers, producer))
        return response, self.network.wait(readBody(response))


@pytest.fixture
def ways(network: Any) -> Ways:
    return Ways(network)


def through(ways: Ways) -> Any:
    """An agent that asks through a proxy."""
    factory = http.HTTPFactory(reactor=ways.network.reactor)
    factory.log = lambda request: None  # type: ignore[method-assign]

    def request(channel: Any) -> Any:
        return Proxy.requestFactory(channel, reactor=ways.network.reactor)

    class Channel(Proxy):
        requestFactory = staticmethod(request)

    factory.protocol = Channel
    endpoint = TCP4ClientEndpoint(ways.network.reactor, "127.0.0.1", ways.listen(factory))
    return ProxyAgent(endpoint, ways.network.reactor)


def reverse(ways: Ways, port: int | None = None) -> bytes:
    """The URL of a resource that is on the server."""
    reactor = ways.network.reactor
    root = Resource()
    there = ReverseProxyResource("127.0.0.1", port or ways.port, b"/base", reactor)
    root.putChild(b"away", there)
    return b"http://127.0.0.1:%d/" % ways.listen(Site(root, reactor=reactor))


def test_proxy(ways: Ways) -> None:
    response, body = ways.ask(through(ways), ways.url + b"a%20b?c=d", b"the body", x_y=b"z")
    method, uri, headers, came = json.loads(body)
    assert (method, uri, came) == ("POST", "/a%20b?c=d", "the body")
    assert headers["host"] == [f"127.0.0.1:{ways.port}"]
    assert headers["x-y"] == ["z"]
    assert (response.code, response.phrase) == (203, b"Told")
    assert response.headers.getRawHeaders(b"x-many") == [b"1", b"2"]
    assert response.headers.getRawHeaders(b"content-type") == [b"application/json"]
    assert not response.headers.hasHeader(b"keep-alive")


def test_headers_between_neighbours(ways: Ways) -> None:
    _, body = ways.ask(
        through(ways),
        ways.url,
        te=b"trailers",
        proxy_authorization=b"secret",
        connection=b"x-private",
        x_private=b"1",
    )
    headers = json.loads(body)[2]
    assert headers["connection"] == ["close"]
    assert not {"te", "proxy-authorization", "x-private"} & set(headers)


@pytest.mark.parametrize("url", [b"ftp://h/", b"https://h/", b"http:///x", b"http://h:99999/"])
def test_proxy_does_not_know(ways: Ways, url: bytes) -> None:
    assert ways.ask(through(ways), url)[0].code == 501


def test_reverse_resource(ways: Ways) -> None:
    agent = Agent(ways.network.reactor)
    _, body = ways.ask(
        agent, reverse(ways) + b"away/a%2Fb/c?d=e", b"body", x_forwarded_for=b"192.0.2.1"
    )
    method, uri, headers, came = json.loads(body)
    assert (method, uri, came) == ("POST", "/base/a%2Fb/c?d=e", "body")
    assert headers["host"] == [f"127.0.0.1:{ways.port}"]
    assert headers["x-forwarded-for"] == ["192.0.2.1, 127.0.0.1"]
    assert headers["x-forwarded-proto"] == ["http"]
    assert headers["x-forwarded-host"][0].startswith("127.0.0.1:")
    assert json.loads(ways.ask(agent, reverse(ways) + b"away")[1])[1] == "/base"


def test_body_in_chunks(ways: Ways) -> None:
    """A body of unknown length goes on with its length; so do cookies in several headers."""
    received = bytearray()
    whole: Deferred[None] = Deferred()

    class Client(Protocol):
        def connectionMade(self) -> None:
            self.transport.write(  # type: ignore[union-attr]
                b"POST /away HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\n"
                b"Cookie: a=b\r\nCookie: c=d\r\nTransfer-Encoding: chunked\r\n\r\n"
                b"4\r\nbody\r\n0\r\n\r\n"
            )

        def dataReceived(self, data: bytes) -> None:
            received.extend(data)

        def connectionLost(self, reason: Failure = connectionDone) -> None:
            whole.callback(None)

    port = int(reverse(ways).rpartition(b":")[2].rstrip(b"/"))
    factory = ClientFactory.forProtocol(Client)
    ways.network.reactor.connectTCP("127.0.0.1", port, factory)
    ways.network.wait(whole)
    _, _, headers, came = json.loads(received.rpartition(b"\r\n\r\n")[2])
    assert came == "body"
    assert headers["content-length"] == ["4"]
    assert headers["cookie"] == ["a=b; c=d"]
    assert not {"transfer-encoding", "expect"} & set(headers)


class Taking(Protocol):
    """A server that reads what it is told to."""

    def connectionMade(self) -> None:
        self.factory.made.append(self)  # type: ignore[union-attr]
        self.received = bytearray()
        self.transport.pauseProducing()  # type: ignore[union-attr]

    def dataReceived(self, data: bytes) -> None:
        self.received += data


class Sending(Protocol):
    """A client that sends what it is told to."""

    def __init__(self) -> None:
        self.received = bytearray()

    def dataReceived(self, data: bytes) -> None:
        self.received += data


def uploading(ways: Ways, head: bytes) -> tuple[Any, Sending, list[Any]]:
    """A client that has begun to send a body through a site that is on another server."""
    taking: Any = Factory.forProtocol(Taking)
    taking.made = []
    reactor = ways.network.reactor
    there = ReverseProxyResource("127.0.0.1", ways.listen(taking), b"", reactor)
    port = ways.listen(Site(there, reactor=reactor))
    sending = Sending()
    ways.network.wait(connectProtocol(TCP4ClientEndpoint(reactor, "127.0.0.1", port), sending))
    sending.transport.write(b"POST / HTTP/1.1\r\nHost: x\r\n" + head)  # type: ignore[union-attr]

    def until(condition: Any) -> None:
        for _ in range(4000):
            if condition():
                return
            reactor.iterate(0.002)
        raise AssertionError("it did not happen")

    return until, sending, taking.made


def test_body_as_it_comes(ways: Ways) -> None:
    """A large body goes on before it is there, no faster than it is taken, and the answer after."""
    size = 50_000_000
    until, sending, made = uploading(ways, b"Content-Length: %d\r\n\r\nbegin" % size)
    until(lambda: made)
    made[0].transport.resumeProducing()
    until(lambda: made[0].received.endswith(b"\r\n\r\nbegin"))
    made[0].transport.pauseProducing()
    sending.transport.write(bytes(size - 5))  # type: ignore[union-attr]
    for _ in range(200):
        ways.network.reactor.iterate(0)
    # Most of it has not left the client, for nobody takes it.
    assert sending.transport.unsentSize > size // 2  # type: ignore[union-attr]
    made[0].transport.resumeProducing()
    until(lambda: made[0].received.endswith(bytes(1000)) and len(made[0].received) > size)
    made[0].transport.write(b"HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\ndone")
    until(lambda: sending.received.endswith(b"done"))


def test_body_that_breaks_off(ways: Ways) -> None:
    """A body of which the rest does not come is no whole one to the other server."""
    until, sending, made = uploading(ways, b"Content-Length: 100\r\n\r\nbegin")
    until(lambda: made)
    lost: list[Any] = []
    made[0].connectionLost = lost.append
    made[0].transport.resumeProducing()
    until(lambda: made[0].received.endswith(b"begin"))
    sending.transport.abortConnection()  # type: ignore[union-attr]
    until(lambda: lost)


def test_early_answer(ways: Ways) -> None:
    """An answer before the end of the body reaches the client, and the rest goes nowhere."""
    until, sending, made = uploading(ways, b"Content-Length: 100\r\n\r\nbegin")
    until(lambda: made)
    made[0].transport.write(b"HTTP/1.0 403 No\r\nContent-Length: 2\r\n\r\nno")
    until(lambda: sending.received.endswith(b"no"))
    assert sending.received.startswith(b"HTTP/1.1 403 No\r\n")
    made[0].transport.resumeProducing()
    until(lambda: made[0].transport.disconnected)
    sending.transport.write(bytes(95))  # type: ignore[union-attr]
    sending.transport.loseConnection()  # type: ignore[union-attr]
    until(lambda: sending.transport.disconnected)  # type: ignore[union-attr]


def test_chunks_to_the_root(ways: Ways) -> None:
    """A body in chunks is gathered first: the other server is told its length."""
    until, sending, made = uploading(ways, b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
    sending.transport.write(b"0\r\n\r\n")  # type: ignore[union-attr]
    until(lambda: made)
    made[0].transport.resumeProducing()
    until(lambda: made[0].received.endswith(b"\r\n\r\nabc"))
    assert b"content-length: 3\r\n" in made[0].received


def test_own_client() -> None:
    """Programs with clients of their own get bodies whole, as ever."""

    class Own(ReverseProxyResource):
        proxyClientFactoryClass = type("F", (ProxyClientFactory,), {})

    reactor = Clock()
    assert ReverseProxyResource("h", 1, b"", reactor).streamsBody
    assert not Own("h", 1, b"", reactor).streamsBody


def test_reverse_proxy(ways: Ways) -> None:
    class ToServer(http.HTTPFactory):
        protocol = ReverseProxy
        host = "127.0.0.1"
        port = ways.port

    factory = ToServer(reactor=ways.network.reactor)
    factory.log = lambda request: None  # type: ignore[method-assign]

    class Channel(ReverseProxy):
        @staticmethod
        def requestFactory(channel: Any) -> Any:
            return ReverseProxy.requestFactory(channel, reactor=ways.network.reactor)

    factory.protocol = Channel
    url = b"http://127.0.0.1:%d/x?y" % ways.listen(factory)
    _, body = ways.ask(Agent(ways.network.reactor), url)
    assert json.loads(body)[1] == "/x?y"


def test_server_that_is_not_there(ways: Ways) -> None:
    url = reverse(ways, 1)
    response, body = ways.ask(Agent(ways.network.reactor), url + b"away")
    assert (response.code, response.phrase) == (501, b"Gateway error")
    assert body == b"<H1>Could not connect</H1>"


@pytest.mark.parametrize(
    ("said", "code", "whole"),
    [
        (b"", 501, True),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 10\r\n\r\nhalf", 200, False),
        (b"HTTP/1.0 200 OK\r\n\r\nall", 200, True),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 501, True),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab", 501, True),
        (b"HTTP/1.0 200 OK\r\nContent-Length: +1\r\n\r\na", 501, True),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 1,1\r\n\r\na", 501, True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", 501, True),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 501, True),
        (b"HTTP/1.0 2x0 OK\r\n\r\n", 501, True),
        (b"HTTP/1.0 0200 OK\r\n\r\n", 501, True),
        (b"HTTP/1.0 200 O\rK\r\n\r\n", 501, True),
        (b"HTTP/1.0 200 OK\r\nX-A: a\rSet-Cookie: b\r\n\r\n", 501, True),
        (b"HTTP/1.0 200 OK\r\nX A: a\r\n\r\n", 501, True),
        (b"HTTP/1.0 200 OK\r\n" + b"X-A: b\r\n" * 20_000 + b"\r\n", 501, True),
        (b"HTTP/1.0 200 OK\r\nX-A: " + b"b" * 100_000 + b"\r\n\r\n", 501, True),
    ],
)
def test_server_that_hangs_up(ways: Ways, said: bytes, code: int, whole: bool) -> None:
    class Rude(Protocol):
        def dataReceived(self, data: bytes) -> None:
            self.transport.write(said)  # type: ignore[union-attr]
            self.transport.loseConnection()  # type: ignore[union-attr]

    url = reverse(ways, ways.listen(Factory.forProtocol(Rude)))
    response, body = ways.ask(Agent(ways.network.reactor), url + b"away")
    assert response.code == code
    assert isinstance(body, bytes) is whole


def test_client_that_leaves(ways: Ways) -> None:
    reactor = ways.network.reactor
    asking = Agent(reactor).request(b"GET", reverse(ways) + b"away/endless")
    response = ways.network.wait(asking)
    left: list[Any] = []
    ways.tell.requests[0].notifyFinish().addErrback(left.append)
    response._transport.abortConnection()
    for _ in range(2000):
        if left:
            break
        reactor.iterate(0.002)
    assert left
