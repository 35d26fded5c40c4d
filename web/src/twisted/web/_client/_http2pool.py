"""Connections that are shared by requests, where servers speak HTTP/2."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred, gatherResults, succeed
from twisted.internet.error import ConnectingCancelledError
from twisted.python.failure import Failure
from twisted.web._client._alpn import OfferingEndpoint
from twisted.web._client._errors import RequestNotSent, StreamRefused
from twisted.web._client._http2 import HTTP2ClientProtocol
from twisted.web._client._pool import HTTPConnectionPool, RetryingHTTP11ClientProtocol
from twisted.web._h2._limits import HTTP2Limits

__all__ = ["HTTP2ConnectionPool"]

#: How often a request is sent that servers refuse to look at.
_TRIES = 3

#: Of how many servers is remembered that they do not speak HTTP/2.
_MOST_REMEMBERED = 1000


class _Sharing(RetryingHTTP11ClientProtocol):
    """A connection that others use, too, and that may end while they do."""

    def __init__(self, connection: Any, again: Any, retryAutomatically: bool) -> None:
        RetryingHTTP11ClientProtocol.__init__(self, connection, again)
        self._retryAutomatically = retryAutomatically

    def _shouldRetry(self, method: bytes, exception: BaseException, bodyProducer: Any) -> bool:
        if self._newConnection is None:
            return False
        if isinstance(exception, RequestNotSent):
            # The server has not looked at it (RFC 9113, section 8.7); but the body may be used up.
            return bodyProducer is None or not isinstance(exception, StreamRefused)
        return self._retryAutomatically and super()._shouldRetry(method, exception, bodyProducer)


class HTTP2ConnectionPool(HTTPConnectionPool):
    """
    A pool that offers HTTP/2 to servers of HTTPS; requests to one that speaks it share connections.

    For others it is an `HTTPConnectionPool`. It needs the extra ``http2``.

    @ivar http2Limits: the `twisted.web.http.HTTP2Limits` of connections.
    @ivar pingInterval: after how many seconds of silence, while there are requests, a server is
        asked whether it is still there; None for never.
    @ivar pingTimeout: how many seconds it has to answer; then the connection is cut.
    """

    __module__ = "twisted.web.client"

    http2Limits = HTTP2Limits()
    pingInterval: float | None = 30
    pingTimeout: float = 20

    def __init__(self, reactor: Any, persistent: bool = True) -> None:
        HTTPConnectionPool.__init__(self, reactor, persistent)
        self._shared: dict[Any, HTTP2ClientProtocol] = {}
        self._idle: dict[HTTP2ClientProtocol, Any] = {}
        # Who waits for the first connection to a server, to see what it speaks.
        self._awaited: dict[Any, list[Deferred[Any]]] = {}
        self._withoutHTTP2: dict[Any, None] = {}

    def getConnection(self, key: Any, endpoint: Any) -> Deferred[Any]:
        """A connection to a server, shared or for one request; see `HTTPConnectionPool`."""
        return self._getConnection(key, endpoint, _TRIES)

    def _getConnection(self, key: Any, endpoint: Any, tries: int) -> Deferred[Any]:
        if key[0] != b"https":
            return HTTPConnectionPool.getConnection(self, key, endpoint)
        shared = self._shared.get(key)
        if shared is not None and shared.usable:
            return succeed(self._share(shared, key, endpoint, tries))
        if key in self._awaited:
            waiting: Deferred[Any] = Deferred(lambda d: self._awaited[key].remove(d))
            self._awaited[key].append(waiting)
            return waiting.addCallback(lambda _: self._getConnection(key, endpoint, tries))
        if key not in self._withoutHTTP2:
            self._awaited[key] = []
        offering = OfferingEndpoint(endpoint, lambda: self._makeHTTP2(key))
        connecting = HTTPConnectionPool.getConnection(self, key, offering)

        def connected(connection: Any) -> Any:
            if isinstance(connection, HTTP2ClientProtocol):
                self._withoutHTTP2.pop(key, None)
                if connection.usable:
                    self._shared[key] = connection
                connection = self._share(connection, key, endpoint, tries)
            else:
                if len(self._withoutHTTP2) >= _MOST_REMEMBERED:
                    self._withoutHTTP2.clear()
                self._withoutHTTP2[key] = None
            self._release(key, None)
            return connection

        def failed(failure: Failure) -> Failure:
            gaveUp = failure.check(CancelledError, ConnectingCancelledError)
            self._release(key, None if gaveUp else failure)
            return failure

        return connecting.addCallbacks(connected, failed)

    def _release(self, key: Any, failure: Failure | None) -> None:
        """Let those go on who wait for a first connection."""
        for waiting in self._awaited.pop(key, ()):
            if failure is None:
                waiting.callback(None)
            else:
                waiting.errback(failure)

    def _makeHTTP2(self, key: Any) -> HTTP2ClientProtocol:
        connection = HTTP2ClientProtocol(self._reactor, lambda idle: self._keep(key, idle))
        connection.limits = self.http2Limits
        connection.pingInterval = self.pingInterval
        connection.pingTimeout = self.pingTimeout
        return connection

    def _share(self, connection: Any, key: Any, endpoint: Any, tries: int) -> _Sharing:
        """Give a connection to another request."""
        call = self._idle.pop(connection, None)
        if call is not None:
            call.cancel()

        def again() -> Deferred[Any]:
            return self._getConnection(key, endpoint, tries - 1)

        return _Sharing(connection, again if tries > 1 else None, self.retryAutomatically)

    def _keep(self, key: Any, connection: HTTP2ClientProtocol) -> None:
        """A connection has no requests any more: keep it for some time."""
        if not self.persistent or self._shared.get(key) is not connection:
            connection.close()
        elif connection not in self._idle:
            self._idle[connection] = self._reactor.callLater(
                self.cachedConnectionTimeout, self._closeIdle, key, connection
            )

    def _closeIdle(self, key: Any, connection: HTTP2ClientProtocol) -> None:
        """Close a connection that was not used for long."""
        self._idle.pop(connection, None)
        if self._shared.get(key) is connection:
            del self._shared[key]
        connection.close()

    def closeCachedConnections(self) -> Deferred[Any]:
        """
        Close all connections that are kept, and those that are shared.

        @return: fires when they have ended.
        """
        ending: list[Any] = [HTTPConnectionPool.closeCachedConnections(self)]
        ending += [connection.abort() for connection in self._shared.values()]
        self._shared.clear()
        for call in self._idle.values():
            call.cancel()
        self._idle.clear()
        return gatherResults(ending).addCallback(lambda _: None)
