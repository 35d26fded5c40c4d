"""
Frames of WebSocket (RFC 6455, section 5), and messages that are compressed (RFC 7692).

`FrameReader` makes messages of octets, `frame` makes octets of a message.  Neither knows a
transport, a clock or a protocol.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from typing import Any

from wsproto.extensions import PerMessageDeflate

__all__ = [
    "BINARY",
    "CLOSE",
    "PING",
    "PONG",
    "TEXT",
    "Deflate",
    "FrameReader",
    "WebSocketError",
    "close_payload",
    "frame",
]

CONTINUATION, TEXT, BINARY = 0, 1, 2
CLOSE, PING, PONG = 8, 9, 10

_FIN, _COMPRESSED, _RESERVED, _OPCODE = 0x80, 0x40, 0x70, 0x0F
_MASKED, _LENGTH = 0x80, 0x7F
#: Lengths that say how many octets the length has.
_TWO, _EIGHT = 126, 127

#: What ends a compressed message, and is not sent (RFC 7692, section 7.2.1).
_TAIL = b"\0\0\xff\xff"

PROTOCOL_ERROR = 1002
NO_STATUS = 1005
INVALID_DATA = 1007
TOO_BIG = 1009


class WebSocketError(Exception):
    """
    What came is no WebSocket, or more than is wanted.

    @ivar code: what the other side is told (RFC 6455, section 7.4.1).
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def frame(opcode: int, payload: bytes, masked: bool, compressed: bool = False) -> bytes:
    """
    A whole message, in one frame.

    @param masked: whether it is sent by a client (section 5.3).
    @param compressed: whether the payload is.
    """
    first = _FIN | opcode | (_COMPRESSED if compressed else 0)
    bit = _MASKED if masked else 0
    size = len(payload)
    if size < _TWO:
        head = bytes((first, bit | size))
    elif size < 2**16:
        head = bytes((first, bit | _TWO)) + size.to_bytes(2, "big")
    else:
        head = bytes((first, bit | _EIGHT)) + size.to_bytes(8, "big")
    if masked:
        mask = os.urandom(4)
        return head + mask + _xor(payload, mask)
    return head + payload


def close_payload(code: int | None, reason: str = "") -> bytes:
    """
    What a frame says that closes the connection; a reason is cut to 123 octets.

    @param code: what to say, or None; of a code that is never sent 1000 is.
    """
    if code is None:
        return b""
    if not _may_be_sent(code):
        code = 1000
    text = reason.encode()[:123].decode("utf-8", "ignore")
    return code.to_bytes(2, "big") + text.encode()


def _may_be_sent(code: int) -> bool:
    """Whether a code may stand in a frame (section 7.4; the registry has added 1012 to 1014)."""
    return 1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code < 5000


