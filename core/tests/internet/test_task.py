"""Tests of `twisted.internet.task`."""

from __future__ import annotations

import pytest

from twisted.internet import task
from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.error import AlreadyCalled, AlreadyCancelled
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import capturedLogs
from twisted.python.failure import Failure


def results(deferred):
    """A list that the result goes to."""
    seen = []
    deferred.addBoth(seen.append)
    return seen


@pytest.fixture
def clock():
    """A clock."""
    return task.Clock()


# The clock


def test_clock(clock):
    """Calls run in the order of their times, and those that they make in turn."""
    order = []
    clock.callLater(2, order.append, "b")
    clock.callLater(1, lambda: order.append("a") or clock.callLater(0, order.append, "at once"))
    clock.callLater(3, order.append, "c")
    clock.advance(2)
    assert order == ["a", "b", "at once"]
    assert clock.seconds() == 2
    clock.pump([0.5, 0.5])
    assert order[-1] == "c"


def test_delayed_call(clock):
    """A call can be cancelled, put off, and tells when it runs."""
    seen = []
    call = clock.callLater(5, seen.append, 1)
    assert (call.getTime(), call.active()) == (5, True)
    call.delay(5)
    clock.advance(9)
    call.reset(3)
    assert call.getTime() == 12
    assert clock.getDelayedCalls() == [call]
    clock.advance(3)
    assert seen == [1]
    for act in (call.cancel, lambda: call.reset(1), lambda: call.delay(1)):
        with pytest.raises(AlreadyCalled):
            act()
    other = clock.callLater(1, seen.append, 2)
    other.cancel()
    assert not other.active()
    with pytest.raises(AlreadyCancelled):
        other.cancel()
    clock.advance(5)
    assert seen == [1]


# Loops


def test_loop(clock):
    """A loop calls at once and then each interval, until it is stopped."""
    calls = []
    loop = task.LoopingCall(calls.append, 1)
    loop.clock = clock
    ended = results(loop.start(2))
    assert (calls, loop.running) == ([1], True)
    clock.pump([1, 1, 1, 1])
    assert len(calls) == 3
    loop.stop()
    assert ended == [loop]
    clock.advance(10)
    assert len(calls) == 3
    assert clock.getDelayedCalls() == []


def test_loop_later(clock):
    """A loop may wait before its first call."""
    calls = []
    loop = task.LoopingCall(lambda: calls.append(clock.seconds()))
    loop.clock = clock
    loop.start(2, now=False)
    clock.pump([1] * 5)
    assert calls == [2, 4]
    loop.stop()


def test_loop_keeps_time(clock):
    """Calls that are missed are left out, and the others stay on time."""
    calls = []
    loop = task.LoopingCall(lambda: calls.append(clock.seconds()))
    loop.clock = clock
    loop.start(2)
    clock.advance(5)
    clock.advance(1)
    assert calls == [0, 5, 6]
    loop.stop()


def test_loop_counts(clock):
    """A function may be told how many intervals have passed since it was called last."""
    counts = []
    loop = task.LoopingCall.withCount(counts.append)
    loop.clock = clock
    loop.start(2)
    clock.advance(2)
    clock.advance(6)
    clock.advance(1)
    assert counts == [1, 1, 3]
    loop.stop()


def test_loop_waits(clock):
    """A function that gives a Deferred is not called again before that fires."""
    pending = []
    loop = task.LoopingCall(lambda: pending.append(Deferred()) or pending[-1])
    loop.clock = clock
    loop.start(1)
    clock.advance(5)
    assert len(pending) == 1
    pending[0].callback(None)
    clock.advance(1)
    assert len(pending) == 2
    loop.stop()
    pending[1].callback(None)
    assert clock.getDelayedCalls() == []


@pytest.mark.parametrize("error", [lambda: 1 / 0, lambda: fail(ZeroDivisionError())])
def test_loop_ends_with_error(clock, error):
    """An error ends the loop, and is its result."""
    loop = task.LoopingCall(error)
    loop.clock = clock
    ended = results(loop.start(1))
    assert ended[0].check(ZeroDivisionError)
    assert not loop.running
    assert clock.getDelayedCalls() == []


def test_loop_reset(clock):
    """A loop that is reset waits a whole interval from then on."""
    calls = []
    loop = task.LoopingCall(lambda: calls.append(clock.seconds()))
    loop.clock = clock
    loop.start(4)
    clock.advance(3)
    loop.reset()
    clock.advance(3)
    assert calls == [0]
    clock.advance(1)
    assert calls == [0, 7]
    loop.stop()


def test_loop_misused(clock):
    """A loop runs once at a time, with an interval that is not negative."""
    loop = task.LoopingCall(lambda: None)
    loop.clock = clock
    with pytest.raises(ValueError):
        loop.start(-1)
    loop.start(1)
    with pytest.raises(AssertionError):
        loop.start(1)
    loop.stop()
    with pytest.raises(AssertionError):
        loop.stop()
    assert "LoopingCall" in repr(loop)


# Later


def test_defer_later(clock):
    """A function is called later; its result, or error, is the Deferred's."""
    later = results(task.deferLater(clock, 2, lambda x, y: (x, y), 1, y=2))
    clock.advance(1)
    assert later == []
    clock.advance(1)
    assert later == [(1, 2)]
    failed = results(task.deferLater(clock, 1, lambda: 1 / 0))
    clock.advance(1)
    assert failed[0].check(ZeroDivisionError)
    nothing = results(task.deferLater(clock, 1))
    clock.advance(1)
    assert nothing == [None]


