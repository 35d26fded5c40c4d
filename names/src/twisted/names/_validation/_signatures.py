"""Signatures, with dnspython as the library."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from typing import Any

from twisted.names import dns
from twisted.names._wire.names import ends_in, labels, normal, wire_name
from twisted.names.error import ResolverError

__all__ = ["Checker", "Keys", "Limits", "RRset", "expanded", "group"]

#: Digests of keys that count (RFC 8624 §3.3).
_DIGESTS = {2: "SHA256", 4: "SHA384"}

#: Algorithms of keys that count (RFC 8624 §3.1).
_ALGORITHMS = (5, 7, 8, 10, 13, 14, 15, 16)

#: Flags of a key: it is a zone's; it is revoked (RFC 4034 §2.1.1, RFC 5011 §2.1).
_ZONE_KEY = 0x100
_REVOKED = 0x80

Keys = Sequence[dns.Record_DNSKEY]


class RRset:
    """
    All records of a name and a type, with their signatures.

    @ivar name: the name, in lower case.
    @ivar headers: the records.
    @ivar signatures: those that cover them.
    @ivar zone: which zone was found to have made one.
    """

    zone: bytes | None = None

    def __init__(self, name: bytes, type: int) -> None:
        self.name = name
        self.type = type
        self.headers: list[dns.RRHeader] = []
        self.signatures: list[dns.Record_RRSIG] = []
        self._covers: list[dns.RRHeader] = []

    def payloads(self) -> list[Any]:
        """The data of the records."""
        return [header.payload for header in self.headers]

    def cover(self, header: dns.RRHeader) -> None:
        """Add a signature."""
        self._covers.append(header)
        self.signatures.append(header.payload)

    def all(self) -> list[dns.RRHeader]:
        """The records and the signatures."""
        return self.headers + self._covers

    def mark(self, authenticated: bool) -> None:
        """Note whether the records are signed as they must be."""
        for header in self.headers:
            header.authenticated = authenticated

    def keep(self, seconds: float) -> None:
        """See that nobody keeps the records for longer than that."""
        for header in self.all():
            header.ttl = max(0, min(header.ttl, int(seconds)))


def group(headers: Iterable[dns.RRHeader]) -> list[RRset]:
    """Sort records by name and type, and signatures to what they cover."""
    found: dict[tuple[bytes, int], RRset] = {}
    signatures = []
    for header in headers:
        if header.cls != dns.IN:
            continue
        name = normal(header.name.name)
        if isinstance(header.payload, dns.Record_RRSIG):
            signatures.append((name, header))
        else:
            found.setdefault((name, header.type), RRset(name, header.type)).headers.append(header)
    for name, header in signatures:
        rrset = found.get((name, header.payload.typeCovered))
        if rrset is not None:
            rrset.cover(header)
    return list(found.values())


class Limits:
    """
    What one look-up may cost, so that no zone makes it expensive (CVE-2023-50387, CVE-2023-50868).

    @ivar checks: signatures and digests of keys that are checked for each answer of a server.
    @ivar failures: how many of them, in all answers together, may be wrong.
    @ivar questions: questions for keys, and for what the zones above say of them.
    @ivar hashes: how often names are hashed (NSEC3).
    """

    checks = 16
    failures = 16
    questions = 64
    hashes = 20_000


class Checker:
    """
    Checks signatures for one look-up.

    @ivar reason: why the last signature that was looked for is not there.
    """

    def __init__(self, limits: type[Limits], now: Callable[[], float]) -> None:
        """
        @raise ImportError: if dnspython is not installed.
        """
        self._most = self._checks = limits.checks
        self._failures = limits.failures
        self._questions = limits.questions
        self._hashes = limits.hashes
        self._now = now
        self.reason = ""
        try:
            self._dnssec = import_module("dns.dnssec")
            self._name = import_module("dns.name")
            self._rdata = import_module("dns.rdata")
            self._rrset = import_module("dns.rrset")
        except ImportError as missing:
            raise ImportError(
                "validation needs dnspython: install twisted-names[dnssec]"
            ) from missing

    def question(self) -> None:
        """
        Spend a question, whose answer may have as many signatures as any.

        @raise ResolverError: if there were too many.
        """
        self._questions -= 1
        if self._questions < 0:
            raise ResolverError("validation takes too many questions")
        self._checks = self._most

    def hash(self, times: int) -> None:
        """
        Spend so many calculations of a hash.

        @raise ResolverError: if there were too many.
        """
        self._hashes -= times
        if self._hashes < 0:
            raise ResolverError("too many names to hash")

    def _check(self) -> None:
        """Spend a check."""
        self._checks -= 1
        if self._checks < 0 or self._failures < 0:
            raise ResolverError("too many signatures to check")

    def _named(self, name: bytes) -> Any:
        """A name as dnspython has it."""
        return self._name.from_wire(wire_name(name), 0)[0]

    def _data(self, type: int, payload: Any) -> Any:
        """The data of a record as dnspython has it."""
        wire = payload.toWire()
        return self._rdata.from_wire(dns.IN, type, wire, 0, len(wire))

    def holds(self, rrset: RRset, zone: bytes, keys: Keys) -> dns.Record_RRSIG | None:
        """
        The signature that some key of a zone has made for records, or None if there is none.

        Then nobody may keep them for longer than it says (RFC 4035 §5.3.3).

        @raise ResolverError: if too many signatures would have to be checked.
        """
        self.reason = "there is no signature"
        if not ends_in(rrset.name, zone):
            return None
        now = self._now()
        for signature in rrset.signatures:
            if normal(signature.signer.name) != normal(zone):
                continue
            if not signature.inception <= now <= signature.expiration:
                early = now < signature.inception
                self.reason = f"the signature {'does not hold yet' if early else 'has expired'}"
                continue
            self.reason = "no key of the zone made the signature"
            for key in keys:
                if key.algorithm != signature.algorithm or key.keyTag != signature.keyTag:
                    continue
                self._check()
                if self._made(rrset, signature, zone, key):
                    rrset.keep(min(signature.originalTTL, signature.expiration - now))
                    return signature
                self._failures -= 1
        return None

    def believed(self, rrset: RRset, zone: bytes, keys: Keys) -> bool:
        """Is there such a signature?  What was found to have one is not checked anew."""
        if rrset.zone != zone and self.holds(rrset, zone, keys) is not None:
            rrset.zone = zone
            rrset.mark(True)
        return rrset.zone == zone

    def _made(
        self, rrset: RRset, signature: dns.Record_RRSIG, zone: bytes, key: dns.Record_DNSKEY
    ) -> bool:
        """Was a signature made with a key?"""
        try:
            theirs = self._rrset.from_rdata_list(
                self._named(rrset.name),
                signature.originalTTL,
                [self._data(rrset.type, payload) for payload in rrset.payloads()],
            )
            signer = self._named(zone)
            keys = self._rrset.from_rdata_list(signer, 0, [self._data(dns.DNSKEY, key)])
            self._dnssec.validate_rrsig(
                theirs, self._data(dns.RRSIG, signature), {signer: keys}, None, self._now()
            )
        except Exception:
            # Whatever the libraries make of keys and signatures of strangers, it does not hold.
            return False
        return True

    def entitled(self, zone: bytes, keys: Keys, digests: Sequence[dns.Record_DS]) -> Keys | None:
        """
        The keys of a zone that the digests in the zone above name.

        @return: None if all digests are of kinds that are not known: the zone counts as unsigned.
        @raise ResolverError: if too many digests would have to be made.
        """
        known = [
            digest
            for digest in digests
            if digest.digestType in _DIGESTS and digest.algorithm in _ALGORITHMS
        ]
        if not known:
            return None
        return [key for key in keys if self._named_by(key, zone, known)]

    def _named_by(
        self, key: dns.Record_DNSKEY, zone: bytes, digests: Sequence[dns.Record_DS]
    ) -> bool:
        """Does one of some digests name a key?"""
        for digest in digests:
            if digest.keyTag != key.keyTag or digest.algorithm != key.algorithm:
                continue
            self._check()
            made = self._dnssec.make_ds(
                self._named(zone), self._data(dns.DNSKEY, key), _DIGESTS[digest.digestType]
            )
            if made.digest == digest.digest:
                return True
            self._failures -= 1
        return False


def of_zone(keys: Keys) -> Keys:
    """Those keys that a zone may sign with."""
    return [k for k in keys if k.flags & _ZONE_KEY and not k.flags & _REVOKED and k.protocol == 3]


def expanded(rrset: RRset, signature: dns.Record_RRSIG) -> bool:
    """Were records made from a wildcard?"""
    own = labels(rrset.name)
    return signature.labels < len(own) - (own[:1] == [b"*"])
