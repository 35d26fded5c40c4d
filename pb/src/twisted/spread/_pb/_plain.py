"""
Plain data straight to octets, and back: what jelly and Banana do in two steps, in one.

The octets are the same. What is no plain data (texts, octets, numbers, None, lists, tuples and
dicts), occurs twice, or has not come completely, is left to the two steps.
"""

from __future__ import annotations

import re
import struct
from typing import Any

from twisted.spread._banana._encoder import LIST_HEADS, STRING_HEADS, TEXT_HEADS, head, integer
from twisted.spread._banana._format import (
    FLOAT,
    LIST,
    PB_WORDS,
    SIZE_LIMIT,
    STRING,
    VOCAB,
    digits,
)

__all__ = [
    "CACHE_MESSAGE",
    "MESSAGE",
    "PLAIN",
    "WORDS",
    "Message",
    "NotPlain",
    "Ready",
    "message",
    "readFrame",
    "write",
]

#: The names of the types that are read here.
WORDS = frozenset((b"None", b"boolean", b"dictionary", b"list", b"tuple", b"unicode"))

_LIST, _INT, _STRING, _NEG, _FLOAT, _LONGINT, _LONGNEG, _VOCAB = range(0x80, 0x88)

_float = struct.Struct("!d")


def _word(name: bytes) -> bytes:
    return head(PB_WORDS[name], VOCAB)


_DICTIONARY, _TUPLE, _LISTED = _word(b"dictionary"), _word(b"tuple"), _word(b"list")
_NONE = LIST_HEADS[1] + _word(b"None")
_PAIR = LIST_HEADS[2]
_BOOLEAN = b"\x07\x82boolean"
_IS_TRUE, _IS_FALSE = _BOOLEAN + b"\x04\x82true", _BOOLEAN + b"\x05\x82false"
_TEXT = b"\x07\x82unicode"
_TRUE, _FALSE = _PAIR + _IS_TRUE, _PAIR + _IS_FALSE
_EMPTY = LIST_HEADS[1] + _DICTIONARY

_WORDS_BY_NUMBER = {number: word for word, number in PB_WORDS.items()}
_NUMBER_OF_NONE = PB_WORDS[b"None"]
_NUMBER_OF_DICTIONARY = PB_WORDS[b"dictionary"]
_NUMBER_OF_TUPLE = PB_WORDS[b"tuple"]
_NUMBER_OF_LIST = PB_WORDS[b"list"]

#: How many digits an integer has at most that is read here; the others have their limit elsewhere.
_DIGITS = 9


class NotPlain(Exception):
    """An object is no plain data."""


# To octets

#: Short texts that were keys, and their octets.
_keys: dict[str, bytes] = {}
_MOST_KEYS = 4096


def _text(text: str) -> bytes:
    """The octets of a text."""
    data = text.encode("utf-8", "surrogatepass")
    if data in PB_WORDS:
        return _PAIR + STRING_HEADS[7] + b"unicode" + _word(data)
    if len(data) < 128:
        return TEXT_HEADS[len(data)] + data
    return TEXT_HEADS[0][:-2] + _long(len(data), STRING) + data


def _long(size: int, kind: bytes) -> bytes:
    """
    The head of a string or a list that is not short.

    @raise NotPlain: it is too long; whoever is left with it says so.
    """
    if size > SIZE_LIMIT:
        raise NotPlain
    return digits(size) + kind


def _key(text: str) -> bytes:
    """The octets of a key that is a text, which is likely to come again, and of its pair."""
    made = _PAIR + _text(text)
    if len(text) <= 32:
        if len(_keys) >= _MOST_KEYS:
            _keys.clear()
        _keys[text] = made
    return made


