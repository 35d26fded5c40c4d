"""
Where logins meet the application.

A server hands the credentials that it got to a `Portal`. The portal lets a checker find out whose
they are, and asks the application's realm for an avatar: the object that acts for that user.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from zope.interface import Interface, providedBy
from zope.interface.interface import InterfaceClass

from twisted.cred import error
from twisted.internet.defer import Deferred, fail, maybeDeferred
from twisted.python.failure import Failure
from twisted.python.reflect import qual

__all__ = ["IRealm", "Portal"]


class IRealm(Interface):
    """What an application offers to those who log in."""

    def requestAvatar(avatarId, mind, *interfaces):  # type: ignore[no-untyped-def]
        """
        Make what acts for a user.

        @param avatarId: what the checker said: who it is.
        @param mind: what stands for the client on the other side; of use to protocols that call
            back, C{None} for others.
        @param interfaces: what the server can serve; one of them is to be chosen.
        @return: a tuple of the interface chosen, an avatar that provides it, and a callable without
            arguments to call at the end of the session; or a Deferred of it.
        @raise NotImplementedError: if none of the interfaces can be provided.
        """


class Portal:
    """
    Joins one realm to any number of checkers.

    @ivar realm: an `IRealm`.
    @ivar checkers: for each interface of credentials, what checks them.
    """

    def __init__(self, realm: Any, checkers: Iterable[Any] = ()) -> None:
        self.realm = realm
        self.checkers: dict[InterfaceClass, Any] = {}
        for checker in checkers:
            self.registerChecker(checker)

    def listCredentialsInterfaces(self) -> list[InterfaceClass]:
        """The interfaces of credentials that can be used to log in."""
        return list(self.checkers)

    def registerChecker(self, checker: Any, *credentialInterfaces: InterfaceClass) -> None:
        """
        Let a checker check credentials.

        @param credentialInterfaces: only these; otherwise all that the checker understands. What
            another checker had before is taken over.
        """
        for interface in credentialInterfaces or checker.credentialInterfaces:
            self.checkers[interface] = checker

    def login(self, credentials: Any, mind: Any, *interfaces: InterfaceClass) -> Deferred[Any]:
        """
        Let somebody in.

        @param mind: what stands for the client, or C{None}.
        @param interfaces: what the server can serve.
        @return: a Deferred of the interface, the avatar and the callable for the end of the
            session. It fails with `UnhandledCredentials` if no checker understands the credentials,
            with `UnauthorizedLogin` if they are wrong, or with what the realm raised.
        """
        for interface, checker in self.checkers.items():
            if interface.providedBy(credentials):
                return maybeDeferred(checker.requestAvatarId, credentials).addCallback(
                    self.realm.requestAvatar, mind, *interfaces
                )
        names = ", ".join(qual(interface) for interface in providedBy(credentials))
        return fail(Failure(error.UnhandledCredentials(f"No checker for {names}")))
