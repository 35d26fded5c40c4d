"""Servers: replies over UDP and streams, their limits, and the methods that programs override."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import FakeDatagramTransport, StringTransport
from twisted.logger import LogLevel, capturedLogs
from twisted.names import dns
from twisted.names._server import _front, _responder
from twisted.names._server._networks import Networks
from twisted.names.authority import FileAuthority
from twisted.names.cache import CacheResolver
from twisted.names.common import ResolverBase
from twisted.names.error import DNSNameError, DNSQueryTimeoutError, DNSServerError
from twisted.names.secondary import SecondaryAuthority
from twisted.names.server import DNSServerFactory, RateLimit

CLIENT = ("192.0.2.77", 5353)
SOA = dns.Record_SOA(b"ns.example.org", b"h.example.org", 1, 2, 3, 4, 60, 300)


class Zone(FileAuthority):
    """An authority of records in memory."""

    def __init__(self, records, origin=b"example.org"):
        super().__init__((origin, records))

    def loadFile(self, filename):
        origin, records = filename
        self.soa = (origin, SOA)
        self.records = {origin: [SOA, *records.pop(origin, [])], **records}


def many(count):
    """Addresses."""
    return [dns.Record_A(f"192.0.2.{number}", 60) for number in range(count)]


def zone():
    """An authority for a few names."""
    found = {
        b"example.org": [
            dns.Record_NS(b"ns.example.org", 60),
            dns.Record_MX(1, b"www.example.org"),
        ],
        b"www.example.org": many(1),
        b"twenty.example.org": many(20),
        b"eighty.example.org": many(80),
        b"*.wild.example.org": many(1),
        b"sub.example.org": [dns.Record_NS(b"ns.sub.example.org", 60)],
        b"ns.sub.example.org": many(1),
    }
    return Zone(found)


def edns(size=1232, version=0, flags=0):
    """An OPT record (RFC 6891 §6.1)."""
    return b"\0" + struct.pack("!HHIH", dns.OPT, size, version << 16 | flags, 0)


def ask(name, kind=dns.A, *, cls=dns.IN, opcode=0, id=0x1234, more=b"", recDes=1):
    """A request as octets."""
    message = dns.Message(id, opCode=opcode, recDes=recDes)
    message.addQuery(name, kind, cls)
    octets = bytearray(message.toStr())
    octets[11] = 1 if more else 0
    return bytes(octets) + more


class Served:
    """A server in memory."""

    def __init__(self, *authorities, kind=DNSServerFactory, **options):
        self.clock = Clock()
        self.factory = kind([*authorities], reactor=self.clock, **options)
        self.factory._front._seconds = self.clock.seconds
        self.udp = dns.DNSDatagramProtocol(self.factory, self.clock)
        self.transport = FakeDatagramTransport()
        self.udp.makeConnection(self.transport)

    def octets(self, request, address=CLIENT):
        """The replies to a datagram."""
        self.transport.written.clear()
        self.udp.datagramReceived(request, address)
        assert all(to == address for _, to in self.transport.written)
        return [reply for reply, _ in self.transport.written]

    def reply(self, request, address=CLIENT):
        """The reply to a datagram."""
        (octets,) = self.octets(request, address)
        message = dns.Message()
        message.fromStr(octets)
        message.size = len(octets)
        return message

    def connect(self, host="192.0.2.77"):
        """A stream to the server."""
        stream = self.factory.buildProtocol(None)
        transport = Transport()
        transport.peerAddr = Peer(host)
        stream.makeConnection(transport)
        return stream


class Peer:
    """Somebody."""

    def __init__(self, host):
        self.host = host


class Transport(StringTransport):
    """Keeps what is sent, and tells of what is done to it."""

    aborted = False

    def __init__(self):
        super().__init__()
        self.paused = False

    def abortConnection(self):
        self.aborted = True

    def pauseProducing(self):
        self.paused = True

    def resumeProducing(self):
        self.paused = False

    def replies(self):
        """The messages that were sent since the last time."""
        data = self.value()
        self.clear()
        found = []
        while data:
            (length,) = struct.unpack_from("!H", data)
            message = dns.Message()
            message.fromStr(data[2 : 2 + length])
            found.append(message)
            data = data[2 + length :]
        return found


def framed(*requests):
    """Requests as a stream."""
    return b"".join(len(request).to_bytes(2, "big") + request for request in requests)


@pytest.fixture
def served():
    """A server of the zone."""
    return Served(zone())


# Replies.


def test_reply(served):
    """A question is replied to with its identifier, flags and spelling."""
    reply = served.reply(ask(b"WwW.Example.org", id=7))
    assert (reply.id, reply.answer, reply.auth, reply.recDes, reply.recAv) == (7, 1, 1, 1, 0)
    assert reply.queries[0].name.name == b"WwW.Example.org"
    assert [rr.payload.dottedQuad() for rr in reply.answers] == ["192.0.2.0"]
    assert reply.additional == []
    assert served.reply(ask(b"www.example.org", recDes=0)).recDes == 0


def test_reply_is_remembered(served):
    """The same question is replied to from memory, with the identifier of each request."""
    first = served.octets(ask(b"www.example.org", id=1))[0]
    second = served.octets(ask(b"www.example.org", id=2))[0]
    assert first[2:] == second[2:]
    assert second[:2] == b"\0\2"
    assert served.factory.metrics.remembered == 1
    assert served.factory.metrics.codes == {0: 2}


def test_changes_are_answered_at_once(served):
    """What changes in a zone is in the next reply."""
    authority = served.factory.resolver.resolvers[0]
    assert len(served.reply(ask(b"www.example.org")).answers) == 1
    authority.records[b"www.example.org"].append(dns.Record_A("192.0.2.9"))
    assert len(served.reply(ask(b"www.example.org")).answers) == 2
    authority.records = {b"example.org": [SOA]}
    assert served.reply(ask(b"www.example.org")).rCode == dns.ENAME


def test_record_changed_in_place(served):
    """A record whose attributes are changed is answered anew after a second."""
    record = served.factory.resolver.resolvers[0].records[b"www.example.org"][0]
    served.reply(ask(b"www.example.org"))
    record.ttl = 1
    served.clock.advance(1)
    assert served.reply(ask(b"www.example.org")).answers[0].ttl == 1


def test_other_resolvers_at_once(served):
    """Resolvers that are added are asked at once, and so is another chain."""
    request = ask(b"www.example.net")
    assert served.reply(request).rCode == dns.EREFUSED
    served.factory.resolver.resolvers.append(Zone({b"www.example.net": many(1)}, b"example.net"))
    served.clock.advance(1)
    assert served.reply(request).rCode == dns.OK
    served.factory.resolver = type(served.factory.resolver)([])
    assert served.reply(request).rCode == dns.EREFUSED


def test_nearest_zone():
    """Of several zones the nearest one answers, in whatever order they are."""
    below = Zone({b"x.sub.example.org": many(2)}, b"sub.example.org")
    served = Served(zone(), below)
    reply = served.reply(ask(b"x.sub.example.org"))
    assert (reply.auth, len(reply.answers)) == (1, 2)


def test_memory_is_bounded(served, monkeypatch):
    """However many names are asked for, a bounded number of replies is remembered."""
    for module in (_front, _responder):
        monkeypatch.setattr(module, "MOST_REMEMBERED", 20)
    for number in range(100):
        kind = dns.TXT if number % 2 else dns.A
        served.reply(ask(b"www.example.org", kind, id=number, recDes=number % 3 != 0))
        served.reply(ask(b"x" * (number % 60 + 1) + b".example.org", 1000 + number))
    front = served.factory._front
    assert (len(front._remembered), len(front._responder._remembered)) == (20, 20)
    assert len(served.reply(ask(b"www.example.org")).answers) == 1


def test_long_replies_are_not_remembered(served, monkeypatch):
    """Nor do large replies over streams fill the memory."""
    monkeypatch.setattr(_responder, "LONGEST_REMEMBERED", 1000)
    stream = served.connect()
    stream.dataReceived(framed(ask(b"eighty.example.org"), ask(b"twenty.example.org")))
    assert [len(reply.answers) for reply in stream.transport.replies()] == [80, 20]
    kept = served.factory._front._responder._remembered
    assert [key[3] for key in kept] == [b"twenty.example.org"]


NESTED = {
    b"example.org": [dns.Record_MX(1, b"a.b.example.org"), dns.Record_NS(b"a.x.example.org")],
    b"*.b.example.org": [dns.Record_MX(1, b"a.b.example.org"), dns.Record_A("192.0.2.1")],
    b"*.c.example.org": [dns.Record_CNAME(b"a.c.example.org")],
    b"a.d.example.org": [dns.Record_CNAME(b"a.b.example.org")],
    b"x.example.org": [dns.Record_NS(b"a.x.example.org"), dns.Record_DS(1, 8, 2, b"x" * 32)],
    b"a.x.example.org": many(1),
    b"b\\.c.example.org": [dns.Record_TXT(b"odd"), dns.Record_NS(b"b.c.example.org")],
    b"a.h.example.org": [dns.Record_DNAME(b"b.example.org")],
}
WORDS = st.lists(st.sampled_from([b"a", b"b", b"c", b"d", b"x", b"h", b"*", b"b\\.c"]), max_size=3)
QUESTIONS = st.builds(
    lambda words, upper, kind, opt: ask(
        upper(b".".join([*words, b"example", b"org"])), kind, more=edns() if opt else b""
    ),
    WORDS,
    st.sampled_from([bytes.lower, bytes.upper, bytes.title]),
    st.sampled_from([dns.A, dns.MX, dns.NS, dns.DS, dns.CNAME, dns.ALL_RECORDS, dns.SOA]),
    st.booleans(),
)


@pytest.mark.parametrize("redirected", [False, True])
@given(questions=st.lists(QUESTIONS, min_size=2, max_size=8))
def test_memory_makes_no_difference(redirected, questions):
    """A server that has been asked for other names before replies as one that has not."""

    def made():
        records = {name: list(found) for name, found in NESTED.items()}
        if not redirected:
            del records[b"a.h.example.org"]
        return Served(Zone(records))

    experienced = made()
    for question in questions:
        (reply,) = experienced.octets(question)
        fresh = made()
        assert reply == fresh.octets(question)[0]
        message = dns.Message()
        message.fromStr(reply)
        asked = message.queries[0]
        if asked.type != dns.ALL_RECORDS:
            (authority,) = fresh.factory.resolver.resolvers
            expected = authority.zone().answer(asked.name.name.lower(), asked.type)
            for section in ("answers", "authority"):
                assert [
                    (rr.name.name.lower(), rr.type, rr.payload.toWire().lower())
                    for rr in getattr(message, section)
                ] == [
                    (rr.name, rr.record.TYPE, rr.record.toWire().lower())
                    for rr in getattr(expected, section)
                ]


REFUSED = [
    (ask(b"example.net"), dns.EREFUSED),
    (ask(b"www.example.org", cls=dns.CH), dns.EREFUSED),
    (ask(b"example.org", dns.AXFR), dns.EFORMAT),
    (ask(b"www.example.org", opcode=dns.OP_INVERSE), dns.ENOTIMP),
    (ask(b"www.example.org", opcode=dns.OP_STATUS), dns.ENOTIMP),
    (ask(b"www.example.org", opcode=dns.OP_UPDATE), dns.ENOTIMP),
    (ask(b"www.example.org", opcode=15), dns.ENOTIMP),
    (ask(b"example.org", dns.SOA, opcode=dns.OP_NOTIFY), dns.ENOTIMP),
    (ask(b"www.example.org")[:-1], dns.EFORMAT),
    (ask(b"www.example.org")[:14], dns.EFORMAT),
    (ask(b"www.example.org")[:12], dns.EFORMAT),
    (b"\0\1\0\0\0\0\0\0\0\0\0\0", dns.EFORMAT),
    (b"\0\1\0\0\0\2\0\0\0\0\0\0" + b"\0\0\1\0\1" * 2, dns.EFORMAT),
    (b"\0\1\0\0\xff\xff\xff\xff\xff\xff\xff\xff", dns.EFORMAT),
    (b"\0\1\0\0\0\1\xff\xff\xff\xff\xff\xff" + b"\0\0\1\0\1", dns.EFORMAT),
    (b"\0\1\0\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1", dns.EFORMAT),
    (b"\0\1\0\0\0\1\0\0\0\0\0\0\xc0\x02\0\1\0\1", dns.EFORMAT),
    (b"\0\1\0\0\0\1\0\0\0\0\0\0\x80\0\0\1\0\1", dns.EFORMAT),
    (b"\0\1\0\0\0\1\0\0\0\0\0\0" + b"\x01x" * 128 + b"\0\0\1\0\1", dns.EFORMAT),
    (ask(b"www.example.org", more=edns()[:-1]), dns.EFORMAT),
    (ask(b"www.example.org", more=edns()[:-1] + b"\xff"), dns.EFORMAT),
    (ask(b"www.example.org", more=b"\x01x" + edns()), dns.EFORMAT),
]


def test_changes_over_udp(served):
    """Who asks for changes over UDP gets the newest SOA, and asks again over TCP (RFC 1995 §2)."""
    reply = served.reply(ask(b"example.org", dns.IXFR))
    assert [(rr.type, rr.payload.serial) for rr in reply.answers] == [(dns.SOA, 1)]
    assert (reply.auth, reply.trunc, reply.authority) == (1, 0, [])
    assert served.reply(ask(b"www.example.org", dns.IXFR)).rCode == 9
    assert served.reply(ask(b"example.net", dns.IXFR)).rCode == 9


@pytest.mark.parametrize(("request_", "code"), REFUSED)
def test_refused(served, request_, code):
    """What is not for this server, not implemented, or makes no sense has a code of its own."""
    reply = served.reply(request_)
    assert reply.rCode == code
    assert reply.id == int.from_bytes(request_[:2], "big")
    assert (reply.answer, reply.auth) == (1, 0)
    assert reply.opCode == request_[2] >> 3 & 15


def test_two_opts(served):
    """There may be one OPT."""
    octets = bytearray(ask(b"www.example.org", more=edns() * 2))
    octets[11] = 2
    assert served.reply(bytes(octets)).rCode == dns.EFORMAT


@pytest.mark.parametrize("data", [b"", b"\0", b"\0\1\0\0\0\1\0\0\0\0\0"])
def test_too_short(served, data):
    """What is too short for a header is no request."""
    assert served.octets(data) == []
    assert served.factory.metrics.malformed == 1


def test_no_answer_to_answers(served):
    """An answer is not answered, or two servers might go on forever (D3)."""
    octets = bytearray(ask(b"www.example.org"))
    for flags in range(0x80, 0x100):
        octets[2] = flags
        assert served.octets(bytes(octets)) == []
    stream = served.connect()
    stream.dataReceived(framed(bytes(octets)))
    assert stream.transport.replies() == []


def test_own_questions_over_the_same_port(served):
    """An answer to what the server itself has asked over its port gets to who asked."""
    asked = served.udp.query(CLIENT, [dns.Query(b"www.example.net")])
    ((request, _),) = served.transport.written
    answer = bytearray(request)
    answer[2] |= 0x80
    assert served.octets(bytes(answer)) == []
    got = []
    asked.addCallback(got.append)
    assert got[0].answer


# EDNS, sizes.


def test_edns(served):
    """A reply has EDNS if the request has, with what the server takes and the flag DO."""
    reply = served.reply(ask(b"www.example.org", more=edns(flags=0x8000)))
    (options,) = reply.additional
    assert (options.type, options.cls, options.ttl) == (dns.OPT, 1232, 0x8000)


def test_edns_version(served):
    """Another version of EDNS is told what this one is (RFC 6891 §6.1.3)."""
    reply = served.reply(ask(b"www.example.org", more=edns(version=1)))
    (options,) = reply.additional
    assert reply.rCode == 0
    assert options.ttl >> 24 == 1
    assert options.ttl >> 16 & 0xFF == 0
    assert reply.answers == []


SIZES = [
    # The name, the size in the request, whether it fits, the most octets there may be.
    (b"twenty.example.org", None, True, 512),
    (b"eighty.example.org", None, False, 512),
    (b"eighty.example.org", 100, False, 512),
    (b"eighty.example.org", 1231, False, 1231),
    (b"eighty.example.org", 1232, False, 1232),
    (b"eighty.example.org", 65535, False, 1232),
    (b"twenty.example.org", 65535, True, 1232),
]


@pytest.mark.parametrize(("name", "size", "fits", "most"), SIZES)
def test_size_over_udp(served, name, size, fits, most):
    """A reply over UDP has 512 octets, or up to 1,232 if the client takes them (D3)."""
    reply = served.reply(ask(name, more=b"" if size is None else edns(size)))
    assert bool(reply.trunc) is not fits
    assert bool(reply.answers) is fits
    assert reply.size <= most
    assert reply.queries[0].name.name == name
    assert len(reply.additional) == (size is not None)
    assert served.factory.metrics.truncated == (not fits)


def test_larger_datagrams():
    """How large replies over UDP are can be changed."""

    class Large(DNSServerFactory):
        maxUDPSize = 4096

    served = Served(zone(), kind=Large)
    reply = served.reply(ask(b"eighty.example.org", more=edns(4096)))
    assert len(reply.answers) == 80
    assert reply.additional[0].cls == 4096


def test_additional_that_does_not_fit():
    """Addresses that nobody asked for are left out without saying so; glue is not (RFC 9471)."""
    records = {b"example.org": [dns.Record_MX(1, b"mail.example.org")]}
    records[b"mail.example.org"] = many(40)
    records[b"sub.example.org"] = [dns.Record_NS(b"ns.sub.example.org")]
    records[b"ns.sub.example.org"] = many(40)
    served = Served(Zone(records))
    mail = served.reply(ask(b"example.org", dns.MX))
    assert (mail.trunc, len(mail.answers)) == (0, 1)
    assert 0 < len(mail.additional) < 40
    below = served.reply(ask(b"x.sub.example.org"))
    assert (below.trunc, below.auth) == (1, 0)
    assert len(below.authority) == 1


def test_all_records_are_few_or_of_one_type():
    """All records of a name are given over UDP if they are few, else the least type (D3)."""
    records = {
        b"few.example.org": [*many(2), dns.Record_TXT(b"x")],
        b"many.example.org": [dns.Record_TXT(b"x" * 200), *many(10), dns.Record_MX(1, b"m")],
    }
    served = Served(Zone(records))
    assert len(served.reply(ask(b"few.example.org", dns.ALL_RECORDS)).answers) == 3
    reply = served.reply(ask(b"many.example.org", dns.ALL_RECORDS, more=edns()))
    assert [rr.type for rr in reply.answers] == [dns.MX]
    assert reply.size <= 256
    stream = served.connect()
    stream.dataReceived(framed(ask(b"many.example.org", dns.ALL_RECORDS)))
    assert len(stream.transport.replies()[0].answers) == 12


@given(st.binary(max_size=60))
def test_any_datagram(data):
    """Whatever comes, there is at most one reply, and no exception."""
    assert len(SERVED.octets(data)) <= 1


@given(st.binary(max_size=40), st.integers(0, 40), st.binary(min_size=1, max_size=4))
def test_any_damage(junk, position, octets):
    """The same of requests that were damaged."""
    request = ask(b"www.example.org", more=edns() + junk)
    data = request[:position] + octets + request[position + len(octets) :]
    assert len(SERVED.octets(data)) <= 1


SERVED = Served(zone())

# Limits of rate.


def flood(served, count, name=b"www.example.org", host="192.0.2.%d", kind=dns.A):
    """Ask many times, and count replies and those that are truncated."""
    replies = [
        served.octets(
            ask(name % number if b"%d" in name else name, kind),
            (host % (number % 250) if "%d" in host else host, 1),
        )
        for number in range(count)
    ]
    sent = [reply for found in replies for reply in found]
    return len(sent), sum(bool(reply[2] & 2) for reply in sent)


FLOODS = [
    b"www.example.org",
    b"missing%d.example.org",
    b"missing.deep%d.example.org",
    b"x%d.wild.example.org",
    b"y%d.sub.example.org",
    b"z%d.example.net",
]


@pytest.mark.parametrize("name", FLOODS)
def test_rate_limit(name):
    """Beyond so many equal replies to a network half are dropped, and half are cut short (D3)."""
    served = Served(zone(), rateLimit=RateLimit(10))
    sent, cut = flood(served, 110, name)
    assert (sent, cut) == (60, 50)
    assert served.factory.metrics.limited == 100
    served.clock.advance(30)
    assert flood(served, 10, name) == (10, 0)


def test_rate_of_errors():
    """Replies to nonsense are limited as well."""
    served = Served(zone(), rateLimit=RateLimit(10, slip=0))
    assert sum(len(served.octets(b"\0\1\0\0" + bytes(8))) for _ in range(100)) == 10


def test_rate_limit_recovers():
    """A client may go on at the rate, and a flood is remembered for a while."""
    served = Served(zone(), rateLimit=RateLimit(10, window=5, slip=0))
    for _ in range(5):
        assert flood(served, 10)[0] == 10
        served.clock.advance(1)
    assert flood(served, 1000)[0] == 10
    served.clock.advance(4)
    assert flood(served, 1)[0] == 0
    served.clock.advance(2)
    assert flood(served, 1)[0] == 1


def test_rate_limit_is_of_networks():
    """Other networks, other names and the machine itself are not held back."""
    served = Served(zone(), rateLimit=RateLimit(10, slip=0))
    assert flood(served, 100)[0] == 10
    assert flood(served, 5, host="198.51.100.1")[0] == 5
    assert flood(served, 5, name=b"twenty.example.org")[0] == 5
    assert flood(served, 100, host="127.0.0.1")[0] == 100
    assert flood(served, 100, host="::1")[0] == 100
    assert flood(served, 50, host="2001:db8:0:1::%d")[0] == 10
    assert flood(served, 50, host="::ffff:198.51.100.%d")[0] == 5
    served.factory.rateLimit = RateLimit(10, slip=0, loopback=True)
    assert flood(served, 100, host="127.0.0.1")[0] == 10


def test_truncated_reply_is_well_formed():
    """What is cut short still has its question."""
    served = Served(zone(), rateLimit=RateLimit(1, slip=1))
    served.reply(ask(b"www.example.org"))
    reply = served.reply(ask(b"WWW.example.org"))
    assert (reply.trunc, reply.answers) == (1, [])
    assert reply.queries == [dns.Query(b"www.example.org")]


def test_rate_limit_has_bounded_memory(monkeypatch):
    """The accounts of networks are bounded, whatever addresses requests come from."""
    from twisted.names._server import _ratelimit

    monkeypatch.setattr(_ratelimit, "MOST_TRACKED", 50)
    limit = RateLimit(10)
    for number in range(1000):
        limit.verdict(f"10.{number // 250}.{number % 250}.1", "x", 0.0)
    assert len(limit._accounts) == 50


@pytest.mark.parametrize("options", [{"perSecond": 0}, {"perSecond": 1, "window": 0}])
def test_rate_limit_needs_numbers(options):
    """A limit of nothing is a mistake."""
    with pytest.raises(ValueError, match="positive"):
        RateLimit(**options)


# Streams.


def test_stream(served):
    """Requests over a stream are replied to in order, at any split."""
    data = framed(*[ask(name, id=i) for i, name in enumerate([b"www.example.org", b"nothing.org"])])
    for split in range(len(data)):
        stream = served.connect()
        stream.dataReceived(data[:split])
        stream.dataReceived(data[split:])
        assert [reply.id for reply in stream.transport.replies()] == [0, 1]
        stream.connectionLost(None)
    assert served.factory.connections == []
    assert served.factory.metrics.streams == 0


def test_large_reply_over_stream(served):
    """What does not fit into a datagram does into a stream."""
    stream = served.connect()
    stream.dataReceived(framed(ask(b"eighty.example.org", more=edns(512))))
    (reply,) = stream.transport.replies()
    assert (reply.trunc, len(reply.answers)) == (0, 80)


def test_idle_stream(served):
    """A stream over which nothing comes is closed (D5)."""
    stream = served.connect()
    served.clock.advance(served.factory.idleTimeout - 1)
    assert not stream.transport.aborted
    stream.dataReceived(framed(ask(b"www.example.org")))
    served.clock.advance(served.factory.idleTimeout - 1)
    assert not stream.transport.aborted
    served.clock.advance(1)
    assert stream.transport.aborted
    assert served.factory.metrics.streamsTimedOut == 1
    stream.connectionLost(None)
    assert served.clock.getDelayedCalls() == []


def test_dribbling_stream(served):
    """A client that sends octet after octet, but no request, is no better (D5)."""
    stream = served.connect()
    for octet in framed(ask(b"www.example.org"))[:20]:
        stream.dataReceived(bytes([octet]))
        served.clock.advance(2)
    assert stream.transport.aborted


def test_stream_that_is_not_read(served):
    """A client that does not take its replies is read from no more, and let go after a while."""
    stream = served.connect()
    transport = stream.transport
    assert transport.streaming
    transport.producer.pauseProducing()
    assert transport.paused
    stream.dataReceived(framed(*[ask(b"www.example.org", id=i) for i in range(50)]))
    assert transport.replies() == []
    transport.producer.resumeProducing()
    assert len(transport.replies()) == 50
    assert not transport.paused
    transport.producer.pauseProducing()
    served.clock.advance(served.factory.idleTimeout)
    assert transport.aborted


def test_nonsense_over_stream(served):
    """Nonsense over a stream is told, and what is no message at all ends it."""
    stream = served.connect()
    stream.dataReceived(framed(b"\0\1\0\0" + bytes(8)))
    assert stream.transport.replies()[0].rCode == dns.EFORMAT
    stream.dataReceived(framed(b"\0\1"))
    assert stream.transport.disconnecting


def test_wrong_transfers(served):
    """Transfers of what is no zone, with a SOA that is none, or of a zone that is not there."""
    served.factory._front.mayTransfer = Networks(["192.0.2.0/24"])
    broken = bytearray(ask(b"example.org", dns.IXFR, more=b"x")[:-1])
    broken[9], broken[11] = 1, 0
    broken += b"\xc0\x0c" + struct.pack("!HHIH", dns.SOA, dns.IN, 0, 3) + b"abc"
    stream = served.connect()
    stream.dataReceived(framed(bytes(broken), ask(b"www.example.org", dns.AXFR)))
    assert [reply.rCode for reply in stream.transport.replies()] == [dns.EFORMAT, 9]
    secondary = SecondaryAuthority("192.0.2.1", b"example.net")
    served.factory.resolver.resolvers.append(secondary)
    stream.dataReceived(framed(ask(b"example.net", dns.AXFR), ask(b"www.example.net")))
    assert [reply.rCode for reply in stream.transport.replies()] == [dns.ESERVER, dns.ESERVER]


def test_most_streams(served):
    """More streams than there may be are closed at once."""
    served.factory.mostStreams = 2
    first, _, third = (served.connect() for _ in range(3))
    assert (first.transport.aborted, third.transport.aborted) == (False, True)
    assert served.factory.metrics.streamsRefused == 1


def test_most_streams_of_a_client(served):
    """One address has no more streams than are for one; others have theirs all the same."""
    served.factory.mostStreamsOfClient = 2
    first, second, third = (served.connect() for _ in range(3))
    assert (second.transport.aborted, third.transport.aborted) == (False, True)
    third.connectionLost(ConnectionDone())
    assert not served.connect("192.0.2.78").transport.aborted
    assert served.connect().transport.aborted
    first.connectionLost(ConnectionDone())
    assert not served.connect().transport.aborted
    assert served.factory.metrics.streams == 3
    second.connectionLost(None)
    assert not served.connect().transport.aborted


class Slow(ResolverBase):
    """A resolver that takes its time."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def _lookup(self, name, cls, type, timeout):
        answer = Deferred()
        self.asked.append((name, answer))
        return answer

    def answer(self, index=0):
        """Answer a question."""
        name, answer = self.asked.pop(index)
        answer.callback(([dns.RRHeader(name, ttl=60, payload=dns.Record_A("192.0.2.1"))], [], []))