def write(items: Any, out: list[bytes], seen: set[int], room: int) -> None:
    """
    Write objects.

    @param seen: the identities of the containers so far.
    @param room: how much deeper containers may be nested.
    @raise NotPlain: there is something that is left to others.
    """
    add = out.append
    for item in items:
        kind = type(item)
        if kind is str:
            add(_text(item))
        elif kind is int:
            add(integer(item, 64))
        elif kind is dict:
            if not item:
                add(_EMPTY)
                continue
            size = len(item) + 1
            _enter(item, seen, room)
            add((LIST_HEADS[size] if size < 128 else _long(size, LIST)) + _DICTIONARY)
            for key, value in item.items():
                if type(key) is str:
                    add(_keys.get(key) or _key(key))
                    write((value,), out, seen, room - 2)
                else:
                    add(_PAIR)
                    write((key, value), out, seen, room - 2)
        elif kind is list or kind is tuple:
            size = len(item) + 1
            _enter(item, seen, room)
            add(LIST_HEADS[size] if size < 128 else _long(size, LIST))
            add(_LISTED if kind is list else _TUPLE)
            write(item, out, seen, room - 1)
        elif item is None:
            add(_NONE)
        elif kind is bool:
            add(_TRUE if item else _FALSE)
        elif kind is float:
            add(FLOAT + _float.pack(item))
        elif kind is bytes and item not in PB_WORDS:
            size = len(item)
            add(STRING_HEADS[size] if size < 128 else _long(size, STRING))
            add(item)
        else:
            raise NotPlain


def _enter(item: Any, seen: set[int], room: int) -> None:
    """Begin with a container, which may hold others."""
    identity = id(item)
    if identity in seen or room < 3:
        raise NotPlain
    seen.add(identity)


def message(kind: bytes, number: int, target: Any, name: bytes, args: Any, kw: Any) -> bytes:
    """
    The octets of a message that wants an answer.

    @raise NotPlain: its arguments are left to others.
    """
    out = [b"\x07\x80", kind, integer(number, 64)]
    if type(target) is int:
        out.append(integer(target, 64))
    elif len(target) < 128 and target not in PB_WORDS:
        out += STRING_HEADS[len(target)], target
    else:
        raise NotPlain
    if len(name) > 127 or name in PB_WORDS:
        raise NotPlain
    out += STRING_HEADS[len(name)], name, b"\x01\x81"
    if args:
        write((args,), out, set(), 90)
    else:
        out.append(LIST_HEADS[1] + _TUPLE)
    if kw:
        write((kw,), out, set(), 90)
    else:
        out.append(_EMPTY)
    return b"".join(out)


MESSAGE, CACHE_MESSAGE = _word(b"message"), _word(b"cachemessage")
_ANSWER = b"\x03\x80" + _word(b"answer")

#: Types of results of which nothing has to be known but their octets.
PLAIN = frozenset((str, int, dict, list, tuple, type(None), bool, float, bytes))


class Ready:
    """A result in octets."""

    __slots__ = ("octets",)

    def __init__(self, result: Any) -> None:
        """
        @raise NotPlain: it is left to others.
        """
        out: list[bytes] = []
        write((result,), out, set(), 90)
        self.octets = out[0] if len(out) == 1 else b"".join(out)

    def answer(self, number: int) -> bytes:
        """The octets of an answer that has it. @param number: that of the request."""
        return b"%b%b%b" % (_ANSWER, integer(number, 64), self.octets)


# From octets

_frame = re.compile(
    # A message, the number of the request, the number or the name of the object, and the method.
    rb"\x07\x80\x1a\x87([\x00-\x7f]{1,5})\x81(?:([\x00-\x7f]{1,5})\x81|([\x00-\x7f])\x82)"
    # An answer, and the number of the request.
    rb"|\x03\x80\x1b\x87([\x00-\x7f]{1,5})\x81"
)


class Message:
    """A message that was read at once."""

    __slots__ = ("args", "kw", "name", "number", "target", "wanted")

    number: int
    target: Any
    name: bytes
    wanted: bool
    args: tuple[Any, ...]
    kw: dict[str, Any]


def _number(digits: bytes) -> int:
    if len(digits) == 1:
        return digits[0]
    value = 0
    for digit in reversed(digits):
        value = value << 7 | digit
    return value


def readFrame(data: bytes, at: int) -> tuple[int, Any] | None:
    """
    Read a message or an answer.

    @return: where it ends, and a `Message` or a tuple of the number and the result of an answer;
        None if it is left to others.
    """
    found = _frame.match(data, at)
    if found is None:
        return None
    try:
        request, target, size, answered = found.groups()
        at = found.end()
        if answered is not None:
            values, at = _items(data, at, _ONE, 96)
            return at, (_number(answered), values[0])
        read = Message()
        read.number = _number(request)
        if size is None:
            read.target = _number(target)
        else:
            stop = at + size[0]
            read.target = data[at:stop]
            at = stop
        stop = at + 2 + data[at]
        if data[at + 1] != _STRING or data[at] > 127:
            return None
        read.name = data[at + 2 : stop]
        # Whether an answer is wanted is a small integer.
        if data[stop + 1] != _INT:
            return None
        read.wanted = data[stop] != 0
        (args, kw), at = _items(data, stop + 2, _TWO, 96)
    except (IndexError, NotPlain, struct.error, UnicodeDecodeError, TypeError):
        # It is not complete, or wrong: whoever reads it in two steps says what is wrong.
        return None
    if type(args) is not tuple or type(kw) is not dict:
        return None
    read.args, read.kw = args, kw
    return at, read


