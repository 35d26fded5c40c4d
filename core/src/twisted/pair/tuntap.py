"""
Tunnels of Linux: a program takes the place of the network behind a device.

What the system sends by way of the device comes to the program, and what that writes comes to the
system: packets of IP from a device of kind ``tun``, frames of Ethernet from one of kind ``tap``.

Source: Linux, Documentation/networking/tuntap.rst.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import warnings
from collections.abc import Iterable
from typing import Any, ClassVar

from constantly import FlagConstant, Flags
from zope.interface import Attribute, Interface, implementer

from twisted.internet import abstract, error, interfaces
from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger
from twisted.pair import ethernet, raw
from twisted.python import deprecate, reflect, util, versions

__all__ = ["TunnelAddress", "TunnelFlags", "TuntapPort"]

_log = Logger()

_IFNAMSIZ = 16
# _IOW("T", 202, int) and _IOR("T", 210, unsigned int)
_TUNSETIFF = 0x400454CA
_TUNGETIFF = 0x800454D2

_DEVICE = b"/dev/net/tun"


class TunnelFlags(Flags):  # type: ignore[misc]
    """The kinds of tunnels, and what can be said of them (linux/if_tun.h)."""

    IFF_TUN = FlagConstant(0x0001)
    IFF_TAP = FlagConstant(0x0002)

    TUN_FASYNC = FlagConstant(0x0010)
    TUN_NOCHECKSUM = FlagConstant(0x0020)
    TUN_NO_PI = FlagConstant(0x0040)
    TUN_ONE_QUEUE = FlagConstant(0x0080)
    TUN_PERSIST = FlagConstant(0x0100)
    TUN_VNET_HDR = FlagConstant(0x0200)

    IFF_NO_PI = FlagConstant(0x1000)
    IFF_ONE_QUEUE = FlagConstant(0x2000)
    IFF_VNET_HDR = FlagConstant(0x4000)
    IFF_TUN_EXCL = FlagConstant(0x8000)


@implementer(interfaces.IAddress)
class TunnelAddress(util.FancyStrMixin, util.FancyEqMixin):
    """
    A tunnel.

    @ivar type: a `TunnelFlags` that says of which kind.
    @ivar name: the name of the device.
    """

    compareAttributes: ClassVar[Any] = ("_typeValue", "name")
    showAttributes: ClassVar[Any] = (("type", lambda flag: flag.name), "name")

    @property
    def _typeValue(self) -> int:
        """Constants of the same value need not be equal."""
        return int(self.type.value)

    def __init__(self, type: Any, name: str | bytes) -> None:
        self.type = type
        self.name = name

    def __hash__(self) -> int:
        return hash((self._typeValue, self.name))

    def __getitem__(self, index: int) -> Any:
        """Deprecated: use attributes."""
        warnings.warn(
            "TunnelAddress.__getitem__ is deprecated since Twisted 14.0.0  Use attributes instead.",
            category=DeprecationWarning,
            stacklevel=2,
        )
        return ("TUNTAP", self.name)[index]


class _IInputOutputSystem(Interface):
    """What a port asks of the system."""

    O_RDWR = Attribute("see open(2)")
    O_NONBLOCK = Attribute("see open(2)")
    O_CLOEXEC = Attribute("see open(2)")

    def open(filename, flag, mode=0o777):  # type: ignore[no-untyped-def]
        """See `os.open`."""

    def ioctl(fd, opt, arg=None, mutate_flag=None):  # type: ignore[no-untyped-def]
        """See `fcntl.ioctl`."""

    def read(fd, limit):  # type: ignore[no-untyped-def]
        """See `os.read`."""

    def write(fd, data):  # type: ignore[no-untyped-def]
        """See `os.write`."""

    def close(fd):  # type: ignore[no-untyped-def]
        """See `os.close`."""

    def sendUDP(datagram, address):  # type: ignore[no-untyped-def]
        """Send a datagram. @return: the address that it was sent from."""

    def receiveUDP(fileno, host, port):  # type: ignore[no-untyped-def]
        """@return: a socket for datagrams to an address."""


class _RealSystem:
    """The system itself."""

    open = staticmethod(os.open)
    read = staticmethod(os.read)
    write = staticmethod(os.write)
    close = staticmethod(os.close)
    ioctl = staticmethod(fcntl.ioctl)

    O_RDWR = os.O_RDWR
    O_NONBLOCK = os.O_NONBLOCK
    O_CLOEXEC = os.O_CLOEXEC


@implementer(interfaces.IListeningPort)
class TuntapPort(abstract.FileDescriptor):
    """
    Reads from and writes to a tunnel.

    @ivar interface: the name of the device.
    @ivar protocol: an `twisted.pair.ethernet.IEthernetProtocol` for frames, or an
        `twisted.pair.raw.IRawPacketProtocol` for packets.
    @ivar maxPacketSize: how many octets of a packet are read.
    @cvar maxThroughput: how many octets are read before others get their turn.
    """

    maxThroughput = 256 * 1024

    _fileno = -1
    _stopped: Deferred[None] | None = None

    def __init__(
        self,
        interface: bytes,
        proto: Any,
        maxPacketSize: int = 8192,
        reactor: Any = None,
        system: Any = None,
    ) -> None:
        """
        @param interface: the name of the device; the system completes one that ends in C{%d}, and
            chooses one if it is empty.
        @param reactor: by default the global one.
        @param system: opens devices; for tests.
        @raise TypeError: if the protocol is of neither kind.
        """
        if ethernet.IEthernetProtocol.providedBy(proto):
            self._mode = TunnelFlags.IFF_TAP
        elif raw.IRawPacketProtocol.providedBy(proto):
            self._mode = TunnelFlags.IFF_TUN
        else:
            raise TypeError(f"{proto!r} is a protocol of neither frames nor packets")
        self._system = _RealSystem() if system is None else system
        self.interface = interface
        self.protocol = proto
        self.maxPacketSize = maxPacketSize
        abstract.FileDescriptor.__init__(self, reactor)
        kind = type(proto)
        self.logstr = f"{kind.__name__} ({self._mode.name})"

    def __repr__(self) -> str:
        kind = reflect.fullyQualifiedName(type(self.protocol))
        state = "listening" if self.connected else "not listening"
        return f"<{kind} {state} on {self._mode.name}/{self.interface!r}>"

    def startListening(self) -> None:
        """
        Open the tunnel, and begin to read.

        @raise twisted.internet.error.CannotListenError: if the system refuses; it mostly wants
            CAP_NET_ADMIN.
        """
        try:
            self._fileno, self.interface = self._opened()
        except OSError as e:
            raise error.CannotListenError(None, self.interface, e) from None
        self.connected = 1
        self.disconnecting = self.disconnected = 0
        self.protocol.makeConnection(self)
        self.startReading()

    def _opened(self) -> tuple[int, bytes]:
        """The descriptor, and the name of the device."""
        system = self._system
        fileno = system.open(_DEVICE, system.O_RDWR | system.O_CLOEXEC | system.O_NONBLOCK)
        # Only the packet is wanted, without what the system could tell of it.
        flags = self._mode | TunnelFlags.IFF_NO_PI
        request = struct.pack(f"{_IFNAMSIZ}sH", self.interface, flags.value)
        try:
            answer = system.ioctl(fileno, _TUNSETIFF, request + b"\0" * 22)  # type: ignore[arg-type]
        except BaseException:
            system.close(fileno)
            raise
        return fileno, bytes(answer[:_IFNAMSIZ]).rstrip(b"\0")  # type: ignore[index]

    def fileno(self) -> int:
        """The number of the descriptor, or -1."""
        return self._fileno

    def doRead(self) -> None:
        """Hand what has come to the protocol; the reactor calls this."""
        read = 0
        while read < self.maxThroughput and self.connected:
            try:
                data = self._system.read(self._fileno, self.maxPacketSize)
            except OSError as e:
                if e.errno in (errno.EWOULDBLOCK, errno.EAGAIN, errno.EINTR):
                    return
                raise
            read += len(data)
            try:
                if self._mode is TunnelFlags.IFF_TAP:
                    self.protocol.datagramReceived(data, partial=0)
                else:
                    self.protocol.datagramReceived(
                        data, partial=0, dest=None, source=None, protocol=None
                    )
            except Exception:
                kind = reflect.fullyQualifiedName(type(self.protocol))
                _log.failure(f"Unhandled exception from {kind}.datagramReceived")

    def write(self, datagram: bytes) -> int:  # type: ignore[override]
        """
        Write a packet.

        @return: how many octets were written.
        @raise OSError: if the system does not take it.
        """
        while True:
            try:
                return int(self._system.write(self._fileno, datagram))
            except OSError as e:
                if e.errno != errno.EINTR:
                    raise

    def writeSequence(self, seq: Iterable[bytes]) -> None:
        """Write a packet that is in pieces."""
        self.write(b"".join(seq))

    def stopListening(self) -> Deferred[None]:
        """
        Close the tunnel.

        @return: fires when it is closed.
        """
        self.stopReading()
        if self._stopped is not None:
            return self._stopped
        if not self.connected:
            return succeed(None)
        self.disconnecting = 1
        self._stopped = Deferred()
        self.reactor.callLater(0, self.connectionLost)
        return self._stopped

    @deprecate.deprecated(versions.Version("Twisted", 14, 0, 0), stopListening)
    def loseConnection(self) -> None:
        """Close the tunnel."""
        self.stopListening().addErrback(
            lambda failure: _log.failure("closing {port}", failure=failure, port=self)
        )

    def connectionLost(self, reason: Any = None) -> None:
        """Close the tunnel; the reactor calls this."""
        if not self.connected:
            return
        super().connectionLost(reason)
        self.connected = 0
        fileno, self._fileno = self._fileno, -1
        self._system.close(fileno)
        stopped, self._stopped = self._stopped, None
        try:
            self.protocol.doStop()
        finally:
            if stopped is not None:
                stopped.callback(None)

    def logPrefix(self) -> str:
        """What messages in the log begin with."""
        return self.logstr

    def getHost(self) -> TunnelAddress:
        """The tunnel."""
        return TunnelAddress(self._mode, self.interface)
