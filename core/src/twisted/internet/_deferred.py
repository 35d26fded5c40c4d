"""
The Deferred and the coroutines and generators that run on it; public as `twisted.internet.defer`.

How a chain runs.  A Deferred holds a list of pairs (callback, errback).  `Deferred._run` walks it
in one loop, appended pairs included.  A callback that returns a Deferred which has not fired
suspends the walk: the rest of the list is kept, and the returned one gets the pair (None, waiting
Deferred), a *link*.  When the walk of the inner one meets a link it hands its result over and goes
on with the outer one in the same loop, so that chains of any length need no recursion.

A coroutine that waits is linked in the same way: the Deferred of its result is what drives it.  A
walk that meets such a link lets the coroutine take a step, and goes on with its Deferred if that
was the last.

A failure that rests in a Deferred has no live traceback: frames refer to their callers, whose
variables usually refer to the Deferred, and only the garbage collector could undo that circle.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextvars import copy_context
from functools import wraps
from types import CodeType, CoroutineType, FrameType, GeneratorType
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    NoReturn,
    ParamSpec,
    TypeVar,
    cast,
    overload,
)

from twisted.logger import Logger
from twisted.python.failure import Failure

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future

_T = TypeVar("_T")
_N = TypeVar("_N")
_M = TypeVar("_M")
_P = ParamSpec("_P")

if TYPE_CHECKING:
    _Base = Awaitable
else:
    # An abstract base class would make `isinstance` slow, and typing's Generic makes a new alias
    # object for each subscription.
    class _Base:
        __slots__ = ()

        def __class_getitem__(cls, item: object) -> type:
            return cls


#: Results of these types are neither a Deferred nor a Failure: the cheapest question comes first.
_PLAIN = frozenset({type(None), bool, int, float, str, bytes, tuple, list, dict, set, bytearray})

_log = Logger(namespace="twisted.internet.defer")


class AlreadyCalledError(Exception):
    """A Deferred was fired that has a result already."""


class CancelledError(Exception):
    """What a Deferred fails with when it is cancelled, unless its canceller knows better."""


class TimeoutError(Exception):
    """What a Deferred fails with when its time is up (`Deferred.addTimeout`)."""


class NotACoroutineError(TypeError):
    """Something else was given where a coroutine is needed."""


def _callerLines() -> list[str]:
    """The stack of whoever called into this module."""
    import traceback

    return traceback.format_stack()[:-2]


class DebugInfo:
    """
    Watches over a result that is a failure, and over the places that `setDebugging` records.

    It is thrown away with its Deferred; a failure that is still in it then was handled by nobody.
    """

    failResult: Failure | None = None
    creator: list[str] | None = None
    invoker: list[str] | None = None

    def _getDebugTracebacks(self) -> str:
        """Where the Deferred was made and fired, for people."""
        text = ""
        if self.creator is not None:
            text += " C: Deferred was created:\n" + "".join(f" C:{line}" for line in self.creator)
        if self.invoker is not None:
            text += " I: First Invoker was:\n" + "".join(f" I:{line}" for line in self.invoker)
        return text

    def __del__(self) -> None:
        failure = self.failResult
        if failure is None:
            return
        details = self._getDebugTracebacks()
        format = "Unhandled error in Deferred:"
        if details:
            format = "Unhandled error in Deferred:\n(debug: {debugInfo})"
        _log.failure(format, failure, debugInfo=details)
        if _unraisable:
            # What is raised while something is thrown away goes to sys.unraisablehook.
            raise failure.value


def _bind(function: Callable[..., Any], args: Any, kwargs: Any) -> Callable[[Any], Any]:
    """A callback that passes further arguments behind the result."""

    def callback(result: Any) -> Any:
        return function(result, *args, **kwargs)

    return callback


def passthru(arg: _T) -> _T:
    """A callback that changes nothing."""
    return arg


def _failthru(arg: Failure) -> Failure:
    """An errback that changes nothing."""
    return arg


class Deferred(_Base[_T]):
    """
    A result that is not there yet.

    Whoever waits adds callbacks, or awaits it; whoever has the result calls `callback` or
    `errback`, once.

    @ivar called: whether it has been fired.
    @ivar paused: how many times `pause` was called without `unpause`, waiting for an inner
        Deferred included.
    @ivar result: once fired, the result as of the last callback that ran.
    """

    called: bool
    paused: int
    debug = False
    result: Any
    _running: bool
    _suppressAlreadyCalled = False
    _canceller: Callable[[Deferred[Any]], object] | None = None
    _chainedTo: Deferred[Any] | None = None
    _debugInfo: DebugInfo | None = None
    _pairs: list[tuple[Any, Any]]
    #: What the coroutine that this is the result of waits for.
    _waiting: Deferred[Any] | None = None

    def __init__(self, canceller: Callable[[Deferred[Any]], object] | None = None) -> None:
        """
        @param canceller: called with this Deferred when somebody cancels it before it fired; stops
            the work that would produce the result, and may fire the Deferred.
        """
        self._pairs = []
        self.called = False
        self.paused = 0
        self._running = False
        if canceller is not None:
            self._canceller = canceller
        if _debugging:
            self._noteCreation()

    @property
    def callbacks(self) -> list[tuple[Any, Any]]:
        """The pairs of callback and errback that have not run yet."""
        return self._pairs

    # Adding callbacks

    @overload
    def addCallback(
        self,
        callback: Callable[Concatenate[_T, _P], Deferred[_N]],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> Deferred[_N]: ...

    @overload
    def addCallback(
        self, callback: Callable[Concatenate[_T, _P], _N], *args: _P.args, **kwargs: _P.kwargs
    ) -> Deferred[_N]: ...

    def addCallback(self, callback: Any, *args: Any, **kwargs: Any) -> Any:
        """
        Call ``callback(result, *args, **kwargs)`` on success; what it returns is the next result.
        """
        if args or kwargs:
            callback = _bind(callback, args, kwargs)
        self._pairs.append((callback, None))
        if self.called:
            self._run()
        return self

    @overload
    def addErrback(
        self,
        errback: Callable[Concatenate[Failure, _P], Deferred[_N]],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> Deferred[_T | _N]: ...

    @overload
    def addErrback(
        self, errback: Callable[Concatenate[Failure, _P], _N], *args: _P.args, **kwargs: _P.kwargs
    ) -> Deferred[_T | _N]: ...

    def addErrback(self, errback: Any, *args: Any, **kwargs: Any) -> Any:
        """
        Call ``errback(failure, *args, **kwargs)`` on failure; what it returns is the next result.
        """
        if args or kwargs:
            errback = _bind(errback, args, kwargs)
        self._pairs.append((None, errback))
        if self.called:
            self._run()
        return self

    @overload
    def addBoth(
        self,
        callback: Callable[Concatenate[Any, _P], Deferred[_N]],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> Deferred[_N]: ...

    @overload
    def addBoth(
        self, callback: Callable[Concatenate[Any, _P], _N], *args: _P.args, **kwargs: _P.kwargs
    ) -> Deferred[_N]: ...

    def addBoth(self, callback: Any, *args: Any, **kwargs: Any) -> Any:
        """Call ``callback(result, *args, **kwargs)`` in any case."""
        if args or kwargs:
            callback = _bind(callback, args, kwargs)
        self._pairs.append((callback, callback))
        if self.called:
            self._run()
        return self

    @overload
    def addCallbacks(
        self,
        callback: Callable[..., Deferred[_N]],
        errback: None = None,
        callbackArgs: Any = (),
        callbackKeywords: Any = None,
        errbackArgs: Any = (),
        errbackKeywords: Any = None,
    ) -> Deferred[_N]: ...

    @overload
    def addCallbacks(
        self,
        callback: Callable[..., _N],
        errback: None = None,
        callbackArgs: Any = (),
        callbackKeywords: Any = None,
        errbackArgs: Any = (),
        errbackKeywords: Any = None,
    ) -> Deferred[_N]: ...

    @overload
    def addCallbacks(
        self,
        callback: Callable[..., Deferred[_N]],
        errback: Callable[..., Deferred[_M]],
        callbackArgs: Any = (),
        callbackKeywords: Any = None,
        errbackArgs: Any = (),
        errbackKeywords: Any = None,
    ) -> Deferred[_N | _M]: ...

    @overload
    def addCallbacks(
        self,
        callback: Callable[..., Deferred[_N]],
        errback: Callable[..., _M],
        callbackArgs: Any = (),
        callbackKeywords: Any = None,
        errbackArgs: Any = (),
        errbackKeywords: Any = None,
    ) -> Deferred[_N | _M]: ...

    @overload
    def addCallbacks(
        self,
        callback: Callable[..., _N],
        errback: Callable[..., Deferred[_M]],
        callbackArgs: Any = (),
        callbackKeywords: Any = None,
        errbackArgs: Any = (),
        errbackKeywords: Any = None,
    ) -> Deferred[_N | _M]: ...

    @overload
    def addCallbacks(
        self,
        callback: Callable[..., _N],
        errback: Callable[..., _M],
        callbackArgs: Any = (),
        callbackKeywords: Any = None,
        errbackArgs: Any = (),
        errbackKeywords: Any = None,
    ) -> Deferred[_N | _M]: ...

    def addCallbacks(
        self,
        callback: Any,
        errback: Any = None,
        callbackArgs: Any = (),
        callbackKeywords: Any = None,
        errbackArgs: Any = (),
        errbackKeywords: Any = None,
    ) -> Any:
        """
        Call ``callback`` on success or ``errback`` on failure, each with further arguments.

        An error that ``callback`` raises is no business of this ``errback``, but of the next.
        """
        if callbackArgs or callbackKeywords:
            callback = _bind(callback, callbackArgs or (), callbackKeywords or {})
        if errback is not None and (errbackArgs or errbackKeywords):
            errback = _bind(errback, errbackArgs or (), errbackKeywords or {})
        self._pairs.append((callback, errback))
        if self.called:
            self._run()
        return self

    def chainDeferred(self, d: Deferred[_T]) -> Deferred[None]:
        """Fire another Deferred with this one's result; this one's is None from there on."""
        d._chainedTo = self
        return self.addCallbacks(d.callback, d.errback)

    # Firing

    def callback(self, result: Any) -> None:
        """
        Fire with a result and run the callbacks.

        @raise AlreadyCalledError: if it was fired before.
        """
        if self.called:
            self._refuse()
            return
        failed = False
        if type(result) not in _PLAIN:
            if isinstance(result, Deferred):
                raise AssertionError("a Deferred is fired with results, not with another Deferred")
            failed = isinstance(result, Failure)
        if _debugging:
            self._noteFiring()
        self.called = True
        if self._canceller is not None:
            self._canceller = None
        self.result = result
        if (self._pairs or failed) and not self.paused:
            outer = self._walk(result, failed)
            if outer is not None:
                self._runOn(outer)

    def errback(self, fail: Failure | BaseException | None = None) -> None:
        """
        Fire with a failure and run the errbacks.

        @param fail: a `Failure` or an exception; by default the exception being handled.
        @raise AlreadyCalledError: if it was fired before.
        @raise NoCurrentExceptionError: if there is no exception.
        """
        if not isinstance(fail, Failure):
            fail = Failure(fail)
        elif isinstance(fail.value, Deferred):
            raise AssertionError("a Deferred fails with exceptions, not with another Deferred")
        if self.called:
            self._refuse()
            return
        if _debugging:
            self._noteFiring()
        self.called = True
        if self._canceller is not None:
            self._canceller = None
        self.result = fail
        if not self.paused:
            outer = self._walk(fail, True)
            if outer is not None:
                self._runOn(outer)

    def _refuse(self) -> None:
        """Raise because this has fired; but a result after a cancellation is ignored, once."""
        if self._suppressAlreadyCalled:
            self._suppressAlreadyCalled = False
            return
        details = self._debugInfo._getDebugTracebacks() if self._debugInfo else ""
        raise AlreadyCalledError(details) if details else AlreadyCalledError()

    # Stopping and going on

    def pause(self) -> None:
        """Run no callbacks until `unpause` was called as often."""
        self.paused += 1

    def unpause(self) -> None:
        """Take one `pause` back, and run what has waited if it was the last."""
        self.paused -= 1
        if not self.paused and self.called:
            self._run()

    def cancel(self) -> None:
        """
        Say that the result is not wanted any more.

        Before it has fired, the canceller is called; if that does not fire it, it fails with
        `CancelledError`, and a later result is ignored.  While it waits for an inner Deferred, that
        one is cancelled.  Otherwise nothing happens.
        """
        if not self.called:
            if self._canceller is not None:
                self._canceller(self)
            else:
                # Whoever has the result does not know yet that it is not wanted.
                self._suppressAlreadyCalled = True
            if not self.called:
                self.errback(Failure(CancelledError()))
        elif isinstance(self.result, Deferred):
            self.result.cancel()

    def addTimeout(
        self,
        timeout: float,
        clock: Any,
        onTimeoutCancel: Callable[[Any, float], _T] | None = None,
    ) -> Deferred[_T]:
        """
        Cancel this Deferred if it has not fired in time; it then fails with `TimeoutError`.

        @param timeout: in seconds.
        @param clock: provides `IReactorTime`.
        @param onTimeoutCancel: called with the result after the cancellation and ``timeout``; its
            result takes the place of `TimeoutError`.
        """
        expired = False

        def expire() -> None:
            nonlocal expired
            expired = True
            self.cancel()

        call = clock.callLater(timeout, expire)

        def settle(result: Any) -> Any:
            if expired:
                return (onTimeoutCancel or _timedOut)(result, timeout)
            if call.active():
                call.cancel()
            return result

        return self.addBoth(settle)

    # Running

    def _run(self) -> None:
        """Run the callbacks, and those of all Deferreds that wait for this one."""
        if self.paused or self._running:
            return
        result = self.result
        outer = self._walk(result, isinstance(result, Failure))
        if outer is not None:
            self._runOn(outer)

    def _runOn(self, outer: Deferred[Any] | None) -> None:
        """Go on with a Deferred that waited for this one, and all that wait for that in turn."""
        current = self
        suspended: list[Deferred[Any]] = []
        while True:
            if outer is not None:
                if current._pairs:
                    suspended.append(current)
                current = outer
            elif suspended:
                current = suspended.pop()
            else:
                return
            outer = None
            if not (current.paused or current._running):
                result = current.result
                outer = current._walk(result, isinstance(result, Failure))

    def _walk(self, result: Any, failed: bool) -> Deferred[Any] | None:
        """
        Run the pairs until they end, wait for an inner Deferred, or hand over to an outer one.

        @return: the outer one, or None.
        """
        if failed and self._debugInfo is not None:
            self._debugInfo.failResult = None
        self._running = True
        pairs = iter(self._pairs)
        for callback, errback in pairs:
            if callback is None:
                if isinstance(errback, Deferred):
                    if errback._waiting is self:
                        outer = errback._step(result)
                        result, failed = None, False
                        if outer is None:
                            continue
                    else:
                        outer = errback
                        outer.result = result
                        outer._chainedTo = None
                        outer.paused -= 1
                    self._running = False
                    self._pairs = list(pairs)
                    self.result = None
                    return outer
                if not failed:
                    continue
                function = errback
            elif failed:
                if errback is None:
                    continue
                function = errback
            else:
                function = callback
            try:
                result = function(result)
            except BaseException as error:
                result = _caught(error)
                failed = True
                continue
            if type(result) in _PLAIN:
                failed = False
            elif isinstance(result, Failure):
                failed = True
            else:
                failed = False
                if isinstance(result, Deferred):
                    if result._isAtRest():
                        result, failed = result._take()
                    elif result is self:
                        _warnOfCircle(self, function)
                    else:
                        self._pairs = list(pairs)
                        self._waitFor(result)
                        return None
        self._running = False
        self._pairs.clear()
        self.result = result
        if failed:
            self._settleFailure(result)
        return None

    def _step(self, result: Any) -> Deferred[Any] | None:
        """For the Deferred of a coroutine's result: let the coroutine go on."""
        raise AssertionError("there is no coroutine")

    def _noteCreation(self) -> None:
        """When debugging: remember who made this."""
        self.debug = True
        self._debugInfo = DebugInfo()
        self._debugInfo.creator = _callerLines()

    def _noteFiring(self) -> None:
        """When debugging: remember who fired this."""
        if self._debugInfo is None:
            self._debugInfo = DebugInfo()
        self._debugInfo.invoker = _callerLines()

    def _isAtRest(self) -> bool:
        """Whether there is a result that nothing will change."""
        return self.called and not (self.paused or self._running or self._pairs)

    def _take(self) -> tuple[Any, bool]:
        """The result, which is the taker's from now on, and whether it is a failure."""
        result = self.result
        self.result = None
        if isinstance(result, Failure):
            if self._debugInfo is not None:
                self._debugInfo.failResult = None
            return result, True
        return result, False

    def _waitFor(self, inner: Deferred[Any]) -> None:
        """Suspend until another Deferred has a result."""
        self._running = False
        self.result = inner
        self.paused += 1
        self._chainedTo = inner
        inner._pairs.append((None, self))
        if inner.called:
            inner._run()

    def _settleFailure(self, failure: Failure) -> None:
        """Let a failure rest here, to be reported if nobody ever asks."""
        failure.cleanFailure()
        if self._debugInfo is None:
            self._debugInfo = DebugInfo()
        self._debugInfo.failResult = failure

    def __repr__(self) -> str:
        state = ""
        if "result" in self.__dict__:
            state = f" current result: {self.result!r}"
        elif self._chainedTo is not None:
            state = f" waiting on Deferred at {id(self._chainedTo):#x}"
        if self._chainedTo is not None and self.called:
            state = f" waiting on Deferred at {id(self._chainedTo):#x}"
        return f"<{self.__class__.__name__} at {id(self):#x}{state}>"

    __str__ = __repr__

    # Coroutines

    def __await__(self) -> Generator[Any, Any, _T]:
        if not self.called or self._pairs or self.paused or self._running:
            return cast("_T", (yield self))
        result = self.result
        if type(result) not in _PLAIN and isinstance(result, Failure):
            if self._debugInfo is not None:
                self._debugInfo.failResult = None
            try:
                result.raiseException()
            finally:
                # The traceback has this frame now: together they would keep each other alive.
                del self, result
        return cast("_T", result)

    __iter__ = __await__

    @classmethod
    def fromCoroutine(cls, coro: Coroutine[Any, Any, _N] | Generator[Any, Any, _N]) -> Deferred[_N]:
        """
        Run a coroutine; it may await Deferreds, and asyncio's futures if an asyncio loop runs.

        @param coro: a coroutine, or a generator made for ``yield from``.
        @return: fires with what the coroutine returns, or fails with what it raises.  Cancelling it
            cancels what the coroutine waits for.
        @raise NotACoroutineError: if it is something else.
        """
        if type(coro) is not CoroutineType and not isinstance(coro, GeneratorType | Coroutine):
            raise NotACoroutineError(f"{coro!r} is not a coroutine")
        return _Running(coro)

    # asyncio

    def asFuture(self, loop: AbstractEventLoop) -> Future[_T]:
        """
        A future of an asyncio loop with this Deferred's result; cancelling either cancels the
        other.
        """
        future = loop.create_future()

        def cancelled(future: Future[_T]) -> None:
            if future.cancelled():
                self.cancel()

        def succeeded(result: _T) -> None:
            if not future.done():
                future.set_result(result)

        def failed(failure: Failure) -> None:
            if not future.done():
                future.set_exception(failure.value)

        future.add_done_callback(cancelled)
        self.addCallbacks(succeeded, failed)
        return future

    @classmethod
    def fromFuture(cls, future: Future[Any]) -> Deferred[Any]:
        """A Deferred with the result of an asyncio future; cancelling either cancels the other."""

        def finished(future: Future[Any]) -> None:
            if future.cancelled():
                failure = Failure(CancelledError())
            else:
                error = future.exception()
                if error is None:
                    d.callback(future.result())
                    return
                failure = Failure(error)
            if not d.called:
                d.errback(failure)

        def cancel(d: Deferred[Any]) -> None:
            future.cancel()
            d.errback(Failure(CancelledError()))

        d: Deferred[Any] = cls(cancel)
        future.add_done_callback(finished)
        return d


