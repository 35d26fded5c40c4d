"""TCP connections, ports and connectors over 127.0.0.1, on every kind of reactor."""

from __future__ import annotations

import gc
import os
import socket
import weakref

import pytest
from zope.interface import implementer
from zope.interface.verify import verifyObject

from twisted.internet import error, interfaces, tcp
from twisted.internet._carried._stream import CarriedStream
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.base import BasePort
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.protocol import Factory, Protocol
from twisted.python.failure import Failure


@pytest.fixture
def pair(reactor, kit):
    """Both ends of a connection."""
    made = kit.Pair(reactor)
    yield made
    made.server.transport.loseConnection()
    made.client.transport.loseConnection()
    made.spin(lambda: made.server.lost and made.client.lost)
    made.port.stopListening()


class TestData:
    """Bytes from one side to the other."""

    def test_both_ways(self, pair):
        """What one side writes, the other receives."""
        pair.client.transport.write(b"question")
        pair.spin(lambda: pair.server.received == b"question")
        pair.server.transport.write(b"answer")
        pair.spin(lambda: pair.client.received == b"answer")

    def test_file(self, pair, tmp_path):
        """Parts of a file are sent as far as the socket takes them; past its end nothing is."""
        (tmp_path / "f").write_bytes(b"0123456789")
        with open(tmp_path / "f", "rb") as file:
            send = pair.server.transport.sendFile
            if isinstance(pair.server.transport, CarriedStream):
                assert send(file.fileno(), 2, 5) is None
                return
            assert send(file.fileno(), 2, 5) == 5
            pair.spin(lambda: pair.client.received == b"23456")
            assert send(file.fileno(), 10, 5) is None
            assert send(-1, 0, 5) is None
            pair.server.transport.write(b"!")
            assert send(file.fileno(), 0, 5) is None
            pair.spin(lambda: pair.client.received == b"23456!")
            pair.server.transport._secured = object()
            assert send(file.fileno(), 0, 5) is None
            pair.server.transport._secured = None

    def test_sent_after_the_event(self, pair, monkeypatch):
        """However often a protocol writes in one event, it leaves in one piece and in order."""
        sizes = []

        def dataReceived(data):
            sizes.append(len(data))
            pair.client.received += data

        pair.client.dataReceived = dataReceived

        def writeMuch():
            for i in range(100):
                pair.server.transport.write(b"%04d" % i)
            pair.server.transport.writeSequence([b"a", b"", b"b"])

        pair.reactor.callLater(0, writeMuch)
        expected = b"".join(b"%04d" % i for i in range(100)) + b"ab"
        pair.spin(lambda: pair.client.received == expected)
        assert sizes == [402]

    def test_written_outside_of_events(self, pair):
        """What is written while the reactor does not run leaves when it does."""
        pair.client.transport.write(b"a")
        pair.client.transport.write(b"b")
        assert pair.client.transport.dataBuffer == b"ab"
        pair.spin(lambda: pair.server.received == b"ab")
        assert pair.client.transport.dataBuffer == b""

    @pytest.mark.parametrize("piece", [10, 5_000, 1_000_000, 6_000_000])
    def test_large(self, pair, piece):
        """More than the system takes at once arrives whole, in pieces of any size."""
        total = 6_000_000
        data = os.urandom(piece)
        whole = data * (total // piece) if piece > 1000 else data * 50_000
        for _ in range(len(whole) // piece):
            pair.client.transport.write(data)
        pair.spin(lambda: len(pair.server.received) == len(whole))
        assert pair.server.received == whole

    def test_nothing(self, pair):
        """Writing nothing does nothing."""
        transport = pair.client.transport
        transport.write(b"")
        transport.writeSequence([])
        transport.writeSequence([b"", b""])
        assert pair.reactor.timeout() != 0

    @pytest.mark.parametrize("bad", ["text", None, 3, ["x"]])
    def test_only_bytes(self, pair, bad):
        """What is not bytes is refused, and nothing of it is sent."""
        transport = pair.client.transport
        with pytest.raises(TypeError):
            transport.write(bad)
        with pytest.raises(TypeError):
            transport.writeSequence([b"x", bad])
        assert transport.dataBuffer == b""

    def test_buffers_are_copied(self, pair):
        """A buffer may be used for something else once it was written."""
        data = bytearray(b"abc")
        pair.client.transport.write(data)
        pair.client.transport.writeSequence([memoryview(data)])
        data[:] = b"xyz"
        pair.spin(lambda: pair.server.received == b"abcabc")

    def test_pause(self, pair):
        """A paused transport passes nothing on until it is resumed, however much has come."""
        server = pair.server.transport
        server.pauseProducing()
        assert server not in pair.reactor.getReaders()
        pair.client.transport.write(b"x" * 1000)
        for _ in range(20):
            pair.reactor.iterate(0.001)
        assert pair.server.received == b""
        assert server not in pair.reactor.getReaders()
        server.resumeProducing()
        assert server in pair.reactor.getReaders()
        pair.spin(lambda: len(pair.server.received) == 1000)

    def test_pause_and_resume_cost_nothing(self, pair, monkeypatch):
        """Pausing and resuming before data come does not trouble the system."""
        calls = []
        monkeypatch.setattr(pair.reactor, "_watch", lambda *args: calls.append(args))
        for _ in range(10):
            pair.server.transport.pauseProducing()
            pair.server.transport.resumeProducing()
        assert calls == []

    def test_pause_inside_dataReceived(self, pair):
        """A protocol that pauses while much is coming gets no more than it has been given."""
        server = pair.server
        calls = []

        def dataReceived(data):
            calls.append(len(data))
            server.transport.pauseProducing()

        server.dataReceived = dataReceived
        pair.client.transport.write(b"x" * 3_000_000)
        for _ in range(50):
            pair.reactor.iterate(0.001)
        assert len(calls) == 1
        server.transport.resumeProducing()
        pair.spin(lambda: len(calls) == 2)

    def test_writeSomeData(self, pair):
        """`writeSomeData` sends at once, and says how much was taken or why nothing can be."""
        transport = pair.client.transport
        assert transport.writeSomeData(b"now") == 3
        pair.spin(lambda: pair.server.received == b"now")
        while transport.writeSomeData(b"x" * 100_000):
            pass
        transport.connectionLost(Failure(error.ConnectionLost()))
        assert isinstance(transport.writeSomeData(b"x"), error.ConnectionLost)


class TestEnd:
    """The ends that a connection may come to."""

    def test_lose(self, reactor, kit):
        """Both sides are told, once, of an orderly end; afterwards nothing is held."""
        pair = kit.Pair(reactor)
        server, client = pair.server, pair.client
        transport = client.transport
        server.transport.loseConnection()
        pair.spin(lambda: server.lost and client.lost)
        assert server.lost.check(error.ConnectionDone)
        assert client.lost.check(error.ConnectionDone)
        assert transport.disconnected
        assert not transport.connected
        assert transport.protocol is None
        assert transport.fileno() == -1
        pair.port.stopListening()

    def test_everything_written_is_sent_first(self, reactor, kit):
        """`loseConnection` comes after what was written, and after what is written meanwhile."""
        pair = kit.Pair(reactor)
        server = pair.server.transport
        server.write(b"x" * 5_000_000)
        server.loseConnection()
        server.loseConnection()
        server.write(b"last")
        pair.spin(lambda: pair.client.lost)
        assert len(pair.client.received) == 5_000_004
        assert pair.client.lost.check(error.ConnectionDone)
        pair.port.stopListening()

    def test_writes_after_the_end_are_dropped(self, reactor, kit):
        """After the end, writing does nothing; neither does ending again."""
        pair = kit.Pair(reactor)
        transport = pair.server.transport
        transport.loseConnection()
        pair.spin(lambda: pair.server.lost)
        transport.write(b"x")
        transport.writeSequence([b"x"])
        transport.loseConnection()
        transport.abortConnection()
        transport.pauseProducing()
        transport.resumeProducing()
        transport.connectionLost(Failure(error.ConnectionLost()))
        assert transport.dataBuffer == b""
        pair.port.stopListening()

    def test_nothing_is_received_after_lose(self, reactor, kit):
        """A protocol that has ended its connection gets no more data."""
        pair = kit.Pair(reactor)
        pair.server.transport.write(b"x" * 10_000_000)
        pair.server.transport.loseConnection()
        pair.client.transport.pauseProducing()
        pair.client.transport.write(b"too late")
        for _ in range(20):
            reactor.iterate(0.001)
        assert pair.server.received == b""
        pair.client.transport.resumeProducing()
        pair.spin(lambda: pair.server.lost)
        assert pair.server.received == b""
        pair.port.stopListening()

    def test_abort(self, reactor, kit):
        """An abort discards what waits: one side is told so, the other sees a reset."""
        pair = kit.Pair(reactor)
        pair.client.transport.write(b"x" * 10_000_000)
        reactor.iterate(0.001)
        pair.client.transport.abortConnection()
        pair.client.transport.abortConnection()
        pair.client.transport.write(b"more")
        assert pair.client.lost is None
        pair.spin(lambda: pair.client.lost and pair.server.lost)
        assert pair.client.lost.check(error.ConnectionAborted)
        assert pair.server.lost.check(error.ConnectionLost)
        pair.port.stopListening()

    def test_abort_inside_dataReceived(self, reactor, kit):
        """A protocol that aborts while data come gets no more of them."""
        pair = kit.Pair(reactor)
        calls = []

        def dataReceived(data):
            calls.append(len(data))
            pair.server.transport.write(b"never sent")
            pair.server.transport.abortConnection()

        pair.server.dataReceived = dataReceived
        pair.client.transport.write(b"x" * 3_000_000)
        pair.spin(lambda: pair.client.lost and pair.server.lost)
        assert len(calls) == 1
        assert pair.client.received == b""
        pair.port.stopListening()

    def test_peer_resets(self, reactor, kit):
        """A reset by the peer while much is being written ends the connection, with that reason."""
        pair = kit.Pair(reactor)
        pair.server.transport.write(b"x" * 10_000_000)
        reactor.iterate(0.001)
        pair.client.transport.abortConnection()
        pair.spin(lambda: pair.server.lost)
        assert pair.server.lost.check(error.ConnectionLost)
        pair.port.stopListening()

    def test_protocol_is_let_go(self, reactor, kit):
        """After the end nothing but the program itself keeps the protocol alive."""
        gc.disable()
        try:
            pair = kit.Pair(reactor)
            gone = weakref.ref(pair.server.transport)
            pair.client.transport.loseConnection()
            pair.spin(lambda: pair.server.lost and pair.client.lost)
            pair.serverFactory.protocols.clear()
            assert gone() is None
        finally:
            gc.enable()
        pair.port.stopListening()

    def test_lose_waits_for_the_producer(self, reactor, kit):
        """The end waits until a producer that has to be asked has been unregistered."""
        pair = kit.Pair(reactor)
        transport = pair.server.transport
        producer = Producer()
        transport.registerProducer(producer, False)
        transport.loseConnection()
        for _ in range(5):
            reactor.iterate(0.001)
        assert pair.server.lost is None
        transport.write(b"still")
        transport.unregisterProducer()
        pair.spin(lambda: pair.client.lost)
        assert pair.client.received == b"still"
        pair.port.stopListening()

    def test_lose_waits_for_no_producer_that_runs(self, reactor, kit):
        """Two connections that are each other's producers end together."""
        one, other = kit.Pair(reactor), kit.Pair(reactor)
        one.server.transport.registerProducer(other.server.transport, True)
        other.server.transport.registerProducer(one.server.transport, True)
        one.client.transport.loseConnection()
        one.spin(lambda: one.server.lost)
        one.spin(lambda: other.server.lost and other.client.lost)
        one.port.stopListening()
        other.port.stopListening()


@implementer(interfaces.IHalfCloseableProtocol)
class HalfCloseable(Protocol):
    """A protocol that knows the two directions apart."""

    def __init__(self):
        self.received = b""
        self.lost = None
        self.calls = []

    def dataReceived(self, data):
        self.received += data

    def readConnectionLost(self):
        self.calls.append("read")

    def writeConnectionLost(self):
        self.calls.append("write")

    def connectionLost(self, reason):
        self.lost = reason


class TestHalfClose:
    """One direction closed, the other open."""

    def test_one_after_the_other(self, reactor, kit):
        """Each direction is closed by itself, after what was written; both sides are told."""
        pair = kit.Pair(reactor, HalfCloseable, HalfCloseable)
        client, server = pair.client, pair.server
        client.transport.write(b"x" * 2_000_000)
        client.transport.loseWriteConnection()
        pair.spin(lambda: server.calls == ["read"])
        assert len(server.received) == 2_000_000
        assert client.calls == ["write"]
        client.transport.write(b"dropped")
        server.transport.write(b"y" * 2_000_000)
        pair.spin(lambda: len(client.received) == 2_000_000)
        server.transport.loseConnection()
        pair.spin(lambda: client.calls == ["write", "read"])
        assert server.lost.check(error.ConnectionDone)
        client.transport.loseConnection()
        pair.spin(lambda: client.lost)
        assert client.lost.check(error.ConnectionDone)
        assert len(server.received) == 2_000_000
        pair.port.stopListening()

    def test_peer_that_does_not_know(self, reactor, kit):
        """For a protocol that does not know the directions apart the first end is the end."""
        pair = kit.Pair(reactor, kit.Recorder, HalfCloseable)
        pair.client.transport.loseWriteConnection()
        pair.spin(lambda: pair.server.lost)
        assert pair.server.lost.check(error.ConnectionDone)
        pair.client.transport.loseConnection()
        pair.spin(lambda: pair.client.lost)
        pair.port.stopListening()

    def test_waits_for_the_producer(self, reactor, kit):
        """Closing the sending direction waits for a producer."""
        pair = kit.Pair(reactor, HalfCloseable, HalfCloseable)
        transport = pair.client.transport
        transport.registerProducer(Producer(), False)
        transport.loseWriteConnection()
        for _ in range(5):
            reactor.iterate(0.001)
        assert pair.client.calls == []
        transport.write(b"last")
        transport.unregisterProducer()
        pair.spin(lambda: pair.server.calls == ["read"])
        assert pair.server.received == b"last"
        pair.server.transport.loseConnection()
        pair.client.transport.loseConnection()
        pair.spin(lambda: pair.client.lost)
        pair.port.stopListening()

    @pytest.mark.parametrize("method", ["readConnectionLost", "writeConnectionLost"])
    def test_exception(self, reactor, kit, errors, method):
        """An exception when told of an end of one direction ends the connection, with it."""

        class Bad(HalfCloseable):
            """Fails when told."""

        setattr(Bad, method, lambda self: 1 / 0)
        pair = kit.Pair(reactor, Bad, HalfCloseable)
        if method == "readConnectionLost":
            pair.client.transport.loseWriteConnection()
        else:
            pair.server.transport.loseWriteConnection()
        pair.spin(lambda: pair.server.lost)
        assert pair.server.lost.check(ZeroDivisionError)
        assert len(errors.take(ZeroDivisionError)) == 1
        pair.client.transport.loseConnection()
        pair.spin(lambda: pair.client.lost)
        pair.port.stopListening()


class Producer:
    """Something that writes to a transport, and counts what is asked of it."""

    def __init__(self, resume=None):
        self.calls = []
        self.resume = resume

    def pauseProducing(self):
        self.calls.append("pause")

    def resumeProducing(self):
        self.calls.append("resume")
        if self.resume is not None:
            self.resume()

    def stopProducing(self):
        self.calls.append("stop")


class TestProducers:
    """Senders that are held back while a peer is slow."""

    def test_streaming(self, pair):
        """A producer is paused when more than `bufferSize` waits, resumed when all has gone."""
        transport = pair.server.transport
        pair.client.transport.pauseProducing()
        producer = Producer()
        transport.registerProducer(producer, True)
        transport.write(b"x" * transport.bufferSize)
        assert producer.calls == []
        transport.write(b"x")
        assert producer.calls == ["pause"]
        transport.write(b"x" * 20_000_000)
        for _ in range(20):
            pair.reactor.iterate(0.001)
        assert producer.calls == ["pause"]
        pair.client.transport.resumeProducing()
        pair.spin(lambda: producer.calls == ["pause", "resume"])
        assert transport.dataBuffer == b""
        transport.unregisterProducer()

    def test_pull(self, pair):
        """A pull producer is asked again each time what it wrote has gone."""
        transport = pair.server.transport
        pieces = [b"%d" % i * 1000 for i in range(50)]
        expected = b"".join(pieces)

        def resume():
            if pieces:
                transport.write(pieces.pop(0))
            else:
                transport.unregisterProducer()

        producer = Producer(resume)
        transport.registerProducer(producer, False)
        pair.spin(lambda: pair.client.received == expected)
        pair.spin(lambda: producer.calls == ["resume"] * 51)

    def test_greedy_pull_producer_starves_nobody(self, pair):
        """A producer whose every write is taken at once leaves time for others."""
        transport = pair.server.transport
        seen = []
        producer = Producer(lambda: transport.write(b"x"))
        transport.registerProducer(producer, False)
        pair.reactor.callLater(0.01, seen.append, 1)
        pair.spin(lambda: seen and len(producer.calls) > 3)
        transport.unregisterProducer()

    def test_only_one(self, pair):
        """A second producer is refused while there is one."""
        transport = pair.server.transport
        transport.registerProducer(Producer(), True)
        with pytest.raises(RuntimeError):
            transport.registerProducer(Producer(), True)
        transport.unregisterProducer()
        transport.registerProducer(Producer(), True)
        transport.unregisterProducer()

    def test_registered_when_full(self, pair):
        """A producer that comes when the buffer is full already is paused at once."""
        transport = pair.server.transport
        transport.write(b"x" * 100_000)
        producer = Producer()
        transport.registerProducer(producer, True)
        assert producer.calls == ["pause"]
        pair.spin(lambda: producer.calls == ["pause", "resume"])
        transport.unregisterProducer()

    def test_stopped_at_the_end(self, reactor, kit):
        """A producer is stopped when the connection ends, or if it is over already."""
        pair = kit.Pair(reactor)
        producer, late = Producer(), Producer()
        pair.server.transport.registerProducer(producer, True)
        pair.client.transport.abortConnection()
        pair.spin(lambda: pair.server.lost)
        assert producer.calls == ["stop"]
        pair.server.transport.registerProducer(late, True)
        assert late.calls == ["stop"]
        assert pair.server.transport.producer is None
        pair.port.stopListening()

    def test_stopConsuming(self, reactor, kit):
        """A producer that is done may end the connection that way; a consumer, the other."""
        pair = kit.Pair(reactor)
        pair.server.transport.registerProducer(Producer(), True)
        pair.server.transport.write(b"end")
        pair.server.transport.stopConsuming()
        pair.spin(lambda: pair.client.lost)
        assert pair.client.received == b"end"
        pair.client.transport.stopProducing()
        pair.port.stopListening()

    @pytest.mark.parametrize("streaming", [True, False])
    def test_exception(self, reactor, kit, errors, streaming):
        """An exception in a producer ends its connection, with that reason."""
        pair = kit.Pair(reactor)
        producer = Producer(lambda: 1 / 0)
        transport = pair.server.transport
        if streaming:
            transport.registerProducer(producer, True)
            transport.write(b"x" * 100_000)
        else:
            with pytest.raises(ZeroDivisionError):
                transport.registerProducer(producer, False)
            transport.write(b"x")
        pair.spin(lambda: pair.server.lost)
        assert pair.server.lost.check(ZeroDivisionError)
        assert producer.calls[-1] == "stop"
        assert len(errors.take(ZeroDivisionError)) == 1
        pair.port.stopListening()


class TestParticulars:
    """Addresses, options and names."""

    def test_interfaces(self, pair):
        """Transports, ports and connectors provide what they promise."""
        for transport in (pair.server.transport, pair.client.transport):
            assert verifyObject(interfaces.ITCPTransport, transport)
            assert verifyObject(interfaces.ISystemHandle, transport)
            assert verifyObject(interfaces.IConsumer, transport)
            assert verifyObject(interfaces.IPushProducer, transport)
            assert verifyObject(interfaces.IReadWriteDescriptor, transport)
            assert verifyObject(interfaces.ILoggingContext, transport)
        assert verifyObject(interfaces.IListeningPort, pair.port)
        assert verifyObject(interfaces.IConnector, pair.connector)

    def test_addresses(self, pair):
        """Each side knows both addresses, which agree."""
        server, client = pair.server.transport, pair.client.transport
        assert server.getHost() == client.getPeer() == pair.port.getHost()
        assert client.getHost() == server.getPeer()
        assert isinstance(server.getPeer(), IPv4Address)
        assert server.getPeer() is server.getPeer()
        assert server.getHost() is server.getHost()
        assert server.client == (client.getHost().host, client.getHost().port)
        assert server.hostname == "127.0.0.1"
        assert pair.connector.getDestination() == pair.port.getHost()

    def test_options(self, pair):
        """Options of the socket can be set and read."""
        transport = pair.server.transport
        for enabled in (True, False, 1, 0):
            transport.setTcpNoDelay(enabled)
            assert transport.getTcpNoDelay() is bool(enabled)
            transport.setTcpKeepAlive(enabled)
            assert transport.getTcpKeepAlive() is bool(enabled)
        assert transport.getHandle().fileno() == transport.fileno()

    def test_names(self, pair):
        """The log and `repr` tell which connection it is."""
        port = pair.port.getHost().port
        server, client = pair.server.transport, pair.client.transport
        assert server.logPrefix() == server.logstr == "Recorder,0,127.0.0.1"
        assert client.logPrefix() == "Recorder,client"
        assert repr(server) == f"<Recorder #0 on {port}>"
        assert f"to ('127.0.0.1', {port}) at" in repr(client)
        assert repr(pair.connector).startswith("<twisted.internet.tcp.Connector connected IPv4")
        server.logstr = "another"
        assert server.logPrefix() == "another"

    def test_name_after_the_end(self, reactor, kit):
        """A connection that has ended still has some name."""
        pair = kit.Pair(reactor)
        pair.server.transport.loseConnection()
        pair.spin(lambda: pair.server.lost)
        assert pair.server.transport.logPrefix() == "-"
        assert "#0" in repr(pair.server.transport)
        pair.port.stopListening()


class TestPort:
    """Listening."""

    def test_listen_and_stop(self, reactor, kit, events):
        """A port listens until it is stopped, and tells the log and the factory."""
        calls = []
        factory = kit.Server()
        factory.startFactory = lambda: calls.append("start")
        factory.stopFactory = lambda: calls.append("stop")
        port = reactor.listenTCP(0, factory, interface="127.0.0.1")
        number = port.getHost().port
        assert port.getHost() == IPv4Address("TCP", "127.0.0.1", number)
        assert repr(port) == f"<twisted.internet.tcp.Port of conftest.Server on {number}>".replace(
            "conftest.Server", f"{kit.Server.__module__}.Server"
        )
        assert port in reactor.getReaders()
        assert calls == ["start"]
        done = []
        port.stopListening().addCallback(done.append)
        kit.spin(reactor, lambda: done)
        assert calls == ["start", "stop"]
        assert port not in reactor.getReaders()
        assert "(not listening)" in repr(port)
        assert port.fileno() == -1
        texts = ["".join(e["message"]) for e in events if e.get("message")]
        assert texts == [f"Server starting on {number}", f"(TCP Port {number} Closed)"]
        again = []
        port.stopListening().addCallback(again.append)
        assert again == [None]

    def test_listen_again(self, reactor, kit):
        """A stopped port can be started again."""
        port = reactor.listenTCP(0, kit.Server(), interface="127.0.0.1")
        port.stopListening()
        port.startListening()
        client = kit.Client()
        reactor.connectTCP("127.0.0.1", port.getHost().port, client)
        kit.spin(reactor, lambda: client.proto and client.proto.made)
        client.proto.transport.loseConnection()
        kit.spin(reactor, lambda: client.lost)
        port.stopListening()

    def test_address_in_use(self, reactor, kit):
        """A port that is taken cannot be listened on; the exception tells which."""
        port = reactor.listenTCP(0, kit.Server(), interface="127.0.0.1")
        number = port.getHost().port
        with pytest.raises(error.CannotListenError) as caught:
            reactor.listenTCP(number, kit.Server(), interface="127.0.0.1")
        assert caught.value.port == number
        assert caught.value.interface == "127.0.0.1"
        assert isinstance(caught.value.socketError, OSError)
        with pytest.raises(error.CannotListenError):
            reactor.listenTCP(70_000, kit.Server())
        port.stopListening()

    def test_no_protocol(self, reactor, kit):
        """A factory may refuse a connection by giving no protocol."""
        port = reactor.listenTCP(0, kit.Server(), interface="127.0.0.1")
        port.factory.buildProtocol = lambda addr: None
        client = kit.Client()
        reactor.connectTCP("127.0.0.1", port.getHost().port, client)
        kit.spin(reactor, lambda: client.lost)
        assert port.sessionno == 0
        port.stopListening()

    def test_stopped_while_accepting(self, reactor, kit):
        """A factory may stop the port from within `buildProtocol`."""
        clients = [kit.Client() for _ in range(5)]
        port = reactor.listenTCP(0, kit.Server(), interface="127.0.0.1")
        number = port.getHost().port
        build = port.factory.buildProtocol

        def buildAndStop(addr):
            port.stopListening()
            return build(addr)

        port.factory.buildProtocol = buildAndStop
        port._eagerness = 10
        for client in clients:
            reactor.connectTCP("127.0.0.1", number, client)
        kit.spin(reactor, lambda: all(c.failed or c.proto for c in clients))
        assert len(port.factory.protocols) == 1

    def test_many_connections(self, reactor, kit):
        """Many connections that come at once are all served."""
        port = reactor.listenTCP(0, kit.Server(), interface="127.0.0.1", backlog=200)
        clients = [kit.Client() for _ in range(150)]
        for client in clients:
            reactor.connectTCP("127.0.0.1", port.getHost().port, client)
        kit.spin(reactor, lambda: len(port.factory.protocols) == 150)
        kit.spin(reactor, lambda: all(c.proto and c.proto.made for c in clients))
        assert {p.transport.sessionno for p in port.factory.protocols} == set(range(150))
        for client in clients:
            client.proto.transport.loseConnection()
        kit.spin(reactor, lambda: all(p.lost for p in port.factory.protocols))
        port.stopListening()

    def test_ipv6(self, reactor, kit):
        """A port listens on IPv6 if its interface is such an address."""
        for interface in ("::1", "0:0::1"):
            port = reactor.listenTCP(0, kit.Server(), interface=interface)
            host = port.getHost()
            assert isinstance(host, IPv6Address)
            client = kit.Client()
            connector = reactor.connectTCP(interface, host.port, client, bindAddress=("::1", 0))
            kit.spin(reactor, lambda client=client: client.proto and client.proto.made)
            transport = client.proto.transport
            assert transport.getPeer().host == transport.getHost().host == "::1"
            assert isinstance(connector.getDestination(), IPv6Address)
            transport.loseConnection()
            kit.spin(reactor, lambda client=client: client.lost)
            port.stopListening()

    def test_binding(self, reactor, kit):
        """A binding may let several ports share a number."""
        first = reactor.listenTCP(tcp.makeBinding("127.0.0.1", 0, reusePort=True), kit.Server())
        again = tcp.makeBinding("127.0.0.1", first.getHost().port, reusePort=True)
        assert "reusePort=True" in repr(again)
        second = reactor.listenTCP(again, kit.Server())
        assert first.getHost() == second.getHost()
        first.stopListening()
        second.stopListening()

    def test_scope(self):
        """The scope of an IPv6 address names an interface, and is passed on as its number."""
        assert tcp._resolveIPv6("fe80::1%lo", 80) == ("fe80::1", 80, 0, socket.if_nametoindex("lo"))

    def test_writing_is_refused(self, reactor, kit):
        """A port has nothing to write, and says so."""
        port = reactor.listenTCP(0, kit.Server(), interface="127.0.0.1")
        with pytest.raises(RuntimeError):
            port.doWrite()
        port.stopListening()
        with pytest.raises(TypeError):
            BasePort(reactor).createInternetSocket()


class TestConnector:
    """Connecting."""

    def unused(self) -> int:
        """Find a port that nobody listens on."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    def test_refused(self, reactor, kit):
        """Nobody there: the factory is told why, after `connectTCP` has returned."""
        client = kit.Client()
        connector = reactor.connectTCP("127.0.0.1", self.unused(), client)
        assert connector.state == "connecting"
        assert client.failed is None
        kit.spin(reactor, lambda: client.failed)
        assert client.failed.check(error.ConnectionRefusedError)
        assert connector.state == "disconnected"
        assert reactor.getDelayedCalls() == []
        assert client.numPorts == 0

    def test_connect_again(self, reactor, kit):
        """A factory may connect again when told of a failure, and is not stopped meanwhile."""
        port = reactor.listenTCP(0, kit.Server(), interface="127.0.0.1")
        stops = []

        class Stubborn(kit.Client):
            def clientConnectionFailed(self, connector, reason):
                connector.port = port.getHost().port
                connector.connect()

            def stopFactory(self):
                stops.append(1)

        client = Stubborn()
        reactor.connectTCP("127.0.0.1", self.unused(), client)
        kit.spin(reactor, lambda: client.proto and client.proto.made)
        assert stops == []
        client.proto.transport.loseConnection()
        kit.spin(reactor, lambda: client.lost)
        assert stops == [1]
        port.stopListening()

    def test_timeout(self, reactor, kit):
        """Connecting that takes too long fails, and is not successful later."""
        reactor.installResolver(NeverResolver())
        client = kit.Client()
        reactor.connectTCP("a.name", 1, client, timeout=0.01)
        kit.spin(reactor, lambda: client.failed)
        assert client.failed.check(error.TimeoutError)
        reactor.resolver.answer.callback("127.0.0.1")
        reactor.iterate()

    def test_timeout_of_the_system_call(self, reactor, kit):
        """A peer that does not answer is given up after the time allowed."""
        with socket.socket() as full:
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            address = full.getsockname()
            others = []
            for _ in range(4):
                other = socket.socket()
                other.setblocking(False)
                other.connect_ex(address)
                others.append(other)
            client = kit.Client()
            connector = reactor.connectTCP(*address, client, timeout=0.05)
            kit.spin(reactor, lambda: client.failed)
            assert client.failed.check(error.TimeoutError)
            assert connector.state == "disconnected"
            for other in others:
                other.close()

    def test_stopConnecting(self, reactor, kit):
        """An attempt can be given up; the factory is told."""
        client = kit.Client()
        connector = reactor.connectTCP("127.0.0.1", self.unused(), client)
        connector.stopConnecting()
        assert client.failed.check(error.UserError)
        with pytest.raises(error.NotConnectingError):
            connector.stopConnecting()
        reactor.iterate()
        connector.disconnect()

    def test_disconnect(self, reactor, kit):
        """`disconnect` gives up an attempt, or ends the connection."""
        pair = kit.Pair(reactor)
        with pytest.raises(RuntimeError):
            pair.connector.connect()
        pair.connector.disconnect()
        pair.spin(lambda: pair.clientFactory.lost)
        assert pair.connector.state == "disconnected"
        pair.connector.connect()
        pair.connector.disconnect()
        assert pair.clientFactory.failed.check(error.UserError)
        pair.port.stopListening()

    def test_bindAddress(self, reactor, kit):
        """A connection can be made from an address and a port of one's choice."""
        port = reactor.listenTCP(0, kit.Server(), interface="127.0.0.1")
        for binding in (("127.0.0.1", 0), tcp.makeBinding("127.0.0.1", reuseAddress=True)):
            client = kit.Client()
            reactor.connectTCP("127.0.0.1", port.getHost().port, client, bindAddress=binding)
            kit.spin(reactor, lambda client=client: client.proto and client.proto.made)
            client.proto.transport.loseConnection()
            kit.spin(reactor, lambda client=client: client.lost)
        port.stopListening()

    def test_bind_fails(self, reactor, kit):
        """An address that is not of this machine cannot be bound to."""
        client = kit.Client()
        reactor.connectTCP("127.0.0.1", 1, client, bindAddress=("192.0.2.1", 0))
        kit.spin(reactor, lambda: client.failed)
        assert client.failed.check(error.ConnectBindError)

    def test_names(self, reactor, kit):
        """A host name is resolved by the reactor's resolver."""
        resolver = FixedResolver()
        previous = reactor.installResolver(resolver)
        port = reactor.listenTCP(0, kit.Server(), interface="127.0.0.1")
        client = kit.Client()
        reactor.connectTCP("a.name", port.getHost().port, client)
        kit.spin(reactor, lambda: client.proto and client.proto.made)
        assert resolver.asked == ["a.name"]
        client.proto.transport.loseConnection()
        kit.spin(reactor, lambda: client.lost)
        unknown = kit.Client()
        reactor.connectTCP("unknown", 1, unknown)
        kit.spin(reactor, lambda: unknown.failed)
        assert unknown.failed.check(error.DNSLookupError)
        assert reactor.installResolver(previous) is resolver
        port.stopListening()

    def test_name_for_ipv6(self, reactor, kit):
        """A resolver may give an IPv6 address."""
        reactor.installResolver(FixedResolver("::1"))
        port = reactor.listenTCP(0, kit.Server(), interface="::1")
        client = kit.Client()
        reactor.connectTCP("a.name", port.getHost().port, client)
        kit.spin(reactor, lambda: client.proto and client.proto.made)
        client.proto.transport.loseConnection()
        kit.spin(reactor, lambda: client.lost)
        port.stopListening()

    def test_bad_scope(self, reactor, kit):
        """An IPv6 address with an unknown scope fails like any address that cannot be reached."""
        client = kit.Client()
        reactor.connectTCP("fe80::1%nosuchinterface", 1, client)
        kit.spin(reactor, lambda: client.failed)
        assert client.failed.check(error.ConnectError)

    def test_services(self, reactor, kit):
        """A port may be named; an unknown name is refused at once."""
        client = kit.Client()
        connector = reactor.connectTCP("127.0.0.1", "http", client)
        assert connector.port == 80
        connector.stopConnecting()
        with pytest.raises(error.ServiceNameUnknownError):
            reactor.connectTCP("127.0.0.1", "no such service", client)

    def test_no_protocol(self, reactor, kit):
        """A client factory without a protocol for the connection ends it."""
        port = reactor.listenTCP(0, kit.Server(), interface="127.0.0.1")
        client = kit.Client()
        client.buildProtocol = lambda addr: None
        reactor.connectTCP("127.0.0.1", port.getHost().port, client)
        kit.spin(reactor, lambda: client.lost)
        assert client.lost.check(error.ConnectionDone)
        port.stopListening()

    def test_socket_cannot_be_made(self, reactor, kit, monkeypatch):
        """If there is not even a socket, the attempt fails like any other."""

        def refuse(self):
            raise OSError(24, "Too many open files")

        monkeypatch.setattr(tcp.Client, "createInternetSocket", refuse)
        client = kit.Client()
        reactor.connectTCP("127.0.0.1", 1, client)
        kit.spin(reactor, lambda: client.failed)
        assert client.failed.check(error.ConnectError)

    def test_useless_address(self, reactor, kit):
        """An address that the system cannot make anything of fails in the same way."""
        reactor.installResolver(FixedResolver("not an address"))
        client = kit.Client()
        reactor.connectTCP("a.name", 1, client)
        kit.spin(reactor, lambda: client.failed)
        assert client.failed.check(error.ConnectError)


class FixedResolver:
    """A resolver that knows one name."""

    def __init__(self, address="127.0.0.1"):
        self.address = address
        self.asked = []

    def getHostByName(self, name, timeout=()):
        self.asked.append(name)
        if name == "unknown":
            return fail(error.DNSLookupError(name))
        return succeed(self.address)


class NeverResolver:
    """A resolver that takes its time."""

    def __init__(self):
        self.answer = Deferred()

    def getHostByName(self, name, timeout=()):
        return self.answer


class TestAdopt:
    """Sockets that others have opened."""

    def test_connection_that_nobody_wants(self, reactor, kit):
        """A factory that gives no protocol gets no connection."""
        one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        factory = Factory()
        factory.buildProtocol = lambda addr: None
        with one, other:
            made = reactor.adoptStreamConnection(one.fileno(), socket.AF_UNIX, factory)
        assert made is None

    def test_port(self, reactor, kit):
        """A listening socket is served on a duplicate of its descriptor."""
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            listening.listen()
            address = listening.getsockname()
            port = reactor.adoptStreamPort(listening.fileno(), socket.AF_INET, kit.Server())
        assert (port.getHost().host, port.getHost().port) == address
        client = kit.Client()
        reactor.connectTCP(*address, client)
        kit.spin(reactor, lambda: client.proto and port.factory.protocols)
        client.proto.transport.loseConnection()
        kit.spin(reactor, lambda: port.factory.protocols[0].lost)
        port.stopListening()

    def test_connection(self, reactor, kit):
        """So is a connection that stands."""
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            listening.listen()
            with socket.create_connection(listening.getsockname()) as ours:
                theirs, _ = listening.accept()
                factory = kit.Server()
                with theirs:
                    transport = reactor.adoptStreamConnection(
                        theirs.fileno(), socket.AF_INET, factory
                    )
                assert transport.getPeer().port == ours.getsockname()[1]
                assert "adopted" in repr(transport)
                ours.sendall(b"hello")
                kit.spin(reactor, lambda: factory.protocols[0].received == b"hello")
        kit.spin(reactor, lambda: factory.protocols[0].lost)

    def test_connection_refused(self, reactor, kit):
        """A factory may refuse an adopted connection, or fail."""
        left, right = socket.socketpair(socket.AF_UNIX)
        factory = kit.Server()
        factory.buildProtocol = lambda addr: None
        with left, right:
            reactor.adoptStreamConnection(left.fileno(), socket.AF_UNIX, factory)
            left.close()
            right.setblocking(False)
            reactor.iterate()
            assert right.recv(1) == b""
        factory.buildProtocol = lambda addr: 1 / 0
        left, right = socket.socketpair(socket.AF_UNIX)
        with left, right, pytest.raises(ZeroDivisionError):
            reactor.adoptStreamConnection(left.fileno(), socket.AF_UNIX, factory)

    def test_other_families(self, reactor, kit):
        """Sockets of other families are refused."""
        for adopt in (reactor.adoptStreamPort, reactor.adoptStreamConnection):
            with pytest.raises(error.UnsupportedAddressFamily):
                adopt(0, 12345, kit.Server())


def test_other_reactors(kit):
    """A reactor without a list of the unflushed watches the transport for sending."""

    class Plain:
        def __init__(self):
            self.readers, self.writers = [], []

        def addReader(self, reader):
            self.readers.append(reader)

        def addWriter(self, writer):
            self.writers.append(writer)

        def removeReader(self, reader):
            self.readers.remove(reader)

        def removeWriter(self, writer):
            self.writers.remove(writer)

    plain = Plain()
    left, right = socket.socketpair()
    with right:
        protocol = Factory.forProtocol(Protocol).buildProtocol(None)
        transport = tcp.Server(left, protocol, ("", 0), None, 0, plain)
        transport.write(b"x")
        transport.write(b"y")
        assert plain.writers == [transport]
        transport.doWrite()
        assert right.recv(10) == b"xy"
        assert plain.writers == []
        left.close()
