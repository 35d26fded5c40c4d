"""
A worker: ``python -m twisted.trial._dist OPTIONS``, with the options of ``trial``.

It reads from descriptor 3 and writes to descriptor 4, and waits while it does: the reactor belongs
to the tests.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Any

from zope.interface import implementer

from twisted.python import log
from twisted.trial import itrial
from twisted.trial._asyncrunner import _ForceGarbageCollectionDecorator, _iterateTests
from twisted.trial._asynctest import TestCase
from twisted.trial._dist._wire import Lines, encodeFailure, toLine
from twisted.trial._reporters._results import TestResult, UncleanWarningsReporterWrapper, asFailure
from twisted.trial._suites import LoggedSuite, TrialSuite

__all__ = ["main"]

COMMANDS, REPORTS = 3, 4


@implementer(itrial.IReporter)
class Recorder(TestResult):
    """Keeps what it is told in a form that can be sent."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[list[Any]] = []

    def take(self) -> list[list[Any]]:
        """What has been kept, which is then forgotten."""
        events, self.events = self.events, []
        # What unittest remembers is of no use here, and holds memory.
        del self.errors[:], self.failures[:], self.skips[:], self.collectedDurations[:]
        del self.expectedFailures[:], self.unexpectedSuccesses[:], self._timings[:]
        return events

    def _keep(self, method: str, test: Any, *arguments: Any) -> None:
        self.events.append([method, str(test.id()), *arguments])

    def startTest(self, test: Any) -> None:
        """A test begins."""
        super().startTest(test)
        self._keep("startTest", test)

    def stopTest(self, test: Any) -> None:
        """A test has ended."""
        super().stopTest(test)
        self._keep("stopTest", test)

    def addSuccess(self, test: Any) -> None:
        """A test did what it should."""
        super().addSuccess(test)
        self._keep("addSuccess", test)

    def addError(self, test: Any, error: Any) -> None:
        """A test raised what it should not."""
        self._keep("addError", test, encodeFailure(asFailure(error)))

    def addFailure(self, test: Any, fail: Any) -> None:
        """An assertion did not hold."""
        self._keep("addFailure", test, encodeFailure(asFailure(fail)))

    def addSkip(self, test: Any, reason: Any) -> None:
        """A test was not run."""
        self._keep("addSkip", test, str(reason))

    def addExpectedFailure(self, test: Any, error: Any, todo: Any = None) -> None:
        """A test failed as it was known to."""
        reason = getattr(todo, "reason", todo)
        self._keep("addExpectedFailure", test, encodeFailure(asFailure(error)), reason)

    def addUnexpectedSuccess(self, test: Any, todo: Any = None) -> None:
        """A test that was known to fail succeeded."""
        self._keep("addUnexpectedSuccess", test, getattr(todo, "reason", todo))

    def addDuration(self, test: Any, elapsed: float) -> None:
        """A test took a time, in seconds."""
        self._keep("addDuration", test, elapsed)

    def warned(self, event: dict[str, Any]) -> None:
        """Something was logged: keep warnings."""
        if "warning" in event:
            self.events.append(
                [
                    "warn",
                    str(event["warning"]),
                    str(event["category"]),
                    str(event["filename"]),
                    int(event["lineno"]),
                ]
            )


def _commands() -> Iterator[str]:
    """The names of the tests to run, as the master says them."""
    with os.fdopen(COMMANDS, "rb", buffering=0) as file:
        lines = Lines()
        while data := file.read(65536):
            for line in lines.feed(data):
                yield line.decode("utf-8")


def _say(message: dict[str, Any]) -> None:
    data = memoryview(toLine(message))
    while data:
        data = data[os.write(REPORTS, data) :]


def main() -> None:
    """Find the tests, and run those that the master names."""
    from twisted.scripts.trial import Options, _getLoader

    os.set_inheritable(COMMANDS, False)
    os.set_inheritable(REPORTS, False)
    options: Any = Options()
    options.parseOptions(sys.argv[1:])
    options["until-failure"] = True  # which keeps the tests
    home = os.environ["TRIAL_WORKER_DIRECTORY"]
    suite = _getLoader(options).loadByNames(options["tests"], recurse=not options["no-recurse"])
    byName: dict[str, Any] = {}
    for test in _iterateTests(suite):
        byName.setdefault(str(test.id()), test)
    os.chdir(home)
    log.startLogging(open("test.log", "a", encoding="utf-8"), setStdout=False)  # noqa: SIM115
    recorder = Recorder()
    log.addObserver(recorder.warned)
    result: Any = recorder
    if options["unclean-warnings"]:
        result = UncleanWarningsReporterWrapper(recorder)
    _say({"ready": True})
    for name in _commands():
        TestCase._forgetWaiting()
        test = byName[name]
        LoggedSuite([_ForceGarbageCollectionDecorator(test) if options["force-gc"] else test]).run(
            result
        )
        _say({"done": name, "events": recorder.take()})
    TrialSuite().run(recorder)
