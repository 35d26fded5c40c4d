"""The life of a reactor: timers, threads, events, start and stop, on every kind of reactor."""

from __future__ import annotations

import threading

import pytest
from zope.interface.verify import verifyObject

from twisted.internet import interfaces
from twisted.internet.base import ReactorBase
from twisted.internet.defer import Deferred
from twisted.internet.error import (
    ReactorAlreadyRunning,
    ReactorNotRestartable,
    ReactorNotRunning,
)


@pytest.mark.parametrize(
    "interface",
    [
        interfaces.IReactorCore,
        interfaces.IReactorTime,
        interfaces.IReactorThreads,
        interfaces.IReactorFDSet,
        interfaces.IReactorTCP,
        interfaces.IReactorUNIX,
        interfaces.IReactorPluggableResolver,
        interfaces.IReactorPluggableNameResolver,
    ],
)
def test_interfaces(reactor, interface):
    """A reactor provides what it promises."""
    assert verifyObject(interface, reactor)


class TestTime:
    """`callLater` and what belongs to it."""

    def test_order_and_arguments(self, reactor, kit):
        """Calls are made in the order of their times, with their arguments."""
        made = []
        reactor.callLater(0.02, made.append, "b")
        reactor.callLater(0, lambda *args, **kw: made.append((args, kw)), 1, key=2)
        reactor.callLater(0.03, reactor.stop)
        kit.run(reactor)
        assert made == [((1,), {"key": 2}), "b"]

    def test_call_that_makes_another(self, reactor, kit):
        """A call that makes another one at once does not keep the loop from other work."""
        count = 0

        def again():
            nonlocal count
            count += 1
            reactor.callLater(0, again)

        reactor.callLater(0, again)
        reactor.callLater(0.01, reactor.stop)
        kit.run(reactor)
        assert count > 1

    def test_active_during_the_call(self, reactor, kit):
        """A call counts as made while it is being made."""
        states = []
        call = reactor.callLater(0, lambda: states.append((call.active(), call.called)))
        reactor.callLater(0, reactor.stop)
        kit.run(reactor)
        assert states == [(False, 1)]

    def test_exception(self, reactor, kit, errors):
        """An exception in a timer is logged once, and the other timers are called."""
        made = []
        reactor.callLater(0, lambda: 1 / 0)
        reactor.callLater(0, made.append, 1)
        reactor.callLater(0, reactor.stop)
        kit.run(reactor)
        assert made == [1]
        assert len(errors.take(ZeroDivisionError)) == 1

    def test_cancelled(self, reactor, kit):
        """A cancelled call is not made."""
        call = reactor.callLater(0, pytest.fail, "was made")
        call.cancel()
        reactor.callLater(0, reactor.stop)
        kit.run(reactor)

    def test_getDelayedCalls(self, reactor):
        """The calls to come are listed."""
        one, two = reactor.callLater(50, max), reactor.callLater(60, max)
        one.cancel()
        assert reactor.getDelayedCalls() == [two]

    def test_bad_arguments(self, reactor):
        """A negative delay and a thing that cannot be called are refused at once."""
        with pytest.raises(AssertionError):
            reactor.callLater(-1, max)
        with pytest.raises(AssertionError):
            reactor.callLater(1, None)
        assert reactor.getDelayedCalls() == []

    def test_timeout(self, reactor):
        """The loop waits until the next call, not at all if there is work, else without end."""
        assert reactor.timeout() is None
        reactor.seconds = lambda: 100.0
        call = reactor.callLater(7, max)
        assert reactor.timeout() == 7
        reactor.seconds = lambda: 200.0
        assert reactor.timeout() == 0
        call.cancel()
        assert reactor.timeout() is None
        reactor.callLater(10**12, max)
        assert 0 < reactor.timeout() < 2**31 / 1000
        reactor.callFromThread(max, 1, 2)
        assert reactor.timeout() == 0

    def test_very_late(self, reactor):
        """A call in the far future does not confuse the wait for descriptors."""
        reactor.callLater(10**12, max)
        reactor.callFromThread(max, 1, 2)
        reactor.doIteration(reactor.timeout())


