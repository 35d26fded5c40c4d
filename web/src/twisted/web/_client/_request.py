"""Writing requests."""

from __future__ import annotations

import re
from typing import Any

from zope.interface import implementer

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IConsumer, IPushProducer
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web._client._errors import BadHeaders, ExcessWrite, WrongBodyLength
from twisted.web.http_headers import Headers
from twisted.web.iweb import UNKNOWN_LENGTH, IClientRequest

__all__ = [
    "ChunkedEncoder",
    "LengthEnforcingConsumer",
    "Request",
    "TransportProxyProducer",
    "checkedMethod",
    "checkedURI",
]

_log = Logger()

#: RFC 9110, section 5.6.2.
_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
#: RFC 3986: neither a space, which would end it, nor a control character, nor others than ASCII.
_TARGET = re.compile(rb"[!-~]+")


def checkedMethod(method: bytes) -> bytes:
    """
    A method that is one (CWE-93).

    @raise ValueError: if it is not.
    """
    if not _TOKEN.fullmatch(method):
        raise ValueError(f"Invalid method {method!r}")
    return method


def checkedURI(uri: bytes) -> bytes:
    """
    A URI without anything that would end it, or the line (CWE-93).

    @raise ValueError: if there is such a thing.
    """
    if not _TARGET.fullmatch(uri):
        raise ValueError(f"Invalid URI {uri!r}")
    return uri


@implementer(IClientRequest)
class Request:
    """
    A request.

    @ivar method: such as ``b"GET"``.
    @ivar uri: what is asked for, as the server is to see it.
    @ivar headers: the `Headers`; exactly one of them is ``Host``.
    @ivar bodyProducer: an `IBodyProducer`, or None.
    @ivar persistent: whether the connection may be used again.
    @ivar absoluteURI: the whole URI, if it is known; otherwise None.
    """

    def __init__(
        self,
        method: bytes,
        uri: bytes,
        headers: Headers,
        bodyProducer: Any,
        persistent: bool = False,
    ) -> None:
        """
        @raise ValueError: if the method or the URI is none.
        """
        self.method = checkedMethod(method)
        self.uri = checkedURI(uri)
        self.headers = headers
        self.bodyProducer = bodyProducer
        self.persistent = persistent
        self._parsedURI: Any = None

    @classmethod
    def _construct(
        cls,
        method: bytes,
        uri: bytes,
        headers: Headers,
        bodyProducer: Any,
        persistent: bool = False,
        parsedURI: Any = None,
    ) -> Request:
        """A request of which the whole URI is known."""
        request = cls(method, uri, headers, bodyProducer, persistent)
        request._parsedURI = parsedURI
        return request

    @property
    def absoluteURI(self) -> bytes | None:
        """The whole URI, if it is known."""
        return None if self._parsedURI is None else self._parsedURI.toBytes()

    def _head(self, framing: bytes) -> bytes:
        """
        The head.

        @param framing: the header that says how long the body is.
        @raise BadHeaders: if there is no ``Host``, or more than one.
        """
        # Whoever holds the request may have changed it.
        method, uri = checkedMethod(self.method), checkedURI(self.uri)
        raw = self.headers._rawHeaders
        if len(raw.get(b"host", ())) != 1:
            raise BadHeaders("Exactly one Host header required")
        lines = [b"%b %b HTTP/1.1\r\n" % (method, uri)]
        if not self.persistent:
            lines.append(b"Connection: close\r\n")
        lines.append(framing)
        for name, values in self.headers.getAllRawHeaders():
            lines += [b"%b: %b\r\n" % (name, value) for value in values]
        lines.append(b"\r\n")
        return b"".join(lines)

    def writeHead(self, transport: Any) -> None:
        """
        Send all of a request that has no body.

        @raise BadHeaders: if there is no ``Host``, or more than one.
        """
        empty = self.method in (b"PUT", b"POST")
        transport.write(self._head(b"Content-Length: 0\r\n" if empty else b""))

    def writeTo(self, transport: Any) -> Deferred[None]:
        """
        Send the request.

        @return: fires when all of it is written, or fails if the body cannot be made.
        @raise BadHeaders: if there is no ``Host``, or more than one.
        """
        producer = self.bodyProducer
        if producer is None:
            self.writeHead(transport)
            return succeed(None)
        if producer.length is UNKNOWN_LENGTH:
            transport.write(self._head(b"Transfer-Encoding: chunked\r\n"))
            return self._writeChunked(transport)
        transport.write(self._head(b"Content-Length: %d\r\n" % producer.length))
        return self._writeCounted(transport)

    def _writeChunked(self, transport: Any) -> Deferred[None]:
        encoder = ChunkedEncoder(transport)
        encoder.registerProducer(self.bodyProducer, True)
        produced: Deferred[Any] = self.bodyProducer.startProducing(encoder)

        def failed(failure: Failure) -> Failure:
            encoder._allowNoMoreWrites()
            transport.unregisterProducer()
            return failure

        produced.addCallbacks(lambda _: encoder.unregisterProducer(), failed)
        return produced

    def _writeCounted(self, transport: Any) -> Deferred[None]:
        # Whichever comes first decides: the producer says that it is done, or that it failed; or
        # too much was written.
        consumed: Deferred[None] = Deferred()
        consumer = LengthEnforcingConsumer(self.bodyProducer, transport, consumed)
        transport.registerProducer(self.bodyProducer, True)
        produced: Deferred[None] = self.bodyProducer.startProducing(consumer)
        result: Deferred[None] = Deferred(lambda _: produced.cancel())
        decided: list[object] = []

        def overrun(failure: Failure) -> None:
            if decided:
                _log.failure("Buggy state machine in {request}", failure=failure, request=self)
                return
            decided.append(failure)
            transport.unregisterProducer()
            result.errback(failure)

        def done(_: object) -> None:
            if decided:
                return
            decided.append(None)
            transport.unregisterProducer()
            try:
                consumer._noMoreWritesExpected()
            except WrongBodyLength:
                result.errback()
            else:
                result.callback(None)

        def failed(failure: Failure) -> None:
            if decided:
                _log.failure("A body producer failed after its body was", failure=failure)
                return
            decided.append(failure)
            consumer._allowNoMoreWrites()
            transport.unregisterProducer()
            result.errback(failure)

        consumed.addErrback(overrun)
        produced.addCallbacks(done, failed)
        return result

    def stopWriting(self) -> None:
        """Stop making the body: nobody can be sent it any more."""
        if self.bodyProducer is not None:
            _stop(self.bodyProducer)


