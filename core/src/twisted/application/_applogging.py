"""Where a program's log goes."""

from __future__ import annotations

import os
import sys
from typing import Any

from twisted import copyright
from twisted.logger import (
    ILogObserver,
    LegacyLogObserverWrapper,
    globalLogBeginner,
    globalLogPublisher,
)
from twisted.python import log, logfile, reflect, usage

__all__ = ["AppLogger"]


class AppLogger:
    """
    Begins and ends the log of a program, as the options ``logfile`` and ``logger`` say.

    An application may have an observer of its own, as a component for
    `twisted.python.log.ILogObserver` or `twisted.logger.ILogObserver`; the option ``logger`` goes
    before it.
    """

    __module__ = "twisted.application.app"
    _observer: Any = None

    def __init__(self, options: Any) -> None:
        self._logfilename = options.get("logfile", "")
        self._observerFactory = options.get("logger") or None

    def start(self, application: Any) -> None:
        """
        Begin.

        @raise twisted.python.usage.UsageError: if the option ``logger`` names nothing of use.
        """
        if self._observerFactory is not None:
            observer = self._named(self._observerFactory)
        else:
            observer = application.getComponent(ILogObserver, None)
            if observer is None:
                observer = application.getComponent(log.ILogObserver, None)
            if observer is None:
                observer = self._getLogObserver()
        if not ILogObserver.providedBy(observer):
            observer = LegacyLogObserverWrapper(observer)
        self._observer = observer
        globalLogBeginner.beginLoggingTo([observer])
        self._initialLog()

    def _named(self, name: str) -> Any:
        try:
            factory = reflect.namedAny(name)
            return factory()
        except Exception as error:
            raise usage.UsageError(f"Logger cannot be found or made: {name}: {error}") from error

    def _initialLog(self) -> None:
        """Say what runs, and by what."""
        from twisted.internet import reactor

        log.msg(
            f"twistd {copyright.version} ({sys.executable} {sys.version.split()[0]}) starting up."
        )
        log.msg(f"reactor class: {reflect.qual(reactor.__class__)}.")

    def _logFile(self) -> Any:
        """The file to write to."""
        if self._logfilename in ("-", "") or not self._logfilename:
            return sys.stdout
        return logfile.LogFile.fromFullPath(os.path.abspath(self._logfilename))

    def _getLogObserver(self) -> Any:
        """What writes to the file, or to the standard output."""
        return log.FileLogObserver(self._logFile()).emit

    def stop(self) -> None:
        """End."""
        log.msg("Server Shut Down.")
        if self._observer is not None:
            globalLogPublisher.removeObserver(self._observer)
            self._observer = None
