"""What an observer and a filter of log events are."""

from __future__ import annotations

from typing import Any

from zope.interface import Interface

__all__ = ["ILogFilterPredicate", "ILogObserver", "LogEvent", "LogTrace"]

LogEvent = dict[str, Any]
LogTrace = list[tuple[Any, Any]]


class ILogObserver(Interface):
    """
    Does something with events: writes, counts or passes them on.

    An observer is called for every event, in the thread that logs it, and must return soon.  If it
    raises, the publisher tells the other observers so and goes on.
    """

    def __call__(event: LogEvent) -> None:
        """Take an event.  It is shared with other observers: keys may be added, not changed."""


class ILogFilterPredicate(Interface):
    """Decides whether an event is passed on."""

    def __call__(event: LogEvent) -> Any:
        """A constant of `PredicateResult`; *maybe* leaves the decision to the next predicate."""
