"""Messages as octets: what is written, what is read, and what is refused."""

from __future__ import annotations

import struct
import time
from io import BytesIO

import dns.flags
import dns.message
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twisted.names import dns as ours


def _message() -> ours.Message:
    """An answer with records in all sections."""
    message = ours.Message(id=7, answer=1, auth=True, recDes=1, recAv=1, maxSize=4096)
    message.addQuery(b"www.example.com", ours.A)
    message.answers = [
        ours.RRHeader(
            b"www.example.com", ours.CNAME, ttl=5, payload=ours.Record_CNAME(b"w.example.com", 5)
        ),
        ours.RRHeader(b"w.example.com", ours.A, ttl=5, payload=ours.Record_A("192.0.2.1", 5)),
        ours.RRHeader(b"w.example.com", 65399, ttl=5, payload=ours.UnknownRecord(b"abc", 5)),
    ]
    message.authority = [
        ours.RRHeader(b"example.com", ours.NS, ttl=5, payload=ours.Record_NS(b"ns.example.com", 5)),
    ]
    message.additional = [
        ours.RRHeader(b"ns.example.com", ours.AAAA, ttl=5, payload=ours.Record_AAAA("::1", 5)),
    ]
    return message


def _read(data: bytes) -> ours.Message:
    message = ours.Message()
    message.fromStr(data)
    return message


def test_round_trip() -> None:
    """What is written is read."""
    message = _message()
    again = _read(message.toStr())
    assert again.answers[0].rdlength == 4
    for section in (again.answers, again.authority, again.additional):
        for header in section:
            assert header.isAuthoritative()
            header.auth = False
    again.maxSize = message.maxSize
    assert again == message
    stream = BytesIO()
    message.encode(stream)
    assert stream.getvalue() == message.toStr()


def test_as_dnspython() -> None:
    """dnspython reads what we write, and we read what it writes."""
    theirs = dns.message.from_wire(_message().toStr())
    assert theirs.id == 7
    assert theirs.flags == dns.flags.QR | dns.flags.AA | dns.flags.RD | dns.flags.RA
    assert [rrset.to_text() for rrset in theirs.answer] == [
        "www.example.com. 5 IN CNAME w.example.com.",
        "w.example.com. 5 IN A 192.0.2.1",
        "w.example.com. 5 IN TYPE65399 \\# 3 616263",
    ]
    assert _read(theirs.to_wire()).toStr() == _message().toStr()


_text = st.text("abcABC-", min_size=1, max_size=12)
_names = st.lists(_text, min_size=1, max_size=5).map(lambda parts: ".".join(parts) + ".")
_records = st.one_of(
    st.tuples(st.just("A"), st.ip_addresses(v=4).map(str)),
    st.tuples(st.just("AAAA"), st.ip_addresses(v=6).map(str)),
    st.tuples(st.sampled_from(["NS", "CNAME", "PTR", "DNAME"]), _names),
    st.tuples(st.just("MX"), st.builds("{} {}".format, st.integers(0, 65535), _names)),
    st.tuples(st.just("SRV"), st.builds("{} 0 9 {}".format, st.integers(0, 65535), _names)),
    st.tuples(st.just("SOA"), st.builds("{} {} 1 2 3 4 5".format, _names, _names)),
    st.tuples(st.just("TXT"), st.lists(_text, min_size=1).map(" ".join)),
)


@given(st.lists(st.tuples(_names, st.integers(0, 1 << 31 - 1), _records), max_size=12))
def test_any_message_as_dnspython(rows: list[tuple[str, int, tuple[str, str]]]) -> None:
    """Messages of all kinds of records are read by dnspython as we wrote them, and back."""
    message = ours.Message(answer=1, maxSize=0)
    theirs = dns.message.Message(id=0)
    theirs.flags = dns.flags.QR
    for name, ttl, (kind, text) in rows:
        number = ours.REV_TYPES[kind]
        record = ours.recordClass(number).fromText(text, ttl=ttl)
        message.answers.append(ours.RRHeader(name, number, ttl=ttl, payload=record))
        theirs.answer.append(dns.rrset.from_text(name, ttl, "IN", kind, text))
    read = dns.message.from_wire(message.toStr(), one_rr_per_rrset=True)
    assert [r.to_text() for r in read.answer] == [r.to_text() for r in theirs.answer]
    again = _read(theirs.to_wire(max_size=65535))
    again.maxSize = 0
    assert again == _read(message.toStr())


