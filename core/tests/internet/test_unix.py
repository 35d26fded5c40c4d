"""UNIX sockets on every kind of reactor."""

from __future__ import annotations

import os
import socket
import stat

import pytest
from zope.interface import implementer
from zope.interface.verify import verifyObject

from twisted.internet import error, interfaces
from twisted.internet.address import UNIXAddress
from twisted.internet.protocol import Protocol
from twisted.python.lockfile import isLocked


@pytest.fixture
def path(tmp_path):
    """A name for a socket."""
    return str(tmp_path / "socket")


@implementer(interfaces.IFileDescriptorReceiver)
class Receiver(Protocol):
    """A protocol that takes descriptors."""

    def __init__(self):
        self.received = b""
        self.descriptors = []
        self.lost = None

    def dataReceived(self, data):
        self.received += data

    def fileDescriptorReceived(self, descriptor):
        self.descriptors.append(descriptor)

    def connectionLost(self, reason):
        self.lost = reason


def connect(reactor, kit, address, server=None, client=None, **options):
    """Listen on a name and connect to it; give both protocols and the port."""
    port = reactor.listenUNIX(address, kit.Server(server or kit.Recorder), **options)
    factory = kit.Client(client or kit.Recorder)
    reactor.connectUNIX(address, factory)
    kit.spin(reactor, lambda: port.factory.protocols and factory.proto)
    return port.factory.protocols[0], factory.proto, port


def finish(reactor, kit, server, client, port):
    """End a connection and its port."""
    client.transport.loseConnection()
    kit.spin(reactor, lambda: server.lost and client.lost)
    port.stopListening()


def test_both_ways(reactor, kit, path):
    """What one side writes, the other receives."""
    server, client, port = connect(reactor, kit, path)
    client.transport.write(b"question")
    kit.spin(reactor, lambda: server.received == b"question")
    server.transport.write(b"x" * 3_000_000)
    kit.spin(reactor, lambda: len(client.received) == 3_000_000)
    for transport in (server.transport, client.transport):
        assert verifyObject(interfaces.IUNIXTransport, transport)
        assert verifyObject(interfaces.ISystemHandle, transport)
    assert verifyObject(interfaces.IListeningPort, port)
    finish(reactor, kit, server, client, port)
    assert server.lost.check(error.ConnectionDone)


def test_pause(reactor, kit, path):
    """A paused side gets nothing until it is resumed."""
    server, client, port = connect(reactor, kit, path)
    server.transport.pauseProducing()
    client.transport.write(b"x")
    for _ in range(5):
        reactor.iterate(0.001)
    assert server.received == b""
    server.transport.resumeProducing()
    kit.spin(reactor, lambda: server.received == b"x")
    finish(reactor, kit, server, client, port)


def test_particulars(reactor, kit, path):
    """Addresses, names and the options that a UNIX socket does not have."""
    server, client, port = connect(reactor, kit, path)
    connector = reactor.connectUNIX(path, kit.Client())
    assert connector.getDestination() == UNIXAddress(path)
    connector.stopConnecting()
    assert port.getHost() == UNIXAddress(path)
    assert server.transport.getHost() == UNIXAddress(path)
    assert server.transport.getPeer() == UNIXAddress(None)
    assert client.transport.getPeer() == UNIXAddress(path)
    assert client.transport.getHost() == UNIXAddress(None)
    assert server.transport.logPrefix() == "Recorder,0,"
    assert path in repr(port)
    for transport in (server.transport, client.transport):
        transport.setTcpNoDelay(True)
        transport.setTcpKeepAlive(True)
        assert not transport.getTcpNoDelay()
        assert not transport.getTcpKeepAlive()
    finish(reactor, kit, server, client, port)
    assert "(not listening)" in repr(port)


def test_log(reactor, kit, path, events):
    """Beginning and end of listening are logged with the name."""
    reactor.listenUNIX(path, kit.Server()).stopListening()
    texts = ["".join(e["message"]) for e in events if e.get("message")]
    assert texts == [f"Server starting on {path!r}", f"(UNIX Port {path} Closed)"]


@pytest.mark.parametrize("mode", [0o600, 0o666, 0o640])
def test_mode(reactor, kit, path, mode):
    """The name has the permissions asked for, whatever the umask; it goes with the port."""
    before = os.umask(0o077 if mode == 0o666 else 0)
    try:
        port = reactor.listenUNIX(path, kit.Server(), mode=mode)
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.stat(path).st_mode) == mode
    port.stopListening()
    assert not os.path.exists(path)


