"""What reactors count; public in `twisted.internet.metrics`."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["LATENESS_BOUNDS", "UNCOUNTED", "ReactorMetrics"]

#: The upper bounds, in seconds, of the ranges in which lateness is counted; above is one more.
LATENESS_BOUNDS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0)


class ReactorMetrics:
    """
    What a reactor has done since it was made, or this process was forked off.

    @ivar bytesReceived: over stream sockets.
    @ivar bytesSent: over stream sockets.
    @ivar datagramsReceived: how many.
    @ivar datagramsSent: how many.
    @ivar accepted: how many connections have been accepted.
    @ivar acceptedOpen: how many of them are open.
    @ivar connected: how many connections to others have been made.
    @ivar connectedOpen: how many of them are open.
    @ivar connectFailed: how many could not be made.
    @ivar timersCalled: how many calls were made that had been scheduled.
    @ivar lateness: how much later than scheduled, in seconds, all together.
    @ivar longestLateness: how much at most.
    @ivar latenessCounts: how many of them in each range of `LATENESS_BOUNDS`, and above.
    @ivar sources: what gives the counts of others that `prometheusText` tells of.
    """

    __module__ = "twisted.internet.metrics"

    __slots__ = (
        "accepted",
        "acceptedOpen",
        "bytesReceived",
        "bytesSent",
        "connectFailed",
        "connected",
        "connectedOpen",
        "datagramsReceived",
        "datagramsSent",
        "lateness",
        "latenessCounts",
        "longestLateness",
        "sources",
        "timersCalled",
    )

    def __init__(self, sources: Iterable[Callable[[], Iterable[Any]]] = ()) -> None:
        self.bytesReceived = 0
        self.bytesSent = 0
        self.datagramsReceived = 0
        self.datagramsSent = 0
        self.accepted = 0
        self.acceptedOpen = 0
        self.connected = 0
        self.connectedOpen = 0
        self.connectFailed = 0
        self.timersCalled = 0
        self.lateness = 0.0
        self.longestLateness = 0.0
        self.latenessCounts = [0] * (len(LATENESS_BOUNDS) + 1)
        self.sources = list(sources)

    def calledLate(self, seconds: float) -> None:
        """Count a call that was made so much later than scheduled."""
        self.timersCalled += 1
        self.lateness += seconds
        if seconds > self.longestLateness:
            self.longestLateness = seconds
        self.latenessCounts[bisect_left(LATENESS_BOUNDS, seconds)] += 1


#: What counts for transports whose reactor does not, such as those of tests.
UNCOUNTED = ReactorMetrics()
