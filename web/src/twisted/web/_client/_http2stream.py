"""A request that shares a connection of HTTP/2 with others, and its answer."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import CancelledError, Deferred, fail
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web._client._errors import (
    BadHeaders,
    ConnectionAborted,
    RequestGenerationFailed,
    RequestTimeout,
    RequestTransmissionFailed,
    ResponseFailed,
    ResponseNeverReceived,
)
from twisted.web._client._request import TransportProxyProducer, checkedMethod, checkedURI
from twisted.web._client._response import Response
from twisted.web._h2._endpoint import OutgoingStream
from twisted.web._h2._frames import Code
from twisted.web._h2._heads import AnswerHead, request_fields
from twisted.web._responses import RESPONSES
from twisted.web.http_headers import Headers
from twisted.web.iweb import UNKNOWN_LENGTH

if TYPE_CHECKING:
    from twisted.web._client._http2 import HTTP2ClientProtocol

__all__ = ["ClientStream"]

_log = Logger()


class ClientStream(OutgoingStream):
    """
    A request, and its answer; to whoever receives the body, the transport.

    @ivar finished: fires with the answer, or None when it has.
    """

    #: Whether this side has ended it, and wants nothing of what may still come.
    dropped = False

    #: What ends its wait for others to end, when it has lasted for too long.
    patience: Any = None

    _response: Any = None
    _proxy: Any = None
    _writing: Any = None
    _received = 0
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

    @property
    def bodiless(self) -> bool:
        """Whether the head is all that is sent."""
        return self.request.bodyProducer is None

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
        return request_fields(method, self._connection.scheme, uri, raw)

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
        if ended or head.code in (204, 304) or self.request.method == b"HEAD":
            response.length = 0
        elif head.length is not None:
            response.length = head.length
        if ended:
            self._paused = False
            self.bodyEnded(None)
        finished, self.finished = self.finished, None
        if finished is not None:
            finished.callback(response)

    def dataReceived(self, data: bytes, size: int) -> None:
        """A piece of the body has come."""
        self._received += size
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
        if not self._bodyEnded:
            self._bodyEnded = True
            self._reason = reason
            self._deliver()

    def _endBody(self, reason: Failure | None) -> None:
        proxy, self._proxy = self._proxy, None
        if proxy is not None:
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
            try:
                self.bodyEnded(reason)
            except BaseException:
                _log.failure("What receives an answer of HTTP/2 has failed")
        elif finished is not None and not finished.called:
            finished.errback(problem)

    def failWith(self, reason: Failure) -> None:
        """The stream has ended before its time, for a reason."""
        kind = ResponseNeverReceived if self._writing is None else RequestTransmissionFailed
        self.fail(kind([reason]), reason)

    # Time

    @property
    def progress(self) -> tuple[int, int, bool]:
        """What changes whenever something has gone or come."""
        return self._written - self._queued, self._received, self._response is None

    @property
    def awaits(self) -> bool:
        """Whether it is the server's turn."""
        return self.local_ended and (self._response is None or not self._paused)

    def giveUpWaiting(self, late: RequestTimeout) -> None:
        """End the stream, on which nothing moves; that is why the request fails."""
        self._connection.giveUp(self)
        self.failWith(Failure(late))

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
        if self._waiting:
            self._bodyEnded = False
            self._waiting.clear()
        self._paused = False
        self._connection.giveUp(self)
        if not self._bodyEnded:
            self.fail(ConnectionAborted(), Failure(ConnectionAborted()))

    loseConnection = stopProducing
    abortConnection = stopProducing
