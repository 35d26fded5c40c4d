"""The command ``trial``, and its workers."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from twisted.python import usage
from twisted.python.failure import Failure
from twisted.scripts import trial
from twisted.trial._dist._wire import Lines, WorkerError, decodeFailure, encodeFailure


def command(*arguments, status=None, **options):
    """What the command writes."""
    done = subprocess.run(
        [sys.executable, "-m", "twisted.trial", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        **options,
    )
    if status is not None:
        assert done.returncode == status, done.stderr
    return done.stdout + done.stderr


def options(*arguments):
    made = trial.Options()
    made.parseOptions(arguments)
    return made


def test_the_command(sample):
    """It exits with 1 if a test does not go well, with 0 otherwise."""
    text = command("sample_tests.BTests.test_success", status=0)
    assert text.endswith("PASSED (successes=1)\n")
    text = command("sample_tests.py", status=1)
    assert "FAILED (skips=2, " in text
    assert "nothing" in command("nothing", status=1)


def test_without_arguments(folder):
    """It shows its help."""
    text = command(status=0)
    for option in ("--jobs", "--reporter", "--until-failure", "--junit-xml", "--reactor"):
        assert option in text


@pytest.mark.parametrize("what", ["orders", "reporters", "reactors"])
def test_help(what, folder):
    """What there is to choose is listed."""
    text = command(f"--help-{what}", status=0)
    assert {"orders": "toptobottom", "reporters": "junit", "reactors": "asyncio"}[what] in text


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--reporter", "nobody"], "--help-reporters"),
        (["--order", "odd"], "alphabetical"),
        (["--random", "x"], "integer"),
        (["--random", "-1"], "integer"),
        (["--random", "1", "--order", "alphabetical"], "--random"),
        (["--jobs", "0"], "positive"),
        (["--jobs", "many"], "positive"),
        (["--jobs", "2", "--debug"], "--jobs"),
        (["--nopm"], "--debug"),
        (["--tbformat", "odd"], "tbformat"),
        (["--recursionlimit", "x"], "integer"),
        (["--reactor", "nobody"], "--help-reactors"),
    ],
)
def test_options_that_are_wrong(arguments, says):
    """The error says what would be right."""
    with pytest.raises(usage.UsageError, match=says):
        options(*arguments)


def test_order(sample):
    """By name, as in the file, or as a number decides."""
    assert "BTests" in command("-o", "toptobottom", "sample_tests").splitlines()[1]
    seeded = [command("-z", "7", "sample_tests").split("====")[0] for _ in range(2)]
    assert seeded[0] == seeded[1]
    assert seeded[0].startswith("Running tests shuffled with seed 7\n")
    assert options("-z", "0")["random"] > 0


def test_modules_that_are_hidden(write):
    """They seem not to be installed."""
    write("test_hidden.py", "import csv\n")
    assert "csv" in command("--without-module", "csv", "test_hidden", status=1)


def test_coverage(sample, folder):
    """How often each line was run is written to the working folder."""
    command("--coverage", "sample_tests.BTests.test_success", status=0)
    written = (folder / "_trial_temp" / "coverage" / "sample_tests.cover").read_text()
    assert "    1: import unittest as pyunit" in written


def test_tests_that_a_file_names(write, capsys):
    """``test-case-name`` in the first lines names them; a file of tests is its own."""
    named = write("code.py", "#!/x\n# -*- test-case-name: a.test,b.test; mode: x -*-\n")
    assert options("--testmodule", str(named))["tests"] == ["a.test", "b.test"]
    itself = write("test_code.py", "")
    assert options("--testmodule", str(itself))["tests"] == [str(itself)]
    assert options("--testmodule", "missing.py")["tests"] == []
    assert "missing.py" in capsys.readouterr().err
    assert trial.loadLocalVariables(str(itself)) == {}
    for line in ("-*- nothing", "-*- a -*-", "-*- a: b: c -*-"):
        with pytest.raises(ValueError, match="declaration"):
            trial._parseLocalVariables(line)


def test_a_debugger_that_is_not_there(sample):
    """The error names it."""
    assert "no.debugger" in command(
        "--debug", "--debugger", "no.debugger", "sample_tests", status=1
    )


def test_results_in_a_file(sample, folder):
    """JUnit's format is written beside what is shown, with workers and without."""
    from xml.etree import ElementTree

    for more in ((), ("-j", "2")):
        text = command("--junit-xml", "results.xml", *more, "sample_tests", status=1)
        assert "FAILED" in text
        suite = ElementTree.parse(folder / "results.xml").find("testsuite")
        assert (suite.get("tests"), suite.get("errors")) == ("13", "5")


