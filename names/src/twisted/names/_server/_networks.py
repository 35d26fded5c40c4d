"""Who may: networks of clients."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

__all__ = ["LOOPBACK", "Networks"]

#: The machine itself.
LOOPBACK = ("127.0.0.0/8", "::1/128")


class Networks:
    """A set of addresses, given as addresses and networks such as C{192.0.2.0/24}."""

    def __init__(self, networks: Iterable[str]) -> None:
        """
        @raise ValueError: one of them is none.
        """
        self._networks = tuple(ip_network(network) for network in networks)

    def hold(self, host: str) -> bool:
        """Tell whether an address is one of them."""
        try:
            address = _address(host)
        except ValueError:
            return False
        return any(address in network for network in self._networks)


@lru_cache(maxsize=10_000)
def _address(host: str) -> IPv4Address | IPv6Address:
    """An address; one of IPv4 in the form of IPv6 is one of IPv4."""
    address = ip_address(host.partition("%")[0])
    return getattr(address, "ipv4_mapped", None) or address
