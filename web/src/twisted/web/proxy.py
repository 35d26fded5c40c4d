"""
Proxies: one that clients ask for any server, and resources that are on another server.

A proxy for clients::

    class ProxyFactory(http.HTTPFactory):
        protocol = Proxy

    reactor.listenTCP(8080, ProxyFactory(), interface="127.0.0.1")

It goes wherever it is asked to: only those who may go there themselves may get to it.

A resource on another server::

    site = Site(ReverseProxyResource("127.0.0.1", 8000, b""))
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote as _quote
from urllib.parse import urlsplit

from zope.interface import implementer

from twisted.internet.currentreactor import currentReactor
from twisted.internet.defer import Deferred, ensureDeferred, succeed
from twisted.internet.interfaces import IPushProducer
from twisted.internet.protocol import ClientFactory, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web import http
from twisted.web._cgienv import body_size
from twisted.web._client._agents import hostValue
from twisted.web._http._oldclient import HTTPClient
from twisted.web._http._streaming import RequestBody
from twisted.web.http_headers import Headers
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

__all__ = [
    "NOT_DONE_YET",
    "Proxy",
    "ProxyClient",
    "ProxyClientFactory",
    "ProxyRequest",
    "ReverseProxy",
    "ReverseProxyRequest",
    "ReverseProxyResource",
]

#: Headers that are between two neighbours only (RFC 9110, section 7.6.1).
_HOP_BY_HOP = (
    b"connection",
    b"keep-alive",
    b"proxy-authenticate",
    b"proxy-authorization",
    b"proxy-connection",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
)

#: How many bytes the head of an answer may have.
_MOST_HEAD = 65536

#: Headers that an answer has by itself, and which those of the other server replace.
_REPLACED = (b"server", b"date", b"content-type")


#: Numbers as they stand in headers; `int` takes more than these.
_DIGITS = re.compile(rb"[0-9]{1,19}")

_log = Logger()


def _forwarded(request: Any) -> dict[bytes, bytes]:
    """The headers of a request that are for the other server."""
    named = request.requestHeaders.getRawHeaders(b"connection", ())
    private = {each.strip().lower() for value in named for each in value.split(b",")}
    headers = {
        name.lower(): (b"; " if name.lower() == b"cookie" else b",").join(values)
        for name, values in request.requestHeaders.getAllRawHeaders()
        if name.lower() not in private and name.lower() not in _HOP_BY_HOP
    }
    # This server has answered that itself.
    headers.pop(b"expect", None)
    if b"content-length" not in headers and _isOfUnknownLength(request):
        headers[b"content-length"] = b"%d" % body_size(request)
    return headers


def _isOfUnknownLength(request: Any) -> bool:
    """Whether the body came in chunks, or over HTTP/2; it goes on as one of known length."""
    framed = request.clientproto not in (b"HTTP/1.0", b"HTTP/1.1")
    return request.requestHeaders.hasHeader(b"transfer-encoding") or framed


@implementer(IPushProducer)
class _Upload:
    """Passes a body on as it comes, as fast as the other server takes it."""

    def __init__(self, body: RequestBody, transport: Any) -> None:
        self._body = body
        self._transport = transport
        self._resumed: Deferred[None] = succeed(None)

    async def run(self) -> None:
        """Pass everything on; fails if not everything comes."""
        self._transport.registerProducer(self, True)
        try:
            async for piece in self._body:
                self._transport.write(piece)
                await self._resumed
        finally:
            self._transport.unregisterProducer()

    def pauseProducing(self) -> None:
        """Pass nothing on until `resumeProducing`."""
        if self._resumed.called:
            self._resumed = Deferred()

    def resumeProducing(self) -> None:
        """Go on."""
        if not self._resumed.called:
            self._resumed.callback(None)

    def stopProducing(self) -> None:
        """Do nothing: what is written now is dropped."""
        self.resumeProducing()


class ProxyClient(HTTPClient):
    """
    Asks the other server, and passes its answer on as fast as the client takes it.

    An answer whose head is malformed, ambiguous or larger than 64 KiB is not passed on.

    @ivar father: the request of the client.
    """

    _finished = False
    _headSize = 0

    def __init__(
        self,
        command: bytes,
        rest: bytes,
        version: bytes,
        headers: dict[bytes, bytes],
        data: bytes,
        father: Any,
    ) -> None:
        """
        @param rest: what is asked for, as the other server is to see it.
        @param headers: of the request, by names in lower case.
        @param data: the body.
        """
        self.father = father
        self.command = command
        self.rest = rest
        for name in (b"proxy-connection", b"keep-alive"):
            headers.pop(name, None)
        headers[b"connection"] = b"close"
        self.headers = headers
        self.data = data

    def connectionMade(self) -> None:
        """Ask."""
        if isinstance(self.father, http.Request):
            # Stand-ins of tests would ask for all of it at once.
            self.father.registerProducer(self.transport, True)
        self.sendCommand(self.command, self.rest)
        for header, value in self.headers.items():
            self.sendHeader(header, value)
        self.endHeaders()
        if getattr(self.father, "takesBody", False) and not self.father.body.atEnd:
            upload = _Upload(self.father.body, self.transport)
            ensureDeferred(upload.run()).addErrback(lambda _: _abandon(self))
        else:
            self.transport.write(self.data)

    def lineReceived(self, line: bytes) -> None:
        """Take a line of the head."""
        self._headSize += len(line)
        try:
            if self._headSize > _MOST_HEAD:
                raise ValueError("the head is too large")
            HTTPClient.lineReceived(self, line)
        except ValueError as error:
            self._refuse(str(error))

    def lineLengthExceeded(self, line: bytes) -> None:
        """Refuse an answer with an endless line."""
        self._refuse("a line is too long")

    def _refuse(self, problem: str) -> None:
        """Pass nothing of an answer on that could be read in several ways."""
        _log.warn(
            "The answer for {request} makes no sense: {why}", request=self.father, why=problem
        )
        if not self._finished:
            self._finished = True
            self._release()
            for name, _ in list(self.father.responseHeaders.getAllRawHeaders()):
                self.father.responseHeaders.removeHeader(name)
            _fail(self.father)
        self.clearLineBuffer()
        self.transport.abortConnection()

    def handleStatus(self, version: bytes, status: bytes, message: bytes) -> None:
        """Pass the status on."""
        if len(status) != 3 or not _DIGITS.fullmatch(status) or status < b"200":
            raise ValueError(f"no final status: {status!r}")
        self.father.setResponseCode(int(status), message)

    def handleHeader(self, key: bytes, val: bytes) -> None:
        """Pass a header on."""
        name = key.lower()
        if name == b"transfer-encoding":
            raise ValueError("HTTP/1.0 knows no Transfer-Encoding")
        if name == b"content-length" and not (self.length is None and _DIGITS.fullmatch(val)):
            raise ValueError(f"no length, or another one: {val!r}")
        if name in _REPLACED:
            self.father.responseHeaders.setRawHeaders(key, [val])
        elif name not in _HOP_BY_HOP:
            self.father.responseHeaders.addRawHeader(key, val)

    def handleResponsePart(self, data: bytes) -> None:
        """Pass a piece of the body on."""
        self.father.write(data)

    def handleResponseEnd(self) -> None:
        """The answer is complete."""
        if not self._finished:
            self._finished = True
            self._release()
            self.father.finish()
            if getattr(self.father, "takesBody", False):
                # Something may still be on its way there, which nobody reads.
                self.transport.abortConnection()
            else:
                self.transport.loseConnection()

    def _release(self) -> None:
        if getattr(self.father, "producer", None) is not None:
            self.father.unregisterProducer()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The other server has hung up: that is the end of the answer, or too early."""
        if self._finished:
            return
        if self.firstLine:
            self._finished = True
            self._release()
            _fail(self.father)
        elif self.length:
            # The client is not to take it for the whole.
            self._finished = True
            self._release()
            self.father.loseConnection()
        else:
            self.handleResponseEnd()


