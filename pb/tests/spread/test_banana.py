"""Tests of `twisted.spread.banana`."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twisted.internet.testing import StringTransport
from twisted.spread import banana
from twisted.spread._banana._decoder import Decoder
from twisted.spread._banana._encoder import Encoder
from twisted.spread._banana._format import PB_WORDS, Limits

WORDS = {number: word for word, number in PB_WORDS.items()}

#: Expressions, and what they are on the wire.
TABLE = [
    (0, b"\x00\x81"),
    (1, b"\x01\x81"),
    (127, b"\x7f\x81"),
    (128, b"\x00\x01\x81"),
    (-1, b"\x01\x83"),
    (2**31 - 1, b"\x7f\x7f\x7f\x7f\x07\x81"),
    (2**31, b"\x00\x00\x00\x00\x08\x85"),
    (-(2**31), b"\x00\x00\x00\x00\x08\x83"),
    (-(2**31) - 1, b"\x01\x00\x00\x00\x08\x86"),
    (1.5, b"\x84?\xf8\x00\x00\x00\x00\x00\x00"),
    (b"", b"\x00\x82"),
    (b"abc", b"\x03\x82abc"),
    ([], b"\x00\x80"),
    ([1, [b"remote", 2]], b"\x02\x80\x01\x81\x02\x80\x06\x82remote\x02\x81"),
    ([b"unicode", b"hi"], b"\x02\x80\x07\x82unicode\x02\x82hi"),
]

expressions = st.recursive(
    st.integers(-(2**70), 2**70)
    | st.binary(max_size=200)
    | st.floats(allow_nan=False)
    | st.sampled_from(sorted(PB_WORDS))
    | st.binary(max_size=9).map(lambda text: [b"unicode", text]),
    lambda inner: st.lists(inner, max_size=5),
    max_leaves=20,
)


@pytest.mark.parametrize(("expression", "octets"), TABLE)
def test_wire(expression, octets):
    """Each kind of item is written as in the specification, and read."""
    assert banana.encode(expression) == octets
    assert banana.decode(octets) == expression


@given(expressions, st.integers(0, 400), st.booleans())
def test_every_split(expression, at, words):
    """An expression comes out as it went in, wherever its octets are split."""
    data = Encoder(PB_WORDS if words else None).encode(expression)
    decoder = Decoder(WORDS if words else None)
    found = []
    for piece in (data[:at], data[at:], data):
        decoder.feed(piece)
        while read := decoder.read():
            found += read
    assert found == [expression] * 2
    assert not decoder.waiting


@given(st.lists(expressions, max_size=4))
def test_octet_by_octet(several):
    """Expressions that come octet by octet are read one after the other."""
    decoder = Decoder(WORDS)
    found = []
    for octet in b"".join(map(Encoder(PB_WORDS).encode, several)):
        decoder.feed(bytes((octet,)))
        found += decoder.read()
    assert found == several


@given(st.binary(max_size=300), st.integers(0, 300))
def test_anything(data, at):
    """Whatever comes is read, waited for, or refused with `BananaError`."""
    decoder = Decoder(WORDS)
    try:
        for piece in (data[:at], data[at:]):
            decoder.feed(piece)
            while decoder.read():
                pass
    except banana.BananaError:
        assert not decoder.waiting


HOSTILE = {
    "a number without end": b"\x7f" * 65,
    "an integer that is too large": b"\x7f" * 65 + b"\x85",
    "a list that is too long": b"\x02\x01\x01\x01\x01\x80",
    "a string that is too long": b"\x02\x01\x01\x01\x01\x82",
    "lists without end": b"\x01\x80" * 200,
    "lists of lists, each as long as it may be": b"\x00\x00\x28\x80" * 4,
    "a kind that there is not": b"\x01\x99",
    "a word that there is not": b"\x7f\x87",
}


def readAll(decoder, data, step):
    """Feed octets in pieces."""
    for start in range(0, len(data), step):
        decoder.feed(data[start : start + step])
        decoder.read()


@pytest.mark.parametrize("what", HOSTILE)
@pytest.mark.parametrize("step", [1, 7, 1000])
def test_hostile(what, step):
    """What exceeds a limit is refused as soon as that is known, and forgotten."""
    decoder = Decoder(WORDS)
    with pytest.raises(banana.BananaError):
        readAll(decoder, HOSTILE[what], step)
    assert not decoder.waiting


def test_whole_size():
    """An expression of many strings, each of which is allowed, has a limit in all."""
    decoder = Decoder(WORDS, Limits(octets=10_000))
    data = b"\x7f\x80" + (b"\x7f\x82" + b"x" * 127) * 127
    with pytest.raises(banana.BananaError, match="10000 octets"):
        readAll(decoder, data, 100)


def test_dribble():
    """A large string that comes in small pieces takes linear time."""
    decoder = Decoder(WORDS)
    size = banana.SIZE_LIMIT
    data = Encoder().encode([b"x" * size] * 2)
    start = time.process_time()
    for at in range(0, len(data), 50):
        decoder.feed(data[at : at + 50])
        found = decoder.read()
    assert len(found[0][1]) == size
    assert time.process_time() - start < 2


def test_nothing_too_deep_is_sent():
    """What the other side would refuse is not sent, and no recursion is too deep."""
    nested: list[object] = []
    for _ in range(5000):
        nested = [nested]
    with pytest.raises(banana.BananaError, match="nested"):
        banana.encode(nested)


@pytest.mark.parametrize("thing", ["text", None, {}, object(), 2**448, -(2**448)])
def test_what_cannot_be_sent(thing):
    """Other objects, and integers that are too large, are refused."""
    with pytest.raises(banana.BananaError):
        banana.encode([thing])


class Kept(banana.Banana):
    """Keeps what comes."""

    def connectionReady(self):
        self.found = []

    def expressionReceived(self, lst):
        self.found.append(lst)


def both(server=(b"pb", b"none"), client=(b"pb", b"none")):
    """A server and a client that have made each other's acquaintance."""
    sides = []
    for isClient, dialects in ((0, server), (1, client)):
        side = Kept(isClient)
        side.knownDialects = list(dialects)
        side.makeConnection(StringTransport())
        sides.append(side)
    for _ in range(2):
        for one, other in (sides, sides[::-1]):
            data = one.transport.value()
            one.transport.clear()
            if data:
                other.dataReceived(data)
    return sides


