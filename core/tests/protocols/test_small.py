"""Small protocols: wire services, finger, ident, tables for Postfix, forwarding, shaping."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from twisted.internet import defer
from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.protocols import finger, htb, ident, pcp, portforward, postfix, stateful, wire
from twisted.python.failure import Failure


def served(protocol: Any, *data: bytes) -> tuple[bytes, bool]:
    """What a protocol answers, and whether it closes."""
    transport = StringTransport()
    protocol.makeConnection(transport)
    for portion in data:
        protocol.dataReceived(portion)
    return transport.value(), bool(transport.disconnecting)


# Wire


def test_echo_and_discard() -> None:
    assert served(wire.Echo(), b"to", b"fro") == (b"tofro", False)
    assert served(wire.Discard(), b"to", b"fro") == (b"", False)


def test_echo_reads_no_faster_than_it_is_read(epoll: Any, kit: Any) -> None:
    pair = kit.Pair(epoll, server=wire.Echo)
    client = pair.clientFactory.proto
    client.transport.pauseProducing()
    client.transport.write(b"x" * 20_000_000)
    for _ in range(50):
        epoll.iterate(0.001)
    assert client.transport.unsentSize > 1_000_000
    client.transport.resumeProducing()
    kit.spin(epoll, lambda: len(client.received) == 20_000_000)
    client.transport.loseConnection()
    kit.spin(epoll, lambda: client.lost)


def test_once_and_closed() -> None:
    assert served(wire.QOTD())[1]
    assert served(wire.Who()) == (b"root\r\n", True)
    daytime, closed = served(wire.Daytime())
    assert closed
    assert time.strptime(daytime.decode().strip())
    octets, closed = served(wire.Time())
    assert closed
    assert abs(int.from_bytes(octets, "big") - 2208988800 - time.time()) < 5


def test_characters_as_fast_as_they_are_taken() -> None:
    transport = StringTransport()
    wire.Chargen().makeConnection(transport)
    assert transport.value() == b""
    transport.producer.resumeProducing()
    transport.producer.resumeProducing()
    assert transport.value() == wire.Chargen.noise * 2


# Finger


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        (b"\r\n", b"Finger online list denied\n"),
        (b"alice\r\n", b"Login: alice\nNo such user\n"),
        (b"/w alice\r\n", b"Login: alice\nNo such user\n"),
        (b"alice@there\r\n", b"Finger forwarding service denied\n"),
        (b"x" * 2000, b"Your query is too long\n"),
    ],
)
def test_finger(query: bytes, answer: bytes) -> None:
    assert served(finger.Finger(), query) == (answer, True)


# Ident


class Ident(ident.IdentServer):
    def lookup(self, serverAddress: Any, clientAddress: Any) -> Any:
        outcome = {
            1: ident.NoUser(),
            2: ident.HiddenUser(),
            3: ZeroDivisionError(),
            4: ("UNIX", "a\r\nforged : USERID : UNIX : root"),
        }.get(serverAddress[1], ("UNIX", "root"))
        if isinstance(outcome, Exception):
            raise outcome
        assert clientAddress == ("192.168.1.1", 9)
        return outcome


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        (b"113 , 9", b"113, 9 : USERID : UNIX : root\r\n"),
        (b"1,9", b"1, 9 : ERROR : NO-USER\r\n"),
        (b"2,9", b"2, 9 : ERROR : HIDDEN-USER\r\n"),
        (b"0,9", b"0, 9 : ERROR : INVALID-PORT\r\n"),
        (b"9,65536", b"9, 65536 : ERROR : INVALID-PORT\r\n"),
    ],
)
def test_ident_server(query: bytes, answer: bytes) -> None:
    assert served(Ident(), query + b"\r\n") == (answer, False)


def test_ident_of_a_user_who_breaks_lines() -> None:
    answer, _ = served(Ident(), b"4,9\r\n")
    assert answer.count(b"\r\n") == 1


def test_ident_that_fails(errors: Any) -> None:
    assert served(Ident(), b"3,9\r\n")[0] == b"3, 9 : ERROR : UNKNOWN-ERROR\r\n"
    assert errors.take(ZeroDivisionError)


@pytest.mark.parametrize("query", [b"x", b"1", b"1,2,3", b"1 2", b"1" * 20 + b",2"])
def test_ident_query_that_makes_no_sense(query: bytes) -> None:
    assert served(Ident(), query + b"\r\n") == (b"", True)


def test_ident_client() -> None:
    client = ident.IdentClient()
    transport = StringTransport()
    client.makeConnection(transport)
    results: list[Any] = []
    for ports in ((1, 2), (3, 4), (5, 6), (7, 8)):
        client.lookup(*ports).addBoth(results.append)
    assert transport.value() == b"1, 2\r\n"
    client.dataReceived(b"1, 2 : USERID : UNIX : al:ice\r\n")
    client.dataReceived(b"3, 4 : ERROR : NO-USER\r\n")
    client.dataReceived(b"nonsense\r\n")
    assert transport.value() == b"1, 2\r\n3, 4\r\n5, 6\r\n7, 8\r\n"
    client.connectionLost(Failure(ZeroDivisionError()))
    assert results[0] == ("UNIX", "al:ice")
    assert results[1].check(ident.NoUser)
    assert results[2].check(ident.IdentError)
    assert results[3].check(ident.IdentError)


def test_own_connection_is_found_in_the_table(epoll: Any, kit: Any) -> None:
    pair = kit.Pair(epoll)
    client = pair.clientFactory.proto.transport
    mine, theirs = client.getHost(), client.getPeer()
    system, user = ident.ProcServerMixin().lookup(
        (mine.host, mine.port), (theirs.host, theirs.port)
    )
    assert (system, bool(user)) == ("LINUX", True)
    with pytest.raises(ident.NoUser):
        ident.ProcServerMixin().lookup(("127.0.0.1", 1), ("127.0.0.1", 1))


# Postfix


@pytest.mark.parametrize("deferring", [False, True])
def test_postfix_table(deferring: bool) -> None:
    kind: Any = (
        postfix.PostfixTCPMapDeferringDictServerFactory
        if deferring
        else postfix.PostfixTCPMapDictServerFactory
    )
    factory = kind({b"foo": b"bar baz%\n", b"a b": b"c"})
    for query, answer in (
        (b"get foo", b"200 bar%20baz%25%0A\n"),
        (b"get f%6fo", b"200 bar%20baz%25%0A\n"),
        (b"get a%20b", b"200 c\n"),
        (b"get nothing", b"500 \n"),
        (b"get", b"400 Command 'get' takes 1 parameters.\n"),
        (b"put a b", b"500 put is not implemented yet.\n"),
        (b"nonsense", b"400 unknown command\n"),
    ):
        server = factory.buildProtocol(None)
        server.callLater = Clock().callLater
        assert served(server, query + b"\n") == (answer, False)


def test_postfix_look_up_that_fails() -> None:
    factory = postfix.PostfixTCPMapDeferringDictServerFactory()
    factory.get = lambda key: defer.fail(ValueError("two\nlines"))  # type: ignore
    server: Any = factory.buildProtocol(None)
    server.callLater = Clock().callLater
    assert served(server, b"get x\n") == (b"400 two lines\n", False)


# Forwarding


def test_forwarded_connection(epoll: Any, kit: Any) -> None:
    target = kit.Server(wire.Echo)
    port = epoll.listenTCP(0, target, interface="127.0.0.1")

    class Server(portforward.ProxyServer):
        reactor = epoll

    factory = portforward.ProxyFactory("127.0.0.1", port.getHost().port)
    factory.protocol = Server  # type: ignore[assignment]
    factory.noisy = False  # type: ignore[attr-defined]
    forwarding = epoll.listenTCP(0, factory, interface="127.0.0.1")
    client = kit.Client()
    epoll.connectTCP("127.0.0.1", forwarding.getHost().port, client)
    kit.spin(epoll, lambda: client.proto is not None and client.proto.made)
    client.proto.transport.write(b"x" * 3_000_000)
    kit.spin(epoll, lambda: len(client.proto.received) == 3_000_000)
    target.protocols[0].transport.loseConnection()
    kit.spin(epoll, lambda: client.lost)


def test_nobody_to_forward_to(epoll: Any, kit: Any) -> None:
    class Server(portforward.ProxyServer):
        reactor = epoll

    factory = portforward.ProxyFactory("127.0.0.1", 1)
    factory.protocol = Server  # type: ignore[assignment]
    factory.noisy = False  # type: ignore[attr-defined]
    forwarding = epoll.listenTCP(0, factory, interface="127.0.0.1")
    client = kit.Client()
    epoll.connectTCP("127.0.0.1", forwarding.getHost().port, client)
    kit.spin(epoll, lambda: client.lost)


# States


def test_states() -> None:
    seen: list[bytes] = []

    class Lengths(stateful.StatefulProtocol):
        def getInitialState(self) -> tuple[Callable[[bytes], Any], int]:
            return self.length, 1

        def length(self, data: bytes) -> Any:
            return self.text, data[0]

        def text(self, data: bytes) -> Any:
            seen.append(data)
            return self.length, 1

    data = b"\x03abc\x00\x02de"
    for i in range(len(data)):
        protocol = Lengths()
        protocol.makeConnection(StringTransport())
        protocol.dataReceived(data[:i])
        protocol.dataReceived(data[i:])
        assert seen == [b"abc", b"", b"de"]
        seen.clear()


# Shaping


class Consumer:
    def __init__(self) -> None:
        self.got = b""
        self.producer: Any = None

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        self.producer = producer

    def unregisterProducer(self) -> None:
        self.producer = None

    def write(self, data: bytes) -> None:
        self.got += data


class Producer:
    def __init__(self) -> None:
        self.calls: list[str] = []

    def pauseProducing(self) -> None:
        self.calls.append("pause")

    def resumeProducing(self) -> None:
        self.calls.append("resume")

    def stopProducing(self) -> None:
        self.calls.append("stop")


def test_filter_holds_data_back() -> None:
    consumer, producer = Consumer(), Producer()
    between = pcp.ProducerConsumerProxy(consumer)
    between.bufferSize = 5
    between.registerProducer(producer, True)
    between.write(b"a")
    between.pauseProducing()
    between.write(b"bc")
    assert (consumer.got, producer.calls) == (b"a", [])
    between.write(b"defg")
    assert producer.calls == ["pause"]
    between.unregisterProducer()
    assert consumer.producer is between
    between.resumeProducing()
    assert consumer.got == b"abcdefg"
    assert consumer.producer is None
    plain = pcp.BasicProducerConsumerProxy(consumer)
    plain.registerProducer(producer, True)
    plain.stopProducing()
    assert producer.calls[-1] == "stop"


def test_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(htb, "time", clock.seconds)
    parent = htb.Bucket()
    parent.maxburst, parent.rate = 15, 5
    bucket = htb.Bucket(parent)
    bucket.maxburst, bucket.rate = 20, 10
    assert bucket.add(10) == 10
    assert bucket.add(10) == 5
    clock.advance(1)
    assert bucket.add(10) == 5
    clock.advance(100)
    assert bucket.drip()


def test_shaped_consumer(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(htb, "time", clock.seconds)
    monkeypatch.setattr(htb, "currentReactor", lambda: clock)
    bucket = htb.Bucket()
    bucket.maxburst = bucket.rate = 100
    consumer = Consumer()
    shaped = htb.ShapedConsumer(consumer, bucket)
    shaped.resumeProducing()
    shaped.write(b"x" * 350)
    assert len(consumer.got) == 100
    clock.pump([0.05] * 60)
    assert len(consumer.got) == 350
    shaped.stopProducing()
    assert clock.getDelayedCalls() == []


def test_buckets_by_host() -> None:
    def transport(host: str) -> Any:
        made = StringTransport()
        made.peerAddr = IPv4Address("TCP", host, 1)
        return made

    buckets = htb.FilterByHost(htb.FilterByServer())
    buckets.parentFilter = None
    one = buckets.getBucketFor(transport("a"))
    assert buckets.getBucketFor(transport("a")) is one
    assert buckets.getBucketFor(transport("b")) is not one
    buckets.sweep()
    assert buckets.buckets == {}
