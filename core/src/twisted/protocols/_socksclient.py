"""
Connect through a proxy: SOCKS version 5 (RFC 1928, RFC 1929), SOCKS version 4a, or HTTP's CONNECT
(RFC 9110, 9.3.6).

Each of the three endpoints wraps the endpoint at which the proxy is; names of hosts are given to
the proxy as they are, which looks them up.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any, ClassVar

from zope.interface import implementer

from twisted.internet import error
from twisted.internet._idna import idnaBytes
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

__all__ = [
    "HTTPConnectEndpoint",
    "ProxyError",
    "SOCKS4ClientEndpoint",
    "SOCKS5ClientEndpoint",
]

#: How long the conversation with the proxy may take, in seconds.
_TIMEOUT = 30

#: How long an answer of an HTTP proxy may be before the connection stands, in octets.
_LONGEST_HEAD = 16 * 1024

_SOCKS5_REPLIES = {
    1: "general failure",
    2: "the proxy's rules do not allow it",
    3: "the network cannot be reached",
    4: "the host cannot be reached",
    5: "the connection was refused",
    6: "it took too long",
    7: "the proxy does not know how to connect",
    8: "the proxy does not know that kind of address",
}


class ProxyError(error.ConnectError):
    """
    The proxy does not connect, or does not speak as it should.

    @ivar code: its code for the reason, or None.
    """

    def __init__(self, text: str, code: int | None = None) -> None:
        super().__init__(string=text)
        self.code = code


class _Conversation(Protocol):
    """
    Talks with the proxy, then lets a protocol take the connection over.

    A subclass sends in `begin`, and takes octets in `feed`.
    """

    def __init__(self, factory: Any, done: Deferred[Any], clock: Any) -> None:
        self._factory = factory
        self._done = done
        self._clock = clock
        self._timer: Any = None
        self._buffer = b""
        self._wrapped: Any = None

    def connectionMade(self) -> None:
        """Begin to talk."""
        clock = self._clock or getattr(self.transport, "reactor", None)
        if clock is not None:
            self._timer = clock.callLater(_TIMEOUT, self._timedOut)
        self.begin()

    def begin(self) -> None:
        """Say the first words."""
        raise NotImplementedError

    def feed(self) -> bool:
        """
        Take what there is of an answer from the buffer.

        @return: whether the proxy has connected; what is left in the buffer is for the protocol.
        @raise ProxyError: it does not.
        """
        raise NotImplementedError

    def dataReceived(self, data: bytes) -> None:
        """Take an answer; once the connection stands, hand everything on."""
        if self._wrapped is not None:
            self._wrapped.dataReceived(data)
            return
        if self._done.called:
            return
        self._buffer += data
        try:
            connected = self.feed()
        except ProxyError as problem:
            self._fail(Failure(problem))
            return
        if connected:
            self._handOver()

    def _handOver(self) -> None:
        self._stopTimer()
        wrapped = self._factory.buildProtocol(self.transport.getPeer())
        if wrapped is None:
            self._fail(Failure(error.NoProtocol()))
            return
        self._wrapped = wrapped
        if getattr(self.transport, "protocol", None) is self:
            # Nothing needs to stand between them any more.
            self.transport.protocol = wrapped
        wrapped.makeConnection(self.transport)
        rest, self._buffer = self._buffer, b""
        self._done.callback(wrapped)
        if rest:
            wrapped.dataReceived(rest)

    def _timedOut(self) -> None:
        self._timer = None
        self._fail(Failure(error.TimeoutError(string="the proxy does not answer")))

    def _stopTimer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def _fail(self, failure: Failure) -> None:
        self._stopTimer()
        if not self._done.called:
            self._done.errback(failure)
        self.transport.abortConnection()

    def abort(self) -> None:
        """Nobody wants the connection any more."""
        self._stopTimer()
        self.transport.abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Tell whoever has the connection."""
        self._stopTimer()
        if self._wrapped is not None:
            self._wrapped.connectionLost(reason)
        elif not self._done.called:
            self._done.errback(Failure(ProxyError("the proxy has closed the connection")))


