"""What goes wrong around a reactor: each fault is logged once and hurts nobody else."""

from __future__ import annotations

import errno
import gc
import os
import socket

import pytest

from twisted.internet import error
from twisted.internet._spare import SpareDescriptor
from twisted.internet.protocol import Protocol


class Bad(Protocol):
    """A protocol that fails in one of its methods."""

    failsIn = ""

    def __init__(self):
        self.received = b""
        self.lost = None

    def fail(self, method):
        if method == self.failsIn:
            raise ZeroDivisionError(method)

    def makeConnection(self, transport):
        self.fail("makeConnection")
        super().makeConnection(transport)

    def connectionMade(self):
        self.fail("connectionMade")

    def dataReceived(self, data):
        self.received += data
        self.fail("dataReceived")

    def connectionLost(self, reason):
        self.lost = reason
        self.fail("connectionLost")


class TestProtocolsThatFail:
    """Exceptions in the methods of protocols."""

    @pytest.mark.parametrize("method", ["makeConnection", "connectionMade", "dataReceived"])
    def test_server(self, reactor, kit, errors, method):
        """The exception is logged once and ends its connection, and no other."""
        healthy = kit.Pair(reactor)
        bad = kit.Server(Bad)
        port = reactor.listenTCP(0, bad, interface="127.0.0.1")
        client = kit.Client()
        Bad.failsIn = method
        reactor.connectTCP("127.0.0.1", port.getHost().port, client)
        kit.spin(reactor, lambda: client.proto and client.proto.made)
        client.proto.transport.write(b"x")
        kit.spin(reactor, lambda: client.lost)
        assert bad.protocols[0].lost.check(ZeroDivisionError)
        assert len(errors.take(ZeroDivisionError)) == 1
        Bad.failsIn = ""
        another = kit.Client()
        reactor.connectTCP("127.0.0.1", port.getHost().port, another)
        kit.spin(reactor, lambda: another.proto and another.proto.made)
        healthy.client.transport.write(b"still there")
        healthy.spin(lambda: healthy.server.received == b"still there")
        port.stopListening()

    @pytest.mark.parametrize("method", ["makeConnection", "connectionMade", "dataReceived"])
    def test_client(self, reactor, kit, errors, method):
        """So it is for the side that connected, whose factory is told as well."""
        server = kit.Server()
        port = reactor.listenTCP(0, server, interface="127.0.0.1")
        client = kit.Client(Bad)
        Bad.failsIn = method
        reactor.connectTCP("127.0.0.1", port.getHost().port, client)
        kit.spin(reactor, lambda: server.protocols)
        server.protocols[0].transport.write(b"x")
        kit.spin(reactor, lambda: client.lost)
        assert client.lost.check(ZeroDivisionError)
        assert client.proto.lost.check(ZeroDivisionError)
        assert len(errors.take(ZeroDivisionError)) == 1
        Bad.failsIn = ""
        port.stopListening()

    def test_connectionLost(self, reactor, kit, errors):
        """An exception when told of the end is logged; descriptor and factory end all the same."""
        Bad.failsIn = "connectionLost"
        pair = kit.Pair(reactor, Bad, Bad)
        fd = pair.server.transport.fileno()
        pair.server.transport.loseConnection()
        pair.spin(lambda: pair.server.lost and pair.clientFactory.lost)
        assert len(errors.take(ZeroDivisionError)) == 2

        def closed():
            try:
                os.fstat(fd)
            except OSError:
                return True
            return False

        # uvloop closes it a turn later.
        kit.spin(reactor, closed)
        Bad.failsIn = ""
        pair.port.stopListening()

    def test_connectionMade_and_connectionLost(self, reactor, kit, errors):
        """Exceptions in both are both logged."""

        class Worse(Protocol):
            def connectionMade(self):
                raise ZeroDivisionError

            def connectionLost(self, reason):
                raise KeyError

        server = kit.Server(Worse)
        port = reactor.listenTCP(0, server, interface="127.0.0.1")
        client = kit.Client()
        reactor.connectTCP("127.0.0.1", port.getHost().port, client)
        kit.spin(reactor, lambda: client.lost)
        assert len(errors.take(ZeroDivisionError)) == 1
        assert len(errors.take(KeyError)) == 1
        port.stopListening()

    def test_buildProtocol(self, reactor, kit, errors):
        """An exception in a server's factory drops that connection; the port goes on."""
        server = kit.Server()
        build = server.buildProtocol
        server.buildProtocol = lambda addr: 1 / 0
        port = reactor.listenTCP(0, server, interface="127.0.0.1")
        client = kit.Client()
        reactor.connectTCP("127.0.0.1", port.getHost().port, client)
        kit.spin(reactor, lambda: client.lost)
        assert len(errors.take(ZeroDivisionError)) == 1
        server.buildProtocol = build
        another = kit.Client()
        reactor.connectTCP("127.0.0.1", port.getHost().port, another)
        kit.spin(reactor, lambda: server.protocols)
        port.stopListening()

    def test_buildProtocol_of_client(self, reactor, kit, errors):
        """An exception in a client's factory ends the connection, and it is told."""
        port = reactor.listenTCP(0, kit.Server(), interface="127.0.0.1")
        client = kit.Client()
        client.buildProtocol = lambda addr: 1 / 0
        reactor.connectTCP("127.0.0.1", port.getHost().port, client)
        kit.spin(reactor, lambda: client.lost)
        assert client.lost.check(ZeroDivisionError)
        assert len(errors.take(ZeroDivisionError)) == 1
        port.stopListening()

    def test_stopFactory(self, reactor, kit, errors):
        """An exception in `stopFactory` fails the Deferred of `stopListening`."""
        server = kit.Server()
        server.stopFactory = lambda: 1 / 0
        port = reactor.listenTCP(0, server, interface="127.0.0.1")
        seen = []
        port.stopListening().addErrback(lambda reason: seen.append(reason.check(ZeroDivisionError)))
        assert seen == [ZeroDivisionError]
        port = reactor.listenTCP(0, server, interface="127.0.0.1")
        reactor.disconnectAll()
        assert len(errors.take(ZeroDivisionError)) == 1

    def test_stop_inside_a_callback(self, reactor, kit):
        """A protocol may stop the reactor; every connection is told of its end."""
        pair = kit.Pair(reactor)
        pair.server.dataReceived = lambda data: reactor.stop()
        pair.client.transport.write(b"x")
        kit.run(reactor)
        assert pair.server.lost.check(error.ConnectionLost)
        assert pair.client.lost.check(error.ConnectionLost)


