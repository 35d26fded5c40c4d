"""Answers to a resolver that asks from the root on, and to one that validates."""

from __future__ import annotations

from twisted.internet.defer import fail, succeed
from twisted.internet.task import Clock
from twisted.names import dns, dnssec, root
from twisted.names.error import DomainError, ResolverError


def answer(flags, *sections):
    """An answer as octets."""
    message = dns.Message(0, answer=1, auth=flags & 1, rCode=flags >> 4, maxSize=0)
    message.addQuery(b"www.example", dns.A)
    for name, records in zip(("answers", "authority", "additional"), sections, strict=False):
        setattr(
            message,
            name,
            [dns.RRHeader(owner, data.TYPE, ttl=60, payload=data) for owner, data in records],
        )
    return message.toStr()


ADDRESS = (b"www.example", dns.Record_A("192.0.2.1"))
SIGNATURE = (
    b"www.example",
    dns.Record_RRSIG(dns.A, 13, 2, 60, 1 << 31, 0, 1, b"example", bytes(64)),
)
SOA = (b"example", dns.Record_SOA(b"ns.example", b"h.example", 1, 2, 3, 4, 5))
HASHED = b"2t7b4g4vsa5smi47k61mv5bv1a22bojr.example"
SEEDS = [
    answer(1, [ADDRESS, SIGNATURE]),
    answer(1, [(b"www.example", dns.Record_CNAME(b"www.example.net"))]),
    answer(1, [(b"example", dns.Record_DNAME(b"example.net"))]),
    answer(0, [], [(b"example", dns.Record_NS(b"ns.example"))], [(b"ns.example", ADDRESS[1])]),
    answer(1, [], [SOA, (b"example", dns.Record_NSEC(b"x.example", [dns.SOA]))]),
    answer(0x31, [], [SOA, (HASHED, dns.Record_NSEC3(1, 1, 9, b"x", bytes(20), [dns.A]))]),
    answer(1, [(b"example", dns.Record_DS(1, 13, 2, bytes(32)))]),
    answer(1, [(b"example", dns.Record_DNSKEY(257, 3, 13, bytes(64)))]),
]


class Server:
    """Gives the same answer to all questions, but for the question."""

    dnssecOK = checkingDisabled = False

    def __init__(self, data):
        self.data = data

    def read(self, query):
        message = dns.Message()
        message.fromStr(self.data)
        message.queries = [query]
        return message

    def queryUDP(self, queries, timeout=None):
        return succeed(self.read(queries[0]))

    queryTCP = queryUDP

    def query(self, query, timeout=None):
        message = self.read(query)
        if message.rCode:
            return fail(dns_error(message))
        return succeed((message.answers, message.authority, message.additional))


def dns_error(message):
    kind = dnssec.ValidatingResolver(Server(b""), reactor=Clock()).exceptionForCode(message.rCode)
    return kind(message)


def fuzz(data):
    try:
        dns.Message().fromStr(data)
    except dns.DNSDecodeError:
        return
    clock = Clock()
    asks = root.Resolver(
        ["192.0.2.53"], reactor=clock, resolverFactory=lambda servers, reactor: Server(data)
    )
    anchors = [dns.Record_DS(1, 13, 2, bytes(32))]
    for resolver in (asks, dnssec.ValidatingResolver(Server(data), anchors, clock)):
        found = []
        resolver.lookupAddress("www.example").addBoth(found.append)
        [result] = found
        if not isinstance(result, tuple):
            result.trap(DomainError, ResolverError)


def test_seeds(fuzzed):
    """Nothing breaks for the seeds, nor for what is damaged of them."""
    assert fuzzed > len(SEEDS)
