"""Test cases whose methods may return Deferreds, or be coroutines."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from typing import Any, ClassVar
from weakref import WeakSet

from zope.interface import implementer

from twisted.internet import defer
from twisted.python.failure import Failure
from twisted.trial._janitor import cleanAfterClass, cleanAfterTest
from twisted.trial._spinning import spin
from twisted.trial._synctest import SynchronousTestCase
from twisted.trial.itrial import ITestCase
from twisted.trial.util import DEFAULT_TIMEOUT_DURATION, acquireAttribute

__all__ = ["TestCase"]

__unittest = True


@implementer(ITestCase)
class TestCase(SynchronousTestCase):  # type: ignore[misc]
    """
    A test case whose methods may return a `Deferred`, or be coroutines: the reactor runs until they
    are done.

    Beside the attributes of `SynchronousTestCase` there is ``timeout``: how long each method may
    take, in seconds. After that it is cancelled, and the test fails.

    A test that leaves delayed calls, or, after the last test of its class, descriptors in the
    reactor fails.
    """

    _waiting: ClassVar[dict[type, WeakSet[Any]]] = {}

    def __init__(self, methodName: str = "runTest") -> None:
        super().__init__(methodName)
        self._waiting.setdefault(type(self), WeakSet()).add(self)

    @classmethod
    def _forgetWaiting(cls) -> None:
        """Take each test for the last of its class: it may be, where others run elsewhere."""
        cls._waiting.clear()

    def assertFailure(
        self, deferred: defer.Deferred[Any], *expectedFailures: type[BaseException]
    ) -> defer.Deferred[Any]:
        """
        `deferred` will fail with one of `expectedFailures`.

        @return: `deferred`, with the exception as its result, or a failure when it went otherwise.
        """

        def succeeded(result: object) -> None:
            names = ", ".join(kind.__name__ for kind in expectedFailures)
            self.fail(f"{names} should have been raised, but {result!r} was returned")

        def failed(failure: Failure) -> Any:
            if failure.check(*expectedFailures):
                return failure.value
            names = " or ".join(kind.__name__ for kind in expectedFailures)
            self.fail(f"{names} should have been raised, but:\n{failure.getTraceback()}")

        return deferred.addCallbacks(succeeded, failed)

    failUnlessFailure = assertFailure

    def getTimeout(self) -> float:
        """How long each method of the test may take, in seconds."""
        timeout = acquireAttribute(self._parents, "timeout", DEFAULT_TIMEOUT_DURATION)
        try:
            return float(timeout)
        except (TypeError, ValueError):
            return DEFAULT_TIMEOUT_DURATION

    async def _outcomeOf(self, f: Callable[[], Any]) -> Failure | None:
        if inspect.isgeneratorfunction(f):
            return await super()._outcomeOf(f)
        running = defer.maybeDeferred(f)
        settled: defer.Deferred[tuple[object]] = defer.Deferred()

        def settle(result: object) -> None:
            if not settled.called:
                settled.callback((result,))

        running.addBoth(settle)
        if not settled.called:
            self._limit(f, running, settle, settled)
        (outcome,) = await settled
        return outcome if isinstance(outcome, Failure) else None

    def _limit(
        self,
        f: Callable[..., Any],
        running: defer.Deferred[Any],
        settle: Callable[[object], None],
        settled: defer.Deferred[Any],
    ) -> None:
        from twisted.internet import reactor

        timeout = self.getTimeout()

        def expire() -> None:
            name = getattr(f, "__name__", None) or getattr(f, "func", f)
            settle(Failure(defer.TimeoutError(f"{self!r} ({name}) took more than {timeout} s")))
            running.cancel()

        def stop(result: object) -> object:
            if timer.active():
                timer.cancel()
            return result

        timer = reactor.callLater(timeout, expire)
        settled.addBoth(stop)

    def _drive(self, course: Coroutine[Any, Any, None]) -> None:
        """
        Run `course`, and the reactor for as long as it waits.

        @raise KeyboardInterrupt: the user, or the test, stopped the reactor.
        """
        from twisted.internet import reactor

        spin(reactor, lambda: defer.Deferred.fromCoroutine(course))

    def _end(self, result: Any) -> None:
        from twisted.internet import reactor

        self._tellUnclean(result, cleanAfterTest(reactor))
        super()._end(result)
        waiting = self._waiting.get(type(self), WeakSet())
        waiting.discard(self)
        if not waiting:
            self._tellUnclean(result, cleanAfterClass(reactor))

    def _tellUnclean(self, result: Any, failure: Failure | None) -> None:
        if failure is not None:
            self._passed = False
            result.addError(self, failure)
