"""
Paths of files as objects, which are left only on purpose: `FilePath.child` goes down, and nowhere
else, whatever it is given.
"""

from __future__ import annotations

import errno
import glob
import os
import sys
from os import listdir as listdir
from os import stat as stat
from os import urandom as randomBytes
from os import utime as utime
from stat import S_IMODE, S_ISBLK, S_ISDIR, S_ISREG, S_ISSOCK
from stat import S_IRGRP as S_IRGRP
from stat import S_IROTH as S_IROTH
from stat import S_IRUSR as S_IRUSR
from stat import S_IWGRP as S_IWGRP
from stat import S_IWOTH as S_IWOTH
from stat import S_IWUSR as S_IWUSR
from stat import S_IXGRP as S_IXGRP
from stat import S_IXOTH as S_IXOTH
from stat import S_IXUSR as S_IXUSR
from typing import IO, Any, AnyStr, TypeVar, cast

from zope.interface import implementer

from twisted.python._abstractpath import (
    AbstractFilePath,
    IFilePath,
    InsecurePath,
    LinkError,
    UnlistableError,
)
from twisted.python._permissions import RWX, Permissions

__all__ = [
    "RWX",
    "AbstractFilePath",
    "FilePath",
    "IFilePath",
    "InsecurePath",
    "LinkError",
    "Permissions",
    "UnlistableError",
]

#: Errors of Windows, by their numbers there.
ERROR_FILE_NOT_FOUND = 2
ERROR_PATH_NOT_FOUND = 3
ERROR_INVALID_NAME = 123
ERROR_DIRECTORY = 267

#: Keeps Windows from changing line ends.
O_BINARY: int = getattr(os, "O_BINARY", 0)

#: How much of a file is copied at once, in bytes.
_PORTION = 1 << 18


def _as(example: AnyStr, text: str) -> AnyStr:
    """Text in the type of something else."""
    return os.fsencode(text) if isinstance(example, bytes) else text


def _isBelow(directory: AnyStr, path: AnyStr) -> bool:
    """Whether a path is a directory or below it."""
    sep = _as(directory, os.sep)
    return path == directory or path.startswith(directory.rstrip(sep) + sep)


#: How a file is opened: a letter, and C{b} and C{+} in any order behind it.
FileMode = str

#: Text or bytes, whichever the other paths are not.
OtherAnyStr = TypeVar("OtherAnyStr", str, bytes)


