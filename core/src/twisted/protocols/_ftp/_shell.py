"""The files of an FTP server, and who gets which of them."""

from __future__ import annotations

import errno
import fnmatch
import grp
import os
import pwd
from collections.abc import Callable, Iterable, Sequence
from typing import IO, Any

from zope.interface import Interface, implementer

from twisted.cred import checkers
from twisted.cred.error import UnauthorizedLogin
from twisted.cred.portal import IRealm
from twisted.internet import defer
from twisted.internet.interfaces import IConsumer
from twisted.protocols._ftp import _replies as replies
from twisted.protocols._ftp._addresses import isGlobbingExpression
from twisted.protocols.basic import FileSender
from twisted.python import filepath

__all__ = [
    "BaseFTPRealm",
    "FTPAnonymousShell",
    "FTPRealm",
    "FTPShell",
    "FileConsumer",
    "IFTPShell",
    "IReadFile",
    "IRestartableFTPShell",
    "IWriteFile",
    "SystemFTPRealm",
    "errnoToFailure",
]

_Stats = list[Any]
_Listing = list[tuple[str, list[Any]]]


class IFTPShell(Interface):
    """
    The files that a user of an FTP server sees: the avatar of `twisted.cred`.

    Paths are sequences of segments from the user's root on.  All methods return Deferreds, which
    fail with an `FTPCmdError` for what the user should be told.
    """

    __module__ = "twisted.protocols.ftp"

    def makeDirectory(path):  # type: ignore[no-untyped-def]
        """Make a directory."""

    def removeDirectory(path):  # type: ignore[no-untyped-def]
        """Remove an empty directory."""

    def removeFile(path):  # type: ignore[no-untyped-def]
        """Remove a file."""

    def rename(fromPath, toPath):  # type: ignore[no-untyped-def]
        """Give a file or a directory another path."""

    def access(path):  # type: ignore[no-untyped-def]
        """See whether a directory may be the current one."""

    def stat(path, keys=()):  # type: ignore[no-untyped-def]
        """
        What is known of a file or a directory.

        @param keys: of C{"size"} in bytes, C{"directory"}, C{"permissions"} as a
            `twisted.python.filepath.Permissions`, C{"hardlinks"}, C{"modified"} in seconds since
            1970, C{"owner"} and C{"group"}.
        @return: fires with a list of values in that order; fails with `AttributeError` for others.
        """

    def list(path, keys=()):  # type: ignore[no-untyped-def]
        """
        What is in a directory, or a file itself.

        @return: fires with a list of pairs of a name and what `stat` would give.
        """

    def openForReading(path):  # type: ignore[no-untyped-def]
        """@return: fires with an `IReadFile`."""

    def openForWriting(path):  # type: ignore[no-untyped-def]
        """@return: fires with an `IWriteFile`, of a file that is empty now."""


class IRestartableFTPShell(IFTPShell):
    """A shell whose files need not be transferred from their beginning."""

    __module__ = "twisted.protocols.ftp"

    def openForReadingFrom(path, offset):  # type: ignore[no-untyped-def]
        """
        @param offset: where to begin, in bytes.
        @return: fires with an `IReadFile`.
        """

    def openForWritingFrom(path, offset):  # type: ignore[no-untyped-def]
        """
        @param offset: where to write, in bytes, what is behind it being dropped; None for the end.
        @return: fires with an `IWriteFile`.
        """


class IReadFile(Interface):
    """A file to be read, once."""

    __module__ = "twisted.protocols.ftp"

    def send(consumer):  # type: ignore[no-untyped-def]
        """
        Send all of it to a consumer.

        @return: a Deferred that fires when that has it.
        """


class IWriteFile(Interface):
    """A file to be written, once."""

    __module__ = "twisted.protocols.ftp"

    def receive():  # type: ignore[no-untyped-def]
        """@return: a Deferred that fires with an `IConsumer` for its contents."""

    def close():  # type: ignore[no-untyped-def]
        """
        Called when all has been written.

        @return: a Deferred that fires when it is safe.
        """


