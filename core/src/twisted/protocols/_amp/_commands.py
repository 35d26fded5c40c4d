"""What can be asked: commands, their arguments, answers and errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.main import CONNECTION_LOST
from twisted.protocols._amp._arguments import (
    String,
    objectsToStrings,
    pythonName,
    stringsToObjects,
)
from twisted.protocols._amp._boxes import AmpBox
from twisted.protocols._amp._errors import (
    BadLocalReturn,
    InvalidSignature,
    RemoteAmpError,
    UnknownRemoteError,
)
from twisted.python.failure import Failure

__all__ = ["COMMANDS_OF", "Command", "ProtocolSwitchCommand", "StartTLS"]

_F = TypeVar("_F", bound=Callable[..., Any])

#: The attribute of a method that has the commands that it responds to.
COMMANDS_OF = "_ampCommands"


class Command:
    """
    Something that can be asked. A subclass has as attributes:

     - ``commandName``: its name, as octets; that of the class unless given.
     - ``arguments``, ``response``: names (octets) and types of what is asked and answered.
     - ``errors``: exceptions that a responder may raise, and a code (octets) for each.
     - ``fatalErrors``: the same of those after which the connection ends.
     - ``requiresAnswer``: whether there is an answer at all.

    @param kw: the arguments.
    @raise InvalidSignature: some are missing.
    """

    commandName: ClassVar[bytes] = b"Command"
    arguments: ClassVar[Any] = []
    response: ClassVar[Any] = []
    extra: ClassVar[Any] = []
    errors: ClassVar[Any] = {}
    fatalErrors: ClassVar[Any] = {}
    allErrors: ClassVar[dict[type[BaseException], bytes]] = {}
    reverseErrors: ClassVar[dict[bytes, type[BaseException]]] = {}
    commandType: ClassVar[Callable[..., Any]] = AmpBox
    responseType: ClassVar[Callable[..., Any]] = AmpBox
    requiresAnswer: ClassVar[bool] = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "commandName" not in vars(cls):
            cls.commandName = cls.__name__.encode("ascii")
        if not isinstance(cls.commandName, bytes):
            raise TypeError(f"commandName is octets, not {cls.commandName!r}")
        for what in ("arguments", "response"):
            for name, _ in getattr(cls, what):
                if not isinstance(name, bytes):
                    raise TypeError(f"the names of {what} are octets, not {name!r}")
        inherited = [base for base in cls.__mro__ if issubclass(base, Command)]
        for which in ("errors", "fatalErrors"):
            codes: dict[type[BaseException], bytes] = {}
            for base in reversed(inherited):
                codes.update(dict(vars(base).get(which, {})))
            for code in codes.values():
                if not isinstance(code, bytes):
                    raise TypeError(f"the codes of {which} are octets, not {code!r}")
            setattr(cls, which, codes)
        cls.allErrors = {**cls.errors, **cls.fatalErrors}
        cls.reverseErrors = {code: kind for kind, code in cls.allErrors.items()}

    def __init__(self, **kw: Any) -> None:
        self.structured = kw
        forgotten = [
            pythonName(name)
            for name, kind in self.arguments
            if not kind.optional and pythonName(name) not in kw
        ]
        if forgotten:
            raise InvalidSignature(f"forgot {', '.join(forgotten)} for {self.commandName!r}")

    # What goes over the wire

    @classmethod
    def makeArguments(cls, objects: dict[str, Any], proto: Any) -> Any:
        """
        The box that asks.

        @raise InvalidSignature: there are other arguments than the command's.
        """
        allowed = {pythonName(name) for name, _ in cls.arguments}
        for name in objects:
            if name not in allowed:
                raise InvalidSignature(f"{name} is not a valid argument")
        return objectsToStrings(objects, cls.arguments, cls.commandType(), proto)

    @classmethod
    def parseArguments(cls, box: Any, protocol: Any) -> dict[str, Any]:
        """The arguments in a box that asks."""
        return stringsToObjects(box, cls.arguments, protocol)

    @classmethod
    def makeResponse(cls, objects: Any, proto: Any) -> Any:
        """The box that answers."""
        return objectsToStrings(objects, cls.response, cls.responseType(), proto)

    @classmethod
    def parseResponse(cls, box: Any, protocol: Any) -> Any:
        """The values in a box that answers."""
        return stringsToObjects(box, cls.response, protocol)

    # Both sides

    @classmethod
    def responder(cls, methodfunc: _F) -> _F:
        """
        Have a method respond to this: a decorator.

        The method gets the arguments by name, and returns a mapping of the answer's values, or a
        `Deferred` of one; it may be a coroutine.
        """
        methodfunc.__dict__.setdefault(COMMANDS_OF, []).append(cls)
        return methodfunc

    @classmethod
    def answer(cls, objects: Any, proto: Any) -> Any:
        """
        The box that answers, with what a responder has returned.

        @raise BadLocalReturn: that is no answer.
        """
        try:
            return cls.makeResponse(objects, proto)
        except BaseException:
            raise BadLocalReturn(
                f"{objects!r} is no answer to {cls.commandName!r}", Failure()
            ) from None

    @classmethod
    def error(cls, failure: Failure) -> Failure:
        """The failure to send in place of one of a responder, if its error has a code."""
        kind = failure.check(*cls.allErrors) if cls.allErrors else None
        if kind is None:
            return failure
        return Failure(
            RemoteAmpError(
                cls.allErrors[kind], str(failure.value), kind in cls.fatalErrors, local=failure
            )
        )

    def _doCommand(self, proto: Any) -> Deferred[Any] | None:
        """Ask. @return: fires with the answer."""

        def known(failure: Failure) -> Failure:
            failure.trap(RemoteAmpError)
            problem: Any = failure.value
            kind: Any = self.reverseErrors.get(problem.errorCode)
            if kind is None:
                return Failure(_unknown(problem))
            return Failure(kind(problem.description))

        asked: Deferred[Any] | None = proto._sendBoxCommand(
            self.commandName, self.makeArguments(self.structured, proto), self.requiresAnswer
        )
        if asked is not None:
            asked.addCallback(self.parseResponse, proto)
            asked.addErrback(known)
        return asked


def _unknown(problem: RemoteAmpError) -> RemoteAmpError:
    error = UnknownRemoteError(problem.description)
    error.errorCode = problem.errorCode
    return error


class _SwitchBox(AmpBox):
    """The last box: after it the connection speaks another protocol."""

    __slots__ = ("innerProto",)

    def __init__(self, innerProto: Any, **kw: Any) -> None:
        super().__init__(**kw)
        self.innerProto = innerProto

    def _sendTo(self, proto: Any) -> None:
        super()._sendTo(proto)
        proto._lockForSwitch()
        proto._switchTo(self.innerProto)


class ProtocolSwitchCommand(Command):
    """
    Goes over to another protocol. A responder returns the protocol of its side.

    @param _protoToSwitchToFactory: makes the protocol of the side that asks.
    """

    def __init__(self, _protoToSwitchToFactory: Any, **kw: Any) -> None:
        self.protoToSwitchToFactory = _protoToSwitchToFactory
        super().__init__(**kw)

    @classmethod
    def makeResponse(cls, innerProto: Any, proto: Any) -> Any:
        """The box that answers."""
        return _SwitchBox(innerProto)

    def _doCommand(self, proto: Any) -> Any:
        asked: Any = super()._doCommand(proto)
        proto._lockForSwitch()

        def switch(answer: Any) -> Any:
            inner = self.protoToSwitchToFactory.buildProtocol(proto.transport.getPeer())
            proto._switchTo(inner, self.protoToSwitchToFactory)
            return answer

        def stay(failure: Failure) -> Failure:
            proto._unlockFromSwitch()
            self.protoToSwitchToFactory.clientConnectionFailed(None, Failure(CONNECTION_LOST))
            return failure

        return asked.addCallbacks(switch, stay)


class _LocalArgument(String):
    """A value that stays on this side."""

    def fromBox(self, name: bytes, strings: Any, objects: Any, proto: Any) -> None:
        """Nothing comes from the other side."""


class _TLSBox(AmpBox):
    """The last box in plain text."""

    __slots__ = ()

    def _sendTo(self, proto: Any) -> None:
        certificate: Any = self.pop(b"tls_localCertificate", None)
        authorities: Any = self.pop(b"tls_verifyAuthorities", None)
        proto._checkTLS()
        AmpBox(self)._sendTo(proto)
        proto._startTLS(certificate, authorities)


class StartTLS(Command):
    """
    Goes over to TLS. A responder returns ``tls_localCertificate`` and ``tls_verifyAuthorities``.

    @param tls_localCertificate: the `PrivateCertificate` to present, or None.
    @param tls_verifyAuthorities: who must have signed the other side's certificate; None to believe
        anybody.
    """

    arguments: ClassVar[Any] = [
        (b"tls_localCertificate", _LocalArgument(optional=True)),
        (b"tls_verifyAuthorities", _LocalArgument(optional=True)),
    ]
    response: ClassVar[Any] = [
        (b"tls_localCertificate", _LocalArgument(optional=True)),
        (b"tls_verifyAuthorities", _LocalArgument(optional=True)),
    ]
    responseType = _TLSBox

    def __init__(
        self, *, tls_localCertificate: Any = None, tls_verifyAuthorities: Any = None, **kw: Any
    ) -> None:
        self.certificate = tls_localCertificate
        self.authorities = tls_verifyAuthorities
        super().__init__(**kw)

    def _doCommand(self, proto: Any) -> Any:
        proto._checkTLS()
        asked: Any = super()._doCommand(proto)
        proto._prepareTLS(self.certificate, self.authorities)

        def start(answer: Any) -> Any:
            proto._startTLS(self.certificate, self.authorities)
            return answer

        return asked.addCallback(start)
