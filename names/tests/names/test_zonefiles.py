"""Master files: what is read from them, and where they are wrong."""

from __future__ import annotations

import os
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twisted.names import dns
from twisted.names._zones._errors import UnknownRecordType, ZoneFileError
from twisted.names._zones._fields import MOST_FIELD_OCTETS, entries
from twisted.names._zones._load import makeRecord
from twisted.names._zones._reader import (
    MOST_FILES,
    MOST_INCLUDES_DEEP,
    Reader,
    folderIncluder,
    readZoneFile,
)
from twisted.names._zones._write import zoneText


def read(text, **options):
    """The records of a file, with their owners."""
    return [
        (w.owner, makeRecord(w.type, w.data, w.origin, w.ttl, w.file))
        for w in Reader(**options).read(text)
    ]


SOA = b"@ IN SOA ns hostmaster 1 2h 1h 4w 1h\n"


def test_everything():
    """Comments, parentheses, quotes, escapes, omitted parts and units are understood."""
    found = read(
        b"""\xef\xbb\xbf$ORIGIN example.org.
; a comment
$TTL 1h30m
@ IN SOA ns hostmaster ( 2026112101 ; serial
        2h ; refresh
   1h 4w
1h )
 IN NS ns ; the same owner
www 300 IN A 192.0.2.1
    IN 5m AAAA 2001:db8::1
    A 192.0.2.2\r
text TXT "a ; b" c\\;d "e \\"f\\"" \\065\\(
a\\.b A 192.0.2.3
abs.example.net. A 192.0.2.4
$ORIGIN sub
x CNAME @
y CNAME www.example.org.
unknown TYPE65400 \\# 2 ( 01
 02 )
known TYPE1 \\# 4 C0000205
generic CLASS1 A 192.0.2.6
"""
    )
    assert found == [
        (
            b"example.org",
            dns.Record_SOA(
                b"ns.example.org",
                b"hostmaster.example.org",
                2026112101,
                7200,
                3600,
                4 * 604800,
                3600,
                5400,
            ),
        ),
        (b"example.org", dns.Record_NS(b"ns.example.org", 5400)),
        (b"www.example.org", dns.Record_A("192.0.2.1", 300)),
        (b"www.example.org", dns.Record_AAAA("2001:db8::1", 300)),
        (b"www.example.org", dns.Record_A("192.0.2.2", 5400)),
        (b"text.example.org", dns.Record_TXT(b"a ; b", b"c;d", b'e "f"', b"A(", ttl=5400)),
        (b"a\\.b.example.org", dns.Record_A("192.0.2.3", 5400)),
        (b"abs.example.net", dns.Record_A("192.0.2.4", 5400)),
        (b"x.sub.example.org", dns.Record_CNAME(b"sub.example.org", 5400)),
        (b"y.sub.example.org", dns.Record_CNAME(b"www.example.org", 5400)),
        (b"unknown.sub.example.org", found[10][1]),
        (b"known.sub.example.org", dns.Record_A("192.0.2.5", 5400)),
        (b"generic.sub.example.org", dns.Record_A("192.0.2.6", 5400)),
    ]
    assert found[10][1].data == b"\1\2"
    assert found[10][1].TYPE == 65400


def test_times_of_records_without_any():
    """Without $TTL a record has the time of the last one that had one (RFC 1035 §5.1)."""
    found = Reader(b"example.org").read(b"a A 192.0.2.1\nb 60 A 192.0.2.2\nc A 192.0.2.3\n")
    assert [written.ttl for written in found] == [None, 60, 60]


