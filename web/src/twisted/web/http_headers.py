"""Headers of HTTP messages: any number of values for each name, whatever its case."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import AnyStr, TypeVar, overload

__all__ = ["Headers", "InvalidHeaderName"]

_T = TypeVar("_T")

#: RFC 9110, section 5.6.2.
_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


class InvalidHeaderName(ValueError):
    """The name of a header is no token."""


#: Names that are written in another way than with a capital letter for each part.
_UNUSUAL = {
    b"content-md5": b"Content-MD5",
    b"dnt": b"DNT",
    b"etag": b"ETag",
    b"p3p": b"P3P",
    b"te": b"TE",
    b"www-authenticate": b"WWW-Authenticate",
    b"x-xss-protection": b"X-XSS-Protection",
}

#: How names that were met before are written.  Names of requests come from peers, so it is bounded.
_canonical: dict[bytes, bytes] = dict(_UNUSUAL)
_CANONICAL_LIMIT = 1000


def _canonicalName(name: bytes) -> bytes:
    """A lower-case name as it is written: ``Content-Type``."""
    known = _canonical.get(name)
    if known is None:
        known = b"-".join([part.capitalize() for part in name.split(b"-")])
        if len(_canonical) < _CANONICAL_LIMIT:
            _canonical[name] = known
    return known


#: What names that were met before are in lower case; programs use few, in a few spellings.
_encoded: dict[str | bytes, bytes] = {}


# Looking for a number in bytes is several times as fast as looking for bytes.
_CR, _LF, _NUL = b"\r\n\0"


def _checked(text: bytes) -> bytes:
    """
    A value that holds no line break, which would begin another header (CWE-113).

    @raise ValueError: if it holds one, or NUL.
    """
    if _CR in text or _LF in text or _NUL in text:
        raise ValueError(f"a line break or NUL in a header: {text!r}")
    return text


def _encodeName(name: str | bytes) -> bytes:
    """
    A name in lower case, as bytes.

    @raise InvalidHeaderName: if it is no token.
    """
    known = _encoded.get(name)
    if known is not None:
        return known
    encoded = name.encode("iso-8859-1") if isinstance(name, str) else name
    if not _TOKEN.fullmatch(encoded):
        raise InvalidHeaderName(f"a name is a token, without line break or NUL: {encoded!r}")
    checked = encoded.lower()
    if len(_encoded) < _CANONICAL_LIMIT:
        _encoded[name] = checked
    return checked


class _NameEncoder:
    """How names are written."""

    @staticmethod
    def encode(name: str | bytes) -> bytes:
        """
        A name as it is written.

        @raise InvalidHeaderName: if it is no token.
        """
        return _canonicalName(_encodeName(name))


_nameEncoder = _NameEncoder()


def _encodeValue(value: str | bytes) -> bytes:
    """A value as bytes, without space around it."""
    if isinstance(value, str):
        value = value.encode("utf-8")
    return _checked(value)


class Headers:
    """
    Names, each with a list of values, in the order in which the names came.

    Names and values may be given as text or bytes; they are kept as bytes, and given back as bytes
    unless they are asked for by a name in text.  Line breaks and NUL raise `ValueError`.
    """

    __slots__ = ("__weakref__", "_rawHeaders")

    def __init__(self, rawHeaders: Mapping[AnyStr, Sequence[AnyStr]] | None = None) -> None:
        """
        @param rawHeaders: values by name.
        """
        self._rawHeaders: dict[bytes, list[bytes]] = {}
        if rawHeaders is not None:
            for name, values in rawHeaders.items():
                self.setRawHeaders(name, values)

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}({dict(self.getAllRawHeaders())!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Headers):
            return NotImplemented
        mine = {name: sorted(values) for name, values in self._rawHeaders.items()}
        return mine == {name: sorted(values) for name, values in other._rawHeaders.items()}

    __hash__ = None  # type: ignore[assignment]

    def copy(self) -> Headers:
        """Other headers of the same content."""
        copied = self.__class__()
        copied._rawHeaders = {name: list(values) for name, values in self._rawHeaders.items()}
        return copied

    def hasHeader(self, name: str | bytes) -> bool:
        """Whether there is a value of a name."""
        return _encodeName(name) in self._rawHeaders

    def removeHeader(self, name: str | bytes) -> None:
        """Remove all values of a name."""
        self._rawHeaders.pop(_encodeName(name), None)

    def _setOne(self, name: str | bytes, value: str | bytes) -> None:
        """Set the one value of a name, as `setRawHeaders` does, but sooner."""
        known = _encoded.get(name)
        if known is None or type(value) is not bytes:
            self.setRawHeaders(name, [value])
            return
        self._rawHeaders[known] = [_checked(value)]

    def setRawHeaders(self, name: str | bytes, values: object) -> None:
        """
        Set the values of a name.

        @param values: a list or tuple of values.
        @raise TypeError: if it is anything else.
        @raise ValueError: if a line break or NUL is in them.
        """
        if not isinstance(values, list | tuple):
            raise TypeError(f"the values of a header are a list of text or bytes, not {values!r}")
        if not isinstance(name, bytes | str):
            raise TypeError(f"the name of a header is text or bytes, not {name!r}")
        encoded = []
        for value in values:
            if not isinstance(value, bytes | str):
                raise TypeError(f"a value of a header is text or bytes, not {value!r}")
            encoded.append(_encodeValue(value))
        self._rawHeaders[_encodeName(name)] = encoded

    def addRawHeader(self, name: str | bytes, value: str | bytes) -> None:
        """
        Add a value to those of a name.

        @raise TypeError: if something is neither text nor bytes.
        @raise ValueError: if a line break or NUL is in it.
        """
        if not isinstance(name, bytes | str):
            raise TypeError(f"the name of a header is text or bytes, not {name!r}")
        if not isinstance(value, bytes | str):
            raise TypeError(f"a value of a header is text or bytes, not {value!r}")
        encodedName, encodedValue = _encodeName(name), _encodeValue(value)
        self._rawHeaders.setdefault(encodedName, []).append(encodedValue)

    @overload
    def getRawHeaders(self, name: AnyStr) -> Sequence[AnyStr] | None: ...

    @overload
    def getRawHeaders(self, name: AnyStr, default: _T) -> Sequence[AnyStr] | _T: ...

    def getRawHeaders(self, name: AnyStr, default: object = None) -> object:
        """
        The values of a name, in text if the name is.

        @param default: given back if there are none.
        """
        values = self._rawHeaders.get(_encodeName(name))
        if values is None:
            return default
        if isinstance(name, str):
            return [value.decode("utf-8", "replace") for value in values]
        return values

    def getAllRawHeaders(self) -> Iterator[tuple[bytes, Sequence[bytes]]]:
        """All names, as they are written, with their values."""
        for name, values in self._rawHeaders.items():
            yield _canonicalName(name), values
