"""
Two protocols connected in memory, and moved one step at a time::

    client, server, pump = connectedServerAndClient(Server, Client)
    client.sendRequest()
    pump.flush()

Nothing arrives until the `IOPump` is told to move it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from zope.interface import directlyProvides, implementer

from twisted.internet import error, interfaces
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP4ServerEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure

__all__ = [
    "ConnectionCompleter",
    "FakeAddress",
    "FakeTransport",
    "IOPump",
    "TLSNegotiation",
    "connect",
    "connectableEndpoint",
    "connectedServerAndClient",
    "makeFakeClient",
    "makeFakeServer",
]

_MOST_ROUNDS = 1000


class TLSNegotiation:
    """
    Stands in the stream where one side of a connection starts TLS.

    No TLS is spoken: what follows is plain, and whether the sides would accept each other is up to
    the settings, by a method ``iosimVerify`` that gets those of the other side.
    """

    def __init__(self, obj: Any, connectState: bool) -> None:
        """
        @param obj: the settings.
        @param connectState: whether it is the client's.
        """
        self.obj = obj
        self.connectState = connectState
        self.sent = False
        self.readyToSend = connectState

    def __repr__(self) -> str:
        return f"TLSNegotiation({self.obj!r})"

    def pretendToVerify(self, other: TLSNegotiation, tpt: FakeTransport) -> None:
        """Close the connection if the settings do not accept those of the other side."""
        verify = getattr(self.obj, "iosimVerify", None)
        if verify is not None and not verify(other.obj):
            tpt.disconnectReason = Failure(error.ConnectionLost("certificate not accepted"))
            tpt.loseConnection()


@implementer(interfaces.IAddress)
class FakeAddress:
    """An address of nothing."""


@implementer(interfaces.ITransport, interfaces.ITLSTransport)
class FakeTransport:
    """
    One end of a connection in memory.

    @ivar stream: what was written and not moved yet: bytes, and `TLSNegotiation`.
    @ivar protocol: the protocol on this end.
    @ivar disconnecting: whether the connection is to be closed when all has been moved.
    @ivar disconnected: whether it is closed.
    @ivar disconnectReason: what the protocol is told then.
    @ivar producer: what writes as long as there is room.
    """

    _serial = itertools.count()

    closed = 0
    disconnecting = 0
    disconnected = 0
    disconnectReason: Any = error.ConnectionDone("Connection done")
    producer: Any = None
    streamingProducer = 0
    tls: TLSNegotiation | None = None

    def __init__(
        self, protocol: Any, isServer: bool, hostAddress: Any = None, peerAddress: Any = None
    ) -> None:
        self.protocol = protocol
        self.isServer = isServer
        self.stream: list[Any] = []
        self.serial = next(self._serial)
        self.hostAddress = FakeAddress() if hostAddress is None else hostAddress
        self.peerAddress = FakeAddress() if peerAddress is None else peerAddress
        self.tlsbuf: list[Any] = []
        self._aborting = False
        self._paused = False
        self._writeClosed = False
        self._tellPeer = False
        self.keepAlive = self.noDelay = False

    def __repr__(self) -> str:
        side = "S" if self.isServer else "C"
        return f"FakeTransport<{side},{self.serial},{self.protocol.__class__.__name__}>"

    # For the protocol

    def write(self, data: bytes) -> None:
        """
        Write.

        @raise TypeError: if it is not bytes.
        """
        if not isinstance(data, bytes):
            raise TypeError(f"data must be bytes, not {type(data).__name__}")
        if self._writeClosed or self.disconnected or self.disconnecting:
            return
        (self.tlsbuf if self.tls is not None else self.stream).append(data)

    def writeSequence(self, iovec: Iterable[bytes]) -> None:
        """Write several pieces."""
        self.write(b"".join(iovec))

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Let a producer write; one that has to be asked is asked now."""
        self.producer = producer
        self.streamingProducer = streaming
        if not streaming:
            producer.resumeProducing()

    def unregisterProducer(self) -> None:
        """The producer writes no more."""
        self.producer = None

    def stopConsuming(self) -> None:
        """Nothing more is wanted of the producer."""
        self.unregisterProducer()
        self.loseConnection()

    def loseConnection(self) -> None:
        """Close the connection when all has been moved."""
        self.disconnecting = True

    def loseWriteConnection(self) -> None:
        """Write no more; the peer is told when all has been moved."""
        self._writeClosed = self._tellPeer = True

    def abortConnection(self) -> None:
        """Close the connection now; what was not moved is lost."""
        self._aborting = True
        self.stream.clear()
        self.tlsbuf.clear()
        self.disconnectReason = Failure(error.ConnectionAborted())
        self.disconnecting = True

    def pauseProducing(self) -> None:
        """Read nothing."""
        self._paused = True

    def resumeProducing(self) -> None:
        """Read again."""
        self._paused = False

    def stopProducing(self) -> None:
        """Read no more."""
        self.loseConnection()

    def getPeer(self) -> Any:
        """The address of the other end."""
        return self.peerAddress

    def getHost(self) -> Any:
        """The address of this end."""
        return self.hostAddress

    def logPrefix(self) -> str:
        """What messages of the log begin with."""
        return "iosim"

    def getTcpKeepAlive(self) -> bool:
        """What was set."""
        return self.keepAlive

    def setTcpKeepAlive(self, enabled: bool) -> None:
        """Keep it."""
        self.keepAlive = enabled

    def getTcpNoDelay(self) -> bool:
        """What was set."""
        return self.noDelay

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Keep it."""
        self.noDelay = enabled

    def startTLS(self, contextFactory: Any, beNormal: bool = True) -> None:
        """
        Pretend to start TLS, when the other end does; see `TLSNegotiation`.

        @param beNormal: whether the client begins, as it usually does.
        """
        connectState = self.isServer ^ beNormal
        self.tls = TLSNegotiation(contextFactory, connectState)
        self._negotiate()

    def _negotiate(self) -> None:
        if self.tls is not None and self.tls.readyToSend and not self.tls.sent:
            self.tls.sent = True
            self.stream.append(self.tls)

    # For the pump

    def getOutBuffer(self) -> Any:
        """
        What is to be moved now, which is then forgotten.

        @return: bytes, a `TLSNegotiation`, or C{None}.
        """
        if not self.stream:
            return None
        if isinstance(self.stream[0], TLSNegotiation):
            return self.stream.pop(0)
        pieces = list(itertools.takewhile(lambda item: isinstance(item, bytes), self.stream))
        del self.stream[: len(pieces)]
        return b"".join(pieces)

    def _checkProducer(self) -> None:
        """Ask a producer that has to be asked, if there is room."""
        if self.producer is not None and not self.streamingProducer and not self.stream:
            self.producer.resumeProducing()

    def bufferReceived(self, buf: Any) -> None:
        """Something has arrived."""
        if not isinstance(buf, TLSNegotiation):
            self.protocol.dataReceived(buf)
            return
        if self.tls is None:
            self.disconnectReason = Failure(error.ConnectionLost("TLS was not expected"))
            self.loseConnection()
            return
        self.tls.readyToSend = True
        self._negotiate()
        mine, self.tls = self.tls, None
        held, self.tlsbuf = self.tlsbuf, []
        self.stream.extend(held)
        mine.pretendToVerify(buf, self)

    def reportDisconnect(self) -> None:
        """Tell the protocol that the connection has ended, once."""
        if self.closed:
            return
        self.closed = self.disconnected = 1
        reason = self.disconnectReason
        self.protocol.connectionLost(reason if isinstance(reason, Failure) else Failure(reason))


def makeFakeClient(clientProtocol: Any) -> FakeTransport:
    """The client's end."""
    return FakeTransport(clientProtocol, isServer=False)


