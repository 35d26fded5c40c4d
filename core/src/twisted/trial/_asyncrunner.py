"""Suites of tests, and what wraps tests."""

from __future__ import annotations

import gc
import unittest
from collections.abc import Callable, Iterator
from typing import Any

from zope.interface import implementer

from twisted.python import components
from twisted.trial import itrial
from twisted.trial._outcomes import PyUnitResultAdapter
from twisted.trial._reporters._results import _AdaptedReporter
from twisted.trial._synctest import LoggedErrors

__all__ = ["TestDecorator", "TestSuite", "decorate"]


class TestSuite(unittest.TestSuite):
    """Tests to run one after another, until the result says to stop."""

    def run(self, result: Any, debug: bool = False) -> Any:
        """
        Run the tests.

        @param result: is told how they go.
        @return: `result`.
        """
        for test in self:
            if result.shouldStop:
                break
            test(result)
        return result


@implementer(itrial.ITestCase)
class TestDecorator(components.proxyForInterface(itrial.ITestCase, "_originalTest")):  # type: ignore[misc]
    """A test that stands for another: override `run`."""

    def __call__(self, result: Any) -> Any:
        return self.run(result)

    def run(self, result: Any) -> Any:
        """Run the test that this one stands for; what is told of it is told of this one."""
        told = itrial.IReporter(result, None) or PyUnitResultAdapter(result)
        return self._originalTest.run(_AdaptedReporter(told, type(self)))


# What is a test for unittest is one for those who ask for the interface.
components.registerAdapter(TestDecorator, unittest.TestCase, itrial.ITestCase)


class _ForceGarbageCollectionDecorator(TestDecorator):
    """Collect garbage before and after a test, so that what it leaves is reported with it."""

    def run(self, result: Any) -> Any:
        """Run the test between two collections; what the second one brings up is its error."""
        gc.collect()
        outcome = super().run(result)
        with LoggedErrors() as logged:
            gc.collect()
        for failure in logged.flush():
            result.addError(self, failure)
        return outcome


def _iterateTests(testSuiteOrCase: Any) -> Iterator[Any]:
    """The tests in a suite and in those within it, or the test itself."""
    if not isinstance(testSuiteOrCase, unittest.TestSuite):
        yield testSuiteOrCase
        return
    for each in testSuiteOrCase:
        yield from _iterateTests(each)


def _clearSuite(suite: unittest.TestSuite) -> None:
    """Take all tests out of a suite."""
    suite._tests = []


def decorate(test: Any, decorator: Callable[[Any], Any]) -> Any:
    """
    Wrap every test of `test`.

    @param test: a test, or a suite, which may hold suites.
    @param decorator: makes a test of a test.
    @return: the wrapped test, or a suite like `test` of wrapped tests.
    """
    try:
        tests = list(iter(test))
    except TypeError:
        return decorator(test)
    if not isinstance(test, unittest.TestSuite):
        return decorator(test)
    wrapped = [decorate(each, decorator) for each in tests]
    if not isinstance(test, TestSuite):
        return type(test)(wrapped)
    _clearSuite(test)
    test.addTests(wrapped)
    return test
