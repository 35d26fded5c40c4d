"""Validation, with zones that dnspython has signed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any, cast

import dns.dnssec
import dns.name
import dns.rdata
import dns.rrset
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.names import client, dnssec, error, root
from twisted.names import dns as d
from twisted.names._validation._denial import Denial, order
from twisted.names._wire.names import Memo, ends_in, joined, labels, normal
from twisted.names.resolve import ResolverChain

NOW = 1_800_000_000
DAY = 86_400

Row = tuple[str, str, str]
Sections = tuple[list[d.RRHeader], list[d.RRHeader]]


def record(kind: str, text: str) -> Any:
    """The data of a record."""
    return d.recordClass(d.REV_TYPES[kind]).fromText(text)


def from_wire(wire: bytes) -> d.Record_RRSIG:
    """A signature."""
    return d.Record_RRSIG.fromWire(wire, 0, len(wire), Memo(), 600)


def foreign(type: int, payload: Any) -> Any:
    """The data of a record as dnspython has it."""
    wire = payload.toWire()
    return dns.rdata.from_wire(d.IN, type, wire, 0, len(wire))


def named(name: bytes) -> dns.name.Name:
    return dns.name.Name([*labels(name), b""])


class Zone:
    """
    A zone with a key, that says what RFC 4035 §3.1 and RFC 5155 §7 want.

    @ivar lifetime: from when until when its signatures hold.
    """

    def __init__(
        self,
        name: str,
        *rows: Row,
        key: Any = None,
        algorithm: int = 15,
        signs: bool = True,
        hashes: bool = False,
        optOut: bool = False,
        iterations: int = 1,
    ) -> None:
        self.name = name.encode()
        self.signs, self.hashes = signs, hashes
        self.optOut, self.iterations = optOut, iterations
        self.lifetime = (NOW - DAY, NOW + DAY)
        self.private = key or ed25519.Ed25519PrivateKey.generate()
        public = dns.dnssec.make_dnskey(self.private.public_key(), algorithm, 257)
        self.key = d.Record_DNSKEY(257, 3, algorithm, public.key)
        self.sets: dict[tuple[bytes, int], list[Any]] = {}
        self.add(name, "SOA", ". . 1 2 3 4 300")
        self.add(name, "NS", "ns.example.")
        for row in rows:
            self.add(*row)
        if signs:
            self.sets[self.name, d.DNSKEY] = [self.key]
            if hashes:
                self.sets[self.name, d.NSEC3PARAM] = [d.Record_NSEC3PARAM(1, 0, iterations, b"x")]

    def add(self, name: str, kind: str, text: str) -> None:
        self.sets.setdefault((name.encode(), d.REV_TYPES[kind]), []).append(record(kind, text))

    def delegate(self, zone: Zone, digestType: str = "SHA256", signed: bool = True) -> None:
        """Lead to a zone below."""
        self.add(zone.name.decode(), "NS", "ns.example.")
        if signed:
            self.sets[zone.name, d.DS] = [zone.digest(digestType)]

    def digest(self, digestType: str = "SHA256") -> d.Record_DS:
        """What names the key of the zone."""
        made = dns.dnssec.make_ds(
            named(self.name),
            cast(Any, foreign(d.DNSKEY, self.key)),
            digestType,
            policy=dns.dnssec.allow_all_policy,
        )
        return d.Record_DS(made.key_tag, made.algorithm, int(made.digest_type), made.digest)

    def cuts(self) -> list[bytes]:
        """Where other zones begin."""
        return [name for name, type in self.sets if type == d.NS and name != self.name]

    def below(self, name: bytes) -> bool:
        """Does a name lie in another zone?"""
        return any(ends_in(name, cut) for cut in self.cuts())

    def names(self) -> list[bytes]:
        """The names of the zone in their order, those with nothing but names below as well."""
        found = set()
        for name, _ in self.sets:
            if self.below(name) and name not in self.cuts():
                continue
            parts = labels(name)
            found |= {joined(parts[i:]) for i in range(len(parts) - len(labels(self.name)) + 1)}
        return sorted(found, key=order)

    def types(self, name: bytes) -> list[int]:
        return [type for owner, type in self.sets if owner == name]

    def headers(self, owner: bytes, type: int, name: bytes | None = None) -> list[d.RRHeader]:
        """Records with their signature, for a name if they are of a wildcard."""
        payloads = self.sets.get((owner, type), [])
        signed = self.signs and not (type == d.NS and owner != self.name)
        return self.signed(owner, type, payloads, name, signed)

    def signed(
        self, owner: bytes, type: int, payloads: list[Any], name: bytes | None, signs: bool = True
    ) -> list[d.RRHeader]:
        shown = owner if name is None else name
        headers = [d.RRHeader(shown, type, ttl=600, payload=payload) for payload in payloads]
        if signs and payloads:
            rrset = dns.rrset.from_rdata_list(
                named(owner), 600, [foreign(type, p) for p in payloads]
            )
            made = dns.dnssec.sign(
                rrset,
                self.private,
                named(self.name),
                cast(Any, foreign(d.DNSKEY, self.key)),
                inception=self.lifetime[0],
                expiration=self.lifetime[1],
                policy=dns.dnssec.allow_all_policy,
            )
            wire = made.to_wire()
            assert wire is not None
            payload = from_wire(wire)
            headers.append(d.RRHeader(shown, d.RRSIG, ttl=600, payload=payload))
        return headers

    def proof(self, names: Iterable[bytes]) -> list[d.RRHeader]:
        """What shows which types names have, or that there are no such names."""
        if not self.signs:
            return []
        found: dict[bytes, list[d.RRHeader]] = {}
        for name in names:
            owner, type, payload = self.hashed(name) if self.hashes else self.plain(name)
            found[owner] = self.signed(owner, type, [payload], None)
        return [header for headers in found.values() for header in headers]

    def plain(self, name: bytes) -> tuple[bytes, int, Any]:
        all = [n for n in self.names() if self.types(n)]
        at = max(i for i, n in enumerate(all) if order(n) <= order(name))
        types = [*self.types(all[at]), d.NSEC, d.RRSIG]
        return all[at], d.NSEC, d.Record_NSEC(all[(at + 1) % len(all)], types)

    def hashed(self, name: bytes) -> tuple[bytes, int, Any]:
        all = {self.hash(n): n for n in self.names()}
        if self.optOut:
            all = {h: n for h, n in all.items() if n not in self.cuts() or (n, d.DS) in self.sets}
        hashes = sorted(all)
        mine = self.hash(name)
        at = max((i for i, h in enumerate(hashes) if h <= mine), default=len(hashes) - 1)
        types = self.types(all[hashes[at]])
        following = dns.rdata.from_text(
            "IN", "NSEC3", f"1 0 0 - {hashes[(at + 1) % len(hashes)].decode()}"
        )
        payload = d.Record_NSEC3(
            1, int(self.optOut), self.iterations, b"x", cast(Any, following).next, types
        )
        return hashes[at] + b"." + self.name, d.NSEC3, payload

    def hash(self, name: bytes) -> bytes:
        return dns.dnssec.nsec3_hash(named(name), b"x".hex(), self.iterations, 1).lower().encode()

    def answer(self, name: bytes, type: int) -> tuple[int, list[d.RRHeader], list[d.RRHeader]]:
        """The code, the answers, and what is said besides."""
        names = self.names()
        for type_ in (type, d.CNAME):
            if (name, type_) in self.sets:
                return d.OK, self.headers(name, type_), []
        parts = labels(name)
        if name in names:
            proof = [self.name, name] if self.optOut and name in self.cuts() else [name]
            return d.OK, [], self.soa() + self.proof(proof)
        above = next(joined(parts[i:]) for i in range(1, 99) if joined(parts[i:]) in names)
        if (above, d.DNAME) in self.sets:
            [dname] = self.sets[above, d.DNAME]
            target = joined(parts[: len(parts) - len(labels(above))] + labels(dname.name.name))
            alias = d.RRHeader(name, d.CNAME, ttl=600, payload=d.Record_CNAME(target))
            return d.OK, [*self.headers(above, d.DNAME), alias], []
        closer = joined(parts[len(parts) - len(labels(above)) - 1 :])
        wildcard = joined([b"*", *labels(above)])
        proof = [above, closer] if self.hashes else [name]
        if wildcard not in names:
            return d.ENAME, [], self.soa() + self.proof([*proof, wildcard])
        for type_ in (type, d.CNAME):
            if (wildcard, type_) in self.sets:
                return d.OK, self.headers(wildcard, type_, name), self.proof([closer])
        return d.OK, [], self.soa() + self.proof([*proof, wildcard])

    def soa(self) -> list[d.RRHeader]:
        return self.headers(self.name, d.SOA)


class World:
    """
    A resolver that knows all zones, and checks nothing.

    @ivar change: what is done to answers on the way.
    @ivar asked: the names and types of all questions.
    """

    dnssecOK = False
    checkingDisabled = False

    def __init__(self, *zones: Zone) -> None:
        self.zones = {zone.name: zone for zone in zones}
        self.change: Callable[[bytes, int, Sections], Sections] = lambda name, type, said: said
        self.asked: list[tuple[bytes, int]] = []

    def resolver(self, anchors: Any = None, now: float = NOW) -> dnssec.ValidatingResolver:
        anchors = [self.zones[b""].digest()] if anchors is None else anchors
        self.clock = Clock()
        return dnssec.ValidatingResolver(self, anchors, self.clock, lambda: now)

    def zone(self, name: bytes, type: int) -> Zone:
        parts = labels(name)
        above = [joined(parts[i:]) for i in range(len(parts) + 1)]
        if type == d.DS and name:
            above = above[1:]
        return next(self.zones[zone] for zone in above if zone in self.zones)

    def query(self, query: d.Query, timeout: object = None) -> Deferred[Any]:
        assert self.dnssecOK
        assert self.checkingDisabled
        name, type = normal(query.name.name), query.type
        self.asked.append((name, type))
        answers: list[d.RRHeader] = []
        target = name
        while True:
            code, found, authority = self.zone(target, type).answer(target, type)
            answers += found
            aliases = [h for h in found if h.type == d.CNAME and type != d.CNAME]
            if not aliases:
                break
            proof, target = authority, normal(aliases[0].payload.name.name)
            if proof:
                authority = proof
                answers += self.zone(target, type).answer(target, type)[1]
                break
        answers, authority = self.change(name, type, (answers, authority))
        if code == d.OK:
            return succeed((answers, authority, []))
        message = d.Message(answer=1, rCode=code)
        message.answers, message.authority = answers, authority
        return fail(error.DNSNameError(message))


def outcome(looked: Deferred[Any]) -> Any:
    """What a look-up that is done found, or what it failed with, raised."""
    result: list[Any] = []
    looked.addBoth(result.append)
    [found] = result
    if hasattr(found, "raiseException"):
        found.raiseException()
    return found


def addresses(sections: Any) -> list[tuple[str, bool | None]]:
    """The addresses of an answer, and whether they are authenticated."""
    return [(h.payload.dottedQuad(), h.authenticated) for h in sections[0] if h.type == d.A]


def world(hashes: bool = False, **options: Any) -> World:
    """The root, a zone that signs, one below it, and zones that do not sign."""
    top = Zone("", hashes=hashes)
    secure = Zone(
        "secure",
        ("www.secure", "A", "192.0.2.1"),
        ("www.secure", "A", "192.0.2.2"),
        ("deep.inner.secure", "A", "192.0.2.3"),
        ("*.wild.secure", "A", "192.0.2.4"),
        ("alias.secure", "CNAME", "www.below.secure."),
        ("lost.secure", "CNAME", "nothing.below.secure."),
        ("old.secure", "DNAME", "below.secure."),
        ("away.secure", "CNAME", "www.plain."),
        hashes=hashes,
        **options,
    )
    below = Zone("below.secure", ("www.below.secure", "A", "192.0.2.5"), hashes=hashes)
    plain = Zone("plain", ("www.plain", "A", "192.0.2.6"), signs=False)
    island = Zone("island.secure", ("www.island.secure", "A", "192.0.2.7"), signs=False)
    top.delegate(secure)
    top.delegate(plain, signed=False)
    secure.delegate(below)
    secure.delegate(island, signed=False)
    return World(top, secure, below, plain, island)


@pytest.fixture(params=["nsec", "nsec3", "opt-out"])
def signed(request: pytest.FixtureRequest) -> World:
    """A world whose zones deny in one way or another."""
    return world(request.param != "nsec", optOut=request.param == "opt-out")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("www.secure", [("192.0.2.1", True), ("192.0.2.2", True)]),
        ("WWW.Secure", [("192.0.2.1", True), ("192.0.2.2", True)]),
        ("www.below.secure", [("192.0.2.5", True)]),
        ("alias.secure", [("192.0.2.5", True)]),
        ("www.old.secure", [("192.0.2.5", True)]),
        ("www.plain", [("192.0.2.6", False)]),
        ("away.secure", [("192.0.2.6", False)]),
        ("www.island.secure", [("192.0.2.7", False)]),
    ],
)
def test_answers(signed: World, name: str, expected: list[Any]) -> None:
    """Answers that are signed are authenticated; those of zones that do not sign are not."""
    assert sorted(addresses(outcome(signed.resolver().lookupAddress(name)))) == expected


def test_wildcards(signed: World) -> None:
    """A wildcard stands for a name if that is shown not to be there itself."""
    secure = signed.zones[b"secure"]
    found = outcome(signed.resolver().lookupAddress("any.wild.secure"))
    assert addresses(found) == [("192.0.2.4", not secure.optOut)]
    signed.change = lambda name, type, said: (said[0], [] if type == d.A else said[1])
    with pytest.raises(dnssec.BogusError, match="wildcard"):
        outcome(signed.resolver().lookupAddress("any.wild.secure"))


@pytest.mark.parametrize(
    "name", ["nothing.secure", "x.y.secure", "x.www.secure", "lost.secure", "a.below.secure", "zz"]
)
def test_no_name(signed: World, name: str) -> None:
    """There is said to be no such name if that is proven."""
    with pytest.raises(error.DNSNameError) as caught:
        outcome(signed.resolver().lookupAddress(name))
    expected = not (signed.zones[b"secure"].optOut and name.endswith(".secure"))
    if name not in ("lost.secure", "a.below.secure"):
        assert caught.value.args[0].authenticData == expected
    signed.change = lambda name, type, said: (said[0], [h for h in said[1] if h.type == d.SOA])
    with pytest.raises(dnssec.BogusError):
        outcome(signed.resolver().lookupAddress(name))


@pytest.mark.parametrize(
    ("name", "type"),
    [
        ("www.secure", d.AAAA),
        ("inner.secure", d.A),
        ("any.wild.secure", d.TXT),
        ("secure", d.A),
        ("", d.A),
        ("www.secure", d.DS),
        ("island.secure", d.DS),
        ("plain", d.DS),
    ],
)
def test_no_records(signed: World, name: str, type: int) -> None:
    """There are said to be no such records if that is proven."""
    answers, authority, _ = outcome(signed.resolver().query(d.Query(name, type)))
    assert answers == []
    assert d.SOA in [header.type for header in authority]
    signed.change = lambda name, type, said: (said[0], [])
    with pytest.raises(dnssec.BogusError):
        outcome(signed.resolver().query(d.Query(name, type)))


def test_no_records_in_plain_zones(signed: World) -> None:
    """What a zone that does not sign says is handed on, and not authenticated."""
    answers, authority, _ = outcome(signed.resolver().lookupText("www.plain"))
    assert (answers, [h.type for h in authority]) == ([], [d.SOA])
    with pytest.raises(error.DNSNameError) as caught:
        outcome(signed.resolver().lookupAddress("nothing.plain"))
    assert not caught.value.args[0].authenticData


def test_all_records(signed: World) -> None:
    """All records of a name are checked, if they are asked for; signatures are handed out."""
    resolver = signed.resolver()
    zone = signed.zones[b"secure"]
    all = zone.headers(b"secure", d.SOA) + zone.headers(b"secure", d.NS)
    signed.change = lambda name, type, said: (all, []) if type == 255 else said
    answers, _, _ = outcome(resolver.lookupAllRecords("secure"))
    assert [(h.type, h.authenticated) for h in answers if h.type != d.RRSIG] == [
        (d.SOA, True),
        (d.NS, True),
    ]
    signed.change = lambda name, type, said: (zone.headers(b"secure", d.SOA), [])
    answers, _, _ = outcome(resolver.query(d.Query("secure", d.RRSIG)))
    assert [h.authenticated for h in answers] == [None, None]


KEYS: list[tuple[int, Callable[[], Any]]] = [
    (5, lambda: rsa.generate_private_key(65537, 2048)),
    (7, lambda: rsa.generate_private_key(65537, 2048)),
    (8, lambda: rsa.generate_private_key(65537, 2048)),
    (10, lambda: rsa.generate_private_key(65537, 2048)),
    (13, lambda: ec.generate_private_key(ec.SECP256R1())),
    (14, lambda: ec.generate_private_key(ec.SECP384R1())),
    (15, ed25519.Ed25519PrivateKey.generate),
    (16, ed448.Ed448PrivateKey.generate),
]


@pytest.mark.parametrize(("algorithm", "made"), KEYS)
def test_algorithms(algorithm: int, made: Callable[[], Any]) -> None:
    """All algorithms that validators must know are known."""
    signed = world(key=made(), algorithm=algorithm)
    assert addresses(outcome(signed.resolver().lookupAddress("www.secure")))[0][1] is True
    signed.zones[b"secure"].private = made()
    with pytest.raises(dnssec.BogusError):
        outcome(signed.resolver().lookupAddress("www.secure"))


@pytest.mark.parametrize("digest", ["SHA256", "SHA384"])
def test_digests(digest: str) -> None:
    """Digests of keys are of two kinds."""
    signed = world()
    signed.zones[b""].sets[b"secure", d.DS] = [signed.zones[b"secure"].digest(digest)]
    assert addresses(outcome(signed.resolver().lookupAddress("www.secure")))[0][1] is True


@pytest.mark.parametrize(
    "change", [{"digestType": 1, "digest": bytes(20)}, {"digestType": 3}, {"algorithm": 12}]
)
def test_unknown_kinds(change: dict[str, Any]) -> None:
    """A zone that signs in ways that are not known counts as one that does not (RFC 4035 §5.2)."""
    signed = world()
    for name, value in change.items():
        setattr(signed.zones[b""].sets[b"secure", d.DS][0], name, value)
    assert addresses(outcome(signed.resolver().lookupAddress("www.secure")))[0][1] is False
    assert addresses(outcome(signed.resolver().lookupAddress("alias.secure")))[0][1] is False


def without_signatures(headers: list[d.RRHeader]) -> list[d.RRHeader]:
    return [header for header in headers if header.type != d.RRSIG]


def forged(headers: list[d.RRHeader]) -> list[d.RRHeader]:
    """Another address, with the signature of the right one."""
    for header in headers:
        if header.type == d.A:
            header.payload = d.Record_A("6.6.6.6")
    return headers


def moved(headers: list[d.RRHeader]) -> list[d.RRHeader]:
    """Good records of a name that was not asked for."""
    for header in headers:
        header.name = d.Name(b"deep.inner.secure")
    return headers


def fewer(headers: list[d.RRHeader]) -> list[d.RRHeader]:
    """One record less than was signed."""
    return headers[1:]


def foreign_signer(headers: list[d.RRHeader]) -> list[d.RRHeader]:
    """Signed by a zone that has no say."""
    for header in headers:
        if header.type == d.RRSIG:
            header.payload.signer = d.Name(b"plain")
    return headers


def longer_labels(headers: list[d.RRHeader]) -> list[d.RRHeader]:
    """A signature for a name of more labels."""
    for header in headers:
        if header.type == d.RRSIG:
            header.payload.labels = 200
    return headers


def garbage(headers: list[d.RRHeader]) -> list[d.RRHeader]:
    """A signature that is none."""
    for header in headers:
        if header.type == d.RRSIG:
            header.payload.signature = b""
    return headers


@pytest.mark.parametrize(
    "change",
    [without_signatures, forged, moved, fewer, foreign_signer, longer_labels, garbage],
)
def test_bogus(signed: World, change: Callable[[list[d.RRHeader]], list[d.RRHeader]]) -> None:
    """What is not signed as it must be is an error."""
    signed.change = lambda name, type, said: (change(said[0]), said[1]) if type == d.A else said
    with pytest.raises(dnssec.BogusError):
        outcome(signed.resolver().lookupAddress("www.secure"))


def test_records_of_other_names(signed: World) -> None:
    """Records that do not belong to the question are left out, whoever signed them."""
    other = signed.zones[b"below.secure"].headers(b"www.below.secure", d.A)
    signed.change = lambda name, type, said: (said[0] + other, said[1])
    found = outcome(signed.resolver().lookupAddress("www.secure"))
    assert sorted(addresses(found)) == [("192.0.2.1", True), ("192.0.2.2", True)]
    signed.change = lambda name, type, said: (other, []) if type == d.A else said
    with pytest.raises(dnssec.BogusError):
        outcome(signed.resolver().lookupAddress("www.secure"))


@pytest.mark.parametrize(
    ("now", "reason"), [(NOW + 2 * DAY, "has expired"), (NOW - 2 * DAY, "does not hold yet")]
)
def test_times(now: float, reason: str) -> None:
    """Signatures hold from some time until another."""
    signed = world()
    for zone in signed.zones.values():
        if zone.name != b"secure":
            zone.lifetime = (NOW - 9 * DAY, NOW + 9 * DAY)
    signed.zones[b""].sets[b"www", d.A] = [d.Record_A("192.0.2.8")]
    with pytest.raises(dnssec.BogusError):
        outcome(signed.resolver(now=now).lookupAddress("www.secure"))
    assert addresses(outcome(signed.resolver(now=now).lookupAddress("www")))[0][1] is True
    signed.zones[b""].lifetime = (NOW - DAY, NOW + DAY)
    resolver = signed.resolver(now=NOW)
    resolver._now = lambda: now
    with pytest.raises(dnssec.BogusError):
        outcome(resolver.lookupAddress("www"))
    good = signed.resolver()
    outcome(good.lookupAddress("www"))
    good._now = lambda: now
    with pytest.raises(dnssec.BogusError, match=reason):
        outcome(good.lookupAddress("www"))


def test_times_to_live() -> None:
    """Nobody keeps records for longer than was signed, nor than their signature holds."""
    signed = world()

    def longer(name: bytes, type: int, said: Sections) -> Sections:
        for header in said[0]:
            header.ttl = 100_000
        return said

    signed.change = longer
    assert outcome(signed.resolver().lookupAddress("www.secure"))[0][0].ttl == 600
    resolver = signed.resolver(now=NOW + DAY - 60)
    assert {h.ttl for h in outcome(resolver.lookupAddress("www.secure"))[0]} == {60}


def test_keys_of_others(signed: World) -> None:
    """Keys that the zone above does not name, are revoked, or are not a zone's do not count."""
    zone = signed.zones[b"secure"]
    for flags, protocol in ((0x101 | 0x80, 3), (0x001, 3), (0x101, 2)):
        zone.key.flags, zone.key.protocol = flags, protocol
        signed.zones[b""].sets[b"secure", d.DS] = [zone.digest()]
        with pytest.raises((dnssec.BogusError, ValueError)):
            outcome(signed.resolver().lookupAddress("www.secure"))
    stranger = Zone("secure", ("www.secure", "A", "6.6.6.6"))
    signed.zones[b"secure"] = stranger
    with pytest.raises(dnssec.BogusError, match="keys of b'secure'"):
        outcome(signed.resolver().lookupAddress("www.secure"))