def errnoToFailure(e: int, path: object) -> defer.Deferred[Any]:
    """
    What the user is told when the system refuses something.

    @param e: the number of the error.
    @param path: what it is about.
    @return: a Deferred that has failed, with the exception being handled if nothing better is
        known.
    """
    if e == errno.ENOENT:
        return defer.fail(replies.FileNotFoundError(path))
    if e in (errno.EACCES, errno.EPERM, errno.EROFS):
        return defer.fail(replies.PermissionDeniedError(path))
    if e == errno.ENOTDIR:
        return defer.fail(replies.IsNotADirectoryError(path))
    if e in (errno.EEXIST, errno.ENOTEMPTY):
        return defer.fail(replies.FileExistsError(path))
    if e == errno.EISDIR:
        return defer.fail(replies.IsADirectoryError(path))
    if e in (errno.ENAMETOOLONG, errno.EINVAL):
        return defer.fail(replies.NameNotAllowedError())
    return defer.fail()


def _attempt(
    path: Iterable[str], function: Callable[..., Any], *args: object
) -> defer.Deferred[Any]:
    """Call a function. @return: a Deferred of what it returns, or of what the user is told."""
    try:
        return defer.succeed(function(*args))
    except OSError as e:
        return errnoToFailure(e.errno or 0, "/".join(path))
    except filepath.InsecurePath:
        return defer.fail(replies.FileNotFoundError("/".join(path)))
    except Exception:
        return defer.fail()


@implementer(IRestartableFTPShell)
class FTPAnonymousShell:
    """
    Files below a directory, to be read only.

    Nothing outside of it is reached: neither by C{..} nor by a symbolic link.

    @ivar filesystemRoot: the directory, a `twisted.python.filepath.FilePath`.
    """

    __module__ = "twisted.protocols.ftp"

    def __init__(self, filesystemRoot: Any) -> None:
        self.filesystemRoot = filesystemRoot

    def _path(self, path: Sequence[str]) -> Any:
        """The file of a path. @raise filepath.InsecurePath: if it is outside."""
        found = self.filesystemRoot
        for segment in path:
            if segment != ".":
                found = found.child(segment)
        return found

    def _inside(self, path: Sequence[str]) -> Any:
        """
        The file of a path.

        @raise filepath.InsecurePath: if it is outside, symbolic links considered.
        """
        found = self._path(path)
        root = os.path.realpath(self.filesystemRoot.path)
        real = os.path.realpath(found.path)
        if real != root and not real.startswith(root.rstrip(os.sep) + os.sep):
            raise filepath.InsecurePath(f"{found.path} leads out of {root}")
        return found

    def _place(self, path: Sequence[str]) -> Any:
        """The file of a path, which may be a symbolic link itself: what is removed or renamed."""
        if not path:
            raise PermissionError(errno.EPERM, "the root stays where it is")
        return self._inside(path[:-1]) and self._path(path)

    # Changes are refused.

    def makeDirectory(self, path: Sequence[str]) -> defer.Deferred[Any]:
        """Refuse."""
        return defer.fail(replies.AnonUserDeniedError())

    def removeDirectory(self, path: Sequence[str]) -> defer.Deferred[Any]:
        """Refuse."""
        return defer.fail(replies.AnonUserDeniedError())

    def removeFile(self, path: Sequence[str]) -> defer.Deferred[Any]:
        """Refuse."""
        return defer.fail(replies.AnonUserDeniedError())

    def rename(self, fromPath: Sequence[str], toPath: Sequence[str]) -> defer.Deferred[Any]:
        """Refuse."""
        return defer.fail(replies.AnonUserDeniedError())

    def receive(self, path: Sequence[str]) -> defer.Deferred[Any]:
        """Refuse."""
        return defer.fail(replies.AnonUserDeniedError())

    def openForWriting(self, path: Sequence[str]) -> defer.Deferred[Any]:
        """Refuse."""
        return defer.fail(replies.PermissionDeniedError("/".join(path)))

    def openForWritingFrom(self, path: Sequence[str], offset: int | None) -> defer.Deferred[Any]:
        """Refuse."""
        return self.openForWriting(path)

    # Reading

    def openForReading(self, path: Sequence[str]) -> defer.Deferred[Any]:
        """Open a file."""
        return self.openForReadingFrom(path, 0)

    def openForReadingFrom(self, path: Sequence[str], offset: int) -> defer.Deferred[Any]:
        """Open a file at some place."""
        return _attempt(path, self._open, path, offset)

    def _open(self, path: Sequence[str], offset: int) -> _FileReader:
        found = self._inside(path)
        if found.isdir():
            raise IsADirectoryError(errno.EISDIR, "a directory")
        # A pipe without a writer would keep everybody waiting.
        if found.exists() and not found.isfile():
            raise PermissionError(errno.EPERM, "no regular file")
        file = found.open("rb")
        file.seek(offset)
        return _FileReader(file)

    def access(self, path: Sequence[str]) -> defer.Deferred[Any]:
        """See whether a directory can be listed."""

        def attempt() -> None:
            found = self._inside(path)
            if not found.isdir():
                raise FileNotFoundError(errno.ENOENT, "no directory")
            found.listdir()

        return _attempt(path, attempt)

    def stat(self, path: Sequence[str], keys: Sequence[str] = ()) -> defer.Deferred[_Stats]:
        """What is known of a file."""

        def attempt() -> _Stats:
            found = self._inside(path)
            found.restat()
            return self._statNode(found, keys)

        return _attempt(path, attempt)

    def list(self, path: Sequence[str], keys: Sequence[str] = ()) -> defer.Deferred[_Listing]:
        """What is in a directory; of a pattern, what matches it."""
        return _attempt(path, self._list, path, keys)

    def _list(self, path: Sequence[str], keys: Sequence[str]) -> _Listing:
        pattern = None
        if isGlobbingExpression(path) and not self._path(path).exists():
            *path, pattern = path
        found = self._inside(path)
        if found.isdir():
            entries = [found.child(name) for name in sorted(found.listdir())]
        else:
            found.restat()
            entries = [found]
        listed = []
        for entry in entries:
            if pattern is not None and not fnmatch.fnmatchcase(entry.basename(), pattern):
                continue
            try:
                if entry is not found and entry.islink():
                    self._inside([*path, entry.basename()])
                entry.restat()
                listed.append((entry.basename(), self._statNode(entry, keys)))
            except (OSError, filepath.InsecurePath):
                continue  # it has gone, or is a link to nothing, or out of here
        return listed

    def _statNode(self, node: Any, keys: Sequence[str]) -> _Stats:
        """@raise AttributeError: for a key that is not known."""
        return [getattr(self, f"_stat_{key}")(node) for key in keys]

    def _stat_size(self, node: Any) -> int:
        return int(node.getsize())

    def _stat_permissions(self, node: Any) -> Any:
        return node.getPermissions()

    def _stat_hardlinks(self, node: Any) -> int:
        try:
            return int(node.getNumberOfHardLinks())
        except NotImplementedError:
            return 0

    def _stat_modified(self, node: Any) -> float:
        return float(node.getModificationTime())

    def _stat_owner(self, node: Any) -> str:
        try:
            number = node.getUserID()
        except NotImplementedError:
            return "0"
        try:
            return pwd.getpwuid(number).pw_name
        except KeyError:
            return str(number)

    def _stat_group(self, node: Any) -> str:
        try:
            number = node.getGroupID()
        except NotImplementedError:
            return "0"
        try:
            return grp.getgrgid(number).gr_name
        except KeyError:
            return str(number)

    def _stat_directory(self, node: Any) -> bool:
        return bool(node.isdir())