_debugging = False


def setDebugging(on: bool) -> None:
    """
    Remember, from now on, where each Deferred is made and fired, or stop doing so.

    It slows Deferreds down; unhandled errors and `AlreadyCalledError` then tell these places.
    """
    global _debugging
    _debugging = bool(on)


_unraisable = False


def reportUnraisable(on: bool) -> None:
    """Have failures that nobody has handled reach `sys.unraisablehook`, or stop doing so."""
    global _unraisable
    _unraisable = bool(on)


def getDebugging() -> bool:
    """Whether `setDebugging` is on."""
    return _debugging


def _caught(error: BaseException) -> Failure:
    """The failure for an exception that a function called from here raised."""
    if isinstance(error, Failure):
        # A failure of a kind of its own, which raises itself, stays what it is.
        return error
    traceback = error.__traceback__
    # The first frame is this module's own: it tells nothing, and refers to the Deferred.
    if traceback is not None and traceback.tb_next is not None:
        error.__traceback__ = traceback.tb_next
    return Failure(error)


#: The code whose frames come between a coroutine and its driver.
_DRIVERS: set[CodeType] = set()


def _caughtInside(error: BaseException) -> Failure:
    """The failure for an exception that a coroutine driven from here raised."""
    traceback = error.__traceback__
    # The frame that throws a failure into a coroutine refers to that failure, and the exception to
    # the frame: without these frames there is no such circle.
    while traceback is not None and traceback.tb_frame.f_code in _DRIVERS:
        traceback = traceback.tb_next
    error.__traceback__ = traceback
    return Failure(error)


