"""Bodies of requests, piece by piece."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from typing import IO, Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.python.failure import Failure

#: How many bytes of a body wait for whoever reads it when no more is taken from the connection.
HIGH_WATER = 65536


class RequestBody(ABC):
    """
    The body of a request.

    ``async for piece in request.body`` gives it piece by piece.

    @ivar atEnd: whether everything was given.
    """

    __module__ = "twisted.web.http"

    atEnd = False

    @abstractmethod
    def receive(self) -> Deferred[bytes]:
        """
        The next piece; ``b""`` at the end.

        @return: fails with the reason if the rest does not come: the connection ended, or the body
            is malformed, too large or too slow.
        @raise RuntimeError: if another piece is waited for already.
        """

    def __aiter__(self) -> RequestBody:
        return self

    async def __anext__(self) -> bytes:
        piece = await self.receive()
        if not piece:
            raise StopAsyncIteration
        return piece


class KeptBody(RequestBody):
    """A body that is there already, in a file."""

    __module__ = "twisted.web.http"

    def __init__(self, content: IO[bytes] | None) -> None:
        """
        @param content: is read from its beginning; None for no body.
        """
        self._content = content
        if content is None:
            self.atEnd = True
            return
        size = content.seek(0, 2)
        self._left = size if size is not None else content.tell()
        content.seek(0)
        self.atEnd = not self._left

    def receive(self) -> Deferred[bytes]:
        """The next piece of the file."""
        if self._content is None or self.atEnd:
            return succeed(b"")
        piece = self._content.read(HIGH_WATER)
        self._left -= len(piece)
        self.atEnd = self._left <= 0 or not piece
        return succeed(piece)


class ComingBody(RequestBody):
    """A body that comes; the connection is read no faster than the body is."""

    __module__ = "twisted.web.http"

    def __init__(self, channel: Any) -> None:
        """
        @param channel: is told by ``wantBody``, ``pauseBody`` and ``resumeBody``.
        """
        self._channel = channel
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self._paused = False
        self._complete = False
        self._failure: Failure | None = None
        self._waiting: Deferred[bytes] | None = None

    def receive(self) -> Deferred[bytes]:
        """The next piece, as soon as it is there."""
        if self._pieces:
            piece = self._pieces.popleft()
            self._size -= len(piece)
            self.atEnd = self._complete and not self._pieces
            if self._paused and not self._size:
                self._paused = False
                self._channel.resumeBody()
            return succeed(piece)
        if self._failure is not None:
            return fail(self._failure)
        if self._complete:
            self.atEnd = True
            return succeed(b"")
        if self._waiting is not None:
            raise RuntimeError("the next piece is waited for already")
        waiting: Deferred[bytes] = Deferred(self._forget)
        self._waiting = waiting
        self._channel.wantBody()
        return waiting

    def _forget(self, _: Deferred[bytes]) -> None:
        """Nobody waits any more."""
        self._waiting = None

    def _give(self) -> Deferred[bytes] | None:
        waiting, self._waiting = self._waiting, None
        return waiting

    # What the request calls

    def received(self, data: bytes) -> None:
        """A piece has come."""
        waiting = self._give()
        if waiting is not None:
            waiting.callback(data)
            return
        self._pieces.append(data)
        self._size += len(data)
        if self._size >= HIGH_WATER and not self._paused:
            self._paused = True
            self._channel.pauseBody()

    def completed(self) -> None:
        """All pieces have come."""
        self._complete = True
        self.atEnd = not self._pieces
        waiting = self._give()
        if waiting is not None:
            waiting.callback(b"")

    def lost(self, reason: Failure) -> None:
        """The rest is not going to come."""
        if self._complete or self._failure is not None:
            return
        self._failure = reason
        waiting = self._give()
        if waiting is not None:
            waiting.errback(reason)