def test_mode_is_set_before_anyone_can_connect(reactor, kit, path, monkeypatch):
    """While the name has other permissions than it should, the socket refuses everybody."""
    refused = []
    real = os.chmod

    def chmod(name, mode):
        with socket.socket(socket.AF_UNIX) as early:
            refused.append(early.connect_ex(name))
        real(name, mode)

    monkeypatch.setattr(os, "chmod", chmod)
    reactor.listenUNIX(path, kit.Server()).stopListening()
    assert refused
    assert refused[0] != 0


def test_name_in_use(reactor, kit, path):
    """A name that exists is not taken over: without a lock nobody knows whose it is."""
    port = reactor.listenUNIX(path, kit.Server())
    with pytest.raises(error.CannotListenError):
        reactor.listenUNIX(path, kit.Server())
    assert os.path.exists(path)
    port.stopListening()


def test_another_socket_under_the_name(reactor, kit, path):
    """A name that belongs to another socket by now is not removed."""
    port = reactor.listenUNIX(path, kit.Server())
    os.unlink(path)
    another = reactor.listenUNIX(path, kit.Server())
    port.stopListening()
    assert os.path.exists(path)
    os.unlink(path)
    another.stopListening()


def test_lock(reactor, kit, path):
    """A lock says whether the name is in use; a client may insist on that."""
    port = reactor.listenUNIX(path, kit.Server(), wantPID=True)
    assert isLocked(path + ".lock")
    with pytest.raises(error.CannotListenError):
        reactor.listenUNIX(path, kit.Server(), wantPID=True)
    client = kit.Client()
    reactor.connectUNIX(path, client, checkPID=True)
    kit.spin(reactor, lambda: client.proto and port.factory.protocols)
    client.proto.transport.loseConnection()
    kit.spin(reactor, lambda: client.lost)
    port.stopListening()
    assert not isLocked(path + ".lock")
    assert not os.path.exists(path)
    late = kit.Client()
    reactor.connectUNIX(path, late, checkPID=True)
    kit.spin(reactor, lambda: late.failed)
    assert late.failed.check(error.BadFileError)


def crashed(path):
    """Leave a socket and a lock of a process that is no more."""
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(path)
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitpid(child, 0)
    os.symlink(str(child), path + ".lock")


def test_left_over(reactor, kit, path):
    """What a crashed process has left is cleared away if there is a lock to tell."""
    crashed(path)
    server, client, port = connect(reactor, kit, path, wantPID=True)
    finish(reactor, kit, server, client, port)


def test_only_sockets_are_cleared_away(reactor, kit, path):
    """Anything but a socket under the name is left alone."""
    crashed(path)
    os.unlink(path)
    with open(path, "w") as precious:
        precious.write("data")
    with pytest.raises(error.CannotListenError):
        reactor.listenUNIX(path, kit.Server(), wantPID=True)
    with open(path) as precious:
        assert precious.read() == "data"
    assert not isLocked(path + ".lock")


def test_left_over_lock_alone(reactor, kit, path):
    """A lock without a socket is no obstacle."""
    crashed(path)
    os.unlink(path)
    reactor.listenUNIX(path, kit.Server(), wantPID=True).stopListening()


def test_nobody_there(reactor, kit, path):
    """Connecting to a name that does not exist fails, and so it does if nobody listens."""
    client = kit.Client()
    reactor.connectUNIX(path, client)
    kit.spin(reactor, lambda: client.failed)
    assert client.failed.check(error.ConnectError)
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(path)
        again = kit.Client()
        reactor.connectUNIX(path, again)
        kit.spin(reactor, lambda: again.failed)
    assert again.failed.check(error.ConnectionRefusedError)


def test_abstract_name(reactor, kit):
    """A name that begins with NUL has no file, and needs no lock."""
    name = f"\0twisted-test-{os.getpid()}-{type(reactor).__name__}"
    server, client, port = connect(reactor, kit, name, wantPID=True)
    assert port.lockFile is None
    finish(reactor, kit, server, client, port)


def test_bytes_name(reactor, kit, path):
    """A name may be bytes."""
    server, client, port = connect(reactor, kit, os.fsencode(path))
    finish(reactor, kit, server, client, port)


