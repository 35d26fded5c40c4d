"""
Text with attributes, such as bold or coloured, for terminals and for chats.

A family of attributes is an `Attributes`: ``attributes.bold["loud"]`` is text, of which parts may
have attributes of their own, as in ``attributes.bold["loud", attributes.fg.red["red"]]``.
`flatten` writes it for a kind of display, which is a state of formatting with a method that gives
what switches from the one before to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Self

__all__ = ["Attributes", "DefaultFormattingState", "FormattedText", "FormattingState", "flatten"]


class FormattedText:
    """Some text, and what is different about it."""

    def __init__(self, changes: Mapping[str, Any] | None) -> None:
        """
        @param changes: values of the attributes that differ from those around it; None for none
            that would be different from plain text.
        """
        self._changes = changes
        self._parts: Sequence[Any] = ()

    def __getitem__(self, parts: Any) -> FormattedText:
        """The same about these parts: texts, and others with attributes."""
        made = FormattedText(self._changes)
        made._parts = tuple(parts) if isinstance(parts, (tuple, list)) else (parts,)
        return made

    def __repr__(self) -> str:
        changes = "normal" if self._changes is None else dict(self._changes)
        return f"<{type(self).__qualname__} {changes} {list(self._parts)}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FormattedText):
            return NotImplemented
        return (self._changes, self._parts) == (other._changes, other._parts)

    def __hash__(self) -> int:
        return hash(tuple(map(str, self._parts)))

    def serialize(
        self,
        write: Callable[[str], object],
        state: FormattingState,
        attributeRenderer: str = "toVT102",
    ) -> None:
        """
        Write the text with what switches its attributes on.

        @param write: called with pieces of text.
        @param state: the attributes around it.
        @param attributeRenderer: the method of states that gives what is written for them.
        """
        inner = type(state)() if self._changes is None else state.withAttributes(**self._changes)
        switch = getattr(inner, attributeRenderer)()
        if switch:
            write(switch)
        for part in self._parts:
            if isinstance(part, FormattedText):
                part.serialize(write, inner, attributeRenderer)
                # What follows is as it was before.
                again = getattr(inner, attributeRenderer)()
                if again:
                    write(again)
            else:
                write(str(part))


class Attributes:
    """
    A family of attributes.

    @ivar fg: the foreground colours, each as an attribute of this.
    @ivar bg: the background colours.
    """

    def __init__(self, flags: Iterable[str], colors: Mapping[str, Any]) -> None:
        """
        @param flags: the names of attributes that are on or off.
        @param colors: the values of colours, by their names.
        """
        self._made = {name: FormattedText({name: True}) for name in flags}
        self._made["normal"] = FormattedText(None)
        self.fg = _Colors("foreground", colors)
        self.bg = _Colors("background", colors)

    def __getattr__(self, name: str) -> FormattedText:
        try:
            return self.__dict__["_made"][name]  # type: ignore[no-any-return]
        except KeyError:
            raise AttributeError(name) from None


class _Colors:
    """The colours of one side."""

    def __init__(self, attribute: str, colors: Mapping[str, Any]) -> None:
        self._made = {name: FormattedText({attribute: colors[name]}) for name in colors}

    def __getattr__(self, name: str) -> FormattedText:
        try:
            return self.__dict__["_made"][name]  # type: ignore[no-any-return]
        except KeyError:
            raise AttributeError(name) from None


class FormattingState:
    """
    The attributes of some text; a subclass says how they are switched.

    @cvar compareAttributes: the names of the attributes, in which states may differ.
    """

    compareAttributes: ClassVar[Sequence[str]] = ()

    def __init__(self, **attributes: Any) -> None:
        """
        @param attributes: those that are not as they are by themselves.
        """
        for name, value in attributes.items():
            setattr(self, name, value)

    def copy(self) -> Self:
        """Another one that is the same."""
        return self.withAttributes()

    def withAttributes(self, **changes: Any) -> Self:
        """Another one in which some attributes differ."""
        now = {name: getattr(self, name) for name in self.compareAttributes}
        return type(self)(**{**now, **changes})

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.compareAttributes)

    def __hash__(self) -> int:
        return hash(tuple(getattr(self, name) for name in self.compareAttributes))


class DefaultFormattingState(FormattingState):
    """A state without any attributes: nothing is written to switch to it."""

    def withAttributes(self, **changes: Any) -> Self:
        """The same, for there is nothing to differ in."""
        return type(self)()

    def toVT102(self) -> str:
        """Nothing."""
        return ""


def flatten(
    output: FormattedText, attrs: FormattingState, attributeRenderer: str = "toVT102"
) -> str:
    """
    Write text with attributes for a kind of display.

    @param attrs: the attributes to begin with, whose class knows how they are switched.
    @param attributeRenderer: the method of states that gives what is written for them.
    """
    written: list[str] = []
    output.serialize(written.append, attrs, attributeRenderer)
    return "".join(written)
