"""Compressing what goes out."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from zope.interface import implementer

from twisted.web._responses import NO_CONTENT, NOT_MODIFIED, PARTIAL_CONTENT
from twisted.web.iweb import _IRequestEncoder, _IRequestEncoderFactory

if TYPE_CHECKING:
    from twisted.web.server import Request

#: RFC 9110, section 12.4.2.
_QUALITY = re.compile(rb"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")

#: Kinds of content that become smaller.
_COMPRESSIBLE = re.compile(
    rb"text/(?!event-stream)"
    rb"|application/(?:json|javascript|xml|wasm|rtf|x-ndjson|manifest\+json|vnd\.ms-fontobject)\b"
    rb"|[a-z]+/[a-z0-9.\-]+\+(?:xml|json|text)\b"
    rb"|font/(?:ttf|otf|collection)\b|image/(?:bmp|x-icon|vnd\.microsoft\.icon)\b",
    re.IGNORECASE,
)

#: Statuses whose body is not the whole content, or is not there.
_NOT_WHOLE = frozenset({NO_CONTENT, PARTIAL_CONTENT, NOT_MODIFIED})


def qualities(lines: Iterable[bytes]) -> dict[bytes, float]:
    """How much a client likes each content coding (RFC 9110, section 12.5.3); 0 is not at all."""
    liked: dict[bytes, float] = {}
    for item in b",".join(lines).lower().split(b","):
        name, *parameters = [part.strip() for part in item.split(b";")]
        if not name:
            continue
        liked[name] = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition(b"=")
            if key.strip() == b"q":
                value = value.strip()
                liked[name] = float(value) if _QUALITY.fullmatch(value) else 0.0
    return liked


def _liked(request: Any) -> dict[bytes, float]:
    return qualities(request.requestHeaders.getRawHeaders(b"accept-encoding", ()))


def accepts(request: Any, coding: bytes) -> bool:
    """Whether a client names a content coding as one that it takes."""
    return bool(_liked(request).get(coding))


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
        self._compressor: Any = zlib.compressobj(compressLevel, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
        self._request: Request | None = request

    def encode(self, data: bytes) -> bytes:
        """Compress a piece; nothing may come out for some time."""
        request, self._request = self._request, None
        if request is not None and not request.startedWriting:
            if request.code == PARTIAL_CONTENT:
                # A part of the content is not a part of its encoded form.
                self._compressor = None
                request.responseHeaders.removeHeader(b"content-encoding")
            else:
                request.responseHeaders.removeHeader(b"content-length")
        return data if self._compressor is None else self._compressor.compress(data)

    def finish(self) -> bytes:
        """The rest of what was compressed."""
        return b"" if self._compressor is None else self._compressor.flush()


def _gzip() -> Any:
    return zlib.compressobj(6, zlib.DEFLATED, 16 + zlib.MAX_WBITS)


def _zstd() -> Any:
    import zstandard

    return zstandard.ZstdCompressor(level=3).compressobj()


class _Brotli:
    """Brotli, in the form of the other compressors."""

    def __init__(self) -> None:
        import brotli

        self._compressor = brotli.Compressor(quality=4)

    def compress(self, data: bytes) -> bytes:
        """Compress a piece."""
        compressed: bytes = self._compressor.process(data)
        return compressed

    def flush(self) -> bytes:
        """The rest."""
        rest: bytes = self._compressor.finish()
        return rest


#: How to compress, in the order of preference, and the libraries that are needed.
_CODINGS: dict[bytes, tuple[Callable[[], Any], str]] = {
    b"zstd": (_zstd, "zstandard"),
    b"br": (_Brotli, "brotli"),
    b"gzip": (_gzip, "zlib"),
}


@implementer(_IRequestEncoderFactory)
class ContentEncoderFactory:
    """
    Compresses answers in the way that a client likes best, if that is worth it.

    What is short, in part, or of a kind that is compressed already, such as pictures, goes out as
    it is; so does what a resource has encoded itself, or says is not to be transformed (RFC 9110,
    section 7.7). Entity tags of what is compressed are weak, for the bytes are not those that the
    resource has named.

    With secrets and something that a client says in one page, the size of it tells of the secrets
    (CVE-2013-3587): do not compress such pages.
    """

    __module__ = "twisted.web.server"

    def __init__(self, codings: Sequence[bytes] | None = None, minimumSize: int = 1024) -> None:
        """
        @param codings: which of ``zstd``, ``br`` and ``gzip``, the best first; by default all of
            them whose libraries are installed (extra ``compress``).
        @param minimumSize: answers that have fewer bytes, and say so, go out as they are.
        @raise ValueError: if there is no such coding.
        @raise ImportError: if the library for one is not installed.
        """
        if codings is None:
            codings = [name for name, (_, library) in _CODINGS.items() if find_spec(library)]
        for name in codings:
            if name not in _CODINGS:
                raise ValueError(f"no content coding: {name!r}")
            if find_spec(_CODINGS[name][1]) is None:
                raise ImportError(f"{name.decode()} needs {_CODINGS[name][1]}")
        self._codings = tuple(codings)
        self._minimumSize = minimumSize

    def encoderForRequest(self, request: Request) -> _ContentEncoder:
        """An encoder, which decides when it sees what is to be encoded."""
        return _ContentEncoder(self._chosen(request), self._minimumSize, request)

    def _chosen(self, request: Request) -> bytes | None:
        """The coding that a client likes best, or None if it likes none better than none."""
        liked = _liked(request)
        others = liked.get(b"*", 0.0)
        best, coding = liked.get(b"identity", 0.0), None
        for name in self._codings:
            quality = liked.get(name, others)
            if quality > best or (quality == best > 0 and coding is None):
                best, coding = quality, name
        return coding


@implementer(_IRequestEncoder)
class _ContentEncoder:
    """Compresses one answer, or does not."""

    def __init__(self, coding: bytes | None, minimumSize: int, request: Request) -> None:
        self._coding = coding
        self._minimumSize = minimumSize
        self._request: Request | None = request
        self._compressor: Any = None

    def _isWorthIt(self, request: Request) -> bool:
        """Whether an answer is to be compressed, for those who can read it."""
        headers = request.responseHeaders
        if request.startedWriting or request.code in _NOT_WHOLE:
            return False
        if headers.hasHeader(b"content-encoding") or headers.hasHeader(b"content-range"):
            return False
        kind = headers.getRawHeaders(b"content-type", [request.defaultContentType or b""])[0]
        if not _COMPRESSIBLE.match(kind):
            return False
        (length,) = headers.getRawHeaders(b"content-length", [b""])[:1]
        if length.isdigit() and int(length) < self._minimumSize:
            return False
        directives = b",".join(headers.getRawHeaders(b"cache-control", ())).lower()
        return b"no-transform" not in directives

    def _decide(self, request: Request) -> None:
        if not self._isWorthIt(request):
            return
        headers = request.responseHeaders
        # Also for those who get it as it is: caches must know (RFC 9110, section 12.5.5).
        vary = b",".join(headers.getRawHeaders(b"vary", ())).lower()
        if b"accept-encoding" not in vary and vary.strip() != b"*":
            headers.addRawHeader(b"vary", b"accept-encoding")
        if self._coding is None:
            return
        self._compressor = _CODINGS[self._coding][0]()
        headers.setRawHeaders(b"content-encoding", [self._coding])
        headers.removeHeader(b"content-length")
        headers.removeHeader(b"accept-ranges")
        if request.etag is not None and not request.etag.startswith(b"W/"):
            request.etag = b"W/" + request.etag
        tags = headers.getRawHeaders(b"etag")
        if tags is not None and not tags[0].startswith(b"W/"):
            headers.setRawHeaders(b"etag", [b"W/" + tags[0]])

    def encode(self, data: bytes) -> bytes:
        """Compress a piece, if this answer is compressed; nothing may come out for some time."""
        if self._request is not None:
            request, self._request = self._request, None
            self._decide(request)
        if self._compressor is None:
            return data
        compressed: bytes = self._compressor.compress(data)
        return compressed

    def finish(self) -> bytes:
        """The rest of what was compressed."""
        if self._compressor is None:
            return b""
        rest: bytes = self._compressor.flush()
        return rest
