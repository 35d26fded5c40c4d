"""
What reactors on POSIX share: the transports that they offer, over any way of watching descriptors.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from typing import Any

from zope.interface import implementer

from twisted.internet import _unixdatagrams, error, tcp, udp, unix
from twisted.internet._signals import Waker
from twisted.internet.base import ReactorBase
from twisted.internet.interfaces import (
    IReactorMulticast,
    IReactorProcess,
    IReactorSocket,
    IReactorSSL,
    IReactorTCP,
    IReactorUDP,
    IReactorUNIX,
    IReactorUNIXDatagram,
)

__all__ = ["PosixReactorBase"]

_Waker = Waker


@implementer(
    IReactorTCP,
    IReactorSSL,
    IReactorUDP,
    IReactorMulticast,
    IReactorUNIX,
    IReactorUNIXDatagram,
    IReactorProcess,
    IReactorSocket,
)
class PosixReactorBase(ReactorBase):
    """
    The transports of a reactor that watches descriptors.

    A subclass gives `addReader`, `removeReader`, `addWriter`, `removeWriter`, `removeAll`,
    `getReaders`, `getWriters` and `doIteration`.
    """

    # What is made for each kind of transport.
    _tcpPort: type[tcp.Port] = tcp.Port
    _tcpConnector: type[tcp.Connector] = tcp.Connector
    _unixPort: type[unix.Port] = unix.Port
    _unixConnector: type[unix.Connector] = unix.Connector
    _udpPort: type[udp.Port] = udp.Port
    _multicastPort: type[udp.MulticastPort] = udp.MulticastPort

    def installWaker(self) -> None:
        """Set up the pipe by which threads and signals end the waiting for descriptors."""
        if self.waker is None:
            self.waker = waker = Waker()
            self._internalReaders.add(waker)
            self.addReader(waker)

    def listenTCP(
        self, port: int, factory: Any, backlog: int = 50, interface: str = ""
    ) -> tcp.Port:
        """
        Listen for TCP connections; see `IReactorTCP.listenTCP`.

        @raise twisted.internet.error.CannotListenError: the system refuses.
        """
        listening = self._tcpPort(port, factory, backlog, interface, self)
        listening.startListening()
        return listening

    def connectTCP(
        self,
        host: str,
        port: int | str,
        factory: Any,
        timeout: float = 30.0,
        bindAddress: tuple[str, int] | None = None,
    ) -> tcp.Connector:
        """Connect to a TCP port; see `IReactorTCP.connectTCP`."""
        connector = self._tcpConnector(host, port, factory, timeout, bindAddress, self)
        connector.connect()
        return connector

    def spawnProcess(
        self,
        processProtocol: Any,
        executable: str | bytes,
        args: Sequence[str | bytes] = (),
        env: Mapping[Any, Any] | None = {},
        path: str | bytes | None = None,
        uid: int | None = None,
        gid: int | None = None,
        usePTY: Any = 0,
        childFDs: Mapping[int, str | int] | None = None,
    ) -> Any:
        """
        Start a program; see `IReactorProcess.spawnProcess`.

        @param env: its environment, which is empty unless given; None for that of this process.
        @raise OSError: it cannot be started.
        @raise ValueError: `childFDs` goes with pipes, not with a terminal.
        """
        # Many programs start none.
        from twisted.internet import process

        if not usePTY:
            return process.Process(
                self, executable, args, env, path, processProtocol, uid, gid, childFDs
            )
        if childFDs is not None:
            raise ValueError("childFDs goes with pipes, not with a terminal")
        return process.PTYProcess(
            self, executable, args, env, path, processProtocol, uid, gid, usePTY
        )

    def listenSSL(
        self,
        port: int,
        factory: Any,
        contextFactory: Any,
        backlog: int = 50,
        interface: str = "",
    ) -> tcp.Port:
        """
        Accept connections under TLS on a TCP port; see `IReactorSSL.listenSSL`.

        @raise ImportError: the extra ``tls`` is not installed.
        @raise twisted.internet.error.CannotListenError: the system refuses.
        """
        # It needs an extra.
        from twisted.internet._tls._factory import TLSMemoryBIOFactory

        made = self.listenTCP(
            port, TLSMemoryBIOFactory(contextFactory, False, factory, self), backlog, interface
        )
        made._type = "TLS"
        return made

    def connectSSL(
        self,
        host: str,
        port: int | str,
        factory: Any,
        contextFactory: Any,
        timeout: float = 30.0,
        bindAddress: tuple[str, int] | None = None,
    ) -> tcp.Connector:
        """
        Connect to a TCP port, and speak TLS; see `IReactorSSL.connectSSL`.

        @raise ImportError: the extra ``tls`` is not installed.
        """
        # It needs an extra.
        from twisted.internet._tls._factory import TLSMemoryBIOFactory

        return self.connectTCP(
            host,
            port,
            TLSMemoryBIOFactory(contextFactory, True, factory, self),
            timeout,
            bindAddress,
        )

    def listenUDP(
        self, port: int, protocol: Any, interface: str = "", maxPacketSize: int = 8192
    ) -> udp.Port:
        """
        Take and send datagrams; see `IReactorUDP.listenUDP`.

        @raise twisted.internet.error.CannotListenError: the system refuses.
        """
        listening = self._udpPort(port, protocol, interface, maxPacketSize, self)
        listening.startListening()
        return listening

    def listenMulticast(
        self,
        port: int,
        protocol: Any,
        interface: str = "",
        maxPacketSize: int = 8192,
        listenMultiple: bool = False,
    ) -> udp.MulticastPort:
        """
        Take and send datagrams of groups, too; see `IReactorMulticast.listenMulticast`.

        @raise twisted.internet.error.CannotListenError: the system refuses.
        """
        listening = self._multicastPort(
            port, protocol, interface, maxPacketSize, self, listenMultiple
        )
        listening.startListening()
        return listening

    def adoptDatagramPort(
        self, fileDescriptor: int, addressFamily: int, protocol: Any, maxPacketSize: int = 8192
    ) -> udp.Port:
        """
        Take datagrams from a socket that is bound already.

        The descriptor is duplicated: the caller keeps its own, and may close it.

        @param addressFamily: `socket.AF_INET` or `AF_INET6`.
        @raise twisted.internet.error.UnsupportedAddressFamily: it is another one.
        """
        if addressFamily not in (socket.AF_INET, socket.AF_INET6):
            raise error.UnsupportedAddressFamily(addressFamily)
        listening = self._udpPort._fromListeningDescriptor(
            self, fileDescriptor, addressFamily, protocol, maxPacketSize
        )
        listening.startListening()
        return listening

    def listenUNIX(
        self,
        address: str,
        factory: Any,
        backlog: int = 50,
        mode: int = 0o666,
        wantPID: bool = False,
    ) -> unix.Port:
        """
        Listen on a UNIX socket; see `IReactorUNIX.listenUNIX`.

        @raise twisted.internet.error.CannotListenError: the system refuses, or another process
            holds the lock.
        """
        listening = self._unixPort(address, factory, backlog, mode, self, wantPID)
        listening.startListening()
        return listening

    def connectUNIX(
        self, address: str, factory: Any, timeout: float = 30, checkPID: bool = False
    ) -> unix.Connector:
        """Connect to a UNIX socket; see `IReactorUNIX.connectUNIX`."""
        connector = self._unixConnector(address, factory, timeout, self, checkPID)
        connector.connect()
        return connector

    def listenUNIXDatagram(
        self, address: str, protocol: Any, maxPacketSize: int = 8192, mode: int = 0o666
    ) -> _unixdatagrams.DatagramPort:
        """
        Take and send datagrams over a UNIX socket; see `IReactorUNIXDatagram.listenUNIXDatagram`.

        @raise twisted.internet.error.CannotListenError: the system refuses.
        """
        listening = _unixdatagrams.DatagramPort(address, protocol, maxPacketSize, mode, self)
        listening.startListening()
        return listening

    def connectUNIXDatagram(
        self,
        address: str,
        protocol: Any,
        maxPacketSize: int = 8192,
        mode: int = 0o666,
        bindAddress: str | None = None,
    ) -> _unixdatagrams.ConnectedDatagramPort:
        """
        Exchange datagrams with one UNIX socket; see `IReactorUNIXDatagram.connectUNIXDatagram`.

        A failure to connect goes to the protocol.
        """
        connecting = _unixdatagrams.ConnectedDatagramPort(
            address, protocol, maxPacketSize, mode, bindAddress, self
        )
        connecting.startListening()
        return connecting

    def adoptStreamPort(self, fileDescriptor: int, addressFamily: int, factory: Any) -> tcp.Port:
        """
        Accept connections from a socket that listens already.

        The descriptor is duplicated: the caller keeps its own, and may close it.

        @param addressFamily: `socket.AF_INET`, `AF_INET6` or `AF_UNIX`.
        @raise twisted.internet.error.UnsupportedAddressFamily: it is another one.
        """
        kind = _kindFor(addressFamily, self._tcpPort, self._unixPort)
        listening: tcp.Port = kind._fromListeningDescriptor(
            self, fileDescriptor, addressFamily, factory
        )
        listening.startListening()
        return listening

    def adoptStreamConnection(
        self, fileDescriptor: int, addressFamily: int, factory: Any
    ) -> tcp.Server | None:
        """
        Serve a connection that stands already with a protocol of ``factory``.

        The descriptor is duplicated: the caller keeps its own, and may close it.

        @param addressFamily: `socket.AF_INET`, `AF_INET6` or `AF_UNIX`.
        @return: the transport, or None if the factory gives no protocol.
        @raise twisted.internet.error.UnsupportedAddressFamily: it is another one.
        """
        kind = _kindFor(addressFamily, self._tcpPort.transport, self._unixPort.transport)
        server: tcp.Server | None = kind._fromConnectedSocket(
            fileDescriptor, addressFamily, factory, self
        )
        return server


def _kindFor(addressFamily: int, internet: Any, local: Any) -> Any:
    """Choose between the two kinds of stream transports."""
    if addressFamily in (socket.AF_INET, socket.AF_INET6):
        return internet
    if addressFamily == socket.AF_UNIX:
        return local
    raise error.UnsupportedAddressFamily(addressFamily)
