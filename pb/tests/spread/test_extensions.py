"""Tests of what Perspective Broker has here alone: metrics, interfaces, clients that reconnect."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from zope.interface import implementer

from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from twisted.cred.credentials import UsernamePassword
from twisted.cred.portal import IRealm, Portal
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from twisted.spread import pb
from twisted.spread._pb._typed import matches
from twisted.spread.service import PBClientService
from twisted.test.iosim import FakeTransport, connect


class Root(pb.Root):
    def __init__(self):
        self.calls: list[Deferred[Any]] = []

    def remote_echo(self, value):
        return value

    def remote_slow(self):
        self.calls.append(Deferred())
        return self.calls[-1]


# Metrics


def test_metrics(pair):
    """Calls are counted by method: those that have ended, failed, and are under way."""
    times = iter(range(100))
    factory = pb.PBServerFactory(Root())
    factory.metrics = metrics = pb.CallMetrics(clock=lambda: float(next(times)))
    connected = pair(None, serverFactory=factory)
    connected.call("echo", 1)
    connected.call("echo", {1})
    slow = connected.root.callRemote("slow")
    with capturedLogs():
        connected.failure(connected.root.callRemote("nothing"))
    methods = metrics.methods
    assert (methods["echo"].count, methods["echo"].failed, methods["echo"].seconds) == (2, 0, 2.0)
    assert methods["slow"].underWay == 1
    assert methods["nothing"].failed == 1
    factory.root.calls[0].callback(None)
    connected.now(slow)
    assert (methods["slow"].underWay, methods["slow"].count) == (0, 1)
    text = metrics.prometheusText()
    assert 'twisted_pb_calls_total{method="echo"} 2\n' in text
    assert 'twisted_pb_calls_failed_total{method="nothing"} 1\n' in text
    assert 'twisted_pb_call_seconds_bucket{method="echo",le="1.0"} 2\n' in text
    assert 'twisted_pb_call_seconds_sum{method="echo"} 2.0\n' in text


def test_metrics_are_bounded():
    """Names that clients make up are counted together from some number on."""
    metrics = pb.CallMetrics()
    for number in range(2000):
        metrics.begin(None, f'made up "{number}"\n').end()
    assert len(metrics.methods) == metrics.maxMethods + 1
    assert metrics.methods["(others)"].count == 1500
    assert 'method="made up \\"0\\"\\n"' in metrics.prometheusText()


# Interfaces


class Calculator(pb.RemoteInterface):
    """Calculates."""

    async def add(self, a: int, b: int = 0) -> int:
        """The sum."""
        raise NotImplementedError

    async def total(self, *numbers: float, **named: float) -> float:
        raise NotImplementedError

    async def wrong(self) -> str:
        raise NotImplementedError


@pb.serves(Calculator)
class ServedCalculator(pb.Root):
    def remote_add(self, a, b=0):
        return a + b

    def remote_total(self, *numbers, **named):
        return sum(numbers) + sum(named.values())

    async def remote_wrong(self):
        return 5

    def remote_other(self):
        return "not in the interface"


@pytest.fixture
def calculator(pair):
    connected = pair(ServedCalculator())
    return connected, Calculator(connected.root)


def test_interface(calculator):
    """Methods of an interface are called as methods of an object here."""
    connected, remote = calculator
    assert connected.now(remote.add(1, b=2)) == 3
    assert connected.now(remote.total(1, 2.5, more=1)) == 4.5


@pytest.mark.parametrize(
    ("args", "kw"), [((), {}), (("a",), {}), ((1, 2, 3), {}), ((1,), {"c": 1}), ((True,), {})]
)
def test_wrong_arguments_are_not_sent(calculator, args, kw):
    """The caller looks at the arguments."""
    connected, remote = calculator
    failure = connected.failure(remote.add(*args, **kw))
    assert type(failure.value) is pb.InvalidCall


@pytest.mark.parametrize(
    ("name", "args"), [("add", ("a",)), ("add", ()), ("total", (1, "b")), ("add", (1, None))]
)
def test_wrong_arguments_are_not_taken(calculator, name, args):
    """The side that is called looks at the arguments, too, and logs nothing."""
    connected, _ = calculator
    with capturedLogs() as events:
        failure = connected.failure(connected.root.callRemote(name, *args))
    assert failure.check(pb.InvalidCall)
    assert not events


def test_wrong_results(calculator):
    """A result of another type makes the call fail."""
    connected, remote = calculator
    assert connected.failure(remote.wrong()).check(pb.InvalidCall)


def test_methods_outside(calculator):
    """A method that is not in the interface cannot be called."""
    connected, _ = calculator
    with capturedLogs():
        assert connected.failure(connected.root.callRemote("other")).check(pb.NoSuchMethod)


def test_served_as_described():
    """A class that does not have the methods of the interface is refused when it is made."""
    with pytest.raises(TypeError, match="no remote_add"):
        pb.serves(Calculator)(type("Empty", (pb.Root,), {}))

    class Different(ServedCalculator):
        def remote_add(self, x):
            return x

    with pytest.raises(TypeError, match="parameters"):
        pb.serves(Calculator)(Different)


@pytest.mark.parametrize(
    ("value", "annotation", "right"),
    [
        (1, Any, True),
        (None, None, True),
        (1, None, False),
        (1, float, True),
        (True, float, False),
        ("a", str | None, True),
        (b"a", str | None, False),
        ([1], list[int], True),
        (["a"], list[int], False),
        ({"a": [1]}, dict[str, list[int]], True),
        ({1: [1]}, dict[str, list[int]], False),
        ((1, "a"), tuple[int, str], True),
        ((1,), tuple[int, str], False),
        ((1, 2, 3), tuple[int, ...], True),
        ("a", Literal["a", "b"], True),
        ("c", Literal["a", "b"], False),
        ({1}, set[int], True),
        ([1], list, True),
    ],
)
def test_types(value, annotation, right):
    """A value is of the type of an annotation, or is not."""
    assert matches(value, annotation) is right


# Clients that connect again


class User(pb.Avatar):
    def perspective_name(self):
        return "ann"


@implementer(IRealm)
class Realm:
    logins = 0

    def requestAvatar(self, avatarId, mind, *interfaces):
        self.logins += 1
        return pb.IPerspective, User(), lambda: None


class FakeEndpoint:
    """Connects to brokers of a server in memory."""

    def __init__(self, factory):
        self.factory = factory
        self.pumps = []
        self.brokers = []

    def connect(self, factory):
        server = self.factory.buildProtocol(None)
        client = factory.buildProtocol(None)
        pump = connect(
            server, FakeTransport(server, True), client, FakeTransport(client, False), greet=False
        )
        self.pumps.append(pump)
        self.brokers.append(server)
        return succeed(client)

    def flush(self):
        """Carry all octets."""
        for _ in range(3):
            for pump in self.pumps:
                pump.flush()

    def cut(self):
        """End all connections from the side of the server."""
        for broker in self.brokers:
            broker.transport.loseConnection()
        self.brokers.clear()
        self.flush()
        self.pumps.clear()


@pytest.fixture
def served():
    """A service that runs, its endpoint, and its clock."""
    services = []

    def start(root, **kw):
        endpoint, clock = FakeEndpoint(pb.PBServerFactory(root)), Clock()
        service = PBClientService(endpoint, clock=clock, retryPolicy=lambda attempt: 1.0, **kw)
        service.startService()
        endpoint.flush()
        services.append((service, endpoint))
        return service, endpoint, clock

    yield start
    for service, endpoint in services:
        service.stopService()
        endpoint.flush()


def result(deferred):
    results = []
    deferred.addBoth(results.append)
    return results[0] if results else None


def test_service(served):
    """Calls go to the root of the connection that there is."""
    service, endpoint, clock = served(Root())
    call = service.callRemote("echo", 1)
    endpoint.flush()
    assert result(call) == 1
    endpoint.cut()
    assert service.reference is None
    later = service.callRemote("echo", 2)
    endpoint.flush()
    assert not later.called
    clock.advance(1)
    endpoint.flush()
    assert result(later) == 2


def test_service_logs_in_again(served):
    """On each connection the client logs in."""
    portal = Portal(Realm(), [InMemoryUsernamePasswordDatabaseDontUse(ann=b"secret")])
    service, endpoint, clock = served(portal, credentials=UsernamePassword(b"ann", b"secret"))
    for logins in (1, 2, 3):
        call = service.callRemote("name")
        endpoint.flush()
        assert result(call) == "ann"
        assert portal.realm.logins == logins
        endpoint.cut()
        clock.advance(1)
        endpoint.flush()


def test_service_that_is_refused(served):
    """A login that is refused counts as a connection that has failed."""
    portal = Portal(Realm(), [InMemoryUsernamePasswordDatabaseDontUse(ann=b"secret")])
    with capturedLogs():
        service, endpoint, clock = served(portal, credentials=UsernamePassword(b"ann", b"x"))
        ready = service.whenReady(failAfterFailures=1)
        clock.advance(1)
        endpoint.flush()
    assert result(ready) is not None
    assert portal.realm.logins == 0


def test_service_whose_server_says_nothing(served):
    """A server that does not greet is given up after a time."""
    service, endpoint, clock = served(Root())
    endpoint.cut()

    class Silent(pb.Broker):
        def connectionMade(self):
            pass

    endpoint.factory.protocol = Silent
    clock.advance(1)
    ready = service.whenReady(failAfterFailures=1)
    endpoint.flush()
    clock.advance(service.loginTimeout)
    endpoint.flush()
    assert result(ready) is not None
    assert service.reference is None


def test_retrying(served):
    """A call that does no harm twice is made again on the next connection, a few times."""
    root = Root()
    service, endpoint, clock = served(root)
    plain, again = service.callRemote("slow"), service.retrying(2).callRemote("slow")
    endpoint.flush()
    endpoint.cut()
    assert result(plain).check(pb.PBConnectionLost)
    clock.advance(1)
    endpoint.flush()
    assert len(root.calls) == 3
    root.calls[-1].callback("done")
    endpoint.flush()
    assert result(again) == "done"


def test_retrying_ends(served):
    """After so many attempts the call fails, and visibly."""
    service, endpoint, clock = served(Root())
    again = service.retrying(2).callRemote("slow")
    for _ in range(2):
        endpoint.flush()
        endpoint.cut()
        clock.advance(1)
        endpoint.flush()
    assert result(again).check(pb.PBConnectionLost)
