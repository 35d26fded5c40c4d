"""Services that listen or connect by one of the reactor's methods: ``TCPServer(80, factory)``."""

from __future__ import annotations

from typing import Any, ClassVar

from twisted.application.service import Service
from twisted.internet.currentreactor import currentReactor
from twisted.internet.defer import Deferred, maybeDeferred

__all__ = [
    "MulticastServer",
    "SSLClient",
    "SSLServer",
    "TCPClient",
    "TCPServer",
    "UDPServer",
    "UNIXClient",
    "UNIXDatagramClient",
    "UNIXDatagramServer",
    "UNIXServer",
    "VolatileDataService",
]


class VolatileDataService(Service):
    """
    A service some of whose attributes are not kept when it is pickled.

    @cvar volatile: their names.
    """

    volatile: ClassVar[list[str]] = []

    def __getstate__(self) -> dict[str, Any]:
        """Everything but what does not outlive the process."""
        state = super().__getstate__()
        return {name: value for name, value in state.items() if name not in self.volatile}


class _ReactorService(VolatileDataService):
    """
    Calls a method of a reactor with the arguments that it was made with.

    @cvar method: the second part of the method's name, such as C{"TCP"}.
    @ivar reactor: the reactor; by default the global one when it is started.
    """

    method: ClassVar[str] = ""
    _verb: ClassVar[str] = ""
    reactor: Any = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """
        @param reactor: the reactor; all other arguments are the method's.
        """
        if "reactor" in kwargs:
            self.reactor = kwargs.pop("reactor")
        self.args = args
        self.kwargs = kwargs

    def _call(self) -> Any:
        reactor = currentReactor(self.reactor)
        return getattr(reactor, self._verb + self.method)(*self.args, **self.kwargs)


class AbstractServer(_ReactorService):
    """Listens while it runs."""

    volatile: ClassVar[list[str]] = ["_port"]
    _verb = "listen"
    _port: Any = None

    def privilegedStartService(self) -> None:
        """Listen."""
        super().privilegedStartService()
        self._port = self._call()

    def startService(self) -> None:
        """Listen, unless that was begun while there were privileges."""
        super().startService()
        if self._port is None:
            self._port = self._call()

    def stopService(self) -> Deferred[Any] | None:
        """
        Listen no more.

        @return: fires when the port is closed.
        """
        super().stopService()
        port, self._port = self._port, None
        return None if port is None else maybeDeferred(port.stopListening)


class AbstractClient(_ReactorService):
    """Connects when it is started, and disconnects when it is stopped."""

    volatile: ClassVar[list[str]] = ["_connection"]
    _verb = "connect"
    _connection: Any = None

    def startService(self) -> None:
        """Connect."""
        super().startService()
        self._connection = self._call()

    def stopService(self) -> None:
        """Disconnect."""
        super().stopService()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.disconnect()


class TCPServer(AbstractServer):
    """Takes the arguments of ``reactor.listenTCP``."""

    method = "TCP"


class TCPClient(AbstractClient):
    """Takes the arguments of ``reactor.connectTCP``."""

    method = "TCP"


class SSLServer(AbstractServer):
    """Takes the arguments of ``reactor.listenSSL``."""

    method = "SSL"


class SSLClient(AbstractClient):
    """Takes the arguments of ``reactor.connectSSL``."""

    method = "SSL"


class UNIXServer(AbstractServer):
    """Takes the arguments of ``reactor.listenUNIX``."""

    method = "UNIX"


class UNIXClient(AbstractClient):
    """Takes the arguments of ``reactor.connectUNIX``."""

    method = "UNIX"


class UDPServer(AbstractServer):
    """Takes the arguments of ``reactor.listenUDP``."""

    method = "UDP"


class UNIXDatagramServer(AbstractServer):
    """Takes the arguments of ``reactor.listenUNIXDatagram``."""

    method = "UNIXDatagram"


class UNIXDatagramClient(AbstractClient):
    """Takes the arguments of ``reactor.connectUNIXDatagram``."""

    method = "UNIXDatagram"


class MulticastServer(AbstractServer):
    """Takes the arguments of ``reactor.listenMulticast``."""

    method = "Multicast"


for _name in [name for name in __all__ if name != "VolatileDataService"]:
    globals()[_name].__module__ = "twisted.application.internet"
