"""Laying out the help of command-line options."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from typing import Any


def rows(entries: Iterable[Mapping[str, Any]], width: int, indent: int) -> list[str]:
    """
    Entries of a name and a text, in two columns.

    @param entries: dictionaries with ``name`` and ``text``.
    @param width: of the page, in characters.
    @param indent: where the second column begins.
    """
    room = max(width - indent, 24)
    blocks = []
    for entry in entries:
        lines = textwrap.wrap(entry["text"], room) or [""]
        block = [entry["name"].ljust(indent) + lines[0]]
        block += [" " * indent + line for line in lines[1:]]
        blocks.append("\n".join(block) + "\n")
    return blocks


def option_name(option: Mapping[str, Any]) -> str:
    """How an option is written, such as ``-p, --port=``."""
    short = option.get("short")
    sign = "=" if option.get("optType") == "parameter" else ""
    return f"  {f'-{short},' if short else '   '} --{option['long']}{sign}"


def option_text(option: Mapping[str, Any]) -> str:
    """What is said of an option."""
    text = option.get("doc") or ""
    default = option.get("default")
    if default is not None:
        text += f" [default: {default}]"
    coerce_doc = getattr(option.get("coerce"), "coerceDoc", None)
    if coerce_doc:
        text = f"{text}. {coerce_doc}"
    return " ".join(text.split())


def make_chunks(options: Iterable[Mapping[str, Any]], width: int, indent: int = 0) -> list[str]:
    """
    The help of options, one text each.

    @param indent: where the second column begins; 0 for as far left as is possible.
    """
    entries = [{"name": option_name(o), "text": option_text(o)} for o in options]
    indent = max([indent, *(len(entry["name"]) + 2 for entry in entries)])
    return rows(entries, width, indent)
