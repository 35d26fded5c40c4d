"""
UNIX sockets: stream connections between programs of one machine, which can also pass descriptors.
"""

from __future__ import annotations

import os
import socket
import stat
import struct
from collections.abc import Sequence
from errno import EAGAIN, ECONNREFUSED, EINTR, EMSGSIZE, ENOBUFS, EWOULDBLOCK
from typing import Any

from zope.interface import implementedBy, implementer

from twisted.internet import base, error
from twisted.internet._unixdatagrams import ConnectedDatagramPort, DatagramPort
from twisted.internet.address import UNIXAddress
from twisted.internet.interfaces import IFileDescriptorReceiver, IUNIXTransport
from twisted.internet.main import CONNECTION_DONE, CONNECTION_LOST
from twisted.internet.tcp import BaseClient
from twisted.internet.tcp import Port as _StreamPort
from twisted.internet.tcp import Server as _StreamServer
from twisted.logger import Logger
from twisted.python import lockfile
from twisted.python.failure import Failure

__all__ = [
    "EAGAIN",
    "ECONNREFUSED",
    "EINTR",
    "EMSGSIZE",
    "ENOBUFS",
    "EWOULDBLOCK",
    "Client",
    "ConnectedDatagramPort",
    "Connector",
    "DatagramPort",
    "Port",
    "Server",
    "implementedBy",
]

_log = Logger()

_READ_SIZE = 64 * 1024
#: How many descriptors one message may carry, in either direction.
_DESCRIPTORS_AT_ONCE = 64

#: How many descriptors may wait to be sent before a producer is paused.
_DESCRIPTORS_WAITING = 64


def _nameOf(address: Any) -> bytes | None:
    """Give the name of a UNIX socket as the system has it, or None if it has none."""
    if not address:
        return None
    return os.fsencode(address)


