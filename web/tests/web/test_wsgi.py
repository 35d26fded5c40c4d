"""Tests of `twisted.web.wsgi`."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from typing import Any
from wsgiref.validate import validator

import pytest

from twisted.internet.defer import Deferred
from twisted.internet.task import Cooperator
from twisted.logger import capturedLogs
from twisted.web.client import Agent, FileBodyProducer, readBody
from twisted.web.http_headers import Headers
from twisted.web.resource import Resource
from twisted.web.wsgi import WSGIResource

Application = Callable[[dict[str, Any], Any], Any]


class Server:
    """Serves an application as ``/app``."""

    def __init__(self, network: Any, application: Application) -> None:
        self.network = network
        root = Resource()
        reactor = network.reactor
        self.resource = WSGIResource(reactor, reactor.getThreadPool(), application)
        root.putChild(b"app", self.resource)
        self.url = network.listen(root)

    def ask(
        self, target: bytes = b"app", method: bytes = b"GET", body: bytes | None = None, **kw: Any
    ) -> tuple[Any, bytes]:
        """Make a request; gives the answer and its body."""
        reactor = self.network.reactor
        cooperator = Cooperator(scheduler=lambda call: reactor.callLater(0, call))
        producer = None if body is None else FileBodyProducer(io.BytesIO(body), cooperator)
        headers = Headers({name.replace("_", "-"): [value] for name, value in kw.items()})
        asking = Agent(reactor).request(method, self.url + target, headers, producer)
        response = self.network.wait(asking)
        return response, self.network.wait(readBody(response))


@pytest.fixture
def serve(network: Any) -> Callable[[Application], Server]:
    return lambda application: Server(network, application)


class Now:
    """A pool and a reactor that do what they are told at once."""

    def callInThread(self, function: Callable[[], object]) -> None:
        function()

    def callFromThread(self, function: Callable[..., object], *args: object) -> None:
        function(*args)


def test_environment(serve: Any) -> None:
    seen: list[dict[str, Any]] = []

    def application(environ: dict[str, Any], start: Any) -> Any:
        seen.append(environ)
        start("200 OK", [("Content-Type", "text/plain")])
        return [environ["wsgi.input"].read(100)]

    server = serve(validator(application))
    _, body = server.ask(
        b"app/a%20b/c?x=y&z", b"POST", b"the body", x_y="v", proxy="evil", content_type="t/p"
    )
    assert body == b"the body"
    (environ,) = seen
    assert environ["REQUEST_METHOD"] == "POST"
    assert environ["SCRIPT_NAME"] == "/app"
    assert environ["PATH_INFO"] == "/a b/c"
    assert environ["QUERY_STRING"] == "x=y&z"
    assert environ["CONTENT_TYPE"] == "t/p"
    assert environ["CONTENT_LENGTH"] == "8"
    assert environ["HTTP_X_Y"] == "v"
    assert environ["REMOTE_ADDR"] == environ["SERVER_NAME"] == "127.0.0.1"
    assert environ["SERVER_PORT"] == str(server.network.port.getHost().port)
    assert environ["wsgi.url_scheme"] == "http"
    assert "HTTP_PROXY" not in environ


def test_names_with_underscores_are_left_away(connect: Any, network: Any) -> None:
    seen: list[dict[str, Any]] = []
    pool = network.reactor.getThreadPool()

    def application(environ: dict[str, Any], start: Any) -> Any:
        seen.append({**environ, "body": environ["wsgi.input"].read()})
        start("200 OK", [])
        return []

    connection = connect(WSGIResource(Now(), Now(), application))
    assert pool is not None
    chunks = connection.send(
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    )
    assert chunks.status == 200
    # Programs read as much as they are told that there is.
    first = seen.pop()
    assert (first["CONTENT_LENGTH"], first["body"]) == ("3", b"abc")
    assert "HTTP_TRANSFER_ENCODING" not in first
    answer = connection.get(b"/", b"X_Y: 1", b"A: 1", b"A: 2", b"Cookie: a=b", b"Cookie: c=d")
    assert answer.status == 200
    assert "HTTP_X_Y" not in seen[0]
    assert (seen[0]["HTTP_A"], seen[0]["HTTP_COOKIE"]) == ("1,2", "a=b; c=d")


def test_length_of_a_list(serve: Any) -> None:
    def application(environ: dict[str, Any], start: Any) -> Any:
        start("404 Gone Away", [("X-A", "1"), ("X-A", "2"), ("Server", "mine"), ("Date", "x")])
        return [b"ab", b"c"]

    response, body = serve(application).ask()
    assert (response.code, response.phrase, response.length) == (404, b"Gone Away", 3)
    assert response.headers.getRawHeaders(b"x-a") == [b"1", b"2"]
    assert response.headers.getRawHeaders(b"server") != [b"mine"]
    assert len(response.headers.getRawHeaders(b"date")) == 1
    assert body == b"abc"


def test_iterated_and_closed(serve: Any) -> None:
    """What is iterated over is closed: by the thread, maybe after the answer."""
    closed: Deferred[None] = Deferred()

    class Pieces:
        def __iter__(self) -> Iterator[bytes]:
            return iter([b"", b"a", b"", b"b" * 100_000])

        def close(self) -> None:
            server.network.reactor.callFromThread(closed.callback, None)

    def application(environ: dict[str, Any], start: Any) -> Any:
        start("200 OK", [("Content-Type", "text/plain")])
        return Pieces()

    server = serve(validator(application))
    _, body = server.ask()
    assert body == b"a" + b"b" * 100_000
    server.network.wait(closed)
    assert closed.called


def test_write(serve: Any) -> None:
    def application(environ: dict[str, Any], start: Any) -> Any:
        write = start("200 OK", [("Content-Type", "text/plain")])
        write(b"written ")
        return [b"and given"]

    assert serve(validator(application)).ask()[1] == b"written and given"


def test_head(serve: Any) -> None:
    def application(environ: dict[str, Any], start: Any) -> Any:
        start("200 OK", [("Content-Length", "5")])
        return [b"hello"]

    response, body = serve(application).ask(method=b"HEAD")
    assert response.headers.getRawHeaders(b"content-length") == [b"5"]
    assert body == b""


def test_start_again_after_an_error(serve: Any) -> None:
    def application(environ: dict[str, Any], start: Any) -> Any:
        start("200 OK", [("X-A", "b")])
        try:
            raise ZeroDivisionError()
        except ZeroDivisionError:
            start("500 Oops", [], sys.exc_info())
        return [b"error"]

    response, body = serve(application).ask()
    assert (response.code, body) == (500, b"error")
    assert not response.headers.hasHeader(b"x-a")


def no_start(environ: dict[str, Any], start: Any) -> Any:
    return [b"body"]


def raises(environ: dict[str, Any], start: Any) -> Any:
    start("200 OK", [("Set-Cookie", "a=b")])
    raise ZeroDivisionError()


def twice(environ: dict[str, Any], start: Any) -> Any:
    start("200 OK", [])
    start("200 OK", [])
    return []


def text(environ: dict[str, Any], start: Any) -> Any:
    start("200 OK", [])
    return iter(["text"])


def bad(status: Any, headers: Any) -> Application:
    def application(environ: dict[str, Any], start: Any) -> Any:
        start(status, headers)
        return []

    return application


@pytest.mark.parametrize(
    "application",
    [
        no_start,
        raises,
        twice,
        text,
        bad(b"200 OK", []),
        bad("OK", []),
        bad("200 OK", ()),
        bad("200 OK", [["a", "b"]]),
        bad("200 OK", [("a", b"b")]),
        bad("200 OK", [("a", "b\r\nc: d")]),
        bad("200 OK", [("a b", "c")]),
    ],
)
def test_errors(serve: Any, application: Application) -> None:
    with capturedLogs() as events:
        response, body = serve(application).ask()
    assert response.code == 500
    assert b"Internal Server Error" in body
    assert not response.headers.hasHeader(b"set-cookie")
    assert len([event for event in events if "log_failure" in event]) == 1


def test_error_amid_the_body(serve: Any) -> None:
    def application(environ: dict[str, Any], start: Any) -> Any:
        start("200 OK", [("Content-Length", "10")])
        yield b"half"
        raise ZeroDivisionError()

    server = serve(application)
    with capturedLogs() as events:
        _, body = server.ask()
    assert isinstance(body, Exception)
    assert [event["log_failure"].type for event in events if "log_failure" in event] == [
        ZeroDivisionError
    ]


def test_errors_are_logged(serve: Any) -> None:
    def application(environ: dict[str, Any], start: Any) -> Any:
        environ["wsgi.errors"].write("a complaint\n")
        environ["wsgi.errors"].writelines(["an", "other"])
        environ["wsgi.errors"].flush()
        start("200 OK", [])
        return []

    with capturedLogs() as events:
        serve(application).ask()
    assert [event["message"] for event in events if event.get("system") == "wsgi"] == [
        ("a complaint\n",),
        ("another",),
    ]


def test_other_sequences(connect: Any) -> None:
    """Headers in other sequences than PEP 3333 demands are taken, with a warning."""

    def application(environ: dict[str, Any], start: Any) -> Any:
        start("200 OK", (["X-A", "b"],))
        return [str(environ["REMOTE_PORT"]).encode()]

    with pytest.warns(RuntimeWarning, match="should be a") as warned:
        answer = connect(WSGIResource(Now(), Now(), application)).get()
    assert (answer.headers[b"x-a"], answer.body) == (b"b", b"4321")
    assert len(warned) == 2


def test_close_fails(connect: Any) -> None:
    """An answer whose end fails is not taken for complete."""

    class Body:
        def __iter__(self) -> Any:
            return iter([b"some"])

        def close(self) -> None:
            raise ValueError("not stored")

    def application(environ: dict[str, Any], start: Any) -> Any:
        start("200 OK", [])
        return Body()

    with capturedLogs() as events:
        connection = connect(WSGIResource(Now(), Now(), application))
        answer = connection.get()
    assert answer.endswith(b"4\r\nsome\r\n")
    assert connection.closed
    assert any("log_failure" in event for event in events)


def test_application_waits_for_a_slow_client(serve: Any, network: Any) -> None:
    given: list[int] = []
    ended: list[bool] = []

    def application(environ: dict[str, Any], start: Any) -> Any:
        start("200 OK", [])
        try:
            for number in range(10_000):
                given.append(number)
                yield b"x" * 100_000
        finally:
            ended.append(True)

    server = serve(application)
    response = network.wait(Agent(network.reactor).request(b"GET", server.url + b"app"))
    for _ in range(200):
        network.reactor.iterate(0.002)
    assert 0 < len(given) < 1000
    assert not ended
    response._transport.abortConnection()
    for _ in range(2000):
        if ended:
            break
        network.reactor.iterate(0.002)
    assert ended


def test_no_children(serve: Any) -> None:
    resource = serve(no_start).resource
    with pytest.raises(RuntimeError):
        resource.getChildWithDefault(b"x", None)
    with pytest.raises(RuntimeError):
        resource.putChild(b"x", Resource())