@pytest.mark.parametrize("kind", [d.DS, d.DNSKEY])
def test_cutting_the_chain(signed: World, kind: int) -> None:
    """Without the records that lead to its key, a zone that signs is not believed."""
    signed.change = lambda name, type, said: said if type != kind else ([], [])
    with pytest.raises(dnssec.BogusError):
        outcome(signed.resolver().lookupAddress("www.secure"))


def test_stripping(signed: World) -> None:
    """A zone that signs does not turn into one that does not, because signatures are missing."""

    def change(name: bytes, type: int, said: Sections) -> Sections:
        return without_signatures(said[0]), without_signatures(said[1])

    signed.change = change
    for name in ("www.secure", "nothing.secure", "www.plain"):
        with pytest.raises(dnssec.BogusError):
            outcome(signed.resolver().lookupAddress(name))


@pytest.mark.parametrize("name", ["www.secure", "alias.secure", "www.below.secure"])
def test_missing_signatures(signed: World, name: str) -> None:
    """A zone that is shown to sign must do so, whatever stands beside its records."""

    def strip(name: bytes, type: int, said: Sections) -> Sections:
        return (without_signatures(said[0]), said[1]) if type == d.A else said

    signed.change = strip
    with pytest.raises(dnssec.BogusError, match="not signed as it must be: there is no signature"):
        outcome(signed.resolver().lookupAddress(name))