WRONG = [
    (b'a TXT "open\n', 1, 7, "not closed"),
    (b'a TXT k="open\n', 1, 9, "not closed"),
    (b"\n\na A ( 192.0.2.1\n", 3, 5, "not closed"),
    (b"a A ( ( 192.0.2.1 ) )\n", 1, 7, "open already"),
    (b"a A 192.0.2.1 )\n", 1, 15, "no parenthesis"),
    (b"a A 192.0.2.1\\\n", 1, 14, "backslash"),
    (b"a A 192.\x002.1\n", 1, 9, "control"),
    (b"a TXT " + b"x" * (MOST_FIELD_OCTETS + 1), 1, 7, "too long"),
    (b"$ORIGIN\n", 1, 1, "lacks"),
    (b"$ORIGIN a. b.\n", 1, 12, "too many"),
    (b"$ORIGIN a..b.\n", 1, 9, "empty"),
    (b"$TTL abc\n", 1, 6, "no time"),
    (b"$TTL 99999999999\n", 1, 6, "longer than"),
    (b"$TTL 9999999999999999w\n", 1, 6, "longer than"),
    (b"$TTL " + b"9" * 5000 + b"\n", 1, 6, "no time"),
    (b"$NONSENSE x\n", 1, 1, "no directive"),
    (b"$INCLUDE\n", 1, 1, "lacks"),
    (b"$INCLUDE file\n", 1, 10, "cannot be included"),
    (b"$GENERATE 1-2\n", 1, 11, "lacks"),
    (b"$GENERATE 2-1 a$ A 192.0.2.$\n", 1, 11, "nowhere"),
    (b"$GENERATE 1-2/0 a$ A 192.0.2.$\n", 1, 11, "nowhere"),
    (b"$GENERATE x a$ A 192.0.2.$\n", 1, 11, "no range"),
    (b"$GENERATE 0-65536 a$ A 192.0.2.1\n", 1, 11, "more than"),
    (b"$GENERATE 1-2 a${-3} A 192.0.2.1\n", 1, 11, "less than nothing"),
    (b"$GENERATE 1-2 a$ A 192.0.2.x$\n", 1, 20, "address"),
    (b" A 192.0.2.1\n", 1, 2, "no record before"),
    (b"a\n", 1, 1, "no type"),
    (b"a 300 IN\n", 1, 7, "no type"),
    (b"a..b A 192.0.2.1\n", 1, 1, "empty"),
    (b".a A 192.0.2.1\n", 1, 1, "empty"),
    (b"x" * 64 + b" A 192.0.2.1\n", 1, 1, "63"),
    (b"x." * 130 + b" A 192.0.2.1\n", 1, 1, "255"),
    (b"a\\300 A 192.0.2.1\n", 1, 1, "octet"),
    (b"a 99999999999 A 192.0.2.1\n", 1, 3, "longer than"),
    (b"a LOL 192.0.2.1\n", 1, 3, "'LOL' not supported"),
    (b"a TYPE99999 \\# 0\n", 1, 3, "not supported"),
    (b"a AXFR \\# 0\n", 1, 3, "not supported"),
    (b"a TYPE41 \\# 0\n", 1, 3, "not supported"),
    (b"a A\n", 1, 3, "missing"),
    (b"a A 192.0.2\n", 1, 5, "192.0.2"),
    (b"a A 192.0.2.1 2\n", 1, 15, "too much"),
    (b"a IN AAAA 192.0.2.1\n", 1, 11, "192.0.2.1"),
    (b"a MX ten mail\n", 1, 6, "number"),
    (b"a MX 65536 mail\n", 1, 6, "number"),
    (b"a MX 10\n", 1, 6, "missing"),
    (b"a MX 10 b..c\n", 1, 9, "empty"),
    (b"a SOA ns hostmaster 1 2 3 (\n  4\n  five )\n", 3, 3, "five"),
    (b'a TXT "' + b"x" * 256 + b'"\n', 1, 7, "255"),
    (b"a TXT \\999\n", 1, 7, "octet"),
    (b"a TYPE65400 \\# 3 0102\n", 1, 18, "octets"),
    (b"a TYPE65400 \\# 1 0g\n", 1, 18, "hexadecimal"),
    (b"a TYPE65400 01\n", 1, 13, "\\#"),
    (b"a DS 1 8 2 zz\n", 1, 12, "hexadecimal"),
    (b"a CAA 256 issue x\n", 1, 7, "number"),
]


@pytest.mark.parametrize(("text", "line", "column", "message"), WRONG)
def test_wrong(text, line, column, message):
    """What is wrong is told with the file, the line and the column."""
    with pytest.raises(ZoneFileError) as caught:
        read(text, startOrigin=b"example.org", file="zone")
    error = caught.value
    assert (error.line, error.column) == (line, column), str(error)
    assert str(error).startswith(f"zone:{line}:{column}: ")
    assert message in error.message


