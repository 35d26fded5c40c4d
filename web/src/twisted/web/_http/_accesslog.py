"""Lines of access logs: in the format of Apache that every tool reads, and in JSON."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from zope.interface import provider

from twisted.web.iweb import IAccessLogFormatter

if TYPE_CHECKING:
    from twisted.web._http._request import Request

_UNSAFE = re.compile(r"[^ !#-\[\]-~]")


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    return "\\" + character if character in '"\\' else f"\\x{ord(character):02x}"


def escaped(text: bytes) -> str:
    """
    What a client sent, so that it can neither end a line or a field nor steer a terminal (CWE-117).
    """
    return _UNSAFE.sub(_escape, text.decode("iso-8859-1"))


def log_line(ip: str, timestamp: str, request: Request) -> str:
    """A line of the "combined" format, without its end."""
    referrer = request.getHeader(b"referer") or b"-"
    agent = request.getHeader(b"user-agent") or b"-"
    return (
        f'"{ip}" - - {timestamp} "{escaped(request.method)} {escaped(request.uri)} '
        f'{escaped(request.clientproto)}" {request.code} {request.sentLength or "-"} '
        f'"{escaped(referrer)}" "{escaped(agent)}"'
    )


@provider(IAccessLogFormatter)
def jsonLogFormatter(timestamp: str, request: Request) -> str:
    """
    The same as an object of JSON, for programs: ``time``, ``client``, ``method``, ``uri``,
    ``protocol``, ``status``, ``bytes``, ``referrer``, ``agent``; what is not known is null.
    """
    host = getattr(request.client, "host", None)
    values = {
        "time": timestamp.strip("[]"),
        "client": host.decode("iso-8859-1") if isinstance(host, bytes) else host,
        "method": request.method.decode("iso-8859-1"),
        "uri": request.uri.decode("iso-8859-1"),
        "protocol": request.clientproto.decode("iso-8859-1"),
        "status": int(request.code),
        "bytes": request.sentLength,
        "referrer": _header(request, b"referer"),
        "agent": _header(request, b"user-agent"),
    }
    return json.dumps(values)


def _header(request: Request, name: bytes) -> str | None:
    value: bytes | None = request.getHeader(name)
    return None if value is None else value.decode("utf-8", "replace")


@provider(IAccessLogFormatter)
def combinedLogFormatter(timestamp: str, request: Request) -> str:
    """A line that says who asked for what, and what the answer was."""
    host = getattr(request.client, "host", "-")
    return log_line(escaped(host) if isinstance(host, bytes) else host, timestamp, request)


@provider(IAccessLogFormatter)
def proxiedLogFormatter(timestamp: str, request: Request) -> str:
    """
    The same with the client that a proxy names in ``X-Forwarded-For``, for servers behind one.
    """
    forwarded = request.getHeader(b"x-forwarded-for")
    if forwarded is None:
        line: str = combinedLogFormatter(timestamp, request)
        return line
    return log_line(escaped(forwarded.partition(b",")[0].strip()), timestamp, request)