def test_what_a_zone_above_says(signed: World) -> None:
    """A zone above does not deny names of one below (RFC 6840 §4.1)."""
    secure = signed.zones[b"secure"]
    proof = [b"below.secure", b"www.below.secure", b"*.below.secure"]

    def change(name: bytes, type: int, said: Sections) -> Sections:
        return ([], secure.soa() + secure.proof(proof)) if type in (d.A, d.TXT) else said

    signed.change = change
    for look in (signed.resolver().lookupAddress, signed.resolver().lookupText):
        with pytest.raises(dnssec.BogusError):
            outcome(look("www.below.secure"))
        with pytest.raises(dnssec.BogusError):
            outcome(look("below.secure"))


def test_aliases_for_all_below(signed: World) -> None:
    """What follows from a DNAME is what it says, and nothing else."""

    def change(name: bytes, type: int, said: Sections) -> Sections:
        for header in said[0]:
            if header.type == d.CNAME:
                header.payload = d.Record_CNAME(b"www.plain")
        return said

    signed.change = change
    answers, _, _ = outcome(signed.resolver().lookupAddress("www.old.secure"))
    assert d.CNAME not in [h.type for h in answers]
    assert addresses((answers,)) == [("192.0.2.5", True)]
    with pytest.raises((dnssec.BogusError, ValueError)):
        outcome(signed.resolver().lookupAddress(".".join(["x" * 60] * 4) + ".old.secure"))


