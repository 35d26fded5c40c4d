"""A team of workers, which shares tasks out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from zope.interface import implementer

from twisted._threads._ithreads import IWorker, Quit

__all__ = ["Statistics", "Team"]


@dataclass(frozen=True)
class Statistics:
    """
    How busy a team is.

    @ivar idleWorkerCount: workers without a task.
    @ivar busyWorkerCount: workers with one.
    @ivar backloggedWorkCount: tasks without a worker.
    """

    idleWorkerCount: int
    busyWorkerCount: int
    backloggedWorkCount: int


@implementer(IWorker)
class Team:
    """
    Shares tasks out to workers, which are made when they are wanted.

    All that changes the team is done by its coordinator, so that no two threads do it at once.

    @param coordinator: an `IExclusiveWorker`.
    @param createWorker: makes a worker; returns None if there are enough.
    @param logException: called when a task has raised an exception, while that is handled.
    """

    def __init__(
        self,
        coordinator: Any,
        createWorker: Callable[[], Any],
        logException: Callable[[], object],
    ) -> None:
        self._quit = Quit()
        self._coordinator = coordinator
        self._createWorker = createWorker
        self._logException = logException
        self._idle: set[Any] = set()
        self._busyCount = 0
        self._pending: deque[Callable[[], object]] = deque()
        self._shouldQuitCoordinator = False
        self._toShrink = 0

    def statistics(self) -> Statistics:
        """How busy the team is."""
        return Statistics(len(self._idle), self._busyCount, len(self._pending))

    def grow(self, n: int) -> None:
        """Make up to `n` more workers."""
        self._quit.check()

        def make() -> None:
            for _ in range(n):
                worker = self._createWorker()
                if worker is None:
                    return
                self._recycle(worker)

        self._coordinator.do(make)

    def shrink(self, n: int | None = None) -> None:
        """Have `n` workers quit, as soon as they have no task; None for all."""
        self._quit.check()
        self._coordinator.do(lambda: self._quitIdlers(n))

    def _quitIdlers(self, n: int | None = None) -> None:
        for _ in range(len(self._idle) + self._busyCount if n is None else n):
            if self._idle:
                self._idle.pop().quit()
            else:
                self._toShrink += 1
        if self._shouldQuitCoordinator and self._busyCount == 0:
            self._coordinator.quit()

    def do(self, task: Callable[[], object]) -> None:
        """
        Have a task done by a worker, as soon as there is one.

        @raise AlreadyQuit: the team has quit.
        """
        self._quit.check()
        self._coordinator.do(lambda: self._share(task))

    def _share(self, task: Callable[[], object]) -> None:
        worker = self._idle.pop() if self._idle else self._createWorker()
        if worker is None:
            self._pending.append(task)
            return
        self._busyCount += 1

        def work() -> None:
            try:
                task()
            except BaseException:
                self._logException()

            def done() -> None:
                self._busyCount -= 1
                self._recycle(worker)

            self._coordinator.do(done)

        worker.do(work)

    def _recycle(self, worker: Any) -> None:
        """A worker has no task: give it one, or let it wait, or quit."""
        self._idle.add(worker)
        if self._pending:
            self._share(self._pending.popleft())
        elif self._shouldQuitCoordinator:
            self._quitIdlers()
        elif self._toShrink > 0:
            self._toShrink -= 1
            self._idle.remove(worker)
            worker.quit()

    def quit(self) -> None:
        """
        Take no more tasks; workers quit when those taken are done.

        @raise AlreadyQuit: the team has quit already.
        """
        self._quit.set()

        def end() -> None:
            self._shouldQuitCoordinator = True
            self._quitIdlers()

        self._coordinator.do(end)
