"""Secondaries, and zones that are sent to them: whole, as differences, and upon notice."""

from __future__ import annotations

import struct
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twisted.internet.error import ConnectionRefusedError
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.names import dns
from twisted.names._server._notify import FIRST_PAUSE, TRIES, notify
from twisted.names._zones._answers import RR, Zone
from twisted.names._zones._history import (
    MOST_VERSIONS,
    Difference,
    History,
    applied,
    difference,
    isNewer,
)
from twisted.names._zones._incoming import Incoming
from twisted.names._zones._records import ZoneRecords
from twisted.names.authority import FileAuthority
from twisted.names.secondary import (
    SecondaryAuthority,
    SecondaryAuthorityService,
    TransferError,
)
from twisted.names.server import DNSServerFactory
from twisted.python.failure import Failure
from twisted.test.iosim import FakeTransport, IOPump

ORIGIN = b"example.org"


def soa(serial=1, refresh=3600, retry=600, expire=86400):
    """A SOA."""
    return dns.Record_SOA(b"ns", b"h", serial, refresh, retry, expire, 60, ttl=300)


class Primary(FileAuthority):
    """A zone of names and how many addresses they have."""

    def loadFile(self, filename):
        self.version(1, a=1, b=2)

    def version(self, serial, **names):
        """Go on with another version."""
        first = soa(serial)
        records = {
            name.encode() + b"." + ORIGIN: [
                dns.Record_A(f"192.0.2.{number}", 60) for number in range(count)
            ]
            for name, count in names.items()
        }
        self.replace((ORIGIN, first), {ORIGIN: [first], **records})


def contents(authority):
    """The records of an authority."""
    return {name: sorted(map(repr, found)) for name, found in authority.records.items()}


class Joined:
    """A secondary, and the server of its primary, in memory."""

    def __init__(self, **options):
        self.primary = Primary(None)
        self.clock = Clock()
        options.setdefault("allowTransfer", ["192.0.2.0/24"])
        self.factory = DNSServerFactory([self.primary], reactor=self.clock, **options)
        self.reactor = MemoryReactorClock()
        self.secondary = SecondaryAuthority("192.0.2.1", ORIGIN)
        self.secondary._reactor = self.reactor

    def transfer(self, host="192.0.2.2"):
        """Do a transfer; gives whether it worked."""
        results = []
        self.secondary.transfer().addCallback(results.append)
        while self.reactor.tcpClients:
            self.carry(host)
        return results[0] if results else None

    def carry(self, host="192.0.2.2"):
        """Carry one connection to its end."""
        _, _, factory, _, _ = self.reactor.tcpClients.pop()
        client = factory.buildProtocol(None)
        server = self.factory.buildProtocol(None)
        there = FakeTransport(server, isServer=True, peerAddress=Peer(host))
        here = FakeTransport(client, isServer=False)
        server.makeConnection(there)
        client.makeConnection(here)
        pump = IOPump(client, server, here, there, False)
        pump.flush()
        return here


class Peer:
    """Somebody."""

    def __init__(self, host):
        self.host = host


@pytest.fixture
def joined():
    """A secondary and its primary."""
    return Joined()


def test_whole_zone(joined):
    """At first the whole zone is transferred."""
    assert joined.secondary.zone() is None
    assert joined.transfer() is True
    assert contents(joined.secondary) == contents(joined.primary)
    assert joined.secondary.soa[1].serial == 1
    assert joined.factory.metrics.transfers == 1


def test_large_zone(joined):
    """A zone of many messages is transferred, and sent as fast as it is taken."""
    joined.primary.version(1, **{f"name{number}": 200 for number in range(40)})
    assert joined.transfer() is True
    assert contents(joined.secondary) == contents(joined.primary)


def test_differences(joined):
    """Afterwards only what has changed is transferred, over several versions (RFC 1995)."""
    joined.transfer()
    kept = joined.secondary.records[b"b.example.org"][0]
    joined.primary.version(2, a=1, b=3)
    joined.primary.version(3, b=1, c=1)
    sent = []
    original = Difference.__iter__
    Difference.__iter__ = lambda self: sent.append(self) or original(self)
    try:
        assert joined.transfer() is True
    finally:
        Difference.__iter__ = original
    assert len(sent) == 2
    assert contents(joined.secondary) == contents(joined.primary)
    assert joined.secondary.records[b"b.example.org"][0] is kept
    assert joined.secondary.history().since(1) is not None


