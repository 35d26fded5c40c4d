"""Tests of clients of HTTP/2 over TLS, with this project's server, over the loopback network."""

from __future__ import annotations

from typing import Any

import pytest

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.error import ConnectionLost
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.ssl import Certificate, PrivateCertificate
from twisted.web._client._bodies import BytesBodyProducer
from twisted.web.client import (
    Agent,
    BrowserLikePolicyForHTTPS,
    HTTP2ConnectionPool,
    HTTPConnectionPool,
    ResponseNeverReceived,
    readBody,
)
from twisted.web.httpclient import Client
from twisted.web.resource import Resource
from twisted.web.server import Site


class Counting(Site):
    """A site that counts its connections, and may speak HTTP/1.1 alone."""

    connections = 0
    offered = (b"h2", b"http/1.1")

    def buildProtocol(self, addr: Any) -> Any:
        self.connections += 1
        return super().buildProtocol(addr)

    def acceptableProtocols(self) -> list[bytes]:
        return list(self.offered)


class Echo(Resource):
    """Says what it was sent, and how."""

    isLeaf = True

    def render_GET(self, request: Any) -> bytes:
        return request.clientproto + b" " + request.uri

    def render_POST(self, request: Any) -> bytes:
        return bytes(request.content.read())


@pytest.fixture
def secure(network, certificate):
    """Serve over TLS; gives a function that does so, an agent's policy, and asks."""

    class Secure:
        def __init__(self) -> None:
            self.site = Counting(Echo(), reactor=network.reactor)
            self.listen(self.site)
            original = PrivateCertificate.loadPEM(certificate.read_bytes()).original
            self.policy = BrowserLikePolicyForHTTPS(trustRoot=Certificate(original))
            self.pool = HTTP2ConnectionPool(network.reactor)
            self.agent = Agent(network.reactor, self.policy, pool=self.pool)

        def listen(self, factory: Any) -> None:
            pair = PrivateCertificate.loadPEM(certificate.read_bytes())
            port = network.reactor.listenSSL(0, factory, pair.options(), interface="127.0.0.1")
            self.url = b"https://localhost:%d/" % port.getHost().port

        def ask(self, path: bytes = b"", method: bytes = b"GET", body: Any = None) -> Deferred[Any]:
            asked = self.agent.request(method, self.url + path, None, body)
            return asked.addCallback(readBody)

        def wait(self, *asked: Deferred[Any]) -> Any:
            return network.wait(gatherResults(asked, consumeErrors=True))

    made = Secure()
    yield made
    network.wait(made.pool.close())


def test_many_share_one(secure):
    """Servers that speak HTTP/2 are asked so, and requests share a connection."""
    bodies = secure.wait(*[secure.ask(b"%d" % number) for number in range(200)])
    assert bodies == [b"HTTP/2 /%d" % number for number in range(200)]
    assert secure.site.connections == 1


def test_others(secure):
    """Others are asked by HTTP/1.1, over connections of their own."""
    secure.site.offered = (b"http/1.1",)
    for _ in range(2):
        bodies = secure.wait(*[secure.ask() for _ in range(5)])
        assert bodies == [b"HTTP/1.1 /"] * 5
    assert secure.site.connections > 1


def test_no_agreement(secure):
    """So are those that agree on nothing."""
    secure.site.offered = ()
    assert secure.wait(secure.ask()) == [b"HTTP/1.1 /"]


def test_one_that_learns(secure):
    """A server may speak HTTP/2 later: then it is asked so."""
    secure.site.offered = (b"http/1.1",)
    assert secure.wait(secure.ask()) == [b"HTTP/1.1 /"]
    secure.site.offered = (b"h2",)
    secure.pool.closeCachedConnections()
    assert secure.wait(secure.ask(), secure.ask()) == [b"HTTP/2 /"] * 2


def test_large_bodies(secure):
    """Bodies of any size go both ways, side by side."""
    sent = [bytes([number]) * 1_000_000 for number in range(5)]
    asked = [secure.ask(b"", b"POST", BytesBodyProducer(body)) for body in sent]
    assert secure.wait(*asked) == sent
    assert secure.site.connections == 1


def test_distrust(secure):
    """A server that does not prove who it is is not asked, by any of those who wait for it."""
    secure.agent = Agent(secure.pool._reactor, pool=secure.pool)
    problem = secure.wait(secure.ask(), secure.ask())
    assert problem.subFailure.check(ResponseNeverReceived)


def test_hanging_up(secure, network):
    """A server that hangs up in the handshake, or behind it, answers nothing."""

    class Silent(Protocol):
        def dataReceived(self, data: bytes) -> None:
            self.transport.loseConnection()

    secure.listen(Factory.forProtocol(Silent))
    problem = secure.wait(secure.ask())
    assert problem.subFailure.check(ResponseNeverReceived)
    port = network.reactor.listenTCP(0, Factory.forProtocol(Silent), interface="127.0.0.1")
    secure.url = b"https://localhost:%d/" % port.getHost().port
    problem = secure.wait(secure.ask(), secure.ask())
    assert problem.subFailure.check(ResponseNeverReceived, ConnectionLost)


def test_drain(secure, network):
    """A server that drains finishes what it has; what comes later goes over a new connection."""
    assert secure.wait(secure.ask()) == [b"HTTP/2 /"]
    assert network.wait(secure.site.drain(1)) is None
    secure.site = Counting(Echo(), reactor=network.reactor)
    url, _ = secure.url, secure.listen(secure.site)
    assert url != secure.url
    assert secure.wait(secure.ask()) == [b"HTTP/2 /"]


def test_plain_agents_stay(secure, network):
    """An agent without such a pool speaks HTTP/1.1, as ever."""
    pool = HTTPConnectionPool(network.reactor)
    secure.agent = Agent(network.reactor, secure.policy, pool=pool)
    assert secure.wait(secure.ask()) == [b"HTTP/1.1 /"]
    network.wait(pool.close())


@pytest.mark.parametrize("http2", [True, False])
def test_client(secure, network, http2):
    """The client for coroutines offers HTTP/2 unless it is told not to."""
    expected = "HTTP/2 /" if http2 else "HTTP/1.1 /"
    options = {} if http2 else {"http2": False}

    async def main() -> list[str]:
        async with Client(network.reactor, policy=secure.policy, **options) as client:
            url = secure.url.decode()
            asked = [client.get(url) for _ in range(20)]
            return [await (await each).text() for each in asked]

    assert network.wait(Deferred.fromCoroutine(main())) == [expected] * 20
    assert (secure.site.connections == 1) is http2
