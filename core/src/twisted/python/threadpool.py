"""Threads that wait for work."""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from threading import Lock, Thread, current_thread
from typing import Any

from twisted.logger import Logger
from twisted.python import context
from twisted.python.failure import Failure

__all__ = ["ThreadPool", "WorkerStop"]

#: In the queue of a pool, tells one thread to end.
WorkerStop: Any = object()

_Result = Callable[[bool, Any], Any]

_log = Logger()


class _Task:
    """A function to call in a thread, and whom to tell what came of it."""

    __slots__ = ("args", "context", "function", "kwargs", "onResult")

    def __init__(
        self,
        onResult: _Result | None,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        self.context = context.theContextTracker.currentContext().contexts[-1]
        self.onResult = onResult
        self.function = function
        self.args = args
        self.kwargs = kwargs

    def perform(self) -> None:
        """Call the function and tell; errors that nobody is told of are logged."""
        try:
            result = context.call(self.context, self.function, *self.args, **self.kwargs)
            succeeded = True
        except BaseException:
            succeeded, result = False, Failure()
        if self.onResult is None:
            if not succeeded:
                _log.failure("Unhandled error in a thread of the pool", result)
            return
        try:
            self.onResult(succeeded, result)
        except BaseException:
            _log.failure("Unhandled error when a thread's result was reported")


class ThreadPool:
    """
    Threads that wait for functions to call.

    Threads are made when there is more work than idle threads, up to a maximum; work beyond that
    waits for a thread in the order that it came in.

    @ivar min: how many threads there are at least, while the pool runs.
    @ivar max: how many threads there are at most.
    @ivar name: part of the names of the threads.
    @ivar started: whether `start` was called.
    @ivar joined: whether `stop` was called.
    @ivar threads: the threads that there are.
    """

    min = 5
    max = 20
    joined = False
    started = False
    name: str | None = None
    threadFactory = Thread
    currentThread = staticmethod(current_thread)

    def __init__(self, minthreads: int = 5, maxthreads: int = 20, name: str | None = None) -> None:
        """
        @raise AssertionError: if the numbers are negative or the wrong way round.
        """
        assert minthreads >= 0, "minimum is negative"
        assert minthreads <= maxthreads, "minimum is greater than maximum"
        self.min = minthreads
        self.max = maxthreads
        self.name = name
        self.threads: list[Thread] = []
        self._queue: SimpleQueue[Any] = SimpleQueue()
        self._lock = Lock()
        self._busy: list[Thread] = []
        self._ending = 0
        self._made = 0

    # What is going on

    @property
    def workers(self) -> int:
        """How many threads there are."""
        return len(self.threads)

    @property
    def working(self) -> list[Thread]:
        """The threads that are at work."""
        return list(self._busy)

    @property
    def waiters(self) -> list[Thread]:
        """The threads that wait for work."""
        busy = self._busy
        return [thread for thread in self.threads if thread not in busy]

    @property
    def q(self) -> SimpleQueue[Any]:
        """The work that waits for a thread."""
        return self._queue

    def dumpStats(self) -> None:
        """Log how much is waiting and at work."""
        _log.info("waiters: {pool.waiters}", pool=self)
        _log.info("workers: {pool.working}", pool=self)
        _log.info("total: {pool.threads}", pool=self)

    # Life

    def start(self) -> None:
        """Begin: work that was given before waits until now."""
        self.joined = False
        self.started = True
        self.adjustPoolsize()
        with self._lock:
            self._grow()

    def stop(self) -> None:
        """End: finish all work that was given, and wait for the threads."""
        with self._lock:
            self.joined = True
            self.started = False
            threads = list(self.threads)
            for _ in threads:
                self._queue.put(WorkerStop)
        for thread in threads:
            thread.join()

    def adjustPoolsize(self, minthreads: int | None = None, maxthreads: int | None = None) -> None:
        """
        Set how many threads there are at least and at most.

        @raise AssertionError: if the numbers are negative or the wrong way round.
        """
        minthreads = self.min if minthreads is None else minthreads
        maxthreads = self.max if maxthreads is None else maxthreads
        assert minthreads >= 0, "minimum is negative"
        assert minthreads <= maxthreads, "minimum is greater than maximum"
        self.min = minthreads
        self.max = maxthreads
        if not self.started:
            return
        with self._lock:
            while len(self.threads) - self._ending > self.max:
                self._endOne()
            while len(self.threads) - self._ending < self.min:
                self._makeOne()
            self._grow()

    def startAWorker(self) -> None:
        """Make a thread, whether there is work or not."""
        with self._lock:
            self._makeOne()

    def stopAWorker(self) -> None:
        """Let a thread end when it has nothing to do."""
        with self._lock:
            self._endOne()

    def _makeOne(self) -> None:
        """Make a thread."""
        self._made += 1
        name = f"PoolThread-{self.name or id(self)}-{self._made - 1}"
        thread = self.threadFactory(target=self._work, name=name)
        self.threads.append(thread)
        thread.start()

    def _endOne(self) -> None:
        """Let a thread end."""
        self._ending += 1
        self._queue.put(WorkerStop)

    def _grow(self) -> None:
        """Make as many threads as there is work for and the maximum allows."""
        wanted = self._queue.qsize() - (len(self.threads) - len(self._busy))
        room = self.max - len(self.threads)
        for _ in range(min(wanted, room)):
            self._makeOne()

    def _work(self) -> None:
        """Do what comes, until told to end."""
        thread = current_thread()
        while True:
            task = self._queue.get()
            if task is WorkerStop:
                break
            self._busy.append(thread)
            try:
                task.perform()
            finally:
                self._busy.remove(thread)
            # Nothing of the work is kept while this thread waits.
            del task
        with self._lock:
            self.threads.remove(thread)
            if self._ending:
                self._ending -= 1

    # Work

    def callInThread(self, func: Callable[..., Any], *args: Any, **kw: Any) -> None:
        """Call a function in a thread; an exception is logged."""
        self.callInThreadWithCallback(None, func, *args, **kw)

    def callInThreadWithCallback(
        self, onResult: _Result | None, func: Callable[..., Any], *args: Any, **kw: Any
    ) -> None:
        """
        Call a function in a thread and report what came of it.

        @param onResult: called in the same thread with True and the result, or with False and a
            `Failure`.
        """
        if self.joined:
            return
        self._queue.put(_Task(onResult, func, args, kw))
        if self.started:
            with self._lock:
                self._grow()
