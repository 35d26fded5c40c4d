"""
HTTP Digest (RFC 7616, RFC 2617): challenges, and the checking of responses.

A challenge is not kept: its opaque value says which client it was made for and when, under a key
that only the factory knows. What is kept are the counts that were used with a nonce, so that a
response which somebody overheard is of no use.
"""

from __future__ import annotations

import hmac
import re
import secrets
import time
from base64 import b64decode, b64encode
from collections.abc import Callable
from hashlib import md5, sha1, sha256
from typing import Any

from zope.interface import implementer

from twisted.cred import error
from twisted.cred._compare import inBytes, same
from twisted.cred._interfaces import IUsernameDigestHash, IUsernameHashedPassword

__all__ = ["DigestCredentialFactory", "DigestedCredentials", "calcHA1", "calcHA2", "calcResponse"]

algorithms: dict[bytes, Callable[..., Any]] = {
    b"md5": md5,
    b"md5-sess": md5,
    b"sha": sha1,
    b"sha-256": sha256,
    b"sha-256-sess": sha256,
}

_PARAMETER = re.compile(
    rb'[\s,]*+([^\s=,"]++)\s*+=\s*+(?:"((?:[^"\\]|\\.)*+)"|([^,"]*+))\s*+(?=,|\Z)',
    re.DOTALL,
)
_OPAQUE = re.compile(rb"([^,]*),(.*),(-?\d+)", re.DOTALL)
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)
_NONCES_KEPT = 10_000
_WINDOW = 64


def _hexdigest(algorithm: bytes, *parts: bytes) -> bytes:
    digest: str = algorithms[algorithm](b":".join(parts)).hexdigest()
    return digest.encode("ascii")


def calcHA1(
    pszAlg: bytes,
    pszUserName: bytes | None,
    pszRealm: bytes | None,
    pszPassword: bytes | None,
    pszNonce: bytes,
    pszCNonce: bytes,
    preHA1: bytes | None = None,
) -> bytes:
    """
    The part of a response that depends on the password: H(A1), in hexadecimal.

    @param pszAlg: one of C{b"md5"}, C{b"md5-sess"}, C{b"sha"}, C{b"sha-256"}, C{b"sha-256-sess"}.
    @param preHA1: the hash of ``name:realm:password`` in hexadecimal, if that is what is known;
        then name, realm and password are to be C{None}.
    @raise TypeError: if both are given.
    """
    given = (pszUserName, pszRealm, pszPassword)
    if preHA1 is None:
        preHA1 = _hexdigest(pszAlg, *(part or b"" for part in given))
    elif any(part is not None for part in given):
        raise TypeError(
            "name, realm and password mean nothing where the hash of all three is given: preHA1"
        )
    if not pszAlg.endswith(b"-sess"):
        return preHA1
    return _hexdigest(pszAlg, preHA1, pszNonce, pszCNonce)


def calcHA2(
    algo: bytes,
    pszMethod: bytes,
    pszDigestUri: bytes,
    pszQop: bytes | None,
    pszHEntity: bytes | None,
) -> bytes:
    """
    The part of a response that depends on the request: H(A2), in hexadecimal.

    @param pszQop: C{b"auth-int"} if the body is covered too.
    @param pszHEntity: then, its hash in hexadecimal.
    """
    parts = [pszMethod, pszDigestUri]
    if pszQop == b"auth-int":
        parts.append(pszHEntity or b"")
    return _hexdigest(algo, *parts)


def calcResponse(
    HA1: bytes,
    HA2: bytes,
    algo: bytes,
    pszNonce: bytes,
    pszNonceCount: bytes | None,
    pszCNonce: bytes | None,
    pszQop: bytes | None,
) -> bytes:
    """The response to a challenge, in hexadecimal. Without a count or a qop it is RFC 2069's."""
    middle = (pszNonceCount, pszCNonce, pszQop) if pszNonceCount and pszQop else ()
    return _hexdigest(algo, HA1, pszNonce, *(part or b"" for part in middle), HA2)


