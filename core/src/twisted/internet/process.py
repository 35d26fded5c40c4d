"""
Processes and their pipes, or their terminal, as transports: what `reactor.spawnProcess` returns.
"""

from __future__ import annotations

import os
import pty
import signal
import tty
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from zope.interface import implementer

from twisted.internet import abstract, error, fdesc
from twisted.internet._baseprocess import BaseProcess, reasonOf
from twisted.internet._processpipes import ProcessReader, ProcessWriter
from twisted.internet._reaper import (
    reapAllProcesses,
    reapProcessHandlers,
    registerReapProcessHandler,
    unregisterReapProcessHandler,
)
from twisted.internet._spawn import (
    getFileActions as _getFileActions,  # noqa: F401  (tests ask for it here)
)
from twisted.internet._spawn import spawn
from twisted.internet.address import _ProcessAddress
from twisted.internet.interfaces import IProcessTransport
from twisted.internet.main import CONNECTION_LOST
from twisted.logger import Logger
from twisted.python.failure import Failure

__all__ = [
    "PTYProcess",
    "Process",
    "ProcessExitedAlready",
    "ProcessReader",
    "ProcessWriter",
    "reapAllProcesses",
    "reapProcessHandlers",
    "registerReapProcessHandler",
    "unregisterReapProcessHandler",
]

_log = Logger()

ProcessExitedAlready = error.ProcessExitedAlready

_Text = str | bytes
_Environment = Mapping[_Text, _Text]


class _BaseProcess(BaseProcess):
    """A process of POSIX."""

    status: int | None = -1

    def reapProcess(self) -> None:
        """Take the status of the process, if it has ended."""
        pid = self.pid
        if pid is None:
            return
        status: int | None
        try:
            ended, status = os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            # Somebody else has taken the status: it is over, and nobody here knows how.
            _log.warn("The status of the process {pid} was taken by somebody else", pid=pid)
            ended, status = pid, None
        if ended:
            unregisterReapProcessHandler(pid, self)
            self.processEnded(status)

    def _getReason(self, status: int | None) -> Any:
        return reasonOf(status)

    def signalProcess(self, signalID: str | int) -> None:
        """
        Send a signal.

        @param signalID: its number, or its name, such as ``"TERM"``.
        @raise ProcessExitedAlready: the process has ended.
        @raise ValueError: there is no such signal.
        """
        if isinstance(signalID, str):
            number = getattr(signal, f"SIG{signalID}", None)
            if number is None:
                raise ValueError(f"there is no signal {signalID!r}")
        else:
            number = signalID
        if self.pid is None:
            raise ProcessExitedAlready()
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            raise ProcessExitedAlready() from None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} pid={self.pid} status={self.status}>"


