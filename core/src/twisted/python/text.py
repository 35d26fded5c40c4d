"""Small things to do with text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import IO, Any

__all__ = [
    "endsInNewline",
    "greedyWrap",
    "isMultiline",
    "removeLeadingBlanks",
    "removeLeadingTrailingBlanks",
    "splitQuoted",
    "strFile",
    "stringyString",
    "wordWrap",
]

_PORTION = 65536


def isMultiline(s: str) -> bool:
    """Tell whether there is more than one line."""
    return "\n" in s


def endsInNewline(s: str) -> bool:
    """Tell whether the last line is ended."""
    return s.endswith("\n")


def stringyString(object: Any, indentation: str = "") -> str:
    """Lists and dictionaries as text for people, each item on a line of its own."""
    if isinstance(object, dict):
        opening, closing = "{}"
        items = []
        for key, value in object.items():
            text = stringyString(value, indentation + "   ")
            items.append(f"{key}:\n{text}" if isMultiline(text) else f"{key}: {text.lstrip()}")
        braced = [f"{indentation} {item}\n" for item in items]
    elif isinstance(object, (tuple, list)):
        opening, closing = "()" if isinstance(object, tuple) else "[]"
        parts = [stringyString(each, indentation + " ").lstrip() for each in object]
        braced = [f"{indentation} {part},\n" for part in parts]
    else:
        lines = [f"{indentation}{line}\n" for line in str(object).split("\n")]
        return "".join(lines).rstrip("\n")
    if not braced:
        return f"{indentation}{opening}{closing}"
    braced[0] = indentation + opening + braced[0][len(indentation) + 1 :]
    return "".join(braced).rstrip("\n") + closing


def greedyWrap(inString: str, width: int = 80) -> list[str]:
    """
    Break text into lines that are filled as far as they go.

    @param inString: paragraphs, with empty lines between them.
    @param width: the longest line, in characters; words that are longer stay whole.
    @return: the lines; each of several paragraphs has an empty one behind it.
    """
    paragraphs = re.split(r"\n[^\S\n]*\n", inString)
    lines: list[str] = []
    for paragraph in paragraphs:
        line: list[str] = []
        for word in paragraph.split():
            if line and len(" ".join([*line, word])) > width:
                lines.append(" ".join(line))
                line = []
            line.append(word)
        if line:
            lines.append(" ".join(line))
        if len(paragraphs) > 1:
            lines.append("")
    return lines


wordWrap = greedyWrap


def removeLeadingBlanks(lines: Sequence[str]) -> list[str]:
    """The lines from the first one that is not blank."""
    for index, line in enumerate(lines):
        if line.strip():
            return list(lines[index:])
    return []


def removeLeadingTrailingBlanks(s: str) -> str:
    """A text without the blank lines at its beginning and its end; the last line is ended."""
    lines = removeLeadingBlanks(s.split("\n"))
    lines = removeLeadingBlanks(lines[::-1])[::-1]
    return "\n".join(lines) + "\n"


def splitQuoted(s: str) -> list[str]:
    """
    Split at spaces, but not within words in quotes, which are left out.

    Only words that begin with a quote, and end with the same one, are in quotes.
    """
    words: list[str] = []
    quoted: list[str] | None = None
    quote = ""
    for word in s.split():
        if quoted is None and word[0] in "\"'":
            quote, quoted, word = word[0], [], word[1:]
        if quoted is None:
            words.append(word)
        elif word.endswith(quote):
            words.append(" ".join([*quoted, word[:-1]]))
            quoted = None
        else:
            quoted.append(word)
    return words


def strFile(p: str, f: IO[str], caseSensitive: bool = True) -> bool:
    """
    Tell whether a text is in a file.

    @param p: the text.
    @param f: the file, read from where it is.
    """
    wanted = p if caseSensitive else p.lower()
    before = ""
    while portion := f.read(_PORTION):
        window = before + (portion if caseSensitive else portion.lower())
        if wanted in window:
            return True
        before = window[len(window) - len(wanted) + 1 :] if wanted else ""
    return not wanted