def parseFields(header: bytes) -> dict[str, bytes]:
    """
    The parameters of an Authorization header, their names in lower case, up to what is none. It
    takes a time in proportion to its length, whatever is in it.
    """
    fields: dict[str, bytes] = {}
    position = 0
    while match := _PARAMETER.match(header, position):
        name, quoted, token = match.groups(b"")
        fields[name.lower().decode("latin-1")] = _ESCAPE.sub(rb"\1", quoted) or token.strip()
        position = match.end()
    return fields


class _Uses:
    """
    Which counts were used with which nonce.

    Responses may come a little out of order, as they do over several connections at once: a count
    is taken if it is among the latest and was not there before.
    """

    def __init__(self) -> None:
        self._used: dict[bytes, tuple[float, int, int]] = {}
        self._forgotten = float("-inf")

    def claim(self, nonce: bytes, made: float, count: int) -> bool:
        """
        Use a count.

        @param made: when the nonce was made.
        @return: whether it had not been used before.
        """
        _, highest, seen = self._used.pop(nonce, (made, -1, 0))
        if highest < 0 and made <= self._forgotten:
            return False
        if count > highest:
            shift = count - highest
            seen = 1 if shift >= _WINDOW else ((seen << shift) | 1) & ((1 << _WINDOW) - 1)
            highest, fresh = count, True
        else:
            bit = 1 << (highest - count) if highest - count < _WINDOW else 0
            fresh = bool(bit) and not seen & bit
            seen |= bit
        self._used[nonce] = (made, highest, seen)
        if len(self._used) > _NONCES_KEPT:
            # The one that was used longest ago.
            self._forgotten = max(self._forgotten, self._used.pop(next(iter(self._used)))[0])
        return fresh

    def forget(self, before: float) -> None:
        """Drop what is known of nonces that are too old to be taken anyway."""
        while self._used:
            nonce = next(iter(self._used))
            if self._used[nonce][0] >= before:
                break
            del self._used[nonce]


@implementer(IUsernameHashedPassword, IUsernameDigestHash)
class DigestedCredentials:
    """
    The response to a challenge of HTTP Digest.

    @ivar username: the name, as bytes.
    @ivar fields: the parameters of the header.
    """

    _claim: Callable[[], bool] | None = None
    _claimed = False

    def __init__(
        self, username: bytes, method: bytes, realm: bytes, fields: dict[str, bytes]
    ) -> None:
        self.username = username
        self.method = method
        self.realm = realm
        self.fields = fields

    def checkPassword(self, password: bytes) -> bool:
        """Tell whether the response was made with a password."""
        return self._check(self.username, self.realm, inBytes(password), None)

    def checkHash(self, digestHash: bytes) -> bool:
        """Tell whether the response was made with the password that gave a hash."""
        return self._check(None, None, None, digestHash)

    def _check(
        self,
        username: bytes | None,
        realm: bytes | None,
        password: bytes | None,
        digestHash: bytes | None,
    ) -> bool:
        get = self.fields.get
        response, uri, nonce, qop = get("response"), get("uri"), get("nonce"), get("qop")
        algorithm = get("algorithm", b"md5").lower()
        if response is None or uri is None or nonce is None or algorithm not in algorithms:
            return False
        if qop not in (None, b"auth"):
            return False
        ha1 = calcHA1(
            algorithm, username, realm, password, nonce, get("cnonce", b""), preHA1=digestHash
        )
        ha2 = calcHA2(algorithm, self.method, uri, qop, None)
        expected = calcResponse(ha1, ha2, algorithm, nonce, get("nc"), get("cnonce"), qop)
        if not same(expected, response.lower()):
            return False
        if self._claim is not None and not self._claimed:
            self._claimed = self._claim()
            return self._claimed
        return True


