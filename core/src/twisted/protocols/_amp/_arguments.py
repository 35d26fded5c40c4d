"""Values as octets, and back."""

from __future__ import annotations

import decimal
import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from keyword import iskeyword
from typing import Any

from zope.interface import Interface, implementer

from twisted.protocols._amp._boxes import AmpBox, parseString
from twisted.protocols._amp._errors import InvalidSignature, TooLong
from twisted.python.filepath import FilePath

__all__ = [
    "AmpList",
    "Argument",
    "Boolean",
    "DateTime",
    "Decimal",
    "Descriptor",
    "Float",
    "IArgumentType",
    "Integer",
    "ListOf",
    "Path",
    "String",
    "Unicode",
    "objectsToStrings",
    "pythonName",
    "stringsToObjects",
    "utc",
]

utc: tzinfo = UTC

#: How long an integer may be, in digits: turning one into binary takes time that grows faster.
_LONGEST_INTEGER = 4000


def pythonName(key: bytes) -> str:
    """The name in Python of an argument: ``-`` becomes ``_``, a keyword gets a capital letter."""
    name = key.decode("ascii").replace("-", "_")
    return name.title() if iskeyword(name) else name


class IArgumentType(Interface):
    """Turns the values of an argument into octets of a box, and back."""

    def fromBox(name: Any, strings: Any, objects: Any, proto: Any) -> Any:
        """Take what it needs out of `strings`, and put the value into `objects`."""

    def toBox(name: Any, strings: Any, objects: Any, proto: Any) -> Any:
        """Take the value out of `objects`, and put octets into `strings`."""


@implementer(IArgumentType)
class Argument:
    """
    The type of an argument. A subclass overrides `fromString` and `toString`.

    @param optional: whether the argument may be left out; it is None then.
    """

    optional = False

    def __init__(self, optional: bool = False) -> None:
        self.optional = optional

    def retrieve(self, d: dict[Any, Any], name: Any, proto: Any) -> Any:
        """Take a value out of a mapping; None if an optional one is not there."""
        if self.optional:
            return d.pop(name, None)
        return d.pop(name)

    def fromBox(self, name: bytes, strings: Any, objects: Any, proto: Any) -> None:
        """Take octets out of a box, and put the value into `objects`."""
        try:
            octets = self.retrieve(strings, name, proto)
        except KeyError:
            raise InvalidSignature(f"the argument {name!r} is missing") from None
        key = pythonName(name)
        objects[key] = None if octets is None else self.fromStringProto(octets, proto)

    def toBox(self, name: bytes, strings: Any, objects: Any, proto: Any) -> None:
        """Take a value out of `objects`, and put octets into a box."""
        value = self.retrieve(objects, pythonName(name), proto)
        if value is not None:
            strings[name] = self.toStringProto(value, proto)

    def fromStringProto(self, inString: bytes, proto: Any) -> Any:
        """The value of octets, on a connection."""
        return self.fromString(inString)

    def toStringProto(self, inObject: Any, proto: Any) -> bytes:
        """The octets of a value, on a connection."""
        return self.toString(inObject)

    def fromString(self, inString: bytes) -> Any:
        """The value of octets; to be overridden."""
        raise NotImplementedError(f"{type(self).__name__}.fromString")

    def toString(self, inObject: Any) -> bytes:
        """The octets of a value; to be overridden."""
        raise NotImplementedError(f"{type(self).__name__}.toString")


class Integer(Argument):
    """A whole number of any size, in digits."""

    def fromString(self, inString: bytes) -> int:
        """The number."""
        if not re.fullmatch(rb"[+-]?[0-9]{1,%d}" % _LONGEST_INTEGER, inString):
            raise ValueError(f"{inString[:50]!r} is not a whole number")
        return int(inString)

    def toString(self, inObject: int) -> bytes:
        """Its digits."""
        return b"%d" % inObject


class String(Argument):
    """Octets."""

    def fromString(self, inString: bytes) -> Any:
        """The same."""
        return inString

    def toString(self, inObject: Any) -> bytes:
        """The same."""
        return inObject  # type: ignore[no-any-return]


class Float(Argument):
    """A floating-point number, as Python writes it."""

    def fromString(self, inString: bytes) -> float:
        """The number."""
        return float(inString)

    def toString(self, inString: float) -> bytes:
        """Its digits."""
        if not isinstance(inString, float):
            raise ValueError(f"{inString!r} is not a float")
        return repr(inString).encode("ascii")


class Boolean(Argument):
    """``True`` or ``False``."""

    def fromString(self, inString: bytes) -> bool:
        """Which one it is."""
        if inString not in (b"True", b"False"):
            raise TypeError(f"{inString[:50]!r} is neither True nor False")
        return inString == b"True"

    def toString(self, inObject: Any) -> bytes:
        """Which one it is."""
        return b"True" if inObject else b"False"


class Unicode(String):
    """Text, as UTF-8."""

    def fromString(self, inString: bytes) -> Any:
        """The text."""
        return inString.decode("utf-8")

    def toString(self, inObject: Any) -> bytes:
        """The octets."""
        encoded: bytes = inObject.encode("utf-8")
        return encoded


