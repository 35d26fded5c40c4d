"""Connections to a service wherever SRV records say that it is (RFC 2782)."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from zope.interface import implementer

from twisted.internet.address import HostnameAddress
from twisted.internet.defer import Deferred, fail, maybeDeferred, succeed
from twisted.internet.error import DNSLookupError, ServiceNameUnknownError
from twisted.internet.interfaces import IAddress, IConnector
from twisted.internet.protocol import ClientFactory
from twisted.names import client, dns
from twisted.names.common import Sections
from twisted.names.error import DNSNameError
from twisted.python.failure import Failure

__all__ = ["SRVConnector"]


class _Relay(ClientFactory):
    """
    What the reactor has for a factory: it makes the protocols of the connector's factory, and tells
    the connector what becomes of the connection.
    """

    noisy = False

    def __init__(self, connector: SRVConnector) -> None:
        self.connector = connector

    def buildProtocol(self, addr: IAddress | None) -> Any:
        return self.connector.factory.buildProtocol(addr)

    def clientConnectionFailed(self, connector: Any, reason: Failure) -> None:
        self.connector.connectionFailed(reason)

    def clientConnectionLost(self, connector: Any, reason: Failure) -> None:
        self.connector.connectionLost(reason)


@implementer(IConnector)
class SRVConnector:
    """
    A connector that looks up where a service is, and tries those places in their order.

    @ivar servers: records that are left to try.
    @ivar orderedServers: records in the order of their priority.
    @ivar stopAfterDNS: whether to stop once the look-up is done.
    """

    stopAfterDNS = 0

    def __init__(
        self,
        reactor: Any,
        service: str,
        domain: str | bytes,
        factory: Any,
        protocol: str = "tcp",
        connectFuncName: str = "connectTCP",
        connectFuncArgs: Sequence[Any] = (),
        connectFuncKwArgs: dict[str, Any] = {},  # noqa: B006
        defaultPort: int | None = None,
    ) -> None:
        """
        @param service: what the service is called; also the port, by name, if the domain has no
            SRV records for it.
        @param factory: makes the protocol, and is told if there is no connection.
        @param connectFuncName: the method of the reactor that connects.
        @param connectFuncArgs: what it is given after the factory.
        @param connectFuncKwArgs: what it is given by name.
        @param defaultPort: the port if the service is not known by name.
        """
        self.reactor = reactor
        self.service = service
        self.domain = None if domain is None else dns.domainString(domain)
        self.factory = factory
        self.protocol = protocol
        self.connectFuncName = connectFuncName
        self.connectFuncArgs = connectFuncArgs
        self.connectFuncKwArgs = connectFuncKwArgs
        self._defaultPort = defaultPort
        self._port: str | int = service
        self.connector: Any = None
        self.servers: list[dns.Record_SRV] | None = None
        self.orderedServers: list[dns.Record_SRV] | None = None

    def connect(self) -> None:
        """Look the service up if that is not done, and connect to the next place."""
        self.factory.doStart()
        self.factory.startedConnecting(self)
        looked: Deferred[Any]
        if not self.servers:
            if self.domain is None:
                looked = fail(DNSLookupError("Domain is not defined."))
            else:
                name = b"_%s._%s.%s" % (
                    dns.domainString(self.service),
                    dns.domainString(self.protocol),
                    self.domain,
                )
                looked = maybeDeferred(client.lookupService, name)
                looked.addCallbacks(self._found, self._missing)
        else:
            looked = succeed(None)
        looked.addCallback(lambda _: self._connectNext())
        looked.addErrback(self.connectionFailed)

    def _found(self, result: Sections) -> None:
        """Take the records."""
        answers = [
            header.payload
            for header in result[0]
            if header.type == dns.SRV and isinstance(header.payload, dns.Record_SRV)
        ]
        if len(answers) == 1 and answers[0].target.name in (b".", b""):
            raise DNSLookupError(f"Service {self.service} not available for {self.domain!r}.")
        self.servers = []
        self.orderedServers = sorted(answers, key=lambda r: (r.priority, r.weight))

    def _missing(self, failure: Failure) -> None:
        """Go on with the domain itself if it has no such records."""
        failure.trap(DNSNameError, ServiceNameUnknownError)
        if failure.check(ServiceNameUnknownError):
            if self._defaultPort is None:
                failure.raiseException()
            else:
                self._port = self._defaultPort
        self.servers, self.orderedServers = [], []

    def _connectNext(self) -> None:
        """Connect to the next place."""
        if self.stopAfterDNS:
            self.stopAfterDNS = 0
            return
        host, port = self.pickServer()
        connect: Callable[..., Any] = getattr(self.reactor, self.connectFuncName)
        arguments = (_Relay(self), *self.connectFuncArgs)
        try:
            self.connector = connect(host, port, *arguments, **self.connectFuncKwArgs)
        except ServiceNameUnknownError:
            if self._defaultPort is None:
                raise
            port = self._defaultPort
            self.connector = connect(host, port, *arguments, **self.connectFuncKwArgs)

    def pickServer(self) -> tuple[str, Any]:
        """
        The host and the port of the next place: by priority, and among equals at random by weight.

        Source: RFC 2782, "Usage rules".
        """
        if self.servers is None or self.orderedServers is None:
            raise AssertionError("nothing was looked up")
        if not self.servers and not self.orderedServers:
            # The domain has no SRV records.
            return dns.domainString(self.domain or b"").decode("ascii"), self._port
        if not self.servers:
            self.servers, self.orderedServers = self.orderedServers, []
        self.servers.sort(key=lambda record: (record.priority, record.weight))
        lowest = [r for r in self.servers if r.priority == self.servers[0].priority]
        left = random.randint(0, sum(record.weight for record in lowest))
        for chosen in lowest:
            left -= chosen.weight
            if left <= 0:
                break
        self.servers.remove(chosen)
        self.orderedServers.append(chosen)
        return str(chosen.target), chosen.port

    def stopConnecting(self) -> None:
        """Give up connecting."""
        if self.connector is not None:
            self.connector.stopConnecting()
        else:
            self.stopAfterDNS = 1

    def disconnect(self) -> None:
        """Close the connection, or give up connecting."""
        if self.connector is not None:
            self.connector.disconnect()
        else:
            self.stopConnecting()

    def getDestination(self) -> IAddress:
        """Where the connection goes, or the domain if that is not known yet."""
        if self.connector is not None:
            address: IAddress = self.connector.getDestination()
            return address
        return HostnameAddress(self.domain or b"", 0)

    def connectionFailed(self, reason: Failure) -> None:
        """Tell the factory."""
        self.factory.clientConnectionFailed(self, reason)
        self.factory.doStop()

    def connectionLost(self, reason: Failure) -> None:
        """Tell the factory."""
        self.factory.clientConnectionLost(self, reason)
        self.factory.doStop()
