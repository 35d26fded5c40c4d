"""Two connections that a proxy has joined."""

from __future__ import annotations

from typing import Any

from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

__all__ = ["FarSide", "join", "part"]


def join(near: Any, far: Any) -> None:
    """Let each of two protocols be read from no faster than the other takes."""
    far.transport.registerProducer(near.transport, True)
    near.transport.registerProducer(far.transport, True)


def part(protocol: Any) -> None:
    """End a connection, since the other one has ended."""
    transport = getattr(protocol, "transport", None)
    if transport is not None:
        transport.unregisterProducer()
        transport.loseConnection()


class FarSide(Protocol):
    """
    The connection that a proxy has made.

    @param near: the protocol of whoever has asked for it: has `farMade`, `farReceived`, `farLost`.
    """

    def __init__(self, near: Any) -> None:
        self.near = near

    def connectionMade(self) -> None:
        """Tell."""
        self.near.farMade(self)

    def dataReceived(self, data: bytes) -> None:
        """Hand on."""
        self.near.transport.write(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """End the other, too."""
        near, self.near = self.near, None
        near.farLost(self)