def test_aliases_in_a_circle(signed: World) -> None:
    """Aliases that lead back are an error."""
    secure = signed.zones[b"secure"]
    secure.add("loop.secure", "CNAME", "loop.secure.")
    loop = secure.headers(b"loop.secure", d.CNAME)
    signed.zones[b"secure"].sets.pop((b"loop.secure", d.CNAME))
    signed.change = lambda name, type, said: (loop, []) if type == d.A else said
    signed.query = lambda query, timeout=None, ask=signed.query: (  # type: ignore[method-assign,misc]
        succeed((loop, [], [])) if query.type == d.A else ask(query)
    )
    with pytest.raises(error.ResolverError):
        outcome(signed.resolver().lookupAddress("loop.secure"))


def test_few_questions() -> None:
    """Keys are asked for once, and only those that are needed."""
    signed = world()
    resolver = signed.resolver()
    outcome(resolver.lookupAddress("www.below.secure"))
    keys = [(b"below.secure", d.DS), (b"secure", d.DS), (b"", d.DNSKEY)]
    assert signed.asked == [
        (b"www.below.secure", d.A),
        *keys,
        (b"secure", d.DNSKEY),
        (b"below.secure", d.DNSKEY),
    ]
    del signed.asked[:]
    outcome(resolver.lookupAddress("www.below.secure"))
    assert signed.asked == [(b"www.below.secure", d.A)]
    signed.clock.advance(3601)
    outcome(resolver.lookupAddress("www.below.secure"))
    assert len(signed.asked) == 7


