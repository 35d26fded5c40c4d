"""
The queue of calls that a reactor makes later.

A heap of plain tuples ``(moment, sequence, call)``, so that comparing never enters Python code.  A
cancelled call stays where it is until it comes up or the dead are the majority; a call moved to a
later moment keeps its place too, and is queued anew when it comes up.  Only a call moved to an
earlier moment gets a second entry, and the first one is dead from then on.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

from twisted.internet._delayedcall import DelayedCall

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["TimerQueue"]

#: So few dead entries are never worth a rebuild of the heap.
_DEAD_TOLERATED = 64


class TimerQueue:
    """
    Calls ordered by their moment, and by their making where moments are equal.

    ``heap[0][0]`` is when something may be due: never later than when something is.  ``onCancel``
    and ``onMove`` are what a `DelayedCall` of this queue is to be made with.
    """

    __slots__ = ("_dead", "_sequence", "heap", "onCancel", "onMove")

    def __init__(self) -> None:
        self.heap: list[tuple[float, int, DelayedCall]] = []
        self._sequence = 0
        self._dead = 0
        # Bound once: a call is made much more often than a queue.
        self.onCancel = self._cancelled
        self.onMove = self._moved

    def add(self, call: DelayedCall) -> None:
        """Queue a call at the moment that it names."""
        self._sequence = sequence = self._sequence + 1
        call._queued = when = call.time
        heappush(self.heap, (when, sequence, call))

    def _moved(self, call: DelayedCall) -> None:
        """Take note that a call names another moment now."""
        if call.time < call._queued:
            self._dead += 1
            self.add(call)
            if self._dead > _DEAD_TOLERATED and self._dead * 2 > len(self.heap):
                self._compact()

    def _cancelled(self, call: DelayedCall) -> None:
        """Take note that a call will not be made."""
        self._dead = dead = self._dead + 1
        if dead > _DEAD_TOLERATED and dead * 2 > len(self.heap):
            # The call says so itself only after this returns.
            call.cancelled = 1
            self._compact()

    def _compact(self) -> None:
        """Build the heap anew without the dead, which are more than half of it."""
        heap = self.heap
        # In place: `due` may be walking over this list.
        heap[:] = [entry for entry in heap if _isLive(entry)]
        heapify(heap)
        self._dead = 0

    def next(self) -> float | None:
        """Tell when the earliest call is due, or None if there is none."""
        heap = self.heap
        while heap:
            entry = heap[0]
            call = entry[2]
            if call.cancelled or call.called or call._queued != entry[0]:
                heappop(heap)
                self._dead -= 1
            elif call.time > entry[0]:
                heappop(heap)
                self.add(call)
            else:
                return entry[0]
        return None

    def due(self, now: float) -> Iterator[DelayedCall]:
        """
        Take out, one by one, the calls whose moment is not after ``now``.

        Calls queued while this goes on are left for the next time, so that a call that keeps making
        another one at once does not keep everything else waiting.
        """
        heap, last = self.heap, self._sequence
        while heap:
            when, sequence, call = heap[0]
            if when > now or sequence > last:
                return
            heappop(heap)
            if call.cancelled or call.called or call._queued != when:
                self._dead -= 1
            elif call.time > now:
                self.add(call)
            else:
                call.called = 1
                yield call

    def calls(self) -> list[DelayedCall]:
        """List the calls that are still to be made."""
        return [entry[2] for entry in self.heap if _isLive(entry)]

    def make(
        self,
        when: float,
        function: Callable[..., object],
        args: tuple[object, ...],
        kw: dict[str, object],
        seconds: Callable[[], float],
    ) -> DelayedCall:
        """Make a call of this queue and put it in."""
        call = DelayedCall(when, function, args, kw, self.onCancel, self.onMove, seconds)
        self._sequence = sequence = self._sequence + 1
        heappush(self.heap, (when, sequence, call))
        return call


def _isLive(entry: tuple[float, int, DelayedCall]) -> bool:
    """Tell whether an entry of the heap still stands for its call."""
    call = entry[2]
    return not (call.cancelled or call.called) and call._queued == entry[0]
