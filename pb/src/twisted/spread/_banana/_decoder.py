"""Octets to expressions, however the octets are split."""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from typing import Any

from twisted.spread._banana._format import BananaError, Limits, UnknownItem, UnknownWord

__all__ = ["Decoder", "number"]

_LIST, _INT, _STRING, _NEG, _FLOAT, _LONGINT, _LONGNEG, _VOCAB = range(0x80, 0x88)

#: What precedes the length of a text, behind the head of its list.
_TEXT = b"\x07\x82unicode"

_kind = re.compile(b"[\x80-\xff]")
_float = struct.Struct("!d").unpack_from


def number(digits: bytes) -> int:
    """The number that is written in base 128, its least digit first."""
    value = 0
    for digit in reversed(digits):
        value = value << 7 | digit
    return value


class Decoder:
    """
    Reads expressions.

    What has come of one that is not complete is kept: the lists that are open, and the octets of an
    item. No octet is looked at twice but those of an item's head.

    @ivar words: the words of the dialect by their numbers, or None if it has none.
    """

    def __init__(self, words: Mapping[int, bytes] | None = None, limits: Limits | None = None):
        self.words = words
        self.limits = Limits() if limits is None else limits
        self.clear()

    def clear(self) -> None:
        """Forget what has come of an expression that is not complete."""
        self.data = b""
        self.at = 0
        self._pieces: list[bytes] = []
        self._kept = 0
        self._need = 0
        self._open: list[tuple[list[Any], int]] = []
        self._current: list[Any] = []
        self._left = 0
        self._items = 0
        self._octets = 0

    @property
    def amid(self) -> bool:
        """Whether lists are open, or much is missing of an item: `read` has to go on."""
        return bool(self._left or self._need)

    @property
    def waiting(self) -> bool:
        """Whether an expression has begun and is not complete."""
        return bool(self._left or self._kept or self.at < len(self.data))

    @property
    def rest(self) -> bytes:
        """What has come of an item that is not complete."""
        return b"".join(self._pieces) or self.data[self.at :]

    def feed(self, data: bytes) -> None:
        """Take octets."""
        if self._need:
            # An item that is long is put together once, when it is complete.
            self._pieces.append(data)
            self._kept += len(data)
            if self._kept < self._need:
                return
            data = b"".join(self._pieces)
            self._pieces.clear()
            self._kept = self._need = 0
        elif self.at < len(self.data):
            data = self.data[self.at :] + data
        self.data = data
        self.at = 0

    def read(self) -> list[Any]:
        """
        The next expression, in a list; an empty list if it is not complete.

        @raise BananaError: it is none, or exceeds a limit. What has come is forgotten then.
        """
        if self.at == len(self.data):
            return []
        try:
            return self._read(self.data)
        except BaseException:
            self.clear()
            raise

    def _read(self, data: bytes) -> list[Any]:
        """Read items until the expression is complete or the octets end."""
        limits = self.limits
        words, opened, items = self.words, self._open, self._items
        size, most, deepest = limits.size, limits.items, limits.nesting
        current, left, at = self._current, self._left or 1, self.at
        first, end = at, len(data)
        start = at
        item: Any
        try:
            while True:
                start = at
                value = kind = data[at]
                at += 1
                if value > 127:
                    value = 0
                else:
                    kind = data[at]
                    at += 1
                    if kind < 128:
                        value, kind, at = self._long(data, start)
                if kind == _LIST:
                    if (
                        value == 2
                        and data.startswith(_TEXT, at)
                        and data[at + 10] == _STRING
                        and (stop := at + 11 + data[at + 9]) <= end
                        and data[at + 9] < 128
                    ):
                        item = [b"unicode", data[at + 11 : stop]]
                        at = stop
                    else:
                        item = []
                        if value:
                            items += value
                            if value > size or items > most or len(opened) >= deepest:
                                self._refuse(value)
                            current.append(item)
                            opened.append((current, left - 1))
                            current, left = item, value
                            continue
                elif kind == _STRING:
                    stop = at + value
                    if stop > end or value > size:
                        self._lack(value, stop - start)
                    item = data[at:stop]
                    at = stop
                elif kind == _VOCAB and words is not None and value in words:
                    item = words[value]
                elif kind == _INT:
                    item = value
                else:
                    item = self._other(value, kind, data, at)
                    at += 8 if kind == _FLOAT else 0
                current.append(item)
                left -= 1
                while not left and opened:
                    current, left = opened.pop()
                if not left:
                    break
        except IndexError:
            self._items = items
            self._suspend(current, left, data, start, first)
            return []
        self.at = at
        self._current, self._left, self._items, self._octets = [], 0, 0, 0
        return current

    def _suspend(self, current: list[Any], left: int, data: bytes, at: int, first: int) -> None:
        """The octets end before the expression does: keep what there is of it."""
        self._current, self._left, self.at = current, left, at
        self._octets += at - first
        if self._octets + max(self._need, len(data) - at) > self.limits.octets:
            raise BananaError(f"an expression of more than {self.limits.octets} octets")
        if self._need:
            self._pieces.append(data[at:])
            self._kept = len(data) - at
            self.data, self.at = b"", 0

    def _long(self, data: bytes, start: int) -> tuple[int, int, int]:
        """The number of an item of more than one octet, its kind, and where they end."""
        most = self.limits.prefix
        found = _kind.search(data, start, start + most + 1)
        if found is None:
            if len(data) - start > most:
                raise BananaError(f"a number of more than {most} octets")
            raise IndexError
        at = found.end()
        return number(data[start : at - 1]), data[at - 1], at

    def _refuse(self, count: int) -> None:
        """
        A list begins that exceeds a limit.

        @raise BananaError: always.
        """
        limits = self.limits
        if count > limits.size:
            raise BananaError(f"a list of {count} is too long")
        if len(self._open) >= limits.nesting:
            raise BananaError(f"lists are nested more than {limits.nesting} deep")
        raise BananaError(f"an expression of more than {limits.items} items")

    def _lack(self, size: int, need: int) -> None:
        """A string is too long, or has not come completely."""
        if size > self.limits.size:
            raise BananaError(f"a string of {size} is too long")
        self._need = need
        raise IndexError

    def _other(self, value: int, kind: int, data: bytes, at: int) -> Any:
        """An item of the rarer kinds."""
        if kind == _FLOAT:
            if at + 8 > len(data):
                raise IndexError
            return _float(data, at)[0]
        if kind == _LONGINT:
            return value
        if kind == _NEG or kind == _LONGNEG:
            return -value
        if kind != _VOCAB:
            raise UnknownItem(f"no item is of the kind {kind:#x}")
        if self.words is None:
            raise UnknownItem(f"the word {value} came, but no dialect with words was agreed on")
        raise UnknownWord(f"no word has the number {value}")
