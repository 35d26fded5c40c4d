"""Pages that say that something went wrong, in which everything is escaped."""

from __future__ import annotations

from twisted.web._responses import FORBIDDEN, NOT_FOUND
from twisted.web.resource import IResource, _Page

__all__ = ["errorPage", "forbidden", "notFound"]


def errorPage(code: int, brief: str, detail: str) -> IResource:
    """
    A page for any error.

    @param code: the status.
    @param brief: a few words, as a heading.
    @param detail: a sentence.
    """
    return _Page(code, brief, detail)


def notFound(
    brief: str = "No Such Resource", message: str = "Sorry. No luck finding that resource."
) -> IResource:
    """A page that says that there is nothing here."""
    return _Page(NOT_FOUND, brief, message)


def forbidden(
    brief: str = "Forbidden Resource", message: str = "Sorry, resource is forbidden."
) -> IResource:
    """A page that says that this is not allowed."""
    return _Page(FORBIDDEN, brief, message)
