"""What goes wrong."""

from __future__ import annotations

from typing import Any

__all__ = [
    "AmpError",
    "BadLocalReturn",
    "IncompatibleVersions",
    "InvalidSignature",
    "MalformedAmpBox",
    "NoEmptyBoxes",
    "OnlyOneTLS",
    "ProtocolSwitched",
    "RemoteAmpError",
    "TooLong",
    "UnhandledCommand",
    "UnknownRemoteError",
]


class AmpError(Exception):
    """What all others are."""


class ProtocolSwitched(Exception):
    """The connection speaks another protocol by now."""


class OnlyOneTLS(AmpError):
    """The connection speaks TLS already, or is about to."""


class TooLong(AmpError):
    """
    A key or a value does not fit into a box.

    @ivar isKey: whether it is a key.
    @ivar isLocal: whether this side wanted to send it.
    @ivar value: it.
    @ivar keyName: the key of the value, if it is one.
    """

    def __init__(self, isKey: bool, isLocal: bool, value: Any, keyName: Any = None) -> None:
        super().__init__()
        self.isKey = isKey
        self.isLocal = isLocal
        self.value = value
        self.keyName = keyName

    def __repr__(self) -> str:
        what = "key" if self.isKey else f"value of {self.keyName!r}"
        where = "local" if self.isLocal else "remote"
        return f"<TooLong: {where} {what} of {len(self.value)} octets>"

    __str__ = __repr__


class BadLocalReturn(AmpError):
    """
    What a responder has returned is no answer to its command.

    @ivar enclosed: the failure that tells why.
    """

    def __init__(self, message: str, enclosed: Any) -> None:
        super().__init__(message)
        self.message = message
        self.enclosed = enclosed

    def __repr__(self) -> str:
        return f"{self.message} {self.enclosed.getBriefTraceback()}"

    __str__ = __repr__


class RemoteAmpError(AmpError):
    """
    The other side has answered with an error.

    @ivar errorCode: its code.
    @ivar description: what it says about it.
    @ivar fatal: whether the connection ends because of it.
    @ivar local: the failure that has caused it, if it was here.
    """

    def __init__(
        self, errorCode: bytes, description: str, fatal: bool = False, local: Any = None
    ) -> None:
        where = f" (local) {local.value!r}" if local else ""
        code = errorCode.decode("ascii", "backslashreplace")
        super().__init__(f"Code<{code}>{where}: {description}")
        self.local = local
        self.errorCode = errorCode
        self.description = description
        self.fatal = fatal


class UnknownRemoteError(RemoteAmpError):
    """The other side has answered with an error whose code is not known."""

    def __init__(self, description: str) -> None:
        super().__init__(b"UNKNOWN", description)


class MalformedAmpBox(AmpError):
    """What has come is no box."""


class UnhandledCommand(AmpError):
    """The other side does not know the command."""


class IncompatibleVersions(AmpError):
    """The two sides have no version of a protocol in common."""


class InvalidSignature(AmpError):
    """Arguments are not those of the command."""


class NoEmptyBoxes(AmpError):
    """A box is neither a question, nor an answer, nor an error."""
