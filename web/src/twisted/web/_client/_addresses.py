"""Which addresses may be connected to."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from zope.interface import implementer

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectError
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.protocol import Factory

__all__ = ["AddressRefused", "CheckedEndpoint", "isPublicAddress"]


class AddressRefused(ConnectError):
    """The address of a host is one that is not connected to."""

    __module__ = "twisted.web.client"

    MESSAGE = "Address not allowed"


def isPublicAddress(address: IPv4Address | IPv6Address) -> bool:
    """
    Whether an address is of a host in the Internet: not of this one, of a private network, of
    a link, or any other that is set apart (RFC 6890).

    Addresses of IPv6 that stand for one of IPv4 are what that is.
    """
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _TRANSLATED:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return isPublicAddress(inner)
    return address.is_global and not address.is_multicast


class _Translated:
    """The addresses of IPv6 that translators make of those of IPv4 (RFC 6052)."""

    _PREFIX = int(IPv6Address("64:ff9b::")) >> 32

    def __contains__(self, address: IPv6Address) -> bool:
        return int(address) >> 32 == self._PREFIX


_TRANSLATED = _Translated()


@implementer(IStreamClientEndpoint)
class CheckedEndpoint:
    """
    Another endpoint, of which no connection is used whose address is refused.

    It is the address that was connected to which is looked at, before anything is sent: that holds
    for names, too, whatever they are looked up to be and however often.
    """

    def __init__(self, endpoint: Any, mayConnect: Callable[[Any], bool]) -> None:
        """
        @param mayConnect: called with an `IPv4Address` or `IPv6Address` of `ipaddress`.
        """
        self._endpoint = endpoint
        self._mayConnect = mayConnect

    def connect(self, protocolFactory: Any) -> Deferred[Any]:
        """Connect; it may fail with `AddressRefused`. See `IStreamClientEndpoint`."""

        def build(address: Any) -> Any:
            host = str(address.host).partition("%")[0]
            if not self._mayConnect(ip_address(host)):
                raise AddressRefused(string=host)
            return protocolFactory.buildProtocol(address)

        checked = Factory()
        checked.noisy = False
        checked.doStart = protocolFactory.doStart  # type: ignore[method-assign]
        checked.doStop = protocolFactory.doStop  # type: ignore[method-assign]
        checked.buildProtocol = build  # type: ignore[method-assign, assignment]
        connected: Deferred[Any] = self._endpoint.connect(checked)
        return connected
