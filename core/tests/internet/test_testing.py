"""Tests of `twisted.internet.testing`, which has another home in `twisted.test.proto_helpers`."""

from __future__ import annotations

import pytest

from twisted.internet import testing
from twisted.internet.error import ConnectionClosed, ConnectionDone
from twisted.internet.interfaces import IReactorCore, IReactorTCP, IReactorTime
from twisted.internet.protocol import ClientFactory, Factory, Protocol
from twisted.python.failure import Failure
from twisted.test import proto_helpers


def test_homes():
    """Everything is found at both homes."""
    for name in testing.__all__:
        assert getattr(proto_helpers, name) is getattr(testing, name)


def test_string_transport():
    """A transport keeps what is written, and what was asked of it."""
    transport = testing.StringTransport()
    transport.write(b"a")
    transport.writeSequence([b"b", b"c"])
    assert transport.value() == b"abc"
    transport.clear()
    assert transport.value() == b""
    with pytest.raises(TypeError):
        transport.write("text")
    transport.pauseProducing()
    assert transport.producerState == "paused"
    transport.resumeProducing()
    transport.stopProducing()
    assert transport.producerState == "stopped"
    with pytest.raises(ConnectionClosed):
        transport.resumeProducing()
    assert not transport.disconnecting
    transport.loseConnection()
    assert transport.disconnecting
    transport.abortConnection()
    assert transport.disconnected


def test_producers_of_string_transport():
    """A transport has one producer at a time."""
    transport = testing.StringTransport()
    with pytest.raises(RuntimeError):
        transport.unregisterProducer()
    transport.registerProducer(self := object(), True)
    with pytest.raises(RuntimeError):
        transport.registerProducer(self, True)
    assert (transport.producer, transport.streaming) == (self, True)
    transport.unregisterProducer()
    assert transport.producer is None


def test_transport_with_disconnection():
    """A transport may tell its protocol that it was closed."""
    reasons = []
    protocol = Protocol()
    protocol.connectionLost = reasons.append
    transport = testing.StringTransportWithDisconnection()
    transport.protocol = protocol
    transport.loseConnection()
    transport.loseConnection()
    assert [reason.type for reason in reasons] == [ConnectionDone]


def test_memory_reactor():
    """A reactor in memory keeps what it was asked, and time passes when a test says so."""
    reactor = testing.MemoryReactorClock()
    for interface in (IReactorCore, IReactorTCP, IReactorTime):
        assert interface.providedBy(reactor)
    factory, client = Factory(), ClientFactory()
    port = reactor.listenTCP(80, factory, 5, "127.0.0.1")
    assert reactor.tcpServers == [(80, factory, 5, "127.0.0.1")]
    assert port.getHost().port == 80
    connector = reactor.connectTCP("h", 1, client, 5, ("", 2))
    assert reactor.tcpClients == [("h", 1, client, 5, ("", 2))]
    assert reactor.connectors == [connector]
    reactor.listenUNIX("/x", factory)
    reactor.connectUNIX("/y", client)
    assert reactor.unixServers[0][0] == "/x"
    assert reactor.unixClients[0][0] == "/y"
    seen = []
    reactor.callLater(1, seen.append, "later")
    reactor.callWhenRunning(seen.append, "running")
    reactor.advance(1)
    reactor.run()
    assert seen == ["later", "running"]
    assert reactor.hasRun


def test_descriptors_of_memory_reactor():
    """A reactor in memory knows what it was to watch."""
    reactor = testing.MemoryReactor()
    one, other = object(), object()
    reactor.addReader(one)
    reactor.addWriter(other)
    assert (reactor.getReaders(), reactor.getWriters()) == ([one], [other])
    reactor.removeReader(one)
    assert reactor.removeAll() == [other] or set(reactor.getReaders()) == set()
    reactor.removeWriter(other)
    assert reactor.getWriters() == []


def test_raising_reactor():
    """A reactor may raise what a test wants."""
    reactor = testing.RaisingMemoryReactor(KeyError("listen"), ValueError("connect"))
    with pytest.raises(KeyError):
        reactor.listenTCP(80, Factory())
    with pytest.raises(ValueError, match="connect"):
        reactor.connectTCP("h", 80, ClientFactory())


def test_accumulating_protocol():
    """A protocol may keep all that comes, and its end."""
    protocol = testing.AccumulatingProtocol()
    protocol.factory = Factory()
    protocol.factory.protocolConnectionMade = None
    protocol.makeConnection(testing.StringTransport())
    protocol.dataReceived(b"a")
    protocol.dataReceived(b"b")
    protocol.connectionLost(Failure(ConnectionDone()))
    assert protocol.data == b"ab"
    assert protocol.closed


def test_non_streaming_producer():
    """A pull producer writes a number each time, and says goodbye."""
    transport = testing.StringTransport()
    producer = testing.NonStreamingProducer(transport)
    transport.registerProducer(producer, False)
    while transport.producer is not None:
        producer.resumeProducing()
    assert transport.value().startswith(b"0123456789")
    with pytest.raises(RuntimeError):
        producer.pauseProducing()
