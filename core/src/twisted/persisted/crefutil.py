"""Stand-ins for objects that are not known yet, while objects that refer to each other are made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.logger import Logger

__all__ = ["NotKnown"]

_log = Logger()


class NotKnown:
    """
    Stands for an object until that is known; then it is put where this was.

    @ivar resolved: whether it is known.
    @ivar resolvedObject: the object.
    """

    resolvedObject: Any = None

    def __init__(self) -> None:
        self.dependants: list[tuple[Any, Any]] = []
        self.resolved = 0

    def addDependant(self, mutableObject: Any, key: Any) -> None:
        """Put the object there once it is known: ``mutableObject[key] = it``."""
        if self.resolved:
            raise AssertionError("the object is known already")
        self.dependants.append((mutableObject, key))

    def resolveDependants(self, newObject: Any) -> None:
        """The object is known."""
        self.resolved = 1
        self.resolvedObject = newObject
        for mutableObject, key in self.dependants:
            mutableObject[key] = newObject

    def __hash__(self) -> int:
        raise AssertionError("what is not known yet cannot be a key")


class _Container(NotKnown):
    """Stands for a container that cannot change, until all that is in it is known."""

    containerType: Callable[[Any], Any]

    def __init__(self, items: Any, containerType: Callable[[Any], Any]) -> None:
        super().__init__()
        self.containerType = containerType
        self.items: Any = items
        self.locs = list(range(len(items)))
        for index, item in enumerate(items):
            if isinstance(item, NotKnown):
                item.addDependant(self, index)
            else:
                self.locs.remove(index)
        if not self.locs:
            self.resolveDependants(self.containerType(self.items))

    def __setitem__(self, index: int, value: Any) -> None:
        """One of the items is known."""
        self.items[index] = value
        if not isinstance(value, NotKnown) and index in self.locs:
            self.locs.remove(index)
            if not self.locs:
                self.resolveDependants(self.containerType(self.items))


class _Tuple(_Container):
    """Stands for a tuple."""

    def __init__(self, items: Any) -> None:
        super().__init__(items, tuple)

    def __getitem__(self, index: int) -> Any:
        return self.items[index]


class _InstanceMethod(NotKnown):
    """Stands for a method of an object that is not known yet."""

    def __init__(self, im_name: str, im_self: Any, im_class: type) -> None:
        super().__init__()
        self.name = im_name
        self.im_class = im_class
        im_self.addDependant(self, 0)

    def __call__(self, *args: Any, **kw: Any) -> Any:
        raise AssertionError(f"the object of {self.name} is not known yet")

    def __setitem__(self, key: int, value: Any) -> None:
        """The object is known."""
        self.resolveDependants(getattr(value, self.name))


class _DictKeyAndValue:
    """A key and its value, neither of which may be known yet."""

    def __init__(self, dictionary: dict[Any, Any]) -> None:
        self.dict = dictionary

    def __setitem__(self, which: int, value: Any) -> None:
        """C{0}: the key is known. C{1}: the value is."""
        if which not in (0, 1):
            raise RuntimeError("there is nothing but a key and a value")
        if which:
            self.value = value
        else:
            self.key = value
        if hasattr(self, "key") and hasattr(self, "value"):
            self.dict[self.key] = self.value


class _Dereference(NotKnown):
    """Stands for an object that is known by its number."""

    def __init__(self, identity: Any) -> None:
        super().__init__()
        self.id = identity


class _Defer(NotKnown):
    """Calls functions with the object once it is known, one after the other."""

    def __init__(self, *args: Any) -> None:
        super().__init__()
        self.callbacks: list[tuple[Callable[..., Any], tuple[Any, ...]]] = []

    def addCallback(self, callback: Callable[..., Any], *args: Any) -> None:
        """Call a function with the result of the one before."""
        self.callbacks.append((callback, args))

    def __setitem__(self, key: int, value: Any) -> None:
        """The object is known."""
        if key != 0 or self.resolved:
            raise RuntimeError("there is one object only, which is known once")
        for callback, args in self.callbacks:
            try:
                value = callback(value, *args)
            except Exception:
                _log.failure("{callback} failed", callback=callback)
                return
        self.resolveDependants(value)
