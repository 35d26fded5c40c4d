"""Addresses of connections: values that can be compared, hashed and printed."""

from __future__ import annotations

import os
from typing import Any

from zope.interface import implementer

from twisted.internet.interfaces import IAddress
from twisted.python.runtime import platform

__all__ = ["HostnameAddress", "IPv4Address", "IPv6Address", "UNIXAddress", "platform"]


class _Address:
    """
    Compares, hashes and prints the attributes that a class names.

    Written by hand because every connection makes two of them and every program imports them.
    """

    __slots__ = ()
    _fields: tuple[str, ...] = ()

    def _values(self) -> tuple[Any, ...]:
        """What makes two addresses equal."""
        return tuple(getattr(self, name) for name in self._fields)

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash((self.__class__, self._values()))

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._fields)
        return f"{self.__class__.__name__}({fields})"


def _checkType(type: str) -> None:
    """An IP address is that of a TCP connection or of a UDP port."""
    if type not in ("TCP", "UDP"):
        raise ValueError(f"the type of an address is 'TCP' or 'UDP', not {type!r}")


@implementer(IAddress)
class IPv4Address(_Address):
    """
    An IPv4 address and port.

    @ivar type: ``"TCP"`` or ``"UDP"``.
    @ivar host: the address with dots.
    @ivar port: 0 to 65535.
    """

    __slots__ = ("__weakref__", "host", "port", "type")
    _fields = ("type", "host", "port")

    def __init__(self, type: str, host: str, port: int) -> None:
        """
        @raise ValueError: if ``type`` is neither ``"TCP"`` nor ``"UDP"``.
        """
        _checkType(type)
        self.type = type
        self.host = host
        self.port = port


@implementer(IAddress)
class IPv6Address(_Address):
    """
    An IPv6 address and port.

    @ivar type: ``"TCP"`` or ``"UDP"``.
    @ivar host: the address with colons.
    @ivar port: 0 to 65535.
    @ivar flowInfo: the flow label (RFC 2460, section 6).
    @ivar scopeID: the number of the interface that a link-local address belongs to.
    """

    __slots__ = ("__weakref__", "flowInfo", "host", "port", "scopeID", "type")
    _fields = ("type", "host", "port", "flowInfo", "scopeID")

    def __init__(
        self, type: str, host: str, port: int, flowInfo: int = 0, scopeID: str | int = 0
    ) -> None:
        """
        @raise ValueError: if ``type`` is neither ``"TCP"`` nor ``"UDP"``.
        """
        _checkType(type)
        self.type = type
        self.host = host
        self.port = port
        self.flowInfo = flowInfo
        self.scopeID = scopeID


@implementer(IAddress)
class HostnameAddress(_Address):
    """
    A name of a host, and a port.

    @ivar hostname: the name, as bytes.
    @ivar port: 0 to 65535.
    """

    __slots__ = ("__weakref__", "hostname", "port")
    _fields = ("hostname", "port")

    def __init__(self, hostname: bytes, port: int) -> None:
        self.hostname = hostname
        self.port = port


@implementer(IAddress)
class UNIXAddress:
    """
    The path of a UNIX socket.

    @ivar name: the path as bytes, or None for a socket without one.
    """

    __slots__ = ("__weakref__", "name")
    name: bytes | None

    def __init__(self, name: str | bytes | None) -> None:
        self.name = None if name is None else os.fsencode(name)

    def __eq__(self, other: object) -> bool:
        """Two paths are equal, too, if they are of one file."""
        if not isinstance(other, UNIXAddress):
            return NotImplemented
        if self.name == other.name:
            return True
        if self.name is None or other.name is None:
            return False
        try:
            return os.path.samefile(self.name, other.name)
        except OSError:
            return False

    def __hash__(self) -> int:
        if self.name is None:
            return hash((self.__class__, None))
        try:
            status = os.stat(self.name)
        except OSError:
            return hash(self.name)
        return hash((status.st_ino, status.st_dev))

    def __repr__(self) -> str:
        return f"UNIXAddress({None if self.name is None else os.fsdecode(self.name)!r})"


@implementer(IAddress)
class _ProcessAddress:
    """The address of a process at the other end of a pipe."""

    def __repr__(self) -> str:
        return "_ProcessAddress()"
