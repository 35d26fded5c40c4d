"""A stub resolver: what it believes, whom it asks, and what its configuration says."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.error import CannotListenError, ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.names import client, dns
from twisted.names._client._casemixing import mixed, restore
from twisted.names._client._resolvconf import ResolvConf
from twisted.names.error import DNSNameError, DNSServerError, ResolverError
from twisted.python.failure import Failure

SERVER = ("192.0.2.53", 53)


class Port:
    """A UDP port that keeps what is sent."""

    def __init__(self, net: Net, number: int, protocol: Any) -> None:
        self.net, self.number, self.protocol = net, number, protocol

    def write(self, data: bytes, address: tuple[str, int]) -> None:
        self.net.sent.append((self, data, address))

    def stopListening(self) -> None:
        self.net.open.discard(self)
        self.protocol.doStop()


class Net(MemoryReactorClock):
    """
    A reactor with datagrams in memory.

    @ivar sent: the port, octets and address of each datagram.
    @ivar open: ports that are open.
    """

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[tuple[Port, bytes, tuple[str, int]]] = []
        self.open: set[Port] = set()

    def listenUDP(  # type: ignore[override]
        self, port: int, protocol: Any, interface: str = "", maxPacketSize: int = 8192
    ) -> Port:
        made = Port(self, port, protocol)
        self.open.add(made)
        protocol.makeConnection(made)
        return made

    def question(self, index: int = -1) -> dns.EDNSMessage:
        """What was asked."""
        asked = dns.EDNSMessage()
        asked.fromStr(self.sent[index][1])
        return asked

    def reply(self, answer: Any, index: int = -1, address: tuple[str, int] | None = None) -> None:
        """Deliver an answer to what was asked."""
        port, _, asked = self.sent[index]
        data = answer if isinstance(answer, bytes) else answer.toStr()
        port.protocol.datagramReceived(data, address or asked)


def answer(question: dns.EDNSMessage, **changes: Any) -> dns.Message:
    """A good answer to a question, with some things changed."""
    name = question.queries[0].name.name
    made = dns.Message(id=question.id, answer=1, recAv=1, maxSize=4096)
    made.queries = list(question.queries)
    made.answers = [dns.RRHeader(name, dns.A, ttl=60, payload=dns.Record_A("192.0.2.1", 60))]
    for key, value in changes.items():
        setattr(made, key, value)
    return made


@pytest.fixture
def net() -> Net:
    return Net()


@pytest.fixture
def resolver(net: Net) -> client.Resolver:
    return client.Resolver(servers=[SERVER], reactor=net)


def results(looked: Deferred[Any]) -> list[Any]:
    """What a look-up gives, once it gives it."""
    found: list[Any] = []
    looked.addBoth(found.append)
    return found


def test_question(net: Net, resolver: client.Resolver) -> None:
    """A question has EDNS with a size that is not fragmented, and letters in random case."""
    resolver.lookupAddress("a-name-with-letters-enough.example.com")
    [(_, _, address)] = net.sent
    asked = net.question()
    assert address == SERVER
    assert asked.recDes
    assert asked.maxSize == 1232
    assert not asked.dnssecOK
    [query] = asked.queries
    assert query == dns.Query(b"a-name-with-letters-enough.example.com", dns.A)
    assert query.name.name != query.name.name.lower()


def test_answer(net: Net, resolver: client.Resolver) -> None:
    """A good answer is handed out, in the case that was asked, and the port is closed."""
    found = results(resolver.lookupAddress("www.example.com"))
    net.reply(answer(net.question()))
    [(answers, authority, additional)] = found
    assert answers[0].name.name == b"www.example.com"
    assert answers[0].payload.dottedQuad() == "192.0.2.1"
    assert (authority, additional) == ([], [])
    assert net.open == set()
    assert net.getDelayedCalls() == []


def test_fresh_ports_and_ids(net: Net, resolver: client.Resolver) -> None:
    """Each question has a port and an id of its own, at random."""
    for i in range(200):
        resolver.lookupAddress(f"host{i}.example.com")
    ports = {port.number for port, _, _ in net.sent}
    ids = {net.question(i).id for i in range(200)}
    assert len(ports) > 190
    assert len(ids) > 190
    assert min(ports) >= 1024
    assert max(ports) - min(ports) > 30000
    assert max(ids) - min(ids) > 30000


FORGED = [
    ("id", lambda q: answer(q, id=q.id ^ 1), None),
    ("address", answer, ("192.0.2.54", 53)),
    ("port", answer, ("192.0.2.53", 5353)),
    ("no answer", lambda q: answer(q, answer=0), None),
    ("question", lambda q: answer(q, queries=[dns.Query(b"other.example", dns.A)]), None),
    ("type", lambda q: answer(q, queries=[dns.Query(q.queries[0].name.name, dns.AAAA)]), None),
    ("class", lambda q: answer(q, queries=[dns.Query(q.queries[0].name.name, cls=dns.CH)]), None),
    ("two questions", lambda q: answer(q, queries=q.queries * 2), None),
    ("without question", lambda q: answer(q, queries=[]), None),
    ("malformed", lambda q: answer(q).toStr()[:-1], None),
    ("short", lambda q: b"\0", None),
    ("nothing", lambda q: b"", None),
]


@pytest.mark.parametrize(("what", "forge", "address"), FORGED, ids=[row[0] for row in FORGED])
def test_forged(net: Net, resolver: client.Resolver, what: str, forge: Any, address: Any) -> None:
    """What does not fit is dropped, and the wait for a good answer goes on."""
    found = results(resolver.lookupAddress("www.example.com"))
    for _ in range(3):
        net.reply(forge(net.question()), address=address)
    assert found == []
    assert len(net.sent) == 1
    net.reply(answer(net.question()))
    assert found[0][0][0].payload.dottedQuad() == "192.0.2.1"
    if what not in ("malformed", "short", "nothing"):
        assert resolver.dropped >= 3


def test_flood(net: Net, resolver: client.Resolver) -> None:
    """Thousands of answers with guessed ids change nothing (Kaminsky's attack)."""
    found = results(resolver.lookupAddress("www.example.com"))
    asked = net.question()
    for guess in range(0, 65536, 13):
        if guess != asked.id:
            net.reply(answer(asked, id=guess))
    assert found == []
    net.reply(answer(asked))
    assert len(found) == 1


def test_case_that_is_not_kept(net: Net, resolver: client.Resolver) -> None:
    """A server that does not keep the case of letters is asked anew: other port, other id."""
    found = results(resolver.lookupAddress("abcdefghijklmnop.example.com"))
    asked = net.question()
    lower = [dns.Query(asked.queries[0].name.name.lower(), dns.A)]
    net.reply(answer(asked, queries=lower))
    assert found == []
    assert len(net.sent) == 2
    assert net.question().queries[0].name.name == b"abcdefghijklmnop.example.com"
    assert net.sent[0][0].number != net.sent[1][0].number
    net.reply(answer(net.question()))
    assert len(found) == 1


@given(st.text("abcXYZ019-.", max_size=60))
def test_mixing(name: str) -> None:
    """A mixed name is the same but for case, and can be put back."""
    original = name.encode()
    asked = mixed(original)
    assert asked.lower() == original.lower()
    message = dns.Message()
    message.answers = [
        dns.RRHeader(asked, dns.MX, payload=dns.Record_MX(1, b"mail." + asked)),
        dns.RRHeader(b"Other.Example", dns.A, payload=dns.Record_A()),
    ]
    restore(message, asked, original)
    assert message.answers[0].name.name == original
    assert message.answers[0].payload.name.name == b"mail." + original
    assert message.answers[1].name.name == b"Other.Example"


@pytest.mark.parametrize("code", [dns.EFORMAT, dns.ENOTIMP])
def test_servers_without_edns(net: Net, resolver: client.Resolver, code: int) -> None:
    """A server that does not know EDNS is asked without."""
    found = results(resolver.lookupAddress("www.example.com"))
    net.reply(answer(net.question(), rCode=code, queries=[], answers=[]))
    assert net.question().ednsVersion is None
    net.reply(answer(net.question()))
    assert len(found[0]) == 3


def test_next_server() -> None:
    """A server that cannot answer, or does not, is followed by the next, then by more patience."""
    net = Net()
    servers = [("192.0.2.1", 53), ("2001:db8::1", 53), ("192.0.2.3", 53)]
    resolver = client.Resolver(servers=servers, timeout=(1, 2), reactor=net)
    found = results(resolver.lookupAddress("www.example.com"))
    net.reply(answer(net.question(), rCode=dns.ESERVER, answers=[]))
    net.advance(1)
    net.advance(1)
    assert [address for _, _, address in net.sent] == [*servers, servers[0]][:3]
    # One server said that it cannot: that is the outcome of the round.
    [failure] = found
    assert failure.check(DNSServerError)


def test_nobody_answers(net: Net, resolver: client.Resolver) -> None:
    """If nobody answers, that takes as long as all rounds, and is a TimeoutError."""
    found = results(resolver.lookupAddress("www.example.com"))
    for seconds in (1, 3, 11):
        net.advance(seconds)
        assert found == []
    net.advance(45)
    assert found[0].check(TimeoutError)
    assert len(net.sent) == 4
    assert net.open == set()
    found = results(resolver.lookupAddress("www.example.com", timeout=2))
    net.advance(2)
    assert found[0].check(TimeoutError)


def test_address_written_otherwise(net: Net) -> None:
    """An address is the same however it is written."""
    resolver = client.Resolver(servers=[("2001:DB8:0::1", 53)], reactor=net)
    found = results(resolver.lookupAddress("www.example.com"))
    net.reply(answer(net.question()), address=("2001:db8::1", 53, 0, 0))  # type: ignore[arg-type]
    assert len(found) == 1


def test_unreachable_server(net: Net, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that there is no way to is passed over."""
    resolver = client.Resolver(servers=[("2001:db8::1", 53), SERVER], reactor=net)
    write = Port.write

    def unreachable(self: Port, data: bytes, address: tuple[str, int]) -> None:
        if ":" in address[0]:
            raise OSError("Network is unreachable")
        write(self, data, address)

    monkeypatch.setattr(Port, "write", unreachable)
    found = results(resolver.lookupAddress("www.example.com"))
    net.reply(answer(net.question()))
    assert len(found[0]) == 3
    alone = client.Resolver(servers=[("2001:db8::1", 53)], reactor=net)
    assert results(alone.lookupAddress("a.example"))[0].check(OSError)


def test_missing_names(net: Net, resolver: client.Resolver) -> None:
    """A name that is not there is an error that has the answer."""
    found = results(resolver.lookupAddress("www.example.com"))
    net.reply(answer(net.question(), rCode=dns.ENAME, answers=[]))
    assert found[0].check(DNSNameError)
    assert found[0].value.args[0].rCode == dns.ENAME


def _connect(net: Net) -> tuple[Any, StringTransport]:
    """Make the connection that was asked for."""
    factory = net.tcpClients[-1][2]
    protocol = factory.buildProtocol(None)
    transport = StringTransport()
    protocol.makeConnection(transport)
    return protocol, transport


def _framed(message: dns.Message) -> bytes:
    data = message.toStr()
    return len(data).to_bytes(2, "big") + data


def _asked(transport: StringTransport) -> dns.EDNSMessage:
    message = dns.EDNSMessage()
    message.fromStr(transport.value()[2:])
    return message


def test_long_answers(net: Net, resolver: client.Resolver) -> None:
    """An answer that was cut is asked for over TCP; one that is cut there too is taken."""
    found = results(resolver.lookupAddress("www.example.com"))
    net.reply(answer(net.question(), trunc=1))
    assert found == []
    assert net.tcpClients[0][:2] == SERVER
    protocol, transport = _connect(net)
    whole = _framed(answer(_asked(transport), trunc=1))
    for octet in whole:
        protocol.dataReceived(bytes((octet,)))
    assert len(found[0][0]) == 1


def test_kept_connections(net: Net, resolver: client.Resolver) -> None:
    """A connection is used again, and closed when nothing was asked for a while."""
    first = results(resolver.queryTCP([dns.Query(b"a.example")]))
    protocol, transport = _connect(net)
    protocol.dataReceived(_framed(answer(_asked(transport))))
    transport.clear()
    second = results(resolver.queryTCP([dns.Query(b"b.example")]))
    assert len(net.tcpClients) == 1
    # Another id, or another question, is no answer.
    protocol.dataReceived(_framed(answer(_asked(transport), id=_asked(transport).id ^ 1)))
    protocol.dataReceived(_framed(answer(_asked(transport), queries=[dns.Query(b"c.example")])))
    protocol.dataReceived(b"\0\1x")
    assert second == []
    protocol.dataReceived(_framed(answer(_asked(transport))))
    assert len(first) == len(second) == 1
    net.advance(9)
    assert not transport.disconnecting
    net.advance(1)
    assert transport.disconnecting
    protocol.connectionLost(Failure(ConnectionDone()))
    assert resolver.connections == []
    assert net.getDelayedCalls() == []


def test_lost_connections(net: Net, resolver: client.Resolver) -> None:
    """Questions on a connection that is lost fail with the reason."""
    found = results(resolver.queryTCP([dns.Query(b"a.example")], timeout=3))
    protocol, _ = _connect(net)
    protocol.connectionLost(Failure(ConnectionDone()))
    assert found[0].check(ConnectionDone)
    found = results(resolver.queryTCP([dns.Query(b"a.example")], timeout=3))
    _connect(net)
    net.advance(3)
    assert found[0].check(TimeoutError)


def test_no_server_at_all(net: Net) -> None:
    """Without any server look-ups fail at once."""
    resolver = client.Resolver(servers=[SERVER], reactor=net)
    resolver.servers = []
    for looked in (
        resolver.lookupAddress("a"),
        resolver.lookupZone("a"),
        resolver.queryTCP([dns.Query(b"a")]),
    ):
        assert results(looked)[0].check(ResolverError)


def test_cancelling(net: Net, resolver: client.Resolver) -> None:
    """A question that is cancelled is forgotten, and its port closed."""
    asking = resolver.queryUDP([dns.Query(b"a.example")])
    found = results(asking)
    asking.cancel()
    assert len(found) == 1
    assert net.open == set()
    assert net.getDelayedCalls() == []


def test_many_ids_in_use(net: Net) -> None:
    """When nearly all ids are in use, another question is refused and does not hang."""
    protocol = dns.DNSDatagramProtocol(None, net)
    live: Any = dict.fromkeys(range(65536))
    protocol.liveMessages = live
    with pytest.raises(RuntimeError):
        protocol.pickID()


CONFIGURATION = b"""
; a comment
# another
nameserver 192.0.2.1
nameserver 2001:db8::1   # trailing
nameserver
domain ignored.example
search one.example two.example
options ndots:2 timeout:4 attempts:3 rotate unknown:1 timeout:x
sortlist 1.2.3.4
\xff\xfe
"""


def test_configuration() -> None:
    """The file names servers, a search list and options; what is odd is ignored."""
    conf = ResolvConf.parse(CONFIGURATION.splitlines())
    assert conf.servers == ["192.0.2.1", "2001:db8::1"]
    assert conf.search == [b"one.example", b"two.example"]
    assert (conf.ndots, conf.timeout, conf.attempts, conf.rotate) == (2, 4, 3, True)
    conf = ResolvConf.parse(["options ndots:99 timeout:99 attempts:99 use-vc timeout:0"])
    assert (conf.ndots, conf.timeout, conf.attempts, conf.overTCP) == (15, 30, 5, True)


@pytest.mark.parametrize(
    ("name", "names"),
    [
        (b"www", [b"www.one", b"www.two", b"www"]),
        (b"www.", [b"www"]),
        (b"www.example", [b"www.example"]),
    ],
)
def test_search_list(name: bytes, names: list[bytes]) -> None:
    """Names with few dots are tried with each domain of the list first."""
    assert ResolvConf([], search=[b"one", b"two."]).candidates(name) == names


def test_domain_for_searching() -> None:
    """Without a list the domain is tried; without that the name alone."""
    assert ResolvConf([], domain=b"one").candidates(b"www") == [b"www.one", b"www"]
    assert ResolvConf([]).candidates(b"www") == [b"www"]
    assert ResolvConf([], ndots=0, domain=b"one").candidates(b"www") == [b"www"]


def test_searching(net: Net, tmp_path: Path) -> None:
    """Names of the search list are asked for in turn until there is one."""
    path = tmp_path / "resolv.conf"
    path.write_text("nameserver 192.0.2.53\nsearch one.example two.example\n")
    resolver = client.Resolver(resolv=str(path), reactor=net)
    found = results(resolver.lookupAddress("www"))
    net.reply(answer(net.question(), rCode=dns.ENAME, answers=[]))
    net.reply(answer(net.question()))
    assert found[0][0][0].name == dns.Name(b"www.two.example")
    found = results(resolver.lookupAddress("www"))
    for _ in range(3):
        net.reply(answer(net.question(), rCode=dns.ENAME, answers=[]))
    assert found[0].check(DNSNameError)
    assert net.question().queries[0].name == dns.Name(b"www")


def test_options_count(net: Net, tmp_path: Path) -> None:
    """Servers take turns, and time-outs are those of the file."""
    path = tmp_path / "resolv.conf"
    path.write_text(
        "nameserver 192.0.2.1\nnameserver 192.0.2.2\noptions rotate timeout:2 attempts:1"
    )
    resolver = client.Resolver(resolv=str(path), reactor=net)
    for _ in range(4):
        resolver.lookupAddress(f"host{len(net.sent)}.example")
    first = [address[0] for _, _, address in net.sent]
    assert sorted(first) == ["192.0.2.1"] * 2 + ["192.0.2.2"] * 2
    assert first[0] != first[1]
    assert resolver.timeout == (2,)


def test_over_tcp(net: Net, tmp_path: Path) -> None:
    """All questions go over TCP if the file says so."""
    path = tmp_path / "resolv.conf"
    path.write_text("nameserver 192.0.2.53\noptions use-vc\n")
    resolver = client.Resolver(resolv=str(path), reactor=net)
    found = results(resolver.lookupAddress("www.example"))
    assert net.sent == []
    protocol, transport = _connect(net)
    protocol.dataReceived(_framed(answer(_asked(transport))))
    assert len(found[0]) == 3


def test_watching_the_file(net: Net, tmp_path: Path) -> None:
    """What the file says is taken anew when it has changed."""
    path = tmp_path / "resolv.conf"
    path.write_text("nameserver 192.0.2.1\n")
    resolver = client.Resolver(resolv=str(path), reactor=net)
    resolver.lookupAddress("a.example")
    path.write_text("nameserver 192.0.2.2\n")
    os.utime(path, ns=(1, 1))
    resolver.lookupAddress("b.example")
    net.pump([6])
    resolver.lookupAddress("c.example")
    assert [address[0] for _, _, address in net.sent][:2] == ["192.0.2.1"] * 2
    assert net.sent[-1][2][0] == "192.0.2.2"
    path.unlink()
    net.pump([6])
    resolver.maybeParseConfig()
    assert resolver.dynServers == [("192.0.2.2", 53)]


def test_ports_that_are_taken(net: Net) -> None:
    """A port that is taken is followed by another; if all are, that is an error."""
    taken: list[int] = []
    listen = net.listenUDP

    def busy(port: int, *args: Any, **kwargs: Any) -> Any:
        taken.append(port)
        if len(taken) < 4:
            raise CannotListenError(None, port, None)
        return listen(port, *args, **kwargs)

    net.listenUDP = busy  # type: ignore[method-assign]
    resolver = client.Resolver(servers=[SERVER], reactor=net)
    resolver.lookupAddress("a.example")
    assert len(net.sent) == 1
    assert len(set(taken)) == 4


def test_zone(net: Net, resolver: client.Resolver) -> None:
    """A zone is gathered from several messages, up to the second SOA."""
    found = results(resolver.lookupZone("example"))
    protocol, transport = _connect(net)
    message = dns.Message()
    message.fromStr(transport.value()[2:])
    assert message.queries == [dns.Query(b"example", dns.AXFR)]
    soa = dns.RRHeader(b"example", dns.SOA, payload=dns.Record_SOA(b"a", b"b", ttl=0))
    host = dns.RRHeader(b"a.example", dns.A, payload=dns.Record_A("192.0.2.1", 0))
    for headers in ([soa, host], [host], [host, soa]):
        part = dns.Message(id=message.id, answer=1, maxSize=0)
        part.answers = headers
        protocol.dataReceived(_framed(part))
    assert found[0][0] == [soa, host, host, host, soa]
    assert transport.disconnecting
    assert net.getDelayedCalls() == [] or net.getDelayedCalls()[0].time > 0


@pytest.mark.parametrize(
    "message",
    [
        dns.Message(answer=1, rCode=dns.EREFUSED),
        dns.Message(answer=1),
    ],
)
def test_no_zone(net: Net, resolver: client.Resolver, message: dns.Message) -> None:
    """A server that refuses, or sends something else, is an error."""
    found = results(resolver.lookupZone("example"))
    protocol, transport = _connect(net)
    asked = dns.Message()
    asked.fromStr(transport.value()[2:])
    message.id = asked.id
    protocol.dataReceived(_framed(message))
    assert found[0].check(ResolverError)
    assert transport.disconnecting


def test_zones_that_do_not_end(net: Net, resolver: client.Resolver) -> None:
    """A transfer that stops, breaks off, or has too many records, is an error."""
    found = results(resolver.lookupZone("example", timeout=5))
    _connect(net)
    net.advance(5)
    assert found[0].check(TimeoutError)

    found = results(resolver.lookupZone("example"))
    protocol, _ = _connect(net)
    protocol.connectionLost(Failure(ConnectionDone()))
    assert found[0].check(ResolverError)

    done: Deferred[Any] = Deferred()
    controller = client.AXFRController("example", done)
    controller.mostRecords = 3
    soa = dns.RRHeader(b"example", dns.SOA, payload=dns.Record_SOA())
    message = dns.Message()
    message.answers = [soa, *[dns.RRHeader(b"a.example", payload=dns.Record_A())] * 4]
    controller.messageReceived(message, None)
    assert results(done)[0].check(ResolverError)


def test_no_connection_for_a_zone(net: Net, resolver: client.Resolver) -> None:
    """If there is no connection, that is why there is no zone."""
    found = results(resolver.lookupZone("example"))
    factory = net.tcpClients[-1][2]
    factory.clientConnectionFailed(None, Failure(ConnectionDone()))
    assert found[0].check(ConnectionDone)
    assert net.getDelayedCalls() == []


def test_unexpected_datagrams() -> None:
    """What a port gets that waits for nothing is given to the controller."""

    class Controller:
        def __init__(self) -> None:
            self.got: list[Any] = []

        def messageReceived(self, message: dns.Message, protocol: Any, address: Any) -> None:
            self.got.append(address)

    controller = Controller()
    protocol = dns.DNSDatagramProtocol(controller, Clock())
    protocol.datagramReceived(dns.Message(id=5).toStr(), ("192.0.2.1", 1))
    protocol.resends[6] = 1
    protocol.datagramReceived(dns.Message(id=6).toStr(), ("192.0.2.1", 1))
    protocol.removeResend(6)
    assert controller.got == [("192.0.2.1", 1)]
    with pytest.raises(RuntimeError):
        protocol.writeMessage(dns.Message(), SERVER)
