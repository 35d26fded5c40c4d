"""What the tests of Perspective Broker share: two brokers that are connected in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.spread import jelly, pb
from twisted.test.iosim import FakeTransport, connect


class Pair:
    """
    A client and a server.

    @ivar root: the client's reference to what is served.
    """

    def __init__(
        self,
        root: Any,
        clientFactory: Any = None,
        published: bool = False,
        serverFactory: Any = None,
    ) -> None:
        """
        @param published: whether the server offers the dialects of the published release alone.
        """
        self.serverFactory = serverFactory or pb.PBServerFactory(root)
        self.clientFactory = clientFactory or pb.PBClientFactory()
        self.clock = Clock()
        self.server = self.serverFactory.buildProtocol(None)
        self.server.clock = self.clock
        if published:
            self.server.knownDialects = [b"pb", b"none"]
        self.client = self.clientFactory.buildProtocol(None)
        self.pump = connect(
            self.server,
            FakeTransport(self.server, True),
            self.client,
            FakeTransport(self.client, False),
        )
        self.flush()
        self.root = self.now(self.clientFactory.getRootObject())

    def flush(self) -> None:
        """Carry octets until there are none."""
        self.pump.flush()
        self.clock.advance(0)
        self.pump.flush()

    def now(self, deferred: Deferred[Any]) -> Any:
        """
        The result of a Deferred that is there after all octets were carried.

        @raise Exception: it has failed.
        """
        self.flush()
        results: list[Any] = []
        deferred.addBoth(results.append)
        assert results, "there is no result"
        if isinstance(results[0], Failure):
            results[0].raiseException()
        return results[0]

    def failure(self, deferred: Deferred[Any]) -> Failure:
        """The failure of a Deferred."""
        self.flush()
        results: list[Any] = []
        deferred.addBoth(results.append)
        assert isinstance(results[0], Failure), results
        return results[0]

    def call(self, name: str, *args: Any, **kw: Any) -> Any:
        """What a method of the root returns."""
        return self.now(self.root.callRemote(name, *args, **kw))

    def lose(self) -> None:
        """End the connection."""
        self.client.transport.loseConnection()
        self.flush()


@pytest.fixture
def pair() -> Callable[..., Pair]:
    """Connects a client to a server of a root, or a portal."""
    return Pair


@pytest.fixture
def registered() -> Any:
    """Registrations that tests make are taken back."""
    tables = (
        jelly.unjellyableRegistry,
        jelly.unjellyableFactoryRegistry,
        jelly.globalSecurity.allowedTypes,
        jelly.globalSecurity.allowedModules,
        jelly.globalSecurity.allowedClasses,
    )
    before = [dict(table) for table in tables]
    yield jelly
    for table, old in zip(tables, before, strict=True):
        table.clear()
        table.update(old)
