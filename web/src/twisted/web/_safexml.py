"""
Reading XML that anybody may have sent: no document type, no entity, no depth without end (CWE-776,
CWE-611).
"""

from __future__ import annotations

from typing import Protocol
from xml.parsers import expat

__all__ = ["MAX_DEPTH", "Handler", "read"]

#: How deep elements may be nested.
MAX_DEPTH = 64


class Handler(Protocol):
    """Is told what there is."""

    def start(self, tag: str, attributes: dict[str, str], /) -> object:
        """An element begins."""

    def end(self, tag: str, /) -> object:
        """An element ends."""

    def data(self, text: str, /) -> object:
        """There is text."""


def read(data: bytes, handler: Handler, namespaces: bool = False) -> None:
    """
    Read a whole document.

    @param namespaces: whether names are those of their namespaces, a space, and what is behind the
        prefix.
    @raise ValueError: if it is no XML, or more than that.
    """
    parser = expat.ParserCreate(namespace_separator=" " if namespaces else None)
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise ValueError("elements are nested too deep")
        handler.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        handler.end(tag)

    def refuse(*_: object) -> None:
        raise ValueError("there is a document type")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = handler.data
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, LookupError) as problem:
        # The latter if the encoding is not known.
        raise ValueError(str(problem)) from None
