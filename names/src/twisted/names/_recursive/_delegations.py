"""Which servers are known for which zones, and for how long."""

from __future__ import annotations

from collections.abc import Callable

from twisted.names._wire.names import joined, labels, normal

__all__ = ["Address", "Delegations", "parents"]

Address = tuple[str, int]

#: Zones that are remembered, and seconds for which they are at most.
MOST_ZONES = 10_000
LONGEST = 86_400


def parents(name: bytes) -> list[bytes]:
    """A name and all above it, the root last, in lower case."""
    parts = labels(normal(name))
    return [joined(parts[i:]) for i in range(len(parts) + 1)]


class Delegations:
    """What servers have said about the zones below theirs."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        """
        @param seconds: tells the time.
        """
        self._seconds = seconds
        self._zones: dict[bytes, tuple[float, list[Address]]] = {}

    def __len__(self) -> int:
        return len(self._zones)

    def add(self, zone: bytes, addresses: list[Address], ttl: int) -> None:
        """Remember the servers of a zone; the oldest is forgotten if there are too many."""
        self._zones.pop(zone, None)
        if len(self._zones) >= MOST_ZONES:
            del self._zones[next(iter(self._zones))]
        self._zones[zone] = (self._seconds() + min(ttl, LONGEST), addresses)

    def remove(self, zone: bytes) -> None:
        """Forget the servers of a zone."""
        self._zones.pop(zone, None)

    def nearest(self, name: bytes) -> tuple[bytes, list[Address]] | None:
        """The lowest zone above a name whose servers are known, and those."""
        for zone in parents(name):
            until, addresses = self._zones.get(zone, (0.0, []))
            if addresses and until > self._seconds():
                return zone, addresses
        return None
