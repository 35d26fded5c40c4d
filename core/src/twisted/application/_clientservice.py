"""
A service that keeps a client connected.

What happens when is told by `_State`; each transition is one method of `ClientService`.
"""

from __future__ import annotations

import enum
import random
from collections.abc import Callable
from typing import Any

from zope.interface import directlyProvides, providedBy

from twisted.application.service import Service
from twisted.internet.currentreactor import currentReactor
from twisted.internet.defer import CancelledError, Deferred, fail, maybeDeferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

__all__ = ["ClientService", "backoffPolicy"]

_log = Logger()
_GREATEST_EXPONENT = 100


def _jitter() -> float:
    return random.random()


def backoffPolicy(
    initialDelay: float = 1.0,
    maxDelay: float = 60.0,
    factor: float = 1.5,
    jitter: Callable[[], float] = _jitter,
) -> Callable[[int], float]:
    """
    How long to wait before another attempt: longer each time.

    @param initialDelay: how long for the first, in seconds, as soon as there were no failures.
    @param maxDelay: the longest, in seconds.
    @param factor: what each is multiplied with for the next.
    @param jitter: gives what is added each time, in seconds, so that clients do not come all at
        once.
    @return: a function of the number of attempts that have failed.
    """

    def policy(attempt: int) -> float:
        try:
            delay = min(initialDelay * factor ** min(_GREATEST_EXPONENT, attempt), maxDelay)
        except OverflowError:
            delay = maxDelay
        return delay + jitter()

    return policy


class _Watched:
    """Stands between a transport and a protocol, and tells when the connection has ended."""

    def __init__(self, protocol: Any, lost: Callable[[Failure], None]) -> None:
        self.protocol = protocol
        self._lost = lost
        directlyProvides(self, providedBy(protocol))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.protocol, name)

    def __repr__(self) -> str:
        return f"<{self.protocol!r}, watched by ClientService>"

    def dataReceived(self, data: bytes) -> None:
        """Pass on."""
        self.protocol.dataReceived(data)

    def connectionLost(self, reason: Failure) -> None:
        """Pass on, and tell."""
        try:
            self.protocol.connectionLost(reason)
        finally:
            self._lost(reason)


class _WatchingFactory:
    """Makes the protocols of another factory, watched."""

    def __init__(self, factory: Any, lost: Callable[[_Watched, Failure], None]) -> None:
        self._factory = factory
        self._lost = lost
        directlyProvides(self, providedBy(factory))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._factory, name)

    def buildProtocol(self, address: Any) -> Any:
        """A protocol, or C{None} if the factory wants none."""
        protocol = self._factory.buildProtocol(address)
        if protocol is None:
            return None
        watched = _Watched(protocol, lambda reason: self._lost(watched, reason))
        return watched


class _State(enum.Enum):
    """What a `ClientService` is about."""

    STOPPED = "stopped"
    CONNECTING = "connecting"
    WAITING = "waiting to connect again"
    CONNECTED = "connected"
    DISCONNECTING = "disconnecting"
    RESTARTING = "disconnecting, to connect again"


