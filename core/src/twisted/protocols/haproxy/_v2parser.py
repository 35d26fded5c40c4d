"""The header of version 2: binary."""

from __future__ import annotations

import struct
from socket import AF_INET6, inet_ntop
from typing import Any, ClassVar

from zope.interface import implementer

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.protocols.haproxy._exceptions import (
    InvalidNetworkProtocol,
    InvalidProxyHeader,
    MissingAddressData,
)
from twisted.protocols.haproxy._info import ProxyInfo
from twisted.protocols.haproxy._interfaces import IProxyParser

__all__ = ["V2Parser"]

_UNSPECIFIED, _INET, _INET6, _UNIX = 0x00, 0x10, 0x20, 0x30
_STREAM, _DATAGRAM = 0x01, 0x02
_TRANSPORTS = {_STREAM: "TCP", _DATAGRAM: "UDP"}


@implementer(IProxyParser)
class V2Parser:
    """Finds a binary header; what may follow the addresses in it (TLVs) is skipped."""

    PREFIX = b"\r\n\r\n\x00\r\nQUIT\n"
    VERSIONS: ClassVar[list[int]] = [0x20]
    COMMANDS: ClassVar[dict[int, str]] = {0: "LOCAL", 1: "PROXY"}
    ADDRESSFORMATS: ClassVar[dict[int, str]] = {
        _INET | _STREAM: "!4s4s2H",
        _INET | _DATAGRAM: "!4s4s2H",
        _INET6 | _STREAM: "!16s16s2H",
        _INET6 | _DATAGRAM: "!16s16s2H",
        _UNIX | _STREAM: "!108s108s",
        _UNIX | _DATAGRAM: "!108s108s",
    }

    def __init__(self) -> None:
        self.buffer = b""

    def feed(self, data: bytes) -> tuple[ProxyInfo, bytes] | tuple[None, None]:
        """
        Take octets.

        @return: the `ProxyInfo`, once it is known, and the octets after the header.
        @raise InvalidProxyHeader: there is no header.
        """
        self.buffer += data
        if len(self.buffer) < 16:
            if not self.PREFIX.startswith(self.buffer[:12]):
                raise InvalidProxyHeader("the header does not begin as it should")
            return None, None
        size = 16 + int.from_bytes(self.buffer[14:16], "big")
        if len(self.buffer) < size:
            # What is wrong with the beginning need not wait for the end.
            self._checked(self.buffer)
            return None, None
        header, rest = self.buffer[:size], self.buffer[size:]
        self.buffer = b""
        return self.parse(header), rest

    @classmethod
    def _checked(cls, header: bytes) -> tuple[int, int]:
        """The command, and the kind of addresses."""
        if header[:12] != cls.PREFIX:
            raise InvalidProxyHeader("the header does not begin as it should")
        version, command = header[12] & 0xF0, header[12] & 0x0F
        if version not in cls.VERSIONS or command not in cls.COMMANDS:
            raise InvalidProxyHeader(f"version and command {header[12]:#x} are not known")
        return command, header[13]

    @classmethod
    def parse(cls, line: bytes) -> ProxyInfo:
        """
        The `ProxyInfo` of a whole header.

        @raise InvalidProxyHeader: it makes no sense.
        """
        if len(line) < 16:
            raise InvalidProxyHeader("the header is too short")
        command, kind = cls._checked(line)
        family, transport = kind & 0xF0, kind & 0x0F
        if cls.COMMANDS[command] == "LOCAL":
            # The load balancer speaks for itself.
            return ProxyInfo(line, None, None)
        if family > _UNIX or transport > _DATAGRAM:
            raise InvalidNetworkProtocol(f"the network protocol {kind:#x} is not known")
        if family == _UNSPECIFIED or transport not in _TRANSPORTS:
            return ProxyInfo(line, None, None)
        layout = struct.Struct(cls.ADDRESSFORMATS[kind])
        addresses = line[16 : 16 + layout.size]
        if len(addresses) < layout.size:
            raise MissingAddressData("there are no two addresses")
        parts = layout.unpack(addresses)
        if family == _UNIX:
            source, destination = (UNIXAddress(part.rstrip(b"\0")) for part in parts)
            return ProxyInfo(line, source, destination)
        make: Any = _ipv4 if family == _INET else _ipv6
        name = _TRANSPORTS[transport]
        return ProxyInfo(line, make(name, parts[0], parts[2]), make(name, parts[1], parts[3]))


def _ipv4(transport: Any, octets: bytes, port: int) -> IPv4Address:
    return IPv4Address(transport, ".".join(map(str, octets)), port)


def _ipv6(transport: Any, octets: bytes, port: int) -> IPv6Address:
    return IPv6Address(transport, inet_ntop(AF_INET6, octets), port)
