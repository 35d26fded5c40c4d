"""
TLS from now on, on a connection that is in use.

The protocol goes on with the transport that it has: what it calls on it goes through TLS from then
on, and TLS goes on with the connection beneath.
"""

from __future__ import annotations

from typing import Any

from zope.interface import directlyProvides, providedBy

from twisted.internet._tls._factory import TLSMemoryBIOFactory
from twisted.internet._tls._protocol import BufferingTLSTransport
from twisted.internet.interfaces import INegotiated, ISSLTransport

__all__ = ["startTLS"]

#: What a protocol calls on its transport, and TLS must not let by.
_COVERED = (
    "write",
    "writeSequence",
    "loseConnection",
    "abortConnection",
    "registerProducer",
    "unregisterProducer",
    "stopConsuming",
    "getHandle",
    "getPeerCertificate",
)

#: What TLS itself calls on the connection beneath.
_BENEATH = (
    "write",
    "writeSequence",
    "loseConnection",
    "abortConnection",
    "registerProducer",
    "unregisterProducer",
)


class _Beneath:
    """The connection as it was before TLS."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        for name in _BENEATH:
            setattr(self, name, getattr(connection, name))

    @property
    def unsentSize(self) -> int:
        """How many octets wait to be sent."""
        return int(type(self._connection).unsentSize.fget(self._connection))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def startTLS(connection: Any, contextFactory: Any, isClient: bool) -> None:
    """
    Speak TLS on `connection` from now on.

    @param connection: a transport with a protocol.
    @param contextFactory: the settings; see `TLSMemoryBIOFactory`.
    @param isClient: whether this side begins.
    """
    producer, streaming = connection.producer, connection.streamingProducer
    if producer is not None:
        connection.unregisterProducer()
    factory = TLSMemoryBIOFactory(contextFactory, isClient, None)
    tls = BufferingTLSTransport(factory, connection.protocol, False)
    beneath = _Beneath(connection)
    connection.protocol = tls
    for name in _COVERED:
        setattr(connection, name, getattr(tls, name))
    connection._secured = tls
    directlyProvides(connection, providedBy(connection), ISSLTransport, INegotiated)
    try:
        tls.makeConnection(beneath)
    except BaseException:
        # The settings cannot be used: all is as it was before.
        connection.protocol = tls.wrappedProtocol
        connection._secured = None
        for name in _COVERED:
            delattr(connection, name)
        raise
    if producer is not None:
        connection.registerProducer(producer, streaming)