def test_anchors() -> None:
    """Keys of zones can be known from the start; a zone can be taken for one that does not sign."""
    signed = world()
    anchors: dict[str, list[d.Record_DS]] = {
        "": [signed.zones[b""].digest()],
        "secure": [],
        "below.secure": [signed.zones[b"below.secure"].digest()],
    }
    resolver = signed.resolver(anchors)
    assert addresses(outcome(resolver.lookupAddress("www.secure")))[0][1] is False
    assert addresses(outcome(resolver.lookupAddress("www.below.secure"))) == [("192.0.2.5", True)]
    del anchors[""]
    assert addresses(outcome(signed.resolver(anchors).lookupAddress("www.plain")))[0][1] is False
    with pytest.raises(dnssec.BogusError):
        outcome(signed.resolver([Zone("").digest()]).lookupAddress("www.secure"))
    assert [(key.keyTag, key.algorithm) for key in dnssec.ANCHORS] == [(20326, 8), (38696, 8)]


class TestLimits:
    """What one look-up may cost."""

    def test_checks(self) -> None:
        """No more than 16 signatures are checked for an answer (CVE-2023-50387)."""
        signed = world()
        count = 0

        def change(name: bytes, type: int, said: Sections) -> Sections:
            if type != d.A:
                return said
            signature = said[0].pop()
            for number in range(1000):
                copy = from_wire(signature.payload.toWire())
                copy.signature = number.to_bytes(64, "big")
                said[0].append(d.RRHeader(b"www.secure", d.RRSIG, ttl=600, payload=copy))
            return said

        signed.change = change
        made = dns.dnssec.validate_rrsig

        def counted(*args: Any) -> None:
            nonlocal count
            count += 1
            made(*args)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(dns.dnssec, "validate_rrsig", counted)
            with pytest.raises(error.ResolverError, match="too many signatures"):
                outcome(signed.resolver().lookupAddress("www.secure"))
        assert count <= 16 + 4

    def test_digests(self) -> None:
        """Nor are more digests of keys made."""
        signed = world()
        right = signed.zones[b"secure"].digest()
        signed.zones[b""].sets[b"secure", d.DS] = [
            d.Record_DS(right.keyTag, right.algorithm, 2, number.to_bytes(32, "big"))
            for number in range(100)
        ]
        with pytest.raises(error.ResolverError, match="too many signatures"):
            outcome(signed.resolver().lookupAddress("www.secure"))

    def test_iterations(self) -> None:
        """What is hashed over 100 times proves nothing (CVE-2023-50868)."""
        signed = world(hashes=True, iterations=100)
        with pytest.raises(error.DNSNameError):
            outcome(signed.resolver().lookupAddress("nothing.secure"))
        signed = world(hashes=True, iterations=101)
        with pytest.raises(dnssec.BogusError):
            outcome(signed.resolver().lookupAddress("nothing.secure"))

    def test_hashes(self) -> None:
        """A long name is not hashed without end."""
        signed = world(hashes=True, iterations=100)

        class Tight(dnssec.Limits):
            hashes = 1000

        resolver = signed.resolver()
        resolver.limits = Tight
        with pytest.raises(error.ResolverError, match="hash"):
            outcome(resolver.lookupAddress("x." * 60 + "secure"))

    def test_questions(self) -> None:
        """Nor are there questions without end."""
        signed = world()
        for zone in signed.zones.values():
            if zone.name == b"secure":
                zone.add(".".join(["x"] * 100) + ".secure", "A", "192.0.2.9")
        signed.change = lambda name, type, said: (
            (without_signatures(said[0]), []) if type == d.A else said
        )
        with pytest.raises(error.ResolverError, match="too many questions"):
            outcome(signed.resolver().lookupAddress(".".join(["x"] * 100) + ".secure"))
        assert len(signed.asked) == 65


