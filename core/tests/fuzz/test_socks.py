"""Servers of SOCKS 4 and 5, which nobody is allowed to pass."""

from __future__ import annotations

from twisted.internet.address import IPv4Address
from twisted.internet.defer import succeed
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.protocols import socks

SEEDS = [
    b"\4\1\0\x50\x7f\0\0\1user\0more",
    b"\4\2\0\x50\x7f\0\0\1\0",
    b"\4\1\0\x50\0\0\0\1me\0localhost\0",
    b"\5\1\0\5\1\0\1\x7f\0\0\1\0\x50",
    b"\5\2\0\2\1\5alice\6secret\5\1\0\3\x09localhost\0\x50",
    b"\5\1\2\1\5alice\6secret\5\1\0\4" + bytes(15) + b"\1\0\x50",
]


class Reactor(MemoryReactorClock):
    def resolve(self, name, timeout=10):
        return succeed("127.0.0.1")


class Four(socks.SOCKSv4):
    def authorize(self, code, server, port, user):
        return False


class Five(socks.SOCKSv5):
    def authorize(self, user, host, port):
        return False


def connected(protocol):
    protocol.makeConnection(
        StringTransport(peerAddress=IPv4Address("TCP", "127.0.0.1", 1), lenient=True)
    )
    return protocol


def five(passwords):
    factory = socks.SOCKSv5Factory(reactor=Reactor(), passwords=passwords)
    factory.protocol = Five
    return connected(factory.buildProtocol(None))


CONNECT = [
    lambda: connected(Four(reactor=Reactor())),
    lambda: five(None),
    lambda: five({"alice": "secret"}),
]


def test_seeds(fuzzed):
    """Nothing breaks for the seeds, nor for what is damaged of them."""
    assert fuzzed > len(SEEDS)
