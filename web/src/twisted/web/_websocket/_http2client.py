"""The side that asks for a WebSocket connection over HTTP/2 (RFC 8441)."""

from __future__ import annotations

from functools import partial
from typing import Any

from wsproto.utilities import RemoteProtocolError

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionLost
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web._client._errors import ResponseDone
from twisted.web._client._http2 import HTTP2ClientProtocol
from twisted.web._client._http2stream import ClientStream
from twisted.web._h2._endpoint import OutgoingStream
from twisted.web._websocket._client import ConnectionRejected, WebSocketClientEndpoint, agreedOn
from twisted.web._websocket._connection import WebSocketConnection

__all__ = ["ConnectNotAllowed", "StreamAsking"]


class ConnectNotAllowed(Exception):
    """The server speaks HTTP/2, but no WebSocket over it."""


class _SocketStream(ClientStream):
    """A stream that becomes a connection, and is its transport."""

    _other: Any = None
    _cutting: Any = None

    def __init__(self, connection: HTTP2ClientProtocol, request: Any, later: Any) -> None:
        """
        @param later: called with a function, has it called when the server has had enough time to
            end the stream.
        """
        super().__init__(connection, request)
        self._later = later

    @property
    def bodiless(self) -> bool:
        """What is sent goes on behind the head."""
        return False

    def fields(self) -> list[tuple[bytes, bytes]]:
        """The head, with the protocol that is wanted (RFC 8441, section 4)."""
        return [(b":protocol", b"websocket"), *super().fields()]

    @property
    def answeredOnly(self) -> bool:
        """Whether nothing follows the head of the answer."""
        return self._bodyEnded

    def switch(self, response: Any, other: Any) -> None:
        """
        Leave the stream to another protocol.

        @param other: its ``start`` is called with this, then ``dataReceived``, and
            ``connectionLost`` at the end.
        """
        self._other = other
        self._paused = False
        other.start(self)
        # Whoever wants nothing as yet is given nothing.
        paused = self._paused
        response.deliverBody(_Receiver(self, other))
        self._paused = paused

    def ended(self) -> None:
        """The server has ended the stream: end this side, too; it reads nothing any more."""
        if self._cutting is not None and self._cutting.active():
            self._cutting.cancel()
        self.dropUnsent()
        if not self.local_ended:
            self._connection.wants(self)

    def fail(self, problem: Exception, reason: Failure) -> None:
        """Tell the end at once, also to whoever does not read at present."""
        if self._other is not None and not self._bodyEnded:
            self._waiting.clear()
            self._paused = False
        super().fail(problem, reason)

    def dropUnsent(self) -> None:
        """Send nothing more, and have the producer stop."""
        producer = super().dropUnsent()
        if producer is not None:
            producer.stopProducing()

    # As a transport

    registerProducer = OutgoingStream.registerProducer

    def loseConnection(self) -> None:
        """End the stream once everything written has been sent; the server has to, too."""
        if self._other is None:
            self.stopProducing()
        elif self._cutting is None:
            self._cutting = self._later(self.abortConnection)
            self.producer = None
            self.finishWriting()

    def abortConnection(self) -> None:
        """End the stream; what was not sent is lost."""
        self.stopProducing()
        self._deliver()


class _Receiver(Protocol):
    """Passes on what comes on a stream."""

    def __init__(self, stream: _SocketStream, other: Any) -> None:
        self._stream = stream
        self._other = other

    def dataReceived(self, data: bytes) -> None:
        """Pass data on."""
        self._other.dataReceived(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The stream has ended."""
        # Who has said everything, and goodbye, has lost nothing.
        done = self._stream.local_ended or reason.check(ResponseDone)
        self._stream.ended()
        if done:
            self._other.connectionLost(connectionDone)
        else:
            self._other.connectionLost(Failure(ConnectionLost(reason.getErrorMessage())))


class StreamAsking:
    """
    Asks a server for a WebSocket, over a connection of its own.

    @ivar connection: the connection, which is to be given a transport.
    @ivar asked: fires with the protocol; fails with `ConnectNotAllowed`, `ConnectionRejected`, or
        what has ended the stream. Cancelling it ends the stream and the connection.
    """

    def __init__(self, endpoint: WebSocketClientEndpoint, protocol: Any, clock: Any) -> None:
        self._endpoint = endpoint
        self._protocol = protocol
        self._clock = clock
        self._extensions = endpoint._extensions()
        self._stream: _SocketStream | None = None
        self.asked: Deferred[Any] = Deferred(self._cancel)
        self.connection = connection = HTTP2ClientProtocol(clock, HTTP2ClientProtocol.close)
        connection.limits = endpoint.http2Limits
        # The pings of WebSocket do.
        connection.pingInterval = None
        connection.configuredCallback = self._configured
        connection.lostCallback = self._lost

    def _configured(self) -> None:
        """The server has said what it allows: ask, or do not."""
        connection = self.connection
        connection.configuredCallback = None
        if not connection.allowsConnect:
            self._failed(Failure(ConnectNotAllowed("no WebSocket over HTTP/2")))
            connection.close()
            return
        request = self._endpoint._request(self._extensions)
        later = partial(self._clock.callLater, self._endpoint.closeTimeout)
        self._stream = _SocketStream(connection, request, later)
        connection.begin(self._stream).addCallbacks(self._answered, self._failed)

    def _answered(self, response: Any) -> None:
        """The server agrees, or does not."""
        stream = self._stream
        assert stream is not None
        try:
            if not 200 <= response.code < 300 or stream.answeredOnly:
                raise RemoteProtocolError("the server refuses")
            agreed = agreedOn(response.headers, self._extensions)
        except RemoteProtocolError:
            stream.finishWriting()
            self._failed(Failure(ConnectionRejected(response)))
            return
        connection = WebSocketConnection(True, self._protocol, agreed, self._clock, self._endpoint)
        try:
            self._protocol.negotiationStarted(connection)
            stream.switch(response, connection)
        except Exception:
            self._failed(Failure())
            stream.abortConnection()
            return
        self.asked.callback(self._protocol)

    def _failed(self, failure: Failure) -> None:
        if not self.asked.called:
            self.asked.errback(failure)

    def _lost(self) -> None:
        """The connection has ended."""
        if self._stream is None:
            self._failed(Failure(ConnectionLost("the connection ended amid the negotiation")))

    def _cancel(self, asked: Deferred[Any]) -> None:
        """Nobody waits any more."""
        asked.errback(CancelledError())
        connection, stream = self.connection, self._stream
        if stream is None or stream.finished is None:
            connection.forceAbortClient()
            return
        stream.finished.cancel()
        if connection.state == "QUIESCENT":
            # The stream had not begun.
            connection.close()
