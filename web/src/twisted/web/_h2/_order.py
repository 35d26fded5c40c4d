"""Which stream sends next."""

from __future__ import annotations

from collections import deque

from priority.priority import DeadlockError, PriorityTree


class RoundRobin:
    """All take turns."""

    def __init__(self) -> None:
        self._turns: deque[int] = deque()
        self._queued: set[int] = set()
        self._ready: set[int] = set()

    def add(self, stream: int) -> None:
        """A stream has something to send."""
        self._ready.add(stream)
        if stream not in self._queued:
            self._queued.add(stream)
            self._turns.append(stream)

    def remove(self, stream: int) -> None:
        """A stream has nothing more to send, or has gone."""
        self._ready.discard(stream)

    forget = remove

    def next(self) -> int | None:
        """Which stream sends now; None if none has anything to send."""
        turns = self._turns
        while turns:
            stream = turns.popleft()
            if stream in self._ready:
                turns.append(stream)
                return stream
            self._queued.discard(stream)
        return None

    def waiting(self) -> set[int]:
        """The streams that have something to send."""
        return self._ready


#: How many streams a tree may hold: walking it recurses once for each of a chain.
MOST_IN_TREE = 300


class Weighted:
    """
    Streams take turns as their client has said, with weights and in a tree (RFC 7540, 5.3).
    """

    def __init__(self, ready: set[int], most: int) -> None:
        """
        @param ready: the streams that have something to send.
        @param most: how many streams there may be at once; as many places at least are left for
            them when others are only spoken of.
        """
        self.tree = PriorityTree(maximum_streams=MOST_IN_TREE)
        self._places = MOST_IN_TREE - most
        self._ready: set[int] = set()
        # All that are in the tree; the root is, too.
        self._placed = {0}
        for stream in sorted(ready):
            self.add(stream)

    def prioritize(self, stream: int, parent: int, weight: int, exclusive: bool) -> None:
        """
        Place a stream in the tree; if it is on itself, or there are too many, nowhere.

        One that has a place leaves it, and those on it to its parent: moving them along might
        make a circle.
        """
        if parent == stream or len(self._placed | {stream, parent}) > self._places:
            return
        if stream in self._placed:
            self.tree.remove_stream(stream)
        self.tree.insert_stream(stream, parent, weight, exclusive)
        if stream not in self._ready:
            self.tree.block(stream)
        self._placed |= {stream, parent}

    def add(self, stream: int) -> None:
        """A stream has something to send."""
        if stream not in self._placed:
            self._placed.add(stream)
            self.tree.insert_stream(stream)
        if stream not in self._ready:
            self._ready.add(stream)
            self.tree.unblock(stream)

    def remove(self, stream: int) -> None:
        """A stream has nothing more to send."""
        if stream in self._ready:
            self._ready.discard(stream)
            self.tree.block(stream)

    def forget(self, stream: int) -> None:
        """A stream has gone."""
        self._ready.discard(stream)
        if stream in self._placed:
            self._placed.discard(stream)
            self.tree.remove_stream(stream)

    def next(self) -> int | None:
        """Which stream sends now; None if none has anything to send."""
        try:
            stream: int = next(self.tree)
        except DeadlockError:
            return None
        return stream
