"""
Secondaries: authorities whose zones come from a primary server.

A zone is transferred as a whole at first (RFC 5936), later as what has changed since (RFC 1995).
L{SecondaryAuthorityService} does that as often as the SOA of the zone says, and at once when the
primary gives notice (RFC 1996).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from twisted.application.service import Service
from twisted.internet.currentreactor import currentReactor
from twisted.internet.defer import Deferred, succeed
from twisted.internet.protocol import ClientFactory, connectionDone
from twisted.logger import Logger
from twisted.names import dns, resolve
from twisted.names._dns.primitives import randomSource
from twisted.names._zones._answers import RR
from twisted.names._zones._incoming import Incoming, TransferError
from twisted.names._zones._load import zoneRecordClass
from twisted.names.authority import FileAuthority
from twisted.names.common import ResolverBase
from twisted.python.compat import nativeString
from twisted.python.failure import Failure

__all__ = ["SecondaryAuthority", "SecondaryAuthorityService", "TransferError"]

_log = Logger()

#: The shortest and the longest times, in seconds, between two looks, whatever a SOA says.
_SOONEST = 30
_LATEST = 14 * 86_400

#: How long until the next attempt while there is no zone at all.
_FIRST_RETRY = 60


#: Notices are heeded so many seconds after each other at least: their senders may be forged.
_BETWEEN_NOTICES = 1.0


class _Refused(Exception):
    """The primary does not answer such a request."""


class _TransferClient(ClientFactory):
    """
    Asks for a transfer over one connection.

    @ivar finished: fires with the transfer when its last record has come.
    """

    noisy = False

    #: The seconds for which the primary may be silent.
    silence = 60.0

    def __init__(self, domain: bytes, have: Any | None, reactor: Any) -> None:
        """
        @param have: the SOA of the version that is there, to be told what has changed since; None
            to get the whole zone.
        """
        self.finished: Deferred[Incoming] = Deferred()
        self._domain = domain
        self._incoming = Incoming(domain.lower(), have)
        self._have = have
        self._reactor = reactor
        self._id = randomSource()
        self._protocol: Any = None
        self._timer: Any = None

    def buildProtocol(self, addr: Any) -> Any:
        """Make what sends and takes messages."""
        made = dns.DNSProtocol(self, self._reactor)
        made.factory = self
        return made

    def connectionMade(self, protocol: Any) -> None:
        """Ask."""
        self._protocol = protocol
        kind = dns.AXFR if self._have is None else dns.IXFR
        message = dns.Message(self._id)
        message.addQuery(self._domain, kind, dns.IN)
        if self._have is not None:
            message.authority = [dns.RRHeader(self._domain, dns.SOA, payload=self._have)]
        protocol.writeMessage(message)
        self._timer = self._reactor.callLater(self.silence, self._timedOut)

    def _timedOut(self) -> None:
        """Give up."""
        self._timer = None
        self._end(Failure(TransferError("the primary is silent")))

    def messageReceived(self, message: Any, protocol: Any) -> None:
        """Take a part of the transfer."""
        if not message.answer or message.id != self._id or self.finished.called:
            return
        self._timer.reset(self.silence)
        if message.rCode != dns.OK:
            self._end(Failure(_Refused(f"the primary answers with the code {message.rCode}")))
            return
        try:
            if not message.answers:
                raise TransferError("the primary sends no records")
            for header in message.answers:
                self._incoming.add(_recordOf(header))
            self._incoming.endOfMessage()
        except TransferError:
            self._end(Failure())
            return
        if self._incoming.done:
            self._end(self._incoming)

    def connectionLost(self, protocol: Any, reason: Any = connectionDone) -> None:
        """The connection ended, too early if anything was missing."""
        self._end(Failure(TransferError("the primary closed the connection")))

    def clientConnectionFailed(self, connector: Any, reason: Failure) -> None:
        """There is no connection."""
        self._end(reason)

    def _end(self, result: Any) -> None:
        """Tell how it went, once."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self.finished.called:
            self.finished.callback(result)
        if self._protocol is not None and self._protocol.transport is not None:
            self._protocol.transport.loseConnection()


def _recordOf(header: Any) -> RR:
    """A record of a message as one of a zone."""
    record = header.payload
    if isinstance(record, dns.UnknownRecord):
        made: Any = zoneRecordClass(header.type)
        record = made(record.data, header.ttl)
    return RR(header.name.name.lower(), header.ttl, record)


