"""Locks, semaphores and queues that wait with Deferreds; public as `twisted.internet.defer`."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, Generic, ParamSpec, TypeVar

from twisted.internet._deferred import Deferred, succeed
from twisted.internet._deferredcalls import maybeDeferred
from twisted.internet.currentreactor import currentReactor
from twisted.python.failure import Failure
from twisted.python.lockfile import FilesystemLock

_T = TypeVar("_T")
_P = ParamSpec("_P")
_Self = TypeVar("_Self", bound="_ConcurrencyPrimitive")


class QueueOverflow(Exception):
    """A `DeferredQueue` holds as many objects as it may."""


class QueueUnderflow(Exception):
    """A `DeferredQueue` has as many waiting for objects as it may."""


class AlreadyTryingToLockError(Exception):
    """`DeferredFilesystemLock.deferUntilLocked` was called again while it waits."""


class _ConcurrencyPrimitive:
    """Something that is acquired and released, and whom those wait for that cannot have it yet."""

    def __init__(self) -> None:
        self.waiting: list[Deferred[Any]] = []

    def acquire(self: _Self) -> Deferred[_Self]:
        """Fires when it is had."""
        raise TypeError(f"{self.__class__.__name__} does not say how it is acquired")

    def release(self) -> None:
        """Let the next one have it."""
        raise TypeError(f"{self.__class__.__name__} does not say how it is released")

    def run(self, f: Callable[_P, Any], /, *args: _P.args, **kwargs: _P.kwargs) -> Deferred[Any]:
        """
        Acquire, call a function, and release when it or the Deferred that it returned is done.

        @return: the function's result.
        """
        acquired = self.acquire()

        def call(_: object) -> Deferred[Any]:
            return maybeDeferred(f, *args, **kwargs).addBoth(self._released)

        return acquired.addCallback(call)

    def _released(self, result: _T) -> _T:
        """Release, and pass a result on."""
        self.release()
        return result

    def __aenter__(self) -> Deferred[Any]:
        return self.acquire()

    def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> Deferred[bool]:
        self.release()
        return succeed(False)

    def _cancelAcquire(self, d: Deferred[Any]) -> None:
        """Somebody does not want to wait any more."""
        self.waiting.remove(d)


class DeferredLock(_ConcurrencyPrimitive):
    """
    A lock that one may have at a time; those who wait get it in their order.

    @ivar locked: whether somebody has it.
    """

    locked = False

    def acquire(self) -> Deferred[Any]:
        """Fires with the lock when it is had; whoever has it calls `release`."""
        d: Deferred[Any] = Deferred(self._cancelAcquire)
        if self.locked:
            self.waiting.append(d)
        else:
            self.locked = True
            d.callback(self)
        return d

    def release(self) -> None:
        """Let the next one have it."""
        assert self.locked, "a lock is released by the one who has it"
        self.locked = False
        if self.waiting:
            self.locked = True
            self.waiting.pop(0).callback(self)


class DeferredSemaphore(_ConcurrencyPrimitive):
    """
    A lock that several may have at a time.

    @ivar tokens: how many more may have it now.
    @ivar limit: how many may have it in all.
    """

    def __init__(self, tokens: int) -> None:
        """
        @param tokens: how many may have it at a time, at least 1.
        @raise ValueError: if it is less.
        """
        super().__init__()
        if tokens < 1:
            raise ValueError("a DeferredSemaphore needs at least one token")
        self.tokens = tokens
        self.limit = tokens

    def acquire(self) -> Deferred[Any]:
        """Fires with the semaphore when it is had; whoever has it calls `release`."""
        d: Deferred[Any] = Deferred(self._cancelAcquire)
        if not self.tokens:
            self.waiting.append(d)
        else:
            self.tokens -= 1
            d.callback(self)
        return d

    def release(self) -> None:
        """Let the next one have it."""
        assert self.tokens < self.limit, "a semaphore is released by one who has it"
        self.tokens += 1
        if self.waiting:
            self.tokens -= 1
            self.waiting.pop(0).callback(self)


class DeferredQueue(Generic[_T]):
    """
    A queue of objects, and of those who wait for objects.

    @ivar size: how many objects it holds at most, or None for no limit.
    @ivar backlog: how many may wait for objects at most, or None for no limit.
    """

    def __init__(self, size: int | None = None, backlog: int | None = None) -> None:
        self.waiting: list[Deferred[_T]] = []
        self.pending: list[_T] = []
        self.size = size
        self.backlog = backlog

    def _cancelGet(self, d: Deferred[_T]) -> None:
        """Somebody does not want to wait any more."""
        self.waiting.remove(d)

    def put(self, obj: _T) -> None:
        """
        Give an object to the one who has waited longest, or keep it.

        @raise QueueOverflow: if ``size`` objects are kept already.
        """
        if self.waiting:
            self.waiting.pop(0).callback(obj)
        elif self.size is None or len(self.pending) < self.size:
            self.pending.append(obj)
        else:
            raise QueueOverflow()

    def get(self) -> Deferred[_T]:
        """
        Fires with the oldest object, when there is one.

        @raise QueueUnderflow: if ``backlog`` wait already.
        """
        if self.pending:
            return succeed(self.pending.pop(0))
        if self.backlog is not None and len(self.waiting) >= self.backlog:
            raise QueueUnderflow()
        d: Deferred[_T] = Deferred(canceller=self._cancelGet)
        self.waiting.append(d)
        return d


class DeferredFilesystemLock(FilesystemLock):
    """A lock between processes, made of a symbolic link, that is waited for by trying again."""

    _interval = 1.0
    _tryLockCall: Any = None
    _timeoutCall: Any = None

    def __init__(self, name: str, scheduler: Any = None) -> None:
        """
        @param name: the path of the lock.
        @param scheduler: provides `IReactorTime`; by default the global reactor.
        """
        super().__init__(name)
        self._scheduler = currentReactor(scheduler)

    def deferUntilLocked(self, timeout: float | None = None) -> Deferred[None]:
        """
        Try once a second until the lock is had.

        @param timeout: give up after so many seconds.
        @return: fires with None, or fails with `twisted.internet.defer.TimeoutError`, or with
            `AlreadyTryingToLockError` if a call before waits still.
        """
        from twisted.internet._deferred import TimeoutError, fail

        if self._tryLockCall is not None:
            return fail(
                AlreadyTryingToLockError("deferUntilLocked is waiting for the lock already")
            )

        def stopTrying() -> None:
            for call in (self._tryLockCall, self._timeoutCall):
                if call is not None and call.active():
                    call.cancel()
            self._tryLockCall = self._timeoutCall = None

        def cancel(d: Deferred[None]) -> None:
            stopTrying()

        def expire() -> None:
            stopTrying()
            d.errback(Failure(TimeoutError(f"no lock on {self.name!r} after {timeout} seconds")))

        def attempt() -> None:
            try:
                locked = self.lock()
            except BaseException:
                stopTrying()
                d.errback()
                return
            if locked:
                stopTrying()
                d.callback(None)
                return
            if timeout is not None and self._timeoutCall is None:
                self._timeoutCall = self._scheduler.callLater(timeout, expire)
            self._tryLockCall = self._scheduler.callLater(self._interval, attempt)

        d: Deferred[None] = Deferred(cancel)
        attempt()
        return d
