"""Tests of the WebSocket client over HTTP/2 (RFC 8441), with this project's server."""

from __future__ import annotations

from typing import Any

import pytest
from zope.interface import directlyProvides, implementer

from twisted.internet.defer import CancelledError, Deferred, TimeoutError, succeed
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import ISSLTransport
from twisted.internet.protocol import Protocol
from twisted.internet.ssl import Certificate, PrivateCertificate
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.web._client._errors import StreamRefused
from twisted.web._h2._frames import Code, Setting, frame, goaway_frame, settings_frame
from twisted.web.client import (
    BrowserLikePolicyForHTTPS,
    RequestGenerationFailed,
    ResponseNeverReceived,
    StreamReset,
    readBody,
)
from twisted.web.iweb import IAgentEndpointFactory
from twisted.web.server import Site
from twisted.web.websocket import (
    ConnectionRejected,
    WebSocketClientEndpoint,
    WebSocketClientFactory,
    WebSocketProtocol,
    WebSocketResource,
    WebSocketServerFactory,
)

ALLOWED = settings_frame({Setting.ENABLE_CONNECT_PROTOCOL: 1})


class Peer(WebSocketProtocol):
    """Keeps what comes; a server's sends it back."""

    def __init__(self, isClient: bool) -> None:
        self.isClient = isClient
        self.messages: list[Any] = []
        self.lost: Any = None

    def negotiationStarted(self, transport: Any) -> None:
        self.transport = transport

    def negotiationFinished(self) -> None:
        self.transport.sendTextMessage("hello")

    def textMessageReceived(self, message: str) -> None:
        self.messages.append(message)

    def bytesMessageReceived(self, data: bytes) -> None:
        self.messages.append(data)
        if not self.isClient:
            self.transport.sendBytesMessage(data)

    def connectionLost(self, reason: Failure) -> None:
        assert self.lost is None
        self.lost = reason


class Peers(WebSocketServerFactory[Any], WebSocketClientFactory[Any]):
    """Keeps the protocols that it makes."""

    def __init__(self) -> None:
        self.made: list[Peer] = []

    def buildProtocol(self, request: Any) -> Any:
        self.made.append(Peer(isinstance(request, str)))
        return self.made[-1]


class Producer:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def pauseProducing(self) -> None:
        self.told.append("pause")

    def resumeProducing(self) -> None:
        self.told.append("resume")

    def stopProducing(self) -> None:
        self.told.append("stop")


