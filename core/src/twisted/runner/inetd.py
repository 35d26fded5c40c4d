"""
Starting a program for each connection, as inetd(8) does.

The socket is the program's standard input, output and error output.
"""

from __future__ import annotations

import os
import pwd
import socket
from collections import deque
from collections.abc import Callable
from typing import Any

from zope.interface import implementer

from twisted.application.service import Service
from twisted.internet.currentreactor import currentReactor
from twisted.internet.error import CannotListenError, ConnectionDone
from twisted.internet.interfaces import IReadDescriptor
from twisted.internet.protocol import ProcessProtocol, Protocol, ServerFactory
from twisted.logger import Logger
from twisted.protocols import wire
from twisted.python.failure import Failure
from twisted.python.util import gidFromString, uidFromString
from twisted.runner.inetdconf import InetdService

__all__ = ["InetdFactory", "InetdProtocol", "WaitingService", "internalProtocols"]

_log = Logger()

#: The services that need no program, by their names in ``/etc/services``.
internalProtocols: dict[str, type[Protocol]] = {
    "chargen": wire.Chargen,
    "daytime": wire.Daytime,
    "discard": wire.Discard,
    "echo": wire.Echo,
    "time": wire.Time,
}

_MINUTE = 60.0
#: How long a service that is asked for too often is not served, in seconds.
_REST = 600.0


class _Rate:
    """Tells when programs are started too often."""

    def __init__(self, most: int, seconds: Callable[[], float]) -> None:
        """
        @param most: how many may be started in a minute.
        @param seconds: a clock.
        """
        self._most = most
        self._seconds = seconds
        self._started: deque[float] = deque()
        self._restsUntil = 0.0

    def allows(self, name: str) -> bool:
        """Whether another one may be started; it is counted then."""
        now = self._seconds()
        if now < self._restsUntil:
            return False
        while self._started and self._started[0] <= now - _MINUTE:
            self._started.popleft()
        if len(self._started) >= self._most:
            self._restsUntil = now + _REST
            self._started.clear()
            _log.error("{name} is asked for too often; it rests for 10 minutes", name=name)
            return False
        self._started.append(now)
        return True


class _Program(ProcessProtocol):
    """A program that has a socket."""

    def __init__(self, name: str, ended: Callable[[], None] | None = None) -> None:
        self._name = name
        self._ended = ended

    def processEnded(self, reason: Failure) -> None:
        """It has ended."""
        _log.debug("{name} has ended: {reason}", name=self._name, reason=reason.value)
        if self._ended is not None:
            self._ended()


def identity(service: InetdService) -> tuple[int | None, int | None]:
    """
    The numbers of the user and the group that a program has to change to; None for none.

    @raise KeyError: if they are not known to the system.
    @raise PermissionError: if this process may not change to them.
    """
    uid = uidFromString(service.user)
    gid = pwd.getpwuid(uid).pw_gid if service.group is None else gidFromString(service.group)
    if (uid, gid) == (os.getuid(), os.getgid()):
        return None, None
    if os.getuid() != 0:
        raise PermissionError(f"only root can run {service.name} as {service.user}")
    return uid, gid


def _spawn(
    reactor: Any,
    service: InetdService,
    skt: socket.socket,
    ended: Callable[[], None] | None = None,
    stderr: int | None = None,
) -> bool:
    """
    Start the program of a service, with a socket that blocks.

    @param ended: called when it has ended.
    @return: whether it was started.
    """
    number = skt.fileno()
    os.set_blocking(number, True)
    try:
        uid, gid = identity(service)
        reactor.spawnProcess(
            _Program(service.name, ended),
            service.program,
            service.programArgs,
            None,
            None,
            uid,
            gid,
            childFDs={0: number, 1: number, 2: number if stderr is None else stderr},
        )
    except Exception:
        _log.failure("{program} cannot be started", program=service.program)
        return False
    return True


