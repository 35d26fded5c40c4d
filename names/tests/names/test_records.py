"""Every type of records, against dnspython: octets and text, in both directions."""

from __future__ import annotations

import dns.rdata
import dns.rdataclass
import dns.rdatatype
import pytest

from twisted.names import dns as ours
from twisted.names._wire.names import Memo
from twisted.names._wire.tokens import TextError

#: Types and text forms of their data; names are absolute.
RECORDS = [
    ("A", "192.0.2.1"),
    ("NS", "ns1.example.com."),
    ("CNAME", "a\\.b.example.com."),
    ("CNAME", "."),
    ("SOA", "ns1.example.com. host\\.master.example.com. 4294967295 7200 3600 1209600 300"),
    ("MB", "box.example.com."),
    ("MG", "group.example.com."),
    ("MR", "renamed.example.com."),
    ("NULL", "\\# 3 00FF10"),
    ("WKS", "192.0.2.1 6 25 80"),
    ("PTR", "host.example.com."),
    ("HINFO", '"a cpu" "an \\"os\\" \\255"'),
    ("MINFO", "a.example.com. b.example.com."),
    ("MX", "10 mail.example.com."),
    ("MX", "0 ."),
    ("TXT", '"one" "two; \\\\ three" ""'),
    ("SPF", '"v=spf1 -all"'),
    ("RP", "someone.example.com. more.example.com."),
    ("AFSDB", "1 afs.example.com."),
    ("AAAA", "2001:db8::1"),
    ("LOC", "52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000.00m 10.00m"),
    ("LOC", "0 0 0.001 S 179 59 59.999 W 100000.00m 90000000.00m 1.00m 0.01m"),
    ("SRV", "1 2 5060 sip.example.com."),
    ("NAPTR", '100 10 "u" "sip+E2U" "!^.*$!sip:info@example.com!" .'),
    ("KX", "10 kx.example.com."),
    ("CERT", "PKIX 1 8 AQIDBA=="),
    ("CERT", "65280 1 8 AQIDBA=="),
    ("DNAME", "other.example."),
    ("APL", "1:192.168.32.0/21 !1:192.168.38.0/28 2:2001:db8::/32"),
    ("DS", "60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118"),
    ("SSHFP", "2 1 123456789ABCDEF67890123456789ABCDEF67890"),
    (
        "RRSIG",
        "A 5 3 86400 20300322173103 20300220173103 2642 example.com. oJB1W6WNGv+ldvQ3WDG0MQ==",
    ),
    ("RRSIG", "TYPE65400 13 0 0 19700101000000 20380119031408 0 . AA=="),
    ("NSEC", "host.example.com. A MX RRSIG NSEC TYPE1234"),
    ("NSEC", "host.example.com."),
    ("DNSKEY", "257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxIL"),
    ("DHCID", "AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA="),
    ("NSEC3", "1 1 12 AABBCCDD 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR MX DNSKEY NS SOA RRSIG"),
    ("NSEC3", "1 0 0 - 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR"),
    ("NSEC3PARAM", "1 0 10 AABB"),
    ("NSEC3PARAM", "1 0 0 -"),
    ("TLSA", "3 1 1 0C72AC70B745AC19998811B131D662C9AC69DBDBE7CB23E5B514B56664C5D3D6"),
    ("SMIMEA", "3 1 1 0C72AC70B745AC19998811B131D662C9AC69DBDBE7CB23E5B514B56664C5D3D6"),
    ("CDS", "0 0 0 00"),
    ("CDNSKEY", "0 3 0 AA=="),
    ("OPENPGPKEY", "mQENBFVHm5sBCADKSpjFsQ0K"),
    ("CSYNC", "66 3 A NS AAAA"),
    ("ZONEMD", "2018031500 1 1 " + "AB" * 48),
    ("SVCB", "0 foo.example.com."),
    ("SVCB", '16 foo.example.org. mandatory=alpn,ipv4hint alpn="h2,h3-19" ipv4hint=192.0.2.1'),
    ("SVCB", '1 . alpn="f\\\\\\\\oo\\\\,bar,h2"'),
    ("SVCB", '1 foo.example.com. key667="hello\\210qoo"'),
    ("HTTPS", '1 . alpn="h2" no-default-alpn port=8443 ipv6hint=2001:db8::1,2001:db8::53'),
    ("HTTPS", '1 . ech=AAT+DQAA dohpath="/dns-query{?dns}" ohttp'),
    ("EUI48", "00-00-5e-00-53-2a"),
    ("EUI64", "00-00-5e-ef-10-00-00-2a"),
    ("URI", '10 1 "ftp://ftp1.example.com/public"'),
    ("CAA", '128 issue "ca.example.net; policy=ev"'),
    ("CAA", '0 iodef ""'),
    ("TYPE65400", "\\# 4 0A000001"),
    ("TYPE65400", "\\# 0"),
]

