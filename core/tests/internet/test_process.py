"""Processes, their pipes and terminals; standard input and output; programs run to their end."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zope.interface import implementer

from twisted.internet import defer, error, process, stdio, utils
from twisted.internet._spawn import getFileActions
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import ProcessProtocol, Protocol


class Recorder(ProcessProtocol):
    """Keeps what happens to it."""

    def __init__(self) -> None:
        self.out: dict[int, bytes] = {}
        self.closed: list[int] = []
        self.exited: Any = None
        self.ended: Any = None

    def childDataReceived(self, childFD: int, data: bytes) -> None:
        self.out[childFD] = self.out.get(childFD, b"") + data

    def childConnectionLost(self, childFD: int) -> None:
        self.closed.append(childFD)

    def processExited(self, reason: Any) -> None:
        assert self.exited is None
        self.exited = reason.value

    def processEnded(self, reason: Any) -> None:
        assert self.ended is None
        assert self.exited is not None
        self.ended = reason.value


def start(reactor: Any, kit: Any, *args: str, **kw: Any) -> Recorder:
    recorder = Recorder()
    kw.setdefault("env", None)
    reactor.spawnProcess(recorder, args[0], args, **kw)
    return recorder


def python(reactor: Any, kit: Any, source: str, **kw: Any) -> Recorder:
    return start(reactor, kit, sys.executable, "-c", source, **kw)


def finish(reactor: Any, kit: Any, recorder: Recorder) -> Recorder:
    kit.spin(reactor, lambda: recorder.ended)
    return recorder


def test_pipes_and_exit(reactor: Any, kit: Any) -> None:
    recorder = start(reactor, kit, "cat")
    recorder.transport.write(b"hello ")
    recorder.transport.writeSequence([b"wor", b"ld"])
    recorder.transport.closeStdin()
    finish(reactor, kit, recorder)
    assert recorder.out == {1: b"hello world"}
    assert sorted(recorder.closed) == [0, 1, 2]
    assert isinstance(recorder.ended, error.ProcessDone)
    assert recorder.transport.pid is None
    with pytest.raises(error.ProcessExitedAlready):
        recorder.transport.signalProcess("TERM")


def test_much_data_both_ways(reactor: Any, kit: Any) -> None:
    recorder = start(reactor, kit, "cat")
    recorder.transport.write(b"x" * 3_000_000)
    recorder.transport.closeStdin()
    assert len(finish(reactor, kit, recorder).out[1]) == 3_000_000


def test_exit_code_and_standard_error(reactor: Any, kit: Any) -> None:
    recorder = finish(reactor, kit, start(reactor, kit, "sh", "-c", "echo no >&2; exit 7"))
    assert recorder.out == {2: b"no\n"}
    assert isinstance(recorder.ended, error.ProcessTerminated)
    assert (recorder.ended.exitCode, recorder.ended.signal) == (7, None)


@pytest.mark.parametrize("name", ["TERM", "KILL", "INT", "HUP", signal.SIGTERM])
def test_signals(epoll: Any, kit: Any, name: Any) -> None:
    recorder = start(epoll, kit, "sleep", "60")
    recorder.transport.signalProcess(name)
    number = name if isinstance(name, int) else getattr(signal, f"SIG{name}")
    assert finish(epoll, kit, recorder).ended.signal == number
    with pytest.raises(ValueError, match="NONSENSE"):
        recorder.transport.signalProcess("NONSENSE")


def test_process_that_ignores_a_signal_can_be_killed(epoll: Any, kit: Any) -> None:
    recorder = start(epoll, kit, "sh", "-c", "trap '' TERM; echo ready; sleep 60 & wait")
    kit.spin(epoll, lambda: recorder.out)
    recorder.transport.signalProcess("TERM")
    epoll.iterate(0.05)
    assert recorder.exited is None
    os.killpg(os.getpgid(recorder.transport.pid), 0)
    recorder.transport.signalProcess("KILL")
    recorder.transport.loseConnection()
    assert finish(epoll, kit, recorder).ended.signal == signal.SIGKILL


def test_process_that_closes_its_pipes_early(reactor: Any, kit: Any) -> None:
    recorder = start(reactor, kit, "sh", "-c", "exec <&- >&- 2>&-; exec sleep 60")
    kit.spin(reactor, lambda: sorted(recorder.closed) == [0, 1, 2])
    assert recorder.exited is None
    recorder.transport.write(b"nobody reads this")
    recorder.transport.signalProcess("KILL")
    finish(reactor, kit, recorder)


def test_exit_is_told_before_pipes_that_others_hold_are_closed(epoll: Any, kit: Any) -> None:
    recorder = start(epoll, kit, "sh", "-c", "sleep 60 & echo $!; exit 3")
    kit.spin(epoll, lambda: recorder.exited)
    assert recorder.exited.exitCode == 3
    assert recorder.ended is None
    kit.spin(epoll, lambda: recorder.out)
    os.kill(int(recorder.out[1]), signal.SIGKILL)
    finish(epoll, kit, recorder)


def test_reaped_by_somebody_else(epoll: Any, kit: Any) -> None:
    recorder = start(epoll, kit, "true")
    os.waitpid(recorder.transport.pid, 0)
    finish(epoll, kit, recorder)
    assert isinstance(recorder.ended, error.ProcessTerminated)
    assert recorder.ended.exitCode is None


def test_descriptor_maps(reactor: Any, kit: Any) -> None:
    reading, writing = os.pipe()
    source = (
        "import os\n"
        "os.write(5, os.read(7, 100)); os.write(9, b'given')\n"
        "print([n for n in range(50) if os.path.exists(f'/proc/self/fd/{n}')])"
    )
    recorder = python(
        reactor, kit, source, childFDs={0: 0, 1: "r", 2: 2, 5: "r", 7: "w", 9: writing}
    )
    os.close(writing)
    recorder.transport.writeToChild(7, b"ping")
    finish(reactor, kit, recorder)
    assert recorder.out[5] == b"ping"
    assert os.read(reading, 100) == b"given"
    os.close(reading)
    assert recorder.out[1].strip() == b"[0, 1, 2, 5, 7, 9]"


def test_swapped_descriptors(epoll: Any, kit: Any) -> None:
    pairs = [os.pipe() for _ in range(2)]
    (r1, w1), (r2, w2) = pairs
    recorder = python(
        epoll,
        kit,
        f"import os; os.write({w1}, b'2'); os.write({w2}, b'1')",
        childFDs={w1: w2, w2: w1},
    )
    finish(epoll, kit, recorder)
    assert os.read(r1, 10) == b"1"
    assert os.read(r2, 10) == b"2"
    for fd in (r1, w1, r2, w2):
        os.close(fd)


def test_inheritable_descriptors_do_not_leak(epoll: Any, kit: Any) -> None:
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    recorder = python(epoll, kit, f"import os; os.fstat({writing})")
    assert finish(epoll, kit, recorder).ended.exitCode == 1
    os.close(reading)
    os.close(writing)


@pytest.mark.parametrize("folder", [False, True])
def test_environment_and_folder(epoll: Any, kit: Any, tmp_path: Path, folder: bool) -> None:
    recorder = start(
        epoll,
        kit,
        "/bin/sh",
        "-c",
        "echo $NAME; pwd; env | grep -c SECRET",
        env={"NAME": "value", b"OTHER": b"x"},
        path=str(tmp_path) if folder else None,
    )
    lines = finish(epoll, kit, recorder).out[1].decode().split()
    assert lines == ["value", str(tmp_path) if folder else os.getcwd(), "0"]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_user_and_group(epoll: Any, kit: Any) -> None:
    recorder = start(epoll, kit, "sh", "-c", "id -u; id -g", uid=65534, gid=65534)
    assert finish(epoll, kit, recorder).out[1].split() == [b"65534", b"65534"]


@pytest.mark.parametrize("folder", [None, "/"])
def test_program_that_cannot_be_started(epoll: Any, kit: Any, folder: Any) -> None:
    before = set(os.listdir("/proc/self/fd"))
    for name in ("/there/is/none", "there-is-none", "/etc/passwd"):
        with pytest.raises(OSError):
            start(epoll, kit, name, path=folder)
    assert set(os.listdir("/proc/self/fd")) == before
    with pytest.raises(OSError, match="nowhere"):
        start(epoll, kit, "true", path="/nowhere-nowhere")


def test_arguments_are_checked(epoll: Any, kit: Any) -> None:
    for wrong in ({"args": [1]}, {"args": "text"}, {"env": {"a": 1}}):
        with pytest.raises(TypeError):
            epoll.spawnProcess(Recorder(), "true", **wrong)
    for wrong in ({"args": ["a\0b"]}, {"childFDs": {0: "x"}}, {"usePTY": 1, "childFDs": {}}):
        with pytest.raises(ValueError):
            epoll.spawnProcess(Recorder(), "true", **wrong)


def test_signals_have_their_meaning_in_the_child(epoll: Any, kit: Any) -> None:
    recorder = python(
        epoll,
        kit,
        "import signal; print(open('/proc/self/status').read())",
    )
    text = finish(epoll, kit, recorder).out[1].decode()
    ignored = int(text.split("SigIgn:")[1].split()[0], 16)
    # Python itself ignores SIGPIPE and SIGXFSZ, and no other; the C library has a few of its own.
    assert ignored & 0x7FFFFFFF == 1 << (signal.SIGPIPE - 1) | 1 << (signal.SIGXFSZ - 1)


def test_terminal(reactor: Any, kit: Any) -> None:
    recorder = Recorder()
    reactor.spawnProcess(
        recorder, "sh", ["sh", "-c", "tty; stty -echo; cat"], env=None, usePTY=True
    )
    kit.spin(reactor, lambda: b"/dev/" in recorder.out.get(1, b""))
    recorder.transport.write(b"typed\n")
    kit.spin(reactor, lambda: b"typed" in recorder.out[1])
    recorder.transport.loseConnection()
    finish(reactor, kit, recorder)
    assert recorder.ended.signal == signal.SIGHUP


def test_control_c_at_a_terminal(epoll: Any, kit: Any) -> None:
    recorder = Recorder()
    # No shell: one that starts a program just then can lose the signal.
    epoll.spawnProcess(recorder, "cat", ["cat"], env=None, usePTY=True)
    recorder.transport.write(b"x\n")
    kit.spin(
        epoll, lambda: recorder.out.get(1, b"").count(b"x") == 2
    )  # the echo, and what cat says
    recorder.transport.writeToChild(0, b"\x03")
    finish(epoll, kit, recorder)
    assert recorder.ended.signal == signal.SIGINT


def test_many_at_once(epoll: Any, kit: Any) -> None:
    recorders = [start(epoll, kit, "sh", "-c", f"exit {i}") for i in range(40)]
    kit.spin(epoll, lambda: all(recorder.ended for recorder in recorders))
    assert [getattr(recorder.ended, "exitCode", 0) for recorder in recorders] == list(range(40))
    assert process.reapProcessHandlers == {}


def test_without_descriptors_of_processes(
    epoll: Any, kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "pidfd_open", raising=False)
    recorder = Recorder()
    codes: list[object] = []

    def begin() -> None:
        epoll.spawnProcess(recorder, "sh", ["sh", "-c", "sleep 0.01; exit 4"], env=None)
        recorder.processEnded = lambda reason: (codes.append(reason.value.exitCode), epoll.stop())  # type: ignore

    epoll.callWhenRunning(begin)
    epoll.run()
    assert codes == [4]
    assert signal.getsignal(signal.SIGCHLD) is signal.SIG_DFL


def test_protocol_that_raises(epoll: Any, kit: Any, errors: Any) -> None:
    class Broken(Recorder):
        def makeConnection(self, transport: Any) -> None:
            super().makeConnection(transport)
            raise ZeroDivisionError

        def processExited(self, reason: Any) -> None:
            super().processExited(reason)
            raise ZeroDivisionError

    recorder = Broken()
    epoll.spawnProcess(recorder, "true", ["true"], env=None)
    finish(epoll, kit, recorder)
    assert len(errors.take(ZeroDivisionError)) == 2


def test_waiting_twice_for_one_child() -> None:
    class Waiting:
        def reapProcess(self) -> None: ...

        def processEnded(self, status: int) -> None:
            self.status = status

    child = os.posix_spawn("/bin/sleep", ["sleep", "60"], {})
    one = Waiting()
    process.registerReapProcessHandler(child, one)
    with pytest.raises(RuntimeError):
        process.registerReapProcessHandler(child, Waiting())
    with pytest.raises(RuntimeError):
        process.unregisterReapProcessHandler(child, Waiting())
    process.reapAllProcesses()
    process.unregisterReapProcessHandler(child, one)
    os.kill(child, signal.SIGKILL)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    process.registerReapProcessHandler(child, one)
    assert one.status == signal.SIGKILL


# Programs to their end


def outcome(reactor: Any, kit: Any, d: defer.Deferred[Any]) -> Any:
    results: list[Any] = []
    d.addBoth(results.append)
    kit.spin(reactor, lambda: results)
    return results[0]


def test_output_and_value(epoll: Any, kit: Any) -> None:
    environment = dict(os.environ)
    sh = ("-c", "echo out; echo err >&2; exit 3")
    kw: dict[str, Any] = {"env": environment, "reactor": epoll}
    assert outcome(epoll, kit, utils.getProcessOutputAndValue("sh", sh, **kw)) == (
        b"out\n",
        b"err\n",
        3,
    )
    assert outcome(epoll, kit, utils.getProcessValue("sh", sh, **kw)) == 3
    assert outcome(epoll, kit, utils.getProcessOutput("sh", sh, errortoo=True, **kw)) == (
        b"out\nerr\n"
    )
    failure = outcome(epoll, kit, utils.getProcessOutput("sh", sh, **kw))
    assert failure.check(IOError)
    assert outcome(epoll, kit, failure.value.processEnded) is None
    assert outcome(
        epoll, kit, utils.getProcessOutputAndValue("cat", stdinBytes=b"given", **kw)
    ) == (b"given", b"", 0)
    killed = outcome(epoll, kit, utils.getProcessOutputAndValue("sh", ("-c", "kill $$"), **kw))
    assert killed.value == (b"", b"", signal.SIGTERM)


def test_cancelling_kills(epoll: Any, kit: Any) -> None:
    waiting = utils.getProcessValue("sleep", ("60",), os.environ, reactor=epoll)
    waiting.cancel()
    assert outcome(epoll, kit, waiting).check(defer.CancelledError)
    kit.spin(epoll, lambda: not process.reapProcessHandlers)


# Standard input and output


class Lines(Protocol):
    def __init__(self) -> None:
        self.received = b""
        self.events: list[str] = []

    def dataReceived(self, data: bytes) -> None:
        self.received += data

    def connectionLost(self, reason: Any) -> None:  # type: ignore[override]
        self.events.append(reason.type.__name__)


@implementer(IHalfCloseableProtocol)
class HalfCloseable(Lines):
    def readConnectionLost(self) -> None:
        self.events.append("read")

    def writeConnectionLost(self) -> None:
        self.events.append("write")


class Pipes:
    """Pipes in place of standard input and output."""

    def __init__(self) -> None:
        self.stdin, self.toStdin = os.pipe()
        self.fromStdout, self.stdout = os.pipe()

    def close(self) -> None:
        for fd in (self.stdin, self.toStdin, self.fromStdout, self.stdout):
            try:
                os.close(fd)
            except OSError:
                continue


@pytest.fixture
def pipes() -> Any:
    made = Pipes()
    yield made
    made.close()


def test_standard_input_and_output(reactor: Any, kit: Any, pipes: Pipes) -> None:
    protocol = Lines()
    transport = stdio.StandardIO(protocol, pipes.stdin, pipes.stdout, reactor)
    os.write(pipes.toStdin, b"typed")
    transport.write(b"shown")
    kit.spin(reactor, lambda: protocol.received)
    assert protocol.received == b"typed"
    assert os.read(pipes.fromStdout, 100) == b"shown"
    transport.write(b"x" * 200_000)
    transport.loseConnection()
    got = b""
    while len(got) < 200_000:
        reactor.iterate(0.001)
        got += os.read(pipes.fromStdout, 65536)
    kit.spin(reactor, lambda: protocol.events)
    assert protocol.events == ["ConnectionDone"]
    assert os.get_blocking(pipes.stdin)


def test_end_of_standard_input_ends(reactor: Any, kit: Any, pipes: Pipes) -> None:
    protocol = Lines()
    stdio.StandardIO(protocol, pipes.stdin, pipes.stdout, reactor)
    os.write(pipes.toStdin, b"last")
    os.close(pipes.toStdin)
    kit.spin(reactor, lambda: protocol.events)
    assert protocol.received == b"last"
    assert protocol.events == ["ConnectionDone"]


def test_half_closed(epoll: Any, kit: Any, pipes: Pipes) -> None:
    protocol = HalfCloseable()
    transport = stdio.StandardIO(protocol, pipes.stdin, pipes.stdout, epoll)
    os.close(pipes.toStdin)
    kit.spin(epoll, lambda: protocol.events)
    transport.write(b"still there")
    transport.loseWriteConnection()
    kit.spin(epoll, lambda: len(protocol.events) == 3)
    assert protocol.events == ["read", "write", "ConnectionDone"]
    assert os.read(pipes.fromStdout, 100) == b"still there"
    transport.loseConnection()


def test_end_when_only_reading_is_left(epoll: Any, kit: Any, pipes: Pipes) -> None:
    protocol = HalfCloseable()
    transport = stdio.StandardIO(protocol, pipes.stdin, pipes.stdout, epoll)
    transport.loseWriteConnection()
    kit.spin(epoll, lambda: protocol.events == ["write"])
    transport.loseConnection()
    transport.loseConnection()
    kit.spin(epoll, lambda: len(protocol.events) > 1)
    assert protocol.events == ["write", "ConnectionDone"]


def test_nobody_reads_standard_output(reactor: Any, kit: Any, pipes: Pipes) -> None:
    protocol = Lines()
    stdio.StandardIO(protocol, pipes.stdin, pipes.stdout, reactor)
    os.close(pipes.stdout)
    os.close(pipes.fromStdout)
    kit.spin(reactor, lambda: protocol.events)
    assert protocol.events == ["ConnectionLost"]


def test_standard_input_from_a_file(epoll: Any, kit: Any, pipes: Pipes, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 300_000)
    protocol = Lines()
    with open(tmp_path / "file", "rb") as file:
        stdio.StandardIO(protocol, file.fileno(), pipes.stdout, epoll)
        kit.spin(epoll, lambda: protocol.events)
    assert len(protocol.received) == 300_000


def test_paused_standard_input(epoll: Any, kit: Any, pipes: Pipes) -> None:
    protocol = Lines()
    transport = stdio.StandardIO(protocol, pipes.stdin, pipes.stdout, epoll)
    transport.pauseProducing()
    os.write(pipes.toStdin, b"wait")
    epoll.iterate(0.01)
    assert protocol.received == b""
    transport.resumeProducing()
    kit.spin(epoll, lambda: protocol.received == b"wait")
    transport.loseConnection()
    kit.spin(epoll, lambda: protocol.events)


@given(
    st.dictionaries(st.integers(0, 9), st.booleans(), max_size=8),
    st.data(),
)
def test_descriptors_end_up_where_they_should(state, data):
    """Whatever is open, and wherever it is to go, without more than what is needed."""
    sources = st.sampled_from(sorted(state)) if state else st.nothing()
    wanted = data.draw(st.dictionaries(st.integers(0, 9), sources, max_size=8))
    table = {fd: (fd, ends) for fd, ends in state.items()}
    actions = getFileActions(sorted(state.items()), wanted, 0, 1)
    for doing, *fds in actions:
        if doing:
            table[fds[1]] = (table[fds[0]][0], False)
        else:
            del table[fds[0]]
    left = {fd: origin for fd, (origin, ends) in table.items() if not ends}
    assert left == wanted


def test_nothing_is_done_to_descriptors_without_need():
    """Those that stay are let alone, and those that close by themselves, too."""
    assert getFileActions([(0, False), (1, True)], {0: 0}, 0, 1) == []
    assert getFileActions([(0, True)], {3: 0}, 0, 1) == [(1, 0, 3)]
