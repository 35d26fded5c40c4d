"""A request on the server's side, and the answer to it."""

from __future__ import annotations

import math
import warnings
from binascii import a2b_base64
from functools import cached_property
from io import BytesIO
from typing import IO, Any

from zope.interface import implementer

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IConsumer, ISSLTransport
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web._http._body import NOT_IN_TRAILERS, to_chunk
from twisted.web._http._conditions import matches, modified_since
from twisted.web._http._cookies import read_cookies, set_cookie
from twisted.web._http._dates import datetimeToString
from twisted.web._http._forms import MAX_FIELDS, MAX_FORM_SIZE, Form, query_fields, read_form
from twisted.web._http._head import BadRequest
from twisted.web._http._streaming import ComingBody, KeptBody, RequestBody
from twisted.web._http._uploads import UploadedFile
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


def path_and_query(target: bytes) -> tuple[bytes, bytes]:
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
    @ivar clientproto: such as ``b"HTTP/1.1"``.
    @ivar content: a file with the body; empty if the body is taken as it comes.
    @ivar takesBody: whether the body is taken as it comes, by ``body``.
    @ivar requestHeaders: the `Headers` that came.
    @ivar requestTrailers: the `Headers` that came behind a body in chunks, or None.
    @ivar responseHeaders: the `Headers` that go out.
    @ivar responseTrailers: the `Headers` that go out behind the body, or None; see `addTrailer`.
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
    @cvar maxFormFields: how many fields a query or a form may have.
    @cvar maxFormSize: how many bytes of a form may be no files.
    """

    __module__ = "twisted.web.http"

    maxFormFields = MAX_FIELDS
    maxFormSize = MAX_FORM_SIZE

    method: bytes = b"(no method yet)"
    uri: bytes = b"(no uri yet)"
    path: bytes = b""
    clientproto: bytes = b"(no clientproto yet)"
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
    takesBody = False
    requestTrailers: Headers | None = None
    responseTrailers: Headers | None = None

    _args: dict[bytes, list[bytes]] | None = None
    # A form in parts, and whether what it holds is in the arguments.
    _form: Form | None = None
    _formRead = True
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

    def headReceived(self, command: bytes, path: bytes, version: bytes) -> bool:
        """
        The head of a request whose body is going to come is there.

        @return: whether this takes the body as it comes; then the answer may begin before the end
            of that. By default it does not.
        """
        return False

    def takeBody(self) -> None:
        """Take the body as it comes: see `body`."""
        self.takesBody = True
        self.body = ComingBody(self.channel)
        if self.content is not None:
            self.content.close()
        self.content = BytesIO()

    @cached_property
    def body(self) -> RequestBody:
        """The body, piece by piece: ``async for piece in request.body``."""
        return KeptBody(self.content)

    def handleContentChunk(self, data: bytes) -> None:
        """Take a piece of the body."""
        if self.takesBody:
            assert isinstance(self.body, ComingBody)
            self.body.received(data)
            return
        assert self.content is not None
        self.content.write(data)

    def trailersReceived(self, trailers: list[tuple[bytes, bytes]]) -> None:
        """Take the headers that came behind the body."""
        self.requestTrailers = Headers()
        for name, value in trailers:
            self.requestTrailers.addRawHeader(name, value)

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

    def _readTarget(self, command: bytes, path: bytes, version: bytes) -> None:
        """
        Work out what is asked for.

        @raise BadRequest: if it makes no sense.
        """
        self.method, self.uri, self.clientproto = command, path, version
        self.path, query = path_and_query(path)
        self.args = query_fields(query, self.maxFormFields) if query else {}
        if b"cookie" in self.requestHeaders._rawHeaders:
            self.parseCookies()

    def _readForm(self, contentType: bytes) -> None:
        """Read the body if it is a form."""
        assert self.content is not None
        self.content.seek(0)
        form = read_form(contentType, self.content, self.maxFormFields, self.maxFormSize)
        if isinstance(form, Form):
            self._form = form
            self._formRead = False
        elif form is not None:
            self._addFields(form)

    def _addFields(self, fields: dict[bytes, list[bytes]]) -> None:
        """Add fields to the arguments."""
        if not self._args:
            self._args = fields
            return
        for name, values in fields.items():
            self._args.setdefault(name, []).extend(values)

    @property
    def args(self) -> dict[bytes, list[bytes]] | None:
        """
        The fields of the query and of a form that was posted: lists of values by names.

        What is in files is there, too, all of it; `files` has them as they are.
        """
        if not self._formRead:
            self._formRead = True
            assert self._form is not None
            self._addFields(self._form.contents())
        return self._args

    @args.setter
    def args(self, value: dict[bytes, list[bytes]] | None) -> None:
        self._args = value

    @property
    def files(self) -> dict[bytes, list[UploadedFile]]:
        """The files of a form that was posted: lists by names."""
        return {} if self._form is None else self._form.files()

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

    def _closeContent(self) -> None:
        """Part with the body, and the files in it."""
        if self.content is not None:
            self.content.close()
        if self._form is not None:
            self._form.spool.close()

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
            self.received_cookies.update(read_cookies(header))

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
