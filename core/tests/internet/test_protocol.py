"""Tests of `twisted.internet.protocol`."""

from __future__ import annotations

from io import BytesIO

import pytest

from twisted.internet import error, protocol
from twisted.internet.interfaces import IConsumer, IProtocol
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.logger import capturedLogs
from twisted.python.failure import Failure


class Recording(protocol.Protocol):
    """Keeps what happens."""

    def __init__(self):
        self.events = []

    def connectionMade(self):
        self.events.append("made")

    def dataReceived(self, data):
        self.events.append(data)

    def connectionLost(self, reason=protocol.connectionDone):
        self.events.append("lost")


def test_protocol():
    """A protocol knows its transport before it is told that it is connected."""
    made = Recording()
    transport = StringTransport()
    assert not made.connected
    made.makeConnection(transport)
    assert (made.transport, made.connected, made.events) == (transport, 1, ["made"])
    assert made.logPrefix() == "Recording"


def test_factory():
    """A factory makes protocols that know it, and is started and stopped once."""
    factory = protocol.Factory.forProtocol(Recording)
    made = factory.buildProtocol(None)
    assert (type(made), made.factory) == (Recording, factory)
    calls = []
    factory.startFactory = lambda: calls.append("start")
    factory.stopFactory = lambda: calls.append("stop")
    with capturedLogs() as events:
        factory.doStart()
        factory.doStart()
        factory.doStop()
        assert calls == ["start"]
        factory.doStop()
    assert calls == ["start", "stop"]
    assert len(events) == 2
    factory.noisy = False
    with capturedLogs() as events:
        factory.doStart()
        factory.doStop()
    assert events == []
    factory.doStop()
    assert factory.numPorts == 0


def test_creator():
    """One protocol may be connected, and the attempt given up."""
    reactor = MemoryReactorClock()
    creator = protocol.ClientCreator(reactor, Recording)
    seen = []
    creator.connectTCP("h", 1).addCallback(seen.append)
    reactor.tcpClients[0][2].buildProtocol(None)
    reactor.advance(0)
    assert isinstance(seen[0], Recording)
    failed = []
    creator.connectUNIX("/x").addErrback(failed.append)
    reason = Failure(error.ConnectionRefusedError())
    reactor.unixClients[0][1].clientConnectionFailed(None, reason)
    reactor.advance(0)
    assert failed == [reason]
    attempt = creator.connectTCP("h", 2)
    attempt.addErrback(failed.append)
    attempt.cancel()
    reactor.advance(0)
    assert len(failed) == 2


class Connector:
    """Counts connections."""

    def __init__(self):
        self.connections = 0
        self.stopped = False

    def connect(self):
        self.connections += 1

    def stopConnecting(self):
        self.stopped = True
        raise error.NotConnectingError


def reconnecting(**attributes):
    """A reconnecting factory, its connector and its clock."""
    factory = protocol.ReconnectingClientFactory()
    factory.clock = Clock()
    factory.jitter = None
    vars(factory).update(attributes)
    return factory, Connector(), factory.clock


def test_reconnecting():
    """Each attempt waits longer than the one before, up to a limit."""
    factory, connector, clock = reconnecting(maxDelay=10, factor=2.0)
    delays = []
    for _ in range(6):
        factory.clientConnectionFailed(connector, Failure(error.ConnectionRefusedError()))
        (call,) = clock.getDelayedCalls()
        delays.append(call.getTime() - clock.seconds())
        clock.advance(delays[-1])
    assert delays == [2, 4, 8, 10, 10, 10]
    assert connector.connections == 6
    factory.resetDelay()
    factory.clientConnectionLost(connector, Failure(error.ConnectionLost()))
    (call,) = clock.getDelayedCalls()
    assert call.getTime() - clock.seconds() == 2


def test_reconnecting_with_jitter():
    """Attempts are spread, so that many clients do not come at once."""
    delays = set()
    for _ in range(20):
        factory, connector, clock = reconnecting(jitter=0.1)
        factory.retry(connector)
        delays.add(clock.getDelayedCalls()[0].getTime())
    assert len(delays) > 10


def test_reconnecting_ends():
    """Attempts end after a number of them, or when they are told to."""
    factory, connector, clock = reconnecting(maxRetries=2)
    for _ in range(5):
        factory.retry(connector)
        clock.advance(1e6)
    assert connector.connections == 2
    factory, connector, clock = reconnecting()
    factory.clientConnectionFailed(connector, Failure(error.ConnectionRefusedError()))
    factory.stopTrying()
    assert clock.getDelayedCalls() == []
    assert connector.stopped
    factory.retry(connector)
    clock.advance(1e6)
    assert connector.connections == 0
    with pytest.raises(ValueError):
        protocol.ReconnectingClientFactory().retry()


def test_adapters():
    """A protocol can be a consumer, and a consumer a protocol."""
    made = Recording()
    consumer = IConsumer(made)
    consumer.write(b"x")
    consumer.unregisterProducer()
    assert made.events == [b"x"]
    transport = StringTransport()
    as_protocol = IProtocol(transport)
    as_protocol.makeConnection(StringTransport())
    as_protocol.dataReceived(b"y")
    as_protocol.connectionLost(Failure(error.ConnectionDone()))
    assert transport.value() == b"y"


def test_file_wrapper():
    """A file can stand for a transport."""
    file = BytesIO()
    wrapper = protocol.FileWrapper(file)
    wrapper.write(b"a")
    wrapper.writeSequence([b"b", b"c"])
    assert file.getvalue() == b"abc"
    wrapper.loseConnection()
    assert file.closed


def test_process_protocol():
    """What a process writes, and the end of its pipes, goes to methods by descriptor."""
    seen = []

    class Process(protocol.ProcessProtocol):
        def outReceived(self, data):
            seen.append(("out", data))

        def errReceived(self, data):
            seen.append(("err", data))

        def inConnectionLost(self):
            seen.append("in lost")

        def outConnectionLost(self):
            seen.append("out lost")

        def errConnectionLost(self):
            seen.append("err lost")

    made = Process()
    made.childDataReceived(1, b"a")
    made.childDataReceived(2, b"b")
    for descriptor in range(3):
        made.childConnectionLost(descriptor)
    assert seen == [("out", b"a"), ("err", b"b"), "in lost", "out lost", "err lost"]
