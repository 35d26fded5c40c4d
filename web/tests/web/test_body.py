"""Tests of reading bodies."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twisted.web._http._body import ChunkedReader, LengthReader, from_chunk, to_chunk
from twisted.web._http._grammar import MAX_CHUNK_LINE, MAX_EXTENSIONS_SIZE, MAX_TRAILER_SIZE
from twisted.web._http._head import BadRequest


def read(reader, pieces):
    """Feed a reader; gives the body, and what is behind it."""
    data, rest = b"", b""
    for piece in pieces:
        if reader.done:
            rest += piece
        else:
            part, behind = reader.receive(piece)
            data += part
            rest += behind
    return data, rest


def split(data, places):
    """Cut bytes at some places."""
    cuts = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[a:b] for a, b in pairwise(cuts)]


PLACES = st.lists(st.integers(0, 10_000), max_size=8)


@given(st.binary(max_size=50), st.binary(max_size=20), PLACES)
def test_length(data, behind, places):
    """A body of a known length is read in any pieces, and nothing behind it."""
    assert read(LengthReader(len(data)), split(data + behind, places)) == (data, behind)


@given(st.lists(st.binary(min_size=1, max_size=20), max_size=5), st.binary(max_size=9), PLACES)
def test_chunks(chunks, behind, places):
    """A body in chunks is read at every split, and nothing behind it."""
    wire = b"".join(b"".join(to_chunk(chunk)) for chunk in chunks) + b"0\r\n\r\n" + behind
    reader = ChunkedReader()
    assert read(reader, split(wire, places)) == (b"".join(chunks), behind)
    assert reader.done


def test_every_byte():
    """Chunks with extensions and a trailer may come byte by byte."""
    wire = b"3;a=b\r\nabc\r\nA ;x\r\n0123456789\r\n0\r\nName: value \r\nOther:\r\n\r\n!"
    reader = ChunkedReader()
    assert read(reader, [wire[n : n + 1] for n in range(len(wire))]) == (b"abc0123456789", b"!")
    assert reader.trailers == [(b"name", b"value"), (b"other", b"")]


BAD = [
    b"+3\r\nabc\r\n",
    b"-3\r\nabc\r\n",
    b"0x3\r\nabc\r\n",
    b"3_0\r\nabc\r\n",
    b" 3\r\nabc\r\n",
    b"3 4\r\nabc\r\n",
    b"3 \r\nabc\r\n",
    b"3\t\r\nabc\r\n",
    b"\r\nabc\r\n",
    b"g\r\nabc\r\n",
    b"3\nabc\r\n",
    b"3\r\nabcd\r\n",
    b"3\r\nabc\n",
    b"3\r\nabcX\r\n",
    b"3\r\nabc\r\r\n",
    b"3;\n\r\n",
    b"3;a\0\r\n",
    b"3;a\rb\r\n",
    b"1" * 17 + b"\r\n",
    b"3;" + b"x" * MAX_CHUNK_LINE,
    b"0\r\nContent-Length: 3\r\n\r\n",
    b"0\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"0\r\nHost: other\r\n\r\n",
    b"0\r\n folded\r\n\r\n",
    b"0\r\nno colon\r\n\r\n",
    b"0\r\nA : b\r\n\r\n",
    b"0\r\nA: b\n\r\n",
    b"0\r\n" + b"A: b\r\n" * (MAX_TRAILER_SIZE // 4) + b"\r\n",
    b"0\r\nA: " + b"x" * MAX_TRAILER_SIZE,
]


@pytest.mark.parametrize("wire", BAD, ids=lambda wire: repr(wire[:24]))
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_bad_chunks(wire, size):
    """What is not exactly a chunk is refused, in whatever pieces it comes."""
    with pytest.raises(BadRequest):
        read(ChunkedReader(), [wire[n : n + size] for n in range(0, len(wire), size)])


def test_padded_sizes():
    """Servers may fill sizes up with spaces; nothing else may stand there."""
    wire = b"3  \r\nabc\r\n0 ;a \r\n\r\n"
    assert read(ChunkedReader(padded=True), [wire]) == (b"abc", b"")
    with pytest.raises(BadRequest):
        read(ChunkedReader(padded=True), [b"3 4\r\nabc\r\n"])


def test_extensions():
    """The extensions of all chunks of a body together have a limit."""
    few = b"1;a=b\r\nx\r\n" * 100 + b"0\r\n\r\n"
    assert read(ChunkedReader(), [few]) == (b"x" * 100, b"")
    many = (b"1;" + b"x" * 1000 + b"\r\nx\r\n") * (MAX_EXTENSIONS_SIZE // 1000 + 1)
    with pytest.raises(BadRequest, match="extensions"):
        read(ChunkedReader(), [many[n : n + 1000] for n in range(0, len(many), 1000)])


def test_linear():
    """A megabyte of the smallest chunks takes time in proportion, in one piece and in several."""
    wire = b"1\r\nx\r\n" * 200_000 + b"0\r\n\r\n"
    for size in (len(wire), 65_536):
        reader = ChunkedReader()
        data, rest = read(reader, [wire[n : n + size] for n in range(0, len(wire), size)])
        assert (len(data), rest, reader.done) == (200_000, b"", True)


def test_from_chunk():
    """A whole chunk is taken apart, and what is none is refused."""
    assert from_chunk(b"3\r\nabc\r\nrest") == (b"abc", b"rest")
    for wrong in (b"-3\r\nabc\r\n", b"3\r\nabcd\r\n", b"x\r\n"):
        with pytest.raises(ValueError, match="hunk"):
            from_chunk(wrong)
