"""Names, texts and questions: what messages and records are made of."""

from __future__ import annotations

from functools import partial
from io import BytesIO
from secrets import randbits
from struct import Struct
from typing import IO

from zope.interface import implementer

from twisted.names._dns.constants import (
    EXT_QUERIES,
    IN,
    QUERY_CLASSES,
    QUERY_TYPES,
    A,
)
from twisted.names._dns.interfaces import IEncodable
from twisted.names._wire.errors import EndOfData
from twisted.names._wire.names import (
    MOST_CHAINED,
    MOST_HOPS,
    Memo,
    ends_in,
    labels,
    normal,
    read_name,
    write_name,
)

__all__ = [
    "HEADER_SIZE",
    "Charstr",
    "Name",
    "Query",
    "TTL",
    "className",
    "domainString",
    "isSubdomainOf",
    "nameToLabels",
    "ord2bytes",
    "randomSource",
    "readPrecisely",
    "str2time",
    "typeName",
    "whole",
]

#: The octets of the header of a message, which the offsets of names count.
HEADER_SIZE = 12

#: How programs may give a time to live: seconds, or text as in ``"2H"``.
TTL = int | float | str | bytes | None

#: A random number of 16 bits, which nobody can guess.
randomSource = partial(randbits, 16)

_UNITS = {
    "S": 1,
    "M": 60,
    "H": 3600,
    "D": 86400,
    "W": 604800,
    "Y": 31536000,
}


def str2time(s: TTL) -> int | None:
    """
    Seconds from text such as ``"10S"``, ``"5M"``, ``"2H"``, ``"1D"``, ``"1W"`` or ``"1Y"``.

    What is no text is given back.

    @raise ValueError: if the text is nothing of that.
    """
    if isinstance(s, bytes):
        s = s.decode("ascii")
    if not isinstance(s, str):
        return s  # type: ignore[return-value]
    unit = s[-1:].upper()
    if unit in _UNITS:
        return int(float(s[:-1]) * _UNITS[unit])
    try:
        return int(s)
    except ValueError:
        raise ValueError(f"Invalid time interval specifier: {s}") from None


def domainString(domain: str | bytes) -> bytes:
    """
    A domain name as bytes; what is not ASCII is encoded with IDNA.

    @raise TypeError: if it is neither text nor bytes.
    """
    if isinstance(domain, bytes):
        return domain
    if not isinstance(domain, str):
        raise TypeError(f"{domain!r} is neither bytes nor str")
    return domain.encode("ascii" if domain.isascii() else "idna")


def ord2bytes(ordinal: int) -> bytes:
    """The octet with a number."""
    return bytes((ordinal,))


def nameToLabels(name: bytes) -> list[bytes]:
    """The labels of a name, the empty one of the root last."""
    return [*labels(name), b""]


def isSubdomainOf(descendantName: bytes, ancestorName: bytes) -> bool:
    """Is a name another one, or below it?"""
    return ends_in(descendantName, ancestorName)


def typeName(number: int) -> str:
    """What a type is called in messages for people."""
    return QUERY_TYPES.get(number) or EXT_QUERIES.get(number) or f"UNKNOWN ({number})"


def className(number: int) -> str:
    """What a class is called in messages for people."""
    return QUERY_CLASSES.get(number) or f"UNKNOWN ({number})"


def whole(strio: IO[bytes]) -> bytes:
    """All that a binary file holds; its position stays."""
    if isinstance(strio, BytesIO):
        return strio.getvalue()
    position = strio.tell()
    strio.seek(0)
    data = strio.read()
    strio.seek(position)
    return data


def readPrecisely(file: IO[bytes], l: int) -> bytes:  # noqa: E741
    """
    Read a number of octets from a file.

    @raise EOFError: if there are less.
    """
    data = file.read(l)
    if len(data) != l:
        raise EndOfData(f"the message ends {l - len(data)} octets early")
    return data


