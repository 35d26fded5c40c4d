"""
Test cases of asynchronous programs::

    from twisted.trial import unittest

    class LookupTests(unittest.TestCase):
        async def test_found(self):
            self.assertEqual(await lookup("name"), "value")

`TestCase` waits for Deferreds and coroutines; `SynchronousTestCase` is for tests that need no
reactor. Both run under ``trial``, ``pytest`` and ``python -m unittest``.
"""

from twisted.trial._asyncrunner import TestDecorator, TestSuite, decorate
from twisted.trial._asynctest import TestCase
from twisted.trial._outcomes import FailTest, PyUnitResultAdapter, SkipTest, Todo, makeTodo
from twisted.trial._pytest import answerForTwisted
from twisted.trial._synctest import SynchronousTestCase

__all__ = [
    "FailTest",
    "PyUnitResultAdapter",
    "SkipTest",
    "SynchronousTestCase",
    "TestCase",
    "TestDecorator",
    "TestSuite",
    "Todo",
    "decorate",
    "makeTodo",
]

answerForTwisted()
