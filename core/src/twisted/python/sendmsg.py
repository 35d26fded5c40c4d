"""Send and receive messages with ancillary data: use the methods of `socket.socket`."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterable
from socket import CMSG_SPACE, SCM_RIGHTS, socket

__all__ = ["SCM_RIGHTS", "getSocketFamily", "recvmsg", "sendmsg"]

#: What `recvmsg` returns: the octets, ``(level, type, data)`` of each ancillary item, the flags.
ReceivedMessage = namedtuple("ReceivedMessage", ["data", "ancillary", "flags"])


def sendmsg(
    socket: socket,
    data: bytes,
    ancillary: Iterable[tuple[int, int, bytes]] = (),
    flags: int = 0,
) -> int:
    """
    Send `data` and `ancillary` data: ``(level, type, data)`` each.

    @return: how many octets of `data` were sent.
    @raise OSError: the system refuses.
    """
    return socket.sendmsg([data], list(ancillary), flags)


def recvmsg(
    socket: socket, maxSize: int = 8192, cmsgSize: int = 4096, flags: int = 0
) -> ReceivedMessage:
    """
    Receive a message and its ancillary data.

    @param maxSize: the most octets of data to take.
    @param cmsgSize: the most octets of ancillary data to take.
    @raise OSError: the system refuses.
    """
    data, ancillary, received = socket.recvmsg(maxSize, CMSG_SPACE(cmsgSize), flags)[:3]
    return ReceivedMessage(data=data, ancillary=ancillary, flags=received)


def getSocketFamily(socket: socket) -> int:
    """The address family of `socket`: ``socket.family``."""
    return socket.family
