"""
The kinds of fields that record data is made of.

A field knows the attribute of the record that holds it, its octets and its text.  Integers and
addresses have a fixed size, given by a code of `struct`; others read and write themselves.
"""

from __future__ import annotations

import base64
import binascii
import calendar
import re
import struct
import time
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from twisted.names._wire.errors import DNSDecodeError, EndOfData
from twisted.names._wire.mnemonics import type_name, type_number
from twisted.names._wire.names import Memo, read_name, write_name
from twisted.names._wire.tokens import TextError, Tokens, octets, quoted, relative

__all__ = [
    "Algorithm",
    "Base32Hash",
    "CharStr",
    "CharStrs",
    "DomainName",
    "Field",
    "Fixed",
    "HexString",
    "IPv4",
    "IPv6",
    "Opaque",
    "Rest",
    "RestText",
    "Seconds",
    "Stamp",
    "TypeBitmap",
    "TypeCode",
    "U8",
    "U16",
    "U32",
    "seconds",
]


class Field:
    """
    One field of record data.

    @ivar attribute: the attribute of the record that holds the value.
    @cvar optional: whether its text may be empty.
    """

    optional = False

    def __init__(self, attribute: str) -> None:
        self.attribute = attribute

    def read(self, data: bytes, at: int, end: int, memo: Memo) -> tuple[Any, int]:
        """
        Read the value at an offset of a message: it, and the offset behind it.

        @param end: where the data of the record ends.
        @raise DNSDecodeError: if there is none.
        """
        raise AssertionError(f"fields of size {type(self)} are read as a group")

    def write(self, value: Any, at: int, names: dict[bytes, int] | None) -> bytes:
        """The octets of a value, to be put at an offset of a message."""
        raise AssertionError(f"fields of size {type(self)} are written as a group")

    def show(self, value: Any, origin: bytes | None) -> str:
        """The text of a value."""
        return str(value)

    def parse(self, tokens: Tokens, origin: bytes) -> Any:
        """
        The value that the next words stand for.

        @raise TextError: if they stand for none.
        """
        raise AssertionError(f"{type(self)} has no text form")


class Fixed(Field):
    """
    A field of fixed size.

    @cvar code: how `struct` packs it.
    """

    code: str


class _Integer(Fixed):
    """A number without a sign."""

    most: int

    def parse(self, tokens: Tokens, origin: bytes) -> int:
        return tokens.number(self.attribute, self.most)


class U8(_Integer):
    """A number of one octet."""

    code = "B"
    most = 0xFF


class U16(_Integer):
    """A number of two octets."""

    code = "H"
    most = 0xFFFF


_ALGORITHMS = {
    "RSAMD5": 1,
    "DH": 2,
    "DSA": 3,
    "RSASHA1": 5,
    "DSA-NSEC3-SHA1": 6,
    "RSASHA1-NSEC3-SHA1": 7,
    "RSASHA256": 8,
    "RSASHA512": 10,
    "ECC-GOST": 12,
    "ECDSAP256SHA256": 13,
    "ECDSAP384SHA384": 14,
    "ED25519": 15,
    "ED448": 16,
    "INDIRECT": 252,
    "PRIVATEDNS": 253,
    "PRIVATEOID": 254,
}


class Algorithm(U8):
    """The algorithm of a key, which text may give by name (RFC 4034, appendix A.1)."""

    def parse(self, tokens: Tokens, origin: bytes) -> int:
        known = _ALGORITHMS.get(tokens.peek().upper())
        if known is None:
            return super().parse(tokens, origin)
        tokens.next(self.attribute)
        return known


class U32(_Integer):
    """A number of four octets."""

    code = "L"
    most = 0xFFFFFFFF


_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_SPAN = re.compile(r"(?:\d{1,10}[smhdw])+", re.IGNORECASE | re.ASCII)


