"""
The PROXY protocol, versions 1 and 2: a load balancer tells who it speaks for.

`proxyEndpoint` wraps the endpoint that the load balancer connects to; as a string it is
``haproxy:tcp:8080``. What a protocol then learns from ``getPeer`` and ``getHost`` are the addresses
that the client used. Only a load balancer must be able to reach such an endpoint: anybody else
could claim any address.

The protocol is described at https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt.
"""

from twisted.protocols.haproxy._wrapper import proxyEndpoint

__all__ = ["proxyEndpoint"]
