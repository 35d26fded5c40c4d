"""Connections that are kept for further requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, gatherResults, succeed
from twisted.internet.protocol import Factory
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web._client._connection import HTTP11ClientProtocol
from twisted.web._client._errors import (
    RequestNotSent,
    RequestTransmissionFailed,
    ResponseNeverReceived,
)

__all__ = ["HTTP11ClientFactory", "HTTPConnectionPool", "RetryingHTTP11ClientProtocol"]

_log = Logger()

#: Methods that do the same if they are done twice (RFC 9110, section 9.2.2), and have no body.
_IDEMPOTENT = frozenset({b"GET", b"HEAD", b"OPTIONS", b"DELETE", b"TRACE"})


class HTTP11ClientFactory(Factory):
    """Makes what serves a connection."""

    noisy = False

    def __init__(self, quiescentCallback: Callable[[Any], object], metadata: str) -> None:
        """
        @param quiescentCallback: called with a connection that may be used again.
        @param metadata: what it is for, for the log.
        """
        self._quiescentCallback = quiescentCallback
        self._metadata = metadata

    def __repr__(self) -> str:
        return f"_HTTP11ClientFactory({self._quiescentCallback}, {self._metadata})"

    def buildProtocol(self, addr: Any) -> HTTP11ClientProtocol:
        """Make what serves a connection."""
        return HTTP11ClientProtocol(self._quiescentCallback)


class RetryingHTTP11ClientProtocol:
    """
    A connection that was kept, and may have ended without anybody noticing: what does no harm is
    then asked once more over a new one.
    """

    def __init__(self, clientProtocol: Any, newConnection: Callable[[], Deferred[Any]]) -> None:
        """
        @param newConnection: makes another connection.
        """
        self._clientProtocol = clientProtocol
        self._newConnection = newConnection

    def _shouldRetry(self, method: bytes, exception: BaseException, bodyProducer: Any) -> bool:
        """Whether to ask once more after an error."""
        if method not in _IDEMPOTENT or bodyProducer is not None:
            return False
        if not isinstance(
            exception, (RequestNotSent, RequestTransmissionFailed, ResponseNeverReceived)
        ):
            return False
        return not any(reason.check(CancelledError) for reason in getattr(exception, "reasons", ()))

    def request(self, request: Any) -> Deferred[Any]:
        """Send a request, and once more if that is right; see `HTTP11ClientProtocol.request`."""

        def failed(failure: Failure) -> Any:
            if not self._shouldRetry(request.method, failure.value, request.bodyProducer):
                return failure
            return self._newConnection().addCallback(lambda fresh: fresh.request(request))

        asked: Deferred[Any] = self._clientProtocol.request(request)
        return asked.addErrback(failed)


class HTTPConnectionPool:
    """
    Connections that are kept for further requests to the same server.

    @ivar persistent: whether connections are kept at all.
    @ivar maxPersistentPerHost: how many are kept for a server; of more, the oldest is closed.
    @ivar cachedConnectionTimeout: after how many seconds without use one is closed.
    @ivar retryAutomatically: whether requests that do no harm are sent once more, if a kept
        connection has ended without anybody noticing.
    """

    __module__ = "twisted.web.client"

    maxPersistentPerHost = 2
    cachedConnectionTimeout: float = 240
    retryAutomatically = True

    _factory: Any = HTTP11ClientFactory

    def __init__(self, reactor: Any, persistent: bool = True) -> None:
        self._reactor = reactor
        self.persistent = persistent
        self._connections: dict[Any, list[Any]] = {}
        self._timeouts: dict[Any, Any] = {}

    def getConnection(self, key: Any, endpoint: Any) -> Deferred[Any]:
        """
        A connection to a server.

        @param key: which server; connections are kept under it.
        @param endpoint: connects to it.
        @return: fires with one that was kept, or with a new one.
        """
        kept = self._connections.get(key, [])
        while kept:
            connection = kept.pop(0)
            self._timeouts.pop(connection).cancel()
            if connection.state != "QUIESCENT":
                continue
            if self.retryAutomatically:
                connection = RetryingHTTP11ClientProtocol(
                    connection, lambda: self._newConnection(key, endpoint)
                )
            return succeed(connection)
        return self._newConnection(key, endpoint)

    def _newConnection(self, key: Any, endpoint: Any) -> Deferred[Any]:
        """Connect."""

        def quiescent(protocol: Any) -> None:
            self._putConnection(key, protocol)

        connecting: Deferred[Any] = endpoint.connect(self._factory(quiescent, repr(endpoint)))
        return connecting

    def _putConnection(self, key: Any, connection: Any) -> None:
        """Keep a connection."""
        if connection.state != "QUIESCENT":
            # Whoever calls this has no way to go on, so it is only told.
            try:
                raise RuntimeError("BUG: Non-quiescent protocol added to connection pool.")
            except RuntimeError:
                _log.failure("BUG: Non-quiescent protocol added to connection pool.")
            return
        kept = self._connections.setdefault(key, [])
        if len(kept) == self.maxPersistentPerHost:
            oldest = kept.pop(0)
            oldest.transport.loseConnection()
            self._timeouts.pop(oldest).cancel()
        kept.append(connection)
        self._timeouts[connection] = self._reactor.callLater(
            self.cachedConnectionTimeout, self._removeConnection, key, connection
        )

    def _removeConnection(self, key: Any, connection: Any) -> None:
        """Close a connection that was not used for long."""
        connection.transport.loseConnection()
        self._connections[key].remove(connection)
        del self._timeouts[connection]

    def closeCachedConnections(self) -> Deferred[Any]:
        """
        Close all connections that are kept.

        @return: fires when they have ended.
        """
        ending = [each.abort() for kept in self._connections.values() for each in kept]
        self._connections.clear()
        for call in self._timeouts.values():
            call.cancel()
        self._timeouts.clear()
        return gatherResults(ending).addCallback(lambda _: None)
