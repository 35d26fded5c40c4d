"""
Protocols, which are the conversations on connections, and factories, which make them.

`Protocol` and `Factory` are what programs derive from.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, Any, TypeVar

from zope.interface import implementer

from twisted.internet import error
from twisted.internet._deferred import Deferred
from twisted.internet.currentreactor import currentReactor
from twisted.internet.interfaces import (
    IAddress,
    IConnector,
    IConsumer,
    ILoggingContext,
    IProcessProtocol,
    IProtocol,
    IProtocolFactory,
    ITransport,
)
from twisted.logger import _loggerFor
from twisted.python import components
from twisted.python.failure import Failure

__all__ = [
    "AbstractDatagramProtocol",
    "BaseProtocol",
    "ClientCreator",
    "ClientFactory",
    "ConnectedDatagramProtocol",
    "ConsumerToProtocolAdapter",
    "DatagramProtocol",
    "Factory",
    "FileWrapper",
    "ProcessProtocol",
    "Protocol",
    "ProtocolToConsumerAdapter",
    "ReconnectingClientFactory",
    "ServerFactory",
    "connectionDone",
]

_FactoryT = TypeVar("_FactoryT", bound="Factory")

#: The reason of a connection that was closed as it should be.
connectionDone: Failure = Failure(error.ConnectionDone())
connectionDone.cleanFailure()


@implementer(IProtocolFactory, ILoggingContext)
class Factory:
    """
    Makes a protocol for each connection, and lives as long as the server or client does.

    @ivar protocol: called without arguments to make a protocol.
    @ivar numPorts: how many ports and connectors use the factory.
    @ivar noisy: whether its starting and stopping is logged.
    """

    protocol: Callable[[], Any] | None = None
    numPorts = 0
    noisy = True

    @classmethod
    def forProtocol(
        cls: type[_FactoryT], protocol: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> _FactoryT:
        """A factory, made with ``args`` and ``kwargs``, of protocols of a class."""
        factory = cls(*args, **kwargs)
        factory.protocol = protocol
        return factory

    def logPrefix(self) -> str:
        """The name of the class."""
        return self.__class__.__name__

    def doStart(self) -> None:
        """Count a port or connector; the first calls `startFactory`."""
        if self.numPorts == 0:
            if self.noisy:
                _loggerFor(self).info("Starting factory {factory!r}", factory=self)
            self.startFactory()
        self.numPorts += 1

    def doStop(self) -> None:
        """Discount a port or connector; the last calls `stopFactory`."""
        if self.numPorts == 0:
            # An error in a `doStart` that is reported twice, for example.
            return
        self.numPorts -= 1
        if self.numPorts == 0:
            if self.noisy:
                _loggerFor(self).info("Stopping factory {factory!r}", factory=self)
            self.stopFactory()

    def startFactory(self) -> None:
        """Called before the first port or connector uses the factory; to be overridden."""

    def stopFactory(self) -> None:
        """Called after the last port or connector has used the factory; to be overridden."""

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """
        Make a protocol for a connection, and make it know this factory.

        @param addr: the address of the other side.
        @return: the protocol, or None to refuse the connection.
        """
        assert self.protocol is not None
        protocol = self.protocol()
        protocol.factory = self
        return protocol


class ClientFactory(Factory):
    """A factory for `IReactorTCP.connectTCP` and its like; it hears how its connection fares."""

    def startedConnecting(self, connector: IConnector) -> None:
        """Called when an attempt begins; to be overridden."""

    def clientConnectionFailed(self, connector: IConnector, reason: Failure) -> None:
        """Called when an attempt failed; to be overridden.  ``connector.connect()`` tries again."""

    def clientConnectionLost(self, connector: IConnector, reason: Failure) -> None:
        """
        Called when the connection ended; to be overridden.  ``connector.connect()`` tries again.
        """


class ServerFactory(Factory):
    """A factory for `IReactorTCP.listenTCP` and its like."""


class BaseProtocol:
    """
    What protocols of connections and of processes have in common.

    @ivar connected: whether `makeConnection` was called.
    @ivar transport: carries the bytes; None before `connectionMade`.
    """

    connected = 0
    transport: Any = None

    def makeConnection(self, transport: ITransport) -> None:
        """Take a transport and begin."""
        self.connected = 1
        self.transport = transport
        self.connectionMade()

    def connectionMade(self) -> None:
        """Called once, when there is a connection; to be overridden."""


@implementer(IProtocol, ILoggingContext)
class Protocol(BaseProtocol):
    """
    The conversation on one connection.

    @ivar factory: the factory that made it.
    """

    factory: Any = None

    def logPrefix(self) -> str:
        """The name of the class."""
        return self.__class__.__name__

    def dataReceived(self, data: bytes) -> None:
        """Called with bytes that arrived, in pieces of any size; to be overridden."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Called once, when the connection has ended; to be overridden."""