def makeFakeServer(serverProtocol: Any) -> FakeTransport:
    """The server's end."""
    return FakeTransport(serverProtocol, isServer=True)


class IOPump:
    """
    Moves what was written from one end of a connection to the other.

    @ivar client: the client's protocol.
    @ivar server: the server's protocol.
    @ivar clientIO: its transport.
    @ivar serverIO: its transport.
    @ivar clock: whose time goes on a little with each step.
    """

    def __init__(
        self,
        client: Any,
        server: Any,
        clientIO: FakeTransport,
        serverIO: FakeTransport,
        debug: bool,
        clock: Any = None,
    ) -> None:
        """
        @param debug: whether what is moved is printed.
        """
        self.client = client
        self.server = server
        self.clientIO = clientIO
        self.serverIO = serverIO
        self.debug = debug
        self.clock = Clock() if clock is None else clock

    def flush(self, debug: bool = False, advanceClock: bool = True) -> bool:
        """
        Move everything, and what is written in answer, until nothing is left.

        @return: whether there was anything.
        @raise RuntimeError: if it has no end.
        """
        moved = False
        for _ in range(_MOST_ROUNDS):
            if not self.pump(debug, advanceClock):
                return moved
            moved = True
        raise RuntimeError("the two sides write without end")

    def pump(self, debug: bool = False, advanceClock: bool = True) -> bool:
        """
        Move what has been written, in both directions.

        @return: whether anything was.
        """
        if advanceClock:
            self.clock.advance(0)
        ends = (self.clientIO, self.serverIO)
        for end in ends:
            end._checkProducer()
        outgoing = [
            None if to._paused else end.getOutBuffer()
            for end, to in zip(ends, ends[::-1], strict=True)
        ]
        moved = False
        for end, other, data in zip(ends, ends[::-1], outgoing, strict=True):
            if data:
                moved = True
                if debug or self.debug:
                    print("S: " if end.isServer else "C: ", repr(data))
                if not other.disconnected and not other._aborting:
                    other.bufferReceived(data)
            elif end._tellPeer and not end.stream:
                moved, end._tellPeer = True, False
                self._tellOfEnd(other)
        return self._close() or moved

    def _tellOfEnd(self, other: FakeTransport) -> None:
        half = interfaces.IHalfCloseableProtocol(other.protocol, None)
        if half is not None:
            half.readConnectionLost()
        else:
            other.loseConnection()

    def _close(self) -> bool:
        """Close ends that are to be closed and have moved everything. @return: whether any was."""
        ends = (self.clientIO, self.serverIO)
        for end, other in zip(ends, ends[::-1], strict=True):
            if end.disconnecting and not end.closed and not end.stream:
                if not other.closed:
                    if end._aborting:
                        other.disconnectReason = Failure(error.ConnectionLost())
                    other.disconnected = 1
                    other.disconnecting = 1
                    other.stream.clear()
                end.reportDisconnect()
                other.reportDisconnect()
                return True
        return False


