"""One end of a pipe whose other end a process has."""

from __future__ import annotations

import fcntl
import os
import stat
from typing import Any

from zope.interface import implementer

from twisted.internet import abstract, fdesc
from twisted.internet.interfaces import IReadDescriptor, IWriteDescriptor
from twisted.internet.main import CONNECTION_DONE, CONNECTION_LOST
from twisted.python.failure import Failure

__all__ = ["ProcessReader", "ProcessWriter"]


@implementer(IWriteDescriptor)
class ProcessWriter(abstract.FileDescriptor):
    """
    Writes to a process.

    A pipe that the process has closed is noticed even when there is nothing to write.

    @param proc: is told of the end: ``childConnectionLost(name, reason)``.
    @param name: what `proc` knows the pipe by: the number that it has in the process.
    @param fileno: the number that it has here.
    """

    __module__ = "twisted.internet.process"

    connected = 1
    ic = 0
    enableReadHack = False

    def __init__(
        self, reactor: Any, proc: Any, name: Any, fileno: int, forceReadHack: bool = False
    ) -> None:
        abstract.FileDescriptor.__init__(self, reactor)
        fdesc.setNonBlocking(fileno)
        self.proc = proc
        self.name = name
        self.fd = fileno
        # One end of a pipe that is written to never has anything to read but its end.
        self.enableReadHack = forceReadHack or _isWritingEnd(fileno)
        if self.enableReadHack:
            self.startReading()

    def fileno(self) -> int:
        """The number of the descriptor, or -1 after the end."""
        return self.fd

    def writeSomeData(self, data: bytes | memoryview) -> Any:
        """Write as much as is possible at once."""
        try:
            return os.write(self.fd, data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError:
            return CONNECTION_LOST

    def write(self, data: bytes) -> None:
        """Write when that is possible."""
        self.stopReading()
        abstract.FileDescriptor.write(self, data)
        if self.enableReadHack and not self.disconnected:
            self.startReading()

    def doRead(self) -> Any:
        """The process has closed its end."""
        if self.enableReadHack:
            return CONNECTION_LOST
        self.stopReading()
        return None

    def connectionLost(self, reason: Failure) -> None:
        """Close, and tell the process."""
        if self.disconnected:
            return
        abstract.FileDescriptor.connectionLost(self, reason)
        fd, self.fd = self.fd, -1
        os.close(fd)
        self.proc.childConnectionLost(self.name, reason)


def _isWritingEnd(fd: int) -> bool:
    if not stat.S_ISFIFO(os.fstat(fd).st_mode):
        return False
    return fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE == os.O_WRONLY


@implementer(IReadDescriptor)
class ProcessReader(abstract.FileDescriptor):
    """
    Reads from a process.

    @param proc: is told of data and the end: ``childDataReceived(name, data)`` and
        ``childConnectionLost(name, reason)``.
    @param name: what `proc` knows the pipe by: the number that it has in the process.
    @param fileno: the number that it has here.
    """

    __module__ = "twisted.internet.process"

    connected = True

    def __init__(self, reactor: Any, proc: Any, name: Any, fileno: int) -> None:
        abstract.FileDescriptor.__init__(self, reactor)
        fdesc.setNonBlocking(fileno)
        self.proc = proc
        self.name = name
        self.fd = fileno
        self.startReading()

    def fileno(self) -> int:
        """The number of the descriptor, or -1 after the end."""
        return self.fd

    def writeSomeData(self, data: bytes | memoryview) -> Any:
        """Nothing can be written to a pipe that is read from."""
        assert not data
        return CONNECTION_LOST

    def doRead(self) -> Any:
        """Read once."""
        return fdesc.readFromFD(self.fd, self.dataReceived)

    def dataReceived(self, data: bytes) -> None:
        """Tell the process of data."""
        self.proc.childDataReceived(self.name, data)

    def loseConnection(self) -> None:
        """Close, soon."""
        if self.connected and not self.disconnecting:
            self.disconnecting = 1
            self.stopReading()
            self.reactor.callLater(0, self.connectionLost, Failure(CONNECTION_DONE))

    def connectionLost(self, reason: Failure) -> None:
        """Close, and tell the process."""
        if self.disconnected:
            return
        abstract.FileDescriptor.connectionLost(self, reason)
        fd, self.fd = self.fd, -1
        os.close(fd)
        self.proc.childConnectionLost(self.name, reason)
