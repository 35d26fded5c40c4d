"""The master: hands tests out to workers, and tells a reporter what they say."""

from __future__ import annotations

import os
import signal
import sys
from collections import deque
from collections.abc import Callable
from typing import Any

from twisted.internet import defer, error
from twisted.internet.protocol import ProcessProtocol
from twisted.python import log
from twisted.python.failure import Failure
from twisted.trial._asyncrunner import _iterateTests
from twisted.trial._dist._wire import Lines, WorkerError, decodeFailure, fromLine
from twisted.trial._dist._worker import COMMANDS, REPORTS
from twisted.trial._holders import ErrorHolder
from twisted.trial._outcomes import Todo
from twisted.trial._reporters._results import _ExitWrapper
from twisted.trial._workdir import testDirectory

__all__ = ["DistTrialRunner", "Master", "Worker", "WorkerDied"]

_MOST_FRUITLESS = 3


class WorkerDied(WorkerError):
    """A worker ended while it ran a test, or before it ran any."""


class Worker(ProcessProtocol):
    """
    One worker, from the master's side.

    @ivar running: the name of the test that it runs.
    @ivar ended: fires when its process has ended.
    """

    running: str | None = None

    def __init__(self, master: Master, directory: str) -> None:
        self._master = master
        self._directory = directory
        self._reports = Lines()
        self._files: dict[int, Any] = {}
        self.ready = False
        self.ended: defer.Deferred[None] = defer.Deferred()

    def connectionMade(self) -> None:
        """Keep what it writes where users look for it."""
        for descriptor, name in ((1, "out.log"), (2, "err.log")):
            self._files[descriptor] = open(os.path.join(self._directory, name), "ab")  # noqa: SIM115

    def childDataReceived(self, childFD: int, data: bytes) -> None:
        """Listen to it."""
        if childFD == REPORTS:
            try:
                for line in self._reports.feed(data):
                    self._received(fromLine(line))
            except Exception:
                self._master.fail(Failure())
        else:
            self._files[childFD].write(data)

    def _received(self, message: dict[str, Any]) -> None:
        if message.get("ready"):
            self.ready = True
        else:
            self.running = None
            self._master.tell(message["events"])
        self._master.feed(self)

    def run(self, name: str) -> None:
        """Let it run a test."""
        self.running = name
        self._say(name)

    def _say(self, line: str) -> None:
        assert self.transport is not None
        self.transport.writeToChild(COMMANDS, line.encode("utf-8") + b"\n")

    def finish(self) -> None:
        """Let it end when it has nothing more to do."""
        if self.transport is not None:
            self.transport.closeChildFD(COMMANDS)

    def kill(self) -> None:
        """End it."""
        try:
            self.transport.signalProcess("KILL")
        except (error.ProcessExitedAlready, AttributeError):
            pass

    def processEnded(self, reason: Failure) -> None:
        """It has ended."""
        for file in self._files.values():
            file.close()
        self._master.workerEnded(self, reason)
        self.ended.callback(None)


class _Named:
    """Stands for the test of a worker, of which only the name is known here."""

    failureException = AssertionError

    def __init__(self, name: str) -> None:
        self._name = name

    def id(self) -> str:
        """The name."""
        return self._name

    def shortDescription(self) -> str:
        """The name."""
        return self._name

    def countTestCases(self) -> int:
        """It is one."""
        return 1


