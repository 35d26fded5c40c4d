"""Proxies: SOCKS versions 4, 4a and 5 on both sides, and CONNECT of HTTP for clients."""

from __future__ import annotations

import shutil
import subprocess
import threading
from typing import Any

import pytest

from twisted.internet import endpoints, error
from twisted.internet.defer import succeed
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.protocols import socks
from twisted.protocols.wire import Echo


class Server:
    """A proxy, and something to reach by it."""

    def __init__(self, reactor: Any, kit: Any, proxy: Any) -> None:
        self.reactor = reactor
        self.kit = kit
        # Names are looked up in threads, which wait for a reactor that runs.
        reactor.getThreadPool().start()
        self.target = kit.Server(Echo)
        self.targetPort = self._listen(self.target)
        self.proxyPort = self._listen(proxy)
        self.proxy = endpoints.TCP4ClientEndpoint(reactor, "127.0.0.1", self.proxyPort)

    def _listen(self, factory: Any) -> int:
        number: int = self.reactor.listenTCP(0, factory, interface="127.0.0.1").getHost().port
        return number

    def connect(self, endpoint: Any) -> tuple[Any, list[Any]]:
        recorder = self.kit.Recorder()
        outcome: list[Any] = []
        factory = Factory.forProtocol(lambda: recorder)
        factory.noisy = False
        endpoint.connect(factory).addBoth(outcome.append)
        self.kit.spin(self.reactor, lambda: outcome)
        return recorder, outcome


def five(reactor: Any, **kw: Any) -> socks.SOCKSv5Factory:
    return socks.SOCKSv5Factory(reactor=reactor, **kw)


def four(reactor: Any) -> Any:
    class Four(socks.SOCKSv4Factory):
        def buildProtocol(self, addr: Any) -> Any:
            return socks.SOCKSv4(None, reactor)

    return Four(None)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("version", [4, 5])
def test_through_a_proxy(epoll: Any, kit: Any, host: str, version: int) -> None:
    server = Server(epoll, kit, five(epoll) if version == 5 else four(epoll))
    kind = socks.SOCKS5ClientEndpoint if version == 5 else socks.SOCKS4ClientEndpoint
    recorder, outcome = server.connect(kind(server.proxy, host, server.targetPort))
    assert outcome == [recorder]
    recorder.transport.write(b"x" * 2_000_000)
    kit.spin(epoll, lambda: len(recorder.received) == 2_000_000)
    server.target.protocols[0].transport.loseConnection()
    kit.spin(epoll, lambda: recorder.lost)
    assert recorder.lost.check(error.ConnectionDone)


def test_client_that_leaves(epoll: Any, kit: Any) -> None:
    server = Server(epoll, kit, five(epoll))
    target = server.target
    target.make = kit.Recorder
    recorder, _ = server.connect(
        socks.SOCKS5ClientEndpoint(server.proxy, "127.0.0.1", server.targetPort)
    )
    recorder.transport.write(b"last words")
    recorder.transport.loseConnection()
    kit.spin(epoll, lambda: target.protocols and target.protocols[0].lost)
    assert target.protocols[0].received == b"last words"


def test_passwords(epoll: Any, kit: Any) -> None:
    server = Server(epoll, kit, five(epoll, passwords={"alice": "secret"}))
    for credentials, good in (
        (("alice", "secret"), True),
        (("alice", "wrong"), False),
        (("bob", "secret"), False),
        (("bob", ""), False),
        (None, False),
    ):
        _, outcome = server.connect(
            socks.SOCKS5ClientEndpoint(server.proxy, "127.0.0.1", server.targetPort, credentials)
        )
        if good:
            assert isinstance(outcome[0], kit.Recorder)
        else:
            assert outcome[0].check(socks.ProxyError)


def test_refusals_are_told(epoll: Any, kit: Any) -> None:
    server = Server(epoll, kit, five(epoll))
    _, outcome = server.connect(socks.SOCKS5ClientEndpoint(server.proxy, "127.0.0.1", 1))
    assert outcome[0].value.code == 5
    assert "refused" in str(outcome[0].value)
    _, outcome = server.connect(
        socks.SOCKS5ClientEndpoint(server.proxy, "there.is.none.invalid", 1)
    )
    assert outcome[0].check(socks.ProxyError)


