"""Messages of SIP, and reading them (RFC 3261, section 7)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from twisted.protocols._sip._grammar import URL, cleanRequestURL, parseURL
from twisted.protocols._sip._tables import longHeaders, specialCases, statusCodes
from twisted.protocols.basic import LineReceiver

__all__ = [
    "Message",
    "MessagesParser",
    "Request",
    "Response",
    "SIPError",
    "dashCapitalize",
]

_VERSION = "SIP/2.0"


class SIPError(Exception):
    """
    A request is refused.

    @ivar code: the status.
    @ivar phrase: a few words.
    """

    __module__ = "twisted.protocols.sip"

    def __init__(self, code: int, phrase: str | None = None) -> None:
        if phrase is None:
            phrase = statusCodes[code]
        super().__init__(f"SIP error ({code}): {phrase}")
        self.code = code
        self.phrase = phrase


def dashCapitalize(s: str) -> str:
    """The name of a header with a capital at the beginning of each word."""
    return "-".join(word.capitalize() for word in s.split("-"))


class Message:
    """
    A message.

    @ivar headers: lists of values by the long names of headers, in small letters.
    @ivar body: what is in it.
    @ivar length: how long that has to be, in octets of UTF-8; None if nobody says.
    @ivar finished: whether it is complete.
    """

    __module__ = "twisted.protocols.sip"

    length: int | None = None

    def __init__(self) -> None:
        self.headers: dict[str, list[str]] = {}
        self.body = ""
        self.finished = 0

    def addHeader(self, name: str, value: str) -> None:
        """
        Add a header.

        @raise ValueError: if there is a line end in it, or it is a length that is none.
        """
        if re.search("[\r\n]", name + value):
            raise ValueError(f"a line end in a header: {name}: {value!r}")
        name = name.lower()
        name = longHeaders.get(name, name)
        if name == "content-length":
            if not re.fullmatch("[0-9]{1,9}", value):
                raise ValueError(f"no length: {value!r}")
            self.length = int(value)
        self.headers.setdefault(name, []).append(value)

    def bodyDataReceived(self, data: str) -> None:
        """Add to the body."""
        self.body += data

    def creationFinished(self) -> None:
        """
        It is complete.

        @raise ValueError: if the body is not as long as the message says.
        """
        length = len(self.body.encode("utf-8", "surrogateescape"))
        if self.length is not None and self.length != length:
            raise ValueError(f"a body of {length} octets, where {self.length} are told")
        self.finished = 1

    def toString(self) -> str:
        """It as it is sent."""
        lines = [self._getHeaderLine()]
        for name, values in self.headers.items():
            written = specialCases.get(name) or dashCapitalize(name)
            lines += [f"{written}: {value}" for value in values]
        return "\r\n".join(lines) + "\r\n\r\n" + self.body

    def _getHeaderLine(self) -> str:
        """The first line."""
        raise NotImplementedError(f"{type(self).__qualname__}._getHeaderLine")


class Request(Message):
    """
    A request.

    @ivar method: what is to be done, in capitals.
    @ivar uri: a `URL`.
    """

    __module__ = "twisted.protocols.sip"

    def __init__(self, method: str, uri: str | URL, version: str = _VERSION) -> None:
        """
        @raise ValueError: if the URI makes no sense.
        """
        super().__init__()
        self.method = method
        if isinstance(uri, URL):
            self.uri = uri
        else:
            self.uri = parseURL(uri)
            cleanRequestURL(self.uri)

    def __repr__(self) -> str:
        return f"<SIP Request {id(self):#x}:{self.method} {self.uri.toString()}>"

    def _getHeaderLine(self) -> str:
        return f"{self.method} {self.uri.toString()} {_VERSION}"


class Response(Message):
    """
    A response.

    @ivar code: the status.
    @ivar phrase: a few words.
    """

    __module__ = "twisted.protocols.sip"

    def __init__(self, code: int, phrase: str | None = None, version: str = _VERSION) -> None:
        super().__init__()
        self.code = code
        self.phrase = statusCodes[code] if phrase is None else phrase

    def __repr__(self) -> str:
        return f"<SIP Response {id(self):#x}:{self.code}>"

    def _getHeaderLine(self) -> str:
        return f"{_VERSION} {self.code} {self.phrase}"


class MessagesParser(LineReceiver):
    """
    Reads messages from a stream, or from datagrams each of which ends with `dataDone`.

    What is no message is dropped, up to the next datagram.

    @ivar state: C{"firstline"}, C{"headers"}, C{"body"} or C{"invalid"}.
    @cvar acceptResponses: whether responses are wanted.
    @cvar acceptRequests: whether requests are wanted.
    @cvar MAX_HEADERS: how many headers a message may have.
    @cvar MAX_BODY: how long its body may be, in octets.
    """

    __module__ = "twisted.protocols.sip"

    version = _VERSION
    acceptResponses: bool | int = 1
    acceptRequests: bool | int = 1
    state = "firstline"
    debug: bool | int = 0
    delimiter = b"\n"
    MAX_HEADERS = 256
    MAX_BODY = 2**20

    def __init__(self, messageReceivedCallback: Callable[[Any], object]) -> None:
        """
        @param messageReceivedCallback: called with each message.
        """
        self.messageReceived = messageReceivedCallback
        self.reset()

    def reset(self, remainingData: str | bytes = "") -> None:
        """Begin with a new message. @param remainingData: what is known of it."""
        self.state = "firstline"
        self.length: int | None = None
        self.message: Any = None
        self._header: tuple[str, str] | None = None
        self._headers = 0
        self._body = bytearray()
        self.clearLineBuffer()
        self.setLineMode(_octets(remainingData))

    def invalidMessage(self) -> None:
        """This is no message: drop what comes."""
        self.state = "invalid"
        self.setRawMode()

    def dataDone(self) -> None:
        """What has come is all: a message without a length ends here."""
        self.clearLineBuffer()
        if self.state == "body" and self.length is None:
            self.messageDone()
        else:
            # Something is missing, or was no message.
            self.reset()

    def dataReceived(self, data: str | bytes) -> None:
        """Take some of a stream."""
        LineReceiver.dataReceived(self, _octets(data))

    def handleFirstLine(self, line: str) -> None:
        """
        Begin a message.

        @raise ValueError: if the line makes no sense.
        """
        first, _, rest = line.partition(" ")
        if first == self.version and self.acceptResponses:
            code, _, phrase = rest.partition(" ")
            if not re.fullmatch("[1-6][0-9][0-9]", code):
                raise ValueError(f"no status: {code!r}")
            self.message = Response(int(code), phrase.strip())
            return
        uri, _, version = rest.partition(" ")
        if version.strip() != self.version or not self.acceptRequests:
            raise ValueError(f"not wanted: {line!r}")
        if not re.fullmatch(r"[A-Za-z0-9\-.!%*_+`'~]+", first):
            raise ValueError(f"no method: {first!r}")
        self.message = Request(first, uri)

    def lineLengthExceeded(self, line: bytes) -> None:
        """A line that is too long is none of a message."""
        self.invalidMessage()

    def lineReceived(self, line: bytes) -> None:
        """Take a line."""
        text = line.decode("utf-8", "surrogateescape").strip("\r")
        try:
            if self.state == "firstline":
                # Some put empty lines between messages.
                if text.strip():
                    self.handleFirstLine(text.strip())
                    self.state = "headers"
            elif not text:
                self._finishHeader()
                self._headersDone()
            elif text[0] in " \t":
                self._continueHeader(text)
            else:
                self._finishHeader()
                name, sign, value = text.partition(":")
                if not sign or not name.strip():
                    raise ValueError(f"no header: {text!r}")
                self._header = name.strip(), value.strip()
        except ValueError:
            self.invalidMessage()

    def _continueHeader(self, text: str) -> None:
        """@raise ValueError: if there is no header, or it gets too long."""
        if self._header is None:
            raise ValueError("nothing to be continued")
        name, value = self._header
        if len(value) + len(text) > self.MAX_LENGTH:
            raise ValueError("a header that is too long")
        self._header = name, value + text.strip()

    def _finishHeader(self) -> None:
        """@raise ValueError: if there are too many, or the value makes no sense."""
        if self._header is None:
            return
        self._headers += 1
        if self._headers > self.MAX_HEADERS:
            raise ValueError("too many headers")
        header, self._header = self._header, None
        self.message.addHeader(*header)

    def _headersDone(self) -> None:
        """@raise ValueError: if the body is too long."""
        self.length = self.message.length
        if self.length is not None and self.length > self.MAX_BODY:
            raise ValueError("a body that is too long")
        self.state = "body"
        if self.length == 0:
            self.messageDone()
        else:
            self.setRawMode()

    def messageDone(self, remainingData: str | bytes = "") -> None:
        """The message is complete. @param remainingData: what comes behind it."""
        assert self.state == "body"
        message = self.message
        message.bodyDataReceived(bytes(self._body).decode("utf-8", "surrogateescape"))
        message.creationFinished()
        rest = self.clearLineBuffer() + _octets(remainingData)
        self.messageReceived(message)
        self.reset(rest)

    def rawDataReceived(self, data: str | bytes) -> None:
        """Take some of a body."""
        if self.state == "invalid":
            return
        self._body += _octets(data)
        if self.length is None:
            if len(self._body) > self.MAX_BODY:
                self.invalidMessage()
        elif len(self._body) >= self.length:
            rest = bytes(self._body[self.length :])
            del self._body[self.length :]
            self.messageDone(rest)


def _octets(data: str | bytes) -> bytes:
    return data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data
