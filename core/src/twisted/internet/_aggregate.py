"""Waiting for several Deferreds; public as `twisted.internet.defer`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from twisted.internet._deferred import Deferred
from twisted.python.failure import Failure

_T = TypeVar("_T")

#: What a `DeferredList` fires with if the first success is enough, and otherwise.
_DeferredListSingleResultT = tuple[_T, int]
_DeferredListResultListT = list[tuple[bool, _T]]

SUCCESS = True
FAILURE = False


class FirstError(Exception):
    """
    The first of several Deferreds failed, and that was to be told at once.

    @ivar subFailure: what it failed with.
    @ivar index: which one it was, counted from 0.
    """

    def __init__(self, failure: Failure, index: int) -> None:
        super().__init__(failure, index)
        self.subFailure = failure
        self.index = index

    def __repr__(self) -> str:
        return f"FirstError[#{self.index}, {self.subFailure.value!r}]"

    def __str__(self) -> str:
        return f"FirstError[#{self.index}, {self.subFailure}]"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FirstError):
            return NotImplemented
        return (self.index, self.subFailure) == (other.index, other.subFailure)

    __hash__ = None  # type: ignore[assignment]


class FailureGroup(Exception):
    """
    All of several Deferreds failed.

    @ivar failures: what each failed with, in the order of the Deferreds.
    """

    def __init__(self, failures: Sequence[Failure]) -> None:
        super().__init__(failures)
        self.failures = failures


class DeferredList(Deferred[Any]):
    """
    Fires when all of several Deferreds have fired, with a list of pairs (succeeded, result).

    @ivar fireOnOneCallback: fire as soon as one succeeds, with a pair (result, index).
    @ivar fireOnOneErrback: fail as soon as one fails, with `FirstError`.
    @ivar consumeErrors: count the failures as handled, so that they are not logged.
    """

    fireOnOneCallback = False
    fireOnOneErrback = False

    def __init__(
        self,
        deferredList: Iterable[Deferred[Any]],
        fireOnOneCallback: bool = False,
        fireOnOneErrback: bool = False,
        consumeErrors: bool = False,
    ) -> None:
        """Add a callback to each Deferred; a later callback of theirs gets the same result."""
        super().__init__()
        self._deferredList = list(deferredList)
        self.resultList: list[Any] = [None] * len(self._deferredList)
        self.finishedCount = 0
        self.fireOnOneCallback = fireOnOneCallback
        self.fireOnOneErrback = fireOnOneErrback
        self.consumeErrors = consumeErrors
        if not self._deferredList and not fireOnOneCallback:
            self.callback(self.resultList)
        for index, d in enumerate(self._deferredList):
            d.addBoth(self._watcher(index))

    def _watcher(self, index: int) -> Callable[[Any], Any]:
        """The callback of one Deferred of the list."""
        return lambda result: self._note(index, not isinstance(result, Failure), result)

    def _note(self, index: int, succeeded: bool, result: Any) -> Any:
        """Note one result, and fire if that is all that was waited for."""
        self.resultList[index] = (succeeded, result)
        self.finishedCount += 1
        if not self.called:
            if succeeded and self.fireOnOneCallback:
                self.callback((result, index))
            elif not succeeded and self.fireOnOneErrback:
                self.errback(Failure(FirstError(result, index)))
            elif self.finishedCount == len(self.resultList):
                self.callback(self.resultList)
        return None if self.consumeErrors and not succeeded else result

    def cancel(self) -> None:
        """Cancel all Deferreds of the list, if this has not fired yet."""
        if self.called:
            return
        for d in self._deferredList:
            try:
                d.cancel()
            except BaseException:
                from twisted.internet._deferred import _log

                _log.failure("Exception raised from user supplied canceller")


def _parseDeferredListResult(
    resultList: list[tuple[bool, Any]], fireOnOneErrback: bool = False
) -> list[Any]:
    """The bare results of a list that succeeded."""
    return [result for _, result in resultList]


def gatherResults(
    deferredList: Iterable[Deferred[_T]], consumeErrors: bool = False
) -> Deferred[list[_T]]:
    """
    The results of all Deferreds, in their order.

    @return: fails with `FirstError` as soon as one fails.
    """
    gathered = DeferredList(deferredList, fireOnOneErrback=True, consumeErrors=consumeErrors)
    return gathered.addCallback(_parseDeferredListResult)


def race(ds: Sequence[Deferred[_T]]) -> Deferred[tuple[int, _T]]:
    """
    The first result of several; the others are cancelled.

    @return: fires with the index of the first that succeeded and its result, or fails with
        `FailureGroup` when all have failed.  Cancelling it cancels all.
    """
    ds = list(ds)
    failures: dict[int, Failure] = {}
    winner: int | None = None

    def cancelAll(_: object) -> None:
        for d in ds:
            d.cancel()

    final: Deferred[tuple[int, _T]] = Deferred(cancelAll)

    def won(result: _T, index: int) -> None:
        nonlocal winner
        if winner is not None:
            return
        winner = index
        for other, d in enumerate(ds):
            if other != index:
                d.cancel()
        final.callback((index, result))

    def lost(failure: Failure, index: int) -> None:
        failures[index] = failure
        if winner is None and len(failures) == len(ds):
            final.errback(FailureGroup([failures[i] for i in range(len(ds))]))

    for index, d in enumerate(ds):
        d.addCallbacks(won, lost, callbackArgs=(index,), errbackArgs=(index,))
    return final
