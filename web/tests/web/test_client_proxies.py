"""Tests of asking through proxies, and of which addresses are asked."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from base64 import b64encode
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

import pytest

from twisted.internet.endpoints import TCP4ClientEndpoint, TCP4ServerEndpoint, wrapServerTLS
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.ssl import KeyPair
from twisted.internet.task import Clock
from twisted.protocols.socks import SOCKSv4, SOCKSv5Factory
from twisted.python.failure import Failure
from twisted.web.client import (
    URI,
    AddressRefused,
    BrowserLikePolicyForHTTPS,
    HTTPConnectionPool,
    ProxiedAgent,
    Proxies,
    Proxy,
    ProxyError,
    isPublicAddress,
    readBody,
)
from twisted.web.resource import Resource
from twisted.web.server import Site

TOKEN = b"Basic " + b64encode(b"me:p:w")


class TestURLsOfProxies:
    """How proxies are named."""

    @pytest.mark.parametrize(
        ("url", "proxy"),
        [
            ("http://proxy.example:3128", Proxy("http", "proxy.example", 3128)),
            ("proxy.example:3128/", Proxy("http", "proxy.example", 3128)),
            ("proxy.example", Proxy("http", "proxy.example", 80)),
            ("HTTPS://[::1]", Proxy("https", "::1", 443)),
            ("socks5h://me@h:9", Proxy("socks5", "h", 9, ("me", ""))),
            ("socks4a://h", Proxy("socks4", "h", 1080)),
            ("http://a%40b:c%3Ad@h", Proxy("http", "h", 80, ("a@b", "c:d"))),
        ],
    )
    def test_read(self, url: str, proxy: Proxy) -> None:
        """A URL says what kind of proxy there is, where, and who one is."""
        assert Proxy.fromURL(url) == proxy

    @pytest.mark.parametrize(
        "url", ["ftp://secret@h", "http://", "", "http://secret@h:99999", "h:0", "http://h/secret"]
    )
    def test_wrong(self, url: str) -> None:
        """What names no proxy is refused, without repeating what may be a password."""
        with pytest.raises(ValueError, match="proxy") as raised:
            Proxy.fromURL(url)
        assert "secret" not in str(raised.value)

    def test_passwords_are_not_shown(self) -> None:
        """A proxy can be shown without its password."""
        assert "secret" not in repr(Proxy.fromURL("http://me:secret@h"))


def chosen(environ: dict[str, str], url: bytes) -> str | None:
    """The host of the proxy for a URL, as an environment says."""
    proxy = Proxies.fromEnvironment(environ).proxyFor(URI.fromBytes(url))
    return None if proxy is None else proxy.host


class TestEnvironment:
    """The variables that say which proxy is asked for what."""

    @pytest.mark.parametrize(
        ("environ", "plain", "secure"),
        [
            ({}, None, None),
            ({"http_proxy": "http://a"}, "a", None),
            ({"HTTP_PROXY": "http://a", "https_proxy": "b:1"}, "a", "b"),
            ({"HTTPS_PROXY": "b", "all_proxy": "socks5://c"}, "c", "b"),
            ({"ALL_PROXY": "c"}, "c", "c"),
            ({"HTTP_PROXY": "evil", "REQUEST_METHOD": "GET"}, None, None),
            ({"http_proxy": "a", "HTTP_PROXY": "evil", "REQUEST_METHOD": "GET"}, "a", None),
            ({"http_proxy": "a", "HTTP_PROXY": "b"}, "a", None),
            ({"http_proxy": "", "ALL_PROXY": ""}, None, None),
        ],
    )
    def test_which(self, environ: dict[str, str], plain: str | None, secure: str | None) -> None:
        """Each scheme has its variable; that of a CGI program's client counts for nothing."""
        assert chosen(environ, b"http://example.org/") == plain
        assert chosen(environ, b"https://example.org/") == secure

    @pytest.mark.parametrize(
        ("exempt", "url", "direct"),
        [
            ("example.org", b"http://example.org/", True),
            ("example.org", b"http://www.EXAMPLE.org./", True),
            ("example.org", b"http://badexample.org/", False),
            (".example.org", b"http://example.org/", True),
            ("*.example.org", b"http://a.example.org/", True),
            ("a, example.org:81 ", b"http://example.org:81/", True),
            ("example.org:81", b"http://example.org/", False),
            ("*", b"https://anything/", True),
            ("10.0.0.0/8", b"http://10.200.0.1/", True),
            ("10.0.0.0/8", b"http://11.0.0.1/", False),
            ("10.0.0.0/8", b"http://ten.example/", False),
            ("192.0.2.1", b"http://192.0.2.1:8080/", True),
            ("192.0.2.1:80", b"http://192.0.2.1:8080/", False),
            ("::1", b"http://[::1]/", True),
            ("[::1]:80", b"http://[::1]/", True),
            ("fd00::/8", b"http://[fd12::3]/", True),
            ("", b"http://localhost/", False),
        ],
    )
    def test_exempt(self, exempt: str, url: bytes, direct: bool) -> None:
        """Names with all below them, networks and ports are exempt, and nothing else is."""
        environ = {"all_proxy": "p", "no_proxy": exempt}
        assert (chosen(environ, url) is None) is direct


