"""Tests of `twisted.spread.pool`."""

from __future__ import annotations

from typing import Any

import pytest

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from twisted.spread import pb
from twisted.spread.pool import NoWorkers, WorkerPool
from twisted.spread.service import PBClientService
from twisted.test.iosim import FakeTransport, connect


class Server(pb.Root):
    """A server in memory; also the endpoint that leads to it."""

    def __init__(self, name):
        self.name = name
        self.calls: list[Deferred[Any]] = []
        self.pumps: list[Any] = []
        self.brokers: list[Any] = []

    def remote_name(self):
        return self.name

    def remote_slow(self):
        self.calls.append(Deferred())
        return self.calls[-1]

    def connect(self, factory):
        server = pb.PBServerFactory(self).buildProtocol(None)
        client = factory.buildProtocol(None)
        ends = FakeTransport(server, True), client, FakeTransport(client, False)
        self.pumps.append(connect(server, *ends, greet=False))
        self.brokers.append(server)
        return succeed(client)


class Farm:
    """A pool, and the servers that its registry knows."""

    def __init__(self, *names):
        self.clock = Clock()
        self.servers = {name: Server(name) for name in "abcd"}
        self.known: Any = list(names)
        self.pool = WorkerPool(self.find, self.connect, clock=self.clock)

    async def find(self):
        return self.known

    def connect(self, name):
        return PBClientService(
            self.servers[name], clock=self.clock, retryPolicy=lambda attempt: 1.0
        )

    def flush(self):
        for _ in range(4):
            for server in self.servers.values():
                for pump in server.pumps:
                    pump.flush()

    def look(self):
        """Let the pool ask its registry."""
        self.clock.advance(1)
        self.flush()

    def kill(self, name):
        """End the connections of a server, and forget it."""
        self.known.remove(name)
        for broker in self.servers[name].brokers:
            broker.transport.loseConnection()
        self.flush()


@pytest.fixture
def farm():
    farms = []

    def start(*names):
        made = Farm(*names)
        made.pool.startService()
        made.flush()
        farms.append(made)
        return made

    yield start
    for made in farms:
        made.pool.stopService()
        made.flush()


def results(farm, calls):
    """The results of calls, as far as there are any."""
    farm.flush()
    found: list[Any] = []
    for call in calls:
        call.addBoth(found.append)
    return found


def test_spread(farm):
    """Calls go to all servers, to the least busy first."""
    made = farm("a", "b", "c")
    assert sorted(made.pool.connected) == ["a", "b", "c"]
    names = results(made, [made.pool.callRemote("name") for _ in range(9)])
    assert sorted(names) == ["a"] * 3 + ["b"] * 3 + ["c"] * 3
    slow = [made.pool.callRemote("slow") for _ in range(2)]
    made.flush()
    (idle,) = (name for name, server in made.servers.items() if name < "d" and not server.calls)
    assert results(made, [made.pool.callRemote("name")]) == [idle]
    for server in made.servers.values():
        for call in server.calls:
            call.callback("done")
    assert results(made, slow) == ["done", "done"]


def test_new_servers(farm):
    """A server that comes is used."""
    made = farm("a")
    made.known.append("b")
    made.look()
    names = results(made, [made.pool.callRemote("name") for _ in range(2)])
    assert sorted(names) == ["a", "b"]


def test_lost_server(farm):
    """A call whose server is lost fails, and is made again elsewhere if it may be."""
    made = farm("a", "b")
    plain = [made.pool.callRemote("slow") for _ in range(2)]
    again = [made.pool.retrying().callRemote("slow") for _ in range(2)]
    made.flush()
    made.kill("a")
    assert len(made.servers["b"].calls) == 3
    for call in made.servers["b"].calls:
        call.callback("done")
    failed, done = sorted(results(made, plain), key=lambda each: each == "done")
    assert failed.check(pb.PBConnectionLost)
    assert done == "done"
    assert results(made, again) == ["done", "done"]


