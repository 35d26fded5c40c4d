"""What goes wrong, here and on the other side."""

from __future__ import annotations

from typing import IO, Any, NoReturn

from twisted.python.failure import Failure
from twisted.python.reflect import qual, safe_str
from twisted.spread.flavors import Copyable, RemoteCopy
from twisted.spread.jelly import MalformedJelly, SecurityOptions, setUnjellyableForClass, unjelly

__all__ = [
    "CopiedFailure",
    "CopyableFailure",
    "DeadReferenceError",
    "Error",
    "NoSuchObject",
    "PBConnectionLost",
    "ProtocolError",
    "RemoteError",
    "TooManyCalls",
    "failure2Copyable",
]

_UNAVAILABLE = "Traceback unavailable\n"


class ProtocolError(Exception):
    """The other side, or this one, does what the protocol does not allow."""


class NoSuchObject(ProtocolError, MalformedJelly):
    """A number has come that no object has."""


class DeadReferenceError(ProtocolError):
    """The connection that a reference has come by is gone."""


class PBConnectionLost(Exception):
    """The connection was lost before the answer came: nobody knows whether the call was made."""


class Error(Exception):
    """An error that a method raises for its caller; it is not logged where it is raised."""


class TooManyCalls(Error):
    """More calls were made than the other side works on at a time."""


class RemoteError(Exception):
    """
    An exception of the other side, where it has to be raised here.

    @ivar remoteType: the full name of its class, in octets.
    @ivar remoteTraceback: its traceback, in words.
    """

    def __init__(self, remoteType: bytes, value: Any, remoteTraceback: str) -> None:
        Exception.__init__(self, value)
        self.remoteType = remoteType
        self.remoteTraceback = remoteTraceback


class CopyableFailure(Failure, Copyable):
    """
    A failure that can be sent.

    @ivar unsafeTracebacks: whether the other side gets the traceback, too; it shows code.
    """

    unsafeTracebacks = 0
    count = 0

    def getStateToCopy(self) -> dict[str, Any]:
        """What the other side gets: the exception's name and text, and those of its bases."""
        kind, value = self.type, self.value
        if self.unsafeTracebacks:
            # One that has come from elsewhere has its traceback in words.
            traceback = getattr(self, "traceback", None) or self.getTraceback()
        else:
            traceback = _UNAVAILABLE
        return {
            "count": self.count,
            "type": kind if isinstance(kind, bytes) else qual(kind).encode("utf-8"),
            "value": safe_str(value.value if isinstance(value, Failure) else value),
            "captureVars": False,
            "tb": None,
            "unsafeTracebacks": bool(self.unsafeTracebacks),
            "parents": list(self.parents),
            "frames": [],
            "stack": [],
            "traceback": traceback,
        }


class CopiedFailure(RemoteCopy, Failure):
    """
    A failure of the other side.

    @ivar type: the full name of the exception's class, in octets.
    @ivar value: the exception in words.
    @ivar traceback: its traceback in words, if the other side has sent that.
    """

    type: Any = b"builtins.Exception"
    value: Any = ""
    tb = None
    count = 0
    traceback = _UNAVAILABLE
    unsafeTracebacks = 0

    def setCopyableState(self, state: Any) -> None:
        """Take what is of the right kind of what has come."""
        if not isinstance(state, dict):
            raise MalformedJelly("a failure whose state is no dict")
        kind, parents = state.get("type"), state.get("parents")
        if isinstance(kind, str):
            kind = kind.encode("utf-8", "surrogatepass")
        self.type = kind if isinstance(kind, bytes) else CopiedFailure.type
        value, traceback = state.get("value"), state.get("traceback")
        self.value = value if isinstance(value, str) else safe_str(value)
        if isinstance(traceback, str):
            self.traceback = traceback
        known = [each for each in parents or () if isinstance(each, str)]
        self.parents = known or [self.type.decode("utf-8", "replace")]
        self.frames = []

    def _words(self) -> str:
        """The traceback, or, without one, the exception in a line."""
        if self.traceback != _UNAVAILABLE:
            return self.traceback
        return f"{self.type.decode('utf-8', 'replace')}: {self.value}\n"

    def getTraceback(self, elideFrameworkCode: int = 0, detail: str = "default") -> str:
        """The traceback, or, without one, the exception in a line."""
        return f"Traceback from remote host -- {self._words()}"

    def printTraceback(
        self,
        file: IO[str] | None = None,
        elideFrameworkCode: bool | int = 0,
        detail: str = "default",
    ) -> None:
        """Write `getTraceback` to a file, by default to the log as an error."""
        Failure.printTraceback(self, file, elideFrameworkCode, detail)

    def printBriefTraceback(self, file: IO[str] | None = None, elideFrameworkCode: int = 0) -> None:
        """The same as `printTraceback`: what has come cannot be made briefer."""
        Failure.printTraceback(self, file)

    def printDetailedTraceback(
        self, file: IO[str] | None = None, elideFrameworkCode: int = 0
    ) -> None:
        """The same as `printTraceback`: there is no more."""
        Failure.printTraceback(self, file)

    def _error(self) -> RemoteError:
        return RemoteError(self.type, self.value, self.traceback)

    def raiseException(self) -> NoReturn:
        """
        Raise what can be raised here.

        @raise RemoteError: always.
        """
        raise self._error()

    def trap(self, *errorTypes: Any) -> Any:
        """
        Expect one of some types, as `Failure.trap` does.

        @raise CopiedFailure: this, if none matches, so that it stays what it is for others.
        """
        found = self.check(*errorTypes)
        if found is None:
            raise self
        return found

    def throwExceptionIntoGenerator(self, g: Any) -> Any:
        """Raise a `RemoteError` in a generator at its ``yield``."""
        return g.throw(self._error())

    def __repr__(self) -> str:
        return f"<{qual(type(self))} {self.type.decode('utf-8', 'replace')}: {self.value}>"


setUnjellyableForClass("twisted.spread.pb.CopyableFailure", CopiedFailure)

#: What is needed to take a `CopyableFailure`, whatever else is allowed.
_FAILURES = SecurityOptions()
_FAILURES.allowBasicTypes()
_FAILURES.allowTypes("twisted.spread.pb.CopyableFailure")


def failureOf(sexp: Any, unserialize: Any) -> Failure:
    """The failure that an error of the other side stands for."""
    if type(sexp) is list and sexp and sexp[0] == b"twisted.spread.pb.CopyableFailure":
        value = unjelly(sexp, _FAILURES)
    else:
        value = unserialize(sexp)
    if isinstance(value, Failure):
        return value
    if isinstance(value, Exception):
        return Failure(value)
    return Failure(RemoteError(b"builtins.Exception", safe_str(value), _UNAVAILABLE))


def failure2Copyable(fail: Failure, unsafeTracebacks: int = 0) -> CopyableFailure:
    """A failure that can be sent, made of another one."""
    if isinstance(fail, CopyableFailure):
        copied = fail
    else:
        copied = CopyableFailure.__new__(CopyableFailure)
        copied.__dict__.update(fail.__dict__)
    copied.unsafeTracebacks = unsafeTracebacks
    return copied
