"""Calling a function again and again; public as `twisted.internet.task.LoopingCall`."""

from __future__ import annotations

from collections.abc import Callable
from types import CoroutineType
from typing import Any

from twisted.internet.currentreactor import currentReactor
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.python.failure import Failure

#: A moment this close to a tick, as a part of the interval, is that tick: sums of floating point
#: intervals miss it by as much.
_TICK_TOLERANCE = 1e-6


class LoopingCall:
    """
    Call a function at a steady pace.

    Calls are due at the start plus whole multiples of the interval.  One that is missed, since the
    function or its Deferred took long, is left out, not made up for.

    @ivar running: whether it has been started and not stopped.
    @ivar interval: in seconds, while it has been started.
    @ivar starttime: when the count of intervals began, in seconds of the clock.
    @ivar call: the next call, if the clock knows of it already.
    @ivar clock: provides `IReactorTime`; the global reactor unless it is set.
    """

    __module__ = "twisted.internet.task"

    running = False
    interval: float | None = None
    starttime: float | None = None
    call: Any = None
    _clock: Any = None
    _deferred: Deferred[LoopingCall] | None = None
    _startedNow = False
    _counting = False
    _counted: float | None = None

    def __init__(self, f: Callable[..., object], *a: object, **kw: object) -> None:
        """
        @param f: called with the arguments that follow; while a Deferred (or coroutine) that it
            returned has no result, it is not called again.
        """
        self.f = f
        self.a = a
        self.kw = kw

    @classmethod
    def withCount(cls, countCallable: Callable[[int], object]) -> LoopingCall:
        """
        Call a function with the number of calls due since it was last called, mostly 1.

        With an interval of 0 it always is 1.
        """
        loop = cls(countCallable)
        loop._counting = True
        return loop

    @property
    def clock(self) -> Any:
        """Provides `IReactorTime`."""
        if self._clock is None:
            self._clock = currentReactor()
        return self._clock

    @clock.setter
    def clock(self, clock: Any) -> None:
        self._clock = clock

    @property
    def deferred(self) -> Deferred[LoopingCall] | None:
        """While it runs, the Deferred that `start` gave back."""
        return self._deferred

    def start(self, interval: float, now: bool = True) -> Deferred[LoopingCall]:
        """
        Begin.

        @param interval: in seconds; 0 to be called again as soon as other events were seen to.
        @param now: make the first call at once, not after the first interval.
        @return: fires with this object when it is stopped, or fails with what the function raised,
            which stops it too.
        @raise ValueError: if ``interval`` is negative.
        """
        assert not self.running, "a LoopingCall that runs cannot be started"
        if interval < 0:
            raise ValueError(f"an interval of {interval} seconds is less than 0")
        self.running = True
        done: Deferred[LoopingCall] = Deferred()
        self._deferred = done
        self.interval = interval
        self.starttime = self.clock.seconds()
        self._startedNow = now
        self._counted = None
        if now:
            self()
        else:
            self._schedule()
        return done

    def stop(self) -> None:
        """Make no further calls."""
        assert self.running, "a LoopingCall that does not run cannot be stopped"
        self.running = False
        if self.call is not None:
            self.call.cancel()
            self.call = None
            self._finish(self)

    def reset(self) -> None:
        """Make the next call one full interval from now, and count intervals from now on."""
        assert self.running, "a LoopingCall that does not run cannot be reset"
        if self.call is not None:
            self.call.cancel()
            self.call = None
            self.starttime = self.clock.seconds()
            self._schedule()

    def __call__(self) -> None:
        """Make one call, and see to the next one."""
        self.call = None
        try:
            if self._counting:
                due = self._due()
                result = self.f(due) if due > 0 else None
            else:
                result = self.f(*self.a, **self.kw)
        except BaseException:
            self._failed(Failure())
            return
        if isinstance(result, Deferred | CoroutineType):
            maybeDeferred(lambda: result).addCallback(self._called).addErrback(self._failed)
        elif isinstance(result, Failure):
            self._failed(result)
        else:
            self._called(None)

    def _called(self, _: object) -> None:
        """The function is done."""
        if self.running:
            self._schedule()
        else:
            self._finish(self)

    def _failed(self, failure: Failure) -> None:
        """The function failed, which ends the loop."""
        self.running = False
        self._finish(failure)

    def _finish(self, result: LoopingCall | Failure) -> None:
        """Tell the one who started it."""
        done, self._deferred = self._deferred, None
        if done is not None:
            done.callback(result)

    def _due(self) -> int:
        """How many calls were due since the last one that was made."""
        now = self.clock.seconds()
        if not self.interval:
            due = 1
        elif self._counted is None:
            due = self._tick(now) + int(self._startedNow)
        else:
            due = self._tick(now) - self._tick(self._counted)
        if due > 0:
            self._counted = now
        return due

    def _tick(self, moment: float) -> int:
        """How many intervals had ended by a moment."""
        assert self.starttime is not None
        assert self.interval
        return int((moment - self.starttime) / self.interval + _TICK_TOLERANCE)

    def _schedule(self) -> None:
        """Ask for the next call."""
        assert self.starttime is not None
        if not self.interval:
            self.call = self.clock.callLater(0, self)
            return
        now = self.clock.seconds()
        due = self.starttime + (self._tick(now) + 1) * self.interval
        self.call = self.clock.callLater(due - now, self)

    def __repr__(self) -> str:
        name = getattr(self.f, "__qualname__", None) or repr(self.f)
        return f"LoopingCall<{self.interval!r}>({name}, *{self.a!r}, **{self.kw!r})"
