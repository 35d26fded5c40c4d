"""Cookies as they are written into headers, and read from them (RFC 6265)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from twisted.web.http_headers import _checked

_SAME_SITE = frozenset({b"lax", b"strict", b"none"})


def _part(value: object) -> bytes:
    """
    A part of a cookie, in which semicolons become spaces.

    @raise ValueError: if a line break or NUL is in it.
    """
    if not isinstance(value, bytes):
        value = str(value).encode("utf-8")
    return _checked(value).replace(b";", b" ")


def set_cookie(
    name: object,
    value: object,
    attributes: Mapping[bytes, object | None],
    flags: Mapping[bytes, object],
    same_site: object | None,
) -> bytes:
    """
    The value of a ``Set-Cookie`` header.

    @param attributes: by their names; those that are None are left out.
    @param flags: whether those that have no value are there.
    @param same_site: ``"lax"``, ``"strict"`` or ``"none"``, or nothing.
    @raise ValueError: if ``same_site`` is something else, or a line break or NUL in any of it.
    """
    parts = [_part(name) + b"=" + _part(value)]
    parts += [key + b"=" + _part(each) for key, each in attributes.items() if each is not None]
    parts += [key for key, wanted in flags.items() if wanted]
    if same_site:
        policy = _part(same_site).lower()
        if policy not in _SAME_SITE:
            raise ValueError(f"Invalid value for sameSite: {same_site!r}")
        parts.append(b"SameSite=" + policy)
    return b"; ".join(parts)


def read_cookies(header: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Names and values in a ``Cookie`` header; what has no name is left out."""
    for cookie in header.split(b";"):
        name, sign, value = cookie.lstrip().partition(b"=")
        if sign:
            yield name, value
