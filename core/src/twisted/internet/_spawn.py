"""
Start a program in a child process.

Where the system's ``posix_spawn`` can do all that is asked for, it does: the memory of this process
need not be copied, and threads do not matter. Another folder or another user need a `fork`.
"""

from __future__ import annotations

import errno
import fcntl
import itertools
import os
import resource
import signal
import sys
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from twisted.python.util import switchUID

__all__ = ["checkedArguments", "getFileActions", "resetSignals", "spawn"]

#: What can have a handler in this process; the child has none of them.
_SIGNALS = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}

_CLOSE, _DUP2 = os.POSIX_SPAWN_CLOSE, os.POSIX_SPAWN_DUP2


def checkedArguments(
    args: Sequence[str | bytes], env: Mapping[str | bytes, str | bytes] | None
) -> tuple[list[bytes], dict[bytes, bytes] | None]:
    """
    The arguments and the environment of a program as octets.

    @raise TypeError: something is neither text nor octets, or there is not even a name.
    @raise ValueError: something has a NUL in it.
    """

    def octets(value: str | bytes) -> bytes:
        if not isinstance(value, (str, bytes, os.PathLike)):
            raise TypeError(f"{value!r} is neither text nor octets")
        encoded = os.fsencode(value)
        if b"\0" in encoded:
            raise ValueError(f"{value!r} has a NUL in it")
        return encoded

    if isinstance(args, (str, bytes)):
        raise TypeError("the arguments of a program are a sequence, not one text")
    encoded = [octets(arg) for arg in args]
    if env is None:
        return encoded, None
    return encoded, {octets(name): octets(value) for name, value in env.items()}


def spawn(
    executable: str | bytes,
    args: Sequence[str | bytes],
    env: Mapping[str | bytes, str | bytes] | None,
    descriptors: Mapping[int, int],
    path: str | bytes | None = None,
    uid: int | None = None,
    gid: int | None = None,
    terminal: str | None = None,
) -> int:
    """
    Start a program.

    @param executable: its path, or its name, which is looked for in ``PATH``.
    @param args: its arguments, its own name first.
    @param env: its environment; None for that of this process.
    @param descriptors: its descriptors: which of them is which one of this process; there are no
        others.
    @param path: the folder to begin in.
    @param uid: the user to be.
    @param gid: the group to be.
    @param terminal: the path of a terminal for it to control, as standard input, output and error.
    @return: the number of the process.
    @raise OSError: the program cannot be started.
    """
    arguments, environment = checkedArguments(args, env)
    if not arguments:
        arguments = [os.fsencode(executable)]
    if environment is None:
        environment = {os.fsencode(k): os.fsencode(v) for k, v in os.environ.items()}
    file = _find(executable, environment)
    if path is None and uid is None and gid is None:
        return os.posix_spawn(
            file,
            arguments,
            environment,
            file_actions=_fileActions(descriptors, terminal),
            setsigdef=_SIGNALS,
            setsigmask=(),
            setsid=terminal is not None,
        )
    return _fork(file, arguments, environment, descriptors, path, uid, gid, terminal)


def _find(executable: str | bytes, environment: Mapping[bytes, bytes]) -> bytes:
    """
    The path of a program.

    @raise FileNotFoundError: there is none of that name.
    """
    name = os.fsencode(executable)
    if b"/" in name:
        return name
    for folder in environment.get(b"PATH", os.fsencode(os.defpath)).split(b":"):
        file = os.path.join(folder, name)
        if os.access(file, os.X_OK) and not os.path.isdir(file):
            return file
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), executable)


def _open() -> list[tuple[int, bool]]:
    """The descriptors of this process, and whether a program would not get them (close-on-exec)."""
    try:
        numbers = [int(name) for name in os.listdir("/dev/fd")]
    except OSError:
        numbers = list(range(resource.getrlimit(resource.RLIMIT_NOFILE)[0]))
    found = []
    for number in numbers:
        try:
            found.append((number, not os.get_inheritable(number)))
        except OSError:
            continue
    return found


