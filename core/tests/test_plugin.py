"""Tests of `twisted.plugin`."""

from __future__ import annotations

import sys
import types

import pytest
from zope.interface import Interface

from twisted import plugin, plugins
from twisted.logger import capturedLogs

MODULE = """
from zope.interface import implementer
from twisted.plugin import IPlugin
from {interfaces} import IThing, IOther

@implementer(IPlugin, IThing)
class Thing:
    name = {name!r}

@implementer(IPlugin, IOther)
class Other:
    pass

thing, other, number = Thing(), Other(), 5
"""


class IThing(Interface):
    """What is looked for."""


class IOther(Interface):
    """What is not."""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A plugin package over two directories; gives the package and what writes a module."""
    interfaces = types.ModuleType("the_interfaces")
    interfaces.IThing, interfaces.IOther = IThing, IOther
    monkeypatch.setitem(sys.modules, "the_interfaces", interfaces)
    for name in ("one", "two"):
        (tmp_path / name / "the_plugins").mkdir(parents=True)
        monkeypatch.syspath_prepend(tmp_path / name)
    (tmp_path / "one/the_plugins/__init__.py").write_text(
        "from twisted.plugin import pluginPackagePaths\n"
        "__path__.extend(pluginPackagePaths(__name__))\n"
    )

    def write(directory, name, text=MODULE):
        path = tmp_path / directory / "the_plugins" / f"{name}.py"
        path.write_text(
            text.replace("{interfaces}", "the_interfaces").replace("{name!r}", repr(name))
        )

    import the_plugins

    yield the_plugins, write
    for name in [name for name in sys.modules if name.startswith("the_plugins")]:
        del sys.modules[name]


def names(package):
    """The names of the things in a package."""
    return [thing.name for thing in plugin.getPlugins(IThing, package)]


def test_found(package):
    """Plugins of the interface are found in all directories, in order, and new ones at once."""
    package, write = package
    assert names(package) == []
    write("two", "b")
    write("one", "a")
    assert names(package) == ["a", "b"]
    write("two", "c")
    assert names(package) == ["a", "b", "c"]


def test_broken_module(package):
    """A module that cannot be imported is logged, and hides no other."""
    package, write = package
    write("one", "a")
    write("one", "broken", "import nothing_of_this_name\n")
    with capturedLogs() as events:
        assert names(package) == ["a"]
    assert [event["name"] for event in events] == ["the_plugins.broken"]


def test_entry_points(package, tmp_path, monkeypatch):
    """Modules that entry points name are plugin modules, too."""
    package, write = package
    write("two", "elsewhere")
    (tmp_path / "two/the_plugins/elsewhere.py").rename(tmp_path / "two/elsewhere.py")
    information = tmp_path / "two/thing-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[the_plugins]\nx = elsewhere\n")
    assert names(package) == ["elsewhere"]
    monkeypatch.delitem(sys.modules, "elsewhere")


def test_default_package(monkeypatch):
    """By default plugins come from `twisted.plugins`."""
    from twisted.application.reactors import IReactorInstaller

    found = {installer.shortName for installer in plugin.getPlugins(IReactorInstaller)}
    assert {"default", "select", "poll", "epoll"} <= found
    assert plugin.getPlugIns is plugin.getPlugins
    assert len(plugins.__path__) >= 1


def test_paths(tmp_path, monkeypatch):
    """Directories that hold the package itself are not listed again."""
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/__init__.py").write_text("")
    monkeypatch.setattr(sys, "path", [str(tmp_path), "/nowhere"])
    assert plugin.pluginPackagePaths("a.b") == ["/nowhere/a/b"]


def test_classes(package):
    """A class that provides an interface itself is a plugin; one whose objects do is none."""
    made, write = package
    write(
        "one",
        "classes",
        "from zope.interface import provider\n"
        "from twisted.plugin import IPlugin\n"
        "from the_interfaces import IThing\n"
        "@provider(IPlugin, IThing)\n"
        "class Found: pass\n",
    )
    assert [each.__name__ for each in plugin.getPlugins(IThing, made)] == ["Found"]
