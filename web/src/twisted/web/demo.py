"""What a server shows that was told nothing else."""

from __future__ import annotations

from typing import Any

from twisted.web import static
from twisted.web._look import FOOT, HEAD, confine

__all__ = ["Test"]

_PAGE = (
    HEAD.replace("TITLE", "It works")
    + """\
<h1>It works</h1>
<p>This page comes from <code>twisted.web</code>. To serve a folder of yours, run</p>
<p><code>twist web --path DIR --listen tcp:8080</code></p>
"""
    + FOOT
).encode()


class Test(static.Data):
    """A page that says that the server works, and what to do next."""

    isLeaf = True

    def __init__(self) -> None:
        static.Data.__init__(self, _PAGE, "text/html; charset=utf-8")

    def render_GET(self, request: Any) -> bytes:
        """The page."""
        confine(request)
        return static.Data.render_GET(self, request)

    render_HEAD = render_GET
