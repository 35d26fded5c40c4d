"""The side of a WebSocket connection that asks for it."""

from __future__ import annotations

from collections.abc import Callable
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
from twisted.web._client._alpn import Offer
from twisted.web._client._parser import HTTPClientParser
from twisted.web._client._policies import BrowserLikePolicyForHTTPS
from twisted.web._client._request import Request
from twisted.web._client._uri import URI
from twisted.web._h2._limits import HTTP2Limits
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


def agreedOn(headers: Headers, offered: list[Any]) -> list[Any]:
    """
    The extensions that a server has chosen, by the headers of its answer.

    @raise RemoteProtocolError: if they were not offered, or not so.
    """
    lines = b",".join(headers.getRawHeaders(b"sec-websocket-extensions", []))
    names = [each.strip().decode("latin-1") for each in lines.split(b",") if each.strip()]
    return client_extensions_handshake(names, offered)


def _asked(asking: _Asking) -> Deferred[Any]:
    return asking.asked


def _tooLate(result: Any, timeout: float) -> Any:
    """What is told of a result that has not come in time."""
    if isinstance(result, Failure):
        raise TimeoutError("the server does not answer")
    return result


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
        self._extensions = endpoint._extensions()
        self._connection: WebSocketConnection | None = None
        self.asked: Deferred[Any] = Deferred(lambda _: self._cut())

    def connectionMade(self) -> None:
        """Ask."""
        request = self._endpoint._request(self._extensions, self._key)
        self._parser = _AnswerParser(request, lambda _: self.transport.loseConnection())
        self._parser.switched = self._switched
        answer = self._parser._responseDeferred
        assert answer is not None
        answer.addCallbacks(self._refused, self._failed)
        self._parser.makeConnection(self.transport)
        request.writeTo(self.transport)

    def _cut(self) -> None:
        abort = getattr(self.transport, "abortConnection", None)
        (abort or self.transport.loseConnection)()

    def _refused(self, response: Any) -> None:
        if not self.asked.called:
            self.asked.errback(ConnectionRejected(response))

    def _failed(self, failure: Failure) -> None:
        if not self.asked.called:
            self.asked.errback(failure)

    def _switched(self, headers: Headers, rest: bytes) -> None:
        """The server agrees, if it says the right things."""
        accepted = headers.getRawHeaders(b"sec-websocket-accept", [])
        upgrade = b",".join(headers.getRawHeaders(b"upgrade", [])).lower()
        if accepted != [generate_accept_token(self._key)] or upgrade != b"websocket":
            self._refused(self._parser.response)
            self._cut()
            return
        try:
            agreed = agreedOn(headers, self._extensions)
        except RemoteProtocolError:
            self._refused(self._parser.response)
            self._cut()
            return
        if self.asked.called:
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
    @ivar http2: whether HTTP/2 is offered to servers of ``wss`` (RFC 8441); to one that chooses it
        and knows no WebSocket over it, another connection is made for HTTP/1.1.
    @ivar http2Limits: the `twisted.web.http.HTTP2Limits` of connections.
    """

    __module__ = "twisted.web.websocket"

    handshakeTimeout: float = 30
    compress = True
    http2 = False
    http2Limits = HTTP2Limits()

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
        http2: bool = False,
    ) -> WebSocketClientEndpoint:
        """
        An endpoint that connects as `twisted.web.client.Agent` does.

        @param tlsPolicy: an `IPolicyForHTTPS`.
        @param connectTimeout: how many seconds connecting may take.
        @param bindAddress: the address of this side.
        @param http2: whether to offer HTTP/2; for that `connect` needs the extra ``http2``.
        """
        factory = _StandardEndpointFactory(reactor, tlsPolicy, connectTimeout, bindAddress)
        made = cls(factory, url)
        made._reactor = reactor
        made.http2 = http2
        return made

    def _uri(self) -> URI:
        """The URL as one of HTTP."""
        uri = URI.fromBytes(self._url.encode("ascii"))
        scheme = _SCHEMES.get(uri.scheme, uri.scheme)
        return URI.fromBytes(scheme + self._url.encode("ascii")[len(uri.scheme) :])

    def _extensions(self) -> list[Any]:
        """What is offered to a server."""
        return [PerMessageDeflate()] if self.compress else []

    def _request(self, extensions: list[Any], key: bytes | None = None) -> Request:
        """
        The request that asks for a connection.

        @param key: what the server is to prove with that it knows WebSocket; None over HTTP/2.
        """
        uri = self._uri()
        headers = self.headers.copy()
        if not headers.hasHeader(b"host"):
            host = hostValue(uri.scheme, uri.host, uri.port)
            headers.setRawHeaders(b"host", [host])
        headers.setRawHeaders(b"sec-websocket-version", [b"13"])
        if key is not None:
            headers.setRawHeaders(b"upgrade", [b"websocket"])
            headers.setRawHeaders(b"connection", [b"Upgrade"])
            headers.setRawHeaders(b"sec-websocket-key", [key])
        offers = [f"{each.name}; {each.offer()}".encode("ascii") for each in extensions]
        if offers:
            headers.setRawHeaders(b"sec-websocket-extensions", offers)
        method = b"CONNECT" if key is None else b"GET"
        return Request._construct(method, uri.originForm, headers, None, True, uri)

    def connect(self, protocolFactory: Any) -> Deferred[Any]:
        """
        Connect.

        @param protocolFactory: a `WebSocketClientFactory`.
        @return: fires with the protocol when both sides have agreed; fails with
            `ConnectionRejected`, `TimeoutError`, or what keeps the endpoint from connecting.
            Cancelling it ends the connection.
        @raise twisted.web.error.SchemeNotSupported: if the URL is of another scheme.
        """
        uri = self._uri()
        endpoint = self._endpointFactory.endpointForURI(uri)
        clock = currentReactor(self._reactor)
        protocol = protocolFactory.buildProtocol(self._url)
        if self.http2 and uri.scheme == b"https":
            return self._offerHTTP2(endpoint, protocol, clock)
        return self._connect(endpoint, self._asking(protocol, clock), clock, _asked)

    def _asking(self, protocol: Any, clock: Any) -> Factory:
        """Makes what asks by HTTP/1.1."""
        asking = Factory.forProtocol(lambda: _Asking(self, protocol, clock))
        asking.noisy = False
        return asking

    def _connect(
        self, endpoint: Any, factory: Any, clock: Any, asked: Callable[[Any], Deferred[Any]]
    ) -> Deferred[Any]:
        """
        Connect, and wait for the answer.

        @param asked: gives, by what the factory makes, the Deferred of the answer.
        """

        def connected(made: Any) -> Deferred[Any]:
            return asked(made).addTimeout(self.handshakeTimeout, clock, _tooLate)

        connecting: Deferred[Any] = endpoint.connect(factory)
        return connecting.addCallback(connected)

    def _offerHTTP2(self, endpoint: Any, protocol: Any, clock: Any) -> Deferred[Any]:
        """Connect, and ask by the version of HTTP that the server chooses."""
        # It needs an extra.
        from twisted.web._websocket._http2client import ConnectNotAllowed, StreamAsking

        asking = self._asking(protocol, clock)
        byHTTP2 = StreamAsking(self, protocol, clock)

        def chosen(made: Any) -> Any:
            return byHTTP2.asked if made is byHTTP2.connection else made.asked

        def again(failure: Failure) -> Deferred[Any]:
            failure.trap(ConnectNotAllowed)
            return self._connect(endpoint, asking, clock, _asked)

        offer = Offer(asking, lambda: byHTTP2.connection)
        connecting = self._connect(
            endpoint, offer, clock, lambda undecided: undecided.decided.addCallback(chosen)
        )
        return connecting.addErrback(again)
