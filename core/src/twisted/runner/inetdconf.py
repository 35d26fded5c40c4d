"""The files ``/etc/services`` (services(5)) and ``/etc/inetd.conf`` (inetd(8))."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO, Any

__all__ = [
    "InetdConf",
    "InetdService",
    "InvalidConfError",
    "InvalidInetdConfError",
    "InvalidServicesConfError",
    "ServicesConf",
    "SimpleConfFile",
    "UnknownService",
]

#: How many programs may be started for a service in a minute, unless its line says otherwise.
DEFAULT_RATE = 256

_SOCKET_TYPES = ("stream", "dgram")
_PROTOCOLS = ("tcp", "tcp4", "tcp6", "udp", "udp4", "udp6")


class InvalidConfError(Exception):
    """A line of a file makes no sense; the text says which one, and why."""


class InvalidInetdConfError(InvalidConfError):
    """A line of ``inetd.conf`` makes no sense."""


class InvalidServicesConfError(InvalidConfError):
    """A line of ``services`` makes no sense."""


class UnknownService(Exception):
    """A service of ``inetd.conf`` has no port."""


class SimpleConfFile:
    """
    A file with a line for each thing, in fields with white space between them.

    @cvar commentChar: what a comment begins with.
    @cvar defaultFilename: the file that is read unless another one is given.
    """

    commentChar = "#"
    defaultFilename: str | None = None

    def parseFile(self, file: IO[str] | None = None) -> None:
        """
        Read a file, and close it.

        @param file: open for reading text; by default the one of C{defaultFilename}.
        @raise OSError: if it cannot be read.
        @raise InvalidConfError: if it makes no sense.
        """
        if file is None and self.defaultFilename:
            file = opened(self.defaultFilename)
        if file is None:
            return
        with file:
            for number, line in enumerate(file, 1):
                try:
                    self.parseLine(line)
                except (InvalidConfError, UnknownService) as e:
                    raise type(e)(f"line {number}: {e}") from None

    def parseLine(self, line: str) -> None:
        """
        Read a line.

        @raise InvalidConfError: if it makes no sense.
        """
        fields = line.partition(self.commentChar)[0].split()
        if not fields:
            return
        parse: Callable[..., None] = self.parseFields
        try:
            parse(*fields)
        except TypeError:
            raise self._invalid()("wrong number of fields") from None

    def parseFields(self, *fields: str) -> None:
        """Take the fields of a line; to be overridden."""

    def _invalid(self) -> type[InvalidConfError]:
        return InvalidConfError


def opened(path: str) -> IO[str]:
    """
    Open a file of this kind, in whatever encoding its comments are.

    @raise OSError: if it cannot be read.
    """
    return open(path, encoding="utf-8", errors="surrogateescape")


@dataclass(unsafe_hash=True)
class InetdService:
    """
    A line of ``inetd.conf``.

    @ivar name: the name of the service.
    @ivar port: the number of its port.
    @ivar socketType: C{"stream"} or C{"dgram"}.
    @ivar protocol: such as C{"tcp"} or C{"udp6"}.
    @ivar wait: whether the program is given the socket that all peers talk to, and another one is
        started only when it has ended.
    @ivar user: the name of the user that the program runs as.
    @ivar group: the name of the group; None for that of the user.
    @ivar program: its path, or C{"internal"}.
    @ivar programArgs: its arguments, of which the first is its name.
    @ivar rate: how many may be started in a minute.
    @ivar interface: the address to listen on; empty for all.
    """

    name: str
    port: int
    socketType: str
    protocol: str
    wait: bool
    user: str
    group: str | None
    program: str
    programArgs: tuple[str, ...]
    rate: int = DEFAULT_RATE
    interface: str = ""


class ServicesConf(SimpleConfFile):
    """
    The file ``/etc/services``.

    @ivar services: the port of each pair of a name, or an alias, and a protocol.
    """

    defaultFilename: str | None = "/etc/services"

    def __init__(self) -> None:
        self.services: dict[tuple[str, str], int] = {}

    def parseFields(  # type: ignore[override]
        self, name: str, portAndProtocol: str, *aliases: str
    ) -> None:
        """
        Take the fields of a line.

        @raise InvalidServicesConfError: if there is no port in it.
        """
        port, slash, protocol = portAndProtocol.partition("/")
        if not (slash and protocol and port.isascii() and port.isdigit() and int(port) < 65536):
            raise InvalidServicesConfError(f"invalid port/protocol: {portAndProtocol!r}")
        for each in (name, *aliases):
            self.services[each, protocol] = int(port)

    def _invalid(self) -> type[InvalidConfError]:
        return InvalidServicesConfError


class InetdConf(SimpleConfFile):
    """
    The file ``/etc/inetd.conf``.

    A line is ``[address:]service type protocol wait[.rate] user[:group] program arguments...``.

    @ivar services: an `InetdService` for each line.
    """

    defaultFilename: str | None = "/etc/inetd.conf"

    def __init__(self, knownServices: Mapping[tuple[str, str], int] | None = None) -> None:
        """
        @param knownServices: the port of each pair of a name and a protocol; by default those of
            ``/etc/services``.
        """
        self.services: list[InetdService] = []
        if knownServices is None:
            conf = ServicesConf()
            conf.parseFile()
            knownServices = conf.services
        self.knownServices = knownServices

    def parseFields(  # type: ignore[override]
        self,
        serviceName: str,
        socketType: str,
        protocol: str,
        wait: str,
        user: str,
        program: str,
        *programArgs: str,
    ) -> None:
        """
        Take the fields of a line.

        @raise InvalidInetdConfError: if one of them makes no sense.
        @raise UnknownService: if the service has no port.
        """
        _among("socket type", socketType, _SOCKET_TYPES)
        _among("protocol", protocol, _PROTOCOLS)
        if (socketType == "dgram") != protocol.startswith("udp"):
            raise InvalidInetdConfError(f"{socketType} does not go with {protocol}")
        waits, rate = _waits(wait)
        if socketType == "dgram" and not waits:
            raise InvalidInetdConfError("programs for datagrams have to be waited for")
        interface, _, name = serviceName.rpartition(":")
        user, group = _owner(user)
        self.services.append(
            InetdService(
                name,
                self._port(name, protocol),
                socketType,
                protocol,
                waits,
                user,
                group,
                program,
                programArgs or (program,),
                rate,
                interface.strip("[]"),
            )
        )

    def _port(self, name: str, protocol: str) -> int:
        """The port of a service."""
        if name.isascii() and name.isdigit() and 0 < int(name) < 65536:
            return int(name)
        port = self.knownServices.get((name, protocol.rstrip("46")))
        if port is None:
            raise UnknownService(f"unknown service: {name!r} ({protocol})")
        return port

    def _invalid(self) -> type[InvalidConfError]:
        return InvalidInetdConfError


def _among(what: str, value: str, allowed: tuple[str, ...]) -> None:
    """See that a field is one of some words."""
    if value not in allowed:
        raise InvalidInetdConfError(f"unknown {what}: {value!r}; known are {', '.join(allowed)}")


def _waits(field: str) -> tuple[bool, int]:
    """Whether a program is waited for, and how many may be started in a minute."""
    match: Any = re.fullmatch(r"(no)?wait(?:[./]([0-9]{1,9}))?", field)
    if match is None:
        raise InvalidInetdConfError(f"neither wait nor nowait: {field!r}")
    return match[1] is None, DEFAULT_RATE if match[2] is None else int(match[2])


def _owner(field: str) -> tuple[str, str | None]:
    """The names of a user, and of a group if there is one."""
    user, _, group = re.sub(r"[.:/]", " ", field, count=1).partition(" ")
    if not user:
        raise InvalidInetdConfError(f"no user: {field!r}")
    return user, group or None
