"""Text with attributes."""

from __future__ import annotations

import pytest

from twisted.python.textattributes import (
    Attributes,
    DefaultFormattingState,
    FormattingState,
    flatten,
)

attributes = Attributes(["bold", "underline"], {"red": 1, "blue": 4})


class Marked(FormattingState):
    """Writes which attributes are on."""

    compareAttributes = ("bold", "underline", "foreground", "background")
    bold = underline = False
    foreground = background = 0

    def toMarks(self):
        flags = "b" * self.bold + "u" * self.underline
        return f"<{flags}{self.foreground}{self.background}>"


def test_nested():
    """A part has what is around it, and what is its own; behind it all is as before."""
    text = attributes.bold["a", attributes.fg.red[["b", attributes.underline["c"]]], "d"]
    assert flatten(text, Marked(), "toMarks") == "<b00>a<b10>b<bu10>c<b10><b00>d"


def test_normal():
    """Normal text has nothing of what is around it."""
    text = attributes.bg.blue["a", attributes.normal["b"], "c"]
    assert flatten(text, Marked(), "toMarks") == "<04>a<00>b<04>c"


def test_plain():
    """A display without attributes is given the text alone."""
    text = attributes.bold["a", attributes.fg.red["b"]]
    assert flatten(text, DefaultFormattingState()) == "ab"


def test_unknown():
    """There are the attributes of the family, and no others."""
    for family in (attributes, attributes.fg, attributes.bg):
        with pytest.raises(AttributeError, match="blink"):
            family.blink


def test_equality():
    """Texts and states are what they say."""
    assert DefaultFormattingState() == DefaultFormattingState()
    assert DefaultFormattingState() != "hello"
    assert Marked(bold=True) != Marked()
    assert Marked(bold=True).copy() == Marked(bold=True)
    assert hash(Marked(bold=True)) == hash(Marked(bold=True))
    assert attributes.bold["x"] == attributes.bold["x"]
    assert hash(attributes.bold["x"]) == hash(attributes.bold["x"])
    assert attributes.bold["x"] != attributes.underline["x"]
    assert attributes.bold["x"] != "x"
    assert repr(attributes.bold["x"]) == "<FormattedText {'bold': True} ['x']>"
    assert repr(attributes.normal["x"]) == "<FormattedText normal ['x']>"
