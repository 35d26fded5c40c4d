"""An FTP client (RFC 959, 2428, 4217)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from zope.interface import implementer

from twisted.internet import defer, error
from twisted.internet.currentreactor import currentReactor
from twisted.internet.interfaces import IConsumer
from twisted.internet.protocol import ClientFactory, Protocol, ServerFactory, connectionDone
from twisted.protocols._ftp._addresses import (
    decodeExtendedAddress,
    decodeHostPort,
    encodeExtendedAddress,
    encodeHostPort,
    parsePWDResponse,
    sameHost,
)
from twisted.protocols.guarded import GuardedLineReceiver
from twisted.protocols.policies import TimeoutMixin
from twisted.python.failure import Failure

__all__ = [
    "BadResponse",
    "CommandFailed",
    "ConnectionLost",
    "FTPClient",
    "FTPClientBasic",
    "FTPCommand",
    "FTPDataPortFactory",
    "FTPError",
    "IFinishableConsumer",
    "ProtocolWrapper",
    "SenderProtocol",
    "UnexpectedData",
    "UnexpectedResponse",
]


class IFinishableConsumer(IConsumer):
    """A consumer that is told when all has been written."""

    __module__ = "twisted.protocols.ftp"

    def finish():  # type: ignore[no-untyped-def]
        """That was all."""


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


class ProtocolWrapper(Protocol):
    """
    Passes what comes on a data connection to another protocol.

    @ivar original: that.
    @ivar deferred: fires when the connection is over; fails if it did not end as it should.
    """

    __module__ = "twisted.protocols.ftp"

    def __init__(self, original: Any, deferred: defer.Deferred[Any]) -> None:
        self.original = original
        self.deferred = deferred

    def makeConnection(self, transport: Any) -> None:
        """It is open."""
        self.original.makeConnection(transport)

    def dataReceived(self, data: bytes) -> None:
        """Pass it on."""
        self.original.dataReceived(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It is over."""
        self.original.connectionLost(reason)
        _settle(self.deferred, reason)


def _settle(deferred: defer.Deferred[Any], reason: Failure) -> None:
    """Tell how a data connection has ended."""
    if deferred.called:
        return
    if reason.check(error.ConnectionDone):
        deferred.callback(None)
    else:
        # What has come may be less than all.
        deferred.errback(reason)


@implementer(IFinishableConsumer)
class SenderProtocol(Protocol):
    """
    Sends what is written on a data connection.

    @ivar connectedDeferred: fires with this when it is open.
    @ivar deferred: fires when it is over.
    """

    __module__ = "twisted.protocols.ftp"

    def __init__(self) -> None:
        self.connectedDeferred: defer.Deferred[Any] = defer.Deferred()
        self.deferred: defer.Deferred[Any] = defer.Deferred()

    def dataReceived(self, data: bytes) -> None:
        """Nothing should come."""
        self.transport.loseConnection()
        if not self.deferred.called:
            self.deferred.errback(
                Failure(
                    UnexpectedData("Received data from the server on a send-only data-connection")
                )
            )

    def makeConnection(self, transport: Any) -> None:
        """It is open."""
        Protocol.makeConnection(self, transport)
        self.connectedDeferred.callback(self)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It is over."""
        _settle(self.deferred, reason)

    def write(self, data: bytes) -> None:
        """Send."""
        self.transport.write(data)

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Have a producer write."""
        self.transport.registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        """It writes no more."""
        self.transport.unregisterProducer()

    def finish(self) -> None:
        """That was all."""
        self.transport.loseConnection()


class FTPDataPortFactory(ServerFactory):
    """
    Waits for the one data connection that a server makes.

    @ivar protocol: its protocol.
    @ivar port: what listens; it is closed when somebody has come.
    @ivar peerHost: the IP address of the server; others are turned away.
    """

    __module__ = "twisted.protocols.ftp"
    noisy = False

    protocol: Any
    port: Any
    peerHost: str | None = None

    def buildProtocol(self, addr: Any) -> Any:
        """The protocol."""
        if self.peerHost is not None and not sameHost(addr.host, self.peerHost):
            return None
        self.protocol.factory = self
        self.port.loseConnection()
        return self.protocol


