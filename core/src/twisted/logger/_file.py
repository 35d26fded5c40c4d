"""Writing events to files."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import IO, Any

from zope.interface import implementer

from twisted.logger._format import formatEventAsClassicLogText, formatTime, timeFormatRFC3339
from twisted.logger._interfaces import ILogObserver, LogEvent

__all__ = ["FileLogObserver", "textFileLogObserver"]


@implementer(ILogObserver)
class FileLogObserver:
    """Writes events to a file as soon as they come."""

    def __init__(self, outFile: IO[Any], formatEvent: Callable[[LogEvent], str | None]) -> None:
        """
        @param outFile: takes text, or else UTF-8.
        @param formatEvent: gives the text of an event, or None if nothing is to be written.
        """
        self._outFile = outFile
        self.formatEvent = formatEvent
        inBytes = isinstance(outFile, io.RawIOBase | io.BufferedIOBase)
        self._encoding = "utf-8" if inBytes else None

    def __call__(self, event: LogEvent) -> None:
        text = self.formatEvent(event)
        if not text:
            return
        try:
            self._outFile.write(text.encode(self._encoding) if self._encoding else text)
        except TypeError:
            if self._encoding is not None:
                raise
            self._encoding = "utf-8"
            self._outFile.write(text.encode(self._encoding))
        self._outFile.flush()


def textFileLogObserver(
    outFile: IO[Any], timeFormat: str | None = timeFormatRFC3339
) -> FileLogObserver:
    """
    Write events as lines of text.

    @param timeFormat: as `twisted.logger.formatTime` takes it.
    """

    def format(event: LogEvent) -> str | None:
        return formatEventAsClassicLogText(event, lambda when: formatTime(when, timeFormat))

    return FileLogObserver(outFile, format)
