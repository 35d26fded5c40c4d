"""Zip archives, whose members are read and unpacked a piece at a time."""

from __future__ import annotations

import os
import os.path
import zipfile
from collections.abc import Iterator
from typing import IO, Any

__all__ = [
    "DIR_BIT",
    "ChunkingZipFile",
    "DeflatedZipFileEntry",
    "ZipFileEntry",
    "countFileChunks",
    "countZipFileChunks",
    "unzipIterChunky",
]

#: Set in the attributes of a member that is a directory.
DIR_BIT = 16


class ChunkingZipFile(zipfile.ZipFile):
    """An archive whose members can be read like files."""

    def readfile(self, name: str) -> _FileEntry:
        """
        Open a member.

        @raise KeyError: if there is none of that name.
        @raise RuntimeError: if the archive is closed, or open for writing.
        @raise zipfile.BadZipFile: if the archive is damaged, or packed in another way than by
            storing or deflating.
        """
        if self.fp is None:
            raise RuntimeError("the archive is closed")
        if self.mode != "r":
            raise RuntimeError('members can only be read of an archive that is opened with "r"')
        info = self.getinfo(name)
        kinds: dict[int, type[_FileEntry]] = {
            zipfile.ZIP_STORED: ZipFileEntry,
            zipfile.ZIP_DEFLATED: DeflatedZipFileEntry,
        }
        if info.compress_type not in kinds:
            raise zipfile.BadZipFile(
                f"{name!r} is packed by an unknown method, {info.compress_type}"
            )
        return kinds[info.compress_type](self, info.file_size, self.open(info))


class _FileEntry:
    """
    A member of an archive, opened for reading.

    @ivar finished: whether all of it has been read.
    """

    def __init__(
        self, chunkingZipFile: ChunkingZipFile, length: int, member: IO[bytes] | None = None
    ) -> None:
        self.chunkingZipFile = chunkingZipFile
        self.length = length
        self._member: Any = member
        self.closed = False

    @property
    def finished(self) -> int:
        """Whether all of it has been read."""
        return int(self.tell() >= self.length)

    def isatty(self) -> bool:
        """It is no terminal."""
        return False

    def tell(self) -> int:
        """How many bytes have been read."""
        return int(self._member.tell())

    def read(self, n: int | None = None) -> bytes:
        """
        Read some bytes.

        @param n: how many at most; by default all that are left.
        """
        return bytes(self._member.read(-1 if n is None else n))

    def readline(self) -> bytes:
        """Read a line, with its end."""
        return bytes(self._member.readline())

    def readlines(self) -> list[bytes]:
        """Read all lines that are left."""
        return list(self)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return bytes(next(self._member))

    next = __next__

    def close(self) -> None:
        """Read no more."""
        self.closed = True
        self._member.close()

    def __enter__(self) -> _FileEntry:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class ZipFileEntry(_FileEntry):
    """A member that is stored as it is."""


class DeflatedZipFileEntry(_FileEntry):
    """A member that is deflated."""


def countFileChunks(zipinfo: zipfile.ZipInfo, chunksize: int) -> int:
    """How many pieces a member is unpacked in; an empty one in one."""
    return max(1, -(-zipinfo.file_size // chunksize))


def countZipFileChunks(filename: str, chunksize: int) -> int:
    """How many pieces an archive is unpacked in."""
    with ChunkingZipFile(filename) as archive:
        return sum(countFileChunks(info, chunksize) for info in archive.infolist())


def unzipIterChunky(
    filename: str, directory: str = ".", overwrite: int = 0, chunksize: int = 4096
) -> Iterator[int]:
    """
    Unpack an archive a piece at a time.

    Members whose names lead out of the directory are unpacked into it all the same: ``..`` and
    leading slashes are left out.

    @param overwrite: whether files that are there are replaced; otherwise they stay.
    @return: an iterator that unpacks the next piece, and gives how many are left.
    @raise zipfile.BadZipFile: if the archive is damaged.
    """
    with ChunkingZipFile(filename) as archive:
        members = archive.infolist()
        remaining = sum(countFileChunks(info, chunksize) for info in members)
        for info in members:
            path = _within(directory, info.filename)
            if info.is_dir() or info.external_attr & DIR_BIT:
                os.makedirs(path, exist_ok=True)
                remaining -= 1
                yield remaining
                continue
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if os.path.exists(path) and not overwrite:
                remaining -= countFileChunks(info, chunksize)
                yield remaining
                continue
            with archive.readfile(info.filename) as member, open(path, "wb") as file:
                for _ in range(countFileChunks(info, chunksize)):
                    file.write(member.read(chunksize))
                    remaining -= 1
                    yield remaining


def _within(directory: str, name: str) -> str:
    """The path of a member, which is always below the directory."""
    parts = [part for part in name.replace(os.sep, "/").split("/") if part not in ("", ".", "..")]
    return os.path.join(directory, *parts)
