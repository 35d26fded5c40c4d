"""The side of a WebSocket connection that asks for it."""

from __future__ import annotations

from typing import Any

from wsproto.extensions import PerMessageDeflate
from wsproto.handshake import client_extensions_handshake
from wsproto.utilities import RemoteProtocolError, generate_accept_token, generate_nonce

from twisted.internet.currentreactor import currentReactor
from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.error import ConnectionLost
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web._client._agents import _StandardEndpointFactory, hostValue
from twisted.web._client._parser import HTTPClientParser
from twisted.web._client._policies import BrowserLikePolicyForHTTPS
from twisted.web._client._request import Request
from twisted.web._client._uri import URI
from twisted.web._websocket._connection import Limits, WebSocketConnection
from twisted.web.http_headers import Headers

__all__ = ["ConnectionRejected", "WebSocketClientEndpoint"]

_SCHEMES = {b"ws": b"http", b"wss": b"https"}


class ConnectionRejected(Exception):
    """
    The server has answered with something else than a WebSocket connection.

    @ivar response: the answer, an `IResponse`.
    """

    __module__ = "twisted.web.websocket"

    def __init__(self, response: Any) -> None:
        Exception.__init__(self, response)
        self.response = response

    def __str__(self) -> str:
        return f"{self.response.code} {self.response.phrase.decode('ascii', 'replace')}"


class _AnswerParser(HTTPClientParser):
    """Reads an answer that may be the last of HTTP on a connection."""

    #: Called with the headers and what has come behind them.
    switched: Any = None

    def allHeadersReceived(self) -> None:
        """Find out whether the server agrees."""
        if self.response.code != 101:
            HTTPClientParser.allHeadersReceived(self)
            return
        headers = self.headers.copy()
        for name, values in self.connHeaders.getAllRawHeaders():
            headers.setRawHeaders(name, values)
        self.state = "DONE"
        self.switched(headers, self.clearLineBuffer())


