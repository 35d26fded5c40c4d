"""Resolvers with real servers: over UDP, TLS and HTTPS, and zones that BIND has signed."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time

import pytest

pytestmark = [pytest.mark.peer, pytest.mark.timeout(120)]

ZONE = """$TTL 300
@ SOA ns1 hostmaster 1 3600 600 86400 60
 NS ns1
ns1 A 127.0.0.1
www A 192.0.2.1
alias CNAME www
*.wild A 192.0.2.2
away DNAME other.example.
big TXT {big}
plain NS ns1
"""
PLAIN = "$TTL 300\n@ SOA ns1.example. h 1 3600 600 86400 60\n NS ns1.example.\nwww A 192.0.2.3\n"
BAD = ZONE.replace("192.0.2.1", "6.6.6.6")

#: Looks up what its arguments say, one line of JSON for each: addresses and whether they are true.
CLIENT = """
import json, sys
from twisted.internet import ssl, task
from twisted.names import client, dns, dnssec, error

def read(path):
    with open(path) as file:
        return file.read()

async def main(reactor, kind, port, pem, digests, *names):
    if kind == "udp":
        asks = client.Resolver(servers=[("127.0.0.1", int(port))])
    else:
        trust = ssl.trustRootFromCertificates([ssl.Certificate.loadPEM(read(pem))])
        if kind == "tls":
            servers = [("127.0.0.1", "localhost", int(port))]
            asks = client.TLSResolver(servers, trustRoot=trust)
        else:
            from twisted.web.client import Agent, BrowserLikePolicyForHTTPS
            agent = Agent(reactor, BrowserLikePolicyForHTTPS(trust))
            asks = client.HTTPSResolver(f"https://localhost:{port}/dns-query", agent=agent)
    if digests:
        anchors = []
        for line in read(digests).splitlines():
            anchors.append(dns.Record_DS.fromText(line.split(" DS ")[1]))
        asks = dnssec.ValidatingResolver(asks, {"example": anchors})
    for name in names:
        name, _, type = name.partition("/")
        try:
            answers, _, _ = await asks.query(dns.Query(name, dns.REV_TYPES[type or "A"]))
        except Exception as problem:
            print(json.dumps([type_name(problem), None]))
            continue
        kept = [h for h in answers if h.type == dns.REV_TYPES[type or "A"]]
        said = " ".join(h.payload.toText() for h in kept)
        print(json.dumps([said, kept[0].authenticated if kept else None]))

def type_name(problem):
    return type(problem).__name__

task.react(main, sys.argv[1:])
"""

#: A web server that hands messages to a name server, to be asked over HTTPS.
WEB = """
import sys
from twisted.internet import endpoints, reactor
from twisted.names import client, dns
from twisted.web import resource, server

class Front(resource.Resource):
    isLeaf = True
    asks = client.Resolver(servers=[("127.0.0.1", int(sys.argv[2]))])
    asks.dnssecOK = True

    def render_POST(self, request):
        assert request.getHeader(b"content-type") == b"application/dns-message"
        message = dns.Message()
        message.fromStr(request.content.read())
        self.asks.queryTCP(message.queries).addCallback(self.answer, request)
        return server.NOT_DONE_YET

    def answer(self, message, request):
        message.id = 0
        message.maxSize = 0
        request.setHeader(b"content-type", b"application/dns-message")
        request.write(message.toStr())
        request.finish()

