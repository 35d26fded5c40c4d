"""Tests of `twisted.python.deprecate` and `twisted.python.versions`."""

from __future__ import annotations

import sys
import types
import warnings

import incremental
import pytest

from twisted.python import deprecate, versions
from twisted.python.deprecate import (
    deprecated,
    deprecatedKeywordParameter,
    deprecatedModuleAttribute,
    deprecatedProperty,
    getDeprecationWarningString,
    getWarningMethod,
    setWarningMethod,
    warnAboutFunction,
)
from twisted.python.versions import Version

SINCE = Version("Station", 1, 2, 3)


def plain():
    """Do nothing."""


@deprecated(SINCE)
def old(value):
    """Give a value back."""
    return value


@deprecated(SINCE, replacement=plain)
def replaced():
    """
    Do nothing.

        Indented.
    """


@deprecated(SINCE, "station.module.function")
def silent():
    pass


class Thing:
    """Something with a deprecated method and property."""

    kept = 0

    @deprecated(SINCE)
    def method(self):
        """Give this back."""
        return self

    @deprecatedProperty(SINCE, replacement="kept")
    def held(self):
        """What is held."""
        return self.kept

    @held.getter
    def held(self):
        return self.kept

    @held.setter
    def held(self, value):
        self.kept = value

    @held.deleter
    def held(self):
        del self.kept


@pytest.fixture
def said():
    """Texts of warnings; each must point at this file."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield lambda: [str(warning.message) for warning in caught]
    assert all(warning.category is DeprecationWarning for warning in caught)
    assert all(warning.filename == __file__ for warning in caught)


def test_versions():
    """Versions are those of incremental."""
    assert versions.Version is incremental.Version
    assert versions.getVersionString(SINCE) == "Station 1.2.3"
    with pytest.raises(versions.IncomparableVersions):
        versions.Version("Other", 1, 2, 3) > SINCE


def test_text():
    """A text names the thing, the version, and what to use instead."""
    name = f"{__name__}.plain"
    assert getDeprecationWarningString(plain, SINCE) == f"{name} was deprecated in Station 1.2.3"
    assert getDeprecationWarningString(plain, SINCE, replacement="x.y") == (
        f"{name} was deprecated in Station 1.2.3; please use x.y instead"
    )
    assert getDeprecationWarningString(plain, SINCE, replacement=Thing).endswith(
        f"; please use {__name__}.Thing instead"
    )
    own = getDeprecationWarningString(plain, SINCE, "%(version)s dropped %(fqpn)s")
    assert own == f"Station 1.2.3 dropped {name}"
    assert Thing.__name__ in getDeprecationWarningString(Thing().method, SINCE)


def test_functions(said):
    """A call warns its caller, and does what it did."""
    assert old("x") == "x"
    assert said() == [f"{__name__}.old was deprecated in Station 1.2.3"]
    assert old.deprecatedVersion is SINCE
    assert (old.__name__, old.__module__) == ("old", __name__)


def test_methods(said):
    """Methods warn like functions."""
    thing = Thing()
    assert thing.method() is thing
    assert said() == [f"{__name__}.Thing.method was deprecated in Station 1.2.3"]


def test_docstrings():
    """Docstrings say that the thing is deprecated."""
    assert old.__doc__ == "Give a value back.\n\nDeprecated in Station 1.2.3.\n"
    assert replaced.__doc__ == (
        "\nDo nothing.\n\n    Indented.\n\n"
        f"Deprecated in Station 1.2.3; please use {__name__}.plain instead.\n"
    )
    assert silent.__doc__ == (
        "Deprecated in Station 1.2.3; please use station.module.function instead."
    )
    assert Thing.held.__doc__ == (
        "What is held.\n\nDeprecated in Station 1.2.3; please use kept instead.\n"
    )


def test_properties(said):
    """Getting, setting and deleting a property warns; looking at the class does not."""
    thing = Thing()
    assert isinstance(Thing.held, property)
    assert said() == []
    thing.held = 5
    assert thing.held == 5
    del thing.held
    assert thing.kept == 0
    assert (
        said()
        == [f"{__name__}.Thing.held was deprecated in Station 1.2.3; please use kept instead"] * 3
    )


def test_read_only_property(said):
    """A property without a setter cannot be set."""

    class ReadOnly:
        @deprecatedProperty(SINCE)
        def held(self):
            return 1

    with pytest.raises(AttributeError):
        ReadOnly().held = 2
    assert len(said()) == 1


@deprecatedKeywordParameter(SINCE, "worn", "fresh")
def call(first, worn=None, fresh=None):
    """Tell what was given."""
    return (first, worn, fresh)


@deprecatedKeywordParameter(SINCE, "worn")
def call_any(first, **names):
    return names


@pytest.mark.parametrize(
    ("args", "names", "warned"),
    [
        ((1,), {}, 0),
        ((1,), {"fresh": 2}, 0),
        ((1, 2), {}, 1),
        ((1,), {"worn": None}, 1),
        ((), {"first": 1, "worn": 2}, 1),
        ((1, 2, 3), {}, 1),
    ],
)
def test_parameters(said, args, names, warned):
    """A call warns if it gives the parameter, by name or position, whatever its value."""
    assert call(*args, **names) == (lambda first, worn=None, fresh=None: (first, worn, fresh))(
        *args, **names
    )
    assert said() == warned * [
        f"The 'worn' parameter to {__name__}.call was deprecated in Station 1.2.3; "
        "please use fresh instead"
    ]


def test_parameter_by_name_only(said):
    """A parameter among arbitrary names warns, too; the docstring says so."""
    assert call_any(1, x=2) == {"x": 2}
    assert said() == []
    assert call_any(1, worn=2) == {"worn": 2}
    assert len(said()) == 1
    assert call_any.__doc__ == "The 'worn' parameter was deprecated in Station 1.2.3."
    assert deprecatedKeywordParameter(SINCE, "worn")(dict)(worn=1) == {"worn": 1}


@pytest.fixture
def module(monkeypatch):
    """A module with two deprecated attributes."""
    module = types.ModuleType("station_module", "About the module.")
    monkeypatch.setitem(sys.modules, "station_module", module)
    exec("first, second, third = 1, 2, 3\ndef use(): return first", module.__dict__)
    for name in ("first", "second"):
        deprecatedModuleAttribute(SINCE, "use third", "station_module", name)
    return module


def test_module_attributes(said, module):
    """Getting the attribute of a module warns, in whatever way it is got."""
    assert sys.modules["station_module"] is module
    assert (module.third, module.__doc__) == (3, "About the module.")
    assert said() == []
    assert module.first == 1
    from station_module import second

    assert second == 2
    assert said() == [
        f"station_module.{name} was deprecated in Station 1.2.3: use third"
        for name in ("first", "second")
    ]
    assert isinstance(module, types.ModuleType)


def test_module_attributes_inside(said, module):
    """A module's own functions use the attribute without warning."""
    assert module.use() == 1
    module.first = 5
    assert module.use() == 5
    assert said() == []