@pytest.fixture
def slow():
    """A server that asks a slow resolver about other names."""
    resolver = Slow()
    served = Served(zone(), clients=[resolver])
    served.slow = resolver
    return served


def test_replies_in_any_order(slow):
    """Several requests of a stream are under way, and replied to as the answers come (RFC 7766)."""
    stream = slow.connect()
    names = [b"a.example.net", b"b.example.net", b"www.example.org"]
    stream.dataReceived(framed(*[ask(name, id=i) for i, name in enumerate(names)]))
    assert [reply.id for reply in stream.transport.replies()] == [2]
    slow.slow.answer(1)
    slow.slow.answer(0)
    replies = stream.transport.replies()
    assert [reply.id for reply in replies] == [1, 0]
    assert [reply.recAv for reply in replies] == [1, 1]


def test_pipelining_cap(slow):
    """No more requests of a stream than so many are under way; the others wait unread (D5)."""
    slow.factory.mostPending = 3
    stream = slow.connect()
    stream.dataReceived(framed(*[ask(b"x%d.example.net" % i, id=i) for i in range(10)]))
    assert len(slow.slow.asked) == 3
    assert stream.transport.paused
    slow.clock.advance(slow.factory.idleTimeout * 2)
    assert not stream.transport.aborted
    for _ in range(10):
        slow.slow.answer()
    assert [reply.id for reply in stream.transport.replies()] == list(range(10))
    assert not stream.transport.paused