@implementer(IEncodable)
class Name:
    """
    A domain name.

    @ivar name: it as bytes, with dots; upper and lower case as they were given or received.
    @cvar maxCompressionPointers: how many pointers may be followed to read it.
    """

    __module__ = "twisted.names.dns"

    maxCompressionPointers = MOST_CHAINED

    def __init__(self, name: str | bytes = b"") -> None:
        """
        @raise TypeError: if the name is neither text nor bytes.
        """
        self.name = domainString(name)

    @classmethod
    def of(cls, text: bytes) -> Name:
        """A name from bytes that are known to be well-formed."""
        self = cls.__new__(cls)
        self.name = text
        return self

    def encode(self, strio: IO[bytes], compDict: dict[bytes, int] | None = None) -> None:
        """Write the labels of the name."""
        strio.write(write_name(self.name, strio.tell() + HEADER_SIZE, compDict))

    def decode(self, strio: IO[bytes], length: int | None = None) -> None:
        """
        Take the name from what the stream stands at.

        @raise DNSDecodeError: if that is none.
        """
        memo = Memo(min(self.maxCompressionPointers, MOST_HOPS))
        self.name, at = read_name(whole(strio), strio.tell(), memo)
        strio.seek(at)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Name):
            mine, theirs = self.name, other.name
            return mine == theirs or normal(mine) == normal(theirs)
        return NotImplemented

    def __hash__(self) -> int:
        return hash(normal(self.name))

    def __str__(self) -> str:
        """The name as text; octets that are not ASCII are shown with a backslash."""
        return self.name.decode("ascii", "backslashreplace")


@implementer(IEncodable)
class Charstr:
    """A text of up to 255 octets."""

    __module__ = "twisted.names.dns"

    def __init__(self, string: bytes = b"") -> None:
        """
        @raise ValueError: if the text is not bytes.
        """
        if not isinstance(string, bytes):
            raise ValueError(f"{string!r} is not a byte string")
        self.string = string

    def encode(self, strio: IO[bytes], compDict: dict[bytes, int] | None = None) -> None:
        """
        Write the length and the text.

        @raise ValueError: if it is too long.
        """
        if len(self.string) > 255:
            raise ValueError(f"a text of {len(self.string)} octets is too long")
        strio.write(bytes((len(self.string),)) + self.string)

    def decode(self, strio: IO[bytes], length: int | None = None) -> None:
        """
        Take the text from what the stream stands at.

        @raise EOFError: if the stream ends early.
        """
        self.string = readPrecisely(strio, readPrecisely(strio, 1)[0])

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Charstr):
            return self.string == other.string
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self.string)

    def __str__(self) -> str:
        return self.string.decode("ascii", "backslashreplace")


_question = Struct("!HH")


@implementer(IEncodable)
class Query:
    """
    A question.

    @ivar name: the `Name` that is asked for.
    @ivar type: the type of the records.
    @ivar cls: their class.
    """

    __module__ = "twisted.names.dns"

    def __init__(self, name: str | bytes = b"", type: int = A, cls: int = IN) -> None:
        self.name = Name(name)
        self.type = type
        self.cls = cls

    @classmethod
    def of(cls, name: bytes, type: int, klass: int) -> Query:
        """A question about a name that is known to be well-formed."""
        self = cls.__new__(cls)
        self.name = Name.of(name)
        self.type = type
        self.cls = klass
        return self

    def encode(self, strio: IO[bytes], compDict: dict[bytes, int] | None = None) -> None:
        """Write the question."""
        self.name.encode(strio, compDict)
        strio.write(_question.pack(self.type, self.cls))

    def decode(self, strio: IO[bytes], length: int | None = None) -> None:
        """
        Take the question from what the stream stands at.

        @raise DNSDecodeError: if that is none.
        """
        self.name.decode(strio)
        self.type, self.cls = _question.unpack(readPrecisely(strio, 4))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Query):
            return (self.name, self.type, self.cls) == (other.name, other.type, other.cls)
        return NotImplemented

    def __hash__(self) -> int:
        return hash((self.name, self.type, self.cls))

    def __str__(self) -> str:
        return f"<Query {self.name} {typeName(self.type)} {className(self.cls)}>"

    def __repr__(self) -> str:
        return f"Query({self.name.name!r}, {self.type!r}, {self.cls!r})"
