"""A client for coroutines, over agents."""

from __future__ import annotations

import json as jsonlib
from base64 import b64encode
from collections.abc import AsyncIterable, Callable, Iterable, Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar
from types import TracebackType
from typing import Any, TypeAlias

from twisted.internet.currentreactor import currentReactor
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.web._client._bodies import BytesBodyProducer
from twisted.web._client._cookies import newCookieJar
from twisted.web._client._decoding import ContentDecoderAgent, installedDecoders
from twisted.web._client._following import CookieAgent, FollowingAgent
from twisted.web._client._policies import BrowserLikePolicyForHTTPS, HostnameCachingHTTPSPolicy
from twisted.web._client._pool import HTTPConnectionPool
from twisted.web._client._proxied import ProxiedAgent
from twisted.web._client._proxies import Proxies, Proxy
from twisted.web._client._reply import ClientResponse, Deadline, plainError
from twisted.web._client._target import Fields, encodedFields, preparedURL
from twisted.web._client._uploads import (
    Files,
    IterableBodyProducer,
    PiecesBodyProducer,
    multipartForm,
)
from twisted.web._client._uri import URI
from twisted.web._http._upgrade import HTTP2_ENABLED
from twisted.web._version import __version__
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IBodyProducer

__all__ = ["Client", "Timeouts"]

HeaderFields: TypeAlias = Headers | Mapping[str, str | list[str]] | None

#: A value that stands for what the client was told.
_USUAL: Any = object()


@dataclass(frozen=True)
class Timeouts:
    """
    How long things may take, in seconds; None for any time.

    @ivar connect: making a connection, through proxies too.
    @ivar read: the time in which a server sends nothing.
    @ivar write: the time in which it takes nothing of what is sent.
    @ivar pool: waiting for one of the connections that there may be.
    @ivar total: all of it, and the body of the answer.
    """

    connect: float | None = 10
    read: float | None = 30
    write: float | None = 30
    pool: float | None = 30
    total: float | None = None


# Within the class `dataclass` would look there for what annotations mean.
Timeouts.__module__ = "twisted.web.httpclient"


def _asHeaders(fields: HeaderFields) -> Headers:
    """
    Headers, of whatever stands for them.

    @raise ValueError: if there is a line break in one, or a name is none.
    """
    if isinstance(fields, Headers):
        return fields.copy()
    headers = Headers()
    for name, value in (fields or {}).items():
        headers.setRawHeaders(name, [value] if isinstance(value, (str, bytes)) else value)
    return headers


def _newPool(reactor: Any, http2: bool) -> HTTPConnectionPool:
    if not http2:
        return HTTPConnectionPool(reactor)
    # It needs an extra.
    from twisted.web._client._http2pool import HTTP2ConnectionPool

    return HTTP2ConnectionPool(reactor)


