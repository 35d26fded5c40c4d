"""
What the answer of a server says, without what it has no say in.

A server that was asked about a zone is believed for names in that zone and below (RFC 2181 §5.4.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from twisted.names import dns
from twisted.names._wire.names import ends_in, normal

__all__ = ["Alias", "Found", "Missing", "Nothing", "Reading", "Referral", "Useless", "read"]


@dataclass
class Found:
    """
    The records that were asked for, behind the aliases that led there.

    @ivar proof: what the zone says with a signature of names that are not there (wildcards).
    """

    answers: list[dns.RRHeader]
    proof: list[dns.RRHeader] = field(default_factory=list)


@dataclass
class Alias:
    """The name is an alias for one that is to be looked up itself; `proof` as in `Found`."""

    answers: list[dns.RRHeader]
    target: bytes
    proof: list[dns.RRHeader] = field(default_factory=list)


@dataclass
class Referral:
    """
    Other servers know.

    @ivar zone: of which zone they are.
    @ivar servers: their names.
    @ivar addresses: those addresses that came along, by name.
    @ivar ttl: seconds for which that holds.
    """

    zone: bytes
    servers: list[bytes]
    addresses: dict[bytes, list[str]] = field(default_factory=dict)
    ttl: int = 0


@dataclass
class Nothing:
    """The name has no such records; `authority` says for how long that holds."""

    authority: list[dns.RRHeader]


@dataclass
class Missing:
    """There is no such name."""


@dataclass
class Useless:
    """The server does not know, or leads upward."""

    code: int


Reading = Found | Alias | Referral | Nothing | Missing | Useless


def read(message: dns.Message, query: dns.Query, zone: bytes) -> Reading:
    """
    What an answer says.

    @param query: what was asked.
    @param zone: the zone whose server was asked.
    """
    if message.rCode not in (dns.OK, dns.ENAME):
        return Useless(message.rCode)
    answers = _believed(message.answers, query, zone)
    authority = _believed(message.authority, query, zone)
    denial = [h for h in authority if _covered(h) in (dns.SOA, dns.NSEC, dns.NSEC3)]
    reading = _answered(answers, query, zone)
    if reading is not None:
        return replace(reading, proof=[h for h in denial if _covered(h) != dns.SOA])
    if message.rCode == dns.ENAME:
        return Missing()
    referral = _referred(authority, message.additional, query, zone)
    if referral is not None:
        return referral
    if message.auth or any(header.type == dns.SOA for header in denial):
        return Nothing(denial)
    return Useless(dns.OK)


def _covered(header: dns.RRHeader) -> int:
    """The type of a record, or of what it signs."""
    payload = header.payload
    return payload.typeCovered if isinstance(payload, dns.Record_RRSIG) else header.type


def _believed(headers: Sequence[dns.RRHeader], query: dns.Query, zone: bytes) -> list[dns.RRHeader]:
    """Records of the right class that belong to the zone."""
    return [h for h in headers if h.cls == query.cls and ends_in(h.name.name, zone)]


def _answered(
    answers: Sequence[dns.RRHeader], query: dns.Query, zone: bytes
) -> Found | Alias | None:
    """Follow aliases through the answers."""
    chain: list[dns.RRHeader] = []
    above = [h for h in answers if _covered(h) == dns.DNAME]
    name = query.name
    seen: set[bytes] = set()
    while normal(name.name) not in seen:
        seen.add(normal(name.name))
        own = [h for h in answers if h.name == name]
        wanted = [h for h in own if query.type in (h.type, dns.ALL_RECORDS)]
        if wanted:
            signatures = [h for h in own if _covered(h) == query.type and h not in wanted]
            return Found([*chain, *wanted, *signatures])
        alias = next((h for h in own if isinstance(h.payload, dns.Record_CNAME)), None)
        if alias is None:
            break
        # With its signature, and what is an alias for all below, which it may follow from.
        chain += [alias, *(h for h in own if h.type != dns.CNAME and _covered(h) == dns.CNAME)]
        chain += above
        above = []
        name = alias.payload.name
    return Alias(chain, name.name) if chain else None


def _referred(
    authority: Sequence[dns.RRHeader],
    additional: Sequence[dns.RRHeader],
    query: dns.Query,
    zone: bytes,
) -> Referral | None:
    """The zone below that the server leads to, if it does."""
    below = [
        h
        for h in authority
        if isinstance(h.payload, dns.Record_NS)
        and ends_in(query.name.name, h.name.name)
        and normal(h.name.name) != normal(zone)
    ]
    if not below:
        return None
    child = normal(below[0].name.name)
    below = [h for h in below if normal(h.name.name) == child]
    referral = Referral(child, [], {}, min(h.ttl for h in below))
    for header in below:
        name = normal(header.payload.name.name)
        if name not in referral.servers:
            referral.servers.append(name)
    # Addresses are believed of servers within the zone that was asked: it is above them.
    for header in _believed(additional, query, zone):
        name = normal(header.name.name)
        if name in referral.servers and isinstance(header.payload, dns.Record_A | dns.Record_AAAA):
            referral.addresses.setdefault(name, []).append(header.payload._address)
    return referral
