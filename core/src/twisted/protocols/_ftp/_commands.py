"""What an FTP client says, and is answered: commands that wait for each other (RFC 959)."""

from __future__ import annotations

import re
from typing import Any

from twisted.internet import defer, error
from twisted.internet.protocol import connectionDone
from twisted.protocols.guarded import GuardedLineReceiver
from twisted.protocols.policies import TimeoutMixin
from twisted.python.failure import Failure

__all__ = [
    "BadResponse",
    "CommandFailed",
    "ConnectionLost",
    "FTPClientBasic",
    "FTPCommand",
    "FTPError",
    "UnexpectedData",
    "UnexpectedResponse",
    "checkLine",
]


#: The first three characters of an answer, and whether more lines come.
_ANSWER = re.compile(r"(\d\d\d)([ -])", re.A)


class FTPError(Exception):
    """Something went wrong in a client."""

    __module__ = "twisted.protocols.ftp"


class ConnectionLost(FTPError):
    """The connection ended before a command was answered."""

    __module__ = "twisted.protocols.ftp"


class CommandFailed(FTPError):
    """The server refuses a command; the argument is the list of lines of its answer."""

    __module__ = "twisted.protocols.ftp"


class BadResponse(FTPError):
    """The server has said something that is no answer."""

    __module__ = "twisted.protocols.ftp"


class UnexpectedResponse(FTPError):
    """The server has answered something else than was asked."""

    __module__ = "twisted.protocols.ftp"


class UnexpectedData(FTPError):
    """The server sends where it should take."""

    __module__ = "twisted.protocols.ftp"


class FTPCommand:
    """
    A command that waits for its turn, or for its answer.

    @ivar text: the command; None until it is known.
    @ivar deferred: fires with the lines of the answer.
    @ivar public: whether somebody is told of it.
    @ivar ready: whether it may be sent.
    """

    __module__ = "twisted.protocols.ftp"

    def __init__(self, text: str | None = None, public: int = 0) -> None:
        self.text = text
        self.deferred: defer.Deferred[Any] = defer.Deferred()
        self.ready = 1
        self.public = public
        self.transferDeferred: defer.Deferred[Any] | None = None

    def fail(self, failure: Failure) -> None:
        """It will not be answered."""
        if self.public and not self.deferred.called:
            self.deferred.errback(failure)


