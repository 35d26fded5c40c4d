"""Tests of what is checked in the documentation."""

from __future__ import annotations

import pytest

from monorepo.documents import check


@pytest.mark.parametrize(
    "text",
    [
        "[home](https://example.org/nowhere)",
        "[other](other.md)",
        "[part](other.md#a-part-of-it)",
        "# Here\n[here](#here)",
        "```python\nasync def f(): ...\nawait f()\n```",
        "```console\n$ if\n```",
    ],
)
def test_right(tmp_path, text):
    """Links that lead somewhere and code that compiles are right."""
    (tmp_path / "other.md").write_text("## A part, of it\n")
    (tmp_path / "page.md").write_text(text + "\n")
    assert list(check(tmp_path / "page.md")) == []


@pytest.mark.parametrize(
    "text",
    ["[x](missing.md)", "[x](other.md#nothing)", "[x](#nothing)", "```python\nif\n```"],
)
def test_wrong(tmp_path, text):
    """A link that leads nowhere and code that does not compile are found."""
    (tmp_path / "other.md").write_text("## Part\n")
    (tmp_path / "page.md").write_text(text + "\n")
    assert len(list(check(tmp_path / "page.md"))) == 1
