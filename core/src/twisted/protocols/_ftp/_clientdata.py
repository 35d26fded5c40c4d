"""The data connections of an FTP client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zope.interface import implementer

from twisted.internet import defer, error
from twisted.internet.interfaces import IConsumer
from twisted.internet.protocol import ClientFactory, Protocol, ServerFactory, connectionDone
from twisted.protocols._ftp._addresses import sameHost
from twisted.protocols._ftp._commands import UnexpectedData
from twisted.python.failure import Failure

__all__ = [
    "DataConnection",
    "FTPDataPortFactory",
    "IFinishableConsumer",
    "ProtectedData",
    "ProtocolWrapper",
    "SenderProtocol",
]


class IFinishableConsumer(IConsumer):
    """A consumer that is told when all has been written."""

    __module__ = "twisted.protocols.ftp"

    def finish():  # type: ignore[no-untyped-def]
        """That was all."""


class ProtocolWrapper(Protocol):
    """
    Passes what comes on a data connection to another protocol.

    @ivar original: that.
    @ivar deferred: fires when the connection is over; fails if it did not end as it should.
    """

    __module__ = "twisted.protocols.ftp"

    def __init__(self, original: Any, deferred: defer.Deferred[Any]) -> None:
        self.original = original
        self.deferred = deferred

    def makeConnection(self, transport: Any) -> None:
        """It is open."""
        self.original.makeConnection(transport)

    def dataReceived(self, data: bytes) -> None:
        """Pass it on."""
        self.original.dataReceived(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It is over."""
        self.original.connectionLost(reason)
        _settle(self.deferred, reason)


def _settle(deferred: defer.Deferred[Any], reason: Failure) -> None:
    """Tell how a data connection has ended."""
    if deferred.called:
        return
    if reason.check(error.ConnectionDone):
        deferred.callback(None)
    else:
        # What has come may be less than all.
        deferred.errback(reason)


@implementer(IFinishableConsumer)
class SenderProtocol(Protocol):
    """
    Sends what is written on a data connection.

    @ivar connectedDeferred: fires with this when it is open.
    @ivar deferred: fires when it is over.
    """

    __module__ = "twisted.protocols.ftp"

    def __init__(self) -> None:
        self.connectedDeferred: defer.Deferred[Any] = defer.Deferred()
        self.deferred: defer.Deferred[Any] = defer.Deferred()

    def dataReceived(self, data: bytes) -> None:
        """Nothing should come."""
        self.transport.loseConnection()
        if not self.deferred.called:
            self.deferred.errback(
                Failure(
                    UnexpectedData("Received data from the server on a send-only data-connection")
                )
            )

    def makeConnection(self, transport: Any) -> None:
        """It is open."""
        Protocol.makeConnection(self, transport)
        self.connectedDeferred.callback(self)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It is over."""
        _settle(self.deferred, reason)

    def write(self, data: bytes) -> None:
        """Send."""
        self.transport.write(data)

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Have a producer write."""
        self.transport.registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        """It writes no more."""
        self.transport.unregisterProducer()

    def finish(self) -> None:
        """That was all."""
        self.transport.loseConnection()


class FTPDataPortFactory(ServerFactory):
    """
    Waits for the one data connection that a server makes.

    @ivar protocol: its protocol.
    @ivar port: what listens; it is closed when somebody has come.
    @ivar peerHost: the IP address of the server; others are turned away.
    """

    __module__ = "twisted.protocols.ftp"
    noisy = False

    protocol: Any
    port: Any
    peerHost: str | None = None

    def buildProtocol(self, addr: Any) -> Any:
        """The protocol."""
        if self.peerHost is not None and not sameHost(addr.host, self.peerHost):
            return None
        self.protocol.factory = self
        self.port.loseConnection()
        return self.protocol


class DataConnection(ClientFactory):
    """
    Makes a data connection of a protocol that there is already.

    @ivar failed: called with a `Failure` if it cannot be made.
    """

    noisy = False

    def __init__(self, protocol: Any, failed: Callable[[Any], object]) -> None:
        self.dataProtocol = protocol
        self.failed = failed

    def buildProtocol(self, addr: Any) -> Any:
        """The protocol."""
        self.dataProtocol.factory = self
        return self.dataProtocol

    def clientConnectionFailed(self, connector: Any, reason: Failure) -> None:
        """It cannot be made."""
        self.failed(reason)


class ProtectedData(Protocol):
    """Begins TLS on a data connection before its protocol knows of it."""

    def __init__(self, original: Any, contextFactory: Any, normal: bool) -> None:
        self._original = original
        self._contextFactory = contextFactory
        self._normal = normal

    def makeConnection(self, transport: Any) -> None:
        """It is open."""
        transport.startTLS(self._contextFactory, self._normal)
        self._original.makeConnection(transport)

    def dataReceived(self, data: bytes) -> None:
        """Pass it on."""
        self._original.dataReceived(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It is over."""
        self._original.connectionLost(reason)