@implementer(IProcessProtocol)
class ProcessProtocol(BaseProtocol):
    """The conversation with a child process over its standard input, output and error."""

    transport: Any = None

    def childDataReceived(self, childFD: int, data: bytes) -> None:
        """Hand data on to `outReceived` or `errReceived`."""
        if childFD == 1:
            self.outReceived(data)
        elif childFD == 2:
            self.errReceived(data)

    def outReceived(self, data: bytes) -> None:
        """Called with bytes of the child's standard output; to be overridden."""

    def errReceived(self, data: bytes) -> None:
        """Called with bytes of the child's standard error; to be overridden."""

    def childConnectionLost(self, childFD: int) -> None:
        """Hand the end of a pipe on to the method for it."""
        if childFD == 0:
            self.inConnectionLost()
        elif childFD == 1:
            self.outConnectionLost()
        elif childFD == 2:
            self.errConnectionLost()

    def inConnectionLost(self) -> None:
        """Called when the child's standard input was closed; to be overridden."""

    def outConnectionLost(self) -> None:
        """Called when the child's standard output was closed; to be overridden."""

    def errConnectionLost(self) -> None:
        """Called when the child's standard error was closed; to be overridden."""

    def processExited(self, reason: Failure) -> None:
        """Called when the process ended; to be overridden."""

    def processEnded(self, reason: Failure) -> None:
        """Called when the process ended and its pipes are closed; to be overridden."""


class AbstractDatagramProtocol:
    """
    What protocols of datagrams have in common.

    @ivar transport: sends datagrams; None while not listening.
    @ivar numPorts: how many ports use the protocol: 0 or 1.
    """

    transport: Any = None
    numPorts = 0
    noisy = True

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the transport."""
        state = self.__dict__.copy()
        state["transport"] = None
        return state

    def doStart(self) -> None:
        """Count a port; the first calls `startProtocol`."""
        if self.numPorts == 0:
            if self.noisy:
                _loggerFor(self).info("Starting protocol {protocol!r}", protocol=self)
            self.startProtocol()
        self.numPorts += 1

    def doStop(self) -> None:
        """Discount a port; the last calls `stopProtocol`."""
        assert self.numPorts > 0, "a protocol is stopped as often as it was started"
        self.numPorts -= 1
        self.transport = None
        if self.numPorts == 0:
            if self.noisy:
                _loggerFor(self).info("Stopping protocol {protocol!r}", protocol=self)
            self.stopProtocol()

    def startProtocol(self) -> None:
        """Called when `transport` is there; to be overridden."""

    def stopProtocol(self) -> None:
        """Called when `transport` is gone; to be overridden."""

    def makeConnection(self, transport: Any) -> None:
        """
        Take a transport and begin.

        @raise AssertionError: if there is one already.
        """
        assert self.transport is None, "a datagram protocol serves one port at a time"
        self.transport = transport
        self.doStart()

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        """Called with each datagram and the address it came from; to be overridden."""


@implementer(ILoggingContext)
class DatagramProtocol(AbstractDatagramProtocol):
    """A protocol of datagrams, such as UDP's."""

    def logPrefix(self) -> str:
        """The name of the class."""
        return self.__class__.__name__

    def connectionRefused(self) -> None:
        """Called when nobody receives at the address that a connected port sends to."""


class ConnectedDatagramProtocol(DatagramProtocol):
    """A protocol of datagrams from and to one address, for UNIX sockets."""

    def datagramReceived(self, datagram: bytes) -> None:  # type: ignore[override]
        """Called with each datagram; to be overridden."""

    def connectionFailed(self, failure: Failure) -> None:
        """Called when the address could not be connected to; to be overridden."""


