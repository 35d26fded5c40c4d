"""
Whether what changed in a distribution is told to its users.

    python -m monorepo.news [BASE]

With a commit to compare with, each distribution whose source differs from it needs a newsfragment
that differs, too.  Without one, each needs a newsfragment if its source differs from its last
release.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from packaging.version import Version

from monorepo.distributions import ROOT, Distribution, find
from monorepo.git import changed_files, git, tags

KINDS = ("feature", "bugfix", "doc", "deprecation", "removal", "security", "misc")

_NAME = re.compile(rf"[\w.+-]+\.({'|'.join(KINDS)})\.md")


def last_release(distribution: Distribution) -> str | None:
    """The tag of the last release, or None if there was none."""
    prefix = distribution.folder + "-"
    found = tags(distribution.root, prefix)
    return max(found, key=lambda tag: Version(tag.removeprefix(prefix)), default=None)


def missing(distribution: Distribution, base: str | None) -> Iterator[str]:
    """
    What is missing or wrong in the newsfragments of a distribution.

    @param base: the commit to compare with, or None for the last release.
    """
    for fragment in distribution.fragments():
        if _NAME.fullmatch(fragment.name) is None:
            yield f"{fragment.relative_to(distribution.root)}: not NAME.({'|'.join(KINDS)}).md"
        elif not fragment.read_text().strip():
            yield f"{fragment.relative_to(distribution.root)}: it says nothing"
    since = base or last_release(distribution)
    source = f"{distribution.folder}/src/"
    if since is None:
        options = ("--cached", "--others", "--exclude-standard")
        files = git(distribution.root, "ls-files", *options, distribution.folder).splitlines()
    else:
        files = changed_files(distribution.root, since)
    news = f"{distribution.folder}/newsfragments/"
    told = any(
        f.startswith(news) and f.endswith(".md") and Path(distribution.root, f).exists()
        for f in files
    )
    if any(file.startswith(source) for file in files) and not told:
        yield f"{distribution.folder}: it changed, and no newsfragment in {news} tells what"


def main() -> None:
    """Print what is missing, and fail if anything is."""
    base = sys.argv[1] if len(sys.argv) > 1 else None
    wrong = [text for distribution in find(ROOT).values() for text in missing(distribution, base)]
    print("\n".join(wrong) or "All news is told.")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
