"""The service behind ``twist dns``."""

from __future__ import annotations

import os
import sqlite3

import pytest

from twisted.application.service import IServiceMaker
from twisted.internet.metrics import prometheusText
from twisted.internet.selectreactor import SelectReactor
from twisted.internet.task import Clock
from twisted.logger import LogLevel, capturedLogs
from twisted.names import cache, client, dns, hosts, resolve, tap
from twisted.names.authority import BindAuthority, PySourceAuthority, SQLiteAuthority
from twisted.names.secondary import SecondaryAuthorityService
from twisted.plugin import getPlugins
from twisted.python.usage import UsageError

ZONE = b"$ORIGIN example.org.\n$TTL 300\n@ SOA ns h 1 2h 1h 4w 1h\nwww A 192.0.2.1\n"
SOURCE = """
zone = [SOA("example.net", mname="ns", rname="h", serial=1), A("www.example.net", "192.0.2.1")]
"""


def options(*arguments):
    """The options of a command line."""
    made = tap.Options()
    made.parseOptions(arguments)
    return made


@pytest.fixture
def files(tmp_path):
    """A zone of each kind."""
    (tmp_path / "bind").write_bytes(ZONE)
    (tmp_path / "python").write_text(SOURCE)
    with sqlite3.connect(tmp_path / "sqlite") as database:
        database.execute("CREATE TABLE records (name TEXT, ttl INTEGER, type TEXT, data TEXT)")
        row = ("example.com", 300, "SOA", "ns. h. 1 2 3 4 5")
        database.execute("INSERT INTO records VALUES (?, ?, ?, ?)", row)
    database.close()
    return tmp_path


def test_plugin():
    """``twist`` and ``twistd`` find it."""
    (plugin,) = [found for found in getPlugins(IServiceMaker) if found.tapname == "dns"]
    assert plugin.module == "twisted.names.tap"
    assert plugin.options is tap.Options


def test_defaults():
    """Without options it listens on the port of DNS, and knows nothing."""
    made = options()
    assert (made["port"], made["interface"], made["rate-limit"]) == (53, "", 200)
    assert (made.zones, made.svcs) == ([], [])
    assert tap._buildResolvers(made) == ([], [])


def test_zones(files):
    """Zones of all kinds are read, several of each."""
    made = options(
        *("--bindzone", str(files / "bind"), "--pyzone", str(files / "python")),
        *("--sqlite", str(files / "sqlite"), "--bindzone", str(files / "bind")),
    )
    kinds = [type(zone) for zone in made.zones]
    assert kinds == [PySourceAuthority, BindAuthority, BindAuthority, SQLiteAuthority]


def test_secondaries():
    """A secondary is given with the address of its primary, which may have a port."""
    made = options(
        *("--secondary", "192.0.2.1/example.org", "--secondary", "192.0.2.1:5353/example.net"),
        *("--secondary", "[2001:db8::1]:54/example.com", "--secondary", "2001:db8::1/example"),
    )
    assert made.secondaries == [
        (("192.0.2.1", dns.PORT), ["example.org"]),
        (("192.0.2.1", 5353), ["example.net"]),
        (("2001:db8::1", 54), ["example.com"]),
        (("2001:db8::1", dns.PORT), ["example"]),
    ]
    assert all(isinstance(service, SecondaryAuthorityService) for service in made.svcs)


WRONG = [
    ("--secondary", ""),
    ("--secondary", "192.0.2.1"),
    ("--secondary", "192.0.2.1/"),
    ("--secondary", "192.0.2.1:x"),
    ("--secondary", "192.0.2.1:x/example.org"),
    ("--secondary", "/example.org"),
    ("--secondary", "[2001:db8::1/example.org"),
    ("--secondary", "[2001:db8::1]x/example.org"),
    ("--forward", ""),
    ("--forward", "192.0.2.1:x"),
    ("--notify", "x:y"),
    ("--allow-transfer", "example.org"),
    ("--bindzone", "/missing"),
    ("--pyzone", "/missing"),
    ("--sqlite", "/missing"),
    ("--port", "x"),
    ("--rate-limit", "x"),
    ("--rate-limit", "-1"),
]


@pytest.mark.parametrize("arguments", WRONG)
def test_wrong_options(arguments):
    """Options that make no sense are refused."""
    with pytest.raises(UsageError):
        options(*arguments)


@pytest.mark.parametrize("kind", ["bind", "python", "sqlite"])
def test_broken_zones(files, kind):
    """A zone that cannot be read is refused with what is wrong, and where."""
    (files / kind).write_bytes(b"x = (\n")
    with pytest.raises(UsageError, match=f"zone {files / kind} cannot be read"):
        options(
            {"bind": "--bindzone", "python": "--pyzone"}.get(kind, "--sqlite"), str(files / kind)
        )


def test_place_of_error(files):
    """The place of an error is told."""
    (files / "bind").write_bytes(ZONE + b"www A x\n")
    with pytest.raises(UsageError, match="bind:5:7: "):
        options("--bindzone", str(files / "bind"))


def test_resolvers(files):
    """The hosts file is asked before other servers, and a cache before all."""
    (files / "hosts").write_text("192.0.2.1 www.example.org\n")
    made = options("-c", "--hosts-file", str(files / "hosts"), "--forward", "192.0.2.53:5353")
    (kept,), (first, second) = tap._buildResolvers(made)
    assert isinstance(kept, cache.CacheResolver)
    assert isinstance(first, hosts.Resolver)
    assert isinstance(second, client.Resolver)
    assert second.servers == [("192.0.2.53", 5353)]


