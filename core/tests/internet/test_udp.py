"""UDP on every kind of reactor."""

from __future__ import annotations

import socket

import pytest
from zope.interface.verify import verifyObject

from twisted.internet import error, interfaces
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.protocol import DatagramProtocol

LOCAL = "127.0.0.1"


class Recorder(DatagramProtocol):
    """A protocol that keeps what happens to it."""

    noisy = False

    def __init__(self):
        self.received = []
        self.started = self.stopped = self.refused = 0

    def startProtocol(self):
        self.started += 1

    def stopProtocol(self):
        self.stopped += 1

    def datagramReceived(self, datagram, addr):
        self.received.append((datagram, addr))

    def connectionRefused(self):
        self.refused += 1


class Echo(Recorder):
    """Sends back what it gets."""

    def datagramReceived(self, datagram, addr):
        super().datagramReceived(datagram, addr)
        self.transport.write(datagram, addr)


def close(reactor, kit, *ports):
    """Close ports."""
    for port in ports:
        closed = []
        port.stopListening().addCallback(closed.append)
        kit.spin(reactor, lambda closed=closed: closed)


def test_both_ways(reactor, kit):
    """Datagrams arrive whole, with the address that they come from; empty and large ones, too."""
    server, client = Echo(), Recorder()
    port = reactor.listenUDP(0, server, interface=LOCAL, maxPacketSize=65_536)
    other = reactor.listenUDP(0, client, interface=LOCAL, maxPacketSize=65_536)
    verifyObject(interfaces.IUDPTransport, port)
    verifyObject(interfaces.IListeningPort, port)
    there = (LOCAL, port.getHost().port)
    sent = [b"one", b"", b"x" * 65_507]
    for datagram in sent:
        other.write(datagram, there)
        kit.spin(reactor, lambda n=sent.index(datagram): len(client.received) > n)
    assert [datagram for datagram, _ in client.received] == sent
    assert server.received[0][1] == (LOCAL, other.getHost().port)
    assert port.getHost() == IPv4Address("UDP", LOCAL, there[1])
    other.writeSequence([b"a", b"b"], there)
    kit.spin(reactor, lambda: len(client.received) == 4)
    assert client.received[3][0] == b"ab"
    close(reactor, kit, port, other)
    assert (server.started, server.stopped, server.transport) == (1, 1, None)


def test_too_large(epoll, kit):
    """A datagram that is too large is an error; one that is larger than wanted is cut."""
    server = Recorder()
    port = epoll.listenUDP(0, server, interface=LOCAL, maxPacketSize=10)
    there = (LOCAL, port.getHost().port)
    with pytest.raises(error.MessageLengthError):
        port.write(b"x" * 65_508, there)
    port.write(b"0123456789abc", there)
    kit.spin(epoll, lambda: server.received)
    assert server.received[0][0] == b"0123456789"
    close(epoll, kit, port)


@pytest.mark.parametrize("host", ["localhost", "", "256.0.0.1", "::1", "192.0.2.1%x"])
def test_addresses(epoll, kit, host):
    """Datagrams go to IP addresses of the port's family; names are never looked up."""
    port = epoll.listenUDP(0, Recorder(), interface=LOCAL)
    if host == "":
        assert port.write(b"x", (host, 9)) in (1, None)
    else:
        with pytest.raises(error.InvalidAddressError):
            port.write(b"x", (host, 9))
        with pytest.raises(error.InvalidAddressError):
            epoll.listenUDP(0, Recorder(), interface="no.such.address")
    with pytest.raises(AssertionError):
        port.write(b"x")
    close(epoll, kit, port)


def test_ipv6(reactor, kit):
    """IPv6 has addresses of its own."""
    server = Echo()
    port = reactor.listenUDP(0, server, interface="::1")
    assert isinstance(port.getHost(), IPv6Address)
    port.write(b"x", ("::1", port.getHost().port))
    kit.spin(reactor, lambda: server.received)
    assert server.received[0][1][0] == "::1"
    with pytest.raises(error.InvalidAddressError):
        port.write(b"x", (LOCAL, 9))
    close(reactor, kit, port)


