"""
A descriptor kept for the moment when there are no more.

A port that cannot accept for want of descriptors would be told again and again that a connection
waits.  With a descriptor to spare it can accept the connection and close it at once: the peer
learns that it has to try elsewhere or later, and the loop does not spin.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from socket import socket

__all__ = ["SpareDescriptor", "spareDescriptor"]


class SpareDescriptor:
    """One descriptor that all ports of the process share."""

    def __init__(self) -> None:
        self._fd: int | None = None
        self._holders = 0

    def hold(self) -> None:
        """Take note of one more port; the first has the descriptor opened."""
        self._holders += 1
        self._open()

    def release(self) -> None:
        """Take note of one port less; after the last the descriptor is closed."""
        self._holders -= 1
        if not self._holders:
            self._close()

    def turnAway(self, listening: socket) -> bool:
        """
        Accept a connection from ``listening`` and close it.

        @return: whether there was a descriptor to do it with.
        """
        if self._fd is None:
            self._open()
        if self._fd is None:
            return False
        self._close()
        try:
            listening.accept()[0].close()
        except OSError:
            # The peer has left, or another thread was quicker to take the descriptor.
            pass
        self._open()
        return self._fd is not None

    def _open(self) -> None:
        if self._fd is None:
            try:
                self._fd = os.open(os.devnull, os.O_RDONLY)
            except OSError:
                # Then ports can only wait for better times.
                pass

    def _close(self) -> None:
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)


#: The one that the ports of this process share.
spareDescriptor = SpareDescriptor()
