"""Which thread is the reactor's, and locks for what several threads share."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from typing import Any

__all__ = [
    "XLock",
    "getThreadID",
    "init",
    "ioThread",
    "isInIOThread",
    "registerAsIOThread",
    "synchronize",
    "threadingmodule",
]

threadingmodule = threading
XLock = threading._RLock
getThreadID = threading.get_ident

#: The number of the thread that the reactor runs in, or None before any does.
ioThread: int | None = None


def registerAsIOThread() -> None:
    """Declare this thread the reactor's."""
    global ioThread
    ioThread = getThreadID()


def isInIOThread() -> bool:
    """Whether this is the reactor's thread."""
    return ioThread == getThreadID()


def init(with_threads: int = 1) -> None:
    """Threads are always ready; kept for programs that call it."""


def _synchronized(function: Callable[..., Any]) -> Callable[..., Any]:
    """A method that holds its instance's lock while it runs."""

    @wraps(function)
    def locked(self: Any, *args: Any, **kwargs: Any) -> Any:
        lock = self.__dict__.get("_threadable_lock")
        if lock is None:
            lock = self.__dict__.setdefault("_threadable_lock", threading.RLock())
        with lock:
            return function(self, *args, **kwargs)

    return locked


def synchronize(*klasses: type) -> None:
    """Let the methods that a class names in ``synchronized`` run in one thread at a time."""
    for klass in klasses:
        for name in klass.synchronized:  # type: ignore[attr-defined]
            setattr(klass, name, _synchronized(klass.__dict__[name]))
