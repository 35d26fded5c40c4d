"""
HTTP/1.1, the server's side (RFC 9110, RFC 9112).

`HTTPChannel` reads requests from a connection, `Request` is one of them with its answer, and
`HTTPFactory` listens and keeps the access log.  `twisted.web.server` adds resources and sessions.
"""

from __future__ import annotations

from calendar import timegm as _timegm
from collections.abc import Iterable
from io import BytesIO
from typing import Any
from urllib.parse import ParseResultBytes
from urllib.parse import urlparse as _urlparse

from incremental import Version
from zope.interface import Attribute, Interface

from twisted.python.deprecate import deprecatedModuleAttribute
from twisted.web._h2._limits import HTTP2Limits
from twisted.web._http._accesslog import (
    combinedLogFormatter,
    jsonLogFormatter,
    proxiedLogFormatter,
)
from twisted.web._http._body import from_chunk as fromChunk
from twisted.web._http._body import to_chunk as toChunk
from twisted.web._http._channel import HTTPChannel
from twisted.web._http._dates import datetimeToLogString, datetimeToString, stringToDatetime
from twisted.web._http._decoders import ChunkedTransferDecoder as _ChunkedTransferDecoder
from twisted.web._http._decoders import DataLoss as _DataLoss
from twisted.web._http._decoders import IdentityTransferDecoder as _IdentityTransferDecoder
from twisted.web._http._decoders import MalformedChunkedData as _MalformedChunkedDataError
from twisted.web._http._decoders import PotentialDataLoss
from twisted.web._http._factory import HTTPFactory
from twisted.web._http._forms import parse_qs
from twisted.web._http._oldclient import HTTPClient
from twisted.web._http._request import CACHED, NO_BODY_CODES, Request
from twisted.web._http._upgrade import HTTP2_ENABLED as _HTTP2_ENABLED
from twisted.web._http._uploads import UploadedFile
from twisted.web._responses import (
    ACCEPTED,
    BAD_GATEWAY,
    BAD_REQUEST,
    CONFLICT,
    CREATED,
    EXPECTATION_FAILED,
    FORBIDDEN,
    FOUND,
    GATEWAY_TIMEOUT,
    GONE,
    HTTP_VERSION_NOT_SUPPORTED,
    IM_A_TEAPOT,
    INSUFFICIENT_STORAGE_SPACE,
    INTERNAL_SERVER_ERROR,
    LENGTH_REQUIRED,
    MOVED_PERMANENTLY,
    MULTI_STATUS,
    MULTIPLE_CHOICE,
    NO_CONTENT,
    NON_AUTHORITATIVE_INFORMATION,
    NOT_ACCEPTABLE,
    NOT_ALLOWED,
    NOT_EXTENDED,
    NOT_FOUND,
    NOT_IMPLEMENTED,
    NOT_MODIFIED,
    OK,
    PARTIAL_CONTENT,
    PAYMENT_REQUIRED,
    PERMANENT_REDIRECT,
    PRECONDITION_FAILED,
    PROXY_AUTH_REQUIRED,
    REQUEST_ENTITY_TOO_LARGE,
    REQUEST_TIMEOUT,
    REQUEST_URI_TOO_LONG,
    REQUESTED_RANGE_NOT_SATISFIABLE,
    RESET_CONTENT,
    RESPONSES,
    SEE_OTHER,
    SERVICE_UNAVAILABLE,
    SWITCHING,
    TEMPORARY_REDIRECT,
    UNAUTHORIZED,
    UNSUPPORTED_MEDIA_TYPE,
    USE_PROXY,
)

