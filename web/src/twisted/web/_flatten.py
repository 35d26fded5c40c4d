"""
From documents to bytes.

A stack of what is still to be written stands in for recursion, so documents may be nested as deep
as they like; each entry knows the one that it came from, so errors tell the way to them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from inspect import iscoroutine
from io import BytesIO
from sys import exc_info
from traceback import extract_tb
from types import GeneratorType
from typing import Any, NamedTuple, TypeAlias

from twisted.internet.defer import Deferred, ensureDeferred
from twisted.python.failure import Failure
from twisted.web._stan import CDATA, CharRef, Comment, Tag, slot, voidElements
from twisted.web.error import FlattenerError, UnfilledSlot, UnsupportedType
from twisted.web.iweb import IRenderable

__all__ = ["BUFFER_SIZE", "Flattenable", "flatten", "flattenString"]

#: What documents consist of: text, tags and the like, elements, lists and generators of them, and
#: Deferreds and coroutines that give them.
Flattenable: TypeAlias = Any

#: How many bytes are gathered before they are written.
BUFFER_SIZE = 2**16

Write = Callable[[bytes], object]

_NO_NAME = re.compile(rb"[\0-\x20\x7f\"'<>/=]|\A\Z")


def _inContent(data: bytes) -> bytes:
    """Text as it stands between tags."""
    return data.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;")


def _inAttribute(data: bytes) -> bytes:
    """Text as it stands in an attribute between double quotes."""
    return _inContent(data).replace(b'"', b"&quot;")


def _inCDATA(data: bytes) -> bytes:
    """Text as it stands in CDATA sections: one more of them wherever it has the end of one."""
    return data.replace(b"]]>", b"]]]]><![CDATA[>")


def _inComment(data: bytes) -> bytes:
    """Text as it stands in a comment (HTML, section 13.1.6)."""
    data = data.replace(b"-->", b"--&gt;").replace(b"--!>", b"--!&gt;")
    if data.startswith((b">", b"->")):
        data = b" " + data
    return data + b" " if data.endswith(b"-") else data


def _asIs(data: bytes) -> bytes:
    return data


class _Place(NamedTuple):
    """
    Where something stands in the document.

    @ivar put: writes markup.
    @ivar escape: makes markup of text.
    @ivar slots: what fills slots, that of the outermost tag first.
    @ivar renderable: what the names of render methods belong to, or None.
    """

    put: Write
    escape: Callable[[bytes], bytes]
    slots: tuple[dict[str, Any], ...]
    renderable: Any


class _Markup(bytes):
    """Something that was escaped before."""


class _Entry(NamedTuple):
    """Something that is still to be written, and what it came from."""

    root: Any
    place: _Place
    parent: _Entry | None


def _bytesOf(text: bytes | str) -> bytes:
    return text.encode("utf-8") if isinstance(text, str) else text


@lru_cache(4096)
def _nameOf(name: bytes | str) -> bytes:
    """
    The name of a tag or an attribute; nothing makes it safe in there but its characters.

    @raise ValueError: if it would end where it stands (HTML, sections 13.1.2 and 13.1.2.3).
    """
    made = name.encode("ascii") if isinstance(name, str) else name
    if _NO_NAME.search(made):
        raise ValueError(f"no name of a tag or an attribute: {name!r}")
    return made


def _filling(name: str, place: _Place, default: Any) -> Any:
    """
    What fills a slot.

    @raise UnfilledSlot: if nothing does.
    """
    for slots in reversed(place.slots):
        if name in slots:
            return slots[name]
    if default is not None:
        return default
    raise UnfilledSlot(name)


def _tagParts(tag: Tag, request: Any, place: _Place) -> Iterator[tuple[Any, _Place]]:
    """The parts of a tag, each with its place."""
    if tag.slotData is not None:
        place = place._replace(slots=(*place.slots, tag.slotData))
    if tag.render is not None:
        if place.renderable is None:
            raise ValueError(
                f'Tag wants to be rendered by method "{tag.render}"'
                " but is not contained in any IRenderable"
            )
        clone = tag.clone(False)
        clone.render = None
        yield place.renderable.lookupRenderMethod(tag.render)(request, clone), place
        return
    if not tag.tagName:
        for child in tag.children:
            yield child, place
        return
    name = _nameOf(tag.tagName)
    yield _Markup(b"<" + name), place
    put = place.put

    def quoted(data: bytes) -> object:
        return put(_inAttribute(data))

    value = place._replace(put=quoted, escape=_asIs)
    for attribute, content in tag.attributes.items():
        yield _Markup(b" " + _nameOf(attribute) + b'="'), place
        yield content, value
        yield _Markup(b'"'), place
    if not tag.children and name.decode("ascii", "replace") in voidElements:
        yield _Markup(b" />"), place
        return
    yield _Markup(b">"), place
    inside = place._replace(escape=_inContent)
    for child in tag.children:
        yield child, inside
    yield _Markup(b"</" + name + b">"), place


def _partsOf(root: Any, request: Any, place: _Place) -> Iterator[tuple[Any, _Place]]:
    """
    What something consists of; what consists of nothing else is written.

    @raise UnsupportedType: if nobody knows how.
    """
    if isinstance(root, _Markup):
        place.put(root)
    elif isinstance(root, (bytes, str)):
        place.put(place.escape(_bytesOf(root)))
    elif isinstance(root, Tag):
        yield from _tagParts(root, request, place)
    elif isinstance(root, (tuple, list, GeneratorType)):
        for each in root:
            yield each, place
    elif isinstance(root, slot):
        yield _filling(root.name, place, root.default), place
    elif isinstance(root, CDATA):
        place.put(b"<![CDATA[" + _inCDATA(_bytesOf(root.data)) + b"]]>")
    elif isinstance(root, Comment):
        place.put(b"<!--" + _inComment(_bytesOf(root.data)) + b"-->")
    elif isinstance(root, CharRef):
        place.put(b"&#%d;" % root.ordinal)
    elif IRenderable.providedBy(root):
        yield root.render(request), place._replace(renderable=root)
    else:
        raise UnsupportedType(root)


def _later(original: Deferred[Any]) -> Deferred[Any]:
    """A Deferred for the result of another one, which keeps it."""
    made: Deferred[Any] = Deferred(lambda _: original.cancel())

    def pass_(result: Any) -> Any:
        if isinstance(result, Failure):
            made.errback(result)
        else:
            made.callback(result)
        return result

    original.addBoth(pass_)
    return made


class _Buffer:
    """Gathers what is written until it is worth writing."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._parts: list[bytes] = []
        self._size = 0

    def put(self, data: bytes) -> None:
        """Write data, soon."""
        self._parts.append(data)
        self._size += len(data)
        if self._size >= BUFFER_SIZE:
            self.flush()

    def flush(self) -> None:
        """Write all that has gathered."""
        if self._parts:
            data = b"".join(self._parts)
            self._parts.clear()
            self._size = 0
            self._write(data)


