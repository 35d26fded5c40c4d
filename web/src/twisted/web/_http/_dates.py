"""Dates as HTTP (RFC 9110, section 5.6.7) and access logs write them."""

from __future__ import annotations

from calendar import timegm
from functools import lru_cache
from time import gmtime, time

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = (
    "",
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
)
_MONTH_NUMBERS = {name.lower(): number for number, name in enumerate(_MONTHS) if name}
_DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def datetimeToString(msSinceEpoch: float | None = None) -> bytes:
    """
    A date such as ``Sun, 06 Nov 1994 08:49:37 GMT``.

    @param msSinceEpoch: seconds since the epoch, by default now.
    """
    return _written(int(time() if msSinceEpoch is None else msSinceEpoch // 1))


@lru_cache(maxsize=256)
def _written(seconds: int) -> bytes:
    """A date such as ``Sun, 06 Nov 1994 08:49:37 GMT``; those of files are asked for often."""
    year, month, day, hour, minute, second, weekday = gmtime(seconds)[:7]
    return (
        f"{_DAYS[weekday]}, {day:02d} {_MONTHS[month]} {year:04d} "
        f"{hour:02d}:{minute:02d}:{second:02d} GMT"
    ).encode("ascii")


def datetimeToLogString(msSinceEpoch: float | None = None) -> str:
    """
    A date such as ``[06/Nov/1994:08:49:37 +0000]``.

    @param msSinceEpoch: seconds since the epoch, by default now.
    """
    moment = gmtime(time() if msSinceEpoch is None else msSinceEpoch)
    year, month, day, hour, minute, second = moment[:6]
    return f"[{day:02d}/{_MONTHS[month]}/{year:04d}:{hour:02d}:{minute:02d}:{second:02d} +0000]"


def stringToDatetime(dateString: bytes | str) -> int:
    """
    The seconds since the epoch of a date in one of the three forms that HTTP knows.

    @raise ValueError: if it is in none of them.
    """
    if isinstance(dateString, bytes):
        dateString = dateString.decode("ascii")
    parts = dateString.split()
    if not parts:
        raise ValueError("an empty date")
    if parts[0][:3].lower() not in _DAY_NAMES:
        parts.insert(0, "")
    if len(parts) == 5 and not parts[0] and not parts[1][:1].isdigit():
        # asctime, without the day: Nov  6 08:49:37 1994
        _, month, day, clock, year = parts
    elif len(parts) in (5, 6) and parts[0] and not parts[1][:1].isdigit():
        # asctime: Sun Nov  6 08:49:37 1994
        _, month, day, clock, year = parts[:5]
    elif len(parts) in (4, 3) and "-" in parts[1]:
        # RFC 850: Sunday, 06-Nov-94 08:49:37 GMT
        day, month, year = parts[1].split("-")
        clock = parts[2]
        if len(year) == 2:
            year = str(int(year) + (2000 if int(year) < 69 else 1900))
    elif len(parts) in (5, 6):
        _, day, month, year, clock = parts[:5]
    else:
        raise ValueError(f"not a date of HTTP: {dateString!r}")
    number = _MONTH_NUMBERS.get(month.lower())
    if number is None:
        raise ValueError(f"no month: {month!r}")
    hour, minute, second = map(int, clock.split(":"))
    return timegm((int(year), number, int(day), hour, minute, second))