class TestDescriptorsThatGo:
    """Descriptors closed behind the reactor's back."""

    def test_closed_by_the_program(self, watching, kit):
        """A connection whose socket was closed ends at the next write, and others go on."""
        pair, healthy = kit.Pair(watching), kit.Pair(watching)
        pair.server.transport.getHandle().close()
        pair.server.transport.write(b"x")
        pair.spin(lambda: pair.server.lost)
        assert pair.server.lost.check(error.ConnectionLost)
        healthy.client.transport.write(b"x")
        healthy.spin(lambda: healthy.server.received == b"x")
        assert pair.server.transport not in watching.getReaders()

    def test_number_comes_back(self, watching, kit):
        """A number that was closed behind the back and given out anew serves its new owner."""
        pair = kit.Pair(watching)
        stale = pair.server.transport
        fd = stale.socket.detach()
        os.close(fd)
        another = kit.Pair(watching)
        owners = [another.server.transport, another.client.transport, another.port]
        assert fd in [owner.fileno() for owner in owners]
        another.client.transport.write(b"to the new one")
        another.spin(lambda: another.server.received == b"to the new one")
        another.server.transport.write(b"x" * 1_000_000)
        another.spin(lambda: len(another.client.received) == 1_000_000)
        third = kit.Client()
        watching.connectTCP("127.0.0.1", another.port.getHost().port, third)
        another.spin(lambda: third.proto and third.proto.made)
        stale.write(b"x")
        another.spin(lambda: pair.server.lost)
        assert pair.server.received == b""

    def test_reader_that_is_gone(self, reactor):
        """A reader whose descriptor is gone can be removed, and is no longer called."""

        class Reader:
            def __init__(self, skt):
                self.socket = skt

            def fileno(self):
                return self.socket.fileno()

            def doRead(self):
                raise AssertionError("there is nothing to read")

            def connectionLost(self, reason):
                self.reason = reason

            def logPrefix(self):
                raise RuntimeError("no name")

        left, right = socket.socketpair()
        with right:
            reader = Reader(left)
            reactor.addReader(reader)
            left.close()
            reactor.removeReader(reader)
            reactor.removeReader(reader)
            reactor.iterate()
            assert reader not in reactor.getReaders()
            if type(reactor).__name__ == "SelectReactor":
                # It learns of that only when it waits: then the reader is told.
                reactor.addReader(reader)
                reactor.iterate()
                assert reader.reason.check(error.ConnectionFdescWentAway)
            else:
                with pytest.raises((OSError, ValueError)):
                    reactor.addReader(reader)
            assert reader not in reactor.getReaders()

    def test_broken_reader(self, reactor, errors):
        """A reader that fails in everything it does is logged and forgotten."""

        class Reader:
            def __init__(self, skt):
                self.fileno = skt.fileno

            def doRead(self):
                raise ZeroDivisionError

            def connectionLost(self, reason):
                raise KeyError

            def logPrefix(self):
                raise RuntimeError("no name")

        left, right = socket.socketpair()
        with left, right:
            reactor.addReader(Reader(left))
            right.send(b"x")
            reactor.iterate(1)
            assert [type(e) for e in errors.take(Exception)] == [ZeroDivisionError, KeyError]
            assert len(reactor.getReaders()) == 1


