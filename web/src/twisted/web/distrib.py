"""
Resources that other processes answer for, over Perspective Broker.

The process that answers::

    site = server.Site(root)
    reactor.listenUNIX("web.sock", pb.PBServerFactory(ResourcePublisher(site)))

The process that clients connect to::

    site = server.Site(ResourceSubscription("unix", "web.sock"))

Whoever can connect to the first can make any request, as anybody: keep its port or socket from
others.
"""

from __future__ import annotations

from typing import Any

try:
    from twisted.spread import pb as _pb
except ImportError as _error:
    raise ImportError(
        "twisted.web.distrib needs Perspective Broker: pip install twisted-web[distrib]"
    ) from _error

from twisted.spread.banana import SIZE_LIMIT
from twisted.web._distrib._requests import Request, ResourcePublisher
from twisted.web._distrib._subscriptions import Issue, ResourceSubscription
from twisted.web._distrib._users import UserDirectory

__all__ = [
    "SIZE_LIMIT",
    "Issue",
    "Request",
    "ResourcePublisher",
    "ResourceSubscription",
    "UserDirectory",
    "personalFactory",
]


def personalFactory(site: Any) -> Any:
    """A factory of a server that answers for a site to other processes."""
    return _pb.PBServerFactory(ResourcePublisher(site))
