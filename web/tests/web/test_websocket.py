"""Tests of `twisted.web.websocket`."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import pytest
from wsproto.utilities import generate_accept_token

from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.logger import capturedLogs
from twisted.python.failure import Failure
from twisted.web.error import SchemeNotSupported
from twisted.web.resource import Resource
from twisted.web.websocket import (
    ConnectionRejected,
    WebSocketClientEndpoint,
    WebSocketClientFactory,
    WebSocketProtocol,
    WebSocketResource,
    WebSocketServerFactory,
)

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
HEADERS = (
    b"Upgrade: websocket",
    b"Connection: keep-alive, Upgrade",
    b"Sec-WebSocket-Version: 13",
    b"Sec-WebSocket-Key: " + KEY,
)


class Peer(WebSocketProtocol):
    """Keeps what comes; a server's echoes what says so."""

    def __init__(self, isClient: bool) -> None:
        self.isClient = isClient
        self.messages: list[Any] = []
        self.pongs: list[bytes] = []
        self.lost: Any = None
        self.ready = False

    def negotiationStarted(self, transport: Any) -> None:
        self.transport = transport

    def negotiationFinished(self) -> None:
        self.ready = True

    def textMessageReceived(self, message: str) -> None:
        if message == "raise":
            raise ZeroDivisionError()
        self.messages.append(message)
        if message.startswith("echo") and not self.isClient:
            self.transport.sendTextMessage(message)

    def bytesMessageReceived(self, data: bytes) -> None:
        self.messages.append(data)
        if data.startswith(b"echo") and not self.isClient:
            self.transport.sendBytesMessage(data)

    def pongReceived(self, payload: bytes) -> None:
        self.pongs.append(payload)

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


def frame(opcode: int, payload: bytes, fin: bool = True, mask: bool = True, rsv: int = 0) -> bytes:
    """A frame, whose mask changes nothing."""
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    size = len(payload)
    bit = 0x80 if mask else 0
    if size < 126:
        head = bytes([first, bit | size])
    elif size < 65536:
        head = bytes([first, bit | 126]) + struct.pack("!H", size)
    else:
        head = bytes([first, bit | 127]) + struct.pack("!Q", size)
    return head + (b"\0\0\0\0" if mask else b"") + payload


TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Raw:
    """A connection in memory to a resource, and what the server has sent."""

    def __init__(self, connect: Any, *headers: bytes, **options: Any) -> None:
        self.peers = Peers()
        self.resource = WebSocketResource(self.peers, **options)
        self.connection = connect(self.resource)
        self.answer = self.connection.get(b"/", *HEADERS, *headers)

    @property
    def peer(self) -> Peer:
        return self.peers.made[0]

    def send(self, *frames: bytes) -> bytes:
        return bytes(self.connection.send(b"".join(frames)))


@pytest.fixture
def raw(connect: Any) -> Raw:
    return Raw(connect)


class TestAgreeing:
    """The request that asks for a connection."""

    def test_agreed(self, raw: Raw) -> None:
        assert raw.answer.status == 101
        assert raw.answer.headers[b"sec-websocket-accept"] == generate_accept_token(KEY)
        assert raw.answer.headers[b"upgrade"] == b"websocket"
        assert b"sec-websocket-extensions" not in raw.answer.headers
        assert raw.peer.ready
        assert [request.code for request in raw.connection.log] == [101]

    @pytest.mark.parametrize(
        ("without", "instead", "code"),
        [
            (0, b"Upgrade: other", 400),
            (1, b"Connection: close", 400),
            (2, b"Sec-WebSocket-Version: 8", 426),
            (3, b"X: y", 400),
            (3, b"Sec-WebSocket-Key: short", 400),
            (3, b"Sec-WebSocket-Key: %b" % (b"A" * 40), 400),
        ],
    )
    def test_refused(self, connect: Any, without: int, instead: bytes, code: int) -> None:
        headers = [*HEADERS]
        headers[without] = instead
        answer = connect(WebSocketResource(Peers())).get(b"/", *headers)
        assert answer.status == code
        assert answer.body == b"websocket protocol negotiation error"

    def test_refused_by_the_factory(self, connect: Any) -> None:
        class Nobody:
            def buildProtocol(self, request: Any) -> Any:
                return None

        class Broken:
            def buildProtocol(self, request: Any) -> Any:
                raise ZeroDivisionError()

        assert connect(WebSocketResource(Nobody())).get(b"/", *HEADERS).status == 403
        with capturedLogs() as events:
            assert connect(WebSocketResource(Broken())).get(b"/", *HEADERS).status == 500
        assert events[0]["log_failure"].type is ZeroDivisionError

    @pytest.mark.parametrize(
        ("origins", "origin", "status"),
        [
            ((), b"http://example.org", 101),
            ((), b"https://example.org", 101),
            ((), b"https://evil.example", 403),
            ((), b"https://example.org.evil.example", 403),
            ((), b"null", 403),
            (("https://Other.example",), b"https://other.example", 101),
            (None, b"https://evil.example", 101),
        ],
    )
    def test_origin(self, connect: Any, origins: Any, origin: bytes, status: int) -> None:
        assert Raw(connect, b"Origin: " + origin, origins=origins).answer.status == status

    def test_frames_with_the_request(self, connect: Any) -> None:
        peers = Peers()
        connection = connect(WebSocketResource(peers))
        head = b"\r\n".join([b"GET / HTTP/1.1", b"Host: h", *HEADERS, b"", b""])
        connection.send(head + frame(TEXT, b"early"))
        assert peers.made[0].messages == ["early"]