class Servers:
    """The servers of all zones, which know no more than their own."""

    def __init__(self, signed: World) -> None:
        self.world = signed
        self.addresses = {f"10.0.0.{i}": zone for i, zone in enumerate(signed.zones.values())}

    def asker(self, servers: list[tuple[str, int]], reactor: object) -> Any:
        [(host, _)] = servers
        return Asker(self, self.addresses[host])


class Asker:
    """Asks the server of one zone."""

    dnssecOK = recursionDesired = False

    def __init__(self, servers: Servers, zone: Zone) -> None:
        self.servers, self.zone = servers, zone

    def queryUDP(self, queries: list[d.Query], timeout: object) -> Deferred[d.Message]:
        assert self.dnssecOK
        assert not self.recursionDesired
        [query] = queries
        name, zone = normal(query.name.name), self.zone
        reply = d.Message(answer=1, auth=1)
        cut = [c for c in zone.cuts() if ends_in(name, c)]
        if not cut or (query.type == d.DS and name == cut[0]):
            reply.rCode, reply.answers, reply.authority = zone.answer(name, query.type)
            return succeed(reply)
        for host, other in self.servers.addresses.items():
            if other.name == cut[0]:
                server = joined([b"ns", *labels(cut[0])])
                reply.authority = [d.RRHeader(cut[0], d.NS, payload=d.Record_NS(server))]
                reply.additional = [d.RRHeader(server, d.A, payload=d.Record_A(host))]
        return succeed(reply)