def test_nothing_new(joined):
    """A single SOA says that there is nothing new."""
    joined.transfer()
    before = joined.secondary.records
    assert joined.transfer() is True
    assert joined.secondary.records is before


def test_version_that_is_not_known(joined):
    """Who has a version that the primary does not know gets the whole zone."""
    joined.transfer()
    joined.primary.version(2, c=1)
    joined.primary.history().clear()
    assert joined.transfer() is True
    assert contents(joined.secondary) == contents(joined.primary)


def test_refused(joined):
    """Zones are not sent to whoever asks."""
    assert joined.transfer("198.51.100.1") is False
    assert joined.secondary.zone() is None
    assert joined.factory.metrics.transfers == 0


def test_loopback_by_default():
    """By default they are sent to the machine itself alone."""
    joined = Joined(allowTransfer=("127.0.0.0/8", "::1/128"))
    assert DNSServerFactory()._front.mayTransfer.hold("127.0.0.1")
    assert not DNSServerFactory()._front.mayTransfer.hold("192.0.2.2")
    assert joined.transfer() is False
    assert joined.transfer("127.0.0.1") is True
    assert joined.transfer("::ffff:127.0.0.1") is True


def test_notice_during_a_transfer(joined):
    """A notice that comes during a transfer leads to another one."""
    joined.secondary.transfer()
    assert joined.secondary.notified("192.0.2.1")
    joined.carry()
    assert joined.secondary.transferring
    joined.primary.version(2, c=1)
    joined.carry()
    assert joined.secondary.soa[1].serial == 2
    assert not joined.secondary.transferring


def test_flood_of_notices(joined):
    """A flood of notices, which may be forged, leads to one transfer in a second."""
    joined.transfer()
    for _ in range(10):
        assert joined.secondary.notified("192.0.2.1")
        while joined.reactor.tcpClients:
            joined.carry()
    assert joined.factory.metrics.transfers == 2
    joined.primary.version(2, c=1)
    joined.reactor.advance(1)
    joined.carry()
    assert joined.secondary.soa[1].serial == 2
    assert joined.factory.metrics.transfers == 3
    joined.reactor.advance(10)
    assert joined.reactor.tcpClients == []
    assert joined.secondary.notified("192.0.2.1")
    assert len(joined.reactor.tcpClients) == 1


def test_notice_of_strangers(joined):
    """Only the primary is believed, and who is named besides."""
    assert not joined.secondary.notified("198.51.100.1")
    assert joined.reactor.tcpClients == []
    joined.secondary.notifiers = ["198.51.100.1"]
    assert joined.secondary.notified("198.51.100.1")
    assert len(joined.reactor.tcpClients) == 1


NOTICES = [
    ("192.0.2.1", ORIGIN, dns.OK),
    ("198.51.100.1", ORIGIN, dns.EREFUSED),
    ("192.0.2.1", b"example.net", dns.ENOTIMP),
]


@pytest.mark.parametrize(("host", "name", "code"), NOTICES)
def test_notices_over_udp(joined, host, name, code):
    """A server passes notices on to the secondary that they are about."""

    class Sent:
        def write(self, data, address):
            replies.append(data)

    replies = []
    factory = DNSServerFactory([joined.secondary], reactor=joined.clock)
    udp = dns.DNSDatagramProtocol(factory, joined.clock)
    udp.makeConnection(Sent())
    message = dns.Message(5, opCode=dns.OP_NOTIFY, auth=True)
    message.addQuery(name, dns.SOA)
    udp.datagramReceived(message.toStr(), (host, 53))
    reply = dns.Message()
    reply.fromStr(replies[0])
    assert (reply.id, reply.answer, reply.opCode, reply.rCode) == (5, 1, dns.OP_NOTIFY, code)
    assert len(joined.reactor.tcpClients) == (code == dns.OK)


