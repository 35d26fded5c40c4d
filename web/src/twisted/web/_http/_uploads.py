"""Files that forms bring: those of a form are kept in one place, on the disk if that is large."""

from __future__ import annotations

import io
import os
import re
import shutil
from functools import cached_property
from tempfile import TemporaryFile
from threading import Lock
from typing import IO, Any

#: A form's files are kept on the disk above this many bytes.
KEPT_IN_MEMORY = 100_000

_SEPARATORS = re.compile(r"[/\\]")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")


def bare_name(name: str) -> str:
    """
    The last part of a path, of either kind, without controls; empty if nothing good is left.
    """
    last = _CONTROLS.sub("", _SEPARATORS.split(name)[-1]).strip()
    return "" if last in (".", "..") else last


class Spool:
    """
    Bytes in memory, or on the disk when there are many.

    @ivar size: how many there are.
    @ivar onDisk: where.
    """

    def __init__(self) -> None:
        self._file: IO[bytes] = io.BytesIO()
        self._lock = Lock()
        self.size = 0
        self.onDisk = False

    def write(self, data: bytes | bytearray) -> None:
        """Put bytes behind the others."""
        if not self.onDisk and self.size + len(data) > KEPT_IN_MEMORY:
            file = TemporaryFile()  # noqa: SIM115
            file.write(self._file.getvalue())  # type: ignore[attr-defined]
            self._file = file
            self.onDisk = True
        self._file.write(data)
        self.size += len(data)

    def read(self, start: int, size: int) -> bytes:
        """
        Some of the bytes.

        @raise ValueError: if those on the disk are gone.
        """
        # Files of one form may be read by several threads.
        with self._lock:
            self._file.seek(start)
            return self._file.read(size)

    def close(self) -> None:
        """Part with what is on the disk."""
        if self.onDisk:
            self._file.close()


class _Part(io.RawIOBase):
    """A part of a spool as a file."""

    def __init__(self, spool: Spool, start: int, size: int) -> None:
        super().__init__()
        self._spool = spool
        self._start = start
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        begin = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        if begin + offset < 0:
            raise ValueError("a place before the beginning")
        self._at = begin + offset
        return self._at

    def readinto(self, buffer: Any) -> int:
        wanted = max(0, min(len(buffer), self._size - self._at))
        data = self._spool.read(self._start + self._at, wanted)
        self._at += len(data)
        buffer[: len(data)] = data
        return len(data)


class UploadedFile:
    """
    A file that a form brought; when the request is over, it may be gone.

    @ivar name: what the form calls it.
    @ivar filename: how the client called the file, without folders; it may be empty, and still is
        nothing to trust: two clients may use the same.
    @ivar contentType: what the client says that is in it.
    @ivar size: in bytes.
    """

    __module__ = "twisted.web.http"

    def __init__(self, spool: Spool, name: bytes, filename: str, contentType: str) -> None:
        self._spool = spool
        self._start = spool.size
        self.name = name
        self.filename = bare_name(filename)
        self.contentType = contentType
        self.size = 0

    def __repr__(self) -> str:
        return f"<UploadedFile {self.filename!r} of {self.size} bytes>"

    def write(self, data: bytes | bytearray) -> None:
        """Take a piece; all of a file come before the next file begins."""
        self._spool.write(data)
        self.size += len(data)

    @cached_property
    def file(self) -> io.BufferedReader:
        """What is in it, to be read and searched."""
        return io.BufferedReader(_Part(self._spool, self._start, self.size))

    def content(self) -> bytes:
        """
        All that is in it.

        @raise ValueError: if it is gone.
        """
        return self._spool.read(self._start, self.size)

    def save(self, path: str | os.PathLike[str]) -> None:
        """
        Write it to a new file.  For large ones do this in a thread.

        @raise FileExistsError: if there is one of that name.
        @raise ValueError: if it is gone.
        """
        with open(path, "xb") as target:
            shutil.copyfileobj(_Part(self._spool, self._start, self.size), target)