class Wire(StringTransport):
    """One end of a connection in memory."""

    aborted = False

    def abortConnection(self) -> None:
        self.aborted = self.disconnecting = True

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Nothing is delayed."""


class Says(Protocol):
    """A server that says what a test wants, and keeps what it is told."""

    def __init__(self, first: bytes = b"") -> None:
        self.first = first
        self.data = b""

    def connectionMade(self) -> None:
        self.transport.write(self.first)  # type: ignore[union-attr]

    def dataReceived(self, data: bytes) -> None:
        self.data += data

    def resets(self) -> list[int]:
        """The codes with which the client has reset its stream."""
        head = frame(3, 0, 1, b"1234")[:9]
        return [int.from_bytes(rest[:4], "big") for rest in self.data.split(head)[1:]]


class Link:
    """A connection in memory, and both its ends."""

    def __init__(self, client: Any, server: Any, agreed: bytes | None) -> None:
        self.ends = (client, server)
        self.wires = Wire(), Wire()
        self.lost = False
        if agreed is not None:
            directlyProvides(self.wires[0], ISSLTransport)
            self.wires[0].negotiatedProtocol = agreed
        server.makeConnection(self.wires[1])
        client.makeConnection(self.wires[0])
        if agreed:
            client.handshakeCompleted()

    def flush(self) -> bool:
        """Have arrive what was sent; gives whether there was anything."""
        moved = False
        for wire, receiver in zip(self.wires, reversed(self.ends), strict=True):
            data = wire.value()
            wire.clear()
            if data and not self.lost and not wire.aborted:
                moved = True
                receiver.dataReceived(data)
        if any(wire.disconnecting for wire in self.wires) and not moved:
            moved = not self.lost
            self.lose(ConnectionDone())
        return moved

    def lose(self, reason: Exception) -> None:
        """Break the connection."""
        if not self.lost:
            self.lost = True
            for end in self.ends:
                end.connectionLost(Failure(reason))


@implementer(IAgentEndpointFactory)
class World:
    """
    A client's endpoint, and the site that it connects to.

    @ivar agreed: what TLS agrees on; empty if its handshake does not end.
    @ivar servers: servers of the next connections, other than the site.
    """

    def __init__(self) -> None:
        self.clock = Clock()
        self.clients, self.sockets = Peers(), Peers()
        self.resource = WebSocketResource(self.sockets)
        self.site = Site(self.resource, reactor=self.clock)
        self.endpoint = WebSocketClientEndpoint(self, "wss://example.org/chat?x=1")
        self.endpoint.http2 = True
        self.endpoint._reactor = self.clock
        self.agreed: bytes | None = b"h2"
        self.servers: list[Any] = []
        self.links: list[Link] = []
        self.offers: list[Any] = []
        self.results: list[Any] = []

    def endpointForURI(self, uri: Any) -> Any:
        assert uri.scheme in (b"http", b"https")
        return self

    def connect(self, factory: Any) -> Deferred[Any]:
        protocol = factory.buildProtocol(None)
        server = self.servers.pop(0) if self.servers else self.site.buildProtocol(None)
        offered = getattr(factory, "acceptableProtocols", list)()
        self.offers.append(offered)
        agreed = self.agreed if offered or self.agreed is None else b"http/1.1"
        if agreed == b"http/1.1" and not offered:
            # What speaks HTTP/1.1 only does not wait for the handshake.
            agreed = None
        self.links.append(Link(protocol, server, agreed))
        return succeed(protocol)

    def ask(self) -> Deferred[Any]:
        """Ask for a connection; what comes of it is in `results`."""
        asked = self.endpoint.connect(self.clients)
        asked.addBoth(self.results.append)
        self.flush()
        return asked

    def open(self) -> tuple[Peer, Peer]:
        """Both sides of a new connection."""
        self.ask()
        assert self.results == [self.clients.made[0]]
        return self.clients.made[0], self.sockets.made[0]

    def says(self, first: bytes = b"") -> Says:
        """Ask a server that says something."""
        server = Says(first)
        self.servers.append(server)
        self.ask()
        return server

    def flush(self) -> None:
        """Have everything arrive."""
        moved = [True]
        while any(moved):
            self.clock.advance(0)
            moved = [link.flush() for link in self.links]

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.advance(seconds)
        self.flush()

    @property
    def stream(self) -> Any:
        """The client's stream."""
        return self.clients.made[0].transport._transport


@pytest.fixture
def world():
    """A `World`; in the end, nothing of it is left."""
    made = World()
    yield made
    for link in made.links:
        link.lose(ConnectionLost())
    assert made.clock.getDelayedCalls() == []


def test_request(world):
    """The request is an extended CONNECT, without what is about a connection of HTTP/1.1."""
    log: list[Any] = []
    world.site.log = log.append
    world.endpoint.headers.setRawHeaders(b"x-y", [b"z"])
    world.open()
    assert world.offers == [[b"h2", b"http/1.1"]]
    (request,) = log
    assert (request.method, request.uri, request.code) == (b"CONNECT", b"/chat?x=1", 200)
    headers = dict(request.requestHeaders.getAllRawHeaders())
    assert headers[b"Host"] == [b"example.org"]
    assert headers[b"X-Y"] == [b"z"]
    assert headers[b"Sec-Websocket-Version"] == [b"13"]
    assert not {b"Upgrade", b"Connection", b"Sec-Websocket-Key"} & set(headers)


@pytest.mark.parametrize("compress", [False, True])
def test_messages(world, compress):
    """Messages go in both directions, however large, and compressed if both want that."""
    world.endpoint.compress = compress
    client, server = world.open()
    assert server.messages == client.messages == ["hello"]
    assert (client.transport._deflate is not None) == compress
    large = bytes(range(256)) * 8000
    client.transport.sendBytesMessage(large)
    world.flush()
    assert server.messages[1] == client.messages[1] == large


def test_close(world):
    """The close handshake ends the stream, and then its connection."""
    client, server = world.open()
    client.transport.loseConnection(1001, "bye")
    world.flush()
    assert client.lost.check(ConnectionDone)
    assert server.lost.check(ConnectionDone)
    assert server.transport.closeCode == client.transport.closeCode == 1001
    assert world.links[0].lost


def test_close_by_server(world):
    """So does one that the server begins."""
    client, server = world.open()
    server.transport.loseConnection(1001)
    world.flush()
    assert client.lost.check(ConnectionDone)
    assert client.transport.closeCode == 1001
    assert server.lost is not None
    assert world.links[0].lost