class _PassesDescriptors:
    """
    Sends and receives descriptors along with the bytes of a UNIX socket.

    A descriptor travels with at least one byte, so each waits for something to be written.
    """

    # Mixed into the two kinds of connections, which have these.
    socket: Any
    protocol: Any
    connected: Any
    disconnected: Any
    disconnecting: Any
    reactor: Any
    _metrics: Any
    _readPaused: bool
    _waiting: bool
    _pieces: list[bytes]
    _nextPortion: Any
    startWriting: Any

    producer: Any
    producerPaused: bool
    streamingProducer: bool

    _outgoingDescriptors: Sequence[int] = ()

    def sendFileDescriptor(self, descriptor: int) -> None:
        """
        Send a duplicate of ``descriptor``, with the next byte that is written.

        It must stay open until it has been sent. A registered producer is paused while many wait.
        """
        if not self._outgoingDescriptors:
            self._outgoingDescriptors = []
        self._outgoingDescriptors.append(descriptor)  # type: ignore[attr-defined]
        if (
            self.producer is not None
            and self.streamingProducer
            and not self.producerPaused
            and len(self._outgoingDescriptors) > _DESCRIPTORS_WAITING
        ):
            self.producerPaused = True
            self.producer.pauseProducing()
        self._scheduleWrite()  # type: ignore[attr-defined]

    def doWrite(self) -> Any:
        """Send what waits, descriptors first; see `Connection.doWrite`."""
        if self._outgoingDescriptors:
            passed = self._passDescriptors()
            if passed is not True:
                return passed
        return super().doWrite()  # type: ignore[misc]

    def _passDescriptors(self) -> Exception | bool | None:
        """
        Send the descriptors that wait, as far as there are bytes to carry them.

        @return: true if bytes may follow, None if they have to wait, or why the connection is over.
        """
        while self._outgoingDescriptors and self._pieces:
            try:
                self._sendDescriptors()
            except (BlockingIOError, InterruptedError):
                # No bytes either, then: those that are left have to carry the descriptors.
                if not self._waiting:
                    self._waiting = True
                    self.startWriting()
                return None
            except OSError as e:
                _log.error(
                    "A descriptor could not be sent, so its connection ends: {problem}",
                    problem=str(e),
                )
                return CONNECTION_LOST
        return True

    def _sendDescriptors(self) -> None:
        """Send some of the descriptors that wait, each with a byte of its own."""
        portion = memoryview(self._nextPortion())
        batch = self._outgoingDescriptors[: min(_DESCRIPTORS_AT_ONCE, len(portion))]
        rights = struct.pack(f"{len(batch)}i", *batch)
        sent = self.socket.sendmsg(
            [portion[: len(batch)]], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)]
        )
        self._outgoingDescriptors = self._outgoingDescriptors[len(batch) :]
        self._metrics.bytesSent += sent
        self._dropSent(sent)  # type: ignore[attr-defined]

    def doRead(self) -> Any:
        """Pass descriptors and bytes that have come to the protocol; see `Connection.doRead`."""
        if self._readPaused:
            self.reactor.removeReader(self)
            return None
        space = socket.CMSG_SPACE(_DESCRIPTORS_AT_ONCE * struct.calcsize("i"))
        try:
            data, ancillary, _, _ = self.socket.recvmsg(_READ_SIZE, space)
        except (BlockingIOError, InterruptedError):
            return None
        except OSError:
            return CONNECTION_LOST
        if ancillary:
            self._receiveDescriptors(ancillary)
        if not data:
            return CONNECTION_DONE
        self._metrics.bytesReceived += len(data)
        if self.protocol is not None:
            self.protocol.dataReceived(data)
        return None

    def _receiveDescriptors(self, ancillary: list[tuple[int, int, bytes]]) -> None:
        """Hand descriptors to the protocol; close them if it does not take any."""
        for level, kind, payload in ancillary:
            if level != socket.SOL_SOCKET or kind != socket.SCM_RIGHTS:
                continue
            size = struct.calcsize("i")
            whole = len(payload) - len(payload) % size
            for (fd,) in struct.iter_unpack("i", payload[:whole]):
                if self.protocol is not None and IFileDescriptorReceiver.providedBy(self.protocol):
                    self.protocol.fileDescriptorReceived(fd)
                else:
                    _log.warn("A descriptor came for a protocol that takes none; it is closed")
                    os.close(fd)

    def getTcpNoDelay(self) -> bool:
        """Tell that a UNIX socket has no such option."""
        return False

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Do nothing: a UNIX socket never delays."""

    def getTcpKeepAlive(self) -> bool:
        """Tell that a UNIX socket has no such option."""
        return False

    def setTcpKeepAlive(self, enabled: bool) -> None:
        """Do nothing: the system always knows whether the other side is there."""


@implementer(IUNIXTransport)
class Server(_PassesDescriptors, _StreamServer):
    """The side of a UNIX connection that was listening for it."""

    @staticmethod
    def _addressFor(address: Any) -> UNIXAddress:
        return UNIXAddress(_nameOf(address))

    @property
    def hostname(self) -> str:
        """Nothing: both sides are this host."""
        return ""


class Port(_StreamPort):
    """
    A UNIX socket that accepts connections.

    @ivar port: the name of the socket in the file system; one that begins with NUL is in the
        abstract name space of Linux.
    @ivar mode: the permissions of the name.
    @ivar lockFile: the lock beside the socket, if one was asked for.
    """

    addressFamily: int = socket.AF_UNIX
    transport: Any = Server
    lockFile: Any = None
    _maker = 0

    _type = "UNIX"
    _made: tuple[int, int] | None = None

    def __init__(
        self,
        fileName: Any,
        factory: Any,
        backlog: int = 50,
        mode: int = 0o666,
        reactor: Any = None,
        wantPID: bool = False,
    ) -> None:
        """
        @param wantPID: whether a lock file beside the socket says which process has it, so that a
            socket left over from a crash is told from one in use.
        """
        _StreamPort.__init__(self, _nameOf(fileName), factory, backlog, "", reactor)
        self.mode = mode
        self.wantPID = wantPID

    def _isAbstract(self) -> bool:
        return bool(self.port.startswith(b"\0"))

    def _bound(self) -> socket.socket:
        """
        Make a socket that listens.

        @raise twisted.internet.error.CannotListenError: the system refuses, or another process
            holds the lock.
        """
        if self.wantPID and not self._isAbstract():
            self._lock()
        self._maker = os.getpid()
        made: socket.socket = self.createInternetSocket()
        try:
            made.bind(self.port)
            if not self._isAbstract():
                # Before anyone can connect: a socket that does not listen yet refuses everybody.
                os.chmod(self.port, self.mode)
                status = os.stat(self.port)
                self._made = (status.st_dev, status.st_ino)
            made.listen(self.backlog)
        except OSError as e:
            made.close()
            self._unlock()
            raise error.CannotListenError(None, self.port, e) from None
        return made

    def _lock(self) -> None:
        """Take the lock, and clear away what a crashed process has left."""
        lock = lockfile.FilesystemLock(os.fsdecode(self.port) + ".lock")
        if not lock.lock():
            raise error.CannotListenError(None, self.port, "Cannot acquire lock")
        self.lockFile = lock
        if lock.clean:
            return
        try:
            # Only ever a socket: anything else was not left by a crashed listener.
            if stat.S_ISSOCK(os.lstat(self.port).st_mode):
                os.unlink(self.port)
        except OSError:
            # Then binding tells what is wrong.
            pass

    def _unlock(self) -> None:
        lock, self.lockFile = self.lockFile, None
        if lock is not None:
            lock.unlock()

    def _portName(self) -> Any:
        return os.fsdecode(self.port)

    def _whereName(self) -> Any:
        return repr(self._portName())

    def _buildAddr(self, address: Any) -> UNIXAddress:
        return UNIXAddress(_nameOf(address))

    def getHost(self) -> UNIXAddress:
        """Tell the name that is listened on."""
        return UNIXAddress(self.port)

    def connectionLost(self, reason: Failure) -> None:
        """Stop listening; remove the name from the file system and release the lock."""
        if not self.connected:
            return
        # A process that was forked off has neither made the name nor taken the lock.
        if os.getpid() == self._maker:
            if self._made is not None:
                self._removeName(self._made)
            self._unlock()
        self._made = None
        _StreamPort.connectionLost(self, reason)

    def _removeName(self, made: tuple[int, int]) -> None:
        """Remove the name, unless it is another socket's by now."""
        try:
            status = os.stat(self.port)
            if (status.st_dev, status.st_ino) == made:
                os.unlink(self.port)
        except OSError:
            pass

    def __repr__(self) -> str:
        kind = type(self.factory)
        where = "(not listening)" if self.socket is None else f"on {self._portName()}"
        return f"<{kind.__module__}.{kind.__qualname__} {where}>"


