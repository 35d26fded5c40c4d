"""Services that listen and connect."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zope.interface import implementer
from zope.interface.verify import verifyObject

from twisted.application import internet
from twisted.application.service import IService
from twisted.internet import defer, interfaces, protocol, task
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure


@implementer(interfaces.IStreamClientEndpoint)
class Endpoint:
    """An endpoint whose attempts end when a test says so."""

    def __init__(self):
        self.attempts = []
        self.cancelled = 0

    def connect(self, factory):
        def cancelled(deferred):
            self.cancelled += 1

        attempt = defer.Deferred(cancelled)
        self.attempts.append((attempt, factory))
        return attempt

    def succeed(self):
        """Let the last attempt succeed. @return: what the transport knows as the protocol."""
        attempt, factory = self.attempts.pop()
        made = factory.buildProtocol(None)
        made.makeConnection(StringTransport())
        attempt.callback(made)
        return made

    def fail(self, error=OSError):
        self.attempts.pop()[0].errback(error())


class Client(protocol.Protocol):
    """Keeps what happens to it."""

    def __init__(self):
        self.happened = []

    def connectionMade(self):
        self.happened.append("made")

    def dataReceived(self, data):
        self.happened.append(data)

    def connectionLost(self, reason):
        self.happened.append("lost")


@pytest.fixture
def endpoint():
    return Endpoint()


@pytest.fixture
def clock():
    return task.Clock()


@pytest.fixture
def service(endpoint, clock):
    """A service that waits as many seconds as attempts have failed."""
    return internet.ClientService(
        endpoint, protocol.Factory.forProtocol(Client), retryPolicy=float, clock=clock
    )


def results(deferred):
    got = []
    deferred.addBoth(got.append)
    return got


def test_it_connects_and_hands_out_the_protocol(service, endpoint):
    """Before, those who ask wait; later they get it at once."""
    assert verifyObject(IService, service)
    early = results(service.whenConnected())
    service.startService()
    assert early == []
    watched = endpoint.succeed()
    [client] = early
    assert isinstance(client, Client)
    assert results(service.whenConnected()) == [client]
    watched.dataReceived(b"data")
    assert client.happened == ["made", b"data"]
    assert client.transport is watched.transport


def test_it_tries_again(service, endpoint, clock):
    """After failures, and after the connection is lost, later each time."""
    service.startService()
    endpoint.fail()
    clock.advance(0.9)
    assert endpoint.attempts == []
    clock.advance(0.1)
    endpoint.fail()
    clock.advance(1.9)
    assert endpoint.attempts == []
    clock.advance(0.1)
    watched = endpoint.succeed()
    waiting = results(service.whenConnected())
    watched.connectionLost(Failure(OSError()))
    assert waiting[0].happened[-1] == "lost"
    clock.advance(1)
    assert len(endpoint.attempts) == 1


def test_giving_up_waiting(service, endpoint, clock):
    """Who waits for some attempts only learns why they failed; others go on waiting."""
    service.startService()
    once = results(service.whenConnected(failAfterFailures=1))
    twice = results(service.whenConnected(failAfterFailures=2))
    ever = results(service.whenConnected())
    endpoint.fail(ValueError)
    assert once[0].check(ValueError)
    assert twice == []
    clock.advance(1)
    endpoint.fail(KeyError)
    assert twice[0].check(KeyError)
    assert ever == []


def test_who_waits_may_give_up(service, endpoint):
    """Cancelling one does not cancel the attempt."""
    service.startService()
    waiting = service.whenConnected()
    got = results(waiting)
    waiting.cancel()
    assert got[0].check(defer.CancelledError)
    assert endpoint.cancelled == 0
    endpoint.succeed()


def test_stopping_while_connecting(service, endpoint):
    """The attempt is cancelled, and who waits is told."""
    service.startService()
    waiting = results(service.whenConnected())
    assert results(service.stopService()) == [None]
    assert endpoint.cancelled == 1
    assert waiting[0].check(defer.CancelledError)
    assert results(service.whenConnected())[0].check(defer.CancelledError)


def test_stopping_between_attempts(service, endpoint, clock):
    """No attempt is made any more."""
    service.startService()
    endpoint.fail()
    assert results(service.stopService()) == [None]
    assert clock.getDelayedCalls() == []


def test_stopping_while_connected(service, endpoint):
    """The connection is closed, and that is waited for."""
    service.startService()
    watched = endpoint.succeed()
    stopped = results(service.stopService())
    assert watched.transport.disconnecting
    assert stopped == []
    watched.connectionLost(Failure(OSError()))
    assert stopped == [None]
    assert endpoint.attempts == []


def test_starting_while_stopping(service, endpoint):
    """When the connection has ended another is made; stopping once more keeps it from that."""
    service.startService()
    watched = endpoint.succeed()
    first = results(service.stopService())
    service.startService()
    later = results(service.whenConnected())
    watched.connectionLost(Failure(OSError()))
    assert first == [None]
    assert len(endpoint.attempts) == 1
    watched = endpoint.succeed()
    assert len(later) == 1
    service.stopService()
    service.startService()
    service.stopService()
    watched.connectionLost(Failure(OSError()))
    assert endpoint.attempts == []


def test_starting_twice(service, endpoint):
    """It is started once."""
    service.startService()
    service.startService()
    assert len(endpoint.attempts) == 1


def test_preparing_a_connection(endpoint, clock):
    """The protocol is handed out once it is prepared."""
    prepared = []
    ready = defer.Deferred()

    def prepare(client):
        prepared.append(client)
        return ready

    factory = protocol.Factory.forProtocol(Client)
    service = internet.ClientService(endpoint, factory, float, clock, prepare)
    service.startService()
    got = results(service.whenConnected())
    endpoint.succeed()
    assert got == []
    ready.callback(None)
    assert got == prepared


@pytest.mark.parametrize("lost", [False, True])
def test_preparing_that_fails(endpoint, clock, lost):
    """The connection is closed, and another attempt is made; also if it is lost meanwhile."""
    ready = defer.Deferred()
    factory = protocol.Factory.forProtocol(Client)
    service = internet.ClientService(endpoint, factory, float, clock, lambda client: ready)
    service.startService()
    got = results(service.whenConnected(failAfterFailures=1))
    watched = endpoint.succeed()
    if lost:
        watched.connectionLost(Failure(OSError()))
    else:
        ready.errback(ValueError("not prepared"))
        assert watched.transport.disconnected or watched.transport.disconnecting
    assert got[0].check(OSError if lost else ValueError)
    clock.advance(1)
    assert len(endpoint.attempts) == 1


def test_stopping_while_preparing(endpoint, clock):
    """The connection is closed."""
    factory = protocol.Factory.forProtocol(Client)
    service = internet.ClientService(
        endpoint, factory, float, clock, lambda client: defer.Deferred()
    )
    service.startService()
    watched = endpoint.succeed()
    assert results(service.stopService()) == [None]
    assert watched.transport.disconnected or watched.transport.disconnecting
    watched.connectionLost(Failure(OSError()))
    assert clock.getDelayedCalls() == []


def test_the_protocol_keeps_its_interfaces(endpoint, clock):
    """Transports still see what the protocol can."""

    @implementer(interfaces.IHalfCloseableProtocol)
    class Half(Client):
        def readConnectionLost(self):
            self.happened.append("read end")

    service = internet.ClientService(endpoint, protocol.Factory.forProtocol(Half), float, clock)
    service.startService()
    got = results(service.whenConnected())
    watched = endpoint.succeed()
    assert interfaces.IHalfCloseableProtocol.providedBy(watched)
    watched.readConnectionLost()
    assert got[0].happened == ["made", "read end"]


@given(st.integers(0, 10_000), st.floats(0.01, 100), st.floats(1, 100), st.floats(1, 1e100))
def test_backing_off(attempt, initial, longest, factor):
    """Never longer than the longest, never shorter for more failures."""
    policy = internet.backoffPolicy(initial, longest, factor, jitter=lambda: 0.0)
    assert 0 < policy(attempt) <= longest
    assert policy(attempt + 1) >= policy(attempt)


def test_backing_off_by_default():
    """Each time half as long again, with a little chance."""
    policy = internet.backoffPolicy(jitter=lambda: 0.25)
    assert [policy(n) for n in range(3)] == [1.25, 1.75, 2.5]
    assert internet.backoffPolicy()(0) != internet.backoffPolicy()(0)


SERVERS = [
    (internet.TCPServer, (80, None), "tcpServers"),
    (internet.UNIXServer, ("name", None), "unixServers"),
    (internet.SSLServer, (443, None, None), "sslServers"),
    (internet.UDPServer, (53, None), None),
]


@pytest.mark.parametrize(("kind", "arguments", "kept"), SERVERS[:3])
def test_servers(kind, arguments, kept):
    """They listen with what they were given, at once if they have to have privileges."""
    reactor = MemoryReactorClock()
    service = kind(*arguments, reactor=reactor)
    service.privilegedStartService()
    service.startService()
    assert len(getattr(reactor, kept)) == 1
    assert getattr(reactor, kept)[0][: len(arguments)] == arguments
    stopped = service.stopService()
    assert stopped is not None
    assert service.stopService() is None
    service.startService()
    assert len(getattr(reactor, kept)) == 2


@pytest.mark.parametrize(
    ("kind", "arguments", "kept"),
    [
        (internet.TCPClient, ("host", 80, protocol.ClientFactory()), "tcpClients"),
        (internet.UNIXClient, ("name", protocol.ClientFactory()), "unixClients"),
        (internet.SSLClient, ("host", 443, protocol.ClientFactory(), None), "sslClients"),
    ],
)
def test_clients(kind, arguments, kept):
    """They connect when they are started."""
    reactor = MemoryReactorClock()
    service = kind(*arguments, reactor=reactor)
    service.privilegedStartService()
    assert getattr(reactor, kept) == []
    service.startService()
    assert getattr(reactor, kept)[0][: len(arguments)] == arguments
    service.stopService()


def test_datagrams(reactor):
    """Ports for datagrams are bound, and closed again."""
    service = internet.UDPServer(0, protocol.DatagramProtocol(), "127.0.0.1", reactor=reactor)
    service.startService()
    assert service._port.getHost().port
    service.stopService()


def test_every_kind_has_a_method():
    """Each name that is announced calls a method that reactors have."""
    names = [name for name in internet.__all__ if name.endswith(("Server", "Client"))]
    assert len(names) == 10
    for name in names:
        kind = getattr(internet, name)
        assert kind.__module__ == "twisted.application.internet"
        verb = "listen" if name.endswith("Server") else "connect"
        method = verb + kind.method
        assert any(
            method in face.names()
            for face in (
                interfaces.IReactorTCP,
                interfaces.IReactorSSL,
                interfaces.IReactorUDP,
                interfaces.IReactorMulticast,
                interfaces.IReactorUNIX,
                interfaces.IReactorUNIXDatagram,
            )
        ), method


def test_what_does_not_outlive_the_process():
    """Ports are not pickled."""
    service = internet.TCPServer(80, None, reactor=None)
    service._port = object()
    assert pickle.loads(pickle.dumps(service))._port is None
