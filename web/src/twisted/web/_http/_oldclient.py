"""A client of former times, which reads one answer line by line."""

from __future__ import annotations

from twisted.internet.protocol import connectionDone
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure
from twisted.web.http_headers import Headers

__all__ = ["HTTPClient"]


class HTTPClient(LineReceiver):
    """
    Sends one request and reads one answer; `twisted.web.client.Agent` does that well.

    A subclass sends in `connectionMade`, and overrides the methods whose names begin with
    ``handle``.

    @ivar length: how many bytes of the body are to come, or None.
    @ivar firstLine: whether the next line is the first.
    """

    __module__ = "twisted.web.http"

    length: int | None = None
    firstLine = True
    _header: list[bytes] | None = None

    def sendCommand(self, command: bytes, path: bytes) -> None:
        """Send the first line of a request."""
        self.transport.writeSequence([command, b" ", path, b" HTTP/1.0\r\n"])

    def sendHeader(self, name: bytes, value: object) -> None:
        """
        Send a header.

        @param value: bytes, or what `str` makes text of.
        @raise ValueError: if a line break or NUL is in it.
        """
        headers = Headers()
        headers.addRawHeader(name, value if isinstance(value, bytes) else str(value))
        for _, values in headers.getAllRawHeaders():
            self.transport.writeSequence([name, b": ", *values, b"\r\n"])

    def endHeaders(self) -> None:
        """End the head of the request."""
        self.transport.write(b"\r\n")

    def extractHeader(self, header: bytes) -> None:
        """Take a header in one piece."""
        name, _, value = header.partition(b":")
        value = value.lstrip()
        self.handleHeader(name, value)
        if name.lower() == b"content-length":
            self.length = int(value)

    def lineReceived(self, line: bytes) -> None:
        """Take a line of the head."""
        if self.firstLine:
            self.firstLine = False
            version, _, rest = line.partition(b" ")
            status, _, message = rest.partition(b" ")
            self.handleStatus(version, status, message)
            return
        if line[:1] in (b" ", b"\t") and self._header is not None:
            self._header.append(line)
            return
        if self._header is not None:
            header, self._header = self._header, None
            self.extractHeader(b"".join(header))
        if line:
            self._header = [line]
        else:
            self.handleEndHeaders()
            self.setRawMode()
            if self.length == 0:
                self._end()

    def rawDataReceived(self, data: bytes) -> None:
        """Take a piece of the body."""
        if self.length is None:
            self.handleResponsePart(data)
            return
        piece, rest = data[: self.length], data[self.length :]
        self.handleResponsePart(piece)
        self.length -= len(piece)
        if self.length == 0:
            self._end()
            self.setLineMode(rest)

    def _end(self) -> None:
        self.handleResponseEnd()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection has ended, and with it the answer."""
        self.handleResponseEnd()

    def handleStatus(self, version: bytes, status: bytes, message: bytes) -> None:
        """The first line has come."""

    def handleHeader(self, key: bytes, val: bytes) -> None:
        """A header has come."""

    def handleEndHeaders(self) -> None:
        """The whole head has come."""

    def handleResponsePart(self, data: bytes) -> None:
        """A piece of the body has come."""

    def handleResponseEnd(self) -> None:
        """The answer has ended."""
