"""Tests of `twisted.protocols.basic`."""

from __future__ import annotations

import struct
from io import BytesIO
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twisted.internet.testing import StringTransport
from twisted.protocols import basic

PLACES = st.lists(st.integers(0, 10_000), max_size=10)


def feed(protocol, data, places=()):
    """Connect a protocol, and give it bytes in pieces; gives its transport."""
    transport = StringTransport()
    if protocol.transport is None:
        protocol.makeConnection(transport)
    cuts = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    for start, end in pairwise(cuts):
        protocol.dataReceived(data[start:end])
    return protocol.transport


class Lines(basic.LineReceiver):
    """Keeps what it gets."""

    def __init__(self):
        self.lines = []
        self.raw = b""
        self.tooLong = []

    def lineReceived(self, line):
        self.lines.append(line)
        if line.startswith(b"raw "):
            self.rawWanted = int(line[4:])
            self.setRawMode()

    def rawDataReceived(self, data):
        data, rest = data[: self.rawWanted], data[self.rawWanted :]
        self.raw += data
        self.rawWanted -= len(data)
        if not self.rawWanted:
            self.setLineMode(rest)


@given(
    st.lists(st.binary(max_size=20).filter(lambda b: b"\r\n" not in b and b[-1:] != b"\r")), PLACES
)
def test_lines(lines, places):
    """Lines are the same in whatever pieces they come."""
    protocol = Lines()
    lines = [line for line in lines if not line.startswith(b"raw ")]
    feed(protocol, b"".join(line + b"\r\n" for line in lines), places)
    assert protocol.lines == lines


@given(st.binary(min_size=1, max_size=30), PLACES)
def test_raw_mode(data, places):
    """A protocol may take bytes as they come for a while, and go back to lines."""
    protocol = Lines()
    feed(protocol, b"a\r\nraw %d\r\n%bb\r\nc\r\n" % (len(data), data), places)
    assert protocol.raw == data
    assert protocol.lines == [b"a", b"raw %d" % len(data), b"b", b"c"]


def test_other_delimiter():
    """Lines may end with something else."""
    protocol = Lines()
    protocol.delimiter = b"\n"
    feed(protocol, b"a\r\nb\n")
    assert protocol.lines == [b"a\r", b"b"]


@pytest.mark.parametrize("ended", [b"\r\n", b""])
def test_long_line(ended):
    """A line over the limit closes the connection, whether its end has come or not."""
    protocol = Lines()
    protocol.MAX_LENGTH = 10
    transport = feed(protocol, b"x" * 10 + b"\r\n")
    assert (protocol.lines, transport.disconnecting) == ([b"x" * 10], False)
    feed(protocol, b"y" * 13 + ended)
    assert transport.disconnecting
    assert len(protocol.lines) == 1


def test_long_line_handled():
    """A protocol may do something else about long lines, and gets what came of them."""

    class Patient(Lines):
        MAX_LENGTH = 4

        def lineLengthExceeded(self, line):
            self.tooLong.append(line)

    protocol = Patient()
    feed(protocol, b"longer\r\nab\r\n")
    assert protocol.tooLong[0].startswith(b"longer")
    assert not protocol.transport.disconnecting


def test_pausing():
    """A paused protocol keeps what came, and goes on with it when it is resumed."""

    class Pausing(Lines):
        def lineReceived(self, line):
            self.lines.append(line)
            if line == b"pause":
                self.pauseProducing()

    protocol = Pausing()
    feed(protocol, b"a\r\npause\r\nb\r\n")
    assert protocol.lines == [b"a", b"pause"]
    assert protocol.transport.producerState == "paused"
    protocol.resumeProducing()
    assert protocol.lines == [b"a", b"pause", b"b"]
    assert protocol.transport.producerState == "producing"


def test_send_line():
    """A line is sent with its end."""
    protocol = Lines()
    transport = feed(protocol, b"")
    protocol.sendLine(b"hello")
    assert transport.value() == b"hello\r\n"


def test_no_more_lines_after_close():
    """Lines that come after the connection was closed here are dropped."""

    class Closing(Lines):
        def lineReceived(self, line):
            self.lines.append(line)
            self.transport.loseConnection()

    protocol = Closing()
    feed(protocol, b"a\r\nb\r\n")
    assert protocol.lines == [b"a"]


def test_deep():
    """Many lines in one piece need no deep stack, not even with changes of mode."""
    protocol = Lines()
    feed(protocol, b"raw 1\r\nx" * 3000)
    assert protocol.raw == b"x" * 3000


def test_line_only():
    """The simpler receiver knows lines alone, with the same limit."""

    class Only(basic.LineOnlyReceiver):
        MAX_LENGTH = 5

        def __init__(self):
            self.lines = []

        def lineReceived(self, line):
            self.lines.append(line)

    protocol = Only()
    transport = feed(protocol, b"a\r\nbcdef\r\n", [1, 2, 4])
    assert protocol.lines == [b"a", b"bcdef"]
    protocol.sendLine(b"x")
    assert transport.value() == b"x\r\n"
    feed(protocol, b"abcdefgh")
    assert transport.disconnecting


