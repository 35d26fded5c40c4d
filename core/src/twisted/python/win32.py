"""What Windows calls errors, and how it wants the arguments of processes quoted."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

__all__ = [
    "ERROR_DIRECTORY",
    "ERROR_FILE_NOT_FOUND",
    "ERROR_INVALID_NAME",
    "ERROR_PATH_NOT_FOUND",
    "O_BINARY",
    "FakeWindowsError",
    "WindowsError",
    "cmdLineQuote",
    "formatError",
    "quoteArguments",
]

ERROR_FILE_NOT_FOUND = 2
ERROR_PATH_NOT_FOUND = 3
ERROR_INVALID_NAME = 123
ERROR_DIRECTORY = 267

#: The flag that opens files without turning their line ends; 0 where there is none.
O_BINARY = getattr(os, "O_BINARY", 0)


class FakeWindowsError(OSError):
    """Stands for Windows' own exception where there is none."""


try:
    WindowsError: type[OSError] = WindowsError
except NameError:
    WindowsError = FakeWindowsError

_TO_BE_QUOTED = re.compile(r'[\s"]')
_BACKSLASHES = re.compile(r'(\\*)("|$)')


def cmdLineQuote(s: str) -> str:
    """
    Quote an argument, as Microsoft's C library reads it.

    Backslashes count only before a quote; there they are doubled.
    """
    if s and not _TO_BE_QUOTED.search(s):
        return s

    def escaped(match: re.Match[str]) -> str:
        slashes, quote = match.groups()
        return slashes * 2 + ('\\"' if quote else "")

    return f'"{_BACKSLASHES.sub(escaped, s)}"'


def quoteArguments(arguments: Iterable[str]) -> str:
    """Quote arguments and join them to a command line."""
    return " ".join(map(cmdLineQuote, arguments))


def formatError(errorcode: int) -> str:
    """The text of an error of the system."""
    import ctypes

    formatted = getattr(ctypes, "FormatError", os.strerror)
    return str(formatted(errorcode))
