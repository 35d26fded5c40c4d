"""Tests of `twisted.internet.defer`."""

from __future__ import annotations

import asyncio
import contextvars
import gc

import pytest

from twisted.internet import defer, task
from twisted.internet.defer import (
    AlreadyCalledError,
    CancelledError,
    Deferred,
    DeferredFilesystemLock,
    DeferredList,
    DeferredLock,
    DeferredQueue,
    DeferredSemaphore,
    FirstError,
    QueueOverflow,
    QueueUnderflow,
    TimeoutError,
    ensureDeferred,
    fail,
    gatherResults,
    inlineCallbacks,
    maybeDeferred,
    race,
    succeed,
)
from twisted.logger import capturedLogs
from twisted.python.failure import Failure


def boom(*arguments, **named):
    """An error."""
    raise ZeroDivisionError("boom")


def result_of(deferred):
    """What a Deferred has fired with; fails if it has not, or with a failure."""
    results = []
    deferred.addCallbacks(results.append, results.append)
    (result,) = results
    if isinstance(result, Failure):
        result.raiseException()
    return result


def turn(loop):
    """Let an asyncio loop do what it has to do now."""
    loop.call_soon(loop.stop)
    loop.run_forever()


def failure_of(deferred, kind):
    """The exception that a Deferred has failed with."""
    results = []
    deferred.addCallbacks(results.append, results.append)
    (result,) = results
    assert isinstance(result, Failure)
    assert result.check(kind)
    return result.value


# Chains of callbacks


def test_callbacks_in_order():
    """Each callback gets what the one before gave; errbacks are passed over."""
    deferred = Deferred()
    deferred.addCallback(lambda r: r + 1).addErrback(boom).addCallback(
        lambda r, x, y=0: r * x + y, 3, y=1
    )
    deferred.callback(1)
    assert result_of(deferred) == 7


def test_errbacks():
    """An exception goes to the next errback, which may handle it."""
    deferred = Deferred()
    deferred.addCallback(boom).addCallback(boom).addErrback(lambda f: f.trap(ZeroDivisionError))
    deferred.callback(None)
    assert result_of(deferred) is ZeroDivisionError


def test_errback_with_exception():
    """An exception becomes a failure; so does the one being handled if none is given."""
    assert str(failure_of(fail(ValueError("x")), ValueError)) == "x"
    deferred = Deferred()
    try:
        boom()
    except ZeroDivisionError:
        deferred.errback()
    failure_of(deferred, ZeroDivisionError)


def test_trap_of_another():
    """A failure that is not trapped goes on."""
    deferred = fail(ValueError()).addErrback(lambda f: f.trap(KeyError))
    failure_of(deferred, ValueError)


def test_add_both_and_pairs():
    """Both kinds of results may go to one function, or each to its own, with arguments."""
    assert result_of(succeed(1).addBoth(lambda r, x: r + x, 2)) == 3
    assert result_of(fail(ValueError()).addBoth(lambda f: f.type)) is ValueError
    assert result_of(fail(ValueError()).addCallbacks(boom, lambda f, x: x, None, None, (5,))) == 5
    assert result_of(succeed(0).addCallbacks(lambda r, x, y: (x, y), boom, (1,), {"y": 2})) == (
        1,
        2,
    )


def test_fired_twice():
    """A Deferred fires once."""
    for act in (lambda d: d.callback(1), lambda d: d.errback(ValueError())):
        with pytest.raises(AlreadyCalledError):
            act(succeed(None))
    with pytest.raises(AssertionError):
        Deferred().callback(succeed(None))


def test_waiting_for_another():
    """A callback that gives a Deferred makes the chain wait for its result."""
    inner, outer = Deferred(), Deferred()
    outer.addCallback(lambda _: inner).addCallback(lambda r: r + 1)
    outer.callback(None)
    seen = []
    outer.addCallback(seen.append)
    assert seen == []
    inner.callback(1)
    assert seen == [2]
    assert result_of(inner) is None


def test_waiting_for_failure():
    """A Deferred that fails makes the chain that waits for it go on with the failure."""
    inner = Deferred()
    outer = succeed(None).addCallback(lambda _: inner)
    inner.errback(ValueError())
    failure_of(outer, ValueError)


