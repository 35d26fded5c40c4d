"""
The state of a connection of HTTP/2: octets in, events out; what is to be sent in, octets out.

A stream is in `Machine.streams` from its first frame until both sides have ended it, or one has
reset it.  What is known of streams that have gone is their largest number, and the last of those
that this side has reset: frames for them may still be under way.
"""

from __future__ import annotations

import struct
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from twisted.web._h2._budget import Budget
from twisted.web._h2._events import (
    Configured,
    Ended,
    Event,
    Failed,
    GoneAway,
    Ponged,
    Prioritized,
    Received,
    Trailed,
    WasReset,
    Widened,
)
from twisted.web._h2._frames import (
    ACK,
    CONTINUATION,
    DATA,
    DEFAULT_FRAME_SIZE,
    DEFAULT_WINDOW,
    END_HEADERS,
    END_STREAM,
    HEAD,
    HEAD_SIZE,
    MAX_STREAM,
    MAX_WINDOW,
    PADDED,
    PING,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    WITH_PRIORITY,
    Code,
    ProtocolError,
    Setting,
    StreamError,
    frame,
    goaway_frame,
    header_frames,
    number_frame,
    read_settings,
    without_padding,
)
from twisted.web._h2._heads import read_trailers
from twisted.web._h2._hpack import Field, FieldDecoder, FieldEncoder
from twisted.web._h2._limits import HTTP2Limits

#: How many streams that this side has reset are remembered.
_REMEMBERED = 200

#: How many frames that bring nothing are paid for by a request, and by a frame of data.
_EARNED_BY_STREAM = 4
_EARNED_BY_DATA = 2


class Window:
    """
    How much may come before this side says that it takes more.

    @ivar size: how much still may come.
    @ivar held: how much has come and was not taken.
    """

    __slots__ = ("_granted", "_target", "held", "size")

    def __init__(self, size: int, target: int) -> None:
        """
        @param target: how large the window is to be once any of it was used.
        """
        self.size = self._granted = size
        self._target = target
        self.held = 0

    def take(self, size: int) -> int:
        """Take what has come; gives by how much the window is to grow now, or 0."""
        self.held -= size
        growth = self._target - self.size - self.held
        if self.size > self._granted // 2 or growth <= 0:
            return 0
        self._granted = self._target
        self.size += growth
        return growth


class Stream:
    """
    A stream.

    @ivar id: its number.
    @ivar send_window: how much this side may send on it.
    @ivar window: how much the peer may.
    @ivar local_ended: whether this side has said everything.
    @ivar remote_ended: whether the peer has.
    @ivar reset: whether it has ended before its time.
    @ivar expected: how much of the body is to come, or None if that is not known.
    """

    id: int
    send_window: int
    window: Window
    local_ended = False
    remote_ended = False
    reset = False
    expected: int | None = None

    @property
    def closed(self) -> bool:
        """Whether nothing goes or comes any more."""
        return self.reset or (self.local_ended and self.remote_ended)