def test_no_origin():
    """A relative name without any origin is an error, an absolute one is none."""
    assert read(b"a. A 192.0.2.1\n")[0][0] == b"a"
    with pytest.raises(ZoneFileError, match=r"<zone>:1:1: .*no \$ORIGIN"):
        read(b"a A 192.0.2.1\n")
    with pytest.raises(ZoneFileError, match=r"no \$ORIGIN"):
        read(b"@ A 192.0.2.1\n")


def test_unknown_type():
    """An unknown type is an error of its own, as in the published release."""
    with pytest.raises(UnknownRecordType) as caught:
        read(b"a. LOL x\n")
    assert isinstance(caught.value, NotImplementedError)
    assert caught.value.args == ("Record type 'LOL' not supported",)


GENERATED = [
    (b"1-3 a$ A 192.0.2.$", ["a1 192.0.2.1", "a2 192.0.2.2", "a3 192.0.2.3"]),
    (b"0-10/5 a$ A 192.0.2.${100}", ["a0 192.0.2.100", "a5 192.0.2.105", "a10 192.0.2.110"]),
    (b"9-10 a-${0,3} A 192.0.2.${-9,0,d}", ["a-009 192.0.2.0", "a-010 192.0.2.1"]),
    (b"10-10 ${0,4,x}-${0,2,X}-${0,3,o} A 192.0.2.1", ["000a-0a-012 192.0.2.1"]),
    (b"18-18 ${0,3,n}.${0,5,N}.x A 192.0.2.1", ["2.1.2.1.0.x 192.0.2.1"]),
    (b"1-1 a\\$b$ A 192.0.2.1", ["a$b1 192.0.2.1"]),
    (b"1-1 a$$b$ A 192.0.2.1", ["a$b1 192.0.2.1"]),
]


@pytest.mark.parametrize(("directive", "expected"), GENERATED)
def test_generate(directive, expected):
    """$GENERATE makes records of a pattern, whose numbers have offset, width and base."""
    found = read(b"$GENERATE " + directive + b"\n", startOrigin=b"")
    shown = [f"{name.decode()} {record.dottedQuad()}" for name, record in found]
    assert shown == expected


def test_generate_with_time_and_class():
    """What $GENERATE makes may have a time, a class, and data of several fields."""
    found = read(b"$GENERATE 1-2 $ 5m IN MX $ mail$\n", startOrigin=b"example.org")
    assert found == [
        (b"1.example.org", dns.Record_MX(1, b"mail1.example.org", ttl=300)),
        (b"2.example.org", dns.Record_MX(2, b"mail2.example.org", ttl=300)),
    ]


def include(tmp_path, text, **options):
    """Read a file in a folder."""
    (tmp_path / "zone").write_bytes(text)
    path = str(tmp_path / "zone")
    return read(
        readZoneFile(path),
        startOrigin=b"example.org",
        file=path,
        include=folderIncluder(tmp_path, **options),
    )


def test_include(tmp_path):
    """An included file has an origin of its own, and changes none of the one around it."""
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "hosts").write_bytes(b"b A 192.0.2.2\n$ORIGIN other\n$INCLUDE next\n")
    (tmp_path / "more" / "next").write_bytes(b"c A 192.0.2.3\n")
    text = b"a A 192.0.2.1\n$INCLUDE more/hosts sub ; comment\n A 192.0.2.4\nd A 192.0.2.5\n"
    assert [name for name, _ in include(tmp_path, text)] == [
        b"a.example.org",
        b"b.sub.example.org",
        b"c.other.sub.example.org",
        b"a.example.org",
        b"d.example.org",
    ]


def test_include_outside(tmp_path):
    """Files outside of the folder, by dots, absolute or through links, are only read if asked."""
    folder = tmp_path / "zones"
    folder.mkdir()
    (tmp_path / "secret").write_bytes(b"a A 192.0.2.1\n")
    os.symlink(tmp_path / "secret", folder / "link")
    for name in ("../secret", str(tmp_path / "secret"), "link"):
        with pytest.raises(ZoneFileError, match="outside") as caught:
            include(folder, f"\n$INCLUDE {name}\n".encode())
        assert (caught.value.line, caught.value.column) == (2, 10)
        assert len(include(folder, f"$INCLUDE {name}\n".encode(), anywhere=True)) == 1


def test_error_in_included_file(tmp_path):
    """An error in an included file tells of that file."""
    (tmp_path / "more").write_bytes(b"\nb A\n")
    with pytest.raises(ZoneFileError) as caught:
        include(tmp_path, b"$INCLUDE more\n")
    assert str(caught.value).startswith(f"{tmp_path / 'more'}:2:3: ")


