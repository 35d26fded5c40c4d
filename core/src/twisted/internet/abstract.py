"""
The common part of everything that sits on a descriptor: a buffer of bytes to send, producers that
are paused while it is full, and an end in good order.
"""

from __future__ import annotations

from socket import AF_INET, AF_INET6, inet_pton
from typing import TYPE_CHECKING, Any

from zope.interface import implementer

from twisted.internet.currentreactor import currentReactor
from twisted.internet.interfaces import (
    IConsumer,
    IHalfCloseableDescriptor,
    ILoggingContext,
    IPushProducer,
    IReadWriteDescriptor,
    ITransport,
)
from twisted.internet.main import CONNECTION_DONE, CONNECTION_LOST
from twisted.python.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twisted.internet.interfaces import IAddress

__all__ = ["FileDescriptor", "isIPAddress", "isIPv6Address"]


def _checkedBytes(data: object) -> bytes:
    """
    Give back what a caller wants to send as `bytes` of its own.

    Objects that may change under the buffer are copied.

    @raise TypeError: it is text, or something else that is not bytes.
    """
    if isinstance(data, bytes):
        return data
    if isinstance(data, (bytearray, memoryview)):
        return bytes(data)
    if isinstance(data, str):
        raise TypeError("Data must be bytes")
    raise TypeError(f"Data must be bytes, not {type(data).__name__}")


def _logPrefixOf(thing: object) -> str:
    """Name an application object for the log: what it says of itself, or else its class."""
    if ILoggingContext.providedBy(thing):
        return str(thing.logPrefix())
    return type(thing).__name__