class Machine(ABC):
    """
    What both sides have in common.

    @ivar streams: the streams that there are, by their numbers.
    @ivar out: octets to be sent; whoever sends them empties it.
    @ivar send_window: how much this side may send on all streams.
    @ivar failed: why the connection is over, or None.
    @ivar last: the largest number of a stream that the peer has begun.
    @ivar handled: grows with each whole frame that has come, or some in a row.
    @ivar leaving: whether this side has said that it takes no more streams.
    """

    def __init__(self, limits: HTTP2Limits, clock: Callable[[], float]) -> None:
        """
        @param clock: tells the time in seconds.
        """
        self._limits = limits
        self._clock = clock
        now = clock()
        self.resets = Budget(limits.resetBurst, limits.resetRate, now)
        self.control = Budget(limits.controlBurst, limits.controlRate, now)
        self.streams: dict[int, Any] = {}
        self.out: list[bytes] = []
        self.send_window = DEFAULT_WINDOW
        self.failed: ProtocolError | None = None
        self.last = 0
        self.handled = 0
        self.leaving = False
        # What has come and was not handled; what must come first, and where frames begin behind it.
        self._buffer = b""
        self._preface = b""
        self._start = 0
        self._events: list[Event] = []
        self._decoder = FieldDecoder(limits.maxHeaderListSize)
        self._encoder = FieldEncoder()
        self._window = Window(DEFAULT_WINDOW, limits.connectionWindow)
        # What the peer has said of itself.
        self._initial_window = DEFAULT_WINDOW
        self.frame_size = DEFAULT_FRAME_SIZE
        # The block of headers that is not complete: stream, flags, pieces.
        self._block: tuple[int, int, list[bytes]] | None = None
        self._cut: OrderedDict[int, None] = OrderedDict()
        self._handlers = (
            self._data,
            self._headers,
            self._priority,
            self._rst_stream,
            self._settings,
            self._push_promise,
            self._ping,
            self._goaway,
            self._window_update,
            self._continuation,
        )

    # Receiving

    @property
    def partial(self) -> bool:
        """Whether a frame, or a block of headers, has come in part."""
        return not self._preface and (bool(self._buffer) or self._block is not None)

    def receive(self, data: bytes) -> list[Event]:
        """Take octets; gives what happens because of them."""
        if self.failed is not None:
            return []
        events = self._events = []
        buffer = self._buffer + data if self._buffer else data
        size = len(buffer)
        try:
            if self._preface and not self._skip_preface(buffer):
                return events
            start = self._start
            self._start = 0
            while size - start >= HEAD_SIZE:
                high, low, kind, flags, stream = HEAD.unpack_from(buffer, start)
                length = high << 8 | low
                if length > DEFAULT_FRAME_SIZE:
                    raise ProtocolError("a frame is too large", Code.FRAME_SIZE_ERROR)
                end = start + HEAD_SIZE + length
                if end > size:
                    break
                payload = buffer[start + HEAD_SIZE : end]
                start = end
                if self._block is not None and kind != CONTINUATION:
                    raise ProtocolError("a frame within a block of headers")
                if kind > CONTINUATION:
                    self._charge()
                else:
                    self._handlers[kind](flags, stream & MAX_STREAM, payload)
            if start:
                self.handled += 1
                self._buffer = buffer[start:]
            else:
                self._buffer = buffer
        except ProtocolError as error:
            self.fail(error)
            events.append(Failed(error))
        self._events = []
        return events

    def _skip_preface(self, buffer: bytes) -> bool:
        """
        See whether what must come first has come.

        @raise ProtocolError: if it is something else.
        """
        preface = self._preface
        if buffer[: len(preface)] != preface[: len(buffer)]:
            raise ProtocolError("this is not HTTP/2")
        if len(buffer) < len(preface):
            self._buffer = buffer
            return False
        self._preface = b""
        self._start = len(preface)
        return True

    def _charge(self) -> None:
        """
        The peer has sent something that brings nothing.

        @raise ProtocolError: if it does so too often.
        """
        if not self.control.spend(self._clock()):
            raise ProtocolError("too many frames that bring nothing", Code.ENHANCE_YOUR_CALM)

    def _charge_reset(self) -> None:
        """
        A stream ends before its time because of the peer.

        @raise ProtocolError: if that happens too often (CVE-2023-44487, CVE-2025-8671).
        """
        if not self.resets.spend(self._clock()):
            raise ProtocolError("too many streams are reset", Code.ENHANCE_YOUR_CALM)

    def _find(self, number: int) -> Any:
        """
        A stream, or None if it has gone.

        @raise ProtocolError: if there never was such a one.
        """
        stream = self.streams.get(number)
        if stream is None and self._is_idle(number):
            raise ProtocolError("a frame for a stream that has not begun")
        return stream

    @abstractmethod
    def _is_idle(self, number: int) -> bool:
        """Whether a stream has not begun."""

    def _data(self, flags: int, number: int, payload: bytes) -> None:
        size = len(payload)
        window = self._window
        window.size -= size
        window.held += size
        if window.size < 0:
            raise ProtocolError("more data than allowed", Code.FLOW_CONTROL_ERROR)
        data = without_padding(payload, flags) if flags & PADDED else payload
        stream = self._find(number)
        if stream is None:
            self._charge()
            self.consumed(None, size)
            if number not in self._cut:
                self._reset_unknown(number, Code.STREAM_CLOSED)
            return
        try:
            self._check_data(stream, size, data, bool(flags & END_STREAM))
        except StreamError as error:
            self.consumed(None, size)
            self._break(stream, error)
            return
        if data:
            self._events.append(Received(stream, data, size))
        else:
            self.consumed(stream, size)
            if not flags & END_STREAM:
                self._charge()
        if flags & END_STREAM:
            self._end_remote(stream)

    def _check_data(self, stream: Any, size: int, data: bytes, end: bool) -> None:
        """
        Count a piece of a body.

        @raise StreamError: if there is more or less of it than there may be.
        """
        if stream.remote_ended:
            raise StreamError("data behind the end", Code.STREAM_CLOSED)
        stream.window.size -= size
        stream.window.held += size
        if stream.window.size < 0:
            raise StreamError("more data than allowed", Code.FLOW_CONTROL_ERROR)
        if stream.expected is not None:
            stream.expected -= len(data)
            if stream.expected < 0 or (end and stream.expected):
                raise StreamError("a body of another length than was said")

    def _end_remote(self, stream: Any) -> None:
        """The peer has said everything on a stream."""
        stream.remote_ended = True
        if stream.local_ended:
            self._drop(stream.id)
        self._events.append(Ended(stream))

    def _drop(self, number: int) -> None:
        """A stream has gone."""
        del self.streams[number]

    def _headers(self, flags: int, number: int, payload: bytes) -> None:
        if not number:
            raise ProtocolError("headers that belong to no stream")
        if flags & PADDED:
            payload = without_padding(payload, flags)
        if flags & WITH_PRIORITY:
            if len(payload) < 5:
                raise ProtocolError("a HEADERS frame is too short", Code.FRAME_SIZE_ERROR)
            self._prioritize(number, payload[:5])
            payload = payload[5:]
        if flags & END_HEADERS:
            self._block_received(number, payload, bool(flags & END_STREAM))
        else:
            self._block = (number, flags, [payload])

    def _continuation(self, flags: int, number: int, payload: bytes) -> None:
        if self._block is None or self._block[0] != number:
            raise ProtocolError("a CONTINUATION of nothing")
        _, first_flags, pieces = self._block
        pieces.append(payload)
        limits = self._limits
        if (
            len(pieces) > limits.maxContinuations + 1
            or sum(map(len, pieces)) > limits.maxHeaderBlockSize
        ):
            # CVE-2024-27316 and others.
            raise ProtocolError("too much of a block of headers", Code.ENHANCE_YOUR_CALM)
        if flags & END_HEADERS:
            self._block = None
            self._block_received(number, b"".join(pieces), bool(first_flags & END_STREAM))

    @abstractmethod
    def _block_received(self, number: int, block: bytes, end: bool) -> None:
        """A whole block of headers has come."""

    def _late_block(self, number: int, block: bytes) -> None:
        """
        Headers for a stream that has gone: they are read, for those after them depend on it.

        @raise ProtocolError: unless they may have been under way when the stream was reset.
        """
        self._charge()
        if number not in self._cut:
            raise ProtocolError("headers for a stream that has ended", Code.STREAM_CLOSED)
        try:
            self._decoder.decode(block, read_trailers)
        except StreamError:
            pass

    def _trailers(self, stream: Any, block: bytes, end: bool) -> None:
        """Headers behind a body have come."""
        try:
            headers = self._decoder.decode(block, read_trailers)
            if stream.remote_ended or not end or stream.expected:
                raise StreamError("headers within a body, or behind the end")
        except StreamError as error:
            self._break(stream, error)
            return
        self._events.append(Trailed(stream, headers))
        self._end_remote(stream)

    def _priority(self, flags: int, number: int, payload: bytes) -> None:
        if len(payload) != 5 or not number:
            raise ProtocolError("a malformed PRIORITY frame", Code.FRAME_SIZE_ERROR)
        self._charge()
        self._prioritize(number, payload)

    def _prioritize(self, number: int, payload: bytes) -> None:
        parent, weight = struct.unpack(">LB", payload)
        self._events.append(
            Prioritized(number, parent & MAX_STREAM, weight + 1, bool(parent >> 31))
        )

    def _rst_stream(self, flags: int, number: int, payload: bytes) -> None:
        if len(payload) != 4:
            raise ProtocolError("the size of a RST_STREAM frame is wrong", Code.FRAME_SIZE_ERROR)
        stream = self._find(number)
        self._charge_reset()
        if stream is not None:
            self.forget(stream)
            self._events.append(WasReset(stream, int.from_bytes(payload, "big"), True))

    def _settings(self, flags: int, number: int, payload: bytes) -> None:
        if number or (flags & ACK and payload):
            raise ProtocolError("a malformed SETTINGS frame", Code.FRAME_SIZE_ERROR)
        if flags & ACK:
            return
        self._charge()
        for key, value in read_settings(payload):
            self._configure(key, value)
        self.out.append(frame(SETTINGS, ACK, 0))
        self._events.append(Configured())

    def _configure(self, key: int, value: int) -> None:
        """The peer has set something."""
        if key == Setting.INITIAL_WINDOW_SIZE:
            growth, self._initial_window = value - self._initial_window, value
            for stream in self.streams.values():
                stream.send_window += growth
                if stream.send_window > MAX_WINDOW:
                    raise ProtocolError("a window is too large", Code.FLOW_CONTROL_ERROR)
            self._events.append(Widened(None))
        elif key == Setting.MAX_FRAME_SIZE:
            self.frame_size = value
        elif key == Setting.HEADER_TABLE_SIZE:
            self._encoder.resize(value)

    def _push_promise(self, flags: int, number: int, payload: bytes) -> None:
        raise ProtocolError("nobody has allowed a PUSH_PROMISE")

    def _ping(self, flags: int, number: int, payload: bytes) -> None:
        if number or len(payload) != 8:
            raise ProtocolError("a malformed PING frame", Code.FRAME_SIZE_ERROR)
        self._charge()
        if flags & ACK:
            self._events.append(Ponged())
        else:
            self.out.append(frame(PING, ACK, 0, payload))

    def _goaway(self, flags: int, number: int, payload: bytes) -> None:
        if number or len(payload) < 8:
            raise ProtocolError("a malformed GOAWAY frame", Code.FRAME_SIZE_ERROR)
        self._charge()
        last, code = struct.unpack_from(">LL", payload)
        self._events.append(GoneAway(last & MAX_STREAM, code))

    def _window_update(self, flags: int, number: int, payload: bytes) -> None:
        if len(payload) != 4:
            raise ProtocolError("the size of a WINDOW_UPDATE is wrong", Code.FRAME_SIZE_ERROR)
        self._charge()
        growth = int.from_bytes(payload, "big") & MAX_WINDOW
        if not number:
            self.send_window += growth
            if not growth:
                raise ProtocolError("a WINDOW_UPDATE by nothing")
            if self.send_window > MAX_WINDOW:
                raise ProtocolError("a window is too large", Code.FLOW_CONTROL_ERROR)
            self._events.append(Widened(None))
            return
        stream = self._find(number)
        if stream is None:
            return
        stream.send_window += growth
        if not growth:
            self._break(stream, StreamError("a WINDOW_UPDATE by nothing"))
        elif stream.send_window > MAX_WINDOW:
            self._break(stream, StreamError("a window is too large", Code.FLOW_CONTROL_ERROR))
        else:
            self._events.append(Widened(stream))

    # Ends before their time

    def forget(self, stream: Any) -> None:
        """A stream has ended before its time; nothing is sent."""
        stream.reset = True
        if stream.id in self.streams:
            self._drop(stream.id)

    def _break(self, stream: Any, error: StreamError) -> None:
        """Reset a stream because of something that the peer did."""
        self.reset(stream, error.code)
        self._events.append(WasReset(stream, error.code, False))
        self._charge_reset()

    def _reset_unknown(self, number: int, code: Code) -> None:
        """Reset a stream that is none here, because of something that the peer did."""
        self._remember(number)
        self.out.append(number_frame(RST_STREAM, number, code))
        self._charge_reset()

    def _remember(self, number: int) -> None:
        self._cut[number] = None
        if len(self._cut) > _REMEMBERED:
            self._cut.popitem(last=False)

    def fail(self, error: ProtocolError) -> None:
        """End the connection, and say why."""
        self.failed = error
        self._buffer = b""
        self._block = None
        self.out.append(goaway_frame(self.last, error.code, str(error).encode("ascii", "replace")))

    # Sending

    def _add(self, stream: Any, number: int, target: int) -> None:
        """A stream begins."""
        stream.id = number
        stream.send_window = self._initial_window
        stream.window = Window(target, target)
        self.streams[number] = stream
        self.control.earn(_EARNED_BY_STREAM)

    def send_fields(self, stream: Any, fields: list[Field], end: bool) -> None:
        """Send headers, or trailers."""
        block = self._encoder.encode(fields)
        self.out.append(header_frames(stream.id, block, end, self.frame_size))
        if end:
            self._end_local(stream)

    def room(self, stream: Any) -> int:
        """How much data may be sent on a stream in a frame."""
        size: int = min(stream.send_window, self.send_window, self.frame_size)
        return size

    def send_data(self, stream: Any, data: bytes, end: bool) -> None:
        """Send a frame of data, for which there is room."""
        size = len(data)
        stream.send_window -= size
        self.send_window -= size
        out = self.out
        out.append(HEAD.pack(size >> 8, size & 0xFF, DATA, END_STREAM if end else 0, stream.id))
        if size:
            out.append(data)
            self.control.earn(_EARNED_BY_DATA)
        if end:
            self._end_local(stream)

    def _end_local(self, stream: Any) -> None:
        """This side has said everything on a stream."""
        stream.local_ended = True
        if stream.remote_ended:
            self._drop(stream.id)

    def reset(self, stream: Any, code: int) -> None:
        """End a stream before its time; what has gone already stays as it is."""
        if stream.id in self.streams:
            self.forget(stream)
            self._remember(stream.id)
            self.out.append(number_frame(RST_STREAM, stream.id, code))

    def consumed(self, stream: Any | None, size: int) -> None:
        """So much that has come was taken, and as much more may come."""
        self.consumed_by_all(size)
        self.consumed_by(stream, size)

    def consumed_by_all(self, size: int) -> None:
        """As much more may come on all streams together."""
        growth = self._window.take(size)
        if growth and self.failed is None:
            self.out.append(number_frame(WINDOW_UPDATE, 0, growth))

    def consumed_by(self, stream: Any | None, size: int) -> None:
        """As much more may come on a stream."""
        if stream is not None and not stream.reset:
            growth = stream.window.take(size)
            if growth and not stream.remote_ended:
                self.out.append(number_frame(WINDOW_UPDATE, stream.id, growth))

    def ping(self) -> None:
        """Ask whether the peer is there."""
        self.out.append(frame(PING, 0, 0, b"\0" * 8))

    def leave(self, code: int = Code.NO_ERROR) -> None:
        """Say that this side takes no more streams."""
        self.leaving = True
        self.out.append(goaway_frame(self.last, code))
