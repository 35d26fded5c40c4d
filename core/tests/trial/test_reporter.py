"""What reporters write, and remember."""

import io
import re
import sys
import unittest as pyunit
from xml.etree import ElementTree

import pytest
from zope.interface.verify import verifyObject

from twisted.plugin import getPlugins
from twisted.python import log
from twisted.python.failure import Failure
from twisted.python.reflect import namedAny
from twisted.trial import itrial, reporter, unittest
from twisted.trial.runner import TestLoader, TrialRunner
from twisted.trial.unittest import Todo
from twisted.trial.util import DirtyReactorAggregateError


class Stream(io.StringIO):
    """A terminal, or not."""

    terminal = False

    def isatty(self):
        return self.terminal


class Named:
    """A test that is only told of."""

    failureException = AssertionError

    def __init__(self, name="package.module.Tests.test_it"):
        self.name = name

    def id(self):
        return self.name

    def shortDescription(self):
        return None


def failure(kind=ValueError, text="wrong"):
    try:
        raise kind(text)
    except kind:
        return Failure()


def ran(factory, sample, **options):
    """What a reporter writes of the sample."""
    stream = Stream()
    suite = TestLoader().loadByName("sample_tests")
    result = TrialRunner(factory, stream=stream, **options).run(suite)
    return result, stream.getvalue()


@pytest.mark.parametrize("plugin", list(getPlugins(itrial.IReporter)), ids=lambda p: p.longOpt)
def test_each_keeps_the_contract(plugin):
    """Every reporter that is announced can be told everything."""
    made = namedAny(f"{plugin.module}.{plugin.klass}")(io.TextIOWrapper(io.BytesIO()))
    verifyObject(itrial.IReporter, made)
    test = Named()
    for tell in (
        lambda: made.addSuccess(test),
        lambda: made.addError(test, failure()),
        lambda: made.addFailure(test, (ValueError, ValueError("x"), None)),
        lambda: made.addSkip(test, "why"),
        lambda: made.addExpectedFailure(test, failure(), Todo("later")),
        lambda: made.addUnexpectedSuccess(test, Todo("later")),
    ):
        made.startTest(test)
        tell()
        made.stopTest(test)
    made.done()
    assert made.testsRun == 6
    assert not made.wasSuccessful()


def test_the_summary_counts(sample):
    """How many went in which way is written at the end, and remembered."""
    result, text = ran(reporter.TreeReporter, sample)
    assert text.endswith(
        "FAILED (skips=2, expectedFailures=1, failures=2, errors=5, unexpectedSuccesses=1, "
        "successes=1)\n"
    )
    assert "\nRan 12 tests in " in text
    assert (result.successes, len(result.errors), len(result.failures)) == (1, 5, 2)
    assert not result.wasSuccessful()
    assert "errors=5" in repr(result)


def test_a_tree(sample):
    """Each test has a line below the names of its module and class, in columns."""
    _, text = ran(reporter.TreeReporter, sample)
    lines = text.splitlines()
    assert lines[:4] == [
        "sample_tests",
        "  ATests",
        f"    test_plain ...{'[FAIL]':>61}",
        f"    test_plain_skip ...{'[SKIPPED]':>56}",
    ]
    assert lines.count("  BTests") == 1
    assert f"    test_success ...{'[OK]':>59}" in lines
    assert f"    test_todone ...{'[SUCCESS!?!]':>60}" in lines


def test_the_same_is_told_once(sample):
    """Tests that raised the same share its text."""
    _, text = ran(reporter.Reporter, sample)
    assert text.count("KeyError: 'twice'\n") == 1
    assert (
        "\nsample_tests.BTests.test_same_error\nsample_tests.BTests.test_same_error_again\n" in text
    )
    assert "[SKIPPED]\nnot today\n\nsample_tests.BTests.test_skip\n" in text
    assert "[TODO]\nReason: 'some day'\n" in text
    assert "Reason: 'some other day'\nExpected errors: ZeroDivisionError\n" in text


def test_tracebacks_show_the_test_alone(sample):
    """Neither the frames that call a test are shown, nor those of assertions."""
    _, text = ran(reporter.Reporter, sample)
    assert "_synctest.py" not in text
    assert "_assertions.py" not in text
    assert "unittest/case.py" not in text
    assert 'self.assertEqual(1, 2, "not the same")\ntwisted.trial.unittest.FailTest: 1 != 2' in text


def test_brief_tracebacks(sample):
    """A line for each frame."""
    _, text = ran(reporter.Reporter, sample, tracebackFormat="brief")
    assert re.search(r"sample_tests.py:\d+:test_error\n", text)


def test_characters(sample):
    """One for each test."""
    _, text = ran(reporter.TextReporter, sample)
    assert text.splitlines()[0] == "FSEFEESTE!.EE"[:0] + text.splitlines()[0]
    assert sorted(text.splitlines()[0]) == sorted("FSEFEESTE!.E")


def test_lines(sample):
    """One for each test, with its whole name."""
    _, text = ran(reporter.VerboseTextReporter, sample)
    assert "sample_tests.BTests.test_success ... [OK]\n" in text
    assert "sample_tests.BTests.test_failure ... [FAILURE]\n" in text
    _, text = ran(reporter.TimingTextReporter, sample)
    assert "test_success ... [OK]\n(0.0" in text


def test_numbers(sample):
    """For programs: the last line holds numbers only."""
    _, text = ran(reporter.MinimalReporter, sample)
    seconds, *counts = text.splitlines()[-1].split()
    assert float(seconds) >= 0
    assert counts == ["12", "12", "5", "2", "2"]


