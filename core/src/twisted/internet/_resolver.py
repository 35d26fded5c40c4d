"""
From host names to addresses: the system's resolver run in threads, and the two ways between the
interface that finds all addresses and the older one that finds a single IPv4 address.
"""

from __future__ import annotations

import socket
from socket import AF_INET, AF_INET6, AF_UNSPEC, SOCK_DGRAM, SOCK_STREAM, gaierror, getaddrinfo
from typing import TYPE_CHECKING, Any

from zope.interface import implementer

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import DNSLookupError
from twisted.internet.interfaces import (
    IHostnameResolver,
    IHostResolution,
    IResolutionReceiver,
    IResolverSimple,
)
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from twisted.internet.interfaces import IAddress

    AddressTypes = Sequence[type[IAddress]] | None

__all__ = [
    "BlockingResolver",
    "ComplexResolverSimplifier",
    "GAIResolver",
    "HostResolution",
    "SimpleResolverComplexifier",
    "ThreadedResolver",
]

_log = Logger()

_FAMILY_OF = {IPv4Address: AF_INET, IPv6Address: AF_INET6}
_SOCKET_TYPE_OF = {"TCP": SOCK_STREAM, "UDP": SOCK_DGRAM}
_TRANSPORT_OF = {SOCK_STREAM: "TCP", SOCK_DGRAM: "UDP"}


@implementer(IHostResolution)
class HostResolution:
    """
    One look-up under way.

    @ivar name: the name that is looked up.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._cancelled = False

    def cancel(self) -> None:
        """Report no more addresses to the receiver, nor completion."""
        self._cancelled = True


@implementer(IHostnameResolver)
class GAIResolver:
    """A resolver that calls `socket.getaddrinfo` in a thread."""

    def __init__(
        self,
        reactor: Any,
        getThreadPool: Callable[[], Any] | None = None,
        getaddrinfo: Callable[..., Any] = getaddrinfo,
    ) -> None:
        """
        @param reactor: whose thread the results are reported in.
        @param getThreadPool: gives the pool whose threads wait; the reactor's own if it is None.
        @param getaddrinfo: what to call, with the signature of `socket.getaddrinfo`.
        """
        self._reactor = reactor
        self._getThreadPool = reactor.getThreadPool if getThreadPool is None else getThreadPool
        self._getaddrinfo = getaddrinfo

    def resolveHostName(
        self,
        resolutionReceiver: Any,
        hostName: str,
        portNumber: int = 0,
        addressTypes: AddressTypes = None,
        transportSemantics: str = "TCP",
    ) -> HostResolution:
        """Look a name up; see `IHostnameResolver.resolveHostName`."""
        pool = self._getThreadPool()
        family = _familyFor(addressTypes)
        socketType = _SOCKET_TYPE_OF[transportSemantics]
        resolution = HostResolution(hostName)
        resolutionReceiver.resolutionBegan(resolution)
        looking = deferToThreadPool(
            self._reactor, pool, self._lookUp, hostName, portNumber, family, socketType
        )
        looking.addCallback(_report, resolution, resolutionReceiver)
        looking.addErrback(_logFailure, hostName)
        return resolution

    def _lookUp(self, name: str, port: int, family: int, socketType: int) -> list[Any]:
        """Ask the system; in a thread."""
        try:
            return list(self._getaddrinfo(name, port, family, socketType))
        except (gaierror, UnicodeError):
            # No such name, or none that could exist: that is an answer without addresses.
            return []


def _familyFor(addressTypes: AddressTypes) -> int:
    """Translate the kinds of addresses a caller can use into what `getaddrinfo` knows."""
    families = {_FAMILY_OF[kind] for kind in addressTypes or ()}
    return families.pop() if len(families) == 1 else AF_UNSPEC


def _report(found: list[Any], resolution: HostResolution, receiver: Any) -> None:
    """Tell a receiver of every address found, then that these are all."""
    for family, socketType, _, _, address in found:
        if resolution._cancelled:
            return
        transport = _TRANSPORT_OF.get(socketType, "TCP")
        if family == AF_INET:
            receiver.addressResolved(IPv4Address(transport, *address))
        elif family == AF_INET6:
            receiver.addressResolved(IPv6Address(transport, *address))
    if not resolution._cancelled:
        receiver.resolutionComplete()


def _logFailure(reason: Failure, name: str) -> None:
    """Log what went wrong in a receiver, or in a `getaddrinfo` of the program's own."""
    _log.failure("Unhandled error while looking up {name}", failure=reason, name=name)


