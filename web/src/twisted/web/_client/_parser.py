"""
Reading answers.

A head is read line by line as the lines come. Sizes and numbers are limited; a server that is
beyond a limit is hung up on.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web._client._errors import (
    BadResponseVersion,
    ParseError,
    RequestTimeout,
    ResponseFailed,
    ResponseNeverReceived,
)
from twisted.web._client._response import Response
from twisted.web._http._decoders import (
    ChunkedTransferDecoder,
    DataLoss,
    IdentityTransferDecoder,
    PotentialDataLoss,
)
from twisted.web.http_headers import Headers, _checked, _encodeName
from twisted.web.iweb import UNKNOWN_LENGTH

__all__ = ["BODY", "DONE", "HEADER", "STATUS", "HTTPClientParser", "HTTPParser"]

STATUS = "STATUS"
HEADER = "HEADER"
BODY = "BODY"
DONE = "DONE"

#: How many bytes a line of a head may have, and all of them, and how many headers there may be.
_MAX_LINE = 16384
_MAX_HEAD = 128 * 1024
_MAX_HEADERS = 500

#: How many provisional answers (1xx) may come before the one that counts.
_MAX_PROVISIONAL = 100

#: A whole head as servers mostly send them: no folded lines, and CRLF behind each.
_HEAD = re.compile(rb"([^\r\n]*)\r\n((?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[^\r\n\0]*\r\n)*)\r\n")
_HEADER = re.compile(rb"([^:]+):[ \t]*([^\r\n]*)\r\n")

_USUAL_VERSION = (b"HTTP", 1, 1)
_VERSION = re.compile(rb"([^/]+)/([0-9]+)\.([0-9]+)")

_log = Logger()


class HTTPParser:
    """
    Reads the head of a message, and hands the body to a decoder.

    A subclass overrides the methods that are called for each part.

    @ivar headers: those about the message.
    @ivar connHeaders: those about the connection.
    @ivar state: `STATUS`, `HEADER`, `BODY` or `DONE`.
    """

    CONNECTION_CONTROL_HEADERS = frozenset(
        {
            b"content-length",
            b"connection",
            b"keep-alive",
            b"te",
            b"trailers",
            b"transfer-encoding",
            b"upgrade",
            b"proxy-connection",
        }
    )

    transport: Any = None
    state = STATUS
    bodyDecoder: Any = None

    def makeConnection(self, transport: Any) -> None:
        """Begin to read."""
        self.transport = transport
        self._buffer = b""
        self._headSize = 0
        self.connectionMade()

    def connectionMade(self) -> None:
        """Begin with a new head."""
        self.headers = Headers()
        self.connHeaders = Headers()
        self.state = STATUS
        self._headerCount = 0
        self._partialHeader: list[bytes] | None = None

    def dataReceived(self, data: bytes) -> None:
        """
        Read what has come.

        @raise ParseError: if it is not HTTP.
        """
        if self.bodyDecoder is not None:
            self.bodyDecoder.dataReceived(data)
            return
        buffer = self._buffer + data if self._buffer else data
        start = self._wholeHead(buffer) if self.state == STATUS else 0
        while self.state in (STATUS, HEADER):
            end = buffer.find(b"\n", start)
            length = (len(buffer) if end < 0 else end) - start
            if length > _MAX_LINE or self._headSize > _MAX_HEAD:
                self._buffer = b""
                self.headTooLarge()
                return
            if end < 0:
                break
            line = buffer[start:end]
            start = end + 1
            self._headSize += length + 1
            # What a line brings about may ask for what follows it.
            self._buffer = buffer[start:] if line in (b"", b"\r") else b""
            self._lineReceived(line[:-1] if line.endswith(b"\r") else line)
        rest = buffer[start:]
        self._buffer = rest if self.state in (STATUS, HEADER) else b""
        if rest and self.bodyDecoder is not None:
            self.bodyDecoder.dataReceived(rest)

    def _wholeHead(self, buffer: bytes) -> int:
        """
        Take a head that is there in one piece, and looks as most do.

        @return: where it ends, or 0 if it has to be read line by line.
        """
        found = _HEAD.match(buffer, 0, _MAX_LINE)
        if found is None:
            return 0
        end = found.end()
        self.statusReceived(found[1])
        self.state = HEADER
        headers = _HEADER.findall(found[2])
        if len(headers) > _MAX_HEADERS:
            raise ParseError("too many headers", headers[-1][0])
        if type(self).headerReceived is HTTPParser.headerReceived:
            self._take(headers)
        else:
            for name, value in headers:
                self.headerReceived(name, value.rstrip(b" \t"))
        self._headSize += end
        self._buffer = buffer[end:]
        self.allHeadersReceived()
        # What it has brought about may have taken what follows.
        return end

    def _take(self, headers: list[tuple[bytes, bytes]]) -> None:
        """Keep headers of a head that was found to be well formed."""
        control, about = self.connHeaders._rawHeaders, self.headers._rawHeaders
        for name, value in headers:
            lower = name.lower()
            kept = control if self.isConnectionControlHeader(lower) else about
            if value[-1:] in (b" ", b"\t"):
                value = value.rstrip(b" \t")
            if lower in kept:
                kept[lower].append(value)
            else:
                kept[lower] = [value]

    def _lineReceived(self, line: bytes) -> None:
        if self.state == STATUS:
            self.statusReceived(line)
            self.state = HEADER
        elif line[:1] in b" \t" and line:
            if self._partialHeader is None:
                raise ParseError("a header begins with a space", line)
            self._partialHeader.append(line)
        else:
            self._finishHeader()
            if line:
                self._partialHeader = [line]
            else:
                self.allHeadersReceived()

    def _finishHeader(self) -> None:
        if self._partialHeader is None:
            return
        header = b"".join(self._partialHeader)
        self._partialHeader = None
        name, sign, value = header.partition(b":")
        if not sign:
            raise ParseError("a header without a colon", header)
        self._headerCount += 1
        if self._headerCount > _MAX_HEADERS:
            raise ParseError("too many headers", name)
        self.headerReceived(name, value.strip(b" \t"))

    def headTooLarge(self) -> None:
        """A head is larger than anyone needs: hang up."""
        self.transport.loseConnection()

    def clearLineBuffer(self) -> bytes:
        """Take what has come behind the head."""
        rest, self._buffer = self._buffer, b""
        return rest

    def statusReceived(self, status: bytes) -> None:
        """The first line has come."""

    def headerReceived(self, name: bytes, value: bytes) -> None:
        """A header has come."""
        lower = _encodeName(name)
        headers = self.connHeaders if self.isConnectionControlHeader(lower) else self.headers
        headers._rawHeaders.setdefault(lower, []).append(_checked(value))

    def allHeadersReceived(self) -> None:
        """The whole head has come."""
        self.switchToBodyMode(None)

    def isConnectionControlHeader(self, name: bytes) -> bool:
        """Whether a header, whose name is in lower case, is about the connection."""
        return name in self.CONNECTION_CONTROL_HEADERS

    def switchToBodyMode(self, decoder: Any) -> None:
        """
        Hand what comes now to a decoder.

        @raise RuntimeError: the second time.
        """
        if self.state == BODY:
            raise RuntimeError("already in body mode")
        self.bodyDecoder = decoder
        self.state = BODY


class HTTPClientParser(HTTPParser):
    """
    Reads an answer.

    @ivar response: the answer, as soon as its first line has come.
    @ivar ambiguous: whether somebody else might read the end of the answer from it in another way.
    """

    NO_BODY_CODES = frozenset({204, 304})

    _transferDecoders = {b"chunked": ChunkedTransferDecoder}

    response: Any = None
    ambiguous = False
    _everReceivedData = False
    _provisional = 0

    def __init__(
        self,
        request: Any,
        finisher: Callable[[bytes], object],
        answer: Deferred[Any] | None = None,
    ) -> None:
        """
        @param finisher: called with what has come behind the answer.
        @param answer: fired with the answer, unless it was cancelled.
        """
        self.request = request
        self.finisher = finisher
        self._responseDeferred: Deferred[Any] | None = Deferred() if answer is None else answer

    def dataReceived(self, data: bytes) -> None:
        """
        Read what has come.

        @raise ParseError: if it is not HTTP.
        @raise ValueError: if the length of the body is no length.
        """
        self._everReceivedData = True
        HTTPParser.dataReceived(self, data)

    def isConnectionControlHeader(self, name: bytes) -> bool:
        """Whether a header, whose name is in lower case, is about the connection."""
        if name not in self.CONNECTION_CONTROL_HEADERS:
            return False
        # For HEAD it is about what GET would give.
        return name != b"content-length" or self.request.method != b"HEAD"

    def parseVersion(self, strversion: bytes) -> tuple[bytes, int, int]:
        """
        A version, such as ``HTTP/1.1``, in its parts.

        @raise BadResponseVersion: if it is none.
        """
        if strversion == b"HTTP/1.1":
            return _USUAL_VERSION
        found = _VERSION.fullmatch(strversion)
        if found is None:
            raise BadResponseVersion("a version is a name and two numbers", strversion)
        return found[1], int(found[2]), int(found[3])

    def statusReceived(self, status: bytes) -> None:
        """
        The first line has come.

        @raise ParseError: if it is none.
        """
        version, _, rest = status.partition(b" ")
        code, _, phrase = rest.partition(b" ")
        if len(code) != 3 or not code.isdigit() or code < b"100":
            raise ParseError("a status is a number from 100 to 999", status)
        self.response = Response._construct(
            self.parseVersion(version),
            int(code),
            phrase,
            self.headers,
            self.transport,
            self.request,
        )

    def _finished(self, rest: bytes) -> None:
        """The answer has ended; give back what has come behind it."""
        self.state = DONE
        self.finisher(rest)

    def allHeadersReceived(self) -> None:
        """
        The whole head has come: find out how the body is encoded.

        @raise ValueError: if its length is no length.
        """
        response = self.response
        if 100 <= response.code < 200:
            self._provisionalReceived(response.code)
            return
        if response.code in self.NO_BODY_CODES or self.request.method == b"HEAD":
            response.length = 0
            self._endWithoutBody()
        else:
            self._expectBody()
        deferred, self._responseDeferred = self._responseDeferred, None
        assert deferred is not None
        if not deferred.called:
            deferred.callback(response)

    def _provisionalReceived(self, code: int) -> None:
        """
        Forget an answer that is not the last (RFC 9110, section 15.2).

        @raise ParseError: if there are too many.
        """
        self._provisional += 1
        if self._provisional > _MAX_PROVISIONAL:
            raise ParseError("too many provisional answers", b"%d" % code)
        _log.info("Ignoring unexpected {code} response", code=code)
        self.response = None
        self._headSize = 0
        HTTPParser.connectionMade(self)

    def _endWithoutBody(self) -> None:
        self._finished(self.clearLineBuffer())
        self.response._bodyDataFinished()

    def _expectBody(self) -> None:
        response = self.response
        codings = self.connHeaders.getRawHeaders(b"transfer-encoding")
        if codings:
            # RFC 9112, section 6.3: a length beside it means nothing.
            coding = b",".join(codings).strip().lower()
            decoder = self._transferDecoders.get(coding)
            if decoder is None:
                raise ParseError("an unknown transfer coding", coding)
            response.length = UNKNOWN_LENGTH
            self.ambiguous = self.connHeaders.hasHeader(b"content-length")
            made: Any = decoder(response._bodyDataReceived, self._finished)
        else:
            length = self._length()
            response.length = UNKNOWN_LENGTH if length is None else length
            if length == 0:
                self._endWithoutBody()
                return
            made = IdentityTransferDecoder(length, response._bodyDataReceived, self._finished)
        # Until somebody wants the body.
        self.transport.pauseProducing()
        self.switchToBodyMode(made)

    def _length(self) -> int | None:
        """
        The length that the head tells, or None.

        @raise ValueError: if it is none, or there are several that differ.
        """
        values = self.connHeaders.getRawHeaders(b"content-length")
        if not values:
            return None
        texts = [value.strip() for line in values for value in line.split(b",")]
        if not all(text.isdigit() for text in texts):
            raise ValueError("Invalid Content-Length header; response is invalid")
        lengths = {int(text) for text in texts}
        if len(lengths) > 1:
            raise ValueError("Too many Content-Length headers; response is invalid")
        return lengths.pop()

    def connectionLost(self, reason: Any) -> None:
        """The connection has ended: that may be the end of the body, or too early."""
        if self.bodyDecoder is not None:
            self._endBody(reason)
        elif self.state != DONE and self._responseDeferred is not None:
            kind = ResponseFailed if self._everReceivedData else ResponseNeverReceived
            deferred, self._responseDeferred = self._responseDeferred, None
            if not deferred.called:
                deferred.errback(Failure(kind([reason])))

    def _endBody(self, reason: Any) -> None:
        response = self.response
        try:
            try:
                self.bodyDecoder.noMoreData()
            except PotentialDataLoss:
                if isinstance(reason, Failure) and reason.check(RequestTimeout):
                    # It is this side that has ended it.
                    response._bodyDataFinished(Failure(ResponseFailed([reason], response)))
                else:
                    response._bodyDataFinished(Failure())
            except DataLoss:
                response._bodyDataFinished(Failure(ResponseFailed([reason, Failure()], response)))
            else:
                response._bodyDataFinished()
        except BaseException:
            _log.failure("The end of a body could not be told")
