"""URLs in parts (RFC 3986)."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlunparse

from twisted.web.http import urlparse

__all__ = ["URI", "joined"]

#: A URL as most are: without parameters, and with a host.
_USUAL = re.compile(
    rb"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#;\[\]\s]+)([^?#;\s]*)(?:\?([^#;\s]*))?(?:#([^;\s]*))?"
)

_PORTS = {b"http": 80, b"https": 443}


class URI:
    """
    A URL of a server, in parts.

    @ivar scheme: such as ``b"http"``.
    @ivar netloc: the host and the port, as they were written.
    @ivar host: the name or the address, without brackets.
    @ivar port: its number.
    @ivar path: with a leading slash, or empty.
    @ivar params: what follows a semicolon in the last segment of the path.
    @ivar query: what follows the question mark.
    @ivar fragment: what follows the hash sign.
    """

    __module__ = "twisted.web.client"

    def __init__(
        self,
        scheme: bytes,
        netloc: bytes,
        host: bytes,
        port: int,
        path: bytes,
        params: bytes,
        query: bytes,
        fragment: bytes,
    ) -> None:
        self.scheme = scheme
        self.netloc = netloc
        self.host = host.strip(b"[]")
        self.port = port
        self.path = path
        self.params = params
        self.query = query
        self.fragment = fragment

    @classmethod
    def fromBytes(cls, uri: bytes, defaultPort: int | None = None) -> URI:
        """
        The parts of a URL.

        @param defaultPort: where none is named; by default that of the scheme.
        """
        uri = uri.strip()
        found = _USUAL.fullmatch(uri)
        if found is not None:
            scheme, netloc, path, query, fragment = found.groups(b"")
            scheme, params = scheme.lower(), b""
        else:
            scheme, netloc, path, params, query, fragment = urlparse(uri)
        if defaultPort is None:
            defaultPort = _PORTS.get(scheme, 80)
        host, sign, digits = netloc.rpartition(b":")
        if not sign or b"]" in digits:
            host, digits = netloc, b""
        port = int(digits) if digits.isdigit() else defaultPort
        if digits and not digits.isdigit():
            host = netloc
        return cls(scheme, netloc, host, port, path, params, query, fragment)

    def toBytes(self) -> bytes:
        """The whole URL."""
        return urlunparse(
            (self.scheme, self.netloc, self.path, self.params, self.query, self.fragment)
        )

    @property
    def originForm(self) -> bytes:
        """What of it the server is asked for (RFC 9112, section 3.2.1)."""
        path = self.path
        if self.params:
            path += b";" + self.params
        if self.query:
            path += b"?" + self.query
        return path if path[:1] == b"/" else b"/" + path

    @property
    def origin(self) -> tuple[bytes, bytes, int]:
        """What has to be the same for two URLs to trust one another (RFC 6454)."""
        return self.scheme, self.host.lower(), self.port


def joined(base: bytes, reference: bytes) -> bytes:
    """
    The URL that a reference means beside another one.

    It inherits the fragment of that (RFC 9110, section 10.2.2).
    """
    whole = urljoin(base, reference)
    fragment = base.partition(b"#")[2]
    if fragment and b"#" not in reference:
        whole += b"#" + fragment
    return whole
