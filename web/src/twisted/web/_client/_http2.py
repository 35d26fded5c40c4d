"""
A connection of HTTP/2, over which requests are sent side by side.

A request waits until the server allows another stream; then its head leaves at once, and its body
as fast as the server takes it.  What comes of an answer's body is kept, up to its window, until
somebody wants it; meanwhile others go on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web._client._errors import (
    BadHeaders,
    ConnectionAborted,
    ParseError,
    RequestGenerationFailed,
    RequestNotSent,
    RequestTransmissionFailed,
    ResponseFailed,
    ResponseNeverReceived,
    StreamRefused,
    StreamReset,
)
from twisted.web._client._request import TransportProxyProducer, checkedMethod, checkedURI
from twisted.web._client._response import Response
from twisted.web._h2 import _events as events
from twisted.web._h2._clientstate import ClientMachine
from twisted.web._h2._endpoint import Endpoint, OutgoingStream
from twisted.web._h2._frames import Code, error_name
from twisted.web._h2._heads import AnswerHead, request_fields
from twisted.web._h2._limits import HTTP2Limits
from twisted.web._responses import RESPONSES
from twisted.web.http_headers import Headers
from twisted.web.iweb import UNKNOWN_LENGTH

__all__ = ["HTTP2ClientProtocol"]

_log = Logger()


class ClientStream(OutgoingStream):
    """
    A request, and its answer; to whoever receives the body, the transport.

    @ivar finished: fires with the answer, or None when it has.
    """

    _response: Any = None
    _proxy: Any = None
    _writing: Any = None
    # What has come of the body and nobody wants yet, and how the body has ended.
    _paused = True
    _delivering = False
    _bodyEnded = False
    _reason: Failure | None = None

    def __init__(self, connection: HTTP2ClientProtocol, request: Any) -> None:
        OutgoingStream.__init__(self, connection)
        self.request = request
        self.finished: Deferred[Any] | None = Deferred(self._cancel)
        self._waiting: deque[tuple[bytes, int]] = deque()

    # Sending

    def fields(self) -> list[tuple[bytes, bytes]]:
        """
        The head.

        @raise BadHeaders: if there is no ``Host``, or more than one.
        """
        request = self.request
        # Whoever holds the request may have changed it.
        method, uri = checkedMethod(request.method), checkedURI(request.uri)
        raw = dict(request.headers._rawHeaders)
        if len(raw.get(b"host", ())) != 1:
            raise BadHeaders("Exactly one Host header required")
        raw.pop(b"content-length", None)
        producer = request.bodyProducer
        if producer is None:
            if method in (b"PUT", b"POST"):
                raw[b"content-length"] = [b"0"]
        elif producer.length is not UNKNOWN_LENGTH:
            raw[b"content-length"] = [b"%d" % producer.length]
        return request_fields(method, b"https", uri, raw)

    def sendBody(self) -> None:
        """Have the body made, and sent."""
        producer = self.request.bodyProducer
        if producer is None:
            return
        try:
            if producer.length is UNKNOWN_LENGTH:
                self.registerProducer(producer, True)
                self._writing = producer.startProducing(self)
            else:
                self._writing = self.request._writeCounted(self)
        except BaseException:
            self._writing = fail(Failure())
        self._writing.addCallbacks(self._bodyWritten, self._bodyBroken)

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """The body is made by a producer, which does not run yet: if it has to wait, then later."""
        self.producer = producer
        self._producerProducing = True

    def _bodyWritten(self, _: object) -> None:
        self._writing = None
        self.unregisterProducer()
        self.finishWriting()

    def _bodyBroken(self, reason: Failure) -> None:
        self._writing = None
        if not self.reset:
            self._connection.resetStream(self, Code.CANCEL)
            self.fail(RequestGenerationFailed([reason]), reason)

    def _cancel(self, finished: Deferred[Any]) -> None:
        """Whoever asked does not want the answer any more."""
        self._connection.giveUp(self)
        reason = Failure(CancelledError())
        self.fail(ResponseNeverReceived([reason]), reason)

    # What comes

    def answered(self, head: AnswerHead, ended: bool) -> None:
        """The head of the answer has come."""
        proxy = self._proxy = TransportProxyProducer(self)
        headers = Headers()
        headers._rawHeaders = {name: values[:] for name, values in head.headers.items()}
        self._response = response = Response._construct(
            (b"HTTP", 2, 0), head.code, RESPONSES.get(head.code, b""), headers, proxy, self.request
        )
        if ended or self.expected == 0:
            response.length = 0
        elif head.length is not None:
            response.length = head.length
        if ended:
            self._paused = False
            self._endBody(None)
        finished, self.finished = self.finished, None
        if finished is not None:
            finished.callback(response)

    def dataReceived(self, data: bytes, size: int) -> None:
        """
        A piece of the body has come.

        @raise ParseError: if nothing of an answer was before it.
        """
        if self._response is None:
            raise ParseError("a body without a head", data[:100])
        self._waiting.append((data, size))
        self._deliver()

    def _deliver(self) -> None:
        """Pass on what there is of the body, as long as somebody wants it."""
        if self._delivering:
            return
        self._delivering = True
        try:
            while self._waiting and not self._paused:
                data, size = self._waiting.popleft()
                self._connection.taken(self, size)
                self._response._bodyDataReceived(data)
        finally:
            self._delivering = False
        if self._bodyEnded and not self._waiting and not self._paused:
            self._endBody(self._reason)

    def bodyEnded(self, reason: Failure | None) -> None:
        """All of the body has come, or no more of it does, for a reason."""
        self._bodyEnded = True
        self._reason = reason
        self._deliver()

    def _endBody(self, reason: Failure | None) -> None:
        proxy, self._proxy = self._proxy, None
        if proxy is not None:
            self._bodyEnded = False
            if reason is not None:
                reason = Failure(ResponseFailed([reason], self._response))
            self._response._bodyDataFinished(reason)
            proxy.stopProxying()

    def trailed(self, headers: dict[bytes, list[bytes]]) -> None:
        """Headers behind the body have come."""
        if self._response is not None:
            trailers = Headers()
            trailers._rawHeaders = {name: values[:] for name, values in headers.items()}
            self._response.trailers = trailers

    def fail(self, problem: Exception, reason: Failure) -> None:
        """
        There is no answer, or no more of it.

        @param problem: what whoever waits for the answer is told.
        @param reason: what whoever receives its body is.
        """
        self.dropUnsent()
        writing, self._writing = self._writing, None
        if writing is not None:
            self.request.stopWriting()
        finished, self.finished = self.finished, None
        if self._response is not None:
            self.bodyEnded(reason)
        elif finished is not None and not finished.called:
            finished.errback(problem)

    def failWith(self, reason: Failure) -> None:
        """The stream has ended before its time, for a reason."""
        kind = ResponseNeverReceived if self._writing is None else RequestTransmissionFailed
        self.fail(kind([reason]), reason)

    # As a transport, to whoever receives the body

    def pauseProducing(self) -> None:
        """Pass on nothing of the body, until `resumeProducing`."""
        self._paused = True

    def resumeProducing(self) -> None:
        """Pass the body on."""
        self._paused = False
        self._deliver()

    def stopProducing(self) -> None:
        """Nobody wants the rest of the body: end the stream."""
        self._paused = False
        self._waiting.clear()
        self._connection.giveUp(self)
        if not self._bodyEnded:
            self.fail(ConnectionAborted(), Failure(ConnectionAborted()))
        else:
            self._deliver()

    loseConnection = stopProducing
    abortConnection = stopProducing


class HTTP2ClientProtocol(Endpoint):
    """
    The client's side of a connection.

    @ivar limits: the `HTTP2Limits`.
    @ivar pingInterval: after how many seconds of silence, while there are requests, the server is
        asked whether it is still there; None for never.
    @ivar pingTimeout: how many seconds it has to answer; then the connection is cut.
    """

    limits = HTTP2Limits()
    pingInterval: float | None = 30
    pingTimeout: float = 20

    #: Called without arguments when the connection has ended, before anybody else hears of it.
    lostCallback: Callable[[], object] | None = None

    #: Ignored: time is watched by asking whether the server is there.
    watch: Any = None

    def __init__(self, reactor: Any, idleCallback: Callable[[Any], object]) -> None:
        """
        @param idleCallback: called with this when there are no requests any more.
        """
        Endpoint.__init__(self, reactor)
        self._idleCallback = idleCallback
        # Requests that wait until there may be another stream.
        self._queue: deque[ClientStream] = deque()
        self._goneAway = False
        self._heard = True
        self._asking: Any = None
        self._aborts: list[Deferred[None]] = []

    @property
    def state(self) -> str:
        """Whether there are requests, or the connection has ended."""
        if self._over:
            return "CONNECTION_LOST"
        return "TRANSMITTING" if self.streams or self._queue else "QUIESCENT"

    @property
    def usable(self) -> bool:
        """Whether requests may be sent."""
        return not (self._over or self._goneAway or self._machine.exhausted)

    # The connection

    def connectionMade(self) -> None:
        """Say what this side allows."""
        self._machine = ClientMachine(self.limits, self._reactor.seconds)
        self._start()
        self.register()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Tell whoever waits for something that it will not come."""
        if self.lostCallback is not None:
            self.lostCallback()
        self._end(reason)
        waiting, self._aborts = self._aborts, []
        for deferred in waiting:
            deferred.callback(None)

    def _end(self, reason: Failure) -> None:
        if self._over:
            return
        self._over = True
        for name in ("_turn", "_asking"):
            call = getattr(self, name)
            if call is not None:
                call.cancel()
                setattr(self, name, None)
        streams, queued = list(self.streams.values()), list(self._queue)
        self.streams.clear()
        self._queue.clear()
        self._done.clear()
        for stream in streams:
            stream.reset = True
            stream.failWith(reason)
        for stream in queued:
            stream.fail(RequestNotSent(), reason)

    def abort(self) -> Deferred[None]:
        """
        Cut the connection; bodies that are being received end with `ResponseFailed`.

        @return: fires when the connection has ended.
        """
        if not self.connected:
            return succeed(None)
        gone: Deferred[None] = Deferred()
        self._aborts.append(gone)
        self._end(Failure(ConnectionAborted()))
        self.forceAbortClient()
        return gone

    def close(self) -> None:
        """Close the connection, over which nothing is under way."""
        self._machine.leave()
        self._lose(connectionDone)

    def _lose(self, reason: Failure) -> None:
        self._end(reason)
        self._writeRest()
        self.transport.loseConnection()

    def forceAbortClient(self) -> None:
        """Cut the connection."""
        self._machine.out.clear()
        abort = getattr(self.transport, "abortConnection", None)
        (abort or self.transport.loseConnection)()

    def stopProducing(self) -> None:
        """The transport takes nothing any more."""

    # Requests

    def request(self, request: Any) -> Deferred[Any]:
        """
        Send a request, as soon as the server allows it.

        @return: fires with a `Response` when its head has come; fails with `RequestNotSent` if
            nothing was sent, `StreamRefused` if the server has not looked at it,
            `RequestGenerationFailed`, `RequestTransmissionFailed` or `ResponseFailed`. Cancelling
            it ends the stream.
        """
        if not self.usable:
            return fail(RequestNotSent())
        stream = ClientStream(self, request)
        finished = stream.finished
        assert finished is not None
        self._queue.append(stream)
        self._beginQueued()
        return finished

    def _beginQueued(self) -> None:
        """Begin as many requests as the server allows."""
        while self._queue and len(self.streams) < self._machine.max_streams and self.usable:
            self._begin(self._queue.popleft())
        self._flush()
        if self._asking is None and self.streams and self.pingInterval is not None:
            self._heard = True
            self._asking = self._reactor.callLater(self.pingInterval, self._ask)

    def _begin(self, stream: ClientStream) -> None:
        request = stream.request
        try:
            fields = stream.fields()
        except BaseException:
            reason = Failure()
            stream.fail(RequestGenerationFailed([reason]), reason)
            return
        ended = request.bodyProducer is None
        self._machine.open(stream, fields, ended, request.method == b"HEAD")
        stream.sendBody()

    def giveUp(self, stream: ClientStream) -> None:
        """Nobody wants an answer any more."""
        if stream in self._queue:
            self._queue.remove(stream)
        elif stream.id in self.streams:
            self.resetStream(stream, Code.CANCEL)

    def resetStream(self, stream: ClientStream, code: int) -> None:
        """End a stream before its time."""
        if not self._over and not stream.reset:
            self._machine.reset(stream, code)
            stream.reset = True
            self._order.forget(stream.id)
            self._flush()
            self._streamGone()

    def taken(self, stream: ClientStream, size: int) -> None:
        """A piece of a body was taken."""
        if not self._over:
            self._machine.consumed_by(stream, size)
            self._flush()

    def _streamGone(self) -> None:
        """There may be room for another one."""
        if self._over:
            return
        self._beginQueued()
        if not self.streams and not self._queue:
            if self._asking is not None:
                self._asking.cancel()
                self._asking = None
            if self._goneAway:
                self.close()
            else:
                self._idleCallback(self)

    # What happens

    def dataReceived(self, data: bytes) -> None:
        """Take what came."""
        if self._over:
            return
        self._heard = True
        self._busy = True
        for event in self._machine.receive(data):
            _HANDLERS[type(event)](self, event)
            if self._over:
                return
        self._busy = False
        self._flush()

    def _guarded(self, stream: Any, function: Callable[..., Any], *arguments: Any) -> None:
        try:
            function(*arguments)
        except BaseException:
            reason = Failure()
            if not reason.check(ParseError):
                _log.failure("Error in an answer of HTTP/2", failure=reason)
            self.resetStream(stream, Code.CANCEL)
            stream.failWith(reason)

    def _headed(self, event: events.Headed) -> None:
        stream = event.stream
        if not stream.reset:
            self._guarded(stream, stream.answered, event.head, event.ended)
            if stream.closed:
                self._streamGone()

    def _received(self, event: events.Received) -> None:
        # What one receiver does not want does not hold others up: that is the stream's window.
        self._machine.consumed_by_all(event.size)
        if not event.stream.reset:
            self._guarded(event.stream, event.stream.dataReceived, event.data, event.size)

    def _trailed(self, event: events.Trailed) -> None:
        event.stream.trailed(event.headers)

    def _ended(self, event: events.Ended) -> None:
        stream = event.stream
        if not stream.reset:
            self._guarded(stream, stream.bodyEnded, None)
            if stream.closed:
                self._streamGone()

    def _wasReset(self, event: events.WasReset) -> None:
        stream = event.stream
        self._order.forget(stream.id)
        if event.code == Code.REFUSED_STREAM and event.byPeer:
            stream.fail(StreamRefused(), Failure(StreamRefused()))
        elif stream.remote_ended:
            # The server has answered, and wants nothing more of the request.
            stream.fail(StreamReset(event.code), Failure(StreamReset(event.code)))
        else:
            stream.failWith(Failure(StreamReset(event.code)))
        self._streamGone()

    def _goAway(self, event: events.GoneAway) -> None:
        """The server takes no more requests, and some of those that it has it did not look at."""
        self._goneAway = True
        for stream in list(self.streams.values()):
            if stream.id > event.last:
                stream.reset = True
                del self.streams[stream.id]
                self._order.forget(stream.id)
                stream.fail(StreamRefused(), Failure(StreamRefused()))
        queued, self._queue = self._queue, deque()
        reason = f"the server takes no more requests: {error_name(event.code)}"
        for stream in queued:
            stream.fail(RequestNotSent(reason), Failure(RequestNotSent(reason)))
        if not self.streams:
            self._streamGone()

    def _failed(self, event: events.Failed) -> None:
        self._lose(Failure(ParseError(str(event.error), b"")))

    def _nothing(self, event: Any) -> None:
        """Nothing has to be done."""

    def _widened(self, event: events.Widened) -> None:
        self._widen(event.stream)

    def _configured(self, event: events.Configured) -> None:
        self._beginQueued()

    def _allSent(self, stream: ClientStream) -> None:
        if stream.closed:
            self._streamGone()

    @property
    def _maxBacklog(self) -> int:
        return self.limits.maxControlBacklog

    # Time

    def _ask(self) -> None:
        """Ask whether the server is still there, if it has said nothing."""
        self._asking = None
        if self._heard:
            self._heard = False
            assert self.pingInterval is not None
            self._asking = self._reactor.callLater(self.pingInterval, self._ask)
        else:
            self._machine.ping()
            self._flush()
            self._asking = self._reactor.callLater(self.pingTimeout, self._cutIfSilent)

    def _cutIfSilent(self) -> None:
        self._asking = None
        if self._heard:
            self._ask()
        else:
            self.forceAbortClient()


_HANDLERS: dict[type, Callable[[HTTP2ClientProtocol, Any], None]] = {
    events.Headed: HTTP2ClientProtocol._headed,
    events.Received: HTTP2ClientProtocol._received,
    events.Trailed: HTTP2ClientProtocol._trailed,
    events.Ended: HTTP2ClientProtocol._ended,
    events.WasReset: HTTP2ClientProtocol._wasReset,
    events.Widened: HTTP2ClientProtocol._widened,
    events.Prioritized: HTTP2ClientProtocol._nothing,
    events.Ponged: HTTP2ClientProtocol._nothing,
    events.Configured: HTTP2ClientProtocol._configured,
    events.GoneAway: HTTP2ClientProtocol._goAway,
    events.Failed: HTTP2ClientProtocol._failed,
}
