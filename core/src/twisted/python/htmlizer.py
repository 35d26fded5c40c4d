"""Python's source as HTML, each token in a C{span} with the class C{py-src-...}."""

from __future__ import annotations

import html
import keyword
import sys
import tokenize
from collections.abc import Callable
from typing import IO, ClassVar

__all__ = ["HTMLWriter", "SmallerHTMLWriter", "TokenPrinter", "filter", "main"]

_Write = Callable[[bytes], object]


class TokenPrinter:
    """
    Writes tokens, and what stands between them.

    @ivar currentCol: the column where the last token ended.
    @ivar currentLine: its line; 0 before the first.
    @ivar lastIdentifier: C{True} after C{def} or C{class}, 1 after the name behind that.
    @ivar parameters: whether the parameters of a function are being written.
    @ivar encoding: that of the source.
    """

    currentCol = 0
    currentLine = 0
    lastIdentifier: bool | int = 0
    parameters: bool | int = 0
    encoding: str | None = None

    def __init__(self, writer: Callable[..., object]) -> None:
        """
        @param writer: called with a text in bytes, and with its kind if it is a token.
        """
        self.writer = writer
        # The line that the last token stands in.
        self._rest = ""

    def printtoken(
        self,
        type: int,
        token: bytes,
        sCoordinates: tuple[int, int],
        eCoordinates: tuple[int, int],
        line: bytes,
    ) -> None:
        """
        Write a token.

        @param type: what `tokenize` says it is.
        @param sCoordinates: line and column of its beginning, in characters.
        @param eCoordinates: those of its end.
        @param line: the line that it stands in.
        """
        if type == tokenize.ENCODING:
            self.encoding = token.decode()
            return
        row, column = sCoordinates
        if self.currentLine < row:
            # A line ended with a backslash, which is no token.
            self.writer(self._rest[self.currentCol :].encode(self.encoding or "utf-8"))
            self.currentCol = 0
        text = line.decode(self.encoding or "utf-8")
        self.writer(text[self.currentCol : column].encode(self.encoding or "utf-8"))
        self.writer(token, self._kind(type, token))
        self.currentLine, self.currentCol = eCoordinates
        self._rest = text.splitlines(True)[-1] if text else ""
        if token.endswith(b"\n"):
            self.currentLine, self.currentCol = self.currentLine + 1, 0
            self._rest = ""

    def _kind(self, type: int, token: bytes) -> str:
        """What a token is called, with an eye on those before it."""
        if token in (b":", b"="):
            self.parameters = self.parameters and token == b"="
        elif token == b")":
            self.parameters = 0
        elif token == b"(" and self.lastIdentifier:
            self.parameters = 1
        if type != tokenize.NAME:
            self.lastIdentifier = 0
            kind = tokenize.tok_name[type].lower()
            return "string" if kind.startswith(("fstring", "tstring")) else kind
        if keyword.iskeyword(token.decode()):
            self.lastIdentifier = token in (b"def", b"class")
            return "keyword"
        if self.lastIdentifier is True:
            self.lastIdentifier = 1
            return "identifier"
        return "parameter" if self.parameters else "variable"


class HTMLWriter:
    """
    Writes texts as HTML.

    @cvar noSpan: the kinds of tokens that are written without a C{span}.
    """

    noSpan: ClassVar[list[str]] = []

    def __init__(self, writer: _Write) -> None:
        """
        @param writer: called with HTML in bytes.
        """
        self.writer = writer

    def write(self, token: bytes, type: str | None = None) -> None:
        """
        Write a text.

        @param type: what kind of token it is; None for none.
        """
        text = html.escape(token.decode(), quote=False).encode()
        if type is None or type in self.noSpan:
            self.writer(text)
        else:
            self.writer(b'<span class="py-src-' + type.encode() + b'">' + text + b"</span>")


class SmallerHTMLWriter(HTMLWriter):
    """Writes less: no C{span} around what nobody colours."""

    noSpan: ClassVar[list[str]] = ["endmarker", "indent", "dedent", "op", "newline", "nl"]


def filter(inp: IO[bytes], out: IO[bytes], writer: type[HTMLWriter] = HTMLWriter) -> None:
    """
    Turn source into HTML in UTF-8, in a C{pre} element.

    @param inp: the source.
    @param out: takes the HTML.
    @raise tokenize.TokenError: if it ends within something.
    @raise SyntaxError: if it cannot be decoded.
    """
    out.write(b"<pre>")
    printer = TokenPrinter(writer(out.write).write)
    printer.encoding = "utf-8"
    for token in tokenize.tokenize(inp.readline):
        if token.type != tokenize.ENCODING:
            text, line = token.string.encode(), token.line.encode()
            printer.printtoken(token.type, text, token.start, token.end, line)
    out.write(b"</pre>\n")


def main() -> None:
    """Turn the file that the command line names into HTML on the standard output."""
    with open(sys.argv[1], "rb") as source:
        filter(source, sys.stdout.buffer)


if __name__ == "__main__":
    main()
