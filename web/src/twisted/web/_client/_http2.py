"""
A connection of HTTP/2, over which requests are sent side by side.

A request waits until the server allows another stream; then its head leaves at once, and its body
as fast as the server takes it.  What comes of an answer's body is kept, up to its window, until
somebody wants it; meanwhile others go on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import ISSLTransport
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web._client._errors import (
    ConnectionAborted,
    ParseError,
    PoolFull,
    PoolTimeout,
    RequestGenerationFailed,
    RequestNotSent,
    StreamRefused,
    StreamReset,
)
from twisted.web._client._http2stream import ClientStream
from twisted.web._h2 import _events as events
from twisted.web._h2._clientstate import ClientMachine
from twisted.web._h2._endpoint import Endpoint
from twisted.web._h2._frames import Code, error_name
from twisted.web._h2._limits import HTTP2Limits

__all__ = ["HTTP2ClientProtocol"]

_log = Logger()


class HTTP2ClientProtocol(Endpoint):
    """
    The client's side of a connection.

    @ivar limits: the `HTTP2Limits`.
    @ivar pingInterval: after how many seconds of silence, while there are requests, the server is
        asked whether it is still there; None for never.
    @ivar pingTimeout: how many seconds it has to answer; then the connection is cut.
    @ivar maxWaiting: how many requests may wait until the server allows another one; further ones
        fail with `PoolFull`.
    @ivar poolTimeout: after how many seconds of waiting one fails with `PoolTimeout`; None for any
        time.
    """

    limits = HTTP2Limits()
    pingInterval: float | None = 30
    pingTimeout: float = 20
    maxWaiting = 1000
    poolTimeout: float | None = None

    #: Called without arguments when the connection has ended, before anybody else hears of it.
    lostCallback: Callable[[], object] | None = None

    #: Called without arguments whenever the server has said what it allows.
    configuredCallback: Callable[[], object] | None = None

    #: The `StreamsWatch` that ends requests for which nothing moves any more, if there is one.
    watch: Any = None

    def __init__(self, reactor: Any, idleCallback: Callable[[Any], object]) -> None:
        """
        @param idleCallback: called with this when there are no requests any more.
        """
        Endpoint.__init__(self, reactor)
        self._idleCallback = idleCallback
        # Requests that wait until there may be another stream.
        self._queue: deque[ClientStream] = deque()
        self._goneAway = False
        # Whether a stream has ended while what came was handled.
        self._changed = False
        self._heard = True
        self._asking: Any = None
        self._aborts: list[Deferred[None]] = []
        self._cutting: Any = None

    @property
    def state(self) -> str:
        """Whether there are requests, or the connection has ended."""
        if self._over:
            return "CONNECTION_LOST"
        return "TRANSMITTING" if self.streams or self._queue else "QUIESCENT"

    @property
    def usable(self) -> bool:
        """Whether requests may be sent."""
        return not (self._over or self._goneAway or self._machine.exhausted)

    @property
    def allowsConnect(self) -> bool:
        """Whether the server has said that a ``CONNECT`` may name a protocol (RFC 8441)."""
        return bool(self._machine.allows_connect)

    @property
    def scheme(self) -> bytes:
        """The scheme of what is asked for."""
        return b"https" if ISSLTransport.providedBy(self.transport) else b"http"

    # The connection

    def connectionMade(self) -> None:
        """Say what this side allows."""
        self._machine = ClientMachine(self.limits, self._reactor.seconds)
        self._start()
        self.register()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Tell whoever waits for something that it will not come."""
        self.connected = 0
        if self._cutting is not None:
            self._cutting.cancel()
            self._cutting = None
        if self.lostCallback is not None:
            self.lostCallback()
        self._end(reason)
        waiting, self._aborts = self._aborts, []
        for deferred in waiting:
            deferred.callback(None)

    def _end(self, reason: Failure) -> None:
        if self._over:
            return
        self._over = True
        for name in ("_turn", "_asking"):
            call = getattr(self, name)
            if call is not None:
                call.cancel()
                setattr(self, name, None)
        streams, queued = list(self.streams.values()), list(self._queue)
        self.streams.clear()
        self._queue.clear()
        self._done.clear()
        if self.watch is not None:
            self.watch.stop()
        for stream in streams:
            stream.reset = True
            stream.failWith(reason)
        for stream in queued:
            self._refuse(stream, RequestNotSent())

    def abort(self) -> Deferred[None]:
        """
        Cut the connection; bodies that are being received end with `ResponseFailed`.

        @return: fires when the connection has ended.
        """
        if not self.connected:
            return succeed(None)
        gone: Deferred[None] = Deferred()
        self._aborts.append(gone)
        self._end(Failure(ConnectionAborted()))
        self.forceAbortClient()
        return gone

    def close(self) -> None:
        """Close the connection, over which nothing is under way."""
        self._machine.leave()
        self._lose(connectionDone)

    def _lose(self, reason: Failure) -> None:
        """Close the connection, and cut it if the server does not read."""
        self._end(reason)
        self._writeRest()
        self.transport.loseConnection()
        if self._cutting is None and self.connected:
            self._cutting = self._reactor.callLater(self.pingTimeout, self._cut)

    def _cut(self) -> None:
        self._cutting = None
        self.forceAbortClient()

    def forceAbortClient(self) -> None:
        """Cut the connection."""
        self._end(Failure(ConnectionAborted()))
        self._machine.out.clear()
        abort = getattr(self.transport, "abortConnection", None)
        (abort or self.transport.loseConnection)()

    def stopProducing(self) -> None:
        """The transport takes nothing any more."""

    # Requests

    def request(self, request: Any) -> Deferred[Any]:
        """
        Send a request, as soon as the server allows it.

        @return: fires with a `Response` when its head has come; fails with `RequestNotSent` if
            nothing was sent, `StreamRefused` if the server has not looked at it,
            `RequestGenerationFailed`, `RequestTransmissionFailed` or `ResponseFailed`; with
            `PoolFull` or `PoolTimeout` if the server allows too few. Cancelling it ends the stream.
        """
        return self.begin(ClientStream(self, request))

    def begin(self, stream: ClientStream) -> Deferred[Any]:
        """Send a request on a stream made for it; see `request`."""
        if not self.usable:
            return fail(RequestNotSent())
        if len(self._queue) >= self.maxWaiting:
            return fail(PoolFull(f"{len(self._queue)} requests wait for others to end"))
        finished = stream.finished
        assert finished is not None
        self._queue.append(stream)
        if self.poolTimeout is not None:
            stream.patience = self._reactor.callLater(self.poolTimeout, self._tooLong, stream)
        self._goOn()
        return finished

    def _tooLong(self, stream: ClientStream) -> None:
        """A request has waited for too long until the server allows another one."""
        stream.patience = None
        self._queue.remove(stream)
        self._refuse(stream, PoolTimeout(string=f"{self.poolTimeout} seconds"))

    def _refuse(self, stream: ClientStream, problem: Exception) -> None:
        """A request is not sent, for a reason."""
        self._waitNoMore(stream)
        stream.fail(problem, Failure(problem))

    def _waitNoMore(self, stream: ClientStream) -> None:
        call, stream.patience = stream.patience, None
        if call is not None:
            call.cancel()

    def _goOn(self) -> None:
        """Begin what may begin; if there is nothing to do any more, say so."""
        if self._busy:
            # What has come for streams that are over already is to be handed on before.
            self._changed = True
            return
        self._changed = False
        self._beginQueued()
        if self._over or self.streams or self._queue:
            return
        if self._asking is not None:
            self._asking.cancel()
            self._asking = None
        if self._goneAway or self._machine.exhausted:
            self.close()
        else:
            self._idleCallback(self)

    def _beginQueued(self) -> None:
        """Begin as many requests as the server allows, and the transport has room for."""
        while (
            self._queue
            and not self._blocked
            and len(self.streams) < self._machine.max_streams
            and self.usable
        ):
            self._begin(self._queue.popleft())
        if self._over:
            return
        self._flush()
        waiting = self.streams or self._queue
        if waiting and self._asking is None and self.pingInterval is not None:
            self._heard = True
            self._asking = self._reactor.callLater(self.pingInterval, self._ask)

    def resumeProducing(self) -> None:
        """The transport has sent everything."""
        super().resumeProducing()
        if not self._over:
            self._beginQueued()

    def _begin(self, stream: ClientStream) -> None:
        self._waitNoMore(stream)
        request = stream.request
        try:
            fields = stream.fields()
        except BaseException:
            reason = Failure()
            stream.fail(RequestGenerationFailed([reason]), reason)
            return
        self._machine.open(stream, fields, stream.bodiless, request.method == b"HEAD")
        if self.watch is not None:
            self.watch.begin()
        stream.sendBody()

    def giveUp(self, stream: ClientStream) -> None:
        """Nobody wants an answer any more."""
        stream.dropped = True
        if stream in self._queue:
            self._queue.remove(stream)
            self._waitNoMore(stream)
        elif stream.id in self.streams:
            self.resetStream(stream, Code.CANCEL)

    def resetStream(self, stream: ClientStream, code: int) -> None:
        """End a stream before its time."""
        if not self._over and not stream.reset:
            self._machine.reset(stream, code)
            stream.reset = stream.dropped = True
            self._order.forget(stream.id)
            self._flush()
            self._goOn()

    def taken(self, stream: ClientStream, size: int) -> None:
        """A piece of a body was taken."""
        if not self._over:
            self._machine.consumed_by(stream, size)
            self._flush()

    # What happens

    def dataReceived(self, data: bytes) -> None:
        """Take what came."""
        if self._over:
            return
        self._heard = True
        self._busy = True
        for event in self._machine.receive(data):
            _HANDLERS[type(event)](self, event)
            if self._over:
                return
        self._busy = False
        if self._changed:
            self._goOn()
        self._flush()

    def _guarded(self, stream: Any, function: Callable[..., Any], *arguments: Any) -> None:
        try:
            function(*arguments)
        except BaseException:
            reason = Failure()
            _log.failure("Error in an answer of HTTP/2", failure=reason)
            self.resetStream(stream, Code.CANCEL)
            stream.failWith(reason)

    def _headed(self, event: events.Headed) -> None:
        stream = event.stream
        if not stream.dropped:
            self._guarded(stream, stream.answered, event.head, event.ended)
            if stream.closed:
                self._goOn()

    def _received(self, event: events.Received) -> None:
        # What one receiver does not want does not hold others up: that is the stream's window.
        self._machine.consumed_by_all(event.size)
        if not event.stream.dropped:
            self._guarded(event.stream, event.stream.dataReceived, event.data, event.size)

    def _trailed(self, event: events.Trailed) -> None:
        event.stream.trailed(event.headers)

    def _ended(self, event: events.Ended) -> None:
        stream = event.stream
        if not stream.dropped:
            self._guarded(stream, stream.bodyEnded, None)
            if stream.closed:
                self._goOn()

    def _wasReset(self, event: events.WasReset) -> None:
        stream = event.stream
        self._order.forget(stream.id)
        if event.code == Code.REFUSED_STREAM and event.byPeer:
            self._refuse(stream, StreamRefused())
        elif stream.remote_ended:
            # The server has answered, and wants nothing more of the request.
            stream.fail(StreamReset(event.code), Failure(StreamReset(event.code)))
        else:
            stream.failWith(Failure(StreamReset(event.code)))
        self._goOn()

    def _goAway(self, event: events.GoneAway) -> None:
        """The server takes no more requests, and some of those that it has it did not look at."""
        self._goneAway = True
        why = f"the server takes no more requests: {error_name(event.code)}"
        for stream in list(self.streams.values()):
            if stream.id > event.last:
                self._machine.forget(stream)
                self._order.forget(stream.id)
                self._refuse(stream, _bounced(StreamRefused(why), event))
        queued, self._queue = self._queue, deque()
        for stream in queued:
            self._refuse(stream, _bounced(RequestNotSent(why), event))
        self._goOn()

    def _failed(self, event: events.Failed) -> None:
        self._lose(Failure(ParseError(str(event.error), b"")))

    def _nothing(self, event: Any) -> None:
        """Nothing has to be done."""

    def _widened(self, event: events.Widened) -> None:
        self._widen(event.stream)

    def _configured(self, event: events.Configured) -> None:
        self._beginQueued()
        if self.configuredCallback is not None:
            self.configuredCallback()

    def _allSent(self, stream: ClientStream) -> None:
        if stream.closed:
            self._goOn()

    @property
    def _maxBacklog(self) -> int:
        return self.limits.maxControlBacklog

    # Time

    def _ask(self) -> None:
        """Ask whether the server is still there, if it has said nothing."""
        self._asking = None
        if self._heard:
            self._heard = False
            assert self.pingInterval is not None
            self._asking = self._reactor.callLater(self.pingInterval, self._ask)
        else:
            self._machine.ping()
            self._flush()
            self._asking = self._reactor.callLater(self.pingTimeout, self._cutIfSilent)

    def _cutIfSilent(self) -> None:
        self._asking = None
        if self._heard:
            self._ask()
        else:
            self._end(Failure(ConnectionLost("the server does not answer a PING")))
            self.forceAbortClient()


def _bounced(problem: RequestNotSent, event: events.GoneAway) -> RequestNotSent:
    problem.others = event.last > 0
    return problem


_HANDLERS: dict[type, Callable[[HTTP2ClientProtocol, Any], None]] = {
    events.Headed: HTTP2ClientProtocol._headed,
    events.Received: HTTP2ClientProtocol._received,
    events.Trailed: HTTP2ClientProtocol._trailed,
    events.Ended: HTTP2ClientProtocol._ended,
    events.WasReset: HTTP2ClientProtocol._wasReset,
    events.Widened: HTTP2ClientProtocol._widened,
    events.Prioritized: HTTP2ClientProtocol._nothing,
    events.Ponged: HTTP2ClientProtocol._nothing,
    events.Configured: HTTP2ClientProtocol._configured,
    events.GoneAway: HTTP2ClientProtocol._goAway,
    events.Failed: HTTP2ClientProtocol._failed,
}
