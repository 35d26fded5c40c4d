"""What a server shows that was told nothing else."""

from __future__ import annotations

from twisted.web import static
from twisted.web._look import FOOT, HEAD

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
