"""Reading bodies of messages that end where their length, their chunks or the connection say."""

from __future__ import annotations

from collections.abc import Callable

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
        self.dataCallback = dataCallback
        self.finishCallback = finishCallback
        self._done = False

    def dataReceived(self, data: bytes) -> None:
        """
        Take bytes.

        @raise RuntimeError: after the end.
        """
        if self._done:
            raise RuntimeError(f"{type(self).__name__} cannot decode data after finishing")
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
        self.contentLength = 0
        if piece:
            self.dataCallback(piece)
        self.finishCallback(data[len(piece) :])

    def noMoreData(self) -> None:
        """
        The connection has ended.

        @raise PotentialDataLoss: if nobody can tell whether that was the end of the body.
        @raise DataLoss: if it was not.
        """
        if self._done:
            return
        self._done = True
        if self.contentLength is None:
            self.finishCallback(b"")
            raise PotentialDataLoss()
        if self.contentLength:
            raise DataLoss()


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
        self._reader = ChunkedReader()

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
            raise RuntimeError(f"{type(self).__name__} cannot decode data after finishing")
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
            raise DataLoss("Chunked decoder is not finished when the connection ended")
