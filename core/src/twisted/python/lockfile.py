"""Locks between processes, made of symbolic links that name the process."""

from __future__ import annotations

import os

__all__ = ["FilesystemLock", "isLocked"]


def _alive(pid: int) -> bool:
    """Whether there is a process of this number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class FilesystemLock:
    """
    A lock that one process may have at a time.

    It is a symbolic link, which a file system makes atomically, to the number of the process.  A
    lock of a process that is no more counts as free.

    @ivar name: the path of the link.
    @ivar locked: whether this object has the lock.
    @ivar clean: whether the lock was free when it was taken, not left by a process that died.
    """

    clean: bool | None = None
    locked = False

    def __init__(self, name: str | bytes) -> None:
        self.name = os.fsdecode(name)

    def lock(self) -> bool:
        """
        Try to get the lock.

        @return: whether this object has it now.
        @raise OSError: if the link can be neither made nor read.
        """
        clean = True
        while True:
            try:
                os.symlink(str(os.getpid()), self.name)
            except FileExistsError:
                try:
                    owner = os.readlink(self.name)
                except FileNotFoundError:
                    continue  # freed between the two calls
                try:
                    if _alive(int(owner)):
                        return False
                except ValueError:
                    return False
                clean = False
                self._removeStale(owner)
                continue
            self.locked = True
            self.clean = clean
            return True

    def _removeStale(self, owner: str) -> None:
        """Remove the link of a process that died, unless somebody else has done so already."""
        stale = f"{self.name}.{os.getpid()}.stale"
        try:
            os.rename(self.name, stale)
        except FileNotFoundError:
            return
        if os.readlink(stale) != owner:
            # Another process was faster and has the lock: put its link back.
            try:
                os.link(stale, self.name, follow_symlinks=False)
            except FileExistsError:
                pass
        os.unlink(stale)

    def unlock(self) -> None:
        """
        Free the lock.

        @raise ValueError: if another process has it.
        """
        owner = os.readlink(self.name)
        if int(owner) != os.getpid():
            raise ValueError(f"lock {self.name!r} is held by process {owner}")
        os.unlink(self.name)
        self.locked = False


def isLocked(name: str | bytes) -> bool:
    """Whether some process has the lock at a path."""
    lock = FilesystemLock(name)
    try:
        owner = os.readlink(lock.name)
    except FileNotFoundError:
        return False
    try:
        return _alive(int(owner))
    except ValueError:
        return True
