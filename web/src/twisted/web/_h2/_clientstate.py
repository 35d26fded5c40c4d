"""The client's side of a connection's state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.web._h2._events import Headed
from twisted.web._h2._frames import (
    MAX_STREAM,
    PREFACE,
    ProtocolError,
    Setting,
    StreamError,
    settings_frame,
)
from twisted.web._h2._heads import read_answer
from twisted.web._h2._hpack import Field
from twisted.web._h2._limits import HTTP2Limits
from twisted.web._h2._state import Machine

#: How many streams there may be before the server has said how many.
_STREAMS_BEFORE_SETTINGS = 100

#: How many heads may come before the one that is the answer.
_MOST_INFORMATIONAL = 100


class ClientMachine(Machine):
    """
    The client's side.

    @ivar max_streams: how many streams the server allows.
    @ivar allows_connect: whether it lets a ``CONNECT`` name a protocol (RFC 8441, section 3).
    """

    def __init__(self, limits: HTTP2Limits, clock: Callable[[], float]) -> None:
        super().__init__(limits, clock)
        self.max_streams = _STREAMS_BEFORE_SETTINGS
        self.allows_connect = False
        self._next = 1
        # Streams whose answers have begun, and how many heads came before.
        self._answered: set[int] = set()
        self._informational: dict[int, int] = {}
        # Methods whose answers have no body.
        self._heads: set[int] = set()

    def start(self) -> None:
        """Say that this is HTTP/2, and what this side allows."""
        limits = self._limits
        self.out.append(PREFACE)
        self.out.append(
            settings_frame(
                {
                    Setting.ENABLE_PUSH: 0,
                    Setting.INITIAL_WINDOW_SIZE: limits.streamWindow,
                    Setting.MAX_HEADER_LIST_SIZE: limits.maxHeaderListSize,
                }
            )
        )

    @property
    def exhausted(self) -> bool:
        """Whether there are no numbers for streams any more."""
        return self._next > MAX_STREAM

    def open(self, stream: Any, fields: list[Field], end: bool, is_head: bool) -> None:
        """
        Begin a stream with a request.

        @param end: whether the request has no body.
        @param is_head: whether the answer has none, whatever its head says.
        """
        number, self._next = self._next, self._next + 2
        self._add(stream, number, self._limits.streamWindow)
        if is_head:
            self._heads.add(number)
        self.send_fields(stream, fields, end)

    def _is_idle(self, number: int) -> bool:
        # A server begins no streams, for it was not allowed to.
        return number >= self._next or not number & 1

    def _configure(self, key: int, value: int) -> None:
        if key == Setting.MAX_CONCURRENT_STREAMS:
            self.max_streams = value
        elif key == Setting.ENABLE_CONNECT_PROTOCOL:
            self.allows_connect = bool(value)
        elif key == Setting.ENABLE_PUSH and value:
            raise ProtocolError("a server that lets itself be pushed to")
        super()._configure(key, value)

    def _block_received(self, number: int, block: bytes, end: bool) -> None:
        stream = self.streams.get(number)
        if stream is None:
            if self._is_idle(number):
                raise ProtocolError("an answer to nothing")
            self._late_block(number, block)
        elif number in self._answered:
            self._trailers(stream, block, end)
        else:
            self._answer(stream, block, end)

    def _check_data(self, stream: Any, size: int, data: bytes, end: bool) -> None:
        if stream.id not in self._answered:
            raise StreamError("a body without a head")
        super()._check_data(stream, size, data, end)

    def _answer(self, stream: Any, block: bytes, end: bool) -> None:
        try:
            head = self._decoder.decode(block, read_answer)
            if sum(map(len, head.headers.values())) > self._limits.maxHeaders:
                raise StreamError("too many headers")
            if stream.remote_ended:
                raise StreamError("headers behind the end")
            if head.code < 200:
                self._count_informational(stream, end)
                return
            self._answered.add(stream.id)
            bodiless = stream.id in self._heads or head.code in (204, 304)
            stream.expected = 0 if bodiless else head.length
            if end and stream.expected:
                raise StreamError("a body of another length than was said")
        except StreamError as error:
            self._break(stream, error)
            return
        self._events.append(Headed(stream, head, end))
        if end:
            stream.remote_ended = True
            if stream.local_ended:
                self._drop(stream.id)

    def _count_informational(self, stream: Any, end: bool) -> None:
        """
        A head has come before the one that is the answer.

        @raise StreamError: if there are too many of them.
        """
        count = self._informational.get(stream.id, 0) + 1
        self._informational[stream.id] = count
        if end or count > _MOST_INFORMATIONAL:
            raise StreamError("too many heads before the answer")

    def _drop(self, number: int) -> None:
        super()._drop(number)
        self._answered.discard(number)
        self._heads.discard(number)
        self._informational.pop(number, None)
