"""Tests of WebSocket over HTTP/2 (RFC 8441)."""

from __future__ import annotations

from typing import Any

import pytest
from wsproto import ConnectionType
from wsproto.connection import Connection
from wsproto.events import BytesMessage, CloseConnection, Ping, Pong, TextMessage
from wsproto.extensions import PerMessageDeflate

from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.web._h2._frames import Code
from twisted.web.resource import Resource
from twisted.web.websocket import WebSocketResource


class Echo:
    """Sends messages back, and keeps what happens."""

    def __init__(self) -> None:
        self.lost: list[Any] = []

    def negotiationStarted(self, transport: Any) -> None:
        self.transport = transport

    def negotiationFinished(self) -> None:
        self.transport.sendTextMessage("welcome")

    def textMessageReceived(self, message: str) -> None:
        self.transport.sendTextMessage(message)

    def bytesMessageReceived(self, data: bytes) -> None:
        self.transport.sendBytesMessage(data)

    def pongReceived(self, payload: bytes) -> None:
        pass

    def connectionLost(self, reason: Any) -> None:
        self.lost.append(reason)


class Echoes:
    """Makes echoes, and keeps them."""

    def __init__(self) -> None:
        self.made: list[Echo] = []

    def buildProtocol(self, request: Any) -> Echo:
        self.made.append(Echo())
        return self.made[-1]


class Socket:
    """A client's side."""

    def __init__(self, client: Any, *headers: tuple[bytes, bytes], **extensions: Any) -> None:
        self.client = client
        self.wire = Connection(ConnectionType.CLIENT, **extensions)
        pseudo = [
            (b":method", b"CONNECT"),
            (b":protocol", b"websocket"),
            (b":scheme", b"http"),
            (b":authority", b"example.org"),
            (b":path", b"/"),
        ]
        self.stream = client.h2.get_next_available_stream_id()
        fields = [*pseudo, (b"sec-websocket-version", b"13"), *headers]
        client.h2.send_headers(self.stream, fields)
        client.flush()
        self.answer = client.answers[self.stream]
        self.taken = 0

    def send(self, event: Any) -> list[Any]:
        """Send something; gives what has come."""
        self.client.send(self.stream, self.wire.send(event))
        return self.take()

    def take(self) -> list[Any]:
        """What has come."""
        body = self.answer.body
        self.wire.receive_data(body[self.taken :])
        self.taken = len(body)
        return list(self.wire.events())


@pytest.fixture
def echoes():
    """A factory of echoes."""
    return Echoes()


@pytest.fixture
def client(http2, echoes):
    """A client of their site."""
    return http2(WebSocketResource(echoes))


def test_messages(client, echoes):
    """Messages go in both directions, and several sockets share a connection."""
    first, second = Socket(client), Socket(client)
    assert first.answer.status == 200
    assert not {b"upgrade", b"sec-websocket-accept"} & set(first.answer.headers)
    (welcome,) = first.take()
    assert welcome.data == "welcome"
    second.take()
    (message,) = first.send(TextMessage(data="hello"))
    assert message.data == "hello"
    (message,) = second.send(BytesMessage(data=b"x" * 10_000))
    assert message.data == b"x" * 10_000
    assert isinstance(first.send(Ping(payload=b"1"))[0], Pong)
    assert [request.code for request in client.log] == [200, 200]
    assert [request.method for request in client.log] == [b"CONNECT"] * 2


def test_compression(client):
    """Messages are compressed if the client wants that."""
    socket = Socket(client, (b"sec-websocket-extensions", b"permessage-deflate"))
    extension = PerMessageDeflate()
    extension.finalize(socket.answer.headers[b"sec-websocket-extensions"].decode())
    socket.wire = Connection(ConnectionType.CLIENT, extensions=[extension])
    socket.take()
    before = len(socket.answer.body)
    (message,) = socket.send(TextMessage(data="a" * 5000))
    assert message.data == "a" * 5000
    assert len(socket.answer.body) - before < 200


def test_close_by_client(client, echoes):
    """The close handshake ends the stream, and nothing else."""
    socket = Socket(client)
    socket.take()
    (closed,) = socket.send(CloseConnection(code=1000))
    assert closed.code == 1000
    assert socket.answer.ended
    assert len(echoes.made[0].lost) == 1
    assert echoes.made[0].lost[0].check(ConnectionDone)
    assert client.connection.streams == {}
    assert not client.closed


def test_close_by_server(client, echoes):
    """So does one that the server begins."""
    socket = Socket(client)
    socket.take()
    echoes.made[0].transport.loseConnection()
    client.flush()
    (closed,) = socket.take()
    client.send(socket.stream, socket.wire.send(closed.response()))
    assert socket.answer.ended
    assert len(echoes.made[0].lost) == 1


def test_reset(client, echoes):
    """A client that resets the stream is lost."""
    socket = Socket(client)
    client.h2.reset_stream(socket.stream)
    client.flush()
    assert echoes.made[0].lost[0].check(ConnectionLost)
    assert not client.closed


def test_end_of_stream(client, echoes):
    """So is one that ends it without a word."""
    socket = Socket(client)
    client.h2.end_stream(socket.stream)
    client.flush()
    assert len(echoes.made[0].lost) == 1
    assert socket.answer.ended


def test_connection_lost(client, echoes):
    """All sockets end with their connection."""
    Socket(client)
    Socket(client)
    client.lose()
    assert [len(echo.lost) for echo in echoes.made] == [1, 1]


def test_back_pressure(client, echoes):
    """A producer is held back while the client makes no room."""
    client.window = False
    socket = Socket(client)
    told: list[str] = []

    class Producer:
        def pauseProducing(self) -> None:
            told.append("pause")

        def resumeProducing(self) -> None:
            told.append("resume")

        def stopProducing(self) -> None:
            told.append("stop")

    transport = echoes.made[0].transport
    transport.attachProducer(Producer())
    transport.sendBytesMessage(b"x" * 70_000)
    assert told == ["pause"]
    client.h2.increment_flow_control_window(100_000, None)
    client.h2.increment_flow_control_window(100_000, socket.stream)
    client.flush()
    assert told == ["pause", "resume"]
    transport.detachProducer()


def test_silence(client, echoes):
    """A client that answers no ping is cut off, its stream alone."""
    socket = Socket(client)
    client.clock.advance(20)
    client.clock.advance(20)
    client.flush()
    client.clock.advance(20)
    client.flush()
    assert socket.answer.reset == Code.CANCEL
    assert len(echoes.made[0].lost) == 1
    assert not client.closed


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([(b"origin", b"https://evil.example")], 403),
        ([(b"origin", b"http://example.org")], 200),
        ([(b"sec-websocket-version", b"8")], 400),
    ],
)
def test_refused(client, headers, status):
    """Foreign pages and other versions are refused, as over HTTP/1.1."""
    assert Socket(client, *headers).answer.status == status


def test_no_socket(http2, echoes):
    """A resource that is no WebSocket does not become one; nor does one by another protocol."""
    root = Resource()
    root.putChild(b"", Resource())
    client = http2(root)
    socket = Socket(client)
    assert socket.answer.status == 405
    assert socket.answer.reset == Code.NO_ERROR
    client = http2(WebSocketResource(echoes))
    stream = client.ask(b"/", (b":protocol", b"other"), method=b"CONNECT", end=False)
    assert client.answers[stream].status == 405
    assert client.get(b"/").status == 400
