"""Text as documents have it: characters that stand for themselves, and those that cannot."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = [
    "HTML_ESCAPE_CHARS",
    "REV_HTML_ESCAPE_CHARS",
    "REV_XML_ESCAPE_CHARS",
    "XML_ESCAPE_CHARS",
    "Sink",
    "escape",
    "sink",
    "unescape",
]

HTML_ESCAPE_CHARS = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"))
XML_ESCAPE_CHARS = (*HTML_ESCAPE_CHARS, ("'", "&apos;"))

#: The same to be undone, the ampersand last.
REV_HTML_ESCAPE_CHARS = list(HTML_ESCAPE_CHARS[::-1])
REV_XML_ESCAPE_CHARS = list(XML_ESCAPE_CHARS[::-1])


def escape(text: str, chars: Iterable[tuple[str, str]] = HTML_ESCAPE_CHARS) -> str:
    """
    Text in which characters that mean something are replaced.

    @param chars: pairs of those and of what stands for them; the ampersand comes first.
    """
    for plain, escaped in chars:
        text = text.replace(plain, escaped)
    return text


def unescape(text: str, chars: Iterable[tuple[str, str]] = REV_HTML_ESCAPE_CHARS) -> str:
    """Undo `escape`; the ampersand comes last."""
    for plain, escaped in chars:
        text = text.replace(escaped, plain)
    return text


class Sink:
    """Writes text to a stream, whether that takes text or bytes."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self._encodes: bool | None = None

    def write(self, text: str) -> None:
        """Write text, as UTF-8 if the stream takes bytes alone."""
        if self._encodes is None:
            try:
                self.stream.write("")
            except TypeError:
                self._encodes = True
            else:
                self._encodes = False
        self.stream.write(text.encode("utf-8") if self._encodes else text)


def sink(stream: Any) -> Sink:
    """A stream to which text can be written."""
    return stream if isinstance(stream, Sink) else Sink(stream)
