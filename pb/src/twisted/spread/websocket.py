"""
Perspective Broker over WebSocket, for networks that let nothing else through.

It needs the extra ``websocket``. A server is a resource, a client an endpoint::

    site = Site(PBWebSocketResource(pb.PBServerFactory(root)))

    endpoint = PBWebSocketEndpoint(WebSocketClientEndpoint.new(reactor, "wss://example.com/pb"))
    await endpoint.connect(factory)
"""

from __future__ import annotations

from typing import Any

from zope.interface import implementer

from twisted.internet.address import IPv4Address
from twisted.internet.currentreactor import currentReactor
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer, IStreamClientEndpoint, ITransport
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web.websocket import WebSocketClientEndpoint, WebSocketResource

__all__ = ["PBWebSocketEndpoint", "PBWebSocketResource"]

#: What is known of the other side when nobody says who it is.
_SOMEBODY = IPv4Address("TCP", "0.0.0.0", 0)


@implementer(ITransport, IPushProducer)
class _Carrier:
    """The transport of a broker, whose octets are messages of a WebSocket connection."""

    disconnecting = False

    def __init__(self, broker: Any, host: Any, peer: Any, clock: Any) -> None:
        self._broker = broker
        self._host = host
        self._peer = peer
        self._clock = clock
        self._producer: Any = None
        self._streaming = False
        self._paused = False
        self._pulling: Any = None
        #: How many octets were written since the other side is slow.
        self.unsentSize = 0

    # The protocol of the connection

    def negotiationStarted(self, transport: Any) -> None:
        """Nothing can be sent yet."""
        self._transport = transport

    def negotiationFinished(self) -> None:
        """The broker's connection is there."""
        self._transport.attachProducer(self)
        self._broker.makeConnection(self)

    def bytesMessageReceived(self, data: bytes) -> None:
        """Octets for the broker."""
        self._broker.dataReceived(data)

    def textMessageReceived(self, message: str) -> None:
        """That is no Perspective Broker."""
        self._transport.loseConnection(1003)

    def pongReceived(self, payload: bytes) -> None:
        """Nobody has asked."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection has ended."""
        self.unregisterProducer()
        if self._broker.transport is not None:
            self._broker.connectionLost(reason)

    # The broker's transport

    def write(self, data: bytes) -> None:
        """Send octets."""
        if self._paused:
            self.unsentSize += len(data)
        self._transport.sendBytesMessage(data)

    def writeSequence(self, data: Any) -> None:
        """Send pieces."""
        self.write(b"".join(data))

    def loseConnection(self) -> None:
        """End the connection."""
        self.disconnecting = True
        self._transport.loseConnection()

    # What has been refused is not worth waiting for, but the connection is not this one's to cut.
    abortConnection = loseConnection

    def getPeer(self) -> Any:
        """The other side."""
        return self._peer

    def getHost(self) -> Any:
        """This side."""
        return self._host

    # Producers

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Let a producer write as fast as the other side reads."""
        self._producer, self._streaming = producer, streaming
        if not streaming:
            self._pull()

    def unregisterProducer(self) -> None:
        """The producer has no more."""
        self._producer = None
        pulling, self._pulling = self._pulling, None
        if pulling is not None:
            pulling.cancel()

    def _pull(self) -> None:
        """Have a pull producer write, in turns with everything else."""
        self._pulling = None
        if self._producer is not None and not (self._streaming or self._paused):
            self._producer.resumeProducing()
            if self._producer is not None:
                self._pulling = currentReactor(self._clock).callLater(0, self._pull)

    def pauseProducing(self) -> None:
        """The other side is slow."""
        self._paused = True
        if self._producer is not None and self._streaming:
            self._producer.pauseProducing()

    def resumeProducing(self) -> None:
        """The other side has read."""
        self._paused = False
        self.unsentSize = 0
        if self._producer is not None and self._streaming:
            self._producer.resumeProducing()
        elif self._pulling is None:
            self._pull()

    def stopProducing(self) -> None:
        """The connection has ended."""
        if self._producer is not None:
            self._producer.stopProducing()


class PBWebSocketResource(WebSocketResource):
    """A resource that serves Perspective Broker. See `WebSocketResource` for its limits."""

    def __init__(self, factory: Any, reactor: Any = None) -> None:
        """
        @param factory: a `PBServerFactory`.
        @param reactor: where time passes; by default the global one.
        """
        WebSocketResource.__init__(self, _ServerSide(factory, reactor))


class _ServerSide:
    """Makes what carries the brokers of a server factory."""

    def __init__(self, factory: Any, clock: Any) -> None:
        self._factory = factory
        self._clock = clock

    def buildProtocol(self, request: Any) -> Any:
        """A carrier, or None if the factory wants no connection."""
        peer = request.getClientAddress()
        broker = self._factory.buildProtocol(peer)
        if broker is None:
            return None
        return _Carrier(broker, request.getHost(), peer, self._clock)


class _ClientSide:
    """Makes what carries the broker of a client factory."""

    def __init__(self, factory: Any, clock: Any) -> None:
        self._factory = factory
        self._clock = clock
        self.broker: Any = None

    def buildProtocol(self, url: str) -> Any:
        """A carrier."""
        self.broker = self._factory.buildProtocol(_SOMEBODY)
        return _Carrier(self.broker, _SOMEBODY, _SOMEBODY, self._clock)


@implementer(IStreamClientEndpoint)
class PBWebSocketEndpoint:
    """Connects to a `PBWebSocketResource`; for `ClientService`, too."""

    def __init__(self, endpoint: WebSocketClientEndpoint, reactor: Any = None) -> None:
        """
        @param reactor: where time passes; by default the global one.
        """
        self._endpoint = endpoint
        self._clock = reactor

    def connect(self, protocolFactory: Any) -> Deferred[Any]:
        """
        Connect.

        @param protocolFactory: a `PBClientFactory`.
        @return: a Deferred of the broker.
        """
        side = _ClientSide(protocolFactory, self._clock)
        return self._endpoint.connect(side).addCallback(lambda _: side.broker)
