"""
What Banana is made of.

An item is a number in base 128, its least digit first, with the top bit of each octet clear; then
an octet with the top bit set, which tells the kind; then, for strings and floats, what belongs to
them. The number is a length, a count, a value or the index of a word.
"""

from __future__ import annotations

__all__ = [
    "FLOAT",
    "HIGH_BIT_SET",
    "INT",
    "LIST",
    "LONGINT",
    "LONGNEG",
    "NEG",
    "PB_WORDS",
    "SIZE_LIMIT",
    "STRING",
    "VOCAB",
    "BananaError",
    "Limits",
    "UnknownItem",
    "UnknownWord",
    "digits",
]

HIGH_BIT_SET = b"\x80"
LIST = b"\x80"
INT = b"\x81"
STRING = b"\x82"
NEG = b"\x83"
FLOAT = b"\x84"
LONGINT = b"\x85"
LONGNEG = b"\x86"
VOCAB = b"\x87"

#: How long a string, and a list, may be.
SIZE_LIMIT = 640 * 1024

#: The words that the dialect ``pb`` has numbers for.
PB_WORDS: dict[bytes, int] = {
    word: number
    for number, word in enumerate(
        b"None class dereference reference dictionary function instance list module persistent"
        b" tuple unpersistable copy cache cached remote local lcache version login password"
        b" challenge logged_in not_logged_in cachemessage message answer error decref decache"
        b" uncache".split(),
        1,
    )
}


class BananaError(Exception):
    """Octets that are no Banana or exceed a limit, or an object that Banana cannot carry."""

    __module__ = "twisted.spread.banana"


class UnknownItem(BananaError, NotImplementedError):
    """An item of a kind that there is not, or a word while no dialect has any."""

    __module__ = "twisted.spread.banana"


class UnknownWord(BananaError, KeyError):
    """A number that the dialect has no word for."""

    __module__ = "twisted.spread.banana"

    __str__ = Exception.__str__


class Limits:
    """
    How much is read, and written.

    @ivar prefix: octets of a number, so that an integer has seven times as many bits.
    @ivar size: octets of a string, and items of a list.
    @ivar nesting: lists within each other.
    @ivar items: items of an expression in all.
    @ivar octets: octets of an expression in all.
    """

    __slots__ = ("items", "nesting", "octets", "prefix", "size")

    def __init__(
        self,
        prefix: int = 64,
        size: int = SIZE_LIMIT,
        nesting: int = 100,
        items: int = SIZE_LIMIT,
        octets: int = 16 * 2**20,
    ) -> None:
        self.prefix = prefix
        self.size = size
        self.nesting = nesting
        self.items = items
        self.octets = octets


def digits(number: int) -> bytes:
    """A number from 0 on in base 128, its least digit first."""
    if number < 128:
        return bytes((number,))
    if number < 1 << 14:
        return bytes((number & 127, number >> 7))
    made = bytearray()
    while number:
        made.append(number & 127)
        number >>= 7
    return bytes(made)
