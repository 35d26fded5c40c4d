"""Time that passes while nothing moves on a connection."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from twisted.web._client._errors import ReadTimeout, WriteTimeout

__all__ = ["StreamsWatch", "Watch"]

#: How often in the shortest of the times is looked: what is late is noticed that much later.
_LOOKS = 4


class _Looking(ABC):
    """
    Ends requests for which nothing moves any more.

    Time counts as the server's while it has something to read or to send: neither while a producer
    makes a body, nor while whoever receives one wants no more of it.

    One timer looks now and then, so that a request which is served well pays next to nothing.
    """

    def __init__(self, connection: Any, clock: Any, read: float | None, write: float | None):
        """
        @param connection: an `HTTP11ClientProtocol` or `HTTP2ClientProtocol`.
        @param clock: provides `IReactorTime`.
        @param read: after how many seconds without a byte of an answer a request is ended.
        @param write: after how many seconds without a byte of it being taken.
        """
        self._connection = connection
        self._clock = clock
        self._read = read
        self._write = write
        self._interval = min(limit for limit in (read, write) if limit is not None) / _LOOKS
        self._call: Any = None

    def begin(self) -> None:
        """A request is about to be sent."""
        if self._call is None:
            self._call = self._clock.callLater(self._interval, self._look)

    def stop(self) -> None:
        """The connection has ended."""
        call, self._call = self._call, None
        if call is not None:
            call.cancel()

    @abstractmethod
    def _look(self) -> None:
        """End what is late, and look again later if there is a request."""


class Watch(_Looking):
    """Looks at a connection that has one request at a time."""

    _moved: float = 0
    _unsent = 0

    def begin(self) -> None:
        """A request is about to be sent."""
        self.received()
        super().begin()

    def received(self) -> None:
        """Something has come."""
        self._moved = self._clock.seconds()

    def _look(self) -> None:
        self._call = None
        connection = self._connection
        proxy = connection._transportProxy
        if proxy is None:
            # No request is under way.
            return
        before, self._unsent = self._unsent, getattr(connection.transport, "unsentSize", 0)
        if self._unsent:
            waits, limit, late = self._unsent == before, self._write, WriteTimeout
        else:
            waits = connection.state != "TRANSMITTING" and not before and not proxy.paused
            limit, late = self._read, ReadTimeout  # type: ignore[assignment]
        now = self._clock.seconds()
        if not waits:
            self._moved = now
        elif limit is not None and now - self._moved >= limit:
            connection.giveUpWaiting(late(string=f"{limit} seconds"))
            return
        self._call = self._clock.callLater(self._interval, self._look)


class StreamsWatch(_Looking):
    """
    Looks at a connection that its requests share.

    Time counts for each of them alone; it is the request that ends then, not the connection.
    """

    # By streams: what had gone and come when something last moved, and when that was.
    _seen: Mapping[Any, tuple[Any, float]] = MappingProxyType({})

    def stop(self) -> None:
        """The connection has ended."""
        self._seen = {}
        super().stop()

    def _look(self) -> None:
        self._call = None
        now = self._clock.seconds()
        seen: dict[Any, tuple[Any, float]] = {}
        for stream in list(self._connection.streams.values()):
            progress = stream.progress
            before, since = self._seen.get(stream, (None, now))
            limit, late = self._read, ReadTimeout
            if stream.waits:
                limit, late = self._write, WriteTimeout  # type: ignore[assignment]
            if progress != before or not (stream.waits or stream.awaits):
                since = now
            if limit is not None and now - since >= limit:
                stream.giveUpWaiting(late(string=f"{limit} seconds"))
            else:
                seen[stream] = (progress, since)
        self._seen = seen
        if self._connection.streams:
            self.begin()
