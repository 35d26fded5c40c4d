"""Asking through proxies: of HTTP, with tunnels for HTTPS, and of SOCKS."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any

from zope.interface import implementer

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.protocols.socks import (
    HTTPConnectEndpoint,
    ProxyError,
    SOCKS4ClientEndpoint,
    SOCKS5ClientEndpoint,
)
from twisted.web._client._addresses import CheckedEndpoint
from twisted.web._client._agents import Agent, _StandardEndpointFactory, checkedRequest
from twisted.web._client._bodies import discard
from twisted.web._client._policies import BrowserLikePolicyForHTTPS
from twisted.web._client._proxies import Proxies, Proxy
from twisted.web._client._uri import URI
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgentEndpointFactory, IPolicyForHTTPS

__all__ = ["ProxiedAgent"]

_TUNNELS: dict[str, Any] = {
    "http": HTTPConnectEndpoint,
    "https": HTTPConnectEndpoint,
    "socks5": SOCKS5ClientEndpoint,
    "socks4": SOCKS4ClientEndpoint,
}

_PROXY_AUTHENTICATION_REQUIRED = 407


def _forwards(proxy: Proxy, uri: URI) -> bool:
    """Whether a proxy asks by itself (RFC 9112, section 3.2.2), instead of making a tunnel."""
    return uri.scheme == b"http" and proxy.kind in ("http", "https")


@implementer(IAgentEndpointFactory)
class _ProxiedEndpointFactory(_StandardEndpointFactory):
    """Connects to hosts directly or through a proxy, whatever is right for a URL."""

    def __init__(
        self,
        reactor: Any,
        contextFactory: Any,
        connectTimeout: float | None,
        bindAddress: Any,
        proxies: Any,
        mayConnect: Callable[[Any], bool] | None,
    ) -> None:
        super().__init__(reactor, contextFactory, connectTimeout, bindAddress)
        self._proxies = proxies
        self._mayConnect = mayConnect

    def proxyEndpoint(self, proxy: Proxy) -> Any:
        """Connects to a proxy."""
        endpoint = HostnameEndpoint(self._reactor, proxy.host, proxy.port, **self._options())
        if proxy.kind != "https":
            return endpoint
        host = proxy.host.encode("ascii")
        return wrapClientTLS(self._policyForHTTPS.creatorForNetloc(host, proxy.port), endpoint)

    def _streamEndpoint(self, uri: URI, host: str) -> Any:
        proxy = self._proxies.proxyFor(uri)
        if proxy is None:
            endpoint = super()._streamEndpoint(uri, host)
            if self._mayConnect is not None:
                endpoint = CheckedEndpoint(endpoint, self._mayConnect)
            return endpoint
        return _TUNNELS[proxy.kind](
            self.proxyEndpoint(proxy), host, uri.port, proxy.credentials, self._reactor
        )


class ProxiedAgent(Agent):
    """
    Asks servers of HTTP and HTTPS through proxies.

    A proxy of HTTP is asked for what is at URLs of HTTP, and for a tunnel to a server of HTTPS
    (CONNECT, RFC 9110, section 9.3.6); one of SOCKS always makes a tunnel. Certificates are those
    of the server. Names of hosts are looked up by the proxy.
    """

    __module__ = "twisted.web.client"

    def __init__(
        self,
        reactor: Any,
        proxies: Proxies | Proxy | str | None = None,
        contextFactory: IPolicyForHTTPS = BrowserLikePolicyForHTTPS(),  # noqa: B008
        connectTimeout: float | None = None,
        bindAddress: Any = None,
        pool: Any = None,
        mayConnect: Callable[[Any], bool] | None = None,
    ) -> None:
        """
        See `Agent` for what is not said here.

        @param proxies: which; one for everything, or its URL; None for what the environment says.
            Anything that has `Proxies.proxyFor` does.
        @param contextFactory: for servers, and for proxies that are reached by TLS.
        @param mayConnect: called with the address, of `ipaddress`, of each host that is connected
            to without a proxy; if it gives false, the request fails with `AddressRefused`.
        @raise ValueError: if a URL, or the environment, names no proxy.
        """
        super().__init__(reactor, contextFactory, connectTimeout, bindAddress, pool)
        if proxies is None:
            proxies = Proxies.fromEnvironment()
        elif isinstance(proxies, (str, Proxy)):
            proxies = Proxies(proxies, proxies)
        self._proxies = proxies
        self._endpointFactory: Any = _ProxiedEndpointFactory(
            reactor, contextFactory, connectTimeout, bindAddress, proxies, mayConnect
        )

    def _poolKey(self, uri: URI) -> Any:
        """Tunnels are kept by the proxy and the origin."""
        return (*super()._poolKey(uri), self._proxies.proxyFor(uri))

    def request(
        self, method: bytes, uri: bytes, headers: Headers | None = None, bodyProducer: Any = None
    ) -> Deferred[Any]:
        """
        Ask for something; see `Agent.request`.

        It also fails with `ProxyError` if the proxy does not connect; its ``code`` is 407 if the
        proxy wants to know, or does not accept, who one is.
        """
        method, uri = checkedRequest(method, uri)
        parsed = URI.fromBytes(uri)
        proxy = self._proxies.proxyFor(parsed)
        if proxy is None or not _forwards(proxy, parsed):
            return super().request(method, uri, headers, bodyProducer)
        headers = Headers() if headers is None else headers
        if proxy.credentials is not None and not headers.hasHeader(b"proxy-authorization"):
            headers = headers.copy()
            token = b64encode(":".join(proxy.credentials).encode("utf-8"))
            headers.addRawHeader(b"proxy-authorization", b"Basic " + token)
        asked = self._requestWithEndpoint(
            ("http-proxy", proxy),
            self._endpointFactory.proxyEndpoint(proxy),
            method,
            parsed,
            headers,
            bodyProducer,
            uri.partition(b"#")[0],
        )
        return asked.addCallback(self._unlessRefused)

    @staticmethod
    def _unlessRefused(response: Any) -> Any:
        if response.code != _PROXY_AUTHENTICATION_REQUIRED:
            return response
        discard(response)
        raise ProxyError(
            "the proxy refuses to ask: 407 " + response.phrase.decode("latin-1"), response.code
        )
