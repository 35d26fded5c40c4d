"""Stand-ins for requests and channels, for tests of resources."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from zope.interface import implementer, verify

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IAddress, ISSLTransport
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.web._responses import FOUND
from twisted.web.http_headers import Headers
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Session, Site

__all__ = [
    "DummyChannel",
    "DummyRequest",
    "NullAddress",
    "bytesLinearWhitespaceComponents",
    "rendered",
    "sanitizedBytes",
    "sanitizedText",
    "textLinearWhitespaceComponents",
]

#: Values of headers with line breaks in them, and what is left if these become spaces.
textLinearWhitespaceComponents = [f"Foo{end}bar" for end in ("\r", "\n", "\r\n")]
sanitizedText = "Foo bar"
bytesLinearWhitespaceComponents = [text.encode("ascii") for text in textLinearWhitespaceComponents]
sanitizedBytes = sanitizedText.encode("ascii")


@implementer(IAddress)
class NullAddress:
    """An address of nowhere."""


class DummyChannel:
    """
    A channel whose transport keeps what is written.

    @ivar transport: a `DummyChannel.TCP` or `DummyChannel.SSL`.
    """

    class TCP:
        """
        A transport that keeps what is written.

        @ivar written: a file with it.
        @ivar producers: pairs of producers that were registered and whether they stream.
        """

        port = 80
        disconnected = False

        def __init__(self, peer: Any = None) -> None:
            """
            @param peer: the address of the other side.
            """
            self._peer = IPv4Address("TCP", "192.168.1.1", 12344) if peer is None else peer
            self.written = BytesIO()
            self.producers: list[tuple[Any, bool]] = []

        def getPeer(self) -> Any:
            """The address of the other side."""
            return self._peer

        def write(self, data: bytes) -> None:
            """
            Keep data.

            @raise TypeError: if it is not bytes.
            """
            if not isinstance(data, bytes):
                raise TypeError(f"a transport takes bytes, not {data!r}")
            self.written.write(data)

        def writeSequence(self, iovec: Any) -> None:
            """Keep pieces of data."""
            for data in iovec:
                self.write(data)

        def getHost(self) -> IPv4Address:
            """The address of this side."""
            return IPv4Address("TCP", "10.0.0.1", self.port)

        def registerProducer(self, producer: Any, streaming: bool) -> None:
            """Keep a producer."""
            self.producers.append((producer, streaming))

        def unregisterProducer(self) -> None:
            """Do nothing."""

        def loseConnection(self) -> None:
            """Note that the connection is to be closed."""
            self.disconnected = True

    @implementer(ISSLTransport)
    class SSL(TCP):
        """The same, encrypted."""

        def abortConnection(self) -> None:
            """Do nothing."""

        def getTcpKeepAlive(self) -> None:
            """Nothing."""

        def getTcpNoDelay(self) -> None:
            """Nothing."""

        def getPeerCertificate(self) -> None:
            """Nothing."""

        def loseWriteConnection(self) -> None:
            """Do nothing."""

        def setTcpKeepAlive(self, enabled: bool = False) -> None:
            """Do nothing."""

        def setTcpNoDelay(self, enabled: bool = False) -> None:
            """Do nothing."""

    site = Site(Resource())

    def __init__(self, peer: Any = None) -> None:
        """
        @param peer: the address of the other side.
        """
        self.transport: Any = self.TCP(peer)

    def requestDone(self, request: Any) -> None:
        """Do nothing."""

    def writeHeaders(self, version: bytes, code: Any, reason: bytes, headers: Any) -> None:
        """Write the head of an answer."""
        pairs = headers
        if isinstance(headers, Headers):
            pairs = [(name, v) for name, values in headers.getAllRawHeaders() for v in values]
        digits = code if isinstance(code, bytes) else b"%d" % code
        lines = [b"%b %b %b" % (version, digits, reason), *(b"%b: %b" % pair for pair in pairs)]
        self.transport.writeSequence([line + b"\r\n" for line in [*lines, b""]])

    def getPeer(self) -> Any:
        """The transport's."""
        return self.transport.getPeer()

    def getHost(self) -> Any:
        """The transport's."""
        return self.transport.getHost()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Pass on."""
        self.transport.registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        """Pass on."""
        self.transport.unregisterProducer()

    def write(self, data: bytes) -> None:
        """Pass on."""
        self.transport.write(data)

    def writeSequence(self, iovec: Any) -> None:
        """Pass on."""
        self.transport.writeSequence(iovec)

    def loseConnection(self) -> None:
        """Pass on."""
        self.transport.loseConnection()

    def endRequest(self) -> None:
        """Do nothing."""

    def isSecure(self) -> bool:
        """Whether the transport is encrypted."""
        return isinstance(self.transport, self.SSL)

    def abortConnection(self) -> None:
        """Pass on."""
        self.transport.abortConnection()

    def getTcpKeepAlive(self) -> Any:
        """Pass on."""
        return self.transport.getTcpKeepAlive()

    def getTcpNoDelay(self) -> Any:
        """Pass on."""
        return self.transport.getTcpNoDelay()

    def loseWriteConnection(self) -> None:
        """Pass on."""
        self.transport.loseWriteConnection()

    def setTcpKeepAlive(self) -> None:
        """Pass on."""
        self.transport.setTcpKeepAlive()

    def setTcpNoDelay(self) -> None:
        """Pass on."""
        self.transport.setTcpNoDelay()

    def getPeerCertificate(self) -> Any:
        """Pass on."""
        return self.transport.getPeerCertificate()


verify.verifyClass(ISSLTransport, DummyChannel.SSL, tentative=True)


class DummyRequest:
    """
    A request that keeps what is written.

    @ivar written: a list of the pieces.
    @ivar finished: how often `finish` was called.
    @ivar responseCode: what `setResponseCode` was called with, or None.
    """

    uri = b"http://dummy/"
    method = b"GET"
    client: Any = None
    sitepath: list[bytes]

    def __init__(
        self, postpath: list[bytes], session: Session | None = None, client: Any = None
    ) -> None:
        """
        @param postpath: the segments of the path that are left.
        """
        self.sitepath = []
        self.written: list[bytes] = []
        self.finished = 0
        self.postpath = postpath
        self.prepath: list[bytes] = []
        self.session: Any = None
        self.protoSession = session or Session(site=None, uid=b"0", reactor=Clock())  # type: ignore[arg-type]
        self.args: dict[bytes, list[bytes]] = {}
        self.requestHeaders = Headers()
        self.responseHeaders = Headers()
        self.responseCode: int | None = None
        self._finishedDeferreds: list[Deferred[None]] | None = []
        self._serverName = b"dummy"
        self.clientproto = b"HTTP/1.0"
        if client is not None:
            self.client = client

    def getAllHeaders(self) -> dict[bytes, bytes]:
        """The last value of each header that came, by its name in lower case."""
        return {name.lower(): values[-1] for name, values in self.requestHeaders.getAllRawHeaders()}

    def getHeader(self, name: bytes) -> bytes | None:
        """The last value of a header that came, or None."""
        values = self.requestHeaders.getRawHeaders(name.lower(), [None])
        return values[-1]

    def setHeader(self, name: bytes, value: bytes) -> None:
        """Set a header of the answer."""
        self.responseHeaders.setRawHeaders(name, [value])

    def getSession(self, sessionInterface: Any = None) -> Any:
        """The session that this was made with."""
        if self.session is None:
            assert not self.written, "a session cannot begin after the answer has"
            self.session = self.protoSession
        return self.session.getComponent(sessionInterface) if sessionInterface else self.session

    def registerProducer(self, prod: Any, s: bool) -> None:
        """Have a producer write all that it has."""
        self.go = 1
        while self.go:
            prod.resumeProducing()

    def unregisterProducer(self) -> None:
        """The producer has written everything."""
        self.go = 0

    def render(self, resource: Any) -> None:
        """Have a resource render, and write what it gives."""
        body = resource.render(self)
        if body is not NOT_DONE_YET:
            self.write(body)
            self.finish()

    def write(self, data: bytes) -> None:
        """
        Keep a piece of the body.

        @raise TypeError: if it is not bytes.
        """
        if not isinstance(data, bytes):
            raise TypeError("a body is bytes")
        self.written.append(data)

    def notifyFinish(self) -> Deferred[None]:
        """Tell when the answer is complete, or `processingFailed` was called."""
        finished: Deferred[None] = Deferred()
        assert self._finishedDeferreds is not None
        self._finishedDeferreds.append(finished)
        return finished

    def finish(self) -> None:
        """Note that the answer is complete."""
        self.finished += 1
        for deferred in self._takeWaiting():
            deferred.callback(None)

    def processingFailed(self, reason: Failure) -> None:
        """Tell those who wait for the end of an error."""
        for deferred in self._takeWaiting():
            deferred.errback(reason)

    def _takeWaiting(self) -> list[Deferred[None]]:
        """Those who wait for the end, who are told once."""
        waiting, self._finishedDeferreds = self._finishedDeferreds, None
        return waiting or []

    def addArg(self, name: bytes, value: bytes) -> None:
        """Set a field of the query."""
        self.args[name] = [value]

    def setResponseCode(self, code: int, message: bytes | None = None) -> None:
        """Keep the status."""
        assert not self.written, "a status cannot be set after the answer has begun"
        self.responseCode = code
        self.responseMessage = message

    def setLastModified(self, when: float) -> None:
        """Do nothing."""
        assert not self.written, "a date cannot be set after the answer has begun"

    def setETag(self, tag: bytes) -> None:
        """Do nothing."""
        assert not self.written, "a tag cannot be set after the answer has begun"

    def getClientIP(self) -> str | None:
        """The other side's IP address in text, or None."""
        if isinstance(self.client, IPv4Address | IPv6Address):
            return self.client.host
        return None

    def getClientAddress(self) -> Any:
        """The address of the other side."""
        return NullAddress() if self.client is None else self.client

    def getRequestHostname(self) -> bytes:
        """The name that the client uses for this server."""
        return self._serverName

    def getHost(self) -> IPv4Address:
        """The address of this side."""
        return IPv4Address("TCP", "127.0.0.1", 80)

    def isSecure(self) -> bool:
        """No."""
        return False

    def setHost(self, host: bytes, port: int, ssl: bool | int = 0) -> None:
        """Set the name that the client uses for this server."""
        self._serverName = host
        self.requestHeaders.setRawHeaders(b"host", [host])

    def redirect(self, url: bytes) -> None:
        """Answer with 302 and another place."""
        self.setResponseCode(FOUND)
        self.setHeader(b"location", url)


def rendered(resource: Any, request: Any) -> Deferred[None]:
    """
    Have a request answered by a resource.

    @return: fires when the answer is complete, or the request's connection is lost.
    @raise TypeError: if the resource gives what is no answer.
    """
    answer = resource.render(request)
    if answer is NOT_DONE_YET:
        ended: Deferred[None] = succeed(None) if request.finished else request.notifyFinish()
        return ended
    if not isinstance(answer, bytes):
        raise TypeError(f"{answer!r} is no answer")
    request.write(answer)
    request.finish()
    return succeed(None)
