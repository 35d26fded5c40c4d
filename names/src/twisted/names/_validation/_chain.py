"""From the keys that are known from the start to those of a zone, step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from twisted.names import dns, error
from twisted.names._recursive._delegations import parents
from twisted.names._validation._denial import Denial, delegates
from twisted.names._validation._signatures import Checker, Keys, RRset, group, of_zone
from twisted.names._wire.names import ends_in, normal, undotted

__all__ = ["BogusError", "Chain", "Zone", "absolute", "negative", "proofs"]

#: Zones that are remembered, and seconds for which they are at most.
MOST_ZONES = 1000
LONGEST = 3600

Sections = tuple[Sequence[dns.RRHeader], Sequence[dns.RRHeader]]


class BogusError(error.ResolverError):
    """
    A signature that must be there is missing or wrong.

    It is no `DomainError`: nobody else is asked then.
    """

    __module__ = "twisted.names.dnssec"


@dataclass
class Zone:
    """
    A zone.

    @ivar keys: with which it signs, or None if it does not.
    @ivar until: when to look again, by the clock of the reactor.
    """

    name: bytes
    keys: Keys | None
    until: float


def absolute(name: bytes) -> bytes:
    """A name to which no search list applies."""
    return undotted(name) + b"."


def negative(failed: error.DNSNameError) -> dns.Message | None:
    """The message that said that there is no such name, if that is known."""
    message = failed.args[0] if failed.args else None
    return message if isinstance(message, dns.Message) else None


def proofs(rrsets: Iterable[RRset], zone: Zone, checker: Checker) -> Denial:
    """What a zone says with its signature about what is not there."""
    held: list[dns.RRHeader] = []
    for rrset in rrsets:
        denies = rrset.type in (dns.NSEC, dns.NSEC3)
        if denies and checker.believed(rrset, zone.name, zone.keys or ()):
            held += rrset.headers
    return Denial(zone.name, held, checker.hash)


class Chain:
    """Finds the zones that names belong to, and their keys."""

    def __init__(
        self,
        ask: Callable[[dns.Query], Any],
        anchors: Mapping[bytes, Sequence[dns.Record_DS]],
        seconds: Callable[[], float],
    ) -> None:
        """
        @param ask: looks up what a question asks for.
        @param anchors: digests of the keys of zones; none at all for one that does not sign.
        @param seconds: tells the time, from some moment on.
        """
        self._ask = ask
        self._anchors = anchors
        self._seconds = seconds
        self._zones: dict[bytes, Zone] = {}

    def _anchor(self, name: bytes) -> bytes | None:
        """The closest zone at or above a name whose keys are known from the start."""
        return next((zone for zone in parents(name) if zone in self._anchors), None)

    def candidates(self, name: bytes, type: int, rrsets: Iterable[RRset]) -> list[bytes | None]:
        """
        What zones a name may belong to: those that sign, from below, and that shown from above.
        """
        anchor = self._anchor(name)
        if anchor is None:
            return [None]
        signers = {normal(s.signer.name) for rrset in rrsets for s in rrset.signatures}
        fitting = [
            signer
            for signer in signers
            if ends_in(name, signer)
            and ends_in(signer, anchor)
            and not (type == dns.DS and name and signer == name)
        ]
        return [*sorted(fitting, key=len, reverse=True), None]

    async def zone(
        self, name: bytes, type: int, claimed: bytes | None, checker: Checker
    ) -> Zone | None:
        """
        The zone that records of a name belong to.

        @param claimed: one of the `candidates`.
        @return: None if it is not a zone that is known to sign.
        @raise BogusError: if it is not proven what zone it is.
        """
        if claimed is None:
            return await self._from_above(name, type, checker)
        return await self._signing(claimed, checker)

    def _known(self, name: bytes) -> Zone | None:
        zone = self._zones.get(name)
        return zone if zone is not None and zone.until > self._seconds() else None

    def _remember(self, zone: Zone) -> Zone:
        """Keep what is known of a zone; the oldest goes if there are too many."""
        self._zones.pop(zone.name, None)
        if len(self._zones) >= MOST_ZONES:
            del self._zones[next(iter(self._zones))]
        self._zones[zone.name] = zone
        return zone

    def _unsigned(self, name: bytes, seconds: float = LONGEST) -> Zone:
        return Zone(name, None, self._seconds() + min(seconds, LONGEST))

    async def _question(self, name: bytes, type: int, checker: Checker) -> Sections:
        """What there is, and what is said of what there is not."""
        checker.question()
        try:
            answers, authority, _ = await self._ask(dns.Query(absolute(name), type))
        except error.DNSNameError as failed:
            message = negative(failed)
            return [], message.authority if message is not None else []
        return answers, authority

    async def _signing(self, name: bytes, checker: Checker) -> Zone | None:
        """A zone that is known, or named by signatures all the way from one that is known."""
        if (known := self._known(name)) is not None:
            return known
        if name in self._anchors:
            return await self._signed(name, self._anchors[name], checker)
        answers, _ = await self._question(name, dns.DS, checker)
        for rrset in group(answers):
            if rrset.type != dns.DS or rrset.name != name:
                continue
            for parent in self.candidates(name, dns.DS, [rrset]):
                above = await self._signing(parent, checker) if parent is not None else None
                if above is None:
                    continue
                if above.keys is None:
                    return above
                if checker.holds(rrset, above.name, above.keys) is not None:
                    return await self._signed(name, rrset.payloads(), checker)
        return None

    async def _from_above(self, name: bytes, type: int, checker: Checker) -> Zone:
        """
        The zone that a name belongs to, as the zones above it say.

        @raise BogusError: if it is not proven which that is.
        """
        anchor = self._anchor(name)
        if anchor is None:
            return self._unsigned(b"")
        below = [n for n in parents(name)[::-1] if ends_in(n, anchor) and n != anchor]
        if type == dns.DS and below:
            # Its records stand in the zone above.
            below.pop()
        zone = self._known(anchor) or await self._signed(anchor, self._anchors[anchor], checker)
        for child in below:
            if zone.keys is None:
                break
            zone = self._known(child) or await self._child(zone, child, checker) or zone
        return zone

    async def _child(self, zone: Zone, name: bytes, checker: Checker) -> Zone | None:
        """
        The zone that begins at a name, or None if none does.

        @raise BogusError: if neither is proven.
        """
        keys = zone.keys or ()
        answers, authority = await self._question(name, dns.DS, checker)
        for rrset in group(answers):
            if not ends_in(name, rrset.name) or checker.holds(rrset, zone.name, keys) is None:
                continue
            if rrset.type == dns.DS and rrset.name == name:
                return await self._signed(name, rrset.payloads(), checker)
            if rrset.type == (dns.CNAME if rrset.name == name else dns.DNAME):
                return None
        said = proofs(group(authority), zone, checker)
        types = said.types(name)
        if types is not None and dns.DS not in types:
            return self._remember(self._unsigned(name)) if delegates(types) else None
        if types is None and said.noExactName(name):
            # Among names that opted out there may be zones that do not sign.
            return self._remember(self._unsigned(name)) if said.insecure else None
        raise BogusError(f"it is not proven that the zone {name!r} does not sign")

    async def _signed(
        self, name: bytes, digests: Sequence[dns.Record_DS], checker: Checker
    ) -> Zone:
        """
        A zone with its keys, that digests vouch for; it is remembered.

        @raise BogusError: if they do not.
        """
        if checker.entitled(name, (), digests) is None:
            return self._remember(self._unsigned(name))
        answers, _ = await self._question(name, dns.DNSKEY, checker)
        for rrset in group(answers):
            if rrset.type != dns.DNSKEY or rrset.name != name:
                continue
            keys = of_zone(rrset.payloads())
            entitled = checker.entitled(name, keys, digests) or ()
            if checker.holds(rrset, name, entitled) is not None:
                seconds = min(LONGEST, *(header.ttl for header in rrset.headers))
                return self._remember(Zone(name, keys, self._seconds() + seconds))
        raise BogusError(f"the keys of {name!r} are not those that the zone above names")
