"""
Standard input and output as a transport::

    stdio.StandardIO(protocol)

Other descriptors do as well: pipes, terminals, sockets, and plain files to read from.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from zope.interface import implementer

from twisted.internet import error, interfaces
from twisted.internet._processpipes import ProcessReader, ProcessWriter
from twisted.internet.interfaces import IAddress
from twisted.logger import Logger
from twisted.python.failure import Failure

__all__ = ["PipeAddress", "StandardIO"]

_log = Logger()

_FAILED = "Unexpected error from {protocol}.{method}"


@implementer(IAddress)
class PipeAddress:
    """The address of both sides of a pipe: there is none."""


@implementer(
    interfaces.ITransport,
    interfaces.IProducer,
    interfaces.IConsumer,
    interfaces.IHalfCloseableDescriptor,
)
class StandardIO:
    """
    Connects a protocol to standard input and output.

    The end of standard input ends the connection, unless the protocol is an
    `IHalfCloseableProtocol`.

    @param proto: the protocol.
    @param stdin: the descriptor to read from.
    @param stdout: the descriptor to write to; it may be the same.
    @param reactor: who watches them; the global reactor if it is None.
    """

    _reader: Any = None
    _writer: Any = None
    disconnected = False
    disconnecting = False

    def __init__(self, proto: Any, stdin: int = 0, stdout: int = 1, reactor: Any = None) -> None:
        if reactor is None:
            # Importing it installs it.
            from twisted.internet import reactor
        self._reactor = reactor
        self.protocol = proto
        self._descriptors = [(fd, os.get_blocking(fd)) for fd in dict.fromkeys((stdin, stdout))]
        self._writer = ProcessWriter(reactor, self, "write", os.dup(stdout))
        self._reader = ProcessReader(reactor, self, "read", os.dup(stdin))
        self._reader.stopReading()
        self.protocol.makeConnection(self)
        if self._reader is not None and not self.disconnecting:
            self._reader.startReading()

    # A transport

    def write(self, data: bytes) -> None:
        """Write to standard output; nothing happens when it is closed."""
        if self._writer is not None:
            self._writer.write(data)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """Write several pieces to standard output."""
        if self._writer is not None:
            self._writer.writeSequence(data)

    def loseConnection(self) -> None:
        """End the connection when everything written has been taken."""
        if self.disconnecting or self.disconnected:
            return
        self.disconnecting = True
        if self._writer is not None:
            self._writer.loseConnection()
        else:
            done = Failure(error.ConnectionDone())
            self._reactor.callLater(0, self.connectionLost, done)
        if self._reader is not None:
            # Nothing more is read; the end comes when the writing is done.
            self._reader.stopReading()

    def loseWriteConnection(self) -> None:
        """Close standard output when everything written has been taken; go on reading."""
        if self._writer is not None:
            self._writer.loseConnection()

    def getPeer(self) -> PipeAddress:
        """No particular address."""
        return PipeAddress()

    def getHost(self) -> PipeAddress:
        """No particular address."""
        return PipeAddress()

    # Pipes tell

    def childDataReceived(self, fd: str, data: bytes) -> None:
        """Standard input has data."""
        self.protocol.dataReceived(data)

    def childConnectionLost(self, fd: str, reason: Failure) -> None:
        """A pipe has been closed."""
        if self.disconnected:
            return
        if reason.check(error.ConnectionDone):
            if fd == "read":
                self._readConnectionLost(reason)
            else:
                self._writeConnectionLost(reason)
        else:
            self.connectionLost(reason)

    def connectionLost(self, reason: Failure) -> None:
        """End the connection, and tell the protocol."""
        if self.disconnected:
            return
        self.disconnected = True
        reader, self._reader = self._reader, None
        writer, self._writer = self._writer, None
        for pipe in (reader, writer):
            if pipe is not None and not pipe.disconnected:
                pipe.connectionLost(reason)
        for fd, blocking in self._descriptors:
            # Others may have the same file open, such as the shell.
            try:
                os.set_blocking(fd, blocking)
            except OSError:
                continue
        try:
            self.protocol.connectionLost(reason)
        except BaseException:
            _log.failure(_FAILED, protocol=self.protocol, method="connectionLost")

    def _readConnectionLost(self, reason: Failure) -> None:
        self._reader = None
        halfCloseable = interfaces.IHalfCloseableProtocol(self.protocol, None)
        if halfCloseable is None:
            self.connectionLost(reason)
            return
        try:
            halfCloseable.readConnectionLost()
        except BaseException:
            _log.failure(_FAILED, protocol=self.protocol, method="readConnectionLost")
            self.connectionLost(Failure())
        else:
            self._endIfBothAreClosed(reason)

    def _writeConnectionLost(self, reason: Failure) -> None:
        self._writer = None
        if self.disconnecting:
            self.connectionLost(reason)
            return
        halfCloseable = interfaces.IHalfCloseableProtocol(self.protocol, None)
        if halfCloseable is None:
            return
        try:
            halfCloseable.writeConnectionLost()
        except BaseException:
            _log.failure(_FAILED, protocol=self.protocol, method="writeConnectionLost")
            self.connectionLost(Failure())
        else:
            self._endIfBothAreClosed(reason)

    def _endIfBothAreClosed(self, reason: Failure) -> None:
        if self._reader is None and self._writer is None:
            self.connectionLost(reason)

    def readConnectionLost(self, reason: Failure) -> None:
        """Nothing more can be read."""
        self.childConnectionLost("read", reason)

    def writeConnectionLost(self, reason: Failure) -> None:
        """Nothing more can be written."""
        self.childConnectionLost("write", reason)

    # A consumer, and a producer

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Let `producer` be paused while standard output cannot take more."""
        if self._writer is None:
            producer.stopProducing()
        else:
            self._writer.registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        """The producer is done."""
        if self._writer is not None:
            self._writer.unregisterProducer()

    def stopProducing(self) -> None:
        """End the connection."""
        self.loseConnection()

    def pauseProducing(self) -> None:
        """Read nothing until `resumeProducing`."""
        if self._reader is not None:
            self._reader.pauseProducing()

    def resumeProducing(self) -> None:
        """Read again."""
        if self._reader is not None:
            self._reader.resumeProducing()

    def stopReading(self) -> None:
        """Read nothing until `startReading`."""
        if self._reader is not None:
            self._reader.stopReading()

    def startReading(self) -> None:
        """Read again."""
        if self._reader is not None:
            self._reader.startReading()
