"""Producers above TLS."""

from __future__ import annotations

from typing import Any

from zope.interface import implementer

from twisted.internet.interfaces import IPushProducer
from twisted.internet.task import CooperativeTask, cooperate
from twisted.logger import Logger

__all__ = ["ProducerMembrane", "PullToPush"]

_log = Logger()


@implementer(IPushProducer)
class PullToPush:
    """
    Makes a push producer of a pull producer: asks it for more, over and over, until it is paused.

    What TLS takes from a producer and what it gives to its transport differ in size and time, so
    that the transport cannot ask the producer itself.
    """

    def __init__(self, producer: Any, consumer: Any) -> None:
        self._producer = producer
        self._consumer = consumer
        self._task: CooperativeTask | None = None
        self._paused = False

    def _pull(self) -> Any:
        while True:
            try:
                self._producer.resumeProducing()
            except BaseException:
                _log.failure("{producer} failed, and is taken away", producer=self._producer)
                self._consumer.unregisterProducer()
                return
            yield None

    def startStreaming(self) -> None:
        """Begin."""
        self._task = cooperate(self._pull())
        if self._paused:
            self._task.pause()

    def stopStreaming(self) -> None:
        """End: the producer is to be asked no more."""
        task, self._task = self._task, None
        if task is not None:
            task.whenDone().addErrback(lambda _: None)
            try:
                task.stop()
            except Exception:
                # It has come to its end by itself.
                pass

    def pauseProducing(self) -> None:
        """Ask for no more until `resumeProducing`."""
        self._paused = True
        if self._task is not None:
            self._task.pause()

    def resumeProducing(self) -> None:
        """Ask for more."""
        self._paused = False
        if self._task is not None:
            self._task.resume()

    def stopProducing(self) -> None:
        """The consumer takes no more, ever."""
        self.stopStreaming()
        self._producer.stopProducing()


@implementer(IPushProducer)
class ProducerMembrane:
    """
    Pauses a push producer that runs, and resumes one that is paused, and nothing else: TLS and its
    transport pause for reasons of their own.
    """

    def __init__(self, producer: Any) -> None:
        self.producer = producer
        self._paused = False

    def pauseProducing(self) -> None:
        """Pause, if it runs."""
        if not self._paused:
            self._paused = True
            self.producer.pauseProducing()

    def resumeProducing(self) -> None:
        """Resume, if it is paused."""
        if self._paused:
            self._paused = False
            self.producer.resumeProducing()

    def stopProducing(self) -> None:
        """The consumer takes no more, ever."""
        self.producer.stopProducing()
