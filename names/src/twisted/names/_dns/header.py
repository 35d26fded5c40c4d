"""Resource records: whose data it is, of what type, and for how long it may be kept."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from struct import Struct
from struct import error as StructError
from typing import IO, Any, SupportsInt

from zope.interface import implementer

from twisted.names._dns.constants import IN, A
from twisted.names._dns.interfaces import IEncodable
from twisted.names._dns.primitives import (
    HEADER_SIZE,
    Name,
    className,
    readPrecisely,
    typeName,
)
from twisted.names._dns.record import Record, UnknownRecord
from twisted.names._wire.errors import DNSDecodeError, EndOfData
from twisted.names._wire.names import Memo, read_name, write_name
from twisted.python.util import FancyEqMixin

__all__ = ["RRHeader", "readRecord", "writeRecord"]

_fixed = Struct("!HHLH")
_unpack = _fixed.unpack_from
_pack = _fixed.pack
_pack_pointed = Struct("!HHHLH").pack

#: Classes whose records may be without data: NONE and ANY (RFC 2136 §2.4, §2.5).
_WITHOUT_DATA = (254, 255)


@implementer(IEncodable)
class RRHeader(FancyEqMixin):
    """
    A resource record.

    @ivar name: the `Name` of its owner.
    @ivar type: its type.
    @ivar cls: its class.
    @ivar ttl: the seconds for which it may be kept.
    @ivar payload: its data: an `IEncodableRecord`, or None.
    @ivar auth: whether it comes from a server that is authoritative.
    @ivar rdlength: the octets of the data, if it was received.
    @ivar cachedResponse: whether it comes from a cache, if that is known.
    """

    __module__ = "twisted.names.dns"

    compareAttributes = ("name", "type", "cls", "ttl", "payload", "auth")
    fmt = "!HHIH"
    rdlength: int | None = None
    cachedResponse: Any = None

    def __init__(
        self,
        name: str | bytes = b"",
        type: int = A,
        cls: int = IN,
        ttl: SupportsInt = 0,
        payload: Any = None,
        auth: bool = False,
    ) -> None:
        """
        @raise ValueError: if `ttl` is negative or no number, or the data is of another type.
        """
        payloadType = None if payload is None else payload.TYPE
        if payloadType is not None and payloadType != type:
            raise ValueError(
                f"Payload type ({typeName(payloadType)}) does not match"
                f" the record's type ({typeName(type)})"
            )
        self.name = Name(name)
        self.type = type
        self.cls = cls
        self.ttl = int(ttl)
        if self.ttl < 0:
            raise ValueError("TTL cannot be negative")
        self.payload = payload
        self.auth = auth

    def encode(self, strio: IO[bytes], compDict: dict[bytes, int] | None = None) -> None:
        """
        Write the record with its data.

        @raise ValueError: if a value does not fit into its field.
        """
        at = strio.tell() + HEADER_SIZE
        strio.write(_written(self, at, compDict))

    def decode(self, strio: IO[bytes], length: int | None = None) -> None:
        """
        Take all but the data from what the stream stands at; `rdlength` says how long that is.

        @raise DNSDecodeError: if it is not well-formed.
        """
        self.name.decode(strio)
        fixed = readPrecisely(strio, _fixed.size)
        self.type, self.cls, self.ttl, self.rdlength = _fixed.unpack(fixed)

    def isAuthoritative(self) -> bool:
        """Whether the record comes from a server that is authoritative."""
        return self.auth

    def __str__(self) -> str:
        return (
            f"<RR name={self.name} type={typeName(self.type)} class={className(self.cls)}"
            f" ttl={self.ttl}s auth={'True' if self.auth else 'False'}>"
        )

    __repr__ = __str__


def _rdata(payload: Any, at: int, names: dict[bytes, int] | None) -> bytes:
    """The data of a record, from whatever class it has."""
    if payload is None:
        return b""
    if type(payload).encode is Record.encode:
        return payload.toWire(at, names)  # type: ignore[no-any-return]
    stream = BytesIO(bytes(at - HEADER_SIZE))
    stream.seek(at - HEADER_SIZE)
    payload.encode(stream, names)
    return stream.getvalue()[at - HEADER_SIZE :]


def _written(header: RRHeader, at: int, names: dict[bytes, int] | None) -> bytes:
    """The octets of a record, to be put at an offset of a message."""
    owner = write_name(header.name.name, at, names)
    rdata = _rdata(header.payload, at + len(owner) + _fixed.size, names)
    try:
        return owner + _pack(header.type, header.cls, header.ttl, len(rdata)) + rdata
    except StructError as error:
        raise ValueError(f"{header!r} has no wire form: {error}") from error


def writeRecord(header: Any, out: bytearray, names: dict[bytes, int]) -> None:
    """
    Append a record to a message.

    @param header: an `RRHeader`, or anything that is `IEncodable`.
    @raise ValueError: if a value does not fit into its field.
    """
    at = len(out)
    if type(header) is not RRHeader:
        stream = BytesIO(bytes(at - HEADER_SIZE))
        stream.seek(at - HEADER_SIZE)
        header.encode(stream, names)
        out += stream.getvalue()[at - HEADER_SIZE :]
        return
    offset = names.get(header.name.name)
    payload = header.payload
    if offset is None or (write := _plain_writer(type(payload))) is None:
        out += _written(header, at, names)
        return
    try:
        rdata = write(payload, at + 12, names)
        out += _pack_pointed(0xC000 | offset, header.type, header.cls, header.ttl, len(rdata))
    except (StructError, TypeError, AttributeError):
        out += _written(header, at, names)
        return
    out += rdata


_Writer = Callable[[Any, int, dict[bytes, int] | None], bytes]
_writers: dict[type[Any], _Writer | None] = {}


def _plain_writer(kind: type[Any]) -> _Writer | None:
    """What writes data of a class without more ado, if that is one that its fields define."""
    try:
        return _writers[kind]
    except KeyError:
        plain = issubclass(kind, Record) and kind.encode is Record.encode
        return _writers.setdefault(kind, kind.schema.compiled if plain else None)


def readRecord(
    data: bytes, at: int, memo: Memo, kindOf: Callable[[int], Any], auth: Any
) -> tuple[RRHeader, int]:
    """
    Read a record: it, and the offset behind it.

    @param kindOf: gives the class of the data of a type.
    @raise DNSDecodeError: if it is not well-formed.
    """
    text, at = read_name(data, at, memo)
    header = RRHeader.__new__(RRHeader)
    name = Name.__new__(Name)
    name.name = text
    header.name = name
    try:
        number, klass, ttl, length = _unpack(data, at)
    except StructError:
        raise EndOfData(f"the message ends within the record at octet {at}") from None
    at += 10
    end = at + length
    if end > len(data):
        raise EndOfData(f"the message ends within the data at octet {at}")
    header.type = number
    header.cls = klass
    header.ttl = ttl
    header.auth = auth
    header.rdlength = length
    kind = kindOf(number)
    if not length and klass in _WITHOUT_DATA:
        header.payload = UnknownRecord(b"", ttl)
    elif issubclass(kind, Record):
        header.payload = kind.fromWire(data, at, end, memo, ttl)
    else:
        header.payload = payload = kind(ttl=ttl)
        stream = BytesIO(data)
        stream.seek(at)
        payload.decode(stream, length)
        if stream.tell() != end:
            raise DNSDecodeError(f"data of {length} octets does not end where it should")
    return header, end
