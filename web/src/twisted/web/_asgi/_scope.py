"""What an application of ASGI learns of a request: requests in, dictionaries out."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote_from_bytes

from twisted.internet.address import IPv4Address, IPv6Address

Scope = dict[str, Any]
Message = dict[str, Any]
HeaderPairs = list[tuple[bytes, bytes]]

#: The versions that are spoken, of the whole and of its parts.
_WEB = {"version": "3.0", "spec_version": "2.4"}
LIFESPAN = {"version": "3.0", "spec_version": "2.0"}

_WITH_PORTS = (IPv4Address, IPv6Address)
_HTTP_VERSIONS = {b"HTTP/1.0": "1.0", b"HTTP/1.1": "1.1", b"HTTP/2": "2", b"HTTP/2.0": "2"}


class ClientDisconnected(OSError):
    """Nobody is there any more to send to."""

    __module__ = "twisted.web.asgi"


def _address(address: Any) -> tuple[str, int | None] | None:
    """An address as ASGI has it: a host and a port, or a path and None."""
    if type(address) in _WITH_PORTS:
        host = address.host
        return (host.decode("ascii") if isinstance(host, bytes) else host), address.port
    host = getattr(address, "host", None)
    if host is not None:
        return str(host), getattr(address, "port", None)
    name = getattr(address, "name", None)
    if not name:
        return None
    return (name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)), None


def _common(request: Any, root_path: str) -> Scope:
    """What scopes of HTTP and of WebSocket have in common."""
    prepath = request.prepath
    mounted = root_path
    if prepath:
        mounted += "/" + b"/".join(prepath).decode("utf-8", "replace")
    below = b"/".join(request.postpath).decode("utf-8", "replace")
    raw_path = request.path
    if root_path:
        raw_path = quote_from_bytes(root_path.encode("utf-8")).encode("ascii") + raw_path
    # A client on a UNIX socket has no address.
    client = _address(request.client)
    return {
        "asgi": _WEB,
        "http_version": _HTTP_VERSIONS.get(request.clientproto, "1.1"),
        "path": f"{mounted}/{below}",
        "raw_path": raw_path,
        "query_string": request.uri.partition(b"?")[2],
        "root_path": mounted,
        "headers": [
            (name, value)
            for name, values in request.requestHeaders._rawHeaders.items()
            for value in values
        ],
        "client": client if client is None or client[1] is not None else None,
        "server": _address(request.getHost()),
    }


def http_scope(request: Any, root_path: str) -> Scope:
    """
    The scope of a request.

    @param root_path: what a proxy has taken away from the beginning of the path.
    """
    scope = _common(request, root_path)
    scope["type"] = "http"
    scope["scheme"] = "https" if request.isSecure() else "http"
    scope["method"] = request.method.decode("ascii")
    extensions: dict[str, dict[str, Any]] = {"http.response.pathsend": {}}
    if request.wantsTrailers():
        extensions["http.response.trailers"] = {}
    scope["extensions"] = extensions
    return scope


def websocket_scope(request: Any, root_path: str) -> Scope:
    """The scope of a request that asks for a WebSocket connection."""
    scope = _common(request, root_path)
    scope["type"] = "websocket"
    scope["scheme"] = "wss" if request.isSecure() else "ws"
    scope["subprotocols"] = [
        each.strip().decode("latin-1")
        for value in request.requestHeaders.getRawHeaders(b"sec-websocket-protocol", ())
        for each in value.split(b",")
        if each.strip()
    ]
    scope["extensions"] = {"websocket.http.response": {}}
    return scope