#: Types that dnspython does not know, or not with this form.
_ODD = {"MB", "MG", "MR", "MINFO", "NULL"}


def _theirs(mnemonic: str, text: str) -> dns.rdata.Rdata:
    """The data as dnspython has it."""
    return dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.from_text(mnemonic), text)


def _number(mnemonic: str) -> int:
    return int(dns.rdatatype.from_text(mnemonic))


known = pytest.mark.parametrize(("mnemonic", "text"), RECORDS)
shared = pytest.mark.parametrize(
    ("mnemonic", "text"), [row for row in RECORDS if row[0] not in _ODD]
)


@known
def test_text_to_wire_and_back(mnemonic: str, text: str) -> None:
    """What text stands for is the same after it was written to octets and read."""
    kind = ours.recordClass(_number(mnemonic))
    record = kind.fromText(text, ttl=60)
    wire = record.toWire()
    again = kind.fromWire(wire, 0, len(wire), Memo(), 60)
    assert again == record
    assert again.toWire() == wire
    assert hash(again) == hash(record)
    assert kind.fromText(again.toText(), ttl=60) == record


@shared
def test_octets_as_dnspython(mnemonic: str, text: str) -> None:
    """The octets of text are those that dnspython makes of it."""
    record = ours.recordClass(_number(mnemonic)).fromText(text)
    assert record.toWire() == _theirs(mnemonic, text).to_wire()


@shared
def test_text_for_dnspython(mnemonic: str, text: str) -> None:
    """dnspython understands our text, and we understand its text."""
    kind = ours.recordClass(_number(mnemonic))
    theirs = _theirs(mnemonic, text)
    record = kind.fromText(text)
    assert _theirs(mnemonic, record.toText()) == theirs
    assert kind.fromText(theirs.to_text()) == record


@known
def test_generic_text(mnemonic: str, text: str) -> None:
    """All data may be written in the generic form (RFC 3597 §5)."""
    kind = ours.recordClass(_number(mnemonic))
    record = kind.fromText(text)
    wire = record.toWire()
    assert kind.fromText(f"\\# {len(wire)} {wire.hex()}") == record


@known
def test_cut_short(mnemonic: str, text: str) -> None:
    """Data that ends anywhere before its end is refused, or other data; nothing else happens."""
    kind = ours.recordClass(_number(mnemonic))
    wire = kind.fromText(text).toWire()
    for end in range(len(wire)):
        try:
            record = kind.fromWire(wire, 0, end, Memo(), 60)
        except ours.DNSDecodeError:
            continue
        assert record.toWire() == wire[:end]


@known
def test_one_word_too_many(mnemonic: str, text: str) -> None:
    """Words that go on after the data are refused, or belong to it; nothing else happens."""
    kind = ours.recordClass(_number(mnemonic))
    for extra in ("nonsense", "\\300", '"'):
        try:
            kind.fromText(f"{text} {extra}")
        except ValueError:
            continue


def test_all_types_are_tried() -> None:
    """The table above has every type that is registered, but for those tested elsewhere."""
    missing = set(ours.QUERY_TYPES.values()) - {mnemonic for mnemonic, _ in RECORDS}
    assert missing == {"MD", "MF", "A6", "TSIG", "TKEY", "OPT"}


def test_a6() -> None:
    """A6 (which dnspython does not know) has a suffix as long as its prefix leaves room for."""
    record = ours.Record_A6(64, "::1:2:3", b"net.example.com")
    wire = record.toWire()
    assert wire == b"\x40\0\0\0\1\0\2\0\3\x03net\x07example\x03com\0"
    assert ours.Record_A6.fromWire(wire, 0, len(wire), Memo(), None) == record
    assert record.toText() == "64 ::1:2:3 net.example.com."
    assert ours.Record_A6.fromText("64 ::1:2:3 net.example.com.") == record
    assert str(record) == "<A6 net.example.com ::1:2:3 (64) ttl=None>"
    with pytest.raises(ours.DNSDecodeError):
        ours.Record_A6.fromWire(b"\xff\0", 0, 2, Memo(), None)


def test_tsig() -> None:
    """A TSIG record survives text and octets."""
    record = ours.Record_TSIG(b"hmac-sha256", 1 << 40, 300, b"mac", 7, 0, b"")
    wire = record.toWire()
    assert ours.Record_TSIG.fromWire(wire, 0, len(wire), Memo(), 0) == record
    assert record.toText() == "hmac-sha256. 1099511627776 300 3 bWFj 7 0 0"
    assert ours.Record_TSIG.fromText(record.toText(), ttl=0) == record


def test_relative_names() -> None:
    """Names without a dot at their end are below the origin, and are shown so."""
    record = ours.Record_MX.fromText("5 mail", origin=b"example.com")
    assert record.name.name == b"mail.example.com"
    assert record.toText(b"EXAMPLE.com") == "5 mail"
    assert record.toText(b"example.org") == "5 mail.example.com."
    assert ours.Record_NS.fromText("@", origin=b"example.com").toText(b"example.com") == "@"


