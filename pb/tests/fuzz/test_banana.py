"""Expressions of Banana, and what a broker makes of them."""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.testing import StringTransport
from twisted.spread import pb
from twisted.spread._banana._decoder import Decoder
from twisted.spread._banana._encoder import Encoder
from twisted.spread._banana._format import PB_WORDS
from twisted.spread.banana import BananaError, encode

WORDS = {number: word for word, number in PB_WORDS.items()}
_encode = Encoder(PB_WORDS).encode

HELLO = encode(b"pb") + _encode([b"version", 6])


def call(number: int, name: bytes, *args: object) -> bytes:
    return _encode([b"message", number, b"root", name, 1, [b"tuple", *args], [b"dictionary"]])


SEEDS = [
    HELLO + call(1, b"take", 5, -7, 2**40, -(2**70), 1.5, b"octets", [b"unicode", "ß".encode()]),
    HELLO + call(2, b"take", [b"dictionary", [[b"unicode", b"a"], [b"list", [b"None"]]]]),
    HELLO + call(3, b"take", [b"reference", 1, [b"list", [b"dereference", 1]]]),
    HELLO + call(4, b"thing") + _encode([b"decref", 1]),
    HELLO + call(5, b"wait") + _encode([b"cancel", 5]),
    HELLO + call(6, b"back", [b"remote", 7]) + _encode([b"answer", 1, 5]),
    HELLO + _encode([b"cachemessage", 1, 5, b"x", 1, [b"tuple"], [b"dictionary"]]),
    HELLO + _encode([b"error", 1, b"x"]) + _encode([b"uncache", 3]) + _encode([b"decache", 3]),
    encode(b"none") + encode([b"version", 6]),
    encode([b"pb", [[1.5, 2**100], b"x" * 200]]),
]


class Thing(pb.Referenceable):
    """Something to have references to."""


class Root(pb.Root):
    def __init__(self) -> None:
        self.thing = Thing()

    def remote_take(self, *args: object) -> object:
        return args

    def remote_thing(self) -> Thing:
        return self.thing

    def remote_wait(self) -> Deferred[object]:
        return Deferred()

    def remote_back(self, reference: pb.RemoteReference) -> pb.RemoteReference:
        return reference


def fuzz(data: bytes) -> None:
    """Octets give the same expressions however they are split, and then the same octets again."""
    whole, pieces = expressions(data, len(data) or 1), expressions(data, 1)
    assert repr(whole) == repr(pieces)
    for expression in whole[0]:
        again = expressions(_encode(expression), 1 << 20)
        assert repr(again[0]) == repr([expression])
    broker(data)


def expressions(data: bytes, size: int) -> tuple[list[object], bool]:
    """What is in octets that come in pieces, and whether what follows is wrong."""
    decoder = Decoder(WORDS)
    found: list[object] = []
    try:
        for start in range(0, len(data), size):
            decoder.feed(data[start : start + size])
            while read := decoder.read():
                found += read
    except BananaError:
        return found, True
    return found, False


def broker(data: bytes) -> None:
    """A server does not raise."""
    server = pb.PBServerFactory(Root()).buildProtocol(None)
    server.makeConnection(StringTransport())
    server.dataReceived(data)
    server.connectionLost()


# What a call fails with that is made wrongly, which is logged where it was made.
LOGGED = (TypeError, pb.NoSuchMethod, CancelledError)


def test_seeds(fuzzed):
    """Nothing breaks for the seeds, nor for what is damaged of them."""
    assert fuzzed > len(SEEDS)
