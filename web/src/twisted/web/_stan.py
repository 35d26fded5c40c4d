"""What documents consist of: tags, slots, and the kinds of text."""

from __future__ import annotations

from collections.abc import Iterable
from inspect import isawaitable
from types import GeneratorType
from typing import Any
from warnings import warn_explicit

__all__ = ["CDATA", "CharRef", "Comment", "Tag", "slot", "voidElements"]

#: The elements that have no content and no end tag (HTML, section 13.1.2).
voidElements = frozenset(
    {
        "area",
        "base",
        "basefont",
        "br",
        "col",
        "command",
        "embed",
        "frame",
        "hr",
        "img",
        "input",
        "isindex",
        "keygen",
        "link",
        "meta",
        "param",
        "source",
        "track",
        "wbr",
    }
)


class slot:
    """
    A place in a document that `Tag.fillSlots` of a tag around it fills.

    @ivar name: which one.
    @ivar default: what stands there if nothing fills it; None for an error.
    """

    def __init__(
        self,
        name: str,
        default: Any = None,
        filename: str | None = None,
        lineNumber: int | None = None,
        columnNumber: int | None = None,
    ) -> None:
        self.name = name
        self.default = default
        self.children: list[Any] = []
        self.filename = filename
        self.lineNumber = lineNumber
        self.columnNumber = columnNumber

    def __repr__(self) -> str:
        return f"slot({self.name!r})"


class Tag:
    """
    An element of a document: a name, attributes and content.

    Calling a tag adds content, and attributes by keyword; an underscore behind a name that Python
    keeps for itself is left away, as in ``tags.p(class_="new")``.

    @ivar tagName: the name; empty for a tag that is nothing but its content.
    @ivar render: the name of the method of the `Element` around it that renders it, or None.
    @ivar slotData: what fills the slots in it, or None.
    @ivar filename: where it was written, as are `lineNumber` and `columnNumber`; or None.
    """

    def __init__(
        self,
        tagName: bytes | str,
        attributes: dict[bytes | str, Any] | None = None,
        children: Iterable[Any] | None = None,
        render: str | None = None,
        filename: str | None = None,
        lineNumber: int | None = None,
        columnNumber: int | None = None,
    ) -> None:
        self.tagName = tagName
        self.render = render
        self.attributes: dict[bytes | str, Any] = {} if attributes is None else attributes
        self.children: list[Any] = [] if children is None else list(children)
        self.slotData: dict[str, Any] | None = None
        self.filename = filename
        self.lineNumber = lineNumber
        self.columnNumber = columnNumber

    def fillSlots(self, **slots: Any) -> Tag:
        """Fill slots in the content, by their names; gives back the tag."""
        if self.slotData is None:
            self.slotData = {}
        self.slotData.update(slots)
        return self

    def __call__(self, *children: Any, **kw: Any) -> Tag:
        """
        Add content and attributes; gives back the tag.

        @raise TypeError: if ``render`` is no text.
        """
        self.children.extend(children)
        for name, value in kw.items():
            if name.endswith("_"):
                name = name[:-1]
            if name == "render":
                if not isinstance(value, str):
                    raise TypeError(f'Value for "render" attribute must be str, got {value!r}')
                self.render = value
            else:
                self.attributes[name] = value
        return self

    def clone(self, deep: bool = True) -> Tag:
        """
        A copy that can be changed without changing this one.

        @param deep: whether tags in it are copied, too.
        """
        made = Tag(
            self.tagName,
            {name: _copy(value) if deep else value for name, value in self.attributes.items()},
            [_copy(child) for child in self.children] if deep else self.children,
            self.render,
            self.filename,
            self.lineNumber,
            self.columnNumber,
        )
        if self.slotData is not None:
            made.slotData = {
                name: _copy(value) if deep else value for name, value in self.slotData.items()
            }
        return made

    def clear(self) -> Tag:
        """Remove the content; gives back the tag."""
        self.children = []
        return self

    def __repr__(self) -> str:
        parts = [repr(self.tagName)]
        if self.attributes:
            parts.append(f"attributes={self.attributes!r}")
        if self.children:
            parts.append(f"children={self.children!r}")
        return f"Tag({', '.join(parts)})"


_ONCE = (
    "Cloning a Tag which contains a {} is unsafe, since the {} can {} only once; this is"
    " deprecated since Twisted 21.7.0 and will raise an exception in the future"
)


def _copy(thing: Any) -> Any:
    """A copy of a part of a document."""
    if isinstance(thing, Tag):
        return thing.clone()
    if isinstance(thing, (list, tuple)):
        return [_copy(each) for each in thing]
    if isinstance(thing, GeneratorType):
        _warn(_ONCE.format("generator", "generator", "be consumed"))
    elif isawaitable(thing) and hasattr(thing, "cr_code"):
        _warn(_ONCE.format("coroutine", "coroutine", "run"))
    return thing


def _warn(message: str) -> None:
    # How far away the caller is depends on how deep the content is.
    warn_explicit(message, DeprecationWarning, __file__, _copy.__code__.co_firstlineno)


class CDATA:
    """
    Text in a CDATA section of XML.

    @ivar data: the text.
    """

    def __init__(self, data: str) -> None:
        self.data = data

    def __repr__(self) -> str:
        return f"CDATA({self.data!r})"


class Comment:
    """
    A comment.

    @ivar data: the text.
    """

    def __init__(self, data: str) -> None:
        self.data = data

    def __repr__(self) -> str:
        return f"Comment({self.data!r})"


class CharRef:
    """
    A reference to a character by its number, which is never escaped.

    @ivar ordinal: the number in Unicode.
    """

    def __init__(self, ordinal: int) -> None:
        self.ordinal = ordinal

    def __repr__(self) -> str:
        return f"CharRef({self.ordinal})"
