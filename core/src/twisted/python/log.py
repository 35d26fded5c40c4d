"""
The older face of `twisted.logger`: an event is a dictionary whose ``message`` or ``format`` is its
text.

New programs use `twisted.logger.Logger`.
"""

from __future__ import annotations

import io
import sys
import time
import warnings
from collections.abc import Callable, Iterable
from typing import IO, Any, NoReturn

from zope.interface import Interface

from twisted.logger import (
    LegacyLogObserverWrapper,
    LoggingFile,
    LogLevel,
)
from twisted.logger import Logger as NewLogger
from twisted.logger import globalLogBeginner as newGlobalLogBeginner
from twisted.logger import globalLogPublisher as newGlobalLogPublisher
from twisted.logger._legacy import publishToNewObserver
from twisted.python import context
from twisted.python.failure import Failure
from twisted.python.reflect import safe_repr, safe_str

__all__ = [
    "DefaultObserver",
    "EventDict",
    "FileLogObserver",
    "ILogContext",
    "ILogObserver",
    "LogPublisher",
    "Logger",
    "NullFile",
    "PythonLoggingObserver",
    "StdioOnnaStick",
    "addObserver",
    "callWithContext",
    "callWithLogger",
    "defaultObserver",
    "deferr",
    "discardLogs",
    "err",
    "logerr",
    "logfile",
    "msg",
    "newGlobalLogBeginner",
    "newGlobalLogPublisher",
    "removeObserver",
    "showwarning",
    "startLogging",
    "startLoggingWithObserver",
    "textFromEventDict",
    "theLogPublisher",
]

EventDict = dict[str, Any]
_Observer = Callable[[EventDict], Any]


class ILogContext:
    """
    The key under which `twisted.python.context` holds what events have from their surroundings.
    """


class ILogObserver(Interface):
    """Takes events of this module."""

    def __call__(eventDict: EventDict) -> None:
        """
        Take an event.

        It has ``message``, a tuple of texts; ``isError``; ``time``, in seconds since the epoch;
        ``system``; and may have ``format``, ``failure``, ``why``, and whatever was logged.
        """


context.setDefault(ILogContext, {"system": "-"})


def callWithContext(ctx: EventDict, func: Callable[..., Any], *args: Any, **kw: Any) -> Any:
    """Call a function; the events that it logs have the keys of ``ctx``."""
    inherited = context.get(ILogContext).copy()
    inherited.update(ctx)
    return context.call({ILogContext: inherited}, func, *args, **kw)


def callWithLogger(logger: Any, func: Callable[..., Any], *args: Any, **kw: Any) -> Any:
    """
    Call a function; the events that it logs, and an exception, are the system's of
    ``logger.logPrefix()``.
    """
    try:
        prefix = logger.logPrefix()
    except KeyboardInterrupt:
        raise
    except BaseException:
        prefix = "(buggy logPrefix method)"
        err(system=prefix)
    try:
        return callWithContext({"system": prefix}, func, *args, **kw)
    except KeyboardInterrupt:
        raise
    except BaseException:
        err(system=prefix)


class Logger:
    """A base for what events can be the system of."""

    def logPrefix(self) -> str:
        """The name for logs."""
        return "-"


def textFromEventDict(eventDict: EventDict) -> str | None:
    """The text of an event, or None if it has none."""
    message = eventDict["message"]
    if message:
        return " ".join(map(safe_str, message))
    if eventDict["isError"] and "failure" in eventDict:
        why = eventDict.get("why") or "Unhandled Error"
        try:
            traceback = eventDict["failure"].getTraceback()
        except Exception as error:
            traceback = f"(unable to obtain traceback): {error}"
        return f"{why}\n{traceback}"
    if "format" in eventDict:
        return _safeFormat(eventDict["format"], eventDict)
    return None


def _safeFormat(format: str, values: EventDict) -> str:
    """``format % values``, or what is wrong with it."""
    try:
        return format % values
    except KeyboardInterrupt:
        raise
    except BaseException:
        return (
            "Invalid format string or unformattable object in log message: "
            f"{safe_repr(format)}, {safe_repr(values)}"
        )


