"""
TLS between a protocol and its transport.

The connection goes through these states:

 - *handshaking*: what the protocol writes waits.
 - *open*.
 - *closing*: this side has said that it will send no more (``close_notify``), and waits for the
   peer to say so, too.
 - *over*: nothing more is read or written; the transport is being closed.

An end without ``close_notify`` may be somebody's who cuts the connection short (RFC 8446, 6.1): it
is reported as `ConnectionLost`, a regular one as `ConnectionDone`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from OpenSSL import SSL
from zope.interface import directlyProvides, implementer, providedBy

from twisted.internet._tls._errors import isTruncation, withCause
from twisted.internet._tls._producers import ProducerMembrane, PullToPush
from twisted.internet._wrapping import ProtocolWrapper
from twisted.internet.error import TimeoutError
from twisted.internet.interfaces import (
    IHandshakeListener,
    ILoggingContext,
    INegotiated,
    IProtocol,
    ISystemHandle,
    ITransport,
)
from twisted.internet.main import CONNECTION_LOST
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure

__all__ = ["BufferingTLSTransport", "TLSMemoryBIOProtocol"]

_log = Logger()

#: How many octets are asked of OpenSSL at once, and handed to it: several records of 16 KiB.
_CHUNK = 2**16

#: How much longer records are than what they carry, at most, in octets for each record.
_RECORD = 2**14
_OVERHEAD = 2**8


@implementer(ISystemHandle, INegotiated, ITransport, IProtocol, ILoggingContext)
class TLSMemoryBIOProtocol(ProtocolWrapper):
    """
    A protocol that speaks TLS with its transport, and is the transport of another protocol.

    @cvar handshakeTimeout: how long the handshake may take, in seconds; None for ever.
    @cvar closeTimeout: how long to wait for the peer to close, too, in seconds; None for ever.
    """

    __module__ = "twisted.protocols.tls"

    handshakeTimeout: ClassVar[float | None] = 60
    closeTimeout: ClassVar[float | None] = 30

    _tlsConnection: Any = None
    _handshakeDone = False
    _over = False
    _aborted = False
    _closeNotifySent = False
    _reason: Failure | None = None
    _producer: ProducerMembrane | None = None
    _timer: Any = None
    _negotiated: bytes | None = None
    # How many octets wait for the handshake, or for OpenSSL to read before it writes.
    _pendingSize = 0

    def __init__(self, factory: Any, wrappedProtocol: Any, _connectWrapped: bool = True) -> None:
        ProtocolWrapper.__init__(self, factory, wrappedProtocol)
        self._connectWrapped = _connectWrapped
        self._pending: list[bytes] = []

    # What there is to know

    def getHandle(self) -> Any:
        """The `OpenSSL.SSL.Connection`."""
        return self._tlsConnection

    def getPeerCertificate(self) -> Any:
        """The peer's certificate, an `OpenSSL.crypto.X509`, or None."""
        return self._tlsConnection.get_peer_certificate()

    @property
    def negotiatedProtocol(self) -> bytes | None:
        """The application protocol agreed on (ALPN, RFC 7301), or None."""
        if self._tlsConnection is None:
            return self._negotiated
        return self._tlsConnection.get_alpn_proto_negotiated() or None

    @property
    def unsentSize(self) -> int:
        """How many octets wait to be sent: before TLS as they are, after it as records."""
        return self._pendingSize + int(getattr(self.transport, "unsentSize", 0))

    # Connecting

    def makeConnection(self, transport: Any) -> None:
        """
        Connect the protocol to this, and begin the handshake.

        @raise Exception: the settings cannot be used; the protocol has not been connected then.
        """
        self._tlsConnection = self.factory._createConnection(self)
        if self._connectWrapped:
            directlyProvides(self, providedBy(transport))
            ProtocolWrapper.makeConnection(self, transport)
        else:
            # The wrapped protocol has long been connected, by what the transport was before.
            self.transport = transport
            self.connected = 1
            self.factory.registerProtocol(self)
        self._startTimer(self.handshakeTimeout, self._timedOut, "the TLS handshake takes too long")
        self._handshake()

    def _startTimer(self, seconds: float | None, expire: Callable[..., None], *args: Any) -> None:
        clock = self.factory._clockFor(self.transport)
        self._stopTimer()
        if clock is not None and seconds is not None and not self._over:
            self._timer = clock.callLater(seconds, expire, *args)

    def _stopTimer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def _timedOut(self, why: str) -> None:
        self._timer = None
        if self._reason is None:
            self._reason = Failure(TimeoutError(string=why))
        self.abortConnection()

    def _handshake(self) -> None:
        """Go on with the handshake."""
        try:
            self._tlsConnection.do_handshake()
        except SSL.WantReadError:
            self._sendRecords()
        except SSL.Error as error:
            self._end(Failure(withCause(error, self._tlsConnection)))
        else:
            if self._over:
                # The handshake has shown that the peer is not who it should be.
                return
            self._handshakeDone = True
            self._stopTimer()
            self._sendRecords()
            if IHandshakeListener.providedBy(self.wrappedProtocol):
                self.wrappedProtocol.handshakeCompleted()
            self._sendPending()

    def _waitForClose(self, unsentBefore: int = -1) -> None:
        """Give the peer time to close, too: anew for as long as it takes what is still unsent."""
        self._timer = None
        unsent = self.unsentSize
        if unsent == unsentBefore:
            self._timedOut("the peer does not close the connection")
        else:
            self._startTimer(self.closeTimeout, self._waitForClose, unsent)

    def failVerification(self, reason: Failure) -> None:
        """The peer is not who it should be: end the connection, with `reason`."""
        self._reason = reason
        self.abortConnection()

    # Reading

    def dataReceived(self, bytes: bytes) -> None:
        """Decrypt what has come, and hand it to the protocol."""
        self._tlsConnection.bio_write(bytes)
        if not self._handshakeDone:
            if self._over:
                return
            self._handshake()
            if not self._handshakeDone:
                return
        elif self._pending:
            self._sendPending()
        self._readRecords()

    def _readRecords(self) -> None:
        receive = self._tlsConnection.recv
        deliver = self.wrappedProtocol.dataReceived
        while not self._over:
            try:
                data = receive(_CHUNK)
            except SSL.WantReadError:
                break
            except SSL.ZeroReturnError:
                self._peerClosed()
                break
            except SSL.Error as error:
                self._end(Failure(error))
                break
            if not self._aborted:
                deliver(data)
        if not self._over and self._tlsConnection.want_write():
            self._sendRecords()

    def _peerClosed(self) -> None:
        """The peer has said that it will send no more: say so, too, and close."""
        if not self._closeNotifySent:
            self._flush()
            self._shutdown()
        self._end(None)

    # Writing

    def write(self, bytes: bytes) -> None:
        """
        Encrypt and send.

        @raise TypeError: `bytes` is not octets.
        """
        if isinstance(bytes, str):
            raise TypeError("octets can be written, not text")
        if not self.disconnecting or self._producer is not None:
            self._encrypt(bytes)

    def writeSequence(self, iovec: Iterable[bytes]) -> None:
        """Encrypt and send several pieces as one."""
        self.write(b"".join(iovec))

    def _encrypt(self, data: bytes) -> None:
        """Encrypt and send, or keep until that is possible."""
        if self._over or self._closeNotifySent or not data:
            return
        if self._pending or not self._handshakeDone:
            self._keep(data)
            return
        size = len(data)
        sent = 0
        send = self._tlsConnection.send
        try:
            sent = send(data if size <= _CHUNK else memoryview(data)[:_CHUNK])
            while sent < size:
                # It may take as little as a record at once.
                sent += send(memoryview(data)[sent : sent + _CHUNK])
        except SSL.WantReadError:
            self._keep(data[sent:])
        except SSL.Error as error:
            self._end(Failure(error))
            return
        self._sendRecords(sent)

    def _keep(self, data: bytes) -> None:
        self._pending.append(data)
        self._pendingSize += len(data)
        if self._producer is not None:
            self._producer.pauseProducing()

    def _sendPending(self) -> None:
        """Send what has been kept, and close if that was all that the end waited for."""
        pending, self._pending = self._pending, []
        self._pendingSize = 0
        if pending:
            self._encrypt(b"".join(pending))
        if self._pending or self._over:
            return
        if self._producer is not None:
            self._producer.resumeProducing()
        elif self.disconnecting:
            self._shutdown()

    def _sendRecords(self, size: int = 0) -> None:
        """
        Hand to the transport what OpenSSL has to send.

        @param size: how many octets have just been encrypted.
        """
        most = size + (size // _RECORD + 2) * _OVERHEAD if size else _CHUNK
        while True:
            try:
                records = self._tlsConnection.bio_read(most)
            except SSL.WantReadError:
                return
            self.transport.write(records)
            if len(records) < most:
                return

    def _flush(self) -> None:
        """Encrypt what is still gathered; see `BufferingTLSTransport`."""

    # Producing

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Let `producer` be paused while the transport, or TLS, cannot take more."""
        if self._over:
            producer.stopProducing()
            return
        if streaming:
            self._producer = ProducerMembrane(producer)
            self.transport.registerProducer(self._producer, True)
        else:
            pulled = PullToPush(producer, self)
            self._producer = ProducerMembrane(pulled)
            self.transport.registerProducer(self._producer, True)
            pulled.startStreaming()
        if self._pending:
            self._producer.pauseProducing()

    def unregisterProducer(self) -> None:
        """The producer is done; if the connection is ending, now it may."""
        membrane, self._producer = self._producer, None
        if membrane is None:
            return
        if isinstance(membrane.producer, PullToPush):
            membrane.producer.stopStreaming()
        self.transport.unregisterProducer()
        if self.disconnecting:
            self._flush()
            if not self._pending:
                self._shutdown()

    def stopConsuming(self) -> None:
        """Part with the producer, and close."""
        self.unregisterProducer()
        self.loseConnection()

    # Ending

    def loseConnection(self) -> None:
        """
        Close once everything written has been sent, and the peer has closed, too.

        Before the handshake is done there is nothing to close: then the connection is cut, unless
        something waits to be sent.
        """
        if self.disconnecting or not self.connected:
            return
        if not self._handshakeDone and not self._pending:
            self.abortConnection()
            return
        self.disconnecting = 1
        if not self._pending and self._producer is None:
            self._shutdown()

    def abortConnection(self) -> None:
        """Cut the connection without another word."""
        self._aborted = True
        self.disconnecting = 1
        self._stopTimer()
        self._drop()
        self._over = True
        self.transport.abortConnection()

    def _drop(self) -> None:
        self._pending.clear()
        self._pendingSize = 0

    def _shutdown(self) -> None:
        """Say that this side sends no more; when both have, the connection is over."""
        if self._closeNotifySent or self._over:
            return
        self._closeNotifySent = True
        try:
            both = self._tlsConnection.shutdown()
        except SSL.Error:
            # In the midst of a handshake there is no way to say so.
            both = False
        self._sendRecords()
        if both:
            self._end(None)
        else:
            # The peer's answer must be read, even if the protocol wants no more data.
            self.transport.resumeProducing()
            self._stopTimer()
            self._waitForClose()

    def _end(self, reason: Failure | None) -> None:
        """TLS is over: because of `reason`, or in order."""
        if self._over:
            return
        if reason is not None:
            if isTruncation(reason.value):
                reason = Failure(CONNECTION_LOST)
            if self._reason is None:
                self._reason = reason
        # The peer may want to know why: an alert is sent.
        self._sendRecords()
        self._over = True
        self._stopTimer()
        self._drop()
        self.transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Tell the protocol how the connection ended."""
        self._stopTimer()
        if self._tlsConnection is None:
            # The settings could not be used, and the protocol was never connected.
            return
        if not self._over and not self._aborted:
            # What the peer has not said by now it has cut off.
            self._tlsConnection.bio_shutdown()
            if self._handshakeDone:
                self._readRecords()
            else:
                self._handshake()
            self._over = True
        if self._reason is not None:
            reason, self._reason = self._reason, None
        self._drop()
        self.connected = 0
        self._producer = None
        ProtocolWrapper.connectionLost(self, reason)
        self._negotiated = self.negotiatedProtocol
        self._tlsConnection = None


class BufferingTLSTransport(TLSMemoryBIOProtocol):
    """
    A `TLSMemoryBIOProtocol` that gathers what is written in one event into few records.
    """

    __module__ = "twisted.protocols.tls"

    #: What is gathered at most before it is encrypted, in octets.
    _MOST = 2**16

    # Whether the gathered is going to be flushed without a timer.
    _receiving = False
    _flushCall: Any = None

    def __init__(self, factory: Any, wrappedProtocol: Any, _connectWrapped: bool = True) -> None:
        TLSMemoryBIOProtocol.__init__(self, factory, wrappedProtocol, _connectWrapped)
        self._gathered: list[bytes] = []
        self._gatheredSize = 0

    @property
    def unsentSize(self) -> int:
        """How many octets wait to be sent: before TLS as they are, after it as records."""
        return self._gatheredSize + super().unsentSize

    def dataReceived(self, bytes: bytes) -> None:
        """Decrypt what has come, hand it to the protocol, and send its answers at once."""
        self._receiving = True
        try:
            TLSMemoryBIOProtocol.dataReceived(self, bytes)
        finally:
            self._receiving = False
            if self._gathered:
                self._flush()

    def write(self, bytes: bytes) -> None:
        """
        Encrypt and send, together with what else is written in this event.

        @raise TypeError: `bytes` is not octets.
        """
        if isinstance(bytes, str):
            raise TypeError("octets can be written, not text")
        if self.disconnecting and self._producer is None:
            return
        self._gathered.append(bytes)
        self._gatheredSize += len(bytes)
        if self._gatheredSize >= self._MOST:
            self._flush()
        elif not self._receiving and self._flushCall is None:
            clock = self.factory._clockFor(self.transport)
            if clock is None:
                self._flush()
            else:
                self._flushCall = clock.callLater(0, self._flushNow)

    def _flushNow(self) -> None:
        self._flushCall = None
        self._flush()

    def _flush(self) -> None:
        call, self._flushCall = self._flushCall, None
        if call is not None:
            call.cancel()
        gathered = self._gathered
        if gathered:
            self._gathered = []
            self._gatheredSize = 0
            self._encrypt(gathered[0] if len(gathered) == 1 else b"".join(gathered))

    def loseConnection(self) -> None:
        """Close once everything written has been sent, and the peer has closed, too."""
        self._flush()
        TLSMemoryBIOProtocol.loseConnection(self)

    def _drop(self) -> None:
        call, self._flushCall = self._flushCall, None
        if call is not None:
            call.cancel()
        self._gathered.clear()
        self._gatheredSize = 0
        TLSMemoryBIOProtocol._drop(self)