def test_defer_later_cancelled(clock):
    """What was to be called is not when that is cancelled."""
    called = []
    deferred = task.deferLater(clock, 1, called.append, 1)
    ended = results(deferred)
    deferred.cancel()
    assert ended[0].check(CancelledError)
    clock.advance(5)
    assert called == []


# Cooperation


@pytest.fixture
def cooperator():
    """A cooperator whose rounds a test begins; gives it and what begins a round."""
    rounds = []

    class Call:
        def cancel(self):
            rounds.clear()

    def schedule(function):
        rounds.append(function)
        return Call()

    def round_():
        rounds.pop(0)()

    made = task.Cooperator(terminationPredicateFactory=lambda: lambda: True, scheduler=schedule)
    return made, round_, rounds


def test_cooperate(cooperator):
    """Tasks take turns, step by step."""
    made, round_, rounds = cooperator
    order = []

    def work(name):
        for number in range(2):
            order.append((name, number))
            yield None

    first, second = results(made.coiterate(work("a"))), results(made.coiterate(work("b")))
    while rounds:
        round_()
    assert order == [("a", 0), ("b", 0), ("a", 1), ("b", 1)]
    assert len(first) == len(second) == 1


def test_cooperative_task(cooperator):
    """A task can be paused, resumed and stopped, and tells when it is done."""
    made, round_, rounds = cooperator
    steps = []
    cooperative = made.cooperate(iter(lambda: steps.append(1), "never"))
    round_()
    cooperative.pause()
    assert rounds == []
    with pytest.raises(task.NotPaused):
        cooperative.resume() or cooperative.resume()
    round_()
    assert len(steps) == 2
    ended = results(cooperative.whenDone())
    cooperative.stop()
    assert ended[0].check(task.TaskStopped)
    for act in (cooperative.stop, cooperative.pause):
        with pytest.raises(task.TaskStopped):
            act()
    assert results(cooperative.whenDone())[0].check(task.TaskStopped)


def test_cooperative_task_waits(cooperator):
    """A task that gives a Deferred takes its next step when that fires."""
    made, round_, rounds = cooperator
    pending = Deferred()
    cooperative = made.cooperate(iter([pending, None]))
    round_()
    assert rounds == []
    pending.callback(None)
    round_()
    ended = results(cooperative.whenDone())
    round_()
    assert len(ended) == 1
    with pytest.raises(task.TaskDone):
        cooperative.stop()


def test_cooperative_task_fails(cooperator):
    """An error ends a task, and is what its Deferreds fail with."""
    made, round_, _ = cooperator

    def work():
        yield None
        raise ValueError

    cooperative = made.cooperate(work())
    ended = results(cooperative.whenDone())
    round_()
    round_()
    assert ended[0].check(ValueError)
    with pytest.raises(task.TaskFailed):
        cooperative.pause()
    other = made.cooperate(iter([fail(KeyError())]))
    ended = results(other.whenDone())
    round_()
    assert ended[0].check(KeyError)


def test_cooperator_stops(cooperator):
    """A cooperator that stops tells its tasks, and starts no others until it is started again."""
    made, _, rounds = cooperator
    ended = results(made.coiterate(iter([None] * 5)))
    assert made.running
    made.stop()
    assert ended[0].check(task.SchedulerStopped)
    assert results(made.coiterate(iter([])))[0].check(task.SchedulerStopped)
    made.start()
    made.coiterate(iter([None]))
    assert len(rounds) == 1


# Whole programs


class Reactor(MemoryReactorClock):
    """A reactor that runs for some time, or until it is stopped."""

    stopped = False

    def run(self):
        """Let time pass."""
        for _ in range(10):
            if not self.stopped:
                self.advance(1)

    def stop(self):
        """End."""
        self.stopped = True


def status(main, argv=()):
    """The exit status of a program, and what it has logged."""
    reactor = Reactor()
    with capturedLogs() as events, pytest.raises(SystemExit) as caught:
        task.react(main, argv, reactor)
    return caught.value.code, [event["log_failure"].type for event in events]


def test_react():
    """A program ends when its main function's Deferred fires, with status 0."""
    seen = []

    def main(reactor, *argv):
        seen.append(argv)
        return task.deferLater(reactor, 2, lambda: None)

    assert status(main, ["a", "b"]) == (0, [])
    assert seen == [("a", "b")]


def test_react_with_coroutine():
    """The main function may be a coroutine."""

    async def main(reactor):
        await task.deferLater(reactor, 1)

    assert status(main) == (0, [])


@pytest.mark.parametrize(
    ("outcome", "code", "logged"),
    [
        (lambda: succeed(None), 0, []),
        (lambda: fail(ValueError()), 1, [ValueError]),
        (lambda: fail(SystemExit(5)), 5, []),
        (lambda: fail(SystemExit()), None, []),
    ],
)
def test_react_outcomes(outcome, code, logged):
    """An error is logged and makes the status 1; a program may set its own."""
    assert status(lambda reactor: outcome()) in [(code, logged), (code or 0, logged)]


def test_react_with_early_error():
    """An error before there is a Deferred is an error all the same."""
    with pytest.raises(ZeroDivisionError):
        task.react(lambda reactor: 1 / 0, (), Reactor())


def test_failure_is_kept():
    """The failure of a loop keeps its traceback."""
    loop = task.LoopingCall(lambda: 1 / 0)
    loop.clock = task.Clock()
    (failure,) = results(loop.start(1))
    assert isinstance(failure, Failure)
    assert failure.frames
