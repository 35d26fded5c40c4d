"""Bodies that were compressed: unpacked as they come, within limits."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any, ClassVar

from zope.interface import implementer

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.components import proxyForInterface
from twisted.python.failure import Failure
from twisted.web._client._errors import ResponseFailed
from twisted.web.http_headers import Headers
from twisted.web.iweb import UNKNOWN_LENGTH, IAgent, IResponse

__all__ = [
    "BrotliDecoder",
    "ContentDecoderAgent",
    "DeflateDecoder",
    "GzipDecoder",
    "ZstdDecoder",
    "installedDecoders",
]

#: How much is unpacked at once, in bytes.
_PORTION = 2**18

#: The largest window that servers may use for zstd (RFC 9659), in bytes.
_ZSTD_WINDOW = 8 * 2**20

#: How many encodings one upon the other are undone.
_MOST_ENCODINGS = 2

_GZIP_MAGIC = b"\x1f\x8b"


class _Inflate:
    """Unpacks what zlib knows."""

    def __init__(self, give: Callable[[bytes], None]) -> None:
        """
        @param give: called with each piece.
        """
        self._give = give
        self._inflater: Any = self._new(b"")

    def _new(self, beginning: bytes) -> Any:
        """What unpacks data that begins so; None if that cannot be told yet."""
        return zlib.decompressobj(16 + zlib.MAX_WBITS)

    def feed(self, data: bytes) -> None:
        """
        Unpack a piece.

        @raise zlib.error: if it is malformed.
        """
        inflater = self._inflater
        while data:
            self._give(inflater.decompress(data, _PORTION))
            data = inflater.unconsumed_tail
            if inflater.eof and inflater.unused_data.startswith(_GZIP_MAGIC):
                # Another member (RFC 1952, section 2.2); anything else there means nothing.
                data = inflater.unused_data
                inflater = self._inflater = self._new(data)

    def finish(self) -> None:
        """Unpack what is left."""
        if self._inflater is not None:
            self._give(self._inflater.flush())


class _Deflate(_Inflate):
    """
    Unpacks ``deflate``, which is zlib's format (RFC 9110, section 8.4.1.2) but for those servers
    that leave its header out.
    """

    _beginning = b""

    def _new(self, beginning: bytes) -> Any:
        if len(beginning) < 2:
            return None
        wrapped = beginning[0] & 15 == 8 and int.from_bytes(beginning[:2], "big") % 31 == 0
        return zlib.decompressobj(zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)

    def feed(self, data: bytes) -> None:
        """See `_Inflate.feed`."""
        if self._inflater is None:
            data = self._beginning = self._beginning + data
            self._inflater = self._new(data)
            if self._inflater is None:
                return
        super().feed(data)


class _Brotli:
    """Unpacks Brotli (RFC 7932)."""

    def __init__(self, give: Callable[[bytes], None]) -> None:
        # It needs an extra.
        import brotli

        self._give = give
        self._error = brotli.error
        self._decompressor = brotli.Decompressor()
        self._began = False

    def feed(self, data: bytes) -> None:
        """
        Unpack a piece.

        @raise ValueError: if it is malformed.
        """
        self._began = True
        decompressor = self._decompressor
        try:
            while True:
                piece = decompressor.process(data, output_buffer_limit=_PORTION)
                self._give(piece)
                if not piece:
                    return
                data = b""
        except self._error:
            raise ValueError("malformed Brotli") from None

    def finish(self) -> None:
        """
        Nothing comes any more.

        @raise ValueError: if something should.
        """
        if self._began and not self._decompressor.is_finished():
            raise ValueError("Brotli without an end")


class _Zstd:
    """Unpacks Zstandard (RFC 8878)."""

    def __init__(self, give: Callable[[bytes], None]) -> None:
        # It needs an extra.
        import zstandard

        self._error = zstandard.ZstdError
        self.write = give
        # It calls this object's `write` for each portion, which may raise.
        self._writer = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).stream_writer(
            self,  # type: ignore[arg-type]
            write_size=_PORTION,
        )

    def feed(self, data: bytes) -> None:
        """
        Unpack a piece.

        @raise ValueError: if it is malformed.
        """
        try:
            self._writer.write(data)
        except self._error as problem:
            raise ValueError(f"malformed Zstandard: {problem}") from None

    def finish(self) -> None:
        """All that came has been unpacked."""


class _Decoding(Protocol):
    """
    Passes on a body that was compressed.

    A body that grows too much is cut off: it is not what anybody sends who means well.
    """

    def __init__(self, protocol: Any, response: Any, decoder: type[GzipDecoder]) -> None:
        self._protocol = protocol
        self._response = response
        self._most, self._mostRatio = decoder.maxSize, decoder.maxRatio
        self._decompressor = decoder._decompressor(self._give)
        self._came = self._gave = 0
        self._broken = False

    def makeConnection(self, transport: Any) -> None:
        """Begin."""
        self.transport = transport
        self._protocol.makeConnection(transport)

    def dataReceived(self, data: bytes) -> None:
        """
        Pass on a piece.

        @raise ResponseFailed: if it is malformed, or has grown too much.
        """
        self._came += len(data)
        try:
            self._decompressor.feed(data)
        except (zlib.error, ValueError):
            # Whoever reads the answer hangs up, and tells the end.
            self._broken = True
            raise ResponseFailed([Failure()], self._response) from None

    def _give(self, data: bytes) -> None:
        self._gave += len(data)
        if self._gave > self._most and self._gave > self._came * self._mostRatio:
            raise ValueError("a compressed body has grown too much")
        if data:
            self._protocol.dataReceived(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Pass on the rest, and the end."""
        if not self._broken:
            try:
                self._decompressor.finish()
            except (zlib.error, ValueError):
                reason = Failure(ResponseFailed([reason, Failure()], self._response))
        self._protocol.connectionLost(reason)


