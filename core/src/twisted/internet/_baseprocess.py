"""What transports of processes share, whatever the system."""

from __future__ import annotations

import os
from typing import Any

from twisted.internet.error import ProcessDone, ProcessTerminated
from twisted.logger import Logger
from twisted.python.failure import Failure

__all__ = ["BaseProcess", "reasonOf"]

_log = Logger()


class BaseProcess:
    """
    Tells a protocol that its process has ended: first `processExited`, then, when all pipes are
    closed, too, `processEnded`.

    @ivar pid: the number of the process; None when it has ended.
    @ivar status: how it ended, as `os.waitpid` tells; -1 until then.
    @ivar lostProcess: whether it has ended.
    """

    pid: int | None = None
    status: int | None = None
    lostProcess: bool | int = 0
    proto: Any = None

    def __init__(self, protocol: Any) -> None:
        self.proto = protocol

    def _getReason(self, status: Any) -> Any:
        """The exception that tells how the process ended."""
        raise NotImplementedError(f"{type(self).__name__}._getReason")

    def _callProcessExited(self, reason: Any) -> None:
        # Protocols that know nothing of it are older than it.
        exited = getattr(self.proto, "processExited", None)
        if exited is not None:
            try:
                exited(Failure(reason))
            except BaseException:
                _log.failure("Unexpected error from {protocol}.processExited", protocol=self.proto)

    def processEnded(self, status: Any) -> None:
        """The process has ended."""
        self.status = status
        self.lostProcess += 1
        self.pid = None
        self._callProcessExited(self._getReason(status))
        self.maybeCallProcessEnded()

    def maybeCallProcessEnded(self) -> None:
        """Tell the protocol, if the process has ended and its pipes are closed."""
        proto = self.proto
        if proto is None:
            return
        self.proto = None
        try:
            proto.processEnded(Failure(self._getReason(self.status)))
        except BaseException:
            _log.failure("Unexpected error from {protocol}.processEnded", protocol=proto)


def reasonOf(status: int | None) -> ProcessDone | ProcessTerminated:
    """
    The exception that tells how a process ended.

    @param status: as `os.waitpid` gives it; None if somebody else has taken it.
    """
    if status is None:
        return ProcessTerminated()
    if os.WIFEXITED(status):
        code = os.WEXITSTATUS(status)
        return ProcessTerminated(code, None, status) if code else ProcessDone(status)
    return ProcessTerminated(None, os.WTERMSIG(status), status)
