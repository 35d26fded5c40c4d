"""Tests of compressing what servers send."""

from __future__ import annotations

import gzip

import brotli
import pytest
import zstandard

from twisted.web import _encoding
from twisted.web.resource import EncodingResourceWrapper, Resource
from twisted.web.server import ContentEncoderFactory
from twisted.web.static import File

TEXT = b"many words " * 1000


class Page(Resource):
    """Gives a text; a function may change what is said of it."""

    isLeaf = True

    def __init__(self, change=lambda request: None, text=TEXT):
        super().__init__()
        self.change = change
        self.text = text

    def render_GET(self, request):
        self.change(request)
        return self.text


def unchunked(body):
    """What is in chunks."""
    content = b""
    size, _, rest = body.partition(b"\r\n")
    while int(size, 16):
        content += rest[: int(size, 16)]
        size, _, rest = rest[int(size, 16) + 2 :].partition(b"\r\n")
    return content


UNPACK = {
    b"gzip": gzip.decompress,
    b"br": brotli.decompress,
    b"zstd": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
    None: lambda data: data,
}


@pytest.fixture
def get(connect):
    """Ask a page that may be compressed; gives the answer, and checks its body."""

    def ask(accepted, page=None, *headers, codings=None):
        page = page or Page()
        root = EncodingResourceWrapper(page, [ContentEncoderFactory(codings)])
        answer = connect(root).get(b"/", b"Accept-Encoding: " + accepted, *headers)
        coding = answer.headers.get(b"content-encoding")
        if b"content-length" in answer.headers:
            body = answer.body
        else:
            body = unchunked(answer.body)
        assert UNPACK[coding](body) == page.text
        return answer

    return ask


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        (b"gzip", b"gzip"),
        (b"gzip, deflate, br, zstd", b"zstd"),
        (b"gzip, br", b"br"),
        (b"BR;q=0.5, gzip;q=0.8", b"gzip"),
        (b"br;q=0.5 , gzip ; q=0.5", b"br"),
        (b"*", b"zstd"),
        (b"zstd;q=0, *", b"br"),
        (b"*;q=0.1, gzip;q=0.2", b"gzip"),
        (b"identity, gzip;q=0.5", None),
        (b"identity;q=0.5, gzip;q=0.5", b"gzip"),
        (b"gzip;q=0", None),
        (b"gzip;q=0.000, br;q=0.0", None),
        (b"gzip;q=2", None),
        (b"gzip;q=nan", None),
        (b"*;q=0", None),
        (b"compress, , ;q=1", None),
        (b"", None),
    ],
)
def test_negotiation(get, accepted, coding):
    """The coding is the one that the client likes best, and then the server."""
    answer = get(accepted)
    assert answer.headers.get(b"content-encoding") == coding
    assert answer.headers[b"vary"] == b"accept-encoding"
    assert (len(answer) < 1000) is (coding is not None)


def test_without_the_header(connect):
    """A client that says nothing gets the content as it is."""
    root = EncodingResourceWrapper(Page(), [ContentEncoderFactory()])
    assert connect(root).get().body == TEXT


def test_preference_of_the_server(get):
    """A server may prefer another coding, and know fewer."""
    assert get(b"gzip, br, zstd", codings=[b"gzip", b"br"]).headers[b"content-encoding"] == b"gzip"


def test_choice_that_makes_no_sense(monkeypatch):
    """A coding that there is not, or that has no library, is an error at once."""
    with pytest.raises(ValueError, match="no content coding"):
        ContentEncoderFactory([b"compress"])
    monkeypatch.setattr(_encoding, "find_spec", lambda name: name == "zlib" or None)
    with pytest.raises(ImportError, match="br needs brotli"):
        ContentEncoderFactory([b"br"])
    assert ContentEncoderFactory()._codings == (b"gzip",)


