"""Leave the reactor as clean as it was before a test."""

from __future__ import annotations

from typing import Any

from twisted.python.failure import Failure
from twisted.trial.util import DirtyReactorAggregateError

__all__ = ["cleanAfterClass", "cleanAfterTest"]


def cleanAfterTest(reactor: Any) -> Failure | None:
    """Cancel what calls are still delayed. @return: a failure that tells of them, or None."""
    calls = _cancelPending(reactor)
    return Failure(DirtyReactorAggregateError(calls)) if calls else None


def cleanAfterClass(reactor: Any) -> Failure | None:
    """
    Close what descriptors are still in the reactor, cancel what calls are still delayed, and stop
    the threads.

    @return: a failure that tells of descriptors and calls, or None.
    """
    selectables = [repr(each) for each in reactor.removeAll() if _close(each)]
    calls = _cancelPending(reactor)
    pool = getattr(reactor, "threadpool", None)
    if pool is not None and hasattr(reactor, "_stopThreadPool"):
        reactor._stopThreadPool()
    if selectables or calls:
        return Failure(DirtyReactorAggregateError(calls, selectables))
    return None


def _cancelPending(reactor: Any) -> list[str]:
    # What has been scheduled for now may still finish: twice, as one may schedule another.
    reactor.iterate(0)
    reactor.iterate(0)
    pending = []
    for call in reactor.getDelayedCalls():
        if call.active():
            pending.append(str(call))
            call.cancel()
    return pending


def _close(selectable: Any) -> bool:
    from twisted.internet import error

    lost = getattr(selectable, "connectionLost", None)
    if lost is not None:
        lost(Failure(error.ConnectionAborted()))
    return True