def from_root(signed: World) -> dnssec.ValidatingResolver:
    """A resolver that asks one server after another, and checks what they say."""
    clock = Clock()
    asks = root.Resolver(["10.0.0.0"], reactor=clock, resolverFactory=Servers(signed).asker)
    return dnssec.ValidatingResolver(asks, [signed.zones[b""].digest()], clock, lambda: NOW)


@pytest.mark.parametrize("minimise", [True, False])
def test_from_the_root(signed: World, minimise: bool) -> None:
    """What is looked up from the root down is checked as well."""
    resolver = from_root(signed)
    resolver._resolver.minimise = minimise
    optOut = signed.zones[b"secure"].optOut
    for name, expected in (
        ("www.below.secure", ("192.0.2.5", True)),
        ("alias.secure", ("192.0.2.5", True)),
        ("www.old.secure", ("192.0.2.5", True)),
        ("any.wild.secure", ("192.0.2.4", not optOut)),
        ("away.secure", ("192.0.2.6", False)),
        ("www.island.secure", ("192.0.2.7", False)),
    ):
        assert addresses(outcome(resolver.lookupAddress(name))) == [expected]
    for name in ("nothing.secure", "lost.secure", "nothing.plain"):
        with pytest.raises(error.DNSNameError):
            outcome(resolver.lookupAddress(name))
    assert outcome(resolver.lookupText("www.secure"))[0] == []
    assert outcome(resolver.query(d.Query("island.secure", d.DS)))[0] == []
    signed.zones[b"below.secure"].private = ed25519.Ed25519PrivateKey.generate()
    with pytest.raises(dnssec.BogusError):
        outcome(resolver.lookupAddress("www.below.secure"))


