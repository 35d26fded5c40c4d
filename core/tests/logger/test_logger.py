"""Tests of `twisted.logger`."""

from __future__ import annotations

import io
import json
import logging
import sys
import time
import warnings

import pytest
from zope.interface.verify import verifyObject

from twisted import logger as package
from twisted.logger import (
    FileLogObserver,
    FilteringLogObserver,
    ILogObserver,
    InvalidLogLevelError,
    LegacyLogObserverWrapper,
    LimitedHistoryLogObserver,
    LogBeginner,
    Logger,
    LoggingFile,
    LogLevel,
    LogLevelFilterPredicate,
    LogPublisher,
    PredicateResult,
    STDLibLogObserver,
    capturedLogs,
    eventAsJSON,
    eventAsText,
    eventFromJSON,
    eventsFromJSONLogFile,
    extractField,
    formatEvent,
    formatEventAsClassicLogText,
    formatTime,
    jsonFileLogObserver,
    textFileLogObserver,
)
from twisted.logger._flatten import flattenEvent
from twisted.python.failure import Failure


class Source:
    """Something that logs."""

    log = Logger()


@pytest.fixture
def events():
    """A list that events go to, as an observer."""
    return []


def failure(text="boom"):
    """A failure with a traceback."""
    try:
        raise ValueError(text)
    except ValueError:
        return Failure()


# Loggers


def test_namespaces():
    """A logger is called after the module or class that it is in, and knows its owner."""
    assert Logger().namespace == __name__
    assert Logger(namespace="x").namespace == "x"
    assert Source.log.namespace == f"{__name__}.Source"
    assert Source.log.source is Source
    instance = Source()
    assert instance.log.source is instance
    assert "Source" in repr(Source.log)


@pytest.mark.parametrize("level", ["debug", "info", "warn", "error", "critical"])
def test_levels(events, level):
    """Each level has a method; an event knows level, format, data, namespace and time."""
    log = Logger("space", observer=events.append)
    getattr(log, level)("Hello, {name}!", name="world")
    (event,) = events
    assert event["log_level"] is LogLevel.levelWithName(level)
    assert (event["log_namespace"], event["log_format"]) == ("space", "Hello, {name}!")
    assert abs(event["log_time"] - time.time()) < 60
    assert formatEvent(event) == "Hello, world!"


def test_unknown_levels(events):
    """A level that is none is logged as a mistake, and raises where it is asked for by name."""
    log = Logger("space", observer=events.append)
    log.emit("nonsense", "x")
    assert len(events) == 1
    assert events[0]["log_failure"].check(InvalidLogLevelError)
    with pytest.raises(InvalidLogLevelError):
        LogLevel.levelWithName("nonsense")


def test_failures(events):
    """A failure is logged with its traceback; the exception being handled is the default."""
    log = Logger("space", observer=events.append)
    log.failure("It failed", failure())
    try:
        raise KeyError
    except KeyError:
        log.failure("So did this", level=LogLevel.warn)
    assert events[0]["log_level"] is LogLevel.critical
    assert "ValueError: boom" in eventAsText(events[0])
    assert events[1]["log_level"] is LogLevel.warn
    assert events[1]["log_failure"].check(KeyError)


def test_handled_failures(events):
    """A block's failure may be logged and looked at instead of being raised."""
    log = Logger("space", observer=events.append)
    with log.failuresHandled("While {doing}:", doing="this") as operation:
        raise ValueError
    assert operation.failed
    assert operation.failure.check(ValueError)
    with log.failuresHandled("fine") as operation:
        pass
    assert operation.succeeded
    assert operation.failure is None
    with log.failureHandler("static"):
        raise KeyError
    assert [event["log_failure"].type for event in events] == [ValueError, KeyError]


# Publishers


