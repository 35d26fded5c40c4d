"""The server's side of SOCKS version 4, with names of hosts (4a)."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from typing import Any, ClassVar

from twisted.internet import defer, protocol
from twisted.internet.currentreactor import currentReactor
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure

__all__ = [
    "SOCKSv4",
    "SOCKSv4Factory",
    "SOCKSv4Incoming",
    "SOCKSv4IncomingFactory",
    "SOCKSv4Outgoing",
]

_log = Logger()

_GRANTED, _REJECTED, _IDENT_DIFFERS = 90, 91, 93

#: How long a request may be, in octets.
_LONGEST = 2048


class _Other(protocol.Protocol):
    """The connection on behalf of a client."""

    def __init__(self, socks: SOCKSv4) -> None:
        self.socks = socks

    def dataReceived(self, data: bytes) -> None:
        """Hand on."""
        self.socks.write(data)

    def write(self, data: bytes) -> None:
        """Send what the client has sent."""
        self.socks.log(self, data)
        self.transport.write(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """End the client's connection, too."""
        self.socks.otherConn = None
        self.socks.transport.loseConnection()


class SOCKSv4Outgoing(_Other):
    """The connection that a client has asked for."""

    def connectionMade(self) -> None:
        """Tell the client that it stands."""
        peer = self.transport.getPeer()
        self.socks.makeReply(_GRANTED, 0, port=peer.port, ip=peer.host)
        self.socks.joined(self)


class SOCKSv4Incoming(_Other):
    """The connection that a client has asked to wait for."""

    def __init__(self, socks: SOCKSv4) -> None:
        super().__init__(socks)
        socks.joined(self)


