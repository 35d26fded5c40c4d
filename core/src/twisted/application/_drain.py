"""Letting connections finish before the reactor stops."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

__all__ = ["drainAfter"]

_log = Logger()
_EVERY = 0.1


def drainAfter(reactor: Any, limit: float) -> None:
    """
    When the reactor is to stop, wait until the connections that were accepted have ended.

    @param limit: for how long at most, in seconds; those that are left then are closed. C{0} not to
        wait.  Reactors of other projects are not waited for.
    """
    metrics = getattr(reactor, "metrics", None)
    if limit <= 0 or metrics is None:
        return

    def wait() -> Deferred[None]:
        done: Deferred[None] = Deferred()
        ends = reactor.seconds() + limit

        def look() -> None:
            left = metrics.acceptedOpen
            if left and reactor.seconds() < ends:
                return
            loop.stop()
            if left:
                _log.info("{count} connections did not end in time", count=left)
            done.callback(None)

        loop = LoopingCall(look)
        loop.clock = reactor
        loop.start(_EVERY)
        return done

    reactor.addSystemEventTrigger("before", "shutdown", wait)
