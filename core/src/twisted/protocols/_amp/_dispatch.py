"""Ask and answer by boxes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from zope.interface import Interface, implementer

from twisted.internet.defer import Deferred, fail, maybeDeferred
from twisted.internet.error import ConnectionLost
from twisted.logger import Logger
from twisted.protocols._amp._boxes import AmpBox, QuitBox
from twisted.protocols._amp._commands import COMMANDS_OF, Command
from twisted.protocols._amp._errors import (
    InvalidSignature,
    MalformedAmpBox,
    NoEmptyBoxes,
    OnlyOneTLS,
    ProtocolSwitched,
    RemoteAmpError,
    UnhandledCommand,
)
from twisted.python.failure import Failure

__all__ = [
    "ANSWER",
    "ASK",
    "COMMAND",
    "ERROR",
    "ERROR_CODE",
    "ERROR_DESCRIPTION",
    "PROTOCOL_ERRORS",
    "UNHANDLED_ERROR_CODE",
    "UNKNOWN_ERROR_CODE",
    "BoxDispatcher",
    "CommandLocator",
    "IBoxReceiver",
    "IBoxSender",
    "IResponderLocator",
    "SimpleStringLocator",
]

_log = Logger()

ASK = b"_ask"
ANSWER = b"_answer"
COMMAND = b"_command"
ERROR = b"_error"
ERROR_CODE = b"_error_code"
ERROR_DESCRIPTION = b"_error_description"
UNKNOWN_ERROR_CODE = b"UNKNOWN"
UNHANDLED_ERROR_CODE = b"UNHANDLED"

#: The errors that commands need not know of.
PROTOCOL_ERRORS = {UNHANDLED_ERROR_CODE: UnhandledCommand}


class IBoxSender(Interface):
    """Sends boxes."""

    def sendBox(box: Any) -> Any:
        """Send a box."""

    def unhandledError(failure: Any) -> Any:
        """Nobody knows what to do about a failure."""


class IBoxReceiver(Interface):
    """Takes boxes."""

    def startReceivingBoxes(boxSender: Any) -> Any:
        """Boxes will come; answers go to `boxSender`, an `IBoxSender`."""

    def ampBoxReceived(box: Any) -> Any:
        """A box has come."""

    def stopReceivingBoxes(reason: Any) -> Any:
        """No more boxes will come."""


class IResponderLocator(Interface):
    """Knows who responds to commands."""

    def locateResponder(name: Any) -> Any:
        """The function that takes a box, and gives the answer's, or a `Deferred`; or None."""


