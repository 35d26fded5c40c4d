"""Modules, and what they define, by the names that somebody else has sent."""

from __future__ import annotations

import sys
from importlib import import_module
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

from twisted.spread._jelly._security import InsecureJelly, MalformedJelly, SecurityOptions

__all__ = ["named", "namedClass", "namedFunction", "namedModule"]


def _asText(name: Any) -> str:
    if isinstance(name, bytes):
        name = name.decode("utf-8", "replace")
    if not isinstance(name, str):
        raise MalformedJelly(f"{type(name).__name__} is no name")
    return name


def namedModule(name: Any, taster: Any) -> ModuleType:
    """
    A module by its name. It is imported only if `SecurityOptions` list it.

    @raise InsecureJelly: it is not allowed, or was not imported.
    """
    text = _asText(name)
    if not taster.isModuleAllowed(text):
        raise InsecureJelly(f"the module {text!r} is not allowed")
    module = sys.modules.get(text)
    if module is not None:
        return module
    if not isinstance(taster, SecurityOptions):
        raise InsecureJelly(f"the module {text!r} was not imported")
    return import_module(text)


def named(name: Any, taster: Any) -> Any:
    """
    What a module, or a class in it, has by a name.

    @raise InsecureJelly: the module is not allowed, or it has nothing of the name.
    """
    text = _asText(name)
    moduleName, _, attribute = text.rpartition(".")
    attributes = [attribute]
    while moduleName not in sys.modules and "." in moduleName:
        moduleName, _, attribute = moduleName.rpartition(".")
        attributes.insert(0, attribute)
    if moduleName not in sys.modules:
        # It may have to be imported, and classes in classes would be too much of a guess.
        moduleName, _, attribute = text.rpartition(".")
        attributes = [attribute]
    found: Any = namedModule(moduleName, taster)
    for index, attribute in enumerate(attributes):
        if index and not isinstance(found, type):
            raise InsecureJelly(f"there is no {text!r}")
        try:
            found = getattr(found, attribute)
        except AttributeError:
            raise InsecureJelly(f"there is no {text!r}") from None
    return found


def namedClass(name: Any, taster: Any) -> type:
    """
    A class by its full name.

    @raise InsecureJelly: it is not allowed, or is no class.
    """
    found = named(name, taster)
    if not isinstance(found, type):
        raise InsecureJelly(f"{_asText(name)!r} is no class")
    if not taster.isClassAllowed(found):
        raise InsecureJelly(f"the class {_asText(name)!r} is not allowed")
    return found


def namedFunction(name: Any, taster: Any) -> Any:
    """
    A function by its full name; it has to be the module's own, and not one that it has imported.

    @raise InsecureJelly: it is not allowed, or is no function.
    """
    found = named(name, taster)
    if not isinstance(found, (FunctionType, BuiltinFunctionType)):
        raise InsecureJelly(f"{_asText(name)!r} is no function")
    if not taster.isModuleAllowed(found.__module__ or ""):
        raise InsecureJelly(f"the module {found.__module__!r} is not allowed")
    return found
