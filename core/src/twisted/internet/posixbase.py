"""
What reactors on POSIX share: the transports that they offer, over any way of watching descriptors.
"""

from __future__ import annotations

import socket
from typing import Any

from zope.interface import implementer

from twisted.internet import error, tcp, unix
from twisted.internet._signals import Waker
from twisted.internet.base import ReactorBase
from twisted.internet.interfaces import IReactorTCP, IReactorUNIX

__all__ = ["PosixReactorBase"]


@implementer(IReactorTCP, IReactorUNIX)
class PosixReactorBase(ReactorBase):
    """
    The stream transports of a reactor that watches descriptors.

    A subclass gives `addReader`, `removeReader`, `addWriter`, `removeWriter`, `removeAll`,
    `getReaders`, `getWriters` and `doIteration`.
    """

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
        listening = tcp.Port(port, factory, backlog, interface, self)
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
        connector = tcp.Connector(host, port, factory, timeout, bindAddress, self)
        connector.connect()
        return connector

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
        listening = unix.Port(address, factory, backlog, mode, self, wantPID)
        listening.startListening()
        return listening

    def connectUNIX(
        self, address: str, factory: Any, timeout: float = 30, checkPID: bool = False
    ) -> unix.Connector:
        """Connect to a UNIX socket; see `IReactorUNIX.connectUNIX`."""
        connector = unix.Connector(address, factory, timeout, self, checkPID)
        connector.connect()
        return connector

    def adoptStreamPort(self, fileDescriptor: int, addressFamily: int, factory: Any) -> tcp.Port:
        """
        Accept connections from a socket that listens already.

        The descriptor is duplicated: the caller keeps its own, and may close it.

        @param addressFamily: `socket.AF_INET`, `AF_INET6` or `AF_UNIX`.
        @raise twisted.internet.error.UnsupportedAddressFamily: it is another one.
        """
        kind = _kindFor(addressFamily, tcp.Port, unix.Port)
        listening: tcp.Port = kind._fromListeningDescriptor(
            self, fileDescriptor, addressFamily, factory
        )
        listening.startListening()
        return listening

    def adoptStreamConnection(
        self, fileDescriptor: int, addressFamily: int, factory: Any
    ) -> tcp.Server:
        """
        Serve a connection that stands already with a protocol of ``factory``.

        The descriptor is duplicated: the caller keeps its own, and may close it.

        @param addressFamily: `socket.AF_INET`, `AF_INET6` or `AF_UNIX`.
        @raise twisted.internet.error.UnsupportedAddressFamily: it is another one.
        """
        kind = _kindFor(addressFamily, tcp.Server, unix.Server)
        server: tcp.Server = kind._fromConnectedSocket(fileDescriptor, addressFamily, factory, self)
        return server


def _kindFor(addressFamily: int, internet: Any, local: Any) -> Any:
    """Choose between the two kinds of stream transports."""
    if addressFamily in (socket.AF_INET, socket.AF_INET6):
        return internet
    if addressFamily == socket.AF_UNIX:
        return local
    raise error.UnsupportedAddressFamily(addressFamily)
