"""What is of use with Perspective Broker: large data in pages, and local objects as remote ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, Any

from zope.interface import implementer

from twisted.internet.defer import Deferred, fail, maybeDeferred, succeed
from twisted.internet.interfaces import IConsumer
from twisted.logger import Logger
from twisted.protocols.basic import FileSender
from twisted.python.failure import Failure
from twisted.spread.flavors import Referenceable

__all__ = [
    "CallbackPageCollector",
    "FilePager",
    "LocalAsRemote",
    "LocalAsyncForwarder",
    "LocalMethod",
    "Pager",
    "StringPager",
    "getAllPages",
]

_log = Logger()


class LocalMethod:
    """A method of a `LocalAsRemote`."""

    def __init__(self, local: Any, name: str) -> None:
        self.local = local
        self.name = name

    def __call__(self, *args: Any, **kw: Any) -> Any:
        """Call it, as `LocalAsRemote.callRemote` does."""
        return self.local.callRemote(self.name, *args, **kw)


class LocalAsRemote:
    """
    An object here that is called as those of the other side are.

    Methods named ``sync_…`` give their results as they are; of those named ``async_…`` there are
    Deferreds.

    @cvar reportAllTracebacks: whether what fails in the latter is logged.
    """

    reportAllTracebacks = 1

    def callRemote(self, name: str, *args: Any, **kw: Any) -> Any:
        """Call a method."""
        synchronous = getattr(self, "sync_" + name, None)
        if synchronous is not None:
            return synchronous(*args, **kw)
        try:
            result = getattr(self, "async_" + name)(*args, **kw)
        except Exception:
            failure = Failure()
            if self.reportAllTracebacks:
                _log.failure("A method of a local object has failed", failure)
            return fail(failure)
        return result if isinstance(result, Deferred) else succeed(result)

    def remoteMethod(self, name: str) -> LocalMethod:
        """A method, to be called."""
        return LocalMethod(self, name)


class LocalAsyncForwarder:
    """An object here, of which the methods of an interface are called as those of references."""

    def __init__(
        self, forwarded: Any, interfaceClass: Any, failWhenNotImplemented: int = 0
    ) -> None:
        """
        @param failWhenNotImplemented: whether calling another method fails; it gives None
            otherwise.
        """
        if not interfaceClass.providedBy(forwarded):
            raise AssertionError(f"{forwarded!r} does not provide {interfaceClass!r}")
        self.forwarded = forwarded
        self.interfaceClass = interfaceClass
        self.failWhenNotImplemented = failWhenNotImplemented

    def callRemote(self, method: str, *args: Any, **kw: Any) -> Deferred[Any]:
        """Call a method. @return: a Deferred of what it returns."""
        if self.interfaceClass.queryDescriptionFor(method):
            return maybeDeferred(getattr(self.forwarded, method), *args, **kw)
        if self.failWhenNotImplemented:
            return fail(NotImplementedError(f"{method} is not in {self.interfaceClass!r}"))
        return succeed(None)


class Pager:
    """
    Sends something in pages, as fast as the other side takes them.

    @ivar collector: a reference to what collects the pages, such as a `CallbackPageCollector`.
    """

    _stillPaging = 1

    def __init__(
        self, collector: Any, callback: Callable[..., object] | None = None, *args: Any, **kw: Any
    ) -> None:
        """
        @param callback: called with the further arguments when all was sent.
        """
        self.callback = callback
        self.callbackArgs = args
        self.callbackKeyword = kw
        self.collector = collector
        collector.broker.registerPageProducer(self)

    def stillPaging(self) -> int:
        """Whether there is more; the callback is called the first time that there is not."""
        if not self._stillPaging and self.callback is not None:
            callback, self.callback = self.callback, None
            callback(*self.callbackArgs, **self.callbackKeyword)
        return self._stillPaging

    def sendNextPage(self) -> None:
        """Send the next page."""
        self.collector.callRemote("gotPage", self.nextPage(), pbanswer=False)
        if not self._stillPaging:
            self.collector.callRemote("endedPaging", pbanswer=False)

    def nextPage(self) -> Any:
        """
        The next page; to be overridden.

        @raise NotImplementedError: it is not.
        """
        raise NotImplementedError(f"{type(self).__name__} has no pages")

    def stopPaging(self) -> None:
        """The page that is sent is the last one."""
        self._stillPaging = 0


class StringPager(Pager):
    """Sends octets."""

    def __init__(
        self,
        collector: Any,
        st: bytes,
        chunkSize: int = 8192,
        callback: Callable[..., object] | None = None,
        *args: Any,
        **kw: Any,
    ) -> None:
        self.string = st
        self.pointer = 0
        self.chunkSize = chunkSize
        Pager.__init__(self, collector, callback, *args, **kw)

    def nextPage(self) -> bytes:
        """As many octets as a page has."""
        start = self.pointer
        self.pointer += self.chunkSize
        if self.pointer >= len(self.string):
            self.stopPaging()
        return self.string[start : self.pointer]


@implementer(IConsumer)
class FilePager(Pager):
    """Sends what is in a file."""

    def __init__(
        self,
        collector: Any,
        fd: IO[bytes],
        callback: Callable[..., object] | None = None,
        *args: Any,
        **kw: Any,
    ) -> None:
        self.chunks: list[bytes] = []
        self.producer: Any = None
        self.startProducing(fd)
        Pager.__init__(self, collector, callback, *args, **kw)

    def startProducing(self, fd: IO[bytes]) -> None:
        """Read from a file; it is closed at the end."""
        self.deferred: Deferred[Any] = FileSender().beginFileTransfer(fd, self)
        self.deferred.addBoth(self._read, fd)

    def _read(self, result: Any, fd: IO[bytes]) -> None:
        """All was read, or reading has failed."""
        fd.close()
        self.stopPaging()
        if isinstance(result, Failure):
            _log.failure("A file could not be read", result)

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Take the producer that reads the file."""
        self.producer = producer
        if not streaming:
            producer.resumeProducing()

    def unregisterProducer(self) -> None:
        """All was read."""
        self.producer = None

    def write(self, chunk: bytes) -> None:
        """Take what was read."""
        self.chunks.append(chunk)

    def sendNextPage(self) -> None:
        """Send what was read, and read on."""
        if not self.chunks and self.producer is not None:
            self.producer.resumeProducing()
        pages, self.chunks = self.chunks, []
        for page in pages:
            self.collector.callRemote("gotPage", page, pbanswer=False)
        if not self._stillPaging:
            self.collector.callRemote("endedPaging", pbanswer=False)


