"""Zone files: what can be read can be written, and read again as the same."""

from __future__ import annotations

from twisted.names._zones._errors import ZoneFileError
from twisted.names._zones._load import makeRecord
from twisted.names._zones._reader import Reader

SEEDS = [
    b"""$ORIGIN example.org.
$TTL 300
@ IN SOA ns1 hostmaster ( 1 ; serial
    1h 10m 4w 1m )
  NS ns1
  CAA 0 issue "ca.example.net"
  HTTPS 1 . alpn="h2,h3" ipv4hint=192.0.2.80
www 1h IN TXT "a;b" "c\\"d" \\065bc
    A 192.0.2.3
""",
    b"*.wild A 192.0.2.6\naway DNAME example.net.\n_sip._tcp SRV 1 2 5060 mail\n",
    b'host SSHFP 4 2 1234\n_443._tcp TLSA 3 1 1 0C72\nx NAPTR 1 1 "u" "E2U" "!^.*$!x!" .\n',
    b'loc LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m\nuri URI 10 1 "ftp://x/"\n',
    b"odd TYPE65400 \\# 3 010203\nknown TYPE1 \\# 4 C0000207\nx CLASS1 A 1.2.3.4\n",
    b"$GENERATE 1-5 gen-${0,3,d} 5m A 192.0.2.$\n$GENERATE 18-20/2 ${0,3,n}.n PTR h-${1,4,x}.\n",
    b'$INCLUDE other.zone\n$UNKNOWN 1\nname\n A\n( ) "\n',
    b"a DS 1 8 2 00\na RRSIG A 8 1 1 20300101000000 20200101000000 1 . AA==\na NSEC b A TYPE99\n",
    b"a NSEC3 1 0 1 ab 2t7b4g4vsa5smi47k61mv5bv1a22bojr A\na DNSKEY 257 3 8 AA==\n",
    b'"" A 1.2.3.4\n',
    b"\\000\\255.\\. 0 A 1.2.3.4\n\xff A 1.2.3.4\r\nx\tAAAA\t::1;c\n",
]


def read(text):
    """The records of a file."""
    return [
        (written.owner, written.ttl, makeRecord(written.type, written.data, written.origin, 1))
        for written in Reader(b"example").read(text)
    ]


def fuzz(data):
    try:
        found = read(data)
    except ZoneFileError as error:
        problem, found = error, []
    else:
        problem = None
    assert problem is None or min(problem.line, problem.column) >= 1, problem
    for _, _, record in found:
        assert type(record).fromText(record.toText()).toWire() == record.toWire()


def test_seeds(fuzzed):
    """Nothing breaks for the seeds, nor for what is damaged of them."""
    assert fuzzed > len(SEEDS)
