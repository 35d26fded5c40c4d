#!/usr/bin/env python3
"""
Time operations on Deferreds in whichever Twisted the interpreter has.

    python tools/benchmarks/deferred.py

Prints a JSON object: the microseconds that each operation takes, the best of many rounds.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable, Generator
from typing import Any

from twisted.internet.defer import (
    Deferred,
    DeferredLock,
    ensureDeferred,
    gatherResults,
    inlineCallbacks,
    maybeDeferred,
    succeed,
)
from twisted.python.failure import Failure

CALLS = 2_000
ROUNDS = 30


def same(result: Any) -> Any:
    """A callback that does nothing."""
    return result


def with_argument(result: Any, argument: Any) -> Any:
    """A callback that is given one more argument and does nothing."""
    return result


def swallow(failure: Failure) -> None:
    """An errback that handles everything."""


def make() -> None:
    """Make a Deferred."""
    Deferred()


def three_callbacks() -> None:
    """Make a Deferred, add three callbacks, and fire it."""
    d: Deferred[int] = Deferred()
    d.addCallback(same)
    d.addCallback(same)
    d.addCallback(same)
    d.callback(1)


def callback_arguments() -> None:
    """Add a callback with a further argument, and fire."""
    d: Deferred[int] = Deferred()
    d.addCallback(with_argument, 2)
    d.callback(1)


def succeeded() -> None:
    """Make a Deferred that has fired, and add a callback."""
    succeed(1).addCallback(same)


def call_maybe() -> None:
    """Call a function that returns no Deferred."""
    maybeDeferred(same, 1)


def failing() -> None:
    """A callback raises; two further callbacks are passed over; an errback handles it."""
    d: Deferred[int] = Deferred()
    d.addCallback(fail_now)
    d.addCallback(same)
    d.addCallback(same)
    d.addErrback(swallow)
    d.callback(1)


def fail_now(result: Any) -> None:
    """A callback that raises."""
    raise ValueError(result)


def chained() -> None:
    """A callback returns a Deferred that fires later."""
    inner: Deferred[int] = Deferred()
    outer: Deferred[int] = Deferred()
    outer.addCallback(lambda result: inner)
    outer.addCallback(same)
    outer.callback(1)
    inner.callback(2)


async def waits(d: Deferred[int]) -> int:
    """A coroutine that awaits one Deferred."""
    return await d


def await_pending() -> None:
    """A coroutine awaits a Deferred, which then fires."""
    d: Deferred[int] = Deferred()
    ensureDeferred(waits(d))
    d.callback(1)


def await_fired() -> None:
    """A coroutine awaits a Deferred that has fired."""
    ensureDeferred(waits(succeed(1)))


@inlineCallbacks
def waits_inline(d: Deferred[int]) -> Generator[Deferred[int], Any, int]:
    """A generator that yields one Deferred."""
    result: int = yield d
    return result


def inline_pending() -> None:
    """An inlineCallbacks generator yields a Deferred, which then fires."""
    d: Deferred[int] = Deferred()
    waits_inline(d)
    d.callback(1)


def inline_fired() -> None:
    """An inlineCallbacks generator yields a Deferred that has fired."""
    waits_inline(succeed(1))


def inline_failing() -> None:
    """An inlineCallbacks generator yields a Deferred, which then fails."""
    d: Deferred[int] = Deferred()
    waits_inline(d).addErrback(swallow)
    d.errback(ValueError(1))


def gather_ten() -> None:
    """Wait for ten Deferreds at once."""
    waiting: list[Deferred[int]] = [Deferred() for _ in range(10)]
    gatherResults(waiting)
    for d in waiting:
        d.callback(1)


def run_locked() -> None:
    """Run a function under a lock that is free."""
    lock.run(same, 1)


lock = DeferredLock()

OPERATIONS: dict[str, Callable[[], None]] = {
    "make": make,
    "make, 3 callbacks, fire": three_callbacks,
    "callback with an argument": callback_arguments,
    "succeed, addCallback": succeeded,
    "maybeDeferred": call_maybe,
    "raise, errback": failing,
    "chained": chained,
    "await pending": await_pending,
    "await fired": await_fired,
    "inlineCallbacks pending": inline_pending,
    "inlineCallbacks fired": inline_fired,
    "inlineCallbacks failing": inline_failing,
    "gatherResults of 10": gather_ten,
    "DeferredLock.run": run_locked,
}


def microseconds(operation: Callable[[], None]) -> float:
    """The time of one call, from the round that was disturbed least."""
    best = float("inf")
    for _ in range(ROUNDS):
        gc.collect()
        start = time.perf_counter()
        for _ in range(CALLS):
            operation()
        best = min(best, time.perf_counter() - start)
    return best / CALLS * 1e6


def main() -> None:
    """Print the times of the operations named on the command line, or of all."""
    wanted = sys.argv[1:] or OPERATIONS
    json.dump({name: microseconds(OPERATIONS[name]) for name in wanted}, sys.stdout)


if __name__ == "__main__":
    main()