# Workers


def test_workers(sample):
    """What they do is told as if it were done here."""
    alone = command("sample_tests", status=1)
    shared = command("-j", "2", "sample_tests", status=1)
    assert alone.splitlines()[-1] == shared.splitlines()[-1]
    assert shared.startswith("Running 12 tests.\n")
    assert 'self.assertEqual(1, 2, "not the same")' in shared
    assert "[TODO]\nReason: 'some day'\n" in shared


def test_a_worker_that_dies(write):
    """Its test is an error, and another worker goes on."""
    write(
        "test_dies.py",
        """
        import os, signal, warnings
        from twisted.trial import unittest
        class Tests(unittest.TestCase):
            def test_a(self):
                warnings.warn("told by a worker")
            def test_dies(self):
                os.kill(os.getpid(), signal.SIGKILL)
            def test_z(self):
                print("to a file")
        """,
    )
    text = command("-j", "1", "test_dies", status=1)
    assert "WorkerDied: A process has ended" in text
    assert "signal 9" in text
    assert "told by a worker" in text
    assert text.endswith("FAILED (errors=1, successes=2)\n")
    assert any("to a file" in path.read_text() for path in Path("_trial_temp").glob("*/out.log"))


def test_workers_that_cannot_start(write):
    """The run ends, and is no success."""
    write(
        "test_cannot.py",
        """
        import os
        if "TRIAL_WORKER_DIRECTORY" in os.environ:
            os._exit(3)
        from twisted.trial import unittest
        class Tests(unittest.TestCase):
            def test_it(self): pass
        """,
    )
    text = command("-j", "2", "test_cannot", status=1)
    assert "no worker can be started" in text


def test_stopping_workers_after_the_first(sample):
    """No further test is handed out."""
    text = command("-x", "-j", "1", "sample_tests.BTests", status=1)
    assert "Ran 1 tests" in text


def test_interrupting_workers(write):
    """They end with the command."""
    write(
        "test_waits.py",
        """
        import os, sys, time
        from twisted.trial import unittest
        class Tests(unittest.TestCase):
            def test_it(self):
                os.kill(os.getppid(), 2)
                time.sleep(60)
        """,
    )
    done = subprocess.run(
        [sys.executable, "-m", "twisted.trial", "-j", "1", "test_waits"],
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert b"KeyboardInterrupt" in done.stderr
    assert done.returncode in (1, 130, -signal.SIGINT)


def test_failures_that_travel():
    """A failure from a worker shows what it showed there, with its causes."""
    try:
        try:
            raise KeyError("first")
        except KeyError as cause:
            raise ValueError("second \u2620") from cause
    except ValueError:
        original = Failure()
    import json

    copy = decodeFailure(json.loads(json.dumps(encodeFailure(original))))
    assert copy.getTraceback() == original.getTraceback()
    assert copy.check(WorkerError)


def test_lines():
    """They are put together from any pieces."""
    text = b"one\ntwo\n\nthree\nrest"
    for size in range(1, len(text) + 1):
        lines = Lines()
        got = []
        for start in range(0, len(text), size):
            got += lines.feed(text[start : start + size])
        assert got == [b"one", b"two", b"", b"three"]
