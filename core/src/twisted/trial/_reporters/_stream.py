"""Where reporters write to: text, in colours if a person reads it at a terminal."""

from __future__ import annotations

import os
from typing import IO, Any

__all__ = ["SafeStream", "painter"]

_COLORS = {
    "black": 30,
    "red": 31,
    "green": 32,
    "yellow": 33,
    "blue": 34,
    "magenta": 35,
    "cyan": 36,
    "white": 37,
}


class SafeStream:
    """
    A stream whose writing is not disturbed by what the stream cannot encode.

    @ivar original: the stream; what is not defined here is its own.
    """

    __module__ = "twisted.trial.reporter"

    def __init__(self, original: Any) -> None:
        self.original = original

    def __getattr__(self, name: str) -> Any:
        return getattr(self.original, name)

    def write(self, *a: Any, **kw: Any) -> Any:
        """Write; what the stream has no character for becomes an escape."""
        try:
            return self.original.write(*a, **kw)
        except UnicodeEncodeError:
            encoding = self.original.encoding or "ascii"
            text = a[0].encode(encoding, "backslashreplace").decode(encoding)
            return self.original.write(text)


class Plain:
    """Writes without colours."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str, color: str) -> None:
        """Write."""
        self._stream.write(text)


class Ansi(Plain):
    """Writes in the colours of terminals (ECMA-48, SGR)."""

    def write(self, text: str, color: str) -> None:
        """Write in a colour, boldly."""
        self._stream.write(f"\x1b[{_COLORS[color]};1m{text}\x1b[0m")


def painter(stream: Any) -> Plain:
    """What writes in colours to a stream, if it is a terminal and ``NO_COLOR`` is not set."""
    isatty = getattr(stream, "isatty", None)
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return Plain(stream)
    return Ansi(stream) if isatty is not None and isatty() else Plain(stream)
