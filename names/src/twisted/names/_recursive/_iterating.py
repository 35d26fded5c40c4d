"""One question after another, from the root down to who knows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from twisted.internet.defer import TimeoutError
from twisted.names import dns
from twisted.names._recursive._budget import Budget
from twisted.names._recursive._delegations import Address, Delegations, parents
from twisted.names._recursive._reading import (
    Alias,
    Found,
    Missing,
    Nothing,
    Reading,
    Referral,
    read,
)
from twisted.names._wire.names import joined, labels, normal
from twisted.names.common import Sections
from twisted.names.error import DNSNameError, DomainError, ResolverError

__all__ = ["Ask", "Iterator"]

#: Servers of one zone that are asked.
MOST_SERVERS = 8

#: Names of few labels are asked for label by label, the rest in larger steps (RFC 9156 §2.3).
ONE_BY_ONE = 4
MOST_STEPS = 10

Ask = Callable[[dns.Query, Sequence[Address]], Awaitable[dns.Message]]


class Iterator:
    """
    Looks names up, with what is known of zones from before.

    @ivar minimise: whether servers are told no more of a name than they need (RFC 9156).
    @ivar port: where servers are that referrals lead to.
    """

    minimise = True
    port: int = dns.PORT

    def __init__(
        self,
        ask: Ask,
        roots: Callable[[], Sequence[Address]],
        delegations: Delegations,
        steps: int,
    ) -> None:
        """
        @param ask: asks some servers, in turn.
        @param roots: gives the servers of the root.
        @param steps: how far down the tree a look-up goes at most.
        """
        self._ask = ask
        self._roots = roots
        self._delegations = delegations
        self._steps = steps

    async def resolve(self, query: dns.Query, budget: Budget) -> Sections:
        """
        Look up what a question asks for.

        @raise DNSNameError: if there is no such name.
        @raise ResolverError: if nobody knows, or the budget is spent.
        """
        chain: list[dns.RRHeader] = []
        proofs: list[dns.RRHeader] = []
        seen = {normal(query.name.name)}
        while True:
            reading, message = await self._descend(query, budget)
            match reading:
                case Found(answers, proof):
                    return [*chain, *answers], [*proofs, *proof], []
                case Nothing(authority):
                    return chain, [*proofs, *authority], []
                case Alias(answers, target, proof) if normal(target) not in seen:
                    budget.alias()
                    chain += answers
                    proofs += proof
                    seen.add(normal(target))
                    query = dns.Query(target, query.type, query.cls)
                case Alias():
                    raise ResolverError(f"the alias {query.name} leads back to itself")
                case Missing():
                    message.answers = [*chain, *message.answers]
                    message.authority = [*proofs, *message.authority]
                    raise DNSNameError(message)
                case _:
                    raise ResolverError(f"nobody knows {query.name}")

    async def _descend(self, query: dns.Query, budget: Budget) -> tuple[Reading, dns.Message]:
        """Go down from the nearest zone that is known, until somebody knows."""
        # What a zone above says of the keys of one below is asked of that above.
        parent = query.type == dns.DS and parents(query.name.name)[1:2]
        known = self._delegations.nearest(parent[0] if parent else query.name.name)
        zone, servers = known or (b"", list(self._roots()))
        asked = _Steps(query, zone, self.minimise)
        for _ in range(self._steps + MOST_STEPS):
            if not servers:
                raise ResolverError(f"no server of {zone.decode('ascii', 'replace')!r} is known")
            partial = asked.next()
            message = await self._reply(partial, zone, servers, budget)
            reading = read(message, partial, zone)
            if isinstance(reading, Referral):
                zone = reading.zone
                servers = await self._servers(reading, query.cls, budget)
                asked = _Steps(query, zone, self.minimise)
                continue
            if partial is query:
                return reading, message
            if isinstance(reading, Found | Alias | Nothing):
                continue
            # Servers that say so of a name that has names below it are wrong; they are asked for
            # all of it.
            asked = _Steps(query, zone, minimise=False)
        raise ResolverError(f"the look-up of {query.name} takes too many steps")

    async def _reply(
        self, query: dns.Query, zone: bytes, servers: list[Address], budget: Budget
    ) -> dns.Message:
        """The answer of some server of a zone."""
        budget.query()
        try:
            return await self._ask(query, servers[:MOST_SERVERS])
        except TimeoutError:
            self._delegations.remove(zone)
            raise

    async def _servers(self, referral: Referral, cls: int, budget: Budget) -> list[Address]:
        """The addresses of the servers that a referral leads to, and remember them."""
        found = [a for name in referral.servers for a in referral.addresses.get(name, ())]
        problem: Exception | None = None
        for name in referral.servers:
            if found:
                break
            # What lies in the zone itself cannot be looked up without its servers.
            if name in budget.under_way or not budget.server():
                continue
            budget.under_way.add(name)
            try:
                answers, _, _ = await self.resolve(dns.Query(name, dns.A, cls), budget)
            except (DomainError, ResolverError, TimeoutError) as error:
                problem = error
                continue
            finally:
                budget.under_way.discard(name)
            found = [h.payload.dottedQuad() for h in answers if isinstance(h.payload, dns.Record_A)]
        if not found:
            raise problem or ResolverError("the servers of a zone have no addresses")
        # IPv6 may not work here: who has both is asked over IPv4.
        addresses = [(host, self.port) for host in sorted(found, key=lambda host: ":" in host)]
        self._delegations.add(referral.zone, addresses, referral.ttl)
        return addresses


class _Steps:
    """The questions for a name, each with more of it than the one before (RFC 9156 §2.3)."""

    def __init__(self, query: dns.Query, zone: bytes, minimise: bool) -> None:
        self._query = query
        self._parts = labels(query.name.name)
        self._shown = len(labels(zone)) if minimise else len(self._parts)
        self._taken = 0

    def next(self) -> dns.Query:
        """The next question; the last of them is the one that was asked at first."""
        left = len(self._parts) - self._shown
        if self._taken < ONE_BY_ONE:
            step = 1
        else:
            step = max(1, -(-left // max(1, MOST_STEPS - self._taken)))
        self._taken += 1
        self._shown += step
        if self._shown >= len(self._parts):
            return self._query
        return dns.Query(joined(self._parts[-self._shown :]), dns.A, self._query.cls)
