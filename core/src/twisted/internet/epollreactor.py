"""
The reactor for Linux: descriptors are watched by epoll, which costs the same for ten as for ten
thousand that are idle.
"""

from __future__ import annotations

import select
from typing import Any

from twisted.internet._descriptors import READ, WRITE, DescriptorReactor

__all__ = ["EPollReactor", "install"]

#: How many descriptors are served between two looks at timers and threads, at most.
_BATCH = 512


class EPollReactor(DescriptorReactor):
    """
    A reactor on epoll, level-triggered.

    Plain files, which epoll does not take since they never make anyone wait, count as always ready.
    """

    def __init__(self) -> None:
        self._newPoller()
        super().__init__()

    def _newPoller(self) -> None:
        self._poller = select.epoll()
        self._alwaysReady: set[int] = set()

    def _watch(self, fd: int, before: int, now: int) -> None:
        if fd in self._alwaysReady:
            if not now:
                self._alwaysReady.discard(fd)
            return
        if not now:
            self._poller.unregister(fd)
        elif before:
            try:
                self._poller.modify(fd, now)
            except FileNotFoundError:
                # What was watched was closed without a word, and its number has come back.  If the
                # tables still name the old owner, its next read or write fails and so ends it.
                self._register(fd, now)
        else:
            self._register(fd, now)

    def _register(self, fd: int, now: int) -> None:
        try:
            self._poller.register(fd, now)
        except FileExistsError:
            # Another descriptor had this number, and lives on under one more: see dup(2).
            self._poller.modify(fd, now)
        except PermissionError:
            self._alwaysReady.add(fd)

    def doIteration(self, timeout: float | None) -> None:
        """Wait up to ``timeout`` seconds, or without end for None, and serve what is ready."""
        if self._alwaysReady:
            timeout = 0
        self._serve(self._poller.poll(timeout, _BATCH))
        if self._alwaysReady:
            self._serve([(fd, self._interest(fd)) for fd in self._alwaysReady])

    doPoll = doIteration

    def _interest(self, fd: int) -> int:
        """Tell what is wanted of a descriptor."""
        return (READ if fd in self._readers else 0) | (WRITE if fd in self._writers else 0)


def install() -> Any:
    """Make an `EPollReactor` the global reactor."""
    from twisted.internet.main import installReactor

    installReactor(EPollReactor())