def test_module_attribute_removed(said, module):
    """An attribute may be deleted; then there is none."""
    del module.first
    with pytest.raises(AttributeError, match=r"station_module.*first"):
        module.first
    with pytest.raises(AttributeError):
        del module.first
    assert not hasattr(module, "first")


def test_module_attributes_do_not_mix(said, module, monkeypatch):
    """Another module's attributes of the same name do not warn, and classes of modules are kept."""

    class Special(types.ModuleType):
        def __getattr__(self, name):
            return name.upper()

    other = Special("station_other")
    monkeypatch.setitem(sys.modules, "station_other", other)
    other.second = 5
    deprecatedModuleAttribute(SINCE, "x", "station_other", "other")
    assert (other.second, other.missing) == (5, "MISSING")
    assert said() == []


def test_missing_module():
    """There must be such a module."""
    with pytest.raises(KeyError):
        deprecatedModuleAttribute(SINCE, "x", "station_nothing", "x")


def test_warning_method():
    """Another function may be told instead."""
    told = []
    before = getWarningMethod()
    assert before is warnings.warn
    try:
        setWarningMethod(lambda message, category, stacklevel: told.append((message, category)))
        assert deprecate.getWarningMethod() is not before
        old(1)
        Thing().held
    finally:
        setWarningMethod(before)
    assert [category for _, category in told] == [DeprecationWarning] * 2
    assert "old" in told[0][0]


def test_about_a_function():
    """A warning about how a function is written points into it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnAboutFunction(test_versions, "written badly")
    (warning,) = caught
    assert (str(warning.message), warning.filename) == ("written badly", __file__)
    assert warning.lineno > test_versions.__code__.co_firstlineno