def header(name, value):
    return lambda request: request.setHeader(name, value)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (None, b"short" * 100),
        (header(b"content-type", b"image/png"), TEXT),
        (header(b"content-type", b"application/zip"), TEXT),
        (header(b"content-type", b"text/event-stream"), TEXT),
        (header(b"cache-control", b"public, no-transform"), TEXT),
        (header(b"content-range", b"bytes 0-1/2"), TEXT),
        (lambda request: request.setResponseCode(206), TEXT),
    ],
)
def test_as_it_is(get, change, text):
    """What is short, partial, compressed by its kind or not to be changed goes out as it is."""
    answer = get(b"gzip", Page(change or (lambda request: None), text))
    assert b"content-encoding" not in answer.headers
    assert answer.headers[b"content-length"] == b"%d" % len(text)


def test_encoded_already(connect):
    """What a resource has encoded is not encoded once more."""
    packed = gzip.compress(TEXT)
    page = Page(header(b"content-encoding", b"gzip"), packed)
    answer = connect(EncodingResourceWrapper(page, [ContentEncoderFactory()])).get(
        b"/", b"Accept-Encoding: gzip, br"
    )
    assert answer.body == packed


@pytest.mark.parametrize(
    "kind",
    [b"text/plain; charset=utf-8", b"application/json", b"image/svg+xml", b"application/ld+json"],
)
def test_kinds(get, kind):
    """Texts of all kinds are compressed."""
    answer = get(b"gzip", Page(header(b"content-type", kind)))
    assert answer.headers[b"content-encoding"] == b"gzip"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"cookie", b"cookie, accept-encoding"),
        (b"Accept-Encoding", b"Accept-Encoding"),
        (b"*", b"*"),
    ],
)
def test_vary(connect, before, after):
    """What an answer varies with is added to, once."""
    page = EncodingResourceWrapper(Page(header(b"vary", before)), [ContentEncoderFactory()])
    answer = connect(page).get(b"/", b"Accept-Encoding: gzip")
    lines = [line for line in answer.split(b"\r\n") if line.lower().startswith(b"vary: ")]
    assert b", ".join(line[6:] for line in lines) == after


def test_entity_tags(get):
    """The tag of what is compressed is weak, and good for asking whether it has changed."""
    page = Page(lambda request: request.setETag(b'"1"'))
    assert get(b"identity", page).headers[b"etag"] == b'"1"'
    assert get(b"gzip", page).headers[b"etag"] == b'W/"1"'
    assert get(b"gzip", Page(header(b"etag", b'"2"'))).headers[b"etag"] == b'W/"2"'
    assert get(b"gzip", Page(header(b"etag", b'W/"2"'))).headers[b"etag"] == b'W/"2"'


def test_files(connect, tmp_path):
    """Files of a whole tree: compressed as a whole, as they are in parts, 304 as ever."""
    (tmp_path / "a.txt").write_bytes(TEXT)
    connection = connect(File(str(tmp_path)))
    connection.site.encoders = [ContentEncoderFactory()]

    def ask(*headers, method=b"GET"):
        answer = connection.get(b"/a.txt", *headers, method=method)
        while connection.transport.producer not in (None, connection.channel):
            connection.transport.producer.resumeProducing()
        return type(answer)(answer + connection.take())

    answer = ask(b"Accept-Encoding: gzip")
    assert gzip.decompress(unchunked(answer.body)) == TEXT
    assert b"accept-ranges" not in answer.headers
    tag = answer.headers[b"etag"]
    assert tag.startswith(b"W/")
    again = ask(b"Accept-Encoding: gzip", b"If-None-Match: " + tag)
    assert again.status == 304
    assert b"content-encoding" not in again.headers
    part = ask(b"Accept-Encoding: gzip", b"Range: bytes=0-4")
    assert (part.status, part.body) == (206, TEXT[:5])
    # A weak tag is good for no part (RFC 9110, section 13.1.5).
    whole = ask(b"Range: bytes=0-4", b"If-Range: " + tag)
    assert (whole.status, whole.body) == (200, TEXT)
    head = ask(b"Accept-Encoding: gzip", method=b"HEAD")
    assert (head.status, head.body) == (200, b"")
