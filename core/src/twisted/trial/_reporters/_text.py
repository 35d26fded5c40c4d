"""Reporters that write lines of text."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from zope.interface import implementer

from twisted.python import log
from twisted.trial import itrial
from twisted.trial._outcomes import Todo
from twisted.trial._reporters._results import BrokenTestCaseWarning, TestResult, asFailure
from twisted.trial._reporters._stream import SafeStream
from twisted.trial._reporters._tracebacks import formatFailure

__all__ = [
    "MinimalReporter",
    "Reporter",
    "TextReporter",
    "TimingTextReporter",
    "VerboseTextReporter",
]


@implementer(itrial.IReporter)
class Reporter(TestResult):
    """
    Writes at the end what did not go as it should, and how many tests were run.

    @ivar tbformat: how much of a traceback is shown: ``default``, ``brief`` or ``verbose``.
    @ivar realtime: whether tracebacks are written as soon as they are known, too.
    """

    __module__ = "twisted.trial.reporter"
    _separator = "-" * 79
    _doubleSeparator = "=" * 79

    def __init__(
        self,
        stream: Any = sys.stdout,
        tbformat: str = "default",
        realtime: bool = False,
        publisher: Any = None,
    ) -> None:
        """
        @param publisher: whose warnings are written, too; by default the log's.
        """
        super().__init__()
        self._stream = SafeStream(stream)
        self.tbformat = tbformat
        self.realtime = realtime
        self._startTime: float | None = None
        self._warningCache: set[tuple[Any, ...]] = set()
        self._publisher = log if publisher is None else publisher
        self._publisher.addObserver(self._observeWarnings)

    @property
    def stream(self) -> Any:
        """Where it is written to."""
        return self._stream

    def _observeWarnings(self, event: dict[str, Any]) -> None:
        """Write a warning, the first time that it comes."""
        if "warning" not in event:
            return
        key = (
            event["filename"],
            event["lineno"],
            event["category"].rsplit(".", 1)[-1],
            str(event["warning"]),
        )
        if key not in self._warningCache:
            self._warningCache.add(key)
            self._stream.write("{}:{}: {}: {}\n".format(*key))

    # Writing

    def _write(self, format: str, *args: Any) -> None:
        self._stream.write(format % args if args else format)
        flush = getattr(self._stream, "flush", None)
        if flush is not None:
            flush()

    def _writeln(self, format: str, *args: Any) -> None:
        self._write(format, *args)
        self._write("\n")

    # Being told

    def startTest(self, test: Any) -> None:
        """A test begins."""
        if self._startTime is None:
            self._startTime = self._getTime()
        super().startTest(test)

    def _told(self, outcome: str) -> None:
        """A test went in one of six ways: the key of a table of what to write."""

    def addSuccess(self, test: Any) -> None:
        """A test did what it should."""
        super().addSuccess(test)
        self._told("success")

    def addFailure(self, test: Any, fail: Any) -> None:
        """An assertion did not hold."""
        super().addFailure(test, fail)
        self._writeAtOnce(fail)
        self._told("failure")

    def addError(self, test: Any, error: Any) -> None:
        """A test raised what it should not."""
        super().addError(test, error)
        self._writeAtOnce(error)
        self._told("error")

    def addSkip(self, test: Any, reason: Any) -> None:
        """A test was not run."""
        super().addSkip(test, reason)
        self._told("skip")

    def addExpectedFailure(self, test: Any, error: Any, todo: Any = None) -> None:
        """A test failed as it was known to."""
        super().addExpectedFailure(test, error, todo)
        self._told("todo")

    def addUnexpectedSuccess(self, test: Any, todo: Any = None) -> None:
        """A test that was known to fail succeeded."""
        super().addUnexpectedSuccess(test, todo)
        self._told("todone")

    def _writeAtOnce(self, error: Any) -> None:
        if self.realtime:
            self._write(self._formatFailureTraceback(asFailure(error)))

    def upDownError(
        self, method: Any, error: Any, warn: bool = True, printStatus: bool = True
    ) -> None:
        """Setting up or tearing down raised."""
        super().upDownError(method, error, warn, printStatus)
        if warn:
            text = formatFailure(asFailure(error), self.tbformat)
            warnings.warn(f"{method} raised:\n{text}", BrokenTestCaseWarning, stacklevel=2)

    def cleanupErrors(self, errs: Any) -> None:
        """Something was left behind."""
        super().cleanupErrors(errs)
        text = formatFailure(asFailure(errs), self.tbformat)
        warnings.warn(f"Something was left behind:\n{text}", BrokenTestCaseWarning, stacklevel=2)

    # At the end

    def done(self) -> None:
        """Write what did not go as it should, and the summary."""
        self._publisher.removeObserver(self._observeWarnings)
        self._printErrors()
        self._writeln(self._separator)
        elapsed = 0.0 if self._startTime is None else self._getTime() - self._startTime
        self._writeln("Ran %d tests in %.3fs", self.testsRun, elapsed)
        self._write("\n")
        self._printSummary()

    def _printErrors(self) -> None:
        self._write("\n")
        self._printResults("[SKIPPED]", self.skips, str)
        self._printResults("[TODO]", self.expectedFailures, self._formatExpectedFailure)
        self._printResults("[FAIL]", self.failures, self._formatFailureTraceback)
        self._printResults("[ERROR]", self.errors, self._formatFailureTraceback)
        self._printResults("[SUCCESS!?!]", self.unexpectedSuccesses, self._formatTodo)

    def _printResults(
        self, flavor: str, outcomes: list[Any], formatter: Callable[..., str]
    ) -> None:
        for text, tests in self._groupResults(outcomes, formatter):
            self._writeln(self._doubleSeparator)
            self._writeln(flavor)
            self._write("%s", text)
            if not text.endswith("\n"):
                self._write("\n")
            self._write("\n")
            for test in tests:
                self._writeln("%s", test.id())

    def _groupResults(
        self, outcomes: list[Any], formatter: Callable[..., str]
    ) -> Iterator[tuple[str, list[Any]]]:
        """The tests that have the same to tell, with what that is."""
        groups: dict[str, list[Any]] = {}
        for test, *rest in outcomes:
            groups.setdefault(formatter(*rest), []).append(test)
        yield from groups.items()

    def _formatFailureTraceback(self, fail: Any) -> str:
        return formatFailure(fail, self.tbformat)

    def _formatExpectedFailure(self, error: Any, todo: Todo) -> str:
        return f"Reason: {todo.reason!r}\n{self._formatFailureTraceback(error)}"

    def _formatTodo(self, todo: Todo) -> str:
        text = f"Reason: {todo.reason!r}\n"
        if todo.errors:
            names = ", ".join(getattr(each, "__name__", str(each)) for each in todo.errors)
            text += f"Expected errors: {names}\n"
        return text

    def _getSummary(self) -> str:
        """How many tests went in which way, in parentheses; the empty text for none."""
        counts = {
            name: len(getattr(self, name))
            for name in ("skips", "expectedFailures", "failures", "errors", "unexpectedSuccesses")
        }
        counts["successes"] = self.successes
        told = [f"{name}={number}" for name, number in counts.items() if number]
        return f" ({', '.join(told)})" if told else ""

    def _printSummary(self) -> None:
        self._writeln("%s%s", self._status(), self._getSummary())

    def _status(self) -> str:
        if not self.wasSuccessful():
            return "FAILED"
        return "STOPPED" if self.shouldStop else "PASSED"


@implementer(itrial.IReporter)
class MinimalReporter(Reporter):
    """
    Writes one line of numbers, for programs: seconds, tests, tests again, errors, failures, skips.
    """

    __module__ = "twisted.trial.reporter"

    def _printErrors(self) -> None:
        """Write none."""

    def _printSummary(self) -> None:
        elapsed = 0.0 if self._startTime is None else self._getTime() - self._startTime
        numbers = (self.testsRun, self.testsRun, len(self.errors), len(self.failures))
        self._writeln("%s", " ".join(str(n) for n in (elapsed, *numbers, len(self.skips))))


@implementer(itrial.IReporter)
class TextReporter(Reporter):
    """Writes one character for each test."""

    __module__ = "twisted.trial.reporter"
    _MARKS: ClassVar = {
        "success": ".",
        "error": "E",
        "failure": "F",
        "skip": "S",
        "todo": "T",
        "todone": "!",
    }

    def _told(self, outcome: str) -> None:
        self._write(self._MARKS[outcome])


@implementer(itrial.IReporter)
class VerboseTextReporter(Reporter):
    """Writes one line for each test."""

    __module__ = "twisted.trial.reporter"
    _MARKS: ClassVar = {
        "success": "[OK]",
        "error": "[ERROR]",
        "failure": "[FAILURE]",
        "skip": "[SKIPPED]",
        "todo": "[TODO]",
        "todone": "[SUCCESS!?!]",
    }

    def startTest(self, tm: Any) -> None:
        """A test begins."""
        self._write("%s ... ", tm.id())
        super().startTest(tm)

    def _told(self, outcome: str) -> None:
        self._write(self._MARKS[outcome])

    def stopTest(self, test: Any) -> None:
        """A test has ended."""
        super().stopTest(test)
        self._write("\n")


@implementer(itrial.IReporter)
class TimingTextReporter(VerboseTextReporter):
    """Writes one line for each test, and how long it took."""

    __module__ = "twisted.trial.reporter"

    def stopTest(self, method: Any) -> None:
        """A test has ended."""
        super().stopTest(method)
        self._writeln("(%.03f secs)", self._timings[-1])
