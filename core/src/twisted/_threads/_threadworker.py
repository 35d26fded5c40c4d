"""A worker that is a thread, and one that is a lock."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import Any, Protocol

from zope.interface import implementer

from twisted._threads._ithreads import IExclusiveWorker, Quit

__all__ = ["LockWorker", "SimpleLock", "Stop", "ThreadWorker"]


class SimpleLock(Protocol):
    """What a `LockWorker` needs of a lock."""

    def acquire(self) -> object:
        """Take it, and wait for that."""

    def release(self) -> object:
        """Give it back."""


class Stop(Enum):
    """What ends the loop of a thread."""

    Thread = auto()


@implementer(IExclusiveWorker)
class ThreadWorker:
    """
    Does tasks in a thread, one after another.

    @param startThread: starts a thread that calls a function.
    @param queue: holds the tasks: has ``get`` and ``put``.
    """

    def __init__(self, startThread: Callable[[Callable[[], object]], object], queue: Any) -> None:
        self._queue = queue
        self._hasQuit = Quit()

        def work() -> None:
            for task in iter(queue.get, Stop.Thread):
                task()

        startThread(work)

    def do(self, task: Callable[[], object]) -> None:
        """Have a task done in the thread."""
        self._hasQuit.check()
        self._queue.put(task)

    def quit(self) -> None:
        """End the thread when the tasks taken are done."""
        self._hasQuit.set()
        self._queue.put(Stop.Thread)


@implementer(IExclusiveWorker)
class LockWorker:
    """
    Does tasks in the thread that asks for it, while it holds a lock.

    A task that asks for another one has it done after itself, under the same lock.

    @param lock: the lock.
    @param local: keeps what belongs to a thread, as `threading.local`.
    """

    def __init__(self, lock: SimpleLock, local: Any) -> None:
        self._quit = Quit()
        self._lock: Any = lock
        self._local = local

    def do(self, work: Callable[[], object]) -> None:
        """Do a task; it is done when this returns, unless another one asks for it."""
        self._quit.check()
        working = getattr(self._local, "working", None)
        if working is not None:
            working.append(work)
            return
        working = self._local.working = [work]
        # A task may have this quit.
        lock, local = self._lock, self._local
        lock.acquire()
        try:
            while working:
                working.pop(0)()
        finally:
            lock.release()
            local.working = None

    def quit(self) -> None:
        """Take no more tasks."""
        self._quit.set()
        self._lock = None
