"""What the tests share: a connection to a site, in memory, and time that tests let pass."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import h2.config
import h2.connection
import h2.events
import h2.settings
import hyperframe.frame
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.epollreactor import EPollReactor
from twisted.internet.error import ConnectionLost, ReactorNotRunning
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.web.client import Request, readBody
from twisted.web.http import HTTP2Limits
from twisted.web.http_headers import Headers
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


class HTTP2Answer:
    """What a stream has brought."""

    def __init__(self) -> None:
        self.headers: dict[bytes, bytes] = {}
        self.informational: list[bytes] = []
        self.trailers: dict[bytes, bytes] = {}
        self.pieces: list[bytes] = []
        self.ended = False
        self.reset: int | None = None

    @property
    def status(self) -> int:
        """The status."""
        return int(self.headers[b":status"])

    @property
    def body(self) -> bytes:
        """The body as far as it has come."""
        return b"".join(self.pieces)


class HTTP2Client:
    """
    A client, and the site that it is connected to by prior knowledge.

    @ivar h2: the library's connection.
    @ivar answers: what has come, by the numbers of streams.
    @ivar goaway: the code and reason of a GOAWAY that has come, or None.
    @ivar window: whether what has come makes room for more at once.
    """

    def __init__(
        self, resource: Any, limits: HTTP2Limits | None = None, check: bool = True, **options: Any
    ) -> None:
        """
        @param check: whether the library keeps this client from breaking rules.
        """
        self.clock = Clock()
        self.clock.advance(1_000_000_000)
        self.site = Site(resource, reactor=self.clock, **options)
        if limits is not None:
            self.site.http2Limits = limits
        self.log: list[Any] = []
        self.site.log = self.log.append
        self.transport = StringTransport(
            IPv4Address("TCP", "10.0.0.1", 80), IPv4Address("TCP", "192.0.2.7", 4321)
        )
        self.transport.abortConnection = self._abort
        self.aborted = False
        self.channel = self.site.buildProtocol(self.transport.getPeer())
        self.channel.makeConnection(self.transport)
        self.h2 = h2.connection.H2Connection(
            h2.config.H2Configuration(
                client_side=True,
                header_encoding=None,
                validate_outbound_headers=check,
                normalize_outbound_headers=check,
            )
        )
        self.answers: dict[int, HTTP2Answer] = {}
        self.goaway: tuple[int, bytes] | None = None
        self.settings: dict[Any, int] = {}
        self.window = True
        self.pongs = 0
        self.h2.initiate_connection()
        self.flush()

    def _abort(self) -> None:
        self.aborted = True
        self.transport.disconnecting = True

    @property
    def connection(self) -> Any:
        """The server's side."""
        return self.channel._other

    def flush(self) -> None:
        """Have the site receive what the client has to say, and the client what the site says."""
        while True:
            data = self.h2.data_to_send()
            if data:
                self.channel.dataReceived(data)
            self.clock.advance(0)
            sent = self.transport.value()
            self.transport.clear()
            if not sent and not data:
                return
            self.receive(sent)

    def raw(self, *frames: Any) -> None:
        """Have the site receive frames or octets, whatever the client has to say."""
        for each in frames:
            data = each if isinstance(each, bytes) else each.serialize()
            self.channel.dataReceived(data)
        self.flush()

    def receive(self, data: bytes) -> None:
        """Take what the site has sent."""
        for event in self.h2.receive_data(data):
            if isinstance(event, h2.events.ConnectionTerminated):
                self.goaway = (int(event.error_code), event.additional_data or b"")
            elif isinstance(event, h2.events.RemoteSettingsChanged):
                for setting in event.changed_settings.values():
                    self.settings[setting.setting] = setting.new_value
            elif isinstance(event, h2.events.PingAckReceived):
                self.pongs += 1
            elif getattr(event, "stream_id", None):
                self._streamEvent(event, self.answers.setdefault(event.stream_id, HTTP2Answer()))

    def _streamEvent(self, event: Any, answer: HTTP2Answer) -> None:
        if isinstance(event, h2.events.ResponseReceived):
            answer.headers = dict(event.headers)
        elif isinstance(event, h2.events.InformationalResponseReceived):
            answer.informational.append(dict(event.headers)[b":status"])
        elif isinstance(event, h2.events.DataReceived):
            answer.pieces.append(event.data)
            if self.window and event.flow_controlled_length:
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.TrailersReceived):
            answer.trailers = dict(event.headers)
        elif isinstance(event, h2.events.StreamEnded):
            answer.ended = True
        elif isinstance(event, h2.events.StreamReset):
            answer.reset = int(event.error_code)

    def ask(
        self,
        path: bytes = b"/",
        *headers: tuple[bytes, bytes],
        method: bytes = b"GET",
        end: bool = True,
        authority: bytes = b"example.org",
    ) -> int:
        """Send the head of a request; gives its stream."""
        stream: int = self.h2.get_next_available_stream_id()
        pseudo = [
            (b":method", method),
            (b":scheme", b"http"),
            (b":authority", authority),
            (b":path", path),
        ]
        self.h2.send_headers(stream, [*pseudo, *headers], end_stream=end)
        self.flush()
        return stream

    def get(self, path: bytes = b"/", *headers: tuple[bytes, bytes], **options: Any) -> HTTP2Answer:
        """Make a request without a body; gives its answer."""
        stream = self.ask(path, *headers, **options)
        return self.answers.setdefault(stream, HTTP2Answer())

    def post(
        self, body: bytes, *headers: tuple[bytes, bytes], method: bytes = b"POST"
    ) -> HTTP2Answer:
        """Make a request with a body; gives its answer."""
        stream = self.ask(b"/", *headers, method=b"POST", end=False)
        self.send(stream, body, True)
        return self.answers.setdefault(stream, HTTP2Answer())

    def send(self, stream: int, data: bytes, end: bool = False) -> None:
        """Send a piece of a body, in as many frames as it needs."""
        while True:
            room = min(self.h2.local_flow_control_window(stream), 16384)
            piece, data = data[:room], data[room:]
            self.h2.send_data(stream, piece, end_stream=end and not data)
            self.flush()
            if not data:
                return

    def lose(self) -> None:
        """Break the connection."""
        self.channel.connectionLost(Failure(ConnectionLost()))

    @property
    def closed(self) -> bool:
        """Whether the site has closed the connection."""
        return bool(self.transport.disconnecting)


