"""What is particular to the reactor that uvloop carries; the rest runs with all reactors."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from zope.interface import implementer

from twisted.internet import error, unix
from twisted.internet._carried import _tcp, _unix
from twisted.internet.interfaces import IFileDescriptorReceiver
from twisted.internet.protocol import DatagramProtocol, Protocol
from twisted.internet.uvloopreactor import UVLoopReactor


@pytest.fixture
def on(kit: Any, errors: Any) -> Iterator[UVLoopReactor]:
    """A reactor that uvloop carries."""
    made = UVLoopReactor()
    yield made
    kit.dispose(made)


class Echo(Protocol):
    def dataReceived(self, data: bytes) -> None:
        self.transport.write(data)


def test_bytes_go_through_the_loop(on: Any, kit: Any) -> None:
    pair = kit.Pair(on)
    server, client = pair.server.transport, pair.client.transport
    kit.spin(on, lambda: server._carrier and client._carrier)
    assert type(server) is _tcp.Server
    assert type(client) is _tcp.Client
    calls = []
    server.doRead = client.doRead = lambda: calls.append("the reactor has read")
    client.write(b"x" * 1_000_000)
    kit.spin(on, lambda: len(pair.server.received) == 1_000_000)
    assert calls == []


def test_other_loops_are_refused() -> None:
    loop = asyncio.new_event_loop()
    with pytest.raises(TypeError, match="no loop of uvloop"):
        UVLoopReactor(loop)  # type: ignore[arg-type]
    loop.close()


def test_writes_of_one_event_leave_together(on: Any, kit: Any) -> None:
    class Pieces(Protocol):
        def dataReceived(self, data: bytes) -> None:
            for _ in range(5):
                self.transport.write(b"piece")

    class Counting(kit.Recorder):  # type: ignore[name-defined,misc]
        reads = 0

        def dataReceived(self, data: bytes) -> None:
            super().dataReceived(data)
            self.reads += 1

    pair = kit.Pair(on, Pieces, Counting)
    pair.client.transport.write(b"go")
    kit.spin(on, lambda: pair.client.received == b"piece" * 5)
    assert pair.client.reads == 1


def test_written_before_the_loop_has_the_socket(on: Any, kit: Any) -> None:
    class Greeting(kit.Recorder):  # type: ignore[name-defined,misc]
        def connectionMade(self) -> None:
            super().connectionMade()
            assert self.transport._carrier is None
            self.transport.write(b"hello")
            assert self.transport.unsentSize == 5
            self.transport.loseConnection()

    pair = kit.Pair(on, server=Greeting)
    kit.spin(on, lambda: pair.client.lost)
    assert pair.client.received == b"hello"
    assert pair.client.lost.check(error.ConnectionDone)


def test_aborted_before_the_loop_has_the_socket(on: Any, kit: Any) -> None:
    class Abort(kit.Recorder):  # type: ignore[name-defined,misc]
        def connectionMade(self) -> None:
            super().connectionMade()
            self.transport.abortConnection()

    pair = kit.Pair(on, server=Abort)
    kit.spin(on, lambda: pair.client.lost and pair.server.lost)
    assert pair.server.lost.check(error.ConnectionAborted)
    assert on._carried == set()


def test_socket_that_the_loop_does_not_take(
    on: Any, kit: Any, events: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(self: Any) -> None:
        raise OSError("no more")

    monkeypatch.setattr(_tcp.Server, "_handOver", refuse)
    pair = kit.Pair(on)
    kit.spin(on, lambda: pair.server.lost)
    assert pair.server.lost.check(error.ConnectionLost)
    assert any("could not be served" in str(event.get("log_format")) for event in events)


def test_unsent_bytes_are_known(on: Any, kit: Any) -> None:
    pair = kit.Pair(on)
    transport = pair.client.transport
    pair.server.transport.pauseProducing()
    kit.spin(on, lambda: transport._carrier)
    for _ in range(20):
        transport.write(b"x" * 1_000_000)
        on.iterate()
    waiting = transport.unsentSize
    assert 0 < waiting <= 20_000_000
    transport.write(b"x")
    assert transport.unsentSize == waiting + 1
    pair.server.transport.resumeProducing()
    kit.spin(on, lambda: len(pair.server.received) == 20_000_001)
    assert transport.unsentSize == 0


def test_reset_is_noticed(on: Any, kit: Any) -> None:
    pair = kit.Pair(on)
    pair.client.transport.abortConnection()
    kit.spin(on, lambda: pair.server.lost)
    assert pair.server.lost.check(error.ConnectionLost)


def test_program_of_asyncio_beside_it(on: Any, kit: Any) -> None:
    port = on.listenTCP(0, kit.Server(Echo), interface="127.0.0.1")

    async def ask() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port.getHost().port)
        writer.write(b"from asyncio")
        answer = await reader.readexactly(12)
        writer.close()
        await writer.wait_closed()
        return answer

    task = on._asyncioEventloop.create_task(ask())
    kit.spin(on, task.done)
    assert task.result() == b"from asyncio"
    port.stopListening()


@implementer(IFileDescriptorReceiver)
class Receiver(Protocol):
    """Counts descriptors and bytes that come."""

    descriptors = 0
    received = b""

    def fileDescriptorReceived(self, descriptor: int) -> None:
        self.descriptors += 1
        os.close(descriptor)

    def dataReceived(self, data: bytes) -> None:
        self.received += data


def test_unix_connection_for_descriptors_stays_with_the_reactor(
    on: Any, kit: Any, tmp_path: Any
) -> None:
    path = str(tmp_path / "socket")
    server = kit.Server(Receiver)
    port = on.listenUNIX(path, server)
    plain, receiving = kit.Client(), kit.Client(Receiver)
    on.connectUNIX(path, plain)
    on.connectUNIX(path, receiving)
    kit.spin(on, lambda: len(server.protocols) == 2 and plain.proto and receiving.proto)
    assert [type(each.transport) for each in server.protocols] == [unix.Server] * 2
    assert type(plain.proto.transport) is _unix.Client
    assert type(receiving.proto.transport) is unix.Client
    port.stopListening()


class Full:
    """A UNIX connection whose receiver reads nothing, and which takes nothing more."""

    def __init__(self, on: Any, kit: Any, path: str) -> None:
        server, self.client = kit.Server(Receiver), kit.Client()
        self.port = on.listenUNIX(path, server)
        on.connectUNIX(path, self.client)
        kit.spin(on, lambda: server.protocols and self.client.proto)
        self.receiver, self.transport = server.protocols[0], self.client.proto.transport
        kit.spin(on, lambda: self.transport._carrier)
        self.receiver.transport.pauseProducing()
        # Past the loop's transport, as if just that much had been sent.
        self.size = 0
        try:
            while True:
                self.size += self.transport.socket.send(b"x" * 65536)
        except BlockingIOError:
            pass


@pytest.fixture
def full(on: Any, kit: Any, tmp_path: Any) -> Iterator[Full]:
    made = Full(on, kit, str(tmp_path / "socket"))
    yield made
    made.receiver.transport.abortConnection()
    made.port.stopListening()


def test_descriptors_wait_for_room(on: Any, kit: Any, full: Full) -> None:
    transport, receiver = full.transport, full.receiver
    with open(os.devnull) as null:
        transport.sendFileDescriptor(null.fileno())
        transport.write(b"with a descriptor")
        kit.spin(on, lambda: transport._room)
        transport.write(b", and more")
        assert receiver.descriptors == 0
        receiver.transport.resumeProducing()
        kit.spin(on, lambda: receiver.received.endswith(b"with a descriptor, and more"))
    assert receiver.descriptors == 1
    assert len(receiver.received) == full.size + 27
    assert transport._room is None


def test_end_while_descriptors_wait(on: Any, kit: Any, full: Full) -> None:
    transport = full.transport
    with open(os.devnull) as null:
        transport.sendFileDescriptor(null.fileno())
        transport.write(b"never")
        kit.spin(on, lambda: transport._room)
        room = transport._room
        transport.abortConnection()
        kit.spin(on, lambda: full.client.lost)
    assert room.fileno() == -1
    assert room not in on.getWriters()


def test_datagrams(on: Any, kit: Any) -> None:
    class Received(DatagramProtocol):
        def __init__(self) -> None:
            self.received: list[bytes] = []

        def datagramReceived(self, datagram: bytes, addr: Any) -> None:
            self.received.append(datagram)

    protocol = Received()
    port = on.listenUDP(0, protocol, interface="127.0.0.1", maxPacketSize=10)
    there = ("127.0.0.1", port.getHost().port)
    kit.spin(on, lambda: port._carrier)
    for datagram in (b"first", b"", b"cut at ten bytes"):
        port.write(datagram, there)
    with pytest.raises(error.MessageLengthError):
        port.write(b"x" * 70_000, there)
    with pytest.raises(error.InvalidAddressError):
        port.write(b"x", ("localhost", 1))
    kit.spin(on, lambda: len(protocol.received) == 3)
    assert protocol.received == [b"first", b"", b"cut at ten"]
    port.stopReading()
    port.write(b"lost", there)
    for _ in range(5):
        on.iterate(0.001)
    port.startReading()
    port.write(b"last", there)
    kit.spin(on, lambda: len(protocol.received) == 4)
    assert protocol.received[-1] == b"last"
    stopped: list[Any] = []
    port.stopListening().addCallback(stopped.append)
    kit.spin(on, lambda: stopped)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
        again.bind(there)


def test_system_refuses_a_datagram(on: Any, kit: Any) -> None:
    port = on.listenUDP(0, DatagramProtocol(), interface="127.0.0.1")
    kit.spin(on, lambda: port._carrier)
    with pytest.raises(OSError, match="ermission denied"):
        # Only a socket that is allowed to may send to a broadcast address.
        port.write(b"x", ("255.255.255.255", 9))
    port.stopListening()


def test_installed() -> None:
    program = """
from twisted.internet import uvloopreactor
uvloopreactor.install()
import asyncio
from twisted.internet import reactor
assert type(reactor) is uvloopreactor.UVLoopReactor
assert asyncio.get_event_loop_policy().get_event_loop() is reactor._asyncioEventloop
reactor.callLater(0, reactor.stop)
reactor.run()
print("ran")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("ran\n", "")