class Client:
    """
    Asks servers of HTTP and HTTPS.

    ::

        async with Client() as client:
            response = await client.get("https://example.com/", params={"q": "x"}, timeout=5)
            print(response.code, await response.text())

    It keeps connections and cookies, follows redirects, unpacks bodies, and goes through proxies.
    What it gives are `Deferred`s, which can be awaited.

    @ivar cookies: the `CookieJar`, or None.
    @ivar pool: the `HTTPConnectionPool`.
    """

    __module__ = "twisted.web.httpclient"

    def __init__(
        self,
        reactor: Any = None,
        *,
        base: str = "",
        headers: HeaderFields = None,
        auth: tuple[str, str] | None = None,
        cookies: CookieJar | bool = True,
        redirects: int = 20,
        mayFollow: Callable[[URI], bool] | None = None,
        mayConnect: Callable[[Any], bool] | None = None,
        proxies: Proxies | Proxy | str | None = None,
        policy: Any = None,
        timeouts: Timeouts = Timeouts(),
        maxConnections: int = 100,
        maxConnectionsPerHost: int = 10,
        maxBodySize: int | None = 64 * 2**20,
        http2: bool = HTTP2_ENABLED,
        agent: IAgent | None = None,
    ) -> None:
        """
        @param base: what relative URLs are relative to.
        @param headers: sent with every request, unless that has its own of the name.
        @param auth: a user name and a password (RFC 7617), for all servers that are asked; they go
            to no other origin by a redirect.
        @param cookies: where to keep them; true for a new `CookieJar` with a policy that is
            careful, false for none.
        @param redirects: how many in a row are followed; 0 for none.
        @param mayFollow: says whether a place, a `URI`, is one to follow to.
        @param mayConnect: says whether an address, of `ipaddress`, is one to connect to, such as
            `isPublicAddress`.
        @param proxies: which; `Proxies()` for none. See `ProxiedAgent`.
        @param policy: an `IPolicyForHTTPS`, by default a `BrowserLikePolicyForHTTPS`.
        @param timeouts: how long things may take.
        @param maxConnections: how many connections there may be in all.
        @param maxConnectionsPerHost: how many to a server.
        @param maxBodySize: how many bytes a body may have that is read in one piece; None for any.
        @param http2: whether to offer HTTP/2 to servers of HTTPS; by default if the extra ``http2``
            is there. See `HTTP2ConnectionPool`.
        @param agent: asks in place of one of this client's own; then neither what is said of
            connections nor of proxies counts.
        @raise ValueError: if something makes no sense.
        @raise ImportError: if HTTP/2 is wanted, and the extra ``http2`` is not there.
        """
        self._reactor = currentReactor() if reactor is None else reactor
        self._base = base
        self._headers = _asHeaders(headers)
        self._auth = auth
        self._total = timeouts.total
        self._maxBodySize = maxBodySize
        self.pool = _newPool(self._reactor, http2)
        self.pool.maxConnections = maxConnections
        self.pool.maxConnectionsPerHost = maxConnectionsPerHost
        self.pool.maxPersistentPerHost = maxConnectionsPerHost
        self.pool.poolTimeout = timeouts.pool
        self.pool.connectTimeout = timeouts.connect
        self.pool.writeTimeout = timeouts.write
        self.pool.readTimeout = timeouts.read
        if agent is None:
            agent = ProxiedAgent(
                self._reactor,
                proxies,
                policy or HostnameCachingHTTPSPolicy(BrowserLikePolicyForHTTPS()),
                timeouts.connect,
                pool=self.pool,
                mayConnect=mayConnect,
            )
        agent = ContentDecoderAgent(agent, installedDecoders())
        self.cookies: CookieJar | None = None
        if cookies is not False:
            self.cookies = newCookieJar() if cookies is True else cookies
            agent = CookieAgent(agent, self.cookies)
        self._agent: Any = agent
        self._mayFollow = mayFollow
        self._redirects = redirects
        if not self._headers.hasHeader("user-agent"):
            self._headers.addRawHeader("user-agent", f"twisted-web/{__version__}")
        if not self._headers.hasHeader("accept"):
            self._headers.addRawHeader("accept", "*/*")

    # Asking

    def get(self, url: str, **options: Any) -> Deferred[ClientResponse]:
        """Ask with GET; see `request`."""
        return self.request("GET", url, **options)

    def head(self, url: str, **options: Any) -> Deferred[ClientResponse]:
        """Ask with HEAD; see `request`."""
        return self.request("HEAD", url, **options)

    def options(self, url: str, **options: Any) -> Deferred[ClientResponse]:
        """Ask with OPTIONS; see `request`."""
        return self.request("OPTIONS", url, **options)

    def post(self, url: str, **options: Any) -> Deferred[ClientResponse]:
        """Ask with POST; see `request`."""
        return self.request("POST", url, **options)

    def put(self, url: str, **options: Any) -> Deferred[ClientResponse]:
        """Ask with PUT; see `request`."""
        return self.request("PUT", url, **options)

    def patch(self, url: str, **options: Any) -> Deferred[ClientResponse]:
        """Ask with PATCH; see `request`."""
        return self.request("PATCH", url, **options)

    def delete(self, url: str, **options: Any) -> Deferred[ClientResponse]:
        """Ask with DELETE; see `request`."""
        return self.request("DELETE", url, **options)

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Fields | None = None,
        headers: HeaderFields = None,
        auth: tuple[str, str] | None = None,
        json: Any = None,
        data: Any = None,
        files: Files | None = None,
        timeout: float | None = _USUAL,
        redirects: int | None = None,
    ) -> Deferred[ClientResponse]:
        """
        Ask for something.

        @param params: fields that the query of the URL gets in addition: a mapping, whose values
            may be lists, or pairs.
        @param headers: a mapping or `Headers`.
        @param auth: a user name and a password (RFC 7617); those in a URL do as well.
        @param json: a value to send as JSON.
        @param data: what to send: fields of a form, bytes or text, a file, an `IBodyProducer`, or
            something that gives pieces of bytes, asynchronously or not.
        @param files: files of a form, by the names of its fields: each is bytes, a file, or a tuple
            of its name, one of these, and perhaps its type. The fields of ``data`` go with them.
        @param timeout: how many seconds all of it, with the body of the answer, may take; None for
            any time.
        @param redirects: how many in a row are followed; 0 for none.
        @return: fires with a `ClientResponse` when its head has come, whatever the status. Fails
            with `RequestTimeout`, of which `PoolTimeout`, `ConnectTimeout`, `WriteTimeout` and
            `ReadTimeout` are kinds; what keeps this from connecting; `PageRedirect` or
            `InfiniteRedirection` for places that are not followed to; and as `Agent.request` does.
            Cancelling it ends the connection.
        @raise ValueError: if the method, the URL or a header is none.
        @raise TypeError: if something cannot be sent.
        """
        target, credentials = preparedURL(url, params, self._base)
        fields = self._headers.copy()
        for name, values in _asHeaders(headers).getAllRawHeaders():
            fields.setRawHeaders(name, list(values))
        credentials = auth or credentials or self._auth
        if credentials is not None and not fields.hasHeader(b"authorization"):
            token = b64encode(":".join(credentials).encode("utf-8"))
            fields.addRawHeader(b"authorization", b"Basic " + token)
        body, kind = self._body(json, data, files)
        if kind is not None and not fields.hasHeader(b"content-type"):
            fields.addRawHeader(b"content-type", kind)
        limit = self._redirects if redirects is None else redirects
        agent = FollowingAgent(self._agent, limit, self._mayFollow) if limit else self._agent
        asked: Deferred[Any] = agent.request(method.encode("ascii"), target, fields, body)
        return self._answering(asked, self._total if timeout is _USUAL else timeout)

    def _answering(self, asked: Deferred[Any], timeout: float | None) -> Deferred[ClientResponse]:
        """What is made of an answer, if it comes in time."""
        deadline = None
        if timeout is not None:
            deadline = Deadline(self._reactor, timeout)
            deadline.concern(lambda: lambda late: asked.cancel())

        def answered(response: Any) -> ClientResponse:
            return ClientResponse(response, self._reactor, self._maxBodySize, deadline)

        def failed(failure: Failure) -> Any:
            if deadline is not None:
                deadline.cancel()
                if deadline.expired is not None:
                    raise deadline.expired
            problem = plainError(failure)
            if problem is failure.value:
                return failure
            raise problem from failure.value

        return asked.addCallbacks(answered, failed)

    def _body(self, json: Any, data: Any, files: Files | None) -> tuple[Any, bytes | None]:
        """
        What produces the body of a request, and its type; None for none.

        @raise TypeError: if something cannot be sent.
        """
        if json is not None:
            if data is not None or files is not None:
                raise TypeError("a body is either JSON, or something else")
            text = jsonlib.dumps(json, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
            return BytesBodyProducer(text.encode("utf-8")), b"application/json"
        if files is not None:
            pieces, kind = multipartForm({} if data is None else data, files)
            return PiecesBodyProducer(pieces, self._reactor), kind
        if data is None:
            return None, None
        if isinstance(data, str):
            return BytesBodyProducer(data.encode("utf-8")), b"text/plain; charset=utf-8"
        if isinstance(data, (bytes, bytearray)):
            return BytesBodyProducer(bytes(data)), b"application/octet-stream"
        if IBodyProducer.providedBy(data):
            return data, None
        if hasattr(data, "read"):
            return PiecesBodyProducer([data], self._reactor), b"application/octet-stream"
        if isinstance(data, (Mapping, list, tuple)):
            form = encodedFields(data).encode("ascii")
            return BytesBodyProducer(form), b"application/x-www-form-urlencoded"
        if isinstance(data, (AsyncIterable, Iterable)):
            return IterableBodyProducer(data), b"application/octet-stream"
        raise TypeError(f"this cannot be sent: {data!r}")

    # The end

    def close(self) -> Deferred[None]:
        """
        Close all connections, also those in use.

        @return: fires when they have ended.
        """
        return self.pool.close()

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
