"""Boxes over a connection."""

from __future__ import annotations

import os
from typing import Any

from zope.interface import implementer

from twisted.internet.error import ConnectionLost, PeerVerifyError
from twisted.internet.interfaces import IFileDescriptorReceiver
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.protocols._amp._boxes import AmpBox, BoxParser
from twisted.protocols._amp._dispatch import (
    BoxDispatcher,
    CommandLocator,
    IBoxSender,
    SimpleStringLocator,
)
from twisted.protocols._amp._errors import (
    AmpError,
    OnlyOneTLS,
    ProtocolSwitched,
)
from twisted.protocols.guarded import TLSSwitchMixin
from twisted.python.failure import Failure

__all__ = ["AMP", "BinaryBoxProtocol"]

_log = Logger()

#: How many descriptors may have come that no command has asked for.
_MOST_DESCRIPTORS = 64


@implementer(IBoxSender, IFileDescriptorReceiver)
class BinaryBoxProtocol(Protocol, TLSSwitchMixin):
    """
    Sends boxes, and hands those that come to a receiver.

    @param boxReceiver: an `IBoxReceiver`.
    @ivar hostCertificate: the certificate that this side presents under TLS, or None.
    @ivar innerProtocol: the protocol that the connection has been switched to, or None.
    """

    hostCertificate: Any = None
    noPeerCertificate = False
    innerProtocol: Any = None
    innerProtocolClientFactory: Any = None

    _locked = False
    _startingTLS = False
    _startedTLS = False

    def __init__(self, boxReceiver: Any) -> None:
        self.boxReceiver = boxReceiver
        self._parser = BoxParser()
        self._receivedDescriptors: dict[int, int] = {}
        self._received = 0
        self._sent = 0

    def makeConnection(self, transport: Any) -> None:
        """Begin to receive boxes."""
        self.transport = transport
        self.boxReceiver.startReceivingBoxes(self)
        Protocol.makeConnection(self, transport)

    def dataReceived(self, data: bytes) -> None:
        """Hand boxes on."""
        if self.innerProtocol is not None:
            self.innerProtocol.dataReceived(data)
            return
        self._parser.feed(data)
        try:
            for box in self._parser:
                self.boxReceiver.ampBoxReceived(box)
                if self.innerProtocol is not None or self.transport is None:
                    return
                if getattr(self.transport, "disconnecting", False):
                    return
        except AmpError as problem:
            _log.warn("Not the Asynchronous Messaging Protocol: {problem!r}", problem=problem)
            self._parser.clear()
            self.transport.abortConnection()

    def sendBox(self, box: AmpBox) -> None:
        """
        Send a box.

        @raise ProtocolSwitched: the connection speaks another protocol.
        @raise ConnectionLost: there is no connection.
        """
        if self._locked:
            raise ProtocolSwitched(
                "boxes can no longer be sent: the connection is switched to another protocol"
            )
        if self.transport is None:
            raise ConnectionLost()
        if self._startingTLS:
            self._beforeTLS.append(box)
            return
        self.transport.write(box.serialize())

    def unhandledError(self, failure: Failure) -> None:
        """Nobody knows what to do about a failure: end the connection."""
        _log.failure("Amp server or network failure unhandled by client application.", failure)
        if self.transport is not None:
            self.transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """No more boxes will come."""
        if self.innerProtocol is not None:
            self.innerProtocol.connectionLost(reason)
            if self.innerProtocolClientFactory is not None:
                self.innerProtocolClientFactory.clientConnectionLost(None, reason)
        if self.hostCertificate is not None and reason.check(*_TLS_ERRORS):
            reason = Failure(PeerVerifyError(str(reason.value)))
        self.boxReceiver.stopReceivingBoxes(reason)
        self.transport = None
        for fd in self._receivedDescriptors.values():
            os.close(fd)
        self._receivedDescriptors.clear()

    # Another protocol

    def _lockForSwitch(self) -> None:
        self._locked = True

    def _unlockFromSwitch(self) -> None:
        if self.innerProtocol is None:
            self._locked = False

    def _switchTo(self, newProto: Any, clientFactory: Any = None) -> None:
        """Hand the connection to another protocol, and what has come for it already."""
        rest = self._parser.clear()
        self.innerProtocol = newProto
        self.innerProtocolClientFactory = clientFactory
        newProto.makeConnection(self.transport)
        if rest:
            newProto.dataReceived(rest)

    # TLS

    @property
    def peerCertificate(self) -> Any:
        """The other side's certificate under TLS, or None."""
        if self.noPeerCertificate or self.transport is None:
            return None
        # It needs an extra.
        from twisted.internet.ssl import Certificate

        return Certificate.peerFromTransport(self.transport)

    def _checkTLS(self) -> None:
        """
        TLS may begin.

        @raise OnlyOneTLS: it has, or is about to.
        """
        if self._startingTLS or self._startedTLS:
            raise OnlyOneTLS("the connection speaks TLS already, or is about to")

    def _prepareTLS(self, certificate: Any, verifyAuthorities: Any) -> None:
        """TLS has been asked for: boxes wait until it has begun."""
        self._checkTLS()
        self._startingTLS = True
        self._beforeTLS: list[AmpBox] = []

    def _startTLS(self, certificate: Any, verifyAuthorities: Any) -> None:
        """Begin TLS. What has come in plain text behind the last box came from anybody."""
        # It needs an extra.
        from twisted.internet import ssl

        self.hostCertificate = certificate
        self._startedTLS = True
        if not verifyAuthorities:
            self.noPeerCertificate = True
        authorities = list(verifyAuthorities or ())
        if certificate is not None:
            options = certificate.options(*authorities)
        elif authorities:
            options = ssl.CertificateOptions(trustRoot=ssl.trustRootFromCertificates(authorities))
        else:
            options = ssl.CertificateOptions()
        self.switchToTLS(options)
        waiting = self._beforeTLS if self._startingTLS else []
        self._startingTLS = False
        for box in waiting:
            self.sendBox(box)

    def takeUndelivered(self) -> bytes:
        """Forget, and give, what has come in plain text behind the last box."""
        return self._parser.clear()

    # Descriptors

    def fileDescriptorReceived(self, descriptor: int) -> None:
        """A descriptor has come, before the box that tells of it."""
        if len(self._receivedDescriptors) >= _MOST_DESCRIPTORS:
            os.close(descriptor)
            self.transport.abortConnection()
            return
        self._receivedDescriptors[self._received] = descriptor
        self._received += 1

    def _sendFileDescriptor(self, descriptor: int) -> int:
        """Send a descriptor. @return: which one it is of those sent."""
        self.transport.sendFileDescriptor(descriptor)
        number = self._sent
        self._sent += 1
        return number

    def _getDescriptor(self, number: int) -> int:
        """
        Take a descriptor that has come.

        @raise KeyError: it has not.
        """
        return self._receivedDescriptors.pop(number)


