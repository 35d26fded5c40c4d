"""Zones as master files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from twisted.names._wire.mnemonics import type_name
from twisted.names._wire.tokens import relative

__all__ = ["zoneText"]


def zoneText(origin: bytes, soa: Any, records: Mapping[bytes, Sequence[Any]]) -> str:
    """
    Write a zone as a master file (RFC 1035 §5.1).

    @param origin: the name of the zone, which other names are written relative to.
    @param soa: its SOA, which is written first.
    """
    return "\n".join(_lines(origin, soa, records)) + "\n"


def _lines(origin: bytes, soa: Any, records: Mapping[bytes, Sequence[Any]]) -> Iterator[str]:
    """Write directives and records."""
    yield f"$ORIGIN {relative(origin, None)}"
    yield _line(origin, origin, soa)
    for name, found in records.items():
        for record in found:
            if record is not soa:
                yield _line(name, origin, record)


def _line(name: bytes, origin: bytes, record: Any) -> str:
    """Write a record."""
    owner = relative(name, origin)
    ttl = "" if record.ttl is None else f" {record.ttl}"
    return f"{owner}{ttl} IN {type_name(record.TYPE)} {record.toText(origin)}".rstrip()
