"""
A service that keeps processes running::

    monitor = ProcessMonitor()
    monitor.addProcess("worker", ["/usr/bin/worker", "--verbose"])
    monitor.setServiceParent(application)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from twisted.application import service
from twisted.internet import error
from twisted.internet.currentreactor import currentReactor
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure

__all__ = ["DummyTransport", "LineLogger", "LoggingProtocol", "ProcessMonitor", "transport"]


class DummyTransport:
    """As much of a transport as a receiver of lines asks for."""

    disconnecting = 0


transport = DummyTransport()


class LineLogger(LineReceiver):
    """
    Logs lines.

    @ivar tag: the name of the process that wrote them.
    @ivar stream: where it wrote them: C{"stdout"} or C{"stderr"}.
    @ivar service: the `ProcessMonitor`, whose log it is.
    """

    tag: str | None = None
    stream: str | None = None
    delimiter = b"\n"
    service: Any = None

    def lineReceived(self, line: bytes) -> None:
        """Log a line; what is not UTF-8 in it is escaped."""
        text = line.decode("utf-8", "backslashreplace")
        self.service.log.info("[{tag}] {line}", tag=self.tag, line=text, stream=self.stream)

    def lineLengthExceeded(self, line: bytes) -> None:
        """Log as much as is there; the rest is another line."""
        self.lineReceived(line)


class LoggingProtocol(ProcessProtocol):
    """
    Logs what a process writes, and tells the monitor of its end.

    @ivar name: the name of the process.
    @ivar service: the `ProcessMonitor`.
    """

    name: str = ""
    service: Any = None

    def connectionMade(self) -> None:
        """The process runs."""
        self._output = self._logger("stdout")
        self._error = self._logger("stderr")
        self._outputEmpty = self._errorEmpty = True

    def _logger(self, stream: str) -> LineLogger:
        made = LineLogger()
        made.tag, made.stream, made.service = self.name, stream, self.service
        made.makeConnection(transport)  # type: ignore[arg-type]
        return made

    @property
    def output(self) -> LineLogger:
        """What logs the standard output."""
        return self._output

    @property
    def empty(self) -> bool:
        """Whether no line of the standard output has begun."""
        return self._outputEmpty

    def outReceived(self, data: bytes) -> None:
        """It has written to its standard output."""
        self._output.dataReceived(data)
        self._outputEmpty = data[-1:] == b"\n"

    def errReceived(self, data: bytes) -> None:
        """It has written to its standard error."""
        self._error.dataReceived(data)
        self._errorEmpty = data[-1:] == b"\n"

    def processEnded(self, reason: Failure) -> None:
        """It has ended: log a line that it did not end, and tell the monitor."""
        if not self._outputEmpty:
            self._output.dataReceived(b"\n")
        if not self._errorEmpty:
            self._error.dataReceived(b"\n")
        self.service._monitoredProcessExited(self.name, reason)


class _Program(NamedTuple):
    args: Sequence[str]
    uid: int | None
    gid: int | None
    env: Mapping[str, str]
    cwd: str | None


class ProcessMonitor(service.Service):
    """
    Starts processes, and starts them again when they end: at once if they lived for a while, and
    later each time if they do not.

    @ivar threshold: how long a process has to live, in seconds, for its end to be nothing unusual.
    @ivar killTime: how long it may take to end after SIGTERM, before SIGKILL, in seconds.
    @ivar minRestartDelay: the first pause before one that did not live long is started, in seconds.
    @ivar maxRestartDelay: the longest pause, in seconds.
    @ivar protocols: the protocols of processes that run, by name.
    @ivar delay: the next pause of each.
    @ivar timeStarted: when each was started.
    @ivar murder: the delayed calls that will kill.
    @ivar restart: the delayed calls that will start.
    """

    threshold: float = 1
    killTime: float = 5
    minRestartDelay: float = 1
    maxRestartDelay: float = 3600
    log = Logger()

    def __init__(self, reactor: Any = None) -> None:
        """
        @param reactor: by default the global one.
        """
        self._reactor = currentReactor(reactor)
        self._programs: dict[str, _Program] = {}
        self.protocols: dict[str, LoggingProtocol] = {}
        self.delay: dict[str, float] = {}
        self.timeStarted: dict[str, float] = {}
        self.murder: dict[str, Any] = {}
        self.restart: dict[str, Any] = {}
        self._ends: dict[str, list[Deferred[None]]] = {}

    def __getstate__(self) -> dict[str, Any]:
        """The programs, and nothing of what runs."""
        state = super().__getstate__()
        for name in ("_reactor", "_ends"):
            state.pop(name, None)
        for name in ("protocols", "delay", "timeStarted", "murder", "restart"):
            state[name] = {}
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._ends = {}
        self._reactor = currentReactor()

    @property
    def processes(self) -> dict[str, tuple[Any, ...]]:
        """For each name its arguments, user, group and environment."""
        return {name: tuple(program[:4]) for name, program in self._programs.items()}

    def addProcess(
        self,
        name: str,
        args: Sequence[str],
        uid: int | None = None,
        gid: int | None = None,
        env: Mapping[str, str] = {},
        cwd: str | None = None,
    ) -> None:
        """
        Add a program, which is started if this runs.

        @param name: for the log, and for the other methods.
        @param args: the path of the program, and its arguments.
        @param uid: the user that it runs as; for root only.
        @param env: its environment.
        @param cwd: its folder.
        @raise KeyError: if there is one of that name.
        """
        if name in self._programs:
            raise KeyError(f"remove {name} first")
        self._programs[name] = _Program(args, uid, gid, env, cwd)
        self.delay[name] = self.minRestartDelay
        if self.running:
            self.startProcess(name)

    def removeProcess(self, name: str) -> None:
        """
        Stop a program, and forget it.

        @raise KeyError: if there is none of that name.
        """
        self.stopProcess(name)
        del self._programs[name]
        self._cancel(self.restart, name)

    def startService(self) -> None:
        """Start all programs."""
        super().startService()
        for name in list(self._programs):
            self.startProcess(name)

    def stopService(self) -> Deferred[Any]:
        """
        Stop all programs.

        @return: fires when they have ended.
        """
        super().stopService()
        for name in list(self.restart):
            self._cancel(self.restart, name)
        ending = []
        for name in list(self.protocols):
            ended: Deferred[None] = Deferred()
            self._ends.setdefault(name, []).append(ended)
            ending.append(ended)
            self.stopProcess(name)
        return DeferredList(ending)

    def startProcess(self, name: str) -> None:
        """
        Start a program, unless it runs. If the system refuses, that is logged, and tried again
        later.

        @raise KeyError: if there is none of that name.
        """
        if name in self.protocols:
            return
        program = self._programs[name]
        proto = LoggingProtocol()
        proto.service, proto.name = self, name
        self.protocols[name] = proto
        self.timeStarted[name] = self._reactor.seconds()
        try:
            self._reactor.spawnProcess(
                proto,
                program.args[0],
                program.args,
                uid=program.uid,
                gid=program.gid,
                env=program.env,
                path=program.cwd,
            )
        except OSError:
            self.log.failure("{name} cannot be started now", name=name)
            self._monitoredProcessExited(name)

    def stopProcess(self, name: str) -> None:
        """
        Ask a program to end, and kill it if it takes too long. It is started again, unless it was
        removed, or this does not run.

        @raise KeyError: if there is none of that name.
        """
        if name not in self._programs:
            raise KeyError(f"Unrecognized process name: {name}")
        proto = self.protocols.get(name)
        if proto is None:
            return
        process = proto.transport
        try:
            process.signalProcess("TERM")
        except error.ProcessExitedAlready:
            return
        if self.protocols.get(name) is not proto:
            return  # it has ended already
        self._cancel(self.murder, name)
        self.murder[name] = self._reactor.callLater(self.killTime, self._forceStopProcess, process)

    def _forceStopProcess(self, proc: Any) -> None:
        try:
            proc.signalProcess("KILL")
        except error.ProcessExitedAlready:
            pass

    def restartAll(self) -> None:
        """Stop all programs, which are started again."""
        for name in list(self._programs):
            self.stopProcess(name)

    def connectionLost(self, name: str) -> None:
        """A program has ended."""
        self._monitoredProcessExited(name)

    def _monitoredProcessExited(self, name: str, reason: Failure | None = None) -> None:
        self._cancel(self.murder, name)
        self.protocols.pop(name, None)
        for ended in self._ends.pop(name, []):
            ended.callback(None)
        if self._reactor.seconds() - self.timeStarted[name] < self.threshold:
            pause = self.delay[name]
            self.delay[name] = min(pause * 2, self.maxRestartDelay)
        else:
            pause = 0.0
            self.delay[name] = self.minRestartDelay
        if self.running and name in self._programs:
            self.restart[name] = self._reactor.callLater(pause, self._startAgain, name)

    def _startAgain(self, name: str) -> None:
        self.restart.pop(name, None)
        self.startProcess(name)

    def _cancel(self, calls: dict[str, Any], name: str) -> None:
        call = calls.pop(name, None)
        if call is not None and call.active():
            call.cancel()

    def __repr__(self) -> str:
        programs = "".join(
            f"{name!r} ({program.uid!r}, {program.gid!r}): {program.args!r} "
            for name, program in self._programs.items()
        )
        return f"<{type(self).__name__} {programs.strip()}>"
