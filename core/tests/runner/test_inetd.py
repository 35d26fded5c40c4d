"""Programs that are started when somebody connects, and the files that say which."""

from __future__ import annotations

import io
import os
import signal
import socket
import sys

import pytest

from twisted.application.service import IServiceMaker
from twisted.internet.error import CannotListenError
from twisted.internet.task import Clock
from twisted.plugin import getPlugins
from twisted.python.usage import UsageError
from twisted.runner import inetd, inetdtap
from twisted.runner.inetdconf import (
    InetdConf,
    InetdService,
    InvalidConfError,
    InvalidInetdConfError,
    InvalidServicesConfError,
    ServicesConf,
    SimpleConfFile,
    UnknownService,
)

KNOWN = {("echo", "tcp"): 7, ("echo", "udp"): 7, ("tftp", "udp"): 69}
ME = str(os.getuid())


def services(text: str) -> dict[tuple[str, str], int]:
    conf = ServicesConf()
    conf.parseFile(io.StringIO(text))
    return conf.services


def parsed(line: str) -> InetdService:
    conf = InetdConf(KNOWN)
    conf.parseFile(io.StringIO(line + "\n"))
    (service,) = conf.services
    return service


# The files


def test_services():
    """Ports are found by names and by aliases, for each protocol."""
    assert services("# all\n\n http 80/tcp www # web\nhttp\t80/udp\n") == {
        ("http", "tcp"): 80,
        ("www", "tcp"): 80,
        ("http", "udp"): 80,
    }


@pytest.mark.parametrize("line", ["http", "http 80", "http x/tcp", "http 65536/tcp", "http -1/tcp"])
def test_invalid_services(line):
    """A line without a port is an error that names it."""
    with pytest.raises(InvalidServicesConfError, match="line 2: "):
        services("ssh 22/tcp\n" + line)


def test_default_files(tmp_path, monkeypatch):
    """Without a file the default one is read; without a default, none."""
    (tmp_path / "services").write_text("one 1/tcp\n")
    monkeypatch.setattr(ServicesConf, "defaultFilename", str(tmp_path / "services"))
    assert InetdConf().knownServices == {("one", "tcp"): 1}
    SimpleConfFile().parseFile()
    SimpleConfFile().parseLine("anything goes")


@pytest.mark.parametrize(
    ("line", "service"),
    [
        (
            "echo stream tcp nowait root /bin/cat cat -u",
            InetdService(
                "echo", 7, "stream", "tcp", False, "root", None, "/bin/cat", ("cat", "-u")
            ),
        ),
        (
            "127.0.0.1:tftp dgram udp wait.10 nobody:tftp /sbin/tftpd",
            InetdService(
                *("tftp", 69, "dgram", "udp", True, "nobody", "tftp", "/sbin/tftpd"),
                *(("/sbin/tftpd",), 10, "127.0.0.1"),
            ),
        ),
        (
            "[::1]:8000 stream tcp6 nowait/5 a.b internal",
            InetdService(
                *("8000", 8000, "stream", "tcp6", False, "a", "b", "internal"),
                *(("internal",), 5, "::1"),
            ),
        ),
    ],
)
def test_inetd_conf(line, service):
    """A line says what is served."""
    assert parsed(line) == service


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("echo stream tcp nowait root", "wrong number"),
        ("echo raw tcp nowait root /bin/cat", "unknown socket type"),
        ("echo stream rpc/tcp nowait root /bin/cat", "unknown protocol"),
        ("echo stream udp nowait root /bin/cat", "does not go with"),
        ("echo dgram udp nowait root /bin/cat", "waited for"),
        ("echo stream tcp maybe root /bin/cat", "neither wait"),
        ("echo stream tcp nowait :x /bin/cat", "no user"),
    ],
)
def test_invalid_inetd_conf(line, problem):
    """A line that makes no sense is an error that says why, and where."""
    with pytest.raises(InvalidInetdConfError, match=f"line 1: .*{problem}"):
        parsed(line)


@pytest.mark.parametrize("name", ["nothing", "0", "65536", "tftp"])
def test_unknown_service(name):
    """A service needs a port for its protocol."""
    with pytest.raises(UnknownService, match=name):
        parsed(f"{name} stream tcp nowait root /bin/cat")


def test_any_invalid_line():
    """A file of another kind can be read the same way."""

    class Pairs(SimpleConfFile):
        def parseFields(self, key, value):
            raise AssertionError

    with pytest.raises(InvalidConfError, match="fields"):
        Pairs().parseLine("only-one")


# Serving


