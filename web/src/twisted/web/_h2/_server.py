"""
The server's side of a connection of HTTP/2.

What comes is read at once, then the requests in it are answered: one that was reset in the same
breath costs its application nothing.  Heads of answers leave at once, bodies in the next turn of
the reactor: then the streams' order is that of their priorities, not of the requests.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.currentreactor import currentReactor
from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import ISSLTransport
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.protocols.policies import TimeoutMixin
from twisted.python.failure import Failure
from twisted.web._h2 import _events as events
from twisted.web._h2._endpoint import Endpoint
from twisted.web._h2._frames import Code, error_name
from twisted.web._h2._limits import HTTP2Limits
from twisted.web._h2._order import MOST_IN_TREE, RoundRobin, Weighted
from twisted.web._h2._serverstate import ServerMachine
from twisted.web._h2._stream import H2Stream
from twisted.web._http._channel import ChannelKeeper, HTTPChannel
from twisted.web._http._head import BadRequest
from twisted.web._http._request import Request

_log = Logger()

#: How many streams a tree of priorities may be asked to hold.
_MOST_WEIGHTED = MOST_IN_TREE // 2


class H2Connection(Endpoint, TimeoutMixin):
    """
    Reads requests from a connection and sends what answers them, side by side.

    @ivar limits: the `HTTP2Limits`.
    @ivar streams: the requests under way, by the numbers of their streams.
    @ivar timeOut: after how many seconds without a request the connection is closed; while there
        are requests, a client that says nothing for so long is asked whether it is still there.
    @ivar streamFactory: called with this; gives an `H2Stream`.
    @ivar maxBodySize: see `HTTPChannel`, as for ``bodyGrace``, ``minimumBodyRate`` and
        ``abortTimeout``.
    """

    __module__ = "twisted.web._http2"

    limits = HTTP2Limits()
    maxBodySize = HTTPChannel.maxBodySize
    bodyGrace = HTTPChannel.bodyGrace
    minimumBodyRate = HTTPChannel.minimumBodyRate
    abortTimeout = HTTPChannel.abortTimeout

    site: Any = None
    factory: Any = None
    requestFactory: Callable[..., Any] = Request
    streamFactory = H2Stream

    def __init__(self, reactor: Any = None) -> None:
        Endpoint.__init__(self, currentReactor(reactor))
        self._watching: Any = None
        self._aborting: Any = None
        # Whether the client was asked if it is there, and what had come when this was looked at.
        self._asked = False
        self._progress = -1
        self._keeper: ChannelKeeper | None = None

    # The connection

    def connectionMade(self) -> None:
        """Say what this side allows, and wait for requests."""
        if isinstance(self.factory, ChannelKeeper):
            self._keeper = self.factory
            self._keeper.channelMade(self)
        self._machine = ServerMachine(
            self.limits, self._reactor.seconds, lambda: self.streamFactory(self)
        )
        self._idleTime = self.timeOut
        self.setTimeout(self._idleTime)
        self._start()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Tell the requests."""
        self._end(reason)
        if self._aborting is not None:
            self._aborting.cancel()
            self._aborting = None
        if self._keeper is not None:
            self._keeper.channelLost(self)
            self._keeper = None

    def _end(self, reason: Failure) -> None:
        """All requests end, for a reason."""
        if self._over:
            return
        self._over = True
        self.setTimeout(None)
        for name in ("_turn", "_watching"):
            call = getattr(self, name)
            if call is not None:
                call.cancel()
                setattr(self, name, None)
        streams = [*self.streams.values(), *self._done]
        self.streams.clear()
        self._done.clear()
        for stream in streams:
            stream.reset = True
            self._guarded(stream, stream.connectionLost, reason)

    def dataReceived(self, data: bytes) -> None:
        """Take what came."""
        if self._over:
            return
        if self._asked:
            self._asked = False
            self.setTimeout(self._idleTime)
        else:
            self.resetTimeout()
        self._busy = True
        for event in self._machine.receive(data):
            _HANDLERS[type(event)](self, event)
            if self._over:
                return
        self._busy = False
        self._flush()
        if self._machine.partial:
            self._watch()
        elif self._watching is not None and not self._hasToWatch():
            self._watching.cancel()
            self._watching = None

    # What happens

    def _headed(self, event: events.Headed) -> None:
        stream = event.stream
        if stream.reset:
            return
        self._guarded(stream, stream.begin, event.head, event.ended)
        if not event.ended:
            self._watch()

    def _received(self, event: events.Received) -> None:
        stream = event.stream
        if stream.reset:
            self._machine.consumed(None, event.size)
        else:
            self._guarded(stream, stream.dataReceived, event.data, event.size)

    def _trailed(self, event: events.Trailed) -> None:
        stream = event.stream
        if not stream.reset:
            self._guarded(stream, stream.trailersReceived, event.headers)

    def _ended(self, event: events.Ended) -> None:
        stream = event.stream
        if not stream.reset:
            self._guarded(stream, stream.requestComplete)

    def _wasReset(self, event: events.WasReset) -> None:
        self._gone(event.stream, f"the stream was reset: {error_name(event.code)}")

    def _widened(self, event: events.Widened) -> None:
        self._widen(event.stream)

    def _prioritized(self, event: events.Prioritized) -> None:
        if self.limits.maxStreams > _MOST_WEIGHTED:
            return
        if isinstance(self._order, RoundRobin):
            self._order = Weighted(self._order.waiting(), self.limits.maxStreams)
        self._order.prioritize(event.stream, event.parent, event.weight, event.exclusive)

    def _goneAway(self, event: events.GoneAway) -> None:
        """The client begins no more requests; if it has no complaint, those that are go on."""
        if event.code != Code.NO_ERROR:
            self._fail(ConnectionLost(f"the client has gone away: {error_name(event.code)}"))
        else:
            self.drain()

    def _failed(self, event: events.Failed) -> None:
        self._fail(event.error)

    def _nothing(self, event: Any) -> None:
        """Nothing has to be done."""

    def _guarded(self, stream: H2Stream, function: Callable[..., Any], *arguments: Any) -> None:
        """Call something of a request; whatever goes wrong there ends its stream alone."""
        try:
            function(*arguments)
        except BadRequest as error:
            stream.refuse(error)
            if not stream.remote_ended:
                self._watch()
        except Exception:
            _log.failure("Error in a request of HTTP/2")
            self.resetStream(stream, Code.INTERNAL_ERROR)

    def deliver(self, stream: H2Stream, waiting: list[tuple[bytes, int]], ended: bool) -> None:
        """Pass on what has come of a request while it was held back."""
        for data, size in waiting:
            if not stream.reset:
                self._guarded(stream, stream.dataReceived, data, size)
        if ended and not stream.reset:
            self._guarded(stream, stream.requestComplete)
        self._flush()

    def _gone(self, stream: H2Stream, why: str) -> None:
        """A stream has ended before its time."""
        self._order.forget(stream.id)
        self._guarded(stream, stream.connectionLost, Failure(ConnectionLost(why)))
        self._closeIfDrained()

    # Streams, to their requests

    def getPeer(self) -> Any:
        """The address of the other side."""
        return self.transport.getPeer()

    def getHost(self) -> Any:
        """The address of this side."""
        return self.transport.getHost()

    def isSecure(self) -> bool:
        """Whether the connection is encrypted."""
        return ISSLTransport.providedBy(self.transport)

    def consumed(self, stream: H2Stream, size: int) -> None:
        """A piece of a body was taken."""
        self._machine.consumed(stream, size)

    def resetStream(self, stream: H2Stream, code: int) -> None:
        """End a stream before its time."""
        if stream.reset or self._over:
            return
        self._machine.reset(stream, code)
        stream.reset = True
        self._gone(stream, "the stream was aborted")
        self._flush()

    def _localEnded(self, stream: H2Stream) -> None:
        super()._localEnded(stream)
        if not stream.remote_ended:
            # RFC 9113, section 8.1: nobody reads the rest of the request.
            self._machine.reset(stream, Code.NO_ERROR)

    def _allSent(self, stream: H2Stream) -> None:
        self._guarded(stream, stream.connectionLost, connectionDone)
        self._closeIfDrained()

    def _closeIfDrained(self) -> None:
        if self._machine.leaving and not self.streams and not self._over:
            self.loseConnection()

    @property
    def _maxBacklog(self) -> int:
        return self.limits.maxControlBacklog

    def _active(self) -> None:
        self.resetTimeout()

    def stopProducing(self) -> None:
        """The transport takes nothing any more."""
        self._end(Failure(ConnectionLost("the transport takes no more")))
        self.transport.loseConnection()

    # Time

    def timeoutConnection(self) -> None:
        """Nothing has come for long."""
        if not self.streams:
            self._fail(ConnectionLost("nothing was asked for too long"))
        elif self._asked:
            self.forceAbortClient()
        else:
            self._asked = True
            self._machine.ping()
            self._flush()
            self.setTimeout(self.abortTimeout or self._idleTime)

    def _watch(self) -> None:
        """Look after some time whether what is under way goes on."""
        if self._watching is None and not self._over:
            self._progress = self._machine.handled
            self._watching = self._reactor.callLater(self.bodyGrace, self._look)

    def _look(self) -> None:
        """End what does not go on: bodies that come too slowly, or are not taken."""
        self._watching = None
        now = self._reactor.seconds()
        partial = self._machine.partial
        if partial and self._machine.handled == self._progress:
            self._fail(ConnectionLost("a frame, or a head, comes too slowly"))
            return
        for stream in list(self.streams.values()):
            if stream.isSlow():
                self._guarded(stream, _tooSlow)
            elif stream.isStalled(now):
                self.resetStream(stream, Code.CANCEL)
        self._flush()
        if self._hasToWatch():
            self._watch()

    def _hasToWatch(self) -> bool:
        """Whether anything is under way that may come too slowly, or be taken so."""
        if self._blocked or self._machine.partial:
            return True
        return any(stream.waits or not stream.remote_ended for stream in self.streams.values())

    # The end

    def drain(self) -> None:
        """Finish what has begun, and close the connection; requests that come later are refused."""
        if self._over or self._machine.leaving:
            return
        self._machine.leave()
        self._flush()
        if not self.streams:
            self.loseConnection()

    def _fail(self, reason: Exception) -> None:
        """End the connection, for a reason, and say so."""
        if self._machine.failed is None and not self._machine.leaving:
            self._machine.leave()
        self._end(Failure(reason))
        self.loseConnection()

    def loseConnection(self) -> None:
        """Close the connection when everything is sent, and cut it if the peer does not read."""
        self._end(Failure(ConnectionLost("the connection is closed")))
        self._writeRest()
        self.transport.loseConnection()
        self._cutLater()

    def _cutLater(self) -> None:
        if self.abortTimeout is not None and self._aborting is None:
            self._aborting = self._reactor.callLater(self.abortTimeout, self._cut)

    def _cut(self) -> None:
        self._aborting = None
        self.forceAbortClient()

    def forceAbortClient(self) -> None:
        """Cut the connection; what was not sent is lost."""
        self._end(Failure(ConnectionLost("the connection is cut")))
        self._machine.out.clear()
        abort = getattr(self.transport, "abortConnection", None)
        (abort or self.transport.loseConnection)()


def _tooSlow() -> None:
    raise BadRequest("the body comes too slowly", 408)


_HANDLERS: dict[type, Callable[[H2Connection, Any], None]] = {
    events.Headed: H2Connection._headed,
    events.Received: H2Connection._received,
    events.Trailed: H2Connection._trailed,
    events.Ended: H2Connection._ended,
    events.WasReset: H2Connection._wasReset,
    events.Widened: H2Connection._widened,
    events.Prioritized: H2Connection._prioritized,
    events.Ponged: H2Connection._nothing,
    events.Configured: H2Connection._nothing,
    events.GoneAway: H2Connection._goneAway,
    events.Failed: H2Connection._failed,
}