@given(st.binary(max_size=400))
def test_any_octets(data: bytes) -> None:
    """From any octets a message is read, or they are refused; nothing else happens."""
    for candidate in (data, b"\0\0\x84\0\0\1\0\2\0\1\0\1" + data):
        try:
            message = _read(candidate)
        except ours.DNSDecodeError:
            continue
        message.toStr()
        repr(message)


@given(st.integers(0, 200), st.integers(0, 255))
def test_any_octet_changed(at: int, octet: int) -> None:
    """A message with an octet changed is read, or refused; nothing else happens."""
    data = bytearray(_message().toStr())
    data[at % len(data)] = octet
    try:
        _read(bytes(data))
    except ours.DNSDecodeError:
        pass


def test_any_end() -> None:
    """A message that ends early is an EOFError, unless it says that it was cut."""
    data = _message().toStr()
    for end in range(len(data)):
        with pytest.raises(EOFError):
            _read(data[:end])
    cut = bytearray(data)
    cut[2] |= 2
    for end in range(12, len(data)):
        message = _read(bytes(cut[:end]))
        assert message.trunc
        assert len(message.answers) <= 3


def _header(*counts: int, flags: int = 0x8400) -> bytes:
    return struct.pack("!HH4H", 0, flags, *counts)


_A = b"\x01a\0" + struct.pack("!HHLH", 1, 1, 0, 4) + b"\1\2\3\4"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 11,
        _header(65535, 65535, 65535, 65535),
        _header(0, 65535, 0, 0) + _A,
        _header(1, 0, 0, 0) + b"\x01a\0\0\1\0",
        _header(1, 0, 0, 0) + b"\x01a",
        # Lengths that lie: of the data of an address, a name, a text, a SOA, types.
        _header(0, 1, 0, 0) + b"\0" + struct.pack("!HHLH", 1, 1, 0, 3) + b"\1\2\3",
        _header(0, 1, 0, 0) + b"\0" + struct.pack("!HHLH", 1, 1, 0, 5) + b"\1\2\3\4\5",
        _header(0, 1, 0, 0) + b"\0" + struct.pack("!HHLH", 1, 1, 0, 9) + b"\1\2\3\4",
        _header(0, 1, 0, 0) + b"\0" + struct.pack("!HHLH", 2, 1, 0, 2) + b"\x01a\0",
        _header(0, 1, 0, 0) + b"\0" + struct.pack("!HHLH", 2, 1, 0, 4) + b"\x01a\0\0",
        _header(0, 1, 0, 0) + b"\0" + struct.pack("!HHLH", 16, 1, 0, 3) + b"\x05ab",
        _header(0, 2, 0, 0) + b"\0" + struct.pack("!HHLH", 16, 1, 0, 3) + b"\x05ab" + _A,
        _header(0, 2, 0, 0) + b"\0" + struct.pack("!HHLH", 46, 1, 0, 19) + bytes(18) + b"\x03" + _A,
        _header(0, 1, 0, 0) + b"\0" + struct.pack("!HHLH", 6, 1, 0, 6) + b"\0\0\0\0\0\1",
        _header(0, 1, 0, 0) + b"\0" + struct.pack("!HHLH", 47, 1, 0, 4) + b"\0\0\0\0",
        _header(0, 1, 0, 0) + b"\0" + struct.pack("!HHLH", 47, 1, 0, 5) + b"\0\0\x21\0\0",
        # Pointers: to itself, ahead, out of the message, into the header's own label-like octets.
        _header(0, 1, 0, 0) + b"\xc0\x0c" + struct.pack("!HHLH", 1, 1, 0, 4) + b"\1\2\3\4",
        _header(0, 1, 0, 0) + b"\xff\xff" + struct.pack("!HHLH", 1, 1, 0, 4) + b"\1\2\3\4",
    ],
)
def test_refused(data: bytes) -> None:
    """Counts and lengths that lie, and pointers that lead astray, are one clear error."""
    with pytest.raises(ours.DNSDecodeError):
        _read(data)


def test_hostile_message_in_time() -> None:
    """64 KiB of records whose names are pointers to pointers are dealt with in under 20 ms."""
    chain = b"".join((0xC000 | 23 + 2 * i).to_bytes(2, "big") for i in range(100))
    first = b"\0" + struct.pack("!HHLH", 999, 1, 0, len(chain) + 3) + b"\x01a\0"
    again = (0xC000 | 23 + 200).to_bytes(2, "big") + struct.pack("!HHLH", 1, 1, 0, 4) + bytes(4)
    count = (65535 - 12 - len(first) - len(chain)) // len(again)
    data = _header(0, count + 1, 0, 0) + first + chain + again * count
    best = 9.0
    for _ in range(5):
        began = time.process_time()
        with pytest.raises(ours.DNSDecodeError):
            _read(data)
        best = min(best, time.process_time() - began)
    assert best < 0.02


