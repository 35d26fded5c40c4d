"""A socket that is in the hands of the loop."""

from __future__ import annotations

from asyncio import Task
from collections.abc import Coroutine
from typing import Any

from twisted.internet.main import CONNECTION_LOST
from twisted.logger import Logger

__all__ = ["Carried"]

_log = Logger()


class Carried:
    """
    A socket in the hands of the loop.

    Mixed into a class for descriptors, whose `startReading` hands the socket over.
    """

    reactor: Any
    socket: Any
    disconnected: Any

    # The loop's transport; None before the loop has the socket, and after the end.
    _carrier: Any = None
    _handing: Task[None] | None = None
    _readPaused = False

    def fileno(self) -> int:
        """Tell the number of the socket's descriptor, or -1 after the end."""
        # The loop closes the socket a little later.
        return -1 if self.socket is None or self.disconnected else int(self.socket.fileno())

    def _handOver(self) -> Coroutine[Any, Any, Any]:
        """Have the loop make a transport for the socket, with this as its protocol."""
        raise NotImplementedError(f"{type(self).__qualname__} does not provide _handOver")

    async def _hand(self) -> None:
        if self.disconnected:
            return
        try:
            await self._handOver()
        except Exception as problem:
            if not self.disconnected:
                _log.error("{transport} could not be served: {why}", transport=self, why=problem)
                self.reactor._lose(self, CONNECTION_LOST, False)

    def startReading(self) -> None:
        """Have what comes passed to the protocol."""
        self._readPaused = False
        if self._handing is None:
            self.reactor._carried.add(self)
            self._handing = self.reactor._asyncioEventloop.create_task(self._hand())

    def stopReading(self) -> None:
        """Let what comes wait."""
        self._readPaused = True

    def connection_made(self, carrier: Any) -> None:
        """Take the transport; the loop calls this."""
        if self.disconnected:
            carrier.abort()
            return
        self._carrier = carrier

    def connectionLost(self, reason: Any = None) -> None:
        """Close the socket and tell the protocol; nothing happens the second time."""
        ended = self.disconnected
        try:
            super().connectionLost(reason)  # type: ignore[misc]
        finally:
            if not ended:
                self._release()

    def _release(self) -> None:
        """Let the loop close the socket; whatever it has still to send is thrown away."""
        self.reactor._carried.discard(self)
        carrier, self._carrier = self._carrier, None
        if carrier is not None:
            carrier.abort()
