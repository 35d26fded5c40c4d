"""A reactor that is a guest of another loop: it must ask for its turns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet._delayedcall import DelayedCall
from twisted.internet.base import ReactorBase

__all__ = ["GuestReactor"]


class _Unflushed(list[Any]):
    """The descriptors that were written to; asks for a turn to send what was written."""

    def __init__(self, comeRound: Callable[[], object]) -> None:
        super().__init__()
        self._comeRound = comeRound

    def append(self, descriptor: Any) -> None:
        """Add a descriptor."""
        super().append(descriptor)
        self._comeRound()


class GuestReactor(ReactorBase):
    """
    What such reactors share. A subclass gives `_comeRound`, and may give `_timersChanged`.
    """

    #: The other loop would be shared with the process that this one was forked off.
    _afterFork: Any = None

    def __init__(self) -> None:
        super().__init__()
        self._unflushed = _Unflushed(self._comeRound)
        self._timers.onMove = self._timerMoved

    def _comeRound(self) -> None:
        """Ask for a turn soon, unless one is under way."""
        raise NotImplementedError(f"{type(self).__qualname__} does not provide _comeRound")

    def _timersChanged(self) -> None:
        """Something may be due earlier than before."""
        self._comeRound()

    def _timerMoved(self, call: DelayedCall) -> None:
        self._timers._moved(call)
        self._timersChanged()

    def callLater(
        self, delay: float, callable: Callable[..., Any], *args: object, **kw: object
    ) -> DelayedCall:
        """
        Call ``callable(*args, **kw)`` in ``delay`` seconds.

        @raise AssertionError: ``delay`` is negative, or nothing that can be called was given.
        """
        call = super().callLater(delay, callable, *args, **kw)
        self._timersChanged()
        return call

    def stop(self) -> None:
        """
        Shut down: fire the shutdown event and end `run`, as soon as the loop comes round.

        @raise twisted.internet.error.ReactorNotRunning: it does not run, or is stopping already.
        """
        super().stop()
        self._comeRound()
