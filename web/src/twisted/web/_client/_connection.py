"""
A connection over which one request after the other is sent.

::

    QUIESCENT --request--> TRANSMITTING --all is sent--> WAITING --answer--> QUIESCENT
                              |    |
                              |    +--answer--> TRANSMITTING_AFTER_RECEIVING_RESPONSE
                              +--the body fails--> GENERATION_FAILED

From anywhere `abort` leads to ABORTING, and the end to CONNECTION_LOST.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web._client._errors import (
    ConnectionAborted,
    ParseError,
    RequestGenerationFailed,
    RequestNotSent,
    RequestTimeout,
    RequestTransmissionFailed,
    ResponseFailed,
    ResponseNeverReceived,
)
from twisted.web._client._parser import HTTPClientParser
from twisted.web._client._request import Request, TransportProxyProducer

__all__ = ["HTTP11ClientProtocol"]

_log = Logger()

#: Why an answer ends of which all has come; nobody gets to see it.
_DONE = Failure(ConnectionDone("synthetic!"))


class HTTP11ClientProtocol(Protocol):
    """
    The client's side of an HTTP/1.1 connection.
    """

    __module__ = "twisted.web._newclient"

    _state = "QUIESCENT"
    _parser: Any = None
    _finishedRequest: Deferred[Any] | None = None
    _currentRequest: Any = None
    _transportProxy: TransportProxyProducer | None = None
    _responseDeferred: Deferred[Any] | None = None
    _late: Failure | None = None

    #: Called without arguments when the connection has ended, before anybody else hears of it.
    lostCallback: Callable[[], object] | None = None

    #: The `Watch` that ends requests for which nothing moves any more, if there is one.
    watch: Any = None

    def __init__(self, quiescentCallback: Callable[[Any], object] = lambda _: None) -> None:
        """
        @param quiescentCallback: called with this when another request may be sent.
        """
        self._quiescentCallback = quiescentCallback
        self._abortDeferreds: list[Deferred[None]] = []

    @property
    def state(self) -> str:
        """Where this is; see the module."""
        return self._state

    def request(self, request: Any) -> Deferred[Any]:
        """
        Send a request.

        @return: fires with a `Response` when its head has come; fails with `RequestNotSent` if
            another request is under way, `RequestGenerationFailed`, `RequestTransmissionFailed` or
            `ResponseFailed`. Cancelling it cuts the connection.
        """
        if self._state != "QUIESCENT":
            return fail(RequestNotSent())
        self._currentRequest = request
        finished: Deferred[Any] = Deferred(self._cancel)
        self._transportProxy = TransportProxyProducer(self.transport)
        if self.watch is not None:
            self.watch.begin()
        if type(request) is Request and request.bodyProducer is None:
            return self._sendHead(request, finished)
        self._state = "TRANSMITTING"
        self._finishedRequest = finished
        self._parser = HTTPClientParser(request, self._finishResponse)
        self._parser.makeConnection(self._transportProxy)
        self._responseDeferred = self._parser._responseDeferred
        try:
            self._writing = request.writeTo(self.transport)
        except BaseException:
            self._writing = fail(Failure())
        self._writing.addCallbacks(self._requestWritten, self._requestBroken)
        return finished

    # Sending

    def _sendHead(self, request: Request, finished: Deferred[Any]) -> Deferred[Any]:
        """Send a request without a body: only its answer is waited for then."""
        self._parser = HTTPClientParser(request, self._finishResponse, finished)
        self._parser.makeConnection(self._transportProxy)
        self._state = "WAITING"
        try:
            request.writeHead(self.transport)
        except BaseException:
            self._state = "GENERATION_FAILED"
            self.transport.loseConnection()
            finished.errback(RequestGenerationFailed([Failure()]))
        return finished

    def _requestWritten(self, _: object) -> None:
        """All of the request is written."""
        if self._state == "TRANSMITTING":
            self._state = "WAITING"
            self._passAnswer()

    def _passAnswer(self) -> None:
        """Have the answer go to whoever asked, unless they have cancelled."""
        finished, self._finishedRequest = self._finishedRequest, None
        answer, self._responseDeferred = self._responseDeferred, None
        assert finished is not None
        assert answer is not None

        def answered(result: Any, asked: Deferred[Any]) -> None:
            if not asked.called:
                asked.callback(result)

        answer.addBoth(answered, finished)

    def _requestBroken(self, reason: Failure) -> None:
        """The request could not be put together."""
        if self._state == "TRANSMITTING":
            self._state = "GENERATION_FAILED"
            self.transport.loseConnection()
            self._fail(RequestGenerationFailed([reason]))
        else:
            _log.failure(
                "Error writing request, but not in valid state to finalize request: {state}",
                failure=reason,
                state=self._state,
            )

    def _fail(self, problem: Exception) -> None:
        """Tell whoever asked, who gets no answer, then."""
        finished, self._finishedRequest = self._finishedRequest, None
        answer, self._responseDeferred = self._responseDeferred, None
        if answer is not None:
            answer.addErrback(lambda _: None)
        if finished is not None:
            finished.errback(problem)

    def _cancel(self, finished: Deferred[Any]) -> None:
        """Whoever asked does not want the answer any more: cut the connection."""
        if self._state == "TRANSMITTING":
            self._writing.cancel()
            if self._state == "TRANSMITTING":  # a body producer need not say that it has stopped
                self._requestBroken(Failure(CancelledError()))
        else:
            began = self._parser is not None and self._parser._everReceivedData
            kind = ResponseFailed if began else ResponseNeverReceived
            finished.errback(kind([Failure(CancelledError())]))
        abort = getattr(self.transport, "abortConnection", None)
        (abort or self.transport.loseConnection)()

    # Receiving

    def dataReceived(self, data: bytes) -> None:
        """Read what has come."""
        if self.watch is not None:
            self.watch.received()
        try:
            if self._parser is None:
                raise ParseError("data that nobody has asked for", data[:100])
            self._parser.dataReceived(data)
        except BaseException:
            self._giveUp(Failure())

    def _giveUp(self, reason: Failure) -> None:
        """Close the connection, over which nothing good can come any more."""
        self.transport.loseConnection()
        self._disconnectParser(reason)

    def _disconnectParser(self, reason: Failure) -> None:
        """Read nothing more of the present answer, for a reason."""
        self._end(*self._takeParser(), reason)

    def _takeParser(self) -> tuple[Any, TransportProxyProducer | None]:
        """Part with what reads the present answer."""
        parser, self._parser = self._parser, None
        proxy, self._transportProxy = self._transportProxy, None
        return parser, proxy

    @staticmethod
    def _end(parser: Any, proxy: TransportProxyProducer | None, reason: Failure) -> None:
        """Tell what read an answer that nothing more comes, for a reason."""
        if proxy is not None:
            parser.connectionLost(reason)
            proxy.stopProxying()

    def _finishResponse(self, rest: bytes) -> None:
        """All of the answer has come, and something behind it."""
        reusable = not rest and self._state == "WAITING" and self._isPersistent()
        if self._state == "WAITING":
            self._state = "QUIESCENT"
        parser, proxy = self._takeParser()
        if reusable:
            self.transport.resumeProducing()
            self._currentRequest = None
            try:
                # Another request may be sent before the receiver of this body hears of its end.
                self._quiescentCallback(self)
            except BaseException:
                _log.failure("What was to keep a connection has failed")
                self.transport.loseConnection()
        else:
            self.transport.loseConnection()
            if self._state == "TRANSMITTING":
                # The server has answered without reading the whole request.
                self._state = "TRANSMITTING_AFTER_RECEIVING_RESPONSE"
                self._passAnswer()
        self._end(parser, proxy, _DONE)

    def _isPersistent(self) -> bool:
        """Whether both sides would use the connection again."""
        if not self._currentRequest.persistent or self._parser.response.version < (b"HTTP", 1, 1):
            return False
        if self._parser.ambiguous:
            return False
        options = self._parser.connHeaders.getRawHeaders(b"connection", ())
        return not any(b"close" in value.lower() for value in options)

    # The end

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Tell whoever waits for something that it will not come."""
        if self.lostCallback is not None:
            self.lostCallback()
        if self.watch is not None:
            self.watch.stop()
        state, self._state = self._state, "CONNECTION_LOST"
        parser, proxy = self._takeParser()
        if state == "ABORTING":
            reason = Failure(ConnectionAborted())
        elif self._late is not None:
            reason = self._late
        if self._finishedRequest is not None:
            # Not all of the request was sent.
            self._currentRequest.stopWriting()
            self._fail(RequestTransmissionFailed([reason]))
        self._end(parser, proxy, reason)
        self._currentRequest = None
        waiting, self._abortDeferreds = self._abortDeferreds, []
        for deferred in waiting:
            deferred.callback(None)

    def giveUpWaiting(self, late: RequestTimeout) -> None:
        """Cut the connection, over which nothing moves; that is why what is under way fails."""
        self._late = Failure(late)
        abort = getattr(self.transport, "abortConnection", None)
        (abort or self.transport.loseConnection)()

    def abort(self) -> Deferred[None]:
        """
        Cut the connection; a body that is being received ends with `ResponseFailed`.

        @return: fires when the connection has ended.
        """
        if self._state == "CONNECTION_LOST":
            return succeed(None)
        gone: Deferred[None] = Deferred()
        self._abortDeferreds.append(gone)
        self._state = "ABORTING"
        self.transport.loseConnection()
        return gone
