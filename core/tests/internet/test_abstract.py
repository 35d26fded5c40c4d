"""`FileDescriptor` by itself, and the telling of addresses from names."""

from __future__ import annotations

import socket

import pytest
from zope.interface import implementer
from zope.interface.verify import verifyObject

from twisted.internet import interfaces
from twisted.internet.abstract import FileDescriptor, isIPAddress, isIPv6Address
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.main import CONNECTION_LOST
from twisted.python.failure import Failure


class FakeReactor:
    """A reactor that keeps what it is asked for."""

    def __init__(self):
        self.readers, self.writers, self.later = set(), set(), []
        self.addReader, self.removeReader = self.readers.add, self.readers.discard
        self.addWriter, self.removeWriter = self.writers.add, self.writers.discard

    def callLater(self, delay, function, *args):
        self.later.append((delay, function, args))


class Sink(FileDescriptor):
    """A descriptor that takes as much as it is told to."""

    def __init__(self, takes=10**9):
        FileDescriptor.__init__(self, FakeReactor())
        self.connected = 1
        self.takes = takes
        self.taken = []

    def writeSomeData(self, data):
        if isinstance(self.takes, Exception):
            return self.takes
        self.taken.append(bytes(data[: self.takes]))
        return len(self.taken[-1])


class Producer:
    """Keeps what is asked of it."""

    def __init__(self):
        self.calls = []

    def pauseProducing(self):
        self.calls.append("pause")

    def resumeProducing(self):
        self.calls.append("resume")

    def stopProducing(self):
        self.calls.append("stop")


@pytest.mark.parametrize(
    "interface",
    [
        interfaces.IPushProducer,
        interfaces.IReadWriteDescriptor,
        interfaces.IConsumer,
        interfaces.ITransport,
        interfaces.IHalfCloseableDescriptor,
        interfaces.ILoggingContext,
    ],
)
def test_interfaces(interface):
    """It provides what it promises."""
    assert verifyObject(interface, Sink())


def test_plain():
    """By itself it has no descriptor, no addresses, and nothing to read or write."""
    plain = FileDescriptor(FakeReactor())
    assert plain.fileno() == -1
    assert plain.doRead() is CONNECTION_LOST
    assert plain.writeSomeData(b"x") is CONNECTION_LOST
    assert plain.logPrefix() == "-"
    for method in (plain.getHost, plain.getPeer):
        with pytest.raises(NotImplementedError):
            method()
    plain.write(b"not connected")
    plain.writeSequence([b"not connected"])
    plain.loseConnection()
    assert plain.reactor.writers == set()


def test_log_prefix():
    """An application object is named by what it says of itself, else by its class."""

    @implementer(interfaces.ILoggingContext)
    class Named:
        def logPrefix(self):
            return "a name"

    assert Sink()._getLogPrefix(Named()) == "a name"
    assert Sink()._getLogPrefix(3) == "int"


