"""
Releasing one distribution.

    python -m monorepo.release web 26.12.0 [--dry-run]

Everything is done in a clone.  Only when all of it has worked do the commit and the tag come into
this repository; a dry run shows them and leaves everything as it is.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from packaging.version import InvalidVersion, Version

from monorepo.artifacts import Wrong, build, check_install, run
from monorepo.distributions import ROOT, Distribution, find
from monorepo.git import git, tags


class Refused(Exception):
    """The release cannot be made; the text says why."""


def checked_version(text: str, distribution: Distribution) -> Version:
    """
    The version that is to be released.

    @raise Refused: if it is none, or not after the last one.
    """
    try:
        version = Version(text)
    except InvalidVersion:
        raise Refused(f"{text!r} is not a version") from None
    released = f"{distribution.folder}-{distribution.version}" in tags(
        distribution.root, distribution.folder + "-"
    )
    if version < distribution.version or (released and version == distribution.version):
        raise Refused(f"{version} is not after {distribution.version}")
    return version


def check_tree(root: Path, tag: str) -> None:
    """
    See whether the repository is in a state to release from.

    @raise Refused: if it is not.
    """
    if git(root, "status", "--porcelain"):
        raise Refused("the tree has changes that are not committed")
    if git(root, "branch", "--show-current") != "main":
        raise Refused("releases are made from the branch main")
    if tag in tags(root, tag):
        raise Refused(f"there is a tag {tag} already")


def check_ranges(
    distribution: Distribution, version: Version, distributions: Mapping[str, Distribution]
) -> None:
    """
    See whether those that need a distribution admit a version of it.

    @raise Refused: if one does not.
    """
    for other in distributions.values():
        requirement = other.requirement_on(distribution)
        if requirement is not None and not requirement.specifier.contains(version, True):
            raise Refused(f"{other.name} requires {requirement}, which does not admit {version}")


def make(distribution: Distribution, version: Version) -> None:
    """
    Bump the version and write the changelog; commit and tag that.

    @raise Refused: if there is no news to tell.
    """
    if not distribution.fragments():
        raise Refused(f"there are no newsfragments in {distribution.folder}/newsfragments")
    distribution.write_version(version)
    run(
        *(sys.executable, "-m", "towncrier", "build", "--yes", "--version", str(version)),
        cwd=distribution.path,
    )
    title = f"Release {distribution.name} {version}"
    git(distribution.root, "add", "--all", distribution.folder)
    git(distribution.root, "commit", "--quiet", "--message", title)
    git(
        *(distribution.root, "tag", "--annotate", "--message", title),
        f"{distribution.folder}-{version}",
    )


def verify(folder: str, root: Path, into: Path) -> list[Path]:
    """
    Build the artifacts of a distribution in a clone, and install them into empty environments.

    @return: the wheel and the source distribution.
    @raise Wrong: if anything about them is.
    """
    distributions = find(root)
    for distribution in distributions.values():
        artifacts = build(distribution, into)
        if distribution.folder == folder:
            made = artifacts
    for number, artifact in enumerate(made):
        with tempfile.TemporaryDirectory() as environment:
            check_install(
                distributions[folder], artifact, into, Path(environment, f"environment{number}")
            )
    return list(made)


def release(root: Path, folder: str, text: str, dry_run: bool) -> None:
    """
    Release a distribution.

    @param folder: which one, such as ``web``.
    @param text: the version.
    @param dry_run: whether everything stays as it is.
    @raise Refused: if it cannot be made.
    @raise Wrong: if its artifacts are not as they should be.
    """
    distributions = find(root)
    if folder not in distributions:
        raise Refused(f"there is no distribution {folder!r}; there are {', '.join(distributions)}")
    version = checked_version(text, distributions[folder])
    tag = f"{folder}-{version}"
    check_tree(root, tag)
    check_ranges(distributions[folder], version, distributions)
    with tempfile.TemporaryDirectory() as directory:
        clone = Path(directory, "clone")
        git(root, "clone", "--quiet", "--branch", "main", str(root), str(clone))
        for name in ("user.name", "user.email"):
            value = git(root, "config", "--default", "", name)
            if not value:
                raise Refused(f"git does not know {name}, which the commit and the tag need")
            git(clone, "config", name, value)
        make(find(clone)[folder], version)
        artifacts = verify(folder, clone, Path(directory, "dist"))
        print(git(clone, "show", "--stat", "--patch", tag))
        if dry_run:
            print(f"\nA dry run: {tag} was not made.")
            return
        git(root, "pull", "--quiet", "--ff-only", "--tags", str(clone), "main")
        target = root / "dist"
        target.mkdir(exist_ok=True)
        for artifact in artifacts:
            (target / artifact.name).write_bytes(artifact.read_bytes())
            print(target / artifact.name)


def main() -> None:
    """Read the command line, and release."""
    parser = argparse.ArgumentParser(prog="release", description="Release one distribution.")
    parser.add_argument("distribution", help="its folder, such as web")
    parser.add_argument("version", help="such as 26.12.0")
    parser.add_argument("--dry-run", action="store_true", help="show all of it, change nothing")
    options = parser.parse_args()
    try:
        release(ROOT, options.distribution, options.version, options.dry_run)
    except (Refused, Wrong) as error:
        sys.exit(f"release: {error}")
    except subprocess.CalledProcessError as error:
        sys.exit(f"release: {error.cmd}: {error.stderr}")


if __name__ == "__main__":
    main()
