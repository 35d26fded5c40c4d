"""The service behind ``twist dns``."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from twisted.application import internet, service
from twisted.internet.currentreactor import currentReactor
from twisted.internet.metrics import exclude, include, prometheusText
from twisted.logger import Logger
from twisted.names import cache, client, dns, hosts, server
from twisted.names._server._networks import LOOPBACK, Networks
from twisted.names._server._notify import notify
from twisted.names.authority import (
    BindAuthority,
    FileAuthority,
    PySourceAuthority,
    SQLiteAuthority,
)
from twisted.names.secondary import SecondaryAuthorityService
from twisted.python import usage
from twisted.python.filepath import FilePath

__all__ = ["Options", "makeService"]

_log = Logger()

#: How often zone files are looked at, in seconds.
_LOOK_EVERY = 5.0

#: How often counts are written, in seconds.
_WRITE_EVERY = 15.0

#: Replies of a kind to a network in a second, unless something else is asked for.
_REPLIES = 200


class Options(usage.Options):
    """
    The options of ``twist dns``.

    @ivar zones: the authorities of the zones that are read from files.
    @ivar secondaries: the address and the port of a primary, and the names of zones, for each.
    @ivar svcs: the services that keep these up to date.
    """

    synopsis = "[dns options]"
    longdesc = (
        "This starts a name server. It answers for zones that it reads from files or gets from "
        "other servers, and if asked to, it looks up other names, too."
    )
    optParameters = [
        ["interface", "i", "", "The address to listen on."],
        ["port", "p", "53", "The port to listen on, over UDP and TCP."],
        ["resolv-conf", None, None, "Where the servers to ask are named (implies --recursive)."],
        ["hosts-file", None, None, "A file of names and addresses to answer from."],
        ["metrics-file", None, None, "A file to write counts to, for Prometheus."],
        ["rate-limit", None, str(_REPLIES), "Equal replies to a network in a second; 0 for any."],
    ]
    optFlags = [
        ["cache", "c", "Remember what others have answered."],
        ["recursive", "r", "Ask other servers about names that are not here."],
    ]
    compData = usage.Completions(
        optActions={
            name: usage.CompleteFiles()
            for name in ("bindzone", "hosts-file", "metrics-file", "pyzone", "sqlite")
        }
    )

    zones: list[FileAuthority] | None = None
    zonefiles: list[str] | None = None

    def __init__(self) -> None:
        usage.Options.__init__(self)
        self["verbose"] = 0
        self.bindfiles: list[str] = []
        self.zonefiles = []
        self.databases: list[str] = []
        self.secondaries: list[tuple[tuple[str, int], list[str]]] = []
        self.forwarders: list[tuple[str, int]] = []
        self.notified: list[tuple[str, int]] = []
        self.transfers: list[str] = []
        self.svcs: list[SecondaryAuthorityService] = []

    def opt_pyzone(self, filename: str) -> None:
        """A zone written in Python; may be given several times."""
        self._file(filename, self.zonefiles)

    def opt_bindzone(self, filename: str) -> None:
        """A zone in a master file, as BIND reads them; may be given several times."""
        self._file(filename, self.bindfiles)

    def opt_sqlite(self, filename: str) -> None:
        """A zone in a database of SQLite; may be given several times."""
        self._file(filename, self.databases)

    @staticmethod
    def _file(filename: str, files: list[str] | None) -> None:
        """Note a file that must be there."""
        if not os.path.exists(filename):
            raise usage.UsageError(f"{filename}: there is no such file")
        if files is not None:
            files.append(filename)

    def opt_secondary(self, ip_domain: str) -> None:
        """
        Be a secondary of a zone, as address/zone or address:port/zone; may be given several times.
        """
        address, slash, domain = ip_domain.partition("/")
        if not slash or not domain:
            raise usage.UsageError("A secondary is given as address/zone or address:port/zone")
        self.secondaries.append((_hostAndPort(address), [domain]))

    def opt_forward(self, address: str) -> None:
        """
        A server to ask about other names, as address or address:port; may be given several times.
        """
        self.forwarders.append(_hostAndPort(address))

    def opt_notify(self, address: str) -> None:
        """
        A secondary to tell of newer versions, as address or address:port; may be given several
        times.
        """
        self.notified.append(_hostAndPort(address))

    def opt_allow_transfer(self, network: str) -> None:
        """
        An address or a network that whole zones are sent to; may be given several times.
        [default: this machine]
        """
        try:
            Networks([network])
        except ValueError as error:
            raise usage.UsageError(f"--allow-transfer: {error}") from error
        self.transfers.append(network)

    def opt_verbose(self) -> None:
        """Log each query; given twice, all that it says."""
        self["verbose"] += 1

    opt_v = opt_verbose

    def postOptions(self) -> None:
        """
        Read the zones.

        @raise usage.UsageError: one of them cannot be read, or a number is none.
        """
        if self["resolv-conf"]:
            self["recursive"] = True
        self.svcs = [
            SecondaryAuthorityService.fromServerAddressAndDomains(address, domains)
            for address, domains in self.secondaries
        ]
        self.zones = [
            *_read(PySourceAuthority, self.zonefiles or ()),
            *_read(BindAuthority, self.bindfiles),
            *_read(SQLiteAuthority, self.databases),
        ]
        for name in ("port", "rate-limit"):
            try:
                self[name] = int(self[name])
            except ValueError:
                raise usage.UsageError(f"--{name}: {self[name]!r} is no number") from None
            if self[name] < 0:
                raise usage.UsageError(f"--{name}: {self[name]} is less than nothing")


def _read(kind: Callable[[str], FileAuthority], files: Sequence[str]) -> list[FileAuthority]:
    """The authorities of some files."""
    found = []
    for file in files:
        try:
            found.append(kind(file))
        except (OSError, ValueError, SyntaxError, sqlite3.Error) as error:
            raise usage.UsageError(f"The zone {file} cannot be read: {error}") from error
    return found


def _hostAndPort(text: str) -> tuple[str, int]:
    """
    The parts of ``address``, ``address:port`` or ``[address]:port``.

    @raise usage.UsageError: it is none of that.
    """
    if text.startswith("["):
        host, bracket, port = text[1:].partition("]")
        if not bracket or port[:1] not in ("", ":"):
            raise usage.UsageError(f"{text!r} is no address")
        port = port[1:]
    elif text.count(":") > 1:
        host, port = text, ""
    else:
        host, _, port = text.partition(":")
    if not host:
        raise usage.UsageError(f"{text!r} is no address")
    try:
        return host, int(port) if port else dns.PORT
    except ValueError:
        raise usage.UsageError(f"Specify an integer port number, not {port!r}") from None


def _buildResolvers(config: Options) -> tuple[list[Any], list[Any]]:
    """The caches, and what is asked after them."""
    caches: list[Any] = []
    clients: list[Any] = []
    if config["cache"]:
        caches.append(cache.CacheResolver())
    if config["hosts-file"]:
        clients.append(hosts.Resolver(file=config["hosts-file"]))
    if config.forwarders:
        clients.append(client.Resolver(servers=config.forwarders))
    if config["recursive"]:
        clients.append(client.createResolver(resolvconf=config["resolv-conf"]))
    return caches, clients


class _Watch(internet.TimerService):
    """Reads zones again when their files have changed, and tells secondaries of newer versions."""

    def __init__(self, zones: Sequence[FileAuthority], secondaries: Sequence[Any]) -> None:
        internet.TimerService.__init__(self, _LOOK_EVERY, self.look)
        self._zones = list(zones)
        self._secondaries = list(secondaries)
        self._times = {zone: _changed(zone) for zone in zones}

    def watch(self, authority: FileAuthority) -> None:
        """Tell secondaries of newer versions of a zone."""
        authority.watch(self._tell)

    def startService(self) -> None:
        """Begin."""
        for zone in self._zones:
            zone.watch(self._tell)
            self._tell(zone)
        internet.TimerService.startService(self)

    def _tell(self, authority: FileAuthority) -> None:
        """Tell secondaries of the version of a zone."""
        if self._secondaries:
            notify(authority, self._secondaries, currentReactor())

    def look(self) -> None:
        """Read what has changed."""
        for zone in self._zones:
            try:
                if isinstance(zone, SQLiteAuthority):
                    zone.refresh()
                    continue
                changed = _changed(zone)
                if changed != self._times[zone]:
                    self._times[zone] = changed
                    zone.reload()
                    _log.info("zone {zone!r} was read again", zone=zone.responsibleFor())
            except (OSError, ValueError, SyntaxError, sqlite3.Error) as error:
                _log.error("a zone stays as it was: {error}", error=error)


class _Counts(service.MultiService):
    """Has the counts of a server told with those of the reactor, and writes both to a file."""

    def __init__(self, metrics: server.ServerMetrics, path: str | None) -> None:
        """
        @param path: the name of the file; None for no file.
        """
        service.MultiService.__init__(self)
        self._metrics = metrics
        self._file = None if path is None else FilePath(path)
        if path is not None:
            internet.TimerService(_WRITE_EVERY, self.write).setServiceParent(self)

    def startService(self) -> None:
        """Begin."""
        include(currentReactor(), self._metrics.families)
        service.MultiService.startService(self)

    def stopService(self) -> Any:
        """End, with the last counts."""
        self.write()
        exclude(currentReactor(), self._metrics.families)
        return service.MultiService.stopService(self)

    def write(self) -> None:
        """Write the file anew; whoever reads it sees the old one or the new one."""
        if self._file is None:
            return
        try:
            self._file.setContent(prometheusText(currentReactor()).encode(), ext=b".new")
        except OSError as error:
            _log.error("the counts cannot be written: {error}", error=error)


def _changed(zone: FileAuthority) -> Any:
    """When the file of a zone was written."""
    status = os.stat(zone.filename)
    return status.st_mtime_ns, status.st_size, status.st_ino


def makeService(config: Options) -> service.MultiService:
    """Make the service that the options describe."""
    caches, clients = _buildResolvers(config)
    zones = config.zones or []
    secondaries = [authority for svc in config.svcs for authority in svc.domains]
    limit = config["rate-limit"]
    factory = server.DNSServerFactory(
        [*zones, *secondaries],
        caches,
        clients,
        config["verbose"],
        allowTransfer=config.transfers or LOOPBACK,
        rateLimit=server.RateLimit(limit) if limit else None,
    )
    made = service.MultiService()
    port, interface = config["port"], config["interface"]
    udp = internet.UDPServer(port, dns.DNSDatagramProtocol(factory), interface=interface)
    tcp = internet.TCPServer(port, factory, interface=interface)
    for part in (udp, tcp, *config.svcs):
        part.setServiceParent(made)
    watch = _Watch(zones, config.notified)
    for authority in secondaries:
        watch.watch(authority)
    watch.setServiceParent(made)
    _Counts(factory.metrics, config["metrics-file"]).setServiceParent(made)
    return made
