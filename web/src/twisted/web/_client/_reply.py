"""Answers, as coroutines want them."""

from __future__ import annotations

import builtins
import codecs
import json
import weakref
from collections import deque
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Any, TypeVar

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web._client._bodies import BodyTooLarge
from twisted.web._client._errors import RequestTimeout, ResponseDone, ResponseFailed
from twisted.web._http._decoders import PotentialDataLoss
from twisted.web.http_headers import Headers

__all__ = ["ClientResponse", "Deadline", "HTTPStatusError", "plainError"]

_Self = TypeVar("_Self", bound="ClientResponse")

#: How much of a body waits to be taken before the server is held back, in bytes.
_MOST_WAITING = 256 * 1024

#: Codecs that no server means, and that cost more than others.
_NO_CHARSETS = frozenset({"idna", "punycode", "raw_unicode_escape", "unicode_escape", "undefined"})


class HTTPStatusError(Exception):
    """
    A server has answered that it could, or would, not.

    @ivar response: the answer.
    """

    __module__ = "twisted.web.httpclient"

    def __init__(self, response: ClientResponse) -> None:
        super().__init__(f"{response.code} {response.reason} for {response.url}")
        self.response = response


def plainError(failure: Failure) -> BaseException:
    """What has gone wrong, without what is put around a time-out to say when it was."""
    problem: BaseException = failure.value
    for reason in getattr(problem, "reasons", ()):
        if reason.check(RequestTimeout):
            problem = reason.value
    return problem


class Deadline:
    """The time at which a whole request, its answer's body included, has to be over."""

    def __init__(self, reactor: Any, seconds: float) -> None:
        self._seconds = seconds
        self._concerned: Callable[[], Callable[[RequestTimeout], object] | None] | None = None
        self._call = reactor.callLater(seconds, self._expire)
        self.expired: RequestTimeout | None = None

    def concern(self, concerned: Callable[[], Callable[[RequestTimeout], object] | None]) -> None:
        """
        Say what is to be called.

        @param concerned: gives it, or None if nobody is concerned any more.
        """
        self._concerned = concerned

    def _expire(self) -> None:
        self.expired = RequestTimeout(string=f"{self._seconds} seconds")
        action = None if self._concerned is None else self._concerned()
        if action is not None:
            action(self.expired)

    def cancel(self) -> None:
        """It was in time."""
        if self._call.active():
            self._call.cancel()


