"""
Finding out what a program waits for, and what keeps it from going on.

- `dumpWaiting` tells what every coroutine waits for; `dumpOnSignal` has a signal do it.
- `SlowCallbacks` reports what runs for too long, with its stack, while it runs.
- `reportUnraisable` has failures that nobody has handled reach `sys.unraisablehook`.
- `development` switches all of it on, and has Deferreds remember where they were made.

Nothing of it costs anything while it is off.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
import threading
import traceback
from types import FrameType
from typing import IO, Any

from twisted.internet import _deferred
from twisted.internet.currentreactor import currentReactor
from twisted.logger import Logger

__all__ = [
    "SlowCallbacks",
    "development",
    "dumpOnSignal",
    "dumpWaiting",
    "reportUnraisable",
]

_log = Logger()

#: The functions of reactors, and of asyncio's loops, that call everything else.
_LOOPS = frozenset(
    {
        ("twisted.internet.base", "run"),
        ("twisted.internet.base", "mainLoop"),
        ("twisted.internet.base", "iterate"),
        ("twisted.internet.base", "runUntilCurrent"),
        ("twisted.internet.base", "_runDueCalls"),
        ("twisted.internet.base", "_runThreadCalls"),
        ("twisted.internet.base", "_flush"),
        ("twisted.internet._descriptors", "_serve"),
        ("twisted.internet._descriptors", "_serveOther"),
        ("twisted.internet.epollreactor", "doIteration"),
        ("twisted.internet.kqreactor", "doIteration"),
        ("twisted.internet.pollreactor", "doIteration"),
        ("twisted.internet.selectreactor", "doIteration"),
        ("twisted.internet.asyncioreactor", "run"),
        ("twisted.internet.asyncioreactor", "mainLoop"),
        ("twisted.internet.asyncioreactor", "_turn"),
        ("twisted.internet.asyncioreactor", "_timeOut"),
        ("twisted.internet.asyncioreactor", "_ready"),
        ("asyncio.base_events", "run_forever"),
        ("asyncio.base_events", "_run_once"),
        ("asyncio.events", "_run"),
        ("selectors", "select"),
    }
)
#: How deep a chain of coroutines is told.
_DEEPEST = 100


# What is waited for


def dumpWaiting(file: IO[str] | None = None) -> None:
    """
    Write what every coroutine waits for, with the place where it is.

    @param file: takes the text; by default the standard error output.
    """
    print("\n".join(_waitingLines()), file=file or sys.stderr, flush=True)


def _waitingLines() -> list[str]:
    running = [each for each in gc.get_objects() if type(each) is _deferred._Running]
    running = [each for each in running if each._coroutine is not None]
    inner = {id(each._waiting) for each in running}
    roots = [each for each in running if id(each) not in inner] or running
    lines = [f"{len(running)} coroutines wait for Deferreds"]
    for root in roots:
        lines += _chain(root)
    lines += _tasks()
    return lines


def _chain(running: Any) -> list[str]:
    """Where a coroutine is, and those that it waits for, from the outermost on."""
    lines: list[str] = []
    for depth in range(_DEEPEST):
        lines.append(("  " if depth else "- ") + _name(running._coroutine))
        lines += [f"    {place}" for place in _places(running._coroutine)]
        awaited = running._waiting
        if type(awaited) is not _deferred._Running or awaited._coroutine is None:
            lines += [f"    waits for {line}" for line in _about(awaited)]
            return lines
        running = awaited
    return [*lines, "    ..."]


def _name(coroutine: Any) -> str:
    return str(getattr(coroutine, "__qualname__", coroutine))


def _places(coroutine: Any) -> list[str]:
    """The places in a coroutine and those that it awaits directly."""
    places = []
    for _ in range(_DEEPEST):
        frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None)
        if frame is None or frame.f_code is _deferred.Deferred.__await__.__code__:
            break
        places.append(f"{frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_name}")
        following = getattr(coroutine, "cr_await", None)
        coroutine = getattr(coroutine, "gi_yieldfrom", None) if following is None else following
    return places


def _about(awaited: Any) -> list[str]:
    """What is known of a Deferred."""
    if awaited is None:
        return ["nothing: it runs at this moment"]
    lines = [repr(awaited)]
    info = awaited._debugInfo
    if info is not None and info.creator:
        lines += ["made at", *(line.rstrip() for line in info.creator)]
    return lines


def _tasks() -> list[str]:
    """What the tasks of asyncio wait for, if a loop runs in this thread."""
    loop = asyncio._get_running_loop()
    if loop is None:
        return []
    lines = []
    for task in asyncio.all_tasks(loop):
        lines.append(f"- task {task.get_name()}: {_name(task.get_coro())}")
        lines += [f"    {place}" for place in _places(task.get_coro())]
    return lines


def dumpOnSignal(number: int = signal.SIGUSR1) -> Any:
    """
    Write what runs, and what every coroutine waits for, whenever a signal comes.

    This works while a callback hangs, too. ``twistd`` uses SIGUSR1 for log files: choose another
    signal there.

    @return: what was called for the signal before.
    @raise ValueError: if this is not the main thread.
    """

    def dump(number: int, frame: FrameType | None) -> None:
        if frame is not None:
            print("This runs at the moment:", file=sys.stderr)
            traceback.print_stack(frame)
        dumpWaiting()

    return signal.signal(number, dump)


# What takes too long


class SlowCallbacks:
    """
    Reports what runs in the reactor's thread for too long, while it runs.

    A thread looks at the stack of the reactor's thread now and then. What it finds goes to the log,
    at first when the limit is reached, then each time that it has taken twice as long as it had.
    """

    def __init__(self, limit: float = 0.1) -> None:
        """
        @param limit: how long a callback may take, in seconds.
        """
        self.limit = limit
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; to be called in the reactor's thread."""
        self._stop.clear()
        watched = threading.get_ident()
        self._thread = threading.Thread(
            target=self._watch, args=(watched,), name="slow callbacks", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()

    def _watch(self, ident: int) -> None:
        every = self.limit / 4
        seen: FrameType | None = None
        looks = reportAt = 4
        while not self._stop.wait(every):
            innermost = sys._current_frames().get(ident)
            called = None if innermost is None else _callback(innermost)
            if called is None or called is not seen:
                # The frame is held, so that another one cannot be taken for it.
                seen, looks, reportAt = called, 0, 4
                continue
            looks += 1
            if looks >= reportAt and innermost is not None:
                reportAt *= 2
                _log.warn(
                    "A callback has been running for {seconds:.2f} s:\n{stack}",
                    seconds=looks * every,
                    stack="".join(traceback.format_stack(innermost)).rstrip(),
                )
            innermost = called = None


def _callback(innermost: FrameType) -> FrameType | None:
    """The frame that the reactor has called, if it waits for nothing."""
    frame: FrameType | None = innermost
    inner = None
    while frame is not None:
        if (frame.f_globals.get("__name__"), frame.f_code.co_name) in _LOOPS:
            return inner
        inner, frame = frame, frame.f_back
    return None


# What nobody has handled


def reportUnraisable(on: bool = True) -> None:
    """
    Have failures in Deferreds that nobody has handled reach `sys.unraisablehook`, besides the log.
    """
    _deferred.reportUnraisable(on)


def development(reactor: Any = None, slow: float = 0.1, number: int = signal.SIGUSR1) -> None:
    """
    Switch everything on, for as long as the reactor runs.

    @param reactor: by default the global one.
    @param slow: how long a callback may take, in seconds.
    @param number: the signal that has coroutines told.
    """
    reactor = currentReactor(reactor)
    watch = SlowCallbacks(slow)
    debugging = _deferred.getDebugging()
    _deferred.setDebugging(True)
    reportUnraisable()
    before = dumpOnSignal(number)

    def end() -> None:
        watch.stop()
        signal.signal(number, before)
        reportUnraisable(False)
        _deferred.setDebugging(debugging)

    reactor.callWhenRunning(watch.start)
    reactor.addSystemEventTrigger("after", "shutdown", end)
