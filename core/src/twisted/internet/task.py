"""
Work that is done again, later, or a little at a time.

See `LoopingCall`, `deferLater`, `cooperate` and `coiterate`; `react` for programs with a main
function; and `Clock` for tests of all these.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine, Iterable, Iterator
from typing import Any, NoReturn, ParamSpec, TypeVar, overload

from twisted.internet._clock import Clock
from twisted.internet._cooperator import (
    CooperativeTask,
    Cooperator,
    NotPaused,
    SchedulerError,
    SchedulerStopped,
    TaskDone,
    TaskFailed,
    TaskFinished,
    TaskStopped,
)
from twisted.internet._looping import LoopingCall
from twisted.internet.currentreactor import currentReactor
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.error import ReactorNotRunning
from twisted.logger import Logger
from twisted.python.failure import Failure

__all__ = [
    "Clock",
    "CooperativeTask",
    "Cooperator",
    "LoopingCall",
    "NotPaused",
    "SchedulerError",
    "SchedulerStopped",
    "TaskDone",
    "TaskFailed",
    "TaskFinished",
    "TaskStopped",
    "coiterate",
    "cooperate",
    "deferLater",
    "react",
]

_T = TypeVar("_T")
_P = ParamSpec("_P")
_I = TypeVar("_I", bound=Iterator[Any])

_log = Logger()


class _Later:
    """
    Joins a Deferred and the delayed call that fires it.

    Each has to know the other one while both wait; this forgets both when that is over, so that
    they do not keep each other alive.
    """

    __slots__ = ("call", "d")

    call: Any
    d: Deferred[Any] | None

    def fire(self) -> None:
        """The time has come."""
        d, self.d, self.call = self.d, None, None
        if d is not None:
            d.callback(None)

    def cancel(self, _: object) -> None:
        """Nobody waits any more."""
        call, self.d, self.call = self.call, None, None
        call.cancel()


@overload
def deferLater(clock: Any, delay: float, callable: None = None) -> Deferred[None]: ...


@overload
def deferLater(
    clock: Any,
    delay: float,
    callable: Callable[_P, Deferred[_T]],
    *args: _P.args,
    **kw: _P.kwargs,
) -> Deferred[_T]: ...


@overload
def deferLater(
    clock: Any, delay: float, callable: Callable[_P, _T], *args: _P.args, **kw: _P.kwargs
) -> Deferred[_T]: ...


def deferLater(
    clock: Any,
    delay: float,
    callable: Callable[..., Any] | None = None,
    *args: object,
    **kw: object,
) -> Deferred[Any]:
    """
    Call a function later.

    @param clock: provides `IReactorTime`.
    @param delay: in seconds.
    @param callable: the function; may be left out, to do nothing but wait.
    @return: fires with what the function returns, or fails with what it raises.  Cancelling it
        before that means that the function is not called.
    """
    later = _Later()
    d = later.d = Deferred(later.cancel)
    if callable is not None:
        function = callable
        d.addCallback(lambda _: function(*args, **kw))
    later.call = clock.callLater(delay, later.fire)
    return d


def coiterate(iterator: _I) -> Deferred[_I]:
    """
    Step through an iterator while the global reactor runs, as `Cooperator.coiterate` does.

    @return: fires with the iterator at its end, or fails with what it raised.
    """
    return _theCooperator.coiterate(iterator)


def cooperate(iterator: Iterator[Any]) -> CooperativeTask:
    """Step through an iterator while the global reactor runs, as `Cooperator.cooperate` does."""
    return _theCooperator.cooperate(iterator)


_theCooperator = Cooperator()


class _MainRun:
    """The run of a program's main function: stops the reactor at its end, and keeps the status."""

    def __init__(self, reactor: Any) -> None:
        self.reactor = reactor
        self.status: Any = 0
        self.shuttingDown = False
        reactor.addSystemEventTrigger("before", "shutdown", self._shutdown)

    def _shutdown(self) -> None:
        """The reactor is going down, so that nobody has to stop it any more."""
        self.shuttingDown = True

    def ended(self, result: object) -> None:
        """The main function has a result, perhaps before the reactor even runs."""
        if isinstance(result, Failure):
            if isinstance(result.value, SystemExit):
                self.status = result.value.code
            else:
                _log.failure("main function encountered error", result)
                self.status = 1
        if not self.shuttingDown:
            self.reactor.callWhenRunning(self._stop)

    def _stop(self) -> None:
        """Stop the reactor, unless something else has in the meantime."""
        try:
            self.reactor.stop()
        except ReactorNotRunning:
            pass


def react(
    main: Callable[..., Deferred[Any] | Coroutine[Deferred[Any], Any, Any]],
    argv: Iterable[object] = (),
    _reactor: Any = None,
) -> NoReturn:
    """
    Run the reactor until a program's main function is done, and exit.

    The status is 0 if it succeeds, that of a `SystemExit` which it raises, and 1 for other errors,
    which are logged.

    @param main: called with the reactor and ``argv``; returns a Deferred or a coroutine.
    @raise SystemExit: always.
    """
    reactor = currentReactor(_reactor)
    finished = ensureDeferred(main(reactor, *argv))
    run = _MainRun(reactor)
    finished.addBoth(run.ended)
    reactor.run()
    sys.exit(run.status)
