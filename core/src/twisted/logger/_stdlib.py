"""Handing events to Python's `logging`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from constantly import NamedConstant
from zope.interface import implementer

from twisted.logger._format import formatEvent
from twisted.logger._interfaces import ILogObserver, LogEvent
from twisted.logger._levels import LogLevel

__all__ = ["STDLibLogObserver", "StringifiableFromEvent"]

# The numbers of Python's levels; importing `logging` for them would cost every program 8 ms.
toStdlibLogLevelMapping: Mapping[NamedConstant, int] = {
    LogLevel.debug: 10,
    LogLevel.info: 20,
    LogLevel.warn: 30,
    LogLevel.error: 40,
    LogLevel.critical: 50,
}

fromStdlibLogLevelMapping: dict[int | str, NamedConstant] = {
    number: level for level, number in toStdlibLogLevelMapping.items()
}
fromStdlibLogLevelMapping.update(
    {
        "DEBUG": LogLevel.debug,
        "INFO": LogLevel.info,
        "WARNING": LogLevel.warn,
        "ERROR": LogLevel.error,
        "CRITICAL": LogLevel.critical,
    }
)


class StringifiableFromEvent:
    """The message of an event, made when somebody wants it."""

    def __init__(self, event: LogEvent) -> None:
        self.event = event

    def __str__(self) -> str:
        return formatEvent(self.event)

    def __bytes__(self) -> bytes:
        return str(self).encode("utf-8")


@implementer(ILogObserver)
class STDLibLogObserver:
    """Passes events on to a logger of Python's `logging`, in the level that corresponds."""

    #: How many calls lie between whoever logs and the call into `logging`.
    defaultStackDepth = 4

    def __init__(self, name: str = "twisted", stackDepth: int = defaultStackDepth) -> None:
        """
        @param name: the name of the logger.
        @param stackDepth: how far up the stack to look for the one who logs.
        """
        import logging

        self.logger = logging.getLogger(name)
        self.logger.findCaller = self._findCaller  # type: ignore[assignment, method-assign]
        self.stackDepth = stackDepth

    def _findCaller(
        self, stackInfo: bool = False, stackLevel: int = 1
    ) -> tuple[str, int, str, str | None]:
        """File, line, function and stack of whoever logs, as `logging` asks for them."""
        import sys

        frame: Any = sys._getframe(self.stackDepth)
        stack = None
        if stackInfo:
            import traceback

            stack = "".join(traceback.format_stack(frame))
        return frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name, stack

    def __call__(self, event: LogEvent) -> None:
        number = toStdlibLogLevelMapping.get(event.get("log_level"), 20)
        failure = event.get("log_failure")
        info = None
        if failure is not None:
            info = (failure.type, failure.value, failure.getTracebackObject())
        self.logger.log(number, StringifiableFromEvent(event), exc_info=info)
