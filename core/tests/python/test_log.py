"""Tests of `twisted.python.log`, the older face of logging."""

from __future__ import annotations

import io
import logging
import warnings

import pytest

from twisted.logger import capturedLogs
from twisted.python import log
from twisted.python.failure import Failure


@pytest.fixture
def events():
    """The events that older observers get."""
    seen = []
    log.addObserver(seen.append)
    yield seen
    log.removeObserver(seen.append)


def test_messages(events):
    """A message has its words, a system, a time, and what else is said."""
    log.msg("hello", "world", extra=1)
    (event,) = events
    assert event["message"] == ("hello", "world")
    assert (event["extra"], event["isError"], event["system"]) == (1, 0, "-")
    assert log.textFromEventDict(event) == "hello world"
    log.msg(format="%(x)d", x=5)
    assert log.textFromEventDict(events[1]) == "5"
    log.msg(format="%(nothing)d")
    assert "nothing" in log.textFromEventDict(events[2])


def test_errors(events):
    """Errors are failures, exceptions, the one being handled, or just words."""
    log.err(Failure(ValueError("x")), "Why")
    log.err(KeyError("y"))
    try:
        raise ZeroDivisionError
    except ZeroDivisionError:
        log.err()
    log.err("words")
    assert [event["isError"] for event in events] == [1, 1, 1, 1]
    assert [event["failure"].type for event in events[:3]] == [
        ValueError,
        KeyError,
        ZeroDivisionError,
    ]
    assert log.textFromEventDict(events[0]).startswith("Why\nTraceback")
    assert "words" in log.textFromEventDict(events[3])


def test_context(events):
    """What is said within a context has its system."""
    log.callWithContext({"system": "s"}, log.msg, "x")
    log.callWithLogger(log.Logger(), log.msg, "y")
    assert [event["system"] for event in events] == ["s", "-"]


def test_errors_of_loggers():
    """An error in what runs for a logger is logged, not raised."""
    with capturedLogs() as seen:
        log.callWithLogger(log.Logger(), lambda: 1 / 0)
    assert seen[0]["failure"].check(ZeroDivisionError)


def test_file_observer():
    """Messages are written as lines with a time and a system."""
    file = io.StringIO()
    observer = log.FileLogObserver(file)
    observer.emit({"message": ("two\nlines",), "time": 0, "system": "s", "isError": 0})
    assert file.getvalue().endswith(" [s] two\n\tlines\n")
    observer.timeFormat = "%Y"
    assert observer.formatTime(86400 * 400) == "1971"
    observer.emit({"message": (), "time": 0, "system": "s", "isError": 0})
    assert file.getvalue().count("\n") == 2


def test_starting_and_stopping():
    """An observer is told from its start to its stop."""
    file = io.StringIO()
    observer = log.FileLogObserver(file)
    observer.start()
    log.msg("between")
    observer.stop()
    log.msg("after")
    assert "between" in file.getvalue()
    assert "after" not in file.getvalue()


def test_python_logging(caplog):
    """Messages go to Python's `logging`."""
    observer = log.PythonLoggingObserver("name")
    with caplog.at_level(logging.DEBUG):
        observer.emit({"message": ("x",), "isError": 0, "system": "-", "time": 0})
        observer.emit({"message": ("y",), "isError": 1, "system": "-", "time": 0})
    assert [record.levelno for record in caplog.records] == [logging.INFO, logging.CRITICAL]


def test_publisher():
    """A publisher of one's own has its own observers."""
    publisher, seen = log.LogPublisher(), []
    publisher.addObserver(seen.append)
    publisher.msg("x", y=1)
    publisher.removeObserver(seen.append)
    publisher.msg("z")
    assert [(event["message"], event["y"]) for event in seen] == [(("x",), 1)]
    assert publisher.observers == []


def test_null_file():
    """A file may go nowhere."""
    file = log.NullFile()
    file.write("x")
    file.flush()
    file.close()
    assert file.read() is None


def test_output_as_messages(events):
    """What is printed may become messages, line by line."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stick = log.StdioOnnaStick()
    stick.write("one\ntw")
    stick.write("o\n")
    stick.flush()
    stick.close()
    assert [log.textFromEventDict(event) for event in events] == ["one", "two"]
