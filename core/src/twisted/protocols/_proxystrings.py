"""Endpoints through proxies as strings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zope.interface import implementer

from twisted.internet.endpoints import HostnameEndpoint, clientFromString
from twisted.internet.interfaces import IStreamClientEndpointStringParserWithReactor
from twisted.plugin import IPlugin

__all__ = ["ProxyClientParser"]


@implementer(IPlugin, IStreamClientEndpointStringParserWithReactor)
class ProxyClientParser:
    """
    ``PREFIX:HOST:PORT:proxy=HOST:proxyPort=PORT``, optionally with ``user`` and ``password``; or
    ``PREFIX:HOST:PORT:endpoint=STRING``, where STRING is the endpoint of the proxy.

    @param prefix: what strings begin with.
    @param endpoint: makes the endpoint.
    @param defaultPort: the port of proxies that do not name one.
    """

    def __init__(self, prefix: str, endpoint: Callable[..., Any], defaultPort: int) -> None:
        self.prefix = prefix
        self._endpoint = endpoint
        self._defaultPort = defaultPort

    def parseStreamClient(
        self,
        reactor: Any,
        host: str,
        port: str,
        proxy: str | None = None,
        proxyPort: str | None = None,
        endpoint: str | None = None,
        user: str | None = None,
        password: str = "",
        timeout: str = "30",
    ) -> Any:
        """The endpoint of some arguments."""
        if (proxy is None) == (endpoint is None):
            raise ValueError(f"{self.prefix} takes a proxy or an endpoint")
        if endpoint is not None:
            below = clientFromString(reactor, endpoint)
        else:
            number = int(proxyPort) if proxyPort else self._defaultPort
            below = HostnameEndpoint(reactor, proxy or "", number, timeout=float(timeout))
        credentials = None if user is None else (user, password)
        return self._endpoint(below, host, int(port), credentials)
