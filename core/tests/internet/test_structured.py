"""Groups of coroutines, and time-outs for parts of one."""

from __future__ import annotations

import builtins
from typing import Any

import pytest

from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.internet.structured import TaskGroup, TimedOut, timeout
from twisted.internet.task import Clock


def run(coroutine: Any) -> tuple[Deferred[Any], list[Any]]:
    outcome: list[Any] = []
    d = Deferred.fromCoroutine(coroutine)
    d.addBoth(outcome.append)
    return d, outcome


async def wait(d: Deferred[Any], log: list[Any], name: str) -> Any:
    try:
        return await d
    except BaseException as error:
        log.append((name, type(error).__name__))
        raise
    finally:
        log.append((name, "end"))


def test_block_waits_for_all() -> None:
    first: Deferred[int] = Deferred()
    second: Deferred[int] = Deferred()

    async def main() -> list[int]:
        async with TaskGroup() as group:
            results = [group.start(wait(first, [], "first")), group.start(second)]
        return [await result for result in results]

    _, outcome = run(main())
    first.callback(1)
    assert outcome == []
    second.callback(2)
    assert outcome == [[1, 2]]


def test_failure_cancels_siblings_and_body() -> None:
    log: list[Any] = []
    waits: list[Deferred[Any]] = [Deferred() for _ in range(3)]

    async def main() -> None:
        async with TaskGroup() as group:
            group.start(wait(waits[0], log, "fails"))
            group.start(wait(waits[1], log, "sibling"))
            await wait(waits[2], log, "body")

    _, outcome = run(main())
    waits[0].errback(ValueError("no"))
    error = outcome[0].value
    assert isinstance(error, ExceptionGroup)
    assert [str(each) for each in error.exceptions] == ["no"]
    assert ("sibling", "CancelledError") in log
    assert ("body", "CancelledError") in log
    assert [name for name, what in log if what == "end"] == ["fails", "sibling", "body"]


def test_cleanup_is_waited_for() -> None:
    blocked: Deferred[None] = Deferred()
    cleaning: Deferred[None] = Deferred()
    log: list[str] = []

    async def careful() -> None:
        try:
            await blocked
        finally:
            await cleaning
            log.append("cleaned")

    async def main() -> None:
        async with TaskGroup() as group:
            group.start(careful())
            raise KeyError("body")

    _, outcome = run(main())
    assert outcome == []
    cleaning.callback(None)
    assert log == ["cleaned"]
    assert [type(each) for each in outcome[0].value.exceptions] == [KeyError]


def test_several_failures_are_all_told() -> None:
    blocked: Deferred[None] = Deferred()

    async def fails_when_cancelled() -> None:
        try:
            await blocked
        except CancelledError:
            raise ZeroDivisionError from None

    async def main() -> None:
        async with TaskGroup() as group:
            group.start(fails_when_cancelled())
            raise KeyError("body")

    _, outcome = run(main())
    assert {type(each) for each in outcome[0].value.exceptions} == {KeyError, ZeroDivisionError}


def test_cancelling_the_coroutine_cancels_the_group() -> None:
    log: list[Any] = []

    async def main() -> None:
        async with TaskGroup() as group:
            group.start(wait(Deferred(), log, "child"))

    d, outcome = run(main())
    d.cancel()
    assert outcome[0].check(CancelledError)
    assert log == [("child", "CancelledError"), ("child", "end")]


def test_cancelling_the_group_is_no_error() -> None:
    log: list[Any] = []

    async def main() -> str:
        async with TaskGroup() as group:
            group.start(wait(Deferred(), log, "child"))
            group.cancel()
            await wait(Deferred(), log, "body")
        return "went on"

    _, outcome = run(main())
    assert outcome == ["went on"]
    assert ("body", "CancelledError") in log
    assert ("child", "CancelledError") in log