def test_answer_for_a_stream_that_is_gone(slow):
    """An answer that comes when the stream is gone is nothing bad."""
    stream = slow.connect()
    stream.dataReceived(framed(ask(b"a.example.net")))
    stream.connectionLost(None)
    with capturedLogs() as events:
        slow.slow.answer()
    assert not any(event["log_level"] >= LogLevel.warn for event in events)


def test_most_waiting(slow):
    """No more requests over UDP than so many wait for other servers."""
    slow.factory.mostWaiting = 5
    for number in range(10):
        slow.octets(ask(b"x%d.example.net" % number))
    assert len(slow.slow.asked) == 5
    assert slow.factory.metrics.overload == 5
    slow.slow.answer()
    slow.octets(ask(b"y.example.net"))
    assert len(slow.slow.asked) == 5


# What other resolvers say.


class Says(ResolverBase):
    """A resolver that says one thing."""

    def __init__(self, outcome):
        super().__init__()
        self.outcome = outcome
        self.count = 0

    def _lookup(self, name, cls, type, timeout):
        self.count += 1
        return self.outcome()


def negative(name=b"example.net"):
    """What a client says of a name that does not exist."""
    message = dns.Message(rCode=dns.ENAME)
    soa = dns.Record_SOA(b"ns", b"h", 1, 2, 3, 4, minimum=60, ttl=3600)
    message.authority = [dns.RRHeader(name, dns.SOA, ttl=3600, payload=soa)]
    return message


