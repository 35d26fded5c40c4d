"""What goes wrong in TLS, told so that the cause can be seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from OpenSSL import SSL

__all__ = [
    "CertificateVerifyError",
    "NoSharedProtocolError",
    "VerifyError",
    "isTruncation",
    "nameOfVerifyError",
    "withCause",
]


class VerifyError(Exception):
    """A certificate, key or request is not what it should be."""


class CertificateVerifyError(SSL.Error):
    """
    The peer's certificate is not to be believed.

    @ivar errno: OpenSSL's number of the cause; see X509_STORE_CTX_get_error(3).
    @ivar depth: which certificate of the chain it is about; 0 is the peer's own.
    @ivar subject: the subject of that certificate.
    """

    def __init__(self, errors: Any, errno: int, depth: int, subject: str) -> None:
        super().__init__(errors)
        self.errno = errno
        self.depth = depth
        self.subject = subject

    def __str__(self) -> str:
        return (
            f"certificate verify failed: {nameOfVerifyError(self.errno)}"
            f" (certificate {self.depth} of the chain, {self.subject})"
        )


class NoSharedProtocolError(SSL.Error):
    """The client offers no application protocol that the server speaks (RFC 7301, 3.2)."""


_NAMES = {
    getattr(SSL.X509VerificationCodes, name): name.removeprefix("ERR_").lower().replace("_", " ")
    for name in dir(SSL.X509VerificationCodes)
    if not name.startswith("_")
}


def nameOfVerifyError(errno: int) -> str:
    """OpenSSL's name of the cause with the number `errno`, in words."""
    return _NAMES.get(errno, f"error {errno}")


def isTruncation(error: BaseException) -> bool:
    """Whether `error` tells that the connection ended without TLS saying so (RFC 8446, 6.1)."""
    if isinstance(error, SSL.SysCallError):
        return error.args == (-1, "Unexpected EOF")
    if isinstance(error, SSL.Error) and error.args and isinstance(error.args[0], list):
        return any("unexpected eof" in entry[2].lower() for entry in error.args[0])
    return False


def withCause(error: SSL.Error, connection: SSL.Connection) -> SSL.Error:
    """`error`, or a more telling one if the certificate of the peer of `connection` caused it."""
    noted = connection.get_app_data()
    found = getattr(noted, "verifyError", None)
    if found is None or not error.args or not isinstance(error.args[0], list):
        return error
    if not any("certificate verify failed" in entry[2] for entry in error.args[0]):
        return error
    return CertificateVerifyError(error.args[0], *found)


class Noted:
    """
    What is kept with a connection while it is set up: its application data.

    @ivar acceptableProtocols: application protocols (ALPN) of this connection alone, if any.
    @ivar verifyError: number, depth and subject of what is wrong with the peer's certificates.
    """

    verifyError: tuple[int, int, str] | None = None
    acceptableProtocols: Sequence[bytes] | None = None

    def verified(self, certificate: Any, errno: int, depth: int, ok: int) -> bool:
        """Note what OpenSSL found about a certificate. @return: whether to go on."""
        if not ok and self.verifyError is None:
            name = certificate.to_cryptography().subject.rfc4514_string()
            self.verifyError = (errno, depth, name or "without a subject")
        return bool(ok)