def test_no_zone_yet(joined):
    """A server that has no version of its zone yet says that it fails."""

    class Sent:
        def write(self, data, address):
            replies.append(data[3] & 15)

    replies = []
    factory = DNSServerFactory([joined.secondary], reactor=joined.clock)
    udp = dns.DNSDatagramProtocol(factory, joined.clock)
    udp.makeConnection(Sent())
    message = dns.Message(5)
    message.addQuery(b"a.example.org", dns.A)
    for _ in range(2):
        udp.datagramReceived(message.toStr(), ("192.0.2.7", 53))
        joined.transfer()
    joined.secondary.expire()
    udp.datagramReceived(message.toStr(), ("192.0.2.7", 53))
    assert replies == [dns.ESERVER, dns.OK, dns.ESERVER]


class Sender:
    """Answers a secondary by hand."""

    def __init__(self, have=None):
        self.reactor = MemoryReactorClock()
        self.secondary = SecondaryAuthority.fromServerAddressAndDomain(("192.0.2.1", 5), ORIGIN)
        self.secondary._reactor = self.reactor
        if have is not None:
            self.secondary.replace((ORIGIN, have), {ORIGIN: [have]})
        self.results = []
        self.secondary.transfer().addCallback(self.results.append)
        self.connect()

    def connect(self):
        """Take a connection of the secondary."""
        host, port, factory, _, _ = self.reactor.tcpClients.pop()
        assert (host, port) == ("192.0.2.1", 5)
        self.protocol = factory.buildProtocol(None)
        self.transport = StringTransport()
        self.protocol.makeConnection(self.transport)
        self.request = dns.Message()
        self.request.fromStr(self.transport.value()[2:])

    def send(self, *records, code=0, id=None):
        """Send a message."""
        message = dns.Message(self.request.id if id is None else id, answer=1, rCode=code)
        message.maxSize = 0
        message.answers = [
            dns.RRHeader(name, record.TYPE, ttl=record.ttl or 0, payload=record)
            for name, record in records
        ]
        data = message.toStr()
        self.protocol.dataReceived(struct.pack("!H", len(data)) + data)


A = (b"a.example.org", dns.Record_A("192.0.2.1", 60))


def at(serial):
    """The SOA of a version, with its owner."""
    return ORIGIN, soa(serial)


def test_request():
    """The first request is for the whole zone, the next for what has changed since."""
    first = Sender()
    assert first.request.queries == [dns.Query(ORIGIN, dns.AXFR)]
    second = Sender(soa(5))
    assert second.request.queries == [dns.Query(ORIGIN, dns.IXFR)]
    assert [rr.payload.serial for rr in second.request.authority] == [5]


def test_one_record_in_a_message():
    """A primary may put each record into a message of its own."""
    sender = Sender()
    for record in (at(1), A, at(1)):
        sender.send(record)
    assert sender.results == [True]
    assert sender.transport.disconnecting


def test_foreign_records_are_left_out():
    """Records of other zones are not taken over."""
    sender = Sender()
    sender.send(at(1), A, (b"www.example.net", dns.Record_A("192.0.2.66")), at(1))
    assert set(sender.secondary.records) == {ORIGIN, b"a.example.org"}


def test_unknown_types():
    """Records of unknown types are transferred (RFC 3597)."""
    sender = Sender()
    message = dns.Message(sender.request.id, answer=1)
    first = dns.RRHeader(ORIGIN, dns.SOA, payload=soa(1))
    message.answers = [first, dns.RRHeader(ORIGIN, 65400, payload=dns.UnknownRecord(b"x")), first]
    data = message.toStr()
    sender.protocol.dataReceived(struct.pack("!H", len(data)) + data)
    assert [record.TYPE for record in sender.secondary.records[ORIGIN]] == [dns.SOA, 65400]


def test_other_messages_are_nothing():
    """Messages with another identifier, and those that are no answers, change nothing."""
    sender = Sender()
    sender.send(at(1), A, at(1), id=sender.request.id ^ 1)
    message = sender.request.toStr()
    sender.protocol.dataReceived(struct.pack("!H", len(message)) + message)
    assert sender.results == []


WRONG = [
    [A],
    [(b"example.net", soa(1))],
    [at(1), (b"sub.example.org", soa(1))],
    [at(1), A, at(2)],
    [],
]