class TestFrames:
    """Messages, whole and in parts."""

    def test_messages(self, raw: Raw) -> None:
        sent = raw.send(frame(TEXT, "echo ☃".encode()), frame(BINARY, b"echo\0"))
        assert sent == frame(TEXT, "echo ☃".encode(), mask=False) + frame(
            BINARY, b"echo\0", mask=False
        )
        assert raw.peer.messages == ["echo ☃", b"echo\0"]

    def test_octet_by_octet(self, raw: Raw) -> None:
        for octet in frame(TEXT, "a☃".encode(), fin=False) + frame(PING, b"p") + frame(0, b"b"):
            raw.send(bytes([octet]))
        assert raw.peer.messages == ["a☃b"]

    def test_ping(self, raw: Raw) -> None:
        assert raw.send(frame(PING, b"x")) == frame(PONG, b"x", mask=False)
        raw.connection.transport.unsentSize = 100_000
        assert raw.send(frame(PING, b"x") * 100) == b""

    def test_pong(self, raw: Raw) -> None:
        raw.peer.transport.ping(b"payload")
        assert raw.connection.take() == frame(PING, b"payload", mask=False)
        raw.send(frame(PONG, b"payload"))
        assert raw.peer.pongs == [b"payload"]
        with pytest.raises(ValueError, match="125"):
            raw.peer.transport.ping(b"x" * 126)

    @pytest.mark.parametrize(
        ("frames", "code"),
        [
            (frame(TEXT, b"x", mask=False), 1002),
            (frame(PING, b"x", fin=False), 1002),
            (frame(PING, b"x" * 126), 1002),
            (frame(3, b"x"), 1002),
            (frame(11, b"x"), 1002),
            (frame(0, b"x"), 1002),
            (frame(TEXT, b"x", fin=False) + frame(TEXT, b"y"), 1002),
            (frame(TEXT, b"x", rsv=4), 1002),
            (frame(TEXT, b"\xff"), 1007),
            (frame(TEXT, b"\xe2\x98"), 1007),
            (frame(CLOSE, b"\0"), 1002),
            (frame(CLOSE, struct.pack("!H", 1005)), 1002),
            (frame(CLOSE, struct.pack("!H", 1000) + b"\xff"), 1007),
            (b"\x81\xfe\0\x01\0\0\0\0x", 1002),
        ],
    )
    def test_hostile(self, raw: Raw, frames: bytes, code: int) -> None:
        sent = raw.send(frames, frame(TEXT, b"echo never"))
        assert sent[:1] == b"\x88"
        assert struct.unpack("!H", sent[2:4]) == (code,)
        assert raw.connection.closed
        assert raw.peer.messages == []
        assert raw.send(frame(TEXT, b"echo never")) == b""

    @pytest.mark.parametrize("opcode", [TEXT, BINARY])
    def test_too_large(self, raw: Raw, opcode: int) -> None:
        raw.resource.maxMessageSize = 10_000
        sent = raw.send(frame(opcode, b"x" * 6_000, fin=False), frame(0, b"x" * 6_000))
        assert struct.unpack("!H", sent[2:4]) == (1009,)
        assert raw.connection.closed

    def test_error_in_the_protocol(self, raw: Raw) -> None:
        with capturedLogs() as events:
            sent = raw.send(frame(TEXT, b"raise"))
        assert struct.unpack("!H", sent[2:4]) == (1011,)
        assert events[0]["log_failure"].type is ZeroDivisionError


