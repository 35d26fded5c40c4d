"""What listens for HTTP, and keeps the access log."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, Any

from twisted.internet.currentreactor import currentReactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import ServerFactory
from twisted.python import log
from twisted.web._http._accesslog import combinedLogFormatter
from twisted.web._http._channel import ChannelKeeper, HTTPChannel
from twisted.web._http._dates import datetimeToLogString


class HTTPFactory(ServerFactory, ChannelKeeper):
    """
    Makes an `HTTPChannel` for each connection, and writes a line for each answer.

    @ivar logPath: the file that lines are appended to, or None for the program's log.
    @ivar draining: whether no more requests are wanted; see `drain`.
    @ivar timeOut: after how many seconds without a request a connection is closed.
    @ivar http2Limits: the `HTTP2Limits` of clients that speak HTTP/2, or None to speak none.
    """

    __module__ = "twisted.web.http"

    protocol: Any = HTTPChannel
    noisy = True
    logPath: str | bytes | None = None
    timeOut: float | None = 60
    logFile: IO[str] | Any = None
    http2Limits: Any = None

    def __init__(
        self,
        logPath: str | bytes | None = None,
        timeout: float | None = 60,
        logFormatter: Callable[[str, Any], str] | None = None,
        reactor: Any = None,
    ) -> None:
        """
        @param timeout: in seconds, or None for connections that are never closed for being idle.
        @param logFormatter: called with a date and a request; gives a line.
        @param reactor: tells the time; by default the global one when that is needed first.
        """
        self.logPath = logPath
        self.timeOut = timeout
        self._logFormatter = logFormatter or combinedLogFormatter
        self._reactor = reactor
        # The connections that there are, whether no more are wanted, and who waits for their end.
        self._channels: set[Any] = set()
        self.draining = False
        self._drained: list[Deferred[None]] = []
        # The second for which the date was written out last.
        self._logSecond = -1
        self._logDateTime = ""

    @property
    def reactor(self) -> Any:
        """Tells the time."""
        if self._reactor is None:
            self._reactor = currentReactor()
        return self._reactor

    def buildProtocol(self, addr: Any) -> Any:
        """Make what serves a connection; nothing does while this is drained."""
        if self.draining:
            return None
        channel = self.protocol()
        channel.factory = self
        channel.timeOut = self.timeOut
        channel.callLater = self.reactor.callLater
        return channel

    def drain(self, seconds: float) -> Deferred[None]:
        """
        Serve what is asked now, and no more.

        New connections are refused and idle ones closed. Requests that are being received or
        answered are finished, and clients are told that it is the last on their connection.

        @param seconds: after how many of them what is left is cut.
        @return: fires when no connection is left.
        """
        self.draining = True
        for channel in list(self._channels):
            channel.drain()
        done: Deferred[None] = Deferred()
        if not self._channels:
            done.callback(None)
            return done
        limit = self.reactor.callLater(seconds, self._cutChannels)
        self._drained.append(done)

        def ended(result: Any) -> Any:
            if limit.active():
                limit.cancel()
            return result

        return done.addBoth(ended)

    def _cutChannels(self) -> None:
        for channel in list(self._channels):
            channel.forceAbortClient()

    def channelMade(self, channel: Any) -> None:
        """A connection has begun; its channel says so."""
        self._channels.add(channel)

    def channelLost(self, channel: Any) -> None:
        """A connection has ended; its channel says so."""
        self._channels.discard(channel)
        if not self._channels and self._drained:
            waiting, self._drained = self._drained, []
            for deferred in waiting:
                deferred.callback(None)

    def startFactory(self) -> None:
        """Open the access log."""
        self.draining = False
        if self.logFile is None:
            self.logFile = log.logfile if self.logPath is None else self._openLogFile(self.logPath)

    def stopFactory(self) -> None:
        """Close the access log, and let the connections that there are come to their end."""
        self.draining = True
        for channel in list(self._channels):
            channel.drain()
        logFile, self.logFile = self.logFile, None
        if logFile is not None and logFile is not log.logfile:
            logFile.close()

    def _openLogFile(self, path: str | bytes) -> IO[str]:
        """Open a file for appending lines; tests and rotation override this."""
        return open(path, "a", 1, encoding="utf-8")

    def log(self, request: Any) -> None:
        """Write the line of a request that was answered."""
        logFile = self.logFile
        if logFile is None:
            return
        now = self.reactor.seconds()
        if int(now) != self._logSecond:
            self._logSecond = int(now)
            self._logDateTime = datetimeToLogString(now)
        logFile.write(self._logFormatter(self._logDateTime, request) + "\n")
