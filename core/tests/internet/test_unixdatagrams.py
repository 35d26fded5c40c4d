"""Datagrams over UNIX sockets on every kind of reactor."""

from __future__ import annotations

import os
import stat

import pytest
from zope.interface.verify import verifyObject

from twisted.internet import error, interfaces
from twisted.internet.address import UNIXAddress
from twisted.internet.protocol import ConnectedDatagramProtocol, DatagramProtocol


class Echo(DatagramProtocol):
    """Sends back what it gets, to those that have a name."""

    noisy = False

    def __init__(self):
        self.received = []
        self.stopped = False

    def datagramReceived(self, datagram, addr):
        self.received.append((datagram, addr))
        if addr:
            self.transport.write(datagram, addr)

    def stopProtocol(self):
        self.stopped = True


class Client(ConnectedDatagramProtocol):
    """Keeps what it gets."""

    noisy = False

    def __init__(self):
        self.received = []
        self.failed = None
        self.refused = 0

    def datagramReceived(self, datagram):
        self.received.append(datagram)

    def connectionFailed(self, failure):
        self.failed = failure

    def connectionRefused(self):
        self.refused += 1


def close(reactor, kit, *ports):
    """Close ports."""
    for port in ports:
        closed = []
        port.stopListening().addCallback(closed.append)
        kit.spin(reactor, lambda closed=closed: closed)


@pytest.fixture
def names(tmp_path):
    """Names for two sockets."""
    return str(tmp_path / "server"), str(tmp_path / "client")


def test_both_ways(reactor, kit, names):
    """Datagrams go both ways between two sockets with names."""
    server, client = Echo(), Client()
    port = reactor.listenUNIXDatagram(names[0], server, mode=0o600)
    other = reactor.connectUNIXDatagram(names[0], client, bindAddress=names[1])
    verifyObject(interfaces.IUNIXDatagramTransport, port)
    verifyObject(interfaces.IUNIXDatagramConnectedTransport, other)
    assert stat.S_IMODE(os.stat(names[0]).st_mode) == 0o600
    for datagram in (b"one", b"", b"two"):
        other.write(datagram)
    kit.spin(reactor, lambda: len(client.received) == 3)
    assert client.received == [b"one", b"", b"two"]
    assert server.received[0] == (b"one", names[1])
    assert (port.getHost(), other.getPeer()) == (UNIXAddress(names[0]),) * 2
    assert other.getHost() == UNIXAddress(names[1])
    close(reactor, kit, port, other)
    assert server.stopped
    assert not os.path.exists(names[0])
    assert not os.path.exists(names[1])


def test_without_name(reactor, kit, names):
    """A socket without a name can send, and gets nothing back."""
    server, client = Echo(), Client()
    port = reactor.listenUNIXDatagram(names[0], server)
    other = reactor.connectUNIXDatagram(names[0], client)
    other.write(b"x")
    kit.spin(reactor, lambda: server.received)
    assert server.received == [(b"x", None)]
    assert other.getHost() == UNIXAddress(None)
    close(reactor, kit, port, other)


def test_nobody_there(epoll, kit, names):
    """A socket that cannot be connected to is told to the protocol."""
    client = Client()
    epoll.connectUNIXDatagram(names[0], client, bindAddress=names[1])
    assert client.failed.check(FileNotFoundError)


def test_gone(epoll, kit, names):
    """A protocol hears that the other side has gone."""
    client = Client()
    port = epoll.listenUNIXDatagram(names[0], Echo())
    other = epoll.connectUNIXDatagram(names[0], client)
    close(epoll, kit, port)
    other.write(b"x")
    assert client.refused == 1
    close(epoll, kit, other)


def test_refused(epoll, kit, names):
    """A name that is in use cannot be listened on, and a datagram may be too large."""
    port = epoll.listenUNIXDatagram(names[0], Echo())
    with pytest.raises(error.CannotListenError):
        epoll.listenUNIXDatagram(names[0], Echo())
    with pytest.raises(error.MessageLengthError):
        port.write(b"x" * 10_000_000, names[0])
    with pytest.raises(OSError, match=r"No such file"):
        port.write(b"x", names[1])
    close(epoll, kit, port)


def test_abstract_names(epoll, kit):
    """Names that are no files work, too."""
    name = f"\0twisted-test-{os.getpid()}"
    server = Echo()
    port = epoll.listenUNIXDatagram(name, server)
    other = epoll.connectUNIXDatagram(name, Client())
    other.write(b"x")
    kit.spin(epoll, lambda: server.received)
    close(epoll, kit, port, other)


def test_exception(epoll, kit, names, errors):
    """An error with one datagram is logged, and the next one arrives."""

    class Broken(Client):
        def datagramReceived(self, datagram):
            super().datagramReceived(datagram)
            raise ZeroDivisionError

    client = Broken()
    port = epoll.listenUNIXDatagram(names[0], Echo())
    other = epoll.connectUNIXDatagram(names[0], client, bindAddress=names[1])
    other.write(b"x")
    other.write(b"y")
    kit.spin(epoll, lambda: len(client.received) == 2)
    assert len(errors.take(ZeroDivisionError)) == 2
    close(epoll, kit, port, other)
