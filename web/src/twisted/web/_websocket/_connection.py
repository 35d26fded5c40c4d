"""
A connection over which messages go in both directions.

::

    OPEN --close of the other side--> CLOSED (the connection ends)
      |
      +--close of this side--> CLOSING --answer, or time--> CLOSED
"""

from __future__ import annotations

from typing import Any

import wsproto
from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Message, Ping, Pong, TextMessage
from wsproto.frame_protocol import CloseReason

from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure

__all__ = ["Limits", "WebSocketConnection"]

_log = Logger()

#: How many octets are read in a row: what they hold may be a thousand times as large, if it is
#: compressed, before anybody can see how large it is.
_PORTION = 4096

#: How many octets may wait to be sent when pings are still answered.
_UNSENT = 65536


class Limits:
    """
    What a connection lets happen.

    @ivar maxMessageSize: how many octets a message may have, or characters if it is text, after it
        was unpacked and put together; with more of them the connection is closed with 1009.
    @ivar pingInterval: after how many seconds of silence the other side is asked whether it is
        still there; None for never.
    @ivar pingTimeout: how many seconds it has to answer.
    @ivar closeTimeout: how many seconds it has to agree to the end.
    """

    maxMessageSize = 16 * 2**20
    pingInterval: float | None = 20
    pingTimeout: float = 20
    closeTimeout: float = 10


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
        @param extensions: those of wsproto that both sides have agreed on.
        @param clock: tells the time.
        @param limits: an object with the attributes of `Limits`.
        """
        kind = ConnectionType.CLIENT if isClient else ConnectionType.SERVER
        self._wire = Connection(kind, extensions)
        self._protocol = protocol
        self._clock = clock
        self._limits = limits
        self._transport: Any = None
        self._pieces: list[Any] = []
        self._size = 0
        # Whether anything has come since the last question, and what happens next by itself.
        self._heard = True
        self._next: Any = None
        self._ended = False

    def _is(self, state: ConnectionState) -> bool:
        return self._wire.state is state

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
        self._cancel()
        self._pieces.clear()
        self._protocol.connectionLost(reason)

    # What comes

    def dataReceived(self, data: bytes) -> None:
        """Read what has come."""
        self._heard = True
        if self._next is not None and self._is(ConnectionState.OPEN):
            self._restart()
        for start in range(0, len(data), _PORTION):
            if self._is(ConnectionState.CLOSED):
                return
            self._wire.receive_data(data[start : start + _PORTION])
            try:
                for event in self._wire.events():
                    self._handle(event)
                    if self._ended or self._is(ConnectionState.CLOSED):
                        return
            except wsproto.utilities.RemoteProtocolError as problem:
                hint = problem.event_hint
                code = hint.code if isinstance(hint, CloseConnection) else 1002
                self._fail(code, str(problem))
                return

    def _restart(self) -> None:
        """Wait anew for a silence, if an answer is waited for."""
        if self._next.func == self._cut:
            self._next.cancel()
            self._next = self._clock.callLater(self._limits.pingInterval, self._ask)

    def _handle(self, event: Any) -> None:
        if isinstance(event, Message):
            self._messageReceived(event)
        elif isinstance(event, Ping):
            if getattr(self._transport, "unsentSize", 0) < _UNSENT:
                # RFC 6455, section 5.5.3: not each of them has to be answered.
                self._send(event.response())
        elif isinstance(event, Pong):
            self._call(self._protocol.pongReceived, bytes(event.payload))
        elif self._is(ConnectionState.OPEN):
            # What has come is no WebSocket. What the library says of text depends on its pieces.
            invalid = event.code == CloseReason.INVALID_FRAME_PAYLOAD_DATA
            self._fail(event.code, "text that is not UTF-8" if invalid else event.reason or "")
        else:
            self._closeReceived(event)

    def _messageReceived(self, event: Any) -> None:
        """Take a piece of a message, and pass the message on when it is complete."""
        self._size += len(event.data)
        if self._size > self._limits.maxMessageSize:
            self._fail(CloseReason.MESSAGE_TOO_BIG, "the message is too large")
            return
        self._pieces.append(event.data)
        if not event.message_finished:
            return
        pieces, self._pieces = self._pieces, []
        self._size = 0
        if isinstance(event, TextMessage):
            self._call(self._protocol.textMessageReceived, "".join(pieces))
        else:
            self._call(self._protocol.bytesMessageReceived, b"".join(pieces))

    def _call(self, method: Any, argument: Any) -> None:
        """Call a method of the protocol; if it raises, the connection ends."""
        try:
            method(argument)
        except Exception:
            _log.failure("Unhandled error in {protocol}", protocol=self._protocol)
            self._fail(CloseReason.INTERNAL_ERROR, "")

    def _closeReceived(self, event: CloseConnection) -> None:
        """The other side wants the end, or agrees to it."""
        self._cancel()
        # Without a code there was none (RFC 6455, section 7.1.5).
        self.closeCode = event.code or CloseReason.NO_STATUS_RCVD
        self.closeReason = event.reason or ""
        if self._is(ConnectionState.REMOTE_CLOSING):
            self._send(event.response())
        self._transport.loseConnection()

    def _fail(self, code: int, reason: str) -> None:
        """End the connection, and say why."""
        self._cancel()
        self._pieces.clear()
        self.closeCode, self.closeReason = code, reason
        if self._is(ConnectionState.OPEN):
            # A reason has 123 octets at most.
            self._send(CloseConnection(code, reason.encode()[:120].decode("utf-8", "ignore")))
        self._transport.loseConnection()

    # What goes: `twisted.web.websocket.WebSocketTransport`

    def _send(self, event: Any) -> None:
        self._transport.write(self._wire.send(event))

    def _isOpen(self) -> bool:
        return not self._ended and self._is(ConnectionState.OPEN)

    def sendTextMessage(self, text: str) -> None:
        """Send a message of text; after the end, it is dropped."""
        if self._isOpen():
            self._send(TextMessage(text))

    def sendBytesMessage(self, data: bytes) -> None:
        """Send a message of octets; after the end, it is dropped."""
        if self._isOpen():
            self._send(BytesMessage(data))

    def ping(self, payload: bytes = b"") -> None:
        """
        Ask whether the other side is there; `pongReceived` of the protocol gets the answer.

        @raise ValueError: if the payload has more than 125 octets.
        """
        if len(payload) > 125:
            raise ValueError("a ping has 125 octets at most")
        if self._isOpen():
            self._send(Ping(payload))

    def loseConnection(self, code: int = 1000, reason: str | None = None) -> None:
        """
        End the connection, once everything was sent and the other side agrees.

        @param code: tells why (RFC 6455, section 7.4).
        @param reason: tells it to people, in 123 octets of UTF-8 at most.
        """
        if not self._isOpen():
            return
        self._cancel()
        self._send(CloseConnection(code, reason))
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
