"""Users of the system, as its files have them."""

from __future__ import annotations

import pwd
from typing import Any

from zope.interface import implementer

from twisted.cred import error
from twisted.cred._compare import inBytes
from twisted.cred._interfaces import ICredentialsChecker, IUsernamePassword
from twisted.cred.passwords import UnknownScheme, verifyPassword
from twisted.internet.defer import Deferred, fail, succeed
from twisted.logger import Logger

__all__ = ["UNIXChecker", "verifyCryptedPassword"]

_log = Logger()
_SHADOW = "/etc/shadow"


def verifyCryptedPassword(crypted: str | bytes, pw: str | bytes) -> bool:
    """
    Tell whether a password gave what a file of the system says.

    Never for a locked account, nor if the system does not know the scheme, or twisted-core[unix] is
    not installed: that is logged.
    """
    hashed = crypted.decode("utf-8", "replace") if isinstance(crypted, bytes) else crypted
    if not hashed or hashed[0] in "!*x":
        return False
    try:
        return verifyPassword(inBytes(pw) or b"", hashed)
    except UnknownScheme as problem:
        _log.error("Nobody can log in with such a password: {problem}", problem=problem)
        return False


def _shadow(username: str) -> str:
    """
    What ``/etc/shadow`` says of a user's password.

    @raise OSError: if it cannot be read.
    @raise KeyError: if the user is not in it.
    """
    with open(_SHADOW, encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            name, _, rest = line.partition(":")
            if name == username:
                return rest.partition(":")[0]
    raise KeyError(username)


@implementer(ICredentialsChecker)
class UNIXChecker:
    """Compares passwords with ``/etc/passwd`` and ``/etc/shadow``."""

    credentialInterfaces = (IUsernamePassword,)

    def checkPwd(self, pwd: Any, username: str, password: str | bytes) -> bool | None:
        """
        Ask ``/etc/passwd``.

        @param pwd: the module of that name.
        @return: whether the password is right; C{None} if the file does not say.
        """
        try:
            crypted = pwd.getpwnam(username).pw_passwd
        except KeyError:
            return False
        return None if crypted in ("*", "x") else verifyCryptedPassword(crypted, password)

    def checkShadow(self, username: str, password: str | bytes) -> bool:
        """Ask ``/etc/shadow``; nobody is let in if it cannot be read."""
        try:
            crypted = _shadow(username)
        except KeyError:
            return False
        except OSError as problem:
            _log.error("Nobody can log in: {problem}", problem=problem)
            return False
        return verifyCryptedPassword(crypted, password)

    def requestAvatarId(self, credentials: Any) -> Deferred[str]:
        """Check a password."""
        name, password = credentials.username, credentials.password
        text = name.decode("utf-8", "replace") if isinstance(name, bytes) else name
        right = self.checkPwd(pwd, text, password)
        if right is None:
            right = self.checkShadow(text, password)
        return succeed(text) if right else fail(error.UnauthorizedLogin())
