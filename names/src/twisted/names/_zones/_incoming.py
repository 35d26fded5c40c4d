"""A zone as it comes in from its primary (RFC 5936 §2.2, RFC 1995 §4)."""

from __future__ import annotations

from typing import Any

from twisted.names._dns.constants import SOA
from twisted.names._zones._answers import RR, isWithin
from twisted.names._zones._history import Difference, applied

__all__ = ["MOST_RECORDS", "Incoming", "TransferError"]

#: How many records a transfer may have.
MOST_RECORDS = 5_000_000


class TransferError(ValueError):
    """What a primary sends is no transfer of the zone."""

    __module__ = "twisted.names.secondary"


class Incoming:
    """
    Takes the records of a transfer, one by one.

    @ivar done: whether the last one has come.
    @ivar whole: all records of the zone, if they have come.
    @ivar steps: the differences, if these have come instead.
    """

    def __init__(self, origin: bytes, have: Any | None) -> None:
        """
        @param origin: the name of the zone.
        @param have: the SOA of the version that is there; None if there is none, or if the whole
            zone was asked for.
        """
        self.origin = origin
        self.done = False
        self.whole: list[RR] | None = None
        self.steps: list[Difference] = []
        self._have = have
        self._count = 0
        self._new: RR | None = None
        # The SOAs of the step that is coming, and what it removes and adds.
        self._old: RR | None = None
        self._next: RR | None = None
        self._removed: list[RR] = []
        self._added: list[RR] = []

    @property
    def soa(self) -> Any:
        """The SOA of the version that is coming."""
        if self._new is None:
            raise TransferError("there is no SOA")
        return self._new.record

    def add(self, rr: RR) -> None:
        """
        Take a record.

        @raise TransferError: it should not be there.
        """
        self._count += 1
        if self.done:
            raise TransferError("a record follows the end")
        if self._count > MOST_RECORDS:
            raise TransferError(f"there are more than {MOST_RECORDS} records")
        isSOA = rr.record.TYPE == SOA
        if isSOA and rr.name != self.origin:
            raise TransferError(f"there is a SOA of {rr.name!r}")
        if self._new is None:
            if not isSOA:
                raise TransferError("the first record is no SOA")
            self._new = rr
        elif self._count == 2 and isSOA and self._isIncremental(rr):
            self._old = rr
        elif self._old is not None:
            self._addToStep(rr, isSOA)
        else:
            self._addToWhole(rr, isSOA)

    def _isIncremental(self, rr: RR) -> bool:
        """Whether the second record begins a step from the version that is there."""
        return self._have is not None and rr.record.serial == self._have.serial != self.soa.serial

    def endOfMessage(self) -> None:
        """Note the end of a message: a single SOA says that there is nothing new."""
        if self._count == 1 and self._have is not None and self._have.serial == self.soa.serial:
            self.done = True

    def _addToWhole(self, rr: RR, isSOA: bool) -> None:
        """Take a record of the zone."""
        assert self._new is not None
        if self.whole is None:
            self.whole = [self._new]
        if isSOA:
            if rr.record.serial != self.soa.serial:
                raise TransferError("the last SOA is another one than the first")
            self.done = True
        elif isWithin(rr.name, self.origin):
            self.whole.append(rr)

    def _addToStep(self, rr: RR, isSOA: bool) -> None:
        """Take a record of a step, or what begins another."""
        if not isSOA:
            (self._removed if self._next is None else self._added).append(rr)
        elif self._next is None:
            self._next = rr
        else:
            assert self._old is not None
            self.steps.append(Difference(self._old, self._next, self._removed, self._added))
            if rr.record.serial != self._next.record.serial:
                raise TransferError("a step does not begin where the one before ends")
            self._removed, self._added = [], []
            self._old, self._next = rr, None
            self.done = rr.record.serial == self.soa.serial

    def records(self, before: dict[bytes, list[Any]] | None) -> dict[bytes, list[Any]] | None:
        """
        The records of the new version by their owners; None if there is none.

        @param before: those of the version that is there.
        @raise TransferError: the last record has not come, or what is there is another version than
            the primary believes.
        """
        if not self.done:
            raise TransferError("the transfer has not ended")
        if self.whole is not None:
            return applied({}, (), self.whole)
        if not self.steps or before is None:
            return None
        records = before
        try:
            for step in self.steps:
                records = applied(records, [step.old, *step.removed], [step.new, *step.added])
        except ValueError as error:
            raise TransferError(str(error)) from error
        return records
