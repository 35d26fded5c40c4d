"""
TCP: connections, the ports that accept them and the connectors that make them.
"""

from __future__ import annotations

from errno import (
    EAGAIN,
    EALREADY,
    ECONNABORTED,
    EINPROGRESS,
    EINVAL,
    EISCONN,
    EMFILE,
    ENFILE,
    ENOBUFS,
    ENOMEM,
    EPERM,
    EWOULDBLOCK,
    errorcode,
)
from os import strerror

from zope.interface import Interface

from twisted.internet._binding import makeBinding
from twisted.internet._client import BaseClient, Client, Connector
from twisted.internet._connection import (
    NUMERIC_ONLY as _NUMERIC_ONLY,
)
from twisted.internet._connection import (
    Connection,
    Server,
)
from twisted.internet._connection import (
    resolveIPv6 as _resolveIPv6,
)
from twisted.internet._port import Port
from twisted.internet._spare import SpareDescriptor as _FileDescriptorReservation
from twisted.python.runtime import platformType

__all__ = [
    "EAGAIN",
    "EALREADY",
    "ECONNABORTED",
    "EINPROGRESS",
    "EINVAL",
    "EISCONN",
    "EMFILE",
    "ENFILE",
    "ENOBUFS",
    "ENOMEM",
    "EPERM",
    "EWOULDBLOCK",
    "_NUMERIC_ONLY",
    "_FileDescriptorReservation",
    "BaseClient",
    "Client",
    "Connection",
    "Connector",
    "Port",
    "Server",
    "_resolveIPv6",
    "errorcode",
    "makeBinding",
    "platformType",
    "strerror",
]


class _BuffersLogs:
    """Kept for programs that look for it: nothing here holds log events back."""


class _IFileDescriptorReservation(Interface):
    """Kept for programs that look for it: what `_FileDescriptorReservation` would provide."""


class _NullFileDescriptorReservation(_BuffersLogs):
    """Kept for programs that look for it: holds nothing."""
