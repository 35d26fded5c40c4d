"""Reading the head of a request: bytes in, a checked `RequestHead` out."""

from __future__ import annotations

from twisted.web._http._grammar import (
    AUTHORITY_END,
    BARE_LF,
    CONTENT_LENGTH,
    HEADERS,
    HOST,
    MAX_HEAD_SIZE,
    MAX_HEADERS,
    REQUEST_LINE,
)


class BadRequest(Exception):
    """
    A request that is answered with an error, after which the connection is closed.

    @ivar code: the status of the answer.
    """

    def __init__(self, reason: str, code: int = 400) -> None:
        super().__init__(reason)
        self.code = code


class Fields:
    """
    The headers of a request, checked.

    @ivar block: as they came, with the empty line.
    @ivar modern: whether they were read as those of HTTP/1.1.
    @ivar headers: lists of values by names in lower case; not to be changed.
    @ivar length: of the body in bytes, or None if it comes in chunks.
    @ivar expectContinue: whether the client waits for leave to send the body.
    """

    __slots__ = ("block", "expectContinue", "headers", "length", "modern")

    def __init__(self, block: bytes, modern: bool, max_headers: int) -> None:
        """
        @raise BadRequest: if they are not exactly what RFC 9112 allows.
        """
        self.block = block
        self.modern = modern
        self.headers = headers = _headers(block, max_headers)
        self.length: int | None = 0
        self.expectContinue = False
        if b"host" not in headers:
            if modern:
                raise BadRequest("no Host header (RFC 9112, section 3.2)")
        elif len(headers[b"host"]) > 1 or HOST.fullmatch(headers[b"host"][0]) is None:
            raise BadRequest("invalid Host header (RFC 9112, section 3.2)")
        if b"content-length" in headers or b"transfer-encoding" in headers:
            self.length = _body_length(headers, modern)
        if b"expect" in headers and modern:
            if headers[b"expect"][0].lower() != b"100-continue" or len(headers[b"expect"]) > 1:
                raise BadRequest("unknown expectation", 417)
            self.expectContinue = True


class RequestHead:
    """
    The head of a request.

    @ivar method: such as ``b"GET"``.
    @ivar target: such as ``b"/index.html?x=1"``.
    @ivar version: ``b"HTTP/1.1"``, which stands for later ones too, or ``b"HTTP/1.0"``.
    @ivar fields: what the headers were read into.
    @ivar headers: lists of values by names in lower case; its own.
    @ivar length: of the body in bytes, or None if it comes in chunks.
    """

    __slots__ = ("fields", "headers", "length", "method", "target", "version")

    def __init__(self, method: bytes, target: bytes, version: bytes, fields: Fields) -> None:
        self.method = method
        self.target = target
        self.version = version
        self.fields = fields
        self.length = fields.length
        self.headers = {name: values[:] for name, values in fields.headers.items()}

    @property
    def expectContinue(self) -> bool:
        """Whether the client waits for leave to send the body."""
        return self.fields.expectContinue


def find_end(buffer: bytes, searched: int, limit: int = MAX_HEAD_SIZE, start: int = 0) -> int:
    """
    Find where a head ends.

    @param searched: up to where the buffer was searched before.
    @param start: where the head begins in the buffer.
    @return: the place behind the empty line, or -1 if that has not come yet.
    @raise BadRequest: if the head is larger than the limit, or a line ends with a bare LF.
    """
    end = buffer.find(b"\r\n\r\n", max(start, searched - 3), start + limit)
    if end >= 0:
        return end + 4
    if BARE_LF.search(buffer, max(start, searched), start + limit):
        raise BadRequest("malformed head")
    if len(buffer) - start >= limit:
        raise BadRequest("the head is too large", 431)
    return -1


def read_head(
    data: bytes, max_headers: int = MAX_HEADERS, before: Fields | None = None
) -> RequestHead:
    """
    Read a whole head, its empty line included.

    @param before: the headers of the request before on the connection: most clients send the same
        again and again, and what is the same was checked then.
    @raise BadRequest: if it is not exactly what RFC 9112 allows.
    """
    found = REQUEST_LINE.match(data)
    if found is None:
        raise BadRequest("malformed head")
    method, target, major, minor = found.groups()
    if major != b"1":
        if BARE_LF.search(data):
            # In pieces, it would have been refused for that.
            raise BadRequest("malformed head")
        raise BadRequest("this is a server of HTTP/1", 505)
    modern = minor != b"0"
    block = data[found.end() :]
    if before is None or before.block != block or before.modern is not modern:
        before = Fields(block, modern, max_headers)
    if target[:1] != b"/" and b"host" in before.headers:
        _check_authority(target, before.headers[b"host"][0])
    return RequestHead(method, target, b"HTTP/1.1" if modern else b"HTTP/1.0", before)


def _headers(block: bytes, max_headers: int) -> dict[bytes, list[bytes]]:
    """Lists of values by names in lower case."""
    if HEADERS.fullmatch(block) is None:
        raise BadRequest("malformed head")
    lines = block.split(b"\r\n")
    # The empty line, and what is behind it.
    del lines[-2:]
    if len(lines) > max_headers:
        raise BadRequest("too many headers", 431)
    headers: dict[bytes, list[bytes]] = {}
    for line in lines:
        name, _, value = line.partition(b":")
        name = name.lower()
        value = value.strip(b" \t")
        values = headers.get(name)
        if values is None:
            headers[name] = [value]
        else:
            values.append(value)
    return headers


def _check_authority(target: bytes, host: bytes) -> None:
    """
    See that a target that is a whole URL names the host that the header names.

    @raise BadRequest: if it does not, for two servers in a row might send it to different ones.
    """
    scheme, _, rest = target.partition(b"://")
    port = {b"http": b":80", b"https": b":443"}.get(scheme.lower())
    if port is None:
        return
    authority = AUTHORITY_END.split(rest, maxsplit=1)[0].lower().removesuffix(port)
    if HOST.fullmatch(authority) is None or authority != host.lower().removesuffix(port):
        raise BadRequest("the target and Host differ (RFC 9112, section 3.2.2)")


def _body_length(headers: dict[bytes, list[bytes]], modern: bool) -> int | None:
    """
    The length of the body, or None for chunks (RFC 9112, section 6).

    @raise BadRequest: if there is any doubt, for two servers in a row might decide it differently.
    """
    lengths = headers.get(b"content-length")
    codings = headers.get(b"transfer-encoding")
    if codings is not None:
        if lengths is not None:
            raise BadRequest("both Content-Length and Transfer-Encoding")
        if not modern:
            raise BadRequest("Transfer-Encoding in HTTP/1.0")
        if len(codings) > 1 or codings[0].lower() != b"chunked":
            raise BadRequest("a transfer coding other than chunked", 400)
        return None
    assert lengths is not None
    if len(lengths) > 1 or CONTENT_LENGTH.fullmatch(lengths[0]) is None:
        raise BadRequest("invalid Content-Length")
    return int(lengths[0])
