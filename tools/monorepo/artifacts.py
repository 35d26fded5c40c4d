"""Wheels and source distributions: building them, and seeing that they are right."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Iterable
from pathlib import Path

from monorepo.distributions import Distribution


class Wrong(Exception):
    """An artifact is not as it should be."""


def run(*command: str | Path, cwd: Path | None = None) -> None:
    """
    Run a command.

    @raise Wrong: if it fails.
    """
    done = subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        raise Wrong(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")


def build(distribution: Distribution, into: Path) -> tuple[Path, Path]:
    """
    Build the wheel and the source distribution.

    @return: their paths.
    @raise Wrong: if they cannot be built, or are not as they should be.
    """
    run(sys.executable, "-m", "build", "--outdir", into, distribution.path)
    stem = f"{distribution.name.replace('-', '_')}-{distribution.version}"
    wheel, source = into / f"{stem}-py3-none-any.whl", into / f"{stem}.tar.gz"
    run(sys.executable, "-m", "twine", "check", "--strict", wheel, source)
    _check_wheel(distribution, wheel)
    with tarfile.open(source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for needed in ("README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml"):
        if needed not in names:
            raise Wrong(f"{source.name} lacks {needed}")
    return wheel, source


def _check_wheel(distribution: Distribution, wheel: Path) -> None:
    """
    See what is in a wheel.

    @raise Wrong: if files are missing, or belong to another distribution.
    """
    with zipfile.ZipFile(wheel) as archive:
        inside = {name for name in archive.namelist() if ".dist-info/" not in name}
    tracked = subprocess.run(
        ["git", "-C", str(distribution.source), "ls-files"],
        check=True,
        capture_output=True,
        text=True,
    )
    expected = set(tracked.stdout.split())
    if inside != expected:
        raise Wrong(f"{wheel.name}: missing or not expected: {sorted(inside ^ expected)}")
    if distribution.folder != "core" and "twisted/__init__.py" in inside:
        raise Wrong(f"{wheel.name}: twisted/__init__.py belongs to core")


def fresh_environment(path: Path) -> Path:
    """Make an empty virtual environment; gives its interpreter."""
    venv.create(path, with_pip=True, symlinks=True)
    return path / "bin" / "python"


def install(python: Path, *what: str | Path, links: Path | None = None) -> None:
    """
    Install into an environment.

    @param links: a folder of wheels that are preferred to what the index has.
    @raise Wrong: if it fails.
    """
    options = ["--quiet", "--disable-pip-version-check"]
    if links is not None:
        options += ["--find-links", str(links)]
    run(python, "-m", "pip", "install", *options, *what)


def check_install(distribution: Distribution, artifact: Path, links: Path, into: Path) -> None:
    """
    Install an artifact into an empty environment, and import all its packages.

    @param links: a folder with the wheels of its siblings.
    @param into: where the environment is made.
    @raise Wrong: if it cannot be installed or imported.
    """
    python = fresh_environment(into)
    install(python, artifact, links=links)
    run(python, "-m", "pip", "check")
    for package in packages(distribution):
        run(python, "-I", "-c", f"import {package}")


def packages(distribution: Distribution) -> Iterable[str]:
    """The packages right below ``twisted`` that a distribution owns."""
    found = (distribution.source / "twisted").glob("*/__init__.py")
    return sorted(f"twisted.{path.parent.name}" for path in found)
