"""Authorities: what they read, and how they answer as resolvers."""

from __future__ import annotations

import os
import sqlite3

import pytest
from zope.interface.verify import verifyObject

from twisted.internet.interfaces import IResolver
from twisted.names import authority, dns
from twisted.names.authority import (
    BindAuthority,
    FileAuthority,
    NotInZone,
    PySourceAuthority,
    SQLiteAuthority,
    UnknownRecordType,
    ZoneFileError,
    getSerial,
)
from twisted.names.error import AuthoritativeDomainError, DomainError

SOURCE = """
zone = [
    SOA("Example.org", mname="ns.example.org", rname="h.example.org", serial=7,
        refresh="2H", retry="1H", expire="1W", minimum="1H"),
    A("www.example.org", "192.0.2.1"),
    A("timed.example.org", "192.0.2.2", ttl="5M"),
    CNAME("alias.example.org", "www.example.org"),
    MX("example.org", 10, "www.example.org"),
    NS("sub.example.org", "ns.example.net"),
    PTR("1.2.0.192.in-addr.arpa", "www.example.org"),
]
"""

MASTER = b"""$ORIGIN example.org.
$TTL 300
@ SOA ns hostmaster 1 2h 1h 4w 1h
www A 192.0.2.1
"""


def result(deferred):
    """What a Deferred has fired with."""
    found = []
    deferred.addBoth(found.append)
    (outcome,) = found
    if hasattr(outcome, "raiseException"):
        outcome.raiseException()
    return outcome


@pytest.fixture
def written(tmp_path):
    """Write a file, and tell its path."""

    def write(content, name="zone"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


@pytest.fixture
def source(written):
    """An authority of Python source."""
    return PySourceAuthority(written(SOURCE))


def test_python_source(source):
    """A zone in Python has functions for the types of records, which take the owner first."""
    verifyObject(IResolver, source)
    assert source.soa[0] == b"example.org"
    assert source.soa[1].serial == 7
    assert source.records[b"timed.example.org"] == [dns.Record_A("192.0.2.2", 300)]
    assert {"A", "AAAA", "SOA", "TXT", "SRV"} <= set(source.setupConfigNamespace())


def test_answers(source):
    """Records are found with the name as it was spelled, and an authority says so."""
    answers, others, additional = result(source.lookupAddress("WWW.example.org"))
    assert answers == [
        dns.RRHeader(b"www.example.org", dns.A, dns.IN, 604800, dns.Record_A("192.0.2.1"), True)
    ]
    assert answers[0].name.name == b"WWW.example.org"
    assert (others, additional) == ([], [])


def test_hosts_of_mail(source):
    """Addresses of mail hosts come along."""
    _, _, additional = result(source.lookupMailExchange(b"example.org"))
    assert [(rr.name.name, rr.payload.dottedQuad()) for rr in additional] == [
        (b"www.example.org", "192.0.2.1")
    ]


def test_alias(source):
    """The addresses of an alias come with it, whether they or the alias are asked for."""
    for lookup in (source.lookupAddress, source.lookupCanonicalName):
        answers, _, _ = result(lookup(b"alias.example.org"))
        assert [rr.type for rr in answers] == [dns.CNAME, dns.A]


def test_referral(source):
    """Names of a zone below are referred, without authority."""
    answers, servers, _ = result(source.lookupAddress(b"x.sub.example.org"))
    assert answers == []
    assert [(rr.type, rr.auth) for rr in servers] == [(dns.NS, False)]


def test_nothing(source):
    """There are different errors for names that do not exist and for those of other zones."""
    with pytest.raises(AuthoritativeDomainError):
        result(source.lookupAddress(b"nothing.example.org"))
    with pytest.raises(NotInZone) as caught:
        result(source.lookupAddress(b"example.net"))
    assert isinstance(caught.value, DomainError)
    answers, others, _ = result(source.lookupText(b"www.example.org"))
    assert answers == []
    assert [rr.payload for rr in others] == [source.soa[1]]


def test_other_names(source):
    """A record of a name outside of the zone is answered, too."""
    answers, _, _ = result(source.lookupPointer(b"1.2.0.192.in-addr.arpa"))
    assert answers[0].payload == dns.Record_PTR(b"www.example.org")


def test_transfer(source):
    """A transfer is all records between two copies of the SOA."""
    records, others, additional = result(source.lookupZone(b"example.ORG"))
    assert records[0] == records[-1]
    assert records[0].type == dns.SOA
    assert len(records) == 8
    assert (others, additional) == ((), ())
    with pytest.raises(DomainError):
        result(source.lookupZone(b"www.example.org"))


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "No zone"), ("zone = []", "No zone"), ('zone = [A("a", "192.0.2.1")]', "no SOA")],
)
def test_python_source_without_zone(written, text, message):
    """A file without a zone, or a zone without a SOA, is an error."""
    with pytest.raises(ValueError, match=message):
        PySourceAuthority(written(text))


