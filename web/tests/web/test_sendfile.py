"""Tests of large files that go from the system's cache to the socket."""

from __future__ import annotations

import gzip
import os
import socket

import pytest

from twisted.internet import tcp
from twisted.web.resource import EncodingResourceWrapper
from twisted.web.server import GzipEncoderFactory, Request, Site
from twisted.web.static import File

SIZE = 9_000_000


@pytest.fixture
def folder(tmp_path):
    """A folder with a large file."""
    (tmp_path / "big.bin").write_bytes(os.urandom(SIZE))
    return tmp_path


@pytest.fixture
def straight(monkeypatch):
    """How many bytes were sent past the process, call by call."""
    counts = []
    original = tcp.Connection.sendFile

    def counted(self, *arguments):
        sent = original(self, *arguments)
        counts.append(sent)
        return sent

    monkeypatch.setattr(tcp.Connection, "sendFile", counted)
    return counts


@pytest.fixture
def ask(network):
    """Send requests to a resource; gives all that comes until the connection ends."""

    def asked(resource, wire, when=None):
        network.listen(resource)
        received = bytearray()
        with socket.create_connection(("127.0.0.1", network.port.getHost().port)) as client:
            client.sendall(wire)
            client.setblocking(False)
            for _ in range(20_000):
                network.reactor.iterate(0)
                if when is not None and when():
                    continue
                try:
                    data = client.recv(2**20)
                except BlockingIOError:
                    continue
                if not data:
                    break
                received += data
        return bytes(received)

    return asked


REQUEST = b"GET /big.bin HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"


def test_whole(ask, folder, straight):
    """A large file arrives as it is, nearly all of it without having been read."""
    head, _, body = ask(File(str(folder)), REQUEST + b"\r\n").partition(b"\r\n\r\n")
    assert b"Content-Length: %d" % SIZE in head
    assert body == (folder / "big.bin").read_bytes()
    assert sum(filter(None, straight)) == SIZE - 131072


def test_part(ask, folder, straight):
    """So does a large part of it, and what comes behind it on the same connection."""
    wire = (
        b"GET /big.bin HTTP/1.1\r\nHost: x\r\nRange: bytes=1000-7999999\r\n\r\n"
        + REQUEST
        + b"Range: bytes=-5\r\n\r\n"
    )
    received = ask(File(str(folder)), wire)
    content = (folder / "big.bin").read_bytes()
    assert content[1000:8_000_000] + b"HTTP/1.1 206 Partial Content\r\n" in received
    assert received.endswith(b"\r\n\r\n" + content[-5:])
    assert sum(filter(None, straight)) > 7_800_000


def test_shrunk(ask, folder, monkeypatch):
    """If a file is cut short on the way, so is the connection: nobody takes it for complete."""
    original = tcp.Connection.sendFile

    def shrinking(self, *arguments):
        sent = original(self, *arguments)
        os.truncate(folder / "big.bin", 100)
        return sent

    monkeypatch.setattr(tcp.Connection, "sendFile", shrinking)
    received = ask(File(str(folder)), REQUEST + b"\r\n")
    assert 131072 < len(received) < SIZE


class Unpacked(File):
    """What is in a compressed file."""

    def openForReading(self):
        """A file with a descriptor, behind which is something else."""
        return gzip.open(self.path)

    def getFileSize(self):
        """The size of what is in it."""
        return SIZE


def test_unpacked(ask, folder, straight):
    """What a descriptor alone does not give is read."""
    content = (folder / "big.bin").read_bytes()
    (folder / "big.bin").write_bytes(gzip.compress(content, 1))
    body = ask(Unpacked(str(folder)), REQUEST + b"\r\n").partition(b"\r\n\r\n")[2]
    assert body == content
    assert straight == []


def test_encoded(ask, folder, straight):
    """What is encoded on its way is read."""
    resource = EncodingResourceWrapper(File(str(folder / "big.bin")), [GzipEncoderFactory()])
    resource.original.isLeaf = True
    received = ask(resource, REQUEST + b"Accept-Encoding: gzip\r\n\r\n")
    assert b"Content-Encoding: gzip" in received
    assert straight == []


def test_own_request(ask, folder, straight, monkeypatch):
    """A program whose requests have a `write` of their own gets all that is sent."""
    seen = []

    class Own(Request):
        def write(self, data):
            seen.append(len(data))
            Request.write(self, data)

    monkeypatch.setattr(Site, "requestFactory", Own)
    body = ask(File(str(folder)), REQUEST + b"\r\n").partition(b"\r\n\r\n")[2]
    assert (len(body), sum(seen)) == (SIZE, SIZE)
    assert straight == []


def test_stalled_reader(network, folder, straight):
    """Who reads nothing of a file is cut off, though nothing of it waits in the transport."""
    ended = []

    class Noting(File):
        def render_GET(self, request):
            request.notifyFinish().addErrback(ended.append)
            return File.render_GET(self, request)

    network.listen(Noting(str(folder)))
    network.site.timeOut = 0.1
    with socket.create_connection(("127.0.0.1", network.port.getHost().port)) as client:
        client.sendall(REQUEST + b"\r\n")
        for _ in range(4000):
            network.reactor.iterate(0.005)
            if ended:
                break
    assert len(ended) == 1
    assert 131072 + sum(filter(None, straight)) < SIZE
