"""
What clients of DNSSEC get besides the answers of a signed zone: signatures, and proofs that there
is nothing (RFC 4035 §3.1, RFC 5155 §7.2).

The zone was signed by another program; nothing is signed here.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from base64 import b32hexencode
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from twisted.names._dns.constants import DS, NSEC, NSEC3, NSEC3PARAM, RRSIG
from twisted.names._wire.names import labels, normal, wire_name
from twisted.names._zones._answers import NO_NAME, RR, Answer, Zone, parents

__all__ = ["Signer", "signerOf"]

_Nodes = dict[bytes, dict[int, list[Any]]]


class Signer(ABC):
    """
    Adds to answers what proves them.

    A zone has a chain of names in some order, each of which is signed with the next one, so that it
    is proven that there are no names between the two.
    """

    #: The type of the records that make the chain.
    kind: int

    def __init__(self, zone: Zone, nodes: _Nodes, owners: Iterable[tuple[Any, bytes]]) -> None:
        """
        @param owners: the places of the names in the chain, and the names that have the records.
        """
        self._zone = zone
        self._nodes = nodes
        chain = sorted(owners)
        self._places = [place for place, _ in chain]
        self._owners = [owner for _, owner in chain]

    @abstractmethod
    def place(self, name: bytes) -> Any:
        """Where a name would be in the chain."""

    @abstractmethod
    def absent(self, name: bytes, above: bytes) -> list[bytes]:
        """
        The owners of what proves that there is no such name.

        @param above: the nearest name above it that there is.
        """

    def sign(self, found: Answer) -> None:
        """Add signatures and proofs to an answer."""
        if not any(rr.record.TYPE == RRSIG for rr in found.answers):
            found.answers = list(self._signed(found.answers, found.wildcards))
        found.authority = list(self._signed(found.authority, {}))
        proofs: list[RR] = []
        if found.cut is not None:
            digests = self._nodes[found.cut].get(DS, ())
            proofs += [self._zone.rr(found.cut, record) for record in digests]
        owners = dict.fromkeys(self._proving(found))
        proofs += [self._zone.rr(name, self._nodes[name][self.kind][0]) for name in owners]
        found.authority += self._signed(proofs, {})

    def _signed(self, section: list[RR], wildcards: dict[bytes, bytes]) -> Iterator[RR]:
        """The records of a section, each set of them with its signatures."""
        for (name, kind), group in groupby(section, lambda rr: (rr.name, rr.record.TYPE)):
            ttl = 0
            for rr in group:
                ttl = rr.ttl
                yield rr
            for signature in self._nodes.get(wildcards.get(name, name), {}).get(RRSIG, ()):
                if signature.typeCovered == kind:
                    yield RR(name, ttl, signature)

    def _proving(self, found: Answer) -> Iterator[bytes]:
        """The owners of what proves that there is nothing else to answer."""
        for name, wildcard in found.wildcards.items():
            yield from self.absent(name, wildcard[2:])
        if found.cut is not None and DS not in self._nodes[found.cut]:
            yield from self._noType(found.cut)
        missing = found.missing
        if missing is not None and found.code == NO_NAME:
            above = self._above(missing)
            yield from self.absent(missing, above)
            yield self.covering(b"*." + above if above else b"*")
        elif missing is not None:
            yield from self._noType(found.wildcards.get(missing, missing))

    def _noType(self, name: bytes) -> Iterator[bytes]:
        """The owners of what proves that a name has no such records."""
        matching = self.matching(name)
        if matching is not None:
            yield matching
        else:
            yield from self.absent(name, self._above(name))

    def _above(self, name: bytes) -> bytes:
        """The nearest name above one that is in the chain, or has names below it that are."""
        for parent in parents(name):
            if parent == self._zone.origin or self.matching(parent) is not None:
                return parent
            if parent in self._zone.index().empty:
                return parent
        return self._zone.origin

    def matching(self, name: bytes) -> bytes | None:
        """The owner of the record of a name; None if the name is not in the chain."""
        place = self.place(name)
        index = bisect_right(self._places, place) - 1
        return self._owners[index] if index >= 0 and self._places[index] == place else None

    def covering(self, name: bytes) -> bytes:
        """The owner of the record that proves that a name is not in the chain."""
        return self._owners[bisect_right(self._places, self.place(name)) - 1]


class _Plain(Signer):
    """A chain of the names themselves (RFC 4034 §4)."""

    kind = NSEC

    def place(self, name: bytes) -> Any:
        """A name in the order of RFC 4034 §6.1."""
        return _order(name)

    def absent(self, name: bytes, above: bytes) -> list[bytes]:
        """One record covers the name, and shows by its neighbours what is above it."""
        return [self.covering(name)]


class _Hashed(Signer):
    """A chain of hashes of the names (RFC 5155)."""

    kind = NSEC3

    def __init__(self, zone: Zone, nodes: _Nodes, owners: Iterable[tuple[Any, bytes]]) -> None:
        Signer.__init__(self, zone, nodes, owners)
        self._parameters = nodes[zone.origin][NSEC3PARAM][0]

    def place(self, name: bytes) -> Any:
        """The hash of a name (RFC 5155 §5)."""
        salt = self._parameters.salt
        digest = hashlib.sha1(wire_name(name) + salt, usedforsecurity=False).digest()
        for _ in range(self._parameters.iterations):
            digest = hashlib.sha1(digest + salt, usedforsecurity=False).digest()
        return b32hexencode(digest).lower()

    def absent(self, name: bytes, above: bytes) -> list[bytes]:
        """What is above it is there, but nothing that is nearer (RFC 5155 §7.2.1)."""
        nearer = name
        for parent in parents(name):
            if parent == above:
                break
            nearer = parent
        matching = self.matching(above)
        return [*([] if matching is None else [matching]), self.covering(nearer)]


def _order(name: bytes) -> list[bytes]:
    """What sorts names in the order of a zone."""
    return labels(normal(name))[::-1]


def signerOf(zone: Zone) -> Signer | None:
    """What adds proofs to the answers of a zone; None if it is not signed."""
    index = zone.index()
    if index.signer is None:
        index.signer = (_made(zone, index.nodes),)
    found: Signer | None = index.signer[0]
    return found


def _made(zone: Zone, nodes: _Nodes) -> Signer | None:
    """Make it."""
    if RRSIG not in nodes.get(zone.origin, {}):
        return None
    hashed = [(labels(name)[0], name) for name, node in nodes.items() if NSEC3 in node]
    if hashed and NSEC3PARAM in nodes[zone.origin]:
        return _Hashed(zone, nodes, hashed)
    plain = [(_order(name), name) for name, node in nodes.items() if NSEC in node]
    return _Plain(zone, nodes, plain) if plain else None