class LogPublisher:
    """
    Makes events and passes them on to observers, through a publisher of `twisted.logger`.

    @ivar showwarning: set by `warnings` users of old.
    """

    synchronized = ["msg"]

    def __init__(
        self,
        observerPublisher: Any = None,
        publishPublisher: Any = None,
        logBeginner: Any = None,
        warningsModule: Any = warnings,
    ) -> None:
        """
        @param observerPublisher: gets the observers that are added.
        @param publishPublisher: gets the events.
        @param logBeginner: begins logging.
        @param warningsModule: has ``showwarning``.
        """
        from twisted.logger import LogPublisher as NewPublisher

        publisher = NewPublisher() if publishPublisher is None else publishPublisher
        self._publishPublisher = publisher
        self._observerPublisher = publisher if observerPublisher is None else observerPublisher
        self._observers: list[LegacyLogObserverWrapper] = []
        self._logBeginner = logBeginner
        self._warningsModule = warningsModule
        self._oldshowwarning = warningsModule.showwarning
        self.showwarning = self._showwarning if logBeginner is None else logBeginner.showwarning

    @property
    def observers(self) -> list[_Observer]:
        """The observers that were added here."""
        return [wrapper.legacyObserver for wrapper in self._observers]

    def _startLogging(self, other: _Observer, setStdout: bool) -> None:
        """Begin logging to an observer."""
        wrapper = LegacyLogObserverWrapper(other)
        self._observers.append(wrapper)
        self._logBeginner.beginLoggingTo([wrapper], redirectStandardIO=setStdout)

    def _stopLogging(self) -> None:
        """Give `warnings` back what was taken from it."""
        if self._warningsModule.showwarning == self.showwarning:
            self._warningsModule.showwarning = self._oldshowwarning

    def addObserver(self, other: _Observer) -> None:
        """Add an observer: a function that takes an event."""
        if other in self.observers:
            return
        wrapper = LegacyLogObserverWrapper(other)
        self._observers.append(wrapper)
        self._observerPublisher.addObserver(wrapper)

    def removeObserver(self, other: _Observer) -> None:
        """
        Remove an observer.

        @raise ValueError: if it was not added.
        """
        for wrapper in self._observers:
            if wrapper.legacyObserver == other:
                self._observers.remove(wrapper)
                self._observerPublisher.removeObserver(wrapper)
                return
        raise ValueError(f"{other!r} is no observer of this publisher")

    def msg(self, *message: Any, **kw: Any) -> None:
        """
        Log an event.

        @param message: pieces of text.
        @param kw: further keys of the event; ``format`` is filled in from them by ``%``.
        """
        event = context.get(ILogContext).copy()
        event.update(kw)
        event["message"] = message
        event["time"] = time.time()
        event.setdefault("isError", 0)
        publishToNewObserver(self._publishPublisher, event, textFromEventDict)

    def _showwarning(
        self,
        message: Any,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: IO[str] | None = None,
        line: str | None = None,
    ) -> None:
        """Log a warning that no particular file is to get."""
        if file is not None:
            self._oldshowwarning(message, category, filename, lineno, file, line)
            return
        self.msg(
            warning=message,
            category=f"{category.__module__}.{category.__name__}",
            filename=filename,
            lineno=lineno,
            format="%(filename)s:%(lineno)s: %(category)s: %(warning)s",
        )


theLogPublisher = LogPublisher(
    observerPublisher=newGlobalLogPublisher,
    publishPublisher=newGlobalLogPublisher,
    logBeginner=newGlobalLogBeginner,
)
addObserver = theLogPublisher.addObserver
removeObserver = theLogPublisher.removeObserver
msg = theLogPublisher.msg
showwarning = theLogPublisher.showwarning


def err(_stuff: Any = None, _why: str | None = None, **kw: Any) -> None:
    """
    Log an error.

    @param _stuff: a `Failure` or an exception, by default the one being handled; another thing is
        logged as text.
    @param _why: what went wrong, in a few words.
    """
    if _stuff is None:
        _stuff = Failure()
    if isinstance(_stuff, Failure):
        msg(failure=_stuff, why=_why, isError=1, **kw)
    elif isinstance(_stuff, Exception):
        msg(failure=Failure(_stuff), why=_why, isError=1, **kw)
    else:
        msg(repr(_stuff), why=_why, isError=1, **kw)


deferr = err


class _GlobalStartStopObserver:
    """An observer that can add itself to all events, and take itself away."""

    def emit(self, eventDict: EventDict) -> None:
        """Take an event."""
        raise TypeError(f"{self.__class__.__name__} does not say what it does with events")

    def start(self) -> None:
        """Begin to take events."""
        addObserver(self.emit)

    def stop(self) -> None:
        """Take no more events."""
        removeObserver(self.emit)


