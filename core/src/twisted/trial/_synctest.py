"""Test cases whose methods are done when they return, and the course that every test takes."""

from __future__ import annotations

import inspect
import os
import sys
import tempfile
import time
import unittest
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from typing import Any, ClassVar, ParamSpec, TypeVar

from twisted.logger import LogEvent, globalLogPublisher
from twisted.python import log
from twisted.python._warnings import runWithWarningsSuppressed
from twisted.python.deprecate import getDeprecationWarningString, warnAboutFunction
from twisted.python.failure import Failure
from twisted.python.monkey import MonkeyPatcher
from twisted.trial import itrial
from twisted.trial._assertions import Assertions
from twisted.trial._outcomes import PyUnitResultAdapter, SkipTest, Todo, makeTodo
from twisted.trial._warnings import (
    _collectWarnings,
    _setWarningRegistryToNone,
    _Warning,
    warningsOf,
)
from twisted.trial.util import acquireAttribute

__all__ = ["LoggedErrors", "SynchronousTestCase", "_setWarningRegistryToNone"]

_P = ParamSpec("_P")
_R = TypeVar("_R")

#: Frames of this module are left out of the tracebacks of `unittest`.
__unittest = True

#: The longest name of a folder of `mktemp`, in characters.
_NAME = 32


class LoggedErrors:
    """
    The failures that are logged within a ``with`` statement, but not within another one inside it.
    """

    _watching: ClassVar[list[LoggedErrors]] = []

    def __init__(self) -> None:
        self._failures: list[Failure] = []

    def __enter__(self) -> LoggedErrors:
        self._watching.append(self)
        globalLogPublisher.addObserver(self)
        return self

    def __exit__(self, *exception: object) -> None:
        self._watching.pop()
        globalLogPublisher.removeObserver(self)

    def __call__(self, event: LogEvent) -> None:
        if self._watching[-1] is not self:
            return
        failure = event.get("log_failure") or (event.get("isError") and event.get("failure"))
        if failure:
            self._failures.append(failure)

    def flush(self, *kinds: type[BaseException]) -> list[Failure]:
        """Take those out that are of `kinds`; all, if none is given."""
        taken: list[Failure] = []
        kept: list[Failure] = []
        for failure in self._failures:
            (taken if not kinds or failure.check(*kinds) else kept).append(failure)
        self._failures = kept
        return taken