def test_end_of_stream(world):
    """A server that ends the stream without a word is lost; its producer here is stopped."""
    world.endpoint.compress = False
    client, server = world.open()
    producer = Producer()
    client.transport.attachProducer(producer)
    server.transport.pauseProducing()
    client.transport.sendBytesMessage(b"x" * 400_000)
    world.flush()
    server.transport._transport.loseConnection()
    world.flush()
    assert client.lost.check(ConnectionDone)
    assert client.transport.closeCode == 1006
    assert producer.told == ["pause", "stop"]
    assert world.links[0].wires[0].disconnecting


def test_producer_waits(world):
    """A producer is held back while the server does not read."""
    world.endpoint.compress = False
    client, server = world.open()
    producer = Producer()
    client.transport.attachProducer(producer)
    server.transport.pauseProducing()
    large = b"x" * 400_000
    client.transport.sendBytesMessage(large)
    world.flush()
    assert producer.told == ["pause"]
    assert 0 < world.stream.unsentSize < 400_000
    server.transport.resumeProducing()
    world.flush()
    assert producer.told == ["pause", "resume"]
    assert server.messages == ["hello", large]
    client.transport.detachProducer()


def test_reader_waits(world):
    """A client that does not read holds the server back, and gets everything later."""
    world.endpoint.compress = False
    client, server = world.open()
    producer = Producer()
    server.transport.attachProducer(producer)
    client.transport.pauseProducing()
    large = b"x" * 400_000
    server.transport.sendBytesMessage(large)
    world.flush()
    assert producer.told == ["pause"]
    assert client.messages == ["hello"]
    client.transport.resumeProducing()
    world.flush()
    assert producer.told == ["pause", "resume"]
    assert client.messages == ["hello", large]


def test_pause_from_the_beginning(world):
    """A protocol that wants nothing as yet is given nothing."""

    class Later(Peer):
        def negotiationFinished(self) -> None:
            self.transport.pauseProducing()

    world.clients.buildProtocol = lambda _: Later(True)
    world.ask()
    (client,) = world.results
    assert client.messages == []
    client.transport.resumeProducing()
    assert client.messages == ["hello"]


@pytest.mark.parametrize("paused", [False, True])
@pytest.mark.parametrize("how", ["reset", "lost", "failed"])
def test_ends_midway(world, how, paused):
    """A stream that is reset, or whose connection ends, is lost, for one who does not read, too."""
    client, server = world.open()
    if paused:
        client.transport.pauseProducing()
        server.transport.sendTextMessage("never read")
        world.flush()
    producer = Producer()
    client.transport.attachProducer(producer)
    if how == "reset":
        server.transport._transport.abortConnection()
    elif how == "failed":
        world.links[0].wires[1].write(frame(6, 0, 1, b"12345678"))
    else:
        world.links[0].lose(ConnectionLost())
    world.flush()
    assert client.lost.check(ConnectionLost)
    assert client.messages == ["hello"]
    assert producer.told == ["stop"]
    assert world.links[0].lost


def test_cut_while_paused(world):
    """A client that has not read the end learns of it when it cuts the connection."""
    client, server = world.open()
    client.transport.pauseProducing()
    server.transport._transport.loseConnection()
    world.flush()
    assert client.lost is None
    client.transport.loseConnection()
    world.advance(10)
    assert client.lost is not None


def test_silence(world):
    """A server that answers no ping of WebSocket is cut off."""
    client, server = world.open()
    server.transport.pauseProducing()
    for _ in range(3):
        world.advance(20)
    assert client.lost.check(ConnectionLost)
    assert server.lost.check(ConnectionLost)
    assert world.links[0].lost


def test_goaway(world):
    """A server that takes no more streams lets this one go on."""
    client = world.open()[0]
    world.links[0].ends[1]._other.drain()
    world.flush()
    client.transport.sendBytesMessage(b"still")
    world.flush()
    assert client.messages == ["hello", b"still"]
    client.transport.loseConnection()
    world.flush()
    assert client.lost.check(ConnectionDone)
    assert world.links[0].lost


def test_refused(world):
    """An answer that refuses is told, with its body."""
    world.endpoint.headers.setRawHeaders(b"origin", [b"https://evil.example"])
    world.ask()
    (failure,) = world.results
    assert failure.check(ConnectionRejected)
    assert str(failure.value) == "403 Forbidden"
    bodies: list[bytes] = []
    readBody(failure.value.response).addCallback(bodies.append)
    assert bodies == [b"websocket protocol negotiation error"]
    assert world.links[0].lost
    assert world.sockets.made == []