def exhaust(listening, code, times=1):
    """Wrap a listening socket so that accepting fails a few times."""

    class Wrapper:
        left = times

        def accept(self):
            if self.left:
                self.left -= 1
                raise OSError(code, os.strerror(code))
            return listening.accept()

        def __getattr__(self, name):
            return getattr(listening, name)

    return Wrapper()


class TestNoDescriptors:
    """Accepting when the system has no room for another connection."""

    def test_turned_away(self, reactor, kit, events):
        """The peer is turned away at once, the log told once, and later ones are served."""
        port = reactor.listenTCP(0, kit.Server(), interface="127.0.0.1")
        real = port.socket
        # Fails for the port itself, then succeeds with the spare descriptor, twice.
        answers = [True, False, True, False]

        class Full:
            def accept(self):
                if answers and answers.pop(0):
                    raise OSError(errno.EMFILE, "Too many open files")
                return real.accept()

            def __getattr__(self, name):
                return getattr(real, name)

        port.socket = Full()
        turned = [kit.Client(), kit.Client()]
        for client in turned:
            reactor.connectTCP("127.0.0.1", port.getHost().port, client)
            kit.spin(reactor, lambda client=client: client.lost)
        assert port.factory.protocols == []
        served = kit.Client()
        reactor.connectTCP("127.0.0.1", port.getHost().port, served)
        kit.spin(reactor, lambda: port.factory.protocols)
        told = [e for e in events if "Could not accept" in (e.get("log_format") or "")]
        assert len(told) == 1
        assert told[0]["reason"] == "EMFILE"
        port.stopListening()

    @pytest.mark.parametrize("code", [errno.ENOBUFS, errno.ENOMEM, errno.EMFILE])
    def test_pause(self, reactor, kit, monkeypatch, code):
        """With nothing to spare the port waits a moment instead of spinning, then goes on."""
        monkeypatch.setattr(SpareDescriptor, "turnAway", lambda self, listening: False)
        port = reactor.listenTCP(0, kit.Server(), interface="127.0.0.1")
        port.socket = exhaust(port.socket, code)
        client = kit.Client()
        reactor.connectTCP("127.0.0.1", port.getHost().port, client)
        kit.spin(reactor, lambda: port not in reactor.getReaders())
        (pause,) = [c for c in reactor.getDelayedCalls() if c.getTime() - reactor.seconds() < 5]
        pause.reset(0)
        kit.spin(reactor, lambda: port.factory.protocols)
        port.stopListening()

    def test_stopped_during_the_pause(self, reactor, kit, monkeypatch):
        """A port that is stopped during the pause stays stopped."""
        port = reactor.listenTCP(0, kit.Server(), interface="127.0.0.1")
        port.socket = exhaust(port.socket, errno.ENOMEM)
        port.doRead()
        port.stopListening()
        assert reactor.getDelayedCalls() == []

    @pytest.mark.parametrize("code", [errno.ECONNABORTED, errno.EPERM])
    def test_peer_has_left(self, reactor, kit, code):
        """A peer that has left, or may not connect, is passed over."""
        port = reactor.listenTCP(0, kit.Server(), interface="127.0.0.1")
        port.socket = exhaust(port.socket, code)
        client = kit.Client()
        reactor.connectTCP("127.0.0.1", port.getHost().port, client)
        kit.spin(reactor, lambda: port.factory.protocols)
        port.stopListening()