def frame(kind: str, stream: int = 0, flags: tuple[str, ...] = (), **values: Any) -> Any:
    """A frame of any content."""
    made = getattr(hyperframe.frame, f"{kind}Frame")(stream)
    for flag in flags:
        made.flags.add(flag)
    for name, value in values.items():
        setattr(made, name, value)
    return made


@pytest.fixture
def http2() -> Iterator[Any]:
    """Make an `HTTP2Client` of a site of a resource; in the end, it leaves."""
    made: list[HTTP2Client] = []

    def make(*arguments: Any, **options: Any) -> HTTP2Client:
        made.append(HTTP2Client(*arguments, **options))
        return made[-1]

    yield make
    for client in made:
        client.lose()


@pytest.fixture(name="frame")
def frame_fixture():
    """Make a frame of any content."""
    return frame


class HTTP2Link:
    """
    A connection that a client of HTTP/2 has made, and the server at its other end.

    @ivar protocol: the client's side.
    @ivar h2: the library's connection, the server's side.
    @ivar requests: the heads that have come, by the numbers of streams.
    @ivar bodies: what has come of bodies.
    @ivar resets: codes of streams that the client has reset.
    @ivar window: whether what has come makes room for more at once.
    """

    def __init__(self, clock: Clock, protocol: Any, settings: dict[Any, int]) -> None:
        self.clock = clock
        self.protocol = protocol
        self.transport = Transport(lenient=True)
        self.transport.abortConnection = self._abort
        self.aborted = False
        self.window = True
        self.requests: dict[int, dict[bytes, bytes]] = {}
        self.bodies: dict[int, bytes] = {}
        self.ended: list[int] = []
        self.resets: dict[int, int] = {}
        self.goaway: int | None = None
        self.pings = 0
        self.h2 = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=False, header_encoding=None)
        )
        self.h2.local_settings = h2.settings.Settings(client=False, initial_values=settings)
        self.h2.initiate_connection()
        protocol.makeConnection(self.transport)

    def _abort(self) -> None:
        if not self.aborted:
            self.aborted = True
            self.lose()

    def lose(self, reason: Exception | None = None) -> None:
        """Break the connection."""
        self.transport.disconnecting = True
        if self.protocol.connected:
            self.protocol.connectionLost(Failure(reason or ConnectionLost()))

    @property
    def closed(self) -> bool:
        """Whether the client has closed the connection."""
        return bool(self.transport.disconnecting)

    def take(self) -> bytes:
        """What the client has sent since the last time, in octets."""
        sent = self.transport.value()
        self.transport.clear()
        return sent

    def flush(self) -> None:
        """Have the client receive what the server has to say, and the server what it answers."""
        while True:
            data = self.h2.data_to_send()
            if data and not self.aborted:
                self.protocol.dataReceived(data)
            self.clock.advance(0)
            sent = self.take()
            if not sent and not data:
                return
            for event in self.h2.receive_data(sent):
                self._received(event)

    def _received(self, event: Any) -> None:
        if isinstance(event, h2.events.RequestReceived):
            self.requests[event.stream_id] = dict(event.headers)
            self.bodies[event.stream_id] = b""
        elif isinstance(event, h2.events.DataReceived):
            self.bodies[event.stream_id] += event.data
            if self.window and event.flow_controlled_length:
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            self.ended.append(event.stream_id)
        elif isinstance(event, h2.events.StreamReset):
            self.resets[event.stream_id] = int(event.error_code)
        elif isinstance(event, h2.events.ConnectionTerminated):
            self.goaway = int(event.error_code)
        elif isinstance(event, h2.events.PingReceived):
            self.pings += 1

    def raw(self, *frames: Any) -> None:
        """Have the client receive frames or octets, whatever the server has to say."""
        for each in frames:
            self.protocol.dataReceived(each if isinstance(each, bytes) else each.serialize())
        self.clock.advance(0)

    def head(self, stream: int, code: int = 200, *fields: Any, end: bool = False) -> None:
        """Send the head of an answer."""
        self.h2.send_headers(stream, [(b":status", b"%d" % code), *fields], end_stream=end)
        self.flush()

    def answer(self, stream: int, body: bytes = b"", code: int = 200) -> None:
        """Answer a request."""
        self.head(stream, code, end=not body)
        if body:
            self.h2.send_data(stream, body, end_stream=True)
        self.flush()


