"""Services that listen, connect, repeat something, or take long work in steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from twisted.application._clientservice import ClientService, backoffPolicy
from twisted.application._transportservices import (
    MulticastServer,
    SSLClient,
    SSLServer,
    TCPClient,
    TCPServer,
    UDPServer,
    UNIXClient,
    UNIXDatagramClient,
    UNIXDatagramServer,
    UNIXServer,
    VolatileDataService,
)
from twisted.application.service import Service
from twisted.internet import task
from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

__all__ = [
    "ClientService",
    "CooperatorService",
    "MulticastServer",
    "SSLClient",
    "SSLServer",
    "StreamServerEndpointService",
    "TCPClient",
    "TCPServer",
    "TimerService",
    "UDPServer",
    "UNIXClient",
    "UNIXDatagramClient",
    "UNIXDatagramServer",
    "UNIXServer",
    "backoffPolicy",
]

_log = Logger()


class StreamServerEndpointService(Service):
    """
    Listens on an endpoint while it runs.

    @ivar endpoint: where.
    @ivar factory: makes protocols for connections.
    """

    # Whether an endpoint that fails at once makes starting fail, instead of being logged.
    _raiseSynchronously = False
    _waitingForPort: Deferred[Any] | None = None

    def __init__(self, endpoint: Any, factory: Any) -> None:
        self.endpoint = endpoint
        self.factory = factory

    def privilegedStartService(self) -> None:
        """
        Listen.

        @raise Exception: what the endpoint fails with at once, if `twisted.application.strports`
            made this; otherwise that is logged.
        """
        self._waitingForPort = self.endpoint.listen(self.factory)
        early: list[Failure] = []
        begun = False

        def failed(reason: Failure) -> None:
            if self._raiseSynchronously and not begun:
                early.append(reason)
            elif reason.check(CancelledError) is None:
                _log.failure("{endpoint} cannot listen", failure=reason, endpoint=self.endpoint)

        self._waitingForPort.addErrback(failed)
        begun = True
        if early:
            early[0].raiseException()

    def startService(self) -> None:
        """Listen, unless that was begun while there were privileges."""
        Service.startService(self)
        if self._waitingForPort is None:
            self.privilegedStartService()

    def stopService(self) -> Deferred[Any]:
        """
        Listen no more.

        @return: fires when the port is closed.
        """
        Service.stopService(self)
        waiting, self._waitingForPort = self._waitingForPort, None
        if waiting is None:
            waiting = Deferred()
            waiting.callback(None)
        waiting.cancel()

        def close(port: Any) -> Any:
            return None if port is None else port.stopListening()

        return waiting.addCallback(close)


class TimerService(VolatileDataService):
    """
    Calls a function again and again while it runs.

    @ivar clock: where time passes; by default the global reactor.
    """

    volatile: ClassVar[list[str]] = ["_loop", "_loopFinished"]
    clock: Any = None
    _loop: task.LoopingCall | None = None
    _loopFinished: Deferred[Any] | None = None

    def __init__(
        self, step: float, callable: Callable[..., object], *args: Any, **kwargs: Any
    ) -> None:
        """
        @param step: how many seconds pass from one call to the next.
        @param callable: if it fails the error is logged, and it is called no more.
        """
        self.step = step
        self.call = (callable, args, kwargs)

    def startService(self) -> None:
        """Call the function, and begin to count the time."""
        Service.startService(self)
        function, args, kwargs = self.call
        self._loop = task.LoopingCall(function, *args, **kwargs)
        if self.clock is not None:
            self._loop.clock = self.clock
        self._loopFinished = self._loop.start(self.step, now=True)
        self._loopFinished.addErrback(self._failed)

    def _failed(self, reason: Failure) -> None:
        """The function has failed."""
        self.running = 0
        _log.failure("TimerService failed; it calls {function} no more", reason, function=self.call)

    def stopService(self) -> Any:
        """
        Call the function no more.

        @return: fires when a call that is under way is done.
        """
        loop, finished = self._loop, self._loopFinished
        self._loop = self._loopFinished = None
        if loop is not None and loop.running:
            loop.stop()
        if finished is None:
            finished = succeed(None)
        return finished.addCallback(lambda _: Service.stopService(self))


class CooperatorService(Service):
    """Takes iterators step by step while it runs, and keeps them while it does not."""

    def __init__(self) -> None:
        self.coop = task.Cooperator(started=False)

    def coiterate(self, iterator: Iterator[Any]) -> Deferred[Any]:
        """
        Take an iterator step by step.

        @return: fires with the iterator at its end.
        """
        return self.coop.coiterate(iterator)

    def startService(self) -> None:
        """Begin or go on."""
        Service.startService(self)
        self.coop.start()

    def stopService(self) -> None:
        """Stop; what is under way is told so."""
        Service.stopService(self)
        self.coop.stop()
