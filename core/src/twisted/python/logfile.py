"""
Files that logs are written to, which begin anew when they grow too long, or each day.

A rotated file keeps its name with a suffix: a number that grows as it gets older, or the date.
"""

from __future__ import annotations

import glob
import os
import stat
import time
from typing import IO, Any, ClassVar

from twisted.python import threadable

__all__ = ["BaseLogFile", "DailyLogFile", "LogFile", "LogReader"]


class BaseLogFile:
    """
    A file that a log is appended to.

    @ivar path: where it is.
    @ivar defaultMode: its permissions; those that the system gives if C{None}.
    @ivar closed: whether it is closed.
    """

    synchronized: ClassVar[list[str]] = ["write", "rotate"]

    def __init__(self, name: str, directory: str, defaultMode: int | None = None) -> None:
        """
        Open the file, and make it if need be.

        @raise OSError: if that is not possible.
        """
        self.directory = directory
        self.name = name
        self.path = os.path.join(directory, name)
        if defaultMode is None and os.path.exists(self.path):
            self.defaultMode: int | None = stat.S_IMODE(os.stat(self.path).st_mode)
        else:
            self.defaultMode = defaultMode
        self._openFile()

    @classmethod
    def fromFullPath(cls, filename: str, *args: Any, **kwargs: Any) -> Any:
        """
        Open a file by its path.

        @param args: what the class takes beside the name and the directory.
        """
        path = os.path.abspath(filename)
        return cls(os.path.basename(path), os.path.dirname(path), *args, **kwargs)

    def shouldRotate(self) -> bool:
        """Whether it is time to begin anew."""
        raise NotImplementedError

    def _openFile(self) -> None:
        self.closed = False
        mode = 0o666 if self.defaultMode is None else self.defaultMode
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, mode)
        self._file = os.fdopen(descriptor, "rb+", 0)
        self._file.seek(0, os.SEEK_END)
        if self.defaultMode is not None:
            try:
                os.chmod(self.path, self.defaultMode)
            except OSError:  # it is somebody else's
                pass

    def write(self, data: str | bytes) -> None:
        """
        Append to the file, after beginning anew if it is time.

        @param data: text is written in UTF-8.
        """
        if self.shouldRotate():
            self.flush()
            self.rotate()
        if isinstance(data, str):
            data = data.encode("utf-8", "surrogateescape")
        self._file.write(data)

    def flush(self) -> None:
        """Nothing: each write is passed on at once."""
        self._file.flush()

    def close(self) -> None:
        """Close the file; nothing can be written any more."""
        self.closed = True
        self._file.close()

    def reopen(self) -> None:
        """Open the file again by its path, after somebody else has renamed it."""
        self.close()
        self._openFile()

    def getCurrentLog(self) -> LogReader:
        """A reader of what has been written since it was rotated last."""
        return LogReader(self.path)

    def rotate(self) -> None:
        """Begin anew."""
        raise NotImplementedError

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        for name in ("_file", "_threadable_lock"):
            state.pop(name, None)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._openFile()

    def _mayRotate(self) -> bool:
        """Whether files may be renamed, and there is one."""
        return os.access(self.directory, os.W_OK) and os.access(self.path, os.W_OK)