def test_not_allowed(epoll: Any, kit: Any) -> None:
    asked: list[Any] = []

    class Strict(socks.SOCKSv5):
        def authorize(self, user: str | None, host: str, port: int) -> bool:
            asked.append((user, host))
            return False

    proxy = five(epoll)
    proxy.protocol = Strict
    server = Server(epoll, kit, proxy)
    _, outcome = server.connect(socks.SOCKS5ClientEndpoint(server.proxy, "localhost", 25))
    assert outcome[0].value.code == 2
    assert asked == [(None, "localhost")]

    class Strict4(socks.SOCKSv4):
        def authorize(self, code: int, server: str, port: int, user: bytes) -> bool:
            return False

    factory = four(epoll)
    factory.buildProtocol = lambda addr: Strict4(None, epoll)
    server = Server(epoll, kit, factory)
    _, outcome = server.connect(socks.SOCKS4ClientEndpoint(server.proxy, "127.0.0.1", 25))
    assert outcome[0].value.code == 91


def spoken(protocol: Any, data: bytes, split: bool = False) -> tuple[bytes, bool]:
    transport = StringTransport()
    protocol.makeConnection(transport)
    for portion in [bytes([octet]) for octet in data] if split else [data]:
        protocol.dataReceived(portion)
    return transport.value(), bool(transport.disconnecting)


ASKED = b"\x05\x01\x00"
REFUSED = b"\x05\x00\x05%c\x00\x01"


@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize(
    ("data", "answer", "closed"),
    [
        (b"\x04\x01", b"", True),
        (b"GET / HTTP/1.0\r\n\r\n", b"", True),
        (b"\x05\x01\x02", b"\x05\xff", True),
        (b"\x05\x00", b"\x05\xff", True),
        (b"\x05\x01\x00", b"\x05\x00", False),
        (ASKED + b"\x05\x02\x00\x01" + bytes(6), REFUSED % 7 + bytes(6), True),
        (ASKED + b"\x05\x01\x00\x09" + bytes(6), REFUSED % 8 + bytes(6), True),
        (ASKED + b"\x05\x01\x00\x03\x02\xff\xff\x00\x50", REFUSED % 8 + bytes(6), True),
        (ASKED + b"\x06\x01\x00\x01" + bytes(6), b"\x05\x00", True),
    ],
)
def test_requests_that_make_no_sense(data: bytes, answer: bytes, closed: bool, split: bool) -> None:
    assert spoken(socks.SOCKSv5(five(None)), data, split) == (answer, closed)


@pytest.mark.parametrize(
    "data", [b"\x05\x01\x00\x50" + bytes(5), b"\x04\x03\x00\x50\x01\x02\x03\x04u\0", b"\x04" * 3000]
)
def test_version_4_refuses(data: bytes) -> None:
    answer, closed = spoken(socks.SOCKSv4(), data)
    assert answer[:2] == b"\x00\x5b"
    assert closed


def test_request_that_never_comes() -> None:
    for make in (lambda: socks.SOCKSv5(five(None)), socks.SOCKSv4):
        clock = Clock()
        transport: Any = StringTransport()
        transport.reactor = clock
        protocol: Any = make()
        protocol.makeConnection(transport)
        protocol.dataReceived(b"\x04\x01" if make is socks.SOCKSv4 else b"\x05")
        clock.advance(30)
        assert transport.aborting


class Fake:
    """The endpoint of a proxy that the test plays."""

    def __init__(self) -> None:
        self.transport: Any = StringTransport()
        self.clock = Clock()
        self.transport.reactor = self.clock
        self.proto: Any = None

    def connect(self, factory: Any) -> Any:
        self.proto = factory.buildProtocol(None)
        self.proto.makeConnection(self.transport)
        return succeed(self.proto)


class Keeper(Protocol):
    def __init__(self) -> None:
        self.received = b""

    def dataReceived(self, data: bytes) -> None:
        self.received += data


def connecting(kind: Any, *args: Any) -> tuple[Fake, Any, list[Any]]:
    fake = Fake()
    outcome: list[Any] = []
    d = kind(fake, *args).connect(Factory.forProtocol(Keeper))
    d.addBoth(outcome.append)
    return fake, d, outcome


