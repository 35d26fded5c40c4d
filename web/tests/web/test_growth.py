"""Tests that requests leave nothing behind that only the garbage collector could free."""

from __future__ import annotations

import gc

import pytest

from twisted.logger import Logger
from twisted.web import server
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET
from twisted.web.static import Data, File

GET = b"GET %b HTTP/1.1\r\nHost: h\r\n%b\r\n"
POST = b"POST %b HTTP/1.1\r\nHost: h\r\n%b\r\n%b"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n"


class Later(Resource):
    """Answers later, within the request."""

    isLeaf = True

    def render_GET(self, request):
        request.notifyFinish().addErrback(lambda _: None)
        request.write(b"some")
        request.finish()
        return NOT_DONE_YET

    def render_POST(self, request):
        raise ValueError


@pytest.fixture
def root(tmp_path):
    """A tree with all kinds of resources."""
    (tmp_path / "file").write_bytes(b"content")
    tree = Resource()
    tree.putChild(b"data", Data(b"x", "text/plain"))
    tree.putChild(b"later", Later())
    tree.putChild(b"files", File(str(tmp_path)))
    return tree


@pytest.mark.parametrize(
    "wire",
    [
        GET % (b"/data", b""),
        GET % (b"/data?a=1&b=2", b"Cookie: a=b\r\n"),
        GET % (b"/later", b""),
        GET % (b"/nothing", b""),
        GET % (b"/files/file", b""),
        GET % (b"/files/file", b"Range: bytes=1-2\r\n"),
        GET % (b"/files/", b""),
        GET % (b"/files", b""),
        POST % (b"/data", FORM, b"a=1"),
        POST % (b"/data", CHUNKED, b"3\r\nabc\r\n0\r\n\r\n"),
        POST % (b"/later", FORM, b"a=1"),
        b"nonsense\r\n\r\n",
        b"GET /later HTTP/1.0\r\n\r\n",
    ],
)
@pytest.mark.parametrize("kept", [True, False], ids=["one connection", "many connections"])
def test_nothing_grows(connect, root, wire, kept, monkeypatch):
    """Without the garbage collector, 1,000 requests leave no objects behind."""
    connection = connect(root)
    site = connection.site
    site.log = lambda request: None

    def serve():
        if not kept or connection.closed:
            connection.transport.disconnecting = False
            connection.transport.producer = None
            connection.channel = site.buildProtocol(connection.transport.getPeer())
            connection.channel.makeConnection(connection.transport)
        connection.channel.dataReceived(wire)
        while connection.transport.producer not in (None, connection.channel):
            connection.transport.producer.resumeProducing()
        connection.transport.clear()
        if not kept or connection.closed:
            connection.lose()

    # Until a program begins to log, events are kept for its observers.
    monkeypatch.setattr(server, "_log", Logger(observer=lambda event: None))
    try:
        for _ in range(50):
            serve()
        gc.collect()
        gc.disable()
        before = len(gc.get_objects())
        for _ in range(1000):
            serve()
        grown = len(gc.get_objects()) - before
    finally:
        gc.enable()
    assert grown < 100