def connect(
    serverProtocol: Any,
    serverTransport: FakeTransport,
    clientProtocol: Any,
    clientTransport: FakeTransport,
    debug: bool = False,
    greet: bool = True,
    clock: Any = None,
) -> IOPump:
    """
    Connect two protocols.

    @param greet: whether to move at once what they write when they are connected.
    @param clock: whose time goes on with each step.
    """
    pump = IOPump(clientProtocol, serverProtocol, clientTransport, serverTransport, debug, clock)
    serverProtocol.makeConnection(serverTransport)
    clientProtocol.makeConnection(clientTransport)
    if greet:
        pump.flush()
    return pump


def connectedServerAndClient(
    ServerClass: Callable[[], Any],
    ClientClass: Callable[[], Any],
    clientTransportFactory: Callable[[Any], FakeTransport] = makeFakeClient,
    serverTransportFactory: Callable[[Any], FakeTransport] = makeFakeServer,
    debug: bool = False,
    greet: bool = True,
    clock: Any = None,
) -> tuple[Any, Any, IOPump]:
    """
    Make two protocols, and connect them.

    @return: the client, the server, and what moves their data.
    """
    client, server = ClientClass(), ServerClass()
    return (
        client,
        server,
        connect(
            *(server, serverTransportFactory(server)),
            *(client, clientTransportFactory(client)),
            debug,
            greet,
            clock,
        ),
    )


class _Listening(Factory):
    """Makes the protocols of a factory that a test wants to see."""

    def __init__(self, factory: Any) -> None:
        self.factory = factory
        self.protocols: list[Any] = []
        directlyProvides(self, interfaces.IProtocolFactory)

    def buildProtocol(self, addr: Any) -> Any:
        """A protocol, which is kept."""
        made = self.factory.buildProtocol(addr)
        self.protocols.append(made)
        return made


class ConnectionCompleter:
    """Lets connections that a reactor in memory was asked for succeed, or fail."""

    def __init__(self, memoryReactor: Any) -> None:
        self._reactor = memoryReactor

    def _pending(self) -> Iterator[Any]:
        yield from self._reactor.tcpClients

    def succeedOnce(self, debug: bool = False, greet: bool = True) -> IOPump | None:
        """
        Let one succeed.

        @param greet: whether what both sides say at once is moved.
        @return: what moves its data; the server's end keeps what arrives. C{None} if there is none
            to succeed.
        """
        for index, (_host, port, factory, *_) in enumerate(self._pending()):
            listening = next(
                (each[1] for each in self._reactor.tcpServers if each[0] == port), None
            )
            server = Protocol() if listening is None else listening.buildProtocol(None)
            client = factory.buildProtocol(None)
            del self._reactor.tcpClients[index]
            clock = self._reactor if isinstance(self._reactor, Clock) else None
            return connect(
                *(server, makeFakeServer(server)),
                *(client, makeFakeClient(client)),
                debug,
                greet,
                clock,
            )
        return None

    def failOnce(self, reason: Failure | None = None) -> None:
        """Let one fail."""
        if reason is None:
            reason = Failure(error.ConnectionRefusedError())
        for index, (_host, _port, factory, *_) in enumerate(self._pending()):
            del self._reactor.tcpClients[index]
            factory.clientConnectionFailed(self._reactor.connectors[index], reason)
            return


def connectableEndpoint(debug: bool = False) -> tuple[Any, ConnectionCompleter]:
    """An endpoint for clients, and what lets its connections succeed or fail."""
    reactor = MemoryReactorClock()
    server = TCP4ServerEndpoint(reactor, 9876)
    server.listen(_Listening(Factory.forProtocol(Protocol)))
    return TCP4ClientEndpoint(reactor, "0.0.0.0", 9876), ConnectionCompleter(reactor)
