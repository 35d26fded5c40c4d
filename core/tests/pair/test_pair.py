"""Packets: Ethernet, IP, raw UDP, and tunnels."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from errno import EPERM

import pytest
from zope.interface import implementer
from zope.interface.verify import verifyObject

from twisted.internet import error, interfaces
from twisted.internet.protocol import AbstractDatagramProtocol, DatagramProtocol
from twisted.internet.task import Clock
from twisted.pair import ethernet, ip, raw, rawudp, testing, tuntap
from twisted.pair.testing import MemoryIOSystem, Tunnel, _ethernet, _ip, _udp
from twisted.pair.tuntap import TunnelAddress, TunnelFlags, TuntapPort


class Keep(DatagramProtocol):
    """Keeps what comes to a port."""

    def __init__(self):
        self.got = []

    def datagramReceived(self, data, addr):
        self.got.append((data, addr))


@implementer(raw.IRawPacketProtocol, raw.IRawDatagramProtocol)
class KeepAll(AbstractDatagramProtocol):
    """Keeps whatever it is given."""

    noisy = False

    def __init__(self):
        self.got = []

    def addProto(self, num, proto):
        """Nothing is above this."""

    def datagramReceived(self, data, partial=0, **more):
        self.got.append((data, partial, more))


@pytest.fixture
def stack():
    """Ethernet, IP and UDP, and what comes to port 53."""
    top = Keep()
    udp, network, link = rawudp.RawUDPProtocol(), ip.IPProtocol(), ethernet.EthernetProtocol()
    udp.addProto(53, top)
    network.addProto(17, udp)
    link.addProto(0x0800, network)
    return link, top


FRAME = _ethernet(
    b"\x01" * 6, b"\x02" * 6, 0x0800, _ip("1.2.3.4", "5.6.7.8", _udp(9, 53, b"question"))
)


def test_all_layers(stack):
    """A datagram comes up with the address that it was sent from."""
    link, top = stack
    link.datagramReceived(FRAME + b"padding of the link")
    assert top.got == [(b"question", ("1.2.3.4", 9))]


@pytest.mark.parametrize("length", range(len(FRAME) - len(b"question")))
def test_cut_short(stack, length):
    """What is cut within a header goes nowhere, and raises nothing."""
    link, top = stack
    link.datagramReceived(FRAME[:length])
    assert top.got == []


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (12, 0x86),  # another type of frame
        (14, 0x65),  # another version of IP
        (14, 0x43),  # a header that is too short
        (14, 0x4F),  # a header that is longer than the packet
        (17, 10),  # a packet that is shorter than its header
        (23, 6),  # another protocol
        (37, 54),  # another port
    ],
)
def test_not_for_anybody(stack, place, value):
    """What is of no kind that is wanted, or makes no sense, goes nowhere."""
    link, top = stack
    frame = bytearray(FRAME)
    frame[place] = value
    link.datagramReceived(bytes(frame))
    assert top.got == []


def test_several_above():
    """All that want something get it, with what the headers say."""
    link = ethernet.EthernetProtocol()
    one, two = KeepAll(), KeepAll()
    link.addProto(0x0800, one)
    link.addProto(0x0800, two)
    link.datagramReceived(FRAME, partial=1)
    assert one.got == two.got
    ((_, partial, more),) = one.got
    assert partial == 1
    assert more == {"dest": b"\x02" * 6, "source": b"\x01" * 6, "protocol": 0x0800}


def test_fields_of_ip():
    """Each field of a header is told."""
    above = KeepAll()
    network = ip.IPProtocol()
    network.addProto(6, above)
    packet = bytearray(_ip("1.2.3.4", "5.6.7.8", b"data"))
    packet[1:12] = bytes([7, 0, 24, 0xDE, 0xAD, 0x60, 0x05, 64, 6, 0, 0])
    network.datagramReceived(bytes(packet), 0, None, None, None)
    ((data, _, told),) = above.got
    assert data == b"data"
    assert told == {
        "source": "1.2.3.4",
        "dest": "5.6.7.8",
        "protocol": 6,
        "version": 4,
        "ihl": 20,
        "tos": 7,
        "tot_len": 24,
        "fragment_id": 0xDEAD,
        "fragment_offset": 5,
        "dont_fragment": 1,
        "more_fragments": 1,
        "ttl": 64,
    }


@pytest.mark.parametrize(
    ("layer", "proto", "bits"),
    [
        (ethernet.EthernetProtocol(), KeepAll(), 16),
        (ip.IPProtocol(), KeepAll(), 32),
        (rawudp.RawUDPProtocol(), Keep(), 16),
    ],
)
def test_what_cannot_be_above(layer, proto, bits):
    """Numbers have to fit, and protocols to be of the right kind."""
    for number in (-1, 2**bits):
        with pytest.raises(TypeError):
            layer.addProto(number, proto)
    with pytest.raises(TypeError):
        layer.addProto(1, "nonsense")


# Tunnels


class Reactor(Clock):
    """Notes what is watched."""

    def __init__(self):
        super().__init__()
        self.readers = set()
        self.addReader, self.removeReader = self.readers.add, self.readers.discard

    def removeWriter(self, writer):
        """Nothing is watched for writing."""


@pytest.fixture
def system():
    """A system in memory that has tunnels."""
    made = MemoryIOSystem()
    made.registerSpecialDevice(Tunnel._DEVICE_NAME, Tunnel)
    return made


def opened(system, proto, name=b"tun0"):
    """An open tunnel."""
    port = TuntapPort(name, proto, reactor=Reactor(), system=system)
    port.startListening()
    return port


@pytest.mark.parametrize("kind", ["IFF_TUN", "IFF_TAP"])
def test_tunnel(system, stack, kind):
    """A tunnel is read from and written to; what it carries depends on its protocol."""
    link, top = stack
    proto = link if kind == "IFF_TAP" else link._layer.above(0x0800)[0]
    port = opened(system, proto)
    verifyObject(interfaces.IListeningPort, port)
    assert port.getHost() == TunnelAddress(getattr(TunnelFlags, kind), b"tun0")
    assert port in port.reactor.readers
    source = system.sendUDP(b"question", ("10.0.0.1", 53))
    port.doRead()
    assert top.got == [(b"question", source)]
    answer = _ip("10.0.0.1", "10.0.0.2", _udp(53, 9, b"answer"))
    if kind == "IFF_TAP":
        answer = _ethernet(b"\0" * 6, b"\0" * 6, 0x0800, answer)
    port.writeSequence([answer[:5], answer[5:]])
    assert system.receiveUDP(port.fileno(), "10.0.0.2", 9).recv(100) == b"answer"


def test_tunnel_ends(system):
    """A tunnel that is closed is read from no more, and its descriptor is closed; once."""
    proto = KeepAll()
    port = opened(system, proto)
    number = port.fileno()
    first, second = port.stopListening(), port.stopListening()
    assert port not in port.reactor.readers
    port.reactor.advance(0)
    assert first is second
    assert first.called
    assert proto.transport is None
    assert number not in system._openFiles
    assert (port.connected, port.fileno()) == (0, -1)
    assert port.stopListening().called
    port.connectionLost()


def test_tunnel_that_is_refused(system):
    """What the system refuses cannot be listened on, and leaves no descriptor open."""
    for permission in ("ioctl", "open"):
        system.permissions.remove(permission)
        with pytest.raises(error.CannotListenError):
            opened(system, KeepAll())
        assert system._openFiles == {}
    with pytest.raises(TypeError, match="neither"):
        TuntapPort(b"tun0", Keep(), reactor=Reactor(), system=system)


def test_tunnel_and_broken_protocols(system, errors):
    """What a protocol raises is logged, and the next packet comes all the same."""

    class Broken(KeepAll):
        def datagramReceived(self, data, partial=0, **more):
            super().datagramReceived(data, partial)
            raise ValueError("broken")

    proto = Broken()
    port = opened(system, proto)
    for text in (b"a", b"b"):
        system.getTunnel(port).readBuffer.append(text)
    port.doRead()
    assert [got[0] for got in proto.got] == [b"a", b"b"]
    assert len(errors.take(ValueError)) == 2


def test_tunnel_turns(system):
    """Others get their turn when much comes; what is too long is cut."""
    proto = KeepAll()
    port = opened(system, proto)
    port.maxThroughput = 3 * port.maxPacketSize
    buffer = system.getTunnel(port).readBuffer
    buffer.extend([b"x" * (port.maxPacketSize + 1)] * 5)
    port.doRead()
    assert [len(got[0]) for got in proto.got] == [port.maxPacketSize] * 3


def test_tunnel_writes_again(system):
    """A signal does not lose a packet; other errors are the caller's."""
    port = opened(system, KeepAll())
    tunnel = system.getTunnel(port)
    tunnel.pendingSignals.append(2)
    assert port.write(b"packet") == 6
    assert list(tunnel.writeBuffer) == [b"packet"]
    with pytest.raises(OSError, match="buffer"):
        port.write(b"x" * (tunnel.SEND_BUFFER_SIZE + 1))
    tunnel.nonBlockingExceptionStyle = OSError(EPERM, "no")
    with pytest.raises(OSError, match="no"):
        port.doRead()


