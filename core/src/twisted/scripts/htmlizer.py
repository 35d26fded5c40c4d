"""``pyhtmlizer``: turns a file of Python into a page of HTML beside it."""

from __future__ import annotations

import html
import os
from tokenize import TokenError
from typing import Any, ClassVar

from twisted import copyright
from twisted.python import htmlizer, usage

__all__ = ["Options", "run"]

header = f"""<!DOCTYPE html>
<html lang="en"><head>
<meta charset="utf-8">
<meta name="generator" content="Twisted {copyright.version}">
<title>%(title)s</title>
%(alternate)s%(stylesheet)s</head>
<body>
"""
footer = "</body></html>\n"
styleLink = '<link rel="stylesheet" href="%s" type="text/css">\n'
alternateLink = '<link rel="alternate" href="%(source)s" type="text/x-python">\n'


class Options(usage.Options):
    """The file."""

    synopsis = "Usage: pyhtmlizer [options] source.py"
    optParameters: ClassVar[list[Any]] = [["stylesheet", "s", None, "URL of a style sheet."]]
    compData: Any = usage.Completions(
        extraActions=[usage.CompleteFiles("*.py", descr="source of Python")]
    )

    def parseArgs(self, filename: str) -> None:  # type: ignore[override]
        """The source."""
        self["filename"] = filename


def run() -> None:
    """
    What the command calls.

    @raise SystemExit: with a text if the command line makes no sense, or the file is no good.
    """
    options = Options()
    try:
        options.parseOptions()
    except usage.UsageError as error:
        raise SystemExit(f"{error}\n{options}") from None
    path = options["filename"]
    style = options["stylesheet"]
    name = html.escape(os.path.basename(path))
    head = header % {
        "title": name,
        "alternate": alternateLink % {"source": name},
        "stylesheet": "" if style is None else styleLink % html.escape(style),
    }
    try:
        with open(path, "rb") as source, open(path + ".html", "wb") as page:
            page.write(head.encode())
            htmlizer.filter(source, page, htmlizer.SmallerHTMLWriter)
            page.write(footer.encode())
    except (OSError, SyntaxError, TokenError) as error:
        raise SystemExit(f"{path}: {error}") from None


if __name__ == "__main__":
    run()
