"""
Applications of ASGI 3, such as those of Starlette, FastAPI and Django.

::

    site = Site(ASGIResource(reactor, application))

The application runs as tasks of asyncio in the reactor's thread, on any reactor: see
`twisted.internet.asyncioloop`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from zope.interface import implementer

from twisted.internet import asyncioloop
from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web._asgi._call import Application, Call
from twisted.web._asgi._http import HTTPCall
from twisted.web._asgi._lifespan import Lifespan, LifespanFailed
from twisted.web._asgi._scope import ClientDisconnected
from twisted.web._responses import SERVICE_UNAVAILABLE
from twisted.web.pages import errorPage
from twisted.web.resource import IResource
from twisted.web.server import NOT_DONE_YET

__all__ = ["ASGIResource", "ClientDisconnected", "LifespanFailed"]

_log = Logger()


@implementer(IResource)
class ASGIResource:
    """
    An application of ASGI, and all that is below.

    It takes bodies of requests as they come if the site looks it up early: as its root, or with
    `twisted.web.server.Site.streamsBodies`.

    @ivar websocket: the limits of WebSocket connections, attributes as those of
        `twisted.web.websocket.Limits`; None without the extra ``websocket``, when applications see
        requests for connections as usual ones.
    @ivar grace: how many seconds requests may take when the reactor is to stop.
    @ivar shutdownTime: how many seconds the application may take to end after that.
    """

    isLeaf = True
    streamsBody = True
    server: Any = None
    grace: float = 0.0
    shutdownTime: float = 30.0

    def __init__(
        self,
        reactor: Any,
        application: Application,
        rootPath: str = "",
        origins: Iterable[str] | None = (),
    ) -> None:
        """
        @param reactor: runs the application, from when it runs itself until it is to stop.
        @param application: as ASGI 3 says.
        @param rootPath: what a proxy takes away from the beginning of paths, such as ``"/app"``.
        @param origins: pages of which other sites may connect by WebSocket, or None for all; see
            `twisted.web.websocket.WebSocketResource`.
        """
        self._reactor = reactor
        self._application = application
        self._rootPath = rootPath.rstrip("/")
        self._tasks: set[asyncio.Task[None]] = set()
        self._lifespan: Lifespan | None = None
        self._state: dict[str, Any] = {}
        self._ready = False
        self._refusing = False
        self._emptied: Deferred[None] | None = None
        self._failure: Failure | None = None
        self._waiting: list[Deferred[None]] = []
        self.websocket: Any = None
        try:
            from twisted.web._asgi._websocket import Upgrades, WebSocketCall
        except ImportError:
            pass
        else:
            self._connectionCall = WebSocketCall
            self.websocket = Upgrades(self._connect, origins)
        reactor.callWhenRunning(self._begin)

    # From the beginning of the application to its end

    def _begin(self) -> None:
        """The reactor runs: let the application begin."""
        asyncioloop.install(self._reactor)
        self._reactor.addSystemEventTrigger("before", "shutdown", self._stop)
        self._lifespan = Lifespan(self._application)

        self._lifespan.startup().addCallbacks(self._begun, self._failed)

    def _begun(self, _: None) -> None:
        """The application has begun."""
        assert self._lifespan is not None
        self._state = self._lifespan.state
        self._ready = True
        self._tell()

    def _failed(self, reason: Failure) -> None:
        """The application could not begin: all requests are refused from now on."""
        _log.error("The application cannot begin: {error}", error=reason.getErrorMessage())
        self._refusing = True
        self._failure = reason
        self._tell()

    def _tell(self) -> None:
        waiting, self._waiting = self._waiting, []
        for deferred in waiting:
            deferred.callback(self._failure)

    def whenStarted(self) -> Deferred[None]:
        """
        Tell when the application has begun.

        @return: fires then; fails with `LifespanFailed` if it says that it cannot.
        """
        started: Deferred[None] = Deferred()
        self._waiting.append(started)
        if self._ready or self._failure is not None:
            self._tell()
        return started

    def _stop(self) -> Deferred[None]:
        """The reactor is to stop: let requests end, and then the application."""
        if self._tasks and self.grace > 0:
            self._emptied = Deferred()
            limit = self._reactor.callLater(self.grace, self._cancelCalls)
            self._emptied.addCallback(lambda _: limit.active() and limit.cancel())
        else:
            self._emptied = self._cancelCalls()
        return self._emptied.addCallback(lambda _: self._end())

    def _cancelCalls(self) -> Deferred[None]:
        """Cancel all requests. @return: fires when they have ended."""
        self._refusing = True
        if self._emptied is None:
            self._emptied = Deferred() if self._tasks else succeed(None)
        for task in list(self._tasks):
            task.cancel()
        return self._emptied

    def _end(self) -> Deferred[None]:
        """Let the application end, if it takes no longer than it may."""
        assert self._lifespan is not None
        self._refusing = True
        ending = self._lifespan.shutdown()
        ending.addTimeout(self.shutdownTime, self._reactor)

        def failed(reason: Failure) -> None:
            _log.error(
                "The application did not end in good order: {error}",
                error=reason.getErrorMessage() or reason.type.__name__,
            )

        return ending.addErrback(failed)

    def _run(self, call: Call) -> None:
        """Have the application run for a client."""
        if self._state:
            call._scope["state"] = self._state.copy()
        task = asyncioloop.startTask(call.run(), lasting=True)
        if not task.done():
            call.watch()
            self._tasks.add(task)
            task.add_done_callback(self._taskEnded)

    def _taskEnded(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not self._tasks and self._emptied is not None and not self._emptied.called:
            self._emptied.callback(None)

    # A resource

    def render(self, request: Any) -> Any:
        """Have the application answer."""
        if self._refusing:
            return self._refuse(request)
        if not self._ready:
            self._renderLater(request)
            return NOT_DONE_YET
        if self.websocket is not None and request.method == b"GET":
            upgrade = request.requestHeaders._rawHeaders.get(b"upgrade")
            if upgrade is not None and upgrade[-1].strip().lower() == b"websocket":
                return self.websocket.render_GET(request)
        if self.websocket is not None and request.method == b"CONNECT":
            return self.websocket.render_CONNECT(request)
        self._run(HTTPCall(self._application, request, self._rootPath))
        return NOT_DONE_YET

    def _connect(self, request: Any, accept: Any) -> None:
        """Ask the application whether it wants a connection."""
        self._run(self._connectionCall(self._application, request, self._rootPath, accept))

    def _renderLater(self, request: Any) -> None:
        """Answer when the application has begun, if the client waits for that."""
        gone: list[Any] = []
        request.notifyFinish().addErrback(gone.append)

        def begun(_: object) -> None:
            if not gone:
                # What that gives is written as if it came from here.
                request.render(self)

        self.whenStarted().addBoth(begun)

    @staticmethod
    def _refuse(request: Any) -> Any:
        """Say that nobody is there to answer."""
        request.setHeader(b"connection", b"close")
        page = errorPage(
            SERVICE_UNAVAILABLE, "Service Unavailable", "The application does not run."
        )
        return page.render(request)

    def getChildWithDefault(self, name: bytes, request: Any) -> Any:
        """
        Refuse.

        @raise RuntimeError: always: the application has the rest of the path.
        """
        raise RuntimeError("an ASGIResource has no children: the application has them")

    def putChild(self, path: bytes, child: Any) -> None:
        """
        Refuse.

        @raise RuntimeError: always: the application has the rest of the path.
        """
        raise RuntimeError("an ASGIResource has no children: the application has them")
