"""A request on a connection of HTTP/2: what an `HTTPChannel` is to a request of HTTP/1.1."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from zope.interface import implementer

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import IConsumer, IPushProducer, ITransport
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web._h2._endpoint import OutgoingStream
from twisted.web._h2._frames import Code
from twisted.web._h2._heads import RequestHead, answer_fields, trailer_fields
from twisted.web._http._head import BadRequest
from twisted.web._responses import BAD_REQUEST, OK
from twisted.web.http_headers import Headers

_log = Logger()

#: Statuses without a body.
_BODILESS = (204, 304)


def _refusal(error: BadRequest) -> tuple[dict[bytes, list[bytes]], bytes]:
    """The headers and the body of the answer to what is refused."""
    if error.code == BAD_REQUEST:
        # Who sends such things does not read why.
        return {}, b""
    text = b"%s\r\n" % str(error).encode("utf-8")
    return {
        b"content-type": [b"text/plain; charset=utf-8"],
        b"content-length": [b"%d" % len(text)],
    }, text


@implementer(ITransport, IConsumer, IPushProducer)
class H2Stream(OutgoingStream):
    """
    One request, and its answer.

    To the request it is the channel and the transport. As a producer it is the request's body:
    while it is paused, the client is not told to send more.

    @ivar persistent: ignored; another request has another stream.
    @ivar protocol: what a ``CONNECT`` wants to speak (RFC 8441), or None.
    """

    __module__ = "twisted.web._http2"

    persistent = True
    protocol: bytes | None = None
    # How large a piece of a body may still be that is sent in whatever frames.
    _promised: int | None = None
    _request: Any = None
    _method = b""
    _target = b""
    # Another protocol that has taken the stream over.
    _other: Any = None
    _headed = False
    _owesContinue = False
    # What has come while this was paused.
    _paused = False
    _waiting: list[tuple[bytes, int]] | None = None
    _endWaiting = False
    _bodySize = 0
    _bodySizeBefore: int | None = None
    _stalledSince: float | None = None
    _sentBefore = 0
    _ends: Sequence[Deferred[int]] = ()

    # What requests look for

    @property
    def site(self) -> Any:
        """The site."""
        return self._connection.site

    @property
    def factory(self) -> Any:
        """What keeps the log."""
        return self._connection.factory

    @property
    def transport(self) -> H2Stream:
        """This."""
        return self

    def getPeer(self) -> Any:
        """The address of the other side."""
        return self._connection.getPeer()

    def getHost(self) -> Any:
        """The address of this side."""
        return self._connection.getHost()

    def isSecure(self) -> bool:
        """Whether the connection is encrypted."""
        return bool(self._connection.isSecure())

    def getPeerCertificate(self) -> Any:
        """The client's certificate, or None."""
        return self._connection.transport.getPeerCertificate()

    # What comes

    def begin(self, head: RequestHead, ended: bool) -> None:
        """
        Make a request, and have it answered if that is all.

        @raise BadRequest: if this side does not want it.
        """
        connection = self._connection
        if head.count > connection.limits.maxHeaders:
            raise BadRequest("too many headers", 431)
        if head.expectation not in (None, b"100-continue"):
            raise BadRequest("unknown expectation", 417)
        length = 0 if ended or head.protocol is not None else head.length
        if length is not None and length > connection.maxBodySize:
            raise BadRequest("the body is too large", 413)
        self._method, self._target, self.protocol = head.method, head.target, head.protocol
        self._request = request = connection.requestFactory(self)
        request.requestHeaders._rawHeaders = {
            name: values[:] for name, values in head.headers.items()
        }
        request.gotLength(length)
        self._owesContinue = head.expectation is not None
        if ended or head.protocol is not None:
            self.wantBody()
            self._receiveAll()
            return
        # Whatever stands in for a request may know nothing of this.
        take = getattr(request, "headReceived", None)
        if take is None or not take(head.method, head.target, b"HTTP/2"):
            self.wantBody()

    def _receiveAll(self) -> None:
        """The whole request is there."""
        self._request.requestReceived(self._method, self._target, b"HTTP/2")

    def dataReceived(self, data: bytes, size: int) -> None:
        """
        Take a piece of the body.

        @param size: what is given back to the client's window once it was taken.
        @raise BadRequest: if the body is too large.
        """
        if self._paused:
            if self._waiting is None:
                self._waiting = []
            self._waiting.append((data, size))
            return
        self._bodySize += len(data)
        if self._other is not None:
            self._other.dataReceived(data)
        elif self._request is not None and self.protocol is None:
            if self._bodySize > self._connection.maxBodySize:
                raise BadRequest("the body is too large", 413)
            self._request.handleContentChunk(data)
        self._connection.consumed(self, size)

    def trailersReceived(self, headers: dict[bytes, list[bytes]]) -> None:
        """Take the headers behind the body."""
        take = getattr(self._request, "trailersReceived", None)
        if take is not None:
            take([(name, value) for name, values in headers.items() for value in values])

    def requestComplete(self) -> None:
        """The client has said everything."""
        if self._paused:
            self._endWaiting = True
        elif self._other is not None:
            self._loseOther(Failure(ConnectionLost("the client has ended the stream")))
            self.finishWriting()
        elif self._request is not None and self.protocol is None:
            self._receiveAll()

    def connectionLost(self, reason: Failure) -> None:
        """The stream has ended before its time, or with its connection."""
        self._dropWaiting()
        producer = self.dropUnsent()
        request, self._request = self._request, None
        if request is not None:
            request.connectionLost(reason)
        if producer is not None:
            producer.stopProducing()
        self._loseOther(reason)
        ends, self._ends = self._ends, ()
        for ended in ends:
            ended.callback(self.id)

    def _dropWaiting(self) -> None:
        """Nobody takes what has come while this was paused; others have room for as much again."""
        waiting, self._waiting = self._waiting, None
        for _, size in waiting or ():
            self._connection.consumed(None, size)

    def notifyEnd(self) -> Deferred[int]:
        """Tell when the stream has gone, by its number."""
        ended: Deferred[int] = Deferred()
        self._ends = [*self._ends, ended]
        return ended

    def _loseOther(self, reason: Failure) -> None:
        other, self._other = self._other, None
        if other is not None:
            other.connectionLost(reason)

    def isSlow(self) -> bool:
        """Whether less of the body has come since this was asked than has to come in that time."""
        if self.remote_ended or self._paused or self._other is not None or self._request is None:
            return False
        before, self._bodySizeBefore = self._bodySizeBefore, self._bodySize
        connection = self._connection
        least = connection.minimumBodyRate * connection.bodyGrace
        return before is not None and bool(self._bodySize - before < least)

    def isStalled(self, now: float) -> bool:
        """Whether nothing of what waits has been sent for too long."""
        sent = self._written - self._queued
        if not self.waits or sent != self._sentBefore:
            self._sentBefore = sent
            self._stalledSince = None
        elif self._stalledSince is None:
            self._stalledSince = now
        else:
            return bool(now - self._stalledSince >= self._connection.limits.stallTimeout)
        return False

    # As a producer: the body of the request

    def pauseProducing(self) -> None:
        """Pass nothing of the body on, and have the client send no more than it may already."""
        self._paused = True

    def resumeProducing(self) -> None:
        """Pass the body on again."""
        self._paused = False
        waiting, self._waiting = self._waiting, None
        ended, self._endWaiting = self._endWaiting, False
        self._connection.deliver(self, waiting or [], ended)

    pauseBody = pauseProducing

    def wantBody(self) -> None:
        """The body is waited for: give leave to send it, if the client wants that."""
        if self._owesContinue:
            self._owesContinue = False
            if not self._headed:
                self._connection.sendFields(self, [(b":status", b"100")], False)

    def resumeBody(self) -> None:
        """Pass the body on again, unless that was never stopped."""
        if self._paused:
            self.resumeProducing()

    def stopProducing(self) -> None:
        """Nobody wants the body: end the stream."""
        self._paused = False
        self.abortConnection()

    # What goes

    def writeHeaders(
        self,
        version: bytes,
        code: int | bytes,
        reason: bytes,
        headers: Headers | Iterable[tuple[bytes, bytes]],
    ) -> None:
        """
        Send the head of the answer.

        @param version: ignored, as the reason.
        @param code: the status, as a number or in digits.
        @param headers: `Headers`, or pairs of a name and a value; those about a connection are
            left out.
        @raise ValueError: if a line break or NUL is in any of it.
        """
        if not isinstance(headers, Headers):
            collected = Headers()
            for name, value in headers:
                collected.addRawHeader(name, value)
            headers = collected
        raw = headers._rawHeaders
        code = int(code)
        lengths = raw.get(b"content-length")
        if lengths and lengths[0].isdigit() and self._method != b"HEAD" and code not in _BODILESS:
            self._promised = int(lengths[0])
        self._head(answer_fields(code, raw), False)

    def _head(self, fields: list[tuple[bytes, bytes]], end: bool) -> None:
        if not self.reset and not self._headed:
            self._headed = True
            self._connection.sendFields(self, fields, end)

    def writeTrailers(self, headers: Headers) -> None:
        """Send headers behind the body."""
        self.trailers = trailer_fields(headers._rawHeaders)

    def requestDone(self, request: Any) -> None:
        """
        The answer to the request is complete; the request says so.

        @raise TypeError: if it is another one than is being answered.
        """
        if request != self._request:  # it may stand in for another one
            raise TypeError(f"{request!r} is not what is being answered")
        self._request = None
        if self._promised is not None and self._written < self._promised:
            # Nobody is to take it for complete.
            self._connection.resetStream(self, Code.INTERNAL_ERROR)
            return
        self.finishWriting()

    def refuse(self, error: BadRequest) -> None:
        """Answer with an error, and take nothing more of the request."""
        request, self._request = self._request, None
        if not self._headed:
            headers, text = _refusal(error)
            self._head(answer_fields(error.code, headers), not text)
            if text:
                self.write(text)
                self.finishWriting()
        else:
            self._connection.resetStream(self, Code.INTERNAL_ERROR)
        self._dropWaiting()
        self._finishing = True
        if request is not None:
            request.connectionLost(Failure(ConnectionLost(str(error))))

    def loseConnection(self) -> None:
        """End the stream once everything written has been sent."""
        self.producer = None
        self.finishWriting()

    def breakOff(self) -> None:
        """End an answer that nobody is to take for complete."""
        self._connection.resetStream(self, Code.INTERNAL_ERROR)

    def abortConnection(self) -> None:
        """End the stream; what was not sent is lost."""
        self._connection.resetStream(self, Code.CANCEL)

    forceAbortClient = abortConnection

    def switchProtocols(self, request: Any, headers: dict[bytes, bytes], other: Any) -> None:
        """
        Answer a ``CONNECT`` with 200, and leave the stream to another protocol (RFC 8441).

        @param other: its ``start`` is called with this, then ``dataReceived``, and
            ``connectionLost`` at the end.
        @raise RuntimeError: if the request is not the one that is being answered.
        """
        if request != self._request or self.protocol is None or self._headed:
            raise RuntimeError("only a request that is being answered can lead elsewhere")
        self._request = None
        self._other = other
        self.writeHeaders(b"HTTP/2", OK, b"OK", headers.items())
        request.switched(OK)
        other.start(self)
