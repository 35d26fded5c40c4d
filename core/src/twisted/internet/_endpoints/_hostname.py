"""
Connecting by name, to whichever address answers first: RFC 8305, "happy eyeballs".
"""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

from zope.interface import implementer

from twisted.internet._endpoints._plain import TCP4ClientEndpoint, TCP6ClientEndpoint
from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.address import HostnameAddress, IPv4Address, IPv6Address
from twisted.internet.defer import CancelledError, Deferred, fail
from twisted.internet.error import ConnectingCancelledError, DNSLookupError
from twisted.internet.interfaces import IResolutionReceiver, IStreamClientEndpoint
from twisted.python.failure import Failure


def _asciiHostname(host: str | bytes) -> tuple[bytes, str]:
    """
    A name of a host in the form of the DNS (RFC 5890), as bytes and as text.

    @raise ValueError: if it cannot be one.
    """
    if isinstance(host, bytes):
        text = host.decode("ascii")
    else:
        text = host
    if isIPAddress(text) or isIPv6Address(text) or text.isascii():
        return text.encode("ascii"), text
    try:
        import idna
    except ImportError:
        encoded = text.encode("idna")
    else:
        encoded = idna.encode(text)
    return encoded, encoded.decode("ascii")


def _interleave(addresses: list[Any]) -> list[Any]:
    """Take turns between the families of addresses, the first one's first (RFC 8305, section 4)."""
    if not addresses:
        return []
    first = addresses[0].__class__
    same = [a for a in addresses if a.__class__ is first]
    other = [a for a in addresses if a.__class__ is not first]
    pairs = zip_longest(same, other)
    return [address for pair in pairs for address in pair if address is not None]


@implementer(IResolutionReceiver)
class _Collector:
    """Gathers the addresses of a name."""

    def __init__(self) -> None:
        self.addresses: list[Any] = []
        self.resolution: Any = None
        self.done: Deferred[list[Any]] = Deferred(lambda _: self._cancel())

    def _cancel(self) -> None:
        """Give the look-up up."""
        if self.resolution is not None:
            self.resolution.cancel()

    def resolutionBegan(self, resolutionInProgress: Any) -> None:
        """Remember what to cancel."""
        self.resolution = resolutionInProgress

    def addressResolved(self, address: Any) -> None:
        """Keep an address."""
        self.addresses.append(address)

    def resolutionComplete(self) -> None:
        """Tell the addresses."""
        if not self.done.called:
            self.done.callback(self.addresses)


class _Race:
    """Attempts to connect to several addresses, begun one after the other until one succeeds."""

    def __init__(self, reactor: Any, endpoints: list[Any], factory: Any, delay: float) -> None:
        self._reactor = reactor
        self._waiting = list(reversed(endpoints))
        self._factory = factory
        self._delay = delay
        self._attempts: list[Deferred[Any]] = []
        self._timer: Any = None
        self._failures: list[Failure] = []
        self.winner: Deferred[Any] = Deferred(lambda _: self._stop())

    def begin(self) -> Deferred[Any]:
        """Make the first attempt."""
        self._next()
        return self.winner

    def _next(self) -> None:
        """Make the next attempt; another one follows after the delay, or as soon as this fails."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        endpoint = self._waiting.pop()
        attempt = endpoint.connect(self._factory)
        self._attempts.append(attempt)
        attempt.addBoth(self._ended, attempt)
        if self._waiting and not self.winner.called and self._timer is None:
            self._timer = self._reactor.callLater(self._delay, self._next)

    def _ended(self, result: Any, attempt: Deferred[Any]) -> None:
        """An attempt succeeded or failed."""
        if attempt in self._attempts:
            self._attempts.remove(attempt)
        if self.winner.called:
            if not isinstance(result, Failure):
                # It was connected while the others were being cancelled: nobody wants it.
                result.transport.abortConnection()
            return
        if not isinstance(result, Failure):
            self.winner.callback(result)
            self._stop()
            return
        self._failures.append(result)
        if self._waiting:
            self._next()
        elif not self._attempts:
            self.winner.errback(self._failures.pop())

    def _stop(self) -> None:
        """Make no further attempts, and cancel those under way."""
        self._waiting.clear()
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        attempts, self._attempts = self._attempts, []
        for attempt in attempts:
            attempt.cancel()
        self._failures.clear()


@implementer(IStreamClientEndpoint)
class HostnameEndpoint:
    """
    A name and a TCP port to connect to.

    All addresses of the name are tried, IPv6 and IPv4 by turns, each a moment after the one before,
    until one answers.
    """

    _DEFAULT_ATTEMPT_DELAY = 0.3

    def __init__(
        self,
        reactor: Any,
        host: str | bytes,
        port: int,
        timeout: float = 30,
        bindAddress: Any = None,
        attemptDelay: float | None = None,
    ) -> None:
        """
        @param reactor: provides `IReactorTCP`, `IReactorTime` and `IReactorPluggableNameResolver`.
        @param host: a name, in text or in bytes of the form of the DNS; or an address.
        @param timeout: how long each attempt may take, in seconds.
        @param bindAddress: the address to connect from, as text or a pair with a port, or None.
        @param attemptDelay: seconds from one attempt to the next.
        """
        self._reactor = reactor
        try:
            self._hostBytes, self._hostText = _asciiHostname(host)
            self._badHostname = False
        except ValueError:
            self._badHostname = True
            self._hostText = host if isinstance(host, str) else host.decode("charmap")
            self._hostBytes = self._hostText.encode("ascii", "backslashreplace")
        self._hostStr = self._hostText
        self._port = port
        self._timeout = timeout
        if isinstance(bindAddress, bytes):
            bindAddress = bindAddress.decode("ascii")
        self._bindAddress = (bindAddress, 0) if isinstance(bindAddress, str) else bindAddress
        self._attemptDelay = self._DEFAULT_ATTEMPT_DELAY if attemptDelay is None else attemptDelay

    def __repr__(self) -> str:
        host = self._hostText
        return f"<HostnameEndpoint {f'[{host}]' if ':' in host else host}:{self._port}>"

    def connect(self, protocolFactory: Any) -> Deferred[Any]:
        """
        Connect; see `IStreamClientEndpoint`.

        @return: fails with `ValueError` if the name cannot be one, with `DNSLookupError` if it has
            no address, or with the reason of the last attempt.
        """
        if self._badHostname:
            return fail(ValueError(f"invalid hostname: {self._hostText}"))
        collector = _Collector()
        self._reactor.nameResolver.resolveHostName(collector, self._hostText, portNumber=self._port)

        def race(addresses: list[Any]) -> Deferred[Any]:
            endpoints = [
                endpoint
                for endpoint in map(self._endpointFor, _interleave(addresses))
                if endpoint is not None
            ]
            if not endpoints:
                raise DNSLookupError(f"no results for hostname lookup: {self._hostText}")
            return _Race(self._reactor, endpoints, protocolFactory, self._attemptDelay).begin()

        def explain(failure: Failure) -> Failure:
            if failure.check(CancelledError):
                return Failure(
                    ConnectingCancelledError(HostnameAddress(self._hostBytes, self._port))
                )
            return failure

        return collector.done.addCallback(race).addErrback(explain)

    def _endpointFor(self, address: Any) -> Any:
        """The endpoint of one address, or None for an address of another kind."""
        kinds = {IPv4Address: TCP4ClientEndpoint, IPv6Address: TCP6ClientEndpoint}
        kind = kinds.get(address.__class__)
        if kind is None:
            return None
        return kind(self._reactor, address.host, address.port, self._timeout, self._bindAddress)