def getFileActions(
    fdState: Sequence[tuple[int, bool]],
    childToParentFD: Mapping[int, int],
    doClose: int,
    doDup2: int,
) -> list[tuple[int, ...]]:
    """
    What has to be done to the descriptors of a process so that a program gets those that it should.

    @param fdState: the descriptors that are open, and whether each closes when a program starts.
    @param childToParentFD: the descriptors of the program, and which each of them is here.
    @param doClose: what stands for closing; `os.POSIX_SPAWN_CLOSE`, for instance.
    @param doDup2: what stands for dup2(2).
    @return: what to do, one after the other: `(doClose, fd)` or `(doDup2, from, to)`.
    """
    closes = dict(fdState)
    free = itertools.count(
        max((*closes, *childToParentFD, *childToParentFD.values()), default=0) + 1
    )
    actions: list[tuple[int, ...]] = []
    where = {mine: mine for mine in childToParentFD.values()}
    aside: list[int] = []

    def putAside(mine: int) -> None:
        where[mine] = next(free)
        aside.append(where[mine])
        actions.append((doDup2, mine, where[mine]))

    waiting = dict(childToParentFD)
    for childs, mine in childToParentFD.items():
        del waiting[childs]
        if childs == where[mine]:
            if closes.get(mine, True):
                # Only what was duplicated stays open.
                putAside(mine)
                actions.append((doDup2, where[mine], childs))
            continue
        if childs in waiting.values() and where[childs] == childs:
            # Somebody else will need what is about to be overwritten.
            putAside(childs)
        actions.append((doDup2, where[mine], childs))
    left = [fd for fd, ends in fdState if not ends and fd not in childToParentFD]
    return actions + [(doClose, fd) for fd in (*left, *aside)]


def _fileActions(descriptors: Mapping[int, int], terminal: str | None) -> list[Any]:
    """What `os.posix_spawn` has to do to the descriptors."""
    if terminal is None:
        return list(getFileActions(_open(), descriptors, _CLOSE, _DUP2))
    # The first terminal that the leader of a session opens becomes its own.
    first = (os.POSIX_SPAWN_OPEN, 0, terminal, os.O_RDWR, 0)
    others = [(_CLOSE, fd) for fd, ends in _open() if not ends and fd > 2]
    return [first, (_DUP2, 0, 1), (_DUP2, 0, 2), *others]


def _fork(
    file: bytes,
    arguments: list[bytes],
    environment: dict[bytes, bytes],
    descriptors: Mapping[int, int],
    path: str | bytes | None,
    uid: int | None,
    gid: int | None,
    terminal: str | None,
) -> int:
    """Start a program with a folder or a user of its own."""
    # Through this pipe the child tells why the program does not start; it closes when it does.
    reading, writing = os.pipe()
    try:
        with warnings.catch_warnings():
            # The child calls nothing that another thread may hold a lock for.
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid == 0:
            _child(writing, file, arguments, environment, descriptors, path, uid, gid, terminal)
        os.close(writing)
        writing = -1
        with os.fdopen(os.dup(reading), "rb") as pipe:
            problem = pipe.read()
    finally:
        os.close(reading)
        if writing >= 0:
            os.close(writing)
    if problem:
        os.waitpid(pid, 0)
        number, text, about = problem.split(b"\0")
        raise OSError(int(number), text.decode("utf-8", "replace"), os.fsdecode(about or file))
    return pid


def _child(
    writing: int,
    file: bytes,
    arguments: list[bytes],
    environment: dict[bytes, bytes],
    descriptors: Mapping[int, int],
    path: str | bytes | None,
    uid: int | None,
    gid: int | None,
    terminal: str | None,
) -> NoReturn:
    """What happens in the child until the program takes over."""
    try:
        above = max((*descriptors, *descriptors.values(), writing, 2), default=0) + 1
        writing = fcntl.fcntl(writing, fcntl.F_DUPFD_CLOEXEC, above)
        if terminal is not None:
            os.setsid()
            opened = os.open(terminal, os.O_RDWR)
            descriptors = {0: opened, 1: opened, 2: opened}
        for doing, *fds in getFileActions(_open(), descriptors, _CLOSE, _DUP2):
            if doing == _DUP2:
                os.dup2(fds[0], fds[1])
            else:
                os.close(fds[0])
        if path is not None:
            os.chdir(path)
        if uid is not None:
            switchUID(uid, gid)
        elif gid is not None:
            os.setgid(gid)
        resetSignals()
        os.execve(file, arguments, environment)
    except BaseException:
        problem: Any = sys.exc_info()[1]
        number = getattr(problem, "errno", None) or errno.EINVAL
        text = getattr(problem, "strerror", None) or str(problem)
        about = os.fsencode(getattr(problem, "filename", None) or b"")
        os.write(writing, b"\0".join([b"%d" % number, text.encode(), about]))
    finally:
        os._exit(1)


def resetSignals() -> None:
    """Give all signals the meaning that a program expects at its start."""
    for number in _SIGNALS:
        try:
            signal.signal(number, signal.SIG_DFL)
        except (OSError, ValueError):
            continue
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
