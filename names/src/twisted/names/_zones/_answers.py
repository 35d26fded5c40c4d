"""
What a zone answers (RFC 1034 §4.3.2): names that exist, aliases, delegations, wildcards, and what
there is not.

Names are bytes in lower case without a final dot; their labels are told apart by dots, as in the
keys of `ZoneRecords`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from twisted.names._dns.classic import Record_CNAME
from twisted.names._dns.constants import (
    AAAA,
    AFSDB,
    CNAME,
    DNAME,
    DS,
    HTTPS,
    KX,
    MX,
    NS,
    SRV,
    SVCB,
    A,
)
from twisted.names._wire.names import labels, normal
from twisted.names._zones._records import ZoneRecords

__all__ = ["MOST_ALIASES", "RR", "Answer", "Zone", "parents"]

#: How many aliases are followed for one question.
MOST_ALIASES = 16

ANY = 255
_ADDRESSES = (A, AAAA)

NO_ERROR = 0
NO_NAME = 3
NAME_TOO_LONG = 6

#: Types that name hosts, whose addresses are of use: where the name is.
_HOST_OF = {
    NS: "name",
    MX: "name",
    SRV: "target",
    AFSDB: "hostname",
    KX: "exchanger",
    SVCB: "target",
    HTTPS: "target",
}

_Node = dict[int, list[Any]]


class RR(NamedTuple):
    """A record with its owner and its time to live in seconds."""

    name: bytes
    ttl: int
    record: Any


@dataclass(slots=True)
class Answer:
    """
    What a zone says to a question.

    @ivar code: the response code.
    @ivar authoritative: whether the zone itself holds the answer, and not one that is below it.
    @ivar answers: records that answer, aliases included.
    @ivar authority: the SOA if there is nothing, or the servers of the zone below.
    @ivar additional: addresses of hosts in the other sections.
    @ivar family: whose name stands for all names with such answers: that of a wildcard, of a zone
        below, or of the zone if there is no such name; or the name itself.
    @ivar glue: how many of these, the first ones, nobody can do without (RFC 9471).
    @ivar wildcards: which names were made from which wildcards.
    @ivar missing: the name that does not exist, or has no such records.
    @ivar cut: where the zone below begins.
    """

    code: int = NO_ERROR
    authoritative: bool = True
    answers: list[RR] = field(default_factory=list)
    authority: list[RR] = field(default_factory=list)
    additional: list[RR] = field(default_factory=list)
    glue: int = 0
    family: bytes = b""
    wildcards: dict[bytes, bytes] = field(default_factory=dict)
    missing: bytes | None = None
    cut: bytes | None = None


def parents(name: bytes) -> Iterator[bytes]:
    """The names above a name, the nearest first; the root, which is empty, is the last."""
    if b"\\" not in name:
        while name:
            name = name.partition(b".")[2]
            yield name
        return
    position = 0
    for label in labels(name):
        position += len(label.replace(b"\\", b"\\\\").replace(b".", b"\\.")) + 1
        yield name[position:]


def isWithin(name: bytes, origin: bytes) -> bool:
    """Tell whether a name is that of a zone, or below it."""
    if name == origin or not origin:
        return True
    if not name.endswith(b"." + origin):
        return False
    return b"\\" not in name or origin in parents(name)


class _Index:
    """
    The names of a zone, as its records are at one time.

    @ivar nodes: the records of each name by their types.
    @ivar empty: names that have no records, but others below them.
    @ivar cuts: where zones below begin.
    @ivar redirected: names that have a DNAME.
    @ivar foreign: names outside of the zone that have records in it.
    @ivar signer: what adds the proofs of DNSSEC in a tuple, or None before that was looked for.
    """

    signer: tuple[Any] | None = None

    def __init__(self, origin: bytes, records: ZoneRecords) -> None:
        self.changes = records.changes.count
        self.nodes: dict[bytes, _Node] = {}
        self.empty: set[bytes] = set()
        self.cuts: set[bytes] = set()
        self.redirected: set[bytes] = set()
        self.foreign: set[bytes] = set()
        for owner, found in records.items():
            name = normal(owner)
            node = self.nodes.setdefault(name, {})
            for record in found:
                node.setdefault(record.TYPE, []).append(record)
            if not node:
                del self.nodes[name]
                continue
            if NS in node and name != origin:
                self.cuts.add(name)
            if DNAME in node:
                self.redirected.add(name)
            if not isWithin(name, origin):
                self.foreign.add(name)
        for name in self.nodes:
            for parent in parents(name):
                if parent in self.empty or parent == origin or not parent:
                    break
                if parent not in self.nodes:
                    self.empty.add(parent)


class Zone:
    """
    Answers questions from the records of one zone.

    @ivar origin: its name.
    @ivar soa: its SOA.
    @ivar defaultTTL: what records have that say nothing else, in seconds.
    """

    def __init__(self, origin: bytes, soa: Any, records: ZoneRecords) -> None:
        self.origin = normal(origin)
        self.soa = soa
        self.records = records
        self.defaultTTL: int = max(soa.minimum, soa.expire)
        self._index = _Index(self.origin, records)

    def index(self) -> _Index:
        """The names of the zone as they are now."""
        if self._index.changes != self.records.changes.count:
            self._index = _Index(self.origin, self.records)
        return self._index

    def rr(self, name: bytes, record: Any) -> RR:
        """A record of the zone with its time to live."""
        return RR(name, self.defaultTTL if record.ttl is None else record.ttl, record)

    def answer(self, name: bytes, kind: int) -> Answer | None:
        """
        Answer a question.

        @param name: in lower case.
        @param kind: the type of records, or `ANY` for all there are.
        @return: None if the zone has nothing to say about such names.
        """
        index = self.index()
        if not isWithin(name, self.origin):
            node = index.nodes.get(name)
            # Records of other names in the same source are answered, too.
            return None if node is None else self._found(Answer(family=name), name, node, kind)
        found = Answer(family=name)
        for _ in range(MOST_ALIASES):
            following = self._step(index, found, name, kind)
            if following is None or not isWithin(following, self.origin):
                break
            name = following
            if any(rr.name == name for rr in found.answers):
                break
        return found

    def base(self, name: bytes, kind: int) -> bytes | None:
        """
        The name at a name, or above it, that decides what is answered to questions about it.

        Other names as far below the same base have the same answers, but for the owner.

        @return: None if the answer is that of this name alone.
        """
        index = self.index()
        if index.redirected or not isWithin(name, self.origin):
            return None
        if index.cuts:
            cut = self._above(index, name, kind)
            if cut is not None:
                return cut
        if name in index.nodes or name in index.empty or name == self.origin:
            return name
        wildcard = self._wildcard(index, name)
        return None if CNAME in index.nodes.get(wildcard, ()) else wildcard[2:]

    def _step(self, index: _Index, found: Answer, name: bytes, kind: int) -> bytes | None:
        """Add what there is for a name; gives the name that it is an alias of, if it is one."""
        if index.cuts or index.redirected:
            above = self._above(index, name, kind)
            if above is not None:
                if above in index.redirected:
                    return self._redirect(index, found, name, above)
                self._refer(index, found, above)
                return None
        node = index.nodes.get(name)
        if node is None:
            if name in index.empty or name == self.origin:
                self._nothing(found, name)
                return None
            wildcard = self._wildcard(index, name)
            node = index.nodes.get(wildcard)
            found.family = wildcard
            if node is None:
                found.family = self.origin
                found.code = NO_NAME
                self._nothing(found, name)
                return None
            found.wildcards[name] = wildcard
        alias = node.get(CNAME)
        if alias is None or kind == ANY or kind in node:
            self._found(found, name, node, kind)
            return None
        found.answers.append(self.rr(name, alias[0]))
        return normal(alias[0].name.name.lower())

    def _above(self, index: _Index, name: bytes, kind: int) -> bytes | None:
        """The highest name that the zone does not answer itself for what is at it or below it."""
        highest = None
        if name in index.cuts and kind != DS:
            highest = name
        for parent in parents(name):
            if parent in index.cuts or parent in index.redirected:
                highest = parent
            if parent == self.origin:
                break
        return highest

    def _wildcard(self, index: _Index, name: bytes) -> bytes:
        """The wildcard that would cover a name, if it is there (RFC 4592 §3.3.1)."""
        for parent in parents(name):
            if parent in index.nodes or parent in index.empty or parent == self.origin:
                return b"*." + parent if parent else b"*"
        return b"*"

    def _found(self, found: Answer, name: bytes, node: _Node, kind: int) -> Answer:
        """Add the records of a name."""
        chosen = node.values() if kind == ANY else (node[kind],) if kind in node else ()
        for records in chosen:
            found.answers += [self.rr(name, record) for record in records]
        if not chosen:
            self._nothing(found, name)
        elif kind in _HOST_OF:
            # Where an alias has other records, which it should not, all goes into the answer.
            section = found.answers if CNAME in node else found.additional
            self._addresses(self.index(), section, node[kind], kind)
        return found

    def _nothing(self, found: Answer, name: bytes) -> None:
        """Say for how long it is known that there is nothing (RFC 2308 §3)."""
        found.missing = name
        ttl = self.rr(self.origin, self.soa).ttl
        found.authority.append(RR(self.origin, min(ttl, self.soa.minimum), self.soa))

    def _refer(self, index: _Index, found: Answer, cut: bytes) -> None:
        """Tell who answers for a zone below."""
        found.family = found.cut = cut
        servers = index.nodes[cut][NS]
        found.authority += [self.rr(cut, record) for record in servers]
        self._addresses(index, found.additional, servers, NS)
        below = [rr for rr in found.additional if rr.name == cut or cut in parents(rr.name)]
        found.additional = below + [rr for rr in found.additional if rr not in below]
        found.glue = len(below)
        if not found.answers:
            found.authoritative = False

    def _redirect(self, index: _Index, found: Answer, name: bytes, above: bytes) -> bytes | None:
        """Make the alias that a DNAME stands for (RFC 6672 §3.1)."""
        found.family = above
        rr = self.rr(above, index.nodes[above][DNAME][0])
        found.answers.append(rr)
        target = normal(rr.record.name.name.lower())
        rest = name[: len(name) - len(above) - 1] if above else name
        made = rest + b"." + target if target else rest
        if sum(len(label) + 1 for label in labels(made)) > 254:
            found.code = NAME_TOO_LONG
            return None
        found.answers.append(RR(name, rr.ttl, Record_CNAME(made)))
        return made

    def _addresses(self, index: _Index, section: list[RR], records: list[Any], kind: int) -> None:
        """Add the addresses of the hosts that records name."""
        known = {rr.name for rr in section}
        for record in records:
            host = normal(getattr(record, _HOST_OF[kind]).name.lower())
            node = index.nodes.get(host)
            if node is None or host in known:
                continue
            known.add(host)
            for family in _ADDRESSES:
                section += [self.rr(host, address) for address in node.get(family, ())]
