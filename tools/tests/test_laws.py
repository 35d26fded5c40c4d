"""Tests of the laws of what may import what."""

from __future__ import annotations

import pytest

from monorepo.distributions import find
from monorepo.laws import Tree, floor

CORE = {
    "src/twisted/__init__.py": "",
    "src/twisted/internet/__init__.py": "",
    "src/twisted/internet/reactor.py": "",
    "src/twisted/internet/defer.py": "_private = public = 1\n",
    "src/twisted/internet/tcp.py": "",
    "src/twisted/python/__init__.py": "",
    "src/twisted/python/util.py": "",
}
ON_CORE = '"twisted-core>=26.11,<27"'


def broken(root):
    """What is against the laws."""
    return list(Tree(find(root)).check())


def with_web(make, text, **options):
    """What is against the laws with a module of web."""
    make("core", CORE)
    options.setdefault("dependencies", ON_CORE)
    return broken(make("web", {"src/twisted/web/static.py": text}, **options))


def test_this_repository():
    """The laws hold here."""
    assert broken(next(iter(find().values())).root) == []


@pytest.mark.parametrize(
    "text",
    [
        "from twisted.internet import defer\n",
        "from twisted.internet.defer import public\n",
        "import twisted.internet.defer\n",
        "from twisted.web import _version\n",
        "def f():\n    from twisted.internet import reactor\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from twisted.names import dns\n",
    ],
)
def test_allowed(make, text):
    """Core, oneself, and what only type checkers see may be imported."""
    assert with_web(make, text) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("from twisted.internet import reactor\n", "installs the global reactor"),
        ("import twisted.internet.reactor\n", "installs the global reactor"),
        ("from twisted.internet.defer import _private\n", "private name"),
        ("def f():\n    from twisted.internet.defer import _private\n", "private name"),
        ("from twisted.names import dns\n", "in no distribution"),
        ("\n" * 1001, "more than 1000 lines"),
    ],
)
def test_forbidden(make, text, reason):
    """What is not allowed is found, and where."""
    (wrong,) = with_web(make, text)
    assert wrong.startswith("web/src/twisted/web/static.py:")
    assert reason in wrong


def test_not_required(make):
    """A distribution may import another only if it requires it, itself or for an extra."""
    text = "from twisted.internet import defer\n"
    (wrong,) = with_web(make, text, dependencies="")
    assert "twisted-core, which twisted-web does not require" in wrong


def test_extra(make):
    """What an extra requires may be imported."""
    text = "from twisted.internet import defer\n"
    assert with_web(make, text, dependencies="", extras=f"more = [{ON_CORE}]") == []


def test_core_is_alone(make):
    """Core may import no other distribution."""
    make("web", {"src/twisted/web/static.py": ""}, dependencies=ON_CORE)
    root = make("core", {**CORE, "src/twisted/internet/tcp.py": "import twisted.web.static\n"})
    (wrong,) = broken(root)
    assert "twisted-web, which twisted-core does not require" in wrong


def test_floors(make):
    """Within core nothing imports from a higher floor, not even inside a function."""
    text = "def f():\n    from twisted.internet import defer\n"
    (wrong,) = broken(make("core", {**CORE, "src/twisted/python/util.py": text}))
    assert wrong == (
        "core/src/twisted/python/util.py:2: imports twisted.internet.defer of floor 3 from floor 1"
    )


def test_root_package(make):
    """Only core has the root of the import package, and packages are not shared."""
    make("core", CORE)
    files = {"src/twisted/__init__.py": "", "src/twisted/python/more.py": ""}
    wrong = broken(make("web", files, dependencies=ON_CORE))
    assert any("belongs to core alone" in text for text in wrong)
    assert any("the package twisted.python belongs to core" in text for text in wrong)


@pytest.mark.parametrize(
    ("module", "number"),
    [
        ("twisted.python.reflect", 1),
        ("twisted.python.failure", 2),
        ("twisted.logger._json", 2),
        ("twisted.internet.defer", 3),
        ("twisted.internet._interfaces._reactors", 3),
        ("twisted.internet.tcp", 4),
        ("twisted.protocols.basic", 5),
        ("twisted.application.twist._twist", 6),
    ],
)
def test_floor(module, number):
    """Each module of core has a floor."""
    assert floor(module) == number