where = f"ssl:{sys.argv[1]}:interface=127.0.0.1:privateKey={sys.argv[3]}"
endpoints.serverFromString(reactor, where).listen(server.Site(Front()))
reactor.run()
"""


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


def listens(port):
    """Does something listen at a port?"""
    with socket.socket() as tcp:
        return tcp.connect_ex(("127.0.0.1", port)) == 0


class Servers:
    """
    named with the zone, and unbound, which asks it.

    @ivar ports: of named, of unbound over TLS, and of a web server.
    """

    def __init__(self, folder):
        self.folder = folder
        self.running = []
        self.ports = {"udp": free_port(), "tls": free_port(), "https": free_port()}
        self.pem = folder / "localhost.pem"

    def start(self, *command):
        with (self.folder / f"log{len(self.running)}").open("wb") as log:
            made = subprocess.Popen(
                list(map(str, command)), cwd=self.folder, stdout=log, stderr=subprocess.STDOUT
            )
        self.running.append(made)

    def until_all_listen(self):
        until = time.monotonic() + 30
        while not all(map(listens, self.ports.values())):
            assert time.monotonic() < until, "a server does not listen"
            time.sleep(0.1)

    def stop(self):
        for process in self.running:
            process.terminate()
        for process in self.running:
            process.wait(20)

    def certify(self):
        command = (
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
            " -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout key -out cert"
        )
        subprocess.run(command.split(), cwd=self.folder, check=True, capture_output=True)
        self.pem.write_text((self.folder / "cert").read_text() + (self.folder / "key").read_text())

    def sign(self, text, *options):
        """Sign the zone with a new key."""
        keygen = ("dnssec-keygen", "-q", "-a", "ECDSAP256SHA256", "-f", "KSK", "example")
        made = subprocess.run(
            keygen, cwd=self.folder, check=True, capture_output=True, text=True
        ).stdout.strip()
        (self.folder / "zone").write_text(text.format(big=" ".join(['"' + "x" * 250 + '"'] * 8)))
        command = ("dnssec-signzone", "-S", "-z", "-P", "-o", "example", *options)
        subprocess.run(
            [*command, "-f", "signed", "zone", made],
            cwd=self.folder,
            check=True,
            capture_output=True,
        )
        return self.folder / "dsset-example."

    def run(self):
        (self.folder / "plain").write_text(PLAIN)
        (self.folder / "named.conf").write_text(
            f"""options {{
    directory "{self.folder}"; listen-on port {self.ports["udp"]} {{ 127.0.0.1; }};
    listen-on-v6 {{ none; }}; pid-file none; recursion no; dnssec-validation no;
    session-keyfile none; lock-file none;
}};
controls {{ }};
zone "example" {{ type primary; file "signed"; }};
zone "plain.example" {{ type primary; file "plain"; }};
"""
        )
        (self.folder / "unbound.conf").write_text(
            f"""server:
    interface: 127.0.0.1@{self.ports["tls"]}
    tls-port: {self.ports["tls"]}
    tls-service-key: "{self.folder}/key"
    tls-service-pem: "{self.folder}/cert"
    do-daemonize: no
    username: ""
    chroot: ""
    directory: "{self.folder}"
    pidfile: "{self.folder}/unbound.pid"
    use-syslog: no
    do-not-query-localhost: no
    module-config: "iterator"
remote-control:
    control-enable: no
stub-zone:
    name: example
    stub-addr: 127.0.0.1@{self.ports["udp"]}
"""
        )
        self.start("named", "-g", "-c", self.folder / "named.conf", "-n", "1")
        self.start("unbound", "-d", "-c", self.folder / "unbound.conf")
        web = (self.ports["https"], self.ports["udp"], self.pem)
        self.start(sys.executable, "-W", "error", "-c", WEB, *web)
        self.until_all_listen()

    def look(self, kind, names, digests=""):
        """What a resolver finds."""
        command = [sys.executable, "-W", "error", "-c", CLIENT, kind, self.ports[kind], self.pem]
        done = subprocess.run(
            [*map(str, command), str(digests), *names],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.stderr == ""
        return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def servers(tmp_path):
    made = Servers(tmp_path)
    made.certify()
    yield made
    made.stop()


NAMES = [
    "www.example",
    "alias.example",
    "any.wild.example",
    "nothing.example",
    "www.example/AAAA",
    "www.plain.example",
    "nothing.plain.example",
    "big.example/TXT",
]
BIG = " ".join(['"' + "x" * 250 + '"'] * 8)


@pytest.mark.parametrize("options", [(), ("-3", "ab"), ("-3", "ab", "-A")])
def test_signed(servers, options):
    """What BIND has signed is true, over UDP and TCP, over TLS by way of unbound, and HTTPS."""
    digests = servers.sign(ZONE, *options)
    servers.run()
    wildcard = "-A" not in options
    for kind in ("udp", "tls", "https"):
        assert servers.look(kind, NAMES, digests) == [
            ["192.0.2.1", True],
            ["192.0.2.1", True],
            ["192.0.2.2", wildcard],
            ["DNSNameError", None],
            ["", None],
            ["192.0.2.3", False],
            ["DNSNameError", None],
            [BIG, True],
        ]
        assert servers.look(kind, ["www.example"]) == [["192.0.2.1", None]]


def test_bogus(servers):
    """What another key has signed is not."""
    digests = servers.sign(ZONE)
    kept = digests.read_text()
    for file in servers.folder.glob("Kexample*"):
        file.unlink()
    digests.unlink()
    servers.sign(BAD)
    digests.write_text(kept)
    servers.run()
    for kind in ("udp", "tls", "https"):
        found = servers.look(kind, ["www.example", "nothing.example"], digests)
        assert found == [["BogusError", None], ["BogusError", None]]
