"""One stream of requests: how long it may idle, and how much of it may wait (RFC 7766)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from zope.interface import implementer

from twisted.internet.interfaces import IPushProducer

__all__ = ["Stream"]


@implementer(IPushProducer)
class Stream:
    """
    Looks after a connection that requests come over.

    Requests are passed on as they come, several at a time, until the client does not take the
    replies, or too many wait for theirs; the rest of what has been read is kept, and nothing more
    is read.  A connection over which no whole request comes, and nothing waits, is closed.

    @ivar host: the address of the client.
    @ivar waiting: how many requests wait for their replies.
    """

    def __init__(
        self,
        protocol: Any,
        clock: Any,
        host: str,
        serve: Callable[[bytes, Stream], None],
        timedOut: Callable[[], None],
        idle: float,
        most: int,
    ) -> None:
        """
        @param protocol: what cuts the stream into messages; its transport is written to.
        @param serve: is called with a request.
        @param timedOut: is called when the connection is closed for being idle.
        @param idle: the seconds without a request after which it is closed.
        @param most: how many requests may wait.
        """
        self.protocol = protocol
        self.host = host
        self.waiting = 0
        self._clock = clock
        self._serve = serve
        self._timedOut = timedOut
        self._idle = idle
        self._most = most
        self._kept: deque[bytes] = deque()
        self._sending: Iterator[bytes] | None = None
        self._full = False
        self._reading = True
        self._advancing = False
        self._last = clock.seconds()
        self._closing = False
        self._timer: Any = clock.callLater(idle, self._look)
        protocol.transport.registerProducer(self, True)

    def received(self, data: bytes) -> None:
        """Take a request."""
        if self._closing:
            return
        self._last = self._clock.seconds()
        if self._stalled():
            self._kept.append(data)
        else:
            self._serve(data, self)
        self._regulate()

    def began(self) -> None:
        """Note that a request waits for its reply."""
        self.waiting += 1

    def ended(self) -> None:
        """Note that it has been replied to."""
        self.waiting -= 1
        self._last = self._clock.seconds()
        self._advance()

    def write(self, message: bytes) -> None:
        """Send a reply."""
        self.protocol.transport.write(len(message).to_bytes(2, "big") + message)

    def send(self, messages: Iterator[bytes]) -> None:
        """Send many messages, as fast as they are taken; requests wait until then."""
        self._sending = messages
        self._advance()

    def close(self) -> None:
        """Close the connection once all that was replied is sent; what comes now is ignored."""
        self._closing = True
        self._kept.clear()
        self.protocol.transport.loseConnection()

    def stop(self) -> None:
        """Forget everything, for the connection is gone."""
        self._kept.clear()
        self._sending = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # What the transport says of its client.

    def pauseProducing(self) -> None:
        """The client does not take what is sent."""
        self._full = True
        self._regulate()

    def resumeProducing(self) -> None:
        """It has taken it."""
        self._full = False
        self._last = self._clock.seconds()
        self._advance()

    def stopProducing(self) -> None:
        """It is gone."""
        self.stop()

    # How it goes on.

    def _stalled(self) -> bool:
        """Whether no request may be begun."""
        return self._full or self._sending is not None or self.waiting >= self._most

    def _advance(self) -> None:
        """Do what can be done; what is done in it may ask for that again."""
        if self._advancing:
            return
        self._advancing = True
        try:
            self._go()
        finally:
            self._advancing = False
        self._regulate()

    def _go(self) -> None:
        """Send and serve until there is nothing more, or it stalls."""
        while not self._full:
            if self._sending is not None:
                message = next(self._sending, None)
                if message is None:
                    self._sending = None
                else:
                    self.write(message)
            elif self._kept and self.waiting < self._most:
                self._serve(self._kept.popleft(), self)
            else:
                break

    def _regulate(self) -> None:
        """Read if requests may come, and only then."""
        wanted = not self._stalled()
        if wanted is self._reading or self._timer is None:
            return
        self._reading = wanted
        transport = self.protocol.transport
        if wanted:
            transport.resumeProducing()
        else:
            transport.pauseProducing()

    def _look(self) -> None:
        """Close the connection if it has been idle for too long."""
        self._timer = None
        left = self._last + self._idle - self._clock.seconds()
        if left <= 0 and (self._full or not self.waiting):
            self._timedOut()
            self.stop()
            self.protocol.transport.abortConnection()
        else:
            self._timer = self._clock.callLater(left if left > 0 else self._idle, self._look)
