"""Tests of `twisted.web.asgi`: applications of ASGI, over connections in memory."""

from __future__ import annotations

import asyncio
import struct
import sys

import pytest

from twisted.internet.address import UNIXAddress
from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs
from twisted.python.failure import Failure
from twisted.web.asgi import ASGIResource, ClientDisconnected, LifespanFailed
from twisted.web.resource import Resource

OK = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]}
KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
ASKS = (
    b"Upgrade: websocket",
    b"Connection: Upgrade",
    b"Sec-WebSocket-Version: 13",
    b"Sec-WebSocket-Key: " + KEY,
)


def body(data=b"", more=False):
    return {"type": "http.response.body", "body": data, "more_body": more}


class World:
    """An application that a running reactor serves."""

    def __init__(self, network, connect):
        self.reactor = network.reactor
        self._connect = connect

    def settle(self):
        """Let tasks have their turns."""
        for _ in range(20):
            self.reactor.iterate(0)

    def serve(self, application, lifespan=None, mount=None, **options):
        """A connection to an application, whose lifespan is another one's."""

        async def usual(scope, receive, send):
            raise NotImplementedError("no lifespan")

        async def either(scope, receive, send):
            if scope["type"] == "lifespan":
                await (lifespan or usual)(scope, receive, send)
            else:
                await application(scope, receive, send)

        self.resource = ASGIResource(self.reactor, either, **options)
        root = self.resource
        if mount is not None:
            root = Resource()
            root.putChild(mount, self.resource)
        connection = self._connect(root)
        self.settle()
        return connection


@pytest.fixture
def world(network, connect):
    """A `World`."""
    return World(network, connect)


def test_hello(world):
    """An answer in one piece has its length, and is there at once."""

    async def application(scope, receive, send):
        assert await receive() == {"type": "http.request", "body": b"", "more_body": False}
        await send(OK)
        await send(body(b"hello"))

    connection = world.serve(application)
    for _ in range(2):
        answer = connection.get()
        assert (answer.status, answer.body) == (200, b"hello")
        assert answer.headers[b"content-length"] == b"5"
        assert answer.headers[b"content-type"] == b"text/plain"
    head = connection.get(method=b"HEAD")
    assert head.body == b""
    assert b"content-length" not in head.headers
    assert len(connection.log) == 3


def test_scope(world):
    """The application learns everything of a request."""
    scopes = []

    async def application(scope, receive, send):
        scopes.append(scope)
        await send({"type": "http.response.start", "status": 204})
        await send(body())

    connection = world.serve(application, mount=b"mounted")
    answer = connection.get(
        b"/mounted/a%2Fb/%C3%BC?x=%20&y", b"X-A: 1", b"x-b: 2", b"X-A: 3", b"TE: trailers"
    )
    assert answer.status == 204
    assert b"content-length" not in answer.headers
    assert b"content-type" not in answer.headers
    (scope,) = scopes
    assert scope.pop("headers") == [
        (b"host", b"example.org"),
        (b"x-a", b"1"),
        (b"x-a", b"3"),
        (b"x-b", b"2"),
        (b"te", b"trailers"),
    ]
    assert scope == {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/mounted/a/b/\xfc",
        "raw_path": b"/mounted/a%2Fb/%C3%BC",
        "query_string": b"x=%20&y",
        "root_path": "/mounted",
        "client": ("192.0.2.7", 4321),
        "server": ("10.0.0.1", 80),
        "extensions": {"http.response.pathsend": {}, "http.response.trailers": {}},
    }
    connection.get(b"/mounted")
    assert scopes[1]["path"] == "/mounted/"
    assert "http.response.trailers" not in scopes[1]["extensions"]
    assert "state" not in scopes[1]


