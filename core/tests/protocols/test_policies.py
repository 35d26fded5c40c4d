"""Tests of `twisted.protocols.policies`."""

from __future__ import annotations

from io import StringIO

import pytest

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IHalfCloseableProtocol, ITransport
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.logger import capturedLogs
from twisted.protocols import policies
from twisted.python.failure import Failure

DONE = Failure(ConnectionDone())


class Recording(Protocol):
    """Keeps what it gets."""

    def __init__(self):
        self.data = b""
        self.lost = None

    def dataReceived(self, data):
        self.data += data

    def connectionLost(self, reason):
        self.lost = reason


def connected(factory, host="192.0.2.1"):
    """A connection that a factory serves: the wrapper, the protocol, and the transport."""
    address = IPv4Address("TCP", host, 1)
    wrapper = factory.buildProtocol(address)
    if wrapper is None:
        return None
    transport = StringTransport(peerAddress=address)
    wrapper.makeConnection(transport)
    return wrapper, wrapper.wrappedProtocol, transport


@pytest.fixture
def wrapped():
    """A factory to be wrapped."""
    return Factory.forProtocol(Recording)


def test_wrapper(wrapped):
    """A wrapper passes everything on, both ways, and has the transport's interfaces."""
    factory = policies.WrappingFactory(wrapped)
    wrapper, protocol, transport = connected(factory)
    assert ITransport.providedBy(wrapper)
    assert not IHalfCloseableProtocol.providedBy(wrapper)
    assert list(factory.protocols) == [wrapper]
    assert protocol.transport is wrapper
    wrapper.dataReceived(b"in")
    protocol.transport.write(b"out")
    protocol.transport.writeSequence([b"1", b"2"])
    producer = object()
    protocol.transport.registerProducer(producer, True)
    assert (protocol.data, transport.value()) == (b"in", b"out12")
    assert transport.producer is producer
    protocol.transport.unregisterProducer()
    assert wrapper.getPeer() is transport.getPeer()
    assert wrapper.getHost() is transport.getHost()
    assert wrapper.producerState == "producing"
    assert wrapper.logPrefix() == "Recording (ProtocolWrapper)"
    protocol.transport.loseConnection()
    assert transport.disconnecting
    wrapper.connectionLost(DONE)
    assert (protocol.lost, list(factory.protocols)) == (DONE, [])
    assert "WrappingFactory" in factory.logPrefix()


def test_wrapping_of_nothing():
    """A factory that refuses a connection refuses it through a wrapper, too."""

    class Refusing(Factory):
        def buildProtocol(self, addr):
            return None

    for kind in (policies.WrappingFactory, policies.TimeoutFactory):
        assert connected(kind(Refusing())) is None


def test_factory_events(wrapped):
    """What a factory is told goes to the one that it wraps."""
    told = []
    wrapped.startedConnecting = lambda connector: told.append("started")
    wrapped.clientConnectionFailed = lambda connector, reason: told.append("failed")
    wrapped.clientConnectionLost = lambda connector, reason: told.append("lost")
    wrapped.noisy = False
    factory = policies.WrappingFactory(wrapped)
    factory.doStart()
    assert wrapped.numPorts == 1
    factory.startedConnecting(None)
    factory.clientConnectionFailed(None, DONE)
    factory.clientConnectionLost(None, DONE)
    factory.doStop()
    assert told == ["started", "failed", "lost"]
    assert wrapped.numPorts == 0


def test_throttled_number(wrapped):
    """A factory may limit the number of connections."""
    factory = policies.ThrottlingFactory(wrapped, 1)
    wrapper, _, _ = connected(factory)
    with capturedLogs() as events:
        assert connected(factory) is None
    assert len(events) == 1
    wrapper.connectionLost(DONE)
    assert connected(factory) is not None


def throttling(wrapped, **limits):
    """A throttling factory, and its clock."""
    clock = Clock()
    factory = policies.ThrottlingFactory(wrapped, **limits)
    factory.callLater = clock.callLater
    return factory, clock


def test_throttled_reading(wrapped):
    """Who reads too much in a second waits as much longer."""
    factory, clock = throttling(wrapped, readLimit=10)
    wrapper, _, transport = connected(factory)
    wrapper.dataReceived(b"x" * 30)
    clock.advance(1)
    assert transport.producerState == "paused"
    clock.advance(1.9)
    assert transport.producerState == "paused"
    clock.advance(0.2)
    assert transport.producerState == "producing"
    wrapper.connectionLost(DONE)
    assert clock.getDelayedCalls() == []


