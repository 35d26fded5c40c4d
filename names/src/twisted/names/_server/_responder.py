"""What an authoritative server replies, from the zones that it has."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from itertools import groupby
from typing import Any

from twisted.names import common
from twisted.names._dns.constants import ALL_RECORDS, ANY, DS, EREFUSED, ESERVER, IN
from twisted.names._server._reply import RECURSION_AVAILABLE, offsetOf, writeReply
from twisted.names._server._request import HEADER, Request
from twisted.names._zones._answers import Answer, Zone, parents
from twisted.names._zones._records import CHANGES, rdata
from twisted.names._zones._signed import signerOf
from twisted.names.authority import FileAuthority
from twisted.names.resolve import ResolverChain

__all__ = ["LONGEST_REMEMBERED", "MOST_OCTETS_FOR_ALL", "MOST_REMEMBERED", "Responder", "Zones"]

#: How large a reply over UDP may be that gives all records of a name (RFC 8482 §4.1).
MOST_OCTETS_FOR_ALL = 256

#: How many replies are remembered, by what they depend on, and how long they may be.
MOST_REMEMBERED = 10_000
LONGEST_REMEMBERED = 1500

BAD_VERSION = 16

_LOOKUPS = ("query", "_lookup", "lookupZone", *sorted(common.typeToMethod.values()))


_plain: dict[type, bool] = {}


def _isPlain(kind: type) -> bool:
    """Whether a class answers questions as `FileAuthority` does."""
    plain = _plain.get(kind)
    if plain is None:
        plain = _plain[kind] = issubclass(kind, FileAuthority) and all(
            getattr(kind, name) is getattr(FileAuthority, name) for name in _LOOKUPS
        )
    return plain


class Zones:
    """
    The authorities at the head of a chain of resolvers, by the names of their zones.

    @ivar others: whether there are resolvers that have to be asked for other names.
    """

    def __init__(self, resolvers: Sequence[Any]) -> None:
        self.stamp = CHANGES.count
        self.resolvers = list(resolvers)
        self.byOrigin: dict[bytes, FileAuthority] = {}
        # Those that have records of names outside of their zones.
        self._foreign: list[Zone] = []
        self.others = not self._add(resolvers)

    def _add(self, resolvers: Sequence[Any]) -> bool:
        """Add authorities up to the first resolver that is none; tells whether that is all."""
        for resolver in resolvers:
            if type(resolver) is ResolverChain:
                if not self._add(resolver.resolvers):
                    return False
            elif not _isPlain(type(resolver)) or "_lookup" in vars(resolver):
                return False
            else:
                origin = resolver.responsibleFor()
                if origin is not None:
                    self.byOrigin.setdefault(origin, resolver)
                zone = resolver.zone()
                if zone is not None and zone.index().foreign:
                    self._foreign.append(zone)
        return True

    def holds(self, resolvers: Sequence[Any]) -> bool:
        """Whether these are still the authorities of a chain, and their zones the same."""
        return self.stamp == CHANGES.count and self.resolvers == resolvers

    def find(self, name: bytes, kind: int = ANY) -> FileAuthority | None:
        """
        The authority of the nearest zone that a name is in.

        That of DS records is the zone above, if that is here, too (RFC 4035 §3.1.4.1).
        """
        found = self.byOrigin.get(name)
        if found is None or kind == DS:
            for parent in parents(name):
                above = self.byOrigin.get(parent)
                if above is not None:
                    return above
        return found

    def answer(self, name: bytes, kind: int, secure: bool = False) -> Answer | None:
        """
        Answer a question; None if no zone can.

        @param secure: whether signatures and proofs are wanted.
        """
        authority = self.find(name, kind)
        if authority is not None:
            zone = authority.zone()
            found = (
                Answer(ESERVER, authoritative=False) if zone is None else zone.answer(name, kind)
            )
            if secure and zone is not None and found is not None:
                signer = signerOf(zone)
                if signer is not None:
                    signer.sign(found)
            return found
        for zone in self._foreign:
            found = zone.answer(name, kind)
            if found is not None:
                return found
        return None


class Responder:
    """Makes replies to questions."""

    def __init__(self, owner: Any) -> None:
        """
        @param owner: says in C{maxUDPSize} how many octets a reply over UDP has at most, and in
            C{canRecurse} whether the server asks others.
        """
        self._owner = owner
        self._zones = Zones(())
        # The second and further words of the header and what follows the question, and the name
        # that the reply is counted with unless that is the one in the question.
        self._remembered: OrderedDict[Hashable, tuple[bytes, bytes, bytes]] = OrderedDict()

    def zones(self, resolvers: Sequence[Any]) -> Zones:
        """The authorities of a chain of resolvers."""
        if not self._zones.holds(resolvers):
            self._zones = Zones(resolvers)
        return self._zones

    def forget(self) -> None:
        """Forget the replies that were remembered."""
        self._remembered.clear()

    def respond(self, request: Request, zones: Zones, stream: bool) -> tuple[bytes, bytes] | None:
        """
        Reply to a question from the zones.

        @return: the reply, and the name that it is counted with; None if others have to be asked.
        """
        if request.cls not in (IN, ANY):
            return self.refuse(request, EREFUSED)
        authority = zones.find(request.name, request.type)
        zone = None if authority is None else authority.zone()
        base = None if zone is None else zone.base(request.name, request.type)
        if (
            zone is None
            or base is None
            or (request.secure and base != request.name and signerOf(zone))
        ):
            # What proves that there is no name depends on the name.
            return self._respond(request, zones, stream, None)
        key = (
            request.type,
            request.flags,
            request.edns,
            base,
            offsetOf(request, base),
            stream,
            zone,
        )
        known = self._remembered.get(key)
        if known is not None:
            head, rest, family = known
            identifier = request.id.to_bytes(2, "big")
            return b"".join((identifier, head, request.question, rest)), family or request.name
        replied = self._respond(request, zones, stream, base)
        if replied is not None and len(replied[0]) <= LONGEST_REMEMBERED:
            self._remember(key, request, *replied)
        return replied

    def _remember(self, key: Hashable, request: Request, reply: bytes, family: bytes) -> None:
        """Remember a reply, without what is different in the next one of its kind."""
        if len(self._remembered) >= MOST_REMEMBERED:
            self._remembered.popitem(last=False)
        rest = reply[HEADER.size + len(request.question) :]
        own = b"" if family == request.name else family
        self._remembered[key] = (reply[2 : HEADER.size], rest, own)

    def _respond(
        self, request: Request, zones: Zones, stream: bool, base: bytes | None
    ) -> tuple[bytes, bytes] | None:
        """Reply to a question, whatever has been replied before."""
        found = zones.answer(request.name, request.type, request.secure)
        if found is None:
            return None if zones.others else self.refuse(request, EREFUSED)
        if request.type == ALL_RECORDS and not stream:
            self._reduce(request, found)
        return self.write(request, found, stream, base), found.family

    def write(
        self, request: Request, answer: Answer, stream: bool, base: bytes | None = None
    ) -> bytes:
        """Write a reply."""
        flags = RECURSION_AVAILABLE if self._owner.canRecurse else 0
        limit, size = self._limit(request, stream), self._owner.maxUDPSize
        return writeReply(request, answer, flags, limit, size, base)

    def refuse(self, request: Request, code: int) -> tuple[bytes, bytes]:
        """Reply that it cannot be done."""
        return self.write(request, Answer(code, authoritative=False), True), b""

    def _limit(self, request: Request, stream: bool) -> int:
        """How many octets a reply may have."""
        if stream:
            return 65_535
        most: int = self._owner.maxUDPSize
        return 512 if request.edns is None else min(request.edns.size, most)

    def _reduce(self, request: Request, answer: Answer) -> None:
        """
        Leave all records of a name as they are if they are few, and else one of its types.

        Source: RFC 8482 §4.1.
        """
        if len(self.write(request, answer, True)) <= MOST_OCTETS_FOR_ALL:
            return
        sets = [list(group) for _, group in groupby(answer.answers, _type)]
        if sets:
            answer.answers = min(sets, key=_size)
            answer.additional = []


def _type(rr: Any) -> int:
    return int(rr.record.TYPE)


def _size(records: list[Any]) -> int:
    return sum(len(rdata(rr.record)) + 12 for rr in records)
