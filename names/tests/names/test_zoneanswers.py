"""What zones answer, and what they do not."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twisted.names import dns
from twisted.names._zones._answers import ANY, MOST_ALIASES, Zone
from twisted.names._zones._load import makeRecord
from twisted.names._zones._reader import Reader
from twisted.names._zones._records import CHANGES, ZoneRecords

TEXT = b"""$ORIGIN example.org.
$TTL 300
@ SOA ns1 hostmaster 1 2h 1h 4w 1m
  NS ns1
  NS ns.sub
  MX 10 mail
  MX 20 mail.example.net.
ns1 A 192.0.2.1
mail A 192.0.2.2
     AAAA 2001:db8::2
www A 192.0.2.3
    A 192.0.2.4
    TXT "hi"
alias CNAME www
second CNAME alias
dangling CNAME nothing
out CNAME www.example.net.
loop CNAME pool
pool CNAME loop
_sip._tcp SRV 1 2 5060 mail
sub NS ns.sub
    NS ns1
    NS ns.example.net.
    DS 1 8 2 AABB
ns.sub A 192.0.2.5
below.sub TXT "not ours"
*.wild A 192.0.2.6
*.wild MX 10 mail
here.wild TXT "no address"
a.b.c TXT "deep"
*.alias.wild CNAME www
moved DNAME other
x.other A 192.0.2.7
away DNAME example.net.
"""


def zone_of(text, origin=b"example.org"):
    """A zone from a master file."""
    records = ZoneRecords()
    for written in Reader(origin).read(text):
        record = makeRecord(written.type, written.data, written.origin, written.ttl)
        records.setdefault(written.owner, []).append(record)
    (soa,) = [record for record in records[origin] if record.TYPE == dns.SOA]
    return Zone(origin, soa, records)


@pytest.fixture(scope="module")
def zone():
    """The zone of the tests."""
    return zone_of(TEXT)


def shown(section):
    """A section in short."""
    return [
        f"{name.decode().removesuffix('.example.org')} {ttl}"
        f" {dns.QUERY_TYPES[record.TYPE]} {record.toText(b'example.org')}"
        for name, ttl, record in section
    ]


SOA = "example.org 60 SOA ns1 hostmaster 1 7200 3600 2419200 60"
ANSWERS = [
    # A name, a type, the code, and the three sections.
    ("www", dns.A, 0, ["www 300 A 192.0.2.3", "www 300 A 192.0.2.4"], [], []),
    ("www", dns.AAAA, 0, [], [SOA], []),
    ("nothing", dns.A, 3, [], [SOA], []),
    ("under.www", dns.A, 3, [], [SOA], []),
    ("c", dns.A, 0, [], [SOA], []),
    ("b.c", dns.TXT, 0, [], [SOA], []),
    ("z.c", dns.TXT, 3, [], [SOA], []),
    (
        "@",
        dns.MX,
        0,
        ["example.org 300 MX 10 mail", "example.org 300 MX 20 mail.example.net."],
        [],
        ["mail 300 A 192.0.2.2", "mail 300 AAAA 2001:db8::2"],
    ),
    (
        "@",
        dns.NS,
        0,
        ["example.org 300 NS ns1", "example.org 300 NS ns.sub"],
        [],
        ["ns1 300 A 192.0.2.1", "ns.sub 300 A 192.0.2.5"],
    ),
    (
        "_sip._tcp",
        dns.SRV,
        0,
        ["_sip._tcp 300 SRV 1 2 5060 mail"],
        [],
        ["mail 300 A 192.0.2.2", "mail 300 AAAA 2001:db8::2"],
    ),
    ("alias", dns.CNAME, 0, ["alias 300 CNAME www"], [], []),
    ("alias", dns.TXT, 0, ["alias 300 CNAME www", 'www 300 TXT "hi"'], [], []),
    (
        "second",
        dns.TXT,
        0,
        ["second 300 CNAME alias", "alias 300 CNAME www", 'www 300 TXT "hi"'],
        [],
        [],
    ),
    ("alias", dns.MX, 0, ["alias 300 CNAME www"], [SOA], []),
    ("dangling", dns.A, 3, ["dangling 300 CNAME nothing"], [SOA], []),
    ("out", dns.A, 0, ["out 300 CNAME www.example.net."], [], []),
    ("loop", dns.A, 0, ["loop 300 CNAME pool", "pool 300 CNAME loop"], [], []),
    ("any.wild", dns.A, 0, ["any.wild 300 A 192.0.2.6"], [], []),
    ("any.any.wild", dns.A, 0, ["any.any.wild 300 A 192.0.2.6"], [], []),
    ("any.wild", dns.TXT, 0, [], [SOA], []),
    ("wild", dns.A, 0, [], [SOA], []),
    ("here.wild", dns.A, 0, [], [SOA], []),
    ("below.here.wild", dns.A, 3, [], [SOA], []),
    ("*.wild", dns.A, 0, ["*.wild 300 A 192.0.2.6"], [], []),
    ("x.alias.wild", dns.TXT, 0, ["x.alias.wild 300 CNAME www", 'www 300 TXT "hi"'], [], []),
    (
        "x.moved",
        dns.A,
        0,
        ["moved 300 DNAME other", "x.moved 300 CNAME x.other", "x.other 300 A 192.0.2.7"],
        [],
        [],
    ),
    ("moved", dns.DNAME, 0, ["moved 300 DNAME other"], [], []),
    ("moved", dns.A, 0, [], [SOA], []),
    (
        "x.away",
        dns.A,
        0,
        ["away 300 DNAME example.net.", "x.away 300 CNAME x.example.net."],
        [],
        [],
    ),
    ("sub", dns.DS, 0, ["sub 300 DS 1 8 2 AABB"], [], []),
]


@pytest.mark.parametrize(("name", "kind", "code", "answers", "authority", "additional"), ANSWERS)
def test_answers(zone, name, kind, code, answers, authority, additional):
    """Each kind of question gets the sections that RFC 1034, 2308, 4592 and 6672 ask for."""
    full = b"example.org" if name == "@" else name.encode() + b".example.org"
    found = zone.answer(full, kind)
    assert found.authoritative
    assert (found.code, shown(found.answers)) == (code, answers)
    assert shown(found.authority) == authority
    assert shown(found.additional) == additional


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (b"sub", dns.A),
        (b"sub", dns.NS),
        (b"sub", ANY),
        (b"x.sub", dns.A),
        (b"x.sub", dns.DS),
        (b"ns.sub", dns.A),
        (b"below.sub", dns.TXT),
    ],
)
def test_referral(zone, name, kind):
    """What is in a zone below is referred, without authority, with the addresses needed first."""
    found = zone.answer(name + b".example.org", kind)
    assert (found.code, found.authoritative, found.answers) == (0, False, [])
    assert shown(found.authority) == [
        "sub 300 NS ns.sub",
        "sub 300 NS ns1",
        "sub 300 NS ns.example.net.",
    ]
    assert shown(found.additional) == ["ns.sub 300 A 192.0.2.5", "ns1 300 A 192.0.2.1"]
    assert found.glue == 1


def test_alias_into_zone_below():
    """An alias to a name of a zone below is answered with authority, and refers for the rest."""
    zone = zone_of(TEXT + b"deep CNAME x.sub\n")
    found = zone.answer(b"deep.example.org", dns.A)
    assert found.authoritative
    assert shown(found.answers) == ["deep 300 CNAME x.sub"]
    assert [rr.record.TYPE for rr in found.authority] == [dns.NS] * 3


def test_all_records(zone):
    """All records of a name are there, aliases are not followed."""
    assert len(zone.answer(b"www.example.org", ANY).answers) == 3
    assert shown(zone.answer(b"alias.example.org", ANY).answers) == ["alias 300 CNAME www"]


def test_other_names(zone):
    """About names outside of the zone there is nothing to say."""
    for name in (b"example.net", b"org", b"", b"notexample.org", b"x\\.example.org"):
        assert zone.answer(name, dns.A) is None


def test_root_zone():
    """The zone of the root holds all names."""
    zone = zone_of(b"@ 60 SOA a b 1 2 3 4 5\norg 60 NS ns.org\nns.org 60 A 192.0.2.1\n", b"")
    assert zone.answer(b"net", dns.A).code == 3
    found = zone.answer(b"x.org", dns.A)
    assert not found.authoritative
    assert found.additional[0].name == b"ns.org"
    assert zone.answer(b"", dns.SOA).answers[0].record is zone.soa


def test_long_chain():
    """A chain of aliases is followed a bounded number of times."""
    chain = b"".join(b"a%d CNAME a%d\n" % (i, i + 1) for i in range(100))
    found = zone_of(TEXT + chain).answer(b"a0.example.org", dns.A)
    assert len(found.answers) == MOST_ALIASES


def test_name_that_becomes_too_long():
    """A name that a DNAME makes longer than names may be is an error (RFC 6672 §2.2)."""
    long = b".".join([b"x" * 60] * 3)
    zone = zone_of(TEXT + b"wide DNAME " + long + b"\n")
    found = zone.answer(b".".join([b"y" * 60, b"wide.example.org"]), dns.A)
    assert found.code == 6
    assert [rr.record.TYPE for rr in found.answers] == [dns.DNAME]


def test_escaped_dots():
    """A dot within a label separates nothing."""
    zone = zone_of(TEXT + b"a\\.sub A 192.0.2.8\n")
    found = zone.answer(b"a\\.sub.example.org", dns.A)
    assert found.authoritative
    assert shown(found.answers) == ["a\\.sub 300 A 192.0.2.8"]


def test_records_of_other_names():
    """Records of names outside of the zone, in the same source, are answered, too."""
    zone = zone_of(TEXT + b"1.2.0.192.in-addr.arpa. PTR www\n")
    assert shown(zone.answer(b"1.2.0.192.in-addr.arpa", dns.PTR).answers) == [
        "1.2.0.192.in-addr.arpa 300 PTR www"
    ]
    assert zone.answer(b"2.2.0.192.in-addr.arpa", dns.PTR) is None


def test_default_time():
    """Records without a time live as long as the SOA says, as in the published release."""
    soa = dns.Record_SOA(b"ns", b"h", 1, 2, 3, expire=500, minimum=60)
    zone = Zone(b"a", soa, ZoneRecords({b"a": [soa], b"b.a": [dns.Record_A("192.0.2.1")]}))
    assert zone.answer(b"b.a", dns.A).answers[0].ttl == 500
    assert zone.answer(b"c.a", dns.A).authority[0].ttl == 60


LABELS = st.sampled_from(
    [b"www", b"sub", b"wild", b"*", b"alias", b"moved", b"x", b"a", b"b", b"c"]
)


@given(st.lists(LABELS, max_size=6), st.integers(1, 300))
def test_any_question(labels, kind):
    """Any question below the zone has an answer, and one without records says that by the SOA."""
    zone = ZONE
    found = zone.answer(b".".join([*labels, b"example.org"]), kind)
    assert found.code in (0, 3)
    if not found.answers:
        assert found.authority
    if found.code == 3:
        assert found.authority[-1].record is zone.soa


ZONE = zone_of(TEXT)

CHANGING = [
    lambda records: records.__setitem__(b"new", [dns.Record_A("192.0.2.9")]),
    lambda records: records.__delitem__(b"www.example.org"),
    lambda records: records.pop(b"www.example.org"),
    lambda records: records.popitem(),
    lambda records: records.clear(),
    lambda records: records.update({b"new": []}),
    lambda records: records.__ior__({b"new": []}),
    lambda records: records.setdefault(b"new", []),
    lambda records: records.setdefault(b"new", []).append(dns.Record_A()),
    lambda records: records[b"www.example.org"].append(dns.Record_A()),
    lambda records: records[b"www.example.org"].extend([dns.Record_A()]),
    lambda records: records[b"www.example.org"].insert(0, dns.Record_A()),
    lambda records: records[b"www.example.org"].remove(dns.Record_A("192.0.2.3", 300)),
    lambda records: records[b"www.example.org"].pop(),
    lambda records: records[b"www.example.org"].clear(),
    lambda records: records[b"www.example.org"].reverse(),
    lambda records: records[b"www.example.org"].sort(key=repr),
    lambda records: records[b"www.example.org"].__setitem__(0, dns.Record_A()),
    lambda records: records[b"www.example.org"].__delitem__(0),
    lambda records: records[b"www.example.org"].__iadd__([dns.Record_A()]),
    lambda records: records[b"www.example.org"].__imul__(2),
    lambda records: records.touch(),
]


@pytest.mark.parametrize("change", CHANGING)
def test_changes_are_noticed(change):
    """Each way to change the records is noticed, and answers follow."""
    zone = zone_of(TEXT)
    index, here, everywhere = zone.index(), zone.records.changes.count, CHANGES.count
    assert zone.index() is index
    change(zone.records)
    assert zone.records.changes.count > here
    assert CHANGES.count > everywhere
    assert zone.index() is not index


def test_new_records_are_answered():
    """A record that is added is answered at once."""
    zone = zone_of(TEXT)
    zone.records[b"new.example.org"] = [dns.Record_A("192.0.2.9", ttl=5)]
    assert shown(zone.answer(b"new.example.org", dns.A).answers) == ["new 5 A 192.0.2.9"]
    del zone.records[b"new.example.org"][0]
    assert zone.answer(b"new.example.org", dns.A).code == 3


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda r: pickle.loads(pickle.dumps(r))]
)
def test_copies(copied):
    """The records of a zone can be copied, and the copy is a zone's records again."""
    records = ZoneRecords({b"a": [dns.Record_A("192.0.2.1", 5)]})
    other = copied(records)
    assert other == records
    assert type(other) is ZoneRecords
    other[b"a"].append(dns.Record_A())
    assert len(records[b"a"]) == 1
