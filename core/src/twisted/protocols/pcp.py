"""
Between a producer and a consumer: a filter that is the one to the other.

`BasicProducerConsumerProxy` hands on what it is told; `ProducerConsumerProxy` holds data back while
it is paused.
"""

from __future__ import annotations

from typing import Any

from zope.interface import implementer

from twisted.internet import interfaces

__all__ = ["BasicProducerConsumerProxy", "ProducerConsumerProxy"]


@implementer(interfaces.IProducer, interfaces.IConsumer)
class BasicProducerConsumerProxy:
    """
    Hands data on to a consumer, and its wishes on to a producer.

    @param consumer: the consumer; None for none yet.
    @ivar iAmStreaming: whether this is a push producer to the consumer.
    @ivar outstandingPull: whether the consumer has asked for data that it has not got.
    """

    consumer: Any = None
    producer: Any = None
    producerIsStreaming: bool | None = None
    iAmStreaming = True
    outstandingPull = False
    paused = False
    stopped = False

    def __init__(self, consumer: Any) -> None:
        self._buffer: list[bytes] = []
        if consumer is not None:
            self.consumer = consumer
            consumer.registerProducer(self, self.iAmStreaming)

    # A producer

    def pauseProducing(self) -> None:
        """Pause the producer."""
        self.paused = True
        if self.producer:
            self.producer.pauseProducing()

    def resumeProducing(self) -> None:
        """Hand on what has been held back, and ask the producer for more."""
        self.paused = False
        if self._buffer:
            self.consumer.write(_joined(self._buffer))
            self._buffer[:] = []
        elif not self.iAmStreaming:
            self.outstandingPull = True
        if self.producer is not None:
            self.producer.resumeProducing()

    def stopProducing(self) -> None:
        """The consumer takes no more, ever."""
        if self.producer is not None:
            self.producer.stopProducing()
        if self.consumer is not None:
            del self.consumer

    # A consumer

    def write(self, data: bytes) -> None:
        """Hand data on, or hold them back until the consumer asks."""
        if self.paused or (not self.iAmStreaming and not self.outstandingPull):
            self._buffer.append(data)
        elif self.consumer is not None:
            self.consumer.write(data)
            self.outstandingPull = False

    def finish(self) -> None:
        """There is no more."""
        if self.consumer is not None:
            self.consumer.finish()
        self.unregisterProducer()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Let `producer` provide the data."""
        self.producer = producer
        self.producerIsStreaming = streaming

    def unregisterProducer(self) -> None:
        """The producer is done."""
        if self.producer is not None:
            del self.producer
            del self.producerIsStreaming
        if self.consumer:
            self.consumer.unregisterProducer()

    def __repr__(self) -> str:
        return f"<{self.__class__}@{id(self):x} around {self.consumer}>"


def _joined(pieces: list[Any]) -> Any:
    """Pieces of octets, or of text, as one."""
    return pieces[0][:0].join(pieces)


class ProducerConsumerProxy(BasicProducerConsumerProxy):
    """
    Hands data on to a consumer, at the pace of whichever side is slower.

    @cvar bufferSize: how much may be held back before the producer is paused.
    @ivar producerPaused: whether it is paused.
    @ivar unregistered: whether it is done.
    """

    bufferSize = 2**2**2**2
    producerPaused = False
    unregistered = False

    def pauseProducing(self) -> None:
        """Hold data back; the producer goes on until enough is held."""
        self.paused = True

    def resumeProducing(self) -> None:
        """Hand on what has been held back."""
        self.paused = False
        if self._buffer:
            data = _joined(self._buffer)
            sent = self._writeSomeData(data)
            if sent < len(data):
                self._buffer[:] = [data[sent:]]
            else:
                self._buffer[:] = []
            if self.unregistered and not self._buffer:
                self.consumer.unregisterProducer()
            if not self.iAmStreaming:
                self.outstandingPull = not sent
        elif not self.iAmStreaming:
            self.outstandingPull = True
        if self.producer is not None:
            held = sum(map(len, self._buffer))
            # A push producer that runs need not be told; a pull producer is asked when something
            # is wanted of it.
            if self.producerPaused and held < self.bufferSize:
                self.producerPaused = False
                self.producer.resumeProducing()
            elif self.outstandingPull:
                self.producer.resumeProducing()

    def write(self, data: bytes) -> None:
        """Hand data on, or hold them back."""
        if self.paused or (not self.iAmStreaming and not self.outstandingPull):
            self._buffer.append(data)
        elif self.consumer is not None:
            if self._buffer:
                self._buffer.append(data)
            else:
                sent = self._writeSomeData(data)
                self.outstandingPull = False
                if sent != len(data):
                    self._buffer.append(data[sent:])
        if self.producer is not None and self.producerIsStreaming:
            held = sum(map(len, self._buffer))
            if held >= self.bufferSize:
                self.producer.pauseProducing()
                self.producerPaused = True

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Let `producer` provide the data."""
        self.unregistered = False
        BasicProducerConsumerProxy.registerProducer(self, producer, streaming)
        if not streaming:
            producer.resumeProducing()

    def unregisterProducer(self) -> None:
        """The producer is done; the consumer is told when it has got everything."""
        if self.producer is not None:
            del self.producer
            del self.producerIsStreaming
        self.unregistered = True
        if self.consumer and not self._buffer:
            self.consumer.unregisterProducer()

    def _writeSomeData(self, data: bytes) -> int:
        """Hand data on. @return: how much was taken."""
        if self.consumer is None:
            return 0
        self.consumer.write(data)
        return len(data)
