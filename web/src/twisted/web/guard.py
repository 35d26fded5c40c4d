"""
Resources for those who log in, by Basic or Digest authentication.

::

    factories = [DigestCredentialFactory(b"sha-256", b"example.org")]
    site = Site(HTTPAuthSessionWrapper(Portal(realm, [checker]), factories))
"""

from __future__ import annotations

from twisted.web._auth.basic import BasicCredentialFactory
from twisted.web._auth.digest import DigestCredentialFactory
from twisted.web._auth.wrapper import HTTPAuthSessionWrapper

__all__ = ["BasicCredentialFactory", "DigestCredentialFactory", "HTTPAuthSessionWrapper"]
