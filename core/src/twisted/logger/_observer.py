"""Handing events to observers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from constantly import NamedConstant
from zope.interface import implementer

from twisted.logger._interfaces import ILogObserver, LogEvent
from twisted.logger._levels import LogLevel
from twisted.logger._wanted import UnwantedLevels, answering, changed
from twisted.python.failure import Failure

__all__ = ["LogPublisher", "OBSERVER_DISABLED"]

OBSERVER_DISABLED = (
    "Temporarily disabling observer {observer} due to exception: {log_failure.value}"
)


@implementer(ILogObserver)
class LogPublisher:
    """
    Passes each event on to all its observers.

    An observer that raises does not disturb the others; they are told, in an event of their own.
    """

    def __init__(self, *observers: Callable[[LogEvent], Any]) -> None:
        self._observers = list(observers)
        self._unwanted = UnwantedLevels(self._observers)

    def addObserver(self, observer: Callable[[LogEvent], Any]) -> None:
        """
        Add an observer; adding it twice makes no difference.

        @raise TypeError: if it cannot be called.
        """
        if not callable(observer):
            raise TypeError(f"Observer is not callable: {observer!r}")
        if observer not in self._observers:
            self._observers.append(observer)
            changed()

    def removeObserver(self, observer: Callable[[LogEvent], Any]) -> None:
        """Remove an observer, if it is there."""
        if observer in self._observers:
            self._observers.remove(observer)
            changed()

    def _wants(self, level: NamedConstant, namespace: str) -> bool:
        """Whether any observer wants events of a level and a namespace."""
        return level not in self._unwanted.of(namespace)

    def __call__(self, event: LogEvent) -> None:
        trace = event.get("log_trace")
        broken: list[tuple[Callable[[LogEvent], Any], Failure]] = []
        for observer in tuple(self._observers):
            if trace is not None:
                trace.append((self, observer))
            try:
                observer(event)
            except Exception:
                broken.append((observer, Failure()))
        for observer, failure in broken:
            self._tellOthers(observer, failure)

    def _tellOthers(self, broken: Callable[[LogEvent], Any], failure: Failure) -> None:
        """Report an observer that raised to all others."""
        from twisted.logger._logger import Logger

        others = LogPublisher(*(o for o in self._observers if o is not broken))
        failure.cleanFailure()
        log = Logger(namespace=__name__, observer=others)
        log.failure(OBSERVER_DISABLED, failure, LogLevel.critical, observer=broken)


answering(LogPublisher, LogPublisher._wants)
