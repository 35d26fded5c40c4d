"""Outcomes of tests other than plain success and failure, and results in the words of unittest."""

from __future__ import annotations

import unittest
from typing import Any

from zope.interface import implementer

from twisted.python.failure import Failure
from twisted.trial.itrial import IReporter
from twisted.trial.util import excInfoOrFailureToExcInfo

__all__ = ["FailTest", "PyUnitResultAdapter", "SkipTest", "Todo", "makeTodo"]


class FailTest(AssertionError):
    """An assertion does not hold."""

    __module__ = "twisted.trial.unittest"


class SkipTest(Exception):
    """Raise it, with the reason, to leave a test undone."""

    __module__ = "twisted.trial.unittest"


class Todo:
    """
    A test is known to fail.

    @param reason: why.
    @param errors: the exceptions that it is known to fail with; None for any.
    """

    def __init__(self, reason: str, errors: list[type[BaseException]] | None = None) -> None:
        self.reason = reason
        self.errors = errors

    def __repr__(self) -> str:
        return f"<Todo reason={self.reason!r} errors={self.errors!r}>"

    def expected(self, failure: Failure) -> bool:
        """Whether the test was known to fail with `failure`."""
        return self.errors is None or any(failure.check(error) for error in self.errors)


def makeTodo(value: Any) -> Todo | None:
    """
    The `Todo` that the attribute ``todo`` of a test means.

    @param value: a reason, or a pair of the exceptions (one, or several) and a reason.
    """
    if isinstance(value, str):
        return Todo(reason=value)
    if isinstance(value, tuple):
        errors, reason = value
        try:
            errors = list(errors)
        except TypeError:
            errors = [errors]
        return Todo(reason=reason, errors=errors)
    return None


@implementer(IReporter)
class PyUnitResultAdapter:
    """
    Tell a `unittest.TestResult` what an `IReporter` is told.

    @param original: the `unittest.TestResult`.
    """

    def __init__(self, original: Any) -> None:
        self.original = original

    @property
    def shouldStop(self) -> bool:
        """Whether no further test should be run."""
        return bool(getattr(self.original, "shouldStop", False))

    @property
    def testsRun(self) -> int:
        """How many tests have been started."""
        return int(getattr(self.original, "testsRun", 0))

    def startTest(self, method: Any) -> None:
        """A test begins."""
        self.original.startTest(method)

    def stopTest(self, method: Any) -> None:
        """A test has ended."""
        self.original.stopTest(method)

    def addSuccess(self, test: Any) -> None:
        """A test did what it should."""
        self.original.addSuccess(test)

    def addError(self, test: Any, error: Any) -> None:
        """A test raised `error`."""
        self.original.addError(test, excInfoOrFailureToExcInfo(error))

    def addFailure(self, test: Any, fail: Any) -> None:
        """An assertion of a test did not hold."""
        self.original.addFailure(test, excInfoOrFailureToExcInfo(fail))

    def _unsupported(self, test: Any, feature: str, info: Any) -> None:
        self.original.addFailure(
            test, excInfoOrFailureToExcInfo(Failure(unittest.SkipTest(f"{feature}: {info}")))
        )

    def addSkip(self, test: Any, reason: Any) -> None:
        """A test was not run."""
        if hasattr(self.original, "addSkip"):
            self.original.addSkip(test, str(reason))
        else:
            self._unsupported(test, "skip", reason)

    def addExpectedFailure(self, test: Any, error: Any, todo: Todo | None = None) -> None:
        """A test failed as it was known to."""
        if hasattr(self.original, "addExpectedFailure"):
            self.original.addExpectedFailure(test, excInfoOrFailureToExcInfo(error))
        else:
            self._unsupported(test, "todo", todo)

    def addUnexpectedSuccess(self, test: Any, todo: Todo | None = None) -> None:
        """A test that was known to fail succeeded."""
        if hasattr(self.original, "addUnexpectedSuccess"):
            self.original.addUnexpectedSuccess(test)
        else:
            self._unsupported(test, "unexpected success", todo)

    def addDuration(self, test: Any, elapsed: float) -> None:
        """A test took `elapsed` seconds."""
        if hasattr(self.original, "addDuration"):
            self.original.addDuration(test, elapsed)

    def wasSuccessful(self) -> bool:
        """Whether every test went as it should."""
        return bool(self.original.wasSuccessful())

    def done(self) -> None:
        """All tests have been run."""

    def upDownError(self, method: str, error: Any, warn: bool, printStatus: bool) -> None:
        """`setUp` or `tearDown` raised: told by `addError`, too."""

    def cleanupErrors(self, errs: Any) -> None:
        """Something was left behind: told by `addError`, too."""
