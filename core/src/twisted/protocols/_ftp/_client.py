"""An FTP client (RFC 959, 2428, 4217)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet import defer, error
from twisted.internet.currentreactor import currentReactor
from twisted.protocols._ftp._addresses import (
    decodeExtendedAddress,
    decodeHostPort,
    encodeExtendedAddress,
    encodeHostPort,
    parsePWDResponse,
)
from twisted.protocols._ftp._clientdata import (
    DataConnection,
    FTPDataPortFactory,
    ProtectedData,
    ProtocolWrapper,
    SenderProtocol,
)
from twisted.protocols._ftp._commands import (
    CommandFailed,
    FTPClientBasic,
    FTPCommand,
    UnexpectedData,
    UnexpectedResponse,
    checkLine,
)
from twisted.python.failure import Failure

__all__ = ["FTPClient"]


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
            checkLine(text)
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
        factory = DataConnection(self._protected(protocol, True), failed)
        return self.connectFactory(host, port, factory)

    def _protected(self, protocol: Any, normal: bool) -> Any:
        """A protocol, behind TLS if that is spoken."""
        if self._contextFactory is None:
            return protocol
        return ProtectedData(protocol, self._contextFactory, normal)

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
        checkLine(text)
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
