"""Records that came with certificates, locations and service bindings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from twisted.names._dns import constants as c
from twisted.names._dns.primitives import TTL, Name, str2time
from twisted.names._dns.record import Record, name_field, register
from twisted.names._wire.errors import DNSDecodeError, EndOfData
from twisted.names._wire.fields import (
    U8,
    U16,
    U32,
    Algorithm,
    CharStr,
    Field,
    Fixed,
    Rest,
    RestText,
)
from twisted.names._wire.names import Memo
from twisted.names._wire.schema import Names, Schema
from twisted.names._wire.svcparams import KEYS, PORT, SvcParams
from twisted.names._wire.tokens import Tokens


@register("TLSA", c.TLSA)
class Record_TLSA(Record):
    """
    Which certificate a server of TLS has (RFC 6698).

    @ivar usage: how it is checked.
    @ivar selector: 0 for the whole certificate, 1 for its public key.
    @ivar matchingType: 0 for the data itself, 1 for SHA-256 and 2 for SHA-512 of it.
    @ivar data: its octets.
    """

    fields = (U8("usage"), U8("selector"), U8("matchingType"), Rest("data"))

    def __init__(
        self,
        usage: int = 0,
        selector: int = 0,
        matchingType: int = 0,
        data: bytes = b"",
        ttl: TTL = None,
    ) -> None:
        self.usage, self.selector = usage, selector
        self.matchingType, self.data = matchingType, data
        self.ttl = str2time(ttl)


@register("SMIMEA", c.SMIMEA)
class Record_SMIMEA(Record_TLSA):
    """Which certificate a sender of mail has (RFC 8162)."""


class _Tag(CharStr):
    """A text, shown without quotes if it is of letters and digits, as it should be."""

    def show(self, value: bytes, origin: bytes | None) -> str:
        return value.decode("ascii") if value.isalnum() else super().show(value, origin)


@register("CAA", c.CAA)
class Record_CAA(Record):
    """
    Who may issue certificates (RFC 8659).

    @ivar flags: 128 if who does not know the tag must not issue any.
    @ivar tag: what the value is, such as ``b"issue"``.
    @ivar value: the value.
    """

    fields = (U8("flags"), _Tag("tag"), RestText("value"))

    def __init__(
        self, flags: int = 0, tag: bytes = b"issue", value: bytes = b"", ttl: TTL = None
    ) -> None:
        self.flags, self.tag, self.value = flags, tag, value
        self.ttl = str2time(ttl)


@register("URI", c.URI)
class Record_URI(Record):
    """
    Where a service is, as a URI (RFC 7553).

    @ivar priority: the lowest is tried first.
    @ivar weight: the share of this one among those of the same priority.
    @ivar target: the URI.
    """

    fields = (U16("priority"), U16("weight"), RestText("target"))

    def __init__(
        self, priority: int = 0, weight: int = 0, target: bytes = b"", ttl: TTL = None
    ) -> None:
        self.priority, self.weight, self.target = priority, weight, target
        self.ttl = str2time(ttl)


@register("SVCB", c.SVCB)
class Record_SVCB(Record):
    """
    How a service is reached (RFC 9460).

    @ivar priority: the lowest is tried first; 0 makes the target an alias.
    @ivar target: the `Name` of the host; the root stands for the owner of the record.
    @ivar params: octets by the number of their key.
    """

    fields = (U16("priority"), name_field("target"), SvcParams("params"))

    def __init__(
        self,
        priority: int = 0,
        target: str | bytes = b"",
        params: Mapping[int, bytes] | None = None,
        ttl: TTL = None,
    ) -> None:
        self.priority, self.target = priority, Name(target)
        self.params = dict(params or {})
        self.ttl = str2time(ttl)

    @property
    def port(self) -> int | None:
        """The port that the parameters name."""
        value = self.params.get(PORT)
        return None if value is None else int.from_bytes(value, "big")

    @property
    def keys(self) -> list[str]:
        """The parameters that are there, by name."""
        return [KEYS.get(key) or f"key{key}" for key in sorted(self.params)]

    def __hash__(self) -> int:
        return hash((self.priority, self.target, tuple(sorted(self.params.items())), self.ttl))


@register("HTTPS", c.HTTPS)
class Record_HTTPS(Record_SVCB):
    """How a web server is reached (RFC 9460 §9)."""


@register("KX", c.KX)
class Record_KX(Record):
    """
    A host that exchanges keys (RFC 2230).

    @ivar preference: the lowest is tried first.
    @ivar exchanger: its `Name`.
    """

    fields = (U16("preference"), name_field("exchanger"))

    def __init__(self, preference: int = 0, exchanger: str | bytes = b"", ttl: TTL = None) -> None:
        self.preference, self.exchanger = preference, Name(exchanger)
        self.ttl = str2time(ttl)


_CERTIFICATES = {
    "PKIX": 1,
    "SPKI": 2,
    "PGP": 3,
    "IPKIX": 4,
    "ISPKI": 5,
    "IPGP": 6,
    "ACPKIX": 7,
    "IACPKIX": 8,
    "URI": 253,
    "OID": 254,
}


class _Mnemonic(Fixed):
    """A number that text may give by name."""

    def __init__(self, attribute: str, code: str, numbers: Mapping[str, int]) -> None:
        super().__init__(attribute)
        self.code = code
        self.numbers = numbers

    def show(self, value: int, origin: bytes | None) -> str:
        return next((name for name, n in self.numbers.items() if n == value), str(value))

    def parse(self, tokens: Tokens, origin: bytes) -> int:
        number = self.numbers.get(tokens.peek().upper())
        if number is None:
            return tokens.number(self.attribute, 0xFFFF if self.code == "H" else 0xFF)
        tokens.next(self.attribute)
        return number


@register("CERT", c.CERT)
class Record_CERT(Record):
    """
    A certificate (RFC 4398).

    @ivar kind: of the certificate.
    @ivar keyTag: a number of the key.
    @ivar algorithm: of the key.
    @ivar certificate: its octets.
    """

    fields = (
        _Mnemonic("kind", "H", _CERTIFICATES),
        U16("keyTag"),
        Algorithm("algorithm"),
        Rest("certificate", base64=True),
    )

    def __init__(
        self,
        kind: int = 1,
        keyTag: int = 0,
        algorithm: int = 0,
        certificate: bytes = b"",
        ttl: TTL = None,
    ) -> None:
        self.kind, self.keyTag = kind, keyTag
        self.algorithm, self.certificate = algorithm, certificate
        self.ttl = str2time(ttl)


class _Data(Record):
    """
    A record that is nothing but octets, shown as base64.

    @ivar data: them.
    """

    fields = (Rest("data", base64=True),)

    def __init__(self, data: bytes = b"", ttl: TTL = None) -> None:
        self.data = data
        self.ttl = str2time(ttl)


@register("DHCID", c.DHCID)
class Record_DHCID(_Data):
    """Which client of DHCP has a name (RFC 4701)."""


@register("OPENPGPKEY", c.OPENPGPKEY)
class Record_OPENPGPKEY(_Data):
    """A public key of OpenPGP (RFC 7929)."""


class _Hardware(Fixed):
    """The address of an interface, shown as octets with hyphens."""

    def __init__(self, attribute: str, size: int) -> None:
        super().__init__(attribute)
        self.size = size
        self.code = f"{size}s"

    def show(self, value: bytes, origin: bytes | None) -> str:
        return value.hex("-")

    def parse(self, tokens: Tokens, origin: bytes) -> bytes:
        text = tokens.next(self.attribute).text
        if not re.fullmatch("[0-9a-fA-F]{2}" + "-[0-9a-fA-F]{2}" * (self.size - 1), text):
            raise tokens.wrong(f"{text!r} is no address of {self.size} octets")
        return bytes.fromhex(text.replace("-", ""))


@register("EUI48", c.EUI48)
class Record_EUI48(Record):
    """
    The address of an interface, of six octets (RFC 7043).

    @ivar address: them.
    """

    fields = (_Hardware("address", 6),)
    showAttributes = ("address", "ttl")

    def __init__(self, address: bytes = bytes(6), ttl: TTL = None) -> None:
        self.address = address
        self.ttl = str2time(ttl)


@register("EUI64", c.EUI64)
class Record_EUI64(Record):
    """
    The address of an interface, of eight octets (RFC 7043).

    @ivar address: them.
    """

    fields = (_Hardware("address", 8),)
    showAttributes = ("address", "ttl")

    def __init__(self, address: bytes = bytes(8), ttl: TTL = None) -> None:
        self.address = address
        self.ttl = str2time(ttl)


class _Prefixes(Field):
    """All that is left of the data: prefixes of addresses (RFC 3123)."""

    optional = True

    def read(
        self, data: bytes, at: int, end: int, memo: Memo
    ) -> tuple[list[tuple[bool, str, int]], int]:
        found = []
        while at < end:
            if at + 4 > end:
                raise EndOfData(f"the record's data ends within the prefix at octet {at}")
            family = int.from_bytes(data[at : at + 2], "big")
            length, excluded, size = data[at + 2], data[at + 3] > 127, data[at + 3] & 0x7F
            octets = {1: 4, 2: 16}.get(family, 0)
            begin, at = at + 4, at + 4 + size
            if not octets or at > end or size > octets or length > octets * 8:
                raise DNSDecodeError(f"an ill-formed prefix at octet {begin - 4}")
            packed = data[begin:at] + bytes(octets - size)
            found.append((excluded, str(ip_address(packed)), length))
        return found, at

    def write(self, value: list[tuple[bool, str, int]], at: int, names: Names) -> bytes:
        wire = b""
        for excluded, text, length in value:
            address = ip_address(text)
            packed = address.packed.rstrip(b"\0")
            family = 1 if address.version == 4 else 2
            wire += bytes((0, family, length, len(packed) | excluded << 7)) + packed
        return wire

    def show(self, value: list[tuple[bool, str, int]], origin: bytes | None) -> str:
        return " ".join(
            f"{'!' * excluded}{1 if '.' in text and ':' not in text else 2}:{text}/{length}"
            for excluded, text, length in value
        )

    def parse(self, tokens: Tokens, origin: bytes) -> list[tuple[bool, str, int]]:
        found = []
        while len(tokens):
            word = tokens.next("a prefix").text
            parts = re.fullmatch(r"(!?)([12]):([0-9a-fA-F.:]+)/(\d{1,3})", word)
            try:
                if parts is None:
                    raise ValueError
                kind = IPv4Address if parts[2] == "1" else IPv6Address
                address = kind(parts[3])
                if int(parts[4]) > address.max_prefixlen:
                    raise ValueError
            except ValueError:
                raise tokens.wrong(f"{word!r} is no prefix") from None
            found.append((bool(parts[1]), str(address), int(parts[4])))
        return found


@register("APL", c.APL)
class Record_APL(Record):
    """
    A list of prefixes of addresses (RFC 3123).

    @ivar prefixes: for each whether it is excluded, the address, and how many bits count.
    """

    fields = (_Prefixes("prefixes"),)

    def __init__(
        self, prefixes: list[tuple[bool, str, int]] | None = None, ttl: TTL = None
    ) -> None:
        self.prefixes = list(prefixes or [])
        self.ttl = str2time(ttl)


class _Extent(Field):
    """Centimetres, as a digit and a power of ten in one octet."""

    def read(self, data: bytes, at: int, end: int, memo: Memo) -> tuple[int, int]:
        if at >= end:
            raise EndOfData(f"the record's data ends at octet {at}")
        digit, power = data[at] >> 4, data[at] & 0xF
        if digit > 9 or power > 9:
            raise DNSDecodeError(f"an ill-formed extent at octet {at}")
        return digit * 10**power, at + 1

    def write(self, value: int, at: int, names: Names) -> bytes:
        power = max(0, len(str(value)) - 1)
        return bytes((value // 10**power << 4 | power,))


_EQUATOR = 1 << 31
_SEA_LEVEL = 10_000_000
_ANGLE = r"(\d+)(?:\s+(\d+)(?:\s+(\d+(?:\.\d{1,3})?))?)?"
_METRES = r"(-?\d+(?:\.\d{1,2})?)m?"
_LOCATION = re.compile(
    rf"{_ANGLE}\s+([NS])\s+{_ANGLE}\s+([EW])\s+{_METRES}"
    rf"(?:\s+{_METRES})?(?:\s+{_METRES})?(?:\s+{_METRES})?",
    re.IGNORECASE | re.ASCII,
)


def _angle(value: int, sides: str) -> str:
    """An angle as degrees, minutes, seconds and a side."""
    side = sides[0] if value >= _EQUATOR else sides[1]
    minutes, thousandths = divmod(abs(value - _EQUATOR), 60_000)
    degrees, minutes = divmod(minutes, 60)
    return f"{degrees} {minutes} {thousandths / 1000:.3f} {side}"


def _centimetres(text: str | None, default: int) -> int:
    return default if text is None else round(float(text) * 100)


class _LocationSchema(Schema):
    """The text form is one expression (RFC 1876 §3)."""

    def show(self, record: Any, origin: bytes | None) -> str:
        metres = (
            record.altitude - _SEA_LEVEL,
            record.size,
            record.horizontalPrecision,
            record.verticalPrecision,
        )
        extents = " ".join(f"{value / 100:.2f}m" for value in metres)
        return f"{_angle(record.latitude, 'NS')} {_angle(record.longitude, 'EW')} {extents}"

    def parse(self, record: Any, tokens: Tokens, origin: bytes) -> None:
        if tokens.peek() == "\\#":
            super().parse(record, tokens, origin)
            return
        text = " ".join(token.text for token in tokens.rest())
        found = _LOCATION.fullmatch(text)
        if found is None:
            raise tokens.wrong(f"{text!r} is no location")
        record.version = 0
        for attribute, first, most in (("latitude", 1, 90), ("longitude", 5, 180)):
            degrees, minutes, seconds = (float(found[first + i] or 0) for i in range(3))
            value = round(((degrees * 60 + minutes) * 60 + seconds) * 1000)
            if value > most * 3_600_000 or minutes >= 60 or seconds >= 60:
                raise tokens.wrong(f"the {attribute} is out of range")
            south = found[first + 3].upper() in "SW"
            setattr(record, attribute, _EQUATOR + (-value if south else value))
        record.altitude = _centimetres(found[9], 0) + _SEA_LEVEL
        record.size = _centimetres(found[10], 100)
        record.horizontalPrecision = _centimetres(found[11], 1_000_000)
        record.verticalPrecision = _centimetres(found[12], 1_000)
        extents = (record.size, record.horizontalPrecision, record.verticalPrecision)
        if not 0 <= record.altitude < 1 << 32 or not all(0 <= e < 10**10 for e in extents):
            raise tokens.wrong("the altitude or an extent is out of range")


@register("LOC", c.LOC)
class Record_LOC(Record):
    """
    A place on earth (RFC 1876).

    @ivar version: 0.
    @ivar size: the diameter of what is there, in centimetres.
    @ivar horizontalPrecision: in centimetres.
    @ivar verticalPrecision: in centimetres.
    @ivar latitude: thousandths of a second of arc north of the equator, plus 2^31.
    @ivar longitude: thousandths of a second of arc east of the prime meridian, plus 2^31.
    @ivar altitude: centimetres above the reference spheroid, plus 10,000,000.
    """

    schemaClass = _LocationSchema
    fields = (
        U8("version"),
        _Extent("size"),
        _Extent("horizontalPrecision"),
        _Extent("verticalPrecision"),
        U32("latitude"),
        U32("longitude"),
        U32("altitude"),
    )

    def __init__(
        self,
        latitude: int = _EQUATOR,
        longitude: int = _EQUATOR,
        altitude: int = _SEA_LEVEL,
        size: int = 100,
        horizontalPrecision: int = 1_000_000,
        verticalPrecision: int = 1_000,
        ttl: TTL = None,
    ) -> None:
        self.version = 0
        self.latitude, self.longitude, self.altitude = latitude, longitude, altitude
        self.size = size
        self.horizontalPrecision = horizontalPrecision
        self.verticalPrecision = verticalPrecision
        self.ttl = str2time(ttl)
