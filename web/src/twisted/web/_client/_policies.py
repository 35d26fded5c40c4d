"""How servers of HTTPS prove who they are."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from zope.interface import implementer

from twisted.web.iweb import IPolicyForHTTPS

__all__ = ["BrowserLikePolicyForHTTPS", "ContextFactoryPolicy", "HostnameCachingHTTPSPolicy"]


@implementer(IPolicyForHTTPS)
class BrowserLikePolicyForHTTPS:
    """
    A server has a certificate for its name, from an authority that is trusted.
    """

    __module__ = "twisted.web.client"

    def __init__(self, trustRoot: Any = None) -> None:
        """
        @param trustRoot: which authorities; by default those of the system. See
            `twisted.internet.ssl.optionsForClientTLS`.
        """
        self._trustRoot = trustRoot

    def creatorForNetloc(self, hostname: bytes, port: int) -> Any:
        """
        The settings for a host.

        @raise ImportError: if the extra ``tls`` is not installed.
        """
        # It needs an extra.
        from twisted.internet.ssl import optionsForClientTLS

        trust = {} if self._trustRoot is None else {"trustRoot": self._trustRoot}
        return optionsForClientTLS(hostname.decode("ascii"), **trust)


@implementer(IPolicyForHTTPS)
class HostnameCachingHTTPSPolicy:
    """Another policy, whose settings are kept for the hosts that were used last."""

    __module__ = "twisted.web.client"

    def __init__(self, policyforHTTPS: Any, cacheSize: int = 20) -> None:
        """
        @param cacheSize: for how many hosts.
        """
        self._policyForHTTPS = policyforHTTPS
        self._cache: OrderedDict[str, Any] = OrderedDict()
        self._cacheSize = cacheSize

    def creatorForNetloc(self, hostname: bytes, port: int) -> Any:
        """The settings for a host."""
        host = hostname.decode("ascii")
        creator = self._cache.get(host)
        if creator is None:
            creator = self._policyForHTTPS.creatorForNetloc(hostname, port)
        self._cache[host] = creator
        self._cache.move_to_end(host)
        if len(self._cache) > self._cacheSize:
            self._cache.popitem(last=False)
        return creator


@implementer(IPolicyForHTTPS)
class ContextFactoryPolicy:
    """A policy of former times: an object that makes a context for a host and a port."""

    def __init__(self, factory: Any) -> None:
        self._factory = factory

    def creatorForNetloc(self, hostname: bytes, port: int) -> Any:
        """The settings for a host."""
        return _ForNetloc(self._factory, hostname, port)


class _ForNetloc:
    """A context factory for one host."""

    def __init__(self, factory: Any, hostname: bytes, port: int) -> None:
        self._arguments = hostname, port
        self._factory = factory

    def getContext(self) -> Any:
        """The context."""
        return self._factory.getContext(*self._arguments)
