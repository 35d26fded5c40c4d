"""How many calls the other side makes, and how long they take."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable
from typing import Any

from twisted.python.failure import Failure

__all__ = ["DURATION_BOUNDS", "CallMetrics", "MethodMetrics"]

#: Upper bounds of the histogram of durations, in seconds.
DURATION_BOUNDS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0)


class MethodMetrics:
    """
    What is known of the calls of one method.

    @ivar count: how many have ended.
    @ivar failed: how many of them have failed.
    @ivar underWay: how many have not ended.
    @ivar seconds: how long those that have ended took in all.
    @ivar durations: how many took up to each of `DURATION_BOUNDS`, but longer than the bound
        before; the last took longer than all.
    """

    __slots__ = ("count", "durations", "failed", "seconds", "underWay")

    def __init__(self) -> None:
        self.count = self.failed = self.underWay = 0
        self.seconds = 0.0
        self.durations = [0] * (len(DURATION_BOUNDS) + 1)


class _Call:
    """A call that has begun."""

    __slots__ = ("_clock", "_method", "_start")

    def __init__(self, method: MethodMetrics, clock: Callable[[], float]) -> None:
        self._method = method
        self._clock = clock
        self._start = clock()
        method.underWay += 1

    def end(self, failure: Failure | None = None) -> None:
        """It has ended."""
        method, took = self._method, self._clock() - self._start
        method.underWay -= 1
        method.count += 1
        method.seconds += took
        method.durations[bisect_left(DURATION_BOUNDS, took)] += 1
        if failure is not None:
            method.failed += 1


class CallMetrics:
    """
    Counts the calls of all connections of the factories whose C{metrics} this is.

    @cvar maxMethods: how many methods are told apart, as clients can make names up.
    @ivar methods: what is known of each, by its name; of all others by C{"(others)"}.
    """

    maxMethods = 500

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        """
        @param clock: gives the time in seconds.
        """
        self.methods: dict[str, MethodMetrics] = {}
        self._clock = clock

    def begin(self, target: Any, name: str) -> _Call:
        """A call begins. @return: what is to be told of its end."""
        method = self.methods.get(name)
        if method is None:
            if len(self.methods) >= self.maxMethods:
                name = "(others)"
            method = self.methods.setdefault(name, MethodMetrics())
        return _Call(method, self._clock)

    def prometheusText(self) -> str:
        """
        What has been counted, as Prometheus reads it.

        Source: Prometheus, "Exposition formats", text format 0.0.4.
        """
        lines: list[str] = []
        self._family(lines, "calls_total", "counter", "Calls that have ended.", "count")
        self._family(lines, "calls_failed_total", "counter", "Those that have failed.", "failed")
        self._family(lines, "calls_under_way", "gauge", "Calls that have not ended.", "underWay")
        name = "twisted_pb_call_seconds"
        lines.append(f"# HELP {name} How long calls took.")
        lines.append(f"# TYPE {name} histogram")
        for method, known in self.methods.items():
            label = f'method="{_escaped(method)}"'
            below = 0
            for bound, count in zip([*DURATION_BOUNDS, "+Inf"], known.durations, strict=True):
                below += count
                lines.append(f'{name}_bucket{{{label},le="{bound}"}} {below}')
            lines.append(f"{name}_sum{{{label}}} {known.seconds}")
            lines.append(f"{name}_count{{{label}}} {known.count}")
        return "\n".join(lines) + "\n"

    def _family(self, lines: list[str], name: str, kind: str, text: str, attribute: str) -> None:
        lines.append(f"# HELP twisted_pb_{name} {text}")
        lines.append(f"# TYPE twisted_pb_{name} {kind}")
        for method, known in self.methods.items():
            value = getattr(known, attribute)
            lines.append(f'twisted_pb_{name}{{method="{_escaped(method)}"}} {value}')


def _escaped(label: str) -> str:
    return label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
