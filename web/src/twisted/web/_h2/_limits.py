"""What a peer may do on a connection of HTTP/2."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HTTP2Limits:
    """
    The limits of a connection of HTTP/2.  What goes beyond ends the stream or the connection.

    @ivar maxStreams: how many requests may be under way at once; more are refused.
    @ivar maxHeaderListSize: how many octets the headers of a message may have after decompression,
        each counted with 32 more than it has.
    @ivar maxHeaderBlockSize: how many they may have before it, in all frames.
    @ivar maxContinuations: how many CONTINUATION frames may bring them.
    @ivar maxHeaders: how many headers a request may have; more are answered with 431.
    @ivar streamWindow: how many octets of a body may wait to be taken on a stream.
    @ivar connectionWindow: how many may wait on all streams together.
    @ivar resetBurst: how many streams may be reset by the peer, or because of what it did, at once.
    @ivar resetRate: how many more of them a second.
    @ivar controlBurst: how many frames that bring nothing may come at once: PING, SETTINGS,
        PRIORITY, WINDOW_UPDATE, empty DATA, unknown ones, and those for streams that have ended.
    @ivar controlRate: how many more of them a second. Each request and each frame of data that the
        peer takes allows some more, too.
    @ivar maxControlBacklog: how many octets of answers to frames may wait for a peer that does not
        read; with more of them the connection is cut.
    @ivar stallTimeout: for how many seconds a peer may take nothing of a body, before its stream
        ends.
    """

    maxStreams: int = 100
    maxHeaderListSize: int = 65536
    maxHeaderBlockSize: int = 65536
    maxContinuations: int = 10
    maxHeaders: int = 500
    streamWindow: int = 256 * 1024
    connectionWindow: int = 1024 * 1024
    resetBurst: int = 200
    resetRate: float = 33
    controlBurst: int = 1000
    controlRate: float = 100
    maxControlBacklog: int = 17 * 1024
    stallTimeout: float = 60


HTTP2Limits.__module__ = "twisted.web.http"
