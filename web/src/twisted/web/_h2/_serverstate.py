"""The server's side of a connection's state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.web._h2._events import Headed
from twisted.web._h2._frames import (
    PREFACE,
    Code,
    ProtocolError,
    Setting,
    StreamError,
    settings_frame,
)
from twisted.web._h2._heads import read_request
from twisted.web._h2._limits import HTTP2Limits
from twisted.web._h2._state import Machine


class ServerMachine(Machine):
    """The server's side."""

    def __init__(
        self,
        limits: HTTP2Limits,
        clock: Callable[[], float],
        make_stream: Callable[[], Any],
    ) -> None:
        """
        @param make_stream: makes a `twisted.web._h2._state.Stream` for a request.
        """
        super().__init__(limits, clock)
        self._make_stream = make_stream
        self._preface = PREFACE

    def start(self) -> None:
        """Say what this side allows."""
        limits = self._limits
        self.out.append(
            settings_frame(
                {
                    Setting.MAX_CONCURRENT_STREAMS: limits.maxStreams,
                    Setting.INITIAL_WINDOW_SIZE: limits.streamWindow,
                    Setting.MAX_HEADER_LIST_SIZE: limits.maxHeaderListSize,
                    Setting.ENABLE_CONNECT_PROTOCOL: 1,
                }
            )
        )

    def _is_idle(self, number: int) -> bool:
        # This side begins no streams.
        return number > self.last or not number & 1

    def _block_received(self, number: int, block: bytes, end: bool) -> None:
        stream = self.streams.get(number)
        if stream is not None:
            self._trailers(stream, block, end)
            return
        if number <= self.last:
            self._late_block(number, block)
            return
        if not number & 1:
            raise ProtocolError("a client begins streams of odd numbers")
        self.last = number
        try:
            head = self._decoder.decode(block, read_request)
            if end and head.length:
                raise StreamError("a body of another length than was said")
        except StreamError as error:
            self._reset_unknown(number, error.code)
            return
        if self.leaving or len(self.streams) >= self._limits.maxStreams:
            self._reset_unknown(number, Code.REFUSED_STREAM)
            return
        stream = self._make_stream()
        self._add(stream, number, self._limits.streamWindow)
        stream.remote_ended = end
        stream.expected = head.length
        self._events.append(Headed(stream, head, end))
