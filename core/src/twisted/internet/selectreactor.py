"""
The reactor that works everywhere: descriptors are watched by `select`.
"""

from __future__ import annotations

import select
from typing import Any

from twisted.internet._descriptors import READ, WRITE, DescriptorReactor

__all__ = ["SelectReactor", "install"]

_select = select.select


class SelectReactor(DescriptorReactor):
    """A reactor on select, which takes no more than 1,024 descriptors on most systems."""

    def _watch(self, fd: int, before: int, now: int) -> None:
        """Do nothing: the tables say all there is to know, each time anew."""

    def doIteration(self, timeout: float | None) -> None:
        """Wait up to ``timeout`` seconds, or without end for None, and serve what is ready."""
        try:
            readable, writable, _ = _select(list(self._readers), list(self._writers), (), timeout)
        except (OSError, ValueError):
            self._dropUnusable()
            return
        self._serve([(fd, READ) for fd in readable])
        self._serve([(fd, WRITE) for fd in writable])

    doSelect = doIteration

    def _dropUnusable(self) -> None:
        """End what sits on descriptors that select refuses: closed ones, or beyond its limit."""
        for fd in {*self._readers, *self._writers}:
            try:
                _select([fd], [fd], (), 0)
            except (OSError, ValueError):
                self._loseGone(fd)


def install() -> Any:
    """Make a `SelectReactor` the global reactor."""
    from twisted.internet.main import installReactor

    installReactor(SelectReactor())
