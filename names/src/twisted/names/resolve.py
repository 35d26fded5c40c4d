"""Several resolvers in a row: the next one is asked what the one before does not know."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred, TimeoutError, fail
from twisted.internet.interfaces import IResolver
from twisted.names import dns
from twisted.names.cache import CacheResolver
from twisted.names.common import Lookup, ResolverBase
from twisted.names.error import DNSNameError, DomainError
from twisted.python.failure import Failure

__all__ = ["FailureHandler", "ResolverChain"]

_NOT_KNOWN = (DomainError, TimeoutError, NotImplementedError)


class FailureHandler:
    """
    An errback that asks another resolver.

    @ivar resolver: what to call, with a question and a timeout.
    """

    def __init__(
        self,
        resolver: Callable[[Any, Any], Deferred[Any]],
        query: dns.Query | str | bytes,
        timeout: Any,
    ) -> None:
        self.resolver = resolver
        self.query = query
        self.timeout = timeout

    def __call__(self, failure: Failure) -> Deferred[Any]:
        """Ask, if the failure says that the answer is not known."""
        failure.trap(*_NOT_KNOWN)
        return self.resolver(self.query, self.timeout)


class ResolverChain(ResolverBase):
    """
    Resolvers that are asked in turn until one knows.

    A `CacheResolver` among them is told what those behind it find out.

    @ivar resolvers: them.
    """

    def __init__(self, resolvers: Sequence[Any]) -> None:
        super().__init__()
        self.resolvers: list[Any] = [IResolver(resolver, resolver) for resolver in resolvers]

    def _lookup(self, name: bytes, cls: int, type: int, timeout: Any) -> Lookup:
        if not self.resolvers:
            return fail(DomainError("there is no resolver"))
        return self._ask(dns.Query(name, type, cls), timeout, self.resolvers)

    def _ask(self, query: dns.Query, timeout: Any, resolvers: Sequence[Any]) -> Lookup:
        """Ask the first resolver, and after it the others."""
        first, *others = resolvers
        if isinstance(first, CacheResolver) and others:
            if query in first:
                if first.isStale(query):
                    self._learn(first, query, timeout, others).addErrback(lambda failure: None)
                return first.query(query, timeout)
            return self._learn(first, query, timeout, others)
        answer: Lookup = first.query(query, timeout)
        if others:

            def further(again: Any, timeout: Any) -> Lookup:
                return self._ask(query, timeout, others)

            answer.addErrback(FailureHandler(further, query, timeout))
        return answer

    def _learn(
        self, cache: CacheResolver, query: dns.Query, timeout: Any, resolvers: Sequence[Any]
    ) -> Lookup:
        """Ask resolvers, and tell a cache what they say."""

        def told(outcome: Any) -> Any:
            if not isinstance(outcome, Failure):
                cache.cacheResult(query, outcome)
            elif outcome.check(DNSNameError) and isinstance(outcome.value.args[0], dns.Message):
                cache.cacheMissing(query, outcome.value.args[0].authority)
            return outcome

        answer: Lookup = self._ask(query, timeout, resolvers).addBoth(told)
        return answer

    def lookupAllRecords(self, name: str | bytes, timeout: Any = None) -> Lookup:
        """Look up all records that some resolver cares to tell (ANY)."""
        return self._lookup(dns.domainString(name), dns.IN, dns.ALL_RECORDS, timeout)