def test_rate():
    """A service that is asked for too often rests, and is served again later."""
    clock = Clock()
    rate = inetd._Rate(2, clock.seconds)
    assert [rate.allows("x") for _ in range(2)] == [True, True]
    clock.advance(61)
    assert [rate.allows("x") for _ in range(3)] == [True, True, False]
    clock.advance(599)
    assert not rate.allows("x")
    clock.advance(2)
    assert rate.allows("x")


def program(code: str, wait: bool = False, kind: str = "stream", **more) -> InetdService:
    """A service that runs some Python."""
    protocol = "tcp" if kind == "stream" else "udp"
    arguments = (sys.executable, "-c", code)
    return InetdService(
        *("test", 0, kind, protocol, wait, ME, None, sys.executable, arguments),
        interface="127.0.0.1",
        **more,
    )


def client(address) -> socket.socket:
    made = socket.create_connection(address[:2], 10)
    made.setblocking(False)
    return made


def received(reactor, kit, skt) -> bytes:
    """All that a peer sends until it closes."""
    got = bytearray()

    def ended() -> bool:
        try:
            data = skt.recv(4096)
        except BlockingIOError:
            return False
        got.extend(data)
        return not data

    kit.spin(reactor, ended)
    skt.close()
    return bytes(got)


def test_a_program_for_each_connection(epoll, kit):
    """The connection is the program's input and output, blocks there, and ends with it."""
    code = "import sys; print(sys.stdin.readline().upper(), end='', flush=True); sys.exit('bye')"
    port = epoll.listenTCP(0, inetd.InetdFactory(program(code), epoll), interface="127.0.0.1")
    address = ("127.0.0.1", port.getHost().port)
    first, second = client(address), client(address)
    first.send(b"one\n")
    second.send(b"two\n")
    assert received(epoll, kit, first) == b"ONE\nbye\n"
    assert received(epoll, kit, second) == b"TWO\nbye\n"
    assert all(type(reader).__name__ != "Server" for reader in epoll.getReaders())


def test_where_errors_go(epoll, kit, tmp_path):
    """What a program says of errors can be kept from the peer."""
    factory = inetd.InetdFactory(program("import sys; print('ok'); sys.exit('secret')"), epoll)
    with open(tmp_path / "errors", "w+") as factory.stderrFile:
        port = epoll.listenTCP(0, factory, interface="127.0.0.1")
        assert received(epoll, kit, client(("127.0.0.1", port.getHost().port))) == b"ok\n"
        kit.spin(epoll, lambda: os.path.getsize(tmp_path / "errors"))
    assert (tmp_path / "errors").read_text() == "secret\n"


def test_a_program_that_is_not_there(epoll, kit, errors):
    """Then the connection is closed, and others are still served."""
    service = program("")
    service.program = "/does/not/exist"
    service.user = "no-such-user-here"
    port = epoll.listenTCP(0, inetd.InetdFactory(service, epoll), interface="127.0.0.1")
    for _ in range(2):
        assert received(epoll, kit, client(("127.0.0.1", port.getHost().port))) == b""
    assert len(errors.take(KeyError)) == 2


def test_too_many_connections(epoll, kit):
    """Above the rate no program is started."""
    factory = inetd.InetdFactory(program("print('ok')", rate=1), epoll)
    port = epoll.listenTCP(0, factory, interface="127.0.0.1")
    address = ("127.0.0.1", port.getHost().port)
    assert received(epoll, kit, client(address)) == b"ok\n"
    assert received(epoll, kit, client(address)) == b""


def test_waiting_for_connections(epoll, kit):
    """A program that is waited for accepts itself, and another one comes after it."""
    code = (
        "import socket; s = socket.socket(fileno=0); c, _ = s.accept();"
        "c.sendall(b'hi from %d' % __import__('os').getpid())"
    )
    service = inetd.WaitingService(program(code, wait=True), epoll)
    service.privilegedStartService()
    service.startService()
    first = received(epoll, kit, client(service.getHost()))
    second = received(epoll, kit, client(service.getHost()))
    assert first[:8] == second[:8] == b"hi from "
    assert first != second
    service.stopService()
    assert service.fileno() == -1


def test_waiting_for_datagrams(epoll, kit):
    """A program is given the socket with the datagram that has come."""
    code = (
        "import socket; s = socket.socket(fileno=0); d, a = s.recvfrom(100);s.sendto(d.upper(), a)"
    )
    service = inetd.WaitingService(program(code, wait=True, kind="dgram"), epoll)
    service.startService()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.setblocking(False)
        for text in (b"one", b"two"):
            asker.sendto(text, service.getHost())
            answers: list[bytes] = []

            def answered(answers=answers) -> bool:
                try:
                    answers.append(asker.recv(100))
                except BlockingIOError:
                    return False
                return True

            kit.spin(epoll, answered)
            assert answers == [text.upper()]
    service.stopService()


