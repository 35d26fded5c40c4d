"""UDP whose datagrams the loop carries."""

from __future__ import annotations

from collections.abc import Coroutine
from errno import EMSGSIZE
from typing import Any

from twisted.internet import error, udp
from twisted.internet._carried._socket import Carried
from twisted.internet.main import CONNECTION_LOST
from twisted.logger import Logger

__all__ = ["MulticastPort", "Port"]

_log = Logger()


class _CarriedDatagrams(Carried):
    """A socket for datagrams in the hands of the loop; mixed into a port."""

    protocol: Any
    connected: Any
    maxPacketSize: int
    _metrics: Any
    _knownHosts: set[str]
    _connectedAddr: tuple[str, int] | None
    _check: Any
    _pass: Any
    _receivingFailed: Any

    # Why the datagram that is being sent was not.
    _problem: Exception | None = None
    _sending = False

    def _handOver(self) -> Coroutine[Any, Any, Any]:
        loop = self.reactor._asyncioEventloop
        made: Coroutine[Any, Any, Any] = loop.create_datagram_endpoint(
            lambda: self, sock=self.socket
        )
        return made

    # What the loop calls.

    def datagram_received(self, data: bytes, address: Any) -> None:
        """Pass on a datagram; one that comes while none is to be read is lost."""
        if self._readPaused:
            return
        self._metrics.datagramsReceived += 1
        try:
            self._pass(data[: self.maxPacketSize], address)
        except Exception:
            _log.failure("Unhandled error in {protocol}", protocol=self.protocol)

    def error_received(self, problem: Exception) -> None:
        """Note what the system says instead of sending or giving a datagram."""
        if self._sending:
            self._problem = problem
        elif self.connected:
            self._receivingFailed(problem)

    def pause_writing(self) -> None:
        """Do nothing: nobody waits to send datagrams."""

    def resume_writing(self) -> None:
        """Do nothing: nobody waits to send datagrams."""

    def connection_lost(self, problem: Exception | None) -> None:
        """Note that the loop has closed the socket."""
        self._carrier = None
        if not self.disconnected:
            self.reactor._lose(self, CONNECTION_LOST, False)

    # What the program calls.

    def write(self, datagram: bytes, addr: tuple[str, int] | None = None) -> Any:
        """
        Send a datagram, or lose it if the system is too busy.

        @param addr: an IP address and a port; a connected port needs none.
        @raise twisted.internet.error.MessageLengthError: it is too large.
        @raise twisted.internet.error.InvalidAddressError: it is no address that this can send to.
        """
        if self._carrier is None or self._connectedAddr is not None or not datagram:
            # The loop sends nothing that is empty.
            return super().write(datagram, addr)  # type: ignore[misc]
        assert addr is not None, "a port that is not connected needs an address to write to"
        if addr[0] not in self._knownHosts:
            self._check(addr[0])
        self._sending = True
        try:
            self._carrier.sendto(datagram, addr)
        finally:
            self._sending = False
        if self._problem is not None:
            return self._notSent()
        self._metrics.datagramsSent += 1
        return len(datagram)

    def _notSent(self) -> None:
        """
        Deal with a datagram that the system did not take.

        @raise twisted.internet.error.MessageLengthError: it is too large.
        """
        problem, self._problem = self._problem, None
        assert problem is not None
        if getattr(problem, "errno", None) == EMSGSIZE:
            raise error.MessageLengthError("message too long")
        raise problem


class Port(_CarriedDatagrams, udp.Port):
    """A socket that datagrams come to and go from."""

    __module__ = "twisted.internet.udp"


class MulticastPort(_CarriedDatagrams, udp.MulticastPort):
    """A port that takes part in multicast."""

    __module__ = "twisted.internet.udp"
