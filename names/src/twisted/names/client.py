"""
Look names up.

::

    answers, authority, additional = await client.lookupAddress("example.com")
    print([header.payload.dottedQuad() for header in answers if header.type == dns.A])

The functions of this module ask `getResolver`: the file of hosts, a cache, and the servers that
``/etc/resolv.conf`` names.  `Resolver` asks servers of your choice; `TLSResolver` and
`HTTPSResolver` do so where nobody on the way can read or change it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zope.interface import moduleProvides

from twisted.internet.interfaces import IResolver
from twisted.names import cache, common, dns, resolve
from twisted.names import hosts as _hosts
from twisted.names._client._hostnames import HostnameResolver
from twisted.names._client._https import HTTPSResolver
from twisted.names._client._streams import StreamResolver, TLSResolver
from twisted.names._client._stub import Resolver
from twisted.names._client._transfer import AXFRController, DNSClientFactory

__all__ = [
    "AXFRController",
    "DNSClientFactory",
    "HTTPSResolver",
    "HostnameResolver",
    "Resolver",
    "StreamResolver",
    "TLSResolver",
    "createResolver",
    "getHostByName",
    "getResolver",
    "query",
    "lookupAFSDatabase",
    "lookupAddress",
    "lookupAddress6",
    "lookupAllRecords",
    "lookupAuthority",
    "lookupCanonicalName",
    "lookupHostInfo",
    "lookupIPV6Address",
    "lookupMailBox",
    "lookupMailExchange",
    "lookupMailGroup",
    "lookupMailRename",
    "lookupMailboxInfo",
    "lookupNameservers",
    "lookupNamingAuthorityPointer",
    "lookupNull",
    "lookupPointer",
    "lookupResponsibility",
    "lookupSenderPolicy",
    "lookupService",
    "lookupText",
    "lookupWellKnownServices",
    "lookupZone",
]

moduleProvides(IResolver)

#: What the functions of this module ask; None until it is needed.
theResolver: Any = None


def createResolver(
    servers: Any = None, resolvconf: str | bytes | None = None, hosts: str | bytes | None = None
) -> resolve.ResolverChain:
    """
    A resolver that knows the file of hosts, remembers, and asks servers.

    @param servers: pairs of an IP address and a port, besides those of the file.
    @param resolvconf: the file that names servers, ``/etc/resolv.conf`` if it is None.
    @param hosts: the file of hosts, ``/etc/hosts`` if it is None.
    """
    known = _hosts.Resolver(hosts or b"/etc/hosts")
    asks = Resolver(resolvconf or b"/etc/resolv.conf", servers)
    return resolve.ResolverChain([known, cache.CacheResolver(), asks])


def getResolver() -> Any:
    """The resolver that the functions of this module ask; it is made when it is first needed."""
    global theResolver
    if theResolver is None:
        theResolver = createResolver()
    return theResolver


def getHostByName(name: str | bytes, timeout: Any = None, effort: int = 10) -> Any:
    """Look up one address of a host; see `common.ResolverBase.getHostByName`."""
    return getResolver().getHostByName(name, timeout, effort)


def query(query: dns.Query, timeout: Any = None) -> common.Lookup:
    """Look up what a question asks for."""
    answer: common.Lookup = getResolver().query(query, timeout)
    return answer


def _function(method: str) -> Callable[..., common.Lookup]:
    """What calls a method of the resolver."""

    def lookup(name: str | bytes, timeout: Any = None) -> common.Lookup:
        answer: common.Lookup = getattr(getResolver(), method)(name, timeout)
        return answer

    lookup.__name__ = lookup.__qualname__ = method
    lookup.__doc__ = getattr(common.ResolverBase, method).__doc__
    return lookup


lookupAddress = _function("lookupAddress")
lookupIPV6Address = _function("lookupIPV6Address")
lookupAddress6 = _function("lookupAddress6")
lookupNameservers = _function("lookupNameservers")
lookupCanonicalName = _function("lookupCanonicalName")
lookupAuthority = _function("lookupAuthority")
lookupMailBox = _function("lookupMailBox")
lookupMailGroup = _function("lookupMailGroup")
lookupMailRename = _function("lookupMailRename")
lookupNull = _function("lookupNull")
lookupWellKnownServices = _function("lookupWellKnownServices")
lookupPointer = _function("lookupPointer")
lookupHostInfo = _function("lookupHostInfo")
lookupMailboxInfo = _function("lookupMailboxInfo")
lookupMailExchange = _function("lookupMailExchange")
lookupText = _function("lookupText")
lookupSenderPolicy = _function("lookupSenderPolicy")
lookupResponsibility = _function("lookupResponsibility")
lookupAFSDatabase = _function("lookupAFSDatabase")
lookupService = _function("lookupService")
lookupZone = _function("lookupZone")
lookupAllRecords = _function("lookupAllRecords")
lookupNamingAuthorityPointer = _function("lookupNamingAuthorityPointer")
