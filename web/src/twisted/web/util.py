"""Resources that lead elsewhere, and pages about failures."""

from __future__ import annotations

import linecache
from html import escape
from typing import Any

from twisted.python.failure import Failure
from twisted.web import resource

__all__ = ["DeferredResource", "ParentRedirect", "Redirect", "formatFailure", "redirectTo"]


_ELSEWHERE = """\
<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta http-equiv="refresh" content="0;URL={link}">
    <title>Found</title>
  </head>
  <body>
    <p>This page is <a href="{link}">here</a>.</p>
  </body>
</html>
"""


def redirectTo(URL: bytes, request: Any) -> bytes:
    """
    Answer with 302 and another place.

    @return: a body for people whose client does not follow.
    @raise TypeError: if the URL is text.
    @raise ValueError: if a line break or NUL is in it.
    """
    if not isinstance(URL, bytes):
        raise TypeError(f"a URL is bytes, not {type(URL).__name__}")
    request.setHeader(b"content-type", b"text/html; charset=utf-8")
    request.redirect(URL)
    link = escape(URL.decode("utf-8", "replace"))
    return _ELSEWHERE.format(link=link).encode()


class Redirect(resource.Resource):
    """A resource that is elsewhere."""

    isLeaf = True

    def __init__(self, url: bytes) -> None:
        """
        @param url: where.
        """
        super().__init__()
        self.url = url

    def render(self, request: Any) -> bytes:
        """Send the client there."""
        return redirectTo(self.url, request)

    def getChild(self, name: bytes, request: Any) -> Redirect:
        """This, whatever is below."""
        return self


class ParentRedirect(resource.Resource):
    """A resource that sends clients to the one above it."""

    isLeaf = True

    def render(self, request: Any) -> bytes:
        """Send the client up."""
        # A path that ends without a slash already has its parent as the base of relative links.
        return redirectTo(b"../" if request.prepath[-1:] == [b""] else b"./", request)


class DeferredResource(resource.Resource):
    """A resource that is known later."""

    isLeaf = True

    def __init__(self, d: Any) -> None:
        """
        @param d: a `Deferred` that fires with the resource.
        """
        super().__init__()
        self.d = d

    def getChild(self, name: bytes, request: Any) -> DeferredResource:
        """This, whatever is below."""
        return self

    def render(self, request: Any) -> int:
        """Render the resource when it is known."""
        gone: list[object] = []
        request.notifyFinish().addErrback(gone.append)

        def known(child: Any) -> None:
            if not gone:
                request.render(resource.getChildForRequest(child, request))

        def failed(reason: Failure) -> None:
            if not gone:
                request.processingFailed(reason)

        self.d.addCallback(known).addErrback(failed)
        return 1


_FRAME = """\
<div class="frame">
<div class="location">{file}:{line} in <b>{function}</b></div>
<pre class="source">{source}</pre>
</div>
"""

_FAILURE = """\
<div class="failure">
<h1>{kind}: {value}</h1>
<div class="stack">
{frames}</div>
<h1>{kind}: {value}</h1>
</div>
"""


def _source(path: str, line: int) -> str:
    """The lines around one, with their numbers."""
    around = range(line - 2, line + 3)
    lines = [(number, linecache.getline(path, number)) for number in around if number > 0]
    return "".join(f"{number:5} {escape(text)}" for number, text in lines if text)


def formatFailure(myFailure: Failure) -> bytes:
    """A failure as HTML in ASCII, with the source around each of its frames."""
    frames = "".join(
        _FRAME.format(
            file=escape(path), line=line, function=escape(function), source=_source(path, line)
        )
        for function, path, line, _, _ in myFailure.frames
    )
    kind = myFailure.type
    page = _FAILURE.format(
        kind=escape(f"{kind.__module__}.{kind.__qualname__}" if kind else ""),
        value=escape(myFailure.getErrorMessage()),
        frames=frames,
    )
    return page.encode("ascii", "xmlcharrefreplace")