class CallbackPageCollector(Referenceable):
    """
    Collects pages.

    @cvar maxPages: how many it takes.
    @cvar maxSize: how many octets they may have in all.
    """

    maxPages = 100_000
    maxSize = 256 * 2**20

    def __init__(self, callback: Callable[[list[Any]], object]) -> None:
        """
        @param callback: called with all pages when there are no more.
        """
        self.pages: list[Any] = []
        self.callback = callback
        self._size = 0

    def remote_gotPage(self, page: Any) -> None:
        """
        A page has come.

        @raise ValueError: there are too many.
        """
        self._size += len(page) if isinstance(page, (bytes, str)) else 1
        if len(self.pages) >= self.maxPages or self._size > self.maxSize:
            self.pages.clear()
            raise ValueError("too many pages have come")
        self.pages.append(page)

    def remote_endedPaging(self) -> None:
        """There are no more pages."""
        self.callback(self.pages)


def getAllPages(referenceable: Any, methodName: str, *args: Any, **kw: Any) -> Deferred[Any]:
    """
    Call a method of the other side whose first argument is what collects pages.

    @return: a Deferred of the list of pages.
    """
    result: Deferred[Any] = Deferred()
    collector = CallbackPageCollector(result.callback)
    called: Any = referenceable.callRemote(methodName, collector, *args, **kw)
    called.addErrback(result.errback)
    return result