def test_leaving_server(farm):
    """A server that leaves gets no more calls, and those that it has are waited for."""
    made = farm("a", "b")
    slow = [made.pool.callRemote("slow") for _ in range(2)]
    made.flush()
    made.known.remove("a")
    made.look()
    assert results(made, [made.pool.callRemote("name") for _ in range(3)]) == ["b"] * 3
    made.servers["a"].calls[0].callback("done")
    made.servers["b"].calls[0].callback("done")
    assert results(made, slow) == ["done", "done"]
    made.flush()
    assert made.servers["a"].brokers[0].disconnected


def test_leaving_server_that_hangs(farm):
    """The calls of a server that leaves and does not finish them fail after some time."""
    made = farm("a")
    call = made.pool.callRemote("slow")
    made.flush()
    made.known.remove("a")
    made.look()
    assert not call.called
    made.clock.advance(made.pool.leaveTime)
    (failure,) = results(made, [call])
    assert failure.check(pb.PBConnectionLost)


def test_waiting_for_a_server(farm):
    """A call waits for a server to come."""
    made = farm()
    call = made.pool.callRemote("name")
    made.known.append("a")
    made.look()
    assert results(made, [call]) == ["a"]


def test_no_servers(farm):
    """A call for which no server comes fails, and not too many wait."""
    made = farm()
    made.pool.maxWaiting = 2
    calls = [made.pool.callRemote("name") for _ in range(3)]
    (refused,) = results(made, calls[2:])
    assert refused.check(NoWorkers)
    made.clock.advance(made.pool.patience)
    assert all(failure.check(NoWorkers) for failure in results(made, calls[:2]))
    assert not made.pool._waiting


def test_cancelled_while_waiting(farm):
    """A call that waits can be cancelled."""
    made = farm()
    call = made.pool.callRemote("name")
    call.cancel()
    (failure,) = results(made, [call])
    assert failure.check(CancelledError, NoWorkers)
    assert not made.pool._waiting


def test_stopped(farm):
    """When the pool stops, calls that wait fail, and so do those that come."""
    made = farm()
    call = made.pool.callRemote("name")
    made.pool.stopService()
    later = made.pool.callRemote("name")
    assert all(failure.check(NoWorkers) for failure in results(made, [call, later]))


def test_stopped_amid_calls(farm):
    """When the pool stops, calls that were not answered fail, those of servers that leave, too."""
    made = farm("a", "b")
    calls = [made.pool.callRemote("slow") for _ in range(2)]
    made.flush()
    made.known.remove("a")
    made.look()
    stopping = made.pool.stopService()
    made.flush()
    assert stopping.called
    assert all(failure.check(pb.PBConnectionLost) for failure in results(made, calls))
    assert not made.clock.getDelayedCalls()


def test_registry_that_fails(farm):
    """While the registry does not answer, the servers are kept."""
    made = farm("a")
    made.pool._find = lambda: 1 / 0
    with capturedLogs() as events:
        made.look()
    assert events[0]["log_failure"].check(ZeroDivisionError)
    assert results(made, [made.pool.callRemote("name")]) == ["a"]


def test_server_that_comes_back(farm):
    """A server whose connection was lost is used again once it is there."""
    made = farm("a")
    made.kill("a")
    made.known.append("a")
    call = made.pool.callRemote("name")
    for _ in range(3):
        made.look()
    assert results(made, [call]) == ["a"]


def test_calls_at_once(farm):
    """A server gets so many calls at a time; the others wait until one has ended."""
    made = farm("a")
    made.pool.callsAtOnce = 2
    calls = [made.pool.callRemote("slow") for _ in range(5)]
    made.flush()
    for expected in (2, 4, 5):
        assert len(made.servers["a"].calls) == expected
        for call in made.servers["a"].calls:
            if not call.called:
                call.callback(expected)
        made.flush()
        made.flush()
    assert results(made, calls) == [2, 2, 4, 4, 5]
