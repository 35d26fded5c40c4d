"""
The client of radio stations on the Internet: SHOUTcast and Icecast.

They speak HTTP, more or less, and put the titles of songs among the music: every ``icy-metaint``
octets there is one with the length of what follows, in units of 16, as ``StreamTitle='...';``.

Source: Icecast, "ICY metadata"; the standard was never written.
"""

from __future__ import annotations

import re

from twisted.protocols.basic import LineReceiver

__all__ = ["ShoutcastClient"]

_STATUS = re.compile(rb"(?:ICY|HTTP/1\.[01]) (\d{3})(?: (.*))?$")
_METADATA = re.compile(r"([^=;]+)='(.*?)';(?=[^=;]+='|$)", re.DOTALL)


class ShoutcastClient(LineReceiver):
    """
    Listens to a station; override `gotMP3Data` and `gotMetaData`.

    @cvar userAgent: how it calls itself.
    @cvar maxHeaders: how many header lines there may be.
    @ivar path: of the stream.
    @ivar problem: why it ended the connection, if it did.
    @ivar headers: what the station says of itself, by names in lower case.
    """

    MAX_LENGTH = 8192
    userAgent = b"Twisted Shoutcast client"
    maxHeaders = 100

    def __init__(self, path: str | bytes = "/") -> None:
        """
        @raise ValueError: if there is no such path.
        """
        self.path = path.encode() if isinstance(path, str) else path
        if not re.fullmatch(rb"/[\x21-\x7e]*", self.path):
            raise ValueError(f"no path: {path!r}")
        self.headers: dict[bytes, bytes] = {}
        self.metaint: int | None = None
        # How much music there is before the next text, and of that what is still to come.
        self._music = 0
        self._text: bytearray | None = None
        self._textLeft = 0
        self._answered = False
        self.problem: str | None = None

    def connectionMade(self) -> None:
        """Ask for the stream."""
        self.transport.write(
            b"GET " + self.path + b" HTTP/1.0\r\n"
            b"User-Agent: " + self.userAgent + b"\r\nIcy-MetaData: 1\r\n\r\n"
        )

    # Headers

    def lineReceived(self, line: bytes) -> None:
        """Take a line of the header."""
        if self.problem is not None:
            return
        if not self._answered:
            matched = _STATUS.match(line)
            self._answered = True
            if matched is None:
                self._refuse(f"no station: {line[:80]!r}")
            else:
                self.handleStatus(int(matched[1]), (matched[2] or b"").decode("latin-1"))
        elif line:
            key, _, value = line.partition(b":")
            if len(self.headers) < self.maxHeaders:
                self.handleHeader(key.strip().lower(), value.strip())
            else:
                self._refuse("the header is too long")
        else:
            self.handleEndHeaders()

    def lineLengthExceeded(self, line: bytes) -> None:
        """No header is so long."""
        self._refuse("a line is too long")

    def handleStatus(self, status: int, message: str) -> None:
        """Take the status; one that is not 200 ends the connection."""
        if status != 200:
            self._refuse(f"the station answers {status} {message}")

    def handleHeader(self, key: bytes, value: bytes) -> None:
        """Take a header."""
        self.headers[key] = value
        if key == b"icy-metaint":
            if not (value.isdigit() and len(value) < 10 and int(value)):
                self._refuse(f"no interval: {value[:80]!r}")
            else:
                self.metaint = int(value)

    def handleEndHeaders(self) -> None:
        """The music begins."""
        self._music = self.metaint or 0
        self.setRawMode()

    def _refuse(self, problem: str) -> None:
        """Nothing of it can be understood."""
        if self.problem is None:
            self.problem = problem
            self.clearLineBuffer()
            self.transport.loseConnection()

    # The stream

    def rawDataReceived(self, data: bytes) -> None:
        """Take music, and what is among it."""
        if self.metaint is None:
            self.gotMP3Data(data)
            return
        place = 0
        while place < len(data):
            if self._text is not None:
                piece = data[place : place + self._textLeft - len(self._text)]
                self._text += piece
                place += len(piece)
                self._endText()
            elif self._music:
                music = data[place : place + self._music]
                place += len(music)
                self._music -= len(music)
                self.gotMP3Data(music)
            else:
                self._textLeft, self._text = data[place] * 16, bytearray()
                place += 1
                self._endText()

    def _endText(self) -> None:
        """If all of a text is there, tell of it."""
        text = self._text
        assert text is not None
        if len(text) == self._textLeft:
            self._text, self._music = None, self.metaint or 0
            if text:
                self.gotMetaData(self.parseMetadata(bytes(text)))

    def parseMetadata(self, data: bytes) -> list[tuple[str, str]]:
        """
        The names and values of a text.

        Most stations send UTF-8; what is none is taken for Latin-1.
        """
        text = data.rstrip(b"\0")
        try:
            told = text.decode()
        except UnicodeDecodeError:
            told = text.decode("latin-1")
        return [(name, value) for name, value in _METADATA.findall(told)]

    def gotMetaData(self, metadata: list[tuple[str, str]]) -> None:
        """
        Called with what is played; to be overridden.

        @param metadata: pairs of names, such as C{StreamTitle}, and values.
        """

    def gotMP3Data(self, data: bytes) -> None:
        """Called with music; to be overridden."""
