"""Digest authentication (RFC 7616)."""

from __future__ import annotations

from typing import Any

from zope.interface import implementer

from twisted.cred import credentials
from twisted.web.iweb import ICredentialFactory

__all__ = ["DigestCredentialFactory"]


@implementer(ICredentialFactory)
class DigestCredentialFactory:
    """
    Passwords that stay where they are: only hashes go over the wire.

    @ivar digest: makes the challenges, and reads the answers.
    """

    scheme = b"digest"

    def __init__(self, algorithm: bytes, authenticationRealm: bytes) -> None:
        """
        @param algorithm: such as ``b"md5"`` or ``b"sha-256"``.
        @param authenticationRealm: what users are told that they log in to.
        """
        self.digest = credentials.DigestCredentialFactory(algorithm, authenticationRealm)

    def getChallenge(self, request: Any) -> dict[str, bytes]:
        """The parameters of a challenge, which is good for the client's address."""
        return self.digest.getChallenge(_hostOf(request))

    def decode(self, response: bytes, request: Any) -> Any:
        """
        Credentials from a client's answer to a challenge.

        @raise twisted.cred.error.LoginFailed: if it is none, or too old, or another client's.
        """
        return self.digest.decode(response, request.method, _hostOf(request))


def _hostOf(request: Any) -> Any:
    """The address of the client, or None."""
    return getattr(request.getClientAddress(), "host", None)
