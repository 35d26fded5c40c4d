"""From the fields of a type of records to what reads, writes, shows and parses their data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from operator import attrgetter, or_
from struct import Struct
from struct import error as StructError
from typing import Any

from twisted.names._wire.errors import DNSDecodeError, EndOfData
from twisted.names._wire.fields import DomainName, Field, Fixed
from twisted.names._wire.names import Memo, wire_name, write_name
from twisted.names._wire.tokens import TextError, Tokens

__all__ = ["Names", "Schema"]

#: Where names stand in the message that is written.
Names = dict[bytes, int] | None

_Reader = Callable[[Any, bytes, int, int, Memo], int]
_Writer = Callable[[Any, int, Names], bytes]


def _is_octets(fields: Sequence[Field]) -> bool:
    """Is there just one field, that is so many octets as they are?"""
    return len(fields) == 1 and isinstance(fields[0], Fixed) and fields[0].code.endswith("s")


def _octets_reader(attribute: str, size: int) -> _Reader:
    """What reads so many octets as they are."""

    def read(record: Any, data: bytes, at: int, end: int, memo: Memo) -> int:
        behind = at + size
        if behind > end:
            raise EndOfData(f"the record's data ends within what begins at octet {at}")
        setattr(record, attribute, data[at:behind])
        return behind

    return read


def _octets_writer(attribute: str, size: int) -> _Writer:
    """What writes so many octets as they are."""
    value = attrgetter(attribute)

    def write(record: Any, at: int, names: Names) -> bytes:
        octets: bytes = value(record)
        if len(octets) != size:
            raise ValueError(f"{attribute} has {len(octets)} octets, not {size}")
        return octets

    return write


def _group_reader(fields: Sequence[Field], codes: Struct) -> _Reader:
    """What reads neighbours of fixed size."""
    size, unpack = codes.size, codes.unpack_from
    if _is_octets(fields):
        return _octets_reader(fields[0].attribute, size)
    attributes = [field.attribute for field in fields]
    if len(attributes) == 1:
        [attribute] = attributes

        def read_one(record: Any, data: bytes, at: int, end: int, memo: Memo) -> int:
            if at + size > end:
                raise EndOfData(f"the record's data ends within what begins at octet {at}")
            setattr(record, attribute, unpack(data, at)[0])
            return at + size

        return read_one

    def read_all(record: Any, data: bytes, at: int, end: int, memo: Memo) -> int:
        if at + size > end:
            raise EndOfData(f"the record's data ends within what begins at octet {at}")
        for attribute, value in zip(attributes, unpack(data, at), strict=True):
            setattr(record, attribute, value)
        return at + size

    return read_all


def _group_writer(fields: Sequence[Field], codes: Struct) -> _Writer:
    """What writes neighbours of fixed size."""
    if _is_octets(fields):
        return _octets_writer(fields[0].attribute, codes.size)
    pack = codes.pack
    values: Any = attrgetter(*[field.attribute for field in fields])
    if len(fields) == 1:
        return lambda record, at, names: pack(values(record))
    return lambda record, at, names: pack(*values(record))


def _field_reader(field: Field) -> _Reader:
    """What reads a field of variable size."""
    attribute, read_value = field.attribute, field.read

    def read(record: Any, data: bytes, at: int, end: int, memo: Memo) -> int:
        value, at = read_value(data, at, end, memo)
        setattr(record, attribute, value)
        return at

    return read


def _field_writer(field: Field) -> _Writer:
    """What writes a field of variable size."""
    if isinstance(field, DomainName):
        return _name_writer(field)
    value, write = attrgetter(field.attribute), field.write
    return lambda record, at, names: write(value(record), at, names)


def _name_writer(field: DomainName) -> _Writer:
    """What writes a name."""
    text = attrgetter(field.attribute + ".name")
    if field.compress:
        return lambda record, at, names: write_name(text(record), at, names)
    return lambda record, at, names: wire_name(text(record))


class Schema:
    """
    What is known of the data of one type of records.

    @ivar read: sets the attributes of a record from octets: ``read(record, data, at, end, memo)``
        gives the offset behind; raises `DNSDecodeError`.
    @ivar compiled: ``compiled(record, at, names)`` gives the octets; raises anything if a value
        does not fit (`write` raises `ValueError` then).
    """

    def __init__(self, fields: Sequence[Field]) -> None:
        self.fields = tuple(fields)
        readers: list[_Reader] = []
        writers: list[_Writer] = []
        for fixed, neighbours in groupby(self.fields, lambda field: isinstance(field, Fixed)):
            group = list(neighbours)
            if fixed:
                codes = Struct("!" + "".join(f.code for f in group if isinstance(f, Fixed)))
                readers.append(_group_reader(group, codes))
                writers.append(_group_writer(group, codes))
            else:
                readers += map(_field_reader, group)
                writers += map(_field_writer, group)
        self._readers = tuple(readers)
        self._writers = tuple(writers)
        # What a subclass overrides is what it says.
        single = len(readers) == 1 and type(self)._read_all is Schema._read_all
        self.read: _Reader = readers[0] if single else self._read_all
        self.compiled: _Writer = writers[0] if single else self._write_all

    def _read_all(self, record: Any, data: bytes, at: int, end: int, memo: Memo) -> int:
        for read in self._readers:
            at = read(record, data, at, end, memo)
        return at

    def _write_all(self, record: Any, at: int, names: Names) -> bytes:
        wire = b""
        for write in self._writers:
            wire += write(record, at + len(wire), names)
        return wire

    def write(self, record: Any, at: int, names: Names) -> bytes:
        """The octets of a record's data, to be put at an offset of a message."""
        try:
            return self.compiled(record, at, names)
        except (StructError, TypeError, AttributeError) as error:
            raise ValueError(f"the data of {record!r} has no wire form: {error}") from error

    def show(self, record: Any, origin: bytes | None) -> str:
        """The text of a record's data; in RFC 3597's form if it has no other."""
        shown = [field.show(getattr(record, field.attribute), origin) for field in self.fields]
        mayLack = [field.optional for field in self.fields]
        if not any(shown) or not all(map(or_, map(bool, shown), mayLack)):
            return shownGeneric(self.write(record, 0, None))
        return " ".join(text for text in shown if text)

    def parse(self, record: Any, tokens: Tokens, origin: bytes) -> None:
        """
        Set the attributes of a record from the words of its data (or RFC 3597's generic form).

        @raise TextError: if the words are not that.
        """
        if tokens.peek() == "\\#":
            self._parse_generic(record, generic(tokens))
            return
        for field in self.fields:
            setattr(record, field.attribute, field.parse(tokens, origin))
        tokens.end()

    def _parse_generic(self, record: Any, data: bytes) -> None:
        try:
            end = self.read(record, data, 0, len(data), Memo())
        except DNSDecodeError as error:
            raise TextError(str(error)) from None
        if end != len(data):
            raise TextError("the data is longer than the record")


def shownGeneric(data: bytes) -> str:
    """Octets in the form of RFC 3597 §5."""
    return f"\\# {len(data)} {data.hex().upper()}".rstrip()


def generic(tokens: Tokens) -> bytes:
    """
    Octets in the form of RFC 3597 §5: ``\\# 4 0A000001``.

    @raise TextError: if the words are not that.
    """
    if tokens.next("\\#").text != "\\#":
        raise tokens.wrong("the data of an unknown type must begin with \\#")
    length = tokens.number("the length", 0xFFFF)
    try:
        data = bytes.fromhex("".join(token.text for token in tokens.rest()))
    except ValueError:
        raise tokens.wrong("that is no hexadecimal text") from None
    if len(data) != length:
        raise tokens.wrong(f"the data has {len(data)} octets, not {length}")
    return data
