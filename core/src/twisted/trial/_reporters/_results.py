"""What is remembered of a run of tests, and what stands between tests and those who remember."""

from __future__ import annotations

import time
import unittest
import warnings
from collections.abc import Callable
from typing import Any

from zope.interface import implementer

from twisted.python.components import proxyForInterface
from twisted.python.failure import Failure
from twisted.trial import itrial
from twisted.trial._outcomes import Todo, makeTodo
from twisted.trial.util import DirtyReactorAggregateError, excInfoOrFailureToExcInfo

__all__ = [
    "BrokenTestCaseWarning",
    "_ExitWrapper",
    "TestResult",
    "TestResultDecorator",
    "UncleanWarningsReporterWrapper",
]


class BrokenTestCaseWarning(Warning):
    """A test case raised where none should: while it was set up or torn down."""


def asFailure(error: Any) -> Failure:
    """A failure of a failure, or of what `sys.exc_info` returns."""
    if isinstance(error, Failure):
        return error
    kind, value, traceback = excInfoOrFailureToExcInfo(error)
    return Failure(value, kind, traceback)


class _TellsOfParts:
    """Tells of a part of a test, as `unittest` has them, like of a test."""

    #: `unittest` asks for it before it goes on with the next part.
    failfast = False

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        """A part of a test has ended."""
        told: Any = self
        if err is None:
            return
        if issubclass(err[0], test.failureException):
            told.addFailure(subtest, err)
        else:
            told.addError(subtest, err)


@implementer(itrial.IReporter)
class TestResult(_TellsOfParts, unittest.TestResult):
    """
    Remembers how tests went.

    @ivar successes: how many did what they should.
    @ivar errors: pairs of a test and a failure.
    @ivar failures: pairs of a test and a failure.
    @ivar skips: pairs of a test and a reason.
    @ivar expectedFailures: triples of a test, a failure and a `Todo`.
    @ivar unexpectedSuccesses: pairs of a test and a `Todo`.
    """

    __module__ = "twisted.trial.reporter"
    _todoNotGiven = "Test expected to fail"

    def __init__(self) -> None:
        super().__init__()
        self.skips: list[tuple[Any, Any]] = []
        self.expectedFailures: list[Any] = []
        self.unexpectedSuccesses: list[Any] = []
        self.successes = 0
        self.collectedDurations: list[Any] = []
        self._timings: list[float] = []
        self._testStarted: float | None = None

    def __repr__(self) -> str:
        return (
            f"<{type(self).__module__}.{type(self).__qualname__} run={self.testsRun} "
            f"errors={len(self.errors)} failures={len(self.failures)} "
            f"todos={len(self.expectedFailures)} dones={len(self.unexpectedSuccesses)} "
            f"skips={len(self.skips)}>"
        )

    def _getTime(self) -> float:
        return time.time()

    def startTest(self, test: Any) -> None:
        """A test begins."""
        super().startTest(test)
        self._testStarted = self._getTime()

    def stopTest(self, test: Any) -> None:
        """A test has ended."""
        super().stopTest(test)
        if self._testStarted is not None:
            self._timings.append(self._getTime() - self._testStarted)

    def addSuccess(self, test: Any) -> None:
        """A test did what it should."""
        self.successes += 1

    def addError(self, test: Any, error: Any) -> None:
        """A test raised what it should not: a failure, or what `sys.exc_info` returns."""
        self.errors.append((test, asFailure(error)))  # type: ignore[arg-type]

    def addFailure(self, test: Any, fail: Any) -> None:
        """An assertion did not hold: a failure, or what `sys.exc_info` returns."""
        self.failures.append((test, asFailure(fail)))  # type: ignore[arg-type]

    def addSkip(self, test: Any, reason: Any) -> None:
        """A test was not run."""
        self.skips.append((test, reason))

    def addExpectedFailure(self, test: Any, error: Any, todo: Any = None) -> None:
        """A test failed as it was known to."""
        todo = todo if isinstance(todo, Todo) else makeTodo(todo or self._todoNotGiven)
        self.expectedFailures.append((test, asFailure(error), todo))

    def addUnexpectedSuccess(self, test: Any, todo: Any = None) -> None:
        """A test that was known to fail succeeded."""
        todo = todo if isinstance(todo, Todo) else makeTodo(todo or self._todoNotGiven)
        self.unexpectedSuccesses.append((test, todo))

    def addDuration(self, test: Any, elapsed: float) -> None:
        """A test took a time, in seconds."""
        self._testStarted = self._getTime() - elapsed
        self.collectedDurations.append((str(test), elapsed))

    def wasSuccessful(self) -> bool:
        """Whether no test raised anything, and all assertions held."""
        return not (self.failures or self.errors)

    def done(self) -> None:
        """All tests have been run."""

    def cleanupErrors(self, errs: Any) -> None:
        """Something was left behind: told by `addError`, too."""

    def upDownError(
        self, method: str, error: Any, warn: bool = True, printStatus: bool = True
    ) -> None:
        """Setting up or tearing down raised: told by `addError`, too."""


