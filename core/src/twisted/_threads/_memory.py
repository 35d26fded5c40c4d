"""A worker whose tasks are done when the test says so."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from zope.interface import implementer

from twisted._threads._ithreads import IExclusiveWorker, Quit

__all__ = ["createMemoryWorker"]


@implementer(IExclusiveWorker)
class MemoryWorker:
    """Keeps tasks until they are to be done."""

    def __init__(self) -> None:
        self._quit = Quit()
        self._pending: deque[Callable[[], object]] = deque()

    def do(self, work: Callable[[], object]) -> None:
        """Keep a task."""
        self._quit.check()
        self._pending.append(work)

    def quit(self) -> None:
        """Take no more tasks."""
        self._quit.set()


def createMemoryWorker() -> tuple[MemoryWorker, Callable[[], bool]]:
    """
    A worker for tests.

    @return: the worker, and a function that does its next task, and tells whether there was one.
    """
    worker = MemoryWorker()

    def perform() -> bool:
        if not worker._pending:
            return False
        worker._pending.popleft()()
        return True

    return worker, perform