class HTTP2World:
    """
    A pool that knows servers to speak HTTP/2, and their connections by names of hosts.

    @ivar links: the connections, in the order in which they were made.
    @ivar settings: what servers say of themselves.
    """

    def __init__(self) -> None:
        from twisted.web.client import HTTP2ConnectionPool

        self.clock = Clock()
        self.clock.advance(1_000_000_000)
        self.pool = HTTP2ConnectionPool(self.clock)
        self.pool.priorKnowledge = True
        self.links: list[HTTP2Link] = []
        self.settings: dict[Any, int] = {}
        self.connecting: list[Any] | None = None

    def connect(self, factory: Any) -> Deferred[Any]:
        """Connect, as an endpoint does; while there is `connecting`, when the test says so."""
        connecting: Deferred[Any] = Deferred()
        connecting.addCallback(lambda _: self._made(factory))
        if self.connecting is None:
            connecting.callback(None)
        else:
            self.connecting.append(connecting)
        return connecting

    def _made(self, factory: Any) -> Any:
        protocol = factory.buildProtocol(None)
        self.links.append(HTTP2Link(self.clock, protocol, self.settings))
        return protocol

    def ask(
        self,
        host: bytes = b"h",
        path: bytes = b"/",
        method: bytes = b"GET",
        headers: dict[bytes, list[bytes]] | None = None,
        body: Any = None,
    ) -> list[Any]:
        """Ask; gives a list that gets the answer, or the failure."""
        results: list[Any] = []
        request = Request(method, path, Headers({b"host": [host], **(headers or {})}), body, True)
        self.asked = self.pool.getConnection((b"http", host, 80), self)
        self.asked.addCallback(lambda connection: connection.request(request))
        self.asked.addBoth(results.append)
        self.flush()
        return results

    def read(self, results: list[Any]) -> list[Any]:
        """Read the body of an answer; gives a list that gets it, or the failure."""
        bodies: list[Any] = []
        readBody(results[0]).addBoth(bodies.append)
        self.flush()
        return bodies

    def flush(self) -> None:
        """Have everything arrive."""
        for link in self.links:
            if not link.aborted:
                link.flush()

    @property
    def link(self) -> HTTP2Link:
        """The connection that was made last."""
        return self.links[-1]


@pytest.fixture
def http2_world() -> Iterator[HTTP2World]:
    """An `HTTP2World`; in the end, nothing of it is left."""
    world = HTTP2World()
    yield world
    for link in world.links:
        link.lose()
    assert world.clock.getDelayedCalls() == []


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A file with a certificate for ``localhost`` that nobody signed, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(1))
        .not_valid_after(now + datetime.timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "pair.pem"
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + made.public_bytes(Encoding.PEM)
    )
    return path
