"""Tests of `twisted.application.service`, `.internet`, `.strports` and `.reactors`."""

from __future__ import annotations

import pytest
from zope.interface.verify import verifyObject

from twisted.application import internet, reactors, service, strports
from twisted.internet import task
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import CannotListenError
from twisted.internet.protocol import Factory
from twisted.internet.testing import MemoryReactorClock, RaisingMemoryReactor
from twisted.logger import capturedLogs


def results(deferred):
    """A list that the result goes to."""
    seen = []
    deferred.addBoth(seen.append)
    return seen


class Recording(service.Service):
    """Keeps what it is told."""

    def __init__(self, stopped=None):
        self.events = []
        self.stopped = stopped

    def privilegedStartService(self):
        self.events.append("privileged")

    def startService(self):
        super().startService()
        self.events.append("start")

    def stopService(self):
        super().stopService()
        self.events.append("stop")
        return self.stopped


def test_interfaces():
    """Services are what they say."""
    verifyObject(service.IService, service.Service())
    verifyObject(service.IServiceCollection, service.MultiService())
    verifyObject(service.IProcess, service.Process(1, 2))


def test_parents():
    """A service is in one collection at a time, by its name."""
    one, other = service.MultiService(), service.MultiService()
    child = Recording()
    child.setName("child")
    child.setServiceParent(one)
    assert (list(one), one.getServiceNamed("child"), child.parent) == ([child], child, one)
    with pytest.raises(RuntimeError):
        child.setName("other")
    same = Recording()
    same.setName("child")
    with pytest.raises(RuntimeError):
        same.setServiceParent(one)
    child.setServiceParent(other)
    assert (list(one), list(other)) == ([], [child])
    with pytest.raises(KeyError):
        one.getServiceNamed("child")
    assert child.disownServiceParent() is None
    assert (child.parent, list(other)) == (None, [])


def test_together():
    """Services start in order and stop in reverse; stopping waits for all."""
    group, pending = service.MultiService(), Deferred()
    first, second = Recording(pending), Recording()
    first.setServiceParent(group)
    second.setServiceParent(group)
    group.privilegedStartService()
    group.startService()
    assert first.events == second.events == ["privileged", "start"]
    assert group.running
    assert first.running
    ended = results(group.stopService())
    assert not first.running
    assert ended == []
    pending.callback(None)
    assert len(ended) == 1


def test_late():
    """A service that comes while its collection runs is started; one that goes is stopped."""
    group = service.MultiService()
    group.startService()
    late = Recording(succeed("stopped"))
    late.setServiceParent(group)
    assert late.events == ["privileged", "start"]
    assert results(late.disownServiceParent()) == ["stopped"]
    assert late.events[-1] == "stop"


def test_error_while_stopping():
    """A service that does not stop is logged, and hinders no other."""
    group = service.MultiService()
    good = Recording()
    for child in (Recording(fail(ValueError())), good):
        child.setServiceParent(group)
    group.startService()
    with capturedLogs() as events:
        assert len(results(group.stopService())) == 1
    assert good.events[-1] == "stop"
    assert [event["log_failure"].type for event in events] == [ValueError]


def test_application():
    """An application is a collection of services, and says who it runs as."""
    application = service.Application("name", 1, 2)
    child = Recording()
    child.setServiceParent(application)
    assert list(service.IServiceCollection(application)) == [child]
    assert service.IService(application).name == "name"
    process = service.IProcess(application)
    assert (process.uid, process.gid, process.processName) == (1, 2, None)


def test_state():
    """What is kept of a service does not run."""
    running = service.Service()
    running.startService()
    assert "running" not in running.__getstate__()


def test_maker():
    """A maker imports its module when it is used."""
    maker = service.ServiceMaker("x", "no.such.module", "d", "t")
    assert (maker.name, maker.tapname, maker.description) == ("x", "t", "d")
    with pytest.raises(Exception, match="no"):
        maker.options


# Services that listen


class Port:
    """A port."""

    closed = False

    def stopListening(self):
        self.closed = True
        return succeed("closed")


