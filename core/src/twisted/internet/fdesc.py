"""
Plain file descriptors: blocking mode, reading and writing what is possible at once.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from twisted.internet.main import CONNECTION_DONE, CONNECTION_LOST

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.internet.error import ConnectionDone, ConnectionLost

__all__ = ["readFromFD", "setBlocking", "setNonBlocking", "writeToFD"]

#: How many bytes one call of `readFromFD` asks for.
_READ_SIZE = 64 * 1024


def setNonBlocking(fd: int) -> None:
    """Make reads and writes on ``fd`` return at once, with what is possible."""
    os.set_blocking(fd, False)


def setBlocking(fd: int) -> None:
    """Make reads and writes on ``fd`` wait until they can proceed."""
    os.set_blocking(fd, True)


def _setCloseOnExec(fd: int) -> None:
    """Keep ``fd`` from being handed on to a program that replaces this one."""
    os.set_inheritable(fd, False)


def _unsetCloseOnExec(fd: int) -> None:
    """Hand ``fd`` on to a program that replaces this one."""
    os.set_inheritable(fd, True)


def readFromFD(
    fd: int, callback: Callable[[bytes], object]
) -> ConnectionDone | ConnectionLost | None:
    """
    Read once from a non-blocking descriptor and pass what came to ``callback``.

    @return: None while the descriptor lives, `CONNECTION_DONE` at its end, `CONNECTION_LOST` if
        reading failed: what a `doRead` method returns.
    """
    try:
        data = os.read(fd, _READ_SIZE)
    except (BlockingIOError, InterruptedError):
        return None
    except OSError:
        return CONNECTION_LOST
    if not data:
        return CONNECTION_DONE
    callback(data)
    return None


def writeToFD(fd: int, data: bytes) -> int | ConnectionLost:
    """
    Write once to a non-blocking descriptor.

    @return: how many bytes were taken, which may be 0, or `CONNECTION_LOST` if writing failed: what
        a `writeSomeData` method returns.
    """
    try:
        return os.write(fd, data)
    except (BlockingIOError, InterruptedError):
        return 0
    except OSError:
        return CONNECTION_LOST