@pytest.mark.parametrize("records", WRONG)
def test_wrong_transfer(records):
    """What is no transfer of the zone is not taken over."""
    sender = Sender()
    sender.send(*records)
    assert sender.results == [False]
    assert sender.secondary.zone() is None
    assert not sender.secondary.transferring


def test_records_behind_the_end():
    """Nothing may follow the end."""
    sender = Sender()
    sender.send(at(1), A, at(1), A)
    assert sender.results == [False]


def test_silent_primary():
    """A primary that says nothing for a minute is given up."""
    sender = Sender()
    sender.send(at(1))
    sender.reactor.advance(59)
    sender.send(A)
    sender.reactor.advance(59)
    assert sender.results == []
    sender.reactor.advance(1)
    assert sender.results == [False]
    assert sender.transport.disconnecting


def test_lost_connection():
    """A connection that ends too early is no transfer."""
    sender = Sender()
    sender.send(at(1), A)
    sender.protocol.connectionLost(None)
    assert sender.results == [False]
    assert sender.reactor.getDelayedCalls() == []


@pytest.mark.parametrize("code", [dns.EFORMAT, dns.ENOTIMP, dns.EREFUSED])
def test_primary_without_differences(code):
    """A primary that does not know differences is asked for the whole zone."""
    sender = Sender(soa(1))
    sender.send(code=code)
    sender.connect()
    assert sender.request.queries == [dns.Query(ORIGIN, dns.AXFR)]
    sender.send(at(2), A, at(2))
    assert sender.results == [True]
    assert sender.secondary.soa[1].serial == 2


def test_whole_zone_instead_of_differences():
    """A primary may answer with the whole zone."""
    sender = Sender(soa(1))
    sender.send(at(2), A, at(2))
    assert sender.secondary.soa[1].serial == 2


DIFFERENT = [
    # The steps, and what there is afterwards.
    ([at(2), at(1), at(2), A, at(2)], [b"a.example.org"]),
    ([at(3), at(1), at(2), A, at(2), A, at(3), at(3)], []),
    ([at(3), at(1), at(2), A, at(2), at(3), at(3)], [b"a.example.org"]),
]


@pytest.mark.parametrize(("records", "names"), DIFFERENT)
def test_steps(records, names):
    """Each step removes and adds records (RFC 1995 §4), in one message or in many."""
    for messages in ([records], [[record] for record in records]):
        sender = Sender(soa(1))
        for message in messages:
            sender.send(*message)
        assert sender.results == [True]
        assert sorted(sender.secondary.records) == sorted([ORIGIN, *names])
        assert sender.secondary.soa[1].serial == records[0][1].serial


WRONG_STEPS = [
    [at(2), at(1), A, at(2), at(2)],
    [at(3), at(1), at(2), A, at(1), at(3), at(3)],
]


@pytest.mark.parametrize("records", WRONG_STEPS)
def test_wrong_steps(records):
    """When steps do not fit together, or not to the zone, the whole zone is asked for."""
    sender = Sender(soa(1))
    sender.send(*records)
    sender.connect()
    assert sender.request.queries == [dns.Query(ORIGIN, dns.AXFR)]
    assert sender.secondary.soa[1].serial == 1


def test_no_connection():
    """A primary that is not there is tried again later."""
    reactor = MemoryReactorClock()
    secondary = SecondaryAuthority("192.0.2.1", ORIGIN)
    secondary._reactor = reactor
    results = []
    secondary.transfer().addCallback(results.append)
    _, _, factory, _, _ = reactor.tcpClients.pop()
    factory.clientConnectionFailed(None, Failure(ConnectionRefusedError()))
    assert results == [False]


# The service.


