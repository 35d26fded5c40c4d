"""What reactors count, and how Prometheus is told."""

from __future__ import annotations

import re
import socket

import pytest

from twisted.internet import task
from twisted.internet.metrics import (
    LATENESS_BOUNDS,
    Family,
    ReactorMetrics,
    exclude,
    include,
    probe,
    prometheusText,
)
from twisted.internet.protocol import DatagramProtocol
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool


def test_connections_and_bytes(reactor, kit):
    """Both sides of a connection are counted, as long as it is open and afterwards."""
    pair = kit.Pair(reactor)
    metrics = reactor.metrics
    assert (metrics.accepted, metrics.acceptedOpen) == (1, 1)
    assert (metrics.connected, metrics.connectedOpen) == (1, 1)
    pair.client.transport.write(b"12345")
    pair.spin(lambda: pair.server.received)
    pair.server.transport.write(b"x" * 1_000_000)
    pair.spin(lambda: len(pair.client.received) == 1_000_000)
    assert metrics.bytesSent == metrics.bytesReceived == 1_000_005
    pair.client.transport.loseConnection()
    pair.spin(lambda: pair.client.lost and pair.server.lost)
    assert (metrics.accepted, metrics.acceptedOpen) == (1, 0)
    assert (metrics.connected, metrics.connectedOpen) == (1, 0)


def test_aborted_connections(reactor, kit):
    """A connection that is aborted is not open any more, however often it is ended."""
    pair = kit.Pair(reactor)
    pair.server.transport.abortConnection()
    pair.server.transport.loseConnection()
    pair.spin(lambda: pair.client.lost and pair.server.lost)
    assert (reactor.metrics.acceptedOpen, reactor.metrics.connectedOpen) == (0, 0)


def test_failed_connections(reactor, kit):
    """What could not be connected was never open."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        client = kit.Client()
        reactor.connectTCP("127.0.0.1", taken.getsockname()[1], client)
        kit.spin(reactor, lambda: client.failed)
    assert (reactor.metrics.connectFailed, reactor.metrics.connected) == (1, 0)
    assert reactor.metrics.connectedOpen == 0


def test_unix_sockets(epoll, kit, tmp_path):
    """They count like others."""
    server, client = kit.Server(), kit.Client()
    epoll.listenUNIX(str(tmp_path / "s"), server)
    epoll.connectUNIX(str(tmp_path / "s"), client)
    kit.spin(epoll, lambda: client.proto is not None and server.protocols)
    client.proto.transport.write(b"abc")
    kit.spin(epoll, lambda: server.protocols[0].received)
    assert (epoll.metrics.bytesReceived, epoll.metrics.acceptedOpen) == (3, 1)


def test_datagrams(epoll, kit):
    """Datagrams are counted, not their bytes."""

    class Keep(DatagramProtocol):
        got = b""

        def datagramReceived(self, data, address):
            self.got += data

    taker, giver = Keep(), Keep()
    port = epoll.listenUDP(0, taker, interface="127.0.0.1")
    epoll.listenUDP(0, giver, interface="127.0.0.1")
    for _ in range(2):
        giver.transport.write(b"xyz", ("127.0.0.1", port.getHost().port))
    kit.spin(epoll, lambda: len(taker.got) == 6)
    assert (epoll.metrics.datagramsSent, epoll.metrics.datagramsReceived) == (2, 2)


def test_lateness(epoll, monkeypatch):
    """How late calls were made is counted in ranges."""
    now = [100.0]
    monkeypatch.setattr(epoll, "seconds", lambda: now[0])
    for delay in (1, 1.99, 5):
        epoll.callLater(delay, lambda: None)
    epoll.callLater(1, lambda: None).cancel()
    now[0] = 102.0
    epoll.runUntilCurrent()
    metrics = epoll.metrics
    assert metrics.timersCalled == 2
    assert metrics.lateness == pytest.approx(1.01)
    assert metrics.longestLateness == 1.0
    counts = dict(zip(LATENESS_BOUNDS, metrics.latenessCounts, strict=False))
    assert {bound: n for bound, n in counts.items() if n} in ({0.05: 1, 1.0: 1}, {0.01: 1, 1.0: 1})


def test_above_all_ranges():
    """What is later than the last bound is counted, too."""
    metrics = ReactorMetrics()
    metrics.calledLate(60)
    assert metrics.latenessCounts[-1] == 1


def test_probe():
    """A program that schedules nothing may have calls made for it."""
    clock = task.Clock()
    call = probe(clock, 2)
    clock.advance(2)
    (left,) = clock.getDelayedCalls()
    assert left.getTime() == 4
    call.stop()
    assert not clock.getDelayedCalls()


LINE = re.compile(r'twisted_[a-z_]+(\{[a-z]+="[a-z+I0-9.nf]+"\})? -?[0-9.e+-]+')


def test_text(epoll, kit):
    """Each family is described before its samples, and ranges add up."""
    epoll.callLater(60, lambda: None)
    epoll.metrics.calledLate(0.002)
    epoll.metrics.calledLate(0.2)
    text = prometheusText(epoll)
    assert text.endswith("\n")
    described = set()
    for line in text.splitlines():
        if line.startswith("#"):
            described.add(line.split()[2])
        else:
            assert LINE.fullmatch(line), line
            assert re.sub("_(bucket|sum|count)$", "", re.split("[ {]", line)[0]) in described
    assert 'twisted_timer_lateness_seconds_bucket{le="0.001"} 0\n' in text
    assert 'twisted_timer_lateness_seconds_bucket{le="0.005"} 1\n' in text
    assert 'twisted_timer_lateness_seconds_bucket{le="+Inf"} 2\n' in text
    assert "twisted_timer_lateness_seconds_count 2\n" in text
    assert "twisted_timers_pending 1\n" in text
    assert 'twisted_connections_open{side="accepted"} 0\n' in text
    assert 'twisted_pool_threads{state="waiting"} 0\n' in text
    for call in epoll.getDelayedCalls():
        call.cancel()


def test_counts_of_others(epoll):
    """What else counts is told of while it is included; the same of several is added up."""

    def one():
        return [Family("bells_total", "counter", "Bells.", {'{tone="a"}': 1, '{tone="b"}': 2})]

    def other():
        return [Family("bells_total", "counter", "Bells.", {'{tone="b"}': 3})]

    include(epoll, one)
    include(epoll, other)
    text = prometheusText(epoll)
    assert text.endswith(
        "# HELP twisted_bells_total Bells.\n# TYPE twisted_bells_total counter\n"
        'twisted_bells_total{tone="a"} 1\ntwisted_bells_total{tone="b"} 5\n'
    )
    exclude(epoll, one)
    assert 'twisted_bells_total{tone="b"} 3\n' in prometheusText(epoll)
    exclude(epoll, other)
    assert "bells" not in prometheusText(epoll)
    with pytest.raises(ValueError, match="not in list"):
        exclude(epoll, other)


def test_threads(epoll, kit):
    """The pool's threads are told."""
    epoll.threadpool = pool = ThreadPool(1, 2)
    pool.start()
    done = deferToThreadPool(epoll, pool, lambda: prometheusText(epoll))
    kit.spin(epoll, lambda: done.called)
    assert 'twisted_pool_threads{state="working"} 1\n' in done.result