def seconds(text: str) -> int:
    """
    A time span: a number of seconds, or numbers with units as in ``1h30m`` (BIND's way).

    @raise ValueError: if the text is none, or over 2^31-1.
    """
    if text.isascii() and text.isdigit() and len(text) <= 10:
        span = int(text)
    elif _SPAN.fullmatch(text):
        parts = re.findall(r"(\d+)(\D)", text.lower())
        span = sum(int(count) * _UNITS[unit] for count, unit in parts)
    else:
        raise ValueError(f"{text!r} is no time span")
    if span > 0xFFFFFFFF:
        raise ValueError(f"{text} is too long a time span")
    return span


class Seconds(U32):
    """A time span of four octets."""

    def parse(self, tokens: Tokens, origin: bytes) -> int:
        try:
            return seconds(tokens.next(self.attribute).text)
        except ValueError as error:
            raise tokens.wrong(str(error)) from None


class Stamp(U32):
    """A time as seconds since 1970, modulo 2^32, shown as year to second (RFC 4034 §3.2)."""

    def show(self, value: int, origin: bytes | None) -> str:
        return time.strftime("%Y%m%d%H%M%S", time.gmtime(value))

    def parse(self, tokens: Tokens, origin: bytes) -> int:
        text = tokens.next(self.attribute).text
        if len(text) != 14:
            if text.isascii() and text.isdigit() and int(text) <= self.most:
                return int(text)
            raise tokens.wrong(f"{self.attribute} must be YYYYMMDDHHMMSS, not {text!r}")
        try:
            return calendar.timegm(time.strptime(text, "%Y%m%d%H%M%S")) & self.most
        except ValueError:
            raise tokens.wrong(f"{text!r} is no time") from None


class TypeCode(U16):
    """The type of a record, shown by its mnemonic."""

    def show(self, value: int, origin: bytes | None) -> str:
        return type_name(value)

    def parse(self, tokens: Tokens, origin: bytes) -> int:
        try:
            return type_number(tokens.next(self.attribute).text)
        except ValueError as error:
            raise tokens.wrong(str(error)) from None


class _Address(Fixed):
    """An IP address, as its octets."""

    kind: Callable[[Any], IPv4Address | IPv6Address]

    def show(self, value: bytes, origin: bytes | None) -> str:
        return str(type(self).kind(value))

    def parse(self, tokens: Tokens, origin: bytes) -> bytes:
        text = tokens.next(self.attribute).text
        try:
            return type(self).kind(text).packed
        except ValueError:
            raise tokens.wrong(f"{text!r} is no address") from None


class IPv4(_Address):
    """An IPv4 address, as four octets."""

    code = "4s"
    kind = IPv4Address


class IPv6(_Address):
    """An IPv6 address, as sixteen octets."""

    code = "16s"
    kind = IPv6Address


class DomainName(Field):
    """
    A domain name: an object with the text as its attribute ``name``.

    @ivar wrap: makes such an object from the text.
    @ivar compress: whether the name is compressed (only in types of RFC 1035: RFC 3597 §4).
    """

    def __init__(
        self, attribute: str, wrap: Callable[[bytes], Any], compress: bool = False
    ) -> None:
        super().__init__(attribute)
        self.wrap = wrap
        self.compress = compress

    def read(self, data: bytes, at: int, end: int, memo: Memo) -> tuple[Any, int]:
        text, at = read_name(data, at, memo)
        if at > end:
            raise EndOfData(f"the record's data ends at octet {end}, within a name")
        return self.wrap(text), at

    def write(self, value: Any, at: int, names: dict[bytes, int] | None) -> bytes:
        return write_name(value.name, at, names if self.compress else None)

    def show(self, value: Any, origin: bytes | None) -> str:
        return relative(value.name, origin)

    def parse(self, tokens: Tokens, origin: bytes) -> Any:
        return self.wrap(tokens.name(self.attribute, origin))