class InetdProtocol(Protocol):
    """Hands its connection to a program, and is done."""

    def connectionMade(self) -> None:
        """Start the program."""
        factory, transport = self.factory, self.transport
        transport.stopReading()
        # From here on the connection is the program's: it is not shut down when it is closed here.
        skt = socket.socket(fileno=transport.getHandle().detach())
        try:
            if factory.allows():
                stderr = factory.stderrFile
                number = None if stderr is None else stderr.fileno()
                _spawn(factory.reactor, factory.service, skt, stderr=number)
        finally:
            skt.close()
            transport.connectionLost(Failure(ConnectionDone()))


class InetdFactory(ServerFactory):
    """
    Starts a program for each connection.

    @ivar service: what is to be started.
    @ivar stderrFile: where programs write their errors, an open file; None for the connection.
    """

    protocol: Any = InetdProtocol
    stderrFile: Any = None

    def __init__(self, service: InetdService, reactor: Any = None) -> None:
        """
        @param reactor: starts the programs; by default the global one.
        """
        self.service = service
        self.reactor = currentReactor(reactor)
        self._rate = _Rate(service.rate, self.reactor.seconds)

    def allows(self) -> bool:
        """Whether a program may be started: not too many were in the last minute."""
        return self._rate.allows(self.service.name)


@implementer(IReadDescriptor)
class WaitingService(Service):
    """
    Hands the socket that all peers talk to, for datagrams or for connections that are still to be
    accepted, to one program at a time.
    """

    _socket: socket.socket | None = None

    def __init__(self, service: InetdService, reactor: Any = None) -> None:
        """
        @param reactor: by default the global one when this is started.
        """
        self.service = service
        self._reactor = reactor

    def privilegedStartService(self) -> None:
        """
        Begin to listen.

        @raise CannotListenError: if the system refuses.
        """
        super().privilegedStartService()
        self._listen()

    def startService(self) -> None:
        """Begin to listen, if that was not done yet, and to start programs."""
        super().startService()
        if self._socket is None:
            self._listen()
        self._reactor.addReader(self)

    def stopService(self) -> None:
        """Listen no more; the program that runs keeps the socket."""
        super().stopService()
        if self._socket is not None:
            self._reactor.removeReader(self)
            self._socket.close()
            self._socket = None

    def _listen(self) -> None:
        self._reactor = reactor = currentReactor(self._reactor)
        self._rate = _Rate(self.service.rate, reactor.seconds)
        self._socket = _bound(self.service)

    def getHost(self) -> Any:
        """The address that is listened on, as the socket module has it."""
        assert self._socket is not None
        return self._socket.getsockname()

    def fileno(self) -> int:
        """The number of the socket's descriptor, or -1."""
        return -1 if self._socket is None else self._socket.fileno()

    def doRead(self) -> None:
        """Somebody is there: start the program, and look away until it has ended."""
        assert self._socket is not None
        self._reactor.removeReader(self)
        if not (
            self._rate.allows(self.service.name)
            and _spawn(self._reactor, self.service, self._socket, self._again)
        ):
            self._reactor.callLater(_REST, self._again)

    def _again(self) -> None:
        """The program has ended."""
        if self.running and self._socket is not None:
            self._reactor.addReader(self)

    def connectionLost(self, reason: Failure) -> None:
        """The reactor gives the socket up."""

    def logPrefix(self) -> str:
        """What log messages begin with."""
        return f"inetd {self.service.name}"


def _bound(service: InetdService) -> socket.socket:
    """
    A socket for a service.

    @raise CannotListenError: if the system refuses.
    """
    stream = service.socketType == "stream"
    inet6 = service.protocol.endswith("6") or ":" in service.interface
    made = socket.socket(
        socket.AF_INET6 if inet6 else socket.AF_INET,
        socket.SOCK_STREAM if stream else socket.SOCK_DGRAM,
    )
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, stream)
        if inet6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, True)
        made.bind((service.interface, service.port))
        if stream:
            made.listen(50)
    except OSError as e:
        made.close()
        raise CannotListenError(service.interface, service.port, e) from None
    return made
