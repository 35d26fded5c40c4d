"""What knows without asking, and what asks others: hosts, caches, chains, functions, services."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from zope.interface.verify import verifyClass, verifyObject

from twisted.internet.address import HostnameAddress, IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, TimeoutError, fail, succeed
from twisted.internet.error import DNSLookupError, ServiceNameUnknownError
from twisted.internet.interfaces import IHostnameResolver, IResolver
from twisted.internet.protocol import ClientFactory, Protocol
from twisted.internet.selectreactor import SelectReactor
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactor
from twisted.names import cache, client, common, dns, hosts, resolve, srvconnect
from twisted.names.error import (
    AuthoritativeDomainError,
    DNSNameError,
    DNSUnknownError,
    DomainError,
)
from twisted.python.failure import Failure


def results(looked: Deferred[Any]) -> list[Any]:
    """What a look-up gives, once it gives it."""
    found: list[Any] = []
    looked.addBoth(found.append)
    return found


def a(name: bytes, address: str = "192.0.2.1", ttl: int = 60) -> dns.RRHeader:
    return dns.RRHeader(name, dns.A, ttl=ttl, payload=dns.Record_A(address, ttl))


def soa(ttl: int = 100, minimum: int = 30) -> dns.RRHeader:
    payload = dns.Record_SOA(b"a", b"b", minimum=minimum)
    return dns.RRHeader(b"example", dns.SOA, ttl=ttl, payload=payload)


class Fixed(common.ResolverBase):
    """
    A resolver that always gives the same.

    @ivar asked: what it was asked for.
    """

    def __init__(self, outcome: Any) -> None:
        super().__init__()
        self.outcome = outcome
        self.asked: list[tuple[bytes, int]] = []

    def _lookup(self, name: bytes, cls: int, type: int, timeout: Any) -> Any:
        self.asked.append((name, type))
        if isinstance(self.outcome, dict):
            return succeed((self.outcome.get((name, type), []), [], []))
        return fail(self.outcome) if isinstance(self.outcome, Exception) else succeed(self.outcome)


QUERY = dns.Query(b"www.example", dns.A)


@pytest.mark.parametrize(
    "kind",
    [
        cache.CacheResolver,
        client.Resolver,
        client.HTTPSResolver,
        client.TLSResolver,
        common.ResolverBase,
        hosts.Resolver,
        resolve.ResolverChain,
    ],
)
def test_interface(kind: type[Any]) -> None:
    """All resolvers do what the interface says."""
    assert verifyClass(IResolver, kind)


def test_module_is_a_resolver() -> None:
    """The module itself is a resolver."""
    assert verifyObject(IResolver, client)


class TestCache:
    """A cache."""

    def setup_method(self) -> None:
        self.clock = Clock()
        self.cache = cache.CacheResolver(reactor=self.clock)

    def test_forgets(self) -> None:
        """Answers are kept for as long as the shortest lived, and then no timer is left."""
        self.cache.cacheResult(QUERY, ([a(b"www.example", ttl=10)], [], [a(b"x", ttl=5)]))
        self.clock.advance(4)
        [(answers, _, additional)] = results(self.cache.query(QUERY))
        assert (answers[0].ttl, additional[0].ttl) == (6, 1)
        assert answers[0].cachedResponse
        self.clock.advance(1)
        assert QUERY not in self.cache
        assert results(self.cache.query(QUERY))[0].check(DomainError)
        assert self.clock.getDelayedCalls() == []

    def test_case_does_not_matter(self) -> None:
        """Names are the same in upper and lower case."""
        self.cache.cacheResult(QUERY, ([a(b"www.example")], [], []))
        assert len(results(self.cache.lookupAddress("WWW.Example"))[0][0]) == 1

    def test_nothing_there(self) -> None:
        """That there are no such records is kept for as long as the zone says (RFC 2308)."""
        self.cache.cacheResult(QUERY, ([], [soa(ttl=100, minimum=30)], []))
        self.clock.advance(29)
        assert QUERY in self.cache
        self.clock.advance(2)
        assert QUERY not in self.cache

    def test_missing_name(self) -> None:
        """That there is no such name is kept, too, if the zone says for how long."""
        self.cache.cacheMissing(QUERY, [soa(ttl=20, minimum=30)])
        assert results(self.cache.query(QUERY))[0].check(DNSNameError)
        self.clock.advance(22)
        assert QUERY not in self.cache
        self.cache.cacheMissing(QUERY, [])
        self.cache.cacheMissing(QUERY, [soa(minimum=0)])
        assert QUERY not in self.cache

    def test_bounds(self) -> None:
        """The oldest of too many entries goes; nothing is kept for more than a day."""
        self.cache.mostEntries = 10
        queries = [dns.Query(b"%d.example" % i, dns.A) for i in range(100)]
        for query in queries:
            self.cache.cacheResult(query, ([a(query.name.name, ttl=1 << 31)], [], []))
        assert len(self.cache.cache) == 10
        assert queries[-1] in self.cache
        for _ in range(100):
            self.cache.cacheResult(queries[-1], ([a(b"x")], [], []))
        assert len(self.cache._ends) < 60
        self.clock.advance(86_401)
        assert self.cache.cache == {}

    def test_earlier_ends(self) -> None:
        """What ends before all others is removed in time."""
        self.cache.cacheResult(QUERY, ([a(b"www.example", ttl=100)], [], []))
        other = dns.Query(b"other.example", dns.A)
        self.cache.cacheResult(other, ([a(b"other.example", ttl=5)], [], []))
        self.clock.advance(5)
        assert list(self.cache.cache) == [QUERY]

    def test_all_records(self) -> None:
        """Nothing is known to be all that there is."""
        assert results(self.cache.lookupAllRecords("www.example"))[0].check(DomainError)


class TestChain:
    """Resolvers in a row."""

    def test_in_turn(self) -> None:
        """The next one is asked what the one before does not know."""
        first, second = Fixed(DomainError()), Fixed(([a(b"www.example")], [], []))
        chain = resolve.ResolverChain([first, second])
        assert len(results(chain.query(QUERY))[0][0]) == 1
        assert first.asked == second.asked == [(b"www.example", dns.A)]
        assert len(results(chain.lookupAllRecords("www.example"))[0][0]) == 1

    def test_last_word(self) -> None:
        """Who is authoritative has the last word."""
        second = Fixed(([a(b"www.example")], [], []))
        chain = resolve.ResolverChain([Fixed(AuthoritativeDomainError()), second])
        assert results(chain.query(QUERY))[0].check(AuthoritativeDomainError)
        assert second.asked == []

    def test_timeouts_go_on(self) -> None:
        """A resolver that gets no answer is followed by the next."""
        chain = resolve.ResolverChain([Fixed(TimeoutError()), Fixed(([], [], []))])
        assert results(chain.query(QUERY)) == [([], [], [])]

    def test_cache_learns(self) -> None:
        """A cache is told what those behind it find out, and they are not asked again."""
        clock = Clock()
        known = cache.CacheResolver(reactor=clock)
        last = Fixed(([a(b"www.example", ttl=100)], [], []))
        chain = resolve.ResolverChain([known, last])
        for _ in range(3):
            assert len(results(chain.query(QUERY))[0][0]) == 1
        assert len(last.asked) == 1
        # Looking up anew before the end is off unless it is asked for.
        clock.advance(95)
        chain.query(QUERY)
        assert len(last.asked) == 1
        known.prefetch = 0.1
        chain.query(QUERY)
        assert len(last.asked) == 2
        clock.advance(50)
        assert QUERY in known

    def test_cache_learns_what_is_missing(self) -> None:
        """A cache is told that a name does not exist."""
        message = dns.Message(rCode=dns.ENAME)
        message.authority = [soa()]
        last = Fixed(DNSNameError(message))
        chain = resolve.ResolverChain([cache.CacheResolver(reactor=Clock()), last])
        for _ in range(3):
            assert results(chain.query(QUERY))[0].check(DNSNameError)
        assert len(last.asked) == 1

    def test_nobody(self) -> None:
        """Without resolvers nothing is known."""
        assert results(resolve.ResolverChain([]).query(QUERY))[0].check(DomainError)


class TestHosts:
    """A file of hosts."""

    def test_addresses(self, tmp_path: Path) -> None:
        """Names and aliases have the addresses of their lines, whatever else is there."""
        path = tmp_path / "hosts"
        path.write_bytes(
            b"192.0.2.1 www.Example www # www3\n::1%lo www\n\xff www\n\n192.0.2.2\twww\n"
        )
        resolver = hosts.Resolver(str(path), ttl=7)
        [(answers, _, _)] = results(resolver.lookupAddress("WWW"))
        assert [h.payload.dottedQuad() for h in answers] == ["192.0.2.1", "192.0.2.2"]
        assert answers[0].ttl == 7
        assert len(results(resolver.lookupIPV6Address("www"))[0][0]) == 1
        assert results(resolver.getHostByName("www")) == ["192.0.2.1"]
        assert results(resolver.lookupAddress("www3"))[0].check(DomainError)
        assert hosts.searchFileFor(str(path), b"www.example") == "192.0.2.1"

    def test_no_file(self, tmp_path: Path) -> None:
        """A file that is not there knows nothing."""
        assert hosts.searchFileFor(str(tmp_path / "none"), b"www") is None


class TestCommon:
    """What resolvers share."""

    def test_modern_types(self) -> None:
        """Types without a method of their own can be asked for."""
        resolver = Fixed(([], [], []))
        resolver.query(dns.Query(b"www.example", dns.HTTPS))
        assert resolver.asked == [(b"www.example", dns.HTTPS)]

    @pytest.mark.parametrize("kind", sorted(common.typeToMethod))
    def test_methods(self, kind: int) -> None:
        """Each method asks for its type."""
        resolver = Fixed(([], [], []))
        getattr(resolver, common.typeToMethod[kind])("www.example")
        assert resolver.asked == [(b"www.example", kind)]

    def test_one_address(self) -> None:
        """One address is IPv4 if there is any, else IPv6, also behind aliases."""
        v6 = dns.RRHeader(b"six.example", dns.AAAA, payload=dns.Record_AAAA("::6"))
        alias = dns.RRHeader(b"alias.example", dns.CNAME, payload=dns.Record_CNAME(b"six.example"))
        far = dns.RRHeader(b"far.example", dns.CNAME, payload=dns.Record_CNAME(b"four.example"))
        loop = dns.RRHeader(b"loop.example", dns.CNAME, payload=dns.Record_CNAME(b"loop.example"))
        resolver = Fixed(
            {
                (b"four.example", dns.A): [a(b"four.example")],
                (b"six.example", dns.AAAA): [v6],
                (b"alias.example", dns.AAAA): [alias, v6],
                (b"far.example", dns.A): [far],
                (b"loop.example", dns.A): [loop],
                (b"loop.example", dns.AAAA): [loop],
            }
        )
        assert results(resolver.getHostByName("four.example")) == ["192.0.2.1"]
        assert results(resolver.getHostByName("six.example")) == ["::6"]
        assert results(resolver.getHostByName("alias.example")) == ["::6"]
        assert results(resolver.getHostByName("far.example")) == ["192.0.2.1"]
        for name in ("none.example", "loop.example"):
            assert results(resolver.getHostByName(name))[0].check(DNSNameError)
        assert results(Fixed(DomainError()).getHostByName("x"))[0].check(DomainError)

    def test_codes(self) -> None:
        """A code that has no error of its own has one all the same."""
        assert common.ResolverBase().exceptionForCode(99) is DNSUnknownError


class TestFunctions:
    """The functions of the module."""

    def test_they_ask_the_resolver(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each calls the method of the same name."""
        resolver = Fixed({(b"www.example", dns.A): [a(b"www.example")]})
        monkeypatch.setattr(client, "theResolver", resolver)
        for kind, name in common.typeToMethod.items():
            getattr(client, name)("www.example", timeout=3)
            assert resolver.asked[-1] == (b"www.example", kind)
            assert getattr(client, name).__name__ == name
        client.query(dns.Query(b"x.example", dns.CAA))
        assert resolver.asked[-1] == (b"x.example", dns.CAA)
        assert results(client.getHostByName("www.example")) == ["192.0.2.1"]


