"""
Behaviour around any protocol: limits on numbers, time and bandwidth, and logs of traffic.

A `WrappingFactory` makes the protocols of another factory and puts a `ProtocolWrapper` between each
and its transport.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import IO, Any

from twisted.internet._wrapping import ProtocolWrapper, WrappingFactory
from twisted.internet.currentreactor import currentReactor
from twisted.internet.protocol import ServerFactory, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure

__all__ = [
    "LimitConnectionsByPeer",
    "LimitTotalConnectionsFactory",
    "ProtocolWrapper",
    "SpewingFactory",
    "SpewingProtocol",
    "ThrottlingFactory",
    "ThrottlingProtocol",
    "TimeoutFactory",
    "TimeoutMixin",
    "TimeoutProtocol",
    "TrafficLoggingFactory",
    "TrafficLoggingProtocol",
    "WrappingFactory",
]

_log = Logger()


# Bandwidth


class ThrottlingProtocol(ProtocolWrapper):
    """A wrapper that counts bytes, and can be held back in both directions."""

    def write(self, data: bytes) -> None:
        """Count and pass on."""
        self.factory.registerWritten(len(data))
        ProtocolWrapper.write(self, data)

    def writeSequence(self, seq: Iterable[bytes]) -> None:
        """Count and pass on."""
        pieces = list(seq)
        self.factory.registerWritten(sum(map(len, pieces)))
        ProtocolWrapper.writeSequence(self, pieces)

    def dataReceived(self, data: bytes) -> None:
        """Count and pass on."""
        self.factory.registerRead(len(data))
        ProtocolWrapper.dataReceived(self, data)

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Pass on, and remember whom to hold back."""
        self.producer = producer
        ProtocolWrapper.registerProducer(self, producer, streaming)

    def unregisterProducer(self) -> None:
        """Pass on, and forget."""
        del self.producer
        ProtocolWrapper.unregisterProducer(self)

    def throttleReads(self) -> None:
        """Read nothing for now."""
        self.transport.pauseProducing()

    def unthrottleReads(self) -> None:
        """Read again."""
        self.transport.resumeProducing()

    def throttleWrites(self) -> None:
        """Let the producer pause, if there is one."""
        if "producer" in self.__dict__:
            self.producer.pauseProducing()

    def unthrottleWrites(self) -> None:
        """Let the producer go on."""
        if "producer" in self.__dict__:
            self.producer.resumeProducing()


