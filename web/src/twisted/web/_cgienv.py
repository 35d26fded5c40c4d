"""What CGI and WSGI tell a program about a request (RFC 3875, section 4.1; PEP 3333)."""

from __future__ import annotations

from collections.abc import Iterable
from os import SEEK_END
from typing import Any

from twisted.web.server import version

__all__ = ["body_size", "cgi_environment"]


def _text(data: bytes) -> str:
    return data.decode("iso-8859-1")


def _path(segments: Iterable[bytes | str]) -> str:
    """A path with a slash before each of its segments."""
    texts = (_text(each) if isinstance(each, bytes) else each for each in segments)
    return "".join(f"/{text}" for text in texts)


def cgi_environment(request: Any) -> dict[str, str]:
    """
    The variables for a request, in which each octet is a character of ISO-8859-1.

    Headers whose names have underscores are left away, for they would be taken for others with
    hyphens; so is ``Proxy``, which programs would take for a setting of their own (CVE-2016-5385).
    """
    host = request.getHost()
    client = request.getClientAddress()
    environment = {
        "GATEWAY_INTERFACE": "CGI/1.1",
        "PATH_INFO": _path(request.postpath),
        "QUERY_STRING": _text(request.uri.partition(b"?")[2]),
        "REMOTE_ADDR": str(getattr(client, "host", "") or ""),
        "REMOTE_PORT": str(getattr(client, "port", "")),
        "REQUEST_METHOD": _text(request.method),
        "SCRIPT_NAME": _path(request.prepath),
        "SERVER_NAME": _text(request.getRequestHostname()),
        "SERVER_PORT": str(getattr(host, "port", "")),
        "SERVER_PROTOCOL": _text(request.clientproto),
        "SERVER_SOFTWARE": _text(version),
    }
    for name, values in request.requestHeaders.getAllRawHeaders():
        key = _text(name).upper()
        if "_" in key or key == "PROXY":
            continue
        value = _text(b",".join(values))
        if key in ("CONTENT-TYPE", "CONTENT-LENGTH"):
            environment[key.replace("-", "_")] = value
        else:
            separator = "; " if key == "COOKIE" else ","
            environment["HTTP_" + key.replace("-", "_")] = separator.join(map(_text, values))
    if "CONTENT_LENGTH" not in environment and (size := body_size(request)):
        # It came in chunks, or over HTTP/2; programs read as much as they know of.
        environment["CONTENT_LENGTH"] = str(size)
        environment.pop("HTTP_TRANSFER_ENCODING", None)
    return environment


def body_size(request: Any) -> int:
    """How many bytes the body has that has come."""
    content = getattr(request, "content", None)
    if content is None:
        return 0
    at = content.tell()
    size = int(content.seek(0, SEEK_END))
    content.seek(at)
    return size
