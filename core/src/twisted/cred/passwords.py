"""
Hashes of passwords, to be kept instead of the passwords.

A hash names its scheme, in the format that is common to other programs
(``$scheme$parameters$salt$hash``):

- ``scrypt`` (RFC 7914), which needs nothing installed;
- ``argon2id`` (RFC 9106) and ``bcrypt``, for which install ``twisted-core[passwords]``;
- to verify only, all that the libcrypt of the system knows, such as ``sha512crypt`` and
  ``yescrypt``, for which install ``twisted-core[unix]``.

``python -m twisted.cred.passwords NAME`` asks for a password and prints a line for the file of a
`HashedPasswordFile`.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import sys
from base64 import b64decode, b64encode

from twisted.cred._compare import same

__all__ = ["SCHEMES", "UnknownScheme", "hashPassword", "verifyPassword"]

SCHEMES = ("scrypt", "argon2id", "bcrypt")

_LOG_COST, _BLOCK, _LANES, _LENGTH = 15, 8, 1, 32
_MOST_MEMORY = 256 * 1024 * 1024
_BCRYPT_LIMIT = 72
_SCRYPT = re.compile(
    r"\$scrypt\$ln=(\d{1,2}),r=(\d{1,3}),p=(\d{1,3})\$([\w+/]+)\$([\w+/]+)", re.ASCII
)


class UnknownScheme(ValueError):
    """A hash is of a scheme that is not known, or whose library is not installed."""


def hashPassword(password: bytes, scheme: str = "scrypt") -> str:
    """
    Hash a password with a salt of its own. It takes some ten milliseconds and 32 MiB, on purpose.

    @param scheme: one of `SCHEMES`.
    @raise UnknownScheme: if it is none of them, or its library is not installed.
    @raise ValueError: if the scheme cannot take so long a password.
    """
    try:
        if scheme == "scrypt":
            salt = secrets.token_bytes(16)
            digest = _scrypt(password, salt, _LOG_COST, _BLOCK, _LANES, _LENGTH)
            parameters = f"ln={_LOG_COST},r={_BLOCK},p={_LANES}"
            return f"$scrypt${parameters}${_encoded(salt)}${_encoded(digest)}"
        if scheme == "argon2id":
            import argon2

            return argon2.PasswordHasher().hash(password)
        if scheme == "bcrypt":
            import bcrypt

            if len(password) > _BCRYPT_LIMIT:
                raise ValueError(f"bcrypt takes passwords of up to {_BCRYPT_LIMIT} bytes")
            return bcrypt.hashpw(password, bcrypt.gensalt()).decode("ascii")
    except ImportError as missing:
        raise UnknownScheme(f"{scheme} needs twisted-core[passwords]: {missing}") from None
    raise UnknownScheme(f"{scheme!r} is none of {', '.join(SCHEMES)}")


def verifyPassword(password: bytes, hashed: str) -> bool:
    """
    Tell whether a password gave a hash. It takes as long as `hashPassword`.

    @raise UnknownScheme: if the hash is of a scheme that is not known, or the library for it is not
        installed.
    """
    try:
        if hashed.startswith("$scrypt$"):
            return _verifyScrypt(password, hashed)
        if hashed.startswith("$argon2"):
            import argon2

            try:
                return argon2.PasswordHasher().verify(hashed, password)
            except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHash):
                return False
        if hashed.startswith(("$2a$", "$2b$", "$2y$")):
            import bcrypt

            try:
                return bcrypt.checkpw(password[:_BCRYPT_LIMIT], hashed.encode("utf-8"))
            except ValueError:
                return False
        return _verifyCrypt(password, hashed)
    except ImportError as missing:
        extra = "unix" if missing.name == "crypt_r" else "passwords"
        raise UnknownScheme(f"this hash needs twisted-core[{extra}]: {missing}") from None


def _verifyCrypt(password: bytes, hashed: str) -> bool:
    """
    Ask the libcrypt of the system.

    @raise UnknownScheme: if it does not know the scheme.
    """
    import crypt_r

    if not hashed or hashed[0] in "!*":  # a locked account
        return False
    try:
        text = password.decode("utf-8")
    except UnicodeDecodeError:
        return False
    try:
        result = crypt_r.crypt(text, hashed)
    except (OSError, ValueError):
        result = None
    if not result or result[0] == "*":
        raise UnknownScheme("the hash is of a scheme that is not known")
    return same(result, hashed)


def _verifyScrypt(password: bytes, hashed: str) -> bool:
    match = _SCRYPT.fullmatch(hashed)
    if match is None:
        return False
    logCost, block, lanes = (int(text) for text in match.group(1, 2, 3))
    try:
        salt, digest = (b64decode(text + "=" * (-len(text) % 4)) for text in match.group(4, 5))
        return same(_scrypt(password, salt, logCost, block, lanes, len(digest)), digest)
    except (ValueError, TypeError):  # not base64, or more costly than allowed
        return False


def _scrypt(
    password: bytes, salt: bytes, logCost: int, block: int, lanes: int, length: int
) -> bytes:
    return hashlib.scrypt(
        password, salt=salt, n=1 << logCost, r=block, p=lanes, maxmem=_MOST_MEMORY, dklen=length
    )


def _encoded(data: bytes) -> str:
    return b64encode(data).decode("ascii").rstrip("=")


def main(arguments: list[str]) -> int:
    """Ask for a password and print a line for a file of hashes."""
    import getpass

    if len(arguments) not in (1, 2) or arguments[0].startswith("-") or ":" in arguments[0]:
        print(
            f"usage: python -m twisted.cred.passwords NAME [{'|'.join(SCHEMES)}]", file=sys.stderr
        )
        return 2
    password = getpass.getpass("Password: ")
    if password != getpass.getpass("Again: "):
        print("These are not the same.", file=sys.stderr)
        return 1
    try:
        print(f"{arguments[0]}:{hashPassword(password.encode('utf-8'), *arguments[1:])}")
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
