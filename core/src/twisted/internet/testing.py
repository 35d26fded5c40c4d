"""
Stand-ins for transports, reactors and time, for tests of protocols and of what uses them.

They are public and keep working: tests of programs are built on them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from io import BytesIO
from socket import AF_INET, AF_INET6, AF_UNIX
from typing import Any

from zope.interface import implementer

from twisted.internet import error, protocol, task
from twisted.internet.abstract import isIPv6Address
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.defer import Deferred
from twisted.internet.error import UnsupportedAddressFamily
from twisted.internet.interfaces import (
    IConnector,
    IConsumer,
    IHostnameResolver,
    IListeningPort,
    IPushProducer,
    IReactorCore,
    IReactorFDSet,
    IReactorPluggableNameResolver,
    IReactorSocket,
    IReactorSSL,
    IReactorTCP,
    IReactorUNIX,
    ITransport,
    IUDPTransport,
)
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, LogEvent, LogPublisher
from twisted.protocols import basic
from twisted.python.failure import Failure

__all__ = [
    "AccumulatingProtocol",
    "EventLoggingObserver",
    "FakeDatagramTransport",
    "LineSendingProtocol",
    "MemoryReactor",
    "MemoryReactorClock",
    "NonStreamingProducer",
    "RaisingMemoryReactor",
    "StringIOWithoutClosing",
    "StringTransport",
    "StringTransportWithDisconnection",
    "waitUntilAllDisconnected",
]


class AccumulatingProtocol(protocol.Protocol):
    """
    Keeps what it receives.

    @ivar made: how often a connection was made.
    @ivar data: all bytes received.
    @ivar closed: whether the connection has ended, for the reason ``closedReason``.
    @ivar closedDeferred: fired with None then, if a test has set it.
    """

    made = closed = 0
    closedReason: Failure | None = None
    closedDeferred: Deferred[None] | None = None
    data = b""
    factory: Any = None

    def connectionMade(self) -> None:
        """Count, and tell a factory that waits for it."""
        self.made += 1
        waiting = getattr(self.factory, "protocolConnectionMade", None)
        if waiting is not None:
            self.factory.protocolConnectionMade = None
            waiting.callback(self)

    def dataReceived(self, data: bytes) -> None:
        """Keep."""
        self.data += data

    def connectionLost(self, reason: Failure | None = None) -> None:
        """Keep the reason."""
        self.closed = 1
        self.closedReason = reason
        if self.closedDeferred is not None:
            waiting, self.closedDeferred = self.closedDeferred, None
            waiting.callback(None)


class LineSendingProtocol(basic.LineReceiver):
    """
    Sends some lines and keeps those that it receives.

    @ivar response: the lines received.
    """

    lostConn = False

    def __init__(self, lines: Iterable[bytes], start: bool = True) -> None:
        """
        @param start: send when connected, not only when the first line is received.
        """
        self.lines = list(lines)
        self.response: list[bytes] = []
        self.start = start

    def connectionMade(self) -> None:
        """Send the lines, if this side starts."""
        if self.start:
            for line in self.lines:
                self.sendLine(line)

    def lineReceived(self, line: bytes) -> None:
        """Send the lines, if the other side starts, and keep this one."""
        if not self.start:
            for mine in self.lines:
                self.sendLine(mine)
            self.lines = []
        self.response.append(line)

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        """Note the end."""
        self.lostConn = True


@implementer(IUDPTransport)
class FakeDatagramTransport:
    """
    Keeps the datagrams that are sent.

    @ivar written: pairs of datagram and address.
    """

    noAddr = object()

    def __init__(self) -> None:
        self.written: list[tuple[bytes, Any]] = []

    def write(self, packet: bytes, addr: Any = noAddr) -> None:
        """Keep a datagram."""
        self.written.append((packet, addr))

    def connect(self, host: str, port: int) -> None:
        """Do nothing."""

    def getHost(self) -> IPv4Address:
        """A made-up address."""
        return IPv4Address("UDP", "192.168.1.1", 54321)

    def setBroadcastAllowed(self, enabled: bool) -> None:
        """Do nothing."""

    def getBroadcastAllowed(self) -> bool:
        """Never."""
        return False

    def stopListening(self) -> None:
        """Do nothing."""


@implementer(ITransport, IConsumer, IPushProducer)
class StringTransport:
    """
    A transport that keeps what is written to it.

    @ivar disconnecting: whether the connection was asked to be closed.
    @ivar disconnected: whether it was aborted.
    @ivar producer: the registered producer; ``streaming`` tells its kind.
    @ivar producerState: ``"producing"``, ``"paused"`` or ``"stopped"``: what was asked of this as a
        producer.
    """

    disconnecting = False
    disconnected = False
    producer: Any = None
    streaming: bool | None = None
    hostAddr: Any
    peerAddr: Any
    producerState: str

    def __init__(
        self, hostAddress: Any = None, peerAddress: Any = None, lenient: bool = False
    ) -> None:
        """
        @param hostAddress: what `getHost` gives, by default a made-up address.
        @param peerAddress: what `getPeer` gives, by default a made-up address.
        @param lenient: allow calls as a producer that make no sense, such as stopping twice.
        """
        self.io = BytesIO()
        self.hostAddr = hostAddress or IPv4Address("TCP", "192.168.1.1", 54321)
        self.peerAddr = peerAddress or IPv4Address("TCP", "192.168.1.1", 54321)
        self._lenient = lenient
        self.connected = True
        self.aborting = False
        self.producerState = "producing"

    def clear(self) -> None:
        """Forget what was written."""
        self.io = BytesIO()

    def value(self) -> bytes:
        """All that was written."""
        return self.io.getvalue()

    def write(self, data: bytes) -> None:
        """
        Keep data.

        @raise TypeError: if it is not bytes.
        """
        if isinstance(data, str):
            raise TypeError("encode text before it is written")
        self.io.write(data)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """Keep pieces of data."""
        self.io.write(b"".join(data))

    def loseConnection(self) -> None:
        """Note that the connection is to be closed."""
        self.disconnecting = True

    def abortConnection(self) -> None:
        """Note that the connection was aborted."""
        self.aborting = True
        self.disconnected = True
        self.loseConnection()

    def getPeer(self) -> Any:
        """The address of the other side."""
        return self.peerAddr

    def getHost(self) -> Any:
        """The address of this side."""
        return self.hostAddr

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """
        Keep a producer.

        @raise RuntimeError: if there is one already.
        """
        if self.producer is not None:
            raise RuntimeError("there is a producer already")
        self.producer = producer
        self.streaming = streaming

    def unregisterProducer(self) -> None:
        """
        Forget the producer.

        @raise RuntimeError: if there is none.
        """
        if self.producer is None:
            raise RuntimeError("there is no producer to unregister")
        self.producer = None
        self.streaming = None

    def _checkState(self) -> None:
        """Raise if this cannot produce any more."""
        if self.disconnecting and not self._lenient:
            raise error.ConnectionClosed("the connection is being closed")
        if self.producerState == "stopped" and not self._lenient:
            raise error.ConnectionClosed("this was stopped as a producer")

    def stopProducing(self) -> None:
        """Note that this is to produce no more."""
        self._checkState()
        self.producerState = "stopped"

    def pauseProducing(self) -> None:
        """Note that this is to pause."""
        self._checkState()
        self.producerState = "paused"

    def resumeProducing(self) -> None:
        """Note that this is to go on."""
        self._checkState()
        self.producerState = "producing"


class StringTransportWithDisconnection(StringTransport):
    """
    A `StringTransport` that tells its protocol when it is closed.

    @ivar protocol: the protocol; to be set by the test.
    """

    protocol: Any

    def loseConnection(self) -> None:
        """Close, and tell the protocol."""
        if self.connected:
            self.connected = False
            self.protocol.connectionLost(Failure(error.ConnectionDone("Bye.")))


class StringIOWithoutClosing(BytesIO):
    """A `BytesIO` that can be read after it was closed."""

    def close(self) -> None:
        """Do nothing."""


@implementer(IListeningPort)
class _FakePort:
    """A port that does not listen."""

    def __init__(self, hostAddress: Any) -> None:
        self._hostAddress = hostAddress

    def startListening(self) -> None:
        """Do nothing."""

    def stopListening(self) -> None:
        """Do nothing."""

    def getHost(self) -> Any:
        """The address that was to be listened on."""
        return self._hostAddress


@implementer(IConnector)
class _FakeConnector:
    """
    A connector that does not connect.

    @ivar stoppedConnecting: whether `stopConnecting` was called.
    """

    stoppedConnecting = False

    def __init__(self, address: Any) -> None:
        self._address = address
        self._connected = False

    def stopConnecting(self) -> None:
        """Note the call, and fail as a connector does."""
        self.stoppedConnecting = True

    def disconnect(self) -> None:
        """Note the call."""
        self._connected = False

    def connect(self) -> None:
        """Note the call."""
        self._connected = True

    def getDestination(self) -> Any:
        """The address that was to be connected to."""
        return self._address


@implementer(
    IReactorCore,
    IReactorTCP,
    IReactorSSL,
    IReactorUNIX,
    IReactorSocket,
    IReactorFDSet,
    IReactorPluggableNameResolver,
)
class MemoryReactor:
    """
    A reactor that does nothing but keep what is asked of it.

    @ivar tcpServers: the arguments of each `listenTCP`.
    @ivar tcpClients: the arguments of each `connectTCP`; likewise ``sslServers``, ``sslClients``,
        ``unixServers``, ``unixClients`` and ``adoptedPorts``, ``adoptedStreamConnections``.
    @ivar connectors: what the connecting methods gave.
    @ivar triggers: the functions of each phase of each event.
    @ivar whenRunningHooks: what was given to `callWhenRunning`.
    """

    def __init__(self) -> None:
        self.hasInstalled = False
        self.running = True
        self.hasRun = True
        self.hasStopped = True
        self.hasCrashed = True
        self.whenRunningHooks: list[Any] = []
        self.triggers: dict[str, dict[str, list[Any]]] = {}
        self.tcpServers: list[Any] = []
        self.tcpClients: list[Any] = []
        self.sslServers: list[Any] = []
        self.sslClients: list[Any] = []
        self.unixServers: list[Any] = []
        self.unixClients: list[Any] = []
        self.adoptedPorts: list[Any] = []
        self.adoptedStreamConnections: list[Any] = []
        self.connectors: list[_FakeConnector] = []
        self.readers: set[Any] = set()
        self.writers: set[Any] = set()
        self.running = False
        self.hasRun = False
        self.hasStopped = False
        self.hasCrashed = False

    # IReactorCore

    def install(self) -> None:
        """Note the call."""
        self.hasInstalled = True

    def resolve(self, name: str, timeout: Any = 10) -> Deferred[str]:
        """Names have no address here; see `installNameResolver`."""
        raise NotImplementedError("a MemoryReactor resolves no names")

    def run(self) -> None:
        """Call what was given to `callWhenRunning`; note the call."""
        self.running = True
        self.hasRun = True
        for function, args, kwargs in self.whenRunningHooks:
            function(*args, **kwargs)
        self.stop()

    def stop(self) -> None:
        """Note the call."""
        self.running = False
        self.hasStopped = True

    def crash(self) -> None:
        """Note the call."""
        self.running = False
        self.hasCrashed = True

    def iterate(self, delay: float = 0) -> None:
        """Events do not happen here."""
        raise NotImplementedError("a MemoryReactor does not iterate")

    def fireSystemEvent(self, eventType: str) -> None:
        """Events do not happen here."""
        raise NotImplementedError("a MemoryReactor fires no events")

    def addSystemEventTrigger(
        self, phase: str, eventType: str, callable: Callable[..., Any], *args: Any, **kw: Any
    ) -> None:
        """Keep a trigger."""
        phases = self.triggers.setdefault(phase, {})
        phases.setdefault(eventType, []).append((callable, args, kw))

    def removeSystemEventTrigger(self, triggerID: Any) -> None:
        """Triggers have no ids here."""
        raise NotImplementedError("a MemoryReactor gives no ids of triggers")

    def callWhenRunning(self, callable: Callable[..., Any], *args: Any, **kw: Any) -> None:
        """Keep a function."""
        self.whenRunningHooks.append((callable, args, kw))

    # IReactorSocket

    def adoptStreamPort(self, fileno: int, addressFamily: Any, factory: Any) -> _FakePort:
        """Keep a port."""
        if addressFamily == AF_INET:
            addr: Any = IPv4Address("TCP", "0.0.0.0", 1234)
        elif addressFamily == AF_INET6:
            addr = IPv6Address("TCP", "::", 1234)
        elif addressFamily == AF_UNIX:
            addr = UNIXAddress(None)
        else:
            raise UnsupportedAddressFamily()
        self.adoptedPorts.append((fileno, addressFamily, factory))
        return _FakePort(addr)

    def adoptStreamConnection(self, fileDescriptor: int, addressFamily: Any, factory: Any) -> None:
        """Keep a connection."""
        self.adoptedStreamConnections.append((fileDescriptor, addressFamily, factory))

    def adoptDatagramPort(
        self, fileno: int, addressFamily: Any, protocol: Any, maxPacketSize: int = 8192
    ) -> _FakePort:
        """Keep a port."""
        if addressFamily not in (AF_INET, AF_INET6):
            raise UnsupportedAddressFamily()
        self.adoptedPorts.append((fileno, addressFamily, protocol, maxPacketSize))
        return _FakePort(IPv4Address("UDP", "0.0.0.0", 1234))

    # IReactorTCP

    def listenTCP(
        self, port: int, factory: Any, backlog: int = 50, interface: str = ""
    ) -> _FakePort:
        """Keep a server."""
        self.tcpServers.append((port, factory, backlog, interface))
        if isIPv6Address(interface):
            addr: Any = IPv6Address("TCP", interface, port)
        else:
            addr = IPv4Address("TCP", "0.0.0.0", port)
        return _FakePort(addr)

    def connectTCP(
        self, host: str, port: int, factory: Any, timeout: float = 30, bindAddress: Any = None
    ) -> _FakeConnector:
        """Keep a client."""
        self.tcpClients.append((host, port, factory, timeout, bindAddress))
        if isIPv6Address(host):
            addr: Any = IPv6Address("TCP", host, port)
        else:
            addr = IPv4Address("TCP", host, port)
        return self._connect(factory, addr)

    def _connect(self, factory: Any, addr: Any) -> _FakeConnector:
        """Begin to connect, for ever."""
        connector = _FakeConnector(addr)
        factory.startedConnecting(connector)
        self.connectors.append(connector)
        return connector

    # IReactorSSL

    def listenSSL(
        self,
        port: int,
        factory: Any,
        contextFactory: Any,
        backlog: int = 50,
        interface: str = "",
    ) -> _FakePort:
        """Keep a server."""
        self.sslServers.append((port, factory, contextFactory, backlog, interface))
        return _FakePort(IPv4Address("TCP", "0.0.0.0", port))

    def connectSSL(
        self,
        host: str,
        port: int,
        factory: Any,
        contextFactory: Any,
        timeout: float = 30,
        bindAddress: Any = None,
    ) -> _FakeConnector:
        """Keep a client."""
        self.sslClients.append((host, port, factory, contextFactory, timeout, bindAddress))
        return self._connect(factory, IPv4Address("TCP", host, port))

    # IReactorUNIX

    def listenUNIX(
        self,
        address: str,
        factory: Any,
        backlog: int = 50,
        mode: int = 0o666,
        wantPID: bool = False,
    ) -> _FakePort:
        """Keep a server."""
        self.unixServers.append((address, factory, backlog, mode, wantPID))
        return _FakePort(UNIXAddress(address))

    def connectUNIX(
        self, address: str, factory: Any, timeout: float = 30, checkPID: bool = False
    ) -> _FakeConnector:
        """Keep a client."""
        self.unixClients.append((address, factory, timeout, checkPID))
        return self._connect(factory, UNIXAddress(address))

    # IReactorFDSet

    def addReader(self, reader: Any) -> None:
        """Keep a reader."""
        self.readers.add(reader)

    def removeReader(self, reader: Any) -> None:
        """Forget a reader."""
        self.readers.discard(reader)

    def addWriter(self, writer: Any) -> None:
        """Keep a writer."""
        self.writers.add(writer)

    def removeWriter(self, writer: Any) -> None:
        """Forget a writer."""
        self.writers.discard(writer)

    def getReaders(self) -> list[Any]:
        """The readers."""
        return list(self.readers)

    def getWriters(self) -> list[Any]:
        """The writers."""
        return list(self.writers)

    def removeAll(self) -> list[Any]:
        """Forget all readers and writers."""
        known = list(self.readers | self.writers)
        self.readers.clear()
        self.writers.clear()
        return known

    # IReactorPluggableNameResolver

    @property
    def nameResolver(self) -> Any:
        """The resolver that was installed, or one that finds no names, only addresses."""
        installed = self.__dict__.get("_nameResolver")
        return _AddressResolver() if installed is None else installed

    def installNameResolver(self, resolver: Any) -> Any:
        """Use a resolver."""
        before = self.nameResolver
        self.__dict__["_nameResolver"] = resolver
        return before


@implementer(IHostnameResolver)
class _AddressResolver:
    """Resolves what is an address already, and ``localhost`` (RFC 6761), and nothing else."""

    def resolveHostName(
        self,
        resolutionReceiver: Any,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type] | None = None,
        transportSemantics: str = "TCP",
    ) -> Any:
        """Tell the address that a text of one means."""
        from twisted.internet._resolver import HostResolution
        from twisted.internet.abstract import isIPAddress

        resolution = HostResolution(hostName)
        resolutionReceiver.resolutionBegan(resolution)
        if isIPv6Address(hostName):
            found: Any = IPv6Address(transportSemantics, hostName, portNumber)
        elif isIPAddress(hostName):
            found = IPv4Address(transportSemantics, hostName, portNumber)
        elif hostName == "localhost":
            found = IPv4Address(transportSemantics, "127.0.0.1", portNumber)
        else:
            found = None
        if found is not None and (addressTypes is None or type(found) in addressTypes):
            resolutionReceiver.addressResolved(found)
        resolutionReceiver.resolutionComplete()
        return resolution


class MemoryReactorClock(MemoryReactor, Clock):
    """A `MemoryReactor` with a `Clock`."""

    def __init__(self) -> None:
        MemoryReactor.__init__(self)
        Clock.__init__(self)


@implementer(IReactorTCP, IReactorSSL, IReactorUNIX, IReactorSocket, IReactorPluggableNameResolver)
class RaisingMemoryReactor(MemoryReactor):
    """A reactor that can neither listen nor connect."""

    def __init__(
        self,
        listenException: Exception | None = None,
        connectException: Exception | None = None,
    ) -> None:
        """
        @param listenException: raised by all methods that listen.
        @param connectException: raised by all methods that connect.
        """
        super().__init__()
        self._listenException = listenException
        self._connectException = connectException

    def _cannotListen(self, *args: Any, **kwargs: Any) -> Any:
        """Raise."""
        assert self._listenException is not None
        raise self._listenException

    def _cannotConnect(self, *args: Any, **kwargs: Any) -> Any:
        """Raise."""
        assert self._connectException is not None
        raise self._connectException

    adoptStreamPort = adoptDatagramPort = _cannotListen
    listenTCP = listenSSL = listenUNIX = _cannotListen
    adoptStreamConnection = connectTCP = connectSSL = connectUNIX = _cannotConnect


class NonStreamingProducer:
    """
    A pull producer of the numbers 0 to 9, for tests of consumers.

    @ivar counter: the next number.
    @ivar stopped: whether it was stopped.
    """

    counter = 0
    stopped = False

    def __init__(self, consumer: Any) -> None:
        self.consumer = consumer
        self.result: Deferred[str] = Deferred()

    def resumeProducing(self) -> None:
        """Write a number, or the end."""
        if self.consumer is None or self.counter >= 10:
            raise RuntimeError("a producer that is done was resumed")
        self.consumer.write(b"%d" % (self.counter,))
        self.counter += 1
        if self.counter == 10:
            self.consumer.unregisterProducer()
            self._done()

    def pauseProducing(self) -> None:
        """
        Pull producers are not paused.

        @raise RuntimeError: always.
        """
        raise RuntimeError("a pull producer was paused")

    def _done(self) -> None:
        """Tell whoever waits."""
        self.consumer = None
        waiting, self.result = self.result, Deferred()
        waiting.callback("done")

    def stopProducing(self) -> None:
        """Write no more."""
        self.stopped = True
        self._done()


def waitUntilAllDisconnected(reactor: Any, protocols: Sequence[Any]) -> Deferred[None]:
    """
    Wait for the ends of connections.

    @param protocols: have ``transport``, whose ``connected`` is looked at now and then.
    @return: fires with None when none is connected.
    """

    def check() -> None:
        if not any(p.transport.connected for p in protocols):
            loop.stop()

    loop = task.LoopingCall(check)
    loop.clock = reactor
    waiting: Deferred[Any] = loop.start(0.01, True)
    return waiting.addCallback(lambda _: None)


@implementer(ILogObserver)
class EventLoggingObserver(Sequence[LogEvent]):
    """Keeps the events that are logged, as a sequence."""

    def __init__(self) -> None:
        self._events: list[LogEvent] = []

    def __len__(self) -> int:
        return len(self._events)

    def __getitem__(self, index: Any) -> Any:
        return self._events[index]

    def __iter__(self) -> Iterator[LogEvent]:
        return iter(self._events)

    def __call__(self, event: LogEvent) -> None:
        self._events.append(event)

    @classmethod
    def createWithCleanup(cls, testInstance: Any, publisher: LogPublisher) -> EventLoggingObserver:
        """
        An observer that a publisher has until the end of a test.

        @param testInstance: has ``addCleanup``.
        """
        observer = cls()
        publisher.addObserver(observer)
        testInstance.addCleanup(lambda: publisher.removeObserver(observer))
        return observer