OUTCOMES = [
    (lambda: fail(DNSNameError(negative())), dns.ENAME, 1),
    (lambda: fail(DNSServerError(dns.Message())), dns.ESERVER, 0),
    (lambda: fail(DNSQueryTimeoutError(1)), dns.ESERVER, 0),
    (lambda: succeed(([], negative().authority, [])), dns.OK, 1),
]


@pytest.mark.parametrize(("outcome", "code", "authority"), OUTCOMES)
def test_forwarded(outcome, code, authority):
    """What others answer is passed on, with the SOA if there is nothing (RFC 2308)."""
    served = Served(zone(), clients=[Says(outcome)])
    reply = served.reply(ask(b"www.example.net", more=edns()))
    assert (reply.rCode, reply.recAv, reply.auth) == (code, 1, 0)
    assert [rr.type for rr in reply.authority] == [dns.SOA] * authority
    assert [rr.type for rr in reply.additional] == [dns.OPT]


def test_caching_forwarder():
    """What was asked once is answered from the cache."""
    answer = ([dns.RRHeader(b"www.example.net", ttl=60, payload=dns.Record_A("192.0.2.1"))], [], [])
    says = Says(lambda: succeed(answer))
    clock = Clock()
    served = Served(caches=[CacheResolver(reactor=clock)], clients=[says])
    for _ in range(3):
        assert len(served.reply(ask(b"www.example.net")).answers) == 1
    assert says.count == 1


