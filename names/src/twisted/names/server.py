"""
Servers of DNS, over datagrams and over streams.

L{DNSServerFactory} answers from resolvers, the first that can: authorities, caches, and clients
that ask others.  It listens on both transports::

    factory = DNSServerFactory(authorities=[BindAuthority("example.org.zone")])
    reactor.listenUDP(53, dns.DNSDatagramProtocol(factory))
    reactor.listenTCP(53, factory)

Questions about the zones of authorities are answered from the octets of the question, without an
object for each part of it, and replies are remembered as long as no zone changes.  The methods that
handle messages are called for all else, and for everything when a subclass overrides one of them.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from twisted.internet.currentreactor import currentReactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import ServerFactory
from twisted.names import dns, resolve
from twisted.names._server._front import Front
from twisted.names._server._metrics import ServerMetrics
from twisted.names._server._networks import LOOPBACK, Networks
from twisted.names._server._ratelimit import RateLimit, Verdict
from twisted.names._server._stream import Stream
from twisted.names._server._transfer import AXFR, IXFR
from twisted.names.authority import NotInZone
from twisted.names.error import (
    AuthoritativeDomainError,
    DNSFormatError,
    DNSNotImplementedError,
    DNSQueryRefusedError,
    DNSQueryTimeoutError,
    DNSServerError,
    DNSUnknownError,
    DomainError,
    ResolverError,
)
from twisted.python import log
from twisted.python.failure import Failure

__all__ = ["DNSServerFactory", "RateLimit", "ServerMetrics"]

#: What a subclass may override; then everything goes through it.
_HOOKS = (
    "allowQuery",
    "gotResolverError",
    "gotResolverResponse",
    "handleQuery",
    "messageReceived",
    "sendReply",
    "_messageFactory",
    "_responseFromMessage",
)


class DNSServerFactory(ServerFactory):
    """
    A server.

    @ivar resolver: the chain of resolvers that answers.
    @ivar canRecurse: whether others are asked.
    @ivar cache: where answers are put, or None.
    @ivar verbose: how much of each query is logged: nothing, something, everything.
    @ivar connections: the streams that are open.
    @ivar metrics: what has been counted.
    @ivar rateLimit: what limits replies over UDP, or None.
    @cvar maxUDPSize: the octets that a reply over UDP has at most, and what is said to clients.
    @cvar idleTimeout: the seconds without a whole request after which a stream is closed.
    @cvar mostPending: how many requests of one stream may wait for their replies.
    @cvar mostStreams: how many streams may be open.
    @cvar mostStreamsOfClient: how many of them may come from one address.
    @cvar mostWaiting: how many requests over UDP may wait for other servers.
    """

    protocol: Any = dns.DNSProtocol
    cache: Any = None

    maxUDPSize = 1232
    idleTimeout = 30.0
    mostPending = 100
    mostStreams = 1000
    mostStreamsOfClient = 100
    mostWaiting = 2000

    _messageFactory: Any = dns.Message

    def __init__(
        self,
        authorities: Sequence[Any] | None = None,
        caches: Sequence[Any] | None = None,
        clients: Sequence[Any] | None = None,
        verbose: int = 0,
        *,
        allowTransfer: Iterable[str] = LOOPBACK,
        rateLimit: RateLimit | None = None,
        reactor: Any = None,
    ) -> None:
        """
        @param authorities: are asked first.
        @param caches: are asked then; the last one gets the answers.
        @param clients: are asked at last, of questions that want it.
        @param verbose: how much of each query is logged.
        @param allowTransfer: addresses and networks to which whole zones are sent.
        @param rateLimit: limits replies over UDP.
        @param reactor: the global one if it is None.
        """
        resolvers = [*(authorities or ()), *(caches or ()), *(clients or ())]
        self.canRecurse = bool(clients)
        self.resolver: Any = resolve.ResolverChain(resolvers)
        self.verbose = verbose
        if caches:
            self.cache = caches[-1]
        self.connections: list[Any] = []
        self.metrics = ServerMetrics()
        self.rateLimit = rateLimit
        self._reactor = reactor
        self._streams: dict[Any, Stream] = {}
        # How many streams come from each address.
        self._clients: Counter[str] = Counter()
        self._waiting = 0
        self._front = Front(self, self.metrics, Networks(allowTransfer), time.monotonic)

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; what has been worked out may be different now."""
        vars(self)[name] = value
        if name in _SETTINGS:
            vars(self).pop("_plain", None)
            front = vars(self).get("_front")
            if front is not None:
                front.forget()

    def isPlain(self) -> bool:
        """Whether queries are handled as this class does, and are not logged."""
        plain = vars(self).get("_plain")
        if plain is None:
            plain = not self.verbose and not any(
                name in vars(self)
                or getattr(type(self), name) is not getattr(DNSServerFactory, name)
                for name in _HOOKS
            )
            vars(self)["_plain"] = plain
        return bool(plain)

    # Requests as octets.

    def datagramReceived(self, data: bytes, protocol: Any, address: Any) -> bool:
        """
        Reply to a request over UDP as it comes, if that can be done at once.

        @return: whether nothing more is to be done about it.
        """
        return self._front.datagramReceived(data, protocol, address)

    def stringReceived(self, data: bytes, protocol: Any) -> bool:
        """
        Take a request over a stream as it comes.

        @return: whether nothing more is to be done about it.
        """
        stream = self._streams.get(protocol)
        if stream is None or (len(data) > 3 and data[2] & 0x80):
            return False
        self.metrics.messages += 1
        stream.received(data)
        return True

    # Streams.

    def buildProtocol(self, addr: Any) -> Any:
        """Make what cuts a stream into messages."""
        made = self.protocol(self)
        made.factory = self
        return made

    def connectionMade(self, protocol: Any) -> None:
        """Look after a stream that has been opened."""
        self.connections.append(protocol)
        transport = getattr(protocol, "transport", None)
        if transport is None:
            return
        host = _hostOf(protocol, None)
        if (
            len(self._streams) >= self.mostStreams
            or self._clients[host] >= self.mostStreamsOfClient
        ):
            self.metrics.streamsRefused += 1
            transport.abortConnection()
            return
        self.metrics.streams += 1
        self._clients[host] += 1
        self._streams[protocol] = Stream(
            protocol,
            currentReactor(self._reactor),
            host,
            self._front.serve,
            self._streamTimedOut,
            self.idleTimeout,
            self.mostPending,
        )

    def _streamTimedOut(self) -> None:
        """Count a stream that was idle."""
        self.metrics.streamsTimedOut += 1

    def connectionLost(self, protocol: Any) -> None:
        """Forget a stream that has been closed."""
        if protocol in self.connections:
            self.connections.remove(protocol)
        stream = self._streams.pop(protocol, None)
        if stream is not None:
            self.metrics.streams -= 1
            self._clients[stream.host] -= 1
            if not self._clients[stream.host]:
                del self._clients[stream.host]
            stream.stop()

    # Requests as messages.

    def messageReceived(self, message: Any, proto: Any, address: Any = None) -> None:
        """
        Handle a message.

        @param address: where it comes from, if that was over UDP.
        """
        if message.answer:
            self.metrics.malformed += 1
            return
        message.timeReceived = time.time()
        if address is not None:
            self.metrics.datagrams += 1
        if self.verbose:
            self._logMessage(message, proto, address)
        if not self.allowQuery(message, proto, address):
            refused = self._responseFromMessage(message=message, rCode=dns.EREFUSED)
            self.sendReply(proto, refused, address)
            return
        handlers: dict[int, Callable[..., Any]] = {
            dns.OP_QUERY: self.handleQuery,
            dns.OP_INVERSE: self.handleInverseQuery,
            dns.OP_STATUS: self.handleStatus,
            dns.OP_NOTIFY: self.handleNotify,
        }
        other: Callable[..., Any] = self.handleOther
        handlers.get(message.opCode, other)(message, proto, address)

    def _logMessage(self, message: Any, proto: Any, address: Any) -> None:
        """Log what is asked."""
        if not message.queries:
            what = "Empty"
        elif self.verbose > 1:
            what = " ".join(str(query) for query in message.queries)
        else:
            what = " ".join(_typeName(query.type) for query in message.queries)
        sender = address if address is not None else _peerOf(proto)
        self._verboseLog(f"{what} query from {sender!r}")

    def allowQuery(self, message: Any, protocol: Any, address: Any) -> bool:
        """Decide whether a message is handled; by default one that asks something is."""
        return bool(message.queries)

    def handleQuery(self, message: Any, protocol: Any, address: Any) -> Any:
        """
        Ask the resolvers for the first question of a message.

        @return: a L{Deferred<twisted.internet.defer.Deferred>} that fires when it was replied to.
        """
        query = message.queries[0]
        if query.type in (AXFR, IXFR) and not self._front.mayTransfer.hold(
            _hostOf(protocol, address)
        ):
            return self._refuse(dns.EREFUSED, message, protocol, address)
        stream = self._streamOf(protocol)
        if stream is None and self._waiting >= self.mostWaiting:
            self.metrics.overload += 1
            return None
        asked: Deferred[Any] = self.resolver.query(query)
        asked.addCallback(self.gotResolverResponse, protocol, message, address)
        asked.addErrback(self.gotResolverError, protocol, message, address)
        self._wait(asked, stream)
        return asked

    def _streamOf(self, protocol: Any) -> Stream | None:
        """What looks after a connection."""
        return self._streams.get(protocol) if self._streams else None

    def _wait(self, asked: Deferred[Any], stream: Stream | None) -> None:
        """Count a request until it has been replied to."""
        if stream is not None:
            stream.began()
        else:
            self._waiting += 1

        def replied(result: Any) -> Any:
            if stream is not None:
                stream.ended()
            else:
                self._waiting -= 1
            return result

        asked.addBoth(replied)

    def gotResolverResponse(self, response: Any, protocol: Any, message: Any, address: Any) -> None:
        """
        Reply with what a resolver has found.

        @param response: the records that answer, that tell of authority, and others.
        """
        answers, authority, additional = response
        if not answers:
            for header in authority:
                if header.type == dns.SOA and header.payload is not None:
                    header.ttl = min(header.ttl, header.payload.minimum)
        reply = self._responseFromMessage(
            message=message,
            rCode=dns.OK,
            answers=answers,
            authority=authority,
            additional=additional,
        )
        self.sendReply(protocol, reply, address)
        count = len(answers) + len(authority) + len(additional)
        self._verboseLog(f"Lookup found {count} record{'' if count == 1 else 's'}")
        if self.cache and count:
            self.cache.cacheResult(message.queries[0], (answers, authority, additional))

    def gotResolverError(self, failure: Failure, protocol: Any, message: Any, address: Any) -> None:
        """Reply that nothing was found, or that it did not work."""
        code = dns.ESERVER
        if failure.check(NotInZone):
            code = dns.EREFUSED
        elif failure.check(*_NO_ANSWERS):
            code = dns.ESERVER
        elif failure.check(DomainError, AuthoritativeDomainError):
            code = dns.ENAME
        elif not failure.check(ResolverError, DNSQueryTimeoutError):
            log.err(failure)
        authority = _authorityOf(failure)
        if authority:
            reply = self._responseFromMessage(message=message, rCode=code, authority=authority)
            self.sendReply(protocol, reply, address)
        else:
            self._refuse(code, message, protocol, address)
        self._verboseLog("Lookup failed")

    def handleInverseQuery(self, message: Any, protocol: Any, address: Any) -> None:
        """Reply that inverse queries are not implemented (RFC 3425)."""
        self._refuse(dns.ENOTIMP, message, protocol, address)
        self._verboseLog(f"Inverse query from {address!r}")

    def handleStatus(self, message: Any, protocol: Any, address: Any) -> None:
        """Reply that the status is not told."""
        self._refuse(dns.ENOTIMP, message, protocol, address)
        self._verboseLog(f"Status request from {address!r}")

    def handleNotify(self, message: Any, protocol: Any, address: Any) -> None:
        """
        Have a secondary look whether there is a newer version of its zone (RFC 1996).

        Only its primary is believed.
        """
        code = dns.ENOTIMP
        if message.queries:
            name = message.queries[0].name.name.lower()
            authority = self._front.zones().byOrigin.get(name)
            notified = getattr(authority, "notified", None)
            if notified is not None:
                code = dns.OK if notified(_hostOf(protocol, address)) else dns.EREFUSED
        self._refuse(code, message, protocol, address)
        self._verboseLog(f"Notify message from {address!r}")

    def handleOther(self, message: Any, protocol: Any, address: Any) -> None:
        """Reply that what is asked to be done is not implemented."""
        self._refuse(dns.ENOTIMP, message, protocol, address)
        self._verboseLog(f"Unknown op code ({message.opCode}) from {address!r}")

    # Replies as messages.

    def _refuse(self, code: int, message: Any, protocol: Any, address: Any) -> None:
        """Reply with nothing but a code."""
        self.sendReply(protocol, self._responseFromMessage(message=message, rCode=code), address)

    def _responseFromMessage(
        self,
        message: Any,
        rCode: int = dns.OK,
        answers: Any = None,
        authority: Any = None,
        additional: Any = None,
    ) -> Any:
        """Make the reply to a message."""
        authoritative = any(header.isAuthoritative() for header in answers or ())
        response = dns._responseFromMessage(
            responseConstructor=self._messageFactory,
            message=message,
            rCode=rCode,
            recAv=self.canRecurse,
            auth=authoritative,
        )
        response.maxSize = message.maxSize
        response.opCode = message.opCode
        response.recDes = message.recDes
        response.timeReceived = getattr(message, "timeReceived", None)
        response.answers = [] if answers is None else answers
        response.authority = [] if authority is None else authority
        response.additional = [] if additional is None else additional
        options = _optionsOf(message)
        if options is not None:
            response.datagramSize = min(max(options.cls, 512), self.maxUDPSize)
            own = dns.RRHeader(b"", dns.OPT, self.maxUDPSize, options.ttl & 0x8000)
            own.payload = dns.UnknownRecord()
            response.additional = [*response.additional, own]
        return response

    def sendReply(self, protocol: Any, message: Any, address: Any) -> None:
        """
        Send a reply.

        @param address: where to, if that is over UDP.
        """
        if self.verbose > 1:
            self._logReply(message)
        if self.verbose and getattr(message, "timeReceived", None) is not None:
            self._verboseLog(
                f"Processed query in {time.time() - message.timeReceived:0.3f} seconds"
            )
        if address is None:
            self.metrics.replied(message.rCode)
            protocol.writeMessage(message)
            return
        message.maxSize = getattr(message, "datagramSize", 512)
        if self.rateLimit is not None:
            name = message.queries[0].name.name.lower() if message.queries else None
            verdict = self.rateLimit.verdict(address[0], (message.rCode, name), time.monotonic())
            if verdict is not Verdict.SEND:
                self.metrics.limited += 1
                if verdict is Verdict.DROP:
                    return
                message.answers, message.authority, message.additional = [], [], []
                message.trunc = 1
        self.metrics.replied(message.rCode)
        protocol.writeMessage(message, address)

    def _logReply(self, message: Any) -> None:
        """Log what is replied."""
        if not message.answers:
            self._verboseLog("Replying with no answers")
        sections = {
            "Answers are": message.answers,
            "Authority is": message.authority,
            "Additional is": message.additional,
        }
        for title, section in sections.items():
            if section:
                self._verboseLog(f"{title} {', '.join(str(rr.payload) for rr in section)}")

    def _verboseLog(self, *args: Any, **kwargs: Any) -> None:
        """Log if that is wanted."""
        if self.verbose > 0:
            log.msg(*args, **kwargs)