class SOCKSv4(protocol.Protocol):
    """
    Connects, or waits for a connection, on behalf of a client. Override `authorize`.

    @param logging: the path of a file to note traffic in.
    @param reactor: connects and listens; the global reactor if it is None.
    @cvar requestTimeout: how long the client may take to say what it wants, in seconds.
    """

    requestTimeout: ClassVar[float] = 30

    def __init__(self, logging: Any = None, reactor: Any = None) -> None:
        self.logging = logging
        self.reactor = reactor
        self.buf = b""
        self.otherConn: Any = None
        self._timer: Any = None
        self._serving: Any = None
        self._asked = False

    def connectionMade(self) -> None:
        """Wait for the client's request."""
        self.buf = b""
        self.otherConn = None
        clock = getattr(self.transport, "reactor", None)
        if clock is not None:
            self._timer = clock.callLater(self.requestTimeout, self._timedOut)

    def _timedOut(self) -> None:
        self._timer = None
        self.transport.abortConnection()

    def _stopTimer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def dataReceived(self, data: bytes) -> None:
        """Take the request; once there is another connection, hand on."""
        if self.otherConn is not None:
            self.otherConn.write(data)
            return
        self.buf += data
        if self._asked:
            return
        request = self._parsed()
        if request is not None:
            self._asked = True
            self._stopTimer()
            # What comes before there is another connection must wait.
            self.transport.pauseProducing()
            self._answer(*request)
        elif len(self.buf) > _LONGEST:
            self._refuse()

    def _parsed(self) -> tuple[int, str | None, bytes, int, bytes] | None:
        """Command, address, name, port and user of the request; None while it is not complete."""
        if len(self.buf) < 8:
            return None
        version, code, port = struct.unpack("!BBH", self.buf[:4])
        if version != 4:
            self._refuse()
            return None
        address = self.buf[4:8]
        user, end, rest = self.buf[8:].partition(b"\0")
        if not end:
            return None
        if address[:3] == b"\0\0\0" and address[3]:
            # SOCKS4a: the name of the host follows.
            name, end, rest = rest.partition(b"\0")
            if not end:
                return None
            self.buf = rest
            return code, None, name, port, user
        self.buf = rest
        return code, socket.inet_ntoa(address), b"", port, user

    def _answer(self, code: int, address: str | None, name: bytes, port: int, user: bytes) -> None:
        if address is not None:
            self._serve(code, address, port, user)
            return
        found = currentReactor(self.reactor).resolve(name)
        found.addCallback(lambda resolved: self._serve(code, resolved, port, user))
        found.addErrback(lambda _: self._refuse())

    def _serve(self, code: int, server: str, port: int, user: bytes) -> None:
        if code not in (1, 2) or not self.authorize(code, server, port, user):
            self._refuse()
        elif code == 1:
            connected = self.connectClass(server, port, SOCKSv4Outgoing, self)
            connected.addErrback(lambda failure: self._failed(failure))
        else:
            listening = self.listenClass(0, SOCKSv4IncomingFactory, self, server)
            listening.addCallbacks(self._listening, self._failed)

    def _listening(self, where: tuple[str, int]) -> None:
        self.makeReply(_GRANTED, 0, where[1], where[0])

    def _failed(self, failure: Failure) -> None:
        self._refuse()

    def _refuse(self) -> None:
        self._asked = True
        self._stopTimer()
        self.makeReply(_REJECTED)
        self.transport.loseConnection()

    def joined(self, other: Any) -> None:
        """There is another connection: hand on what has come meanwhile."""
        self.otherConn = other
        self.transport.resumeProducing()
        if other.transport is not None:
            other.transport.registerProducer(self.transport, True)
            self.transport.registerProducer(other.transport, True)
        if self.buf:
            rest, self.buf = self.buf, b""
            other.write(rest)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """End the other connection, too."""
        self._stopTimer()
        serving, self._serving = self._serving, None
        if serving is not None:
            serving.stopListening()
        if self.otherConn is not None:
            self.otherConn.transport.loseConnection()

    def authorize(self, code: int, server: str, port: int, user: bytes) -> bool:
        """
        Whether the client may do what it asks for; to be overridden.

        @param code: 1 to connect, 2 to wait for a connection.
        @param server: the address of the host.
        @param user: what the client says its name is: nothing proves it.
        """
        _log.info(
            "code {code} server {server} port {port} user {user!r} authorized",
            code=code,
            server=server,
            port=port,
            user=user,
        )
        return True

    def connectClass(
        self, host: str, port: int, klass: Callable[..., Any], *args: Any
    ) -> defer.Deferred[Any]:
        """Connect. @return: fires with the protocol."""
        return protocol.ClientCreator(currentReactor(self.reactor), klass, *args).connectTCP(
            host, port
        )

    def listenClass(
        self, port: int, klass: Callable[..., Any], *args: Any
    ) -> defer.Deferred[tuple[str, int]]:
        """Listen. @return: fires with the address and the port."""
        self._serving = currentReactor(self.reactor).listenTCP(port, klass(*args))
        where = self._serving.getHost()
        return defer.succeed((where.host, where.port))

    def makeReply(self, reply: int, version: int = 0, port: int = 0, ip: str = "0.0.0.0") -> None:
        """Answer the client; unless the request is granted, the connection ends."""
        try:
            address = socket.inet_aton(ip)
        except OSError:
            # An address of IPv6 has no place in SOCKS4.
            address = bytes(4)
        self.transport.write(struct.pack("!BBH", version, reply, port) + address)
        if reply != _GRANTED:
            self.transport.loseConnection()

    def write(self, data: bytes) -> None:
        """Send to the client."""
        self.log(self, data)
        self.transport.write(data)

    def log(self, proto: Any, data: bytes) -> None:
        """Note traffic, if there is a file for that."""
        if not self.logging:
            return
        ours, theirs = self.transport.getPeer(), None
        if self.otherConn is not None and self.otherConn.transport is not None:
            theirs = self.otherConn.transport.getPeer()
        way = ">" if proto is self else "<"
        with open(self.logging, "a") as file:
            file.write(f"{ours} {way} {theirs}\n{data!r}\n\n")


class SOCKSv4Factory(protocol.Factory):
    """
    Makes proxies.

    @param log: the path of a file to note traffic in, or None.
    """

    noisy = False

    def __init__(self, log: Any) -> None:
        self.logging = log

    def buildProtocol(self, addr: Any) -> Any:
        """A proxy for one client."""
        return SOCKSv4(self.logging, currentReactor())


class SOCKSv4IncomingFactory(protocol.Factory):
    """
    Waits for the connection that a client has asked to wait for; others are refused.

    @param socks: the client's `SOCKSv4`.
    @param ip: the address that the connection must come from.
    """

    noisy = False

    def __init__(self, socks: SOCKSv4, ip: str) -> None:
        self.socks = socks
        self.ip = ip

    def buildProtocol(self, addr: Any) -> Any:
        """The connection, if it comes from where it should; None otherwise."""
        host = addr[0] if isinstance(addr, tuple) else addr.host
        if host != self.ip:
            self.socks.makeReply(_REJECTED)
            self.ip = ""
            return None
        self.ip = ""
        self.socks.makeReply(_GRANTED, 0)
        return SOCKSv4Incoming(self.socks)