class TestThreads:
    """Dealings with threads."""

    def test_callFromThread_wakes(self, reactor, kit):
        """A call from another thread ends the reactor's waiting, and runs in its own thread."""
        where = []

        def inReactor():
            where.append(threading.get_ident())
            reactor.stop()

        thread = threading.Thread(target=reactor.callFromThread, args=(inReactor,))
        kit.run(reactor, thread.start)
        thread.join()
        assert where == [threading.get_ident()]

    def test_many_from_many(self, reactor, kit):
        """No call from any thread gets lost, and each thread's come in order."""
        got: dict[int, list[int]] = {n: [] for n in range(4)}

        def record(name, i):
            got[name].append(i)
            if all(len(calls) == 500 for calls in got.values()):
                reactor.stop()

        def work(name):
            for i in range(500):
                reactor.callFromThread(record, name, i)

        threads = [threading.Thread(target=work, args=(n,)) for n in got]
        kit.run(reactor, lambda: [t.start() for t in threads])
        for t in threads:
            t.join()
        assert all(calls == list(range(500)) for calls in got.values())

    def test_before_run(self, reactor, kit):
        """What is handed over before the reactor runs is called when it does."""
        reactor.callFromThread(reactor.stop)
        kit.run(reactor)

    def test_exception(self, reactor, kit, errors):
        """An exception in such a call is logged once; the others are called."""
        reactor.callFromThread(lambda: 1 / 0)
        reactor.callFromThread(reactor.stop)
        kit.run(reactor)
        assert len(errors.take(ZeroDivisionError)) == 1

    def test_nested(self, reactor):
        """A call that iterates the reactor is not made again by that."""
        made = []

        def once():
            made.append(1)
            reactor.iterate()

        reactor.callFromThread(once)
        reactor.callFromThread(made.append, 2)
        reactor.iterate()
        reactor.iterate()
        assert sorted(made) == [1, 2]

    def test_callInThread(self, reactor, kit):
        """A function given to the pool runs in another thread; the pool ends with the reactor."""
        where = []

        def work(*args, **kw):
            where.append((threading.get_ident(), args, kw))
            reactor.callFromThread(reactor.stop)

        kit.run(reactor, lambda: reactor.callInThread(work, 1, key=2))
        ((ident, args, kw),) = where
        assert ident != threading.get_ident()
        assert (args, kw) == ((1,), {"key": 2})
        assert reactor.threadpool is None

    def test_pool_is_made_when_needed(self, reactor):
        """There is no pool until somebody asks, and then always the same."""
        assert reactor.threadpool is None
        pool = reactor.getThreadPool()
        assert reactor.getThreadPool() is pool is reactor.threadpool
        reactor.suggestThreadPoolSize(3)
        assert pool.max == 3

    def test_wakeUp(self, reactor, kit):
        """`wakeUp` ends the waiting, and is harmless many times over."""
        for _ in range(100_000):
            reactor.wakeUp()
        reactor.iterate(5)
        reactor.callFromThread(reactor.stop)
        kit.run(reactor)


