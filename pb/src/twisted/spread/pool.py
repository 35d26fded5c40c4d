"""
Calls spread over several servers, which come and go.

Where the servers are, a registry knows: a function that gives addresses. A `WorkerPool` keeps a
connection to each server, and gives each call to one that is the least busy. A call whose server is
lost fails with `PBConnectionLost`; one that may be made twice is made again with another, if it is
called by `WorkerPool.retrying`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from twisted.application.service import Service
from twisted.internet.currentreactor import currentReactor
from twisted.internet.defer import Deferred, fail, gatherResults, maybeDeferred
from twisted.internet.endpoints import clientFromString
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.spread.pb import Error
from twisted.spread.service import PBClientService, RetryingCalls

__all__ = ["NoWorkers", "WorkerPool"]

_log = Logger()


class NoWorkers(Error):
    """There is no server that could take a call, and there was none for some time."""


class _Worker:
    """A server, and the connection to it."""

    def __init__(self, service: Any) -> None:
        self.service = service
        self.calls = 0
        # What cuts its connection when it has left and takes too long.
        self.cutting: Any = None

    @property
    def reference(self) -> Any:
        """What to call, or None if there is no connection."""
        reference = self.service.reference
        return None if reference is None or reference.broker.disconnected else reference

    def cut(self) -> Deferred[Any]:
        """End the connection; calls that were not answered fail."""
        if self.cutting is not None and self.cutting.active():
            self.cutting.cancel()
        if self.calls and self.reference is not None:
            # A server that is out of reach would not let its connection be closed in peace.
            self.reference.broker.transport.abortConnection()
        stopped: Deferred[Any] = maybeDeferred(self.service.stopService)
        return stopped


class WorkerPool(Service):
    """
    Spreads calls over servers.

    @cvar callsAtOnce: how many calls a server gets at a time; others wait.
    @cvar patience: how many seconds a call waits for a server.
    @cvar maxWaiting: how many calls may wait for one.
    @cvar leaveTime: how many seconds a server that the registry has no more gets to finish its
        calls; then its connection is cut, and they fail.
    """

    callsAtOnce = 50
    patience: float = 10
    maxWaiting = 1000
    leaveTime: float = 30

    def __init__(
        self,
        find: Callable[[], Any],
        connect: Callable[[Any], Any] | None = None,
        interval: float = 1.0,
        clock: Any = None,
    ) -> None:
        """
        @param find: gives the addresses of the servers that there are, or a Deferred of them; may
            be a coroutine. When it fails, those from before are kept.
        @param connect: makes the `PBClientService` for an address; by default the address is a
            description for `clientFromString`.
        @param interval: after how many seconds to ask for addresses again.
        @param clock: where time passes; by default the global reactor.
        """
        self._find = find
        self._connect = self._byDescription if connect is None else connect
        self._interval = interval
        self._clock = clock
        self._workers: dict[Any, _Worker] = {}
        # Those that are gone from the registry, and have calls to finish.
        self._leaving: set[_Worker] = set()
        self._waiting: deque[Deferred[Any]] = deque()
        self._looking: LoopingCall | None = None

    def _byDescription(self, address: str) -> PBClientService:
        return PBClientService(clientFromString(currentReactor(self._clock), address))

    # The servers that there are

    def startService(self) -> None:
        """Begin to look for servers."""
        Service.startService(self)
        self._looking = LoopingCall(self._look)
        self._looking.clock = currentReactor(self._clock)
        self._looking.start(self._interval)

    def stopService(self) -> Any:
        """
        End all connections; calls that wait, and those that were not answered, fail.

        @return: a Deferred that fires when there are no connections.
        """
        Service.stopService(self)
        if self._looking is not None and self._looking.running:
            self._looking.stop()
        while self._waiting:
            self._waiting.popleft().errback(NoWorkers("the pool was stopped"))
        ending = [*self._workers.values(), *self._leaving]
        self._workers.clear()
        return gatherResults([worker.cut() for worker in ending])

    def _look(self) -> Deferred[None]:
        """Find out which servers there are."""
        finding: Deferred[Any] = maybeDeferred(self._find)
        return finding.addCallbacks(self._found, self._notFound)

    def _notFound(self, failure: Failure) -> None:
        _log.failure("The registry of servers does not answer", failure)

    def _found(self, addresses: Any) -> None:
        if self.running:
            self._update(addresses)

    def _update(self, addresses: Iterable[Any]) -> None:
        """Connect to servers that are new, and leave those that are gone once they are idle."""
        known = list(addresses)
        for address in [address for address in self._workers if address not in known]:
            self._leave(self._workers.pop(address))
        for address in known:
            if address not in self._workers:
                worker = self._workers[address] = _Worker(self._connect(address))
                worker.service.entered = self._serveWaiting
                worker.service.startService()

    def _leave(self, worker: _Worker) -> None:
        """Have a server finish its calls, and end the connection."""
        self._leaving.add(worker)
        clock = currentReactor(self._clock)
        worker.cutting = clock.callLater(self.leaveTime, worker.cut)
        self._release(worker)

    def _release(self, worker: _Worker) -> None:
        """A server that leaves may have finished its calls."""
        if worker in self._leaving and not worker.calls:
            self._leaving.remove(worker)
            worker.cut()

    def _serveWaiting(self) -> None:
        """A server is there: as many of those who wait get it as it takes."""
        for _ in range(min(self.callsAtOnce, len(self._waiting))):
            self._waiting.popleft().callback(None)

    @property
    def connected(self) -> list[Any]:
        """The addresses of the servers that can be called now."""
        return [address for address, worker in self._workers.items() if worker.reference]

    # Calls

    def callRemote(self, _name: Any, *args: Any, **kw: Any) -> Deferred[Any]:
        """
        Call a method of the server that is the least busy.

        @return: fails with `PBConnectionLost` if that server is lost, and with `NoWorkers` if none
            is free for `patience` seconds, or too many calls wait already.
        """
        there = [worker for worker in self._workers.values() if self._hasRoom(worker)]
        if not there:
            return self._wait().addCallback(lambda _: self.callRemote(_name, *args, **kw))
        worker = min(there, key=_busy)
        # One that has as many calls gets the next.
        address = next(key for key, value in self._workers.items() if value is worker)
        self._workers[address] = self._workers.pop(address)
        worker.calls += 1
        called: Deferred[Any] = maybeDeferred(worker.reference.callRemote, _name, *args, **kw)
        return called.addBoth(self._ended, worker)

    def _hasRoom(self, worker: _Worker) -> bool:
        return worker.calls < self.callsAtOnce and worker.reference is not None

    def _ended(self, result: Any, worker: _Worker) -> Any:
        worker.calls -= 1
        self._release(worker)
        if self._waiting and self._hasRoom(worker):
            self._waiting.popleft().callback(None)
        return result

    def _wait(self) -> Deferred[Any]:
        """Wait for a server."""
        if not self.running or len(self._waiting) >= self.maxWaiting:
            return fail(NoWorkers("there are no servers"))
        waiting: Deferred[Any] = Deferred(self._waiting.remove)
        self._waiting.append(waiting)

        def tooLong(result: Any, seconds: float) -> Any:
            return Failure(
                NoWorkers(f"there were no servers, or none that was free, for {seconds} seconds")
            )

        return waiting.addTimeout(self.patience, currentReactor(self._clock), tooLong)

    def retrying(self, attempts: int = 3) -> RetryingCalls:
        """
        For methods that do no harm when they are called twice.

        @param attempts: how often to call one whose server is lost.
        """
        return RetryingCalls(self.callRemote, attempts)


def _busy(worker: _Worker) -> int:
    return worker.calls