def test_include_itself(tmp_path):
    """A file that includes itself is an error, not a loop."""
    with pytest.raises(ZoneFileError, match=f"{MOST_INCLUDES_DEEP} deep"):
        include(tmp_path, b"$INCLUDE zone\n")


def test_many_includes(tmp_path):
    """A zone has a bounded number of files."""
    (tmp_path / "more").write_bytes(b"b A 192.0.2.1\n")
    with pytest.raises(ZoneFileError, match=f"more than {MOST_FILES} files"):
        include(tmp_path, b"$INCLUDE more\n" * MOST_FILES)


@given(st.binary(max_size=200))
def test_any_octets(data):
    """Whatever a file holds, it is read, or there is one kind of error."""
    with suppress(ZoneFileError):
        read(data, startOrigin=b"example.org")


TOKENS = (
    *(b"$", b"{0,3,x}", b"$GENERATE", b" ", b"1-3", b"\n", b"a", b"A", b"IN", b"(", b")", b'"'),
    *(b"$INCLUDE", b"$ORIGIN", b"\\", b"192.0.2.1", b"TXT", b"@", b";", b"SOA", b".", b"MX"),
)
LINES = st.lists(st.sampled_from(TOKENS), max_size=30).map(b"".join)


@given(LINES)
def test_any_tokens(data):
    """The same of what looks like a zone."""
    test_any_octets.hypothesis.inner_test(data)


LABEL = st.binary(min_size=1, max_size=20).map(
    lambda octets: octets.lower().replace(b"\\", b"\\\\").replace(b".", b"\\.")
)
NAME = st.lists(LABEL, min_size=1, max_size=4).map(b".".join)
TTL = st.integers(0, 2**31 - 1)
U16 = st.integers(0, 65535)
RECORD = st.one_of(
    st.builds(dns.Record_A, st.ip_addresses(v=4).map(str), ttl=TTL),
    st.builds(dns.Record_AAAA, st.ip_addresses(v=6).map(str), ttl=TTL),
    st.builds(dns.Record_NS, NAME, ttl=TTL),
    st.builds(dns.Record_CNAME, NAME, ttl=TTL),
    st.builds(dns.Record_MX, U16, NAME, ttl=TTL),
    st.builds(dns.Record_SRV, U16, U16, U16, NAME, ttl=TTL),
    st.lists(st.binary(max_size=255), min_size=1, max_size=4).flatmap(
        lambda texts: TTL.map(lambda ttl: dns.Record_TXT(*texts, ttl=ttl))
    ),
    st.builds(dns.Record_HINFO, st.binary(max_size=255), st.binary(max_size=255), ttl=TTL),
    st.builds(dns.Record_NAPTR, U16, U16, st.just(b"u"), st.binary(max_size=20), ttl=TTL),
)
ORIGIN = b"example.org"
START = dns.Record_SOA(b"ns.example.org", b"h.example.org", 1, 2, 3, 4, 5, 6)


@given(st.dictionaries(NAME, st.lists(RECORD, min_size=1, max_size=3), max_size=4), st.booleans())
def test_round_trip(records, relative):
    """What is written as a master file is read as the same records."""
    if relative:
        records = {name + b"." + ORIGIN: found for name, found in records.items()}
    text = zoneText(ORIGIN, START, {ORIGIN: [START], **records})
    expected = [(ORIGIN, START)]
    expected += [(name, record) for name, found in records.items() for record in found]
    assert read(text.encode()) == expected


def test_long_file_is_linear():
    """A large zone is read in a time that is in proportion to it."""
    text = b"".join(b"h%d A 192.0.2.%d\n" % (i, i % 256) for i in range(20_000))
    assert sum(1 for _ in Reader(b"example.org").read(text)) == 20_000


def test_quotes_and_parentheses_over_lines():
    """Fields know where they are, over lines that belong together."""
    (entry,) = entries(b'a (\n  TXT\t"b c"\n d\n)')
    assert [(bytes(f), f.line, f.column, f.quoted) for f in entry] == [
        (b"a", 1, 1, False),
        (b"TXT", 2, 3, False),
        (b"b c", 2, 7, True),
        (b"d", 3, 2, False),
    ]