class DigestCredentialFactory:
    """
    Makes challenges, and credentials from the responses to them.

    @cvar CHALLENGE_LIFETIME_SECS: how long a challenge can be answered, in seconds.
    @ivar algorithm: C{b"md5"}, C{b"sha"} or C{b"sha-256"}; the first and last also with ``-sess``.
    @ivar authenticationRealm: what the user is told to log in to, as bytes.
    """

    CHALLENGE_LIFETIME_SECS = 15 * 60
    scheme = b"digest"

    def __init__(self, algorithm: bytes, authenticationRealm: bytes) -> None:
        self.algorithm = algorithm
        self.authenticationRealm = authenticationRealm
        self.privateKey = secrets.token_bytes(32)
        self._uses = _Uses()

    def getChallenge(self, address: bytes | str | None) -> dict[str, bytes]:
        """
        A new challenge.

        @param address: the address of the client, which alone may answer it.
        @return: the parameters of the header that carries it.
        """
        nonce = self._generateNonce()
        return {
            "nonce": nonce,
            "opaque": self._generateOpaque(nonce, address),
            "qop": b"auth",
            "algorithm": self.algorithm,
            "realm": self.authenticationRealm,
        }

    def decode(
        self, response: bytes, method: bytes, host: bytes | str | None
    ) -> DigestedCredentials:
        """
        Read a response.

        @param response: the header of the request, without the word C{Digest}.
        @param method: the method of the request, such as C{b"GET"}.
        @param host: the address of the client.
        @raise LoginFailed: if it is malformed, or does not answer a challenge that was given to
            this client and is still good.
        """
        fields = parseFields(response)
        for name in ("username", "opaque", "nonce"):
            if not fields.get(name) and (name != "opaque" or name not in fields):
                raise error.LoginFailed(f"Invalid response, no {name} given.")
        if fields.get("algorithm", b"md5").lower() != self.algorithm.lower():
            raise error.LoginFailed("Invalid response, not the algorithm asked for")
        nonce = fields["nonce"]
        made = self._made(fields["opaque"], nonce, host)
        credentials = DigestedCredentials(
            fields["username"], method, self.authenticationRealm, fields
        )
        count = _count(fields)
        credentials._claim = lambda: self._uses.claim(nonce, made, count)
        return credentials

    def _getTime(self) -> float:
        return time.time()

    def _generateNonce(self) -> bytes:
        return secrets.token_hex(16).encode("ascii")

    def _generateOpaque(self, nonce: bytes, clientip: bytes | str | None) -> bytes:
        key = b",".join((nonce, _address(clientip), b"%d" % self._getTime()))
        return self._seal(key) + b"-" + b64encode(key)

    def _seal(self, key: bytes) -> bytes:
        return hmac.new(self.privateKey, key, sha256).hexdigest().encode("ascii")

    def _verifyOpaque(self, opaque: bytes, nonce: bytes, clientip: bytes | str | None) -> bool:
        self._made(opaque, nonce, clientip)
        return True

    def _made(self, opaque: bytes, nonce: bytes, clientip: bytes | str | None) -> float:
        """
        Tell when a challenge was made.

        @raise LoginFailed: if it was not made here, or not for this client, or is too old.
        """
        seal, _, encoded = opaque.partition(b"-")
        try:
            key = b64decode(encoded, validate=True)
        except ValueError:
            key = b""
        if not key or not same(seal, self._seal(key)):
            raise error.LoginFailed("Invalid response, invalid opaque value")
        match = _OPAQUE.fullmatch(key)
        if match is None:
            raise error.LoginFailed("Invalid response, invalid opaque/time values")
        itsNonce, address, made = match.groups()
        if itsNonce != nonce:
            raise error.LoginFailed("Invalid response, incompatible opaque/nonce values")
        if address != _address(clientip):
            raise error.LoginFailed("Invalid response, incompatible opaque/client values")
        oldest = int(self._getTime()) - self.CHALLENGE_LIFETIME_SECS
        self._uses.forget(oldest)
        if int(made) < oldest:
            raise error.LoginFailed("Invalid response, incompatible opaque/nonce too old")
        return float(made)


def _address(given: bytes | str | None) -> bytes:
    return given.encode("ascii") if isinstance(given, str) else given or b""


def _count(fields: dict[str, bytes]) -> int:
    """
    How many times the client says that it used the nonce; 0 if it does not count.

    @raise LoginFailed: if that is not a number of eight hexadecimal digits.
    """
    text = fields.get("nc") if fields.get("qop") else None
    if text is None:
        return 0
    if not re.fullmatch(rb"[0-9a-fA-F]{8}", text):
        raise error.LoginFailed("Invalid response, the nonce count is no number")
    return int(text, 16)