def _timedOut(result: Any, timeout: float) -> Any:
    """Turn the failure after a time-out's cancellation into `TimeoutError`."""
    if isinstance(result, Failure):
        result.trap(CancelledError)
        raise TimeoutError(timeout, "Deferred")
    return result


def _warnOfCircle(d: Deferred[Any], function: Callable[..., Any]) -> None:
    """A callback returned the very Deferred that it is a callback of."""
    from twisted.python.deprecate import warnAboutFunction

    text = f"Callback returned the Deferred it was attached to, which is ignored: {d!r}"
    warnAboutFunction(getattr(function, "func", function), text)


class _DefGen_Return(BaseException):
    """Carries the value of `returnValue` out of a generator."""

    def __init__(self, value: object) -> None:
        self.value = value


#: A coroutine that yields this gets the Deferred of its own result.
WHO_RUNS = object()


class _Running(Deferred[Any]):
    """The Deferred of the result of a coroutine or generator, which it drives as well."""

    def __init__(self, coroutine: Any) -> None:
        """Start it, and run it up to the first thing that is not there yet."""
        # The same as the base's, without the cost of calling it.
        self._pairs = []
        self.called = False
        self.paused = 0
        self._running = False
        if _debugging:
            self._noteCreation()
        self._coroutine = coroutine
        self._enter = copy_context().run
        self._send = coroutine.send
        if self._step(None) is not None:
            self._run()

    def _step(self, result: Any) -> Deferred[Any] | None:
        """
        Go on with a result, or with a failure to raise, until the next thing to wait for.

        @return: this Deferred, if the coroutine has ended and there is something to run for that.
        """
        self._waiting = None
        enter = self._enter
        while True:
            try:
                if type(result) in _PLAIN or not isinstance(result, Failure):
                    awaited = enter(self._send, result)
                else:
                    awaited = enter(result.throwExceptionIntoGenerator, self._coroutine)
            except StopIteration as stop:
                result = stop.value
                break
            except _DefGen_Return as stop:
                _checkReturn(stop)
                result = stop.value
                break
            except BaseException as error:
                result = _caughtInside(error)
                break
            if not isinstance(awaited, Deferred):
                if type(awaited) is CoroutineType:
                    awaited = _Running(awaited)
                elif getattr(awaited, "_asyncio_future_blocking", None):
                    awaited._asyncio_future_blocking = False
                    awaited = Deferred.fromFuture(awaited)
                elif awaited is WHO_RUNS:
                    result = self
                    continue
                else:
                    result = awaited
                    continue
            if awaited.called and not (awaited._pairs or awaited.paused or awaited._running):
                result = awaited._take()[0]
                continue
            self._waitOn(awaited)
            return None
        self._coroutine = self._send = None
        if type(result) not in _PLAIN and isinstance(result, Deferred):
            result.chainDeferred(self)
            return None
        if self.called:
            self._refuse()
            return None
        if _debugging:
            self._noteFiring()
        self.called = True
        if self._canceller is not None:
            self._canceller = None
        self.result = result
        if self._pairs or (type(result) not in _PLAIN and isinstance(result, Failure)):
            return self
        return None

    def _waitOn(self, awaited: Deferred[Any]) -> None:
        """Take the next step when another Deferred has a result."""
        unwanted = self._waiting is self
        self._waiting = awaited
        awaited._pairs.append((None, self))
        if awaited.called:
            awaited._run()
        elif unwanted:
            awaited.cancel()

    # How often the coroutine was cancelled.
    _cancels = 0

    def cancel(self) -> None:
        """Cancel what the coroutine waits for; what it makes of that is the result."""
        self._cancels += 1
        if self.called:
            super().cancel()
        elif self._waiting is not None and self._waiting is not self:
            self._waiting.cancel()
        elif self._coroutine is not None:
            # It runs at this moment.  Waiting for itself means: cancel what it waits for next.
            self._waiting = self