class TestEvents:
    """System events."""

    def test_phases(self, reactor):
        """The phases come in order, each in the order of registration."""
        calls = []
        for phase in ("after", "during", "before", "during"):
            reactor.addSystemEventTrigger(phase, "test", calls.append, phase)
        reactor.fireSystemEvent("test")
        assert calls == ["before", "during", "during", "after"]
        reactor.fireSystemEvent("test")
        assert len(calls) == 4
        reactor.fireSystemEvent("unheard of")

    def test_before_may_take_time(self, reactor):
        """The event waits for all Deferreds of its preparation, however they end."""
        one, two, calls = Deferred(), Deferred(), []
        reactor.addSystemEventTrigger("before", "test", lambda: one)
        reactor.addSystemEventTrigger("before", "test", lambda: two)
        reactor.addSystemEventTrigger("during", "test", calls.append, 1)
        reactor.fireSystemEvent("test")
        one.callback(None)
        assert calls == []
        two.callback(None)
        assert calls == [1]

    def test_failed_preparation(self, reactor, errors):
        """A Deferred that fails is logged, and the event takes place all the same."""
        one, calls = Deferred(), []
        reactor.addSystemEventTrigger("before", "test", lambda: one)
        reactor.addSystemEventTrigger("during", "test", calls.append, 1)
        reactor.fireSystemEvent("test")
        one.errback(ZeroDivisionError())
        assert calls == [1]
        assert len(errors.take(ZeroDivisionError)) == 1

    @pytest.mark.parametrize("phase", ["before", "during", "after"])
    def test_exception(self, reactor, errors, phase):
        """An exception in one function is logged and keeps no other from being called."""
        calls = []
        reactor.addSystemEventTrigger(phase, "test", lambda: 1 / 0)
        reactor.addSystemEventTrigger(phase, "test", calls.append, 1)
        reactor.fireSystemEvent("test")
        assert calls == [1]
        assert len(errors.take(ZeroDivisionError)) == 1

    def test_remove(self, reactor):
        """A removed trigger is not called, and cannot be removed twice."""
        calls = []
        handle = reactor.addSystemEventTrigger("during", "test", calls.append, 1)
        reactor.removeSystemEventTrigger(handle)
        with pytest.raises(ValueError):
            reactor.removeSystemEventTrigger(handle)
        reactor.fireSystemEvent("test")
        assert calls == []

    def test_remove_while_it_happens(self, reactor):
        """A function of an event may remove itself and those to come."""
        calls = []
        handles = []

        def first():
            calls.append("first")
            for handle in handles:
                reactor.removeSystemEventTrigger(handle)

        handles.append(reactor.addSystemEventTrigger("before", "test", first))
        handles.append(reactor.addSystemEventTrigger("before", "test", calls.append, "second"))
        handles.append(reactor.addSystemEventTrigger("after", "test", calls.append, "third"))
        reactor.fireSystemEvent("test")
        assert calls == ["first"]

    def test_bad_arguments(self, reactor):
        """Unknown phases, handles of another kind and things that cannot be called are refused."""
        with pytest.raises(KeyError):
            reactor.addSystemEventTrigger("whenever", "test", max)
        with pytest.raises(AssertionError):
            reactor.addSystemEventTrigger("before", "test", None)
        for bad in (None, "x", ("a", "b", "c"), ("test", "x"), ("test", ("odd", max, (), {}))):
            with pytest.raises((TypeError, ValueError, KeyError)):
                reactor.removeSystemEventTrigger(bad)
        reactor.addSystemEventTrigger("before", "test", max)
        with pytest.raises(ValueError):
            reactor.removeSystemEventTrigger(("test", ("odd", max, (), {})))


