"""
Something between a protocol and its transport.

The classes are public as `twisted.protocols.policies.ProtocolWrapper` and `.WrappingFactory`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from zope.interface import directlyProvides, providedBy

from twisted.internet.interfaces import ILoggingContext
from twisted.internet.protocol import ClientFactory, Protocol, connectionDone
from twisted.python.failure import Failure

__all__ = ["ProtocolWrapper", "WrappingFactory"]


def _prefix(wrapped: Any, wrapper: Any) -> str:
    """The name of what is wrapped, and of what wraps it, for logs."""
    if ILoggingContext.providedBy(wrapped):
        inner = wrapped.logPrefix()
    else:
        inner = wrapped.__class__.__name__
    return f"{inner} ({wrapper.__class__.__name__})"


class ProtocolWrapper(Protocol):
    """
    Stands between a protocol and its transport, and is the one to the other.

    @ivar wrappedProtocol: the protocol.
    @ivar factory: the `WrappingFactory`.
    """

    __module__ = "twisted.protocols.policies"

    disconnecting = 0

    def __init__(self, factory: WrappingFactory, wrappedProtocol: Any) -> None:
        self.wrappedProtocol = wrappedProtocol
        self.factory = factory

    def logPrefix(self) -> str:
        """The protocol's, and this class's."""
        return _prefix(self.wrappedProtocol, self)

    def makeConnection(self, transport: Any) -> None:
        """Connect the protocol to this; this has the interfaces of the transport from now on."""
        directlyProvides(self, providedBy(transport))
        Protocol.makeConnection(self, transport)
        self.factory.registerProtocol(self)
        self.wrappedProtocol.makeConnection(self)

    # A transport, to the protocol

    def write(self, data: bytes) -> None:
        """Pass on."""
        self.transport.write(data)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """Pass on."""
        self.transport.writeSequence(data)

    def loseConnection(self) -> None:
        """Pass on."""
        self.disconnecting = 1
        self.transport.loseConnection()

    def getPeer(self) -> Any:
        """The transport's."""
        return self.transport.getPeer()

    def getHost(self) -> Any:
        """The transport's."""
        return self.transport.getHost()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Pass on."""
        self.transport.registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        """Pass on."""
        self.transport.unregisterProducer()

    def stopConsuming(self) -> None:
        """Pass on."""
        self.transport.stopConsuming()

    def __getattr__(self, name: str) -> Any:
        """Everything else is the transport's."""
        return getattr(self.transport, name)

    # A protocol, to the transport

    def dataReceived(self, data: bytes) -> None:
        """Pass on."""
        self.wrappedProtocol.dataReceived(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Pass on."""
        self.factory.unregisterProtocol(self)
        self.wrappedProtocol.connectionLost(reason)
        # Neither keeps the other alive.
        self.wrappedProtocol = None


class WrappingFactory(ClientFactory):
    """
    Wraps the protocols of another factory.

    @cvar protocol: called with this and the protocol.
    @ivar wrappedFactory: the other factory.
    @ivar protocols: the wrappers that are connected.
    """

    __module__ = "twisted.protocols.policies"

    noisy = False
    protocol: Callable[..., Any] = ProtocolWrapper

    def __init__(self, wrappedFactory: Any) -> None:
        self.wrappedFactory = wrappedFactory
        self.protocols: dict[Any, int] = {}

    def logPrefix(self) -> str:
        """The other factory's, and this class's."""
        return _prefix(self.wrappedFactory, self)

    def doStart(self) -> None:
        """Start both."""
        self.wrappedFactory.doStart()
        ClientFactory.doStart(self)

    def doStop(self) -> None:
        """Stop both."""
        self.wrappedFactory.doStop()
        ClientFactory.doStop(self)

    def startedConnecting(self, connector: Any) -> None:
        """Pass on."""
        self.wrappedFactory.startedConnecting(connector)

    def clientConnectionFailed(self, connector: Any, reason: Failure) -> None:
        """Pass on."""
        self.wrappedFactory.clientConnectionFailed(connector, reason)

    def clientConnectionLost(self, connector: Any, reason: Failure) -> None:
        """Pass on."""
        self.wrappedFactory.clientConnectionLost(connector, reason)

    def buildProtocol(self, addr: Any) -> Any:
        """The other factory's protocol, wrapped; None if it refuses."""
        wrapped = self.wrappedFactory.buildProtocol(addr)
        return None if wrapped is None else self.protocol(self, wrapped)

    def registerProtocol(self, p: Any) -> None:
        """Called by a wrapper when it is connected."""
        self.protocols[p] = 1

    def unregisterProtocol(self, p: Any) -> None:
        """Called by a wrapper when its connection has ended."""
        del self.protocols[p]
