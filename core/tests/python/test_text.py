"""Small things with text; constants with names."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twisted.python import constants, text


def test_lines():
    """How many there are, and whether the last is ended."""
    assert text.isMultiline("a\nb")
    assert not text.isMultiline("a")
    assert text.endsInNewline("a\n")
    assert not text.endsInNewline("a\nb")


def test_wrapping():
    """Lines are filled as far as they go; paragraphs stay apart."""
    assert text.greedyWrap("aaa bbb ccc  ddd", 8) == ["aaa bbb", "ccc ddd"]
    assert text.wordWrap("one\n\nand two", 5) == ["one", "", "and", "two", ""]
    assert text.greedyWrap("unreasonably long", 5) == ["unreasonably", "long"]


@given(st.text(alphabet="ab \n", max_size=60), st.integers(1, 20))
def test_wrapping_keeps_the_words(paragraph, width):
    """In their order, and no line is too long but for one word."""
    lines = text.greedyWrap(paragraph, width)
    assert " ".join(lines).split() == paragraph.split()
    assert all(len(line) <= width or " " not in line for line in lines)


def test_blanks():
    """Those at the ends go."""
    assert text.removeLeadingBlanks(["", " ", "a", ""]) == ["a", ""]
    assert text.removeLeadingBlanks(["", " "]) == []
    assert text.removeLeadingTrailingBlanks("\n\n a\n\nb\n \n") == " a\n\nb\n"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("a b", ["a", "b"]),
        ("a \"b c\" d'e f'", ["a", "b c", "d'e", "f'"]),
        ('\'a b\' "c" ""', ["a b", "c", ""]),
        ("", []),
    ],
)
def test_quotes(line, words):
    """What is between them is one word."""
    assert text.splitQuoted(line) == words


def test_values_for_people():
    """Each item of what is nested has a line."""
    assert text.stringyString({"a": 1, "b": [1, 2, {"c": "d"}]}) == (
        "{a: 1\n b:\n   [1,\n    2,\n    {c: d},]}"
    )
    assert text.stringyString(()) == "()"
    assert text.stringyString("a\nb", " ") == " a\n b"


@given(st.text(alphabet="abX", max_size=4), st.text(alphabet="abx", max_size=40))
def test_looking_in_a_file(wanted, content):
    """Wherever the text is, also where portions of the file meet."""
    text._PORTION, before = 3, text._PORTION
    try:
        assert text.strFile(wanted, io.StringIO(content)) == (wanted in content)
        assert text.strFile(wanted, io.StringIO(content), False) == (wanted.lower() in content)
    finally:
        text._PORTION = before


def test_constants():
    """They are those of the library."""

    class Letters(constants.Names):
        A = constants.NamedConstant()

    assert Letters.lookupByName("A") is Letters.A
