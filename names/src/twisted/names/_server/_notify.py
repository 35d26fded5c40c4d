"""Notices to secondaries that there is a newer version of a zone (RFC 1996)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.abstract import isIPv6Address
from twisted.internet.protocol import DatagramProtocol
from twisted.logger import Logger
from twisted.names import dns
from twisted.names._dns.primitives import randomSource
from twisted.names.authority import FileAuthority

__all__ = ["Notice", "notify"]

_log = Logger()

#: How often a notice is sent, and how many seconds until the second time; each time it is longer.
TRIES = 5
FIRST_PAUSE = 3.0


class Notice(DatagramProtocol):
    """Tells one secondary, until it answers."""

    noisy = False

    def __init__(self, address: tuple[str, int], name: bytes, soa: Any, reactor: Any) -> None:
        """
        @param address: the address of the secondary, and its port.
        @param name: the name of the zone.
        """
        self._address = address
        self._reactor = reactor
        self._id = randomSource()
        message = dns.Message(self._id, opCode=dns.OP_NOTIFY, auth=True)
        message.addQuery(name, dns.SOA, dns.IN)
        message.answers = [dns.RRHeader(name, dns.SOA, payload=soa, ttl=soa.ttl or 0)]
        self._data = message.toStr()
        self._name = name
        self._left = TRIES
        self._pause = FIRST_PAUSE
        self._timer: Any = None

    def startProtocol(self) -> None:
        """Begin."""
        self._send()

    def stopProtocol(self) -> None:
        """Be still."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _send(self) -> None:
        """Send the notice once more, or give up."""
        self._timer = None
        if self.transport is None:
            return
        if not self._left:
            _log.warn(
                "{address} takes no notice of {zone!r}", address=self._address, zone=self._name
            )
            self.transport.stopListening()
            return
        self._left -= 1
        self.transport.write(self._data, self._address)
        self._timer = self._reactor.callLater(self._pause, self._send)
        self._pause *= 2

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        """Stop if that is the answer."""
        if addr[:2] != self._address or len(datagram) < 12 or not datagram[2] & 0x80:
            return
        if int.from_bytes(datagram[:2], "big") == self._id and self.transport is not None:
            self.transport.stopListening()


def notify(authority: FileAuthority, secondaries: Sequence[tuple[str, int]], reactor: Any) -> None:
    """Tell secondaries of the version that an authority has."""
    zone = authority.zone()
    if zone is None:
        return
    for address in secondaries:
        notice = Notice(address, zone.origin, zone.soa, reactor)
        reactor.listenUDP(0, notice, interface="::" if isIPv6Address(address[0]) else "")
