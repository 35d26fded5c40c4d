"""Deferreds for work in threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from twisted.internet.currentreactor import currentReactor
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.python.failure import Failure

__all__ = ["blockingCallFromThread", "callMultipleInThread", "deferToThread", "deferToThreadPool"]

_P = ParamSpec("_P")
_R = TypeVar("_R")


def deferToThreadPool(
    reactor: Any, threadpool: Any, f: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs
) -> Deferred[_R]:
    """
    Call a function in a thread of a pool.

    @param reactor: in its thread the Deferred fires.
    @return: what the function returns or raises.  Cancelling it does not stop the function.
    """
    d: Deferred[_R] = Deferred()

    def onResult(succeeded: bool, result: Any) -> None:
        if succeeded:
            reactor.callFromThread(d.callback, result)
        else:
            reactor.callFromThread(d.errback, result)

    threadpool.callInThreadWithCallback(onResult, f, *args, **kwargs)
    return d


def deferToThread(f: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> Deferred[_R]:
    """Call a function in a thread of the global reactor's pool; gives what it returns or raises."""
    reactor = currentReactor()
    return deferToThreadPool(reactor, reactor.getThreadPool(), f, *args, **kwargs)


def callMultipleInThread(tupleList: list[tuple[Callable[..., Any], Any, Any]]) -> None:
    """
    Call several functions, one after the other, in one thread of the global reactor's pool.

    @param tupleList: function, positional arguments and keyword arguments of each call.
    """

    def callAll() -> None:
        for function, args, kwargs in tupleList:
            function(*args, **kwargs)

    currentReactor().callInThread(callAll)


def blockingCallFromThread(
    reactor: Any, f: Callable[_P, Any], *args: _P.args, **kwargs: _P.kwargs
) -> Any:
    """
    Call a function in the reactor's thread, and wait for its result in this one.

    @return: the function's result, or that of the Deferred that it returns.
    @raise Exception: what it fails with.
    """
    from queue import SimpleQueue

    results: SimpleQueue[Any] = SimpleQueue()

    def call() -> None:
        maybeDeferred(f, *args, **kwargs).addBoth(results.put)

    reactor.callFromThread(call)
    result = results.get()
    if isinstance(result, Failure):
        result.raiseException()
    return result