def test_extensions_that_were_not_offered(world):
    """A server that chooses what was not offered is refused."""
    world.endpoint.compress = False
    world.resource._offers = lambda request: [b"permessage-deflate"]
    world.ask()
    assert world.results[0].check(ConnectionRejected)
    assert world.clients.made[0].lost is None


def test_no_support(world):
    """A server that speaks HTTP/2, but no WebSocket over it, is asked by HTTP/1.1."""
    server = world.says(settings_frame({}))
    assert world.results == [world.clients.made[0]]
    assert world.offers == [[b"h2", b"http/1.1"], []]
    assert len(world.clients.made) == 1
    assert world.clients.made[0].messages == ["hello"]
    assert server.data.startswith(b"PRI * HTTP/2.0")
    assert server.data.endswith(goaway_frame(0, Code.NO_ERROR))
    assert world.links[0].lost
    world.clients.made[0].transport.loseConnection()
    world.flush()


@pytest.mark.parametrize("agreed", [b"http/1.1", None])
def test_http1(world, agreed):
    """A server that chooses HTTP/1.1 is asked by it."""
    world.agreed = agreed
    client, server = world.open()
    assert server.messages == client.messages == ["hello"]
    assert len(world.links) == 1
    client.transport.loseConnection()
    world.flush()


def test_not_offered(world):
    """Nothing is offered to servers of ``ws``, or by default."""
    world.endpoint._url = "ws://example.org/"
    world.ask()
    world.endpoint.http2 = False
    world.endpoint._url = "wss://example.org/"
    world.ask()
    assert world.offers == [[], []]
    assert len(world.results) == 2


@pytest.mark.parametrize(
    ("agreed", "said", "resets"),
    [(b"", b"", []), (b"h2", b"", []), (b"h2", ALLOWED, [Code.CANCEL]), (b"http/1.1", b"", [])],
)
@pytest.mark.parametrize("cancelled", [False, True])
def test_gives_up(world, agreed, said, resets, cancelled):
    """Whether it stops in TLS, before its settings, or before its answer: time ends the wait."""
    world.agreed = agreed
    server = Says(said)
    world.servers.append(server)
    asked = world.ask()
    world.advance(29)
    assert world.results == []
    if cancelled:
        asked.cancel()
    world.advance(1)
    assert world.results[0].check(CancelledError if cancelled else TimeoutError)
    assert server.resets() == resets
    assert world.links[0].lost
    assert len(world.links) == 1


@pytest.mark.parametrize("cancelled", [False, True])
def test_no_streams(world, cancelled):
    """A server may allow no stream; the wait for one ends as any."""
    settings = {Setting.ENABLE_CONNECT_PROTOCOL: 1, Setting.MAX_CONCURRENT_STREAMS: 0}
    world.servers.append(Says(settings_frame(settings)))
    asked = world.ask()
    assert world.results == []
    if cancelled:
        asked.cancel()
    world.advance(30)
    assert world.results[0].check(CancelledError if cancelled else TimeoutError)
    assert world.links[0].lost


@pytest.mark.parametrize(
    "said",
    [goaway_frame(0, Code.NO_ERROR), b"HTTP/1.1 400 Bad Request\r\n\r\n", frame(4, 0, 1)],
)
def test_ends_before_asking(world, said):
    """A server that goes away, or speaks something else, is told of."""
    world.says(said)
    assert world.results[0].check(ConnectionLost)
    assert world.links[0].lost


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (frame(3, 0, 1, b"\0\0\0\2"), ResponseNeverReceived),
        (frame(3, 0, 1, b"\0\0\0\7"), StreamRefused),
        (goaway_frame(0, Code.NO_ERROR), StreamRefused),
        # :status 101 is none of HTTP/2.
        (frame(1, 4, 1, b"\x08\x03101"), ResponseNeverReceived),
    ],
)
def test_ends_before_the_answer(world, said, kind):
    """A stream that ends without an answer is told of."""
    server = world.says(ALLOWED)
    server.transport.write(said)
    world.flush()
    (failure,) = world.results
    assert failure.check(kind)
    if kind is ResponseNeverReceived:
        assert failure.value.reasons[0].check(StreamReset)
    assert world.links[0].lost


def test_answer_that_is_the_end(world):
    """An answer that agrees, and ends the stream, does not agree."""
    server = world.says(ALLOWED)
    # :status 200, in the static table.
    server.transport.write(frame(1, 5, 1, b"\x88"))
    world.flush()
    assert world.results[0].check(ConnectionRejected)
    assert world.links[0].lost


