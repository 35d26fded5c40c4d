"""The master of several workers: those that do not stop, do not start, or end again and again."""

import contextlib
import os
import select
import signal
import subprocess
import sys

import pytest

from twisted.scripts import _workers

#: A program of one worker, which tells in lines of what it does. The reactor only starts.
PROGRAM = """
import os, signal, sys
from twisted.scripts import _workers

def tell(word):
    os.write(1, f"{word} {os.getpid()}\\n".encode())

def stop(number, frame):
    tell("stops")
    os._exit(0)

class Reactor:
    def _afterFork(self):
        pass

    def callWhenRunning(self, call, *arguments):
        self.call = lambda: call(*arguments)

def start():
    signal.signal(signal.SIGTERM, stop)

def serve():
    start()
    reactor.call()
    tell("serves")
    while True:
        signal.pause()

reactor = Reactor()
"""

RUN = """
stopped = _workers.Workers(1, serve, reactor).run()
tell(f"ended {stopped}")
"""


class Program:
    """A master and its worker, in processes of their own."""

    def __init__(self, more, folder):
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM + more + RUN],
            stdout=subprocess.PIPE,
            cwd=folder,
            start_new_session=True,
        )

    def told(self):
        """The next thing that one of them tells, and which."""
        *words, pid = self.process.stdout.readline().decode().split()
        return " ".join(words), int(pid)

    def send(self, number):
        self.process.send_signal(number)


@pytest.fixture
def program(tmp_path):
    """Starts a master, whose program has more in it."""
    started = []

    def start(more=""):
        started.append(Program(more, tmp_path))
        return started[-1]

    yield start
    for each in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(each.process.pid, signal.SIGKILL)
        each.process.wait(20)
        each.process.stdout.close()


def test_stop(program):
    """The worker is asked to stop, and then the master ends."""
    made = program()
    told, worker = made.told()
    assert told == "serves"
    made.send(signal.SIGTERM)
    assert made.told() == ("stops", worker)
    assert made.told() == (f"ended {signal.SIGTERM}", made.process.pid)


def test_worker_that_does_not_stop(program):
    """It is killed after the limit; on SIGHUP another has taken its place before."""
    made = program(
        "_workers._TO_STOP = 0.05\nstart = lambda: signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    )
    first = made.told()
    made.send(signal.SIGHUP)
    second = made.told()
    assert first[0] == second[0] == "serves"
    watched = os.pidfd_open(first[1])
    try:
        assert select.select([watched], [], [], 20)[0]
    finally:
        os.close(watched)
    made.send(signal.SIGTERM)
    assert made.told() == (f"ended {signal.SIGTERM}", made.process.pid)
    with pytest.raises(ProcessLookupError):
        os.kill(second[1], 0)


HANDLES = """
def handle():
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGUSR1, lambda number, frame: tell("opens"))
"""


def test_new_worker_that_fails(program, tmp_path):
    """Then the old ones go on."""
    made = program(
        HANDLES
        + """
def start():
    handle()
    if os.path.exists("broken"):
        tell("fails")
        raise ValueError("broken")
"""
    )
    told, worker = made.told()
    assert told == "serves"
    (tmp_path / "broken").touch()
    made.send(signal.SIGHUP)
    assert made.told()[0] == "fails"
    for _ in range(2):  # for one that is told to stop may have time for the first
        made.send(signal.SIGUSR1)
        assert made.told() == ("opens", worker)


def test_new_worker_that_hangs(program, tmp_path):
    """It is killed, and the old ones go on."""
    made = program(
        HANDLES
        + """
told = _workers._isTold
_workers._TO_STOP = 1000.0
_workers._isTold = lambda reading, limit: told(reading, 0.05 if os.path.exists("slow") else limit)

def start():
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while os.path.exists("slow"):
        signal.pause()
    handle()
"""
    )
    told, worker = made.told()
    assert told == "serves"
    (tmp_path / "slow").touch()
    made.send(signal.SIGHUP)
    for _ in range(2):
        made.send(signal.SIGUSR1)  # is taken after SIGHUP, for its number is higher
        assert made.told() == ("opens", worker)
    made.send(signal.SIGTERM)
    assert made.told() == ("stops", worker)
    assert made.told() == (f"ended {signal.SIGTERM}", made.process.pid)


def test_rotated_logs(program):
    """SIGUSR1 is passed on to a worker that handles it."""
    made = program(
        "start = lambda: signal.signal(signal.SIGUSR1, lambda number, frame: tell('opens'))\n"
    )
    _, worker = made.told()
    made.send(signal.SIGUSR1)
    assert made.told() == ("opens", worker)


def test_rotated_logs_of_nobody(program):
    """A worker that does not handle SIGUSR1 outlives it."""
    made = program()
    _, worker = made.told()
    made.send(signal.SIGUSR1)
    made.send(signal.SIGTERM)  # is taken second, for its number is higher
    assert made.told() == ("stops", worker)


def test_pauses():
    """They grow with each quick end, to a limit, however many there are."""

    class Reactor:
        def _afterFork(self):
            pass

    master = _workers.Workers(1, lambda: None, Reactor())
    pauses = []
    for failures in (0, 1, 2, 3, 6, 7, 10_000):
        master._failures = failures
        pauses.append(master._pause())
    assert pauses == [0, 1, 2, 4, 32, 60, 60]


def test_reactor_that_cannot_be_shared():
    """It is refused before anything is started."""
    with pytest.raises(TypeError, match="object cannot be shared by several workers"):
        _workers.Workers(2, lambda: None, object())


def test_asked_again_meanwhile(program, tmp_path):
    """Who asks for new workers while they are being replaced gets them replaced once more."""
    made = program(
        """
import time

def stop(number, frame):
    tell("stops")
    while not os.path.exists("go"):
        time.sleep(0.01)
    os._exit(0)
"""
    )
    _, first = made.told()
    made.send(signal.SIGHUP)
    # A new worker may be heard of before the one that it replaces, or after it.
    told = dict([made.told(), made.told()])
    second = told["serves"]
    assert told == {"serves": second, "stops": first}
    made.send(signal.SIGHUP)
    (tmp_path / "go").touch()
    told = dict([made.told(), made.told()])
    assert told["stops"] == second
    assert told["serves"] not in (first, second)
