"""
Structured concurrency: coroutines that belong to a block, and are over when the block is.

::

    async def fetchAll(urls):
        async with TaskGroup() as group:
            pages = [group.start(fetch(url)) for url in urls]
        return [await page for page in pages]

If one fails the others are cancelled, and the block raises an `ExceptionGroup`. Whatever happens,
the block waits until each of them has come to its end, its ``finally`` clauses included: nothing
is left behind.

::

    async with timeout(5):
        await something()

Both are for coroutines that `Deferred.fromCoroutine` runs, such as those that resources, tests and
``twisted.internet.task.react`` are given.
"""

from __future__ import annotations

import builtins
from collections.abc import Coroutine, Generator
from types import CoroutineType, TracebackType
from typing import Any, TypeVar

from twisted.internet import defer
from twisted.internet._deferred import WHO_RUNS
from twisted.internet.currentreactor import currentReactor
from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

__all__ = ["TaskGroup", "TimedOut", "timeout"]

_T = TypeVar("_T")


class _WhoRuns:
    """Await it for the Deferred of the coroutine that does so."""

    def __await__(self) -> Generator[Any, Any, Any]:
        return (yield WHO_RUNS)


class _Scope:
    """
    A part of a coroutine that can be cancelled by itself.

    Who has cancelled the coroutine is told apart by counting.
    """

    _owner: Any = None

    async def _enter(self) -> None:
        self._owner = await _WhoRuns()
        self._before = self._owner._cancels
        self._mine = 0

    def _cancelOwner(self) -> None:
        self._mine += 1
        self._owner.cancel()

    def _cancelledByOthers(self) -> bool:
        """Leave: what this has cancelled is settled. @return: whether somebody else has, too."""
        owner = self._owner
        owner._cancels -= self._mine
        return bool(owner._cancels > self._before)


class TaskGroup(_Scope):
    """
    Coroutines that belong to a block: an asynchronous context manager.

    @ivar cancelled: whether `cancel` has been called.
    """

    def __init__(self) -> None:
        self._children: set[Deferred[Any]] = set()
        self._errors: list[BaseException] = []
        self._idle: Deferred[None] | None = None
        self._state = "new"
        self._aborting = False
        self.cancelled = False

    async def __aenter__(self) -> TaskGroup:
        if self._state != "new":
            raise RuntimeError("a group of tasks can be entered once")
        await self._enter()
        self._state = "open"
        return self

    def start(self, awaitable: Coroutine[Any, Any, _T] | Deferred[_T]) -> Deferred[_T]:
        """
        Start a coroutine, or take a `Deferred` in.

        @return: fires with its result. A failure goes to the block as well, so nobody needs to look
            at it here; cancelling it cancels this one alone.
        @raise RuntimeError: the block is over, or ends because something has failed.
        """
        if self._state not in ("open", "ending") or self._aborting:
            if isinstance(awaitable, CoroutineType):
                awaitable.close()
            raise RuntimeError("nothing can be started in a group that is over")
        child: Deferred[_T] = (
            awaitable if isinstance(awaitable, Deferred) else Deferred.fromCoroutine(awaitable)
        )
        result: Deferred[_T] = Deferred(lambda _: child.cancel())
        self._children.add(child)
        child.addBoth(self._ended, child, result)
        return result

    def cancel(self) -> None:
        """Cancel all that is in the block, and leave it without an error."""
        self.cancelled = True
        self._abort()

    def _abort(self) -> None:
        if self._aborting or self._state == "over":
            return
        self._aborting = True
        for child in list(self._children):
            child.cancel()
        if self._state == "open":
            self._cancelOwner()

    def _ended(self, outcome: Any, child: Deferred[Any], result: Deferred[Any]) -> None:
        self._children.discard(child)
        failed = isinstance(outcome, Failure)
        if not result.called:
            if failed:
                # Whoever looks at it gets it; the block has it in any case.
                result.errback(outcome)
                if result._debugInfo is not None:
                    result._debugInfo.failResult = None
            else:
                result.callback(outcome)
        if failed and not (outcome.check(CancelledError) and (self._aborting or result.called)):
            self._errors.append(outcome.value)
            self._abort()
        if not self._children and self._idle is not None:
            idle, self._idle = self._idle, None
            idle.callback(None)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        self._state = "ending"
        interrupted = error
        if error is not None:
            self._abort()
        while self._children:
            self._idle = Deferred()
            try:
                await self._idle
            except CancelledError as cancelled:
                self._idle = None
                interrupted = interrupted or cancelled
                self._abort()
        self._state = "over"
        byOthers = self._cancelledByOthers()
        if isinstance(interrupted, CancelledError):
            if byOthers and not self._errors:
                raise interrupted
            interrupted = None
        errors = [*([interrupted] if interrupted is not None else []), *self._errors]
        self._errors = []
        if errors:
            raise BaseExceptionGroup("what was started in a block has failed", errors)
        return error is not None


class TimedOut(builtins.TimeoutError, defer.TimeoutError):
    """What ran in the block of `timeout` took too long."""


class timeout(_Scope):
    """
    Cancels what a block waits for after a time: an asynchronous context manager.

    The block raises `TimedOut`, a `TimeoutError`, then. What it does in ``finally`` is waited for.

    @param seconds: how long the block may take.
    @param clock: an `IReactorTime`; the global reactor if it is None.
    @ivar expired: whether it has taken longer.
    """

    def __init__(self, seconds: float, clock: Any = None) -> None:
        self._seconds = seconds
        self._clock = clock
        self._call: Any = None
        self.expired = False

    async def __aenter__(self) -> timeout:
        await self._enter()
        self._call = currentReactor(self._clock).callLater(self._seconds, self._expire)
        return self

    def _expire(self) -> None:
        self._call = None
        self.expired = True
        self._cancelOwner()

    def reschedule(self, seconds: float) -> None:
        """
        Give the block `seconds` from now.

        @raise RuntimeError: it is over, or has expired.
        """
        if self._call is None:
            raise RuntimeError("the block is over")
        self._call.reset(seconds)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        call, self._call = self._call, None
        if call is not None:
            call.cancel()
        byOthers = self._cancelledByOthers()
        if self.expired and isinstance(error, CancelledError) and not byOthers:
            raise TimedOut(f"it took more than {self._seconds} s") from None
        return False
