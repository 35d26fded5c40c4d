"""Which version of HTTP a connection is made for: agreed on with the server, or known before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zope.interface import implementer

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IHandshakeListener,
    IProtocolNegotiationFactory,
    ISSLTransport,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web._client._errors import ResponseNeverReceived

__all__ = ["KnowingEndpoint", "Offer", "OfferingEndpoint"]


class KnowingEndpoint:
    """An endpoint that connects what speaks HTTP/2, for the server is known to (RFC 9113, 3.3)."""

    def __init__(self, endpoint: Any, makeHTTP2: Callable[[], Any]) -> None:
        """
        @param endpoint: connects to the server.
        @param makeHTTP2: makes what speaks HTTP/2.
        """
        self._endpoint = endpoint
        self._makeHTTP2 = makeHTTP2

    def __repr__(self) -> str:
        return repr(self._endpoint)

    def connect(self, factory: Any) -> Deferred[Any]:
        """Connect; see `IStreamClientEndpoint`."""
        connecting: Deferred[Any] = self._endpoint.connect(_Known(self._makeHTTP2))
        return connecting


class _Known(Factory):
    noisy = False

    def __init__(self, makeHTTP2: Callable[[], Any]) -> None:
        self._makeHTTP2 = makeHTTP2

    def buildProtocol(self, addr: Any) -> Any:
        """Make what speaks HTTP/2."""
        return self._makeHTTP2()


class OfferingEndpoint:
    """An endpoint that offers HTTP/2 (RFC 7301), and connects what the server has chosen."""

    def __init__(self, endpoint: Any, makeHTTP2: Callable[[], Any]) -> None:
        """
        @param endpoint: connects to the server.
        @param makeHTTP2: makes what speaks HTTP/2.
        """
        self._endpoint = endpoint
        self._makeHTTP2 = makeHTTP2

    def __repr__(self) -> str:
        return repr(self._endpoint)

    def connect(self, factory: Any) -> Deferred[Any]:
        """
        Connect.

        @param factory: makes what speaks HTTP/1.1.
        @return: fires with one or the other, after the handshake.
        """
        connecting: Deferred[Any] = self._endpoint.connect(Offer(factory, self._makeHTTP2))
        return connecting.addCallback(lambda undecided: undecided.decided)


@implementer(IProtocolNegotiationFactory)
class Offer(Factory):
    """Offers HTTP/2; the protocols that it makes have a Deferred, ``decided``, of the choice."""

    noisy = False

    def __init__(self, factory: Any, makeHTTP2: Callable[[], Any]) -> None:
        """
        @param factory: makes what speaks HTTP/1.1.
        @param makeHTTP2: makes what speaks HTTP/2.
        """
        self._factory = factory
        self._makeHTTP2 = makeHTTP2

    def acceptableProtocols(self) -> list[bytes]:
        """What is offered, the most wanted first."""
        return [b"h2", b"http/1.1"]

    def buildProtocol(self, addr: Any) -> _Undecided:
        """Make what waits for the server's choice."""
        return _Undecided(lambda: self._factory.buildProtocol(addr), self._makeHTTP2)


@implementer(IHandshakeListener)
class _Undecided(Protocol):
    """
    Waits for the server's choice, then passes everything on.

    @ivar decided: fires with what is chosen.
    """

    def __init__(self, makeHTTP1: Callable[[], Any], makeHTTP2: Callable[[], Any]) -> None:
        self._makeHTTP1 = makeHTTP1
        self._makeHTTP2 = makeHTTP2
        self._chosen: Any = None
        self.decided: Deferred[Any] = Deferred(self._cancel)

    def _cancel(self, decided: Deferred[Any]) -> None:
        abort = getattr(self.transport, "abortConnection", None)
        (abort or self.transport.loseConnection)()

    def connectionMade(self) -> None:
        """Without TLS there is no choice."""
        if not ISSLTransport.providedBy(self.transport):
            self._choose(self._makeHTTP1)

    def handshakeCompleted(self) -> None:
        """The server has chosen."""
        agreed = getattr(self.transport, "negotiatedProtocol", None)
        self._choose(self._makeHTTP2 if agreed == b"h2" else self._makeHTTP1)

    def _choose(self, make: Callable[[], Any]) -> None:
        if self._chosen is None and not self.decided.called:
            self._chosen = make()
            self._chosen.makeConnection(self.transport)
            self.decided.callback(self._chosen)

    def dataReceived(self, data: bytes) -> None:
        """Pass data on."""
        if self._chosen is not None:
            self._chosen.dataReceived(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Pass the end on."""
        if self._chosen is not None:
            self._chosen.connectionLost(reason)
        elif not self.decided.called:
            self.decided.errback(ResponseNeverReceived([reason]))
