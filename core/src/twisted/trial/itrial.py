"""What test cases, and those who are told how they went, provide."""

from __future__ import annotations

from typing import Any

from zope.interface import Attribute, Interface

__all__ = ["IReporter", "IReporterWithDurations", "ITestCase"]


class ITestCase(Interface):
    """A test that can be run."""

    failureException = Attribute("The exception that tells that the test failed.")
    skip = Attribute("Why the test is not run; None or the empty text when it is.")

    def __call__(result: Any) -> Any:
        """Run the test, and tell `result` (an `IReporter`) how it went."""

    def countTestCases() -> Any:
        """How many tests this is."""

    def id() -> Any:
        """The full name of the test."""

    def run(result: Any) -> Any:
        """Run the test, and tell `result` (an `IReporter`) how it went."""

    def shortDescription() -> Any:
        """One line about the test, or None."""


class IReporter(Interface):
    """Is told how tests go. Exceptions come as `twisted.python.failure.Failure`."""

    shouldStop = Attribute("Whether no further test should be run.")
    testsRun = Attribute("How many tests have been started.")

    def startTest(method: Any) -> Any:
        """A test begins."""

    def stopTest(method: Any) -> Any:
        """A test has ended."""

    def addSuccess(test: Any) -> Any:
        """A test did what it should."""

    def addError(test: Any, error: Any) -> Any:
        """A test raised an exception that it should not: a `Failure`."""

    def addFailure(test: Any, failure: Any) -> Any:
        """An assertion of a test did not hold: a `Failure`."""

    def addExpectedFailure(test: Any, failure: Any, todo: Any = None) -> Any:
        """A test failed, as its `twisted.trial.unittest.Todo` says it would."""

    def addUnexpectedSuccess(test: Any, todo: Any = None) -> Any:
        """A test succeeded, although its `twisted.trial.unittest.Todo` says that it would not."""

    def addSkip(test: Any, reason: Any) -> Any:
        """A test was not run."""

    def wasSuccessful() -> Any:
        """Whether every test went as it should."""

    def done() -> Any:
        """All tests have been run."""


class IReporterWithDurations(IReporter):
    """An `IReporter` that is told how long each test took, as Python 3.12's are."""

    collectedDurations = Attribute("Pairs of the name of a test and how long it took, in seconds.")

    def addDuration(test: Any, elapsed: Any) -> Any:
        """A test took `elapsed` seconds."""
