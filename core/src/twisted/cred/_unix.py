"""Users of the system, as its files have them."""

from __future__ import annotations

import functools
import pwd
from collections.abc import Iterator
from typing import Any

from twisted.cred._compare import inBytes
from twisted.cred._threaded import ThreadedPasswordChecker
from twisted.cred.passwords import UnknownScheme, hashPassword, verifyPassword
from twisted.logger import Logger

__all__ = ["UNIXChecker", "verifyCryptedPassword"]

_log = Logger()
_SHADOW = "/etc/shadow"
#: Stands in the place of a hash where no password is right.
_LOCKED = "!"


def verifyCryptedPassword(crypted: str | bytes, pw: str | bytes) -> bool:
    """
    Tell whether a password gave what a file of the system says.

    Never for a locked account, nor if the system does not know the scheme, or twisted-core[unix] is
    not installed: that is logged.
    """
    hashed = crypted.decode("utf-8", "replace") if isinstance(crypted, bytes) else crypted
    if _isLocked(hashed):
        return False
    try:
        return verifyPassword(inBytes(pw) or b"", hashed)
    except UnknownScheme as problem:
        _log.error("Nobody can log in with such a password: {problem}", problem=problem)
        return False


def _isLocked(hashed: str) -> bool:
    """Whether no password is right."""
    return not hashed or hashed[0] in "!*x"


def _shadow() -> Iterator[tuple[str, str]]:
    """
    The names and hashes in ``/etc/shadow``.

    @raise OSError: if it cannot be read.
    """
    with open(_SHADOW, encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            name, _, rest = line.partition(":")
            yield name, rest.partition(":")[0]


def _somebodys() -> str:
    """A hash to compare with for those whom no password lets in; if it may be, of their scheme."""
    try:
        return next((each for _, each in _shadow() if not _isLocked(each)), None) or _ours()
    except OSError:
        return _ours()


@functools.cache
def _ours() -> str:
    return hashPassword(b"")


def _matches(hashed: str, password: str | bytes) -> bool:
    """Like L{verifyCryptedPassword}, and it takes as long if no password is right."""
    if _isLocked(hashed):
        verifyCryptedPassword(_somebodys(), password)
        return False
    return verifyCryptedPassword(hashed, password)


class UNIXChecker(ThreadedPasswordChecker):
    """
    Compares passwords with ``/etc/passwd`` and ``/etc/shadow``, in threads.

    The avatar id is text. Whether there is a user of a name does not show in how long it takes: for
    those whom no password lets in, one is compared with somebody's.
    """

    def checkPwd(self, pwd: Any, username: str, password: str | bytes) -> bool | None:
        """
        Ask ``/etc/passwd``.

        @param pwd: the module of that name.
        @return: whether the password is right; C{None} if the file does not say.
        """
        try:
            crypted = pwd.getpwnam(username).pw_passwd
        except KeyError:
            crypted = _LOCKED
        return None if crypted in ("*", "x") else _matches(crypted, password)

    def checkShadow(self, username: str, password: str | bytes) -> bool:
        """Ask ``/etc/shadow``; nobody is let in if it cannot be read."""
        try:
            crypted = dict(_shadow()).get(username, _LOCKED)
        except OSError as problem:
            _log.error("Nobody can log in: {problem}", problem=problem)
            crypted = _LOCKED
        return _matches(crypted, password)

    def _check(self, username: str | bytes, password: str | bytes) -> bool:
        text = _text(username)
        right = self.checkPwd(pwd, text, password)
        return self.checkShadow(text, password) if right is None else right

    def _conclude(self, matched: bool, name: Any) -> Any:
        return _text(super()._conclude(matched, name))


def _text(name: str | bytes) -> str:
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else name
