"""Whether a client has what it asks for already (RFC 9110, section 13)."""

from __future__ import annotations

from twisted.web._http._dates import stringToDatetime


def matches(condition: bytes, etag: bytes) -> bool:
    """
    Whether an entity tag is among those of an ``If-None-Match`` header, by weak comparison.

    @param etag: with its quotation marks.
    """
    tags = [tag.strip().removeprefix(b"W/") for tag in condition.split(b",")]
    return etag.removeprefix(b"W/") in tags or tags == [b"*"]


def modified_since(since: bytes, modified: int) -> bool:
    """
    Whether something has changed since what an ``If-Modified-Since`` header says.

    @param modified: when it changed last, in seconds since the epoch.
    @return: true also if the header makes no sense.
    """
    try:
        return stringToDatetime(since.partition(b";")[0]) < modified
    except ValueError:
        return True
