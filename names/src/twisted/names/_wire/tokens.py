"""The words of the text form of records (RFC 1035 §5.1): escapes, quotes, a cursor over them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from twisted.names._wire.names import ends_in, joined, normal, undotted, wire_name

__all__ = [
    "TextError",
    "Token",
    "Tokens",
    "absolute",
    "name_text",
    "octets",
    "quoted",
    "relative",
    "split",
]


class TextError(ValueError):
    """
    Text is no record data.

    @ivar column: where, counted from one; 0 if that is not known.
    """

    def __init__(self, message: str, column: int = 0) -> None:
        super().__init__(message)
        self.column = column


class Token(NamedTuple):
    """
    One word.

    @ivar text: the word without quotes; escapes are as they were written.
    @ivar quoted: whether any of it stood in quotes.
    @ivar column: where it begins, counted from one.
    """

    text: str
    quoted: bool = False
    column: int = 0


# A word: pieces in quotes, escaped characters, and others but blanks, quotes and comments.
_WORD = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^\s"\\;()]|\\.)+', re.DOTALL)
_GAP = re.compile(r"[\s()]*(?:;[^\n]*[\s()]*)*")
_PIECE = re.compile(r'"((?:[^"\\]|\\.)*)"|((?:[^"\\]|\\.)+)', re.DOTALL)


def split(text: str) -> Iterator[Token]:
    """
    Split the text of one record into words; parentheses, line ends and comments are blanks.

    @raise TextError: at a quote that is not closed.
    """
    position = 0
    while True:
        gap = _GAP.match(text, position)
        position = gap.end() if gap else position
        if position == len(text):
            return
        word = _WORD.match(text, position)
        if word is None:
            raise TextError("a quote or an escape that does not end", position + 1)
        pieces = [(piece[1], piece[2]) for piece in _PIECE.finditer(word[0])]
        yield Token(
            "".join(inside if inside is not None else outside for inside, outside in pieces),
            any(inside is not None for inside, _ in pieces),
            position + 1,
        )
        position = word.end()


class Tokens:
    """A cursor over the words of record data."""

    def __init__(self, tokens: Iterable[Token]) -> None:
        self._tokens = list(tokens)
        self._next = 0

    @classmethod
    def of(cls, text: str) -> Tokens:
        """The words of a text."""
        return cls(split(text))

    def __len__(self) -> int:
        """How many words are left."""
        return len(self._tokens) - self._next

    @property
    def column(self) -> int:
        """Where the word before the cursor begins."""
        return self._tokens[self._next - 1].column if self._next else 0

    def next(self, what: str) -> Token:
        """
        The next word.

        @param what: what it should be, for the error if there is none.
        """
        if not len(self):
            raise TextError(f"{what} is missing", self.column)
        self._next += 1
        return self._tokens[self._next - 1]

    def rest(self) -> list[Token]:
        """All words that are left."""
        left = self._tokens[self._next :]
        self._next = len(self._tokens)
        return left

    def peek(self) -> str:
        """The text of the next word, or nothing."""
        return self._tokens[self._next].text if len(self) else ""

    def wrong(self, message: str) -> TextError:
        """An error at the word before the cursor."""
        return TextError(message, self.column)

    def number(self, what: str, most: int) -> int:
        """The next word as a decimal number from 0 to `most`."""
        text = self.next(what).text
        if not (text.isascii() and text.isdigit()) or len(text) > 20 or int(text) > most:
            raise self.wrong(f"{what} must be a number from 0 to {most}, not {text!r}")
        return int(text)

    def joined(self, what: str) -> str:
        """All words that are left, as one."""
        first = self.next(what).text
        return first + "".join(token.text for token in self.rest())

    def name(self, what: str, origin: bytes) -> bytes:
        """The next word as a name; a relative one is below the origin."""
        token = self.next(what)
        try:
            return absolute(token.text, origin)
        except ValueError as error:
            raise TextError(str(error), token.column) from None

    def end(self) -> None:
        """See that no word is left."""
        if len(self):
            token = self._tokens[self._next]
            raise TextError(f"{token.text!r} is too much", token.column)


_ESCAPE = re.compile(rb"\\(\d{3}|.?)", re.DOTALL)


def _unescaped(match: re.Match[bytes]) -> bytes:
    what = match[1]
    if len(what) < 3:
        return what
    if int(what) > 255:
        raise ValueError(f"\\{what.decode()} is no octet")
    return bytes((int(what),))


def octets(text: str) -> bytes:
    """
    What a word stands for: ``\\DDD`` is the octet with that number, ``\\x`` is x itself.

    @raise ValueError: if a number is over 255.
    """
    raw = text.encode()
    return _ESCAPE.sub(_unescaped, raw) if b"\\" in raw else raw


_PLAIN = {octet: chr(octet) for octet in range(0x20, 0x7F)}
_IN_QUOTES = [f"\\{chr(o)}" if o in b'"\\' else _PLAIN.get(o) or f"\\{o:03d}" for o in range(256)]
_IN_NAME = [
    f"\\{chr(o)}" if o in b'"();@$' else _PLAIN.get(o, "") if o != 0x20 else "" for o in range(256)
]
_IN_NAME = [shown or f"\\{o:03d}" for o, shown in enumerate(_IN_NAME)]


def quoted(data: bytes) -> str:
    """Octets as a quoted string."""
    return '"' + "".join([_IN_QUOTES[octet] for octet in data]) + '"'


def name_text(name: bytes) -> str:
    """A name as text that ends with a dot."""
    return "".join([_IN_NAME[octet] for octet in undotted(name)]) + "."


def relative(name: bytes, origin: bytes | None) -> str:
    """A name as text: without the origin if it is below that, else with a dot at its end."""
    if origin:
        if normal(name) == normal(origin):
            return "@"
        if ends_in(name, origin):
            return name_text(undotted(name)[: -len(undotted(origin)) - 1])[:-1]
    return name_text(name)


_LABEL = re.compile(r"((?:[^.\\]|\\.)*)(\.|$)", re.DOTALL)


def absolute(text: str, origin: bytes) -> bytes:
    """
    The name that text stands for: ``@`` is the origin, and what has no dot at its end is below it.

    @raise ValueError: if a label is empty or over 63 octets, or the name over 255.
    """
    if text == "@":
        return origin
    if text == ".":
        return b""
    if not text:
        raise ValueError("the name is empty")
    parts: list[bytes] = []
    position = 0
    while position < len(text):
        found = _LABEL.match(text, position)
        if found is None or not found[1]:
            raise ValueError(f"the name {text!r} has an empty label")
        label = octets(found[1]) if found[1].isascii() else found[1].encode("idna")
        if len(label) > 63:
            raise ValueError(f"a label of the name {text!r} has over 63 octets")
        parts.append(label)
        position = found.end()
        ended = bool(found[2])
    name = joined(parts)
    if not ended and origin:
        name += b"." + origin
    if len(name) > 253:
        # Raises if it is too long even without its escapes.
        wire_name(name)
    return name
