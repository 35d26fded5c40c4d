"""The types of endpoints that `twisted.protocols` brings."""

from twisted.protocols._proxystrings import ProxyClientParser
from twisted.protocols.haproxy._parser import HAProxyServerParser
from twisted.protocols.socks import (
    HTTPConnectEndpoint,
    SOCKS4ClientEndpoint,
    SOCKS5ClientEndpoint,
)

haProxyServerEndpointParser = HAProxyServerParser()
socks5ClientEndpointParser = ProxyClientParser("socks5", SOCKS5ClientEndpoint, 1080)
socks4ClientEndpointParser = ProxyClientParser("socks4", SOCKS4ClientEndpoint, 1080)
httpConnectClientEndpointParser = ProxyClientParser("http-connect", HTTPConnectEndpoint, 8080)
