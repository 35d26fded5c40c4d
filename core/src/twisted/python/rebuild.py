"""
New code in a program that runs: a module is loaded again, and what there is of it already follows.

After `rebuild` has loaded a module again, what other modules have imported from it is replaced by
what is new, objects of old classes become objects of the new ones, classes derived from old ones
are derived from the new ones, and functions that somebody holds in another way get the new code.
What happens at the top of a module happens again.
"""

from __future__ import annotations

import gc
import importlib
import sys
import time
import types
from collections.abc import Callable, Mapping
from typing import Any

from twisted.python import components
from twisted.python.log import msg
from twisted.python.reflect import namedAny

__all__ = [
    "RebuildError",
    "Sensitive",
    "latestClass",
    "latestFunction",
    "rebuild",
    "updateInstance",
]

#: When a module was rebuilt last, in seconds since 1970; 0 for never.
lastRebuild: float = globals().get("lastRebuild", 0)


class RebuildError(Exception):
    """A module cannot be loaded again; the text says why."""


class Sensitive:
    """
    A mixin for objects that want to know when modules were rebuilt.

    @ivar lastRebuild: when this object has dealt with it last.
    """

    lastRebuild: float = lastRebuild

    def needRebuildUpdate(self) -> bool:
        """Whether something was rebuilt that this object has not dealt with."""
        return bool(self.lastRebuild < lastRebuild)

    def rebuildUpToDate(self) -> None:
        """It has dealt with it."""
        self.lastRebuild = time.time()

    def latestVersionOf(self, anObject: Any) -> Any:
        """What a function, a method, a class or an object is now."""
        if isinstance(anObject, types.FunctionType):
            return latestFunction(anObject)
        if isinstance(anObject, types.MethodType):
            owner = anObject.__self__
            if isinstance(owner, type):
                owner = latestClass(owner)
            else:
                updateInstance(owner)
            return getattr(owner, anObject.__name__)
        if isinstance(anObject, type):
            return latestClass(anObject)
        if isinstance(type(anObject), type) and hasattr(anObject, "__dict__"):
            updateInstance(anObject)
        return anObject


def latestFunction(oldFunc: Callable[..., Any]) -> Any:
    """What a function of a module is now; itself if its module has none of that name."""
    module = sys.modules.get(oldFunc.__module__)
    return getattr(module, oldFunc.__name__, oldFunc)


def latestClass(oldClass: type) -> Any:
    """What a class is now, with those that it is derived from; itself if it cannot be found."""
    if oldClass.__module__ == "builtins":
        return oldClass
    try:
        new = namedAny(f"{oldClass.__module__}.{oldClass.__qualname__}")
    except Exception:
        new = oldClass
    if not isinstance(new, type):
        return oldClass
    bases = tuple(latestClass(base) for base in new.__bases__)
    if bases != new.__bases__:
        try:
            new.__bases__ = bases
        except TypeError:
            msg(f"{new!r} keeps its bases: {bases!r} are laid out in another way")
    return new


def updateInstance(self: Any) -> None:
    """
    Make an object one of what its class is now.

    @raise TypeError: if its memory is laid out in another way.
    """
    new = latestClass(self.__class__)
    if new is not self.__class__:
        self.__class__ = new


def rebuild(module: types.ModuleType, doLog: int = 1) -> types.ModuleType:
    """
    Load a module again, and have everything use what is new.

    @param doLog: whether that is logged.
    @return: the module.
    @raise RebuildError: if a module of that name has taken its place.
    @raise Exception: whatever the module raises; then nothing is replaced.
    """
    global lastRebuild
    if sys.modules.get(module.__name__) is not module:
        raise RebuildError(f"{module.__name__} is not the module that is imported by that name")
    if doLog:
        msg(f"Rebuilding {module.__name__}...")
    before = {
        name: value
        for name, value in vars(module).items()
        if getattr(value, "__module__", None) == module.__name__
        and isinstance(value, (type, types.FunctionType))
    }
    duplicates = components.ALLOW_DUPLICATES
    components.ALLOW_DUPLICATES = True
    try:
        importlib.invalidate_caches()
        importlib.reload(module)
    finally:
        components.ALLOW_DUPLICATES = duplicates
    replacements = {
        old: vars(module)[name]
        for name, old in before.items()
        if type(vars(module).get(name)) is type(old) and vars(module)[name] is not old
    }
    _replace(replacements)
    lastRebuild = time.time()
    if doLog:
        msg(f"Rebuilt {module.__name__}: {len(replacements)} classes and functions")
    return module


def _replace(replacements: Mapping[Any, Any]) -> None:
    """Put new classes and functions in the place of old ones, wherever those are."""
    for old, new in replacements.items():
        if isinstance(old, types.FunctionType):
            _takeOver(old, new)
    for module in list(sys.modules.values()):
        if isinstance(module, types.ModuleType):
            _replaceValues(vars(module), replacements)
    classes = {old for old in replacements if isinstance(old, type)}
    if not classes:
        return
    for each in gc.get_objects():
        kind = type(each)
        if kind in classes:
            try:
                each.__class__ = replacements[kind]
            except TypeError:
                msg(f"an object of {kind!r} stays what it is: it is laid out in another way")
        elif (
            isinstance(each, type) and each not in classes and classes.intersection(each.__bases__)
        ):
            latestClass(each)


def _takeOver(old: types.FunctionType, new: types.FunctionType) -> None:
    """Make an old function do what the new one does."""
    try:
        old.__code__ = new.__code__
    except ValueError:
        return  # it closes over something else
    old.__defaults__ = new.__defaults__
    old.__kwdefaults__ = new.__kwdefaults__
    old.__doc__ = new.__doc__


def _replaceValues(names: dict[str, Any], replacements: Mapping[Any, Any]) -> None:
    """Replace what a module has imported from the one that was loaded again."""
    for name, value in list(names.items()):
        try:
            new = replacements.get(value)
        except Exception:
            continue  # it cannot be hashed, so it is none of them
        if new is not None:
            names[name] = new
