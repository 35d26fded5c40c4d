"""What the tests of the tools share: repositories to try them on."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from monorepo.distributions import ROOT
from monorepo.git import git

PROJECT = """\
[project]
name = "twisted-{folder}"
dependencies = [{dependencies}]

[project.optional-dependencies]
{extras}

[tool.hatch.version]
path = "src/twisted/{package}/_version.py"
"""


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Path]:
    """Make a distribution in an otherwise empty repository; gives the top of that."""

    def made(folder: str, files: dict[str, str], dependencies: str = "", extras: str = "") -> Path:
        package = "internet" if folder == "core" else folder
        text = PROJECT.format(
            folder=folder, dependencies=dependencies, extras=extras, package=package
        )
        path = tmp_path / folder
        path.mkdir()
        (path / "pyproject.toml").write_text(text)
        version = f"src/twisted/{package}/_version.py"
        for name, content in {version: '__version__ = "26.11.0"\n', **files}.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_text(content)
        return tmp_path

    return made


def save(root: Path) -> None:
    """Commit everything."""
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", "--message", "A change")


def begin(root: Path) -> None:
    """Make a folder a repository with one commit."""
    git(root, "init", "--quiet", "--initial-branch", "main")
    git(root, "config", "user.name", "A. Tester")
    git(root, "config", "user.email", "tester@example.org")
    save(root)


@pytest.fixture
def commit() -> Callable[[Path], None]:
    """Commit everything in a repository."""
    return save


@pytest.fixture
def as_repository() -> Callable[[Path], None]:
    """Make a folder a repository with one commit."""
    return begin


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A copy of this repository as it is in the tree, committed."""
    target = tmp_path / "clone"
    files = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    for name in filter(None, files):
        if (ROOT / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes((ROOT / name).read_bytes())
    begin(target)
    return target
