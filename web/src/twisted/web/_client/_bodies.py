"""Bodies: of files, to servers; and of answers, in one piece."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any
from warnings import warn

from zope.interface import implementer

from twisted.internet import task
from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web import error
from twisted.web._client._errors import ResponseDone
from twisted.web._http._decoders import PotentialDataLoss
from twisted.web.iweb import UNKNOWN_LENGTH, IBodyProducer

__all__ = [
    "BodyTooLarge",
    "BytesBodyProducer",
    "FileBodyProducer",
    "PartialDownloadError",
    "discard",
    "readBody",
    "rewound",
]


def rewound(producer: Any) -> bool:
    """
    Bring a body back to its beginning, so that it can be sent once more.

    @return: whether that can be done: it has a method ``rewind`` that does so, and gives true.
    """
    rewind = getattr(producer, "rewind", None)
    return rewind is not None and bool(rewind())


@implementer(IBodyProducer)
class FileBodyProducer:
    """
    The rest of a file, as the body of a request; it is closed at the end.

    @ivar length: in bytes, or `UNKNOWN_LENGTH` if the file cannot tell.
    """

    __module__ = "twisted.web.client"

    def __init__(self, inputFile: Any, cooperator: Any = task, readSize: int = 2**16) -> None:
        """
        @param cooperator: has others their turn between two pieces.
        @param readSize: how many bytes a piece has at most.
        """
        self._inputFile = inputFile
        self._cooperate = cooperator.cooperate
        self._readSize = readSize
        self._task: Any = None
        self.length: Any = self._findLength(inputFile)

    @staticmethod
    def _findLength(file: Any) -> Any:
        try:
            seek, tell = file.seek, file.tell
        except AttributeError:
            return UNKNOWN_LENGTH
        here = tell()
        seek(0, os.SEEK_END)
        end = tell()
        seek(here, os.SEEK_SET)
        return end - here

    def startProducing(self, consumer: Any) -> Deferred[None]:
        """
        Write the file to a consumer.

        @return: fires when all is written, or fails if reading does. Cancelling it is the same as
            `stopProducing`: then it never fires.
        """
        self._task = self._cooperate(self._pieces(consumer))
        done: Deferred[None] = Deferred(lambda _: self._cancelled())

        def ended(result: Any) -> None:
            if isinstance(result, Failure):
                if not result.check(task.TaskStopped):
                    done.errback(result)
            else:
                done.callback(None)

        self._task.whenDone().addBoth(ended)
        return done.addErrback(self._unlessStopped)

    @staticmethod
    def _unlessStopped(failure: Failure) -> Any:
        return Deferred() if failure.check(CancelledError) else failure

    def _cancelled(self) -> None:
        self.stopProducing()

    def _pieces(self, consumer: Any) -> Iterator[None]:
        try:
            while True:
                data = self._inputFile.read(self._readSize)
                if not data:
                    break
                consumer.write(data)
                yield None
        finally:
            self._close()

    def _close(self) -> None:
        close = getattr(self._inputFile, "close", None)
        if close is not None:
            close()

    def stopProducing(self) -> None:
        """Write no more, and close the file."""
        self._close()
        try:
            self._task.stop()
        except task.TaskFinished:
            pass

    def pauseProducing(self) -> None:
        """Write nothing until `resumeProducing`."""
        self._task.pause()

    def resumeProducing(self) -> None:
        """Write again."""
        self._task.resume()


@implementer(IBodyProducer)
class BytesBodyProducer:
    """
    Bytes, as the body of a request.

    @ivar length: how many.
    """

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.length = len(body)

    def rewind(self) -> bool:
        """Make ready to be sent once more."""
        return True

    def startProducing(self, consumer: Any) -> Deferred[None]:
        """Write the bytes to a consumer, at once."""
        consumer.write(self.body)
        return succeed(None)

    def stopProducing(self) -> None:
        """Do nothing: all is written."""

    def pauseProducing(self) -> None:
        """Do nothing: all is written."""

    def resumeProducing(self) -> None:
        """Do nothing: all is written."""


class PartialDownloadError(error.Error):
    """
    The connection ended, and nobody can tell whether all of the body had come.

    @ivar response: what has.
    """

    __module__ = "twisted.web.client"


class BodyTooLarge(Exception):
    """A body has more bytes than are wanted."""

    __module__ = "twisted.web.client"


class _Collector(Protocol):
    """Collects a body."""

    def __init__(
        self, status: int, message: bytes, deferred: Deferred[bytes], most: int | None
    ) -> None:
        self.most = most
        self.size = 0
        self.status = status
        self.message = message
        self.deferred = deferred
        self._pieces: list[bytes] = []

    def dataReceived(self, data: bytes) -> None:
        """Keep a piece, unless that is too much; then the connection is closed."""
        self.size += len(data)
        if self.most is None or self.size <= self.most:
            self._pieces.append(data)
            return
        self._pieces.clear()
        abort = getattr(self.transport, "abortConnection", None)
        if abort is not None:
            abort()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Give all pieces to whoever waits for them."""
        body = b"".join(self._pieces)
        if self.most is not None and self.size > self.most:
            self.deferred.errback(BodyTooLarge(f"more than {self.most} bytes"))
        elif reason.check(ResponseDone):
            self.deferred.callback(body)
        elif reason.check(PotentialDataLoss):
            self.deferred.errback(PartialDownloadError(self.status, self.message, body))
        else:
            self.deferred.errback(reason)


def readBody(response: Any, most: int | None = None) -> Deferred[bytes]:
    """
    The body of an answer, in one piece in memory.

    @param most: how many bytes it may have.
    @return: fires with it; fails with `BodyTooLarge`, after which the connection is closed, with
        `PartialDownloadError` if nobody can tell whether that was all of it, or with what has ended
        it too early. Cancelling it cuts the connection.
    """

    def abort() -> Any:
        return getattr(collector.transport, "abortConnection", None)

    def cancel(_: object) -> None:
        cut = abort()
        if cut is not None:
            cut()

    body: Deferred[bytes] = Deferred(cancel)
    collector = _Collector(response.code, response.phrase, body, most)
    response.deliverBody(collector)
    if collector.transport is not None and abort() is None:
        warn(
            "Using readBody with a transport that does not have an abortConnection method",
            DeprecationWarning,
            stacklevel=2,
        )
    return body


#: So much of a body that nobody wants is read, in bytes, to keep the connection.
_WORTH_READING = 64 * 1024


class _Dropped(Protocol):
    """Takes a body that nobody wants; the connection is closed if there is much of it."""

    def __init__(self) -> None:
        self._came = 0

    def dataReceived(self, data: bytes) -> None:
        """Do without it."""
        self._came += len(data)
        abort = getattr(self.transport, "abortConnection", None)
        if self._came > _WORTH_READING and abort is not None:
            abort()


def discard(response: Any) -> None:
    """Do without the body of an answer."""
    response.deliverBody(_Dropped())
