"""
Interfaces of objects that are called from afar, with types that both sides check.

An interface is a class whose methods have annotations. The side that calls makes an instance of it
on a reference; the other side says that a `Referenceable` serves it.
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable
from functools import cached_property
from typing import Any, ClassVar, Literal, TypeVar, Union, get_args, get_origin

from twisted.internet.defer import Deferred, fail
from twisted.spread._pb._errors import Error
from twisted.spread.flavors import NoSuchMethod

__all__ = ["InvalidCall", "RemoteInterface", "matches", "serves"]

_Served = TypeVar("_Served", bound=type)


class InvalidCall(Error):
    """A call, or its result, is not as the interface says."""


def matches(value: Any, wanted: Any) -> bool:
    """Whether a value is of the type that an annotation tells."""
    origin, inner = get_origin(wanted), get_args(wanted)
    if wanted is Any:
        return True
    if wanted is None or wanted is type(None):
        return value is None
    if origin is Literal:
        return any(type(value) is type(each) and value == each for each in inner)
    if origin is Union or origin is types.UnionType:
        return any(matches(value, each) for each in inner)
    if origin is not None:
        return isinstance(value, origin) and _partsMatch(value, origin, inner)
    if wanted is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if wanted is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, wanted)


def _partsMatch(value: Any, origin: Any, inner: Any) -> bool:
    """Whether what is in a container is of the types that an annotation tells."""
    if origin is tuple:
        if len(inner) == 2 and inner[1] is Ellipsis:
            return all(matches(each, inner[0]) for each in value)
        pairs = zip(value, inner, strict=False)
        return len(value) == len(inner) and all(matches(*pair) for pair in pairs)
    if issubclass(origin, dict):
        return all(matches(k, inner[0]) and matches(v, inner[1]) for k, v in value.items())
    return all(matches(each, inner[0]) for each in value)


class _Method:
    """A method of an interface."""

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        self.name = name
        self.function = function
        self.signature = inspect.signature(function)

    @cached_property
    def _types(self) -> dict[str, Any]:
        return typing.get_type_hints(self.function)

    def check(self, args: Any, kw: Any) -> None:
        """
        Look at the arguments of a call.

        @raise InvalidCall: they are not those of the method.
        """
        try:
            bound = self.signature.bind(None, *args, **kw)
        except TypeError as error:
            raise InvalidCall(f"{self.name}: {error}") from None
        for name, value in bound.arguments.items():
            wanted = self._types.get(name, Any)
            kind = self.signature.parameters[name].kind
            if kind is inspect.Parameter.VAR_POSITIONAL:
                right = all(matches(each, wanted) for each in value)
            elif kind is inspect.Parameter.VAR_KEYWORD:
                right = all(matches(each, wanted) for each in value.values())
            else:
                right = matches(value, wanted)
            if not right:
                raise InvalidCall(f"{self.name}: {name} is no {_named(wanted)}")

    def checked(self, result: Any) -> Any:
        """
        Look at a result.

        @raise InvalidCall: it is not of the method's type.
        """
        wanted = self._types.get("return", Any)
        if not matches(result, wanted):
            raise InvalidCall(f"{self.name}: the result is no {_named(wanted)}")
        return result


def _named(wanted: Any) -> str:
    return getattr(wanted, "__name__", None) or str(wanted)


class RemoteInterface:
    """
    The methods of objects of the other side; to be subclassed::

        class Calculator(pb.RemoteInterface):
            async def add(self, a: int, b: int) -> int:
                raise NotImplementedError

        calculator = Calculator(reference)
        total = await calculator.add(1, 2)

    The bodies of the methods are not used.

    @ivar reference: has C{callRemote}.
    """

    remoteMethods: ClassVar[dict[str, _Method]] = {}

    def __init__(self, reference: Any) -> None:
        self.reference = reference

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        methods = dict(cls.remoteMethods)
        for name, value in list(vars(cls).items()):
            if inspect.isfunction(value) and not name.startswith("_"):
                methods[name] = _Method(name, value)
                setattr(cls, name, _caller(methods[name]))
        cls.remoteMethods = methods

    @classmethod
    def methodNamed(cls, name: str) -> _Method:
        """
        A method by its name.

        @raise NoSuchMethod: there is none.
        """
        try:
            return cls.remoteMethods[name]
        except KeyError:
            raise NoSuchMethod(f"No such method: {name}") from None


def _caller(method: _Method) -> Callable[..., Any]:
    """What calls a method of the other side, and checks what goes and comes."""

    def call(self: RemoteInterface, *args: Any, **kw: Any) -> Deferred[Any]:
        try:
            method.check(args, kw)
        except InvalidCall:
            return fail()
        called: Deferred[Any] = self.reference.callRemote(method.name, *args, **kw)
        return called.addCallback(method.checked)

    call.__name__ = method.name
    call.__doc__ = method.function.__doc__
    call.__wrapped__ = method.function  # type: ignore[attr-defined]
    return call


def serves(interface: type[RemoteInterface]) -> Callable[[_Served], _Served]:
    """
    Say that the objects of a class serve an interface; for `Referenceable` classes.

    Only its methods can be called then, and with arguments and results of its types.

    @raise TypeError: the class does not have all the methods, with the parameters of the
        interface.
    """

    def mark(served: _Served) -> _Served:
        for name, method in interface.remoteMethods.items():
            function = getattr(served, "remote_" + name, None)
            if function is None:
                raise TypeError(f"{served.__name__} has no remote_{name}")
            here = list(inspect.signature(function).parameters)[1:]
            there = list(method.signature.parameters)[1:]
            if here != there:
                raise TypeError(f"{served.__name__}.remote_{name} has the parameters {here}")
        served.remoteInterface = interface  # type: ignore[attr-defined]
        return served

    return mark
