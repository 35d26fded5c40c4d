"""Proof of a password by a keyed hash of a challenge (RFC 2195, CRAM-MD5)."""

from __future__ import annotations

import hmac
import secrets
import time
from hashlib import md5

from zope.interface import implementer

from twisted.cred._compare import same
from twisted.cred._interfaces import IUsernameHashedPassword

__all__ = ["CramMD5Credentials"]


@implementer(IUsernameHashedPassword)
class CramMD5Credentials:
    """
    The server's side of CRAM-MD5: a challenge, and the client's answer to it.

    @ivar challenge: what was sent to the client.
    @ivar username: the name in the answer.
    @ivar response: the keyed hash in the answer, in hexadecimal.
    """

    challenge = b""
    response = b""
    username = b""

    def __init__(self, host: bytes | None = None) -> None:
        """
        @param host: the name of this server, which becomes part of the challenge.
        """
        self.host = host

    def getChallenge(self) -> bytes:
        """The challenge: one for each of these objects."""
        if not self.challenge:
            host = b"localhost" if self.host is None else self.host
            self.challenge = b"<%d.%d@%s>" % (secrets.randbits(63), time.time(), host)
        return self.challenge

    def setResponse(self, response: bytes) -> None:
        """
        Take the client's answer.

        @param response: the name, a space, and the keyed hash.
        @raise ValueError: if it is anything else.
        """
        name, space, proof = response.rpartition(b" ")
        if not (name and space and proof):
            raise ValueError("an answer to CRAM-MD5 is a name, a space, and a hash")
        self.username, self.response = name.rstrip(b" "), proof

    def moreChallenges(self) -> bool:
        """Tell that one challenge is enough."""
        return False

    def checkPassword(self, password: bytes) -> bool:
        """Tell whether the answer was made with a password."""
        expected = hmac.new(password, self.challenge, md5).hexdigest().encode("ascii")
        return bool(self.challenge) and same(expected, self.response)
