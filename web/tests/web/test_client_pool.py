"""Tests of what `twisted.web.client.HTTPConnectionPool` limits: connections and time."""

from __future__ import annotations

from typing import Any

import pytest

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.error import ConnectionLost, ConnectionRefusedError
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.web import client
from twisted.web._client._bodies import BytesBodyProducer
from twisted.web._client._slots import Slots
from twisted.web.client import (
    ConnectTimeout,
    HTTPConnectionPool,
    PoolFull,
    PoolTimeout,
    ReadTimeout,
    Request,
    RequestTransmissionFailed,
    ResponseFailed,
    ResponseNeverReceived,
    WriteTimeout,
)
from twisted.web.http_headers import Headers
from twisted.web.iweb import UNKNOWN_LENGTH

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Transport(StringTransport):
    """A transport that ends when it is told to, and says what was not sent yet."""

    unsentSize = 0
    protocol: Any = None

    def __init__(self) -> None:
        super().__init__(lenient=True)

    def abortConnection(self) -> None:
        super().abortConnection()
        self.protocol.connectionLost(Failure(ConnectionLost()))


class Endpoint:
    """Connects in memory, at once or when the test says so."""

    def __init__(self, later: bool = False) -> None:
        self.later = later
        self.connecting: list[tuple[Deferred[Any], Any]] = []
        self.connections: list[Any] = []

    def connect(self, factory: Any) -> Deferred[Any]:
        if self.later:
            connecting: Deferred[Any] = Deferred()
            self.connecting.append((connecting, factory))
            return connecting
        return succeed(self.made(factory))

    def made(self, factory: Any) -> Any:
        connection = factory.buildProtocol(None)
        transport = Transport()
        transport.protocol = connection
        connection.makeConnection(transport)
        self.connections.append(connection)
        return connection