def test_deep_chains():
    """Chains of any length need no deep stack, whichever end fires last."""
    for backward in (False, True):
        first = last = Deferred()
        links = [first]
        for _ in range(20_000):
            following = Deferred()
            following.addCallback(lambda _, previous=last: previous)
            if not backward:
                following.callback(None)
            links.append(following)
            last = following
        first.callback("x")
        if backward:
            for link in links[1:]:
                link.callback(None)
        assert result_of(last) == "x"


def test_callback_while_running():
    """A callback that is added by a callback runs behind those that were there."""
    order = []
    deferred = Deferred()
    deferred.addCallback(lambda _: deferred.addCallback(lambda _: order.append("added")) and None)
    deferred.addCallback(lambda _: order.append("there"))
    deferred.callback(None)
    assert order == ["there", "added"]


def test_chain():
    """`chainDeferred` hands the result on."""
    for act, check in (
        (lambda d: d.callback(1), lambda d: result_of(d) == 1),
        (lambda d: d.errback(ValueError()), lambda d: failure_of(d, ValueError)),
    ):
        one, other = Deferred(), Deferred()
        one.chainDeferred(other)
        act(one)
        assert check(other)


def test_pausing():
    """A paused chain goes on when it is unpaused as often as it was paused."""
    deferred, seen = Deferred(), []
    deferred.addCallback(seen.append)
    deferred.pause()
    deferred.pause()
    deferred.callback(1)
    deferred.unpause()
    assert seen == []
    deferred.unpause()
    assert seen == [1]


def test_unhandled():
    """A failure that nobody has handled is logged when it is thrown away, once."""
    with capturedLogs() as events:
        fail(ValueError("nobody"))
        gc.collect()
    assert len(events) == 1
    assert events[0]["log_failure"].check(ValueError)
    with capturedLogs() as events:
        fail(ValueError()).addErrback(lambda _: None)
        succeed(None).addCallback(boom).addBoth(lambda _: None)
        gc.collect()
    assert events == []


def test_debugging():
    """With debugging on, an unhandled failure tells where its Deferred was made and fired."""
    assert not defer.getDebugging()
    defer.setDebugging(True)
    try:
        with capturedLogs() as events:
            deferred = Deferred()
            deferred.errback(ValueError())
            del deferred
            gc.collect()
        deferred = succeed(1)
        with pytest.raises(AlreadyCalledError) as caught:
            deferred.callback(2)
    finally:
        defer.setDebugging(False)
    text = str(events[0]["debugInfo"])
    assert "C: Deferred was created" in text
    assert "I: First Invoker was" in text
    assert "test_defer.py" in text
    assert "test_defer.py" in str(caught.value)


def test_repr():
    """A Deferred shows its result, or what it waits for."""
    deferred = Deferred()
    assert repr(deferred).startswith("<Deferred at 0x")
    outer = succeed(None).addCallback(lambda _: deferred)
    assert "waiting on Deferred at 0x" in repr(outer)
    assert "current result: 5" in repr(succeed(5))
    deferred.callback(None)


# Cancelling


def test_cancel():
    """A cancelled Deferred fails with CancelledError; its late result is passed over, once."""
    deferred = Deferred()
    deferred.cancel()
    failure_of(deferred, CancelledError)
    deferred.callback("late")
    with pytest.raises(AlreadyCalledError):
        deferred.callback("again")


def test_canceller():
    """A canceller may end it in its own way."""
    called = []
    deferred = Deferred(called.append)
    deferred.cancel()
    assert called == [deferred]
    failure_of(deferred, CancelledError)
    own = Deferred(lambda d: d.callback("own"))
    own.cancel()
    assert result_of(own) == "own"
    with pytest.raises(AlreadyCalledError):
        own.callback("late")


def test_cancel_fired():
    """Cancelling what has fired does nothing, but what it waits for is cancelled."""
    done = succeed(1)
    done.cancel()
    assert result_of(done) == 1
    inner = Deferred()
    outer = succeed(None).addCallback(lambda _: inner)
    outer.cancel()
    failure_of(outer, CancelledError)