@implementer(IProcessTransport)
class Process(_BaseProcess):
    """
    A process with pipes.

    @ivar pipes: what reads from, or writes to, each descriptor of the process.
    """

    debug = False
    debug_child = False

    processWriterFactory = ProcessWriter
    processReaderFactory = ProcessReader

    def __init__(
        self,
        reactor: Any,
        executable: _Text,
        args: Sequence[_Text],
        environment: _Environment | None,
        path: _Text | None,
        proto: Any,
        uid: int | None = None,
        gid: int | None = None,
        childFDs: Mapping[int, str | int] | None = None,
    ) -> None:
        """
        Start the process; see `IReactorProcess.spawnProcess`.

        @raise OSError: it cannot be started.
        """
        _BaseProcess.__init__(self, proto)
        self.reactor = reactor
        self.pipes: dict[int, Any] = {}
        wanted = {0: "w", 1: "r", 2: "r"} if childFDs is None else childFDs
        childs: dict[int, int] = {}
        mine: dict[int, int] = {}
        opened: list[int] = []
        try:
            for number, what in wanted.items():
                if what in ("r", "w"):
                    reading, writing = os.pipe()
                    opened += [reading, writing]
                    if what == "r":
                        childs[number], mine[number] = writing, reading
                    else:
                        childs[number], mine[number] = reading, writing
                elif isinstance(what, int):
                    childs[number] = what
                else:
                    raise ValueError(f"{what!r} is neither 'r', nor 'w', nor a descriptor")
            self.pid = spawn(executable, args, environment, childs, path, uid, gid)
        except BaseException:
            for fd in opened:
                os.close(fd)
            raise
        for fd in opened:
            if fd not in mine.values():
                os.close(fd)
        for number, fd in mine.items():
            kind = self.processReaderFactory if wanted[number] == "r" else self.processWriterFactory
            self.pipes[number] = kind(reactor, self, number, fd)
        try:
            if self.proto is not None:
                self.proto.makeConnection(self)
        except BaseException:
            _log.failure("Unexpected error from {protocol}.makeConnection", protocol=proto)
        # The protocol may be told of the end at once, so only after it knows of the beginning.
        registerReapProcessHandler(self.pid, self)

    # Pipes

    def closeChildFD(self, childFD: int) -> None:
        """Close the pipe to or from the descriptor `childFD` of the process, soon."""
        if childFD in self.pipes:
            self.pipes[childFD].loseConnection()

    def closeStdin(self) -> None:
        """Close standard input when everything written has been sent."""
        self.closeChildFD(0)

    def closeStdout(self) -> None:
        """Read no more of standard output."""
        self.closeChildFD(1)

    def closeStderr(self) -> None:
        """Read no more of standard error."""
        self.closeChildFD(2)

    def loseConnection(self) -> None:
        """Close all pipes."""
        for number in list(self.pipes):
            self.closeChildFD(number)

    def writeToChild(self, childFD: int, data: bytes) -> None:
        """
        Write to a descriptor of the process.

        @raise KeyError: it has no pipe, or the pipe is closed.
        """
        self.pipes[childFD].write(data)

    def childDataReceived(self, name: int, data: bytes) -> None:
        """A pipe has data."""
        self.proto.childDataReceived(name, data)

    def childConnectionLost(self, childFD: int, reason: Failure) -> None:
        """A pipe has been closed, by either side."""
        self.pipes.pop(childFD, None)
        try:
            self.proto.childConnectionLost(childFD)
        except BaseException:
            _log.failure(
                "Unexpected error from {protocol}.childConnectionLost", protocol=self.proto
            )
        self.maybeCallProcessEnded()

    def maybeCallProcessEnded(self) -> None:
        """Tell the protocol, if the process has ended and its pipes are closed."""
        if self.pipes:
            return
        if not self.lostProcess:
            # The pipes are closed before the process ends as a rule: this may be the moment.
            self.reapProcess()
            return
        _BaseProcess.maybeCallProcessEnded(self)

    # A transport: standard input

    def write(self, data: bytes) -> None:
        """Write to standard input; nothing happens when it is closed."""
        if 0 in self.pipes:
            self.pipes[0].write(data)

    def writeSequence(self, seq: Iterable[bytes]) -> None:
        """Write several pieces to standard input."""
        if 0 in self.pipes:
            self.pipes[0].writeSequence(seq)

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Let `producer` be paused while standard input cannot take more."""
        if 0 in self.pipes:
            self.pipes[0].registerProducer(producer, streaming)
        else:
            producer.stopProducing()

    def unregisterProducer(self) -> None:
        """The producer is done."""
        if 0 in self.pipes:
            self.pipes[0].unregisterProducer()

    def pauseProducing(self) -> None:
        """Read nothing from the process until `resumeProducing`."""
        for pipe in self.pipes.values():
            if isinstance(pipe, ProcessReader):
                pipe.stopReading()

    def resumeProducing(self) -> None:
        """Read from the process again."""
        for pipe in self.pipes.values():
            if isinstance(pipe, ProcessReader):
                pipe.startReading()

    def stopProducing(self) -> None:
        """Close all pipes."""
        self.loseConnection()

    def getHost(self) -> Any:
        """No particular address."""
        return _ProcessAddress()

    def getPeer(self) -> Any:
        """No particular address."""
        return _ProcessAddress()


@implementer(IProcessTransport)
class PTYProcess(abstract.FileDescriptor, _BaseProcess):
    """A process with a terminal."""

    status = -1
    pid = None

    def __init__(
        self,
        reactor: Any,
        executable: _Text,
        args: Sequence[_Text],
        environment: _Environment | None,
        path: _Text | None,
        proto: Any,
        uid: int | None = None,
        gid: int | None = None,
        usePTY: Any = None,
    ) -> None:
        """
        Start the process; see `IReactorProcess.spawnProcess`.

        @param usePTY: a terminal to use: its two descriptors, of the master and of the slave, and
            its path; otherwise a new one is made.
        @raise OSError: it cannot be started.
        """
        abstract.FileDescriptor.__init__(self, reactor)
        _BaseProcess.__init__(self, proto)
        if isinstance(usePTY, (tuple, list)):
            master, slave, name = usePTY
        else:
            master, slave = pty.openpty()
            name = os.ttyname(slave)
        try:
            self.pid = spawn(executable, args, environment, {}, path, uid, gid, name)
        except BaseException:
            if not isinstance(usePTY, (tuple, list)):
                os.close(master)
            raise
        finally:
            if not isinstance(usePTY, (tuple, list)):
                os.close(slave)
        self.fd = master
        fdesc.setNonBlocking(master)
        self.connected = 1
        self.startReading()
        try:
            self.proto.makeConnection(self)
        except BaseException:
            _log.failure("Unexpected error from {protocol}.makeConnection", protocol=proto)
        registerReapProcessHandler(self.pid, self)

    fd: int = -1

    def fileno(self) -> int:
        """The number of the terminal's descriptor, or -1 after the end."""
        return self.fd

    def setRaw(self) -> None:
        """Have the terminal hand everything on as it is."""
        tty.setraw(self.fd)

    def doRead(self) -> Any:
        """Read once."""
        return fdesc.readFromFD(self.fd, self._received)

    def _received(self, data: bytes) -> None:
        self.proto.childDataReceived(1, data)

    def writeSomeData(self, data: bytes | memoryview) -> Any:
        """Write as much as is possible at once."""
        try:
            return os.write(self.fd, data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError:
            return CONNECTION_LOST

    def writeToChild(self, childFD: int, data: bytes) -> None:
        """Write to the terminal: it is the process's descriptors 0, 1 and 2."""
        if childFD not in (0, 1, 2):
            raise KeyError(childFD)
        self.write(data)

    def closeChildFD(self, descriptor: int) -> None:
        """Do nothing: a terminal cannot be closed by half."""

    def closeStdin(self) -> None:
        """Do nothing: a terminal cannot be closed by half."""

    def closeStdout(self) -> None:
        """Do nothing: a terminal cannot be closed by half."""

    def closeStderr(self) -> None:
        """Do nothing: a terminal cannot be closed by half."""

    def maybeCallProcessEnded(self) -> None:
        """Tell the protocol, if the process has ended and its terminal is closed."""
        if self.lostProcess == 2:
            _BaseProcess.maybeCallProcessEnded(self)

    def connectionLost(self, reason: Failure) -> None:
        """Close the terminal; the process gets SIGHUP."""
        if self.disconnected:
            return
        abstract.FileDescriptor.connectionLost(self, reason)
        os.close(self.fd)
        self.fd = -1
        self.lostProcess += 1
        self.maybeCallProcessEnded()

    def getHost(self) -> Any:
        """No particular address."""
        return _ProcessAddress()

    def getPeer(self) -> Any:
        """No particular address."""
        return _ProcessAddress()
