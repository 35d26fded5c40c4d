"""Connections to servers, and whole zones over them (RFC 5936)."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import ClientFactory
from twisted.names import dns, error
from twisted.names._client._exchange import StreamExchange
from twisted.python.failure import Failure

__all__ = ["AXFRController", "DNSClientFactory"]

#: Records that a zone may have.
MOST_RECORDS = 10_000_000


class DNSClientFactory(ClientFactory):
    """
    Makes the protocol for a connection to a server.

    @ivar controller: is told of connections and messages, and has ``pending`` questions.
    """

    __module__ = "twisted.names.client"

    def __init__(self, controller: Any, timeout: float = 10) -> None:
        """
        @param timeout: seconds until a connection must be there.
        """
        self.controller = controller
        self.timeout = timeout

    def clientConnectionLost(self, connector: Any, reason: Failure) -> None:
        """The protocol has said so already."""

    def clientConnectionFailed(self, connector: Any, reason: Failure) -> None:
        """Fail all questions that wait for the connection."""
        waiting = self.controller.pending[:]
        del self.controller.pending[:]
        for deferred, _, _ in waiting:
            deferred.errback(reason)

    def buildProtocol(self, addr: IAddress | None) -> dns.DNSProtocol:
        """The protocol for a connection."""
        protocol = StreamExchange(self.controller, getattr(self.controller, "_reactor", None))
        for choice in ("edns", "dnssecOK", "recursionDesired", "checkingDisabled"):
            if hasattr(self.controller, choice):
                setattr(protocol, choice, getattr(self.controller, choice))
        protocol.factory = self
        return protocol


class AXFRController:
    """
    Asks for a zone, and gathers its records.

    @ivar timeoutCall: what is called if no more of it comes, or None.
    @ivar pending: who waits for the connection.
    """

    __module__ = "twisted.names.client"

    timeoutCall: Any = None
    mostRecords = MOST_RECORDS

    def __init__(self, name: str | bytes, deferred: Deferred[Any]) -> None:
        """
        @param name: the zone.
        @param deferred: fires with a list of all records, the SOA first and last.
        """
        self.name = name
        self.deferred: Deferred[Any] | None = deferred
        self.pending: list[tuple[Deferred[Any], Any, Any]] = [(deferred, None, None)]
        self._records: list[dns.RRHeader] = []
        self._id: int | None = None

    def connectionMade(self, protocol: dns.DNSProtocol) -> None:
        """Ask."""
        self.pending = []
        message = dns.Message(protocol.pickID(), recDes=0)
        message.queries = [dns.Query(self.name, dns.AXFR, dns.IN)]
        self._id = message.id
        protocol.writeMessage(message)

    def connectionLost(self, protocol: dns.DNSProtocol) -> None:
        """The zone is not complete."""
        self._finish(Failure(error.ResolverError(f"the transfer of {self.name!r} broke off")))

    def messageReceived(self, message: dns.Message, protocol: dns.DNSProtocol | None) -> None:
        """Take a part of the zone."""
        if self.deferred is None or self._id not in (None, message.id):
            return
        if message.rCode != dns.OK:
            self._finish(Failure(error.ResolverError(f"no transfer: code {message.rCode}")))
        elif not self._records and (not message.answers or message.answers[0].type != dns.SOA):
            self._finish(Failure(error.ResolverError("a transfer that does not begin with SOA")))
        else:
            self._take(message.answers)
        if self.deferred is None:
            if protocol is not None and protocol.transport is not None:
                protocol.transport.loseConnection()
        elif self.timeoutCall is not None and self.timeoutCall.active():
            self.timeoutCall.reset(self.timeout)

    timeout: float = 10

    def _take(self, headers: list[dns.RRHeader]) -> None:
        """Add records, up to the second SOA."""
        for header in headers:
            if len(self._records) >= self.mostRecords:
                self._finish(Failure(error.ResolverError(f"over {self.mostRecords} records")))
                return
            self._records.append(header)
            if header.type == dns.SOA and len(self._records) > 1:
                self._finish(self._records)
                return

    def _finish(self, result: list[dns.RRHeader] | Failure) -> None:
        """Hand out the zone, or what went wrong, once."""
        if self.timeoutCall is not None and self.timeoutCall.active():
            self.timeoutCall.cancel()
        self.timeoutCall = None
        deferred, self.deferred = self.deferred, None
        if deferred is not None and not deferred.called:
            deferred.callback(result)
