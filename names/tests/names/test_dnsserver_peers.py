"""Servers and secondaries with real programs at the other end."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest

from twisted.names._zones._fields import entries
from twisted.names._zones._load import makeRecord
from twisted.names._zones._reader import Reader, folderIncluder
from twisted.names._zones._write import zoneText
from twisted.names.authority import BindAuthority

pytestmark = [pytest.mark.peer, pytest.mark.timeout(120)]

ZONE = """$ORIGIN example.org.
$TTL 300
@ IN SOA ns1 hostmaster ( {serial} ; serial
    1h 10m 4w 1m )
  NS ns1
  MX 10 mail
  CAA 0 issue "ca.example.net"
  HTTPS 1 . alpn="h2,h3" ipv4hint=192.0.2.80
ns1 A 192.0.2.1
mail A 192.0.2.2
     AAAA 2001:db8::2
www 1h IN TXT "a;b" "c\\"d" \\065bc
    A 192.0.2.3
alias CNAME www
sub NS ns.sub
ns.sub A 192.0.2.5
*.wild A 192.0.2.6
away DNAME example.net.
_sip._tcp SRV 1 2 5060 mail
host SSHFP 4 2 123456789abcdef67890123456789abcdef67890123456789abcdef123456789
_443._tcp TLSA 3 1 1 0C72AC70B745AC19998811B131D662C9AC69DBDBE7CB23E5B514B56664C5D3D6
n NAPTR 100 10 "u" "sip+E2U" "!^.*$!sip:info@example.org!" .
loc LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m
uri URI 10 1 "ftp://ftp.example.org/public"
odd TYPE65400 \\# 3 010203
known TYPE1 \\# 4 C0000207
$GENERATE 1-50 gen-${{0,3,d}} 5m A 192.0.2.$
$GENERATE 1-90 big A 198.51.100.$
$GENERATE 18-20 ${{0,3,n}}.nibbles PTR host-${{100,4,x}}.example.net.
{more}"""


def zone(serial=1, more=""):
    """The zone as a master file."""
    return ZONE.format(serial=serial, more=more)


def free_port():
    """A port that is free for UDP and TCP."""
    while True:
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            port = tcp.getsockname()[1]
            try:
                udp.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def dig(port, *arguments, program="dig"):
    """What dig prints."""
    command = [program, "@127.0.0.1", "-p", str(port), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30).stdout


def short(port, *arguments):
    """The data that dig finds, sorted."""
    return sorted(dig(port, "+short", *arguments).split("\n"))[1:]


def eventually(condition, seconds=30):
    """Wait until another program has done something."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it has not happened"
        time.sleep(0.1)


@pytest.fixture
def start(tmp_path):
    """Start programs, which are ended afterwards; what they print must have no traceback."""
    running = []

    def launch(name, *command, environment=None):
        log = tmp_path / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                list(map(str, command)),
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=tmp_path,
                start_new_session=True,
            )
        running.append((process, log))
        process.log = log
        return process

    yield launch
    for process, _ in reversed(running):
        process.terminate()
    for process, log in running:
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert "Traceback" not in log.read_text(errors="replace")


@pytest.fixture
def twist(start):
    """Start ``twist dns``; gives its port."""

    def launch(*arguments, name="twist", port=None):
        port = free_port() if port is None else port
        process = start(
            name,
            *(sys.executable, "-W", "error", "-m", "twisted", "--log-format", "text", "dns"),
            *("--port", port, "--interface", "127.0.0.1", *arguments),
        )
        eventually(lambda: "Starting reactor" in process.log.read_text())
        return port

    return launch


@pytest.fixture
def primary(twist, tmp_path):
    """``twist dns`` with the zone; gives its port."""
    (tmp_path / "primary.zone").write_text(zone())
    return twist("--bindzone", tmp_path / "primary.zone")


# Clients.


