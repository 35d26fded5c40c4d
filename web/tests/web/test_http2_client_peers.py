"""Tests of the client of HTTP/2 with real servers."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.ssl import Certificate, PrivateCertificate
from twisted.web._client._bodies import BytesBodyProducer
from twisted.web.client import Agent, BrowserLikePolicyForHTTPS, HTTP2ConnectionPool, readBody
from twisted.web.iweb import UNKNOWN_LENGTH
from twisted.web.websocket import (
    ConnectionRejected,
    WebSocketClientEndpoint,
    WebSocketClientFactory,
    WebSocketProtocol,
)

pytestmark = [pytest.mark.peer, pytest.mark.timeout(60)]

NGINX = """
user {user};
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 25;
    http2_max_concurrent_streams 10;
    server {{
        listen 127.0.0.1:{port} ssl http2;
        listen 127.0.0.1:{clear} http2;
        ssl_certificate {pair};
        ssl_certificate_key {pair};
        root {root};
    }}
}}
"""

H2O = """
user: {user}
listen:
  host: 127.0.0.1
  port: {port}
  ssl: {{certificate-file: {pair}, key-file: {pair}}}
listen:
  host: 127.0.0.1
  port: {clear}
hosts:
  default:
    paths:
      /:
        file.dir: {root}