def test_records_are_noticed(source):
    """A record that a program adds is answered at once, and so is a whole new dictionary."""
    source.records[b"new.example.org"] = [dns.Record_A("192.0.2.9")]
    assert len(result(source.lookupAddress(b"new.example.org"))[0]) == 1
    source.records = {b"other.example.org": [dns.Record_A("192.0.2.9")]}
    assert len(result(source.lookupAddress(b"other.example.org"))[0]) == 1
    source.soa = None
    with pytest.raises(NotInZone):
        result(source.lookupAddress(b"other.example.org"))


def test_own_authority():
    """A subclass says how its zone is read, and may pass the constructor by."""

    class Mine(FileAuthority):
        def loadFile(self, filename):
            self.soa = (filename, dns.Record_SOA(b"ns", b"h", 1, 2, 3, 4, 5))
            self.records = {filename: [self.soa[1], dns.Record_A("192.0.2.1")]}

    mine = Mine(b"example.org")
    assert mine.filename == b"example.org"
    assert len(result(mine.lookupAllRecords(b"example.org"))[0]) == 2
    with pytest.raises(TypeError, match="FileAuthority does not say"):
        FileAuthority("file")


def test_bind(written):
    """A master file is a zone; names in data that end in the origin need no final dot."""
    zone = BindAuthority(written(MASTER + b"alias CNAME www.example.org\nmore CNAME other.net\n"))
    assert zone.origin == b"example.org."
    assert zone.records[b"www.example.org"] == [dns.Record_A("192.0.2.1", 300)]
    assert zone.records[b"alias.example.org"] == [dns.Record_CNAME(b"www.example.org", 300)]
    assert zone.records[b"more.example.org"] == [dns.Record_CNAME(b"other.net.example.org", 300)]


def test_bind_path_as_bytes(written):
    """The path may be bytes."""
    assert BindAuthority(os.fsencode(written(MASTER))).soa[0] == b"example.org"


def test_bind_with_origin(written):
    """Where the file does not say its origin, the program may."""
    zone = BindAuthority(written(MASTER.partition(b"\n")[2]), origin="example.net")
    assert zone.soa[0] == b"example.net"


def test_bind_without_times(written):
    """Records for which no time is known live as long as the SOA says (RFC 1035 §5.1)."""
    zone = BindAuthority(written(MASTER.replace(b"$TTL 300\n", b"")))
    assert zone.records[b"www.example.org"][0].ttl == 3600


def test_bind_without_mailbox(written):
    """A SOA without a mailbox, which the published release let pass, has the usual one."""
    zone = BindAuthority(written(MASTER.replace(b"hostmaster ", b"")))
    assert zone.soa[1].rname == dns.Name(b"hostmaster.example.org")
    assert zone.soa[1].serial == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"$ORIGIN example.org.\nwww 60 A 192.0.2.1\n", "1:1: the zone has no SOA"),
        (MASTER + b"sub SOA ns h 1 2 3 4 5\n", "1:1: the zone has more than one SOA"),
        (MASTER + b"www A 192.0.2\n", "5:7: "),
        (MASTER + b"www CH A 192.0.2.1\n", "5:8: Record class 'CH' not supported"),
        (MASTER + b"www CLASS9 A 192.0.2.1\n", "5:12: Record class 'CLASS9' not supported"),
        (MASTER + b"www MX 10 mail.example.org extra\n", "5:28: "),
    ],
)
def test_bind_errors(written, text, message):
    """Errors of a master file tell the file, the line and the column."""
    path = written(text)
    with pytest.raises(ZoneFileError) as caught:
        BindAuthority(path)
    assert str(caught.value).startswith(f"{path}:{message}")


