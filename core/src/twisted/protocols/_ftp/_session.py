"""The control connection of an FTP server: commands, replies, TLS, and logins."""

from __future__ import annotations

import inspect
import re
import socket
from collections import deque
from collections.abc import Sequence
from typing import Any, ClassVar

from twisted.cred import credentials
from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import ISystemHandle
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.protocols._ftp import _replies as replies
from twisted.protocols._ftp._shell import IFTPShell
from twisted.protocols.guarded import GuardedLineReceiver
from twisted.protocols.policies import TimeoutMixin
from twisted.python.failure import Failure

__all__ = ["FTPSession"]

_log = Logger()

#: What TELNET puts before ABOR: Interrupt Process and Data Mark (RFC 959, section 4.1.3).
_TELNET = re.compile(rb"\xff[\xf0-\xfa]|\xff[\xfb-\xfe].|\xff(?=\xff)", re.S)
#: How many commands may wait for the one before them, until no more is read.
_MOST_WAITING = 64


class FTPSession(GuardedLineReceiver, TimeoutMixin):
    """
    Takes commands one after the other, and answers them.

    A method ``ftp_NAME`` serves a command.  It gives a reply, as a key of `RESPONSE` or a tuple of
    one and its arguments, or a Deferred of that; or it raises an `FTPCmdError`.

    @ivar state: C{UNAUTH} before C{USER}, C{INAUTH} after it, C{AUTHED} after C{PASS}, and
        C{RENAMING} between C{RNFR} and C{RNTO}.
    @ivar shell: the files of the user; None before the login.
    @ivar workingDirectory: the segments of the current directory.
    @ivar portal: where logins go.
    """

    UNAUTH, INAUTH, AUTHED, RENAMING = range(4)

    MAX_LENGTH = 4096
    maxErrors = 25
    #: How many logins may fail before the connection ends.
    maxLogins = 5

    portal: Any = None
    shell: Any = None
    factory: Any
    disconnected = False
    PUBLIC_COMMANDS: ClassVar[list[str]] = ["FEAT", "QUIT"]

    #: Commands that are served while another one is under way.
    _URGENT = ("ABOR", "STAT")
    _TLS_COMMANDS = ("AUTH", "PBSZ", "PROT")

    _user = ""
    _logout: Any = None
    _protected = False
    _under: Deferred[Any] | None = None

    def __init__(self) -> None:
        self._waiting: deque[str] = deque()
        self._afterThis: list[Deferred[None]] = []
        self._failedLogins = 0
        self.workingDirectory: list[str] = []

    # The connection

    def connectionMade(self) -> None:
        """Greet."""
        self.state = self.UNAUTH
        if ISystemHandle.providedBy(self.transport):
            # ABOR may come as urgent data, whose last byte would get lost.
            handle = self.transport.getHandle()
            handle.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
        self.setTimeout(self.timeOut)
        self.reply(replies.WELCOME_MSG, self.factory.welcomeMessage)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Drop what is under way, and log out."""
        self.disconnected = True
        self.setTimeout(None)
        self._waiting.clear()
        self.cleanupDTP()
        self._endShell()
        # What is not used any more should not keep anything alive.
        self.transport = None

    def cleanupDTP(self) -> None:
        """Close the data connection, and wait for none."""

    def _endShell(self) -> None:
        logout, self._logout = self._logout, None
        self.shell = None
        if logout is not None:
            try:
                logout()
            except Exception:
                _log.failure("a logout failed")

    def timeoutConnection(self) -> None:
        """Nothing has come for too long; a transfer is no reason to close."""
        if self._under is not None:
            self.setTimeout(self.timeOut or self.factory.timeOut)
            return
        self._leave(replies.SVC_NOT_AVAIL_CLOSING_CTRL_CNX)

    def _leave(self, key: str) -> None:
        """Say a last word."""
        if self.transport is not None:
            self.reply(key)
            self.transport.loseConnection()

    def tooManyErrors(self) -> None:
        """Nobody who means well makes so many of them."""
        self._leave(replies.TOO_MANY_ERRORS)

    def lineLengthExceeded(self, line: bytes) -> Any:
        """Refuse a command that is too long, and close."""
        self.reply(replies.SYNTAX_ERR, "line too long")
        self.transport.loseConnection()

    # Replies

    def reply(self, key: str, *args: object) -> None:
        """
        Send a reply.

        @param key: of `RESPONSE`.
        @param args: what its text speaks of.
        """
        self.sendLine(replies.replyText(key, *args))

    def sendLine(self, line: str | bytes) -> None:
        """Send a line."""
        if isinstance(line, str):
            line = line.encode("utf-8", "surrogateescape")
        if self.transport is not None:
            super().sendLine(line)

    def _refuse(self, failure: Failure, cmd: str) -> None:
        """Tell why a command is not served."""
        if failure.check(replies.FTPCmdError):
            self.sendLine(failure.value.response())  # type: ignore[attr-defined]
        else:
            _log.failure("{command} failed", failure=failure, command=cmd)
            self.reply(replies.REQ_ACTN_NOT_TAKEN, "internal server error")

    # Commands

    def lineReceived(self, line: bytes) -> None:
        """Serve a command, or keep it until the one before it is done."""
        self.resetTimeout()
        text = _TELNET.sub(b"", line).decode("utf-8", "surrogateescape")
        if self._under is not None:
            if text[:4].upper() in self._URGENT:
                self._serve(text)
                return
            self._waiting.append(text)
            if len(self._waiting) >= _MOST_WAITING:
                self.pauseProducing()
            return
        self._serve(text)

    def takeUndelivered(self) -> bytes:
        """What came behind the command that begins TLS is forgotten, wherever it waits."""
        waiting = "\n".join(self._waiting).encode("utf-8", "surrogateescape")
        self._waiting.clear()
        return waiting + super().takeUndelivered()

    def _serve(self, text: str) -> None:
        """Serve a command."""
        command, space, argument = text.partition(" ")
        command = command.upper()
        urgent = self._under is not None
        done = maybeDeferred(self.processCommand, command, *([argument] if space else []))
        if not urgent:
            self._under = done
        done.addCallbacks(self._answer, self._failed, errbackArgs=(command,))
        done.addErrback(lambda failure: _log.failure("no reply", failure=failure))
        if not urgent:
            done.addBoth(lambda ignored: self._next())

    def _answer(self, result: Any) -> None:
        """Send what a command has brought."""
        self.errorsForgiven()
        if result is None:
            return
        if isinstance(result, tuple):
            self.reply(*result)
        else:
            self.reply(result)

    def _failed(self, failure: Failure, command: str) -> None:
        """Tell that a command has failed."""
        if self.disconnected:
            return
        self._refuse(failure, command)
        self.countError()

    def afterThis(self) -> Deferred[None]:
        """Fires when the command that is under way has been answered."""
        done: Deferred[None] = Deferred()
        if self._under is None or self._under.called:
            done.callback(None)
        else:
            self._afterThis.append(done)
        return done

    def _next(self) -> None:
        """Go on with what waits."""
        self._under = None
        while self._afterThis:
            self._afterThis.pop(0).callback(None)
        if self.disconnected:
            return
        if self._waiting:
            self._serve(self._waiting.popleft())
        elif self.paused:
            self.resumeProducing()

    def processCommand(self, cmd: str, *params: str) -> Any:
        """
        Serve a command.

        @param cmd: its name, in capitals.
        @param params: its argument, if it has one.
        @return: the reply, or a Deferred of it.
        @raise FTPCmdError: if it is refused.
        """
        self._checkState(cmd)
        method = getattr(self, "ftp_" + cmd, None) if cmd.isalpha() else None
        if method is None:
            raise replies.CmdNotImplementedError(cmd)
        if self.state == self.RENAMING:
            self.state = self.AUTHED
        try:
            inspect.signature(method).bind(*params)
        except TypeError:
            takes = "no argument" if params else "an argument"
            verb = "takes" if params else "requires"
            raise replies.CmdSyntaxError(f"{cmd} {verb} {takes}.") from None
        return method(*params)

    def _checkState(self, cmd: str) -> None:
        """
        See whether it is the time for a command.

        @raise FTPCmdError: if it is not.
        """
        public = cmd in self.PUBLIC_COMMANDS or cmd in self._TLS_COMMANDS
        if self.state == self.UNAUTH and not public and cmd != "USER":
            if cmd == "PASS":
                raise replies.BadCmdSequenceError("USER required before PASS")
            raise _NotLoggedIn()
        if self.state == self.INAUTH and not public and cmd not in ("USER", "PASS"):
            raise replies.BadCmdSequenceError("PASS required after USER")
        if self.state == self.RENAMING and cmd != "RNTO":
            self.state = self.AUTHED
            raise replies.BadCmdSequenceError("RNTO required after RNFR")

    # TLS (RFC 4217)

    @property
    def dataContext(self) -> Any:
        """The settings of TLS for data connections; None if they are in plain text."""
        return self.factory.contextFactory if self._protected else None

    def _checkTLS(self, cmd: str) -> None:
        if getattr(self.factory, "contextFactory", None) is None:
            raise replies.CmdNotImplementedError(cmd)

    def ftp_AUTH(self, mechanism: str) -> None:
        """Begin TLS."""
        self._checkTLS("AUTH")
        if mechanism.upper() not in ("TLS", "TLS-C", "SSL"):
            raise replies.CmdNotImplementedForArgError(mechanism)
        if self.tlsStarted:
            raise replies.BadCmdSequenceError("TLS has begun already")
        self.reply(replies.TLS_BEGINS)
        self.switchToTLS(self.factory.contextFactory)

    def plaintextForgotten(self) -> None:
        """Who has logged in before does so again."""
        self._endShell()
        self.state = self.UNAUTH
        self._user = ""

    def ftp_PBSZ(self, size: str) -> str:
        """The size of buffers, which under TLS is 0."""
        if not self.tlsStarted:
            raise replies.BadCmdSequenceError("AUTH required before PBSZ")
        return replies.CMD_OK

    def ftp_PROT(self, level: str) -> tuple[str, str]:
        """Whether data connections are protected."""
        if not self.tlsStarted:
            raise replies.BadCmdSequenceError("AUTH required before PROT")
        if level.upper() not in ("C", "P"):
            raise _ProtectionRefused(level)
        self._protected = level.upper() == "P"
        return replies.PROTECTION_SET, "Private" if self._protected else "Clear"

    # Logins

    def ftp_USER(self, username: str) -> tuple[str, ...]:
        """The name of a user."""
        if not username:
            raise replies.CmdSyntaxError("USER requires an argument.")
        if getattr(self.factory, "requireTLS", False) and not self.tlsStarted:
            raise _TLSBeforeLogin()
        self._endShell()
        self._user = username
        self.state = self.INAUTH
        if self._isAnonymous():
            return (replies.GUEST_NAME_OK_NEED_EMAIL,)
        return replies.USR_NAME_OK_NEED_PASS, username

    def _isAnonymous(self) -> bool:
        return bool(self.factory.allowAnonymous) and self._user == self.factory.userAnonymous

    def ftp_PASS(self, password: str) -> Deferred[Any]:
        """The password of the user; of somebody anonymous, anything."""
        if self.state != self.INAUTH:
            raise replies.BadCmdSequenceError("USER required before PASS")
        self.state = self.UNAUTH
        who: Any
        if self._isAnonymous():
            who, answer = credentials.Anonymous(), replies.GUEST_LOGGED_IN_PROCEED
        else:
            answer = replies.USR_LOGGED_IN_PROCEED
            name: Any = self._user
            secret: Any = password
            if getattr(self.factory, "credentialsInBytes", False):
                name = name.encode("utf-8", "surrogateescape")
                secret = secret.encode("utf-8", "surrogateescape")
            who = credentials.UsernamePassword(name, secret)

        login: Deferred[Any] = maybeDeferred(self.portal.login, who, None, IFTPShell)
        return login.addCallbacks(self._loggedIn, self._loginFailed, callbackArgs=(answer,))

    def _loggedIn(self, result: tuple[Any, Any, Any], answer: str) -> str:
        _, shell, logout = result
        if self.disconnected:
            logout()
            return answer
        self.shell, self._logout = shell, logout
        self.workingDirectory = []
        self.state = self.AUTHED
        return answer

    def _loginFailed(self, failure: Failure) -> Any:
        if not failure.check(UnauthorizedLogin):
            return failure
        self._failedLogins += 1
        if self._failedLogins >= self.maxLogins:
            self.reply(replies.AUTH_FAILURE)
            self.tooManyErrors()
            return None
        raise replies.AuthorizationError()

    # What is always served

    #: What is told of besides the commands for TLS.
    FEATURES: ClassVar[Sequence[str]] = ()

    def ftp_FEAT(self) -> None:
        """What this server can (RFC 2389)."""
        features = list(self.FEATURES)
        if getattr(self.factory, "contextFactory", None) is not None:
            features += ["AUTH TLS", "PBSZ", "PROT"]
        [first, last] = list(replies.RESPONSE[replies.FEAT_OK])
        for line in (first, *(" " + feature for feature in sorted(features)), last):
            self.sendLine(line)

    def ftp_QUIT(self) -> None:
        """The end."""
        self.reply(replies.GOODBYE_MSG)
        self.transport.loseConnection()
        self.disconnected = True


class _NotLoggedIn(replies.FTPCmdError):
    errorCode = replies.NOT_LOGGED_IN


class _TLSBeforeLogin(replies.FTPCmdError):
    errorCode = replies.TLS_BEFORE_LOGIN


class _ProtectionRefused(replies.FTPCmdError):
    errorCode = replies.PROTECTION_REFUSED
