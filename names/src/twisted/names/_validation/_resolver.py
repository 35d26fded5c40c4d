"""A resolver that believes only what is signed, or shown to be unsigned."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from twisted.internet.currentreactor import currentReactor
from twisted.internet.defer import Deferred
from twisted.names import common, dns, error
from twisted.names._recursive._delegations import parents
from twisted.names._validation._chain import BogusError, Chain, absolute, negative, proofs
from twisted.names._validation._signatures import Checker, Limits, RRset, expanded, group
from twisted.names._wire.names import joined, labels, normal

__all__ = ["ANCHORS", "ValidatingResolver"]

#: The keys of the root (IANA's root-anchors.xml): those of 2017 and 2024.
ANCHORS = (
    dns.Record_DS(
        20326,
        8,
        2,
        bytes.fromhex("E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D"),
    ),
    dns.Record_DS(
        38696,
        8,
        2,
        bytes.fromhex("683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16"),
    ),
)

#: Aliases that are followed through an answer.
MOST_ALIASES = 16

Anchors = Sequence[dns.Record_DS] | Mapping[Any, Sequence[dns.Record_DS]]


class ValidatingResolver(common.ResolverBase):
    """
    A resolver that checks what another one finds.

    ::

        resolver = dnssec.ValidatingResolver(client.Resolver("/etc/resolv.conf"))
        answers, _, _ = await resolver.lookupAddress("example.com")

    Answers have ``authenticated`` set to whether they are signed; those of zones that are shown
    not to sign are handed out, too.  All else fails with `BogusError`.  Names are taken for whole:
    no search list applies.  It needs the extra ``dnssec``.

    @ivar limits: what one look-up may cost.
    """

    __module__ = "twisted.names.dnssec"

    limits: type[Limits] = Limits

    def __init__(
        self,
        resolver: Any,
        anchors: Anchors = ANCHORS,
        reactor: Any = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """
        @param resolver: what asks, and has the attributes ``dnssecOK`` and ``checkingDisabled``;
            it is made to ask for signatures, and to have nobody else check them.
        @param anchors: the digests of the keys of the root; or, by their names, those of several
            zones, where none at all stand for a zone that does not sign.
        @param now: tells the time, in seconds since 1970.
        @raise ImportError: if dnspython is not installed.
        @raise TypeError: if the resolver cannot ask for signatures.
        """
        super().__init__()
        Checker(self.limits, now)
        if not hasattr(resolver, "dnssecOK"):
            raise TypeError(f"{resolver!r} cannot ask for signatures")
        resolver.dnssecOK = resolver.checkingDisabled = True
        self._resolver = resolver
        self._now = now
        self._chain = Chain(self._asked, _byName(anchors), currentReactor(reactor).seconds)

    def _asked(self, query: dns.Query) -> Any:
        return self._resolver.query(query)

    def _lookup(self, name: bytes, cls: int, type: int, timeout: Any) -> common.Lookup:
        query = dns.Query(absolute(name), type, cls)
        if cls != dns.IN or type == dns.RRSIG:
            # There are no signatures but for the Internet, and none of signatures.
            answer: common.Lookup = self._resolver.query(query, timeout)
            return answer
        return Deferred.fromCoroutine(self._checked(query, timeout))

    async def _checked(self, query: dns.Query, timeout: Any) -> common.Sections:
        """Look up, and check."""
        checker = Checker(self.limits, self._now)
        missing: error.DNSNameError | None = None
        try:
            answers, authority, _ = await self._resolver.query(query, timeout)
        except error.DNSNameError as failed:
            message = negative(failed)
            if message is None:
                raise
            missing, answers, authority = failed, message.answers, message.authority
        said = group(authority)
        name, chain = await self._followed(query, group(answers), said, checker)
        found = [r for r in group(answers) if r.name == name and _wanted(query.type, r)]
        if found and missing is None:
            for rrset in found:
                await self._believe(rrset, said, checker)
            kept = [header for rrset in [*chain, *found] for header in rrset.all()]
            return kept, [], []
        proof, secure = await self._denied(name, query.type, missing is not None, said, checker)
        if missing is not None:
            missing.args[0].authenticData = int(secure)
            raise missing
        return [header for rrset in chain for header in rrset.all()], proof, []

    async def _followed(
        self, query: dns.Query, answers: Sequence[RRset], said: Sequence[RRset], checker: Checker
    ) -> tuple[bytes, list[RRset]]:
        """
        The name that the aliases of an answer lead to, and those, which are checked.

        @raise BogusError: if one is not signed as it must be.
        """
        name = normal(query.name.name)
        chain: list[RRset] = []
        known = {(rrset.name, rrset.type): rrset for rrset in answers}
        for _ in range(MOST_ALIASES):
            if query.type in (dns.CNAME, dns.ALL_RECORDS) or (name, query.type) in known:
                return name, chain
            alias = known.get((name, dns.CNAME))
            above = [known[n, dns.DNAME] for n in parents(name)[1:] if (n, dns.DNAME) in known]
            if above:
                # What follows from it needs no signature of its own (RFC 6672 §5.3.1).
                await self._believe(above[0], said, checker)
                target = _replaced(name, above[0])
                chain.append(above[0])
                if alias is not None and normal(alias.payloads()[0].name.name) == target:
                    alias.mark(bool(above[0].headers[0].authenticated))
                    chain.append(alias)
                name = target
            elif alias is not None:
                await self._believe(alias, said, checker)
                chain.append(alias)
                name = normal(alias.payloads()[0].name.name)
            else:
                return name, chain
        raise error.ResolverError(f"{query.name} has too many aliases")

    async def _believe(self, rrset: RRset, said: Sequence[RRset], checker: Checker) -> None:
        """
        See that records are signed, or of a zone that does not sign.

        @raise BogusError: if neither is so.
        """
        chain, reason = self._chain, ""
        for claimed in chain.candidates(rrset.name, rrset.type, [rrset]):
            try:
                zone = await chain.zone(rrset.name, rrset.type, claimed, checker)
            except BogusError as problem:
                reason = reason or str(problem)
                continue
            if zone is None:
                continue
            secure = zone.keys is not None
            if zone.keys is not None:
                signature = checker.holds(rrset, zone.name, zone.keys)
                if signature is None:
                    reason = reason or checker.reason
                    continue
                if expanded(rrset, signature):
                    proof = proofs(said, zone, checker)
                    if not proof.noCloserName(rrset.name, signature.labels):
                        raise BogusError(f"a wildcard may not stand for {rrset.name!r}")
                    secure = not proof.insecure
            rrset.mark(secure)
            return
        raise BogusError(f"{rrset.name!r} is not signed as it must be: {reason}")

    async def _denied(
        self, name: bytes, type: int, missing: bool, said: Sequence[RRset], checker: Checker
    ) -> tuple[list[dns.RRHeader], bool]:
        """
        See that it is proven that there is nothing, or that the zone does not sign.

        @return: the records that say so, and whether it is proven.
        @raise BogusError: if neither is so.
        """
        chain = self._chain
        of_zone = [r for r in said if r.type in (dns.SOA, dns.NSEC, dns.NSEC3)]
        for claimed in chain.candidates(name, type, of_zone):
            zone = await chain.zone(name, type, claimed, checker)
            if zone is None:
                continue
            if zone.keys is None:
                return [header for rrset in of_zone for header in rrset.all()], False
            proof = proofs(of_zone, zone, checker)
            proven = proof.noName(name) if missing else proof.noType(name, type)
            if not proven and type == dns.DS and not missing:
                proven = proof.noExactName(name) and proof.insecure
            if proven:
                held = [r for r in of_zone if checker.believed(r, zone.name, zone.keys)]
                return [header for r in held for header in r.all()], not proof.insecure
        raise BogusError(f"it is not proven that there is no {name!r}")


def _byName(anchors: Anchors) -> dict[bytes, Sequence[dns.Record_DS]]:
    """Anchors by the names of their zones."""
    if isinstance(anchors, Mapping):
        return {normal(dns.domainString(name)): digests for name, digests in anchors.items()}
    return {b"": anchors}


def _wanted(type: int, rrset: RRset) -> bool:
    """Does a question for a type ask for these records?"""
    return type in (rrset.type, dns.ALL_RECORDS)


def _replaced(name: bytes, rrset: RRset) -> bytes:
    """
    What a name is an alias for, if there is such a record above it.

    @raise BogusError: if that is too long for a name.
    """
    own, above = labels(name), labels(rrset.name)
    target = joined(own[: len(own) - len(above)] + labels(rrset.payloads()[0].name.name))
    try:
        dns.Record_CNAME(target).toWire()
    except ValueError:
        raise BogusError(f"{name!r} would be an alias for too long a name") from None
    return normal(target)
