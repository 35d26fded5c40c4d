"""Cipher suites, and parameters of key exchanges."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from OpenSSL import SSL
from zope.interface import implementer

from twisted.internet.interfaces import IAcceptableCiphers, ICipher

__all__ = ["DEFAULT_CIPHERS", "OpenSSLAcceptableCiphers", "OpenSSLCipher", "expandCipherString"]


@implementer(ICipher)
class OpenSSLCipher:
    """
    A cipher suite.

    @ivar fullName: its name, as OpenSSL writes it.
    """

    def __init__(self, fullName: str) -> None:
        self.fullName = fullName

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, OpenSSLCipher):
            return NotImplemented
        return self.fullName == other.fullName

    def __hash__(self) -> int:
        return hash(self.fullName)

    def __repr__(self) -> str:
        return f"OpenSSLCipher({self.fullName!r})"


@lru_cache(maxsize=32)
def expandCipherString(
    cipherString: str, method: int = SSL.TLS_METHOD, options: int = 0
) -> tuple[OpenSSLCipher, ...]:
    """
    The suites that a cipher string selects, best first; none if it selects none.

    @param cipherString: as in ``openssl-ciphers(1)``; those of TLS 1.3 are always among them.
    """
    context = SSL.Context(method)
    context.set_options(options)
    try:
        context.set_cipher_list(cipherString.encode("ascii"))
    except SSL.Error as error:
        if error.args[0] and error.args[0][0][2] == "no cipher match":
            return ()
        raise
    return tuple(OpenSSLCipher(name) for name in SSL.Connection(context, None).get_cipher_list())


@implementer(IAcceptableCiphers)
class OpenSSLAcceptableCiphers:
    """
    Cipher suites that may be used.

    @param ciphers: `ICipher`s, best first.
    """

    def __init__(self, ciphers: Iterable[Any]) -> None:
        self._ciphers = tuple(ciphers)

    def selectCiphers(self, availableCiphers: Iterable[Any]) -> tuple[Any, ...]:
        """Those that are among `availableCiphers`, best first."""
        available = list(availableCiphers)
        return tuple(cipher for cipher in self._ciphers if cipher in available)

    @classmethod
    def fromOpenSSLCipherString(cls, cipherString: str) -> OpenSSLAcceptableCiphers:
        """The suites that a cipher string selects; see ``openssl-ciphers(1)``."""
        return cls(
            expandCipherString(cipherString, SSL.TLS_METHOD, SSL.OP_NO_SSLv2 | SSL.OP_NO_SSLv3)
        )


#: What is used unless told otherwise: forward secrecy and authenticated encryption alone.
DEFAULT_CIPHERS = OpenSSLAcceptableCiphers.fromOpenSSLCipherString(
    "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:!aNULL:!DSS"
)