class Kept:
    """A service of one zone whose transfers are done by hand."""

    def __init__(self):
        self.reactor = MemoryReactorClock()
        self.service = SecondaryAuthorityService.fromServerAddressAndDomains(
            ("192.0.2.1", 53), [ORIGIN]
        )
        self.service._reactor = self.reactor
        (self.authority,) = self.service.domains
        self.authority._reactor = self.reactor
        self.service.startService()

    def asked(self):
        """Whether the primary has been asked since the last time."""
        clients = len(self.reactor.tcpClients)
        self.factories = [client[2] for client in self.reactor.tcpClients]
        self.reactor.tcpClients.clear()
        assert clients <= 1
        return bool(clients)

    def answer(self, *records):
        """Let the primary answer."""
        protocol = self.factories[0].buildProtocol(None)
        transport = StringTransport()
        protocol.makeConnection(transport)
        request = dns.Message()
        request.fromStr(transport.value()[2:])
        message = dns.Message(request.id, answer=1, rCode=0 if records else dns.ESERVER)
        message.answers = [dns.RRHeader(n, r.TYPE, payload=r) for n, r in records]
        data = message.toStr()
        protocol.dataReceived(struct.pack("!H", len(data)) + data)


def test_service():
    """A zone is refreshed, retried and expired by the times of its SOA."""
    kept = Kept()
    first = (ORIGIN, soa(1, refresh=1000, retry=100, expire=1500))
    assert kept.asked()
    kept.answer(first, A, first)
    kept.reactor.advance(999)
    assert not kept.asked()
    kept.reactor.advance(1)
    assert kept.asked()
    kept.answer(first)
    kept.reactor.advance(1000)
    assert kept.asked()
    # It refuses both, the differences and the whole zone.
    kept.answer()
    assert kept.asked()
    kept.answer()
    kept.reactor.advance(100)
    assert kept.asked()
    kept.answer()
    assert kept.asked()
    kept.answer()
    assert kept.authority.zone() is not None
    kept.reactor.advance(399)
    assert kept.asked()
    assert kept.authority.zone() is not None
    kept.reactor.advance(1)
    assert kept.authority.zone() is None
    kept.service.stopService()


def test_service_without_zone():
    """While there is no zone, the primary is asked each minute."""
    kept = Kept()
    for _ in range(3):
        assert kept.asked()
        kept.answer()
        kept.reactor.advance(60)
    kept.service.stopService()


def test_service_with_mad_times():
    """A SOA cannot have the primary asked all the time."""
    kept = Kept()
    first = (ORIGIN, soa(1, refresh=0, retry=0, expire=86400))
    assert kept.asked()
    kept.answer(first, first)
    kept.reactor.advance(29)
    assert not kept.asked()
    kept.reactor.advance(1)
    assert kept.asked()
    kept.service.stopService()


def test_stopped_service():
    """A service that was stopped does nothing more."""
    kept = Kept()
    assert kept.asked()
    first = (ORIGIN, soa(1))
    kept.answer(first, first)
    kept.service.stopService()
    assert kept.reactor.getDelayedCalls() == []
    (resolver,) = kept.service.getAuthority().resolvers
    assert resolver is kept.authority


# Versions.


@pytest.mark.parametrize(
    ("serial", "other", "newer"),
    [(2, 1, True), (1, 2, False), (1, 1, False), (0, 2**32 - 1, True), (2**31, 0, False)],
)
def test_serial_arithmetic(serial, other, newer):
    """Serial numbers go around (RFC 1982)."""
    assert isNewer(serial, other) is newer


NAMES = st.sampled_from([b"a.example.org", b"b.example.org", b"c.example.org"])
VERSIONS = st.lists(
    st.dictionaries(NAMES, st.sets(st.integers(0, 5), min_size=1)), min_size=2, max_size=5
)


def version(serial, names):
    """A version of a zone."""
    first = soa(serial)
    records = {
        name: [dns.Record_A(f"192.0.2.{number}", 60) for number in sorted(numbers)]
        for name, numbers in names.items()
    }
    return Zone(ORIGIN, first, ZoneRecords({ORIGIN: [first], **records}))


@given(VERSIONS, st.data())
def test_differences_lead_to_the_newest_version(versions, data):
    """Whatever version one has, the steps from it lead to the newest one."""
    zones = [version(serial, names) for serial, names in enumerate(versions, 1)]
    history = History()
    for old, new in pairwise(zones):
        history.note(difference(old, new))
    start = data.draw(st.integers(1, len(zones) - 1))
    incoming = Incoming(ORIGIN, zones[start - 1].soa)
    last = RR(ORIGIN, 300, zones[-1].soa)
    for rr in [last, *[rr for step in history.since(start) for rr in step], last]:
        incoming.add(rr)
    assert incoming.done
    found = incoming.records(dict(zones[start - 1].records))
    as_text = {name: sorted(map(repr, records)) for name, records in found.items()}
    assert as_text == {name: sorted(map(repr, r)) for name, r in zones[-1].records.items()}


