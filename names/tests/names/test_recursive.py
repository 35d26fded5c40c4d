"""Look-ups from the root on, in a world of servers that is in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from twisted.internet.defer import Deferred, TimeoutError, fail, succeed
from twisted.internet.task import Clock
from twisted.names import dns, root
from twisted.names._recursive._budget import Budget
from twisted.names._wire.names import ends_in, normal
from twisted.names.error import DNSNameError, ResolverError

Server = Callable[[dns.Query], dns.Message]


def header(name: str, kind: str, text: str, ttl: int = 300) -> dns.RRHeader:
    """A record."""
    number = dns.REV_TYPES[kind]
    return dns.RRHeader(name, number, ttl=ttl, payload=dns.recordClass(number).fromText(text))


def message(*answers: dns.RRHeader, **attributes: Any) -> dns.Message:
    """An answer."""
    made = dns.Message(answer=1)
    made.answers = list(answers)
    for name, value in attributes.items():
        setattr(made, name, value)
    return made


def zone(origin: str, *rows: tuple[str, str, str]) -> Server:
    """A server of one zone, which does as RFC 1034 §4.3.2 says."""
    records = [header(*row) for row in rows]
    apex = normal(origin.encode())

    def answer(query: dns.Query) -> dns.Message:
        name = query.name.name
        below = [
            h
            for h in records
            if h.type == dns.NS and normal(h.name.name) != apex and ends_in(name, h.name.name)
        ]
        if below:
            targets = {h.payload.name for h in below}
            glue = [h for h in records if h.name in targets]
            return message(authority=below, additional=glue)
        own = [h for h in records if h.name == query.name]
        found = [h for h in own if h.type in (query.type, dns.CNAME)]
        if found:
            return message(*found, auth=1)
        soa = header(origin, "SOA", ". . 1 2 3 4 60")
        exists = any(ends_in(h.name.name, name) for h in records)
        return message(authority=[soa], auth=1, rCode=dns.OK if exists else dns.ENAME)

    return answer


class World:
    """
    Servers by their addresses.

    @ivar asked: the address, name and type of each question that was asked.
    """

    def __init__(self, **servers: Server) -> None:
        self.servers = {address.replace("_", ".")[1:]: s for address, s in servers.items()}
        self.asked: list[tuple[str, bytes, int]] = []
        self.clock = Clock()

    def resolver(self, *roots: str) -> root.Resolver:
        return root.Resolver(roots or ("1.1.1.1",), reactor=self.clock, resolverFactory=self.asker)

    def asker(self, servers: Sequence[tuple[str, int]], reactor: object) -> Asker:
        assert reactor is self.clock
        return Asker(self, servers)

    def names(self, address: str) -> list[bytes]:
        """The names that a server was asked for."""
        return [name for where, name, _ in self.asked if where == address]


class Asker:
    """What stands for a resolver that asks certain servers."""

    def __init__(self, world: World, servers: Sequence[tuple[str, int]]) -> None:
        self.world, self.servers = world, servers

    def queryUDP(self, queries: list[dns.Query], timeout: object) -> Deferred[Any]:
        [query] = queries
        for host, port in self.servers:
            assert port == 53
            self.world.asked.append((host, query.name.name, query.type))
            if host in self.world.servers:
                return succeed(self.world.servers[host](query))
        return fail(TimeoutError())

    def queryTCP(self, queries: list[dns.Query], timeout: object) -> Deferred[Any]:
        return self.queryUDP(queries, timeout).addCallback(self._whole)

    @staticmethod
    def _whole(answer: dns.Message) -> dns.Message:
        answer.trunc = 0
        return answer


def outcome(looked: Deferred[Any]) -> Any:
    """What a look-up that is done found, or what it failed with, raised."""
    result: list[Any] = []
    looked.addBoth(result.append)
    [found] = result
    if hasattr(found, "raiseException"):
        found.raiseException()
    return found


def texts(sections: Any) -> list[str]:
    """The answers as text."""
    return [f"{h.name} {dns.QUERY_TYPES[h.type]} {h.payload.toText()}" for h in sections[0]]


ROOT = zone(
    "",
    ("example", "NS", "ns.example."),
    ("ns.example", "A", "2.2.2.2"),
    ("other", "NS", "ns.other."),
    ("ns.other", "A", "4.4.4.4"),
)
EXAMPLE = zone(
    "example",
    ("a.example", "NS", "ns.a.example."),
    ("ns.a.example", "A", "3.3.3.3"),
    ("noglue.example", "NS", "ns.host.other."),
    ("www.example", "A", "9.9.9.1"),
    ("deep.b.c.d.example", "A", "9.9.9.2"),
)
A = zone(
    "a.example",
    ("www.a.example", "A", "9.9.9.9"),
    ("www.a.example", "A", "9.9.9.8"),
    ("alias.a.example", "CNAME", "www.other."),
    ("inner.a.example", "CNAME", "www.a.example."),
    ("loop.a.example", "CNAME", "pool.a.example."),
    ("pool.a.example", "CNAME", "loop.a.example."),
)
OTHER = zone(
    "other",
    ("www.other", "A", "9.9.9.7"),
    ("ns.host.other", "A", "5.5.5.5"),
    ("out.other", "CNAME", "loop.other."),
    ("loop.other", "CNAME", "www.loops.example."),
)
NOGLUE = zone("noglue.example", ("www.noglue.example", "A", "9.9.9.6"))


@pytest.fixture
def world() -> World:
    return World(_1_1_1_1=ROOT, _2_2_2_2=EXAMPLE, _3_3_3_3=A, _4_4_4_4=OTHER, _5_5_5_5=NOGLUE)


def test_down_the_tree(world: World) -> None:
    """Referrals with addresses are followed to who knows, and each server learns no more
    of the name than it needs."""
    found = outcome(world.resolver().lookupAddress("www.a.example"))
    assert texts(found) == ["www.a.example A 9.9.9.9", "www.a.example A 9.9.9.8"]
    assert world.names("1.1.1.1") == [b"example"]
    assert world.names("2.2.2.2") == [b"a.example"]
    assert world.names("3.3.3.3") == [b"www.a.example"]


def test_without_minimisation(world: World) -> None:
    """That can be turned off."""
    resolver = world.resolver()
    resolver.minimise = False
    outcome(resolver.lookupAddress("www.a.example"))
    assert {name for _, name, _ in world.asked} == {b"www.a.example"}


def test_what_is_known_is_not_asked_again(world: World) -> None:
    """Delegations are remembered for as long as they may be."""
    resolver = world.resolver()
    outcome(resolver.lookupAddress("www.a.example"))
    world.asked.clear()
    outcome(resolver.lookupAddress("www.a.example"))
    assert world.names("3.3.3.3") == [b"www.a.example"]
    assert len(world.asked) == 1
    world.clock.advance(301)
    world.asked.clear()
    outcome(resolver.lookupAddress("www.a.example"))
    assert len(world.asked) == 3


def test_servers_without_addresses(world: World) -> None:
    """Addresses that do not come along are looked up."""
    found = outcome(world.resolver().lookupAddress("www.noglue.example"))
    assert texts(found) == ["www.noglue.example A 9.9.9.6"]
    assert b"ns.host.other" in world.names("4.4.4.4")


def test_aliases(world: World) -> None:
    """Aliases are followed, within an answer and to other zones."""
    found = outcome(world.resolver().lookupAddress("alias.a.example"))
    assert texts(found) == ["alias.a.example CNAME www.other.", "www.other A 9.9.9.7"]
    found = outcome(world.resolver().lookupAddress("inner.a.example"))
    assert texts(found)[:2] == ["inner.a.example CNAME www.a.example.", "www.a.example A 9.9.9.9"]
    found = outcome(world.resolver().lookupCanonicalName("alias.a.example"))
    assert texts(found) == ["alias.a.example CNAME www.other."]


def test_aliases_in_a_circle(world: World) -> None:
    """Aliases that lead back are an error."""
    with pytest.raises(ResolverError, match="alias"):
        outcome(world.resolver().lookupAddress("loop.a.example"))


def test_many_aliases() -> None:
    """A chain of aliases that does not end is given up after 11."""

    def server(query: dns.Query) -> dns.Message:
        return message(header(str(query.name), "CNAME", f"x{query.name}."), auth=1)

    world = World(_1_1_1_1=server)
    with pytest.raises(ResolverError, match="aliases"):
        outcome(world.resolver().lookupAddress("a"))
    assert len(world.asked) == 12


def test_missing_and_empty(world: World) -> None:
    """A name that is not there is an error; records that are not there are none."""
    with pytest.raises(DNSNameError):
        outcome(world.resolver().lookupAddress("missing.a.example"))
    answers, authority, _ = outcome(world.resolver().lookupMailExchange("www.a.example"))
    assert answers == []
    assert authority[0].payload.minimum == 60


def test_names_with_nothing_but_names_below(world: World) -> None:
    """Parts of a name that have no records are passed, even if a server denies them."""
    found = outcome(world.resolver().lookupAddress("deep.b.c.d.example"))
    assert texts(found) == ["deep.b.c.d.example A 9.9.9.2"]

    def denies(query: dns.Query) -> dns.Message:
        if query.name == dns.Name(b"deep.b.c.d.example"):
            return EXAMPLE(query)
        return message(rCode=dns.ENAME)

    world.servers["2.2.2.2"] = denies
    found = outcome(world.resolver().lookupAddress("deep.b.c.d.example"))
    assert texts(found) == ["deep.b.c.d.example A 9.9.9.2"]


def test_long_names() -> None:
    """A name of many labels takes no more than ten questions to one zone."""

    def server(query: dns.Query) -> dns.Message:
        return message(auth=1)

    world = World(_1_1_1_1=server)
    name = ".".join("abcdefghijklmnopqrstuvwxyz")
    assert outcome(world.resolver().lookupAddress(name)) == ([], [], [])
    assert len(world.asked) <= 11
    assert world.asked[-1][1] == name.encode()
    assert [len(n.split(b".")) for _, n, _ in world.asked][:4] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "reply",
    [
        message(header("www.a.example", "A", "6.6.6.6"), header("victim.other", "A", "6.6.6.6")),
        message(
            header("victim.other", "CNAME", "www.a.example."),
            header("www.a.example", "A", "6.6.6.6"),
        ),
    ],
)
def test_records_of_other_zones(world: World, reply: dns.Message) -> None:
    """A server is not believed for names that are not in its zone."""
    world.servers["3.3.3.3"] = lambda query: reply
    found = outcome(world.resolver().lookupAddress("www.a.example"))
    assert texts(found) == ["www.a.example A 6.6.6.6"]


def test_aliases_out_of_the_zone(world: World) -> None:
    """What an alias leads to is asked of its own servers, whatever the answer says."""
    world.servers["3.3.3.3"] = lambda query: message(
        header("alias.a.example", "CNAME", "www.other."), header("www.other", "A", "6.6.6.6")
    )
    found = outcome(world.resolver().lookupAddress("alias.a.example"))
    assert texts(found)[-1] == "www.other A 9.9.9.7"


def test_addresses_out_of_the_zone(world: World) -> None:
    """Addresses of servers are not taken from who has no say about their names."""
    world.servers["2.2.2.2"] = lambda query: message(
        authority=[header("a.example", "NS", "ns.host.other.")],
        additional=[header("ns.host.other", "A", "6.6.6.6")],
    )
    world.servers["5.5.5.5"] = A
    outcome(world.resolver().lookupAddress("www.a.example"))
    assert world.names("6.6.6.6") == []
    assert world.names("5.5.5.5") == [b"www.a.example"]


def test_referrals_upward(world: World) -> None:
    """A referral to the same zone, or one above, is of no use."""
    for owner in ("example", "", "other"):
        world.servers["3.3.3.3"] = lambda query, owner=owner: message(  # type: ignore[misc]
            authority=[header(owner, "NS", "ns.evil.")],
            additional=[header("ns.evil", "A", "6.6.6.6")],
        )
        with pytest.raises(ResolverError):
            outcome(world.resolver().lookupAddress("www.a.example"))
    assert world.names("6.6.6.6") == []


@pytest.mark.parametrize("code", [dns.ESERVER, dns.EREFUSED, dns.OK])
def test_no_answer(world: World, code: int) -> None:
    """Who does not know, and says nothing useful, leads to an error."""
    world.servers["3.3.3.3"] = lambda query: message(rCode=code)
    with pytest.raises(ResolverError):
        outcome(world.resolver().lookupAddress("www.a.example"))


def test_servers_that_are_gone(world: World) -> None:
    """Servers that do not answer are forgotten, so that others are found."""
    resolver = world.resolver()
    outcome(resolver.lookupAddress("www.a.example"))
    gone = world.servers.pop("3.3.3.3")
    with pytest.raises(TimeoutError):
        outcome(resolver.lookupAddress("www.a.example"))
    world.servers["3.3.3.3"] = gone
    outcome(resolver.lookupAddress("www.a.example"))
    assert world.asked[-3][0] == "1.1.1.1" or world.asked[-2][0] == "2.2.2.2"


def test_few_look_ups_for_many_servers(world: World) -> None:
    """A referral to a hundred servers without addresses costs 16 look-ups (NXNS)."""

    def attack(query: dns.Query) -> dns.Message:
        return message(
            authority=[header("evil.example", "NS", f"s{i}.victim.other.") for i in range(100)]
        )

    world.servers["2.2.2.2"] = attack
    with pytest.raises(DNSNameError):
        outcome(world.resolver().lookupAddress("www.evil.example"))
    asked = {name for name in world.names("4.4.4.4") if name.startswith(b"s")}
    assert len(asked) == 16


def test_referrals_without_end() -> None:
    """Servers that lead on and on, each time with new names, are given up."""

    def server(query: dns.Query) -> dns.Message:
        name = f"x.{query.name}" if query.name.name.count(b".") > 100 else str(query.name)
        return message(authority=[header(name, "NS", f"ns{i}.{name[::-1]}x.") for i in range(10)])

    world = World(_1_1_1_1=server)
    with pytest.raises((ResolverError, DNSNameError)):
        outcome(world.resolver().lookupAddress("a.b.c.d.e.f"))
    assert len(world.asked) <= 100


def test_budget() -> None:
    """What one look-up may cost can be changed."""
    world = World(_1_1_1_1=ROOT, _2_2_2_2=EXAMPLE, _3_3_3_3=A)
    resolver = world.resolver()
    resolver.budget = lambda: Budget(queries=2)  # type: ignore[assignment, return-value]
    with pytest.raises(ResolverError, match="questions"):
        outcome(resolver.lookupAddress("www.a.example"))


def test_long_answers(world: World) -> None:
    """An answer that was cut is asked for again, over TCP."""

    def cut(query: dns.Query) -> dns.Message:
        answer = A(query)
        answer.trunc = 1
        return answer

    world.servers["3.3.3.3"] = cut
    assert len(texts(outcome(world.resolver().lookupAddress("www.a.example")))) == 2
    assert world.names("3.3.3.3") == [b"www.a.example"] * 2


class _Simple:
    """A resolver whose look-ups of addresses are done when a test says so."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Deferred[str]]] = []

    def getHostByName(self, name: str) -> Deferred[str]:
        looked: Deferred[str] = Deferred()
        self.asked.append((name, looked))
        return looked


