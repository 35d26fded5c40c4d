"""Tests of HTTP/2 with real programs."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.peer, pytest.mark.timeout(60)]

SERVER = """
import sys
from pathlib import Path
from twisted.internet import reactor, ssl
from twisted.web.resource import Resource
from twisted.web.server import Site
from twisted.web.static import File

class Echo(Resource):
    isLeaf = True
    def render_POST(self, request):
        return request.content.read()

root = File(sys.argv[1])
root.putChild(b"echo", Echo())
key = ssl.KeyPair.generate(size=2048)
pem = key.selfSignedCert(1, CN="localhost").dumpPEM()
options = ssl.PrivateCertificate.loadPEM(pem).options()
clear = reactor.listenTCP(0, Site(root), interface="127.0.0.1")
secure = reactor.listenSSL(0, Site(root), options, interface="127.0.0.1")
print(clear.getHost().port, secure.getHost().port, flush=True)
reactor.run()
"""


@pytest.fixture
def server(tmp_path):
    """A server of a directory; gives its URLs, in the clear and secured."""
    root = tmp_path / "root"
    root.mkdir()
    (root / "a.txt").write_text("0123456789")
    (root / "big").write_bytes(os.urandom(3_000_000))
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", SERVER, str(root)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    clear, secure = process.stdout.readline().split()
    yield f"http://127.0.0.1:{clear}", f"https://127.0.0.1:{secure}"
    process.terminate()
    _, errors = process.communicate(timeout=15)
    assert errors == ""


def run(*command):
    """What a program prints."""
    return subprocess.run(command, check=True, capture_output=True, timeout=50).stdout


def curl(*arguments):
    """What curl prints."""
    return run("curl", "--silent", "--show-error", "--insecure", "--max-time", "30", *arguments)


def test_curl(server, tmp_path):
    """curl gets files by ALPN and by prior knowledge, and posts large bodies."""
    big = (tmp_path / "root/big").read_bytes()
    clear, secure = server
    for url, option in ((clear, "--http2-prior-knowledge"), (secure, "--http2")):
        assert curl(option, f"{url}/a.txt") == b"0123456789"
        assert curl(option, f"{url}/big") == big
        assert curl(option, "--limit-rate", "3M", f"{url}/big") == big
        assert curl(option, "--range", "1000-1999999", f"{url}/big") == big[1000:2_000_000]
        upload = f"@{tmp_path}/root/big"
        binary = ("--header", "content-type: application/octet-stream")
        assert curl(option, *binary, "--data-binary", upload, f"{url}/echo") == big
        version = curl(option, "--head", f"{url}/a.txt").split(b" ")[0]
        assert version == b"HTTP/2"
    assert curl("--http2", f"{secure}/a.txt", f"{secure}/a.txt") == b"0123456789" * 2
    assert curl("--http1.1", "--include", f"{secure}/a.txt").startswith(b"HTTP/1.1 200")
    # What the server does not agree to stays HTTP/1.1.
    assert curl("--http2", "--include", f"{clear}/a.txt").startswith(b"HTTP/1.1 200")


def test_nghttp(server, tmp_path):
    """nghttp gets several files at once, with priorities, small windows, padding, trailers."""
    clear, secure = server
    for url in server:
        listing = run(
            *("nghttp", "--stat", "--null-out", "--no-verify-peer", "--window-bits", "14"),
            *("--padding", "100", "--multiply", "10", f"{url}/a.txt", f"{url}/big"),
        ).decode()
        assert len(re.findall(r" 200 +\w+ /", listing)) == 20
    body = run(
        *("nghttp", "--no-verify-peer", "--trailer", "x-checksum: 1", "--expect-continue"),
        *("--data", str(tmp_path / "root/big"), f"{secure}/echo"),
    )
    assert body == (tmp_path / "root/big").read_bytes()
    assert run("nghttp", "--continuation", f"{clear}/a.txt") == b"0123456789"


def test_h2load(server):
    """h2load gets nothing but good answers."""
    for url in server:
        output = run("h2load", "-n2000", "-c20", "-m20", f"{url}/a.txt").decode()
        assert "2000 succeeded, 0 failed, 0 errored" in output
        assert "2000 2xx" in output
