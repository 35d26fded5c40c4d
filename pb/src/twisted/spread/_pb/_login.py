"""
Logins: a challenge and a response, so that the password does not travel.

Twisted's own response is MD5 of the password, and MD5 of that and the challenge. Two sides of this
project agree on HMAC-SHA-256 instead, if the server knows passwords; MD5 is then never computed.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable
from typing import Any

from zope.interface import Interface, implementer

from twisted.cred.credentials import (
    Anonymous,
    ICredentials,
    IUsernameHashedPassword,
)
from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.spread._pb._errors import Error
from twisted.spread.flavors import IPBRoot, NoSuchMethod, Referenceable, Root

__all__ = [
    "AsReferenceable",
    "Avatar",
    "IPerspective",
    "IUsernameMD5Password",
    "PortalRoot",
    "challenge",
    "respond",
    "respondWith",
]

SHA256, MD5 = b"sha256", b"md5"


class IPerspective(Interface):
    """What acts for a user: an avatar whose methods the user calls."""

    def perspectiveMessageReceived(broker, message, args, kwargs):  # type: ignore[no-untyped-def]
        """
        Call a method for the user.

        @param broker: the connection, with C{serialize} and C{unserialize}.
        @param args: an expression, or what stands for it: to be given to C{unserialize}.
        @return: what C{serialize} gives for the result, or a Deferred of it.
        """


class IUsernameMD5Password(ICredentials):
    """A name, and proof that the password is known."""

    def checkPassword(password):  # type: ignore[no-untyped-def]
        """Whether the proof is right for a password."""

    def checkMD5Password(password):  # type: ignore[no-untyped-def]
        """Whether the proof is right for the MD5 of a password."""


def _md5(data: bytes) -> bytes:
    """
    MD5, which is not for security here: Twisted's own programs know no other response.

    @raise Error: there is none on this machine.
    """
    try:
        return hashlib.md5(data, usedforsecurity=False).digest()
    except ValueError:
        raise Error("MD5, which the other side asks for, is not allowed here") from None


def challenge() -> bytes:
    """Octets that nobody can foresee."""
    return os.urandom(16)


def respond(challenge: bytes, password: bytes) -> bytes:
    """The response to a challenge that Twisted's own programs know."""
    return _md5(_md5(password) + challenge)


def _respondSHA256(challenge: bytes, password: bytes) -> bytes:
    return hmac.digest(password, b"twisted.spread.pb" + challenge, "sha256")


#: How to respond, by the names that both sides agree on.
_RESPONSES: dict[bytes, Callable[[bytes, bytes], bytes]] = {
    SHA256: _respondSHA256,
    MD5: respond,
}


def respondWith(algorithm: bytes, challenge: bytes, password: bytes) -> bytes:
    """
    The response to a challenge.

    @raise Error: nobody knows the algorithm here.
    """
    response = _RESPONSES.get(algorithm)
    if response is None:
        raise Error(f"the server wants a response by {algorithm!r}")
    return response(challenge, password)


class _Response:
    """A name, and the response to a challenge."""

    def __init__(self, username: bytes, challenge: bytes, response: bytes) -> None:
        self.username = username
        self._challenge = challenge
        self._response = response

    def _same(self, right: bytes) -> bool:
        return isinstance(self._response, bytes) and hmac.compare_digest(right, self._response)


@implementer(IUsernameHashedPassword)
class _SHA256Response(_Response):
    """By HMAC-SHA-256, which needs the password itself."""

    def checkPassword(self, password: bytes) -> bool:
        """Whether the response is right for a password."""
        return self._same(_respondSHA256(self._challenge, password))


@implementer(IUsernameHashedPassword, IUsernameMD5Password)
class _MD5Response(_Response):
    """By MD5, for which the MD5 of the password will do."""

    def checkPassword(self, password: bytes) -> bool:
        """Whether the response is right for a password."""
        return self.checkMD5Password(_md5(password))

    def checkMD5Password(self, password: bytes) -> bool:
        """Whether the response is right for the MD5 of a password."""
        return self._same(_md5(password + self._challenge))


