"""
Events in systemd's journal, with their fields: see systemd.journal-fields(7), and for the format
https://systemd.io/JOURNAL_NATIVE_PROTOCOL/.
"""

from __future__ import annotations

import array
import errno
import os
import re
import socket
import sys
from collections.abc import Callable, Iterator

from zope.interface import implementer

from twisted.logger._format import formatEvent
from twisted.logger._interfaces import ILogObserver, LogEvent
from twisted.logger._levels import LogLevel
from twisted.python.reflect import safe_str

__all__ = ["JournalLogObserver"]

_SOCKET = "/run/systemd/journal/socket"
_LONGEST_NAME = 64
_UNFIT = re.compile("[^A-Z0-9_]")
#: The priorities of syslog(3) for the levels.
_PRIORITIES = {
    LogLevel.debug: 7,
    LogLevel.info: 6,
    LogLevel.warn: 4,
    LogLevel.error: 3,
    LogLevel.critical: 2,
}
#: What goes into fields of the journal's own, or is of no use there.
_OWN = frozenset({"log_format", "log_level", "log_failure", "log_logger", "log_time", "log_source"})


@implementer(ILogObserver)
class JournalLogObserver:
    """
    Writes events to the journal.

    The text is ``MESSAGE``, the level ``PRIORITY``, a traceback ``TRACEBACK``; every other value of
    the event is a field of its name in capitals, with ``TW_`` before it, as text::

        journalctl -u chat TW_LOG_NAMESPACE=chat.room TW_USER=ann
    """

    def __init__(
        self,
        identifier: str | None = None,
        formatEvent: Callable[[LogEvent], str] = formatEvent,
        address: str = _SOCKET,
    ) -> None:
        """
        @param identifier: the name of the program; by default that of the command.
        @param formatEvent: makes the text of an event.
        @param address: of the journal's socket.
        """
        self._identifier = os.path.basename(sys.argv[0]) if identifier is None else identifier
        self._formatEvent = formatEvent
        self._address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.setblocking(False)

    def close(self) -> None:
        """Write no more."""
        self._socket.close()

    def __call__(self, event: LogEvent) -> None:
        """
        Write an event; it is lost if the journal does not listen, or is too busy.
        """
        data = b"".join(_field(name, value) for name, value in self._fields(event))
        try:
            self._socket.sendto(data, self._address)
        except OSError as error:
            if error.errno in (errno.EMSGSIZE, errno.ENOBUFS):
                self._sendLarge(data)

    def _fields(self, event: LogEvent) -> Iterator[tuple[str, str]]:
        yield "MESSAGE", self._formatEvent(event)
        yield "PRIORITY", str(_PRIORITIES.get(event.get("log_level"), 6))
        yield "SYSLOG_IDENTIFIER", self._identifier
        failure = event.get("log_failure")
        if failure is not None:
            yield "TRACEBACK", failure.getTraceback()
        for key, value in event.items():
            if key in _OWN or value is None:
                continue
            name = "TW_" + _UNFIT.sub("_", key.upper())
            yield name[:_LONGEST_NAME], safe_str(value)

    def _sendLarge(self, data: bytes) -> None:
        """Send what is too large for a datagram: a descriptor of a file in memory."""
        try:
            file = os.memfd_create("journal-entry", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
            try:
                os.write(file, data)
                rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [file]))
                self._socket.sendmsg([b""], [rights], 0, self._address)
            finally:
                os.close(file)
        except (OSError, AttributeError):
            pass


def _field(name: str, value: str) -> bytes:
    """A field on the wire; with its length before it if its value has more than one line."""
    encoded = value.encode("utf-8", "backslashreplace")
    if b"\n" not in encoded:
        return name.encode("ascii") + b"=" + encoded + b"\n"
    return name.encode("ascii") + b"\n" + len(encoded).to_bytes(8, "little") + encoded + b"\n"
