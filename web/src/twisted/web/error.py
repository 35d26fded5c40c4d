"""Errors of `twisted.web`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.web._responses import RESPONSES

__all__ = [
    "Error",
    "InfiniteRedirection",
    "PageRedirect",
    "RedirectWithNoLocation",
    "UnsupportedMethod",
]


def _status(code: int | bytes) -> bytes:
    """
    A status in digits.

    @raise ValueError: if it is none.
    """
    digits = b"%d" % code if isinstance(code, int) else code
    if len(digits) != 3 or not digits.isdigit():
        raise ValueError(f"Not a valid HTTP status code: {code!r}")
    return digits


class Error(Exception):
    """
    An answer that is an error.

    @ivar status: in digits.
    @ivar message: the reason.
    @ivar response: the body.
    """

    status: bytes
    message: bytes | None
    response: bytes | None

    def __init__(
        self, code: int | bytes, message: bytes | None = None, response: bytes | None = None
    ) -> None:
        """
        @param code: the status, as a number or in digits.
        @param message: the reason; by default that of RFC 9110.
        @raise ValueError: if it is no status.
        """
        self.status = _status(code)
        self.message = message or RESPONSES.get(int(self.status))
        self.response = response
        Exception.__init__(self, code, self.message, response)

    def __str__(self) -> str:
        parts = [self.status]
        if self.message:
            parts.append(self.message)
        return b" ".join(parts).decode("iso-8859-1")


class _LocatedError(Error):
    """
    An error about where an answer points to.

    @ivar location: where that is.
    """

    def __init__(
        self,
        code: int | bytes,
        message: bytes | None = None,
        response: bytes | None = None,
        location: bytes | None = None,
    ) -> None:
        Error.__init__(self, code, message, response)
        if location and self.message:
            self.message = b"%b to %b" % (self.message, location)
        self.location = location


class PageRedirect(_LocatedError):
    """The answer is that the page is elsewhere."""


class InfiniteRedirection(_LocatedError):
    """The answers kept pointing elsewhere."""


class RedirectWithNoLocation(Error):
    """
    The answer says that the page is elsewhere, but not where.

    @ivar uri: the page.
    """

    def __init__(self, code: int | bytes, message: bytes, uri: bytes) -> None:
        Error.__init__(self, code, message)
        self.message = b"%b to %b" % (self.message or b"", uri)
        self.uri = uri


class UnsupportedMethod(Exception):
    """
    A resource has no way to answer this method.

    @ivar allowedMethods: those that it has one for.
    """

    allowedMethods: Sequence[bytes]

    def __init__(self, allowedMethods: Sequence[bytes], *args: Any) -> None:
        """
        @raise TypeError: if the methods are no sequence.
        """
        Exception.__init__(self, allowedMethods, *args)
        if not isinstance(allowedMethods, Sequence):
            raise TypeError(f"the allowed methods are a sequence, not {allowedMethods!r}")
        self.allowedMethods = allowedMethods
