"""Who is there: the server of the finger protocol (RFC 1288)."""

from __future__ import annotations

from twisted.protocols import basic, policies

__all__ = ["Finger"]


class Finger(basic.LineReceiver, policies.TimeoutMixin):
    """
    Answers one query, and closes. Override `getDomain` and `getUser`.

    A query for users of other hosts is refused: forwarding lets others hide behind this host.

    @cvar queryTimeout: how long the query may take, in seconds.
    """

    MAX_LENGTH = 1024
    queryTimeout = 30

    def connectionMade(self) -> None:
        """Wait for the query."""
        self.setTimeout(self.queryTimeout if hasattr(self.transport, "reactor") else None)

    def connectionLost(self, reason: object = None) -> None:
        """Wait no longer."""
        self.setTimeout(None)

    def lineReceived(self, line: bytes) -> None:
        """Answer a query."""
        parts = line.split()
        slash_w = 0
        if parts and parts[0].upper() == b"/W":
            slash_w = 1
            del parts[0]
        if not parts:
            self.getDomain(slash_w)
        else:
            user, at, host = parts[0].partition(b"@")
            if at:
                self.forwardQuery(slash_w, user, host)
            else:
                self.getUser(slash_w, user)
        self.transport.loseConnection()

    def lineLengthExceeded(self, line: bytes) -> None:
        """Refuse a query that is too long."""
        self._refuse(b"Your query is too long")
        self.transport.loseConnection()

    def _refuse(self, message: bytes) -> None:
        self.transport.write(message + b"\n")

    def getDomain(self, slash_w: int) -> None:
        """
        Tell who is there.

        @param slash_w: whether more is wanted.
        """
        self._refuse(b"Finger online list denied")

    def getUser(self, slash_w: int, user: bytes) -> None:
        """
        Tell about a user.

        @param slash_w: whether more is wanted.
        """
        self.transport.write(b"Login: " + user + b"\n")
        self._refuse(b"No such user")

    def forwardQuery(self, slash_w: int, user: bytes, host: bytes) -> None:
        """Refuse to ask another host."""
        self._refuse(b"Finger forwarding service denied")
