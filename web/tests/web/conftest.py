"""What the tests share: a connection to a site, in memory, and time that tests let pass."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.epollreactor import EPollReactor
from twisted.internet.error import ConnectionLost, ReactorNotRunning
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site


class Transport(StringTransport):
    """A transport of TCP: it can close one direction, and tells what waits to be sent."""

    unsentSize = 0
    halfClosed = False

    def loseWriteConnection(self) -> None:
        """Note that the sending direction is to be closed."""
        self.halfClosed = True


class Answer(bytes):
    """What a site has sent."""

    @property
    def status(self) -> int:
        """The status."""
        return int(self.split(b" ", 2)[1])

    @property
    def headers(self) -> dict[bytes, bytes]:
        """The headers by their names in lower case."""
        lines = self.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
        pairs = [line.split(b": ", 1) for line in lines]
        return {name.lower(): value for name, value in pairs}

    @property
    def body(self) -> bytes:
        """What stands behind the head."""
        return self.partition(b"\r\n\r\n")[2]


class Connection:
    """
    A connection to a site.

    @ivar clock: where the site's time passes.
    @ivar log: the requests that were logged.
    """

    def __init__(self, resource: Any, **options: Any) -> None:
        self.clock = Clock()
        self.clock.advance(1_000_000_000)
        self.site = Site(resource, reactor=self.clock, **options)
        self.log: list[Any] = []
        self.site.log = self.log.append
        self.transport = Transport(
            IPv4Address("TCP", "10.0.0.1", 80), IPv4Address("TCP", "192.0.2.7", 4321)
        )
        self.channel = self.site.buildProtocol(self.transport.getPeer())
        self.channel.makeConnection(self.transport)

    def send(self, data: bytes) -> Answer:
        """Have the site receive bytes; gives what it has sent since the last time."""
        self.channel.dataReceived(data)
        return self.take()

    def take(self) -> Answer:
        """What the site has sent since the last time."""
        sent = self.transport.value()
        self.transport.clear()
        return Answer(sent)

    def get(self, target: bytes = b"/", *headers: bytes, method: bytes = b"GET") -> Answer:
        """Make a request without a body; gives the answer."""
        lines = [b"%b %b HTTP/1.1" % (method, target), b"Host: example.org", *headers, b"", b""]
        return self.send(b"\r\n".join(lines))

    def lose(self) -> None:
        """Break the connection."""
        self.channel.connectionLost(Failure(ConnectionLost()))

    @property
    def closed(self) -> bool:
        """Whether the site has closed the connection."""
        return bool(self.transport.disconnecting)


class Recorder(Resource):
    """
    A leaf that keeps requests and says what a test wants.

    @ivar requests: all that came.
    @ivar answer: what it gives; by default all is left to the test.
    """

    isLeaf = True

    def __init__(self, answer: Any = NOT_DONE_YET) -> None:
        super().__init__()
        self.requests: list[Any] = []
        self.bodies: list[bytes] = []
        self.answer = answer

    def render(self, request: Any) -> Any:
        """Keep the request."""
        self.requests.append(request)
        self.bodies.append(request.content.read())
        return self.answer


@pytest.fixture
def connect():
    """Make a `Connection` to a site of a resource."""
    return Connection


@pytest.fixture
def recorder():
    """A `Recorder` that answers ``hello``."""
    return Recorder(b"hello")


@pytest.fixture
def silent():
    """A `Recorder` that answers nothing."""
    return Recorder()


@pytest.fixture
def connection(recorder):
    """A `Connection` to the recorder."""
    return Connection(recorder)


class Network:
    """
    A reactor that a test lets run, and servers on it.

    @ivar reactor: the reactor.
    """

    def __init__(self) -> None:
        self.reactor = EPollReactor()
        self.reactor.startRunning(installSignalHandlers=False)

    def listen(self, resource: Any) -> bytes:
        """Serve a resource; gives its URL."""
        self.site = Site(resource, reactor=self.reactor)
        self.port = self.reactor.listenTCP(0, self.site, interface="127.0.0.1")
        return b"http://127.0.0.1:%d/" % self.port.getHost().port

    def wait(self, deferred: Deferred[Any]) -> Any:
        """What a Deferred fires with; if it fails, the exception."""
        results: list[Any] = []
        deferred.addBoth(results.append)
        for _ in range(4000):
            if results:
                break
            self.reactor.iterate(0.005)
        (result,) = results
        return result.value if isinstance(result, Failure) else result

    def dispose(self) -> None:
        """End everything."""
        with suppress(ReactorNotRunning):
            # A test may have stopped it.
            self.reactor.stop()
        for _ in range(3):
            self.reactor.iterate()
        waker = self.reactor.waker
        self.reactor.removeReader(waker)
        waker.connectionLost(None)
        self.reactor._poller.close()


@pytest.fixture
def network() -> Iterator[Network]:
    """A `Network`."""
    made = Network()
    yield made
    made.dispose()
