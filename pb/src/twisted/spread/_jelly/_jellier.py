"""
Objects to expressions.

An object that occurs twice is sent once: the expression at its first place becomes
C{[reference, number, expression]}, and C{[dereference, number]} stands at all others.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal
from types import FunctionType, MethodType, ModuleType
from typing import Any

from twisted.python.reflect import qual
from twisted.spread._jelly._security import InsecureJelly
from twisted.spread.interfaces import IJellyable

__all__ = ["MOST_NESTED", "Jellier"]

#: How many containers and objects may be within each other.
MOST_NESTED = 100


def _text(obj: str) -> Any:
    return [b"unicode", obj.encode("utf-8", "surrogatepass")]


def _same(obj: Any) -> Any:
    return obj


def _datetime(obj: datetime.datetime) -> Any:
    _naive(obj)
    parts = (obj.year, obj.month, obj.day, obj.hour, obj.minute, obj.second, obj.microsecond)
    return [b"datetime", " ".join(map(str, parts)).encode()]


def _time(obj: datetime.time) -> Any:
    _naive(obj)
    return [b"time", f"{obj.hour} {obj.minute} {obj.second} {obj.microsecond}".encode()]


def _naive(obj: Any) -> None:
    if obj.tzinfo is not None:
        raise NotImplementedError("times with a time zone cannot be sent: send them in UTC")


def _decimal(obj: Decimal) -> Any:
    sign, numbers, exponent = obj.as_tuple()
    if not isinstance(exponent, int):
        raise TypeError(f"{obj} is no number that can be sent")
    value = int("".join(map(str, numbers)))
    return [b"decimal", -value if sign else value, exponent]


#: What has no parts, by its type.
_ATOMS: dict[type, Callable[[Any], Any]] = {
    bytes: _same,
    int: _same,
    float: _same,
    str: _text,
    bool: lambda obj: [b"boolean", b"true" if obj else b"false"],
    type(None): lambda obj: [b"None"],
    datetime.datetime: _datetime,
    datetime.date: lambda obj: [b"date", f"{obj.year} {obj.month} {obj.day}".encode()],
    datetime.time: _time,
    datetime.timedelta: lambda obj: [
        b"timedelta",
        f"{obj.days} {obj.seconds} {obj.microseconds}".encode(),
    ],
    Decimal: _decimal,
    FunctionType: lambda obj: [b"function", f"{obj.__module__}.{obj.__qualname__}".encode()],
    ModuleType: lambda obj: [b"module", obj.__name__.encode()],
}

_SEQUENCES: dict[type, bytes] = {
    list: b"list",
    tuple: b"tuple",
    set: b"set",
    frozenset: b"frozenset",
}


class Jellier:
    """
    Makes one expression.

    @ivar invoker: the broker that sends it, or None.
    """

    def __init__(self, taster: Any, persistentStore: Any, invoker: Any) -> None:
        self.taster = taster
        self.persistentStore = persistentStore
        self.invoker = invoker
        # By the identity of an object: its expression, or None while that is being made.
        self._seen: dict[int, Any] = {}
        self._numbers: dict[int, int] = {}
        # Identities are of no worth once their objects are gone.
        self._alive: list[Any] = []
        self._depth = 0

    def jelly(self, obj: Any) -> Any:
        """
        The expression for an object.

        @raise InsecureJelly: it is nested too deep, or stands for what is not allowed.
        """
        kind = type(obj)
        atom = _ATOMS.get(kind)
        if atom is not None:
            return atom(obj)
        identity = id(obj)
        if identity in self._seen:
            return self._again(identity)
        if kind is dict:
            self.prepare(obj)
            jelly = self.jelly
            sexp: Any = [b"dictionary"]
            sexp += [[jelly(key), jelly(value)] for key, value in obj.items()]
            return self.preserve(obj, sexp)
        name = _SEQUENCES.get(kind)
        if name is not None:
            self.prepare(obj)
            return self.preserve(obj, [name, *map(self.jelly, obj)])
        return self._other(obj, kind)

    def prepare(self, obj: Any) -> None:
        """Begin with an object that has parts."""
        if self._depth >= MOST_NESTED:
            raise InsecureJelly(f"objects are nested more than {MOST_NESTED} deep")
        self._depth += 1
        self._seen[id(obj)] = None
        self._alive.append(obj)

    def preserve(self, obj: Any, sexp: Any) -> Any:
        """The expression for an object that was begun with is complete. @return: what to send."""
        self._depth -= 1
        identity = id(obj)
        number = self._numbers.get(identity)
        if number is not None:
            # It has occurred within itself.
            sexp = [b"reference", number, sexp]
        self._seen[identity] = sexp
        return sexp

    def _again(self, identity: int) -> Any:
        """An object occurs again."""
        number = self._numbers.get(identity)
        if number is None:
            number = self._numbers[identity] = len(self._numbers) + 1
            sexp = self._seen[identity]
            if sexp is not None:
                sexp[:] = [b"reference", number, sexp[:]]
        return [b"dereference", number]

    def _other(self, obj: Any, kind: type) -> Any:
        """The expression for what is no plain data."""
        if isinstance(obj, type):
            return [b"class", qual(obj).encode()]
        if kind is MethodType:
            return self._method(obj)
        if self.persistentStore is not None:
            stored = self.persistentStore(obj, self)
            if stored is not None:
                self.prepare(obj)
                return self.preserve(obj, [b"persistent", stored])
        if IJellyable.providedBy(obj):
            self._alive.append(obj)
            jellyable: Any = obj
            return jellyable.jellyFor(self)
        return self._instance(obj, kind)

    def _method(self, obj: MethodType) -> Any:
        """The expression for a method: its name, its object, and the object's class."""
        owner = obj.__self__
        return [
            b"method",
            obj.__name__.encode(),
            self.jelly(owner),
            self.jelly(type(owner)),
        ]

    def _instance(self, obj: Any, kind: type) -> Any:
        """The expression for an instance of any class: its name, and its state."""
        name = qual(kind)
        self.prepare(obj)
        if self.taster.isClassAllowed(kind):
            return self.preserve(obj, [name.encode(), self.jelly(_state(obj))])
        return self.preserve(obj, self.unpersistable(f"instance of class {name} deemed insecure"))

    @staticmethod
    def unpersistable(reason: str) -> Any:
        """The expression for what cannot be sent."""
        return [b"unpersistable", reason.encode("utf-8", "backslashreplace")]


def _state(obj: Any) -> Any:
    """The state of an instance, as `copy` and others would ask for it."""
    return obj.__getstate__()
