"""
Several processes that share the ports and the work of one program.

The master listens, and then forks: each worker accepts from the same sockets, so no connection that
waits for one that dies, or is replaced, is lost. The master itself serves nothing. It

- starts another worker in the place of one that died, after a pause if that happens often;
- replaces the workers one by one on SIGHUP: the new one serves before the old one is asked to stop;
- passes SIGUSR1 on, for log files that were rotated;
- stops them on SIGTERM and SIGINT, and kills those that take too long.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from twisted.logger import Logger
from twisted.python.systemd import Notifier

__all__ = ["Workers", "shutDown"]

_log = Logger()

_SIGNALS = (
    signal.SIGCHLD,
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGUSR1,
)
_STOPS = (signal.SIGTERM, signal.SIGINT)
#: How long a worker has to live so that its end is not taken for one that comes again at once.
_LONG_ENOUGH = 5.0
#: The first pause after a quick end, and the longest, in seconds; each is twice the one before.
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0
_MOST_DOUBLINGS = 10
#: How much longer than the limit for connections a worker may take to stop.
_TO_STOP = 10.0
_TO_START = 30.0


class Workers:
    """The master."""

    def __init__(
        self, count: int, serve: Callable[[], None], reactor: Any, grace: float = 0.0
    ) -> None:
        """
        @param serve: runs in each worker; starts the services and runs the reactor.
        @param reactor: listens already; in each worker it becomes one of its own.
        @param grace: how long workers let their connections finish, in seconds.
        @raise TypeError: if the reactor cannot be shared out.
        """
        if getattr(reactor, "_afterFork", None) is None:
            raise TypeError(f"{type(reactor).__name__} cannot be shared by several workers")
        self._count = count
        self._serve = serve
        self._reactor = reactor
        self._limit = grace + _TO_STOP
        self._started: dict[int, float] = {}
        self._failures = 0
        self._rollAgain = False
        self._notifier = Notifier.fromEnvironment()

    def run(self) -> int:
        """Keep the workers running, until this process is told to stop. @return: the signal."""
        # Signals wait until they are asked for: none is missed, and none comes in between.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            for _ in range(self._count):
                self._start()
            self._notifier.notify(READY=1, MAINPID=os.getpid())
            stopped = self._keep()
            self._notifier.notify(STOPPING=1)
            self._stopAll()
            return stopped
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)

    # Signals

    def _keep(self) -> int:
        due = float("inf")
        while True:
            now = time.monotonic()
            if len(self._started) < self._count and now >= due:
                self._start()
                due = now if len(self._started) < self._count else float("inf")
                continue
            number = self._wait(self._patience(due, now))
            while number == signal.SIGHUP:
                number = self._roll()
            if number in _STOPS:
                return int(number)
            if self._reap():
                due = time.monotonic() + self._pause()

    def _patience(self, due: float, now: float) -> float | None:
        """How long to wait for a signal, in seconds; C{None} for ever."""
        pauses = [] if due == float("inf") else [max(0.0, due - now)]
        if self._notifier.interval is not None:
            self._notifier.notify(WATCHDOG=1)
            pauses.append(self._notifier.interval)
        return min(pauses, default=None)

    def _wait(self, patience: float | None) -> int | None:
        """The next signal, or C{None} if there is none in time; SIGUSR1 has been passed on."""
        if patience is None:
            info = signal.sigwaitinfo(_SIGNALS)
        else:
            timed = signal.sigtimedwait(_SIGNALS, patience)
            if timed is None:
                return None
            info = timed
        if info.si_signo == signal.SIGUSR1:
            self._signalAll(signal.SIGUSR1)
        return info.si_signo

    def _pause(self) -> float:
        """How long to wait before another is started, in seconds."""
        if not self._failures:
            return 0.0
        doublings = min(self._failures - 1, _MOST_DOUBLINGS)
        return min(_LONGEST_PAUSE, _FIRST_PAUSE * (1 << doublings))

    # Workers

    def _start(self) -> bool:
        """
        Start a worker, and wait until it serves; one that takes too long is killed.

        @return: whether it serves.
        """
        reading, writing = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if not pid:
            os.close(reading)
            self._work(writing)
        os.close(writing)
        self._started[pid] = time.monotonic()
        serves = _isTold(reading, _TO_START)
        if serves:
            _log.info("worker {pid} has started", pid=pid)
        else:
            _log.error("worker {pid} does not start", pid=pid)
            self._kill(pid, signal.SIGKILL)
        return serves

    def _work(self, writing: int) -> None:
        """Be a worker, to the end."""
        status = 1
        try:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            if signal.getsignal(signal.SIGUSR1) is signal.SIG_DFL:  # there is no file to open again
                signal.signal(signal.SIGUSR1, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "LISTEN_PID"):
                os.environ.pop(name, None)
            self._reactor._afterFork()
            self._reactor.callWhenRunning(_tell, writing)
            self._serve()
            status = 0
        except BaseException:
            _log.failure("worker {pid} has failed", pid=os.getpid())
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def _reap(self) -> bool:
        """Note which workers have ended. @return: whether any has."""
        ended = False
        while self._started:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                self._started.clear()
                return True
            if not pid:
                return ended
            started = self._started.pop(pid, None)
            if started is None:
                continue  # somebody else's child
            ended = True
            quick = time.monotonic() - started < _LONG_ENOUGH
            self._failures = self._failures + 1 if quick else 0
            _log.warn(
                "worker {pid} has ended: {how}", pid=pid, how=os.waitstatus_to_exitcode(status)
            )
        return ended

    def _roll(self) -> int | None:
        """
        Replace the workers one by one.

        @return: the signal, if in between this process was told to stop, or to do it again.
        """
        _log.info("replacing the workers")
        self._rollAgain = False
        for pid in list(self._started):
            if not self._start():
                _log.error("a new worker does not start; the others are kept")
                return None
            stopped = self._stopOne(pid)
            if stopped is not None:
                return stopped
        return signal.SIGHUP if self._rollAgain else None

    def _stopOne(self, pid: int) -> int | None:
        """Stop a worker. @return: the signal, if in between this process was told to stop."""
        self._kill(pid, signal.SIGTERM)
        ends = time.monotonic() + self._limit
        while pid in self._started:
            number = self._wait(max(0.0, ends - time.monotonic()))
            if number in _STOPS:
                return number
            if number == signal.SIGHUP:
                self._rollAgain = True
            self._reap()
            if number is None and pid in self._started:
                self._kill(pid, signal.SIGKILL)
                ends = time.monotonic() + self._limit
        self._failures = 0
        return None

    def _stopAll(self) -> None:
        self._signalAll(signal.SIGTERM)
        ends = time.monotonic() + self._limit
        while self._started:
            if self._wait(max(0.0, ends - time.monotonic())) is None:
                self._signalAll(signal.SIGKILL)
                ends = time.monotonic() + self._limit
            self._reap()

    def _signalAll(self, number: int) -> None:
        for pid in self._started:
            self._kill(pid, number)

    def _kill(self, pid: int, number: int) -> None:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def shutDown(reactor: Any, services: Any) -> None:
    """
    Close, in the master, what it has opened for its workers.

    @param services: an `twisted.application.service.IService`, which has been started.
    """
    reactor.addSystemEventTrigger("before", "shutdown", services.stopService)
    reactor.callWhenRunning(reactor.stop)
    reactor.run()


def _tell(writing: int) -> None:
    """Tell the other end of a pipe."""
    os.write(writing, b"1")
    os.close(writing)


def _isTold(reading: int, limit: float) -> bool:
    """Wait for L{_tell}, in seconds. @return: whether it came."""
    import select

    try:
        poller = select.poll()
        poller.register(reading, select.POLLIN | select.POLLHUP)
        return bool(poller.poll(limit * 1000)) and os.read(reading, 1) == b"1"
    finally:
        os.close(reading)