__all__ = [
    "ACCEPTED",
    "BAD_GATEWAY",
    "BAD_REQUEST",
    "CACHED",
    "CONFLICT",
    "CREATED",
    "EXPECTATION_FAILED",
    "FORBIDDEN",
    "FOUND",
    "GATEWAY_TIMEOUT",
    "GONE",
    "H2_ENABLED",
    "HTTP_VERSION_NOT_SUPPORTED",
    "IM_A_TEAPOT",
    "INSUFFICIENT_STORAGE_SPACE",
    "INTERNAL_SERVER_ERROR",
    "LENGTH_REQUIRED",
    "MOVED_PERMANENTLY",
    "MULTIPLE_CHOICE",
    "MULTI_STATUS",
    "NON_AUTHORITATIVE_INFORMATION",
    "NOT_ACCEPTABLE",
    "NOT_ALLOWED",
    "NOT_EXTENDED",
    "NOT_FOUND",
    "NOT_IMPLEMENTED",
    "NOT_MODIFIED",
    "NO_BODY_CODES",
    "NO_CONTENT",
    "OK",
    "PARTIAL_CONTENT",
    "PAYMENT_REQUIRED",
    "PERMANENT_REDIRECT",
    "PRECONDITION_FAILED",
    "PROXY_AUTH_REQUIRED",
    "REQUESTED_RANGE_NOT_SATISFIABLE",
    "REQUEST_ENTITY_TOO_LARGE",
    "REQUEST_TIMEOUT",
    "REQUEST_URI_TOO_LONG",
    "RESET_CONTENT",
    "RESPONSES",
    "SEE_OTHER",
    "SERVICE_UNAVAILABLE",
    "SWITCHING",
    "TEMPORARY_REDIRECT",
    "UNAUTHORIZED",
    "UNSUPPORTED_MEDIA_TYPE",
    "USE_PROXY",
    "_ChunkedTransferDecoder",
    "_DataLoss",
    "_IDeprecatedHTTPChannelToRequestInterface",
    "_IdentityTransferDecoder",
    "_MalformedChunkedDataError",
    "HTTP2Limits",
    "HTTPChannel",
    "HTTPClient",
    "HTTPFactory",
    "PotentialDataLoss",
    "Request",
    "StringTransport",
    "UploadedFile",
    "combinedLogFormatter",
    "datetimeToLogString",
    "datetimeToString",
    "fromChunk",
    "jsonLogFormatter",
    "parseContentRange",
    "parse_qs",
    "proxiedLogFormatter",
    "stringToDatetime",
    "timegm",
    "toChunk",
    "urlparse",
]


def urlparse(url: bytes) -> ParseResultBytes:
    """
    Take a URL apart.

    @raise TypeError: if it is text.
    """
    if isinstance(url, str):
        raise TypeError("a URL of HTTP is bytes here, not str")
    scheme, netloc, path, params, query, fragment = _urlparse(url)
    return ParseResultBytes(scheme, netloc, path, params, query, fragment)


def parseContentRange(header: str) -> tuple[int, int, int | None]:
    """
    Read a ``Content-Range``: the first and last byte, and the size of the whole if that is known.

    @raise ValueError: if it is something else.
    """
    kind, _, rest = header.strip().partition(" ")
    span, sign, size = rest.partition("/")
    first, dash, last = span.partition("-")
    if kind.lower() != "bytes" or not sign or not dash:
        raise ValueError(f"not a Content-Range in bytes: {header!r}")
    return int(first), int(last), None if size == "*" else int(size)


def timegm(year: int, month: int, day: int, hour: int, minute: int, second: int) -> int:
    """
    Seconds since the epoch of a moment in UTC.

    @raise ValueError: if it is before the epoch.
    """
    if year < 1970:
        raise ValueError("Years prior to 1970 not supported")
    return _timegm((year, month, day, hour, minute, second))


#: Whether HTTP/2 is spoken.
H2_ENABLED = _HTTP2_ENABLED


class StringTransport:
    """A file in memory that takes pieces of data, too."""

    def __init__(self) -> None:
        self.s = BytesIO()

    def writeSequence(self, seq: Iterable[bytes]) -> None:
        """Write pieces of data."""
        self.s.write(b"".join(seq))

    def __getattr__(self, attr: str) -> Any:
        return getattr(self.__dict__["s"], attr)


class _IDeprecatedHTTPChannelToRequestInterface(Interface):
    """What a channel calls on requests."""

    requestHeaders = Attribute("The headers that came.")

    def gotLength(length: int | None) -> None:
        """The head is there."""

    def handleContentChunk(data: bytes) -> None:
        """A piece of the body is there."""

    def requestReceived(command: bytes, path: bytes, version: bytes) -> None:
        """The whole request is there."""

    def parseCookies() -> None:
        """Read the cookies that came."""

    def noLongerQueued() -> None:
        """It is the request's turn."""

    def connectionLost(reason: Any) -> None:
        """The connection has ended."""

    def __eq__(other: object) -> bool:  # noqa: PLE0302
        """Whether it is this one."""

    def __ne__(other: object) -> bool:  # noqa: PLE0302
        """Whether it is another one."""

    def __hash__() -> int:
        """A number for this one."""


deprecatedModuleAttribute(
    Version("Twisted", 24, 7, 0),
    "Use twisted.web.client.Agent instead.",
    __name__,
    HTTPClient.__name__,
)
