"""Tests of `twisted.spread.websocket`, which needs `twisted-web`."""

from __future__ import annotations

import pytest

from twisted.internet.defer import succeed
from twisted.internet.task import Clock
from twisted.spread import pb, util
from twisted.test.iosim import FakeTransport, connect

pytestmark = pytest.mark.peer


class Root(pb.Root):
    def remote_echo(self, value):
        return value

    def remote_call(self, reference):
        return reference.callRemote("name")

    def remote_pages(self, collector, data):
        util.StringPager(collector, data, 1000)


class Thing(pb.Referenceable):
    def remote_name(self):
        return "thing"


class Connected:
    """A client of a server over WebSocket, in memory."""

    def __init__(self, root=None):
        # Whoever has not installed twisted-web does not run these tests.
        from twisted.spread.websocket import PBWebSocketEndpoint, PBWebSocketResource
        from twisted.web.server import Site
        from twisted.web.websocket import WebSocketClientEndpoint

        self.clock = Clock()
        serverFactory = pb.PBServerFactory(root or Root())
        self.serverFactory = serverFactory
        self.brokers = []
        serverFactory.clientConnectionMade = self.brokers.append
        site = Site(PBWebSocketResource(serverFactory, self.clock), reactor=self.clock)
        connected = self

        class Endpoint:
            def connect(self, factory):
                server = site.buildProtocol(None)
                client = factory.buildProtocol(None)
                connected.pump = connect(
                    server,
                    FakeTransport(server, True),
                    client,
                    FakeTransport(client, False),
                    greet=False,
                )
                return succeed(client)

        class Endpoints:
            def endpointForURI(self, uri):
                return Endpoint()

        endpoint = WebSocketClientEndpoint(Endpoints(), "ws://localhost/")
        endpoint._reactor = self.clock
        self.factory = pb.PBClientFactory()
        connecting = PBWebSocketEndpoint(endpoint, self.clock).connect(self.factory)
        self.flush()
        self.broker = self.now(connecting)
        self.root = self.now(self.factory.getRootObject())

    def flush(self):
        for _ in range(20):
            self.pump.flush()
            self.clock.advance(0)

    def now(self, deferred):
        self.flush()
        results = []
        deferred.addBoth(results.append)
        assert results
        return results[0]


def test_calls():
    """Both sides call each other."""
    connected = Connected()
    assert connected.now(connected.root.callRemote("echo", {"a": [1]})) == {"a": [1]}
    assert connected.now(connected.root.callRemote("call", Thing())) == "thing"


def test_large():
    """What is large is carried, and comes in pages if it is sent in pages."""
    connected = Connected()
    data = b"x" * 300_000
    assert connected.now(connected.root.callRemote("echo", data)) == data
    pages = connected.now(util.getAllPages(connected.root, "pages", b"p" * 9500))
    assert sum(map(len, pages)) == 9500
    assert not connected.broker.transport._pulling


def test_end():
    """When one side ends the connection, both brokers are told."""
    connected = Connected()
    told = []
    connected.root.notifyOnDisconnect(told.append)
    connected.factory.disconnect()
    connected.flush()
    assert told == [connected.root]
    assert connected.brokers[0].disconnected


def test_wrong():
    """What is no Perspective Broker ends the connection."""
    connected = Connected()
    connected.broker.transport.write(b"\x01\x99")
    connected.flush()
    assert connected.broker.disconnected


class Producer:
    """A push producer that notes what it is asked for."""

    def __init__(self):
        self.asked = []

    def pauseProducing(self):
        self.asked.append("pause")

    def resumeProducing(self):
        self.asked.append("resume")

    def stopProducing(self):
        self.asked.append("stop")


def test_streaming_producer():
    """A push producer is held back while the other side is slow, and stopped at the end."""
    connected = Connected()
    carrier, producer = connected.broker.transport, Producer()
    carrier.registerProducer(producer, True)
    carrier.pauseProducing()
    carrier.resumeProducing()
    carrier.stopProducing()
    assert producer.asked == ["pause", "resume", "stop"]


def test_text():
    """A message that is text ends the connection."""
    connected = Connected()
    connected.broker.transport._transport.sendTextMessage("hello")
    connected.flush()
    assert connected.broker.disconnected
    assert connected.brokers[0].disconnected


def test_peer_that_does_not_read():
    """What was written to a slow peer is counted, so that it has a limit."""
    connected = Connected()
    carrier = connected.broker.transport
    carrier.pauseProducing()
    carrier.write(b"x" * 10)
    assert carrier.unsentSize == 10
    carrier.resumeProducing()
    assert carrier.unsentSize == 0
