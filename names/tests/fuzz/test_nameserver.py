"""Requests to a name server: as datagrams, and over a stream."""

from __future__ import annotations

from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.internet.testing import FakeDatagramTransport, StringTransport
from twisted.names import dns
from twisted.names.authority import FileAuthority
from twisted.names.server import DNSServerFactory


class Zone(FileAuthority):
    def loadFile(self, filename):
        self.soa = (b"example", dns.Record_SOA(b"ns.example", b"h.example", 1, 2, 3, 4, 60, 300))
        self.records = {
            b"example": [self.soa[1], dns.Record_NS(b"ns.example")],
            b"www.example": [dns.Record_A("192.0.2.1"), dns.Record_TXT(b"x" * 200)],
            b"*.wild.example": [dns.Record_CNAME(b"www.example")],
            b"away.example": [dns.Record_DNAME(b"wild.example")],
            b"sub.example": [dns.Record_NS(b"ns.sub.example")],
            b"ns.sub.example": [dns.Record_A("192.0.2.2")],
        }


def request(name, kind, *, opcode=0, more=b"", count=0):
    """A request as octets."""
    message = dns.Message(0x1234, opCode=opcode)
    message.addQuery(name, kind)
    octets = bytearray(message.toStr())
    octets[11] = count
    return bytes(octets) + more


OPT = b"\0\0\x29\x04\xd0\0\0\x80\0\0\x0c\0\x0a\0\x08abcdefgh"
DATAGRAMS = [
    request(b"www.example", dns.A),
    request(b"WWW.example", dns.TXT, more=OPT, count=1),
    request(b"any.wild.example", dns.ALL_RECORDS),
    request(b"x.away.example", dns.A),
    request(b"x.sub.example", dns.A),
    request(b"example", dns.AXFR),
    request(b"example", dns.IXFR),
    request(b"example", dns.SOA, opcode=4),
    request(b"example", dns.SOA, opcode=5),
    request(b"other", dns.A),
]
FRAMES = [len(octets).to_bytes(2, "big") + octets for octets in DATAGRAMS]
SEEDS = [*DATAGRAMS, *FRAMES, b"".join(FRAMES)]


def served():
    clock = Clock()
    factory = DNSServerFactory([Zone("")], reactor=clock)
    factory._front._seconds = clock.seconds
    return factory, clock


def stream():
    factory, _ = served()
    protocol = factory.buildProtocol(None)
    protocol.makeConnection(StringTransport(peerAddress=IPv4Address("TCP", "127.0.0.1", 1)))
    return protocol


def datagrams(data):
    """At most one reply, that is no longer than what was asked allows, and to no answer."""
    factory, clock = served()
    protocol = dns.DNSDatagramProtocol(factory, clock)
    transport = FakeDatagramTransport()
    protocol.makeConnection(transport)
    protocol.datagramReceived(data, ("192.0.2.77", 5353))
    assert len(transport.written) <= 1
    for reply, _ in transport.written:
        assert len(reply) <= 1232
        assert not data[2] & 0x80
        dns.Message().fromStr(reply)


class _Whole:
    """What a stream says to octets that come whole, and in pieces."""

    def __init__(self, data):
        self.said = set()
        for size in (max(1, len(data)), max(1, len(data) // 2), 1):
            protocol = stream()
            for start in range(0, len(data), size):
                if protocol.transport.disconnecting:
                    break
                protocol.dataReceived(data[start : start + size])
            self.said.add(protocol.transport.value())


def fuzz(data):
    datagrams(data)
    assert len(_Whole(data).said) == 1


def test_seeds(fuzzed):
    """Nothing breaks for the seeds, nor for what is damaged of them."""
    assert fuzzed > len(SEEDS)