def _xor(payload: bytes, mask: bytes) -> bytes:
    """What a mask makes of a payload, and of that again the payload (section 5.3)."""
    size = len(payload)
    key = (mask * (size // 4 + 1))[:size]
    number = int.from_bytes(payload, "little") ^ int.from_bytes(key, "little")
    return number.to_bytes(size, "little")


def _close_told(payload: bytes) -> tuple[int, str]:
    """What code and reason a frame tells that closes the connection."""
    if not payload:
        return NO_STATUS, ""
    if len(payload) == 1 or not _may_be_sent(code := int.from_bytes(payload[:2], "big")):
        raise WebSocketError(PROTOCOL_ERROR, "a code that is never sent")
    return code, _text(payload[2:])


def _text(payload: bytes) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError:
        raise WebSocketError(INVALID_DATA, "text that is not UTF-8") from None


class Deflate:
    """Compresses messages, and unpacks those of the other side, as both have agreed."""

    def __init__(self, agreed: PerMessageDeflate, is_client: bool) -> None:
        bits = agreed.client_max_window_bits, agreed.server_max_window_bits
        forgets = agreed.client_no_context_takeover, agreed.server_no_context_takeover
        own, other = (0, 1) if is_client else (1, 0)
        self._own_bits, self._own_forgets = bits[own], forgets[own]
        self._other_bits, self._other_forgets = bits[other], forgets[other]
        self._compressor: Any = None
        self._decompressor: Any = None

    def compress(self, payload: bytes) -> bytes:
        """A message as it is sent."""
        if self._compressor is None:
            self._compressor = zlib.compressobj(wbits=-self._own_bits)
        packed: bytes = self._compressor.compress(payload)
        packed += self._compressor.flush(zlib.Z_SYNC_FLUSH)
        if self._own_forgets:
            self._compressor = None
        return packed[: -len(_TAIL)]

    def decompress(self, packed: bytes, most: int) -> bytes:
        """
        A message as it was meant.

        @param most: how many octets it may have; no more than that are unpacked.
        @raise WebSocketError: if it has more, or is not compressed.
        """
        packed += _TAIL
        pieces = []
        while packed:
            if self._decompressor is None:
                self._decompressor = zlib.decompressobj(wbits=-self._other_bits)
            try:
                piece = self._decompressor.decompress(packed, most + 1)
            except zlib.error:
                raise WebSocketError(INVALID_DATA, "what is not compressed") from None
            most -= len(piece)
            if most < 0:
                raise WebSocketError(TOO_BIG, "the message is too large")
            pieces.append(piece)
            # Whoever packed it may have ended the stream of blocks (section 7.2.3.4).
            packed = self._decompressor.unused_data
            if self._decompressor.eof:
                self._decompressor = None
        if self._other_forgets:
            self._decompressor = None
        return b"".join(pieces)


class FrameReader:
    """
    Makes messages of what comes.

    No more is kept than a message may have.
    """

    def __init__(self, from_client: bool, deflate: Deflate | None) -> None:
        """
        @param from_client: whether a client sends it.
        @param deflate: unpacks messages; None if none may be compressed.
        """
        self._from_client = from_client
        self._deflate = deflate
        # What has come of a frame, and how much of it is needed before there is more to say.
        self._buffer = bytearray()
        self._needed = 2
        # The message that comes in several frames: its kind, whether it is compressed, itself.
        self._opcode = CONTINUATION
        self._compressed = False
        self._message = bytearray()

    def receive(self, data: bytes, most: int) -> Iterator[tuple[int, Any]]:
        """
        Read what has come.

        @param most: how many octets a message may have, once it is unpacked and put together.
        @return: what is complete: `TEXT` with a string; `BINARY`, `PING` or `PONG` with octets;
            `CLOSE` with a pair of a code and a reason.  It must be read to its end, or no more must
            be given.
        @raise WebSocketError: if it makes no sense, or too much is to come.
        """
        whole: bytes | bytearray = data
        if self._buffer:
            self._buffer += data
            whole = self._buffer
        at, end = 0, len(whole)
        while end - at >= self._needed:
            self._needed = 2
            first, second = whole[at], whole[at + 1]
            size = second & _LENGTH
            start = at + 2
            if size >= _TWO:
                start += 2 if size == _TWO else 8
                if end < start:
                    self._needed = start - at
                    break
                size = self._long(int.from_bytes(whole[at + 2 : start], "big"), size)
            self._check(first, second)
            if not first & 8 and len(self._message) + size > most:
                raise WebSocketError(TOO_BIG, "the message is too large")
            if self._from_client:
                start += 4
            if end < start + size:
                self._needed = start + size - at
                break
            payload = bytes(whole[start : start + size])
            if self._from_client:
                payload = _xor(payload, bytes(whole[start - 4 : start]))
            at = start + size
            if first == _FIN | TEXT:
                yield TEXT, _text(payload)
            elif first & 8:
                opcode = first & _OPCODE
                yield opcode, _close_told(payload) if opcode == CLOSE else payload
            else:
                yield from self._piece(first, payload, most)
        if whole is data:
            self._buffer += data[at:]
        else:
            del self._buffer[:at]

    def _long(self, size: int, kind: int) -> int:
        """Check a length of several octets: none may be longer than it must (section 5.2)."""
        if size < (_TWO if kind == _TWO else 2**16):
            raise WebSocketError(PROTOCOL_ERROR, "a length that is longer than it must be")
        return size

    def _check(self, first: int, second: int) -> None:
        """Check a head (section 5.2)."""
        opcode = first & _OPCODE
        if (second & _MASKED != 0) is not self._from_client:
            raise WebSocketError(PROTOCOL_ERROR, "only clients mask, and always")
        if first & _RESERVED:
            packed = self._deflate is not None and opcode in (TEXT, BINARY)
            if first & _RESERVED != _COMPRESSED or not packed:
                raise WebSocketError(PROTOCOL_ERROR, "a bit that means nothing")
        if opcode & 8:
            if opcode > PONG:
                raise WebSocketError(PROTOCOL_ERROR, "an unknown kind of frame")
            if second & _LENGTH >= _TWO or not first & _FIN:
                raise WebSocketError(PROTOCOL_ERROR, "a control frame in pieces, or a long one")
            return
        if opcode > BINARY:
            raise WebSocketError(PROTOCOL_ERROR, "an unknown kind of frame")
        if (opcode == CONTINUATION) is not (self._opcode != CONTINUATION):
            raise WebSocketError(PROTOCOL_ERROR, "a piece of another message, or of none")

    def _piece(self, first: int, payload: bytes, most: int) -> Iterator[tuple[int, Any]]:
        """Take a frame of a message. @return: the message, if that was all of it."""
        opcode = first & _OPCODE
        if opcode != CONTINUATION:
            self._opcode, self._compressed = opcode, bool(first & _COMPRESSED)
        if not first & _FIN:
            self._message += payload
            return
        opcode, self._opcode = self._opcode, CONTINUATION
        if self._message:
            payload = bytes(self._message + payload)
            self._message.clear()
        if self._compressed:
            assert self._deflate is not None
            payload = self._deflate.decompress(payload, most)
        yield opcode, _text(payload) if opcode == TEXT else payload
