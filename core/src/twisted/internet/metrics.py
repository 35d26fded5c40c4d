"""
How a reactor is doing: connections, bytes, timers, and how late it is.

Every reactor counts, all the time, in its attribute ``metrics``.  `prometheusText` writes what has
been counted in the text format of Prometheus; ``twist web --metrics`` serves that.  What counts
something else, such as a name server, may have its counts told there, too, by `include`.

How late a reactor is shows in how late it makes the calls that `callLater` has scheduled: a
callback that takes long delays them all.  A program that schedules hardly anything may have `probe`
do it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from twisted.internet._metrics import LATENESS_BOUNDS, ReactorMetrics
from twisted.internet.task import LoopingCall

__all__ = [
    "LATENESS_BOUNDS",
    "Family",
    "ReactorMetrics",
    "exclude",
    "familyText",
    "include",
    "probe",
    "prometheusText",
]


class Family(NamedTuple):
    """
    Numbers of one name.

    @ivar name: the name, to which C{twisted_} is added.
    @ivar kind: C{counter} or C{gauge}.
    @ivar text: what it is, in one line.
    @ivar samples: the numbers by their labels, such as C{{side="accepted"}}; one without labels
        by the empty string.
    """

    name: str
    kind: str
    text: str
    samples: Mapping[str, float]


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


def include(reactor: Any, source: Callable[[], Iterable[Family]]) -> None:
    """
    Have `prometheusText` tell of the counts of something else, until `exclude`.

    @param source: gives them; numbers of the same name and the same labels are added up.
    """
    reactor.metrics.sources.append(source)


def exclude(reactor: Any, source: Callable[[], Iterable[Family]]) -> None:
    """
    Have the counts of a source told no longer.

    @raise ValueError: it was not included.
    """
    reactor.metrics.sources.remove(source)


def familyText(family: Family) -> str:
    """Write the numbers of one name in the text format 0.0.4 of Prometheus."""
    name = f"twisted_{family.name}"
    lines = [f"# HELP {name} {family.text}", f"# TYPE {name} {family.kind}"]
    lines += [f"{name}{label} {value}" for label, value in family.samples.items()]
    return "\n".join(lines) + "\n"


def _included(metrics: ReactorMetrics) -> Iterable[Family]:
    """The counts of others, those of the same name together."""
    families: dict[str, Family] = {}
    for source in metrics.sources:
        for family in source():
            known = families.get(family.name)
            if known is not None:
                samples = dict(known.samples)
                for label, value in family.samples.items():
                    samples[label] = samples.get(label, 0) + value
                family = known._replace(samples=samples)
            families[family.name] = family
    return families.values()


def prometheusText(reactor: Any) -> str:
    """
    What a reactor has counted, and what was included, as Prometheus reads it.

    @param reactor: one of this package, in whose thread this is called.
    @return: in the text format 0.0.4, to be sent as UTF-8.
    """
    metrics: ReactorMetrics = reactor.metrics
    parts: list[str] = []

    def family(name: str, kind: str, text: str, samples: dict[str, float]) -> None:
        parts.append(familyText(Family(name, kind, text, samples)))

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
    parts.append(_lateness(metrics))
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
    parts += map(familyText, _included(metrics))
    return "".join(parts)


def _lateness(metrics: ReactorMetrics) -> str:
    """Write the histogram of how late calls were made, whose counts are cumulative there."""
    name = "twisted_timer_lateness_seconds"
    lines = [
        f"# HELP {name} How much later than scheduled calls were made.",
        f"# TYPE {name} histogram",
    ]
    below = 0
    for bound, count in zip([*LATENESS_BOUNDS, "+Inf"], metrics.latenessCounts, strict=True):
        below += count
        lines.append(f'{name}_bucket{{le="{bound}"}} {below}')
    lines.append(f"{name}_sum {metrics.lateness}")
    lines.append(f"{name}_count {metrics.timersCalled}")
    longest = Family(
        "timer_lateness_longest_seconds",
        "gauge",
        "The longest of these delays.",
        {"": metrics.longestLateness},
    )
    return "\n".join(lines) + "\n" + familyText(longest)
