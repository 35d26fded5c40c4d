"""What a program waits for, what takes too long, and what nobody has handled."""

from __future__ import annotations

import asyncio
import gc
import io
import os
import signal
import sys
import threading
import time

import pytest

from twisted.internet import _deferred, asyncioloop, debugging
from twisted.internet.defer import Deferred, fail, inlineCallbacks
from twisted.internet.task import deferLater


def told():
    """What is dumped."""
    file = io.StringIO()
    debugging.dumpWaiting(file)
    return file.getvalue()


async def innermost(waited):
    await waited


async def middle(waited):
    await innermost(waited)


@inlineCallbacks
def outermost(waited):
    yield Deferred.fromCoroutine(middle(waited))


def test_what_coroutines_wait_for():
    """Each is told with all that it awaits, down to the Deferred; one that has ended is not."""
    waited = Deferred()
    running = outermost(waited)
    text = told()
    lines = [line.strip() for line in text.splitlines()]
    outer, inner = lines.index("- outermost"), lines.index("middle")
    assert outer < inner
    assert f"{__file__}:" in lines[outer + 1]
    assert lines[outer + 1].endswith("in outermost")
    assert [line.rpartition(" in ")[2] for line in lines[inner + 1 : inner + 3]] == [
        "middle",
        "innermost",
    ]
    assert lines[inner + 3] == f"waits for {waited!r}"
    waited.callback(None)
    assert running.called
    assert "outermost" not in told()


def test_where_a_deferred_was_made():
    """While Deferreds remember that, it is told."""
    _deferred.setDebugging(True)
    try:
        waited = Deferred()
    finally:
        _deferred.setDebugging(False)
    running = Deferred.fromCoroutine(innermost(waited))
    assert "test_where_a_deferred_was_made" in told()
    waited.callback(None)
    assert running.called


def test_a_coroutine_that_runs():
    """One that runs at this moment waits for nothing."""
    texts = []

    async def tell():
        await deferred
        texts.append(told())

    deferred = Deferred()
    Deferred.fromCoroutine(tell())
    deferred.callback(None)
    assert "nothing: it runs at this moment" in texts[0]


def test_tasks_of_asyncio(epoll, kit):
    """Tasks are told, too."""
    loop = asyncioloop.ReactorEventLoop(epoll)
    texts = []

    async def sleeper():
        await asyncio.sleep(60)

    def begin():
        loop.create_task(sleeper(), name="the sleeper")
        epoll.callLater(0.01, lambda: texts.append(told()))
        epoll.callLater(0.02, epoll.stop)

    kit.run(epoll, begin)
    assert "- task the sleeper: test_tasks_of_asyncio.<locals>.sleeper" in texts[0]
    assert "in sleeper" in texts[0]


def test_signal(capsys):
    """The signal has it told, with what runs at the moment."""
    before = debugging.dumpOnSignal(signal.SIGUSR2)
    try:
        os.kill(os.getpid(), signal.SIGUSR2)
    finally:
        signal.signal(signal.SIGUSR2, before)
    text = capsys.readouterr().err
    assert "This runs at the moment:" in text
    assert "in test_signal" in text
    assert "coroutines wait for Deferreds" in text


def busy(until):
    """Do something until an event is set, without giving the reactor a chance."""
    while not until.is_set():
        time.sleep(0)


def slowReports(events):
    return [event for event in events if "has been running" in event.get("log_format", "")]


def test_slow_callbacks(reactor, kit, events):
    """What takes too long is reported with its stack while it runs."""
    reported = threading.Event()
    watch = debugging.SlowCallbacks(0.02)

    def slow():
        busy(reported)

    def reports(events):
        # On a busy machine, the start of the watching thread may be slow, too.
        return [report for report in slowReports(events) if "in slow" in report["stack"]]

    def observe(event):
        if reports([event]):
            reported.set()

    from twisted.logger import globalLogPublisher

    globalLogPublisher.addObserver(observe)
    try:
        reactor.callWhenRunning(watch.start)
        reactor.callLater(0.01, slow)
        reactor.callLater(0.02, reactor.stop)
        kit.run(reactor)
    finally:
        watch.stop()
        globalLogPublisher.removeObserver(observe)
    report = reports(events)[0]
    assert report["seconds"] >= 0.02
    assert "in busy" in report["stack"]


def test_nothing_is_slow(epoll, kit, events):
    """A reactor that waits, or does much in small pieces, is not reported."""
    watch = debugging.SlowCallbacks(0.05)
    count = 0

    def small():
        nonlocal count
        count += 1
        if count < 2000:
            epoll.callLater(0, small)

    def begin():
        watch.start()
        small()
        epoll.callLater(0.2, epoll.stop)

    kit.run(epoll, begin)
    watch.stop()
    watch.stop()
    assert count == 2000
    assert slowReports(events) == []


def test_unraisable(monkeypatch, errors):
    """On request, failures that nobody has handled reach the interpreter's hook, and the log."""
    hooked = []
    monkeypatch.setattr(sys, "unraisablehook", hooked.append)
    fail(ValueError("first"))
    gc.collect()
    assert hooked == []
    debugging.reportUnraisable()
    try:
        fail(ValueError("second"))
        gc.collect()
    finally:
        debugging.reportUnraisable(False)
    assert [str(each.exc_value) for each in hooked] == ["second"]
    assert hooked[0].exc_type is ValueError
    assert len(errors.take(ValueError)) == 2


def test_the_interpreters_own_hook(capsys, errors):
    """It takes what it is given."""
    debugging.reportUnraisable()
    hook, sys.unraisablehook = sys.unraisablehook, sys.__unraisablehook__
    try:
        fail(ValueError("to be seen"))
        gc.collect()
    finally:
        sys.unraisablehook = hook
        debugging.reportUnraisable(False)
    text = capsys.readouterr().err
    assert "ValueError: to be seen" in text
    errors.take(ValueError)


def test_development(epoll, kit, capsys):
    """Everything is on while the reactor runs, and off again afterwards."""
    before = signal.getsignal(signal.SIGUSR2)
    debugging.development(epoll, number=signal.SIGUSR2)
    assert _deferred.getDebugging()

    async def work():
        waiting = Deferred.fromCoroutine(deferLaterForever())
        os.kill(os.getpid(), signal.SIGUSR2)
        waiting.addErrback(lambda failure: None)
        waiting.cancel()
        assert "slow callbacks" in [thread.name for thread in threading.enumerate()]
        epoll.stop()

    async def deferLaterForever():
        await deferLater(epoll, 60)

    kit.run(epoll, lambda: Deferred.fromCoroutine(work()))
    text = capsys.readouterr().err
    assert "deferLaterForever" in text
    assert not _deferred.getDebugging()
    assert signal.getsignal(signal.SIGUSR2) is before
    assert "slow callbacks" not in [thread.name for thread in threading.enumerate()]


@pytest.mark.parametrize("loop", sorted(debugging._LOOPS))
def test_the_loops_are_there(loop):
    """Each function that counts as a loop is one."""
    from importlib import import_module

    module, name = loop
    found = [
        each
        for each in vars(import_module(module)).values()
        if isinstance(each, type) and hasattr(each, name)
    ]
    assert found, loop
