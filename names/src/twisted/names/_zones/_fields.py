"""
Master files as fields: comments, parentheses, quotes and escapes (RFC 1035 §5.1).

A field keeps its escapes as they were written, since what a dot or a digit means behind a backslash
depends on what the field is used for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from twisted.names._zones._errors import ZoneFileError

__all__ = ["MOST_FIELD_OCTETS", "Entry", "Field", "entries"]

#: The longest field of a zone file, in octets as they are written.
MOST_FIELD_OCTETS = 300_000

# One step through a file.  A value in quotes may follow a sign of equality at once (RFC 9460 §2.1).
_TOKEN = re.compile(
    rb"""
    (?P<blank>[ \t]+)
  | (?P<end>\r?\n)
  | (?P<comment>;[^\n]*)
  | (?P<open>\()
  | (?P<close>\))
  | (?P<quoted>"(?:[^"\\\n]|\\[^\n])*")
  | (?P<bare>(?:[^\x00-\x20;()"\\\x7f]|\\[^\n])+(?:(?<==)"(?P<value>(?:[^"\\\n]|\\[^\n])*)")?)
    """,
    re.VERBOSE,
)


class Field(bytes):
    """
    A field as it was written, without its quotes.

    @ivar line: the number of its line, from 1.
    @ivar column: where it begins there, from 1.
    @ivar quoted: whether it was in quotes.
    """

    line: int
    column: int
    quoted: bool

    @classmethod
    def at(cls, value: bytes, line: int, column: int, quoted: bool = False) -> Field:
        """A field and its place."""
        self = cls(value)
        self.line = line
        self.column = column
        self.quoted = quoted
        return self

    @classmethod
    def of(cls, value: bytes) -> Field:
        """What has a place, or anything else as if it were a line of its own."""
        return value if isinstance(value, Field) else cls.at(value, 1, 1)


class Entry(list[Field]):
    """
    The fields of an entry: a directive, or a record.

    @ivar indented: whether blanks stood before the first one, which is then no owner.
    """

    indented: bool = False


def entries(text: bytes, file: str | None = None) -> Iterator[Entry]:
    """
    Split a master file.

    @param file: its name, for errors.
    @raise ZoneFileError: a quote or a parenthesis is not closed, or the like.
    """
    position = 3 if text.startswith(b"\xef\xbb\xbf") else 0
    begin, line = position, 1
    entry = Entry()
    # Where the parenthesis that is open was opened.
    opened: tuple[int, int] | None = None
    size = len(text)
    match = _TOKEN.match
    while position < size:
        found = match(text, position)
        column = position - begin + 1
        if found is None:
            raise ZoneFileError(_what_is_wrong(text, position), line, column, file)
        kind = found.lastgroup
        position = found.end()
        if kind == "bare" or kind == "quoted":
            value = found[0]
            if len(value) > MOST_FIELD_OCTETS:
                raise ZoneFileError("the field is too long", line, column, file)
            quoted = kind == "quoted" or found["value"] is not None
            if kind == "quoted":
                value = value[1:-1]
            elif quoted:
                value = text[found.start() : found.start("value") - 1] + found["value"]
            entry.append(Field.at(value, line, column, quoted))
        elif kind == "blank":
            if column == 1 and opened is None:
                entry.indented = True
        elif kind == "end":
            line += 1
            begin = position
            if opened is None:
                if entry:
                    yield entry
                entry = Entry()
        elif kind == "open":
            if opened is not None:
                raise ZoneFileError("a parenthesis is open already", line, column, file)
            opened = (line, column)
        elif kind == "close":
            if opened is None:
                raise ZoneFileError("no parenthesis is open", line, column, file)
            opened = None
    if opened is not None:
        raise ZoneFileError("the parenthesis is not closed", *opened, file)
    if entry:
        yield entry


def _what_is_wrong(text: bytes, position: int) -> str:
    """Say why there is no token."""
    octet = text[position]
    if octet == 0x22:
        return "the quote is not closed in its line"
    if octet == 0x5C:
        return "nothing follows the backslash"
    return f"there may be no control character ({octet:#04x})"
