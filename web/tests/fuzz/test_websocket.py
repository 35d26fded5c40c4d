"""Frames of WebSocket to a server that echoes."""

from __future__ import annotations

import re

from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.web.server import Site
from twisted.web.websocket import WebSocketResource

ASK = (
    b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)
PLAIN = ASK + b"\r\n"
SEEDS = [
    PLAIN + b"\x81\x85\0\0\0\0hello\x82\x83\1\2\3\4abc\x88\x82\0\0\0\0\3\xe8",
    PLAIN + b"\x01\x82\0\0\0\0he\x89\x80\0\0\0\0\x80\x83\0\0\0\0llo",
    PLAIN + b"\x82\xfe\0\x80\0\0\0\0" + b"x" * 128,
    PLAIN + b"\x82\xff\0\0\0\0\0\0\1\0\0\0\0\0" + b"x" * 256,
    ASK + b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
    b"\xc1\x87\0\0\0\0\xf2\x48\xcd\xc9\xc9\x07\x00",
]


class Echo:
    def negotiationStarted(self, transport):
        self.transport = transport

    def negotiationFinished(self):
        pass

    def textMessageReceived(self, text):
        self.transport.sendTextMessage(text)

    def bytesMessageReceived(self, data):
        self.transport.sendBytesMessage(data)

    def pongReceived(self, payload):
        pass

    def connectionLost(self, reason):
        pass


class Factory:
    def buildProtocol(self, request):
        return Echo()


def connect():
    protocol = Site(WebSocketResource(Factory()), reactor=Clock()).buildProtocol(None)
    protocol.makeConnection(StringTransport(lenient=True))
    return protocol


def comparable(said):
    return re.sub(rb"\r\nDate: [^\r]*", b"", said)


CONNECT = [connect]


def test_seeds(fuzzed):
    """Nothing breaks for the seeds, nor for what is damaged of them."""
    assert fuzzed > len(SEEDS)
