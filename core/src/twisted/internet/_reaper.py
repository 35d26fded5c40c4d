"""
Learn that children have ended, and take their status.

Linux gives a descriptor for a process (``pidfd``) that becomes readable when it ends: it works in
any thread, whatever the program does with signals. Elsewhere the reactor looks after all children
whenever it gets SIGCHLD.
"""

from __future__ import annotations

import os
import signal
from typing import Any

from zope.interface import implementer

from twisted.internet.interfaces import IReadDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure

__all__ = [
    "ChildSignal",
    "reapAllProcesses",
    "reapProcessHandlers",
    "registerReapProcessHandler",
    "unregisterReapProcessHandler",
]

_log = Logger()

#: The children that are waited for: something with `reapProcess` for each number.
reapProcessHandlers: dict[int, Any] = {}

_watchers: dict[int, _ExitWatcher] = {}


def reapAllProcesses() -> None:
    """Take the status of all children that have ended, of those that are waited for."""
    for process in list(reapProcessHandlers.values()):
        process.reapProcess()


def registerReapProcessHandler(pid: int, process: Any) -> None:
    """
    Wait for a child.

    @param process: its `reapProcess` is called when it may have ended; if it has already, its
        `processEnded` is called at once, with its status.
    @raise RuntimeError: the child is waited for already.
    """
    if pid in reapProcessHandlers:
        raise RuntimeError(f"the process {pid} is waited for already")
    reactor = getattr(process, "reactor", None)
    watcher = None if reactor is None else _ExitWatcher.watching(pid, process, reactor)
    if watcher is not None:
        # It tells of an end that was before it, too.
        _watchers[pid] = watcher
    else:
        try:
            ended, status = os.waitpid(pid, os.WNOHANG)
        except OSError:
            # It may be somebody else's by now; reapProcess finds that out, too.
            _log.failure("Failed to wait for the process {pid}", pid=pid)
        else:
            if ended:
                process.processEnded(status)
                return
    reapProcessHandlers[pid] = process


def unregisterReapProcessHandler(pid: int, process: Any) -> None:
    """
    Wait for a child no longer.

    @raise RuntimeError: it is not waited for, or not for `process`.
    """
    if reapProcessHandlers.get(pid) is not process:
        raise RuntimeError(f"the process {pid} is not waited for")
    del reapProcessHandlers[pid]
    watcher = _watchers.pop(pid, None)
    if watcher is not None:
        watcher.close()


@implementer(IReadDescriptor)
class _ExitWatcher:
    """The descriptor of a child, readable when it has ended."""

    def __init__(self, fd: int, process: Any, reactor: Any) -> None:
        self._fd = fd
        self._process = process
        self._reactor = reactor

    @classmethod
    def watching(cls, pid: int, process: Any, reactor: Any) -> _ExitWatcher | None:
        """Watch a child; None where the system cannot do that."""
        if not hasattr(os, "pidfd_open"):
            return None
        try:
            fd = os.pidfd_open(pid)
        except OSError:
            return None
        watcher = cls(fd, process, reactor)
        reactor.addReader(watcher)
        return watcher

    def fileno(self) -> int:
        """The number of the descriptor, or -1 after the end."""
        return self._fd

    def logPrefix(self) -> str:
        """What log messages begin with."""
        return "child"

    def doRead(self) -> None:
        """The child has ended."""
        self._process.reapProcess()

    def connectionLost(self, reason: Failure) -> None:
        """The reactor watches no longer."""
        self.close()

    def close(self) -> None:
        """Watch no longer."""
        if self._fd >= 0:
            self._reactor.removeReader(self)
            os.close(self._fd)
            self._fd = -1


class ChildSignal:
    """
    SIGCHLD while a reactor runs.

    Where the reactor can watch children, the signal needs no handler.

    @param onChild: called with what a handler of signals is called with.
    """

    def __init__(self, onChild: Any) -> None:
        self._onChild = onChild
        self._previous: Any = None

    def install(self) -> None:
        """Set the handler, from the main thread, unless the program has one of its own."""
        if _canWatch() or not hasattr(signal, "SIGCHLD"):
            return
        try:
            if signal.getsignal(signal.SIGCHLD) is signal.SIG_DFL:
                self._previous = signal.signal(signal.SIGCHLD, self._onChild)
        except ValueError:
            return

    def uninstall(self) -> None:
        """Put back what there was before."""
        if self._previous is not None:
            signal.signal(signal.SIGCHLD, self._previous)
            self._previous = None


def _canWatch() -> bool:
    """Whether the system has descriptors of processes."""
    if not hasattr(os, "pidfd_open"):
        return False
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError:
        return False
    return True
