"""Headers of the PROXY protocol, before a protocol of somebody else's."""

from __future__ import annotations

from twisted.internet.protocol import Factory
from twisted.internet.testing import StringTransport
from twisted.protocols.haproxy._wrapper import HAProxyWrappingFactory
from twisted.protocols.wire import Echo

SEEDS = [
    b"PROXY TCP4 192.0.2.1 198.51.100.1 8080 443\r\nhello",
    b"PROXY TCP6 2001::1 2001::2 1 65535\r\nhello",
    b"PROXY UNKNOWN whatever this is\r\n",
    b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\2\1\xc6\x33\x64\1\x1f\x90\1\xbbhello",
    b"\r\n\r\n\0\r\nQUIT\n\x21\x21\0\x24" + bytes(range(36)) + b"hello",
    b"\r\n\r\n\0\r\nQUIT\n\x21\x31\0\xd8" + b"/a".ljust(108, b"\0") * 2,
    b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0",
]


def connect():
    protocol = HAProxyWrappingFactory(Factory.forProtocol(Echo)).buildProtocol(None)
    protocol.makeConnection(StringTransport())
    return protocol


CONNECT = [connect]


def test_seeds(fuzzed):
    """Nothing breaks for the seeds, nor for what is damaged of them."""
    assert fuzzed > len(SEEDS)
