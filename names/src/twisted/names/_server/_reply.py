"""Replies as bytes: sections, compressed names, what fits, and EDNS (RFC 1035 §4.1, RFC 6891)."""

from __future__ import annotations

from collections.abc import Iterable
from struct import Struct

from twisted.names._server._request import HEADER, OPCODE, RECURSION_DESIRED, Request
from twisted.names._wire.names import wire_name, write_name
from twisted.names._zones._answers import RR, Answer
from twisted.names._zones._records import rdata

__all__ = [
    "TRUNCATED",
    "Writer",
    "offsetOf",
    "refusal",
    "truncated",
    "writeReply",
    "writeTruncated",
]

_RECORD = Struct("!HHIH")

_ANSWER = 0x8000
AUTHORITATIVE = 0x0400
TRUNCATED = 0x0200
RECURSION_AVAILABLE = 0x0080

#: Flags of requests that replies have, too.
_KEPT = OPCODE | RECURSION_DESIRED

_IN = 1

#: A pointer to the name in the question.
_QUESTION_NAME = (0xC000 | HEADER.size).to_bytes(2, "big")


class Writer:
    """
    Writes a reply to a request.

    @ivar out: the octets so far, the header among them.
    @ivar limit: how many there may be.
    """

    def __init__(
        self, request: Request, limit: int, edns: bytes = b"", base: bytes | None = None
    ) -> None:
        """
        @param edns: what ends the reply.
        @param base: the name in the question, or above it, that names of records may point to;
            None for that in the question.
        """
        self.request = request
        self.limit = limit - len(edns)
        self.edns = edns
        self.out = bytearray(HEADER.size) + request.question
        self.names: dict[bytes, int] = {}
        name = request.name if base is None else base
        self._note(name, HEADER.size + offsetOf(request, name))

    def _note(self, name: bytes, at: int) -> None:
        """Let names point to one that is in the message, and to those above it."""
        if b"\\" in name:
            write_name(name, at, self.names)
            return
        while name:
            self.names[name] = at
            label, _, name = name.partition(b".")
            at += len(label) + 1

    def add(self, rr: RR) -> bool:
        """Write a record; tells whether there was room for it."""
        out = self.out
        at = len(out)
        if rr.name == self.request.name and rr.name:
            out += _QUESTION_NAME
        else:
            out += write_name(rr.name, at, self.names)
        begin = len(out) + _RECORD.size
        data = rdata(rr.record, begin, self.names)
        out += _RECORD.pack(rr.record.TYPE, _IN, rr.ttl, len(data))
        out += data
        if len(out) > self.limit:
            del out[at:]
            return False
        return True

    def addAll(self, section: Iterable[RR]) -> int | None:
        """Write a section; gives the number of its records, or None if they are too many."""
        count = 0
        for rr in section:
            if not self.add(rr):
                return None
            count += 1
        return count

    def finish(self, flags: int, counts: tuple[int, int, int]) -> bytes:
        """Write the header."""
        request = self.request
        head = HEADER.pack(
            request.id,
            _ANSWER | request.flags & _KEPT | flags,
            1,
            counts[0],
            counts[1],
            counts[2] + bool(self.edns),
        )
        self.out[: HEADER.size] = head
        return bytes(self.out) + self.edns


def offsetOf(request: Request, name: bytes) -> int:
    """How many octets of the question stand before a name that is in it, or above that."""
    if name == request.name:
        return 0
    # Behind the name are its last, empty label, the type and the class.
    return len(request.question) - 5 - (len(wire_name(name)) - 1)


def _edns(request: Request, size: int, code: int) -> bytes:
    """The OPT of a reply, if the request has one."""
    if request.edns is None:
        return b""
    flags = (code >> 4) << 24 | (0x8000 if request.edns.secure else 0)
    return b"\0" + _RECORD.pack(41, size, flags, 0)


def writeReply(
    request: Request,
    answer: Answer,
    flags: int,
    limit: int,
    size: int,
    base: bytes | None = None,
) -> bytes:
    """
    Write a reply.

    @param flags: those that the server adds of itself.
    @param limit: the octets that it may have; if it does not fit, it is truncated.
    @param size: the octets of UDP that this server takes.
    @param base: the name that other names may point to, if it is another than that in the question.
    """
    edns = _edns(request, size, answer.code)
    if answer.authoritative:
        flags |= AUTHORITATIVE
    flags |= answer.code & 15
    writer = Writer(request, limit, edns, base)
    answers = writer.addAll(answer.answers)
    authority = None if answers is None else writer.addAll(answer.authority)
    if answers is None or authority is None:
        return writeTruncated(request, flags, size)
    additional = 0
    for rr in answer.additional:
        if not writer.add(rr):
            if additional < answer.glue:
                flags |= TRUNCATED
            break
        additional += 1
    return writer.finish(flags, (answers, authority, additional))


def writeTruncated(request: Request, flags: int, size: int) -> bytes:
    """Write a reply that says no more than that there is one, to be asked for over TCP."""
    writer = Writer(request, 65_535, _edns(request, size, 0))
    return writer.finish(flags | TRUNCATED, (0, 0, 0))


def refusal(head: tuple[int, int], code: int) -> bytes:
    """The reply to a request whose question is not understood."""
    identifier, flags = head
    return HEADER.pack(identifier, _ANSWER | flags & _KEPT | code, 0, 0, 0, 0)


def truncated(reply: bytes) -> bytes:
    """What is left of a reply of which the client gets no more than the question."""
    identifier, flags, questions, *_ = HEADER.unpack_from(reply)
    end = HEADER.size
    if questions:
        while reply[end]:
            end += reply[end] + 1
        end += 5
    head = HEADER.pack(identifier, flags | TRUNCATED, questions, 0, 0, 0)
    return head + reply[HEADER.size : end]
