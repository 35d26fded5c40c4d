"""A request on the server's side, and the answer to it."""

from __future__ import annotations

import math
import warnings
from binascii import a2b_base64
from io import BytesIO
from typing import IO, Any

from zope.interface import implementer

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IConsumer, ISSLTransport
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web._http._body import to_chunk
from twisted.web._http._dates import datetimeToString, stringToDatetime
from twisted.web._http._forms import form_fields, query_fields
from twisted.web._http._head import BadRequest
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

#: Bodies above this many bytes are kept in a temporary file.
_KEPT_IN_MEMORY = 100_000

_SAME_SITE = frozenset({b"lax", b"strict", b"none"})


def _cookiePart(value: object) -> bytes:
    """
    A part of a cookie, in which semicolons become spaces.

    @raise ValueError: if a line break or NUL is in it.
    """
    if not isinstance(value, bytes):
        value = str(value).encode("utf-8")
    return _checked(value).replace(b";", b" ")


def _pathOf(target: bytes) -> tuple[bytes, bytes]:
    """The path and the query of a request's target (RFC 9112, section 3.2)."""
    path, _, query = target.partition(b"?")
    if path[:1] != b"/":
        scheme, sign, rest = path.partition(b"://")
        if sign and scheme.isalpha():
            path = b"/" + rest.partition(b"/")[2]
    return path, query


