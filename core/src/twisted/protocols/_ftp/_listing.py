"""Listings of directories: what a server sends, and what a client reads."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import Any, ClassVar

from twisted.protocols.basic import LineReceiver

__all__ = ["FTPFileListProtocol", "facts", "listLine", "timestamp"]

#: What a shell is asked for a line of LIST, in this order.
LIST_KEYS = ("size", "directory", "permissions", "hardlinks", "modified", "owner", "group")
#: The same for the facts of MLST and MLSD.
FACT_KEYS = ("size", "directory", "permissions", "modified")

_HALF_A_YEAR = 183 * 24 * 3600


def listLine(name: bytes, stats: Sequence[Any], now: float) -> bytes:
    """
    A line as ``ls -l`` writes it, without its end.

    @param stats: what a shell knows for `LIST_KEYS`.
    @param now: the time, in seconds since 1970; times long before it are written with the year.
    """
    size, directory, permissions, links, modified, owner, group = stats
    recent = now - _HALF_A_YEAR < modified < now + 24 * 3600
    when = time.strftime("%b %d %H:%M" if recent else "%b %d  %Y", time.gmtime(modified))
    shorthand = permissions.shorthand()
    line = (
        f"{'d' if directory else '-'}{shorthand} {links:3d} {owner!s:<9} {group!s:<9} "
        f"{size:15d} {when} "
    )
    return line.encode("utf-8", "surrogateescape") + name


def timestamp(seconds: float) -> str:
    """A time in UTC (RFC 3659, section 2.3)."""
    return time.strftime("%Y%m%d%H%M%S", time.gmtime(seconds))


def facts(stats: Sequence[Any], writable: bool) -> str:
    """
    The facts of MLST and MLSD, with the space behind them (RFC 3659, section 7).

    @param stats: what a shell knows for `FACT_KEYS`.
    @param writable: whether the user may change anything at all.
    """
    size, directory, permissions, modified = stats
    shorthand = permissions.shorthand()
    if directory:
        allowed = "el" + ("cmpfd" if writable else "")
    else:
        allowed = "r" + ("wafd" if writable else "")
    mode = sum(1 << (8 - place) for place, letter in enumerate(shorthand) if letter != "-")
    return (
        f"type={'dir' if directory else 'file'};size={size};modify={timestamp(modified)};"
        f"perm={allowed};unix.mode={mode:04o}; "
    )


class FTPFileListProtocol(LineReceiver):
    """
    Reads a listing in the format of ``ls -l``, as most servers send it.

    @ivar files: a dictionary for each file, with ``filetype``, ``perms``, ``nlinks``, ``owner``,
        ``group``, ``size`` in bytes, ``date``, ``filename`` and ``linktarget``.
    @cvar fileLinePattern: what a line looks like, with groups of these names.
    """

    __module__ = "twisted.protocols.ftp"

    fileLinePattern: ClassVar[re.Pattern[str]] = re.compile(
        r"^(?P<filetype>.)(?P<perms>[^\s]{9})[+.@]?\s+(?P<nlinks>[0-9]*)\s*"
        r"(?P<owner>\S+)\s+(?P<group>\S+)\s+(?P<size>[0-9]+)\s+"
        r"(?P<date>[^\s]{3}\s+[0-9]+\s+[0-9:]+)\s"
        r"(?P<filename>[^\r]+?)(?: -> (?P<linktarget>[^\r]*))?\r?$"
    )
    delimiter = b"\n"
    _encoding = "latin-1"

    def __init__(self) -> None:
        self.files: list[dict[str, Any]] = []

    def lineReceived(self, line: bytes) -> None:
        """Take a line."""
        text = line.decode(self._encoding)
        info = self.parseDirectoryLine(text)
        if info is None:
            self.unknownLine(text)
        else:
            self.addFile(info)

    def parseDirectoryLine(self, line: str) -> dict[str, Any] | None:
        """What a line says of a file, or None if it says nothing."""
        match = self.fileLinePattern.match(line)
        if match is None:
            return None
        info: dict[str, Any] = match.groupdict()
        info["filename"] = info["filename"].replace(r"\ ", " ")
        info["nlinks"] = int(info["nlinks"] or 0)
        info["size"] = int(info["size"])
        if info["linktarget"] is not None:
            info["linktarget"] = info["linktarget"].replace(r"\ ", " ")
        return info

    def addFile(self, info: dict[str, Any]) -> None:
        """Keep what a line says."""
        self.files.append(info)

    def unknownLine(self, line: str) -> None:
        """Called with a line that says nothing; to be overridden."""
