"""A client of Perspective Broker that connects, and logs in, again when it has to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.application.internet import ClientService
from twisted.internet.currentreactor import currentReactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.python.failure import Failure
from twisted.spread.pb import DeadReferenceError, PBClientFactory, PBConnectionLost

__all__ = ["PBClientService", "RetryingCalls"]


class PBClientService(ClientService):
    """
    Keeps a connection to a server, and is logged in to it, while it runs.

    @cvar loginTimeout: how many seconds a server has to greet and to let in.
    @ivar reference: the root, or the avatar of whom this has logged in as; None while there is no
        connection. A reference is of one connection: do not keep it.
    """

    loginTimeout: float = 30

    def __init__(
        self,
        endpoint: Any,
        credentials: Any = None,
        client: Any = None,
        factory: PBClientFactory | None = None,
        retryPolicy: Callable[[int], float] | None = None,
        clock: Any = None,
    ) -> None:
        """
        @param endpoint: where to connect to.
        @param credentials: to log in with; by default the server's root is used without.
        @param client: what the server's avatar calls the client by.
        @param factory: makes the brokers.
        @param retryPolicy: how long to wait, in seconds, given how many attempts have failed.
        @param clock: where time passes; by default the global reactor.
        """
        self._pbFactory = PBClientFactory() if factory is None else factory
        self._credentials = credentials
        self._client = client
        self._time = clock
        self.reference: Any = None
        ClientService.__init__(
            self, endpoint, self._pbFactory, retryPolicy, clock, self._prepareConnection
        )

    def _prepareConnection(self, broker: Any) -> Deferred[Any]:
        """Log in on a new connection."""
        factory = self._pbFactory

        def ended() -> None:
            self.reference = None
            factory.clientConnectionLost(None, Failure(PBConnectionLost("before the login")))

        broker.notifyOnDisconnect(ended)
        if self._credentials is None:
            entering = factory.getRootObject()
        else:
            entering = factory.login(self._credentials, self._client)
        entering.addTimeout(self.loginTimeout, currentReactor(self._time))
        return entering.addCallback(self._entered)

    def _entered(self, reference: Any) -> None:
        self.reference = reference
        self.entered()

    def entered(self) -> None:
        """There is a connection, and this is logged in; to be overridden."""

    def whenReady(self, failAfterFailures: int | None = None) -> Deferred[Any]:
        """
        A Deferred of the root, or the avatar, once there is a connection.

        @param failAfterFailures: after how many attempts to give up; by default never.
        """

        def connected(_: Any) -> Any:
            reference = self.reference
            if reference is None or reference.broker.disconnected:
                # The connection ends at this very moment: the service knows a moment later.
                clock = currentReactor(self._time)
                return deferLater(clock, 0, self.whenReady, failAfterFailures)
            return reference

        return self.whenConnected(failAfterFailures).addCallback(connected)

    def callRemote(self, _name: Any, *args: Any, **kw: Any) -> Deferred[Any]:
        """
        Call a method of the root, or the avatar, once there is a connection.

        @return: fails with `PBConnectionLost` if the connection is lost before the answer comes.
        """
        return self.whenReady().addCallback(
            lambda reference: reference.callRemote(_name, *args, **kw)
        )

    def retrying(self, attempts: int = 3) -> RetryingCalls:
        """
        For methods that do no harm when they are called twice.

        @param attempts: how often to call one whose connection is lost.
        """
        return RetryingCalls(self.callRemote, attempts)


class RetryingCalls:
    """Calls again when the connection is lost before the answer comes."""

    def __init__(self, call: Callable[..., Deferred[Any]], attempts: int) -> None:
        self._call = call
        self._attempts = attempts

    def callRemote(self, _name: Any, *args: Any, **kw: Any) -> Deferred[Any]:
        """Call a method. @return: fails as the last attempt does."""
        left = self._attempts

        def attempt() -> Deferred[Any]:
            return self._call(_name, *args, **kw).addErrback(again)

        def again(failure: Failure) -> Any:
            nonlocal left
            failure.trap(PBConnectionLost, DeadReferenceError)
            left -= 1
            return attempt() if left > 0 else failure

        return attempt()
