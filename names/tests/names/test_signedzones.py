"""Signed zones: the signatures and proofs that clients of DNSSEC get, and what these prove."""

from __future__ import annotations

import hashlib
import struct
from base64 import b32hexencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twisted.internet.task import Clock
from twisted.internet.testing import FakeDatagramTransport
from twisted.names import dns
from twisted.names._validation._denial import Denial, order
from twisted.names._wire.names import labels, wire_name
from twisted.names._zones._answers import parents
from twisted.names.authority import FileAuthority
from twisted.names.server import DNSServerFactory

ORIGIN = b"example.org"
ADDRESS = dns.Record_A("192.0.2.1", 60)
SALT = b"\xaa\xbb"


def plain_records():
    """A zone with all that is proven in ways of its own."""
    return {
        b"example.org": [
            dns.Record_SOA(b"ns.example.org", b"h.example.org", 1, 2, 3, 4, 60, 300),
            dns.Record_NS(b"ns.example.org", 60),
            dns.Record_DNSKEY(257, 3, 13, b"key", 60),
        ],
        b"ns.example.org": [ADDRESS],
        b"a.example.org": [ADDRESS, dns.Record_TXT(b"x", ttl=60)],
        b"alias.example.org": [dns.Record_CNAME(b"a.example.org", 60)],
        b"*.b.example.org": [ADDRESS],
        b"*.c.example.org": [dns.Record_CNAME(b"a.example.org", 60)],
        b"x.d.a.example.org": [ADDRESS],
        b"sub.example.org": [
            dns.Record_NS(b"ns.sub.example.org", 60),
            dns.Record_DS(1, 13, 2, b"x" * 32, 60),
        ],
        b"open.example.org": [dns.Record_NS(b"ns.open.example.org", 60)],
        b"ns.sub.example.org": [ADDRESS],
        b"ns.open.example.org": [ADDRESS],
        b"away.example.org": [dns.Record_DNAME(b"b.example.org", 60)],
    }


CUTS = (b"sub.example.org", b"open.example.org")


def hash_of(name):
    """The hash of a name as RFC 5155 §5 says, hashed once more."""
    digest = hashlib.sha1(wire_name(name) + SALT).digest()
    return hashlib.sha1(digest + SALT).digest()


def signatures(name, types):
    """A signature for each type that is signed there."""
    covered = [dns.NSEC, dns.DS] if name in CUTS else types
    count = len(labels(name.removeprefix(b"*.")))
    return [
        dns.Record_RRSIG(kind, 13, count, 60, 2, 1, 7, ORIGIN, b"signature", 60)
        for kind in covered
        if kind in types
    ]


def sign(hashed):
    """The zone with a chain of its names, and with signatures that only look like some."""
    records = plain_records()
    if hashed:
        records[ORIGIN].append(dns.Record_NSEC3PARAM(1, 0, 1, SALT, 60))
    own = [name for name in records if not name.startswith((b"ns.sub", b"ns.open"))]
    types = {name: sorted({record.TYPE for record in records[name]}) for name in own}
    if hashed:
        for name in set(own) - {ORIGIN}:
            for parent in parents(name):
                if parent == ORIGIN:
                    break
                types.setdefault(parent, [])
        chain = sorted((hash_of(name), name) for name in types)
        for (digest, name), (following, _) in zip(chain, [*chain[1:], chain[0]], strict=True):
            owner = b32hexencode(digest).lower() + b"." + ORIGIN
            signed = [*types[name], dns.RRSIG] if types[name] else []
            records[owner] = [dns.Record_NSEC3(1, 0, 1, SALT, following, signed, 60)]
            types[owner] = [dns.NSEC3]
    else:
        names = sorted(own, key=order)
        for name, following in zip(names, [*names[1:], names[0]], strict=True):
            signed = [*types[name], dns.RRSIG, dns.NSEC]
            records[name].append(dns.Record_NSEC(following, signed, 60))
            types[name].append(dns.NSEC)
    for name in types.keys() & records.keys():
        records[name] += signatures(name, types[name])
    return records


class Zone(FileAuthority):
    """An authority of records in memory."""

    def loadFile(self, filename):
        self.soa = (ORIGIN, filename[ORIGIN][0])
        self.records = filename


