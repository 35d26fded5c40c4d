"""Checkers of passwords that take their time, in threads."""

from __future__ import annotations

from typing import Any

from zope.interface import implementer

from twisted.cred import error
from twisted.cred._interfaces import ICredentialsChecker, IUsernamePassword
from twisted.internet.currentreactor import currentReactor
from twisted.internet.defer import Deferred, DeferredSemaphore
from twisted.internet.threads import deferToThreadPool

__all__ = ["ThreadedPasswordChecker"]

_AT_ONCE = 4
_WAITING = 200
_LONGEST = 1024


@implementer(ICredentialsChecker)
class ThreadedPasswordChecker:
    """
    Checks passwords in the reactor's threads, no more than a few at once; refuses logins while too
    many wait, and passwords of unreasonable length.
    """

    credentialInterfaces = (IUsernamePassword,)

    def __init__(self, reactor: Any = None) -> None:
        self._reactor = reactor
        self._turns = DeferredSemaphore(_AT_ONCE)

    def requestAvatarId(self, credentials: Any) -> Deferred[bytes]:
        """Check the password in a thread."""
        name, password = credentials.username, credentials.password
        if len(self._turns.waiting) >= _WAITING or len(password) > _LONGEST:
            raise error.UnauthorizedLogin()
        return self._turns.run(self._inThread, name, password).addCallback(self._conclude, name)

    def _inThread(self, name: bytes, password: bytes) -> Deferred[bool]:
        reactor = currentReactor(self._reactor)
        return deferToThreadPool(reactor, reactor.getThreadPool(), self._check, name, password)

    def _conclude(self, matched: bool, name: bytes) -> bytes:
        if not matched:
            raise error.UnauthorizedLogin()
        return name

    def _check(self, username: bytes, password: bytes) -> bool:
        """Tell whether a password is right, in a thread."""
        raise NotImplementedError