class TestAddresses:
    """Addresses that are of the Internet, and others."""

    @pytest.mark.parametrize(
        ("address", "public"),
        [
            ("8.8.8.8", True),
            ("2606:4700::1", True),
            ("127.0.0.1", False),
            ("10.1.2.3", False),
            ("169.254.169.254", False),
            ("100.64.0.1", False),
            ("0.0.0.0", False),
            ("224.0.0.1", False),
            ("::1", False),
            ("::", False),
            ("fe80::1", False),
            ("fd00::1", False),
            ("::ffff:127.0.0.1", False),
            ("::ffff:8.8.8.8", True),
            ("64:ff9b::7f00:1", False),
            ("64:ff9b::808:808", True),
            ("2002:7f00:1::", False),
        ],
    )
    def test_public(self, address: str, public: bool) -> None:
        """Hosts of private networks are told apart, however their address is written."""
        assert isPublicAddress(ip_address(address)) is public


class Relay(Protocol):
    """A proxy of HTTP that makes tunnels; it notes what it is asked."""

    buffer = b""
    other: Any = None

    def dataReceived(self, data: bytes) -> None:
        if self.other is not None:
            self.other.transport.write(data)
            return
        self.buffer += data
        head, end, rest = self.buffer.partition(b"\r\n\r\n")
        if not end:
            return
        self.factory.heads.append(head)  # type: ignore[union-attr]
        if self.factory.wanted not in head:  # type: ignore[union-attr]
            self.transport.write(
                b"HTTP/1.1 407 Who are you?\r\nContent-Length: 90000\r\n\r\n" + b"x" * 4000
            )
            return
        target = head.split(b" ")[1]
        if head.startswith(b"GET "):
            self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(target))
            self.transport.write(target)
            self.buffer = rest
            return
        _, _, port = target.rpartition(b":")
        wanted = TCP4ClientEndpoint(self.factory.reactor, "127.0.0.1", int(port))  # type: ignore[union-attr]
        connecting = wanted.connect(Factory.forProtocol(Backward))
        connecting.addCallback(self.joined)

    def joined(self, other: Any) -> None:
        self.other = other
        other.other = self
        self.transport.write(b"HTTP/1.1 200 Go on\r\n\r\n")

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self.other is not None:
            self.other.transport.loseConnection()


