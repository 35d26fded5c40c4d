"""
The interfaces of `twisted.internet.interfaces` as `typing.Protocol`, for type checkers that know
nothing of zope.interface.

Each has the name of its interface without the ``I``, and describes the same: annotate with
``typed.ReactorTime`` what uses `IReactorTime` alone, and a reactor, a `twisted.internet.task.Clock`
and whatever else has these methods will do.  Nothing here is needed at run time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ParamSpec, Protocol, TypeVar

from twisted.internet._delayedcall import DelayedCall
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

__all__ = [
    "Connector",
    "Consumer",
    "Factory",
    "ListeningPort",
    "Producer",
    "PushProducer",
    "Reactor",
    "ReactorCore",
    "ReactorFDSet",
    "ReactorProcess",
    "ReactorSSL",
    "ReactorTCP",
    "ReactorThreads",
    "ReactorTime",
    "ReactorUDP",
    "ReactorUNIX",
    "StreamClientEndpoint",
    "StreamProtocol",
    "StreamServerEndpoint",
    "TCPTransport",
    "TLSTransport",
    "Transport",
]

_P = ParamSpec("_P")
_T = TypeVar("_T")


# Transports and protocols


class Transport(Protocol):
    """See `twisted.internet.interfaces.ITransport`."""

    def write(self, data: bytes, /) -> Any: ...

    def writeSequence(self, data: Iterable[bytes], /) -> Any: ...

    def loseConnection(self) -> Any: ...

    def getPeer(self) -> Any: ...

    def getHost(self) -> Any: ...


class TCPTransport(Transport, Protocol):
    """See `twisted.internet.interfaces.ITCPTransport`."""

    def loseWriteConnection(self) -> Any: ...

    def abortConnection(self) -> Any: ...

    def getTcpNoDelay(self) -> Any: ...

    def setTcpNoDelay(self, enabled: bool, /) -> Any: ...

    def getTcpKeepAlive(self) -> Any: ...

    def setTcpKeepAlive(self, enabled: bool, /) -> Any: ...


class TLSTransport(TCPTransport, Protocol):
    """See `twisted.internet.interfaces.ITLSTransport`."""

    def startTLS(self, contextFactory: Any, /) -> Any: ...


class StreamProtocol(Protocol):
    """See `twisted.internet.interfaces.IProtocol`."""

    def dataReceived(self, data: bytes, /) -> Any: ...

    def connectionLost(self, reason: Failure, /) -> Any: ...

    def makeConnection(self, transport: Any, /) -> Any: ...

    def connectionMade(self) -> Any: ...


class Factory(Protocol):
    """See `twisted.internet.interfaces.IProtocolFactory`."""

    def buildProtocol(self, addr: Any, /) -> Any: ...

    def doStart(self) -> Any: ...

    def doStop(self) -> Any: ...


class Producer(Protocol):
    """See `twisted.internet.interfaces.IPullProducer`."""

    def resumeProducing(self) -> Any: ...

    def stopProducing(self) -> Any: ...


class PushProducer(Producer, Protocol):
    """See `twisted.internet.interfaces.IPushProducer`."""

    def pauseProducing(self) -> Any: ...


class Consumer(Protocol):
    """See `twisted.internet.interfaces.IConsumer`."""

    def registerProducer(self, producer: Any, streaming: bool, /) -> Any: ...

    def unregisterProducer(self) -> Any: ...

    def write(self, data: bytes, /) -> Any: ...


class ListeningPort(Protocol):
    """See `twisted.internet.interfaces.IListeningPort`."""

    def startListening(self) -> Any: ...

    def stopListening(self) -> Any: ...

    def getHost(self) -> Any: ...


class Connector(Protocol):
    """See `twisted.internet.interfaces.IConnector`."""

    def stopConnecting(self) -> Any: ...

    def disconnect(self) -> Any: ...

    def connect(self) -> Any: ...

    def getDestination(self) -> Any: ...


class StreamServerEndpoint(Protocol):
    """See `twisted.internet.interfaces.IStreamServerEndpoint`."""

    def listen(self, protocolFactory: Any, /) -> Deferred[Any]: ...


class StreamClientEndpoint(Protocol):
    """See `twisted.internet.interfaces.IStreamClientEndpoint`."""

    def connect(self, protocolFactory: Any, /) -> Deferred[Any]: ...


# Reactors


class ReactorTime(Protocol):
    """See `twisted.internet.interfaces.IReactorTime`."""

    def seconds(self) -> float: ...

    def callLater(
        self, delay: float, callable: Callable[_P, object], *args: _P.args, **kw: _P.kwargs
    ) -> DelayedCall: ...

    def getDelayedCalls(self) -> Sequence[DelayedCall]: ...


class ReactorCore(Protocol):
    """See `twisted.internet.interfaces.IReactorCore`."""

    running: bool

    def resolve(self, name: str, timeout: Sequence[int] = ...) -> Deferred[str]: ...

    def run(self) -> None: ...

    def stop(self) -> None: ...

    def crash(self) -> None: ...

    def iterate(self, delay: float = 0) -> None: ...

    def fireSystemEvent(self, eventType: str) -> None: ...

    def addSystemEventTrigger(
        self,
        phase: str,
        eventType: str,
        callable: Callable[..., Any],
        *args: object,
        **kw: object,
    ) -> Any: ...

    def removeSystemEventTrigger(self, triggerID: Any) -> None: ...

    def callWhenRunning(self, callable: Callable[..., Any], *args: object, **kw: object) -> Any: ...


class ReactorThreads(Protocol):
    """See `twisted.internet.interfaces.IReactorThreads`."""

    def callFromThread(self, f: Callable[..., Any], *args: object, **kwargs: object) -> None: ...

    def callInThread(
        self, _callable: Callable[..., Any], *args: object, **kwargs: object
    ) -> None: ...

    def getThreadPool(self) -> Any: ...

    def suggestThreadPoolSize(self, size: int) -> None: ...


class ReactorTCP(Protocol):
    """See `twisted.internet.interfaces.IReactorTCP`."""

    def listenTCP(
        self, port: int, factory: Any, backlog: int = 50, interface: str = ""
    ) -> ListeningPort: ...

    def connectTCP(
        self,
        host: str,
        port: int,
        factory: Any,
        timeout: float = 30.0,
        bindAddress: tuple[str, int] | None = None,
    ) -> Connector: ...


class ReactorSSL(Protocol):
    """See `twisted.internet.interfaces.IReactorSSL`."""

    def listenSSL(
        self, port: int, factory: Any, contextFactory: Any, backlog: int = 50, interface: str = ""
    ) -> ListeningPort: ...

    def connectSSL(
        self,
        host: str,
        port: int,
        factory: Any,
        contextFactory: Any,
        timeout: float = 30.0,
        bindAddress: tuple[str, int] | None = None,
    ) -> Connector: ...


class ReactorUDP(Protocol):
    """See `twisted.internet.interfaces.IReactorUDP`."""

    def listenUDP(
        self, port: int, protocol: Any, interface: str = "", maxPacketSize: int = 8192
    ) -> ListeningPort: ...


class ReactorUNIX(Protocol):
    """See `twisted.internet.interfaces.IReactorUNIX`."""

    def listenUNIX(
        self,
        address: str,
        factory: Any,
        backlog: int = 50,
        mode: int = 0o666,
        wantPID: bool = False,
    ) -> ListeningPort: ...

    def connectUNIX(
        self, address: str, factory: Any, timeout: float = 30, checkPID: bool = False
    ) -> Connector: ...


class ReactorProcess(Protocol):
    """See `twisted.internet.interfaces.IReactorProcess`."""

    def spawnProcess(
        self,
        processProtocol: Any,
        executable: str | bytes,
        args: Sequence[str | bytes] = (),
        env: Mapping[Any, Any] | None = ...,
        path: str | bytes | None = None,
        uid: int | None = None,
        gid: int | None = None,
        usePTY: Any = ...,
        childFDs: Mapping[int, str | int] | None = None,
    ) -> Any: ...


class ReactorFDSet(Protocol):
    """See `twisted.internet.interfaces.IReactorFDSet`."""

    def addReader(self, reader: Any) -> Any: ...

    def addWriter(self, writer: Any) -> Any: ...

    def removeReader(self, reader: Any) -> Any: ...

    def removeWriter(self, writer: Any) -> Any: ...

    def removeAll(self) -> Any: ...

    def getReaders(self) -> Any: ...

    def getWriters(self) -> Any: ...


class Reactor(
    ReactorTime,
    ReactorCore,
    ReactorThreads,
    ReactorTCP,
    ReactorSSL,
    ReactorUDP,
    ReactorUNIX,
    ReactorProcess,
    ReactorFDSet,
    Protocol,
):
    """The global reactor: what ``from twisted.internet import reactor`` gives."""
