"""What fields of master files mean: times, classes, names (RFC 1035 §5.1, RFC 2308 §4)."""

from __future__ import annotations

import re

from twisted.names._wire.mnemonics import class_number
from twisted.names._wire.tokens import absolute

__all__ = ["MOST_TTL", "fieldText", "findClass", "isTime", "nameOf", "parseTime"]

#: The longest time to live (RFC 2181 §8).
MOST_TTL = 2**31 - 1

_SECONDS = {b"": 1, b"S": 1, b"M": 60, b"H": 3600, b"D": 86400, b"W": 604800, b"Y": 31536000}
_TIME = re.compile(rb"\d+|(?:\d+[smhdwy])+\d*", re.IGNORECASE)
_PART = re.compile(rb"(\d+)([a-z]?)", re.IGNORECASE)


def isTime(field: bytes) -> bool:
    """Tell whether a field is a number of seconds or a time with units, such as ``1h30m``."""
    return _TIME.fullmatch(field) is not None


def parseTime(field: bytes) -> int:
    """
    Give a time in seconds.

    @raise ValueError: it is none, or longer than `MOST_TTL`.
    """
    if not isTime(field) or len(field) > 64:
        raise ValueError(f"{fieldText(field)!r} is no time")
    seconds = sum(int(number) * _SECONDS[unit.upper()] for number, unit in _PART.findall(field))
    if seconds > MOST_TTL:
        raise ValueError(f"{fieldText(field)!r} is longer than {MOST_TTL} seconds")
    return seconds


def findClass(field: bytes) -> int | None:
    """The number of a class if a field is one, such as ``IN`` or ``CLASS1`` (RFC 3597 §5)."""
    if not field.isalnum():
        return None
    try:
        return class_number(fieldText(field))
    except ValueError:
        return None


def fieldText(field: bytes) -> str:
    """A field as text: UTF-8, or else its octets beyond ASCII as escapes."""
    try:
        return field.decode()
    except UnicodeDecodeError:
        return "".join(chr(octet) if octet < 128 else f"\\{octet:03d}" for octet in field)


def nameOf(field: bytes, origin: bytes) -> bytes:
    """
    The name that a field stands for, without a final dot.

    @param origin: what a relative name ends in; empty for the root.
    @raise ValueError: it is no name.
    """
    return absolute(fieldText(field), origin)