def test_bind_includes(written, tmp_path):
    """Files of the zone's folder are included, others only if that is allowed."""
    (tmp_path / "zones").mkdir()
    written("more A 192.0.2.2\n", "zones/more")
    written("more A 192.0.2.3\n", "outside")
    inside = written(MASTER + b"$INCLUDE more\n", "zones/zone")
    assert BindAuthority(inside).records[b"more.example.org"]
    outside = written(MASTER + b"$INCLUDE ../outside\n", "zones/zone")
    with pytest.raises(ZoneFileError, match="outside"):
        BindAuthority(outside)
    assert BindAuthority(outside, includeAnywhere=True).records[b"more.example.org"]


def test_bind_reload(written):
    """A zone is read again; if that fails, it stays as it was."""
    path = written(MASTER)
    zone = BindAuthority(path)
    versions = []
    zone.watch(lambda changed: versions.append(changed.soa[1].serial))
    written(MASTER.replace(b" 1 2h", b" 2 2h") + b"new A 192.0.2.2\n")
    zone.reload()
    assert versions == [2]
    assert b"new.example.org" in zone.records
    (step,) = zone.history().since(1)
    assert [rr.name for rr in step.added] == [b"new.example.org"]
    written(MASTER + b"broken\n")
    with pytest.raises(ZoneFileError):
        zone.reload()
    assert zone.soa[1].serial == 2
    assert b"new.example.org" in zone.records


def test_bind_steps(written):
    """The steps in which a file is read can be called, and overridden, one by one."""
    zone = BindAuthority(written(MASTER))
    lines = [b"a TXT (;(\n", b'"x;y" ) ; more\r\n', b"b\\;c A 192.0.2.1"]
    stripped = list(zone.stripComments(lines))
    assert stripped == [b"a TXT (", b'"x;y" ) ', b"b\\;c A 192.0.2.1"]
    assert [list(entry) for entry in zone.collapseContinuations(stripped)] == [
        [b"a", b"TXT", b"x;y"],
        [b"b\\;c", b"A", b"192.0.2.1"],
    ]

    class Collecting(BindAuthority):
        def addRecord(self, *arguments):
            added.append(arguments)
            super().addRecord(*arguments)

    added = []
    collecting = Collecting(zone.filename)
    assert added[1] == (b"www.example.org.", 300, "A", b"example.org.", "IN", [b"192.0.2.1"])
    collecting.parseLines([[b"$ORIGIN", b"example.net."], [b"x", b"60", b"A", b"192.0.2.2"]])
    assert added[2] == (b"x.example.net.", 60, "A", b"example.net.", "IN", [b"192.0.2.2"])
    collecting.parseRecordLine(b"example.com.", 5, [b"y", b"IN", b"A", b"192.0.2.3"])
    assert added[3] == (b"y.example.com.", 5, "A", b"example.com.", "IN", [b"192.0.2.3"])
    with pytest.raises(UnknownRecordType, match="LOL"):
        collecting.parseRecordLine(b"example.com.", 5, [b"y", b"LOL", b"192.0.2.3"])


def test_written_and_read(source, written):
    """A zone that is written as a master file is read as the same zone."""
    text = source.toText()
    again = BindAuthority(written(text))
    assert again.soa == source.soa or again.soa[1].serial == source.soa[1].serial
    assert set(again.records) == set(source.records)
    source.soa = None
    with pytest.raises(ValueError, match="no zone"):
        source.toText()


TABLE = "CREATE TABLE records (name TEXT, ttl INTEGER, type TEXT, data TEXT)"
ROWS = [
    ("example.org", 300, "SOA", "ns.example.org. h.example.org. 1 2h 1h 4w 1h"),
    ("WWW.example.org.", None, "A", "192.0.2.1"),
    ("www.example.org", 60, "TXT", '"a b" ; comment'),
    ("odd.example.org", 60, "TYPE65400", "\\# 2 (01\n02)"),
]


