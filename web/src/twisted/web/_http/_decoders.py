"""Reading bodies of messages that end where their length, their chunks or the connection say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.web._http._body import ChunkedReader
from twisted.web._http._head import BadRequest

__all__ = [
    "ChunkedTransferDecoder",
    "DataLoss",
    "IdentityTransferDecoder",
    "MalformedChunkedData",
    "PotentialDataLoss",
]


class PotentialDataLoss(Exception):
    """
    A body of unknown length ended with the connection: nobody can tell whether all of it came.
    """

    __module__ = "twisted.web.http"


class DataLoss(Exception):
    """The connection ended before the body did."""


class MalformedChunkedData(Exception):
    """A body that should be in chunks is not."""


class IdentityTransferDecoder:
    """
    Passes a body on as it is.

    @ivar contentLength: how many bytes are to come, or None if the end of the connection tells.
    """

    def __init__(
        self,
        contentLength: int | None,
        dataCallback: Callable[[bytes], object],
        finishCallback: Callable[[bytes], object],
    ) -> None:
        """
        @param dataCallback: called with pieces of the body.
        @param finishCallback: called, once, with what came behind it.
        """
        self.contentLength = contentLength
        self.dataCallback: Any = dataCallback
        self.finishCallback: Any = finishCallback
        self._done = False

    def dataReceived(self, data: bytes) -> None:
        """
        Take bytes.

        @raise RuntimeError: after the end.
        """
        if self._done:
            raise RuntimeError("_IdentityTransferDecoder cannot decode data after finishing")
        if self.contentLength is None:
            self.dataCallback(data)
            return
        piece = data[: self.contentLength]
        self.contentLength -= len(piece)
        if self.contentLength:
            self.dataCallback(piece)
            return
        # What the end brings about must not find this one still at work.
        self._done = True
        if piece:
            self.dataCallback(piece)
        finish = self._forget()
        finish(data[len(piece) :])

    def noMoreData(self) -> None:
        """
        The connection has ended.

        @raise PotentialDataLoss: if nobody can tell whether that was the end of the body.
        @raise DataLoss: if it was not.
        """
        if self._done:
            return
        self._done = True
        finish = self._forget()
        if self.contentLength is None:
            finish(b"")
            raise PotentialDataLoss()
        if self.contentLength:
            raise DataLoss()

    def _forget(self) -> Callable[[bytes], object]:
        """Part with the callbacks, which may well hold this; gives that for the end."""
        finish: Callable[[bytes], object] = self.finishCallback
        self.dataCallback = self.finishCallback = None
        return finish


class ChunkedTransferDecoder:
    """Passes on what chunks hold (RFC 9112, section 7.1)."""

    def __init__(
        self, dataCallback: Callable[[bytes], object], finishCallback: Callable[[bytes], object]
    ) -> None:
        """
        @param dataCallback: called with pieces of the body.
        @param finishCallback: called, once, with what came behind it.
        """
        self.dataCallback = dataCallback
        self.finishCallback = finishCallback
        self._reader = ChunkedReader(padded=True)

    @property
    def trailers(self) -> list[tuple[bytes, bytes]]:
        """The names, in lower case, and values of headers behind the body."""
        return self._reader.trailers

    def dataReceived(self, data: bytes) -> None:
        """
        Take bytes.

        @raise MalformedChunkedData: if they are not chunks.
        @raise RuntimeError: after the end.
        """
        reader = self._reader
        if reader.done:
            raise RuntimeError("_ChunkedTransferDecoder cannot decode data after finishing")
        try:
            piece, rest = reader.receive(data)
        except BadRequest as problem:
            raise MalformedChunkedData(str(problem)) from None
        if piece:
            self.dataCallback(piece)
        if reader.done:
            self.finishCallback(rest)

    def noMoreData(self) -> None:
        """
        The connection has ended.

        @raise DataLoss: if that was not the end of the body.
        """
        if not self._reader.done:
            raise DataLoss("a body in chunks was not at its end")
