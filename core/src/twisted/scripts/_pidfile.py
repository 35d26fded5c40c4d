"""The file that says which process runs a program."""

from __future__ import annotations

import errno
import os
import sys
from typing import Any

__all__ = ["checkPID", "removePID", "writePID"]


def _runs(pid: int) -> bool:
    """Whether there is such a process, whoever's it is."""
    try:
        os.kill(pid, 0)
    except OSError as error:
        return error.errno != errno.ESRCH
    return True


def _isOurs(pid: int) -> bool:
    """
    Whether a process could be one that wrote a pid file: it runs Python, as far as can be seen.

    After a crash of the machine, another program may have the number.
    """
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            state = file.read().rpartition(b")")[2].split()[0]
        if state in (b"Z", b"X"):  # it has ended, and nobody has asked how
            return False
        executable = os.readlink(f"/proc/{pid}/exe")
    except (OSError, IndexError):
        return True
    return executable.removesuffix(" (deleted)") == os.path.realpath(sys.executable)


def checkPID(pidfile: str | None) -> None:
    """
    See that the program does not run already; a file that was left behind is removed.

    @raise SystemExit: if it runs, or the file makes no sense.
    """
    if not pidfile:
        return
    try:
        with open(pidfile, encoding="ascii", errors="replace") as file:
            text = file.read(100).strip()
    except FileNotFoundError:
        return
    except OSError as error:
        sys.exit(f"Can't check status of PID from pidfile {pidfile}: {error.strerror}")
    if not text.isdecimal():
        sys.exit(f"Pidfile {pidfile} contains non-numeric value")
    pid = int(text)
    # In a container this process may well have the number of the one before.
    if pid and pid != os.getpid() and _runs(pid) and _isOurs(pid):
        sys.exit(
            f"Another twistd server is running, PID {pid}\n\n"
            f"It wrote {os.path.abspath(pidfile)}. Stop it first, or run this one in another "
            "folder or with another --pidfile and --logfile.\n"
        )
    print(f"Removing stale pidfile {os.path.abspath(pidfile)}", file=sys.stderr)
    os.remove(pidfile)


def writePID(pidfile: str | None) -> None:
    """
    Write the number of this process.

    The file is a new one: what another user may have put in its place, such as a link, is not
    written to.

    @raise OSError: if that is not possible.
    """
    if not pidfile:
        return
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with os.fdopen(os.open(pidfile, flags, 0o644), "wb") as file:
        file.write(b"%d" % os.getpid())


def removePID(pidfile: str | None, log: Any) -> None:
    """Remove the file; that it cannot be removed is logged."""
    if not pidfile:
        return
    try:
        os.unlink(pidfile)
    except FileNotFoundError:
        pass
    except OSError:
        log.failure("The pid file {pidfile} cannot be removed", pidfile=pidfile)
