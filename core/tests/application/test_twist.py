"""Tests of the ``twist`` command."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from twisted.application import service
from twisted.application.twist import Twist, _options, _twist, main
from twisted.internet.error import CannotListenError
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import LogLevel, jsonFileLogObserver, textFileLogObserver
from twisted.python import usage


class Maker:
    """A plugin."""

    tapname = "thing"
    description = "A thing."

    class options(usage.Options):
        """Its options."""

        optParameters = [["size", "s", 1, "How large it is.", int]]

    def __init__(self):
        self.services = []
        self.error = None

    def makeService(self, options):
        """Make a service that keeps what it is told."""
        if self.error is not None:
            raise self.error
        made = service.MultiService()
        made.size = options["size"]
        self.services.append(made)
        return made


class Reactor(MemoryReactorClock):
    """A reactor whose shutdown is told."""

    def __init__(self):
        super().__init__()
        self.events = []

    def addSystemEventTrigger(self, *arguments):
        """Keep what is to happen."""
        self.events.append(arguments)


@pytest.fixture
def maker(monkeypatch):
    """The only plugin."""
    made = Maker()
    monkeypatch.setattr(_options, "getPlugins", lambda interface: [made])
    return made


@pytest.fixture
def world(monkeypatch, maker):
    """A reactor and a beginner of logging that touch nothing else."""
    reactor = Reactor()
    begun = []

    class Beginner:
        def beginLoggingTo(self, observers):
            begun.extend(observers)

    monkeypatch.setattr(_twist, "currentReactor", lambda reactor_: reactor)
    monkeypatch.setattr(_twist, "globalLogBeginner", Beginner())
    reactor.begun = begun
    return reactor


def test_options(maker):
    """Options of the command stand before the plugin's name, its own behind it."""
    options = Twist.options(["twist", "--log-level", "warn", "thing", "--size", "5"])
    assert options["logLevel"] is LogLevel.warn
    assert options.subCommand == "thing"
    assert options.subOptions["size"] == 5


@pytest.mark.parametrize(
    ("words", "observer"),
    [
        (["--log-format", "text"], textFileLogObserver),
        (["--log-format", "json"], jsonFileLogObserver),
        ([], jsonFileLogObserver),
    ],
)
def test_log_format(maker, tmp_path, words, observer):
    """A log that is no terminal is in JSON unless it is said otherwise."""
    path = tmp_path / "log"
    options = Twist.options(["twist", "--log-file", str(path), *words, "thing"])
    assert options["logObserver"] is observer
    options["logFile"].close()


def test_standard_files(maker):
    """The log may go to the standard streams."""
    assert Twist.options(["twist", "--log-file", "-", "thing"])["logFile"] is sys.stdout
    assert Twist.options(["twist", "--log-file", "+", "thing"])["logFile"] is sys.stderr


def test_run(world, maker, tmp_path, monkeypatch):
    """The service is started, the reactor runs, and the service is stopped before the end."""
    path, logs = tmp_path / "log", []
    opened = _options._opened
    monkeypatch.setattr(_options, "_opened", lambda name: logs.append(opened(name)) or logs[-1])
    words = ["twist", "--log-file", str(path), "--log-level", "warn", "thing", "-s", "3"]
    assert Twist.main(words) == 0
    (made,) = maker.services
    assert (made.size, made.running) == (3, 1)
    assert world.hasRun
    ((phase, event, stop),) = world.events
    assert (phase, event) == ("before", "shutdown")
    stop()
    assert not made.running
    (observer,) = world.begun
    for level in (LogLevel.info, LogLevel.error):
        observer({"log_level": level, "log_namespace": "x", "log_format": "said"})
    (record,) = path.read_text().split("\x1e")[1:]
    assert json.loads(record)["log_format"] == "said"
    logs[0].close()


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["twist"], "No plugin specified."),
        (["twist", "other"], "Unknown command: other"),
        (["twist", "thing", "--nothing"], "option --nothing not recognized"),
        (["twist", "thing", "--size", "x"], "invalid literal"),
        (["twist", "--reactor", "nothing", "thing"], "Unknown reactor: nothing"),
    ],
)
def test_errors(world, maker, monkeypatch, words, text):
    """What makes no sense is said in one line, and the status is 1."""
    errors = io.StringIO()
    monkeypatch.setattr(sys, "__stderr__", errors)
    assert Twist.main(words) == 1
    assert text in errors.getvalue()
    assert errors.getvalue().count("\n") == 1


