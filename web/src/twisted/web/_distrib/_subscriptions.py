"""Resources that another process answers for."""

from __future__ import annotations

from typing import Any

from twisted.internet.currentreactor import currentReactor
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.spread import pb
from twisted.web import http, pages, resource, server
from twisted.web._distrib._copies import Answer, RequestCopy

__all__ = ["Issue", "ResourceSubscription"]

_log = Logger()


def _refuse(request: Any, code: int, brief: str, detail: str) -> None:
    """Answer that there is no answer."""
    body = pages.errorPage(code, brief, detail).render(request)
    request.write(body)
    request.finish()


class Issue:
    """
    A request that another process is answering.

    @ivar request: the request.
    """

    __module__ = "twisted.web.distrib"

    def __init__(self, request: Any) -> None:
        self.request = request
        self._over = False
        request.notifyFinish().addBoth(self._end)

    def _end(self, _: object) -> None:
        self._over = True

    def finished(self, result: Any) -> None:
        """The other process has taken the request, or given all of the answer."""
        if result == server.NOT_DONE_YET or self._over:
            return
        if isinstance(result, bytes) and result:
            self.request.write(result)
        self.request.finish()

    def failed(self, failure: Failure) -> None:
        """The other process is not going to answer; the log says why."""
        _log.error(str(failure).replace("{", "{{").replace("}", "}}"))
        self.abandon()

    def abandon(self) -> None:
        """The other process is not going to answer."""
        if self._over:
            return
        if getattr(self.request, "startedWriting", False):
            # Nobody shall take what there is for all of it.
            self.request.channel.breakOff()
            return
        _refuse(
            self.request,
            http.INTERNAL_SERVER_ERROR,
            "Server Connection Lost",
            "The connection to the server behind this one was lost.",
        )


class ResourceSubscription(resource.Resource):
    """
    A resource, with all that is below it, that another process answers for.

    It is connected to when it is asked for, and again after it was lost.

    @cvar maxRequests: how many requests the other process has at a time; others wait.
    @cvar maxPending: how many may wait; those beyond are answered with 503.
    @cvar connectTimeout: how many seconds connecting may take.
    """

    __module__ = "twisted.web.distrib"

    isLeaf = 1
    waiting = 0
    # Each is an object that the other side has a reference to, as its body may be.
    maxRequests = pb.MAX_BROKER_REFS // 4
    maxPending = 1000
    connectTimeout: float = 30

    def __init__(self, host: str, port: int | str) -> None:
        """
        @param host: where the process is, or ``"unix"``.
        @param port: which port, or the path of the socket.
        """
        resource.Resource.__init__(self)
        self.host = host
        self.port = port
        self.publisher: Any = None
        self.pending: list[Any] = []
        self._issues: set[Issue] = set()

    def connected(self, publisher: Any) -> None:
        """There is a connection: have those that wait answered."""
        _log.info("connected to publisher")
        publisher.broker.notifyOnDisconnect(self.booted)
        self.publisher = publisher
        self.waiting = 0
        self._issueNext()

    def notConnected(self, msg: Any) -> None:
        """There is no connection: all that wait get no answer."""
        text = msg.getErrorMessage() if isinstance(msg, Failure) else str(msg)
        _log.warn("could not connect to distributed web service: {msg}", msg=text)
        self.waiting = 0
        self.publisher = None
        pending, self.pending = self.pending, []
        for request in pending:
            _refuse(
                request,
                http.BAD_GATEWAY,
                "Not Connected",
                "The server behind this one cannot be reached.",
            )

    def booted(self) -> None:
        """The connection was lost: what was under way gets no answer, or not all of it."""
        self.notConnected("connection dropped")
        issues, self._issues = self._issues, set()
        for issue in issues:
            issue.abandon()

    def render(self, request: Any) -> int:
        """Have a request answered, now or when its turn comes."""
        if self.publisher is not None and len(self._issues) < self.maxRequests:
            self._issue(request)
        elif len(self.pending) >= self.maxPending:
            _refuse(
                request, http.SERVICE_UNAVAILABLE, "Too Busy", "Too many requests wait already."
            )
        else:
            self.pending.append(request)
            request.notifyFinish().addErrback(self._left, request)
            if self.publisher is None and not self.waiting:
                self.waiting = 1
                self._connect()
        return server.NOT_DONE_YET

    def _left(self, _: Failure, request: Any) -> None:
        """The client of a request has left."""
        if request in self.pending:
            self.pending.remove(request)

    def _connect(self) -> None:
        factory = pb.PBClientFactory()
        factory.getRootObject().addCallbacks(self.connected, self.notConnected)
        reactor = currentReactor()
        if self.host == "unix":
            reactor.connectUNIX(self.port, factory, self.connectTimeout)
        else:
            reactor.connectTCP(self.host, self.port, factory, self.connectTimeout)

    def _issue(self, request: Any) -> None:
        """Send a request."""
        issue = Issue(request)
        self._issues.add(issue)
        request.notifyFinish().addBoth(self._ended, issue)
        copy = RequestCopy(request, Answer(request))
        try:
            asking = self.publisher.callRemote("request", copy)
        except pb.DeadReferenceError:
            self.booted()
        else:
            asking.addCallbacks(issue.finished, issue.failed)

    def _ended(self, _: object, issue: Issue) -> None:
        """A request is over."""
        self._issues.discard(issue)
        self._issueNext()

    def _issueNext(self) -> None:
        """Send what waits, as far as the other process takes it."""
        while self.pending and self.publisher and len(self._issues) < self.maxRequests:
            self._issue(self.pending.pop(0))
