"""Requests of HTTP/1.1 to a site that answers with what it got."""

from __future__ import annotations

import re

from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.web.resource import Resource
from twisted.web.server import Site

FORM = b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 7\r\n\r\na=1&b=2"
SEEDS = [
    b"GET /a%20b;c?d=e&d=%zz HTTP/1.1\r\nHost: h\r\nCookie: a=b; c=d\r\nRange: bytes=1-2\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: h\r\n" + FORM + b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
    b"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5;x=y\r\nhello\r\n0\r\nTrailer: x\r\n\r\nHEAD / HTTP/1.0\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n",
    b'GET http://h/p HTTP/1.1\r\nHost: h\r\nIf-None-Match: W/"a", "b"\r\n\r\n',
    b"GET / HTTP/5.1\r\nHost: h\r\nUpgrade: nection: Upg\rerad\nSec-WebSocket-Version: 13\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
]


class Mirror(Resource):
    isLeaf = True

    def render(self, request):
        fields = sorted(request.args.items()), sorted(request.received_cookies.items())
        told = (request.method, request.uri, request.path, request.prepath, request.postpath)
        return repr((told, fields, request.content.read())).encode()


def connect():
    site = Site(Mirror(), reactor=Clock())
    protocol = site.buildProtocol(None)
    protocol.makeConnection(StringTransport(lenient=True))
    return protocol


def comparable(said):
    return re.sub(rb"\r\nDate: [^\r]*", b"", said)


CONNECT = [connect]


def test_seeds(fuzzed):
    """Nothing breaks for the seeds, nor for what is damaged of them."""
    assert fuzzed > len(SEEDS)