def test_many_names_of_one_kind() -> None:
    """A message with thousands of names behind two pointers each is no flood."""
    message = ours.Message(answer=1, maxSize=0)
    message.addQuery(b"example.com", ours.AXFR)
    message.answers = [
        ours.RRHeader(b"ns.example.com", ours.A, payload=ours.Record_A("192.0.2.1", ttl=0))
    ] * 3000
    assert len(_read(message.toStr()).answers) == 3000


def test_records_that_do_not_fit() -> None:
    """Whole records are left out, the counts say so, and the message says that it was cut."""
    message = _message()
    full = len(message.toStr())
    for limit in range(33, full):
        message = _message()
        message.maxSize = limit
        data = message.toStr()
        again = _read(data)
        assert len(data) <= limit
        assert message.trunc
        assert again.trunc
        assert again.answers == again.answers[:]
        counts = [len(again.answers), len(again.authority), len(again.additional)]
        assert sum(counts) < 5


def test_edns_survives_truncation() -> None:
    """The record that says that EDNS is spoken stays when others are left out."""
    message = ours.Message(answer=1, maxSize=512)
    message.addQuery(b"example.com", ours.TXT)
    message.answers = [
        ours.RRHeader(b"example.com", ours.TXT, payload=ours.Record_TXT(b"x" * 200))
    ] * 5
    message.additional = [ours.OPTHeader(udpPayloadSize=1232)]
    data = message.toStr()
    again = ours.EDNSMessage()
    again.fromStr(data)
    assert len(data) <= 512
    assert again.trunc
    assert again.ednsVersion == 0
    assert again.maxSize == 1232
    assert len(again.answers) == 2


def test_updates_without_data() -> None:
    """Records of classes ANY and NONE may be without data (RFC 2136)."""
    data = _header(0, 0, 1, 0) + b"\x01a\0" + struct.pack("!HHLH", 1, 255, 0, 0)
    [header] = _read(data).authority
    assert header.payload == ours.UnknownRecord(b"", 0)


def test_foreign_records() -> None:
    """A class that knows of nothing but streams is read and written, in a message of its own."""

    class Foreign:
        TYPE = 65398

        def __init__(self, ttl: int | None = None) -> None:
            self.data = b""

        def encode(self, strio: BytesIO, compDict: dict[bytes, int] | None = None) -> None:
            ours.Name(b"a.example").encode(strio, compDict)

        def decode(self, strio: BytesIO, length: int | None = None) -> None:
            name = ours.Name()
            name.decode(strio)
            self.data = name.name

    class Messages(ours.Message):
        def lookupRecordType(self, type: int) -> object:
            return Foreign if type == 65398 else super().lookupRecordType(type)

    message = Messages(answer=1)
    message.addQuery(b"example")
    message.answers = [ours.RRHeader(b"b.example", 65398, payload=Foreign())] * 2
    data = message.toStr()
    assert data.endswith(b"\0\x02\xc0\x27")
    again = Messages()
    again.fromStr(data)
    assert [header.payload.data for header in again.answers] == [b"a.example"] * 2


def test_records_from_a_stream() -> None:
    """Records can be read from where a stream stands."""
    data = _message().toStr()
    stream = BytesIO(data)
    stream.seek(12 + 21)
    found: list[ours.RRHeader] = []
    ours.Message().parseRecords(found, 5, stream)
    assert stream.tell() == len(data)
    assert [header.type for header in found] == [5, 1, 65399, 2, 28]


@pytest.mark.parametrize(
    "message",
    [ours.Message(id=65536), ours.Message(id=-1), ours.Message(id="x")],  # type: ignore[arg-type]
)
def test_headers_without_wire_form(message: ours.Message) -> None:
    """An id that is none is a ValueError."""
    with pytest.raises(ValueError):
        message.toStr()


def test_questions_without_wire_form() -> None:
    """A type that is none is a ValueError."""
    message = ours.Message()
    message.queries = [ours.Query(b"a", 65536)]
    with pytest.raises(ValueError):
        message.toStr()
    message.queries = []
    message.answers = [ours.RRHeader(b"a", ttl=1 << 32, payload=ours.Record_A())]
    with pytest.raises(ValueError):
        message.toStr()
