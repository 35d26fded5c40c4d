"""Calling functions that may give a result now, later, or by a coroutine."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from types import CoroutineType
from typing import Any, ParamSpec, TypeVar, overload

from twisted.internet._deferred import (
    _PLAIN,
    Deferred,
    TimeoutError,
    _caught,
    _log,
    _Running,
    fail,
    succeed,
)
from twisted.python.failure import Failure

__all__ = ["ensureDeferred", "execute", "logError", "maybeDeferred", "timeoutDeferred"]

_T = TypeVar("_T")
_P = ParamSpec("_P")


def ensureDeferred(
    coro: Coroutine[Any, Any, _T] | Generator[Any, Any, _T] | Deferred[_T],
) -> Deferred[_T]:
    """
    A Deferred of a coroutine's result; a Deferred is given back as it is.

    @raise NotACoroutineError: if it is neither.
    """
    if type(coro) is CoroutineType:
        return _Running(coro)
    if isinstance(coro, Deferred):
        return coro
    return Deferred.fromCoroutine(coro)


def execute(callable: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> Deferred[_T]:
    """Call a function now; gives a Deferred of what it returns or raises."""
    try:
        return succeed(callable(*args, **kwargs))
    except BaseException as error:
        return fail(_caught(error))


@overload
def maybeDeferred(
    f: Callable[_P, Deferred[_T]], *args: _P.args, **kwargs: _P.kwargs
) -> Deferred[_T]: ...


@overload
def maybeDeferred(
    f: Callable[_P, Coroutine[Any, Any, _T]], *args: _P.args, **kwargs: _P.kwargs
) -> Deferred[_T]: ...


@overload
def maybeDeferred(f: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> Deferred[_T]: ...


def maybeDeferred(f: Callable[_P, Any], *args: _P.args, **kwargs: _P.kwargs) -> Deferred[Any]:
    """
    Call a function that may return a Deferred, a coroutine or a plain result, or raise.

    @return: a Deferred in any case.
    """
    try:
        result = f(*args, **kwargs)
    except BaseException as error:
        return fail(_caught(error))
    if type(result) in _PLAIN:
        return succeed(result)
    if isinstance(result, Deferred):
        return result
    if isinstance(result, Failure):
        return fail(result)
    if type(result) is CoroutineType:
        return Deferred.fromCoroutine(result)
    return succeed(result)


def timeoutDeferred(deferred: Deferred[Any], *args: object) -> None:
    """Fail a Deferred with `TimeoutError`, unless it has fired."""
    if not deferred.called:
        deferred.errback(Failure(TimeoutError("Callback timed out")))


def logError(err: Failure) -> Failure:
    """An errback that logs a failure and passes it on."""
    _log.failure("Error in Deferred", err)
    return err