class FTPShell(FTPAnonymousShell):
    """Files below a directory, to be read and changed."""

    __module__ = "twisted.protocols.ftp"

    def makeDirectory(self, path: Sequence[str]) -> defer.Deferred[Any]:
        """Make a directory."""
        return _attempt(path, lambda: self._place(path).makedirs())

    def removeDirectory(self, path: Sequence[str]) -> defer.Deferred[Any]:
        """Remove an empty directory."""
        return _attempt(path, lambda: os.rmdir(self._place(path).path))

    def removeFile(self, path: Sequence[str]) -> defer.Deferred[Any]:
        """Remove a file; of a symbolic link, that itself."""

        def attempt() -> None:
            found = self._place(path)
            if found.isdir() and not found.islink():
                raise IsADirectoryError(errno.EISDIR, "a directory")
            os.remove(found.path)

        return _attempt(path, attempt)

    def rename(self, fromPath: Sequence[str], toPath: Sequence[str]) -> defer.Deferred[Any]:
        """Give a file or a directory another path."""

        def attempt() -> None:
            os.rename(self._place(fromPath).path, self._place(toPath).path)

        return _attempt(fromPath, attempt)

    def openForWriting(self, path: Sequence[str]) -> defer.Deferred[Any]:
        """Open a file, and empty it."""
        return _attempt(path, lambda: _FileWriter(self._inside(path).open("wb")))

    def openForWritingFrom(self, path: Sequence[str], offset: int | None) -> defer.Deferred[Any]:
        """Open a file at some place."""

        def attempt() -> _FileWriter:
            found = self._inside(path)
            if offset is None:
                return _FileWriter(found.open("ab"))
            file = found.open("r+b")
            file.truncate(offset)
            file.seek(offset)
            return _FileWriter(file)

        return _attempt(path, attempt)


