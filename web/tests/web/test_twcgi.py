"""Tests of `twisted.web.twcgi`."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from twisted.internet.task import Cooperator
from twisted.logger import capturedLogs
from twisted.web.client import Agent, FileBodyProducer, readBody
from twisted.web.http_headers import Headers
from twisted.web.resource import Resource
from twisted.web.twcgi import CGIDirectory, FilteredScript


class Server:
    """Serves a program of Python as ``/cgi``."""

    def __init__(self, network: Any, folder: Path, source: str) -> None:
        path = folder / "program.py"
        path.write_text(source)
        script = FilteredScript(str(path), reactor=network.reactor)
        script.filter = sys.executable
        root = Resource()
        root.putChild(b"cgi", script)
        self.network = network
        self.url = network.listen(root)

    def ask(
        self, rest: bytes = b"", headers: Any = None, body: bytes | None = None
    ) -> tuple[Any, Any]:
        reactor = self.network.reactor
        cooperator = Cooperator(scheduler=lambda call: reactor.callLater(0, call))
        producer = None if body is None else FileBodyProducer(io.BytesIO(body), cooperator)
        method = b"GET" if body is None else b"POST"
        asking = Agent(reactor).request(
            method, self.url + b"cgi" + rest, Headers(headers or {}), producer
        )
        response = self.network.wait(asking)
        return response, self.network.wait(readBody(response))


@pytest.fixture
def serve(network: Any, tmp_path: Path) -> Any:
    return lambda source: Server(network, tmp_path, source)


TELL = """
import json, os, sys
print("Content-Type: application/json\\nX-A: 1\\nX-A: 2\\nServer: me\\nno header\\n")
print(json.dumps([dict(os.environ), sys.argv[1:], sys.stdin.read()]))
"""


def test_environment(serve: Any) -> None:
    with capturedLogs() as events:
        response, body = serve(TELL).ask(
            b"/a/b?c=d", {b"proxy": [b"evil"], b"x-y": [b"z"]}, b"the body"
        )
    environ, arguments, came = json.loads(body)
    assert came == "the body"
    assert arguments == []
    assert environ["GATEWAY_INTERFACE"] == "CGI/1.1"
    assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == ("/cgi", "/a/b")
    assert (environ["QUERY_STRING"], environ["CONTENT_LENGTH"]) == ("c=d", "8")
    assert environ["HTTP_X_Y"] == "z"
    assert "HTTP_PROXY" not in environ
    assert response.headers.getRawHeaders(b"x-a") == [b"1", b"2"]
    assert response.headers.getRawHeaders(b"content-type") == [b"application/json"]
    assert response.headers.getRawHeaders(b"server") != [b"me"]
    assert [event["header"] for event in events if "header" in event] == [b"no header"]


def test_command_line(serve: Any) -> None:
    _, body = serve(TELL).ask(b"?one+two%20x")
    assert json.loads(body)[1] == ["one", "two x"]


@pytest.mark.parametrize(
    ("head", "code"),
    [
        ("Status: 404 Not Here", 404),
        ("Status: 403", 403),
        ("Location: http://example.org/", 302),
        ("Location: /x\\nStatus: 307 There", 307),
        ("Status: nonsense", 200),
    ],
)
def test_status(serve: Any, head: str, code: int) -> None:
    with capturedLogs():
        response, body = serve(f'print("{head}\\n\\nbody", end="")').ask()
    assert (response.code, body) == (code, b"body")


@pytest.mark.parametrize("source", ["", "print('no end', end='')", "raise SystemExit(3)"])
def test_no_answer(serve: Any, source: str) -> None:
    with capturedLogs():
        response, body = serve(source).ask()
    assert response.code == 500
    assert b"CGI Script Error" in body


def test_headers_without_end(serve: Any) -> None:
    with capturedLogs():
        response, _ = serve("while True: print('a: b')").ask()
    assert response.code == 500


def test_complaints_are_logged(serve: Any) -> None:
    with capturedLogs() as events:
        serve("import sys; print('A: b\\n'); sys.stderr.write('oh no')").ask()
    assert any("oh no" in str(event.get("errors")) for event in events)


def test_client_that_leaves(serve: Any, network: Any, tmp_path: Path) -> None:
    server = serve(
        "import time, os, sys\nprint('A: b\\n', flush=True)\n"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\n"
        "while True: print('x' * 1000)\n"
    )
    response = network.wait(Agent(network.reactor).request(b"GET", server.url + b"cgi"))
    response._transport.abortConnection()
    pid = int((tmp_path / "pid").read_text())
    with capturedLogs():
        for _ in range(2000):
            if not Path(f"/proc/{pid}").exists():
                break
            network.reactor.iterate(0.002)
    assert not Path(f"/proc/{pid}").exists()


def test_directory(connect: Any, tmp_path: Path) -> None:
    (tmp_path / "cgi" / "deeper").mkdir(parents=True)
    (tmp_path / "secret").write_text("")
    connection = connect(CGIDirectory(str(tmp_path / "cgi")))
    for path in (b"/", b"/none", b"/deeper/", b"/deeper/none", b"/%2e%2e%2fsecret", b"/a%00b"):
        assert connection.get(path).status == 404
