"""``twistd inetd``: starts programs when somebody connects, as inetd(8) does."""

from __future__ import annotations

import signal
import socket
import threading
from typing import Any, ClassVar

from twisted.application import internet
from twisted.application.service import MultiService
from twisted.internet.currentreactor import currentReactor
from twisted.internet.protocol import ServerFactory
from twisted.logger import Logger
from twisted.python import usage
from twisted.runner import inetd, inetdconf

__all__ = ["Inetd", "Options", "makeService"]

_log = Logger()

#: The protocols of ``inetd.conf``, by their numbers.
protocolDict = {
    name: socket.IPPROTO_TCP if name.startswith("tcp") else socket.IPPROTO_UDP
    for name in ("tcp", "tcp4", "tcp6", "udp", "udp4", "udp6")
}


class Options(usage.Options):
    """What is to be served."""

    synopsis = "[options]"
    longdesc = (
        "Starts the programs that a file in the format of inetd.conf names, one for each connection"
        " or for each socket. SIGHUP has the file read again."
    )
    optParameters: ClassVar[list[Any]] = [
        ["rpc", "r", None, "Ignored, for RPC services are not served."],
        ["file", "f", "/etc/inetd.conf", "The file that says what is served."],
    ]
    optFlags: ClassVar[list[Any]] = [
        [
            "nointernal",
            "i",
            "Leave out what is served without a program, such as echo.",
        ]
    ]
    compData: Any = usage.Completions(optActions={"file": usage.CompleteFiles("*.conf")})

    def postOptions(self) -> None:
        """
        Read the file.

        @raise twisted.python.usage.UsageError: if that is not possible, or it makes no sense.
        """
        try:
            self["services"] = _read(self["file"])
        except (OSError, inetdconf.InvalidConfError, inetdconf.UnknownService) as e:
            raise usage.UsageError(f"{self['file']}: {e}") from None


def _read(path: str) -> list[inetdconf.InetdService]:
    """What a file wants served."""
    conf = inetdconf.InetdConf()
    conf.parseFile(inetdconf.opened(path))
    for service in conf.services:
        internal = service.program == "internal"
        if internal and (service.socketType == "dgram" or service.wait):
            raise inetdconf.InvalidInetdConfError(
                f"{service.name}: only streams without wait are served without a program; "
                "answers to datagrams may be sent to somebody who never asked"
            )
        if internal and service.name not in inetd.internalProtocols:
            raise inetdconf.UnknownService(f"there is no internal service {service.name!r}")
        if not internal:
            try:
                inetd.identity(service)
            except (KeyError, PermissionError) as e:
                raise inetdconf.InvalidInetdConfError(f"{service.name}: {e}") from None
    return conf.services


class Inetd(MultiService):
    """
    Serves what a file in the format of ``inetd.conf`` names.

    SIGHUP has it read again: what has not changed goes on undisturbed.
    """

    _previous: Any = None

    def __init__(
        self,
        path: str,
        services: list[inetdconf.InetdService],
        internal: bool = True,
        reactor: Any = None,
    ) -> None:
        """
        @param path: the file, for when it is read again.
        @param services: what is in it now.
        @param internal: whether services are served that need no program.
        @param reactor: by default the global one.
        """
        super().__init__()
        self._path = path
        self._internal = internal
        self._reactor = reactor
        self._serving: dict[inetdconf.InetdService, Any] = {}
        for service in services:
            self._add(service)

    def _add(self, service: inetdconf.InetdService) -> None:
        made = self._make(service)
        if made is not None and service not in self._serving:
            self._serving[service] = made
            made.setServiceParent(self)

    def _make(self, service: inetdconf.InetdService) -> Any:
        """What serves one of them; None if it is not to be served."""
        reactor = currentReactor(self._reactor)
        if service.program == "internal":
            if not self._internal:
                return None
            factory = ServerFactory()
            factory.protocol = inetd.internalProtocols[service.name]
        elif service.wait:
            return inetd.WaitingService(service, reactor)
        else:
            factory = inetd.InetdFactory(service, reactor)
        interface = service.interface or ("::" if service.protocol.endswith("6") else "")
        return internet.TCPServer(service.port, factory, interface=interface, reactor=reactor)

    def startService(self) -> None:
        """Serve, and listen to SIGHUP if nobody else does."""
        super().startService()
        inMain = threading.current_thread() is threading.main_thread()
        if inMain and signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
            reactor = currentReactor(self._reactor)
            self._previous = signal.signal(
                signal.SIGHUP, lambda *_: reactor.callFromThread(self.reload)
            )

    def stopService(self) -> Any:
        """Serve no more."""
        if self._previous is not None:
            signal.signal(signal.SIGHUP, self._previous)
            self._previous = None
        return super().stopService()

    def reload(self) -> None:
        """Read the file again; one that makes no sense is logged and changes nothing."""
        try:
            services = _read(self._path)
        except (OSError, inetdconf.InvalidConfError, inetdconf.UnknownService) as e:
            _log.error("{path} is not taken over: {problem}", path=self._path, problem=e)
            return
        for service in set(self._serving).difference(services):
            self._serving.pop(service).disownServiceParent()
        for service in services:
            try:
                self._add(service)
            except Exception:
                _log.failure("{name} cannot be served", name=service.name)
                self._serving.pop(service).disownServiceParent()


def makeService(config: Any) -> Inetd:
    """Make the service."""
    return Inetd(config["file"], config["services"], not config["nointernal"])
