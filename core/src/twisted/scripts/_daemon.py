"""Becoming a daemon: see daemon(7)."""

from __future__ import annotations

import os
import sys
import traceback
from typing import Any

from twisted.internet.interfaces import IReactorDaemonize

__all__ = ["Daemon"]

_LONGEST_MESSAGE = 100
_STARTED = b"0"


class Daemon:
    """
    A process without a terminal, whose parent waits until it has started.

    In the process that goes on, `report` has to be called once; it decides about the exit status of
    the one that was called first.
    """

    def __init__(self) -> None:
        self._pipe: int | None = None

    def detach(self, reactor: Any) -> None:
        """
        Go on in the background; the process that was called waits, and exits.

        @param reactor: is told, if it wants to know.
        """
        told = IReactorDaemonize(reactor, None)
        if told is not None:
            told.beforeDaemonize()
        reading, self._pipe = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        if os.fork():
            os.close(self._pipe)
            os._exit(_waitFor(reading))
        os.close(reading)
        os.setsid()
        # One fork more: who leads no session can never come by a terminal.
        if os.fork():
            os._exit(0)
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        if null > 2:
            os.close(null)
        if told is not None:
            told.afterDaemonize()

    def report(self, problem: BaseException | None = None) -> None:
        """Tell the process that waits that this one has started, or why it has not."""
        pipe, self._pipe = self._pipe, None
        if pipe is None:
            return
        message = _STARTED if problem is None else b"1 " + _described(problem)
        try:
            os.write(pipe, message)
        except OSError:  # it waits no more
            pass
        os.close(pipe)


def _described(problem: BaseException) -> bytes:
    """A line about an exception, as short as can be read at once."""
    line = traceback.format_exception_only(type(problem), problem)[-1].splitlines()[0]
    encoded = line.encode(sys.getfilesystemencoding(), "backslashreplace")
    return encoded if len(encoded) <= _LONGEST_MESSAGE else encoded[: _LONGEST_MESSAGE - 3] + b"..."


def _waitFor(reading: int) -> int:
    """Wait until the daemon has started. @return: the exit status: 0 if it has, else 1."""
    while True:
        try:
            data = os.read(reading, 4096)
            break
        except InterruptedError:
            continue
    if data == _STARTED:
        return 0
    message = os.fsdecode(data[2:]) if data else "it ended without a word"
    where = "Check the log file for full traceback."
    os.write(2, os.fsencode(f"An error has occurred: {message!r}\n{where}\n"))
    return 1
