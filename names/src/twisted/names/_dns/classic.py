"""Records of RFC 1035 and of the years after it."""

from __future__ import annotations

from ipaddress import IPv6Address
from socket import AF_INET6, inet_aton, inet_ntoa, inet_ntop, inet_pton
from typing import IO, Any

from twisted.logger import Logger
from twisted.names._dns import constants as c
from twisted.names._dns.primitives import TTL, Charstr, Name, readPrecisely, str2time
from twisted.names._dns.record import Record, name_field, nice, register
from twisted.names._wire.errors import DNSDecodeError, EndOfData
from twisted.names._wire.fields import (
    U8,
    U16,
    U32,
    CharStr,
    CharStrs,
    Field,
    IPv4,
    IPv6,
    Opaque,
    Rest,
    Seconds,
)
from twisted.names._wire.names import Memo, read_name, wire_name
from twisted.names._wire.schema import Names, Schema
from twisted.names._wire.tokens import Tokens, relative

_log = Logger("twisted.names.dns")


class SimpleRecord(Record):
    """
    The data of a record that is one name.

    @ivar name: the `Name`.
    """

    __module__ = "twisted.names.dns"

    fields = (name_field("name", compress=True),)
    name: Name

    def __init__(self, name: str | bytes = b"", ttl: TTL = None) -> None:
        self.name = Name(name)
        self.ttl = str2time(ttl)


@register("NS", c.NS)
class Record_NS(SimpleRecord):
    """An authoritative server of a zone."""


@register("MD", c.MD)
class Record_MD(SimpleRecord):
    """A mail destination (obsolete)."""


@register("MF", c.MF)
class Record_MF(SimpleRecord):
    """A mail forwarder (obsolete)."""


@register("CNAME", c.CNAME)
class Record_CNAME(SimpleRecord):
    """The canonical name of an alias."""


@register("MB", c.MB)
class Record_MB(SimpleRecord):
    """A mailbox (experimental)."""


@register("MG", c.MG)
class Record_MG(SimpleRecord):
    """A member of a mail group (experimental)."""


@register("MR", c.MR)
class Record_MR(SimpleRecord):
    """The new name of a mailbox (experimental)."""


@register("PTR", c.PTR)
class Record_PTR(SimpleRecord):
    """Another place in the tree of names: the name of an address."""


@register("DNAME", c.DNAME)
class Record_DNAME(SimpleRecord):
    """Another name for all below a name (RFC 6672, which forbids to compress it)."""

    fields = (name_field("name"),)


@register("A", c.A)
class Record_A(Record):
    """
    An IPv4 address.

    @ivar address: its four octets.
    """

    fields = (IPv4("address"),)
    address: Any = None

    def __init__(self, address: str | bytes = "0.0.0.0", ttl: TTL = None) -> None:
        """
        @param address: four numbers with dots.
        @raise OSError: if it is not that.
        """
        if isinstance(address, bytes):
            address = address.decode("ascii")
        self.address = inet_aton(address)
        self.ttl = str2time(ttl)

    def dottedQuad(self) -> str:
        """The address as four numbers with dots."""
        return inet_ntoa(self.address)

    @property
    def _address(self) -> str:
        return self.dottedQuad()


@register("AAAA", c.AAAA)
class Record_AAAA(Record):
    """
    An IPv6 address (RFC 3596).

    @ivar address: its sixteen octets.
    """

    fields = (IPv6("address"),)

    def __init__(self, address: str | bytes = "::", ttl: TTL = None) -> None:
        """
        @raise OSError: if the address is none.
        """
        if isinstance(address, bytes):
            address = address.decode("ascii")
        self.address = inet_pton(AF_INET6, address)
        self.ttl = str2time(ttl)

    @property
    def _address(self) -> str:
        return inet_ntop(AF_INET6, self.address)


