"""Names of hosts for the reactor, from a resolver of DNS."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from zope.interface import implementer

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, gatherResults, maybeDeferred
from twisted.internet.interfaces import (
    IAddress,
    IHostnameResolver,
    IHostResolution,
    IResolutionReceiver,
)
from twisted.logger import Logger
from twisted.names import dns
from twisted.names.common import Sections
from twisted.python.failure import Failure

__all__ = ["HostnameResolver"]

_log = Logger("twisted.names.client")

_KINDS = (
    (IPv4Address, "lookupAddress", dns.Record_A),
    (IPv6Address, "lookupIPV6Address", dns.Record_AAAA),
)


@implementer(IHostResolution)
class _Resolution:
    """
    One look-up under way.

    @ivar name: the name that is looked up.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.asking: Deferred[Any] | None = None
        self.cancelled = False

    def cancel(self) -> None:
        """Report no more, and give the look-up up."""
        self.cancelled = True
        if self.asking is not None:
            self.asking.cancel()


@implementer(IHostnameResolver)
class HostnameResolver:
    """
    What the reactor asks for all addresses of a host, IPv6 and IPv4 at once.

    ::

        reactor.installNameResolver(HostnameResolver(client.getResolver()))
    """

    __module__ = "twisted.names.client"

    def __init__(self, resolver: Any) -> None:
        """
        @param resolver: any `IResolver`.
        """
        self._resolver = resolver

    def resolveHostName(
        self,
        resolutionReceiver: IResolutionReceiver,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type[IAddress]] | None = None,
        transportSemantics: str = "TCP",
    ) -> IHostResolution:
        """Look a host up; see `IHostnameResolver`."""
        resolution = _Resolution(hostName)
        resolutionReceiver.resolutionBegan(resolution)
        kinds = [kind for kind in _KINDS if addressTypes is None or kind[0] in addressTypes]
        name = dns.domainString(hostName)
        resolution.asking = gatherResults(
            [
                maybeDeferred(getattr(self._resolver, method), name).addCallbacks(
                    _addresses, _none, callbackArgs=(name, record)
                )
                for _, method, record in kinds
            ],
            consumeErrors=True,
        )

        def report(found: list[list[str]]) -> None:
            for (address, _, _), hosts in zip(kinds, found, strict=True):
                for host in hosts:
                    if not resolution.cancelled:
                        resolutionReceiver.addressResolved(
                            address(transportSemantics, host, portNumber)
                        )

        def finished(result: Any) -> None:
            if isinstance(result, Failure) and not resolution.cancelled:
                _log.failure("while {name} was looked up", failure=result, name=hostName)
            resolutionReceiver.resolutionComplete()

        resolution.asking.addCallback(report).addBoth(finished)
        return resolution


def _addresses(sections: Sections, name: bytes, record: type[Any]) -> list[str]:
    """The addresses of a name, or of what it is an alias for."""
    answers = sections[0]
    names = {dns.Name(name)}
    for header in answers:
        if isinstance(header.payload, dns.Record_CNAME) and header.name in names:
            names.add(header.payload.name)
    return [
        h.payload._address for h in answers if isinstance(h.payload, record) and h.name in names
    ]


def _none(failure: Failure) -> list[str]:
    """A look-up that failed finds no address."""
    return []
