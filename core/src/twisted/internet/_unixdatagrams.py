"""
Datagrams over UNIX sockets: to and from any that has a name, or one alone.

The classes are public as `twisted.internet.unix.DatagramPort` and
`twisted.internet.unix.ConnectedDatagramPort`.
"""

from __future__ import annotations

import os
import socket
from errno import EAGAIN, ECONNREFUSED, EMSGSIZE, ENOBUFS
from typing import Any

from zope.interface import implementer

from twisted.internet import error, udp
from twisted.internet.address import UNIXAddress
from twisted.internet.interfaces import (
    IUNIXDatagramConnectedTransport,
    IUNIXDatagramTransport,
)
from twisted.python.failure import Failure

#: What the system says when a datagram is lost because somebody is too busy.
_BUSY = (EAGAIN, ENOBUFS)


@implementer(IUNIXDatagramTransport)
class DatagramPort(udp.Port):
    """
    A UNIX socket that datagrams come to and go from.

    @ivar port: its name, or None if it can only send.
    """

    __module__ = "twisted.internet.unix"

    addressFamily: int = socket.AF_UNIX
    _type = "UNIX datagram"

    def __init__(
        self,
        addr: str | bytes | None,
        proto: Any,
        maxPacketSize: int = 8192,
        mode: int = 0o666,
        reactor: Any = None,
    ) -> None:
        """
        @param mode: who may send to it, as for files.
        """
        udp.Port.__init__(self, 0, proto, "", maxPacketSize, reactor)
        self.port: Any = addr
        self.mode = mode

    def _nameOfSocket(self) -> Any:
        return self.port

    def _bound(self) -> Any:
        """
        Make a socket that has its name.

        @raise twisted.internet.error.CannotListenError: the system refuses.
        """
        self._maker = os.getpid()
        made = self.createInternetSocket()
        if self.port:
            try:
                made.bind(self.port)
            except OSError as e:
                made.close()
                raise error.CannotListenError(None, self.port, e) from None
            if not _isAbstract(self.port):
                os.chmod(self.port, self.mode)
        return made

    def _pass(self, data: bytes, address: Any) -> None:
        """Give a datagram to the protocol, with the name of the sender if that has one."""
        self.protocol.datagramReceived(data, address)

    def connectionLost(self, reason: Any = None) -> None:
        """Close the socket, remove its name, and tell the protocol."""
        mine = os.getpid() == self._maker  # a process that was forked off has not made the name
        if mine and not self.disconnected and self.port and not _isAbstract(self.port):
            try:
                os.unlink(self.port)
            except OSError:
                # Somebody has removed it before.
                pass
        udp.Port.connectionLost(self, reason)

    def write(self, datagram: bytes, address: Any = None) -> Any:
        """
        Send a datagram, or lose it if the other side is too busy or gone.

        @param address: the name of a socket.
        @raise twisted.internet.error.MessageLengthError: it is too large.
        @raise OSError: the system refuses for another reason.
        """
        try:
            sent = self.socket.sendto(datagram, address)
            self._metrics.datagramsSent += 1
            return sent
        except OSError as e:
            return self._sendingFailed(e)

    def _sendingFailed(self, problem: OSError) -> None:
        """
        Deal with a datagram that was not sent.

        @raise twisted.internet.error.MessageLengthError: it is too large.
        """
        if problem.errno == EMSGSIZE:
            raise error.MessageLengthError("message too long") from None
        if problem.errno not in _BUSY:
            raise problem

    def getHost(self) -> UNIXAddress:
        """The address that datagrams come to."""
        return UNIXAddress(self.socket.getsockname() or None)


@implementer(IUNIXDatagramConnectedTransport)
class ConnectedDatagramPort(DatagramPort):
    """
    A UNIX socket that exchanges datagrams with one other.

    @ivar remoteaddr: the name of the other.
    """

    __module__ = "twisted.internet.unix"

    def __init__(
        self,
        addr: str | bytes,
        proto: Any,
        maxPacketSize: int = 8192,
        mode: int = 0o666,
        bindAddress: str | bytes | None = None,
        reactor: Any = None,
    ) -> None:
        """
        @param bindAddress: a name for this side, without which nothing can come back.
        """
        DatagramPort.__init__(self, bindAddress, proto, maxPacketSize, mode, reactor)
        self.remoteaddr = addr

    def _bound(self) -> Any:
        made = DatagramPort._bound(self)
        try:
            made.connect(self.remoteaddr)
        except OSError:
            made.close()
            raise
        return made

    def startListening(self) -> None:
        """Connect, and tell the protocol if that fails."""
        try:
            DatagramPort.startListening(self)
        except BaseException:
            self.connectionFailed(Failure())

    def connectionFailed(self, err: Failure) -> None:
        """Tell the protocol that there is no connection."""
        if self.connected:
            self.loseConnection()
        self.protocol.connectionFailed(err)
        self.protocol = None

    def _pass(self, data: bytes, address: Any) -> None:
        """Give a datagram to the protocol, which knows whom it comes from."""
        self.protocol.datagramReceived(data)

    def _refused(self) -> None:
        """Nobody receives at the other side."""
        self.protocol.connectionRefused()

    def write(self, data: bytes, address: Any = None) -> Any:
        """
        Send a datagram to the other side, or lose it if that is too busy.

        @raise twisted.internet.error.MessageLengthError: it is too large.
        """
        try:
            sent = self.socket.send(data)
            self._metrics.datagramsSent += 1
            return sent
        except OSError as e:
            if e.errno == ECONNREFUSED:
                self._refused()
                return None
            return self._sendingFailed(e)

    def getPeer(self) -> UNIXAddress:
        """The address of the other side."""
        return UNIXAddress(self.remoteaddr)


def _isAbstract(name: str | bytes) -> bool:
    """Whether a name is one of Linux's that are no files."""
    return os.fsencode(name).startswith(b"\0")
