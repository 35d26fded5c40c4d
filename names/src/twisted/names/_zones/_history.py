"""The versions of a zone, as differences from one to the next (RFC 1995 §4)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from twisted.names._zones._answers import RR, Zone
from twisted.names._zones._records import rdata

__all__ = [
    "MOST_DIFFERENCES",
    "MOST_VERSIONS",
    "Difference",
    "History",
    "applied",
    "difference",
    "isNewer",
]

#: How many differences are kept, and how many records in all of them together.
MOST_VERSIONS = 100
MOST_DIFFERENCES = 50_000

_SOA = 6


def isNewer(serial: int, other: int) -> bool:
    """Tell whether a serial number comes after another (RFC 1982 §3.2)."""
    return 0 < (serial - other) & 0xFFFFFFFF < 0x80000000


@dataclass(frozen=True)
class Difference:
    """
    From one version of a zone to the next.

    @ivar old: the SOA before.
    @ivar new: the SOA afterwards.
    @ivar removed: records that are gone, but no SOA.
    @ivar added: records that have come.
    """

    old: RR
    new: RR
    removed: list[RR]
    added: list[RR]

    def __iter__(self) -> Iterator[RR]:
        """All of it in the order of a transfer."""
        yield self.old
        yield from self.removed
        yield self.new
        yield from self.added


def _all(zone: Zone) -> Iterator[tuple[tuple[bytes, int, int, bytes], RR]]:
    """The records of a zone without its SOA, by what makes them the same."""
    for name, records in zone.records.items():
        for record in records:
            if record.TYPE != _SOA:
                rr = zone.rr(name, record)
                yield (name, record.TYPE, rr.ttl, rdata(record)), rr


def difference(old: Zone, new: Zone) -> Difference:
    """Compare two versions of a zone."""
    before, after = dict(_all(old)), dict(_all(new))
    return Difference(
        old.rr(old.origin, old.soa),
        new.rr(new.origin, new.soa),
        [rr for key, rr in before.items() if key not in after],
        [rr for key, rr in after.items() if key not in before],
    )


class History:
    """The last versions of a zone."""

    def __init__(self) -> None:
        self._differences: deque[Difference] = deque()
        self._size = 0

    def note(self, step: Difference) -> None:
        """Remember the step to a newer version; anything else makes what was known worthless."""
        if self._differences and self._differences[-1].new.record.serial != step.old.record.serial:
            self.clear()
        if not isNewer(step.new.record.serial, step.old.record.serial):
            self.clear()
            return
        self._differences.append(step)
        self._size += _size(step)
        while self._size > MOST_DIFFERENCES or len(self._differences) > MOST_VERSIONS:
            self._size -= _size(self._differences.popleft())

    def clear(self) -> None:
        """Forget everything."""
        self._differences.clear()
        self._size = 0

    def since(self, serial: int) -> list[Difference] | None:
        """The steps from a version to the newest one; None if that is not known."""
        steps = list(self._differences)
        for index, step in enumerate(steps):
            if step.old.record.serial == serial:
                return steps[index:]
        return None


def _size(step: Difference) -> int:
    return len(step.removed) + len(step.added) + 2


def applied(
    records: Mapping[bytes, Iterable[Any]], removed: Iterable[RR], added: Iterable[RR]
) -> dict[bytes, list[Any]]:
    """
    Apply a difference to the records of a zone, SOA included.

    @return: the records afterwards; those given stay as they are.
    @raise ValueError: a record that is to be removed is not there.
    """
    changed = {name: list(found) for name, found in records.items()}
    for rr in removed:
        found = changed.get(rr.name, [])
        wire = rdata(rr.record)
        for index, record in enumerate(found):
            if record.TYPE == rr.record.TYPE and rdata(record) == wire:
                del found[index]
                break
        else:
            raise ValueError(f"there is no such record to be removed: {rr}")
        if not found:
            del changed[rr.name]
    for rr in added:
        changed.setdefault(rr.name, []).append(rr.record)
    return changed