def test_at_once(sample):
    """Tracebacks are written where they occur, too."""
    _, text = ran(reporter.TextReporter, sample, realTimeErrors=True)
    assert text.count("1 != 2 : not the same") == 2


def test_colours(monkeypatch, sample):
    """Only for terminals, and not for those who want none."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(Stream, "terminal", True)
    _, text = ran(reporter.TreeReporter, sample)
    assert "\x1b[32;1m[OK]\x1b[0m" in text
    assert "\x1b[31;1mFAILED\x1b[0m (" in text
    monkeypatch.setenv("NO_COLOR", "1")
    _, text = ran(reporter.TreeReporter, sample)
    assert "\x1b" not in text


def test_what_a_stream_cannot_encode():
    """Becomes an escape."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    reporter.SafeStream(stream).write("\u2620 x")
    stream.flush()
    assert raw.getvalue() == b"\\u2620 x"


def test_warnings_are_written_once(capsys):
    """A warning that the log tells of is written the first time."""
    stream = io.StringIO()
    made = reporter.Reporter(stream)
    for _ in range(2):
        log.msg(warning="beware", category="builtins.UserWarning", filename="f.py", lineno=3)
    made.done()
    log.msg(warning="late", category="builtins.UserWarning", filename="f.py", lineno=3)
    assert stream.getvalue().count("f.py:3: UserWarning: beware\n") == 1
    assert "late" not in stream.getvalue()


def test_unclean_reactors_as_warnings(sample):
    """`UncleanWarningsReporterWrapper` makes warnings of those errors alone."""
    result = reporter.TestResult()
    wrapped = reporter.UncleanWarningsReporterWrapper(result)
    with pytest.warns(UserWarning, match="unclean"):
        wrapped.addError(Named(), Failure(DirtyReactorAggregateError(["call"])))
    wrapped.addError(Named(), failure())
    assert len(result.errors) == 1
    assert verifyObject(itrial.IReporterWithDurations, wrapped)


def test_tests_of_pyunit():
    """A result is one for `unittest`, too, with parts of tests and durations."""

    class Case(pyunit.TestCase):
        def test(self):
            for number in range(3):
                with self.subTest(number=number):
                    self.assertNotEqual(number, 1)
            with self.subTest("raises"):
                raise KeyError

    result = reporter.TestResult()
    Case("test").run(result)
    assert len(result.failures) == len(result.errors) == 1
    assert "number=1" in result.failures[0][0].id()
    assert isinstance(result.failures[0][1], Failure)
    result.addDuration(Case("test"), 1.5)
    assert result.collectedDurations[-1][1] == 1.5


def test_setting_up_or_tearing_down():
    """Errors outside tests are warnings, for those who tell of them."""
    made = reporter.TreeReporter(io.StringIO())
    with pytest.warns(reporter.BrokenTestCaseWarning, match="setUpClass"):
        made.upDownError("setUpClass", failure())
    with pytest.warns(reporter.BrokenTestCaseWarning, match="wrong"):
        made.cleanupErrors(failure())
    made.done()


def test_junit(sample):
    """The document has a case for each test, with what went wrong."""
    _, text = ran(reporter.JUnitReporter, sample)
    suite = ElementTree.fromstring(text).find("testsuite")
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "13",  # a part of a test is one of its own
        "failures": "3",  # with the unexpected success
        "errors": "5",
        "skipped": "3",  # with the expected failure
    }
    cases = {case.get("name"): case for case in suite.iter("testcase")}
    assert cases["test_success"].get("classname") == "sample_tests.BTests"
    assert len(cases["test_success"]) == 0
    assert float(cases["test_success"].get("time")) >= 0
    assert cases["test_error"].find("error").get("message") == "\u2620 went wrong"
    assert "RuntimeError" in cases["test_error"].find("error").text
    assert cases["test_skip"].find("skipped").get("message") == "not today"


def test_junit_writes_only_what_xml_can_hold():
    """Control characters become escapes."""
    stream = io.StringIO()
    made = reporter.JUnitReporter(stream)
    made.startTest(Named())
    made.addError(Named(), failure(text="a\x00b\x1b\ud800"))
    made.stopTest(Named())
    made.done()
    assert "a\\x00b\\x1b\\xd800" in ElementTree.fromstring(stream.getvalue())[0][0][0].get(
        "message"
    )


def test_subunit(sample):
    """What is written is the first version of the protocol."""
    import subunit

    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw)
    suite = TestLoader().loadByName("sample_tests")
    TrialRunner(reporter.SubunitReporter, stream=stream).run(suite)
    result = pyunit.TestResult()
    subunit.ProtocolTestCase(io.BytesIO(raw.getvalue())).run(result)
    assert result.testsRun == 12
    assert len(result.unexpectedSuccesses) == 1
    assert len(result.skipped) == 2


def test_subunit_that_is_not_installed(monkeypatch):
    """The error says what to install."""
    from twisted.trial._reporters import _subunit

    monkeypatch.setattr(_subunit, "TestProtocolClient", None)
    with pytest.raises(ImportError, match=r"twisted-core\[subunit\]"):
        reporter.SubunitReporter(sys.stdout)


def test_decorated_tests_are_told_of():
    """Who stands for a test is told of instead of it."""

    class Case(unittest.SynchronousTestCase):
        def test(self):
            pass

    told = []

    class Result(reporter.TestResult):
        def addSuccess(self, test):
            told.append(test)

    decorated = unittest.TestDecorator(Case("test"))
    decorated(Result())
    assert [type(test) for test in told] == [unittest.TestDecorator]
