"""
Be told of changes to files and folders, by Linux's inotify(7)::

    def changed(notifier, path, mask):
        print(path, humanReadableMask(mask))

    notifier = INotify()
    notifier.startReading()
    notifier.watch(FilePath("/some/folder"), callbacks=[changed])
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Callable, Iterator
from typing import Any

from twisted.internet import fdesc
from twisted.internet.abstract import FileDescriptor
from twisted.internet.currentreactor import currentReactor
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.python.filepath import FilePath

_log = Logger()

# What can happen, in the numbers of inotify(7).
IN_ACCESS = 0x00000001
IN_MODIFY = 0x00000002
IN_ATTRIB = 0x00000004
IN_CLOSE_WRITE = 0x00000008
IN_CLOSE_NOWRITE = 0x00000010
IN_OPEN = 0x00000020
IN_MOVED_FROM = 0x00000040
IN_MOVED_TO = 0x00000080
IN_CREATE = 0x00000100
IN_DELETE = 0x00000200
IN_DELETE_SELF = 0x00000400
IN_MOVE_SELF = 0x00000800
IN_UNMOUNT = 0x00002000
IN_Q_OVERFLOW = 0x00004000
IN_IGNORED = 0x00008000
IN_ONLYDIR = 0x01000000
IN_DONT_FOLLOW = 0x02000000
IN_MASK_ADD = 0x20000000
IN_ISDIR = 0x40000000
IN_ONESHOT = 0x80000000

IN_CLOSE = IN_CLOSE_WRITE | IN_CLOSE_NOWRITE
IN_MOVED = IN_MOVED_FROM | IN_MOVED_TO
IN_CHANGED = IN_MODIFY | IN_ATTRIB
IN_WATCH_MASK = (
    IN_MODIFY
    | IN_ATTRIB
    | IN_CREATE
    | IN_DELETE
    | IN_DELETE_SELF
    | IN_MOVE_SELF
    | IN_UNMOUNT
    | IN_MOVED_FROM
    | IN_MOVED_TO
)

__all__ = [
    "IN_ACCESS",
    "IN_ATTRIB",
    "IN_CHANGED",
    "IN_CLOSE",
    "IN_CLOSE_NOWRITE",
    "IN_CLOSE_WRITE",
    "IN_CREATE",
    "IN_DELETE",
    "IN_DELETE_SELF",
    "IN_DONT_FOLLOW",
    "IN_IGNORED",
    "IN_ISDIR",
    "IN_MASK_ADD",
    "IN_MODIFY",
    "IN_MOVED",
    "IN_MOVED_FROM",
    "IN_MOVED_TO",
    "IN_MOVE_SELF",
    "IN_ONESHOT",
    "IN_ONLYDIR",
    "IN_OPEN",
    "IN_Q_OVERFLOW",
    "IN_UNMOUNT",
    "IN_WATCH_MASK",
    "INotify",
    "humanReadableMask",
]

_NAMES = {
    IN_ACCESS: "access",
    IN_MODIFY: "modify",
    IN_ATTRIB: "attrib",
    IN_CLOSE_WRITE: "close_write",
    IN_CLOSE_NOWRITE: "close_nowrite",
    IN_OPEN: "open",
    IN_MOVED_FROM: "moved_from",
    IN_MOVED_TO: "moved_to",
    IN_CREATE: "create",
    IN_DELETE: "delete",
    IN_DELETE_SELF: "delete_self",
    IN_MOVE_SELF: "move_self",
    IN_UNMOUNT: "unmount",
    IN_Q_OVERFLOW: "queue_overflow",
    IN_IGNORED: "ignored",
    IN_ONLYDIR: "only_dir",
    IN_DONT_FOLLOW: "dont_follow",
    IN_MASK_ADD: "mask_add",
    IN_ISDIR: "is_dir",
    IN_ONESHOT: "one_shot",
}

#: Watch, mask, cookie, and the length of the name that follows.
_EVENT = struct.Struct("=iIII")

Callback = Callable[[Any, FilePath[Any], int], object]


def humanReadableMask(mask: int) -> list[str]:
    """The names of what a mask says."""
    return [name for bit, name in _NAMES.items() if mask & bit]


class _System:
    """The calls of the C library, which Python has no names for."""

    def __init__(self) -> None:
        library = ctypes.CDLL(None, use_errno=True)
        self._init = library.inotify_init1
        self._add = library.inotify_add_watch
        self._add.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_uint32]
        self._remove = library.inotify_rm_watch

    @staticmethod
    def _checked(result: int, path: bytes | None = None) -> int:
        if result < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), path)
        return result

    def init(self) -> int:
        """A new descriptor, not inherited, not blocking."""
        return self._checked(self._init(os.O_CLOEXEC | os.O_NONBLOCK))

    def add(self, fd: int, path: bytes, mask: int) -> int:
        """Watch a path. @return: the number of the watch."""
        return self._checked(self._add(fd, path, mask), path)

    def remove(self, fd: int, watch: int) -> None:
        """Watch a path no longer."""
        self._checked(self._remove(fd, watch))


class _Watch:
    """A path that is watched."""

    def __init__(
        self, path: FilePath[Any], mask: int, autoAdd: bool, callbacks: list[Callback]
    ) -> None:
        self.path = path
        self.mask = mask
        self.autoAdd = autoAdd
        self.callbacks = callbacks


class INotify(FileDescriptor):
    """
    Tells of changes to files and folders. `startReading` begins, `loseConnection` ends it.

    @param reactor: who watches; the global reactor if it is None.
    @raise OSError: the system has too many such objects.
    @raise AttributeError: the system has no inotify.
    """

    connected = 1

    def __init__(self, reactor: Any = None) -> None:
        FileDescriptor.__init__(self, currentReactor(reactor))
        self._system = _System()
        self._fd = self._system.init()
        self._watches: dict[int, _Watch] = {}
        self._numbers: dict[bytes, int] = {}

    def fileno(self) -> int:
        """The number of the descriptor, or -1 after the end."""
        return self._fd

    def logPrefix(self) -> str:
        """What log messages begin with."""
        return "inotify"

    # Watching

    def watch(
        self,
        path: FilePath[Any],
        mask: int = IN_WATCH_MASK,
        autoAdd: bool = False,
        callbacks: list[Callback] | None = None,
        recursive: bool = False,
    ) -> int:
        """
        Tell of changes to a file, or to a folder and what is right in it.

        @param path: a `FilePath`.
        @param mask: which changes.
        @param autoAdd: whether to watch folders that are made in it, too.
        @param callbacks: called with this, the path that has changed, and a mask of what happened.
        @param recursive: whether to watch all folders below it, too.
        @return: the number of the watch.
        @raise OSError: the path is not there, or there are too many watches.
        """
        if recursive:
            for folder in self._foldersBelow(path):
                self._add(folder, mask, autoAdd, callbacks)
        return self._add(path, mask, autoAdd, callbacks)

    @staticmethod
    def _foldersBelow(path: FilePath[Any]) -> Iterator[FilePath[Any]]:
        if path.isdir():
            for child in path.walk(lambda child: not child.islink()):
                if child.path != path.path and child.isdir() and not child.islink():
                    yield child

    def _add(
        self,
        path: FilePath[Any],
        mask: int,
        autoAdd: bool,
        callbacks: list[Callback] | None,
    ) -> int:
        name = os.fsencode(path.path)
        known = self._numbers.get(name)
        if known is not None:
            return known
        number = self._system.add(self._fd, name, mask)
        self._watches[number] = _Watch(path, mask, autoAdd, list(callbacks or ()))
        self._numbers[name] = number
        return number

    def ignore(self, path: FilePath[Any]) -> None:
        """
        Tell of a path no longer.

        @raise KeyError: it is not watched.
        """
        number = self._numbers[os.fsencode(path.path)]
        self._forget(number)
        try:
            self._system.remove(self._fd, number)
        except OSError:
            # The system has forgotten it already, since the path is gone.
            pass

    def _isWatched(self, path: FilePath[Any]) -> int | bool:
        """The number of the watch of a path, or False."""
        return self._numbers.get(os.fsencode(path.path), False)

    def _forget(self, number: int) -> None:
        watch = self._watches.pop(number, None)
        if watch is not None:
            self._numbers.pop(os.fsencode(watch.path.path), None)

    # Being told

    def doRead(self) -> Any:
        """Read what has happened, and tell."""
        return fdesc.readFromFD(self._fd, self._received)

    def _received(self, data: bytes) -> None:
        offset = 0
        while offset < len(data):
            number, mask, _, length = _EVENT.unpack_from(data, offset)
            offset += _EVENT.size
            name = data[offset : offset + length].rstrip(b"\0")
            offset += length
            self._happened(number, mask, name)

    def _happened(self, number: int, mask: int, name: bytes) -> None:
        if mask & IN_Q_OVERFLOW:
            _log.warn("More has changed than the system could tell")
            return
        watch = self._watches.get(number)
        if watch is None:
            return
        path = watch.path
        if name:
            path = path.child(os.fsdecode(name) if isinstance(path.path, str) else name)
        if mask & IN_IGNORED:
            self._forget(number)
            return
        self._tell(watch, path, mask)
        if mask & IN_DELETE_SELF:
            self._forget(number)
        elif watch.autoAdd and mask & IN_ISDIR and mask & (IN_CREATE | IN_MOVED_TO):
            self._addNew(watch, path)

    def _tell(self, watch: _Watch, path: FilePath[Any], mask: int) -> None:
        for callback in watch.callbacks:
            try:
                callback(self, path, mask)
            except BaseException:
                _log.failure("Unexpected error from {callback}", callback=callback)

    def _addNew(self, watch: _Watch, folder: FilePath[Any]) -> None:
        """Watch a folder that has been made, and tell of what was put into it meanwhile."""
        try:
            self._add(folder, watch.mask, True, watch.callbacks)
            children = folder.children()
        except OSError:
            # It is gone again.
            return
        for child in children:
            isFolder = child.isdir() and not child.islink()
            self._tell(watch, child, IN_CREATE | (IN_ISDIR if isFolder else 0))
            if isFolder:
                self._addNew(watch, child)

    # The end

    def loseConnection(self) -> None:
        """Tell of nothing any more."""
        if not self.disconnected and not self.disconnecting:
            self.disconnecting = 1
            self.stopReading()
            self.reactor.callLater(0, self.connectionLost, Failure(OSError("inotify was closed")))

    def connectionLost(self, reason: Failure) -> None:
        """Close the descriptor."""
        if self.disconnected:
            return
        FileDescriptor.connectionLost(self, reason)
        fd, self._fd = self._fd, -1
        os.close(fd)
        self._watches.clear()
        self._numbers.clear()
