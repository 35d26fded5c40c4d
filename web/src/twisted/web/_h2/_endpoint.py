"""
What both sides of a connection of HTTP/2 have in common between the state and the transport: whose
turn it is to send, how much of it, and when.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from zope.interface import implementer

from twisted.internet.interfaces import IPushProducer, ITCPTransport
from twisted.internet.protocol import Protocol
from twisted.web._h2._hpack import Field
from twisted.web._h2._order import RoundRobin
from twisted.web._h2._state import Stream

#: How many octets of a body may wait to be sent before its producer is paused.
_ENOUGH = 65536

#: How many octets are given to the transport before it is asked whether it has enough.
_PORTION = 65536


class OutgoingStream(Stream):
    """
    A stream, and the body that is sent on it.

    @ivar producer: what writes the body, or None.
    @ivar trailers: the fields that follow it, if there are any.
    """

    producer: Any = None
    trailers: list[Field] | None = None
    _producerProducing = False
    _pulled = False
    # Whether no more is written, how many octets wait, and how many there were.
    _finishing = False
    _queued = 0
    _written = 0

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._queue: deque[Any] = deque()

    def write(self, data: bytes) -> None:
        """Send a piece of the body, when there is room for it."""
        if self._finishing or not data:
            return
        self._queue.append(data)
        size = len(data)
        self._queued += size
        self._written += size
        self._connection.wants(self)
        if self._producerProducing and not self._hasRoom():
            self._producerProducing = False
            self.producer.pauseProducing()

    def writeSequence(self, iovec: Iterable[bytes]) -> None:
        """Send pieces of the body."""
        for data in iovec:
            self.write(data)

    def finishWriting(self) -> None:
        """All of the body is written."""
        if not self._finishing:
            self._finishing = True
            self._connection.wants(self)

    def dropUnsent(self) -> Any:
        """Send nothing more; gives the producer, which is let go."""
        self._queue.clear()
        self._queued = 0
        self._finishing = True
        producer, self.producer = self.producer, None
        return producer

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """
        Let a producer write the body as fast as the peer reads.

        @raise ValueError: if there is one already.
        """
        if self.producer is not None:
            raise ValueError(
                f"{producer!r} cannot be registered before {self.producer!r} is unregistered"
            )
        self.producer = producer
        self._pulled = not streaming
        self._producerProducing = streaming
        if self._pulled:
            self._connection.wants(self)
        elif not self._hasRoom():
            self._producerProducing = False
            producer.pauseProducing()

    def unregisterProducer(self) -> None:
        """The producer has written everything."""
        self.producer = None
        self._producerProducing = False

    @property
    def unsentSize(self) -> int:
        """How many octets wait to be sent."""
        return self._queued

    def _hasRoom(self) -> bool:
        """Whether more may be written without much delay."""
        room = min(self.send_window, self._connection.sendWindow)
        return bool(self._queued < min(room, _ENOUGH))

    @property
    def wantsToSend(self) -> bool:
        """Whether anything waits to be sent."""
        return bool(self._queue) or (self._finishing and not self.local_ended and not self.reset)

    @property
    def waits(self) -> bool:
        """Whether anything waits for room, be it a producer."""
        return self.wantsToSend or (self.producer is not None and not self._hasRoom())

    def take(self, most: int) -> Any:
        """
        Take the next piece to be sent.

        @param most: how many octets there is room for.
        @return: None if it does not fit; empty if this is the end.
        """
        if not self._queue:
            return b""
        if most <= 0:
            return None
        data = self._queue[0]
        size = len(data)
        if size > most:
            # Without copying the rest each time.
            view = memoryview(data)
            data, self._queue[0] = view[:most], view[most:]
            size = most
        else:
            self._queue.popleft()
        self._queued -= size
        return data

    def hasSent(self) -> None:
        """Something was sent, or there is more room: go on."""
        if self.producer is None or not self._hasRoom():
            return
        if self._pulled:
            if not self._queue:
                self.producer.resumeProducing()
        elif not self._producerProducing:
            self._producerProducing = True
            self.producer.resumeProducing()


@implementer(IPushProducer)
class Endpoint(Protocol, ABC):
    """
    One side of a connection.

    Frames other than data leave at once; data in the next turn of the reactor.
    """

    def __init__(self, reactor: Any) -> None:
        """
        @param reactor: tells the time.
        """
        self._reactor = reactor
        self._machine: Any = None
        self._order: Any = RoundRobin()
        self._registered = False
        # Whether the transport has enough; whether what has come is being handled, or sent.
        self._blocked = False
        self._busy = False
        self._sending = False
        self._over = False
        # How many octets of heads wait while the transport has enough: those of this side's own.
        self._heads = 0
        # Streams on which everything was sent, and that were not told.
        self._done: list[Any] = []
        self._turn: Any = None

    def _start(self) -> None:
        """Say what this side allows."""
        self._machine.start()
        if ITCPTransport.providedBy(self.transport):
            # Frames are small, and wait for none of the peer's.
            self.transport.setTcpNoDelay(True)
        self._flush()

    def register(self) -> None:
        """Have the transport say when it has enough to send."""
        register = getattr(self.transport, "registerProducer", None)
        if register is not None:
            self._registered = True
            register(self, True)

    @property
    def streams(self) -> dict[int, Any]:
        """The streams that there are, by their numbers."""
        streams: dict[int, Any] = self._machine.streams
        return streams

    @property
    def sendWindow(self) -> int:
        """How much may be sent on all streams."""
        window: int = self._machine.send_window
        return window

    # What the sides do differently

    @abstractmethod
    def _guarded(self, stream: Any, function: Callable[..., Any], *arguments: Any) -> None:
        """Call something of a stream; whatever goes wrong there ends it alone."""

    @abstractmethod
    def _allSent(self, stream: Any) -> None:
        """Everything was sent on a stream, or given to the transport at least."""

    @abstractmethod
    def forceAbortClient(self) -> None:
        """Cut the connection; what was not sent is lost."""

    def _localEnded(self, stream: Any) -> None:
        """Everything is sent on a stream."""
        self._order.forget(stream.id)
        self._done.append(stream)

    def _watch(self) -> None:
        """Look after some time whether what is under way goes on."""

    def _active(self) -> None:
        """Something is sent."""

    @property
    @abstractmethod
    def _maxBacklog(self) -> int:
        """How many octets may wait while the transport has enough, apart from heads."""

    @abstractmethod
    def stopProducing(self) -> None:
        """The transport takes nothing any more."""

    # Sending

    def sendFields(self, stream: Any, fields: list[Field], end: bool) -> None:
        """Send headers."""
        if not self._over and not stream.reset:
            self._machine.send_fields(stream, fields, end)
            if self._blocked:
                self._heads += len(self._machine.out[-1])
            if end:
                self._localEnded(stream)
                self._schedule()
            self._flush()

    def wants(self, stream: Any) -> None:
        """A stream has something to send."""
        if not stream.reset and not self._over:
            self._order.add(stream.id)
            self._schedule()

    def _schedule(self) -> None:
        if self._turn is None and not self._sending:
            self._turn = self._reactor.callLater(0, self._sendPrioritisedData)

    def _sendPrioritisedData(self) -> None:
        """Send what streams have, in the order of priorities, while the transport takes it."""
        self._turn = None
        self._sending = True
        self._active()
        order, streams = self._order, self.streams
        size = 0
        while not self._blocked and not self._over:
            number = order.next()
            if number is None:
                break
            size += self._sendPiece(streams[number])
            if size >= _PORTION:
                size = 0
                self._write()
        self._sending = False
        self._flush()
        if self._done:
            done, self._done = self._done, []
            for stream in done:
                self._allSent(stream)

    def _sendPiece(self, stream: Any) -> int:
        """Send a frame of a stream, if it has something and there is room; gives its size."""
        machine = self._machine
        data = stream.take(machine.room(stream))
        if data is None:
            self._order.remove(stream.id)
            self._watch()
            return 0
        if data:
            machine.send_data(stream, data, False)
        elif stream.wantsToSend:
            if stream.trailers:
                machine.send_fields(stream, stream.trailers, True)
            else:
                machine.send_data(stream, b"", True)
            self._localEnded(stream)
            return 0
        if stream.producer is not None:
            self._guarded(stream, stream.hasSent)
            if stream.waits:
                self._watch()
        if not stream.wantsToSend:
            self._order.remove(stream.id)
        return len(data)

    def _flush(self) -> None:
        """Send what has gathered; while the transport has enough, not too much of it may."""
        out = self._machine.out
        if not out or self._busy or self._sending:
            return
        if not self._blocked:
            self._write()
        elif sum(map(len, out)) - self._heads > self._maxBacklog:
            self.forceAbortClient()

    def _write(self) -> None:
        out = self._machine.out
        data = b"".join(out)
        out.clear()
        self._heads = 0
        self.transport.write(data)

    def _writeRest(self) -> None:
        """Send what there is, for the last time."""
        self._busy = self._sending = False
        self._flush()
        if self._machine.out:
            # Not too much of it.
            self._write()
        if self._registered:
            self._registered = False
            self.transport.unregisterProducer()

    def _widen(self, stream: Any | None) -> None:
        """More may be sent: on a stream, or on all."""
        for each in [stream] if stream is not None else list(self.streams.values()):
            if each.wantsToSend:
                self.wants(each)
            if each.producer is not None:
                self._guarded(each, each.hasSent)

    # As a producer, to the transport

    def pauseProducing(self) -> None:
        """The transport has enough."""
        self._blocked = True
        self._watch()

    def resumeProducing(self) -> None:
        """The transport has sent everything."""
        self._blocked = False
        if not self._over:
            self._flush()
            self._schedule()
