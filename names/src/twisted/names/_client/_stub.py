"""A resolver that asks servers which look further on their own."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Sequence
from secrets import randbelow
from typing import IO, Any

from twisted.internet.currentreactor import currentReactor
from twisted.internet.defer import Deferred, TimeoutError, fail, maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.logger import Logger
from twisted.names import common, dns, error
from twisted.names._client._exchange import CaseFolded, DatagramExchange
from twisted.names._client._resolvconf import ResolvConf
from twisted.names._client._transfer import AXFRController, DNSClientFactory
from twisted.python.failure import Failure

__all__ = ["Resolver"]

_log = Logger("twisted.names.client")

#: Ports that are tried before there is said to be none.
_MOST_PORTS = 1000
_FIRST_PORT = 1024

#: The largest datagram that is taken, whatever was asked for.
_MOST_OCTETS = 4096

#: Seconds between looks at the file with the configuration.
_LOOK_INTERVAL = 5.0

#: Codes after which another server may know more.
_ELSEWHERE = (dns.ESERVER, dns.ENOTIMP, dns.EREFUSED)

_Address = tuple[str, int]


class Resolver(common.ResolverBase):
    """
    A resolver that asks servers, over UDP from a new random port for each question, and over TCP
    if an answer is too long for that.

    @ivar servers: addresses and ports of servers that were given.
    @ivar dynServers: those that the file named, or the one on this host.
    @ivar domain: the domain of this host, as the file says, or None.
    @ivar search: what is added to names with few dots.
    @ivar resolv: the path of the file, or None.
    @ivar timeout: seconds for each round of attempts at all servers.
    @ivar index: which server is next over TCP.
    @ivar factory: makes protocols for connections.
    @ivar pending: questions that wait for a connection.
    @ivar connections: protocols of connections.
    @ivar edns: the size of datagrams that servers are told of; None to do without EDNS.
    @ivar dnssecOK: whether servers are asked for the records of DNSSEC.
    @ivar recursionDesired: whether servers are asked to ask others.
    @ivar checkingDisabled: whether they are asked not to validate what they find.
    @ivar mixCase: whether letters of questions are in upper and lower case at random.
    @ivar dropped: how many messages were dropped because they did not fit.
    """

    __module__ = "twisted.names.client"

    index = 0
    edns: int | None = 1232
    dnssecOK = False
    recursionDesired = True
    checkingDisabled = False
    mixCase = True
    dropped = 0
    timeout: Any = None
    factory: DNSClientFactory
    servers: list[_Address]
    dynServers: Sequence[_Address] = ()
    pending: list[tuple[Deferred[dns.Message], Sequence[dns.Query], float]]
    connections: list[dns.DNSProtocol]
    resolv: str | bytes | None = None
    domain: bytes | None = None
    search: list[bytes] | None = None

    def __init__(
        self,
        resolv: str | bytes | None = None,
        servers: Sequence[Any] | None = None,
        timeout: Sequence[float] = (1, 3, 11, 45),
        reactor: Any = None,
    ) -> None:
        """
        @param resolv: the path of a file as in resolv.conf(5); what it says is taken anew when it
            changes.
        @param servers: IP addresses and ports.
        @param timeout: seconds for each round of attempts at all servers.
        @raise ValueError: if there is neither a file nor a server.
        """
        super().__init__()
        if not servers and resolv is None:
            raise ValueError("No nameservers specified")
        self._reactor = currentReactor(reactor)
        self.timeout = timeout
        self.servers = [] if servers is None else list(servers)
        self.resolv = resolv
        self.factory = DNSClientFactory(self, max(timeout))
        self.connections = []
        self.pending = []
        self._conf = ResolvConf([])
        self._waiting: dict[dns.Query, list[Deferred[Any]]] = {}
        self._turn = 0
        self._seen: Any = None
        self._looked = 0.0
        if resolv is not None:
            self.maybeParseConfig()

    def _openFile(self, path: str | bytes) -> IO[bytes]:
        """Open the file with the configuration."""
        return open(path, "rb")

    def maybeParseConfig(self) -> None:
        """Read the file with the configuration if it has changed."""
        if self.resolv is None:
            return
        self._looked = self._reactor.seconds()
        try:
            found = os.stat(self.resolv)
            seen = (found.st_mtime_ns, found.st_size, found.st_ino)
            if seen == self._seen:
                return
            with self._openFile(self.resolv) as file:
                self.parseConfig(file)
        except OSError as problem:
            if problem.errno != errno.ENOENT:
                _log.warn("{path!r} cannot be read: {error}", path=self.resolv, error=problem)
            seen = None
            if not self.dynServers:
                self.parseConfig(())
        self._seen = seen

    def parseConfig(self, resolvConf: Iterable[bytes]) -> None:
        """
        Take servers, domain, search list and options from lines as in resolv.conf(5).

        If they name no server, that on this host is asked.
        """
        conf = self._conf = ResolvConf.parse(resolvConf)
        self.dynServers = [(server, dns.PORT) for server in conf.servers] or [
            ("127.0.0.1", dns.PORT)
        ]
        self.domain, self.search = conf.domain, conf.search
        if conf.timeout is not None or conf.attempts is not None:
            self.timeout = (conf.timeout or 5,) * (conf.attempts or 2)

    def _addresses(self) -> list[_Address]:
        """The servers, in the order in which they are asked."""
        if self.resolv is not None and self._reactor.seconds() - self._looked > _LOOK_INTERVAL:
            self.maybeParseConfig()
        addresses = [*self.servers, *self.dynServers]
        if self._conf.rotate and addresses:
            self._turn = (self._turn + 1) % len(addresses)
            addresses = addresses[self._turn :] + addresses[: self._turn]
        return addresses

    def pickServer(self) -> _Address | None:
        """The server that is asked next over TCP, each in turn, or None if there is none."""
        addresses = [*self.servers, *self.dynServers]
        if not addresses:
            return None
        self.index = (self.index + 1) % len(addresses)
        return addresses[self.index - 1]

    def _connectedProtocol(self, interface: str = "") -> DatagramExchange:
        """
        A protocol at a new random port.

        @raise CannotListenError: if none can be had.
        """
        protocol = DatagramExchange(self, reactor=self._reactor)
        protocol.edns = self.edns
        protocol.dnssecOK = self.dnssecOK
        protocol.recursionDesired = self.recursionDesired
        protocol.checkingDisabled = self.checkingDisabled
        protocol.mixCase = self.mixCase
        for left in reversed(range(_MOST_PORTS)):
            port = _FIRST_PORT + randbelow(65536 - _FIRST_PORT)
            try:
                self._reactor.listenUDP(
                    port, protocol, interface=interface, maxPacketSize=_MOST_OCTETS
                )
                break
            except CannotListenError as problem:
                if not left or getattr(problem.socketError, "errno", None) == errno.EMFILE:
                    raise
        return protocol

    def connectionMade(self, protocol: dns.DNSProtocol) -> None:
        """Ask over a connection what waits for it."""
        self.connections.append(protocol)
        waiting = self.pending[:]
        del self.pending[:]
        for deferred, queries, timeout in waiting:
            protocol.query(queries, timeout).chainDeferred(deferred)

    def connectionLost(self, protocol: dns.DNSProtocol) -> None:
        """Forget a connection."""
        if protocol in self.connections:
            self.connections.remove(protocol)

    def messageReceived(
        self, message: dns.Message, protocol: Any, address: _Address | None = None
    ) -> None:
        """Drop a message that nobody waits for."""
        self.dropped += 1
        _log.debug("unexpected message {id} from {address}", id=message.id, address=address)

    def queryUDP(self, queries: Sequence[dns.Query], timeout: Any = None) -> Deferred[dns.Message]:
        """
        Ask all servers in turn over datagrams until one answers.

        @param timeout: seconds for each round of attempts; None for the resolver's own.
        @return: fires with the answer, or fails with `TimeoutError`.
        """
        rounds = self.timeout if timeout is None else timeout
        if isinstance(rounds, int | float):
            rounds = (rounds,)
        return Deferred.fromCoroutine(self._rounds(queries, rounds))

    async def _rounds(self, queries: Sequence[dns.Query], rounds: Iterable[float]) -> dns.Message:
        """Ask all servers in turn, with more and more patience."""
        addresses = self._addresses()
        if not addresses:
            raise error.ResolverError("there is no server")
        problem: Exception = TimeoutError(queries)
        for seconds in rounds:
            answer = None
            for address in addresses:
                try:
                    answer = await self._attempt(address, queries, seconds)
                except TimeoutError:
                    continue
                except OSError as unreachable:
                    problem = unreachable
                    continue
                if getattr(answer, "rCode", dns.OK) not in _ELSEWHERE:
                    return answer
            if answer is not None:
                return answer
        raise problem

    async def _attempt(
        self, address: _Address, queries: Sequence[dns.Query], seconds: float
    ) -> dns.Message:
        """Ask one server, again without what it turns out not to know."""
        folds = False
        edns = self.edns
        while True:
            protocol = (
                self._connectedProtocol("::") if ":" in address[0] else self._connectedProtocol()
            )
            if folds:
                protocol.mixCase = False
            if edns != self.edns:
                protocol.edns = edns
            try:
                asking = protocol.query(address, queries, seconds)
                answer: dns.Message = await asking.addBoth(self._asked, protocol)
            except CaseFolded:
                folds = True
                continue
            if edns is not None and getattr(answer, "rCode", dns.OK) in (dns.EFORMAT, dns.ENOTIMP):
                edns = None
                continue
            return answer

    def _asked(self, result: Any, protocol: DatagramExchange) -> Any:
        """Close the port of a question."""
        self.dropped += getattr(protocol, "mismatched", 0)
        if protocol.transport is not None:
            maybeDeferred(protocol.transport.stopListening)
        return result

    def queryTCP(self, queries: Sequence[dns.Query], timeout: float = 10) -> Deferred[dns.Message]:
        """
        Ask one server over a connection, that is kept for a while.

        @param timeout: seconds for the connection, and for the answer.
        @return: fires with the answer, or fails with `TimeoutError`, or with the reason why there
            was no connection.
        """
        if self.connections:
            return self.connections[0].query(queries, timeout)
        address = self.pickServer()
        if address is None:
            return fail(error.ResolverError("there is no server"))
        answer: Deferred[dns.Message] = Deferred()
        self.pending.append((answer, queries, timeout))
        if len(self.pending) == 1:
            host, port = address
            self._reactor.connectTCP(host, port, self.factory, timeout)
        return answer

    def filterAnswers(self, message: dns.Message) -> Any:
        """
        The records of an answer.

        @return: three lists; or a `Deferred` of them, over TCP, if the answer was cut short; or a
            `Failure` if its code says so.
        """
        if message.trunc:
            return self.queryTCP(message.queries).addCallback(self._sections)
        return self._sections(message)

    def _sections(self, message: dns.Message) -> Any:
        """The records of an answer, or a `Failure` if its code says so."""
        if message.rCode != dns.OK:
            return Failure(self.exceptionForCode(message.rCode)(message))
        additional = [h for h in message.additional if getattr(h, "type", None) != dns.OPT]
        return message.answers, message.authority, additional

    def _lookup(self, name: bytes, cls: int, type: int, timeout: Any) -> common.Lookup:
        names = self._conf.candidates(name)
        if len(names) == 1:
            return self._once(dns.Query(names[0], type, cls), timeout)
        return Deferred.fromCoroutine(self._searched(names, cls, type, timeout))

    async def _searched(
        self, names: list[bytes], cls: int, type: int, timeout: Any
    ) -> common.Sections:
        """Try names in turn until there is one."""
        *others, last = names
        for name in others:
            try:
                found = await self._once(dns.Query(name, type, cls), timeout)
            except error.DNSNameError:
                continue
            if found[0]:
                return found
        return await self._once(dns.Query(last, type, cls), timeout)

    def _once(self, query: dns.Query, timeout: Any) -> common.Lookup:
        """Ask a question that may be asked at the moment only once."""
        answer: common.Lookup = Deferred()
        waiting = self._waiting.get(query)
        if waiting is not None:
            waiting.append(answer)
            return answer
        self._waiting[query] = [answer]
        asking = self.queryTCP([query]) if self._conf.overTCP else self.queryUDP([query], timeout)
        asking.addCallback(self.filterAnswers)
        asking.addBoth(self._tell, query)
        return answer

    def _tell(self, result: Any, query: dns.Query) -> None:
        """Tell all who asked."""
        for deferred in self._waiting.pop(query):
            if not deferred.called:
                deferred.callback(result)

    def lookupZone(self, name: str | bytes, timeout: Any = 10) -> common.Lookup:
        """
        Fetch all records of a zone.

        @param timeout: seconds for the connection, and between the parts of the zone.
        @return: fires with the records, the SOA first and last, and two empty tuples.
        """
        address = self.pickServer()
        if address is None:
            return fail(error.ResolverError("there is no server"))
        seconds = 10 if timeout is None else timeout
        answer: Deferred[Any] = Deferred(lambda _: connector.disconnect())
        controller = AXFRController(name, answer)
        controller.timeout = seconds
        factory = DNSClientFactory(controller, seconds)
        host, port = address
        connector = self._reactor.connectTCP(host, port, factory, seconds)

        def silent() -> None:
            controller.timeoutCall = None
            controller._finish(Failure(TimeoutError(f"no zone {name!r} in {seconds} seconds")))
            connector.disconnect()

        controller.timeoutCall = self._reactor.callLater(seconds, silent)

        def done(result: Any) -> Any:
            if controller.timeoutCall is not None and controller.timeoutCall.active():
                controller.timeoutCall.cancel()
            if isinstance(result, Failure):
                return result
            return result, (), ()

        return answer.addBoth(done)