def test_publisher(events):
    """Observers are told in order, and can be removed."""
    publisher = LogPublisher(lambda event: events.append(("first", event["x"])))
    second = lambda event: events.append(("second", event["x"]))  # noqa: E731
    publisher.addObserver(second)
    verifyObject(ILogObserver, publisher)
    publisher({"x": 1})
    publisher.removeObserver(second)
    publisher.removeObserver(second)
    publisher({"x": 2})
    assert events == [("first", 1), ("second", 1), ("first", 2)]
    with pytest.raises(TypeError):
        publisher.addObserver(3)


def test_broken_observer(events):
    """An observer that fails is told of by the others, and hinders none."""

    def broken(event):
        raise ZeroDivisionError

    publisher = LogPublisher(broken, events.append)
    publisher({"log_format": "x"})
    assert events[0]["log_format"] == "x"
    assert events[1]["log_failure"].check(ZeroDivisionError)
    assert len(events) == 2


def test_trace(events):
    """An event may ask which way it goes."""
    trace = []
    publisher = LogPublisher(events.append)
    publisher({"log_trace": trace})
    assert trace == [(publisher, events.append)]


def test_captured():
    """What a test makes the program log is captured."""
    with capturedLogs() as seen:
        Source.log.info("inside")
    Source.log.debug("outside")
    assert [event["log_format"] for event in seen] == ["inside"]


def test_history(events):
    """A bounded number of events is kept and played again."""
    history = LimitedHistoryLogObserver(2)
    for number in range(5):
        history({"n": number})
    history.replayTo(events.append)
    assert events == [{"n": 3}, {"n": 4}]


# Beginning


class Beginning:
    """A beginner of its own, so that the one of the test's process stays as it is."""

    def __init__(self):
        self.errors = io.StringIO()
        self.publisher = LogPublisher()
        self.sys = type("sys", (), {"stdout": io.StringIO(), "stderr": io.StringIO()})()
        self.warnings = type("warnings", (), {"showwarning": warnings.showwarning})()
        self.beginner = LogBeginner(self.publisher, self.errors, self.sys, self.warnings)


def test_begin(events):
    """What was logged before the beginning is not lost; output goes to the log from then on."""
    world = Beginning()
    world.publisher({"log_format": "early", "log_time": 0.0, "log_level": LogLevel.info})
    world.beginner.beginLoggingTo([events.append])
    print("printed", file=world.sys.stdout)
    world.warnings.showwarning("careful", UserWarning, "file.py", 3)
    world.publisher({"log_format": "late"})
    assert [event.get("log_format") for event in events][:1] == ["early"]
    texts = [formatEvent(event) for event in events]
    assert texts[1] == "printed"
    assert "careful" in texts[2]
    assert texts[3] == "late"


def test_begin_without_redirection(events):
    """Standard output may be left alone."""
    world = Beginning()
    stdout = world.sys.stdout
    world.beginner.beginLoggingTo([events.append], redirectStandardIO=False)
    assert world.sys.stdout is stdout


def test_begin_twice(events):
    """Beginning twice is told of, as it is most often a mistake."""
    world = Beginning()
    world.beginner.beginLoggingTo([events.append])
    world.beginner.beginLoggingTo([lambda event: None], discardBuffer=True)
    assert "previously" in formatEvent(events[0]) or "before" in formatEvent(events[0]).lower()


def test_critical_before_begin():
    """What is critical is written at once, should the program end before logging begins."""
    world = Beginning()
    world.publisher(
        {
            "log_format": "dying",
            "log_time": 0.0,
            "log_level": LogLevel.critical,
            "log_namespace": "x",
        }
    )
    assert "dying" in world.errors.getvalue()


# Formats


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (
            {"log_format": "{x!r} {x:>5} {y.real} {z[0]} {{}}", "x": "a", "y": 3, "z": [4]},
            "'a'     a 3 4 {}",
        ),
        ({"log_format": "{f()}", "f": lambda: "called"}, "called"),
        ({"log_format": b"bytes"}, "bytes"),
        ({"log_format": None}, ""),
        ({}, ""),
    ],
)
def test_format(event, text):
    """Fields are looked up, called if the format says so, and converted."""
    assert formatEvent(event) == text


