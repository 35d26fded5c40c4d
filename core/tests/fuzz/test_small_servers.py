"""Small servers: finger, ident, tables for Postfix."""

from __future__ import annotations

from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.protocols import finger, ident, postfix

SEEDS = [
    b"/W alice\r\n",
    b"alice@host@other\r\n",
    b"6193, 23\r\n 1 , 65536\r\n",
    b"get key%20with\nput a b\nget none\n",
    b"get %zz%\n",
]


class Finger(finger.Finger):
    callLater = Clock().callLater


class Ident(ident.IdentServer):
    def lookup(self, serverAddress, clientAddress):
        return "UNIX", "alice"


def connected(make):
    def connect():
        address = IPv4Address("TCP", "127.0.0.1", 1)
        protocol = make()
        protocol.makeConnection(StringTransport(address, address))
        return protocol

    return connect


def table():
    protocol = postfix.PostfixTCPMapDictServerFactory({b"key": b"value %"}).buildProtocol(None)
    protocol.callLater = Clock().callLater
    return protocol


CONNECT = [connected(Finger), connected(Ident), connected(table)]


def test_seeds(fuzzed):
    """Nothing breaks for the seeds, nor for what is damaged of them."""
    assert fuzzed > len(SEEDS)
