"""What the tests share: a connection to a site, in memory, and time that tests let pass."""

from __future__ import annotations

from typing import Any

import pytest

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionLost
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
