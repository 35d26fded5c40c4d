"""
The side of a TCP connection that asks for it.

The classes are public in `twisted.internet.tcp`.
"""

from __future__ import annotations

import socket
from errno import EAGAIN, EALREADY, EINPROGRESS, EISCONN, EWOULDBLOCK
from os import strerror
from typing import TYPE_CHECKING, Any

from twisted.internet import base, error
from twisted.internet._binding import Binding
from twisted.internet._connection import Connection, addressOf, resolveIPv6
from twisted.internet.abstract import FileDescriptor, _logPrefixOf, isIPAddress, isIPv6Address
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.python.failure import Failure

if TYPE_CHECKING:
    pass

__all__ = ["BaseClient", "Client", "Connector"]


class _Attempt:
    """What the reactor watches while a connection is being made: its socket, for taking data."""

    __slots__ = ("_client",)

    def __init__(self, client: BaseClient) -> None:
        self._client = client

    def fileno(self) -> int:
        return self._client.fileno()

    def doWrite(self) -> None:
        self._client.doConnect()

    def connectionLost(self, reason: Failure) -> None:
        self._client.failIfNotConnected(reason)

    def logPrefix(self) -> str:
        return self._client.logPrefix()


class BaseClient(Connection):
    """
    The side of a connection that asked for it.

    A subclass sets `addressFamily` and `socketType`, and `realAddress` before `doConnect`.
    """

    __module__ = "twisted.internet.tcp"

    addressFamily = socket.AF_INET
    socketType = socket.SOCK_STREAM
    realAddress: Any = None
    connector: Any = None
    # The socket is made when the address is known; until then there is none.
    socket: Any = None
    protocol: Any = None
    _attempt: _Attempt | None = None
    _host: IPv4Address | IPv6Address | None = None

    _isClient = True

    def __init__(self, connector: Any, reactor: Any = None) -> None:
        FileDescriptor.__init__(self, reactor)
        self._setUp()
        self.connector = connector

    def fileno(self) -> int:
        """Tell the number of the socket's descriptor, or -1 before and after the connection."""
        return -1 if self.socket is None else self.socket.fileno()

    def createInternetSocket(self) -> socket.socket:
        """Make a socket of the right kind that neither blocks nor is inherited."""
        made = socket.socket(self.addressFamily, self.socketType)
        made.setblocking(False)
        return made

    def _prepareSocket(self) -> None:
        """Make the socket; a subclass binds it."""
        self.socket = self.createInternetSocket()

    def _begin(self) -> None:
        """Make the socket and connect it to `realAddress`."""
        if self.connector is None:
            return
        try:
            self._prepareSocket()
        except error.ConnectError as e:
            self.failIfNotConnected(e)
        except OSError as e:
            self.failIfNotConnected(error.getConnectError((e.errno, e.strerror)))
        else:
            self.doConnect()

    def doConnect(self) -> None:
        """Connect, or find out how far that has come."""
        if self.connector is None:
            return
        code = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if not code:
            try:
                code = self.socket.connect_ex(self.realAddress)
            except OSError as e:
                # The address itself is of no use: no text form of one, for instance.
                self.failIfNotConnected(error.getConnectError((e.errno, str(e))))
                return
        if code in (EINPROGRESS, EALREADY, EAGAIN, EWOULDBLOCK):
            if self._attempt is None:
                self._attempt = _Attempt(self)
                self.reactor.addWriter(self._attempt)
        elif code in (0, EISCONN):
            self._connected()
        else:
            self.failIfNotConnected(error.getConnectError((code, strerror(code))))

    def _stopAttempt(self) -> None:
        attempt, self._attempt = self._attempt, None
        if attempt is not None:
            self.reactor.removeWriter(attempt)

    def failIfNotConnected(self, err: Any) -> None:
        """
        Give up connecting because of ``err``, an exception or a `Failure`.

        Nothing happens if the connection stands or has been given up already.
        """
        connector = self.connector
        if self.connected or self.disconnected or connector is None:
            return
        self.connector = None
        self.disconnected = 1
        self._metrics.connectFailed += 1
        self._stopAttempt()
        if self.socket is not None:
            self.socket.close()
        connector.connectionFailed(err if isinstance(err, Failure) else Failure(err))

    def _connected(self) -> None:
        """Take note that the connection stands; hand it to a protocol."""
        self._stopAttempt()
        self.connected = 1
        self._metrics.connected += 1
        self._metrics.connectedOpen += 1
        try:
            protocol = self.protocol = self.connector.buildProtocol(self.getPeer())
            if protocol is None:
                self.loseConnection()
            else:
                self.startReading()
                protocol.makeConnection(self)
        except BaseException:
            self._endBroken()

    def connectionLost(self, reason: Failure) -> None:
        """Tell the protocol that the connection is over, then the connector."""
        if not self.connected:
            self.failIfNotConnected(reason)
            return
        connector, self.connector = self.connector, None
        if not self.disconnected:
            self._metrics.connectedOpen -= 1
        try:
            Connection.connectionLost(self, reason)
        finally:
            if connector is not None:
                connector.connectionLost(reason)

    def _makeLogPrefix(self) -> str:
        return f"{_logPrefixOf(self.protocol)},client"


