"""Asking a toolkit again and again."""

from __future__ import annotations

from twisted.internet._asking import Asking
from twisted.internet.task import Clock


def test_asks_until_the_end() -> None:
    clock, asking, asked = Clock(), Asking(), []
    asking.begin(10, clock, asked.append, 1)
    clock.pump([0.01] * 3)
    # Another one comes in its place.
    asking.begin(20, clock, asked.append, 2)
    clock.pump([0.01] * 4)
    asking.end()
    asking.end()
    clock.advance(1)
    assert asked == [1, 1, 1, 2, 2]
    assert clock.getDelayedCalls() == []


def test_an_error_ends_it() -> None:
    clock, asking = Clock(), Asking()
    outcome: list[object] = []
    asking.begin(10, clock, int, "no number").addErrback(lambda f: outcome.append(f.type))
    clock.advance(0.01)
    assert outcome == [ValueError]
    assert clock.getDelayedCalls() == []
    asking.end()
