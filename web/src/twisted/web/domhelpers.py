"""
Functions for documents of `twisted.web.microdom` and of `xml.dom.minidom`.  It is deprecated, as
the former is.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from io import StringIO
from typing import Any

from twisted.web._microdom._nodes import Text, getElementsByTagName, walk
from twisted.web._microdom._text import escape, sink, unescape

__all__ = [
    "NodeLookupError",
    "RawText",
    "clearNode",
    "escape",
    "findElements",
    "findElementsWithAttribute",
    "findElementsWithAttributeShallow",
    "findNodes",
    "findNodesNamed",
    "findNodesShallow",
    "findNodesShallowOnMatch",
    "gatherTextNodes",
    "get",
    "getAndClear",
    "getElementsByTagName",
    "getIfExists",
    "getNodeText",
    "getParents",
    "locateNodes",
    "namedChildren",
    "substitute",
    "superAppendAttribute",
    "superPrependAttribute",
    "superSetAttribute",
    "unescape",
    "writeNodeData",
]

warningString = "twisted.web.domhelpers was deprecated at Twisted 23.10.0"
warnings.warn(warningString, DeprecationWarning, stacklevel=3)

#: The attributes that name an element to `get`.
_IDENTIFIERS = ("id", "class", "model", "pattern")

_Matcher = Callable[[Any], Any]


class NodeLookupError(Exception):
    """There is no such node."""


class RawText(Text):
    """Text that is written as it is."""

    def writexml(
        self,
        stream: Any,
        indent: str = "",
        addindent: str = "",
        newl: str = "",
        strip: bool | int = 0,
        nsprefixes: dict[str, str] | None = None,
        namespace: str | None = None,
    ) -> None:
        """Write it."""
        sink(stream).write(f"{indent}{self.data}{newl}")


def _hasAttribute(node: Any, name: str, value: str | None = None) -> bool:
    """Whether a node is an element with an attribute, which may have to have a value."""
    if not hasattr(node, "hasAttribute") or not node.hasAttribute(name):
        return False
    return value is None or node.getAttribute(name) == value


def getIfExists(node: Any, nodeId: str) -> Any:
    """The first element whose id, class, model or pattern is this, or None."""
    for name in _IDENTIFIERS:
        for each in walk(node):
            if _hasAttribute(each, name, nodeId):
                return each
    return None


def get(node: Any, nodeId: str) -> Any:
    """
    The first element whose id, class, model or pattern is this.

    @raise NodeLookupError: if there is none.
    """
    found = getIfExists(node, nodeId)
    if found is None:
        raise NodeLookupError(nodeId)
    return found


def getAndClear(node: Any, nodeId: str) -> Any:
    """The same with nothing in it any more."""
    found = get(node, nodeId)
    clearNode(found)
    return found


def clearNode(node: Any) -> None:
    """Take everything out of a node."""
    node.childNodes[:] = []


def locateNodes(nodeList: Any, key: str, value: str, noNesting: bool | int = 1) -> list[Any]:
    """
    The elements with an attribute of a value.

    @param nodeList: a node, or several, in which they are.
    @param noNesting: whether those in other such elements are left out.
    """
    nodes: Iterable[Any] = getattr(nodeList, "childNodes", nodeList)
    found: list[Any] = []
    for node in nodes:
        if _hasAttribute(node, key, value):
            found.append(node)
            if noNesting:
                continue
        found += locateNodes(node.childNodes, key, value, noNesting)
    return found


def superSetAttribute(node: Any, key: str, value: str) -> None:
    """Set an attribute of a node and of all elements below it."""
    _changeAttributes(node, key, lambda _: value)


def superPrependAttribute(node: Any, key: str, value: str) -> None:
    """Put a value and a slash before an attribute of a node and of all elements below it."""
    _changeAttributes(node, key, lambda old: f"{value}/{old}" if old else value)


def superAppendAttribute(node: Any, key: str, value: str) -> None:
    """Put a slash and a value behind an attribute of a node and of all elements below it."""
    _changeAttributes(node, key, lambda old: f"{old}/{value}" if old else value)


def _changeAttributes(node: Any, key: str, change: Callable[[str | None], str]) -> None:
    for each in walk(node):
        if hasattr(each, "setAttribute"):
            each.setAttribute(key, change(each.getAttribute(key)))


def gatherTextNodes(iNode: Any, dounescape: bool | int = 0, joinWith: str = "") -> str:
    """
    The text of a node and of all below it, comments included.

    @param dounescape: whether what stands for other characters is replaced by those.
    @param joinWith: what is put between the pieces.
    """
    pieces = [each.data for each in walk(iNode) if hasattr(each, "data")]
    return joinWith.join(map(unescape, pieces) if dounescape else pieces)


def getNodeText(node: Any) -> str:
    """The text of a node and of all below it."""
    stream = StringIO()
    writeNodeData(node, stream)
    return stream.getvalue()


def writeNodeData(node: Any, oldio: Any) -> None:
    """Write the text of a node and of all below it to a stream."""
    out = sink(oldio)
    for each in walk(node):
        if hasattr(each, "data"):
            out.write(each.data)


def getParents(node: Any) -> list[Any]:
    """A node, what it is in, and so on."""
    parents = []
    while node is not None:
        parents.append(node)
        node = node.parentNode
    return parents


def namedChildren(parent: Any, nodeName: str) -> list[Any]:
    """The elements of a name that are in a node, and in no other."""
    return [
        node for node in parent.childNodes if hasattr(node, "tagName") and node.tagName == nodeName
    ]


def findNodes(parent: Any, matcher: _Matcher, accum: list[Any] | None = None) -> list[Any]:
    """
    The nodes below another one that a function wants.

    @param accum: where they are added.
    """
    found = [] if accum is None else accum
    found += (node for node in walk(parent) if node is not parent and matcher(node))
    return found


def findNodesShallow(parent: Any, matcher: _Matcher, accum: list[Any] | None = None) -> list[Any]:
    """The same without those in others that it wants."""
    found = [] if accum is None else accum
    for child in parent.childNodes:
        if matcher(child):
            found.append(child)
        else:
            findNodesShallow(child, matcher, found)
    return found


def findNodesShallowOnMatch(
    parent: Any, matcher: _Matcher, recurseMatcher: _Matcher, accum: list[Any] | None = None
) -> list[Any]:
    """
    The nodes below another one that a function wants.

    @param recurseMatcher: says of each node whether it is looked into.
    """
    found = [] if accum is None else accum
    for child in parent.childNodes:
        if matcher(child):
            found.append(child)
        if recurseMatcher(child):
            findNodesShallowOnMatch(child, matcher, recurseMatcher, found)
    return found


def findElements(parent: Any, matcher: _Matcher) -> list[Any]:
    """The elements below a node that a function wants."""
    return findNodes(parent, lambda node: hasattr(node, "tagName") and matcher(node))


def findElementsWithAttribute(parent: Any, attribute: str, value: str | None = None) -> list[Any]:
    """The elements below a node with an attribute, which may have to have a value."""
    return findNodes(parent, lambda node: _hasAttribute(node, attribute, value))


def findElementsWithAttributeShallow(parent: Any, attribute: str) -> list[Any]:
    """The elements below a node with an attribute, without those in others with it."""
    return findNodesShallow(parent, lambda node: _hasAttribute(node, attribute))


def findNodesNamed(parent: Any, name: str) -> list[Any]:
    """The elements below a node of a name, in any case."""
    return findElements(parent, lambda node: node.tagName.lower() == name.lower())


def substitute(request: object, node: Any, subs: Any) -> None:
    """Fill in ``%(name)s`` in the text of a node and of all below it."""
    for each in walk(node):
        if hasattr(each, "data") and "%" in each.data:
            each.data = each.nodeValue = each.data % subs
