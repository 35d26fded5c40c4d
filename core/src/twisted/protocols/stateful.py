"""A protocol that waits for a number of octets at a time."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

from twisted.internet import protocol

__all__ = ["StatefulProtocol"]


class StatefulProtocol(protocol.Protocol):
    """
    A protocol whose states each wait for a number of octets.

    A state is a pair of a function and that number. The function is called with the octets, and
    returns the next state, or None for the same one again.
    """

    _sful_data: tuple[Any, BytesIO, int] = (None, BytesIO(), 0)

    def makeConnection(self, transport: Any) -> None:
        """Begin in the initial state."""
        protocol.Protocol.makeConnection(self, transport)
        self._sful_data = (self.getInitialState(), BytesIO(), 0)

    def getInitialState(self) -> tuple[Callable[[bytes], Any], int]:
        """The first state; to be overridden."""
        raise NotImplementedError(f"{type(self).__name__}.getInitialState")

    def dataReceived(self, data: bytes) -> None:
        """Call the functions of states for as long as there are enough octets."""
        state, buffer, offset = self._sful_data
        buffer.seek(0, 2)
        buffer.write(data)
        held = buffer.tell()
        buffer.seek(offset)
        while held - offset >= state[1]:
            portion = buffer.read(state[1])
            offset += state[1]
            following = state[0](portion)
            if getattr(self.transport, "disconnecting", False):
                break
            if following is not None:
                state = following
        if offset:
            # What has been used is dropped.
            rest = buffer.read()
            buffer = BytesIO()
            buffer.write(rest)
            offset = 0
        self._sful_data = (state, buffer, offset)