@implementer(IFilePath)
class FilePath(AbstractFilePath[AnyStr]):
    """
    The path of a file or directory, which may or may not exist.

    What the system says about a file is kept once it was asked; `changed` forgets it, and `restat`
    asks anew.

    @ivar path: the absolute path, as text or bytes.
    @ivar alwaysCreate: whether `open` for writing fails if there is such a file already.
    """

    _status: os.stat_result | None = None
    alwaysCreate: bool | int = False

    def __init__(self, path: AnyStr | os.PathLike[AnyStr], alwaysCreate: bool = False) -> None:
        """
        @param path: absolute, or from the directory that this process is in.
        """
        self.path = os.path.abspath(os.fspath(path))
        self.alwaysCreate = alwaysCreate

    def __getstate__(self) -> dict[str, Any]:
        """Everything but what the system said."""
        state = self.__dict__.copy()
        state.pop("_status", None)
        return state

    def __fspath__(self) -> AnyStr:
        """For functions of the standard library that take paths."""
        return self.path

    def __repr__(self) -> str:
        return f"FilePath({self.path!r})"

    def __hash__(self) -> int:
        return hash((FilePath, self.path))

    def __eq__(self, other: object) -> bool:
        return self.path == other.path if isinstance(other, FilePath) else NotImplemented

    def __lt__(self, other: object) -> bool:
        return self.path < other.path if isinstance(other, FilePath) else NotImplemented

    def __le__(self, other: object) -> bool:
        return self.path <= other.path if isinstance(other, FilePath) else NotImplemented

    def __gt__(self, other: object) -> bool:
        return self.path > other.path if isinstance(other, FilePath) else NotImplemented

    def __ge__(self, other: object) -> bool:
        return self.path >= other.path if isinstance(other, FilePath) else NotImplemented

    # Other paths

    @property
    def sep(self) -> AnyStr:
        """What stands between segments, in the type of the path."""
        return _as(self.path, os.sep)

    def clonePath(self, path: Any, alwaysCreate: bool = False) -> FilePath[Any]:
        """Another path of the same kind; subclasses say here how it is made."""
        return FilePath(path, alwaysCreate=alwaysCreate)

    def _mine(self, path: Any) -> AnyStr:
        """A path as text or bytes, whichever this is."""
        if isinstance(self.path, bytes):
            return os.fsencode(path)
        return os.fsdecode(path)

    def _asBytesPath(self, encoding: str | None = None) -> bytes:
        """The path as octets."""
        return _asFilesystemBytes(self.path, encoding)

    def _asTextPath(self, encoding: str | None = None) -> str:
        """The path as text."""
        return _coerceToFilesystemEncoding("", self.path, encoding)

    def asTextMode(self, encoding: str | None = None) -> FilePath[str]:
        """The same path, as text."""
        if isinstance(self.path, str):
            return self
        path = os.fsdecode(self.path) if encoding is None else self.path.decode(encoding)
        return self.clonePath(path)

    def asBytesMode(self, encoding: str | None = None) -> FilePath[bytes]:
        """The same path, as bytes."""
        if isinstance(self.path, bytes):
            return self
        path = os.fsencode(self.path) if encoding is None else self.path.encode(encoding)
        return self.clonePath(path)

    def _typed(self, path: Any) -> tuple[Any, Any]:
        """The own path and a segment, both of the segment's type."""
        if isinstance(path, bytes):
            return os.fsencode(self.path), path
        return os.fsdecode(self.path), path

    def child(self, path: Any) -> FilePath[Any]:
        """
        The path of something in this directory.

        It is text or bytes, whichever the segment is.

        @param path: one segment.
        @raise InsecurePath: if it leads anywhere else: ``..``, a separator, NUL.
        """
        own, segment = self._typed(path)
        if any(_as(segment, sign) in segment for sign in (os.sep, os.altsep or "", "\0") if sign):
            raise InsecurePath(f"{segment!r} is more than one segment of a path")
        joined = os.path.abspath(os.path.join(own, segment))
        if not _isBelow(own, joined):
            raise InsecurePath(f"{joined!r} is not in {own!r}")
        return self.clonePath(joined)

    def preauthChild(self, path: Any) -> FilePath[Any]:
        """
        The path of something below this directory.

        @param path: any number of segments.
        @raise InsecurePath: if they lead anywhere else.
        """
        own, segments = self._typed(path)
        joined = os.path.abspath(os.path.join(own, segments))
        if _as(segments, "\0") in segments or not _isBelow(own, joined):
            raise InsecurePath(f"{joined!r} is not below {own!r}")
        return self.clonePath(joined)

    def childSearchPreauth(self, *paths: Any) -> FilePath[Any] | None:
        """
        The first of several paths below this directory that exists, or None.

        @raise InsecurePath: if one leads anywhere else.
        """
        for path in paths:
            candidate = self.preauthChild(path)
            if candidate.exists():
                return candidate
        return None

    def siblingExtensionSearch(self, *exts: Any) -> FilePath[Any] | None:
        """
        The first path that exists with one of several extensions added, or None.

        @param exts: ``""`` stands for this itself, and ``"*"`` for any extension.
        """
        for ext in exts:
            if not ext and self.exists():
                return self.clonePath(_as(ext, os.fsdecode(self.path)))
            if ext in ("*", b"*"):
                beside = glob.escape(_as(ext, os.fsdecode(self.path))) + _as(ext, ".*")
                found = sorted(glob.glob(beside))
                if found:
                    return self.clonePath(found[0])
            elif ext and self.siblingExtension(ext).exists():
                return self.siblingExtension(ext)
        return None

    def siblingExtension(self, ext: Any) -> FilePath[Any]:
        """The path with an extension added; of the type of that."""
        return self.clonePath(_as(ext, os.fsdecode(self.path)) + ext)

    def realpath(self) -> FilePath[AnyStr]:
        """
        The path that symbolic links lead to.

        @raise LinkError: if they lead in a circle.
        """
        try:
            return self.clonePath(os.path.realpath(self.path, strict=self.islink()))
        except FileNotFoundError:
            return self.clonePath(os.path.realpath(self.path))
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise LinkError(f"{self.path!r} is a link that leads in a circle") from error
            raise

    def splitext(self) -> tuple[AnyStr, AnyStr]:
        """The path without its extension, and the extension."""
        return os.path.splitext(self.path)

    def basename(self) -> AnyStr:
        """The last segment."""
        return os.path.basename(self.path)

    def dirname(self) -> AnyStr:
        """The path without the last segment."""
        return os.path.dirname(self.path)

    def parent(self) -> FilePath[AnyStr]:
        """The path of the directory that this is in."""
        return self.clonePath(self.dirname())

    def isabs(self) -> bool:
        """Whether the path is absolute, which it always is."""
        return os.path.isabs(self.path)

    def globChildren(self, pattern: Any) -> list[FilePath[Any]]:
        """The paths in this directory that a pattern of the shell fits."""
        path = _as(pattern, os.fsdecode(self.path))
        return [
            self.clonePath(each) for each in glob.glob(os.path.join(glob.escape(path), pattern))
        ]

    def temporarySibling(self, extension: Any = None) -> FilePath[Any]:
        """
        A path beside this at which there is nothing, with a name that nobody can guess.

        @param extension: what the name ends with.
        """
        extension = self._mine("") if extension is None else extension
        name = f"_{randomBytes(16).hex()}" + os.fsdecode(self.basename())
        sibling: FilePath[Any] = self.sibling(_as(extension, name) + extension)
        sibling.requireCreate()
        return sibling

    # What the system says

    def restat(self, reraise: bool = True) -> None:
        """
        Ask the system about the file.

        @param reraise: whether an error is raised; otherwise it is taken for absence.
        @raise OSError: if there is no such file, or it may not be asked about.
        """
        try:
            self._status = stat(self.path)
        except OSError:
            self._status = None
            if reraise:
                raise

    def changed(self) -> None:
        """Forget what the system said."""
        self._status = None

    def _stat(self) -> os.stat_result:
        """What the system says; raises `OSError` if there is no such file."""
        if self._status is None:
            self.restat()
        assert self._status is not None
        return self._status

    def _mode(self) -> int:
        """The mode, or 0 if there is no such file."""
        if self._status is None:
            self.restat(False)
        return 0 if self._status is None else self._status.st_mode

    def exists(self) -> bool:
        """Whether there is such a file or directory."""
        return self._mode() != 0

    def isdir(self) -> bool:
        """Whether it is a directory, or a link to one."""
        return S_ISDIR(self._mode())

    def isfile(self) -> bool:
        """Whether it is a regular file, or a link to one."""
        return S_ISREG(self._mode())

    def isBlockDevice(self) -> bool:
        """Whether it is a block device."""
        return S_ISBLK(self._mode())

    def isSocket(self) -> bool:
        """Whether it is a socket."""
        return S_ISSOCK(self._mode())

    def islink(self) -> bool:
        """Whether it is a symbolic link; the system is asked each time."""
        return os.path.islink(self.path)

    def getsize(self) -> int:
        """
        The size in bytes.

        @raise OSError: if there is no such file; so do the others.
        """
        return self._stat().st_size

    def getModificationTime(self) -> float:
        """When it was changed last, in seconds since the epoch."""
        return float(self._stat().st_mtime)

    def getStatusChangeTime(self) -> float:
        """When its status was changed last, in seconds since the epoch."""
        return float(self._stat().st_ctime)

    def getAccessTime(self) -> float:
        """When it was read last, in seconds since the epoch."""
        return float(self._stat().st_atime)

    def getInodeNumber(self) -> int:
        """The number of the inode."""
        return self._stat().st_ino

    def getDevice(self) -> int:
        """The number of the device that it is on."""
        return self._stat().st_dev

    def getNumberOfHardLinks(self) -> int:
        """How many names it has."""
        return self._stat().st_nlink

    def getUserID(self) -> int:
        """The number of its owner."""
        return self._stat().st_uid

    def getGroupID(self) -> int:
        """The number of its group."""
        return self._stat().st_gid

    def getPermissions(self) -> Permissions:
        """Who may do what with it."""
        return Permissions(S_IMODE(self._stat().st_mode))

    def chmod(self, mode: int) -> None:
        """
        Set who may do what with it.

        @param mode: such as ``0o644``.
        """
        os.chmod(self.path, mode)
        self.changed()

    # Reading and writing

    def listdir(self) -> list[AnyStr]:
        """
        The names of what is in this directory.

        @raise OSError: if it cannot be listed.
        """
        return listdir(self.path)

    def requireCreate(self, val: bool = True) -> None:
        """Have `open` for writing fail, or not, if there is such a file already."""
        self.alwaysCreate = val

    def create(self) -> IO[bytes]:
        """
        Make the file, open for reading and writing.

        @raise FileExistsError: if there is one already.
        """
        flags = os.O_EXCL | os.O_CREAT | os.O_RDWR | O_BINARY
        return os.fdopen(os.open(self.path, flags, 0o666), "w+b")

    def open(self, mode: str = "r") -> IO[bytes]:
        """
        Open the file, in binary.

        @raise FileExistsError: if it is to be created and there is one already.
        """
        if self.alwaysCreate:
            if "a" in mode:
                raise ValueError("a file that is to be created cannot be appended to")
            return self.create()
        return cast(IO[bytes], open(self.path, mode.replace("b", "") + "b"))

    def getContent(self) -> bytes:
        """All that is in the file."""
        with self.open() as file:
            return file.read()

    def setContent(self, content: bytes, ext: Any = ".new") -> None:
        """
        Replace what is in the file, so that nobody ever sees a part of it.

        @param ext: what the name of the file ends with while it is written.
        """
        beside = self.temporarySibling(ext)
        with beside.open("w") as file:
            file.write(content)
        os.replace(beside.path, self.path)
        self.changed()

    def touch(self) -> None:
        """Make the file if there is none, and note that it was changed now."""
        with open(self.path, "ab"):
            utime(self.path)
        self.changed()

    def createDirectory(self) -> None:
        """
        Make the directory.

        @raise OSError: if there is something already, or nothing above it.
        """
        os.mkdir(self.path)
        self.changed()

    def makedirs(self, ignoreExistingDirectory: bool = False) -> None:
        """
        Make the directory and those above it.

        @raise FileExistsError: if there is something already, unless it is a directory and that is
            to be ignored.
        """
        try:
            os.makedirs(self.path)
        except FileExistsError:
            if not (ignoreExistingDirectory and os.path.isdir(self.path)):
                raise
        self.changed()

    def remove(self) -> None:
        """Remove the file, or the directory with all that is in it; links are not followed."""
        if self.isdir() and not self.islink():
            for child in self.children():
                child.remove()
            os.rmdir(self.path)
        else:
            os.remove(self.path)
        self.changed()

    def linkTo(self, linkFilePath: FilePath[Any]) -> None:
        """
        Make a symbolic link that leads here.

        @param linkFilePath: where.
        """
        os.symlink(self.path, self._mine(linkFilePath.path))

    def copyTo(self, destination: FilePath[Any], followLinks: bool = True) -> None:
        """
        Copy the file, or the directory with all that is in it.

        @param followLinks: whether what links lead to is copied, instead of the links.
        @raise OSError: if there is nothing to copy, or it is neither a file nor a directory.
        """
        if self.islink() and not followLinks:
            os.symlink(os.readlink(self.path), self._mine(destination.path))
            return
        if self.isdir():
            if not destination.exists():
                destination.createDirectory()
            for child in self.children():
                child.copyTo(destination.child(child.basename()), followLinks)
        elif self.isfile():
            with destination.open("w") as there, self.open() as here:
                while portion := here.read(_PORTION):
                    there.write(portion)
        else:
            self.restat()
            raise NotImplementedError(f"{self.path!r} is neither a file nor a directory")
        destination.changed()

    def moveTo(self, destination: FilePath[Any], followLinks: bool = True) -> None:
        """
        Move the file or directory; between file systems it is copied and removed.

        @param followLinks: whether then what links lead to is copied, instead of the links.
        """
        try:
            os.rename(self.path, self._mine(destination.path))
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            beside = destination.temporarySibling()
            self.copyTo(beside, followLinks)
            os.rename(beside.path, destination.path)
            self.remove()
        self.changed()
        destination.changed()


def _coerceToFilesystemEncoding(
    path: AnyStr, newpath: str | bytes, encoding: str | None = None
) -> AnyStr:
    """`newpath`, as text or octets as `path` is."""
    wanted = type(path)
    if isinstance(newpath, wanted):
        return newpath
    encoding = encoding or sys.getfilesystemencoding()
    other: Any = newpath.encode(encoding) if isinstance(newpath, str) else newpath.decode(encoding)
    return other  # type: ignore[no-any-return]


def _asFilesystemBytes(path: str | bytes, encoding: str | None = None) -> bytes:
    """`path` as octets."""
    return _coerceToFilesystemEncoding(b"", path, encoding)
