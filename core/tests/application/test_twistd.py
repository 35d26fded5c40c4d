"""The command ``twistd``: options, daemons, pid files, workers, and how it stops."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time

import pytest

from twisted.application import app
from twisted.internet import task
from twisted.python import usage
from twisted.python.systemd import Notifier
from twisted.scripts import _pidfile, twistd

TAC = """
import os
from twisted.application import internet, service
from twisted.internet import protocol

class Echo(protocol.Protocol):
    def connectionMade(self):
        self.transport.write(b"%d\\n" % os.getpid())
    def dataReceived(self, data):
        if data == b"die":
            os._exit(9)
        self.transport.write(data)

class Tells(internet.TCPServer):
    def privilegedStartService(self):
        super().privilegedStartService()
        with open("port-new", "w") as file:
            file.write(str(self._port.getHost().port))
        os.rename("port-new", "port")

application = service.Application("echo")
factory = protocol.Factory.forProtocol(Echo)
Tells(0, factory, interface="127.0.0.1").setServiceParent(application)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a program; what still runs of it at the end is killed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "echo.tac").write_text(TAC)
    yield tmp_path
    with contextlib.suppress(FileNotFoundError, ProcessLookupError, ValueError):
        os.kill(int((tmp_path / "twistd.pid").read_text()), signal.SIGKILL)


def command(*arguments):
    return [sys.executable, "-c", "from twisted.scripts.twistd import run; run()", *arguments]


def run(*arguments, **options):
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, timeout=30, check=False, **options
    )


def until(condition, limit=20.0):
    """Wait for another process, which tells of itself in no other way."""
    ends = time.monotonic() + limit
    while time.monotonic() < ends:
        found = condition()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError("it took too long")


def talk(folder, data=b""):
    """Connect. @return: the socket, and the process that answers."""
    port = int(until(lambda: (folder / "port").exists() and (folder / "port").read_text()))
    connected = socket.create_connection(("127.0.0.1", port), timeout=20)
    answer = connected.recv(100)
    connected.sendall(data)
    return connected, int(answer)


def gone(pid):
    """Whether a process has ended."""

    def ended():
        try:
            with open(f"/proc/{pid}/stat") as file:
                return file.read().rpartition(")")[2].split()[0] == "Z"
        except FileNotFoundError:
            return True

    return until(ended)