def test_forwarded_size():
    """What others answer is cut to what the client takes, and limited in its rate."""
    headers = [dns.RRHeader(b"x.net", ttl=60, payload=record) for record in many(80)]
    served = Served(clients=[Says(lambda: succeed((headers, [], [])))], rateLimit=RateLimit(2))
    assert served.reply(ask(b"x.net")).trunc == 1
    reply = served.reply(ask(b"x.net", more=edns(9000)))
    assert reply.trunc == 1
    assert reply.size <= 1232
    assert flood(served, 10, b"x.net")[0] == 5


# What programs override.


def test_hooks():
    """Methods that a subclass overrides are called for every message."""

    class Mine(DNSServerFactory):
        def allowQuery(self, message, protocol, address):
            asked.append(message.queries[0].name.name)
            return address[0] != "192.0.2.66"

        def gotResolverResponse(self, response, protocol, message, address):
            super().gotResolverResponse((response[0] * 2, [], []), protocol, message, address)

    asked = []
    served = Served(zone(), kind=Mine)
    for _ in range(2):
        reply = served.reply(ask(b"www.example.org", more=edns()))
        assert len(reply.answers) == 2
        assert reply.auth
        assert [rr.type for rr in reply.additional] == [dns.OPT]
    assert served.reply(ask(b"www.example.org"), ("192.0.2.66", 1)).rCode == dns.EREFUSED
    assert asked == [b"www.example.org"] * 3
    assert served.factory.metrics.datagrams == 3


