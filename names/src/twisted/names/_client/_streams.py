"""Resolvers over connections that are kept, and over TLS (RFC 7766, 7858, 8310)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.currentreactor import currentReactor
from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.error import ConnectionClosed
from twisted.internet.interfaces import IAddress, IStreamClientEndpoint
from twisted.internet.protocol import Factory
from twisted.logger import Logger
from twisted.names import common, dns
from twisted.names._client._exchange import StreamExchange, pad
from twisted.python.failure import Failure

__all__ = ["StreamResolver", "TLSResolver"]

_log = Logger("twisted.names.client")

#: The port of DNS over TLS.
TLS_PORT = 853


class _Exchange(StreamExchange):
    """
    Questions over a stream.

    @ivar pad: whether they are filled up, so that their length tells nothing.
    """

    pad = False

    def _message(self, id: int, queries: Sequence[dns.Query]) -> dns.Message:
        message = super()._message(id, queries)
        if self.pad:
            pad(message, message.additional[-1])
        return message


class _Controller(Factory):
    """Makes the protocol of a connection, and drops what nobody waits for."""

    noisy = False

    def __init__(self, resolver: StreamResolver) -> None:
        self.resolver = resolver

    def buildProtocol(self, addr: IAddress | None) -> _Exchange:
        protocol = _Exchange(self, self.resolver._reactor)
        protocol.pad = self.resolver.pad
        protocol.dnssecOK = self.resolver.dnssecOK
        protocol.checkingDisabled = self.resolver.checkingDisabled
        protocol.idleTimeout = self.resolver.idleTimeout
        protocol.factory = self
        return protocol

    def connectionMade(self, protocol: dns.DNSProtocol) -> None:
        pass

    def connectionLost(self, protocol: dns.DNSProtocol) -> None:
        self.resolver._lost(protocol)

    def messageReceived(self, message: dns.Message, protocol: dns.DNSProtocol) -> None:
        self.resolver.dropped += 1


class StreamResolver(common.ResolverBase):
    """
    A resolver that asks over connections only; one is kept, and asked many things at a time.

    @ivar timeout: seconds for an answer, and for a connection.
    @ivar idleTimeout: seconds that a connection is kept for nothing.
    @ivar pad: whether messages are filled up, so that their length tells nothing.
    @ivar dnssecOK: whether servers are asked for the records of DNSSEC.
    @ivar checkingDisabled: whether they are asked not to validate what they find.
    @ivar dropped: how many messages were dropped because nobody waited for them.
    """

    __module__ = "twisted.names.client"

    idleTimeout = 10.0
    pad = False
    dnssecOK = False
    checkingDisabled = False
    dropped = 0

    def __init__(self, endpoints: Sequence[Any], timeout: float = 10, reactor: Any = None) -> None:
        """
        @param endpoints: where servers are; the next one is asked if one does not answer.
        """
        super().__init__()
        if not endpoints:
            raise ValueError("No nameservers specified")
        self._reactor = currentReactor(reactor)
        self._endpoints = [IStreamClientEndpoint(endpoint) for endpoint in endpoints]
        self.timeout = timeout
        self._connections: dict[int, _Exchange] = {}
        self._connecting: dict[int, list[Deferred[_Exchange]]] = {}

    def _lost(self, protocol: dns.DNSProtocol) -> None:
        """Forget a connection."""
        for index, known in list(self._connections.items()):
            if known is protocol:
                del self._connections[index]

    def close(self) -> None:
        """Close all connections."""
        for protocol in list(self._connections.values()):
            if protocol.transport is not None:
                protocol.transport.loseConnection()

    def _connected(self, index: int) -> Deferred[_Exchange]:
        """A connection to a server: the one that there is, or else a new one."""
        answer: Deferred[_Exchange] = Deferred()
        if (known := self._connections.get(index)) is not None:
            answer.callback(known)
            return answer
        waiting = self._connecting.setdefault(index, [])
        waiting.append(answer)
        if len(waiting) == 1:
            connecting = self._endpoints[index].connect(_Controller(self))
            connecting.addTimeout(self.timeout, self._reactor).addBoth(self._outcome, index)
        return answer

    def _outcome(self, result: Any, index: int) -> None:
        """Tell all who wait for a connection."""
        if not isinstance(result, Failure):
            self._connections[index] = result
        for answer in self._connecting.pop(index):
            answer.callback(result)

    def _lookup(self, name: bytes, cls: int, type: int, timeout: Any) -> common.Lookup:
        return Deferred.fromCoroutine(self._ask(dns.Query(name, type, cls), timeout))

    async def _ask(self, query: dns.Query, timeout: Any) -> common.Sections:
        """Ask one server after another."""
        problem: Exception = TimeoutError(query)
        seconds = self.timeout if timeout is None else timeout
        for index in range(len(self._endpoints)):
            try:
                message = await self._asked(index, query, seconds)
            except CancelledError:
                raise
            except Exception as failed:
                # Whatever it is, certificates included: another server may do better.
                problem = failed
                continue
            return sections(self, message)
        raise problem

    async def _asked(self, index: int, query: dns.Query, timeout: float) -> dns.Message:
        """Ask a server, again over a new connection if the one that there was is closed by then."""
        kept = index in self._connections
        protocol = await self._connected(index)
        try:
            return await protocol.query([query], timeout)
        except ConnectionClosed:
            if not kept:
                raise
        protocol = await self._connected(index)
        return await protocol.query([query], timeout)


def sections(resolver: common.ResolverBase, message: dns.Message) -> common.Sections:
    """
    The records of an answer, without what EDNS added.

    @raise DomainError: if its code says so.
    """
    if message.rCode != dns.OK:
        raise resolver.exceptionForCode(message.rCode)(message)
    additional = [header for header in message.additional if header.type != dns.OPT]
    return message.answers, message.authority, additional


class TLSResolver(StreamResolver):
    """
    A resolver that asks over TLS: who is asked is certain, and nobody on the way reads along.

    ::

        resolver = TLSResolver([("9.9.9.9", "dns.quad9.net")])

    It needs the extra ``tls``.
    """

    __module__ = "twisted.names.client"

    pad = True

    def __init__(
        self,
        servers: Sequence[tuple[str, str] | tuple[str, str, int]],
        timeout: float = 10,
        reactor: Any = None,
        trustRoot: Any = None,
    ) -> None:
        """
        @param servers: for each its IP address, the name that its certificate must have, and the
            port if it is not 853.
        @param trustRoot: who vouches for certificates, as for
            `twisted.internet.ssl.optionsForClientTLS`.
        """
        from twisted.internet.endpoints import wrapClientTLS
        from twisted.internet.ssl import optionsForClientTLS

        reactor = currentReactor(reactor)
        endpoints = []
        for host, name, *port in servers:
            options = optionsForClientTLS(name, trustRoot=trustRoot)
            plain = HostnameEndpoint(reactor, host, *(port or [TLS_PORT]))
            endpoints.append(wrapClientTLS(options, plain))
        super().__init__(endpoints, timeout, reactor)