class FTPClientBasic(GuardedLineReceiver, TimeoutMixin):
    """
    Sends commands, one after the other, and gives their answers.

    @ivar greeting: the lines that the server has begun with; None before that.
    @cvar answerTime: how long an answer may take, in seconds; None for any time. While data are
        transferred there is no limit.
    @cvar MAX_RESPONSE: how many bytes an answer may have.
    """

    __module__ = "twisted.protocols.ftp"

    debug: Any = None
    _encoding = "latin-1"
    MAX_LENGTH = 16384
    MAX_RESPONSE = 2**20
    answerTime: float | None = None

    # Whether somebody is told if the command that was sent last fails.
    _public: int = 0

    def __init__(self) -> None:
        self.actionQueue: list[FTPCommand] = []
        self.greeting: list[str] | None = None
        self.nextDeferred: defer.Deferred[Any] | None = defer.Deferred()
        self.nextDeferred.addCallbacks(self._greeted, self.fail)
        self.response: list[str] = []
        self._size = 0
        self._code: str | None = None
        self._over: Failure | None = None

    def _greeted(self, lines: list[str]) -> None:
        self.greeting = lines

    def fail(self, error: Any) -> None:
        """
        Fail everything that waits.

        @param error: a `Failure`.
        """
        failure = error if isinstance(error, Failure) else Failure(error)
        if self._over is None:
            self._over = failure
        queue, self.actionQueue = self.actionQueue, []
        for command in queue:
            command.fail(failure)

    # Commands

    def queueCommand(self, ftpCommand: FTPCommand) -> None:
        """Send a command when its turn has come."""
        if self._over is not None:
            ftpCommand.fail(self._over)
            return
        self.actionQueue.append(ftpCommand)
        if len(self.actionQueue) == 1 and self.transport is not None and self.nextDeferred is None:
            self.sendNextCommand()

    def queueStringCommand(self, command: str, public: int = 1) -> defer.Deferred[Any]:
        """
        Send a command when its turn has come.

        @param public: whether somebody is told if it fails.
        @return: fires with the lines of the answer; fails with `CommandFailed`, `BadResponse` or
            `ConnectionLost`.
        @raise ValueError: if there is a line end in it.
        """
        checkLine(command)
        ftpCommand = FTPCommand(command, public)
        self.queueCommand(ftpCommand)
        return ftpCommand.deferred

    def popCommandQueue(self) -> FTPCommand | None:
        """The command whose turn it is."""
        return self.actionQueue.pop(0) if self.actionQueue else None

    def sendNextCommand(self) -> None:
        """Send the command whose turn it is, if there is one and it may be sent."""
        command = self.popCommandQueue()
        if command is None:
            return
        if not command.ready:
            self.actionQueue.insert(0, command)
            return
        if command.deferred.called:
            # It was cancelled.
            self.sendNextCommand()
            return
        self.nextDeferred = command.deferred
        self._public = command.public
        self.setTimeout(self.answerTime)
        self.sendLine(command.text)

    def sendLine(self, line: str | None) -> None:  # type: ignore[override]
        """
        Send a line.

        @param line: None for none.
        @raise ValueError: if there is a line end in it.
        """
        if line is not None:
            checkLine(line)
            super().sendLine(line.encode(self._encoding))

    def queueLogin(self, username: str, password: str | None) -> None:
        """
        Log in, by the next commands.

        @param password: None to send none.
        """
        commands = []
        user = self.queueStringCommand("USER " + username, public=0)
        commands.append(user)
        if password is not None:
            secret = FTPCommand("PASS " + password, public=0)
            checkLine(secret.text or "")
            self.queueCommand(secret)
            commands.append(secret.deferred)

            def unneeded(response: list[str]) -> None:
                if response[-1].startswith("230") and secret in self.actionQueue:
                    self.actionQueue.remove(secret)

            user.addCallback(unneeded)
        for deferred in commands:
            deferred.addErrback(self._loginFailed)

    def _loginFailed(self, failure: Failure) -> None:
        """Without a login nothing else can be done."""
        self.fail(failure)
        if self.transport is not None:
            self.transport.loseConnection()

    # Answers

    def lineReceived(self, line: bytes) -> None:
        """Take a line of an answer."""
        self.resetTimeout()
        text = line.decode(self._encoding)
        self._size += len(line)
        if self._size > self.MAX_RESPONSE:
            self._refuse(BadResponse(["an answer that is too long"]))
            return
        self.response.append(text)
        match = _ANSWER.match(text)
        if self._code is None:
            if match is None:
                # Not even the beginning of an answer.
                self._complete("")
                return
            if match[2] == "-":
                self._code = match[1]
                return
        elif match is None or match[1] != self._code or match[2] != " ":
            return
        assert match is not None
        self._code = None
        if match[1][0] == "1":
            # Another answer follows, which is told together with this one.
            self.setTimeout(None)
            return
        self._complete(match[1])

    def _complete(self, code: str) -> None:
        """An answer is complete."""
        response, self.response = self.response, []
        self._size = 0
        self.setTimeout(None)
        deferred, self.nextDeferred = self.nextDeferred, None
        if deferred is not None and not deferred.called:
            if code[:1] in ("2", "3"):
                deferred.callback(response)
            elif code[:1] in ("4", "5"):
                deferred.errback(Failure(CommandFailed(response)))
            else:
                deferred.errback(Failure(BadResponse(response)))
        if self.nextDeferred is None:
            self.sendNextCommand()

    def _refuse(self, problem: Exception) -> None:
        """End the connection because of what the server does."""
        self.response = []
        self._lost(Failure(problem))
        self.transport.abortConnection()

    def lineLengthExceeded(self, line: bytes) -> Any:
        """A line that is too long is no answer."""
        self._refuse(BadResponse(["a line that is too long"]))

    def timeoutConnection(self) -> None:
        """The server does not answer."""
        self._lost(Failure(error.TimeoutError(string="the server does not answer")))
        self.transport.abortConnection()

    def connectionLost(self, reason: Any = connectionDone) -> None:
        """Fail everything that waits."""
        self.setTimeout(None)
        self._lost(Failure(ConnectionLost("FTP connection lost", reason)))

    def _lost(self, failure: Failure) -> None:
        deferred, self.nextDeferred = self.nextDeferred, None
        if deferred is not None and not deferred.called:
            deferred.errback(failure)
            if not self._public:
                deferred.addErrback(lambda ignored: None)
        self.fail(failure)


def checkLine(text: str) -> None:
    """@raise ValueError: if there is a line end in a command, which would begin another one."""
    if "\r" in text or "\n" in text:
        raise ValueError(f"a line end in a command: {text!r}")
