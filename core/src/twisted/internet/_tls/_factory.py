"""TLS around the protocols of a factory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from OpenSSL import SSL
from zope.interface import implementer

from twisted.internet._tls._errors import Noted
from twisted.internet._tls._options import setAcceptableProtocols
from twisted.internet._tls._protocol import BufferingTLSTransport
from twisted.internet._wrapping import WrappingFactory
from twisted.internet.interfaces import (
    ILoggingContext,
    IOpenSSLClientConnectionCreator,
    IOpenSSLServerConnectionCreator,
    IProtocolNegotiationFactory,
)

__all__ = ["TLSMemoryBIOFactory"]


@implementer(IOpenSSLServerConnectionCreator, IOpenSSLClientConnectionCreator)
class _FromContext:
    """Makes connections of what an `IOpenSSLContextFactory` gives."""

    def __init__(self, contextFactory: Any, negotiates: bool) -> None:
        # What is wrong with it shows now rather than with the first connection.
        self._contextFactory = contextFactory
        self._negotiates = negotiates
        self._prepared: SSL.Context | None = None
        self._context()

    def _context(self) -> SSL.Context:
        context: SSL.Context = self._contextFactory.getContext()
        if self._negotiates and context is not self._prepared:
            setAcceptableProtocols(context, ())
            self._prepared = context
        return context

    def _connection(self) -> SSL.Connection:
        connection = SSL.Connection(self._context(), None)
        connection.set_app_data(Noted())
        return connection

    def serverConnectionForTLS(self, protocol: Any) -> SSL.Connection:
        """The server's side of a connection."""
        return self._connection()

    def clientConnectionForTLS(self, protocol: Any) -> SSL.Connection:
        """The client's side of a connection."""
        return self._connection()


class TLSMemoryBIOFactory(WrappingFactory):
    """
    Puts TLS between the protocols of another factory and their transports.

    The other factory may be an `IProtocolNegotiationFactory`, whose application protocols are
    offered (ALPN, RFC 7301).

    @param contextFactory: the settings: an `IOpenSSLClientConnectionCreator`, an
        `IOpenSSLServerConnectionCreator`, or, of older programs, an `IOpenSSLContextFactory`.
    @param isClient: whether this side begins.
    @param wrappedFactory: the other factory.
    @param clock: an `IReactorTime` for time-outs; None for the reactor of the transport.
    """

    __module__ = "twisted.protocols.tls"

    protocol: Callable[..., Any] = BufferingTLSTransport
    noisy = False

    def __init__(
        self, contextFactory: Any, isClient: bool, wrappedFactory: Any, clock: Any = None
    ) -> None:
        WrappingFactory.__init__(self, wrappedFactory)
        needed = IOpenSSLClientConnectionCreator if isClient else IOpenSSLServerConnectionCreator
        self._connectionCreator: Any = (
            contextFactory
            if needed.providedBy(contextFactory)
            else _FromContext(
                contextFactory, IProtocolNegotiationFactory.providedBy(wrappedFactory)
            )
        )
        self._isClient = isClient
        self._clock = clock

    def logPrefix(self) -> str:
        """That of the other factory, and TLS."""
        if ILoggingContext.providedBy(self.wrappedFactory):
            name = self.wrappedFactory.logPrefix()
        else:
            name = self.wrappedFactory.__class__.__name__
        return f"{name} (TLS)"

    def _clockFor(self, transport: Any) -> Any:
        return self._clock or getattr(transport, "reactor", None)

    def _createConnection(self, tlsProtocol: Any) -> Any:
        """A new connection, in accept or connect state, for a `TLSMemoryBIOProtocol`."""
        creator = self._connectionCreator
        if self._isClient:
            connection = creator.clientConnectionForTLS(tlsProtocol)
        else:
            connection = creator.serverConnectionForTLS(tlsProtocol)
        if IProtocolNegotiationFactory.providedBy(self.wrappedFactory):
            self._negotiate(connection)
        if self._isClient:
            connection.set_connect_state()
        else:
            connection.set_accept_state()
        return connection

    def _negotiate(self, connection: SSL.Connection) -> None:
        """Offer, or choose among, the application protocols of the other factory."""
        protocols = self.wrappedFactory.acceptableProtocols()
        if not protocols:
            return
        if self._isClient:
            connection.set_alpn_protos(protocols)
            return
        noted = connection.get_app_data()
        if isinstance(noted, Noted):
            noted.acceptableProtocols = protocols
        else:
            # Somebody else's connection, whose context may still be changed.
            setAcceptableProtocols(connection.get_context(), protocols)
