"""What protocols of packets have to offer to those below them."""

from __future__ import annotations

from typing import Any

from zope.interface import Interface

__all__ = ["IRawDatagramProtocol", "IRawPacketProtocol", "Layer"]


class IRawDatagramProtocol(Interface):
    """A protocol above IP."""

    def addProto(num, proto):  # type: ignore[no-untyped-def]
        """
        Hand datagrams to a protocol above this one.

        @param num: which datagrams, such as the number of a port.
        @raise TypeError: if there is no such number, or the protocol is of another kind.
        """

    def datagramReceived(  # type: ignore[no-untyped-def]
        data,
        partial,
        source,
        dest,
        protocol,
        version,
        ihl,
        tos,
        tot_len,
        fragment_id,
        fragment_offset,
        dont_fragment,
        more_fragments,
        ttl,
    ):
        """
        A datagram has come.

        @param data: what is in it.
        @param partial: whether something is missing at its end.
        @param source: the IP address that it came from.
        @param dest: the one that it went to.
        @param protocol: the number of the protocol above IP.
        @param ihl: how long the header was, in octets.
        @param tot_len: how long the packet was, in octets, the header included.
        @param fragment_offset: the place of this fragment, in units of 8 octets.
        """


class IRawPacketProtocol(Interface):
    """A protocol above the link layer."""

    def addProto(num, proto):  # type: ignore[no-untyped-def]
        """
        Hand packets to a protocol above this one.

        @param num: which packets, such as the number of a protocol.
        @raise TypeError: if there is no such number, or the protocol is of another kind.
        """

    def datagramReceived(data, partial, dest, source, protocol):  # type: ignore[no-untyped-def]
        """
        A packet has come.

        @param partial: whether something is missing at its end.
        @param dest: the address of the link layer that it went to.
        @param source: the one that it came from.
        @param protocol: the number of the protocol.
        """


class Layer:
    """
    The protocols above one, by their numbers.

    @ivar etherProtos: lists of them.
    """

    def __init__(self, bits: int) -> None:
        """
        @param bits: how many bits a number has.
        """
        self._bits = bits
        self._above: dict[int, list[Any]] = {}

    def add(self, num: int, proto: Any) -> None:
        """@raise TypeError: if there is no such number."""
        if num < 0:
            raise TypeError("Added protocol must be positive or zero")
        if num >= 1 << self._bits:
            raise TypeError(f"Added protocol must fit in {self._bits} bits")
        self._above.setdefault(num, []).append(proto)

    def above(self, num: int) -> list[Any]:
        """Those that get what has a number."""
        return list(self._above.get(num, ()))