def test_scope_behind_proxies(world):
    """What a proxy has taken away from paths is put back, and it may say who the client is."""
    scopes = []

    async def application(scope, receive, send):
        scopes.append(scope)
        await send(OK)
        await send(body())

    connection = world.serve(application, rootPath="/\xfc/")
    factory = connection.site.requestFactory

    def make(channel):
        request = factory(channel)
        request.setHost(b"public.example", 443, True)
        request.client = UNIXAddress(b"/run/x")
        return request

    connection.channel.requestFactory = make
    connection.get(b"/a")
    (scope,) = scopes
    assert (scope["root_path"], scope["path"]) == ("/\xfc", "/\xfc/a")
    assert scope["raw_path"] == b"/%C3%BC/a"
    assert scope["scheme"] == "https"
    assert scope["server"] == ("public.example", 443)
    assert scope["client"] is None


def test_bodies_both_ways(world):
    """A body is received as it comes, while the answer goes."""

    async def application(scope, receive, send):
        await send(OK)
        while True:
            message = await receive()
            assert message["type"] == "http.request"
            await send(body(message["body"].upper(), message["more_body"]))
            if not message["more_body"]:
                break
        assert (await receive())["type"] == "http.disconnect"

    connection = world.serve(application)
    connection.send(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    got = b""
    for piece in (b"2\r\nab\r\n", b"3\r\ncde\r\n", b"0\r\n\r\n"):
        got += connection.send(piece)
        world.settle()
        got += connection.take()
    assert got.endswith(b"2\r\nAB\r\n3\r\nCDE\r\n0\r\n\r\n")
    assert connection.get(method=b"POST").endswith(b"0\r\n\r\n")


def test_whole_bodies(world):
    """In a site that looks resources up late, bodies are received all the same."""

    async def application(scope, receive, send):
        message = await receive()
        await send(OK)
        await send(body(message["body"]))

    connection = world.serve(application, mount=b"a")
    got = connection.send(b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
    assert got.body == b"abc"


def test_back_pressure(world):
    """Sending waits while the client has enough to read."""
    sent = []

    async def application(scope, receive, send):
        await send(OK)
        for number in range(5):
            await send(body(b"x", True))
            sent.append(number)
        await send(body())

    connection = world.serve(application)
    write = connection.transport.write

    def full(data):
        write(data)
        connection.channel.pauseProducing()
        connection.transport.write = write

    connection.transport.write = full
    connection.get()
    world.settle()
    assert sent == []
    connection.channel.resumeProducing()
    world.settle()
    assert sent == [0, 1, 2, 3, 4]
    assert connection.take().endswith(b"0\r\n\r\n")


def test_clients_that_leave(world):
    """A client that leaves is told of by messages, and by errors of sending."""
    seen = []

    async def application(scope, receive, send):
        await receive()
        await send(OK)
        await send(body(b"x", True))
        seen.append(await receive())
        seen.append(await receive())
        with pytest.raises(OSError) as caught:
            await send(body(b"y", True))
        seen.append(caught.type)
        await send(body(b"z"))

    connection = world.serve(application)
    connection.get()
    world.settle()
    assert seen == []
    with capturedLogs() as events:
        connection.lose()
        world.settle()
    assert seen == [{"type": "http.disconnect"}, {"type": "http.disconnect"}, ClientDisconnected]
    assert events == []


def test_clients_that_leave_early(world):
    """One that leaves amid its body is told of, too."""
    seen = []

    async def application(scope, receive, send):
        seen.append(await receive())
        seen.append(await receive())

    connection = world.serve(application)
    connection.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc")
    world.settle()
    connection.lose()
    world.settle()
    assert [message["type"] for message in seen] == ["http.request", "http.disconnect"]


@pytest.mark.parametrize("when", ["before", "started", "returned"])
def test_errors_before_the_answer(world, when):
    """An application that fails before its answer begins is 500, without particulars."""

    async def application(scope, receive, send):
        if when == "started":
            await send({**OK, "headers": [(b"x-a", b"1")]})
        if when != "returned":
            raise ValueError("secret")

    connection = world.serve(application)
    with capturedLogs() as events:
        answer = connection.get()
    assert answer.status == 500
    assert b"secret" not in answer
    assert b"x-a" not in answer.headers
    assert [event["log_format"][:5] for event in events] == ["Error"]
    assert not connection.closed


@pytest.mark.parametrize("raises", [True, False])
def test_errors_amid_the_answer(world, raises):
    """One that fails later has its connection cut, so that nobody takes the answer for whole."""

    async def application(scope, receive, send):
        await send(OK)
        await send(body(b"x", True))
        if raises:
            raise ValueError("secret")

    connection = world.serve(application)
    with capturedLogs() as events:
        answer = connection.get()
    assert answer.body == b"1\r\nx\r\n"
    assert connection.closed
    assert len(events) == 1


def test_errors_behind_the_answer(world):
    """An error behind the answer is logged; messages behind it are passed over."""

    async def application(scope, receive, send):
        await send(OK)
        await send(body(b"x"))
        await send(body(b"y"))
        raise ValueError("late")

    connection = world.serve(application)
    with capturedLogs() as events:
        assert connection.get().body == b"x"
    assert len(events) == 1
    assert connection.get().body == b"x"


@pytest.mark.parametrize(
    "message",
    [
        {"type": "http.response.start", "status": 200, "headers": [(b"x", b"a\r\nb: c")]},
        {"type": "http.response.start", "status": 200, "headers": [(b"x", b"a\0")]},
        {"type": "http.response.start", "status": 200, "headers": [(b"x\r\ny", b"a")]},
        {"type": "http.response.start", "status": 200, "headers": [(b"x y", b"a")]},
        {"type": "http.response.start", "status": 200, "headers": [("x", "a")]},
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-length", b"1"), (b"Content-Length", b"2")],
        },
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-length", b"-1")],
        },
        {"type": "http.response.start", "status": 101},
        {"type": "http.response.start", "status": "200"},
        {"type": "http.response.start"},
        {"type": "http.response.body"},
        {"type": "websocket.accept"},
        {"type": "http.response.trailers"},
        {},
    ],
)
def test_messages_that_make_no_sense(world, message):
    """What cannot be sent raises in the application, before anything is."""
    raised = []

    async def application(scope, receive, send):
        try:
            await send(message)
            await send(body(b"x"))
        except (ValueError, TypeError, KeyError, RuntimeError) as error:
            raised.append(error)
            raise

    connection = world.serve(application)
    assert connection.get().status == 500
    assert len(raised) == 1


