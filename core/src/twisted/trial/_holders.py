"""What stands in a suite for something that is no test, such as a module that fails to import."""

from __future__ import annotations

from typing import Any

from zope.interface import implementer

from twisted.python.failure import Failure
from twisted.trial import itrial
from twisted.trial._outcomes import PyUnitResultAdapter
from twisted.trial._reporters._results import asFailure

__all__ = ["NOT_IN_TEST", "ErrorHolder", "TestHolder"]

#: The name under which errors between tests are told.
NOT_IN_TEST = "<not in test>"


@implementer(itrial.ITestCase)
class TestHolder:
    """
    Stands for a test: has a name, and succeeds.

    @ivar description: the name.
    """

    __module__ = "twisted.trial.runner"
    __test__ = False
    failureException: type[BaseException] | None = None
    skip: str | None = None

    def __init__(self, description: str) -> None:
        self.description = description

    def __call__(self, result: Any) -> Any:
        return self.run(result)

    def id(self) -> str:
        """The name."""
        return self.description

    def countTestCases(self) -> int:
        """It is no test."""
        return 0

    def shortDescription(self) -> str:
        """The name."""
        return self.description

    def run(self, result: Any) -> None:
        """Tell of a success."""
        told = itrial.IReporter(result, None) or PyUnitResultAdapter(result)
        told.startTest(self)
        self._tell(told)
        told.stopTest(self)

    def _tell(self, told: Any) -> None:
        told.addSuccess(self)


class ErrorHolder(TestHolder):
    """
    Stands for a test that could not be made: tells why instead of being run.

    @ivar error: a failure.
    """

    __module__ = "twisted.trial.runner"

    def __init__(self, description: str, error: Any) -> None:
        """
        @param error: a failure, or what `sys.exc_info` returns.
        """
        super().__init__(description)
        self.error: Failure = asFailure(error)

    def __repr__(self) -> str:
        return (
            f"<ErrorHolder description={self.description!r} error={self.error.getErrorMessage()!r}>"
        )

    def _tell(self, told: Any) -> None:
        told.addError(self, self.error)
