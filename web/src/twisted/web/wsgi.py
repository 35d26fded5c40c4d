"""
Applications of WSGI (PEP 3333), each request in a thread of a pool.

::

    pool = reactor.getThreadPool()
    site = Site(WSGIResource(reactor, pool, application))
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from threading import Event
from types import TracebackType
from typing import Any
from warnings import warn

from zope.interface import implementer

from twisted.internet.interfaces import IPushProducer
from twisted.logger import Logger
from twisted.python import log
from twisted.python.failure import Failure
from twisted.web._cgienv import cgi_environment
from twisted.web._responses import INTERNAL_SERVER_ERROR
from twisted.web.pages import errorPage
from twisted.web.resource import IResource
from twisted.web.server import NOT_DONE_YET

__all__ = ["WSGIResource"]

_log = Logger()

Head = tuple[str, list[tuple[str, str]]]
ExcInfo = tuple[type[BaseException], BaseException, TracebackType]

#: Headers that are for the server to say.
_OURS = frozenset({"server", "date", "connection", "transfer-encoding", "keep-alive", "upgrade"})


def _checkSequence(name: str, right: str, value: Any, kind: type) -> None:
    """
    Warn of what is no `kind`, but may be taken for one all the same.

    @raise TypeError: if it may not.
    """
    if isinstance(value, kind):
        return
    given = f"not {value!r} ({type(value).__name__})"
    if not isinstance(value, Sequence):
        raise TypeError(f"{name} must be {right}, {given}")
    warn(f"{name} should be {right}, {given}", RuntimeWarning, stacklevel=3)


class _ClientHasGone(Exception):
    """Nobody is there any more to write to."""


class _ErrorStream:
    """``wsgi.errors``: what is written is logged."""

    def write(self, data: str) -> None:
        """
        Log a text.

        @raise TypeError: if it is none.
        """
        if not isinstance(data, str):
            raise TypeError(f"write() argument must be str, not {data!r} ({type(data).__name__})")
        log.msg(data, system="wsgi", isError=True)

    def writelines(self, iovec: Iterable[str]) -> None:
        """Log texts."""
        self.write("".join(iovec))

    def flush(self) -> None:
        """Do nothing: all is logged already."""


@implementer(IPushProducer)
class _WSGIResponse:
    """
    The answer of an application to a request.

    All but `start` and what is named for the reactor runs in a thread of the pool, which waits
    while the client has not taken what was written before.
    """

    def __init__(self, reactor: Any, threadpool: Any, application: Any, request: Any) -> None:
        self.started = False
        self.reactor = reactor
        self.threadpool = threadpool
        self.application = application
        self.request = request
        self.environ: dict[str, Any] = {"CONTENT_TYPE": "", "CONTENT_LENGTH": ""}
        self.environ.update(cgi_environment(request))
        self.environ.update(
            {
                "wsgi.version": (1, 0),
                "wsgi.url_scheme": "https" if request.isSecure() else "http",
                "wsgi.run_once": False,
                "wsgi.multithread": True,
                "wsgi.multiprocess": False,
                "wsgi.errors": _ErrorStream(),
                "wsgi.input": request.content,
            }
        )
        self._status = ""
        self._headers: list[tuple[str, str]] | None = None
        self._gone = False
        self._mayWrite = Event()
        self._mayWrite.set()

    # In the reactor's thread

    def start(self) -> None:
        """Have the application run."""
        self.request.notifyFinish().addErrback(self._lost)
        self.request.registerProducer(self, True)
        self.threadpool.callInThread(self._run)

    def _lost(self, _: Failure) -> None:
        self._gone = True
        self._mayWrite.set()

    def pauseProducing(self) -> None:
        """Have the application wait: the client has enough to read."""
        self._mayWrite.clear()

    def resumeProducing(self) -> None:
        """Let the application go on."""
        self._mayWrite.set()

    def stopProducing(self) -> None:
        """Let the application find out that the client has gone."""
        self._lost(Failure(_ClientHasGone()))

    def _send(
        self, head: tuple[str, list[tuple[str, str]]] | None, data: bytes, last: bool
    ) -> None:
        """Send a piece of the answer."""
        request = self.request
        if self._gone:
            return
        try:
            if head is not None:
                self._sendHead(*head)
            if data:
                request.write(data)
            if last:
                request.unregisterProducer()
                request.finish()
        except BaseException:
            self._failed(Failure())

    def _sendHead(self, status: str, headers: list[tuple[str, str]]) -> None:
        code, _, reason = status.partition(" ")
        self.request.setResponseCode(int(code), reason.encode("iso-8859-1"))
        for name, value in headers:
            if name.lower() not in _OURS:
                self.request.responseHeaders.addRawHeader(
                    name.encode("iso-8859-1"), value.encode("iso-8859-1")
                )

    def _failed(self, failure: Failure) -> None:
        """The application has failed: say so, or else end the connection."""
        _log.failure("WSGI application error", failure=failure)
        if self._gone:
            return
        request = self.request
        request.unregisterProducer()
        if request.startedWriting:
            request.loseConnection()
            return
        # Whatever it has said is not to be believed.
        for name in ("content-length", "content-encoding", "set-cookie"):
            request.responseHeaders.removeHeader(name)
        page = errorPage(INTERNAL_SERVER_ERROR, "Internal Server Error", "The log says why.")
        request.write(page.render(request))
        request.finish()

    # In the thread

    def _run(self) -> None:
        """Run the application."""
        try:
            self._runApplication()
        except _ClientHasGone:
            pass
        except BaseException:
            self.reactor.callFromThread(self._failed, Failure())

    def _runApplication(self) -> None:
        result = self.application(self.environ, self.startResponse)
        whole = isinstance(result, (list, tuple))
        try:
            for data in () if whole else result:
                if data:
                    self.write(data)
        finally:
            # If this fails, so does the answer: nobody is to take it for complete.
            close = getattr(result, "close", None)
            if close is not None:
                close()
        if whole:
            self._writeAll(b"".join(result))
        else:
            self._pass(b"", True)

    def _writeAll(self, data: bytes) -> None:
        """Send a body that is complete, and whose length is known therefore."""
        if not self.started and self._headers is not None:
            names = {name.lower() for name, _ in self._headers}
            if "content-length" not in names and self._status[:3] not in ("204", "304"):
                self._headers.append(("Content-Length", str(len(data))))
        self._pass(data, True)

    def startResponse(
        self, status: str, headers: list[tuple[str, str]], excInfo: ExcInfo | None = None
    ) -> Callable[[bytes], None]:
        """
        Take the status and the headers of the answer; ``start_response`` of PEP 3333.

        @return: a function that writes a piece of the body.
        @raise TypeError: if something is of another type than it has to be.
        @raise AssertionError: if this is called again without ``excInfo``.
        """
        try:
            if excInfo is not None and self.started:
                raise excInfo[1].with_traceback(excInfo[2])
        finally:
            known, excInfo = excInfo is not None, None
        if self._headers is not None and not known:
            raise AssertionError("start_response was called before, and this is no error")
        if not isinstance(status, str):
            raise TypeError(f"status must be str, not {status!r} ({type(status).__name__})")
        _checkSequence("headers", "a list", headers, list)
        for header in headers:
            _checkSequence("header", "a (str, str) tuple", header, tuple)
            if len(header) != 2:
                raise TypeError(f"header must be a (str, str) tuple, not {header!r}")
            if not all(isinstance(part, str) for part in header):
                raise TypeError(f"header must be (str, str) tuple, not {header!r}")
        if not status[:3].isdigit() or status[3:4] not in ("", " "):
            raise ValueError(f"status must begin with three digits, not {status!r}")
        self._status, self._headers = status, [(name, value) for name, value in headers]
        return self.write

    def write(self, data: bytes) -> None:
        """
        Write a piece of the body, as soon as the client has taken enough of the others.

        @raise AssertionError: before `startResponse`.
        @raise TypeError: if it is not bytes.
        """
        if not isinstance(data, bytes):
            raise TypeError(f"Can only write bytes to a transport, not {data!r}")
        self._pass(data, False)

    def _pass(self, data: bytes, last: bool) -> None:
        """Hand a piece over to the reactor."""
        if self._headers is None:
            raise AssertionError("the body begins before start_response was called")
        self._mayWrite.wait()
        if self._gone:
            raise _ClientHasGone()
        head = None if self.started else (self._status, self._headers)
        self.started = True
        self.reactor.callFromThread(self._send, head, data, last)


@implementer(IResource)
class WSGIResource:
    """
    An application of WSGI, and all that is below.
    """

    isLeaf = True

    def __init__(self, reactor: Any, threadpool: Any, application: Any) -> None:
        """
        @param threadpool: has the threads that the application runs in.
        @param application: as PEP 3333 says.
        """
        self._reactor = reactor
        self._threadpool = threadpool
        self._application = application

    def render(self, request: Any) -> int:
        """Have the application answer."""
        _WSGIResponse(self._reactor, self._threadpool, self._application, request).start()
        return NOT_DONE_YET

    def getChildWithDefault(self, name: bytes, request: Any) -> Any:
        """
        Refuse.

        @raise RuntimeError: always: the application has the rest of the path.
        """
        raise RuntimeError("Cannot get IResource children from WSGIResource")

    def putChild(self, path: bytes, child: Any) -> None:
        """
        Refuse.

        @raise RuntimeError: always: the application has the rest of the path.
        """
        raise RuntimeError("Cannot put IResource children under WSGIResource")
