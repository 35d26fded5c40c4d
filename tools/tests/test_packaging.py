"""
Tests of one import package over several distributions, in environments of their own.

They also build what is released, into ``dist/``.
"""

from __future__ import annotations

import subprocess

import pytest

from monorepo.artifacts import build, check_install, fresh_environment, install, packages
from monorepo.distributions import ROOT, find

pytestmark = pytest.mark.timeout(600)

DISTRIBUTIONS = find()

#: Uses both distributions, and finds the plugins of both.
PROGRAM = """
import twisted, twisted.plugins, twisted.internet.defer, twisted.web.server
from twisted.application.reactors import getReactorTypes
from twisted.application.service import IServiceMaker
from twisted.plugin import getPlugins
assert "epoll" in [reactor.shortName for reactor in getReactorTypes()]
assert "web" in [maker.tapname for maker in getPlugins(IServiceMaker)]
print(twisted.__version__)
"""


@pytest.fixture(scope="session")
def artifacts():
    """The wheel and the source distribution of each distribution."""
    into = ROOT / "dist"
    into.mkdir(exist_ok=True)
    for old in into.glob("twisted_*"):
        old.unlink()
    return {folder: build(d, into) for folder, d in DISTRIBUTIONS.items()}


@pytest.fixture
def python(tmp_path):
    """The interpreter of an empty environment."""
    return fresh_environment(tmp_path / "environment")


def run(python, *arguments):
    """Run the interpreter away from the repository; gives its status and what it prints."""
    done = subprocess.run(
        [python, "-I", *arguments], cwd=python.parent, capture_output=True, text=True
    )
    return done.returncode, done.stdout + done.stderr


def works(python):
    """Whether both distributions work together."""
    return run(python, "-c", PROGRAM) == (0, f"{DISTRIBUTIONS['core'].version}\n")


def editable(folder):
    """What installs a distribution from the tree."""
    return ("-e", ROOT / folder)


def test_wheels(artifacts, python):
    """Wheels of both work together; so does the command."""
    install(python, artifacts["core"][0], artifacts["web"][0])
    assert works(python)
    done = subprocess.run([python.parent / "twist", "--help"], capture_output=True, text=True)
    assert "    web " in done.stdout
    assert run(python, "-m", "twisted", "--version") == (0, f"{DISTRIBUTIONS['core'].version}\n")


def test_editable(python):
    """Both work together when both are installed from the tree."""
    install(python, *editable("core"), *editable("web"))
    assert works(python)


def test_core_alone(artifacts, python):
    """Without web there is no `twisted.web`, as there is no other module that is missing."""
    install(python, artifacts["core"][0])
    status, output = run(python, "-c", "import twisted.internet.reactor, twisted.web")
    assert status == 1
    assert output.endswith("ModuleNotFoundError: No module named 'twisted.web'\n")


@pytest.mark.parametrize("tree", ["core", "web"])
def test_mixed(artifacts, python, tree):
    """They work together when one is a wheel and the other installed from the tree."""
    other = "web" if tree == "core" else "core"
    install(python, *editable(tree), artifacts[other][0], links=ROOT / "dist")
    assert works(python)


@pytest.mark.parametrize("folder", list(DISTRIBUTIONS))
@pytest.mark.parametrize("kind", [0, 1], ids=["wheel", "source"])
def test_single(artifacts, tmp_path, folder, kind):
    """Each artifact installs into an empty environment, against the built wheels of others."""
    distribution = DISTRIBUTIONS[folder]
    assert list(packages(distribution))
    check_install(distribution, artifacts[folder][kind], ROOT / "dist", tmp_path / "environment")


def test_metapackage(artifacts, python):
    """The metapackage installs all distributions."""
    install(python, ROOT / "tools/metapackage", links=ROOT / "dist")
    assert works(python)