class ThrottlingFactory(WrappingFactory):
    """
    Limits the number of connections, and the bytes that all together read and write in a second.

    @ivar readLimit: bytes a second, or None for no limit; ``writeLimit`` likewise.
    """

    protocol = ThrottlingProtocol

    def __init__(
        self,
        wrappedFactory: Any,
        maxConnectionCount: int = sys.maxsize,
        readLimit: float | None = None,
        writeLimit: float | None = None,
    ) -> None:
        super().__init__(wrappedFactory)
        self.connectionCount = 0
        self.maxConnectionCount = maxConnectionCount
        self.readLimit = readLimit
        self.writeLimit = writeLimit
        self.readThisSecond = 0
        self.writtenThisSecond = 0
        self.unthrottleReadsID: Any = None
        self.checkReadBandwidthID: Any = None
        self.unthrottleWritesID: Any = None
        self.checkWriteBandwidthID: Any = None

    def callLater(self, period: float, func: Callable[[], object]) -> Any:
        """Call a function later; tests override this."""
        return currentReactor().callLater(period, func)

    def registerWritten(self, length: int) -> None:
        """Count bytes written."""
        self.writtenThisSecond += length

    def registerRead(self, length: int) -> None:
        """Count bytes read."""
        self.readThisSecond += length

    def checkReadBandwidth(self) -> None:
        """Look, once a second, whether too much was read, and wait as long as it was too much."""
        assert self.readLimit is not None
        if self.readThisSecond > self.readLimit:
            self.throttleReads()
            wait = self.readThisSecond / self.readLimit - 1.0
            self.unthrottleReadsID = self.callLater(wait, self.unthrottleReads)
        self.readThisSecond = 0
        self.checkReadBandwidthID = self.callLater(1, self.checkReadBandwidth)

    def checkWriteBandwidth(self) -> None:
        """
        Look, once a second, whether too much was written, and wait as long as it was too much.
        """
        assert self.writeLimit is not None
        if self.writtenThisSecond > self.writeLimit:
            self.throttleWrites()
            wait = self.writtenThisSecond / self.writeLimit - 1.0
            self.unthrottleWritesID = self.callLater(wait, self.unthrottleWrites)
        self.writtenThisSecond = 0
        self.checkWriteBandwidthID = self.callLater(1, self.checkWriteBandwidth)

    def throttleReads(self) -> None:
        """Hold back reading on all connections."""
        for p in list(self.protocols):
            p.throttleReads()

    def unthrottleReads(self) -> None:
        """Let all connections read again."""
        self.unthrottleReadsID = None
        for p in list(self.protocols):
            p.unthrottleReads()

    def throttleWrites(self) -> None:
        """Hold back the producers of all connections."""
        for p in list(self.protocols):
            p.throttleWrites()

    def unthrottleWrites(self) -> None:
        """Let all producers go on."""
        self.unthrottleWritesID = None
        for p in list(self.protocols):
            p.unthrottleWrites()

    def buildProtocol(self, addr: Any) -> Any:
        """A wrapped protocol, or None while there are as many connections as there may be."""
        if self.connectionCount == 0:
            if self.readLimit is not None:
                self.checkReadBandwidth()
            if self.writeLimit is not None:
                self.checkWriteBandwidth()
        if self.connectionCount >= self.maxConnectionCount:
            _log.info("Max connection count reached!")
            return None
        self.connectionCount += 1
        return super().buildProtocol(addr)

    def unregisterProtocol(self, p: Any) -> None:
        """Discount a connection; after the last one nothing is looked at any more."""
        super().unregisterProtocol(p)
        self.connectionCount -= 1
        if self.connectionCount == 0:
            for call in (
                self.unthrottleReadsID,
                self.checkReadBandwidthID,
                self.unthrottleWritesID,
                self.checkWriteBandwidthID,
            ):
                if call is not None and call.active():
                    call.cancel()


class SpewingProtocol(ProtocolWrapper):
    """A wrapper that logs all data."""

    def dataReceived(self, data: bytes) -> None:
        """Log and pass on."""
        _log.info("Received: {data!r}", data=data)
        ProtocolWrapper.dataReceived(self, data)

    def write(self, data: bytes) -> None:
        """Log and pass on."""
        _log.info("Sending: {data!r}", data=data)
        ProtocolWrapper.write(self, data)


class SpewingFactory(WrappingFactory):
    """Logs all data of all connections."""

    protocol = SpewingProtocol


# Numbers of connections


class LimitConnectionsByPeer(WrappingFactory):
    """
    Limits the connections from each host.

    @cvar maxConnectionsPerPeer: how many there may be.
    """

    maxConnectionsPerPeer = 5

    def startFactory(self) -> None:
        """Begin to count."""
        self.peerConnections: dict[str, int] = {}

    def buildProtocol(self, addr: Any) -> Any:
        """A wrapped protocol, or None while the host has as many connections as it may."""
        count = self.peerConnections.get(addr.host, 0)
        if count >= self.maxConnectionsPerPeer:
            return None
        self.peerConnections[addr.host] = count + 1
        return super().buildProtocol(addr)

    def unregisterProtocol(self, p: Any) -> None:
        """Discount a connection."""
        super().unregisterProtocol(p)
        host = p.getPeer().host
        self.peerConnections[host] -= 1
        if self.peerConnections[host] == 0:
            del self.peerConnections[host]