def _checkReturn(stop: _DefGen_Return) -> None:
    """Warn if it was not the generator itself that called `returnValue`."""
    traceback = stop.__traceback__
    frames: list[FrameType] = []
    while traceback is not None:
        if traceback.tb_frame.f_code not in _DRIVERS:
            frames.append(traceback.tb_frame)
        traceback = traceback.tb_next
    # The generator and `returnValue` have to be there; any between them are too many.
    if len(frames) > 2:
        import warnings

        left, caller = frames[0].f_code, frames[-2]
        warnings.warn_explicit(
            f"returnValue() in {caller.f_code.co_name!r} causing {left.co_name!r} to exit: "
            "returnValue should only be invoked by functions decorated with inlineCallbacks",
            DeprecationWarning,
            caller.f_code.co_filename,
            caller.f_lineno,
        )
    stop.__traceback__ = None


def returnValue(val: object) -> NoReturn:
    """End a generator under `inlineCallbacks` with a result; deprecated: use ``return val``."""
    import warnings

    warnings.warn(
        "twisted.internet.defer.returnValue was deprecated in Twisted 24.7.0; "
        "please use standard return statement instead",
        DeprecationWarning,
        stacklevel=2,
    )
    raise _DefGen_Return(val)


def inlineCallbacks(
    f: Callable[_P, Generator[Any, Any, _T]],
) -> Callable[_P, Deferred[_T]]:
    """
    Let a generator function wait: ``result = yield deferred``.

    A failed Deferred raises its exception at the ``yield``; other things that are yielded come back
    as they are.  Calling the function gives a Deferred of what the generator returns.  Cancelling
    it cancels the Deferred that the generator waits for.

    @raise TypeError: when called, if the function gave no generator.
    """

    @wraps(f)
    def start(*args: _P.args, **kwargs: _P.kwargs) -> Deferred[_T]:
        try:
            generator = f(*args, **kwargs)
        except _DefGen_Return:
            raise TypeError(
                f"inlineCallbacks requires {f!r} to produce a generator; it called returnValue"
            ) from None
        if not isinstance(generator, GeneratorType):
            raise TypeError(
                f"inlineCallbacks requires {f!r} to produce a generator; instead got {generator!r}"
            )
        return _Running(generator)

    return start


_DRIVERS.update(
    (_Running._step.__code__, Failure.throwExceptionIntoGenerator.__code__),
)


def succeed(result: _T) -> Deferred[_T]:
    """A Deferred that has fired with a result."""
    d: Deferred[_T] = Deferred()
    if type(result) in _PLAIN and not _debugging:
        d.called = True
        d.result = result
    else:
        d.callback(result)
    return d


def fail(result: Failure | BaseException | None = None) -> Deferred[Any]:
    """A Deferred that has failed, by default with the exception being handled."""
    d: Deferred[Any] = Deferred()
    d.errback(result)
    return d
