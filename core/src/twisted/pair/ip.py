"""Packets of IPv4 (RFC 791)."""

from __future__ import annotations

import struct
from socket import inet_ntoa
from typing import Any

from zope.interface import implementer

from twisted.internet.protocol import AbstractDatagramProtocol
from twisted.pair import raw

__all__ = ["MAX_SIZE", "IPHeader", "IPProtocol"]

MAX_SIZE = 2**32

_HEADER = struct.Struct("!BBHHHBBH4s4s")


class IPHeader:
    """
    The header of a packet.

    @ivar version: 4.
    @ivar ihl: how long it is, in octets.
    @ivar tot_len: how long the packet is, in octets.
    @ivar fragment_offset: the place of the fragment, in units of 8 octets.
    @ivar saddr: the address that the packet comes from, with dots.
    @ivar daddr: the one that it goes to.
    """

    def __init__(self, data: bytes) -> None:
        """
        @param data: the packet.
        @raise struct.error: if it is too short.
        """
        (
            first,
            self.tos,
            self.tot_len,
            self.fragment_id,
            fragment,
            self.ttl,
            self.protocol,
            self.check,
            source,
            dest,
        ) = _HEADER.unpack(data[: _HEADER.size])
        version, words = first >> 4, first & 15
        if version != 4 and words == 4:
            # Some programs write the halves of the first octet the other way round.
            version, words = words, version
        self.version, self.ihl = version, words * 4
        self.dont_fragment = fragment >> 14 & 1
        self.more_fragments = fragment >> 13 & 1
        self.fragment_offset = fragment & 0x1FFF
        self.saddr, self.daddr = inet_ntoa(source), inet_ntoa(dest)


@implementer(raw.IRawPacketProtocol)
class IPProtocol(AbstractDatagramProtocol):
    """
    Hands what is in packets to the protocols of their numbers.

    Packets that are too short, or of another version, are dropped; checksums are not looked at, and
    fragments not put together.
    """

    def __init__(self) -> None:
        self._layer = raw.Layer(32)

    def addProto(self, num: int, proto: Any) -> None:
        """
        Hand datagrams to a protocol above this one.

        @param num: the number of the protocol.
        @param proto: an `twisted.pair.raw.IRawDatagramProtocol`.
        @raise TypeError: if there is no such number, or the protocol is of another kind.
        """
        self._layer.add(num, raw.IRawDatagramProtocol(proto))

    def datagramReceived(  # type: ignore[override]
        self, data: bytes, partial: int, dest: Any, source: Any, protocol: Any
    ) -> None:
        """A packet has come."""
        if len(data) < _HEADER.size:
            return
        header = IPHeader(data)
        if header.version != 4 or not _HEADER.size <= header.ihl <= header.tot_len:
            return
        if header.tot_len > len(data) and header.ihl > len(data):
            return
        for proto in self._layer.above(header.protocol):
            proto.datagramReceived(
                data=data[header.ihl : header.tot_len],
                partial=partial,
                source=header.saddr,
                dest=header.daddr,
                protocol=header.protocol,
                version=header.version,
                ihl=header.ihl,
                tos=header.tos,
                tot_len=header.tot_len,
                fragment_id=header.fragment_id,
                fragment_offset=header.fragment_offset,
                dont_fragment=header.dont_fragment,
                more_fragments=header.more_fragments,
                ttl=header.ttl,
            )