def test_connected(reactor, kit):
    """A connected port needs no address, and hears that nobody receives."""
    server, client = Echo(), Recorder()
    port = reactor.listenUDP(0, server, interface=LOCAL)
    other = reactor.listenUDP(0, client, interface=LOCAL)
    there = (LOCAL, port.getHost().port)
    other.connect(*there)
    other.write(b"x")
    other.write(b"y", there)
    kit.spin(reactor, lambda: len(client.received) == 2)
    with pytest.raises(RuntimeError):
        other.connect(*there)
    with pytest.raises(AssertionError):
        other.write(b"x", (LOCAL, 9))
    close(reactor, kit, port)
    other.write(b"nobody")
    kit.spin(reactor, lambda: client.refused)
    close(reactor, kit, other)


def test_connecting_to_names(epoll, kit):
    """A port is connected to an IP address."""
    port = epoll.listenUDP(0, Recorder(), interface=LOCAL)
    with pytest.raises(error.InvalidAddressError):
        port.connect("localhost", 9)
    close(epoll, kit, port)


def test_refused_without_connection(epoll, kit):
    """A port that is not connected hears nothing of datagrams that nobody takes."""
    protocol = Recorder()
    port = epoll.listenUDP(0, protocol, interface=LOCAL)
    gone = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    gone.bind((LOCAL, 0))
    there = gone.getsockname()
    gone.close()
    port.write(b"x", there)
    port.write(b"y", (LOCAL, port.getHost().port))
    kit.spin(epoll, lambda: protocol.received)
    assert protocol.refused == 0
    close(epoll, kit, port)


def test_exception(reactor, kit, errors):
    """An error with one datagram is logged, and the next one arrives."""

    class Broken(Recorder):
        def datagramReceived(self, datagram, addr):
            super().datagramReceived(datagram, addr)
            if datagram == b"bad":
                raise ZeroDivisionError

    protocol = Broken()
    port = reactor.listenUDP(0, protocol, interface=LOCAL)
    there = (LOCAL, port.getHost().port)
    for datagram in (b"bad", b"good"):
        port.write(datagram, there)
    kit.spin(reactor, lambda: len(protocol.received) == 2)
    assert len(errors.take(ZeroDivisionError)) == 1
    close(reactor, kit, port)


def test_many(reactor, kit):
    """Many datagrams that wait are all taken, others having their turn in between."""
    protocol, turns = Recorder(), []
    port = reactor.listenUDP(0, protocol, interface=LOCAL)
    there = (LOCAL, port.getHost().port)
    for number in range(100):
        port.write(b"%d" % number, there)

    def turn():
        turns.append(len(protocol.received))
        if turns[-1] < 100:
            reactor.callLater(0, turn)

    reactor.callLater(0, turn)
    kit.spin(reactor, lambda: turns and turns[-1] == 100)
    assert [int(datagram) for datagram, _ in protocol.received] == sorted(
        int(datagram) for datagram, _ in protocol.received
    )
    assert set(turns) - {0, 100}
    close(reactor, kit, port)


def test_closing_while_receiving(reactor, kit):
    """A protocol that closes its port gets no more datagrams."""

    class Closing(Recorder):
        def datagramReceived(self, datagram, addr):
            super().datagramReceived(datagram, addr)
            self.transport.loseConnection()

    protocol = Closing()
    port = reactor.listenUDP(0, protocol, interface=LOCAL)
    there = (LOCAL, port.getHost().port)
    for _ in range(5):
        port.write(b"x", there)
    kit.spin(reactor, lambda: protocol.stopped)
    assert len(protocol.received) == 1
    assert port.stopListening() is None


def test_port_in_use(epoll, kit):
    """A port that is in use cannot be listened on."""
    port = epoll.listenUDP(0, Recorder(), interface=LOCAL)
    with pytest.raises(error.CannotListenError):
        epoll.listenUDP(port.getHost().port, Recorder(), interface=LOCAL)
    close(epoll, kit, port)