#: Errors of TLS, by name: it needs an extra.
_TLS_ERRORS = ("OpenSSL.SSL.Error", "twisted.internet._tls._errors.CertificateVerifyError")


class AMP(BinaryBoxProtocol, BoxDispatcher, CommandLocator, SimpleStringLocator):
    """
    Asks and answers over a connection. Methods respond to commands: see `Command.responder`.

    @param boxReceiver: who takes boxes, in place of this.
    @param locator: who knows responders, in place of this.
    """

    # Whether this is told of its own connection.
    _ampInitialized = False

    def __init__(self, boxReceiver: Any = None, locator: Any = None) -> None:
        self._ampInitialized = True
        BoxDispatcher.__init__(self, self if locator is None else locator)
        BinaryBoxProtocol.__init__(self, self if boxReceiver is None else boxReceiver)

    def locateResponder(self, name: bytes) -> Any:
        """The responder to a command: by `CommandLocator`, or by `SimpleStringLocator`."""
        found = CommandLocator.locateResponder(self, name)
        return SimpleStringLocator.locateResponder(self, name) if found is None else found

    def __repr__(self) -> str:
        inner = f" inner {self.innerProtocol!r}" if self.innerProtocol is not None else ""
        return f"<{type(self).__name__}{inner} at {id(self):#x}>"

    def makeConnection(self, transport: Any) -> None:
        """Begin; a subclass need not call ``__init__``."""
        if not self._ampInitialized:
            AMP.__init__(self)
        _log.info(
            "{protocol} connection established (HOST:{host} PEER:{peer})",
            protocol=type(self).__name__,
            host=transport.getHost(),
            peer=transport.getPeer(),
        )
        BinaryBoxProtocol.makeConnection(self, transport)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Nobody gets an answer any more."""
        if self.transport is not None:
            _log.info(
                "{protocol} connection lost (HOST:{host} PEER:{peer})",
                protocol=type(self).__name__,
                host=self.transport.getHost(),
                peer=self.transport.getPeer(),
            )
        BinaryBoxProtocol.connectionLost(self, reason)
        self.transport = None
