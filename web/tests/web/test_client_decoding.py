"""Tests of undoing the encodings of bodies that clients get."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Callable
from typing import Any

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from twisted.internet.defer import succeed
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.web._client import _decoding
from twisted.web.client import (
    BrotliDecoder,
    ContentDecoderAgent,
    DeflateDecoder,
    GzipDecoder,
    Response,
    ResponseDone,
    ResponseFailed,
    ZstdDecoder,
    installedDecoders,
)
from twisted.web.http_headers import Headers


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


Compress = Callable[[bytes], bytes]

CODINGS: list[Any] = [
    pytest.param(GzipDecoder, gzip.compress, id="gzip"),
    pytest.param(DeflateDecoder, zlib.compress, id="zlib"),
    pytest.param(DeflateDecoder, raw_deflate, id="deflate"),
    pytest.param(BrotliDecoder, brotli.compress, id="br"),
    pytest.param(ZstdDecoder, zstandard.ZstdCompressor().compress, id="zstd"),
]


class Body(Protocol):
    """Keeps a body."""

    data = b""
    largest = 0
    reason: Any = None

    def dataReceived(self, data: bytes) -> None:
        self.data += data
        self.largest = max(self.largest, len(data))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        assert self.reason is None
        self.reason = reason


def received(decoder: Any, *pieces: bytes) -> Body:
    """What becomes of a body that comes in pieces."""
    response = Response((b"HTTP", 1, 1), 200, b"OK", Headers(), StringTransport())
    body = Body()
    decoder(response).deliverBody(body)
    for piece in pieces:
        response._bodyDataReceived(piece)
    response._bodyDataFinished()
    return body


TEXT = b"".join(b"line %d of a text that repeats itself\n" % number for number in range(500))


@pytest.mark.parametrize(("decoder", "compress"), CODINGS)
class TestCodings:
    """What holds for all of them."""

    def test_octet_by_octet(self, decoder: Any, compress: Compress) -> None:
        """A body is unpacked, in whatever pieces it comes."""
        body = received(decoder, *(bytes([octet]) for octet in compress(TEXT)))
        assert body.data == TEXT
        assert body.reason.check(ResponseDone)

    def test_in_one_piece(self, decoder: Any, compress: Compress) -> None:
        """Large bodies, also such that cannot be compressed, come in bounded pieces."""
        content = TEXT * 40 + os.urandom(300_000)
        body = received(decoder, compress(content))
        assert body.data == content
        assert body.largest <= 2 * _decoding._PORTION

    def test_nothing(self, decoder: Any, compress: Compress) -> None:
        """Neither an empty body, nor one that is empty when unpacked, is an error."""
        for pieces in ((), (compress(b""),)):
            body = received(decoder, *pieces)
            assert body.data == b""
            assert body.reason.check(ResponseDone)

    def test_bomb(self, decoder: Any, compress: Compress, monkeypatch: pytest.MonkeyPatch) -> None:
        """A small body that grows without end is cut off."""
        monkeypatch.setattr(GzipDecoder, "maxSize", 2**20)
        monkeypatch.setattr(GzipDecoder, "maxRatio", 20)
        packed = compress(b"\0" * 2**25)
        response = Response((b"HTTP", 1, 1), 200, b"OK", Headers(), StringTransport())
        body = Body()
        decoder(response).deliverBody(body)
        with pytest.raises(ResponseFailed) as raised:
            response._bodyDataReceived(packed)
        assert "grown too much" in str(raised.value.reasons[0].value)
        assert len(body.data) <= 2**20

    def test_within_the_ratio(
        self, decoder: Any, compress: Compress, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A large body that was not compressed much is none."""
        monkeypatch.setattr(GzipDecoder, "maxSize", 1000)
        content = os.urandom(10_000)
        assert received(decoder, compress(content)).data == content

    @given(data=st.binary(min_size=2, max_size=200), cut=st.integers(0, 200))
    def test_anything(self, decoder: Any, compress: Compress, data: bytes, cut: int) -> None:
        """Whatever comes is unpacked or fails, and nothing else."""
        try:
            received(decoder, data[:cut], data[cut:])
        except ResponseFailed:
            pass


@pytest.mark.parametrize(
    "decoder", [GzipDecoder, DeflateDecoder, BrotliDecoder, ZstdDecoder], ids=lambda d: d.__name__
)
def test_malformed(decoder: Any) -> None:
    """What is not in the format fails."""
    with pytest.raises(ResponseFailed):
        received(decoder, b"\xff" * 100)


def test_members() -> None:
    """gzip may come in several members; zeros behind them mean nothing."""
    packed = gzip.compress(b"first ") + gzip.compress(b"second")
    assert received(GzipDecoder, packed + b"\0\0").data == b"first second"


def test_frames() -> None:
    """So may Zstandard."""
    packed = b"".join(zstandard.ZstdCompressor().compress(part) for part in (b"first ", b"second"))
    assert received(ZstdDecoder, packed).data == b"first second"


def test_window() -> None:
    """A server that wants more memory for Zstandard than it may is refused."""
    parameters = zstandard.ZstdCompressionParameters(window_log=27)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    packed = compressor.compress(b"x" * 100) + compressor.flush()
    with pytest.raises(ResponseFailed, match="memory"):
        received(ZstdDecoder, packed)


def test_brotli_cut_short() -> None:
    """A body of Brotli without its end fails."""
    body = received(BrotliDecoder, brotli.compress(TEXT)[:-5])
    assert body.reason.check(ResponseFailed)


def test_installed() -> None:
    """All of them are asked for, and undone one upon the other."""

    class Asked:
        def request(self, method: bytes, uri: bytes, headers: Any = None, body: Any = None) -> Any:
            self.headers = headers
            answer = Headers({b"content-encoding": [b"br, ZSTD"]})
            self.response = Response((b"HTTP", 1, 1), 200, b"OK", answer, StringTransport())
            return succeed(self.response)

    asked = Asked()
    results: list[Any] = []
    agent = ContentDecoderAgent(asked, installedDecoders())
    agent.request(b"GET", b"http://h/").addCallback(results.append)
    assert asked.headers.getRawHeaders(b"accept-encoding") == [b"gzip,deflate,br,zstd"]
    body = Body()
    results[0].deliverBody(body)
    asked.response._bodyDataReceived(zstandard.ZstdCompressor().compress(brotli.compress(TEXT)))
    asked.response._bodyDataFinished()
    assert body.data == TEXT