class GzipDecoder(proxyForInterface(IResponse)):  # type: ignore[misc]
    """
    An answer whose body, compressed by gzip (RFC 1952), is unpacked as it comes.

    @ivar length: `UNKNOWN_LENGTH`.
    @cvar maxSize: how many bytes a body may have ...
    @cvar maxRatio: ... unless it has no more than so many times the bytes that came.
    """

    __module__ = "twisted.web.client"

    maxSize: ClassVar[int] = 64 * 2**20
    maxRatio: ClassVar[int] = 200

    _decompressor: ClassVar[Callable[..., Any]] = _Inflate

    def __init__(self, response: Any) -> None:
        super().__init__(response)
        self.length = UNKNOWN_LENGTH

    def deliverBody(self, protocol: Any) -> None:
        """Pass the body on; see `Response.deliverBody`."""
        self.original.deliverBody(_Decoding(protocol, self.original, type(self)))


class DeflateDecoder(GzipDecoder):
    """Another one, for ``deflate`` (RFC 9110, section 8.4.1.2)."""

    __module__ = "twisted.web.client"

    _decompressor = _Deflate


class BrotliDecoder(GzipDecoder):
    """Another one, for ``br`` (RFC 7932); it needs the extra ``compress``."""

    __module__ = "twisted.web.client"

    _decompressor = _Brotli


class ZstdDecoder(GzipDecoder):
    """Another one, for ``zstd`` (RFC 8878, RFC 9659); it needs the extra ``compress``."""

    __module__ = "twisted.web.client"

    _decompressor = _Zstd


def installedDecoders() -> list[tuple[bytes, type[GzipDecoder]]]:
    """All encodings that can be undone here, for `ContentDecoderAgent`."""
    decoders: list[tuple[bytes, type[GzipDecoder]]] = [
        (b"gzip", GzipDecoder),
        (b"deflate", DeflateDecoder),
    ]
    if find_spec("brotli") is not None:
        decoders.append((b"br", BrotliDecoder))
    if find_spec("zstandard") is not None:
        decoders.append((b"zstd", ZstdDecoder))
    return decoders


@implementer(IAgent)
class ContentDecoderAgent:
    """
    Says which encodings of bodies it knows, and undoes those that come.
    """

    __module__ = "twisted.web.client"

    def __init__(self, agent: Any, decoders: Sequence[tuple[bytes, Any]]) -> None:
        """
        @param agent: asks.
        @param decoders: pairs of a name, such as ``b"gzip"``, and what makes of an answer one whose
            body is decoded.
        """
        self._agent = agent
        self._decoders = dict(decoders)
        self._supported = b",".join([name for name, _ in decoders])

    def request(
        self, method: bytes, uri: bytes, headers: Headers | None = None, bodyProducer: Any = None
    ) -> Deferred[Any]:
        """Ask for something; see `Agent.request`."""
        headers = Headers() if headers is None else headers.copy()
        headers.addRawHeader(b"accept-encoding", self._supported)
        asked: Deferred[Any] = self._agent.request(method, uri, headers, bodyProducer)
        return asked.addCallback(self._handleResponse)

    def _handleResponse(self, response: Any) -> Any:
        """
        Undo the encodings of an answer that are known.

        @raise ResponseFailed: if there are too many.
        """
        lines = response.headers.getRawHeaders(b"content-encoding", [])
        encodings = [each.strip().lower() for line in lines for each in line.split(b",")]
        undone = 0
        while encodings and encodings[-1] in self._decoders:
            undone += 1
            if undone > _MOST_ENCODINGS:
                problem = ValueError(f"more than {_MOST_ENCODINGS} encodings one upon the other")
                raise ResponseFailed([Failure(problem)], response)
            response = self._decoders[encodings.pop()](response)
        if encodings:
            response.headers.setRawHeaders(b"content-encoding", [b",".join(encodings)])
        else:
            response.headers.removeHeader(b"content-encoding")
        return response