def test_timeout():
    """A Deferred may have a time; it is cancelled then and fails with TimeoutError."""
    clock = task.Clock()
    deferred = Deferred().addTimeout(5, clock)
    clock.advance(4)
    assert not deferred.called
    clock.advance(1)
    assert failure_of(deferred, TimeoutError).args == (5, "Deferred")
    quick = Deferred().addTimeout(5, clock)
    quick.callback(1)
    assert result_of(quick) == 1
    assert clock.getDelayedCalls() == []


def test_timeout_of_other_failures():
    """A failure before the time is up, and one of the canceller's own, stay what they are."""
    clock = task.Clock()
    early = Deferred().addTimeout(5, clock)
    early.errback(ValueError())
    failure_of(early, ValueError)
    own = Deferred(lambda d: d.errback(KeyError())).addTimeout(5, clock)
    clock.advance(5)
    failure_of(own, KeyError)


def test_timeout_function():
    """What happens when the time is up may be said."""
    clock = task.Clock()
    deferred = Deferred().addTimeout(5, clock, lambda result, time: (result.type, time))
    clock.advance(5)
    assert result_of(deferred) == (CancelledError, 5)


# Several


def test_list():
    """A list fires when all have fired, with pairs in order."""
    one, two = Deferred(), Deferred()
    both = DeferredList([one, two], consumeErrors=True)
    two.errback(ValueError())
    assert not both.called
    one.callback(1)
    (first, second) = result_of(both)
    assert first == (True, 1)
    assert second[0] is False
    assert second[1].check(ValueError)
    assert result_of(two) is None
    assert result_of(DeferredList([])) == []


def test_list_that_fires_early():
    """A list may fire with the first result, or fail with the first failure."""
    one, two = Deferred(), Deferred()
    early = DeferredList([one, two], fireOnOneCallback=True)
    two.callback("x")
    assert result_of(early) == ("x", 1)
    one.callback(None)
    one, two = Deferred(), Deferred()
    early = DeferredList([one, two], fireOnOneErrback=True, consumeErrors=True)
    two.errback(ValueError())
    first = failure_of(early, FirstError)
    assert first.index == 1
    assert first.subFailure.check(ValueError)
    one.errback(ValueError())


def test_list_keeps_failures():
    """Failures that are not consumed stay with their Deferreds."""
    one = Deferred()
    DeferredList([one])
    one.errback(ValueError())
    failure_of(one, ValueError)


def test_gather():
    """Results are gathered in order; the first failure is the result of all."""
    one, two = Deferred(), Deferred()
    both = gatherResults([one, two])
    two.callback(2)
    one.callback(1)
    assert result_of(both) == [1, 2]
    one, two = Deferred(), Deferred()
    both = gatherResults([one, two], consumeErrors=True)
    two.errback(ValueError())
    assert failure_of(both, FirstError).subFailure.check(ValueError)


def test_cancel_several():
    """Cancelling a list or a gathering cancels all in it."""
    for function in (DeferredList, gatherResults):
        cancelled = []
        members = [Deferred(cancelled.append) for _ in range(3)]
        together = function(members, consumeErrors=True)
        together.cancel()
        assert cancelled == members
        together.addErrback(lambda _: None)


def test_race():
    """The first result wins, and the others are cancelled."""
    cancelled = []
    one, two = Deferred(cancelled.append), Deferred(cancelled.append)
    winner = race([one, two])
    two.callback("x")
    assert result_of(winner) == (1, "x")
    assert cancelled == [one]


def test_race_of_losers():
    """If all fail the race fails with all failures; cancelling it cancels all."""
    one, two = Deferred(), Deferred()
    winner = race([one, two])
    one.errback(ValueError())
    two.errback(KeyError())
    group = failure_of(winner, defer.FailureGroup)
    assert [failure.type for failure in group.failures] == [ValueError, KeyError]
    cancelled = []
    winner = race([Deferred(cancelled.append), Deferred(cancelled.append)])
    winner.cancel()
    assert len(cancelled) == 2
    winner.addErrback(lambda _: None)


# Functions


def test_maybe_deferred():
    """Whatever a function does becomes a Deferred."""
    inner = Deferred()

    async def coroutine():
        return 3

    assert result_of(maybeDeferred(lambda x, y: x + y, 1, y=2)) == 3
    assert maybeDeferred(lambda: inner) is inner
    failure_of(maybeDeferred(boom), ZeroDivisionError)
    failure_of(maybeDeferred(lambda: Failure(ValueError())), ValueError)
    assert result_of(maybeDeferred(coroutine)) == 3
    assert result_of(defer.execute(lambda: 1)) == 1
    failure_of(defer.execute(boom), ZeroDivisionError)
    assert defer.passthru(4) == 4


