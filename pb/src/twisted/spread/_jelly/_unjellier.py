"""
Expressions to objects.

Nothing is made, looked up or called but what the security options allow.
"""

from __future__ import annotations

import datetime
import warnings
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

from twisted.python.reflect import qual
from twisted.spread._jelly._later import Later, build
from twisted.spread._jelly._names import namedClass, namedFunction, namedModule
from twisted.spread._jelly._objects import (
    Unpersistable,
    bare,
    giveState,
    unjellyableFactoryRegistry,
    unjellyableRegistry,
)
from twisted.spread._jelly._security import (
    ChangedMethod,
    InsecureJelly,
    MalformedJelly,
    SecurityOptions,
    inOctets,
)

__all__ = ["MOST_NESTED", "Unjellier"]

#: How many expressions may be within each other.
MOST_NESTED = 100

#: How many parts those tuples and frozensets may have in all that are referred to.
MOST_REPEATED = 1_000_000

#: How many keys of a dict, and members of a set, may have one hash; how many may come late.
MOST_ALIKE = 100
MOST_LATE_KEYS = 1000

#: How large the exponent of a decimal number may be: programs make integers of such numbers.
_LARGEST_EXPONENT = 6144


def _tellApart(key: Any, alike: dict[int, int]) -> Any:
    """
    A key, unless it makes a container slow: hashes of numbers and tuples can be foreseen.

    @param alike: how many keys of the container have each hash.
    @raise InsecureJelly: too many have one.
    """
    if type(key) is not str and type(key) is not bytes:
        value = hash(key)
        count = alike[value] = alike.get(value, 0) + 1
        if count > MOST_ALIKE:
            raise InsecureJelly(f"more than {MOST_ALIKE} keys have one hash")
    return key


def _state(expression: list[Any]) -> Any:
    """
    What follows the name of a class.

    @raise MalformedJelly: nothing does.
    """
    if len(expression) < 2:
        raise MalformedJelly(f"a {expression[0]!r} without a state")
    return expression[1]


def _numbers(rest: list[Any], count: int) -> Any:
    """The numbers in the text of a date or a time."""
    (text,) = rest
    if isinstance(text, str):
        text = text.encode()
    parts = text.split() if isinstance(text, bytes) else ()
    if len(parts) != count or max(map(len, parts)) > 12:
        raise MalformedJelly(f"{text!r} are not {count} numbers")
    return [int(part) for part in parts]


def _unicode(rest: list[Any]) -> str:
    (text,) = rest
    if isinstance(text, str):
        return text
    if type(text) is not bytes:
        raise MalformedJelly("a text has to come as octets")
    try:
        return text.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise MalformedJelly(f"a text that is not UTF-8: {error.reason}") from None


def _boolean(rest: list[Any]) -> bool:
    (word,) = rest
    if word not in (b"true", b"false"):
        raise MalformedJelly(f"{word!r} is neither true nor false")
    return bool(word == b"true")


def _decimal(rest: list[Any]) -> Decimal:
    value, exponent = rest
    if type(value) is not int or type(exponent) is not int or abs(exponent) > _LARGEST_EXPONENT:
        raise MalformedJelly("that is no decimal number")
    return Decimal((int(value < 0), tuple(map(int, str(abs(value)))), exponent))


#: What has no parts, by the first item of its expression, and of the others.
_ATOMS: dict[bytes, Callable[[list[Any]], Any]] = {
    b"None": lambda rest: None,
    b"unicode": _unicode,
    b"boolean": _boolean,
    b"datetime": lambda rest: datetime.datetime(*_numbers(rest, 7)),
    b"date": lambda rest: datetime.date(*_numbers(rest, 3)),
    b"time": lambda rest: datetime.time(*_numbers(rest, 4)),
    b"timedelta": lambda rest: datetime.timedelta(*_numbers(rest, 3)),
    b"decimal": _decimal,
    b"unpersistable": lambda rest: Unpersistable(f"Unpersistable data: {rest[0]!r}"),
}