@pytest.mark.parametrize("format_", ["{missing}", "{x.nothing}", "{", "{x:%q}", 5])
def test_unformattable(format_):
    """An event that cannot be formatted says so instead of raising."""

    class Evil:
        def __repr__(self):
            raise ZeroDivisionError

    text = formatEvent({"log_format": format_, "x": 1, "evil": Evil()})
    assert "nable to format" in text


def test_flattening():
    """A flattened event is formatted in the same way, without its objects."""
    event = {"log_format": "{x!r} {y.real} {f()} {y.real}", "x": "a", "y": 3, "f": lambda: 7}
    text = formatEvent(event)
    flattenEvent(event)
    saved = {"log_format": event["log_format"], "log_flattened": event["log_flattened"]}
    assert formatEvent(saved) == text == "'a' 3 7 3"
    assert extractField("y.real", event) == 3
    assert extractField("x!r", event) == "'a'"


def test_time():
    """Times are written in local time, by default as RFC 3339 says; none is a dash."""
    assert formatTime(0.0, "%Y") in ("1969", "1970")
    assert formatTime(None) == "-"
    assert formatTime(1.0, None) == "-"
    assert len(formatTime(1.5)) == len("1970-01-01T00:00:01+0000")


def test_as_text():
    """A line has a time, a system with its level, a text, and a traceback if there is one."""
    event = {
        "log_format": "two\nlines",
        "log_time": None,
        "log_namespace": "n",
        "log_level": LogLevel.warn,
    }
    assert formatEventAsClassicLogText(event) == "- [n#warn] two\n\tlines\n"
    assert eventAsText(event, includeTimestamp=False, includeSystem=False) == "two\nlines"
    assert eventAsText({**event, "log_system": "s"}) == "- [s] two\nlines"
    text = eventAsText({**event, "log_failure": failure()})
    assert "Traceback" in text
    assert "Traceback" not in eventAsText(
        {**event, "log_failure": failure()}, includeTraceback=False
    )
    assert formatEventAsClassicLogText({}) is None


# Files


def test_text_file():
    """Events go to a file as lines; nothing is written of those without a text."""
    file = io.StringIO()
    observer = textFileLogObserver(file, timeFormat="")
    verifyObject(ILogObserver, observer)
    observer(
        {"log_format": "one", "log_namespace": "n", "log_level": LogLevel.info, "log_time": 0.0}
    )
    observer({})
    assert file.getvalue().endswith("[n#info] one\n")
    assert file.getvalue().count("\n") == 1
    binary = io.BytesIO()
    FileLogObserver(binary, lambda event: "")({})
    FileLogObserver(binary, lambda event: "\u2603")({})
    assert binary.getvalue() == "\u2603".encode()


def test_json():
    """Events become JSON and back: levels, failures, bytes, and what has no JSON."""
    event = {
        "log_format": "{x}",
        "x": {1: "y"},
        "log_level": LogLevel.error,
        "log_failure": failure(),
        "bytes": b"\xff",
        "object": object(),
    }
    loaded = eventFromJSON(eventAsJSON(event))
    assert loaded["log_level"] is LogLevel.error
    assert loaded["log_failure"].check("builtins.ValueError", ValueError)
    assert loaded["x"] == {"1": "y"}
    assert json.loads(eventAsJSON({"a": 1}))["a"] == 1


def test_json_file(events):
    """A file of JSON is read again, with or without separators; broken records are passed over."""
    for separator in ("\x1e", ""):
        file = io.StringIO()
        observer = jsonFileLogObserver(file, separator)
        for number in range(3):
            observer({"n": number})
        assert [e["n"] for e in eventsFromJSONLogFile(io.StringIO(file.getvalue()))] == [0, 1, 2]
    with capturedLogs() as told:
        broken = io.BytesIO(b'\x1e{"n": 1}\n\x1e{"n": \n\x1e{"n": 3}\n')
        assert [e["n"] for e in eventsFromJSONLogFile(broken, bufferSize=3)] == [1, 3]
    assert told
    with pytest.raises(AttributeError):
        package.nothing