def test_cancelling_one_child_leaves_the_others() -> None:
    other: Deferred[int] = Deferred()

    async def main() -> int:
        async with TaskGroup() as group:
            one = group.start(wait(Deferred(), [], "one"))
            two = group.start(other)
            one.cancel()
            with pytest.raises(CancelledError):
                await one
        return await two

    _, outcome = run(main())
    assert outcome == []
    other.callback(7)
    assert outcome == [7]


def test_failure_while_starting() -> None:
    async def fails() -> None:
        raise ValueError("at once")

    async def main() -> None:
        async with TaskGroup() as group:
            group.start(fails())
            await Deferred()

    _, outcome = run(main())
    assert isinstance(outcome[0].value, ExceptionGroup)


def test_children_start_children() -> None:
    inner: Deferred[int] = Deferred()

    async def main() -> list[int]:
        results: list[Deferred[int]] = []

        async def child(group: TaskGroup) -> None:
            results.append(group.start(inner))

        async with TaskGroup() as group:
            group.start(child(group))
        return [await result for result in results]

    _, outcome = run(main())
    assert outcome == []
    inner.callback(3)
    assert outcome == [[3]]


def test_closed_group_starts_nothing() -> None:
    async def main() -> None:
        group = TaskGroup()
        async with group:
            pass
        coroutine = wait(Deferred(), [], "late")
        with pytest.raises(RuntimeError):
            group.start(coroutine)
        with pytest.raises(RuntimeError):
            async with group:
                pass

    _, outcome = run(main())
    assert outcome == [None]


def test_groups_in_groups() -> None:
    log: list[Any] = []

    async def inner() -> None:
        async with TaskGroup() as group:
            group.start(wait(Deferred(), log, "innermost"))

    async def main() -> None:
        async with TaskGroup() as group:
            group.start(inner())
            raise KeyError("outer")

    _, outcome = run(main())
    assert [type(each) for each in outcome[0].value.exceptions] == [KeyError]
    assert ("innermost", "CancelledError") in log


# Time-outs


def test_in_time() -> None:
    clock = Clock()
    d: Deferred[int] = Deferred()

    async def main() -> int:
        async with timeout(5, clock):
            return await d

    _, outcome = run(main())
    d.callback(1)
    assert outcome == [1]
    assert clock.getDelayedCalls() == []


def test_too_long() -> None:
    clock = Clock()
    log: list[Any] = []

    async def main() -> str:
        limit = timeout(5, clock)
        with pytest.raises(TimedOut) as raised:
            async with limit:
                await wait(Deferred(), log, "slow")
        assert isinstance(raised.value, builtins.TimeoutError)
        assert isinstance(raised.value, TimeoutError)
        assert limit.expired
        return "went on"

    _, outcome = run(main())
    clock.advance(5)
    assert outcome == ["went on"]
    assert log == [("slow", "CancelledError"), ("slow", "end")]


def test_innermost_that_expires_is_told() -> None:
    clock = Clock()

    async def main() -> str:
        async with timeout(10, clock) as outer:
            try:
                async with timeout(1, clock):
                    await Deferred()
            except TimedOut:
                assert not outer.expired
                outer.reschedule(20)
            await Deferred()
        return "never"

    _, outcome = run(main())
    clock.advance(1)
    assert outcome == []
    clock.advance(19)
    assert outcome == []
    clock.advance(1)
    assert outcome[0].check(TimedOut)


def test_cancelled_by_somebody_else() -> None:
    clock = Clock()

    async def main() -> None:
        async with timeout(10, clock):
            await Deferred()

    d, outcome = run(main())
    d.cancel()
    assert outcome[0].check(CancelledError)
    assert clock.getDelayedCalls() == []


def test_time_out_of_a_group() -> None:
    clock = Clock()
    log: list[Any] = []

    async def main() -> None:
        async with timeout(3, clock), TaskGroup() as group:
            group.start(wait(Deferred(), log, "child"))

    _, outcome = run(main())
    clock.advance(3)
    assert outcome[0].check(TimedOut)
    assert log == [("child", "CancelledError"), ("child", "end")]
