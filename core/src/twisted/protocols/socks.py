"""
SOCKS: proxies that connect on behalf of others.

Servers of version 4 with names (4a) and of version 5 (RFC 1928), and the endpoints of clients:
`SOCKS5ClientEndpoint`, `SOCKS4ClientEndpoint` and, for proxies of HTTP, `HTTPConnectEndpoint`; as
strings they are ``socks5:``, ``socks4:`` and ``http-connect:``.

A server connects to wherever it is asked to: override ``authorize`` to say who may reach what.
"""

from twisted.protocols._socks4 import (
    SOCKSv4,
    SOCKSv4Factory,
    SOCKSv4Incoming,
    SOCKSv4IncomingFactory,
    SOCKSv4Outgoing,
)
from twisted.protocols._socks5 import SOCKSv5, SOCKSv5Factory
from twisted.protocols._socksclient import (
    HTTPConnectEndpoint,
    ProxyError,
    SOCKS4ClientEndpoint,
    SOCKS5ClientEndpoint,
)

__all__ = [
    "HTTPConnectEndpoint",
    "ProxyError",
    "SOCKS4ClientEndpoint",
    "SOCKS5ClientEndpoint",
    "SOCKSv4",
    "SOCKSv4Factory",
    "SOCKSv4Incoming",
    "SOCKSv4IncomingFactory",
    "SOCKSv4Outgoing",
    "SOCKSv5",
    "SOCKSv5Factory",
]
