"""Connections over UNIX sockets whose bytes the loop carries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet import unix
from twisted.internet._carried._stream import CarriedStream
from twisted.internet.interfaces import IFileDescriptorReceiver

__all__ = ["Client", "Connector", "Port", "Server"]


class _CarriedLocal(CarriedStream):
    """
    A connection over a UNIX socket.

    The loop's transports neither take descriptors nor send them.

    @cvar uncarried: what a connection becomes that has to take some: one that the reactor serves.
    """

    uncarried: type[Any]
    _outgoingDescriptors: Sequence[int]
    _sentOfFirst: int
    _passDescriptors: Any

    def startReading(self) -> None:
        """Have what comes passed to the protocol."""
        if self._handing is None and IFileDescriptorReceiver.providedBy(self.protocol):
            self.__class__ = self.uncarried
            self.startReading()
        else:
            super().startReading()

    def doWrite(self) -> Any:
        """Send what waits, descriptors first; see `CarriedStream.doWrite`."""
        if self._outgoingDescriptors and not self._waiting and self._carrier is not None:
            passed = self._passDescriptors()
            if passed is not True:
                return passed
            if self._sentOfFirst:
                self._pieces[0] = self._pieces[0][self._sentOfFirst :]
                self._sentOfFirst = 0
        return super().doWrite()


class Server(_CarriedLocal, unix.Server):
    """The side of a UNIX connection that was listening for it."""

    __module__ = "twisted.internet.unix"

    uncarried = unix.Server


class Port(unix.Port):
    """A UNIX socket that accepts connections."""

    __module__ = "twisted.internet.unix"

    transport = Server


class Client(_CarriedLocal, unix.Client):
    """The side of a UNIX connection that asked for it."""

    __module__ = "twisted.internet.unix"

    uncarried = unix.Client


class Connector(unix.Connector):
    """A UNIX connection that a `ClientFactory` asked for."""

    __module__ = "twisted.internet.unix"

    transportClass = Client
