"""Names of things, things by their names, and text for things whose own text fails."""

from __future__ import annotations

import sys
import types
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

__all__ = [
    "InvalidName",
    "ModuleNotFound",
    "ObjectNotFound",
    "QueueMethod",
    "accumulateClassDict",
    "accumulateClassList",
    "accumulateMethods",
    "addMethodNamesToDict",
    "filenameToModuleName",
    "findInstances",
    "fullFuncName",
    "fullyQualifiedName",
    "getClass",
    "isLike",
    "isOfType",
    "isSame",
    "modgrep",
    "namedAny",
    "namedClass",
    "namedModule",
    "namedObject",
    "objgrep",
    "prefixedMethodNames",
    "prefixedMethods",
    "qual",
    "requireModule",
    "safe_repr",
    "safe_str",
]


class InvalidName(ValueError):
    """A name is not made of identifiers with dots between them."""


class ModuleNotFound(InvalidName):
    """The first part of a name is no module."""


class ObjectNotFound(InvalidName):
    """The modules of a name were found, but not the object in them."""


def qual(clazz: type[object]) -> str:
    """The full name of a class, with its module."""
    return f"{clazz.__module__}.{clazz.__name__}"


def getClass(obj: object) -> type[object]:
    """The class of an object."""
    return type(obj)


def fullyQualifiedName(obj: Any) -> str:
    """The full name of a module, class, function or method, as `namedAny` takes it."""
    name = getattr(obj, "__qualname__", None) or obj.__name__
    if isinstance(obj, types.ModuleType):
        return str(name)
    if isinstance(obj, types.MethodType):
        return (
            f"{obj.__self__.__class__.__module__}.{obj.__self__.__class__.__name__}.{obj.__name__}"
        )
    module = getattr(obj, "__module__", None)
    return f"{module}.{name}" if module else str(name)


def fullFuncName(func: Any) -> str:
    """
    The full name of a function, by which it can be found.

    @raise Exception: if another object is found under that name.
    """
    name = f"{func.__module__}.{func.__name__}"
    if namedAny(name) is not func:
        raise Exception(f"{name} is another object than {func!r}")
    return name


# Things by name


def namedModule(name: str) -> types.ModuleType:
    """
    Import a module by its full name.

    @raise ImportError: if there is none.
    """
    __import__(name)
    return sys.modules[name]


def namedObject(name: str) -> Any:
    """An object by the full name of its module and its name there."""
    module, _, attribute = name.rpartition(".")
    return getattr(namedModule(module), attribute)


namedClass = namedObject


def requireModule(name: str, default: Any = None) -> Any:
    """Import a module by its full name, or give ``default`` if it cannot be imported."""
    try:
        return namedModule(name)
    except ImportError:
        return default


def _importLongest(parts: list[str]) -> tuple[types.ModuleType, list[str]]:
    """Import as many leading parts of a name as are modules; gives the module and the rest."""
    for length in range(len(parts), 0, -1):
        name = ".".join(parts[:length])
        try:
            return namedModule(name), parts[length:]
        except ModuleNotFoundError as error:
            # Only this module, or a package on the way to it, may be missing: a module that is
            # there and fails to import something else is an error to be seen.
            if error.name is None or not (name == error.name or name.startswith(error.name + ".")):
                raise
    if len(parts) == 1:
        raise ModuleNotFound(f"No module named {parts[0]!r}")
    raise ObjectNotFound(f"{'.'.join(parts)!r} does not name an object")


def namedAny(name: str) -> Any:
    """
    A module, or anything in a module, by its full name.

    @raise InvalidName: if the name is not made of identifiers and dots.
    @raise ModuleNotFound: if it is one part, and no module.
    @raise ObjectNotFound: if it is several parts, and the first one is no module.
    @raise AttributeError: if a module was found, but nothing of that name in it.
    """
    if not name:
        raise InvalidName("Empty module name")
    parts = name.split(".")
    if "" in parts:
        raise InvalidName(
            f"name must be a string giving a '.'-separated list of Python identifiers, not {name!r}"
        )
    found: Any
    found, rest = _importLongest(parts)
    for attribute in rest:
        found = getattr(found, attribute)
    return found


def filenameToModuleName(fn: str | bytes) -> str | bytes:
    """The full name of the module in a file, judged by the packages that the file lies in."""
    import os

    if isinstance(fn, bytes):
        return os.fsencode(str(filenameToModuleName(os.fsdecode(fn))))
    path = os.path.abspath(fn)
    folder, base = os.path.split(path)
    if base.startswith("__init__.") or not base:
        folder, base = os.path.split(folder)
    parts = [base.split(".")[0]]
    while os.path.exists(os.path.join(folder, "__init__.py")):
        folder, package = os.path.split(folder)
        parts.insert(0, package)
    return ".".join(parts)


# Text for things whose own text fails


def _failureText(what: str, o: object) -> str:
    """What to show of an object of which `repr` or `str` raised the current exception."""
    try:
        name = qual(type(o))
    except BaseException:
        name = "<unknown class>"
    error = sys.exc_info()[1]
    import traceback

    lines = "".join(traceback.format_exception(error)) if error else ""
    return f"<{name} instance at {id(o):#x} with {what} error:\n {lines}>"


def safe_repr(o: object) -> str:
    """`repr` that never raises."""
    try:
        return repr(o)
    except BaseException:
        return _failureText("repr", o)