def _fail(father: Any) -> None:
    """Answer that the other server does not."""
    father.setResponseCode(501, b"Gateway error")
    father.responseHeaders.setRawHeaders(b"content-type", [b"text/html"])
    father.write(b"<H1>Could not connect</H1>")
    father.finish()


class ProxyClientFactory(ClientFactory):
    """Makes a `ProxyClient` for one request."""

    noisy = False
    protocol: Any = ProxyClient

    def __init__(
        self,
        command: bytes,
        rest: bytes,
        version: bytes,
        headers: dict[bytes, bytes],
        data: bytes,
        father: Any,
    ) -> None:
        self.father = father
        self.command = command
        self.rest = rest
        self.headers = headers
        self.data = data
        self.version = version

    def buildProtocol(self, addr: Any) -> Any:
        """Make it."""
        made = self.protocol(
            self.command, self.rest, self.version, self.headers, self.data, self.father
        )
        if isinstance(self.father, http.Request):
            self.father.notifyFinish().addErrback(lambda _: _abandon(made))
        return made

    def clientConnectionFailed(self, connector: Any, reason: Any) -> None:
        """Answer that the other server cannot be reached."""
        if not getattr(self.father, "_disconnected", False):
            _fail(self.father)


def _abandon(client: ProxyClient) -> None:
    """The client has left: nobody wants the answer."""
    client._finished = True
    if client.transport is not None:
        client.transport.abortConnection()


class ProxyRequest(http.Request):
    """
    A request to a proxy.

    @cvar protocols: what makes a client, by schemes.
    @cvar ports: the usual ports, by schemes.
    """

    protocols: dict[bytes, Any] = {b"http": ProxyClientFactory}
    ports = {b"http": 80}

    def __init__(self, channel: Any, queued: object = None, reactor: Any = None) -> None:
        """
        @param reactor: connects; by default the global one.
        """
        http.Request.__init__(self, channel, queued)
        self.reactor = currentReactor(reactor)

    def process(self) -> None:
        """Ask the server that the URL names."""
        parts = urlsplit(self.uri)
        kind = self.protocols.get(parts.scheme)
        try:
            port = parts.port or self.ports.get(parts.scheme, 80)
        except ValueError:
            kind = None
        if kind is None or not parts.hostname:
            self.setResponseCode(http.NOT_IMPLEMENTED)
            self.setHeader(b"content-length", b"0")
            self.finish()
            return
        rest = parts._replace(
            scheme=b"", netloc=b"", path=parts.path or b"/", fragment=b""
        ).geturl()
        headers = _forwarded(self)
        if b"host" not in headers:
            headers[b"host"] = parts.netloc.rpartition(b"@")[2]
        assert self.content is not None
        factory = kind(self.method, rest, self.clientproto, headers, self.content.read(), self)
        self.reactor.connectTCP(parts.hostname.decode("ascii", "replace"), port, factory)


