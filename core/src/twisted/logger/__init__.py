"""
Structured logging.

A `Logger` makes events, which are dictionaries with a level, a format and data; observers write
them as text (`textFileLogObserver`) or JSON (`jsonFileLogObserver`), filter them
(`FilteringLogObserver`) or hand them to Python's `logging` (`STDLibLogObserver`) or to systemd's
journal (`JournalLogObserver`).
`globalLogBeginner` says where all events go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.logger._buffer import LimitedHistoryLogObserver
from twisted.logger._capture import capturedLogs
from twisted.logger._file import FileLogObserver, textFileLogObserver
from twisted.logger._filter import (
    FilteringLogObserver,
    LogLevelFilterPredicate,
    PredicateResult,
)
from twisted.logger._flatten import extractField
from twisted.logger._format import (
    eventAsText,
    formatEvent,
    formatEventAsClassicLogText,
    formatTime,
    timeFormatRFC3339,
)
from twisted.logger._global import LogBeginner, globalLogBeginner, globalLogPublisher
from twisted.logger._interfaces import ILogFilterPredicate, ILogObserver, LogEvent
from twisted.logger._io import LoggingFile
from twisted.logger._legacy import LegacyLogObserverWrapper
from twisted.logger._levels import InvalidLogLevelError, LogLevel
from twisted.logger._logger import Logger, Operation, _loggerFor
from twisted.logger._observer import LogPublisher
from twisted.logger._stdlib import STDLibLogObserver

if TYPE_CHECKING:
    from twisted.logger._journal import JournalLogObserver
    from twisted.logger._json import (
        eventAsJSON,
        eventFromJSON,
        eventsFromJSONLogFile,
        jsonFileLogObserver,
    )

__all__ = [
    "JournalLogObserver",
    "LogLevel",
    "InvalidLogLevelError",
    "LogEvent",
    "Logger",
    "Operation",
    "_loggerFor",
    "ILogObserver",
    "LogPublisher",
    "LogBeginner",
    "globalLogBeginner",
    "globalLogPublisher",
    "LimitedHistoryLogObserver",
    "FileLogObserver",
    "textFileLogObserver",
    "jsonFileLogObserver",
    "FilteringLogObserver",
    "ILogFilterPredicate",
    "LogLevelFilterPredicate",
    "PredicateResult",
    "STDLibLogObserver",
    "LegacyLogObserverWrapper",
    "LoggingFile",
    "capturedLogs",
    "eventAsJSON",
    "eventFromJSON",
    "eventsFromJSONLogFile",
    "eventAsText",
    "extractField",
    "formatEvent",
    "formatEventAsClassicLogText",
    "formatTime",
    "timeFormatRFC3339",
]

_JSON = ("eventAsJSON", "eventFromJSON", "eventsFromJSONLogFile", "jsonFileLogObserver")


def __getattr__(name: str) -> Any:
    """Import what writes JSON, and to the journal, when it is used: most programs log text."""
    if name == "JournalLogObserver":
        from twisted.logger._journal import JournalLogObserver

        return JournalLogObserver
    if name in _JSON:
        from twisted.logger import _json

        return getattr(_json, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
