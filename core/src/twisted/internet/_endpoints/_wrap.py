"""Telling when a connection has its protocol."""

from __future__ import annotations

from typing import Any

from zope.interface import directlyProvides

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectingCancelledError, NoProtocol
from twisted.internet.interfaces import (
    IFileDescriptorReceiver,
    IHalfCloseableProtocol,
    IHandshakeListener,
    ILoggingContext,
    IProtocol,
)
from twisted.internet.protocol import ClientFactory, Protocol
from twisted.python.failure import Failure

_PASSED_ON = (
    IFileDescriptorReceiver,
    IHalfCloseableProtocol,
    IHandshakeListener,
    ILoggingContext,
)


class WrappingProtocol(Protocol):
    """
    Stands for a protocol until that is connected, and fires a Deferred then.

    A transport that lets its protocol be changed gets the wrapped one at once, so that nothing
    stands between them; others are served by passing everything on.
    """

    def __init__(self, connected: Deferred[Any], wrapped: Any) -> None:
        self._connected = connected
        self._wrappedProtocol = wrapped
        directlyProvides(self, IProtocol, *(i for i in _PASSED_ON if i.providedBy(wrapped)))

    def logPrefix(self) -> str:
        """That of the wrapped protocol."""
        if ILoggingContext.providedBy(self._wrappedProtocol):
            return str(self._wrappedProtocol.logPrefix())
        return str(self._wrappedProtocol.__class__.__name__)

    def makeConnection(self, transport: Any) -> None:
        """Connect the wrapped protocol, and tell."""
        self.connected = 1
        self.transport = transport
        if getattr(transport, "protocol", None) is self:
            transport.protocol = self._wrappedProtocol
        self._wrappedProtocol.makeConnection(transport)
        self._connected.callback(self._wrappedProtocol)

    def dataReceived(self, data: bytes) -> Any:
        """Pass data on."""
        return self._wrappedProtocol.dataReceived(data)

    def fileDescriptorReceived(self, descriptor: int) -> Any:
        """Pass a descriptor on."""
        return self._wrappedProtocol.fileDescriptorReceived(descriptor)

    def connectionLost(self, reason: Failure) -> Any:  # type: ignore[override]
        """Pass the end on."""
        return self._wrappedProtocol.connectionLost(reason)

    def readConnectionLost(self) -> None:
        """Pass the end of reading on."""
        self._wrappedProtocol.readConnectionLost()

    def writeConnectionLost(self) -> None:
        """Pass the end of writing on."""
        self._wrappedProtocol.writeConnectionLost()

    def handshakeCompleted(self) -> None:
        """Pass the end of the handshake on."""
        self._wrappedProtocol.handshakeCompleted()


class WrappingFactory(ClientFactory):
    """
    Connects once for a factory, and tells how it went by a Deferred.

    The factory itself is started and stopped with the connection, as a port or connector would do.
    """

    def __init__(self, wrappedFactory: Any) -> None:
        self._wrappedFactory = wrappedFactory
        self._onConnection: Deferred[Any] = Deferred(canceller=self._canceller)
        self._connector: Any = None

    def startedConnecting(self, connector: Any) -> None:
        """Remember what to cancel."""
        self._connector = connector

    def _canceller(self, deferred: Deferred[Any]) -> None:
        """Give the attempt up."""
        deferred.errback(ConnectingCancelledError(self._connector.getDestination()))
        self._connector.stopConnecting()

    def doStart(self) -> None:
        """Start the wrapped factory."""
        self._wrappedFactory.doStart()

    def doStop(self) -> None:
        """Stop the wrapped factory."""
        self._wrappedFactory.doStop()

    def buildProtocol(self, addr: Any) -> Any:
        """The wrapped factory's protocol, wrapped; an error or a refusal fails the Deferred."""
        try:
            protocol = self._wrappedFactory.buildProtocol(addr)
        except BaseException:
            self._onConnection.errback()
            return None
        if protocol is None:
            self._onConnection.errback(NoProtocol())
            return None
        return WrappingProtocol(self._onConnection, protocol)

    def clientConnectionFailed(self, connector: Any, reason: Failure) -> None:
        """Fail the Deferred, unless it was cancelled."""
        if not self._onConnection.called:
            self._onConnection.errback(reason)
