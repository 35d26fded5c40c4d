"""
Where a socket is to be bound, and with which options.
"""

from __future__ import annotations

import socket
from typing import Any

__all__ = ["Binding", "makeBinding"]


class Binding:
    """Where a socket is to be bound, and how: what `makeBinding` gives."""

    __slots__ = ("interface", "port", "reuseAddress", "reusePort")

    def __init__(self, interface: str, port: int, reuseAddress: bool, reusePort: bool) -> None:
        self.interface = interface
        self.port = port
        self.reuseAddress = reuseAddress
        self.reusePort = reusePort

    def prepare(self, skt: socket.socket) -> None:
        """Set the options that have to be set before binding."""
        if self.reuseAddress:
            skt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self.reusePort:
            skt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)

    def __repr__(self) -> str:
        return (
            f"<binding to {self.interface}:{self.port}"
            f" reuseAddress={self.reuseAddress} reusePort={self.reusePort}>"
        )


def makeBinding(
    interface: str = "", port: int = 0, reuseAddress: bool = False, reusePort: bool = False
) -> Any:
    """
    Say where a socket is to be bound, with options that a plain port or address cannot tell.

    `Port` takes it in place of a port, and `Client` in place of ``bindAddress``.

    @param reusePort: let several sockets, perhaps of several processes, share the port.
    """
    return Binding(interface, port, reuseAddress, reusePort)
