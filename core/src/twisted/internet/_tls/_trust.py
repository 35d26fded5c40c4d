"""Whose certificates are believed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from OpenSSL import SSL
from OpenSSL.crypto import X509, PKey
from zope.interface import Interface, implementer

__all__ = [
    "IOpenSSLTrustRoot",
    "OpenSSLCertificateAuthorities",
    "OpenSSLDefaultPaths",
    "platformTrust",
    "trustRootFromCertificates",
]


def modern(thing: Any) -> Any:
    """The object of `cryptography` that an object of pyOpenSSL is about."""
    if isinstance(thing, X509):
        return thing.to_cryptography()
    return thing.to_cryptography_key() if isinstance(thing, PKey) else thing


class IOpenSSLTrustRoot(Interface):
    """Whose certificates are believed: for the argument ``trustRoot``."""

    def _addCACertsToContext(context: SSL.Context) -> None:
        """Make a context believe them."""


@implementer(IOpenSSLTrustRoot)
class OpenSSLCertificateAuthorities:
    """
    Certificates that are believed, and what they have signed.

    @param caCerts: `OpenSSL.crypto.X509` objects.
    """

    def __init__(self, caCerts: Iterable[Any]) -> None:
        self._caCerts = list(caCerts)

    def _addCACertsToContext(self, context: SSL.Context) -> None:
        store = context.get_cert_store()
        assert store is not None
        for certificate in self._caCerts:
            store.add_cert(
                certificate
                if isinstance(certificate, X509)
                else X509.from_cryptography(certificate)
            )


@implementer(IOpenSSLTrustRoot)
class OpenSSLDefaultPaths:
    """The authorities that the system believes, wherever it keeps them."""

    def _addCACertsToContext(self, context: SSL.Context) -> None:
        context.set_default_verify_paths()


def platformTrust() -> OpenSSLDefaultPaths:
    """The authorities that the system believes."""
    return OpenSSLDefaultPaths()


def trustRootFromCertificates(certificates: Iterable[Any]) -> OpenSSLCertificateAuthorities:
    """
    Believe these alone.

    @param certificates: `twisted.internet.ssl.Certificate` objects: authorities, or the very
        certificates of peers.
    @raise TypeError: one of them is something else.
    """
    originals = []
    for certificate in certificates:
        if not IOpenSSLTrustRoot.providedBy(certificate) or not hasattr(certificate, "original"):
            raise TypeError(f"{certificate!r} is not a twisted.internet.ssl.Certificate")
        originals.append(certificate.original)
    return OpenSSLCertificateAuthorities(originals)
