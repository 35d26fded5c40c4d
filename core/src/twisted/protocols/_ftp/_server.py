"""The commands of an FTP server that speak of files, and its factory."""

from __future__ import annotations

import fnmatch
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, ClassVar

from twisted import copyright
from twisted.internet import error
from twisted.internet.address import IPv6Address
from twisted.internet.currentreactor import currentReactor
from twisted.internet.defer import CancelledError, Deferred, maybeDeferred
from twisted.internet.interfaces import IConnector
from twisted.logger import Logger
from twisted.protocols._ftp import _replies as replies
from twisted.protocols._ftp._addresses import (
    InvalidPath,
    decodeExtendedAddress,
    decodeHostPort,
    encodeHostPort,
    isGlobbingExpression,
    quotedPath,
    sameHost,
    toSegments,
)
from twisted.protocols._ftp._data import (
    ASCIIConsumerWrapper,
    ASCIIReceiver,
    DTPFactory,
    PortConnectionError,
    encoded,
)
from twisted.protocols._ftp._listing import FACT_KEYS, LIST_KEYS, facts, listLine, timestamp
from twisted.protocols._ftp._session import FTPSession
from twisted.protocols._ftp._shell import IRestartableFTPShell
from twisted.protocols.basic import ConsumerStopped, LineReceiver
from twisted.protocols.policies import LimitTotalConnectionsFactory
from twisted.python.failure import Failure

__all__ = ["FTP", "FTPFactory", "FTPOverflowProtocol"]

_log = Logger()

_IPV4_MAPPED = "::ffff:"
_LEAST_PORT = 1024


