"""
Whether links in the documentation lead somewhere, and its Python compiles.

    python -m monorepo.documents
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from monorepo.distributions import ROOT
from monorepo.git import git

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def anchors(text: str) -> set[str]:
    """What headings of a page can be linked to by."""
    return {
        re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-")
        for heading in _HEADING.findall(text)
    }


def check(path: Path) -> Iterator[str]:
    """What is wrong in a page."""
    text = path.read_text()
    for target in _LINK.findall(text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        if not there.exists():
            yield f"the link {target} leads nowhere"
        elif anchor and there.suffix == ".md" and anchor not in anchors(there.read_text()):
            yield f"the link {target} leads to no heading"
    for code in _CODE.findall(text):
        try:
            # Examples of coroutines may leave out what is around them.
            compile(code, str(path), "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        except SyntaxError as error:
            yield f"Python that does not compile: {error}"


def main() -> None:
    """Print what is wrong, and fail if anything is."""
    pages = [ROOT / name for name in git(ROOT, "ls-files", "*.md").splitlines()]
    wrong = [f"{page.relative_to(ROOT)}: {text}" for page in pages for text in check(page)]
    print("\n".join(wrong) or f"{len(pages)} pages are right.")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
