"""Tests of inner parts of `twisted.logger`: flattening, older events, and ways of events."""

from __future__ import annotations

import logging

import pytest

from twisted.logger import LogLevel, LogPublisher, formatEvent
from twisted.logger._flatten import KeyFlattener, extractField, flattenEvent
from twisted.logger._legacy import publishToNewObserver
from twisted.logger._util import formatTrace
from twisted.python.failure import Failure
from twisted.python.log import textFromEventDict


def test_keys():
    """A field has one key for each way of showing it, and another one when it comes again."""
    flattener = KeyFlattener()
    assert flattener.flatKey("a", "", None) == "a!:"
    assert flattener.flatKey("a", "x", "r") == "a!r:x"
    assert flattener.flatKey("a", "", None) == "a!:/2"
    assert flattener.flatKey("a", "", None) == "a!:/3"


@pytest.mark.parametrize("format_", ["{a} {a!r:>4} {b[k]} {c()} {d.real:03d}", "{{}}", "plain"])
def test_flattened(format_):
    """A flattened event reads the same when its objects are gone."""
    event = {"log_format": format_, "a": "x", "b": {"k": 1}, "c": lambda: 2, "d": 3}
    text = formatEvent(event)
    flattenEvent(event)
    kept = {key: event[key] for key in ("log_format", "log_flattened") if key in event}
    assert formatEvent(kept) == text


def test_fields():
    """A field can be taken out of an event, flattened or not."""
    event = {"log_format": "{a.real} {b!s}", "a": 5, "b": [1]}
    assert extractField("a.real", event) == 5
    assert extractField("b!s", event) == "[1]"
    with pytest.raises(KeyError):
        extractField("missing", event)
    flattenEvent(event)
    assert extractField("a.real", event) == 5


def test_without_format():
    """An event without a format has nothing to flatten."""
    event = {"a": 1}
    flattenEvent(event)
    assert "log_flattened" not in event


@pytest.mark.parametrize(
    ("older", "level"),
    [
        ({"isError": 0}, LogLevel.info),
        ({"isError": 1}, LogLevel.critical),
        ({"isError": 0, "logLevel": logging.WARNING}, LogLevel.warn),
        ({"isError": 0, "logLevel": logging.DEBUG}, LogLevel.debug),
    ],
)
def test_older_events(older, level):
    """An older event has a level, a text, a system and a time as a newer one."""
    seen = []
    event = {"message": ("hello",), "system": "s", "time": 5.0, **older}
    publishToNewObserver(seen.append, event, textFromEventDict)
    (newer,) = seen
    assert newer["log_level"] is level
    assert formatEvent(newer) == "hello"
    assert (newer["log_system"], newer["log_time"]) == ("s", 5.0)


def test_older_failures():
    """The failure of an older event is that of the newer one."""
    failure = Failure(ValueError())
    seen = []
    event = {
        "message": (),
        "system": "s",
        "time": 5.0,
        "isError": 1,
        "failure": failure,
        "why": "because",
    }
    publishToNewObserver(seen.append, event, textFromEventDict)
    assert "because" in formatEvent(seen[0])
    assert "ValueError" in formatEvent(seen[0])


def test_newer_events_as_they_are():
    """An event that was made for newer observers is not changed."""
    seen = []
    event = {"log_time": 1.0, "log_format": "x", "message": ()}
    publishToNewObserver(seen.append, event, textFromEventDict)
    assert seen[0]["log_time"] == 1.0
    assert formatEvent(seen[0]) == "x"


def test_trace():
    """The way of an event is shown, each observer below the one that passed it on."""

    def observer(event):
        """Take an event."""

    observer.name = "the last"
    inner = LogPublisher(observer)
    outer = LogPublisher(inner)
    trace = []
    outer({"log_trace": trace})
    lines = formatTrace(trace).splitlines()
    assert [len(line) - len(line.lstrip()) for line in lines] == [0, 2, 4]
    assert lines[-1].endswith("(the last)")
