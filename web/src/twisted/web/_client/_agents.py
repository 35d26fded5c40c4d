"""Asking servers: directly, and through proxies."""

from __future__ import annotations

from typing import Any
from warnings import warn

from zope.interface import implementer

from twisted.internet.defer import Deferred, fail
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.python.failure import Failure
from twisted.web._client._policies import BrowserLikePolicyForHTTPS, ContextFactoryPolicy
from twisted.web._client._pool import HTTPConnectionPool
from twisted.web._client._request import Request, checkedMethod, checkedURI
from twisted.web._client._uri import URI
from twisted.web.error import SchemeNotSupported
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IAgentEndpointFactory, IPolicyForHTTPS

__all__ = ["Agent", "ProxyAgent", "checkedRequest", "hostValue"]


def checkedRequest(method: bytes, uri: bytes) -> tuple[bytes, bytes]:
    """
    A method and a URI that are such.

    @raise TypeError: if one is text.
    @raise ValueError: if one is none.
    """
    for what, value in (("method", method), ("URI", uri)):
        if not isinstance(value, bytes):
            raise TypeError(f"a {what} is bytes, not {value!r}")
    return checkedMethod(method), checkedURI(uri.strip())


def hostValue(scheme: bytes, host: bytes, port: int) -> bytes:
    """What the header ``Host`` says (RFC 9110, section 7.2)."""
    if b":" in host:
        host = b"[" + host + b"]"
    if (scheme, port) in ((b"http", 80), (b"https", 443)):
        return host
    return b"%b:%d" % (host, port)


class _AgentBase:
    """What all agents do."""

    def __init__(self, reactor: Any, pool: Any) -> None:
        if pool is None:
            pool = HTTPConnectionPool(reactor, False)
        self._reactor = reactor
        self._pool = pool

    def _computeHostValue(self, scheme: bytes, host: bytes, port: int) -> bytes:
        return hostValue(scheme, host, port)

    def _requestWithEndpoint(
        self,
        key: Any,
        endpoint: Any,
        method: bytes,
        parsedURI: URI,
        headers: Headers | None,
        bodyProducer: Any,
        requestPath: bytes,
    ) -> Deferred[Any]:
        """Ask a server over a connection of the pool."""
        headers = Headers() if headers is None else headers
        if not headers.hasHeader(b"host"):
            headers = headers.copy()
            host = self._computeHostValue(parsedURI.scheme, parsedURI.host, parsedURI.port)
            headers.addRawHeader(b"host", host)
        request = Request._construct(
            method,
            requestPath,
            headers,
            bodyProducer,
            persistent=self._pool.persistent,
            parsedURI=parsedURI,
        )
        connecting: Deferred[Any] = self._pool.getConnection(key, endpoint)
        return connecting.addCallback(lambda connection: connection.request(request))


@implementer(IAgentEndpointFactory)
class _StandardEndpointFactory:
    """
    Connects to the host and the port of a URL, for HTTPS with TLS.
    """

    def __init__(
        self,
        reactor: Any,
        contextFactory: Any,
        connectTimeout: float | None,
        bindAddress: Any,
    ) -> None:
        self._reactor = reactor
        self._policyForHTTPS = contextFactory
        self._connectTimeout = connectTimeout
        self._bindAddress = bindAddress

    def endpointForURI(self, uri: URI) -> Any:
        """
        The endpoint for a URL.

        @raise SchemeNotSupported: if it is neither of HTTP nor of HTTPS.
        @raise ValueError: if the host is not in ASCII.
        """
        if uri.scheme not in (b"http", b"https"):
            raise SchemeNotSupported(f"Unsupported scheme: {uri.scheme!r}")
        try:
            host = uri.host.decode("ascii")
        except UnicodeDecodeError:
            raise ValueError(
                f"The host of the provided URI ({uri.host!r}) contains non-ASCII octets, it should"
                " be ASCII decodable."
            ) from None
        endpoint = self._streamEndpoint(uri, host)
        if uri.scheme == b"http":
            return endpoint
        return wrapClientTLS(self._policyForHTTPS.creatorForNetloc(uri.host, uri.port), endpoint)

    def _options(self) -> dict[str, Any]:
        """How is connected."""
        options: dict[str, Any] = {"bindAddress": self._bindAddress}
        if self._connectTimeout is not None:
            options["timeout"] = self._connectTimeout
        return options

    def _streamEndpoint(self, uri: URI, host: str) -> Any:
        """Connects to the host of a URL, without TLS as yet."""
        return HostnameEndpoint(self._reactor, host, uri.port, **self._options())


