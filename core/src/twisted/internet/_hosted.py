"""
Reactors in the loop of a user interface: its toolkit waits, and watches one descriptor, that of
epoll or kqueue, which is ready when one of the reactor's own is.
"""

from __future__ import annotations

import select
from collections.abc import Callable

from twisted.internet._descriptors import DescriptorReactor
from twisted.internet._guest import GuestReactor
from twisted.logger import Logger

__all__ = ["HostedReactor"]

_log = Logger()

_Polling: type[DescriptorReactor]
if hasattr(select, "epoll"):
    from twisted.internet.epollreactor import EPollReactor as _Polling
elif hasattr(select, "kqueue"):
    from twisted.internet.kqreactor import KQueueReactor as _Polling
else:
    raise ImportError("this system has neither epoll nor kqueue")


class HostedReactor(GuestReactor, _Polling):  # type: ignore[misc, valid-type]
    """
    What such reactors share.

    A subclass gives `_watchPoller`, `_later`, `_runHost` and `_quitHost`. A callback may run a loop
    of the toolkit inside its own, for a dialog; the reactor goes on there.
    """

    def __init__(self) -> None:
        self._called: Callable[[], object] | None = None
        self._timer: Callable[[], object] | None = None
        self._timerMoment = 0.0
        # Whether the host runs for this reactor, rather than for the program.
        self._hosting = False
        self._iterating = False
        super().__init__()
        self._watchPoller(self._poller.fileno(), self._turn)

    # The host

    def _watchPoller(self, fd: int, ready: Callable[[], None]) -> None:
        """Have the host call ``ready`` whenever a descriptor can be read from."""
        raise NotImplementedError(f"{type(self).__qualname__} does not provide _watchPoller")

    def _later(self, seconds: float, call: Callable[[], None]) -> Callable[[], object]:
        """
        Have the host call a function once, in some seconds.

        @return: called before that, has it not do so.
        """
        raise NotImplementedError(f"{type(self).__qualname__} does not provide _later")

    def _runHost(self) -> None:
        """Run the loop of the host until `_quitHost`, or until the host ends it by itself."""
        raise NotImplementedError(f"{type(self).__qualname__} does not provide _runHost")

    def _quitHost(self) -> None:
        """End the loop of the host."""
        raise NotImplementedError(f"{type(self).__qualname__} does not provide _quitHost")

    # Turns

    def _watch(self, fd: int, before: int, now: int) -> None:
        super()._watch(fd, before, now)
        if self._alwaysReady:
            self._comeRound()

    def _comeRound(self) -> None:
        if self._called is None:
            self._called = self._later(0, self._calledTurn)

    def _calledTurn(self) -> None:
        self._called = None
        self._turn()

    def _timedTurn(self) -> None:
        self._timer = None
        self._turn()

    def _turn(self) -> None:
        """Serve what is ready, and do what is due."""
        try:
            super().doIteration(0)
            self.runUntilCurrent()
        except BaseException:
            # The host would not know what to do with it.
            _log.failure("Unexpected error in main loop.")
        if self._alwaysReady or self._unflushed or self.threadCallQueue or self._justStopped:
            self._comeRound()
        self._timersChanged()
        if self._iterating or not self._started:
            self._leave()

    def _timersChanged(self) -> None:
        """See to it that there is a turn when the earliest call is due."""
        when = self._timers.next()
        if when is None:
            return
        if self._timer is not None:
            if self._timerMoment <= when:
                # It comes in time, and sets another one.
                return
            self._timer()
        self._timer = self._later(max(0, when - self.seconds()), self._timedTurn)
        self._timerMoment = when

    def simulate(self) -> None:
        """Have one turn."""
        self._turn()

    # Life

    def mainLoop(self) -> None:
        """
        Serve until the reactor is stopped; part of `run`.

        If the host ends its loop by itself, as some do when the last window is closed, the reactor
        shuts down.
        """
        while self._started:
            self._comeRound()
            self._enter()
            if self._started and not self._stopped:
                self.stop()
        _log.info("Main loop terminated.")

    def doIteration(self, delay: float | None) -> None:
        """
        Wait up to ``delay`` seconds, or without end for None, and serve what is ready, events of
        the user interface among it.
        """
        end: Callable[[], object] | None = None

        def over() -> None:
            nonlocal end
            end = None
            self._leave()

        if delay is not None:
            end = self._later(delay, over)
        self._iterating = True
        try:
            self._enter()
        finally:
            self._iterating = False
            if end is not None:
                end()

    def crash(self) -> None:
        """End `run` at once, without any event.  The reactor may be run again."""
        super().crash()
        self._leave()

    def _enter(self) -> None:
        self._hosting = True
        try:
            self._runHost()
        finally:
            self._hosting = False

    def _leave(self) -> None:
        if self._hosting:
            self._quitHost()
