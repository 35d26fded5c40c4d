"""What may go wrong with a request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.error import TimeoutError
from twisted.python.failure import Failure

__all__ = [
    "BadHeaders",
    "BadResponseVersion",
    "ConnectTimeout",
    "ConnectionAborted",
    "ExcessWrite",
    "ParseError",
    "PoolFull",
    "PoolTimeout",
    "ReadTimeout",
    "RequestGenerationFailed",
    "RequestNotSent",
    "RequestTimeout",
    "RequestTransmissionFailed",
    "ResponseDone",
    "ResponseFailed",
    "ResponseNeverReceived",
    "StreamRefused",
    "StreamReset",
    "WriteTimeout",
    "WrongBodyLength",
]


class BadHeaders(Exception):
    """The headers of a request make no sense together."""


class ExcessWrite(Exception):
    """A body goes on behind its end."""


class WrongBodyLength(Exception):
    """A body is longer or shorter than it was to be."""


class ParseError(Exception):
    """
    What came is not HTTP.

    @ivar data: the piece that is not.
    """

    def __init__(self, reason: str, data: bytes) -> None:
        Exception.__init__(self, reason, data)
        self.data = data


class BadResponseVersion(ParseError):
    """The version of an answer is none."""


class ResponseDone(Exception):
    """The whole body of an answer has come."""


class RequestNotSent(Exception):
    """
    Nothing of a request has been sent: the connection was busy, or had ended.

    @ivar others: whether the server has taken others on the connection meanwhile.
    """

    others = False


class StreamRefused(RequestNotSent):
    """A server of HTTP/2 has not looked at a request: it may be sent again."""


class StreamReset(Exception):
    """
    A server of HTTP/2 has ended an answer before its time, or has broken a rule in it.

    @ivar code: why (RFC 9113, section 7).
    """

    __module__ = "twisted.web.client"

    def __init__(self, code: int) -> None:
        Exception.__init__(self, f"the stream was reset with code {code}")
        self.code = code


class ConnectionAborted(Exception):
    """The program has cut the connection."""


class _WrapperException(Exception):
    """
    Something that has one reason or several.

    @ivar reasons: a list of `Failure`.
    """

    def __init__(self, reasons: Sequence[Failure]) -> None:
        Exception.__init__(self, reasons)
        self.reasons = reasons


class RequestGenerationFailed(_WrapperException):
    """A request could not be put together; what was sent of it is worth nothing."""


class RequestTransmissionFailed(_WrapperException):
    """The connection ended before all of a request was sent."""


class ResponseFailed(_WrapperException):
    """
    Not all of an answer has come.

    @ivar response: the answer, if its head has come; otherwise None.
    """

    def __init__(self, reasons: Sequence[Failure], response: Any = None) -> None:
        _WrapperException.__init__(self, reasons)
        self.response = response


class ResponseNeverReceived(ResponseFailed):
    """Nothing of an answer has come."""


class RequestTimeout(TimeoutError):
    """A request takes longer than it may."""

    __module__ = "twisted.web.client"

    MESSAGE = "The request took too long"


class PoolTimeout(RequestTimeout):
    """A request has waited too long for one of the connections that there may be."""

    __module__ = "twisted.web.client"

    MESSAGE = "No connection became free in time"


class ConnectTimeout(RequestTimeout):
    """The connection was not made in time."""

    __module__ = "twisted.web.client"

    MESSAGE = "Connecting took too long"


class WriteTimeout(RequestTimeout):
    """The server has read nothing of a request for too long."""

    __module__ = "twisted.web.client"

    MESSAGE = "The server does not read the request"


class ReadTimeout(RequestTimeout):
    """The server has sent nothing for too long."""

    __module__ = "twisted.web.client"

    MESSAGE = "The server sends nothing"


class PoolFull(Exception):
    """Too many requests wait for a connection already."""

    __module__ = "twisted.web.client"
