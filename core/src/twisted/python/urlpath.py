"""URLs in parts, and how to get from one to others near by."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, unquote_to_bytes, urljoin, urlsplit

__all__ = ["URLPath"]

#: What stands for itself in a path and in a query (RFC 3986), percent signs of what is quoted
#: included.
_PATH_SAFE = "/:@!$&'()*+,;=~%"
_QUERY_SAFE = _PATH_SAFE + "?"


def _quoted(part: bytes, safe: str) -> bytes:
    """A part with everything quoted that cannot stand for itself."""
    return quote(part, safe=safe).encode("ascii")


class URLPath:
    """
    A URL.

    @ivar scheme: such as ``b"http"``.
    @ivar netloc: the host, and the port if one is named.
    @ivar path: with percent signs.
    @ivar query: without the question mark.
    @ivar fragment: without the hash sign.
    """

    scheme: bytes
    netloc: bytes
    path: bytes
    query: bytes
    fragment: bytes

    def __init__(
        self,
        scheme: bytes = b"",
        netloc: bytes = b"localhost",
        path: bytes = b"",
        query: bytes = b"",
        fragment: bytes = b"",
    ) -> None:
        self.scheme = scheme or b"http"
        self.netloc = netloc
        self.path = _quoted(path if path.startswith(b"/") else b"/" + path, _PATH_SAFE)
        self.query = _quoted(query, _QUERY_SAFE)
        self.fragment = _quoted(fragment, _QUERY_SAFE)

    @classmethod
    def fromString(cls, url: str) -> URLPath:
        """
        Take a URL apart.

        @raise ValueError: if it is not text.
        """
        if not isinstance(url, str):
            raise ValueError("'url' must be a str")
        parts = urlsplit(url)
        encoded = [part.encode("utf-8") for part in parts]
        made = cls(*encoded)
        made.scheme = encoded[0]
        return made

    @classmethod
    def fromBytes(cls, url: bytes) -> URLPath:
        """
        Take a URL apart.

        @raise ValueError: if it is not bytes.
        """
        if not isinstance(url, bytes):
            raise ValueError("'url' must be bytes")
        return cls.fromString(url.decode("utf-8"))

    @classmethod
    def fromRequest(cls, request: Any) -> URLPath:
        """The URL of the resource that a request of `twisted.web` leads to."""
        return cls.fromBytes(request.prePathURL())

    def __str__(self) -> str:
        return bytes(self).decode("ascii")

    def __bytes__(self) -> bytes:
        url = self.path
        if self.netloc:
            url = b"//" + self.netloc + url
        if self.scheme:
            url = self.scheme + b":" + url
        if self.query:
            url += b"?" + self.query
        if self.fragment:
            url += b"#" + self.fragment
        return url

    def __repr__(self) -> str:
        return (
            f"URLPath(scheme={self.scheme!r}, netloc={self.netloc!r}, path={self.path!r}, "
            f"query={self.query!r}, fragment={self.fragment!r})"
        )

    def __eq__(self, other: object) -> bool:
        return bytes(self) == bytes(other) if isinstance(other, URLPath) else NotImplemented

    def __hash__(self) -> int:
        return hash(bytes(self))

    def pathList(self, unquote: bool = False, copy: bool = True) -> list[bytes]:
        """
        The segments of the path; the first one is empty.

        @param unquote: whether percent signs are resolved.
        """
        segments = self.path.split(b"/")
        return [unquote_to_bytes(segment) for segment in segments] if unquote else segments

    def _at(self, segments: list[bytes], keepQuery: bool) -> URLPath:
        """A URL of the same host with another path."""
        query = self.query if keepQuery else b""
        return URLPath(self.scheme, self.netloc, b"/".join(segments), query)

    def sibling(self, path: bytes, keepQuery: bool = False) -> URLPath:
        """
        The URL of something beside this.

        @param path: one segment; what cannot stand in one is quoted.
        """
        return self._at([*self.pathList()[:-1], _quoted(path, "")], keepQuery)

    def child(self, path: bytes, keepQuery: bool = False) -> URLPath:
        """
        The URL of something below this.

        @param path: one segment; what cannot stand in one is quoted.
        """
        segments = self.pathList()
        if segments[-1] == b"":
            segments.pop()
        return self._at([*segments, _quoted(path, "")], keepQuery)

    def parent(self, keepQuery: bool = False) -> URLPath:
        """The URL of what this is below."""
        segments = self.pathList()[:-2]
        return self._at([*(segments or [b""]), b""], keepQuery)

    def here(self, keepQuery: bool = False) -> URLPath:
        """The URL of the directory that this is in, which may be this."""
        return self._at([*self.pathList()[:-1], b""], keepQuery)

    def click(self, st: bytes) -> URLPath:
        """The URL that a link on this page leads to."""
        return URLPath.fromString(urljoin(str(self), st.decode("utf-8")))
