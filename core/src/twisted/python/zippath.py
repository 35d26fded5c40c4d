"""
Paths into zip archives::

    archive = ZipArchive("project.zip")
    text = archive.child("docs").child("index.txt").getContent()
"""

from __future__ import annotations

import errno
import os
import time
from typing import IO, Any, AnyStr

from zope.interface import implementer

from twisted.python.filepath import AbstractFilePath, FilePath, IFilePath, UnlistableError
from twisted.python.zipstream import ChunkingZipFile

__all__ = ["ZIP_PATH_SEP", "ZipArchive", "ZipPath"]

#: What separates the segments of names within archives.
ZIP_PATH_SEP = "/"


@implementer(IFilePath)
class ZipPath(AbstractFilePath[AnyStr]):
    """
    A file or a directory in an archive.

    @ivar archive: the `ZipArchive`.
    @ivar pathInArchive: the name of the member.
    @ivar path: the path of the archive and the name, joined, as text or bytes as the name is.
    """

    archive: Any

    def __init__(self, archive: ZipArchive[Any], pathInArchive: AnyStr) -> None:
        self.archive = archive
        self.pathInArchive: AnyStr = pathInArchive
        name = self._text.replace(ZIP_PATH_SEP, os.sep)
        path = os.path.join(os.fsdecode(archive.path), name)
        self.path = self._likeName(path)

    @property
    def _text(self) -> str:
        name = self.pathInArchive
        return name.decode("utf-8") if isinstance(name, bytes) else name

    def _likeName(self, text: str) -> AnyStr:
        return text.encode("utf-8") if isinstance(self.pathInArchive, bytes) else text

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ZipPath):
            return NotImplemented
        return (self.archive, self._text) == (other.archive, other._text)

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, ZipPath):
            return NotImplemented
        return bool((self.archive, self._text) < (other.archive, other._text))

    def __hash__(self) -> int:
        return hash((self.archive, self._text))

    def __repr__(self) -> str:
        archive = os.path.abspath(os.fsdecode(self.archive.path))
        parts = [archive, *self._text.split(ZIP_PATH_SEP)]
        return f"ZipPath({self._likeName(os.sep.join(parts))!r})"

    @property
    def sep(self) -> AnyStr:
        """What separates segments."""
        return self._likeName(ZIP_PATH_SEP)

    def parent(self) -> Any:
        """The directory that this is in."""
        above, _, _ = self._text.rpartition(ZIP_PATH_SEP)
        return ZipPath(self.archive, self._likeName(above)) if above else self.archive

    def child(self, path: Any) -> ZipPath[Any]:
        """
        Something in this directory, whose path is of the type of the name. It is not looked whether
        the name leads out of the directory: members of archives have no parents but by their names.
        """
        name = path.decode("utf-8") if isinstance(path, bytes) else path
        joined = f"{self._text}{ZIP_PATH_SEP}{name}" if self._text else name
        return ZipPath(self.archive, joined.encode("utf-8") if isinstance(path, bytes) else joined)

    def sibling(self, path: Any) -> ZipPath[Any]:
        """Something beside this."""
        return self.parent().child(path)  # type: ignore[no-any-return]

    def exists(self) -> bool:
        """Whether there is such a member, or one below it."""
        return self.isdir() or self.isfile()

    def isdir(self) -> bool:
        """Whether it is a directory."""
        return self._text in self.archive.childmap

    def isfile(self) -> bool:
        """Whether it is a file."""
        return not self.isdir() and self._text in self.archive.zipfile.NameToInfo

    def islink(self) -> bool:
        """Never: links are not looked for."""
        return False

    def listdir(self) -> list[AnyStr]:
        """
        The names of what is in this directory.

        @raise UnlistableError: if it is a file, or there is none.
        """
        if self.isdir():
            return [self._likeName(name) for name in self.archive.childmap[self._text]]
        number = errno.ENOTDIR if self.exists() else errno.ENOENT
        raise UnlistableError(OSError(number, os.strerror(number), self.path))

    def splitext(self) -> tuple[AnyStr, AnyStr]:
        """The path and its extension."""
        return os.path.splitext(self.path)

    def basename(self) -> AnyStr:
        """The last segment."""
        return self._likeName(self._text.rpartition(ZIP_PATH_SEP)[2])

    def dirname(self) -> AnyStr:
        """The path of the directory that this is in."""
        return self.parent().path  # type: ignore[no-any-return]

    def open(self, mode: str = "r") -> IO[bytes]:
        """
        Open the file for reading.

        @param mode: ``r`` or ``rb``.
        @raise ValueError: if it is to be written to.
        @raise KeyError: if there is no such file.
        """
        if mode.replace("b", "") not in ("", "r"):
            raise ValueError("members of archives can only be read")
        return self.archive.zipfile.readfile(self._text)  # type: ignore[no-any-return]

    def changed(self) -> None:
        """Nothing is known that could change."""

    def _info(self) -> Any:
        return self.archive.zipfile.NameToInfo[self._text]

    def getsize(self) -> int:
        """
        Its size in bytes.

        @raise KeyError: if there is no such file.
        """
        return int(self._info().file_size)

    def getAccessTime(self) -> float:
        """When the archive was read last, in seconds since the epoch."""
        return float(self.archive.getAccessTime())

    def getModificationTime(self) -> float:
        """
        When it was changed last, in seconds since the epoch, as far as the archive tells.

        @raise KeyError: if there is no such file.
        """
        return time.mktime((*self._info().date_time, 0, 0, -1))

    def getStatusChangeTime(self) -> float:
        """When it was changed last, in seconds since the epoch."""
        return self.getModificationTime()


