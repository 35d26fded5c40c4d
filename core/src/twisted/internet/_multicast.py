"""Taking part in multicast over IPv4 (RFC 1112) and IPv6 (RFC 3493)."""

from __future__ import annotations

import socket
import struct
from typing import Any

from twisted.internet import error
from twisted.internet.abstract import isIPv6Address
from twisted.internet.defer import Deferred, succeed


class MulticastMixin:
    """What a UDP port needs to take part in multicast."""

    reactor: Any
    socket: Any
    addressFamily: Any

    @property
    def _level(self) -> int:
        """The protocol whose options are set."""
        return socket.IPPROTO_IPV6 if self._isIPv6 else socket.IPPROTO_IP

    @property
    def _isIPv6(self) -> bool:
        return bool(self.addressFamily == socket.AF_INET6)

    def _option(self, name: str) -> int:
        """An option of multicast, by the name that it has for both versions of IP."""
        if name == "TTL" and self._isIPv6:
            name = "HOPS"
        return int(getattr(socket, f"{'IPV6' if self._isIPv6 else 'IP'}_MULTICAST_{name}"))

    def getOutgoingInterface(self) -> str | int:
        """The address of the interface that datagrams leave by; with IPv6 its number."""
        if self._isIPv6:
            return int(self.socket.getsockopt(self._level, self._option("IF")))
        packed = self.socket.getsockopt(self._level, self._option("IF"), 4)
        return socket.inet_ntoa(packed)

    def setOutgoingInterface(self, addr: str | int) -> Deferred[Any]:
        """
        Let datagrams leave by an interface.

        @param addr: its address or host name; with IPv6 its number.
        @return: fires with 1.
        """
        if isinstance(addr, int):
            self.socket.setsockopt(self._level, self._option("IF"), addr)
            return succeed(1)

        def resolved(ip: str) -> int:
            self.socket.setsockopt(self._level, self._option("IF"), socket.inet_aton(ip))
            return 1

        resolving: Deferred[str] = self.reactor.resolve(addr)
        return resolving.addCallback(resolved)

    def getLoopbackMode(self) -> int:
        """Whether this host receives its own datagrams."""
        return int(self.socket.getsockopt(self._level, self._option("LOOP")))

    def setLoopbackMode(self, mode: bool | int) -> None:
        """Set whether this host receives its own datagrams."""
        self.socket.setsockopt(self._level, self._option("LOOP"), int(bool(mode)))

    def getTTL(self) -> int:
        """How many routers a datagram may pass."""
        return int(self.socket.getsockopt(self._level, self._option("TTL")))

    def setTTL(self, ttl: int) -> None:
        """Set how many routers a datagram may pass, from 0 to 255."""
        self.socket.setsockopt(self._level, self._option("TTL"), ttl)

    def joinGroup(self, addr: str, interface: str = "") -> Deferred[Any]:
        """
        Take the datagrams of a group.

        @param addr: of the group, or a host name.
        @param interface: the address of the interface that they come to; by default the system's
            choice.
        @return: fires when that is done, or fails with
            `twisted.internet.error.MulticastJoinError`.
        """
        return self._resolved(addr, interface, True)

    def leaveGroup(self, addr: str, interface: str = "") -> Deferred[Any]:
        """
        Take the datagrams of a group no more.

        @return: as that of `joinGroup`.
        """
        return self._resolved(addr, interface, False)

    def _resolved(self, addr: str, interface: str, join: bool) -> Deferred[Any]:
        """Join or leave a group, when the addresses of both names are known."""
        if isIPv6Address(addr):
            return succeed(None).addCallback(lambda _: self._change(addr, 0, join))

        def withInterface(ip: str) -> Deferred[Any]:
            resolving: Deferred[str] = self.reactor.resolve(interface or "0.0.0.0")
            return resolving.addCallback(lambda local: self._change(ip, local, join))

        resolving: Deferred[str] = self.reactor.resolve(addr)
        return resolving.addCallback(withInterface)

    def _change(self, group: str, interface: str | int, join: bool) -> None:
        """
        Join or leave a group.

        @raise twisted.internet.error.MulticastJoinError: the system refuses.
        """
        try:
            if isinstance(interface, int):
                name = "IPV6_JOIN_GROUP" if join else "IPV6_LEAVE_GROUP"
                packed = socket.inet_pton(socket.AF_INET6, group) + struct.pack("@I", interface)
                self.socket.setsockopt(socket.IPPROTO_IPV6, getattr(socket, name), packed)
            else:
                name = "IP_ADD_MEMBERSHIP" if join else "IP_DROP_MEMBERSHIP"
                packed = socket.inet_aton(group) + socket.inet_aton(interface)
                self.socket.setsockopt(socket.IPPROTO_IP, getattr(socket, name), packed)
        except OSError as e:
            raise error.MulticastJoinError(group, interface, *e.args) from None
