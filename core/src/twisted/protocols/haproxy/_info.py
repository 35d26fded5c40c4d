"""What a header says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from zope.interface import implementer

from twisted.protocols.haproxy._interfaces import IProxyInfo

__all__ = ["ProxyInfo"]


@implementer(IProxyInfo)
@dataclass(frozen=True)
class ProxyInfo:
    """
    What a header says.

    @ivar header: its octets.
    @ivar source: the address of the client, or None if it is not known.
    @ivar destination: the address that the client connected to, or None.
    """

    header: bytes
    source: Any
    destination: Any