def safe_str(o: object) -> str:
    """`str` that never raises, and reads bytes as UTF-8 where it can."""
    if isinstance(o, bytes):
        try:
            return o.decode("utf-8")
        except UnicodeDecodeError:
            pass
    try:
        return str(o)
    except BaseException:
        return _failureText("str", o)


# Methods and attributes by prefix


class QueueMethod:
    """Notes calls of a method instead of making them."""

    def __init__(self, name: str, calls: list[tuple[str, tuple[object, ...]]]) -> None:
        self.name = name
        self.calls = calls

    def __call__(self, *args: object) -> None:
        self.calls.append((self.name, args))


def addMethodNamesToDict(
    classObj: type[object],
    dict: dict[str, int],
    prefix: str,
    baseClass: type[object] | None = None,
) -> None:
    """
    Add the names, less ``prefix``, of a class's and its bases' functions that begin with it.

    With ``baseClass``, only those of classes that directly derive from it.
    """
    for base in classObj.__bases__:
        addMethodNamesToDict(base, dict, prefix, baseClass)
    if baseClass is None or baseClass in classObj.__bases__:
        for name, method in classObj.__dict__.items():
            if (
                isinstance(method, types.FunctionType)
                and name.startswith(prefix)
                and name[len(prefix) :]
            ):
                dict[name[len(prefix) :]] = 1


def prefixedMethodNames(classObj: type[object], prefix: str) -> list[str]:
    """The names, less ``prefix``, of a class's methods that begin with it."""
    found: dict[str, int] = {}
    addMethodNamesToDict(classObj, found, prefix)
    return list(found)


def accumulateMethods(
    obj: object,
    dict: dict[str, Callable[..., Any]],
    prefix: str = "",
    curClass: type[object] | None = None,
) -> None:
    """Add an object's methods that begin with ``prefix`` to ``dict``, by the rest of the name."""
    names: list[str] = prefixedMethodNames(curClass or obj.__class__, prefix)
    for name in names:
        dict[name] = getattr(obj, prefix + name)


def prefixedMethods(obj: object, prefix: str = "") -> list[Callable[..., Any]]:
    """An object's bound methods whose names begin with ``prefix``."""
    found: dict[str, Callable[..., Any]] = {}
    accumulateMethods(obj, found, prefix)
    return list(found.values())


def accumulateClassDict(
    classObj: type[object],
    attr: str,
    adict: dict[Any, Any],
    baseClass: type[object] | None = None,
) -> None:
    """Merge the dictionaries called ``attr`` of a class and its bases; the class's own wins."""
    for base in classObj.__bases__:
        accumulateClassDict(base, attr, adict)
    if baseClass is None or baseClass in classObj.__bases__:
        adict.update(classObj.__dict__.get(attr, {}))


def accumulateClassList(
    classObj: type[object],
    attr: str,
    listObj: list[Any],
    baseClass: type[object] | None = None,
) -> None:
    """Join the lists called ``attr`` of a class's bases and its own, bases first."""
    for base in classObj.__bases__:
        accumulateClassList(base, attr, listObj)
    if baseClass is None or baseClass in classObj.__bases__:
        listObj.extend(classObj.__dict__.get(attr, ()))


# Searching graphs of objects


def isSame(a: object, b: object) -> bool:
    """Whether two names mean one object."""
    return a is b


def isLike(a: object, b: object) -> bool:
    """Whether two objects are equal."""
    return a == b


def isOfType(start: object, goal: type[object]) -> bool:
    """Whether an object's class is exactly ``goal``."""
    return type(start) is goal


def modgrep(goal: object) -> list[str]:
    """The paths from `sys.modules` to an object."""
    return objgrep(sys.modules, goal, isLike, "sys.modules")


def findInstances(start: object, t: type[object]) -> list[str]:
    """The paths from an object to all instances of a class."""
    return objgrep(start, t, isOfType)


def _parts(o: object) -> Iterable[tuple[str, object]]:
    """What an object holds, each with how to get there from it."""
    if isinstance(o, dict):
        for key, value in list(o.items()):
            yield f"[{key!r}]", value
            yield f".key({key!r})", key
    elif isinstance(o, list | tuple | deque):
        for index, value in enumerate(list(o)):
            yield f"[{index}]", value
    elif isinstance(o, types.MethodType):
        yield ".__self__", o.__self__
    if hasattr(o, "__dict__") and not isinstance(o, type):
        for name, value in list(vars(o).items()):
            yield f".{name}", value


def objgrep(
    start: object,
    goal: object,
    eq: Callable[[Any, Any], bool] = isLike,
    path: str = "",
    paths: list[str] | None = None,
    seen: dict[int, object] | None = None,
    showUnknowns: int = 0,
    maxDepth: int | None = None,
) -> list[str]:
    """
    Search what can be reached from an object.

    @param eq: called with a found object and ``goal``; tells whether it is one.
    @param maxDepth: how many steps to go at most; None for no limit.
    @return: the paths of what was found, such as ``.items[3]``.
    """
    paths = [] if paths is None else paths
    seen = {} if seen is None else seen
    queue = deque([(start, path, 0)])
    while queue:
        found, where, depth = queue.popleft()
        if eq(found, goal):
            paths.append(where)
        if id(found) in seen or (maxDepth is not None and depth >= maxDepth):
            continue
        seen[id(found)] = found
        for step, part in _parts(found):
            queue.append((part, where + step, depth + 1))
    return paths