@implementer(itrial.IReporterWithDurations)
class TestResultDecorator(
    _TellsOfParts,
    proxyForInterface(itrial.IReporterWithDurations, "_originalReporter"),  # type: ignore[misc]
):
    """A reporter that stands for another: override what is to be different."""

    __module__ = "twisted.trial.reporter"

    def stop(self) -> None:
        """Let no further test be run."""
        self._originalReporter.stop()

    def addDuration(self, test: Any, elapsed: float) -> None:
        """Tell the other reporter, if it wants to know."""
        add = getattr(self._originalReporter, "addDuration", None)
        if add is not None:
            add(test, elapsed)


class _AdaptedReporter(TestResultDecorator):
    """Tells of other tests than it is told of: of those that stand for them."""

    def __init__(
        self, original: Any, testAdapter: Callable[[Any], Any], shouldWarn: bool = True
    ) -> None:
        """
        @param testAdapter: makes the test to tell of from one that it is told of.
        @param shouldWarn: of no use any more.
        """
        super().__init__(original)
        self.testAdapter = testAdapter

    def startTest(self, test: Any) -> None:
        """A test begins."""
        self._originalReporter.startTest(self.testAdapter(test))

    def stopTest(self, test: Any) -> None:
        """A test has ended."""
        self._originalReporter.stopTest(self.testAdapter(test))

    def addSuccess(self, test: Any) -> None:
        """A test did what it should."""
        self._originalReporter.addSuccess(self.testAdapter(test))

    def addError(self, test: Any, error: Any) -> None:
        """A test raised what it should not."""
        self._originalReporter.addError(self.testAdapter(test), error)

    def addFailure(self, test: Any, failure: Any) -> None:
        """An assertion did not hold."""
        self._originalReporter.addFailure(self.testAdapter(test), failure)

    def addSkip(self, test: Any, reason: Any) -> None:
        """A test was not run."""
        self._originalReporter.addSkip(self.testAdapter(test), reason)

    def addExpectedFailure(self, test: Any, failure: Any, todo: Any = None) -> None:
        """A test failed as it was known to."""
        self._originalReporter.addExpectedFailure(self.testAdapter(test), failure, todo)

    def addUnexpectedSuccess(self, test: Any, todo: Any = None) -> None:
        """A test that was known to fail succeeded."""
        self._originalReporter.addUnexpectedSuccess(self.testAdapter(test), todo)

    def addDuration(self, test: Any, elapsed: float) -> None:
        """A test took a time, in seconds."""
        super().addDuration(self.testAdapter(test), elapsed)


@implementer(itrial.IReporter)
class UncleanWarningsReporterWrapper(TestResultDecorator):
    """Makes warnings of the errors that tell of an unclean reactor."""

    __module__ = "twisted.trial.reporter"

    def addError(self, test: Any, error: Any) -> None:
        """Warn, if it is such an error."""
        if isinstance(error, Failure) and error.check(DirtyReactorAggregateError):
            warnings.warn(error.getErrorMessage(), stacklevel=2)
        else:
            self._originalReporter.addError(test, error)


@implementer(itrial.IReporter)
class _ExitWrapper(TestResultDecorator):
    """Stops the run after the first test that does not go as it should."""

    @property
    def shouldStop(self) -> bool:
        """Whether no further test should be run."""
        return bool(self._originalReporter.shouldStop) or not self.wasSuccessful()
