"""Keeping the last events."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from zope.interface import implementer

from twisted.logger._interfaces import ILogObserver, LogEvent

__all__ = ["LimitedHistoryLogObserver"]


@implementer(ILogObserver)
class LimitedHistoryLogObserver:
    """Keeps the last events, and hands them to another observer when asked."""

    def __init__(self, size: int | None = 65536) -> None:
        """
        @param size: how many events are kept; None for all.
        """
        self._buffer: deque[LogEvent] = deque(maxlen=size)

    def __call__(self, event: LogEvent) -> None:
        self._buffer.append(event)

    def replayTo(self, otherObserver: Callable[[LogEvent], Any]) -> None:
        """Hand all kept events to another observer, the oldest first."""
        for event in self._buffer:
            otherObserver(event)