@implementer(IResponderLocator)
class CommandLocator:
    """Its methods respond to commands: see `Command.responder`."""

    _responders: ClassVar[dict[bytes, tuple[type[Command], str]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        responders: dict[bytes, tuple[type[Command], str]] = {}
        for base in reversed(cls.__mro__):
            for name, value in vars(base).items():
                for command in getattr(value, COMMANDS_OF, ()):
                    responders[command.commandName] = (command, name)
        cls._responders = responders

    def lookupFunction(self, name: bytes) -> Any:
        """The same as `locateResponder`, by its older name."""
        return CommandLocator.locateResponder(self, name)

    def locateResponder(self, name: bytes) -> Any:
        """The responder to a command, or None."""
        found = self._responders.get(name)
        if found is None:
            return None
        command, method = found
        return _serialized(command, getattr(self, method), self)


def _serialized(
    command: type[Command], method: Callable[..., Any], proto: Any
) -> Callable[[AmpBox], Deferred[Any]]:
    """A function of a box, which calls `method` with the arguments in it."""

    def respond(box: AmpBox) -> Deferred[Any]:
        try:
            arguments = command.parseArguments(box, proto)
        except Exception as error:
            return fail(InvalidSignature(f"{command.commandName!r}: {error}"))
        return (
            maybeDeferred(method, **arguments)
            .addCallback(command.answer, proto)
            .addErrback(command.error)
        )

    return respond


@implementer(IResponderLocator)
class SimpleStringLocator:
    """Its methods called ``amp_`` and the name of a command in capitals take boxes themselves."""

    baseDispatchPrefix = "amp_"

    def locateResponder(self, name: bytes) -> Any:
        """The responder to a command, or None."""
        text = name.decode("latin-1").upper()
        return getattr(self, self.baseDispatchPrefix + text, None)


@implementer(IBoxReceiver)
class BoxDispatcher:
    """
    Asks the other side, and answers what it asks.

    @param locator: an `IResponderLocator`.
    @ivar boxSender: the `IBoxSender`, once there is one.
    """

    _failAllReason: Failure | None = None
    _counter = 0
    boxSender: Any = None

    def __init__(self, locator: Any) -> None:
        self._outstandingRequests: dict[bytes, Deferred[Any]] = {}
        self.locator = locator

    def startReceivingBoxes(self, boxSender: Any) -> None:
        """Boxes will come."""
        self.boxSender = boxSender

    def stopReceivingBoxes(self, reason: Failure) -> None:
        """No more boxes will come: nobody gets an answer any more."""
        self.failAllOutgoing(reason)

    def failAllOutgoing(self, reason: Failure) -> None:
        """Fail all questions that have no answer yet, and those still to be asked."""
        self._failAllReason = reason
        waiting, self._outstandingRequests = self._outstandingRequests, {}
        for question in waiting.values():
            question.errback(reason)

    # Asking

    def _sendBoxCommand(
        self, command: bytes, box: AmpBox, requiresAnswer: bool = True
    ) -> Deferred[Any] | None:
        if self._failAllReason is not None:
            return fail(self._failAllReason)
        box[COMMAND] = command
        tag = b""
        if requiresAnswer:
            self._counter += 1
            tag = box[ASK] = b"%x" % self._counter
        box._sendTo(self.boxSender)
        if not requiresAnswer:
            return None
        question: Deferred[Any] = Deferred()
        self._outstandingRequests[tag] = question
        return question

    def callRemoteString(
        self, command: bytes, requiresAnswer: bool = True, **kw: bytes
    ) -> Deferred[Any] | None:
        """
        Ask by the name of a command.

        @param kw: the values of the box.
        @return: fires with the box that answers; None if no answer is wanted.
        """
        return self._sendBoxCommand(command, AmpBox(**kw), requiresAnswer)

    def callRemote(self, commandType: Any, *a: Any, **kw: Any) -> Any:
        """
        Ask.

        @param commandType: a subclass of `Command`.
        @param kw: its arguments.
        @return: fires with a mapping of the answer's values; None if the command has no answer.
        @raise InvalidSignature: there are other arguments than the command's.
        """
        try:
            command = commandType(*a, **kw)
        except BaseException:
            return fail()
        return command._doCommand(self)

    # Boxes

    def unhandledError(self, failure: Failure) -> Any:
        """Nobody knows what to do about a failure."""
        return self.boxSender.unhandledError(failure)

    def ampBoxReceived(self, box: AmpBox) -> None:
        """
        A box has come.

        @raise NoEmptyBoxes: it is none of the three kinds.
        @raise MalformedAmpBox: it answers what nobody has asked.
        """
        if ANSWER in box:
            self._question(box[ANSWER]).callback(box)
        elif ERROR in box:
            code = box.get(ERROR_CODE, UNKNOWN_ERROR_CODE)
            text = box.get(ERROR_DESCRIPTION, b"").decode("utf-8", "replace")
            known = PROTOCOL_ERRORS.get(code)
            error = RemoteAmpError(code, text) if known is None else known(text)
            self._question(box[ERROR]).errback(Failure(error))
        elif COMMAND in box:
            self._asked(box)
        else:
            raise NoEmptyBoxes(box)

    def _question(self, tag: bytes) -> Deferred[Any]:
        question = self._outstandingRequests.pop(tag, None)
        if question is None:
            raise MalformedAmpBox(f"an answer to a question that nobody has asked: {tag!r}")
        question.addErrback(self._notTaken)
        return question

    def _notTaken(self, failure: Failure) -> Any:
        return self.unhandledError(failure)

    def _asked(self, box: AmpBox) -> None:
        answer = self.dispatchCommand(box)
        if ASK in box:
            tag = box[ASK]
            answer.addCallbacks(self._answered, self._failed, (tag,), None, (tag,))
            answer.addCallback(self._safeEmit)
        answer.addErrback(self.unhandledError)

    @staticmethod
    def _answered(box: AmpBox, tag: bytes) -> AmpBox:
        box[ANSWER] = tag
        return box

    @staticmethod
    def _failed(failure: Failure, tag: bytes) -> AmpBox:
        error: Any = failure.value
        box: AmpBox
        if isinstance(error, RemoteAmpError):
            code, text = error.errorCode, error.description
            box = QuitBox() if error.fatal else AmpBox()
        else:
            # The other side is told nothing of what went wrong here.
            code, text = UNKNOWN_ERROR_CODE, "Unknown Error"
            box = QuitBox()
            if isinstance(error, InvalidSignature):
                _log.warn("A command with arguments that make no sense: {error}", error=error)
            else:
                _log.failure("A responder has failed", failure)
        box[ERROR] = tag
        box[ERROR_CODE] = code
        box[ERROR_DESCRIPTION] = text.encode("utf-8")[:0xFFFF]
        return box

    def _safeEmit(self, box: AmpBox) -> None:
        try:
            box._sendTo(self.boxSender)
        except (ProtocolSwitched, ConnectionLost):
            # Nobody is there to get it.
            pass
        except OnlyOneTLS as problem:
            _log.warn("The other side wants TLS twice: {problem}", problem=problem)
            self.boxSender.transport.abortConnection()

    def dispatchCommand(self, box: AmpBox) -> Deferred[Any]:
        """
        Have a command responded to.

        @return: fires with the box that answers.
        """
        command = box[COMMAND]
        responder = self.locator.locateResponder(command)
        if responder is None:
            text = f"Unhandled Command: {command!r}"
            return fail(
                RemoteAmpError(UNHANDLED_ERROR_CODE, text, False, local=Failure(UnhandledCommand()))
            )
        return maybeDeferred(responder, box)
