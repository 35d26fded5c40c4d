"""Frames of HTTP/2 (RFC 9113, sections 4 and 6): values in, bytes out, and their numbers."""

from __future__ import annotations

import enum
import struct

#: What a client sends first (RFC 9113, section 3.4).
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

#: The head of a frame: 24 bits of length in two parts, type, flags, stream.
HEAD = struct.Struct(">HBBBL")
HEAD_SIZE = 9

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY = range(8)
WINDOW_UPDATE, CONTINUATION = 8, 9

END_STREAM = 0x1
ACK = 0x1
END_HEADERS = 0x4
PADDED = 0x8
WITH_PRIORITY = 0x20

#: The largest window (RFC 9113, section 6.9.1), and the largest number of a stream.
MAX_WINDOW = MAX_STREAM = 2**31 - 1
#: What holds before settings say otherwise.
DEFAULT_WINDOW = 65535
DEFAULT_FRAME_SIZE = 16384


class Code(enum.IntEnum):
    """Why a stream or a connection ends (RFC 9113, section 7)."""

    NO_ERROR = 0
    PROTOCOL_ERROR = 1
    INTERNAL_ERROR = 2
    FLOW_CONTROL_ERROR = 3
    SETTINGS_TIMEOUT = 4
    STREAM_CLOSED = 5
    FRAME_SIZE_ERROR = 6
    REFUSED_STREAM = 7
    CANCEL = 8
    COMPRESSION_ERROR = 9
    CONNECT_ERROR = 10
    ENHANCE_YOUR_CALM = 11
    INADEQUATE_SECURITY = 12
    HTTP_1_1_REQUIRED = 13


class Setting(enum.IntEnum):
    """What an endpoint may say of itself (RFC 9113, section 6.5.2; RFC 8441, section 3)."""

    HEADER_TABLE_SIZE = 1
    ENABLE_PUSH = 2
    MAX_CONCURRENT_STREAMS = 3
    INITIAL_WINDOW_SIZE = 4
    MAX_FRAME_SIZE = 5
    MAX_HEADER_LIST_SIZE = 6
    ENABLE_CONNECT_PROTOCOL = 8


class ProtocolError(Exception):
    """
    The peer has broken a rule, and the connection ends.

    @ivar code: what it is told.
    """

    def __init__(self, reason: str, code: Code = Code.PROTOCOL_ERROR) -> None:
        super().__init__(reason)
        self.code = code


class StreamError(Exception):
    """
    The peer has broken a rule that is about one stream, which ends.

    @ivar code: what it is told.
    """

    def __init__(self, reason: str, code: Code = Code.PROTOCOL_ERROR) -> None:
        super().__init__(reason)
        self.code = code


def error_name(code: int) -> str:
    """What an error is called, whether it is known or not."""
    try:
        return Code(code).name
    except ValueError:
        return f"error {code}"


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """A whole frame."""
    size = len(payload)
    return HEAD.pack(size >> 8, size & 0xFF, kind, flags, stream) + payload


def settings_frame(settings: dict[Setting, int]) -> bytes:
    """A frame of settings."""
    payload = b"".join(struct.pack(">HL", key, value) for key, value in settings.items())
    return frame(SETTINGS, 0, 0, payload)


def number_frame(kind: int, stream: int, number: int) -> bytes:
    """A frame of one number: RST_STREAM or WINDOW_UPDATE."""
    return frame(kind, 0, stream, number.to_bytes(4, "big"))


def goaway_frame(last: int, code: int, reason: bytes = b"") -> bytes:
    """A frame that says that this side takes no more streams."""
    return frame(GOAWAY, 0, 0, struct.pack(">LL", last, code) + reason)


def header_frames(stream: int, block: bytes, end: bool, frame_size: int) -> bytes:
    """The frames of a block of headers."""
    flags = END_STREAM if end else 0
    if len(block) <= frame_size:
        return frame(HEADERS, flags | END_HEADERS, stream, block)
    pieces = [frame(HEADERS, flags, stream, block[:frame_size])]
    for start in range(frame_size, len(block), frame_size):
        piece = block[start : start + frame_size]
        last = start + frame_size >= len(block)
        pieces.append(frame(CONTINUATION, END_HEADERS if last else 0, stream, piece))
    return b"".join(pieces)


#: How many settings there may be in a frame: some of them make work for each stream.
_MOST_SETTINGS = 64


def read_settings(payload: bytes) -> list[tuple[int, int]]:
    """
    The settings of a frame, in their order.

    @raise ProtocolError: if the size is wrong, a value is out of range, or there are too many.
    """
    if len(payload) % 6:
        raise ProtocolError("the size of a SETTINGS frame is wrong", Code.FRAME_SIZE_ERROR)
    if len(payload) > 6 * _MOST_SETTINGS:
        raise ProtocolError("too many settings in a frame", Code.ENHANCE_YOUR_CALM)
    settings = list(struct.iter_unpack(">HL", payload))
    for key, value in settings:
        if key in (Setting.ENABLE_PUSH, Setting.ENABLE_CONNECT_PROTOCOL) and value > 1:
            raise ProtocolError(f"a setting is {value} instead of 0 or 1")
        if key == Setting.INITIAL_WINDOW_SIZE and value > MAX_WINDOW:
            raise ProtocolError("the initial window is too large", Code.FLOW_CONTROL_ERROR)
        if key == Setting.MAX_FRAME_SIZE and not DEFAULT_FRAME_SIZE <= value < 2**24:
            raise ProtocolError(f"frames of at most {value} octets are not allowed")
    return settings


def without_padding(payload: bytes, flags: int) -> bytes:
    """
    The payload of a frame without its padding (RFC 9113, section 6.1).

    @raise ProtocolError: if there is more padding than payload.
    """
    if not flags & PADDED:
        return payload
    if not payload:
        raise ProtocolError("a padded frame is empty", Code.FRAME_SIZE_ERROR)
    end = len(payload) - payload[0]
    if end < 1:
        raise ProtocolError("there is more padding than frame")
    return payload[1:end]
