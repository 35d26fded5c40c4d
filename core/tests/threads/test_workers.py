"""Workers and teams of them."""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import Any

import pytest

from twisted._threads import (
    AlreadyQuit,
    LockWorker,
    Statistics,
    Team,
    ThreadWorker,
    createMemoryWorker,
    pool,
)


class Workers:
    """A team whose workers do tasks when they are told to."""

    def __init__(self, most: int = 100) -> None:
        self.performers: list[Any] = []
        self.workers: list[Any] = []
        self.most = most
        self.failures = 0
        self.coordinator, self.coordinate = createMemoryWorker()
        self.team = Team(self.coordinator, self.create, self.failed)

    def create(self) -> Any:
        if len(self.workers) >= self.most:
            return None
        worker, perform = createMemoryWorker()
        self.workers.append(worker)
        self.performers.append(perform)
        return worker

    def failed(self) -> None:
        self.failures += 1

    def run(self) -> None:
        while self.coordinate() or any([perform() for perform in self.performers]):  # noqa: C419 -- each
            pass


def test_tasks_are_shared_out() -> None:
    here = Workers(most=2)
    done: list[int] = []
    for i in range(5):
        here.team.do(lambda i=i: done.append(i))  # type: ignore[misc]
    while here.coordinate():
        pass
    assert here.team.statistics() == Statistics(0, 2, 3)
    here.run()
    assert sorted(done) == list(range(5))
    assert here.team.statistics() == Statistics(2, 0, 0)


def test_task_that_raises_is_told_and_others_go_on() -> None:
    here = Workers(most=1)
    done: list[str] = []
    here.team.do(lambda: 1 // 0)
    here.team.do(lambda: done.append("next"))
    here.run()
    assert (here.failures, done) == (1, ["next"])


def test_growing_and_shrinking() -> None:
    here = Workers(most=4)
    here.team.grow(10)
    here.run()
    assert here.team.statistics() == Statistics(4, 0, 0)
    here.team.shrink(1)
    here.run()
    assert here.team.statistics().idleWorkerCount == 3
    here.team.do(lambda: None)
    here.coordinate()
    here.team.shrink()
    here.run()
    assert here.team.statistics() == Statistics(0, 0, 0)
    assert all(worker._quit.isSet for worker in here.workers)


def test_quitting_loses_no_task() -> None:
    here = Workers(most=1)
    done: list[int] = []
    for i in range(3):
        here.team.do(lambda i=i: done.append(i))  # type: ignore[misc]
    here.team.quit()
    for call in (lambda: here.team.do(print), here.team.quit, lambda: here.team.grow(1)):
        with pytest.raises(AlreadyQuit):
            call()
    here.run()
    assert done == [0, 1, 2]
    assert here.workers[0]._quit.isSet
    with pytest.raises(AlreadyQuit):
        here.coordinator.do(print)


def test_lock_worker_does_what_a_task_asks_for_after_it() -> None:
    worker = LockWorker(threading.Lock(), threading.local())
    order: list[str] = []

    def outer() -> None:
        worker.do(lambda: order.append("inner"))
        order.append("outer")

    worker.do(outer)
    assert order == ["outer", "inner"]
    with pytest.raises(ZeroDivisionError):
        worker.do(lambda: 1 // 0)
    worker.do(lambda: order.append("still works"))
    worker.quit()
    with pytest.raises(AlreadyQuit):
        worker.do(print)


def test_thread_worker() -> None:
    threads: list[threading.Thread] = []

    def start(target: Any) -> None:
        threads.append(threading.Thread(target=target))
        threads[0].start()

    worker = ThreadWorker(start, SimpleQueue())
    seen: list[int] = []
    for _ in range(3):
        worker.do(lambda: seen.append(threading.get_ident()))
    worker.quit()
    threads[0].join(10)
    assert seen == [threads[0].ident] * 3
    with pytest.raises(AlreadyQuit):
        worker.do(print)


def test_pool_of_threads() -> None:
    team = pool(lambda: 3)
    done = threading.Semaphore(0)
    for _ in range(20):
        team.do(done.release)
    for _ in range(20):
        assert done.acquire(timeout=10)
    assert team.statistics().idleWorkerCount <= 3
    team.quit()
