"""Connections that are kept for further requests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, fail, gatherResults, succeed
from twisted.internet.error import ConnectingCancelledError
from twisted.internet.protocol import Factory
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web._client._bodies import rewound
from twisted.web._client._connection import HTTP11ClientProtocol
from twisted.web._client._errors import (
    ConnectTimeout,
    PoolFull,
    PoolTimeout,
    RequestNotSent,
    RequestTimeout,
    RequestTransmissionFailed,
    ResponseNeverReceived,
)
from twisted.web._client._slots import Slots
from twisted.web._client._watch import Watch

__all__ = ["HTTP11ClientFactory", "HTTPConnectionPool", "RetryingHTTP11ClientProtocol"]

_log = Logger()

#: Methods that do the same if they are done twice (RFC 9110, section 9.2.2).
_IDEMPOTENT = frozenset({b"GET", b"HEAD", b"OPTIONS", b"DELETE", b"TRACE"})
_IDEMPOTENT_WITH_BODY = _IDEMPOTENT | {b"PUT"}


def _orElse(late: type[RequestTimeout]) -> Callable[[Any, float], Any]:
    """What is raised in place of the cancellation that the end of a time has brought about."""

    def raised(result: Any, seconds: float) -> Any:
        if isinstance(result, Failure) and result.check(CancelledError, ConnectingCancelledError):
            raise late(string=f"{seconds} seconds")
        return result

    return raised


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
        """Whether to ask once more after an error; a body is then brought back to its beginning."""
        if method not in (_IDEMPOTENT if bodyProducer is None else _IDEMPOTENT_WITH_BODY):
            return False
        if not isinstance(
            exception, (RequestNotSent, RequestTransmissionFailed, ResponseNeverReceived)
        ):
            return False
        reasons: Sequence[Failure] = getattr(exception, "reasons", ())
        if any(reason.check(CancelledError, RequestTimeout) for reason in reasons):
            return False
        return bodyProducer is None or rewound(bodyProducer)

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
    @ivar maxConnectionsPerHost: how many connections there may be to a server, those in use and
        those that are kept; None for any number. Set this and the next before the first request.
    @ivar maxConnections: how many there may be in all.
    @ivar maxWaiting: how many requests may wait for a connection; further ones fail with
        `PoolFull`. They are served in order, servers in turn.
    @ivar poolTimeout: after how many seconds of waiting one fails with `PoolTimeout`; None for any
        time, here and for the others.
    @ivar connectTimeout: after how many seconds connecting fails with `ConnectTimeout`.
    @ivar writeTimeout: after how many seconds in which a server reads nothing of what is to be sent
        a request fails because of a `WriteTimeout`.
    @ivar readTimeout: after how many in which it sends nothing, because of a `ReadTimeout`.
    """

    __module__ = "twisted.web.client"

    maxPersistentPerHost = 2
    cachedConnectionTimeout: float = 240
    retryAutomatically = True
    maxConnectionsPerHost: int | None = None
    maxConnections: int | None = None
    maxWaiting = 1000
    poolTimeout: float | None = None
    connectTimeout: float | None = None
    writeTimeout: float | None = None
    readTimeout: float | None = None

    _factory: Any = HTTP11ClientFactory

    def __init__(self, reactor: Any, persistent: bool = True) -> None:
        self._reactor = reactor
        self.persistent = persistent
        self._connections: dict[Any, list[Any]] = {}
        self._timeouts: dict[Any, Any] = {}
        self._slots = Slots()
        # The server that each connection counts for.
        self._counted: dict[Any, Any] = {}

    def getConnection(self, key: Any, endpoint: Any) -> Deferred[Any]:
        """
        A connection to a server.

        @param key: which server; connections are kept under it.
        @param endpoint: connects to it.
        @return: fires with one that was kept, or with a new one; fails with what keeps it from
            being made, `ConnectTimeout`, `PoolTimeout` or `PoolFull`.
        """
        kept = self._connections.get(key, [])
        while kept:
            connection = kept.pop(0)
            self._timeouts.pop(connection).cancel()
            if connection.state == "QUIESCENT":
                return succeed(self._usedAgain(connection, key, endpoint))
        return self._newConnection(key, endpoint)

    def _usedAgain(self, connection: Any, key: Any, endpoint: Any) -> Any:
        if not self.retryAutomatically:
            return connection
        return RetryingHTTP11ClientProtocol(connection, lambda: self._newConnection(key, endpoint))

    def _newConnection(self, key: Any, endpoint: Any) -> Deferred[Any]:
        """Connect, as soon as there may be another connection."""
        slots = self._slots
        slots.perHost, slots.total = self.maxConnectionsPerHost, self.maxConnections
        if slots.take(key):
            return self._connect(key, endpoint)
        if slots.isFree(key) and self._timeouts:
            # Better close the one that was not used for longest than have somebody wait.
            self._dropIdle(next(iter(self._timeouts)))
            if slots.take(key):
                return self._connect(key, endpoint)
        if slots.waiting >= self.maxWaiting:
            return fail(PoolFull(f"{slots.waiting} requests wait for a connection"))
        waiting: Deferred[Any] = slots.wait(key)
        if self.poolTimeout is not None:
            waiting.addTimeout(self.poolTimeout, self._reactor, _orElse(PoolTimeout))

        def admitted(connection: Any) -> Any:
            if connection is None:
                return self._connect(key, endpoint)
            return self._usedAgain(connection, key, endpoint)

        return waiting.addCallback(admitted)

    def _connect(self, key: Any, endpoint: Any) -> Deferred[Any]:
        """Connect; the connection is counted."""

        def quiescent(protocol: Any) -> None:
            self._putConnection(key, protocol)

        def connected(connection: Any) -> Any:
            self._counted[connection] = key
            if connection.state == "CONNECTION_LOST":
                self._lost(key, connection)
            connection.lostCallback = lambda: self._lost(key, connection)
            if self.readTimeout is not None or self.writeTimeout is not None:
                connection.watch = self._watchOf(connection)
            return connection

        def failed(failure: Failure) -> Failure:
            self._slots.release(key)
            return failure

        connecting: Deferred[Any] = endpoint.connect(self._factory(quiescent, repr(endpoint)))
        if self.connectTimeout is not None:
            connecting.addTimeout(self.connectTimeout, self._reactor, _orElse(ConnectTimeout))
        return connecting.addCallbacks(connected, failed)

    def _watchOf(self, connection: Any) -> Any:
        """What ends requests for which nothing moves any more on a connection."""
        return Watch(connection, self._reactor, self.readTimeout, self.writeTimeout)

    def _discard(self, connection: Any) -> None:
        """Close a connection that nobody uses: another one may be made."""
        connection.transport.loseConnection()
        self._uncount(connection)

    def _lost(self, key: Any, connection: Any) -> None:
        """A connection has ended."""
        call = self._timeouts.pop(connection, None)
        if call is not None:
            call.cancel()
            self._connections[key].remove(connection)
        self._uncount(connection)

    def _uncount(self, connection: Any) -> None:
        """A connection has ended, or is about to: another one may be made."""
        if connection in self._counted:
            self._slots.release(self._counted.pop(connection))

    def _putConnection(self, key: Any, connection: Any) -> None:
        """Keep a connection."""
        if connection.state != "QUIESCENT":
            # Whoever calls this has no way to go on, so it is only told.
            try:
                raise RuntimeError("BUG: Non-quiescent protocol added to connection pool.")
            except RuntimeError:
                _log.failure("BUG: Non-quiescent protocol added to connection pool.")
            return
        if self._slots.waiting:
            if self._slots.hand(key, connection):
                return
            if self._slots.isWanted():
                self._discard(connection)
                return
        kept = self._connections.setdefault(key, [])
        if len(kept) == self.maxPersistentPerHost:
            oldest = kept.pop(0)
            self._timeouts.pop(oldest).cancel()
            self._discard(oldest)
        kept.append(connection)
        self._timeouts[connection] = self._reactor.callLater(
            self.cachedConnectionTimeout, self._removeConnection, key, connection
        )

    def _removeConnection(self, key: Any, connection: Any) -> None:
        """Close a connection that was not used for long."""
        self._connections[key].remove(connection)
        del self._timeouts[connection]
        self._discard(connection)

    def _dropIdle(self, connection: Any) -> None:
        """Close a connection that is kept, because another one is wanted."""
        self._timeouts[connection].cancel()
        key = next(key for key, kept in self._connections.items() if connection in kept)
        self._removeConnection(key, connection)

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

    def close(self) -> Deferred[None]:
        """
        Close all connections, those in use as well, and keep none from now on.

        @return: fires when they have ended.
        """
        self.persistent = False
        ending: list[Any] = [self.closeCachedConnections()]
        ending += [connection.abort() for connection in list(self._counted)]
        return gatherResults(ending).addCallback(lambda _: None)