class TestSpareDescriptor:
    """The descriptor kept for bad times."""

    def test_held_and_released(self):
        """It is open while there is somebody to hold it."""
        spare = SpareDescriptor()
        spare.hold()
        spare.hold()
        fd = spare._fd
        os.fstat(fd)
        spare.release()
        os.fstat(fd)
        spare.release()
        assert spare._fd is None

    def test_turnAway(self):
        """A peer is accepted and closed; one that has left meanwhile is no problem."""
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            listening.listen()
            listening.setblocking(False)
            spare = SpareDescriptor()
            with socket.create_connection(listening.getsockname()) as peer:
                assert spare.turnAway(listening)
                assert peer.recv(1) == b""
            assert spare.turnAway(listening)
            spare._close()

    def test_none_to_be_had(self, monkeypatch):
        """If none can be had at all, it says so."""

        def refuse(*args):
            raise OSError(errno.EMFILE, "Too many open files")

        monkeypatch.setattr(os, "open", refuse)
        assert not SpareDescriptor().turnAway(None)


class Silent:
    """A log that forgets at once."""

    def failure(self, *args, **kw):
        """Forget."""


class TestMemory:
    """What is left of connections when the collector does not run."""

    def serve(self, reactor, kit, port, count, send=True):
        for _ in range(count):
            client = kit.Client()
            reactor.connectTCP("127.0.0.1", port.getHost().port, client)
            kit.spin(reactor, lambda client=client: client.proto and client.proto.made)
            if send:
                client.proto.transport.write(b"x")
            client.proto.transport.loseConnection()
            kit.spin(reactor, lambda client=client: client.lost and port.factory.protocols[0].lost)
            # The helpers refer to each other and to the reason: that is not what is measured.
            port.factory.protocols.pop().lost = None
            client.proto = None

    @pytest.mark.parametrize("failing", [False, True])
    def test_no_cycles(self, epoll, kit, monkeypatch, failing):
        """A thousand connections leave nothing behind, not even those that fail."""
        # Until a program begins to log, the log keeps what it is told: that is not meant here.
        monkeypatch.setattr("twisted.internet.base._log", Silent())
        make = Bad if failing else kit.Recorder
        Bad.failsIn = "dataReceived"
        port = epoll.listenTCP(0, kit.Server(make), interface="127.0.0.1")
        self.serve(epoll, kit, port, 50)
        gc.collect()
        gc.disable()
        try:
            before = len(gc.get_objects())
            self.serve(epoll, kit, port, 1000)
            grown = len(gc.get_objects()) - before
        finally:
            gc.enable()
            Bad.failsIn = ""
        port.stopListening()
        assert grown < 100