RECORDS = st.sampled_from([at(1), at(2), at(3), A, (b"x.net", A[1]), (b"x.net", soa(1))])


@given(st.lists(RECORDS, max_size=10), st.booleans())
def test_any_records(records, have):
    """Whatever a primary sends, there is a version, or one kind of error."""
    incoming = Incoming(ORIGIN, soa(1) if have else None)
    before = {ORIGIN: [soa(1)]}
    try:
        for name, record in records:
            incoming.add(RR(name, 60, record))
            incoming.endOfMessage()
        found = incoming.records(before)
    except TransferError:
        return
    assert found is None or incoming.soa in found[ORIGIN]


def test_history_is_bounded():
    """So many versions are remembered, the last ones."""
    history = History()
    zones = [version(serial, {}) for serial in range(1, MOST_VERSIONS + 20)]
    for old, new in pairwise(zones):
        history.note(difference(old, new))
    assert history.since(1) is None
    assert len(history.since(len(zones) - MOST_VERSIONS)) == MOST_VERSIONS


def test_history_with_gaps():
    """A version that does not follow the one before makes a new beginning."""
    history = History()
    history.note(difference(version(1, {}), version(2, {})))
    history.note(difference(version(5, {}), version(6, {})))
    assert history.since(1) is None
    assert len(history.since(5)) == 1
    history.note(difference(version(6, {}), version(3, {})))
    assert history.since(5) is None


def test_removing_what_is_not_there():
    """A record that is not there cannot be removed."""
    with pytest.raises(ValueError, match="no such record"):
        applied({}, [RR(*A[:1], 60, A[1])], [])


# Notices to others.


class Port:
    """Where datagrams are sent from."""

    def __init__(self, protocol):
        self.protocol = protocol
        self.sent = []
        self.open = True

    def write(self, data, address):
        self.sent.append((data, address))

    def stopListening(self):
        self.open = False
        self.protocol.doStop()


class Ports(Clock):
    """A reactor for datagrams."""

    def __init__(self):
        super().__init__()
        self.ports = []

    def listenUDP(self, number, protocol, interface=""):
        port = Port(protocol)
        port.interface = interface
        self.ports.append(port)
        protocol.makeConnection(port)
        return port


def test_notify():
    """Secondaries are told of a version until they answer (RFC 1996)."""
    reactor = Ports()
    notify(Primary(None), [("192.0.2.2", 53), ("2001:db8::2", 54)], reactor)
    first, second = reactor.ports
    assert (first.interface, second.interface) == ("", "::")
    ((data, address),) = first.sent
    message = dns.Message()
    message.fromStr(data)
    assert address == ("192.0.2.2", 53)
    assert (message.opCode, message.auth, message.answer) == (dns.OP_NOTIFY, 1, 0)
    assert message.queries == [dns.Query(ORIGIN, dns.SOA)]
    assert message.answers[0].payload.serial == 1
    reactor.advance(FIRST_PAUSE)
    assert [len(port.sent) for port in reactor.ports] == [2, 2]
    answer = bytearray(data)
    answer[2] |= 0x80
    for wrong, sender in [
        (data, address),
        (b"x", address),
        (bytes(answer), ("192.0.2.3", 53)),
        (b"xx" + bytes(answer[2:]), address),
    ]:
        first.protocol.datagramReceived(wrong, sender)
        assert first.open
    first.protocol.datagramReceived(bytes(answer), address)
    assert not first.open
    for _ in range(10):
        reactor.advance(FIRST_PAUSE * 2**TRIES)
    assert [len(port.sent) for port in reactor.ports] == [2, TRIES]
    assert not second.open
    assert reactor.getDelayedCalls() == []


def test_notify_without_zone():
    """A zone that is not there is nothing to tell of."""
    reactor = Ports()
    notify(SecondaryAuthority("192.0.2.1", ORIGIN), [("192.0.2.2", 53)], reactor)
    assert reactor.ports == []