def test_bodies_that_make_no_sense(world):
    """A body is bytes, or something like it."""

    async def application(scope, receive, send):
        await send(OK)
        await send(body(bytearray(b"a"), True))
        await send(body(memoryview(b"b"), True))
        with pytest.raises(TypeError):
            await send(body("text"))
        await send(body())

    assert b"a\r\n1\r\nb\r\n0" in world.serve(application).get()


def test_headers_of_the_server(world):
    """Headers between neighbours are the server's to say; its name and the date are anybody's."""

    async def application(scope, receive, send):
        headers = [
            (b"transfer-encoding", b"chunked"),
            (b"keep-alive", b"x"),
            (b"server", b"mine"),
            (b"set-cookie", b"a=1"),
            (b"set-cookie", b"b=2"),
        ]
        if scope["path"] == "/last":
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send(body(b"x"))

    connection = world.serve(application)
    answer = connection.get()
    assert answer.headers[b"server"] == b"mine"
    assert b"keep-alive" not in answer.headers
    assert b"transfer-encoding" not in answer.headers
    assert answer.count(b"Set-Cookie: ") == 2
    assert not connection.closed
    connection.get(b"/last")
    assert connection.closed


def test_trailers(world):
    """Trailers follow the body, to clients that want them."""

    async def application(scope, receive, send):
        await send({**OK, "trailers": True})
        await send(body(b"x"))
        with pytest.raises(RuntimeError):
            await send(body(b"y"))
        for number, more in ((b"1", True), (b"2", False)):
            await send(
                {
                    "type": "http.response.trailers",
                    "headers": [(b"x-sum", number)],
                    "more_trailers": more,
                }
            )

    connection = world.serve(application)
    got = connection.get(b"/", b"TE: trailers")
    assert got.endswith(b"1\r\nx\r\n0\r\nX-Sum: 1\r\nX-Sum: 2\r\n\r\n")
    assert connection.get().endswith(b"1\r\nx\r\n0\r\n\r\n")


