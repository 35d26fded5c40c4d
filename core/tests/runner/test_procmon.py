"""Keeping processes running."""

import pickle
import signal
import subprocess
import sys

import pytest

from twisted.internet import error, task
from twisted.logger import capturedLogs
from twisted.python import usage
from twisted.python.failure import Failure
from twisted.runner import procmon, procmontap


class Process:
    """A process that ends when a test says so, or when it is asked to."""

    def __init__(self, proto, obedient):
        self.proto = proto
        self.obedient = obedient
        self.signals = []
        self.ended = False

    def signalProcess(self, name):
        if self.ended:
            raise error.ProcessExitedAlready
        self.signals.append(name)
        if name == "KILL" or self.obedient:
            self.end()

    def end(self):
        self.ended = True
        self.proto.processEnded(Failure(error.ProcessDone(0)))


class Reactor(task.Clock):
    """Runs processes that are none."""

    obedient = True

    def __init__(self):
        super().__init__()
        self.started = []

    def spawnProcess(self, proto, program, args, **options):
        process = Process(proto, self.obedient)
        self.started.append((program, list(args), options, process))
        proto.makeConnection(process)
        return process

    @property
    def last(self):
        return self.started[-1][3]


@pytest.fixture
def reactor():
    return Reactor()


@pytest.fixture
def monitor(reactor):
    made = procmon.ProcessMonitor(reactor)
    made.addProcess("name", ["program", "argument"], 1, 2, {"A": "b"}, "/folder")
    return made


def test_starting(monitor, reactor):
    """Programs are started with the service; those that are added later, at once."""
    assert reactor.started == []
    monitor.startService()
    program, args, options, _ = reactor.started[0]
    assert (program, args) == ("program", ["program", "argument"])
    assert options == {"uid": 1, "gid": 2, "env": {"A": "b"}, "path": "/folder"}
    monitor.addProcess("other", ["other"])
    assert reactor.started[1][0] == "other"
    with pytest.raises(KeyError, match="other"):
        monitor.addProcess("other", ["other"])
    monitor.startProcess("name")
    assert len(reactor.started) == 2
    assert monitor.processes["other"] == (["other"], None, None, {})
    assert "'other'" in repr(monitor)


def test_ending_after_a_while(monitor, reactor):
    """It is started again at once."""
    monitor.startService()
    reactor.advance(monitor.threshold)
    reactor.last.end()
    reactor.advance(0)
    assert len(reactor.started) == 2


def test_ending_at_once(monitor, reactor):
    """It is started again later each time, up to a limit; living for a while makes up for it."""
    monitor.maxRestartDelay = 4
    monitor.startService()
    for pause in (1, 2, 4, 4):
        before = len(reactor.started)
        reactor.last.end()
        reactor.advance(pause - 0.5)
        assert len(reactor.started) == before
        reactor.advance(0.5)
        assert len(reactor.started) == before + 1
    reactor.advance(monitor.threshold)
    reactor.last.end()
    reactor.advance(0)
    reactor.last.end()
    reactor.advance(1)
    assert len(reactor.started) == 7


def test_stopping(monitor, reactor):
    """Programs are asked to end, and that is waited for; they are not started again."""
    monitor.startService()
    done = []
    monitor.stopService().addCallback(done.append)
    assert reactor.last.signals == ["TERM"]
    assert done
    assert reactor.getDelayedCalls() == []


def test_programs_that_do_not_listen(monitor, reactor):
    """They are killed after a while."""
    reactor.obedient = False
    monitor.startService()
    done = []
    monitor.stopService().addCallback(done.append)
    reactor.advance(monitor.killTime)
    assert reactor.last.signals == ["TERM", "KILL"]
    assert done


def test_stopping_during_a_pause(monitor, reactor):
    """It is not started."""
    monitor.startService()
    reactor.last.end()
    monitor.stopService()
    reactor.advance(10)
    assert len(reactor.started) == 1


def test_restarting_and_removing(monitor, reactor):
    """A program that is stopped comes back, one that is removed does not."""
    monitor.startService()
    reactor.advance(2)
    monitor.restartAll()
    reactor.advance(0)
    assert len(reactor.started) == 2
    monitor.removeProcess("name")
    reactor.advance(10)
    assert len(reactor.started) == 2
    for method in (monitor.removeProcess, monitor.stopProcess, monitor.startProcess):
        with pytest.raises(KeyError):
            method("name")


def test_what_is_written_is_logged(monitor, reactor):
    """Line by line, with the name; a last line that does not end, too."""
    monitor.startService()
    with capturedLogs() as events:
        reactor.last.proto.outReceived(b"one\ntw")
        assert not reactor.last.proto.empty
        reactor.last.proto.errReceived(b"bad \xff")
        reactor.last.proto.outReceived(b"o")
        reactor.last.end()
    lines = [(event["tag"], event["line"], event["stream"]) for event in events if "line" in event]
    assert lines == [
        ("name", "one", "stdout"),
        ("name", "two", "stdout"),
        ("name", "bad \\xff", "stderr"),
    ]


def test_a_system_that_refuses(monitor, reactor, errors):
    """It is tried again later."""

    def refuse(*args, **kw):
        raise BlockingIOError("too many")

    spawn, reactor.spawnProcess = reactor.spawnProcess, refuse
    monitor.startService()
    assert errors.take(BlockingIOError)
    reactor.spawnProcess = spawn
    reactor.advance(1)
    assert len(reactor.started) == 1


def test_pickling(monitor):
    """The programs are kept, and nothing of what runs."""
    monitor.startService()
    state = pickle.loads(pickle.dumps(monitor.__getstate__()))
    assert state["protocols"] == {}
    assert "name" in state["_programs"]


def test_options():
    """A program is needed; the times are numbers."""
    options = procmontap.Options()
    options.parseOptions(["-t", "2.5", "-k", "3", "-m", "4", "-M", "5", "sleep", "60"])
    service = procmontap.makeService(options)
    assert (service.threshold, service.killTime) == (2.5, 3)
    assert (service.minRestartDelay, service.maxRestartDelay) == (4, 5)
    assert list(service.processes) == ["sleep 60"]
    for wrong in ([], ["-t", "x", "sleep"]):
        with pytest.raises(usage.UsageError):
            procmontap.Options().parseOptions(wrong)


def test_a_real_program(tmp_path):
    """Each time it ends it is started again, and it ends with the command."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", "from twisted.scripts.twistd import run; run()"),
            *("-n", "--pidfile=", "procmon", "-m", "0.01", "/bin/sh", "--", "-c", "echo ran"),
        ],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    )
    count = 0
    for line in process.stdout:
        count += "ran" in line and "starting" not in line
        if count == 3:
            break
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == -signal.SIGTERM
