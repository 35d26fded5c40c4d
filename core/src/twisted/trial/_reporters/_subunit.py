"""
The reporter that speaks subunit, a protocol for results of tests, by the library of that name.
"""

from __future__ import annotations

import sys
from typing import Any

from zope.interface import implementer

from twisted.trial import itrial
from twisted.trial._reporters._results import asFailure

__all__ = ["SubunitReporter", "TestProtocolClient"]

try:
    from subunit import TestProtocolClient
except ImportError:
    TestProtocolClient = None


def _excInfo(error: Any) -> tuple[Any, Any, Any]:
    failure = asFailure(error)
    return (failure.type, failure.value, failure.getTracebackObject())


@implementer(itrial.IReporter)
class SubunitReporter:
    """
    Writes the first version of subunit, which ``subunit-1to2`` turns into the second.

    @ivar testsRun: how many tests have been started.
    """

    __module__ = "twisted.trial.reporter"

    def __init__(
        self,
        stream: Any = sys.stdout,
        tbformat: str = "default",
        realtime: bool = False,
        publisher: Any = None,
    ) -> None:
        """
        @param tbformat: of no use here, as the following ones.
        @raise ImportError: if the library is not installed.
        """
        if TestProtocolClient is None:
            raise ImportError("the reporter subunit needs twisted-core[subunit]")
        self._stream = stream
        self._subunit = TestProtocolClient(getattr(stream, "buffer", stream))
        self._successful = True

    @property
    def testsRun(self) -> int:
        """How many tests have been started."""
        return int(self._subunit.testsRun)

    @property
    def shouldStop(self) -> bool:
        """Whether no further test should be run."""
        return bool(self._subunit.shouldStop)

    def stop(self) -> None:
        """Let no further test be run."""
        self._subunit.stop()

    def wasSuccessful(self) -> bool:
        """Whether every test went as it should."""
        return self._successful and bool(self._subunit.wasSuccessful())

    def done(self) -> None:
        """All tests have been run."""

    def startTest(self, test: Any) -> None:
        """A test begins."""
        self._subunit.startTest(test)

    def stopTest(self, test: Any) -> None:
        """A test has ended."""
        self._subunit.stopTest(test)

    def addDuration(self, test: Any, elapsed: float) -> None:
        """Nothing: the protocol has no place for it."""

    def addSuccess(self, test: Any) -> None:
        """A test did what it should."""
        self._subunit.addSuccess(test)

    def addSkip(self, test: Any, reason: Any) -> None:
        """A test was not run."""
        self._subunit.addSkip(test, str(reason))

    def addError(self, test: Any, err: Any) -> None:
        """A test raised what it should not."""
        self._successful = False
        self._subunit.addError(test, _excInfo(err))

    def addFailure(self, test: Any, err: Any) -> None:
        """An assertion did not hold."""
        self._successful = False
        self._subunit.addFailure(test, _excInfo(err))

    def addExpectedFailure(self, test: Any, failure: Any, todo: Any = None) -> None:
        """A test failed as it was known to."""
        self._subunit.addExpectedFailure(test, _excInfo(failure))

    def addUnexpectedSuccess(self, test: Any, todo: Any = None) -> None:
        """A test that was known to fail succeeded."""
        self._successful = False
        self._subunit.addUnexpectedSuccess(test)
