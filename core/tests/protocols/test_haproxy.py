"""The PROXY protocol: headers of both versions, at every split, and the endpoint."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twisted.internet import endpoints
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactor, StringTransport
from twisted.protocols.haproxy._exceptions import (
    InvalidNetworkProtocol,
    InvalidProxyHeader,
    MissingAddressData,
)
from twisted.protocols.haproxy._v1parser import V1Parser
from twisted.protocols.haproxy._v2parser import V2Parser
from twisted.protocols.haproxy._wrapper import HAProxyWrappingFactory, proxyEndpoint


def v2(command: int, kind: int, addresses: bytes, extra: bytes = b"") -> bytes:
    size = struct.pack("!H", len(addresses) + len(extra))
    return V2Parser.PREFIX + bytes([command, kind]) + size + addresses + extra


FOUR = bytes([192, 0, 2, 1, 198, 51, 100, 1]) + struct.pack("!HH", 8080, 443)
SIX = b"\x20\x01".ljust(15, b"\0") + b"\1" + b"\x20\x01".ljust(15, b"\0") + b"\2"
SIX += struct.pack("!HH", 1, 2)
UNIX = b"/a".ljust(108, b"\0") + b"/b".ljust(108, b"\0")

GOOD = [
    (
        b"PROXY TCP4 192.0.2.1 198.51.100.1 8080 443\r\n",
        IPv4Address("TCP", "192.0.2.1", 8080),
        IPv4Address("TCP", "198.51.100.1", 443),
    ),
    (
        b"PROXY TCP6 2001::1 2001::2 1 65535\r\n",
        IPv6Address("TCP", "2001::1", 1),
        IPv6Address("TCP", "2001::2", 65535),
    ),
    (b"PROXY UNKNOWN\r\n", None, None),
    (b"PROXY UNKNOWN whatever this is\r\n", None, None),
    (
        v2(0x21, 0x11, FOUR),
        IPv4Address("TCP", "192.0.2.1", 8080),
        IPv4Address("TCP", "198.51.100.1", 443),
    ),
    (
        v2(0x21, 0x12, FOUR, b"\x01\x00\x02h2"),
        IPv4Address("UDP", "192.0.2.1", 8080),
        IPv4Address("UDP", "198.51.100.1", 443),
    ),
    (v2(0x21, 0x21, SIX), IPv6Address("TCP", "2001::1", 1), IPv6Address("TCP", "2001::2", 2)),
    (v2(0x21, 0x31, UNIX), UNIXAddress("/a"), UNIXAddress("/b")),
    (v2(0x20, 0x00, b""), None, None),
    (v2(0x20, 0x11, FOUR), None, None),
    (v2(0x21, 0x00, b""), None, None),
]

BAD = [
    (b"GET / HTTP/1.0\r\n", InvalidProxyHeader),
    (b"PROXY\r\n", InvalidProxyHeader),
    (b"PROXY TCP9 1.2.3.4 1.2.3.4 1 2\r\n", InvalidNetworkProtocol),
    (b"PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n", MissingAddressData),
    (b"PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n", InvalidProxyHeader),
    (b"PROXY TCP4 1.2.3 1.2.3.4 1 2\r\n", InvalidProxyHeader),
    (b"PROXY TCP4 ::1 ::1 1 2\r\n", InvalidProxyHeader),
    (b"PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n", InvalidProxyHeader),
    (b"PROXY TCP6 fe80::1%lo ::1 1 2\r\n", InvalidProxyHeader),
    (b"PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n", InvalidProxyHeader),
    (b"PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n", InvalidProxyHeader),
    (b"PROXY TCP4 1.2.3.4 1.2.3.4 -1 2\r\n", InvalidProxyHeader),
    (b"PROXY UNKNOWN " + b"x" * 200, InvalidProxyHeader),
    (b"PROXY UNKNOWN " + b"x" * 100 + b"\r\n", InvalidProxyHeader),
    (v2(0x31, 0x11, FOUR), InvalidProxyHeader),
    (v2(0x22, 0x11, FOUR), InvalidProxyHeader),
    (v2(0x21, 0x41, FOUR), InvalidNetworkProtocol),
    (v2(0x21, 0x13, FOUR), InvalidNetworkProtocol),
    (v2(0x21, 0x11, FOUR[:-1]), MissingAddressData),
    (b"\r\n\r\n\x00\r\nQUIX\n" + bytes(20), InvalidProxyHeader),
]


class Recorder(Protocol):
    def __init__(self) -> None:
        self.received = b""
        self.lost = False

    def dataReceived(self, data: bytes) -> None:
        self.received += data

    def connectionLost(self, reason: Any) -> None:  # type: ignore[override]
        self.lost = True


def wrapped() -> tuple[Any, Recorder, StringTransport]:
    recorder = Recorder()
    wrapper = HAProxyWrappingFactory(Factory.forProtocol(lambda: recorder)).buildProtocol(None)
    transport = StringTransport()
    wrapper.makeConnection(transport)
    return wrapper, recorder, transport


@pytest.mark.parametrize(("header", "source", "destination"), GOOD)
def test_header_at_every_split(header: bytes, source: Any, destination: Any) -> None:
    data = header + b"hello\r\n"
    for i in range(len(data) + 1):
        wrapper, recorder, transport = wrapped()
        for part in (data[:i], data[i:]):
            if part:
                wrapper.dataReceived(part)
        assert recorder.received == b"hello\r\n"
        assert wrapper.getPeer() == (source or transport.getPeer())
        assert wrapper.getHost() == (destination or transport.getHost())
    wrapper, recorder, _ = wrapped()
    for octet in data:
        wrapper.dataReceived(bytes([octet]))
    assert recorder.received == b"hello\r\n"


@pytest.mark.parametrize(("header", "problem"), BAD)
def test_bad_header_ends_the_connection(header: bytes, problem: type[Exception]) -> None:
    wrapper, recorder, transport = wrapped()
    wrapper.dataReceived(header)
    assert transport.disconnecting
    wrapper.dataReceived(b"PROXY UNKNOWN\r\nsecret")
    assert recorder.received == b""
    parser: Any = V2Parser() if header[:1] == b"\r" else V1Parser()
    with pytest.raises(problem):
        parser.feed(header)


@given(st.binary(max_size=300))
def test_anything_is_taken_or_refused(data: bytes) -> None:
    wrapper, _, _ = wrapped()
    wrapper.dataReceived(data)


def test_header_that_does_not_come() -> None:
    clock = Clock()
    transport: Any = StringTransport()
    transport.reactor = clock
    wrapper = HAProxyWrappingFactory(Factory.forProtocol(Recorder)).buildProtocol(None)
    wrapper.makeConnection(transport)
    wrapper.dataReceived(b"PROXY TCP4")
    clock.advance(30)
    assert transport.aborting
    wrapper.connectionLost(None)
    other: Any = StringTransport()
    other.reactor = clock
    quick = HAProxyWrappingFactory(Factory.forProtocol(Recorder)).buildProtocol(None)
    quick.makeConnection(other)
    quick.dataReceived(b"PROXY UNKNOWN\r\n")
    assert clock.getDelayedCalls() == []


def test_endpoint_from_a_string() -> None:
    reactor = MemoryReactor()
    endpoint = endpoints.serverFromString(reactor, r"haproxy:tcp:8080:interface=127.0.0.1")
    endpoint.listen(Factory.forProtocol(Recorder))
    port, factory, _, interface = reactor.tcpServers[0]
    assert (port, interface) == (8080, "127.0.0.1")
    assert isinstance(factory, HAProxyWrappingFactory)
    assert "PROXY" in factory.logPrefix()
    six = endpoints.serverFromString(reactor, r"haproxy:tcp6:port=80:interface=\:\:1")
    six.listen(Factory.forProtocol(Recorder))
    assert reactor.tcpServers[1][3] == "::1"


def test_endpoint_around_another() -> None:
    reactor = MemoryReactor()
    proxyEndpoint(endpoints.TCP4ServerEndpoint(reactor, 1)).listen(Factory.forProtocol(Recorder))
    assert isinstance(reactor.tcpServers[0][1], HAProxyWrappingFactory)