def test_connect_of_http() -> None:
    answer = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nX: y\r\n\r\nfrom the other side"
    for i in range(len(answer)):
        fake, _, outcome = connecting(
            socks.HTTPConnectEndpoint, "exämple.com", 443, ("alice", "secret")
        )
        assert fake.transport.value() == (
            b"CONNECT xn--exmple-cua.com:443 HTTP/1.1\r\n"
            b"Host: xn--exmple-cua.com:443\r\n"
            b"Proxy-Authorization: Basic YWxpY2U6c2VjcmV0\r\n\r\n"
        )
        fake.proto.dataReceived(answer[:i])
        fake.proto.dataReceived(answer[i:])
        assert outcome[0].received == b"from the other side"
        assert fake.clock.getDelayedCalls() == []


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
        b"SSH-2.0-x\r\n\r\n",
        b"HTTP/1.1 2x0 OK\r\n\r\n",
        b"x" * 20_000,
    ],
)
def test_http_proxy_that_does_not_connect(answer: bytes) -> None:
    fake, _, outcome = connecting(socks.HTTPConnectEndpoint, "::1", 443)
    assert b"CONNECT [::1]:443 " in fake.transport.value()
    fake.proto.dataReceived(answer)
    assert outcome[0].check(socks.ProxyError)
    assert fake.transport.aborting
    if b"407" in answer:
        assert outcome[0].value.code == 407


@pytest.mark.parametrize(
    "kind", [socks.SOCKS5ClientEndpoint, socks.SOCKS4ClientEndpoint, socks.HTTPConnectEndpoint]
)
def test_proxy_that_does_not_answer(kind: Any) -> None:
    fake, _, outcome = connecting(kind, "host", 1)
    fake.clock.advance(30)
    assert outcome[0].check(error.TimeoutError)
    fake, d, outcome = connecting(kind, "host", 1)
    d.cancel()
    assert fake.transport.aborting
    assert fake.clock.getDelayedCalls() == []
    fake, _, outcome = connecting(kind, "host", 1)
    fake.proto.connectionLost(None)
    assert outcome[0].check(socks.ProxyError)
    for bad in ("x" * 300, "a b\r\nX: y" if kind is socks.HTTPConnectEndpoint else "a\0b"):
        fake, _, outcome = connecting(kind, bad, 1)
        if kind is socks.SOCKS5ClientEndpoint:
            fake.proto.dataReceived(b"\x05\x00")
        assert outcome[0].check(socks.ProxyError)


def test_strings(epoll: Any, kit: Any) -> None:
    server = Server(epoll, kit, five(epoll, passwords={"a": "b"}))
    where = f"localhost:{server.targetPort}"
    for text in (
        f"socks5:{where}:proxy=127.0.0.1:proxyPort={server.proxyPort}:user=a:password=b",
        f"socks5:{where}:endpoint=tcp\\:127.0.0.1\\:{server.proxyPort}:user=a:password=b",
    ):
        recorder, outcome = server.connect(endpoints.clientFromString(epoll, text))
        assert outcome == [recorder]
    for text in ("socks5:a:1", "http-connect:a:1:proxy=x:endpoint=y"):
        with pytest.raises(ValueError, match="takes a proxy"):
            endpoints.clientFromString(epoll, text)


@pytest.mark.peer
@pytest.mark.parametrize("option", ["--socks5", "--socks5-hostname", "--socks4", "--socks4a"])
def test_curl(epoll: Any, kit: Any, option: str) -> None:
    curl = shutil.which("curl")
    assert curl is not None, "curl is not installed"

    class Hello(Protocol):
        def dataReceived(self, data: bytes) -> None:
            self.transport.write(b"HTTP/1.0 200 OK\r\n\r\nhello")
            self.transport.loseConnection()

    server = Server(epoll, kit, five(epoll) if "5" in option else four(epoll))
    server.target.make = Hello
    done: list[Any] = []

    def run() -> None:
        command = [curl, "-4", "-s", option, f"127.0.0.1:{server.proxyPort}"]
        command.append(f"http://localhost:{server.targetPort}/")
        done.append(subprocess.run(command, capture_output=True, timeout=20, check=False))

    thread = threading.Thread(target=run)
    thread.start()
    kit.spin(epoll, lambda: done)
    thread.join()
    assert done[0].stdout == b"hello"