# Filters


def test_levels_by_namespace(events):
    """Levels are set for namespaces; the longest that fits decides."""
    predicate = LogLevelFilterPredicate()
    predicate.setLogLevelForNamespace("a.b", LogLevel.error)
    predicate.setLogLevelForNamespace("a", LogLevel.debug)
    for namespace, level in (
        ("a.b.c", LogLevel.error),
        ("a.bc", LogLevel.debug),
        ("x", LogLevel.info),
        ("", LogLevel.info),
        (None, LogLevel.info),
    ):
        assert predicate.logLevelForNamespace(namespace) is level
    rejected = []
    observer = FilteringLogObserver(events.append, [predicate], rejected.append)
    quiet = {"log_level": LogLevel.warn, "log_namespace": "a.b"}
    loud = {"log_level": LogLevel.error, "log_namespace": "a.b"}
    for event in (quiet, loud, {"log_namespace": "x"}, {"log_level": LogLevel.info}):
        observer(event)
    assert loud in events
    assert quiet in rejected
    assert {"log_namespace": "x"} in rejected
    with pytest.raises(InvalidLogLevelError):
        predicate.setLogLevelForNamespace("a", "loud")
    predicate.clearLogLevels()
    assert predicate.logLevelForNamespace("a.b") is LogLevel.info


@pytest.mark.parametrize(
    ("results", "passed"),
    [
        (["yes", "no"], True),
        (["no", "yes"], False),
        (["maybe", "no"], False),
        (["maybe", "maybe"], True),
        ([], True),
    ],
)
def test_predicates(events, results, passed):
    """The first predicate that knows decides; if none does the event passes."""
    predicates = [lambda event, r=r: getattr(PredicateResult, r) for r in results]
    FilteringLogObserver(events.append, predicates)({})
    assert bool(events) is passed


def test_bad_predicate(events):
    """A predicate answers yes, no or maybe."""
    with pytest.raises(TypeError):
        FilteringLogObserver(events.append, [lambda event: None])({})


# Bridges


def test_to_stdlib(caplog):
    """Events go to Python's `logging`, with their levels and failures."""
    observer = STDLibLogObserver("some.name")
    with caplog.at_level(logging.DEBUG):
        observer({"log_format": "{x}", "x": 1, "log_level": LogLevel.warn})
        observer({"log_format": "y", "log_failure": failure(), "log_level": LogLevel.critical})
    first, second = caplog.records
    assert (first.name, first.levelno, first.getMessage()) == ("some.name", logging.WARNING, "1")
    assert second.exc_info[0] is ValueError


def test_to_older_observers():
    """Older observers get what they know."""
    seen = []
    wrapper = LegacyLogObserverWrapper(seen.append)
    wrapper(
        {
            "log_format": "{x}",
            "x": 1,
            "log_time": 5.0,
            "log_namespace": "n",
            "log_level": LogLevel.warn,
            "log_failure": failure(),
        }
    )
    (event,) = seen
    assert event["time"] == 5.0
    assert event["isError"] == 1
    assert event["failure"].check(ValueError)
    assert event["format"] % event == "1"


def test_logging_file(events):
    """What is written to a file goes to a logger, line by line."""
    file = LoggingFile(Logger("n", observer=events.append), LogLevel.warn)
    file.write("one\ntw")
    file.writelines(["o\n", "three"])
    file.flush()
    assert [formatEvent(event) for event in events][:2] == ["one", "two"]
    assert events[0]["log_level"] is LogLevel.warn
    assert (file.mode, file.encoding.lower(), file.isatty(), file.softspace) == (
        "w",
        sys.getdefaultencoding(),
        False,
        0,
    )
    for refused in (file.read, file.fileno):
        with pytest.raises(io.UnsupportedOperation, match="log"):
            refused()
    file.close()
    assert file.closed
    with pytest.raises(ValueError, match="closed"):
        file.write("x")
