"""Limits of the rate of replies, so that nobody is flooded in another's name."""

from __future__ import annotations

from collections import OrderedDict
from enum import Enum
from functools import lru_cache
from ipaddress import ip_address

__all__ = ["MOST_TRACKED", "RateLimit", "Verdict"]

#: How many kinds of replies are kept account of at a time.
MOST_TRACKED = 100_000


class Verdict(Enum):
    """What becomes of a reply."""

    SEND = "send"
    TRUNCATE = "truncate"
    DROP = "drop"


class RateLimit:
    """
    How many replies of a kind go to a network in a second over UDP.

    An attacker who asks in the name of a victim gets the victim little: most replies beyond the
    limit are dropped; some are sent without records and marked as truncated, so that an honest
    client behind the same address asks again over TCP, which cannot be done in another's name.

    Source: Vixie, Schryver: "DNS Response Rate Limiting (DNS RRL)", ISC-TN-2012-1.

    @ivar perSecond: how many.
    @ivar window: for how many seconds a flood is remembered.
    @ivar slip: each how manyth reply beyond the limit is sent truncated; 0 for none.
    @ivar networks: the bits of addresses of IPv4 and of IPv6 that make a network.
    @ivar loopback: whether the machine's own programs are limited, too.
    """

    __module__ = "twisted.names.server"

    def __init__(
        self,
        perSecond: int,
        window: int = 15,
        slip: int = 2,
        networks: tuple[int, int] = (24, 56),
        loopback: bool = False,
    ) -> None:
        if perSecond < 1 or window < 1 or slip < 0:
            raise ValueError("a limit of rate is a positive number")
        self.perSecond = perSecond
        self.window = window
        self.slip = slip
        self.networks = networks
        self.loopback = loopback
        # What may be sent to a network yet, when that was, and how much was not sent.
        self._accounts: OrderedDict[tuple[object, object], list[float]] = OrderedDict()

    def verdict(self, host: str, kind: object, now: float) -> Verdict:
        """
        Decide about a reply.

        @param host: the address of the client.
        @param kind: replies that are equal in this belong together.
        @param now: the time in seconds.
        """
        network = _network(host, self.networks)
        if network is None and not self.loopback:
            return Verdict.SEND
        key = (network, kind)
        account = self._accounts.get(key)
        if account is None:
            if len(self._accounts) >= MOST_TRACKED:
                self._accounts.popitem(last=False)
            account = self._accounts[key] = [float(self.perSecond), now, 0]
        most = float(self.perSecond)
        account[0] = min(most, account[0] + (now - account[1]) * most) - 1
        account[1] = now
        if account[0] >= 0:
            return Verdict.SEND
        account[0] = max(account[0], -most * self.window)
        account[2] += 1
        if self.slip and account[2] % self.slip == 0:
            return Verdict.TRUNCATE
        return Verdict.DROP


@lru_cache(maxsize=MOST_TRACKED)
def _network(host: str, bits: tuple[int, int]) -> int | None:
    """The network of an address; None for that of the machine itself."""
    address = ip_address(host.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None:
        address = mapped
    if address.is_loopback:
        return None
    shift = address.max_prefixlen - bits[address.version == 6]
    return address.version << 128 | int(address) >> shift
