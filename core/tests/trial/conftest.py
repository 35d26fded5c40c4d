"""A module of tests for trial to run."""

import sys
import textwrap
from pathlib import Path

import pytest

SAMPLE = '''
"""Tests that go in every way."""

import unittest as pyunit

from twisted.internet import defer, reactor
from twisted.python import log
from twisted.trial import unittest


class BTests(unittest.TestCase):
    def test_success(self):
        """Does what it should."""

    def test_failure(self):
        self.assertEqual(1, 2, "not the same")

    def test_error(self):
        raise RuntimeError("\\u2620 went wrong")

    def test_same_error(self):
        return defer.fail(KeyError("twice"))

    def test_same_error_again(self):
        return defer.fail(KeyError("twice"))

    def test_skip(self):
        raise unittest.SkipTest("not today")

    def test_todo(self):
        raise ValueError("known")

    test_todo.todo = "some day"

    def test_todone(self):
        pass

    test_todone.todo = (ZeroDivisionError, "some other day")

    def test_unclean(self):
        reactor.callLater(1000, int)


class ATests(pyunit.TestCase):
    def test_plain(self):
        with self.subTest("a part"):
            self.assertTrue(False)

    def test_plain_skip(self):
        self.skipTest("at all")


class CTests(unittest.SynchronousTestCase):
    def setUp(self):
        raise OSError(2, "set up")

    def test_not_reached(self):
        pass
'''


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder, from which modules can be imported; they are forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.fixture
def write(folder):
    """Writes a file below the folder."""

    def write(name: str, text: str) -> Path:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    return write


@pytest.fixture
def sample(write):
    """A module with tests that go in every way."""
    return write("sample_tests.py", SAMPLE)