@implementer(IUNIXTransport)
class Client(_PassesDescriptors, BaseClient):
    """The side of a UNIX connection that asked for it."""

    addressFamily = socket.AF_UNIX
    socketType = socket.SOCK_STREAM

    def __init__(
        self, filename: Any, connector: Any, reactor: Any = None, checkPID: bool = False
    ) -> None:
        """
        @param checkPID: fail unless a lock file says that a process listens.
        """
        BaseClient.__init__(self, connector, reactor)
        self.realAddress = self.addr = _nameOf(filename)
        usable = not checkPID or lockfile.isLocked(os.fsdecode(self.addr or b"") + ".lock")
        if usable:
            self.reactor.callLater(0, self._begin)
        else:
            self.reactor.callLater(0, self.failIfNotConnected, error.BadFileError(filename))

    def getPeer(self) -> UNIXAddress:
        """Tell the name that was connected to."""
        return UNIXAddress(self.addr)

    def getHost(self) -> UNIXAddress:
        """Tell the address of this side, which has no name."""
        return UNIXAddress(None)


class Connector(base.BaseConnector):
    """
    A UNIX connection that a `ClientFactory` asked for.

    @cvar transportClass: what is made for it.
    """

    transportClass: Any = Client

    def __init__(
        self, address: Any, factory: Any, timeout: float | None, reactor: Any, checkPID: bool
    ) -> None:
        base.BaseConnector.__init__(self, factory, timeout, reactor)
        self.address = address
        self.checkPID = checkPID

    def _makeTransport(self) -> Client:
        made: Client = self.transportClass(self.address, self, self.reactor, self.checkPID)
        return made

    def getDestination(self) -> UNIXAddress:
        """Tell the name that this connects to."""
        return UNIXAddress(self.address)
