"""Objects that travel, and which of them may be made here."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import MemberDescriptorType, ModuleType
from typing import Any

from zope.interface import implementer

from twisted.python.reflect import qual
from twisted.spread._jelly._security import globalSecurity, inOctets
from twisted.spread.interfaces import IJellyable, IUnjellyable

__all__ = [
    "Jellyable",
    "Unjellyable",
    "Unpersistable",
    "bare",
    "getInstanceState",
    "giveState",
    "setInstanceState",
    "setUnjellyableFactoryForClass",
    "setUnjellyableForClass",
    "setUnjellyableForClassTree",
    "unjellyableFactoryRegistry",
    "unjellyableRegistry",
]

#: What is made for each type's name: a class, or a function of an unjellier and an expression.
unjellyableRegistry: dict[bytes, Any] = {}

#: What is made for each type's name from the state alone.
unjellyableFactoryRegistry: dict[bytes, Callable[[Any], Any]] = {}


class Unpersistable:
    """
    Stands for an object that could not be sent.

    @ivar reason: why.
    """

    __module__ = "twisted.spread.jelly"

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def __repr__(self) -> str:
        return f"Unpersistable({self.reason!r})"


def bare(klass: Any) -> Any:
    """An instance that was not initialized."""
    return klass.__new__(klass)


def giveState(instance: Any, state: Any) -> None:
    """Give an instance the state that has come for it."""
    setter = getattr(type(instance), "__setstate__", None)
    if setter is not None:
        setter(instance, state)
    elif isinstance(state, dict):
        instance.__dict__.update((attributeName(name), value) for name, value in state.items())
    elif isinstance(state, tuple) and len(state) == 2:
        # What Python's own `object.__getstate__` gives for classes with slots.
        if state[0]:
            giveState(instance, state[0])
        for name, value in (state[1] or {}).items():
            _setSlot(instance, attributeName(name), value)
    elif state is not None:
        raise TypeError(f"{type(state).__name__} is no state of a {qual(type(instance))}")


def _setSlot(instance: Any, name: str, value: Any) -> None:
    """
    Set an attribute that has a slot.

    @raise TypeError: it has none.
    """
    if not isinstance(getattr(type(instance), name, None), MemberDescriptorType):
        raise TypeError(f"a {qual(type(instance))} has no slot {name!r}")
    setattr(instance, name, value)


def attributeName(name: Any) -> str:
    """
    The name of an attribute that has come; older programs send octets.

    @raise TypeError: it is none.
    """
    if isinstance(name, bytes):
        name = name.decode("utf-8")
    if not isinstance(name, str):
        raise TypeError(f"{type(name).__name__} is no name of an attribute")
    return name


def getInstanceState(inst: Any, jellier: Any) -> Any:
    """The expression for an instance: the name of its class, and its state."""
    jellier.prepare(inst)
    state = inst.getStateFor(jellier)
    return jellier.preserve(inst, [qual(type(inst)).encode("utf-8"), jellier.jelly(state)])


def setInstanceState(inst: Any, unjellier: Any, jellyList: Any) -> Any:
    """Give an instance the state that is the second item of an expression."""
    state = unjellier.unjelly(jellyList[1])
    unjellier.whenKnown(lambda: inst.setStateFor(unjellier, state))
    return inst


@implementer(IJellyable)
class Jellyable:
    """An object that may be sent: its state is a copy of its attributes."""

    __module__ = "twisted.spread.jelly"

    def getStateFor(self, jellier: Any) -> Any:
        """The state to be sent."""
        return self.__dict__

    def jellyFor(self, jellier: Any) -> Any:
        """See `IJellyable.jellyFor`."""
        return getInstanceState(self, jellier)


@implementer(IUnjellyable)
class Unjellyable:
    """An object that is made of what has come: its attributes are the state."""

    __module__ = "twisted.spread.jelly"

    def setStateFor(self, unjellier: Any, state: Any) -> None:
        """Take the state that has come."""
        self.__dict__ = {attributeName(name): value for name, value in state.items()}

    def unjellyFor(self, unjellier: Any, jellyList: Any) -> Any:
        """See `IUnjellyable.unjellyFor`."""
        return setInstanceState(self, unjellier, jellyList)


def _typeName(classname: Any) -> bytes:
    return inOctets(qual(classname) if isinstance(classname, type) else classname)


def setUnjellyableForClass(classname: Any, unjellyable: Any) -> None:
    """
    Say what is made here of the instances of a class.

    @param classname: the class, or its full name.
    @param unjellyable: an `Unjellyable` class, such as a `RemoteCopy`, or a function of an
        unjellier and an expression.
    """
    name = _typeName(classname)
    unjellyableRegistry[name] = unjellyable
    globalSecurity.allowTypes(name)


def setUnjellyableFactoryForClass(classname: Any, copyFactory: Callable[[Any], Any]) -> None:
    """
    Say what is made here of the state of the instances of a class.

    @param classname: the class, or its full name.
    @param copyFactory: a function of the state, which gives an object.
    """
    name = _typeName(classname)
    unjellyableFactoryRegistry[name] = copyFactory
    globalSecurity.allowTypes(name)


def setUnjellyableForClassTree(
    module: ModuleType, baseClass: type, prefix: str | None = None
) -> None:
    """
    Say that for all classes of a module that have a base, they themselves are made here.

    @param prefix: what the names of the classes begin with on the wire, before a dot; by default
        the name of the module.
    """
    start = module.__name__ if prefix is None else prefix
    for name, value in vars(module).items():
        if inspect.isclass(value) and issubclass(value, baseClass):
            setUnjellyableForClass(f"{start}.{name}" if start else name, value)