class _Receiver:
    """Notes what a look-up of a host reports."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    def resolutionBegan(self, resolution: Any) -> None:
        self.resolution = resolution

    def addressResolved(self, address: Any) -> None:
        self.events.append(address)

    def resolutionComplete(self) -> None:
        self.events.append(None)


class TestHostnames:
    """Names of hosts for the reactor."""

    def test_both_kinds(self) -> None:
        """All addresses of both kinds are reported, also those behind aliases."""
        alias = dns.RRHeader(b"www.example", dns.CNAME, payload=dns.Record_CNAME(b"w.example"))
        six = dns.RRHeader(b"w.example", dns.AAAA, payload=dns.Record_AAAA("::6"))
        foreign = a(b"other.example", "192.0.2.9")
        resolver = client.HostnameResolver(
            Fixed(
                {
                    (b"www.example", dns.A): [alias, a(b"w.example"), foreign],
                    (b"www.example", dns.AAAA): [alias, six],
                }
            )
        )
        assert verifyObject(IHostnameResolver, resolver)
        receiver = _Receiver()
        resolver.resolveHostName(receiver, "www.example", 80)  # type: ignore[arg-type]
        assert receiver.events == [
            IPv4Address("TCP", "192.0.2.1", 80),
            IPv6Address("TCP", "::6", 80),
            None,
        ]
        assert receiver.resolution.name == "www.example"
        receiver = _Receiver()
        resolver.resolveHostName(  # type: ignore[arg-type]
            receiver, "www.example", 53, [IPv6Address], "UDP"
        )
        assert receiver.events == [IPv6Address("UDP", "::6", 53), None]

    def test_failure(self) -> None:
        """A look-up that fails finds no address."""
        receiver = _Receiver()
        failing = client.HostnameResolver(Fixed(DNSNameError()))
        failing.resolveHostName(receiver, "www.example")  # type: ignore[arg-type]
        assert receiver.events == [None]

    def test_cancelling(self) -> None:
        """A look-up that is cancelled reports nothing but its end."""
        waiting: Deferred[Any] = Deferred()

        class Slow(common.ResolverBase):
            def _lookup(self, *args: Any) -> Any:
                return waiting if not waiting.called else succeed(([], [], []))

        receiver = _Receiver()
        slow = client.HostnameResolver(Slow())
        slow.resolveHostName(  # type: ignore[arg-type]
            receiver, "www.example", 0, [IPv4Address]
        ).cancel()
        assert receiver.events == [None]

    def test_reactor(self) -> None:
        """A reactor can be given the resolver, and asks it when it connects."""
        from twisted.internet.endpoints import HostnameEndpoint
        from twisted.internet.testing import MemoryReactorClock

        reactor = MemoryReactorClock()
        known = Fixed({(b"www.example", dns.A): [a(b"www.example", "192.0.2.7")]})
        reactor.installNameResolver(client.HostnameResolver(known))
        HostnameEndpoint(reactor, "www.example", 80).connect(ClientFactory())
        assert reactor.tcpClients[0][:2] == ("192.0.2.7", 80)

    def test_older_way(self) -> None:
        """A resolver that is installed is asked for hosts, with IPv4 addresses."""
        reactor = SelectReactor()
        known = Fixed({(b"www.example", dns.A): [a(b"www.example", "192.0.2.7")]})
        reactor.installResolver(known)
        assert results(reactor.resolve("www.example")) == ["192.0.2.7"]
        receiver = _Receiver()
        reactor.nameResolver.resolveHostName(receiver, "www.example", 80)
        assert receiver.events == [IPv4Address("TCP", "192.0.2.7", 80), None]
        waker = reactor.waker
        reactor.removeReader(waker)
        waker.connectionLost(None)


class _Factory(ClientFactory):
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Any, Failure]] = []

    def buildProtocol(self, addr: object) -> Protocol:
        return Protocol()

    def clientConnectionFailed(self, connector: Any, reason: Failure) -> None:
        self.told.append(("failed", connector, reason))

    def clientConnectionLost(self, connector: Any, reason: Failure) -> None:
        self.told.append(("lost", connector, reason))


class TestServices:
    """Connections to services."""

    def connector(
        self, monkeypatch: pytest.MonkeyPatch, outcome: Any, **options: Any
    ) -> srvconnect.SRVConnector:
        if isinstance(outcome, list):
            records = [dns.RRHeader(b"x", dns.SRV, payload=record) for record in outcome]
            outcome = (records, [], [])
        self.resolver = Fixed(outcome)
        monkeypatch.setattr(client, "theResolver", self.resolver)
        self.reactor = MemoryReactor()
        self.factory = _Factory()
        return srvconnect.SRVConnector(
            self.reactor, "xmpp-client", "example.org", self.factory, **options
        )

    def tried(self) -> list[tuple[str, Any]]:
        return [(host, port) for host, port, *_ in self.reactor.tcpClients]

    def test_places(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Places are tried by priority; what becomes of them is told with this connector."""
        connector = self.connector(
            monkeypatch, [dns.Record_SRV(20, 0, 2, b"b"), dns.Record_SRV(10, 0, 1, b"a")]
        )
        assert connector.getDestination() == HostnameAddress(b"example.org", 0)
        connector.connect()
        assert self.resolver.asked == [(b"_xmpp-client._tcp.example.org", dns.SRV)]
        relay = self.reactor.tcpClients[0][2]
        assert isinstance(relay.buildProtocol(None), Protocol)
        reason = Failure(TimeoutError())
        relay.clientConnectionFailed(None, reason)
        assert self.factory.told == [("failed", connector, reason)]
        connector.connect()
        assert self.tried() == [("a", 1), ("b", 2)]
        self.reactor.tcpClients[1][2].clientConnectionLost(None, reason)
        assert self.factory.told[1] == ("lost", connector, reason)
        connector.connect()
        assert self.tried()[2] == ("a", 1)
        # All places were tried, so they were looked up anew.
        assert len(self.resolver.asked) == 2

    def test_weights(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Among places of one priority each is chosen as often as its weight says."""
        counts = {"a": 0, "b": 0, "c": 0}
        generator = random.Random(1)
        monkeypatch.setattr(random, "randint", generator.randint)
        records = [
            dns.Record_SRV(1, 0, 1, b"a"),
            dns.Record_SRV(1, 10, 1, b"b"),
            dns.Record_SRV(1, 30, 1, b"c"),
        ]
        for _ in range(2000):
            connector = self.connector(monkeypatch, records)
            connector.connect()
            counts[self.tried()[0][0]] += 1
        assert counts["a"] < counts["b"] < counts["c"]
        assert 2 < counts["c"] / counts["b"] < 4

    def test_without_records(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without records the domain itself is tried, at the port that the service has by name."""
        self.connector(monkeypatch, DNSNameError()).connect()
        assert self.tried() == [("example.org", "xmpp-client")]

    def test_default_port(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A service that is not known by name has the default port, if there is one."""
        connector = self.connector(monkeypatch, [], defaultPort=5222)
        connect = self.reactor.connectTCP

        def unknown(host: str, port: Any, *args: Any, **kwargs: Any) -> Any:
            if isinstance(port, str):
                raise ServiceNameUnknownError(string="unknown")
            return connect(host, port, *args, **kwargs)

        monkeypatch.setattr(self.reactor, "connectTCP", unknown)
        connector.connect()
        assert self.tried() == [("example.org", 5222)]
        connector = self.connector(monkeypatch, [])
        monkeypatch.setattr(self.reactor, "connectTCP", unknown)
        connector.connect()
        assert self.factory.told[0][2].check(ServiceNameUnknownError)

    def test_no_service(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A domain that says that it has no such service is not tried."""
        self.connector(monkeypatch, [dns.Record_SRV(0, 0, 0, b".")]).connect()
        assert self.factory.told[0][2].check(DNSLookupError)
        assert self.tried() == []

    def test_other_errors(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """If the look-up fails otherwise, so does the connection."""
        self.connector(monkeypatch, TimeoutError()).connect()
        assert self.factory.told[0][2].check(TimeoutError)

    def test_stopping(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Connecting can be given up before the look-up is done, and after."""
        looked: Deferred[Any] = Deferred()
        connector = self.connector(monkeypatch, [])
        monkeypatch.setattr(client, "lookupService", lambda name: looked)
        connector.connect()
        connector.disconnect()
        looked.callback(([], [], []))
        assert self.tried() == []
        monkeypatch.setattr(client, "lookupService", lambda name: succeed(([], [], [])))
        connector.connect()
        assert self.tried() == [("example.org", "xmpp-client")]
        connector.disconnect()
        assert connector.getDestination() is not None

    def test_no_domain(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without a domain there is an error."""
        connector = self.connector(monkeypatch, [])
        connector.domain = None
        connector.connect()
        assert self.factory.told[0][2].check(DNSLookupError)
