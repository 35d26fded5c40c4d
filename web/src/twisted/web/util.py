"""Resources that lead elsewhere, and pages about failures."""

from __future__ import annotations

import linecache
import re
from html import escape
from typing import Any

from twisted.python.failure import Failure
from twisted.python.reflect import fullyQualifiedName
from twisted.web import resource
from twisted.web._element import Element, renderer
from twisted.web._flatten import flattenString
from twisted.web._loaders import TagLoader, XMLString
from twisted.web._look import POLICY

__all__ = [
    "DeferredResource",
    "FailureElement",
    "ParentRedirect",
    "Redirect",
    "formatFailure",
    "redirectTo",
]


_ELSEWHERE = (
    """\
<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    POLICY
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    {refresh}<title>Found</title>
  </head>
  <body>
    <p>This page is {here}.</p>
  </body>
</html>
"""
).replace("POLICY", POLICY)

#: A scheme, once what browsers pass over is gone.
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")
_PASSED_OVER = re.compile(r"[\x00-\x20]+")


def redirectTo(URL: bytes, request: Any) -> bytes:
    """
    Answer with 302 and another place.

    @return: a body for people whose client does not follow; there is a link in it to URLs of HTTP,
        HTTPS and of no scheme.
    @raise TypeError: if the URL is text.
    @raise ValueError: if a line break or NUL is in it.
    """
    if not isinstance(URL, bytes):
        raise TypeError(f"a URL is bytes, not {type(URL).__name__}")
    request.setHeader(b"content-type", b"text/html; charset=utf-8")
    request.redirect(URL)
    url = URL.decode("utf-8", "replace")
    scheme = _SCHEME.match(_PASSED_OVER.sub("", url))
    if scheme is not None and scheme[1].lower() not in ("http", "https"):
        # Some, such as javascript, would run in the name of this site.
        return _ELSEWHERE.format(refresh="", here="elsewhere").encode()
    link = escape(url)
    refresh = f'<meta http-equiv="refresh" content="0;URL={link}">\n    '
    return _ELSEWHERE.format(refresh=refresh, here=f'<a href="{link}">here</a>').encode()


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


class _SourceLineElement(Element):
    """
    A line of source.

    @ivar number: which.
    @ivar source: its text.
    """

    def __init__(self, loader: Any, number: int, source: str) -> None:
        Element.__init__(self, loader)
        self.number = number
        self.source = source

    @renderer
    def sourceLine(self, request: Any, tag: Any) -> Any:
        """The text, with blanks that stay."""
        return tag(self.source.replace("  ", " \N{NO-BREAK SPACE}"))

    @renderer
    def lineNumber(self, request: Any, tag: Any) -> Any:
        """The number."""
        return tag(str(self.number))


class _SourceFragmentElement(Element):
    """
    The lines of source around one.

    @ivar frame: a frame of a failure.
    """

    def __init__(self, loader: Any, frame: Any) -> None:
        Element.__init__(self, loader)
        self.frame = frame

    @renderer
    def sourceLines(self, request: Any, tag: Any) -> Any:
        """The tag for each line; that of the frame is another class."""
        _, path, middle = self.frame[:3]
        for number in range(max(1, middle - 1), middle + 2):
            kind = "snippetHighlightLine" if number == middle else "snippetLine"
            source = linecache.getline(path, number).rstrip()
            yield _SourceLineElement(TagLoader(tag.clone()(class_=kind)), number, source)


class _FrameElement(Element):
    """
    A frame of a failure.

    @ivar frame: the frame.
    """

    def __init__(self, loader: Any, frame: Any) -> None:
        Element.__init__(self, loader)
        self.frame = frame

    @renderer
    def filename(self, request: Any, tag: Any) -> Any:
        """The file."""
        return tag(self.frame[1])

    @renderer
    def lineNumber(self, request: Any, tag: Any) -> Any:
        """The line."""
        return tag(str(self.frame[2]))

    @renderer
    def function(self, request: Any, tag: Any) -> Any:
        """The function."""
        return tag(self.frame[0])

    @renderer
    def source(self, request: Any, tag: Any) -> Any:
        """The source around the line."""
        return _SourceFragmentElement(TagLoader(tag), self.frame)


class _StackElement(Element):
    """
    Frames of a failure.

    @ivar stackFrames: the frames.
    """

    def __init__(self, loader: Any, stackFrames: Any) -> None:
        Element.__init__(self, loader)
        self.stackFrames = stackFrames

    @renderer
    def frames(self, request: Any, tag: Any) -> Any:
        """The tag for each frame."""
        return [_FrameElement(TagLoader(tag.clone()), frame) for frame in self.stackFrames]


_FAILURE = """\
<div class="failure" xmlns:t="http://twistedmatrix.com/ns/twisted.web.template/0.1">
  <style>
    .failure {font: 1rem/1.4 system-ui, sans-serif; overflow-wrap: anywhere}
    .failure .frame {margin: 1rem 0}
    .failure .source {font-family: monospace; white-space: pre-wrap}
    .failure .snippetHighlightLine {background: #f443}
    .failure .number {opacity: .75}
  </style>
  <h1><t:transparent t:render="type"/>: <t:transparent t:render="value"/></h1>
  <div class="stack" t:render="traceback">
    <div class="frame" t:render="frames">
      <div class="location">
        <span t:render="filename"/>:<span t:render="lineNumber"/> in <b t:render="function"/>
      </div>
      <div class="source" t:render="source">
        <div t:render="sourceLines">
          <span class="number" t:render="lineNumber"/> <code t:render="sourceLine"/>
        </div>
      </div>
    </div>
  </div>
  <p><t:transparent t:render="type"/>: <t:transparent t:render="value"/></p>
</div>
"""


class FailureElement(Element):
    """
    A failure, with the source around each of its frames.

    @ivar failure: the failure.
    """

    loader = XMLString(_FAILURE)

    def __init__(self, failure: Failure, loader: Any = None) -> None:
        Element.__init__(self, loader)
        self.failure = failure

    @renderer
    def type(self, request: Any, tag: Any) -> Any:
        """The name of the exception's class."""
        return tag(fullyQualifiedName(self.failure.type))

    @renderer
    def value(self, request: Any, tag: Any) -> Any:
        """What the exception says."""
        return tag(str(self.failure.value))

    @renderer
    def traceback(self, request: Any, tag: Any) -> Any:
        """The frames."""
        return _StackElement(TagLoader(tag), self.failure.frames)


def formatFailure(myFailure: Failure) -> bytes:
    """
    A failure as HTML in ASCII, with the source around each of its frames.

    @raise FlattenerError: if it is no failure.
    """
    pages: list[Any] = []
    flattenString(None, FailureElement(myFailure)).addBoth(pages.append)
    # Nothing in it has to be waited for.
    (page,) = pages
    if isinstance(page, Failure):
        page.raiseException()
    return bytes(page).decode().encode("ascii", "xmlcharrefreplace")
