"""Zones as they are sent to others: whole (RFC 5936), and what has changed (RFC 1995)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from twisted.names._server._reply import AUTHORITATIVE, Writer
from twisted.names._server._request import Request
from twisted.names._zones._answers import RR, Zone
from twisted.names._zones._history import History, isNewer

__all__ = ["AXFR", "IXFR", "MESSAGE_OCTETS", "changesSince", "transferMessages", "wholeZone"]

IXFR = 251
AXFR = 252
_SOA = 6

#: How large a message of a transfer is; names further on could not be pointed to.
MESSAGE_OCTETS = 16_384

#: What a single record may need.
_MOST_OCTETS = 65_535


def wholeZone(zone: Zone) -> Iterator[RR]:
    """All records of a zone, as they are at this time, between two copies of its SOA."""
    soa = zone.rr(zone.origin, zone.soa)
    records = [
        zone.rr(name, record)
        for name, found in zone.records.items()
        for record in found
        if record.TYPE != _SOA
    ]
    return chain([soa], records, [soa])


def changesSince(zone: Zone, history: History, serial: int) -> Iterable[RR]:
    """
    What a secondary needs that has a version of a zone.

    That is the SOA if its version is the newest, the steps from one to the next if they are known,
    and the whole zone otherwise.
    """
    soa = zone.rr(zone.origin, zone.soa)
    if not isNewer(zone.soa.serial, serial):
        return [soa]
    steps = history.since(serial)
    if steps is None or steps[-1].new.record.serial != zone.soa.serial:
        return wholeZone(zone)
    return chain([soa], *steps, [soa])


def transferMessages(request: Request, records: Iterable[RR]) -> Iterator[bytes]:
    """Put records into messages, which are made one by one."""
    writer: Writer | None = None
    count = 0
    for rr in records:
        if writer is None:
            writer = Writer(request, _MOST_OCTETS)
        if not writer.add(rr):
            yield writer.finish(AUTHORITATIVE, (count, 0, 0))
            writer, count = Writer(request, _MOST_OCTETS), 0
            writer.add(rr)
        count += 1
        if len(writer.out) >= MESSAGE_OCTETS:
            yield writer.finish(AUTHORITATIVE, (count, 0, 0))
            writer, count = None, 0
    if writer is not None:
        yield writer.finish(AUTHORITATIVE, (count, 0, 0))
