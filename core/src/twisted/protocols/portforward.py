"""Hand connections on to another port; each side is read from no faster than the other reads."""

from __future__ import annotations

from typing import Any

from twisted.internet import protocol
from twisted.internet.currentreactor import currentReactor
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure

__all__ = ["Proxy", "ProxyClient", "ProxyClientFactory", "ProxyFactory", "ProxyServer"]

_log = Logger()


class Proxy(protocol.Protocol):
    """One of two connections that are joined."""

    noisy = True

    peer: Proxy | None = None

    def setPeer(self, peer: Proxy) -> None:
        """Join this to another."""
        self.peer = peer

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """End the other, too."""
        if self.peer is not None:
            self.peer.transport.loseConnection()
            self.peer = None
        elif self.noisy:
            _log.info("Unable to connect to peer: {reason}", reason=reason)

    def dataReceived(self, data: bytes) -> None:
        """Hand on to the other."""
        assert self.peer is not None
        self.peer.transport.write(data)


class ProxyClient(Proxy):
    """The connection to the other port."""

    def connectionMade(self) -> None:
        """Let both begin to read."""
        assert self.peer is not None
        self.peer.setPeer(self)
        # Either is paused while the other cannot take more.
        self.transport.registerProducer(self.peer.transport, True)
        self.peer.transport.registerProducer(self.transport, True)
        self.peer.transport.resumeProducing()


class ProxyClientFactory(protocol.ClientFactory):
    """Makes the connection to the other port."""

    protocol = ProxyClient

    def setServer(self, server: Proxy) -> None:
        """Tell what to join it to."""
        self.server = server

    def buildProtocol(self, *args: Any, **kw: Any) -> Any:
        """The connection, joined."""
        made: Any = protocol.ClientFactory.buildProtocol(self, *args, **kw)
        made.setPeer(self.server)
        return made

    def clientConnectionFailed(self, connector: Any, reason: Failure) -> None:
        """Nobody is there: end the other connection."""
        self.server.transport.loseConnection()


class ProxyServer(Proxy):
    """A connection that somebody has made, to be handed on."""

    clientProtocolFactory: type[ProxyClientFactory] = ProxyClientFactory
    reactor: Any = None

    def connectionMade(self) -> None:
        """Read nothing until there is somebody to hand it to."""
        self.transport.pauseProducing()
        client = self.clientProtocolFactory()
        client.setServer(self)
        if self.reactor is None:
            self.reactor = currentReactor()
        factory: Any = self.factory
        self.reactor.connectTCP(factory.host, factory.port, client)


class ProxyFactory(protocol.Factory):
    """
    Hands connections on.

    @param host: where to.
    @param port: where to.
    """

    protocol = ProxyServer

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
