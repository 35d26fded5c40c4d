"""What a server shows that was told nothing else."""

from __future__ import annotations

from twisted.web import static

__all__ = ["Test"]

_PAGE = b"""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>It works</title>
<style>
:root { color-scheme: light dark }
body { font: 1.1rem/1.6 system-ui, sans-serif; margin: 4rem auto; max-width: 38rem }
code { background: #8883; border-radius: .25rem; padding: .1rem .3rem }
</style>
</head>
<body>
<h1>It works</h1>
<p>This page comes from <code>twisted.web</code>. To serve a folder of yours, run</p>
<p><code>twist web --path DIR --listen tcp:8080</code></p>
</body>
</html>
"""


class Test(static.Data):
    """A page that says that the server works, and what to do next."""

    isLeaf = True

    def __init__(self) -> None:
        static.Data.__init__(self, _PAGE, "text/html; charset=utf-8")