def _octetsOfHost(host: str) -> bytes:
    """
    The name of a host as it goes over the wire.

    @raise ProxyError: it is too long.
    """
    try:
        name = host.encode("ascii") if host.isascii() else idnaBytes(host)
    except UnicodeError:
        raise ProxyError(f"{host!r} is not the name of a host") from None
    if not 0 < len(name) < 256 or b"\0" in name:
        raise ProxyError(f"{host!r} is not the name of a host")
    return name


class _SOCKS5(_Conversation):
    """SOCKS version 5."""

    credentials: tuple[str, str] | None = None
    host = ""
    port = 0

    _step = "method"

    def begin(self) -> None:
        methods = b"\x00" if self.credentials is None else b"\x00\x02"
        self.transport.write(b"\x05" + bytes([len(methods)]) + methods)

    def feed(self) -> bool:
        while True:
            if self._step == "method":
                if len(self._buffer) < 2:
                    return False
                version, method = self._take(2)
                if version != 5:
                    raise ProxyError("this is no SOCKS5 proxy")
                self._choose(method)
            elif self._step == "password":
                if len(self._buffer) < 2:
                    return False
                if self._take(2)[1]:
                    raise ProxyError("the proxy refuses the user name and the password")
                self._request()
            else:
                return self._reply()

    def _take(self, count: int) -> bytes:
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken

    def _choose(self, method: int) -> None:
        if method == 0:
            self._request()
        elif method == 2 and self.credentials is not None:
            user, password = (text.encode("utf-8") for text in self.credentials)
            if not (0 < len(user) < 256 and 0 < len(password) < 256):
                raise ProxyError("user name and password have 1 to 255 octets")
            self._step = "password"
            self.transport.write(
                b"\x01" + bytes([len(user)]) + user + bytes([len(password)]) + password
            )
        else:
            raise ProxyError("the proxy wants another way to prove who one is")

    def _request(self) -> None:
        self._step = "reply"
        try:
            address = ip_address(self.host)
        except ValueError:
            name = _octetsOfHost(self.host)
            where = b"\x03" + bytes([len(name)]) + name
        else:
            where = (b"\x01" if address.version == 4 else b"\x04") + address.packed
        self.transport.write(b"\x05\x01\x00" + where + self.port.to_bytes(2, "big"))

    def _reply(self) -> bool:
        buffer = self._buffer
        if len(buffer) < 5:
            return False
        if buffer[0] != 5:
            raise ProxyError("this is no SOCKS5 proxy")
        if buffer[1]:
            raise ProxyError(
                f"the proxy does not connect: {_SOCKS5_REPLIES.get(buffer[1], buffer[1])}",
                buffer[1],
            )
        size = {1: 10, 3: 7 + buffer[4], 4: 22}.get(buffer[3])
        if size is None:
            raise ProxyError("the proxy's address is of no known kind")
        if len(buffer) < size:
            return False
        self._take(size)
        return True


class _SOCKS4(_Conversation):
    """SOCKS version 4, with names (4a)."""

    user = ""
    host = ""
    port = 0

    def begin(self) -> None:
        try:
            address, name = ip_address(self.host).packed, b""
        except ValueError:
            address, name = b"\0\0\0\1", b""
        try:
            if len(address) != 4 or address == b"\0\0\0\1":
                # The proxy looks it up; SOCKS4 knows no addresses of IPv6.
                address, name = b"\0\0\0\1", _octetsOfHost(self.host) + b"\0"
        except ProxyError as problem:
            self._fail(Failure(problem))
            return
        user = self.user.encode("utf-8").replace(b"\0", b"")
        port = self.port.to_bytes(2, "big")
        self.transport.write(b"\x04\x01" + port + address + user + b"\0" + name)

    def feed(self) -> bool:
        if len(self._buffer) < 8:
            return False
        reply, self._buffer = self._buffer[:8], self._buffer[8:]
        if reply[0] or reply[1] != 90:
            raise ProxyError(f"the proxy does not connect: {reply[1]}", reply[1])
        return True


