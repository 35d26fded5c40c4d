"""What all paths have in common, whether they lead to files or into archives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import IO, Any, AnyStr, Generic

from zope.interface import Attribute, Interface


class IFilePath(Interface):
    """
    A path to something that can be read like a file or a directory.
    """

    sep: Any = Attribute("What stands between its segments.")

    def child(name: Any) -> Any:
        """
        The path of something in this directory.

        @raise InsecurePath: if that is anywhere else.
        """

    def open(mode: str = "r") -> Any:
        """Open the file, in binary."""

    def changed() -> None:
        """Forget what is known about the file."""

    def getsize() -> int:
        """Its size in bytes."""

    def getModificationTime() -> float:
        """When it was changed last, in seconds since the epoch."""

    def getStatusChangeTime() -> float:
        """When its status was changed last, in seconds since the epoch."""

    def getAccessTime() -> float:
        """When it was read last, in seconds since the epoch."""

    def exists() -> bool:
        """Whether it exists."""

    def isdir() -> bool:
        """Whether it is a directory."""

    def isfile() -> bool:
        """Whether it is a file."""

    def children() -> Any:
        """The paths of what is in this directory."""

    def basename() -> Any:
        """The last segment."""

    def parent() -> Any:
        """The path of the directory that this is in."""

    def sibling(name: Any) -> Any:
        """The path of something beside this."""


class InsecurePath(Exception):
    """A segment of a path would lead to another place than it should."""

    __module__ = "twisted.python.filepath"


class LinkError(Exception):
    """A symbolic link leads to itself."""

    __module__ = "twisted.python.filepath"


class UnlistableError(OSError):
    """
    The children of something cannot be listed.

    @ivar originalException: what the system said.
    """

    __module__ = "twisted.python.filepath"

    def __init__(self, originalException: OSError) -> None:
        super().__init__(*originalException.args)
        self.originalException = originalException


class AbstractFilePath(Generic[AnyStr]):
    """
    What can be said of a path by means of its class's other methods.

    @ivar path: the path, as text or bytes.
    """

    __module__ = "twisted.python.filepath"

    Selfish = Any

    path: AnyStr

    def getAccessTime(self) -> float:
        """When it was read last, in seconds since the epoch."""
        raise NotImplementedError(f"{type(self).__name__} does not know when it was read")

    def getModificationTime(self) -> float:
        """When it was changed last, in seconds since the epoch."""
        raise NotImplementedError(f"{type(self).__name__} does not know when it was changed")

    def getStatusChangeTime(self) -> float:
        """When its status was changed last, in seconds since the epoch."""
        raise NotImplementedError(f"{type(self).__name__} has no status")

    def getatime(self) -> int:
        """When it was read last, in whole seconds since the epoch."""
        return int(self.getAccessTime())

    def getmtime(self) -> int:
        """When it was changed last, in whole seconds since the epoch."""
        return int(self.getModificationTime())

    def getctime(self) -> int:
        """When its status was changed last, in whole seconds since the epoch."""
        return int(self.getStatusChangeTime())

    def parent(self) -> Any:
        """The path of the directory that this is in."""
        raise NotImplementedError(f"{type(self).__name__} has no parent")

    def basename(self) -> AnyStr:
        """The last segment."""
        raise NotImplementedError(f"{type(self).__name__} has no name")

    def child(self, path: AnyStr) -> Any:
        """The path of something in this directory."""
        raise NotImplementedError(f"{type(self).__name__} has no children")

    def listdir(self) -> list[AnyStr]:
        """The names of what is in this directory."""
        raise NotImplementedError(f"{type(self).__name__} has no children")

    def isdir(self) -> bool:
        """Whether it is a directory."""
        raise NotImplementedError(f"{type(self).__name__} may be a directory")

    def islink(self) -> bool:
        """Whether it is a symbolic link."""
        return False

    def realpath(self) -> Any:
        """This, or what it leads to if it is a symbolic link."""
        return self

    def open(self, mode: str = "r") -> IO[bytes]:
        """Open the file, in binary."""
        raise NotImplementedError(f"{type(self).__name__} cannot be opened")

    def getContent(self) -> bytes:
        """All that is in the file."""
        with self.open() as file:
            return file.read()

    def parents(self) -> Iterator[Any]:
        """The directories that this is in, the nearest first."""
        path = self
        above = path.parent()
        while path != above:
            yield above
            path, above = above, above.parent()

    def children(self) -> Iterable[Any]:
        """
        The paths of what is in this directory.

        @raise UnlistableError: if it cannot be listed.
        """
        try:
            names = self.listdir()
        except OSError as error:
            raise UnlistableError(error) from error
        return [self.child(name) for name in names]

    def walk(self, descend: Callable[[Any], bool] | None = None) -> Iterator[Any]:
        """
        This, and all that is below.

        @param descend: tells whether to look into a directory; by default all are.
        @raise LinkError: if a symbolic link leads to a directory that it is in.
        """
        yield self
        if not self.isdir():
            return
        for child in self.children():
            if descend is not None and not descend(child):
                yield child
                continue
            if child.islink() and child.realpath() in [self.realpath(), *self.parents()]:
                raise LinkError(f"{child} leads to a directory that it is in")
            yield from child.walk(descend)

    def sibling(self, path: AnyStr) -> Any:
        """
        The path of something beside this.

        @raise InsecurePath: if that is anywhere else.
        """
        return self.parent().child(path)

    def descendant(self, segments: Sequence[AnyStr]) -> Any:
        """
        The path that several segments lead to, one below the other.

        @raise InsecurePath: if one of them leads anywhere else.
        """
        path = self
        for segment in segments:
            path = path.child(segment)
        return path

    def segmentsFrom(self, ancestor: Any) -> list[AnyStr]:
        """
        The segments that lead here.

        @param ancestor: from where.
        @raise ValueError: if they do not lead here from there.
        """
        segments: list[AnyStr] = []
        path: Any = self
        while path != ancestor:
            above = path.parent()
            if above == path:
                raise ValueError(f"{self} is not below {ancestor}")
            segments.insert(0, path.basename())
            path = above
        return segments
