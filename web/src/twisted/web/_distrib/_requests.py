"""Requests that have come from another process, and their answers on the way back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from zope.interface import implementer

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import ITransport
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.spread import pb
from twisted.spread.banana import SIZE_LIMIT
from twisted.spread.jelly import setUnjellyableForClass
from twisted.web import http, server
from twisted.web._distrib._copies import REQUEST_TYPE, WORDS
from twisted.web._http._head import BadRequest

__all__ = ["Request", "ResourcePublisher"]

_log = Logger()

#: A producer waits while more bytes than this are on their way to the other process.
HIGH_WATER = 2**20


def _bytes(value: Any) -> bytes:
    """
    @raise TypeError: if it is something else.
    """
    if not isinstance(value, bytes):
        raise TypeError(f"bytes are wanted, not {type(value).__name__}")
    return value


def _segments(value: Any) -> list[bytes]:
    """
    @raise TypeError: if it is no list of bytes.
    """
    return [_bytes(each) for each in value]


def _address(value: Any) -> Any:
    """An address of plain values; any other is one of a UNIX socket without a name."""
    if isinstance(value, tuple | list) and len(value) == 3:
        kind, host, port = value
        if isinstance(host, str) and isinstance(port, int) and kind in ("INET", "INET6"):
            return (IPv4Address if kind == "INET" else IPv6Address)("TCP", host, port)
    return UNIXAddress(None)


class _Producer(pb.Referenceable):
    """
    A producer that the other process may pause and resume, and that waits as well while much of
    what it has written is on the way there.
    """

    def __init__(self, producer: Any, streaming: bool) -> None:
        self._producer = producer
        self._streaming = streaming
        # Who wants it to wait.
        self._waitsFor: set[str] = set()

    def end(self) -> None:
        """It has written everything."""
        self._producer = None

    def stop(self) -> None:
        """Nobody wants more of it."""
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.stopProducing()

    def pause(self, who: str) -> None:
        """Somebody wants it to wait."""
        if self._producer is None or not self._streaming:
            return
        if not self._waitsFor:
            self._producer.pauseProducing()
        self._waitsFor.add(who)

    def resume(self, who: str) -> None:
        """Somebody does not want it to wait any more."""
        if self._producer is None or who not in self._waitsFor:
            return
        self._waitsFor.discard(who)
        if not self._waitsFor:
            self._producer.resumeProducing()

    def remote_pauseProducing(self) -> None:
        """Enough for now."""
        self.pause("client")

    def remote_resumeProducing(self) -> None:
        """More, please."""
        if self._streaming:
            self.resume("client")
        elif self._producer is not None:
            self._producer.resumeProducing()

    def remote_stopProducing(self) -> None:
        """Nobody wants more."""
        self.stop()


@implementer(ITransport)
class _Channel:
    """
    Stands for the connection that the answer to a request goes to.

    @ivar site: what answers.
    """

    persistent = False

    def __init__(self, request: Request, state: dict[str, Any], site: Any) -> None:
        self.site = self.factory = site
        self._request: Request | None = request
        self._remote = state["remote"]
        if not isinstance(self._remote, pb.RemoteReference):
            raise TypeError("nothing to answer to")
        self._client = _address(state.get("client"))
        self._host = _address(state.get("host"))
        self._secure = bool(state.get("secure"))
        self._words = state.get("words") == WORDS
        self._producer: _Producer | None = None
        # How much was sent that the other process has not taken yet.
        self._untaken = 0

    @property
    def transport(self) -> _Channel:
        """This, too."""
        return self

    def _call(self, name: str, *arguments: Any, **options: Any) -> Deferred[Any] | None:
        """
        Tell the other process something; if that fails, the request is over.

        @return: None if it is over.
        """
        if self._request is None:
            return None
        try:
            called: Deferred[Any] = self._remote.callRemote(name, *arguments, **options)
        except pb.DeadReferenceError:
            self._failed(Failure())
            return None
        return called.addErrback(self._failed)

    def _failed(self, reason: Failure) -> None:
        request, self._request = self._request, None
        if request is None:
            return
        self._end()
        request.fail(reason)

    def _end(self) -> None:
        """Nothing more is said."""
        self._request = self._remote = None
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.stop()

    def watch(self) -> None:
        """Learn it if the client leaves."""
        if self._words:
            self._call("whenOver")

    def addCookie(self, *arguments: Any, **options: Any) -> None:
        """Set a cookie."""
        self._call("addCookie", *arguments, **options)

    # Where the answer goes

    def writeHeaders(self, version: bytes, code: int, reason: bytes, headers: Any) -> None:
        """Send the head of the answer; how the body is delimited is the other process's affair."""
        if self._request is not None:
            self._request.chunked = 0
        self._call("setResponseCode", code, reason)
        for name, values in headers.getAllRawHeaders():
            if name.lower() == b"transfer-encoding":
                continue
            if len(values) == 1 or not self._words:
                self._call("setHeader", name, b", ".join(values))
                continue
            for value in values:
                self._call("addRawHeader", name, value)

    def write(self, data: bytes) -> None:
        """Send data."""
        for start in range(0, len(data), SIZE_LIMIT):
            piece = data[start : start + SIZE_LIMIT]
            sent = self._call("write", piece)
            if sent is None:
                return
            self._untaken += len(piece)
            sent.addCallback(self._taken, len(piece))
        if self._untaken > HIGH_WATER and self._producer is not None:
            self._producer.pause("process")

    def _taken(self, _: object, size: int) -> None:
        """The other process has taken a piece."""
        self._untaken -= size
        if self._untaken <= HIGH_WATER and self._producer is not None:
            self._producer.resume("process")

    def writeSequence(self, iovec: Iterable[bytes]) -> None:
        """Send pieces of data."""
        self.write(b"".join(iovec))

    def requestDone(self, request: Any) -> None:
        """The answer is complete."""
        self._call("finish")
        self._end()

    def loseConnection(self) -> None:
        """The answer is not going to be complete."""
        self._call("loseConnection")
        request = self._request
        self._end()
        if request is not None:
            request.fail(Failure(ConnectionDone()))

    abortConnection = forceAbortClient = breakOff = loseConnection

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Let a producer write the answer as fast as the client reads."""
        self._producer = _Producer(producer, bool(streaming))
        self._call("registerProducer", self._producer, bool(streaming))

    def unregisterProducer(self) -> None:
        """The producer has written everything."""
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.end()
            self._call("unregisterProducer")

    def getPeer(self) -> Any:
        """The client's address."""
        return self._client

    def getHost(self) -> Any:
        """The address that it has reached."""
        return self._host

    def isSecure(self) -> bool:
        """Whether it uses HTTPS."""
        return self._secure


