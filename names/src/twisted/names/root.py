"""
A resolver that asks nobody but those who know: from the servers of the root down.

::

    resolver = root.Resolver(["198.41.0.4", "199.9.14.201"])
    answers, _, _ = await resolver.lookupAddress("example.com")

What a server says is believed only for its own zone and below.  Servers are told no more of a name
than they need (RFC 9156), and what one look-up costs is bounded (`Budget`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import SystemRandom
from typing import Any

from twisted.internet.currentreactor import currentReactor
from twisted.internet.defer import Deferred, DeferredList
from twisted.names import client, dns
from twisted.names._recursive._budget import Budget
from twisted.names._recursive._delegations import Address, Delegations
from twisted.names._recursive._iterating import Iterator
from twisted.names.common import Lookup, ResolverBase

__all__ = ["DeferredResolver", "Resolver", "bootstrap", "makePlaceholder"]

#: Seconds for each round of attempts at the servers of a zone.
_ROUNDS = (1.5, 4)

_ROOTS = tuple(f"{letter}.root-servers.net" for letter in "abcdefghijklm")


class Resolver(ResolverBase):
    """
    A resolver that begins at the root.

    @ivar hints: addresses of servers of the root.
    @ivar minimise: whether servers are told no more of a name than they need.
    @ivar port: where servers are that referrals lead to.
    @ivar budget: makes what one look-up may cost.
    @ivar dnssecOK: whether servers are asked for the records of DNSSEC.
    """

    minimise = True
    dnssecOK = False
    port: int = dns.PORT
    budget: type[Budget] = Budget

    def __init__(
        self,
        hints: Sequence[str | Address],
        maximumQueries: int = 10,
        reactor: Any = None,
        resolverFactory: Callable[..., Any] | None = None,
    ) -> None:
        """
        @param hints: IP addresses of servers of the root, or pairs of one and a port.
        @param maximumQueries: how many steps down the tree a look-up takes.
        @param resolverFactory: makes what asks servers, given ``servers`` and ``reactor``; a
            `client.Resolver` if it is None.
        """
        super().__init__()
        self.hints = list(hints)
        self._maximumQueries = maximumQueries
        self._reactor = currentReactor(reactor)
        self._resolverFactory = resolverFactory or client.Resolver
        self._delegations = Delegations(lambda: self._reactor.seconds())
        self._random = SystemRandom()

    def _roots(self) -> list[Address]:
        """The servers of the root, in random order."""
        roots = [(hint, dns.PORT) if isinstance(hint, str) else hint for hint in self.hints]
        self._random.shuffle(roots)
        return roots

    async def _ask(self, query: dns.Query, servers: Sequence[Address]) -> dns.Message:
        """Ask servers until one answers, over TCP if the answer is long."""
        resolver = self._resolverFactory(servers=list(servers), reactor=self._reactor)
        resolver.recursionDesired = False
        resolver.dnssecOK = self.dnssecOK
        message: dns.Message = await resolver.queryUDP([query], _ROUNDS)
        if message.trunc:
            message = await resolver.queryTCP([query], _ROUNDS[-1])
        return message

    def _lookup(self, name: bytes, cls: int, type: int, timeout: Any) -> Lookup:
        iterator = Iterator(self._ask, self._roots, self._delegations, self._maximumQueries)
        iterator.minimise = self.minimise
        iterator.port = self.port
        return Deferred.fromCoroutine(iterator.resolve(dns.Query(name, type, cls), self.budget()))


def makePlaceholder(deferred: Deferred[Any], name: str) -> Callable[..., Deferred[Any]]:
    """
    A function that calls a method of an object that is not there yet.

    @param deferred: fires with the object, and is passed on.
    @param name: the name of the method.
    """

    def placeholder(*args: Any, **kwargs: Any) -> Deferred[Any]:
        result: Deferred[Any] = Deferred()

        def arrived(resolver: Any) -> Any:
            getattr(resolver, name)(*args, **kwargs).chainDeferred(result)
            return resolver

        deferred.addCallback(arrived)
        return result

    return placeholder


class DeferredResolver(Resolver):
    """
    A resolver whose look-ups wait until the addresses of the servers of the root are known.

    @ivar waiting: look-ups that wait.
    """

    def __init__(self, resolverDeferred: Deferred[Any]) -> None:
        """
        @param resolverDeferred: fires with a `Resolver`.
        """
        super().__init__([])
        self.waiting: list[Deferred[None]] = []
        self._ready = False
        resolverDeferred.addCallback(self.gotRealResolver)

    def gotRealResolver(self, resolver: Resolver) -> None:
        """Do look-ups from now on as a resolver does."""
        self.hints = resolver.hints
        self._resolverFactory = resolver._resolverFactory
        self._reactor = resolver._reactor
        self._ready = True
        waiting, self.waiting = self.waiting, []
        for deferred in waiting:
            deferred.callback(None)

    def _lookup(self, name: bytes, cls: int, type: int, timeout: Any) -> Lookup:
        if self._ready:
            return super()._lookup(name, cls, type, timeout)
        ready: Deferred[None] = Deferred()
        self.waiting.append(ready)
        ask = super()._lookup
        return ready.addCallback(lambda _: ask(name, cls, type, timeout))


def bootstrap(resolver: Any, resolverFactory: Callable[..., Any] | None = None) -> DeferredResolver:
    """
    A resolver that begins at the root, whose addresses another resolver finds.

    @param resolver: any that has ``getHostByName``.
    @param resolverFactory: see `Resolver`.
    """
    looked: DeferredList = DeferredList(
        [resolver.getHostByName(name) for name in _ROOTS], consumeErrors=True
    )

    def known(results: list[tuple[bool, str]]) -> Resolver:
        addresses = [address for success, address in results if success]
        return Resolver(addresses, resolverFactory=resolverFactory)

    return DeferredResolver(looked.addCallback(known))
