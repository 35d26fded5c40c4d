"""From what is written in a zone file to records."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from twisted.names._dns.constants import OPT, SOA
from twisted.names._dns.record import Record, recordClass
from twisted.names._wire.fields import DomainName
from twisted.names._wire.mnemonics import type_number
from twisted.names._wire.tokens import TextError, Token, Tokens
from twisted.names._zones._errors import UnknownRecordType, ZoneFileError
from twisted.names._zones._fields import Field
from twisted.names._zones._values import fieldText

__all__ = ["dotted", "makeRecord", "typeNumber", "withMailbox", "zoneRecordClass"]

_QUESTIONS_ONLY = range(249, 256)
_FIELDS_OF_SOA = 7


def typeNumber(kind: Field, file: str | None = None) -> int:
    """
    The number of a type.

    @raise UnknownRecordType: if there is none of that name that a zone can hold.
    """
    name = fieldText(kind).upper()
    try:
        number = type_number(name)
    except ValueError:
        number = 0
    if not number or number == OPT or number in _QUESTIONS_ONLY:
        message = f"Record type {name!r} not supported"
        raise UnknownRecordType(message, kind.line, kind.column, file)
    return number


def makeRecord(
    kind: Field, data: Sequence[Field], origin: bytes, ttl: int | None, file: str | None = None
) -> Record:
    """
    Make a record.

    @param kind: the name of its type.
    @param data: the fields of its data.
    @param origin: what relative names end in.
    @raise ZoneFileError: the type is not known, or the data is wrong.
    """
    number = typeNumber(kind, file)
    # The columns are the numbers of the fields, from 1; 0 stands for none of them.
    words = [Token(fieldText(field), field.quoted, place) for place, field in enumerate(data, 1)]
    try:
        record = zoneRecordClass(number).fromTokens(Tokens(words), origin, ttl)
        record.toWire()
    except ValueError as error:
        place = error.column if isinstance(error, TextError) else 0
        where = data[min(place, len(data)) - 1] if place and data else kind
        raise ZoneFileError(str(error), where.line, where.column, file) from error
    return record


@lru_cache(maxsize=1024)
def zoneRecordClass(number: int) -> type[Record]:
    """The class of the records of a type; one of its own for each that only has a number."""
    known = recordClass(number)
    return known if number == known.TYPE else type("UnknownRecord", (known,), {"TYPE": number})


def dotted(number: int, data: Sequence[Field], origin: bytes) -> list[Field]:
    """
    Take names in data that end in the origin for absolute ones, though they lack the final dot.

    Nobody means C{www.example.com.example.com}; zone files written for the published release, which
    took all names in data for absolute, need it.
    """
    if not any(isinstance(field, DomainName) for field in recordClass(number).fields):
        return list(data)
    origin = origin.lower()
    return [
        Field.at(field + b".", field.line, field.column)
        if origin and not field.quoted and _endsIn(field.lower(), origin)
        else field
        for field in data
    ]


def _endsIn(name: bytes, origin: bytes) -> bool:
    return name == origin or name.endswith(b"." + origin)


def withMailbox(number: int, data: Sequence[Field]) -> list[Field]:
    """Put the usual mailbox into a SOA without one, which the published release let pass."""
    if number == SOA and len(data) == _FIELDS_OF_SOA - 1 and data[1].isdigit():
        mailbox = Field.at(b"hostmaster", data[1].line, data[1].column)
        return [data[0], mailbox, *data[1:]]
    return list(data)