class FileLogObserver(_GlobalStartStopObserver):
    """
    Writes events to a file as lines of time, system and text.

    @ivar timeFormat: as `time.strftime` takes it, or None for ``2026-11-21 14:00:00+0100``.
    """

    timeFormat: str | None = None

    def __init__(self, f: IO[str]) -> None:
        self.write = f.write
        self.flush = f.flush

    def getTimezoneOffset(self, when: float) -> int:
        """How many seconds local time is behind UTC at a time."""
        offset = time.localtime(when).tm_gmtoff
        return -offset

    def formatTime(self, when: float) -> str:
        """A time in seconds since the epoch as text."""
        if self.timeFormat is not None:
            if "%f" in self.timeFormat:
                from twisted.logger import formatTime

                return formatTime(when, self.timeFormat)
            return time.strftime(self.timeFormat, time.localtime(when))
        behind = self.getTimezoneOffset(when)
        sign = "-" if behind > 0 else "+"
        hours, minutes = divmod(abs(behind) // 60, 60)
        there = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(when - behind))
        return f"{there}{sign}{hours:02d}{minutes:02d}"

    def emit(self, eventDict: EventDict) -> None:
        """Write an event, if it has a text."""
        text = textFromEventDict(eventDict)
        if text is None:
            return
        fields = {"system": eventDict["system"], "text": text.replace("\n", "\n\t")}
        line = _safeFormat("[%(system)s] %(text)s\n", fields)
        self.write(f"{self.formatTime(eventDict['time'])} {line}")
        self.flush()


class PythonLoggingObserver(_GlobalStartStopObserver):
    """Hands events to Python's `logging`."""

    def __init__(self, loggerName: str = "twisted") -> None:
        """
        @param loggerName: the name of the logger there.
        """
        from twisted.logger import STDLibLogObserver

        self._newObserver = STDLibLogObserver(loggerName, stackDepth=7)

    def emit(self, eventDict: EventDict) -> None:
        """Hand an event over; ``logLevel`` is its level there, if it is in the event."""
        publishToNewObserver(self._newObserver, eventDict, textFromEventDict)


class StdioOnnaStick:
    """
    A file of which each line written is logged.

    @ivar isError: whether the lines are errors.
    """

    closed = 0
    softspace = 0
    mode = "wb"
    name = "<stdio (log)>"

    def __init__(self, isError: int = 0, encoding: str | None = None) -> None:
        self.isError = isError
        self.encoding = encoding or sys.getdefaultencoding()
        self.buf = ""

    def close(self) -> None:
        """Do nothing."""

    def fileno(self) -> NoReturn:
        """
        Refuse.

        @raise io.UnsupportedOperation: always; there is no descriptor.
        """
        raise io.UnsupportedOperation("this file is a log")

    def flush(self) -> None:
        """Do nothing: whole lines are logged at once."""

    def _unsupported(self) -> None:
        """
        Refuse.

        @raise OSError: always.
        """
        raise OSError("can't read or seek a log")

    read = readline = readlines = seek = tell = _unsupported

    def write(self, data: str | bytes) -> None:
        """Log the lines that are complete, and keep the rest."""
        if isinstance(data, bytes):
            data = data.decode(self.encoding)
        *lines, self.buf = (self.buf + data).split("\n")
        for line in lines:
            msg(line, printed=1, isError=self.isError)

    def writelines(self, lines: Iterable[str | bytes]) -> None:
        """Log each as a line of its own."""
        for line in lines:
            if isinstance(line, bytes):
                line = line.decode(self.encoding)
            msg(line, printed=1, isError=self.isError)


def startLogging(file: Any, *a: Any, **kw: Any) -> FileLogObserver | None:
    """
    Begin to log to a file.

    @param a: and ``kw`` go to `startLoggingWithObserver`.
    @return: the observer, or None if ``file`` is one of this module's own.
    """
    if isinstance(file, LoggingFile):
        return None
    observer = FileLogObserver(file)
    startLoggingWithObserver(observer.emit, *a, **kw)
    return observer


def startLoggingWithObserver(observer: _Observer, setStdout: int = 1) -> None:
    """
    Begin to log to an observer.

    @param setStdout: log what is printed to standard output and standard error, too.
    """
    theLogPublisher._startLogging(observer, bool(setStdout))
    msg("Log opened.")


class NullFile:
    """A file that takes everything and keeps nothing."""

    softspace = 0

    def read(self) -> None:
        """Nothing."""

    def write(self, bytes: Any) -> None:
        """Throw away."""

    def flush(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


def discardLogs() -> None:
    """Throw away what goes to `logfile` from now on."""
    global logfile
    logfile = NullFile()


class DefaultObserver(_GlobalStartStopObserver):
    """Writes errors to standard error until logging begins."""

    stderr: Any = sys.stderr

    def emit(self, eventDict: EventDict) -> None:
        """Write an event, if it is an error."""
        if eventDict["isError"]:
            text = textFromEventDict(eventDict)
            self.stderr.write(text)
            self.stderr.flush()


logfile: Any = LoggingFile(NewLogger(), LogLevel.info)
logerr: Any = LoggingFile(NewLogger(), LogLevel.error)
defaultObserver = DefaultObserver()
