"""
The common part of the reactors that ask the system which descriptors are ready: the tables of who
watches what, and the serving of those that are.

This is the innermost loop of the library.  For a descriptor with data there is one look-up and one
call; whatever matters only when something fails is worked out then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zope.interface import implementer

from twisted.internet import error
from twisted.internet._metrics import ReactorMetrics
from twisted.internet.interfaces import IReactorFDSet
from twisted.internet.posixbase import PosixReactorBase
from twisted.python.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ERROR", "GONE", "HANG_UP", "READ", "WRITE", "DescriptorReactor"]

# What epoll and poll report, in the numbers of Linux; other ways are translated to these.
READ = 0x01
WRITE = 0x04
ERROR = 0x08
HANG_UP = 0x10
GONE = 0x20

_READ_OR_TROUBLE = READ | ERROR | HANG_UP
_TROUBLE = ERROR | HANG_UP


@implementer(IReactorFDSet)
class DescriptorReactor(PosixReactorBase):
    """
    A reactor over a table of readers and one of writers, both by the number of the descriptor.

    A subclass gives `doIteration`, and `_watch` to be told what to look for.
    """

    def __init__(self) -> None:
        self._readers: dict[int, Any] = {}
        self._writers: dict[int, Any] = {}
        super().__init__()

    def _newPoller(self) -> None:
        """Have an object of the system's own that nobody else watches descriptors with."""

    def _afterFork(self) -> None:
        """In a process that was forked off: watch the same descriptors, apart from the parent."""
        self.metrics = ReactorMetrics(self.metrics.sources)
        readers, writers = self.getReaders(), self.getWriters()
        self._readers.clear()
        self._writers.clear()
        self._newPoller()
        waker, self.waker = self.waker, None
        if waker is not None:
            self._internalReaders.discard(waker)
            waker.connectionLost(Failure(error.ConnectionDone()))
        self.installWaker()
        for reader in readers:
            if reader is not waker:
                self.addReader(reader)
        for writer in writers:
            self.addWriter(writer)

    def _watch(self, fd: int, before: int, now: int) -> None:
        """
        Look for the events ``now`` on ``fd``, where it was ``before``.

        @raise OSError: the system does not know the descriptor.
        """
        raise NotImplementedError(f"{type(self).__qualname__} does not provide _watch")

    def addReader(self, reader: Any) -> None:
        """Call ``reader.doRead`` whenever data come for it."""
        self._add(reader, self._readers, READ, self._writers, WRITE)

    def addWriter(self, writer: Any) -> None:
        """Call ``writer.doWrite`` whenever it takes data."""
        self._add(writer, self._writers, WRITE, self._readers, READ)

    def _add(
        self, descriptor: Any, table: dict[int, Any], event: int, other: dict[int, Any], second: int
    ) -> None:
        fd = descriptor.fileno()
        known = table.get(fd)
        if known is descriptor:
            return
        before = second if fd in other else 0
        if known is not None:
            # A descriptor was closed without a word, and its number has come back for another one.
            before |= event
        table[fd] = descriptor
        try:
            self._watch(fd, before, before | event)
        except BaseException:
            del table[fd]
            raise

    def removeReader(self, reader: Any) -> None:
        """Ignore data that come for ``reader``; nothing happens if they are ignored already."""
        self._remove(reader, self._readers, READ, self._writers, WRITE)

    def removeWriter(self, writer: Any) -> None:
        """Ignore that ``writer`` takes data; nothing happens if that is ignored already."""
        self._remove(writer, self._writers, WRITE, self._readers, READ)

    def _remove(
        self, descriptor: Any, table: dict[int, Any], event: int, other: dict[int, Any], second: int
    ) -> None:
        fd = descriptor.fileno()
        if fd < 0:
            # Closed already: only its old place in the table can tell which number it had.
            numbers = [number for number, known in table.items() if known is descriptor]
            if not numbers:
                return
            fd = numbers[0]
        elif table.get(fd) is not descriptor:
            return
        del table[fd]
        now = second if fd in other else 0
        try:
            self._watch(fd, now | event, now)
        except OSError:
            # The system has forgotten a descriptor that was closed before.
            pass

    def removeAll(self) -> list[Any]:
        """Watch no descriptor any more, except the reactor's own; give back those watched."""
        removed = {
            id(descriptor): descriptor
            for table in (self._readers, self._writers)
            for descriptor in table.values()
            if descriptor not in self._internalReaders
        }
        for descriptor in removed.values():
            self.removeReader(descriptor)
            self.removeWriter(descriptor)
        return list(removed.values())

    def getReaders(self) -> list[Any]:
        """List the descriptors watched for data that come."""
        # A paused transport stays in the table until data come, for most are resumed before.
        return [r for r in self._readers.values() if not getattr(r, "_readPaused", False)]

    def getWriters(self) -> list[Any]:
        """List the descriptors watched for taking data."""
        return list(self._writers.values())

    def _serve(self, ready: Iterable[tuple[int, int]]) -> None:
        """Let each descriptor that is ready read or write, and send what it wrote."""
        readers, unflushed = self._readers, self._unflushed
        for fd, event in ready:
            if event == READ:
                # One that was served before may have taken this one away.
                reader = readers.get(fd)
                if reader is None:
                    continue
                try:
                    why = reader.doRead()
                except BaseException:
                    self._broken(reader)
                else:
                    if why is not None:
                        self._lose(reader, why, True)
            else:
                self._serveOther(fd, event)
            if unflushed:
                # Nearly always the one that was just served: no need for the general way.
                if len(unflushed) > 1:
                    self._flush()
                    continue
                writer = unflushed.pop()
                try:
                    why = writer.doWrite()
                except BaseException:
                    self._broken(writer)
                else:
                    if why is not None:
                        self._lose(writer, why, False)

    def _serveOther(self, fd: int, event: int) -> None:
        """Serve a descriptor that takes data, or with which something is wrong."""
        reader = self._readers.get(fd)
        if event & GONE:
            self._loseGone(fd)
            return
        if reader is not None and event & _READ_OR_TROUBLE:
            # Reading finds out what the trouble is.
            self._call(reader, reader.doRead, True)
        writer = self._writers.get(fd)
        if writer is not None and (event & WRITE or (reader is None and event & _TROUBLE)):
            self._call(writer, writer.doWrite, False)

    def _call(self, descriptor: Any, work: Any, reading: bool) -> None:
        """Let a descriptor work, and end it if that says or shows that it is over."""
        try:
            why = work()
        except BaseException:
            self._broken(descriptor)
            return
        if why is not None:
            self._lose(descriptor, why, reading)

    def _loseGone(self, fd: int) -> None:
        """End what sits on a descriptor that was closed behind the reactor's back."""
        for table in (self._readers, self._writers):
            descriptor = table.pop(fd, None)
            if descriptor is not None:
                try:
                    self._watch(fd, READ | WRITE, 0)
                except OSError:
                    pass
                self._lose(
                    descriptor, error.ConnectionFdescWentAway("descriptor was closed"), False
                )
