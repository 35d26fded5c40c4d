"""Resource records: whose data it is, of what type, and for how long it may be kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
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
from twisted.names._dns.record import RECORDS, Record, UnknownRecord
from twisted.names._wire.errors import DNSDecodeError, EndOfData
from twisted.names._wire.names import POINTERS, USUAL_HOPS, Memo, read_name, write_name
from twisted.python.util import FancyEqMixin

__all__ = ["RRHeader", "readRecords", "writeRecord", "writeRecords"]

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
    @ivar authenticated: whether its signature was checked; None if nobody tried.
    """

    __module__ = "twisted.names.dns"

    compareAttributes = ("name", "type", "cls", "ttl", "payload", "auth")
    fmt = "!HHIH"
    rdlength: int | None = None
    cachedResponse: Any = None
    authenticated: bool | None = None

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


def writeRecord(header: Any, at: int, names: dict[bytes, int]) -> bytes:
    """
    The octets of a record, whatever it is, to be put at an offset of a message.

    @param header: an `RRHeader`, or anything that is `IEncodable`.
    @raise ValueError: if a value does not fit into its field.
    """
    if type(header) is RRHeader:
        return _written(header, at, names)
    stream = BytesIO(bytes(at - HEADER_SIZE))
    stream.seek(at - HEADER_SIZE)
    header.encode(stream, names)
    return stream.getvalue()[at - HEADER_SIZE :]


def writeRecords(
    headers: Iterable[Any], pieces: list[bytes], at: int, names: dict[bytes, int]
) -> int:
    """
    Write records from an offset of a message on, and give the offset behind them.

    @param pieces: what the octets are added to.
    @raise ValueError: if a value does not fit into its field.
    """
    add, offset_of = pieces.append, names.get
    for header in headers:
        write = _writers.get(type(header.payload)) if type(header) is RRHeader else None
        if write is None:
            if type(header) is RRHeader and _plain(type(header.payload)):
                at = writeRecords((header,), pieces, at, names)
            else:
                add(piece := writeRecord(header, at, names))
                at += len(piece)
            continue
        payload = header.payload
        text = header.name.name
        offset = offset_of(text)
        try:
            if offset is not None:
                at += 12
                rdata = write(payload, at, names)
                size = len(rdata)
                add(_pack_pointed(0xC000 | offset, header.type, header.cls, header.ttl, size))
            else:
                add(owner := write_name(text, at, names))
                at += len(owner) + 10
                rdata = write(payload, at, names)
                size = len(rdata)
                add(_pack(header.type, header.cls, header.ttl, size))
        except (StructError, TypeError, AttributeError) as error:
            raise ValueError(f"{header!r} has no wire form: {error}") from error
        add(rdata)
        at += size
    return at


_Writer = Callable[[Any, int, dict[bytes, int] | None], bytes]
_Maker = Callable[[bytes, int, int, Memo, int], Any]

#: What writes data without more ado, by its class; see `_plain`.
_writers: dict[type[Any], _Writer] = {}


def _plain(kind: type[Any]) -> bool:
    """Is data of a class written by what its fields define?  Then note that."""
    if not issubclass(kind, Record) or kind.encode is not Record.encode:
        return False
    _writers[kind] = kind.schema.compiled
    return True


#: What makes data, by its class.
_makers: dict[Any, _Maker] = {}


def _maker(kind: Any) -> _Maker:
    """What makes objects of a class from the data in a message, which is noted."""
    made = _makers[kind] = _newMaker(kind)
    return made


def _newMaker(kind: Any) -> _Maker:
    """What makes objects of a class from the data in a message."""
    if not issubclass(kind, Record):
        return partial(_foreign, kind)
    if kind.fromWire.__func__ is not Record.fromWire.__func__:  # type: ignore[attr-defined]
        own: _Maker = kind.fromWire
        return own
    new: Callable[[Any], Any] = kind.__new__
    read = kind.schema.read

    def make(data: bytes, at: int, end: int, memo: Memo, ttl: int) -> Any:
        record = new(kind)
        if read(record, data, at, end, memo) != end:
            raise DNSDecodeError(f"data of {end - at} octets does not end where it should")
        record.ttl = ttl
        return record

    return make


def _foreign(kind: Any, data: bytes, at: int, end: int, memo: Memo, ttl: int) -> Any:
    """Data of a class that knows of nothing but streams."""
    payload = kind(ttl=ttl)
    stream = BytesIO(data)
    stream.seek(at)
    payload.decode(stream, end - at)
    if stream.tell() != end:
        raise DNSDecodeError(f"data of {end - at} octets does not end where it should")
    return payload


def readRecords(
    data: bytes,
    at: int,
    count: int,
    memo: Memo,
    kindOf: Callable[[int], Any] | None,
    auth: Any,
    section: list[RRHeader],
) -> int:
    """
    Read records, and give the offset behind them.

    @param kindOf: gives the class of the data of a type; None for those that are known.
    @param section: what they are added to.
    @raise DNSDecodeError: if they are not well-formed.
    """
    size = len(data)
    new, new_name = RRHeader.__new__, Name.__new__
    seen, known, maker_of = memo.get, RECORDS.get, _makers.get
    for _ in range(count):
        # Nearly all names are pointers to where one was read before.
        if at + 12 <= size and data[at] >= POINTERS:
            before = seen((data[at] & 0x3F) << 8 | data[at + 1])
            if before is not None and before[1] < USUAL_HOPS:
                text = before[0]
                at += 2
            else:
                text, at = read_name(data, at, memo)
        else:
            text, at = read_name(data, at, memo)
        header = new(RRHeader)
        header.name = name = new_name(Name)
        name.name = text
        try:
            number, klass, ttl, length = _unpack(data, at)
        except StructError:
            raise EndOfData(f"the message ends within the record at octet {at}") from None
        at += 10
        end = at + length
        if end > size:
            raise EndOfData(f"the message ends within the data at octet {at}")
        header.type = number
        header.cls = klass
        header.ttl = ttl
        if length or klass not in _WITHOUT_DATA:
            kind = known(number, UnknownRecord) if kindOf is None else kindOf(number)
            header.payload = (maker_of(kind) or _maker(kind))(data, at, end, memo, ttl)
        else:
            header.payload = UnknownRecord(b"", ttl)
        header.auth = auth
        header.rdlength = length
        section.append(header)
        at = end
    return at
