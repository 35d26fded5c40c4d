"""
Plugins: objects that other distributions announce, found by the interface that they provide.

A plugin is an object that provides `IPlugin` and what somebody looks for.  It stands at the top of
a module in a plugin package, such as ``twisted/plugins/mine.py``; any directory of ``sys.path`` may
hold such a file, without an ``__init__.py`` beside it.  Or a distribution has an entry point in the
group named after the package, such as ``twisted.plugins``, that names the module::

    [project.entry-points."twisted.plugins"]
    mine = "mine.plugin"
"""

from __future__ import annotations

import os
import pkgutil
import sys
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

from zope.interface import Interface, providedBy

from twisted.logger import Logger

__all__ = ["IPlugin", "getPlugIns", "getPlugins", "pluginPackagePaths"]

_log = Logger()


class IPlugin(Interface):
    """
    Something that is found by `getPlugins`.
    """


def _modules(package: ModuleType) -> Iterator[str]:
    """The names of the modules of a plugin package, and of those that entry points name."""
    found = {f"{package.__name__}.{m.name}" for m in pkgutil.iter_modules(package.__path__)}
    yield from sorted(found)
    yield from sorted(_announced(package.__name__) - found)


def _announced(group: str) -> set[str]:
    """
    The names of modules that entry points of a group name.

    The files are looked at here before `importlib.metadata` is imported, which takes longer than
    everything else that a command does before it begins, and seldom finds anything.
    """
    for directory in sys.path:
        try:
            entries = list(os.scandir(directory or "."))
        except OSError:
            continue
        for entry in entries:
            if not entry.name.endswith((".dist-info", ".egg-info")):
                continue
            try:
                with open(os.path.join(entry.path, "entry_points.txt"), "rb") as file:
                    if f"[{group}]".encode() in file.read():
                        return _entryPoints(group)
            except OSError:
                continue
    return set()


def _entryPoints(group: str) -> set[str]:
    """The names of modules that entry points of a group name."""
    from importlib.metadata import entry_points

    return {point.value.partition(":")[0].strip() for point in entry_points(group=group)}


def getPlugins(interface: Any, package: ModuleType | None = None) -> Iterator[Any]:
    """
    Find the plugins that provide an interface.

    A module that cannot be imported is logged, and hides no other.

    @param package: the plugin package; by default `twisted.plugins`.
    """
    if package is None:
        package = import_module("twisted.plugins")
    for name in _modules(package):
        try:
            module = import_module(name)
        except Exception:
            _log.failure("Could not import the plugin module {name}", name=name)
            continue
        for plugin in list(vars(module).values()):
            # Most of what stands in a module provides nothing.
            if isinstance(plugin, ModuleType) or IPlugin not in providedBy(plugin):
                continue
            adapted = interface(plugin, None)
            if adapted is not None:
                yield adapted


getPlugIns = getPlugins


def pluginPackagePaths(name: str) -> list[str]:
    """
    The directories in which modules of a plugin package may stand, beside the package itself.

    Assign it to ``__path__`` in ``__init__.py`` of one's own plugin package.

    @param name: of the package.
    """
    parts = name.split(".")
    paths = [os.path.abspath(os.path.join(directory, *parts)) for directory in sys.path]
    return [path for path in paths if not os.path.exists(os.path.join(path, "__init__.py"))]
