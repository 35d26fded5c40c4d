"""Loading a module again in a program that runs."""

from __future__ import annotations

import sys
import types

import pytest

from twisted.python import components, rebuild

FIRST = """
from zope.interface import Interface, implementer
from twisted.python.components import Adapter, registerAdapter

class Base:
    def who(self):
        return "base 1"

class Sub(Base):
    def what(self):
        return "sub 1"

class Fixed:
    __slots__ = ["a"]

class IThing(Interface):
    pass

@implementer(IThing)
class AsThing(Adapter):
    def name(self):
        return "adapter 1"

registerAdapter(AsThing, Base, IThing)

def function(a, b=1):
    return ("function 1", a, b)

gone = lambda: "gone"
class Gone: pass
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module that can be changed."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    path = tmp_path / "to_rebuild.py"
    path.write_text(FIRST)
    made = __import__("to_rebuild")
    yield made
    sys.modules.pop("to_rebuild", None)


@pytest.fixture
def change(tmp_path):
    """Changes the module, and loads it again."""

    def change(module, text: str = FIRST.replace("1", "2").split("gone =")[0], **kw):
        (tmp_path / "to_rebuild.py").write_text(text)
        return rebuild.rebuild(module, **kw)

    return change


def test_objects_and_functions_follow(module, change):
    """What there is already does what the new code says."""
    base, sub, fixed = module.Base(), module.Sub(), module.Fixed()
    fixed.a = 7
    function, method = module.function, module.Sub().what
    adapter = module.IThing(base)
    assert change(module, doLog=False) is module
    assert (base.who(), sub.who(), sub.what()) == ("base 2", "base 2", "sub 2")
    assert type(sub) is module.Sub
    assert (type(fixed), fixed.a) == (module.Fixed, 7)
    assert function("x") == ("function 2", "x", 2)
    assert method() in ("sub 1", "sub 2")
    assert adapter.name() == "adapter 2"
    assert module.gone() == "gone"


def test_derived_classes_follow(module, change):
    """A class of another module is derived from the new one."""

    class Mine(module.Base):
        pass

    mine = Mine()
    change(module)
    assert mine.who() == "base 2"
    assert Mine.__bases__ == (module.Base,)


def test_imported_names_follow(module, change):
    """What another module has imported is replaced; what cannot be hashed does not matter."""

    class Unhashable:
        def __hash__(self):
            raise RuntimeError("not hashable")

    other = types.ModuleType("to_rebuild_importer")
    other.Base, other.f, other.x = module.Base, module.function, Unhashable()
    sys.modules[other.__name__] = other
    try:
        change(module)
    finally:
        del sys.modules[other.__name__]
    assert other.Base is module.Base
    assert other.f is module.function


def test_adapters_may_be_registered_again(module, change):
    """While a module is loaded again, and only then."""
    change(module)
    assert components.ALLOW_DUPLICATES is False
    with pytest.raises(ValueError, match="already registered"):
        components.registerAdapter(module.AsThing, module.Base, module.IThing)


def test_errors(module, change):
    """A module that raises replaces nothing; one that is not imported is refused."""
    base = module.Base()
    with pytest.raises(ZeroDivisionError):
        change(module, "class Base: pass\n1/0")
    assert base.who() == "base 1"
    assert components.ALLOW_DUPLICATES is False
    with pytest.raises(rebuild.RebuildError):
        rebuild.rebuild(types.ModuleType("to_rebuild"))


def test_layouts_that_differ(module, change):
    """An object that cannot become one of the new class stays what it is."""
    fixed = module.Fixed()
    change(module, FIRST.replace('["a"]', '["a", "b"]'))
    assert type(fixed) is not module.Fixed


def test_sensitive(module, change):
    """An object can know whether something was rebuilt, and what things are now."""

    class Knows(rebuild.Sensitive):
        def method(self):
            """Nothing."""

    knows = Knows()
    knows.rebuildUpToDate()
    assert not knows.needRebuildUpdate()
    old, function, sub = module.Sub, module.function, module.Sub()
    change(module)
    knows.lastRebuild = 0
    assert knows.needRebuildUpdate()
    assert knows.latestVersionOf(old) is module.Sub
    assert knows.latestVersionOf(function) is module.function
    assert knows.latestVersionOf(sub) is sub
    assert knows.latestVersionOf(sub.what)() == "sub 2"
    assert knows.latestVersionOf(knows.method) == knows.method
    assert knows.latestVersionOf(Exception) is Exception
    assert rebuild.latestClass(type(knows)) is type(knows)


def test_itself():
    """The module that does this can be loaded again, too."""
    before = rebuild.lastRebuild
    rebuild.rebuild(rebuild)
    assert rebuild.lastRebuild > before