def test_addresses():
    """Addresses are equal if they say the same."""
    one = TunnelAddress(TunnelFlags.IFF_TUN, b"a")
    assert one == TunnelAddress(TunnelFlags.IFF_TUN | TunnelFlags.IFF_TUN, b"a")
    assert one != TunnelAddress(TunnelFlags.IFF_TAP, b"a")
    assert one != TunnelAddress(TunnelFlags.IFF_TUN, b"b")
    assert len({one, TunnelAddress(TunnelFlags.IFF_TUN, b"a")}) == 1
    with pytest.deprecated_call():
        assert (one[0], one[1]) == ("TUNTAP", b"a")
    port = TuntapPort(b"a", KeepAll(), reactor=Reactor(), system=MemoryIOSystem())
    assert "not listening on IFF_TUN/b'a'" in repr(port)
    assert port.logPrefix() == "KeepAll (IFF_TUN)"
    with pytest.deprecated_call():
        port.loseConnection()


def test_the_system_itself():
    """Without another one, a port uses the system; which has no such device."""
    port = TuntapPort(b"a", KeepAll(), reactor=Reactor())
    assert isinstance(port._system, tuntap._RealSystem)
    with pytest.raises(OSError, match="No such file"):
        port._system.open(b"/dev/no-such-device", os.O_RDWR)