def test_resolvers() -> None:
    """A resolver that cannot ask for signatures is refused; so is the lack of dnspython."""
    with pytest.raises(TypeError):
        dnssec.ValidatingResolver(ResolverChain([]), reactor=Clock())
    signed = world()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "dns.dnssec", None)
        with pytest.raises(ImportError, match=r"twisted-names\[dnssec\]"):
            signed.resolver()
    stub = client.Resolver(servers=[("192.0.2.53", 53)], reactor=Clock())
    dnssec.ValidatingResolver(stub, reactor=Clock())
    assert stub.dnssecOK
    assert stub.checkingDisabled


def test_errors_of_the_resolver(signed: World) -> None:
    """Other errors, other classes, and denials without their message are passed on."""
    resolver = signed.resolver()
    signed.query = lambda query, timeout=None: fail(  # type: ignore[method-assign]
        error.DNSServerError() if query.type == d.A else error.DNSNameError(b"x")
    )
    with pytest.raises(error.DNSServerError):
        outcome(resolver.lookupAddress("www.secure"))
    with pytest.raises(error.DNSServerError):
        outcome(resolver.query(d.Query("www.secure", d.A, d.CH)))
    with pytest.raises(error.DNSNameError):
        outcome(resolver.lookupText("www.secure"))
    chain = ResolverChain([resolver, signed])
    signed.dnssecOK = True
    assert issubclass(dnssec.BogusError, error.ResolverError)
    assert not issubclass(dnssec.BogusError, error.DomainError)
    assert chain is not None


@pytest.mark.parametrize("other", [{"hashAlgorithm": 2}, {"salt": b"y"}, {"iterations": 7}])
def test_odd_hashes(other: dict[str, Any]) -> None:
    """Hashes of other kinds than the first record has prove nothing."""
    rows = [(f"{number}.secure", "A", "192.0.2.1") for number in range(20)]
    zone = Zone("secure", *rows, hashes=True)
    headers = zone.proof([b"secure", b"nothing.secure", b"*.secure"])
    assert Denial(b"secure", headers, lambda times: None).noName(b"nothing.secure")
    for header in headers[2:]:
        for name, value in other.items():
            setattr(header.payload, name, value)
    assert not Denial(b"secure", headers, lambda times: None).noName(b"nothing.secure")
    assert not Denial(b"other", headers[:2], lambda times: None).noName(b"nothing.other")