class _A6Schema(Schema):
    """The suffix is as long as the prefix leaves room for; without prefix there is no name."""

    def _read_all(self, record: Any, data: bytes, at: int, end: int, memo: Memo) -> int:
        if at >= end:
            raise EndOfData(f"the record's data ends at octet {at}")
        length = data[at]
        if length > 128:
            raise DNSDecodeError(f"a prefix of {length} bits")
        size = 16 - length // 8
        begin, at = at + 1, at + 1 + size
        if at > end:
            raise EndOfData(f"the record's data ends within the suffix at octet {begin}")
        record.prefixLen, record.bytes = length, size
        record.suffix = bytes(16 - size) + data[begin:at]
        prefix = b""
        if length:
            prefix, at = read_name(data, at, memo)
            if at > end:
                raise EndOfData(f"the record's data ends at octet {end}, within a name")
        record.prefix = Name.of(prefix)
        return at

    def _write_all(self, record: Any, at: int, names: Names) -> bytes:
        size = 16 - record.prefixLen // 8
        suffix: bytes = record.suffix[16 - size :]
        prefix = wire_name(record.prefix.name) if record.prefixLen else b""
        return bytes((record.prefixLen,)) + suffix + prefix

    def show(self, record: Any, origin: bytes | None) -> str:
        shown = f"{record.prefixLen} {inet_ntop(AF_INET6, record.suffix)}"
        return f"{shown} {relative(record.prefix.name, origin)}" if record.prefixLen else shown

    def parse(self, record: Any, tokens: Tokens, origin: bytes) -> None:
        if tokens.peek() == "\\#":
            super().parse(record, tokens, origin)
            return
        record.prefixLen = tokens.number("prefixLen", 128)
        record.bytes = 16 - record.prefixLen // 8
        try:
            record.suffix = IPv6Address(tokens.next("suffix").text).packed
        except ValueError:
            raise tokens.wrong("the suffix is no address") from None
        prefix = tokens.name("prefix", origin) if record.prefixLen else b""
        record.prefix = Name.of(prefix)
        tokens.end()


@register("A6", c.A6)
class Record_A6(Record):
    """
    An IPv6 address in two parts (RFC 2874, historic).

    @ivar prefixLen: how many bits of the address the prefix has.
    @ivar suffix: sixteen octets, with the rest of the address at their end.
    @ivar prefix: the `Name` whose address the other bits come from.
    @ivar bytes: the octets of the suffix that are sent.
    """

    schemaClass = _A6Schema
    fields = (U8("prefixLen"), IPv6("suffix"), name_field("prefix"))
    compareAttributes = ("prefixLen", "prefix", "suffix", "ttl")
    showAttributes = (("_suffix", "suffix", "%s"), ("prefix", "prefix", "%s"), "ttl")

    def __init__(
        self, prefixLen: int = 0, suffix: str = "::", prefix: bytes = b"", ttl: TTL = None
    ) -> None:
        if isinstance(suffix, bytes):
            suffix = suffix.decode("ascii")
        self.prefixLen = prefixLen
        self.suffix = inet_pton(AF_INET6, suffix)
        self.prefix = Name(prefix)
        self.bytes = 16 - prefixLen // 8
        self.ttl = str2time(ttl)

    @property
    def _suffix(self) -> str:
        return inet_ntop(AF_INET6, self.suffix)

    def __str__(self) -> str:
        return f"<A6 {self.prefix} {self._suffix} ({self.prefixLen}) ttl={self.ttl}>"


@register("SOA", c.SOA)
class Record_SOA(Record):
    """
    Where the authority of a zone begins.

    @ivar mname: the `Name` of the primary server.
    @ivar rname: the mailbox of who is responsible, as a `Name`.
    @ivar serial: the version of the zone.
    @ivar refresh: seconds between looks at the version by secondary servers.
    @ivar retry: seconds until they look again if that failed.
    @ivar expire: seconds after which they no longer answer for the zone.
    @ivar minimum: seconds for which "there is none" may be kept (RFC 2308).
    """

    fields = (
        name_field("mname", compress=True),
        name_field("rname", compress=True),
        U32("serial"),
        Seconds("refresh"),
        Seconds("retry"),
        Seconds("expire"),
        Seconds("minimum"),
    )

    def __init__(
        self,
        mname: str | bytes = b"",
        rname: str | bytes = b"",
        serial: int = 0,
        refresh: TTL = 0,
        retry: TTL = 0,
        expire: TTL = 0,
        minimum: TTL = 0,
        ttl: TTL = None,
    ) -> None:
        self.mname, self.rname = Name(mname), Name(rname)
        self.serial = str2time(serial) or 0
        self.refresh = str2time(refresh) or 0
        self.retry = str2time(retry) or 0
        self.expire = str2time(expire) or 0
        self.minimum = str2time(minimum) or 0
        self.ttl = str2time(ttl)


