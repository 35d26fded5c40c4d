"""Tests of `twisted.internet.threads` and `twisted.python.threadpool`."""

from __future__ import annotations

import gc
import threading
import weakref
from queue import SimpleQueue

import pytest

from twisted.internet import threads
from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs
from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool


class Reactor:
    """Runs what comes from threads when a test says so."""

    def __init__(self):
        self.calls = SimpleQueue()

    def callFromThread(self, function, *arguments, **named):
        """Keep a call."""
        self.calls.put((function, arguments, named))

    def step(self):
        """Make the next call, waiting for it."""
        function, arguments, named = self.calls.get(timeout=10)
        function(*arguments, **named)


@pytest.fixture
def pool():
    """A pool of at most two threads."""
    made = ThreadPool(0, 2, "test")
    made.start()
    yield made
    made.stop()


def results(deferred):
    """A list that the result goes to."""
    seen = []
    deferred.addBoth(seen.append)
    return seen


def test_result(pool):
    """The result of a function in a thread arrives in the reactor's."""
    reactor = Reactor()
    seen = results(
        threads.deferToThreadPool(reactor, pool, lambda x, y: (x, y, threading.get_ident()), 1, y=2)
    )
    assert seen == []
    reactor.step()
    ((x, y, thread),) = seen
    assert (x, y) == (1, 2)
    assert thread != threading.get_ident()


def test_error(pool):
    """What a function raises is the failure."""
    reactor = Reactor()
    seen = results(threads.deferToThreadPool(reactor, pool, lambda: 1 / 0))
    reactor.step()
    assert seen[0].check(ZeroDivisionError)


@pytest.mark.parametrize("outcome", ["plain", "error", "deferred"])
def test_blocking(outcome):
    """A thread waits for what is called in the reactor's."""
    reactor, pending, seen = Reactor(), Deferred(), []

    def function(value):
        if outcome == "error":
            raise ValueError(value)
        return pending if outcome == "deferred" else value

    def work():
        try:
            seen.append(threads.blockingCallFromThread(reactor, function, "x"))
        except ValueError as error:
            seen.append(error.args)

    thread = threading.Thread(target=work)
    thread.start()
    reactor.step()
    if outcome == "deferred":
        assert seen == []
        pending.callback("later")
    thread.join(10)
    assert seen == [{"plain": "x", "error": ("x",), "deferred": "later"}[outcome]]


def test_global_reactor(monkeypatch, pool):
    """The global reactor's pool is used if none is given."""

    class Global(Reactor):
        def getThreadPool(self):
            return pool

        def callInThread(self, function, *arguments):
            pool.callInThread(function, *arguments)

    reactor = Global()
    monkeypatch.setattr(threads, "currentReactor", lambda: reactor)
    seen = results(threads.deferToThread(lambda: 5))
    reactor.step()
    assert seen == [5]
    done = SimpleQueue()
    threads.callMultipleInThread([(done.put, (1,), {}), (done.put, (), {"item": 2})])
    assert [done.get(timeout=10), done.get(timeout=10)] == [1, 2]


# The pool


def test_size(pool):
    """A pool has as many threads as it needs, within its limits."""
    gate, begun = threading.Event(), SimpleQueue()

    def wait():
        begun.put(1)
        gate.wait(10)

    assert pool.workers == 0
    for _ in range(5):
        pool.callInThread(wait)
    begun.get(timeout=10)
    begun.get(timeout=10)
    assert pool.workers == 2
    assert begun.empty()
    pool.adjustPoolsize(0, 3)
    begun.get(timeout=10)
    assert pool.workers == 3
    gate.set()
    for _ in range(2):
        begun.get(timeout=10)


@pytest.mark.parametrize(("least", "most"), [(-1, 5), (5, 4), (0, -1)])
def test_bad_sizes(least, most):
    """A pool has not less threads than none, nor less at most than at least."""
    with pytest.raises(AssertionError):
        ThreadPool(least, most)


def test_callback(pool):
    """What asked is told of the result in the thread, whether it is good or not."""
    told = SimpleQueue()
    pool.callInThreadWithCallback(lambda *result: told.put(result), lambda: 5)
    assert told.get(timeout=10) == (True, 5)
    pool.callInThreadWithCallback(lambda *result: told.put(result), lambda: 1 / 0)
    good, failure = told.get(timeout=10)
    assert not good
    assert isinstance(failure, Failure)
    assert failure.check(ZeroDivisionError)


def test_logged_errors(pool):
    """An error that nobody is told of is logged, and its thread goes on."""
    done = threading.Event()
    with capturedLogs() as events:
        pool.callInThread(lambda: 1 / 0)
        pool.callInThreadWithCallback(lambda *result: 1 / 0, lambda: 5)
        pool.callInThread(done.set)
        assert done.wait(10)
        pool.stop()
    assert len(events) == 2


def test_before_and_after():
    """What is asked before the start is done after it; nothing is done after the end."""
    made, done = ThreadPool(0, 1), threading.Event()
    made.callInThread(done.set)
    assert not done.is_set()
    made.start()
    assert done.wait(10)
    made.stop()
    late = threading.Event()
    made.callInThread(late.set)
    assert not late.is_set()
    assert made.workers == 0


def test_nothing_kept(pool):
    """A thread that waits keeps nothing of what it has done alive."""

    class Thing:
        pass

    kept = SimpleQueue()
    thing = Thing()
    reference = weakref.ref(thing)
    pool.callInThreadWithCallback(lambda *result: kept.put(1), lambda thing: None, thing)
    kept.get(timeout=10)
    done = threading.Event()
    pool.callInThread(done.set)
    assert done.wait(10)
    del thing
    gc.collect()
    assert reference() is None
