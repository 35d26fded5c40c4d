"""
A stream connection over a socket, whichever side asked for it.

What a protocol writes gathers in its transport and is sent once, after the protocol's method has
returned: in one system call, and as few segments as the network allows.  Only what the system does
not take at once makes the transport wait for the socket.

The classes are public as `twisted.internet.tcp.Connection` and `twisted.internet.tcp.Server`.
"""

from __future__ import annotations

import os
import socket
import struct
from errno import ENOBUFS
from typing import Any

from zope.interface import implementer

from twisted.internet import error
from twisted.internet._metrics import UNCOUNTED, ReactorMetrics
from twisted.internet.abstract import FileDescriptor, _checkedBytes, _logPrefixOf
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IHalfCloseableProtocol, ISystemHandle, ITLSTransport
from twisted.internet.main import CONNECTION_DONE, CONNECTION_LOST
from twisted.logger import Logger
from twisted.python.failure import Failure

__all__ = ["Connection", "Server", "addressOf", "resolveIPv6"]

_log = Logger()

#: How many bytes are asked for at once, and how often in a row while a peer keeps sending.
_READ_SIZE = 64 * 1024
_READS_IN_A_ROW = 4

#: Pieces of this size and more are handed to the system as they are instead of being joined.
_WORTH_KEEPING_APART = 4096
_PIECES_AT_ONCE = 64

_SENDS_FILES = hasattr(os, "sendfile")

NUMERIC_ONLY = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV

#: SO_LINGER with no time: closing discards what is unsent and resets the connection.
_DISCARD = struct.pack("ii", 1, 0)


class AtNextChance:
    """What stands in for the list of the unflushed where a reactor has none."""

    @staticmethod
    def append(descriptor: FileDescriptor) -> None:
        """Have the descriptor send as soon as the reactor finds that it can."""
        descriptor._waiting = True  # type: ignore[attr-defined]
        descriptor.startWriting()