def server(*zones):
    """Give what asks a server in memory."""
    factory = DNSServerFactory(zones, reactor=Clock())
    udp = dns.DNSDatagramProtocol(factory, Clock())
    transport = FakeDatagramTransport()
    udp.makeConnection(transport)

    def ask(name, kind, secure=True):
        message = dns.Message(1)
        message.addQuery(name, kind)
        request = bytearray(message.toStr())
        request[11] = 1
        request += b"\0" + struct.pack("!HHIH", dns.OPT, 1232, 0x8000 if secure else 0, 0)
        transport.written.clear()
        udp.datagramReceived(bytes(request), ("192.0.2.77", 5353))
        ((octets, _),) = transport.written
        reply = dns.Message()
        reply.fromStr(octets)
        assert not reply.trunc
        return reply

    return ask


SIGNED = {hashed: server(Zone(sign(hashed))) for hashed in (False, True)}
WORDS = st.sampled_from([b"a", b"b", b"c", b"d", b"x", b"ns", b"alias", b"sub", b"open", b"away"])
NAMES = st.lists(st.one_of(WORDS, st.just(b"zz"), st.just(b"0")), max_size=3).map(
    lambda words: b".".join([*words, ORIGIN])
)
TYPES = st.sampled_from([dns.A, dns.TXT, dns.NS, dns.DS, dns.CNAME, dns.SOA, dns.MX])


def covered(section):
    """Whether each set of records of a section has its signature, but for those that have none."""
    signatures = {(rr.name.name, rr.payload.typeCovered) for rr in section if rr.type == dns.RRSIG}
    redirected = any(rr.type == dns.DNAME for rr in section)
    unsigned = {
        (rr.name.name, rr.type)
        for rr in section
        if rr.type != dns.RRSIG and not (rr.type == dns.NS and rr.name.name in CUTS)
    }
    left = unsigned - signatures
    return not left or (redirected and {kind for _, kind in left} == {dns.CNAME})


@pytest.mark.parametrize("hashed", [False, True])
@given(name=NAMES, kind=TYPES)
def test_proofs(hashed, name, kind):
    """What is answered is signed, and what is not there is proven not to be."""
    reply = SIGNED[hashed](name, kind)
    assert covered(reply.answers)
    assert covered(reply.authority)
    denial = Denial(ORIGIN, reply.authority, lambda times: None)
    final = name
    for rr in reply.answers:
        if rr.type == dns.CNAME and kind != dns.CNAME:
            final = rr.payload.name.name
        if rr.type == dns.RRSIG and rr.payload.labels < len(labels(rr.name.name)):
            assert denial.noCloserName(rr.name.name, rr.payload.labels)
    delegated = [rr.name.name for rr in reply.authority if rr.type == dns.NS]
    if reply.rCode == dns.ENAME:
        assert denial.noName(final)
    elif delegated:
        (cut,) = delegated
        secure = any(rr.type == dns.DS for rr in reply.authority)
        assert secure or denial.noType(cut, dns.DS)
        assert secure == (cut == b"sub.example.org")
    elif not any(rr.type == kind for rr in reply.answers) and (name, kind) != (ORIGIN, dns.DS):
        assert denial.noType(final, kind)


@pytest.mark.parametrize("hashed", [False, True])
@given(name=NAMES, kind=TYPES)
def test_only_for_those_who_ask(hashed, name, kind):
    """Who does not ask for signatures gets none."""
    reply = SIGNED[hashed](name, kind, secure=False)
    kinds = {rr.type for rr in [*reply.answers, *reply.authority, *reply.additional]}
    assert not kinds & {dns.RRSIG, dns.NSEC, dns.NSEC3}


def test_unsigned_zone():
    """A zone that is not signed has nothing to add."""
    ask = server(Zone(plain_records()))
    assert [rr.type for rr in ask(b"nothing.example.org", dns.A).authority] == [dns.SOA]


def test_all_records():
    """Whoever asks for all records gets each signature once."""
    reply = SIGNED[False](b"x.d.a.example.org", dns.ALL_RECORDS)
    assert sorted(rr.type for rr in reply.answers) == [dns.A, dns.RRSIG, dns.RRSIG, dns.NSEC]


def test_digests_come_from_above():
    """The digests of a zone's keys are those of the zone above, if both are here."""
    below = Zone(
        {ORIGIN: [dns.Record_SOA(b"ns", b"h", 1, 2, 3, 4, 60, 300)]},
    )
    below.soa = (b"sub.example.org", below.soa[1])
    ask = server(below, Zone(sign(False)))
    assert dns.DS in [rr.type for rr in ask(b"sub.example.org", dns.DS).answers]
    assert [rr.name.name for rr in ask(b"x.sub.example.org", dns.DS).authority] == [
        b"sub.example.org"
    ]