@pytest.mark.parametrize(
    ("server", "client", "agreed"),
    [
        ((b"pb", b"none"), (b"pb", b"none"), b"pb"),
        ((b"none", b"pb"), (b"pb", b"none"), b"none"),
        ((b"new", b"pb"), (b"pb", b"none"), b"pb"),
        ((b"pb",), (b"none",), None),
    ],
)
def test_dialects(server, client, agreed):
    """The client takes the first dialect of the server's that it knows, or ends the connection."""
    one, other = both(server, client)
    assert one.currentDialect == other.currentDialect == agreed
    assert other.transport.disconnecting is (agreed is None)


def test_words():
    """With the dialect of Perspective Broker, its words are sent as numbers."""
    server, client = both()
    server.sendEncoded([b"remote", 3])
    assert server.transport.value() == b"\x02\x80\x10\x87\x03\x81"
    client.dataReceived(server.transport.value())
    assert client.found == [[b"remote", 3]]


def test_dialect_that_was_not_offered():
    """A client that takes another dialect is sent away."""
    server = Kept(0)
    server.makeConnection(StringTransport())
    server.dataReceived(banana.encode(b"nonsense"))
    assert server.transport.disconnecting


def test_prefix_limit():
    """The size of integers can be changed."""
    side = Kept(1)
    side.makeConnection(StringTransport())
    side.setPrefixLimit(2)
    with pytest.raises(banana.BananaError):
        side.sendEncoded(2**14)
    side.sendEncoded(2**14 - 1)


def test_base128():
    """Numbers are written in base 128 and read, negative ones not."""
    pieces = []
    for number in (0, 1, 127, 128, 2**70):
        banana.int2b128(number, pieces.append)
        assert banana.b1282int(pieces[-1]) == number
    with pytest.raises(ValueError):
        banana.int2b128(-1, pieces.append)
