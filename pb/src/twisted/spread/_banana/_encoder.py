"""Expressions to octets."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

from twisted.python.reflect import qual
from twisted.spread._banana._format import (
    FLOAT,
    INT,
    LIST,
    LONGINT,
    LONGNEG,
    NEG,
    STRING,
    VOCAB,
    BananaError,
    Limits,
    digits,
)

__all__ = ["LIST_HEADS", "STRING_HEADS", "TEXT_HEADS", "Encoder", "head", "integer"]

#: The heads of short lists, strings and texts (lists of the word ``unicode`` and a string), and
#: small integers, as they occur the most.
LIST_HEADS = tuple(bytes((number,)) + LIST for number in range(128))
STRING_HEADS = tuple(bytes((number,)) + STRING for number in range(128))
TEXT_HEADS = tuple(b"\x02\x80\x07\x82unicode" + head for head in STRING_HEADS)
_INTEGERS = tuple(bytes((number,)) + INT for number in range(128))

_LARGEST_INT = 2**31 - 1
_SMALLEST_INT = -(2**31)

_float = struct.Struct("!d").pack


def head(number: int, kind: bytes) -> bytes:
    """The number of an item and its kind."""
    return digits(number) + kind


def integer(number: int, prefix: int) -> bytes:
    """
    An integer.

    @param prefix: how many octets its number may have.
    @raise BananaError: it has more.
    """
    if number >= 0:
        if number < 128:
            return _INTEGERS[number]
        kind = INT if number <= _LARGEST_INT else LONGINT
    else:
        kind = NEG if number >= _SMALLEST_INT else LONGNEG
        number = -number
    if number.bit_length() > 7 * prefix:
        raise BananaError(f"an integer of {number.bit_length()} bits is too large to be sent")
    return digits(number) + kind


class Encoder:
    """
    Writes expressions: integers, floats, octets, and lists and tuples of them.

    @ivar words: for each word of the dialect, its octets; C{unicode} is none in any.
    """

    def __init__(self, words: Mapping[bytes, int] | None = None, limits: Limits | None = None):
        self.words = {word: head(number, VOCAB) for word, number in (words or {}).items()}
        self.limits = Limits() if limits is None else limits

    def encode(self, expression: Any) -> bytes:
        """
        The octets of an expression.

        @raise BananaError: it holds something that cannot be sent, or exceeds a limit.
        """
        out: list[bytes] = []
        self._write((expression,), out, self.limits.nesting)
        return b"".join(out)

    def _write(self, items: Any, out: list[bytes], room: int) -> None:
        """Write the items of a list. @param room: how much deeper lists may be nested."""
        add = out.append
        words = self.words
        for item in items:
            kind = type(item)
            if kind is list or kind is tuple:
                size = len(item)
                if size == 2:
                    word, text = item
                    if (
                        word == b"unicode"
                        and type(text) is bytes
                        and len(text) < 128
                        and text not in words
                    ):
                        add(TEXT_HEADS[len(text)])
                        add(text)
                        continue
                if not room:
                    raise BananaError(f"lists are nested more than {self.limits.nesting} deep")
                add(LIST_HEADS[size] if size < 128 else self._head(item, LIST))
                self._write(item, out, room - 1)
            elif kind is bytes:
                if item in words:
                    add(words[item])
                    continue
                size = len(item)
                add(STRING_HEADS[size] if size < 128 else self._head(item, STRING))
                add(item)
            elif kind is int and 0 <= item < 128:
                add(_INTEGERS[item])
            elif kind is float:
                add(FLOAT)
                add(_float(item))
            elif isinstance(item, int):
                add(integer(int(item), self.limits.prefix))
            else:
                self._writeOther(item, out, room)

    def _writeOther(self, item: Any, out: list[bytes], room: int) -> None:
        """Write an object of a subclass of what can be sent."""
        if isinstance(item, bytes):
            self._write((bytes(item),), out, room)
        elif isinstance(item, (list, tuple)):
            self._write((list(item),), out, room)
        elif isinstance(item, float):
            self._write((float(item),), out, room)
        else:
            raise BananaError(f"Banana cannot send {qual(type(item))} objects: {item!r}")

    def _head(self, item: Any, kind: bytes) -> bytes:
        """The head of a string or a list that is not short."""
        if len(item) > self.limits.size:
            what = "a list" if kind is LIST else "a string"
            raise BananaError(f"{what} of {len(item)} is too long to be sent")
        return digits(len(item)) + kind
