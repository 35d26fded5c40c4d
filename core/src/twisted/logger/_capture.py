"""Collecting events, for tests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from twisted.logger._global import globalLogPublisher
from twisted.logger._interfaces import LogEvent

__all__ = ["capturedLogs"]


@contextmanager
def capturedLogs() -> Iterator[Sequence[LogEvent]]:
    """The list of all events that are logged inside the block."""
    events: list[LogEvent] = []
    globalLogPublisher.addObserver(events.append)
    try:
        yield events
    finally:
        globalLogPublisher.removeObserver(events.append)
