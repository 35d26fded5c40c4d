"""The side of a WebSocket connection that is asked for it."""

from __future__ import annotations

import binascii
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from wsproto.extensions import PerMessageDeflate
from wsproto.handshake import server_extensions_handshake
from wsproto.utilities import generate_accept_token

from twisted.internet.currentreactor import currentReactor
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web._responses import BAD_REQUEST, FORBIDDEN, INTERNAL_SERVER_ERROR, UPGRADE_REQUIRED
from twisted.web._websocket._connection import Limits, WebSocketConnection
from twisted.web.error import UnsupportedMethod
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

__all__ = ["WebSocketResource"]

_log = Logger()


def _tokens(values: Iterable[bytes] | None) -> set[bytes]:
    """The elements of a header that is a list, in lower case."""
    return {each.strip().lower() for value in values or () for each in value.split(b",")}


class WebSocketResource(Resource, Limits):
    """
    A resource that becomes a WebSocket connection.

    Its limits are attributes, as those of `twisted.web.websocket.Limits`.

    @ivar origins: pages of which other sites, such as ``"https://example.org"``, may connect, or
        None for all; those of the site itself may. Programs other than browsers say nothing of it.
    @ivar compress: whether messages are compressed if the client wants that (RFC 7692).
    """

    isLeaf = True

    def __init__(
        self, factory: Any, origins: Iterable[str] | None = (), compress: bool = True
    ) -> None:
        """
        @param factory: a `WebSocketServerFactory`.
        """
        Resource.__init__(self)
        self.factory = factory
        self.origins = None if origins is None else frozenset(o.lower() for o in origins)
        self.compress = compress

    def render_GET(self, request: Any) -> bytes | int:
        """Become a connection, if the request asks for one by HTTP/1.1."""
        headers = request.requestHeaders
        upgrade = _tokens(headers.getRawHeaders(b"upgrade"))
        connection = _tokens(headers.getRawHeaders(b"connection"))
        if (
            b"websocket" not in upgrade
            or b"upgrade" not in connection
            or request.clientproto != b"HTTP/1.1"
        ):
            return self._refuse(request, BAD_REQUEST)
        if not self._hasVersion(request):
            return self._refuse(request, UPGRADE_REQUIRED)
        keys = headers.getRawHeaders(b"sec-websocket-key", [])
        if len(keys) != 1 or not _isKey(keys[0]):
            return self._refuse(request, BAD_REQUEST)
        answer = {
            b"upgrade": b"websocket",
            b"connection": b"Upgrade",
            b"sec-websocket-accept": generate_accept_token(keys[0]),
        }
        return self._decide(request, answer)

    def render_CONNECT(self, request: Any) -> bytes | int:
        """Become a connection, if the request asks for one by HTTP/2 (RFC 8441)."""
        if getattr(request.channel, "protocol", None) != b"websocket":
            raise UnsupportedMethod((b"GET",))
        if not self._hasVersion(request):
            return self._refuse(request, BAD_REQUEST)
        return self._decide(request, {})

    @staticmethod
    def _hasVersion(request: Any) -> bool:
        """Whether the client speaks this version of WebSocket; otherwise it is told which it is."""
        versions = request.requestHeaders.getRawHeaders(b"sec-websocket-version")
        if versions == [b"13"]:
            return True
        request.setHeader(b"sec-websocket-version", b"13")
        return False

    @staticmethod
    def _refuse(request: Any, code: int) -> bytes:
        request.setResponseCode(code)
        request.setHeader(b"content-type", b"text/plain; charset=utf-8")
        return b"websocket protocol negotiation error"

    def _mayConnect(self, request: Any) -> bool:
        """Whether the page that connects may (RFC 6455, section 10.2)."""
        origin = request.getHeader("origin")
        if origin is None or self.origins is None:
            return True
        host = (request.getHeader("host") or "").lower()
        return urlsplit(origin).netloc.lower() == host or origin.lower() in self.origins

    def _decide(self, request: Any, answer: dict[bytes, bytes]) -> bytes | int:
        """Become a connection, if the page that asks for it may have one."""
        if not self._mayConnect(request):
            return self._refuse(request, FORBIDDEN)
        return self._accept(request, answer)

    def _accept(self, request: Any, answer: dict[bytes, bytes]) -> bytes | int:
        """
        Become a connection.

        @param answer: the headers that say so.
        """
        try:
            protocol = self.factory.buildProtocol(request)
        except Exception:
            _log.failure("A protocol could not be made", failure=Failure())
            return self._refuse(request, INTERNAL_SERVER_ERROR)
        if protocol is None:
            return self._refuse(request, FORBIDDEN)
        return self._switch(request, answer, protocol)

    def _switch(self, request: Any, answer: dict[bytes, bytes], protocol: Any) -> bytes | int:
        """
        Agree, and hand the connection over to a protocol.

        @param answer: the headers that say so.
        """
        extensions: list[Any] = [PerMessageDeflate()] if self.compress else []
        wanted = [each.decode("latin-1") for each in self._offers(request)]
        agreed = server_extensions_handshake(wanted, extensions)
        if agreed:
            answer[b"sec-websocket-extensions"] = agreed
        site = request.site
        clock = site.reactor if site is not None else currentReactor()
        connection = WebSocketConnection(
            False, protocol, [each for each in extensions if each.enabled()], clock, self
        )
        protocol.negotiationStarted(connection)
        request.channel.switchProtocols(request, answer, connection)
        return NOT_DONE_YET

    @staticmethod
    def _offers(request: Any) -> list[bytes]:
        """The extensions that a client knows, each with its parameters."""
        lines = request.requestHeaders.getRawHeaders(b"sec-websocket-extensions", [])
        return [each.strip() for line in lines for each in line.split(b",")]


def _isKey(key: bytes) -> bool:
    """Whether a key is sixteen octets in base 64."""
    try:
        return len(binascii.a2b_base64(key, strict_mode=True)) == 16
    except ValueError:
        return False