@pytest.mark.peer
def test_a_real_tunnel(epoll, kit):
    """The system's own network sends into a tunnel, and takes what comes out of it."""
    if os.getuid() or shutil.which("ip") is None or not os.path.exists("/dev/net/tun"):
        raise AssertionError("a tunnel takes root, iproute2 and /dev/net/tun")
    udp, network = rawudp.RawUDPProtocol(), ip.IPProtocol()
    asked = Keep()
    udp.addProto(53, asked)
    network.addProto(17, udp)
    port = TuntapPort(b"twisted%d", network, reactor=epoll)
    port.startListening()
    name = port.interface.decode()
    subprocess.run(["ip", "address", "add", "10.213.77.1/30", "dev", name], check=True)
    subprocess.run(["ip", "link", "set", name, "up"], check=True)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.bind(("10.213.77.1", 0))
        asker.setblocking(False)
        asker.sendto(b"question", ("10.213.77.2", 53))
        kit.spin(epoll, lambda: asked.got)
        ((text, source),) = asked.got
        assert (text, source) == (b"question", asker.getsockname())
        port.write(_ip("10.213.77.2", source[0], _udp(53, source[1], b"answer")))
        answers = []

        def answered():
            try:
                answers.append(asker.recvfrom(100))
            except BlockingIOError:
                return False
            return True

        kit.spin(epoll, answered)
        assert answers == [(b"answer", ("10.213.77.2", 53))]
    stopped = port.stopListening()
    kit.spin(epoll, lambda: stopped.called)


def test_checksum():
    """The checksum of a header is that of RFC 1071: over all of it, nothing is left."""
    header = _ip("1.2.3.4", "5.6.7.8", b"")
    assert testing._checksum(header) == 0