class _Asking(Protocol):
    """Asks a server, and gives way to a `WebSocketConnection` when it agrees."""

    def __init__(self, endpoint: WebSocketClientEndpoint, protocol: Any, clock: Any) -> None:
        self._endpoint = endpoint
        self._protocol = protocol
        self._clock = clock
        self._key = generate_nonce()
        self._extensions = [PerMessageDeflate()] if endpoint.compress else []
        self._connection: WebSocketConnection | None = None
        self.asked: Deferred[Any] = Deferred(lambda _: self._cut())
        self._limit: Any = None

    def connectionMade(self) -> None:
        """Ask."""
        request = self._endpoint._request(self._key, self._extensions)
        self._parser = _AnswerParser(request, lambda _: self.transport.loseConnection())
        self._parser.switched = self._switched
        answer = self._parser._responseDeferred
        assert answer is not None
        answer.addCallbacks(self._refused, self._failed)
        self._parser.makeConnection(self.transport)
        self._limit = self._clock.callLater(self._endpoint.handshakeTimeout, self._tooLate)
        request.writeTo(self.transport)

    def _cut(self) -> None:
        abort = getattr(self.transport, "abortConnection", None)
        (abort or self.transport.loseConnection)()

    def _tooLate(self) -> None:
        self._failed(Failure(TimeoutError("the server does not answer")))
        self._cut()

    def _decided(self) -> bool:
        """Whether whoever waits has been told before; stops the clock."""
        if self._limit is not None and self._limit.active():
            self._limit.cancel()
        return self.asked.called

    def _refused(self, response: Any) -> None:
        if not self._decided():
            self.asked.errback(ConnectionRejected(response))

    def _failed(self, failure: Failure) -> None:
        if not self._decided():
            self.asked.errback(failure)

    def _switched(self, headers: Headers, rest: bytes) -> None:
        """The server agrees, if it says the right things."""
        accepted = headers.getRawHeaders(b"sec-websocket-accept", [])
        upgrade = b",".join(headers.getRawHeaders(b"upgrade", [])).lower()
        offered = b",".join(headers.getRawHeaders(b"sec-websocket-extensions", []))
        if accepted != [generate_accept_token(self._key)] or upgrade != b"websocket":
            self._refused(self._parser.response)
            self._cut()
            return
        names = [each.strip().decode("latin-1") for each in offered.split(b",") if each.strip()]
        try:
            agreed = client_extensions_handshake(names, self._extensions)
        except RemoteProtocolError:
            self._refused(self._parser.response)
            self._cut()
            return
        if self._decided():
            return
        connection = WebSocketConnection(True, self._protocol, agreed, self._clock, self._endpoint)
        self._connection = connection
        self._protocol.negotiationStarted(connection)
        connection.start(self.transport)
        self.asked.callback(self._protocol)
        if rest:
            connection.dataReceived(rest)

    def dataReceived(self, data: bytes) -> None:
        """Pass on what has come."""
        if self._connection is not None:
            self._connection.dataReceived(data)
            return
        try:
            self._parser.dataReceived(data)
        except Exception:
            self._failed(Failure())
            self._cut()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Tell whoever waits, or the connection."""
        if self._connection is not None:
            self._connection.connectionLost(reason)
            return
        self._parser.connectionLost(reason)
        self._failed(Failure(ConnectionLost("the connection ended amid the negotiation")))


class WebSocketClientEndpoint(Limits):
    """
    Connects to a WebSocket server.

    Its limits are attributes, as those of `twisted.web.websocket.Limits`.

    @cvar handshakeTimeout: how many seconds the server has to answer.
    @ivar headers: further headers of the request, such as ``Origin``.
    @ivar compress: whether messages are compressed if the server knows that (RFC 7692).
    """

    __module__ = "twisted.web.websocket"

    handshakeTimeout: float = 30
    compress = True

    def __init__(self, endpointFactory: Any, url: str) -> None:
        """
        @param endpointFactory: an `IAgentEndpointFactory`, which connects.
        @param url: of the scheme ``ws``, ``wss``, ``http`` or ``https``.
        """
        self._endpointFactory = endpointFactory
        self._url = url
        self._reactor: Any = None
        self.headers = Headers()

    @classmethod
    def new(
        cls,
        reactor: Any,
        url: str,
        tlsPolicy: Any = BrowserLikePolicyForHTTPS(),  # noqa: B008
        connectTimeout: float | None = None,
        bindAddress: Any = None,
    ) -> WebSocketClientEndpoint:
        """
        An endpoint that connects as `twisted.web.client.Agent` does.

        @param tlsPolicy: an `IPolicyForHTTPS`.
        @param connectTimeout: how many seconds connecting may take.
        @param bindAddress: the address of this side.
        """
        factory = _StandardEndpointFactory(reactor, tlsPolicy, connectTimeout, bindAddress)
        made = cls(factory, url)
        made._reactor = reactor
        return made

    def _uri(self) -> URI:
        """The URL as one of HTTP."""
        uri = URI.fromBytes(self._url.encode("ascii"))
        scheme = _SCHEMES.get(uri.scheme, uri.scheme)
        return URI.fromBytes(scheme + self._url.encode("ascii")[len(uri.scheme) :])

    def _request(self, key: bytes, extensions: list[Any]) -> Request:
        """The request that asks for a connection."""
        uri = self._uri()
        headers = self.headers.copy()
        if not headers.hasHeader(b"host"):
            host = hostValue(uri.scheme, uri.host, uri.port)
            headers.setRawHeaders(b"host", [host])
        headers.setRawHeaders(b"upgrade", [b"websocket"])
        headers.setRawHeaders(b"connection", [b"Upgrade"])
        headers.setRawHeaders(b"sec-websocket-version", [b"13"])
        headers.setRawHeaders(b"sec-websocket-key", [key])
        offers = [f"{each.name}; {each.offer()}".encode("ascii") for each in extensions]
        if offers:
            headers.setRawHeaders(b"sec-websocket-extensions", offers)
        return Request._construct(b"GET", uri.originForm, headers, None, True, uri)

    def connect(self, protocolFactory: Any) -> Deferred[Any]:
        """
        Connect.

        @param protocolFactory: a `WebSocketClientFactory`.
        @return: fires with the protocol when both sides have agreed; fails with
            `ConnectionRejected`, `TimeoutError`, or what keeps the endpoint from connecting.
            Cancelling it ends the connection.
        @raise twisted.web.error.SchemeNotSupported: if the URL is of another scheme.
        """
        endpoint = self._endpointFactory.endpointForURI(self._uri())
        clock = currentReactor(self._reactor)
        protocol = protocolFactory.buildProtocol(self._url)
        asking = Factory.forProtocol(lambda: _Asking(self, protocol, clock))
        asking.noisy = False
        connecting: Deferred[Any] = endpoint.connect(asking)
        return connecting.addCallback(lambda made: made.asked)
