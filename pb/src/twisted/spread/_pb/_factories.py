"""Servers and clients."""

from __future__ import annotations

from typing import Any

from twisted.cred.credentials import IAnonymous
from twisted.internet.defer import Deferred, succeed
from twisted.internet.protocol import ClientFactory, ServerFactory
from twisted.python.failure import Failure
from twisted.spread._pb._broker import EXTENDED, Broker
from twisted.spread._pb._login import MD5, SHA256, PortalRoot, respondWith
from twisted.spread.flavors import IPBRoot
from twisted.spread.jelly import globalSecurity

__all__ = ["PBClientFactory", "PBServerFactory"]


class PBServerFactory(ServerFactory):
    """
    Serves an object, or objects for those who log in.

    @cvar unsafeTracebacks: whether clients get the tracebacks of what fails; they show code.
    @cvar maxFailedLogins: after how many logins that fail a connection is ended.
    @ivar root: an `IPBRoot`.
    @ivar metrics: counts calls, if it is set to a `CallMetrics`.
    """

    unsafeTracebacks: Any = 0
    maxFailedLogins = 5
    protocol = Broker
    metrics: Any = None

    def __init__(
        self, root: Any, unsafeTracebacks: bool = False, security: Any = globalSecurity
    ) -> None:
        """
        @param root: an `IPBRoot`, such as a `Root`, or a `Portal` to log in to.
        @param security: says what may be sent and made.
        """
        self.root = root if IPBRoot.providedBy(root) else PortalRoot(root)
        self.unsafeTracebacks = unsafeTracebacks
        self.security = security

    def buildProtocol(self, addr: Any) -> Any:
        """A `Broker` whose root is this factory's."""
        broker = self.protocol(isClient=False, security=self.security)
        broker.factory = self
        root: Any = self.root
        broker.setNameForLocal("root", root.rootObject(broker))
        return broker

    def clientConnectionMade(self, protocol: Any) -> None:
        """A client can make calls; to be overridden."""


class PBClientFactory(ClientFactory):
    """
    Connects to a server.

    @cvar unsafeTracebacks: whether the server gets the tracebacks of what fails here.
    @ivar metrics: counts calls that the server makes, if it is set to a `CallMetrics`.
    """

    protocol = Broker
    unsafeTracebacks: Any = 0
    metrics: Any = None

    def __init__(self, unsafeTracebacks: bool = False, security: Any = globalSecurity) -> None:
        """
        @param security: says what may be sent and made.
        """
        self.unsafeTracebacks = unsafeTracebacks
        self.security = security
        self._broker: Any = None
        self._root: Any = None
        self._waiting: list[Deferred[Any]] = []

    def buildProtocol(self, addr: Any) -> Any:
        """A `Broker`."""
        broker = self.protocol(isClient=True, security=self.security)
        broker.factory = self
        return broker

    # The life of the connection

    def clientConnectionMade(self, broker: Any) -> None:
        """Calls can be made: those who wait get the root."""
        self._broker = broker
        self._root = broker.remoteForName("root")
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            each.callback(self._root)

    def brokerLost(self, broker: Any, reason: Failure) -> None:
        """A connection has ended; however it was made, its root is of no use."""
        if self._broker is broker:
            self._broker = self._root = None

    def clientConnectionFailed(self, connector: Any, reason: Failure) -> None:
        """There will be no connection: those who wait are told."""
        self._fail(reason)

    def clientConnectionLost(self, connector: Any, reason: Failure, reconnecting: int = 0) -> None:
        """
        The connection has ended.

        @param reconnecting: whether there will be another, for which those who wait go on waiting.
        """
        self._broker = self._root = None
        if not reconnecting:
            self._fail(reason)

    def _fail(self, reason: Failure) -> None:
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            each.errback(reason)

    def disconnect(self) -> None:
        """End the connection, if there is one."""
        if self._broker is not None:
            self._broker.transport.loseConnection()

    # What clients want

    def getRootObject(self) -> Deferred[Any]:
        """A Deferred of a reference to what the server serves, once there is a connection."""
        if self._root is not None and not self._broker.disconnected:
            return succeed(self._root)
        waiting: Deferred[Any] = Deferred(self._waiting.remove)
        self._waiting.append(waiting)
        return waiting

    def login(self, credentials: Any, client: Any = None) -> Deferred[Any]:
        """
        Log in.

        @param credentials: `IUsernamePassword` or `IAnonymous`.
        @param client: what the server's avatar calls the client by: a `Referenceable`, or plain
            data.
        @return: a Deferred of a reference to the avatar.
        """
        root = self.getRootObject()
        if IAnonymous.providedBy(credentials):
            return root.addCallback(lambda found: found.callRemote("loginAnonymous", client))
        return root.addCallback(self._login, credentials.username, credentials.password, client)

    def _login(self, root: Any, username: bytes, password: bytes, client: Any) -> Deferred[Any]:
        def challenged(answer: Any) -> Any:
            asked, taker, *chosen = answer
            response = respondWith(chosen[0] if chosen else MD5, asked, password)
            return taker.callRemote("respond", response, client)

        if root.broker.currentDialect == EXTENDED:
            asking: Deferred[Any] = root.callRemote("login", username, [SHA256, MD5])
        else:
            asking = root.callRemote("login", username)
        return asking.addCallback(challenged)
