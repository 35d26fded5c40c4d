"""Basic authentication (RFC 7617)."""

from __future__ import annotations

import binascii
from typing import Any

from zope.interface import implementer

from twisted.cred import credentials, error
from twisted.web.iweb import ICredentialFactory

__all__ = ["BasicCredentialFactory"]


@implementer(ICredentialFactory)
class BasicCredentialFactory:
    """
    Names and passwords that go over the wire as they are: for HTTPS.

    @ivar authenticationRealm: what users are told that they log in to.
    """

    scheme = b"basic"

    def __init__(self, authenticationRealm: bytes | str) -> None:
        self.authenticationRealm = authenticationRealm

    def getChallenge(self, request: Any) -> dict[str, Any]:
        """The parameters of a challenge."""
        return {"realm": self.authenticationRealm}

    def decode(self, response: bytes, request: Any) -> credentials.UsernamePassword:
        """
        The name and the password that a client has sent.

        @raise twisted.cred.error.LoginFailed: if it has sent something else.
        """
        try:
            text = binascii.a2b_base64(response + b"===")
        except binascii.Error:
            raise error.LoginFailed("Invalid credentials") from None
        name, sign, password = text.partition(b":")
        if not sign:
            raise error.LoginFailed("Invalid credentials")
        return credentials.UsernamePassword(name, password)
