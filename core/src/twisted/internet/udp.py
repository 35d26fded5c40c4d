"""
UDP.

A `Port` sends each datagram at once and passes on each that comes; nothing is kept, and what the
system does not take is lost, as datagrams may be.
"""

from __future__ import annotations

import os
import socket
from errno import ECONNREFUSED, EMSGSIZE, ENOPROTOOPT
from typing import Any

from zope.interface import implementer

from twisted.internet import base, error
from twisted.internet._connection import addressOf, resolveIPv6
from twisted.internet._metrics import UNCOUNTED, ReactorMetrics
from twisted.internet._multicast import MulticastMixin
from twisted.internet.abstract import _logPrefixOf, isIPAddress, isIPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IListeningPort,
    IMulticastTransport,
    ISystemHandle,
    IUDPTransport,
)
from twisted.logger import Logger
from twisted.python import log

__all__ = ["MulticastPort", "Port"]

_log = Logger()

#: How many datagrams are taken in a row before others get their turn.
_MOST_IN_A_ROW = 64

#: How many addresses that were written to are remembered as good ones.
_MOST_KNOWN_HOSTS = 1000

#: Names of addresses that the socket module knows.
_SPECIAL_HOSTS = ("", "<broadcast>")


@implementer(IListeningPort, IUDPTransport, ISystemHandle)
class Port(base.BasePort):
    """
    A socket that datagrams come to and go from.

    @ivar port: the port asked for; 0 lets the system choose one, which `getHost` tells.
    @ivar protocol: gets the datagrams.
    @ivar interface: the address to listen on; empty is all of IPv4, ``::`` is all there are.
    @ivar maxPacketSize: how many bytes of a datagram are taken at most; the rest is lost.
    @cvar maxThroughput: how many bytes are taken in a row before others get their turn.
    """

    addressFamily: int = socket.AF_INET
    socketType = socket.SOCK_DGRAM
    maxThroughput = 256 * 1024

    # What the log calls it.
    _type = "UDP"
    socket: Any = None
    _realPortNumber: Any = None
    _adopted: Any = None
    _connectedAddr: tuple[str, int] | None = None
    _stopped: Deferred[None] | None = None
    # How many datagrams to try to take in a row: as many as were of use the last time, and more.
    _eagerness = 1

    def __init__(
        self,
        port: int,
        proto: Any,
        interface: str = "",
        maxPacketSize: int = 8192,
        reactor: Any = None,
    ) -> None:
        base.BasePort.__init__(self, reactor)
        self._metrics: ReactorMetrics = getattr(self.reactor, "metrics", UNCOUNTED)
        self.port = port
        self.protocol = proto
        self.interface = interface
        self.maxPacketSize = maxPacketSize
        if interface and isIPv6Address(interface):
            self.addressFamily = socket.AF_INET6
        elif interface and not isIPAddress(interface) and interface not in _SPECIAL_HOSTS:
            raise error.InvalidAddressError(interface, "an interface is named by its IP address")
        self._knownHosts: set[str] = set()
        self.setLogStr()

    @classmethod
    def _fromListeningDescriptor(
        cls, reactor: Any, fd: int, addressFamily: int, protocol: Any, maxPacketSize: int
    ) -> Port:
        """Use a socket that is bound already; its descriptor is duplicated."""
        bound = socket.fromfd(fd, addressFamily, cls.socketType)
        bound.setblocking(False)
        name = bound.getsockname()
        self = cls(0, protocol, "", maxPacketSize, reactor)
        self.addressFamily = addressFamily
        self.interface, self.port = name[:2]
        self._adopted = bound
        return self

    def __repr__(self) -> str:
        if self._realPortNumber is None:
            return f"<{_logPrefixOf(self.protocol)} not connected>"
        return f"<{_logPrefixOf(self.protocol)} on {self._realPortNumber}>"

    def fileno(self) -> int:
        """Tell the number of the socket's descriptor, or -1 when not listening."""
        return -1 if self.socket is None else self.socket.fileno()

    def getHandle(self) -> Any:
        """Give the socket itself."""
        return self.socket

    # Beginning and ending.

    def startListening(self) -> None:
        """
        Begin to take datagrams.

        @raise twisted.internet.error.CannotListenError: the system refuses.
        """
        adopted, self._adopted = self._adopted, None
        self.socket = self._bound() if adopted is None else adopted
        self._realPortNumber = self._nameOfSocket()
        log.msg(f"{_logPrefixOf(self.protocol)} starting on {self._realPortNumber}")
        self.connected = 1
        self.disconnected = 0
        self.protocol.makeConnection(self)
        if self.connected:
            self.startReading()

    def _nameOfSocket(self) -> Any:
        """Tell what the log calls the socket's address."""
        return self.socket.getsockname()[1]

    def _bound(self) -> Any:
        """
        Make a socket that is bound.

        @raise twisted.internet.error.CannotListenError: the system refuses.
        """
        made = None
        try:
            made = self.createInternetSocket()
            if self.addressFamily == socket.AF_INET6:
                made.bind(resolveIPv6(self.interface, self.port))
            else:
                made.bind((self.interface, self.port))
        except (OSError, OverflowError) as e:
            if made is not None:
                made.close()
            raise error.CannotListenError(self.interface, self.port, e) from None
        return made

    def stopListening(self) -> Deferred[None] | None:
        """
        Take no more datagrams.

        @return: fires when the port is closed; None if it was not open.
        """
        if not self.connected:
            return self._stopped
        if self._stopped is None:
            self._stopped = Deferred()
            self.stopReading()
            self.reactor.callLater(0, self.connectionLost)
        return self._stopped

    def loseConnection(self) -> None:
        """Take no more datagrams."""
        self.stopListening()

    def connectionLost(self, reason: Any = None) -> None:
        """Close the socket and tell the protocol; the reactor calls this."""
        if self.disconnected:
            return
        log.msg(f"({self._type} Port {self._realPortNumber} Closed)")
        self._realPortNumber = None
        base.BasePort.connectionLost(self, reason)
        closing, self.socket = self.socket, None
        closing.close()
        stopped, self._stopped = self._stopped, None
        try:
            self.protocol.doStop()
        finally:
            if stopped is not None:
                stopped.callback(None)

    # Datagrams.

    def doRead(self) -> None:
        """Pass on the datagrams that wait, a bounded number; the reactor calls this."""
        size = self.maxPacketSize
        left = self.maxThroughput
        tries = self._eagerness
        metrics = self._metrics
        for done in range(tries):
            try:
                data, address = self.socket.recvfrom(size)
            except (BlockingIOError, InterruptedError):
                self._eagerness = done or 1
                return
            except OSError as e:
                self._receivingFailed(e)
                return
            metrics.datagramsReceived += 1
            try:
                self._pass(data, address)
            except Exception:
                _log.failure("Unhandled error in {protocol}", protocol=self.protocol)
            left -= len(data)
            if left <= 0 or self.socket is None or self._stopped is not None:
                return
        self._eagerness = min(tries * 2, _MOST_IN_A_ROW)

    def _pass(self, data: bytes, address: Any) -> None:
        """Give a datagram to the protocol."""
        # An address of IPv6 has four parts, of which protocols know two.
        self.protocol.datagramReceived(data, address[:2])

    def _receivingFailed(self, problem: OSError) -> None:
        """
        Deal with what the system says instead of giving a datagram.

        For a connected port it says that nobody receives at the other end; for others it may tell
        of some datagram that was sent to anybody, which is of no use.
        """
        if problem.errno == ECONNREFUSED:
            self._refused()
        else:
            _log.warn("{port} could not receive: {problem}", port=self, problem=problem)

    def _refused(self) -> None:
        """Nobody receives where a datagram was sent to."""
        if self._connectedAddr is not None:
            self.protocol.connectionRefused()

    def write(self, datagram: bytes, addr: tuple[str, int] | None = None) -> Any:
        """
        Send a datagram, or lose it if the system is too busy.

        @param addr: an IP address and a port; a connected port needs none.
        @raise twisted.internet.error.MessageLengthError: it is too large.
        @raise twisted.internet.error.InvalidAddressError: it is no address that this can send to.
        """
        try:
            if self._connectedAddr is not None:
                assert addr in (None, self._connectedAddr), f"connected to {self._connectedAddr}"
                sent = self.socket.send(datagram)
                self._metrics.datagramsSent += 1
                return sent
            assert addr is not None, "a port that is not connected needs an address to write to"
            if addr[0] not in self._knownHosts:
                self._check(addr[0])
            sent = self.socket.sendto(datagram, addr)
            self._metrics.datagramsSent += 1
            return sent
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as e:
            if e.errno == EMSGSIZE:
                raise error.MessageLengthError("message too long") from None
            if e.errno == ECONNREFUSED:
                self._refused()
                return None
            raise

    def _check(self, host: str) -> None:
        """
        See whether datagrams can be sent to an address, and remember that.

        @raise twisted.internet.error.InvalidAddressError: it is none, or of another family.
        """
        if host not in _SPECIAL_HOSTS:
            if isIPAddress(host):
                family = socket.AF_INET
            elif isIPv6Address(host):
                family = socket.AF_INET6
            else:
                raise error.InvalidAddressError(host, "names are not looked up here")
            if family != self.addressFamily:
                raise error.InvalidAddressError(host, "the port is of the other version of IP")
        if len(self._knownHosts) < _MOST_KNOWN_HOSTS:
            self._knownHosts.add(host)

    def writeSequence(self, seq: Any, addr: tuple[str, int] | None = None) -> None:
        """Send several pieces as one datagram."""
        self.write(b"".join(seq), addr)

    def connect(self, host: str, port: int) -> None:
        """
        Send to, and take from, one address only.

        @raise RuntimeError: the port is connected already.
        @raise twisted.internet.error.InvalidAddressError: the address is none.
        """
        if self._connectedAddr is not None:
            raise RuntimeError(f"the port is connected to {self._connectedAddr} already")
        if not isIPAddress(host) and not isIPv6Address(host):
            raise error.InvalidAddressError(host, "names are not looked up here")
        self._connectedAddr = (host, port)
        self.socket.connect((host, port))

    # Particulars.

    def setLogStr(self) -> None:
        """Work out what log messages about this port begin with."""
        self.logstr = f"{_logPrefixOf(self.protocol)} ({self._type})"

    def logPrefix(self) -> str:
        """Tell what log messages about this port begin with."""
        return self.logstr

    def getHost(self) -> Any:
        """The address that datagrams come to."""
        return addressOf("UDP", self.socket.getsockname())

    def setBroadcastAllowed(self, enabled: bool) -> None:
        """Set whether datagrams may go to broadcast addresses."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, bool(enabled))

    def getBroadcastAllowed(self) -> bool:
        """Tell whether datagrams may go to broadcast addresses."""
        return bool(self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST))


@implementer(IMulticastTransport)
class MulticastPort(MulticastMixin, Port):
    """
    A port that takes part in multicast.
    """

    def __init__(
        self,
        port: int,
        proto: Any,
        interface: str = "",
        maxPacketSize: int = 8192,
        reactor: Any = None,
        listenMultiple: bool = False,
    ) -> None:
        """
        @param listenMultiple: whether other programs on this host may use the port, too.
        """
        Port.__init__(self, port, proto, interface, maxPacketSize, reactor)
        self.listenMultiple = listenMultiple

    def createInternetSocket(self) -> Any:
        """Make a socket that shares its port if that is wanted."""
        made = Port.createInternetSocket(self)
        if self.listenMultiple:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if hasattr(socket, "SO_REUSEPORT"):
                try:
                    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                except OSError as e:
                    # A kernel may know the name and not the option.
                    if e.errno != ENOPROTOOPT:
                        raise
        return made


platformType = os.name