"""

APPLICATION = """
async def application(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    if scope["type"] == "websocket":
        await receive()
        if scope["path"] == "/no":
            await send({"type": "websocket.close"})
            return
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": scope["http_version"]})
        message = await receive()
        await send({"type": "websocket.send", "bytes": message["bytes"]})
        await send({"type": "websocket.close", "code": 4001})
        return
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    said = body or scope["http_version"].encode() + b" " + scope["path"].encode()
    await send({"type": "http.response.body", "body": said})
"""


class World:
    """A folder that servers serve, and a client."""

    def __init__(self, network: Any, folder: Path, certificate: Path) -> None:
        self.network = network
        self.folder = folder
        self.pair = certificate
        self.root = folder / "root"
        self.root.mkdir()
        (self.root / "a.txt").write_text("0123456789")
        self.big = os.urandom(3_000_000)
        (self.root / "big").write_bytes(self.big)
        original = PrivateCertificate.loadPEM(certificate.read_bytes()).original
        self.pool = HTTP2ConnectionPool(network.reactor)
        self.pool.priorKnowledge = True
        self.policy = BrowserLikePolicyForHTTPS(trustRoot=Certificate(original))
        self.agent = Agent(network.reactor, self.policy, pool=self.pool)
        self.processes: list[Any] = []
        self.user = getpass.getuser()
        self.port, self.clear = self.free(), self.free()

    @staticmethod
    def free() -> int:
        """A port that nobody listens on."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
            return port

    def write(self, name: str, text: str) -> str:
        """Write a file; what is in braces is known here."""
        path = self.folder / name
        path.write_text(text.format(**vars(self)) if name.endswith(".conf") else text)
        return str(path)

    def start(self, *command: Any) -> None:
        """Start a server, and wait until it listens."""
        log = (self.folder / "log").open("wb")
        with log:
            self.processes.append(
                subprocess.Popen([*map(str, command)], cwd=self.folder, stdout=log, stderr=log)
            )
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self.processes[-1].poll() is None, (self.folder / "log").read_text()
            time.sleep(0.05)
        raise AssertionError("the server does not listen")

    def ask(self, path: bytes, method: bytes = b"GET", body: Any = None, port: int = 0) -> Any:
        """What comes of a request: the answer with its ``body``."""
        scheme = b"http" if port else b"https"
        url = b"%b://localhost:%d%b" % (scheme, port or self.port, path)

        def answered(response: Any) -> Any:
            def read(data: bytes) -> Any:
                response.body = data
                return response

            return readBody(response).addCallback(read)

        return self.agent.request(method, url, None, body).addCallback(answered)

    def wait(self, *asked: Any) -> Any:
        """The answers."""
        answers = self.network.wait(gatherResults(asked, consumeErrors=True))
        assert isinstance(answers, list), getattr(answers, "subFailure", answers)
        return answers

    def end(self) -> None:
        """End everything."""
        self.network.wait(self.pool.close())
        for process in self.processes:
            process.terminate()
            process.wait(timeout=15)


@pytest.fixture
def world(network, tmp_path, certificate):
    """A folder that servers serve, and a client."""
    made = World(network, tmp_path, certificate)
    yield made
    made.end()


def files(world: World, *ports: int) -> None:
    """Small and large files come whole, side by side; others are not found."""
    for port in (0, *ports):
        answers = world.wait(*[world.ask(b"/a.txt", port=port) for _ in range(100)])
        assert {answer.body for answer in answers} == {b"0123456789"}
        assert {answer.version for answer in answers} == {(b"HTTP", 2, 0)}
        answers = world.wait(*[world.ask(b"/big", port=port) for _ in range(3)])
        assert all(answer.body == world.big for answer in answers)
        head, missing = world.wait(
            world.ask(b"/big", b"HEAD", port=port), world.ask(b"/missing", port=port)
        )
        assert head.headers.getRawHeaders(b"content-length") == [b"3000000"]
        assert (head.body, missing.code) == (b"", 404)


def test_nginx(world):
    """nginx, which allows few streams, and ends connections after some requests with GOAWAY."""
    configuration = world.write("nginx.conf", NGINX)
    world.start(shutil.which("nginx") or "/usr/sbin/nginx", "-c", configuration)
    files(world, world.clear)
    (answer,) = world.wait(world.ask(b"/a.txt", b"POST", BytesBodyProducer(b"x" * 100_000)))
    assert answer.code == 405
    (answer,) = world.wait(world.ask(b"/a.txt", b"POST", BytesBodyProducer(b"x" * 2_000_000)))
    assert answer.code == 413


def test_nghttpd(world):
    """nghttpd, the server of nghttp2, which echoes."""
    world.start(
        *("nghttpd", "--address=127.0.0.1", "--echo-upload", f"--htdocs={world.root}"),
        *(world.port, world.pair, world.pair),
    )
    files(world)
    body = BytesBodyProducer(world.big)
    uncounted = BytesBodyProducer(world.big)
    uncounted.length = UNKNOWN_LENGTH
    answers = world.wait(*(world.ask(b"/a.txt", b"POST", each) for each in (body, uncounted)))
    assert [answer.body for answer in answers] == [world.big] * 2


def test_nghttpd_trailers(world):
    """Trailers of an answer, with padding, and small tables and windows."""
    world.start(
        *("nghttpd", "--address=127.0.0.1", f"--htdocs={world.root}", "--trailer=x-sum: 1"),
        *("--padding=100", "--header-table-size=64", "--encoder-header-table-size=64"),
        *("--window-bits=12", "--connection-window-bits=16", "--max-concurrent-streams=3"),
        *(world.port, world.pair, world.pair),
    )
    answers = world.wait(*[world.ask(b"/a.txt") for _ in range(20)])
    assert {answer.body for answer in answers} == {b"0123456789"}
    for answer in answers:
        assert answer.trailers.getRawHeaders(b"x-sum") == [b"1"]


def test_h2o(world):
    """h2o."""
    world.start("h2o", "-c", world.write("h2o.conf", H2O))
    files(world, world.clear)


def startHypercorn(world: World) -> None:
    """Start hypercorn."""
    world.write("app.py", APPLICATION)
    world.start(
        *(sys.executable, "-m", "hypercorn", "--bind", f"127.0.0.1:{world.port}"),
        *("--certfile", world.pair, "--keyfile", world.pair, "app:application"),
    )


def test_hypercorn(world):
    """hypercorn, which echoes."""
    startHypercorn(world)
    answers = world.wait(*[world.ask(b"/%d" % number) for number in range(100)])
    assert [answer.body for answer in answers] == [b"2 /%d" % number for number in range(100)]
    body = BytesBodyProducer(world.big)
    (answer,) = world.wait(world.ask(b"/", b"POST", body))
    assert answer.body == world.big


class Socket(WebSocketProtocol):
    """Sends something large, and keeps what comes."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.messages: list[Any] = []
        self.ended: Deferred[int] = Deferred()

    def negotiationStarted(self, transport: Any) -> None:
        self.transport = transport

    def negotiationFinished(self) -> None:
        self.transport.sendBytesMessage(self.data)

    def textMessageReceived(self, message: str) -> None:
        self.messages.append(message)

    def bytesMessageReceived(self, data: bytes) -> None:
        self.messages.append(data)

    def connectionLost(self, reason: Any) -> None:
        self.ended.callback(self.transport.closeCode)


class Sockets(WebSocketClientFactory[Any]):
    """Makes them."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def buildProtocol(self, url: str) -> Socket:
        return Socket(self.data)


@pytest.mark.parametrize("compress", [False, True])
def test_hypercorn_websocket(world, compress):
    """hypercorn speaks WebSocket over HTTP/2, and refuses it."""
    startHypercorn(world)

    def connect(path: str) -> Any:
        url = f"wss://localhost:{world.port}{path}"
        endpoint = WebSocketClientEndpoint.new(world.network.reactor, url, world.policy, http2=True)
        endpoint.compress = compress
        return world.network.wait(endpoint.connect(Sockets(world.big)))

    socket = connect("/")
    assert world.network.wait(socket.ended) == 4001
    assert socket.messages == ["2", world.big]
    refusal = connect("/no")
    assert isinstance(refusal, ConnectionRejected)
    assert refusal.response.code == 403
    reactor = world.network.reactor
    while set(reactor.getReaders()) - {reactor.waker}:
        # Connections end with their streams.
        reactor.iterate(0.01)