class Master:
    """
    One run: tests that wait, and workers.

    @ivar done: fires when all tests have been run, or no worker is left that could.
    """

    def __init__(
        self,
        reactor: Any,
        result: Any,
        names: list[str],
        workers: int,
        arguments: list[str],
        folder: str,
    ) -> None:
        self._reactor = reactor
        self._result = result
        self._waiting = deque(names)
        self._most = workers
        self._arguments = arguments
        self._folder = folder
        self._workers: set[Worker] = set()
        self._started = 0
        self._fruitless = 0
        self._abandoned = False
        self.done: defer.Deferred[None] = defer.Deferred()

    def start(self) -> None:
        """Start the workers."""
        for _ in range(min(self._most, len(self._waiting))):
            self._startWorker()
        self._concludeIfDone()

    def _startWorker(self) -> None:
        directory = os.path.join(self._folder, str(self._started))
        self._started += 1
        os.makedirs(directory, exist_ok=True)
        worker = Worker(self, directory)
        self._workers.add(worker)
        self._reactor.spawnProcess(
            worker,
            sys.executable,
            [sys.executable, "-m", "twisted.trial._dist", *self._arguments],
            env={
                **os.environ,
                "TRIAL_WORKER_DIRECTORY": directory,
                "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            },
            childFDs={0: "w", 1: "r", 2: "r", COMMANDS: "w", REPORTS: "r"},
        )

    def feed(self, worker: Worker) -> None:
        """Give a worker something to do."""
        if self._waiting and not self._result.shouldStop:
            worker.run(self._waiting.popleft())
        else:
            worker.finish()

    def tell(self, events: list[list[Any]]) -> None:
        """Tell the reporter what a worker said."""
        self._fruitless = 0
        for method, *arguments in events:
            if method == "warn":
                text, category, filename, lineno = arguments
                log.msg(
                    warning=text,
                    category=category,
                    filename=filename,
                    lineno=lineno,
                    format="%(filename)s:%(lineno)s: %(category)s: %(warning)s",
                )
                continue
            name, *rest = arguments
            self._call(method, _Named(name), rest)

    def _call(self, method: str, test: _Named, rest: list[Any]) -> None:
        if method in ("addError", "addFailure", "addExpectedFailure"):
            rest[0] = decodeFailure(rest[0])
        if method in ("addExpectedFailure", "addUnexpectedSuccess"):
            rest[-1] = Todo(rest[-1])
        tell = getattr(self._result, method, None)
        if tell is not None:
            tell(test, *rest)

    def workerEnded(self, worker: Worker, reason: Failure) -> None:
        """A worker has ended: another takes its place, unless they all come to nothing."""
        self._workers.discard(worker)
        if not self._abandoned:
            if worker.running is not None:
                self._tellOfDeath(worker.running, reason)
            elif not worker.ready:
                self._fruitless += 1
            if self._result.shouldStop:
                self._waiting.clear()
            if self._waiting and self._fruitless < _MOST_FRUITLESS:
                self._startWorker()
            elif self._waiting and not self._workers:
                self._tellOfDeath("<no worker can be started>", reason)
                self._waiting.clear()
        self._concludeIfDone()

    def _tellOfDeath(self, name: str, reason: Failure) -> None:
        holder = ErrorHolder(name, Failure(WorkerDied(reason.getErrorMessage())))
        holder.run(self._result)

    def fail(self, reason: Failure) -> None:
        """Give up: what a worker says makes no sense, or the reporter raised."""
        if not self.done.called:
            self.done.errback(reason)
        self.abandon().addErrback(lambda _: None)

    def _concludeIfDone(self) -> None:
        if not self._workers and not self.done.called:
            self.done.callback(None)

    def abandon(self) -> defer.Deferred[Any]:
        """End all workers at once. @return: a Deferred that fires when they have ended."""
        self._abandoned = True
        self._waiting.clear()
        workers = list(self._workers)
        for worker in workers:
            worker.kill()
        return defer.gatherResults([worker.ended for worker in workers])


class DistTrialRunner:
    """Runs tests in several processes, each of them with a folder of its own."""

    def __init__(
        self,
        reporterFactory: Callable[..., Any],
        maxWorkers: int,
        workerArguments: list[str],
        tracebackFormat: str = "default",
        realTimeErrors: bool = False,
        uncleanWarnings: bool = False,
        workingDirectory: str = "_trial_temp",
        exitFirst: bool = False,
        logfile: str = "test.log",
        stream: Any = sys.stdout,
        reactor: Any = None,
    ) -> None:
        """
        @param reporterFactory: makes the reporter, as for `twisted.trial.runner.TrialRunner`.
        @param maxWorkers: how many processes there are at most.
        @param workerArguments: the options and names of tests that each of them is given.
        @param uncleanWarnings: known to the workers.
        @param exitFirst: whether to start no further test after one that does not go well.
        @param logfile: where the log of the master is written, from the working folder.
        """
        self._reporterFactory = reporterFactory
        self._maxWorkers = maxWorkers
        self._workerArguments = workerArguments
        self._tracebackFormat = tracebackFormat
        self._realTimeErrors = realTimeErrors
        self._workingDirectory = workingDirectory
        self._exitFirst = exitFirst
        self._logfile = logfile
        self._stream = stream
        self._reactor = reactor

    def run(self, suite: Any) -> Any:
        """
        Run tests.

        @return: the reporter, which knows how it went.
        """
        from twisted.internet.currentreactor import currentReactor

        reactor = currentReactor(self._reactor)
        tests = list(_iterateTests(suite))
        result = self._reporterFactory(
            self._stream, self._tracebackFormat, self._realTimeErrors, log
        )
        if self._exitFirst:
            result = _ExitWrapper(result)
        self._stream.write(f"Running {len(tests)} tests.\n")
        for test in tests:
            if isinstance(test, ErrorHolder):
                test.run(result)
        names = [str(test.id()) for test in tests if not isinstance(test, ErrorHolder)]
        with testDirectory(self._workingDirectory) as folder:
            path = folder.asTextMode().path
            with open(os.path.join(path, os.path.basename(self._logfile)), "a") as file:
                observer = log.FileLogObserver(file)
                log.startLoggingWithObserver(observer.emit, False)
                self._spin(
                    reactor,
                    Master(reactor, result, names, self._maxWorkers, self._workerArguments, path),
                )
                log.removeObserver(observer.emit)
        result.done()
        return result

    def _spin(self, reactor: Any, master: Master) -> None:
        """
        Run the reactor until the master is done.

        @raise KeyboardInterrupt: if the reactor was stopped before.
        @raise Exception: if a worker made no sense, or the reporter raised.
        """
        finished: list[Any] = []

        def begin() -> None:
            master.start()
            master.done.addBoth(finished.append).addCallback(lambda _: reactor.crash())

        interrupted: list[int] = []

        def interrupt(number: int, frame: Any) -> None:
            interrupted.append(number)
            reactor.callFromThread(abandon)

        def abandon() -> None:
            master.abandon().addBoth(lambda _: None)

        reactor.callWhenRunning(begin)
        previous = signal.getsignal(signal.SIGINT)
        reactor.callWhenRunning(lambda: signal.signal(signal.SIGINT, interrupt))
        try:
            reactor.run()
        finally:
            signal.signal(signal.SIGINT, previous)
        if interrupted or not finished:
            raise KeyboardInterrupt
        if isinstance(finished[0], Failure):
            finished[0].raiseException()

    def runUntilFailure(self, suite: Any) -> Any:
        """
        Run tests again and again, until one of them does not go well, or the user stops them.

        @return: the reporter of the last time.
        """
        count = 0
        while True:
            count += 1
            self._stream.write(f"Test Pass {count}\n")
            result = self.run(suite)
            if result.testsRun == 0 or result.shouldStop or not result.wasSuccessful():
                return result