def _counted(data: bytes, at: int, end: int, size: int) -> tuple[bytes, int]:
    """What follows a length of `size` octets, and the offset behind it."""
    begin = at + size
    stop = begin + int.from_bytes(data[at:begin], "big")
    if begin > end or stop > end:
        raise EndOfData(f"the record's data ends within the text at octet {at}")
    return data[begin:stop], stop


def _with_count(value: bytes, size: int) -> bytes:
    """A text behind its length."""
    if len(value) >= 1 << 8 * size:
        raise ValueError(f"a text of {len(value)} octets is too long")
    return len(value).to_bytes(size, "big") + value


def _text_octets(tokens: Tokens, what: str, most: int) -> bytes:
    """The octets of the next word."""
    try:
        data = octets(tokens.next(what).text)
    except TextError:
        raise
    except ValueError as error:
        raise tokens.wrong(str(error)) from None
    if len(data) > most:
        raise tokens.wrong(f"{what} has over {most} octets")
    return data


class CharStr(Field):
    """
    A text of up to 255 octets, behind its length.

    @ivar wrap: makes what the record holds from the octets; None for the octets themselves.
    """

    def __init__(self, attribute: str, wrap: Callable[[bytes], Any] | None = None) -> None:
        super().__init__(attribute)
        self.wrap = wrap

    def read(self, data: bytes, at: int, end: int, memo: Memo) -> tuple[Any, int]:
        value, at = _counted(data, at, end, 1)
        return (value if self.wrap is None else self.wrap(value)), at

    def write(self, value: Any, at: int, names: dict[bytes, int] | None) -> bytes:
        return _with_count(value if self.wrap is None else value.string, 1)

    def show(self, value: Any, origin: bytes | None) -> str:
        return quoted(value if self.wrap is None else value.string)

    def parse(self, tokens: Tokens, origin: bytes) -> Any:
        value = _text_octets(tokens, self.attribute, 255)
        return value if self.wrap is None else self.wrap(value)


class CharStrs(Field):
    """All that is left of the data: texts of up to 255 octets, each behind its length."""

    def read(self, data: bytes, at: int, end: int, memo: Memo) -> tuple[list[bytes], int]:
        values = []
        while at < end:
            value, at = _counted(data, at, end, 1)
            values.append(value)
        return values, at

    def write(self, value: list[bytes], at: int, names: dict[bytes, int] | None) -> bytes:
        return b"".join([_with_count(text, 1) for text in value])

    def show(self, value: list[bytes], origin: bytes | None) -> str:
        return " ".join(map(quoted, value))

    def parse(self, tokens: Tokens, origin: bytes) -> list[bytes]:
        values = [_text_octets(tokens, self.attribute, 255)]
        while len(tokens):
            values.append(_text_octets(tokens, self.attribute, 255))
        return values