@pytest.mark.parametrize("program", ["dig", "kdig"])
@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
def test_questions(primary, program, transport):
    """Questions of each kind are answered over UDP and TCP as the programs understand them."""

    def ask(*arguments):
        return dig(primary, transport, *arguments, program=program)

    found = ask("WwW.example.org", "A")
    assert "NOERROR" in found
    assert re.search(r"(?i)www\.example\.org\.\s+300\s+IN\s+A\s+192\.0\.2\.3", found)
    assert re.search(r"[Ff]lags: qr aa rd;", found)
    assert '"a;b" "c\\"d" "Abc"' in ask("www.example.org", "TXT")
    assert "CNAME" in ask("alias.example.org", "A")
    assert "NXDOMAIN" in ask("nothing.example.org", "A")
    assert re.search(r"example\.org\.\s+60\s+IN\s+SOA", ask("www.example.org", "AAAA"))
    assert "192.0.2.6" in ask("any.thing.wild.example.org", "A")
    assert re.search(r"DNAME\s+example\.net\.", ask("x.away.example.org", "A"))
    referral = ask("x.sub.example.org", "A")
    assert re.search(r"[Ff]lags: qr rd;", referral)
    assert "192.0.2.5" in referral
    assert re.search(r"\\# 3 010203", ask("odd.example.org", "TYPE65400"))
    assert "192.0.2.7" in ask("known.example.org", "A")
    assert 'alpn="h2,h3"' in ask("example.org", "HTTPS").replace("alpn=h2,h3", 'alpn="h2,h3"')
    assert "REFUSED" in ask("example.net", "A")


TYPES = ["CAA", "MX", "SRV", "SSHFP", "TLSA", "NAPTR", "LOC", "URI"]


@pytest.mark.parametrize("kind", TYPES)
def test_types(primary, kind):
    """Records of all types are read and shown by dig as they were written."""
    owners = {"CAA": "@", "MX": "@", "SRV": "_sip._tcp", "SSHFP": "host", "TLSA": "_443._tcp"}
    owner = owners.get(kind, {"NAPTR": "n"}.get(kind, kind.lower()))
    (shown,) = short(primary, kind, "example.org" if owner == "@" else f"{owner}.example.org")
    (written,) = re.findall(rf" {kind} (.*)", ZONE.replace("\\\\", "\\"))
    expected = written.replace("mail", "mail.example.org.")
    assert shown.replace(" ", "").upper() == expected.replace(" ", "").upper()


def test_edns(primary):
    """Sizes, the flag DO, and the version of EDNS are understood."""
    assert "udp: 1232" in dig(primary, "www.example.org")
    assert "flags: do" in dig(primary, "+dnssec", "www.example.org")
    assert "BADVERS" in dig(primary, "+edns=1", "+noednsneg", "www.example.org")
    assert "OPT" not in dig(primary, "+noedns", "www.example.org")
    assert "NOERROR" in dig(primary, "+cookie", "+nsid", "+subnet=192.0.2.0/24", "www.example.org")
    assert "tc" in dig(primary, "+ignore", "+bufsize=4096", "big.example.org").split(";; flags")[1]
    assert len(short(primary, "big.example.org")) == 90


def test_refusals(primary):
    """What is not implemented, and what makes no sense, has the code for that."""
    assert "NOTIMP" in dig(primary, "+opcode=status", "www.example.org")
    assert "NOTIMP" in dig(primary, "+opcode=update", "www.example.org")
    assert "FORMERR" in dig(primary, "+header-only", "+noedns", "www.example.org")
    assert "REFUSED" in dig(primary, "-c", "CH", "version.bind", "TXT")


def test_any(primary):
    """All records are told over TCP, over UDP one type if they are many (RFC 8482)."""
    over_tcp = dig(primary, "+tcp", "ANY", "example.org")
    over_udp = dig(primary, "+notcp", "+ignore", "ANY", "example.org")
    assert int(re.search(r"ANSWER: (\d+)", over_tcp)[1]) == 5
    assert int(re.search(r"ANSWER: (\d+)", over_udp)[1]) in (1, 5)
    assert int(re.search(r"MSG SIZE  rcvd: (\d+)", over_udp)[1]) <= 256


@pytest.mark.parametrize("program", ["dig", "kdig"])
def test_transfers(primary, program):
    """Zones are transferred, and who has the newest version is told so."""
    whole = dig(primary, "+tcp", "AXFR", "example.org", program=program)
    assert len(re.findall(r"IN\s+SOA", whole)) == 2
    assert len(re.findall(r"gen-\d+\.example\.org\.", whole)) == 50
    current = dig(primary, "+tcp", "IXFR=1", "example.org", program=program)
    assert len(re.findall(r"IN\s+SOA", current)) == 1


