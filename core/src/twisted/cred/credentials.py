"""
What somebody shows to be let in: passwords, proofs of passwords, keys, or nothing.

Secrets are compared in a time that does not tell how much of them is right.
"""

from __future__ import annotations

from typing import Any

from zope.interface import implementer

from twisted.cred._compare import same
from twisted.cred._cram import CramMD5Credentials
from twisted.cred._digest import (
    DigestCredentialFactory,
    DigestedCredentials,
    calcHA1,
    calcHA2,
    calcResponse,
)
from twisted.cred._interfaces import (
    IAnonymous,
    ICredentials,
    ISSHPrivateKey,
    IUsernameDigestHash,
    IUsernameHashedPassword,
    IUsernamePassword,
)

__all__ = [
    "Anonymous",
    "CramMD5Credentials",
    "DigestCredentialFactory",
    "DigestedCredentials",
    "IAnonymous",
    "ICredentials",
    "ISSHPrivateKey",
    "IUsernameDigestHash",
    "IUsernameHashedPassword",
    "IUsernamePassword",
    "SSHPrivateKey",
    "UsernameHashedPassword",
    "UsernamePassword",
    "calcHA1",
    "calcHA2",
    "calcResponse",
]


@implementer(IAnonymous)
class Anonymous:
    """Somebody who does not say who it is."""


@implementer(IUsernamePassword)
class UsernamePassword:
    """A name and a password."""

    def __init__(self, username: bytes, password: bytes) -> None:
        self.username = username
        self.password = password

    def checkPassword(self, password: bytes) -> bool:
        """Tell whether a password is the one given."""
        return same(self.password, password)


@implementer(IUsernameHashedPassword)
class UsernameHashedPassword:
    """A name and the hash of a password, for checkers that keep the same hash."""

    def __init__(self, username: bytes, hashed: bytes) -> None:
        self.username = username
        self.hashed = hashed

    def checkPassword(self, password: bytes) -> bool:
        """Tell whether a hash is the one given."""
        return same(self.hashed, password)


@implementer(ISSHPrivateKey)
class SSHPrivateKey:
    """A name and proof that a private key is held."""

    def __init__(
        self, username: bytes, algName: bytes, blob: bytes, sigData: Any, signature: bytes | None
    ) -> None:
        self.username = username
        self.algName = algName
        self.blob = blob
        self.sigData = sigData
        self.signature = signature
