"""
Proofs that there is no such name or no such records (RFC 4035 §5.4, RFC 5155 §8).

The records are taken for true: their signatures were checked before.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence

from twisted.names import dns
from twisted.names._wire.names import ends_in, joined, labels, normal, wire_name

__all__ = ["MOST_ITERATIONS", "Denial", "delegates", "order", "without"]

#: Names are hashed so many more times at most (RFC 9276 §3.2).
MOST_ITERATIONS = 100

_SHA1 = 1
_OPT_OUT = 1


def order(name: bytes) -> list[bytes]:
    """What sorts names in the order of a zone (RFC 4034 §6.1)."""
    return labels(normal(name))[::-1]


def _between(name: list[bytes], first: list[bytes], following: list[bytes]) -> bool:
    """Does a name lie between two neighbours?  The last of a zone is followed by the first."""
    if first < following:
        return first < name < following
    return name > first or name < following


def delegates(types: Sequence[int]) -> bool:
    """Does another zone begin at a name that has these types?"""
    return dns.NS in types and dns.SOA not in types


def _leads_away(types: Sequence[int]) -> bool:
    """Are names below one that has these types none of the zone's own (RFC 6840 §4.1)?"""
    return delegates(types) or dns.DNAME in types


def without(types: Sequence[int], type: int) -> bool:
    """
    Does it follow from the types of a name that it has no such records, nor is an alias?

    What a zone says of the beginning of one below counts for DS only, and what that one says of
    it for all else (RFC 6840 §4.1).
    """
    if type in types or dns.CNAME in types:
        return False
    return dns.SOA not in types if type == dns.DS else not delegates(types)


class Denial:
    """
    What a zone has said about what is not there.

    @ivar insecure: whether it has said that there may be names that are not signed (opt-out).
    """

    def __init__(
        self, zone: bytes, headers: Sequence[dns.RRHeader], spend: Callable[[int], None]
    ) -> None:
        """
        @param spend: is told how often names are hashed; may raise.
        """
        self._spend = spend
        self._plain = {
            normal(h.name.name): h.payload
            for h in headers
            if isinstance(h.payload, dns.Record_NSEC)
        }
        self._hashed: dict[bytes, dns.Record_NSEC3] = {}
        self._salt, self._iterations = b"", 0
        for header in headers:
            if isinstance(header.payload, dns.Record_NSEC3):
                self._add_hashed(normal(zone), labels(normal(header.name.name)), header.payload)
        self._hashes: dict[bytes, bytes] = {}
        self.insecure = False

    def _add_hashed(self, zone: bytes, owner: list[bytes], record: dns.Record_NSEC3) -> None:
        """Take a record, if it is hashed in a known way, and as the first one is."""
        if record.hashAlgorithm != _SHA1 or record.iterations > MOST_ITERATIONS:
            return
        if not owner or joined(owner[1:]) != zone:
            return
        if not self._hashed:
            self._salt, self._iterations = record.salt, record.iterations
        if (record.salt, record.iterations) == (self._salt, self._iterations):
            self._hashed[owner[0]] = record

    def types(self, name: bytes) -> Sequence[int] | None:
        """The types that a name is said to have; none for one with nothing but names below."""
        name = normal(name)
        if (plain := self._plain.get(name)) is not None:
            return plain.types
        if self._hashed and (hashed := self._hashed.get(self._hash(name))) is not None:
            return hashed.types
        for owner, record in self._plain.items():
            following = record.nextName.name
            if ends_in(following, name) and _between(order(name), order(owner), order(following)):
                return ()
        return None

    def noName(self, name: bytes) -> bool:
        """Is it proven that there is no such name, nor a wildcard that stands for it?"""
        return self._absent(name, self._covered)

    def noType(self, name: bytes, type: int) -> bool:
        """Is it proven that a name, or the wildcard that stands for it, has no such records?"""
        types = self.types(name)
        if types is not None:
            return without(types, type)
        return self._absent(name, lambda wildcard: self._without(wildcard, type))

    def noExactName(self, name: bytes) -> bool:
        """Is it proven that there is no such name, whatever wildcard may stand for it?"""
        return self._absent(name, lambda wildcard: True)

    def noCloserName(self, name: bytes, known: int) -> bool:
        """
        Is it proven that there is nothing between a wildcard and the name that it stands for?

        @param known: how many labels of the name are those above the wildcard.
        """
        parts = labels(normal(name))
        return self._covered(joined(parts[max(0, len(parts) - known - 1) :]))

    def _without(self, name: bytes, type: int) -> bool:
        types = self.types(name)
        return types is not None and without(types, type)

    def _absent(self, name: bytes, wildcard: Callable[[bytes], bool]) -> bool:
        """Is there no such name, and does something hold for the wildcard next to it?"""
        above = self._above_hashed(name) if self._hashed else self._above_plain(name)
        if above is None:
            return False
        return wildcard(joined([b"*", *labels(above)]))

    def _above_hashed(self, name: bytes) -> bytes | None:
        """The closest name above that there is, if nothing lies between it and the name."""
        parts = labels(normal(name))
        for i in range(1, len(parts) + 1):
            above = joined(parts[i:])
            found = self._hashed.get(self._hash(above))
            if found is not None:
                closer = joined(parts[i - 1 :])
                return above if not _leads_away(found.types) and self._covered(closer) else None
        return None

    def _above_plain(self, name: bytes) -> bytes | None:
        """The same, where names are not hashed: those around it are known."""
        if not self._covered(name):
            return None
        mine = order(name)
        shared = 0
        for owner, record in self._plain.items():
            for neighbour in (order(owner), order(record.nextName.name)):
                same = 0
                for one, other in zip(mine, neighbour, strict=False):
                    if one != other:
                        break
                    same += 1
                shared = max(shared, same)
        return joined(mine[:shared][::-1])

    def _covered(self, name: bytes) -> bool:
        """Does a name lie between two neighbours?"""
        mine = order(name)
        for owner, record in self._plain.items():
            if _between(mine, order(owner), order(record.nextName.name)):
                return not (ends_in(name, owner) and _leads_away(record.types))
        if not self._hashed:
            return False
        hashed = self._hash(normal(name))
        for owner, record3 in self._hashed.items():
            following = base64.b32hexencode(record3.nextHash).lower()
            if _between([hashed], [owner], [following]):
                self.insecure = self.insecure or bool(record3.flags & _OPT_OUT)
                return True
        return False

    def _hash(self, name: bytes) -> bytes:
        """The hash of a name, as all records of the zone have it (RFC 5155 §5)."""
        known = self._hashes.get(name)
        if known is None:
            self._spend(self._iterations + 1)
            digest = wire_name(name)
            for _ in range(self._iterations + 1):
                digest = hashlib.sha1(digest + self._salt, usedforsecurity=False).digest()
            known = self._hashes[name] = base64.b32hexencode(digest).lower()
        return known
