"""The distributions of the repository, as their ``pyproject.toml`` describe them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]

_VERSION = re.compile(r'^__version__ = "([^"]+)"$', re.MULTILINE)


@dataclass(frozen=True)
class Distribution:
    """
    One distribution.

    @ivar folder: where it is, such as ``web``, by which it is also called.
    @ivar name: such as ``twisted-web``.
    @ivar requires: what it needs.
    @ivar extras: what each of its extras needs, too.
    @ivar version_file: the file that holds its version.
    """

    root: Path
    folder: str
    name: str
    requires: tuple[Requirement, ...]
    extras: Mapping[str, tuple[Requirement, ...]]
    version_file: Path

    @property
    def path(self) -> Path:
        """Its folder."""
        return self.root / self.folder

    @property
    def source(self) -> Path:
        """The folder that holds the import package."""
        return self.path / "src"

    @property
    def version(self) -> Version:
        """Its version."""
        found = _VERSION.search(self.version_file.read_text())
        if found is None:
            raise ValueError(f"no version in {self.version_file}")
        return Version(found[1])

    def write_version(self, version: Version) -> None:
        """Give it another version."""
        text = self.version_file.read_text()
        self.version_file.write_text(_VERSION.sub(f'__version__ = "{version}"', text))

    def fragments(self) -> list[Path]:
        """Its newsfragments."""
        return sorted((self.path / "newsfragments").glob("*.md"))

    def requirement_on(self, other: Distribution) -> Requirement | None:
        """What it needs of another distribution without extras, or None."""
        return next((r for r in self.requires if r.name == other.name), None)


def find(root: Path = ROOT) -> dict[str, Distribution]:
    """All distributions by their folders; what others need comes before them."""
    found = {}
    for project_file in sorted(root.glob("*/pyproject.toml")):
        found[project_file.parent.name] = _read(root, project_file)
    names = {distribution.name for distribution in found.values()}
    order = sorted(
        found.values(), key=lambda d: (sum(r.name in names for r in d.requires), d.folder)
    )
    return {distribution.folder: distribution for distribution in order}


def _read(root: Path, project_file: Path) -> Distribution:
    """The distribution of a ``pyproject.toml``."""
    content = tomllib.loads(project_file.read_text())
    project = content["project"]
    return Distribution(
        root=root,
        folder=project_file.parent.name,
        name=project["name"],
        requires=_requirements(project.get("dependencies", ())),
        extras={
            extra: _requirements(texts)
            for extra, texts in project.get("optional-dependencies", {}).items()
        },
        version_file=project_file.parent / content["tool"]["hatch"]["version"]["path"],
    )


def _requirements(texts: Iterable[str]) -> tuple[Requirement, ...]:
    return tuple(Requirement(text) for text in texts)


def siblings(
    distribution: Distribution, found: Mapping[str, Distribution], extra: str | None = None
) -> list[Distribution]:
    """The other distributions that one needs, with an extra or without, at any remove."""
    names = {requirement.name for requirement in _needed(distribution, extra)}
    needed: dict[str, Distribution] = {}
    for other in found.values():
        if other.name in names and other is not distribution:
            needed.update({d.folder: d for d in [*siblings(other, found), other]})
    return list(needed.values())


def _needed(distribution: Distribution, extra: str | None) -> Iterator[Requirement]:
    """What a distribution requires; extras may name others of the same one."""
    yield from distribution.requires
    waiting = [] if extra is None else [extra]
    seen = set(waiting)
    while waiting:
        for requirement in distribution.extras.get(waiting.pop(), ()):
            yield requirement
            if requirement.name == distribution.name:
                waiting += requirement.extras - seen
                seen |= requirement.extras


def dependents(distribution: Distribution, found: Mapping[str, Distribution]) -> list[Distribution]:
    """The distributions that need one, if only for their tests, at any remove."""
    return [other for other in found.values() if distribution in siblings(other, found, "test")]
