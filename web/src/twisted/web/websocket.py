"""
WebSocket (RFC 6455, RFC 7692): messages in both directions over a connection of HTTP.

It needs the extra ``websocket``. A server is a resource::

    class Echo(WebSocketProtocol):
        def negotiationStarted(self, transport):
            self.transport = transport

        def textMessageReceived(self, message):
            self.transport.sendTextMessage(message)

    class EchoFactory(WebSocketServerFactory):
        def buildProtocol(self, request):
            return Echo()

    root.putChild(b"echo", WebSocketResource(EchoFactory()))

and a client an endpoint: ``await WebSocketClientEndpoint.new(reactor, url).connect(factory)``.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

from twisted.internet.interfaces import IPushProducer
from twisted.python.failure import Failure
from twisted.web._websocket._client import ConnectionRejected, WebSocketClientEndpoint
from twisted.web._websocket._connection import Limits
from twisted.web._websocket._server import WebSocketResource

__all__ = [
    "ConnectionRejected",
    "Limits",
    "WebSocketClientEndpoint",
    "WebSocketClientFactory",
    "WebSocketProtocol",
    "WebSocketResource",
    "WebSocketServerFactory",
    "WebSocketTransport",
]

_Made = TypeVar("_Made", covariant=True)


class WebSocketTransport(Protocol):
    """What a `WebSocketProtocol` sends with."""

    def sendTextMessage(self, text: str) -> None:
        """Send a message of text."""

    def sendBytesMessage(self, data: bytes) -> None:
        """Send a message of octets."""

    def ping(self, payload: bytes = b"") -> None:
        """Ask whether the other side is there; `WebSocketProtocol.pongReceived` gets the answer."""

    def loseConnection(self, code: int = 1000) -> None:
        """End the connection, once everything was sent and the other side agrees."""

    def attachProducer(self, producer: IPushProducer) -> None:
        """Have a push producer held back while the other side is slow."""

    def detachProducer(self) -> None:
        """Let the producer go."""


class WebSocketProtocol(Protocol):
    """What gets the messages of a connection."""

    def negotiationStarted(self, transport: WebSocketTransport) -> None:
        """The connection is about to be there; nothing can be sent yet."""

    def negotiationFinished(self) -> None:
        """The connection is there."""

    def textMessageReceived(self, message: str) -> None:
        """A message of text has come."""

    def bytesMessageReceived(self, data: bytes) -> None:
        """A message of octets has come."""

    def pongReceived(self, payload: bytes) -> None:
        """The answer to a ping has come."""

    def connectionLost(self, reason: Failure) -> None:
        """The connection has ended."""


class WebSocketServerFactory(Protocol[_Made]):
    """Makes protocols for a `WebSocketResource`."""

    def buildProtocol(self, request: Any) -> _Made:
        """The protocol for a request; None refuses it."""
        raise NotImplementedError("a factory makes protocols")


class WebSocketClientFactory(Protocol[_Made]):
    """Makes protocols for a `WebSocketClientEndpoint`."""

    def buildProtocol(self, url: str) -> _Made:
        """The protocol for a connection to a URL."""
        raise NotImplementedError("a factory makes protocols")
