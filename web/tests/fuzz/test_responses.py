"""Responses of HTTP/1.1 to a client."""

from __future__ import annotations

from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.web._newclient import HTTP11ClientProtocol, Request
from twisted.web.client import readBody
from twisted.web.http_headers import Headers

SEEDS = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n0\r\nT: x\r\n\r\n",
    b"HTTP/1.0 200\r\nServer: x\r\n folded\r\n\r\nto the end",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No\r\n\r\n",
    b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nwhatever",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
]


def outcome(data, size):
    """What a caller gets: the kind of error, or status and body."""
    client, told = HTTP11ClientProtocol(), []
    client.makeConnection(StringTransport(lenient=True))
    answered = client.request(Request(b"GET", b"/", Headers({b"host": [b"h"]}), None))
    answered.addCallback(lambda response: readBody(response).addBoth(told.append))
    answered.addErrback(told.append)
    for start in range(0, len(data), size):
        if not client.transport.disconnecting:
            client.dataReceived(data[start : start + size])
    client.connectionLost(Failure(ConnectionDone()))
    assert len(told) == 1
    return told[0].type if isinstance(told[0], Failure) else told[0]


def fuzz(data):
    assert outcome(data, max(1, len(data))) == outcome(data, 1)


def test_seeds(fuzzed):
    """Nothing breaks for the seeds, nor for what is damaged of them."""
    assert fuzzed > len(SEEDS)
