"""
The server's side of an HTTP/1.1 connection.

A connection is always in one of six states::

    IDLE  --head-->  BODY  --end of the body-->  BUSY  --answer finished-->  IDLE
      |                |                           |
      +--error, time---+--------> CLOSING <--------+--connection is not kept--

From BUSY, `HTTPChannel.switchProtocols` leads to SWITCHED: then it is no longer one of HTTP/1.1.
So does IDLE, before any request, if the client wants HTTP/2.

A head without a body goes straight to BUSY.  What arrives while a request is being answered is kept
for later, up to a limit behind which nothing is read: answers leave in the order of the requests.

A request that takes its body as it comes may be answered while it still does: what is left of the
body then is passed over, or, if that is much, the connection closed.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from typing import Any

from zope.interface import implementer

from twisted.internet.interfaces import (
    IConsumer,
    IHandshakeListener,
    IPushProducer,
    ISSLTransport,
    ITransport,
)
from twisted.internet.protocol import Protocol, connectionDone
from twisted.protocols.policies import TimeoutMixin
from twisted.python.failure import Failure
from twisted.web._http._body import ChunkedReader, LengthReader
from twisted.web._http._grammar import MAX_HEAD_SIZE, MAX_HEADERS
from twisted.web._http._head import BadRequest, Fields, RequestHead, find_end, read_head
from twisted.web._http._request import Request
from twisted.web._http._upgrade import PRIOR_KNOWLEDGE, agreed, connection, may_be_known
from twisted.web._http._write import response_head
from twisted.web._responses import BAD_REQUEST, RESPONSES, SWITCHING
from twisted.web.http_headers import Headers

#: How many bytes of later requests are kept while one is being answered.
_KEPT_AHEAD = 65536

#: Up to how many bytes a head may have that is remembered, for the next one to be compared with.
_KEPT_HEAD = 2048

#: How many bytes are thrown away behind a refused request, so that the peer gets to read why.
_DISCARDED = 1 << 20


class State(enum.Enum):
    """What a connection waits for."""

    IDLE = "the head of a request"
    BODY = "the rest of a body"
    BUSY = "the application's answer"
    CLOSING = "the peer to take what was sent"
    SWITCHED = "whatever another protocol says"


IDLE, BODY, BUSY, CLOSING, SWITCHED = State


class ChannelKeeper:
    """
    A factory that keeps its channels, to bring them to their end.

    @ivar draining: whether no more requests are wanted.
    """

    draining = False

    def channelMade(self, channel: Any) -> None:
        """A connection has begun; its channel says so."""

    def channelLost(self, channel: Any) -> None:
        """A connection has ended; its channel says so."""


def _refusal(error: BadRequest) -> bytes:
    """The answer to what is refused."""
    if error.code == BAD_REQUEST:
        # Who sends such things does not read why.
        return b"HTTP/1.1 400 Bad Request\r\n\r\n"
    text = b"%s\r\n" % str(error).encode("utf-8")
    return (
        b"HTTP/1.1 %d %s\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (error.code, RESPONSES[error.code], len(text), text)
    )


@implementer(ITransport, IPushProducer, IConsumer, IHandshakeListener)
class HTTPChannel(Protocol, TimeoutMixin):
    """
    Reads requests from a connection and sends what answers them, one after the other.

    All limits are attributes, to be set on a subclass or an instance.

    @ivar site: set by the `twisted.web.server.Site` that made this.
    @ivar requestFactory: called with this; gives a `Request`.
    @ivar persistent: whether another request may follow the present one.
    @ivar timeOut: after how many seconds without a request the connection is closed.
    @cvar maxHeaders: how many headers a request may have; more are answered with 431.
    @cvar totalHeadersSize: how many bytes a request's head may have; more are answered with 431.
    @cvar maxBodySize: how many bytes a request's body may have; more are answered with 413.
    @cvar headTimeout: how many seconds a head may take from its first byte; then 408.
    @cvar bodyGrace: over how many seconds the rate of a body is measured.
    @cvar minimumBodyRate: how many bytes a second of a body must come at least; otherwise 408.
    @cvar abortTimeout: how many seconds a peer may read nothing of the last answer before the
        connection is cut, or None for any time.
    """

    __module__ = "twisted.web.http"

    maxHeaders = MAX_HEADERS
    totalHeadersSize = MAX_HEAD_SIZE
    maxBodySize = 128 * 1024 * 1024
    headTimeout: float = 10
    bodyGrace: float = 10
    minimumBodyRate: float = 240
    abortTimeout: float | None = 15

    length: int | None = 0
    persistent = True
    site: Any = None
    factory: Any = None
    requestFactory: Callable[..., Any] = Request

    def __init__(self) -> None:
        self._state = IDLE
        self._buffer = b""
        # Where in the buffer begins what was not handled yet, and up to where the end of a head was
        # searched for in vain.
        self._start = 0
        self._searched = 0
        self._proceeding = False
        # Whether there was no request yet.
        self._fresh = True
        self._request: Any = None
        self._head: RequestHead | None = None
        # The headers of the last request.
        self._fields: Fields | None = None
        self._reader: LengthReader | ChunkedReader | None = None
        self._bodySize = 0
        # Of the body, when its rate was looked at last.
        self._bodySizeBefore = 0
        # Whether whoever takes the body wants no more for now, and whether the client waits for
        # leave to send it.
        self._bodyHeld = False
        self._owesContinue = False
        self._idleTime: float | None = None
        # Whether the transport has more than enough to send, and whether it was told not to read.
        self._full = False
        self._held = False
        self._registered = False
        # A request's producer, and whether it is registered with the transport itself.
        self._producer: Any = None
        self._pulled = False
        # Whether the transport waits to take more of a file.
        self._sendingFile = False
        self._written = 0
        self._sentBefore = 0
        self._keeper: ChannelKeeper | None = None
        # What has taken the connection over.
        self._other: Any = None
        self._discarded = 0

    # The connection

    def connectionMade(self) -> None:
        """Begin to wait for a request."""
        self._idleTime = self.timeOut
        self.setTimeout(self._idleTime)
        if isinstance(self.factory, ChannelKeeper):
            self._keeper = self.factory
            self._keeper.channelMade(self)
        self._register()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Tell the request that is being answered, or whose body was coming."""
        if self._keeper is not None:
            self._keeper.channelLost(self)
        self.setTimeout(None)
        self._state = CLOSING
        self._forget()
        self._reader = None
        self._producer = None
        request, self._request = self._request, None
        if request is not None:
            request.connectionLost(reason)
        other, self._other = self._other, None
        if other is not None:
            other.connectionLost(reason)

    def dataReceived(self, data: bytes) -> None:
        """Take what came; handle it unless a request is being answered."""
        state = self._state
        if state is CLOSING:
            self._discard(data)
            return
        if state is SWITCHED:
            self._other.dataReceived(data)
            return
        self._buffer = self._buffer + data if self._buffer else data
        if state is BUSY or self._full or self._proceeding:
            if len(self._buffer) > _KEPT_AHEAD and not self._held:
                self._held = True
                self.transport.pauseProducing()
        else:
            self._proceed()

    def _proceed(self) -> None:
        """Handle what was received, as far as that is possible now."""
        self._proceeding = True
        try:
            while self._start < len(self._buffer):
                if self._state is IDLE:
                    if self._full or not self._receiveHead():
                        break
                elif self._state is BODY:
                    self._receiveBody()
                else:
                    break
        except BadRequest as error:
            if self._isPriorKnowledge():
                self._speakHTTP2()
            else:
                self._refuse(error)
        finally:
            self._proceeding = False
        if self._start:
            # Once for all requests that came in one piece.
            self._buffer = self._buffer[self._start :]
            self._searched = max(0, self._searched - self._start)
            self._start = 0
        if (
            self._held
            and not self._bodyHeld
            and len(self._buffer) <= _KEPT_AHEAD
            and self._state is not CLOSING
        ):
            self._held = False
            self.transport.resumeProducing()

    def _receiveHead(self) -> bool:
        """
        Begin a request if its head is there.

        @raise BadRequest: if it is not a good one.
        """
        buffer, start = self._buffer, self._start
        if buffer.startswith(b"\r\n", start):
            # RFC 9112, section 2.2: an empty line before a request is passed over.
            self._start = start + 2
            self._fresh = False
            return True
        end = find_end(buffer, self._searched, self.totalHeadersSize, start)
        if end < 0:
            if self._searched <= start:
                self.setTimeout(self.headTimeout)
            self._searched = len(buffer)
            return False
        self._start = self._searched = end
        head = read_head(buffer[start:end], self.maxHeaders, self._fields)
        self._fields = head.fields if end - start <= _KEPT_HEAD else None
        self._begin(head)
        return True

    def _begin(self, head: RequestHead) -> None:
        """
        Make a request, and wait for its body if it has one.

        @raise BadRequest: if the body is going to be too large.
        """
        length = head.length
        self.length = length
        if length is not None and length > self.maxBodySize:
            raise BadRequest("the body is too large", 413)
        self._fresh = False
        self._request = request = self.requestFactory(self)
        request.requestHeaders._rawHeaders = head.headers
        request.gotLength(length)
        self.persistent = self.checkPersistence(request, head.version)
        if self._keeper is not None and self._keeper.draining:
            self.drain()
        if length == 0:
            self._state = BUSY
            request.requestReceived(head.method, head.target, head.version)
            return
        self._head = head
        self._reader = ChunkedReader() if length is None else LengthReader(length)
        self._bodySize = self._bodySizeBefore = 0
        self._state = BODY
        self._owesContinue = head.expectContinue and self._start == len(self._buffer)
        self.setTimeout(self.bodyGrace)
        # Whatever stands in for a request may know nothing of this.
        take = getattr(request, "headReceived", None)
        if take is None or not take(head.method, head.target, head.version):
            self.wantBody()

    def _receiveBody(self) -> None:
        """
        Hand on what has come of a body.

        @raise BadRequest: if it is malformed or too large.
        """
        reader = self._reader
        assert reader is not None
        data, self._buffer = reader.receive(self._buffer[self._start :])
        self._start = self._searched = 0
        if data:
            self._owesContinue = False
            self._bodySize += len(data)
            if self._bodySize > self.maxBodySize:
                raise BadRequest("the body is too large", 413)
            if self._request is None:
                self._passOver(len(data))
            else:
                self._request.handleContentChunk(data)
        if reader.done and self._reader is not None:
            if isinstance(reader, ChunkedReader) and reader.trailers:
                take = getattr(self._request, "trailersReceived", None)
                if take is not None:
                    take(reader.trailers)
            self.allContentReceived()

    def allContentReceived(self) -> None:
        """The whole request is there: have it answered, unless it was already."""
        head = self._head
        assert head is not None
        self._head = self._reader = None
        self._bodyHeld = False
        if self._request is None:
            self._state = IDLE
            self.setTimeout(self._idleTime)
            return
        self._state = BUSY
        self.setTimeout(self._idleTime)
        self._request.requestReceived(head.method, head.target, head.version)

    def _passOver(self, size: int) -> None:
        """Throw away a piece of the body of a request that was answered; much of it is too much."""
        self._discarded += size
        if self._discarded > _KEPT_AHEAD:
            self._linger()

    # What takes a body as it comes says

    def wantBody(self) -> None:
        """The body is waited for: give leave to send it, if the client wants that."""
        if self._owesContinue:
            self._owesContinue = False
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.setTimeout(self.bodyGrace)

    def pauseBody(self) -> None:
        """Enough of the body is there for now: read no more."""
        self._bodyHeld = True
        if not self._held:
            self._held = True
            self.transport.pauseProducing()

    def resumeBody(self) -> None:
        """Read on."""
        if self._bodyHeld and self._state is BODY:
            self._bodyHeld = False
            self._bodySizeBefore = self._bodySize
            self.setTimeout(self.bodyGrace)
            if not self._proceeding:
                self._proceed()

    def checkPersistence(self, request: Any, version: bytes) -> bool:
        """
        Whether the connection may be kept after a request (RFC 9112, section 9.3).

        @param version: that of the request.
        """
        values = request.requestHeaders._rawHeaders.get(b"connection")
        if version != b"HTTP/1.1":
            return False
        if values is not None:
            options = b",".join(values).lower().replace(b" ", b"").split(b",")
            if b"close" in options:
                request.responseHeaders.setRawHeaders(b"connection", [b"close"])
                return False
        return True

    def requestDone(self, request: Any) -> None:
        """
        The answer to a request is complete; the request says so.

        @raise TypeError: if it is another one than is being answered.
        """
        if request != self._request:  # it may stand in for another one
            raise TypeError(f"{request!r} is not what is being answered")
        self._request = None
        if self._state is CLOSING:
            return
        if self._state is BODY:
            self._endEarly()
            return
        if not self.persistent:
            self.loseConnection()
            return
        self._state = IDLE
        self.setTimeout(self._idleTime)
        if not self._proceeding and (self._buffer or self._held):
            self._proceed()

    def _endEarly(self) -> None:
        """The answer is complete, and the body it belongs to is not."""
        self._discarded = 0
        left = self._reader.remaining if isinstance(self._reader, LengthReader) else 0
        if not self.persistent or self._owesContinue or left > _KEPT_AHEAD:
            self._linger()
            return
        self._bodyHeld = False
        if not self._proceeding:
            self._proceed()

    def drain(self) -> None:
        """
        Finish what has begun, and close the connection after it; an idle one is closed at once.

        What has switched to another protocol is left to that.
        """
        if self._state is IDLE and self._request is None and not self._buffer:
            self.loseConnection()
        elif self._request is not None:
            self.persistent = False
            if not self._request.startedWriting:
                self._request.responseHeaders.setRawHeaders(b"connection", [b"close"])

    def switchProtocols(self, request: Any, headers: dict[bytes, bytes], other: Any) -> None:
        """
        Answer a request with 101, and leave the connection to another protocol (RFC 9110, 7.8).

        @param other: its ``start`` is called with the transport, then ``dataReceived``, and
            ``connectionLost`` at the end.
        @raise RuntimeError: if the request is not the one that is being answered.
        """
        if request != self._request or self._state is not BUSY:
            raise RuntimeError("only a request that is being answered can lead elsewhere")
        self.writeHeaders(b"HTTP/1.1", SWITCHING, RESPONSES[SWITCHING], headers.items())
        self._state = SWITCHED
        self._request = None
        self._other = other
        self._unregister()
        self.setTimeout(None)
        self._full = False
        rest = self._buffer[self._start :]
        self._forget()
        self._resumeReading()
        request.switched()
        other.start(self.transport)
        if rest and self._other is not None:
            other.dataReceived(rest)

    # HTTP/2

    def handshakeCompleted(self) -> None:
        """Speak HTTP/2 if both sides have agreed on it."""
        if agreed(self):
            self._speakHTTP2()

    def _isPriorKnowledge(self) -> bool:
        return self._fresh and self._buffer.startswith(PRIOR_KNOWLEDGE) and may_be_known(self)

    def _speakHTTP2(self) -> None:
        """Leave the connection to HTTP/2."""
        received = self._buffer
        self._state = SWITCHED
        self._other = other = connection(self)
        self._unregister()
        self.setTimeout(None)
        self._forget()
        other.makeConnection(self.transport)
        other.register()
        if self._keeper is not None:
            self._keeper.channelLost(self)
            self._keeper = None
        if received:
            other.dataReceived(received)

    # Refusing

    def _refuse(self, error: BadRequest) -> None:
        """Answer with an error instead of handing on a request, and close the connection."""
        request, self._request = self._request, None
        body = self._state is BODY
        if body and (request is None or request.startedWriting):
            # There is an answer already: only the end can tell that something is wrong.
            self.forceAbortClient()
        else:
            self.write(_refusal(error))
            if body or error.code in (413, 431):
                self._linger()
            else:
                self._forget()
                self.loseConnection()
        if request is None:
            return
        if getattr(request, "takesBody", False):
            request.connectionLost(Failure(error))
        elif request.content is not None:
            request.content.close()

    def _linger(self) -> None:
        """
        Close the connection while more is coming; for some time that is read, and thrown away.

        Closing at once would reset the connection, and the peer might never read the answer
        (RFC 9112, section 9.6).
        """
        self._head = self._reader = None
        self._forget()
        closeHalf = getattr(self.transport, "loseWriteConnection", None)
        if closeHalf is None:
            self.loseConnection()
            return
        self._state = CLOSING
        self._unregister()
        closeHalf()
        self._resumeReading()
        self.setTimeout(self.abortTimeout)

    def _forget(self) -> None:
        """Throw away what was received and not handled."""
        self._buffer = b""
        self._start = self._searched = 0

    def _discard(self, data: bytes) -> None:
        """Throw away what comes behind a refused request; at some time that is enough."""
        self._discarded += len(data)
        if self._discarded > _DISCARDED:
            self.loseConnection()

    def _resumeReading(self) -> None:
        """Read again if that was held back."""
        self._bodyHeld = False
        if self._held:
            self._held = False
            self.transport.resumeProducing()

    # Time

    def timeoutConnection(self) -> None:
        """The time for what is being waited for is up."""
        if self.transport is None:
            return
        state = self._state
        if state is CLOSING:
            if self._hasUnsent() and self._isRead():
                self.setTimeout(self.abortTimeout)
            else:
                self.forceAbortClient()
        elif self._full or (state is not BODY and self._hasUnsent()):
            if self._isRead():
                self.setTimeout(self._idleTime)
            else:
                self.forceAbortClient()
        elif state is BUSY:
            self.setTimeout(self._idleTime)
        elif state is BODY and (self._bodyHeld or self._owesContinue):
            # It is not the client that is waited for.
            self.setTimeout(self._idleTime)
        elif state is BODY:
            came, self._bodySizeBefore = self._bodySize - self._bodySizeBefore, self._bodySize
            if came < self.minimumBodyRate * self.bodyGrace:
                self._refuse(BadRequest("the body comes too slowly", 408))
            else:
                self.setTimeout(self.bodyGrace)
        elif self._buffer:
            self._refuse(BadRequest("the head comes too slowly", 408))
        else:
            self.loseConnection()

    def _hasUnsent(self) -> bool:
        """Whether something waits to be sent, as far as the transport tells."""
        return self._sendingFile or getattr(self.transport, "unsentSize", 0) > 0

    def _isRead(self) -> bool:
        """Whether the peer has read anything since this was asked last."""
        sent = self._written - getattr(self.transport, "unsentSize", 0)
        before, self._sentBefore = self._sentBefore, sent
        return sent > before

    def forceAbortClient(self) -> None:
        """Cut the connection; what was not sent is lost."""
        self._state = CLOSING
        self.setTimeout(None)
        abort = getattr(self.transport, "abortConnection", None)
        if abort is None:
            self.transport.loseConnection()
        else:
            abort()

    # A transport, to requests

    def write(self, data: bytes) -> None:
        """Send data."""
        self._written += len(data)
        self.transport.write(data)

    def writeSequence(self, iovec: Iterable[bytes]) -> None:
        """Send pieces of data."""
        pieces = list(iovec)
        self._written += sum(map(len, pieces))
        self.transport.writeSequence(pieces)

    def sendFile(self, file: int, offset: int, count: int) -> int | None:
        """
        Send a part of a file for a producer that is asked each time, if the transport can do that.

        @return: how many bytes went, or None if it has to be written.
        """
        # A transport around another one must not hand on the other one's method.
        send = getattr(type(self.transport), "sendFile", None)
        sent: int | None = None
        if self._pulled and send is not None:
            sent = send(self.transport, file, offset, count)
        self._sendingFile = sent is not None
        self._written += sent or 0
        return sent

    def writeHeaders(
        self,
        version: bytes,
        code: int | bytes,
        reason: bytes,
        headers: Headers | Iterable[tuple[bytes, bytes]],
    ) -> None:
        """
        Send the head of an answer.

        @param code: the status, as a number or in digits.
        @param headers: `Headers`, or pairs of a name and a value.
        @raise ValueError: if a line break or NUL is in any of it.
        """
        if not isinstance(headers, Headers):
            collected = Headers()
            for name, value in headers:
                collected.addRawHeader(name, value)
            headers = collected
        raw = headers._rawHeaders
        if self._owesContinue:
            # Whether the body comes all the same, nobody knows (RFC 9110, section 10.1.1).
            self._owesContinue = False
            raw[b"connection"] = [b"close"]
        if b"connection" in raw and b"close" in [v.lower() for v in raw[b"connection"]]:
            self.persistent = False
        head = response_head(version, code, reason, raw)
        self._written += len(head)
        self.transport.write(head)

    def loseConnection(self) -> None:
        """Close the connection when everything is sent, and cut it if the peer does not read."""
        self._state = CLOSING
        self._forget()
        self._unregister()
        self.transport.loseConnection()
        self._isRead()
        self.setTimeout(self.abortTimeout)

    def breakOff(self) -> None:
        """End an answer that nobody is to take for complete."""
        self.persistent = False
        self.loseConnection()

    def getPeer(self) -> Any:
        """The address of the other side."""
        return self.transport.getPeer()

    def getHost(self) -> Any:
        """The address of this side."""
        return self.transport.getHost()

    def isSecure(self) -> bool:
        """Whether the connection is encrypted."""
        return ISSLTransport.providedBy(self.transport)

    # A consumer, to requests

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """
        Let a producer write the answer as fast as the peer reads.

        @raise RuntimeError: if there is one already.
        """
        if self._producer is not None:
            raise RuntimeError(
                f"{producer!r} cannot be registered before {self._producer!r} is unregistered"
            )
        self._producer = producer
        if not streaming:
            # The transport asks it for more each time that it has sent everything.
            self._pulled = True
            self._unregister()
            self._setFull(False)
            self.transport.registerProducer(producer, False)
        elif self._full:
            producer.pauseProducing()

    def unregisterProducer(self) -> None:
        """The producer has written everything."""
        self._producer = None
        if self._pulled:
            self._pulled = self._sendingFile = False
            self.transport.unregisterProducer()
            if self._state is not CLOSING:
                self._register()

    # A producer, to the transport

    def _register(self) -> None:
        """Have the transport say when it has enough to send."""
        register = getattr(self.transport, "registerProducer", None)
        if register is not None:
            self._registered = True
            register(self, True)

    def _unregister(self) -> None:
        """Let the transport go, so that it can close, or take a request's producer."""
        if self._registered:
            self._registered = False
            self.transport.unregisterProducer()

    def _setFull(self, full: bool) -> None:
        """Note whether the transport has enough to send."""
        self._full = full
        if full:
            self._isRead()
            self.setTimeout(self._idleTime)

    def pauseProducing(self) -> None:
        """The transport has enough: hold the request's producer back, and begin no request."""
        self._setFull(True)
        if self._producer is not None:
            self._producer.pauseProducing()

    def resumeProducing(self) -> None:
        """Everything is sent: go on."""
        self._setFull(False)
        if self._producer is not None:
            self._producer.resumeProducing()
        waits = self._state is IDLE or (self._state is BODY and not self._bodyHeld)
        if waits and not self._proceeding and (self._buffer or self._held):
            self._proceed()

    def stopProducing(self) -> None:
        """The connection is over."""
        if self._producer is not None:
            self._producer.stopProducing()
