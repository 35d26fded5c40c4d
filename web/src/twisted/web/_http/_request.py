"""A request on the server's side, and the answer to it."""

from __future__ import annotations

import math
import warnings
from typing import Any

from zope.interface import implementer

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IConsumer
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web._http._body import NOT_IN_TRAILERS, to_chunk
from twisted.web._http._conditions import matches, modified_since
from twisted.web._http._cookies import set_cookie
from twisted.web._http._dates import datetimeToString
from twisted.web._http._head import BadRequest
from twisted.web._http._incoming import Incoming
from twisted.web._http._streaming import ComingBody
from twisted.web._http._write import checked_reason
from twisted.web._responses import (
    FOUND,
    NOT_MODIFIED,
    OK,
    PRECONDITION_FAILED,
    RESPONSES,
    SWITCHING,
)
from twisted.web.http_headers import Headers, _checked

_log = Logger()

#: What `Request.setETag` and `Request.setLastModified` give if no body has to be sent.
CACHED = "the client's copy is good"

#: Statuses without a body (RFC 9110, section 6.4.1).
NO_BODY_CODES = (204, 304)


@implementer(IConsumer)
class Request(Incoming):
    """
    A request and the answer to it.  Subclasses say in `process` what is done about it.

    What came is told by the attributes of `Incoming`.

    @ivar responseHeaders: the `Headers` that go out.
    @ivar responseTrailers: the `Headers` that go out behind the body, or None; see `addTrailer`.
    @ivar cookies: the cookies that go out, as they are written.
    @ivar code: the status of the answer.
    @ivar code_message: its reason.
    @ivar startedWriting: whether the head of the answer is sent.
    @ivar sentLength: how many bytes of its body are.
    @ivar finished: whether `finish` was called.
    """

    __module__ = "twisted.web.http"

    code = OK
    code_message = RESPONSES[OK]
    etag: bytes | None = None
    lastModified: int | None = None
    startedWriting = 0
    chunked = 0
    sentLength = 0
    finished = 0
    producer: Any = None
    streamingProducer: bool | int = False
    site: Any = None
    responseTrailers: Headers | None = None

    _disconnected = False
    _withoutBody = False
    # The length of the body, if the head promises one.
    _promised: int | None = None
    _parsePOSTFormSubmission = True

    def __init__(
        self, channel: Any, queued: object = None, parsePOSTFormSubmission: bool = True
    ) -> None:
        """
        @param channel: the connection, such as an `HTTPChannel`.
        @param queued: ignored.
        @param parsePOSTFormSubmission: whether fields of forms are put into ``args``.
        """
        Incoming.__init__(self, channel)
        self.responseHeaders = Headers()
        self.cookies: list[bytes] = []
        self.notifications: list[Deferred[None]] = []
        if not parsePOSTFormSubmission:
            self._parsePOSTFormSubmission = False

    def __repr__(self) -> str:
        return (
            f"<{self.__class__.__name__} at {id(self):#x} method={_text(self.method)} "
            f"uri={_text(self.uri)} clientproto={_text(self.clientproto)}>"
        )

    # What the channel calls

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """
        The whole request is there: work out what is asked for, and `process` it.

        @param path: the target, with its query.
        """
        if self.takesBody:
            assert isinstance(self.body, ComingBody)
            self.body.completed()
            return
        headers = self.requestHeaders._rawHeaders
        try:
            self._readTarget(command, path, version)
            if command == b"POST" and b"content-type" in headers and self._parsePOSTFormSubmission:
                self._readForm(headers[b"content-type"][0])
        except BadRequest as error:
            self._reject(error)
            return
        if self.content is not None:
            self.content.seek(0)
        self.process()

    def _reject(self, error: BadRequest) -> None:
        """Answer that the request makes no sense."""
        self.setResponseCode(error.code)
        self.responseHeaders.setRawHeaders(b"connection", [b"close"])
        self.responseHeaders.setRawHeaders(b"content-type", [b"text/plain; charset=utf-8"])
        text = str(error).encode("utf-8") + b"\r\n"
        self.responseHeaders.setRawHeaders(b"content-length", [b"%d" % len(text)])
        self.channel.persistent = False
        Request.write(self, text)
        Request.finish(self)

    def connectionLost(self, reason: Failure) -> None:
        """The connection ended before the answer was complete: tell those who wait for that."""
        self._disconnected = True
        self.channel = None
        self._closeContent()
        if self.takesBody:
            assert isinstance(self.body, ComingBody)
            self.body.lost(reason)
        waiting, self.notifications = self.notifications, []
        for deferred in waiting:
            deferred.errback(reason)

    def noLongerQueued(self) -> None:
        """Nothing: requests are made when it is their turn."""

    # What a subclass says

    def process(self) -> None:
        """The whole request is there: override this to answer it."""

    def notifyFinish(self) -> Deferred[None]:
        """
        Tell when the answer is complete.

        @return: fires with None then, or fails with the reason if the connection ends before.
        """
        deferred: Deferred[None] = Deferred()
        self.notifications.append(deferred)
        return deferred

    # What goes out

    def setResponseCode(self, code: int, message: bytes | None = None) -> None:
        """
        Set the status.

        @param message: the reason, by default that of RFC 9110.
        @raise TypeError: if the status is no number, or the reason not bytes.
        @raise ValueError: if a control character is in the reason.
        """
        if not isinstance(code, int):
            raise TypeError(f"a status is a number, not {code!r}")
        if message is None:
            self.code_message = RESPONSES.get(code, b"Unknown Status")
        elif not isinstance(message, bytes):
            raise TypeError(f"a reason is bytes, not {message!r}")
        else:
            self.code_message = checked_reason(message)
        self.code = code

    def setHeader(self, name: bytes | str, value: bytes | str) -> None:
        """
        Set a header; it replaces others of the name.

        @raise ValueError: if a line break or NUL is in it.
        """
        self.responseHeaders._setOne(name, value)

    def addCookie(
        self,
        k: bytes | str,
        v: bytes | str,
        expires: bytes | str | None = None,
        domain: bytes | str | None = None,
        path: bytes | str | None = None,
        max_age: bytes | str | int | None = None,
        comment: bytes | str | None = None,
        secure: bool | None = None,
        httpOnly: bool = False,
        sameSite: bytes | str | None = None,
    ) -> None:
        """
        Set a cookie (RFC 6265).

        @param max_age: for how many seconds it is good.
        @param secure: whether it is sent over HTTPS alone.
        @param httpOnly: whether scripts of the page may not see it.
        @param sameSite: ``"lax"``, ``"strict"`` or ``"none"``: whether other sites' pages send it.
        @raise ValueError: if that is something else, or a line break or NUL is in any of it.
        """
        attributes = {
            b"Expires": expires,
            b"Domain": domain,
            b"Path": path,
            b"Max-Age": max_age,
            b"Comment": comment,
        }
        flags = {b"Secure": secure, b"HttpOnly": httpOnly}
        self.cookies.append(set_cookie(k, v, attributes, flags, sameSite))

    def addTrailer(self, name: bytes | str, value: bytes | str) -> None:
        """
        Say something behind the body, such as what was found out while it was written.

        It is sent if the body has no length, and the client has said that it wants trailers.

        @raise ValueError: if a line break or NUL is in it, or it may stand in the head alone.
        @raise RuntimeError: after `finish`.
        """
        if self.finished:
            raise RuntimeError("Request.addTrailer after Request.finish")
        headers = Headers()
        headers.addRawHeader(name, value)
        ((lower, values),) = headers._rawHeaders.items()
        if lower in NOT_IN_TRAILERS:
            raise ValueError(f"{lower.decode()} in a trailer (RFC 9110, section 6.5.1)")
        if self.responseTrailers is None:
            self.responseTrailers = Headers()
        self.responseTrailers.addRawHeader(lower, values[0])

    def wantsTrailers(self) -> bool:
        """Whether the client has said that it reads trailers (RFC 9110, section 10.1.4)."""
        values = self.requestHeaders._rawHeaders.get(b"te")
        return values is not None and any(
            each.partition(b";")[0].strip().lower() == b"trailers"
            for value in values
            for each in value.split(b",")
        )

    def _trailers(self) -> bytes:
        """The lines behind the last chunk."""
        if self.responseTrailers is None or not self.wantsTrailers():
            return b""
        return b"".join(
            b"%b: %b\r\n" % (name, value)
            for name, values in self.responseTrailers.getAllRawHeaders()
            for value in values
        )

    def redirect(self, url: bytes | str) -> None:
        """
        Answer with 302 and another place.

        @raise ValueError: if a line break or NUL is in it.
        """
        self.setHeader(b"location", url)
        self.setResponseCode(FOUND)

    def setLastModified(self, when: float) -> str | None:
        """
        Say when the content changed last; of several times the latest counts.

        @param when: in seconds since the epoch.
        @return: `CACHED` if the client has it; then nothing has to be written.
        """
        seconds = math.ceil(when)
        if self.lastModified is None or self.lastModified < seconds:
            self.lastModified = seconds
        if self.requestHeaders.hasHeader(b"if-none-match"):
            # RFC 9110, section 13.1.3: the entity tag decides if there is one.
            return None
        since = self.getHeader(b"if-modified-since")
        if since is None or modified_since(since, self.lastModified):
            return None
        self.setResponseCode(NOT_MODIFIED)
        return CACHED

    def setETag(self, etag: bytes) -> str | None:
        """
        Say which version of the content this is.

        @param etag: an entity tag, with its quotation marks.
        @return: `CACHED` if the client has it; then nothing has to be written.
        """
        self.etag = _checked(etag)
        condition = self.getHeader(b"if-none-match")
        if condition is None or not matches(condition, etag):
            return None
        unchanged = self.method in (b"GET", b"HEAD")
        self.setResponseCode(NOT_MODIFIED if unchanged else PRECONDITION_FAILED)
        return CACHED

    def _writeHead(self) -> None:
        """Send the head of the answer."""
        self.startedWriting = 1
        headers = self.responseHeaders
        raw = headers._rawHeaders
        if self.code in NO_BODY_CODES:
            # RFC 9110, section 8.6: a length would be that of a body which is not there.
            self._withoutBody = True
            raw.pop(b"content-length", None)
        elif self.method == b"HEAD" or self._withoutBody:
            self._withoutBody = True
        elif b"content-length" in raw:
            length = raw[b"content-length"][0]
            self._promised = int(length) if length.isdigit() else None
        elif self.clientproto == b"HTTP/1.1":
            raw[b"transfer-encoding"] = [b"chunked"]
            self.chunked = 1
        if self.lastModified is not None and b"last-modified" not in raw:
            raw[b"last-modified"] = [datetimeToString(self.lastModified)]
        if self.etag is not None:
            raw[b"etag"] = [self.etag]
        if self.cookies:
            raw[b"set-cookie"] = raw.get(b"set-cookie", []) + self.cookies
        self.channel.writeHeaders(self.clientproto, self.code, self.code_message, headers)

    def write(self, data: bytes) -> None:
        """
        Send a piece of the body; the first one takes the head along.

        After the connection has ended it is dropped.

        @raise RuntimeError: after `finish`.
        @raise TypeError: if it is not bytes.
        """
        if self.finished:
            raise RuntimeError("Request.write after Request.finish")
        if self._disconnected:
            return
        if not isinstance(data, bytes):
            raise TypeError(f"a body is bytes, not {type(data).__name__}")
        if not self.startedWriting:
            self._writeHead()
        if not data or self._withoutBody:
            return
        self.sentLength += len(data)
        if self._promised is not None and self.sentLength > self._promised:
            # The client would take what is too much for the beginning of the next answer.
            data = data[: len(data) - (self.sentLength - self._promised)]
        if self.chunked:
            self.channel.writeSequence(to_chunk(data))
        else:
            self.channel.write(data)

    def sendFile(self, file: int, offset: int, count: int) -> int | None:
        """
        Send a part of a file as a piece of the body, past this process, as far as it goes at once.

        For a producer that is asked each time, and not for the first piece.

        @param file: the file's descriptor.
        @return: how many bytes went, or None if that is not possible: then read and `write` it.
        """
        send = getattr(self.channel, "sendFile", None)
        if send is None or self.chunked or self._withoutBody or not self.startedWriting:
            return None
        if self._promised is not None:
            count = min(count, self._promised - self.sentLength)
        sent: int | None = send(file, offset, count) if count > 0 else None
        self.sentLength += sent or 0
        return sent

    def finish(self) -> None:
        """
        Say that the answer is complete.

        @raise RuntimeError: if the connection has ended; `notifyFinish` tells that before.
        """
        if self._disconnected:
            raise RuntimeError(
                "Request.finish after the connection was lost; "
                "Request.notifyFinish tells when that happens"
            )
        if self.finished:
            warnings.warn("Request.finish was called twice", stacklevel=2)
            return
        if not self.startedWriting:
            self.write(b"")
        if self.chunked:
            self.channel.write(b"0\r\n" + self._trailers() + b"\r\n")
        elif self.responseTrailers is not None and self.clientproto == b"HTTP/2":
            if self.wantsTrailers():
                self.channel.writeTrailers(self.responseTrailers)
        elif self._promised is not None and self._promised != self.sentLength:
            _log.error(
                "{request} promised {promised} bytes and wrote {sent}",
                request=self,
                promised=self._promised,
                sent=self.sentLength,
            )
            # The client would take what comes next for something that it is not.
            self.channel.persistent = False
        self.finished = 1
        factory = getattr(self.channel, "factory", None)
        if factory is not None:
            factory.log(self)
        self._cleanUp()

    def switched(self, code: int = SWITCHING) -> None:
        """
        The connection is another protocol's: this is over.

        @param code: the status of the answer that said so.
        """
        self.code, self.code_message = code, RESPONSES[code]
        self.startedWriting = self.finished = 1
        factory = getattr(self.channel, "factory", None)
        if factory is not None:
            factory.log(self)
        self.channel = None
        self._closeContent()
        waiting, self.notifications = self.notifications, []
        for deferred in waiting:
            deferred.callback(None)

    def _cleanUp(self) -> None:
        """Part with the channel, and tell those who wait for the end."""
        if self.producer is not None:
            _log.error("{request} was finished with a producer", request=self)
            self.unregisterProducer()
        channel, self.channel = self.channel, None
        channel.requestDone(self)
        self._closeContent()
        if self.notifications:
            waiting, self.notifications = self.notifications, []
            for deferred in waiting:
                deferred.callback(None)

    def loseConnection(self) -> None:
        """Close the connection once everything written has been sent."""
        if self.channel is not None:
            self.channel.loseConnection()

    # Producers

    def registerProducer(self, producer: Any, streaming: bool | int) -> None:
        """
        Let a producer write the body as fast as the client reads.

        @param streaming: true for one that writes by itself until it is paused.
        @raise ValueError: if there is one already.
        """
        if self.producer is not None:
            raise ValueError(f"{producer!r} cannot be registered before {self.producer!r} is gone")
        if self._disconnected or self.channel is None:
            producer.stopProducing()
            return
        self.streamingProducer = streaming
        self.producer = producer
        self.channel.registerProducer(producer, bool(streaming))

    def unregisterProducer(self) -> None:
        """The producer has written everything."""
        self.producer = None
        if self.channel is not None:
            self.channel.unregisterProducer()


def _text(value: bytes) -> str:
    """What a client sent, for people to read."""
    return value.decode("iso-8859-1")
