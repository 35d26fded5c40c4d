"""
The reactor for systems with `poll` but no epoll.
"""

from __future__ import annotations

import math
import select
from typing import Any

from twisted.internet._descriptors import DescriptorReactor

__all__ = ["PollReactor", "install"]


class PollReactor(DescriptorReactor):
    """A reactor on poll: any number of descriptors, each of which costs something every time."""

    def __init__(self) -> None:
        self._newPoller()
        super().__init__()

    def _newPoller(self) -> None:
        self._poller = select.poll()

    def _watch(self, fd: int, before: int, now: int) -> None:
        if now:
            self._poller.register(fd, now)
        else:
            try:
                self._poller.unregister(fd)
            except KeyError:
                pass

    def doIteration(self, timeout: float | None) -> None:
        """Wait up to ``timeout`` seconds, or without end for None, and serve what is ready."""
        # poll counts in milliseconds; rounding down would make it return early, again and again.
        wait = None if timeout is None else math.ceil(timeout * 1000)
        self._serve(self._poller.poll(wait))

    doPoll = doIteration


def install() -> Any:
    """Make a `PollReactor` the global reactor."""
    from twisted.internet.main import installReactor

    installReactor(PollReactor())