def test_in_the_foreground(folder):
    """It logs to the standard output, and ends by the signal that stopped it."""
    process = subprocess.Popen(
        command("-ny", "echo.tac"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    connected, pid = talk(folder)
    assert pid == process.pid
    assert (folder / "twistd.pid").read_text() == str(pid)
    connected.close()
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == -signal.SIGTERM
    assert "Received SIGTERM, shutting down." in output
    assert "Server Shut Down." in output
    assert not (folder / "twistd.pid").exists()


def test_as_a_daemon(folder):
    """The command returns when the program serves; the program has a log, a pid and no terminal."""
    done = run("-y", "echo.tac")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    pid = int((folder / "twistd.pid").read_text())
    connected, answering = talk(folder)
    assert answering == pid
    assert os.getsid(pid) != os.getsid(0)
    assert (folder / "twistd.pid").stat().st_mode & 0o077 == 0
    connected.close()
    again = run("-y", "echo.tac")
    assert again.returncode == 1
    assert f"Another twistd server is running, PID {pid}" in again.stderr
    os.kill(pid, signal.SIGUSR1)
    until(lambda: (folder / "twistd.log.1").exists())
    os.kill(pid, signal.SIGTERM)
    gone(pid)
    until(lambda: not (folder / "twistd.pid").exists())
    assert "Server Shut Down." in until((folder / "twistd.log").read_text)


def test_a_daemon_that_cannot_start(folder):
    """The command says why, and leaves no pid file."""
    taken = socket.create_server(("127.0.0.1", 0))
    port = taken.getsockname()[1]
    (folder / "echo.tac").write_text(TAC.replace("Tells(0", f"Tells({port}"))
    done = run("-y", "echo.tac")
    taken.close()
    assert done.returncode == 1
    assert "Couldn't listen on" in done.stderr
    assert not (folder / "twistd.pid").exists()


def test_a_pid_that_was_left_behind(folder):
    """After a crash the program starts again."""
    run("-y", "echo.tac")
    pid = int((folder / "twistd.pid").read_text())
    os.kill(pid, signal.SIGKILL)
    gone(pid)
    (folder / "port").unlink()
    done = run("-y", "echo.tac")
    assert done.returncode == 0
    assert "Removing stale pidfile" in done.stderr
    os.kill(int((folder / "twistd.pid").read_text()), signal.SIGTERM)


def test_workers(folder):
    """They share a port; one that dies or grows old is replaced, and no connection is refused."""
    done = run("--workers", "2", "-y", "echo.tac")
    assert done.returncode == 0, done.stderr
    master = int((folder / "twistd.pid").read_text())
    seen = set()

    def serving():
        connected, pid = talk(folder)
        connected.close()
        seen.add(pid)
        return pid

    until(lambda: serving() and len(seen) == 2)
    assert master not in seen
    first = set(seen)
    connected, victim = talk(folder, b"die")
    gone(victim)
    assert connected.recv(10) == b""
    connected.close()
    until(lambda: serving() and len(seen) == 3)
    old = seen - {victim}
    os.kill(master, signal.SIGHUP)
    until(lambda: serving() and len(seen) == 5)
    for pid in old:
        gone(pid)
    os.kill(master, signal.SIGTERM)
    for pid in {master} | (seen - first):
        gone(pid)
    assert not (folder / "twistd.pid").exists()


def test_connections_may_finish(folder):
    """With ``--grace`` the port is closed at once, and connections as they end."""
    process = subprocess.Popen(
        command("-ny", "echo.tac", "--grace", "20"), stdout=subprocess.DEVNULL
    )
    connected, _ = talk(folder)
    process.send_signal(signal.SIGTERM)

    def refused():
        try:
            socket.create_connection(connected.getpeername(), timeout=5).close()
        except ConnectionRefusedError:
            return True
        return False

    until(refused)
    connected.sendall(b"still there")
    assert connected.recv(100) == b"still there"
    connected.close()
    assert process.wait(20) == -signal.SIGTERM


def test_programs_that_cannot_be_read(folder):
    """The reason is told."""
    (folder / "empty.tac").write_text("x = 1\n")
    (folder / "broken.tac").write_text("def\n")
    for name, says in (
        ("empty.tac", "Could not find 'application'"),
        ("broken.tac", "SyntaxError"),
        ("missing.tac", "No such file"),
    ):
        done = run("-ny", name)
        assert done.returncode == 1
        assert says in done.stdout + done.stderr


def test_pickles_of_others(folder):
    """A pickle that another user could have written is not loaded."""
    (folder / "twistd.tap").write_bytes(b"")
    (folder / "twistd.tap").chmod(0o666)
    done = run("-n")
    assert done.returncode == 1
    assert "other users can write" in done.stderr


def test_saved_programs(folder):
    """A program that was saved as a pickle or as source runs again."""
    script = """
        from twisted.application import internet, service
        from twisted.persisted import sob
        made = service.Application("saved")
        internet.TimerService(1, print, "tick").setServiceParent(made)
        for style in ("pickle", "source"):
            sob.IPersistable(made).setStyle(style)
            sob.IPersistable(made).save()
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=True, timeout=30)
    for option, name in (("-f", "saved.tap"), ("-s", "saved.tas")):
        process = subprocess.Popen(
            command("-no", option, name),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        ticks = 0
        while ticks < 2:  # the first comes before the reactor runs
            ticks += "tick" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
        assert process.returncode == -signal.SIGINT


def test_plugins(folder):
    """Each service has its options; what is wrong with them is told."""
    text = run("--help").stdout
    for name in ("portforward", "socks"):
        assert f"    {name} " in text
    assert "--dest_port" in run("portforward", "--help").stdout
    done = run("-n", "portforward", "--dest_port", "x")
    assert done.returncode == 1
    assert "dest_port" in done.stderr or "Parameter" in done.stderr


def test_version(folder):
    """It is printed."""
    assert "twistd (the Twisted daemon) " in run("--version").stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["--workers", "0"],
        ["--workers", "2", "--profile", "x"],
        ["--grace", "-1"],
        ["--logger", "no.such.thing"],
        ["--encrypted"],
        ["--umask", "9"],
        ["--uid", "nobody-of-that-name"],
        ["--reactor", "none-of-that-name"],
    ],
)
def test_options_that_are_wrong(arguments):
    """They are errors of usage."""
    with pytest.raises(usage.UsageError):
        twistd.ServerOptions().parseOptions(["-n", *arguments])


def test_options():
    """Some follow from others."""
    options = twistd.ServerOptions()
    options.parseOptions(["-y", "x.tac", "--pidfile", "x.pid", "--umask", "027"])
    assert options["no_save"]
    assert options["pidfile"] == os.path.abspath("x.pid")
    assert options["umask"] == 0o27


def test_profiling(tmp_path):
    """What the profiler found is written as text, or as data."""
    import pstats

    class Reactor:
        def run(self):
            self.ran = True

    for profiler in ("profile", "cprofile"):
        reactor = Reactor()
        path = str(tmp_path / profiler)
        app.AppProfiler({"profile": path, "profiler": profiler}).run(reactor)
        assert reactor.ran
        assert "function calls" in (tmp_path / profiler).read_text()
        app.AppProfiler({"profile": path, "profiler": profiler, "savestats": True}).run(reactor)
        assert pstats.Stats(path).total_calls
    with pytest.raises(SystemExit):
        app.AppProfiler({"profile": "x", "profiler": "none"})


def test_a_logger_of_ones_own():
    """By its name, or as a component of the application."""
    from twisted.application.service import Application
    from twisted.logger import ILogObserver

    events = []
    application = Application("x")
    application.setComponent(ILogObserver, _Observer(events))
    logger = app.AppLogger({})
    logger.start(application)
    logger.stop()
    assert events
    with pytest.raises(usage.UsageError):
        app.AppLogger({"logger": "no.such.thing"}).start(application)


class _Observer:
    def __init__(self, events):
        from zope.interface import directlyProvides

        from twisted.logger import ILogObserver

        directlyProvides(self, ILogObserver)
        self.events = events

    def __call__(self, event):
        self.events.append(event)


# The pid file


def test_pid_files(tmp_path, capsys):
    """What is there decides whether the program may start."""
    path = str(tmp_path / "some.pid")
    _pidfile.checkPID(None)
    _pidfile.checkPID(path)
    _pidfile.writePID(path)
    assert (tmp_path / "some.pid").read_text() == str(os.getpid())
    with pytest.raises(FileExistsError):
        _pidfile.writePID(path)
    _pidfile.checkPID(path)  # one before had the same number
    assert not (tmp_path / "some.pid").exists()
    (tmp_path / "some.pid").write_text("nonsense")
    with pytest.raises(SystemExit, match="non-numeric"):
        _pidfile.checkPID(path)
    with pytest.raises(SystemExit, match="check status"):
        _pidfile.checkPID(str(tmp_path))


def test_a_pid_that_another_program_has(tmp_path, capsys):
    """After the machine was started again, it says nothing."""
    other = subprocess.Popen(["sleep", "60"])
    try:
        (tmp_path / "some.pid").write_text(str(other.pid))
        _pidfile.checkPID(str(tmp_path / "some.pid"))
        assert not (tmp_path / "some.pid").exists()
    finally:
        other.kill()
        other.wait()


def test_a_link_in_the_place_of_the_pid_file(tmp_path):
    """It is not followed."""
    (tmp_path / "precious").write_text("x")
    (tmp_path / "some.pid").symlink_to("precious")
    with pytest.raises(FileExistsError):
        _pidfile.writePID(str(tmp_path / "some.pid"))
    assert (tmp_path / "precious").read_text() == "x"


# The service manager


@pytest.mark.parametrize("abstract", [False, True])
def test_telling_the_service_manager(tmp_path, abstract):
    """When the program serves, that it still does, and when it stops."""
    address = f"@test-{os.getpid()}" if abstract else str(tmp_path / "socket")
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind("\0" + address[1:] if abstract else address)
    manager.settimeout(5)

    class Reactor(task.Clock):
        def callWhenRunning(self, f, *args, **kw):
            f(*args, **kw)

        def addSystemEventTrigger(self, phase, event, f, *args, **kw):
            self.trigger = (phase, event)
            self.stop = lambda: f(*args, **kw)

    notifier = Notifier.fromEnvironment(
        {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "4000000", "WATCHDOG_PID": str(os.getpid())}
    )
    reactor = Reactor()
    notifier.follow(reactor)
    told = [manager.recv(100)]
    told.append(manager.recv(100))
    reactor.advance(2)
    told.append(manager.recv(100))
    reactor.stop()
    told.append(manager.recv(100))
    manager.close()
    assert told == [
        b"READY=1\nMAINPID=%d" % os.getpid(),
        b"WATCHDOG=1",
        b"WATCHDOG=1",
        b"STOPPING=1",
    ]
    assert not notifier.notify(READY=1)


def test_nobody_to_tell():
    """Without a service manager nothing happens; a watchdog for another process is none."""
    assert not Notifier.fromEnvironment({}).notify(READY=1)
    for environment in ({"WATCHDOG_USEC": "x"}, {"WATCHDOG_USEC": "1", "WATCHDOG_PID": "1"}):
        assert Notifier.fromEnvironment(environment).interval is None
    Notifier.fromEnvironment({}).follow(None)


def test_reactors_that_cannot_be_shared(folder):
    """The command says so, and leaves nothing behind."""
    done = run("--reactor", "asyncio", "--workers", "2", "-y", "echo.tac")
    assert done.returncode == 1
    assert "cannot be shared" in done.stderr
    assert not (folder / "twistd.pid").exists()