def test_throttled_writing(wrapped):
    """Who writes too much in a second has its producer paused as much longer."""

    class Producer:
        state = "producing"

        def pauseProducing(self):
            self.state = "paused"

        def resumeProducing(self):
            self.state = "producing"

        def stopProducing(self):
            self.state = "stopped"

    factory, clock = throttling(wrapped, writeLimit=10)
    wrapper, protocol, _ = connected(factory)
    producer = Producer()
    protocol.transport.registerProducer(producer, True)
    protocol.transport.write(b"x" * 10)
    protocol.transport.writeSequence([b"x" * 10])
    clock.advance(1)
    assert producer.state == "paused"
    clock.advance(1)
    assert producer.state == "producing"
    protocol.transport.unregisterProducer()
    wrapper.connectionLost(DONE)
    assert clock.getDelayedCalls() == []


def test_limit_by_peer(wrapped):
    """Each host may have so many connections."""
    factory = policies.LimitConnectionsByPeer(wrapped)
    factory.maxConnectionsPerPeer = 2
    factory.startFactory()
    first = connected(factory)
    connected(factory)
    assert connected(factory) is None
    assert connected(factory, "192.0.2.2") is not None
    first[0].connectionLost(DONE)
    assert connected(factory) is not None


def test_limit_in_all():
    """All together may have so many connections; more get another protocol, or none."""

    class Overflow(Recording):
        pass

    factory = policies.LimitTotalConnectionsFactory()
    factory.protocol = Recording
    factory.connectionLimit = 1
    first = connected(factory)
    assert type(first[1]) is Recording
    assert connected(factory) is None
    factory.overflowProtocol = Overflow
    assert type(connected(factory)[1]) is Overflow
    assert factory.connectionCount == 2
    first[0].connectionLost(DONE)
    assert factory.connectionCount == 1


def test_timeouts(wrapped):
    """A connection on which nothing comes or goes for some time is closed."""
    clock = Clock()
    factory = policies.TimeoutFactory(wrapped, 10)
    factory.callLater = clock.callLater
    wrapper, protocol, transport = connected(factory)
    for act in (
        lambda: wrapper.dataReceived(b"x"),
        lambda: protocol.transport.write(b"x"),
        lambda: protocol.transport.writeSequence([b"x"]),
    ):
        clock.advance(9)
        act()
    assert not transport.disconnecting
    clock.advance(10)
    assert transport.disconnecting
    other, _, transport = connected(factory)
    other.cancelTimeout()
    clock.advance(100)
    assert not transport.disconnecting
    other.setTimeout(5)
    other.connectionLost(DONE)
    assert clock.getDelayedCalls() == []


def test_timeout_mixin():
    """A protocol may end itself when nothing happens, or wait differently."""

    class Timed(Protocol, policies.TimeoutMixin):
        pass

    clock = Clock()
    protocol, transport = Timed(), StringTransport()
    protocol.callLater = clock.callLater
    protocol.makeConnection(transport)
    protocol.resetTimeout()
    assert clock.getDelayedCalls() == []
    assert protocol.setTimeout(5) is None
    clock.advance(4)
    protocol.resetTimeout()
    clock.advance(4)
    assert protocol.setTimeout(10) == 5
    clock.advance(9)
    assert not transport.disconnecting
    assert protocol.setTimeout(None) == 10
    clock.advance(100)
    assert not transport.disconnecting
    protocol.setTimeout(1)
    clock.advance(1)
    assert transport.disconnecting
    assert clock.getDelayedCalls() == []


def test_traffic_log(wrapped):
    """Traffic may be written down, for each connection in a file of its own."""
    logs = {}

    class Logging(policies.TrafficLoggingFactory):
        def open(self, name):
            logs[name] = StringIO()
            return logs[name]

    factory = Logging(wrapped, "log")
    wrapper, protocol, _ = connected(factory)
    wrapper.dataReceived(b"in")
    protocol.transport.write(b"out")
    protocol.transport.writeSequence([b"more"])
    protocol.transport.loseConnection()
    wrapper.connectionLost(DONE)
    (text,) = [log.getvalue() for log in logs.values()]
    assert "C 1: b'in'" in text
    assert "S 1: b'out'" in text
    connected(factory)
    assert len(logs) == 2


def test_spewing(wrapped):
    """Traffic may go to the log of the program."""
    factory = policies.SpewingFactory(wrapped)
    wrapper, protocol, transport = connected(factory)
    with capturedLogs() as events:
        wrapper.dataReceived(b"in")
        protocol.transport.write(b"out")
    assert len(events) == 2
    assert (protocol.data, transport.value()) == (b"in", b"out")


def test_disconnecting(wrapped):
    """A protocol sees through the wrapper that the connection is being closed."""
    wrapper, protocol, _ = connected(policies.WrappingFactory(wrapped))
    assert not protocol.transport.disconnecting
    protocol.transport.loseConnection()
    assert protocol.transport.disconnecting
    assert wrapper.disconnecting