class Path(Unicode):
    """The path of a file, of a host that both sides have in common."""

    def fromString(self, inString: bytes) -> FilePath[str]:
        """A `FilePath`."""
        return FilePath(super().fromString(inString))

    def toString(self, inObject: FilePath[Any]) -> bytes:
        """The octets."""
        return super().toString(inObject.asTextMode().path)


class ListOf(Argument):
    """
    A list of values of one type.

    @param elementType: their type.
    """

    def __init__(self, elementType: Argument, optional: bool = False) -> None:
        self.elementType = elementType
        super().__init__(optional)

    def fromStringProto(self, inString: bytes, proto: Any) -> list[Any]:
        """The list."""
        values, offset = [], 0
        while offset < len(inString):
            size = int.from_bytes(inString[offset : offset + 2], "big")
            end = offset + 2 + size
            if end > len(inString):
                raise ValueError("the last element of the list is not complete")
            values.append(self.elementType.fromStringProto(inString[offset + 2 : end], proto))
            offset = end
        return values

    def fromString(self, inString: bytes) -> list[Any]:
        """The list."""
        return self.fromStringProto(inString, None)

    def toStringProto(self, inObject: Iterable[Any], proto: Any) -> bytes:
        """The octets: each element with its length in two of them before it."""
        pieces = []
        for element in inObject:
            octets = self.elementType.toStringProto(element, proto)
            if len(octets) > 0xFFFF:
                raise TooLong(False, True, octets)
            pieces += [len(octets).to_bytes(2, "big"), octets]
        return b"".join(pieces)

    def toString(self, inObject: Iterable[Any]) -> bytes:
        """The octets."""
        return self.toStringProto(inObject, None)


class AmpList(Argument):
    """
    A list of mappings.

    @param subargs: names and types of what each has.
    """

    def __init__(self, subargs: Iterable[tuple[bytes, Any]], optional: bool = False) -> None:
        self.subargs = list(subargs)
        for name, _ in self.subargs:
            if not isinstance(name, bytes):
                raise TypeError(f"the name {name!r} is not octets")
        super().__init__(optional)

    def fromStringProto(self, inString: bytes, proto: Any) -> list[Any]:
        """The list."""
        return [stringsToObjects(box, self.subargs, proto) for box in parseString(inString)]

    def toStringProto(self, inObject: Iterable[Any], proto: Any) -> bytes:
        """The octets: a box for each."""
        return b"".join(
            objectsToStrings(objects, self.subargs, AmpBox(), proto).serialize()
            for objects in inObject
        )


class Descriptor(Integer):
    """A descriptor that goes over a UNIX socket."""

    def fromStringProto(self, inString: bytes, proto: Any) -> int:
        """The number that the descriptor has here."""
        return int(proto._getDescriptor(super().fromStringProto(inString, proto)))

    def toStringProto(self, inObject: int, proto: Any) -> bytes:
        """Send the descriptor, and tell which one it is of those sent."""
        return super().toStringProto(proto._sendFileDescriptor(inObject), proto)


class Decimal(Argument):
    """A decimal number, as `decimal.Decimal`."""

    def fromString(self, inString: bytes) -> decimal.Decimal:
        """The number."""
        return decimal.Decimal(inString.decode("ascii"))

    def toString(self, inObject: decimal.Decimal) -> bytes:
        """Its digits."""
        if not isinstance(inObject, decimal.Decimal):
            raise ValueError(f"{inObject!r} is not a decimal.Decimal")
        return str(inObject).encode("ascii")


_DATE = re.compile(
    rb"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})\.([0-9]{6})"
    rb"([+-])([0-9]{2}):([0-9]{2})"
)


class DateTime(Argument):
    """A moment, with the offset of its time zone, to the microsecond."""

    def fromString(self, inString: bytes) -> datetime:
        """A `datetime` with a time zone."""
        found = _DATE.fullmatch(inString)
        if found is None:
            raise ValueError(f"{inString[:50]!r} is not a date and a time")
        *parts, sign, hours, minutes = found.groups()
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        zone = timezone(-offset if sign == b"-" else offset)
        year, month, day, hour, minute, second, micro = map(int, parts)
        return datetime(year, month, day, hour, minute, second, micro, zone)

    def toString(self, inObject: datetime) -> bytes:
        """The octets."""
        offset = inObject.utcoffset()
        if offset is None:
            raise ValueError(f"{inObject!r} has no time zone")
        minutes = math.floor(offset.total_seconds() / 60)
        sign = "+" if minutes > 0 else "-"
        text = inObject.strftime("%Y-%m-%dT%H:%M:%S.%f").rjust(26, "0")
        return f"{text}{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}".encode("ascii")


def objectsToStrings(
    objects: dict[str, Any], arglist: Iterable[tuple[bytes, Any]], strings: Any, proto: Any
) -> Any:
    """Put the values of `objects` into a box. @return: the box."""
    left = dict(objects)
    for name, kind in arglist:
        kind.toBox(name, strings, left, proto)
    return strings


def stringsToObjects(
    strings: dict[bytes, bytes], arglist: Iterable[tuple[bytes, Any]], proto: Any
) -> dict[str, Any]:
    """The values that a box has."""
    objects: dict[str, Any] = {}
    left = dict(strings)
    for name, kind in arglist:
        kind.fromBox(name, left, objects, proto)
    return objects
