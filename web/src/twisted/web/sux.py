"""
Streams of XML, or of what people call HTML: `XMLParser` calls a method for each piece of it.

Only what is there is told: entities are not resolved, documents need no end.  For text of others
that must be correct XML use the parsers of Python's library.
"""

from __future__ import annotations

import codecs
from typing import Any

from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web._markup import MAX_TOKEN_LENGTH, Kind, MarkupError, Token, Tokenizer

__all__ = ["ParseError", "XMLParser", "identChars", "lenientIdentChars"]

#: What may stand in names beside letters and digits, strictly and leniently.
identChars = ".-_:"
lenientIdentChars = identChars + ";+#/%~"

_MARKS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


class ParseError(Exception):
    """
    What came is no markup.

    @ivar filename: of what was read.
    @ivar line: where, counted from 1.
    @ivar col: likewise.
    @ivar message: what is wrong.
    """

    def __init__(self, filename: str, line: int, col: int, message: str) -> None:
        super().__init__(filename, line, col, message)
        self.filename = filename
        self.line = line
        self.col = col
        self.message = message

    def __str__(self) -> str:
        return f"{self.filename}:{self.line}:{self.col}: {self.message}"


class XMLParser(Protocol):
    """
    Calls methods, which a subclass overrides, for what it receives.

    Bytes are UTF-8, or UTF-16 with a mark before it.

    @cvar beExtremelyLenient: whether anything is read, as browsers do, rather than XML alone.
    @cvar filename: stands in errors.
    @cvar maxTokenLength: how many characters a comment, a document type or a CDATA section may
        have; longer text comes in pieces of this length.
    """

    beExtremelyLenient: bool | int = False
    filename = "<xml />"
    maxTokenLength = MAX_TOKEN_LENGTH
    encodings: str | None = None

    _tokens: Tokenizer | None = None
    _decoder: codecs.IncrementalDecoder | None = None
    _undecoded = b""

    def connectionMade(self) -> None:
        """Begin."""
        self._tokens = Tokenizer(bool(self.beExtremelyLenient), self.maxTokenLength)
        self._decoder = None
        self._undecoded = b""

    def saveMark(self) -> tuple[int, int]:
        """The line and the column of the last character that was read, counted from 1."""
        return (1, 0) if self._tokens is None else self._tokens.position()

    def dataReceived(self, data: bytes) -> None:
        """
        Take a piece.

        @raise ParseError: if it is no markup.
        """
        self._receive(data, False)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Nothing more comes: tell of what is left."""
        if self._tokens is not None:
            self._receive(b"", True)

    def _receive(self, data: bytes, last: bool) -> None:
        """Take a piece, and perhaps it is the last one."""
        if self._tokens is None:
            self.connectionMade()
        tokens = self._tokens
        assert tokens is not None
        try:
            text = self._decoded(data, last)
            for token in tokens.feed(text):
                self._got(token)
            if last:
                for token in tokens.end():
                    self._got(token)
        except MarkupError as problem:
            line, column = problem.line, problem.column
            raise ParseError(self.filename, line, column, problem.message) from None
        except UnicodeDecodeError as problem:
            line, column = self.saveMark()
            raise ParseError(self.filename, line, column, str(problem)) from None

    def _decoded(self, data: bytes, last: bool) -> str:
        """The text of bytes."""
        if self._decoder is None:
            data = self._undecoded + data
            if len(data) < 3 and not last:
                self._undecoded = data
                return ""
            encoding = _MARKS.get(data[:2], "utf-8")
            if encoding != "utf-8":
                data = data[2:]
            elif data.startswith(codecs.BOM_UTF8):
                data = data[3:]
            errors = "replace" if self.beExtremelyLenient else "strict"
            self._decoder = codecs.getincrementaldecoder(encoding)(errors)
        return self._decoder.decode(data, last)

    def _got(self, token: Token) -> None:
        """Tell of a token."""
        kind, value, attributes, closed = token
        if kind is Kind.START:
            self.gotTagStart(value, attributes)
            if closed:
                self.gotTagEnd(value)
        elif kind is Kind.END:
            self.gotTagEnd(value)
        elif kind is Kind.TEXT:
            self.gotText(value)
        elif kind is Kind.ENTITY:
            self.gotEntityReference(value)
        elif kind is Kind.COMMENT:
            self.gotComment(value)
        elif kind is Kind.CDATA:
            self.gotCData(value)
        else:
            self.gotDoctype(value)

    # What a subclass overrides

    def gotTagStart(self, name: str, attributes: dict[str, Any]) -> None:
        """
        An element begins.

        @param attributes: values, as they are written, by names.
        """

    def gotTagEnd(self, name: str) -> None:
        """An element ends."""

    def gotText(self, data: str) -> None:
        """There is text; it may come in several pieces."""

    def gotEntityReference(self, entityRef: str) -> None:
        """There is a reference to an entity, such as ``amp`` or ``#160``."""

    def gotComment(self, comment: str) -> None:
        """There is a comment."""

    def gotCData(self, cdata: str) -> None:
        """There is a CDATA section."""

    def gotDoctype(self, doctype: str) -> None:
        """There is a document type; this is what stands between ``<!DOCTYPE`` and ``>``."""