# Coroutines and generators


def test_await():
    """A coroutine waits for Deferreds, those that have fired included."""
    first = Deferred()

    async def work():
        one = await first
        two = await succeed(2)
        try:
            await fail(ValueError())
        except ValueError:
            return one + two

    deferred = Deferred.fromCoroutine(work())
    assert not deferred.called
    first.callback(1)
    assert result_of(deferred) == 3


def test_await_errors():
    """What a coroutine raises is the failure of its Deferred, with its traceback."""

    async def inner():
        boom()

    async def outer():
        await inner()

    deferred = ensureDeferred(outer())
    results = []
    deferred.addErrback(results.append)
    assert results[0].check(ZeroDivisionError)
    assert [frame[0] for frame in results[0].frames][-1] == "boom"
    with pytest.raises(defer.NotACoroutineError):
        Deferred.fromCoroutine(lambda: None)
    with pytest.raises((defer.NotACoroutineError, TypeError)):
        ensureDeferred(3)


def test_many_awaits():
    """A coroutine may wait any number of times without a deep stack."""
    pending = []

    async def wait():
        deferred = Deferred()
        pending.append(deferred)
        return await deferred

    async def work():
        total = 0
        for _ in range(5_000):
            total += await succeed(1)
        for _ in range(100):
            total += await wait()
        return total

    deferred = Deferred.fromCoroutine(work())
    while pending:
        pending.pop().callback(1)
    assert result_of(deferred) == 5_100


def test_cancel_coroutine():
    """Cancelling a coroutine cancels what it waits for; it may clean up, or go on."""
    cancelled = []

    async def work():
        try:
            await Deferred(cancelled.append)
        except CancelledError:
            cancelled.append("cleaned")
            raise

    deferred = Deferred.fromCoroutine(work())
    deferred.cancel()
    failure_of(deferred, CancelledError)
    assert cancelled[1:] == ["cleaned"]

    async def stubborn():
        try:
            await Deferred()
        except CancelledError:
            return "went on"

    deferred = Deferred.fromCoroutine(stubborn())
    deferred.cancel()
    assert result_of(deferred) == "went on"


def test_inline_callbacks():
    """A generator waits where it yields; other values are given back at once."""
    first = Deferred()

    @inlineCallbacks
    def work(x):
        one = yield first
        two = yield 2
        try:
            yield fail(ValueError())
        except ValueError:
            return one + two + x

    deferred = work(10)
    first.callback(1)
    assert result_of(deferred) == 13


def test_inline_callbacks_errors():
    """What a generator raises is the failure of its Deferred; cancelling it cleans up."""

    @inlineCallbacks
    def broken():
        yield succeed(None)
        boom()

    failure_of(broken(), ZeroDivisionError)
    cleaned = []

    @inlineCallbacks
    def waits():
        try:
            yield Deferred()
        finally:
            cleaned.append(True)

    deferred = waits()
    deferred.cancel()
    failure_of(deferred, CancelledError)
    assert cleaned == [True]
    with pytest.raises(TypeError):
        result_of(inlineCallbacks(lambda: 3)())


def test_return_value():
    """`returnValue` still ends a generator with a result, with a warning."""

    @inlineCallbacks
    def work():
        yield succeed(None)
        defer.returnValue(5)

    with pytest.warns(DeprecationWarning, match="returnValue"):
        assert result_of(work()) == 5


def test_many_yields():
    """A generator may yield any number of fired Deferreds without a deep stack."""

    @inlineCallbacks
    def work():
        for _ in range(20_000):
            yield succeed(None)
        return "done"

    assert result_of(work()) == "done"


def test_context_variables():
    """A coroutine keeps the context that it began in."""
    variable = contextvars.ContextVar("variable", default="outside")
    pending = Deferred()
    seen = []

    async def work():
        variable.set("inside")
        await pending
        seen.append(variable.get())

    deferred = Deferred.fromCoroutine(work())
    variable.set("changed")
    pending.callback(None)
    assert seen == ["inside"]
    assert result_of(deferred) is None


