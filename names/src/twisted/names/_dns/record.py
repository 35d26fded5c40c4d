"""
The data of records, and the registry of their types.

A type is one class, which names its fields, and one registration::

    @register("TYPE", 65400)
    class Record_TYPE(Record):
        fields = (U16("port"), DomainName("host", Name.of))

        def __init__(self, port: int = 0, host: str | bytes = b"", ttl: TTL = None) -> None:
            self.port = port
            self.host = Name(host)
            self.ttl = str2time(ttl)

From the fields follow the wire form, the text form, and what is compared and shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import IO, ClassVar, Self, TypeVar

from zope.interface import implementer

from twisted.names._dns.constants import QUERY_TYPES, REV_TYPES
from twisted.names._dns.interfaces import IEncodableRecord
from twisted.names._dns.primitives import HEADER_SIZE, TTL, Name, str2time, whole
from twisted.names._wire.errors import DNSDecodeError
from twisted.names._wire.fields import DomainName, Field, Rest, _Address
from twisted.names._wire.names import Memo
from twisted.names._wire.schema import Schema, generic, shownGeneric
from twisted.names._wire.tokens import Tokens
from twisted.python.util import FancyEqMixin, FancyStrMixin

__all__ = ["RECORDS", "Record", "UnknownRecord", "name_field", "nice", "recordClass", "register"]


def nice(value: bytes | str | None) -> str:
    """Octets for the eye: quoted, without ``b``."""
    return repr(value).removeprefix("b")


def name_field(attribute: str, compress: bool = False) -> DomainName:
    """A field that holds a `Name`."""
    return DomainName(attribute, Name.of, compress)


def _shown(field: Field) -> str | tuple[str, str, str]:
    """How a field is shown in the ``repr`` of a record."""
    if isinstance(field, DomainName):
        return (field.attribute, field.attribute, "%s")
    if isinstance(field, _Address):
        return ("_" + field.attribute, field.attribute, "%s")
    return field.attribute


@implementer(IEncodableRecord)
class Record(FancyStrMixin, FancyEqMixin):
    """
    The data of a record.

    @cvar TYPE: the number of its type.
    @cvar fields: what it consists of.
    @ivar ttl: the seconds for which it may be kept, or None.
    """

    TYPE: ClassVar[int | None] = None
    fields: ClassVar[Sequence[Field]] = ()
    schema: ClassVar[Schema] = Schema(())
    schemaClass: ClassVar[type[Schema]] = Schema
    compareAttributes: ClassVar[Sequence[str]] = ("ttl",)
    ttl: int | None

    def __init_subclass__(cls) -> None:
        own = vars(cls)
        if "fields" in own:
            cls.schema = cls.schemaClass(cls.fields)
            if "compareAttributes" not in own:
                cls.compareAttributes = (*[field.attribute for field in cls.fields], "ttl")
            if "showAttributes" not in own:
                cls.showAttributes = (*map(_shown, cls.fields), "ttl")

    @classmethod
    def fromWire(cls, data: bytes, at: int, end: int, memo: Memo, ttl: int | None) -> Self:
        """
        The record whose data stands in a message.

        @raise DNSDecodeError: if it is not well-formed, or of another length.
        """
        record = cls.__new__(cls)
        behind = cls.schema.read(record, data, at, end, memo)
        if behind != end:
            raise DNSDecodeError(f"data of {end - at} octets does not end where it should")
        record.ttl = ttl
        return record

    @classmethod
    def fromTokens(cls, tokens: Tokens, origin: bytes = b"", ttl: TTL = None) -> Self:
        """
        The record whose data is written as text, or in the generic form of RFC 3597.

        @param origin: what names end with that have no dot at their end.
        @raise twisted.names._wire.tokens.TextError: if the text is not that.
        """
        record = cls.__new__(cls)
        cls.schema.parse(record, tokens, origin)
        record.ttl = str2time(ttl)
        return record

    @classmethod
    def fromText(cls, text: str, origin: bytes = b"", ttl: TTL = None) -> Self:
        """The record whose data is written as text; see `fromTokens`."""
        return cls.fromTokens(Tokens.of(text), origin, ttl)

    def toText(self, origin: bytes | None = None) -> str:
        """
        The data as text, as in zone files.

        @param origin: names below it are shown relative to it.
        """
        return self.schema.show(self, origin)

    def toWire(self, at: int = 0, names: dict[bytes, int] | None = None) -> bytes:
        """
        The octets of the data, to be put at an offset of a message.

        @param names: where names were written before; names are compressed if it is given.
        @raise ValueError: if a value does not fit into its field.
        """
        return self.schema.write(self, at, names)

    def encode(self, strio: IO[bytes], compDict: dict[bytes, int] | None = None) -> None:
        """Write the data."""
        strio.write(self.schema.write(self, strio.tell() + HEADER_SIZE, compDict))

    def decode(self, strio: IO[bytes], length: int | None = None) -> None:
        """
        Take the data from what the stream stands at.

        @raise DNSDecodeError: if it is not well-formed.
        """
        data, at = whole(strio), strio.tell()
        end = len(data) if length is None else min(at + length, len(data))
        strio.seek(self.schema.read(self, data, at, end, Memo()))

    def __hash__(self) -> int:
        values = (getattr(self, attribute) for attribute in self.compareAttributes)
        return hash(tuple(tuple(v) if isinstance(v, list | dict) else v for v in values))

    __eq__ = FancyEqMixin.__eq__


class UnknownRecord(Record):
    """
    The data of a record of a type that is not known (RFC 3597).

    @ivar data: its octets.
    """

    __module__ = "twisted.names.dns"

    fancybasename = "UNKNOWN"
    fields = (Rest("data"),)
    showAttributes = (("data", nice), "ttl")

    def __init__(self, data: bytes = b"", ttl: TTL = None) -> None:
        self.data = data
        self.ttl = str2time(ttl)

    @classmethod
    def fromTokens(cls, tokens: Tokens, origin: bytes = b"", ttl: TTL = None) -> Self:
        return cls(generic(tokens), ttl)

    def toText(self, origin: bytes | None = None) -> str:
        return shownGeneric(self.data)


#: The class of each type.
RECORDS: dict[int, type[Record]] = {}

_R = TypeVar("_R", bound=type[Record])


def register(mnemonic: str, number: int) -> Callable[[_R], _R]:
    """Make a class that of a type of records: in messages, zone files and what is shown."""

    def add(cls: _R) -> _R:
        cls.TYPE = number
        cls.__module__ = "twisted.names.dns"
        if "fancybasename" not in vars(cls):
            cls.fancybasename = mnemonic  # type: ignore[attr-defined]
        QUERY_TYPES[number] = mnemonic
        REV_TYPES[mnemonic] = number
        RECORDS[number] = cls
        return cls

    return add


def recordClass(number: int) -> type[Record]:
    """The class of the records of a type; `UnknownRecord` for those that are not known."""
    return RECORDS.get(number, UnknownRecord)
