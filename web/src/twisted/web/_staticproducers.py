"""Sending files, or parts of them, as fast as the client reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import IO, Any

from zope.interface import implementer

from twisted.internet.abstract import FileDescriptor
from twisted.internet.interfaces import IPullProducer


@implementer(IPullProducer)
class StaticProducer:
    """
    Reads a file when the transport has sent everything.

    @cvar bufferSize: how much is read at once, in bytes.
    """

    __module__ = "twisted.web.static"

    bufferSize = FileDescriptor.bufferSize

    def __init__(self, request: Any, fileObject: IO[bytes]) -> None:
        """
        @param fileObject: closed at the end.
        """
        self.request = request
        self.fileObject = fileObject

    def start(self) -> None:
        """Begin."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it begins")

    def resumeProducing(self) -> None:
        """Write some more."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it writes")

    def stopProducing(self) -> None:
        """Close the file; the transport calls this when the client is gone."""
        self.fileObject.close()
        self.request = None

    def _finish(self) -> None:
        """Everything is written."""
        self.request.unregisterProducer()
        self.request.finish()
        self.stopProducing()


class NoRangeStaticProducer(StaticProducer):
    """Sends a whole file."""

    __module__ = "twisted.web.static"

    def start(self) -> None:
        """Begin."""
        self.request.registerProducer(self, False)

    def resumeProducing(self) -> None:
        """Write the next portion."""
        if self.request is None:
            return
        data = self.fileObject.read(self.bufferSize)
        if data:
            # The transport may close this while it takes the data.
            self.request.write(data)
        else:
            self._finish()


class SmallFileProducer(NoRangeStaticProducer):
    """Sends a whole file that is so small that it may wait in memory for a client to read it."""

    #: The largest size of such a file, in bytes.
    largest = 2 * FileDescriptor.bufferSize

    def start(self) -> None:
        """Send all of it, with the head."""
        self.request.write(self.fileObject.read(self.largest))
        self.request.finish()
        self.stopProducing()


class SingleRangeStaticProducer(StaticProducer):
    """Sends a part of a file."""

    __module__ = "twisted.web.static"

    def __init__(self, request: Any, fileObject: IO[bytes], offset: int, size: int) -> None:
        """
        @param offset: where the part begins, in bytes.
        @param size: of the part, in bytes.
        """
        StaticProducer.__init__(self, request, fileObject)
        self.offset = offset
        self.size = size

    def start(self) -> None:
        """Begin."""
        self.fileObject.seek(self.offset)
        self.bytesWritten = 0
        self.request.registerProducer(self, False)

    def resumeProducing(self) -> None:
        """Write the next portion."""
        if self.request is None:
            return
        data = self.fileObject.read(min(self.bufferSize, self.size - self.bytesWritten))
        if data:
            self.bytesWritten += len(data)
            self.request.write(data)
        if self.request is not None and (not data or self.bytesWritten == self.size):
            self._finish()


class MultipleRangeStaticProducer(StaticProducer):
    """Sends several parts of a file, each behind what announces it."""

    __module__ = "twisted.web.static"

    def __init__(
        self, request: Any, fileObject: IO[bytes], rangeInfo: Iterable[tuple[bytes, int, int]]
    ) -> None:
        """
        @param rangeInfo: for each part, what announces it, where it begins, and its size.
        """
        StaticProducer.__init__(self, request, fileObject)
        self.rangeInfo = rangeInfo

    def start(self) -> None:
        """Begin."""
        self._portions = self._read()
        self.request.registerProducer(self, False)

    def _read(self) -> Iterator[bytes]:
        """What is to be written, in portions."""
        for announcement, offset, size in self.rangeInfo:
            yield announcement
            self.fileObject.seek(offset)
            while size:
                data = self.fileObject.read(min(self.bufferSize, size))
                if not data:
                    return
                size -= len(data)
                yield data

    def resumeProducing(self) -> None:
        """Write portions until they are worth sending."""
        if self.request is None:
            return
        gathered: list[bytes] = []
        size = 0
        for portion in self._portions:
            gathered.append(portion)
            size += len(portion)
            if size >= self.bufferSize:
                break
        if gathered:
            self.request.write(b"".join(gathered))
        if self.request is not None and size < self.bufferSize:
            self._finish()
