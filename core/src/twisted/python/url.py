"""Addresses of things on the web, RFC 3986 and 3987, by the library of that name: hyperlink."""

from hyperlink import URL

__all__ = ["URL"]