@pytest.mark.parametrize(
    "error", [usage.UsageError("not both"), CannotListenError("", 80, OSError(98, "in use"))]
)
def test_errors_of_service(world, maker, monkeypatch, error):
    """What a plugin says against its options, and ports that are in use, are said so, too."""
    errors = io.StringIO()
    monkeypatch.setattr(sys, "__stderr__", errors)
    maker.error = error
    assert Twist.main(["twist", "thing"]) == 1
    assert errors.getvalue().startswith("twist: ")
    assert errors.getvalue().count("\n") == 1


def test_help(maker, capsys):
    """Help names the plugins and the reactors, and imports no plugin's options."""
    maker.options = None
    with pytest.raises(SystemExit):
        Twist.options(["twist", "--help"])
    text = capsys.readouterr().out
    assert text.startswith("Usage: ")
    assert "    thing            A thing." in text
    assert "Reactors: " in text


def test_version(maker, capsys):
    """The version stands alone."""
    with pytest.raises(SystemExit):
        Twist.options(["twist", "--version"])
    assert capsys.readouterr().out.startswith("26.")


def test_command(world, maker, monkeypatch):
    """The command ends with the status."""
    monkeypatch.setattr(sys, "argv", ["twist", "thing", "--log"])
    monkeypatch.setattr(sys, "__stderr__", io.StringIO())
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 1


@pytest.mark.parametrize(
    "words",
    [
        ["--workers", "0"],
        ["--workers", "x"],
        ["--grace", "-1"],
        ["--grace", "x"],
        ["--workers", "2", "--development"],
    ],
)
def test_wrong_numbers(maker, words):
    """Numbers that make no sense are errors of usage."""
    with pytest.raises(usage.UsageError):
        Twist.options(["twist", *words, "thing"])


def test_workers_on_a_foreign_loop(maker, monkeypatch):
    """A reactor that cannot be shared is an error that says so."""
    monkeypatch.setattr(Twist, "begin_logging", lambda options: None)
    options = Twist.options(["twist", "--workers", "2", "thing"])
    options["reactor"] = Reactor()
    with pytest.raises(usage.UsageError, match="cannot be shared"):
        Twist.run(options)


def test_workers_share_a_port(tmp_path, kit):
    """Several processes serve one port, and end together; connections may finish before."""
    port = kit.freePort()
    conf = tmp_path / "inetd.conf"
    conf.write_text(f"127.0.0.1:{port} stream tcp nowait {os.getuid()} /bin/cat cat\n")
    program = [sys.executable, "-m", "twisted", "--log-file", "log", "--grace", "10"]
    process = subprocess.Popen([*program, "--workers", "2", "inetd", "-f", str(conf)], cwd=tmp_path)
    try:
        connected = None
        ends = time.monotonic() + 15
        while connected is None and time.monotonic() < ends:
            try:
                connected = socket.create_connection(("127.0.0.1", port), 10)
            except ConnectionRefusedError:
                time.sleep(0.02)
        assert connected is not None
        with connected:
            connected.sendall(b"hello")
            assert connected.recv(100) == b"hello"
            process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
    finally:
        process.kill()
    log = (tmp_path / "log").read_text()
    assert log.count('"Starting reactor..."') == 2


def test_development(tmp_path):
    """On a signal the log has what runs, and what coroutines wait for."""
    program = [sys.executable, "-m", "twisted", "--development", "--log-file", "log"]
    process = subprocess.Popen([*program, "socks", "--port", "0"], cwd=tmp_path)
    log = tmp_path / "log"

    def until(text):
        ends = time.monotonic() + 15
        while not log.exists() or text not in log.read_text():
            assert time.monotonic() < ends, text
            time.sleep(0.02)

    try:
        until("Starting reactor")
        process.send_signal(signal.SIGUSR1)
        until("coroutines wait for Deferreds")
        assert "This runs at the moment" in log.read_text()
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
    finally:
        process.kill()
        process.wait(15)