@implementer(IHostnameResolver)
class SimpleResolverComplexifier:
    """The interface that finds all addresses, on top of a resolver that finds a single one."""

    def __init__(self, simpleResolver: IResolverSimple) -> None:
        self._simpleResolver = simpleResolver

    def resolveHostName(
        self,
        resolutionReceiver: Any,
        hostName: str,
        portNumber: int = 0,
        addressTypes: AddressTypes = None,
        transportSemantics: str = "TCP",
    ) -> HostResolution:
        """
        Look a name up; see `IHostnameResolver.resolveHostName`.

        A name with other than ASCII characters is translated by IDNA first.
        """
        name = _asciiName(hostName)
        resolution = HostResolution(name)
        resolutionReceiver.resolutionBegan(resolution)

        def found(address: str) -> None:
            if not resolution._cancelled:
                kind = IPv6Address if ":" in address else IPv4Address
                resolutionReceiver.addressResolved(kind(transportSemantics, address, portNumber))

        def unknown(reason: Failure) -> None:
            if not reason.check(DNSLookupError):
                _logFailure(reason, name)

        def complete(_: object) -> None:
            if not resolution._cancelled:
                resolutionReceiver.resolutionComplete()

        looking = self._simpleResolver.getHostByName(name)
        looking.addCallback(found).addErrback(unknown).addCallback(complete)
        looking.addErrback(_logFailure, name)
        return resolution


def _asciiName(name: str) -> str:
    """Translate a name with other than ASCII characters by IDNA."""
    if name.isascii():
        return name
    try:
        import idna
    except ImportError:
        return name.encode("idna").decode("ascii")
    return idna.encode(name).decode("ascii")


@implementer(IResolutionReceiver)
class _FirstAddress:
    """A receiver that wants one address."""

    def __init__(self, found: Deferred[str]) -> None:
        self._found = found
        self._first: str | None = None
        self._name = ""

    def resolutionBegan(self, resolutionInProgress: Any) -> None:
        self._name = resolutionInProgress.name

    def addressResolved(self, address: Any) -> None:
        if self._first is None:
            self._first = address.host

    def resolutionComplete(self) -> None:
        if self._first is None:
            self._found.errback(DNSLookupError(self._name))
        else:
            self._found.callback(self._first)


@implementer(IResolverSimple)
class ComplexResolverSimplifier:
    """The interface that finds a single IPv4 address, on top of a resolver that finds all."""

    def __init__(self, nameResolver: IHostnameResolver) -> None:
        self._nameResolver = nameResolver

    def getHostByName(self, name: str, timeout: Sequence[int] = ()) -> Deferred[str]:
        """
        Find an IPv4 address.

        @param timeout: not used; the resolver has its own.
        @return: fires with the address as text; fails with `DNSLookupError`.
        """
        found: Deferred[str] = Deferred()
        self._nameResolver.resolveHostName(
            _FirstAddress(found),
            name,
            0,
            [IPv4Address],
            "TCP",
        )
        return found


@implementer(IResolverSimple)
class BlockingResolver:
    """A resolver that lets the whole program wait for the system's answer."""

    def getHostByName(self, name: str, timeout: Sequence[int] = (1, 3, 11, 45)) -> Deferred[str]:
        """
        Find an IPv4 address.

        @param timeout: not used.
        @return: has fired with the address as text, or failed with `DNSLookupError`.
        """
        try:
            return succeed(socket.gethostbyname(name))
        except (OSError, UnicodeError):
            return fail(DNSLookupError(f"address {name!r} not found"))

    __module__ = "twisted.internet.base"


@implementer(IResolverSimple)
class ThreadedResolver:
    """A resolver that calls `socket.gethostbyname` in a thread, and gives up after a while."""

    __module__ = "twisted.internet.base"

    def __init__(self, reactor: Any) -> None:
        """
        @param reactor: whose threads and clock are used.
        """
        self.reactor = reactor

    def getHostByName(self, name: str, timeout: Sequence[int] = (1, 3, 11, 45)) -> Deferred[str]:
        """
        Find an IPv4 address.

        @param timeout: numbers whose sum is how many seconds to wait at most.
        @return: fires with the address as text; fails with `DNSLookupError`, also if time runs out.
        """
        answer: Deferred[str] = Deferred()
        limit = sum(timeout) if timeout else 60

        def tooLate() -> None:
            answer.errback(DNSLookupError(f"address {name!r} not found in {limit} seconds"))

        waiting = self.reactor.callLater(limit, tooLate)

        def done(result: str | Failure) -> None:
            # An answer after the time has run out is of use to nobody.
            if not waiting.active():
                return
            waiting.cancel()
            if isinstance(result, Failure):
                answer.errback(DNSLookupError(f"address {name!r} not found"))
            else:
                answer.callback(result)

        deferToThreadPool(
            self.reactor, self.reactor.getThreadPool(), socket.gethostbyname, name
        ).addBoth(done)
        return answer
