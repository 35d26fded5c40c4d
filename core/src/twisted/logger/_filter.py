"""Passing only some events on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from constantly import NamedConstant, Names
from zope.interface import implementer

from twisted.logger._interfaces import ILogFilterPredicate, ILogObserver, LogEvent
from twisted.logger._levels import InvalidLogLevelError, LogLevel
from twisted.logger._wanted import answering, changed, nowhere, wants

__all__ = ["FilteringLogObserver", "LogLevelFilterPredicate", "PredicateResult"]


class PredicateResult(Names):  # type: ignore[misc]
    """
    What a predicate says of an event.

    @cvar yes: pass it on, and ask no further predicate.
    @cvar no: do not pass it on, and ask no further predicate.
    @cvar maybe: let the next predicate decide; after the last one the event is passed on.
    """

    yes = NamedConstant()
    no = NamedConstant()
    maybe = NamedConstant()


@implementer(ILogObserver)
class FilteringLogObserver:
    """Asks predicates about each event and passes it on to one of two observers."""

    def __init__(
        self,
        observer: Callable[[LogEvent], Any],
        predicates: Iterable[Callable[[LogEvent], Any]],
        negativeObserver: Callable[[LogEvent], Any] = nowhere,
    ) -> None:
        """
        @param observer: gets the events that are passed on.
        @param predicates: `ILogFilterPredicate`s, asked in this order.
        @param negativeObserver: gets the other events.
        """
        self._observer = observer
        self._predicates = list(predicates)
        self._negativeObserver = negativeObserver

    def _shouldLogEvent(self, event: LogEvent) -> bool:
        """Whether the predicates let an event pass."""
        for predicate in self._predicates:
            result = predicate(event)
            if result == PredicateResult.yes:
                return True
            if result == PredicateResult.no:
                return False
            if result != PredicateResult.maybe:
                raise TypeError(f"Invalid predicate result: {result!r}")
        return True

    def _wants(self, level: NamedConstant, namespace: str) -> bool:
        """Whether either observer gets, and wants, events of a level and a namespace."""
        for predicate in self._predicates:
            if type(predicate) is not LogLevelFilterPredicate:
                return True
            if level < predicate.logLevelForNamespace(namespace):
                return wants(self._negativeObserver, level, namespace)
        return wants(self._observer, level, namespace)

    def __call__(self, event: LogEvent) -> None:
        chosen = self._observer if self._shouldLogEvent(event) else self._negativeObserver
        if "log_trace" in event:
            event["log_trace"].append((self, chosen))
        chosen(event)


@implementer(ILogFilterPredicate)
class LogLevelFilterPredicate:
    """
    Rejects events below a level, which each namespace may have for itself and all below it.

    @ivar defaultLogLevel: the level of namespaces for which none is set.
    """

    def __init__(self, defaultLogLevel: NamedConstant = LogLevel.info) -> None:
        self.defaultLogLevel = defaultLogLevel
        self._levels: dict[str, NamedConstant] = {}
        self.clearLogLevels()

    def logLevelForNamespace(self, namespace: str | None) -> NamedConstant:
        """The level of a namespace, or of the closest one around it."""
        name = namespace or ""
        while name:
            if name in self._levels:
                return self._levels[name]
            name = name.rpartition(".")[0]
        return self._levels[""]

    def setLogLevelForNamespace(self, namespace: str | None, level: NamedConstant) -> None:
        """
        Set the level of a namespace and those below it; of all, if it is empty.

        @raise InvalidLogLevelError: if it is no level.
        """
        if level not in LogLevel.iterconstants():
            raise InvalidLogLevelError(level)
        self._levels[namespace or ""] = level
        changed()

    def clearLogLevels(self) -> None:
        """Forget all levels that were set."""
        self._levels = {"": self.defaultLogLevel}
        changed()

    def __call__(self, event: LogEvent) -> NamedConstant:
        level = event.get("log_level")
        namespace = event.get("log_namespace")
        if level is None or namespace is None:
            return PredicateResult.no
        if level < self.logLevelForNamespace(namespace):
            return PredicateResult.no
        return PredicateResult.maybe


answering(FilteringLogObserver, FilteringLogObserver._wants)
