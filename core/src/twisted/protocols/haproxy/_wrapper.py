"""A protocol behind a load balancer that tells who it speaks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from twisted.internet._endpoints._tls import WrappedServerEndpoint
from twisted.internet.protocol import connectionDone
from twisted.protocols.haproxy._exceptions import InvalidProxyHeader
from twisted.protocols.haproxy._info import ProxyInfo
from twisted.protocols.haproxy._v1parser import V1Parser
from twisted.protocols.haproxy._v2parser import V2Parser
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.python.failure import Failure

__all__ = ["HAProxyProtocolWrapper", "HAProxyWrappingFactory", "proxyEndpoint"]


class HAProxyProtocolWrapper(ProtocolWrapper):
    """
    Takes the header from the beginning of the connection, and has the addresses that it tells.

    @cvar headerTimeout: how long the header may take, in seconds; None for ever.
    """

    headerTimeout: ClassVar[float | None] = 30

    _proxyInfo: ProxyInfo | None = None
    _parser: V1Parser | V2Parser | None = None
    _timer: Any = None

    def __init__(self, factory: WrappingFactory, wrappedProtocol: Any) -> None:
        ProtocolWrapper.__init__(self, factory, wrappedProtocol)
        self._beginning = b""

    def makeConnection(self, transport: Any) -> None:
        """Connect the protocol, and wait for the header."""
        clock = getattr(transport, "reactor", None)
        if clock is not None and self.headerTimeout is not None:
            self._timer = clock.callLater(self.headerTimeout, self._timedOut)
        ProtocolWrapper.makeConnection(self, transport)

    def _timedOut(self) -> None:
        self._timer = None
        self.transport.abortConnection()

    def _stopTimer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def dataReceived(self, data: bytes) -> None:
        """Look for the header; hand on what comes after it."""
        if self._proxyInfo is not None:
            self.wrappedProtocol.dataReceived(data)
            return
        if self.disconnecting:
            return
        try:
            info, rest = self._feed(data)
        except InvalidProxyHeader:
            self._stopTimer()
            self.loseConnection()
            return
        if info is None:
            return
        self._stopTimer()
        self._proxyInfo = info
        if rest:
            self.wrappedProtocol.dataReceived(rest)

    def _feed(self, data: bytes) -> tuple[ProxyInfo, bytes] | tuple[None, None]:
        if self._parser is None:
            self._beginning += data
            data = self._beginning
            if data[:1] == V2Parser.PREFIX[:1]:
                self._parser = V2Parser()
            elif data.startswith(V1Parser.PROXYSTR):
                self._parser = V1Parser()
            elif V1Parser.PROXYSTR.startswith(data):
                return None, None
            else:
                raise InvalidProxyHeader("there is no header")
        return self._parser.feed(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Tell the protocol."""
        self._stopTimer()
        ProtocolWrapper.connectionLost(self, reason)

    def getPeer(self) -> Any:
        """The address of the client; that of the load balancer, if it speaks for itself."""
        if self._proxyInfo is not None and self._proxyInfo.source is not None:
            return self._proxyInfo.source
        return self.transport.getPeer()

    def getHost(self) -> Any:
        """The address that the client connected to; else that of this side of the connection."""
        if self._proxyInfo is not None and self._proxyInfo.destination is not None:
            return self._proxyInfo.destination
        return self.transport.getHost()


class HAProxyWrappingFactory(WrappingFactory):
    """Wraps the protocols of another factory."""

    protocol: Callable[..., Any] = HAProxyProtocolWrapper

    def logPrefix(self) -> str:
        """That of the other factory, and this."""
        return f"{WrappingFactory.logPrefix(self).partition(' ')[0]} (PROXY)"


def proxyEndpoint(wrappedEndpoint: Any) -> WrappedServerEndpoint:
    """
    Listen at an endpoint that a load balancer connects to.

    @return: an `IStreamServerEndpoint`.
    """
    return WrappedServerEndpoint(wrappedEndpoint, HAProxyWrappingFactory)
