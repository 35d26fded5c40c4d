"""Little helpers for HTML."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape
from typing import Any

from twisted.logger import Logger

__all__ = ["PRE", "UL", "escape", "linkList", "output"]

_log = Logger()


def PRE(text: str) -> str:
    """Text as it stands."""
    return f"<pre>{escape(text)}</pre>"


def UL(lst: Iterable[str]) -> str:
    """A list of items that are HTML."""
    return "<ul>\n" + "".join(f"<li>{item}</li>\n" for item in lst) + "</ul>\n"


def linkList(lst: Iterable[tuple[str, str]]) -> str:
    """
    A list of links.

    @param lst: pairs of a URL and what it is called, both HTML.
    """
    return UL(f'<a href="{link}">{name}</a>' for link, name in lst)


def output(func: Callable[..., str], *args: Any, **kw: Any) -> str:
    """What a function gives; an error is logged, and said without particulars."""
    try:
        return func(*args, **kw)
    except Exception:
        _log.failure("Error calling {func!r}:", func=func)
        return PRE("An error occurred.")
