"""Stream connections in the hands of the loop."""

from __future__ import annotations

import os
from collections.abc import Coroutine
from typing import Any

from twisted.internet._carried._socket import Carried
from twisted.internet.main import CONNECTION_DONE, CONNECTION_LOST
from twisted.python.failure import Failure

__all__ = ["CarriedStream"]


class _Room:
    """
    Waits until a socket that the loop carries takes more, by a descriptor of its own.

    For what the loop's transport cannot send.
    """

    def __init__(self, connection: CarriedStream) -> None:
        self._connection = connection
        self._fd = os.dup(connection.fileno())

    def fileno(self) -> int:
        return self._fd

    def doWrite(self) -> None:
        self._connection.stopWriting()
        self._connection._sendMore()

    def connectionLost(self, reason: Failure) -> None:
        """Wait no longer."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def logPrefix(self) -> str:
        return str(self._connection.logPrefix())


class CarriedStream(Carried):
    """
    A stream connection in the hands of the loop; mixed into one that is in the reactor's.

    `_waiting` tells that the loop's transport takes nothing: there is none yet, or it has something
    unsent.
    """

    protocol: Any
    producer: Any
    disconnecting: Any
    logPrefix: Any
    _pieces: list[bytes]
    _unsent: int
    _scheduled: bool
    _waiting: bool
    _writeDisconnecting: bool
    _metrics: Any
    _drained: Any

    _room: _Room | None = None
    # What came although nothing was to be read: a transport begins to read when it is made.
    _early = b""

    def _handOver(self) -> Coroutine[Any, Any, Any]:
        loop = self.reactor._asyncioEventloop
        made: Coroutine[Any, Any, Any] = loop.connect_accepted_socket(lambda: self, self.socket)
        return made

    # What the loop calls.

    def connection_made(self, carrier: Any) -> None:
        """Take the transport, and give it what was written in the meantime."""
        super().connection_made(carrier)
        if self._carrier is not None:
            # It tells as soon as it has something unsent, and when that has gone.
            carrier.set_write_buffer_limits(high=0)
            self.resume_writing()

    def data_received(self, data: bytes) -> None:
        """Pass on what has come."""
        if self._readPaused:
            self._early += data
            self._carrier.pause_reading()
            return
        self._metrics.bytesReceived += len(data)
        # What is written meanwhile is sent below: no need to be on the reactor's list.
        scheduled, self._scheduled = self._scheduled, True
        try:
            self.protocol.dataReceived(data)
            why = None if scheduled else self.doWrite()
        except BaseException:
            self.reactor._broken(self)
            return
        if why is not None:
            self.reactor._lose(self, why, False)

    def eof_received(self) -> bool:
        """Note that the other side has sent its last."""
        self.reactor._lose(self, CONNECTION_DONE, True)
        # Whether to close is for the protocol to say.
        return True

    def pause_writing(self) -> None:
        """Note that the transport has something unsent."""
        self._waiting = True

    def resume_writing(self) -> None:
        """Go on sending."""
        self._waiting = False
        if self._scheduled:
            self._sendMore()

    def connection_lost(self, problem: Exception | None) -> None:
        """Note that the loop has found the connection broken."""
        self._carrier = None
        if not self.disconnected:
            self.reactor._lose(self, CONNECTION_LOST, False)

    # What the reactor and the program call.

    def _sendMore(self) -> None:
        self.reactor._call(self, self.doWrite, False)

    def doWrite(self) -> Any:
        """
        Give what waits to the loop's transport, unless that has something unsent.

        @return: None, or why the connection is over.
        """
        if self._waiting:
            return None
        if self._carrier is None:
            # It ends before anyone wanted to read.
            return super().doWrite()  # type: ignore[misc]
        pieces = self._pieces
        if pieces:
            self._metrics.bytesSent += self._unsent
            if len(pieces) == 1:
                self._carrier.write(pieces[0])
            else:
                self._carrier.writelines(pieces)
            pieces.clear()
            self._unsent = 0
            if self._waiting:
                return None
        self._scheduled = False
        if self.producer is not None or self.disconnecting or self._writeDisconnecting:
            return self._drained()
        return None

    def sendFile(self, file: int, offset: int, count: int) -> None:
        """Send nothing: the loop's transport alone may touch the socket."""

    @property
    def unsentSize(self) -> int:
        """How many bytes wait to be sent."""
        size = self._unsent
        if self._carrier is not None:
            size += self._carrier.get_write_buffer_size()
        return size

    def startWriting(self) -> None:
        """Wait until the socket takes what the loop's transport cannot send."""
        if self._room is None:
            self._room = _Room(self)
            self.reactor.addWriter(self._room)

    def stopWriting(self) -> None:
        """Wait for nothing."""
        room, self._room = self._room, None
        if room is not None:
            self._waiting = False
            self.reactor.removeWriter(room)
            room.connectionLost(Failure(CONNECTION_DONE))

    def startReading(self) -> None:
        """Have what comes passed to the protocol."""
        if self._handing is None:
            self._waiting = True
        super().startReading()
        if self._early:
            self.reactor.callLater(0, self._passEarly)
        elif self._carrier is not None:
            self._carrier.resume_reading()

    def stopReading(self) -> None:
        """Let what comes wait."""
        super().stopReading()
        if self._carrier is not None:
            self._carrier.pause_reading()

    def pauseProducing(self) -> None:
        """Read nothing until `resumeProducing`."""
        self.stopReading()

    def _passEarly(self) -> None:
        if self._readPaused or self.disconnected:
            return
        early, self._early = self._early, b""
        if early:
            self.data_received(early)
        if self._carrier is not None and not self._readPaused:
            self._carrier.resume_reading()

    def writeSomeData(self, data: bytes | memoryview) -> int | Exception:
        """
        Send as much of ``data`` as is possible at once, past what waits.

        @return: how many bytes were taken, or why nothing can be sent any more.
        """
        if self.disconnected:
            return CONNECTION_LOST
        if self._carrier is None:
            sent: int | Exception = super().writeSomeData(data)  # type: ignore[misc]
            return sent
        if self._waiting:
            return 0
        self._carrier.write(bytes(data))
        return len(data)
