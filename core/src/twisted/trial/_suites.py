"""The suites that a run of tests is wrapped in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from twisted.internet import defer
from twisted.trial._asyncrunner import TestSuite, _ForceGarbageCollectionDecorator, decorate
from twisted.trial._holders import NOT_IN_TEST, ErrorHolder
from twisted.trial._synctest import LoggedErrors

__all__ = ["DestructiveTestSuite", "LoggedSuite", "TrialSuite"]


class DestructiveTestSuite(TestSuite):
    """Forgets each test once it has been run, so that what the test holds can be freed."""

    __module__ = "twisted.trial.runner"

    def run(self, result: Any, debug: bool = False) -> Any:
        """Run the tests, until none is left."""
        tests: list[Any] = self._tests
        while tests and not result.shouldStop:
            tests.pop(0)(result)
        return result


class LoggedSuite(TestSuite):
    """Tells of errors that are logged between tests, and after the last."""

    __module__ = "twisted.trial.runner"

    def run(self, result: Any, debug: bool = False) -> Any:
        """Run the tests, and watch the log."""
        with LoggedErrors() as logged:
            super().run(result, debug)
        for failure in logged.flush():
            result.addError(ErrorHolder(NOT_IN_TEST, failure), failure)
        return result


class TrialSuite(TestSuite):
    """All tests of a run: shuts the reactor down after the last."""

    __module__ = "twisted.trial.runner"

    def __init__(self, tests: Iterable[Any] = (), forceGarbageCollection: bool = False) -> None:
        """
        @param forceGarbageCollection: collect garbage before and after each test.
        """
        chosen = list(tests)
        if forceGarbageCollection:
            chosen = [decorate(test, _ForceGarbageCollectionDecorator) for test in chosen]
        super().__init__(chosen)

    def run(self, result: Any, debug: bool = False) -> Any:
        """Run the tests, and then what the reactor does when it stops."""
        try:
            super().run(result, debug)
        finally:
            self._shutDown()
        return result

    def _shutDown(self) -> None:
        from twisted.internet import reactor

        the_reactor: Any = reactor
        ended: defer.Deferred[None] = defer.Deferred()
        the_reactor.addSystemEventTrigger("after", "shutdown", ended.callback, None)
        the_reactor.fireSystemEvent("shutdown")
        # What is done at the shutdown may need threads, or time.
        while not ended.called:
            the_reactor.iterate(0.01)