class Proxy(http.HTTPChannel):
    """A connection to a proxy, which goes wherever it is asked to."""

    requestFactory: Any = ProxyRequest


class ReverseProxyRequest(http.Request):
    """
    A request that is sent on to the server that its factory's ``host`` and ``port`` tell.

    @ivar factory: what listens.
    """

    proxyClientFactoryClass: Any = ProxyClientFactory

    def __init__(self, channel: Any, queued: object = None, reactor: Any = None) -> None:
        """
        @param reactor: connects; by default the global one.
        """
        http.Request.__init__(self, channel, queued)
        self.factory: Any = getattr(channel, "factory", None)
        self.reactor = currentReactor(reactor)

    def process(self) -> None:
        """Ask the other server."""
        self.requestHeaders.setRawHeaders(b"host", [self.factory.host.encode("ascii")])
        assert self.content is not None
        factory = self.proxyClientFactoryClass(
            self.method,
            self.uri,
            self.clientproto,
            _forwarded(self),
            self.content.read(),
            self,
        )
        self.reactor.connectTCP(self.factory.host, self.factory.port, factory)


class ReverseProxy(http.HTTPChannel):
    """A connection whose requests are sent on to another server."""

    requestFactory: Any = ReverseProxyRequest


class ReverseProxyResource(Resource):
    """
    A resource, and all that is below, that is on another server.

    That is told of the client by ``X-Forwarded-For``, ``X-Forwarded-Host`` and
    ``X-Forwarded-Proto``; what the client says of others before it is passed on, too.

    Bodies of known length go on as they come, if the site looks resources up before (as it does if
    this is its root) and there is no `proxyClientFactoryClass` of one's own.

    @ivar path: what is asked for there.
    """

    proxyClientFactoryClass: Any = ProxyClientFactory

    def __init__(self, host: str, port: int, path: bytes, reactor: Any = None) -> None:
        """
        @param path: without a slash at the end.
        @param reactor: connects; by default the global one.
        """
        Resource.__init__(self)
        self.host = host
        self.port = port
        self.path = path
        self.reactor = currentReactor(reactor)

    @property
    def streamsBody(self) -> bool:  # type: ignore[override]
        """Whether this renders before the body of a request is there."""
        return (
            type(self).render is ReverseProxyResource.render
            and self.proxyClientFactoryClass is ProxyClientFactory
        )

    def getChild(self, path: bytes, request: Any) -> ReverseProxyResource:
        """What is below there."""
        below = self.path + b"/" + _quote(path, safe="").encode("ascii")
        return self.__class__(self.host, self.port, below, self.reactor)

    def render(self, request: Any) -> int:
        """Ask the other server."""
        if getattr(request, "takesBody", False) and _isOfUnknownLength(request):
            ensureDeferred(self._renderWhole(request)).addErrback(lambda _: None)
        else:
            self._ask(request)
        return NOT_DONE_YET

    async def _renderWhole(self, request: Any) -> None:
        """Ask when the body is there, for the other server has to know its length."""
        async for piece in request.body:
            request.content.write(piece)
        self._ask(request)

    def _ask(self, request: Any) -> None:
        headers = request.requestHeaders
        told = headers.getRawHeaders(b"host", [b""])[0]
        host = hostValue(b"http", self.host.encode("ascii"), self.port)
        headers.setRawHeaders(b"host", [host])
        if isinstance(request, http.Request):
            self._tellOfClient(request, headers, told)
        request.content.seek(0, 0)
        query = request.uri.partition(b"?")[2]
        rest = (self.path or b"/") + (b"?" + query if query else b"")
        factory = self.proxyClientFactoryClass(
            request.method,
            rest,
            request.clientproto,
            _forwarded(request),
            request.content.read(),
            request,
        )
        self.reactor.connectTCP(self.host, self.port, factory)

    @staticmethod
    def _tellOfClient(request: http.Request, headers: Headers, host: bytes) -> None:
        address = getattr(request.getClientAddress(), "host", None)
        if address is not None:
            before = headers.getRawHeaders(b"x-forwarded-for", ())
            headers.setRawHeaders(
                b"x-forwarded-for", [b", ".join([*before, address.encode("ascii")])]
            )
        if host:
            headers.setRawHeaders(b"x-forwarded-host", [host])
        scheme = b"https" if request.isSecure() else b"http"
        headers.setRawHeaders(b"x-forwarded-proto", [scheme])
