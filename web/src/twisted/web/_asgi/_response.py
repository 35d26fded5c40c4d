"""What applications of ASGI say about answers, put into requests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from twisted.web.http_headers import _encodeName

#: Headers that are for the server to say.
_OURS = frozenset({b"transfer-encoding", b"keep-alive", b"upgrade"})


def checked_headers(pairs: Iterable[Any]) -> dict[bytes, list[bytes]]:
    """
    Headers of a message, by their names in lower case, each with its values.

    @raise TypeError: if they are not pairs of bytes.
    @raise ValueError: if a name is no token, a line break or NUL is in one of them (CWE-113), or
        there are several lengths.
    """
    headers: dict[bytes, list[bytes]] = {}
    for name, value in pairs:
        if type(name) is not bytes or type(value) is not bytes:
            raise TypeError(f"headers are pairs of bytes, not {(name, value)!r}")
        if b"\r" in value or b"\n" in value or b"\0" in value:
            raise ValueError(f"a line break or NUL in a header: {value!r}")
        lower = _encodeName(name)
        if lower in headers:
            headers[lower].append(value)
        elif lower not in _OURS:
            headers[lower] = [value]
    lengths = headers.get(b"content-length")
    if lengths is not None and (len(lengths) > 1 or not lengths[0].isdigit()):
        raise ValueError(f"an answer has one length: {lengths!r}")
    return headers


def checked_status(message: dict[str, Any]) -> int:
    """
    The status of a message.

    @raise ValueError: if it is none, or that of something else than an answer.
    """
    status = message["status"]
    if not isinstance(status, int) or not 200 <= status <= 999:
        raise ValueError(f"an answer has a status from 200 to 999, not {status!r}")
    return int(status)


def set_head(request: Any, status: int, headers: dict[bytes, list[bytes]]) -> None:
    """Give a request a status and headers, which were checked."""
    request.setResponseCode(status)
    request.responseHeaders._rawHeaders.update(headers)


def checked_body(message: dict[str, Any]) -> bytes:
    """
    The body of a message.

    @raise TypeError: if it is not bytes.
    """
    body = message.get("body", b"")
    if isinstance(body, bytes):
        return body
    if isinstance(body, (bytearray, memoryview)):
        return bytes(body)
    raise TypeError(f"a body is bytes, not {type(body).__name__}")