@register("NULL", c.NULL)
class Record_NULL(Record):
    """
    Any octets (experimental).

    @ivar payload: them.
    """

    fields = (Rest("payload"),)
    showAttributes = (("payload", nice), "ttl")

    def __init__(self, payload: bytes | None = None, ttl: TTL = None) -> None:
        self.payload = payload
        self.ttl = str2time(ttl)

    def toText(self, origin: bytes | None = None) -> str:
        """The data in the generic form of RFC 3597: it has none of its own."""
        payload = self.payload or b""
        return f"\\# {len(payload)} {payload.hex().upper()}".rstrip()


class _Protocol(U8):
    """The number of an IP protocol; ``tcp`` and ``udp`` are known by name."""

    def parse(self, tokens: Tokens, origin: bytes) -> int:
        numbers = {"tcp": 6, "udp": 17}
        if (number := numbers.get(tokens.peek().lower())) is not None:
            tokens.next(self.attribute)
            return number
        return super().parse(tokens, origin)


class _Ports(Rest):
    """All that is left of the data: a bit for each port."""

    optional = True

    def show(self, value: bytes, origin: bytes | None) -> str:
        ports = (8 * i + bit for i, o in enumerate(value) for bit in range(8) if o & 0x80 >> bit)
        return " ".join(map(str, ports))

    def parse(self, tokens: Tokens, origin: bytes) -> bytes:
        ports = bytearray()
        while len(tokens):
            port = tokens.number("the port", 0xFFFF)
            ports.extend(bytes(max(0, port // 8 + 1 - len(ports))))
            ports[port // 8] |= 0x80 >> port % 8
        return bytes(ports)


@register("WKS", c.WKS)
class Record_WKS(Record):
    """
    Services at an address (obsolete).

    @ivar address: the four octets of the address.
    @ivar protocol: the number of the IP protocol.
    @ivar map: a bit for each port.
    """

    fields = (IPv4("address"), _Protocol("protocol"), _Ports("map"))
    showAttributes = (("_address", "address", "%s"), "protocol", "ttl")

    def __init__(
        self,
        address: str | bytes = "0.0.0.0",
        protocol: int = 0,
        map: bytes = b"",
        ttl: TTL = None,
    ) -> None:
        if isinstance(address, bytes):
            address = address.decode("ascii")
        self.address = inet_aton(address)
        self.protocol, self.map = protocol, map
        self.ttl = str2time(ttl)

    @property
    def _address(self) -> str:
        return inet_ntoa(self.address)


@register("HINFO", c.HINFO)
class Record_HINFO(Record):
    """
    What a host is.

    @ivar cpu: its processor.
    @ivar os: its operating system.
    """

    fields = (CharStr("cpu"), CharStr("os"))
    showAttributes = (("cpu", nice), ("os", nice), "ttl")

    def __init__(self, cpu: bytes = b"", os: bytes = b"", ttl: TTL = None) -> None:
        self.cpu, self.os = cpu, os
        self.ttl = str2time(ttl)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Record_HINFO):
            return NotImplemented
        return self._folded() == other._folded()

    def __hash__(self) -> int:
        return hash(self._folded())

    def _folded(self) -> tuple[bytes, bytes, int | None]:
        """What is compared: upper and lower case are the same (RFC 1010)."""
        return self.cpu.lower(), self.os.lower(), self.ttl


@register("MINFO", c.MINFO)
class Record_MINFO(Record):
    """
    Who is responsible for a mail group (experimental).

    @ivar rmailbx: the mailbox of who is responsible, as a `Name`.
    @ivar emailbx: the mailbox that errors go to, as a `Name`.
    """

    fields = (name_field("rmailbx", compress=True), name_field("emailbx", compress=True))
    rmailbx: Any = None
    emailbx: Any = None
    showAttributes = (("rmailbx", "responsibility", "%s"), ("emailbx", "errors", "%s"), "ttl")

    def __init__(
        self, rmailbx: str | bytes = b"", emailbx: str | bytes = b"", ttl: TTL = None
    ) -> None:
        self.rmailbx, self.emailbx = Name(rmailbx), Name(emailbx)
        self.ttl = str2time(ttl)


@register("MX", c.MX)
class Record_MX(Record):
    """
    A mail exchange.

    @ivar preference: the lowest is tried first.
    @ivar name: the `Name` of the host.
    """

    fields = (U16("preference"), name_field("name", compress=True))

    def __init__(
        self, preference: int = 0, name: str | bytes = b"", ttl: TTL = None, **kwargs: Any
    ) -> None:
        """
        @param kwargs: ``exchange``, another way to give the name.
        """
        self.preference = int(preference)
        self.name = Name(kwargs.get("exchange", name))
        self.ttl = str2time(ttl)


@register("TXT", c.TXT)
class Record_TXT(Record):
    """
    Texts.

    @ivar data: a list of bytes of up to 255 octets each.
    """

    fields = (CharStrs("data"),)
    showAttributes = (("data", lambda data: f"[{', '.join(map(nice, data))}]"), "ttl")

    def __init__(self, *data: bytes, **kw: Any) -> None:
        """
        @param kw: ``ttl``.
        """
        self.data = list(data)
        self.ttl = str2time(kw.get("ttl"))

    def decode(self, strio: IO[bytes], length: int | None = None) -> None:
        """
        Take texts from what the stream stands at, until `length` octets are read.

        A text that goes beyond them is read whole, and that is logged.

        @raise DNSDecodeError: if the stream ends before.
        """
        self.data = []
        read = 0
        while read < (length or 0):
            text = readPrecisely(strio, readPrecisely(strio, 1)[0])
            self.data.append(text)
            read += 1 + len(text)
        if read != length:
            _log.warn(
                "Decoded {read} bytes while decoding a TXT record, but rdlength is {length}",
                read=read,
                length=length,
            )


@register("SPF", c.SPF)
class Record_SPF(Record_TXT):
    """A sender policy (RFC 4408; obsolete, TXT is used instead)."""


@register("RP", c.RP)
class Record_RP(Record):
    """
    Who is responsible for a name (RFC 1183).

    @ivar mbox: a mailbox, as a `Name`.
    @ivar txt: the `Name` whose TXT record says more.
    """

    fields = (name_field("mbox"), name_field("txt"))

    def __init__(self, mbox: str | bytes = b"", txt: str | bytes = b"", ttl: TTL = None) -> None:
        self.mbox, self.txt = Name(mbox), Name(txt)
        self.ttl = str2time(ttl)


@register("AFSDB", c.AFSDB)
class Record_AFSDB(Record):
    """
    Where an AFS database is (RFC 1183).

    @ivar subtype: the kind of server.
    @ivar hostname: its `Name`.
    """

    fields = (U16("subtype"), name_field("hostname"))

    def __init__(self, subtype: int = 0, hostname: str | bytes = b"", ttl: TTL = None) -> None:
        self.subtype = int(subtype)
        self.hostname = Name(hostname)
        self.ttl = str2time(ttl)


@register("SRV", c.SRV)
class Record_SRV(Record):
    """
    Where a service is (RFC 2782).

    @ivar priority: the lowest is tried first.
    @ivar weight: the share of this one among those of the same priority.
    @ivar port: the port.
    @ivar target: the `Name` of the host.
    """

    fields = (U16("priority"), U16("weight"), U16("port"), name_field("target"))
    compareAttributes = ("priority", "weight", "target", "port", "ttl")
    showAttributes = ("priority", "weight", ("target", "target", "%s"), "port", "ttl")

    def __init__(
        self,
        priority: int = 0,
        weight: int = 0,
        port: int = 0,
        target: str | bytes = b"",
        ttl: TTL = None,
    ) -> None:
        self.priority, self.weight, self.port = int(priority), int(weight), int(port)
        self.target = Name(target)
        self.ttl = str2time(ttl)


@register("NAPTR", c.NAPTR)
class Record_NAPTR(Record):
    """
    A rule that rewrites names (RFC 3403).

    @ivar order: the lowest is applied first.
    @ivar preference: the order among those of the same order.
    @ivar flags: a `Charstr` that says what the outcome is.
    @ivar service: a `Charstr` that says what it is good for.
    @ivar regexp: a `Charstr` with the substitution.
    @ivar replacement: the `Name` to ask for next.
    """

    fields = (
        U16("order"),
        U16("preference"),
        CharStr("flags", Charstr),
        CharStr("service", Charstr),
        CharStr("regexp", Charstr),
        name_field("replacement"),
    )
    showAttributes = (
        "order",
        "preference",
        ("flags", "flags", "%s"),
        ("service", "service", "%s"),
        ("regexp", "regexp", "%s"),
        ("replacement", "replacement", "%s"),
        "ttl",
    )

    def __init__(
        self,
        order: int = 0,
        preference: int = 0,
        flags: bytes = b"",
        service: bytes = b"",
        regexp: bytes = b"",
        replacement: str | bytes = b"",
        ttl: TTL = None,
    ) -> None:
        self.order, self.preference = int(order), int(preference)
        self.flags, self.service = Charstr(flags), Charstr(service)
        self.regexp, self.replacement = Charstr(regexp), Name(replacement)
        self.ttl = str2time(ttl)


@register("SSHFP", c.SSHFP)
class Record_SSHFP(Record):
    """
    A fingerprint of an SSH host key (RFC 4255).

    @ivar algorithm: of the key.
    @ivar fingerprintType: how the fingerprint is made.
    @ivar fingerprint: its octets.
    """

    fields = (U8("algorithm"), U8("fingerprintType"), Rest("fingerprint"))
    showAttributes = ("algorithm", "fingerprintType", "fingerprint")

    ALGORITHM_RSA = 1
    ALGORITHM_DSS = 2
    ALGORITHM_ECDSA = 3
    ALGORITHM_Ed25519 = 4

    FINGERPRINT_TYPE_SHA1 = 1
    FINGERPRINT_TYPE_SHA256 = 2

    def __init__(
        self,
        algorithm: int = 0,
        fingerprintType: int = 0,
        fingerprint: bytes = b"",
        ttl: TTL = 0,
    ) -> None:
        self.algorithm, self.fingerprintType = algorithm, fingerprintType
        self.fingerprint = fingerprint
        self.ttl = str2time(ttl)


class _Time48(Field):
    """Seconds since 1970, in six octets."""

    def read(self, data: bytes, at: int, end: int, memo: Memo) -> tuple[int, int]:
        if at + 6 > end:
            raise EndOfData(f"the record's data ends within the time at octet {at}")
        return int.from_bytes(data[at : at + 6], "big"), at + 6

    def write(self, value: int | None, at: int, names: Names) -> bytes:
        return (value or 0).to_bytes(6, "big")

    def parse(self, tokens: Tokens, origin: bytes) -> int:
        return tokens.number(self.attribute, (1 << 48) - 1)


class _Counted(Opaque):
    """Octets behind their length, or None for none."""

    def write(self, value: bytes | None, at: int, names: Names) -> bytes:
        return super().write(value or b"", at, names)


@register("TSIG", c.TSIG)
class Record_TSIG(Record):
    """
    The signature of a transaction (RFC 8945).

    @ivar algorithm: the `Name` of it, or None.
    @ivar timeSigned: seconds since 1970, or None.
    @ivar fudge: how many seconds that may be off.
    @ivar MAC: the signature, or None.
    @ivar originalID: the id of the message that was signed.
    @ivar error: a response code.
    @ivar otherData: more about the error.
    """

    fields = (
        name_field("algorithm"),
        _Time48("timeSigned"),
        U16("fudge"),
        _Counted("MAC"),
        U16("originalID"),
        U16("error"),
        _Counted("otherData"),
    )
    showAttributes = ("algorithm", "timeSigned", "MAC", "error", "otherData")

    def __init__(
        self,
        algorithm: str | bytes | None = None,
        timeSigned: int | None = None,
        fudge: int = 5,
        MAC: bytes | None = None,
        originalID: int = 0,
        error: int = c.OK,
        otherData: bytes = b"",
        ttl: TTL = 0,
    ) -> None:
        self.algorithm = None if algorithm is None else Name(algorithm)
        self.timeSigned = timeSigned
        self.fudge, self.MAC = str2time(fudge), MAC
        self.originalID, self.error, self.otherData = originalID, error, otherData
        self.ttl = str2time(ttl)