@pytest.mark.parametrize(
    ("mnemonic", "text", "column"),
    [
        ("A", "192.0.2.256", 1),
        ("A", "", 0),
        ("AAAA", "::g", 1),
        ("MX", "65536 a.", 1),
        ("MX", "10", 1),
        ("MX", "10 a..b.", 4),
        ("MX", "10 " + "a" * 64 + ".", 4),
        ("NS", "a. b.", 4),
        ("TXT", '"open', 1),
        ("TXT", '"' + "a" * 256 + '"', 1),
        ("TXT", "\\999", 1),
        ("SOA", "a. b. 1 2 3 4 5x", 15),
        ("DS", "1 2 3 xyz", 7),
        ("DNSKEY", "256 3 8 !!!!", 9),
        ("RRSIG", "A 5 3 86400 20301322173103 20300220173103 1 a. AA==", 13),
        ("RRSIG", "NOTYPE 5 3 86400 1 1 1 a. AA==", 1),
        ("NSEC", "a. A B NONSENSE", 6),
        ("NSEC3", "1 0 0 - 1", 9),
        ("LOC", "91 N 0 E 0m", 10),
        ("LOC", "north", 1),
        ("SVCB", "1 . port=8x", 5),
        ("SVCB", "1 . port=1 port=2", 12),
        ("SVCB", "1 . nonsense=1", 5),
        ("HTTPS", "1 . ipv4hint=::1", 5),
        ("EUI48", "00-00-5e-00-53", 1),
        ("APL", "3:1.2.3.4/8", 1),
        ("APL", "1:1.2.3.4/33", 1),
        ("WKS", "1.2.3.4 tcp 65536", 13),
        ("TYPE65400", "10", 1),
        ("TYPE65400", "\\# 3 00", 6),
        ("TYPE65400", "\\# 1 zz", 6),
        ("A", "\\# 3 010203", 0),
    ],
)
def test_wrong_text(mnemonic: str, text: str, column: int) -> None:
    """What is wrong with text is said, and at which column."""
    with pytest.raises(TextError) as caught:
        ours.recordClass(_number(mnemonic)).fromText(text)
    assert caught.value.column == column


@pytest.mark.parametrize(
    "record",
    [
        ours.Record_MX(65536, b"a"),
        ours.Record_MX(1, b"a" * 64),
        ours.Record_MX(1, b"a..b"),
        ours.Record_NS(b".".join([b"a" * 60] * 5)),
        ours.Record_TXT(b"a" * 256),
        ours.Record_HINFO(b"a" * 256, b""),
        ours.Record_SOA(b"a", b"b", serial=1 << 32),
        ours.Record_TSIG(b"a", 1 << 48, MAC=b""),
        ours.Record_NAPTR(1, 1, b"a" * 256),
    ],
)
def test_values_without_wire_form(record: ours.Record) -> None:
    """What does not fit into its field is a ValueError, alone and in a message."""
    with pytest.raises((ValueError, OverflowError)):
        record.toWire()
    message = ours.Message()
    message.answers = [ours.RRHeader(b"a", record.TYPE, payload=record)]
    with pytest.raises((ValueError, OverflowError)):
        message.toStr()


def test_key_tag() -> None:
    """The tag of a key is that which dnspython computes."""
    import dns.dnssec

    text = "257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxIL"
    assert ours.Record_DNSKEY.fromText(text).keyTag == dns.dnssec.key_id(_theirs("DNSKEY", text))


def test_service_parameters() -> None:
    """A record says which port and parameters it has."""
    record = ours.Record_HTTPS.fromText("1 . alpn=h2 port=8443 key9999=x")
    assert record.port == 8443
    assert record.keys == ["alpn", "port", "key9999"]
    assert ours.Record_SVCB(1, b"a").port is None


def test_registering_a_type() -> None:
    """A type is one class and one registration, in messages and in text."""
    from twisted.names._dns.record import RECORDS
    from twisted.names._wire.fields import U16

    @ours.register("LUCKY", 65399)
    class Record_LUCKY(ours.Record):
        fields = (U16("number"),)

        def __init__(self, number: int = 0, ttl: int | None = None) -> None:
            self.number = number
            self.ttl = ttl

    try:
        message = ours.Message()
        message.answers = [ours.RRHeader(b"a", 65399, payload=Record_LUCKY(7, ttl=0))]
        again = ours.Message()
        again.fromStr(message.toStr())
        assert again.answers == message.answers
        assert repr(again.answers[0].payload) == "<LUCKY number=7 ttl=0>"
        assert Record_LUCKY.fromText("7", ttl=0) == again.answers[0].payload
    finally:
        del RECORDS[65399], ours.QUERY_TYPES[65399], ours.REV_TYPES["LUCKY"]