class _DataConnection(ClientFactory):
    """
    Makes a data connection of a protocol that there is already.

    @ivar failed: called with a `Failure` if it cannot be made.
    """

    noisy = False

    def __init__(self, protocol: Any, failed: Callable[[Any], object]) -> None:
        self.dataProtocol = protocol
        self.failed = failed

    def buildProtocol(self, addr: Any) -> Any:
        """The protocol."""
        self.dataProtocol.factory = self
        return self.dataProtocol

    def clientConnectionFailed(self, connector: Any, reason: Failure) -> None:
        """It cannot be made."""
        self.failed(reason)


class _Protected(Protocol):
    """Begins TLS on a data connection before its protocol knows of it."""

    def __init__(self, original: Any, contextFactory: Any, normal: bool) -> None:
        self._original = original
        self._contextFactory = contextFactory
        self._normal = normal

    def makeConnection(self, transport: Any) -> None:
        """It is open."""
        transport.startTLS(self._contextFactory, self._normal)
        self._original.makeConnection(transport)

    def dataReceived(self, data: bytes) -> None:
        """Pass it on."""
        self._original.dataReceived(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It is over."""
        self._original.connectionLost(reason)


#: The first three characters of an answer, and whether more lines come.
_ANSWER = re.compile(r"(\d\d\d)([ -])", re.A)


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
        _checkLine(command)
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
            _checkLine(line)
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
            _checkLine(secret.text or "")
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


def _checkLine(text: str) -> None:
    """@raise ValueError: if there is a line end in a command, which would begin another one."""
    if "\r" in text or "\n" in text:
        raise ValueError(f"a line end in a command: {text!r}")


class FTPClient(FTPClientBasic):
    """
    Transfers files, and more.

    @ivar passive: whether this side makes the data connections.
    """

    __module__ = "twisted.protocols.ftp"

    @staticmethod
    def connectFactory(
        host: str, port: int, factory: Any, timeout: float = 30.0, bindAddress: Any = None
    ) -> Any:
        """Make a data connection."""
        return currentReactor().connectTCP(host, port, factory, timeout, bindAddress)

    def __init__(
        self,
        username: str = "anonymous",
        password: str = "twisted@twistedmatrix.com",
        passive: int = 1,
        trustPasvAddr: bool = False,
        contextFactory: Any = None,
    ) -> None:
        """
        @param trustPasvAddr: whether a data connection is made to wherever the server says, instead
            of to the server itself.
        @param contextFactory: the settings of TLS, such as
            `twisted.internet.ssl.optionsForClientTLS` gives: nothing is sent, the login neither,
            before the server has shown who it is. None for plain text.
        """
        FTPClientBasic.__init__(self)
        self.passive = passive
        self._trustPasvAddr = trustPasvAddr
        self._contextFactory = contextFactory
        if contextFactory is not None:
            begin = self.queueStringCommand("AUTH TLS", public=0)
            begin.addCallback(lambda response: self.switchToTLS(contextFactory))
            begin.addErrback(self._loginFailed)
        self.queueLogin(username, password)
        if contextFactory is not None:
            for text in ("PBSZ 0", "PROT P"):
                self.queueStringCommand(text, public=0).addErrback(self._loginFailed)
        self.queueStringCommand("TYPE I", public=0).addErrback(lambda failure: None)

    def takeUndelivered(self) -> bytes:
        """What the server has said behind its answer to AUTH was not said under TLS."""
        undelivered = "\n".join(self.response).encode(self._encoding)
        self.response = []
        self._code = None
        return undelivered + super().takeUndelivered()

    # Transfers

    def receiveFromConnection(self, commands: Sequence[str], protocol: Any) -> defer.Deferred[Any]:
        """
        Give what comes on a data connection to a protocol.

        @param commands: what is sent to begin.
        @return: fires when the data connection is over and the server has confirmed; cancelling it
            ends the transfer.
        """
        wrapper = ProtocolWrapper(protocol, defer.Deferred())
        return self._transfer(commands, wrapper)

    def queueTransfer(self, commands: Sequence[str], protocol: Any) -> list[defer.Deferred[Any]]:
        """
        Queue what makes a data connection, and the commands that use it.

        @return: what fires when each of these is answered.
        """
        queued = []
        for text in commands:
            _checkLine(text)
        if self.passive:
            command = FTPCommand(self._passiveCommand(), public=1)
            self.queueCommand(command)
            command.deferred.addCallback(self._connectPassive, protocol)
        else:
            command = FTPCommand(public=1)
            command.protocol = protocol  # type: ignore[attr-defined]
            command.transferDeferred = protocol.deferred
            self.generatePortCommand(command)
            self.queueCommand(command)
            command.deferred.addErrback(self._abandon, command)
        queued.append(command.deferred)
        for text in commands:
            each = FTPCommand(text, public=1)
            self.queueCommand(each)
            queued.append(each.deferred)
        return queued

    def _passiveCommand(self) -> str:
        """PASV, or for IPv6 its successor."""
        peer = self.transport.getPeer() if self.transport is not None else None
        return "EPSV" if ":" in str(getattr(peer, "host", "")) else "PASV"

    def _connectPassive(self, response: list[str], protocol: Any) -> Any:
        """
        Make the data connection that the server waits for.

        @raise UnexpectedResponse: if it does not say where.
        """
        line = response[-1]
        peer = self.transport.getPeer().host
        try:
            if line.startswith("229"):
                match = re.search(r"\((.*)\)", line)
                host, port = peer, decodeExtendedAddress(match[1] if match else "")[2]
            else:
                host, port = decodeHostPort(line[4:])
        except ValueError:
            raise UnexpectedResponse(response) from None
        if not self._trustPasvAddr:
            host = peer
        failed = _unless(protocol.deferred)
        factory = _DataConnection(self._protected(protocol, True), failed)
        return self.connectFactory(host, port, factory)

    def _protected(self, protocol: Any, normal: bool) -> Any:
        """A protocol, behind TLS if that is spoken."""
        if self._contextFactory is None:
            return protocol
        return _Protected(protocol, self._contextFactory, normal)

    def generatePortCommand(self, portCmd: Any) -> None:
        """
        Listen for a data connection, and say where.

        @param portCmd: a command; its C{text} is set, and its C{protocol} is used.
        """
        own = self.transport.getHost().host
        factory = FTPDataPortFactory()
        factory.protocol = self._protected(portCmd.protocol, False)
        factory.peerHost = self.transport.getPeer().host
        listening = currentReactor().listenTCP(0, factory, interface=own)
        factory.port = portCmd.port = listening
        number = listening.getHost().port
        if ":" in own:
            portCmd.text = f"EPRT {encodeExtendedAddress(own, number)}"
        else:
            portCmd.text = f"PORT {encodeHostPort(own, number)}"

    def _abandon(self, failure: Failure, command: Any) -> Failure:
        """Nobody will connect."""
        port = getattr(command, "port", None)
        if port is not None:
            port.loseConnection()
        return failure

    def _transfer(self, commands: Sequence[str], protocol: Any) -> defer.Deferred[Any]:
        """Transfer something by way of a protocol that has a Deferred of its own."""
        queued = self.queueTransfer(commands, protocol)
        data = protocol.deferred

        def transport() -> Any:
            return getattr(getattr(protocol, "original", protocol), "transport", None)

        def cancel(ignored: object) -> None:
            for part in (*queued, data):
                part.cancel()
            if transport() is not None:
                transport().abortConnection()

        outcome: defer.Deferred[Any] = defer.Deferred(cancel)

        def refused(failure: Failure) -> None:
            if transport() is not None:
                transport().loseConnection()
            data.addErrback(lambda ignored: None)
            if not outcome.called:
                outcome.errback(failure.value.subFailure)  # type: ignore[attr-defined]

        def confirmed(results: Any) -> None:
            def settle(result: Any) -> None:
                if outcome.called:
                    return
                if isinstance(result, Failure):
                    outcome.errback(result)
                else:
                    outcome.callback(results)

            data.addBoth(settle)

        def impossible(failure: Failure) -> Failure | None:
            if not failure.check(error.ConnectError, UnexpectedData):
                return failure
            # The server may never say anything of it.
            if not outcome.called:
                outcome.errback(failure)
            return None

        data.addErrback(impossible)
        together = defer.DeferredList(queued, fireOnOneErrback=True, consumeErrors=True)
        together.addCallbacks(confirmed, refused)
        return outcome

    def sendToConnection(
        self, commands: Sequence[str]
    ) -> tuple[defer.Deferred[Any], defer.Deferred[Any]]:
        """
        Send on a data connection.

        @param commands: what is sent to begin.
        @return: what fires with an `IFinishableConsumer` when it is open, and what fires when the
            server has confirmed.
        """
        sender = SenderProtocol()
        return sender.connectedDeferred, self._transfer(commands, sender)

    def retrieveFile(self, path: str, protocol: Any, offset: int = 0) -> defer.Deferred[Any]:
        """
        Get a file.

        @param protocol: is given its contents.
        @param offset: where to begin, in bytes.
        @return: fires when the protocol has all; fails with `CommandFailed`.
        @raise ValueError: if there is a return in the path.
        """
        commands = ["RETR " + self.escapePath(path)]
        if offset:
            commands.insert(0, f"REST {offset}")
        return self.receiveFromConnection(commands, protocol)

    retr = retrieveFile

    def storeFile(
        self, path: str, offset: int = 0
    ) -> tuple[defer.Deferred[Any], defer.Deferred[Any]]:
        """
        Put a file.

        @param offset: where to begin, in bytes.
        @return: what fires with an `IFinishableConsumer` for its contents, and what fires when the
            server has it; it fails with `CommandFailed`.
        @raise ValueError: if there is a return in the path.
        """
        commands = ["STOR " + self.escapePath(path)]
        if offset:
            commands.insert(0, f"REST {offset}")
        return self.sendToConnection(commands)

    stor = storeFile

    def list(self, path: str | None, protocol: Any) -> defer.Deferred[Any]:
        """
        List a directory.

        @param path: None for the current one.
        @param protocol: is given the listing, such as a `FTPFileListProtocol`.
        """
        return self.receiveFromConnection(["LIST " + self.escapePath(path or "")], protocol)

    def nlst(self, path: str | None, protocol: Any) -> defer.Deferred[Any]:
        """
        List the names in a directory.

        @param path: None for the current one.
        @param protocol: is given the names, one a line.
        """
        return self.receiveFromConnection(["NLST " + self.escapePath(path or "")], protocol)

    # Everything else

    def escapePath(self, path: str) -> str:
        """A path as it is sent: NUL stands for a line feed (D. J. Bernstein, "FTP: filesystem")."""
        return path.replace("\n", "\0")

    def rename(self, pathFrom: str, pathTo: str) -> defer.Deferred[Any]:
        """
        Rename a file.

        @return: fires with the answers to both commands.
        """
        first = self.queueStringCommand("RNFR " + self.escapePath(pathFrom))
        text = "RNTO " + self.escapePath(pathTo)
        _checkLine(text)
        second = FTPCommand(text, public=1)

        def unneeded(failure: Failure) -> Failure:
            if second in self.actionQueue:
                self.actionQueue.remove(second)
            return failure

        def then(fromResponse: Any) -> defer.Deferred[Any]:
            return second.deferred.addCallback(lambda toResponse: (fromResponse, toResponse))

        # Queued at once, so that nothing comes in between.
        self.queueCommand(second)
        return first.addCallbacks(then, unneeded)

    def makeDirectory(self, path: str) -> defer.Deferred[Any]:
        """Make a directory."""
        return self.queueStringCommand("MKD " + self.escapePath(path))

    def removeFile(self, path: str) -> defer.Deferred[Any]:
        """Remove a file."""
        return self.queueStringCommand("DELE " + self.escapePath(path))

    def removeDirectory(self, path: str) -> defer.Deferred[Any]:
        """Remove a directory."""
        return self.queueStringCommand("RMD " + self.escapePath(path))

    def cwd(self, path: str) -> defer.Deferred[Any]:
        """Change the current directory."""
        return self.queueStringCommand("CWD " + self.escapePath(path))

    def cdup(self) -> defer.Deferred[Any]:
        """Change to the directory above."""
        return self.queueStringCommand("CDUP")

    def pwd(self) -> defer.Deferred[Any]:
        """Ask for the current directory; `parsePWDResponse` reads the answer."""
        return self.queueStringCommand("PWD")

    def getDirectory(self) -> defer.Deferred[str]:
        """
        Ask for the current directory.

        @return: fires with its path; fails with `CommandFailed` if the answer holds none.
        """

        def parse(response: list[str]) -> str:
            path = parsePWDResponse(response[0])
            if path is None:
                raise CommandFailed(response)
            return path

        return self.pwd().addCallback(parse)

    def quit(self) -> defer.Deferred[Any]:
        """Say good-bye."""
        return self.queueStringCommand("QUIT")


def _unless(deferred: defer.Deferred[Any]) -> Callable[[Any], None]:
    """What fails a Deferred, unless it has fired."""

    def failed(reason: Any) -> None:
        if not deferred.called:
            deferred.errback(reason)

    return failed
