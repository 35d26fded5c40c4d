"""Random octets: use `secrets.token_bytes` in new programs."""

from __future__ import annotations

import random
import secrets

__all__ = ["SecureRandomNotAvailable", "insecureRandom", "secureRandom"]


class SecureRandomNotAvailable(RuntimeError):
    """The system has no source of random octets that nobody can guess."""


class RandomFactory:
    """
    A source of random octets.

    The system's own source is always there; `fallback` and `randomSources` are kept for old
    programs, and change nothing.
    """

    randomSources = ()
    getrandbits = staticmethod(random.getrandbits)

    def secureRandom(self, nbytes: int, fallback: bool = False) -> bytes:
        """
        `nbytes` octets that nobody can guess, from the system.

        @raise SecureRandomNotAvailable: the system has none.
        """
        try:
            return secrets.token_bytes(nbytes)
        except NotImplementedError as error:
            raise SecureRandomNotAvailable(str(error)) from None

    def insecureRandom(self, nbytes: int) -> bytes:
        """`nbytes` octets that look random, and can be guessed: never for secrets."""
        return random.randbytes(nbytes)


_factory = RandomFactory()
secureRandom = _factory.secureRandom
insecureRandom = _factory.insecureRandom