@implementer(ITLSTransport, ISystemHandle)
class Connection(FileDescriptor):
    """
    A stream connection over a socket.

    `pauseProducing` leaves the reactor alone at first: most protocols resume before more data come.

    @ivar socket: the socket.
    @ivar protocol: who is told of data and of the end; None after that.
    """

    __module__ = "twisted.internet.tcp"

    _aborting = False
    _logstr: str | None = None

    # What speaks TLS on this connection, after startTLS, and which side this is of it.
    _secured: Any = None
    _isClient = False

    def __init__(self, skt: socket.socket, protocol: Any, reactor: Any = None) -> None:
        """
        @param skt: a connected socket; it is made non-blocking.
        """
        FileDescriptor.__init__(self, reactor)
        skt.setblocking(False)
        self.socket = skt
        self.protocol = protocol
        self._setUp()

    def _setUp(self) -> None:
        """
        Set what is looked at for each message on the object itself.

        What an object takes from its class is found much more slowly than what is its own.
        """
        self._unflushed: Any = getattr(self.reactor, "_unflushed", AtNextChance)
        self._metrics: ReactorMetrics = getattr(self.reactor, "metrics", UNCOUNTED)
        # Whether doWrite is going to be called: the transport is on the reactor's list, or the
        # reactor watches the socket; _waiting tells the latter alone.
        self._scheduled = False
        self._waiting = False
        self._readPaused = False
        self._sentOfFirst = 0
        self._writeDisconnected = False
        self._writeDisconnecting = False
        self.connected = 0
        self.disconnecting = 0
        self.producer = None

    def fileno(self) -> int:
        """Tell the number of the socket's descriptor, or -1 after the end."""
        return self.socket.fileno()

    def getHandle(self) -> socket.socket:
        """Give the socket itself."""
        return self.socket

    # Reading.

    def doRead(self) -> Exception | Failure | None:
        """
        Pass what has come to the protocol; the reactor calls this when something has.

        @return: None, or why the connection is over.
        """
        if self._readPaused:
            # Nobody has resumed since: now it pays to have the reactor look away.
            self.reactor.removeReader(self)
            return None
        try:
            data = self.socket.recv(_READ_SIZE)
        except (BlockingIOError, InterruptedError):
            return None
        except OSError:
            return CONNECTION_LOST
        if not data:
            return CONNECTION_DONE
        self._metrics.bytesReceived += len(data)
        self.protocol.dataReceived(data)
        if len(data) == _READ_SIZE:
            return self._readMore()
        return None

    def _readMore(self) -> Exception | Failure | None:
        """Go on reading for a while from a peer that sends much."""
        for _ in range(_READS_IN_A_ROW - 1):
            if self._readPaused or self.disconnecting or self.disconnected:
                return None
            try:
                data = self.socket.recv(_READ_SIZE)
            except (BlockingIOError, InterruptedError):
                return None
            except OSError:
                return CONNECTION_LOST
            if not data:
                return CONNECTION_DONE
            self._metrics.bytesReceived += len(data)
            self.protocol.dataReceived(data)
            if len(data) < _READ_SIZE:
                return None
        return None

    def startReading(self) -> None:
        """Have data that come passed to the protocol."""
        self._readPaused = False
        self.reactor.addReader(self)

    def pauseProducing(self) -> None:
        """Read nothing until `resumeProducing`."""
        self._readPaused = True

    def resumeProducing(self) -> None:
        """Read again, unless the connection is ending."""
        if self.connected and not self.disconnecting:
            self.startReading()

    # Writing.

    def write(self, data: bytes) -> None:
        """
        Send ``data`` when that is possible; soon or later, in order, never waiting.

        After the connection has ended it is dropped.

        @raise TypeError: ``data`` is not bytes.
        """
        # The same as in the base class without the calls on the way: this is done for each message.
        if type(data) is not bytes:
            data = _checkedBytes(data)
        if data and self.connected and not self._writeDisconnected:
            self._pieces.append(data)
            self._unsent += len(data)
            if not self._scheduled:
                self._scheduled = True
                self._unflushed.append(self)
            if self.producer is not None:
                self._pauseIfFull()

    def _scheduleWrite(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._unflushed.append(self)

    def doWrite(self) -> Exception | Failure | None:
        """
        Send what waits; the reactor calls this after a write, and when the socket takes data again.

        @return: None, or why the connection is over.
        """
        pieces = self._pieces
        if pieces:
            try:
                if len(pieces) == 1 and not self._sentOfFirst:
                    sent = self.socket.send(pieces[0])
                else:
                    sent = self._sendSeveral()
            except (BlockingIOError, InterruptedError):
                sent = 0
            except OSError as e:
                if e.errno != ENOBUFS:
                    return CONNECTION_LOST
                sent = 0
            self._metrics.bytesSent += sent
            if sent != self._unsent:
                self._dropSent(sent)
                if not self._waiting:
                    self._waiting = True
                    self.reactor.addWriter(self)
                return None
            pieces.clear()
            self._unsent = self._sentOfFirst = 0
        if self._waiting:
            self._waiting = False
            self.reactor.removeWriter(self)
        self._scheduled = False
        if self.producer is not None or self.disconnecting or self._writeDisconnecting:
            return self._drained()
        return None

    def _sendSeveral(self) -> int:
        """Send as much as possible of several pieces, or of the rest of one."""
        pieces = self._pieces
        if len(pieces) == 1 or self._unsent < len(pieces) * _WORTH_KEEPING_APART:
            return self.socket.send(self._nextPortion())
        vector: list[bytes | memoryview] = list(pieces[:_PIECES_AT_ONCE])
        if self._sentOfFirst:
            vector[0] = memoryview(vector[0])[self._sentOfFirst :]
        return self.socket.sendmsg(vector)

    def sendFile(self, file: int, offset: int, count: int) -> int | None:
        """
        Send a part of a file as far as the socket takes it at once, without copies of it.

        For a producer that is asked each time, while nothing that was written waits: it is asked
        again when the socket takes more.

        @param file: the file's descriptor.
        @param offset: where the part begins, in bytes.
        @return: how many bytes went, 0 if the socket takes none now; or None if it cannot be sent
            in this way, because of TLS or of what it is, or has ended: read it, and `write`.
        """
        if self._pieces or self._secured is not None or not _SENDS_FILES:
            return None
        if not self.connected or self._writeDisconnected:
            return None
        try:
            sent = os.sendfile(self.socket.fileno(), file, offset, count)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            # If it is the socket's fault, writing finds out.
            return None
        else:
            if not sent:
                return None
        self._metrics.bytesSent += sent
        self._scheduled = self._waiting = True
        self.reactor.addWriter(self)
        return sent

    def writeSomeData(self, data: bytes | memoryview) -> int | Exception:
        """
        Send as much of ``data`` as is possible at once, past what waits.

        @return: how many bytes were taken, or why nothing can be sent any more.
        """
        try:
            return self.socket.send(data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as e:
            return 0 if e.errno == ENOBUFS else CONNECTION_LOST

    def _drained(self) -> Exception | Failure | None:
        # An aborted connection has its end coming already.
        return None if self._aborting else FileDescriptor._drained(self)

    # The end.

    def _closeWriteConnection(self) -> Exception | Failure | None:
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            # The peer is gone; reading finds that out too.
            pass
        halfCloseable = IHalfCloseableProtocol(self.protocol, None)
        if halfCloseable is not None:
            halfCloseable.writeConnectionLost()
        return None

    def readConnectionLost(self, reason: Failure) -> None:
        """Tell the protocol that the peer has sent its last, if it can live with that."""
        halfCloseable = IHalfCloseableProtocol(self.protocol, None)
        if halfCloseable is None:
            self.connectionLost(reason)
            return
        try:
            halfCloseable.readConnectionLost()
        except BaseException:
            self._endBroken()

    def abortConnection(self) -> None:
        """
        End the connection without sending what waits; the peer sees a reset.

        The protocol is told soon, with `twisted.internet.error.ConnectionAborted`.
        """
        if self.disconnected or self._aborting or not self.connected:
            return
        self._aborting = True
        self.disconnecting = 1
        self._writeDisconnected = True
        self._pieces.clear()
        self._unsent = self._sentOfFirst = 0
        self.stopReading()
        self.stopWriting()
        self.reactor.callLater(0, self.connectionLost, Failure(error.ConnectionAborted()))

    def connectionLost(self, reason: Failure) -> None:
        """Close the socket and tell the protocol; nothing happens the second time."""
        if self.disconnected:
            return
        protocol, self.protocol = self.protocol, None
        try:
            FileDescriptor.connectionLost(self, reason)
        finally:
            _close(self.socket, discard=reason.check(error.ConnectionAborted) is not None)
            if protocol is not None:
                protocol.connectionLost(reason)

    def _endBroken(self) -> None:
        """End the connection because of the exception being handled, which is logged."""
        reason = Failure()
        _log.failure("Unhandled error in {connection}", failure=reason, connection=self.logstr)
        try:
            self.connectionLost(reason)
        except BaseException:
            _log.failure("Unhandled error while ending {connection}", connection=self.logstr)

    # TLS.

    def startTLS(self, contextFactory: Any, normal: bool = True) -> None:
        """
        Speak TLS from now on: what is written goes through it, and so does what comes.

        @param contextFactory: the settings, such as `twisted.internet.ssl.CertificateOptions` or
            what `twisted.internet.ssl.optionsForClientTLS` returns.
        @param normal: whether the side that has asked for the connection begins, as it mostly does.
        @raise ImportError: the extra ``tls`` is not installed.
        @raise RuntimeError: the connection speaks TLS already.
        """
        # It needs an extra.
        from twisted.internet._tls._starttls import startTLS

        if self._secured is not None:
            raise RuntimeError(f"{self!r} speaks TLS already")
        startTLS(self, contextFactory, self._isClient == normal)

    @property
    def TLS(self) -> bool:
        """Whether `startTLS` has been called."""
        return self._secured is not None

    @property
    def negotiatedProtocol(self) -> bytes | None:
        """The application protocol agreed on under TLS (RFC 7301), or None."""
        if self._secured is None:
            raise AttributeError("negotiatedProtocol")
        protocol: bytes | None = self._secured.negotiatedProtocol
        return protocol

    # Particulars.

    @property
    def logstr(self) -> str:
        """What log messages about this connection begin with; put together when asked for."""
        if self._logstr is None:
            if self.protocol is None:
                return "-"
            self._logstr = self._makeLogPrefix()
        return self._logstr

    @logstr.setter
    def logstr(self, text: str) -> None:
        self._logstr = text

    def _makeLogPrefix(self) -> str:
        """Name the connection for the log."""
        return _logPrefixOf(self.protocol)

    def logPrefix(self) -> str:
        """Tell what log messages about this connection begin with."""
        return self.logstr

    def getTcpNoDelay(self) -> bool:
        """Tell whether small segments are sent without waiting for others to join them."""
        return bool(self.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Set whether small segments are sent without waiting for others to join them."""
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, bool(enabled))

    def getTcpKeepAlive(self) -> bool:
        """Tell whether the system checks that an idle peer is still there."""
        return bool(self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))

    def setTcpKeepAlive(self, enabled: bool) -> None:
        """Set whether the system checks that an idle peer is still there."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, bool(enabled))


def _close(skt: socket.socket, discard: bool) -> None:
    """
    Close a socket.

    @param discard: whether what is unsent is thrown away and the peer sees a reset.
    """
    try:
        if discard:
            skt.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _DISCARD)
        else:
            # The connection ends even if another process has inherited the descriptor.
            skt.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    skt.close()


def addressOf(kind: str, address: tuple[Any, ...]) -> IPv4Address | IPv6Address:
    """Turn what the socket module calls an address into an address object."""
    if len(address) == 2:
        return IPv4Address(kind, *address)
    return IPv6Address(kind, *address)


def resolveIPv6(ip: str, port: int | str) -> tuple[Any, ...]:
    """Turn an IPv6 literal, perhaps with a scope, into the tuple that the socket module takes."""
    return socket.getaddrinfo(ip, port, 0, 0, 0, NUMERIC_ONLY)[0][4]


class Server(Connection):
    """
    The side of a connection that was listening for it.

    @ivar client: the address of the other side, as the socket module has it.
    @ivar server: the port that accepted the connection.
    @ivar sessionno: how many the port had accepted before.
    """

    __module__ = "twisted.internet.tcp"

    _host: Any = None
    _peer: Any = None

    def __init__(
        self,
        sock: socket.socket,
        protocol: Any,
        client: Any,
        server: Any,
        sessionno: int,
        reactor: Any,
    ) -> None:
        Connection.__init__(self, sock, protocol, reactor)
        self.client = client
        self.server = server
        self.sessionno = sessionno
        self.connected = 1
        self._metrics.accepted += 1
        self._metrics.acceptedOpen += 1
        self.startReading()

    @classmethod
    def _fromConnectedSocket(
        cls, fileDescriptor: int, addressFamily: int, factory: Any, reactor: Any
    ) -> Server | None:
        """
        Serve a connection that stands already, on a duplicate of its descriptor.

        @return: the transport, or None if the factory wants no connection.
        """
        skt = socket.fromfd(fileDescriptor, addressFamily, socket.SOCK_STREAM)
        try:
            client = skt.getpeername()
            peer = cls._addressFor(client)
            protocol = factory.buildProtocol(peer)
        except BaseException:
            skt.close()
            raise
        if protocol is None:
            skt.close()
            return None
        self = cls(skt, protocol, client, None, -1, reactor)
        self._peer = peer
        protocol.makeConnection(self)
        return self

    @staticmethod
    def _addressFor(address: Any) -> Any:
        """Turn what the socket module calls an address into an address object."""
        return addressOf("TCP", address)

    def _accepted(self, peer: Any) -> None:
        """Hand the connection to its protocol."""
        self._peer = peer
        try:
            self.protocol.makeConnection(self)
        except BaseException:
            self._endBroken()

    def connectionLost(self, reason: Failure) -> None:
        """Close the socket and tell the protocol; nothing happens the second time."""
        if not self.disconnected:
            self._metrics.acceptedOpen -= 1
            Connection.connectionLost(self, reason)

    @property
    def hostname(self) -> str:
        """The IP address of the other side."""
        return str(self.client[0])

    @property
    def repstr(self) -> str:
        """What `repr` gives."""
        port = "an adopted socket" if self.server is None else self.server._realPortNumber
        return f"<{_logPrefixOf(self.protocol)} #{self.sessionno} on {port}>"

    def getHost(self) -> Any:
        """Tell the address of this side."""
        if self._host is None:
            self._host = self._addressFor(self.socket.getsockname())
        return self._host

    def getPeer(self) -> Any:
        """Tell the address of the other side."""
        if self._peer is None:
            self._peer = self._addressFor(self.client)
        return self._peer

    def _makeLogPrefix(self) -> str:
        return f"{_logPrefixOf(self.protocol)},{self.sessionno},{self.hostname}"

    def __repr__(self) -> str:
        return self.repstr
