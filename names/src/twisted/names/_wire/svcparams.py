"""Parameters of SVCB and HTTPS records: octets ⇄ a dictionary ⇄ text (RFC 9460 §2)."""

from __future__ import annotations

import base64
import binascii
import re
import struct
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address

from twisted.names._wire.errors import DNSDecodeError, EndOfData
from twisted.names._wire.fields import Field
from twisted.names._wire.names import Memo
from twisted.names._wire.tokens import TextError, Tokens, octets, quoted

__all__ = ["ALPN", "KEYS", "PORT", "SvcParams"]

MANDATORY, ALPN, NO_DEFAULT_ALPN, PORT, IPV4HINT, ECH, IPV6HINT, DOHPATH, OHTTP = range(9)

#: What keys are called in text.
KEYS = {
    MANDATORY: "mandatory",
    ALPN: "alpn",
    NO_DEFAULT_ALPN: "no-default-alpn",
    PORT: "port",
    IPV4HINT: "ipv4hint",
    ECH: "ech",
    IPV6HINT: "ipv6hint",
    DOHPATH: "dohpath",
    OHTTP: "ohttp",
}
_NO_KEY = 65535
_NUMBERS = {name: number for number, name in KEYS.items()}
_ITEM = re.compile(rb"(?:[^\\,]|\\.)+", re.DOTALL)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)


def _key_name(key: int) -> str:
    return KEYS.get(key) or f"key{key}"


def _key_number(name: str) -> int:
    """
    The number of a key.

    @raise ValueError: if it has none.
    """
    if (known := _NUMBERS.get(name)) is not None:
        return known
    digits = name.removeprefix("key")
    if digits == name or not re.fullmatch("0|[1-9][0-9]{0,4}", digits) or int(digits) >= _NO_KEY:
        raise ValueError(f"{name!r} is no parameter of services")
    return int(digits)


def _addresses(value: bytes, size: int) -> Iterator[str]:
    for at in range(0, len(value), size):
        packed = value[at : at + size]
        yield str(IPv4Address(packed) if size == 4 else IPv6Address(packed))


def _alpns(value: bytes) -> Iterator[bytes]:
    """The protocols of a list of texts, each behind its length."""
    at = 0
    while at < len(value):
        yield value[at + 1 : at + 1 + value[at]]
        at += 1 + value[at]


def _are_keys(keys: list[int]) -> bool:
    """Are they keys in their order, each there once?"""
    return keys == sorted(set(keys)) and keys[-1] < _NO_KEY


def _well_formed(key: int, value: bytes) -> bool:
    """Is a value what its key says?"""
    if key in (NO_DEFAULT_ALPN, OHTTP):
        return not value
    if key == PORT:
        return len(value) == 2
    if key == MANDATORY:
        keys = [int.from_bytes(value[at : at + 2], "big") for at in range(0, len(value), 2)]
        return bool(keys) and len(value) % 2 == 0 and _are_keys(keys)
    if key in (IPV4HINT, IPV6HINT):
        return bool(value) and len(value) % (4 if key == IPV4HINT else 16) == 0
    if key == ALPN:
        items = list(_alpns(value))
        written = b"".join(bytes((len(item),)) + item for item in items)
        return bool(items) and all(items) and written == value
    return True


def _shown(key: int, value: bytes) -> str:
    """The text of a value, or nothing if the key says all."""
    if key == MANDATORY:
        keys = struct.unpack(f"!{len(value) // 2}H", value)
        return ",".join(map(_key_name, keys))
    if key == ALPN:
        items = [i.replace(b"\\", b"\\\\").replace(b",", b"\\,") for i in _alpns(value)]
        return quoted(b",".join(items))
    if key == PORT:
        return str(int.from_bytes(value, "big"))
    if key in (IPV4HINT, IPV6HINT):
        return ",".join(_addresses(value, 4 if key == IPV4HINT else 16))
    if key == ECH:
        return base64.b64encode(value).decode()
    return quoted(value) if value else ""


def _parsed(key: int, text: str) -> bytes:
    """
    The value that a text stands for.

    @raise ValueError: if it is none.
    """
    value = octets(text)
    if key == MANDATORY:
        numbers = sorted(map(_key_number, value.decode("ascii").split(",")))
        return struct.pack(f"!{len(numbers)}H", *numbers)
    if key == ALPN:
        items = [_ESCAPED.sub(rb"\1", item) for item in _ITEM.findall(value)]
        return b"".join(bytes((len(item),)) + item for item in items)
    if key == PORT:
        return struct.pack("!H", int(value))
    if key in (IPV4HINT, IPV6HINT):
        kind = IPv4Address if key == IPV4HINT else IPv6Address
        return b"".join(kind(address).packed for address in value.decode("ascii").split(","))
    if key == ECH:
        return base64.b64decode(value, validate=True)
    return value


class SvcParams(Field):
    """All that is left of the data: a dictionary from numbers of keys to octets."""

    optional = True

    def read(self, data: bytes, at: int, end: int, memo: Memo) -> tuple[dict[int, bytes], int]:
        params: dict[int, bytes] = {}
        last = -1
        while at < end:
            if at + 4 > end:
                raise EndOfData(f"the record's data ends within the parameter at octet {at}")
            key, length = struct.unpack_from("!HH", data, at)
            begin, at = at + 4, at + 4 + length
            if at > end:
                raise EndOfData(f"the record's data ends within the value at octet {begin}")
            if not last < key < _NO_KEY or not _well_formed(key, data[begin:at]):
                raise DNSDecodeError(f"an ill-formed parameter {_key_name(key)}")
            params[key] = data[begin:at]
            last = key
        return params, at

    def write(self, value: dict[int, bytes], at: int, names: dict[bytes, int] | None) -> bytes:
        return b"".join(
            struct.pack("!HH", key, len(octets)) + octets for key, octets in sorted(value.items())
        )

    def show(self, value: dict[int, bytes], origin: bytes | None) -> str:
        shown = [(_key_name(key), _shown(key, octets)) for key, octets in sorted(value.items())]
        return " ".join(f"{key}={text}" if text else key for key, text in shown)

    def parse(self, tokens: Tokens, origin: bytes) -> dict[int, bytes]:
        params: dict[int, bytes] = {}
        while len(tokens):
            name, _, text = tokens.next("a parameter").text.partition("=")
            try:
                key = _key_number(name.lower())
                value = _parsed(key, text)
            except TextError:
                raise
            except (ValueError, struct.error, binascii.Error) as error:
                raise tokens.wrong(f"the parameter {name}: {error}") from None
            if key in params or not _well_formed(key, value):
                raise tokens.wrong(f"the parameter {name} is ill-formed or there twice")
            params[key] = value
        return params
