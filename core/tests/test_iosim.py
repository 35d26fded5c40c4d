"""Protocols connected in memory."""

import pytest

from twisted.internet import error, protocol
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure
from twisted.test import iosim


class Peer(protocol.Protocol):
    def __init__(self):
        self.got = b""
        self.ended = None

    def dataReceived(self, data):
        self.got += data

    def connectionLost(self, reason):
        self.ended = reason


class Echo(Peer):
    def dataReceived(self, data):
        super().dataReceived(data)
        self.transport.write(data)


@pytest.fixture
def pair():
    return iosim.connectedServerAndClient(Echo, Peer)


def test_nothing_moves_by_itself(pair):
    """A step moves what was written in each direction, flushing everything."""
    client, server, pump = pair
    client.transport.write(b"he")
    client.transport.writeSequence([b"l", b"lo"])
    assert server.got == b""
    assert pump.pump()
    assert (server.got, client.got) == (b"hello", b"")
    assert pump.flush()
    assert client.got == b"hello"
    assert not pump.flush()
    with pytest.raises(TypeError):
        client.transport.write("text")


def test_closing(pair):
    """What was written arrives before."""
    client, server, pump = pair
    client.transport.write(b"last")
    client.transport.loseConnection()
    pump.flush()
    assert server.got == b"last"
    assert client.ended.check(error.ConnectionDone)
    assert server.ended.check(error.ConnectionDone)
    client.transport.write(b"late")
    assert not pump.flush()


def test_aborting(pair):
    """What was written is lost."""
    client, server, pump = pair
    client.transport.write(b"lost")
    client.transport.abortConnection()
    pump.flush()
    assert server.got == b""
    assert client.ended.check(error.ConnectionAborted)
    assert server.ended.check(error.ConnectionLost)


def test_greetings_and_time():
    """What is written when the connection is made arrives at once, unless that is not wanted."""

    class Greets(Peer):
        def connectionMade(self):
            self.transport.write(b"hello")

    client, server, pump = iosim.connectedServerAndClient(Greets, Peer)
    assert client.got == b"hello"
    clock = Clock()
    client, server, pump = iosim.connectedServerAndClient(Greets, Peer, greet=False, clock=clock)
    assert client.got == b""
    clock.callLater(0, server.transport.write, b" again")
    pump.flush()
    assert client.got == b"hello again"


def test_two_that_never_stop():
    """It is an error, not a hang."""
    client, _, pump = iosim.connectedServerAndClient(Echo, Echo)
    client.transport.write(b"x")
    with pytest.raises(RuntimeError, match="without end"):
        pump.flush()


def test_producers(pair):
    """One that has to be asked is asked when there is room."""
    client, server, pump = pair

    class Producer:
        left = 3

        def resumeProducing(self):
            if self.left:
                self.left -= 1
                client.transport.write(b"x")
            else:
                client.transport.unregisterProducer()

        def stopProducing(self):
            raise AssertionError

    client.transport.registerProducer(Producer(), False)
    pump.flush()
    assert server.got == b"xxx"


def test_pausing(pair):
    """Nothing arrives at an end that does not read."""
    client, server, pump = pair
    server.transport.pauseProducing()
    client.transport.write(b"x")
    pump.flush()
    assert server.got == b""
    server.transport.resumeProducing()
    pump.flush()
    assert server.got == b"x"


@pytest.mark.parametrize("accepted", [True, False])
def test_pretended_tls(pair, accepted):
    """What is written after it was started arrives after both sides have agreed."""
    client, server, pump = pair

    class Settings:
        def iosimVerify(self, other):
            return accepted

    client.transport.startTLS(Settings())
    server.transport.startTLS(Settings())
    client.transport.write(b"secret")
    pump.flush()
    if accepted:
        assert (server.got, client.got) == (b"secret", b"secret")
    else:
        assert client.ended is not None
        assert server.ended is not None


def test_tls_that_nobody_expects(pair):
    """The connection ends."""
    client, server, pump = pair
    client.transport.startTLS(None)
    pump.flush()
    assert server.ended is not None


def test_an_endpoint_that_a_test_completes():
    """Connections succeed, or fail, when the test says so."""
    endpoint, completer = iosim.connectableEndpoint()
    assert completer.succeedOnce() is None
    got = []
    endpoint.connect(protocol.Factory.forProtocol(Peer)).addBoth(got.append)
    pump = completer.succeedOnce()
    pump.server.transport.write(b"hello")
    pump.flush()
    assert got[0].got == b"hello"
    endpoint.connect(protocol.Factory.forProtocol(Peer)).addBoth(got.append)
    completer.failOnce(Failure(error.TimeoutError()))
    assert got[1].check(error.TimeoutError)


@pytest.mark.parametrize("greet", [True, False])
def test_what_is_said_at_once(greet):
    """A test may have what both sides say at once wait."""

    class Greeting(Peer):
        def connectionMade(self):
            self.transport.write(b"hello")

    reactor = MemoryReactorClock()
    reactor.listenTCP(80, protocol.Factory.forProtocol(Echo))
    made = []
    connecting = HostnameEndpoint(reactor, "localhost", 80).connect(
        protocol.Factory.forProtocol(Greeting)
    )
    connecting.addCallback(made.append)
    pump = iosim.ConnectionCompleter(reactor).succeedOnce(greet=greet)
    assert pump.server.got == (b"hello" if greet else b"")
    pump.flush()
    assert made[0].got == b"hello"
