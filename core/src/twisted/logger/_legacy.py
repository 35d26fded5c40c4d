"""Events of the older `twisted.python.log` and of this package, each in the other's form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zope.interface import implementer

from twisted.logger._format import formatEvent
from twisted.logger._interfaces import ILogObserver, LogEvent
from twisted.logger._levels import LogLevel
from twisted.logger._stdlib import StringifiableFromEvent, fromStdlibLogLevelMapping

__all__ = ["LegacyLogObserverWrapper", "publishToNewObserver"]


@implementer(ILogObserver)
class LegacyLogObserverWrapper:
    """Lets an observer of the older kind take events of this package."""

    def __init__(self, legacyObserver: Callable[[dict[str, Any]], Any]) -> None:
        self.legacyObserver = legacyObserver

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}({self.legacyObserver})"

    def __call__(self, event: LogEvent) -> None:
        """Add the older keys that are missing, and pass the event on."""
        if "message" not in event:
            event["message"] = ()
        if "time" not in event:
            event["time"] = event["log_time"]
        if "system" not in event:
            event["system"] = event.get("log_system", "-")
        if "format" not in event and event.get("log_format", None) is not None:
            # The text is made only if somebody reads it.
            event["format"] = "%(log_legacy)s"
            event["log_legacy"] = StringifiableFromEvent(event.copy())
            if not isinstance(event["message"], tuple):
                event["message"] = ()
        if "log_failure" in event:
            if "failure" not in event:
                event["failure"] = event["log_failure"]
            if "isError" not in event:
                event["isError"] = 1
            if "why" not in event:
                event["why"] = formatEvent(event)
        elif "isError" not in event:
            event["isError"] = int(
                event.get("log_level", LogLevel.info) in (LogLevel.error, LogLevel.critical)
            )
        self.legacyObserver(event)


def publishToNewObserver(
    observer: Callable[[LogEvent], Any],
    eventDict: dict[str, Any],
    textFromEventDict: Callable[[dict[str, Any]], str | None],
) -> None:
    """
    Hand an event of the older kind to an observer of this package.

    @param textFromEventDict: makes the text of an older event.
    """
    if "log_time" not in eventDict:
        eventDict["log_time"] = eventDict["time"]
    if "log_format" not in eventDict:
        text = textFromEventDict(eventDict)
        if text is not None:
            eventDict["log_text"] = text
            eventDict["log_format"] = "{log_text}"
    if "log_level" not in eventDict:
        if "logLevel" in eventDict:
            level = fromStdlibLogLevelMapping.get(eventDict["logLevel"])
        elif "isError" in eventDict:
            level = LogLevel.critical if eventDict["isError"] else LogLevel.info
        else:
            level = LogLevel.info
        if level is not None:
            eventDict["log_level"] = level
    if "log_namespace" not in eventDict:
        eventDict["log_namespace"] = "log_legacy"
    if "log_system" not in eventDict and "system" in eventDict:
        eventDict["log_system"] = eventDict["system"]
    observer(eventDict)