@implementer(
    IPushProducer,
    IReadWriteDescriptor,
    IConsumer,
    ITransport,
    IHalfCloseableDescriptor,
    ILoggingContext,
)
class FileDescriptor:
    """
    Something with a descriptor that a reactor can watch.

    A subclass gives `fileno`, `doRead` and `writeSomeData`; buffering, producers, half-close and
    `loseConnection` come from here.

    Writes never block and are never refused.  A registered producer is paused when more than
    `bufferSize` bytes wait to be sent and resumed when all have gone: a sender without a producer
    is held back by nothing, so whoever sends much to a peer that may be slow registers one.

    @cvar bufferSize: how many unsent bytes make the producer pause.
    @cvar SEND_LIMIT: how many bytes are offered to `writeSomeData` at most.
    """

    connected = 0
    disconnected = 0
    disconnecting = 0

    producer: Any = None
    streamingProducer = False
    producerPaused = False

    bufferSize = 2**16
    SEND_LIMIT = 128 * 1024

    #: Where unsent data begins in `dataBuffer`.
    offset = 0

    _writeDisconnecting = False
    _writeDisconnected = False
    # How much of the first waiting piece has gone already.
    _sentOfFirst = 0

    def __init__(self, reactor: Any = None) -> None:
        """
        @param reactor: who watches the descriptor; the global reactor if it is None.
        """
        self.reactor: Any = currentReactor(reactor)
        # What waits to be sent, as it was written, and how many bytes that is.
        self._pieces: list[bytes] = []
        self._unsent = 0

    # What a subclass gives.

    def fileno(self) -> int:
        """
        Tell the number of the descriptor.

        @return: the number, or -1 when there is none (any more).
        """
        return -1

    def doRead(self) -> Exception | Failure | None:
        """
        Read what has come; the reactor calls this when something has.

        @return: None, or why the connection is over.
        """
        return CONNECTION_LOST

    def writeSomeData(self, data: bytes | memoryview) -> int | Exception:
        """
        Send as much of ``data`` as is possible at once.

        @return: how many bytes were taken, or why nothing can be sent any more.
        """
        return CONNECTION_LOST

    def getPeer(self) -> IAddress:
        """
        Tell the address of the other side.

        @raise NotImplementedError: this kind of descriptor has none.
        """
        raise NotImplementedError(f"{type(self).__name__} has no peer")

    def getHost(self) -> IAddress:
        """
        Tell the address of this side.

        @raise NotImplementedError: this kind of descriptor has none.
        """
        raise NotImplementedError(f"{type(self).__name__} has no address")

    def logPrefix(self) -> str:
        """Tell what log messages about this descriptor begin with."""
        return "-"

    def _getLogPrefix(self, applicationObject: object) -> str:
        return _logPrefixOf(applicationObject)

    # Sending.

    def write(self, data: bytes) -> None:
        """
        Send ``data`` when that is possible; at once or later, in order, never waiting.

        After the connection has ended it is dropped.

        @raise TypeError: ``data`` is not bytes.
        """
        if type(data) is not bytes:
            data = _checkedBytes(data)
        if data and self.connected and not self._writeDisconnected:
            self._pieces.append(data)
            self._unsent += len(data)
            if self.producer is not None:
                self._pauseIfFull()
            self._scheduleWrite()

    def writeSequence(self, iovec: Iterable[bytes]) -> None:
        """
        Send several pieces of data as if they were one.

        @raise TypeError: one of them is not bytes; then none is sent.
        """
        pieces = [_checkedBytes(piece) for piece in iovec]
        if not self.connected or self._writeDisconnected:
            return
        size = sum(map(len, pieces))
        if not size:
            return
        self._pieces += filter(None, pieces)
        self._unsent += size
        if self.producer is not None:
            self._pauseIfFull()
        self._scheduleWrite()

    def _scheduleWrite(self) -> None:
        """See to it that `doWrite` is called when it can send something."""
        self.startWriting()

    def doWrite(self) -> Exception | Failure | None:
        """
        Send what waits; the reactor calls this when the descriptor takes data again.

        @return: None, or why the connection is over.
        """
        if self._pieces:
            sent = self.writeSomeData(self._nextPortion())
            if not isinstance(sent, int):
                return sent
            self._dropSent(sent)
            if self._pieces:
                return None
        self.stopWriting()
        return self._drained()

    def _nextPortion(self) -> bytes | memoryview:
        """Take the beginning of what waits, not more than `SEND_LIMIT`."""
        pieces, limit = self._pieces, self.SEND_LIMIT
        first: bytes | memoryview = pieces[0]
        if self._sentOfFirst:
            first = memoryview(first)[self._sentOfFirst :]
        if len(first) >= limit:
            return memoryview(first)[:limit]
        if len(pieces) == 1:
            return first
        portion: list[bytes | memoryview] = [first]
        size = len(first)
        for piece in pieces[1:]:
            size += len(piece)
            if size > limit:
                break
            portion.append(piece)
        return b"".join(portion)

    def _dropSent(self, sent: int) -> None:
        """Forget the first ``sent`` bytes of what waits."""
        self._unsent -= sent
        if not self._unsent:
            self._pieces.clear()
            self._sentOfFirst = 0
            return
        sent += self._sentOfFirst
        gone = 0
        for piece in self._pieces:
            if sent < len(piece):
                break
            sent -= len(piece)
            gone += 1
        del self._pieces[:gone]
        self._sentOfFirst = sent

    def _drained(self) -> Exception | Failure | None:
        """
        Do what was to happen once everything has been sent.

        @return: None, or why the connection is over.
        """
        if self.producer is not None and (self.producerPaused or not self.streamingProducer):
            self.producerPaused = False
            self.producer.resumeProducing()
        elif self.disconnecting:
            return self._postLoseConnection()
        elif self._writeDisconnecting and not self._writeDisconnected:
            self._writeDisconnected = True
            return self._closeWriteConnection()
        return None

    @property
    def unsentSize(self) -> int:
        """
        How many bytes wait to be sent.

        Together with what was written it tells whether the other side still reads.
        """
        return self._unsent

    @property
    def dataBuffer(self) -> bytes:
        """All bytes that wait to be sent, in one piece; it is put together when asked for."""
        return b"".join(self._pieces)[self._sentOfFirst :]

    @dataBuffer.setter
    def dataBuffer(self, data: bytes) -> None:
        self._pieces = [data] if data else []
        self._unsent = len(data)
        self._sentOfFirst = 0

    # Producers.

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """
        Let ``producer`` be held back while the buffer is full, and the end wait for it.

        @param streaming: true for a producer that writes by itself until it is paused, false for
            one that writes once each time it is asked to.
        @raise RuntimeError: another one is registered.
        """
        if self.producer is not None:
            raise RuntimeError(
                f"{producer!r} cannot be registered: {self.producer!r} still is, and must be"
                " unregistered first"
            )
        if self.disconnected:
            producer.stopProducing()
            return
        self.producer = producer
        self.streamingProducer = streaming
        self.producerPaused = False
        if streaming:
            self._pauseIfFull()
        else:
            producer.resumeProducing()

    def unregisterProducer(self) -> None:
        """Let the producer go; an end that was waiting for it takes place."""
        self.producer = None
        if self.connected and (self.disconnecting or self._writeDisconnecting):
            self._scheduleWrite()

    def _pauseIfFull(self) -> None:
        """Pause a streaming producer when enough waits to be sent."""
        if self._unsent > self.bufferSize and self.streamingProducer and not self.producerPaused:
            self.producerPaused = True
            self.producer.pauseProducing()

    def stopConsuming(self) -> None:
        """Part with the producer and close the connection; for a producer that is done."""
        self.unregisterProducer()
        self.loseConnection()

    # Reading, as a producer to whom the data are passed on.

    def startReading(self) -> None:
        """Have the reactor call `doRead` when data come."""
        self.reactor.addReader(self)

    def stopReading(self) -> None:
        """Have the reactor ignore data that come."""
        self.reactor.removeReader(self)

    def startWriting(self) -> None:
        """Have the reactor call `doWrite` when the descriptor takes data."""
        self.reactor.addWriter(self)

    def stopWriting(self) -> None:
        """Have the reactor ignore that the descriptor takes data."""
        self.reactor.removeWriter(self)

    def pauseProducing(self) -> None:
        """Read nothing until `resumeProducing`."""
        self.stopReading()

    def resumeProducing(self) -> None:
        """Read again, unless the connection is ending."""
        if self.connected and not self.disconnecting:
            self.startReading()

    def stopProducing(self) -> None:
        """Close the connection."""
        self.loseConnection()

    # The end.

    def loseConnection(self) -> None:
        """
        Close the connection once everything written has been sent.

        A producer that is paused, or has to be asked, is waited for until it is unregistered; one
        that writes of its own accord is not.  Nothing more is read.
        """
        if not self.connected or self.disconnecting:
            return
        self.disconnecting = 1
        self.stopReading()
        if self._writeDisconnected:
            self.stopWriting()
            self.reactor.callLater(0, self.connectionLost, Failure(CONNECTION_DONE))
        else:
            self._scheduleWrite()

    def loseWriteConnection(self) -> None:
        """Close the sending direction once everything written has been sent; go on reading."""
        self._writeDisconnecting = True
        self._scheduleWrite()

    def _postLoseConnection(self) -> Exception | Failure | None:
        """Tell the reason with which an orderly end is reported."""
        return CONNECTION_DONE

    def _closeWriteConnection(self) -> Exception | Failure | None:
        """Close the sending direction of the descriptor, where there is such a thing."""
        return None

    def connectionLost(self, reason: Failure) -> None:
        """
        Note that the connection is over; the reactor calls this once.

        A subclass extends it to free what it holds and to tell its protocol.
        """
        self.disconnected = 1
        self.connected = 0
        producer, self.producer = self.producer, None
        self.stopReading()
        self.stopWriting()
        self._pieces.clear()
        self._unsent = self._sentOfFirst = 0
        if producer is not None:
            producer.stopProducing()

    def readConnectionLost(self, reason: Failure) -> None:
        """Note that the other side will send nothing more; that ends the whole connection here."""
        self.connectionLost(reason)

    def writeConnectionLost(self, reason: Failure) -> None:
        """Note that nothing more can be sent; that ends the whole connection here."""
        self.connectionLost(reason)


def isIPAddress(addr: str | bytes, family: int = AF_INET) -> bool:
    """
    Tell whether ``addr`` is the text form of an address of ``family``, `AF_INET` or `AF_INET6`.

    @raise ValueError: ``family`` is another one.
    """
    if family not in (AF_INET, AF_INET6):
        raise ValueError(f"no text form of addresses is known for family {family!r}")
    if isinstance(addr, bytes):
        try:
            addr = addr.decode("ascii")
        except UnicodeDecodeError:
            return False
    if family == AF_INET6:
        addr = addr.partition("%")[0]
    elif addr.count(".") != 3:
        # The system also takes shorter forms, such as 127.1, which are too easily something else.
        return False
    try:
        inet_pton(family, addr)
    except (OSError, ValueError):
        return False
    return True


def isIPv6Address(addr: str | bytes) -> bool:
    """Tell whether ``addr`` is the text form of an IPv6 address, with or without a scope."""
    return isIPAddress(addr, AF_INET6)
