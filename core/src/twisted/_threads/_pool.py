"""A team of threads."""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from threading import Lock, Thread, local
from typing import Any

from twisted._threads._team import Team
from twisted._threads._threadworker import LockWorker, ThreadWorker
from twisted.logger import Logger

__all__ = ["pool"]

_log = Logger()


def pool(currentLimit: Callable[[], int], threadFactory: Callable[..., Any] = Thread) -> Team:
    """
    A team of threads.

    @param currentLimit: tells how many threads there may be.
    @param threadFactory: makes a thread.
    """

    def startThread(target: Callable[[], object]) -> Any:
        return threadFactory(target=target).start()

    def createWorker() -> ThreadWorker | None:
        statistics = team.statistics()
        if statistics.busyWorkerCount + statistics.idleWorkerCount >= currentLimit():
            return None
        return ThreadWorker(startThread, SimpleQueue())

    team = Team(
        coordinator=LockWorker(Lock(), local()),
        createWorker=createWorker,
        logException=lambda: _log.failure("A task in a thread has failed"),
    )
    return team
