"""From HTTP/1.1 to HTTP/2, if what that needs is installed."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from twisted.internet.interfaces import ISSLTransport
from twisted.web._h2._limits import HTTP2Limits

if TYPE_CHECKING:
    from twisted.web._http._channel import HTTPChannel

#: Whether the extra ``http2`` is installed.
HTTP2_ENABLED = find_spec("hpack") is not None and find_spec("priority") is not None

#: What a connection of HTTP/2 begins with, as far as it looks like the head of a request.
PRIOR_KNOWLEDGE = b"PRI * HTTP/2.0\r\n\r\n"

#: What both kinds of connections have in common.
_SHARED = (
    "abortTimeout",
    "bodyGrace",
    "factory",
    "maxBodySize",
    "minimumBodyRate",
    "requestFactory",
    "site",
    "timeOut",
)


def default_limits() -> HTTP2Limits | None:
    """The limits of connections of HTTP/2, or None if it is not spoken."""
    return HTTP2Limits() if HTTP2_ENABLED else None


def agreed(channel: HTTPChannel) -> bool:
    """Whether both sides have agreed on HTTP/2 (RFC 7301)."""
    return _limits(channel) is not None and (
        getattr(channel.transport, "negotiatedProtocol", None) == b"h2"
    )


def may_be_known(channel: HTTPChannel) -> bool:
    """Whether a client may begin with HTTP/2 without asking (RFC 9113, section 3.3)."""
    return _limits(channel) is not None and not ISSLTransport.providedBy(channel.transport)


def _limits(channel: HTTPChannel) -> Any:
    return getattr(channel.factory, "http2Limits", None)


def connection(channel: HTTPChannel) -> Any:
    """What speaks HTTP/2 in a channel's stead."""
    # It needs an extra.
    from twisted.web._h2._server import H2Connection

    other = H2Connection(channel.factory.reactor)
    for name in _SHARED:
        setattr(other, name, getattr(channel, name))
    other.callLater = channel.callLater  # type: ignore[method-assign]
    other.limits = _limits(channel)
    return other