class ClientService(Service):
    """
    Keeps a connection to an endpoint while it runs: connects again when an attempt fails, or the
    connection is lost.
    """

    __module__ = "twisted.application.internet"

    def __init__(
        self,
        endpoint: Any,
        factory: Any,
        retryPolicy: Callable[[int], float] | None = None,
        clock: Any = None,
        prepareConnection: Callable[[Any], Any] | None = None,
    ) -> None:
        """
        @param endpoint: where to connect to.
        @param factory: makes the protocol of each connection.
        @param retryPolicy: how long to wait, in seconds, given how many attempts have failed since
            the last success (a lost connection counts as one); by default `backoffPolicy`.
        @param clock: where time passes; by default the global reactor.
        @param prepareConnection: called with each new protocol before others get it; it may return
            a Deferred. If it fails, the connection is closed and counts as a failed attempt.
        """
        self._endpoint = endpoint
        self._factory = _WatchingFactory(factory, self._lost)
        self._policy = backoffPolicy() if retryPolicy is None else retryPolicy
        self._givenClock = clock
        self._prepare = prepareConnection
        self._state = _State.STOPPED
        self._attempt: Deferred[Any] | None = None
        self._timer: Any = None
        self._current: _Watched | None = None
        self._whyLost: Failure | None = None
        self._failures = 0
        self._waiting: list[tuple[Deferred[Any], int | None]] = []
        self._stopping: list[Deferred[None]] = []
        self._everStarted = False

    # What users call

    def startService(self) -> None:
        """Connect, and keep connected."""
        if self.running:
            _log.warn("Duplicate ClientService.startService: {service} runs already", service=self)
            return
        super().startService()
        self._everStarted = True
        if self._state is _State.DISCONNECTING:
            self._state = _State.RESTARTING
        elif self._state is _State.STOPPED:
            self._failures = 0
            self._connect()

    def stopService(self) -> Deferred[None]:
        """
        Disconnect, and connect no more.

        @return: fires when the connection has ended.
        """
        super().stopService()
        state = self._state
        if state is _State.CONNECTING:
            self._becomeStopped()
        elif state is _State.WAITING:
            self._timer.cancel()
            self._becomeStopped()
        elif state is _State.CONNECTED:
            self._state = _State.DISCONNECTING
            assert self._current is not None
            self._current.transport.loseConnection()
        elif state is _State.RESTARTING:
            self._state = _State.DISCONNECTING
        if self._state is _State.STOPPED:
            return succeed(None)
        stopped: Deferred[None] = Deferred()
        self._stopping.append(stopped)
        return stopped

    def whenConnected(self, failAfterFailures: int | None = None) -> Deferred[Any]:
        """
        Wait for a connection.

        @param failAfterFailures: after how many failed attempts from now on to give up; by default
            never. 1 for those who want to know how the next attempt ends.
        @return: fires with the protocol; at once if there is a connection. It fails with
            `twisted.internet.defer.CancelledError` if the service is stopped, and with what the
            last attempt failed with if there were too many.
        """
        if self._state is _State.CONNECTED:
            assert self._current is not None
            return succeed(self._current.protocol)
        if self._everStarted and self._state is _State.STOPPED:
            return fail(CancelledError())
        waiting: Deferred[Any] = Deferred(self._forget)
        self._waiting.append((waiting, failAfterFailures))
        return waiting

    # Transitions

    def _connect(self) -> None:
        self._state = _State.CONNECTING
        attempt = maybeDeferred(self._endpoint.connect, self._factory)
        self._attempt = attempt
        attempt.addCallback(self._prepared)
        attempt.addCallbacks(
            lambda watched: self._connected(attempt, watched),
            lambda reason: self._failed(attempt, reason),
        )

    def _prepared(self, watched: _Watched) -> Any:
        """Let the caller's function prepare the connection."""
        self._current = watched
        if self._prepare is None:
            return watched
        return maybeDeferred(self._prepare, watched.protocol).addCallback(lambda _: watched)

    def _connected(self, attempt: Deferred[Any], watched: _Watched) -> None:
        if attempt is not self._attempt:
            return  # stopped, or lost, in the meantime
        self._attempt = None
        if self._current is not watched:
            # It was lost while it was prepared, and its preparation did not mind.
            self._retry(Failure(ConnectionError("the connection was lost while it was prepared")))
            return
        self._state = _State.CONNECTED
        self._failures = 0
        waiting, self._waiting = self._waiting, []
        for deferred, _ in waiting:
            deferred.callback(watched.protocol)

    def _failed(self, attempt: Deferred[Any], reason: Failure) -> None:
        if attempt is not self._attempt:
            return
        self._attempt = None
        self._drop()
        lost, self._whyLost = self._whyLost, None
        self._retry(reason if lost is None else lost)

    def _lost(self, watched: _Watched, reason: Failure) -> None:
        if watched is not self._current:
            return
        self._current = None
        if self._state is _State.CONNECTED:
            self._retry(reason)
        elif self._state is _State.DISCONNECTING:
            self._becomeStopped()
        elif self._state is _State.RESTARTING:
            self._tellStopped()
            self._failures = 0
            self._connect()
        elif self._attempt is not None and self._prepare is not None:
            # What prepares it is told.
            self._whyLost = reason
            self._attempt.cancel()

    def _retry(self, reason: Failure) -> None:
        self._failures += 1
        delay = self._policy(self._failures)
        _log.debug(
            "{service} connects again in {delay} seconds: {reason}",
            service=self,
            delay=delay,
            reason=reason.getErrorMessage(),
        )
        clock = currentReactor(self._givenClock)
        self._state = _State.WAITING
        self._timer = clock.callLater(delay, self._connect)
        kept, given = [], []
        for deferred, remaining in self._waiting:
            if remaining is not None and remaining <= 1:
                given.append(deferred)
            else:
                kept.append((deferred, None if remaining is None else remaining - 1))
        self._waiting = kept
        for deferred in given:
            deferred.errback(reason)

    def _becomeStopped(self) -> None:
        self._state = _State.STOPPED
        attempt, self._attempt = self._attempt, None
        self._drop()
        if attempt is not None:
            attempt.addErrback(lambda reason: None)
            attempt.cancel()
        waiting, self._waiting = self._waiting, []
        for deferred, _ in waiting:
            deferred.errback(CancelledError())
        self._tellStopped()

    def _drop(self) -> None:
        """Close a connection that nobody waits for any more."""
        watched, self._current = self._current, None
        if watched is not None and watched.transport is not None:
            abort = getattr(watched.transport, "abortConnection", watched.transport.loseConnection)
            abort()

    def _tellStopped(self) -> None:
        stopping, self._stopping = self._stopping, []
        for deferred in stopping:
            deferred.callback(None)

    def _forget(self, cancelled: Deferred[Any]) -> None:
        self._waiting = [each for each in self._waiting if each[0] is not cancelled]
