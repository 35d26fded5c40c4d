"""The server's end of a data connection."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Any

from zope.interface import implementer

from twisted.internet import error, interfaces
from twisted.internet.currentreactor import currentReactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import ClientFactory, Protocol, connectionDone
from twisted.logger import Logger
from twisted.protocols._ftp._addresses import sameHost
from twisted.protocols._ftp._listing import listLine
from twisted.protocols.policies import TimeoutMixin
from twisted.python.failure import Failure

__all__ = ["DTP", "ASCIIConsumerWrapper", "ASCIIReceiver", "DTPFactory", "PortConnectionError"]

_log = Logger()


class PortConnectionError(Exception):
    """The data connection was not made."""

    __module__ = "twisted.protocols.ftp"


@implementer(interfaces.IConsumer)
class DTP(Protocol, TimeoutMixin):
    """
    A data connection: a consumer of what is sent, and a producer of what comes.

    Nothing is read before there is somebody to take it.

    @ivar isConnected: whether it is open.
    @ivar pi: the protocol of the control connection.
    @cvar stallTime: how long nothing may move while something is to, in seconds.
    """

    __module__ = "twisted.protocols.ftp"

    isConnected: bool | int = False
    pi: Any = None
    factory: Any
    stallTime: float | None = 300.0

    _consumer: Any = None
    _ended: Deferred[None] | None = None

    def connectionMade(self) -> None:
        """It is open."""
        self.isConnected = True
        if self.transport is not None:
            context = getattr(self.pi, "dataContext", None)
            if context is not None:
                # Whoever has made the connection, the server of FTP is that of TLS (RFC 4217).
                self.transport.startTLS(context, not self.factory.connects)
            self.transport.pauseProducing()
        self.factory.deferred.callback(None)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It is over."""
        self.isConnected = False
        self.setTimeout(None)
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            consumer.unregisterProducer()
        ended, self._ended = self._ended, None
        if ended is None:
            return
        if isinstance(reason, Failure) and not reason.check(error.ConnectionDone):
            ended.errback(reason)
        else:
            ended.callback(None)

    def timeoutConnection(self) -> None:
        """Nothing has moved for too long."""
        self.transport.abortConnection()

    def whenEnded(self) -> Deferred[None]:
        """Fires when the connection is over; fails if it did not end as it should."""
        assert self._ended is None
        ended: Deferred[None] = Deferred()
        self._ended = ended
        return ended

    # What comes

    def registerConsumer(self, cons: Any) -> Deferred[None]:
        """
        Give what comes to a consumer.

        @return: fires when the peer has sent all.
        """
        assert self._consumer is None
        self._consumer = cons
        cons.registerProducer(self, True)
        self._begin()
        return self.whenEnded()

    def _begin(self) -> None:
        """Something is to move from now on."""
        if self.transport is not None:
            self.setTimeout(self.stallTime)
            self.transport.resumeProducing()

    def dataReceived(self, bytes: bytes) -> None:
        """Pass it on."""
        self.resetTimeout()
        if self._consumer is None:
            return
        try:
            self._consumer.write(bytes)
        except Exception:
            _log.failure("what was uploaded cannot be written")
            self.transport.abortConnection()

    def pauseProducing(self) -> None:
        """Read no more."""
        self.transport.pauseProducing()

    def resumeProducing(self) -> None:
        """Read on."""
        self.resetTimeout()
        self.transport.resumeProducing()

    def stopProducing(self) -> None:
        """Close."""
        self.transport.loseConnection()

    # What is sent

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Have a producer write."""
        self._begin()
        self.transport.registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        """All has been written: close when it has been sent."""
        self.transport.unregisterProducer()
        self.transport.loseConnection()

    def write(self, data: bytes) -> None:
        """Send."""
        self.resetTimeout()
        self.transport.write(data)

    def sendLine(self, line: bytes) -> None:
        """Send a line."""
        self.write(line + b"\r\n")

    def sendListResponse(self, name: str | bytes, response: Sequence[Any]) -> None:
        """Send a line of LIST. @param response: what a shell knows for `LIST_KEYS`."""
        self.sendLine(listLine(encoded(name), response, time.time()))


def encoded(name: str | bytes) -> bytes:
    """The name of a file as it is sent: in UTF-8 (RFC 2640), without the ends of lines."""
    if isinstance(name, str):
        name = name.encode("utf-8", "surrogateescape")
    return name.replace(b"\r", b"?").replace(b"\n", b"?")


class ASCIIConsumerWrapper:
    """
    Makes the lines of a text end as they do on the wire (RFC 959, section 3.1.1.1).

    @ivar cons: the consumer behind it.
    """

    __module__ = "twisted.protocols.ftp"

    def __init__(self, cons: Any) -> None:
        self.cons = cons
        self.registerProducer = cons.registerProducer
        self.unregisterProducer = cons.unregisterProducer

    def write(self, bytes: bytes) -> None:
        """Pass it on."""
        self.cons.write(bytes.replace(os.linesep.encode(), b"\r\n"))


class ASCIIReceiver:
    """Makes the lines of a text end as they do here."""

    def __init__(self, cons: Any) -> None:
        """
        @param cons: the consumer behind it.
        """
        self._cons = cons
        self._held = b""
        self.registerProducer = cons.registerProducer

    def write(self, data: bytes) -> None:
        """Pass it on, but for a return at its end, which may belong to what comes."""
        data = self._held + data
        self._held = b"\r" if data.endswith(b"\r") else b""
        if self._held:
            data = data[:-1]
        self._cons.write(data.replace(b"\r\n", os.linesep.encode()))

    def unregisterProducer(self) -> None:
        """That was all."""
        if self._held:
            self._cons.write(self._held)
        self._cons.unregisterProducer()


class DTPFactory(ClientFactory):
    """
    Makes the protocol of one data connection, once.

    @ivar deferred: fires when the connection is open; fails with `PortConnectionError`.
    @ivar connects: whether this side makes the connection.
    @cvar peerCheck: whether others than the peer of the control connection are turned away.
    """

    __module__ = "twisted.protocols.ftp"

    noisy = False
    peerCheck = True
    connects = False

    def __init__(self, pi: Any, peerHost: str | None = None, reactor: Any = None) -> None:
        """
        @param pi: the protocol of the control connection; its C{dtpInstance} becomes the protocol.
        @param peerHost: the IP address of its peer; None for anybody.
        """
        self.pi = pi
        self.peerHost = peerHost
        self.deferred: Deferred[None] = Deferred()
        self.delayedCall: Any = None
        self._reactor = reactor
        self._open = True

    def buildProtocol(self, addr: Any) -> DTP | None:
        """The protocol; None if there was one, the time is up, or somebody else has come."""
        if not self._open:
            return None
        if self.peerCheck and self.peerHost is not None and not sameHost(addr.host, self.peerHost):
            _log.warn(
                "a data connection of {peer} came from {other}; refused",
                peer=self.peerHost,
                other=addr.host,
            )
            return None
        self._open = False
        self.cancelTimeout()
        protocol = DTP()
        protocol.factory = self
        protocol.pi = self.pi
        self.pi.dtpInstance = protocol
        return protocol

    def stopFactory(self) -> None:
        """Wait no more."""
        self.cancelTimeout()

    def timeoutFactory(self) -> None:
        """The time is up."""
        self.delayedCall = None
        self._fail(error.TimeoutError("nobody has connected"))

    def cancelTimeout(self) -> None:
        """Wait for any time."""
        if self.delayedCall is not None and self.delayedCall.active():
            self.delayedCall.cancel()
        self.delayedCall = None

    def setTimeout(self, seconds: float) -> None:
        """Wait so long for the connection."""
        self.delayedCall = currentReactor(self._reactor).callLater(seconds, self.timeoutFactory)

    def clientConnectionFailed(self, connector: Any, reason: Any) -> None:
        """It could not be made."""
        self.cancelTimeout()
        self._fail(reason)

    def _fail(self, reason: Any) -> None:
        if self._open:
            self._open = False
            self.deferred.errback(PortConnectionError(reason))
