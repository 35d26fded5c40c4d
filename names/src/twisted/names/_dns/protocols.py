"""Messages over datagrams and over streams."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import Any

from twisted.internet.currentreactor import currentReactor
from twisted.internet.defer import Deferred, fail
from twisted.internet.error import CannotListenError, ConnectionDone
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import DatagramProtocol, connectionDone
from twisted.logger import Logger
from twisted.names._dns.message import Message
from twisted.names._dns.primitives import Query, randomSource
from twisted.names._wire.errors import DNSDecodeError
from twisted.names.error import DNSQueryTimeoutError
from twisted.protocols.basic import Int16StringReceiver
from twisted.python.failure import Failure

__all__ = ["DNSDatagramProtocol", "DNSMixin", "DNSProtocol", "sameAddress"]

_log = Logger("twisted.names.dns")

#: The largest datagram that is asked for: it fits into one packet nearly everywhere.
_DATAGRAM = 1232

#: How often an id that is in use is drawn anew before that is an error.
_DRAWS = 1000

Live = tuple["Deferred[Message]", IDelayedCall, Any]


def sameAddress(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    """Are two pairs of an IP address and a port the same, however the address is written?"""
    if one[:2] == other[:2]:
        return True
    if one[1] != other[1]:
        return False
    try:
        return ip_address(one[0]) == ip_address(other[0])
    except ValueError:
        return False


class DNSMixin:
    """
    What asks, and waits for the answers.

    @ivar liveMessages: by the id of the question, what waits for an answer.
    @ivar mismatched: how many answers were dropped because they were not to what was asked.
    @ivar malformed: how many messages were dropped because they were not well-formed.
    """

    __module__ = "twisted.names.dns"

    id: int | None = None
    liveMessages: dict[int, Live]
    mismatched = 0
    malformed = 0

    def __init__(self, controller: Any, reactor: Any = None) -> None:
        """
        @param controller: its ``messageReceived`` is called with all messages that are not
            answers to what was asked here.
        @param reactor: the global one if it is None.
        """
        self.controller = controller
        # What takes messages as octets before anything is made of them, and tells whether it has.
        self._datagrams = getattr(controller, "datagramReceived", None)
        self._strings = getattr(controller, "stringReceived", None)
        self.id = randomSource()
        self._reactor = currentReactor(reactor)
        self.liveMessages = {}

    def pickID(self) -> int:
        """A random id that is not in use."""
        for _ in range(_DRAWS):
            id = randomSource()
            if id not in self.liveMessages:
                return id
        raise RuntimeError(f"{len(self.liveMessages)} questions wait for answers")

    def callLater(self, period: float, func: Callable[..., object], *args: Any) -> IDelayedCall:
        """Call a function after some seconds."""
        call: IDelayedCall = self._reactor.callLater(period, func, *args)
        return call

    def _message(self, id: int, queries: Sequence[Query]) -> Message:
        """The message that asks."""
        message = Message(id, recDes=1)
        message.queries = list(queries)
        return message

    def _ask(
        self,
        queries: Sequence[Query],
        timeout: float,
        id: int,
        send: Callable[[Message], object],
        address: Any = None,
    ) -> Deferred[Message]:
        """Send questions, and wait."""
        try:
            send(self._message(id, queries))
        except Exception:
            return fail(Failure())

        def cancelled(waiting: object) -> None:
            live = self.liveMessages.pop(id, None)
            if live is not None:
                live[1].cancel()

        answer: Deferred[Message] = Deferred(cancelled)
        timer = self.callLater(timeout, self._giveUp, id)
        self.liveMessages[id] = (answer, timer, address)
        return answer

    def _giveUp(self, id: int) -> None:
        """No answer came in time."""
        answer, _, _ = self.liveMessages.pop(id)
        self._gaveUp(id)
        answer.errback(Failure(DNSQueryTimeoutError(id)))

    def _gaveUp(self, id: int) -> None:
        """Forget what else is known of a question."""

    def _decoded(self, data: bytes) -> Message | None:
        """The message that octets are, or None, which is counted."""
        message = Message()
        try:
            message.fromStr(data)
        except DNSDecodeError as error:
            self.malformed += 1
            _log.debug("a malformed message was dropped: {error}", error=error)
            return None
        return message

    def _answered(self, message: Message, live: Live) -> None:
        """Hand an answer to what waits for it."""
        del self.liveMessages[message.id]
        answer, timer, _ = live
        timer.cancel()
        try:
            answer.callback(message)
        except Exception:
            _log.failure("while an answer was handled")


class DNSDatagramProtocol(DNSMixin, DatagramProtocol):
    """
    Messages over datagrams.

    @ivar resends: the ids of questions that were asked before, with an id that was given.
    """

    __module__ = "twisted.names.dns"

    resends: dict[int, int]

    def __init__(self, controller: Any, reactor: Any = None) -> None:
        super().__init__(controller, reactor)
        self.resends = {}

    def startProtocol(self) -> None:
        """Forget what was asked before."""
        self.liveMessages = {}
        self.resends = {}

    def stopProtocol(self) -> None:
        """Give up all that waits for answers."""
        live, self.liveMessages = self.liveMessages, {}
        self.resends = {}
        self.transport = None
        for answer, timer, _ in live.values():
            timer.cancel()
            answer.errback(Failure(ConnectionDone("the port was closed")))

    def startListening(self) -> None:
        """
        Listen at some port.

        @raise CannotListenError: if that fails.
        """
        self._reactor.listenUDP(0, self, maxPacketSize=_DATAGRAM)

    def writeMessage(self, message: Any, address: tuple[str, int]) -> None:
        """
        Send a message.

        @param address: an IP address and a port.
        """
        if self.transport is None:
            raise RuntimeError("the port is not open")
        self.transport.write(message.toStr(), address)

    def datagramReceived(self, data: bytes, addr: tuple[str, int]) -> None:
        """Hand an answer to who asked, and any other message to the controller."""
        if self._datagrams is not None and self._datagrams(data, self, addr):
            return
        message = self._decoded(data)
        if message is None:
            return
        live = self.liveMessages.get(message.id)
        if live is None:
            if message.id not in self.resends:
                self.mismatched += 1
                self.controller.messageReceived(message, self, addr)
        elif self._matches(message, addr, live):
            self.resends.pop(message.id, None)
            self._answered(message, live)
        else:
            self.mismatched += 1
            _log.debug("an answer from {address} was dropped", address=addr)

    def _matches(self, message: Message, address: tuple[str, int], live: Live) -> bool:
        """Does a message come from who was asked, and is it about what was asked?"""
        asked, queries = live[2]
        if not sameAddress(asked, address):
            return False
        return not message.queries or message.queries == queries

    def removeResend(self, id: int) -> None:
        """Forget that a question was asked before."""
        self.resends.pop(id, None)

    def _gaveUp(self, id: int) -> None:
        self.removeResend(id)

    def query(
        self,
        address: tuple[str, int],
        queries: Sequence[Query],
        timeout: float = 10,
        id: int | None = None,
    ) -> Deferred[Message]:
        """
        Ask.

        @param address: the IP address and the port of the server.
        @param timeout: seconds until the question is given up.
        @param id: the id of the message; a random one if it is None.
        @return: fires with the answer, or fails with `DNSQueryTimeoutError`, or with what kept the
            question from being sent.
        """
        if not self.transport:
            try:
                self.startListening()
            except CannotListenError:
                return fail(Failure())
        if id is None:
            id = self.pickID()
        else:
            self.resends[id] = 1
        asked = list(queries)

        def send(message: Message) -> None:
            self.writeMessage(message, address)

        return self._ask(asked, timeout, id, send, (address, asked))


class DNSProtocol(DNSMixin, Int16StringReceiver):
    """
    Messages over a stream, each behind its length.

    @cvar idleTimeout: seconds after which a connection is closed on which no message was completed,
        unless an answer is awaited; None for never.
    """

    __module__ = "twisted.names.dns"

    idleTimeout: float | None = None
    _idle: IDelayedCall | None = None

    def connectionMade(self) -> None:
        """Tell the controller."""
        self.liveMessages = {}
        self._restart()
        self.controller.connectionMade(self)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Tell the controller, and who waits for answers."""
        live, self.liveMessages = self.liveMessages, {}
        if self._idle is not None and self._idle.active():
            self._idle.cancel()
        self._idle = None
        self.controller.connectionLost(self)
        for answer, timer, _ in live.values():
            timer.cancel()
            answer.errback(reason)

    def _restart(self) -> None:
        """A message was completed: another may take as long."""
        if self.idleTimeout is None:
            return
        if self._idle is not None and self._idle.active():
            self._idle.reset(self.idleTimeout)
        else:
            self._idle = self.callLater(self.idleTimeout, self._idled)

    def _idled(self) -> None:
        """Close the connection, unless an answer is awaited."""
        if self.liveMessages:
            self._restart()
        elif self.transport is not None:
            self.transport.loseConnection()

    def writeMessage(self, message: Any) -> None:
        """Send a message; its `maxSize` does not matter, for that is the limit of datagrams."""
        if type(message) is Message and message.maxSize:
            limit, message.maxSize = message.maxSize, 0
            try:
                data = message.toStr()
            finally:
                message.maxSize = limit
        else:
            data = message.toStr()
        self.sendString(data)

    def stringReceived(self, data: bytes) -> None:
        """Hand an answer to who asked, and any other message to the controller."""
        self._restart()
        if self._strings is not None and self._strings(data, self):
            return
        message = self._decoded(data)
        if message is None:
            return
        live = self.liveMessages.get(message.id)
        if live is None:
            self.controller.messageReceived(message, self)
        elif self._fits(message, live[2]):
            self._answered(message, live)
        else:
            self.mismatched += 1

    def _fits(self, message: Message, queries: Sequence[Query]) -> bool:
        """Is a message about what was asked?"""
        return not message.queries or message.queries == queries

    def query(self, queries: Sequence[Query], timeout: float = 60) -> Deferred[Message]:
        """
        Ask.

        @param timeout: seconds until the question is given up.
        @return: fires with the answer, or fails with `DNSQueryTimeoutError`, or with the reason why
            the connection was lost.
        """
        asked = list(queries)
        return self._ask(asked, timeout, self.pickID(), self.writeMessage, asked)