class FTP(FTPSession):
    """
    A server of files (RFC 959, 2389, 2428, 3659, 4217).

    @ivar binary: whether files are transferred as they are, or with other ends of lines.
    @ivar dtpFactory: makes the data connection; None if none is expected.
    @ivar dtpPort: listens for it, or connects.
    @ivar dtpInstance: its protocol, when it is there.
    @cvar dtpTimeout: how long it may take, in seconds.
    @ivar passivePortRange: the ports that may be listened on for it.
    """

    __module__ = "twisted.protocols.ftp"

    FEATURES: ClassVar[list[str]] = [
        "EPRT",
        "EPSV",
        "FEAT",
        "MDTM",
        "MLST type*;size*;modify*;perm*;unix.mode*;",
        "PASV",
        "REST STREAM",
        "SIZE",
        "TYPE A;I",
        "UTF8",
    ]

    dtpTimeout: float = 10
    dtpFactory: Any = None
    dtpPort: Any = None
    dtpInstance: Any = None
    binary = True
    passivePortRange: Iterable[int] = range(1)

    _epsvAll = False
    _restartAt = 0
    _fromName: list[str]
    _transfer: Deferred[Any] | None = None

    @staticmethod
    def listenFactory(port: int, factory: Any, backlog: int = 50, interface: str = "") -> Any:
        """Listen; `getDTPPort` calls this."""
        return currentReactor().listenTCP(port, factory, backlog=backlog, interface=interface)

    # Data connections

    def getDTPPort(self, factory: Any, interface: str = "") -> Any:
        """
        Listen on a port of `passivePortRange`.

        @raise twisted.internet.error.CannotListenError: if none of them is free.
        """
        for number in self.passivePortRange:
            try:
                return self.listenFactory(number, factory, interface=interface)
            except error.CannotListenError:
                continue
        raise error.CannotListenError(
            interface, str(self.passivePortRange), OSError("no port of the range is free")
        )

    def cleanupDTP(self) -> None:
        """Close the data connection, and wait for none."""
        port, self.dtpPort = self.dtpPort, None
        factory, self.dtpFactory = self.dtpFactory, None
        instance, self.dtpInstance = self.dtpInstance, None
        if factory is not None:
            factory.cancelTimeout()
        if IConnector.providedBy(port):
            with suppress(error.NotConnectingError):
                port.stopConnecting()
        elif port is not None:
            port.stopListening()
        transport = getattr(instance, "transport", None)
        if transport is not None and instance.isConnected:
            transport.loseConnection()

    def _newFactory(self) -> DTPFactory:
        self.cleanupDTP()
        factory = DTPFactory(self, self.transport.getPeer().host)
        factory.setTimeout(self.dtpTimeout)
        self.dtpFactory = factory
        return factory

    def _listen(self, interface: str) -> int:
        """Wait for a data connection. @return: the port."""
        factory = self._newFactory()
        # Whoever waits for it sees that there is none.
        factory.deferred.addErrback(lambda failure: failure.trap(PortConnectionError) and None)
        try:
            self.dtpPort = self.getDTPPort(factory, interface)
        except error.CannotListenError:
            self.cleanupDTP()
            raise replies.DataConnectionError() from None
        return int(self.dtpPort.getHost().port)

    def _connect(self, host: str, port: int) -> Deferred[str]:
        """
        Make a data connection.

        @raise ForeignAddressError: to anybody but the peer, and to ports of services.
        """
        if not sameHost(host, self.transport.getPeer().host) or not _LEAST_PORT <= port < 65536:
            raise replies.ForeignAddressError()
        factory = self._newFactory()
        factory.connects = True
        own = self.transport.getHost().host
        bind = (own, 0) if (":" in own) == (":" in host) else None
        self.dtpPort = currentReactor().connectTCP(host, port, factory, bindAddress=bind)

        def failed(failure: Failure) -> Any:
            failure.trap(PortConnectionError)
            self.cleanupDTP()
            raise replies.DataConnectionError()

        made: Deferred[Any] = factory.deferred
        return made.addCallbacks(lambda ignored: replies.ENTERING_PORT_MODE, failed)

    def ftp_PASV(self) -> tuple[str, str]:
        """Wait for a data connection over IPv4."""
        if self._epsvAll:
            raise replies.BadCmdSequenceError("may not send PASV after EPSV ALL")
        host = self.transport.getHost().host.removeprefix(_IPV4_MAPPED)
        if ":" in host:
            raise replies.PASVIPv6NotImplementedError()
        port = self._listen(self.transport.getHost().host)
        told = getattr(self.factory, "passiveAddress", None) or host
        return replies.ENTERING_PASV_MODE, encodeHostPort(told, port)

    def ftp_EPSV(self, protocol: str = "") -> Any:
        """Wait for a data connection (RFC 2428, section 3)."""
        if protocol.upper() == "ALL":
            self._epsvAll = True
            return replies.EPSV_ALL_OK
        if protocol and not (protocol.isascii() and protocol.isdigit()):
            raise replies.CmdArgSyntaxError(protocol)
        if protocol not in ("", "1", "2"):
            raise replies.UnsupportedNetworkProtocolError("1,2")
        return replies.ENTERING_EPSV_MODE, str(self._listenExtended(protocol))

    def _listenExtended(self, protocol: str) -> int:
        own = self.transport.getHost()
        if isinstance(own, IPv6Address):
            return self._listen("::" if protocol == "1" else own.host)
        if protocol == "1":
            return self._listen(own.host)
        try:
            return self._listen("::")
        except replies.DataConnectionError:
            return self._listen(own.host)  # there is no IPv6 here

    def ftp_PORT(self, address: str) -> Deferred[str]:
        """Make a data connection over IPv4."""
        if self._epsvAll:
            raise replies.BadCmdSequenceError("may not send PORT after EPSV ALL")
        try:
            host, port = decodeHostPort(address)
        except ValueError:
            raise replies.CmdArgSyntaxError(address) from None
        return self._connect(host, port)

    def ftp_EPRT(self, extendedAddress: str) -> Deferred[str]:
        """Make a data connection (RFC 2428, section 2)."""
        if self._epsvAll:
            raise replies.BadCmdSequenceError("may not send EPRT after EPSV ALL")
        try:
            protocol, host, port = decodeExtendedAddress(extendedAddress)
        except ValueError:
            raise replies.CmdArgSyntaxError(extendedAddress) from None
        if not (protocol.isascii() and protocol.isdigit()):
            raise replies.CmdArgSyntaxError(protocol)
        if protocol not in ("1", "2"):
            raise replies.UnsupportedNetworkProtocolError("1,2")
        return self._connect(host, port)

    async def _dataConnection(self, command: str) -> Any:
        """
        The data connection, when it is there.

        @raise FTPCmdError: if none is expected, or it is not made in time, or not protected.
        """
        if self.dtpInstance is None and self.dtpFactory is None:
            raise replies.BadCmdSequenceError(
                f"PORT, PASV, EPRT, or EPSV required before {command}"
            )
        if self.tlsStarted and not self._protected and self.factory.requireTLS:
            raise replies.TLSRequiredError()
        if self.dtpInstance is None:
            await self.dtpFactory.deferred
        if self.dtpInstance is None:
            raise replies.DataConnectionError()
        return self.dtpInstance

    def _run(self, steps: Any) -> Deferred[Any]:
        """
        Do a transfer, which ABOR ends.

        @param steps: a coroutine.
        @return: fires with the reply.
        """
        restartAt, self._restartAt = self._restartAt, 0
        self._beginAt = restartAt
        self._transfer = transfer = Deferred.fromCoroutine(steps)

        def ended(result: Any) -> Any:
            self._transfer = None
            self.cleanupDTP()
            if isinstance(result, Failure) and result.check(CancelledError):
                raise replies.TransferAborted()
            return result

        return transfer.addBoth(ended)

    async def _send(self, dtp: Any, produce: Callable[[], Any]) -> str:
        """
        Send something on the data connection.

        @param produce: begins it; gives a Deferred, or None if all has been written.
        """
        if not dtp.isConnected:
            raise replies.DataConnectionError()
        self.reply(replies.DATA_CNX_ALREADY_OPEN_START_XFR)
        ended = dtp.whenEnded()
        failure = None
        try:
            await maybeDeferred(produce)
        except replies.FTPCmdError as e:
            failure = e
            _log.failure("a file could not be read")
        except ConsumerStopped:
            failure = replies.TransferAborted()
        except Exception:
            failure = replies.TransferAborted()
            _log.failure("a file could not be read")
        if dtp.isConnected:
            dtp.transport.loseConnection()
        try:
            await ended
        except Exception:
            failure = failure or replies.TransferAborted()
        if failure is not None:
            raise failure
        return replies.TXFR_COMPLETE_OK

    # Directories

    def _segments(self, path: str) -> list[str]:
        """@raise FileNotFoundError: if a path leads nowhere."""
        try:
            return toSegments(self.workingDirectory, path)
        except InvalidPath:
            raise replies.FileNotFoundError(path) from None

    def ftp_LIST(self, path: str = "") -> Deferred[Any]:
        """List a directory for people."""
        # Options of ls, which some clients send.
        words = path.split(" ")
        while words and len(words[0]) > 1 and words[0][0] == "-" and words[0][1:].isalnum():
            del words[0]
        path = " ".join(words)

        async def steps() -> str:
            dtp = await self._dataConnection("LIST")
            entries = await self.shell.list(self._segments(path), LIST_KEYS)

            def produce() -> None:
                dtp._begin()
                for name, stats in entries:
                    dtp.sendListResponse(name, stats)

            return await self._send(dtp, produce)

        return self._run(steps())

    def ftp_NLST(self, path: str = "") -> Deferred[Any]:
        """List the names in a directory."""

        async def steps() -> str:
            dtp = await self._dataConnection("NLST")
            try:
                segments = self._segments(path)
                pattern = isGlobbingExpression(segments)
                entries = await self.shell.list(segments[:-1] if pattern else segments)
            except replies.FileNotFoundError:
                entries, pattern = [], False

            def produce() -> None:
                dtp._begin()
                for name, _ in entries:
                    text = name if isinstance(name, str) else name.decode("latin-1")
                    if not pattern or fnmatch.fnmatchcase(text, segments[-1]):
                        dtp.sendLine(encoded(name))

            return await self._send(dtp, produce)

        return self._run(steps())

    def ftp_MLSD(self, path: str = "") -> Deferred[Any]:
        """List a directory for programs (RFC 3659, section 7)."""

        async def steps() -> str:
            dtp = await self._dataConnection("MLSD")
            segments = self._segments(path)
            await self.shell.access(segments)
            entries = await self.shell.list(segments, FACT_KEYS)

            def produce() -> None:
                dtp._begin()
                for name, stats in entries:
                    dtp.sendLine(facts(stats, self._mayWrite()).encode() + encoded(name))

            return await self._send(dtp, produce)

        return self._run(steps())

    def _mayWrite(self) -> bool:
        return not self._isAnonymous()

    def ftp_MLST(self, path: str = "") -> Deferred[None]:
        """Tell of a file for programs (RFC 3659, section 7)."""
        segments = self._segments(path)

        def tell(stats: Any) -> None:
            self.sendLine("250-Begins")
            self.sendLine(f" {facts(stats, self._mayWrite())}/{'/'.join(segments)}")
            self.sendLine("250 End")

        done: Deferred[None] = self.shell.stat(segments, FACT_KEYS).addCallback(tell)
        return done

    def ftp_CWD(self, path: str) -> Deferred[str]:
        """Change the current directory."""
        segments = self._segments(path)

        def allowed(ignored: object) -> str:
            self.workingDirectory = segments
            return replies.REQ_FILE_ACTN_COMPLETED_OK

        done: Deferred[str] = self.shell.access(segments).addCallback(allowed)
        return done

    def ftp_CDUP(self) -> Deferred[str]:
        """Change to the directory above."""
        return self.ftp_CWD("..")

    def ftp_PWD(self) -> tuple[str, str]:
        """Tell the current directory."""
        return replies.PWD_REPLY, quotedPath(self.workingDirectory)

    def ftp_MKD(self, path: str) -> Deferred[tuple[str, str]]:
        """Make a directory."""
        segments = self._segments(path)
        done: Deferred[tuple[str, str]] = self.shell.makeDirectory(segments).addCallback(
            lambda ignored: (replies.MKD_REPLY, quotedPath(segments))
        )
        return done

    def ftp_RMD(self, path: str) -> Deferred[str]:
        """Remove a directory."""
        return self._completed(self.shell.removeDirectory(self._segments(path)))

    def ftp_DELE(self, path: str) -> Deferred[str]:
        """Remove a file."""
        return self._completed(self.shell.removeFile(self._segments(path)))

    def _completed(self, done: Deferred[Any]) -> Deferred[str]:
        return done.addCallback(lambda ignored: replies.REQ_FILE_ACTN_COMPLETED_OK)

    def ftp_RNFR(self, fromName: str) -> str:
        """Name what is to be renamed."""
        self._fromName = self._segments(fromName)
        self.state = self.RENAMING
        return replies.REQ_FILE_ACTN_PENDING_FURTHER_INFO

    def ftp_RNTO(self, toName: str) -> Deferred[str]:
        """Rename it."""
        fromName = getattr(self, "_fromName", None)
        if fromName is None:
            raise replies.BadCmdSequenceError("RNFR required before RNTO")
        del self._fromName
        return self._completed(self.shell.rename(fromName, self._segments(toName)))

    # The commands of RFC 775, which some clients still send.
    ftp_XCWD = ftp_CWD
    ftp_XCUP = ftp_CDUP
    ftp_XPWD = ftp_PWD
    ftp_XMKD = ftp_MKD
    ftp_XRMD = ftp_RMD

    # Files

    def ftp_SIZE(self, path: str) -> Deferred[tuple[str, str]]:
        """Tell the size of a file, in bytes (RFC 3659, section 4)."""
        done: Deferred[tuple[str, str]] = self.shell.stat(
            self._segments(path), ("size", "directory")
        ).addCallback(self._tellSize, path)
        return done

    def _tellSize(self, stats: Any, path: str) -> tuple[str, str]:
        size, directory = stats
        if directory:
            raise replies.IsADirectoryError(path)
        return replies.FILE_STATUS, str(size)

    def ftp_MDTM(self, path: str) -> Deferred[tuple[str, str]]:
        """Tell when a file was changed (RFC 3659, section 3)."""
        done: Deferred[tuple[str, str]] = self.shell.stat(
            self._segments(path), ("modified",)
        ).addCallback(lambda stats: (replies.FILE_STATUS, timestamp(stats[0])))
        return done

    def ftp_REST(self, marker: str) -> tuple[str, str]:
        """Where the next transfer begins, in bytes (RFC 3659, section 5)."""
        if not (marker.isascii() and marker.isdigit() and len(marker) < 19):
            raise replies.CmdArgSyntaxError(marker)
        if not IRestartableFTPShell.providedBy(self.shell):
            raise replies.CmdNotImplementedError("REST")
        self._restartAt = int(marker)
        return replies.RESTARTING_AT, marker

    def ftp_RETR(self, path: str) -> Deferred[Any]:
        """Send a file."""

        async def steps() -> str:
            dtp = await self._dataConnection("RETR")
            segments = self._segments(path)
            if self._beginAt:
                file = await self.shell.openForReadingFrom(segments, self._beginAt)
            else:
                file = await self.shell.openForReading(segments)
            consumer = dtp if self.binary else ASCIIConsumerWrapper(dtp)
            return await self._send(dtp, lambda: file.send(consumer))

        return self._run(steps())

    def ftp_STOR(self, path: str) -> Deferred[Any]:
        """Take a file."""
        return self._run(self._take("STOR", path, False))

    def ftp_APPE(self, path: str) -> Deferred[Any]:
        """Take what is put at the end of a file."""
        if not IRestartableFTPShell.providedBy(self.shell):
            raise replies.CmdNotImplementedError("APPE")
        return self._run(self._take("APPE", path, True))

    async def _take(self, command: str, path: str, append: bool) -> Any:
        dtp = await self._dataConnection(command)
        segments = self._segments(path)
        if not segments:
            raise replies.IsADirectoryError(path)
        writer = await self._openForWriting(path, segments, append)
        if not dtp.isConnected:
            raise replies.DataConnectionError()
        try:
            consumer = await writer.receive()
            self.reply(replies.DATA_CNX_ALREADY_OPEN_START_XFR)
            await dtp.registerConsumer(consumer if self.binary else ASCIIReceiver(consumer))
        except replies.FTPCmdError:
            _log.failure("a file could not be written")
            raise
        except Exception as problem:
            if not isinstance(problem, error.ConnectionLost | error.ConnectionAborted):
                _log.failure("a file could not be written")
            raise replies.TransferAborted() from None
        finally:
            await maybeDeferred(writer.close)
        return replies.TXFR_COMPLETE_OK

    async def _openForWriting(self, path: str, segments: list[str], append: bool) -> Any:
        """@raise FTPCmdError: whatever goes wrong."""
        try:
            if append or self._beginAt:
                where = None if append else self._beginAt
                return await self.shell.openForWritingFrom(segments, where)
            return await self.shell.openForWriting(segments)
        except replies.FTPCmdError:
            raise
        except Exception:
            _log.failure("{path} could not be opened", path=path)
            raise replies.FileNotFoundError(path) from None

    def ftp_ABOR(self) -> Any:
        """End what is under way (RFC 959, section 4.1.3)."""
        transfer, instance = self._transfer, self.dtpInstance
        if instance is not None and getattr(instance, "isConnected", False):
            instance.transport.abortConnection()
        elif transfer is not None:
            transfer.cancel()
        else:
            self.cleanupDTP()
        return self.afterThis().addCallback(lambda ignored: replies.CLOSING_DATA_CNX)

    # Settings

    def ftp_TYPE(self, type: str) -> Any:
        """What files are transferred as."""
        words = type.upper().split()
        method = getattr(self, f"type_{words[0][:1]}", None) if words else None
        if method is None:
            return self.type_UNKNOWN(type)
        return method("".join(words)[1:])

    def type_A(self, code: str) -> tuple[str, str]:
        """Text."""
        if code not in ("", "N"):
            raise replies.CmdArgSyntaxError(code)
        self.binary = False
        return replies.TYPE_SET_OK, "A" + code

    def type_I(self, code: str) -> tuple[str, str]:
        """Bytes."""
        if code:
            raise replies.CmdArgSyntaxError(code)
        self.binary = True
        return replies.TYPE_SET_OK, "I"

    def type_L(self, code: str) -> tuple[str, str]:
        """Bytes of a number of bits, which is 8."""
        if code != "8":
            raise replies.CmdArgSyntaxError(code)
        self.binary = True
        return replies.TYPE_SET_OK, "L 8"

    def type_UNKNOWN(self, code: str) -> Any:
        """Anything else."""
        raise replies.CmdNotImplementedForArgError(code)

    def ftp_MODE(self, mode: str) -> str:
        """How files are sent: as a stream."""
        if mode.upper() != "S":
            raise replies.CmdNotImplementedForArgError(mode)
        return replies.CMD_OK

    def ftp_STRU(self, structure: str) -> str:
        """What files consist of: bytes."""
        if structure.upper() != "F":
            raise replies.CmdNotImplementedForArgError(structure)
        return replies.CMD_OK

    def ftp_OPTS(self, option: str) -> Any:
        """Set an option (RFC 2389)."""
        words = option.upper().split()
        if words == ["UTF8", "ON"]:
            return replies.OPTION_SET, "Paths are in UTF-8."
        if words[:1] == ["MLST"]:
            # The facts are always the same, which is allowed.
            return replies.OPTION_SET, "MLST OPTS type;size;modify;perm;unix.mode;"
        return replies.OPTS_NOT_IMPLEMENTED, option

    def ftp_SYST(self) -> str:
        """Tell the kind of system."""
        return replies.NAME_SYS_TYPE

    def ftp_NOOP(self) -> str:
        """Do nothing."""
        return replies.CMD_OK

    def ftp_ALLO(self, size: str = "") -> str:
        """Nothing has to be reserved."""
        return replies.CMD_NOT_IMPLMNTD_SUPERFLUOUS

    def ftp_STAT(self, path: str | None = None) -> Any:
        """Tell how things are; of a path, list it on the control connection."""
        if path is None:
            return replies.SYS_STATUS_OR_HELP_REPLY

        def tell(entries: Any) -> None:
            self.sendLine("213-Status follows")
            for name, stats in entries:
                self.sendLine(b" " + listLine(encoded(name), stats, time.time()))
            self.sendLine("213 End")

        return self.shell.list(self._segments(path), LIST_KEYS).addCallback(tell)

    def ftp_HELP(self, command: str = "") -> tuple[str, str]:
        """Name the commands."""
        names = sorted(name[4:] for name in dir(type(self)) if name.startswith("ftp_"))
        return replies.HELP_MSG, " ".join(names)


