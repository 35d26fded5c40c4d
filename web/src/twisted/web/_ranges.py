"""Parts of a content that a client asks for (RFC 9110, section 14)."""

from __future__ import annotations

import re

#: A client that asks for more parts than this gets the whole.
MAX_RANGES = 20

_RANGE = re.compile(rb"[ \t]*(\d{0,18})-(\d{0,18})[ \t]*")


def parse_ranges(header: bytes, size: int) -> list[tuple[int, int]] | None:
    """
    Read a ``Range`` header.

    @param size: of the content, in bytes.
    @return: the offset and length of each part that there is, so none if there is no such part;
        or None if the header is to be passed over, because it is malformed, in another unit, or
        asks for more than sending the whole takes.
    """
    unit, sign, specs = header.partition(b"=")
    if unit.strip().lower() != b"bytes" or not sign:
        return None
    parts = []
    specs_list = specs.split(b",")
    if len(specs_list) > MAX_RANGES:
        return None
    for spec in specs_list:
        found = _RANGE.fullmatch(spec)
        if found is None or not (found[1] or found[2]):
            return None
        if found[1]:
            first = int(found[1])
            last = min(int(found[2]), size - 1) if found[2] else size - 1
            if found[2] and int(found[2]) < first:
                return None
        else:
            first = max(size - int(found[2]), 0)
            last = size - 1
        if first <= last:
            parts.append((first, last - first + 1))
    if len(parts) > 1 and sum(length for _, length in parts) > size:
        return None
    return parts


def content_range(offset: int, length: int, size: int) -> bytes:
    """What a ``Content-Range`` header says of a part."""
    return b"bytes %d-%d/%d" % (offset, offset + length - 1, size)
