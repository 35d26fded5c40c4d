"""The directive ``$GENERATE`` of BIND: many records of one pattern (BIND 9 ARM, "Zone File")."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from twisted.names._zones._fields import Field
from twisted.names._zones._values import fieldText

__all__ = ["MOST_GENERATED", "generate"]

#: How many records one directive may stand for.
MOST_GENERATED = 65_536

_RANGE = re.compile(rb"(\d{1,10})-(\d{1,10})(?:/(\d{1,10}))?")
_PLACE = re.compile(
    rb"\\\$|\$\$|\$(?:\{(?P<offset>[-+]?\d{1,10})(?:,(?P<width>\d{1,3})(?:,(?P<base>[doxXnN]))?)?\})?"
)
_FORMATS = {"d": "d", "o": "o", "x": "x", "X": "X"}


def generate(span: bytes, pattern: Sequence[Field]) -> Iterator[list[Field]]:
    """
    Give the fields of each record.

    @param span: the numbers to go through, as ``first-last`` or ``first-last/step``.
    @param pattern: the fields, in which ``$`` stands for the number.
    @raise ValueError: the span is none, or has more than `MOST_GENERATED` numbers, or what a ``$``
        stands for is less than nothing.
    """
    found = _RANGE.fullmatch(span)
    if found is None:
        raise ValueError(f"{fieldText(span)!r} is no range such as 1-254 or 0-255/2")
    first, last, step = (int(part) for part in found.groups(b"1"))
    if not step or last < first:
        raise ValueError(f"the range {fieldText(span)!r} leads nowhere")
    numbers = range(first, last + 1, step)
    if len(numbers) > MOST_GENERATED:
        raise ValueError(f"the range {fieldText(span)!r} has more than {MOST_GENERATED} numbers")
    for number in numbers:
        yield [_filled(field, number) for field in pattern]


def _filled(field: Field, number: int) -> Field:
    """Put a number into a field."""

    def put(found: re.Match[bytes]) -> bytes:
        if found[0] in (rb"\$", b"$$"):
            return b"$"
        value = number + int(found["offset"] or 0)
        if value < 0:
            raise ValueError(f"{found[0].decode()} stands for {value}, which is less than nothing")
        return _written(value, int(found["width"] or 0), (found["base"] or b"d").decode())

    return Field.at(_PLACE.sub(put, field), field.line, field.column, field.quoted)


def _written(value: int, width: int, base: str) -> bytes:
    """Write a number, in so many characters at least."""
    if base in _FORMATS:
        return format(value, f"0{width}{_FORMATS[base]}" if width else _FORMATS[base]).encode()
    # The nibbles of an address, the lowest first, with dots between them (RFC 3596 §2.5).
    digits = format(value, "0{}{}".format((width + 1) // 2, "x" if base == "n" else "X"))
    return ".".join(reversed(digits)).encode()
