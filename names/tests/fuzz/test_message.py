"""Messages: what can be read can be shown, written, and read again as the same."""

from __future__ import annotations

from twisted.names import dns

NAME = b"\x03www\x07example\x03com\0"
QUESTION = NAME + b"\0\1\0\1"

#: Data of many types, after two octets of the type.
DATA = [
    b"\0\1\xc0\0\2\1",
    b"\0\2\xc0\x0c",
    b"\0\6\xc0\x0c\1h\xc0\x10" + bytes(range(20)),
    b"\0\x0b\xc0\0\2\1\6\x40\0",
    b"\0\x0c\3a.b\xc0\x0c",
    b"\0\x0d\3abc\4defg",
    b"\0\x0f\0\1\xc0\x0c",
    b"\0\x10\5hello\0\1\xff",
    b"\0\x1c" + bytes(range(16)),
    b"\0\x1d\0\x12\x16\x13\x8b\x0d\x3d\x70\x70\x20\x0a\x98\0\x98",
    b"\0\x21\0\1\0\2\0\3" + NAME,
    b"\0\x23\0\1\0\2\1u\3E2U\5!a!b!\0",
    b"\0\x26\x40" + bytes(8) + NAME,
    b"\0\x2a\0\1\x04\3\xc0\0\2",
    b"\0\x2a\0\0\0\0",
    b"\0\x2b\0\1\x0d\2" + bytes(32),
    b"\0\x2e\0\1\x0d\3\0\0\x0e\x10" + bytes(8) + b"\0\1" + NAME + bytes(8),
    b"\0\x2e\0\1\x0d\3\0\0\x0e\x10" + bytes(8) + b"\0\1" + NAME,
    b"\0\x2f" + NAME + b"\0\6\x40\1\0\0\0\3",
    b"\0\x32\1\0\0\1\1x\x14" + bytes(20) + b"\0\1\x40",
    b"\0\x32\1\0\0\1\1x\0\0\1\x40",
    b"\0\x37\2\1\0\4" + bytes(6),
    b"\0\x40\0\1\0\0\1\0\3\2h2\0\4\0\4\xc0\0\2\1",
    b"\0\x40\0\1\0\0\1\0\3\xfe\x97\xff",
    b"\0\x40\0\1\0\0\1\0\3\2\\\n",
    b"\0\x41\0\1" + NAME + b"\0\0\0\4\xff\xff\xff\xff",
    b"\0\x41\0\1" + NAME + b"\0\0\0\2\0\1",
    b"\1\1\0\5issueca.example",
    b"\1\0\0\1\0\2ftp://x/",
    b"\xff\x78\1\2\3",
]


def record(data: bytes, name: bytes = b"\xc0\x0c") -> bytes:
    """A record of a type and its data."""
    return name + data[:2] + b"\0\1\0\0\0\x3c" + (len(data) - 2).to_bytes(2, "big") + data[2:]


def message(*records: bytes, flags: bytes = b"\x81\x80") -> bytes:
    """An answer with records."""
    counts = b"\0\1" + len(records).to_bytes(2, "big") + bytes(4)
    return b"\x12\x34" + flags + counts + QUESTION + b"".join(records)


OPTIONS = (
    b"\0\x03\0\2ab\0\x08\0\7\0\1\x18\0\xc0\0\2\0\x0a\0\x08abcdefgh\0\x0c\0\2\0\0\0\x0f\0\3\0\x16x"
)
OPT = b"\0\0\x29\x04\xd0\0\0\x80\0" + len(OPTIONS).to_bytes(2, "big") + OPTIONS
POINTERS = b"".join(b"\xc0" + bytes([12 + 2 * number]) for number in range(60))

SEEDS = [
    message(),
    *(message(record(data)) for data in DATA),
    message(*map(record, DATA)),
    b"\x12\x34\1\0\0\1\0\0\0\0\0\1" + QUESTION + OPT,
    message(record(b"\0\1\xc0\0\2\1", b"\x40abc\0")),
    b"\x12\x34\x81\x80\0\x3c" + bytes(6) + POINTERS,
    b"\x12\x34\x81\x80" + b"\xff" * 8 + QUESTION,
    b"\x12\x34\x83\x80\0\1\0\5\0\0\0\0" + QUESTION,
]


def fuzz(data):
    for kind in (dns.Message, dns.EDNSMessage):
        read = kind()
        try:
            read.fromStr(data)
        except dns.DNSDecodeError:
            continue
        repr(read)
        again = kind()
        again.fromStr(read.toStr())
        # With EDNS, what the other side cannot take is left out.
        if not read.trunc and kind is dns.Message:
            assert again == read
    plain = dns.Message()
    try:
        plain.fromStr(data)
    except dns.DNSDecodeError:
        return
    for section in (plain.answers, plain.authority, plain.additional):
        for header in section:
            shown(header.payload)


def shown(payload):
    """The text of a record's data is read as the same."""
    if not isinstance(payload, dns.Record) or payload.TYPE in (None, dns.OPT):
        return
    text = payload.toText()
    again = type(payload).fromText(text)
    assert again.toText() == text
    if payload.TYPE != dns.WKS:
        # Zeros at the end of a map of ports say nothing.
        assert again.toWire() == payload.toWire(), text


def test_seeds(fuzzed):
    """Nothing breaks for the seeds, nor for what is damaged of them."""
    assert fuzzed > len(SEEDS)
