"""Questions whose answers are believed only if they fit in all that can be checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.names import dns
from twisted.names._client._casemixing import mixed, restore
from twisted.names._dns.protocols import Live, sameAddress
from twisted.python.failure import Failure

__all__ = ["CaseFolded", "DatagramExchange", "StreamExchange", "pad"]

#: The largest datagram that servers may send; what fits is not fragmented (RFC 9715).
DATAGRAM = 1232

#: Seconds after which a connection is closed on which nothing is asked.
IDLE = 10.0


class CaseFolded(Exception):
    """A server's answer fits, but for the case of letters: it does not keep that."""


#: Messages are filled up to a multiple of so many octets (RFC 8467 §4.1).
BLOCK = 128


def pad(message: dns.Message, header: dns.OPTHeader) -> None:
    """Fill a message up, so that its length tells nothing of what it asks."""
    octets = -(len(message.toStr()) + 4) % BLOCK
    header.options.append(dns.OPTVariableOption.of(dns.Padding(octets)))


class _Exchange:
    """
    What is the same over datagrams and streams.

    @ivar edns: the largest datagram that servers may send; None for no EDNS.
    @ivar dnssecOK: whether the records of DNSSEC are wanted.
    @ivar recursionDesired: whether the server is asked to ask others.
    @ivar checkingDisabled: whether it is asked not to validate what it finds.
    """

    edns: int | None = DATAGRAM
    dnssecOK = False
    recursionDesired = True
    checkingDisabled = False

    def _message(self, id: int, queries: Sequence[dns.Query]) -> dns.Message:
        """The message that asks."""
        message = dns.Message(
            id, recDes=self.recursionDesired, checkingDisabled=self.checkingDisabled
        )
        message.queries = list(queries)
        if self.edns is not None:
            header = dns.OPTHeader(udpPayloadSize=self.edns, dnssecOK=self.dnssecOK)
            message.additional.append(header)
        return message


def _answers(message: dns.Message, queries: Sequence[dns.Query]) -> bool:
    """
    Is a message an answer to questions?

    One that says that the question was not understood need not repeat it.
    """
    if not message.answer:
        return False
    if message.queries:
        return message.queries == queries
    return message.rCode in (dns.EFORMAT, dns.ENOTIMP) and not message.answers


class DatagramExchange(_Exchange, dns.DNSDatagramProtocol):
    """
    One question over a port of its own.

    @ivar mixCase: whether letters of the question are put in upper and lower case at random.
    """

    mixCase = True

    def query(
        self,
        address: tuple[str, int],
        queries: Sequence[dns.Query],
        timeout: float = 10,
        id: int | None = None,
    ) -> Deferred[dns.Message]:
        """Ask; it fails with `CaseFolded` if the server does not keep the case of letters."""
        if not self.mixCase:
            return super().query(address, queries, timeout, id)
        asked = [dns.Query(mixed(query.name.name), query.type, query.cls) for query in queries]

        def unmixed(message: dns.Message) -> dns.Message:
            for query, original in zip(asked, queries, strict=True):
                restore(message, query.name.name, original.name.name)
            return message

        return super().query(address, asked, timeout, id).addCallback(unmixed)

    def _matches(self, message: dns.Message, address: tuple[str, int], live: Live) -> bool:
        asked, queries = live[2]
        if not sameAddress(asked, address) or not _answers(message, queries):
            return False
        if self.mixCase and any(
            one.name.name != other.name.name
            for one, other in zip(message.queries, queries, strict=False)
        ):
            del self.liveMessages[message.id]
            live[1].cancel()
            live[0].errback(Failure(CaseFolded()))
            return False
        return True


class StreamExchange(_Exchange, dns.DNSProtocol):
    """Questions over a stream."""

    idleTimeout = IDLE

    def __init__(self, controller: Any, reactor: Any = None) -> None:
        super().__init__(controller, reactor)

    def _fits(self, message: dns.Message, queries: Sequence[dns.Query]) -> bool:
        return _answers(message, queries)