class Backward(Protocol):
    """The other end of a tunnel."""

    other: Any

    def dataReceived(self, data: bytes) -> None:
        self.other.transport.write(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.other.transport.loseConnection()


class Hello(Resource):
    """Says which host was asked, and by what path."""

    isLeaf = True

    def render_GET(self, request: Any) -> bytes:
        assert not request.requestHeaders.hasHeader(b"proxy-authorization")
        return b"%b at %b" % (request.path, request.getHeader(b"host").partition(b":")[0])


@pytest.fixture(scope="module")
def certificate() -> Any:
    return KeyPair.generate(size=2048).selfSignedCert(1, CN="localhost")


class World:
    """Servers of HTTP and HTTPS, and what is needed to ask them through proxies."""

    def __init__(self, network: Any, certificate: Any) -> None:
        self.network = network
        self.reactor = network.reactor
        self.certificate = certificate
        self.policy = BrowserLikePolicyForHTTPS(certificate)
        self.heads: list[bytes] = []
        site = Site(Hello(), reactor=self.reactor)
        self.plain = self.listen(site)
        self.secure = self.listen(site, tls=True)
        self.pool = HTTPConnectionPool(self.reactor)

    def listen(self, factory: Any, tls: bool = False) -> int:
        endpoint: Any = TCP4ServerEndpoint(self.reactor, 0, interface="127.0.0.1")
        if tls:
            endpoint = wrapServerTLS(self.certificate.options(), endpoint)
        port = self.network.wait(endpoint.listen(factory))
        return int(port.getHost().port)

    def relay(self, wanted: bytes = b"", tls: bool = False) -> int:
        """Start a proxy of HTTP that wants something in each head."""
        factory: Any = Factory.forProtocol(Relay)
        factory.heads, factory.wanted, factory.reactor = self.heads, wanted, self.reactor
        return self.listen(factory, tls)

    def get(self, proxy: Any, url: bytes, **options: Any) -> Any:
        """The body of an answer, or what has gone wrong."""
        agent = ProxiedAgent(self.reactor, proxy, self.policy, 5, pool=self.pool, **options)
        response = self.network.wait(agent.request(b"GET", url))
        return (
            response if isinstance(response, Exception) else self.network.wait(readBody(response))
        )


@pytest.fixture
def world(network: Any, certificate: Any) -> Iterator[World]:
    made = World(network, certificate)
    yield made
    network.wait(made.pool.closeCachedConnections())


class TestAsking:
    """Asking real servers through real proxies."""

    @pytest.mark.parametrize("tls", [False, True])
    def test_tunnel(self, world: World, tls: bool) -> None:
        """HTTPS goes through a tunnel, that may be within TLS itself; the proxy sees no request."""
        port = world.relay(b"Proxy-Authorization: " + TOKEN, tls)
        scheme = "https" if tls else "http"
        url = b"https://localhost:%d/x" % world.secure
        for _ in range(2):
            assert world.get(f"{scheme}://me:p%3Aw@localhost:{port}", url) == b"/x at localhost"
        (head,) = world.heads
        assert head.startswith(b"CONNECT localhost:%d HTTP/1.1\r\n" % world.secure)

    def test_tunnels_are_kept_apart(self, world: World) -> None:
        """A tunnel is used again for the same origin through the same proxy, and for no other."""
        first, second = (f"http://127.0.0.1:{world.relay()}" for _ in range(2))
        url = b"https://localhost:%d/" % world.secure
        for proxy in (first, first, second):
            assert world.get(proxy, url) == b"/ at localhost"
        assert len(world.heads) == 2

    def test_the_server_proves_who_it_is(self, world: World) -> None:
        """A certificate that is not of the server behind the tunnel is refused."""
        failure = world.get(f"localhost:{world.relay()}", b"https://other:%d/" % world.secure)
        assert isinstance(failure, Exception)

    def test_forwarded(self, world: World) -> None:
        """HTTP is asked of the proxy by the whole URL; one connection serves all hosts."""
        proxy = f"http://me:p%3Aw@localhost:{world.relay(b'Proxy-Authorization: ' + TOKEN)}"
        assert world.get(proxy, b"http://a.example/x?y#z") == b"http://a.example/x?y"
        assert world.get(proxy, b"http://b.example:81/") == b"http://b.example:81/"
        assert b"\r\nHost: b.example:81" in world.heads[1]
        assert world.reactor.metrics.connected == 1

    @pytest.mark.parametrize("url", [b"https://localhost:1/", b"http://localhost:1/"])
    def test_refused(self, world: World, url: bytes) -> None:
        """A proxy that does not know who one is fails the request, with its code."""
        port = world.relay(b"Proxy-Authorization: ")
        problem = world.get(f"http://127.0.0.1:{port}", url)
        assert isinstance(problem, ProxyError)
        assert problem.code == 407
        assert "407 Who are you?" in str(problem)

    @pytest.mark.parametrize("kind", ["socks5", "socks4"])
    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_socks(self, world: World, kind: str, scheme: str) -> None:
        """A proxy of SOCKS carries both, and looks the names up."""
        factory: Any = SOCKSv5Factory({"me": "p:w"}, reactor=world.reactor)
        if kind == "socks4":
            factory = Factory()
            factory.buildProtocol = lambda _: SOCKSv4(None, world.reactor)
        port = world.listen(factory)
        server = world.secure if scheme == "https" else world.plain
        url = f"{scheme}://localhost:{server}/y".encode()
        assert world.get(f"{kind}://me:p%3Aw@127.0.0.1:{port}", url) == b"/y at localhost"

    def test_directly(self, world: World) -> None:
        """What is exempt is asked directly."""
        proxies = Proxies("http://127.0.0.1:1", exempt="localhost")
        assert world.get(proxies, b"http://localhost:%d/" % world.plain) == b"/ at localhost"

    def test_addresses_that_are_refused(self, world: World) -> None:
        """Nothing is sent to an address that the program refuses, also not by name."""
        for host in (b"127.0.0.1", b"localhost"):
            url = b"http://%b:%d/" % (host, world.plain)
            problem = world.get(Proxies(), url, mayConnect=isPublicAddress)
            assert isinstance(problem, AddressRefused)
        url = b"http://127.0.0.1:%d/" % world.plain
        assert world.get(Proxies(), url, mayConnect=lambda _: True) == b"/ at 127.0.0.1"

    def test_from_the_environment(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without being told, the environment says which proxy there is."""
        monkeypatch.setenv("http_proxy", f"127.0.0.1:{world.relay()}")
        monkeypatch.delenv("no_proxy", raising=False)
        assert world.get(None, b"http://a.example/") == b"http://a.example/"

    def test_environment_that_makes_no_sense(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A variable that names no proxy is an error at once."""
        monkeypatch.setenv("http_proxy", "gopher://x")
        with pytest.raises(ValueError, match="begins with http"):
            ProxiedAgent(Clock())


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@pytest.fixture
def start() -> Iterator[Any]:
    """Start a program that listens at a port."""
    processes: list[subprocess.Popen[bytes]] = []

    def started(port: int, *command: str) -> None:
        processes.append(subprocess.Popen(command, stdout=subprocess.DEVNULL))
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            with socket.socket() as trying:
                if trying.connect_ex(("127.0.0.1", port)) == 0:
                    return
            os.sched_yield()
        raise AssertionError(f"{command[0]} does not listen")

    yield started
    for process in processes:
        process.terminate()
        process.wait(15)


@pytest.mark.peer
def test_tinyproxy(world: World, start: Any, tmp_path: Any) -> None:
    """tinyproxy forwards, makes tunnels, and wants a password."""
    port = free_port()
    settings = tmp_path / "settings"
    settings.write_text(f"Port {port}\nListen 127.0.0.1\nBasicAuth me secret\nLogLevel Error\n")
    start(port, "tinyproxy", "-d", "-c", str(settings))
    for url in (b"http://127.0.0.1:%d/a" % world.plain, b"https://localhost:%d/a" % world.secure):
        assert world.get(f"http://me:secret@127.0.0.1:{port}", url).startswith(b"/a at ")
    problem = world.get(f"http://me:wrong@127.0.0.1:{port}", url)
    assert isinstance(problem, ProxyError)
    # Not what RFC 9110 says, but it is told.
    assert problem.code == 401


@pytest.mark.peer
def test_microsocks(world: World, start: Any) -> None:
    """microsocks connects for those who know the password."""
    port = free_port()
    start(port, "microsocks", "-i", "127.0.0.1", "-p", str(port), "-u", "me", "-P", "secret")
    url = b"https://localhost:%d/a" % world.secure
    assert world.get(f"socks5://me:secret@127.0.0.1:{port}", url) == b"/a at localhost"
    assert isinstance(world.get(f"socks5://me:wrong@127.0.0.1:{port}", url), ProxyError)
