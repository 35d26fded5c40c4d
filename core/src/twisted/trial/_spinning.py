"""Running the reactor until something is done, again and again in one process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

__all__ = ["spin"]


def spin(reactor: Any, start: Callable[[], Deferred[Any]]) -> Any:
    """
    Run the reactor until a Deferred has fired; not at all if it has fired already.

    @param start: makes the Deferred.
    @return: its result.
    @raise Exception: what it failed with.
    @raise KeyboardInterrupt: the user, or what was started, stopped the reactor.
    """
    # The reactor must be able to run again: it never really stops.
    original = reactor.stop
    reactor.stop = reactor.crash
    outcome: list[Any] = []
    try:
        done = start()
        done.addBoth(outcome.append)
        if not outcome:
            done.addBoth(lambda _: reactor.crash())
            reactor.run()
    finally:
        reactor.stop = original
    if not outcome:
        raise KeyboardInterrupt("the reactor was stopped during a test")
    if isinstance(outcome[0], Failure):
        outcome[0].raiseException()
    return outcome[0]
