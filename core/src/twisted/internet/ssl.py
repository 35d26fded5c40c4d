"""
The settings of TLS: certificates, keys, whom to believe.

A client::

    from twisted.internet import ssl
    options = ssl.optionsForClientTLS("example.com")

A server::

    certificate = ssl.PrivateCertificate.loadPEM(open("server.pem").read())
    options = certificate.options()

This needs the extra ``tls``: ``pip install twisted-core[tls]``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zope.interface import implementer

# Before the libraries themselves: it tells what to install if they are not there.
from twisted.internet import _tls  # noqa: F401

# isort: split
from OpenSSL import SSL
from service_identity import VerificationError

# isort: split
from twisted.internet._tls._certificates import (
    Certificate,
    CertificateRequest,
    DistinguishedName,
    KeyPair,
    PrivateCertificate,
)
from twisted.internet._tls._ciphers import OpenSSLAcceptableCiphers as AcceptableCiphers
from twisted.internet._tls._client import optionsForClientTLS
from twisted.internet._tls._errors import CertificateVerifyError, VerifyError
from twisted.internet._tls._options import (
    OpenSSLCertificateOptions as CertificateOptions,
)
from twisted.internet._tls._options import (
    OpenSSLDiffieHellmanParameters as DiffieHellmanParameters,
)
from twisted.internet._tls._options import (
    ProtocolNegotiationSupport,
    TLSVersion,
    protocolNegotiationMechanisms,
)
from twisted.internet._tls._trust import (
    OpenSSLDefaultPaths,
    platformTrust,
    trustRootFromCertificates,
)
from twisted.internet.interfaces import IOpenSSLContextFactory

DN = DistinguishedName

#: TLS is there: what older programs ask before they use it.
supported = True

__all__ = [
    "DN",
    "AcceptableCiphers",
    "Certificate",
    "CertificateOptions",
    "CertificateRequest",
    "CertificateVerifyError",
    "ClientContextFactory",
    "ContextFactory",
    "DefaultOpenSSLContextFactory",
    "DiffieHellmanParameters",
    "DistinguishedName",
    "KeyPair",
    "OpenSSLDefaultPaths",
    "PrivateCertificate",
    "ProtocolNegotiationSupport",
    "TLSVersion",
    "VerificationError",
    "VerifyError",
    "optionsForClientTLS",
    "platformTrust",
    "protocolNegotiationMechanisms",
    "supported",
    "trustRootFromCertificates",
]


@implementer(IOpenSSLContextFactory)
class ContextFactory:
    """
    An older way to hold settings: override `getContext`.

    @cvar isClient: whether they are a client's.
    """

    isClient = 0

    def getContext(self) -> SSL.Context:
        """The `OpenSSL.SSL.Context`."""
        raise NotImplementedError(f"{type(self).__name__}.getContext")


class DefaultOpenSSLContextFactory(ContextFactory):
    """
    Settings of a server from files in PEM form: `CertificateOptions` does more.

    @param privateKeyFileName: the path of the private key.
    @param certificateFileName: the path of its certificate.
    @param sslmethod: one of OpenSSL's methods.
    """

    _context: SSL.Context | None = None

    def __init__(
        self,
        privateKeyFileName: str,
        certificateFileName: str,
        sslmethod: int = SSL.TLS_METHOD,
        _contextFactory: Callable[[int], SSL.Context] = SSL.Context,
    ) -> None:
        self.privateKeyFileName = privateKeyFileName
        self.certificateFileName = certificateFileName
        self.sslmethod = sslmethod
        self._contextFactory = _contextFactory
        self.cacheContext()

    def cacheContext(self) -> None:
        """Read the files, once."""
        if self._context is None:
            context = self._contextFactory(self.sslmethod)
            context.set_options(
                SSL.OP_NO_SSLv2 | SSL.OP_NO_SSLv3 | SSL.OP_NO_TLSv1 | SSL.OP_NO_TLSv1_1
            )
            context.use_certificate_file(self.certificateFileName)
            context.use_privatekey_file(self.privateKeyFileName)
            self._context = context

    def __getstate__(self) -> dict[str, Any]:
        state = dict(vars(self))
        state.pop("_context", None)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ = state
        self.cacheContext()

    def getContext(self) -> SSL.Context:
        """The `OpenSSL.SSL.Context`."""
        assert self._context is not None
        return self._context


class ClientContextFactory(ContextFactory):
    """
    Settings of a client that believes anybody: use `optionsForClientTLS`.
    """

    isClient = 1
    method = SSL.TLS_METHOD
    _contextFactory: Callable[[int], SSL.Context] = SSL.Context

    def getContext(self) -> SSL.Context:
        """A new `OpenSSL.SSL.Context`."""
        context = type(self)._contextFactory(self.method)
        context.set_options(SSL.OP_NO_SSLv2 | SSL.OP_NO_SSLv3 | SSL.OP_NO_TLSv1 | SSL.OP_NO_TLSv1_1)
        return context
