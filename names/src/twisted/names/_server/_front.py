"""
The front of a server: requests as octets, most of which are replied to at once.

A reply is remembered by the octets of its request, all but the identifier, as long as no zone
changes; so a request that has come before costs a look into a dictionary.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from twisted.names import dns, resolve
from twisted.names._server._metrics import ServerMetrics
from twisted.names._server._networks import Networks
from twisted.names._server._ratelimit import Verdict
from twisted.names._server._reply import TRUNCATED, refusal, truncated
from twisted.names._server._request import HEADER, Malformed, Request, readRequest
from twisted.names._server._responder import BAD_VERSION, Responder, Zones
from twisted.names._server._stream import Stream
from twisted.names._server._transfer import AXFR, IXFR, changesSince, transferMessages, wholeZone
from twisted.names._wire.names import Memo
from twisted.names._zones._answers import Answer
from twisted.names._zones._records import CHANGES

__all__ = ["Front"]

#: How many replies are remembered, of how many octets of request, and for how many seconds: a
#: record whose attributes are changed is no change that is noticed.
MOST_REMEMBERED = 10_000
LONGEST_REMEMBERED = 512
REMEMBERED_FOR = 1.0

_NOT_AUTHORITATIVE = 9


class Front:
    """
    Replies to requests as they come.

    @ivar mayTransfer: who gets whole zones.
    """

    def __init__(
        self,
        owner: Any,
        metrics: ServerMetrics,
        mayTransfer: Networks,
        seconds: Callable[[], float],
    ) -> None:
        """
        @param owner: the L{DNSServerFactory<twisted.names.server.DNSServerFactory>}.
        @param seconds: tells the time.
        """
        self.mayTransfer = mayTransfer
        self._owner = owner
        self._metrics = metrics
        self._seconds = seconds
        self._responder = Responder(owner)
        self._stamp = -1
        self._until = 0.0
        # Replies without their identifiers, what kind they are for limits of rate, and their codes,
        # by requests without theirs.
        self._remembered: OrderedDict[bytes, tuple[bytes, object, int]] = OrderedDict()

    def _refresh(self) -> None:
        """Forget the replies that were remembered if they may be different now."""
        now = self._seconds()
        if self._stamp != CHANGES.count or now >= self._until:
            self.forget(now)

    def forget(self, now: float = 0.0) -> None:
        """Forget the replies that were remembered."""
        self._remembered.clear()
        self._responder.forget()
        self._stamp = CHANGES.count
        self._until = now + REMEMBERED_FOR

    def zones(self) -> Zones:
        """The zones that answers are given from."""
        resolver = self._owner.resolver
        plain = type(resolver) is resolve.ResolverChain
        return self._responder.zones(resolver.resolvers if plain else ())

    def datagramReceived(self, data: bytes, protocol: Any, address: Any) -> bool:
        """
        Reply to a request over UDP as it comes, if that can be done at once.

        @return: whether nothing more is to be done about it.
        """
        entry = self._remembered.get(data[2:])
        if entry is not None:
            now = self._seconds()
            if self._stamp == CHANGES.count and now < self._until:
                reply, kind, code = entry
                metrics = self._metrics
                metrics.datagrams += 1
                metrics.remembered += 1
                if self._owner.rateLimit is None:
                    metrics.codes[code] = metrics.codes.get(code, 0) + 1
                    protocol.transport.write(data[:2] + reply, address)
                else:
                    self.sendLimited(data[:2] + reply, kind, protocol, address)
                return True
        return self._newDatagram(data, protocol, address)

    def _newDatagram(self, data: bytes, protocol: Any, address: Any) -> bool:
        """Reply to a request over UDP that has not been replied to before."""
        if len(data) > 3 and data[2] & 0x80:
            return False
        self._metrics.datagrams += 1
        self._refresh()
        try:
            request = readRequest(data)
            found = None if request is None else self._reply(request, False)
        except Malformed as malformed:
            self._metrics.malformed += 1
            if malformed.head is not None:
                self.sendLimited(refusal(malformed.head, dns.EFORMAT), None, protocol, address)
            return True
        if request is None:
            self._metrics.malformed += 1
            return True
        if found is None:
            self._metrics.datagrams -= 1
            return False
        reply, family = found
        kind = (reply[3] & 15, family)
        if len(data) <= LONGEST_REMEMBERED and not reply[2] & TRUNCATED >> 8:
            self._remember(data[2:], reply, kind)
        self.sendLimited(reply, kind, protocol, address)
        return True

    def _remember(self, question: bytes, reply: bytes, kind: object) -> None:
        """Remember a reply."""
        if len(self._remembered) >= MOST_REMEMBERED:
            self._remembered.popitem(last=False)
        self._remembered[question] = (reply[2:], kind, reply[3] & 15)

    def sendLimited(self, reply: bytes, kind: object, protocol: Any, address: Any) -> None:
        """Send a reply over UDP unless its client has had too many."""
        limit = self._owner.rateLimit
        if limit is not None:
            verdict = limit.verdict(address[0], kind, self._seconds())
            if verdict is not Verdict.SEND:
                self._metrics.limited += 1
                if verdict is Verdict.DROP:
                    return
                reply = truncated(reply)
        if reply[2] & TRUNCATED >> 8:
            self._metrics.truncated += 1
        self._metrics.replied(reply[3] & 15)
        protocol.transport.write(reply, address)

    def _reply(self, request: Request, stream: bool) -> tuple[bytes, bytes] | None:
        """The reply to a request, if it can be given at once, and what it is counted with."""
        if request.opcode != dns.OP_QUERY:
            return None
        if request.edns is not None and request.edns.version:
            return self._responder.refuse(request, BAD_VERSION)
        if not self._owner.isPlain() or type(self._owner.resolver) is not resolve.ResolverChain:
            return None
        if request.type == AXFR and not stream:
            return self._responder.refuse(request, dns.EFORMAT)
        if request.type == IXFR and not stream:
            return self._newest(request)
        return self._responder.respond(request, self.zones(), stream)

    def serve(self, data: bytes, stream: Stream) -> None:
        """Reply to a request over a stream."""
        self._refresh()
        try:
            request = readRequest(data)
            if request is None:
                raise Malformed(None)
            if self._isForTransfer(request):
                self._transfer(request, stream)
                return
            found = self._reply(request, True)
            reply = None if found is None else found[0]
        except Malformed as malformed:
            self._metrics.malformed += 1
            if malformed.head is None:
                stream.close()
                return
            reply = refusal(malformed.head, dns.EFORMAT)
        if reply is not None:
            self._metrics.replied(reply[3] & 15)
            stream.write(reply)
            return
        message = self._owner._messageFactory()
        try:
            message.fromStr(data)
        except dns.DNSDecodeError:
            self._metrics.malformed += 1
            stream.write(refusal(HEADER.unpack_from(data)[:2], dns.EFORMAT))
        else:
            self._owner.messageReceived(message, stream.protocol)

    # Zones for secondaries.

    def _newest(self, request: Request) -> tuple[bytes, bytes]:
        """
        The reply to what asks for changes over UDP: the SOA of the newest version, and no more.

        Whoever has an older one asks again over TCP (RFC 1995 §2).
        """
        authority = self.zones().find(request.name)
        zone = None if authority is None else authority.zone()
        if zone is None or zone.origin != request.name:
            return self._responder.refuse(request, _NOT_AUTHORITATIVE)
        answer = Answer(answers=[zone.rr(zone.origin, zone.soa)], family=zone.origin)
        return self._responder.write(request, answer, False), answer.family

    def _isForTransfer(self, request: Request) -> bool:
        """Whether a request is for a zone, or for what has changed in it."""
        wanted = request.opcode == dns.OP_QUERY and request.type in (AXFR, IXFR)
        return wanted and bool(self._owner.isPlain())

    def _transfer(self, request: Request, stream: Stream) -> None:
        """Send a zone, or what has changed in it."""
        authority = self.zones().find(request.name)
        zone = None if authority is None else authority.zone()
        code = dns.OK
        if not self.mayTransfer.hold(stream.protocol.transport.getPeer().host):
            code = dns.EREFUSED
        elif authority is None or authority.responsibleFor() != request.name:
            code = _NOT_AUTHORITATIVE
        elif zone is None:
            code = dns.ESERVER
        if code or zone is None or authority is None:
            self._metrics.replied(code)
            stream.write(self._responder.refuse(request, code)[0])
            return
        serial = _serialOf(request) if request.type == IXFR else None
        self._metrics.transfers += 1
        self._metrics.replied(dns.OK)
        records = (
            wholeZone(zone) if serial is None else changesSince(zone, authority.history(), serial)
        )
        stream.send(transferMessages(request, records))


def _serialOf(request: Request) -> int | None:
    """
    The version that the sender of a request has, which its SOA tells (RFC 1995 §3).

    @raise Malformed: the SOA is none.
    """
    for section in request.records:
        if section.type == dns.SOA:
            try:
                soa = dns.Record_SOA.fromWire(
                    request.data, section.begin, section.end, Memo(), None
                )
            except dns.DNSDecodeError:
                raise Malformed((request.id, request.flags)) from None
            return int(soa.serial)
    return None