def test_broadcast(epoll, kit):
    """Broadcasting has to be allowed."""
    port = epoll.listenUDP(0, Recorder(), interface=LOCAL)
    assert port.getBroadcastAllowed() is False
    port.setBroadcastAllowed(True)
    assert port.getBroadcastAllowed() is True
    assert port.getHandle().fileno() == port.fileno()
    assert "Recorder" in repr(port)
    assert port.logPrefix() == "Recorder (UDP)"
    close(epoll, kit, port)
    assert port.fileno() == -1
    assert "not connected" in repr(port)


def test_adopting(reactor, kit):
    """A socket that is bound already is used; the caller's stays its own."""
    protocol = Echo()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind((LOCAL, 0))
        port = reactor.adoptDatagramPort(bound.fileno(), socket.AF_INET, protocol)
        there = bound.getsockname()
    assert port.getHost().port == there[1]
    port.write(b"x", there)
    kit.spin(reactor, lambda: protocol.received)
    close(reactor, kit, port)
    with pytest.raises(error.UnsupportedAddressFamily):
        reactor.adoptDatagramPort(0, socket.AF_UNIX, protocol)


# Multicast

GROUP = "225.0.0.250"


def multicast(reactor, protocol, **options):
    """A port that takes part in multicast on the loopback interface."""
    port = reactor.listenMulticast(0, protocol, **options)
    verifyObject(interfaces.IMulticastTransport, port)
    port.setOutgoingInterface(LOCAL)
    return port


def test_group(reactor, kit):
    """A member of a group gets what is sent to it, until it leaves."""
    protocol = Recorder()
    port = multicast(reactor, protocol)
    joined, left = [], []
    port.joinGroup(GROUP, LOCAL).addCallback(joined.append)
    kit.spin(reactor, lambda: joined)
    port.write(b"x", (GROUP, port.getHost().port))
    kit.spin(reactor, lambda: protocol.received)
    port.leaveGroup(GROUP, LOCAL).addCallback(left.append)
    kit.spin(reactor, lambda: left)
    port.write(b"y", (GROUP, port.getHost().port))
    port.write(b"z", (LOCAL, port.getHost().port))
    kit.spin(reactor, lambda: len(protocol.received) == 2)
    assert [datagram for datagram, _ in protocol.received] == [b"x", b"z"]
    close(reactor, kit, port)


def test_multicast_options(epoll, kit):
    """How far datagrams go, and which way, can be set."""
    port = multicast(epoll, Recorder())
    assert port.getOutgoingInterface() == LOCAL
    assert port.getTTL() == 1
    port.setTTL(5)
    assert port.getTTL() == 5
    assert port.getLoopbackMode() == 1
    port.setLoopbackMode(0)
    assert port.getLoopbackMode() == 0
    close(epoll, kit, port)


def test_multicast_ipv6(epoll, kit):
    """IPv6 numbers its interfaces, and has hops instead of a time to live."""
    port = epoll.listenMulticast(0, Recorder(), interface="::")
    number = socket.if_nametoindex("lo")
    port.setOutgoingInterface(number)
    assert port.getOutgoingInterface() == number
    port.setTTL(3)
    assert port.getTTL() == 3
    port.setLoopbackMode(True)
    assert port.getLoopbackMode() == 1
    close(epoll, kit, port)


def test_no_group(epoll, kit):
    """An address that is no group's cannot be joined."""
    port = multicast(epoll, Recorder())
    failed = []
    port.joinGroup(LOCAL, LOCAL).addErrback(failed.append)
    kit.spin(epoll, lambda: failed)
    assert failed[0].check(error.MulticastJoinError)
    close(epoll, kit, port)


def test_sharing(epoll, kit):
    """Several ports may share one number if all want that."""
    first = epoll.listenMulticast(0, Recorder(), listenMultiple=True)
    number = first.getHost().port
    second = epoll.listenMulticast(number, Recorder(), listenMultiple=True)
    with pytest.raises(error.CannotListenError):
        epoll.listenMulticast(number, Recorder())
    close(epoll, kit, first, second)