class SecondaryAuthority(FileAuthority):
    """
    An authority for a zone that comes from its primary.

    @ivar primary: the address of the primary server.
    @ivar domain: the name of the zone.
    @ivar transferring: whether a transfer is under way.
    @ivar notifiers: other addresses whose notices are believed.
    """

    transferring = False
    notifiers: Sequence[str] = ()

    _port = dns.PORT
    _reactor: Any = None
    # Whether another transfer was asked for during the one that is under way.
    _again = False
    # When a notice was last heeded, and what heeds the next one if that is soon afterwards.
    _noticed = float("-inf")
    _soon: Any = None
    # Is called with whether it worked when a transfer has ended.
    _transferEnded: Callable[[bool], None] | None = None

    def __init__(self, primaryIP: str | bytes, domain: str | bytes) -> None:
        ResolverBase.__init__(self)
        self.primary = nativeString(primaryIP)
        self.domain = dns.domainString(domain)

    @classmethod
    def fromServerAddressAndDomain(
        cls, serverAddress: tuple[str, int], domain: str | bytes
    ) -> SecondaryAuthority:
        """
        Make one whose primary listens at some port.

        @param serverAddress: the address of the primary, and its port.
        """
        address, port = serverAddress
        self = cls(address, domain)
        self._port = port
        return self

    def responsibleFor(self) -> bytes | None:
        """The name of the zone, whether it is there or not."""
        return self.domain.lower()

    def transfer(self) -> Deferred[bool]:
        """
        Get the zone, or what has changed in it, from the primary.

        @return: fires with whether that worked; it does not fail.
        """
        if self.transferring:
            self._again = True
            return succeed(False)
        self.transferring = True
        self._again = False
        zone = self.zone()
        return self._ask(None if zone is None else zone.soa)

    def update(self) -> Deferred[bool]:
        """Get the zone as it is now."""
        return self.transfer()

    def _ask(self, have: Any | None) -> Deferred[bool]:
        """Ask the primary."""
        reactor = currentReactor(self._reactor)
        client = _TransferClient(self.domain, have, reactor)
        reactor.connectTCP(self.primary, self._port, client)
        return client.finished.addCallback(self._take).addErrback(self._failed, have)

    def _take(self, incoming: Incoming) -> bool:
        """Go on with the zone that has come."""
        records = incoming.records(self.records)
        if records is not None:
            self.replace((self.domain.lower(), incoming.soa), records)
            _log.info(
                "zone {domain}: version {serial} of {primary}",
                domain=dns.Name(self.domain),
                serial=incoming.soa.serial,
                primary=self.primary,
            )
        self._finished(True)
        return True

    def _failed(self, failure: Failure, have: Any | None) -> Any:
        """Go on with the zone that is there, if the whole one does not come, either."""
        if have is not None and failure.check(_Refused, TransferError):
            return self._ask(None)
        _log.warn(
            "zone {domain}: no transfer from {primary}: {reason}",
            domain=dns.Name(self.domain),
            primary=self.primary,
            reason=failure.getErrorMessage(),
        )
        self._finished(False)
        return False

    def _finished(self, worked: bool) -> None:
        """Note that no transfer is under way."""
        self.transferring = False
        if self._transferEnded is not None:
            self._transferEnded(worked)
        if self._again:
            self.transfer()

    def notified(self, host: str) -> bool:
        """
        Look at the primary, for it has a newer version.

        @param host: who says so.
        @return: whether that is anybody who should.
        """
        if host != self.primary and host not in self.notifiers:
            return False
        reactor = currentReactor(self._reactor)
        wait = self._noticed + _BETWEEN_NOTICES - reactor.seconds()
        if wait <= 0:
            self._look()
        elif self._soon is None:
            self._soon = reactor.callLater(wait, self._look)
        return True

    def _look(self) -> None:
        """Do what a notice asks for."""
        self._soon = None
        self._noticed = currentReactor(self._reactor).seconds()
        self.transfer()

    def expire(self) -> None:
        """Forget the zone: it is too old to be answered from."""
        self.soa = None
        self.records = None


class _Keeper:
    """Keeps a zone up to date, by the times of its SOA (RFC 1035 §3.3.13)."""

    def __init__(self, authority: SecondaryAuthority, clock: Any) -> None:
        self._authority = authority
        self._clock = clock
        self._timer: Any = None
        self._expiry: Any = None

    def start(self) -> None:
        """Begin, with a transfer."""
        self._authority._transferEnded = self._looked
        self._authority.transfer()

    def stop(self) -> None:
        """Do nothing more."""
        self._authority._transferEnded = None
        for timer in (self._timer, self._expiry):
            if timer is not None and timer.active():
                timer.cancel()

    def _looked(self, worked: bool) -> None:
        """Plan the next look."""
        zone = self._authority.zone()
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        if zone is None:
            pause = _FIRST_RETRY
        elif worked:
            pause = zone.soa.refresh
            if self._expiry is not None and self._expiry.active():
                self._expiry.cancel()
            self._expiry = self._clock.callLater(zone.soa.expire, self._authority.expire)
        else:
            pause = zone.soa.retry
        pause = min(max(pause, _SOONEST), _LATEST)
        self._timer = self._clock.callLater(pause, self._authority.transfer)


class SecondaryAuthorityService(Service):
    """
    Keeps the zones of one primary up to date.

    @ivar primary: its address.
    @ivar domains: the authorities of the zones.
    @ivar calls: what keeps each of them up to date, while the service runs.
    """

    calls: list[Any] | None = None

    _port = dns.PORT
    _reactor: Any = None

    def __init__(self, primary: str | bytes, domains: Sequence[str | bytes]) -> None:
        """
        @param domains: the names of the zones.
        """
        self.primary = nativeString(primary)
        self.domains = [SecondaryAuthority(primary, domain) for domain in domains]

    @classmethod
    def fromServerAddressAndDomains(
        cls, serverAddress: tuple[str, int], domains: Sequence[str | bytes]
    ) -> SecondaryAuthorityService:
        """
        Make one whose primary listens at some port.

        @param serverAddress: the address of the primary, and its port.
        """
        primary, port = serverAddress
        service = cls(primary, [])
        service._port = port
        service.domains = [
            SecondaryAuthority.fromServerAddressAndDomain(serverAddress, domain)
            for domain in domains
        ]
        return service

    def getAuthority(self) -> resolve.ResolverChain:
        """The authorities of all zones as one resolver."""
        return resolve.ResolverChain(self.domains)

    def startService(self) -> None:
        """Begin to keep the zones up to date."""
        Service.startService(self)
        self.calls = [
            _Keeper(authority, currentReactor(self._reactor)) for authority in self.domains
        ]
        for call in self.calls:
            call.start()

    def stopService(self) -> None:
        """Keep them up to date no longer."""
        Service.stopService(self)
        for call in self.calls or ():
            call.stop()