class ZipArchive(ZipPath[AnyStr]):
    """
    An archive: the directory that all others in it are below.

    @ivar zipfile: the archive, opened.
    @ivar childmap: the names in each of its directories.
    """

    def __init__(self, archivePathname: AnyStr | os.PathLike[AnyStr]) -> None:
        """
        @raise zipfile.BadZipFile: if it is no archive.
        """
        path = os.fspath(archivePathname)
        self.path = path
        self.pathInArchive = path[:0]
        self.zipfile = ChunkingZipFile(os.fsdecode(path))
        self.childmap: dict[str, dict[str, int]] = {"": {}}
        for name in self.zipfile.namelist():
            self._remember(name)

    def _remember(self, name: str) -> None:
        parts = name.rstrip(ZIP_PATH_SEP).split(ZIP_PATH_SEP)
        if name.endswith(ZIP_PATH_SEP):
            self.childmap.setdefault(name.rstrip(ZIP_PATH_SEP), {})
        for depth, part in enumerate(parts):
            self.childmap.setdefault(ZIP_PATH_SEP.join(parts[:depth]), {})[part] = 1

    @property
    def archive(self) -> ZipArchive[AnyStr]:
        """Itself."""
        return self

    def __eq__(self, other: object) -> bool:
        return self.path == other.path if isinstance(other, ZipArchive) else NotImplemented

    def __lt__(self, other: object) -> bool:
        return self.path < other.path if isinstance(other, ZipArchive) else NotImplemented

    def __hash__(self) -> int:
        return hash((ZipArchive, self.path))

    def __repr__(self) -> str:
        return f"ZipArchive({os.path.abspath(self.path)!r})"

    def basename(self) -> AnyStr:
        """The name of the archive."""
        return os.path.basename(self.path)

    def exists(self) -> bool:
        """Whether the archive exists."""
        return FilePath(self.path).exists()

    def getsize(self) -> int:
        """The size of the archive in bytes."""
        return FilePath(self.path).getsize()

    def getAccessTime(self) -> float:
        """When the archive was read last, in seconds since the epoch."""
        return FilePath(self.path).getAccessTime()

    def getModificationTime(self) -> float:
        """When the archive was changed last, in seconds since the epoch."""
        return FilePath(self.path).getModificationTime()

    def getStatusChangeTime(self) -> float:
        """When the status of the archive was changed last, in seconds since the epoch."""
        return FilePath(self.path).getStatusChangeTime()
