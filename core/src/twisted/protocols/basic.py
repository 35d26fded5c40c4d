"""
Protocols of messages: lines, strings with a length before them, netstrings; and sending files.

All receivers take time that is linear in what arrives, however it is cut into pieces, and keep no
more than ``MAX_LENGTH`` bytes of a message that is not complete.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from struct import calcsize, pack, unpack
from typing import IO, Any

from zope.interface import implementer

from twisted.internet import defer, interfaces, protocol
from twisted.logger import Logger

__all__ = [
    "FileSender",
    "IncompleteNetstring",
    "Int16StringReceiver",
    "Int32StringReceiver",
    "Int8StringReceiver",
    "IntNStringReceiver",
    "LineOnlyReceiver",
    "LineReceiver",
    "NetstringParseError",
    "NetstringReceiver",
    "StatefulStringProtocol",
    "StringTooLongError",
    "calcsize",
    "pack",
    "unpack",
]

DEBUG = 0

_log = Logger()


class _PauseableMixin:
    """
    A receiver whose messages can be held back.

    @ivar paused: whether they are.
    """

    paused = False
    transport: Any

    def pauseProducing(self) -> None:
        """Hold further messages back, and read no more."""
        self.paused = True
        self.transport.pauseProducing()

    def resumeProducing(self) -> None:
        """Deliver what was held back, and read on."""
        self.paused = False
        self.transport.resumeProducing()
        self.dataReceived(b"")

    def stopProducing(self) -> None:
        """Hold everything back for good, and close the connection."""
        self.paused = True
        self.transport.stopProducing()

    def dataReceived(self, data: bytes) -> None:
        """Take bytes; see the receiver."""


class LineOnlyReceiver(protocol.Protocol):
    """
    Receives lines, and nothing but lines.

    @cvar delimiter: ends a line.
    @cvar MAX_LENGTH: how long a line may be, in bytes.
    """

    _buffer = b""
    delimiter = b"\r\n"
    MAX_LENGTH = 16384

    def dataReceived(self, data: bytes) -> None:
        """Deliver the lines that are complete."""
        buffer = self._buffer + data
        # An end of a line that was not there before lies at the end of the old buffer, or behind
        # it.
        if buffer.find(self.delimiter, max(0, len(self._buffer) - len(self.delimiter) + 1)) < 0:
            lines, rest = [], buffer
        else:
            *lines, rest = buffer.split(self.delimiter)
        self._buffer = rest
        for line in lines:
            if self.transport.disconnecting:
                # The rest does not matter any more.
                return
            if len(line) > self.MAX_LENGTH:
                self.lineLengthExceeded(line)
                return
            self.lineReceived(line)
        if len(self._buffer) > self.MAX_LENGTH + len(self.delimiter):
            self.lineLengthExceeded(self._buffer)

    def lineReceived(self, line: bytes) -> None:
        """Called with each line, without its end; to be overridden."""
        raise NotImplementedError("a LineOnlyReceiver overrides lineReceived")

    def sendLine(self, line: bytes) -> None:
        """Send a line; its end is added."""
        self.transport.writeSequence((line, self.delimiter))

    def lineLengthExceeded(self, line: bytes) -> Any:
        """Called when a line is too long; closes the connection unless overridden."""
        return self.transport.loseConnection()


class LineReceiver(protocol.Protocol, _PauseableMixin):
    """
    Receives lines, and plain bytes between them.

    @cvar delimiter: ends a line.
    @cvar MAX_LENGTH: how long a line may be, in bytes.
    @ivar line_mode: whether lines are expected; `setRawMode` and `setLineMode` change it.
    """

    line_mode = 1
    delimiter = b"\r\n"
    MAX_LENGTH = 16384

    # What has not been delivered is `_buffer` from `_offset` on; up to `_searched` no end of a line
    # begins there.
    _buffer = b""
    _offset = 0
    _searched = 0
    _busyReceiving = False

    def clearLineBuffer(self) -> bytes:
        """Forget, and give back, what has not been delivered."""
        undelivered = self._buffer[self._offset :]
        self._setBuffer(b"")
        return undelivered

    def _setBuffer(self, data: bytes) -> None:
        """Begin with a new buffer."""
        self._buffer = data
        self._offset = 0
        self._searched = 0

    def dataReceived(self, data: bytes) -> Any:
        """Deliver what is complete, as lines or as plain bytes."""
        if self._offset:
            self._setBuffer(self._buffer[self._offset :] + data)
        else:
            self._buffer += data
        if self._busyReceiving:
            # A handler brought more in: it is delivered in its turn.
            return None
        self._busyReceiving = True
        try:
            return self._deliver()
        finally:
            self._busyReceiving = False
            if self._offset:
                self._setBuffer(self._buffer[self._offset :])

    def _deliver(self) -> Any:
        """Deliver until something is incomplete, held back, or closed."""
        while self._offset < len(self._buffer) and not self.paused:
            if self.line_mode:
                buffer, start = self._buffer, self._offset
                line = self._nextLine()
                if line is None:
                    return None
                if len(line) > self.MAX_LENGTH:
                    self.clearLineBuffer()
                    return self.lineLengthExceeded(buffer[start:])
                why: Any = self.lineReceived(line)
            else:
                why = self.rawDataReceived(self.clearLineBuffer())
            if why or (self.transport is not None and self.transport.disconnecting):
                return why
        return None

    def _nextLine(self) -> bytes | None:
        """
        Take the next line from the buffer.

        @return: what is more than a line may have if no end of it is there yet; or None, for less.
        """
        buffer, start, delimiter = self._buffer, self._offset, self.delimiter
        end = buffer.find(delimiter, max(start, self._searched))
        if end >= 0:
            self._offset = end + len(delimiter)
            return buffer[start:end]
        self._searched = max(start, len(buffer) - len(delimiter) + 1)
        if len(buffer) - start >= self.MAX_LENGTH + len(delimiter):
            return self.clearLineBuffer()
        return None

    def setLineMode(self, extra: bytes = b"") -> Any:
        """
        Expect lines from now on.

        @param extra: plain bytes that turned out to belong to lines.
        """
        self.line_mode = 1
        self._searched = 0
        if extra:
            return self.dataReceived(extra)
        return None

    def setRawMode(self) -> None:
        """Expect plain bytes from now on; `rawDataReceived` gets what comes after this line."""
        self.line_mode = 0

    def rawDataReceived(self, data: bytes) -> Any:
        """Called with plain bytes; to be overridden if `setRawMode` is used."""
        raise NotImplementedError("a LineReceiver in raw mode overrides rawDataReceived")

    def lineReceived(self, line: bytes) -> Any:
        """Called with each line, without its end; to be overridden."""
        raise NotImplementedError("a LineReceiver overrides lineReceived")

    def sendLine(self, line: bytes) -> None:
        """Send a line; its end is added."""
        self.transport.write(line + self.delimiter)

    def lineLengthExceeded(self, line: bytes) -> Any:
        """Called when a line is too long; closes the connection unless overridden."""
        return self.transport.loseConnection()


class StringTooLongError(AssertionError):
    """A string is longer than its length can be told in front of it."""


class IntNStringReceiver(protocol.Protocol, _PauseableMixin):
    """
    Receives strings, each with its length as a number before it.

    @cvar structFormat: of the number, as `struct` takes it.
    @cvar prefixLength: of the number, in bytes.
    @cvar MAX_LENGTH: how long a string may be, in bytes.
    """

    MAX_LENGTH = 99999
    structFormat: str
    prefixLength: int
    _unprocessed = b""
    _delivered = 0
    _delivering = False

    # Programs of old look at, and change, the bytes that have not been delivered.
    @property
    def recvd(self) -> bytes:
        """The bytes that have not been delivered."""
        return self._unprocessed[self._delivered :] if self._delivered else self._unprocessed

    @recvd.setter
    def recvd(self, value: bytes) -> None:
        self._unprocessed = value
        self._delivered = 0

    def stringReceived(self, string: bytes) -> None:
        """Called with each string; to be overridden."""
        raise NotImplementedError("an IntNStringReceiver overrides stringReceived")

    def lengthLimitExceeded(self, length: int) -> None:
        """Called when a string is announced to be too long; closes the connection."""
        self.transport.loseConnection()

    def dataReceived(self, data: bytes) -> None:
        """Deliver the strings that are complete."""
        self.recvd = self.recvd + data
        if self._delivering:
            return
        self._delivering = True
        try:
            while not self.paused:
                # The handler may bring more in, or change `recvd`.
                buffer, start = self._unprocessed, self._delivered
                begin = start + self.prefixLength
                if len(buffer) < begin:
                    break
                (length,) = unpack(self.structFormat, buffer[start:begin])
                if length > self.MAX_LENGTH:
                    self.recvd = buffer[start:]
                    self.lengthLimitExceeded(length)
                    return
                end = begin + length
                if len(buffer) < end:
                    break
                self._delivered = end
                self.stringReceived(buffer[begin:end])
            self.recvd = self.recvd
        finally:
            self._delivering = False

    def sendString(self, string: bytes) -> None:
        """
        Send a string.

        @raise StringTooLongError: if its length does not fit into the number.
        """
        if len(string) >= 2 ** (8 * self.prefixLength):
            raise StringTooLongError(
                f"a string of {len(string)} bytes does not fit a length of "
                f"{self.prefixLength} bytes"
            )
        self.transport.write(pack(self.structFormat, len(string)) + string)


class Int32StringReceiver(IntNStringReceiver):
    """Strings with a length of four bytes, the highest first."""

    structFormat = "!I"
    prefixLength = calcsize(structFormat)


class Int16StringReceiver(IntNStringReceiver):
    """Strings with a length of two bytes, the highest first."""

    structFormat = "!H"
    prefixLength = calcsize(structFormat)


class Int8StringReceiver(IntNStringReceiver):
    """Strings with a length of one byte."""

    structFormat = "!B"
    prefixLength = calcsize(structFormat)


class StatefulStringProtocol:
    """
    A mixin for receivers of strings: hands each to the method of the present state.

    @ivar state: ``"name"`` for the method ``proto_name``, which gives the next state, or None to
        keep it; ``"done"`` for the end.
    """

    state = "init"

    def stringReceived(self, string: bytes) -> None:
        """Hand a string to the method of the present state."""
        handler: Callable[[bytes], str | None] = getattr(self, f"proto_{self.state}")
        self.state = handler(string) or self.state
        if self.state == "done":
            self.transport.loseConnection()  # type: ignore[attr-defined]


class NetstringParseError(ValueError):
    """What came is no netstring."""


class IncompleteNetstring(Exception):
    """More bytes are needed."""


_NETSTRING_LENGTH = re.compile(rb"(0|[1-9][0-9]*)(:)?")


class NetstringReceiver(protocol.Protocol):
    """
    Receives netstrings: ``5:hello,`` (cr.yp.to/proto/netstrings.txt).

    What is no netstring, or one that is too long, closes the connection.

    @cvar MAX_LENGTH: how long a string may be, in bytes.
    @ivar brokenPeer: whether something came that is no netstring.
    """

    MAX_LENGTH = 99999
    brokenPeer = 0
    _remaining = b""

    def makeConnection(self, transport: interfaces.ITransport) -> None:
        """Begin with nothing received."""
        super().makeConnection(transport)
        self._remaining = b""

    def sendString(self, string: bytes) -> None:
        """Send a netstring."""
        self.transport.write(b"%d:%s," % (len(string), string))

    def stringReceived(self, string: bytes) -> None:
        """Called with each string; to be overridden."""
        raise NotImplementedError("a NetstringReceiver overrides stringReceived")

    def dataReceived(self, data: bytes) -> None:
        """Deliver the strings that are complete."""
        if self.brokenPeer:
            return
        buffer = self._remaining + data
        start = 0
        try:
            while start < len(buffer):
                string, start = self._parse(buffer, start)
                self.stringReceived(string)
        except IncompleteNetstring:
            pass
        except NetstringParseError:
            self._handleParseError()
            return
        self._remaining = buffer[start:]

    def _parse(self, buffer: bytes, start: int) -> tuple[bytes, int]:
        """
        Take a netstring from a buffer.

        @return: the string, and where the next begins.
        """
        found = _NETSTRING_LENGTH.match(buffer, start, start + len(str(self.MAX_LENGTH)) + 1)
        if found is None:
            raise NetstringParseError(f"no length at {buffer[start : start + 10]!r}")
        digits, colon = found.groups()
        length = int(digits)
        if length > self.MAX_LENGTH:
            raise NetstringParseError(f"a netstring of {length} bytes is longer than allowed")
        if colon is None:
            if found.end() < len(buffer):
                raise NetstringParseError(f"no colon after the length {length}")
            raise IncompleteNetstring()
        begin = found.end()
        end = begin + length
        if len(buffer) <= end:
            raise IncompleteNetstring()
        if buffer[end : end + 1] != b",":
            raise NetstringParseError(f"no comma after {length} bytes")
        return buffer[begin:end], end + 1

    def _handleParseError(self) -> None:
        """Close, and take no more."""
        self._remaining = b""
        self.brokenPeer = 1
        self.transport.loseConnection()


class ConsumerStopped(Exception):
    """Whoever a file is sent to wants no more of it."""


@implementer(interfaces.IProducer)
class FileSender:
    """
    Sends a file to a consumer, piece by piece, as fast as that takes them.

    @cvar CHUNK_SIZE: how many bytes are read at a time.
    @ivar lastSent: the last byte that was sent.
    """

    CHUNK_SIZE = 2**16
    lastSent: bytes | str = ""
    deferred: defer.Deferred[bytes] | None = None
    file: IO[bytes] | None = None
    consumer: Any = None
    transform: Callable[[bytes], bytes] | None = None

    def beginFileTransfer(
        self,
        file: IO[bytes],
        consumer: Any,
        transform: Callable[[bytes], bytes] | None = None,
    ) -> defer.Deferred[bytes]:
        """
        Send a file.

        @param transform: called with each piece; gives what is sent.
        @return: fires with the last byte sent when all has been handed to the consumer, or fails
            when the consumer wants no more.
        """
        self.file = file
        self.consumer = consumer
        self.transform = transform
        deferred: defer.Deferred[bytes] = defer.Deferred()
        self.deferred = deferred
        self.consumer.registerProducer(self, False)
        return deferred

    def resumeProducing(self) -> None:
        """Send one piece."""
        chunk: bytes = b""
        if self.file is not None:
            try:
                chunk = self.file.read(self.CHUNK_SIZE)
            except OSError:
                self.file = None
                self.consumer.unregisterProducer()
                deferred, self.deferred = self.deferred, None
                if deferred is not None:
                    deferred.errback()
                return
        if not chunk:
            self.file = None
            self.consumer.unregisterProducer()
            deferred, self.deferred = self.deferred, None
            if deferred is not None:
                deferred.callback(self.lastSent)
            return
        if self.transform is not None:
            chunk = self.transform(chunk)
        self.consumer.write(chunk)
        self.lastSent = chunk[-1:]

    def pauseProducing(self) -> None:
        """Do nothing: pieces are sent when they are asked for."""

    def stopProducing(self) -> None:
        """Send no more."""
        deferred, self.deferred = self.deferred, None
        if deferred is not None:
            deferred.errback(ConsumerStopped("Consumer asked us to stop producing"))