class _HTTPConnect(_Conversation):
    """CONNECT of HTTP."""

    credentials: tuple[str, str] | None = None
    host = ""
    port = 0

    def begin(self) -> None:
        try:
            name = _octetsOfHost(self.host)
        except ProxyError as problem:
            self._fail(Failure(problem))
            return
        if any(octet <= 32 or octet == 127 for octet in name):
            self._fail(Failure(ProxyError(f"{self.host!r} is not the name of a host")))
            return
        target = (b"[%s]:%d" if b":" in name else b"%s:%d") % (name, self.port)
        lines = [b"CONNECT %s HTTP/1.1" % target, b"Host: " + target]
        if self.credentials is not None:
            token = base64.b64encode(":".join(self.credentials).encode("utf-8"))
            lines.append(b"Proxy-Authorization: Basic " + token)
        self.transport.write(b"\r\n".join([*lines, b"", b""]))

    def feed(self) -> bool:
        while True:
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                if len(self._buffer) > _LONGEST_HEAD:
                    raise ProxyError("the proxy's answer is too long")
                return False
            self._buffer = rest
            version, _, status = head.split(b"\r\n", 1)[0].partition(b" ")
            code = status[:3]
            if not version.startswith(b"HTTP/1.") or not code.isdigit():
                raise ProxyError("this is no HTTP proxy")
            if code[:1] == b"1":
                # The answer proper is still to come.
                continue
            if code[:1] != b"2":
                text = status.decode("latin-1")
                raise ProxyError(f"the proxy does not connect: {text}", int(code))
            return True


@implementer(IStreamClientEndpoint)
class _ThroughProxy:
    """
    Connects to a host through a proxy.

    @param proxyEndpoint: where the proxy is: an `IStreamClientEndpoint`.
    @param host: the host to reach: a name, or an address.
    @param port: the port to reach.
    @param credentials: user name and password for the proxy, or None.
    @param clock: an `IReactorTime` for time-outs; None for the reactor of the transport.
    """

    _conversation: ClassVar[Callable[..., Any]]

    def __init__(
        self,
        proxyEndpoint: Any,
        host: str,
        port: int,
        credentials: tuple[str, str] | None = None,
        clock: Any = None,
    ) -> None:
        self._proxyEndpoint = proxyEndpoint
        self._host = host
        self._port = port
        self._credentials = credentials
        self._clock = clock

    def _prepare(self, conversation: Any) -> None:
        conversation.host = self._host
        conversation.port = self._port
        conversation.credentials = self._credentials

    def connect(self, protocolFactory: Any) -> Deferred[Any]:
        """
        Connect; see `IStreamClientEndpoint`.

        @return: fires with the protocol, or fails with `ProxyError` if the proxy does not connect.
        """
        talking: list[Any] = []

        def cancel(_: Deferred[Any]) -> None:
            connecting.cancel()
            for conversation in talking:
                conversation.abort()

        done: Deferred[Any] = Deferred(cancel)

        def build(addr: Any) -> Any:
            conversation = type(self)._conversation(protocolFactory, done, self._clock)
            self._prepare(conversation)
            talking.append(conversation)
            return conversation

        factory = Factory()
        factory.noisy = False
        factory.buildProtocol = build  # type: ignore[method-assign]
        connecting: Deferred[Any] = self._proxyEndpoint.connect(factory)

        def failed(failure: Failure) -> None:
            if not done.called:
                done.errback(failure)

        connecting.addErrback(failed)
        return done


class SOCKS5ClientEndpoint(_ThroughProxy):
    """A host behind a SOCKS5 proxy (RFC 1928); see `_ThroughProxy` for the parameters."""

    _conversation = _SOCKS5


class SOCKS4ClientEndpoint(_ThroughProxy):
    """A host behind a SOCKS4 proxy that looks names up (4a); of `credentials` the user counts."""

    _conversation = _SOCKS4

    def _prepare(self, conversation: Any) -> None:
        conversation.host = self._host
        conversation.port = self._port
        conversation.user = self._credentials[0] if self._credentials else ""


class HTTPConnectEndpoint(_ThroughProxy):
    """A host behind an HTTP proxy that allows CONNECT (RFC 9110, 9.3.6)."""

    _conversation = _HTTPConnect
