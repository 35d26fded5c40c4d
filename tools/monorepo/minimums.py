"""
The versions of core that a distribution is to be tested with: the oldest and the newest one that
it admits, of those that were released and the one in the tree.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
from pathlib import Path

from packaging.version import Version

from monorepo.artifacts import run
from monorepo.distributions import Distribution
from monorepo.git import tags


def admitted(distribution: Distribution, needed: Distribution) -> list[Version]:
    """
    The oldest and the newest version of a sibling that a distribution admits.

    @return: two versions, or one if they are the same.
    @raise ValueError: if there is none.
    """
    requirement = distribution.requirement_on(needed)
    if requirement is None:
        raise ValueError(f"{distribution.name} does not require {needed.name}")
    prefix = needed.folder + "-"
    versions = {Version(tag.removeprefix(prefix)) for tag in tags(needed.root, prefix)}
    versions.add(needed.version)
    fitting = sorted(v for v in versions if requirement.specifier.contains(v, True))
    if not fitting:
        raise ValueError(f"{distribution.name} requires {requirement}, and there is no such one")
    return list(dict.fromkeys([fitting[0], fitting[-1]]))


def wheel(needed: Distribution, version: Version, into: Path) -> Path:
    """
    Build the wheel of a version: of its tag if it was released, else of the tree.

    @param into: an empty folder.
    @return: the wheel.
    """
    source = needed.path
    tag = f"{needed.folder}-{version}"
    if tag in tags(needed.root, tag):
        archive = subprocess.run(
            ["git", "-C", str(needed.root), "archive", tag, needed.folder],
            check=True,
            capture_output=True,
        )
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as content:
            content.extractall(into / "source", filter="data")
        source = into / "source" / needed.folder
    run(
        *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"),
        *("--wheel-dir", into, source),
    )
    return next(into.glob("*.whl"))
