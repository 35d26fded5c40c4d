"""
Warnings for those who use what is going to be removed: functions, methods, properties, parameters,
and attributes of modules.

Each warning is a `DeprecationWarning` that points at the line which used the thing. It names the
thing and the `twisted.python.versions.Version` since which it is deprecated.
"""

from __future__ import annotations

import functools
import sys
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any, ParamSpec, TypeVar

from twisted.python.reflect import fullyQualifiedName

__all__ = [
    "DEPRECATION_WARNING_FORMAT",
    "deprecated",
    "deprecatedKeywordParameter",
    "deprecatedModuleAttribute",
    "deprecatedProperty",
    "getDeprecationWarningString",
    "getWarningMethod",
    "setWarningMethod",
    "warnAboutFunction",
]

_fullyQualifiedName = fullyQualifiedName

_P = ParamSpec("_P")
_R = TypeVar("_R")

#: What a warning says: ``fqpn`` is the full name of the thing, ``version`` the version.
DEPRECATION_WARNING_FORMAT = "%(fqpn)s was deprecated in %(version)s"

_warn: Callable[..., Any] = warnings.warn


def getWarningMethod() -> Callable[..., Any]:
    """The function that is told of the use of anything deprecated; `warnings.warn` at first."""
    return _warn


def setWarningMethod(newMethod: Callable[..., Any]) -> None:
    """
    Set the function that is told of the use of anything deprecated.

    @param newMethod: takes what `warnings.warn` takes: a text, the class of the warning, and
        ``stacklevel``.
    """
    global _warn
    _warn = newMethod


# What is said


def _since(version: Any) -> str:
    """A version as text; the library that knows versions is only loaded when one is to be told."""
    from twisted.python.versions import getVersionString

    return getVersionString(version)


def _advice(replacement: str | Callable[..., Any] | None) -> str:
    """What to use instead, as the end of a sentence."""
    if replacement is None:
        return ""
    name = replacement if isinstance(replacement, str) else fullyQualifiedName(replacement)
    return f"; please use {name} instead"


def getDeprecationWarningString(
    callableThing: Any,
    version: Any,
    format: str | None = None,
    replacement: str | Callable[..., Any] | None = None,
) -> str:
    """
    What a warning says.

    @param callableThing: what is deprecated: a function, method or class.
    @param version: the `Version` since which it is.
    @param format: such as `DEPRECATION_WARNING_FORMAT`.
    @param replacement: what to use instead, or its full name.
    """
    known = {"fqpn": fullyQualifiedName(callableThing), "version": _since(version)}
    return (format or DEPRECATION_WARNING_FORMAT) % known + _advice(replacement)


def _documented(docstring: str | None, sentence: str) -> str:
    """A docstring with a sentence below it, and without the indentation of its lines."""
    first, newline, rest = (docstring or "").rstrip().partition("\n")
    if not first and not newline:
        return sentence
    if newline:
        import textwrap

        first += newline + textwrap.dedent(rest)
    return f"{first}\n\n{sentence}\n"


def _describe(function: Any, version: Any, replacement: Any) -> tuple[str, str]:
    """What a warning about a function says, and what its docstring says from now on."""
    sentence = f"Deprecated in {_since(version)}{_advice(replacement)}."
    return (
        getDeprecationWarningString(function, version, replacement=replacement),
        _documented(function.__doc__, sentence),
    )


# Functions and methods


def deprecated(
    version: Any, replacement: str | Callable[..., Any] | None = None
) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """
    A decorator for functions and methods; each call warns, and the docstring says why.

    @param version: the `Version` since which the function is deprecated; the attribute
        ``deprecatedVersion`` of the decorated function.
    @param replacement: what to use instead, or its full name.
    """

    def decorate(function: Callable[_P, _R]) -> Callable[_P, _R]:
        message, documentation = _describe(function, version, replacement)

        @functools.wraps(function)
        def warning(*args: _P.args, **kwargs: _P.kwargs) -> _R:
            _warn(message, DeprecationWarning, stacklevel=2)
            return function(*args, **kwargs)

        warning.__doc__ = documentation
        warning.__dict__["deprecatedVersion"] = version
        return warning

    return decorate


