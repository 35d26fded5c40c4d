"""What may be made of expressions that somebody else has sent."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from twisted.python.reflect import qual

__all__ = [
    "ChangedMethod",
    "DummySecurityOptions",
    "InsecureJelly",
    "MalformedJelly",
    "SecurityOptions",
    "globalSecurity",
    "inOctets",
]


class InsecureJelly(Exception):
    """An expression stands for something that is not allowed."""

    __module__ = "twisted.spread.jelly"


class MalformedJelly(ValueError):
    """An expression stands for nothing."""

    __module__ = "twisted.spread.jelly"


class ChangedMethod(MalformedJelly, TypeError):
    """A method does not belong to the object that it has come with."""

    __module__ = "twisted.spread.jelly"


def inOctets(name: Any) -> bytes:
    """
    A name as it travels.

    @raise MalformedJelly: it is none.
    """
    if type(name) is bytes:
        return name
    if isinstance(name, str):
        return name.encode("utf-8", "surrogateescape")
    raise MalformedJelly(f"{type(name).__name__} is no name")


class DummySecurityOptions:
    """Everything is allowed: for expressions that this program has made itself, and no others."""

    __module__ = "twisted.spread.jelly"

    def isModuleAllowed(self, moduleName: Any) -> bool:
        """Yes."""
        return True

    def isClassAllowed(self, klass: Any) -> bool:
        """Yes."""
        return True

    def isTypeAllowed(self, typeName: Any) -> bool:
        """Yes."""
        return True


class SecurityOptions:
    """
    What is allowed: plain data at first, and no containers even.

    @ivar allowedTypes: the names of types, in octets.
    @ivar allowedModules: the names of modules, in octets.
    @ivar allowedClasses: classes.
    """

    __module__ = "twisted.spread.jelly"

    basicTypes = [
        "dictionary",
        "list",
        "tuple",
        "reference",
        "dereference",
        "unpersistable",
        "persistent",
        "long_int",
        "long",
        "dict",
    ]

    def __init__(self) -> None:
        plain = (
            b"None bool boolean string str int float datetime time date timedelta NoneType"
            b" unicode decimal set frozenset"
        )
        self.allowedTypes: dict[bytes, int] = dict.fromkeys(plain.split(), 1)
        self.allowedModules: dict[bytes, int] = {}
        self.allowedClasses: dict[Any, int] = {}

    def allowBasicTypes(self) -> None:
        """Allow containers, and objects that are referred to more than once."""
        self.allowTypes(*self.basicTypes)

    def allowTypes(self, *types: Any) -> None:
        """Allow types: names, or classes, whose names are meant."""
        for each in types:
            self.allowedTypes[inOctets(qual(each) if isinstance(each, type) else each)] = 1

    def allowInstancesOf(self, *classes: type) -> None:
        """Allow instances of classes, and these classes and their modules themselves."""
        self.allowBasicTypes()
        self.allowTypes("instance", "class", "classobj", "module")
        for each in classes:
            self.allowTypes(qual(each))
            self.allowModules(each.__module__)
            self.allowedClasses[each] = 1

    def allowModules(self, *modules: str | bytes | ModuleType) -> None:
        """Allow modules: names, or modules themselves. What they hold has to be allowed, too."""
        for each in modules:
            name = each.__name__ if isinstance(each, ModuleType) else each
            self.allowedModules[inOctets(name)] = 1

    def isModuleAllowed(self, moduleName: Any) -> bool:
        """Whether a module may be referred to."""
        return inOctets(moduleName) in self.allowedModules

    def isClassAllowed(self, klass: Any) -> bool:
        """Whether there may be instances of a class."""
        return klass in self.allowedClasses

    def isTypeAllowed(self, typeName: Any) -> bool:
        """Whether a type may occur; those with a dot in their names are classes, and seen later."""
        name = inOctets(typeName)
        return name in self.allowedTypes or b"." in name


#: What Perspective Broker allows, unless a factory is given something else.
globalSecurity = SecurityOptions()
globalSecurity.allowBasicTypes()
