"""
Header compression (RFC 7541), by the library hpack, with memories of what was met before.

The same block means the same fields, and the same field gives the same octets, as long as the
dynamic table has not changed.  After the first requests of a connection it seldom does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from hpack import Decoder, Encoder, HPACKError, NeverIndexedHeaderTuple, OversizedHeaderListError
from hpack.table import HeaderTable

from twisted.web._h2._frames import Code, ProtocolError

Field = tuple[bytes, bytes]

#: How many blocks are remembered, and up to which size.
_KNOWN_BLOCKS = 64
_KNOWN_BLOCK_SIZE = 1024

#: Fields that differ from message to message, or are secrets: they are not put into the table,
#: where they would drive others out, or let themselves be guessed (RFC 7541, section 7.1).
_NEVER_INDEXED = frozenset(
    {
        b":path",
        b"age",
        b"authorization",
        b"content-length",
        b"content-range",
        b"cookie",
        b"date",
        b"etag",
        b"expires",
        b"if-modified-since",
        b"if-none-match",
        b"last-modified",
        b"location",
        b"proxy-authorization",
        b"range",
        b"referer",
        b"set-cookie",
    }
)

#: Those of them that nothing may remember.
_SECRET = frozenset({b"authorization", b"cookie", b"proxy-authorization", b"set-cookie"})

#: What others of them are as octets, up to some size; that does not depend on a table.
_literals: dict[Field, bytes] = {}
_MOST_LITERALS = 500
_LITERAL_SIZE = 256
_literal_encoder = Encoder()


class _Table(HeaderTable):
    """
    A dynamic table that notes whether it has changed.

    @ivar changed: whether it has, since this was set to False.
    """

    def __init__(self) -> None:
        super().__init__()
        self.changed = False

    def add(self, name: bytes, value: bytes) -> None:
        """Add a field."""
        self.changed = True
        super().add(name, value)


class FieldDecoder:
    """Reads blocks of fields."""

    def __init__(self, max_list_size: int) -> None:
        """
        @param max_list_size: how large a list of fields may be, each counted with 32 octets more
            than it has (RFC 9113, section 6.5.2).
        """
        self._decoder = Decoder(max_header_list_size=max_list_size)
        self._table = _Table()
        self._decoder.header_table = self._table
        self._known: dict[tuple[Any, bytes], Any] = {}

    def decode(self, block: bytes, read: Callable[[list[Field]], Any]) -> Any:
        """
        What a function makes of the fields of a block; it must give the same for the same fields.

        @raise ProtocolError: if the block is malformed, or the list is too large.
        """
        known = self._known.get((read, block))
        if known is not None:
            return known
        try:
            decoded = self._decoder.decode(block, raw=True)
        except OversizedHeaderListError:
            raise ProtocolError("a list of headers is too large", Code.ENHANCE_YOUR_CALM) from None
        except (HPACKError, ValueError) as problem:
            raise ProtocolError(f"malformed headers: {problem}", Code.COMPRESSION_ERROR) from None
        if self._table.changed or (block and block[0] & 0xE0 == 0x20):
            # The second is a change of the table's size.
            self._table.changed = False
            self._known.clear()
            return read([(name, value) for name, value in decoded])
        result = read([(name, value) for name, value in decoded])
        if len(block) <= _KNOWN_BLOCK_SIZE:
            if len(self._known) >= _KNOWN_BLOCKS:
                self._known.clear()
            self._known[read, block] = result
        return result


class FieldEncoder:
    """Writes blocks of fields."""

    def __init__(self) -> None:
        self._encoder = Encoder()
        self._table = _Table()
        self._encoder.header_table = self._table
        self._known: dict[Field, bytes] = {}
        # The smallest and the last size that the table has got since the last block.
        self._sizes: tuple[int, ...] | None = None

    def resize(self, size: int) -> None:
        """The peer's table has so many octets at most; the next block says so (RFC 7541, 4.2)."""
        size = min(size, HeaderTable.DEFAULT_SIZE)
        smallest = size if self._sizes is None else min(size, self._sizes[0])
        # The library says nothing of one that is set twice.
        self._sizes = (smallest, size) if smallest < size else (size,)

    def _resized(self, sizes: tuple[int, ...]) -> bytes:
        """What says that the table has other sizes now."""
        self._sizes = None
        self._known.clear()
        for size in sizes:
            self._encoder.header_table_size = size
        said: bytes = self._encoder.encode([])
        return said

    def encode(self, fields: Iterable[Field]) -> bytes:
        """The block of fields whose names are in lower case."""
        known = self._known
        pieces = [] if self._sizes is None else [self._resized(self._sizes)]
        for field in fields:
            piece = known.get(field)
            pieces.append(self._encode(field) if piece is None else piece)
        return b"".join(pieces)

    def _encode(self, field: Field) -> bytes:
        """A field that was not met since the table has changed."""
        if field[0] in _NEVER_INDEXED:
            return _literal(field)
        piece: bytes = self._encoder.encode([field])
        if self._table.changed:
            self._table.changed = False
            self._known.clear()
        else:
            self._known[field] = piece
        return piece


def _literal(field: Field) -> bytes:
    """A field without use of a dynamic table."""
    piece = _literals.get(field)
    if piece is None:
        piece = _literal_encoder.encode([NeverIndexedHeaderTuple(*field)])
        if field[0] not in _SECRET and len(piece) <= _LITERAL_SIZE:
            if len(_literals) >= _MOST_LITERALS:
                _literals.clear()
            _literals[field] = piece
    return piece
