"""The endpoint as a string: ``haproxy:`` before that of another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from zope.interface import implementer

from twisted.internet.endpoints import quoteStringArgument, serverFromString
from twisted.internet.interfaces import IStreamServerEndpointStringParser
from twisted.plugin import IPlugin
from twisted.protocols.haproxy._wrapper import proxyEndpoint

__all__ = ["HAProxyServerParser", "unparseEndpoint"]


def unparseEndpoint(args: Iterable[str], kwargs: Mapping[str, str]) -> str:
    """The string of an endpoint that some arguments were taken from."""
    named = [f"{name}={quoteStringArgument(value)}" for name, value in sorted(kwargs.items())]
    return ":".join([quoteStringArgument(arg) for arg in args] + named)


@implementer(IPlugin, IStreamServerEndpointStringParser)
class HAProxyServerParser:
    """``haproxy:`` and the string of the endpoint that the load balancer connects to."""

    prefix = "haproxy"

    def parseStreamServer(self, reactor: Any, *args: str, **kwargs: str) -> Any:
        """The endpoint of the arguments after ``haproxy``."""
        return proxyEndpoint(serverFromString(reactor, unparseEndpoint(args, kwargs)))
