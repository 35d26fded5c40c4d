"""What comes of a request, on the server's side."""

from __future__ import annotations

from binascii import a2b_base64
from functools import cached_property
from io import BytesIO
from typing import IO, Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import ISSLTransport
from twisted.web._http._cookies import read_cookies
from twisted.web._http._forms import MAX_FIELDS, MAX_FORM_SIZE, Form, query_fields, read_form
from twisted.web._http._streaming import ComingBody, KeptBody, RequestBody
from twisted.web._http._uploads import UploadedFile
from twisted.web.http_headers import Headers

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


class Incoming:
    """
    What came of a request.

    @ivar method: such as ``b"GET"``.
    @ivar uri: what was asked for, as it was sent.
    @ivar path: the path of that, still with its percent signs.
    @ivar clientproto: such as ``b"HTTP/1.1"``.
    @ivar content: a file with the body; empty if the body is taken as it comes.
    @ivar takesBody: whether the body is taken as it comes, by ``body``.
    @ivar requestHeaders: the `Headers` that came.
    @ivar requestTrailers: the `Headers` that came behind a body in chunks, or None.
    @ivar received_cookies: the values of cookies that came, by names.
    @ivar transport: the connection's transport.
    @ivar client: the address of the other side.
    @ivar host: the address of this side.
    @cvar maxFormFields: how many fields a query or a form may have.
    @cvar maxFormSize: how many bytes of a form may be no files.
    """

    maxFormFields = MAX_FIELDS
    maxFormSize = MAX_FORM_SIZE

    method: bytes = b"(no method yet)"
    uri: bytes = b"(no uri yet)"
    path: bytes = b""
    clientproto: bytes = b"(no clientproto yet)"
    content: IO[bytes] | None = None
    user: bytes
    password: bytes

    takesBody = False
    requestTrailers: Headers | None = None

    _args: dict[bytes, list[bytes]] | None = None
    # A form in parts, and whether what it holds is in the arguments.
    _form: Form | None = None
    _formRead = True
    _forceSSL = 0

    def __init__(self, channel: Any) -> None:
        """
        @param channel: the connection, such as an `HTTPChannel`.
        """
        self.channel = channel
        self.transport = channel.transport
        self.client = channel.getPeer()
        self.host = channel.getHost()
        self.requestHeaders = Headers()
        self.received_cookies: dict[bytes, bytes] = {}

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

    def _closeContent(self) -> None:
        """Part with the body, and the files in it."""
        if self.content is not None:
            self.content.close()
        if self._form is not None:
            self._form.spool.close()

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
