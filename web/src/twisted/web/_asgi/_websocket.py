"""
A WebSocket connection that an application of ASGI has.

::

    ASKED --websocket.accept--> OPEN --websocket.close, or the client's end--> CLOSED
      |
      +--websocket.close, or websocket.http.response.start and .body--> CLOSED (refused)
"""

from __future__ import annotations

import asyncio
import enum
from collections import deque
from collections.abc import Callable
from typing import Any

from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web._asgi._call import Application, Call
from twisted.web._asgi._response import checked_body, checked_headers, checked_status, set_head
from twisted.web._asgi._scope import ClientDisconnected, Message, websocket_scope
from twisted.web._responses import FORBIDDEN, SERVICE_UNAVAILABLE
from twisted.web._websocket._server import WebSocketResource
from twisted.web.server import NOT_DONE_YET

_log = Logger()

#: How many octets, and how many messages, wait for the application when no more are read.
_MOST_OCTETS = 65536
_MOST_MESSAGES = 256

_INTERNAL_ERROR = 1011
_GOING_AWAY = 1001


class State(enum.Enum):
    """What the application may say next."""

    ASKED = "websocket.accept or websocket.close"
    REFUSING = "websocket.http.response.body"
    OPEN = "websocket.send or websocket.close"
    CLOSED = "nothing"


ASKED, REFUSING, OPEN, CLOSED = State