class AsReferenceable(Referenceable):
    """Any object as one that can be called: by its method ``<messageType>MessageReceived``."""

    def __init__(self, object: Any, messageType: str = "remote") -> None:
        self._called = getattr(object, messageType + "MessageReceived")

    def remoteMessageReceived(self, broker: Any, message: str, args: Any, kw: Any) -> Any:
        """Let the object be called."""
        return self._called(broker, message, args, kw)


@implementer(IPerspective)
class Avatar:
    """
    What acts for a user: those methods can be called that are named ``perspective_…``.

    Objects that they return know this avatar as their perspective.
    """

    def perspectiveMessageReceived(self, broker: Any, message: str, args: Any, kw: Any) -> Any:
        """
        See `IPerspective.perspectiveMessageReceived`.

        @raise NoSuchMethod: there is none of the name.
        """
        args = broker.unserialize(args, self)
        kw = broker.unserialize(kw, self)
        method = getattr(self, "perspective_" + message, None)
        if method is None:
            raise NoSuchMethod(f"No such method: perspective_{message}")
        return broker.answer(method(*args, **kw), self, method, args, kw)


@implementer(IPBRoot)
class PortalRoot:
    """What a server factory serves whose clients log in to a `Portal`."""

    def __init__(self, portal: Any) -> None:
        self.portal = portal

    def rootObject(self, broker: Any) -> Any:
        """An object for one connection, by which it logs in."""
        return _Login(self.portal, broker)


class _Login(Root):
    """Lets those in who know a password, or anybody if the portal does."""

    def __init__(self, portal: Any, broker: Any) -> None:
        self._portal = portal
        self._broker = broker
        self._left = getattr(broker.factory, "maxFailedLogins", 5)

    def remote_login(self, username: Any, algorithms: Any = None) -> Any:
        """
        Ask to be let in.

        @param algorithms: by which the client can respond, if it knows more than MD5.
        @return: a challenge, and what takes the response; behind them, for a client that has named
            algorithms, the one to respond by.
        """
        chosen = MD5
        known = self._portal.listCredentialsInterfaces()
        if algorithms is not None and SHA256 in algorithms and IUsernameHashedPassword in known:
            chosen = SHA256
        asked = challenge()
        taker = _Challenger(self, username, asked, chosen)
        return (asked, taker) if algorithms is None else (asked, taker, chosen)

    def remote_loginAnonymous(self, mind: Any) -> Any:
        """Ask to be let in without a name."""
        return self._admit(Anonymous(), mind)

    def _admit(self, credentials: Any, mind: Any) -> Any:
        if not self._left:
            raise UnauthorizedLogin("too many logins have failed")
        login: Deferred[Any] = self._portal.login(credentials, mind, IPerspective)
        login.addCallbacks(self._admitted, self._refused)
        return login

    def _admitted(self, avatar: Any) -> Any:
        interface, perspective, logout = avatar
        if interface is not IPerspective:
            raise Error(f"the realm gives {interface!r}")
        kind = "perspective" if IPerspective.providedBy(perspective) else "remote"
        reference = AsReferenceable(perspective, kind)
        self._broker.whenUnreferenced(reference, logout)
        return reference

    def _refused(self, failure: Failure) -> Failure:
        self._left -= 1
        if not self._left:
            # The client is told before the connection ends.
            self._broker.endSoon()
        return failure


class _Challenger(Referenceable):
    """Takes the response to a challenge, once."""

    def __init__(self, login: _Login, username: Any, challenge: bytes, algorithm: bytes) -> None:
        self._login: _Login | None = login
        self._username = username
        self._challenge = challenge
        self._algorithm = algorithm

    def remote_respond(self, response: Any, mind: Any) -> Any:
        """
        Give the response.

        @return: a Deferred of the avatar.
        @raise UnauthorizedLogin: there was one before.
        """
        login, self._login = self._login, None
        if login is None:
            raise UnauthorizedLogin("a challenge is responded to once")
        kind = _SHA256Response if self._algorithm == SHA256 else _MD5Response
        return login._admit(kind(self._username, self._challenge, response), mind)