DEFLATE = b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"


class TestCompression:
    """Messages that are compressed."""

    def packed(self, data: bytes) -> bytes:
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        return (packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]

    def test_message(self, connect: Any) -> None:
        raw = Raw(connect, DEFLATE)
        assert b"permessage-deflate" in raw.answer.headers[b"sec-websocket-extensions"]
        sent = raw.send(frame(TEXT, self.packed(b"echo" * 1000), rsv=4))
        assert raw.peer.messages == ["echo" * 1000]
        assert len(sent) < 100

    def test_not_wanted(self, connect: Any) -> None:
        raw = Raw(connect, DEFLATE, compress=False)
        assert b"sec-websocket-extensions" not in raw.answer.headers

    def test_bomb(self, connect: Any) -> None:
        raw = Raw(connect, DEFLATE)
        raw.resource.maxMessageSize = 1_000_000
        sent = raw.send(frame(BINARY, self.packed(b"\0" * 100_000_000), rsv=4))
        assert struct.unpack("!H", sent[2:4]) == (1009,)
        assert raw.peer.messages == []

    def test_nonsense(self, connect: Any) -> None:
        raw = Raw(connect, DEFLATE)
        sent = raw.send(frame(TEXT, b"\xff" * 100, rsv=4))
        assert sent[:1] == b"\x88"
        assert raw.connection.closed


class TestTheEnd:
    """How connections end."""

    def test_other_side(self, raw: Raw) -> None:
        code = struct.pack("!H", 1001)
        assert raw.send(frame(CLOSE, code + b"bye")) == frame(CLOSE, code + b"bye", mask=False)
        assert raw.connection.closed
        raw.connection.lose()
        assert raw.peer.lost is not None
        raw.peer.transport.sendTextMessage("too late")
        raw.peer.transport.ping()
        raw.peer.transport.loseConnection()
        assert raw.connection.take() == b""

    def test_this_side(self, raw: Raw) -> None:
        raw.peer.transport.loseConnection(4000)
        assert raw.connection.take() == frame(CLOSE, struct.pack("!H", 4000), mask=False)
        raw.peer.transport.sendTextMessage("too late")
        assert raw.connection.take() == b""
        assert not raw.connection.closed
        raw.send(frame(TEXT, b"still"), frame(CLOSE, struct.pack("!H", 4000)))
        assert raw.connection.closed
        raw.connection.lose()
        assert raw.connection.clock.getDelayedCalls() == []

    def test_no_answer(self, raw: Raw) -> None:
        raw.peer.transport.loseConnection()
        raw.connection.clock.advance(raw.resource.closeTimeout)
        assert raw.connection.transport.disconnected

    def test_silence(self, raw: Raw) -> None:
        clock, resource = raw.connection.clock, raw.resource
        assert resource.pingInterval is not None
        for _ in range(5):
            raw.send(frame(TEXT, b"something"))
            clock.advance(resource.pingInterval)
        assert raw.connection.take() == b""
        clock.advance(resource.pingInterval)
        assert raw.connection.take() == frame(PING, b"", mask=False)
        raw.send(frame(PONG, b""))
        clock.advance(resource.pingTimeout)
        assert not raw.connection.transport.disconnected
        clock.advance(resource.pingInterval)
        clock.advance(resource.pingInterval + resource.pingTimeout)
        assert raw.connection.transport.disconnected

    def test_never_asked(self, connect: Any) -> None:
        peers = Peers()
        resource = WebSocketResource(peers)
        resource.pingInterval = None
        connection = connect(resource)
        connection.get(b"/", *HEADERS)
        connection.clock.advance(10_000)
        assert connection.take() == b""
        assert not connection.closed

    def test_producer(self, raw: Raw) -> None:
        calls: list[str] = []

        class Producer:
            def pauseProducing(self) -> None:
                calls.append("pause")

            def resumeProducing(self) -> None:
                calls.append("resume")

            def stopProducing(self) -> None:
                calls.append("stop")

        raw.peer.transport.attachProducer(Producer())
        raw.connection.transport.producer.pauseProducing()
        assert calls == ["pause"]
        raw.peer.transport.detachProducer()
        assert raw.connection.transport.producer is None


