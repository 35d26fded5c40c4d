"""`DelayedCall` and the queue that reactors keep them in."""

from __future__ import annotations

import gc
import weakref

import pytest
from zope.interface.verify import verifyObject

from twisted.internet._timers import TimerQueue
from twisted.internet.base import DelayedCall
from twisted.internet.error import AlreadyCalled, AlreadyCancelled
from twisted.internet.interfaces import IDelayedCall


class Hooks:
    """What a clock passes to its calls."""

    def __init__(self) -> None:
        self.cancelled: list[DelayedCall] = []
        self.moved: list[float] = []

    def make(self, when: float = 10.0, func=None, *args, **kw) -> DelayedCall:
        return DelayedCall(
            when,
            func,
            args,
            kw,
            self.cancelled.append,
            lambda call: self.moved.append(call.getTime()),
            lambda: 4.0,
        )


def nothing(*args, **kw):
    """A function to be called later."""


def test_is_a_delayed_call():
    """It provides the interface it promises."""
    call = Hooks().make()
    assert verifyObject(IDelayedCall, call)
    assert call.active()
    assert call.getTime() == 10.0


def test_moves():
    """`reset` counts from now, `delay` from where the call is; both tell the clock."""
    hooks = Hooks()
    call = hooks.make()
    call.reset(3)
    assert call.getTime() == 7.0
    call.delay(5)
    assert call.getTime() == 12.0
    call.delay(-7)
    assert call.getTime() == 5.0
    assert hooks.moved == [7.0, 12.0, 5.0]


def test_cancel_lets_go():
    """A cancelled call is inactive, tells the clock once and keeps nothing alive."""

    class Held:
        def method(self):
            """Something to call."""

    hooks, held = Hooks(), Held()
    gone = weakref.ref(held)
    call = hooks.make(10.0, held.method, held, key=held)
    call.cancel()
    assert hooks.cancelled == [call]
    assert not call.active()
    del held
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("act", ["cancel", "delay", "reset"])
def test_too_late(act):
    """A call that was made or cancelled cannot be changed any more."""
    for state, exception in (("cancelled", AlreadyCancelled), ("called", AlreadyCalled)):
        call = Hooks().make()
        setattr(call, state, 1)
        with pytest.raises(exception):
            getattr(call, act)(*([] if act == "cancel" else [1]))


def test_sorts_by_moment():
    """Calls sort by their moment; equality is identity."""
    hooks = Hooks()
    early, late = hooks.make(1.0), hooks.make(2.0)
    assert sorted([late, early]) == [early, late]
    assert early < late
    assert early <= hooks.make(1.0)
    assert early != hooks.make(1.0)
    with pytest.raises(TypeError):
        early < 3
    with pytest.raises(TypeError):
        early <= 3


def test_repr_says_what_and_when():
    """`repr` names function, arguments, time left and state; not after cancelling."""

    class Thing:
        def method(self):
            """Something to call."""

    hooks = Hooks()
    call = hooks.make(10.0, nothing, 3, A=5)
    assert repr(call) == f"<DelayedCall {id(call):#x} [6.0s] called=0 cancelled=0 nothing(3, A=5)>"
    assert "Thing.method()" in repr(hooks.make(1.0, Thing().method))
    assert "max(1)" in repr(hooks.make(1.0, max, 1))
    assert "Hooks object" in repr(hooks.make(1.0, hooks))
    assert "dict.fromkeys(" in repr(hooks.make(1.0, dict.fromkeys, ()))
    call.cancel()
    assert repr(call) == f"<DelayedCall {id(call):#x} [6.0s] called=0 cancelled=1>"


def test_repr_survives_arguments():
    """`repr` neither fails because an argument's does, nor grows with a long one."""

    class Bad:
        def __repr__(self):
            raise RuntimeError("no")

    text = repr(Hooks().make(10.0, nothing, Bad(), "x" * 10_000))
    assert "Bad whose repr raised RuntimeError" in text
    assert len(text) < 500


def test_debug_keeps_the_stack(monkeypatch):
    """In debug mode a call shows who made it, even after it was cancelled."""
    monkeypatch.setattr(DelayedCall, "debug", True)
    call = Hooks().make(10.0, nothing, 1)
    call.cancel()
    assert "test_debug_keeps_the_stack" in repr(call)
    assert "nothing(1)" in repr(call)


class TestQueue:
    """The heap that reactors keep their calls in."""

    now = 0.0

    @pytest.fixture
    def queue(self) -> TimerQueue:
        """A queue to try."""
        return TimerQueue()

    def later(self, queue: TimerQueue, when: float, name: str = "") -> DelayedCall:
        """Queue a call that is only looked at."""
        return queue.make(when, nothing, (name,), {}, lambda: self.now)

    def names(self, queue: TimerQueue, now: float) -> list[object]:
        """Take out what is due and name it."""
        return [call.args[0] for call in queue.due(now)]

    def test_order(self, queue):
        """Calls come out by moment, and in the order of making where that is the same."""
        for when, name in ((3, "c"), (1, "a1"), (2, "b"), (1, "a2"), (9, "z")):
            self.later(queue, when, name)
        assert queue.next() == 1
        assert self.names(queue, 5) == ["a1", "a2", "b", "c"]
        assert queue.next() == 9

    def test_cancelled_are_skipped(self, queue):
        """A cancelled call never comes out, nor counts as the next one."""
        first, second = self.later(queue, 1, "a"), self.later(queue, 2, "b")
        first.cancel()
        assert queue.next() == 2
        assert queue.calls() == [second]
        assert self.names(queue, 5) == ["b"]
        assert queue.next() is None

    def test_moved_later(self, queue):
        """A call moved to a later moment comes out then, not before."""
        call = self.later(queue, 1, "a")
        self.later(queue, 2, "b")
        call.delay(4)
        assert self.names(queue, 3) == ["b"]
        assert queue.next() == 5
        assert self.names(queue, 5) == ["a"]

    def test_moved_earlier(self, queue):
        """A call moved to an earlier moment comes out then, and once."""
        call = self.later(queue, 9, "a")
        self.later(queue, 5, "b")
        call.reset(2)
        assert queue.next() == 2
        assert self.names(queue, 20) == ["a", "b"]
        assert queue.calls() == []

    def test_moved_to_and_fro(self, queue):
        """However often a call is moved, it comes out once, at the last moment named."""
        call = self.later(queue, 5, "a")
        for moment in (9, 3, 7, 1, 5, 2, 5):
            call.reset(moment)
        assert self.names(queue, 4) == []
        assert self.names(queue, 5) == ["a"]
        assert self.names(queue, 99) == []
        assert queue.next() is None

    def test_added_while_due(self, queue):
        """A call queued while others come out waits for the next time, even if it is due."""
        seen = []
        self.later(queue, 1, "a")
        for call in queue.due(5):
            seen.append(call.args[0])
            self.later(queue, 1, "again")
        assert seen == ["a"]
        assert self.names(queue, 5) == ["again"]

    def test_compacts(self, queue):
        """Cancelled calls do not pile up: the heap stays in proportion to the living."""
        living = [self.later(queue, 1000 + i) for i in range(10)]
        for i in range(5000):
            self.later(queue, 500 + i).cancel()
        assert len(queue.heap) < 200
        assert sorted(queue.calls()) == living

    def test_moves_do_not_pile_up(self, queue):
        """Neither do the entries of calls that are moved earlier and earlier."""
        call = self.later(queue, 100_000, "a")
        for i in range(5000):
            call.reset(90_000 - i)
        assert len(queue.heap) < 200
        assert self.names(queue, 100_000) == ["a"]
