"""Ethernet frames with packets of IP and UDP in them."""

from __future__ import annotations

from twisted.internet.protocol import DatagramProtocol
from twisted.pair import ethernet, ip, rawudp

IP = b"\x45\0\0\x21\0\0\0\0\x40\x11\0\0\x7f\0\0\1\x7f\0\0\1"
UDP = b"\x12\x34\0\x07\0\x0d\0\0hello"
SEEDS = [
    b"\1" * 6 + b"\2" * 6 + b"\x08\0" + IP + UDP,
    b"\1" * 6 + b"\2" * 6 + b"\x08\0" + b"\x4f" + IP[1:] + bytes(40) + UDP,
]


class Datagrams(DatagramProtocol):
    def datagramReceived(self, data, addr):
        assert isinstance(data, bytes)


def fuzz(data):
    udp = rawudp.RawUDPProtocol()
    udp.addProto(7, Datagrams())
    internet = ip.IPProtocol()
    internet.addProto(17, udp)
    frames = ethernet.EthernetProtocol()
    frames.addProto(0x800, internet)
    frames.datagramReceived(data)
    internet.datagramReceived(data, partial=0, dest=b"", source=b"", protocol=0x800)


def test_seeds(fuzzed):
    """Nothing breaks for the seeds, nor for what is damaged of them."""
    assert fuzzed > len(SEEDS)