def test_pipelined(primary):
    """Many questions over one connection are answered (RFC 7766)."""
    names = [f"gen-{number:03}.example.org" for number in range(1, 51)]
    found = dig(primary, "+tcp", "+keepopen", "+short", *names)
    assert found.split() == [f"192.0.2.{number}" for number in range(1, 51)]


def test_load(primary, tmp_path):
    """No question of a load is lost, over UDP or TCP."""
    questions = "".join(f"gen-{number:03}.example.org A\n" for number in range(1, 60))
    (tmp_path / "questions").write_text(questions)
    for mode in ("udp", "tcp"):
        done = subprocess.run(
            [
                *("dnsperf", "-s", "127.0.0.1", "-p", str(primary), "-d", "questions"),
                *("-m", mode, "-l", "2", "-q", "50", "-c", "5"),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
        ).stdout
        assert re.search(r"Queries lost: +0 ", done), done
        assert int(re.search(r"Queries completed: +(\d+)", done)[1]) > 100


# Master files.


def test_master_file(tmp_path):
    """BIND reads the same records from a master file, and reads what is written."""
    (tmp_path / "more").write_text("inside A 192.0.2.99\n")
    text = zone(more="$INCLUDE more included\n")
    (tmp_path / "zone").write_text(text)
    ours = records_of(text.encode(), tmp_path)
    command = ["named-compilezone", "-i", "none", "-k", "ignore", "-o", "-", "example.org"]
    theirs = subprocess.run(
        [*command, "zone"], cwd=tmp_path, check=True, capture_output=True
    ).stdout
    theirs = b"\n".join(line for line in theirs.splitlines() if b" IN " in line or b"\t" in line)
    assert records_of(theirs, tmp_path) == ours
    authority = BindAuthority(tmp_path / "zone")
    (tmp_path / "again").write_text(zoneText(*authority.soa, authority.records))
    again = subprocess.run(
        [*command, "again"], cwd=tmp_path, check=True, capture_output=True
    ).stdout
    assert records_of(again, tmp_path) == ours


def records_of(text, folder):
    """What is in a master file."""
    assert list(entries(text))
    reader = Reader(b"example.org", str(folder / "zone"), folderIncluder(folder))
    return sorted(
        (written.owner, written.ttl, record.TYPE, record.toWire())
        for written in reader.read(text)
        for record in [makeRecord(written.type, written.data, written.origin, written.ttl)]
    )


# Other servers.


class Bind:
    """named."""

    def __init__(self, start, folder, port):
        self.start, self.folder, self.port = start, folder, port
        self.base = folder / "bind"
        self.base.mkdir()

    def run(self, zone_options):
        """Start it with a zone."""
        (self.base / "named.conf").write_text(
            f"""options {{
    directory "{self.base}"; listen-on port {self.port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
    pid-file none; recursion no; dnssec-validation no; notify-source 127.0.0.1;
    allow-transfer {{ 127.0.0.1; }}; session-keyfile none; lock-file none;
}};
controls {{ }};
zone "example.org" {{ {zone_options} }};
"""
        )
        command = ("named", "-g", "-c", self.base / "named.conf", "-n", "1")
        self.process = self.start("named", *command)

    def primary(self, secondary):
        """Be a primary."""
        self.write(zone())
        self.run(
            'type primary; file "zone"; ixfr-from-differences yes; notify explicit;'
            f" also-notify {{ 127.0.0.1 port {secondary}; }};"
        )

    def secondary(self, primary):
        """Be a secondary."""
        self.run(f'type secondary; file "copy"; primaries {{ 127.0.0.1 port {primary}; }};')

    def write(self, text):
        """Write its zone, without directives that not all servers know."""
        written = self.base / "written"
        written.write_text(text)
        (self.base / "zone").write_text(BindAuthority(written).toText())

    def update(self, text):
        """Go on with another version."""
        self.write(text)
        os.kill(self.process.pid, signal.SIGHUP)


class Nsd(Bind):
    """nsd."""

    def run(self, zone_options):
        (self.base / "nsd.conf").write_text(
            f"""server:
    ip-address: 127.0.0.1@{self.port}
    username: ""
    chroot: ""
    database: ""
    zonesdir: "{self.base}"
    pidfile: "{self.base}/nsd.pid"
    xfrdfile: "{self.base}/xfrd.state"
    zonelistfile: "{self.base}/zone.list"
    xfrdir: "{self.base}"
    xfrd-reload-timeout: 0
remote-control:
    control-enable: no
zone:
    name: example.org
    zonefile: zone
{zone_options}"""
        )
        self.process = self.start("nsd", "nsd", "-d", "-c", self.base / "nsd.conf")

    def primary(self, secondary):
        self.write(zone())
        self.run(
            "    provide-xfr: 127.0.0.1 NOKEY\n"
            f"    notify: 127.0.0.1@{secondary} NOKEY\n    store-ixfr: yes\n"
        )

    def secondary(self, primary):
        self.run(f"    request-xfr: 127.0.0.1@{primary} NOKEY\n    allow-notify: 127.0.0.1 NOKEY\n")


class Knot(Bind):
    """knotd."""

    def run(self, zone_options):
        (self.base / "db").mkdir()
        (self.base / "knot.conf").write_text(
            f"""server:
    rundir: "{self.base}"
    listen: 127.0.0.1@{self.port}
log:
  - target: stderr
    any: info
database:
    storage: "{self.base}/db"
template:
  - id: default
    storage: "{self.base}"
    journal-content: all
{zone_options}"""
        )
        self.process = self.start("knotd", "knotd", "-c", self.base / "knot.conf")

    def remote(self, port, rights):
        """The other server, and what it may do."""
        return (
            f"remote:\n  - id: other\n    address: 127.0.0.1@{port}\n"
            f"acl:\n  - id: allowed\n    address: 127.0.0.1\n    action: {rights}\n"
            "zone:\n  - domain: example.org\n    file: zone\n    acl: allowed\n"
        )

    def primary(self, secondary):
        self.write(zone())
        self.run(
            self.remote(secondary, "transfer")
            + "    notify: other\n    zonefile-load: difference\n"
        )

    def secondary(self, primary):
        self.run(self.remote(primary, "notify") + "    master: other\n")


SERVERS = {"named": Bind, "nsd": Nsd, "knotd": Knot}


@pytest.fixture(params=SERVERS)
def other(request, start, tmp_path):
    """Another server, which is not running yet."""
    assert shutil.which(request.param)
    return SERVERS[request.param](start, tmp_path, free_port())


NEWER = {"serial": 2, "more": "new A 192.0.2.77\n"}


def test_secondary_of_others(other, twist):
    """A secondary gets the zone of another server, and what is new as soon as that gives notice."""
    port = free_port()
    other.primary(port)
    eventually(lambda: short(other.port, "www.example.org") == ["192.0.2.3"])
    twist("--secondary", f"127.0.0.1:{other.port}/example.org", port=port)
    eventually(lambda: short(port, "www.example.org") == ["192.0.2.3"])
    for arguments in (
        ("example.org", "MX"),
        ("odd.example.org", "TYPE65400"),
        ("big.example.org",),
    ):
        assert short(port, *arguments) == short(other.port, *arguments)
    other.update(zone(**NEWER))
    eventually(lambda: short(port, "new.example.org") == ["192.0.2.77"])


def test_primary_of_others(other, twist, tmp_path):
    """Another server gets the zone, and what is new upon notice; the versions are the same."""
    (tmp_path / "primary.zone").write_text(zone())
    port = twist("--bindzone", tmp_path / "primary.zone", "--notify", f"127.0.0.1:{other.port}")
    other.secondary(port)
    eventually(lambda: short(other.port, "www.example.org") == ["192.0.2.3"])
    whole = dig(other.port, "+tcp", "AXFR", "example.org") if isinstance(other, Bind) else ""
    assert "REFUSED" in whole or "big.example.org" in whole or "failed" in whole
    (tmp_path / "primary.zone").write_text(zone(**NEWER))
    eventually(lambda: short(other.port, "new.example.org") == ["192.0.2.77"])
    assert short(other.port, "SOA", "example.org") == short(port, "SOA", "example.org")


def test_secondary_of_our_own(primary, twist, tmp_path):
    """One server of ours is the secondary of another, and gets what is new by notice."""
    port = free_port()
    (tmp_path / "own.zone").write_text(zone())
    first = twist("--bindzone", tmp_path / "own.zone", "--notify", f"127.0.0.1:{port}", name="own")
    twist("--secondary", f"127.0.0.1:{first}/example.org", port=port, name="copy")
    eventually(lambda: short(port, "www.example.org") == ["192.0.2.3"])
    (tmp_path / "own.zone").write_text(zone(**NEWER))
    eventually(lambda: short(port, "new.example.org") == ["192.0.2.77"])
    steps = dig(port, "+tcp", "IXFR=1", "example.org")
    assert len(re.findall(r"IN\s+SOA", steps)) == 4
    assert len(re.findall(r"IN\s+A\s", steps)) == 1


def unbound(start, folder, port, primary):
    """unbound, which asks a server for the zone."""
    (folder / "unbound.conf").write_text(
        f"""server:
    interface: 127.0.0.1@{port}
    do-daemonize: no
    username: ""
    chroot: ""
    directory: "{folder}"
    pidfile: "{folder}/unbound.pid"
    use-syslog: no
    do-not-query-localhost: no
    module-config: "iterator"
    use-caps-for-id: yes
remote-control:
    control-enable: no
stub-zone:
    name: example.org
    stub-addr: 127.0.0.1@{primary}
"""
    )
    start("unbound", "unbound", "-d", "-c", folder / "unbound.conf")


def test_unbound_asks(primary, start, tmp_path):
    """unbound gets answers for its clients, large ones, and negative ones, in spite of 0x20."""
    port = free_port()
    unbound(start, tmp_path, port, primary)
    eventually(lambda: short(port, "www.example.org") == ["192.0.2.3"])
    assert len(short(port, "big.example.org")) == 90
    assert "NXDOMAIN" in dig(port, "nothing.example.org")
    assert short(port, "any.wild.example.org") == ["192.0.2.6"]
    assert short(port, "MX", "example.org") == ["10 mail.example.org."]


def test_forwarder(primary, start, twist, tmp_path):
    """A forwarder asks unbound, and remembers the answers."""
    behind = free_port()
    unbound(start, tmp_path, behind, primary)
    eventually(lambda: short(behind, "www.example.org") == ["192.0.2.3"])
    port = twist("--forward", f"127.0.0.1:{behind}", "--cache", name="forwarder")
    found = dig(port, "www.example.org")
    assert re.search(r"flags: qr rd ra;", found)
    assert short(port, "www.example.org") == ["192.0.2.3"]
    assert len(short(port, "big.example.org")) == 90
    missing = dig(port, "nothing.example.org")
    assert "NXDOMAIN" in missing
    assert re.search(r"IN\s+SOA", missing)


# Signed zones.

DELEGATED = """unsigned NS ns.unsigned
ns.unsigned A 192.0.2.8
sub DS 12345 13 2 0C72AC70B745AC19998811B131D662C9AC69DBDBE7CB23E5B514B56664C5D3D6
*.walias CNAME www
"""
PROVEN = [
    *("www A", "www MX", "nothing A", "a.b.nothing A", "alias A", "alias TXT", "x.wild A"),
    *("x.wild TXT", "y.x.wild A", "wild A", "x.walias A", "sub DS", "unsigned DS", "x.away A"),
    *("_tcp A", "_sip._tcp SRV", "gen-007 A", "gen-051 A"),
]


@pytest.mark.parametrize("chain", [(), ("-3", "aabb", "-H", "5"), ("-3", "-", "-H", "0")])
def test_signed_zone(twist, tmp_path, chain):
    """What delv asks a signed zone for is validated, and so is that there is nothing."""

    def run(*command):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, done.stderr
        return done.stdout

    algorithm = ("-a", "ECDSAP256SHA256")
    key = run("dnssec-keygen", "-q", *algorithm, "-f", "KSK", "-n", "ZONE", "example.org").strip()
    record = (tmp_path / f"{key}.key").read_text().splitlines()[-1]
    (tmp_path / "zone").write_text(zone(more=DELEGATED + record + "\n"))
    run("dnssec-signzone", "-z", *chain, "-o", "example.org", "-f", "signed", "zone", key)
    flags, protocol, number, *parts = record.split()[3:]
    trusted = f'static-key {flags} {protocol} {number} "{"".join(parts)}"'
    (tmp_path / "anchors").write_text(f"trust-anchors {{ example.org. {trusted}; }};\n")
    port = twist("--bindzone", tmp_path / "signed")
    delv = ("delv", "@127.0.0.1", "-p", str(port), "-a", "anchors", "+root=example.org")
    for question in PROVEN:
        name, kind = question.split()
        assert "fully validated" in run(*delv, f"{name}.example.org", kind), question
