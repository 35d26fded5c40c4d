"""
Pages made of templates.

A template is a document, as XML (`XMLString`, `XMLFile`) or as Python (`tags`); an `Element` is a
template and the methods that it names::

    class Greeting(Element):
        loader = TagLoader(tags.p("Hello, ", tags.b(render="name"), "!"))

        @renderer
        def name(self, request, tag):
            return tag(request.args[b"name"][0])

    class Page(Resource):
        def render_GET(self, request):
            return renderElement(request, Greeting())

All text is escaped as the place where it stands demands. Deferreds and coroutines may stand
wherever their results may.
"""

from __future__ import annotations

from typing import Any

from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web._element import Element, renderer
from twisted.web._flatten import Flattenable, flatten, flattenString
from twisted.web._loaders import TEMPLATE_NAMESPACE, TagLoader, XMLFile, XMLString
from twisted.web._stan import CDATA, CharRef, Comment, Tag, slot
from twisted.web.server import NOT_DONE_YET

__all__ = [
    "CDATA",
    "TEMPLATE_NAMESPACE",
    "VALID_HTML_TAG_NAMES",
    "CharRef",
    "Comment",
    "Element",
    "Flattenable",
    "Tag",
    "TagLoader",
    "XMLFile",
    "XMLString",
    "flatten",
    "flattenString",
    "renderElement",
    "renderer",
    "slot",
    "tags",
]

_log = Logger()

#: The names of elements that HTML has or had; not ``xmp``, in which nothing can be escaped.
_NAMES = (
    "a abbr acronym address applet area article aside audio b base basefont bdi bdo big"
    " blockquote body br button canvas caption center cite code col colgroup command data"
    " datalist dd del details dfn dialog dir div dl dt em embed fieldset figcaption figure"
    " font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe"
    " img input ins isindex kbd keygen label legend li link main map mark menu meta meter nav"
    " noframes noscript object ol optgroup option output p param picture pre progress q rp rt"
    " ruby s samp script search section select slot small source span strike strong style sub"
    " summary sup table tbody td template textarea tfoot th thead time title tr track tt u ul"
    " var video wbr"
)
VALID_HTML_TAG_NAMES = frozenset(_NAMES.split(" "))


class _TagFactory:
    """
    Makes tags: ``tags.p`` is a new one, and ``tags.transparent`` one that is only its content.

    An underscore behind a name that Python keeps for itself is left away, as in ``tags.del_``.
    """

    def __getattr__(self, tagName: str) -> Tag:
        if tagName == "transparent":
            return Tag("")
        name = tagName.rstrip("_")
        if name not in VALID_HTML_TAG_NAMES:
            raise AttributeError(f"unknown tag {name!r}")
        return Tag(name)


tags = _TagFactory()

_SORRY = "font-size:800%;background-color:#FFF;color:#F00"


def renderElement(
    request: Any,
    element: Any,
    doctype: bytes | None = b"<!DOCTYPE html>",
    _failElement: Any = None,
) -> int:
    """
    Answer a request with an element; for ``return renderElement(request, ...)`` in a resource.

    What goes wrong is logged. The client gets a word of it, and where the site says so, details.

    @param doctype: what the page begins with; None for nothing.
    @return: `twisted.web.server.NOT_DONE_YET`.
    """
    if doctype is not None:
        request.write(doctype)
        request.write(b"\n")
    gone: list[object] = []
    request.notifyFinish().addErrback(gone.append)
    rendering = flatten(request, element, request.write)

    def failed(failure: Failure) -> Any:
        if gone:
            return None
        _log.failure("An error occurred while rendering the response.", failure=failure)
        site = getattr(request, "site", None)
        if site is not None and site.displayTracebacks:
            # Pages about failures are made of templates.
            from twisted.web.util import FailureElement

            page = (_failElement or FailureElement)(failure)
        else:
            page = tags.div("An error occurred while rendering the response.", style=_SORRY)
        return flatten(request, page, request.write)

    def failedAgain(failure: Failure) -> None:
        if not gone:
            _log.failure("The page about an error could not be rendered.", failure=failure)

    def finish(_: object) -> None:
        if not gone:
            request.finish()

    rendering.addErrback(failed).addErrback(failedAgain).addCallback(finish)
    return NOT_DONE_YET
