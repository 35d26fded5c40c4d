"""Agents that do what answers say: follow to other places, keep cookies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from http.cookiejar import CookieJar
from typing import Any

from zope.interface import implementer

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.web import error
from twisted.web._client._bodies import discard, rewound
from twisted.web._client._errors import ResponseFailed
from twisted.web._client._uri import URI, joined
from twisted.web._responses import (
    FOUND,
    MOVED_PERMANENTLY,
    PERMANENT_REDIRECT,
    SEE_OTHER,
    TEMPORARY_REDIRECT,
)
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent

__all__ = [
    "BrowserLikeRedirectAgent",
    "CookieAgent",
    "CookieRequest",
    "CookieResponse",
    "FollowingAgent",
    "RedirectAgent",
]

#: Headers that only the server they were meant for gets.
_SENSITIVE = (
    b"authorization",
    b"cookie",
    b"cookie2",
    b"host",
    b"proxy-authorization",
    b"www-authenticate",
)

_REDIRECTS = frozenset(
    {MOVED_PERMANENTLY, FOUND, SEE_OTHER, TEMPORARY_REDIRECT, PERMANENT_REDIRECT}
)

#: Headers about a body, which go with it when a request is made one without.
_OF_BODIES = (b"content-encoding", b"content-language", b"content-length", b"content-type")


@implementer(IAgent)
class RedirectAgent:
    """
    Follows answers that say that something is elsewhere (RFC 9110, section 15.4).

    Only requests by GET and HEAD follow; after 303, all others do with GET. Credentials are not
    taken to another origin, which is another scheme, host or port, and no other schemes than HTTP's
    are followed.
    """

    __module__ = "twisted.web.client"

    _redirectResponses: Sequence[int] = (
        MOVED_PERMANENTLY,
        FOUND,
        TEMPORARY_REDIRECT,
        PERMANENT_REDIRECT,
    )
    _seeOtherResponses: Sequence[int] = (SEE_OTHER,)

    def __init__(
        self, agent: Any, redirectLimit: int = 20, sensitiveHeaderNames: Iterable[bytes] = ()
    ) -> None:
        """
        @param agent: asks.
        @param redirectLimit: how often in a row is followed.
        @param sensitiveHeaderNames: further headers that are not taken to another origin.
        """
        self._agent = agent
        self._redirectLimit = redirectLimit
        self._sensitiveHeaderNames = {*_SENSITIVE, *(n.lower() for n in sensitiveHeaderNames)}

    def request(
        self, method: bytes, uri: bytes, headers: Headers | None = None, bodyProducer: Any = None
    ) -> Deferred[Any]:
        """
        Ask for something; see `Agent.request`.

        It also fails with `ResponseFailed` that has `twisted.web.error.RedirectWithNoLocation`,
        `InfiniteRedirection` or `PageRedirect` as its reason.
        """
        asked: Deferred[Any] = self._agent.request(method, uri, headers, bodyProducer)
        return asked.addCallback(self._handleResponse, method, uri, headers, (uri,), bodyProducer)

    def mayFollow(self, uri: URI) -> bool:
        """
        Whether a place is one to follow to; override this to keep to some servers.
        """
        return uri.scheme in (b"http", b"https")

    def _handleRedirect(
        self,
        response: Any,
        method: bytes,
        uri: bytes,
        headers: Headers | None,
        way: tuple[bytes, ...],
        body: Any = None,
    ) -> Deferred[Any]:
        """
        Ask at the place that an answer names.

        @param way: where was asked so far.
        @param body: the body to send there.

        @raise ResponseFailed: if it names none, or there were too many.
        """
        code = b"%d" % response.code
        if len(way) > self._redirectLimit:
            self._refuse(
                error.InfiniteRedirection(code, b"Infinite redirection detected", location=way[0]),
                response,
            )
        locations = response.headers.getRawHeaders(b"location", [])
        if not locations:
            self._refuse(
                error.RedirectWithNoLocation(code, b"No location header field", uri), response
            )
        location = self._resolveLocation(uri, locations[0])
        there = URI.fromBytes(location)
        if not self.mayFollow(there):
            self._refuse(error.PageRedirect(code, b"Not followed", location=location), response)
        if headers is not None and there.origin != URI.fromBytes(uri).origin:
            headers = Headers(
                {
                    name: values
                    for name, values in headers.getAllRawHeaders()
                    if name.lower() not in self._sensitiveHeaderNames
                }
            )
        asked: Deferred[Any] = self._agent.request(method, location, headers, body)

        def answered(following: Any) -> Any:
            following.setPreviousResponse(response)
            further = (*way, location)
            return self._handleResponse(following, method, location, headers, further, body)

        return asked.addCallback(answered)

    @staticmethod
    def _refuse(problem: error.Error, response: Any) -> None:
        raise ResponseFailed([Failure(problem)], response)

    def _resolveLocation(self, requestURI: bytes, location: bytes) -> bytes:
        """The URL that a ``Location`` means."""
        return joined(requestURI, location)

    def _handleResponse(
        self,
        response: Any,
        method: bytes,
        uri: bytes,
        headers: Headers | None,
        way: tuple[bytes, ...],
        body: Any = None,
    ) -> Any:
        """Give an answer back, or follow it."""
        if response.code in self._redirectResponses:
            if method not in (b"GET", b"HEAD"):
                self._refuse(error.PageRedirect(b"%d" % response.code, location=uri), response)
            return self._handleRedirect(response, method, uri, headers, way)
        if response.code in self._seeOtherResponses:
            if method != b"HEAD" and headers is not None and method != b"GET":
                headers = _withoutBody(headers)
            return self._handleRedirect(response, b"GET", uri, headers, way)
        return response


def _withoutBody(headers: Headers) -> Headers:
    """Headers for a request that had a body, and has none now."""
    headers = headers.copy()
    for name in _OF_BODIES:
        headers.removeHeader(name)
    return headers


class BrowserLikeRedirectAgent(RedirectAgent):
    """
    Follows as browsers do: after 301 and 302, too, all requests do with GET.
    """

    __module__ = "twisted.web.client"

    _redirectResponses = (TEMPORARY_REDIRECT, PERMANENT_REDIRECT)
    _seeOtherResponses = (MOVED_PERMANENTLY, FOUND, SEE_OTHER)


class FollowingAgent(RedirectAgent):
    """
    Follows as the Fetch standard says (section 4.4): POST becomes GET after 301 and 302, all but
    HEAD after 303, and otherwise the body is sent again. Where that cannot be done, and where no
    place is named, the answer itself is given.

    Bodies of answers that it follows are done without.
    """

    def __init__(self, agent: Any, redirectLimit: int, mayFollow: Callable[[URI], bool] | None):
        """
        @param mayFollow: says, beyond the scheme, whether a place is one to follow to.
        """
        super().__init__(agent, redirectLimit)
        self._mayFollow = mayFollow

    def mayFollow(self, uri: URI) -> bool:
        """Whether a place is one to follow to."""
        return super().mayFollow(uri) and (self._mayFollow is None or self._mayFollow(uri))

    def _handleResponse(
        self,
        response: Any,
        method: bytes,
        uri: bytes,
        headers: Headers | None,
        way: tuple[bytes, ...],
        body: Any = None,
    ) -> Any:
        code = response.code
        if code not in _REDIRECTS or not response.headers.hasHeader(b"location"):
            return response
        if (code == SEE_OTHER and method not in (b"GET", b"HEAD")) or (
            code in (MOVED_PERMANENTLY, FOUND) and method == b"POST"
        ):
            method, body = b"GET", None
            headers = None if headers is None else _withoutBody(headers)
        elif body is not None and not rewound(body):
            return response
        discard(response)
        return self._handleRedirect(response, method, uri, headers, way, body)


class CookieRequest:
    """A request, as `http.cookiejar` wants it."""

    unverifiable = False

    def __init__(self, uri: bytes) -> None:
        parsed = URI.fromBytes(uri)
        self.uri = uri.decode("ascii", "replace")
        self.headers = self._twistedHeaders = Headers()
        self.type = parsed.scheme.decode("ascii", "replace")
        self.host = parsed.netloc.decode("ascii", "replace")
        self.origin_req_host = parsed.host.decode("ascii", "replace")

    def has_header(self, header: str) -> bool:
        """Whether there is a header."""
        return self.headers.hasHeader(header)

    def add_unredirected_header(self, name: str, value: str) -> None:
        """Add a header."""
        self.headers.addRawHeader(name, value)

    def get_header(self, name: str, default: str | None = None) -> str | None:
        """The first value of a header."""
        values = self.headers.getRawHeaders(name)
        return values[0] if values else default

    def get_full_url(self) -> str:
        """The URL."""
        return self.uri

    def get_host(self) -> str:
        """The host and the port."""
        return self.host

    def get_type(self) -> str:
        """The scheme."""
        return self.type

    def get_origin_req_host(self) -> str:
        """The host."""
        return self.origin_req_host

    def is_unverifiable(self) -> bool:
        """Whether the user has no way to refuse it."""
        return self.unverifiable


class CookieResponse:
    """An answer, as `http.cookiejar` wants it."""

    def __init__(self, response: Any) -> None:
        self.response = response

    def info(self) -> CookieResponse:
        """Its headers."""
        return self

    def get_all(self, name: str, default: Any = None) -> list[str]:
        """The values of a header."""
        values = self.response.headers.getRawHeaders(name.encode("ascii"), default or [])
        return [value.decode("iso-8859-1") for value in values]


@implementer(IAgent)
class CookieAgent:
    """
    Keeps the cookies that come, and sends those that belong to what is asked for.

    @ivar cookieJar: where they are kept.
    """

    __module__ = "twisted.web.client"

    def __init__(self, agent: Any, cookieJar: CookieJar) -> None:
        """
        @param agent: asks.
        """
        self._agent = agent
        self.cookieJar = cookieJar

    def request(
        self, method: bytes, uri: bytes, headers: Headers | None = None, bodyProducer: Any = None
    ) -> Deferred[Any]:
        """Ask for something, with cookies unless some are given; see `Agent.request`."""
        headers = Headers() if headers is None else headers
        asking = CookieRequest(uri)
        if not headers.hasHeader(b"cookie"):
            self.cookieJar.add_cookie_header(asking)  # type: ignore[arg-type]
            cookie = asking.get_header("Cookie")
            if cookie is not None:
                headers = headers.copy()
                headers.addRawHeader(b"cookie", cookie.encode("iso-8859-1"))
        asked: Deferred[Any] = self._agent.request(method, uri, headers, bodyProducer)

        def answered(response: Any) -> Any:
            if not response.headers.hasHeader(b"set-cookie"):
                return response
            self.cookieJar.extract_cookies(CookieResponse(response), asking)  # type: ignore[arg-type]
            return response

        return asked.addCallback(answered)
