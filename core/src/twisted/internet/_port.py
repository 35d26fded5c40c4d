"""
The socket that accepts TCP connections.

The class is public as `twisted.internet.tcp.Port`.
"""

from __future__ import annotations

import os
import socket
from errno import ECONNABORTED, EINVAL, EMFILE, ENFILE, EPERM, errorcode
from typing import Any

from zope.interface import implementer

from twisted.internet import base, error
from twisted.internet._binding import Binding
from twisted.internet._connection import Server, addressOf, resolveIPv6
from twisted.internet._spare import spareDescriptor
from twisted.internet.abstract import _logPrefixOf, isIPv6Address
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IListeningPort
from twisted.internet.main import CONNECTION_DONE
from twisted.logger import Logger
from twisted.python import log
from twisted.python.failure import Failure

__all__ = ["Port"]

_log = Logger()

#: How many connections a port accepts in a row at most, and how many seconds it lets go by when the
#: system has no room for another one.
_MOST_ACCEPTS = 128
_ACCEPT_PAUSE = 1.0


@implementer(IListeningPort)
class Port(base.BasePort):
    """
    A socket that accepts TCP connections.

    @ivar port: the port asked for; 0 lets the system choose one, which `getHost` tells.
    @ivar interface: the address to listen on; empty is all of IPv4, ``::`` is all there are.
    @ivar sessionno: how many connections were accepted so far.
    """

    __module__ = "twisted.internet.tcp"

    socketType = socket.SOCK_STREAM
    addressFamily: int = socket.AF_INET
    transport: Any = Server
    sessionno = 0

    # What the log calls it.
    _type = "TCP"
    _realPortNumber: Any = None
    _adopted: socket.socket | None = None
    _binding: Binding | None = None
    # How many accepts to try in a row: as many as were of use the last time, and a little more.
    _eagerness = 1
    # Whether it is known, and was logged, that the system has no room for another connection.
    _exhausted = False
    _pauseEnd: Any = None
    _stopped: Deferred[None] | None = None
    socket: Any = None

    def __init__(
        self, port: Any, factory: Any, backlog: int = 50, interface: str = "", reactor: Any = None
    ) -> None:
        """
        @param port: the number of the port, or what `makeBinding` gave.
        @param backlog: how many connections may wait to be accepted.
        """
        base.BasePort.__init__(self, reactor)
        if isinstance(port, Binding):
            self._binding = port
            interface, port = port.interface, port.port
        self.port = port
        self.factory = factory
        self.backlog = backlog
        self.interface = interface
        if interface and isIPv6Address(interface):
            self.addressFamily = socket.AF_INET6

    @classmethod
    def _fromListeningDescriptor(
        cls, reactor: Any, fd: int, addressFamily: int, factory: Any
    ) -> Port:
        """Accept connections from a socket that listens already; its descriptor is duplicated."""
        listening = socket.fromfd(fd, addressFamily, cls.socketType)
        listening.setblocking(False)
        name = listening.getsockname()
        self = cls(None, factory, reactor=reactor)
        self.addressFamily = addressFamily
        self._adopted = listening
        if isinstance(name, tuple):
            self.interface, self.port = name[:2]
        else:
            self.port = name
        return self

    def fileno(self) -> int:
        """Tell the number of the socket's descriptor, or -1 when not listening."""
        return -1 if self.socket is None else self.socket.fileno()

    def createInternetSocket(self) -> socket.socket:
        """Make a socket whose port can be listened on again right after the program has ended."""
        made = base.BasePort.createInternetSocket(self)
        if self._binding is not None:
            self._binding.prepare(made)
        if os.name == "posix":
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return made

    def _bound(self) -> socket.socket:
        """
        Make a socket that listens.

        @raise twisted.internet.error.CannotListenError: the system refuses.
        """
        made = None
        try:
            made = self.createInternetSocket()
            if self.addressFamily == socket.AF_INET6:
                made.bind(resolveIPv6(self.interface, self.port))
            else:
                made.bind((self.interface, self.port))
            made.listen(self.backlog)
        except (OSError, OverflowError) as e:
            if made is not None:
                made.close()
            raise error.CannotListenError(self.interface, self.port, e) from None
        return made

    def startListening(self) -> None:
        """
        Begin to accept connections.

        @raise twisted.internet.error.CannotListenError: the system refuses.
        """
        adopted, self._adopted = self._adopted, None
        self.socket = self._bound() if adopted is None else adopted
        name = self.socket.getsockname()
        self._realPortNumber = name[1] if isinstance(name, tuple) else name
        self._announce()

    def _announce(self) -> None:
        """Begin to watch a socket that listens."""
        log.msg(f"{_logPrefixOf(self.factory)} starting on {self._whereName()}")
        self.factory.doStart()
        self.connected = 1
        self.disconnected = self.disconnecting = 0
        spareDescriptor.hold()
        self.startReading()

    def _portName(self) -> Any:
        """Tell what the log calls the port."""
        return self._realPortNumber

    def _whereName(self) -> Any:
        """Tell what the log calls it when it begins to listen."""
        return self._portName()

    # Accepting.

    def doRead(self) -> None:
        """Accept the connections that wait, a bounded number; the reactor calls this."""
        tries = self._eagerness
        for done in range(tries):
            if self.socket is None:
                return
            try:
                skt, address = self.socket.accept()
            except (BlockingIOError, InterruptedError):
                self._eagerness = done or 1
                return
            except OSError as e:
                if self._acceptFailed(e):
                    continue
                return
            self._exhausted = False
            self._serve(skt, address)
        self._eagerness = min(tries * 2, _MOST_ACCEPTS)

    def _acceptFailed(self, problem: OSError) -> bool:
        """
        Deal with a connection that could not be accepted.

        @return: whether it makes sense to try the next one at once.
        """
        code = problem.errno
        if code in (EPERM, ECONNABORTED, EINVAL):
            # A firewall refused the peer, or the peer has left already: its own affair.
            return code != EINVAL
        if not self._exhausted:
            self._exhausted = True
            _log.error(
                "Could not accept new connection ({reason}); others will be turned away quietly"
                " until there is room again",
                reason=errorcode.get(code or 0, str(problem)),
            )
        if code in (EMFILE, ENFILE) and spareDescriptor.turnAway(self.socket):
            return True
        self._pause()
        return False

    def _pause(self) -> None:
        """Accept nothing for a moment: trying again and again would only burn time."""
        self.stopReading()
        if self._pauseEnd is None:
            self._pauseEnd = self.reactor.callLater(_ACCEPT_PAUSE, self._resume)

    def _resume(self) -> None:
        self._pauseEnd = None
        if self.connected:
            self.startReading()

    def _serve(self, skt: socket.socket, address: Any) -> None:
        """Hand a new connection to a protocol of the factory; drop it if there is none."""
        try:
            peer = self._buildAddr(address)
            protocol = self.factory.buildProtocol(peer)
        except BaseException:
            _log.failure("Unhandled error while building a protocol for {peer}", peer=address)
            skt.close()
            return
        if protocol is None:
            skt.close()
            return
        session = self.sessionno
        self.sessionno = session + 1
        self._connectionMade(
            self.transport(skt, protocol, address, self, session, self.reactor), peer
        )

    @staticmethod
    def _connectionMade(transport: Any, peer: Any) -> None:
        transport._accepted(peer)

    def _buildAddr(self, address: Any) -> Any:
        """Turn what the socket module calls an address into an address object."""
        return addressOf("TCP", address)

    # The end.

    def loseConnection(  # type: ignore[override]
        self, connDone: Failure | None = None
    ) -> Deferred[None]:
        """
        Stop accepting connections; those that stand go on.

        @param connDone: the reason that `connectionLost` gets.
        @return: fires when the socket is closed.
        """
        if not self.connected:
            return succeed(None)
        self.disconnecting = 1
        self.stopReading()
        stopped: Deferred[None] = Deferred()
        self._stopped = stopped
        self.connectionLost(connDone if connDone is not None else Failure(CONNECTION_DONE))
        return stopped

    stopListening = loseConnection

    def connectionLost(self, reason: Failure) -> None:
        """Close the socket, stop the factory and tell whoever waits for it."""
        if not self.connected:
            return
        log.msg(f"({self._type} Port {self._portName()} Closed)")
        self._realPortNumber = None
        if self._pauseEnd is not None:
            self._pauseEnd.cancel()
            self._pauseEnd = None
        base.BasePort.connectionLost(self, reason)
        skt, self.socket = self.socket, None
        skt.close()
        spareDescriptor.release()
        stopped, self._stopped = self._stopped, None
        try:
            self.factory.doStop()
        except BaseException:
            if stopped is None:
                raise
            stopped.errback()
        else:
            if stopped is not None:
                stopped.callback(None)

    # Particulars.

    def getHost(self) -> Any:
        """Tell the address that is listened on."""
        return self._buildAddr(self.socket.getsockname())

    def logPrefix(self) -> str:
        """Tell what log messages about this port begin with."""
        kind = type(self.factory)
        return f"{kind.__module__}.{kind.__qualname__}"

    def __repr__(self) -> str:
        kind, factory = type(self), type(self.factory)
        where = "(not listening)" if self._realPortNumber is None else f"on {self._portName()}"
        return (
            f"<{kind.__module__}.{kind.__qualname__} of"
            f" {factory.__module__}.{factory.__qualname__} {where}>"
        )