class Both:
    """A server and a client on a network."""

    def __init__(self, network: Any) -> None:
        self.network = network
        self.servers, self.clients = Peers(), Peers()
        root = Resource()
        root.putChild(b"ws", WebSocketResource(self.servers))
        self.url = network.listen(root).decode().replace("http:", "ws:")

    def endpoint(self, path: str = "ws") -> WebSocketClientEndpoint:
        return WebSocketClientEndpoint.new(self.network.reactor, self.url + path)

    def until(self, true: Any) -> None:
        for _ in range(4000):
            if true():
                return
            self.network.reactor.iterate(0.002)
        raise AssertionError("it did not happen")


@pytest.fixture
def both(network: Any) -> Both:
    return Both(network)


class TestClient:
    """The side that asks."""

    @pytest.mark.parametrize("compress", [False, True])
    def test_messages(self, both: Both, compress: bool) -> None:
        endpoint = both.endpoint()
        endpoint.compress = compress
        client = both.network.wait(endpoint.connect(both.clients))
        assert client.ready
        large = b"echo" + bytes(range(256)) * 4000
        client.transport.sendTextMessage("echo ☃")
        client.transport.sendBytesMessage(large)
        both.until(lambda: len(client.messages) == 2)
        assert client.messages == ["echo ☃", large]
        client.transport.loseConnection()
        both.until(lambda: client.lost and both.servers.made[0].lost)
        assert client.lost.check(ConnectionDone)

    def test_server_ends(self, both: Both) -> None:
        client = both.network.wait(both.endpoint().connect(both.clients))
        both.servers.made[0].transport.loseConnection(1001, "away")
        both.until(lambda: client.lost and both.servers.made[0].lost)
        assert (client.transport.closeCode, client.transport.closeReason) == (1001, "away")

    def test_rejected(self, both: Both) -> None:
        problem = both.network.wait(both.endpoint("absent").connect(both.clients))
        assert isinstance(problem, ConnectionRejected)
        assert problem.response.code == 404
        assert str(problem) == "404 Not Found"

    def test_scheme(self, both: Both) -> None:
        endpoint = WebSocketClientEndpoint.new(both.network.reactor, "ftp://h/")
        with pytest.raises(SchemeNotSupported):
            endpoint.connect(both.clients)

    def listening(self, both: Both, answer: bytes | None) -> WebSocketClientEndpoint:
        """An endpoint to a server that says what is given."""
        from twisted.internet.protocol import Factory, Protocol

        class Fixed(Protocol):
            def dataReceived(self, data: bytes) -> None:
                if answer is None:
                    self.transport.loseConnection()  # type: ignore[union-attr]
                else:
                    self.transport.write(answer)  # type: ignore[union-attr]

        port = both.network.reactor.listenTCP(0, Factory.forProtocol(Fixed), interface="127.0.0.1")
        url = f"ws://127.0.0.1:{port.getHost().port}/"
        return WebSocketClientEndpoint.new(both.network.reactor, url)

    @pytest.mark.parametrize(
        ("answer", "kind"),
        [
            (
                b"HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: no\r\n\r\n",
                ConnectionRejected,
            ),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ConnectionRejected),
            (b"nonsense\r\n\r\n", Exception),
            (None, Exception),
        ],
    )
    def test_bad_servers(self, both: Both, answer: bytes | None, kind: type[Exception]) -> None:
        problem = both.network.wait(self.listening(both, answer).connect(both.clients))
        assert isinstance(problem, kind)

    def test_server_that_says_nothing(self, both: Both) -> None:
        endpoint = self.listening(both, b"")
        endpoint.handshakeTimeout = 0.02
        assert isinstance(both.network.wait(endpoint.connect(both.clients)), TimeoutError)

    def test_cancelled(self, both: Both) -> None:
        results: list[Any] = []
        connecting: Deferred[Any] = self.listening(both, b"").connect(both.clients)
        connecting.addErrback(results.append)
        for _ in range(50):
            both.network.reactor.iterate(0.001)
        connecting.cancel()
        assert len(results) == 1

    def test_masked_frame_from_a_server(self, both: Both) -> None:
        client = both.network.wait(both.endpoint().connect(both.clients))
        both.servers.made[0].transport._transport.write(frame(TEXT, b"x"))
        both.until(lambda: client.lost)
        assert client.messages == []

    def test_cut(self, both: Both) -> None:
        client = both.network.wait(both.endpoint().connect(both.clients))
        both.servers.made[0].transport._transport.abortConnection()
        both.until(lambda: client.lost)
        assert client.lost.check(ConnectionLost)