class World:
    """A pool, and servers by names."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.pool = HTTPConnectionPool(self.clock)
        self.servers: dict[str, Endpoint] = {}
        self.log: list[str] = []

    def server(self, name: str) -> Endpoint:
        return self.servers.setdefault(name, Endpoint())

    def ask(self, name: str, label: str = "", method: bytes = b"GET", body: Any = None) -> Any:
        """Ask; gives a list that gets the answer. The label is noted when it is sent."""
        results: list[Any] = []
        headers = Headers({b"host": [b"h"]})

        def send(connection: Any) -> Any:
            self.log.append(label)
            return connection.request(Request(method, b"/" + label.encode(), headers, body, True))

        self.asked = self.pool.getConnection(name, self.server(name))
        self.asked.addCallback(send).addBoth(results.append)
        return results

    def answer(self, name: str, which: int = 0) -> None:
        """Answer the request that is under way on a connection to a server."""
        self.server(name).connections[which].dataReceived(OK)

    def lose(self, name: str, which: int = 0) -> None:
        self.server(name).connections[which].connectionLost(Failure(ConnectionLost()))

    def open(self) -> int:
        """How many connections there are in all."""
        return sum(
            connection.state != "CONNECTION_LOST" and not connection.transport.disconnecting
            for server in self.servers.values()
            for connection in server.connections
        )


@pytest.fixture
def world() -> World:
    return World()


class TestNumbers:
    """How many connections there may be."""

    def test_for_each_server(self, world: World) -> None:
        """Requests to one server share its connections, in the order in which they came."""
        world.pool.maxConnectionsPerHost = 2
        answers = [world.ask("a", str(number)) for number in range(5)]
        world.ask("b", "other")
        assert world.log == ["0", "1", "other"]
        world.answer("a", 1)
        world.answer("a", 1)
        world.answer("a", 0)
        assert world.log == ["0", "1", "other", "2", "3", "4"]
        assert len(world.server("a").connections) == 2
        assert [len(each) for each in answers] == [1, 1, 1, 0, 0]

    def test_in_all(self, world: World) -> None:
        """Servers take turns for the connections that there may be in all."""
        world.pool.maxConnections = 1
        for label in ("a1", "a2", "a3", "b1", "b2", "c1"):
            world.ask(label[0], label)
        for label in ("a1", "a2", "b1", "c1", "a3"):
            assert world.log[-1] == label
            assert world.open() == 1
            world.answer(label[0], -1)
        assert world.log[-1] == "b2"

    def test_idle_ones_make_room(self, world: World) -> None:
        """A connection that is only kept is closed when another server's is wanted."""
        world.pool.maxConnections = 2
        for name in ("a", "b"):
            world.ask(name)
            world.answer(name)
        world.ask("c", "c")
        assert world.log[-1] == "c"
        assert world.server("a").connections[0].transport.disconnecting
        assert not world.server("b").connections[0].transport.disconnecting
        assert world.open() == 2

    def test_one_that_ends_makes_room(self, world: World) -> None:
        """Whoever waits gets a connection when one ends, however that was."""
        world.pool.maxConnectionsPerHost = 1
        failed = world.ask("a", "1", b"POST")
        world.ask("a", "2")
        world.lose("a")
        assert failed[0].check(ResponseNeverReceived)
        assert world.log == ["1", "2"]
        world.answer("a", 1)
        world.lose("a", 1)
        assert world.clock.getDelayedCalls() == []
        world.ask("a", "3")
        assert world.log[-1] == "3"

    def test_one_that_cannot_be_made(self, world: World) -> None:
        """A connection that cannot be made takes no place."""
        world.pool.maxConnectionsPerHost = 1
        world.servers["a"] = Endpoint(later=True)
        first = world.ask("a", "1")
        world.ask("a", "2")
        world.server("a").connecting[0][0].errback(ConnectionRefusedError())
        assert first[0].check(ConnectionRefusedError)
        assert len(world.server("a").connecting) == 2

    def test_the_queue_is_bounded(self, world: World) -> None:
        """A request beyond those that may wait fails at once."""
        world.pool.maxConnections, world.pool.maxWaiting = 1, 2
        for _ in range(3):
            world.ask("a")
        assert world.ask("b")[0].check(PoolFull)

    def test_leaving_the_queue(self, world: World) -> None:
        """Who cancels while waiting is not served any more."""
        world.pool.maxConnections = 1
        world.ask("a", "1")
        cancelled = world.ask("a", "2")
        world.asked.cancel()
        world.ask("b", "3")
        assert cancelled[0].check(CancelledError)
        world.answer("a")
        assert world.log == ["1", "3"]

    def test_kept_ones_beyond_the_number(self, world: World) -> None:
        """Connections that are closed because enough are kept take no place either."""
        world.pool.maxConnections, world.pool.maxPersistentPerHost = 3, 1
        for _ in range(3):
            world.ask("a")
        for which in range(3):
            world.answer("a", which)
        assert world.open() == 1
        for _ in range(3):
            world.ask("a", "again")
        assert world.log[-3:] == ["again"] * 3
        assert world.open() == 3

    def test_expiry(self, world: World) -> None:
        """A kept connection that expires makes room, and so does closing all of them."""
        world.pool.maxConnections = 1
        world.ask("a")
        world.answer("a")
        world.clock.advance(world.pool.cachedConnectionTimeout)
        assert world.pool._slots.take("b")
        world.pool._slots.release("b")
        world.ask("a")
        world.answer("a", 1)
        world.pool.closeCachedConnections()
        world.lose("a", 1)
        assert world.pool._slots.take("b")

    def test_nobody_overtakes(self) -> None:
        """Somebody new does not go before those who wait."""
        slots = Slots()
        slots.perHost = 1
        assert slots.take("a")
        waiting = slots.wait("a")
        slots.release("a")
        assert waiting.called
        assert not slots.take("a")


