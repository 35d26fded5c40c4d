"""Tests of what stands for a protocol until it is connected."""

from __future__ import annotations

import pytest
from zope.interface import implementer

from twisted.internet import endpoints
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import (
    IFileDescriptorReceiver,
    IHalfCloseableProtocol,
    IHandshakeListener,
    ILoggingContext,
)
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure


@implementer(IHalfCloseableProtocol, IFileDescriptorReceiver, IHandshakeListener, ILoggingContext)
class Everything(Protocol):
    """Takes all that a transport can tell."""

    def __init__(self):
        self.events = []

    def dataReceived(self, data):
        self.events.append(data)

    def fileDescriptorReceived(self, descriptor):
        self.events.append(descriptor)

    def readConnectionLost(self):
        self.events.append("read lost")

    def writeConnectionLost(self):
        self.events.append("write lost")

    def handshakeCompleted(self):
        self.events.append("handshake")

    def connectionLost(self, reason):
        self.events.append("lost")

    def logPrefix(self):
        return "prefix"


def connecting(factory):
    """What a transport is given, and a list that the connected protocol goes to."""
    reactor = MemoryReactorClock()
    connected = []
    endpoint = endpoints.TCP4ClientEndpoint(reactor, "192.0.2.1", 80)
    endpoint.connect(factory).addBoth(connected.append)
    return reactor.tcpClients[0][2], connected


def test_everything_is_passed_on():
    """A transport that keeps to what it was given reaches the protocol all the same."""
    made, connected = connecting(Factory.forProtocol(Everything))
    wrapping = made.buildProtocol(None)
    for interface in (IHalfCloseableProtocol, IFileDescriptorReceiver, IHandshakeListener):
        assert interface.providedBy(wrapping)
    assert wrapping.logPrefix() == "prefix"
    wrapping.makeConnection(StringTransport())
    wrapping.dataReceived(b"x")
    wrapping.fileDescriptorReceived(5)
    wrapping.handshakeCompleted()
    wrapping.readConnectionLost()
    wrapping.writeConnectionLost()
    wrapping.connectionLost(Failure(ConnectionDone()))
    assert connected[0].events == [b"x", 5, "handshake", "read lost", "write lost", "lost"]


def test_no_more_than_the_protocol_takes():
    """A plain protocol does not seem to take more than it does."""
    made, _ = connecting(Factory.forProtocol(Protocol))
    wrapping = made.buildProtocol(None)
    assert not IHalfCloseableProtocol.providedBy(wrapping)
    assert wrapping.logPrefix() == "Protocol"


def test_nothing_between():
    """A transport that lets its protocol be changed has the real one from then on."""
    made, connected = connecting(Factory.forProtocol(Everything))
    transport = StringTransport()
    transport.protocol = made.buildProtocol(None)
    transport.protocol.makeConnection(transport)
    assert transport.protocol is connected[0]


def test_broken_factory():
    """An error while the protocol is made is the failure."""

    class Broken(Factory):
        def buildProtocol(self, addr):
            raise ZeroDivisionError

    made, connected = connecting(Broken())
    assert made.buildProtocol(None) is None
    assert connected[0].check(ZeroDivisionError)


@pytest.mark.parametrize("times", [1, 2])
def test_factory_is_started(times):
    """The factory is started and stopped with its connections."""
    factory = Factory.forProtocol(Protocol)
    factory.noisy = False
    calls = []
    factory.startFactory = lambda: calls.append("start")
    factory.stopFactory = lambda: calls.append("stop")
    attempts = [connecting(factory)[0] for _ in range(times)]
    for made in attempts:
        made.doStart()
    for made in attempts:
        made.doStop()
    assert calls == ["start", "stop"]
