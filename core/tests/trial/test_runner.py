"""Finding tests, and running them in a folder of their own."""

import gc
import importlib
import io
import os
import unittest as pyunit

import pytest

from twisted.internet import defer, reactor
from twisted.python import log
from twisted.trial import reporter, runner, unittest
from twisted.trial._asyncrunner import _iterateTests
from twisted.trial._workdir import MARKER, NotATestDirectory
from twisted.trial._workdir import testDirectory as directoryForTests

MODULE = """
    from twisted.trial import unittest

    class Tests(unittest.TestCase):
        def test_b(self): pass
        def test_a(self): pass
        def helper(self): pass
"""


@pytest.fixture
def package(write):
    """A package with modules of tests, one of which cannot be imported, and a package within."""
    write("pack/__init__.py", "")
    write("pack/test_one.py", MODULE)
    write("pack/test_broken.py", "import nothing_of_that_name\n")
    write("pack/other.py", MODULE)
    write("pack/inner/__init__.py", "")
    write("pack/inner/test_two.py", MODULE)


def names(suite):
    return [test.id() for test in _iterateTests(suite)]


def found(name, recurse=False, **options):
    return names(runner.TestLoader(**options).loadByName(name, recurse))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pack.test_one", ["pack.test_one.Tests.test_a", "pack.test_one.Tests.test_b"]),
        ("pack.test_one.Tests", ["pack.test_one.Tests.test_a", "pack.test_one.Tests.test_b"]),
        ("pack.test_one.Tests.test_b", ["pack.test_one.Tests.test_b"]),
        ("pack.test_one.Tests.helper", ["pack.test_one.Tests.helper"]),
        ("pack/test_one.py", ["pack.test_one.Tests.test_a", "pack.test_one.Tests.test_b"]),
        ("pack.nothing", ["pack.nothing"]),
        ("pack.test_one.Tests.nothing", ["pack.test_one.Tests.nothing"]),
        ("nothing", ["nothing"]),
        ("./nothing.py", ["./nothing.py"]),
        ("./pack/../pack", None),
        ("./missing/", ["./missing/"]),
    ],
)
def test_by_name(package, name, expected):
    """Modules, classes, methods and files have tests; what has none has an error in their place."""
    if expected is None:
        expected = names(runner.TestLoader().loadByName("pack"))
    assert found(name) == expected


def test_packages(package):
    """Modules of tests are looked for, in packages within if that is wished; errors are kept."""
    one = ["pack.test_one.Tests.test_a", "pack.test_one.Tests.test_b"]
    two = ["pack.inner.test_two.Tests.test_a", "pack.inner.test_two.Tests.test_b"]
    assert found("pack") == ["pack.test_broken", *one]
    assert found("pack", True) == [*two, "pack.test_broken", *one]
    result = reporter.TestResult()
    runner.TestLoader().loadByName("pack")(result)
    [(holder, failure)] = result.errors
    assert holder.id() == "pack.test_broken"
    assert "nothing_of_that_name" in str(failure.value)


def test_names_that_lead_to_the_same(package):
    """They are run once."""
    loaded = runner.TestLoader().loadByNames(["pack.test_one", "pack/test_one.py", "pack.test_one"])
    assert len(names(loaded)) == 2


def test_a_file_that_hides_behind_a_module(write, folder):
    """A file is found even if another module of its name can be imported."""
    path = write("elsewhere/json.py", MODULE)
    import json

    module = runner.filenameToModule(str(path))
    assert module is not json
    assert module.__file__ == str(path)
    assert importlib.import_module("json") is json


def test_what_is_no_file_of_tests(write, folder):
    """The error says why."""
    write("text.txt", "")
    (folder / "empty").mkdir()
    with pytest.raises(ValueError, match="exist"):
        runner.filenameToModule("nothing.py")
    with pytest.raises(ValueError, match="package"):
        runner.filenameToModule("empty")
    for name in ("./text.txt", "./empty"):
        with pytest.raises(ValueError, match=name[2:7]):
            runner.TestLoader().loadFile(name)


