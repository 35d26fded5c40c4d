"""Tests of releases, on copies of this repository."""

from __future__ import annotations

import zipfile

import pytest
from packaging.version import Version

from monorepo.artifacts import Wrong, build
from monorepo.distributions import find
from monorepo.git import git
from monorepo.minimums import admitted, wheel
from monorepo.release import Refused, release

pytestmark = pytest.mark.timeout(600)


def state(root):
    """All that a dry run must leave as it is."""
    return git(root, "rev-parse", "HEAD"), git(root, "tag"), git(root, "status", "--porcelain")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("nothing", "26.12.0"), "there is no distribution"),
        (("web", "next"), "is not a version"),
        (("web", "20.1.0"), "is not after"),
        (("core", "27.1.0"), "twisted-names requires twisted-core<27,>=26.11"),
    ],
)
def test_refused(clone, arguments, reason):
    """What cannot be released is refused with a reason, and nothing changes."""
    before = state(clone)
    with pytest.raises(Refused, match=reason):
        release(clone, *arguments, dry_run=False)
    assert state(clone) == before


def test_changes_in_tree(clone):
    """Nothing is released from a tree with changes."""
    (clone / "README.md").write_text("changed\n")
    with pytest.raises(Refused, match="not committed"):
        release(clone, "web", "26.12.0", dry_run=True)


def test_other_branch(clone):
    """Releases are made from main."""
    git(clone, "switch", "--quiet", "--create", "other")
    with pytest.raises(Refused, match="branch main"):
        release(clone, "web", "26.12.0", dry_run=True)


def test_existing_tag(clone):
    """A version is released once."""
    git(clone, "tag", "web-26.12.0")
    with pytest.raises(Refused, match="already"):
        release(clone, "web", "26.12.0", dry_run=True)


def test_unknown_author(clone, monkeypatch):
    """Whoever releases has a name."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    git(clone, "config", "--unset", "user.email")
    with pytest.raises(Refused, match=r"user\.email"):
        release(clone, "web", "26.12.0", dry_run=True)


def test_no_news(clone, commit):
    """There is no release without news."""
    for fragment in find(clone)["web"].fragments():
        fragment.unlink()
    commit(clone)
    with pytest.raises(Refused, match="no newsfragments"):
        release(clone, "web", "26.12.0", dry_run=True)


def test_release(clone, capsys):
    """A dry run shows everything and changes nothing; a release bumps, tells and tags."""
    before = state(clone)
    release(clone, "web", "26.12.0", dry_run=True)
    shown = capsys.readouterr().out
    assert '+__version__ = "26.12.0"' in shown
    assert "+## twisted-web 26.12.0" in shown
    assert state(clone) == before

    release(clone, "web", "26.12.0", dry_run=False)
    web, core = find(clone)["web"], find(clone)["core"]
    assert web.version == Version("26.12.0")
    assert core.version == Version("26.11.0")
    assert web.fragments() == []
    assert core.fragments() != []
    assert "twisted.web.static.File" in (clone / "web/CHANGELOG.md").read_text()
    assert git(clone, "tag", "--points-at", "HEAD") == "web-26.12.0"
    assert git(clone, "log", "-1", "--format=%s") == "Release twisted-web 26.12.0"
    assert git(clone, "diff", "--name-only", "HEAD~1", "--", "core", "tools") == ""
    with zipfile.ZipFile(clone / "dist/twisted_web-26.12.0-py3-none-any.whl") as archive:
        assert "twisted/web/server.py" in archive.namelist()
        assert "twisted/__init__.py" not in archive.namelist()


def test_wrong_content(clone, tmp_path, commit):
    """A wheel that holds what does not belong to it is not released."""
    (clone / "web/src/twisted/__init__.py").write_text("")
    commit(clone)
    with pytest.raises(Wrong, match="belongs to core"):
        build(find(clone)["web"], tmp_path / "dist")


def test_minimums(clone, tmp_path, commit):
    """Of the released versions and the tree's, the oldest and newest that are admitted count."""
    found = find(clone)
    assert admitted(found["web"], found["core"]) == [Version("26.11.0")]
    for tag in ("core-26.10.0", "core-26.11.0", "core-27.0.0"):
        git(clone, "tag", tag)
    found["core"].write_version(Version("26.12.0"))
    commit(clone)
    versions = admitted(found["web"], found["core"])
    assert versions == [Version("26.11.0"), Version("26.12.0")]
    for version in versions:
        into = tmp_path / str(version)
        into.mkdir()
        assert wheel(found["core"], version, into).name.startswith(f"twisted_core-{version}-")
    with pytest.raises(ValueError, match="does not require"):
        admitted(found["core"], found["web"])