class _InstanceFactory(ClientFactory):
    """Hands the protocol of its one connection to a Deferred."""

    noisy = False
    pending: Any = None

    def __init__(self, reactor: Any, instance: Any, deferred: Deferred[Any]) -> None:
        self.reactor = reactor
        self.instance = instance
        self.deferred: Deferred[Any] | None = deferred

    def __repr__(self) -> str:
        return f"<ClientCreator factory: {self.instance!r}>"

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """The protocol; the Deferred fires when it has its transport."""
        self.pending = self.reactor.callLater(0, self._fire, self.instance)
        return self.instance

    def clientConnectionFailed(self, connector: IConnector, reason: Failure) -> None:
        """Fail the Deferred."""
        self.pending = self.reactor.callLater(0, self._fire, reason)

    def _fire(self, result: Any) -> None:
        """Fire the Deferred, unless it was cancelled."""
        self.pending = None
        deferred, self.deferred = self.deferred, None
        if deferred is not None:
            deferred.callback(result)


class ClientCreator:
    """
    Connects a protocol that needs no factory of its own.

    `twisted.internet.endpoints.connectProtocol` is newer.
    """

    def __init__(
        self, reactor: Any, protocolClass: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> None:
        self.reactor = reactor
        self.protocolClass = protocolClass
        self.args = args
        self.kwargs = kwargs

    def _connect(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Deferred[Any]:
        """Connect by a method of the reactor; fires with the protocol."""

        def cancelConnect(deferred: Deferred[Any]) -> None:
            connector.disconnect()
            if factory.pending is not None:
                factory.pending.cancel()
            factory.deferred = None

        deferred: Deferred[Any] = Deferred(cancelConnect)
        protocol = self.protocolClass(*self.args, **self.kwargs)
        factory = _InstanceFactory(self.reactor, protocol, deferred)
        connector = method(factory, *args, **kwargs)
        return deferred

    def connectTCP(
        self, host: str, port: int, timeout: float = 30, bindAddress: Any = None
    ) -> Deferred[Any]:
        """Connect by TCP; fires with the protocol, or fails as `ConnectError`."""
        return self._connect(
            lambda factory: self.reactor.connectTCP(
                host, port, factory, timeout=timeout, bindAddress=bindAddress
            )
        )

    def connectUNIX(
        self, address: str, timeout: float = 30, checkPID: bool = False
    ) -> Deferred[Any]:
        """Connect to a UNIX socket; fires with the protocol, or fails as `ConnectError`."""
        return self._connect(
            lambda factory: self.reactor.connectUNIX(
                address, factory, timeout=timeout, checkPID=checkPID
            )
        )

    def connectSSL(
        self,
        host: str,
        port: int,
        contextFactory: Any,
        timeout: float = 30,
        bindAddress: Any = None,
    ) -> Deferred[Any]:
        """Connect by TLS; fires with the protocol, or fails as `ConnectError`."""
        return self._connect(
            lambda factory: self.reactor.connectSSL(
                host, port, factory, contextFactory, timeout=timeout, bindAddress=bindAddress
            )
        )


class ReconnectingClientFactory(ClientFactory):
    """
    A factory that connects again whenever its connection was lost or could not be made.

    Each time in a row it waits longer.  Call `resetDelay` when a connection has proved to work.

    @ivar initialDelay: the first wait, in seconds.
    @ivar factor: how many times longer each next wait is.
    @ivar jitter: the random part of a wait, as a fraction; it keeps clients that were lost together
        from coming back together.  0 or None for none.
    @ivar maxDelay: the longest wait, in seconds.
    @ivar maxRetries: give up after so many attempts in a row; None for never.
    @ivar retries: how many attempts in a row have been made.
    @ivar delay: the last wait, in seconds, before its random part.
    @ivar clock: provides `IReactorTime`; None for the global reactor.
    @ivar continueTrying: false after `stopTrying`.
    @ivar connector: the connector of the last attempt.
    """

    maxDelay = 3600.0
    initialDelay = 1.0
    # Euler's number: the waits of clients that started apart do not come to coincide.
    factor = 2.7182818284590451
    jitter: float | None = 0.11962656472
    delay = initialDelay
    retries = 0
    maxRetries: int | None = None
    clock: Any = None
    connector: Any = None
    continueTrying = 1
    _callID: Any = None

    def clientConnectionFailed(self, connector: IConnector, reason: Failure) -> None:
        """Try again later."""
        if self.continueTrying:
            self.connector = connector
            self.retry()

    def clientConnectionLost(self, connector: IConnector, unused_reason: Failure) -> None:
        """Try again later."""
        if self.continueTrying:
            self.connector = connector
            self.retry()

    def retry(self, connector: Any = None) -> None:
        """
        Connect again after the next wait.

        @param connector: by default that of the last attempt.
        @raise ValueError: if there is none.
        """
        if not self.continueTrying:
            if self.noisy:
                _loggerFor(self).info("Abandoning {connector}, as asked", connector=connector)
            return
        connector = self.connector if connector is None else connector
        if connector is None:
            raise ValueError("no connector to retry")
        self.retries += 1
        if self.maxRetries is not None and self.retries > self.maxRetries:
            if self.noisy:
                _loggerFor(self).info(
                    "Abandoning {connector} after {retries} retries.",
                    connector=connector,
                    retries=self.retries,
                )
            return
        self.delay = min(self.delay * self.factor, self.maxDelay)
        wait = self.delay
        if self.jitter:
            from random import normalvariate

            wait = normalvariate(wait, wait * self.jitter)
        wait = max(0.0, wait)
        if self.noisy:
            _loggerFor(self).info(
                "{connector} will retry in {delay} seconds", connector=connector, delay=round(wait)
            )

        def reconnect() -> None:
            self._callID = None
            connector.connect()

        self.clock = currentReactor(self.clock)
        self._callID = self.clock.callLater(wait, reconnect)

    def stopTrying(self) -> None:
        """Give up: stop waiting, and stop the attempt under way."""
        if self._callID is not None:
            self._callID.cancel()
            self._callID = None
        self.continueTrying = 0
        try:
            self.connector.stopConnecting()
        except (error.NotConnectingError, AttributeError):
            pass

    def resetDelay(self) -> None:
        """Begin with the first wait again; call it when a connection has proved to work."""
        self.delay = self.initialDelay
        self._callID = None
        self.retries = 0
        self.continueTrying = 1

    def __getstate__(self) -> dict[str, Any]:
        """What is not of the moment."""
        state = self.__dict__.copy()
        for key in ("connector", "retries", "delay", "continueTrying", "_callID", "clock"):
            state.pop(key, None)
        return state


@implementer(ITransport)
class FileWrapper:
    """A transport that writes into a file, for tests."""

    closed = 0
    disconnecting = 0
    producer: Any = None
    streamingProducer = 0

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file

    def write(self, data: bytes) -> None:
        """Write into the file."""
        try:
            self.file.write(data)
        except BaseException:
            self.handleException()

    def _checkProducer(self) -> None:
        """Let a pull producer go on until it has no more."""
        if self.producer:
            self.producer.resumeProducing()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Take data from a producer; a pull producer is asked at once."""
        self.producer = producer
        self.streamingProducer = streaming
        if not streaming:
            producer.resumeProducing()

    def unregisterProducer(self) -> None:
        """Forget the producer."""
        self.producer = None

    def stopConsuming(self) -> None:
        """Forget the producer and close."""
        self.unregisterProducer()
        self.loseConnection()

    def writeSequence(self, iovec: Any) -> None:
        """Write pieces into the file."""
        self.write(b"".join(iovec))

    def loseConnection(self) -> None:
        """Close the file."""
        self.closed = 1
        try:
            self.file.close()
        except OSError:
            self.handleException()

    def getPeer(self) -> Any:
        """An address without meaning."""
        return "file", "file"

    def getHost(self) -> Any:
        """An address without meaning."""
        return "file"

    def handleException(self) -> None:
        """Called when the file raised; to be overridden."""

    def resumeProducing(self) -> None:
        """Do nothing."""

    def pauseProducing(self) -> None:
        """Do nothing."""

    def stopProducing(self) -> None:
        """Close."""
        self.loseConnection()


@implementer(IConsumer)
class ProtocolToConsumerAdapter(components.Adapter):
    """Lets a protocol consume: what is written to it, it receives."""

    def write(self, data: bytes) -> None:
        """Hand data to the protocol."""
        self.original.dataReceived(data)

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Do nothing: a protocol takes all that comes."""

    def unregisterProducer(self) -> None:
        """Do nothing."""


@implementer(IProtocol)
class ConsumerToProtocolAdapter(components.Adapter):
    """Lets a consumer be a protocol: what it receives is written to it."""

    def dataReceived(self, data: bytes) -> None:
        """Write data to the consumer."""
        self.original.write(data)

    def connectionLost(self, reason: Failure) -> None:
        """Do nothing."""

    def makeConnection(self, transport: ITransport) -> None:
        """Do nothing."""

    def connectionMade(self) -> None:
        """Do nothing."""


components.registerAdapter(ProtocolToConsumerAdapter, IProtocol, IConsumer)
components.registerAdapter(ConsumerToProtocolAdapter, IConsumer, IProtocol)