async def _flattenTree(request: Any, root: Any, write: Write) -> None:
    """
    Write a document.

    @raise FlattenerError: if something in it raises, or cannot be written.
    """
    buffer = _Buffer(write)
    place = _Place(buffer.put, _inContent, (), None)
    # What is being written, what it came from before, and what is to be looked at next.
    stack: list[tuple[_Entry, Iterator[tuple[Any, _Place]]]] = []
    entry: _Entry = _Entry(root, place, None)
    following: _Entry | None = entry
    try:
        while stack or following is not None:
            if following is None:
                entry, parts = stack[-1]
                part = next(parts, None)
                if part is None:
                    stack.pop()
                else:
                    following = _Entry(*part, entry)
                continue
            entry, following = following, None
            element = entry.root
            if iscoroutine(element):
                element = ensureDeferred(element)
            if isinstance(element, Deferred):
                buffer.flush()
                element = _later(element)
                element = await element
                following = _Entry(element, entry.place, entry)
            else:
                stack.append((entry, _partsOf(element, request, entry.place)))
        buffer.flush()
    except Exception as problem:
        roots = []
        at: _Entry | None = entry
        while at is not None:
            roots.append(at.root)
            at = at.parent
        raise FlattenerError(problem, roots[::-1], extract_tb(exc_info()[2])) from None


def flatten(request: Any, root: Flattenable, write: Write) -> Deferred[None]:
    """
    Write a document as bytes, piece by piece.

    @param request: what elements are rendered for, or None.
    @param write: takes the pieces.
    @return: fires when all is written, or fails with `FlattenerError`; cancelling it cancels what
        is waited for.
    """
    return ensureDeferred(_flattenTree(request, root, write))


def flattenString(request: Any, root: Flattenable) -> Deferred[bytes]:
    """
    A document as bytes.

    @param request: what elements are rendered for, or None.
    @return: fires with the bytes, or fails with `FlattenerError`.
    """
    out = BytesIO()
    return flatten(request, root, out.write).addCallback(lambda _: out.getvalue())
