"""Tests of what importing does, in fresh processes."""

from __future__ import annotations

import subprocess
import sys

import pytest

WALK = """
import importlib, pkgutil, sys, warnings
import {package} as package
warnings.simplefilter("ignore", DeprecationWarning)
for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    if found.name in ("twisted.internet.reactor", "twisted.__main__"):
        continue
    try:
        importlib.import_module(found.name)
    except ImportError as e:
        # Nobody has every toolkit.
        if e.name not in ("gi", "wx", "PySide6", "serial", "_tkinter", "tkinter"):
            raise
    assert "twisted.internet.reactor" not in sys.modules, found.name
"""

LACKS = """
import sys
import {module}
present = [name for name in {names!r} if name in sys.modules]
assert not present, present
"""


def run(program):
    """Run a program in a fresh interpreter; gives what it says is wrong."""
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True)
    return done.stderr


def test_no_reactor():
    """Importing any module installs no reactor."""
    assert run(WALK.format(package="twisted")) == ""


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("twisted.internet.defer", ["asyncio", "ssl", "unittest", "inspect", "logging"]),
        ("twisted.internet.reactor", ["asyncio", "ssl", "unittest", "email", "twisted.web"]),
        ("twisted.scripts.trial", ["doctest", "xml.etree", "asyncio", "twisted.internet.reactor"]),
        ("twisted.scripts.twistd", ["pdb", "asyncio", "ssl", "unittest"]),
        ("twisted.application.twist", ["asyncio", "ssl", "unittest", "twisted.internet.tcp"]),
    ],
)
def test_lean(module, names):
    """What is not needed is not imported."""
    assert run(LACKS.format(module=module, names=names)) == ""
