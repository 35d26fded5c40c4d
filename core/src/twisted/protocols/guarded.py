"""
What the text protocols of the Internet share when they are careful: the change to TLS, limits on
lines, and an end to peers that make nothing but errors.

FTP (RFC 4217), SMTP (RFC 3207), IMAP and POP3 (RFC 2595), NNTP (RFC 4642) and XMPP (RFC 6120) all
begin TLS by a command on a connection in plain text.  Whoever sits in the middle can put something
behind that command, or behind its reply, which would then be taken for what was said under TLS.
"""

from __future__ import annotations

from typing import Any

from twisted.logger import Logger
from twisted.protocols.basic import LineReceiver

__all__ = ["ErrorBudget", "GuardedLineReceiver", "TLSSwitchMixin"]

_log = Logger()


class ErrorBudget:
    """
    How many errors a peer may make.

    @ivar left: how many more.
    """

    def __init__(self, most: int) -> None:
        """
        @param most: how many there may be before it is enough.
        """
        self._most = most
        self.left = most

    def spend(self) -> bool:
        """Count an error. @return: whether that was one too many."""
        self.left -= 1
        return self.left < 0

    def restore(self) -> None:
        """Something went well: begin anew."""
        self.left = self._most


class TLSSwitchMixin:
    """
    A mixin for protocols on whose connection TLS begins in the midst.

    @ivar tlsStarted: whether it has begun.
    """

    tlsStarted = False
    transport: Any

    def switchToTLS(self, contextFactory: Any, normal: bool = True) -> None:
        """
        Begin TLS: what comes from now on, and what is written, is protected.

        What has come already, and was not delivered, is dropped: it was not. Then
        `plaintextForgotten` is called.

        @param contextFactory: as `twisted.internet.interfaces.ITLSTransport.startTLS` takes it.
        @param normal: whether the side that has made the connection is the client of TLS.
        @raise RuntimeError: if TLS has begun already.
        """
        if self.tlsStarted:
            raise RuntimeError("TLS has begun already")
        dropped = self.takeUndelivered()
        if dropped:
            _log.warn(
                "{count} bytes in plain text came behind the command that begins TLS; dropped",
                count=len(dropped),
            )
        self.tlsStarted = True
        self.transport.startTLS(contextFactory, normal)
        self.plaintextForgotten()

    def takeUndelivered(self) -> bytes:
        """Forget, and give, what has come and was not delivered; to be overridden."""
        return b""

    def plaintextForgotten(self) -> None:
        """
        Forget what the peer has said in plain text, such as its capabilities; to be overridden.
        """


class GuardedLineReceiver(LineReceiver, TLSSwitchMixin):
    """
    Receives lines from somebody who may not mean well.

    @cvar MAX_LENGTH: how long a line may be, in bytes.
    @cvar maxErrors: how many errors in a row a peer may make; None for any number.
    """

    MAX_LENGTH = 4096
    maxErrors: int | None = 25

    _budget: ErrorBudget | None = None

    def takeUndelivered(self) -> bytes:
        """Forget, and give, what has come and was not delivered."""
        return self.clearLineBuffer()

    def countError(self) -> bool:
        """
        Count an error of the peer; when there are too many, `tooManyErrors` is called.

        @return: whether there were too many.
        """
        if self.maxErrors is None:
            return False
        if self._budget is None:
            self._budget = ErrorBudget(self.maxErrors)
        if not self._budget.spend():
            return False
        self.tooManyErrors()
        return True

    def errorsForgiven(self) -> None:
        """The peer has done something right: count anew."""
        if self._budget is not None:
            self._budget.restore()

    def tooManyErrors(self) -> None:
        """
        Called when the peer makes nothing but errors; closes the connection unless overridden.
        """
        self.transport.loseConnection()
