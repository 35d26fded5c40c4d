"""Tests of events that are not made because nobody wants their level."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from twisted.logger import (
    FilteringLogObserver,
    LogEvent,
    Logger,
    LogLevel,
    LogLevelFilterPredicate,
    LogPublisher,
    PredicateResult,
    _logger,
    _wanted,
)


class Clock:
    """Counts the events that are made, each of which takes the time once."""

    def __init__(self) -> None:
        self.events = 0

    def __call__(self) -> float:
        self.events += 1
        return 0.0


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """How many events loggers made."""
    clock = Clock()
    monkeypatch.setattr(_logger, "time", clock)
    return clock


class Events(list[LogEvent]):
    """An observer that keeps what it gets."""

    __call__ = list.append


def filtering(
    *predicates: LogLevelFilterPredicate, negative: Callable[[LogEvent], object] | None = None
) -> tuple[FilteringLogObserver, Events]:
    """A filtering observer, and what passes it."""
    passed = Events()
    if negative is None:
        return FilteringLogObserver(passed, predicates), passed
    return FilteringLogObserver(passed, predicates, negative), passed


def test_disabled_event_is_not_made(made: Clock) -> None:
    observer, passed = filtering(LogLevelFilterPredicate(LogLevel.warn))
    log = Logger("here", observer=LogPublisher(observer))
    log.debug("no")
    log.info("no")
    assert made.events == 0
    log.warn("a {number}", number=1)
    log.error("b")
    log.critical("c")
    assert [event["log_format"] for event in passed] == ["a {number}", "b", "c"]
    assert made.events == 3


def test_publisher_without_observers_wants_nothing(made: Clock) -> None:
    Logger("here", observer=LogPublisher()).critical("nobody hears")
    assert made.events == 0


def test_levels_of_namespaces(made: Clock) -> None:
    predicate = LogLevelFilterPredicate(LogLevel.warn)
    predicate.setLogLevelForNamespace("a.b", LogLevel.debug)
    observer, passed = filtering(predicate)
    publisher = LogPublisher(observer)
    Logger("a", observer=publisher).debug("no")
    Logger("a.b.c", observer=publisher).debug("yes")
    assert [event["log_format"] for event in passed] == ["yes"]
    assert made.events == 1


def test_later_level_counts_at_once() -> None:
    predicate = LogLevelFilterPredicate(LogLevel.warn)
    observer, passed = filtering(predicate)
    log = Logger("a.b", observer=LogPublisher(observer))
    log.info("before")
    predicate.setLogLevelForNamespace("a", LogLevel.info)
    log.info("while")
    predicate.clearLogLevels()
    log.info("after")
    assert [event["log_format"] for event in passed] == ["while"]


def test_later_observer_counts_at_once() -> None:
    observer, _ = filtering(LogLevelFilterPredicate(LogLevel.warn))
    inner = LogPublisher(observer)
    log = Logger("here", observer=LogPublisher(inner))
    log.info("before")
    everything = Events()
    inner.addObserver(everything)
    log.info("while")
    inner.removeObserver(everything)
    log.info("after")
    assert [event["log_format"] for event in everything] == ["while"]


def test_observer_that_goes_frees_the_logger(made: Clock) -> None:
    everything = Events()
    publisher = LogPublisher(everything)
    log = Logger("here", observer=publisher)
    log.info("heard")
    publisher.removeObserver(everything)
    log.info("not heard")
    assert made.events == 1


def test_logger_may_change_its_observer_and_namespace() -> None:
    predicate = LogLevelFilterPredicate(LogLevel.warn)
    predicate.setLogLevelForNamespace("loud", LogLevel.debug)
    observer, passed = filtering(predicate)
    log = Logger("quiet", observer=LogPublisher(observer))
    log.info("no")
    log.namespace = "loud"
    log.info("yes")
    log.observer = everything = Events()
    log.debug("straight")
    assert [event["log_format"] for event in passed] == ["yes"]
    assert [event["log_format"] for event in everything] == ["straight"]


def test_negative_observer_gets_what_is_filtered() -> None:
    refused = Events()
    observer, passed = filtering(LogLevelFilterPredicate(LogLevel.warn), negative=refused)
    Logger("here", observer=LogPublisher(observer)).debug("low")
    assert [event["log_format"] for event in refused] == ["low"]
    assert passed == []


def test_unknown_predicate_is_asked() -> None:
    asked = []

    def ask(event: LogEvent) -> object:
        asked.append(event["log_format"])
        return PredicateResult.no

    observer = FilteringLogObserver(Events(), [ask, LogLevelFilterPredicate(LogLevel.critical)])
    Logger("here", observer=LogPublisher(observer)).debug("low")
    assert asked == ["low"]


def test_predicate_of_another_class_is_asked() -> None:
    class All(LogLevelFilterPredicate):
        def __call__(self, event: LogEvent) -> object:
            return PredicateResult.yes

    observer, passed = filtering(All(LogLevel.critical))
    Logger("here", observer=LogPublisher(observer)).debug("low")
    assert [event["log_format"] for event in passed] == ["low"]


def test_observers_of_other_classes_get_everything() -> None:
    class Counting(LogPublisher):
        events = 0

        def __call__(self, event: LogEvent) -> None:
            self.events += 1

    direct, nested = Counting(), Counting()
    Logger("here", observer=direct).debug("low")
    Logger("here", observer=LogPublisher(nested)).debug("low")
    assert (direct.events, nested.events) == (1, 1)


def test_logger_with_its_own_emit_gets_everything() -> None:
    class Recording(Logger):
        formats: list[str | None] = []

        def emit(self, level: object, format: str | None = None, **kwargs: object) -> None:
            self.formats.append(format)

    Recording("here", observer=LogPublisher()).debug("low")
    assert Recording.formats == ["low"]


def test_traced_event_is_made() -> None:
    observer, _ = filtering(LogLevelFilterPredicate(LogLevel.warn))
    publisher = LogPublisher(observer)
    log = Logger("here", observer=publisher)
    trace: list[tuple[object, object]] = []
    log.debug("low", log_trace=trace)
    assert trace[:2] == [(log, publisher), (publisher, observer)]


def test_namespaces_remembered_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_wanted, "_MOST_NAMESPACES", 3)
    observer, passed = filtering(LogLevelFilterPredicate(LogLevel.warn))
    publisher = LogPublisher(observer)
    for number in range(10):
        Logger(f"n{number}", observer=publisher).info("no")
        Logger(f"n{number}", observer=publisher).warn("yes")
    assert len(publisher._unwanted._remembered[1]) <= 3
    assert len(passed) == 10
