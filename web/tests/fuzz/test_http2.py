"""
Frames of HTTP/2, to a server and to a client.

The first octet says to whom the rest goes: NUL to a server, others to a client that has asked for
something.
"""

from __future__ import annotations

from hpack import Encoder

from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.web._client._bodies import BytesBodyProducer
from twisted.web._client._http2 import HTTP2ClientProtocol
from twisted.web._h2._frames import PREFACE, frame
from twisted.web.client import Request, readBody
from twisted.web.http_headers import Headers
from twisted.web.resource import Resource
from twisted.web.server import Site


class Echo(Resource):
    isLeaf = True

    def render(self, request):
        return request.content.read() or b"x" * 100


def block(*fields):
    return Encoder().encode(fields)


ASK = block((":method", "POST"), (":scheme", "http"), (":authority", "h"), (":path", "/"))
GET = block((":method", "GET"), (":scheme", "http"), (":authority", "h"), (":path", "/"))
OK = block((":status", "200"), ("x", "y"), ("content-length", "5"))
TRAILER = block(("t", "1"))
SETTINGS = frame(4, 0, 0, b"\0\1\0\0\0\0\0\4\0\0\0\x0f\0\5\0\0\x40\0")
SERVER = b"\0" + PREFACE + SETTINGS
CLIENT = b"\1" + SETTINGS
SEEDS = [
    SERVER + frame(1, 5, 1, GET) + frame(4, 1, 0) + frame(8, 0, 1, b"\0\0\0\xff"),
    SERVER + frame(1, 4, 1, ASK) + frame(0, 0, 1, b"ab") + frame(0, 9, 1, b"\2cd\0\0"),
    SERVER + frame(1, 0, 1, ASK[:2]) + frame(9, 4, 1, ASK[2:]) + frame(1, 5, 1, TRAILER),
    SERVER + frame(1, 0x25, 1, b"\0\0\0\0\7" + GET) + frame(2, 0, 3, b"\x80\0\0\1\5"),
    SERVER + frame(1, 5, 1, GET) + frame(3, 0, 1, b"\0\0\0\x08") + frame(6, 0, 0, b"12345678"),
    SERVER + frame(8, 0, 0, b"\0\0\xff\xff") + frame(7, 0, 0, bytes(8)) + frame(99, 0, 0, b"x"),
    b"\0\r\n" + SERVER[1:] + frame(1, 5, 1, GET),
    CLIENT + frame(1, 4, 1, OK) + frame(0, 0, 1, b"he") + frame(0, 1, 1, b"llo"),
    CLIENT + frame(1, 4, 3, OK) + frame(0, 8, 3, b"\1hello\0") + frame(1, 5, 3, TRAILER),
    CLIENT + frame(1, 4, 1, block((":status", "103"))) + frame(1, 0, 1, OK) + frame(9, 4, 1),
    CLIENT + frame(3, 0, 1, b"\0\0\0\7") + frame(7, 0, 0, b"\0\0\0\1\0\0\0\0"),
    CLIENT + frame(0, 1, 1) + frame(0, 0, 3, b"x"),
    CLIENT + frame(8, 0, 3, b"\0\0\0\4") + frame(8, 0, 0, b"\0\0\0\4") + frame(6, 1, 0, bytes(8)),
]


def served(data, size):
    """What a server says to octets that come in pieces."""
    clock = Clock()
    protocol = Site(Echo(), reactor=clock).buildProtocol(None)
    transport = StringTransport(lenient=True)
    protocol.makeConnection(transport)
    for start in range(0, len(data), size):
        if not transport.disconnecting:
            protocol.dataReceived(data[start : start + size])
    clock.advance(0)
    protocol.connectionLost(Failure(ConnectionDone()))
    assert not clock.getDelayedCalls()
    return transport.disconnecting


def asked(data, size):
    """What two get who ask: the kinds of errors, or statuses and bodies."""
    clock, told = Clock(), {}
    protocol = HTTP2ClientProtocol(clock, lambda idle: None)
    protocol.makeConnection(StringTransport(lenient=True))

    def tell(result, method, code):
        assert method not in told
        told[method] = code, result.type if isinstance(result, Failure) else result

    def ask(method, body):
        def answered(answer):
            readBody(answer).addBoth(tell, method, answer.code)

        request = Request(method, b"/", Headers({b"host": [b"h"]}), body, True)
        protocol.request(request).addCallbacks(answered, tell, errbackArgs=(method, None))

    ask(b"GET", None)
    ask(b"POST", BytesBodyProducer(b"hello"))
    clock.advance(0)
    for start in range(0, len(data), size):
        if not protocol.transport.disconnecting:
            protocol.dataReceived(data[start : start + size])
    clock.advance(0)
    protocol.connectionLost(Failure(ConnectionDone()))
    assert not clock.getDelayedCalls()
    assert len(told) == 2
    return told


def fuzz(data):
    outcome, octets = (asked if data[:1] > b"\0" else served), data[1:]
    assert outcome(octets, max(1, len(octets))) == outcome(octets, 1)


def test_seeds(fuzzed):
    """Nothing breaks for the seeds, nor for what is damaged of them."""
    assert fuzzed > len(SEEDS)