def test_waiting_for_a_program_that_is_not_there(epoll, kit, errors):
    """Then the service rests, rather than to try all the time."""
    missing = program("", wait=True, kind="dgram")
    missing.user = "no-such-user-here"
    service = inetd.WaitingService(missing, epoll)
    service.startService()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.sendto(b"x", service.getHost())
        kit.spin(epoll, lambda: errors)
        for _ in range(3):
            epoll.iterate(0)
    assert len(errors.take(KeyError)) == 1
    service.stopService()
    (rest,) = epoll.getDelayedCalls()
    rest.cancel()


# The command


def options(tmp_path, text: str, *words: str) -> inetdtap.Options:
    path = tmp_path / "inetd.conf"
    path.write_text(text)
    made = inetdtap.Options()
    made.parseOptions(["--file", str(path), *words])
    return made


def free(kind: int = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as skt:
        skt.bind(("127.0.0.1", 0))
        return int(skt.getsockname()[1])


def test_plugin():
    """The command is found."""
    assert "inetd" in {maker.tapname for maker in getPlugins(IServiceMaker)}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("7 dgram udp wait root internal", "may be sent to somebody"),
        ("8000 stream tcp nowait root internal", "no internal service"),
        ("7 stream tcp nowait no-such-user /bin/cat", "no-such-user"),
        ("7 stream tcp nowait", "line 1: wrong number"),
        ("what stream tcp nowait root /bin/cat", "line 1: unknown service"),
    ],
)
def test_usage(tmp_path, monkeypatch, line, problem):
    """What cannot be served is told before anything is."""
    monkeypatch.setattr(ServicesConf, "defaultFilename", None)
    with pytest.raises(UsageError, match=problem):
        options(tmp_path, line)
    with pytest.raises(UsageError, match="No such file"):
        inetdtap.Options().parseOptions(["-f", str(tmp_path / "missing")])


def test_only_root_changes_users(monkeypatch):
    """Without privileges programs run as the same user only."""
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    service = program("")
    service.user = "root"
    with pytest.raises(PermissionError, match="only root"):
        inetd.identity(service)


def test_serving_a_file(tmp_path, monkeypatch, epoll, kit, errors):
    """A file is served, and when it is read again, only what differs is changed."""
    echo, cat, other = free(), free(), free()
    services = tmp_path / "services"
    services.write_text(f"echo {echo}/tcp\n")
    monkeypatch.setattr(ServicesConf, "defaultFilename", str(services))
    lines = [
        f"127.0.0.1:echo stream tcp nowait {ME} internal",
        f"127.0.0.1:{cat} stream tcp nowait {ME} /bin/cat cat",
    ]
    config = options(tmp_path, "\n".join(lines))
    made = inetdtap.Inetd(config["file"], config["services"], reactor=epoll)
    before = signal.getsignal(signal.SIGHUP)
    made.startService()
    assert signal.getsignal(signal.SIGHUP) is not before

    def asked(port: int) -> bytes:
        skt = client(("127.0.0.1", port))
        skt.send(b"hello")
        skt.shutdown(socket.SHUT_WR)
        return received(epoll, kit, skt)

    assert asked(echo) == b"hello"
    assert asked(cat) == b"hello"

    (tmp_path / "inetd.conf").write_text(
        lines[0] + f"\n127.0.0.1:{other} stream tcp nowait {ME} /bin/cat cat\n"
    )
    kept = next(iter(made))
    os.kill(os.getpid(), signal.SIGHUP)
    kit.spin(epoll, lambda: len(made._serving) == 2 and kept in list(made))
    kit.spin(epoll, lambda: {s.port for s in made._serving} == {echo, other})
    assert asked(other) == b"hello"
    with pytest.raises(ConnectionRefusedError):
        client(("127.0.0.1", cat))

    (tmp_path / "inetd.conf").write_text("nonsense")
    made.reload()
    assert asked(echo) == b"hello"

    taken = socket.create_server(("127.0.0.1", cat))
    (tmp_path / "inetd.conf").write_text("\n".join(lines))
    made.reload()
    assert {s.port for s in made._serving} == {echo}
    assert len(errors.take(CannotListenError)) == 1
    taken.close()

    made.stopService()
    assert signal.getsignal(signal.SIGHUP) is before


def test_without_internal_services(tmp_path, monkeypatch):
    """They can be left out."""
    monkeypatch.setattr(ServicesConf, "defaultFilename", None)
    monkeypatch.setitem(inetd.internalProtocols, "7007", inetd.internalProtocols["echo"])
    line = f"127.0.0.1:7007 stream tcp nowait {ME} internal"
    assert len(list(inetdtap.makeService(options(tmp_path, line)))) == 1
    assert list(inetdtap.makeService(options(tmp_path, line, "--nointernal"))) == []
