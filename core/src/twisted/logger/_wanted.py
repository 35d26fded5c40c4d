"""Which levels nobody wants, so that their events need not be made."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from constantly import NamedConstant

from twisted.logger._interfaces import LogEvent
from twisted.logger._levels import LogLevel

__all__ = ["UnwantedLevels", "answering", "changed", "nowhere", "wants"]

Observer = Callable[[LogEvent], Any]
Answer = Callable[[Any, NamedConstant, str], bool]

_LEVELS = tuple(LogLevel.iterconstants())
_MOST_NAMESPACES = 10_000

# By exact type: a subclass may do more with an event than its base knows.
_answers: dict[type, Answer] = {}


class _Epoch:
    """The time during which no observer changes what it wants."""


_epoch = _Epoch()


def answering(kind: type, answer: Answer) -> None:
    """Let observers of exactly this type tell whether they want a level of a namespace."""
    _answers[kind] = answer


def changed() -> None:
    """Forget all answers: an observer has just begun to want something else."""
    global _epoch
    _epoch = _Epoch()


def nowhere(event: LogEvent) -> None:
    """An observer for events that nobody wants."""


def wants(observer: Observer, level: NamedConstant, namespace: str) -> bool:
    """Whether an observer may do something with events of a level and a namespace."""
    if observer is nowhere:
        return False
    answer = _answers.get(type(observer))
    return answer is None or answer(observer, level, namespace)


class UnwantedLevels:
    """
    The levels that none of some observers wants, remembered for each namespace.

    What is remembered belongs to an epoch and is replaced with it in one piece, so threads may ask
    while another one changes the observers.
    """

    __slots__ = ("_observers", "_remembered")

    def __init__(self, observers: Iterable[Observer]) -> None:
        """
        @param observers: whoever changes it calls `changed` after that.
        """
        self._observers = observers
        self._remembered: tuple[_Epoch, dict[str, frozenset[NamedConstant]]] = (_epoch, {})

    def of(self, namespace: str) -> frozenset[NamedConstant]:
        """The levels of a namespace whose events would be thrown away."""
        epoch, levels = self._remembered
        if epoch is not _epoch:
            epoch, levels = self._remembered = (_epoch, {})
        try:
            return levels[namespace]
        except KeyError:
            if len(levels) >= _MOST_NAMESPACES:
                levels.clear()
            levels[namespace] = found = self._find(namespace)
            return found

    def _find(self, namespace: str) -> frozenset[NamedConstant]:
        observers = tuple(self._observers)
        return frozenset(
            level
            for level in _LEVELS
            if not any(wants(observer, level, namespace) for observer in observers)
        )