class Client(BaseClient):
    """
    The side of a TCP connection that asked for it.

    @ivar addr: the host and the port that were asked for.
    @ivar realAddress: the address that the host stands for, as the socket module has it.
    """

    __module__ = "twisted.internet.tcp"

    def __init__(
        self,
        host: str,
        port: int,
        bindAddress: tuple[str, int] | None,
        connector: Any,
        reactor: Any = None,
    ) -> None:
        BaseClient.__init__(self, connector, reactor)
        self.addr = (host, port)
        self.bindAddress = bindAddress
        # Whatever comes of it, whoever asked for the connection is told only after having asked.
        self.reactor.callLater(0, self._resolve)

    def _resolve(self) -> None:
        """Find the address that the host stands for, then connect."""
        host = self.addr[0]
        if self.connector is None:
            return
        if isIPAddress(host) or isIPv6Address(host):
            self._resolved(host)
        else:
            self.reactor.resolve(host).addCallbacks(self._resolved, self.failIfNotConnected)

    def _resolved(self, address: str) -> None:
        """Connect to an address."""
        port = self.addr[1]
        if isIPv6Address(address):
            self.addressFamily = socket.AF_INET6
            try:
                self.realAddress = resolveIPv6(address, port)
            except OSError as e:
                self.failIfNotConnected(error.getConnectError((e.errno, e.strerror)))
                return
        else:
            self.realAddress = (address, port)
        self._begin()

    def _prepareSocket(self) -> None:
        """
        Make the socket, and bind it if that was asked for.

        @raise twisted.internet.error.ConnectBindError: the system refuses the binding.
        """
        BaseClient._prepareSocket(self)
        if self.bindAddress is None:
            return
        binding = self.bindAddress
        try:
            if isinstance(binding, Binding):
                binding.prepare(self.socket)
                binding = (binding.interface, binding.port)
            if self.addressFamily == socket.AF_INET6:
                self.socket.bind(resolveIPv6(*binding))
            else:
                self.socket.bind(binding)
        except OSError as e:
            raise error.ConnectBindError(e.errno, str(e.strerror)) from None

    def getHost(self) -> IPv4Address | IPv6Address:
        """Tell the address of this side."""
        if self._host is None:
            self._host = addressOf("TCP", self.socket.getsockname())
        return self._host

    def getPeer(self) -> IPv4Address | IPv6Address:
        """Tell the address of the other side, as resolved."""
        return addressOf("TCP", self.realAddress)

    def __repr__(self) -> str:
        return (
            f"<{type(self).__module__}.{type(self).__qualname__} to {self.addr} at {id(self):#x}>"
        )


class Connector(base.BaseConnector):
    """
    A TCP connection that a `ClientFactory` asked for.

    @cvar transportClass: what is made for it.
    """

    __module__ = "twisted.internet.tcp"

    transportClass: Any = Client

    def __init__(
        self,
        host: str,
        port: int | str,
        factory: Any,
        timeout: float | None,
        bindAddress: Any,
        reactor: Any = None,
    ) -> None:
        """
        @param port: a number or the name of a service.
        @param bindAddress: the address and port of this side, or None.
        @raise twisted.internet.error.ServiceNameUnknownError: there is no such service.
        """
        if isinstance(port, str):
            try:
                port = socket.getservbyname(port, "tcp")
            except OSError as e:
                raise error.ServiceNameUnknownError(string=f"{e} ({port!r})") from None
        self.host = host
        self.port = port
        self.bindAddress = bindAddress
        base.BaseConnector.__init__(self, factory, timeout, reactor)

    def _makeTransport(self) -> Client:
        made: Client = self.transportClass(
            self.host, self.port, self.bindAddress, self, self.reactor
        )
        return made

    def getDestination(self) -> IPv4Address | IPv6Address:
        """Tell the host and the port that this connects to."""
        if isIPv6Address(self.host):
            return IPv6Address("TCP", self.host, self.port)
        return IPv4Address("TCP", self.host, self.port)
