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
        self._encoding = None if _takesText(outFile) else "utf-8"

    def __call__(self, event: LogEvent) -> None:
        text = self.formatEvent(event)
        if text:
            self._outFile.write(text.encode(self._encoding) if self._encoding else text)
            self._outFile.flush()


def _takesText(file: Any) -> bool:
    """Whether a file is written in text rather than in bytes."""
    if isinstance(file, io.TextIOBase):
        return True
    if isinstance(file, io.RawIOBase | io.BufferedIOBase):
        return False
    try:
        file.write("")
    except TypeError:
        return False
    return True


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