def test_orders(write):
    """By name, or as they stand in the file."""
    from twisted.trial._loader import orderDefined

    write(
        "test_order.py",
        MODULE + "\n    class Another(unittest.TestCase):\n        def test_it(self): pass\n",
    )
    assert found("test_order")[0] == "test_order.Another.test_it"
    assert found("test_order", sorter=orderDefined) == [
        "test_order.Tests.test_b",
        "test_order.Tests.test_a",
        "test_order.Another.test_it",
    ]


def test_modules_that_name_their_tests(write):
    """By functions of several names, and documentation."""
    for hook, call in (
        ("test_suite", "()"), ("testSuite", "()"), ("load_tests", "(loader, tests, pattern)")
    ):  # fmt: skip
        write(
            f"test_{hook.lower()}.py",
            MODULE + f"\n    def {hook}{call}: return unittest.TestSuite([Tests('test_b')])\n",
        )
        assert found(f"test_{hook.lower()}") == [f"test_{hook.lower()}.Tests.test_b"]
    write("documented.py", '"""\n>>> 1 + 1\n3\n"""\n')
    write("test_documentation.py", "__doctests__ = ['documented', 'nothing']\n")
    result = reporter.TestResult()
    runner.TestLoader().loadByName("test_documentation")(result)
    assert (len(result.failures), len(result.errors)) == (1, 1)


def test_what_has_no_tests():
    """It is a type error to ask for them."""
    loader = runner.TestLoader()
    for load, thing, error in (
        (loader.loadClass, pytest, TypeError),
        (loader.loadClass, str, ValueError),
        (loader.loadModule, str, TypeError),
        (loader.loadPackage, pyunit.case, TypeError),
        (loader.loadAnything, 3, TypeError),
    ):
        with pytest.raises(error):
            load(thing)


def test_names_of_things(package):
    """What tests are sorted by."""
    from twisted.python.modules import getModule

    assert runner.name("x") == "x"
    assert runner.name(pyunit.TestCase) == "TestCase"
    assert runner.name(getModule("pack")) == "pack"
    assert runner.name(runner.TestHolder("held")) == "held"


# Running


class Case(unittest.TestCase):
    ran: list = []

    def test_writes(self):
        with open("left-behind", "w") as file:
            file.write(os.getcwd())
        log.msg("a note of the test")

    def test_logs_late(self):
        defer.fail(ValueError("forgotten"))

    def test_shutdown(self):
        reactor.addSystemEventTrigger("before", "shutdown", self.ran.append, "shut down")


Case.__test__ = False


def run(*tests, **options):
    stream = io.StringIO()
    made = runner.TrialRunner(reporter.Reporter, stream=stream, **options)
    return made.run(unittest.TestSuite(Case(test) for test in tests)), stream.getvalue()


def test_the_working_folder(folder):
    """Tests are run in a folder of their own, which is emptied before; the log is in it."""
    before = os.getcwd()
    run("test_writes")
    assert os.getcwd() == before
    temp = folder / "_trial_temp"
    assert (temp / "left-behind").read_text() == str(temp)
    assert "a note of the test" in (temp / "test.log").read_text()
    run("test_shutdown", logfile="elsewhere/my.log")
    assert not (temp / "left-behind").exists()
    assert (temp / "elsewhere" / "my.log").exists()


def test_a_folder_of_somebody_else(folder):
    """It is not removed."""
    (folder / "mine").mkdir()
    (folder / "mine" / "precious").write_text("x")
    with pytest.raises(NotATestDirectory):
        run("test_writes", workingDirectory="mine")
    assert (folder / "mine" / "precious").exists()


def test_two_runs_at_once(folder):
    """Each has a folder."""
    with directoryForTests("temp") as first, directoryForTests("temp") as second:
        assert first != second
        assert second.child(MARKER).exists()
    with directoryForTests("temp") as again:
        assert again == first


def test_the_reactor_shuts_down_after_the_last(folder):
    """What the program does when it stops is done."""
    Case.ran.clear()
    run("test_shutdown")
    assert Case.ran == ["shut down"]


