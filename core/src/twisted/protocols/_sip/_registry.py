"""Where users are: what registries and locators do (RFC 3261, section 10)."""

from __future__ import annotations

from typing import Any

from zope.interface import Interface, implementer

from twisted.internet import defer
from twisted.internet.currentreactor import currentReactor
from twisted.protocols._sip._grammar import URL
from twisted.protocols._sip._messages import SIPError

__all__ = [
    "IAuthorizer",
    "IContact",
    "ILocator",
    "IRegistry",
    "InMemoryRegistry",
    "Registration",
    "RegistrationError",
]

#: How long a registration holds, in seconds.
_HOLDS = 3600


class RegistrationError(SIPError):
    """A registration is refused."""

    __module__ = "twisted.protocols.sip"


class Registration:
    """
    Where a user is.

    @ivar secondsToExpiry: how long that holds, in seconds.
    @ivar contactURL: a `URL`.
    """

    __module__ = "twisted.protocols.sip"

    def __init__(self, secondsToExpiry: int, contactURL: Any) -> None:
        self.secondsToExpiry = secondsToExpiry
        self.contactURL = contactURL


class IRegistry(Interface):
    """Keeps where users are."""

    __module__ = "twisted.protocols.sip"

    def registerAddress(domainURL, logicalURL, physicalURL):  # type: ignore[no-untyped-def]
        """
        Note where a user is.

        @param domainURL: the domain.
        @param logicalURL: the user.
        @param physicalURL: where that is.
        @return: fires with a `Registration`; fails with `RegistrationError`.
        """

    def unregisterAddress(domainURL, logicalURL, physicalURL):  # type: ignore[no-untyped-def]
        """
        Forget where a user is.

        @param physicalURL: a `URL`, or C{"*"} for all.
        @return: fires with a `Registration`; fails with `RegistrationError`.
        """

    def getRegistrationInfo(logicalURL):  # type: ignore[no-untyped-def]
        """@return: fires with a `Registration`; fails with `LookupError`."""


class ILocator(Interface):
    """Finds users."""

    __module__ = "twisted.protocols.sip"

    def getAddress(logicalURL):  # type: ignore[no-untyped-def]
        """@return: fires with the `URL` where a user is; fails with `LookupError`."""


class IContact(Interface):
    """A user who is registered: an avatar of `twisted.cred`."""

    __module__ = "twisted.protocols.sip"


class IAuthorizer(Interface):
    """Knows a way to log in."""

    __module__ = "twisted.protocols.sip"

    def getChallenge(peer):  # type: ignore[no-untyped-def]
        """@return: the text of a challenge, or None if there is nothing to be said."""

    def decode(response):  # type: ignore[no-untyped-def]
        """
        @param response: what stands in the header C{Authorization} behind the scheme.
        @return: credentials of `twisted.cred`, with a C{username}.
        @raise SIPError: if it makes no sense.
        """


@implementer(IRegistry, ILocator)
class InMemoryRegistry:
    """
    Keeps where the users of a domain are, as long as this process runs.

    @ivar domain: the name of the domain.
    @ivar users: by their names, pairs of the call that forgets them and a `URL`.
    @cvar maxUsers: how many there may be.
    """

    __module__ = "twisted.protocols.sip"

    maxUsers = 100_000

    def __init__(self, domain: str, reactor: Any = None) -> None:
        """
        @param reactor: by default the global one.
        """
        self.domain = domain
        self.users: dict[str | None, tuple[Any, URL]] = {}
        self._reactor = reactor

    def getAddress(self, userURI: URL) -> defer.Deferred[URL]:
        """Where a user is."""
        if userURI.host != self.domain:
            return defer.fail(LookupError("unknown domain"))
        if userURI.username not in self.users:
            return defer.fail(LookupError("no such user"))
        return defer.succeed(self.users[userURI.username][1])

    def getRegistrationInfo(self, userURI: URL) -> defer.Deferred[Registration]:
        """Where a user is, and how long that holds."""
        if userURI.host != self.domain:
            return defer.fail(LookupError("unknown domain"))
        if userURI.username not in self.users:
            return defer.fail(LookupError("no such user"))
        return defer.succeed(self._told(userURI.username))

    def _told(self, username: str | None) -> Registration:
        call, url = self.users[username]
        left = int(call.getTime() - currentReactor(self._reactor).seconds())
        return Registration(left, url)

    def _expireRegistration(self, username: str | None) -> None:
        self.users.pop(username, None)

    def registerAddress(
        self, domainURL: URL, logicalURL: URL, physicalURL: URL
    ) -> defer.Deferred[Registration]:
        """Note where a user is, for an hour."""
        if domainURL.host != self.domain or logicalURL.host != self.domain:
            return defer.fail(RegistrationError(404))
        username = logicalURL.username
        if username in self.users:
            call = self.users[username][0]
            call.reset(_HOLDS)
        elif len(self.users) >= self.maxUsers:
            return defer.fail(RegistrationError(503))
        else:
            reactor = currentReactor(self._reactor)
            call = reactor.callLater(_HOLDS, self._expireRegistration, username)
        self.users[username] = call, physicalURL
        return defer.succeed(self._told(username))

    def unregisterAddress(
        self, domainURL: URL, logicalURL: URL, physicalURL: Any
    ) -> defer.Deferred[Registration]:
        """Forget where a user is."""
        if domainURL.host != self.domain or logicalURL.host != self.domain:
            return defer.fail(RegistrationError(404))
        if logicalURL.username not in self.users:
            return defer.fail(LookupError("no such user"))
        call, url = self.users.pop(logicalURL.username)
        call.cancel()
        return defer.succeed(Registration(0, url))
