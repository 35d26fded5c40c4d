"""The publisher that all events go to, and the beginning of logging."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterable
from typing import IO, Any

from twisted.logger._buffer import LimitedHistoryLogObserver
from twisted.logger._filter import FilteringLogObserver, LogLevelFilterPredicate
from twisted.logger._format import eventAsText
from twisted.logger._interfaces import LogEvent
from twisted.logger._io import LoggingFile
from twisted.logger._levels import LogLevel
from twisted.logger._logger import Logger
from twisted.logger._observer import LogPublisher

__all__ = ["LogBeginner", "MORE_THAN_ONCE_WARNING", "globalLogBeginner", "globalLogPublisher"]

MORE_THAN_ONCE_WARNING = (
    "Warning: primary log target selected twice at <{fileNow}:{lineNow}> - previously selected "
    "at <{fileThen}:{lineThen}>.  Remove one of the calls to beginLoggingTo."
)


class LogBeginner:
    """
    Keeps the first events of a program until it is known where to log.

    Critical events are written to the error stream meanwhile, so that no failure goes unseen.
    """

    _DEFAULT_BUFFER_SIZE = 200

    def __init__(
        self,
        publisher: LogPublisher,
        errorStream: IO[str],
        stdio: Any,
        warningsModule: Any,
        initialBufferSize: int | None = None,
    ) -> None:
        """
        @param publisher: gets the observers.
        @param errorStream: where critical events go until logging begins.
        @param stdio: has ``stdout`` and ``stderr`` to be redirected, as `sys` has.
        @param warningsModule: has a ``showwarning`` to be redirected, as `warnings` has.
        @param initialBufferSize: how many events are kept until logging begins.
        """
        self._initialBuffer = LimitedHistoryLogObserver(
            initialBufferSize or self._DEFAULT_BUFFER_SIZE
        )
        self._publisher = publisher
        self._log = Logger(observer=publisher)
        self._stdio = stdio
        self._warningsModule = warningsModule
        self._temporaryObserver: LogPublisher | None = LogPublisher(
            self._initialBuffer,
            FilteringLogObserver(
                _ErrorWriter(errorStream), [LogLevelFilterPredicate(LogLevel.critical)]
            ),
        )
        self._previousBegin = ("", 0)
        publisher.addObserver(self._temporaryObserver)
        self._oldshowwarning = warningsModule.showwarning

    def beginLoggingTo(
        self,
        observers: Iterable[Callable[[LogEvent], Any]],
        discardBuffer: bool = False,
        redirectStandardIO: bool = True,
    ) -> None:
        """
        Begin to log; a second call adds observers and logs a warning.

        @param discardBuffer: forget the events so far; otherwise the observers get them first.
        @param redirectStandardIO: log what is printed to standard output and standard error.
        """
        caller = sys._getframe(1)
        where = (caller.f_code.co_filename, caller.f_lineno)
        observers = list(observers)
        for observer in observers:
            self._publisher.addObserver(observer)
        if self._temporaryObserver is None:
            fileThen, lineThen = self._previousBegin
            self._log.warn(
                MORE_THAN_ONCE_WARNING,
                fileNow=where[0],
                lineNow=where[1],
                fileThen=fileThen,
                lineThen=lineThen,
            )
        else:
            if not discardBuffer:
                self._initialBuffer.replayTo(LogPublisher(*observers))
            self._publisher.removeObserver(self._temporaryObserver)
            self._temporaryObserver = None
            self._warningsModule.showwarning = self.showwarning
        self._previousBegin = where
        if redirectStandardIO:
            for name, level in (("stdout", LogLevel.info), ("stderr", LogLevel.error)):
                old = getattr(self._stdio, name)
                log = Logger(namespace=name, observer=self._publisher)
                setattr(self._stdio, name, LoggingFile(log, level, getattr(old, "encoding", None)))

    def showwarning(
        self,
        message: Any,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: IO[str] | None = None,
        line: str | None = None,
    ) -> None:
        """Log a warning that no particular file is to get; see `warnings.showwarning`."""
        if file is not None:
            self._oldshowwarning(message, category, filename, lineno, file, line)
            return
        self._log.warn(
            "{filename}:{lineno}: {category}: {warning}",
            warning=message,
            category=f"{category.__module__}.{category.__name__}",
            filename=filename,
            lineno=lineno,
        )


class _ErrorWriter:
    """Writes events to the error stream of the moment, which tests replace."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def __call__(self, event: LogEvent) -> None:
        self._stream.write(eventAsText(event, includeTimestamp=False, includeSystem=False) + "\n")


globalLogPublisher = LogPublisher()
globalLogBeginner = LogBeginner(globalLogPublisher, sys.stderr, sys, warnings)