@implementer(IConsumer)
class Request:
    """
    A request and the answer to it.  Subclasses say in `process` what is done about it.

    @ivar method: such as ``b"GET"``.
    @ivar uri: what was asked for, as it was sent.
    @ivar path: the path of that, still with its percent signs.
    @ivar args: the fields of the query and of a form that was posted: lists of values by names.
    @ivar clientproto: such as ``b"HTTP/1.1"``.
    @ivar content: a file with the body.
    @ivar requestHeaders: the `Headers` that came.
    @ivar responseHeaders: the `Headers` that go out.
    @ivar cookies: the cookies that go out, as they are written.
    @ivar received_cookies: the values of cookies that came, by names.
    @ivar code: the status of the answer.
    @ivar code_message: its reason.
    @ivar transport: the connection's transport.
    @ivar client: the address of the other side.
    @ivar host: the address of this side.
    @ivar startedWriting: whether the head of the answer is sent.
    @ivar sentLength: how many bytes of its body are.
    @ivar finished: whether `finish` was called.
    """

    __module__ = "twisted.web.http"

    method: bytes = b"(no method yet)"
    uri: bytes = b"(no uri yet)"
    path: bytes = b""
    clientproto: bytes = b"(no clientproto yet)"
    args: dict[bytes, list[bytes]] | None = None
    content: IO[bytes] | None = None
    user: bytes
    password: bytes

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

    _disconnected = False
    _forceSSL = 0
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
        self.channel = channel
        self.transport = channel.transport
        self.client = channel.getPeer()
        self.host = channel.getHost()
        self.requestHeaders = Headers()
        self.responseHeaders = Headers()
        self.received_cookies: dict[bytes, bytes] = {}
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

    def gotLength(self, length: int | None) -> None:
        """
        Make ``content``, now that the head is there; if the site has ``getContentFile``, by that.

        @param length: of the body in bytes, or None if that is not known.
        """
        if length == 0:
            self.content = BytesIO()
            return
        make = getattr(getattr(self.channel, "site", None), "getContentFile", None)
        if make is not None:
            self.content = make(length)
        elif length is not None and length < _KEPT_IN_MEMORY:
            self.content = BytesIO()
        else:
            from tempfile import SpooledTemporaryFile

            self.content = SpooledTemporaryFile(max_size=_KEPT_IN_MEMORY)  # noqa: SIM115

    def handleContentChunk(self, data: bytes) -> None:
        """Take a piece of the body."""
        assert self.content is not None
        self.content.write(data)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """
        The whole request is there: work out what is asked for, and `process` it.

        @param path: the target, with its query.
        """
        self.method, self.uri, self.clientproto = command, path, version
        self.path, query = _pathOf(path)
        headers = self.requestHeaders._rawHeaders
        try:
            self.args = query_fields(query) if query else {}
            if b"cookie" in headers:
                self.parseCookies()
            if command == b"POST" and b"content-type" in headers and self._parsePOSTFormSubmission:
                self._readForm(headers[b"content-type"][0])
        except BadRequest as error:
            self._reject(error)
            return
        if self.content is not None:
            self.content.seek(0)
        self.process()

    def _readForm(self, contentType: bytes) -> None:
        """Add the fields of the body to ``args``, if it is a form."""
        assert self.content is not None
        assert self.args is not None
        self.content.seek(0)
        fields = form_fields(contentType, self.content)
        if not self.args and fields is not None:
            self.args = fields
        elif fields is not None:
            for name, values in fields.items():
                self.args.setdefault(name, []).extend(values)

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
        if self.content is not None:
            self.content.close()
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

    # What came

    def getHeader(self, key: Any) -> Any:
        """The last value of a header, or None; text for text, bytes for bytes."""
        values = self.requestHeaders.getRawHeaders(key)
        return values[-1] if values else None

    def getAllHeaders(self) -> dict[bytes, bytes]:
        """The last value of each header by its name in lower case."""
        return {name: values[-1] for name, values in self.requestHeaders._rawHeaders.items()}

    def parseCookies(self) -> None:
        """Read the cookies that came."""
        for header in self.requestHeaders.getRawHeaders(b"cookie", ()):
            for cookie in header.split(b";"):
                name, sign, value = cookie.lstrip().partition(b"=")
                if sign:
                    self.received_cookies[name] = value

    def getCookie(self, key: bytes) -> bytes | None:
        """The value of a cookie that came, or None."""
        return self.received_cookies.get(key)

    def getRequestHostname(self) -> bytes:
        """The name that the client uses for this server, without a port."""
        host: bytes | None = self.getHeader(b"host")
        if host is not None:
            if host.startswith(b"["):
                return host[1:].partition(b"]")[0]
            return host.partition(b":")[0]
        return str(getattr(self.getHost(), "host", "")).encode("ascii")

    def getHost(self) -> Any:
        """The address of this side, or what `setHost` said."""
        return self.host

    def setHost(self, host: bytes, port: int, ssl: bool | int = 0) -> None:
        """
        Say by which name and port the client reached this, if a proxy stands before it.

        @param ssl: whether the client used HTTPS.
        """
        self._forceSSL = ssl
        usual = 443 if self.isSecure() else 80
        name = host if port == usual else b"%s:%d" % (host, port)
        self.requestHeaders.setRawHeaders(b"host", [name])
        self.host = IPv4Address("TCP", host, port)  # type: ignore[arg-type]

    def getClientAddress(self) -> Any:
        """The address of the other side."""
        return self.client

    def getClientIP(self) -> str | None:
        """The other side's IP address in text, or None if it has none."""
        if isinstance(self.client, IPv4Address | IPv6Address):
            return self.client.host
        return None

    def isSecure(self) -> bool:
        """Whether the client uses HTTPS, as far as is known here."""
        if self._forceSSL:
            return True
        if self.channel is None:
            return bool(ISSLTransport.providedBy(self.transport))
        return bool(self.channel.isSecure())

    def _authorize(self) -> None:
        """Read the credentials of Basic authentication (RFC 7617)."""
        self.user = self.password = b""
        scheme, _, encoded = (self.getHeader(b"authorization") or b"").partition(b" ")
        if scheme.lower() == b"basic":
            try:
                user, sign, password = a2b_base64(encoded).partition(b":")
            except ValueError:
                return
            if sign:
                self.user, self.password = user, password

    def getUser(self) -> bytes:
        """The user's name that came with Basic authentication; nothing was checked."""
        if "user" not in self.__dict__:
            self._authorize()
        return self.user

    def getPassword(self) -> bytes:
        """The password that came with Basic authentication; nothing was checked."""
        if "password" not in self.__dict__:
            self._authorize()
        return self.password

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
            message = RESPONSES.get(code, b"Unknown Status")
        elif not isinstance(message, bytes):
            raise TypeError(f"a reason is bytes, not {message!r}")
        self.code_message = checked_reason(message)
        self.code = code

    def setHeader(self, name: bytes | str, value: bytes | str) -> None:
        """
        Set a header; it replaces others of the name.

        @raise ValueError: if a line break or NUL is in it.
        """
        self.responseHeaders.setRawHeaders(name, [value])

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
        parts = [_cookiePart(k) + b"=" + _cookiePart(v)]
        for name, value in (
            (b"Expires", expires),
            (b"Domain", domain),
            (b"Path", path),
            (b"Max-Age", max_age),
            (b"Comment", comment),
        ):
            if value is not None:
                parts.append(name + b"=" + _cookiePart(value))
        if secure:
            parts.append(b"Secure")
        if httpOnly:
            parts.append(b"HttpOnly")
        if sameSite:
            policy = _cookiePart(sameSite).lower()
            if policy not in _SAME_SITE:
                raise ValueError(f"Invalid value for sameSite: {sameSite!r}")
            parts.append(b"SameSite=" + policy)
        self.cookies.append(b"; ".join(parts))

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
        since = self.getHeader(b"if-modified-since")
        if since is None or self.requestHeaders.hasHeader(b"if-none-match"):
            # RFC 9110, section 13.1.3: the entity tag decides if there is one.
            return None
        try:
            known = stringToDatetime(since.partition(b";")[0])
        except ValueError:
            return None
        if known < self.lastModified:
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
        if condition is None:
            return None
        tags = [tag.strip().removeprefix(b"W/") for tag in condition.split(b",")]
        if etag.removeprefix(b"W/") not in tags and tags != [b"*"]:
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
            self.channel.write(b"0\r\n\r\n")
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

    def switched(self) -> None:
        """The connection is another protocol's: this is over."""
        self.code, self.code_message = SWITCHING, RESPONSES[SWITCHING]
        self.startedWriting = self.finished = 1
        factory = getattr(self.channel, "factory", None)
        if factory is not None:
            factory.log(self)
        self.channel = None
        if self.content is not None:
            self.content.close()
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
        if self.content is not None:
            self.content.close()
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
