"""Errors of `twisted.web`."""

from __future__ import annotations

from collections.abc import Sequence
from traceback import StackSummary, format_exception_only, format_list
from typing import Any

from twisted.web._responses import RESPONSES

__all__ = [
    "Error",
    "ExcessiveBufferingError",
    "FlattenerError",
    "InfiniteRedirection",
    "MissingRenderMethod",
    "MissingTemplateLoader",
    "PageRedirect",
    "RedirectWithNoLocation",
    "RenderError",
    "SchemeNotSupported",
    "UnexposedMethodError",
    "UnfilledSlot",
    "UnsupportedMethod",
    "UnsupportedType",
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

    def __str__(self) -> str:
        return f"Expected one of {self.allowedMethods!r}"


class SchemeNotSupported(Exception):
    """A URL is of a kind that the client does not know."""


class RenderError(Exception):
    """A document cannot be rendered."""


class MissingRenderMethod(RenderError):
    """
    A template names a method that its element does not have.

    @ivar element: the element.
    @ivar renderName: the name.
    """

    def __init__(self, element: Any, renderName: str) -> None:
        RenderError.__init__(self, element, renderName)
        self.element = element
        self.renderName = renderName

    def __repr__(self) -> str:
        return (
            f"{self.__class__.__name__!r}: {self.element!r} had no render method named"
            f" {self.renderName!r}"
        )


class MissingTemplateLoader(RenderError):
    """
    An element has no template.

    @ivar element: the element.
    """

    def __init__(self, element: Any) -> None:
        RenderError.__init__(self, element)
        self.element = element

    def __repr__(self) -> str:
        return f"{self.__class__.__name__!r}: {self.element!r} had no loader"


class UnexposedMethodError(Exception):
    """A method was asked for that is not there or not marked as one for others."""


class UnfilledSlot(Exception):
    """Nothing fills a slot of a document."""


class UnsupportedType(Exception):
    """Something in a document is of a kind that nobody knows how to write."""


class ExcessiveBufferingError(Exception):
    """More was to be kept in memory than is allowed."""


#: How much of a long text is shown of its beginning, and of its end.
_SHOWN = 20


class FlattenerError(Exception):
    """
    A document could not be written.

    @ivar exception: why.
    """

    def __init__(
        self, exception: Exception, roots: Sequence[Any], traceback: StackSummary | None
    ) -> None:
        """
        @param roots: what was being written: the document, a part of it, a part of that, and so on.
        @param traceback: where the exception came from, as `traceback.extract_tb` tells it.
        """
        Exception.__init__(self, exception, roots, traceback)
        self._exception = self.exception = exception
        self._roots = list(roots)
        self._traceback = traceback

    def _formatRoot(self, obj: Any) -> str:
        """Something of a document in a few words."""
        # Documents import this module.
        from twisted.web._stan import Tag

        if isinstance(obj, (bytes, str)):
            if len(obj) <= 2 * _SHOWN:
                return ascii(obj)
            beginning, end = ascii(obj[:_SHOWN]), ascii(obj[-_SHOWN:])
            return f"{beginning[:-1]}<...>{end.lstrip('b')[1:]}"
        if isinstance(obj, Tag):
            if obj.filename is None:
                return f"Tag <{_text(obj.tagName)}>"
            return (
                f'File "{obj.filename}", line {obj.lineNumber}, column {obj.columnNumber}, in'
                f' "{_text(obj.tagName)}"'
            )
        return repr(obj)

    def __repr__(self) -> str:
        way = "".join(f"  {self._formatRoot(root)}\n" for root in self._roots)
        where = "" if self._traceback is None else "".join(format_list(self._traceback))
        reason = "".join(format_exception_only(type(self.exception), self.exception))
        return f"Exception while flattening:\n{way}{where}{reason}"

    def __str__(self) -> str:
        return repr(self)


def _text(name: bytes | str) -> str:
    return name if isinstance(name, str) else name.decode("ascii", "replace")
