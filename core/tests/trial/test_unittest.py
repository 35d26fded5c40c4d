"""Test cases: what they report, wait for and clean up."""

from __future__ import annotations

import os
import subprocess
import sys
import unittest as pyunit
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from twisted.internet import defer, reactor
from twisted.logger import Logger
from twisted.python.deprecate import deprecated
from twisted.python.versions import Version
from twisted.trial import unittest
from twisted.trial.util import DirtyReactorAggregateError, acquireAttribute, suppress

the_reactor: Any = reactor


class Result(pyunit.TestResult):
    """What was told, as pairs of a kind and a text."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[str, str]] = []

    def addSuccess(self, test: Any) -> None:
        self.told.append(("success", ""))

    def addError(self, test: Any, err: Any) -> None:
        self.told.append(("error", f"{err[0].__name__}: {err[1]}"))

    def addFailure(self, test: Any, err: Any) -> None:
        self.told.append(("failure", f"{err[0].__name__}: {err[1]}"))

    def addSkip(self, test: Any, reason: str) -> None:
        self.told.append(("skip", reason))

    def addExpectedFailure(self, test: Any, err: Any) -> None:
        self.told.append(("expected", str(err[1])))

    def addUnexpectedSuccess(self, test: Any) -> None:
        self.told.append(("unexpected", ""))


def run(case: type[Any], name: str = "test") -> list[tuple[str, str]]:
    result = Result()
    case(name).run(result)
    return result.told


BASES = [unittest.SynchronousTestCase, unittest.TestCase]


@pytest.mark.parametrize("base", BASES)
def test_order_of_methods_and_cleanups(base: Any) -> None:
    done: list[str] = []

    class Case(base):  # type: ignore[misc]
        def setUp(self) -> None:
            self.addCleanup(done.append, "first cleanup")
            self.addCleanup(done.append, "last cleanup")
            done.append("set up")

        def test(self) -> None:
            done.append("test")

        def tearDown(self) -> None:
            done.append("torn down")

    assert run(Case) == [("success", "")]
    assert done == ["set up", "test", "last cleanup", "first cleanup", "torn down"]


@pytest.mark.parametrize("base", BASES)
def test_outcomes(base: Any) -> None:
    class Case(base):  # type: ignore[misc]
        def test_fails(self) -> None:
            self.assertEqual(1, 2)

        def test_raises(self) -> None:
            raise ValueError("wrong")

        def test_skips(self) -> None:
            raise unittest.SkipTest("not now")

        def test_skips_as_pyunit_does(self) -> None:
            self.skipTest("nor now")

        def test_skipped(self) -> None:
            raise AssertionError("not run")

        test_skipped.skip = "never"  # type: ignore[attr-defined]

        def test_todo(self) -> None:
            self.fail("as known")

        test_todo.todo = "later"  # type: ignore[attr-defined]

        def test_other_todo(self) -> None:
            raise ValueError("another")

        test_other_todo.todo = (KeyError, "later")  # type: ignore[attr-defined]

        def test_done(self) -> None:
            pass

        test_done.todo = ([KeyError], "later")  # type: ignore[attr-defined]

        def test_generator(self) -> Iterator[None]:
            yield

        def test_logs(self) -> None:
            try:
                raise KeyError("logged")
            except KeyError:
                Logger().failure("oh")

        def test_flushes(self) -> None:
            self.test_logs()
            self.assertEqual(self.flushLoggedErrors(ValueError), [])
            self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)

        @pyunit.skip("by a decorator")
        def test_decorated(self) -> None:
            raise AssertionError("not run")

        @pyunit.expectedFailure
        def test_expected(self) -> None:
            self.fail("as known")

    assert run(Case, "test_fails") == [("failure", "FailTest: 1 != 2")]
    assert run(Case, "test_raises") == [("error", "ValueError: wrong")]
    assert run(Case, "test_skips") == [("skip", "not now")]
    assert run(Case, "test_skips_as_pyunit_does") == [("skip", "nor now")]
    assert run(Case, "test_skipped") == [("skip", "never")]
    assert run(Case, "test_todo") == [("expected", "as known")]
    assert run(Case, "test_other_todo") == [("error", "ValueError: another")]
    assert run(Case, "test_done") == [("unexpected", "")]
    assert run(Case, "test_generator")[0][0] == "error"
    assert run(Case, "test_logs") == [("error", "KeyError: 'logged'")]
    assert run(Case, "test_flushes") == [("success", "")]
    assert run(Case, "test_decorated") == [("skip", "by a decorator")]
    assert run(Case, "test_expected") == [("expected", "as known")]


@pytest.mark.parametrize("base", BASES)
def test_failing_set_up_still_cleans_up(base: Any) -> None:
    done: list[str] = []

    class Case(base):  # type: ignore[misc]
        def setUp(self) -> None:
            self.addCleanup(done.append, "cleanup")
            raise ValueError("no")

        def test(self) -> None:
            done.append("test")

        tearDown = test

    assert run(Case) == [("error", "ValueError: no")]
    assert done == ["cleanup"]


def test_every_failure_is_told() -> None:
    class Case(unittest.TestCase):
        def setUp(self) -> None:
            self.addCleanup(self.fail, "cleanup")

        def test(self) -> None:
            self.fail("test")

        async def tearDown(self) -> None:
            raise ValueError("tear down")

    assert run(Case) == [
        ("failure", "FailTest: test"),
        ("error", "FailTest: cleanup"),
        ("error", "ValueError: tear down"),
    ]


def test_waits_for_deferreds_and_coroutines() -> None:
    done: list[str] = []

    class Case(unittest.TestCase):
        def setUp(self) -> defer.Deferred[None]:
            d: defer.Deferred[None] = defer.Deferred()
            the_reactor.callLater(0, d.callback, None)
            return d.addCallback(lambda _: done.append("set up"))

        async def test(self) -> None:
            d: defer.Deferred[None] = defer.Deferred()
            the_reactor.callLater(0, d.callback, None)
            await d
            done.append("test")

        def test_fails(self) -> defer.Deferred[None]:
            return defer.fail(ValueError("no"))

    assert run(Case) == [("success", "")]
    assert done == ["set up", "test"]
    assert run(Case, "test_fails") == [("error", "ValueError: no")]


def test_times_out_and_cancels() -> None:
    cancelled: list[object] = []

    class Case(unittest.TestCase):
        timeout = 0.01

        def test(self) -> defer.Deferred[None]:
            return defer.Deferred(cancelled.append)

    [(kind, text)] = run(Case)
    assert kind == "error"
    assert text.startswith("TimeoutError")
    assert "0.01 s" in text
    assert len(cancelled) == 1


def test_unclean_reactor() -> None:
    class Case(unittest.TestCase):
        def test(self) -> None:
            the_reactor.callLater(100, print)

    [(kind, text)] = run(Case)
    assert kind == "error"
    assert DirtyReactorAggregateError.__name__ in text
    assert the_reactor.getDelayedCalls() == []


def test_open_port_is_found_after_the_class() -> None:
    from twisted.internet.protocol import Factory

    class Case(unittest.TestCase):
        def test(self) -> None:
            self.port = the_reactor.listenTCP(0, Factory(), interface="127.0.0.1")

    [(succeeded, _), (kind, text)] = run(Case)
    assert (succeeded, kind) == ("success", "error")
    assert "Port" in text or "tcp" in text.lower()
    assert the_reactor.getReaders() == [] or all(
        "Port" not in repr(reader) for reader in the_reactor.getReaders()
    )


def test_stopping_the_reactor_interrupts() -> None:
    class Case(unittest.TestCase):
        def test(self) -> defer.Deferred[None]:
            the_reactor.callLater(0, the_reactor.stop)
            return defer.Deferred()

    with pytest.raises(KeyboardInterrupt):
        run(Case)


def test_warnings_can_be_taken() -> None:
    def offends() -> None:
        warnings.warn("old", DeprecationWarning, stacklevel=1)

    class Case(unittest.SynchronousTestCase):
        def test_taken(self) -> None:
            offends()
            warnings.warn("other", UserWarning, stacklevel=1)
            [warned] = self.flushWarnings([offends])
            self.assertEqual(warned["message"], "old")
            self.assertIs(warned["category"], DeprecationWarning)
            self.assertEqual(warned["filename"], __file__)
            self.assertEqual(len(self.flushWarnings()), 1)
            self.assertEqual(self.flushWarnings(), [])

        def test_left(self) -> None:
            offends()

        def test_suppressed(self) -> None:
            offends()
            self.assertEqual(self.flushWarnings(), [])

        test_suppressed.suppress = [suppress(message="old")]  # type: ignore[attr-defined]

    assert run(Case, "test_taken") == [("success", "")]
    assert run(Case, "test_suppressed") == [("success", "")]
    with pytest.warns(DeprecationWarning, match="old"):
        assert run(Case, "test_left") == [("success", "")]


def test_deprecated_calls() -> None:
    version = Version("Twisted", 26, 10, 0)

    @deprecated(version)
    def old() -> int:
        return 3

    class Case(unittest.SynchronousTestCase):
        def test(self) -> None:
            self.assertEqual(self.callDeprecated(version, old), 3)

        def test_not(self) -> None:
            self.callDeprecated(version, int)

    assert run(Case) == [("success", "")]
    assert run(Case, "test_not")[0][0] == "failure"


def test_patch_and_mktemp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    class Thing:
        a = 1

    paths = []

    class Case(unittest.SynchronousTestCase):
        def test(self) -> None:
            self.patch(Thing, "a", 2)
            assert Thing.a == 2
            paths.extend([self.mktemp(), self.mktemp()])

    assert run(Case) == [("success", "")]
    assert Thing.a == 1
    assert paths[0] != paths[1]
    for path in paths:
        assert not os.path.exists(path)
        assert os.path.isdir(os.path.dirname(path))


class AssertionsTests(unittest.SynchronousTestCase):
    """Run by pytest: the assertions themselves."""

    def fails(self, f: Any, *args: Any, **kwargs: Any) -> None:
        self.assertRaises(self.failureException, f, *args, **kwargs)

    def test_raises(self) -> None:
        self.assertIsInstance(self.assertRaises(ValueError, int, "x"), ValueError)
        with self.assertRaises((KeyError, ValueError)) as context:
            int("x")
        self.assertIsInstance(context.exception, ValueError)
        self.fails(self.assertRaises, ValueError, int, "1")
        self.fails(self.assertRaises, KeyError, int, "x")

    def test_compare(self) -> None:
        self.assertEqual(self.assertEqual(1, 1), 1)
        self.fails(self.assertNotEqual, 1, 1)
        self.fails(self.assertIs, [], [])
        self.fails(self.assertIsNot, None, None)
        self.fails(self.assertIn, 1, [])
        self.fails(self.assertNotIn, 1, [1])
        self.assertApproximates(1.0, 1.05, 0.1)
        self.fails(self.assertApproximates, 1.0, 1.2, 0.1)
        self.fails(self.assertIsInstance, 1, str)
        self.fails(self.assertNotIsInstance, 1, int)
        self.fails(self.assertAlmostEqual, 1, 1.1)
        self.fails(self.assertTrue, 0)
        self.fails(self.assertFalse, 1)
        self.fails(self.assertSubstring, "x", "abc")

    def test_deferreds(self) -> None:
        pending: defer.Deferred[int] = defer.Deferred()
        self.assertEqual(self.successResultOf(defer.succeed(1)), 1)
        self.failureResultOf(defer.fail(KeyError()), KeyError)
        self.fails(self.failureResultOf, defer.fail(KeyError()), ValueError)
        self.fails(self.failureResultOf, defer.succeed(1))
        self.fails(self.failureResultOf, pending)
        self.fails(self.successResultOf, defer.fail(KeyError()))
        self.fails(self.successResultOf, pending)
        self.fails(self.assertNoResult, defer.succeed(1))
        waiting: defer.Deferred[int] = defer.Deferred()
        self.assertNoResult(waiting)
        waiting.callback(5)
        self.assertEqual(self.successResultOf(waiting), 5)

        async def three() -> int:
            return 3

        self.assertEqual(self.successResultOf(three()), 3)

    def test_warns(self) -> None:
        def offends() -> int:
            warnings.warn("old", UserWarning, stacklevel=1)
            return 1

        self.assertEqual(self.assertWarns(UserWarning, "old", __file__, offends), 1)
        self.fails(self.assertWarns, UserWarning, "new", __file__, offends)
        self.fails(self.assertWarns, UserWarning, "old", __file__, int)

    def test_exception_of_deferred(self) -> None:
        case = unittest.TestCase()
        error = KeyError("x")
        self.assertIs(self.successResultOf(case.assertFailure(defer.fail(error), KeyError)), error)
        self.failureResultOf(case.assertFailure(defer.succeed(1), KeyError), unittest.FailTest)
        self.failureResultOf(
            case.assertFailure(defer.fail(ValueError()), KeyError), unittest.FailTest
        )


def test_attributes_from_inside_out() -> None:
    class One:
        x = 1

    assert acquireAttribute([object(), One], "x") == 1
    assert acquireAttribute([object()], "x", 5) == 5
    with pytest.raises(AttributeError):
        acquireAttribute([object()], "x")


def test_suites_and_decorators() -> None:
    order: list[str] = []

    class Case(unittest.SynchronousTestCase):
        def test(self) -> None:
            order.append("test")

    class Around(unittest.TestDecorator):
        def run(self, result: Any) -> Any:
            order.append("before")
            return super().run(result)

    suite = unittest.TestSuite([Case("test"), unittest.TestSuite([Case("test")])])
    result = Result()
    unittest.decorate(suite, Around)(result)
    assert order == ["before", "test"] * 2
    assert result.told == [("success", "")] * 2
    result.shouldStop = True
    suite(result)
    assert len(order) == 4


PROGRAM = """
from twisted.internet import defer, reactor
from twisted.trial import unittest

class Case(unittest.TestCase):
    def test_waits(self):
        d = defer.Deferred()
        reactor.callLater(0.01, d.callback, None)
        return d

    async def test_fails(self):
        self.assertEqual(1, 2)

    def test_logs(self):
        from twisted.python import log
        log.err(ValueError("logged"))

    def test_skips(self):
        raise unittest.SkipTest("why")
"""


@pytest.mark.parametrize("runner", ["pytest", "unittest"])
def test_other_runners(tmp_path: Path, runner: str) -> None:
    (tmp_path / "test_program.py").write_text(PROGRAM)
    arguments = ["-p", "no:cacheprovider"] if runner == "pytest" else ["-v"]
    done = subprocess.run(
        [sys.executable, "-m", runner, *arguments, "test_program.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    output = done.stdout + done.stderr
    assert done.returncode != 0
    if runner == "pytest":
        assert "2 failed, 1 passed, 1 skipped" in output
    else:
        assert "failures=1, errors=1, skipped=1" in output
    assert "1 != 2" in output
    assert "logged" in output
