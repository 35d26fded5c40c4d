"""Datagrams of UDP in packets of IP (RFC 768)."""

from __future__ import annotations

import struct
from typing import Any

from zope.interface import implementer

from twisted.internet import protocol
from twisted.pair import raw

__all__ = ["RawUDPProtocol", "UDPHeader"]

_HEADER = struct.Struct("!HHHH")


class UDPHeader:
    """
    The header of a datagram.

    @ivar source: the port that it comes from.
    @ivar dest: the one that it goes to.
    @ivar len: how long it is, in octets, the header included.
    @ivar check: its checksum.
    """

    def __init__(self, data: bytes) -> None:
        """
        @param data: the datagram.
        @raise struct.error: if it is too short.
        """
        self.source, self.dest, self.len, self.check = _HEADER.unpack(data[: _HEADER.size])


@implementer(raw.IRawDatagramProtocol)
class RawUDPProtocol(protocol.AbstractDatagramProtocol):
    """
    Hands what is in datagrams to the protocols of their ports; drops those that are too short.
    """

    def __init__(self) -> None:
        self._layer = raw.Layer(16)

    def addProto(self, num: int, proto: Any) -> None:
        """
        Hand datagrams to a protocol above this one.

        @param num: the port that they go to.
        @param proto: a `twisted.internet.protocol.DatagramProtocol`.
        @raise TypeError: if there is no such port, or the protocol is of another kind.
        """
        if not isinstance(proto, protocol.DatagramProtocol):
            raise TypeError("Added protocol must be an instance of DatagramProtocol")
        self._layer.add(num, proto)

    def datagramReceived(  # type: ignore[override]
        self,
        data: bytes,
        partial: int,
        source: Any,
        dest: Any,
        protocol: Any,
        version: Any,
        ihl: Any,
        tos: Any,
        tot_len: Any,
        fragment_id: Any,
        fragment_offset: Any,
        dont_fragment: Any,
        more_fragments: Any,
        ttl: Any,
    ) -> None:
        """A datagram has come."""
        if len(data) < _HEADER.size:
            return
        header = UDPHeader(data)
        for proto in self._layer.above(header.dest):
            proto.datagramReceived(data[_HEADER.size :], (source, header.source))
