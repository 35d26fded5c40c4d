"""Netstrings, strings with prefixes, and lines."""

from __future__ import annotations

from twisted.internet.testing import StringTransport
from twisted.protocols import basic

SEEDS = [b"5:hello,3:abc,", b"0:,", b"\0\0\0\5hello\0\3abc\2hi", b"one\r\ntwo\nthree", b"99999:x"]


def answering(base, received, send):
    """What connects a protocol that says again what it got."""

    class Answering(base):
        MAX_LENGTH = 100

    setattr(Answering, received, lambda self, data: getattr(self, send)(data))

    def connect():
        protocol = Answering()
        protocol.makeConnection(StringTransport())
        return protocol

    return connect


CONNECT = [
    answering(basic.NetstringReceiver, "stringReceived", "sendString"),
    answering(basic.Int32StringReceiver, "stringReceived", "sendString"),
    answering(basic.Int16StringReceiver, "stringReceived", "sendString"),
    answering(basic.Int8StringReceiver, "stringReceived", "sendString"),
    answering(basic.LineReceiver, "lineReceived", "sendLine"),
    answering(basic.LineOnlyReceiver, "lineReceived", "sendLine"),
]


def test_seeds(fuzzed):
    """Nothing breaks for the seeds, nor for what is damaged of them."""
    assert fuzzed > len(SEEDS)
