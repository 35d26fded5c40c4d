"""
A small model of documents that reads XML and what people call HTML.  It is deprecated: use the
parsers of Python's library, or those of lxml and html5lib.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from twisted.web._microdom._builder import (
    MicroDOMParser,
    MismatchedTags,
    parse,
    parseString,
    parseXML,
    parseXMLString,
)
from twisted.web._microdom._nodes import (
    CDATASection,
    CharacterData,
    Comment,
    Document,
    Element,
    EntityReference,
    Node,
    Text,
    genprefix,
    getElementsByTagName,
    getElementsByTagNameNoCase,
)
from twisted.web._microdom._text import (
    HTML_ESCAPE_CHARS,
    REV_HTML_ESCAPE_CHARS,
    REV_XML_ESCAPE_CHARS,
    XML_ESCAPE_CHARS,
    escape,
    unescape,
)
from twisted.web.sux import ParseError

__all__ = [
    "HTML_ESCAPE_CHARS",
    "REV_HTML_ESCAPE_CHARS",
    "REV_XML_ESCAPE_CHARS",
    "XML_ESCAPE_CHARS",
    "CDATASection",
    "CharacterData",
    "Comment",
    "Document",
    "Element",
    "EntityReference",
    "MicroDOMParser",
    "MismatchedTags",
    "Node",
    "ParseError",
    "Text",
    "escape",
    "genprefix",
    "getElementsByTagName",
    "getElementsByTagNameNoCase",
    "lmx",
    "parse",
    "parseString",
    "parseXML",
    "parseXMLString",
    "unescape",
]

warningString = "twisted.web.microdom was deprecated at Twisted 23.10.0"
warnings.warn(warningString, DeprecationWarning, stacklevel=3)


class lmx:
    """
    Makes elements in elements: ``lmx("p").b(title="x").text("y")``.

    @ivar node: the element.
    """

    def __init__(self, node: Element | str = "div") -> None:
        """
        @param node: an element, or the name of a new one.
        """
        self.node = Element(node) if isinstance(node, str) else node

    def __getattr__(self, name: str) -> Callable[..., lmx]:
        if name.startswith("_"):
            raise AttributeError("no private attrs")
        return lambda **kw: self.add(name, **kw)

    def __setitem__(self, key: str, val: Any) -> None:
        self.node.setAttribute(key, val)

    def __getitem__(self, key: str) -> Any:
        return self.node.getAttribute(key)

    def text(self, txt: str, raw: bool | int = 0) -> lmx:
        """Add text; gives this."""
        self.node.appendChild(Text(txt, raw=raw))
        return self

    def add(self, tagName: str, **kw: Any) -> lmx:
        """
        Add an element; gives one of these for it.

        @param kw: attributes; underscores before the names of those that Python has a use for are
            left out.
        """
        element = Element(tagName, caseInsensitive=0, preserveCase=0)
        for name, value in kw.items():
            element.setAttribute(name.lstrip("_"), value)
        self.node.appendChild(element)
        return lmx(element)