def _stop(producer: Any) -> None:
    """Stop a producer, whatever it says."""
    try:
        producer.stopProducing()
    except BaseException:
        _log.failure("Could not stop {producer}", producer=producer)


class LengthEnforcingConsumer:
    """
    Lets through as many bytes as were promised.
    """

    def __init__(self, producer: Any, consumer: Any, finished: Deferred[None]) -> None:
        """
        @param producer: the `IBodyProducer`, which promises its ``length``; it is stopped when it
            writes more.
        @param finished: fails with `WrongBodyLength` then.
        """
        self._length: int = producer.length
        self._producer = producer
        self._consumer = consumer
        self._finished: Deferred[None] | None = finished

    def _allowNoMoreWrites(self) -> None:
        """Have any write raise."""
        self._finished = None

    def write(self, bytes: bytes) -> None:
        """
        Pass data on.

        @raise ExcessWrite: after the end.
        """
        finished = self._finished
        if finished is None:
            _stop(self._producer)
            raise ExcessWrite()
        if len(bytes) <= self._length:
            self._length -= len(bytes)
            self._consumer.write(bytes)
            return
        self._finished = None
        _stop(self._producer)
        finished.errback(WrongBodyLength("too many bytes written"))

    def _noMoreWritesExpected(self) -> None:
        """
        The producer has said that it is done.

        @raise WrongBodyLength: if it has not written as much as it promised.
        """
        if self._finished is not None:
            self._finished = None
            if self._length:
                raise WrongBodyLength("too few bytes written")


@implementer(IConsumer)
class ChunkedEncoder:
    """Writes chunks (RFC 9112, section 7.1)."""

    def __init__(self, transport: Any) -> None:
        self.transport: Any = transport

    def _allowNoMoreWrites(self) -> None:
        """Have any write raise."""
        self.transport = None

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Register a producer with the transport."""
        self.transport.registerProducer(producer, streaming)

    def write(self, data: bytes) -> None:
        """
        Write a chunk.

        @raise ExcessWrite: after the end.
        """
        if self.transport is None:
            raise ExcessWrite()
        if data:
            # An empty one would be the last.
            self.transport.writeSequence((b"%x\r\n" % len(data), data, b"\r\n"))

    def unregisterProducer(self) -> None:
        """Write the last chunk, and let the producer go."""
        self.write(b"")
        self.transport.write(b"0\r\n\r\n")
        self.transport.unregisterProducer()
        self._allowNoMoreWrites()


@implementer(IPushProducer)
class TransportProxyProducer:
    """
    What of a transport the receiver of a body may use, until the connection serves another one.
    """

    #: Whether nothing is read at present because whoever has the body wants nothing.
    paused = False

    def __init__(self, producer: Any) -> None:
        self._producer = producer

    def stopProxying(self) -> None:
        """Do nothing from now on."""
        self._producer = None

    def stopProducing(self) -> None:
        """Read no more."""
        if self._producer is not None:
            self._producer.stopProducing()

    def resumeProducing(self) -> None:
        """Read again."""
        self.paused = False
        if self._producer is not None:
            self._producer.resumeProducing()

    def pauseProducing(self) -> None:
        """Read nothing until `resumeProducing`."""
        self.paused = True
        if self._producer is not None:
            self._producer.pauseProducing()

    def loseConnection(self) -> None:
        """Close the connection."""
        if self._producer is not None:
            self._producer.loseConnection()

    def abortConnection(self) -> None:
        """Cut the connection."""
        if self._producer is not None:
            abort = getattr(self._producer, "abortConnection", None)
            (abort or self._producer.loseConnection)()