class Request(pb.RemoteCopy, server.Request):
    """A request that has come from another process."""

    __module__ = "twisted.web.distrib"

    _state: dict[str, Any] | None = None

    def setCopyableState(self, state: dict[str, Any]) -> None:
        """Take what has come; it is looked at when the request is answered."""
        self._state = state

    def begin(self, site: Any) -> Any:
        """
        Have a look at what has come.

        @param site: what is going to answer.
        @return: the body, or a reference to it.
        @raise pb.Error: if it is no good request.
        """
        state, self._state = self._state, None
        try:
            if state is None:
                raise TypeError("it was answered before")
            server.Request.__init__(self, _Channel(self, state, site))
            for name, values in state["requestHeaders"]:
                for value in values:
                    self.requestHeaders.addRawHeader(_bytes(name), _bytes(value))
            self._paths = [_segments(state.get(name, ())) for name in ("prepath", "postpath")]
            self._target = [_bytes(state[name]) for name in ("method", "uri", "clientproto")]
            body = state.get("body")
            return body if isinstance(body, pb.RemoteReference) else _bytes(state["content_data"])
        except (KeyError, TypeError, ValueError) as problem:
            raise pb.Error(f"not a request: {problem}") from None

    def answer(self, body: bytes) -> None:
        """Answer this, whose body is short."""
        self.gotLength(len(body))
        self.handleContentChunk(body)
        self._answerNow()

    async def answerLater(self, body: Any, limit: int) -> None:
        """
        Answer this when the body is there.

        @param body: a reference to it.
        @param limit: how many bytes it may have.
        """
        self.gotLength(None)
        size = 0
        while piece := _bytes(await body.callRemote("read")):
            size += len(piece)
            if size > limit:
                self._reject(BadRequest("the body is too large", http.REQUEST_ENTITY_TOO_LARGE))
                return
            self.handleContentChunk(piece)
        self._answerNow()

    def _answerNow(self) -> None:
        """All of it is there."""
        channel = self.channel
        self.requestReceived(*self._target)
        if not self.finished:
            channel.watch()

    def _locate(self) -> None:
        """Go on from where the other process has left the path."""
        server.Request._locate(self)
        self.prepath, self.postpath = self._paths

    def addCookie(self, *arguments: Any, **options: Any) -> None:
        """Set a cookie, as `twisted.web.http.Request.addCookie` does."""
        server.Request.addCookie(self, *arguments, **options)
        # The other process writes it.
        self.cookies.pop()
        if self.channel is not None:
            self.channel.addCookie(*arguments, **options)

    def _complete(self, body: bytes) -> None:
        """Write a whole body, and finish; if there is none, its length is left open."""
        if body:
            server.Request._complete(self, body)
        else:
            self.finish()

    def _notBytes(self, resrc: Any, body: object) -> bytes:
        """Nothing is nothing, even if it is text; of the rest, a page says what is wrong."""
        return b"" if body == "" else server.Request._notBytes(self, resrc, body)

    def fail(self, failure: Failure) -> None:
        """The other process does not take the answer any more."""
        if not failure.check(*_EXPECTED):
            _log.failure("An answer cannot be given to another process", failure=failure)
        if not (self._disconnected or self.finished):
            self.connectionLost(failure)


