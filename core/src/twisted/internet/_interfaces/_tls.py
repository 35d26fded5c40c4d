"""What TLS connections are made with."""

from __future__ import annotations

from typing import Any

from zope.interface import Attribute, Interface


class ICipher(Interface):
    """A cipher suite."""

    fullName = Attribute("Its name, as OpenSSL writes it.")


class IAcceptableCiphers(Interface):
    """Which cipher suites may be used."""

    def selectCiphers(availableCiphers: Any) -> Any:
        """Those of the available `ICipher`s that may be used, best first."""


class IOpenSSLServerConnectionCreator(Interface):
    """Makes the server's side of TLS connections."""

    def serverConnectionForTLS(tlsProtocol: Any) -> Any:
        """A new `OpenSSL.SSL.Connection` in accept state, for a `TLSMemoryBIOProtocol`."""


class IOpenSSLClientConnectionCreator(Interface):
    """Makes the client's side of TLS connections."""

    def clientConnectionForTLS(tlsProtocol: Any) -> Any:
        """A new `OpenSSL.SSL.Connection` in connect state, for a `TLSMemoryBIOProtocol`."""


class IOpenSSLContextFactory(Interface):
    """An older way to make TLS connections."""

    def getContext() -> Any:
        """The `OpenSSL.SSL.Context` of new connections."""
