"""A clock that tests move by hand; public as `twisted.internet.task.Clock`."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterable, Sequence
from typing import ParamSpec

from zope.interface import implementer

from twisted.internet._delayedcall import DelayedCall
from twisted.internet.interfaces import IReactorTime

_P = ParamSpec("_P")


@implementer(IReactorTime)
class Clock:
    """
    Time that stands still until somebody moves it: `IReactorTime` for tests.

    @ivar rightNow: the time, in seconds; 0 at first.
    @ivar calls: the calls that are to be made, the next one first.
    """

    __module__ = "twisted.internet.task"

    rightNow: float = 0.0

    def __init__(self) -> None:
        self.calls: list[DelayedCall] = []

    def seconds(self) -> float:
        """The time, in seconds."""
        return self.rightNow

    def callLater(
        self, delay: float, callable: Callable[_P, object], *args: _P.args, **kw: _P.kwargs
    ) -> DelayedCall:
        """Call a function once the clock has been moved by ``delay`` seconds."""
        call = DelayedCall(
            self.rightNow + delay,
            callable,
            args,
            kw,
            self.calls.remove,
            self._moved,
            self.seconds,
        )
        # Behind those that are due at the same moment: they are made in the order of asking.
        insort(self.calls, call)
        return call

    def _moved(self, call: DelayedCall) -> None:
        """Put the calls in order again, as one is due at another moment now."""
        self.calls.sort()

    def getDelayedCalls(self) -> Sequence[DelayedCall]:
        """The calls that are to be made; changing this list changes nothing."""
        return list(self.calls)

    def advance(self, amount: float) -> None:
        """
        Move the clock by some seconds, and make the calls that are due by then.

        Calls that these add are made too, if they are due.
        """
        self.rightNow += amount
        calls = self.calls
        while calls and calls[0].time <= self.rightNow:
            call = calls.pop(0)
            call.called = 1
            if call.func is not None:
                call.func(*call.args, **call.kw)

    def pump(self, timings: Iterable[float]) -> None:
        """Move the clock several times, each time by the next number of seconds."""
        for amount in timings:
            self.advance(amount)