#: What is no error: that clients leave, and connections end.
_EXPECTED = (pb.Error, pb.PBConnectionLost, pb.DeadReferenceError, ConnectionDone, ConnectionLost)

setUnjellyableForClass(REQUEST_TYPE, Request)


class ResourcePublisher(pb.Root):
    """
    A site for other processes, to be given to `twisted.spread.pb.PBServerFactory`.

    Whoever can connect to that can make any request: let only those who may.

    @cvar maxBodySize: how many bytes a request's body may have; more are answered with 413.
    """

    __module__ = "twisted.web.distrib"

    persistenceVersion = 2
    maxBodySize = http.HTTPChannel.maxBodySize

    def __init__(self, site: Any) -> None:
        """
        @param site: a `twisted.web.server.Site`.
        """
        self.site = site

    def upgradeToVersion2(self) -> None:
        """Nothing: there were others once."""

    def getPerspectiveNamed(self, name: str) -> ResourcePublisher:
        """This."""
        return self

    def remote_request(self, request: Any) -> Any:
        """
        Answer a request.

        @return: `twisted.web.server.NOT_DONE_YET`.
        @raise pb.Error: if it is none.
        """
        if not isinstance(request, Request):
            raise pb.Error("not a request")
        body = request.begin(self.site)
        if not isinstance(body, bytes):
            return self._answerLater(request, body)
        request.answer(body)
        return server.NOT_DONE_YET

    async def _answerLater(self, request: Request, body: Any) -> int:
        """Answer a request when its body is there."""
        try:
            await request.answerLater(body, self.maxBodySize)
        except (pb.RemoteError, pb.PBConnectionLost, pb.DeadReferenceError, TypeError):
            missing = pb.Error("the body does not come")
            request.fail(Failure(missing))
            raise missing from None
        return server.NOT_DONE_YET
