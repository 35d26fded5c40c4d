"""Frames of Ethernet (IEEE 802.3, DIX version 2)."""

from __future__ import annotations

import struct
from typing import Any

from zope.interface import Interface, implementer

from twisted.internet.protocol import AbstractDatagramProtocol
from twisted.pair import raw

__all__ = ["EthernetHeader", "EthernetProtocol", "IEthernetProtocol"]

_HEADER = struct.Struct("!6s6sH")


class IEthernetProtocol(Interface):
    """A protocol that is given frames."""

    def addProto(num, proto):  # type: ignore[no-untyped-def]
        """
        Hand packets to a protocol above this one.

        @param num: the type of frames, of 16 bits.
        @param proto: an `IRawPacketProtocol`.
        @raise TypeError: if there is no such number, or the protocol is of another kind.
        """

    def datagramReceived(data, partial):  # type: ignore[no-untyped-def]
        """
        A frame has come.

        @param partial: whether something is missing at its end.
        """


class EthernetHeader:
    """
    The header of a frame.

    @ivar dest: the address that it goes to, of 6 octets.
    @ivar source: the address that it comes from.
    @ivar proto: its type.
    """

    def __init__(self, data: bytes) -> None:
        """
        @param data: the frame.
        @raise struct.error: if it is too short.
        """
        self.dest, self.source, self.proto = _HEADER.unpack(data[: _HEADER.size])


@implementer(IEthernetProtocol)
class EthernetProtocol(AbstractDatagramProtocol):
    """Hands what is in frames to the protocols of their types; drops frames that are too short."""

    def __init__(self) -> None:
        self._layer = raw.Layer(16)

    def addProto(self, num: int, proto: Any) -> None:
        """
        Hand packets to a protocol above this one.

        @raise TypeError: if there is no such type of frames, or the protocol is of another kind.
        """
        self._layer.add(num, raw.IRawPacketProtocol(proto))

    def datagramReceived(self, data: bytes, partial: int = 0) -> None:
        """A frame has come."""
        if len(data) < _HEADER.size:
            return
        header = EthernetHeader(data)
        for proto in self._layer.above(header.proto):
            proto.datagramReceived(
                data=data[_HEADER.size :],
                partial=partial,
                dest=header.dest,
                source=header.source,
                protocol=header.proto,
            )
