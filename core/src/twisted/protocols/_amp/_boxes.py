"""
Boxes: pairs of keys and values, all octets.

A key, and a value, is preceded by its length in two octets; a key of length 0 ends the box. Keys
have 255 octets at most, values 65,535.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from io import BytesIO
from typing import IO, Any

from twisted.protocols._amp._errors import MalformedAmpBox, TooLong

__all__ = [
    "MAX_BOX_SIZE",
    "MAX_KEY_LENGTH",
    "MAX_VALUE_LENGTH",
    "AmpBox",
    "BoxParser",
    "QuitBox",
    "parse",
    "parseString",
]

MAX_KEY_LENGTH = 0xFF
MAX_VALUE_LENGTH = 0xFFFF

#: How large a box from the other side may be in all, in octets.
MAX_BOX_SIZE = 16 * 1024 * 1024

_length = struct.Struct("!H").pack


class AmpBox(dict[bytes, bytes]):
    """
    A box.

    Keys that are text are encoded in ASCII; values are octets.
    """

    __slots__ = ()

    def __init__(self, *args: Any, **kw: Any) -> None:
        super().__init__(*args)
        for name, value in kw.items():
            self[name.encode("ascii")] = value
        texts: list[Any] = [key for key in self if not isinstance(key, bytes)]
        for key in texts:
            self[key.encode("ascii")] = self.pop(key)

    def copy(self) -> AmpBox:
        """A box with the same pairs."""
        return type(self)(self)

    def serialize(self) -> bytes:
        """
        Its octets, in the order of the keys.

        @raise TooLong: a key or a value does not fit.
        @raise TypeError: a value is no octets.
        """
        pieces = []
        for key, value in sorted(self.items()):
            if isinstance(value, str):
                raise TypeError(f"the value of {key!r} is text, not octets: {value!r}")
            if len(key) > MAX_KEY_LENGTH:
                raise TooLong(True, True, key)
            if len(value) > MAX_VALUE_LENGTH:
                raise TooLong(False, True, value, key)
            pieces += [_length(len(key)), key, _length(len(value)), value]
        pieces.append(_length(0))
        return b"".join(pieces)

    def _sendTo(self, proto: Any) -> None:
        """Send it."""
        proto.sendBox(self)

    def __repr__(self) -> str:
        return f"AmpBox({dict.__repr__(self)})"


class QuitBox(AmpBox):
    """The last box: the connection ends after it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"QuitBox({dict.__repr__(self)})"

    def _sendTo(self, proto: Any) -> None:
        """Send it, and end the connection."""
        super()._sendTo(proto)
        proto.transport.loseConnection()


class BoxParser:
    """Finds boxes in octets, however they are split."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._offset = 0
        self._box = AmpBox()
        self._key: bytes | None = None
        self._size = 0

    def feed(self, data: bytes) -> None:
        """Take octets."""
        self._buffer += data

    def clear(self) -> bytes:
        """Give back what has not been used, and forget it."""
        rest = bytes(self._buffer[self._offset :])
        self.__init__()  # type: ignore[misc]
        return rest

    def __iter__(self) -> Iterator[AmpBox]:
        """
        The boxes that are complete.

        @raise TooLong: a key is too long.
        @raise MalformedAmpBox: a box is too large, or is empty.
        """
        while True:
            buffer, offset = self._buffer, self._offset
            if len(buffer) < offset + 2:
                break
            size = buffer[offset] << 8 | buffer[offset + 1]
            if self._key is None and size > MAX_KEY_LENGTH:
                raise TooLong(True, False, bytes(buffer[offset + 2 : offset + 258]))
            end = offset + 2 + size
            if len(buffer) < end:
                break
            self._offset = end
            self._size += size + 2
            if self._size > MAX_BOX_SIZE:
                raise MalformedAmpBox("the box is too large")
            portion = bytes(buffer[offset + 2 : end])
            if self._key is not None:
                self._box[self._key] = portion
                self._key = None
            elif size:
                self._key = portion
            else:
                box, self._box, self._size = self._box, AmpBox(), 0
                yield box
        if self._offset:
            del self._buffer[: self._offset]
            self._offset = 0


def parse(fileObj: IO[bytes]) -> list[AmpBox]:
    """
    The boxes in a file.

    @raise EOFError: the last one is not complete.
    """
    parser = BoxParser()
    parser.feed(fileObj.read())
    boxes = list(parser)
    if parser.clear() or parser._box:
        raise EOFError("the last box is not complete")
    return boxes


def parseString(data: bytes) -> list[AmpBox]:
    """The boxes in some octets."""
    return parse(BytesIO(data))