def test_all_at_once(world):
    """What comes with the answer is read, also if it is everything."""
    server = world.says(ALLOWED)
    messages = b"\x81\x02hi" + b"\x88\x02\x03\xe8"
    server.transport.write(frame(1, 4, 1, b"\x88") + frame(0, 1, 1, messages))
    world.flush()
    (client,) = world.results
    assert client.messages == ["hi"]
    assert client.transport.closeCode == 1000
    assert client.lost.check(ConnectionDone)
    assert server.data.endswith(goaway_frame(0, Code.NO_ERROR))


@pytest.mark.parametrize("method", ["negotiationStarted", "negotiationFinished"])
def test_protocol_that_fails(world, method):
    """What a protocol raises before the connection is there is told, and ends the stream."""

    class Failing(Peer):
        pass

    def fail(*_: Any) -> None:
        raise ZeroDivisionError()

    setattr(Failing, method, fail)
    world.clients.buildProtocol = lambda _: Failing(True)
    world.ask()
    assert world.results[0].check(ZeroDivisionError)
    assert world.sockets.made[0].lost.check(ConnectionLost)
    assert world.links[0].lost


def test_request_that_cannot_be_sent(world):
    """A head that makes no sense fails, and closes the connection."""
    world.endpoint.headers.setRawHeaders(b"host", [b"a", b"b"])
    world.ask()
    assert world.results[0].check(RequestGenerationFailed)
    assert world.links[0].lost


def test_stream_that_does_not_end(world):
    """A server that closes, and does not end the stream, is cut off."""
    server = world.says(ALLOWED)
    server.transport.write(frame(1, 4, 1, b"\x88") + frame(0, 0, 1, b"\x88\x02\x03\xe8"))
    world.flush()
    (client,) = world.results
    assert client.lost is None
    world.advance(10)
    assert client.lost.check(ConnectionDone)
    assert client.transport.closeCode == 1000
    assert server.resets() == [Code.CANCEL]
    assert world.links[0].lost


def test_reset_after_the_close(world):
    """A server that resets the stream once both have said goodbye has closed it."""
    server = world.says(ALLOWED)
    server.transport.write(frame(1, 4, 1, b"\x88") + frame(0, 0, 1, b"\x88\x02\x03\xe8"))
    world.flush()
    server.transport.write(frame(3, 0, 1, b"\0\0\0\0"))
    world.flush()
    assert world.results[0].lost.check(ConnectionDone)
    assert world.links[0].lost


@pytest.mark.parametrize("how", ["loseConnection", "abortConnection"])
def test_body_that_does_not_end(world, how):
    """Whoever does not want the body of a refusal ends the stream."""
    server = world.says(ALLOWED)
    server.transport.write(frame(1, 4, 1, b"\x8d"))  # :status 404
    world.flush()
    ended: list[Any] = []

    class Unwilling(Protocol):
        def connectionMade(self) -> None:
            getattr(self.transport, how)()

        def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
            ended.append(reason)

    world.results[0].value.response.deliverBody(Unwilling())
    world.flush()
    assert len(ended) == 1
    assert server.resets() == [Code.CANCEL]
    assert world.links[0].lost


@pytest.mark.parametrize("offered", [(b"h2", b"http/1.1"), (b"http/1.1",)])
def test_network(network, certificate, offered):
    """Over TLS on a network, the server chooses."""
    clients, sockets = Peers(), Peers()
    site = Site(WebSocketResource(sockets), reactor=network.reactor)
    site.acceptableProtocols = lambda: list(offered)
    log: list[bytes] = []
    site.log = lambda request: log.append(request.clientproto)
    pair = PrivateCertificate.loadPEM(certificate.read_bytes())
    port = network.reactor.listenSSL(0, site, pair.options(), interface="127.0.0.1")
    policy = BrowserLikePolicyForHTTPS(trustRoot=Certificate(pair.original))
    url = f"wss://localhost:{port.getHost().port}/"
    endpoint = WebSocketClientEndpoint.new(network.reactor, url, policy, http2=True)
    client = network.wait(endpoint.connect(clients))
    assert client is clients.made[0]
    large = bytes(range(256)) * 8000
    client.transport.sendBytesMessage(large)
    while len(client.messages) < 2:
        network.reactor.iterate(0.01)
    assert client.messages == ["hello", large]
    client.transport.loseConnection()
    while client.lost is None:
        network.reactor.iterate(0.01)
    assert client.lost.check(ConnectionDone)
    assert log == [b"HTTP/2" if b"h2" in offered else b"HTTP/1.1"]
    network.wait(port.stopListening())
