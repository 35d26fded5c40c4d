"""
Two protocols, connected to each other within one process: for tests.

`loopbackAsync` needs no network; `loopbackTCP` and `loopbackUNIX` use real sockets.
"""

from __future__ import annotations

import os
import tempfile
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from zope.interface import implementer

from twisted.internet import defer, protocol
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IAddress, IConsumer, ITransport
from twisted.logger import Logger
from twisted.python.failure import Failure

__all__ = [
    "LoopbackClientFactory",
    "LoopbackRelay",
    "collapsingPumpPolicy",
    "identityPumpPolicy",
    "loopbackAsync",
    "loopbackTCP",
    "loopbackUNIX",
]

_log = Logger()


@implementer(IAddress)
class _LoopbackAddress:
    """Where the other protocol is: nowhere in particular."""


class _LoopbackQueue:
    """
    What one protocol has written, and the other has not received.

    @ivar disconnect: whether the writer has closed the connection.
    """

    def __init__(self) -> None:
        self._pieces: deque[bytes] = deque()
        self._waiting: defer.Deferred[None] | None = None
        self.disconnect = False

    def put(self, data: bytes) -> None:
        """Add what has been written."""
        self._pieces.append(data)
        self._tell()

    def get(self) -> bytes:
        """Take the oldest piece."""
        return self._pieces.popleft()

    def close(self) -> None:
        """Nothing more is written, and the connection ends."""
        self.disconnect = True
        self._tell()

    def __bool__(self) -> bool:
        return bool(self._pieces)

    def onChange(self, waiting: defer.Deferred[None]) -> None:
        """Fire `waiting` when there is something to do, unless somebody else has."""
        self._waiting = waiting

    def _tell(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.called:
            waiting.callback(None)


@implementer(ITransport, IConsumer)
class _LoopbackTransport:
    """The transport of one of the two protocols."""

    disconnecting = False
    producer: Any = None
    streamingProducer = False

    def __init__(self, queue: _LoopbackQueue) -> None:
        self.queue = queue

    def write(self, data: bytes) -> None:
        """Send to the other protocol."""
        if not isinstance(data, bytes):
            raise TypeError("octets can be written, not text")
        self.queue.put(data)

    def writeSequence(self, iovec: Iterable[bytes]) -> None:
        """Send several pieces as one."""
        self.write(b"".join(iovec))

    def loseConnection(self) -> None:
        """End the connection when everything has been received."""
        self.disconnecting = True
        self.queue.close()

    abortConnection = loseConnection

    def getPeer(self) -> Any:
        """No particular address."""
        return _LoopbackAddress()

    def getHost(self) -> Any:
        """No particular address."""
        return _LoopbackAddress()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Ask a pull producer for more whenever everything has been received."""
        if self.producer is not None:
            raise RuntimeError(f"{self.producer!r} must be unregistered first")
        self.producer = producer
        self.streamingProducer = streaming
        if not streaming:
            self.poll()

    def unregisterProducer(self) -> None:
        """The producer is done."""
        self.producer = None

    def poll(self) -> None:
        """Ask a pull producer for more."""
        if self.producer is not None and not self.streamingProducer:
            self.producer.resumeProducing()


def identityPumpPolicy(queue: _LoopbackQueue, target: Any) -> None:
    """Hand over each piece as it was written."""
    while queue:
        target.dataReceived(queue.get())


def collapsingPumpPolicy(queue: _LoopbackQueue, target: Any) -> None:
    """Hand over all that was written in one piece."""
    pieces = []
    while queue:
        pieces.append(queue.get())
    if pieces:
        target.dataReceived(b"".join(pieces))


def loopbackAsync(
    server: Any,
    client: Any,
    pumpPolicy: Callable[[_LoopbackQueue, Any], Any] = identityPumpPolicy,
) -> defer.Deferred[None]:
    """
    Connect two protocols, without a network.

    @param pumpPolicy: called with a queue and a protocol, it hands over what the queue has.
    @return: fires when the connection has ended.
    """
    toClient, toServer = _LoopbackQueue(), _LoopbackQueue()
    ends = [
        (server, _LoopbackTransport(toClient)),
        (client, _LoopbackTransport(toServer)),
    ]
    for end, transport in ends:
        end.makeConnection(transport)
    return defer.Deferred.fromCoroutine(
        _pump(ends, [(toClient, client), (toServer, server)], pumpPolicy)
    )


async def _pump(
    ends: list[tuple[Any, _LoopbackTransport]],
    ways: list[tuple[_LoopbackQueue, Any]],
    policy: Callable[[_LoopbackQueue, Any], Any],
) -> None:
    while True:
        sent = False
        for (queue, target), (_, transport) in zip(ways, ends, strict=True):
            if queue:
                sent = True
                policy(queue, target)
                if not queue:
                    transport.poll()
        if not any(queue for queue, _ in ways) and any(queue.disconnect for queue, _ in ways):
            break
        if not sent:
            something: defer.Deferred[None] = defer.Deferred()
            for queue, _ in ways:
                queue.onChange(something)
            await something
    for end, _ in ends:
        end.connectionLost(Failure(ConnectionDone()))


@implementer(ITransport, IConsumer)
class LoopbackRelay:
    """
    A transport that hands what is written to a protocol whenever `clearBuffer` is called.

    @param target: the protocol.
    @param logFile: a file of text that everything is noted in.
    """

    disconnecting = False
    producer: Any = None
    buffer: bytes = b""
    # 1 when the connection is to end, -1 when it has.
    shouldLose = 0

    def __init__(self, target: Any, logFile: Any = None) -> None:
        self.target = target
        self.logFile = logFile

    def write(self, data: bytes) -> None:
        """Keep for `clearBuffer`."""
        self.buffer += data
        self._note("loopback writing", data)

    def writeSequence(self, iovec: Iterable[bytes]) -> None:
        """Keep several pieces for `clearBuffer`."""
        self.write(b"".join(iovec))

    def _note(self, what: str, data: bytes) -> None:
        if self.logFile is not None:
            self.logFile.write(f"{what} {data!r}\n")

    def clearBuffer(self) -> None:
        """Hand over what has been kept, and then the end, if there is one."""
        if self.shouldLose == -1:
            return
        if self.producer is not None:
            self.producer.resumeProducing()
        if self.buffer:
            data, self.buffer = self.buffer, b""
            self._note("loopback receiving", data)
            self.target.dataReceived(data)
        if self.shouldLose == 1:
            self.shouldLose = -1
            self.target.connectionLost(Failure(ConnectionDone()))

    def loseConnection(self) -> None:
        """End the connection with the next `clearBuffer`."""
        if self.shouldLose != -1:
            self.shouldLose = 1

    def getHost(self) -> Any:
        """Some text."""
        return "loopback"

    def getPeer(self) -> Any:
        """Some text."""
        return "loopback"

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Ask `producer` for more with each `clearBuffer`."""
        self.producer = producer

    def unregisterProducer(self) -> None:
        """The producer is done."""
        self.producer = None

    def logPrefix(self) -> str:
        """That of the protocol's class."""
        return f"Loopback({type(self.target).__name__!r})"


class LoopbackClientFactory(protocol.ClientFactory):
    """
    Gives one client, and tells when its connection has ended.

    @ivar disconnected: fires then.
    """

    def __init__(self, protocol: Any) -> None:
        self.disconnected: defer.Deferred[None] = defer.Deferred()
        self.deferred = self.disconnected
        self.protocol = protocol

    def buildProtocol(self, addr: Any) -> Any:
        """The client."""
        return self.protocol

    def clientConnectionLost(self, connector: Any, reason: Failure) -> None:
        """Tell that the connection has ended."""
        self.disconnected.callback(None)

    def clientConnectionFailed(self, connector: Any, reason: Failure) -> None:
        """Tell that there never was a connection."""
        self.disconnected.errback(reason)


class _ServerFactory(protocol.Factory):
    """Gives one server, and tells when its connection has ended."""

    def __init__(self, server: Any, noisy: bool) -> None:
        self.noisy = noisy
        self._server = server
        self.ended: defer.Deferred[None] = defer.Deferred()

    def buildProtocol(self, addr: Any) -> Any:
        original = self._server.connectionLost

        def connectionLost(reason: Failure) -> None:
            try:
                original(reason)
            finally:
                self.ended.callback(None)

        self._server.connectionLost = connectionLost
        return self._server


async def _overSockets(
    server: Any,
    client: Any,
    noisy: bool,
    listen: Callable[[Any], Any],
    connect: Callable[[Any, Any], Any],
) -> None:
    factory = _ServerFactory(server, noisy)
    port = listen(factory)
    clients = LoopbackClientFactory(client)
    clients.noisy = noisy
    connect(port, clients)
    try:
        await clients.disconnected
        await factory.ended
    finally:
        await defer.maybeDeferred(port.stopListening)


def loopbackTCP(
    server: Any, client: Any, port: int = 0, noisy: bool = True
) -> defer.Deferred[None]:
    """
    Connect two protocols over TCP.

    @param port: the port to listen on; 0 for any that is free.
    @return: fires when the connection has ended, and nothing listens any more.
    """
    reactor: Any = _reactor()
    return defer.Deferred.fromCoroutine(
        _overSockets(
            server,
            client,
            noisy,
            lambda factory: reactor.listenTCP(port, factory, interface="127.0.0.1"),
            lambda listening, factory: reactor.connectTCP(
                "127.0.0.1", listening.getHost().port, factory
            ),
        )
    )


def loopbackUNIX(server: Any, client: Any, noisy: bool = True) -> defer.Deferred[None]:
    """
    Connect two protocols over a UNIX socket.

    @return: fires when the connection has ended, and nothing listens any more.
    """
    reactor: Any = _reactor()
    path = os.path.join(tempfile.mkdtemp(), "socket")
    done = defer.Deferred.fromCoroutine(
        _overSockets(
            server,
            client,
            noisy,
            lambda factory: reactor.listenUNIX(path, factory),
            lambda _, factory: reactor.connectUNIX(path, factory),
        )
    )

    def clean(result: Any) -> Any:
        os.rmdir(os.path.dirname(path))
        return result

    return done.addBoth(clean)


def _reactor() -> Any:
    # Importing it installs it.
    from twisted.internet import reactor

    return reactor
