"""
A reactor on an event loop of asyncio: both kinds of programs in one process, in one thread.

::

    import asyncio
    from twisted.internet import asyncioreactor
    asyncioreactor.install(asyncio.new_event_loop())

    from twisted.internet import reactor

A coroutine under `Deferred.fromCoroutine` or in a task of the loop may then await Deferreds, by way
of `Deferred.asFuture`, and whatever asyncio has to wait for. Any loop does that watches descriptors
(``add_reader``): asyncio's own on POSIX, and uvloop's.
"""

from __future__ import annotations

import asyncio
import warnings
from asyncio import AbstractEventLoop, get_running_loop

from twisted.internet._descriptors import READ, WRITE, DescriptorReactor
from twisted.internet._guest import GuestReactor
from twisted.logger import Logger

__all__ = ["AsyncioSelectorReactor", "get_running_loop", "install"]


_log = Logger()


class AsyncioSelectorReactor(GuestReactor, DescriptorReactor):
    """
    A reactor on an event loop of asyncio.

    @param eventloop: the loop; None for that of this thread, which is made if there is none.
    @raise TypeError: the loop does not watch descriptors.
    """

    def __init__(self, eventloop: AbstractEventLoop | None = None) -> None:
        loop = _loopOfThread() if eventloop is None else eventloop
        if not _watchesDescriptors(loop):
            raise TypeError(f"{loop!r} does not watch descriptors: it has no add_reader")
        self._asyncioEventloop = loop
        # Whether a turn of the reactor is under way, or is going to be.
        self._turning = False
        self._called: asyncio.Handle | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timerMoment = 0.0
        self._iterating = False
        self._alwaysReady: dict[int, int] = {}
        super().__init__()

    # Descriptors

    def _watch(self, fd: int, before: int, now: int) -> None:
        loop = self._asyncioEventloop
        if fd in self._alwaysReady:
            if now:
                self._alwaysReady[fd] = now
            else:
                del self._alwaysReady[fd]
            return
        if before == now:
            # What was watched was closed without a word, and its number has come back.
            loop.remove_reader(fd)
            loop.remove_writer(fd)
            before = 0
        try:
            if now & READ and not before & READ:
                loop.add_reader(fd, self._ready, fd, READ)
            if now & WRITE and not before & WRITE:
                loop.add_writer(fd, self._ready, fd, WRITE)
        except PermissionError:
            # A plain file, which never makes anyone wait.
            self._alwaysReady[fd] = now
            self._comeRound()
            return
        if before & READ and not now & READ:
            loop.remove_reader(fd)
        if before & WRITE and not now & WRITE:
            loop.remove_writer(fd)

    def _ready(self, fd: int, event: int) -> None:
        """A descriptor is ready: serve it, and whatever that has brought about."""
        turning, self._turning = self._turning, True
        try:
            self._serve(((fd, event),))
            if self.threadCallQueue or self._justStopped:
                self.runUntilCurrent()
        finally:
            self._turning = turning
        self._afterwards()

    # Turns

    def _comeRound(self) -> None:
        """Have a turn soon, unless one is under way."""
        if not self._turning and self._called is None:
            self._called = self._asyncioEventloop.call_soon(self._turn)

    def _turn(self) -> None:
        """Do what is due."""
        self._called = None
        self._turning = True
        try:
            self.runUntilCurrent()
            if self._alwaysReady:
                self._serve(list(self._alwaysReady.items()))
        finally:
            self._turning = False
        self._afterwards()

    def _afterwards(self) -> None:
        if self._unflushed or self.threadCallQueue or self._justStopped or self._alwaysReady:
            self._comeRound()
        self._setTimer()
        if self._iterating:
            self._asyncioEventloop.stop()

    def _timeOut(self) -> None:
        self._timer = None
        self._turn()

    def _setTimer(self) -> None:
        """See to it that there is a turn when the earliest call is due."""
        when = self._timers.next()
        if when is None:
            return
        loop = self._asyncioEventloop
        moment = loop.time() + max(0, when - self.seconds())
        if self._timer is not None:
            if self._timerMoment <= moment:
                # It comes in time, and sets another one.
                return
            self._timer.cancel()
        self._timer = loop.call_at(moment, self._timeOut)
        self._timerMoment = moment

    def _timersChanged(self) -> None:
        if not self._turning:
            self._setTimer()

    # Life

    def mainLoop(self) -> None:
        """Serve until the reactor is stopped; part of `run`."""
        while self._started:
            self._comeRound()
            try:
                self._asyncioEventloop.run_forever()
            except BaseException:
                _log.failure("Unexpected error in main loop.")
        _log.info("Main loop terminated.")

    def doIteration(self, delay: float | None) -> None:
        """Wait up to ``delay`` seconds, or without end for None, and serve what is ready."""
        loop = self._asyncioEventloop
        self._iterating = True
        guard: asyncio.Handle | None = None
        if delay is not None:
            guard = loop.call_later(delay, loop.stop) if delay else loop.call_soon(loop.stop)
        try:
            loop.run_forever()
        finally:
            self._iterating = False
            if guard is not None:
                guard.cancel()

    def crash(self) -> None:
        """End `run` at once, without any event.  The reactor may be run again."""
        super().crash()
        self._asyncioEventloop.stop()


def _watchesDescriptors(loop: AbstractEventLoop) -> bool:
    return getattr(type(loop), "add_reader", None) not in (None, AbstractEventLoop.add_reader)


def _loopOfThread() -> AbstractEventLoop:
    """The loop of this thread; a new one, if there is none."""
    with warnings.catch_warnings():
        # Whether asyncio makes one of its own accord differs between its versions.
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            loop = asyncio.get_event_loop()
        except RuntimeError:
            loop = None
    if loop is None or loop.is_closed():
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
    return loop


def install(eventloop: AbstractEventLoop | None = None) -> None:
    """
    Make an `AsyncioSelectorReactor` the global reactor.

    @param eventloop: the loop; None for that of this thread, which is made if there is none.
    """
    from twisted.internet.main import installReactor

    installReactor(AsyncioSelectorReactor(eventloop))