def test_files(world, tmp_path):
    """A file is sent by its path."""
    (tmp_path / "file").write_bytes(b"content")

    async def application(scope, receive, send):
        await send(OK)
        with pytest.raises(OSError):
            await send({"type": "http.response.pathsend", "path": str(tmp_path / "none")})
        await send({"type": "http.response.pathsend", "path": str(tmp_path / "file")})
        assert (await receive())["type"] == "http.disconnect"

    connection = world.serve(application)
    got = connection.get()
    while connection.transport.producer is not connection.channel:
        connection.transport.producer.resumeProducing()
    world.settle()
    got += connection.take()
    assert got.endswith(b"\r\n\r\ncontent")
    assert b"Content-Length: 7\r\n" in got
    head = connection.get(method=b"HEAD")
    assert (head.headers[b"content-length"], head.body) == (b"7", b"")


async def quiet(scope, receive, send):
    """Answers at once."""
    await send(OK)
    await send(body(b"x"))


class TestLifespan:
    """The beginning and the end of an application."""

    def test_all_of_it(self, world):
        """It begins, gives each request its state, and ends after the last."""
        seen = []

        async def lifespan(scope, receive, send):
            assert scope["asgi"] == {"version": "3.0", "spec_version": "2.0"}
            seen.append((await receive())["type"])
            scope["state"]["a"] = [1]
            await send({"type": "lifespan.startup.complete"})
            seen.append((await receive())["type"])
            await send({"type": "lifespan.shutdown.complete"})

        async def application(scope, receive, send):
            seen.append(dict(scope["state"]))
            scope["state"]["b"] = 2
            await quiet(scope, receive, send)

        connection = world.serve(application, lifespan)
        started = []
        world.resource.whenStarted().addCallback(started.append)
        assert started == [None]
        connection.get()
        connection.get()
        world.reactor.stop()
        world.settle()
        assert seen == ["lifespan.startup", {"a": [1]}, {"a": [1]}, "lifespan.shutdown"]

    def test_requests_wait(self, world):
        """Requests are answered when the application has begun; those that have left are not."""
        begin = asyncio.Event()

        async def lifespan(scope, receive, send):
            await receive()
            await begin.wait()
            await send({"type": "lifespan.startup.complete"})
            await receive()

        connection = world.serve(quiet, lifespan)
        other = world._connect(world.resource)
        assert connection.get() == b""
        other.get()
        other.lose()
        begin.set()
        world.settle()
        assert connection.take().body == b"x"
        assert other.take() == b""

    def test_failure(self, world):
        """If it says that it cannot begin, whoever waits is told, and requests are 503."""

        async def lifespan(scope, receive, send):
            await receive()
            await send({"type": "lifespan.startup.failed", "message": "no database"})

        with capturedLogs() as events:
            connection = world.serve(quiet, lifespan)
        failures = []
        world.resource.whenStarted().addErrback(failures.append)
        assert failures[0].check(LifespanFailed)
        assert "no database" in str(failures[0].value)
        assert len(events) == 1
        assert connection.get().status == 503
        assert connection.closed

    def test_applications_without(self, world):
        """One that knows nothing of this is served."""
        with capturedLogs() as events:
            connection = world.serve(quiet)
        assert [event["log_level"].name for event in events] == ["info"]
        assert connection.get().body == b"x"

    def test_applications_that_return(self, world):
        """One that returns without having said anything is served, too."""

        async def lifespan(scope, receive, send):
            return

        assert world.serve(quiet, lifespan).get().body == b"x"

    @pytest.mark.parametrize("how", ["says", "raises", "waits", "nonsense"])
    def test_ends_that_fail(self, world, how):
        """An end that fails, or takes too long, is logged, and does not hinder the server's."""

        async def lifespan(scope, receive, send):
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            if how == "says":
                await send({"type": "lifespan.shutdown.failed", "message": "full disk"})
            elif how == "nonsense":
                await send({"type": "http.response.start"})
            elif how == "raises":
                raise ValueError("full disk")
            else:
                await asyncio.Event().wait()

        world.serve(quiet, lifespan)
        world.resource.shutdownTime = 0.01
        with capturedLogs() as events:
            world.reactor.stop()
            for _ in range(10):
                world.reactor.iterate(0.01)
        kinds = [event["log_format"] for event in events if "application" in event["log_format"]]
        assert len(kinds) == 1

    def test_requests_at_the_end(self, world):
        """When the server stops, what is under way is cancelled: 503, or the connection cut."""

        async def application(scope, receive, send):
            if scope["path"] == "/begun":
                await send(OK)
                await send(body(b"x", True))
            await asyncio.Event().wait()

        connection = world.serve(application)
        begun = world._connect(world.resource)
        assert connection.get() == b""
        assert begun.get(b"/begun").body == b"1\r\nx\r\n"
        world.reactor.stop()
        world.settle()
        assert connection.take().status == 503
        assert connection.closed
        assert begun.take() == b""
        assert begun.closed

    def test_grace(self, world):
        """Within the time that is left requests end by themselves."""
        go_on = asyncio.Event()

        async def application(scope, receive, send):
            if scope["path"] == "/long":
                await go_on.wait()
            await quiet(scope, receive, send)

        connection = world.serve(application)
        world.resource.grace = 60
        assert connection.get(b"/long") == b""
        world.reactor.stop()
        world.settle()
        other = world._connect(world.resource)
        assert other.get().status == 200
        go_on.set()
        world.settle()
        assert connection.take().body == b"x"

    def test_grace_that_ends(self, world):
        """After that time they are cancelled."""

        async def application(scope, receive, send):
            await asyncio.Event().wait()

        connection = world.serve(application)
        world.resource.grace = 0.01
        connection.get()
        world.reactor.stop()
        for _ in range(10):
            world.reactor.iterate(0.01)
        assert connection.take().status == 503


