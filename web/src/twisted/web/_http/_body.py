"""Reading bodies: bytes in, data out, and what lies behind the body."""

from __future__ import annotations

from twisted.web._http._grammar import (
    CHUNK_HEAD,
    MAX_CHUNK_LINE,
    MAX_EXTENSIONS_SIZE,
    MAX_TRAILER_SIZE,
    PADDED_CHUNK_HEAD,
    TRAILER_LINE,
)
from twisted.web._http._head import BadRequest

#: Headers that a trailer may not bring: they say how to read what has been read (RFC 9110, 6.5.1).
NOT_IN_TRAILERS = frozenset(
    {
        *(b"content-length", b"transfer-encoding", b"host", b"content-type", b"content-encoding"),
        *(b"content-range", b"trailer", b"te", b"connection", b"set-cookie", b"authorization"),
    }
)


class LengthReader:
    """
    Reads a body of a known length.

    @ivar done: whether all of it was read.
    """

    def __init__(self, length: int) -> None:
        self.remaining = length
        self.done = length == 0

    def receive(self, data: bytes) -> tuple[bytes, bytes]:
        """Take bytes; gives those of the body, and those behind it."""
        piece = data[: self.remaining]
        self.remaining -= len(piece)
        self.done = self.remaining == 0
        return piece, data[len(piece) :]


class ChunkedReader:
    """
    Reads a body in chunks (RFC 9112, section 7.1).

    @ivar done: whether the last chunk and the trailer were read.
    @ivar trailers: the trailer's names, in lower case, and values.
    """

    def __init__(self, padded: bool = False) -> None:
        """
        @param padded: whether spaces may stand behind the size of a chunk, as some servers send.
        """
        self.done = False
        self._head = PADDED_CHUNK_HEAD if padded else CHUNK_HEAD
        self.trailers: list[tuple[bytes, bytes]] = []
        self._buffer = b""
        # Where in the buffer begins what was not read yet.
        self._start = 0
        self._extensions_size = 0
        self._trailer_size = 0
        # Bytes of the present chunk that are to come, and what reads what comes next: a function,
        # for a bound method would keep this object alive.
        self._remaining = 0
        self._next = ChunkedReader._read_size

    def receive(self, data: bytes) -> tuple[bytes, bytes]:
        """
        Take bytes; gives those of the body, and those behind it.

        @raise BadRequest: if they are not chunks.
        """
        self._buffer += data
        pieces: list[bytes] = []
        while not self.done and self._next(self, pieces):
            pass
        rest, self._buffer = self._buffer[self._start :], b""
        self._start = 0
        if not self.done:
            rest, self._buffer = b"", rest
        return b"".join(pieces), rest

    def _line(self, limit: int) -> bytes | None:
        """
        Take a line, without its end.

        @raise BadRequest: if it is too long, or ends with a bare LF.
        """
        start = self._start
        end = self._buffer.find(b"\n", start, start + limit)
        if end < 0:
            if len(self._buffer) - start >= limit:
                raise BadRequest("a line of a chunk is too long")
            return None
        if end == start or self._buffer[end - 1 : end] != b"\r":
            raise BadRequest("a line of a chunk ends with a bare LF")
        self._start = end + 1
        return self._buffer[start : end - 1]

    def _read_size(self, pieces: list[bytes]) -> bool:
        """Read the size of the next chunk."""
        line = self._line(MAX_CHUNK_LINE)
        if line is None:
            return False
        found = self._head.fullmatch(line)
        if found is None:
            raise BadRequest("invalid size of a chunk")
        self._extensions_size += len(found[2])
        if self._extensions_size > MAX_EXTENSIONS_SIZE:
            raise BadRequest("the extensions of chunks are too large")
        self._remaining = int(found[1], 16)
        self._next = ChunkedReader._read_data if self._remaining else ChunkedReader._read_trailer
        return True

    def _read_data(self, pieces: list[bytes]) -> bool:
        """Read what has come of a chunk."""
        piece = self._buffer[self._start : self._start + self._remaining]
        if not piece:
            return False
        self._start += len(piece)
        self._remaining -= len(piece)
        pieces.append(piece)
        if not self._remaining:
            self._next = ChunkedReader._read_end
        return True

    def _read_end(self, pieces: list[bytes]) -> bool:
        """Read the line break behind a chunk."""
        end = self._buffer[self._start : self._start + 2]
        if not b"\r\n".startswith(end):
            raise BadRequest("no line break behind a chunk")
        if len(end) < 2:
            return False
        self._start += 2
        self._next = ChunkedReader._read_size
        return True

    def _read_trailer(self, pieces: list[bytes]) -> bool:
        """Read a line of the trailer, or its end."""
        line = self._line(MAX_TRAILER_SIZE)
        if line is None:
            return False
        if not line:
            self.done = True
            return True
        self._trailer_size += len(line) + 2
        found = TRAILER_LINE.fullmatch(line)
        if found is None or self._trailer_size > MAX_TRAILER_SIZE:
            raise BadRequest("invalid trailer")
        name = found[1].lower()
        if name in NOT_IN_TRAILERS:
            raise BadRequest(f"{name.decode()} in a trailer")
        self.trailers.append((name, found[2].rstrip(b" \t")))
        return True


def to_chunk(data: bytes) -> tuple[bytes, bytes, bytes]:
    """The pieces of a chunk."""
    return b"%x\r\n" % len(data), data, b"\r\n"


def from_chunk(data: bytes) -> tuple[bytes, bytes]:
    """
    The data of a whole chunk, and what lies behind it.

    @raise ValueError: if it is no chunk.
    """
    size, _, rest = data.partition(b"\r\n")
    found = CHUNK_HEAD.fullmatch(size)
    if found is None:
        raise ValueError("Chunk length must be >= 0, in hexadecimal digits")
    length = int(found[1], 16)
    if rest[length : length + 2] != b"\r\n":
        raise ValueError("chunk must end with CRLF")
    return rest[:length], rest[length + 2 :]