class _Body(Protocol):
    """Keeps what has come of a body until somebody takes it."""

    def __init__(self) -> None:
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self._waiter: Deferred[None] | None = None
        self._paused = False
        self.ended: Failure | None = None

    def dataReceived(self, data: bytes) -> None:
        """Keep a piece."""
        self._pieces.append(data)
        self._size += len(data)
        if self._waiter is not None:
            self._wake()
        elif self._size > _MOST_WAITING:
            self._paused = True
            self.transport.pauseProducing()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Note how it has ended."""
        if self.ended is None:
            self.ended = reason
            self._wake()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None:
            waiter.callback(None)

    async def take(self) -> bytes:
        """
        The next piece; none at the end.

        @raise Exception: what has ended the body too early.
        """
        while not self._pieces:
            if self.ended is not None:
                if self.ended.check(ResponseDone, PotentialDataLoss):
                    return b""
                raise plainError(self.ended)
            if self._paused:
                self._paused = False
                self.transport.resumeProducing()
            else:
                self._waiter = Deferred(self._leave)
                await self._waiter
        data = self._pieces.popleft()
        self._size -= len(data)
        return data

    def _leave(self, waiter: Deferred[None]) -> None:
        self._waiter = None

    def drop(self, why: Exception) -> None:
        """Take no more, and close the connection unless all has come."""
        self._pieces.clear()
        if self.ended is None:
            self.ended = Failure(why)
            abort = getattr(self.transport, "abortConnection", None)
            if abort is not None:
                abort()
            self._wake()


class ClientResponse:
    """
    An answer: its head; the body comes when it is asked for.

    The body can be had once in pieces, by ``async for``, or in one; then as often as one likes.
    Whoever does not want all of it says `close`, or uses ``async with``; an answer that nobody
    holds any more is closed.

    @ivar code: the status.
    @ivar reason: what the server says of it.
    @ivar headers: the `Headers`.
    @ivar url: what was asked for in the end.
    @ivar history: the statuses and URLs of answers that led here.
    @ivar original: the `IResponse`.
    """

    __module__ = "twisted.web.httpclient"

    _body: _Body | None = None
    _content: builtins.bytes | None = None
    _taken = False
    _deadline: Deadline | None = None

    def __init__(
        self, original: Any, reactor: Any, most: int | None, deadline: Deadline | None = None
    ) -> None:
        """
        @param most: how many bytes the body may have that is read in one piece.
        @param deadline: when it is too late for the body.
        """
        self.original = original
        self.code: int = original.code
        self.reason: str = original.phrase.decode("latin-1")
        self.headers: Headers = original.headers
        self._reactor = reactor
        self._most = most
        if deadline is not None:
            if original.length == 0:
                deadline.cancel()
            else:
                self._deadline = deadline
                deadline.concern(weakref.WeakMethod(self._expire))

    @property
    def url(self) -> str:
        """What was asked for in the end."""
        return _urlOf(self.original)

    @property
    def history(self) -> list[tuple[int, str]]:
        """The statuses and URLs of answers that led here, the first one first."""
        ways: list[tuple[int, str]] = []
        before = self.original.previousResponse
        while before is not None:
            ways.append((before.code, _urlOf(before)))
            before = before.previousResponse
        return ways[::-1]

    @property
    def ok(self) -> bool:
        """Whether the status is none of an error."""
        return self.code < 400

    def header(self, name: str, default: str | None = None) -> str | None:
        """The value of a header; of several, they are joined by commas."""
        values = self.headers.getRawHeaders(name)
        return default if values is None else ", ".join(values)

    def raiseForStatus(self: _Self) -> _Self:
        """
        Give this answer, unless its status is one of an error.

        @raise HTTPStatusError: if it is; the answer is closed then if its body was not asked for.
        """
        if not self.ok:
            raise HTTPStatusError(self)
        return self

    # The body

    def _stream(self) -> _Body:
        if self._body is None:
            self._body = _Body()
            self.original.deliverBody(self._body)
        return self._body

    def __aiter__(self) -> AsyncIterator[builtins.bytes]:
        """
        The body, in pieces, as it comes and no faster than it is taken.

        @raise RuntimeError: the second time.
        """
        self._take()
        return _Chunks(self)

    def _take(self) -> None:
        if self._taken:
            raise RuntimeError("the body of this answer is taken already")
        self._taken = True

    def bytes(self, most: int | None = None) -> Deferred[builtins.bytes]:
        """
        The body, in one piece.

        @param most: how many bytes it may have; by default what the client was told.
        @return: fires with it; fails with `BodyTooLarge`, with `ReadTimeout` or `RequestTimeout`,
            or with `ResponseFailed` if not all of it came.
        """
        if self._content is not None:
            return succeed(self._content)
        return Deferred.fromCoroutine(self._whole(self._most if most is None else most))

    async def _whole(self, most: int | None) -> builtins.bytes:
        self._take()
        body = self._stream()
        pieces = []
        size = 0
        try:
            while piece := await body.take():
                size += len(piece)
                if most is not None and size > most:
                    raise BodyTooLarge(f"more than {most} bytes")
                pieces.append(piece)
        except (BodyTooLarge, CancelledError) as problem:
            body.drop(problem)
            self._over()
            raise
        self._over()
        self._content = b"".join(pieces)
        return self._content

    def text(self, encoding: str | None = None) -> Deferred[str]:
        """
        The body as text; what cannot be decoded is replaced.

        @param encoding: by default the one that the answer names, or else UTF-8.
        @return: fires with it; see `bytes`.
        @raise LookupError: if there is no such encoding.
        """
        chosen = self.charset if encoding is None else codecs.lookup(encoding).name
        return self.bytes().addCallback(lambda content: content.decode(chosen, "replace"))

    @property
    def charset(self) -> str:
        """The encoding of text that the answer names if Python knows it, or else UTF-8."""
        kind = self.header("content-type") or ""
        for parameter in kind.split(";")[1:]:
            name, _, value = parameter.partition("=")
            if name.strip().lower() == "charset":
                return _codec(value.strip().strip("\"'"))
        return _codec("")

    def json(self) -> Deferred[Any]:
        """
        The body, read as JSON.

        @return: fires with the value; fails with `ValueError` if it is none. See `bytes`.
        """
        return self.bytes().addCallback(lambda content: json.loads(content))

    # The end

    def _over(self) -> None:
        """All of the body has come, or no more is wanted."""
        deadline, self._deadline = self._deadline, None
        if deadline is not None:
            deadline.cancel()

    def _expire(self, late: RequestTimeout) -> None:
        """It is too late for what has not come."""
        self._deadline = None
        self._drop(late)

    def _drop(self, why: Exception) -> None:
        self._taken = True
        self._stream().drop(why)

    def close(self) -> None:
        """Do without what has not come of the body; the connection is closed if it is needed."""
        self._over()
        if self._content is None:
            self._drop(ResponseFailed([], self.original))

    async def __aenter__(self: _Self) -> _Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        body = self._body
        if body is None and self.original.length == 0:
            return
        if self._deadline is None and body is not None and body.ended is not None:
            return
        # This may be another thread.
        later = getattr(self._reactor, "callFromThread", None)
        if later is None:
            _abandon(self.original, body, self._deadline)
        else:
            later(_abandon, self.original, body, self._deadline)

    def __repr__(self) -> str:
        return f"<ClientResponse {self.code} {self.url}>"


def _abandon(original: Any, body: _Body | None, deadline: Any) -> None:
    """Nobody can ask for the body of an answer any more."""
    if deadline is not None:
        deadline.cancel()
    if body is None:
        body = _Body()
        original.deliverBody(body)
    body.drop(ResponseFailed([], original))


class _Chunks:
    """The pieces of a body; it holds the answer, which is closed when nobody does."""

    def __init__(self, response: ClientResponse) -> None:
        self._response = response
        self._body = response._stream()

    def __aiter__(self) -> _Chunks:
        return self

    async def __anext__(self) -> bytes:
        piece = await self._body.take()
        if not piece:
            self._response._over()
            raise StopAsyncIteration
        return piece


def _codec(label: str) -> str:
    """The codec for an encoding of text that an answer names; that of UTF-8 if there is none."""
    try:
        name = codecs.lookup(label).name
        # Other codecs, such as those that compress, decode no text.
        b"a".decode(name, "replace")
    except (LookupError, ValueError):
        name = "utf-8"
    if name.replace("-", "_") in _NO_CHARSETS:
        name = "utf-8"
    # A mark of the byte order is no part of a text.
    return "utf-8-sig" if name == "utf-8" else name


def _urlOf(response: Any) -> str:
    uri = response.request.absoluteURI
    return "" if uri is None else uri.decode("ascii", "replace")
