"""The types of endpoints that `twisted.protocols` brings."""

from twisted.protocols.haproxy._parser import HAProxyServerParser

haProxyServerEndpointParser = HAProxyServerParser()