_ONE, _TWO = (0,), (0, 0)


def _items(data: bytes, at: int, steps: Any, room: int) -> tuple[list[Any], int]:
    """
    Read objects.

    @param steps: for each of them, how many octets to skip: those of the head of a pair.
    @param room: how much deeper containers may be nested.
    @return: the objects, and where they end.
    """
    made: list[Any] = []
    add = made.append
    for step in steps:
        if step:
            if data[at] != 2 or data[at + 1] != _LIST:
                raise NotPlain
            at += 2
        value, kind = data[at], data[at + 1]
        at += 2
        if kind < 128 or value > 127:
            if value == _FLOAT:
                add(_float.unpack_from(data, at - 1)[0])
                at += 7
                continue
            value, kind, at = _head(data, at - 2)
        if kind == _LIST:
            if value == 2 and data.startswith(_TEXT, at):
                size, kind = data[at + 9], data[at + 10]
                at += 11
                if kind != _STRING or size > 127:
                    piece, at = _longText(data, at - 2)
                else:
                    piece = data[at : at + size]
                    if len(piece) != size:
                        raise IndexError
                    at += size
                add(str(piece, "utf-8"))
            else:
                item, at = _container(data, at, value, room)
                add(item)
        elif kind == _INT or kind == _LONGINT:
            add(value)
        elif kind == _STRING:
            piece = data[at : at + value]
            if len(piece) != value:
                raise IndexError
            add(piece)
            at += value
        elif kind == _NEG or kind == _LONGNEG:
            add(-value)
        else:
            raise NotPlain
    return made, at


def _longText(data: bytes, at: int) -> tuple[bytes, int]:
    """The octets of a text that is not short, or is one of the words."""
    size, kind, at = _head(data, at)
    if kind == _VOCAB and size in _WORDS_BY_NUMBER:
        return _WORDS_BY_NUMBER[size], at
    if kind != _STRING or size > len(data) - at:
        raise NotPlain
    return data[at : at + size], at + size


def _container(data: bytes, at: int, count: int, room: int) -> tuple[Any, int]:
    """What a list of some items stands for, and where it ends."""
    word, kind = data[at], data[at + 1]
    if kind != _VOCAB:
        if count == 2 and data.startswith(_IS_TRUE, at):
            return True, at + len(_IS_TRUE)
        if count == 2 and data.startswith(_IS_FALSE, at):
            return False, at + len(_IS_FALSE)
        raise NotPlain
    at += 2
    if word == _NUMBER_OF_NONE and count == 1:
        return None, at
    if count > len(data) - at + 1 or room < 2:
        raise NotPlain
    if word == _NUMBER_OF_DICTIONARY:
        items, at = _items(data, at, _PAIRS * (count - 1), room - 2)
        if count > _FEW and not _TOLD_APART.issuperset(map(type, items[::2])):
            raise NotPlain
        pairs = iter(items)
        return dict(zip(pairs, pairs, strict=True)), at
    if word == _NUMBER_OF_LIST:
        return _items(data, at, _ONE * (count - 1), room - 1)
    if word == _NUMBER_OF_TUPLE:
        items, at = _items(data, at, _ONE * (count - 1), room - 1)
        return tuple(items), at
    raise NotPlain


_PAIRS = (2, 0)

#: Types of keys that all have hashes of their own, or such as nobody foresees; the short integers
#: of this module, too. Others are looked at by jelly where there are more than a few.
_TOLD_APART = frozenset((str, bytes, int, float, bool, type(None)))
_FEW = 100


def _head(data: bytes, at: int) -> tuple[int, int, int]:
    """The number of an item of several digits, its kind, and where they end."""
    if data[at] > 127:
        raise NotPlain
    value = shift = 0
    for digit in data[at : at + _DIGITS]:
        at += 1
        if digit > 127:
            return value, digit, at
        value |= digit << shift
        shift += 7
    raise NotPlain
