"""Endpoints of TCP and UNIX sockets."""

from __future__ import annotations

import os
from typing import Any

from zope.interface import implementer

from twisted.internet._endpoints._wrap import WrappingFactory
from twisted.internet.defer import Deferred, execute, fail
from twisted.internet.error import AlreadyListened
from twisted.internet.interfaces import IStreamClientEndpoint, IStreamServerEndpoint


@implementer(IStreamServerEndpoint)
class _TCPServerEndpoint:
    """A TCP port to listen on."""

    def __init__(self, reactor: Any, port: int, backlog: int, interface: str) -> None:
        """
        @param port: 0 for any that is free.
        @param backlog: how many connections may wait to be accepted.
        @param interface: the address to listen on, ``""`` for all.
        """
        self._reactor = reactor
        self._port = port
        self._backlog = backlog
        self._interface = interface

    def listen(self, protocolFactory: Any) -> Deferred[Any]:
        """Listen; see `IStreamServerEndpoint`."""
        return execute(
            self._reactor.listenTCP,
            self._port,
            protocolFactory,
            backlog=self._backlog,
            interface=self._interface,
        )


class TCP4ServerEndpoint(_TCPServerEndpoint):
    """A TCP port of IPv4 to listen on."""

    def __init__(self, reactor: Any, port: int, backlog: int = 50, interface: str = "") -> None:
        super().__init__(reactor, port, backlog, interface)


class TCP6ServerEndpoint(_TCPServerEndpoint):
    """A TCP port of IPv6 to listen on."""

    def __init__(self, reactor: Any, port: int, backlog: int = 50, interface: str = "::") -> None:
        super().__init__(reactor, port, backlog, interface)


def connectBy(method: Any, protocolFactory: Any, *args: Any, **kwargs: Any) -> Deferred[Any]:
    """Connect by a method of the reactor; fires with the protocol."""
    try:
        factory = WrappingFactory(protocolFactory)
        method(factory, *args, **kwargs)
    except BaseException:
        return fail()
    return factory._onConnection


@implementer(IStreamClientEndpoint)
class TCP4ClientEndpoint:
    """A TCP port of IPv4 to connect to."""

    def __init__(
        self,
        reactor: Any,
        host: str,
        port: int,
        timeout: float = 30,
        bindAddress: Any = None,
    ) -> None:
        """
        @param host: a name or an address.
        @param timeout: in seconds.
        @param bindAddress: the address to connect from, a pair of host and port, or None.
        """
        self._reactor = reactor
        self._host = host
        self._port = port
        self._timeout = timeout
        self._bindAddress = bindAddress

    def connect(self, protocolFactory: Any) -> Deferred[Any]:
        """Connect; see `IStreamClientEndpoint`."""
        return connectBy(
            lambda factory: self._reactor.connectTCP(
                self._host,
                self._port,
                factory,
                timeout=self._timeout,
                bindAddress=self._bindAddress,
            ),
            protocolFactory,
        )


@implementer(IStreamClientEndpoint)
class TCP6ClientEndpoint:
    """A TCP port of IPv6 to connect to; a name is resolved to its first IPv6 address."""

    def __init__(
        self,
        reactor: Any,
        host: str,
        port: int,
        timeout: float = 30,
        bindAddress: Any = None,
    ) -> None:
        """Parameters as those of `TCP4ClientEndpoint`."""
        self._reactor = reactor
        self._host = host
        self._port = port
        self._timeout = timeout
        self._bindAddress = bindAddress

    def connect(self, protocolFactory: Any) -> Deferred[Any]:
        """Connect; see `IStreamClientEndpoint`."""
        from twisted.internet.abstract import isIPv6Address

        if isIPv6Address(self._host):
            return self._connectTo(self._host, protocolFactory)
        return self._resolve().addCallback(self._connectTo, protocolFactory)

    def _resolve(self) -> Deferred[str]:
        """The first IPv6 address of the name."""
        from socket import AF_INET6, getaddrinfo

        from twisted.internet.threads import deferToThreadPool

        found: Deferred[Any] = deferToThreadPool(
            self._reactor, self._reactor.getThreadPool(), getaddrinfo, self._host, 0, AF_INET6
        )
        return found.addCallback(lambda results: results[0][4][0])

    def _connectTo(self, host: str, protocolFactory: Any) -> Deferred[Any]:
        """Connect to an address."""
        return connectBy(
            lambda factory: self._reactor.connectTCP(
                host, self._port, factory, timeout=self._timeout, bindAddress=self._bindAddress
            ),
            protocolFactory,
        )


@implementer(IStreamServerEndpoint)
class UNIXServerEndpoint:
    """A path of a UNIX socket to listen at."""

    def __init__(
        self,
        reactor: Any,
        address: str,
        backlog: int = 50,
        mode: int = 0o666,
        wantPID: bool | int = 0,
    ) -> None:
        """
        @param mode: the socket's permissions.
        @param wantPID: keep a lock beside the socket, so that a stale one can be told and removed.
        """
        self._reactor = reactor
        self._address = address
        self._backlog = backlog
        self._mode = mode
        self._wantPID = wantPID

    def listen(self, protocolFactory: Any) -> Deferred[Any]:
        """Listen; see `IStreamServerEndpoint`."""
        return execute(
            self._reactor.listenUNIX,
            self._address,
            protocolFactory,
            backlog=self._backlog,
            mode=self._mode,
            wantPID=self._wantPID,
        )


@implementer(IStreamClientEndpoint)
class UNIXClientEndpoint:
    """A path of a UNIX socket to connect to."""

    def __init__(
        self, reactor: Any, path: str, timeout: float = 30, checkPID: bool | int = 0
    ) -> None:
        """
        @param timeout: in seconds.
        @param checkPID: connect only if the lock beside the socket is held.
        """
        self._reactor = reactor
        self._path = path
        self._timeout = timeout
        self._checkPID = checkPID

    def connect(self, protocolFactory: Any) -> Deferred[Any]:
        """Connect; see `IStreamClientEndpoint`."""
        return connectBy(
            lambda factory: self._reactor.connectUNIX(
                self._path, factory, timeout=self._timeout, checkPID=self._checkPID
            ),
            protocolFactory,
        )


@implementer(IStreamServerEndpoint)
class AdoptedStreamServerEndpoint:
    """A listening socket that somebody else made; it can be listened on once."""

    _close = staticmethod(os.close)

    def __init__(self, reactor: Any, fileno: int, addressFamily: int) -> None:
        """
        @param fileno: the socket's descriptor; it is duplicated, and then closed.
        @param addressFamily: such as `socket.AF_INET`.
        """
        self.reactor = reactor
        self.fileno = fileno
        self.addressFamily = addressFamily
        self._used = False

    def listen(self, factory: Any) -> Deferred[Any]:
        """Listen; see `IStreamServerEndpoint`.  A second time fails with `AlreadyListened`."""
        if self._used:
            return fail(AlreadyListened())
        self._used = True

        def adopt() -> Any:
            from twisted.internet import fdesc

            fdesc.setNonBlocking(self.fileno)
            port = self.reactor.adoptStreamPort(self.fileno, self.addressFamily, factory)
            self._close(self.fileno)
            return port

        return execute(adopt)
