"""Asking the toolkit of a user interface for its events again and again, beside any reactor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall

__all__ = ["BATCH", "Asking"]

#: How many events of a toolkit are served between two looks at the reactor's, at most.
BATCH = 100


class Asking:
    """What asks one toolkit, while something does."""

    _loop: LoopingCall | None = None

    def begin(
        self, ms: int, reactor: Any, serve: Callable[..., object], *args: object
    ) -> Deferred[Any]:
        """
        Call a function again and again, and no other one any more.

        @param ms: how often, in milliseconds.
        @param reactor: provides `IReactorTime`; None for the global one.
        @return: fails with what the function raised, which ends it.
        """
        self.end()
        self._loop = LoopingCall(serve, *args)
        if reactor is not None:
            self._loop.clock = reactor
        return self._loop.start(ms / 1000.0, now=False)

    def end(self) -> None:
        """Leave the toolkit alone; nothing happens if that is so already."""
        loop, self._loop = self._loop, None
        if loop is not None and loop.running:
            loop.stop()
