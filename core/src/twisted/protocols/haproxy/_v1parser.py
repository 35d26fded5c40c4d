"""The header of version 1: a line of text."""

from __future__ import annotations

import re

from zope.interface import implementer

from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.protocols.haproxy._exceptions import (
    InvalidNetworkProtocol,
    InvalidProxyHeader,
    MissingAddressData,
)
from twisted.protocols.haproxy._info import ProxyInfo
from twisted.protocols.haproxy._interfaces import IProxyParser

__all__ = ["V1Parser"]

#: The longest line, its end included, in octets.
_LONGEST = 107

_NUMBER = re.compile(rb"0|[1-9][0-9]{0,4}")


@implementer(IProxyParser)
class V1Parser:
    """Finds a line such as ``PROXY TCP4 192.0.2.1 198.51.100.1 56324 443``."""

    PROXYSTR = b"PROXY"
    UNKNOWN_PROTO = b"UNKNOWN"
    TCP4_PROTO = b"TCP4"
    TCP6_PROTO = b"TCP6"
    ALLOWED_NET_PROTOS = (TCP4_PROTO, TCP6_PROTO, UNKNOWN_PROTO)
    NEWLINE = b"\r\n"

    def __init__(self) -> None:
        self.buffer = b""

    def feed(self, data: bytes) -> tuple[ProxyInfo, bytes] | tuple[None, None]:
        """
        Take octets.

        @return: the `ProxyInfo`, once it is known, and the octets after the header.
        @raise InvalidProxyHeader: there is no header.
        """
        self.buffer += data
        line, end, rest = self.buffer.partition(self.NEWLINE)
        if not end:
            if len(self.buffer) >= _LONGEST:
                raise InvalidProxyHeader("the line is too long")
            return None, None
        if len(line) + len(end) > _LONGEST:
            raise InvalidProxyHeader("the line is too long")
        self.buffer = b""
        return self.parse(line), rest

    @classmethod
    def parse(cls, line: bytes) -> ProxyInfo:
        """
        The `ProxyInfo` of a line, without its end.

        @raise InvalidProxyHeader: it makes no sense.
        """
        word, space, rest = line.partition(b" ")
        if word != cls.PROXYSTR or not space:
            raise InvalidProxyHeader("the line does not begin with PROXY")
        family, *addresses = rest.split(b" ")
        if family not in cls.ALLOWED_NET_PROTOS:
            raise InvalidNetworkProtocol(f"the network protocol {family!r} is not known")
        if family == cls.UNKNOWN_PROTO:
            # What follows is to be ignored.
            return ProxyInfo(line, None, None)
        if len(addresses) < 4:
            raise MissingAddressData("there are no two addresses and two ports")
        if len(addresses) > 4:
            raise InvalidProxyHeader("there is more than two addresses and two ports")
        source, destination, sourcePort, destinationPort = addresses
        six = family == cls.TCP6_PROTO
        return ProxyInfo(
            line, _address(source, sourcePort, six), _address(destination, destinationPort, six)
        )


def _address(host: bytes, port: bytes, six: bool) -> IPv4Address | IPv6Address:
    text = host.decode("ascii", "replace")
    if not (isIPv6Address(text) if six else isIPAddress(text)) or "%" in text:
        raise InvalidProxyHeader(f"{host!r} is not an address")
    if not _NUMBER.fullmatch(port) or int(port) > 65535:
        raise InvalidProxyHeader(f"{port!r} is not the number of a port")
    return (IPv6Address if six else IPv4Address)("TCP", text, int(port))
