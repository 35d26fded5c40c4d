"""Tests with real clients."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.peer, pytest.mark.timeout(60)]


@pytest.fixture
def server(tmp_path):
    """A server of a directory; gives its URL."""
    (tmp_path / "a.txt").write_text("0123456789")
    (tmp_path / "big").write_bytes(os.urandom(3_000_000))
    (tmp_path / "secret").mkdir()
    (tmp_path / "root").mkdir()
    for name in ("a.txt", "big"):
        (tmp_path / name).rename(tmp_path / "root" / name)
    process = subprocess.Popen(
        [
            *(sys.executable, "-W", "error", "-m", "twisted", "--log-format", "text", "web"),
            *("--path", str(tmp_path / "root"), "--listen", "tcp:0:interface=127.0.0.1"),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    for line in process.stdout:
        if "Site starting on" in line:
            break
    yield f"http://127.0.0.1:{line.split()[-1]}"
    process.terminate()
    output, _ = process.communicate(timeout=15)
    assert process.returncode == 0
    assert "Traceback" not in output


def curl(*arguments):
    """What curl prints."""
    done = subprocess.run(
        ["curl", "--silent", "--show-error", "--max-time", "30", *arguments],
        check=True,
        capture_output=True,
    )
    return done.stdout


def code(*arguments):
    """The status that curl gets."""
    return int(curl("--output", "/dev/null", "--write-out", "%{http_code}", *arguments))


def test_files(server, tmp_path):
    """curl gets files, whole and in parts, and several over one connection."""
    big = (tmp_path / "root/big").read_bytes()
    assert curl(f"{server}/a.txt", f"{server}/a.txt") == b"0123456789" * 2
    assert curl(f"{server}/big") == big
    assert curl("--range", "1000-1999999", f"{server}/big") == big[1000:2_000_000]
    assert curl("--limit-rate", "3M", f"{server}/big") == big
    assert curl("--http1.0", f"{server}/a.txt") == b"0123456789"


def test_statuses(server):
    """curl gets the statuses that it should."""
    for status, arguments in (
        (200, ["--head", f"{server}/a.txt"]),
        (206, ["--range", "0-1", f"{server}/a.txt"]),
        (416, ["--range", "20-", f"{server}/a.txt"]),
        (404, [f"{server}/nothing"]),
        (404, ["--path-as-is", f"{server}/../secret/"]),
        (404, ["--path-as-is", f"{server}/%2e%2e/secret/"]),
        (405, ["--data", "x=1", f"{server}/a.txt"]),
        (400, ["--header", "Host:", f"{server}/a.txt"]),
        (405, ["--request-target", "*", f"{server}/"]),
    ):
        assert code(*arguments) == status, arguments


def test_condition(server, tmp_path):
    """curl asks again only for what has changed."""
    tags, copy = str(tmp_path / "tags"), str(tmp_path / "copy")
    common = ["--etag-save", tags, "--etag-compare", tags, "--output", copy]
    assert code(*common, f"{server}/a.txt") == 200
    assert code(*common, f"{server}/a.txt") == 304


def test_upload(server, tmp_path):
    """curl waits for leave to send a large body, and reads the answer to one that is too large."""
    assert code("--upload-file", str(tmp_path / "root/big"), f"{server}/a.txt") == 405
    assert code("--header", "Content-Length: 999999999", "--data", "x", f"{server}/a.txt") == 413


def test_raw_bytes(server):
    """nc gets an answer to nonsense, and the connection is closed."""
    port = server.rpartition(":")[2]
    for wire, status in ((b"nonsense\r\n\r\n", b"400"), (b"GET / HTTP/1.0\r\n\r\n", b"200")):
        done = subprocess.run(
            ["nc", "127.0.0.1", port], input=wire, capture_output=True, timeout=30, check=True
        )
        assert done.stdout.split(b" ")[1] == status


def test_load(server):
    """wrk gets nothing but good answers."""
    done = subprocess.run(
        ["wrk", "--threads", "1", "--connections", "50", "--duration", "2s", f"{server}/a.txt"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert "Requests/sec" in done.stdout
    assert "Non-2xx" not in done.stdout
    assert "Socket errors" not in done.stdout


SLOW = {
    "head": ["-H", "-i", "3"],
    "body": ["-B", "-i", "3", "-s", "8192"],
    "reading": ["-X", "-w", "10", "-y", "20", "-n", "3", "-z", "8"],
}


def test_slow_clients(server):
    """While slowhttptest makes 300 slow connections, others are served; the slow are cut off."""
    slow = {
        kind: subprocess.Popen(
            [
                *("slowhttptest", *options, "-c", "100", "-r", "100", "-l", "14", "-p", "3"),
                *("-u", f"{server}/big"),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        for kind, options in SLOW.items()
    }
    served = 0
    while any(process.poll() is None for process in slow.values()):
        served += curl(f"{server}/a.txt") == b"0123456789"
        with contextlib.suppress(subprocess.TimeoutExpired):
            slow["reading"].wait(0.2)
    outputs = {kind: process.communicate(timeout=15)[0] for kind, process in slow.items()}
    assert served > 20
    for kind, output in outputs.items():
        assert "YES" in output.rpartition("service available")[2], kind
    for kind in ("head", "body"):
        assert "No open connections left" in outputs[kind]


WEBSOCKET_SERVER = """
from twisted.internet import reactor
from twisted.web.resource import Resource
from twisted.web.server import Site
from twisted.web.websocket import WebSocketProtocol, WebSocketResource, WebSocketServerFactory

class Echo(WebSocketProtocol):
    def negotiationStarted(self, transport):
        self.transport = transport

    def textMessageReceived(self, message):
        self.transport.sendTextMessage(message)

    def bytesMessageReceived(self, data):
        self.transport.sendBytesMessage(data)

class EchoFactory(WebSocketServerFactory):
    def buildProtocol(self, request):
        return Echo()

root = Resource()
root.putChild(b"echo", WebSocketResource(EchoFactory()))
port = reactor.listenTCP(0, Site(root), interface="127.0.0.1")
print(port.getHost().port, flush=True)
reactor.run()
"""

WEBSOCKET_CLIENT = """
import asyncio, sys, websockets

async def main(url):
    for compression in (None, "deflate"):
        async with websockets.connect(url, compression=compression, max_size=None) as connection:
            for message in ("h\\u00e4llo", bytes(range(256)) * 8000, "x" * 70_000):
                await connection.send(message)
                assert await connection.recv() == message
            await connection.send([b"a", b"b"])
            assert await connection.recv() == b"ab"
            await (await connection.ping())
    print("done")

asyncio.run(main(sys.argv[1]))
"""


def test_websocket():
    """A client of asyncio's library exchanges messages, plain and compressed."""
    with subprocess.Popen(
        [sys.executable, "-c", WEBSOCKET_SERVER], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            url = f"ws://127.0.0.1:{int(process.stdout.readline())}/echo"
            done = subprocess.run(
                [sys.executable, "-c", WEBSOCKET_CLIENT, url], capture_output=True, text=True
            )
        finally:
            process.kill()
    assert done.stdout == "done\n", done.stderr
