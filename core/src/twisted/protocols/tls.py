"""
TLS around any protocol, over any transport.

`reactor.listenSSL`, `reactor.connectSSL`, the endpoints and ``startTLS`` use this; use it yourself
to speak TLS over something that is not a TCP connection.
"""

from twisted.internet._tls._factory import TLSMemoryBIOFactory
from twisted.internet._tls._protocol import BufferingTLSTransport, TLSMemoryBIOProtocol
from twisted.internet.interfaces import (
    IOpenSSLClientConnectionCreator,
    IOpenSSLContextFactory,
    IOpenSSLServerConnectionCreator,
)

__all__ = [
    "BufferingTLSTransport",
    "SomeConnectionCreator",
    "TLSMemoryBIOFactory",
    "TLSMemoryBIOProtocol",
]

#: Settings that a `TLSMemoryBIOFactory` takes.
SomeConnectionCreator = (
    IOpenSSLContextFactory | IOpenSSLClientConnectionCreator | IOpenSSLServerConnectionCreator
)