class TestTimes:
    """How long things may take."""

    def test_pool(self, world: World) -> None:
        """Waiting for a connection ends with a `PoolTimeout`, and leaves the queue."""
        world.pool.maxConnections, world.pool.poolTimeout = 1, 5
        world.ask("a", "1")
        late = world.ask("a", "2")
        world.clock.advance(5)
        assert late[0].check(PoolTimeout)
        assert str(late[0].value) == "No connection became free in time: 5 seconds."
        assert world.pool._slots.waiting == 0
        world.answer("a")

    def test_connect(self, world: World) -> None:
        """Connecting ends with a `ConnectTimeout`."""
        world.pool.connectTimeout = 5
        world.servers["a"] = Endpoint(later=True)
        late = world.ask("a")
        world.clock.advance(5)
        assert late[0].check(ConnectTimeout)

    def test_connect_in_time(self, world: World) -> None:
        """Nothing is left of the time for connecting when the connection is there."""
        world.pool.connectTimeout = 5
        world.servers["a"] = Endpoint(later=True)
        world.ask("a")
        connecting, factory = world.server("a").connecting[0]
        connecting.callback(world.server("a").made(factory))
        assert world.clock.getDelayedCalls() == []
        assert world.log == [""]

    def wait(self, world: World, seconds: float) -> None:
        for _ in range(int(seconds * 4)):
            world.clock.advance(0.25)

    def test_no_answer(self, world: World) -> None:
        """A server that sends nothing fails the request, which is not sent once more."""
        world.pool.readTimeout = 4
        world.ask("a")
        world.answer("a")
        late = world.ask("a")
        self.wait(world, 3.75)
        assert late == []
        self.wait(world, 1.25)
        assert late[0].check(ResponseNeverReceived)
        assert late[0].value.reasons[0].check(ReadTimeout)
        assert len(world.server("a").connections) == 1
        assert world.clock.getDelayedCalls() == []

    @pytest.mark.parametrize("length", [b"Content-Length: 9\r\n", b""])
    def test_half_a_body(self, world: World, length: bytes) -> None:
        """A server that stops amid a body fails it; one that sends slowly does not."""
        world.pool.readTimeout = 4
        answers = world.ask("a")
        connection = world.server("a").connections[0]
        connection.dataReceived(b"HTTP/1.1 200 OK\r\n" + length + b"\r\n")
        ended: list[Any] = []

        class Body(Protocol):
            def connectionLost(self, reason: Failure = None) -> None:  # type: ignore[assignment]
                ended.append(reason)

        # Nobody wants the body yet, which is no fault of the server's.
        self.wait(world, 20)
        answers[0].deliverBody(Body())
        for _ in range(3):
            self.wait(world, 3)
            connection.dataReceived(b"x")
        assert ended == []
        self.wait(world, 5)
        assert ended[0].check(ResponseFailed)
        assert ended[0].value.reasons[0].check(ReadTimeout)

    def test_unread_request(self, world: World) -> None:
        """A server that reads nothing fails the request; a producer has all the time it needs."""
        world.pool.readTimeout, world.pool.writeTimeout = 40, 4

        class Producer:
            length = UNKNOWN_LENGTH
            stopped = False

            def startProducing(self, consumer: Any) -> Deferred[None]:
                return Deferred()

            def stopProducing(self) -> None:
                self.stopped = True

            def pauseProducing(self) -> None:
                pass

            resumeProducing = pauseProducing

        producer = Producer()
        late = world.ask("a", "", b"POST", producer)
        transport = world.server("a").connections[0].transport
        self.wait(world, 50)
        for size in (1000, 700, 400):
            transport.unsentSize = size
            self.wait(world, 3)
        assert late == []
        self.wait(world, 3)
        assert late[0].check(RequestTransmissionFailed)
        assert late[0].value.reasons[0].check(WriteTimeout)
        assert producer.stopped

    def test_reading_begins_when_all_is_sent(self, world: World) -> None:
        """The time for an answer does not run while the request is still being sent."""
        world.pool.readTimeout = 4
        late = world.ask("a")
        transport = world.server("a").connections[0].transport
        for size in range(20, 0, -1):
            transport.unsentSize = size
            self.wait(world, 1)
        transport.unsentSize = 0
        self.wait(world, 3)
        assert late == []
        self.wait(world, 3)
        assert late[0].value.reasons[0].check(ReadTimeout)

    def test_timer_ends(self, world: World) -> None:
        """Between requests no timer runs but that of the kept connection."""
        world.pool.readTimeout = 4
        world.ask("a")
        world.answer("a")
        self.wait(world, 2)
        assert len(world.clock.getDelayedCalls()) == 1


class TestAgain:
    """Requests that are sent once more."""

    @pytest.mark.parametrize(
        ("method", "body", "again"),
        [
            (b"GET", None, True),
            (b"PUT", BytesBodyProducer(b"x"), True),
            (b"POST", BytesBodyProducer(b"x"), False),
            (b"PUT", client.FileBodyProducer(object()), False),
        ],
    )
    def test_bodies(self, world: World, method: bytes, body: Any, again: bool) -> None:
        """Idempotent requests are sent once more if their body can be made once more."""
        world.ask("a")
        world.answer("a")
        connection = world.pool._connections["a"][0]
        retrying = world.pool._usedAgain(connection, "a", world.server("a"))
        problem = ResponseNeverReceived([Failure(ConnectionLost())])
        assert retrying._shouldRetry(method, problem, body) is again
        assert not retrying._shouldRetry(method, ResponseFailed([]), body)

    def test_body_is_sent_again(self, world: World) -> None:
        """The whole body goes over the new connection, too."""
        world.ask("a")
        world.answer("a")
        world.ask("a", "", b"PUT", BytesBodyProducer(b"whole"))
        world.lose("a")
        sent = world.server("a").connections[1].transport.value()
        assert sent.endswith(b"Content-Length: 5\r\nHost: h\r\n\r\nwhole")