def test_recursive(files):
    """The servers of a resolv.conf are asked if that is wanted, or if one is named."""
    (files / "resolv.conf").write_text("nameserver 192.0.2.53\n")
    made = options("--resolv-conf", str(files / "resolv.conf"))
    assert made["recursive"]
    caches, (chain,) = tap._buildResolvers(made)
    assert caches == []
    assert isinstance(chain, resolve.ResolverChain)
    assert chain.resolvers[-1].dynServers == [("192.0.2.53", 53)]


def parts(made):
    """The services of a service, by their classes."""
    return {type(part).__name__: part for part in made}


def test_service(files):
    """The service listens over UDP and TCP, and keeps secondaries."""
    made = tap.makeService(
        options(
            *("--bindzone", str(files / "bind"), "--secondary", "192.0.2.1/example.net"),
            *("--allow-transfer", "192.0.2.0/24", "--port", "5353", "--interface", "127.0.0.1"),
            *("--rate-limit", "7", "-vv"),
        )
    )
    found = parts(made)
    assert set(found) == {
        "UDPServer",
        "TCPServer",
        "SecondaryAuthorityService",
        "_Watch",
        "_Counts",
    }
    assert found["UDPServer"].args[0] == found["TCPServer"].args[0] == 5353
    factory = found["TCPServer"].args[1]
    assert found["UDPServer"].args[1].controller is factory
    assert factory.verbose == 2
    assert factory.rateLimit.perSecond == 7
    assert factory._front.mayTransfer.hold("192.0.2.9")
    assert not factory._front.mayTransfer.hold("127.0.0.1")


def test_no_rate_limit():
    """A limit of zero is none."""
    assert (
        parts(tap.makeService(options("--rate-limit", "0")))["TCPServer"].args[1].rateLimit is None
    )


@pytest.fixture
def reactor(monkeypatch):
    """A reactor of its own, whose clock stands still."""
    made = SelectReactor()
    monkeypatch.setattr(tap, "currentReactor", lambda: made)
    yield made
    made.removeAll()
    made.fireSystemEvent("shutdown")


def test_counts(files, reactor):
    """What the server counts is told with the reactor's own, in a file as well if one is named."""
    path = files / "dns.prom"
    made = tap.makeService(options("--metrics-file", str(path)))
    found = parts(made)
    (timer,) = found["_Counts"]
    timer.clock = Clock()
    factory = found["TCPServer"].args[1]
    found["_Counts"].startService()
    assert "\ntwisted_dns_transfers_total 0\n" in path.read_text()
    assert "\ntwisted_datagrams_total" in path.read_text()
    factory.metrics.transfers = 3
    timer.clock.advance(15)
    assert "\ntwisted_dns_transfers_total 3\n" in path.read_text()
    factory.metrics.transfers = 4
    found["_Counts"].stopService()
    assert "\ntwisted_dns_transfers_total 4\n" in path.read_text()
    assert os.listdir(files).count("dns.prom.new") == 0
    assert "dns" not in prometheusText(reactor)


def test_counts_without_a_file(reactor):
    """Without a file they are only told with the reactor's."""
    counts = parts(tap.makeService(options()))["_Counts"]
    counts.startService()
    assert "\ntwisted_dns_transfers_total 0\n" in prometheusText(reactor)
    counts.stopService()


def test_counts_that_cannot_be_written(files, reactor):
    """A file that cannot be written leaves the service running."""
    made = tap.makeService(options("--metrics-file", str(files / "missing" / "file")))
    with capturedLogs() as events:
        parts(made)["_Counts"].write()
    (told,) = [event for event in events if event["log_level"] is LogLevel.error]
    assert isinstance(told["error"], FileNotFoundError)


def touched(path):
    """Let a file look as if it had been written later."""
    status = os.stat(path)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 10**9))


def test_zones_are_read_again(files, monkeypatch):
    """Files that have changed are read again, and secondaries are told of it."""
    told = []
    monkeypatch.setattr(tap, "notify", lambda zone, to, reactor: told.append((zone, to)))
    monkeypatch.setattr(tap, "currentReactor", lambda: None)
    made = options(
        *("--bindzone", str(files / "bind"), "--sqlite", str(files / "sqlite")),
        *("--notify", "192.0.2.2", "--notify", "192.0.2.3:54"),
    )
    watch = parts(tap.makeService(made))["_Watch"]
    bind, database = made.zones
    for zone in made.zones:
        zone.watch(watch._tell)
    watch.look()
    assert told == []
    (files / "bind").write_bytes(ZONE.replace(b" 1 2h", b" 2 2h"))
    touched(files / "bind")
    watch.look()
    assert bind.soa[1].serial == 2
    to = [("192.0.2.2", 53), ("192.0.2.3", 54)]
    assert told == [(bind, to)]
    with sqlite3.connect(files / "sqlite") as connection:
        connection.execute("UPDATE records SET data = 'ns. h. 9 2 3 4 5'")
    connection.close()
    watch.look()
    assert database.soa[1].serial == 9
    assert told[1:] == [(database, to)]
    database.close()


def test_broken_zone_stays(files):
    """A file that is broken, or gone, leaves the zone as it was, and the service running."""
    made = options("--bindzone", str(files / "bind"))
    watch = parts(tap.makeService(made))["_Watch"]
    (files / "bind").write_bytes(b"broken\n")
    touched(files / "bind")
    watch.look()
    os.unlink(files / "bind")
    watch.look()
    assert made.zones[0].soa[1].serial == 1