@implementer(IAgent)
class Agent(_AgentBase):
    """
    Asks servers of HTTP and HTTPS.

    It does no more than that: see `RedirectAgent`, `CookieAgent` and `ContentDecoderAgent`.
    """

    __module__ = "twisted.web.client"

    def __init__(
        self,
        reactor: Any,
        contextFactory: Any = BrowserLikePolicyForHTTPS(),  # noqa: B008
        connectTimeout: float | None = None,
        bindAddress: Any = None,
        pool: Any = None,
    ) -> None:
        """
        @param contextFactory: an `IPolicyForHTTPS`.
        @param connectTimeout: how many seconds connecting may take.
        @param bindAddress: the address of this side.
        @param pool: keeps connections; by default none is kept.
        """
        _AgentBase.__init__(self, reactor, pool)
        if not IPolicyForHTTPS.providedBy(contextFactory):
            warn(
                f"{contextFactory!r} was passed as the HTTPS policy for an Agent, but it does not"
                " provide IPolicyForHTTPS.  Since Twisted 14.0, you must pass a provider of"
                " IPolicyForHTTPS.",
                DeprecationWarning,
                stacklevel=2,
            )
            contextFactory = ContextFactoryPolicy(contextFactory)
        self._endpointFactory: Any = _StandardEndpointFactory(
            reactor, contextFactory, connectTimeout, bindAddress
        )

    @classmethod
    def usingEndpointFactory(cls, reactor: Any, endpointFactory: Any, pool: Any = None) -> Agent:
        """
        An agent that connects in a way of its own.

        @param endpointFactory: an `IAgentEndpointFactory`.
        """
        agent = cls.__new__(cls)
        _AgentBase.__init__(agent, reactor, pool)
        agent._endpointFactory = endpointFactory
        return agent

    def _poolKey(self, uri: URI) -> Any:
        """Under what connections for a URL are kept."""
        return uri.scheme, uri.host, uri.port

    def _getEndpoint(self, uri: URI) -> Any:
        return self._endpointFactory.endpointForURI(uri)

    def request(
        self, method: bytes, uri: bytes, headers: Headers | None = None, bodyProducer: Any = None
    ) -> Deferred[Any]:
        """
        Ask for something.

        @param uri: the whole URL.
        @param bodyProducer: an `IBodyProducer`, or None.
        @return: fires with an `IResponse` when its head has come; fails with what keeps this from
            connecting, `SchemeNotSupported`, `RequestGenerationFailed`,
            `RequestTransmissionFailed` or `ResponseFailed`. Cancelling it ends the connection.
        @raise TypeError: if the method or the URL is text.
        @raise ValueError: if one of them is none.
        """
        method, uri = checkedRequest(method, uri)
        parsed = URI.fromBytes(uri)
        try:
            endpoint = self._getEndpoint(parsed)
        except SchemeNotSupported:
            return fail(Failure())
        return self._requestWithEndpoint(
            self._poolKey(parsed),
            endpoint,
            method,
            parsed,
            headers,
            bodyProducer,
            parsed.originForm,
        )


@implementer(IAgent)
class ProxyAgent(_AgentBase):
    """
    Asks servers of HTTP through a proxy.
    """

    __module__ = "twisted.web.client"

    def __init__(self, endpoint: Any, reactor: Any = None, pool: Any = None) -> None:
        """
        @param endpoint: connects to the proxy.
        """
        if reactor is None:
            # It is needed only here.
            from twisted.internet import reactor
        _AgentBase.__init__(self, reactor, pool)
        self._proxyEndpoint = endpoint

    def request(
        self, method: bytes, uri: bytes, headers: Headers | None = None, bodyProducer: Any = None
    ) -> Deferred[Any]:
        """Ask for something; see `Agent.request`."""
        method, uri = checkedRequest(method, uri)
        # Which server is asked makes no difference to the connection.
        key = ("http-proxy", self._proxyEndpoint)
        return self._requestWithEndpoint(
            key, self._proxyEndpoint, method, URI.fromBytes(uri), headers, bodyProducer, uri
        )
