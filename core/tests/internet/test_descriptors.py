"""Descriptors of any kind under every reactor: `addReader` and what belongs to it."""

from __future__ import annotations

import errno
import os
import select
import socket
import tempfile

import pytest

from twisted.internet.abstract import FileDescriptor
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.main import CONNECTION_DONE, CONNECTION_LOST


class End(FileDescriptor):
    """One end of a pair of sockets."""

    def __init__(self, reactor, skt):
        FileDescriptor.__init__(self, reactor)
        skt.setblocking(False)
        self.socket = skt
        self.connected = 1
        self.calls = []
        self.answer = None
        self.reason = None

    def fileno(self):
        return self.socket.fileno()

    def doRead(self):
        self.calls.append("read")
        if self.answer is None and not self.socket.recv(1000):
            return CONNECTION_DONE
        return self.answer

    def writeSomeData(self, data):
        self.calls.append("write")
        return self.socket.send(data)

    def connectionLost(self, reason):
        FileDescriptor.connectionLost(self, reason)
        self.reason = reason


@pytest.fixture
def ends(reactor):
    """Two connected descriptors."""
    left, right = socket.socketpair()
    with left, right:
        yield End(reactor, left), End(reactor, right)


def test_lists(reactor, ends):
    """What is added is listed until it is removed, once however often that was done."""
    left, _ = ends
    internal = reactor.getReaders()
    for _ in range(2):
        left.startReading()
        left.startWriting()
    assert [r for r in reactor.getReaders() if r not in internal] == [left]
    assert reactor.getWriters() == [left]
    for _ in range(2):
        left.stopReading()
        left.stopWriting()
    assert reactor.getReaders() == internal
    assert reactor.getWriters() == []


def test_only_what_is_asked_for(reactor, ends):
    """A descriptor is called for the events it wants, and no others."""
    left, right = ends
    right.socket.send(b"x")
    left.startWriting()
    reactor.iterate()
    assert left.calls == []
    left.write(b"y")
    reactor.iterate()
    assert left.calls == ["write"]
    left.startReading()
    reactor.iterate()
    assert left.calls == ["write", "read"]
    right.socket.send(b"x")
    left.stopReading()
    reactor.iterate()
    assert left.calls == ["write", "read"]


def test_both_at_once(reactor, ends):
    """Reading comes before writing when both are possible."""
    left, right = ends
    right.socket.send(b"x")
    left.startReading()
    left.write(b"y")
    reactor.iterate()
    assert left.calls == ["read", "write"]
    assert right.socket.recv(10) == b"y"


def test_removed_by_another(reactor, ends):
    """A descriptor removed while another one is served is not called any more."""
    left, right = ends
    left.socket.send(b"x")
    right.socket.send(b"x")
    for end, other in ((left, right), (right, left)):
        end.startReading()
        end.doRead = lambda other=other, end=end: (
            end.calls.append("read"),
            other.stopReading(),
            None,
        )[-1]
    reactor.iterate()
    assert bool(left.calls) != bool(right.calls)


@pytest.mark.parametrize("answer", [CONNECTION_LOST, CONNECTION_DONE, ConnectionLost("odd")])
def test_answers(reactor, ends, answer):
    """What `doRead` gives back is the reason of the end."""
    left, right = ends
    left.answer = answer
    left.startReading()
    left.startWriting()
    right.socket.send(b"x")
    reactor.iterate()
    assert left.reason.value is answer
    assert left not in reactor.getReaders()
    assert left not in reactor.getWriters()


def test_end_of_file(reactor, ends):
    """A peer that closes ends the connection, without data lost."""
    left, right = ends
    left.startReading()
    right.socket.close()
    reactor.iterate()
    assert left.reason.check(ConnectionDone)


def test_writer_learns_of_the_end(reactor, ends):
    """A descriptor that only writes learns of the end by writing."""
    left, right = ends
    left.write(b"x")
    left.writeSomeData = lambda data: CONNECTION_LOST
    right.socket.close()
    reactor.iterate()
    assert left.reason.check(ConnectionLost)


def test_removeAll(reactor, ends):
    """All but the reactor's own are removed and given back."""
    left, right = ends
    left.startReading()
    left.startWriting()
    right.startWriting()
    assert sorted(map(id, reactor.removeAll())) == sorted([id(left), id(right)])
    assert left not in reactor.getReaders()
    assert reactor.getWriters() == []
    assert reactor.waker in reactor.getReaders()


def test_different_reader_and_writer(reactor, ends):
    """One object may read from a descriptor and another one write to it."""
    left, right = ends
    writer = End(reactor, left.socket)
    left.startReading()
    writer.write(b"y")
    right.socket.send(b"x")
    reactor.iterate()
    assert left.calls == ["read"]
    assert writer.calls == ["write"]
    writer.stopWriting()
    right.socket.send(b"x")
    reactor.iterate()
    assert left.calls == ["read", "read"]


def test_plain_file(reactor):
    """A plain file, for which nobody ever waits, is always ready."""
    with tempfile.TemporaryFile(buffering=0) as file:
        file.write(b"content")
        file.seek(0)

        class Reader:
            data = b""

            def fileno(self):
                return file.fileno()

            def doRead(self):
                new = os.read(file.fileno(), 3)
                self.data += new
                return None if new else CONNECTION_DONE

            def doWrite(self):
                os.write(file.fileno(), b"!")
                reactor.removeWriter(self)

            def connectionLost(self, reason):
                self.reason = reason

            def logPrefix(self):
                return "file"

        reader = Reader()
        reactor.addReader(reader)
        for _ in range(10):
            reactor.iterate(0.001)
        assert reader.data == b"content"
        assert reader.reason.check(ConnectionDone)
        reactor.addWriter(reader)
        reactor.iterate()
        assert reactor.getWriters() == []
        file.seek(0)
        assert file.read() == b"content!"


def test_select_limit(kit):
    """A descriptor beyond what select can take ends, and the others go on."""
    from twisted.internet.selectreactor import SelectReactor

    reactor = SelectReactor()
    left, right = socket.socketpair()
    with left, right:
        high = os.dup2(left.fileno(), 2000)

        class High:
            def fileno(self):
                return high

            def connectionLost(self, reason):
                self.reason = reason

            def logPrefix(self):
                return "high"

        reader, good = High(), End(reactor, right)
        reactor.addReader(reader)
        good.startReading()
        left.send(b"x")
        reactor.iterate()
        reactor.iterate()
        assert reader.reason is not None
        assert good.calls == ["read"]
        os.close(high)
    kit.dispose(reactor)


def test_kqueue_and_interruptions(kit):
    """A signal ends the waiting; other errors are told."""

    class Interrupted:
        def control(self, changes, most, timeout=None):
            raise OSError(errno.EINTR if not changes else 0, "no")

    reactor = kit.onKqueue()
    kept, reactor._poller = reactor._poller, Interrupted()
    reactor.doKEvent(0)
    reactor._poller.control = lambda *args: (_ for _ in ()).throw(OSError(errno.EBADF, "bad"))
    with pytest.raises(OSError, match="bad"):
        reactor.doIteration(0)
    reactor._poller = kept
    kit.dispose(reactor)


def test_no_kqueue():
    """A system without kqueue says so; other systems have numbers of their own."""
    from twisted.internet.kqreactor import KQueueReactor

    if not hasattr(select, "kqueue"):
        with pytest.raises(RuntimeError, match="no kqueue"):
            KQueueReactor()