@pytest.mark.parametrize("takes", [1, 3, 7, 1000])
def test_write(takes):
    """However little is taken at a time, all of it is, in order."""
    sink = Sink(takes)
    sink.write(b"abc")
    sink.writeSequence([b"defg", b"", b"hij"])
    assert sink.reactor.writers == {sink}
    while sink.reactor.writers:
        before = sink.dataBuffer
        assert sink.doWrite() is None
        assert before == sink.taken[-1] + sink.dataBuffer
    assert b"".join(sink.taken) == b"abcdefghij"
    assert len(sink.taken) == -(-10 // takes)


def test_send_limit():
    """Not more than `SEND_LIMIT` bytes are offered at once."""
    sink = Sink()
    sink.SEND_LIMIT = 10
    for piece in (b"x" * 25, b"a", b"b" * 8, b"c" * 5):
        sink.write(piece)
    while sink.reactor.writers:
        sink.doWrite()
    assert [len(t) for t in sink.taken] == [10, 10, 6, 8, 5]


def test_dataBuffer():
    """What waits can be looked at and replaced."""
    sink = Sink(2)
    sink.write(b"abc")
    sink.write(b"def")
    sink.doWrite()
    assert sink.dataBuffer == b"cdef"
    sink.dataBuffer = b"other"
    assert sink.dataBuffer == b"other"
    sink.dataBuffer = b""
    sink.doWrite()
    assert sink.taken == [b"ab"]


def test_failure():
    """If writing fails, that is the reason of the end."""
    sink = Sink(ConnectionLost())
    sink.write(b"x")
    assert sink.doWrite() is sink.takes


def test_lose():
    """The end comes when all is written; a second time nothing happens."""
    sink = Sink(2)
    sink.startReading()
    sink.write(b"abc")
    sink.loseConnection()
    sink.loseConnection()
    assert sink.reactor.readers == set()
    assert sink.doWrite() is None
    assert isinstance(sink.doWrite(), ConnectionDone)
    sink.resumeProducing()
    assert sink.reactor.readers == set()


def test_lose_after_half_close():
    """If the sending direction is closed already, the end comes soon."""
    sink = Sink()
    sink.loseWriteConnection()
    assert sink.doWrite() is None
    sink.write(b"dropped")
    sink.writeSequence([b"dropped"])
    sink.loseConnection()
    ((delay, function, args),) = sink.reactor.later
    assert delay == 0
    function(*args)
    assert sink.disconnected
    assert sink.taken == []


def test_directions_end_together():
    """Where the directions are one, the end of either is the end."""
    for method in ("readConnectionLost", "writeConnectionLost"):
        sink = Sink()
        sink.write(b"x")
        sink.startReading()
        getattr(sink, method)(Failure(ConnectionDone()))
        assert sink.disconnected
        assert not sink.connected
        assert sink.dataBuffer == b""
        assert sink.reactor.readers == sink.reactor.writers == set()


def test_reading_is_paused_and_resumed():
    """As a producer it is paused, resumed and stopped."""
    sink = Sink()
    sink.resumeProducing()
    assert sink.reactor.readers == {sink}
    sink.pauseProducing()
    assert sink.reactor.readers == set()
    sink.stopProducing()
    assert sink.disconnecting


def test_streaming_producer():
    """A producer is paused at more than `bufferSize` bytes, once, and resumed at none."""
    sink, producer = Sink(40_000), Producer()
    sink.registerProducer(producer, True)
    sink.writeSequence([b"x" * sink.bufferSize])
    assert producer.calls == []
    sink.writeSequence([b"x"])
    sink.write(b"x")
    assert producer.calls == ["pause"]
    sink.doWrite()
    assert producer.calls == ["pause"]
    sink.doWrite()
    assert producer.calls == ["pause", "resume"]
    sink.loseConnection()
    # It writes of its own accord, and is not waited for.
    assert isinstance(sink.doWrite(), ConnectionDone)


def test_pull_producer():
    """A producer that is asked is asked at first and whenever all is written."""
    sink, producer = Sink(), Producer()
    sink.registerProducer(producer, False)
    sink.write(b"x" * 100_000)
    sink.doWrite()
    assert producer.calls == ["resume", "resume"]
    with pytest.raises(RuntimeError):
        sink.registerProducer(producer, False)
    sink.connectionLost(Failure(ConnectionDone()))
    assert producer.calls[-1] == "stop"
    sink.registerProducer(producer, False)
    assert producer.calls[-2:] == ["stop", "stop"]


@pytest.mark.parametrize(
    ("text", "v4", "v6"),
    [
        ("127.0.0.1", True, False),
        (b"127.0.0.1", True, False),
        ("127.1", False, False),
        ("1.2.3.256", False, False),
        ("1.2.3.4.5", False, False),
        ("a.b.c.d", False, False),
        ("", False, False),
        ("::1", False, True),
        (b"fe80::1%eth0", False, True),
        ("::ffff:1.2.3.4", False, True),
        ("1::2::3", False, False),
        ("localhost", False, False),
        ("caf\xe9", False, False),
        (b"caf\xe9", False, False),
        ("1.2.3.4\0", False, False),
    ],
)
def test_addresses(text, v4, v6):
    """Addresses are told from names and from each other."""
    assert isIPAddress(text) is v4
    assert isIPv6Address(text) is v6
    assert isIPAddress(text, socket.AF_INET6) is v6


def test_other_family():
    """Other families have no text form that is known."""
    with pytest.raises(ValueError):
        isIPAddress("x", 12345)