class SynchronousTestCase(Assertions):
    """
    A test case whose methods are done when they return.

    These attributes are looked for at the method, then at the case, then at its module:

     - ``skip``: why the test is not run.
     - ``todo``: why the test is known to fail; see `twisted.trial.unittest.makeTodo`.
     - ``suppress``: warnings to leave out: a list of what `twisted.trial.util.suppress` returns.

    An error that is logged, and not taken by `flushLoggedErrors`, fails the test.
    """

    def __init__(self, methodName: str = "runTest") -> None:
        super().__init__(methodName)
        self._passed = False
        self._undo: list[tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]] = []
        self._logged = LoggedErrors()
        self._warned: list[_Warning] = []

    def runTest(self) -> None:
        """Do nothing: a case that is made without the name of a method is no test."""

    # What is known of the test

    @property
    def _parents(self) -> list[Any]:
        method = getattr(self, self._testMethodName)
        return [method, self, sys.modules.get(type(self).__module__)]

    def getSkip(self) -> str | None:
        """Why the test is not run; None when it is."""
        skip = acquireAttribute(self._parents, "skip", None)
        if skip is None and acquireAttribute(self._parents, "__unittest_skip__", False):
            skip = acquireAttribute(self._parents, "__unittest_skip_why__", "")
        return skip  # type: ignore[no-any-return]

    def getTodo(self) -> Todo | None:
        """Why the test is known to fail; None when it is not."""
        todo = acquireAttribute(self._parents, "todo", None)
        if todo is None:
            expecting = acquireAttribute(self._parents, "__unittest_expecting_failure__", False)
            return Todo("expected to fail") if expecting else None
        return makeTodo(todo)

    def getSuppress(self) -> list[Any]:
        """The warnings to leave out."""
        suppress = acquireAttribute(self._parents, "suppress", ())
        # A module may well have imported the function of that name.
        return list(suppress) if isinstance(suppress, (list, tuple)) else []

    def shortDescription(self) -> str:
        """The first line of the documentation of the test, or else its name."""
        return super().shortDescription() or self._testMethodName

    # What a test can do

    def addCleanup(  # type: ignore[override]
        self, f: Callable[_P, Any], *args: _P.args, **kwargs: _P.kwargs
    ) -> None:
        """Call `f` when the test is over, last come first served, even if `setUp` failed."""
        self._undo.append((f, args, kwargs))

    def patch(self, obj: Any, attribute: str, value: Any) -> MonkeyPatcher:
        """
        Replace an attribute of `obj` until the test is over.

        @return: what puts it back earlier: ``restore()``.
        """
        patcher = MonkeyPatcher((obj, attribute, value))
        patcher.patch()
        self.addCleanup(patcher.restore)
        return patcher

    def mktemp(self) -> str:
        """
        A path below the working folder where nothing is yet, in a folder made for this test.

        @return: the path, relative to the working folder.
        """
        base = os.path.join(
            type(self).__module__[:_NAME], type(self).__name__[:_NAME], self._testMethodName[:_NAME]
        )
        os.makedirs(base, exist_ok=True)
        return os.path.join(tempfile.mkdtemp("", "", base), "temp")

    def flushLoggedErrors(self, *errorTypes: type[BaseException]) -> list[Failure]:
        """
        Take what was logged as errors, so that it does not fail the test.

        @param errorTypes: which exceptions to take; all, if none is given.
        """
        return self._logged.flush(*errorTypes)

    def flushWarnings(
        self, offendingFunctions: list[Callable[..., Any]] | None = None
    ) -> list[dict[str, Any]]:
        """
        Take the warnings of the test, so that they are not shown.

        @param offendingFunctions: take those that point into one of these; None for all.
        @return: for each its ``message`` (text), ``category``, ``filename`` and ``lineno``.
        """
        taken = (
            self._warned[:]
            if offendingFunctions is None
            else warningsOf(self._warned, offendingFunctions)
        )
        self._warned[:] = [warning for warning in self._warned if warning not in taken]
        return [dict(vars(warning)) for warning in taken]

    def callDeprecated(
        self, version: Any, f: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs
    ) -> _R:
        """
        Call `f`, which must warn that it is deprecated.

        @param version: the `twisted.python.versions.Version` since which it is, or a pair of that
            and what to use instead.
        @return: what `f` returns.
        """
        result = f(*args, **kwargs)
        warned = self.flushWarnings([self.callDeprecated])
        since, replacement = version if isinstance(version, tuple) else (version, None)
        if not warned:
            self.fail(f"{f!r} is not deprecated")
        expected = getDeprecationWarningString(f, since, replacement=replacement)
        self.assertEqual(warned[0]["message"], expected)
        return result

    def getDeprecatedModuleAttribute(
        self, moduleName: str, name: str, version: Any, message: str | None = None
    ) -> Any:
        """
        An attribute of a module, which must warn that it is deprecated.

        @param message: what else the warning says.
        @return: the attribute.
        """
        from twisted.python.deprecate import getDeprecationWarningString
        from twisted.python.reflect import namedAny

        fqpn = f"{moduleName}.{name}"
        module = namedAny(moduleName)
        attribute = getattr(module, name)
        warned = self.flushWarnings([self.getDeprecatedModuleAttribute])
        expected = getDeprecationWarningString(attribute, version).replace(
            getattr(attribute, "__qualname__", name), name
        )
        expected = expected if message is None else f"{expected}: {message}"
        mine = [warning for warning in warned if fqpn in warning["message"]]
        self.assertEqual(len(mine), 1, f"{fqpn} warns {len(mine)} times, not once")
        self.assertTrue(mine[0]["message"].startswith(fqpn), mine[0]["message"])
        if message is not None:
            self.assertTrue(mine[0]["message"].endswith(message), mine[0]["message"])
        return attribute

    # The course of a test

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.run(*args, **kwargs)

    def run(self, result: Any = None) -> Any:
        """
        Run the test.

        @param result: is told how it goes: an `IReporter`, or a `unittest.TestResult`.
        @return: `result`.
        """
        if result is None:
            result = self.defaultTestResult()
        told = itrial.IReporter(result, None) or PyUnitResultAdapter(result)
        log.msg(f"--> {self.id()} <--")
        told.startTest(self)
        try:
            skip = self.getSkip()
            if skip:
                told.addSkip(self, skip)
                return result
            started = time.monotonic()
            self._passed = True
            self._warned[:] = []
            try:
                with self._logged:
                    _collectWarnings(self._warned.append, self._runSuppressed, told)
            except KeyboardInterrupt:
                # No further test is run, and those that were are told of; unless that is the
                # business of another runner.
                if not hasattr(told, "stop"):
                    raise
                told.stop()
            finally:
                self._logged.flush()
            if hasattr(told, "addDuration"):
                told.addDuration(self, time.monotonic() - started)
            for warning in self._warned:
                try:
                    warning.again()
                except Warning:  # the filters make errors of them
                    told.addError(self, Failure())
        finally:
            told.stopTest(self)
        return result

    def debug(self) -> None:
        """Run the test, and let its exceptions through."""
        result = unittest.TestResult()
        self.run(result)
        for _, text in result.errors + result.failures:
            raise AssertionError(text)

    def _runSuppressed(self, result: Any) -> None:
        runWithWarningsSuppressed(self.getSuppress(), self._runFixturesAndTest, result)

    def _runFixturesAndTest(self, result: Any) -> None:
        self._drive(self._course(result))
        self._end(result)

    def _drive(self, course: Coroutine[Any, Any, None]) -> None:
        """Run `course`, which does not wait."""
        try:
            course.send(None)
        except StopIteration:
            pass

    async def _course(self, result: Any) -> None:
        """Set up, test, tear down, and clean up; tell `result` of what fails."""
        ready = await self._step(result, self.setUp)
        if ready:
            test = getattr(self, self._testMethodName)
            todo = self.getTodo()
            if await self._step(result, test, todo=todo) and todo is not None:
                self._passed = False
                result.addUnexpectedSuccess(self, todo)
        await self._cleanUp(result)
        if ready:
            await self._step(result, self.tearDown)
            await self._cleanUp(result)

    async def _cleanUp(self, result: Any) -> None:
        while self._undo:
            f, args, kwargs = self._undo.pop()
            await self._step(result, partial(f, *args, **kwargs), mayFail=False)

    async def _step(
        self, result: Any, f: Callable[[], Any], todo: Todo | None = None, mayFail: bool = True
    ) -> bool:
        """
        Call `f`; if it raises, tell `result`.

        @param todo: why it is known to raise.
        @param mayFail: whether an assertion that does not hold is a failure, instead of an error.
        @return: whether it returned.
        """
        failure = await self._outcomeOf(f)
        if failure is None:
            return True
        self._passed = False
        if failure.check(KeyboardInterrupt):
            raise failure.value
        elif failure.check(SkipTest, unittest.SkipTest):
            reason = failure.value.args[0] if failure.value.args else ""
            if not failure.value.args:
                method = getattr(self, self._testMethodName)
                warnAboutFunction(method, "raise unittest.SkipTest with the reason for it")
            result.addSkip(self, reason)
        elif todo is not None and todo.expected(failure):
            result.addExpectedFailure(self, failure, todo)
        elif mayFail and failure.check(self.failureException, AssertionError):
            result.addFailure(self, failure)
        else:
            result.addError(self, failure)
        return False

    async def _outcomeOf(self, f: Callable[[], Any]) -> Failure | None:
        """Call `f`. @return: how it failed, or None."""
        if inspect.isgeneratorfunction(f):
            return Failure(TypeError(f"{f!r} is a generator function and therefore will never run"))
        try:
            f()
        except SystemExit:
            raise
        except BaseException:
            return Failure()
        return None

    def _end(self, result: Any) -> None:
        """Tell `result` of what was logged, or else that the test succeeded."""
        for failure in self._logged.flush():
            self._passed = False
            result.addError(self, failure)
        if self._passed:
            result.addSuccess(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def __iter__(self) -> Iterator[Any]:
        raise TypeError("a test case is one test, and cannot be iterated over")