class LogFile(BaseLogFile):
    """
    A log that begins anew when it grows too long. Rotated files have numbers; 1 is the latest.

    @ivar rotateLength: how long it may grow, in bytes; C{None} for ever.
    @ivar maxRotatedFiles: how many rotated files are kept; C{None} for all.
    """

    def __init__(
        self,
        name: str,
        directory: str,
        rotateLength: int | None = 1_000_000,
        defaultMode: int | None = None,
        maxRotatedFiles: int | None = None,
    ) -> None:
        super().__init__(name, directory, defaultMode)
        self.rotateLength = rotateLength
        self.maxRotatedFiles = maxRotatedFiles

    def _openFile(self) -> None:
        super()._openFile()
        self.size = self._file.tell()

    def shouldRotate(self) -> bool:
        """Whether it is too long."""
        return bool(self.rotateLength and self.size >= self.rotateLength)

    def getLog(self, identifier: int) -> LogReader:
        """
        A reader of a rotated file.

        @raise ValueError: if there is none of that number.
        """
        path = f"{self.path}.{identifier}"
        if not os.path.exists(path):
            raise ValueError("no such logfile exists")
        return LogReader(path)

    def write(self, data: str | bytes) -> None:
        """Append to the file, after beginning anew if it is too long."""
        super().write(data)
        self.size += len(data)

    def rotate(self) -> None:
        """Begin anew; the file becomes number 1, and so on. Nothing, if that is not allowed."""
        if not self._mayRotate():
            return
        for number in reversed(self.listLogs()):
            path = f"{self.path}.{number}"
            if self.maxRotatedFiles is not None and number >= self.maxRotatedFiles:
                os.remove(path)
            else:
                os.rename(path, f"{self.path}.{number + 1}")
        self._file.close()
        os.rename(self.path, f"{self.path}.1")
        self._openFile()

    def listLogs(self) -> list[int]:
        """The numbers of the rotated files, the latest first."""
        prefix = len(self.path) + 1
        suffixes = [path[prefix:] for path in glob.glob(f"{glob.escape(self.path)}.*")]
        return sorted(int(suffix) for suffix in suffixes if suffix.isdecimal() and int(suffix))

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        del state["size"]
        return state


class DailyLogFile(BaseLogFile):
    """
    A log that begins anew each day. Rotated files have dates, such as ``2026_11_21``.

    @ivar lastDate: the day that is written now.
    """

    def _openFile(self) -> None:
        super()._openFile()
        self.lastDate = self.toDate(os.stat(self.path).st_mtime)

    def shouldRotate(self) -> bool:
        """Whether another day has come."""
        return self.toDate() > self.lastDate

    def toDate(self, *args: float) -> tuple[int, int, int]:
        """The local date of a time in seconds since the epoch, by default of now."""
        return time.localtime(*args)[:3]

    def suffix(self, tupledate: tuple[int, int, int] | float) -> str:
        """What is added to the name of a file for a date, or for the date of a time."""
        if not isinstance(tupledate, tuple):
            tupledate = self.toDate(tupledate)
        return "_".join(map(str, tupledate))

    def getLog(self, identifier: float) -> LogReader:
        """
        A reader of the file of a day.

        @param identifier: a time of that day, in seconds since the epoch.
        @raise ValueError: if there is none.
        """
        if self.toDate(identifier) == self.lastDate:
            return self.getCurrentLog()
        path = f"{self.path}.{self.suffix(identifier)}"
        if not os.path.exists(path):
            raise ValueError("no such logfile exists")
        return LogReader(path)

    def write(self, data: str | bytes) -> None:
        """Append to the file, after beginning anew if another day has come."""
        super().write(data)
        # A clock that is set back does not make an old day's file of it.
        self.lastDate = max(self.lastDate, self.toDate())

    def rotate(self) -> None:
        """Begin anew. Nothing, if that is not allowed, or was done for this day already."""
        path = f"{self.path}.{self.suffix(self.lastDate)}"
        if not self._mayRotate() or os.path.exists(path):
            return
        self._file.close()
        os.rename(self.path, path)
        self._openFile()


class LogReader:
    """Reads a log from its beginning."""

    def __init__(self, name: str) -> None:
        """
        @raise OSError: if there is no such file.
        """
        self._filename = name
        self._file: IO[str] = open(name, encoding="utf-8", errors="replace")  # noqa: SIM115

    def readLines(self, lines: int = 10) -> list[str]:
        """The next lines; an empty list at the end."""
        found = (self._file.readline() for _ in range(lines))
        return [line for line in found if line]

    def close(self) -> None:
        """Close the file."""
        self._file.close()


for _kind in (BaseLogFile, LogFile, DailyLogFile):
    _own = [name for name in BaseLogFile.synchronized if name in vars(_kind)]
    for _name in _own:
        setattr(_kind, _name, threadable._synchronized(vars(_kind)[_name]))
