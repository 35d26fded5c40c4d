"""A cache of answers, and of what is known not to be (RFC 2308)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from heapq import heapify, heappop, heappush
from typing import Any

from twisted.internet.currentreactor import currentReactor
from twisted.internet.defer import fail, succeed
from twisted.names import dns
from twisted.names.common import Lookup, ResolverBase, Sections
from twisted.names.error import DNSNameError, DomainError
from twisted.python.failure import Failure

__all__ = ["CacheResolver", "negativeTTL"]

#: Entries that are kept at most; then the oldest goes.
MOST_ENTRIES = 10_000

#: Seconds that anything is kept at most: a day, and three hours for what is not there.
LONGEST = 86_400
LONGEST_NEGATIVE = 10_800


def negativeTTL(authority: Iterable[dns.RRHeader]) -> int | None:
    """
    The seconds for which "there is none" may be kept, or None if the zone does not say.

    Source: RFC 2308 §5.
    """
    for header in authority:
        if isinstance(header.payload, dns.Record_SOA):
            minimum: int = header.payload.minimum
            return min(header.ttl, minimum, LONGEST_NEGATIVE)
    return None


class CacheResolver(ResolverBase):
    """
    A resolver that knows what it was told.

    @ivar cache: by question, when the answers came and what they are.
    @ivar verbose: ignored.
    @ivar mostEntries: how many answers are kept.
    @ivar prefetch: which share of its time an answer must have left, or else `isStale` says that
        it is to be looked up anew; 0 to never do that.
    """

    cache: dict[dns.Query, tuple[float, Sections]]

    def __init__(
        self,
        cache: Mapping[dns.Query, tuple[float, Sections]] | None = None,
        verbose: int = 0,
        reactor: Any = None,
        *,
        mostEntries: int = MOST_ENTRIES,
        prefetch: float = 0,
    ) -> None:
        """
        @param cache: what is known from the start.
        """
        super().__init__()
        self.verbose = verbose
        self.mostEntries = mostEntries
        self.prefetch = prefetch
        self._reactor = currentReactor(reactor)
        self.cache = {}
        self._missing: dict[dns.Query, DomainError] = {}
        # When an entry ends, and which telling of it that is.
        self._until: dict[dns.Query, tuple[float, int]] = {}
        # What ends when; a question stands there once for each time it was told.
        self._ends: list[tuple[float, int, dns.Query]] = []
        self._told = 0
        self._timer: Any = None
        for query, (told, payload) in (cache or {}).items():
            self.cacheResult(query, payload, told)

    def __contains__(self, query: dns.Query) -> bool:
        """Is it known what a question asks for, or that there is none?"""
        return (query in self.cache or query in self._missing) and not self._ended(query)

    def isStale(self, query: dns.Query) -> bool:
        """Has an answer so little time left that it should be looked up anew?"""
        entry = self.cache.get(query)
        if entry is None or not self.prefetch:
            return False
        until, _ = self._until[query]
        return bool(until - self._reactor.seconds() < self.prefetch * (until - entry[0]))

    def _ended(self, query: dns.Query) -> bool:
        # Times to live are whole seconds; what ends now is removed by a call that is under way.
        return bool(self._until[query][0] + 1 < self._reactor.seconds())

    def _lookup(self, name: bytes, cls: int, type: int, timeout: Any) -> Lookup:
        query = dns.Query(name, type, cls)
        if query not in self:
            return fail(DomainError(name))
        if (missing := self._missing.get(query)) is not None:
            return fail(Failure(missing))
        told, sections = self.cache[query]
        passed = max(0, int(self._reactor.seconds() - told))
        answers, authority, additional = (
            [_aged(header, passed) for header in section] for section in sections
        )
        return succeed((answers, authority, additional))

    def cacheResult(
        self, query: dns.Query, payload: Sections, cacheTime: float | None = None
    ) -> None:
        """
        Keep answers for as long as the shortest lived of them may be kept.

        @param cacheTime: when they came, by the clock of the reactor; None for now.
        """
        answers, authority, additional = payload
        now = self._reactor.seconds()
        times = [h.ttl for section in payload for h in section if h.type != dns.OPT]
        negative = None if answers else negativeTTL(authority)
        if negative is not None:
            times = [negative]
        self.clearEntry(query)
        told = now if cacheTime is None else cacheTime
        self.cache[query] = (told, (answers, authority, additional))
        self._keep(query, told + min(min(times, default=0), LONGEST))

    def cacheMissing(self, query: dns.Query, authority: Iterable[dns.RRHeader]) -> None:
        """
        Keep that a name does not exist, if its zone says for how long that may be.

        @param authority: the records of the zone that came with that answer.
        """
        ttl = negativeTTL(authority)
        if ttl:
            self.clearEntry(query)
            self._missing[query] = DNSNameError(query.name.name)
            self._keep(query, self._reactor.seconds() + ttl)

    def clearEntry(self, query: dns.Query) -> None:
        """Forget what is known about a question."""
        self.cache.pop(query, None)
        self._missing.pop(query, None)
        self._until.pop(query, None)

    def _keep(self, query: dns.Query, until: float) -> None:
        """Note when an entry ends; the oldest one goes if there are too many."""
        self._told += 1
        self._until[query] = (until, self._told)
        heappush(self._ends, (until, self._told, query))
        if len(self._until) > self.mostEntries:
            self.clearEntry(next(iter(self._until)))
        if len(self._ends) > 2 * self.mostEntries + 16:
            self._ends = [end for end in self._ends if self._until.get(end[2]) == end[:2]]
            heapify(self._ends)
        self._schedule()

    def _schedule(self) -> None:
        """See that the entry that ends first is removed then."""
        first = self._ends[0][0]
        if self._timer is not None and self._timer.active():
            if self._timer.getTime() <= first:
                return
            self._timer.cancel()
        delay = max(0, first - self._reactor.seconds())
        self._timer = self._reactor.callLater(delay, self._removeEnded)

    def _removeEnded(self) -> None:
        """Forget what has ended."""
        now = self._reactor.seconds()
        while self._ends and self._ends[0][0] <= now:
            until, told, query = heappop(self._ends)
            if self._until.get(query) == (until, told):
                self.clearEntry(query)
        if self._ends:
            self._schedule()

    def lookupAllRecords(self, name: str | bytes, timeout: Any = None) -> Lookup:
        """Nothing is known to be all that there is."""
        return fail(DomainError(name))


def _aged(header: dns.RRHeader, passed: int) -> dns.RRHeader:
    """A record as it is some seconds after it came."""
    aged = copy(header)
    aged.ttl = max(0, header.ttl - passed)
    aged.cachedResponse = True
    return aged
