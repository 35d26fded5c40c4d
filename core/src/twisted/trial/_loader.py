"""Finding tests: by name, in modules, packages, files, and documentation."""

from __future__ import annotations

import importlib.util
import inspect
import os
import sys
import types
import unittest
import warnings
from collections.abc import Callable, Iterable
from typing import Any

from twisted.python import modules, reflect
from twisted.python.failure import Failure
from twisted.trial._asyncrunner import TestSuite
from twisted.trial._holders import ErrorHolder

__all__ = [
    "TestLoader",
    "filenameToModule",
    "isPackage",
    "isPackageDirectory",
    "isTestCase",
    "name",
    "orderDefined",
    "samefile",
]


def isPackage(module: Any) -> bool:
    """Tell whether something is a package."""
    if not isinstance(module, types.ModuleType):
        return False
    return os.path.splitext(os.path.basename(module.__file__ or ""))[0] == "__init__"


def isPackageDirectory(dirname: str) -> str | None:
    """The name of the file that makes a folder a package; C{None} if there is none."""
    filename = "__init__.py"
    return filename if os.path.exists(os.path.join(dirname, filename)) else None


def samefile(filename1: str, filename2: str) -> bool:
    """Tell whether two paths lead to the same place."""
    return os.path.realpath(filename1) == os.path.realpath(filename2)


def isTestCase(obj: Any) -> bool:
    """Tell whether something is a class of tests."""
    return isinstance(obj, type) and issubclass(obj, unittest.TestCase)


def name(thing: Any) -> str:
    """What tests are sorted by: the name of a test, a class, a module, or a name itself."""
    if isinstance(thing, str):
        return thing
    if isinstance(thing, unittest.TestCase):
        return thing.id()
    if isinstance(thing, (modules.PythonModule, modules.PythonAttribute)):
        return thing.name
    found = getattr(thing, "__name__", None)
    return str(thing.id() if found is None else found)


def orderDefined(thing: Any) -> tuple[str, int]:
    """What tests are sorted by to be run as they stand in their files."""
    if isinstance(thing, unittest.TestCase):
        functions = [getattr(thing, thing._testMethodName, None)]
    elif isinstance(thing, type):
        functions = list(vars(thing).values())
    else:
        return (name(thing), 0)
    codes = [getattr(inspect.unwrap(f), "__code__", None) for f in functions if callable(f)]
    return ("", min((code.co_firstlineno for code in codes if code is not None), default=0))


def filenameToModule(fn: str) -> types.ModuleType:
    """
    Import a file: as the module that it is, if it can be imported by name, or by its path.

    @raise ValueError: if there is no such file.
    """
    if not os.path.exists(fn):
        raise ValueError(f"{fn!r} doesn't exist")
    fn = os.path.abspath(fn)
    if os.path.isdir(fn) and isPackageDirectory(fn) is None:
        raise ValueError(f"{fn!r} is not a package directory")
    moduleName = str(reflect.filenameToModuleName(fn))
    try:
        module = reflect.namedAny(moduleName)
    except (ValueError, AttributeError):
        return _importFile(fn, moduleName)
    found = getattr(module, "__file__", None)
    path = os.path.join(fn, "__init__.py") if os.path.isdir(fn) else fn
    if isinstance(module, types.ModuleType) and found and samefile(found, path):
        return module
    # Another module of that name is installed.
    return _importFile(fn, moduleName)


def _importFile(fn: str, moduleName: str) -> types.ModuleType:
    path = os.path.join(fn, "__init__.py") if os.path.isdir(fn) else fn
    spec = importlib.util.spec_from_file_location(moduleName, path)
    if spec is None or spec.loader is None:
        raise SyntaxError(f"{fn} is no Python file")
    module = importlib.util.module_from_spec(spec)
    # Whoever uses another module of that name goes on with that.
    known = sys.modules.setdefault(moduleName, module)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        if known is module:
            sys.modules.pop(moduleName, None)
        raise
    return module