# Strings behind their lengths


class Strings:
    """Keeps what it gets."""

    def __init__(self):
        self.strings = []

    def stringReceived(self, string):
        self.strings.append(string)


INTEGERS = [
    (basic.Int8StringReceiver, "!B"),
    (basic.Int16StringReceiver, "!H"),
    (basic.Int32StringReceiver, "!I"),
]


@pytest.mark.parametrize(("kind", "format_"), INTEGERS)
@given(strings=st.lists(st.binary(max_size=30), max_size=5), places=PLACES)
def test_integers(kind, format_, strings, places):
    """Strings behind their lengths are the same in whatever pieces they come."""
    protocol = type("Protocol", (Strings, kind), {})()
    wire = b"".join(struct.pack(format_, len(s)) + s for s in strings)
    transport = feed(protocol, wire, places)
    assert protocol.strings == strings
    for string in strings:
        protocol.sendString(string)
    assert transport.value() == wire


def test_long_string():
    """A length over the limit closes the connection before the string comes."""
    protocol = type("Protocol", (Strings, basic.Int32StringReceiver), {})()
    transport = feed(protocol, struct.pack("!I", protocol.MAX_LENGTH + 1))
    assert transport.disconnecting
    assert protocol.strings == []


def test_string_too_long_to_send():
    """What does not fit its length's type cannot be sent."""
    protocol = type("Protocol", (Strings, basic.Int8StringReceiver), {})()
    transport = feed(protocol, b"")
    with pytest.raises(basic.StringTooLongError):
        protocol.sendString(b"x" * 256)
    assert transport.value() == b""


class Netstrings(Strings, basic.NetstringReceiver):
    """Keeps what it gets."""


@given(st.lists(st.binary(max_size=30), max_size=5), PLACES)
def test_netstrings(strings, places):
    """Netstrings are the same in whatever pieces they come."""
    protocol = Netstrings()
    wire = b"".join(b"%d:%b," % (len(s), s) for s in strings)
    transport = feed(protocol, wire, places)
    assert protocol.strings == strings
    for string in strings:
        protocol.sendString(string)
    assert transport.value() == wire


@pytest.mark.parametrize(
    "wire", [b"3:abcX", b"03:abc,", b"-1:,", b"+3:abc,", b"x", b":,", b"100000:", b"9" * 20, b" 3:"]
)
@pytest.mark.parametrize("size", [1, 100])
def test_bad_netstrings(wire, size):
    """What is no netstring, or too long, closes the connection."""
    protocol = Netstrings()
    transport = feed(protocol, wire, range(0, len(wire), size))
    assert transport.disconnecting
    assert protocol.strings == []


# Others


def test_stateful():
    """A protocol may name, for each piece, what takes it and how long the next one is."""

    class Stateful(basic.StatefulStringProtocol, basic.Int16StringReceiver):
        def __init__(self):
            self.seen = []

        def proto_init(self, string):
            self.seen.append(("init", string))
            return "other"

        def proto_other(self, string):
            self.seen.append(("other", string))
            return "done"

    protocol = Stateful()
    feed(protocol, b"\0\x01a\0\x01b")
    assert protocol.seen == [("init", b"a"), ("other", b"b")]


def test_file_sender():
    """A file is sent piece by piece, perhaps changed, and its last byte is told."""
    transport = StringTransport()
    sender = basic.FileSender()
    content = b"0123456789" * 20_000
    seen = []
    done = sender.beginFileTransfer(BytesIO(content), transport, bytes.upper)
    done.addCallback(seen.append)
    assert transport.streaming is False
    while transport.producer is not None:
        transport.producer.resumeProducing()
    assert transport.value() == content
    assert seen == [b"9"]


def test_file_sender_stopped():
    """A transfer that is stopped fails."""
    sender = basic.FileSender()
    seen = []
    sender.beginFileTransfer(BytesIO(b"x"), StringTransport()).addErrback(seen.append)
    sender.stopProducing()
    assert len(seen) == 1


def test_all_that_follows_a_line_that_is_too_long():
    """`lineLengthExceeded` gets it, ends of lines included."""
    got = []

    class Lines(basic.LineReceiver):
        MAX_LENGTH = 5

        def lineLengthExceeded(self, line):
            got.append(line)

    receiver = Lines()
    receiver.makeConnection(StringTransport())
    receiver.dataReceived(b"too long\r\nshort\r\n")
    receiver.dataReceived(b"much too long")
    assert got == [b"too long\r\nshort\r\n", b"much too long"]


def test_what_a_receiver_of_strings_has_left():
    """`recvd` is what has not been delivered, and may be changed while strings are."""
    left = []

    class Strings(basic.Int8StringReceiver):
        def stringReceived(self, string):
            left.append((string, self.recvd))
            if string == b"skip":
                self.recvd = self.recvd[2:]

    receiver = Strings()
    receiver.dataReceived(b"\x04skip??\x01a\x02")
    assert left == [(b"skip", b"??\x01a\x02"), (b"a", b"\x02")]
    assert receiver.recvd == b"\x02"
    receiver.dataReceived(b"bc")
    assert left[-1] == (b"bc", b"")
