"""Who may connect when there may be so many connections, and who waits."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Any

from twisted.internet.defer import Deferred

__all__ = ["Slots"]


class Slots:
    """
    Counts connections, and keeps those who wait for one in order: who came first goes first for
    each server, and servers take turns.

    @ivar perHost: how many connections there may be to a server; None for any number.
    @ivar total: how many in all; None for any number.
    """

    def __init__(self) -> None:
        self.perHost: int | None = None
        self.total: int | None = None
        self.waiting = 0
        self._open: dict[Any, int] = {}
        self._count = 0
        # The servers somebody waits for, the one whose turn it is first.
        self._queues: OrderedDict[Any, deque[Deferred[Any]]] = OrderedDict()

    @property
    def allTaken(self) -> bool:
        """Whether there are as many connections as there may be in all."""
        return self.total is not None and self._count >= self.total

    def _fullFor(self, key: Any) -> bool:
        return self.perHost is not None and self._open.get(key, 0) >= self.perHost

    def take(self, key: Any) -> bool:
        """Count a connection to a server, if there may be another one and nobody waits for it."""
        if self.allTaken or self._fullFor(key) or key in self._queues:
            return False
        self._add(key)
        return True

    def isFree(self, key: Any) -> bool:
        """Whether it is for the number in all alone, if at all, that there is no connection."""
        return not self._fullFor(key)

    def _add(self, key: Any) -> None:
        self._open[key] = self._open.get(key, 0) + 1
        self._count += 1

    def wait(self, key: Any) -> Deferred[Any]:
        """
        Wait for a connection to a server.

        @return: fires with a connection that somebody else needs no more, or with None when one may
            be made: it is counted then. Cancelling it gives the place in the queue up.
        """

        def leave(waiter: Deferred[Any]) -> None:
            queue = self._queues[key]
            queue.remove(waiter)
            self.waiting -= 1
            if not queue:
                del self._queues[key]

        waiter: Deferred[Any] = Deferred(leave)
        self._queues.setdefault(key, deque()).append(waiter)
        self.waiting += 1
        return waiter

    def release(self, key: Any) -> None:
        """A connection to a server has ended: others may be made."""
        left = self._open[key] - 1
        if left:
            self._open[key] = left
        else:
            del self._open[key]
        self._count -= 1
        while not self.allTaken:
            turn = next((each for each in self._queues if not self._fullFor(each)), None)
            if turn is None:
                return
            self._add(turn)
            self._next(turn).callback(None)

    def _next(self, key: Any) -> Deferred[Any]:
        """Whoever is first in the queue for a server, which has had its turn then."""
        queue = self._queues.pop(key)
        waiter = queue.popleft()
        self.waiting -= 1
        if queue:
            self._queues[key] = queue
        return waiter

    def hand(self, key: Any, connection: Any) -> bool:
        """
        Give a connection that is needed no more to whoever waits for one to this server.

        @return: whether anybody does, and no other server has its turn; whoever waits has got it.
        """
        if key not in self._queues:
            return False
        if self.allTaken:
            turn = next(each for each in self._queues if each == key or not self._fullFor(each))
            if turn != key:
                return False
        self._next(key).callback(connection)
        return True

    def isWanted(self) -> bool:
        """Whether somebody waits for a connection to another server to end."""
        return self.allTaken and any(not self._fullFor(each) for each in self._queues)
