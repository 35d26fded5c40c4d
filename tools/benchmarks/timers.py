"""
Micro-benchmark of the reactor's timers; runs under this project and under the published Twisted.

Prints one JSON object: the best of several rounds, in microseconds for one operation.
"""

import json
from collections.abc import Callable
from time import perf_counter

from twisted.internet import reactor

COUNT = 20_000
ROUNDS = 7


def nothing() -> None:
    """The function that the timers call."""


def schedule_and_cancel() -> None:
    calls = [reactor.callLater(1000 + n % 97, nothing) for n in range(COUNT)]
    for call in calls:
        call.cancel()
    reactor.runUntilCurrent()  # type: ignore[attr-defined]


def schedule_and_run() -> None:
    for _ in range(COUNT):
        reactor.callLater(0, nothing)
    reactor.runUntilCurrent()  # type: ignore[attr-defined]


def push_back() -> None:
    call = reactor.callLater(1000, nothing)
    for _ in range(COUNT):
        call.reset(1000)
    call.cancel()
    reactor.runUntilCurrent()  # type: ignore[attr-defined]


def best(operation: Callable[[], None]) -> float:
    times = []
    for _ in range(ROUNDS):
        start = perf_counter()
        operation()
        times.append(perf_counter() - start)
    return min(times) / COUNT * 1e6


print(
    json.dumps(
        {
            "callLater, cancel": best(schedule_and_cancel),
            "callLater(0), run": best(schedule_and_run),
            "reset a timer": best(push_back),
        }
    )
)
