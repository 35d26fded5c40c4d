"""How important an event is."""

from __future__ import annotations

from typing import Any

from constantly import NamedConstant, Names

__all__ = ["InvalidLogLevelError", "LogLevel"]


class InvalidLogLevelError(Exception):
    """
    Something is no level of `LogLevel`.

    @ivar level: what it is.
    """

    def __init__(self, level: Any) -> None:
        super().__init__(str(level))
        self.level = level


class LogLevel(Names):  # type: ignore[misc]
    """
    Levels of importance, the least important first.

    @cvar debug: of use to developers.
    @cvar info: what a person who runs the program may like to know.
    @cvar warn: something that may need attention.
    @cvar error: something failed and is to be seen to.
    @cvar critical: the program, or a large part of it, cannot go on; or nobody handled an error.
    """

    debug = NamedConstant()
    info = NamedConstant()
    warn = NamedConstant()
    error = NamedConstant()
    critical = NamedConstant()

    @classmethod
    def levelWithName(cls, name: str) -> NamedConstant:
        """
        The level of a name.

        @raise InvalidLogLevelError: if there is none.
        """
        try:
            return cls.lookupByName(name)
        except ValueError:
            raise InvalidLogLevelError(name) from None

    @classmethod
    def _priorityForLevel(cls, level: NamedConstant) -> int:
        """A number that grows with importance."""
        return _PRIORITIES[level]


_PRIORITIES = {level: number for number, level in enumerate(LogLevel.iterconstants())}
