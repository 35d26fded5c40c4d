"""A file of which each line written becomes an event."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable
from typing import Any, NoReturn

from constantly import NamedConstant

from twisted.logger._levels import LogLevel

__all__ = ["LoggingFile"]


class LoggingFile:
    """
    Takes the place of standard output or standard error, so that what is printed is logged.

    @ivar softspace: kept for programs that set it.
    """

    softspace = 0

    def __init__(
        self,
        logger: Any,
        level: NamedConstant = LogLevel.info,
        encoding: str | None = None,
    ) -> None:
        """
        @param logger: a `Logger`.
        @param level: of the events.
        @param encoding: of bytes that are written; by default that of Python.
        """
        self.level = level
        self.log = logger
        self._encoding = encoding or sys.getdefaultencoding()
        self._buffer = ""
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    @property
    def encoding(self) -> str:
        """The encoding of bytes that are written."""
        return self._encoding

    @property
    def mode(self) -> str:
        """It is open for writing."""
        return "w"

    @property
    def newlines(self) -> None:
        """It translates no line ends."""
        return None

    @property
    def name(self) -> str:
        """What the file is, with the logger's namespace and the level."""
        return f"<{self.__class__.__name__} {self.log.namespace}#{self.level.name}>"

    def close(self) -> None:
        """Take no more."""
        self._closed = True

    def flush(self) -> None:
        """Do nothing: whole lines are logged at once."""

    def isatty(self) -> bool:
        """It is no terminal."""
        return False

    def write(self, message: str | bytes) -> None:
        """
        Log the lines that are complete, and keep the rest.

        @raise ValueError: if it is closed.
        """
        if self._closed:
            raise ValueError("I/O operation on closed file")
        if isinstance(message, bytes):
            message = message.decode(self._encoding)
        *lines, self._buffer = (self._buffer + message).split("\n")
        for line in lines:
            self.log.emit(self.level, format="{log_io}", log_io=line)

    def writelines(self, lines: Iterable[str | bytes]) -> None:
        """Write one after the other."""
        for line in lines:
            self.write(line)

    def _unsupported(self, *args: object) -> NoReturn:
        """
        Refuse.

        @raise io.UnsupportedOperation: always; it is an `OSError`.
        """
        raise io.UnsupportedOperation("this file is a log")

    fileno = read = next = readline = readlines = xreadlines = seek = tell = truncate = _unsupported
