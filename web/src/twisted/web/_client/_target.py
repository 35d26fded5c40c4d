"""URLs as people write them, made into those that are sent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias
from urllib.parse import quote, unquote, urlencode, urljoin, urlsplit

import hyperlink

__all__ = ["Fields", "encodedFields", "fieldPairs", "preparedURL"]

Value: TypeAlias = str | bytes | int | float | None
Fields: TypeAlias = Mapping[str, Value | Sequence[Value]] | Iterable[tuple[str, Value]]

_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_NOT_IN_HOSTS = re.compile(rb"[^!-~]|[\"<>\\^`{|}%/?#@]")

#: What stays as it is in a path and in a query: what has a meaning there, and the percent sign.
_IN_PATH = "/%:@!$&'()*+,;=~"
_IN_QUERY = _IN_PATH + "?[]"


def _text(value: Value) -> str | bytes:
    """A value as forms send it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, (str, bytes)) else str(value)


def fieldPairs(fields: Fields) -> list[tuple[str, str | bytes]]:
    """Names and values, those of sequences one by one; None stands for nothing."""
    items: Iterable[tuple[str, Any]] = fields.items() if isinstance(fields, Mapping) else fields
    pairs: list[tuple[str, str | bytes]] = []
    for name, value in items:
        values = value if isinstance(value, (list, tuple)) else (value,)
        pairs += [(name, _text(each)) for each in values if each is not None]
    return pairs


def encodedFields(fields: Fields) -> str:
    """Fields as a query, or a form of type ``application/x-www-form-urlencoded``."""
    return urlencode(fieldPairs(fields))


def _host(name: str | None) -> bytes:
    """
    The name or address of a host, as it is sent.

    @raise ValueError: if it is none.
    """
    text = name or ""
    try:
        if not text.isascii():
            text = hyperlink.URL("http", text).to_uri().host
        host = text.encode("ascii")
    except ValueError:
        raise ValueError(f"not the name of a host: {name!r}") from None
    if not host or _NOT_IN_HOSTS.search(host):
        raise ValueError(f"not the name of a host: {name!r}")
    return b"[%b]" % host if b":" in host else host


def preparedURL(
    url: str | bytes, params: Fields | None = None, base: str = ""
) -> tuple[bytes, tuple[str, str] | None]:
    """
    A URL as it is sent: what is beyond ASCII encoded, without a fragment.

    @param params: fields that its query gets in addition.
    @param base: what a relative one is relative to.
    @return: it, and the user name and password that stood in it, if any did.
    @raise ValueError: if it is none of HTTP or HTTPS.
    """
    text = url.decode("ascii") if isinstance(url, bytes) else url
    if _CONTROLS.search(text):
        raise ValueError(f"a control character in a URL: {text!r}")
    parts = urlsplit(urljoin(base, text.strip()) if base else text.strip())
    scheme = parts.scheme.lower()
    if scheme not in ("http", "https"):
        raise ValueError(f"a URL begins with http:// or https://, not {text!r}")
    if "\\" in parts.netloc:
        # Browsers take it for a slash, so that another host would be meant.
        raise ValueError(f"a backslash in the host of a URL: {text!r}")
    netloc = _host(parts.hostname)
    if parts.port is not None:
        netloc += b":%d" % parts.port
    path = quote(parts.path or "/", safe=_IN_PATH)
    queries = [quote(parts.query, safe=_IN_QUERY), "" if params is None else encodedFields(params)]
    query = "&".join(each for each in queries if each)
    target = (f"{path}?{query}" if query else path).encode("ascii")
    credentials = None
    if parts.username is not None:
        credentials = unquote(parts.username), unquote(parts.password or "")
    return b"%b://%b%b" % (scheme.encode("ascii"), netloc, target), credentials
