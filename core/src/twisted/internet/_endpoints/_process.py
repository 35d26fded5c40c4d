"""Endpoints of the own standard input and output, and of those of a new process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from constantly import NamedConstant, Names
from zope.interface import implementer

from twisted.internet.address import _ProcessAddress
from twisted.internet.defer import Deferred, execute, maybeDeferred
from twisted.internet.error import ConnectionDone, NoProtocol, ProcessDone
from twisted.internet.interfaces import (
    IConsumer,
    IPushProducer,
    IStreamClientEndpoint,
    IStreamServerEndpoint,
    ITransport,
)
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure

__all__ = ["ProcessEndpoint", "StandardErrorBehavior", "StandardIOEndpoint"]

_log = Logger()


@implementer(IStreamServerEndpoint)
class StandardIOEndpoint:
    """Standard input and output, as a connection that somebody has made."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor

    def listen(self, stdioProtocolFactory: Any) -> Deferred[Any]:
        """
        Connect a protocol to standard input and output.

        @return: fires with the `twisted.internet.stdio.StandardIO`.
        """
        # Many programs have other uses for standard input and output.
        from twisted.internet import stdio

        return execute(
            lambda: stdio.StandardIO(
                stdioProtocolFactory.buildProtocol(stdio.PipeAddress()), reactor=self._reactor
            )
        )


class StandardErrorBehavior(Names):  # type: ignore[misc]
    """What becomes of what a process writes to its standard error."""

    #: It is logged.
    LOG = NamedConstant()
    #: It is dropped.
    DROP = NamedConstant()


@implementer(ITransport, IConsumer, IPushProducer)
class _ProcessTransport:
    """The standard input and output of a process, as one transport."""

    def __init__(self, process: Any) -> None:
        self._process = process

    def write(self, data: bytes) -> None:
        """Write to its standard input."""
        self._process.writeToChild(0, data)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """Write several pieces to its standard input."""
        self._process.writeToChild(0, b"".join(data))

    def loseConnection(self) -> None:
        """Close its pipes."""
        self._process.loseConnection()

    def abortConnection(self) -> None:
        """Kill it."""
        if self._process.pid is not None:
            self._process.signalProcess("KILL")
        self._process.loseConnection()

    def getHost(self) -> Any:
        """No particular address."""
        return _ProcessAddress()

    def getPeer(self) -> Any:
        """No particular address."""
        return _ProcessAddress()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._process, name)


class _WrapIProtocol(ProcessProtocol):
    """
    Makes a protocol of streams one of processes.

    @param protocol: the protocol.
    @param executable: what to call the program in the log.
    @param errFlag: a constant of `StandardErrorBehavior`.
    """

    def __init__(self, protocol: Any, executable: Any, errFlag: Any) -> None:
        self.protocol = protocol
        self.executable = executable
        self.errFlag = errFlag

    def makeConnection(self, process: Any) -> None:
        """Connect the protocol."""
        self.transport = process
        self.protocol.makeConnection(_ProcessTransport(process))

    def childDataReceived(self, childFD: int, data: bytes) -> None:
        """Hand standard output on."""
        if childFD == 1:
            self.protocol.dataReceived(data)
        elif childFD == 2 and self.errFlag == StandardErrorBehavior.LOG:
            _log.warn(
                "Process {executable} wrote stderr unhandled by {protocol}: {data!r}",
                executable=self.executable,
                protocol=self.protocol,
                data=data,
            )

    def processEnded(self, reason: Failure) -> None:
        """Tell the protocol that the connection has ended: in order, if the exit code is 0."""
        self.protocol.connectionLost(
            Failure(ConnectionDone()) if reason.check(ProcessDone) else reason
        )


@implementer(IStreamClientEndpoint)
class ProcessEndpoint:
    """A new process for each connection; its standard input and output are the connection."""

    def __init__(
        self,
        reactor: Any,
        executable: str | bytes,
        args: Sequence[str | bytes] = (),
        env: Mapping[Any, Any] | None = {},
        path: str | bytes | None = None,
        uid: int | None = None,
        gid: int | None = None,
        usePTY: Any = 0,
        childFDs: Mapping[int, str | int] | None = None,
        errFlag: Any = StandardErrorBehavior.LOG,
    ) -> None:
        """
        Parameters as those of `IReactorProcess.spawnProcess`.

        @param errFlag: what becomes of standard error: a constant of `StandardErrorBehavior`.
        """
        self._reactor = reactor
        self._executable = executable
        self._args = args
        self._env = env
        self._path = path
        self._uid = uid
        self._gid = gid
        self._usePTY = usePTY
        self._childFDs = childFDs
        self._errFlag = errFlag
        self._spawnProcess: Callable[..., Any] = reactor.spawnProcess

    def connect(self, protocolFactory: Any) -> Deferred[Any]:
        """Start a process; see `IStreamClientEndpoint`."""

        def start() -> Any:
            protocol = protocolFactory.buildProtocol(_ProcessAddress())
            if protocol is None:
                raise NoProtocol()
            self._spawnProcess(
                _WrapIProtocol(protocol, self._executable, self._errFlag),
                self._executable,
                self._args,
                self._env,
                self._path,
                self._uid,
                self._gid,
                self._usePTY,
                self._childFDs,
            )
            return protocol

        return maybeDeferred(start)