class TestLoader:
    """
    Finds tests.

    @ivar methodPrefix: how the names of methods that are tests begin.
    @ivar modulePrefix: how the names of modules of tests in packages begin.
    @ivar sorter: gives the key by which tests, classes and modules are sorted.
    @ivar suiteFactory: makes a suite of several tests.
    """

    __module__ = "twisted.trial.runner"
    __test__ = False
    methodPrefix = "test"
    modulePrefix = "test_"

    def __init__(
        self, suiteFactory: Callable[..., Any] = TestSuite, sorter: Callable[[Any], Any] = name
    ) -> None:
        self.suiteFactory = suiteFactory
        self.sorter = sorter

    def sort(self, xs: Iterable[Any]) -> list[Any]:
        """Sort tests, or what they are in."""
        return sorted(xs, key=self.sorter)

    # In classes

    def findTestClasses(self, module: types.ModuleType) -> list[type]:
        """The classes of tests in a module, sorted."""
        return self.sort(dict.fromkeys(filter(isTestCase, vars(module).values())))

    def getTestCaseNames(self, klass: type) -> list[str]:
        """The names of the tests of a class, without the prefix."""
        return reflect.prefixedMethodNames(klass, self.methodPrefix)

    def loadClass(self, klass: Any) -> Any:
        """
        The tests of a class.

        @raise TypeError: if it is no class.
        @raise ValueError: if it is no class of tests.
        """
        if not isinstance(klass, type):
            raise TypeError(f"{klass!r} is not a class")
        if not isTestCase(klass):
            raise ValueError(f"{klass!r} is not a test case")
        names = self.getTestCaseNames(klass)
        tests = self.sort(klass(self.methodPrefix + each) for each in names)
        return self.suiteFactory(tests)

    loadTestsFromTestCase = loadClass

    # In modules

    def loadModule(self, module: Any) -> Any:
        """
        The tests of a module: of its classes, and those of the modules in ``__doctests__``.

        A module may also have a function ``testSuite`` or ``test_suite`` that returns them, or, as
        `unittest` has it, ``load_tests``.

        @raise TypeError: if it is no module.
        """
        if not isinstance(module, types.ModuleType):
            raise TypeError(f"{module!r} is not a module")
        for hook in ("testSuite", "test_suite"):
            if hasattr(module, hook):
                return getattr(module, hook)()
        suite = self.suiteFactory()
        for klass in self.findTestClasses(module):
            suite.addTest(self.loadClass(klass))
        if inspect.isfunction(getattr(module, "load_tests", None)):
            suite = module.load_tests(self, suite, None)
        documented = getattr(module, "__doctests__", ())
        if documented:
            suite.addTests([self.loadDoctests(each) for each in documented])
        return suite

    loadTestsFromModule = loadModule

    def loadDoctests(self, module: Any) -> Any:
        """
        The examples in the documentation of a module.

        @param module: the module, or its name.
        """
        if isinstance(module, str):
            try:
                module = reflect.namedAny(module)
            except Exception:
                return ErrorHolder(module, Failure())
        if not inspect.ismodule(module):
            warnings.warn("trial only supports doctesting modules", stacklevel=2)
            return None
        # Few need it, and it takes long to import.
        import doctest

        return doctest.DocTestSuite(module)

    def loadPackage(self, package: Any, recurse: bool = False) -> Any:
        """
        The tests of the modules of a package.

        @param recurse: whether to look into the packages in it, too.
        @raise TypeError: if it is no package.
        """
        if not isPackage(package):
            raise TypeError(f"{package!r} is not a package")
        found = modules.getModule(package.__name__)
        below = found.walkModules() if recurse else found.iterModules()
        prefix = self.modulePrefix
        tests = [each for each in below if each.name.rsplit(".", 1)[-1].startswith(prefix)]
        suite = self.suiteFactory()
        for module in self.sort(tests):
            try:
                loaded = self.loadModule(module.load())
            except Exception:
                loaded = ErrorHolder(module.name, Failure())
            suite.addTest(loaded)
        return suite

    def loadFile(self, fileName: str, recurse: bool = False) -> Any:
        """
        The tests of a file, or of a folder that is a package.

        @raise ValueError: if it is neither.
        """
        return self.loadAnything(_fileModule(fileName), recurse)

    # Whatever it is

    def loadAnything(
        self, obj: Any, recurse: bool = False, parent: Any = None, qualName: Any = None
    ) -> Any:
        """
        The tests of a module, a package, a class, a method, or a test itself.

        @param parent: the class of a method.
        @param qualName: the path to a method, as a list of names.
        @raise TypeError: if it is none of those.
        """
        if isinstance(obj, types.ModuleType):
            return self.loadPackage(obj, recurse) if isPackage(obj) else self.loadModule(obj)
        if isTestCase(obj):
            return self.loadClass(obj)
        if isinstance(obj, (unittest.TestCase, unittest.TestSuite)):
            return obj
        if inspect.isroutine(obj) and isTestCase(parent):
            return parent(qualName[-1] if qualName else obj.__name__)
        raise TypeError(f"{obj!r} has no tests")

    def findByName(self, _name: str, recurse: bool = False) -> Any:
        """
        The tests of what has a name: a file, a package, a module, a class, or a method.

        @raise ValueError: if a file has no tests.
        @raise AttributeError: if the name leads nowhere, or another exception of an import.
        """
        obj, parent, path = _find(_name)
        return self.loadAnything(obj, recurse, parent, path)

    def loadTestsFromName(self, name: str, recurse: bool = False) -> Any:
        """The tests of what has a name; what goes wrong is told when they are run."""
        return self.loadByNames([name], recurse)

    loadByName = loadTestsFromName

    def loadByNames(self, names: Iterable[str], recurse: bool = False) -> Any:
        """
        The tests of what has one of several names, once even if two names lead there; what goes
        wrong is told when they are run.
        """
        seen: list[tuple[Any, Any]] = []
        suite = self.suiteFactory()
        for each in names:
            try:
                obj, parent, path = _find(each)
                if not any(obj is o and parent is p for o, p in seen):
                    seen.append((obj, parent))
                    suite.addTest(self.loadAnything(obj, recurse, parent, path))
            except Exception:
                suite.addTest(ErrorHolder(each, Failure()))
        return suite


def _fileModule(fileName: str) -> types.ModuleType:
    """
    The module, or the package, in a file or a folder.

    @raise ValueError: if there is none.
    """
    if not os.path.isdir(fileName) and not fileName.endswith(".py"):
        raise ValueError(f"{fileName!r} is not a Python file")
    return filenameToModule(fileName)


def _find(dotted: str) -> tuple[Any, Any, list[str]]:
    """
    What a name leads to, what that is an attribute of, and the names below the module.

    @raise Exception: what importing raised.
    """
    if os.sep in dotted or (dotted.endswith(".py") and os.path.isfile(dotted)):
        return _fileModule(dotted), None, []
    reflect.namedAny(dotted)  # tells best what is wrong
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        module = sys.modules.get(".".join(parts[:length]))
        if module is not None:
            break
    obj: Any = module
    parent: Any = None
    for part in parts[length:]:
        parent, obj = obj, getattr(obj, part)
    return obj, parent, parts[length:]
