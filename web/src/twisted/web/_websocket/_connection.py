"""
A connection over which messages go in both directions.

::

    OPEN --close of the other side--> CLOSED (the connection ends)
      |
      +--close of this side--> CLOSING --answer, or time--> CLOSED
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Any

from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web._websocket._frames import (
    BINARY,
    CLOSE,
    NO_STATUS,
    PING,
    PONG,
    TEXT,
    Deflate,
    FrameReader,
    WebSocketError,
    close_payload,
    frame,
)

__all__ = ["Limits", "WebSocketConnection"]

_log = Logger()

#: What is told when the protocol itself fails.
_INTERNAL_ERROR = 1011

#: How many octets may wait to be sent when pings are still answered.
_UNSENT = 65536


class Limits:
    """
    What a connection lets happen.

    @ivar maxMessageSize: how many octets a message may have after it was unpacked and put
        together; with more of them the connection is closed with 1009.
    @ivar pingInterval: after how many seconds of silence the other side is asked whether it is
        still there; None for never.
    @ivar pingTimeout: how many seconds it has to answer.
    @ivar closeTimeout: how many seconds it has to agree to the end.
    """

    maxMessageSize = 16 * 2**20
    pingInterval: float | None = 20
    pingTimeout: float = 20
    closeTimeout: float = 10


class _State(Enum):
    OPEN = auto()
    CLOSING = auto()
    CLOSED = auto()


class WebSocketConnection:
    """
    One side of a connection, once both have agreed; also the transport of its protocol.

    @ivar closeCode: which code the other side, or else this one, has ended the connection with;
        1006 if neither (RFC 6455, section 7.1.5).
    @ivar closeReason: what it said about that.
    """

    closeCode = 1006
    closeReason = ""

    def __init__(
        self, isClient: bool, protocol: Any, extensions: list[Any], clock: Any, limits: Any
    ) -> None:
        """
        @param protocol: gets the messages.
        @param extensions: those of wsproto that both sides have agreed on: ``permessage-deflate``,
            or none.
        @param clock: tells the time.
        @param limits: an object with the attributes of `Limits`.
        """
        self._deflate = Deflate(extensions[0], isClient) if extensions else None
        self._reader = FrameReader(not isClient, self._deflate)
        self._masks = isClient
        self._state = _State.OPEN
        self._protocol = protocol
        self._clock = clock
        self._limits = limits
        self._transport: Any = None
        # Whether anything has come since the last question, whether an answer is waited for, and
        # what happens next by itself.
        self._heard = True
        self._asked = False
        self._next: Any = None
        self._ended = False

    # The life of the connection

    def start(self, transport: Any) -> None:
        """Begin, on a transport."""
        self._transport = transport
        self._protocol.negotiationFinished()
        if self._limits.pingInterval is not None and not self._ended:
            self._next = self._clock.callLater(self._limits.pingInterval, self._ask)

    def _ask(self) -> None:
        """Ask whether the other side is still there, if it has said nothing."""
        if self._heard:
            self._heard = False
            self._next = self._clock.callLater(self._limits.pingInterval, self._ask)
        else:
            self.ping(b"")
            self._asked = True
            self._next = self._clock.callLater(self._limits.pingTimeout, self._cut)

    def _cut(self) -> None:
        """Cut the connection: the other side says nothing any more."""
        self._next = None
        abort = getattr(self._transport, "abortConnection", None)
        (abort or self._transport.loseConnection)()

    def _cancel(self) -> None:
        following, self._next = self._next, None
        if following is not None and following.active():
            following.cancel()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Tell the protocol of the end."""
        if self._ended:
            return
        self._ended = True
        self._state = _State.CLOSED
        self._cancel()
        self._protocol.connectionLost(reason)

    # What comes

    def dataReceived(self, data: bytes) -> None:
        """Read what has come."""
        self._heard = True
        if self._asked and self._state is _State.OPEN:
            self._asked = False
            self._next.cancel()
            self._next = self._clock.callLater(self._limits.pingInterval, self._ask)
        if self._isClosed():
            return
        try:
            for opcode, what in self._reader.receive(data, self._limits.maxMessageSize):
                self._handle(opcode, what)
                if self._isClosed():
                    return
        except WebSocketError as problem:
            self._fail(problem.code, str(problem))

    def _handle(self, opcode: int, what: Any) -> None:
        if opcode == TEXT:
            self._call(self._protocol.textMessageReceived, what)
        elif opcode == BINARY:
            self._call(self._protocol.bytesMessageReceived, what)
        elif opcode == PONG:
            self._call(self._protocol.pongReceived, what)
        elif opcode == CLOSE:
            self._closeReceived(*what)
        elif self._isOpen() and getattr(self._transport, "unsentSize", 0) < _UNSENT:
            # RFC 6455, section 5.5.3: not each of them has to be answered.
            self._send(PONG, what)

    def _call(self, method: Any, argument: Any) -> None:
        """Call a method of the protocol; if it raises, the connection ends."""
        try:
            method(argument)
        except Exception:
            _log.failure("Unhandled error in {protocol}", protocol=self._protocol)
            self._fail(_INTERNAL_ERROR, "")

    def _closeReceived(self, code: int, reason: str) -> None:
        """The other side wants the end, or agrees to it."""
        self._cancel()
        self.closeCode, self.closeReason = code, reason
        if self._state is _State.OPEN:
            self._send(CLOSE, close_payload(None if code == NO_STATUS else code, reason))
        self._state = _State.CLOSED
        self._transport.loseConnection()

    def _fail(self, code: int, reason: str) -> None:
        """End the connection, and say why."""
        self._cancel()
        self.closeCode, self.closeReason = code, reason
        if self._isOpen():
            self._send(CLOSE, close_payload(code, reason))
        self._state = _State.CLOSED
        self._transport.loseConnection()

    # What goes: `twisted.web.websocket.WebSocketTransport`

    def _send(self, opcode: int, payload: bytes) -> None:
        self._transport.write(frame(opcode, payload, self._masks))

    def _sendMessage(self, opcode: int, payload: bytes) -> None:
        deflate = self._deflate
        if deflate is None:
            self._transport.write(frame(opcode, payload, self._masks))
        else:
            self._transport.write(frame(opcode, deflate.compress(payload), self._masks, True))

    def _isOpen(self) -> bool:
        return self._state is _State.OPEN

    def _isClosed(self) -> bool:
        return self._state is _State.CLOSED

    def sendTextMessage(self, text: str) -> None:
        """Send a message of text; after the end, it is dropped."""
        if self._state is _State.OPEN:
            self._sendMessage(TEXT, text.encode())

    def sendBytesMessage(self, data: bytes) -> None:
        """Send a message of octets; after the end, it is dropped."""
        if self._state is _State.OPEN:
            self._sendMessage(BINARY, data)

    def ping(self, payload: bytes = b"") -> None:
        """
        Ask whether the other side is there; `pongReceived` of the protocol gets the answer.

        @raise ValueError: if the payload has more than 125 octets.
        """
        if len(payload) > 125:
            raise ValueError("a ping has 125 octets at most")
        if self._isOpen():
            self._send(PING, payload)

    def loseConnection(self, code: int = 1000, reason: str | None = None) -> None:
        """
        End the connection, once everything was sent and the other side agrees.

        @param code: tells why (RFC 6455, section 7.4).
        @param reason: tells it to people, in 123 octets of UTF-8 at most.
        """
        if not self._isOpen():
            return
        self._cancel()
        self._send(CLOSE, close_payload(code, reason or ""))
        self._state = _State.CLOSING
        self._next = self._clock.callLater(self._limits.closeTimeout, self._cut)

    def pauseProducing(self) -> None:
        """Read nothing more, until `resumeProducing`."""
        self._transport.pauseProducing()

    def resumeProducing(self) -> None:
        """Read again."""
        self._transport.resumeProducing()

    def attachProducer(self, producer: Any) -> None:
        """Have a push producer held back while the other side is slow."""
        self._transport.registerProducer(producer, True)

    def detachProducer(self) -> None:
        """Let the producer go."""
        self._transport.unregisterProducer()
