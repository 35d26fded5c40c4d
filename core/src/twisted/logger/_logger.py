"""What a program logs with."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import time
from types import TracebackType
from typing import Any, Protocol

from constantly import NamedConstant

from twisted.logger._interfaces import LogEvent
from twisted.logger._levels import InvalidLogLevelError, LogLevel
from twisted.logger._observer import LogPublisher
from twisted.python.failure import Failure

__all__ = ["Logger", "Operation"]

_LEVELS = frozenset(LogLevel.iterconstants())
_DEBUG, _INFO, _WARN, _ERROR, _CRITICAL = LogLevel.iterconstants()


class Operation(Protocol):
    """How the block of `Logger.failuresHandled` ended."""

    @property
    def succeeded(self) -> bool:
        """Whether it ended without an exception."""
        ...

    @property
    def failure(self) -> Failure | None:
        """The exception it ended with, or None."""
        ...

    @property
    def failed(self) -> bool:
        """Whether it ended with an exception."""
        ...


class _Outcome:
    """An `Operation`."""

    failure: Failure | None = None
    succeeded = False

    @property
    def failed(self) -> bool:
        return self.failure is not None


class _FailureHandler:
    """A context manager that logs an exception, of whatever kind, and ends it there."""

    __slots__ = ("_level", "_log", "_message")

    def __init__(self, log: Logger, message: str, level: NamedConstant) -> None:
        self._log = log
        self._message = message
        self._level = level

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        if value is None:
            return False
        self._log.failure(self._message, Failure(value, kind, traceback), self._level)
        return True


class Logger:
    """
    Makes events and hands them to an observer.

    As a class attribute it takes the class's full name as its namespace, and each instance that it
    is used through as the source of its events.

    @ivar namespace: which part of the program logs; by default the module that makes the logger.
    @ivar source: the object that logs, or None.
    @ivar observer: gets the events; by default the global publisher.
    """

    @staticmethod
    def _namespaceFromCallingContext() -> str:
        """The module that makes a logger."""
        return str(sys._getframe(2).f_globals.get("__name__", "<unknown>"))

    def __init__(
        self,
        namespace: str | None = None,
        source: object = None,
        observer: Callable[[LogEvent], Any] | None = None,
    ) -> None:
        if namespace is None:
            namespace = self._namespaceFromCallingContext()
        self.namespace = namespace
        self.source = source
        self.observer: Callable[[LogEvent], Any]
        if observer is None:
            from twisted.logger._global import globalLogPublisher

            self.observer = globalLogPublisher
        else:
            self.observer = observer

    def __get__(self, instance: object, owner: type | None = None) -> Logger:
        """A logger for a class or an instance that this one is an attribute of."""
        if owner is None:
            owner = type(instance)
        source = owner if instance is None else instance
        return self.__class__(
            f"{owner.__module__}.{owner.__qualname__}", source, observer=self.observer
        )

    def __repr__(self) -> str:
        return f"<{self.__class__.__name__} {self.namespace!r}>"

    def emit(self, level: NamedConstant, format: str | None = None, **kwargs: object) -> None:
        """
        Log an event.

        @param level: one of `LogLevel`; another thing is logged, with a complaint, as critical.
        @param format: as `str.format` takes it, of the keys of the event; ``{key()}`` calls.
        @param kwargs: further keys of the event.  Names that begin with ``log_`` are reserved.
        """
        if level not in _LEVELS:
            self.failure(
                "Got invalid log level {invalidLevel!r} in {logger}.emit().",
                Failure(InvalidLogLevelError(level)),
                invalidLevel=level,
                logger=self,
            )
            return
        event: LogEvent = kwargs
        event.update(
            log_logger=self,
            log_level=level,
            log_namespace=self.namespace,
            log_source=self.source,
            log_format=format,
            log_time=time(),
        )
        if "log_trace" in event:
            event["log_trace"].append((self, self.observer))
        self.observer(event)

    def failure(
        self,
        format: str,
        failure: Failure | None = None,
        level: NamedConstant = LogLevel.critical,
        **kwargs: object,
    ) -> None:
        """
        Log a failure, by default that of the exception being handled.

        @param failure: becomes the event's ``log_failure``.
        """
        if failure is None:
            failure = Failure()
        self.emit(level, format, log_failure=failure, **kwargs)

    def _isWanted(self, level: NamedConstant, keys: LogEvent) -> bool:
        """Whether an event may reach anyone, or is traced."""
        observer = self.observer
        return (
            type(observer) is not LogPublisher
            or type(self) is not Logger
            or level not in observer._unwanted.of(self.namespace)
            or "log_trace" in keys
        )

    def debug(self, format: str | None = None, **kwargs: object) -> None:
        """Log an event of level `LogLevel.debug`."""
        if self._isWanted(_DEBUG, kwargs):
            self.emit(_DEBUG, format, **kwargs)

    def info(self, format: str | None = None, **kwargs: object) -> None:
        """Log an event of level `LogLevel.info`."""
        if self._isWanted(_INFO, kwargs):
            self.emit(_INFO, format, **kwargs)

    def warn(self, format: str | None = None, **kwargs: object) -> None:
        """Log an event of level `LogLevel.warn`."""
        if self._isWanted(_WARN, kwargs):
            self.emit(_WARN, format, **kwargs)

    def error(self, format: str | None = None, **kwargs: object) -> None:
        """Log an event of level `LogLevel.error`."""
        if self._isWanted(_ERROR, kwargs):
            self.emit(_ERROR, format, **kwargs)

    def critical(self, format: str | None = None, **kwargs: object) -> None:
        """Log an event of level `LogLevel.critical`."""
        if self._isWanted(_CRITICAL, kwargs):
            self.emit(_CRITICAL, format, **kwargs)

    @contextmanager
    def failuresHandled(
        self, format: str, level: NamedConstant = LogLevel.critical, **kwargs: object
    ) -> Iterator[Operation]:
        """
        Log an exception that the block raises, of whatever kind, and go on after the block.

        ``as`` gives an `Operation` that tells, afterwards, how the block ended.
        """
        outcome = _Outcome()
        try:
            yield outcome
        except BaseException:
            outcome.failure = Failure()
            self.failure(format, outcome.failure, level, **kwargs)
        else:
            outcome.succeeded = True

    def failureHandler(self, staticMessage: str, level: NamedConstant = LogLevel.critical) -> Any:
        """
        A context manager as `failuresHandled`, made once and entered often where speed counts.
        """
        return _FailureHandler(self, staticMessage, level)


def _loggerFor(obj: object) -> Logger:
    """A logger for an object, as if its class had one as an attribute."""
    return Logger("").__get__(obj, obj.__class__)