class FTPOverflowProtocol(LineReceiver):
    """Tells that there are too many connections, and closes."""

    __module__ = "twisted.protocols.ftp"

    def connectionMade(self) -> None:
        """Tell, and close."""
        self.sendLine(replies.replyText(replies.TOO_MANY_CONNECTIONS).encode())
        self.transport.loseConnection()


class FTPFactory(LimitTotalConnectionsFactory):
    """
    Serves files.

    @ivar portal: where logins go; its realm gives `IFTPShell`.
    @ivar allowAnonymous: whether some need no password.
    @ivar userAnonymous: the name that they use.
    @ivar timeOut: how long a connection may be idle, in seconds; None for ever.
    @ivar welcomeMessage: the first line.
    @ivar passivePortRange: the ports that may be listened on for data connections; C{range(1)} for
        any.
    @ivar passiveAddress: the address that PASV tells, of IPv4, if it is not the one that the client
        has connected to, as behind a router.
    @ivar contextFactory: the settings of TLS, such as
        `twisted.internet.ssl.CertificateOptions`; None for no TLS.
    @ivar requireTLS: whether nobody logs in, and nothing is transferred, without it.
    @ivar credentialsInBytes: whether the portal's checkers know names and passwords as bytes.
    """

    __module__ = "twisted.protocols.ftp"

    protocol = FTP
    overflowProtocol = FTPOverflowProtocol
    allowAnonymous = True
    userAnonymous = "anonymous"
    timeOut: float | None = 600
    welcomeMessage = f"Twisted {copyright.version} FTP Server"
    passivePortRange: Iterable[int] = range(1)
    passiveAddress: str | None = None
    contextFactory: Any = None
    requireTLS = False
    credentialsInBytes = False

    def __init__(self, portal: Any = None, userAnonymous: str = "anonymous") -> None:
        """
        @param portal: where logins go.
        @param userAnonymous: the name of those who need no password.
        """
        self.portal = portal
        self.userAnonymous = userAnonymous

    def buildProtocol(self, addr: Any) -> Any:
        """A protocol, in a wrapper that counts it."""
        wrapper = super().buildProtocol(addr)
        if wrapper is not None and isinstance(wrapper.wrappedProtocol, FTPSession):
            made = wrapper.wrappedProtocol
            made.portal = self.portal
            made.timeOut = self.timeOut
            made.passivePortRange = self.passivePortRange  # type: ignore[attr-defined]
        return wrapper