class TestLife:
    """Start, stop and crash."""

    def test_running(self, reactor, kit):
        """`running` is true from startup until shutdown takes place."""
        seen = []
        add = reactor.addSystemEventTrigger
        add("before", "startup", lambda: seen.append(reactor.running))
        add("after", "startup", lambda: seen.append(reactor.running))
        add("before", "shutdown", lambda: seen.append(reactor.running))
        add("after", "shutdown", lambda: seen.append(reactor.running))
        kit.run(reactor, reactor.stop)
        assert seen == [False, True, True, False]
        assert not reactor.running

    def test_callWhenRunning(self, reactor, kit):
        """Functions are called after startup, or at once if the reactor runs by then."""
        calls = []

        def started():
            assert reactor.callWhenRunning(calls.append, "at once") is None
            calls.append("then")
            reactor.stop()

        gone = reactor.callWhenRunning(calls.append, "removed")
        reactor.removeSystemEventTrigger(gone)
        kit.run(reactor, started)
        assert calls == ["at once", "then"]

    def test_stop_before_run(self, reactor):
        """A reactor that does not run cannot be stopped."""
        with pytest.raises(ReactorNotRunning):
            reactor.stop()

    def test_stop_twice(self, reactor, kit):
        """A reactor that is stopping cannot be stopped again."""

        def twice():
            reactor.stop()
            with pytest.raises(ReactorNotRunning):
                reactor.stop()

        def third():
            with pytest.raises(ReactorNotRunning):
                reactor.stop()

        reactor.addSystemEventTrigger("before", "shutdown", third)
        kit.run(reactor, twice)

    def test_run_twice(self, reactor, kit):
        """A running reactor cannot be run, and neither can one that was stopped."""

        def again():
            with pytest.raises(ReactorAlreadyRunning):
                reactor.run()
            reactor.stop()

        kit.run(reactor, again)
        with pytest.raises(ReactorNotRestartable):
            reactor.run()

    def test_crash(self, reactor, kit):
        """A crash ends the loop without any event; the reactor may run again and be stopped."""
        calls = []
        reactor.addSystemEventTrigger("before", "shutdown", calls.append, 1)
        reactor.callLater(0, reactor.crash)
        kit.run(reactor)
        assert calls == []
        assert not reactor.running
        kit.run(reactor, lambda: (calls.append(reactor.running), reactor.stop()))
        assert calls == [True, 1]

    def test_shutdown_may_take_time(self, reactor, kit):
        """The reactor serves until everything that prepares the shutdown is done."""
        done: Deferred[None] = Deferred()
        reactor.addSystemEventTrigger("before", "shutdown", lambda: done)

        def stop():
            reactor.stop()
            reactor.callLater(0.01, done.callback, None)

        kit.run(reactor, stop)
        assert done.called

    def test_exception_in_the_loop(self, polling, kit, errors):
        """An exception out of the loop itself is logged, and the loop goes on."""
        real = polling.doIteration
        broken = []

        def once(timeout):
            if not broken:
                broken.append(1)
                raise ZeroDivisionError
            real(timeout)

        polling.doIteration = once
        polling.callLater(0, lambda: polling.callLater(0, polling.stop))
        kit.run(polling)
        assert len(errors.take(ZeroDivisionError)) == 1

    def test_sigterm_during_shutdown(self, reactor, kit, events):
        """A second signal while the reactor shuts down is noted, and breaks nothing."""
        done: Deferred[None] = Deferred()

        def prepare():
            reactor.sigTerm(15)
            reactor.sigInt(2)
            reactor.callLater(0.01, done.callback, None)
            return done

        reactor.addSystemEventTrigger("before", "shutdown", prepare)
        kit.run(reactor, lambda: reactor.sigBreak(21))
        assert reactor._exitSignal == 21
        texts = [e["log_format"].format(**e) for e in events if "signal" in e]
        assert texts == [
            "Received SIGBREAK, shutting down.",
            "Received SIGTERM, already shutting down.",
            "Received SIGINT, already shutting down.",
        ]


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("installWaker", ()),
        ("addReader", (None,)),
        ("addWriter", (None,)),
        ("removeReader", (None,)),
        ("removeWriter", (None,)),
        ("removeAll", ()),
        ("getReaders", ()),
        ("getWriters", ()),
        ("doIteration", (0,)),
    ],
)
def test_abstract(method, arguments):
    """What only a subclass can do says so, naming the subclass."""

    class Half(ReactorBase):
        def installWaker(self):
            """Begin without one."""

    made = Half()
    assert made.wakeUp() is None
    with pytest.raises(NotImplementedError, match="Half does not provide"):
        getattr(ReactorBase, method)(made, *arguments)