class Unjellier:
    """
    Makes the objects of one expression.

    @ivar invoker: the broker that the expression has come to, or None.
    """

    def __init__(self, taster: Any, persistentLoad: Any, invoker: Any) -> None:
        self.taster = taster
        # What is allowed whatever a subclass would say.
        self._allowed = taster.allowedTypes if type(taster) is SecurityOptions else ()
        self.persistentLoad = persistentLoad
        self.invoker = invoker
        # By number: objects, or places for them.
        self._references: dict[Any, Any] = {}
        self._number: Any = None
        self._afterwards: list[Callable[[], object]] = []
        # How many places for objects that are being made were given to others.
        self._missing = 0
        self._depth = 0
        # Of tuples and frozensets, by identity: how many are within each other, and all parts.
        self._weights: dict[int, tuple[int, int]] = {}
        self._parts = 0
        self._lateKeys = 0

    def unjellyFull(self, expression: Any) -> Any:
        """
        The object for a whole expression.

        @raise InsecureJelly: it stands for what is not allowed.
        @raise MalformedJelly: it stands for nothing.
        """
        result = self.unjelly(expression)
        if self._missing or type(result) is Later:
            raise MalformedJelly("something refers to what there is not")
        for call in self._afterwards:
            call()
        return result

    def unjelly(self, expression: Any) -> Any:
        """The object for a part of the expression."""
        if type(expression) is not list:
            return expression
        if not expression:
            raise MalformedJelly("an empty list stands for nothing")
        word = expression[0]
        name = word if type(word) is bytes else inOctets(word)
        if name not in self._allowed and not self.taster.isTypeAllowed(name):
            raise InsecureJelly(name)
        try:
            atom = _ATOMS.get(name)
            if atom is not None:
                return atom(expression[1:])
            return self._compound(name, expression)
        except (IndexError, TypeError, ValueError, OverflowError) as error:
            if isinstance(error, MalformedJelly) or name not in _BUILT_IN:
                raise
            raise MalformedJelly(f"a {name.decode()} that makes no sense: {error}") from error

    def _compound(self, name: bytes, expression: list[Any]) -> Any:
        """The object for a list that may hold others."""
        if self._depth >= MOST_NESTED:
            raise InsecureJelly(f"expressions are nested more than {MOST_NESTED} deep")
        self._depth += 1
        try:
            return self._made(name, expression)
        finally:
            self._depth -= 1

    def _made(self, name: bytes, expression: list[Any]) -> Any:
        """The object for a list whose first item is a name that is allowed."""
        number, self._number = self._number, None
        if name == b"dictionary":
            return self._dictionary(expression, number)
        if name == b"list":
            return self._list(expression, number)
        known = unjellyableRegistry.get(name)
        if known is not None:
            return self._registered(known, expression, number)
        factory = unjellyableFactoryRegistry.get(name)
        if factory is not None:
            return build([self.unjelly(_state(expression))], lambda items: factory(*items))
        method = _OWN.get(name)
        if method is not None:
            return method(self, expression, number)
        if b"." in name:
            return self._instance(name, _state(expression), number)
        raise MalformedJelly(f"nothing is called {name!r}")

    # References

    def _reference(self, expression: list[Any], _: Any) -> Any:
        """An object that is referred to elsewhere."""
        _, number, inner = expression
        if type(number) is not int or number in self._references:
            raise MalformedJelly(f"{number!r} is no number of an object")
        place = self._references[number] = Later()
        self._number = number
        result = self.unjelly(inner)
        self._number = None
        self._references[number] = result
        if result is place:
            raise MalformedJelly("an object stands for itself")
        place.settle(result)
        return result

    def _dereference(self, expression: list[Any], _: Any) -> Any:
        """An object that has occurred before."""
        _, number = expression
        if type(number) is not int or number not in self._references:
            raise MalformedJelly(f"no object has the number {number!r}")
        found = self._references[number]
        if type(found) is Later:
            self._missing += 1
            found.give(self._found)
        else:
            self._repeated(found)
        return found

    def _found(self, found: Any) -> None:
        self._missing -= 1
        self._repeated(found)

    def _known(self, number: Any, instance: Any) -> None:
        """An object that its parts may refer to is there."""
        if number is not None:
            self._references[number].settle(instance)
            self._references[number] = instance

    def whenKnown(self, call: Callable[[], object]) -> None:
        """Call a function now, or, if objects refer to what is not there yet, at the end."""
        if self._missing:
            self._afterwards.append(call)
        else:
            call()

    # Containers

    def _dictionary(self, expression: list[Any], number: Any) -> Any:
        made: dict[Any, Any] = {}
        alike: dict[int, int] = {}
        self._known(number, made)
        unjelly = self.unjelly
        pairs = iter(expression)
        next(pairs)
        for pair in pairs:
            key, value = pair
            if type(key) is list:
                key = unjelly(key)
            if type(value) is list:
                value = unjelly(value)
            if type(key) is Later or type(value) is Later:
                self._pair(made, key, value)
            elif type(key) is str:
                made[key] = value
            else:
                made[_tellApart(key, alike)] = value
        return made

    def _pair(self, made: dict[Any, Any], key: Any, value: Any) -> None:
        self._late()
        build([key, value], lambda items: made.__setitem__(*items))

    def _list(self, expression: list[Any], number: Any) -> Any:
        made: list[Any] = []
        self._known(number, made)
        unjelly = self.unjelly
        items = iter(expression)
        next(items)
        for item in items:
            if type(item) is list:
                item = unjelly(item)
                if type(item) is Later:
                    item.give(partial(made.__setitem__, len(made)))
            made.append(item)
        return made

    def _items(self, expression: list[Any]) -> list[Any]:
        unjelly = self.unjelly
        return [unjelly(item) for item in expression[1:]]

    def _tuple(self, expression: list[Any], _: Any) -> Any:
        return build(self._items(expression), partial(self._immutable, tuple))

    def _frozenset(self, expression: list[Any], _: Any) -> Any:
        return build(self._items(expression), partial(self._immutable, frozenset))

    def _immutable(self, kind: Any, items: list[Any]) -> Any:
        """
        A tuple or a frozenset.

        Their hashes are computed anew each time, from those of what is in them: what refers to such
        an object that holds others, any number of times, must exhaust neither the stack nor time.

        @raise InsecureJelly: too many are within each other.
        """
        weights = self._weights
        within = [weights[each] for each in map(id, items) if each in weights]
        height = 1 + max((weight[0] for weight in within), default=0)
        if height > MOST_NESTED:
            raise InsecureJelly(f"objects are nested more than {MOST_NESTED} deep")
        if kind is frozenset:
            alike: dict[int, int] = {}
            items = [_tellApart(item, alike) for item in items]
        made = kind(items)
        weights[id(made)] = height, 1 + len(items) + sum(weight[1] for weight in within)
        return made

    def _repeated(self, found: Any) -> None:
        """
        An object is referred to.

        @raise InsecureJelly: such objects would have too many parts in all.
        """
        _, size = self._weights.get(id(found), (0, 0))
        self._parts += size
        if self._parts > MOST_REPEATED:
            raise InsecureJelly(f"references to more than {MOST_REPEATED} parts of objects")

    def _set(self, expression: list[Any], number: Any) -> Any:
        made: set[Any] = set()
        alike: dict[int, int] = {}
        self._known(number, made)
        for item in self._items(expression):
            if type(item) is Later:
                self._late()
                item.give(made.add)
            else:
                made.add(_tellApart(item, alike))
        return made

    def _late(self) -> None:
        """
        A key or a member is not there yet.

        @raise InsecureJelly: there are too many such.
        """
        self._lateKeys += 1
        if self._lateKeys > MOST_LATE_KEYS:
            raise InsecureJelly(f"more than {MOST_LATE_KEYS} keys come late")

    # Objects

    def _registered(self, known: Any, expression: list[Any], number: Any) -> Any:
        """An object that something was registered for."""
        if not isinstance(known, type):
            return known(self, expression)
        state = _state(expression)
        instance = bare(known)
        method = getattr(instance, "unjellyFor", None)
        if method is None:
            return self._filled(instance, state, number)
        self._known(number, instance)
        return method(self, expression)

    def _instance(self, name: bytes, state: Any, number: Any) -> Any:
        """An instance of a class that is allowed by its name."""
        return self._filled(bare(namedClass(name, self.taster)), state, number)

    def _filled(self, instance: Any, state: Any, number: Any) -> Any:
        self._known(number, instance)
        known = self.unjelly(state)
        self.whenKnown(lambda: giveState(instance, known))
        return instance

    def _oldInstance(self, expression: list[Any], number: Any) -> Any:
        """An instance as programs have sent it until 2015."""
        klass = self.unjelly(expression[1])
        if not isinstance(klass, type) or not self.taster.isClassAllowed(klass):
            raise InsecureJelly("an instance of what is no class, or is not allowed")
        warnings.warn_explicit(
            "Unjelly support for the instance atom is deprecated since "
            "Twisted 15.0.0.  Upgrade peer for modern instance support.",
            DeprecationWarning,
            filename="",
            lineno=0,
        )
        return self._filled(bare(klass), expression[2], number)

    def _method(self, expression: list[Any], _: Any) -> Any:
        """A method of an object that has come, too."""
        name, owner, klass = expression[1], self.unjelly(expression[2]), self.unjelly(expression[3])
        if not isinstance(klass, type) or not self.taster.isClassAllowed(klass):
            raise InsecureJelly("a method of a class that is not allowed")
        text = inOctets(name).decode()

        def find(items: list[Any]) -> Any:
            found = getattr(items[0], text, None) if text in dir(klass) else None
            if getattr(found, "__self__", None) is not items[0]:
                raise ChangedMethod(f"{qual(klass)} has no method {text!r}")
            return found

        return build([owner], find)

    def _class(self, expression: list[Any], _: Any) -> Any:
        return namedClass(expression[1], self.taster)

    def _module(self, expression: list[Any], _: Any) -> Any:
        return namedModule(expression[1], self.taster)

    def _function(self, expression: list[Any], _: Any) -> Any:
        return namedFunction(expression[1], self.taster)

    def _persistent(self, expression: list[Any], _: Any) -> Any:
        """An object that this side keeps by a name."""
        if self.persistentLoad is None:
            return Unpersistable("Persistent callback not found")
        return self.persistentLoad(expression[1], self)


#: What is made by an `Unjellier` itself, by the first item of its expression.
_OWN: dict[bytes, Callable[[Unjellier, list[Any], Any], Any]] = {
    b"reference": Unjellier._reference,
    b"dereference": Unjellier._dereference,
    b"dictionary": Unjellier._dictionary,
    b"list": Unjellier._list,
    b"tuple": Unjellier._tuple,
    b"set": Unjellier._set,
    b"frozenset": Unjellier._frozenset,
    b"instance": Unjellier._oldInstance,
    b"method": Unjellier._method,
    b"class": Unjellier._class,
    b"module": Unjellier._module,
    b"function": Unjellier._function,
    b"persistent": Unjellier._persistent,
}

_BUILT_IN = _ATOMS.keys() | _OWN.keys()
