"""What resolvers have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from zope.interface import implementer

from twisted.internet.defer import Deferred, fail, maybeDeferred
from twisted.internet.interfaces import IResolver
from twisted.names import dns, error
from twisted.names._dns.primitives import domainString

__all__ = ["EMPTY_RESULT", "Lookup", "ResolverBase", "Sections", "extractRecord", "typeToMethod"]

#: Answers, authority, additional records.
Sections = tuple[Sequence[dns.RRHeader], Sequence[dns.RRHeader], Sequence[dns.RRHeader]]
Lookup = Deferred[Sections]
Timeout = Any

EMPTY_RESULT: Sections = (), (), ()

#: The method of resolvers for each type of records.
typeToMethod: dict[int, str] = {
    dns.A: "lookupAddress",
    dns.AAAA: "lookupIPV6Address",
    dns.A6: "lookupAddress6",
    dns.NS: "lookupNameservers",
    dns.CNAME: "lookupCanonicalName",
    dns.SOA: "lookupAuthority",
    dns.MB: "lookupMailBox",
    dns.MG: "lookupMailGroup",
    dns.MR: "lookupMailRename",
    dns.NULL: "lookupNull",
    dns.WKS: "lookupWellKnownServices",
    dns.PTR: "lookupPointer",
    dns.HINFO: "lookupHostInfo",
    dns.MINFO: "lookupMailboxInfo",
    dns.MX: "lookupMailExchange",
    dns.TXT: "lookupText",
    dns.SPF: "lookupSenderPolicy",
    dns.RP: "lookupResponsibility",
    dns.AFSDB: "lookupAFSDatabase",
    dns.SRV: "lookupService",
    dns.NAPTR: "lookupNamingAuthorityPointer",
    dns.AXFR: "lookupZone",
    dns.ALL_RECORDS: "lookupAllRecords",
}

_ERRORS: dict[Any, type[Exception]] = {
    dns.EFORMAT: error.DNSFormatError,
    dns.ESERVER: error.DNSServerError,
    dns.ENAME: error.DNSNameError,
    dns.ENOTIMP: error.DNSNotImplementedError,
    dns.EREFUSED: error.DNSQueryRefusedError,
}


@implementer(IResolver)
class ResolverBase:
    """
    A resolver all of whose look-ups are done by one method, `_lookup`.

    @ivar typeToMethod: by the type of records, the method that looks them up.
    """

    typeToMethod: dict[int, Callable[..., Any]]

    def __init__(self) -> None:
        self.typeToMethod = {kind: getattr(self, name) for kind, name in typeToMethod.items()}

    def exceptionForCode(self, responseCode: Any) -> type[Exception]:
        """The kind of error that a response code stands for."""
        return _ERRORS.get(responseCode, error.DNSUnknownError)

    def query(self, query: dns.Query, timeout: Timeout = None) -> Lookup:
        """Look up what a question asks for, with the method for its type, or with `_lookup`."""
        method = self.typeToMethod.get(query.type)
        if method is not None:
            return maybeDeferred(method, query.name.name, timeout)
        return maybeDeferred(self._lookup, query.name.name, query.cls, query.type, timeout)

    def _lookup(self, name: bytes, cls: int, type: int, timeout: Timeout) -> Lookup:
        """
        Look up records.

        @param timeout: seconds for each attempt, or None for the resolver's own.
        @return: fires with three sequences of `dns.RRHeader`, or fails with
            `twisted.names.error.DomainError`.
        """
        return fail(NotImplementedError("ResolverBase._lookup"))

    def getHostByName(self, name: str | bytes, timeout: Timeout = None, effort: int = 10) -> Any:
        """
        Look up one address: IPv4 if there is any, else IPv6.

        @param effort: how many more aliases are followed.
        @return: fires with the address as text, or fails with `error.DomainError`.
        """
        return Deferred.fromCoroutine(self._address(domainString(name), timeout, effort))

    async def _address(self, name: bytes, timeout: Timeout, effort: int) -> str:
        problem: Exception = error.DNSNameError(name)
        for method in (self.lookupAddress, self.lookupIPV6Address):
            try:
                answers, _, _ = await maybeDeferred(method, name, timeout)
            except (error.DomainError, NotImplementedError) as failed:
                problem = failed
                continue
            found = await maybeDeferred(extractRecord, self, dns.Name(name), answers, effort)
            if found is not None:
                return str(found)
        raise problem

    def lookupAddress(self, name: str | bytes, timeout: Timeout = None) -> Lookup:
        """Look up IPv4 addresses (A)."""
        return self._lookup(domainString(name), dns.IN, dns.A, timeout)

    def lookupIPV6Address(self, name: str | bytes, timeout: Timeout = None) -> Lookup:
        """Look up IPv6 addresses (AAAA)."""
        return self._lookup(domainString(name), dns.IN, dns.AAAA, timeout)

    def lookupAddress6(self, name: str | bytes, timeout: Timeout = None) -> Lookup:
        """Look up IPv6 addresses in two parts (historic) (A6)."""
        return self._lookup(domainString(name), dns.IN, dns.A6, timeout)

    def lookupMailExchange(self, name: str | bytes, timeout: Timeout = None) -> Lookup:
        """Look up mail exchanges (MX)."""
        return self._lookup(domainString(name), dns.IN, dns.MX, timeout)

    def lookupNameservers(self, name: str | bytes, timeout: Timeout = None) -> Lookup:
        """Look up authoritative servers (NS)."""
        return self._lookup(domainString(name), dns.IN, dns.NS, timeout)

    def lookupCanonicalName(self, name: str | bytes, timeout: Timeout = None) -> Lookup:
        """Look up canonical name (CNAME)."""
        return self._lookup(domainString(name), dns.IN, dns.CNAME, timeout)

    def lookupMailBox(self, name: str | bytes, timeout: Timeout = None) -> Lookup:
        """Look up mailbox (MB)."""
        return self._lookup(domainString(name), dns.IN, dns.MB, timeout)

    def lookupMailGroup(self, name: str | bytes, timeout: Timeout = None) -> Lookup:
        """Look up mail group (MG)."""
        return self._lookup(domainString(name), dns.IN, dns.MG, timeout)

    def lookupMailRename(self, name: str | bytes, timeout: Timeout = None) -> Lookup:
        """Look up renamed mailbox (MR)."""
        return self._lookup(domainString(name), dns.IN, dns.MR, timeout)

    def lookupPointer(self, name: str | bytes, timeout: Timeout = None) -> Lookup:
        """Look up pointer (PTR)."""
        return self._lookup(domainString(name), dns.IN, dns.PTR, timeout)

    def lookupAuthority(self, name: str | bytes, timeout: Timeout = None) -> Lookup:
        """Look up start of authority (SOA)."""
        return self._lookup(domainString(name), dns.IN, dns.SOA, timeout)

    def lookupNull(self, name: str | bytes, timeout: Timeout = None) -> Lookup:
        """Look up null record (NULL)."""
        return self._lookup(domainString(name), dns.IN, dns.NULL, timeout)

    def lookupWellKnownServices(self, name: str | bytes, timeout: Timeout = None) -> Lookup:
        """Look up well known services (WKS)."""
        return self._lookup(domainString(name), dns.IN, dns.WKS, timeout)

    def lookupService(self, name: str | bytes, timeout: Timeout = None) -> Lookup:
        """Look up places of services (SRV)."""
        return self._lookup(domainString(name), dns.IN, dns.SRV, timeout)

    def lookupHostInfo(self, name: str | bytes, timeout: Timeout = None) -> Lookup:
        """Look up host information (HINFO)."""
        return self._lookup(domainString(name), dns.IN, dns.HINFO, timeout)

    def lookupMailboxInfo(self, name: str | bytes, timeout: Timeout = None) -> Lookup:
        """Look up mailbox information (MINFO)."""
        return self._lookup(domainString(name), dns.IN, dns.MINFO, timeout)

    def lookupText(self, name: str | bytes, timeout: Timeout = None) -> Lookup:
        """Look up texts (TXT)."""
        return self._lookup(domainString(name), dns.IN, dns.TXT, timeout)

    def lookupSenderPolicy(self, name: str | bytes, timeout: Timeout = None) -> Lookup:
        """Look up sender policy (SPF)."""
        return self._lookup(domainString(name), dns.IN, dns.SPF, timeout)

    def lookupResponsibility(self, name: str | bytes, timeout: Timeout = None) -> Lookup:
        """Look up responsible persons (RP)."""
        return self._lookup(domainString(name), dns.IN, dns.RP, timeout)

    def lookupAFSDatabase(self, name: str | bytes, timeout: Timeout = None) -> Lookup:
        """Look up AFS databases (AFSDB)."""
        return self._lookup(domainString(name), dns.IN, dns.AFSDB, timeout)

    def lookupZone(self, name: str | bytes, timeout: Timeout = None) -> Lookup:
        """Look up all records of a zone (AXFR)."""
        return self._lookup(domainString(name), dns.IN, dns.AXFR, timeout)

    def lookupNamingAuthorityPointer(self, name: str | bytes, timeout: Timeout = None) -> Lookup:
        """Look up rewriting rules (NAPTR)."""
        return self._lookup(domainString(name), dns.IN, dns.NAPTR, timeout)

    def lookupAllRecords(self, name: str | bytes, timeout: Timeout = None) -> Lookup:
        """Look up all records that the server cares to tell (ANY)."""
        return self._lookup(domainString(name), dns.IN, dns.ALL_RECORDS, timeout)


def extractRecord(
    resolver: Any, name: dns.Name, answers: Sequence[dns.RRHeader], level: int = 10
) -> Any:
    """
    The address of a name, from the answers to a question for it.

    @param resolver: looks up the name that an alias leads to, if the answers do not have it.
    @param level: how many more aliases are followed.
    @return: the address as text, None, or a `Deferred` of either.
    """
    if not level:
        return None
    for kind in (dns.Record_A, dns.Record_AAAA):
        for header in answers:
            if header.name == name and isinstance(header.payload, kind):
                return header.payload._address
    for header in answers:
        if header.name == name and isinstance(header.payload, dns.Record_CNAME):
            target = header.payload.name
            found = extractRecord(resolver, target, answers, level - 1)
            if found is not None or any(known.name == target for known in answers):
                return found
            return resolver.getHostByName(target.name, effort=level - 1)
    return None