class LimitTotalConnectionsFactory(ServerFactory):
    """
    Limits the connections in all.

    @ivar connectionCount: how many there are.
    @ivar connectionLimit: how many there may be, or None for no limit.
    @ivar overflowProtocol: makes the protocols of connections beyond that; None to refuse them.
    """

    connectionCount = 0
    connectionLimit: int | None = None
    overflowProtocol: Callable[[], Any] | None = None

    def buildProtocol(self, addr: Any) -> Any:
        """A wrapped protocol, of the overflow kind if there are too many."""
        if self.connectionLimit is None or self.connectionCount < self.connectionLimit:
            return self._wrap(self.protocol)
        return None if self.overflowProtocol is None else self._wrap(self.overflowProtocol)

    def _wrap(self, protocol: Callable[[], Any] | None) -> ProtocolWrapper:
        """A wrapper around a new protocol."""
        assert protocol is not None
        wrapped = protocol()
        wrapped.factory = self
        return ProtocolWrapper(self, wrapped)  # type: ignore[arg-type]

    def registerProtocol(self, p: Any) -> None:
        """Count a connection."""
        self.connectionCount += 1

    def unregisterProtocol(self, p: Any) -> None:
        """Discount a connection."""
        self.connectionCount -= 1


# Time


class TimeoutProtocol(ProtocolWrapper):
    """A wrapper that ends a connection on which nothing has come or gone for some time."""

    def __init__(self, factory: Any, wrappedProtocol: Any, timeoutPeriod: float | None) -> None:
        """
        @param timeoutPeriod: in seconds, or None for no limit.
        """
        ProtocolWrapper.__init__(self, factory, wrappedProtocol)
        self.timeoutCall: Any = None
        self.timeoutPeriod: float | None = None
        self.setTimeout(timeoutPeriod)

    def setTimeout(self, timeoutPeriod: float | None = None) -> None:
        """
        Begin to wait.

        @param timeoutPeriod: by default as before.
        """
        self.cancelTimeout()
        self.timeoutPeriod = timeoutPeriod
        if timeoutPeriod is not None:
            self.timeoutCall = self.factory.callLater(timeoutPeriod, self.timeoutFunc)

    def cancelTimeout(self) -> None:
        """Wait no more."""
        self.timeoutPeriod = None
        if self.timeoutCall is not None:
            call, self.timeoutCall = self.timeoutCall, None
            if call.active():
                call.cancel()

    def resetTimeout(self) -> None:
        """Something has come or gone: wait as long again."""
        if self.timeoutCall is not None:
            self.timeoutCall.reset(self.timeoutPeriod)

    def write(self, data: bytes) -> None:
        """Wait as long again, and pass on."""
        self.resetTimeout()
        ProtocolWrapper.write(self, data)

    def writeSequence(self, seq: Iterable[bytes]) -> None:
        """Wait as long again, and pass on."""
        self.resetTimeout()
        ProtocolWrapper.writeSequence(self, seq)

    def dataReceived(self, data: bytes) -> None:
        """Wait as long again, and pass on."""
        self.resetTimeout()
        ProtocolWrapper.dataReceived(self, data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Wait no more, and pass on."""
        self.cancelTimeout()
        ProtocolWrapper.connectionLost(self, reason)

    def timeoutFunc(self) -> None:
        """Called when nothing has come or gone for too long; closes the connection."""
        self.timeoutCall = None
        self.loseConnection()


class TimeoutFactory(WrappingFactory):
    """
    Ends connections on which nothing comes or goes.

    @ivar timeoutPeriod: in seconds.
    """

    protocol = TimeoutProtocol

    def __init__(self, wrappedFactory: Any, timeoutPeriod: float = 30 * 60) -> None:
        self.timeoutPeriod = timeoutPeriod
        WrappingFactory.__init__(self, wrappedFactory)

    def buildProtocol(self, addr: Any) -> Any:
        """A wrapped protocol."""
        wrapped = self.wrappedFactory.buildProtocol(addr)
        if wrapped is None:
            return None
        return self.protocol(self, wrapped, timeoutPeriod=self.timeoutPeriod)

    def callLater(self, period: float, func: Callable[[], object]) -> Any:
        """Call a function later; tests override this."""
        return currentReactor().callLater(period, func)


class TimeoutMixin:
    """
    A mixin for protocols that end when nothing happens for some time.

    @ivar timeOut: the time in seconds, or None while there is no limit.
    """

    timeOut: float | None = None
    _timeoutCall: Any = None

    def callLater(self, period: float, func: Callable[[], object]) -> Any:
        """Call a function later; tests override this."""
        return currentReactor().callLater(period, func)

    def resetTimeout(self) -> None:
        """Something has happened: wait as long again.  This moves a timer and makes none."""
        if self._timeoutCall is not None and self.timeOut is not None:
            self._timeoutCall.reset(self.timeOut)

    def setTimeout(self, period: float | None) -> float | None:
        """
        Wait so many seconds from now.

        @param period: None to wait no more.
        @return: what it was before.
        """
        before, self.timeOut = self.timeOut, period
        if self._timeoutCall is not None:
            if period is None:
                self._timeoutCall.cancel()
                self._timeoutCall = None
            else:
                self._timeoutCall.reset(period)
        elif period is not None:
            self._timeoutCall = self.callLater(period, self._timedOut)
        return before

    def _timedOut(self) -> None:
        """The time is up."""
        self._timeoutCall = None
        self.timeoutConnection()

    def timeoutConnection(self) -> None:
        """
        Called when nothing has happened for too long; closes the connection unless overridden.
        """
        self.transport.loseConnection()  # type: ignore[attr-defined]


# Logs of traffic


class TrafficLoggingProtocol(ProtocolWrapper):
    """A wrapper that writes down what comes and goes."""

    def __init__(
        self,
        factory: Any,
        wrappedProtocol: Any,
        logfile: IO[str],
        lengthLimit: int | None = None,
        number: int = 0,
    ) -> None:
        """
        @param lengthLimit: how many bytes of each piece are written down at most.
        """
        ProtocolWrapper.__init__(self, factory, wrappedProtocol)
        self.logfile = logfile
        self.lengthLimit = lengthLimit
        self._number = number

    def _note(self, line: str) -> None:
        """Write a line down."""
        self.logfile.write(line + "\n")
        self.logfile.flush()

    def _data(self, mark: str, data: bytes) -> None:
        """Write down a piece of data."""
        limit = self.lengthLimit
        if limit is not None and len(data) > limit:
            text = f"{data[:limit]!r}... {len(data)} bytes"
        else:
            text = repr(data)
        self._note(f"{mark} {self._number}: {text}")

    def connectionMade(self) -> None:
        """Write down the beginning."""
        self._note("*")

    def dataReceived(self, data: bytes) -> None:
        """Write down and pass on."""
        self._data("C", data)
        ProtocolWrapper.dataReceived(self, data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Write down and pass on."""
        self._note(f"C {self._number}: {reason!r}")
        ProtocolWrapper.connectionLost(self, reason)

    def write(self, data: bytes) -> None:
        """Write down and pass on."""
        self._data("S", data)
        ProtocolWrapper.write(self, data)

    def writeSequence(self, iovec: Iterable[bytes]) -> None:
        """Write down and pass on."""
        pieces = list(iovec)
        self._note(f"SV {self._number}: {pieces!r}")
        ProtocolWrapper.writeSequence(self, pieces)

    def loseConnection(self) -> None:
        """Write down and pass on."""
        self._note("S*")
        ProtocolWrapper.loseConnection(self)


class TrafficLoggingFactory(WrappingFactory):
    """Writes the traffic of each connection into a file of its own: ``PREFIX-NUMBER``."""

    protocol = TrafficLoggingProtocol

    def __init__(
        self, wrappedFactory: Any, logfilePrefix: str, lengthLimit: int | None = None
    ) -> None:
        self.logfilePrefix = logfilePrefix
        self.lengthLimit = lengthLimit
        self._counter = 0
        WrappingFactory.__init__(self, wrappedFactory)

    def open(self, name: str) -> IO[str]:
        """Open a file; tests override this."""
        return open(name, "w")

    def buildProtocol(self, addr: Any) -> Any:
        """A wrapped protocol with a file of its own."""
        wrapped = self.wrappedFactory.buildProtocol(addr)
        if wrapped is None:
            return None
        self._counter += 1
        logfile = self.open(f"{self.logfilePrefix}-{self._counter}")
        return self.protocol(self, wrapped, logfile, self.lengthLimit, self._counter)

    def resetCounter(self) -> None:
        """Begin to number the files anew."""
        self._counter = 0
