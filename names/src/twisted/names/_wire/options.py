"""
What EDNS options hold: octets ⇄ values.

Cookies (RFC 7873), client subnet (RFC 7871), padding (RFC 7830), extended errors (RFC 8914),
keepalive (RFC 7828), name server identifiers (RFC 5001).
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import ClassVar, Self

from twisted.names._wire.errors import DNSDecodeError

__all__ = [
    "OPTIONS",
    "ClientSubnet",
    "Cookie",
    "EDNSOption",
    "ExtendedError",
    "Keepalive",
    "NameServerID",
    "Padding",
]


class EDNSOption:
    """
    The value of an option.

    @cvar CODE: the number of the option.
    """

    CODE: ClassVar[int]

    @classmethod
    def fromData(cls, data: bytes) -> Self:
        """
        The value that octets stand for.

        @raise DNSDecodeError: if there is none.
        """
        raise AssertionError(f"{cls} is only a base")

    def toData(self) -> bytes:
        """The octets of the value."""
        raise AssertionError(f"{type(self)} is only a base")


@dataclass(frozen=True)
class NameServerID(EDNSOption):
    """
    Which of several servers answers.

    @ivar identifier: any octets; none in questions.
    """

    identifier: bytes = b""
    CODE: ClassVar[int] = 3

    @classmethod
    def fromData(cls, data: bytes) -> Self:
        return cls(data)

    def toData(self) -> bytes:
        return self.identifier


@dataclass(frozen=True)
class ClientSubnet(EDNSOption):
    """
    From where a question came that a resolver passes on.

    @ivar address: the address, with zeros behind the bits that count.
    @ivar source: how many bits count in the question.
    @ivar scope: how many bits the answer is for; 0 in questions.
    """

    address: str
    source: int
    scope: int = 0
    CODE: ClassVar[int] = 8

    @classmethod
    def fromData(cls, data: bytes) -> Self:
        size = {b"\0\1": 4, b"\0\2": 16}.get(data[:2], 0)
        if len(data) < 4 or not size or max(data[2], data[3]) > size * 8:
            raise DNSDecodeError("an ill-formed client subnet")
        source, scope, packed = data[2], data[3], data[4:]
        spare = -source % 8
        if len(packed) != (source + 7) // 8 or (packed and packed[-1] & ((1 << spare) - 1)):
            raise DNSDecodeError("a client subnet with more bits than it says")
        return cls(str(ip_address(packed + bytes(size - len(packed)))), source, scope)

    def toData(self) -> bytes:
        address: IPv4Address | IPv6Address = ip_address(self.address)
        bits = address.max_prefixlen
        if not 0 <= self.source <= bits or not 0 <= self.scope <= bits:
            raise ValueError(f"no address of IPv{address.version} has so many bits")
        kept = int(address) >> (bits - self.source) << (bits - self.source)
        packed = kept.to_bytes(bits // 8, "big")[: (self.source + 7) // 8]
        return bytes((0, 1 if bits == 32 else 2, self.source, self.scope)) + packed


@dataclass(frozen=True)
class Cookie(EDNSOption):
    """
    What shows that an answer comes from who was asked, and a question from where it says.

    @ivar client: eight octets that the client chose.
    @ivar server: 8 to 32 octets that the server chose, or none.
    """

    client: bytes
    server: bytes = b""
    CODE: ClassVar[int] = 10

    @classmethod
    def fromData(cls, data: bytes) -> Self:
        if len(data) != 8 and not 16 <= len(data) <= 40:
            raise DNSDecodeError(f"a cookie of {len(data)} octets")
        return cls(data[:8], data[8:])

    def toData(self) -> bytes:
        if len(self.client) != 8 or (self.server and not 8 <= len(self.server) <= 32):
            raise ValueError("a cookie has 8 octets of the client, and 8 to 32 of the server")
        return self.client + self.server


@dataclass(frozen=True)
class Keepalive(EDNSOption):
    """
    How long a connection may be idle.

    @ivar timeout: tenths of seconds, or None in questions.
    """

    timeout: int | None = None
    CODE: ClassVar[int] = 11

    @classmethod
    def fromData(cls, data: bytes) -> Self:
        if len(data) not in (0, 2):
            raise DNSDecodeError(f"a timeout of {len(data)} octets")
        return cls(int.from_bytes(data, "big") if data else None)

    def toData(self) -> bytes:
        return b"" if self.timeout is None else self.timeout.to_bytes(2, "big")


@dataclass(frozen=True)
class Padding(EDNSOption):
    """
    What makes messages of different lengths look alike.

    @ivar length: how many octets.
    """

    length: int = 0
    CODE: ClassVar[int] = 12

    @classmethod
    def fromData(cls, data: bytes) -> Self:
        return cls(len(data))

    def toData(self) -> bytes:
        return bytes(self.length)


@dataclass(frozen=True)
class ExtendedError(EDNSOption):
    """
    Why there is an error.

    @ivar code: a number of IANA's registry, such as 6 for bogus data.
    @ivar text: more about it, for people.
    """

    code: int
    text: str = ""
    CODE: ClassVar[int] = 15

    @classmethod
    def fromData(cls, data: bytes) -> Self:
        if len(data) < 2:
            raise DNSDecodeError(f"an extended error of {len(data)} octets")
        return cls(int.from_bytes(data[:2], "big"), data[2:].decode("utf-8", "replace"))

    def toData(self) -> bytes:
        return self.code.to_bytes(2, "big") + self.text.encode()


#: The class of the value of each option.
OPTIONS: dict[int, type[EDNSOption]] = {
    kind.CODE: kind
    for kind in (NameServerID, ClientSubnet, Cookie, Keepalive, Padding, ExtendedError)
}