@implementer(IReadFile)
class _FileReader:
    """An open file, to be read."""

    def __init__(self, fObj: IO[bytes]) -> None:
        self.fObj = fObj

    def send(self, consumer: Any) -> defer.Deferred[Any]:
        """Send it, and close it in any case."""

        def close(passed: Any) -> Any:
            self.fObj.close()
            return passed

        return FileSender().beginFileTransfer(self.fObj, consumer).addBoth(close)


@implementer(IWriteFile)
class _FileWriter:
    """An open file, to be written."""

    def __init__(self, fObj: IO[bytes]) -> None:
        self.fObj = fObj

    def receive(self) -> defer.Deferred[Any]:
        """A consumer that writes it."""
        return defer.succeed(FileConsumer(self.fObj))

    def close(self) -> defer.Deferred[None]:
        """It is written when it is closed, which the consumer does."""
        return defer.succeed(None)


@implementer(IConsumer)
class FileConsumer:
    """
    Writes to a file, and closes it when its producer has finished.

    @ivar fObj: the file.
    """

    __module__ = "twisted.protocols.ftp"

    def __init__(self, fObj: IO[bytes]) -> None:
        self.fObj = fObj
        self.producer: Any = None

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Be written to by a producer."""
        self.producer = producer

    def unregisterProducer(self) -> None:
        """Close the file."""
        self.producer = None
        self.fObj.close()

    def write(self, bytes: bytes) -> None:
        """Write."""
        self.fObj.write(bytes)


@implementer(IRealm)
class BaseFTPRealm:
    """
    Gives anonymous users a directory to read, and others a directory of their own.

    @ivar anonymousRoot: the first, a `twisted.python.filepath.FilePath`.
    """

    __module__ = "twisted.protocols.ftp"

    def __init__(self, anonymousRoot: str) -> None:
        self.anonymousRoot = filepath.FilePath(anonymousRoot)

    def getHomeDirectory(self, avatarId: Any) -> Any:
        """
        The directory of a user; to be overridden.

        @return: a `twisted.python.filepath.FilePath`.
        """
        raise NotImplementedError(f"{type(self).__qualname__}.getHomeDirectory")

    def requestAvatar(self, avatarId: Any, mind: Any, *interfaces: Any) -> Any:
        """
        The shell of a user.

        @raise NotImplementedError: if none of the interfaces is `IFTPShell`.
        """
        for interface in interfaces:
            if interface is IFTPShell:
                shell: FTPAnonymousShell
                if avatarId is checkers.ANONYMOUS:
                    shell = FTPAnonymousShell(self.anonymousRoot)
                else:
                    shell = FTPShell(self.getHomeDirectory(avatarId))
                return IFTPShell, shell, getattr(shell, "logout", lambda: None)
        raise NotImplementedError("Only IFTPShell interface is supported by this realm")


class FTPRealm(BaseFTPRealm):
    """
    Gives users the directories of their names below another one.

    @ivar userHome: that one, a `twisted.python.filepath.FilePath`.
    """

    __module__ = "twisted.protocols.ftp"

    def __init__(self, anonymousRoot: str, userHome: str = "/home") -> None:
        super().__init__(anonymousRoot)
        self.userHome = filepath.FilePath(userHome)

    def getHomeDirectory(self, avatarId: Any) -> Any:
        """
        The directory of a user's name.

        @raise twisted.cred.error.UnauthorizedLogin: if the name cannot be one of a directory.
        """
        try:
            home = self.userHome.child(_name(avatarId))
        except filepath.InsecurePath:
            raise UnauthorizedLogin("no name of a directory") from None
        if home == self.userHome:
            raise UnauthorizedLogin("no name of a directory")
        return home


class SystemFTPRealm(BaseFTPRealm):
    """Gives users of the system their home directories."""

    __module__ = "twisted.protocols.ftp"

    def getHomeDirectory(self, avatarId: Any) -> Any:
        """
        The home directory of a user.

        @raise twisted.cred.error.UnauthorizedLogin: if the system does not know the user.
        """
        try:
            return filepath.FilePath(pwd.getpwnam(_name(avatarId)).pw_dir)
        except (KeyError, ValueError):
            raise UnauthorizedLogin("no such user of the system") from None


def _name(avatarId: Any) -> str:
    """The name of a user; some checkers give it in bytes."""
    return avatarId.decode("utf-8", "surrogateescape") if isinstance(avatarId, bytes) else avatarId