def test_errors_between_tests(folder):
    """They are told under a name of their own."""
    suite = runner.LoggedSuite([])
    result = reporter.TestResult()

    class Logs:
        def __call__(self, result):
            log.err(ValueError("between"))

    suite._tests = [Logs()]
    suite.run(result)
    [(test, failure)] = result.errors
    assert test.id() == runner.NOT_IN_TEST
    assert failure.check(ValueError)


def test_garbage_is_collected_around_tests(folder):
    """So that what a test leaves unhandled is told of it."""
    gc.disable()
    try:
        result, _ = run("test_logs_late", forceGarbageCollection=True)
    finally:
        gc.enable()
    assert len(result.errors) == 1


def test_nothing_is_run_in_a_dry_run(folder):
    """Each test is told of as a success."""
    result, _ = run("test_writes", "test_shutdown", mode=runner.TrialRunner.DRY_RUN)
    assert result.successes == 2
    assert not (folder / "_trial_temp" / "left-behind").exists()


def test_in_a_debugger(folder):
    """It runs the tests; by default pdb."""

    class Debugger:
        def runcall(self, f, *args):
            self.called = True
            return f(*args)

    debugger = Debugger()
    result, _ = run("test_writes", mode=runner.TrialRunner.DEBUG, debugger=debugger)
    assert debugger.called
    assert result.successes == 1
    assert runner.TrialRunner(None).debugger.__name__ == "pdb"


def test_a_profile(folder):
    """It is in the working folder."""
    run("test_writes", profile=True)
    assert (folder / "_trial_temp" / "profile.data").stat().st_size


def test_stopping_after_the_first(folder, sample):
    """No further test is run after one that does not go well."""
    made = runner.TrialRunner(reporter.Reporter, stream=io.StringIO(), exitFirst=True)
    result = made.run(runner.TestLoader().loadByName("sample_tests.BTests"))
    assert result.testsRun == 1


def test_until_failure(folder, write):
    """Tests are run again until one fails."""
    write(
        "test_often.py",
        """
        from twisted.trial import unittest
        count = []
        class Tests(unittest.TestCase):
            def test_it(self):
                count.append(1)
                self.assertLess(len(count), 3)
        """,
    )
    stream = io.StringIO()
    made = runner.TrialRunner(reporter.Reporter, stream=stream)
    made.runUntilFailure(runner.TestLoader().loadByName("test_often"))
    assert "Test Pass 3\n" in stream.getvalue()
    assert "Test Pass 4\n" not in stream.getvalue()


def test_until_stopped(folder):
    """Tests that go well are not run again once the user has stopped them."""

    class Stopping(reporter.Reporter):
        def stopTest(self, test):
            super().stopTest(test)
            self.stop()

    stream = io.StringIO()
    made = runner.TrialRunner(Stopping, stream=stream)
    made.runUntilFailure(runner.TestLoader().loadByName("sample_tests.BTests"))
    assert "Test Pass 1\n" in stream.getvalue()
    assert "Test Pass 2\n" not in stream.getvalue()


def test_interrupts(folder):
    """No further test is run, and what was is told."""

    class Interrupted(unittest.SynchronousTestCase):
        def test_a(self):
            pass

        def test_b(self):
            raise KeyboardInterrupt

        def test_c(self):
            raise AssertionError("not reached")

    stream = io.StringIO()
    made = runner.TrialRunner(reporter.Reporter, stream=stream)
    result = made.run(unittest.TestSuite(map(Interrupted, ("test_a", "test_b", "test_c"))))
    assert result.shouldStop
    assert (result.testsRun, result.successes) == (2, 1)
    assert "Ran 2 tests" in stream.getvalue()
    assert stream.getvalue().endswith("STOPPED (successes=1)\n")


def test_suites_that_forget():
    """A test is let go once it was run."""
    import weakref

    suite = runner.DestructiveTestSuite([Case("test_shutdown")])
    ref = weakref.ref(next(iter(suite)))
    suite.run(reporter.TestResult())
    gc.collect()
    assert ref() is None
    assert suite.countTestCases() == 0
