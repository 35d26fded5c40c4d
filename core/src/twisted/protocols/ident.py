"""Whose connection is it: client and server of the identification protocol (RFC 1413)."""

from __future__ import annotations

import pwd
import re
import struct
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from twisted.internet import defer
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.protocols import basic
from twisted.python.failure import Failure

__all__ = [
    "HiddenUser",
    "IdentClient",
    "IdentError",
    "IdentServer",
    "InvalidPort",
    "NoUser",
    "ProcServerMixin",
]

_log = Logger()

_QUERY = re.compile(r"\s*(-?[0-9]{1,9})\s*,\s*(-?[0-9]{1,9})\s*")


class IdentError(Exception):
    """The server cannot tell, and does not tell why."""

    identDescription = "UNKNOWN-ERROR"


class NoUser(IdentError):
    """There is no such connection, or it is nobody's."""

    identDescription = "NO-USER"


class InvalidPort(IdentError):
    """A port is not from 1 to 65535."""

    identDescription = "INVALID-PORT"


class HiddenUser(IdentError):
    """The user does not want it to be told."""

    identDescription = "HIDDEN-USER"


def _text(line: str | bytes) -> str:
    return line.decode("latin-1") if isinstance(line, bytes) else line


class IdentServer(basic.LineOnlyReceiver):
    """Tells whose connections of this host are. Override `lookup`."""

    MAX_LENGTH = 1000

    def lineReceived(self, line: bytes) -> None:
        """Answer a query."""
        found = _QUERY.fullmatch(_text(line))
        if found is None:
            self.invalidQuery()
            return
        self.validQuery(int(found[1]), int(found[2]))

    def invalidQuery(self) -> None:
        """Close, for the query makes no sense."""
        self.transport.loseConnection()

    def validQuery(self, portOnServer: int, portOnClient: int) -> None:
        """Look up whose connection it is, and tell."""
        if not (0 < portOnServer <= 65535 and 0 < portOnClient <= 65535):
            self._cannotTell(Failure(InvalidPort()), portOnServer, portOnClient)
            return
        server = self.transport.getHost().host, portOnServer
        client = self.transport.getPeer().host, portOnClient
        found = defer.maybeDeferred(self.lookup, server, client)
        found.addCallback(self._tell, portOnServer, portOnClient)
        found.addErrback(self._cannotTell, portOnServer, portOnClient)

    def _tell(self, result: tuple[str, str], portOnServer: int, portOnClient: int) -> None:
        system, user = result
        self._answer(f"{portOnServer}, {portOnClient} : USERID : {system} : {user}")

    def _cannotTell(self, failure: Failure, portOnServer: int, portOnClient: int) -> None:
        error = failure.value
        if not isinstance(error, IdentError):
            _log.failure("Looking up a user has failed", failure)
            error = IdentError()
        self._answer(f"{portOnServer}, {portOnClient} : ERROR : {error.identDescription}")

    def _answer(self, text: str) -> None:
        # Nothing that a look-up returns begins another line.
        self.sendLine(re.sub(r"[\0\r\n]", " ", text).encode("utf-8"))

    def lookup(self, serverAddress: tuple[str, int], clientAddress: tuple[str, int]) -> Any:
        """
        Whose connection it is; to be overridden.

        @param serverAddress: host and port on this side.
        @param clientAddress: host and port on the side of whoever asks.
        @return: the name of the system, such as ``UNIX``, and of the user: now, or by a `Deferred`.
        @raise IdentError: it cannot be told.
        """
        raise IdentError()


class ProcServerMixin:
    """Looks connections up in Linux's table of them: for an `IdentServer`."""

    SYSTEM_NAME = "LINUX"

    _TABLE: ClassVar[str] = "/proc/net/tcp"

    def entries(self) -> Iterator[str]:
        """The lines of the table."""
        with open(self._TABLE) as table:
            table.readline()
            for line in table:
                yield line.strip()

    def getUsername(self, uid: int, getpwuid: Callable[[int], Any] | None = None) -> str:
        """The name of the user with the number `uid`."""
        return str((getpwuid or pwd.getpwuid)(uid)[0])

    def dottedQuadFromHexString(self, hexstr: str) -> str:
        """An address as people write it."""
        octets = struct.pack("=L", int(hexstr, 16))
        return ".".join(map(str, octets))

    def unpackAddress(self, packed: str) -> tuple[str, int]:
        """The address and the port of an entry."""
        address, port = packed.split(":")
        return self.dottedQuadFromHexString(address), int(port, 16)

    def parseLine(self, line: str) -> tuple[tuple[str, int], tuple[str, int], int]:
        """The addresses of this side and of the other, and the number of the user, of an entry."""
        parts = line.strip().split()
        return self.unpackAddress(parts[1]), self.unpackAddress(parts[2]), int(parts[7])

    def lookup(
        self, serverAddress: tuple[str, int], clientAddress: tuple[str, int]
    ) -> tuple[str, str]:
        """
        Whose connection it is.

        @raise NoUser: there is none such.
        """
        for entry in self.entries():
            local, remote, uid = self.parseLine(entry)
            if remote == clientAddress and local[1] == serverAddress[1]:
                return self.SYSTEM_NAME, self.getUsername(uid)
        raise NoUser()


class IdentClient(basic.LineOnlyReceiver):
    """Asks whose connections are. Queries are sent one after another."""

    MAX_LENGTH = 1000

    errorTypes = (IdentError, NoUser, InvalidPort, HiddenUser)

    def __init__(self) -> None:
        self.queries: deque[tuple[defer.Deferred[Any], int, int]] = deque()

    def lookup(self, portOnServer: int, portOnClient: int) -> defer.Deferred[tuple[str, str]]:
        """
        Whose connection it is.

        @return: fires with the names of the system and of the user, or fails with `IdentError`.
        """
        found: defer.Deferred[tuple[str, str]] = defer.Deferred()
        self.queries.append((found, portOnServer, portOnClient))
        if len(self.queries) == 1:
            self._ask()
        return found

    def _ask(self) -> None:
        _, portOnServer, portOnClient = self.queries[0]
        self.sendLine(b"%d, %d" % (portOnServer, portOnClient))

    def lineReceived(self, line: bytes) -> None:
        """Take an answer."""
        if not self.queries:
            _log.warn("Unexpected server response: {line!r}", line=line)
            return
        found, _, _ = self.queries.popleft()
        self.parseResponse(found, line)
        if self.queries:
            self._ask()

    def parseResponse(self, deferred: defer.Deferred[Any], line: bytes) -> None:
        """Fire `deferred` with what an answer says."""
        parts = [part.strip() for part in _text(line).split(":", 3)]
        if len(parts) == 3 and parts[1] == "ERROR":
            known = {kind.identDescription: kind for kind in self.errorTypes}
            deferred.errback(known.get(parts[2], IdentError)(_text(line)))
        elif len(parts) == 4 and parts[1] == "USERID":
            deferred.callback((parts[2], parts[3]))
        else:
            deferred.errback(IdentError(_text(line)))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Nobody gets an answer any more."""
        queries, self.queries = self.queries, deque()
        for found, _, _ in queries:
            found.errback(IdentError(reason))