class WebSocketCall(Call):
    """An application that has a connection; also the connection's protocol."""

    def __init__(
        self, application: Application, request: Any, rootPath: str, accept: Callable[..., Any]
    ) -> None:
        """
        @param accept: agrees to the connection; called with this and headers of the answer.
        """
        Call.__init__(self, application, websocket_scope(request, rootPath))
        self._request = request
        self._accept = accept
        self._state = ASKED
        self._status = 0
        self._headers: dict[bytes, list[bytes]] = {}
        self._connection: Any = None
        # Messages for the application, with their sizes, and who waits for one.
        self._messages: deque[tuple[Message, int]] = deque([({"type": "websocket.connect"}, 0)])
        self._size = 0
        self._held = False
        self._reader: asyncio.Future[None] | None = None
        request.defaultContentType = None

    def watch(self) -> None:
        """Take note of a client that leaves before it has its connection."""
        if self._state in (ASKED, REFUSING):
            self._request.notifyFinish().addErrback(lambda _: self._disconnected(1006, ""))

    # What the application calls

    async def receive(self) -> Message:
        """The next message, or the news that the connection has ended, again and again."""
        while not self._messages:
            if self.gone:
                return {"type": "websocket.disconnect", "code": 1006, "reason": ""}
            if self._reader is None:
                self._reader = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._reader)
        message, size = self._messages.popleft()
        self._size -= size
        if self._held and not self._messages:
            self._held = False
            self._connection.resumeProducing()
        return message

    async def send(self, message: Message) -> None:
        """
        Take a message of the application; returns when the client has taken enough of the others.

        @raise ClientDisconnected: if the connection has ended.
        @raise RuntimeError: if it is not the turn of this message.
        """
        kind = message["type"]
        state = self._state
        if self.gone:
            raise ClientDisconnected("the client has left")
        if state is OPEN and kind == "websocket.send":
            self._send(message)
            await self.drained()
        elif state is ASKED and kind == "websocket.accept":
            self._agree(message)
        elif state in (ASKED, OPEN) and kind == "websocket.close":
            self._close(message)
        elif state is ASKED and kind == "websocket.http.response.start":
            self._status = checked_status(message)
            self._headers = checked_headers(message.get("headers", ()))
            self._state = REFUSING
        elif state is REFUSING and kind == "websocket.http.response.body":
            self._refuse(checked_body(message), bool(message.get("more_body")))
        else:
            raise RuntimeError(f"a message of type {kind!r} where {state.value} is expected")

    def _send(self, message: Message) -> None:
        text, data = message.get("text"), message.get("bytes")
        if text is not None:
            self._connection.sendTextMessage(text)
        elif data is not None:
            self._connection.sendBytesMessage(bytes(data))
        else:
            raise ValueError("a message is text or bytes")

    def _agree(self, message: Message) -> None:
        """
        Agree to the connection.

        @raise ValueError: if the client has not asked for the subprotocol.
        """
        headers: dict[bytes, bytes] = {}
        for name, values in checked_headers(message.get("headers", ())).items():
            # Of a cookie, there may be one.
            headers[name] = b", ".join(values)
        subprotocol = message.get("subprotocol")
        if subprotocol is not None:
            if subprotocol not in self._scope["subprotocols"]:
                raise ValueError(f"the client does not speak {subprotocol!r}")
            headers[b"sec-websocket-protocol"] = subprotocol.encode("latin-1")
        self._state = OPEN
        self._accept(self, headers)

    def _close(self, message: Message) -> None:
        """Close the connection, or refuse it."""
        if self._state is ASKED:
            self._refuseWith(FORBIDDEN)
            return
        self._state = CLOSED
        reason = (message.get("reason") or "").encode("utf-8")[:120].decode("utf-8", "ignore")
        self._connection.loseConnection(int(message.get("code") or 1000), reason or None)

    def _refuse(self, body: bytes, more: bool) -> None:
        """Send a piece of an answer that refuses (extension ``websocket.http.response``)."""
        request = self._request
        if not request.startedWriting:
            set_head(request, self._status, self._headers)
            if not more:
                request.responseHeaders._rawHeaders[b"content-length"] = [b"%d" % len(body)]
        request.write(body)
        if not more:
            self._state = CLOSED
            self.gone = True
            request.finish()

    def _refuseWith(self, code: int) -> None:
        """Refuse with an answer that is empty."""
        self._state = REFUSING
        self._status = code
        self._refuse(b"", False)
        self._put({"type": "websocket.disconnect", "code": 1006, "reason": ""}, 0)

    # What the connection calls

    def negotiationStarted(self, transport: Any) -> None:
        """The connection is about to be there."""
        self._connection = transport

    def negotiationFinished(self) -> None:
        """The connection is there."""
        self._connection.attachProducer(self)

    def textMessageReceived(self, message: str) -> None:
        """A message of text has come."""
        self._put({"type": "websocket.receive", "text": message}, len(message))

    def bytesMessageReceived(self, data: bytes) -> None:
        """A message of octets has come."""
        self._put({"type": "websocket.receive", "bytes": data}, len(data))

    def pongReceived(self, payload: bytes) -> None:
        """That is of no interest here."""

    def connectionLost(self, reason: Failure) -> None:
        """The connection has ended."""
        connection = self._connection
        self._disconnected(int(connection.closeCode), connection.closeReason)

    def _disconnected(self, code: int, reason: str) -> None:
        if not self.gone:
            self._state = CLOSED
            self._put({"type": "websocket.disconnect", "code": code, "reason": reason}, 0)
            self.leave()

    def stopProducing(self) -> None:
        """The connection is over; `connectionLost` follows, and knows more."""

    def _put(self, message: Message, size: int) -> None:
        """Keep a message for the application; of many, no more are read."""
        self._messages.append((message, size))
        self._size += size
        full = self._size >= _MOST_OCTETS or len(self._messages) >= _MOST_MESSAGES
        if full and not self._held and not self.gone and self._state is OPEN:
            self._held = True
            self._connection.pauseProducing()
        reader, self._reader = self._reader, None
        if reader is not None and not reader.done():
            reader.set_result(None)

    # The end of the application

    def _end(self, code: int, status: int) -> None:
        """Close or refuse the connection, if that is to be done."""
        if self.gone:
            return
        if self._state is OPEN:
            self._close({"code": code})
        elif self._state is ASKED:
            self._refuseWith(status)
        elif self._state is REFUSING:
            self._request.loseConnection()

    def returned(self) -> None:
        """The application has returned, so the connection ends."""
        self._end(1000, FORBIDDEN)

    def failed(self, error: Exception) -> None:
        """Say that there was an error, without its particulars."""
        if self._state is ASKED and not self.gone:
            self._state = CLOSED
            self.gone = True
            self._request.processingFailed(Failure(error))
            return
        _log.failure("Error in a WebSocket connection", failure=Failure(error))
        self._end(_INTERNAL_ERROR, FORBIDDEN)

    def cancelled(self) -> None:
        """This server ends."""
        self._end(_GOING_AWAY, SERVICE_UNAVAILABLE)


class Upgrades(WebSocketResource):
    """Leaves it to an application whether a connection is agreed to."""

    def __init__(self, begin: Callable[..., Any], origins: Any) -> None:
        """
        @param begin: called with a request, and a function that agrees.
        """
        WebSocketResource.__init__(self, None, origins)
        self._begin = begin

    def _accept(self, request: Any, answer: dict[bytes, bytes]) -> int:
        self._begin(
            request, lambda call, headers: self._switch(request, {**answer, **headers}, call)
        )
        return NOT_DONE_YET