def frame(opcode, payload):
    """A frame of a client, whose mask changes nothing."""
    size = len(payload)
    if size < 126:
        head = bytes([0x80 | opcode, 0x80 | size])
    else:
        head = bytes([0x80 | opcode, 0x80 | 126]) + struct.pack("!H", size)
    return head + b"\0\0\0\0" + payload


TEXT, BINARY, CLOSE = 1, 2, 8
ACCEPT = {"type": "websocket.accept"}


class TestWebSocket:
    """Connections of WebSocket."""

    def test_messages(self, world):
        """Messages go both ways; the close of the client ends them, with its code."""
        seen = []

        async def application(scope, receive, send):
            seen.append(scope)
            assert await receive() == {"type": "websocket.connect"}
            await send({**ACCEPT, "subprotocol": "b", "headers": [(b"x-a", b"1"), (b"x-a", b"2")]})
            while (message := await receive())["type"] == "websocket.receive":
                await send({**message, "type": "websocket.send"})
            seen.append(message)
            seen.append(await receive())
            with pytest.raises(ClientDisconnected):
                await send({"type": "websocket.send", "text": "x"})

        connection = world.serve(application)
        answer = connection.get(b"/ws?x", *ASKS, b"Sec-WebSocket-Protocol: a, b")
        assert answer.status == 101
        assert answer.headers[b"sec-websocket-protocol"] == b"b"
        assert answer.headers[b"x-a"] == b"1, 2"
        connection.send(frame(TEXT, b"h\xc3\xa9") + frame(BINARY, b"\0"))
        world.settle()
        assert connection.take() == b"\x81\x03h\xc3\xa9\x82\x01\0"
        connection.send(frame(CLOSE, struct.pack("!H", 4000) + b"bye"))
        connection.lose()
        world.settle()
        scope, gone, again = seen
        assert gone == {"type": "websocket.disconnect", "code": 4000, "reason": "bye"}
        assert again["type"] == "websocket.disconnect"
        assert (scope["type"], scope["scheme"], scope["path"]) == ("websocket", "ws", "/ws")
        assert (scope["query_string"], scope["subprotocols"]) == (b"x", ["a", "b"])
        assert scope["extensions"] == {"websocket.http.response": {}}
        assert "method" not in scope

    def test_closing(self, world):
        """The application closes with a code, and a reason that is cut to fit."""

        async def application(scope, receive, send):
            await receive()
            await send(ACCEPT)
            await send({"type": "websocket.close", "code": 4001, "reason": "\xfc" * 100})
            with pytest.raises(RuntimeError):
                await send({"type": "websocket.send", "text": "x"})

        answer = world.serve(application).get(b"/", *ASKS)
        closing = answer.body
        assert closing[:4] == b"\x88" + bytes([122]) + struct.pack("!H", 4001)
        assert closing[4:].decode() == "\xfc" * 60

    @pytest.mark.parametrize("how", ["close", "return"])
    def test_refusing(self, world, how):
        """An application that closes, or returns, before it agrees refuses with 403."""

        async def application(scope, receive, send):
            await receive()
            if how == "close":
                await send({"type": "websocket.close"})
                assert (await receive())["type"] == "websocket.disconnect"

        connection = world.serve(application)
        answer = connection.get(b"/", *ASKS)
        assert (answer.status, answer.body) == (403, b"")

    def test_refusing_with_an_answer(self, world):
        """It may say in a usual answer why."""

        async def application(scope, receive, send):
            await receive()
            start = {"type": "websocket.http.response.start", "status": 401}
            await send({**start, "headers": [(b"x-a", b"1")]})
            part = {"type": "websocket.http.response.body"}
            if scope["path"] == "/parts":
                await send({**part, "body": b"a", "more_body": True})
            await send({**part, "body": b"b"})

        connection = world.serve(application)
        answer = connection.get(b"/", *ASKS)
        assert (answer.status, answer.body, answer.headers[b"x-a"]) == (401, b"b", b"1")
        assert answer.headers[b"content-length"] == b"1"
        answer = connection.get(b"/parts", *ASKS)
        assert answer.body == b"1\r\na\r\n1\r\nb\r\n0\r\n\r\n"

    def test_errors(self, world):
        """An error is 500 before the application agrees, and 1011 after; both are logged."""

        async def application(scope, receive, send):
            await receive()
            if scope["path"] == "/late":
                await send(ACCEPT)
            if scope["path"] == "/refusing":
                await send({"type": "websocket.http.response.start", "status": 401})
            raise ValueError("secret")

        connection = world.serve(application)
        with capturedLogs() as events:
            assert connection.get(b"/", *ASKS).status == 500
            answer = connection.get(b"/late", *ASKS)
            other = world._connect(world.resource)
            other.get(b"/refusing", *ASKS)
        assert answer.body == b"\x88\x02" + struct.pack("!H", 1011)
        assert other.closed
        assert len(events) == 3

    @pytest.mark.parametrize(
        "message",
        [
            {"type": "websocket.send", "text": "x"},
            {"type": "http.response.start", "status": 200},
            {**ACCEPT, "subprotocol": "x"},
            {**ACCEPT, "headers": [(b"x", b"a\r\nb")]},
        ],
    )
    def test_messages_that_make_no_sense(self, world, message):
        """What makes no sense raises in the application."""

        async def application(scope, receive, send):
            await receive()
            with pytest.raises((RuntimeError, ValueError)):
                await send(message)
            await send(ACCEPT)
            with pytest.raises(ValueError):
                await send({"type": "websocket.send"})

        assert world.serve(application).get(b"/", *ASKS).status == 101

    def test_floods(self, world):
        """Messages that nobody receives are not read without end."""
        go_on = asyncio.Event()
        got = []

        async def application(scope, receive, send):
            await receive()
            await send(ACCEPT)
            await go_on.wait()
            while (message := await receive())["type"] == "websocket.receive":
                got.append(message["bytes"])

        connection = world.serve(application)
        connection.get(b"/", *ASKS)
        for _ in range(4):
            connection.send(frame(BINARY, b"x" * 20000))
        assert connection.transport.producerState == "paused"
        go_on.set()
        world.settle()
        assert len(got) == 4
        assert connection.transport.producerState == "producing"

    def test_back_pressure(self, world):
        """Sending waits while the client has enough to read."""
        sent = []

        async def application(scope, receive, send):
            await receive()
            await send(ACCEPT)
            await go_on.wait()
            await send({"type": "websocket.send", "text": "1"})
            sent.append(1)

        go_on = asyncio.Event()
        connection = world.serve(application)
        connection.get(b"/", *ASKS)
        producer = connection.transport.producer
        producer.pauseProducing()
        go_on.set()
        world.settle()
        assert sent == []
        producer.resumeProducing()
        world.settle()
        assert sent == [1]

    def test_clients_that_leave(self, world):
        """A client that leaves before the application agrees is told of."""
        seen = []

        async def application(scope, receive, send):
            await receive()
            seen.append(await receive())
            await send(ACCEPT)

        connection = world.serve(application)
        connection.get(b"/", *ASKS)
        connection.lose()
        world.settle()
        assert seen == [{"type": "websocket.disconnect", "code": 1006, "reason": ""}]

    def test_other_sites(self, world):
        """Pages of other sites connect only if they are named."""

        async def application(scope, receive, send):
            await receive()
            await send(ACCEPT)
            await receive()

        origin = b"Origin: https://other.example"
        assert world.serve(application).get(b"/", *ASKS, origin).status == 403
        named = world.serve(application, origins=["https://other.example"])
        assert named.get(b"/", *ASKS, origin).status == 101
        assert world.serve(application, origins=None).get(b"/", *ASKS, origin).status == 101

    def test_the_end(self, world):
        """When the server stops, connections are closed with 1001, or refused with 503."""

        async def application(scope, receive, send):
            await receive()
            if scope["path"] == "/agreed":
                await send(ACCEPT)
            await asyncio.Event().wait()

        connection = world.serve(application)
        asked = world._connect(world.resource)
        connection.get(b"/agreed", *ASKS)
        asked.get(b"/asked", *ASKS)
        world.reactor.stop()
        world.settle()
        assert connection.take() == b"\x88\x02" + struct.pack("!H", 1001)
        assert asked.take().status == 503

    def test_without_the_extra(self, world, monkeypatch):
        """Without the library, requests for connections are seen as any others."""
        monkeypatch.setitem(sys.modules, "twisted.web._asgi._websocket", None)
        connection = world.serve(quiet)
        assert world.resource.websocket is None
        assert connection.get(b"/", *ASKS).body == b"x"


def test_children(world):
    """There are none: the application has all that is below."""
    world.serve(quiet)
    with pytest.raises(RuntimeError):
        world.resource.getChildWithDefault(b"x", None)
    with pytest.raises(RuntimeError):
        world.resource.putChild(b"x", Resource())
    assert isinstance(world.resource.whenStarted(), Deferred)
    assert not isinstance(world.resource.whenStarted().result, Failure)