@pytest.fixture
def database(tmp_path):
    """A database of a zone: its path, and a connection to it."""
    path = str(tmp_path / "zones.db")
    with sqlite3.connect(path) as connection:
        connection.execute(TABLE)
        connection.executemany("INSERT INTO records VALUES (?, ?, ?, ?)", ROWS)
    yield path, connection
    connection.close()


def test_sqlite(database):
    """A zone comes from a table of records."""
    zone = SQLiteAuthority(database[0])
    assert zone.soa[0] == b"example.org"
    assert zone.records[b"www.example.org"] == [
        dns.Record_A("192.0.2.1"),
        dns.Record_TXT(b"a b", ttl=60),
    ]
    assert zone.records[b"odd.example.org"][0].data == b"\1\2"
    zone.close()


def test_sqlite_refresh(database):
    """What another program changes in the database is noticed; an error changes nothing."""
    path, connection = database
    zone = SQLiteAuthority(path)
    assert not zone.refresh()
    with connection:
        connection.execute("UPDATE records SET data = '192.0.2.9' WHERE type = 'A'")
    assert zone.refresh()
    assert zone.records[b"www.example.org"][0].dottedQuad() == "192.0.2.9"
    with connection:
        connection.execute("UPDATE records SET data = 'nonsense' WHERE type = 'A'")
    with pytest.raises(ZoneFileError, match=r"zones\.db:2:"):
        zone.refresh()
    assert zone.records[b"www.example.org"][0].dottedQuad() == "192.0.2.9"
    zone.close()


def test_sqlite_of_several_zones(database):
    """A database may hold several zones, of which one is chosen."""
    path, connection = database
    with connection:
        row = ("example.net", 300, "SOA", "ns. h. 1 2 3 4 5")
        connection.execute("INSERT INTO records VALUES (?, ?, ?, ?)", row)
    with pytest.raises(ZoneFileError, match="more than one SOA"):
        SQLiteAuthority(path)
    zone = SQLiteAuthority(path, origin="example.net")
    assert set(zone.records) == {b"example.net"}
    zone.close()
    with pytest.raises(ZoneFileError, match="no SOA"):
        SQLiteAuthority(path, origin="example.com")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("a..b", 1, "A", "192.0.2.1"), ":5:1: .*empty"),
        (("a", -1, "A", "192.0.2.1"), ":5:1: -1 is no time"),
        (("a", "x", "A", "192.0.2.1"), ":5:1: 'x' is no time"),
        ((None, 1, "A", "192.0.2.1"), ":5:1: .*text"),
        (("a", 1, "LOL", "x"), ":5:1: .*not supported"),
        (("a", 1, "A", "("), ":5:1: .*not closed"),
        (("a", 1, "A", ""), ":5:1: .*missing"),
        (("a", 1, "A", ") ("), ":5:"),
    ],
)
def test_sqlite_errors(database, row, message):
    """What is wrong in a database is told with the number of its row."""
    path, connection = database
    with connection:
        connection.execute("INSERT INTO records VALUES (?, ?, ?, ?)", row)
    with pytest.raises(ZoneFileError, match=message):
        SQLiteAuthority(path)


def test_sqlite_is_not_made(tmp_path):
    """A database that is not there is an error, and is not made."""
    with pytest.raises(sqlite3.Error):
        SQLiteAuthority(str(tmp_path / "missing.db"))
    assert not (tmp_path / "missing.db").exists()


def test_serial(tmp_path, monkeypatch):
    """Serial numbers are the date and a counter, and grow."""
    path = str(tmp_path / "serial")
    monkeypatch.setattr(authority.time, "strftime", lambda form: "20261121")
    assert [getSerial(path) for _ in range(3)] == ["2026112101", "2026112102", "2026112103"]
    monkeypatch.setattr(authority.time, "strftime", lambda form: "20261122")
    assert getSerial(path) == "2026112201"
    assert os.stat(path).st_mode & 0o077 == 0


def test_serial_through_link(tmp_path):
    """A symbolic link, which anybody may put into a shared folder, is not followed."""
    (tmp_path / "victim").write_text("precious")
    os.symlink(tmp_path / "victim", tmp_path / "serial")
    with pytest.raises(OSError, match="symbolic"):
        getSerial(str(tmp_path / "serial"))
    assert (tmp_path / "victim").read_text() == "precious"
