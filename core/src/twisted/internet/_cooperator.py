"""
Long work in small steps, between which the reactor sees to its events; public as
`twisted.internet.task`.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from twisted.internet.currentreactor import currentReactor
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

_I = TypeVar("_I", bound=Iterator[Any])

#: How long, in seconds, steps are taken before the reactor has its turn again.
_SLICE = 0.01


class SchedulerError(Exception):
    """Something about a `Cooperator` is not as it should be."""

    __module__ = "twisted.internet.task"


class SchedulerStopped(SchedulerError):
    """The `Cooperator` was stopped, and its tasks were not finished."""

    __module__ = "twisted.internet.task"


class TaskFinished(SchedulerError):
    """A task has come to an end, so that it cannot be paused or stopped."""

    __module__ = "twisted.internet.task"


class TaskDone(TaskFinished):
    """A task has come to its own end."""

    __module__ = "twisted.internet.task"


class TaskStopped(TaskFinished):
    """A task was stopped."""

    __module__ = "twisted.internet.task"


class TaskFailed(TaskFinished):
    """The iterator of a task raised an exception."""

    __module__ = "twisted.internet.task"


class NotPaused(SchedulerError):
    """A task was resumed more often than it was paused."""

    __module__ = "twisted.internet.task"


class CooperativeTask:
    """One iterator that a `Cooperator` steps through; `Cooperator.cooperate` makes them."""

    __module__ = "twisted.internet.task"

    _end: SchedulerError | None = None
    _result: Any = None
    _pauses = 0
    #: Whether the cooperator will take the next step without being asked again.
    _queued = False

    def __init__(self, iterator: Iterator[Any], cooperator: Cooperator) -> None:
        self._iterator = iterator
        self._cooperator = cooperator
        self._waiting: list[Deferred[Any]] = []
        if cooperator._stopped:
            self._finish(SchedulerStopped(), Failure(SchedulerStopped()))
        else:
            cooperator._add(self)

    def whenDone(self) -> Deferred[Any]:
        """
        A new Deferred of the task's end.

        @return: fires with the iterator, or fails with what it (or a Deferred that it yielded)
            raised, with `TaskStopped`, or with `SchedulerStopped`.
        """
        d: Deferred[Any] = Deferred()
        if self._end is None:
            self._waiting.append(d)
        else:
            d.callback(self._result)
        return d

    def pause(self) -> None:
        """
        Take no steps until `resume` was called as often.

        @raise TaskFinished: if the task has come to an end.
        """
        self._checkEnd()
        self._pauses += 1
        if self._queued:
            self._cooperator._remove(self)

    def resume(self) -> None:
        """
        Take one `pause` back.

        @raise NotPaused: if it was not paused.
        """
        if not self._pauses:
            raise NotPaused()
        self._pauses -= 1
        if not self._pauses and self._end is None:
            self._cooperator._add(self)

    def stop(self) -> None:
        """
        End the task; `whenDone` fails with `TaskStopped`.

        @raise TaskFinished: if the task has come to an end.
        """
        self._checkEnd()
        self._finish(TaskStopped(), Failure(TaskStopped()))

    def _checkEnd(self) -> None:
        """Raise what tells how the task came to an end, if it has."""
        if self._end is not None:
            raise type(self._end)()

    def _finish(self, end: SchedulerError, result: Any) -> None:
        """Note the end and tell those who wait for it."""
        self._end = end
        self._result = result
        if self._queued:
            self._cooperator._remove(self)
        waiting, self._waiting = self._waiting, []
        for d in waiting:
            d.callback(result)

    def _step(self) -> None:
        """Ask the iterator for one more step."""
        try:
            awaited = next(self._iterator)
        except StopIteration:
            if self._end is None:
                self._finish(TaskDone(), self._iterator)
        except BaseException:
            if self._end is None:
                self._finish(TaskFailed(), Failure())
        else:
            if isinstance(awaited, Deferred) and self._end is None:
                self.pause()
                awaited.addCallbacks(self._goOn, self._fail)

    def _goOn(self, _: object) -> None:
        """The Deferred that was yielded has a result."""
        self.resume()

    def _fail(self, failure: Failure) -> None:
        """The Deferred that was yielded failed."""
        if self._end is None:
            self._finish(TaskFailed(), failure)


def _sliceEnds() -> Callable[[], bool]:
    """Begin a slice; the function that it gives tells when it is over."""
    end = time.monotonic() + _SLICE
    return lambda: time.monotonic() > end


def _soon(step: Callable[[], None]) -> Any:
    """Call a function once the reactor has seen to its events."""
    return currentReactor().callLater(0, step)


class Cooperator:
    """
    Step through several iterators by turns, a short while each time the reactor allows it.

    An iterator yields None between two steps, or a Deferred to wait for before the next one.
    """

    __module__ = "twisted.internet.task"

    def __init__(
        self,
        terminationPredicateFactory: Callable[[], Callable[[], bool]] = _sliceEnds,
        scheduler: Callable[[Callable[[], None]], Any] = _soon,
        started: bool = True,
    ) -> None:
        """
        @param terminationPredicateFactory: called as a round of steps begins; gives a function that
            is called after each step, and ends the round by returning true.
        @param scheduler: called with a function to call soon; gives an `IDelayedCall`.
        @param started: take steps at once, not only after `start`.
        """
        self._newSlice = terminationPredicateFactory
        self._scheduler = scheduler
        self._tasks: deque[CooperativeTask] = deque()
        self._call: Any = None
        self._started = started
        self._stopped = False

    @property
    def running(self) -> bool:
        """Whether it takes steps: it was started, and not stopped since."""
        return self._started

    def coiterate(self, iterator: _I, doneDeferred: Deferred[_I] | None = None) -> Deferred[_I]:
        """
        Step through an iterator.

        @param doneDeferred: the Deferred to fire, instead of a new one.
        @return: fires with the iterator at its end, or fails with what it raised.
        """
        done: Deferred[_I] = Deferred() if doneDeferred is None else doneDeferred
        CooperativeTask(iterator, self).whenDone().chainDeferred(done)
        return done

    def cooperate(self, iterator: Iterator[Any]) -> CooperativeTask:
        """Step through an iterator; the task that this gives can be paused and stopped."""
        return CooperativeTask(iterator, self)

    def start(self) -> None:
        """Take steps from now on."""
        self._stopped = False
        self._started = True
        self._schedule()

    def stop(self) -> None:
        """End all tasks, and those that come later too, with `SchedulerStopped`."""
        self._stopped = True
        self._started = False
        for task in list(self._tasks):
            if task._end is None:
                task._finish(SchedulerStopped(), Failure(SchedulerStopped()))
        self._tasks.clear()
        self._unschedule()

    def _add(self, task: CooperativeTask) -> None:
        """Take a task's steps by turns with the others'."""
        task._queued = True
        self._tasks.append(task)
        self._schedule()

    def _remove(self, task: CooperativeTask) -> None:
        """Take no more steps of a task."""
        task._queued = False
        self._tasks.remove(task)
        if not self._tasks:
            self._unschedule()

    def _schedule(self) -> None:
        """Ask for a round of steps, if there are any to take."""
        if self._call is None and self._tasks and self._started:
            self._call = self._scheduler(self._round)

    def _unschedule(self) -> None:
        """There is nothing to do in the round that was asked for."""
        call, self._call = self._call, None
        if call is not None:
            call.cancel()

    def _round(self) -> None:
        """Take steps, each of the task that has waited longest, until the slice is over."""
        self._call = None
        ended = self._newSlice()
        tasks = self._tasks
        while tasks:
            task = tasks[0]
            task._step()
            if task._queued and tasks and tasks[0] is task:
                tasks.rotate(-1)
            if ended():
                break
        self._schedule()
