"""
A system with tunnels that is all in memory, for tests of what uses `twisted.pair.tuntap`.
"""

from __future__ import annotations

import os
import socket
import struct
from collections import deque
from collections.abc import Callable
from errno import EAGAIN, EBADF, EINTR, EINVAL, ENOBUFS, ENOENT, EPERM
from functools import wraps
from typing import Any, ClassVar, TypeVar

from zope.interface import implementer

from twisted.pair.tuntap import _DEVICE, _IFNAMSIZ, _TUNSETIFF, TunnelFlags, _IInputOutputSystem

__all__ = ["MemoryIOSystem", "Tunnel"]

#: The length of what stands before a packet unless `TunnelFlags.IFF_NO_PI` is given.
_PI_SIZE = 4
_ETHERNET_SIZE = 14
_IP_AND_UDP_SIZE = 28

#: The type of frames with packets of IPv4.
_IPv4 = 0x0800

_F = TypeVar("_F", bound=Callable[..., Any])


def _H(n: int) -> bytes:
    """A number of 16 bits as it is sent."""
    return struct.pack("!H", n)


def _ethernet(src: bytes, dst: bytes, protocol: int, payload: bytes) -> bytes:
    """A frame."""
    return dst + src + _H(protocol) + payload


def _checksum(data: bytes) -> int:
    """The checksum of a header (RFC 1071)."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF  # type: ignore[no-any-return]


def _ip(src: str | bytes, dst: str | bytes, payload: bytes) -> bytes:
    """A packet with a datagram of UDP."""
    addresses = [
        socket.inet_aton(host.decode("ascii") if isinstance(host, bytes) else host)
        for host in (src, dst)
    ]

    def header(check: int) -> bytes:
        fields = (0x45, 0, 20 + len(payload), 1, 0, 64, 17, check)
        return struct.pack("!BBHHHBBH4s4s", *fields, *addresses)

    return header(_checksum(header(0))) + payload


def _udp(src: int, dst: int, payload: bytes) -> bytes:
    """A datagram, without a checksum."""
    return _H(src) + _H(dst) + _H(len(payload) + 8) + _H(0) + payload


class Tunnel:
    """
    The device of tunnels.

    @cvar SEND_BUFFER_SIZE: how many octets a packet may have.
    @ivar nonBlockingExceptionStyle: what is raised when there is nothing to read.
    @ivar readBuffer: what is to be read.
    @ivar writeBuffer: what was written.
    @ivar pendingSignals: signals that interrupt writing, one each time.
    @ivar openFlags: how it was opened.
    @ivar fileMode: with which mode.
    @ivar tunnelMode: its `TunnelFlags`, when it has been configured.
    @ivar requestedName: the name that was asked for.
    @ivar name: the one that it has.
    """

    _DEVICE_NAME = _DEVICE
    SEND_BUFFER_SIZE = 1024

    EAGAIN_STYLE: ClassVar[OSError] = OSError(EAGAIN, "Resource temporarily unavailable")
    EWOULDBLOCK_STYLE: ClassVar[OSError] = OSError(EAGAIN, "Operation would block")
    EINTR_STYLE: ClassVar[OSError] = OSError(EINTR, "Interrupted function call")

    nonBlockingExceptionStyle: BaseException = EAGAIN_STYLE

    def __init__(self, system: Any, openFlags: int, fileMode: int | None) -> None:
        self.system = system
        self.openFlags = openFlags
        self.fileMode = fileMode
        self.tunnelMode: Any = None
        self.requestedName: bytes | None = None
        self.name: bytes | None = None
        self.readBuffer: deque[bytes] = deque()
        self.writeBuffer: deque[bytes] = deque()
        self.pendingSignals: deque[int] = deque()

    @property
    def blocking(self) -> bool:
        """Whether reading waits."""
        return not self.openFlags & self.system.O_NONBLOCK

    @property
    def closeOnExec(self) -> bool:
        """Whether other programs that are started do not have it."""
        return bool(self.openFlags & self.system.O_CLOEXEC)

    def _has(self, flag: Any) -> bool:
        return bool(self.tunnelMode.value & flag.value)

    def addToReadBuffer(self, datagram: bytes) -> None:
        """Have a packet read, as the device would give it."""
        if self._has(TunnelFlags.IFF_TAP):
            datagram = _ethernet(b"\0" * 6, b"\xff" * 6, _IPv4, datagram)
        if not self._has(TunnelFlags.IFF_NO_PI):
            datagram = _H(0) + _H(_IPv4) + datagram
        self.readBuffer.append(datagram)

    def read(self, limit: int) -> bytes:
        """
        Read a packet.

        @param limit: how many octets of it.
        @raise OSError: if there is none.
        @raise NotImplementedError: if there is none and reading would wait.
        """
        if self.readBuffer:
            return self.readBuffer.popleft()[:limit]
        if self.blocking:
            raise NotImplementedError("reading that waits")
        raise self.nonBlockingExceptionStyle

    def write(self, datagram: bytes) -> int:
        """
        Write a packet.

        @raise OSError: if a signal is pending, or the packet is too large.
        """
        if self.pendingSignals:
            self.pendingSignals.popleft()
            raise OSError(EINTR, "Interrupted system call")
        if len(datagram) > self.SEND_BUFFER_SIZE:
            raise OSError(ENOBUFS, "No buffer space available")
        self.writeBuffer.append(datagram)
        return len(datagram)


def _privileged(original: _F) -> _F:
    """Make a method that only those do who may."""

    @wraps(original)
    def permitted(self: Any, *args: Any, **kwargs: Any) -> Any:
        if original.__name__ not in self.permissions:
            raise OSError(EPERM, "Operation not permitted")
        return original(self, *args, **kwargs)

    return permitted  # type: ignore[return-value]


@implementer(_IInputOutputSystem)
class MemoryIOSystem:
    """
    A system without a network.

    @ivar permissions: the names of what may be done: C{open} and C{ioctl}.
    """

    O_RDWR = os.O_RDWR
    O_NONBLOCK = os.O_NONBLOCK
    O_CLOEXEC = os.O_CLOEXEC

    _counter = 8192

    def __init__(self) -> None:
        self._devices: dict[bytes, Any] = {}
        self._openFiles: dict[int, Any] = {}
        self.permissions = {"open", "ioctl"}

    def getTunnel(self, port: Any) -> Tunnel:
        """The tunnel of a `twisted.pair.tuntap.TuntapPort`."""
        tunnel: Tunnel = self._openFiles[port.fileno()]
        return tunnel

    def registerSpecialDevice(self, name: bytes, cls: Any) -> None:
        """Have a device, which is an object of a class each time that it is opened."""
        self._devices[name] = cls

    def _file(self, fd: int) -> Any:
        """@raise OSError: if a descriptor is not open."""
        try:
            return self._openFiles[fd]
        except KeyError:
            raise OSError(EBADF, "Bad file descriptor") from None

    @_privileged
    def open(self, name: bytes, flags: int, mode: int | None = None) -> int:
        """
        Open a device.

        @return: the number of a descriptor.
        @raise OSError: if there is no such device, or it is not permitted.
        """
        if name not in self._devices:
            raise OSError(ENOENT, "No such file or directory")
        self._counter += 1
        self._openFiles[self._counter] = self._devices[name](self, flags, mode)
        return self._counter

    def read(self, fd: int, limit: int) -> bytes:
        """@raise OSError: if the descriptor is not open, or there is nothing to read."""
        data: bytes = self._file(fd).read(limit)
        return data

    def write(self, fd: int, data: bytes) -> int:
        """@raise OSError: if the descriptor is not open, or does not take the data."""
        return int(self._file(fd).write(data))

    def close(self, fd: int) -> None:
        """@raise OSError: if the descriptor is not open."""
        self._file(fd)
        del self._openFiles[fd]

    @_privileged
    def ioctl(self, fd: int, request: int, args: bytes) -> bytes:  # type: ignore[override]
        """
        Configure a tunnel.

        @raise OSError: if the descriptor is not open, something else is asked for, or it is not
            permitted.
        """
        tunnel = self._file(fd)
        if request != _TUNSETIFF:
            raise OSError(EINVAL, "Request or args is not valid.")
        name, mode = struct.unpack(f"{_IFNAMSIZ}sH", args[: _IFNAMSIZ + 2])
        tunnel.tunnelMode = _Mode(mode)
        tunnel.requestedName = name
        tunnel.name = name.rstrip(b"\0").replace(b"%d", b"0") or b"tun0"
        return struct.pack(f"{_IFNAMSIZ}sH", tunnel.name, mode)

    def sendUDP(self, datagram: bytes, address: tuple[Any, int]) -> tuple[str, int]:
        """
        Send a datagram by way of all tunnels.

        @return: the address that it comes from.
        """
        source = ("10.1.2.3", 21345)
        packet = _ip(source[0], address[0], _udp(source[1], address[1], datagram))
        for tunnel in self._openFiles.values():
            tunnel.addToReadBuffer(packet)
        return source

    def receiveUDP(self, fileno: int, host: Any, port: int) -> _FakePort:
        """
        What takes datagrams that are written to a tunnel.

        @return: has C{recv}, as sockets have.
        """
        return _FakePort(self, fileno)


class _Mode:
    """The flags of a tunnel as the system has them."""

    def __init__(self, value: int) -> None:
        self.value = value


class _FakePort:
    """Takes datagrams."""

    def __init__(self, system: MemoryIOSystem, fileno: int) -> None:
        self._system = system
        self._fileno = fileno

    def recv(self, nbytes: int) -> bytes:
        """What is in the next datagram."""
        tunnel = self._system._openFiles[self._fileno]
        data: bytes = tunnel.writeBuffer.popleft()
        if not tunnel._has(TunnelFlags.IFF_NO_PI):
            data = data[_PI_SIZE:]
        if tunnel._has(TunnelFlags.IFF_TAP):
            data = data[_ETHERNET_SIZE:]
        return data[_IP_AND_UDP_SIZE:][:nbytes]
