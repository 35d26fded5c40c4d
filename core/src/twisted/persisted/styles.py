"""
Versions of classes whose objects were pickled, and pickling what Python alone does not.

Importing this module teaches `pickle` to pickle methods and modules.
"""

from __future__ import annotations

import copyreg
import types
from collections.abc import Callable
from importlib import import_module
from io import StringIO
from typing import Any, ClassVar

from twisted.logger import Logger
from twisted.python import reflect

__all__ = [
    "Ephemeral",
    "Versioned",
    "doUpgrade",
    "oldModules",
    "pickleMethod",
    "pickleModule",
    "pickleStringI",
    "pickleStringO",
    "requireUpgrade",
    "unpickleMethod",
    "unpickleModule",
    "unpickleStringI",
    "unpickleStringO",
    "upgraded",
    "versionedsToUpgrade",
]

_log = Logger()

#: Names that modules had when something was pickled, and the names that they have now.
oldModules: dict[str, str] = {}


def pickleMethod(method: types.MethodType) -> Any:
    """For `copyreg`: a method is its name, its object, and the object's class."""
    return unpickleMethod, (method.__name__, method.__self__, method.__self__.__class__)


def unpickleMethod(im_name: str, im_self: Any, im_class: type) -> Any:
    """
    The method of an object, or, if that has none of the name any more, the class's.

    @raise AttributeError: if neither has one.
    """
    if im_self is None:
        return getattr(im_class, im_name)
    found = getattr(im_self, im_name, None)
    if found is None:
        return types.MethodType(getattr(im_class, im_name), im_self)
    return found


def pickleModule(module: types.ModuleType) -> Any:
    """For `copyreg`: a module is its name."""
    return unpickleModule, (module.__name__,)


def unpickleModule(name: str) -> types.ModuleType:
    """A module by its name, or by the one that it has now."""
    return import_module(oldModules.get(name, name))


def pickleStringO(stringo: StringIO) -> Any:
    """For `copyreg`: a file in memory is what is in it, and where it is read."""
    return unpickleStringO, (stringo.getvalue(), stringo.tell())


def unpickleStringO(val: str, sek: int) -> StringIO:
    """A file in memory with something in it, read from somewhere on."""
    file = StringIO()
    file.write(val)
    file.seek(sek)
    return file


pickleStringI = pickleStringO
unpickleStringI = unpickleStringO

copyreg.pickle(types.MethodType, pickleMethod)
copyreg.pickle(types.ModuleType, pickleModule)


class Ephemeral:
    """An object that is of no use in another process: none of its state is pickled."""

    def __reduce__(self) -> Any:
        return (_ephemeral, (self.__class__,))

    def __getstate__(self) -> Any:
        _log.warn("{object!r} is pickled, though it is of no use elsewhere", object=self)
        return None

    def __setstate__(self, state: object) -> None:
        _log.warn("{klass} was unpickled, though it is of no use here", klass=self.__class__)
        self.__class__ = Ephemeral


def _ephemeral(klass: type[Ephemeral]) -> Ephemeral:
    made: Ephemeral = klass.__new__(klass)
    made.__setstate__(None)
    return made


#: The objects that were unpickled and may have to be upgraded, by their identity.
versionedsToUpgrade: dict[int, Versioned] = {}

#: Those that have been upgraded, by their identity.
upgraded: dict[int, int] = {}


def doUpgrade() -> None:
    """Upgrade everything that was unpickled since the last time."""
    for versioned in list(versionedsToUpgrade.values()):
        requireUpgrade(versioned)
    versionedsToUpgrade.clear()
    upgraded.clear()


def requireUpgrade(obj: Any) -> Any:
    """Upgrade an object now, for one that needs it for its own upgrade. @return: the object."""
    identity = id(obj)
    if identity in versionedsToUpgrade and identity not in upgraded:
        upgraded[identity] = 1
        obj.versionUpgrade()
    return obj


class Versioned:
    """
    An object whose pickles know the version of its class.

    When an older one was unpickled, `doUpgrade` calls ``upgradeToVersion1``, ``upgradeToVersion2``
    and so on, up to the version of now.

    @cvar persistenceVersion: the version; each class in a row of subclasses has its own.
    @cvar persistenceForgets: attributes that are not pickled.
    """

    persistenceVersion: ClassVar[int] = 0
    persistenceForgets: ClassVar[Any] = ()

    def __setstate__(self, state: dict[str, Any]) -> None:
        versionedsToUpgrade[id(self)] = self
        self.__dict__ = state

    def __getstate__(self, dict: dict[str, Any] | None = None) -> dict[str, Any]:
        """The attributes but those to be forgotten, and the versions of the class and its bases."""
        state = (self.__dict__ if dict is None else dict).copy()
        bases = self._versionedBases()
        for base in bases:
            for name in base.__dict__.get("persistenceForgets", ()):
                state.pop(name, None)
        for base in bases:
            if "persistenceVersion" in base.__dict__:
                state[f"{reflect.qual(base)}.persistenceVersion"] = base.persistenceVersion
        return state

    def _versionedBases(self) -> list[Any]:
        """The class and its bases that have versions, the basest first."""
        mro = type(self).__mro__
        return [base for base in reversed(mro) if issubclass(base, Versioned)][1:]

    def versionUpgrade(self) -> None:
        """Upgrade to the version of now, the basest class first."""
        for base in self._versionedBases():
            if "persistenceVersion" not in base.__dict__:
                continue
            name = f"{reflect.qual(base)}.persistenceVersion"
            known = self.__dict__.pop(name, None)
            if known is None:
                known = self.__dict__.pop("persistenceVersion", 0)
            for version in range(known + 1, base.persistenceVersion + 1):
                upgrade: Callable[[Any], None] | None = base.__dict__.get(
                    f"upgradeToVersion{version}"
                )
                if upgrade is not None:
                    upgrade(self)
