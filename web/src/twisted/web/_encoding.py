"""Compressing what goes out."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from zope.interface import implementer

from twisted.web.iweb import _IRequestEncoder, _IRequestEncoderFactory

if TYPE_CHECKING:
    from twisted.web.server import Request


def accepts(request: Any, coding: bytes) -> bool:
    """Whether a client takes a content coding (RFC 9110, section 12.5.3)."""
    accepted = b",".join(request.requestHeaders.getRawHeaders(b"accept-encoding", ()))
    for item in accepted.lower().split(b","):
        name, *parameters = [part.strip() for part in item.split(b";")]
        if name == coding:
            return not any(p.startswith(b"q=") and not p[2:].strip(b"0.") for p in parameters)
    return False


@implementer(_IRequestEncoderFactory)
class GzipEncoderFactory:
    """
    Compresses answers for clients that say that they take gzip.

    @cvar compressLevel: 1 is fastest, 9 smallest.
    """

    __module__ = "twisted.web.server"

    compressLevel = 9

    def encoderForRequest(self, request: Request) -> _GzipEncoder | None:
        """An encoder, if the client takes gzip."""
        if not accepts(request, b"gzip"):
            return None
        headers = request.responseHeaders
        codings = [*headers.getRawHeaders(b"content-encoding", ()), b"gzip"]
        headers.setRawHeaders(b"content-encoding", [b",".join(codings)])
        return _GzipEncoder(self.compressLevel, request)


@implementer(_IRequestEncoder)
class _GzipEncoder:
    """Compresses one answer."""

    def __init__(self, compressLevel: int, request: Request) -> None:
        self._compressor = zlib.compressobj(compressLevel, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
        self._request: Request | None = request

    def encode(self, data: bytes) -> bytes:
        """Compress a piece; nothing may come out for some time."""
        if self._request is not None:
            if not self._request.startedWriting:
                self._request.responseHeaders.removeHeader(b"content-length")
            self._request = None
        return self._compressor.compress(data)

    def finish(self) -> bytes:
        """The rest of what was compressed."""
        return self._compressor.flush()