class Endpoint:
    """An endpoint whose result is up to a test."""

    def __init__(self):
        self.cancelled = []
        self.result = Deferred(self.cancelled.append)
        self.factories = []

    def listen(self, factory):
        self.factories.append(factory)
        return self.result


def test_listening():
    """A service listens once, when it is started, and closes its port when it is stopped."""
    endpoint, port = Endpoint(), Port()
    listening = internet.StreamServerEndpointService(endpoint, "factory")
    listening.privilegedStartService()
    listening.startService()
    assert endpoint.factories == ["factory"]
    endpoint.result.callback(port)
    assert results(listening.stopService()) == ["closed"]
    assert port.closed


def test_stopped_while_beginning():
    """A service that is stopped before it listens gives up."""
    endpoint = Endpoint()
    listening = internet.StreamServerEndpointService(endpoint, "factory")
    listening.startService()
    with capturedLogs() as events:
        assert results(listening.stopService()) == [None]
    assert len(endpoint.cancelled) == 1
    assert events == []
    assert results(listening.stopService()) == [None]


def test_listening_fails():
    """A service that cannot listen is logged, or raises at once if it was made from a string."""
    endpoint = Endpoint()
    listening = internet.StreamServerEndpointService(endpoint, "factory")
    listening.startService()
    with capturedLogs() as events:
        endpoint.result.errback(ValueError())
    assert [event["log_failure"].type for event in events] == [ValueError]
    reactor = RaisingMemoryReactor(CannotListenError("", 80, OSError()))
    raising = strports.service("tcp:80", Factory(), reactor)
    with pytest.raises(CannotListenError):
        raising.startService()


def test_strports(monkeypatch):
    """A string says where to listen, now or when the service is started."""
    reactor = MemoryReactorClock()
    factory = Factory()
    strports.service("tcp:80", factory, reactor).startService()
    assert reactor.tcpServers == [(80, factory, 50, "")]
    monkeypatch.setattr(strports, "currentReactor", lambda reactor_=None: reactor)
    assert strports.listen("tcp:81", factory).getHost().port == 81
    with pytest.raises(ValueError, match="nothing"):
        strports.listen("nothing:1", factory)
    failing = RaisingMemoryReactor(KeyError())
    monkeypatch.setattr(strports, "currentReactor", lambda reactor_=None: failing)
    with pytest.raises(KeyError):
        strports.listen("tcp:80", factory)


# Other services


def test_timer():
    """A function is called each interval while the service runs; stopping waits for a call."""
    clock, calls, pending = task.Clock(), [], Deferred()
    timer = internet.TimerService(2, lambda x, y: calls.append((x, y)) or pending, 1, y=2)
    timer.clock = clock
    timer.startService()
    clock.advance(10)
    assert calls == [(1, 2)]
    ended = results(timer.stopService())
    assert ended == []
    pending.callback(None)
    assert len(ended) == 1
    assert clock.getDelayedCalls() == []


def test_timer_fails():
    """A function that fails is logged, and called no more."""
    clock = task.Clock()
    timer = internet.TimerService(1, lambda: 1 / 0)
    timer.clock = clock
    with capturedLogs() as events:
        timer.startService()
    assert [event["log_failure"].type for event in events] == [ZeroDivisionError]
    assert not timer.running
    assert len(results(timer.stopService())) == 1


def test_cooperation():
    """Iterators are taken step by step while the service runs."""
    cooperating = internet.CooperatorService()
    ended = results(cooperating.coiterate(iter([])))
    assert not cooperating.coop.running
    cooperating.coop._scheduler = lambda step: step()
    cooperating.startService()
    cooperating.stopService()
    assert len(ended) == 1


def test_reactors():
    """Reactors are known by name; others are an error that says so."""
    found = {installer.shortName: installer for installer in reactors.getReactorTypes()}
    assert {"default", "epoll", "poll", "select"} <= set(found)
    verifyObject(reactors.IReactorInstaller, found["epoll"])
    with pytest.raises(reactors.NoSuchReactor, match="nothing"):
        reactors.installReactor("nothing")