def _unhex(tokens: Tokens, text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise tokens.wrong("that is no hexadecimal text") from None


def _unbase64(tokens: Tokens, text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise tokens.wrong("that is no base64 text") from None


class Rest(Field):
    """
    All that is left of the data, as octets.

    @ivar base64: whether its text is base64, instead of hexadecimal.
    """

    def __init__(self, attribute: str, base64: bool = False) -> None:
        super().__init__(attribute)
        self.base64 = base64

    def read(self, data: bytes, at: int, end: int, memo: Memo) -> tuple[bytes, int]:
        return data[at:end], end

    def write(self, value: bytes | None, at: int, names: dict[bytes, int] | None) -> bytes:
        return value or b""

    def show(self, value: bytes, origin: bytes | None) -> str:
        if self.base64:
            return base64.b64encode(value).decode()
        return value.hex().upper() or "-"

    def parse(self, tokens: Tokens, origin: bytes) -> bytes:
        text = tokens.joined(self.attribute)
        if self.base64:
            return _unbase64(tokens, text)
        return b"" if text == "-" else _unhex(tokens, text)


class RestText(Rest):
    """All that is left of the data, shown as one quoted text."""

    def show(self, value: bytes, origin: bytes | None) -> str:
        return quoted(value)

    def parse(self, tokens: Tokens, origin: bytes) -> bytes:
        return _text_octets(tokens, self.attribute, 0xFFFF)


class Opaque(Field):
    """Octets behind their length of two octets, shown as base64."""

    def read(self, data: bytes, at: int, end: int, memo: Memo) -> tuple[bytes, int]:
        return _counted(data, at, end, 2)

    def write(self, value: bytes, at: int, names: dict[bytes, int] | None) -> bytes:
        return _with_count(value, 2)

    def show(self, value: bytes, origin: bytes | None) -> str:
        return f"{len(value)} {base64.b64encode(value).decode()}".rstrip()

    def parse(self, tokens: Tokens, origin: bytes) -> bytes:
        length = tokens.number(self.attribute, 0xFFFF)
        value = _unbase64(tokens, tokens.next(self.attribute).text) if length else b""
        if len(value) != length:
            raise tokens.wrong(f"{self.attribute} has {len(value)} octets, not {length}")
        return value


class HexString(CharStr):
    """Octets behind their length, shown in hexadecimal; ``-`` for none (RFC 5155 §3.3)."""

    def show(self, value: bytes, origin: bytes | None) -> str:
        return value.hex().upper() or "-"

    def parse(self, tokens: Tokens, origin: bytes) -> bytes:
        text = tokens.next(self.attribute).text
        return b"" if text == "-" else _unhex(tokens, text)


class Base32Hash(CharStr):
    """Octets behind their length, shown in base 32 with extended hex alphabet (RFC 5155 §3.3)."""

    def show(self, value: bytes, origin: bytes | None) -> str:
        return base64.b32hexencode(value).decode().rstrip("=")

    def parse(self, tokens: Tokens, origin: bytes) -> bytes:
        text = tokens.next(self.attribute).text.upper()
        try:
            return base64.b32hexdecode(text + "=" * (-len(text) % 8))
        except (binascii.Error, ValueError):
            raise tokens.wrong(f"{text!r} is no base32 text") from None


class TypeBitmap(Field):
    """All that is left of the data: a set of types, as a sorted list (RFC 4034 §4.1.2)."""

    optional = True

    def read(self, data: bytes, at: int, end: int, memo: Memo) -> tuple[list[int], int]:
        types: list[int] = []
        last = -1
        while at < end:
            if end - at < 2:
                raise EndOfData(f"the record's data ends within the types at octet {at}")
            window, length = data[at], data[at + 1]
            at += 2
            if not 1 <= length <= 32 or at + length > end or window <= last:
                raise DNSDecodeError(f"ill-formed types at octet {at - 2}")
            last = window
            types += [
                window << 8 | index << 3 | bit
                for index, octet in enumerate(data[at : at + length])
                if octet
                for bit in range(8)
                if octet & 0x80 >> bit
            ]
            at += length
        return types, at

    def write(self, value: list[int], at: int, names: dict[bytes, int] | None) -> bytes:
        windows: dict[int, bytearray] = {}
        for number in sorted(set(value)):
            octets = windows.setdefault(number >> 8, bytearray())
            index = number >> 3 & 0x1F
            octets.extend(bytes(index + 1 - len(octets)))
            octets[index] |= 0x80 >> (number & 7)
        return b"".join(struct.pack("BB", w, len(bits)) + bits for w, bits in windows.items())

    def show(self, value: list[int], origin: bytes | None) -> str:
        return " ".join(map(type_name, value))

    def parse(self, tokens: Tokens, origin: bytes) -> list[int]:
        types = []
        while len(tokens):
            try:
                types.append(type_number(tokens.next(self.attribute).text))
            except TextError:
                raise
            except ValueError as error:
                raise tokens.wrong(str(error)) from None
        return sorted(set(types))
