"""
Workers: things that do tasks, and teams of them.

`twisted.python.threadpool` is what programs use; these are the parts to build another one of.
"""

from twisted._threads._ithreads import AlreadyQuit, IExclusiveWorker, IWorker
from twisted._threads._memory import createMemoryWorker
from twisted._threads._pool import pool
from twisted._threads._team import Statistics, Team
from twisted._threads._threadworker import LockWorker, ThreadWorker

__all__ = [
    "AlreadyQuit",
    "IExclusiveWorker",
    "IWorker",
    "LockWorker",
    "Statistics",
    "Team",
    "ThreadWorker",
    "createMemoryWorker",
    "pool",
]
