"""Suites of tests, and what wraps tests."""

from __future__ import annotations

import gc
import unittest
from collections.abc import Callable
from typing import Any

from zope.interface import implementer

from twisted.python import components
from twisted.trial.itrial import ITestCase

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


@implementer(ITestCase)
class TestDecorator(components.proxyForInterface(ITestCase, "_originalTest")):  # type: ignore[misc]
    """A test that stands for another: override `run`."""

    def __call__(self, result: Any) -> Any:
        return self.run(result)

    def run(self, result: Any) -> Any:
        """Run the test that this one stands for."""
        return self._originalTest.run(result)


class CollectGarbage(TestDecorator):
    """Collect garbage before and after a test, so that what it leaves is reported with it."""

    def run(self, result: Any) -> Any:
        """Run the test between two collections."""
        gc.collect()
        outcome = super().run(result)
        gc.collect()
        return outcome


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
    if isinstance(test, TestSuite):
        test._tests = wrapped
        return test
    return type(test)(wrapped)
