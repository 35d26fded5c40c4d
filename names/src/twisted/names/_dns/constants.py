"""Numbers of the protocol (RFC 1035 §3.2, §4.1; IANA's registry of DNS parameters)."""

from __future__ import annotations

from typing import Final

from twisted.names._wire.mnemonics import CLASSES, QUERY_ONLY, TYPES

PORT: Final = 53

A: Final = 1
NS: Final = 2
MD: Final = 3
MF: Final = 4
CNAME: Final = 5
SOA: Final = 6
MB: Final = 7
MG: Final = 8
MR: Final = 9
NULL: Final = 10
WKS: Final = 11
PTR: Final = 12
HINFO: Final = 13
MINFO: Final = 14
MX: Final = 15
TXT: Final = 16
RP: Final = 17
AFSDB: Final = 18
AAAA: Final = 28
LOC: Final = 29
SRV: Final = 33
NAPTR: Final = 35
KX: Final = 36
CERT: Final = 37
A6: Final = 38
DNAME: Final = 39
OPT: Final = 41
APL: Final = 42
DS: Final = 43
SSHFP: Final = 44
RRSIG: Final = 46
NSEC: Final = 47
DNSKEY: Final = 48
DHCID: Final = 49
NSEC3: Final = 50
NSEC3PARAM: Final = 51
TLSA: Final = 52
SMIMEA: Final = 53
CDS: Final = 59
CDNSKEY: Final = 60
OPENPGPKEY: Final = 61
CSYNC: Final = 62
ZONEMD: Final = 63
SVCB: Final = 64
HTTPS: Final = 65
SPF: Final = 99
EUI48: Final = 108
EUI64: Final = 109
TKEY: Final = 249
TSIG: Final = 250
URI: Final = 256
CAA: Final = 257

IXFR: Final = 251
AXFR: Final = 252
MAILB: Final = 253
MAILA: Final = 254
ALL_RECORDS: Final = 255

IN: Final = 1
CS: Final = 2
CH: Final = 3
HS: Final = 4
ANY: Final = 255

OP_QUERY: Final = 0
OP_INVERSE: Final = 1
OP_STATUS: Final = 2
OP_NOTIFY: Final = 4
OP_UPDATE: Final = 5

OK: Final = 0
EFORMAT: Final = 1
ESERVER: Final = 2
ENAME: Final = 3
ENOTIMP: Final = 4
EREFUSED: Final = 5
EBADVERSION: Final = 16
EBADSIG: Final = 16
EBADKEY: Final = 17
EBADTIME: Final = 18
EBADCOOKIE: Final = 23

#: Types by number, and numbers by type; `register` adds to both.
QUERY_TYPES = TYPES
EXT_QUERIES = QUERY_ONLY
QUERY_CLASSES = CLASSES
REV_TYPES: dict[str, int] = {name: number for number, name in EXT_QUERIES.items()}
REV_CLASSES: dict[str, int] = {name: number for number, name in QUERY_CLASSES.items()}

# Types that are no data of names: they have no class of records.
for _mnemonic, _number in (("OPT", OPT), ("TKEY", TKEY)):
    QUERY_TYPES[_number] = _mnemonic
    REV_TYPES[_mnemonic] = _number
