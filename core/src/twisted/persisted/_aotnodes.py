"""
What stands in a source of `twisted.persisted.aot` for objects that Python has no literals for.
"""

from __future__ import annotations

import keyword
import re
from math import isfinite
from typing import Any

__all__ = [
    "LITERALS",
    "Class",
    "Copyreg",
    "Deref",
    "Function",
    "Instance",
    "InstanceMethod",
    "Module",
    "Named",
    "NonFormattableDict",
    "Ref",
    "dictToKW",
    "getSource",
    "prettify",
]

#: The types that Python has literals for.
LITERALS = (bool, bytes, str, int, float, complex, type(None), slice, type(...))
_IDENTIFIER = re.compile(r"[a-zA-Z_]\w*", re.ASCII)
_NO_STATE: Any = object()


class NonFormattableDict(Exception):
    """A dictionary cannot be written as keyword arguments."""


def dictToKW(d: dict[Any, Any]) -> str:
    """
    Keyword arguments, sorted.

    @raise NonFormattableDict: if a key is no identifier.
    """
    for key in d:
        if not isinstance(key, str) or not _IDENTIFIER.fullmatch(key) or keyword.iskeyword(key):
            raise NonFormattableDict(f"{key!r} is no name of an argument")
    return "".join(f"\n\0{key}={prettify(d[key])}," for key in sorted(d))


def prettify(obj: Any) -> str:
    """
    The source of an object; each line but the first begins with C{\\0} at its depth.

    @raise TypeError: if there is none.
    """
    if hasattr(obj, "getSource"):
        return str(obj.getSource())
    if isinstance(obj, float) and not isfinite(obj):
        return f"Copyreg('builtins.float', ({str(obj)!r},))"
    if isinstance(obj, LITERALS):
        return repr(obj)
    if isinstance(obj, dict):
        rows = (f"\n\0{prettify(key)}:{prettify(value)}," for key, value in obj.items())
        return "{" + "".join(rows) + ("\n\0}" if obj else "}")
    if isinstance(obj, (list, tuple)):
        opening, closing = "[]" if isinstance(obj, list) else "()"
        rows = (f"\n\0{prettify(each)}," for each in obj)
        return opening + "".join(rows) + (f"\n\0{closing}" if obj else closing)
    raise TypeError(f"{type(obj)} cannot be written as source: {obj!r}")


def getSource(ao: Any) -> str:
    """The whole source of an object: ``app=…``."""
    return indented(f"app={prettify(ao)}")


def indented(source: str) -> str:
    """Put lines that begin with C{\\0} at their depth, two spaces for each open bracket."""
    lines, depth = [], 0
    for line in source.split("\n"):
        text = line.lstrip("\0")
        lines.append("  " * depth + text if line.startswith("\0") else text)
        depth += _opened(text)
    return "\n".join(lines)


_QUOTED = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""")


def _opened(text: str) -> int:
    """How many more brackets a line opens than it closes."""
    text = _QUOTED.sub("", text)
    return sum(map(text.count, "([{")) - sum(map(text.count, ")]}"))


class Named:
    """Something that is found by its name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def getSource(self) -> str:
        """The source."""
        return f"{type(self).__name__}({self.name!r})"


class Class(Named):
    """A class."""


class Function(Named):
    """A function."""


class Module(Named):
    """A module."""


class InstanceMethod:
    """A method of an object."""

    def __init__(self, name: str, klass: Any, inst: Any) -> None:
        if not isinstance(inst, (Ref, Instance, Deref, Copyreg)):
            raise TypeError(f"{inst!r} is no object that could have methods")
        self.name = name
        self.klass = klass
        self.instance = inst

    def getSource(self) -> str:
        """The source."""
        return f"InstanceMethod({self.name!r},{self.klass!r},\n\0{prettify(self.instance)})"


class Instance:
    """
    An object of a class.

    @ivar klass: the name of the class.
    @ivar state: its attributes; or whatever its class calls its state.
    """

    def __init__(self, className: str, __stateObj__: Any = _NO_STATE, **state: Any) -> None:
        if not isinstance(className, str):
            raise TypeError(f"{className!r} is no name of a class")
        self.klass = className
        self.state = state if __stateObj__ is _NO_STATE else __stateObj__
        self.stateIsDict = __stateObj__ is _NO_STATE

    def getSource(self) -> str:
        """The source."""
        if isinstance(self.state, dict):
            try:
                return f"Instance({self.klass!r},{dictToKW(self.state)})"
            except NonFormattableDict:
                pass
        return f"Instance({self.klass!r},{prettify(self.state)})"


class Ref:
    """An object that others refer to by a number."""

    def __init__(self, *args: Any) -> None:
        self.refnum: int | None = args[0] if len(args) == 2 else None
        self.obj: Any = args[1] if len(args) == 2 else args[0] if args else None

    def setRef(self, num: int) -> None:
        """Give it a number."""
        if self.refnum is not None:
            raise ValueError(f"it has a number already: {self.refnum}")
        self.refnum = num

    def setObj(self, obj: Any) -> None:
        """Say what it is."""
        if self.obj is not None:
            raise ValueError(f"it is something already: {self.obj!r}")
        self.obj = obj

    def getSource(self) -> str:
        """The source: without the number if nothing refers to it."""
        if self.refnum is None:
            return prettify(self.obj)
        return f"Ref({self.refnum},\n\0{prettify(self.obj)})"


class Deref:
    """What has a number."""

    def __init__(self, num: int) -> None:
        self.refnum = num

    def getSource(self) -> str:
        """The source."""
        return f"Deref({self.refnum})"


class Copyreg:
    """An object that `copyreg` knows how to make."""

    def __init__(self, loadfunc: Any, state: Any) -> None:
        self.loadfunc = loadfunc
        self.state = state

    def getSource(self) -> str:
        """The source."""
        return f"Copyreg({self.loadfunc!r}, {prettify(self.state)})"
