"""Tests of what a change touches, and of the news that it needs."""

from __future__ import annotations

import pytest

from monorepo.changed import touched
from monorepo.distributions import dependents, find, siblings
from monorepo.git import changed_files, git
from monorepo.news import last_release, missing


@pytest.fixture
def root(make, as_repository):
    """A repository of three distributions: mail needs names, and both need core."""
    make("core", {"src/twisted/__init__.py": ""})
    make("names", {"src/twisted/names/dns.py": ""}, '"twisted-core>=26.11,<27"')
    path = make(
        "mail",
        {"src/twisted/mail/smtp.py": ""},
        '"twisted-core>=26.11,<27", "twisted-names>=26.11,<27"',
    )
    as_repository(path)
    return path


def folders(distributions):
    """The folders of distributions."""
    return [distribution.folder for distribution in distributions]


def test_graph(root):
    """Who needs whom is known at any remove, and what is needed comes first."""
    found = find(root)
    assert list(found) == ["core", "names", "mail"]
    assert folders(siblings(found["mail"], found)) == ["core", "names"]
    assert folders(dependents(found["core"], found)) == ["names", "mail"]
    assert dependents(found["mail"], found) == []


def test_extras(make):
    """What a distribution is tested with comes of its extras, which may name others of them."""
    make("core", {"src/twisted/__init__.py": ""})
    make("pb", {"src/twisted/spread/pb.py": ""}, '"twisted-core>=26.11,<27"')
    path = make(
        "web",
        {"src/twisted/web/http.py": ""},
        '"twisted-core>=26.11,<27"',
        'distrib = ["twisted-pb>=26.11,<27"]\ntest = ["twisted-web[distrib]"]',
    )
    found = find(path)
    assert folders(siblings(found["web"], found)) == ["core"]
    assert folders(siblings(found["web"], found, "test")) == ["core", "pb"]
    assert folders(dependents(found["pb"], found)) == ["web"]


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("core/src/twisted/__init__.py", ["core", "names", "mail"]),
        ("names/tests/test_dns.py", ["names", "mail"]),
        ("mail/README.md", ["mail"]),
        ("docs/index.md", []),
        ("noxfile.py", ["core", "names", "mail"]),
        ("tools/monorepo/laws.py", ["core", "names", "mail"]),
        ("tools/benchmarks/run.py", []),
    ],
)
def test_touched(root, file, expected):
    """A change touches the distributions that it is in, and those that depend on them."""
    assert folders(touched([file], find(root))) == expected


def test_changed_files(root):
    """Files that were changed and files that are new differ from a commit."""
    (root / "names/src/twisted/names/dns.py").write_text("1\n")
    (root / "names/new.txt").write_text("new\n")
    assert changed_files(root, "HEAD") == ["names/src/twisted/names/dns.py", "names/new.txt"]


def tell(root, folder, name="x.feature.md", text="News.\n"):
    """Write a newsfragment."""
    path = root / folder / "newsfragments" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def test_news_of_change(root, commit):
    """A change of the source needs a newsfragment that is new, in that distribution."""
    names = find(root)["names"]
    tell(root, "names", "old.feature.md")
    commit(root)
    assert list(missing(names, "HEAD")) == []
    (root / "names/src/twisted/names/dns.py").write_text("1\n")
    tell(root, "mail")
    assert [text.partition(":")[0] for text in missing(names, "HEAD")] == ["names"]
    tell(root, "names")
    assert list(missing(names, "HEAD")) == []


def test_news_since_release(root):
    """Without a commit to compare with, what changed since the last release needs news."""
    names = find(root)["names"]
    assert last_release(names) is None
    assert len(list(missing(names, None))) == 1
    for version in ("26.9.0", "26.11.0"):
        git(root, "tag", f"names-{version}")
    assert last_release(names) == "names-26.11.0"
    assert list(missing(names, None)) == []
    (root / "names/src/twisted/names/dns.py").write_text("1\n")
    assert len(list(missing(names, None))) == 1


@pytest.mark.parametrize(
    ("name", "text"), [("x.idea.md", "News."), ("x.md", "News."), ("x.bugfix.md", " \n")]
)
def test_bad_fragment(root, name, text):
    """A newsfragment has a kind and a text."""
    tell(root, "mail", name, text)
    tell(root, "mail", "good.misc.md")
    (wrong,) = missing(find(root)["mail"], None)
    assert wrong.startswith(f"mail/newsfragments/{name}: ")
