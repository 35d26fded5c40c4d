"""The server's side of SOCKS version 5 (RFC 1928, RFC 1929)."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from socket import AF_INET6, inet_ntop
from typing import Any, ClassVar

from twisted.internet import error
from twisted.internet.currentreactor import currentReactor
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.logger import Logger
from twisted.protocols._joined import FarSide, join, part
from twisted.protocols.policies import TimeoutMixin
from twisted.python.failure import Failure

__all__ = ["SOCKSv5", "SOCKSv5Factory"]

_log = Logger()

_SUCCEEDED, _FAILED, _NOT_ALLOWED, _UNREACHABLE, _REFUSED, _TIMED_OUT = 0, 1, 2, 4, 5, 6
_COMMAND_UNKNOWN, _ADDRESS_UNKNOWN = 7, 8

_OPEN, _PASSWORD, _NONE = 0, 2, 255


class SOCKSv5(Protocol, TimeoutMixin):
    """
    Connects on behalf of a client. Override `authorize` to say who may reach what.

    @cvar requestTimeout: how long the client may take to say what it wants, in seconds.
    @ivar user: the name that the client has proven to have, or None.
    """

    requestTimeout: ClassVar[float] = 30

    user: str | None = None

    def __init__(self, factory: SOCKSv5Factory) -> None:
        self.factory = factory
        self._buffer = b""
        self._step: Callable[[], bool] = self._methods
        self._far: Any = None
        self._connecting: Deferred[Any] | None = None
        self._ended = False

    def connectionMade(self) -> None:
        """Wait for the client's request."""
        if hasattr(self.transport, "reactor"):
            self.callLater = self.transport.reactor.callLater  # type: ignore[method-assign]
            self.setTimeout(self.requestTimeout)

    def timeoutConnection(self) -> None:
        """The client does not say what it wants."""
        self._ended = True
        self.transport.abortConnection()

    def dataReceived(self, data: bytes) -> None:
        """Take requests; once a connection stands, hand on."""
        if self._far is not None:
            self._far.transport.write(data)
            return
        if self._ended:
            return
        self._buffer += data
        while not self._ended and self._connecting is None and self._step():
            pass
        if self._connecting is not None:
            # What comes before the connection stands must wait.
            self.transport.pauseProducing()

    def _take(self, count: int) -> bytes:
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken

    def _close(self) -> None:
        self._ended = True
        self.setTimeout(None)
        self.transport.loseConnection()

    # Each step takes what it needs; it tells whether there was enough.

    def _methods(self) -> bool:
        """Which ways to prove who it is the client knows."""
        if self._buffer[:1] and self._buffer[0] != 5:
            self._close()
            return False
        if len(self._buffer) < 2 or len(self._buffer) < 2 + self._buffer[1]:
            return False
        offered = self._take(2 + self._buffer[1])[2:]
        wanted = _OPEN if self.factory.passwords is None else _PASSWORD
        if wanted not in offered:
            self.transport.write(bytes([5, _NONE]))
            self._close()
            return False
        self.transport.write(bytes([5, wanted]))
        self._step = self._request if wanted == _OPEN else self._password
        return True

    def _password(self) -> bool:
        """User name and password (RFC 1929)."""
        buffer = self._buffer
        if len(buffer) < 2 or len(buffer) < 3 + buffer[1]:
            return False
        size = 3 + buffer[1] + buffer[2 + buffer[1]]
        if len(buffer) < size:
            return False
        taken = self._take(size)
        user, password = taken[2 : 2 + taken[1]], taken[3 + taken[1] :]
        name = user.decode("utf-8", "replace")
        expected = (self.factory.passwords or {}).get(name)
        good = hmac.compare_digest(
            (expected if expected is not None else "").encode("utf-8"), password
        )
        if taken[0] != 1 or expected is None or not good:
            self.transport.write(b"\x01\x01")
            self._close()
            return False
        self.user = name
        self.transport.write(b"\x01\x00")
        self._step = self._request
        return True

    def _request(self) -> bool:
        """What the client wants."""
        buffer = self._buffer
        if len(buffer) < 5:
            return False
        if buffer[0] != 5:
            self._close()
            return False
        size = {1: 10, 3: 7 + buffer[4], 4: 22}.get(buffer[3])
        if size is None:
            self._answer(_ADDRESS_UNKNOWN)
            return False
        if len(buffer) < size:
            return False
        taken = self._take(size)
        if taken[1] != 1:
            self._answer(_COMMAND_UNKNOWN)
            return False
        where, port = taken[4:-2], int.from_bytes(taken[-2:], "big")
        if taken[3] == 1:
            host = ".".join(map(str, where))
        elif taken[3] == 4:
            host = inet_ntop(AF_INET6, where)
        else:
            try:
                host = where[1:].decode("ascii")
            except UnicodeDecodeError:
                self._answer(_ADDRESS_UNKNOWN)
                return False
        self.setTimeout(None)
        self._connect(host, port)
        return False

    def _answer(self, code: int, address: Any = None) -> None:
        octets = bytes(6)
        kind = 1
        host = getattr(address, "host", None)
        if host is not None:
            packed = ip_address(host.partition("%")[0]).packed
            kind = 1 if len(packed) == 4 else 4
            octets = packed + address.port.to_bytes(2, "big")
        self.transport.write(bytes([5, code, 0, kind]) + octets)
        if code:
            self._close()

    def authorize(self, user: str | None, host: str, port: int) -> Any:
        """
        Whether the client may reach a host; to be overridden.

        @param user: the name that the client has proven to have, or None.
        @return: whether it may: now, or by a `Deferred`.
        """
        return True

    def _connect(self, host: str, port: int) -> None:
        def allowed(may: object) -> Any:
            if not may:
                raise PermissionError(host)
            factory = Factory.forProtocol(lambda: FarSide(self))
            factory.noisy = False
            return self.factory.endpointFor(host, port).connect(factory)

        self._connecting = maybeDeferred(self.authorize, self.user, host, port)
        self._connecting.addCallback(allowed)
        self._connecting.addErrback(self._notConnected)

    def _notConnected(self, failure: Failure) -> None:
        if self._ended:
            return
        if failure.check(PermissionError):
            code = _NOT_ALLOWED
        elif failure.check(error.ConnectionRefusedError):
            code = _REFUSED
        elif failure.check(error.TimeoutError):
            code = _TIMED_OUT
        elif failure.check(error.DNSLookupError, error.NoRouteError):
            code = _UNREACHABLE
        else:
            code = _FAILED
            if not failure.check(error.ConnectError):
                _log.failure("Connecting on behalf of a client has failed", failure)
        self._answer(code)

    # The other connection tells

    def farMade(self, far: Any) -> None:
        """It stands."""
        if self._ended:
            far.transport.abortConnection()
            return
        self._far = far
        join(self, far)
        self._answer(_SUCCEEDED, far.transport.getHost())
        if self._buffer:
            far.transport.write(self._take(len(self._buffer)))
        self.transport.resumeProducing()

    def farLost(self, far: Any) -> None:
        """It has ended."""
        if not self._ended:
            self._ended = True
            part(self)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """End the other one, too."""
        self._ended = True
        self.setTimeout(None)
        connecting, self._connecting = self._connecting, None
        if self._far is not None:
            part(self._far)
        elif connecting is not None:
            connecting.cancel()


class SOCKSv5Factory(Factory):
    """
    Makes proxies.

    @param passwords: the passwords of the users; None lets anybody in.
    @param reactor: connects; the global reactor if it is None.
    """

    protocol: Callable[..., Any] = SOCKSv5
    noisy = False

    def __init__(self, passwords: Mapping[str, str] | None = None, reactor: Any = None) -> None:
        self.passwords = passwords
        self._reactor = reactor

    def buildProtocol(self, addr: Any) -> Any:
        """A proxy for one client."""
        return self.protocol(self)

    def endpointFor(self, host: str, port: int) -> Any:
        """Where to connect to reach a host; to be overridden."""
        return HostnameEndpoint(currentReactor(self._reactor), host, port)
