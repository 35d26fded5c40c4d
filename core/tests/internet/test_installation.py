"""Which reactor becomes the global one, and signals: each in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from twisted.internet._signals import StopSignals, Waker
from twisted.internet.error import ConnectionLost


def python(code: str) -> str:
    """Run a program in a fresh process and give what it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=15
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("module", "kind"),
    [
        ("epollreactor", "EPollReactor"),
        ("pollreactor", "PollReactor"),
        ("selectreactor", "SelectReactor"),
        ("default", "EPollReactor"),
    ],
)
def test_install(module, kind):
    """`install` makes a reactor of its kind the global one, and no second one is taken."""
    assert python(
        f"from twisted.internet import {module}, main\n"
        f"{module}.install()\n"
        "from twisted.internet import reactor, error\n"
        "import sys, twisted.internet\n"
        "print(type(reactor).__name__)\n"
        "assert sys.modules['twisted.internet.reactor'] is reactor is twisted.internet.reactor\n"
        "try: main.installReactor(reactor)\n"
        "except error.ReactorAlreadyInstalledError: print('refused')\n"
    ).split() == [kind, "refused"]


def test_import_installs():
    """Importing the reactor installs the default one, also the second time."""
    assert (
        python(
            "from twisted.internet import reactor\n"
            "import twisted.internet.reactor as again\n"
            "assert reactor is again\n"
            "print(type(reactor).__name__)"
        )
        == "EPollReactor"
    )


@pytest.mark.parametrize(
    ("missing", "kind"), [("epoll", "PollReactor"), ("epoll poll", "SelectReactor")]
)
def test_default_elsewhere(missing, kind):
    """Where epoll is missing the next best is taken."""
    assert (
        python(
            "import select\n"
            f"for name in {missing!r}.split(): delattr(select, name)\n"
            "from twisted.internet import reactor\n"
            "print(type(reactor).__name__)"
        )
        == kind
    )


PROGRAM = """
import sys
from twisted.internet import {module}
{module}.install()
from twisted.internet import reactor, defer
from twisted.python import log
log.startLogging(sys.stdout)
def prepare():
    done = defer.Deferred()
    reactor.callLater(0.3, done.callback, None)
    print("preparing", flush=True)
    return done
reactor.addSystemEventTrigger("before", "shutdown", prepare)
reactor.addSystemEventTrigger("after", "shutdown", print, "done", flush=True)
reactor.callWhenRunning(print, "running", flush=True)
reactor.run()
import signal
assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
assert signal.getsignal(signal.SIGINT) == signal.default_int_handler
print("exit", reactor._exitSignal)
"""


@pytest.mark.parametrize("module", ["epollreactor", "pollreactor", "selectreactor"])
@pytest.mark.parametrize("first", [signal.SIGTERM, signal.SIGINT])
def test_signals(module, first):
    """A signal shuts the reactor down, however long it waits; more signals break nothing."""
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-u", "-c", PROGRAM.format(module=module)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )

    def until(text):
        for line in process.stdout:
            if text in line:
                return
        raise AssertionError(f"{text} was not printed: {process.stderr.read()}")

    with process:
        until("running")
        process.send_signal(first)
        until("preparing")
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        assert process.stderr.read() == ""
    assert process.returncode == 0
    assert "done" in rest
    assert "Traceback" not in rest
    assert f"exit {int(first)}" in rest


def test_own_handler_for_sigint():
    """A program's own handler of SIGINT is left alone, and all are put back."""
    assert (
        python(
            "import signal, os\n"
            "from twisted.internet import reactor\n"
            "def mine(*args): print('mine'); reactor.callFromThread(reactor.stop)\n"
            "signal.signal(signal.SIGINT, mine)\n"
            "reactor.callLater(0, os.kill, os.getpid(), signal.SIGINT)\n"
            "reactor.run()\n"
            "assert signal.getsignal(signal.SIGINT) is mine"
        )
        == "mine"
    )


def test_no_handlers():
    """Without handlers a signal does what it did before, and still wakes nothing up."""
    code = (
        "import signal, os\n"
        "from twisted.internet import reactor\n"
        "reactor.callLater(0, os.kill, os.getpid(), signal.SIGTERM)\n"
        "reactor.run(installSignalHandlers=False)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], timeout=15)
    assert done.returncode == -signal.SIGTERM


def test_in_another_thread():
    """In another thread than the main one a reactor runs without handlers."""
    assert (
        python(
            "import threading\n"
            "from twisted.internet.epollreactor import EPollReactor\n"
            "reactor = EPollReactor()\n"
            "reactor.callLater(0.01, reactor.stop)\n"
            "thread = threading.Thread(target=reactor.run)\n"
            "thread.start(); thread.join(); print(reactor.running)"
        )
        == "False"
    )


def test_put_back(monkeypatch):
    """Handlers that Python knows nothing about are put back to the default."""
    waker = Waker()
    set_to = {}
    monkeypatch.setattr(signal, "signal", lambda number, handler: set_to.update({number: handler}))
    monkeypatch.setattr(signal, "set_wakeup_fd", lambda fd, **options: -1)
    signals = StopSignals(print, print, print)
    signals.uninstall()
    assert signals.install(waker)
    signals.uninstall()
    assert set_to[signal.SIGTERM] == signal.SIG_DFL
    waker.connectionLost(None)
    waker.connectionLost(None)


class TestWaker:
    """The pipe that ends the waiting."""

    def test_one_byte(self):
        """However often it is woken, one byte says so until it is read."""
        waker = Waker()
        for _ in range(10):
            waker.wakeUp()
        assert os.read(waker.fileno(), 100) == b"\0"
        waker.doRead()
        waker.wakeUp()
        assert os.read(waker.fileno(), 100) == b"\0"
        assert waker.logPrefix() == "waker"
        waker.connectionLost(None)

    def test_closed(self):
        """A pipe that is closed is no trouble for who wakes, and an end for who reads."""
        waker = Waker()
        i, o = waker.i, waker.o
        os.close(o)
        waker.wakeUp()
        os.close(i)
        assert isinstance(waker.doRead(), ConnectionLost)
