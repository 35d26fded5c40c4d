"""
Trees of resources.

A request walks from the root, segment by segment of its path, and the resource at the end renders.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from incremental import Version
from zope.interface import Attribute, Interface, implementer

from twisted.python.components import proxyForInterface
from twisted.python.deprecate import deprecatedModuleAttribute
from twisted.python.reflect import prefixedMethodNames
from twisted.web._look import FOOT, HEAD
from twisted.web._responses import FORBIDDEN, NOT_FOUND, RESPONSES
from twisted.web.error import UnsupportedMethod

__all__ = [
    "EncodingResourceWrapper",
    "ErrorPage",
    "ForbiddenResource",
    "IResource",
    "NoResource",
    "Resource",
    "getChildForRequest",
]

#: What answers the common methods; names that stand in the program are found faster than made ones.
_RENDERERS = {
    b"GET": "render_GET",
    b"HEAD": "render_HEAD",
    b"POST": "render_POST",
    b"PUT": "render_PUT",
    b"DELETE": "render_DELETE",
}


class IResource(Interface):
    """
    Something that has a URL.
    """

    isLeaf: bool | int = Attribute("Whether the walk ends here, whatever is left of the path.")

    def getChildWithDefault(name: bytes, request: Any) -> IResource:
        """The child of a name; for unknown names, one that says that there is none."""

    def putChild(path: bytes, child: IResource) -> None:
        """Put a child under a name."""

    def render(request: Any) -> bytes | int:
        """
        The body of the answer, a Deferred or a coroutine that gives it, or
        `twisted.web.server.NOT_DONE_YET` if it is written later.
        """


class _IEncodingResource(Interface):
    """A resource whose answers are encoded."""

    def getEncoder(request: Any) -> Any:
        """An encoder for an answer, or None."""


def getChildForRequest(resource: Any, request: Any) -> Any:
    """The resource that a request leads to from this one."""
    while request.postpath and not resource.isLeaf:
        segment = request.postpath.pop(0)
        request.prepath.append(segment)
        resource = resource.getChildWithDefault(segment, request)
    return resource


@implementer(IResource)
class Resource:
    """
    A node of the tree.

    Give it children by `putChild`, or by overriding `getChild`; give it answers by methods such as
    ``render_GET(request)``.

    @cvar isLeaf: whether the walk ends here, whatever is left of the path.
    @cvar streamsBody: whether this renders before the body of a request is there, if the site looks
        resources up so early: see `twisted.web.server.Site`.
    """

    entityType = IResource
    server: Any = None
    isLeaf: bool | int = 0
    streamsBody = False

    def __init__(self) -> None:
        self.children: dict[bytes, Any] = {}

    # Children

    def listStaticNames(self) -> list[bytes]:
        """The names of children that were put."""
        return list(self.children)

    def listStaticEntities(self) -> list[tuple[bytes, Any]]:
        """The names of children that were put, and the children."""
        return list(self.children.items())

    def listNames(self) -> list[bytes]:
        """The names of all children that can be listed."""
        return self.listStaticNames() + self.listDynamicNames()

    def listEntities(self) -> list[tuple[bytes, Any]]:
        """The names of all children that can be listed, and the children."""
        return self.listStaticEntities() + self.listDynamicEntities()

    def listDynamicNames(self) -> list[bytes]:
        """The names of children that are made when they are asked for."""
        return []

    def listDynamicEntities(self, request: Any = None) -> list[tuple[bytes, Any]]:
        """The names of children that are made when they are asked for, and the children."""
        return []

    def getStaticEntity(self, name: bytes) -> Any:
        """The child that was put under a name, or None."""
        return self.children.get(name)

    def getDynamicEntity(self, name: bytes, request: Any) -> Any:
        """The child of a name that was not put, or None."""
        return None if name in self.children else self.getChild(name, request)

    def delEntity(self, name: bytes) -> None:
        """
        Remove a child.

        @raise KeyError: if there is none.
        """
        del self.children[name]

    def reallyPutEntity(self, name: bytes, entity: Any) -> None:
        """Put a child under a name."""
        self.children[name] = entity

    def getChild(self, path: bytes, request: Any) -> Any:
        """
        The child of a name under which none was put; override this for dynamic children.

        @param path: the segment, without percent signs.
        """
        return _UnsafeNoResource()

    def getChildWithDefault(self, path: bytes, request: Any) -> Any:
        """The child that was put under a name, or else what `getChild` gives."""
        child = self.children.get(path)
        return self.getChild(path, request) if child is None else child

    def getChildForRequest(self, request: Any) -> Any:
        """The resource that a request leads to from here."""
        return getChildForRequest(self, request)

    def putChild(self, path: bytes, child: Any) -> None:
        """
        Put a child under a name.

        @param path: one segment; ``b""`` is what a path that ends with a slash leads to.
        @raise TypeError: if it is text.
        """
        if not isinstance(path, bytes):
            raise TypeError(f"a segment of a path is bytes, not {path!r}")
        self.children[path] = child
        child.server = self.server

    # Rendering

    def render(self, request: Any) -> bytes | int:
        """
        The answer of the method that the request's method names.

        @raise UnsupportedMethod: if there is no such one.
        """
        method = request.method
        name = _RENDERERS.get(method)
        if name is None:
            # Stand-ins for requests have text.
            text = method if isinstance(method, str) else method.decode("iso-8859-1")
            name = "render_" + text
        render = getattr(self, name, None)
        if render is None:
            raise UnsupportedMethod(_computeAllowedMethods(self))
        answer: bytes | int = render(request)
        return answer

    def render_HEAD(self, request: Any) -> bytes | int:
        """
        The same as for GET; the body is not sent.

        @raise UnsupportedMethod: if there is no answer for GET.
        """
        render = getattr(self, "render_GET", None)
        if render is None:
            raise UnsupportedMethod(
                [name for name in _computeAllowedMethods(self) if name != b"HEAD"]
            )
        answer: bytes | int = render(request)
        return answer


def _computeAllowedMethods(resource: Any) -> Sequence[bytes]:
    """The methods that a resource has an answer for."""
    declared = getattr(resource, "allowedMethods", None)
    if declared is not None:
        methods: Sequence[bytes] = declared
        return methods
    names = prefixedMethodNames(resource.__class__, "render_")
    return [name.encode("ascii") for name in names]


class _Page(Resource):
    """
    A page that says that something went wrong.

    @ivar code: the status.
    @ivar brief: a few words, as a heading.
    """

    template = (
        HEAD.replace("{", "{{").replace("}", "}}").replace("TITLE", "{code} - {brief}")
        + """\