def test_hooks_of_instances(served):
    """So are functions that a program puts into a server's place for them."""
    served.reply(ask(b"www.example.org"))
    served.factory.allowQuery = lambda message, protocol, address: False
    assert served.reply(ask(b"www.example.org")).rCode == dns.EREFUSED


def test_overridden_authority():
    """An authority whose lookups are overridden is asked by them."""

    class Mine(Zone):
        def lookupAddress(self, name, timeout=None):
            return super().lookupAddress(b"twenty.example.org")

    served = Served(Mine({b"twenty.example.org": many(20)}))
    assert len(served.reply(ask(b"www.example.org")).answers) == 20


def test_hooks_over_streams():
    """Over a stream as well, and transfers are allowed as ever."""

    class Mine(DNSServerFactory):
        def allowQuery(self, message, protocol, address):
            return message.queries[0].name.name != b"no.example.org"

    served = Served(zone(), kind=Mine, allowTransfer=["192.0.2.0/24"])
    stream = served.connect()
    requests = [ask(b"no.example.org"), ask(b"www.example.org"), ask(b"example.org", dns.AXFR)]
    stream.dataReceived(framed(*requests))
    replies = stream.transport.replies()
    assert [reply.rCode for reply in replies] == [dns.EREFUSED, dns.OK, dns.OK]
    assert len(replies[2].answers) > 10
    other = served.connect("198.51.100.1")
    other.dataReceived(framed(requests[2]))
    assert other.transport.replies()[0].rCode == dns.EREFUSED


