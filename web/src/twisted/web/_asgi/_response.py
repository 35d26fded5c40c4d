"""What applications of ASGI say about answers, put into requests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from twisted.web.http_headers import _checked, _encodeName

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
        if not isinstance(name, bytes) or not isinstance(value, bytes):
            raise TypeError(f"headers are pairs of bytes, not {(name, value)!r}")
        lower = _encodeName(name)
        if lower not in _OURS:
            headers.setdefault(lower, []).append(_checked(value))
    lengths = headers.get(b"content-length")
    if lengths is not None and (len(lengths) > 1 or not lengths[0].isdigit()):
        raise ValueError(f"an answer has one length: {lengths!r}")
    return headers


def set_head(request: Any, message: dict[str, Any]) -> None:
    """
    Give a request the status and the headers of a message.

    @raise TypeError: if something is of another type than it has to be.
    @raise ValueError: if it cannot be sent.
    """
    status = message["status"]
    if not isinstance(status, int) or not 200 <= status <= 999:
        raise ValueError(f"an answer has a status from 200 to 999, not {status!r}")
    headers = checked_headers(message.get("headers", ()))
    request.setResponseCode(int(status))
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