class _WarningProperty(property):
    """A property that warns whenever it is got, set or deleted on an object."""

    def __init__(self, message: str, documentation: str | None, *functions: Any) -> None:
        super().__init__(*functions)
        self.message = message
        # Given to property itself, it would be hidden by the docstring of this class.
        self.__doc__ = documentation

    def __get__(self, instance: Any, owner: type | None = None, /) -> Any:
        if instance is not None:
            _warn(self.message, DeprecationWarning, stacklevel=2)
        return super().__get__(instance, owner)

    def __set__(self, instance: Any, value: Any, /) -> None:
        _warn(self.message, DeprecationWarning, stacklevel=2)
        super().__set__(instance, value)

    def __delete__(self, instance: Any, /) -> None:
        _warn(self.message, DeprecationWarning, stacklevel=2)
        super().__delete__(instance)

    def _with(self, *functions: Any) -> _WarningProperty:
        """A property that says the same, with other functions."""
        return _WarningProperty(self.message, self.__doc__, *functions)

    def getter(self, fget: Callable[[Any], Any], /) -> _WarningProperty:
        """The same property, with another function that gets it."""
        return self._with(fget, self.fset, self.fdel)

    def setter(self, fset: Callable[[Any, Any], None], /) -> _WarningProperty:
        """The same property, with a function that sets it."""
        return self._with(self.fget, fset, self.fdel)

    def deleter(self, fdel: Callable[[Any], None], /) -> _WarningProperty:
        """The same property, with a function that deletes it."""
        return self._with(self.fget, self.fset, fdel)


def deprecatedProperty(
    version: Any, replacement: str | Callable[..., Any] | None = None
) -> Callable[[Callable[[Any], Any]], Any]:
    """
    A decorator that makes a property, as ``property`` does, every use of which warns.

    @param version: the `Version` since which the property is deprecated.
    @param replacement: what to use instead, or its full name.
    """

    def decorate(function: Callable[[Any], Any]) -> _WarningProperty:
        return _WarningProperty(*_describe(function, version, replacement), function)

    return decorate


# Parameters


def deprecatedKeywordParameter(
    version: Any, name: str, replacement: str | None = None
) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """
    A decorator for functions one of whose parameters is deprecated; a call that gives it warns.

    @param version: the `Version` since which the parameter is deprecated.
    @param name: the parameter's name; it may be given by position, too.
    @param replacement: the name of the parameter to use instead.
    """

    def decorate(function: Callable[_P, _R]) -> Callable[_P, _R]:
        since = f"was deprecated in {_since(version)}{_advice(replacement)}"
        message = f"The {name!r} parameter to {fullyQualifiedName(function)} {since}"
        code = getattr(function, "__code__", None)
        positional = code.co_varnames[: code.co_argcount] if code is not None else ()
        # Calls with more arguments than this give the parameter by its position.
        before = positional.index(name) if name in positional else sys.maxsize

        @functools.wraps(function)
        def warning(*args: _P.args, **kwargs: _P.kwargs) -> _R:
            if name in kwargs or len(args) > before:
                _warn(message, DeprecationWarning, stacklevel=2)
            return function(*args, **kwargs)

        warning.__doc__ = _documented(function.__doc__, f"The {name!r} parameter {since}.")
        return warning

    return decorate


# Attributes of modules


class _WarningModule(ModuleType):
    """
    The class of a module some of whose attributes warn; each module has a subclass of its own.

    A property of a module's class comes before what is in the module itself. So only attributes
    that are deprecated cost anything, the module stays the same object, and its own code, which
    sees them as globals, is not warned.
    """


def _attribute(name: str, message: str) -> property:
    """A property for one attribute of a module."""

    def get(module: ModuleType) -> Any:
        _warn(message, DeprecationWarning, stacklevel=2)
        try:
            return module.__dict__[name]
        except KeyError:
            raise AttributeError(
                f"module {module.__name__!r} has no attribute {name!r}", name=name, obj=module
            ) from None

    def set(module: ModuleType, value: Any) -> None:
        module.__dict__[name] = value

    def delete(module: ModuleType) -> None:
        if module.__dict__.pop(name, module) is module:
            raise AttributeError(name)

    return property(get, set, delete)


def deprecatedModuleAttribute(version: Any, message: str, moduleName: str, name: str) -> None:
    """
    Declare that an attribute of a module is deprecated; getting it from outside warns.

    @param version: the `Version` since which it is deprecated.
    @param message: what else is to be said, such as what to use instead.
    @param moduleName: the full name of the module, which may be one that is being imported.
    @param name: the name of the attribute.
    """
    module = sys.modules[moduleName]
    if not issubclass(type(module), _WarningModule):
        bases = (_WarningModule,) if type(module) is ModuleType else (_WarningModule, type(module))
        module.__class__ = type("module", bases, {"__module__": __name__})
    text = f"{moduleName}.{name} was deprecated in {_since(version)}: {message}"
    setattr(type(module), name, _attribute(name, text))


def warnAboutFunction(offender: Any, warningString: str) -> None:
    """
    Warn of how a function was written, rather than of a call: the warning points at its last line.

    @param offender: the function.
    @param warningString: what is said.
    """
    code = offender.__code__
    last = max(line for _, _, line in code.co_lines() if line is not None)
    warnings.warn_explicit(
        warningString,
        category=DeprecationWarning,
        filename=code.co_filename,
        lineno=last,
        module=offender.__module__,
        registry=offender.__globals__.setdefault("__warningregistry__", {}),
    )
