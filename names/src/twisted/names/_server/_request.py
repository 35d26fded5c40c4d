"""Requests as bytes: what a server needs to know of them (RFC 1035 §4.1, RFC 6891)."""

from __future__ import annotations

from struct import Struct
from struct import error as StructError
from typing import NamedTuple

from twisted.names._wire.errors import DNSDecodeError
from twisted.names._wire.names import (
    MOST_OCTETS,
    MOST_OCTETS_OF_LABEL,
    Memo,
    joined,
    read_name,
)

__all__ = ["HEADER", "Edns", "Malformed", "Request", "Section", "readRequest"]

HEADER = Struct("!HHHHHH")
_QUESTION = Struct("!HH")
_RECORD = Struct("!HHIH")

_OPT = 41

#: Bits of the second word of the header.
IS_ANSWER = 0x8000
OPCODE = 0x7800
RECURSION_DESIRED = 0x0100


class Malformed(Exception):
    """
    A request is not well-formed.

    @ivar head: the identifier and the flags if it has that much, which is worth an answer.
    """

    def __init__(self, head: tuple[int, int] | None) -> None:
        Exception.__init__(self)
        self.head = head


class Edns(NamedTuple):
    """
    What a request says of its sender (RFC 6891 §6.1).

    @ivar size: how many octets of UDP it takes.
    @ivar version: of EDNS.
    @ivar secure: whether it wants records of DNSSEC.
    """

    size: int
    version: int
    secure: bool


class Section(NamedTuple):
    """A record of a request: its owner, its type, and where its data is in the message."""

    name: bytes
    type: int
    begin: int
    end: int


class Request(NamedTuple):
    """
    A request of one question.

    @ivar question: the question as it came, upper and lower case included.
    @ivar name: what it asks for, in lower case.
    @ivar records: all records but that of EDNS.
    """

    data: bytes
    id: int
    flags: int
    question: bytes
    name: bytes
    type: int
    cls: int
    edns: Edns | None
    records: tuple[Section, ...]

    @property
    def opcode(self) -> int:
        """What is asked to be done."""
        return (self.flags & OPCODE) >> 11

    @property
    def secure(self) -> bool:
        """Whether signatures and proofs are wanted (RFC 3225)."""
        return self.edns is not None and self.edns.secure


def readRequest(data: bytes) -> Request | None:
    """
    Read a request.

    @return: None for what is an answer itself, or too short to be anything.
    @raise Malformed: it is wrong.
    """
    if len(data) < HEADER.size:
        return None
    identifier, flags, questions, *counts = HEADER.unpack_from(data)
    if flags & IS_ANSWER:
        return None
    if questions != 1:
        raise Malformed((identifier, flags))
    try:
        name, at = _readName(data)
        kind, cls = _QUESTION.unpack_from(data, at)
        at += _QUESTION.size
        edns, records = _read(data, at, sum(counts)) if any(counts) else (None, ())
    except (DNSDecodeError, IndexError, StructError):
        raise Malformed((identifier, flags)) from None
    question = data[HEADER.size : at]
    return Request(data, identifier, flags, question, name, kind, cls, edns, records)


def _readName(data: bytes) -> tuple[bytes, int]:
    """
    Read the name of the question, in lower case, and where it ends.

    @raise IndexError: it is cut off.
    @raise DNSDecodeError: it is too long, or has a pointer, which could only lead into the header.
    """
    at = HEADER.size
    parts: list[bytes] = []
    while length := data[at]:
        if length > MOST_OCTETS_OF_LABEL:
            raise DNSDecodeError("there may be no pointer in the question")
        begin = at + 1
        at = begin + length
        parts.append(data[begin:at])
    if at - HEADER.size >= MOST_OCTETS:
        raise DNSDecodeError("the name is too long")
    name = b".".join(parts)
    if b"\\" in name or name.count(b".") >= len(parts) > 0:
        name = joined(parts)
    return name.lower(), at + 1


def _read(data: bytes, at: int, count: int) -> tuple[Edns | None, tuple[Section, ...]]:
    """Read the records behind the question."""
    edns: Edns | None = None
    records: list[Section] = []
    memo = Memo()
    for _ in range(count):
        name, at = (b"", at + 1) if not data[at] else read_name(data, at, memo)
        if at + _RECORD.size > len(data):
            raise DNSDecodeError("a record is cut off")
        kind, cls, ttl, length = _RECORD.unpack_from(data, at)
        at += _RECORD.size
        if at + length > len(data):
            raise DNSDecodeError("the data of a record is cut off")
        if kind != _OPT:
            records.append(Section(name, kind, at, at + length))
        elif edns is not None or name:
            raise DNSDecodeError("there may be one OPT, and it belongs to the root")
        else:
            edns = Edns(max(cls, 512), ttl >> 16 & 0xFF, bool(ttl & 0x8000))
        at += length
    return edns, tuple(records)
