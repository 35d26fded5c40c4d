"""Logging to the system's log; see syslog(3)."""

from __future__ import annotations

import syslog
from typing import Any

from twisted.python import log

__all__ = ["DEFAULT_FACILITY", "DEFAULT_OPTIONS", "SyslogObserver", "startLogging"]

DEFAULT_OPTIONS = 0
DEFAULT_FACILITY = syslog.LOG_USER


class SyslogObserver:
    """
    Writes what is logged to the system's log.

    Events may name a facility or a priority, by the keys ``syslogFacility`` and ``syslogPriority``.
    """

    openlog = staticmethod(syslog.openlog)
    syslog = staticmethod(syslog.syslog)

    def __init__(
        self, prefix: str, options: int = DEFAULT_OPTIONS, facility: int = DEFAULT_FACILITY
    ) -> None:
        """
        @param prefix: what each line begins with.
        @param options: as for `syslog.openlog`.
        @param facility: as for `syslog.openlog`.
        """
        self.openlog(prefix, options, facility)

    def emit(self, eventDict: dict[str, Any]) -> None:
        """Write an event, a line for each of its lines; the later ones are indented."""
        text = log.textFromEventDict(eventDict)
        if text is None:
            return
        if "syslogPriority" in eventDict:
            priority = int(eventDict["syslogPriority"])
        else:
            priority = syslog.LOG_ALERT if eventDict["isError"] else syslog.LOG_INFO
        facility = int(eventDict.get("syslogFacility", 0))
        for number, line in enumerate(line for line in text.split("\n") if line):
            indent = "\t" if number else ""
            self.syslog(priority | facility, f"[{eventDict['system']}] {indent}{line}")


def startLogging(
    prefix: str = "Twisted",
    options: int = DEFAULT_OPTIONS,
    facility: int = DEFAULT_FACILITY,
    setStdout: int = 1,
) -> None:
    """
    Log to the system's log from now on.

    @param setStdout: whether what is printed is logged, too.
    """
    observer = SyslogObserver(prefix, options, facility)
    log.startLoggingWithObserver(observer.emit, setStdout=bool(setStdout))
