"""
Python's modules as objects: find them, walk over them, look into them, without importing them.

    for module in walkModules():
        print(module.name, module.filePath)
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any
from zipfile import is_zipfile

from twisted.python.filepath import FilePath
from twisted.python.reflect import namedAny
from twisted.python.zippath import ZipArchive

__all__ = [
    "OPTIMIZED_MODE",
    "PYTHON_EXTENSIONS",
    "PathEntry",
    "PythonAttribute",
    "PythonModule",
    "PythonPath",
    "getModule",
    "iterModules",
    "theSystemPath",
    "walkModules",
]

_NOTHING: Any = object()

#: Whether Python leaves assertions out.
OPTIMIZED_MODE = not __debug__
#: How the names of files that hold modules end.
PYTHON_EXTENSIONS = [".py", ".pyo" if OPTIMIZED_MODE else ".pyc"]


def _located(path: str) -> Any:
    """The path of a file or a folder, which may be within a zip archive."""
    found = FilePath(path)
    if not path.endswith(".zip") and (found.exists() or ".zip" + os.sep not in path):
        return found
    for above in (found, *found.parents()):
        if above.isfile() and is_zipfile(above.path):
            return ZipArchive(above.path).descendant(found.segmentsFrom(above))
    return found


def _isPackagePath(path: FilePath[str]) -> bool:
    return path.splitext()[0].endswith(os.sep + "__init__")


class _HasModules:
    """Something with modules below it: a folder of the path, or a package."""

    def _packagePaths(self) -> Iterator[FilePath[str]]:
        raise NotImplementedError

    def _packageName(self, child: str) -> str:
        raise NotImplementedError

    def _entry(self) -> PathEntry:
        raise NotImplementedError

    def iterModules(self) -> Iterator[PythonModule]:
        """The modules right below, each once, in the order of their names."""
        seen = set()
        for folder in self._packagePaths():
            if not folder.isdir():
                continue
            for child in sorted(folder.children(), key=lambda path: path.basename()):
                found = self._moduleIn(child)
                if found is not None and found.name not in seen:
                    seen.add(found.name)
                    yield found

    def _moduleIn(self, path: FilePath[str]) -> PythonModule | None:
        name, extension = os.path.splitext(path.basename())
        if path.isdir():
            for ending in PYTHON_EXTENSIONS:
                initial = path.child("__init__" + ending)
                if name.isidentifier() and initial.exists() and not extension:
                    return PythonModule(self._packageName(name), initial, self._entry())
        elif extension in PYTHON_EXTENSIONS and name.isidentifier() and name != "__init__":
            return PythonModule(self._packageName(name), path, self._entry())
        return None

    def walkModules(self, importPackages: bool = False) -> Iterator[PythonModule]:
        """
        The modules below, and theirs, and so on.

        @param importPackages: whether to import packages, to find what they add to their paths.
        """
        if isinstance(self, PythonModule):
            yield self
        for module in self.iterModules():
            yield from module.walkModules(importPackages=importPackages)

    def __getitem__(self, modname: str) -> PythonModule:
        for module in self.iterModules():
            if module.name == self._packageName(modname):
                return module
        raise KeyError(modname)

    def __iter__(self) -> Any:
        raise TypeError("use iterModules() or walkModules()")


class PythonAttribute:
    """
    An attribute of a module, or of what is in one.

    @ivar name: its full name.
    @ivar onObject: what it is an attribute of: a `PythonModule` or a `PythonAttribute`.
    """

    def __init__(self, name: str, onObject: Any, loaded: bool, pythonValue: Any) -> None:
        self.name = name
        self.onObject = onObject
        self._loaded = loaded
        self.pythonValue = pythonValue

    def __repr__(self) -> str:
        return f"PythonAttribute<{self.name!r}>"

    def isLoaded(self) -> bool:
        """Whether its value is known without importing anything."""
        return self._loaded

    def load(self, default: Any = _NOTHING) -> Any:
        """Its value."""
        return self.pythonValue

    def iterAttributes(self) -> Iterator[PythonAttribute]:
        """Its attributes."""
        for name, value in inspect.getmembers(self.load()):
            yield PythonAttribute(f"{self.name}.{name}", self, True, value)


class PythonModule(_HasModules):
    """
    A module, imported or not.

    @ivar name: its full name.
    @ivar filePath: its file.
    @ivar pathEntry: the `PathEntry` that it was found in.
    """

    def __init__(self, name: str, filePath: FilePath[str], pathEntry: PathEntry) -> None:
        if filePath.basename() in {"__init__" + ending for ending in PYTHON_EXTENSIONS}:
            parent = filePath.parent()
        else:
            parent = filePath
        self.name = name
        self.filePath = filePath
        self.parentPath = parent
        self.pathEntry = pathEntry

    def __repr__(self) -> str:
        return f"PythonModule<{self.name!r}>"

    def __eq__(self, other: object) -> bool:
        return self.name == other.name if isinstance(other, PythonModule) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.name)

    def _entry(self) -> PathEntry:
        return self.pathEntry

    def _packageName(self, child: str) -> str:
        return f"{self.name}.{child}"

    def _packagePaths(self) -> Iterator[FilePath[str]]:
        if not self.isPackage():
            return
        if self.isLoaded():
            for path in self.load().__path__:
                yield _located(path)
        else:
            yield self.parentPath

    def isLoaded(self) -> bool:
        """Whether it has been imported."""
        return self.name in self.pathEntry.pythonPath.moduleDict

    def isPackage(self) -> bool:
        """Whether modules can be below it."""
        return _isPackagePath(self.filePath)

    def load(self, default: Any = _NOTHING) -> Any:
        """
        The module itself, imported if need be.

        @param default: what to return if it cannot be imported.
        """
        try:
            return self.pathEntry.pythonPath.moduleLoader(self.name)
        except BaseException:
            if default is _NOTHING:
                raise
            return default

    def iterAttributes(self) -> Iterator[PythonAttribute]:
        """What is in it; it is imported."""
        for name, value in inspect.getmembers(self.load()):
            yield PythonAttribute(f"{self.name}.{name}", self, True, value)

    def walkModules(self, importPackages: bool = False) -> Iterator[PythonModule]:
        """The module, those below it, and theirs, and so on."""
        if importPackages and self.isPackage():
            self.load()
        return super().walkModules(importPackages=importPackages)


class PathEntry(_HasModules):
    """
    A folder of the path.

    @ivar filePath: the folder.
    @ivar pythonPath: the `PythonPath`.
    """

    def __init__(self, filePath: FilePath[str], pythonPath: PythonPath) -> None:
        self.filePath = filePath
        self.pythonPath = pythonPath

    def __repr__(self) -> str:
        return f"PathEntry<{self.filePath!r}>"

    def _entry(self) -> PathEntry:
        return self

    def _packageName(self, child: str) -> str:
        return child

    def _packagePaths(self) -> Iterator[FilePath[str]]:
        yield self.filePath


class PythonPath:
    """
    The folders that modules are imported from.

    @param sysPath: their paths.
    @param moduleDict: the modules that have been imported, by name.
    @param sysPathHooks: as ``sys.path_hooks``.
    @param importerCache: as ``sys.path_importer_cache``.
    @param moduleLoader: imports a module by name.
    @param sysPathFactory: tells the paths whenever they are wanted, in place of `sysPath`.
    """

    def __init__(
        self,
        sysPath: Sequence[str] | None = None,
        moduleDict: MutableMapping[str, Any] = sys.modules,
        sysPathHooks: Sequence[Any] = sys.path_hooks,
        importerCache: Mapping[str, Any] = sys.path_importer_cache,
        moduleLoader: Callable[[str], Any] = namedAny,
        sysPathFactory: Callable[[], Sequence[str]] | None = None,
    ) -> None:
        self._sysPath = sysPath
        self._sysPathFactory = sysPathFactory
        self.moduleDict = moduleDict
        self.sysPathHooks = sysPathHooks
        self.importerCache = importerCache
        self.moduleLoader = moduleLoader

    @property
    def sysPath(self) -> Sequence[str]:
        """The paths of the folders."""
        if self._sysPath is not None:
            return self._sysPath
        return sys.path if self._sysPathFactory is None else self._sysPathFactory()

    def __repr__(self) -> str:
        return f"PythonPath({self.sysPath!r})"

    def iterEntries(self) -> Iterator[PathEntry]:
        """The folders."""
        for path in self.sysPath:
            yield PathEntry(_located(path), self)

    def __getitem__(self, modname: str) -> PythonModule:
        module = self.moduleDict.get(modname)
        file = getattr(module, "__file__", None)
        if file is not None:
            return PythonModule(modname, _located(file), self._entryOf(file, modname))
        first, *rest = modname.split(".")
        found: PythonModule | None = None
        for entry in self.iterEntries():
            try:
                found = entry[first]
                break
            except KeyError:
                continue
        for name in rest:
            found = None if found is None else found[name]
        if found is None:
            raise KeyError(modname)
        return found

    def _entryOf(self, file: str, modname: str) -> PathEntry:
        folder = os.path.dirname(file)
        depth = modname.count(".") + (os.path.basename(file).startswith("__init__."))
        for _ in range(depth):
            folder = os.path.dirname(folder)
        return PathEntry(_located(folder), self)

    def __contains__(self, module: str) -> bool:
        try:
            self[module]
        except KeyError:
            return False
        return True

    def iterModules(self) -> Iterator[PythonModule]:
        """The modules right in the folders."""
        for entry in self.iterEntries():
            yield from entry.iterModules()

    def walkModules(self, importPackages: bool = False) -> Iterator[PythonModule]:
        """
        All modules.

        @param importPackages: whether to import packages, to find what they add to their paths.
        """
        for module in self.iterModules():
            yield from module.walkModules(importPackages=importPackages)

    def __iter__(self) -> Any:
        raise TypeError("use iterModules() or walkModules()")


#: The path of this process.
theSystemPath = PythonPath()


def walkModules(importPackages: bool = False) -> Iterator[PythonModule]:
    """All modules that there are."""
    return theSystemPath.walkModules(importPackages=importPackages)


def iterModules() -> Iterator[PythonModule]:
    """All modules that are not in a package."""
    return theSystemPath.iterModules()


def getModule(moduleName: str) -> PythonModule:
    """
    The module called `moduleName`.

    @raise KeyError: there is none.
    """
    return theSystemPath[moduleName]
