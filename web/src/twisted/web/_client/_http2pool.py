"""Connections that are shared by requests, where servers speak HTTP/2."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.error import ConnectingCancelledError
from twisted.python.failure import Failure
from twisted.web._client._alpn import KnowingEndpoint, OfferingEndpoint
from twisted.web._client._bodies import rewound
from twisted.web._client._errors import (
    ParseError,
    RequestNotSent,
    StreamRefused,
    StreamReset,
)
from twisted.web._client._http2 import HTTP2ClientProtocol
from twisted.web._client._pool import HTTPConnectionPool, RetryingHTTP11ClientProtocol
from twisted.web._client._watch import StreamsWatch
from twisted.web._h2._limits import HTTP2Limits

__all__ = ["HTTP2ConnectionPool"]

#: How often a request is sent that servers refuse to look at.
_TRIES = 3

#: Of how many servers is remembered that they do not speak HTTP/2.
_MOST_REMEMBERED = 1000


class _Sharing(RetryingHTTP11ClientProtocol):
    """A connection that others use, too, and that may end while they do."""

    tries = _TRIES

    def __init__(self, connection: Any, again: Callable[[], Deferred[Any]], harmless: bool) -> None:
        """
        @param again: gives another connection.
        @param harmless: whether to ask once more, if that does no harm, when the connection ends.
        """
        RetryingHTTP11ClientProtocol.__init__(self, connection, again)
        self._harmless = harmless

    def _shouldRetry(self, method: bytes, exception: BaseException, bodyProducer: Any) -> bool:
        if isinstance(exception, RequestNotSent):
            # The server has not looked at it (RFC 9113, section 8.7), but may have got its body.
            begun = bodyProducer is not None and isinstance(exception, StreamRefused)
            return not begun or rewound(bodyProducer)
        reasons = getattr(exception, "reasons", ())
        if not self._harmless or any(reason.check(StreamReset, ParseError) for reason in reasons):
            return False
        return super()._shouldRetry(method, exception, bodyProducer)

    def request(self, request: Any) -> Deferred[Any]:
        """Send a request, and once more if that is right."""

        def failed(failure: Failure) -> Any:
            problem = failure.value
            # Each of many may be told so by one connection after the other that serves some.
            left = self.tries if getattr(problem, "others", False) else self.tries - 1
            if not left or not self._shouldRetry(request.method, problem, request.bodyProducer):
                return failure
            return self._newConnection().addCallback(ask, left)

        def ask(connection: Any, left: int) -> Any:
            if isinstance(connection, _Sharing):
                connection.tries = left
            return connection.request(request)

        asked: Deferred[Any] = self._clientProtocol.request(request)
        return asked.addErrback(failed)


class HTTP2ConnectionPool(HTTPConnectionPool):
    """
    A pool that offers HTTP/2 to servers of HTTPS: requests to one that speaks it go side by side
    over one connection.

    For others it is an `HTTPConnectionPool`. A connection that is shared counts as one; requests
    beyond those that a server allows on it wait there, with ``maxWaiting`` and ``poolTimeout``.
    Further time-outs end requests, not the connection. It needs the extra ``http2``.

    @ivar priorKnowledge: whether servers of HTTP without TLS are known to speak HTTP/2; otherwise
        they are spoken to in HTTP/1.1.
    @ivar http2Limits: the `twisted.web.http.HTTP2Limits` of connections.
    @ivar pingInterval: after how many seconds of silence, while there are requests, a server is
        asked whether it is still there; None for never.
    @ivar pingTimeout: how many seconds it has to answer; then the connection is cut.
    """

    __module__ = "twisted.web.client"

    priorKnowledge = False
    http2Limits = HTTP2Limits()
    pingInterval: float | None = 30
    pingTimeout: float = 20

    def __init__(self, reactor: Any, persistent: bool = True) -> None:
        HTTPConnectionPool.__init__(self, reactor, persistent)
        self._shared: dict[Any, HTTP2ClientProtocol] = {}
        # Who waits for the first connection to a server, to see what it speaks.
        self._awaited: dict[Any, list[Deferred[Any]]] = {}
        self._withoutHTTP2: dict[Any, None] = {}

    def getConnection(self, key: Any, endpoint: Any) -> Deferred[Any]:
        """A connection to a server, shared or for one request; see `HTTPConnectionPool`."""
        shared = self._shared.get(key)
        if shared is not None and shared.usable:
            self._unkeep(key, shared)
            return succeed(self._usedAgain(shared, key, endpoint))
        if self._offering(key) is None or key in self._withoutHTTP2:
            return HTTPConnectionPool.getConnection(self, key, endpoint)
        if key in self._awaited:
            waiting: Deferred[Any] = Deferred(lambda d: self._awaited[key].remove(d))
            self._awaited[key].append(waiting)
            return waiting.addCallback(lambda _: self.getConnection(key, endpoint))
        self._awaited[key] = []

        def connected(connection: Any) -> Any:
            self._release(key, None)
            return connection

        def failed(failure: Failure) -> Failure:
            gaveUp = failure.check(CancelledError, ConnectingCancelledError)
            self._release(key, None if gaveUp else failure)
            return failure

        connecting = HTTPConnectionPool.getConnection(self, key, endpoint)
        return connecting.addCallbacks(connected, failed)

    def _offering(self, key: Any) -> Any:
        """What makes a connection to a server speak HTTP/2, if anything may."""
        if key[0] == b"https":
            return OfferingEndpoint
        return KnowingEndpoint if self.priorKnowledge and key[0] == b"http" else None

    def _release(self, key: Any, failure: Failure | None) -> None:
        """Let those go on who wait for a first connection."""
        for waiting in self._awaited.pop(key, ()):
            if failure is None:
                waiting.callback(None)
            else:
                waiting.errback(failure)

    def _connect(self, key: Any, endpoint: Any) -> Deferred[Any]:
        offering = self._offering(key)
        if offering is None:
            return super()._connect(key, endpoint)

        def connected(connection: Any) -> Any:
            if not isinstance(connection, HTTP2ClientProtocol):
                if len(self._withoutHTTP2) >= _MOST_REMEMBERED:
                    self._withoutHTTP2.clear()
                self._withoutHTTP2[key] = None
                return connection
            self._withoutHTTP2.pop(key, None)
            self._shared[key] = connection
            while self._slots.hand(key, connection):
                # Others need none of their own any more.
                pass
            return self._sharing(connection, key, endpoint, False)

        connecting = super()._connect(key, offering(endpoint, lambda: self._makeHTTP2(key)))
        return connecting.addCallback(connected)

    def _makeHTTP2(self, key: Any) -> HTTP2ClientProtocol:
        connection = HTTP2ClientProtocol(self._reactor, lambda idle: self._keep(key, idle))
        connection.limits = self.http2Limits
        connection.pingInterval = self.pingInterval
        connection.pingTimeout = self.pingTimeout
        connection.maxWaiting = self.maxWaiting
        connection.poolTimeout = self.poolTimeout
        return connection

    def _watchOf(self, connection: Any) -> Any:
        if not isinstance(connection, HTTP2ClientProtocol):
            return super()._watchOf(connection)
        return StreamsWatch(connection, self._reactor, self.readTimeout, self.writeTimeout)

    def _lost(self, key: Any, connection: Any) -> None:
        super()._lost(key, connection)
        if self._shared.get(key) is connection:
            del self._shared[key]

    def _usedAgain(self, connection: Any, key: Any, endpoint: Any) -> Any:
        if not isinstance(connection, HTTP2ClientProtocol):
            return super()._usedAgain(connection, key, endpoint)
        return self._sharing(connection, key, endpoint, self.retryAutomatically)

    def _sharing(self, connection: Any, key: Any, endpoint: Any, harmless: bool) -> _Sharing:
        return _Sharing(connection, lambda: self.getConnection(key, endpoint), harmless)

    def _keep(self, key: Any, connection: HTTP2ClientProtocol) -> None:
        """A connection has no requests any more: keep it for some time."""
        if not self.persistent or self._shared.get(key) is not connection:
            self._discard(connection)
        elif connection not in self._timeouts:
            self._putConnection(key, connection)

    def _unkeep(self, key: Any, connection: HTTP2ClientProtocol) -> None:
        """A connection has requests again."""
        call = self._timeouts.pop(connection, None)
        if call is not None:
            call.cancel()
            self._connections[key].remove(connection)

    def _discard(self, connection: Any) -> None:
        if not isinstance(connection, HTTP2ClientProtocol):
            super()._discard(connection)
        elif connection.state == "QUIESCENT":
            connection.close()
            self._uncount(connection)

    def closeCachedConnections(self) -> Deferred[Any]:
        """
        Close all connections that are kept; those that are in use are used no more after that.

        @return: fires when they have ended.
        """
        self._shared.clear()
        return super().closeCachedConnections()