def test_negative_answers_of_hooks(served):
    """The times of negative answers are those of RFC 2308 on this way, too."""
    served.factory.allowQuery = lambda message, protocol, address: True
    reply = served.reply(ask(b"www.example.org", dns.TXT))
    assert [rr.ttl for rr in reply.authority] == [60]
    reply = served.reply(ask(b"nothing.example.org", dns.TXT))
    assert reply.rCode == dns.ENAME


# Metrics.


def test_metrics(served):
    """What the server does is counted, and written for Prometheus."""
    for name in (b"www.example.org", b"www.example.org", b"nothing.example.org"):
        served.reply(ask(name))
    served.octets(b"x")
    stream = served.connect()
    stream.dataReceived(framed(ask(b"www.example.org")))
    text = served.factory.metrics.prometheusText()
    lines = text.splitlines()
    assert 'twisted_dns_requests_total{transport="udp"} 4' in lines
    assert 'twisted_dns_requests_total{transport="tcp"} 1' in lines
    assert 'twisted_dns_replies_total{code="NOERROR"} 3' in lines
    assert 'twisted_dns_replies_total{code="NXDOMAIN"} 1' in lines
    assert "twisted_dns_remembered_total 1" in lines
    assert "twisted_dns_malformed_total 1" in lines
    assert "twisted_dns_streams_open 1" in lines


def test_records_of_programs():
    """A record of a class of a program's own, which only can be encoded, is served."""

    class Own:
        TYPE = 65401
        ttl = 5

        def encode(self, strio, compDict=None):
            strio.write(b"own")

    records = {b"own.example.org": [Own(), dns.Record_A("192.0.2.1")]}
    served = Served(Zone(records), allowTransfer=["0.0.0.0/0"])
    reply = served.reply(ask(b"own.example.org", 65401))
    assert [(rr.type, rr.ttl, rr.payload.data) for rr in reply.answers] == [(65401, 5, b"own")]
    assert len(served.reply(ask(b"own.example.org", dns.ALL_RECORDS)).answers) == 2
    stream = served.connect()
    stream.dataReceived(framed(ask(b"example.org", dns.AXFR)))
    assert len(stream.transport.replies()[0].answers) == 4
