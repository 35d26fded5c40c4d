"""
How a reactor is doing: connections, bytes, timers, and how late it is.

Every reactor counts, all the time, in its attribute ``metrics``.  `prometheusText` writes what has
been counted in the text format of Prometheus; ``twist web --metrics`` serves that.

How late a reactor is shows in how late it makes the calls that `callLater` has scheduled: a
callback that takes long delays them all.  A program that schedules hardly anything may have `probe`
do it.
"""

from __future__ import annotations

from typing import Any

from twisted.internet._metrics import LATENESS_BOUNDS, ReactorMetrics
from twisted.internet.task import LoopingCall

__all__ = ["LATENESS_BOUNDS", "ReactorMetrics", "probe", "prometheusText"]


def probe(reactor: Any, interval: float = 1.0) -> LoopingCall:
    """
    Have a reactor make a call now and then, so that its lateness is known.

    @param interval: the time between two calls, in seconds.
    @return: what does it; its C{stop} ends it.
    """
    call = LoopingCall(lambda: None)
    call.clock = reactor
    call.start(interval, now=False)
    return call


def prometheusText(reactor: Any) -> str:
    """
    What a reactor has counted, as Prometheus reads it.

    @param reactor: one of this package, in whose thread this is called.
    @return: in the text format 0.0.4, to be sent as UTF-8.
    """
    metrics: ReactorMetrics = reactor.metrics
    lines: list[str] = []

    def family(name: str, kind: str, text: str, samples: dict[str, float]) -> None:
        lines.append(f"# HELP twisted_{name} {text}")
        lines.append(f"# TYPE twisted_{name} {kind}")
        lines.extend(f"twisted_{name}{label} {value}" for label, value in samples.items())

    sides = ("accepted", "connected")
    family(
        "connections_total",
        "counter",
        "Connections that were accepted, and made.",
        {f'{{side="{side}"}}': getattr(metrics, side) for side in sides},
    )
    family(
        "connections_open",
        "gauge",
        "Those of them that are open.",
        {f'{{side="{side}"}}': getattr(metrics, side + "Open") for side in sides},
    )
    family(
        "connections_failed_total",
        "counter",
        "Connections that could not be made.",
        {"": metrics.connectFailed},
    )
    received, sent = '{direction="received"}', '{direction="sent"}'
    family(
        "stream_bytes_total",
        "counter",
        "Bytes over stream sockets.",
        {received: metrics.bytesReceived, sent: metrics.bytesSent},
    )
    family(
        "datagrams_total",
        "counter",
        "Datagrams.",
        {received: metrics.datagramsReceived, sent: metrics.datagramsSent},
    )
    _lateness(metrics, lines)
    family("timers_pending", "gauge", "Scheduled calls.", {"": len(reactor.getDelayedCalls())})
    family(
        "thread_calls_pending",
        "gauge",
        "Calls that threads have handed over and that wait.",
        {"": len(reactor.threadCallQueue)},
    )
    pool = reactor.threadpool
    family(
        "pool_threads",
        "gauge",
        "Threads of the pool.",
        {
            '{state="working"}': 0 if pool is None else len(pool.working),
            '{state="waiting"}': 0 if pool is None else len(pool.waiters),
        },
    )
    return "\n".join(lines) + "\n"


def _lateness(metrics: ReactorMetrics, lines: list[str]) -> None:
    """Write the histogram of how late calls were made, whose counts are cumulative there."""
    name = "twisted_timer_lateness_seconds"
    lines.append(f"# HELP {name} How much later than scheduled calls were made.")
    lines.append(f"# TYPE {name} histogram")
    below = 0
    for bound, count in zip([*LATENESS_BOUNDS, "+Inf"], metrics.latenessCounts, strict=True):
        below += count
        lines.append(f'{name}_bucket{{le="{bound}"}} {below}')
    lines.append(f"{name}_sum {metrics.lateness}")
    lines.append(f"{name}_count {metrics.timersCalled}")
    longest = "twisted_timer_lateness_longest_seconds"
    lines.append(f"# HELP {longest} The longest of these delays.")
    lines.append(f"# TYPE {longest} gauge")
    lines.append(f"{longest} {metrics.longestLateness}")