def test_bootstrap(world: World) -> None:
    """The addresses of the root are looked up once; what is asked until then waits."""
    simple = _Simple()
    made: list[Any] = []

    def factory(servers: Any, reactor: Any) -> Asker:
        made.append(servers)
        return Asker(world, servers)

    resolver = root.bootstrap(simple, factory)
    assert [name for name, _ in simple.asked][::12] == ["a.root-servers.net", "m.root-servers.net"]
    looked = resolver.lookupAddress("www.a.example")
    for name, deferred in simple.asked:
        if name.startswith("b"):
            deferred.errback(TimeoutError())
        else:
            deferred.callback("1.1.1.1")
    assert texts(outcome(looked))[0] == "www.a.example A 9.9.9.9"
    assert resolver.hints == ["1.1.1.1"] * 12
    assert len(texts(outcome(resolver.lookupAddress("www.a.example")))) == 2


def test_no_root() -> None:
    """Without any address of the root, look-ups fail."""
    simple = _Simple()
    resolver = root.bootstrap(simple)
    looked = resolver.lookupAddress("example")
    for _, deferred in simple.asked:
        deferred.errback(TimeoutError())
    with pytest.raises(ResolverError):
        outcome(looked)


def test_placeholder() -> None:
    """A method of an object that is not there yet can be called."""
    ready: Deferred[Any] = Deferred()
    result = root.makePlaceholder(ready, "getHostByName")("a")
    simple = _Simple()
    ready.callback(simple)
    simple.asked[0][1].callback("1.2.3.4")
    assert outcome(result) == "1.2.3.4"