<div class="message">
<p class="status">{code}</p>
<h1>{brief}</h1>
<p>{detail}</p>
</div>
"""
        + FOOT
    )

    def __init__(self, status: int, brief: str, detail: str) -> None:
        Resource.__init__(self)
        self.code = status
        self.brief = brief
        self.detail = detail

    def __repr__(self) -> str:
        return f"<{self.__class__.__name__} {self.code} {self.brief}>"

    def render(self, request: Any) -> bytes:
        """The page."""
        request.setResponseCode(self.code)
        request.setHeader(b"content-type", b"text/html; charset=utf-8")
        page = self.template.format(
            code=self.code, brief=escape(self.brief), detail=self._detailAsHTML()
        )
        return page.encode("utf-8", "replace")

    def _detailAsHTML(self) -> str:
        return escape(self.detail)

    def getChild(self, path: bytes, request: Any) -> Any:
        """This, whatever is below."""
        return self


class _UnsafeErrorPage(_Page):
    """A page with a detail that is HTML already; prefer `twisted.web.pages.errorPage`."""

    def _detailAsHTML(self) -> str:
        return self.detail


class _UnsafeNoResource(_UnsafeErrorPage):
    """A page that says that there is nothing here; prefer `twisted.web.pages.notFound`."""

    def __init__(self, message: str = "Sorry. No luck finding that resource.") -> None:
        _UnsafeErrorPage.__init__(self, NOT_FOUND, "No Such Resource", message)


class _UnsafeForbiddenResource(_UnsafeErrorPage):
    """A page that says that this is not allowed; prefer `twisted.web.pages.forbidden`."""

    def __init__(self, message: str = "Sorry, resource is forbidden.") -> None:
        _UnsafeErrorPage.__init__(self, FORBIDDEN, "Forbidden Resource", message)


ErrorPage = _UnsafeErrorPage
NoResource = _UnsafeNoResource
ForbiddenResource = _UnsafeForbiddenResource

for _name, _instead in (
    ("ErrorPage", "errorPage"),
    ("NoResource", "notFound"),
    ("ForbiddenResource", "forbidden"),
):
    deprecatedModuleAttribute(
        Version("Twisted", 22, 10, 0),
        f"Use twisted.web.pages.{_instead} instead, which properly escapes HTML.",
        __name__,
        _name,
    )
del _name, _instead


def _reasonOf(code: int) -> str:
    """The reason of a status, in text."""
    return RESPONSES.get(code, b"Unknown Status").decode("ascii")


def firstEncoder(factories: Sequence[Any], request: Any) -> Any:
    """The first encoder that one of several factories gives for a request, or None."""
    for factory in factories:
        encoder = factory.encoderForRequest(request)
        if encoder is not None:
            return encoder
    return None


@implementer(_IEncodingResource)
class EncodingResourceWrapper(proxyForInterface(IResource)):  # type: ignore[misc]
    """
    A resource whose answers go through the first of several encoders that wants to.
    """

    def __init__(self, original: Any, encoders: Sequence[Any]) -> None:
        """
        @param encoders: factories of encoders, such as `twisted.web.server.GzipEncoderFactory`.
        """
        super().__init__(original)
        self._encoders = encoders

    def getEncoder(self, request: Any) -> Any:
        """The first encoder that one of the factories gives, or None."""
        return firstEncoder(self._encoders, request)