def test_adopted_port(reactor, kit, path):
    """A listening UNIX socket of another owner is served, and its name left to that owner."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        port = reactor.adoptStreamPort(listening.fileno(), socket.AF_UNIX, kit.Server())
        client = kit.Client()
        reactor.connectUNIX(path, client)
        kit.spin(reactor, lambda: client.proto and port.factory.protocols)
        finish(reactor, kit, port.factory.protocols[0], client.proto, port)
    assert os.path.exists(path)


class TestDescriptors:
    """Descriptors passed from process to process."""

    def test_passed(self, reactor, kit, path):
        """A descriptor arrives with the data, as another number for the same thing."""
        server, client, port = connect(reactor, kit, path, Receiver)
        read, write = os.pipe()
        client.transport.sendFileDescriptor(write)
        reactor.iterate()
        assert server.descriptors == []
        client.transport.write(b"here")
        kit.spin(reactor, lambda: server.received == b"here")
        (got,) = server.descriptors
        assert got != write
        os.write(got, b"through")
        assert os.read(read, 10) == b"through"
        for fd in (read, write, got):
            os.close(fd)
        finish(reactor, kit, server, client, port)

    def test_many(self, reactor, kit, path):
        """Many descriptors arrive in order, and all of the data with them."""
        server, client, port = connect(reactor, kit, path, Receiver)
        read, write = os.pipe()
        for _ in range(150):
            client.transport.sendFileDescriptor(write)
        client.transport.write(b"x" * 100)
        client.transport.write(b"y" * 400)
        kit.spin(reactor, lambda: len(server.descriptors) == 150 and len(server.received) == 500)
        assert server.received == b"x" * 100 + b"y" * 400
        for fd in (read, write, *server.descriptors):
            os.close(fd)
        finish(reactor, kit, server, client, port)

    def test_producer_is_paused_while_many_wait(self, reactor, kit, path):
        """A producer that sends descriptors is held back as one that sends bytes is."""
        server, client, port = connect(reactor, kit, path, Receiver)
        read, write = os.pipe()
        calls = []

        class Producer:
            def pauseProducing(self):
                calls.append("pause")

            def resumeProducing(self):
                calls.append("resume")

            def stopProducing(self):
                calls.append("stop")

        client.transport.registerProducer(Producer(), True)
        for _ in range(200):
            client.transport.sendFileDescriptor(write)
            client.transport.write(b"x")
        assert calls == ["pause"]
        kit.spin(reactor, lambda: len(server.descriptors) == 200 and calls == ["pause", "resume"])
        client.transport.unregisterProducer()
        for fd in (read, write, *server.descriptors):
            os.close(fd)
        finish(reactor, kit, server, client, port)

    def test_not_wanted(self, reactor, kit, path):
        """A protocol that takes none has them closed, and gets the data."""
        server, client, port = connect(reactor, kit, path)
        read, write = os.pipe()
        client.transport.sendFileDescriptor(write)
        client.transport.write(b"x")
        kit.spin(reactor, lambda: server.received == b"x")
        os.close(write)
        assert os.read(read, 1) == b""
        os.close(read)
        finish(reactor, kit, server, client, port)

    def test_closed_too_early(self, reactor, kit, path):
        """A descriptor that was closed before it was sent ends the connection."""
        server, client, port = connect(reactor, kit, path, Receiver)
        read, write = os.pipe()
        os.close(write)
        client.transport.sendFileDescriptor(write)
        client.transport.write(b"x")
        kit.spin(reactor, lambda: client.lost)
        assert client.lost.check(error.ConnectionLost)
        os.close(read)
        kit.spin(reactor, lambda: server.lost)
        port.stopListening()

    def test_slow_peer(self, reactor, kit, path):
        """Descriptors wait with the data while the peer takes none."""
        server, client, port = connect(reactor, kit, path, Receiver)
        server.transport.pauseProducing()
        client.transport.write(b"x" * 3_000_000)
        reactor.iterate()
        client.transport.sendFileDescriptor(0)
        client.transport.write(b"y")
        for _ in range(5):
            reactor.iterate(0.001)
        server.transport.resumeProducing()
        kit.spin(reactor, lambda: len(server.received) == 3_000_001 and server.descriptors)
        os.close(server.descriptors[0])
        finish(reactor, kit, server, client, port)
