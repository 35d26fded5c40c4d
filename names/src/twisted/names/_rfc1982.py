"""Numbers that wrap around, as the serials of zones do (RFC 1982)."""

from __future__ import annotations

import calendar
import time

__all__ = ["SerialNumber"]

_DATE = "%Y%m%d%H%M%S"


class SerialNumber:
    """
    A number of so many bits; the larger of two is that which comes less than half round later.

    @raise TypeError: if a number is compared or added with one of other bits, or no number.
    """

    def __init__(self, number: int, serialBits: int = 32) -> None:
        """
        @param number: any number; what is over the bits wraps around.
        """
        self._serialBits = serialBits
        self._modulo = 1 << serialBits
        self._halfRing = 1 << (serialBits - 1)
        self._maxAdd = self._halfRing - 1
        self._number = int(number) % self._modulo

    def _distance(self, other: object, operation: str) -> int:
        """How far it is from here to another number, going up."""
        if not isinstance(other, SerialNumber):
            raise TypeError(f"cannot {operation} a SerialNumber and {other!r}")
        if self._serialBits != other._serialBits:
            raise TypeError(f"cannot {operation} numbers of different bits: {self!r}, {other!r}")
        return (other._number - self._number) % self._modulo

    def __str__(self) -> str:
        return str(self._number)

    def __repr__(self) -> str:
        return f"<SerialNumber number={self._number} serialBits={self._serialBits}>"

    def __int__(self) -> int:
        return self._number

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SerialNumber):
            return NotImplemented
        return not self._distance(other, "compare")

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, SerialNumber):
            return NotImplemented
        return 0 < self._distance(other, "compare") < self._halfRing

    def __le__(self, other: object) -> bool:
        # Two numbers half round apart are neither less nor more nor equal.
        return self == other or self < other

    def __ge__(self, other: object) -> bool:
        return self == other or self > other

    def __gt__(self, other: object) -> bool:
        if not isinstance(other, SerialNumber):
            return NotImplemented
        return 0 < other._distance(self, "compare") < self._halfRing

    def __add__(self, other: object) -> SerialNumber:
        """
        The number that comes so much later.

        @raise ArithmeticError: if that is half round or more.
        """
        if not isinstance(other, SerialNumber):
            return NotImplemented
        self._distance(other, "add")
        if other._number > self._maxAdd:
            raise ArithmeticError(f"{other._number} is more than {self._maxAdd}, the most to add")
        return SerialNumber(self._number + other._number, self._serialBits)

    def __hash__(self) -> int:
        return hash(self._number)

    @classmethod
    def fromRFC4034DateString(cls, utcDateString: str) -> SerialNumber:
        """The seconds since 1970 of a time as RRSIG records show it: year to second, in UTC."""
        return cls(calendar.timegm(time.strptime(utcDateString, _DATE)))

    def toRFC4034DateString(self) -> str:
        """The time of so many seconds since 1970, as RRSIG records show it."""
        return time.strftime(_DATE, time.gmtime(self._number))
