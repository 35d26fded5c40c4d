"""Sending files, or parts of them, as fast as the client reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import FileIO
from typing import IO, Any

from zope.interface import implementer

from twisted.internet.abstract import FileDescriptor
from twisted.internet.interfaces import IPullProducer


@implementer(IPullProducer)
class StaticProducer:
    """
    Reads a file when the transport has sent everything.

    @cvar bufferSize: how much is read at once, in bytes.
    @cvar wholeSize: up to how many bytes everything is read and written at once.
    @cvar straightSize: how much is sent at once where the system takes it from the file itself.
    """

    __module__ = "twisted.web.static"

    bufferSize = FileDescriptor.bufferSize
    wholeSize = 131072
    straightSize = 2**20

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

    def _sendStraight(self, count: int) -> int | None:
        """
        Send up to that many bytes from where the file is, if they need not be read for it.

        @return: how many went, or None if they have to be read and written.
        """
        send = getattr(self.request, "sendFile", None)
        # Other kinds of files give something else than what is behind their descriptor.
        if send is None or type(getattr(self.fileObject, "raw", self.fileObject)) is not FileIO:
            return None
        offset = self.fileObject.tell()
        sent: int | None = send(self.fileObject.fileno(), offset, count)
        if sent:
            self.fileObject.seek(offset + sent)
        return sent

    def _finish(self) -> None:
        """Everything is written."""
        self.request.unregisterProducer()
        self.request.finish()
        self.stopProducing()

    def _sendWhole(self, data: bytes) -> None:
        """Write everything at once."""
        self.fileObject.close()
        request, self.request = self.request, None
        request.write(data)
        request.finish()


class NoRangeStaticProducer(StaticProducer):
    """Sends a whole file."""

    __module__ = "twisted.web.static"

    _begun = b""

    def start(self) -> None:
        """Begin."""
        data = self.fileObject.read(self.wholeSize)
        if len(data) < self.wholeSize:
            self._sendWhole(data)
            return
        self._begun = data
        self.request.registerProducer(self, False)

    def resumeProducing(self) -> None:
        """Write the next portion."""
        if self.request is None:
            return
        data, self._begun = self._begun[: self.bufferSize], self._begun[self.bufferSize :]
        if not data and self._sendStraight(self.straightSize) is not None:
            return
        data = data or self.fileObject.read(self.bufferSize)
        if data:
            # The transport may close this while it takes the data.
            self.request.write(data)
        else:
            self._finish()


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
        if self.size <= self.bufferSize:
            self._sendWhole(self.fileObject.read(self.size))
            return
        self.request.registerProducer(self, False)

    def resumeProducing(self) -> None:
        """Write the next portion."""
        if self.request is None:
            return
        left = self.size - self.bytesWritten
        sent = self._sendStraight(min(self.straightSize, left)) if self.bytesWritten else None
        if sent is not None:
            self.bytesWritten += sent
            if self.bytesWritten == self.size:
                self._finish()
            return
        data = self.fileObject.read(min(self.bufferSize, left))
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