#: Failures that say nothing about a name.
_NO_ANSWERS = (
    DNSFormatError,
    DNSNotImplementedError,
    DNSQueryRefusedError,
    DNSServerError,
    DNSUnknownError,
)

#: Attributes that decide how queries are handled.
_SETTINGS = frozenset({*_HOOKS, "verbose", "resolver", "canRecurse", "cache", "maxUDPSize"})


def _authorityOf(failure: Failure) -> Any:
    """What a failure says of who is authoritative: the SOA of the zone that has no such name."""
    arguments = failure.value.args
    found = getattr(arguments[0], "authority", None) if arguments else None
    return [header for header in found or () if header.type == dns.SOA]


def _typeName(number: int) -> str:
    """A type for the log."""
    return dns.QUERY_TYPES.get(number) or dns.EXT_QUERIES.get(number) or f"UNKNOWN ({number})"


def _peerOf(protocol: Any) -> Any:
    """Who is at the other end of a stream, for the log."""
    transport = getattr(protocol, "transport", None)
    return None if transport is None else transport.getPeer()


def _hostOf(protocol: Any, address: Any) -> str:
    """The address of a client; nothing if it has none."""
    if address is not None:
        return str(address[0])
    return str(getattr(_peerOf(protocol), "host", ""))


def _optionsOf(message: Any) -> Any:
    """What a request has of EDNS, or None."""
    for header in message.additional:
        if getattr(header, "type", None) == dns.OPT:
            return header
    return None
