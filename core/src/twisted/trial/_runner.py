"""Running tests, and telling how it goes."""

from __future__ import annotations

import contextlib
import os
import pdb  # noqa: T100
import sys
from collections.abc import Callable, Iterator
from typing import IO, Any, Protocol

from twisted.python import log
from twisted.trial._asyncrunner import _iterateTests
from twisted.trial._reporters._results import UncleanWarningsReporterWrapper, _ExitWrapper
from twisted.trial._suites import LoggedSuite, TrialSuite
from twisted.trial._workdir import testDirectory, workingIn

__all__ = ["TrialRunner", "_Runner"]


class _Runner(Protocol):
    """What runs tests."""

    def run(self, test: Any) -> Any:
        """Run tests. @return: the reporter."""

    def runUntilFailure(self, test: Any) -> Any:
        """Run tests until one does not go well. @return: the reporter."""


class TrialRunner:
    """
    Runs tests in a folder of their own, with a log, and tells a reporter.

    @cvar DEBUG: the mode that runs tests in a debugger.
    @cvar DRY_RUN: the mode that runs no test, and tells of a success of each.
    """

    __module__ = "twisted.trial.runner"
    DEBUG = "debug"
    DRY_RUN = "dry-run"

    def __init__(
        self,
        reporterFactory: Callable[..., Any],
        mode: str | None = None,
        logfile: str = "test.log",
        stream: Any = sys.stdout,
        profile: bool = False,
        tracebackFormat: str = "default",
        realTimeErrors: bool = False,
        uncleanWarnings: bool = False,
        workingDirectory: str | None = "_trial_temp",
        forceGarbageCollection: bool = False,
        debugger: Any = None,
        exitFirst: bool = False,
        log: Any = log,
    ) -> None:
        """
        @param reporterFactory: makes the reporter: it takes a stream, a format of tracebacks,
            whether to write them at once, and a publisher of the log.
        @param mode: `DEBUG`, `DRY_RUN` or none.
        @param logfile: where the log is written, from the working folder; ``-`` for the stream.
        @param profile: whether to write a profile to the working folder.
        @param uncleanWarnings: whether an unclean reactor is a warning instead of an error.
        @param debugger: what runs the tests in the mode `DEBUG`, by its method ``runcall``.
        @param exitFirst: whether to stop after the first test that does not go well.
        @param log: whose observers are told what is logged.
        """
        self.reporterFactory = reporterFactory
        self.mode = mode
        self.logfile = logfile
        self.stream = stream
        self.profile = profile
        self.uncleanWarnings = uncleanWarnings
        self.workingDirectory = workingDirectory or "_trial_temp"
        self.debugger = debugger or pdb
        self._tracebackFormat = tracebackFormat
        self._realTimeErrors = realTimeErrors
        self._forceGarbageCollection = forceGarbageCollection
        self._exitFirst = exitFirst
        self._log = log

    @property
    def tbformat(self) -> str:
        """How much of a traceback is shown."""
        return self._tracebackFormat

    @property
    def rterrors(self) -> bool:
        """Whether tracebacks are written at once."""
        return self._realTimeErrors

    def _makeResult(self) -> Any:
        reporter = self.reporterFactory(self.stream, self.tbformat, self.rterrors, self._log)
        if self._exitFirst:
            reporter = _ExitWrapper(reporter)
        if self.uncleanWarnings:
            reporter = UncleanWarningsReporterWrapper(reporter)
        return reporter

    @contextlib.contextmanager
    def _logging(self) -> Iterator[None]:
        with contextlib.ExitStack() as closing:
            file: IO[str] = sys.stdout
            if self.logfile != "-":
                path = os.path.abspath(self.logfile)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                file = closing.enter_context(open(path, "a", encoding="utf-8"))
            observer = log.FileLogObserver(file)
            log.startLoggingWithObserver(observer.emit, False)
            closing.callback(log.removeObserver, observer.emit)
            yield

    def run(self, test: Any) -> Any:
        """
        Run tests.

        @param test: a test or a suite.
        @return: the reporter, which knows how it went.
        """
        suite = TrialSuite([test], self._forceGarbageCollection)
        result = self._makeResult()
        with testDirectory(self.workingDirectory) as folder:
            self._runIn(folder, suite, result)
        result.done()
        return result

    def _runIn(self, folder: Any, suite: Any, result: Any) -> None:
        if self.mode == self.DRY_RUN:
            for each in _iterateTests(suite):
                result.startTest(each)
                result.addSuccess(each)
                result.stopTest(each)
            return
        with workingIn(folder), self._logging():
            logged = LoggedSuite([suite])
            if self.mode == self.DEBUG:
                self.debugger.runcall(logged.run, result)
            elif self.profile:
                _profiled(logged.run, result)
            else:
                logged.run(result)

    def runUntilFailure(self, test: Any) -> Any:
        """
        Run tests again and again, until one of them does not go well, or the user stops them.

        @return: the reporter of the last time.
        """
        count = 0
        while True:
            count += 1
            self.stream.write(f"Test Pass {count}\n")
            result = self.run(_copied(test))
            if result.testsRun == 0 or result.shouldStop or not result.wasSuccessful():
                return result


def _copied(test: Any) -> Any:
    """A suite of the same tests, for one that forgets its tests as it runs."""
    import copy
    import unittest

    if isinstance(test, unittest.TestSuite):
        return type(test)([_copied(each) for each in test])
    return copy.copy(test)


def _profiled(run: Callable[[Any], Any], result: Any) -> None:
    """Run, and write a profile to the current folder."""
    import cProfile

    profile = cProfile.Profile()
    try:
        profile.runcall(run, result)
    finally:
        profile.dump_stats(os.path.join(os.getcwd(), "profile.data"))