def test_futures():
    """Deferreds and futures of asyncio become each other, with results, errors, cancelling."""
    loop = asyncio.new_event_loop()
    try:
        future = succeed(1).asFuture(loop)
        assert loop.run_until_complete(future) == 1
        with pytest.raises(ValueError, match="x"):
            loop.run_until_complete(fail(ValueError("x")).asFuture(loop))
        waiting = loop.create_future()
        deferred = Deferred.fromFuture(waiting)
        waiting.set_result(2)
        turn(loop)
        assert result_of(deferred) == 2
        cancelled = []
        future = Deferred(cancelled.append).asFuture(loop)
        future.cancel()
        turn(loop)
        assert len(cancelled) == 1
        waiting = loop.create_future()
        deferred = Deferred.fromFuture(waiting)
        deferred.cancel()
        turn(loop)
        assert waiting.cancelled()
        deferred.addErrback(lambda _: None)
    finally:
        loop.close()


# Locks and queues


def test_lock():
    """A lock has one owner at a time, in the order of asking; those who wait may give up."""
    lock = DeferredLock()
    assert result_of(lock.acquire()) is lock
    second, third = lock.acquire(), lock.acquire()
    second.cancel()
    failure_of(second, CancelledError)
    lock.release()
    assert result_of(third) is lock
    assert lock.locked
    lock.release()
    assert not lock.locked
    with pytest.raises(AssertionError):
        lock.release()


def test_lock_run():
    """A lock is held while a function runs, errors and waiting included."""
    lock = DeferredLock()
    pending = Deferred()
    first = lock.run(lambda: pending)
    second = lock.run(boom)
    assert not second.called
    pending.callback("x")
    assert result_of(first) == "x"
    failure_of(second, ZeroDivisionError)
    assert not lock.locked


def test_lock_as_context():
    """A lock is held inside ``async with``."""
    lock = DeferredLock()

    async def work():
        async with lock:
            return lock.locked

    assert result_of(Deferred.fromCoroutine(work())) is True
    assert not lock.locked


def test_semaphore():
    """A semaphore has so many owners at a time."""
    semaphore = DeferredSemaphore(2)
    assert semaphore.tokens == 2
    result_of(semaphore.acquire())
    result_of(semaphore.acquire())
    third = semaphore.acquire()
    assert not third.called
    semaphore.release()
    assert third.called
    semaphore.release()
    semaphore.release()
    with pytest.raises(AssertionError):
        semaphore.release()
    with pytest.raises(ValueError):
        DeferredSemaphore(0)


def test_queue():
    """A queue gives objects in order, to those who ask in order; both sides may be limited."""
    queue = DeferredQueue(size=2, backlog=1)
    waiting = queue.get()
    with pytest.raises(QueueUnderflow):
        queue.get()
    queue.put(1)
    assert result_of(waiting) == 1
    queue.put(2)
    queue.put(3)
    with pytest.raises(QueueOverflow):
        queue.put(4)
    assert result_of(queue.get()) == 2
    given_up = DeferredQueue()
    first, second = given_up.get(), given_up.get()
    first.cancel()
    failure_of(first, CancelledError)
    given_up.put("x")
    assert result_of(second) == "x"


def test_filesystem_lock(tmp_path):
    """A lock in the file system is tried again until it is free or the time is up."""
    clock = task.Clock()
    name = str(tmp_path / "lock")
    holder, waiting = DeferredFilesystemLock(name, clock), DeferredFilesystemLock(name, clock)
    result_of(holder.deferUntilLocked())
    late = waiting.deferUntilLocked(timeout=5)
    clock.pump([1] * 6)
    failure_of(late, defer.TimeoutError)
    acquired = waiting.deferUntilLocked()
    failure_of(waiting.deferUntilLocked(), defer.AlreadyTryingToLockError)
    clock.advance(1)
    assert not acquired.called
    holder.unlock()
    clock.advance(1)
    result_of(acquired)
    waiting.unlock()
    again = DeferredFilesystemLock(name, clock)
    holder.lock()
    cancelled = again.deferUntilLocked()
    cancelled.cancel()
    failure_of(cancelled, CancelledError)
    assert clock.getDelayedCalls() == []
    holder.unlock()
