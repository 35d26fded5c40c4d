"""
An HTTP/1.1 client.

::

    agent = Agent(reactor)
    response = await agent.request(b"GET", b"http://example.com/")
    body = await readBody(response)

An `Agent` asks, a `HTTPConnectionPool` keeps connections, and other agents around it do what
answers say: `RedirectAgent`, `CookieAgent`, `ContentDecoderAgent`.
"""

from __future__ import annotations

from typing import Any
from warnings import warn

from twisted.protocols.socks import ProxyError
from twisted.web._client._addresses import AddressRefused, isPublicAddress
from twisted.web._client._agents import Agent, ProxyAgent, _AgentBase, _StandardEndpointFactory
from twisted.web._client._bodies import (
    BodyTooLarge,
    FileBodyProducer,
    PartialDownloadError,
    readBody,
)
from twisted.web._client._connection import HTTP11ClientProtocol
from twisted.web._client._cookies import CarefulCookiePolicy
from twisted.web._client._decoding import (
    BrotliDecoder,
    ContentDecoderAgent,
    DeflateDecoder,
    GzipDecoder,
    ZstdDecoder,
    installedDecoders,
)
from twisted.web._client._errors import (
    ConnectTimeout,
    PoolFull,
    PoolTimeout,
    ReadTimeout,
    RequestGenerationFailed,
    RequestNotSent,
    RequestTimeout,
    RequestTransmissionFailed,
    ResponseDone,
    ResponseFailed,
    ResponseNeverReceived,
    StreamReset,
    WriteTimeout,
)
from twisted.web._client._following import BrowserLikeRedirectAgent, CookieAgent, RedirectAgent
from twisted.web._client._following import CookieRequest as _FakeStdlibRequest
from twisted.web._client._following import CookieResponse as _FakeStdlibResponse
from twisted.web._client._policies import BrowserLikePolicyForHTTPS, HostnameCachingHTTPSPolicy
from twisted.web._client._pool import HTTP11ClientFactory as _HTTP11ClientFactory
from twisted.web._client._pool import HTTPConnectionPool
from twisted.web._client._pool import RetryingHTTP11ClientProtocol as _RetryingHTTP11ClientProtocol
from twisted.web._client._proxied import ProxiedAgent
from twisted.web._client._proxies import Proxies, Proxy
from twisted.web._client._request import Request
from twisted.web._client._response import Response
from twisted.web._client._uri import URI
from twisted.web._client._uri import joined as _urljoin
from twisted.web.error import SchemeNotSupported
from twisted.web.http import PotentialDataLoss
from twisted.web.http_headers import Headers
from twisted.web.iweb import UNKNOWN_LENGTH, IAgent, IBodyProducer, IPolicyForHTTPS, IResponse

__all__ = [
    "UNKNOWN_LENGTH",
    "URI",
    "AddressRefused",
    "Agent",
    "BodyTooLarge",
    "BrotliDecoder",
    "BrowserLikePolicyForHTTPS",
    "BrowserLikeRedirectAgent",
    "CarefulCookiePolicy",
    "ConnectTimeout",
    "ContentDecoderAgent",
    "CookieAgent",
    "DeflateDecoder",
    "FileBodyProducer",
    "GzipDecoder",
    "HTTP11ClientProtocol",
    "HTTPConnectionPool",
    "Headers",
    "HostnameCachingHTTPSPolicy",
    "IAgent",
    "IBodyProducer",
    "IPolicyForHTTPS",
    "IResponse",
    "PartialDownloadError",
    "PoolFull",
    "PoolTimeout",
    "PotentialDataLoss",
    "ProxiedAgent",
    "Proxies",
    "Proxy",
    "ProxyAgent",
    "ProxyError",
    "ReadTimeout",
    "RedirectAgent",
    "Request",
    "RequestGenerationFailed",
    "RequestNotSent",
    "RequestTimeout",
    "RequestTransmissionFailed",
    "Response",
    "ResponseDone",
    "ResponseFailed",
    "ResponseNeverReceived",
    "SchemeNotSupported",
    "StreamReset",
    "WriteTimeout",
    "ZstdDecoder",
    "_AgentBase",
    "_FakeStdlibRequest",
    "_FakeStdlibResponse",
    "_HTTP11ClientFactory",
    "_RetryingHTTP11ClientProtocol",
    "_StandardEndpointFactory",
    "_urljoin",
    "installedDecoders",
    "isPublicAddress",
    "readBody",
]


def __getattr__(name: str) -> Any:
    if name == "HTTP2ConnectionPool":
        # It needs an extra.
        from twisted.web._client._http2pool import HTTP2ConnectionPool

        return HTTP2ConnectionPool
    if name != "WebClientContextFactory":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    warn(
        "twisted.web.client.WebClientContextFactory was deprecated in Twisted 14.0.0: please use"
        " twisted.web.client.BrowserLikePolicyForHTTPS instead",
        DeprecationWarning,
        stacklevel=2,
    )
    # It needs an extra, and few want it.
    from twisted.web._client._contexts import WebClientContextFactory

    return WebClientContextFactory
