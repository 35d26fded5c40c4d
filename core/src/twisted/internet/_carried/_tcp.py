"""TCP connections whose bytes the loop carries."""

from __future__ import annotations

from twisted.internet import tcp
from twisted.internet._carried._stream import CarriedStream

__all__ = ["Client", "Connector", "Port", "Server"]


class Server(CarriedStream, tcp.Server):
    """The side of a TCP connection that was listening for it."""

    __module__ = "twisted.internet.tcp"


class Port(tcp.Port):
    """A socket that accepts TCP connections."""

    __module__ = "twisted.internet.tcp"

    transport = Server


class Client(CarriedStream, tcp.Client):
    """The side of a TCP connection that asked for it."""

    __module__ = "twisted.internet.tcp"


class Connector(tcp.Connector):
    """A TCP connection that a `ClientFactory` asked for."""

    __module__ = "twisted.internet.tcp"

    transportClass = Client
