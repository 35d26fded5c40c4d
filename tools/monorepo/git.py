"""What git says."""

from __future__ import annotations

import subprocess
from pathlib import Path


def git(root: Path, *arguments: str) -> str:
    """
    Run git in a repository.

    @return: what it prints, without the line's end.
    @raise subprocess.CalledProcessError: if it fails.
    """
    done = subprocess.run(
        ["git", "-C", str(root), *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout.rstrip("\n")


def changed_files(root: Path, base: str) -> list[str]:
    """The files that differ from a commit, those that git does not know yet included."""
    known = git(root, "diff", "--name-only", base).splitlines()
    return known + git(root, "ls-files", "--others", "--exclude-standard").splitlines()


def default_base(root: Path) -> str:
    """What a change is compared with: the published main branch, or else the last commit."""
    remote = git(root, "branch", "--remotes", "--list", "origin/main")
    return git(root, "merge-base", "HEAD", "origin/main") if remote else "HEAD"


def tags(root: Path, prefix: str) -> list[str]:
    """The tags that begin with something."""
    return git(root, "tag", "--list", prefix + "*").splitlines()
