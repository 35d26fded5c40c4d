"""What made the settings of TLS in former times."""

from __future__ import annotations

from typing import Any

from twisted.internet.ssl import CertificateOptions, platformTrust

__all__ = ["WebClientContextFactory"]


class WebClientContextFactory:
    """
    Makes contexts that trust the authorities of the system, and check no names.

    `twisted.web.client.BrowserLikePolicyForHTTPS` checks names, too.
    """

    __module__ = "twisted.web.client"

    def _getCertificateOptions(self, hostname: bytes, port: int) -> CertificateOptions:
        return CertificateOptions(method=None, trustRoot=platformTrust())

    def getContext(self, hostname: bytes, port: int) -> Any:
        """A context for a host."""
        return self._getCertificateOptions(hostname, port).getContext()
