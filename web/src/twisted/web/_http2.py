"""
HTTP/2 by the names of a module that programs' tests look for; `twisted.web.server.Site` speaks it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.web._h2._order import RoundRobin, Weighted
from twisted.web._h2._server import H2Connection as _Connection
from twisted.web._h2._stream import H2Stream as _Stream
from twisted.web._http._head import BadRequest

__all__ = ["H2Connection", "H2Stream"]


class H2Stream(_Stream):
    """A stream that lets tests look into it."""

    def _respondToBadRequestAndDisconnect(self) -> None:
        self.refuse(BadRequest(""))


class H2Connection(_Connection):
    """A connection that lets tests look into it."""

    streamFactory = H2Stream

    def _watch(self) -> None:
        """Begin no timers unless time matters."""
        if self._idleTime is not None:
            super()._watch()

    def _cutLater(self) -> None:
        if self._idleTime is not None:
            super()._cutLater()

    def abortRequest(self, streamID: int) -> None:
        """End a stream before its time."""
        self.streams[streamID].abortConnection()

    def _respondToBadRequestAndDisconnect(self, streamID: int) -> None:
        self.streams[streamID].refuse(BadRequest(""))

    @property
    def priority(self) -> Any:
        """The tree of priorities."""
        if isinstance(self._order, RoundRobin):
            self._order = Weighted(self._order.waiting(), self.limits.maxStreams)
        return self._order.tree

    @property
    def _streamCleanupCallbacks(self) -> dict[int, Deferred[int]]:
        return {number: stream.notifyEnd() for number, stream in self.streams.items()}

    @property
    def _consumerBlocked(self) -> bool | None:
        return self._blocked or None

    @property
    def _stillProducing(self) -> bool:
        return not self._over

    @property
    def _maxBufferedControlFrameBytes(self) -> int:
        return self.limits.maxControlBacklog

    @_maxBufferedControlFrameBytes.setter
    def _maxBufferedControlFrameBytes(self, size: int) -> None:
        self.limits = replace(self.limits, maxControlBacklog=size)

    @property
    def _bufferedControlFrameBytes(self) -> int:
        return sum(map(len, self._machine.out))

    @property
    def _resetTokenBurst(self) -> int:
        return self.limits.resetBurst

    @property
    def _resetTokenRate(self) -> float:
        return self.limits.resetRate

    @property
    def _resetTokens(self) -> float:
        tokens: float = self._machine.resets.tokens
        return tokens

    @property
    def _resetTokenTimestamp(self) -> float:
        time: float = self._machine.resets.time
        return time

    @_resetTokenTimestamp.setter
    def _resetTokenTimestamp(self, time: float) -> None:
        self._machine.resets.time = time
